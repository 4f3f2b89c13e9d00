//! F-4 and F-6: checks on the index beside general engines. On both sides ids are resolved
//! and requests put together beforehand.

use tenantry::index::{IndexVerdict, Resolved};

use crate::ask::Spread;
use crate::measure::{Clock, Side, Times, race};
use crate::peer::agree;
use crate::peer::casbin::Casbin;
use crate::peer::cedar::Cedar;
use crate::peer::rego::Rego;
use crate::results::{Of, Row};
use crate::stage::Stage;

/// The size at which these have their targets.
const AT: usize = 100_000;
/// The largest world that fits into these engines' memory and the patience to load it.
const LARGEST: usize = 100_000;
/// How many questions a round of the slower sides has.
const SOME: usize = 10_000;
/// How many questions a batch has.
const BATCH: usize = 1024;

/// Races the index, one by one and in batches, against some other sides.
fn beside(stage: &Stage, theirs: Vec<Side<'_>>) -> Times {
    let (index, at) = (stage.index(), stage.world().written());
    let handles = stage.by_handles(stage.asks(Spread::Uniform));
    let mut answers = vec![IndexVerdict { reason: None, seq: 0 }; BATCH];
    let mut sides = vec![
        Side::new("single", handles.len(), || {
            let allowed = |it: &&Resolved| index.check_resolved(it.user, it.permit, it.tenant, at).allowed();
            handles.iter().filter(allowed).count()
        }),
        Side::new("batch", handles.len(), || {
            for batch in handles.chunks(BATCH) {
                index.check_batch(batch, at, &mut answers);
                std::hint::black_box(&answers);
            }
        }),
    ];
    sides.extend(theirs);
    race(Clock::Cpu, stage.rounds, sides)
}

/// F-4.
pub(super) fn cedar(stage: &Stage, rows: &mut Vec<Row>) {
    if stage.customers > LARGEST {
        return;
    }
    let (world, asks) = (stage.world(), stage.asks(Spread::Uniform));
    let some = &asks[..asks.len().min(SOME)];
    let expected = stage.answers(some);
    let (mut full, mut slices) = (Cedar::full(world), Cedar::slices(world));
    agree(&mut full, world, some, &expected);
    agree(&mut slices, world, some, &expected);
    let requests: Vec<_> = some.iter().map(|ask| full.request(ask)).collect();
    let entities: Vec<_> = some.iter().map(|ask| (full.user(ask.user), full.tenant(ask.tenant))).collect();
    let times = beside(
        stage,
        vec![
            Side::new("full", some.len(), || requests.iter().filter(|request| full.decide(request)).count()),
            Side::new("slice", some.len(), || {
                let asked = requests.iter().zip(&entities).zip(some);
                asked
                    .filter(|((request, entities), ask)| {
                        slices.decide_slice(request, entities, ask.permission)
                    })
                    .count()
            }),
        ],
    );
    for (case, bound, side, name) in [
        ("single", 130.0, "full", "Cedar, full store"),
        ("single", 250.0, "slice", "Cedar, slice per request"),
        ("batch", 800.0, "full", "Cedar, full store"),
    ] {
        let row = Row::new(format!("{case}, ids resolved"), stage.customers, times.ns(case), "ns");
        rows.push(row.beside(name, times.ns(side)).target_at(AT, Of::TheirsByOurs, bound));
    }
}

/// F-6.
pub(super) fn others(stage: &Stage, rows: &mut Vec<Row>) {
    if stage.customers > LARGEST {
        return;
    }
    let (world, asks) = (stage.world(), stage.asks(Spread::Uniform));
    let some = &asks[..asks.len().min(SOME)];
    let expected = stage.answers(some);
    let (mut casbin, mut rego) = (Casbin::new(world), Rego::new(world));
    agree(&mut casbin, world, some, &expected);
    agree(&mut rego, world, some, &expected);
    let templates: Vec<_> = some.iter().map(|ask| casbin.asked(ask)).collect();
    let inputs: Vec<_> = some.iter().map(|ask| rego.asked(ask)).collect();
    let times = beside(
        stage,
        vec![
            Side::new("casbin", some.len(), || templates.iter().filter(|asked| casbin.decide(asked)).count()),
            Side::new("regorus", some.len(), || inputs.iter().filter(|input| rego.decide(input)).count()),
        ],
    );
    for (bound, side, name) in
        [(100.0, "casbin", "casbin, role templates"), (130.0, "regorus", "regorus, bytecode")]
    {
        let row = Row::new("single, ids resolved", stage.customers, times.ns("single"), "ns");
        rows.push(row.beside(name, times.ns(side)).target_at(AT, Of::TheirsByOurs, bound));
    }
}
