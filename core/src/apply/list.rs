//! What lists show follows what it is made of: whatever changes a link or a tenant changes its
//! listing with the manager and its rows with resellers in the same record (Q-1, V-5), so that a
//! list reads the rows it shows and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::ids::TenantId;
use crate::base::text::Number;
use crate::model::{Listing, ResellerRow, Tenant, TenantKind};
use crate::view::{Any, Entity, Index, Key, Overlay, View, ViewError, Write};

/// Adds to the changes of an event what follows from them in lists.
pub(super) fn follow(view: &dyn View, changes: &mut Vec<Write>) -> Result<(), ViewError> {
    let mut after = Overlay::over(view);
    for change in &*changes {
        if let Write::Put(Any::Tenant(_) | Any::Link(_)) = change {
            after.change(change.clone());
        }
    }
    let after: &dyn View = &after;
    let mut rows = BTreeMap::new();
    let mut listings = Vec::new();
    for change in &*changes {
        match change {
            Write::Put(Any::Tenant(tenant)) => {
                let Some(before) = view.get::<Tenant>(tenant.id.uuid())? else { continue };
                for link in after.links_managing(tenant.id) {
                    listings.push(Listing::of(&*link?, tenant));
                }
                let shown = |it: &Tenant| (it.name.clone(), it.country.clone(), it.kind, it.is_living());
                if shown(&before) != shown(tenant) {
                    rows_of(view, tenant.id, &mut rows)?;
                }
            }
            Write::Put(Any::Link(link)) => {
                if let Some(tenant) = after.get::<Tenant>(link.managed.uuid())? {
                    listings.push(Listing::of(link, &tenant));
                }
                rows_of(view, link.managed, &mut rows)?;
            }
            _ => {}
        }
    }
    changes.retain(|change| match change {
        Write::Put(Any::ResellerRow(row)) => {
            rows.insert(Entity::id(&**row), Arc::clone(row));
            false
        }
        _ => true,
    });
    for row in rows.into_values() {
        changes.push(Write::Put(shown(after, &row)?.into()));
    }
    changes.extend(listings.into_iter().map(|listing| Write::Put(listing.into())));
    Ok(())
}

fn rows_of(
    view: &dyn View,
    tenant: TenantId,
    rows: &mut BTreeMap<Uuid, Arc<ResellerRow>>,
) -> Result<(), ViewError> {
    for row in view.under::<ResellerRow>(Index::RowTenant, Key::new().id(tenant.uuid())) {
        let row = row?;
        rows.insert(Entity::id(&*row), row);
    }
    Ok(())
}

/// A reseller's row with what it shows of its tenant.
fn shown(view: &dyn View, row: &ResellerRow) -> Result<ResellerRow, ViewError> {
    let Some(tenant) = view.get::<Tenant>(row.tenant.uuid())? else { return Ok(row.clone()) };
    Ok(ResellerRow {
        name: tenant.name.clone(),
        number: shown_number(view, &tenant, row)?,
        country: tenant.country.clone(),
        deleted: !tenant.is_living(),
        ..row.clone()
    })
}

/// The number in a reseller's row: a managed customer's is its MSP's, of several the one linked
/// longest. Where nothing is shown but what stayed after a delink, it is the customer's own, for
/// good (V-3).
fn shown_number(view: &dyn View, tenant: &Tenant, row: &ResellerRow) -> Result<Number, ViewError> {
    let stayed = row.is_shown() && row.delinked_devices == row.devices;
    if tenant.kind == TenantKind::Customer && !stayed {
        let links = view.links_managing(tenant.id).collect::<Result<Vec<_>, _>>()?;
        let oldest = links.into_iter().min_by_key(|link| (link.since, link.id));
        if let Some(link) = oldest
            && let Some(manager) = view.get::<Tenant>(link.manager.uuid())?
        {
            return Ok(manager.number.clone());
        }
    }
    Ok(tenant.number.clone())
}
