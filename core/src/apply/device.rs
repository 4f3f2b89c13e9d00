//! What happens to devices, holdings and resellers' rows: as whose they are shown, kept as things
//! happen (V-3, V-5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use crate::base::ids::{LinkId, MoveId, TenantId, UploadId};
use crate::base::text::DeviceId;
use crate::base::time::Timestamp;
use crate::model::{Added, Arrived, Device, Holding, Moved, ResellerRow, ResellerStatus, Tenant};
use crate::view::{Any, Index, Key, Overlay, View, ViewError, Write};

/// A reseller's upload (V-2).
pub(super) fn uploaded(
    view: &dyn View,
    at: Timestamp,
    (upload, reseller, to): (UploadId, TenantId, TenantId),
    devices: &BTreeSet<DeviceId>,
    others: &BTreeMap<DeviceId, BTreeSet<DeviceId>>,
) -> Result<Vec<Write>, ViewError> {
    let count = devices.len() as u64;
    let holding = Holding {
        id: Holding::uploaded(upload),
        reseller,
        upload,
        uploaded_at: at,
        uploaded_to: to,
        holder: to,
        way: Vec::new(),
        devices: count,
        shown_as: to,
        stayed: false,
        arrived: Some(Arrived { devices: count, left: count }),
    };
    let mut changes = replaced(view, devices, others)?;
    changes.extend(devices.iter().map(|id| {
        let others = others.get(id).cloned().unwrap_or_default();
        let device =
            Device { id: id.clone(), others, holder: to, holding: holding.id, seat: None, moving: None };
        Write::Put(device.into())
    }));
    changes.push(Write::Put(holding.into()));
    if let Some(mut row) = row(view, reseller, to)? {
        row.devices += count;
        row.uploads += 1;
        row.last_uploaded = Some(at);
        if let Some(added) = &mut row.added
            && added.status == ResellerStatus::Pending
        {
            added.status = ResellerStatus::Active;
        }
        changes.push(Write::Put(row.into()));
    }
    changes.extend(counted(view, to, |devices| devices.saturating_add(count))?);
    Ok(changes)
}

/// The devices of deleted tenants go whose ids others have from now on, so that an id never leads
/// to two.
fn replaced(
    view: &dyn View,
    devices: &BTreeSet<DeviceId>,
    others: &BTreeMap<DeviceId, BTreeSet<DeviceId>>,
) -> Result<Vec<Write>, ViewError> {
    let mut gone = BTreeMap::new();
    for id in devices.iter().chain(others.values().flatten()) {
        // Where the first id is the same, the one is written over the other.
        if let Some(device) = view.device(Device::key(id))?
            && !devices.contains(&device.id)
        {
            gone.insert(device.id.clone(), Write::Remove(Any::Device(device)));
        }
    }
    Ok(gone.into_values().collect())
}

/// Devices go from an MSP's pool to a customer. Whom they are shown as stays (V-3, V-7).
pub(super) fn moved(
    view: &dyn View,
    link: LinkId,
    customer: TenantId,
    devices: &BTreeSet<DeviceId>,
) -> Result<Vec<Write>, ViewError> {
    let mut world = Overlay::over(view);
    let mut left: BTreeMap<TenantId, u64> = BTreeMap::new();
    for id in devices {
        let Some(device) = view.get::<Device>(Device::key(id))? else { continue };
        let Some(from) = find::<Holding>(&world, device.holding.uuid())? else { continue };
        let key = from.moved(link);
        let to = match find::<Holding>(&world, key.uuid())? {
            // A new move under the same link is shown as the first one is.
            Some(to) if to.devices > 0 => Holding { devices: to.devices + 1, ..to },
            _ => {
                let mut way = from.way.clone();
                way.push(Moved { link, to: customer });
                Holding { id: key, holder: customer, way, devices: 1, arrived: None, ..from.clone() }
            }
        };
        *left.entry(device.holder).or_default() += 1;
        world.change(Write::Put(Holding { devices: from.devices.saturating_sub(1), ..from }.into()));
        world.change(Write::Put(to.into()));
        let device = Device { holder: customer, holding: key, moving: None, ..Arc::unwrap_or_clone(device) };
        world.change(Write::Put(device.into()));
    }
    let arrived = left.values().sum::<u64>();
    for (tenant, count) in left {
        let change = counted(&world, tenant, |devices| devices.saturating_sub(count))?;
        change.into_iter().for_each(|change| world.change(change));
    }
    let change = counted(&world, customer, |devices| devices.saturating_add(arrived))?;
    change.into_iter().for_each(|change| world.change(change));
    Ok(world.into_changes().0)
}

