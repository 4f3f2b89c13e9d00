//! Who may command (U-4, T-9): turns verdicts into what an actor is told. Never decides what the
//! command does.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::graph;
use super::kept_off;
use super::world::{Ruling, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Service, Ticket};
use crate::model::permission::USERS_MANAGE;
use crate::model::{Actor, Link, Party, User};
use crate::refusal::Code;
use crate::view::ViewError;

/// Lets the actor in at all: a user who can act, or the operator (P-1). Hands on the user.
///
/// # Errors
/// `unknown_user`, `user_not_active`, `wrong_actor` for the clock.
pub(crate) fn admit(world: &World<'_>, actor: &Actor, gate: Gate) -> Ruling<Option<Arc<User>>> {
    match actor {
        Actor::Operator { .. } => Ok(None),
        Actor::Clock => refuse(Code::WrongActor, "the clock"),
        Actor::User(id) => {
            let Some(user) = world.user(*id)? else { return refuse(Code::UnknownUser, id) };
            if access::can_act(world, &user, gate)? {
                Ok(Some(user))
            } else {
                refuse(Code::UserNotActive, id)
            }
        }
    }
}

/// Lets nobody but the operator in.
///
/// # Errors
/// Those of [`admit`]; `wrong_actor` to users.
pub(super) fn operator_only(world: &World<'_>, actor: &Actor) -> Ruling {
    match admit(world, actor, Gate::Shut)? {
        None => Ok(()),
        Some(_) => refuse(Code::WrongActor, "users"),
    }
}

/// The ticket that an operator's override cites.
///
/// # Errors
/// `ticket_required`.
pub(super) fn ticket(actor: &Actor, about: impl std::fmt::Display) -> Ruling<Ticket> {
    match actor {
        Actor::Operator { ticket: Some(ticket) } => Ok(ticket.clone()),
        _ => refuse(Code::TicketRequired, about),
    }
}

/// Lets the actor use a permission on a living tenant; a tenant that they may not see does not
/// exist (T-9).
///
/// # Errors
/// Those of [`admit`]; `unknown_tenant`, and the reasons of a check: `tenant_disabled`,
/// `customer_locked`, `reserved_for_customer`, `not_granted`, `no_assignment`,
/// `role_lacks_permission`.
pub(crate) fn authorize(
    world: &World<'_>,
    actor: &Actor,
    permission: &str,
    tenant: TenantId,
    gate: Gate,
) -> Ruling {
    let_use(world, actor, permission, tenant, None, gate)
}

/// The same for a service, which the policy may have dropped by now (P-5).
///
/// # Errors
/// Those of [`authorize`]; `service_not_managed`.
pub(super) fn authorize_service(
    world: &World<'_>,
    actor: &Actor,
    permission: &str,
    tenant: TenantId,
    service: &Service,
) -> Ruling {
    let_use(world, actor, permission, tenant, Some(service), Gate::Shut)
}

/// The same for a service; for one that the policy does not offer, which the command has to
/// tell, as for none.
///
/// # Errors
/// Those of [`authorize`]; `service_not_managed`.
pub(super) fn authorize_for(
    world: &World<'_>,
    actor: &Actor,
    permission: &str,
    tenant: TenantId,
    service: &Service,
    gate: Gate,
) -> Ruling {
    let offered = world.policy.services.contains(service);
    let_use(world, actor, permission, tenant, offered.then_some(service), gate)
}

fn let_use(
    world: &World<'_>,
    actor: &Actor,
    permission: &str,
    tenant: TenantId,
    service: Option<&Service>,
    gate: Gate,
) -> Ruling {
    let Some(user) = admit(world, actor, gate)? else {
        return if world.living(tenant)?.is_some() { Ok(()) } else { refuse(Code::UnknownTenant, tenant) };
    };
    let found = access::judge(world, user.id, permission, tenant, service, gate)?;
    let Some(code) = found.reason else { return Ok(()) };
    if access::sees(world, &user, tenant)? {
        refuse(code, tenant)
    } else {
        refuse(Code::UnknownTenant, tenant)
    }
}

