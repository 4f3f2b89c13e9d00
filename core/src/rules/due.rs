//! What the clock does: handshakes lapse, links are announced, extended or ended (L-3, L-9, D, U-2). One thing at a
//! time, so that each sees the world that the one before has left.

use super::link;
use super::world::World;
use crate::event::Event;
use crate::model::{EndCause, Invitation, Link, LinkRequest};
use crate::view::{Any, Entity, Index, Key, Span, ViewError};

/// What is due first at the world's moment, if anything is.
///
/// # Errors
/// When the view cannot be read.
pub fn first(world: &World<'_>) -> Result<Vec<Event>, ViewError> {
    let span = Span::up_to(Index::Due, &Key::new().time(world.at));
    let Some(found) = world.view.scan(&span, 1)?.into_iter().next() else { return Ok(Vec::new()) };
    if let Some(request) = LinkRequest::from_any(found.entity.clone()) {
        return Ok(vec![Event::LinkRequestExpired { request: request.id }]);
    }
    if let Some(invitation) = Invitation::from_any(found.entity.clone()) {
        return Ok(vec![Event::InvitationExpired { invitation: invitation.id }]);
    }
    match found.entity {
        Any::Move(due) => Ok(vec![Event::MoveExpired { id: due.id }]),
        Any::Link(due) => of_link(world, &due),
        _ => Ok(Vec::new()),
    }
}

fn of_link(world: &World<'_>, link: &Link) -> Result<Vec<Event>, ViewError> {
    if link.has_lapsed(world.at) {
        return link::end(world, link, EndCause::Expired);
    }
    if link.delink_expires.is_some_and(|expires| expires <= world.at) {
        return Ok(vec![Event::DelinkExpired { link: link.id }]);
    }
    let Some(term) = &link.term else { return Ok(Vec::new()) };
    if let Some(days) = term.auto_extend_days {
        let mut expires = term.expires;
        while expires <= world.at && days > 0 {
            expires = expires.plus_days(days);
        }
        return Ok(vec![Event::LinkExtended { link: link.id, expires }]);
    }
    Ok(term
        .announced_by(world.at)
        .map(|days| Event::LinkExpiring { link: link.id, days })
        .into_iter()
        .collect())
}