/// Devices enter or leave a move that awaits approval (V-7).
pub(super) fn moving(
    view: &dyn View,
    devices: &BTreeSet<DeviceId>,
    moving: Option<MoveId>,
) -> Result<Vec<Write>, ViewError> {
    let mut changes = Vec::new();
    for id in devices {
        if let Some(device) = view.get::<Device>(Device::key(id))? {
            changes.push(Write::Put(Device { moving, ..Arc::unwrap_or_clone(device) }.into()));
        }
    }
    Ok(changes)
}

/// Devices are deleted, for their reseller too (V-9).
pub(super) fn deleted(
    view: &dyn View,
    tenant: TenantId,
    devices: &BTreeSet<DeviceId>,
) -> Result<Vec<Write>, ViewError> {
    let mut world = Overlay::over(view);
    let (mut rows, mut gone) = (BTreeSet::new(), BTreeMap::new());
    let mut count = 0;
    for id in devices {
        let key = Device::key(id);
        let Some(device) = view.get::<Device>(key)? else { continue };
        if let Some(holding) = find::<Holding>(&world, device.holding.uuid())? {
            rows.insert((holding.reseller, holding.shown_as));
            *gone.entry(holding.upload).or_default() += 1;
            world
                .change(Write::Put(Holding { devices: holding.devices.saturating_sub(1), ..holding }.into()));
        }
        world.change(Write::Remove(Any::Device(device)));
        count += 1;
    }
    let change = counted(&world, tenant, |devices| devices.saturating_sub(count))?;
    change.into_iter().for_each(|change| world.change(change));
    lessened(&mut world, gone)?;
    recount(&mut world, rows)?;
    Ok(world.into_changes().0)
}

/// What was moved under a link that has ended is shown as whom it was moved to, for good (V-3).
/// What led there no longer counts.
pub(super) fn link_ended(view: &dyn View, link: LinkId) -> Result<Vec<Write>, ViewError> {
    shown_anew(view, Index::HoldingLink, link.uuid(), |mut holding| {
        let last = holding.way.iter().rposition(|moved| moved.link == link);
        let ended = last.and_then(|last| holding.way.drain(..=last).next_back());
        match ended {
            Some(Moved { to, .. }) => Holding { shown_as: to, stayed: true, ..holding },
            None => holding,
        }
    })
}

/// What a deleted tenant held is gone, for its resellers too (T-7).
pub(super) fn holder_deleted(view: &dyn View, tenant: TenantId) -> Result<Vec<Write>, ViewError> {
    shown_anew(view, Index::HoldingHolder, tenant.uuid(), |holding| Holding { devices: 0, ..holding })
}

fn shown_anew(
    view: &dyn View,
    index: Index,
    key: Uuid,
    change: impl Fn(Holding) -> Holding,
) -> Result<Vec<Write>, ViewError> {
    let mut world = Overlay::over(view);
    let (mut rows, mut gone) = (BTreeSet::new(), BTreeMap::new());
    for holding in view.under::<Holding>(index, Key::new().id(key)) {
        let holding = Arc::unwrap_or_clone(holding?);
        rows.insert((holding.reseller, holding.shown_as));
        let (upload, before) = (holding.upload, holding.devices);
        let holding = change(holding);
        rows.insert((holding.reseller, holding.shown_as));
        *gone.entry(upload).or_default() += before.saturating_sub(holding.devices);
        world.change(Write::Put(holding.into()));
    }
    lessened(&mut world, gone)?;
    recount(&mut world, rows)?;
    Ok(world.into_changes().0)
}

