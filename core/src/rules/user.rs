//! Users and invitations (U). Reads a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::assignment;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse};
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
    Actor, Assignment, Invitation, Operation, Party, Personal, PersonalField, RoleRef, Subject, TenantKind,
    User, UserState,
};
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Invites somebody to a tenant (U-2, U-4).
///
/// # Errors
/// `unknown_role`, `beyond_own_rights`, `super_admin_only`, `already_member`, `already_invited`, `email_taken`,
/// `id_taken`.
pub fn invite(world: &World<'_>, actor: &Actor, command: &InviteUser) -> Ruling<Decision> {
    world.authorize(actor, USERS_MANAGE, command.tenant, Gate::Shut)?;
    let Some(tenant) = world.living(command.tenant)? else {
        return refuse(Code::UnknownTenant, command.tenant);
    };
    let below = command.below.unwrap_or_else(|| tenant.kind.covers_below());
    let mut bars = Bars::new();
    bars.note(assignment::known_role(world, &command.role, &[tenant.id]))?;
    bars.note(assignment::may_hand_out(world, actor, tenant.id, &command.role, below))?;
    let mut ids = NewIds::of(world);
    let invited =
        invitation(world, tenant.id, &command.invitee, (&command.role, below, false), &mut ids, &mut bars)?;
    bars.lift()?;
    Ok(invited)
}

/// Invites a managed customer's first super admin, for its manager (L-1).
///
/// # Errors
/// `wrong_actor`, `link_ended`, `owner_not_allowed`, `owner_present`, `owner_invited`, and those of an invitation.
pub fn invite_owner(world: &World<'_>, actor: &Actor, command: &InviteOwner) -> Ruling<Decision> {
    world.admit(actor, Gate::Shut)?;
    let Some(link) = world.link(command.link)? else { return refuse(Code::UnknownLink, command.link) };
    match world.side_of_link(actor, &link, Gate::Shut)? {
        Some(Party::Customer) => return refuse(Code::WrongActor, "the customer's side"),
        Some(Party::Manager) => world.authorize(actor, CUSTOMERS_ADD, link.manager, Gate::Shut)?,
        None => {}
    }
    let mut bars = Bars::new();
    bars.bar(!link.is_in_force(world.at), Code::LinkEnded, link.id);
    bars.bar(world.locks(&link), Code::OwnerNotAllowed, link.managed);
    bars.bar(!world.super_admins(link.managed)?.is_empty(), Code::OwnerPresent, link.managed);
    let pending = world.pending_invitations(link.managed)?;
    bars.bar(pending.iter().any(|invitation| invitation.sign_up), Code::OwnerInvited, link.managed);
    let tenant = world.tenant(link.managed)?;
    bars.bar(
        tenant.as_ref().is_some_and(|tenant| tenant.operation != Operation::Enabled),
        Code::TenantDisabled,
        link.managed,
    );
    let kind = tenant.map_or(TenantKind::Customer, |tenant| tenant.kind);
    let invited = sign_up(world, link.managed, kind, &command.owner, &mut NewIds::of(world), &mut bars)?;
    bars.lift()?;
    Ok(invited)
}

/// The sign-up of a managed customer's super admin (L-1, L-5).
pub(super) fn sign_up(
    world: &World<'_>,
    tenant: TenantId,
    kind: TenantKind,
    owner: &Invitee,
    ids: &mut NewIds<'_>,
    bars: &mut Bars,
) -> Result<Decision, ViewError> {
    let role = RoleRef::Builtin(world.policy.super_role.clone());
    invitation(world, tenant, owner, (&role, kind.covers_below(), true), ids, bars)
}

fn invitation(
    world: &World<'_>,
    tenant: TenantId,
    invitee: &Invitee,
    (role, below, sign_up): (&RoleRef, bool, bool),
    ids: &mut NewIds<'_>,
    bars: &mut Bars,
) -> Result<Decision, ViewError> {
    let user = ids.take(invitee.user, bars)?;
    let invitation = ids.take(invitee.invitation, bars)?;
    bar_address(world, tenant, &invitee.email, None, bars)?;
    for known in world.view.addressed(&invitee.email)? {
        let invited =
            world.user(known)?.is_some_and(|known| known.state == UserState::Invited && known.home == tenant);
        bars.bar(invited, Code::AlreadyInvited, tenant);
    }
    let personal =
        Personal { name: invitee.name.clone(), email: Some(invitee.email.clone()), ..Personal::default() };
    Ok(Decision {
        events: vec![Event::UserInvited {
            invitation,
            user,
            tenant,
            role: role.clone(),
            below,
            sign_up,
            expires: world.at.plus_days(world.policy.invitation_days),
        }],
        people: vec![(Subject::User(user), Some(personal))],
    })
}

