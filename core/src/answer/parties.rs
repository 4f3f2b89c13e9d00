//! What the two sides of a link are told of it and of what they ask each other on it: links,
//! proposals, moves. To whoever is kept off what is managed, there is none of it (T-9).

use super::asked::AskedWorld;
use super::page::{Seal, Turn};
use super::tenant::{across, by_end, is_wanted, strands};
use crate::base::ids::{LinkId, TenantId};
use crate::base::text::Number;
use crate::model::permission::{CUSTOMERS_ADD, CUSTOMERS_LIST, DEVICES_VIEW, LINK_RESPOND, TENANT_VIEW};
use crate::model::{HandshakeState, Link, Move, Party, Proposal};
use crate::query::{
    DelinkRequestRow, LinkRow, Links, MoveRow, Moves, Organisation, Page, ProposalRow, Proposals,
};
use crate::rules::{Ruling, unless_refused};
use crate::sight::Sight;
use crate::view::{Any, Index, Key, ViewError};

/// What one has to hold to list a tenant's links on one of its sides, and where they stand.
pub(super) const fn side_of_links(it: &Links) -> (&'static str, Index, Party) {
    match it.filter.manages {
        true => (CUSTOMERS_LIST, Index::LinkManager, Party::Manager),
        false => (TENANT_VIEW, Index::LinkManaged, Party::Customer),
    }
}

