//! Devices (V): uploads, moves, deletion. All of a command's devices or none. Reads a view, returns
//! events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::batch::Batch;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse};
use super::{handshake, reseller};
use crate::base::ids::{MoveId, TenantId, UploadId};
use crate::base::text::DeviceId;
use crate::command::{
    ApproveMove, CancelMove, DeclineMove, DeleteDevices, MoveDevices, ResendMove, UploadDevices,
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
/// `empty_batch`, `too_many_devices`, `not_a_reseller`, `cannot_receive`, `not_added`,
/// `reseller_dropped` and, device by device, `invalid_device`, `duplicate_device`, `device_held`.
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
    // With too many, the rest is not looked at.
    let devices = if command.devices.len() > MAX_DEVICES {
        BTreeSet::new()
    } else {
        let mut batch = Batch::new(false);
        let devices = judged(world, &command.devices, &mut batch)?;
        bars.note(batch.lift())?;
        devices
    };
    bars.lift()?;
    Ok(Event::DevicesUploaded { upload, reseller: command.reseller, to: command.to, devices }.into())
}

fn judged(world: &World<'_>, typed: &[String], batch: &mut Batch) -> Result<BTreeSet<DeviceId>, ViewError> {
    let mut devices = BTreeSet::new();
    for (index, text) in typed.iter().enumerate() {
        let device = match DeviceId::parse(text) {
            Ok(device) => device,
            Err(flaw) => {
                let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
                let why = format!("`{shown}` {}; {}", flaw.obstacle, flaw.remedy);
                batch.add(index, Code::InvalidDevice, why);
                continue;
            }
        };
        if let Some(known) = world.view.get::<Device>(Device::key(&device))?
            && world.living(known.holder)?.is_some()
        {
            batch.add(index, Code::DeviceHeld, &device);
        }
        if let Some(twice) = devices.replace(device) {
            batch.add(index, Code::DuplicateDevice, twice);
        }
    }
    Ok(devices)
}

/// Bars no devices at all, and more than one command takes.
pub(super) fn bar_count(count: usize, bars: &mut Bars) {
    bars.bar(count == 0, Code::EmptyBatch, "devices");
    bars.bar(count > MAX_DEVICES, Code::TooManyDevices, count);
}

