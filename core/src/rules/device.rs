//! Devices (V): uploads, moves, deletion. All of a command's devices or none. Reads a view, returns
//! events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::Gate;
use super::authority;
use super::batch::Batch;
use super::ids::NewIds;
use super::reseller;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{MoveId, TenantId};
use crate::base::text::DeviceId;
use crate::command::{ApproveMove, CancelMove, DeclineMove, DeleteDevices, MoveDevices, UploadDevices};
use crate::event::Event;
use crate::model::machine::HandshakeTrigger;
use crate::model::permission::DEVICES_MANAGE;
use crate::model::{Actor, Device, Link, Move, Party, ResellerStatus, TenantKind};
use crate::policy::MoveRule;
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// The most devices that one command takes (V-2).
pub const MAX_DEVICES: usize = 10_000;

/// Puts devices on a customer or an MSP (V-2).
///
/// # Errors
/// `empty_batch`, `too_many_devices`, `not_a_reseller`, `cannot_receive`, `not_added`,
/// `reseller_dropped` and, device by device, `invalid_device`, `duplicate_device`, `device_held`.
pub fn upload(world: &World<'_>, actor: &Actor, command: &UploadDevices) -> Ruling<Decision> {
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
        let Ok(device) = DeviceId::parse(text) else {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            batch.add(index, Code::InvalidDevice, shown);
            continue;
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

/// Moves devices from an MSP's pool to a customer, or asks the customer to approve (V-7).
///
/// # Errors
/// `empty_batch`, `too_many_devices`, `out_of_reach`, `cannot_receive`, `move_refused` and, device
/// by device, `device_not_in_pool`, `device_moving`, `device_seated`.
pub fn move_devices(world: &World<'_>, actor: &Actor, command: &MoveDevices) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.manager, Gate::Shut)?;
    authority::authorize(world, actor, DEVICES_MANAGE, command.customer, Gate::Shut)?;
    let mut bars = Bars::new();
    bar_count(command.devices.len(), &mut bars);
    let link = world.links_above(command.customer)?.into_iter().find(|link| link.manager == command.manager);
    bars.bar(link.is_none(), Code::OutOfReach, command.customer);
    bar_way(world, command.customer, link.as_deref(), &mut bars)?;
    bars.note(bar_devices(world, command.manager, &command.devices, None))?;
    let id = NewIds::of(world).take(command.id, &mut bars)?;
    bars.lift()?;
    let Some(link) = link else { return refuse(Code::OutOfReach, command.customer) };
    let devices = command.devices.clone();
    Ok(if rule(world, &link) == MoveRule::AtOnce {
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
    bars.bar(link.is_some_and(|link| rule(world, link) == MoveRule::Refused), Code::MoveRefused, customer);
    Ok(())
}

fn rule(world: &World<'_>, link: &Link) -> MoveRule {
    world.management(link).map_or(MoveRule::Refused, |rule| rule.moves)
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
pub fn approve(world: &World<'_>, actor: &Actor, command: &ApproveMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Customer)?;
    let mut bars = Bars::new();
    bars.note(bar_answer(world, &found, HandshakeTrigger::Accept))?;
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
pub fn decline(world: &World<'_>, actor: &Actor, command: &DeclineMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Customer)?;
    answer(world, &found, HandshakeTrigger::Decline, Event::MoveDeclined { id: found.id })
}

/// Takes a move back (V-7).
///
/// # Errors
/// `wrong_actor`, `move_not_pending`, `move_lapsed`.
pub fn cancel(world: &World<'_>, actor: &Actor, command: &CancelMove) -> Ruling<Decision> {
    let found = resolve(world, actor, command.id, Party::Manager)?;
    answer(world, &found, HandshakeTrigger::Cancel, Event::MoveCanceled { id: found.id })
}

/// Finds a move for the party whose turn it is.
fn resolve(world: &World<'_>, actor: &Actor, id: MoveId, turn: Party) -> Ruling<Arc<Move>> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
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
            authority::authorize(world, actor, DEVICES_MANAGE, tenant, Gate::Shut)?;
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
pub fn delete(world: &World<'_>, actor: &Actor, command: &DeleteDevices) -> Ruling<Decision> {
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
