//! Queries become rows. Reads a view as an actor may see it; never writes.

mod list;
mod page;

pub use list::{customer, customers, each_reseller_customer, integrations, reseller_customers, users};
pub use page::MAX_ROWS;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Number, Permission};
use crate::event::Event;
use crate::journal::Record;
use crate::model::permission::{AUDIT_VIEW, CUSTOMERS_ADD, TENANT_VIEW};
use crate::model::{Actor, Subject, User};
use crate::query::{AuditActor, AuditRow, Pin, TenantSummary};
use crate::refusal::{Code, Refusal};
use crate::rules::{Gate, Ruling, World, access};
use crate::view::ViewError;

/// What somebody who may link is told about a number (T-8).
///
/// # Errors
/// `unknown_tenant`, and why the actor may not link.
pub fn look_up(world: &World<'_>, actor: &Actor, number: &Number) -> Ruling<TenantSummary> {
    if let Some(user) = world.admit(actor, Gate::Shut)? {
        world.authorize(actor, CUSTOMERS_ADD, user.home, Gate::Shut)?;
    }
    match world.numbered(number)?.filter(|tenant| tenant.is_living()) {
        Some(tenant) => Ok(TenantSummary {
            number: tenant.number.clone(),
            name: tenant.name.clone(),
            country: tenant.country.clone(),
            kind: tenant.kind,
        }),
        None => Err(Refusal::new(Code::UnknownTenant, number).into()),
    }
}

/// The pins on a user's map: the tenants they may view that have coordinates, in the order of their ids (T-4).
///
/// # Errors
/// `wrong_actor` for anybody but a user, `unknown_user`, `user_not_active`.
pub fn pins(world: &World<'_>, actor: &Actor) -> Ruling<Vec<Pin>> {
    let user = somebody(world, actor)?;
    let view = Permission::parse(TENANT_VIEW).expect("a permission's name");
    let mut pins = Vec::new();
    for id in access::tenants_where(world, user.id, &view, None)? {
        let place = world.view.personal(Subject::Tenant(id))?.and_then(|personal| personal.coordinates);
        if let (Some(coordinates), Some(tenant)) = (place, world.living(id)?) {
            pins.push(Pin { tenant: id, name: tenant.name.clone(), coordinates });
        }
    }
    Ok(pins)
}

/// Lets an actor read the audit of a tenant.
///
/// # Errors
/// `unknown_tenant`, and why the actor may not.
pub fn may_audit(world: &World<'_>, actor: &Actor, tenant: TenantId) -> Ruling {
    world.authorize(actor, AUDIT_VIEW, tenant, Gate::Shut)
}

/// A record as it shows in the audit to somebody: an actor from another organisation shows as that organisation.
///
/// # Errors
/// When the world cannot be read.
pub fn audit_row(world: &World<'_>, viewer: &Actor, record: &Record) -> Result<AuditRow, ViewError> {
    let home = |actor: &Actor| -> Result<Option<TenantId>, ViewError> {
        match actor {
            Actor::User(user) => Ok(world.user(*user)?.map(|user| user.home)),
            Actor::Operator { .. } | Actor::Clock => Ok(None),
        }
    };
    let masked = matches!(viewer, Actor::User(_)) && home(viewer)? != home(&record.actor)?;
    let by = match &record.actor {
        Actor::User(user) => match home(&record.actor)?.filter(|_| masked) {
            Some(tenant) => AuditActor::Organisation(tenant),
            None => AuditActor::User(*user),
        },
        Actor::Operator { ticket } => AuditActor::Operator { ticket: ticket.clone() },
        Actor::Clock => AuditActor::Clock,
    };
    let mut about = BTreeSet::new();
    for event in &record.events {
        crate::about::about(world.view, event, &mut about)?;
    }
    let mut tenants = Vec::new();
    for id in about {
        if let Some(tenant) = world.tenant(TenantId::from_uuid(id))? {
            tenants.push(tenant.id);
        }
    }
    Ok(AuditRow {
        seq: record.seq,
        at: record.at,
        command: record.command.clone(),
        tenants,
        events: record.events.iter().map(|event| if masked { without_person(event, &by) } else { event.clone() }).collect(),
        by,
    })
}

/// An event of another organisation's, which names the organisation where it would name the person who acted.
fn without_person(event: &Event, by: &AuditActor) -> Event {
    match (event, by) {
        (
            Event::SessionOpened { session, tenant, service, address, return_to, user: _ },
            AuditActor::Organisation(organisation),
        ) => Event::SessionOpened {
            session: *session,
            user: UserId::from_uuid(organisation.uuid()),
            tenant: *tenant,
            service: service.clone(),
            address: address.clone(),
            return_to: return_to.clone(),
        },
        _ => event.clone(),
    }
}

fn somebody(world: &World<'_>, actor: &Actor) -> Ruling<Arc<User>> {
    match world.admit(actor, Gate::Shut)? {
        Some(user) => Ok(user),
        None => Err(Refusal::new(Code::WrongActor, "operators").into()),
    }
}
