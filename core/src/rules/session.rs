//! Console sessions (S): opened by right, closed by hand, ended with the right. Reads a view, returns events.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::access::{self, Gate};
use super::graph;
use super::world::{Decision, Ruling, World, refuse};
use crate::base::ids::{SessionId, TenantId, UserId};
use crate::base::text::Service;
use crate::command::{CloseConsole, OpenConsole};
use crate::event::Event;
use crate::model::permission::CONSOLE_OPEN;
use crate::model::{Actor, Session, User};
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Opens a tenant's console for a service (S-1).
///
/// # Errors
/// `wrong_actor` for anybody but a user, `unknown_service`, the reasons of the check, `id_taken`.
pub fn open(world: &World<'_>, actor: &Actor, command: &OpenConsole) -> Ruling<Decision> {
    let Some(user) = world.admit(actor, Gate::Shut)? else { return refuse(Code::WrongActor, "operators") };
    world.authorize_for(actor, CONSOLE_OPEN, command.tenant, &command.service, Gate::Shut)?;
    if !world.policy.services.contains(&command.service) {
        return refuse(Code::UnknownService, &command.service);
    }
    let session = command.session.unwrap_or_else(|| SessionId::from_uuid(world.fresh()));
    if world.view.get::<Session>(session.uuid())?.is_some() {
        return refuse(Code::IdTaken, session);
    }
    let number = world.living(command.tenant)?.map(|tenant| tenant.number.to_string()).unwrap_or_default();
    let address =
        world.policy.consoles.get(&command.service).map(|address| {
            address.replace("{tenant}", &command.tenant.to_string()).replace("{number}", &number)
        });
    Ok(Event::SessionOpened {
        session,
        user: user.id,
        tenant: command.tenant,
        service: command.service.clone(),
        address,
        return_to: command.return_to.clone(),
    }
    .into())
}

fn may(
    world: &World<'_>,
    user: UserId,
    tenant: TenantId,
    service: &Service,
) -> Result<Option<Code>, ViewError> {
    Ok(access::judge(world, user, CONSOLE_OPEN, tenant, Some(service), Gate::Shut)?.reason)
}

/// Closes one's console and gives back where to return to (S-1).
///
/// # Errors
/// `unknown_session`, `session_closed`.
pub fn close(world: &World<'_>, actor: &Actor, command: &CloseConsole) -> Ruling<Decision> {
    let admitted = world.admit(actor, Gate::Shut)?;
    let session = world.view.get::<Session>(command.session.uuid())?;
    let own = session.filter(|session| admitted.as_ref().is_none_or(|user| user.id == session.user));
    match own {
        None => refuse(Code::UnknownSession, command.session),
        Some(session) if session.closed.is_some() => refuse(Code::SessionClosed, session.id),
        Some(session) => {
            Ok(Event::SessionClosed { session: session.id, return_to: session.return_to.clone() }.into())
        }
    }
}

/// What else an event reaches: the tenants below a link, the people of a disabled tenant (S-2).
///
/// # Errors
/// When the view cannot be read.
pub fn reach(world: &World<'_>, event: &Event, touched: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    match event {
        Event::LinkEnded { link, .. }
        | Event::ServiceRemoved { link, .. }
        | Event::LinkConverted { link, .. }
        | Event::ManagerGrantsSet { link, .. } => {
            if let Some(link) = world.link(*link)? {
                let below = graph::below(world, link.managed, &BTreeSet::new())?;
                touched.extend(below.into_iter().map(TenantId::uuid));
            }
        }
        Event::TenantDisabled { tenant } => {
            for user in world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())) {
                touched.insert(user?.id.uuid());
            }
        }
        _ => {}
    }
    Ok(())
}

/// The open sessions, among those that `touched` users and tenants have to do with, whose right is gone in this
/// world (S-2). With `everything`, all open sessions are looked at.
///
/// # Errors
/// When the view cannot be read.
pub fn ended(world: &World<'_>, touched: &BTreeSet<Uuid>, everything: bool) -> Result<Vec<Event>, ViewError> {
    let mut keys: Vec<(Index, Key)> = Vec::new();
    if everything {
        keys.push((Index::SessionTenant, Key::new()));
    }
    for &id in touched {
        keys.push((Index::SessionTenant, Key::new().id(id)));
        keys.push((Index::SessionUser, Key::new().id(id)));
    }
    let mut over = BTreeSet::new();
    for (index, key) in keys {
        for session in world.view.under::<Session>(index, key) {
            let session = session?;
            if may(world, session.user, session.tenant, &session.service)?.is_some() {
                over.insert(session.id);
            }
        }
    }
    Ok(over.into_iter().map(|session| Event::SessionEnded { session }).collect())
}
