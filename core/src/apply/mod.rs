//! Events become entities: the only thing that changes state. Total on every record that decoded:
//! an event about something that is not there changes nothing. Never judges; [`crate::decide`] did.

mod device;
mod kept;
mod list;

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::ids::{
    InvitationId, LicenceId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId, TenantId, UserId,
};
use crate::base::text::{DeviceId, Prefix};
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::machine::{HandshakeTrigger, OperationTrigger, UserTrigger};
use crate::model::{
    Added, AddressChange, AlertRule, Asked, Assignment, Attachment, BarredManager, Device, Ended, Handshake,
    HandshakeState, Hold, Integration, Invitation, KeptId, Licence, Link, LinkRequest, ManagerInvitation,
    Move, Operation, Party, Proposal, Refusals, ResellerRow, ResellerStatus, RestingPrefix, Role, RoleRef,
    Session, Stage, Subject, Temporary, Tenant, Term, User, UserState, announced_by,
};
use crate::policy::{Policy, PolicyVersion};
use crate::view::{Any, Entity, Index, Key, Kind, Span, View, ViewError, Write};

/// The entities that change when `event` happens at `at`.
///
/// # Errors
/// When the view cannot be read.
pub fn apply(view: &dyn View, event: &Event, at: Timestamp) -> Result<Vec<Write>, ViewError> {
    let mut changes = happened(view, event, at)?;
    list::follow(view, &mut changes)?;
    Ok(changes)
}

