//! What whoever asks is told of themselves: who they are, what they may do, what they asked
//! for.

use super::asked::AskedWorld;
use super::page::Turn;
use super::parties::{delink_request_row, move_row, proposal_row};
use super::tenant::{invitation_row, link_request_row, manager_invitation_row, organisation};
use crate::base::ids::TenantId;
use crate::model::permission::{
    CUSTOMERS_ADD, CUSTOMERS_DELINK, DEVICES_VIEW, LINK_RESPOND, USERS_MANAGE, USERS_VIEW,
};
use crate::model::{AddressChange, HandshakeState, Party, Personal};
use crate::query::{
    AddressChangeRow, AskedByMe, AskedRow, HeldPermission, MyPermissions, Page, Paging, Profile, Requested,
};
use crate::refusal::{Code, Refusal};
use crate::rules::effective::held;
use crate::rules::{Ruling, unless_refused};
use crate::sight::Sight;
use crate::view::{Any, Index, Key, ViewError};

/// What is kept about the user who asks.
///
/// # Errors
/// `wrong_actor` for anybody but a user.
pub(super) fn profile(sight: &Sight<'_>) -> Ruling<Profile> {
    let viewer = sight.person()?;
    let world = sight.world();
    let (user, home) = (world.user(viewer.id)?, world.living(viewer.home)?);
    let (Some(user), Some(home), Some(named)) = (user, home, organisation(sight, viewer.home)?) else {
        return Err(Refusal::new(Code::UnknownUser, viewer.id).into());
    };
    let Personal { name, email, new_email, .. } = sight.oneself()?;
    Ok(Profile {
        user: user.id,
        name,
        email,
        new_email,
        home: named,
        kind: home.kind,
        state: world.user_state(&user)?,
        role: world.assignment(user.id, home.id)?.map(|assignment| assignment.role.clone()),
        since: user.since,
    })
}

/// What the user who asks may do on a tenant, as checks say.
///
/// # Errors
/// `wrong_actor` for anybody but a user, `unknown_tenant`.
pub(super) fn permissions(sight: &Sight<'_>, it: &MyPermissions) -> Ruling<Vec<HeldPermission>> {
    sight.person()?;
    let held = held(sight.allowed(it.tenant)?);
    if held.is_empty() && !sight.sees(it.tenant)? {
        return Err(Refusal::new(Code::UnknownTenant, it.tenant).into());
    }
    Ok(held)
}

/// What the user who asks sent, and what their organisation did, the last first; each as the list
/// of its kind shows it once what is due about it has happened, and to those who may read that.
/// Costs the rows shown.
///
/// # Errors
/// `wrong_actor` for anybody but a user, `foreign_cursor`, `invalid_limit`.
pub(super) fn asked(asked: &AskedWorld<'_>, sight: &Sight<'_>, it: &AskedByMe) -> Ruling<Page<AskedRow>> {
    let viewer = sight.person()?;
    let paging = Paging { descending: !it.paging.descending, ..it.paging.clone() };
    let turn = Turn::of(asked.seal, &("asked", viewer.id), &paging)?;
    let senders = [Key::new().id(viewer.id.uuid()), Key::new().id(viewer.home.uuid())];
    turn.page(turn.merged(sight.world().view, Index::HandshakeSender, senders).map(|found| {
        let Some((place, any)) = found? else { return Ok(None) };
        // What is due takes no right that a check still gives: who is not told is not told of it
        // afterwards either. And with a link that time has ended goes what was asked about it.
        let is_over = matches!(&any, Any::Link(link) if link.has_lapsed(sight.world().at));
        if is_over || !may_read(sight, &any)? {
            return Ok(None);
        }
        let row = asked.told_of(sight, any, asked_row)?;
        Ok(row.map(|(tenant, what)| (place, AskedRow { tenant, what })))
    }))
}

/// Whether the lists of what was asked are told to whoever asks, of its sender's side.
fn may_read(sight: &Sight<'_>, any: &Any) -> Result<bool, ViewError> {
    let (permission, tenant) = match any {
        Any::LinkRequest(it) => (CUSTOMERS_ADD, it.manager),
        Any::ManagerInvitation(it) => (LINK_RESPOND, it.tenant),
        Any::Proposal(it) => (CUSTOMERS_ADD, it.manager),
        Any::Move(it) => (DEVICES_VIEW, it.manager),
        Any::Invitation(it) => (USERS_VIEW, it.tenant),
        Any::Link(it) => match it.stage.requester() {
            Some(Party::Manager) => (CUSTOMERS_DELINK, it.manager),
            Some(Party::Customer) => (LINK_RESPOND, it.managed),
            None => return Ok(false),
        },
        // Told to whom it is about, whatever they may.
        _ => return Ok(true),
    };
    Ok(sight.might(permission, tenant)?.is_some())
}

/// For which tenant something was asked, and what became of it, to whom [`may_read`] lets; nothing,
/// where that is not told.
fn asked_row(sight: &Sight<'_>, any: Any) -> Result<Option<(TenantId, Requested)>, ViewError> {
    Ok(match any {
        Any::LinkRequest(it) => {
            link_request_row(sight, &it, true)?.map(|row| (it.manager, Requested::LinkRequest(row)))
        }
        Any::ManagerInvitation(it) => manager_invitation_row(sight, &it, true)?
            .map(|row| (it.tenant, Requested::ManagerInvitation(row))),
        Any::Proposal(it) => {
            proposal_row(sight, &it, true)?.map(|row| (it.manager, Requested::Proposal(row)))
        }
        Any::Move(it) => move_row(sight, &it, true)?.map(|row| (it.manager, Requested::Move(row))),
        Any::Invitation(it) => match sight.might(USERS_VIEW, it.tenant)? {
            Some(open) => Some((it.tenant, Requested::Invitation(invitation_row(open, &it)?))),
            None => None,
        },
        Any::AddressChange(it) => address_row(sight, &it)?.map(|row| (it.home, Requested::Address(row))),
        Any::Link(it) => match it.stage.requester() {
            Some(by) => delink_request_row(sight, &it, by)?.map(|row| (it.side(by), Requested::Delink(row))),
            None => None,
        },
        _ => None,
    })
}

/// A change of address as whoever asked for it sees it: they themselves, or who manages users
/// there.
fn address_row(sight: &Sight<'_>, it: &AddressChange) -> Result<Option<AddressChangeRow>, ViewError> {
    let world = sight.world();
    let Some(user) = world.user(it.user)? else { return Ok(None) };
    let state = it.handshake.state_at(world.at);
    let own = sight.viewer().is_some_and(|viewer| viewer.id == user.id);
    let new_email = match sight.might(USERS_MANAGE, it.home)? {
        _ if own => unless_refused(sight.oneself())?.and_then(|known| known.new_email),
        Some(open) => open.person(&user)?.new_email,
        None => return Ok(None),
    };
    Ok(Some(AddressChangeRow {
        user: user.id,
        new_email: new_email.filter(|_| state == HandshakeState::Pending),
        state,
        asked: it.handshake.asked,
        expires: it.handshake.expires,
    }))
}
