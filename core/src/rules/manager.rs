//! The customer opens the door (L-10): it invites an MSP to ask, or bars one from asking. Reads a
//! view, returns events.

use std::sync::Arc;

use super::access::Gate;
use super::authority;
use super::handshake;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{ManagerInvitationId, TenantId};
use crate::command::{
    BarManager, CancelManagerInvitation, DeclineManagerInvitation, InviteManager, ResendManagerInvitation,
};
use crate::event::Event;
use crate::model::machine::HandshakeTrigger;
use crate::model::permission::{CUSTOMERS_ADD, LINK_RESPOND};
use crate::model::{Actor, BarredManager, MAX_BARRED, ManagerInvitation, Party, Tenant, TenantKind};
use crate::refusal::Code;
use crate::view::{Index, Key, Span, ViewError};

/// Invites an MSP to ask to manage a tenant.
///
/// # Errors
/// Those of [`customer`]; `unknown_tenant`, `nil_id`, `id_taken`, `too_many_requests`, `self_link`,
/// `cannot_be_managed`, `already_linked`, `manager_already_invited`, `manager_barred`.
pub(crate) fn invite(world: &World<'_>, actor: &Actor, command: &InviteManager) -> Ruling<Decision> {
    let tenant = customer(world, actor, command.tenant)?;
    // One refusal, whatever the number is of: it tells no kind (T-8).
    let Some(manager) = world.numbered(&command.number)?.filter(|it| is_msp(it)) else {
        return refuse(Code::UnknownTenant, &command.number);
    };
    let mut bars = Bars::new();
    let invitation = NewIds::of(world).take(command.invitation, &mut bars)?;
    bars.bar(manager.id == tenant.id, Code::SelfLink, &command.number);
    bars.bar(tenant.kind == TenantKind::Reseller, Code::CannotBeManaged, tenant.id);
    let linked = world.links_above(tenant.id)?.iter().any(|link| link.manager == manager.id);
    bars.bar(linked, Code::AlreadyLinked, tenant.id);
    let pending = world.pending_manager_invitation(tenant.id, manager.id)?;
    bars.bar(pending.is_some(), Code::ManagerAlreadyInvited, &command.number);
    bars.bar(is_barred(world, tenant.id, manager.id)?, Code::ManagerBarred, &command.number);
    world.bar_asking(actor, tenant.id, [manager.id.uuid()], &mut bars)?;
    bars.lift()?;
    Ok(Event::ManagerInvited {
        invitation,
        tenant: tenant.id,
        manager: manager.id,
        expires: world.at.plus_days(world.policy.link_request_days),
        sender: handshake::sent_by(actor, Some(tenant.id)),
    }
    .into())
}

/// Says no to an invitation.
///
/// # Errors
/// Those of [`resolve`]; `manager_invitation_not_pending`, `manager_invitation_expired`.
pub(crate) fn decline(
    world: &World<'_>,
    actor: &Actor,
    command: &DeclineManagerInvitation,
) -> Ruling<Decision> {
    let found = resolve(world, actor, command.invitation, Party::Manager)?;
    let answered = Event::ManagerInvitationDeclined { invitation: found.id };
    handshake::answer(world, &*found, HandshakeTrigger::Decline, answered)
}

/// Takes an invitation back.
///
/// # Errors
/// Those of [`resolve`]; `manager_invitation_not_pending`, `manager_invitation_expired`.
pub(crate) fn cancel(
    world: &World<'_>,
    actor: &Actor,
    command: &CancelManagerInvitation,
) -> Ruling<Decision> {
    let found = resolve(world, actor, command.invitation, Party::Customer)?;
    let answered = Event::ManagerInvitationCanceled { invitation: found.id };
    handshake::answer(world, &*found, HandshakeTrigger::Cancel, answered)
}

/// Reminds the MSP of an invitation.
///
/// # Errors
/// Those of [`resolve`]; `manager_invitation_not_pending`, `manager_invitation_expired`,
/// `too_many_requests`.
pub(crate) fn resend(
    world: &World<'_>,
    actor: &Actor,
    command: &ResendManagerInvitation,
) -> Ruling<Decision> {
    let found = resolve(world, actor, command.invitation, Party::Customer)?;
    handshake::bar_reminder(world, actor, &*found, (found.tenant, found.manager))?;
    let sender = handshake::sent_by(actor, Some(found.tenant));
    Ok(Event::ManagerInvitationResent { invitation: found.id, sender }.into())
}

