//! F-8 to F-10 and F-18: what a check allocates, how soon the first one is answered, what the index costs to build, and checks as
//! of the past.

use tenantry::index::IndexVerdict;
use tenantry::model::{Assignment, Link, Role, Tenant, User};
use tenantry::testkit::inside::{Entity, Index, View, world};

use crate::alloc;
use crate::ask::{Ask, Spread};
use crate::measure::{Clock, Side, quantile, race};
use crate::probe::{self, Probe};
use crate::results::{Of, Row};
use crate::stage::Stage;

/// How many questions a batch has.
const BATCH: usize = 1024;
/// How many questions a round of checks from the store has.
const SOME: usize = 5_000;

/// F-8.
pub(super) fn allocations(stage: &Stage, rows: &mut Vec<Row>) {
    let (index, at) = (stage.index(), stage.world().written());
    let ids = stage.by_ids(stage.asks(Spread::Uniform));
    let handles = stage.by_handles(stage.asks(Spread::Uniform));
    let mut answers = vec![IndexVerdict { reason: None, seq: 0 }; BATCH];
    let before = alloc::calls();
    for (user, permit, tenant) in &ids {
        std::hint::black_box(index.check(*user, *permit, *tenant, at));
    }
    let single = alloc::calls() - before;
    for batch in handles.chunks(BATCH) {
        index.check_batch(batch, at, &mut answers);
    }
    for batch in ids.chunks(BATCH) {
        index.check_ids(batch, at, &mut answers);
    }
    let batches = alloc::calls() - before - single;
    for (case, count) in [("single, by ids", single), ("batches, by handles and ids", batches)] {
        rows.push(Row::new(case, stage.customers, count as f64, "allocations").target(Of::Ours, 0.0));
    }
}

/// F-9.
pub(super) fn first_check(stage: &Stage, rows: &mut Vec<Row>) {
    let question = stage.asks(Spread::Uniform)[0].question(stage.world());
    let probe = Probe::Open { path: stage.store(), question };
    let (mut spent, mut resident) = (Vec::new(), Vec::new());
    for round in 0..=stage.rounds {
        let told = probe::told(probe::start(&probe));
        if round > 0 {
            spent.push(told[0] * 1e3);
            resident.push(told[1]);
        }
    }
    spent.sort_by(f64::total_cmp);
    resident.sort_by(f64::total_cmp);
    let customers = stage.customers;
    rows.push(Row::new("open to first check", customers, quantile(&spent, 0.5), "ms").target(Of::Ours, 5.0));
    rows.push(
        Row::new("resident at most", customers, quantile(&resident, 0.5), "MiB").target(Of::Ours, 64.0),
    );
}

fn read<E: Entity>(view: &dyn View, index: Index) -> usize {
    let mut count = 0;
    let read = view.every(E::KIND, index, &mut |found| {
        std::hint::black_box(found);
        count += 1;
    });
    read.expect("the store can be read");
    count
}

/// F-10.
pub(super) fn build(stage: &Stage, rows: &mut Vec<Row>) {
    // A round takes long where there is much to read.
    let rounds = if stage.customers > 100_000 { 1 } else { stage.rounds };
    stage.store();
    let reader = stage.engine();
    let times = race(
        Clock::Cpu,
        rounds,
        vec![
            Side::new("build", stage.customers, || {
                stage.engine().access_index().expect("the store can be read")
            }),
            Side::new("read", stage.customers, || {
                let snapshot = reader.read().expect("the store can be read");
                let now = snapshot.now().expect("the store can be read");
                let view = world(&now).view;
                read::<Tenant>(view, Index::TenantNumber)
                    + read::<User>(view, Index::UserHome)
                    + read::<Role>(view, Index::RoleTenant)
                    + read::<Link>(view, Index::LinkManaged)
                    + read::<Assignment>(view, Index::AssignmentUser)
            }),
        ],
    );
    let row = Row::new("from a file, for each customer", stage.customers, times.ns("build"), "ns");
    rows.push(row.beside("reading the rows", times.ns("read")).target(Of::OursByTheirs, 2.0));
}

/// F-18.
pub(super) fn past(stage: &Stage, rows: &mut Vec<Row>) {
    let world = stage.world();
    // Those who were there by half of the history, so that no question is answered early.
    let there = (world.tenants.len() / 3) as u32;
    let old = |ask: &&Ask| ask.tenant < there && world.users[ask.user as usize].home < there;
    let asks = stage.asks(Spread::Uniform).iter().filter(old).take(SOME);
    let questions: Vec<_> = asks.map(|ask| ask.question(world)).collect();
    let engine = stage.engine();
    let snapshot = engine.read().expect("the store can be read");
    let head = snapshot.token().seq;
    let now = snapshot.now().expect("the store can be read");
    let (half, last) = (snapshot.as_of(head / 2), snapshot.as_of(head - 1));
    let (half, last) = (half.expect("a past record"), last.expect("a past record"));
    let (half, last) = (half.moment().expect("a past moment"), last.moment().expect("a past moment"));
    let side = |name, moment| {
        let questions = &questions;
        let moment: &tenantry::engine::Moment<'_> = moment;
        Side::new(name, questions.len(), move || {
            questions.iter().filter(|question| moment.check(question).expect("a verdict").allowed).count()
        })
    };
    let times =
        race(Clock::Cpu, stage.rounds, vec![side("now", &now), side("last", &last), side("half", &half)]);
    for (case, name) in [("one record ago", "last"), ("half of the history ago", "half")] {
        let row = Row::new(case, stage.customers, times.ns(name), "ns");
        rows.push(row.beside("now, from the store", times.ns("now")).target(Of::OursByTheirs, 3.0));
    }
}
