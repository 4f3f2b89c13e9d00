//! F-26: a preview beside the command that it is of, and reviews from the store and on the index.

use tenantry::command::{BlockUser, Command, DisableTenants, EditTenant};
use tenantry::engine::Engine;
use tenantry::model::{Actor, Patch};
use tenantry::query::{Paging, Preview, TenantAccess, UserAccess};

use crate::measure::{Clock, Side, quantile, race};
use crate::results::{Of, Row};
use crate::rng::Rng;
use crate::stage::{SEED, Stage};
use crate::world::World;

/// The largest world whose file is copied for commands.
const LARGEST: usize = 100_000;
/// How many commands of each kind a round has at most, and as many previews.
const TIMES: usize = 50;
/// How many tenants are reviewed in a round.
const TENANTS: usize = 200;

/// F-26.
pub(super) fn beforehand_and_now(stage: &Stage, rows: &mut Vec<Row>) {
    previews(stage, rows);
    from_the_store(stage, rows);
    on_the_index(stage, rows);
}

/// Each preview is of the very command that is executed after it.
fn previews(stage: &Stage, rows: &mut Vec<Row>) {
    if stage.customers > LARGEST {
        return;
    }
    let dir = stage.scratch();
    let path = dir.path().join("ours.db");
    std::fs::copy(stage.store(), &path).expect("the file can be copied");
    let engine = Engine::open(&path).expect("the copy is a store");
    let world = stage.world();
    let mut rng = Rng::new(SEED);
    // Each customer has one command.
    let rounds = (stage.rounds + 1) * 3;
    let times = TIMES.min(stage.customers / 2 / rounds);
    let mut customers = customers(world, rounds * times, &mut rng).into_iter();
    let website = || Patch::Set("https://example.com".parse().expect("a website"));
    let kinds: [(&str, &dyn Fn(u32) -> Command); 3] = [
        ("edit_tenant, which changes no access", &|tenant| {
            EditTenant { website: website(), ..EditTenant::new(world.tenant_id(tenant)) }.into()
        }),
        ("block_user, who loses one tenant", &|tenant| {
            BlockUser::new(world.user_id(world.users_of(tenant).end - 1)).into()
        }),
        ("disable_tenants, on which 15 people lose access", &|tenant| {
            DisableTenants::new(vec![world.tenant_id(tenant)]).into()
        }),
    ];
    for (case, command) in kinds {
        let mut spent: [Vec<f64>; 2] = Default::default();
        for round in 0..=stage.rounds {
            let commands: Vec<_> = customers.by_ref().take(times).map(command).collect();
            assert_eq!(commands.len(), times, "there are customers left");
            let beforehand = Clock::Cpu.time(|| {
                for command in &commands {
                    let preview = Preview::new(Actor::OPERATOR, Box::new(command.clone()));
                    std::hint::black_box(engine.ask(preview).expect("it can be done"));
                }
            });
            let done = Clock::Cpu.time(|| {
                for command in commands {
                    engine.execute(Actor::OPERATOR, command).expect("it can be done");
                }
            });
            if round > 0 {
                for (spent, time) in spent.iter_mut().zip([beforehand, done]) {
                    spent.push(time.as_secs_f64() * 1e6 / times as f64);
                }
            }
        }
        let [beforehand, done] = spent.map(|mut spent| {
            spent.sort_by(f64::total_cmp);
            quantile(&spent, 0.5)
        });
        let row = Row::new(format!("a preview of {case}"), stage.customers, beforehand, "µs");
        rows.push(row.beside("the command", done).target(Of::OursByTheirs, 2.0));
    }
}

fn from_the_store(stage: &Stage, rows: &mut Vec<Row>) {
    let engine = stage.engine();
    let snapshot = engine.read().expect("the store can be read");
    let now = snapshot.now().expect("the store can be read");
    let world = stage.world();
    let tenants = customers(world, TENANTS, &mut Rng::new(SEED));
    let of_tenants = |wanted: &[u32]| {
        let of = |tenant: &u32| TenantAccess::new(Actor::OPERATOR, world.tenant_id(*tenant));
        wanted.iter().map(|tenant| now.ask(of(tenant)).expect("a page").rows.len()).sum::<usize>()
    };
    let paging = Paging { limit: 1_000, ..Paging::default() };
    let of_user = UserAccess { paging, ..UserAccess::new(Actor::OPERATOR, world.user_id(0)) };
    let of_user = || now.ask(of_user.clone()).expect("a page").rows.len();
    let found = [of_tenants(&tenants), of_user()];
    let times = race(
        Clock::Cpu,
        stage.rounds,
        vec![
            Side::new("tenants", 1, || std::hint::black_box(of_tenants(&tenants))),
            Side::new("user", 1, || std::hint::black_box(of_user())),
        ],
    );
    for (case, side, found) in [
        ("a review of a tenant, from the store, people", "tenants", found[0]),
        ("a page of 1 000 of a review of a user, from the store, tenants", "user", found[1]),
    ] {
        let rate = found as f64 / times.ns(side) * 1e6;
        rows.push(Row::new(case, stage.customers, rate, "k/s").target(Of::OursAtLeast, 10.0));
    }
}

fn on_the_index(stage: &Stage, rows: &mut Vec<Row>) {
    let (world, index, at) = (stage.world(), stage.index(), stage.world().written());
    let tenants = customers(world, TENANTS, &mut Rng::new(SEED));
    let tenants: Vec<_> = tenants.iter().map(|tenant| index.tenant(world.tenant_id(*tenant))).collect();
    let user = index.user(world.user_id(0));
    let of_tenants = || {
        let of = |tenant| index.tenant_access(tenant, at).expect("nobody writes").rows().len();
        tenants.iter().map(|tenant| of(*tenant)).sum::<usize>()
    };
    let of_user = || index.user_access(user, at).expect("nobody writes").rows().len();
    let found = [of_tenants(), of_user()];
    let times = race(
        Clock::Cpu,
        stage.rounds,
        vec![
            Side::new("tenants", 1, || std::hint::black_box(of_tenants())),
            Side::new("user", 1, || std::hint::black_box(of_user())),
        ],
    );
    for (case, side, found) in [
        ("a review of a tenant, on the index, people", "tenants", found[0]),
        ("a review of a user, on the index, tenants", "user", found[1]),
    ] {
        let rate = found as f64 / times.ns(side) * 1e3;
        rows.push(Row::new(case, stage.customers, rate, "M/s").target(Of::OursAtLeast, 1.0));
    }
}

/// Enabled customers at random, each once, with a last user who is active.
fn customers(world: &World, count: usize, rng: &mut Rng) -> Vec<u32> {
    let mut every: Vec<u32> = (0..world.tenants.len() as u32)
        .filter(|tenant| {
            let row = &world.tenants[*tenant as usize];
            row.managed.is_some()
                && row.enabled
                && world.users[world.users_of(*tenant).end as usize - 1].active
        })
        .collect();
    for place in 0..count.min(every.len()) {
        let other = place + rng.below(every.len() - place);
        every.swap(place, other);
    }
    every.truncate(count);
    every
}
