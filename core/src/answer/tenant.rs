//! What somebody is told of one tenant, and of what is theirs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::asked::AskedWorld;
use super::page::{Seal, Strand, Turn, Wanted, bounded, placed};
use crate::base::ids::{LicenceId, LinkId, MoveId, TenantId};
use crate::base::text::{Number, Permission};
use crate::model::permission::{
    ALERTS_MANAGE, AUDIT_VIEW, CUSTOMERS_ADD, CUSTOMERS_DELINK, DEVICES_MANAGE, DEVICES_VIEW, LICENCES_VIEW,
    LINK_RESPOND, TENANT_VIEW, USERS_VIEW,
};
use crate::model::{
    Assignment, BarredManager, Device, Handshake, HandshakeState, Invitation, Licence, Link, LinkRequest,
    Listing, ManagerInvitation, Move, Party, Personal, Proposal, ProposalContent, Role, RoleRef, Session,
    Tenant,
};
use crate::policy::Terms;
use crate::query::{
    AssignmentRow, Assignments, Awaited, Awaiting, AwaitingRow, BarredManagerRow, BarredManagerSort,
    BarredManagers, DeviceRow, Devices, FindDevice, FindPerson, InvitationRow, Invitations, LicenceRow,
    LicenceSort, Licences, LinkRequestRow, LinkRequests, LinkTerms, ManagerInvitationRow, ManagerInvitations,
    ManagerRow, ManagerSort, Managers, NamedUser, Organisation, Page, PlaceRow, Places, RoleRow, Roles,
    SessionRow, Sessions, Settings, TenantSettings, TermsOfLink,
};
use crate::refusal::{Code, Refusal};
use crate::rules::{Ruling, unless_refused};
use crate::sight::{Open, Sight};
use crate::view::{
    Any, Entity, Index, Key, Kind, Span, Spot, ViewError, awaiting_strand, handshake_strand, listing_strand,
    prefixes, role_strand,
};

/// A tenant's own settings.
///
/// # Errors
/// `unknown_tenant`, and why the actor may not view it ([`Sight::may`]).
pub(super) fn settings(sight: &Sight<'_>, it: &Settings) -> Ruling<TenantSettings> {
    let open = sight.may(TENANT_VIEW, it.tenant)?;
    let Some(tenant) = sight.world().living(it.tenant)? else {
        return Err(Refusal::new(Code::UnknownTenant, it.tenant).into());
    };
    Ok(TenantSettings {
        tenant: tenant.id,
        number: tenant.number.clone(),
        kind: tenant.kind,
        name: tenant.name.clone(),
        country: tenant.country.clone(),
        website: tenant.website.clone(),
        prefix: tenant.prefix.clone(),
        contact: open.contact()?,
        operation: sight.world().operation(&tenant)?,
        devices: tenant.devices,
        since: tenant.since,
    })
}

/// The tenants that a user may view, by name: their own, and what those manage. Costs the rows
/// shown, the user's own roles, and those below who manage others; with a text, instead of the rows
/// shown, those that have whichever of its words the fewest have, if these are fewer than the rows
/// up to the end of the page.
///
/// # Errors
/// `wrong_actor` for anybody but a user, `foreign_cursor`, `invalid_limit`, `text_too_long`.
pub(super) fn places(sight: &Sight<'_>, seal: Seal, it: &Places) -> Ruling<Page<PlaceRow>> {
    let viewer = sight.person()?;
    let turn = Turn::of(seal, &("places", viewer.id, &it.text), &it.paging)?;
    let text = Wanted::of(it.text.as_deref())?;
    let world = sight.world();
    let row = |tenant: TenantId| -> Result<Option<PlaceRow>, ViewError> {
        let Some(there) = world.living(tenant)? else { return Ok(None) };
        if !text.is_in(&[there.name.as_str(), there.number.as_str()])
            || sight.might(TENANT_VIEW, tenant)?.is_none()
        {
            return Ok(None);
        }
        Ok(Some(PlaceRow {
            tenant,
            name: there.name.clone(),
            number: there.number.clone(),
            kind: there.kind,
            operation: world.operation(&there)?,
        }))
    };
    let own = sight.own()?;
    let mut first = Vec::new();
    for tenant in &own {
        first.extend(row(*tenant)?.map(|row| ((Key::new().folded(row.name.as_str()), tenant.uuid()), row)));
    }
    let managers = sight.own_and_managers_below()?;
    let mut below = Vec::new();
    for manager in &managers {
        let of = Key::new().id(manager.uuid());
        let found = prefixes(world.view, Index::ListingName, of, listing_strand)?;
        let in_force = found.into_iter().filter(|(_, one)| one.stage.is_in_force());
        below.extend(in_force.map(|(prefix, _)| prefix));
    }
    let strands = below.iter().map(|prefix| Strand::under(Index::ListingName, prefix.clone())).collect();
    let walked = turn.walk::<Listing>(world.view, strands);
    let place = |one: &Listing| placed(one, Index::ListingName, &listing_strand(one), &Key::new());
    let rest =
        turn.narrowed(walked, text.narrower(Index::ListingWord, &below), place, |(place, listing)| {
            // Of several managers, the first of its links stands for it.
            let links = world.links_above(listing.tenant)?;
            let one = links.iter().filter(|link| managers.contains(&link.manager)).map(|link| link.id).min();
            if own.contains(&listing.tenant) || one != Some(listing.link) {
                return Ok(None);
            }
            Ok(row(listing.tenant)?.map(|row| (place, row)))
        })?;
    turn.sorted(first.into_iter().chain(rest).map(|row| Ok(Some(row))))
}