/// Bars an address that a living user other than `except` has (U-1).
fn bar_address(
    world: &World<'_>,
    tenant: TenantId,
    email: &Email,
    except: Option<UserId>,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    for known in world.view.addressed(email)? {
        let Some(user) = world.user(known)? else { continue };
        if user.state.is_living() && Some(user.id) != except {
            bars.bar(user.home == tenant, Code::AlreadyMember, tenant);
            bars.bar(user.home != tenant, Code::EmailTaken, "");
        }
    }
    Ok(())
}

/// Reminds an invited person (U-2).
///
/// # Errors
/// `unknown_invitation`, `invitation_not_pending`, `invitation_expired`.
pub fn resend(world: &World<'_>, actor: &Actor, command: &ResendInvitation) -> Ruling<Decision> {
    let invitation = for_sender(world, actor, command.invitation)?;
    bar_state(world, &invitation, HandshakeTrigger::Resend)?;
    Ok(Event::InvitationResent { invitation: invitation.id }.into())
}

/// Takes an invitation back (U-2).
///
/// # Errors
/// `unknown_invitation`, `invitation_not_pending`, `invitation_expired`.
pub fn revoke(world: &World<'_>, actor: &Actor, command: &RevokeInvitation) -> Ruling<Decision> {
    let invitation = for_sender(world, actor, command.invitation)?;
    bar_state(world, &invitation, HandshakeTrigger::Revoke)?;
    Ok(Event::InvitationRevoked { invitation: invitation.id }.into())
}

/// Finds an invitation for those who may send it: the tenant's user managers and, for a sign-up, its manager (L-1).
fn for_sender(world: &World<'_>, actor: &Actor, id: InvitationId) -> Ruling<Arc<Invitation>> {
    let admitted = world.admit(actor, Gate::Shut)?;
    let Some(invitation) = world.view.get::<Invitation>(id.uuid())? else {
        return refuse(Code::UnknownInvitation, id);
    };
    let Some(user) = admitted else { return Ok(invitation) };
    if invitation.sign_up {
        for link in world.links_above(invitation.tenant)? {
            let side = world.side(&user, link.manager, link.managed)?;
            if side == Some(Party::Manager)
                && access::judge(world, user.id, CUSTOMERS_ADD, link.manager, None, Gate::Shut)?
                    .reason
                    .is_none()
            {
                return Ok(invitation);
            }
        }
    }
    if !access::sees(world, &user, invitation.tenant)? {
        return refuse(Code::UnknownInvitation, id);
    }
    world.authorize(actor, USERS_MANAGE, invitation.tenant, Gate::Shut)?;
    Ok(invitation)
}

fn bar_state(world: &World<'_>, invitation: &Invitation, trigger: HandshakeTrigger) -> Ruling {
    let codes = (Code::InvitationExpired, Code::InvitationNotPending);
    world.bar_handshake(&invitation.handshake, trigger, codes, invitation.id)
}

/// Accepts an invitation with the address it was sent to (U-2).
///
/// # Errors
/// `unknown_invitation`, `tenant_disabled`, `other_address`, `invitation_not_pending`, `already_member`,
/// `invitation_expired`, `email_taken`.
pub fn accept(world: &World<'_>, actor: &Actor, command: &AcceptInvitation) -> Ruling<Decision> {
    let invitation = for_invitee(world, actor, command.invitation)?;
    let mut bars = Bars::new();
    bar_addressee(world, &invitation, &command.email, &mut bars)?;
    bars.note(bar_state(world, &invitation, HandshakeTrigger::Accept))?;
    bar_address(world, invitation.tenant, &command.email, Some(invitation.user), &mut bars)?;
    let disabled =
        world.living(invitation.tenant)?.is_some_and(|tenant| tenant.operation != Operation::Enabled);
    bars.bar(disabled, Code::TenantDisabled, invitation.tenant);
    bars.lift()?;
    Ok(vec![
        Event::InvitationAccepted { invitation: invitation.id },
        Event::Assigned {
            user: invitation.user,
            tenant: invitation.tenant,
            role: invitation.role.clone(),
            below: invitation.below,
        },
    ]
    .into())
}

/// Declines an invitation with the address it was sent to (U-2).
///
/// # Errors
/// `unknown_invitation`, `other_address`, `invitation_not_pending`, `invitation_expired`.
pub fn decline(world: &World<'_>, actor: &Actor, command: &DeclineInvitation) -> Ruling<Decision> {
    let invitation = for_invitee(world, actor, command.invitation)?;
    let mut bars = Bars::new();
    bar_addressee(world, &invitation, &command.email, &mut bars)?;
    bars.note(bar_state(world, &invitation, HandshakeTrigger::Decline))?;
    bars.lift()?;
    Ok(Event::InvitationDeclined { invitation: invitation.id }.into())
}

