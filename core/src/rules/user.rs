//! Users and invitations (U). Reads a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::address;
use super::authority;
use super::ids::NewIds;
use super::rights::{Giver, Handed, Offer, Place, While};
use super::world::{Bars, Decision, Ruling, World, refuse};
use super::{assignment, handshake, temporary};
use crate::base::ids::{InvitationId, TenantId, UserId};
use crate::base::text::Email;
use crate::command::{
    AcceptInvitation, BlockUser, DeclineInvitation, EditUser, InviteOwner, InviteUser, Invitee, RegisterUser,
    RemoveUser, ResendInvitation, RevokeInvitation, UnblockUser,
};
use crate::event::Event;
use crate::model::machine::{HandshakeTrigger, UserTrigger};
use crate::model::permission::{CUSTOMERS_ADD, USERS_MANAGE};
use crate::model::{
    Actor, HandshakeState, Invitation, Party, Personal, PersonalField, RoleRef, Subject, TenantKind, User,
    UserState,
};
use crate::refusal::Code;
use crate::view::ViewError;

/// A role on its tenant alone, with all that it holds.
const UNMASKED: Handed = Handed { below: false, masked: false };

/// Invites somebody to a tenant (U-2, U-4).
///
/// # Errors
/// Those of [`authority::authorize`] and [`invitation`]; `unknown_role`, `beyond_own_rights`,
/// `super_admin_only`, `reserved_for_customer`.
pub(crate) fn invite(world: &World<'_>, actor: &Actor, command: &InviteUser) -> Ruling<Decision> {
    authority::authorize(world, actor, USERS_MANAGE, command.tenant, Gate::Shut)?;
    let Some(tenant) = world.living(command.tenant)? else {
        return refuse(Code::UnknownTenant, command.tenant);
    };
    let mut giver = Giver::of(world, actor)?;
    let mut bars = Bars::new();
    bars.note(assignment::known_role(world, &command.role, &[tenant.id]))?;
    let handed = bars.note(giver.offer(&Offer {
        home: tenant.id,
        place: Place::On(tenant.id),
        role: &command.role,
        below: command.below,
        by_default: tenant.kind.covers_below(),
        masked: false,
        during: While::FOR_GOOD,
    }))?;
    let handed = handed.unwrap_or(UNMASKED);
    let mut ids = NewIds::of(world);
    let invited = invitation(
        world,
        actor,
        tenant.id,
        &command.invitee,
        (&command.role, handed, false),
        &mut ids,
        &mut bars,
    )?;
    bars.lift()?;
    Ok(invited)
}

/// Invites a managed customer's first super admin, for its manager (L-1).
///
/// # Errors
/// Those of [`authority::authorize`], [`authority::side_of_link`] and [`invitation`];
/// `wrong_actor`, `super_admin_only`, `link_ended`, `owner_not_allowed`, `owner_present`,
/// `owner_invited`.
pub(crate) fn invite_owner(world: &World<'_>, actor: &Actor, command: &InviteOwner) -> Ruling<Decision> {
    authority::admit(world, actor, Gate::Shut)?;
    let Some(link) = world.link(command.link)? else { return refuse(Code::UnknownLink, command.link) };
    match authority::side_of_link(world, actor, &link, Gate::Shut)? {
        Some(Party::Customer) => return refuse(Code::WrongActor, "the customer's side"),
        Some(Party::Manager) => authority::authorize(world, actor, CUSTOMERS_ADD, link.manager, Gate::Shut)?,
        None => {}
    }
    let mut bars = Bars::new();
    if link.is_in_force(world.at) {
        bars.note(Giver::of(world, actor)?.name_owner(link.managed))?;
    } else {
        bars.bar(true, Code::LinkEnded, link.id);
    }
    bars.bar(world.locks(&link)?, Code::OwnerNotAllowed, link.managed);
    bars.bar(!world.super_admins(link.managed)?.is_empty(), Code::OwnerPresent, link.managed);
    let pending = world.pending_invitations(link.managed)?;
    bars.bar(pending.iter().any(|invitation| invitation.sign_up), Code::OwnerInvited, link.managed);
    let tenant = world.tenant(link.managed)?;
    // Nobody is told how a tenant stands after the end.
    if let Some(tenant) = tenant.as_ref().filter(|_| link.is_in_force(world.at)) {
        world.bar_closed(tenant, &mut bars)?;
    }
    let kind = tenant.map_or(TenantKind::Customer, |tenant| tenant.kind);
    let invited =
        sign_up(world, actor, (link.managed, kind), &command.owner, &mut NewIds::of(world), &mut bars)?;
    bars.lift()?;
    Ok(invited)
}

