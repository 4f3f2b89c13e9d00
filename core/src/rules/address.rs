//! Addresses of people (U-1): who has one, and how somebody comes to another. An address is taken
//! when it is confirmed, and whether it is in use is said to nobody but whoever has proved it.
//! Reads a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::access::Gate;
use super::authority;
use super::handshake;
use super::rights::Giver;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::Email;
use crate::command::{CancelAddress, ConfirmAddress};
use crate::event::Event;
use crate::model::machine::HandshakeTrigger;
use crate::model::{Actor, AddressChange, FormerEmail, Personal, Subject, User};
use crate::refusal::Code;
use crate::view::ViewError;

/// The living users who have an address.
fn holders(world: &World<'_>, email: &Email) -> Result<Vec<Arc<User>>, ViewError> {
    let mut found = Vec::new();
    for known in world.view.addressed(email)? {
        found.extend(world.user(known)?.filter(|user| user.state.is_living()));
    }
    Ok(found)
}

/// Notes that a tenant's own people have an address: all that whoever asks for it is told (U-1).
pub(super) fn bar_member(
    world: &World<'_>,
    tenant: TenantId,
    email: &Email,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    let member = holders(world, email)?.iter().any(|user| user.home == tenant);
    bars.bar(member, Code::AlreadyMember, tenant);
    Ok(())
}

/// Notes that a living user other than `except` has an address, for whoever has proved it (U-1).
pub(super) fn bar_taken(
    world: &World<'_>,
    tenant: TenantId,
    email: &Email,
    except: Option<UserId>,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    for user in holders(world, email)?.iter().filter(|user| Some(user.id) != except) {
        bars.bar(user.home == tenant, Code::AlreadyMember, tenant);
        bars.bar(user.home != tenant, Code::EmailTaken, "");
    }
    Ok(())
}

/// Notes that an address got too much mail today from the sender's organisation: by invitations,
/// whomever it invited, and by being asked for as the address of a user (L-3).
pub(super) fn bar_writing(
    world: &World<'_>,
    actor: &Actor,
    email: &Email,
    user: Option<UserId>,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    let Actor::User(sender) = actor else { return Ok(()) };
    let Some(sender) = world.user(*sender)? else { return Ok(()) };
    let mut addressed: BTreeSet<Uuid> = world.view.addressed(email)?.into_iter().map(UserId::uuid).collect();
    addressed.extend(user.map(UserId::uuid));
    world.bar_asking(actor, sender.home, addressed, bars)
}

/// Asks a user to confirm another address, or reminds them of it (U-1). Whoever has somebody's
/// address has their account, so giving another one is like handing out all that the user holds
/// (P-15). To somebody of another organisation, who is not told what waits, it is asked for anew
/// whatever that is.
///
/// Notes `nothing_to_do`, `too_many_requests`, `reserved_for_customer`, `beyond_own_rights`,
/// `super_admin_only`.
pub(super) fn ask(
    world: &World<'_>,
    actor: &Actor,
    user: &User,
    (known, email): (&Personal, &Email),
    bars: &mut Bars,
) -> Ruling<Event> {
    bars.bar(known.email.as_ref() == Some(email), Code::NothingToDo, user.id);
    if *actor != Actor::User(user.id) {
        bars.note(Giver::of(world, actor)?.hand_over(user))?;
    }
    bar_writing(world, actor, email, Some(user.id), bars)?;
    let sender = handshake::sent_by(actor, None);
    let pending = world.pending_address(user.id)?;
    let stands = pending.map(|change| handshake::address_stands(world, &change)).transpose()?;
    // That it is the address which waits is no news for those of the user's home alone.
    let knows = match actor {
        Actor::User(asking) => world.user(*asking)?.is_some_and(|asking| asking.home == user.home),
        Actor::Operator { .. } | Actor::Clock => true,
    };
    Ok(if knows && stands == Some(true) && known.new_email.as_ref() == Some(email) {
        Event::AddressResent { user: user.id, sender }
    } else {
        let expires = world.at.plus_days(world.policy.invitation_days);
        Event::AddressRequested { user: user.id, expires, sender }
    })
}

/// Confirms another address with the address that the host has verified; the operator vouches for
/// it (U-1).
///
/// # Errors
/// Those of [`authority::admit`]; `no_such_user` for anybody else, `address_not_pending`,
/// `address_expired`, `other_address`, `already_member`, `email_taken`.
pub(crate) fn confirm(world: &World<'_>, actor: &Actor, command: &ConfirmAddress) -> Ruling<Decision> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
    let others = admitted.is_some_and(|admitted| admitted.id != command.user);
    let Some(user) = world.user(command.user)?.filter(|_| !others) else {
        return refuse(Code::NoSuchUser, command.user);
    };
    bar_pending(world, &user, HandshakeTrigger::Accept)?;
    let mut personal = world.view.personal(Subject::User(user.id))?.unwrap_or_default();
    let mut bars = Bars::new();
    bars.bar(personal.new_email.as_ref() != Some(&command.email), Code::OtherAddress, user.id);
    bar_taken(world, user.home, &command.email, Some(user.id), &mut bars)?;
    bars.lift()?;
    let kept = |it: &FormerEmail| it.until.plus_days(world.policy.invitation_days) >= world.at;
    personal.former.retain(kept);
    personal.former.extend(personal.email.take().map(|email| FormerEmail {
        email,
        until: world.at,
        seq: world.seq,
    }));
    personal.email = personal.new_email.take();
    Ok(Decision {
        events: vec![Event::AddressConfirmed { user: user.id }],
        people: vec![(Subject::User(user.id), Some(personal))],
    })
}

/// Takes back that a user is asked for another address: themselves, or whoever manages them (U-1).
///
/// # Errors
/// Those of [`authority::edited_user`]; `address_not_pending`, `address_expired`.
pub(crate) fn cancel(world: &World<'_>, actor: &Actor, command: &CancelAddress) -> Ruling<Decision> {
    let user = authority::edited_user(world, actor, command.user)?;
    bar_pending(world, &user, HandshakeTrigger::Cancel)?;
    Ok(Event::AddressCanceled { user: user.id }.into())
}

/// Refuses an answer where none is awaited: what its sender could no longer ask has ended (L-3).
fn bar_pending(world: &World<'_>, user: &User, trigger: HandshakeTrigger) -> Ruling {
    let Some(change) = world.view.get::<AddressChange>(user.id.uuid())? else {
        return refuse(Code::AddressNotPending, user.id);
    };
    handshake::bar(world, &*change, trigger)?;
    if handshake::address_stands(world, &change)? { Ok(()) } else { refuse(Code::AddressNotPending, user.id) }
}