/// A reseller's row changes by what the two say to each other (V-1).
pub(super) fn added(
    view: &dyn View,
    reseller: TenantId,
    tenant: TenantId,
    change: impl FnOnce(Option<Added>) -> Option<Added>,
) -> Result<Option<Write>, ViewError> {
    Ok(row(view, reseller, tenant)?.map(|row| {
        let added = change(row.added.clone());
        Write::Put(ResellerRow { added, ..row }.into())
    }))
}

/// The row of a reseller and a tenant, empty where there was none.
fn row(view: &dyn View, reseller: TenantId, tenant: TenantId) -> Result<Option<ResellerRow>, ViewError> {
    if let Some(row) = find::<ResellerRow>(view, ResellerRow::key(reseller, tenant))? {
        return Ok(Some(row));
    }
    Ok(view.get::<Tenant>(tenant.uuid())?.map(|it| ResellerRow {
        reseller,
        tenant,
        name: it.name.clone(),
        number: it.number.clone(),
        country: it.country.clone(),
        deleted: !it.is_living(),
        added: None,
        devices: 0,
        delinked_devices: 0,
        uploads: 0,
        last_uploaded: None,
    }))
}

/// So many devices of these uploads are gone, whoever held them.
fn lessened(world: &mut Overlay<'_>, gone: BTreeMap<UploadId, u64>) -> Result<(), ViewError> {
    for (upload, count) in gone.into_iter().filter(|(_, count)| *count > 0) {
        if let Some(mut holding) = find::<Holding>(&*world, Holding::uploaded(upload).uuid())?
            && let Some(arrived) = &mut holding.arrived
        {
            arrived.left = arrived.left.saturating_sub(count);
            world.change(Write::Put(holding.into()));
        }
    }
    Ok(())
}

/// Counts rows anew from the holdings behind them.
fn recount(world: &mut Overlay<'_>, rows: BTreeSet<(TenantId, TenantId)>) -> Result<(), ViewError> {
    for (reseller, tenant) in rows {
        let Some(mut counted) = row(&*world, reseller, tenant)? else { continue };
        (counted.devices, counted.delinked_devices, counted.uploads, counted.last_uploaded) = (0, 0, 0, None);
        let mut last = None;
        let key = Key::new().id(reseller.uuid()).id(tenant.uuid());
        for holding in (&*world as &dyn View).under::<Holding>(Index::HoldingRow, key) {
            let holding = holding?;
            counted.devices += holding.devices;
            if holding.stayed {
                counted.delinked_devices += holding.devices;
            }
            // Holdings come upload by upload.
            if last.replace(holding.upload) != Some(holding.upload) {
                counted.uploads += 1;
            }
            counted.last_uploaded = counted.last_uploaded.max(Some(holding.uploaded_at));
        }
        world.change(Write::Put(counted.into()));
    }
    Ok(())
}

fn counted(
    view: &dyn View,
    tenant: TenantId,
    count: impl FnOnce(u64) -> u64,
) -> Result<Option<Write>, ViewError> {
    Ok(find::<Tenant>(view, tenant.uuid())?.map(|tenant| {
        let devices = count(tenant.devices);
        Write::Put(Tenant { devices, ..tenant }.into())
    }))
}

fn find<E: crate::view::Entity>(view: &dyn View, id: Uuid) -> Result<Option<E>, ViewError> {
    Ok(view.get::<E>(id)?.map(Arc::unwrap_or_clone))
}
