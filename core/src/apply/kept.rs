//! What happens to the ids that other systems have given, as what they lead to changes hands
//!

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::ids::TenantId;
use crate::base::text::DeviceId;
use crate::model::{Device, KeptId};
use crate::view::{Index, Key, Span, View, ViewError, Write};

/// Devices go from an MSP's pool to a customer of its, and the ids that it keeps of them go along.
pub(super) fn moved(
    view: &dyn View,
    manager: TenantId,
    customer: TenantId,
    devices: &BTreeSet<DeviceId>,
) -> Result<Vec<Write>, ViewError> {
    let mut changes = Vec::new();
    let own = Key::new().id(manager.uuid()).id(manager.uuid());
    if view.scan(&Span::under(Index::KeptTenant, own), 1)?.is_empty() {
        return Ok(changes);
    }
    for device in devices {
        let of = Key::new().id(Device::key(device)).id(manager.uuid());
        for kept in view.under::<KeptId>(Index::KeptOf, of) {
            let kept = KeptId { tenant: customer, ..Arc::unwrap_or_clone(kept?) };
            changes.push(Write::Put(kept.into()));
        }
    }
    Ok(changes)
}