fn happened(view: &dyn View, event: &Event, at: Timestamp) -> Result<Vec<Write>, ViewError> {
    let change = match event {
        Event::PolicySet { policy } => return policy_set(view, policy),

        Event::TenantRegistered { tenant, number, kind, name, country, website, prefix, personal: _ } => {
            let mut changes = prefix_moves(view, None, prefix.as_ref(), at)?;
            changes.extend(put(Tenant {
                id: *tenant,
                number: number.clone(),
                kind: *kind,
                name: name.clone(),
                country: country.clone(),
                website: website.clone(),
                prefix: prefix.clone(),
                operation: Operation::Enabled,
                holds: Default::default(),
                devices: 0,
                had_owner: false,
                since: at,
                deleted: None,
            }));
            return Ok(changes);
        }
        Event::TenantEdited { tenant, name, country, website, prefix, personal: _ } => {
            let Some(mut it) = view.get::<Tenant>(tenant.uuid())?.map(Arc::unwrap_or_clone) else {
                return Ok(Vec::new());
            };
            if let Some(name) = name {
                it.name = name.clone();
            }
            country.apply_to(&mut it.country);
            website.apply_to(&mut it.website);
            let before = it.prefix.clone();
            prefix.apply_to(&mut it.prefix);
            let mut changes = prefix_moves(view, before.as_ref(), it.prefix.as_ref(), at)?;
            changes.extend(put(it));
            return Ok(changes);
        }
        Event::TenantKindChanged { tenant, kind, ticket: _ } => {
            edit_tenant(view, *tenant, |it| it.kind = *kind)?
        }
        Event::TenantHeld { tenant, hold, link } => held(view, *tenant, *hold, *link, true)?,
        Event::TenantReleased { tenant, hold, link } => {
            let mut changes = counted(view, releasing(view, *tenant, *hold, *link)?, tenant.uuid(), at)?;
            changes.extend(held(view, *tenant, *hold, *link, false)?);
            return Ok(changes);
        }
        Event::TenantDisabled { tenant } => operate(view, *tenant, OperationTrigger::Disable)?,
        Event::TenantEnabling { tenant } => operate(view, *tenant, OperationTrigger::Enable)?,
        Event::TenantEnabled { tenant } => operate(view, *tenant, OperationTrigger::Ready)?,
        Event::TenantDeleted { tenant } => {
            let mut changes = device::holder_deleted(view, *tenant)?;
            let held = view.get::<Tenant>(tenant.uuid())?;
            let held = held.as_ref().and_then(|tenant| tenant.prefix.as_ref());
            changes.extend(prefix_moves(view, held, None, at)?);
            changes.extend(edit_tenant(view, *tenant, |it| {
                it.prefix = None;
                it.deleted = Some(at);
                it.devices = 0;
            })?);
            return Ok(changes);
        }

        Event::ManagerInvited { invitation, tenant, manager, expires, sender } => {
            let mut changes = counted(view, sender.map(|_| *tenant), manager.uuid(), at)?;
            changes.extend(put(ManagerInvitation {
                id: *invitation,
                tenant: *tenant,
                manager: *manager,
                handshake: asked(at, *expires, *sender),
            }));
            return Ok(changes);
        }
        Event::ManagerInvitationResent { invitation, sender } => {
            let Some(found) = view.get::<ManagerInvitation>(invitation.uuid())? else {
                return Ok(Vec::new());
            };
            let mut changes = counted(view, sender.map(|_| found.tenant), found.manager.uuid(), at)?;
            changes.extend(taken_up(found, *sender, |it| &mut it.handshake));
            return Ok(changes);
        }
        Event::ManagerInvitationWithdrawn { invitation } => {
            answer_manager(view, *invitation, HandshakeTrigger::Withdraw)?
        }
        Event::ManagerInvitationAccepted { invitation } => {
            answer_manager(view, *invitation, HandshakeTrigger::Accept)?
        }
        Event::ManagerInvitationDeclined { invitation } => {
            answer_manager(view, *invitation, HandshakeTrigger::Decline)?
        }
        Event::ManagerInvitationCanceled { invitation } => {
            answer_manager(view, *invitation, HandshakeTrigger::Cancel)?
        }
        Event::ManagerInvitationExpired { invitation } => {
            answer_manager(view, *invitation, HandshakeTrigger::Expire)?
        }
        Event::ManagerBarred { tenant, manager } => {
            put(BarredManager { tenant: *tenant, manager: *manager, since: at })
        }
        Event::ManagerAdmitted { tenant, manager } => {
            view.load(Kind::BarredManager, BarredManager::key(*tenant, *manager))?.map(Write::Remove)
        }
        Event::LinkRequested {
            request,
            manager,
            managed,
            management,
            terms,
            services,
            term,
            expires,
            sender,
            invited,
        } => {
            let by = sender.filter(|_| !invited).map(|_| *manager);
            let mut changes = counted(view, by, managed.uuid(), at)?;
            changes.extend(put(LinkRequest {
                id: *request,
                manager: *manager,
                managed: *managed,
                management: management.clone(),
                terms: *terms,
                services: services.clone(),
                term: *term,
                handshake: asked(at, *expires, *sender),
            }));
            return Ok(changes);
        }
        Event::LinkRequestResent { request, sender } => {
            let Some(found) = view.get::<LinkRequest>(request.uuid())? else { return Ok(Vec::new()) };
            let mut changes = counted(view, sender.map(|_| found.manager), found.managed.uuid(), at)?;
            changes.extend(taken_up(found, *sender, |it| &mut it.handshake));
            return Ok(changes);
        }
        Event::LinkRequestWithdrawn { request } => answer_link(view, *request, HandshakeTrigger::Withdraw)?,
        Event::LinkRequestAccepted { request } => answer_link(view, *request, HandshakeTrigger::Accept)?,
        Event::LinkRequestDeclined { request } => answer_link(view, *request, HandshakeTrigger::Decline)?,
        Event::LinkRequestCanceled { request } => answer_link(view, *request, HandshakeTrigger::Cancel)?,
        Event::LinkRequestExpired { request } => answer_link(view, *request, HandshakeTrigger::Expire)?,
        Event::LinkCreated { link, manager, managed, management, terms, services, term } => put(Link {
            id: *link,
            manager: *manager,
            managed: *managed,
            management: management.clone(),
            terms: *terms,
            services: services.clone(),
            grants: Default::default(),
            stage: Stage::Active,
            holds: false,
            delink_asked: None,
            delink_expires: None,
            delink_ends: None,
            since: at,
            announced_days: term.as_ref().and_then(|term| announced_by(term.expires, at)),
            term: term.clone(),
            ended: None,
        }),
        Event::LinkConverted { link, management } => {
            edit_link(view, *link, |it| it.management = management.clone())?
        }
        Event::TermsChanged { link, terms } => edit_link(view, *link, |it| it.terms = *terms)?,
        Event::ServicesAdded { link, services } => {
            edit_link(view, *link, |it| it.services.extend(services.iter().cloned()))?
        }
        Event::Proposed { proposal, link, manager, managed, content, expires, sender } => {
            let mut changes = counted(view, sender.map(|_| *manager), managed.uuid(), at)?;
            changes.extend(put(Proposal {
                id: *proposal,
                link: *link,
                manager: *manager,
                managed: *managed,
                content: content.clone(),
                handshake: asked(at, *expires, *sender),
            }));
            return Ok(changes);
        }
        Event::ProposalResent { proposal, sender } => {
            let Some(found) = view.get::<Proposal>(proposal.uuid())? else { return Ok(Vec::new()) };
            let mut changes = counted(view, sender.map(|_| found.manager), found.managed.uuid(), at)?;
            changes.extend(taken_up(found, *sender, |it| &mut it.handshake));
            return Ok(changes);
        }
        Event::ProposalWithdrawn { proposal } => {
            answer_proposal(view, *proposal, HandshakeTrigger::Withdraw)?
        }
        Event::ProposalAccepted { proposal } => answer_proposal(view, *proposal, HandshakeTrigger::Accept)?,
        Event::ProposalDeclined { proposal } => answer_proposal(view, *proposal, HandshakeTrigger::Decline)?,
        Event::ProposalCanceled { proposal } => answer_proposal(view, *proposal, HandshakeTrigger::Cancel)?,
        Event::ProposalExpired { proposal } => answer_proposal(view, *proposal, HandshakeTrigger::Expire)?,
        Event::ServiceRemoved { link, service, ticket: _ } => edit_link(view, *link, |it| {
            it.services.remove(service);
        })?,
        Event::ManagerGrantsSet { link, grants } => {
            let mut changes = given(view, *link, |before| !grants.is_subset(&before.grants), at)?;
            changes.extend(edit_link(view, *link, |it| it.grants = grants.clone())?);
            return Ok(changes);
        }
        Event::AutoExtendSet { link, days } => {
            let mut changes = given(view, *link, |_| days.is_some(), at)?;
            let set = |term: &mut Term| term.auto_extend_days = *days;
            changes.extend(edit_link(view, *link, |it| reschedule_term(it, at, set))?);
            return Ok(changes);
        }
        Event::LinkExpiring { link, days } => edit_link(view, *link, |it| it.announced_days = Some(*days))?,
        Event::LinkExtended { link, expires } => {
            edit_link(view, *link, |it| reschedule_term(it, at, |term| term.expires = *expires))?
        }

        Event::LinkRenewed { link, term } => {
            edit_link(view, *link, |it| reschedule_term(it, at, |it| *it = term.clone()))?
        }

        Event::DelinkRequested { link, by, expires, ends } => {
            let mut changes = parting(view, *link, *by, at)?;
            changes.extend(edit_link(view, *link, |it| {
                it.stage = Stage::requested(*by);
                it.delink_asked = Some(at);
                it.delink_expires = *expires;
                reschedule_notice(it, at, *ends);
            })?);
            return Ok(changes);
        }
        Event::DelinkResent { link, by } => return parting(view, *link, *by, at),
        Event::DelinkRejected { link, by: _ }
        | Event::DelinkCanceled { link, by: _ }
        | Event::DelinkExpired { link } => edit_link(view, *link, |it| {
            it.stage = Stage::Active;
            it.delink_asked = None;
            it.delink_expires = None;
            reschedule_notice(it, at, None);
        })?,
        Event::LinkEnded { link, cause, kept_off } => {
            let mut changes = device::link_ended(view, *link)?;
            // What time ended did so then, whenever somebody came by to record it.
            let due = view.get::<Link>(link.uuid())?.and_then(|link| link.ends_at());
            let at = due.map_or(at, |due| due.min(at));
            let ended = Ended { at, cause: *cause, kept_off: kept_off.clone() };
            changes.extend(edit_link(view, *link, |it| end(it, ended))?);
            return Ok(changes);
        }

        Event::UserInvited { invitation, user, tenant, role, below, masked, sign_up, expires, sender } => {
            let mut changes = counted(view, inviting(view, *sender)?, user.uuid(), at)?;
            let user = User { id: *user, home: *tenant, state: UserState::Invited, since: at };
            let invitation = Invitation {
                id: *invitation,
                user: user.id,
                tenant: *tenant,
                role: role.clone(),
                below: *below,
                masked: *masked,
                sign_up: *sign_up,
                handshake: asked(at, *expires, *sender),
            };
            changes.extend([Write::Put(user.into()), Write::Put(invitation.into())]);
            return Ok(changes);
        }
        Event::InvitationResent { invitation, masked, sender } => {
            let Some(found) = view.get::<Invitation>(invitation.uuid())? else { return Ok(Vec::new()) };
            let mut changes = counted(view, inviting(view, *sender)?, found.user.uuid(), at)?;
            if found.masked != *masked || sender.is_some_and(|sender| found.handshake.sender != Some(sender))
            {
                let mut found = Arc::unwrap_or_clone(found);
                found.masked = *masked;
                found.handshake.sender = sender.or(found.handshake.sender);
                changes.extend(put(found));
            }
            return Ok(changes);
        }
        Event::InvitationWithdrawn { invitation } => {
            return answer_invitation(view, *invitation, HandshakeTrigger::Withdraw, UserTrigger::Withdraw);
        }
        Event::InvitationAccepted { invitation } => {
            return answer_invitation(view, *invitation, HandshakeTrigger::Accept, UserTrigger::Join);
        }
        Event::InvitationDeclined { invitation } => {
            return answer_invitation(view, *invitation, HandshakeTrigger::Decline, UserTrigger::Withdraw);
        }
        Event::InvitationRevoked { invitation } => {
            return answer_invitation(view, *invitation, HandshakeTrigger::Revoke, UserTrigger::Withdraw);
        }
        Event::InvitationExpired { invitation } => {
            return answer_invitation(view, *invitation, HandshakeTrigger::Expire, UserTrigger::Withdraw);
        }
        Event::UserRegistered { user, home } => {
            put(User { id: *user, home: *home, state: UserState::Active, since: at })
        }
        Event::UserEdited { user: _, personal: _ } => None,
        Event::AddressRequested { user, expires, sender } => {
            let Some(found) = view.get::<User>(user.uuid())? else { return Ok(Vec::new()) };
            let mut changes = counted(view, inviting(view, *sender)?, user.uuid(), at)?;
            let handshake = asked(at, *expires, *sender);
            changes.extend(put(AddressChange { user: *user, home: found.home, handshake }));
            return Ok(changes);
        }
        Event::AddressResent { user, sender } => {
            let Some(found) = view.get::<AddressChange>(user.uuid())? else { return Ok(Vec::new()) };
            let mut changes = counted(view, inviting(view, *sender)?, user.uuid(), at)?;
            changes.extend(taken_up(found, *sender, |it| &mut it.handshake));
            return Ok(changes);
        }
        Event::AddressConfirmed { user } => answer_address(view, *user, HandshakeTrigger::Accept)?,
        Event::AddressCanceled { user } => answer_address(view, *user, HandshakeTrigger::Cancel)?,
        Event::AddressExpired { user } => answer_address(view, *user, HandshakeTrigger::Expire)?,
        Event::AddressWithdrawn { user } => answer_address(view, *user, HandshakeTrigger::Withdraw)?,
        Event::UserBlocked { user } => move_user(view, *user, UserTrigger::Block)?,
        Event::UserUnblocked { user } => {
            let mut changes: Vec<Write> = move_user(view, *user, UserTrigger::Unblock)?.into_iter().collect();
            if let Some(found) = view.get::<User>(user.uuid())?
                && let Some(at_home) = given_to(view, *user, found.home)?
                && let Some(at_home) = at_home.in_force(at)
            {
                changes.extend(owned(view, &found, &at_home)?);
            }
            return Ok(changes);
        }
        Event::UserRemoved { user } => move_user(view, *user, UserTrigger::Remove)?,

        Event::Assigned { user, tenant, role, below, masked } => {
            let (user, tenant, role) = (*user, *tenant, role.clone());
            let assignment = Assignment::standing(user, tenant, role, *below, *masked);
            let before = given_to(view, user, tenant)?;
            return assigned(view, Assignment::with_standing(before.as_deref(), assignment), at);
        }
        Event::AssignmentEnded { user, tenant } => {
            given_to(view, *user, *tenant)?.map(|before| match before.without_standing() {
                Some(after) => Write::Put(after.into()),
                None => Write::Remove(Any::Assignment(before)),
            })
        }
        Event::TemporaryAssigned { user, tenant, role, below, masked, starts, ends, eligible } => {
            let (user, tenant, role, below, masked) = (*user, *tenant, role.clone(), *below, *masked);
            let (starts, ends, eligible) = (*starts, *ends, *eligible);
            let begun = starts <= at;
            let laid = Temporary { role, below, masked, starts, ends, begun, eligible, activated: None };
            let before = given_to(view, user, tenant)?;
            return assigned(view, Assignment::with_laid(before.as_deref(), user, tenant, laid), at);
        }
        Event::Activated { user, tenant, of, ends, reason: _ } => {
            let before = given_to(view, *user, *tenant)?;
            return match before.and_then(|before| before.with_activated(*of, at, *ends)) {
                Some(after) => assigned(view, after, at),
                None => Ok(Vec::new()),
            };
        }
        Event::TemporaryBegun { user, tenant, ends } => {
            let Some(before) = given_to(view, *user, *tenant)? else { return Ok(Vec::new()) };
            let mut after = Arc::unwrap_or_clone(before);
            let Some(begun) = after.over.iter_mut().find(|it| it.ends == *ends) else {
                return Ok(Vec::new());
            };
            begun.begun = true;
            let moment = begun.starts;
            return assigned(view, after, moment);
        }
        Event::TemporaryEnded { user, tenant, ends } => {
            let Some(before) = given_to(view, *user, *tenant)? else { return Ok(Vec::new()) };
            // What it lay over decides from now on, and may make the tenant's first owner.
            match before.without_laid(*ends) {
                Some(after) => return assigned(view, after, at.min(*ends)),
                None => Some(Write::Remove(Any::Assignment(before))),
            }
        }
        Event::RoleCreated { role, tenant, name, permissions, by } => put(Role {
            id: *role,
            tenant: *tenant,
            name: name.clone(),
            permissions: permissions.clone(),
            created_by: *by,
            deleted: None,
        }),
        Event::RoleEdited { role, name, permissions } => edit::<Role>(view, role.uuid(), |it| {
            it.name = name.clone();
            it.permissions = permissions.clone();
        })?,
        Event::RoleDeleted { role } => edit::<Role>(view, role.uuid(), |it| it.deleted = Some(at))?,

        Event::ResellerCustomerAdded { reseller, tenant, reference } => {
            device::added(view, *reseller, *tenant, |_| {
                Some(Added { reference: reference.clone(), status: ResellerStatus::Pending, since: at })
            })?
        }
        Event::ResellerCustomerEdited { reseller, tenant, reference } => {
            device::added(view, *reseller, *tenant, |added| {
                added.map(|added| Added { reference: reference.clone(), ..added })
            })?
        }
        Event::ResellerCustomerRemoved { reseller, tenant } => {
            device::added(view, *reseller, *tenant, |_| None)?
        }
        Event::ResellerDropped { reseller, tenant } => {
            let mut changes = counted(view, Some(*tenant), reseller.uuid(), at)?;
            changes.extend(device::added(view, *reseller, *tenant, |added| {
                added.map(|added| Added { status: ResellerStatus::Inactive, ..added })
            })?);
            return Ok(changes);
        }
        Event::ResellerAdmitted { reseller, tenant } => {
            let uploads = view
                .get::<ResellerRow>(ResellerRow::key(*reseller, *tenant))?
                .is_some_and(|row| row.is_shown());
            let status = if uploads { ResellerStatus::Active } else { ResellerStatus::Pending };
            device::added(view, *reseller, *tenant, |added| added.map(|added| Added { status, ..added }))?
        }
        Event::DevicesUploaded { upload, reseller, to, devices, others } => {
            return device::uploaded(view, at, (*upload, *reseller, *to), devices, others);
        }
        Event::DevicesMoved { link, manager, customer, devices } => {
            let mut changes = device::moved(view, *link, *customer, devices)?;
            changes.extend(kept::moved(view, *manager, *customer, devices)?);
            return Ok(changes);
        }
        Event::MoveRequested { id, link, manager, customer, devices, expires, sender } => {
            let mut changes = device::moving(view, devices, Some(*id))?;
            changes.extend(counted(view, sender.map(|_| *manager), customer.uuid(), at)?);
            changes.extend(put(Move {
                id: *id,
                link: *link,
                manager: *manager,
                customer: *customer,
                devices: devices.clone(),
                handshake: asked(at, *expires, *sender),
            }));
            return Ok(changes);
        }
        Event::MoveResent { id, sender } => {
            let Some(found) = view.get::<Move>(id.uuid())? else { return Ok(Vec::new()) };
            let mut changes = counted(view, sender.map(|_| found.manager), found.customer.uuid(), at)?;
            changes.extend(taken_up(found, *sender, |it| &mut it.handshake));
            return Ok(changes);
        }
        Event::MoveWithdrawn { id } => return answer_move(view, *id, HandshakeTrigger::Withdraw),
        Event::MoveApproved { id } => return answer_move(view, *id, HandshakeTrigger::Accept),
        Event::MoveDeclined { id } => return answer_move(view, *id, HandshakeTrigger::Decline),
        Event::MoveCanceled { id } => return answer_move(view, *id, HandshakeTrigger::Cancel),
        Event::MoveExpired { id } => return answer_move(view, *id, HandshakeTrigger::Expire),
        Event::DevicesDeleted { tenant, devices } => return device::deleted(view, *tenant, devices),
        Event::UploadWithdrawn { reseller, from, devices, upload: _ } => {
            let mut changes = counted(view, Some(*reseller), from.uuid(), at)?;
            changes.extend(device::deleted(view, *from, devices)?);
            return Ok(changes);
        }

        Event::IntegrationCreated { integration, owner, kind, name } => put(Integration {
            id: *integration,
            owner: *owner,
            kind: kind.clone(),
            name: name.clone(),
            deleted: None,
        }),
        Event::IntegrationShared { integration, tenant } => view
            .get::<Integration>(integration.uuid())?
            .and_then(|it| put(Attachment { integration: it.id, owner: it.owner, tenant: *tenant })),
        Event::IntegrationDetached { integration, tenant } => {
            view.load(Kind::Attachment, Attachment::key(*integration, *tenant))?.map(Write::Remove)
        }
        Event::IntegrationDeleted { integration } => {
            edit::<Integration>(view, integration.uuid(), |it| it.deleted = Some(at))?
        }

        Event::LicenceBought { licence, buyer, tenant, service, seats, expires } => put(Licence {
            id: *licence,
            service: service.clone(),
            seats: *seats,
            used: 0,
            tenant: *tenant,
            buyer: *buyer,
            expires: *expires,
        }),
        Event::SeatsAssigned { licence, devices } => return seats(view, *licence, devices, true),
        Event::SeatsReleased { licence, devices } => return seats(view, *licence, devices, false),
        Event::AlertRuleSet { tenant, category, audience, additional } => put(AlertRule {
            tenant: *tenant,
            category: category.clone(),
            audience: *audience,
            additional: additional.clone(),
        }),

        Event::SessionOpened { session, user, tenant, service, address: _, return_to } => put(Session {
            id: *session,
            user: *user,
            tenant: *tenant,
            service: service.clone(),
            return_to: return_to.clone(),
            opened: at,
            closed: None,
        }),
        Event::SessionClosed { session, return_to: _ } | Event::SessionEnded { session } => {
            edit::<Session>(view, session.uuid(), |it| it.closed = Some(at))?
        }

        Event::ExternalIdSet { keeper, system, of, tenant, id, entry } => put(KeptId {
            keeper: *keeper,
            system: system.clone(),
            of: of.clone(),
            tenant: *tenant,
            given: id.clone(),
            entry: *entry,
            since: at,
        }),
        Event::ExternalIdRemoved { keeper, system, of, tenant: _, id, entry } => {
            let key = match id {
                Some(id) => KeptId::key_of(*keeper, system, id),
                None => KeptId::key_of_entry(*keeper, system, of.key(), entry.unwrap_or_default()),
            };
            view.load(Kind::KeptId, key)?.map(Write::Remove)
        }

        Event::PersonalErased { subject: _ } => None,
        Event::CommandRefused { by, .. } => {
            let before = view.get::<Refusals>(by.uuid())?;
            let recorded = Refusals::recorded_at(before.as_deref(), at).saturating_add(1);
            put(Refusals { user: *by, hour: at.hour(), recorded })
        }
    };
    Ok(change.into_iter().collect())
}

