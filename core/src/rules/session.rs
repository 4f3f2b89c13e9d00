//! Console sessions (S): opened by right, closed by hand, ended with the right. Reads a view,
//! returns events.

use std::collections::BTreeSet;

use super::access::{self, Gate};
use super::authority;
use super::graph;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::Service;
use crate::command::{CloseConsole, OpenConsole};
use crate::effect::Loss;
use crate::event::Event;
use crate::model::permission::CONSOLE_OPEN;
use crate::model::{Actor, Session, Subject, User};
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Opens a tenant's console for a service (S-1).
///
/// # Errors
/// `wrong_actor` for anybody but a user, `unknown_service`, the reasons of the check, `id_taken`.
pub(crate) fn open(world: &World<'_>, actor: &Actor, command: &OpenConsole) -> Ruling<Decision> {
    let Some(user) = authority::admit(world, actor, Gate::Shut)? else {
        return refuse(Code::WrongActor, "operators");
    };
    authority::authorize_for(world, actor, CONSOLE_OPEN, command.tenant, &command.service, Gate::Shut)?;
    if !world.policy.services.contains(&command.service) {
        return refuse(Code::UnknownService, &command.service);
    }
    let mut bars = Bars::new();
    let session = NewIds::of(world).take(command.session, &mut bars)?;
    bars.lift()?;
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
pub(crate) fn close(world: &World<'_>, actor: &Actor, command: &CloseConsole) -> Ruling<Decision> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
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

/// Whose sessions have to be looked at for what may be lost, beside those that it is about where it
/// may be theirs.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn reach(world: &World<'_>, loss: Loss, touched: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    match loss {
        Loss::Below(link) => {
            if let Some(link) = world.link(link)? {
                let below = graph::below(world, link.managed, &BTreeSet::new())?;
                touched.extend(below.into_iter().map(Subject::Tenant));
            }
        }
        Loss::AtHome(tenant) => {
            for user in world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())) {
                touched.insert(Subject::User(user?.id));
            }
        }
        Loss::Of(user) => {
            touched.insert(Subject::User(user));
        }
        Loss::None | Loss::About | Loss::Anybody => {}
    }
    Ok(())
}

/// The open sessions, among those that `touched` users and tenants have to do with, whose right is
/// gone in this world (S-2). With `everything`, all open sessions are looked at.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn ended(
    world: &World<'_>,
    touched: &BTreeSet<Subject>,
    everything: bool,
) -> Result<Vec<Event>, ViewError> {
    let mut keys: Vec<(Index, Key)> = Vec::new();
    if everything {
        keys.push((Index::SessionTenant, Key::new()));
    }
    for subject in touched {
        let index = match subject {
            Subject::Tenant(_) => Index::SessionTenant,
            Subject::User(_) => Index::SessionUser,
        };
        keys.push((index, Key::new().id(subject.uuid())));
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
