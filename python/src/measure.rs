//! The Rust checks in a loop, so that `tests/bench.py` can say in one run what Python adds to them. Of no other use.

use std::hint::black_box;
use std::time::Instant;

use pyo3::prelude::*;
use tenantry::base::ids::{TenantId, UserId};
use tenantry::index::{IndexVerdict, Resolved};
use uuid::Uuid;

use crate::columns::ids;
use crate::guard::{Stop, detached, guarded};
use crate::index::AccessIndex;

/// Nanoseconds per Rust check of these packed ids: by handle, by id, in batches by handle, in batches by id.
#[pyfunction]
#[pyo3(name = "_measure", signature = (index, users, permission, tenants, /))]
pub(crate) fn measure(
    py: Python<'_>,
    index: &Bound<'_, AccessIndex>,
    users: &[u8],
    permission: &Bound<'_, PyAny>,
    tenants: &[u8],
) -> PyResult<(f64, f64, f64, f64)> {
    let index = index.get();
    let permit = guarded(py, || index.permit(permission, None))?;
    detached(py, || {
        let core = index.core();
        let pairs = ids(users).iter().zip(ids(tenants));
        let by_id: Vec<_> = pairs
            .map(|(user, tenant)| {
                let (user, tenant) = (Uuid::from_bytes(*user), Uuid::from_bytes(*tenant));
                (UserId::from_uuid(user), permit, TenantId::from_uuid(tenant))
            })
            .collect();
        let resolved: Vec<_> = by_id
            .iter()
            .map(|&(user, permit, tenant)| Resolved {
                user: core.user(user),
                permit,
                tenant: core.tenant(tenant),
            })
            .collect();
        let mut answers = vec![IndexVerdict { reason: None, seq: 0 }; by_id.len()];
        let per = |began: Instant| began.elapsed().as_secs_f64() * 1e9 / by_id.len() as f64;

        let began = Instant::now();
        for one in &resolved {
            black_box(core.check_resolved(one.user, one.permit, one.tenant, index.clock()));
        }
        let handle = per(began);
        let began = Instant::now();
        for &(user, permit, tenant) in &by_id {
            black_box(core.check(user, permit, tenant, index.clock()));
        }
        let id = per(began);
        let began = Instant::now();
        core.check_batch(&resolved, index.clock(), &mut answers);
        let batch = per(began);
        let began = Instant::now();
        core.check_ids(&by_id, index.clock(), &mut answers);
        let packed = per(began);
        black_box(&answers);
        Ok::<_, Stop>((handle, id, batch, packed))
    })
}