fn put(entity: impl Into<Any>) -> Option<Write> {
    Some(Write::Put(entity.into()))
}

fn edit<E: Entity + Into<Any>>(
    view: &dyn View,
    id: Uuid,
    change: impl FnOnce(&mut E),
) -> Result<Option<Write>, ViewError> {
    Ok(view.get::<E>(id)?.map(|entity| {
        let mut entity = Arc::unwrap_or_clone(entity);
        change(&mut entity);
        Write::Put(entity.into())
    }))
}

fn edit_tenant(
    view: &dyn View,
    id: TenantId,
    change: impl FnOnce(&mut Tenant),
) -> Result<Option<Write>, ViewError> {
    edit(view, id.uuid(), change)
}

fn edit_link(
    view: &dyn View,
    id: LinkId,
    change: impl FnOnce(&mut Link),
) -> Result<Option<Write>, ViewError> {
    edit(view, id.uuid(), change)
}

fn operate(view: &dyn View, id: TenantId, trigger: OperationTrigger) -> Result<Option<Write>, ViewError> {
    edit_tenant(view, id, |it| it.operation = it.operation.after(trigger).unwrap_or(it.operation))
}

/// A side keeps a tenant disabled, or does no longer.
fn held(
    view: &dyn View,
    tenant: TenantId,
    hold: Hold,
    link: Option<LinkId>,
    held: bool,
) -> Result<Option<Write>, ViewError> {
    match link {
        Some(link) => edit_link(view, link, |it| it.holds = held),
        None => edit_tenant(view, tenant, |it| {
            if held {
                it.holds.insert(hold);
            } else {
                it.holds.remove(&hold);
            }
        }),
    }
}

