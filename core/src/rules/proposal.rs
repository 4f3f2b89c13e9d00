//! What is proposed on a living link (L-6, L-9, P-13): more services, a later end, the terms of
//! today. At once where the manager needs nobody's word; else a handshake, and this is all of it.
//! Reads a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::Gate;
use super::authority;
use super::handshake;
use super::ids::NewIds;
use super::link::{announced_with_term, bar_term, for_manager, overlaps};
use super::world::{Bars, Decision, Ruling, World, refuse, unless_refused};
use crate::base::ids::ProposalId;
use crate::base::text::Service;
use crate::command::{
    AcceptProposal, AddServices, CancelProposal, DeclineProposal, ProposeTerms, RenewLink, ResendProposal,
};
use crate::event::Event;
use crate::model::machine::HandshakeTrigger;
use crate::model::permission::{CUSTOMERS_ADD, LINK_RESPOND};
use crate::model::{Actor, Link, Party, Proposal, ProposalContent, TermRequest};
use crate::policy::{AddedServices, PolicyVersion, Terms};
use crate::refusal::Code;
use crate::view::ViewError;

/// Manages more services by a link, or asks to (L-6).
///
/// # Errors
/// Those of [`link::for_manager`] and [`propose`]; `no_services`, `unknown_service`,
/// `services_overlap`, `nothing_to_do`.
pub(crate) fn add_services(world: &World<'_>, actor: &Actor, command: &AddServices) -> Ruling<Decision> {
    let link = for_manager(world, actor, command.link)?;
    let mut bars = Bars::new();
    let mut veiled = Bars::new();
    let services = bar_services(world, &link, &command.services, &mut bars, &mut veiled)?;
    let terms = world.agreed(&link)?;
    let notified = terms.rule().is_some_and(|rule| rule.added_services == AddedServices::Notify);
    let asked = !notified && has_a_say(world, &link)?;
    let content = ProposalContent::Services(services.clone());
    let proposed = propose(world, actor, (&link, command.proposal, content, asked), (bars, veiled))?;
    Ok(proposed.map_or_else(|| added(&link, services), Decision::from))
}

/// Moves a link's end to a later moment, or asks to (L-9).
///
/// # Events
/// `link_expiring`, where it is to end soon.
///
/// # Errors
/// Those of [`link::for_manager`] and [`propose`]; `no_term`, `term_unclear`, `term_too_long`,
/// `end_not_later`.
pub(crate) fn renew(world: &World<'_>, actor: &Actor, command: &RenewLink) -> Ruling<Decision> {
    let link = for_manager(world, actor, command.link)?;
    let mut bars = Bars::new();
    bar_renewal(world, &link, command.term, &mut bars);
    let asked = has_a_say(world, &link)?;
    let content = ProposalContent::Term(command.term);
    let proposed = propose(world, actor, (&link, command.proposal, content, asked), (bars, Bars::new()))?;
    Ok(proposed.map_or_else(|| renewed(world, &link, command.term), Decision::from))
}

/// Moves a link to the terms of today, or asks to (P-13).
///
/// # Errors
/// Those of [`authority::authorize`], [`authority::side_of_link`] and [`propose`]; `wrong_actor`,
/// `ticket_required`, `customer_locked`, `nothing_to_do`, `exclusive_link`.
pub(crate) fn propose_terms(world: &World<'_>, actor: &Actor, command: &ProposeTerms) -> Ruling<Decision> {
    authority::admit(world, actor, Gate::Shut)?;
    let Some(link) = world.link(command.link)? else { return refuse(Code::UnknownLink, command.link) };
    let side = authority::side_of_link(world, actor, &link, Gate::Shut)?;
    let (before, today) = (world.agreed(&link)?, &world.policy);
    // Of a link that has ended nobody would have more, whatever the policy makes of its type by now.
    let widened = link.is_in_force(world.at)
        && match (before.terms(), Terms::of(today, &link.management)) {
            (Some(before), Some(today)) => before.are_widened_by(&today),
            _ => true,
        };
    match side {
        Some(Party::Customer) => {
            authority::authorize(world, actor, LINK_RESPOND, link.managed, Gate::Shut)?;
            if widened {
                return refuse(Code::WrongActor, "the customer's side, where the manager would have more");
            }
        }
        Some(Party::Manager) => {
            authority::authorize(world, actor, CUSTOMERS_ADD, link.manager, Gate::Shut)?;
            if widened && before.lock() {
                return refuse(Code::CustomerLocked, link.managed);
            }
        }
        None if widened && before.lock() => drop(authority::ticket(actor, "the customer's word")?),
        None => {}
    }
    let (mut bars, mut veiled) = (Bars::new(), Bars::new());
    bar_terms(world, &link, today, &mut bars, &mut veiled)?;
    let asked = widened && !before.lock();
    let content = ProposalContent::Terms { terms: today.terms, management: link.management.clone() };
    let proposed = propose(world, actor, (&link, command.proposal, content, asked), (bars, veiled))?;
    Ok(proposed.unwrap_or(Event::TermsChanged { link: link.id, terms: today.terms }).into())
}

