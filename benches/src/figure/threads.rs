//! F-7: readers of the index beside a writer at full speed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tenantry::command::{BlockUser, UnblockUser};
use tenantry::engine::{Engine, Options};
use tenantry::index::Resolved;
use tenantry::model::Actor;
use tenantry::store::memory::MemoryStore;
use uuid::Uuid;

use crate::ask::Spread;
use crate::measure::{Clock, quantile};
use crate::results::{Of, Row};
use crate::stage::Stage;
use crate::world::store;

/// The largest world that is held in a store in memory for this.
const LARGEST: usize = 100_000;
/// How long a round is.
const ROUND: Duration = Duration::from_millis(300);
/// How many checks are done between two looks at the clock.
const STRIDE: usize = 256;

/// What a reader did.
#[derive(Default)]
struct Reader {
    checks: u64,
    // Seconds of the processor.
    spent: f64,
    // Nanoseconds of each check that was timed.
    waits: Vec<u32>,
}

impl Reader {
    fn speed(&self) -> f64 {
        self.checks as f64 / self.spent
    }
}

/// F-7.
pub(super) fn readers(stage: &Stage, rows: &mut Vec<Row>) {
    if stage.customers > LARGEST {
        return;
    }
    let world = stage.world();
    let memory = MemoryStore::new(Uuid::from_u128(7));
    store::write(world, &memory).expect("the world can be written");
    let engine = Engine::new(memory, Options::default()).expect("a store");
    let index = engine.access_index().expect("the store can be read");
    let handle =
        |(user, permit, tenant)| Resolved { user: index.user(user), permit, tenant: index.tenant(tenant) };
    // Permissions and services have the same handles in every index of one policy.
    let asked: Vec<Resolved> = stage.by_ids(stage.asks(Spread::Uniform)).into_iter().map(handle).collect();
    let at = engine.now();
    let read = |stop: &AtomicBool, timed: bool| {
        let mut reader = Reader::default();
        let mut rest = asked.iter().cycle();
        let spent = Clock::Cpu.time(|| {
            while !stop.load(Ordering::Relaxed) {
                for ask in rest.by_ref().take(STRIDE) {
                    let before = timed.then(Instant::now);
                    std::hint::black_box(index.check_resolved(ask.user, ask.permit, ask.tenant, at));
                    reader.waits.extend(before.map(|before| before.elapsed().as_nanos() as u32));
                }
                reader.checks += STRIDE as u64;
            }
        });
        reader.spent = spent.as_secs_f64();
        reader
    };
    let play = |readers: usize, writes: bool, timed: bool| {
        let stop = AtomicBool::new(false);
        let read = || read(&stop, timed);
        let mut commits = 0;
        let done: Vec<Reader> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..readers).map(|_| scope.spawn(read)).collect();
            let begun = Instant::now();
            while begun.elapsed() < ROUND {
                if writes {
                    commits += write(&engine, world.user_id(commits % 1_000 / 2), commits % 2 == 0);
                } else {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            stop.store(true, Ordering::Relaxed);
            threads.into_iter().map(|thread| thread.join().expect("the reader ends")).collect()
        });
        (done, f64::from(commits) / ROUND.as_secs_f64())
    };
    let (mut alone, mut both, mut waits, mut speed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=stage.rounds {
        let (one, _) = play(1, false, false);
        let (two, commits) = play(2, true, false);
        let (timed, _) = play(2, true, true);
        if round > 0 {
            alone.push(one[0].speed());
            both.push(two.iter().map(Reader::speed).sum::<f64>());
            speed.push(commits);
            waits.extend(timed.into_iter().flat_map(|reader| reader.waits));
        }
    }
    for values in [&mut alone, &mut both, &mut speed] {
        values.sort_by(f64::total_cmp);
    }
    waits.sort_unstable();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let note = format!(
        "the two readers and the writer share {cores} cores, so the ratio is of checks for each second of processor time"
    );
    let customers = stage.customers;
    let mega = |values: &[f64]| quantile(values, 0.5) / 1e6;
    rows.push(
        Row::new("two readers beside a writer", customers, mega(&both), "M/s")
            .beside("one reader alone", mega(&alone))
            .target(Of::OursByTheirsAtLeast, 1.9)
            .note(note),
    );
    rows.push(Row::new("commits beside them", customers, quantile(&speed, 0.5), "/s"));
    let wait = |share| f64::from(quantile(&waits, share)) / 1e3;
    rows.push(
        Row::new("p99.9 of a check beside a writer", customers, wait(0.999), "µs").target(Of::Ours, 50.0),
    );
    rows.push(
        Row::new("the longest check beside a writer", customers, wait(1.0), "µs")
            .note("with three threads on two cores, it is the time another thread had the core"),
    );
}

/// A commit that changes what checks say.
fn write(engine: &Engine, user: tenantry::base::ids::UserId, block: bool) -> u32 {
    let done = if block {
        engine.execute(Actor::OPERATOR, BlockUser::new(user)).map(drop)
    } else {
        engine.execute(Actor::OPERATOR, UnblockUser::new(user)).map(drop)
    };
    // Somebody who is blocked already stays so, and is unblocked next.
    drop(done);
    1
}