/// How many prefixes that have rested enough go when another is given back: more than one, so that
/// they never pile up.
const RESTED: usize = 2;

/// What follows when a tenant holds another prefix than before: the one rests as the policy says,
/// the other no longer does.
fn prefix_moves(
    view: &dyn View,
    before: Option<&Prefix>,
    after: Option<&Prefix>,
    at: Timestamp,
) -> Result<Vec<Write>, ViewError> {
    let mut changes = Vec::new();
    if before == after {
        return Ok(changes);
    }
    if let Some(taken) = after
        && let Some(rested) = view.get::<RestingPrefix>(RestingPrefix::key(taken))?
    {
        changes.push(Write::Remove(Any::RestingPrefix(rested)));
    }
    if let Some(prefix) = before {
        let rested = Span::up_to(Index::PrefixRests, &Key::new().time(at));
        for found in view.scan(&rested, RESTED)? {
            changes.push(Write::Remove(found.entity));
        }
        let policy = view.get::<PolicyVersion>(Uuid::nil())?.unwrap_or_default();
        if let Some(until) = policy.prefix_reuse.rest(at) {
            changes.extend(put(RestingPrefix { prefix: prefix.clone(), until }));
        }
    }
    Ok(changes)
}

const fn asked(at: Timestamp, expires: Timestamp, sender: Option<Subject>) -> Handshake {
    Handshake { state: HandshakeState::Pending, asked: at, expires, sender }
}

