//! F-15: the tenants where somebody may do something, and the users who may do something somewhere.

use tenantry::index::{TenantHandle, UserHandle};

use crate::ask::Ask;
use crate::measure::{Clock, Side, race};
use crate::peer::sql::Database;
use crate::results::{Of, Row};
use crate::rng::Rng;
use crate::stage::Stage;
use crate::world::{NO_SERVICE, World};

/// How many of 200 candidates are to be found.
const HITS: usize = 70;
/// How often a round asks.
const TIMES: usize = 2_000;

/// F-15.
pub(super) fn lists(stage: &Stage, rows: &mut Vec<Row>) {
    let (world, index, at) = (stage.world(), stage.index(), stage.world().written());
    let (permit, customers) = (stage.permit(), stage.customers);
    let memory = Database::memory(world).expect("the database is made");
    let mut sql = memory.statements(world).expect("SQL");

    let ask = asked(world);
    let (user, wanted) = (index.user(world.user_id(ask.user)), permit(&ask));
    let mut found: Vec<TenantHandle> = Vec::new();
    index.tenants_where(user, wanted, at, &mut found).expect("nobody writes");
    let mut ours: Vec<_> = found.iter().map(|tenant| index.tenant_id(*tenant).uuid()).collect();
    let mut theirs = Vec::new();
    sql.tenants_where(world.user_id(ask.user).uuid(), ask.permission, ask.service, &mut theirs)
        .expect("SQL answers");
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs, "the tenants of {ask:?}");
    let hits = ours.len();
    let user_id = world.user_id(ask.user).uuid();
    let times = race(
        Clock::Cpu,
        stage.rounds,
        vec![
            Side::new("ours", TIMES * 50, || {
                for _ in 0..TIMES * 50 {
                    found.clear();
                    index.tenants_where(user, wanted, at, &mut found).expect("nobody writes");
                    std::hint::black_box(&found);
                }
            }),
            Side::new("SQL", TIMES, || {
                for _ in 0..TIMES {
                    theirs.clear();
                    sql.tenants_where(user_id, ask.permission, ask.service, &mut theirs)
                        .expect("SQL answers");
                }
            }),
        ],
    );
    let row = Row::new("tenants_where, 200 candidates", customers, times.ns("ours"), "ns");
    rows.push(row.clone().target(Of::Ours, 1_000.0).note(format!("{hits} of them are found")));
    rows.push(row.beside("SQL in memory", times.ns("SQL")).target(Of::TheirsByOurs, 400.0));
    let rate = hits as f64 / times.ns("ours") * 1_000.0;
    rows.push(Row::new("tenants_where, results", customers, rate, "M/s").target(Of::OursAtLeast, 20.0));

    users(stage, &mut sql, rows);
    large(stage, rows);
}

fn users(stage: &Stage, sql: &mut crate::peer::sql::Statements<'_>, rows: &mut Vec<Row>) {
    let (world, index, at) = (stage.world(), stage.index(), stage.world().written());
    let permit = stage.permit();
    let mut rng = Rng::new(crate::stage::SEED);
    let view =
        world.permissions.iter().position(|it| it.as_str() == "devices.view").expect("a permission") as u8;
    let asks: Vec<Ask> = (0..TIMES)
        .map(|_| Ask {
            user: 0,
            tenant: rng.below(world.tenants.len()) as u32,
            permission: view,
            service: NO_SERVICE,
        })
        .collect();
    let tenants: Vec<_> = asks.iter().map(|ask| world.tenant_id(ask.tenant)).collect();
    let (mut found, mut theirs): (Vec<UserHandle>, _) = (Vec::new(), Vec::new());
    let (handles, wanted): (Vec<_>, _) =
        (tenants.iter().map(|tenant| index.tenant(*tenant)).collect(), permit(&asks[0]));
    let mut hits = 0;
    for (handle, tenant) in handles.iter().zip(&tenants) {
        found.clear();
        theirs.clear();
        index.users_who_can(wanted, *handle, at, &mut found).expect("nobody writes");
        sql.users_who_can(view, tenant.uuid(), NO_SERVICE, &mut theirs).expect("SQL answers");
        let mut ours: Vec<_> = found.iter().map(|user| index.user_id(*user).uuid()).collect();
        hits += ours.len();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "the users who can view devices of {tenant}");
    }
    let times = race(
        Clock::Cpu,
        stage.rounds,
        vec![
            Side::new("ours", TIMES, || {
                for tenant in &handles {
                    found.clear();
                    index.users_who_can(wanted, *tenant, at, &mut found).expect("nobody writes");
                    std::hint::black_box(&found);
                }
            }),
            Side::new("SQL", TIMES, || {
                for tenant in &tenants {
                    theirs.clear();
                    sql.users_who_can(view, tenant.uuid(), NO_SERVICE, &mut theirs).expect("SQL answers");
                }
            }),
        ],
    );
    let hits = hits as f64 / TIMES as f64;
    let case = "users_who_can, 15 candidates, random tenants";
    let row = Row::new(case, stage.customers, times.ns("ours"), "ns");
    rows.push(
        row.beside("SQL in memory", times.ns("SQL"))
            .target(Of::TheirsByOurs, 400.0)
            .note(format!("{hits:.1} of them are found on average")),
    );
    let rate = hits / times.ns("ours") * 1_000.0;
    rows.push(Row::new("users_who_can, results", stage.customers, rate, "M/s").target(Of::OursAtLeast, 20.0));
}

/// One MSP that manages everybody: what a result costs when there are many.
fn large(stage: &Stage, rows: &mut Vec<Row>) {
    use tenantry::testkit::inside::Follower;

    use crate::world::Shape;
    use crate::world::view::Source;
    let world = World::make(&Shape::even(1, stage.customers), crate::stage::SEED);
    let follower =
        Follower::build(&Source::new(&world), 1, crate::stage::SEED).expect("the world can be read");
    let index = follower.index();
    let (user, at) = (index.user(world.user_id(0)), world.written());
    let view = index.permission("devices.view").expect("the policy has it");
    let mut found: Vec<TenantHandle> = Vec::with_capacity(stage.customers + 1);
    let times = race(
        Clock::Cpu,
        stage.rounds,
        vec![Side::new("ours", 1, || {
            found.clear();
            index.tenants_where(user, view, at, &mut found).expect("nobody writes");
        })],
    );
    let rate = found.len() as f64 / times.ns("ours") * 1_000.0;
    let case = "tenants_where, one manager of all, results";
    rows.push(Row::new(case, stage.customers, rate, "M/s").target(Of::OursAtLeast, 20.0));
}

/// A question of the first MSP's super admin that about [`HITS`] of its customers answer with yes.
fn asked(world: &World) -> Ask {
    let user = world.users_of(0).start;
    let hits = |ask: &Ask| {
        world.customers_of(0).filter(|tenant| Ask { tenant: *tenant, ..*ask }.folded(world)).count()
    };
    (0..world.permissions.len() as u8)
        .flat_map(|permission| {
            let services = (0..world.services.len() as u8).chain([NO_SERVICE]);
            services.map(move |service| Ask { user, tenant: 0, permission, service })
        })
        .min_by_key(|ask| hits(ask).abs_diff(HITS))
        .expect("there are permissions")
}
