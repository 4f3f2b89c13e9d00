//! Walks one hot path so many times, for a counter of instructions: `hot-paths PATH TIMES`.

use std::hint::black_box;

use tenantry::command::RegisterTenant;
use tenantry::engine::{Engine, Options};
use tenantry::index::IndexVerdict;
use tenantry::model::{Actor, TenantKind};
use tenantry::store::memory::MemoryStore;
use tenantry::testkit::inside::Follower;
use tenantry_benches::ask::{Spread, draw};
use tenantry_benches::import::customers;
use tenantry_benches::rng::Rng;
use tenantry_benches::stage::SEED;
use tenantry_benches::world::view::Source;
use tenantry_benches::world::{CUSTOMER_USERS, Shape, World, store};
use uuid::Uuid;

/// How many customers are ready to be imported.
const CUSTOMERS: usize = 32;
/// How many different questions there are; a batch has as many.
const ASKS: usize = 1024;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("the path to walk");
    let times: usize = arguments.next().and_then(|times| times.parse().ok()).expect("how many times");
    let world = World::make(&Shape::even(4, 50), SEED);
    let asks = draw(&world, ASKS, Spread::Uniform, SEED);
    let follower = Follower::build(&Source::new(&world), 1, SEED).expect("the world can be read");
    let (index, at) = (follower.index(), world.written());
    let ids: Vec<_> = asks
        .iter()
        .map(|ask| {
            let permission = index
                .permission(world.permissions[ask.permission as usize].as_str())
                .expect("the policy has it");
            let permit = match world.services.get(ask.service as usize) {
                Some(service) => permission.with(index.service(service.as_str()).expect("the policy has it")),
                None => permission.into(),
            };
            (world.user_id(ask.user), permit, world.tenant_id(ask.tenant))
        })
        .collect();
    let resolve = |&(user, permit, tenant): &_| tenantry::index::Resolved {
        user: index.user(user),
        permit,
        tenant: index.tenant(tenant),
    };
    let handles: Vec<_> = ids.iter().map(resolve).collect();
    let mut answers = vec![IndexVerdict { reason: None, seq: 0 }; ASKS];
    match path.as_str() {
        "check by ids" => (0..times).for_each(|_| {
            for (user, permit, tenant) in &ids {
                black_box(index.check(*user, *permit, *tenant, at));
            }
        }),
        "check by handles" => (0..times).for_each(|_| {
            for ask in &handles {
                black_box(index.check_resolved(ask.user, ask.permit, ask.tenant, at));
            }
        }),
        "batch by handles" => (0..times).for_each(|_| {
            index.check_batch(&handles, at, &mut answers);
            black_box(&answers);
        }),
        "batch by ids" => (0..times).for_each(|_| {
            index.check_ids(&ids, at, &mut answers);
            black_box(&answers);
        }),
        "tenants where" => (0..times).for_each(|_| {
            let (user, mut found) = (index.user(world.user_id(0)), Vec::new());
            index
                .tenants_where(
                    user,
                    index.permission("devices.view").expect("the policy has it"),
                    at,
                    &mut found,
                )
                .expect("nobody writes");
            black_box(found);
        }),
        "check from a store" => {
            let memory = MemoryStore::new(Uuid::from_u128(1));
            store::write(&world, &memory).expect("the world can be written");
            let engine = Engine::new(memory, Options::default()).expect("a store");
            let questions: Vec<_> = asks.iter().map(|ask| ask.question(&world)).collect();
            for place in 0..times * 16 {
                black_box(engine.check(&questions[place % questions.len()]).expect("a verdict"));
            }
        }
        "an import's command" => {
            let memory = MemoryStore::new(Uuid::from_u128(1));
            let engine = Engine::new(memory, Options::default()).expect("a store");
            let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse().expect("a name"));
            let msp = engine.execute(Actor::OPERATOR, msp).expect("a new tenant").outcome;
            let (mut requests, _) = customers(msp, CUSTOMERS, &mut Rng::new(SEED));
            requests.truncate(times * (1 + CUSTOMER_USERS));
            for answer in engine.submit_all(requests) {
                black_box(answer.expect("what is imported is new"));
            }
        }
        _ => panic!("there is no path `{path}`"),
    }
}