/// A handshake that rests on another sender from now on.
fn taken_up<E: Entity + Into<Any>>(
    entity: Arc<E>,
    sender: Option<Subject>,
    handshake: impl FnOnce(&mut E) -> &mut Handshake,
) -> Option<Write> {
    sender?;
    let mut entity = Arc::unwrap_or_clone(entity);
    let before = &mut handshake(&mut entity).sender;
    if *before == sender {
        return None;
    }
    *before = sender;
    put(entity)
}

/// The organisation for which somebody invites, or asks for another address: a person's home.
fn inviting(view: &dyn View, sender: Option<Subject>) -> Result<Option<TenantId>, ViewError> {
    Ok(match sender {
        Some(Subject::User(user)) => view.get::<User>(user.uuid())?.map(|user| user.home),
        Some(Subject::Tenant(_)) | None => None,
    })
}

/// The organisation that no longer keeps a tenant disabled; none for the operator.
fn releasing(
    view: &dyn View,
    tenant: TenantId,
    hold: Hold,
    link: Option<LinkId>,
) -> Result<Option<TenantId>, ViewError> {
    Ok(match (hold, link) {
        (_, Some(link)) => view.get::<Link>(link.uuid())?.map(|link| link.manager),
        (Hold::Own, None) => Some(tenant),
        (Hold::Operator | Hold::Manager, None) => None,
    })
}

