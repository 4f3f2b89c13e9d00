//! F-11: what the index takes, by its own account and by the allocator's.

use tenantry::index::IndexSize;
use tenantry::testkit::inside::Follower;

use crate::alloc;
use crate::results::{Of, Row};
use crate::stage::{SEED, Stage};
use crate::world::view::Source;

/// F-11.
pub(super) fn index(stage: &Stage, rows: &mut Vec<Row>) {
    let source = Source::new(stage.world());
    let before = alloc::held();
    let follower = Follower::build(&source, 1, SEED).expect("the world can be read");
    let held = alloc::held() - before;
    let index = follower.index();
    let IndexSize { tenants, users, tenant_bytes: between, user_bytes: ids, .. } = index.size();
    let customers = stage.customers;
    let row =
        |case: &str, bytes: usize, of: usize| Row::new(case, customers, bytes as f64 / of as f64, "bytes");
    let between = row("for each tenant, with its assignments", between, tenants);
    rows.push(if customers >= 100_000 { between.target(Of::Ours, 110.0) } else { between });
    let ids = row("for each id", ids, tenants + users);
    rows.push(if customers >= 100_000 { ids.target(Of::Ours, 48.0) } else { ids });
    let told = index.size().tenant_bytes + index.size().user_bytes;
    rows.push(
        row("for each tenant, everything the allocator gave to index and writer", held, tenants)
            .beside("what the index says", told as f64 / tenants as f64),
    );
}