/// The side of a manager–managed pair that a user is on: the managed side by home alone, the
/// manager's side also from further up.
pub(super) fn side(
    world: &World<'_>,
    user: &User,
    manager: TenantId,
    managed: TenantId,
) -> Result<Option<Party>, ViewError> {
    if user.home == managed {
        return Ok(Some(Party::Customer));
    }
    let manages = user.home == manager || graph::manages(world, user.home, manager, &BTreeSet::new())?;
    Ok(manages.then_some(Party::Manager))
}

/// The side on which a user has to do with what there is between the two; none, where that is not
/// there for them, since they are from further up and the manager itself is not (T-9).
pub(crate) fn party(
    world: &World<'_>,
    user: &User,
    manager: TenantId,
    managed: TenantId,
) -> Result<Option<Party>, ViewError> {
    let side = side(world, user, manager, managed)?;
    let hidden = side == Some(Party::Manager) && user.home != manager && !access::sees(world, user, manager)?;
    Ok(side.filter(|_| !hidden))
}

/// The side on which a user is told of what the two ask of each other: the same, but none for
/// whoever of the manager's is kept off the tenant (T-9).
pub(super) fn asking(
    world: &World<'_>,
    user: &User,
    manager: TenantId,
    managed: TenantId,
) -> Result<Option<Party>, ViewError> {
    let party = party(world, user, manager, managed)?;
    let hidden = party == Some(Party::Manager) && kept_off::is(world, user, manager, managed)?;
    Ok(party.filter(|_| !hidden))
}

/// The actor's side of a link; nobody else knows of it (T-9), and nobody who is kept off the tenant
/// that it manages, or was when it ended, or is kept off whatever is managed by then. `None` for
/// the operator.
///
/// # Errors
/// Those of [`admit`]; `unknown_link`.
pub(crate) fn side_of_link(
    world: &World<'_>,
    actor: &Actor,
    link: &Link,
    gate: Gate,
) -> Ruling<Option<Party>> {
    let Some(user) = admit(world, actor, gate)? else { return Ok(None) };
    let party = match party(world, &user, link.manager, link.managed)? {
        Some(Party::Manager) if link.is_in_force(world.at) => access::sees(world, &user, link.managed)?,
        Some(Party::Manager) => {
            access::sees_below(world, &user, link.manager)?
                && !kept_off::is(world, &user, link.manager, link.managed)?
        }
        Some(Party::Customer) => return Ok(Some(Party::Customer)),
        None => false,
    };
    if party { Ok(Some(Party::Manager)) } else { refuse(Code::UnknownLink, link.id) }
}

/// Finds a user for those who may edit them: themselves, and those who manage users at the user's
/// home (U-1, U-4).
///
/// # Errors
/// Those of [`managed_user`].
pub(super) fn edited_user(world: &World<'_>, actor: &Actor, id: UserId) -> Ruling<Arc<User>> {
    if *actor != Actor::User(id) {
        return managed_user(world, actor, id);
    }
    match admit(world, actor, Gate::Shut)? {
        Some(user) => Ok(user),
        None => refuse(Code::NoSuchUser, id),
    }
}

/// Finds a user for those who manage users at the user's home (U-4).
///
/// # Errors
/// Those of [`authorize`]; `no_such_user`.
pub(super) fn managed_user(world: &World<'_>, actor: &Actor, id: UserId) -> Ruling<Arc<User>> {
    let admitted = admit(world, actor, Gate::Shut)?;
    let Some(user) = world.user(id)? else { return refuse(Code::NoSuchUser, id) };
    if let Some(admitted) = admitted {
        if !access::sees(world, &admitted, user.home)? {
            return refuse(Code::NoSuchUser, id);
        }
        authorize(world, actor, USERS_MANAGE, user.home, Gate::Shut)?;
    }
    Ok(user)
}