/// Somebody was asked, or told unasked, once more by an organisation; what the operator asks is not
/// counted (L-3).
fn counted(
    view: &dyn View,
    by: Option<TenantId>,
    addressee: Uuid,
    at: Timestamp,
) -> Result<Vec<Write>, ViewError> {
    let Some(by) = by else { return Ok(Vec::new()) };
    let before = view.get::<Asked>(Asked::key(addressee, by))?;
    let count = before.map_or(0, |before| before.on_day_of(at)).saturating_add(1);
    Ok(put(Asked { addressee, by, day: at.day(), count }).into_iter().collect())
}

/// A customer was asked once more to part; how often it asks itself is not counted (L-3).
fn parting(view: &dyn View, link: LinkId, by: Party, at: Timestamp) -> Result<Vec<Write>, ViewError> {
    match view.get::<Link>(link.uuid())? {
        Some(link) if by == Party::Manager => counted(view, Some(link.manager), link.managed.uuid(), at),
        _ => Ok(Vec::new()),
    }
}

/// Something was given on a link once more, if it was, of which the other side is told (L-3).
fn given(
    view: &dyn View,
    link: LinkId,
    gives: impl FnOnce(&Link) -> bool,
    at: Timestamp,
) -> Result<Vec<Write>, ViewError> {
    match view.get::<Link>(link.uuid())? {
        Some(link) if gives(&link) => counted(view, Some(link.managed), link.id.uuid(), at),
        _ => Ok(Vec::new()),
    }
}