/// Notes what stands in the way of other terms, now and at acceptance; what tells of other managers
/// by itself.
fn bar_terms(
    world: &World<'_>,
    link: &Link,
    next: &PolicyVersion,
    bars: &mut Bars,
    veiled: &mut Bars,
) -> Result<(), ViewError> {
    let same = world.agreed(link)?.terms() == Terms::of(next, &link.management);
    bars.bar(same, Code::NothingToDo, link.id);
    let alone = next.management(&link.management).is_none_or(|rule| rule.exclusive);
    veiled.bar(alone && world.links_above(link.managed)?.len() > 1, Code::ExclusiveLink, link.managed);
    Ok(())
}

/// Whether there is anybody whose word it takes: a customer that is locked out has none, and one
/// that never had a super admin has nobody who could give it. One whose super admins are merely
/// blocked has.
fn has_a_say(world: &World<'_>, link: &Link) -> Result<bool, ViewError> {
    let had_owner = world.tenant(link.managed)?.is_some_and(|tenant| tenant.had_owner);
    Ok(had_owner && !world.locks(link)?)
}

/// Lifts the bars, and proposes something where the managed side is `asked`.
///
/// # Errors
/// The first of the bars, `link_ended`, `nil_id`, `id_taken`. Of asking: `no_customer_owner`,
/// `already_proposed`, `too_many_requests`; `cannot_be_asked` in place of what is the tenant's own
/// affair.
fn propose(
    world: &World<'_>,
    actor: &Actor,
    (link, id, content, asked): (&Link, Option<ProposalId>, ProposalContent, bool),
    (mut bars, mut veiled): (Bars, Bars),
) -> Ruling<Option<Event>> {
    let id = NewIds::of(world).take(id, &mut bars)?;
    // How the customer stands once the link has ended is its own affair.
    let in_force = link.is_in_force(world.at);
    bars.bar(!in_force, Code::LinkEnded, link.id);
    if asked && in_force {
        bar_nobody_there(world, link, &mut veiled)?;
        for other in world.pending_proposals(link.id)? {
            bars.bar(other.content.is_like(&content), Code::AlreadyProposed, link.id);
        }
        world.bar_asking(actor, link.manager, [link.managed.uuid()], &mut bars)?;
    }
    if in_force {
        bars.join_veiled(veiled, actor, link.managed);
    }
    bars.lift()?;
    Ok(asked.then(|| Event::Proposed {
        proposal: id,
        link: link.id,
        manager: link.manager,
        managed: link.managed,
        content,
        expires: world.at.plus_days(world.policy.link_request_days),
        sender: handshake::sent_by(actor, Some(link.manager)),
    }))
}

fn bar_nobody_there(world: &World<'_>, link: &Link, bars: &mut Bars) -> Result<(), ViewError> {
    bars.bar(world.super_admins(link.managed)?.is_empty(), Code::NoCustomerOwner, link.managed);
    Ok(())
}

/// Notes what stands in the way of more services, now and at acceptance; what tells of other
/// managers by itself. Hands on those that are not there yet.
fn bar_services(
    world: &World<'_>,
    link: &Link,
    wanted: &BTreeSet<Service>,
    bars: &mut Bars,
    veiled: &mut Bars,
) -> Result<BTreeSet<Service>, ViewError> {
    world.bar_services(wanted, bars);
    let mut others = world.links_above(link.managed)?;
    others.retain(|other| other.id != link.id);
    veiled.bar(overlaps(&others, wanted), Code::ServicesOverlap, link.managed);
    let services: BTreeSet<Service> = wanted.difference(&link.services).cloned().collect();
    bars.bar(services.is_empty() && !wanted.is_empty(), Code::NothingToDo, link.id);
    Ok(services)
}

/// Notes what stands in the way of a later end, now and at acceptance.
fn bar_renewal(world: &World<'_>, link: &Link, term: TermRequest, bars: &mut Bars) {
    bar_term(world, term, bars);
    match &link.term {
        None => bars.bar(true, Code::NoTerm, link.id),
        Some(before) => {
            let end = term.starting(world.at).expires;
            bars.bar(end <= before.expires, Code::EndNotLater, end);
        }
    }
}

fn added(link: &Link, services: BTreeSet<Service>) -> Decision {
    Event::ServicesAdded { link: link.id, services }.into()
}

/// A link has another term, and with it what its end has to be announced by already.
fn renewed(world: &World<'_>, link: &Link, term: TermRequest) -> Decision {
    let term = term.starting(world.at);
    let announced = announced_with_term(world, link, Some(term.clone()));
    Decision::leading_to(Event::LinkRenewed { link: link.id, term }, announced)
}

