//! Who is about to reach a tenant: what would give access to it, once it is answered.

use super::asked::AskedWorld;
use super::page::{Rows, Turn};
use super::parties::proposal_row;
use super::temporary::eligible_on;
use super::tenant::{invitation_row, is_wanted, link_request_row, manager_invitation_row, strands};
use crate::model::permission::{LINK_RESPOND, USERS_VIEW};
use crate::model::{HandshakeState, Invitation, LinkRequest, ManagerInvitation, Proposal};
use crate::query::{
    Arising, ArisingRow, AuditActor, LinkRequestRow, Organisation, Page, ProposalRow, Requested,
};
use crate::rules::Ruling;
use crate::sight::Sight;
use crate::view::{Any, Index};

/// What still awaits its answer.
const PENDING: Option<HandshakeState> = Some(HandshakeState::Pending);

/// What would give access to a tenant, once it is answered, by when it was asked: of a world in
/// which what is due about the links above it has happened. Each is told as its list tells it, and
/// to whoever may read that.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn of_tenant(asked: &AskedWorld<'_>, sight: &Sight<'_>, it: &Arising) -> Ruling<Page<ArisingRow>> {
    let tenant = it.tenant;
    let people = sight.may(USERS_VIEW, tenant)?;
    let answers = sight.might(LINK_RESPOND, tenant)?.is_some();
    let view = sight.world().view;
    let turn = Turn::of(asked.seal, &("arising", tenant), &it.paging)?;
    let pending = |index| strands(index, tenant, PENDING);
    let answered = |index| if answers { pending(index) } else { Vec::new() };
    let invitations = turn.walk::<Invitation>(view, pending(Index::InvitationTenant)).map(|found| {
        let (place, it) = found?;
        let row = invitation_row(people, &it)?;
        let by = sight.sender(&it.handshake)?;
        Ok(is_wanted(PENDING, row.state)
            .then_some((place, ArisingRow { what: Requested::Invitation(row), by })))
    });
    let requests = turn.walk::<LinkRequest>(view, answered(Index::RequestManaged)).map(|found| {
        let (place, it) = found?;
        let row = asked.told_of(sight, Any::LinkRequest(it), |sight, found| match found {
            Any::LinkRequest(it) => link_request_row(sight, &it, false),
            _ => Ok(None),
        })?;
        let row = row.filter(|row| is_wanted(PENDING, row.state));
        let told = |row: LinkRequestRow| (asking(row.other.as_ref()), Requested::LinkRequest(row));
        Ok(row.map(told).map(|(by, what)| (place, ArisingRow { what, by })))
    });
    let invited =
        turn.walk::<ManagerInvitation>(view, answered(Index::ManagerInvitationTenant)).map(|found| {
            let (place, it) = found?;
            let row = asked.told_of(sight, Any::ManagerInvitation(it), |sight, found| match found {
                Any::ManagerInvitation(it) => manager_invitation_row(sight, &it, true),
                _ => Ok(None),
            })?;
            let row = row.filter(|row| is_wanted(PENDING, row.state));
            let by = AuditActor::Organisation(tenant);
            Ok(row.map(Requested::ManagerInvitation).map(|what| (place, ArisingRow { what, by })))
        });
    let proposals = turn.walk::<Proposal>(view, answered(Index::ProposalManaged)).map(|found| {
        let (place, it) = found?;
        let row = asked.told_of(sight, Any::Proposal(it), |sight, found| match found {
            Any::Proposal(it) => proposal_row(sight, &it, false),
            _ => Ok(None),
        })?;
        let row = row.filter(|row| is_wanted(PENDING, row.state));
        let told = |row: ProposalRow| (asking(row.other.as_ref()), Requested::Proposal(row));
        Ok(row.map(told).map(|(by, what)| (place, ArisingRow { what, by })))
    });
    let eligible = turn.first_of(eligible_on(sight, tenant)?.into_iter().map(Ok))?;
    let eligible = eligible.into_iter().map(|(place, row)| {
        let by = AuditActor::Organisation(row.home);
        Ok(Some((place, ArisingRow { what: Requested::Eligible(row), by })))
    });
    let lists: Vec<Rows<'_, ArisingRow>> = vec![
        Box::new(invitations),
        Box::new(requests),
        Box::new(invited),
        Box::new(proposals),
        Box::new(eligible),
    ];
    turn.page(turn.together(lists))
}

/// The organisation that asks, as far as its row names it.
fn asking(other: Option<&Organisation>) -> AuditActor {
    other.map_or(AuditActor::Stranger, |other| AuditActor::Organisation(other.tenant))
}