/// The sign-up of a managed customer's super admin (L-1, L-5).
pub(super) fn sign_up(
    world: &World<'_>,
    actor: &Actor,
    (tenant, kind): (TenantId, TenantKind),
    owner: &Invitee,
    ids: &mut NewIds<'_>,
    bars: &mut Bars,
) -> Result<Decision, ViewError> {
    let role = RoleRef::Builtin(world.policy.super_role.clone());
    let handed = Handed { below: kind.covers_below(), ..UNMASKED };
    invitation(world, actor, tenant, owner, (&role, handed, true), ids, bars)
}

/// The invitation of somebody to a tenant, and what stands in its way.
///
/// # Errors
/// When the view cannot be read. Noted are `nil_id`, `id_taken`, `already_member`,
/// `already_invited`, `too_many_requests`.
fn invitation(
    world: &World<'_>,
    actor: &Actor,
    tenant: TenantId,
    invitee: &Invitee,
    (role, handed, sign_up): (&RoleRef, Handed, bool),
    ids: &mut NewIds<'_>,
    bars: &mut Bars,
) -> Result<Decision, ViewError> {
    let user = ids.take(invitee.user, bars)?;
    let invitation = ids.take(invitee.invitation, bars)?;
    address::bar_member(world, tenant, &invitee.email, bars)?;
    for known in world.view.addressed(&invitee.email)? {
        let invited =
            world.user(known)?.is_some_and(|known| known.state == UserState::Invited && known.home == tenant);
        bars.bar(invited, Code::AlreadyInvited, tenant);
    }
    address::bar_writing(world, actor, &invitee.email, None, bars)?;
    let personal =
        Personal { name: invitee.name.clone(), email: Some(invitee.email.clone()), ..Personal::default() };
    Ok(Decision {
        events: vec![Event::UserInvited {
            invitation,
            user,
            tenant,
            role: role.clone(),
            below: handed.below,
            masked: handed.masked,
            sign_up,
            expires: world.at.plus_days(world.policy.invitation_days),
            sender: handshake::sent_by(actor, None),
        }],
        people: vec![(Subject::User(user), Some(personal))],
    })
}

/// Reminds an invited person (U-2).
///
/// # Errors
/// Those of [`for_sender`]; `beyond_own_rights`, `super_admin_only`, `reserved_for_customer`,
/// `owner_present`, `too_many_requests`, `invitation_not_pending`, `invitation_expired`.
pub(crate) fn resend(world: &World<'_>, actor: &Actor, command: &ResendInvitation) -> Ruling<Decision> {
    let (invitation, by) = for_sender(world, actor, command.invitation)?;
    let mut bars = Bars::new();
    bars.note(handshake::bar(world, &*invitation, HandshakeTrigger::Resend))?;
    if invitation.sign_up && by != Sender::Operator {
        let pending = invitation.handshake.state_at(world.at) == HandshakeState::Pending;
        let owned = pending && !world.super_admins(invitation.tenant)?.is_empty();
        bars.bar(owned, Code::OwnerPresent, invitation.tenant);
    }
    // Whoever manages users offers the role anew, and so has to be able to hand it out (P-15).
    if by == Sender::Manager && !handshake::came_with(world, &invitation)? {
        bars.note(Giver::of(world, actor)?.name_owner(invitation.tenant))?;
    }
    let masked = if by == Sender::UserManager {
        let handed = bars.note(Giver::of(world, actor)?.offer(&Offer {
            home: invitation.tenant,
            place: Place::On(invitation.tenant),
            role: &invitation.role,
            below: Some(invitation.below),
            by_default: false,
            masked: invitation.masked,
            during: While::FOR_GOOD,
        }))?;
        handed.is_some_and(|handed| handed.masked)
    } else {
        invitation.masked
    };
    let personal = world.view.personal(Subject::User(invitation.user))?;
    if let Some(email) = personal.and_then(|personal| personal.email) {
        address::bar_writing(world, actor, &email, None, &mut bars)?;
    }
    bars.lift()?;
    let sender = handshake::sent_by(actor, None);
    Ok(Event::InvitationResent { invitation: invitation.id, masked, sender }.into())
}