fn answer_link(
    view: &dyn View,
    id: LinkRequestId,
    trigger: HandshakeTrigger,
) -> Result<Option<Write>, ViewError> {
    edit::<LinkRequest>(view, id.uuid(), |it| answer(&mut it.handshake, trigger))
}

fn answer_manager(
    view: &dyn View,
    id: ManagerInvitationId,
    trigger: HandshakeTrigger,
) -> Result<Option<Write>, ViewError> {
    edit::<ManagerInvitation>(view, id.uuid(), |it| answer(&mut it.handshake, trigger))
}

fn answer_proposal(
    view: &dyn View,
    id: ProposalId,
    trigger: HandshakeTrigger,
) -> Result<Option<Write>, ViewError> {
    edit::<Proposal>(view, id.uuid(), |it| answer(&mut it.handshake, trigger))
}

fn answer_invitation(
    view: &dyn View,
    id: InvitationId,
    trigger: HandshakeTrigger,
    then: UserTrigger,
) -> Result<Vec<Write>, ViewError> {
    let Some(invitation) = view.get::<Invitation>(id.uuid())? else { return Ok(Vec::new()) };
    let mut invitation = Arc::unwrap_or_clone(invitation);
    answer(&mut invitation.handshake, trigger);
    let mut changes: Vec<Write> = move_user(view, invitation.user, then)?.into_iter().collect();
    changes.push(Write::Put(invitation.into()));
    Ok(changes)
}

fn answer_address(
    view: &dyn View,
    user: UserId,
    trigger: HandshakeTrigger,
) -> Result<Option<Write>, ViewError> {
    edit::<AddressChange>(view, user.uuid(), |it| answer(&mut it.handshake, trigger))
}

fn answer(handshake: &mut Handshake, trigger: HandshakeTrigger) {
    handshake.state = handshake.state.after(trigger).unwrap_or(handshake.state);
}

