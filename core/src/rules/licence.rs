//! Licences (C): bought for a tenant, seats for the devices it holds. They survive a delink. Reads
//! a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::device;
use super::graph;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::LicenceId;
use crate::command::{AssignSeats, BuyLicence, ReleaseSeats};
use crate::event::Event;
use crate::model::permission::LICENCES_MANAGE;
use crate::model::{Actor, Device, Licence, User};
use crate::refusal::Code;
use crate::view::ViewError;

/// The most seats that a licence can have (C-1).
pub(crate) const MAX_SEATS: u32 = 1_000_000;

/// Buys a licence, for oneself or for a tenant that one manages (C-1).
///
/// # Errors
/// Those of [`authority::authorize_for`]; `unknown_service`, `invalid_seats`, `invalid_expiry`,
/// `nil_id`, `id_taken`, `out_of_reach`.
pub(crate) fn buy(world: &World<'_>, actor: &Actor, command: &BuyLicence) -> Ruling<Decision> {
    authority::authorize(world, actor, LICENCES_MANAGE, command.buyer, Gate::Shut)?;
    authority::authorize_for(world, actor, LICENCES_MANAGE, command.tenant, &command.service, Gate::Shut)?;
    let mut bars = Bars::new();
    let licence = NewIds::of(world).take(command.licence, &mut bars)?;
    bars.bar(!world.policy.services.contains(&command.service), Code::UnknownService, &command.service);
    bars.bar(command.seats == 0 || command.seats > MAX_SEATS, Code::InvalidSeats, command.seats);
    if let Some(expires) = command.expires {
        bars.bar(expires <= world.at, Code::InvalidExpiry, expires);
    }
    let reached = command.buyer == command.tenant
        || graph::manages(world, command.buyer, command.tenant, &BTreeSet::new())?;
    bars.bar(!reached, Code::OutOfReach, command.tenant);
    bars.lift()?;
    Ok(Event::LicenceBought {
        licence,
        buyer: command.buyer,
        tenant: command.tenant,
        service: command.service.clone(),
        seats: command.seats,
        expires: command.expires,
    }
    .into())
}

/// Gives devices seats (C-1).
///
/// # Errors
/// Those of [`authority::authorize_service`]; `unknown_licence`, `empty_batch`, `too_many_devices`,
/// `too_few_seats`, `licence_expired` and, device by device, `device_not_in_pool`, `device_seated`,
/// `device_moving`.
pub(crate) fn assign(world: &World<'_>, actor: &Actor, command: &AssignSeats) -> Ruling<Decision> {
    let licence = resolve(world, actor, command.licence)?;
    let mut bars = Bars::new();
    let given = |device: Option<&Device>| Ok(device::bar_giving(device, licence.tenant, None));
    let devices = device::named(world, &command.devices, &mut bars, given)?;
    let free = licence.seats.saturating_sub(licence.used) as usize;
    bars.bar(devices.len() > free, Code::TooFewSeats, licence.id);
    bars.bar(licence.expires.is_some_and(|expires| expires <= world.at), Code::LicenceExpired, licence.id);
    bars.lift()?;
    Ok(Event::SeatsAssigned { licence: licence.id, devices }.into())
}

/// Takes seats back (C-1).
///
/// # Errors
/// Those of [`authority::authorize_service`]; `unknown_licence`, `empty_batch`, `too_many_devices`
/// and, device by device, `device_not_seated`.
pub(crate) fn release(world: &World<'_>, actor: &Actor, command: &ReleaseSeats) -> Ruling<Decision> {
    let licence = resolve(world, actor, command.licence)?;
    let mut bars = Bars::new();
    let devices = device::named(world, &command.devices, &mut bars, |device| {
        let seated = device.is_some_and(|it| it.holder == licence.tenant && it.seat == Some(licence.id));
        Ok((!seated).then_some(Code::DeviceNotSeated))
    })?;
    bars.lift()?;
    Ok(Event::SeatsReleased { licence: licence.id, devices }.into())
}

fn resolve(world: &World<'_>, actor: &Actor, id: LicenceId) -> Ruling<Arc<Licence>> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
    let Some(licence) = world.view.get::<Licence>(id.uuid())? else {
        return refuse(Code::UnknownLicence, id);
    };
    if let Some(user) = admitted
        && !(access::sees(world, &user, licence.tenant)? && is_told(world, &user, &licence)?)
    {
        return refuse(Code::UnknownLicence, id);
    }
    authority::authorize_service(world, actor, LICENCES_MANAGE, licence.tenant, &licence.service)?;
    Ok(licence)
}

/// Whether a licence is there for whoever sees the tenant that it serves: for those at home there,
/// and else where whoever bought it is (T-9).
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn is_told(world: &World<'_>, user: &User, licence: &Licence) -> Result<bool, ViewError> {
    let Licence { tenant, buyer, .. } = *licence;
    Ok(user.home == tenant || buyer == tenant || access::knows(world, user, buyer)?)
}