/// Takes an invitation back (U-2).
///
/// # Events
/// `external_id_removed` of the ids that lead to whom it was for.
///
/// # Errors
/// Those of [`for_sender`]; `invitation_not_pending`, `invitation_expired`.
pub(crate) fn revoke(world: &World<'_>, actor: &Actor, command: &RevokeInvitation) -> Ruling<Decision> {
    let (invitation, _) = for_sender(world, actor, command.invitation)?;
    handshake::bar(world, &*invitation, HandshakeTrigger::Revoke)?;
    Ok(Event::InvitationRevoked { invitation: invitation.id }.into())
}

/// As what somebody may send an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// The operator.
    Operator,
    /// A sign-up's manager (L-1).
    Manager,
    /// A user manager of the tenant (U-4).
    UserManager,
}

/// Finds an invitation for those who may send it: the tenant's user managers and, for a sign-up,
/// its manager (L-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_invitation`.
fn for_sender(world: &World<'_>, actor: &Actor, id: InvitationId) -> Ruling<(Arc<Invitation>, Sender)> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
    let Some(invitation) = world.view.get::<Invitation>(id.uuid())? else {
        return refuse(Code::UnknownInvitation, id);
    };
    let Some(user) = admitted else { return Ok((invitation, Sender::Operator)) };
    let sees = access::sees(world, &user, invitation.tenant)?;
    // Whom nothing reaches there does not see it yet; whoever is kept off it is told nothing (T-9).
    let kept_off =
        || Ok::<_, ViewError>(!sees && !access::held(world, &user, invitation.tenant, false)?.is_empty());
    if invitation.sign_up && !kept_off()? && handshake::signs_up(world, &user, invitation.tenant)? {
        return Ok((invitation, Sender::Manager));
    }
    if !sees {
        return refuse(Code::UnknownInvitation, id);
    }
    authority::authorize(world, actor, USERS_MANAGE, invitation.tenant, Gate::Shut)?;
    Ok((invitation, Sender::UserManager))
}

/// Accepts an invitation with the address it was sent to (U-2).
///
/// # Events
/// `assigned`.
///
/// # Errors
/// Those of [`for_invitee`]; `tenant_disabled`, `other_address`, `invitation_not_pending`,
/// `already_member`, `invitation_expired`, `email_taken`, `owner_present`.
pub(crate) fn accept(world: &World<'_>, actor: &Actor, command: &AcceptInvitation) -> Ruling<Decision> {
    let invitation = for_invitee(world, actor, command.invitation)?;
    let mut bars = Bars::new();
    bar_addressee(world, &invitation, &command.email, &mut bars)?;
    if bars.note(handshake::bar(world, &*invitation, HandshakeTrigger::Accept))?.is_some() {
        let stands = handshake::invitation_stands(world, &invitation)?;
        bars.bar(!stands, Code::InvitationNotPending, invitation.id);
        let owned = invitation.sign_up && !world.super_admins(invitation.tenant)?.is_empty();
        bars.bar(owned, Code::OwnerPresent, invitation.tenant);
    }
    address::bar_taken(world, invitation.tenant, &command.email, Some(invitation.user), &mut bars)?;
    if let Some(tenant) = world.living(invitation.tenant)? {
        world.bar_closed(&tenant, &mut bars)?;
    }
    bars.lift()?;
    Ok(vec![
        Event::InvitationAccepted { invitation: invitation.id },
        Event::Assigned {
            user: invitation.user,
            tenant: invitation.tenant,
            role: invitation.role.clone(),
            below: invitation.below,
            masked: invitation.masked,
        },
    ]
    .into())
}