fn answer_move(view: &dyn View, id: MoveId, trigger: HandshakeTrigger) -> Result<Vec<Write>, ViewError> {
    let Some(found) = view.get::<Move>(id.uuid())? else { return Ok(Vec::new()) };
    let mut changes = device::moving(view, &found.devices, None)?;
    let mut found = Arc::unwrap_or_clone(found);
    answer(&mut found.handshake, trigger);
    changes.push(Write::Put(found.into()));
    Ok(changes)
}

fn seats(
    view: &dyn View,
    id: LicenceId,
    devices: &BTreeSet<DeviceId>,
    assign: bool,
) -> Result<Vec<Write>, ViewError> {
    let mut changes = Vec::new();
    for device in devices {
        changes.extend(edit::<Device>(view, Device::key(device), |it| it.seat = assign.then_some(id))?);
    }
    let count = u32::try_from(changes.len()).unwrap_or(u32::MAX);
    changes.extend(edit::<Licence>(view, id.uuid(), |it| {
        it.used = if assign { it.used.saturating_add(count) } else { it.used.saturating_sub(count) };
    })?);
    Ok(changes)
}

/// A policy comes into force. The one before it is kept where links may be under terms of its own.
fn policy_set(view: &dyn View, policy: &Policy) -> Result<Vec<Write>, ViewError> {
    let Some(before) = view.get::<PolicyVersion>(Uuid::nil())? else {
        return Ok(put(PolicyVersion { policy: policy.clone(), ..Default::default() }).into_iter().collect());
    };
    let mut changes = Vec::new();
    let next = before.followed_by(policy.clone());
    if next.terms != before.terms {
        changes.extend(put(PolicyVersion { superseded: true, ..Arc::unwrap_or_clone(before) }));
    }
    changes.extend(put(next));
    Ok(changes)
}

/// All that is given to a user on a tenant.
fn given_to(view: &dyn View, user: UserId, tenant: TenantId) -> Result<Option<Arc<Assignment>>, ViewError> {
    view.get(Assignment::key(user, tenant).uuid())
}

/// Something is given to a user on a tenant, who may be the tenant's first owner by what decides at
/// this moment.
fn assigned(view: &dyn View, after: Assignment, at: Timestamp) -> Result<Vec<Write>, ViewError> {
    let after = Arc::new(after);
    let mut changes = Vec::new();
    let found = view.get::<User>(after.user.uuid())?;
    if let Some(found) = found.filter(|found| found.state == UserState::Active)
        && let Some(held) = after.in_force(at)
    {
        changes.extend(owned(view, &found, &held)?);
    }
    changes.push(Write::Put(Any::Assignment(after)));
    Ok(changes)
}

/// The home of somebody active who is a super admin there by this assignment, where it never had
/// one before.
fn owned(view: &dyn View, user: &User, assignment: &Assignment) -> Result<Option<Write>, ViewError> {
    if assignment.masked || assignment.tenant != user.home {
        return Ok(None);
    }
    let policy = view.get::<PolicyVersion>(Uuid::nil())?.unwrap_or_default();
    let is_super = matches!(&assignment.role, RoleRef::Builtin(name) if *name == policy.super_role);
    let owned = view.get::<Tenant>(user.home.uuid())?.is_none_or(|tenant| tenant.had_owner);
    if !is_super || owned { Ok(None) } else { edit_tenant(view, user.home, |it| it.had_owner = true) }
}

fn move_user(view: &dyn View, id: UserId, trigger: UserTrigger) -> Result<Option<Write>, ViewError> {
    edit::<User>(view, id.uuid(), |it| it.state = it.state.after(trigger).unwrap_or(it.state))
}

/// The end that a link has by its term moves, or comes and goes.
fn reschedule_term(link: &mut Link, at: Timestamp, change: impl FnOnce(&mut Term)) {
    let before = link.ends_at();
    let Some(term) = &mut link.term else { return };
    change(term);
    let expires = term.expires;
    // Where a notice period ends it first, the term has no say in what was announced.
    match link.ends_at() {
        Some(ends) if before == Some(ends) => {}
        ends => link.announced_days = announced_by(ends.unwrap_or(expires), at),
    }
}

/// A notice period begins, or no longer runs (D-8). Of an end that moves everything is announced
/// anew.
fn reschedule_notice(link: &mut Link, at: Timestamp, ends: Option<Timestamp>) {
    let before = link.ends_at();
    link.delink_ends = ends;
    if link.ends_at() != before {
        link.announced_days = link.ends_at().and_then(|ends| announced_by(ends, at));
    }
}

fn end(link: &mut Link, ended: Ended) {
    link.stage = Stage::Delinked;
    link.delink_asked = None;
    link.delink_expires = None;
    link.delink_ends = None;
    link.holds = false;
    link.grants.clear();
    link.ended = Some(ended);
}
