//! Whether a tenant can be worked on (T-5): each side keeps it disabled for itself, and it comes up
//! when none does any longer. Reads a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::Gate;
use super::batch::Batch;
use super::world::{Bars, Decision, Ruling, World, refuse};
use super::{authority, graph};
use crate::base::ids::{LinkId, TenantId};
use crate::command::{DisableTenants, EnableTenants, ReportReady};
use crate::event::Event;
use crate::model::machine::OperationTrigger;
use crate::model::permission::TENANT_OPERATE;
use crate::model::{Actor, Hold, Operation, Party, Tenant};
use crate::refusal::Code;
use crate::view::ViewError;

/// A side that keeps a tenant disabled: of a manager's, the link through which it does.
type Holder = (Hold, Option<LinkId>);

/// Disables tenants for the actor's side (T-5, T-6).
///
/// # Events
/// `tenant_disabled`, where nobody kept it disabled before.
///
/// # Errors
/// Those of [`authority::authorize`]; `empty_batch`, `duplicate_item`, `tenant_enabling`.
pub(crate) fn disable(world: &World<'_>, actor: &Actor, command: &DisableTenants) -> Ruling<Decision> {
    authority::admit(world, actor, Gate::Shut)?;
    let mut batch = Batch::of(&command.tenants)?;
    let mut events = Vec::new();
    for (index, &id) in command.tenants.iter().enumerate() {
        let Some((tenant, side)) = batch.note(index, side(world, actor, id))? else { continue };
        let operation = world.operation(&tenant)?;
        if operation == Operation::Enabling {
            batch.add(index, Code::TenantEnabling, id);
            continue;
        }
        let before = holders(world, &tenant)?;
        let held = side.difference(&before);
        let held = held.map(|&(hold, link)| Event::TenantHeld { tenant: id, hold, link });
        let there = events.len();
        events.extend(held);
        if events.len() > there && operation.after(OperationTrigger::Disable).is_some() {
            events.push(Event::TenantDisabled { tenant: id });
        }
    }
    batch.lift()?;
    Ok(events.into())
}

/// The side on which somebody operates a tenant: of a manager's, every link right above it by which
/// their home reaches it.
fn side(world: &World<'_>, actor: &Actor, id: TenantId) -> Ruling<(Arc<Tenant>, BTreeSet<Holder>)> {
    authority::authorize(world, actor, TENANT_OPERATE, id, Gate::Shut)?;
    let Some(tenant) = world.living(id)? else { return refuse(Code::UnknownTenant, id) };
    let side = match authority::admit(world, actor, Gate::Shut)? {
        None => [(Hold::Operator, None)].into(),
        Some(user) if user.home == id => [(Hold::Own, None)].into(),
        Some(user) => {
            let chains = graph::chains(world, id, user.home, &BTreeSet::new())?;
            chains.iter().filter_map(|chain| Some((Hold::Manager, Some(chain.first()?.id)))).collect()
        }
    };
    Ok((tenant, side))
}

/// Everybody who keeps a tenant disabled.
fn holders(world: &World<'_>, tenant: &Tenant) -> Result<BTreeSet<Holder>, ViewError> {
    let mut holders: BTreeSet<Holder> = tenant.holds.iter().map(|&hold| (hold, None)).collect();
    let links = world.links_above(tenant.id)?;
    holders.extend(links.iter().filter(|link| link.holds).map(|link| (Hold::Manager, Some(link.id))));
    Ok(holders)
}

/// Enables tenants for the actor's side: each side takes back what it did itself, the operator with
/// a ticket what anybody did (T-5, T-6). A disabled home does not bar its super admins from that.
///
/// # Errors
/// Those of [`authority::authorize`]; `ticket_required`, `empty_batch`, `duplicate_item`,
/// `held_by_others`, `too_many_requests`.
pub(crate) fn enable(world: &World<'_>, actor: &Actor, command: &EnableTenants) -> Ruling<Decision> {
    let mut gates = Vec::new();
    for &id in &command.tenants {
        gates.push(gate(world, actor, id)?);
    }
    let gate = if gates.contains(&Gate::Open) { Gate::Open } else { Gate::Shut };
    authority::admit(world, actor, gate)?;
    let mut batch = Batch::of(&command.tenants)?;
    let mut events = Vec::new();
    for (index, (&id, &gate)) in command.tenants.iter().zip(&gates).enumerate() {
        let enabled = batch.note(index, enabled(world, actor, id, gate))?;
        events.extend(enabled.into_iter().flatten());
    }
    batch.lift()?;
    Ok(events.into())
}