/// Keeps an MSP from asking to manage a tenant, or lets it ask again. What it has asked is declined
/// in the same record, and an invitation to it taken back; a link in force stays.
///
/// # Events
/// `link_request_declined`, `manager_invitation_canceled` of what is between the two.
///
/// # Errors
/// Those of [`customer`]; `unknown_tenant`, `nothing_to_do`, `too_many_barred`.
pub(crate) fn bar(world: &World<'_>, actor: &Actor, command: &BarManager) -> Ruling<Decision> {
    let tenant = customer(world, actor, command.tenant)?.id;
    let Some(manager) = world.numbered(&command.number)? else {
        return refuse(Code::UnknownTenant, &command.number);
    };
    let barred = is_barred(world, tenant, manager.id)?;
    // One that is gone by now can be let ask again.
    if !is_msp(&manager) && (command.barred || !barred) {
        return refuse(Code::UnknownTenant, &command.number);
    }
    let manager = manager.id;
    let mut bars = Bars::new();
    bars.bar(barred == command.barred, Code::NothingToDo, &command.number);
    bars.bar(command.barred && !has_room(world, tenant)?, Code::TooManyBarred, tenant);
    bars.lift()?;
    if !command.barred {
        return Ok(Event::ManagerAdmitted { tenant, manager }.into());
    }
    let mut ended = Vec::new();
    for request in world.pending_requests(tenant)? {
        if request.manager == manager {
            ended.push(Event::LinkRequestDeclined { request: request.id });
        }
    }
    let invited = world.pending_manager_invitation(tenant, manager)?;
    ended.extend(invited.map(|it| Event::ManagerInvitationCanceled { invitation: it.id }));
    Ok(Decision::leading_to(Event::ManagerBarred { tenant, manager }, ended))
}

/// Whether a tenant keeps an MSP from asking.
pub(super) fn is_barred(world: &World<'_>, tenant: TenantId, manager: TenantId) -> Result<bool, ViewError> {
    Ok(world.view.get::<BarredManager>(BarredManager::key(tenant, manager))?.is_some())
}

/// The invitation that an MSP answers when it asks a tenant, if there is one that stands.
pub(super) fn answered(
    world: &World<'_>,
    tenant: TenantId,
    manager: TenantId,
) -> Result<Option<ManagerInvitationId>, ViewError> {
    let Some(found) = world.pending_manager_invitation(tenant, manager)? else { return Ok(None) };
    Ok(handshake::manager_invitation_stands(world, &found)?.then_some(found.id))
}

fn is_msp(tenant: &Tenant) -> bool {
    tenant.is_living() && tenant.kind == TenantKind::Msp
}

/// Whether a tenant can bar one more.
fn has_room(world: &World<'_>, tenant: TenantId) -> Result<bool, ViewError> {
    let barred = Span::under(Index::BarredManagerTenant, Key::new().id(tenant.uuid()));
    Ok(world.view.scan(&barred, MAX_BARRED)?.len() < MAX_BARRED)
}

/// Lets in who speaks for a tenant about its managers: its own people who answer link requests,
/// and an operator by ticket.
///
/// # Errors
/// Those of [`authority::authorize`]; `ticket_required`, `reserved_for_customer`.
fn customer(world: &World<'_>, actor: &Actor, id: TenantId) -> Ruling<Arc<Tenant>> {
    let gate = Gate::of_turn(Party::Customer);
    let admitted = authority::admit(world, actor, gate)?;
    authority::authorize(world, actor, LINK_RESPOND, id, gate)?;
    let Some(tenant) = world.living(id)? else { return refuse(Code::UnknownTenant, id) };
    match admitted {
        None => drop(authority::ticket(actor, "the customer's word")?),
        Some(user) if user.home != id => return refuse(Code::ReservedForCustomer, id),
        Some(_) => {}
    }
    Ok(tenant)
}

/// Finds an invitation for the party whose turn it is.
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_manager_invitation`, `ticket_required`,
/// `wrong_actor` to the other side.
fn resolve(
    world: &World<'_>,
    actor: &Actor,
    id: ManagerInvitationId,
    turn: Party,
) -> Ruling<Arc<ManagerInvitation>> {
    let gate = Gate::of_turn(turn);
    let admitted = authority::admit(world, actor, gate)?;
    let Some(found) = world.view.get::<ManagerInvitation>(id.uuid())? else {
        return refuse(Code::UnknownManagerInvitation, id);
    };
    let Some(user) = admitted else {
        // To invite is the customer's word, and to answer is the MSP's.
        authority::ticket(actor, format_args!("the {turn}'s word"))?;
        return Ok(found);
    };
    match authority::asking(world, &user, found.manager, found.tenant)? {
        None => return refuse(Code::UnknownManagerInvitation, id),
        Some(side) if side != turn => return refuse(Code::WrongActor, format_args!("the {side}'s side")),
        Some(Party::Customer) => authority::authorize(world, actor, LINK_RESPOND, found.tenant, gate)?,
        Some(Party::Manager) => authority::authorize(world, actor, CUSTOMERS_ADD, found.manager, gate)?,
    }
    Ok(found)
}
