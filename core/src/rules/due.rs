//! What the clock does: handshakes lapse, links are announced, extended or ended (L-3, L-9, D, U-2). One thing at a
//! time, in the order of their moments, so that each sees the world that the one before has left.

use std::sync::Arc;

use super::link;
use super::world::World;
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{EndCause, Link};
use crate::view::{Any, Index, Key, Span, ViewError};

/// How many entries are read at once where the first of the index is not yet what is due first.
const PAGE: usize = 64;

/// Something that time brings about.
enum Due {
    Event(Event),
    End(Arc<Link>),
}

/// What is due first at the world's moment, if anything is.
///
/// # Errors
/// When the view cannot be read.
pub fn first(world: &World<'_>) -> Result<Vec<Event>, ViewError> {
    match earliest(world)? {
        None => Ok(Vec::new()),
        Some(Due::Event(event)) => Ok(vec![event]),
        Some(Due::End(link)) => link::end(world, &link, EndCause::Expired),
    }
}

/// A link whose end has come is found where its announcement would have been, but no entity is found after its moment.
fn earliest(world: &World<'_>) -> Result<Option<Due>, ViewError> {
    let mut rest = Span::up_to(Index::Due, &Key::new().time(world.at));
    let mut limit = 1;
    let mut first: Option<(Timestamp, Due)> = None;
    loop {
        let page = world.view.scan(&rest, limit)?;
        let Some(last) = page.last() else { return Ok(first.map(|(_, due)| due)) };
        rest = rest.after(last.key.clone(), last.id);
        limit = PAGE;
        for found in page {
            let due = due(found.entity, world.at);
            first = first.into_iter().chain(due).min_by_key(|(moment, _)| *moment);
            if first.as_ref().is_some_and(|(moment, _)| Key::new().time(*moment) <= found.key) {
                return Ok(first.map(|(_, due)| due));
            }
        }
    }
}

/// What is due about an entity next, and at which moment.
fn due(entity: Any, at: Timestamp) -> Option<(Timestamp, Due)> {
    let (moment, event) = match entity {
        Any::LinkRequest(it) => (it.handshake.expires, Event::LinkRequestExpired { request: it.id }),
        Any::Invitation(it) => (it.handshake.expires, Event::InvitationExpired { invitation: it.id }),
        Any::Move(it) => (it.handshake.expires, Event::MoveExpired { id: it.id }),
        Any::Link(link) => {
            let lapse = link
                .delink_expires
                .map(|moment| (moment, Due::Event(Event::DelinkExpired { link: link.id })));
            return lapse.into_iter().chain(by_term(link, at)).min_by_key(|(moment, _)| *moment);
        }
        _ => return None,
    };
    Some((moment, Due::Event(event)))
}

/// What is due by a link's term. An end that has come is not announced any more.
fn by_term(link: Arc<Link>, at: Timestamp) -> Option<(Timestamp, Due)> {
    let term = link.term.as_ref()?;
    if let Some(days) = term.auto_extend_days {
        let mut expires = term.expires;
        while expires <= at && days > 0 {
            expires = expires.plus_days(days);
        }
        return Some((term.expires, Due::Event(Event::LinkExtended { link: link.id, expires })));
    }
    if term.expires <= at {
        return Some((term.expires, Due::End(link)));
    }
    let days = term.announced_by(at)?;
    Some((link.next_announced()?, Due::Event(Event::LinkExpiring { link: link.id, days })))
}