/// Declines an invitation with the address it was sent to (U-2).
///
/// # Events
/// `external_id_removed` of the ids that lead to whom it was for.
///
/// # Errors
/// Those of [`for_invitee`]; `other_address`, `invitation_not_pending`, `invitation_expired`.
pub(crate) fn decline(world: &World<'_>, actor: &Actor, command: &DeclineInvitation) -> Ruling<Decision> {
    let invitation = for_invitee(world, actor, command.invitation)?;
    let mut bars = Bars::new();
    bar_addressee(world, &invitation, &command.email, &mut bars)?;
    bars.note(handshake::bar(world, &*invitation, HandshakeTrigger::Decline))?;
    bars.lift()?;
    Ok(Event::InvitationDeclined { invitation: invitation.id }.into())
}

/// Finds an invitation for the person it invites; an operator answers for them only by ticket.
///
/// # Errors
/// `wrong_actor` for the clock, `unknown_user`, `unknown_invitation`, `ticket_required`.
fn for_invitee(world: &World<'_>, actor: &Actor, id: InvitationId) -> Ruling<Arc<Invitation>> {
    match actor {
        Actor::Clock => return refuse(Code::WrongActor, "the clock"),
        Actor::User(user) if world.user(*user)?.is_none() => return refuse(Code::UnknownUser, user),
        Actor::User(_) | Actor::Operator { .. } => {}
    }
    let invitation = world.view.get::<Invitation>(id.uuid())?;
    match (actor, invitation) {
        (Actor::Operator { .. }, Some(invitation)) => {
            authority::ticket(actor, "the invited person's answer")?;
            Ok(invitation)
        }
        (Actor::User(user), Some(invitation)) if invitation.user == *user => Ok(invitation),
        _ => refuse(Code::UnknownInvitation, id),
    }
}

fn bar_addressee(
    world: &World<'_>,
    invitation: &Invitation,
    email: &Email,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    let sent_to = world.view.personal(Subject::User(invitation.user))?.and_then(|personal| personal.email);
    bars.bar(sent_to.as_ref() != Some(email), Code::OtherAddress, invitation.id);
    Ok(())
}

/// Brings in a user who is known already (U-1).
///
/// # Events
/// `assigned`.
///
/// # Errors
/// Those of [`authority::operator_only`]; `unknown_tenant`, `unknown_role`, `nil_id`, `id_taken`,
/// `already_member`, `email_taken`.
pub(crate) fn register(world: &World<'_>, actor: &Actor, command: &RegisterUser) -> Ruling<Decision> {
    authority::operator_only(world, actor)?;
    let Some(home) = world.living(command.home)? else { return refuse(Code::UnknownTenant, command.home) };
    let mut bars = Bars::new();
    bars.note(assignment::known_role(world, &command.role, &[home.id]))?;
    let user = NewIds::of(world).take(command.user, &mut bars)?;
    address::bar_taken(world, home.id, &command.email, None, &mut bars)?;
    bars.lift()?;
    let personal =
        Personal { name: command.name.clone(), email: Some(command.email.clone()), ..Personal::default() };
    Ok(Decision {
        events: vec![
            Event::UserRegistered { user, home: home.id },
            Event::Assigned {
                user,
                tenant: home.id,
                role: command.role.clone(),
                below: command.below.unwrap_or_else(|| home.kind.covers_below()),
                masked: false,
            },
        ],
        people: vec![(Subject::User(user), Some(personal))],
    })
}

