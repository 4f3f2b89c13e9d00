//! A check on the index allocates nothing, one by one or in batches (F-8). Alone in its program: the allocator counts everybody.

use tenantry::index::{IndexVerdict, Resolved};
use tenantry::testkit::inside::Follower;
use tenantry_benches::alloc::{Counting, calls};
use tenantry_benches::ask::{Spread, draw};
use tenantry_benches::world::view::Source;
use tenantry_benches::world::{Shape, World};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_check_on_the_index_allocates_nothing() {
    let world = World::make(&Shape::even(10, 50), 3);
    let follower = Follower::build(&Source::new(&world), 1, 7).unwrap();
    let (index, at) = (follower.index(), world.written());
    let asks = draw(&world, 2_048, Spread::Uniform, 3);
    let ids: Vec<_> = asks
        .iter()
        .map(|ask| {
            let permission = index.permission(world.permissions[ask.permission as usize].as_str()).unwrap();
            (world.user_id(ask.user), permission.into(), world.tenant_id(ask.tenant))
        })
        .collect();
    let handles: Vec<_> = ids
        .iter()
        .map(|&(user, permit, tenant)| Resolved {
            user: index.user(user),
            permit,
            tenant: index.tenant(tenant),
        })
        .collect();
    let mut answers = vec![IndexVerdict { reason: None, seq: 0 }; ids.len()];

    let before = calls();
    for (user, permit, tenant) in &ids {
        std::hint::black_box(index.check(*user, *permit, *tenant, at));
    }
    index.check_batch(&handles, at, &mut answers);
    index.check_ids(&ids, at, &mut answers);
    assert_eq!(calls() - before, 0);

    // The counter counts.
    drop(std::hint::black_box(Vec::<u64>::with_capacity(9)));
    assert_eq!(calls() - before, 1);
}
