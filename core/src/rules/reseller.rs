//! Resellers and the tenants they add (V-1). Reads a view, returns events.

use std::sync::Arc;

use super::access::Gate;
use super::authority;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::TenantId;
use crate::command::{
    AddResellerCustomer, AdmitReseller, DropReseller, EditResellerCustomer, RemoveResellerCustomer,
};
use crate::event::Event;
use crate::model::permission::{CUSTOMERS_ADD, DEVICES_MANAGE};
use crate::model::{Actor, Added, ResellerRow, ResellerStatus, Tenant, TenantKind};
use crate::refusal::Code;
use crate::view::ViewError;

/// Adds a customer or an MSP to a reseller's list (V-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_tenant`, `not_a_reseller`, `cannot_receive`,
/// `already_added`, `reseller_dropped`.
pub(crate) fn add(world: &World<'_>, actor: &Actor, command: &AddResellerCustomer) -> Ruling<Decision> {
    authority::authorize(world, actor, CUSTOMERS_ADD, command.reseller, Gate::Shut)?;
    let Some(tenant) = world.numbered(&command.number)?.filter(|tenant| tenant.is_living()) else {
        return refuse(Code::UnknownTenant, &command.number);
    };
    let mut bars = Bars::new();
    bar_reseller(world, command.reseller, &mut bars)?;
    bars.bar(!receives(&tenant), Code::CannotReceive, &command.number);
    match added(world, command.reseller, tenant.id)?.map(|added| added.status) {
        None => {}
        Some(ResellerStatus::Inactive) => bars.bar(true, Code::ResellerDropped, &command.number),
        Some(ResellerStatus::Pending | ResellerStatus::Active) => {
            bars.bar(true, Code::AlreadyAdded, &command.number)
        }
    }
    bars.lift()?;
    Ok(Event::ResellerCustomerAdded {
        reseller: command.reseller,
        tenant: tenant.id,
        reference: command.reference.clone(),
    }
    .into())
}

/// Changes a reseller's own name for a tenant (V-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `not_added`, `nothing_to_do`.
pub(crate) fn edit(world: &World<'_>, actor: &Actor, command: &EditResellerCustomer) -> Ruling<Decision> {
    authority::authorize(world, actor, CUSTOMERS_ADD, command.reseller, Gate::Shut)?;
    let Some(added) = added(world, command.reseller, command.tenant)? else {
        return refuse(Code::NotAdded, command.tenant);
    };
    if added.reference == command.reference {
        return refuse(Code::NothingToDo, command.tenant);
    }
    Ok(Event::ResellerCustomerEdited {
        reseller: command.reseller,
        tenant: command.tenant,
        reference: command.reference.clone(),
    }
    .into())
}

/// Takes a tenant without uploads off a reseller's list again (V-1). Whoever dropped the reseller
/// stays there, since it could else be added anew.
///
/// # Errors
/// Those of [`authority::authorize`]; `not_added`, `reseller_dropped`, `has_uploads`.
pub(crate) fn remove(world: &World<'_>, actor: &Actor, command: &RemoveResellerCustomer) -> Ruling<Decision> {
    authority::authorize(world, actor, CUSTOMERS_ADD, command.reseller, Gate::Shut)?;
    let row: Option<Arc<ResellerRow>> = world.view.get(ResellerRow::key(command.reseller, command.tenant))?;
    let Some((row, added)) = row.as_ref().and_then(|row| Some((row, row.added.as_ref()?))) else {
        return refuse(Code::NotAdded, command.tenant);
    };
    let mut bars = Bars::new();
    bars.bar(added.status == ResellerStatus::Inactive, Code::ResellerDropped, command.tenant);
    bars.bar(row.is_shown(), Code::HasUploads, command.tenant);
    bars.lift()?;
    Ok(Event::ResellerCustomerRemoved { reseller: command.reseller, tenant: command.tenant }.into())
}

/// Lets a reseller upload no further devices (V-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `not_added`, `reseller_dropped`.
pub(crate) fn drop_reseller(world: &World<'_>, actor: &Actor, command: &DropReseller) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.tenant, Gate::Shut)?;
    match added(world, command.reseller, command.tenant)?.map(|added| added.status) {
        None => refuse(Code::NotAdded, command.tenant),
        Some(ResellerStatus::Inactive) => refuse(Code::ResellerDropped, command.tenant),
        Some(ResellerStatus::Pending | ResellerStatus::Active) => {
            Ok(Event::ResellerDropped { reseller: command.reseller, tenant: command.tenant }.into())
        }
    }
}

/// Lets a reseller that was dropped upload again (V-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `not_added`, `reseller_not_dropped`, `too_many_requests`.
pub(crate) fn admit(world: &World<'_>, actor: &Actor, command: &AdmitReseller) -> Ruling<Decision> {
    authority::authorize(world, actor, DEVICES_MANAGE, command.tenant, Gate::Shut)?;
    match added(world, command.reseller, command.tenant)?.map(|added| added.status) {
        None => refuse(Code::NotAdded, command.tenant),
        Some(ResellerStatus::Inactive) => {
            let mut bars = Bars::new();
            world.bar_asking(actor, command.tenant, [command.reseller.uuid()], &mut bars)?;
            bars.lift()?;
            Ok(Event::ResellerAdmitted { reseller: command.reseller, tenant: command.tenant }.into())
        }
        Some(ResellerStatus::Pending | ResellerStatus::Active) => {
            refuse(Code::ResellerNotDropped, command.tenant)
        }
    }
}

/// How a reseller has added a tenant, if it has.
pub(super) fn added(
    world: &World<'_>,
    reseller: TenantId,
    tenant: TenantId,
) -> Result<Option<Added>, ViewError> {
    let row: Option<Arc<ResellerRow>> = world.view.get(ResellerRow::key(reseller, tenant))?;
    Ok(row.and_then(|row| row.added.clone()))
}

/// Bars a tenant that is no reseller.
pub(super) fn bar_reseller(world: &World<'_>, reseller: TenantId, bars: &mut Bars) -> Result<(), ViewError> {
    let is = world.living(reseller)?.is_some_and(|tenant| tenant.kind == TenantKind::Reseller);
    bars.bar(!is, Code::NotAReseller, reseller);
    Ok(())
}

/// Whether devices can be uploaded to a tenant (V-2).
pub(super) fn receives(tenant: &Tenant) -> bool {
    tenant.kind != TenantKind::Reseller
}
