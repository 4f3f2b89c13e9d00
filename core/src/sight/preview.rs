//! What an actor is told of what a command of theirs would lead to: of its records what their
//! receipts would tell them, and of the notices those that come of what they are told.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{RecordSight, Sight};
use crate::base::ids::{RequestId, UserId};
use crate::base::time::Timestamp;
use crate::command::{Command, Request};
use crate::decide::{Foreseen, rehearse};
use crate::event::Event;
use crate::model::Subject;
use crate::notice::{Since, of_one};
use crate::query::{PreviewedNotice, PreviewedRecord, Recipients};
use crate::rules::{Ruling, World};
use crate::view::{Overlay, View, ViewError, Write};

/// What a command would lead to.
pub(crate) struct Rehearsed {
    pub(crate) records: Vec<PreviewedRecord>,
    pub(crate) notices: Vec<PreviewedNotice>,
    /// Everything that would change, told or not.
    pub(crate) changes: Vec<Write>,
}

impl Rehearsed {
    /// Rehearses a command of an actor's, which would be given after record `seq`: what it would
    /// lead to, and the world as it would leave it.
    ///
    /// # Errors
    /// Those of the command; when the world cannot be read.
    pub(crate) fn of<'w>(sight: &Sight<'w>, seq: u64, command: &Command) -> Ruling<(Self, Overlay<'w>)> {
        let id = RequestId::from_uuid(Uuid::nil());
        let request =
            Request { id, actor: sight.actor.clone(), expected_seq: None, command: command.clone() };
        let (mut records, mut notices, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        let after = rehearse(sight.world, seq, &request, |foreseen, before, after| {
            let events = told_of(sight, foreseen, before, after, &mut notices)?;
            if !events.is_empty() {
                records.push(PreviewedRecord { command: foreseen.command.to_owned(), events });
            }
            changes.extend_from_slice(&foreseen.step.changes);
            Ok(())
        })?;
        Ok((Self { records, notices, changes }, after))
    }
}

/// The events of a record that the actor would be told of; adds the notices that come of these.
fn told_of(
    sight: &Sight<'_>,
    foreseen: &Foreseen<'_>,
    before: &dyn View,
    after: &dyn View,
    notices: &mut Vec<PreviewedNotice>,
) -> Result<Vec<Event>, ViewError> {
    let events = &foreseen.step.events;
    let now = World::reading(after, sight.world.at)?;
    let told = match sight.viewer() {
        Some(user) => RecordSight::receipt(&now, user.id, events, before, after)?,
        None => events.iter().cloned().map(Some).collect(),
    };
    // As recorded: what has ended by time was in force until that was recorded.
    let [before, then] = [before, after].map(|view| World::reading(view, Timestamp::MIN));
    let since = Since { before: &before?, then: &then?, now: &now };
    for event in told.iter().zip(events).filter_map(|(told, event)| told.as_ref().and(Some(event))) {
        for (kind, Recipients { users, operator }) in of_one(since, sight.world.at, event)? {
            let mut to = BTreeSet::new();
            for user in users {
                to.extend(recipient(sight, user, &now)?);
            }
            if operator || !to.is_empty() {
                notices.push(PreviewedNotice { kind, to, operator });
            }
        }
    }
    Ok(told.into_iter().flatten().collect())
}

/// Somebody as the actor is told of them now or, of a person or an organisation that is new,
/// would be.
fn recipient(sight: &Sight<'_>, user: UserId, then: &World<'_>) -> Result<Option<Subject>, ViewError> {
    if sight.world.user(user)?.is_some() {
        return sight.somebody(user);
    }
    let Some(new) = then.user(user)? else { return Ok(None) };
    if sight.is_home(new.home) {
        return Ok(Some(Subject::User(new.id)));
    }
    let is_new = sight.world.tenant(new.home)?.is_none();
    Ok((is_new || sight.still_knows(new.home)?).then_some(Subject::Tenant(new.home)))
}