/// Changes a user's name, and asks for another address, which the operator gives at once; users may
/// change their own (U-1).
///
/// # Events
/// `address_canceled` of the one that waits, where the operator gives another.
///
/// # Errors
/// Those of [`authority::edited_user`]; `reserved_for_customer`, `beyond_own_rights`,
/// `super_admin_only`, `nothing_to_do`, `too_many_requests`, `user_state_conflict`; for the
/// operator `already_member`, `email_taken`.
pub(crate) fn edit(world: &World<'_>, actor: &Actor, command: &EditUser) -> Ruling<Decision> {
    let user = authority::edited_user(world, actor, command.user)?;
    let mut bars = Bars::new();
    bars.bar(command.name.is_keep() && command.email.is_none(), Code::NothingToDo, user.id);
    bars.bar(!user.state.is_living(), Code::UserStateConflict, user.id);
    let mut personal = world.view.personal(Subject::User(user.id))?.unwrap_or_default();
    let mut fields = BTreeSet::new();
    if !command.name.is_keep() {
        command.name.apply_to(&mut personal.name);
        fields.insert(PersonalField::Name);
    }
    let mut events = Vec::new();
    match (&command.email, actor) {
        (Some(email), Actor::User(_)) => {
            events.push(address::ask(world, actor, &user, (&personal, email), &mut bars)?);
            personal.new_email = Some(email.clone());
        }
        (Some(email), Actor::Operator { .. } | Actor::Clock) => {
            address::bar_taken(world, user.home, email, Some(user.id), &mut bars)?;
            if world.pending_address(user.id)?.is_some() {
                events.push(Event::AddressCanceled { user: user.id });
            }
            personal.email = Some(email.clone());
            fields.insert(PersonalField::Email);
        }
        (None, _) => {}
    }
    bars.lift()?;
    if !fields.is_empty() {
        events.push(Event::UserEdited { user: user.id, personal: fields });
    }
    Ok(Decision { events, people: vec![(Subject::User(user.id), Some(personal))] })
}

/// Blocks a user (U-3).
///
/// # Errors
/// Those of [`authority::managed_user`]; `super_admin_only`, `user_state_conflict`,
/// `last_super_admin`.
pub(crate) fn block(world: &World<'_>, actor: &Actor, command: &BlockUser) -> Ruling<Decision> {
    let user = step(world, actor, command.user, UserTrigger::Block)?;
    Ok(Event::UserBlocked { user: user.id }.into())
}

/// Unblocks a user (U-3).
///
/// # Errors
/// Those of [`authority::managed_user`]; `super_admin_only`, `user_state_conflict`.
pub(crate) fn unblock(world: &World<'_>, actor: &Actor, command: &UnblockUser) -> Ruling<Decision> {
    let user = step(world, actor, command.user, UserTrigger::Unblock)?;
    Ok(Event::UserUnblocked { user: user.id }.into())
}

/// Removes a user, and with them every role they have (U-3).
///
/// # Events
/// `assignment_ended` and `temporary_ended` of all their roles.
///
/// # Errors
/// Those of [`authority::managed_user`]; `super_admin_only`, `user_state_conflict`,
/// `last_super_admin`.
pub(crate) fn remove(world: &World<'_>, actor: &Actor, command: &RemoveUser) -> Ruling<Decision> {
    let user = step(world, actor, command.user, UserTrigger::Remove)?;
    let mut events = vec![Event::UserRemoved { user: user.id }];
    for given in world.each_given(user.id) {
        events.extend(temporary::all_ended(&*given?));
    }
    Ok(events.into())
}

fn step(world: &World<'_>, actor: &Actor, id: UserId, trigger: UserTrigger) -> Ruling<Arc<User>> {
    let user = authority::managed_user(world, actor, id)?;
    let mut bars = Bars::new();
    bars.note(Giver::of(world, actor)?.shut_out(&user))?;
    bars.bar(user.state.after(trigger).is_none(), Code::UserStateConflict, id);
    let last = trigger != UserTrigger::Unblock && world.is_orphaned_by(user.home, &BTreeSet::from([id]))?;
    bars.bar(last, Code::LastSuperAdmin, user.home);
    bars.lift()?;
    Ok(user)
}