/// What awaits an answer of a user: asked of themselves, of their home, and of managers for whom
/// they may answer: their home, those on which they hold a role themselves, and the managers below
/// these. Each as it is once what is due about it has happened. Costs the rows shown, the user's
/// own roles, and those below who manage others.
///
/// # Errors
/// `wrong_actor` for anybody but a user, `foreign_cursor`, `invalid_limit`.
pub(super) fn awaiting(
    asked: &AskedWorld<'_>,
    sight: &Sight<'_>,
    it: &Awaiting,
) -> Ruling<Page<AwaitingRow>> {
    let viewer = sight.person()?;
    let turn = Turn::of(asked.seal, &("awaiting", viewer.id), &it.paging)?;
    let (world, home) = (sight.world(), viewer.home);
    let above = world.links_above(home)?;
    let is_above = |link: LinkId| above.iter().any(|above| above.id == link);
    let answers = sight.might(LINK_RESPOND, home)?.is_some();
    let moves = sight.might(DEVICES_MANAGE, home)?.is_some();
    let (mut invited, mut below) = (Vec::new(), BTreeMap::new());
    for manager in sight.own_and_managers_below()? {
        if sight.might_ask(manager)? {
            invited.push(manager);
        }
        if sight.might(CUSTOMERS_DELINK, manager)?.is_some() {
            below.insert(manager, sight.below(manager)?);
        }
    }
    // What has lapsed awaits nothing, whether or not that was recorded.
    let strand = |of: TenantId, kind: Kind| {
        let all = Strand::under(Index::Awaiting, awaiting_strand(of, kind));
        let span = all.span.at_least(all.prefix.clone().flag(false).time(world.at));
        Strand { span, ..all }
    };
    let at_home = |may: bool, kind: Kind| may.then(|| strand(home, kind)).into_iter().collect();
    let is_pending = |handshake: &Handshake| handshake.state_at(world.at) == HandshakeState::Pending;
    let row = |what, tenant, by, expires| {
        let by = organisation(sight, by)?;
        Ok(by.map(|by| AwaitingRow { what, tenant, by, expires }))
    };
    let placed = |place: Spot, row: Result<Option<AwaitingRow>, ViewError>| Ok(row?.map(|row| (place, row)));
    let due = |any| asked.told_of(sight, any, |_, any| Ok(Some(any)));
    let mut own = Vec::new();
    if let Some((email, by, expires)) = sight.own_address()? {
        let place = (Key::new().flag(false).time(expires), viewer.id.uuid());
        own.push(placed(place, row(Awaited::Address { email }, home, by, Some(expires))));
    }
    let requests = turn.walk::<LinkRequest>(world.view, at_home(answers, Kind::LinkRequest)).map(|found| {
        let (place, found) = found?;
        let Some(Any::LinkRequest(found)) = due(Any::LinkRequest(found))? else { return Ok(None) };
        let LinkRequest { id: request, manager, management, services, term, handshake, .. } =
            Arc::unwrap_or_clone(found);
        let what = Awaited::LinkRequest { request, management, services, term };
        match is_pending(&handshake) {
            true => placed(place, row(what, home, manager, Some(handshake.expires))),
            false => Ok(None),
        }
    });
    let proposals = turn.walk::<Proposal>(world.view, at_home(answers, Kind::Proposal)).map(|found| {
        let (place, found) = found?;
        let Some(Any::Proposal(found)) = due(Any::Proposal(found))? else { return Ok(None) };
        let Proposal { id: proposal, link, manager, content, handshake, .. } = Arc::unwrap_or_clone(found);
        let what = Awaited::Proposal { proposal, link, content };
        match is_pending(&handshake) && is_above(link) {
            true => placed(place, row(what, home, manager, Some(handshake.expires))),
            false => Ok(None),
        }
    });
    let moves = turn.walk::<Move>(world.view, at_home(moves, Kind::Move)).map(|found| {
        let (place, found) = found?;
        let Some(Any::Move(found)) = due(Any::Move(found))? else { return Ok(None) };
        let Move { id, link, manager, devices, handshake, .. } = Arc::unwrap_or_clone(found);
        match is_pending(&handshake) && is_above(link) {
            true => placed(place, row(Awaited::Move { id, devices }, home, manager, Some(handshake.expires))),
            false => Ok(None),
        }
    });
    let invited = invited.into_iter().map(|manager| strand(manager, Kind::ManagerInvitation)).collect();
    let invitations = turn.walk::<ManagerInvitation>(world.view, invited).map(|found| {
        let (place, found) = found?;
        let found = due(Any::ManagerInvitation(found))?;
        let Some(Any::ManagerInvitation(found)) = found else { return Ok(None) };
        let ManagerInvitation { id: invitation, tenant, manager, handshake } = Arc::unwrap_or_clone(found);
        if !is_pending(&handshake)
            || !sight.is_of_the_manager(manager, tenant)?
            || sight.is_kept_off(manager, tenant)?
        {
            return Ok(None);
        }
        let what = Awaited::ManagerInvitation { invitation };
        placed(place, row(what, manager, tenant, Some(handshake.expires)))
    });
    let parted = below.keys().copied().chain((answers && !below.contains_key(&home)).then_some(home));
    let parted = parted.map(|tenant| strand(tenant, Kind::Link)).collect();
    let delinks = turn.walk::<Link>(world.view, parted).map(|found| {
        let (place, found) = found?;
        let Some(Any::Link(link)) = due(Any::Link(found))? else { return Ok(None) };
        let (of, by) = match link.stage.requester() {
            Some(Party::Manager) if link.managed == home && answers => (home, link.manager),
            Some(Party::Customer) if link.managed != home => match below.get(&link.manager) {
                Some(below) if below.has(link.managed)? && unless_refused(sight.link(link.id))?.is_some() => {
                    (link.manager, link.managed)
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let what = Awaited::Delink { link: link.id, ends: link.delink_ends };
        placed(place, row(what, of, by, link.delink_expires))
    });
    let own = turn.first_of(own.into_iter())?;
    turn.page(turn.together(vec![
        Box::new(own.into_iter().map(|row| Ok(Some(row)))),
        Box::new(requests),
        Box::new(proposals),
        Box::new(moves),
        Box::new(invitations),
        Box::new(delinks),
    ]))
}

/// Who manages a tenant, as far as they are there for the actor. Of a world in which everything due
/// has happened.
///
/// # Errors
/// `unknown_tenant`, why the actor may not view it ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn managers(sight: &Sight<'_>, seal: Seal, it: &Managers) -> Ruling<Page<ManagerRow>> {
    let Managers { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(TENANT_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("managers", tenant, filter), paging)?;
    turn.sorted(world.links_above(tenant)?.into_iter().map(|link| {
        let wanted = filter.service.as_ref().is_none_or(|service| link.services.contains(service))
            && filter.management.as_ref().is_none_or(|management| link.management == *management);
        if !wanted || !sight.knows(tenant, link.manager)? {
            return Ok(None);
        }
        let Some(manager) = organisation(sight, link.manager)? else { return Ok(None) };
        let key = match filter.sort {
            ManagerSort::Name => Key::new().folded(manager.name.as_str()),
            ManagerSort::Since => Key::new().time(link.since),
        };
        let place = (key, link.id.uuid());
        let row = ManagerRow {
            link: link.id,
            manager,
            management: link.management.clone(),
            services: link.services.clone(),
            grants: link.grants.clone(),
            stage: link.stage,
            status: link.stage.status().to_owned(),
            since: link.since,
            expires: link.term.as_ref().map(|term| term.expires),
            delink_ends: link.delink_ends,
        };
        Ok(Some((place, row)))
    }))
}

/// The link requests that a tenant sent, or was sent, by when they were. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not send or answer them ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn link_requests(
    asked: &AskedWorld<'_>,
    sight: &Sight<'_>,
    it: &LinkRequests,
) -> Ruling<Page<LinkRequestRow>> {
    let LinkRequests { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    let (permission, index) = match filter.sent {
        true => (CUSTOMERS_ADD, Index::RequestManager),
        false => (LINK_RESPOND, Index::RequestManaged),
    };
    sight.may(permission, tenant)?;
    let world = sight.world();
    let turn = Turn::of(asked.seal, &("link_requests", tenant, filter), paging)?;
    let strands = strands(index, tenant, filter.state);
    turn.page(turn.walk::<LinkRequest>(world.view, strands).map(|request| {
        let (place, request) = request?;
        let row = asked.told_of(sight, Any::LinkRequest(request), |sight, found| match found {
            Any::LinkRequest(request) => link_request_row(sight, &request, filter.sent),
            _ => Ok(None),
        })?;
        Ok(row.filter(|row| is_wanted(filter.state, row.state)).map(|row| (place, row)))
    }))
}

/// A link request as the side that sent it sees it, or the one that was sent it; nothing, where it
/// is not there for the actor.
pub(super) fn link_request_row(
    sight: &Sight<'_>,
    request: &LinkRequest,
    sent: bool,
) -> Result<Option<LinkRequestRow>, ViewError> {
    let (tenant, other) =
        if sent { (request.manager, request.managed) } else { (request.managed, request.manager) };
    let shown = match sent {
        true => sees_asked(sight, request)?,
        false => sight.is_home(tenant) || sight.knows(tenant, other)?,
    };
    let state = request.handshake.state_at(sight.world().at);
    let waits = waits(sight, tenant, request, |it| &it.handshake)?;
    let Some((number, other)) = across(sight, tenant, other, waits)?.filter(|_| shown) else {
        return Ok(None);
    };
    Ok(Some(LinkRequestRow {
        request: request.id,
        number,
        other,
        management: request.management.clone(),
        services: request.services.clone(),
        term: request.term,
        state,
        asked: request.handshake.asked,
        expires: request.handshake.expires,
    }))
}

/// The invitations by which a tenant was asked to become a manager, or asked others, by when they
/// were sent. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not send or answer them ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn manager_invitations(
    asked: &AskedWorld<'_>,
    sight: &Sight<'_>,
    it: &ManagerInvitations,
) -> Ruling<Page<ManagerInvitationRow>> {
    let ManagerInvitations { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    let (permission, index) = match filter.sent {
        true => (LINK_RESPOND, Index::ManagerInvitationTenant),
        false => (CUSTOMERS_ADD, Index::ManagerInvitationManager),
    };
    sight.may(permission, tenant)?;
    let world = sight.world();
    let turn = Turn::of(asked.seal, &("manager_invitations", tenant, filter), paging)?;
    let strands = strands(index, tenant, filter.state);
    turn.page(turn.walk::<ManagerInvitation>(world.view, strands).map(|invitation| {
        let (place, invitation) = invitation?;
        let row = asked.told_of(sight, Any::ManagerInvitation(invitation), |sight, found| match found {
            Any::ManagerInvitation(invitation) => manager_invitation_row(sight, &invitation, filter.sent),
            _ => Ok(None),
        })?;
        Ok(row.filter(|row| is_wanted(filter.state, row.state)).map(|row| (place, row)))
    }))
}

/// A manager's invitation as the side that sent it sees it, or the one that was sent it; nothing,
/// where it is not there for the actor.
pub(super) fn manager_invitation_row(
    sight: &Sight<'_>,
    invitation: &ManagerInvitation,
    sent: bool,
) -> Result<Option<ManagerInvitationRow>, ViewError> {
    let (tenant, other) =
        if sent { (invitation.tenant, invitation.manager) } else { (invitation.manager, invitation.tenant) };
    let shown = match sent {
        true => sight.is_home(tenant) || sight.knows(tenant, other)?,
        // Those who ask may be further up themselves.
        false => {
            (sight.is_home(other) || sight.is_of_the_manager(tenant, other)?)
                && !sight.is_kept_off(tenant, other)?
        }
    };
    let state = invitation.handshake.state_at(sight.world().at);
    let waits = waits(sight, tenant, invitation, |it| &it.handshake)?;
    let Some((number, other)) = across(sight, tenant, other, waits)?.filter(|_| shown) else {
        return Ok(None);
    };
    let Handshake { asked, expires, .. } = invitation.handshake;
    Ok(Some(ManagerInvitationRow { invitation: invitation.id, number, other, state, asked, expires }))
}

/// The MSPs that a tenant keeps from asking to manage it. Costs all of them, who are a thousand at
/// most.
///
/// # Errors
/// `unknown_tenant`, why the actor may not bar them ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`, `text_too_long`.
pub(super) fn barred_managers(
    sight: &Sight<'_>,
    seal: Seal,
    it: &BarredManagers,
) -> Ruling<Page<BarredManagerRow>> {
    let BarredManagers { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(LINK_RESPOND, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("barred_managers", tenant, filter), paging)?;
    let text = Wanted::of(filter.text.as_deref())?;
    let barred = Key::new().id(tenant.uuid());
    turn.sorted(world.view.under::<BarredManager>(Index::BarredManagerTenant, barred).map(|barred| {
        let barred = barred?;
        let manager = world.tenant(barred.manager)?.filter(|_| sight.is_home(tenant));
        let Some(number) = manager.map(|manager| manager.number.clone()) else { return Ok(None) };
        let key = match filter.sort {
            BarredManagerSort::Since => Key::new().time(barred.since),
            BarredManagerSort::Number => Key::new().text(number.as_str()),
        };
        let wanted = text.is_in(&[number.as_str()]);
        let row = BarredManagerRow { number, since: barred.since };
        Ok(wanted.then_some(((key, barred.id()), row)))
    }))
}

/// Whether the actor is told of a request that a manager sent: whoever is kept off the tenant that
/// came to be managed, or was until it no longer was, is not, nor of a past in which it had yet to
/// come to that; nor is anybody from further up for whom the manager is not there (T-9).
fn sees_asked(sight: &Sight<'_>, request: &LinkRequest) -> Result<bool, ViewError> {
    let is_there = sight.is_home(request.manager) || sight.still_knows(request.manager)?;
    Ok(is_there
        && !sight.is_kept_off(request.manager, request.managed)?
        && sight.has_link_if_any(LinkId::from_uuid(request.id.uuid()))?)
}

/// The roles that can be given at a tenant. Costs all of them.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`, `text_too_long`.
pub(super) fn roles(sight: &Sight<'_>, seal: Seal, it: &Roles) -> Ruling<Page<RoleRow>> {
    let Roles { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(USERS_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("roles", tenant, filter), paging)?;
    let text = Wanted::of(filter.text.as_deref())?;
    let wanted = |name: &str, permissions: &BTreeSet<Permission>| {
        text.is_in(&[name]) && filter.permission.as_ref().is_none_or(|one| permissions.contains(one))
    };
    let builtin = world.policy.roles.iter().map(|role| {
        let row = RoleRow {
            role: RoleRef::Builtin(role.name.clone()),
            name: None,
            permissions: role.permissions.clone(),
        };
        let wanted = wanted(role.name.as_str(), &role.permissions);
        Ok(wanted.then_some(((Key::new().flag(false).folded(role.name.as_str()), Uuid::nil()), row)))
    });
    let own = world.view.under::<Role>(Index::RoleTenant, Key::new().id(tenant.uuid())).map(|role| {
        let role = role?;
        let row = RoleRow {
            role: RoleRef::Custom(role.id),
            name: Some(role.name.clone()),
            permissions: role.permissions.clone(),
        };
        let wanted = wanted(role.name.as_str(), &role.permissions);
        Ok(wanted.then_some(((Key::new().flag(true).folded(role.name.as_str()), role.id.uuid()), row)))
    });
    turn.sorted(builtin.chain(own))
}

/// Who holds which role on a tenant itself, as far as their organisation is there for the actor. Of
/// a world in which what is due about its links has happened. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn assignments(sight: &Sight<'_>, seal: Seal, it: &Assignments) -> Ruling<Page<AssignmentRow>> {
    let Assignments { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(USERS_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("assignments", tenant, filter), paging)?;
    let on = match &filter.role {
        Some(role) => role_strand(tenant, role),
        None => Key::new().id(tenant.uuid()),
    };
    // Of several roles, they stand under the one that decides.
    let stands = |place: &Spot, held: &Assignment| {
        let key = on.clone().then(&place.0);
        filter.user.is_some() || key.as_bytes().starts_with(role_strand(tenant, &held.role).as_bytes())
    };
    let row = |found: Result<(Spot, Arc<Assignment>), ViewError>| {
        let (place, given) = found?;
        let Some(held) = given.in_force(world.at).filter(|held| stands(&place, held)) else {
            return Ok(None);
        };
        if filter.role.as_ref().is_some_and(|role| held.role != *role) {
            return Ok(None);
        }
        let Some(user) = world.user(held.user)? else { return Ok(None) };
        if user.home != tenant && !sight.still_knows(user.home)? {
            return Ok(None);
        }
        let open = sight.might(USERS_VIEW, user.home)?;
        let Personal { name, email, .. } = match &open {
            Some(open) => open.person(&user)?,
            None => Personal::default(),
        };
        let told = open.is_some() || sight.is_home(user.home);
        let row = AssignmentRow {
            user: told.then_some(user.id),
            home: user.home,
            name,
            email,
            role: held.role.clone(),
            below: held.below,
            masked: held.masked,
            ends: given.laid_at(world.at).map(|laid| laid.ends),
        };
        let wanted = filter.user.is_none_or(|user| row.user == Some(user));
        Ok(wanted.then_some((place, row)))
    };
    if let Some(user) = filter.user {
        let given = world.given(user, tenant)?;
        return turn.sorted(given.into_iter().map(|given| row(Ok(((Key::new(), user.uuid()), given)))));
    }
    let held = Strand::under(Index::AssignmentTenant, on.clone());
    turn.page(turn.walk::<Assignment>(world.view, vec![held]).map(row))
}

/// The invitations to a tenant, by when they were sent. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn invitations(sight: &Sight<'_>, seal: Seal, it: &Invitations) -> Ruling<Page<InvitationRow>> {
    let Invitations { tenant, filter, paging, .. } = it;
    let open = sight.may(USERS_VIEW, *tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("invitations", tenant, filter), paging)?;
    let strands = strands(Index::InvitationTenant, *tenant, filter.state);
    turn.page(turn.walk::<Invitation>(world.view, strands).map(|invitation| {
        let (place, invitation) = invitation?;
        let row = invitation_row(open, &invitation)?;
        Ok(Some(row).filter(|row| is_wanted(filter.state, row.state)).map(|row| (place, row)))
    }))
}

/// An invitation to a tenant whose users the actor may see.
pub(super) fn invitation_row(open: Open<'_>, invitation: &Invitation) -> Result<InvitationRow, ViewError> {
    let Personal { name, email, .. } = match open.world().user(invitation.user)? {
        Some(user) => open.person(&user)?,
        None => Personal::default(),
    };
    Ok(InvitationRow {
        invitation: invitation.id,
        user: invitation.user,
        name,
        email,
        role: invitation.role.clone(),
        below: invitation.below,
        sign_up: invitation.sign_up,
        state: invitation.handshake.state_at(open.world().at),
        asked: invitation.handshake.asked,
        expires: invitation.handshake.expires,
    })
}

/// What both sides of a link agreed to.
///
/// # Errors
/// `unknown_link` to whoever is on neither side, and why the actor may not view the managed tenant
/// ([`Sight::may`]).
pub(super) fn link_terms(sight: &Sight<'_>, it: &LinkTerms) -> Ruling<TermsOfLink> {
    let link = sight.link(it.link)?;
    sight.may(TENANT_VIEW, link.managed)?;
    let world = sight.world();
    let agreed = world.agreed(&link)?.terms();
    let today = Terms::of(&world.policy, &link.management);
    let today = today.filter(|today| agreed.as_ref() != Some(today) && link.is_in_force(world.at));
    let widened = match (&agreed, &today) {
        (Some(agreed), Some(today)) => agreed.are_widened_by(today),
        _ => false,
    };
    let mut proposed = None;
    for proposal in world.pending_proposals(link.id)? {
        if let ProposalContent::Terms { terms, management } = &proposal.content {
            proposed = Terms::of(&*world.agreed_policy(*terms)?, management);
        }
    }
    Ok(TermsOfLink { link: link.id, agreed, today, widened, proposed })
}

/// The devices that a tenant holds. Costs the rows shown; of a licence, its devices, if these are
/// fewer, and of those with a seat, all that have one. Those without are looked for one after the
/// other, and so are those with a seat where the tenant has more than a few licences.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its devices ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`, `text_too_long`.
pub(super) fn devices(sight: &Sight<'_>, seal: Seal, it: &Devices) -> Ruling<Page<DeviceRow>> {
    let Devices { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(DEVICES_VIEW, tenant)?;
    let turn = Turn::of(seal, &("devices", tenant, filter), paging)?;
    let begins = bounded(filter.text.as_deref())?.unwrap_or_default().trim();
    let (view, prefix) = (sight.world().view, Key::new().id(tenant.uuid()));
    let span = Span::under(Index::DeviceHolder, prefix.clone().beginning(begins));
    let walked = Strand { span, prefix: prefix.clone(), lead: Key::new() };
    let of = |licence: LicenceId| Span::under(Index::DeviceSeat, Key::new().id(licence.uuid()));
    let mut narrower: Vec<Vec<Span>> = filter.licence.map(|licence| vec![of(licence)]).into_iter().collect();
    // Who has a seat has it of a licence that serves the holder.
    if filter.seated == Some(true) && filter.licence.is_none() {
        let licences = view.scan(&Span::under(Index::LicenceTenant, prefix.clone()), FEW_LICENCES)?;
        if licences.len() < FEW_LICENCES {
            narrower.push(licences.iter().map(|found| of(LicenceId::from_uuid(found.id))).collect());
        }
    }
    let place = |one: &Device| placed(one, Index::DeviceHolder, &prefix, &Key::new());
    let shown = DeviceRows::to(sight);
    let rows =
        turn.narrowed(turn.walk::<Device>(view, vec![walked]), narrower, place, |(place, device)| {
            if !device.id.as_str().starts_with(begins) {
                return Ok(None);
            }
            let row = shown.row(device)?;
            let wanted = filter.licence.is_none_or(|licence| row.seat == Some(licence))
                && filter.seated.is_none_or(|seated| row.seat.is_some() == seated);
            Ok(wanted.then_some((place, row)))
        })?;
    turn.page(rows.into_iter().map(|row| Ok(Some(row))))
}

/// Of a tenant with so many licences, those who have a seat are not looked for by licence.
const FEW_LICENCES: usize = 32;

/// The person with an address whom the actor may name for a tenant's alerts.
///
/// # Errors
/// `unknown_tenant`, why the actor may not name anybody ([`Sight::may`]).
pub(super) fn person(sight: &Sight<'_>, it: &FindPerson) -> Ruling<Option<NamedUser>> {
    sight.may(ALERTS_MANAGE, it.tenant)?;
    let Some(user) = sight.named(it.tenant, &it.email)? else { return Ok(None) };
    let Personal { name, email, .. } = match sight.might(USERS_VIEW, user.home)? {
        Some(open) => open.person(&user)?,
        None => Personal::default(),
    };
    Ok(Some(NamedUser { user: user.id, home: user.home, name, email }))
}

/// One device, by any of its ids.
///
/// # Errors
/// When the world cannot be read.
pub(super) fn device(sight: &Sight<'_>, it: &FindDevice) -> Ruling<Option<DeviceRow>> {
    let Some(device) = sight.world().view.device(Device::key(&it.device))? else { return Ok(None) };
    match sight.might(DEVICES_VIEW, device.holder)? {
        Some(_) => Ok(Some(DeviceRows::to(sight).row(device)?)),
        None => Ok(None),
    }
}

/// Rows of devices, without a licence or a move that is not there for the actor (T-9).
struct DeviceRows<'s> {
    sight: &'s Sight<'s>,
    // Whether they are there: a licence seats many.
    licences: RefCell<BTreeMap<LicenceId, bool>>,
}

impl<'s> DeviceRows<'s> {
    fn to(sight: &'s Sight<'s>) -> Self {
        Self { sight, licences: RefCell::default() }
    }

    fn row(&self, device: Arc<Device>) -> Result<DeviceRow, ViewError> {
        let Device { id, others, holder, mut seat, mut moving, .. } = Arc::unwrap_or_clone(device);
        if let Some(licence) = seat {
            let known = self.licences.borrow().get(&licence).copied();
            let there = known.map_or_else(|| self.has_licence(licence), Ok)?;
            self.licences.borrow_mut().insert(licence, there);
            seat = seat.filter(|_| there);
        }
        if let Some(id) = moving {
            let awaited = self.is_moving(id)?;
            moving = moving.filter(|_| awaited);
        }
        Ok(DeviceRow { device: id, others, holder, seat, moving })
    }

    fn has_licence(&self, id: LicenceId) -> Result<bool, ViewError> {
        match self.sight.world().view.get::<Licence>(id.uuid())? {
            Some(licence) => self.sight.has_licence(&licence),
            None => Ok(false),
        }
    }

    /// Whether a move is awaited: it may have lapsed, or ended with its link, without anybody
    /// having recorded it yet.
    fn is_moving(&self, id: MoveId) -> Result<bool, ViewError> {
        let world = self.sight.world();
        let Some(found) = world.view.get::<Move>(id.uuid())? else { return Ok(false) };
        let link = unless_refused(self.sight.link(found.link))?;
        Ok(found.handshake.state_at(world.at) == HandshakeState::Pending
            && link.is_some_and(|link| link.is_in_force(world.at)))
    }
}

/// The licences that serve a tenant: to its own people all of them, to others those whose buyer is
/// there for them.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its licences ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn licences(sight: &Sight<'_>, seal: Seal, it: &Licences) -> Ruling<Page<LicenceRow>> {
    let Licences { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(LICENCES_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("licences", tenant, filter), paging)?;
    let of = Key::new().id(tenant.uuid());
    let serving = match (filter.sort, &filter.service) {
        (LicenceSort::Service, None) => Strand::under(Index::LicenceTenant, of),
        (LicenceSort::Service, Some(one)) => Strand::under(Index::LicenceTenant, of.text(one.as_str())),
        (LicenceSort::Expires, _) => Strand::under(Index::LicenceExpires, of),
    };
    turn.page(turn.walk::<Licence>(world.view, vec![serving]).map(|licence| {
        let (place, licence) = licence?;
        let wanted = filter.service.as_ref().is_none_or(|service| licence.service == *service)
            && filter.free.is_none_or(|free| (licence.used < licence.seats) == free);
        if !wanted || !sight.has_licence(&licence)? {
            return Ok(None);
        }
        let known = licence.buyer == tenant || sight.still_knows(licence.buyer)?;
        let row = LicenceRow {
            licence: licence.id,
            service: licence.service.clone(),
            seats: licence.seats,
            used: licence.used,
            buyer: known.then_some(licence.buyer),
            expires: licence.expires,
        };
        Ok(Some((place, row)))
    }))
}

/// The consoles of a tenant, of those whose organisation is there for the actor, the open ones
/// first. Of a world in which what is due about links has happened. Costs the rows shown; filters
/// are tried on one after the other.
///
/// # Errors
/// `unknown_tenant`, why the actor may not read its audit ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn sessions(sight: &Sight<'_>, seal: Seal, it: &Sessions) -> Ruling<Page<SessionRow>> {
    let Sessions { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(AUDIT_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("sessions", tenant, filter), paging)?;
    let of = |ended| {
        (if ended { Index::SessionClosed } else { Index::SessionTenant }, Key::new().id(tenant.uuid()))
    };
    turn.page(turn.walk::<Session>(world.view, by_end(filter.ended, of)).map(|session| {
        let (place, session) = session?;
        if filter.service.as_ref().is_some_and(|service| session.service != *service)
            || filter.by.is_some_and(|user| session.user != user)
        {
            return Ok(None);
        }
        let Some(by) = sight.somebody(session.user)? else { return Ok(None) };
        // Whoever shows as their organisation is not told by a filter either.
        let named = by.uuid() == session.user.uuid();
        let Session { id: session, service, opened, closed, .. } = Arc::unwrap_or_clone(session);
        let row = SessionRow { session, service, opened, by, closed };
        Ok((named || filter.by.is_none()).then_some((place, row)))
    }))
}

/// The strands of what goes on and of what has ended, in this order, as far as they are wanted.
pub(super) fn by_end(wanted: Option<bool>, of: impl Fn(bool) -> (Index, Key)) -> Vec<Strand> {
    let ends = [false, true].into_iter().filter(|ended| wanted.is_none_or(|it| it == *ended));
    let strand = |ended| {
        let (index, prefix) = of(ended);
        Strand { lead: Key::new().flag(ended), ..Strand::under(index, prefix) }
    };
    ends.map(strand).collect()
}

/// The strands of a tenant's handshakes that are in this state, or in any. What has lapsed, or has
/// ended with its link, without a record is with the pending ones.
pub(super) fn strands(index: Index, owner: TenantId, wanted: Option<HandshakeState>) -> Vec<Strand> {
    let by_time = match index {
        Index::ProposalManager | Index::ProposalManaged | Index::MoveManager | Index::MoveCustomer => {
            &[HandshakeState::Expired, HandshakeState::Withdrawn, HandshakeState::Canceled][..]
        }
        _ => &[HandshakeState::Expired],
    };
    let all = HandshakeState::ALL.iter().copied();
    let recorded = all.filter(|state| match wanted {
        None => true,
        Some(wanted) => *state == wanted || *state == HandshakeState::Pending && by_time.contains(&wanted),
    });
    recorded.map(|state| Strand::under(index, handshake_strand(owner.uuid(), state))).collect()
}

/// Whether something that stands so is wanted.
pub(super) fn is_wanted(wanted: Option<HandshakeState>, state: HandshakeState) -> bool {
    wanted.is_none_or(|wanted| wanted == state)
}

/// Whether what a tenant asked or was asked waits for its answer, as far as the actor is told:
/// today as well, where they are from further up, for they remember nothing of what was between
/// others.
fn waits<E: Entity>(
    sight: &Sight<'_>,
    tenant: TenantId,
    asked: &E,
    handshake: impl Fn(&E) -> &Handshake,
) -> Result<bool, ViewError> {
    let pending = |it: &E, at| handshake(it).state_at(at) == HandshakeState::Pending;
    Ok(pending(asked, sight.world().at)
        && (sight.is_home(tenant)
            || sight.still(|today| {
                let asked = today.view.get::<E>(asked.id())?;
                Ok(asked.is_some_and(|it| pending(&it, today.at)))
            })?))
}

/// The other side of what a tenant asked or was asked: its number for good, and how it is called
/// while the answer is awaited or it is there for the actor.
pub(super) fn across(
    sight: &Sight<'_>,
    tenant: TenantId,
    other: TenantId,
    waits: bool,
) -> Result<Option<(Number, Option<Organisation>)>, ViewError> {
    let Some(number) = sight.world().tenant(other)?.map(|other| other.number.clone()) else {
        return Ok(None);
    };
    let told = waits || sight.knows(tenant, other)?;
    Ok(Some((number, if told { organisation(sight, other)? } else { None })))
}

/// How an organisation is called; nothing, where it is not there any more.
pub(super) fn organisation(sight: &Sight<'_>, id: TenantId) -> Result<Option<Organisation>, ViewError> {
    let living = if sight.still_lives(id)? { sight.world().living(id)? } else { None };
    Ok(living.as_deref().map(named))
}

/// A tenant, as it is named.
pub(super) fn named(tenant: &Tenant) -> Organisation {
    Organisation { tenant: tenant.id, name: tenant.name.clone(), number: tenant.number.clone() }
}
