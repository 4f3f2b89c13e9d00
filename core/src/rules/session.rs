//! Console sessions (S): opened by right, closed by hand, ended with the right. Reads a view,
//! returns events.

use std::collections::BTreeSet;

use super::access::{self, Gate};
use super::across::across;
use super::authority;
use super::graph;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{SessionId, TenantId, UserId};
use crate::base::text::Service;
use crate::base::time::Timestamp;
use crate::command::{CloseConsole, OpenConsole};
use crate::effect::{self, Loss};
use crate::event::Event;
use crate::model::permission::CONSOLE_OPEN;
use crate::model::{Actor, Assignment, Session, Subject, User};
use crate::refusal::Code;
use crate::view::{Entity, Index, Key, Span, ViewError};

/// Opens a tenant's console for a service (S-1).
///
/// # Errors
/// Those of [`authority::authorize_for`]; `wrong_actor` for anybody but a user, `unknown_service`,
/// `nil_id`, `id_taken`.
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
/// Those of [`authority::admit`]; `unknown_session`, `session_closed`.
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

/// Which open sessions have to be looked at after what happens.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// All of them.
    everything: bool,
    /// All of these users, and all on these tenants.
    subjects: BTreeSet<Subject>,
    /// These.
    sessions: BTreeSet<SessionId>,
}

impl Reached {
    /// Notes whose right to a console an event may take, in the world before it. Who is new with
    /// the record has none, and on a tenant that is new nobody has one.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn note(
        &mut self,
        world: &World<'_>,
        event: &Event,
        new: &BTreeSet<Subject>,
    ) -> Result<(), ViewError> {
        let on_new =
            matches!(event, Event::Assigned { tenant, .. } if new.contains(&Subject::Tenant(*tenant)));
        match effect::of(event).loss {
            Loss::None => {}
            Loss::Of(_) if on_new => {}
            Loss::Of(user) if new.contains(&Subject::User(user)) => {}
            Loss::AtHome(tenant) if new.contains(&Subject::Tenant(tenant)) => {}
            Loss::Of(user) => drop(self.subjects.insert(Subject::User(user))),
            Loss::OfRole(role) => {
                if !leaves_consoles(world, event)? {
                    let having = Key::new().id(role.uuid());
                    for assignment in world.view.under::<Assignment>(Index::AssignmentRole, having) {
                        self.subjects.insert(Subject::User(assignment?.user));
                    }
                }
            }
            Loss::On(tenant) => drop(self.subjects.insert(Subject::Tenant(tenant))),
            Loss::AtHome(tenant) => {
                self.subjects.insert(Subject::Tenant(tenant));
                for user in world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())) {
                    self.subjects.insert(Subject::User(user?.id));
                }
            }
            Loss::Through(link) => {
                if let Some(link) = world.link(link)?
                    && !leaves_consoles(world, event)?
                {
                    let found =
                        across(world, &link, |of| Span::under(of_subject(of), Key::new().id(of.uuid())))?;
                    let sessions = found.into_iter().filter_map(Session::from_any);
                    self.sessions.extend(sessions.map(|session| session.id));
                }
            }
            Loss::Below(link) => {
                if let Some(link) = world.link(link)? {
                    self.subjects.insert(Subject::Tenant(link.managed));
                    let below = graph::below(world, link.managed, &BTreeSet::new())?;
                    self.subjects.extend(below.into_iter().map(Subject::Tenant));
                }
            }
            Loss::Anybody => self.everything = true,
        }
        Ok(())
    }

    /// The sessions among these whose right is gone in this world, as they end (S-2): of those that
    /// were open at a moment, whose right was gone by then.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn ended(&self, world: &World<'_>, moment: Timestamp) -> Result<Vec<Event>, ViewError> {
        let then = &world.at_moment(moment);
        let all = self.everything.then(|| (Index::SessionTenant, Key::new()));
        let of = |subject: &Subject| (of_subject(*subject), Key::new().id(subject.uuid()));
        let mut over = BTreeSet::new();
        let mut look = |session: &Session| -> Result<(), ViewError> {
            let at = if session.opened <= moment { then } else { world };
            if session.closed.is_none() && may(at, session.user, session.tenant, &session.service)?.is_some()
            {
                over.insert(session.id);
            }
            Ok(())
        };
        for (index, key) in all.into_iter().chain(self.subjects.iter().map(of)) {
            for session in world.view.under::<Session>(index, key) {
                look(&*session?)?;
            }
        }
        for session in &self.sessions {
            if let Some(session) = world.view.get::<Session>(session.uuid())? {
                look(&session)?;
            }
        }
        Ok(over.into_iter().map(|session| Event::SessionEnded { session }).collect())
    }
}

/// By which index somebody's open sessions are found.
const fn of_subject(subject: Subject) -> Index {
    match subject {
        Subject::Tenant(_) => Index::SessionTenant,
        Subject::User(_) => Index::SessionUser,
    }
}

/// Whether a change of what somebody may do takes no console from them: it takes away other
/// permissions, or none.
fn leaves_consoles(world: &World<'_>, event: &Event) -> Result<bool, ViewError> {
    let (before, after) = match event {
        Event::RoleEdited { role, permissions, .. } => {
            (world.role(*role)?.map(|role| role.permissions.clone()), permissions)
        }
        Event::ManagerGrantsSet { link, grants } => {
            (world.link(*link)?.map(|link| link.grants.clone()), grants)
        }
        _ => return Ok(false),
    };
    Ok(after.contains(CONSOLE_OPEN) || before.is_none_or(|before| !before.contains(CONSOLE_OPEN)))
}
