//! Erasure of personal data (U-5). Reads a view, returns events and what is to be erased; the store
//! erases.

use super::access::{self, Gate};
use super::authority;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::command::ErasePersonal;
use crate::event::Event;
use crate::model::permission::PERSONAL_ERASE;
use crate::model::{Actor, Subject, UserState};
use crate::refusal::Code;

/// Has the personal data of a user or tenant erased (U-5). Once more is no harm.
///
/// # Errors
/// Those of [`authority::authorize`]; `no_such_user`, `unknown_tenant`, `user_not_removed`.
pub(crate) fn erase(world: &World<'_>, actor: &Actor, command: &ErasePersonal) -> Ruling<Decision> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
    let mut bars = Bars::new();
    match command.subject {
        Subject::User(id) => {
            let Some(user) = world.user(id)? else { return refuse(Code::NoSuchUser, id) };
            if let Some(admitted) = admitted {
                if !access::sees(world, &admitted, user.home)? {
                    return refuse(Code::NoSuchUser, id);
                }
                authority::authorize(world, actor, PERSONAL_ERASE, user.home, Gate::Shut)?;
            }
            bars.bar(user.state != UserState::Removed, Code::UserNotRemoved, id);
        }
        Subject::Tenant(id) => {
            // Deleted tenants exist for the operator alone.
            if admitted.is_some() {
                authority::authorize(world, actor, PERSONAL_ERASE, id, Gate::Shut)?;
            } else if world.tenant(id)?.is_none() {
                return refuse(Code::UnknownTenant, id);
            }
        }
    }
    bars.lift()?;
    Ok(Decision {
        events: vec![Event::PersonalErased { subject: command.subject }],
        people: vec![(command.subject, None)],
    })
}
