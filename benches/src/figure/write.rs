//! F-12 to F-14: commands, one by one, together, from several processes, and in bulk, beside a bare program that writes the
//! same rows.

use tenantry::base::ids::{RequestId, TenantId};
use tenantry::command::{AddCustomer, Command, RegisterTenant, Request};
use tenantry::engine::Engine;
use tenantry::model::{Actor, TenantKind};
use uuid::Uuid;

use crate::measure::{Clock, quantile};
use crate::peer::bare::Bare;
use crate::probe::{self, Probe};
use crate::results::{Of, Row};
use crate::rng::Rng;
use crate::stage::{Stage, newcomer};
use crate::world::CUSTOMER_USERS;

/// The largest world whose file is copied for this.
const LARGEST: usize = 100_000;
/// How many commands one writer gives in a round.
const ALONE: usize = 200;
/// How many wait together.
const TOGETHER: usize = 64;
/// How many commands each of them gives in a round.
const EACH: usize = 8;
/// How many requests of an import are one commit.
const BATCH: usize = 1_000;

/// F-12.
pub(super) fn commits(stage: &Stage, rows: &mut Vec<Row>) {
    if stage.customers > LARGEST {
        return;
    }
    let dir = stage.scratch();
    let path = dir.path().join("ours.db");
    std::fs::copy(stage.store(), &path).expect("the file can be copied");
    let bare = Bare::copy(&path, &dir.path().join("bare.db"));
    let engine = Engine::open(&path).expect("the copy is a store");
    let mut rng = Rng::new(1);
    let world = stage.world();
    let home = |rng: &mut Rng| world.tenant_id(rng.below(world.tenants.len()) as u32);
    for (case, count, commit, bound) in
        [("one writer", ALONE, 1, 0.8), ("64 waiting together", TOGETHER * EACH, TOGETHER, 0.5)]
    {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=stage.rounds {
            let commands: Vec<_> = (0..count).map(|_| newcomer(home(&mut rng), rng.number())).collect();
            let spent = Clock::Wall.time(|| {
                std::thread::scope(|scope| {
                    for commands in commands.chunks(count / commit) {
                        let engine = &engine;
                        scope.spawn(move || {
                            for command in commands {
                                engine.execute(Actor::OPERATOR, command.clone()).expect("the user is new");
                            }
                        });
                    }
                });
            });
            let written = bare.since(&path);
            assert_eq!(written.len(), count, "a record for each command");
            let again = Clock::Wall.time(|| bare.write(&written, commit));
            if round > 0 {
                ours.push(count as f64 / spent.as_secs_f64());
                theirs.push(count as f64 / again.as_secs_f64());
            }
        }
        ours.sort_by(f64::total_cmp);
        theirs.sort_by(f64::total_cmp);
        let row = Row::new(case, stage.customers, quantile(&ours, 0.5), "/s");
        rows.push(row.beside("bare rusqlite", quantile(&theirs, 0.5)).target(Of::OursByTheirsAtLeast, bound));
    }
}

/// F-13.
pub(super) fn processes(stage: &Stage, rows: &mut Vec<Row>) {
    const WRITERS: usize = 4;
    const SECONDS: u64 = 5;
    if stage.customers > LARGEST {
        return;
    }
    let dir = stage.scratch();
    let path = dir.path().join("shared.db");
    std::fs::copy(stage.store(), &path).expect("the file can be copied");
    let home = stage.world().tenant_id(0);
    let probes: Vec<_> = (0..WRITERS as u64)
        .map(|writer| probe::start(&Probe::Write { path: path.clone(), home, writer, seconds: SECONDS }))
        .collect();
    let told: Vec<Vec<f64>> = probes.into_iter().map(probe::told).collect();
    let (counts, waits): (Vec<f64>, Vec<f64>) = told.iter().map(|told| (told[0], told[1])).unzip();
    let fair = counts.iter().sum::<f64>() / WRITERS as f64;
    let worst = waits.iter().copied().fold(0.0, f64::max);
    let least = counts.iter().copied().fold(f64::INFINITY, f64::min);
    let customers = stage.customers;
    rows.push(Row::new("the longest wait of four processes", customers, worst, "s").target(Of::Ours, 0.3));
    rows.push(
        Row::new("the least share of four, of a fair one", customers, least / fair, "shares")
            .target(Of::OursAtLeast, 0.5),
    );
    rows.push(Row::new("commands of the four", customers, fair * WRITERS as f64 / SECONDS as f64, "/s"));
}

/// F-14.
pub(super) fn import(stage: &Stage, rows: &mut Vec<Row>) {
    if stage.customers > LARGEST {
        return;
    }
    let dir = stage.scratch();
    let path = dir.path().join("import.db");
    let engine = Engine::open(&path).expect("a new store");
    let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse().expect("a name"));
    let msp = engine.execute(Actor::OPERATOR, msp).expect("a new tenant").outcome;
    drop(engine);
    let bare = Bare::copy(&path, &dir.path().join("bare.db"));
    let engine = Engine::open(&path).expect("a store");
    let mut rng = Rng::new(2);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let share = stage.customers / stage.rounds;
    for _ in 0..stage.rounds {
        let requests = customers(msp, share, &mut rng);
        let count = requests.len();
        let mut left = requests.into_iter().peekable();
        let spent = Clock::Wall.time(|| {
            while left.peek().is_some() {
                let batch = left.by_ref().take(BATCH).collect();
                for answer in engine.submit_all(batch) {
                    answer.expect("what is imported is new");
                }
            }
        });
        let written = bare.since(&path);
        assert_eq!(written.len(), count, "a record for each request");
        let again = Clock::Wall.time(|| bare.write(&written, BATCH));
        ours.push(spent.as_secs_f64() * 1e6 / share as f64);
        theirs.push(again.as_secs_f64() * 1e6 / share as f64);
    }
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let row =
        Row::new("a customer with its link and five users", stage.customers, quantile(&ours, 0.5), "µs");
    rows.push(row.beside("bare rusqlite", quantile(&theirs, 0.5)).target(Of::OursByTheirs, 3.0));
}

fn customers(manager: TenantId, count: usize, rng: &mut Rng) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut ask = |command: Command| {
        let id = RequestId::from_uuid(Uuid::now_v7());
        requests.push(Request { id, actor: Actor::OPERATOR, expected_seq: None, command });
    };
    for _ in 0..count {
        let tenant = TenantId::from_uuid(Uuid::now_v7());
        let name = format!("Customer {:012x}", rng.number() >> 16).parse().expect("a name");
        let services = ["manage".parse().expect("a service")].into();
        let management = "fully".parse().expect("a type");
        let add = AddCustomer::new(manager, TenantKind::Customer, name, management, services);
        ask(AddCustomer { tenant: Some(tenant), ..add }.into());
        for _ in 0..CUSTOMER_USERS {
            ask(newcomer(tenant, rng.number()).into());
        }
    }
    requests
}
