//! What an actor is told of what a command of theirs would lead to: of its events what its
//! receipt would tell them, and of the notices those that come of what they are told.

use std::collections::BTreeSet;

use super::{RecordSight, Sight};
use crate::base::ids::UserId;
use crate::event::Event;
use crate::model::Subject;
use crate::notice::{Since, of_one};
use crate::query::{PreviewedNotice, Recipients};
use crate::rules::World;
use crate::view::ViewError;

/// The events that an actor would be told of, and who would be told what by them.
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn told_of(
    [before, after]: [&Sight<'_>; 2],
    events: &[Event],
) -> Result<(Vec<Event>, Vec<PreviewedNotice>), ViewError> {
    let (was, is) = (before.world, after.world);
    let told = match before.viewer() {
        Some(user) => RecordSight::receipt(is, user.id, events, was.view, is.view)?,
        None => events.iter().cloned().map(Some).collect(),
    };
    let [then_before, then] = [was, is].map(|world| World::recorded(world.view));
    let since = Since { before: &then_before?, then: &then?, now: is };
    let mut notices = Vec::new();
    for event in told.iter().zip(events).filter_map(|(told, event)| told.as_ref().and(Some(event))) {
        for (kind, Recipients { users, operator }) in of_one(since, is.at, event)? {
            // Where nobody of theirs could read it: of others, that would be told.
            let operator = operator && before.viewer().is_none();
            let mut to = BTreeSet::new();
            for user in users {
                to.extend(recipient(before, after, user)?);
            }
            if operator || !to.is_empty() {
                notices.push(PreviewedNotice { kind, to, operator });
            }
        }
    }
    Ok((told.into_iter().flatten().collect(), notices))
}

/// Somebody as the actor is told of them now or, of a person or an organisation that is new, would
/// be.
fn recipient(before: &Sight<'_>, after: &Sight<'_>, user: UserId) -> Result<Option<Subject>, ViewError> {
    if before.world.user(user)?.is_some() {
        return before.somebody(user);
    }
    let Some(new) = after.world.user(user)? else { return Ok(None) };
    if before.is_home(new.home) {
        return Ok(Some(Subject::User(new.id)));
    }
    let is_new = before.world.tenant(new.home)?.is_none();
    Ok((is_new || before.still_knows(new.home)?).then_some(Subject::Tenant(new.home)))
}
