//! Queries become rows. Reads a view as an actor may see it; never writes.

mod list;
mod page;

pub use list::{customer, customers, each_reseller_customer, integrations, reseller_customers, users};
pub use page::MAX_ROWS;

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Number, Permission};
use crate::event::Event;
use crate::journal::Record;
use crate::model::permission::{AUDIT_VIEW, CUSTOMERS_ADD, TENANT_VIEW};
use crate::model::{Actor, Subject, User};
use crate::query::{AuditActor, AuditRow, Pin, TenantSummary};
use crate::refusal::{Code, Refusal};
use crate::rules::{Gate, Ruling, World, access};
use crate::view::{View, ViewError};

/// What somebody who may link is told about a number (T-8).
///
/// # Errors
/// `unknown_tenant`, and why the actor may not link.
pub fn look_up(world: &World<'_>, actor: &Actor, number: &Number) -> Ruling<TenantSummary> {
    if let Some(user) = world.admit(actor, Gate::Shut)?
        && !access::may_where_assigned(world, user.id, CUSTOMERS_ADD)?
    {
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

/// A record as it shows in the audit of a tenant to somebody: what is about that tenant, and no more; an actor from another
/// organisation shows as that organisation, and their id is gone from the events. `before` is the world that the
/// record found.
///
/// # Errors
/// When the world cannot be read.
pub fn audit_row(
    world: &World<'_>,
    before: &dyn View,
    viewer: &Actor,
    tenant: TenantId,
    record: &Record,
) -> Result<AuditRow, ViewError> {
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
    let mut tenants = BTreeSet::new();
    let mut events = Vec::new();
    for event in &record.events {
        let mut about = BTreeSet::new();
        crate::about::about(before, event, &mut about)?;
        crate::about::about(world.view, event, &mut about)?;
        if !about.contains(&tenant.uuid()) {
            continue;
        }
        events.push(match &record.actor {
            Actor::User(person) if masked => nameless(event, *person),
            _ => event.clone(),
        });
        for id in about {
            tenants.extend(world.tenant(TenantId::from_uuid(id))?.map(|tenant| tenant.id));
        }
    }
    Ok(AuditRow {
        seq: record.seq,
        at: record.at,
        by,
        command: record.command.clone(),
        tenants: tenants.into_iter().collect(),
        events,
    })
}

/// The event with the nil id wherever it names this person.
fn nameless(event: &Event, person: UserId) -> Event {
    let text = serde_json::to_string(event).expect("events have string keys and finite numbers");
    serde_json::from_str(&text.replace(&person.to_string(), &Uuid::nil().to_string()))
        .expect("an event with another id in it is an event")
}

fn somebody(world: &World<'_>, actor: &Actor) -> Ruling<Arc<User>> {
    match world.admit(actor, Gate::Shut)? {
        Some(user) => Ok(user),
        None => Err(Refusal::new(Code::WrongActor, "operators").into()),
    }
}