/// The gate for enabling a tenant: open to its own people where their own side disabled it.
fn gate(world: &World<'_>, actor: &Actor, id: TenantId) -> Result<Gate, ViewError> {
    let Actor::User(user) = actor else { return Ok(Gate::Shut) };
    let own = world.user(*user)?.is_some_and(|user| user.home == id)
        && world.living(id)?.is_some_and(|tenant| tenant.holds.contains(&Hold::Own));
    Ok(if own { Gate::Open } else { Gate::Shut })
}

fn enabled(world: &World<'_>, actor: &Actor, id: TenantId, gate: Gate) -> Ruling<Vec<Event>> {
    authority::authorize(world, actor, TENANT_OPERATE, id, gate)?;
    let Some(tenant) = world.living(id)? else { return refuse(Code::UnknownTenant, id) };
    let user = authority::admit(world, actor, gate)?;
    let holders = holders(world, &tenant)?;
    let mut lifted = BTreeSet::new();
    for &holder in &holders {
        let lifts = match (&user, holder) {
            (None, (Hold::Operator, _)) => true,
            (None, _) => matches!(actor, Actor::Operator { ticket: Some(_) }),
            (Some(user), (_, Some(link))) => match world.link(link)? {
                Some(link) => authority::side(world, user, link.manager, id)? == Some(Party::Manager),
                None => false,
            },
            (Some(user), (hold, None)) => user.home == id && hold == Hold::Own,
        };
        if lifts {
            lifted.insert(holder);
        }
    }
    if lifted.is_empty() && !holders.is_empty() {
        let code = if user.is_none() { Code::TicketRequired } else { Code::HeldByOthers };
        return refuse(code, id);
    }
    // Disabling and enabling is told unasked, and could go on without end (L-3).
    let mut bars = Bars::new();
    for &(_, link) in &lifted {
        let by = match link {
            Some(link) => world.link(link)?.map(|link| link.manager),
            None => Some(id),
        };
        if let Some(by) = by {
            world.bar_asking(actor, by, [id.uuid()], &mut bars)?;
        }
    }
    bars.lift()?;
    let mut events: Vec<Event> =
        lifted.iter().map(|&(hold, link)| Event::TenantReleased { tenant: id, hold, link }).collect();
    // What is on its way up already waits for the host, whatever the policy has become (T-5).
    if !lifted.is_empty() && lifted == holders {
        events.extend(raised(world, &tenant));
    }
    Ok(events)
}

/// A tenant that nobody keeps disabled comes up: at once, or when the host reports it ready.
fn raised(world: &World<'_>, tenant: &Tenant) -> Vec<Event> {
    let mut events = Vec::new();
    let mut operation = tenant.operation;
    if let Some(next) = operation.after(OperationTrigger::Enable) {
        operation = next;
        events.push(Event::TenantEnabling { tenant: tenant.id });
    }
    if operation.after(OperationTrigger::Ready).is_some() && !world.policy.host_reports_ready {
        events.push(Event::TenantEnabled { tenant: tenant.id });
    }
    events
}

/// The holds that end with these links, and the tenants that come up thereby (T-5, D-6).
pub(super) fn released(world: &World<'_>, ended: &BTreeSet<LinkId>) -> Result<Vec<Event>, ViewError> {
    let mut events = Vec::new();
    let mut tenants = BTreeSet::new();
    for id in ended {
        if let Some(link) = world.link(*id)?.filter(|link| link.holds) {
            let (tenant, hold) = (link.managed, Hold::Manager);
            events.push(Event::TenantReleased { tenant, hold, link: Some(link.id) });
            tenants.insert(tenant);
        }
    }
    for tenant in tenants {
        if let Some(tenant) = world.living(tenant)?
            && !world.is_held(&tenant, ended)?
        {
            events.extend(raised(world, &tenant));
        }
    }
    Ok(events)
}

/// Takes the host's word that a tenant is up (T-5).
///
/// # Errors
/// Those of [`authority::operator_only`]; `unknown_tenant`, `tenant_not_enabling`.
pub(crate) fn report_ready(world: &World<'_>, actor: &Actor, command: &ReportReady) -> Ruling<Decision> {
    authority::operator_only(world, actor)?;
    let Some(tenant) = world.living(command.tenant)? else {
        return refuse(Code::UnknownTenant, command.tenant);
    };
    match tenant.operation.after(OperationTrigger::Ready) {
        Some(_) => Ok(Event::TenantEnabled { tenant: tenant.id }.into()),
        None => refuse(Code::TenantNotEnabling, tenant.id),
    }
}
