//! Devices (V): uploads, moves, deletion. All of a command's devices or none. Reads a view, returns
//! events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::batch::Batch;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse, unless_refused};
use super::{handshake, reseller};
use crate::base::ids::{MoveId, TenantId, UploadId};
use crate::base::text::DeviceId;
use crate::command::{
    ApproveMove, CancelMove, DeclineMove, DeleteDevices, MoveDevices, ResendMove, TypedDevice, UploadDevices,
    WithdrawUpload,
};
use crate::event::Event;
use crate::model::machine::HandshakeTrigger;
use crate::model::permission::DEVICES_MANAGE;
use crate::model::{Actor, Device, Holding, Link, Move, Party, ResellerStatus, TenantKind};
use crate::policy::MoveRule;
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// The most devices that one command takes (V-2).
pub(crate) const MAX_DEVICES: usize = 10_000;

/// Puts devices on a customer or an MSP (V-2).
///
/// # Errors
/// Those of [`authority::authorize`]; `nil_id`, `id_taken`, `empty_batch`, `too_many_devices`,
/// `not_a_reseller`, `unknown_tenant`, `cannot_receive`, `not_added`, `reseller_dropped` and,
/// device by device, `invalid_device`, `duplicate_device`, `device_held`, `device_ids_conflict`.
pub(crate) fn upload(world: &World<'_>, actor: &Actor, command: &UploadDevices) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.reseller, Gate::Shut)?;
    let mut bars = Bars::new();
    let upload = NewIds::of(world).take(command.upload, &mut bars)?;
    bar_count(command.devices.len(), &mut bars);
    reseller::bar_reseller(world, command.reseller, &mut bars)?;
    match (world.living(command.to)?, reseller::added(world, command.reseller, command.to)?) {
        (Some(tenant), Some(added)) => {
            bars.bar(!reseller::receives(&tenant), Code::CannotReceive, tenant.id);
            bars.bar(added.status == ResellerStatus::Inactive, Code::ResellerDropped, tenant.id);
        }
        (_, None) => bars.bar(true, Code::NotAdded, command.to),
        (None, _) => bars.bar(true, Code::UnknownTenant, command.to),
    }
    let mut batch = Batch::new(false);
    let typed = if command.devices.len() > MAX_DEVICES { &[] } else { command.devices.as_slice() };
    let (devices, others) = judged(world, command.reseller, typed, &mut batch)?;
    bars.note(batch.lift())?;
    bars.lift()?;
    Ok(Event::DevicesUploaded { upload, reseller: command.reseller, to: command.to, devices, others }.into())
}

/// The devices that were typed, and the other ids of those that have several.
type Judged = (BTreeSet<DeviceId>, BTreeMap<DeviceId, BTreeSet<DeviceId>>);

fn judged(
    world: &World<'_>,
    reseller: TenantId,
    typed: &[TypedDevice],
    batch: &mut Batch,
) -> Result<Judged, ViewError> {
    let (mut devices, mut others) = Judged::default();
    let mut seen = BTreeSet::new();
    for (index, typed) in typed.iter().enumerate() {
        let ids = match read(typed) {
            Ok(ids) => ids,
            Err(why) => {
                batch.add(index, Code::InvalidDevice, why);
                continue;
            }
        };
        if let Some((code, about)) = taken(world, reseller, &ids)? {
            batch.add(index, code, about);
        }
        for id in &ids {
            if !seen.insert(id.clone()) {
                batch.add(index, Code::DuplicateDevice, id);
            }
        }
        let mut ids = ids.into_iter();
        if let Some(first) = ids.next() {
            let rest: BTreeSet<DeviceId> = ids.collect();
            if !rest.is_empty() {
                others.insert(first.clone(), rest);
            }
            devices.insert(first);
        }
    }
    Ok((devices, others))
}

