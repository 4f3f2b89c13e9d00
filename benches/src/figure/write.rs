//! F-12 to F-14 and F-22: commands, one by one, together, from several processes, and in bulk, and the file that comes of it,
//! beside what a good engineer would write by hand, and beside a bare program that writes the rows that we wrote.

use tenantry::command::Request;
use tenantry::engine::Engine;
use tenantry::model::Actor;

use crate::import::{Import, assert_same_people, newcomer};
use crate::measure::{Clock, quantile};
use crate::peer::bare::Bare;
use crate::peer::rival::{Rival, asked};
use crate::probe::{self, Probe};
use crate::results::{Of, Row};
use crate::rng::Rng;
use crate::stage::{Stage, timed};

/// The largest world whose file is copied for this.
const LARGEST: usize = 100_000;
/// How many commands one writer gives in a round.
const ALONE: usize = 200;
/// How many wait together.
const TOGETHER: usize = 64;
/// How many commands each of them gives in a round.
const EACH: usize = 8;
/// What says how well the store drives SQLite, and nothing about what it writes.
const OWN_ROWS: &str = "our own rows by bare rusqlite";

/// F-12.
pub(super) fn commits(stage: &Stage, rows: &mut Vec<Row>) {
    if stage.customers > LARGEST {
        return;
    }
    let dir = stage.scratch();
    let path = dir.path().join("ours.db");
    std::fs::copy(stage.store(), &path).expect("the file can be copied");
    let bare = Bare::copy(&path, &dir.path().join("bare.db"));
    let world = stage.world();
    let rival = Rival::create(&dir.path().join("rival.db")).expect("a new database");
    let mut writer = rival.writer().expect("SQL");
    timed("the rival", || writer.fill(world)).expect("the world can be written");
    let engine = Engine::open(&path).expect("the copy is a store");
    let mut rng = Rng::new(1);
    let mut last = world.tenant_id(0);
    for (case, count, commit, bound) in
        [("one writer", ALONE, 1, 0.7), ("64 waiting together", TOGETHER * EACH, TOGETHER, 0.5)]
    {
        let mut rates: [Vec<f64>; 4] = Default::default();
        for round in 0..=stage.rounds {
            let mut some = || {
                // The first tenant is for those whom the rival alone brings in.
                last = world.tenant_id(1 + rng.below(world.tenants.len() - 1) as u32);
                newcomer(last, rng.number())
            };
            let commands: Vec<_> = (0..count).map(|_| some()).collect();
            let same: Vec<_> = commands.iter().cloned().map(asked).collect();
            let others: Vec<_> =
                (0..count).map(|_| asked(newcomer(world.tenant_id(0), rng.number()))).collect();
            let ours = Clock::Wall.time(|| {
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
            let mut execute = |requests: &[Request], commit| {
                Clock::Wall.time(|| {
                    requests.chunks(commit).for_each(|some| writer.execute(some).expect("the users are new"));
                })
            };
            let (theirs, apart) = (execute(&same, commit), execute(&others, 1));
            let written = bare.since(&path);
            assert_eq!(written.len(), count, "a record for each command");
            let again = Clock::Wall.time(|| bare.write(&written, commit));
            if round > 0 {
                for (rates, spent) in rates.iter_mut().zip([ours, theirs, again, apart]) {
                    rates.push(count as f64 / spent.as_secs_f64());
                }
            }
        }
        let [ours, theirs, again, apart] = rates.map(|mut rates| {
            rates.sort_by(f64::total_cmp);
            quantile(&rates, 0.5)
        });
        let row = Row::new(case, stage.customers, ours, "/s").target(Of::OursByTheirsAtLeast, bound);
        rows.push(match commit {
            1 => row.beside("the rival", theirs).and(OWN_ROWS, again),
            _ => {
                let row = row.beside("the rival, 64 in a commit", theirs).and(OWN_ROWS, again);
                row.and("the rival, each by itself", apart)
            }
        });
    }
    drop(writer);
    let snapshot = engine.read().expect("the store can be read");
    let now = snapshot.now().expect("the store can be read");
    assert_same_people(&now, &rival, last);
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
    let Import { ours, rival, own_rows, .. } = stage.import();
    let row = Row::new("a customer with its link and five users", stage.customers, *ours, "µs");
    let row = row.beside("the rival", *rival).target(Of::OursByTheirs, 3.0);
    rows.push(match own_rows {
        Some(own_rows) => row.and(OWN_ROWS, *own_rows),
        None => row,
    });
}

/// F-22.
pub(super) fn size(stage: &Stage, rows: &mut Vec<Row>) {
    let Import { our_bytes, rival_bytes, .. } = stage.import();
    let row = Row::new("the file, for each customer with five users", stage.customers, *our_bytes, "bytes");
    rows.push(row.beside("the rival", *rival_bytes).target(Of::OursByTheirs, 1.3));
}