/// Says yes to what is proposed (L-3). Every guard is checked again.
///
/// # Events
/// `link_expiring`, where the link is to end soon.
///
/// # Errors
/// Those of [`resolve`]; `ticket_required`, `proposal_not_pending`, `proposal_expired`, and what
/// stands in the way by now: `no_customer_owner`, `unknown_service`, `services_overlap`, `no_term`,
/// `term_too_long`, `end_not_later`, `exclusive_link`, `nothing_to_do`.
pub(crate) fn accept(world: &World<'_>, actor: &Actor, command: &AcceptProposal) -> Ruling<Decision> {
    let (found, link) = resolve(world, actor, command.proposal, Party::Customer)?;
    handshake::bar(world, &*found, HandshakeTrigger::Accept)?;
    if !handshake::proposal_stands(world, &found)? {
        return refuse(Code::ProposalNotPending, found.id);
    }
    let mut bars = Bars::new();
    bar_nobody_there(world, &link, &mut bars)?;
    let then = match &found.content {
        ProposalContent::Services(services) => {
            let mut others = Bars::new();
            let services = bar_services(world, &link, services, &mut bars, &mut others)?;
            bars.join(others);
            added(&link, services)
        }
        ProposalContent::Term(term) => {
            bar_renewal(world, &link, *term, &mut bars);
            renewed(world, &link, *term)
        }
        ProposalContent::Terms { terms, .. } => {
            let mut others = Bars::new();
            bar_terms(world, &link, &*world.agreed_policy(*terms)?, &mut bars, &mut others)?;
            bars.join(others);
            Event::TermsChanged { link: link.id, terms: *terms }.into()
        }
    };
    bars.lift()?;
    Ok(Decision::leading_to(Event::ProposalAccepted { proposal: found.id }, then.events))
}

/// Says no to what is proposed (L-3).
///
/// # Errors
/// Those of [`resolve`]; `ticket_required`, `proposal_not_pending`, `proposal_expired`.
pub(crate) fn decline(world: &World<'_>, actor: &Actor, command: &DeclineProposal) -> Ruling<Decision> {
    let (found, _) = resolve(world, actor, command.proposal, Party::Customer)?;
    handshake::answer(
        world,
        &*found,
        HandshakeTrigger::Decline,
        Event::ProposalDeclined { proposal: found.id },
    )
}

/// Takes a proposal back (L-3).
///
/// # Errors
/// Those of [`resolve`]; `proposal_not_pending`, `proposal_expired`.
pub(crate) fn cancel(world: &World<'_>, actor: &Actor, command: &CancelProposal) -> Ruling<Decision> {
    let (found, _) = resolve(world, actor, command.proposal, Party::Manager)?;
    handshake::answer(
        world,
        &*found,
        HandshakeTrigger::Cancel,
        Event::ProposalCanceled { proposal: found.id },
    )
}

/// Reminds the asked side of a proposal (L-3).
///
/// # Errors
/// Those of [`resolve`]; `proposal_not_pending`, `proposal_expired`, `too_many_requests`.
pub(crate) fn resend(world: &World<'_>, actor: &Actor, command: &ResendProposal) -> Ruling<Decision> {
    let (found, _) = resolve(world, actor, command.proposal, Party::Manager)?;
    handshake::bar_reminder(world, actor, &*found, (found.manager, found.managed))?;
    let sender = handshake::sent_by(actor, Some(found.manager));
    Ok(Event::ProposalResent { proposal: found.id, sender }.into())
}

/// Finds a proposal and its link for the party whose turn it is. It is there for those for whom
/// the link is.
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_proposal`, `wrong_actor` to the other side; to an
/// operator who answers, what a missing ticket is refused with.
fn resolve(
    world: &World<'_>,
    actor: &Actor,
    id: ProposalId,
    turn: Party,
) -> Ruling<(Arc<Proposal>, Arc<Link>)> {
    let gate = Gate::of_turn(turn);
    authority::admit(world, actor, gate)?;
    let Some(found) = world.view.get::<Proposal>(id.uuid())? else {
        return refuse(Code::UnknownProposal, id);
    };
    let Some(link) = world.link(found.link)? else { return refuse(Code::UnknownProposal, id) };
    let Some(side) = unless_refused(authority::side_of_link(world, actor, &link, gate))? else {
        return refuse(Code::UnknownProposal, id);
    };
    match side {
        None if turn == Party::Customer => drop(authority::ticket(actor, "the customer's answer")?),
        None => {}
        Some(side) if side != turn => return refuse(Code::WrongActor, format_args!("the {side}'s side")),
        Some(Party::Customer) => authority::authorize(world, actor, LINK_RESPOND, found.managed, gate)?,
        Some(Party::Manager) => authority::authorize(world, actor, CUSTOMERS_ADD, found.manager, Gate::Shut)?,
    }
    Ok((found, link))
}