/// Finds an invitation for the person it invites; an operator answers for them only by ticket.
fn for_invitee(world: &World<'_>, actor: &Actor, id: InvitationId) -> Ruling<Arc<Invitation>> {
    match actor {
        Actor::Clock => return refuse(Code::WrongActor, "the clock"),
        Actor::User(user) if world.user(*user)?.is_none() => return refuse(Code::UnknownUser, user),
        Actor::User(_) | Actor::Operator { .. } => {}
    }
    let invitation = world.view.get::<Invitation>(id.uuid())?;
    match (actor, invitation) {
        (Actor::Operator { .. }, Some(invitation)) => {
            world.ticket(actor, "the invited person's answer")?;
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
/// # Errors
/// `wrong_actor`, `unknown_tenant`, `unknown_role`, `id_taken`, `already_member`, `email_taken`.
pub fn register(world: &World<'_>, actor: &Actor, command: &RegisterUser) -> Ruling<Decision> {
    world.operator_only(actor)?;
    let Some(home) = world.living(command.home)? else { return refuse(Code::UnknownTenant, command.home) };
    let mut bars = Bars::new();
    bars.note(assignment::known_role(world, &command.role, &[home.id]))?;
    let user = NewIds::of(world).take(command.user, &mut bars)?;
    bar_address(world, home.id, &command.email, None, &mut bars)?;
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
            },
        ],
        people: vec![(Subject::User(user), Some(personal))],
    })
}

/// Changes a user's name or address; users may change their own (U-1).
///
/// # Errors
/// `no_such_user`, `nothing_to_do`, `user_state_conflict`, `already_member`, `email_taken`.
pub fn edit(world: &World<'_>, actor: &Actor, command: &EditUser) -> Ruling<Decision> {
    let user = if *actor == Actor::User(command.user) {
        match world.admit(actor, Gate::Shut)? {
            Some(user) => user,
            None => return refuse(Code::NoSuchUser, command.user),
        }
    } else {
        world.managed_user(actor, command.user)?
    };
    let mut bars = Bars::new();
    bars.bar(command.name.is_keep() && command.email.is_none(), Code::NothingToDo, user.id);
    bars.bar(!user.state.is_living(), Code::UserStateConflict, user.id);
    let mut personal = world.view.personal(Subject::User(user.id))?.unwrap_or_default();
    let mut fields = BTreeSet::new();
    if !command.name.is_keep() {
        command.name.apply_to(&mut personal.name);
        fields.insert(PersonalField::Name);
    }
    if let Some(email) = &command.email {
        bar_address(world, user.home, email, Some(user.id), &mut bars)?;
        personal.email = Some(email.clone());
        fields.insert(PersonalField::Email);
    }
    bars.lift()?;
    Ok(Decision {
        events: vec![Event::UserEdited { user: user.id, personal: fields }],
        people: vec![(Subject::User(user.id), Some(personal))],
    })
}

/// Blocks a user (U-3).
///
/// # Errors
/// `no_such_user`, `super_admin_only`, `user_state_conflict`, `last_super_admin`.
pub fn block(world: &World<'_>, actor: &Actor, command: &BlockUser) -> Ruling<Decision> {
    let user = step(world, actor, command.user, UserTrigger::Block)?;
    Ok(Event::UserBlocked { user: user.id }.into())
}

/// Unblocks a user (U-3).
///
/// # Errors
/// `no_such_user`, `super_admin_only`, `user_state_conflict`.
pub fn unblock(world: &World<'_>, actor: &Actor, command: &UnblockUser) -> Ruling<Decision> {
    let user = step(world, actor, command.user, UserTrigger::Unblock)?;
    Ok(Event::UserUnblocked { user: user.id }.into())
}

/// Removes a user, and with them every role they have (U-3).
///
/// # Errors
/// `no_such_user`, `super_admin_only`, `user_state_conflict`, `last_super_admin`.
pub fn remove(world: &World<'_>, actor: &Actor, command: &RemoveUser) -> Ruling<Decision> {
    let user = step(world, actor, command.user, UserTrigger::Remove)?;
    let mut events = vec![Event::UserRemoved { user: user.id }];
    for assignment in world.view.under::<Assignment>(Index::AssignmentUser, Key::new().id(user.id.uuid())) {
        let assignment = assignment?;
        events.push(Event::AssignmentEnded { user: assignment.user, tenant: assignment.tenant });
    }
    Ok(events.into())
}

fn step(world: &World<'_>, actor: &Actor, id: UserId, trigger: UserTrigger) -> Ruling<Arc<User>> {
    let user = world.managed_user(actor, id)?;
    let mut bars = Bars::new();
    let at_home = world.assignment(user.id, user.home)?;
    if at_home.is_some_and(|assignment| world.is_super(&assignment.role)) {
        bars.note(assignment::super_only(world, actor, user.home, id))?;
    }
    bars.bar(user.state.after(trigger).is_none(), Code::UserStateConflict, id);
    if trigger != UserTrigger::Unblock {
        bars.note(world.keep_super_admin(user.home, &BTreeSet::from([id])))?;
    }
    bars.lift()?;
    Ok(user)
}
