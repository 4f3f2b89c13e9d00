//! Delink (D): the two-party end of a link. Reads a view, returns events; never sends mail.

use super::access::Gate;
use super::authority;
use super::link;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::LinkId;
use crate::command::{AcceptDelink, CancelDelink, RejectDelink, RequestDelink, ResendDelink};
use crate::event::Event;
use crate::model::machine::{DelinkAct, DelinkObstacle};
use crate::model::permission::{CUSTOMERS_DELINK, LINK_RESPOND};
use crate::model::{Actor, EndCause, Party, Stage};
use crate::refusal::Code;

/// Asks to end a link (D-1, D-4, D-8).
///
/// # Events
/// `link_expiring`, where a notice period begins; where the link ends at once, those of
/// [`link::end`].
///
/// # Errors
/// Those of [`act`]; `not_delinkable`, `delink_not_offered`, `no_customer_owner`,
/// `already_requested`, `too_many_requests`.
pub(crate) fn request(world: &World<'_>, actor: &Actor, command: &RequestDelink) -> Ruling<Decision> {
    act(world, actor, command.link, command.party, DelinkAct::Request)
}

/// Agrees to the other side's request, which ends the link (D-6).
///
/// # Events
/// Those of [`link::end`].
///
/// # Errors
/// Those of [`act`]; `no_delink_request`, `own_request`.
pub(crate) fn accept(world: &World<'_>, actor: &Actor, command: &AcceptDelink) -> Ruling<Decision> {
    act(world, actor, command.link, command.party, DelinkAct::Accept)
}

/// Rejects the other side's request.
///
/// # Errors
/// Those of [`act`]; `no_delink_request`, `own_request`, `notice_running`.
pub(crate) fn reject(world: &World<'_>, actor: &Actor, command: &RejectDelink) -> Ruling<Decision> {
    act(world, actor, command.link, command.party, DelinkAct::Reject)
}

/// Reminds the other side of one's own request.
///
/// # Errors
/// Those of [`act`]; `no_delink_request`, `not_your_request`, `too_many_requests`.
pub(crate) fn resend(world: &World<'_>, actor: &Actor, command: &ResendDelink) -> Ruling<Decision> {
    act(world, actor, command.link, command.party, DelinkAct::Resend)
}

/// Takes one's own request back.
///
/// # Events
/// `link_expiring`, where the link is to end soon all the same.
///
/// # Errors
/// Those of [`act`]; `no_delink_request`, `not_your_request`.
pub(crate) fn cancel(world: &World<'_>, actor: &Actor, command: &CancelDelink) -> Ruling<Decision> {
    act(world, actor, command.link, command.party, DelinkAct::Cancel)
}

/// One party does one act of the delink table (D-1 to D-6, D-8). Delink stays possible while
/// tenants are disabled (T-5).
///
/// # Errors
/// Those of [`authority::authorize`] and [`authority::side_of_link`]; `ticket_required`,
/// `wrong_actor`, `link_ended`, and what the table says of the stage.
fn act(
    world: &World<'_>,
    actor: &Actor,
    id: LinkId,
    speaks_for: Option<Party>,
    act: DelinkAct,
) -> Ruling<Decision> {
    authority::admit(world, actor, Gate::Open)?;
    let Some(link) = world.link(id)? else { return refuse(Code::UnknownLink, id) };
    let by = match (authority::side_of_link(world, actor, &link, Gate::Open)?, speaks_for) {
        (Some(Party::Customer), _) => {
            authority::authorize(world, actor, LINK_RESPOND, link.managed, Gate::Open)?;
            Party::Customer
        }
        (Some(Party::Manager), _) => {
            authority::authorize(world, actor, CUSTOMERS_DELINK, link.manager, Gate::Open)?;
            Party::Manager
        }
        (None, Some(party)) => {
            authority::ticket(actor, "the parties' handshake")?;
            party
        }
        (None, None) => return refuse(Code::WrongActor, "an operator who names no party"),
    };

    let mut bars = Bars::new();
    bars.bar(!link.is_in_force(world.at), Code::LinkEnded, id);
    let terms = world.agreed(&link)?;
    let rule = terms.rule();
    let delinkable = rule.is_some_and(|rule| rule.delinkable);
    // What is asked completes by itself, and needs nobody to agree (D-8).
    let ends = rule.and_then(|rule| rule.notice_days).map(|days| world.at.plus_days(days));
    if act == DelinkAct::Request {
        bars.bar(!delinkable, Code::NotDelinkable, id);
        let offered = by == Party::Manager || terms.policy.customer_may_request_delink;
        bars.bar(!offered, Code::DelinkNotOffered, id);
    }
    let next = match link.stage.after(act, by) {
        Ok(next) => Some(next),
        Err(obstacle) => {
            bars.bar(true, code(obstacle), id);
            None
        }
    };
    bars.bar(act == DelinkAct::Reject && link.delink_ends.is_some(), Code::NoticeRunning, id);
    let asks_customer = delinkable
        && ends.is_none()
        && next == Some(Stage::DelinkRequestedByManager)
        && act == DelinkAct::Request;
    bars.bar(
        asks_customer && world.super_admins(link.managed)?.is_empty(),
        Code::NoCustomerOwner,
        link.managed,
    );
    // A customer asks to part as often as it likes.
    if next == Some(Stage::DelinkRequestedByManager) {
        world.bar_asking(actor, link.manager, [link.managed.uuid()], &mut bars)?;
    }
    bars.lift()?;

    Ok(match (act, next) {
        (_, Some(Stage::Delinked)) => link::end(world, &link, EndCause::Delinked)?.into(),
        (DelinkAct::Request, _) => {
            let lapses = terms.policy.delink_request_days.filter(|_| ends.is_none());
            let expires = lapses.map(|days| world.at.plus_days(days));
            let requested = Event::DelinkRequested { link: id, by, expires, ends };
            Decision::leading_to(requested, link::announced_with(world, &link, ends))
        }
        (DelinkAct::Reject, _) => Event::DelinkRejected { link: id, by }.into(),
        (DelinkAct::Cancel, _) => {
            let canceled = Event::DelinkCanceled { link: id, by };
            Decision::leading_to(canceled, link::announced_with(world, &link, None))
        }
        (DelinkAct::Accept | DelinkAct::Resend, _) => Event::DelinkResent { link: id, by }.into(),
    })
}

const fn code(obstacle: DelinkObstacle) -> Code {
    match obstacle {
        DelinkObstacle::Ended => Code::LinkEnded,
        DelinkObstacle::NoRequest => Code::NoDelinkRequest,
        DelinkObstacle::AlreadyRequested => Code::AlreadyRequested,
        DelinkObstacle::OwnRequest => Code::OwnRequest,
        DelinkObstacle::NotYourRequest => Code::NotYourRequest,
    }
}