/// The ids of one device, each once, in the order in which they were typed; or why it is none.
fn read(typed: &TypedDevice) -> Result<Vec<DeviceId>, String> {
    let most = TypedDevice::MAX_IDS;
    match typed.ids().len() {
        0 => {
            return Err(format!(
                "a device without an id cannot be told from others; give 1 to {most} of them"
            ));
        }
        count if count > most => {
            return Err(format!("{count} ids are more than a device has; give 1 to {most} of them"));
        }
        _ => {}
    }
    let mut ids = Vec::new();
    for text in typed.ids() {
        let id = DeviceId::parse(text).map_err(|flaw| {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            format!("`{shown}` {}; {}", flaw.obstacle, flaw.remedy)
        })?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Whether a living tenant holds a device that one of these is an id of. That they are of two
/// devices is told of those that the reseller itself has uploaded.
fn taken(
    world: &World<'_>,
    reseller: TenantId,
    ids: &[DeviceId],
) -> Result<Option<(Code, String)>, ViewError> {
    let mut held = None;
    let mut own: Option<(&DeviceId, Arc<Device>)> = None;
    for id in ids {
        let Some(device) = world.view.device(Device::key(id))? else { continue };
        if world.living(device.holder)?.is_none() {
            continue;
        }
        held = held.or(Some((Code::DeviceHeld, id.to_string())));
        let holding = world.view.get::<Holding>(device.holding.uuid())?;
        if holding.is_none_or(|holding| holding.reseller != reseller) {
            continue;
        }
        match &own {
            Some((first, one)) if one.id != device.id => {
                return Ok(Some((Code::DeviceIdsConflict, format!("{first}, {id}"))));
            }
            Some(_) => {}
            None => own = Some((id, device)),
        }
    }
    Ok(held)
}

/// Bars no devices at all, and more than one command takes.
fn bar_count(count: usize, bars: &mut Bars) {
    bars.bar(count == 0, Code::EmptyBatch, "devices");
    bars.bar(count > MAX_DEVICES, Code::TooManyDevices, count);
}

/// Takes an upload back, or devices of it, as long as they lie where they were put and nothing
/// holds them there (V-10). What does is not the reseller's to know.
///
/// # Events
/// `external_id_removed` of the ids that lead to them.
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_upload`, `too_many_requests`, `empty_batch`,
/// `too_many_devices`, `cannot_be_withdrawn` and, device by device, `unknown_device`,
/// `cannot_be_withdrawn`.
pub(crate) fn withdraw(world: &World<'_>, actor: &Actor, command: &WithdrawUpload) -> Ruling<Decision> {
    let arrived = resolve_upload(world, actor, command.upload)?;
    // The day's bound comes before all that bars a device.
    let mut bars = Bars::new();
    world.bar_asking(actor, arrived.reseller, [arrived.uploaded_to.uuid()], &mut bars)?;
    bars.lift()?;
    let mut bars = Bars::new();
    let devices = match &command.devices {
        Some(ids) => named(world, ids, &mut bars, |device| bar_withdrawal(world, &arrived, device))?,
        None => {
            let left = left_of(world, &arrived)?;
            bars.bar(left.is_none(), Code::CannotBeWithdrawn, command.upload);
            left.unwrap_or_default()
        }
    };
    bars.lift()?;
    let (reseller, from) = (arrived.reseller, arrived.uploaded_to);
    Ok(Event::UploadWithdrawn { upload: command.upload, reseller, from, devices }.into())
}

/// Finds an upload, as it arrived, for its reseller's side.
fn resolve_upload(world: &World<'_>, actor: &Actor, id: UploadId) -> Ruling<Arc<Holding>> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
    let Some(arrived) = world.view.get::<Holding>(Holding::uploaded(id).uuid())? else {
        return refuse(Code::UnknownUpload, id);
    };
    if let Some(user) = admitted
        && !access::sees(world, &user, arrived.reseller)?
    {
        return refuse(Code::UnknownUpload, id);
    }
    authority::authorize(world, actor, DEVICES_MANAGE, arrived.reseller, Gate::Shut)?;
    Ok(arrived)
}

/// The devices that these are ids of, each once however it is named; notes what `bar` has against
/// any of them.
pub(super) fn named(
    world: &World<'_>,
    ids: &BTreeSet<DeviceId>,
    bars: &mut Bars,
    bar: impl Fn(Option<&Device>) -> Result<Option<Code>, ViewError>,
) -> Result<BTreeSet<DeviceId>, ViewError> {
    bar_count(ids.len(), bars);
    let mut devices = BTreeSet::new();
    let mut batch = Batch::new(false);
    // With too many, the rest is not looked at.
    for (index, id) in ids.iter().enumerate().take_while(|_| ids.len() <= MAX_DEVICES) {
        let device = world.view.device(Device::key(id))?;
        if let Some(code) = bar(device.as_deref())? {
            batch.add(index, code, id);
        }
        devices.extend(device.map(|device| device.id.clone()));
    }
    bars.note(batch.lift())?;
    Ok(devices)
}

/// Bars a device that is not of the upload, and one that has gone on from where it was put, is in a
/// move, or has a seat.
fn bar_withdrawal(
    world: &World<'_>,
    arrived: &Holding,
    device: Option<&Device>,
) -> Result<Option<Code>, ViewError> {
    let Some(device) = device else { return Ok(Some(Code::UnknownDevice)) };
    let holding = world.view.get::<Holding>(device.holding.uuid())?;
    let of_it = holding.is_some_and(|holding| holding.upload == arrived.upload);
    Ok(if !of_it || world.living(device.holder)?.is_none() {
        Some(Code::UnknownDevice)
    } else {
        (!lies(device, arrived)).then_some(Code::CannotBeWithdrawn)
    })
}

/// Whether a device lies where its upload was put, and nothing holds it there.
fn lies(device: &Device, arrived: &Holding) -> bool {
    device.holding == arrived.id && device.seat.is_none() && device.moving.is_none()
}

/// All that is left of an upload, if there is anything and all of it can be withdrawn.
fn left_of(world: &World<'_>, arrived: &Holding) -> Result<Option<BTreeSet<DeviceId>>, ViewError> {
    for holding in world.view.under::<Holding>(Index::HoldingUpload, Key::new().id(arrived.upload.uuid())) {
        if holding?.id != arrived.id {
            return Ok(None);
        }
    }
    let mut devices = BTreeSet::new();
    for device in world.view.under::<Device>(Index::DeviceHolding, Key::new().id(arrived.id.uuid())) {
        let device = device?;
        if !lies(&device, arrived) {
            return Ok(None);
        }
        devices.insert(device.id.clone());
    }
    // What a deleted tenant held counts no more.
    Ok(Some(devices).filter(|devices| !devices.is_empty() && arrived.devices > 0))
}

/// Moves devices from an MSP's pool to a customer, or asks the customer to approve (V-7).
///
/// # Events
/// `external_id_removed` of the ids that lead to them.
///
/// # Errors
/// Those of [`authority::authorize`]; `nil_id`, `id_taken`, `empty_batch`, `too_many_devices`,
/// `out_of_reach`, `cannot_receive`, `move_refused`, `too_many_requests` and, device by device,
/// `device_not_in_pool`, `device_moving`, `device_seated`.
pub(crate) fn move_devices(world: &World<'_>, actor: &Actor, command: &MoveDevices) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.manager, Gate::Shut)?;
    authority::authorize(world, actor, DEVICES_MANAGE, command.customer, Gate::Shut)?;
    let mut bars = Bars::new();
    let link = world.links_above(command.customer)?.into_iter().find(|link| link.manager == command.manager);
    bars.bar(link.is_none(), Code::OutOfReach, command.customer);
    bar_way(world, command.customer, link.as_deref(), &mut bars)?;
    let given = |device: Option<&Device>| Ok(bar_giving(device, command.manager, None));
    let devices = named(world, &command.devices, &mut bars, given)?;
    let id = NewIds::of(world).take(command.id, &mut bars)?;
    if link.as_deref().map(|link| rule(world, link)).transpose()? == Some(MoveRule::Approval) {
        world.bar_asking(actor, command.manager, [command.customer.uuid()], &mut bars)?;
    }
    bars.lift()?;
    let Some(link) = link else { return refuse(Code::OutOfReach, command.customer) };
    Ok(if rule(world, &link)? == MoveRule::AtOnce {
        moved(&link, devices)
    } else {
        let expires = world.at.plus_days(world.policy.move_days);
        Event::MoveRequested {
            id,
            link: link.id,
            manager: link.manager,
            customer: link.managed,
            devices,
            expires,
            sender: handshake::sent_by(actor, None),
        }
    }
    .into())
}

/// Bars a customer that takes no devices from its manager.
fn bar_way(
    world: &World<'_>,
    customer: TenantId,
    link: Option<&Link>,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    let kind = world.living(customer)?.map(|tenant| tenant.kind);
    bars.bar(kind != Some(TenantKind::Customer), Code::CannotReceive, customer);
    let refused = link.map(|link| rule(world, link)).transpose()? == Some(MoveRule::Refused);
    bars.bar(refused, Code::MoveRefused, customer);
    Ok(())
}

fn rule(world: &World<'_>, link: &Link) -> Result<MoveRule, ViewError> {
    Ok(world.agreed(link)?.rule().map_or(MoveRule::Refused, |rule| rule.moves))
}

fn moved(link: &Link, devices: BTreeSet<DeviceId>) -> Event {
    Event::DevicesMoved { link: link.id, manager: link.manager, customer: link.managed, devices }
}

/// Bars a device that the tenant cannot give away: not its own, in a move other than `within`, or
/// seated.
pub(super) fn bar_giving(device: Option<&Device>, holder: TenantId, within: Option<MoveId>) -> Option<Code> {
    match device.filter(|device| device.holder == holder) {
        None => Some(Code::DeviceNotInPool),
        Some(device) if device.moving.is_some() && device.moving != within => Some(Code::DeviceMoving),
        Some(device) => device.seat.map(|_| Code::DeviceSeated),
    }
}

/// Approves a move (V-7). Every guard is checked again.
///
/// # Events
/// `external_id_removed` of the ids that lead to them.
///
/// # Errors
/// Those of [`resolve`]; `ticket_required`, `move_not_pending`, `move_lapsed`, `link_ended`,
/// `cannot_receive`, `move_refused` and, device by device, `device_not_in_pool`, `device_moving`,
/// `device_seated`.
pub(crate) fn approve(world: &World<'_>, actor: &Actor, command: &ApproveMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Customer)?;
    let mut bars = Bars::new();
    if bars.note(handshake::bar(world, &*found, HandshakeTrigger::Accept))?.is_some() {
        bars.bar(!handshake::move_stands(world, &found)?, Code::MoveNotPending, found.id);
    }
    let link = world.link(found.link)?.filter(|link| link.is_in_force(world.at));
    bars.bar(link.is_none(), Code::LinkEnded, found.link);
    bar_way(world, found.customer, link.as_deref(), &mut bars)?;
    let given = |device: Option<&Device>| Ok(bar_giving(device, found.manager, Some(found.id)));
    let devices = named(world, &found.devices, &mut bars, given)?;
    bars.lift()?;
    let Some(link) = link else { return refuse(Code::LinkEnded, found.link) };
    Ok(vec![Event::MoveApproved { id: found.id }, moved(&link, devices)].into())
}

/// Declines a move (V-7).
///
/// # Errors
/// Those of [`resolve`]; `ticket_required`, `move_not_pending`, `move_lapsed`.
pub(crate) fn decline(world: &World<'_>, actor: &Actor, command: &DeclineMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Customer)?;
    handshake::answer(world, &*found, HandshakeTrigger::Decline, Event::MoveDeclined { id: found.id })
}

/// Takes a move back (V-7).
///
/// # Errors
/// Those of [`resolve`]; `move_not_pending`, `move_lapsed`.
pub(crate) fn cancel(world: &World<'_>, actor: &Actor, command: &CancelMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Manager)?;
    handshake::answer(world, &*found, HandshakeTrigger::Cancel, Event::MoveCanceled { id: found.id })
}

/// Reminds the customer of a move, which rests on whoever does from then on (L-3).
///
/// # Errors
/// Those of [`resolve`]; `move_not_pending`, `move_lapsed`, `too_many_requests`.
pub(crate) fn resend(world: &World<'_>, actor: &Actor, command: &ResendMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Manager)?;
    if matches!(actor, Actor::User(_)) {
        authority::authorize(world, actor, DEVICES_MANAGE, found.customer, Gate::Shut)?;
    }
    handshake::bar_reminder(world, actor, &*found, (found.manager, found.customer))?;
    Ok(Event::MoveResent { id: found.id, sender: handshake::sent_by(actor, None) }.into())
}

/// Finds a move for the party whose turn it is.
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_move`, `wrong_actor` to the other side; to an
/// operator who answers, what a missing ticket is refused with.
fn resolve(world: &World<'_>, actor: &Actor, id: MoveId, turn: Party) -> Ruling<Arc<Move>> {
    let gate = Gate::of_turn(turn);
    authority::admit(world, actor, gate)?;
    let unknown = || refuse(Code::UnknownMove, id);
    let Some(found) = world.view.get::<Move>(id.uuid())? else { return unknown() };
    let Some(link) = world.link(found.link)? else { return unknown() };
    // It is there for those for whom its link is (T-9).
    let Some(side) = unless_refused(authority::side_of_link(world, actor, &link, gate))? else {
        return unknown();
    };
    match side {
        None if turn == Party::Customer => {
            authority::ticket(actor, "the customer's answer")?;
            Ok(found)
        }
        None => Ok(found),
        Some(side) if side != turn => refuse(Code::WrongActor, format_args!("the {side}'s side")),
        Some(side) => {
            let tenant = if side == Party::Customer { found.customer } else { found.manager };
            authority::authorize(world, actor, DEVICES_MANAGE, tenant, gate)?;
            Ok(found)
        }
    }
}

/// Deletes devices that a tenant holds (V-9).
///
/// # Events
/// `external_id_removed` of the ids that lead to them.
///
/// # Errors
/// Those of [`authority::authorize`]; `empty_batch`, `too_many_devices` and, device by device,
/// `device_not_in_pool`, `device_moving`, `device_seated`.
pub(crate) fn delete(world: &World<'_>, actor: &Actor, command: &DeleteDevices) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.tenant, Gate::Shut)?;
    let mut bars = Bars::new();
    let given = |device: Option<&Device>| Ok(bar_giving(device, command.tenant, None));
    let devices = named(world, &command.devices, &mut bars, given)?;
    bars.lift()?;
    Ok(Event::DevicesDeleted { tenant: command.tenant, devices }.into())
}

/// The moves that end with a link (D-6); those that had lapsed before it did have lapsed, whatever
/// is recorded first.
pub(super) fn canceled_moves(world: &World<'_>, link: &Link) -> Result<Vec<Event>, ViewError> {
    let ended = link.ends_at().map_or(world.at, |ends| ends.min(world.at));
    let mut events = Vec::new();
    for found in world.view.under::<Move>(Index::MoveLink, Key::new().id(link.id.uuid())) {
        let found = found?;
        events.push(match found.handshake.expires < ended {
            true => Event::MoveExpired { id: found.id },
            false => Event::MoveCanceled { id: found.id },
        });
    }
    Ok(events)
}