/// The links of a tenant on one of its sides, those in force first. Of a world in which what is due
/// about them has happened. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not view it or list its customers ([`Sight::may`]),
/// `foreign_cursor`, `invalid_limit`.
pub(super) fn links(sight: &Sight<'_>, seal: Seal, it: &Links) -> Ruling<Page<LinkRow>> {
    let Links { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    let (permission, index, side) = side_of_links(it);
    sight.may(permission, tenant)?;
    let turn = Turn::of(seal, &("links", tenant, filter), paging)?;
    let strands = by_end(filter.ended, |ended| (index, Key::new().id(tenant.uuid()).flag(!ended)));
    turn.page(turn.walk::<Link>(sight.world().view, strands).map(|link| {
        let (place, link) = link?;
        Ok(link_row(sight, &link, side)?.map(|row| (place, row)))
    }))
}

/// The other side of what stands between two, or waits there: today it is there for whoever is from
/// further up, for they remember nothing of what was between others.
fn between(
    sight: &Sight<'_>,
    tenant: TenantId,
    other: TenantId,
    stands: bool,
) -> Result<Option<(Number, Option<Organisation>)>, ViewError> {
    let stands = stands && (sight.is_home(tenant) || sight.knows_today(other)?);
    across(sight, tenant, other, stands)
}

/// Whether a link, and what is asked on it, is there for the actor.
fn is_told_of(sight: &Sight<'_>, link: LinkId) -> Result<bool, ViewError> {
    Ok(unless_refused(sight.link(link))?.is_some())
}

fn link_row(sight: &Sight<'_>, link: &Link, side: Party) -> Result<Option<LinkRow>, ViewError> {
    // Who manages now is there for whoever is managed, as whom one manages is.
    let across = between(sight, link.side(side), link.side(side.other()), link.stage.is_in_force())?;
    let Some((number, other)) = across else { return Ok(None) };
    let row = LinkRow {
        link: link.id,
        number,
        other,
        management: link.management.clone(),
        services: link.services.clone(),
        stage: link.stage,
        status: link.stage.status().to_owned(),
        since: link.since,
        expires: link.term.as_ref().map(|term| term.expires),
        delink_ends: link.delink_ends,
        ended: link.ended.as_ref().map(|ended| ended.at),
        cause: link.ended.as_ref().map(|ended| ended.cause),
    };
    Ok(is_told_of(sight, link.id)?.then_some(row))
}

/// A delink request that awaits its answer, as the side that asked sees it; nothing, where its link
/// is not there for the actor.
pub(super) fn delink_request_row(
    sight: &Sight<'_>,
    link: &Link,
    by: Party,
) -> Result<Option<DelinkRequestRow>, ViewError> {
    let across = between(sight, link.side(by), link.side(by.other()), true)?;
    let (Some((number, other)), Some(asked)) = (across, link.delink_asked) else { return Ok(None) };
    let (expires, ends) = (link.delink_expires, link.delink_ends);
    let row = DelinkRequestRow { link: link.id, number, other, asked, expires, ends };
    Ok(is_told_of(sight, link.id)?.then_some(row))
}

/// What one has to hold to list what a tenant proposed, or was proposed to, and where that stands.
const fn side_of_proposals(it: &Proposals) -> (&'static str, Index) {
    match it.filter.sent {
        true => (CUSTOMERS_ADD, Index::ProposalManager),
        false => (LINK_RESPOND, Index::ProposalManaged),
    }
}

/// What a tenant proposed on its links, or was proposed to, by when it was, each as it is once what
/// is due about it has happened. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not make or answer them ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn proposals(
    asked: &AskedWorld<'_>,
    sight: &Sight<'_>,
    it: &Proposals,
) -> Ruling<Page<ProposalRow>> {
    let Proposals { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    let (permission, index) = side_of_proposals(it);
    sight.may(permission, tenant)?;
    let turn = Turn::of(asked.seal, &("proposals", tenant, filter), paging)?;
    let strands = strands(index, tenant, filter.state);
    turn.page(turn.walk::<Proposal>(sight.world().view, strands).map(|proposal| {
        let (place, proposal) = proposal?;
        let row = asked.told_of(sight, Any::Proposal(proposal), |sight, found| match found {
            Any::Proposal(proposal) => proposal_row(sight, &proposal, filter.sent),
            _ => Ok(None),
        })?;
        Ok(row.filter(|row| is_wanted(filter.state, row.state)).map(|row| (place, row)))
    }))
}

/// A proposal as the side that made it sees it, or the other one; nothing, where its link is not
/// there for the actor.
pub(super) fn proposal_row(
    sight: &Sight<'_>,
    proposal: &Proposal,
    sent: bool,
) -> Result<Option<ProposalRow>, ViewError> {
    let (manager, managed) = (proposal.manager, proposal.managed);
    let (tenant, other) = if sent { (manager, managed) } else { (managed, manager) };
    let state = proposal.handshake.state_at(sight.world().at);
    let Some((number, other)) = between(sight, tenant, other, state == HandshakeState::Pending)? else {
        return Ok(None);
    };
    let row = ProposalRow {
        proposal: proposal.id,
        link: proposal.link,
        number,
        other,
        content: proposal.content.clone(),
        state,
        asked: proposal.handshake.asked,
        expires: proposal.handshake.expires,
    };
    Ok(is_told_of(sight, proposal.link)?.then_some(row))
}

/// The moves that a tenant asked others to approve, or was asked to, by when it was, each as it is
/// once what is due about it has happened. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its devices ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn moves(asked: &AskedWorld<'_>, sight: &Sight<'_>, it: &Moves) -> Ruling<Page<MoveRow>> {
    let Moves { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(DEVICES_VIEW, tenant)?;
    let turn = Turn::of(asked.seal, &("moves", tenant, filter), paging)?;
    let index = if filter.sent { Index::MoveManager } else { Index::MoveCustomer };
    let strands = strands(index, tenant, filter.state);
    turn.page(turn.walk::<Move>(sight.world().view, strands).map(|found| {
        let (place, found) = found?;
        let row = asked.told_of(sight, Any::Move(found), |sight, found| match found {
            Any::Move(found) => move_row(sight, &found, filter.sent),
            _ => Ok(None),
        })?;
        Ok(row.filter(|row| is_wanted(filter.state, row.state)).map(|row| (place, row)))
    }))
}

/// A move as the side that asked for it sees it, or the other one; nothing, where its link is not
/// there for the actor.
pub(super) fn move_row(sight: &Sight<'_>, found: &Move, sent: bool) -> Result<Option<MoveRow>, ViewError> {
    let (manager, customer) = (found.manager, found.customer);
    let (tenant, other) = if sent { (manager, customer) } else { (customer, manager) };
    let state = found.handshake.state_at(sight.world().at);
    let Some((number, other)) = between(sight, tenant, other, state == HandshakeState::Pending)? else {
        return Ok(None);
    };
    let row = MoveRow {
        id: found.id,
        link: found.link,
        number,
        other,
        devices: found.devices.clone(),
        state,
        asked: found.handshake.asked,
        expires: found.handshake.expires,
    };
    Ok(is_told_of(sight, found.link)?.then_some(row))
}