/// Takes an upload back, or devices of it, as long as they lie where they were put and nothing
/// holds them there (V-10). What does is not the reseller's to know.
///
/// # Errors
/// `unknown_upload`, `empty_batch`, `too_many_devices`, `cannot_be_withdrawn` and, device by
/// device, `unknown_device`, `cannot_be_withdrawn`.
pub(crate) fn withdraw(world: &World<'_>, actor: &Actor, command: &WithdrawUpload) -> Ruling<Decision> {
    let arrived = resolve_upload(world, actor, command.upload)?;
    let mut bars = Bars::new();
    let devices = match &command.devices {
        Some(named) => {
            bar_count(named.len(), &mut bars);
            // With too many, the rest is not looked at.
            if named.len() <= MAX_DEVICES {
                bars.note(bar_withdrawal(world, &arrived, named))?;
            }
            named.clone()
        }
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

/// Bars devices that are not of the upload, and those that have gone on from where it was put, are
/// in a move, or have a seat.
fn bar_withdrawal(world: &World<'_>, arrived: &Holding, devices: &BTreeSet<DeviceId>) -> Ruling {
    let mut batch = Batch::new(false);
    for (index, id) in devices.iter().enumerate() {
        let device = world.view.get::<Device>(Device::key(id))?;
        let holding = match &device {
            Some(device) => world.view.get::<Holding>(device.holding.uuid())?,
            None => None,
        };
        match (device, holding) {
            (Some(device), Some(holding))
                if holding.upload == arrived.upload && world.living(device.holder)?.is_some() =>
            {
                if !lies(&device, arrived) {
                    batch.add(index, Code::CannotBeWithdrawn, id);
                }
            }
            _ => batch.add(index, Code::UnknownDevice, id),
        }
    }
    batch.lift()
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
/// # Errors
/// `empty_batch`, `too_many_devices`, `out_of_reach`, `cannot_receive`, `move_refused` and, device
/// by device, `device_not_in_pool`, `device_moving`, `device_seated`.
pub(crate) fn move_devices(world: &World<'_>, actor: &Actor, command: &MoveDevices) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.manager, Gate::Shut)?;
    authority::authorize(world, actor, DEVICES_MANAGE, command.customer, Gate::Shut)?;
    let mut bars = Bars::new();
    bar_count(command.devices.len(), &mut bars);
    let link = world.links_above(command.customer)?.into_iter().find(|link| link.manager == command.manager);
    bars.bar(link.is_none(), Code::OutOfReach, command.customer);
    bar_way(world, command.customer, link.as_deref(), &mut bars)?;
    bars.note(bar_devices(world, command.manager, &command.devices, None))?;
    let id = NewIds::of(world).take(command.id, &mut bars)?;
    if link.as_deref().map(|link| rule(world, link)).transpose()? == Some(MoveRule::Approval) {
        world.bar_asking(actor, command.manager, [command.customer.uuid()], &mut bars)?;
    }
    bars.lift()?;
    let Some(link) = link else { return refuse(Code::OutOfReach, command.customer) };
    let devices = command.devices.clone();
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

/// Bars devices that the tenant cannot give away: not its own, seated, or in a move other than
/// `within`.
fn bar_devices(
    world: &World<'_>,
    holder: TenantId,
    devices: &BTreeSet<DeviceId>,
    within: Option<MoveId>,
) -> Ruling {
    let mut batch = Batch::new(false);
    for (index, id) in devices.iter().take(MAX_DEVICES).enumerate() {
        match held(world, holder, id)? {
            None => batch.add(index, Code::DeviceNotInPool, id),
            Some(device) => {
                if device.moving.is_some() && device.moving != within {
                    batch.add(index, Code::DeviceMoving, id);
                }
                if device.seat.is_some() {
                    batch.add(index, Code::DeviceSeated, id);
                }
            }
        }
    }
    batch.lift()
}

/// A device that this tenant holds.
pub(super) fn held(
    world: &World<'_>,
    holder: TenantId,
    id: &DeviceId,
) -> Result<Option<Arc<Device>>, ViewError> {
    Ok(world.view.get::<Device>(Device::key(id))?.filter(|device| device.holder == holder))
}

/// Approves a move (V-7). Every guard is checked again.
///
/// # Errors
/// `wrong_actor`, `ticket_required`, `move_not_pending`, `move_lapsed`, `link_ended`,
/// `cannot_receive`, `move_refused`, and those of the devices.
pub(crate) fn approve(world: &World<'_>, actor: &Actor, command: &ApproveMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Customer)?;
    let mut bars = Bars::new();
    if bars.note(bar_answer(world, &found, HandshakeTrigger::Accept))?.is_some() {
        bars.bar(!handshake::move_stands(world, &found)?, Code::MoveNotPending, found.id);
    }
    let link = world.link(found.link)?.filter(|link| link.is_in_force(world.at));
    bars.bar(link.is_none(), Code::LinkEnded, found.link);
    bar_way(world, found.customer, link.as_deref(), &mut bars)?;
    bars.note(bar_devices(world, found.manager, &found.devices, Some(found.id)))?;
    bars.lift()?;
    let Some(link) = link else { return refuse(Code::LinkEnded, found.link) };
    Ok(vec![Event::MoveApproved { id: found.id }, moved(&link, found.devices.clone())].into())
}

/// Declines a move (V-7).
///
/// # Errors
/// `wrong_actor`, `ticket_required`, `move_not_pending`, `move_lapsed`.
pub(crate) fn decline(world: &World<'_>, actor: &Actor, command: &DeclineMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Customer)?;
    answer(world, &found, HandshakeTrigger::Decline, Event::MoveDeclined { id: found.id })
}

/// Takes a move back (V-7).
///
/// # Errors
/// `wrong_actor`, `move_not_pending`, `move_lapsed`.
pub(crate) fn cancel(world: &World<'_>, actor: &Actor, command: &CancelMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Manager)?;
    answer(world, &found, HandshakeTrigger::Cancel, Event::MoveCanceled { id: found.id })
}

/// Reminds the customer of a move, which rests on whoever does from then on (L-3).
///
/// # Errors
/// `wrong_actor`, `move_not_pending`, `move_lapsed`, `too_many_requests`.
pub(crate) fn resend(world: &World<'_>, actor: &Actor, command: &ResendMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Manager)?;
    if matches!(actor, Actor::User(_)) {
        authority::authorize(world, actor, DEVICES_MANAGE, found.customer, Gate::Shut)?;
    }
    let mut bars = Bars::new();
    bars.note(bar_answer(world, &found, HandshakeTrigger::Resend))?;
    world.bar_asking(actor, found.manager, [found.customer.uuid()], &mut bars)?;
    bars.lift()?;
    Ok(Event::MoveResent { id: found.id, sender: handshake::sent_by(actor, None) }.into())
}

/// Finds a move for the party whose turn it is.
fn resolve(world: &World<'_>, actor: &Actor, id: MoveId, turn: Party) -> Ruling<Arc<Move>> {
    let gate = Gate::of_turn(turn);
    let admitted = authority::admit(world, actor, gate)?;
    let Some(found) = world.view.get::<Move>(id.uuid())? else { return refuse(Code::UnknownMove, id) };
    let Some(user) = admitted else {
        if turn == Party::Customer {
            authority::ticket(actor, "the customer's answer")?;
        }
        return Ok(found);
    };
    match authority::side(world, &user, found.manager, found.customer)? {
        None => refuse(Code::UnknownMove, id),
        Some(side) if side != turn => refuse(Code::WrongActor, format_args!("the {side}'s side")),
        Some(side) => {
            let tenant = if side == Party::Customer { found.customer } else { found.manager };
            authority::authorize(world, actor, DEVICES_MANAGE, tenant, gate)?;
            Ok(found)
        }
    }
}

fn bar_answer(world: &World<'_>, found: &Move, trigger: HandshakeTrigger) -> Ruling {
    world.bar_handshake(&found.handshake, trigger, (Code::MoveLapsed, Code::MoveNotPending), found.id)
}

fn answer(world: &World<'_>, found: &Move, trigger: HandshakeTrigger, event: Event) -> Ruling<Decision> {
    bar_answer(world, found, trigger)?;
    Ok(event.into())
}

/// Deletes devices that a tenant holds (V-9).
///
/// # Errors
/// `empty_batch`, `too_many_devices` and, device by device, `device_not_in_pool`, `device_moving`,
/// `device_seated`.
pub(crate) fn delete(world: &World<'_>, actor: &Actor, command: &DeleteDevices) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.tenant, Gate::Shut)?;
    let mut bars = Bars::new();
    bar_count(command.devices.len(), &mut bars);
    bars.note(bar_devices(world, command.tenant, &command.devices, None))?;
    bars.lift()?;
    Ok(Event::DevicesDeleted { tenant: command.tenant, devices: command.devices.clone() }.into())
}

/// The moves that end with these links (D-6).
pub(super) fn canceled_moves(world: &World<'_>, link: &Link) -> Result<Vec<Event>, ViewError> {
    let mut events = Vec::new();
    for found in world.view.under::<Move>(Index::MoveLink, Key::new().id(link.id.uuid())) {
        events.push(Event::MoveCanceled { id: found?.id });
    }
    Ok(events)
}
