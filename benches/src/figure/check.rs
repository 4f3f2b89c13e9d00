//! F-1 to F-3: checks on the index beside a program of three bare maps, and beside what memory allows.
//!
//! *Independent* questions are known beforehand, so the processor works on several at a time. Each *dependent* question
//! is made of the answer before, so it cannot.

use std::hint::black_box;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::index::{AccessIndex, IndexVerdict, Permit, Resolved, TenantHandle, UserHandle};
use uuid::Uuid;

use crate::ask::{Ask, Spread};
use crate::measure::{Clock, Side, race};
use crate::peer::agree;
use crate::peer::limit::Lines;
use crate::peer::map::Map;
use crate::results::{Of, Row};
use crate::stage::Stage;

/// The size at which these have their targets.
const AT: usize = 1_000_000;
/// How many questions a batch has.
const BATCH: usize = 1024;

const SPREADS: [(Spread, &str); 2] = [(Spread::Uniform, "uniform"), (Spread::Zipf, "Zipf")];

/// A question with everything that any side needs of it.
struct Asked {
    user: u128,
    tenant: u128,
    handles: Resolved,
    ask: Ask,
}

fn asked(stage: &Stage, spread: Spread) -> Vec<Asked> {
    let asks = stage.asks(spread);
    stage
        .by_ids(asks)
        .into_iter()
        .zip(stage.by_handles(asks))
        .zip(asks)
        .map(|(((user, _, tenant), handles), ask)| Asked {
            user: user.uuid().as_u128(),
            tenant: tenant.uuid().as_u128(),
            handles,
            ask: *ask,
        })
        .collect()
}

fn map(stage: &Stage, spread: Spread) -> Map<'_> {
    let mut map = Map::new(stage.world());
    let asks = stage.asks(spread);
    agree(&mut map, stage.world(), asks, &stage.answers(asks));
    map
}

/// Asks one after the other; each question may be made of the answer before.
#[inline]
fn chain(asked: &[Asked], mut answer: impl FnMut(&Asked, u64) -> bool) -> u64 {
    let nothing = black_box(0u64);
    let (mut allowed, mut carried) = (0, 0);
    for question in asked {
        let answer = u64::from(answer(question, carried));
        allowed += answer;
        carried = answer & nothing;
    }
    allowed
}

fn by_ids(index: &AccessIndex, user: u128, permit: Permit, tenant: u128, at: Timestamp) -> bool {
    let (user, tenant) =
        (UserId::from_uuid(Uuid::from_u128(user)), TenantId::from_uuid(Uuid::from_u128(tenant)));
    index.check(user, permit, tenant, at).allowed()
}

fn by_handles(index: &AccessIndex, asked: &Resolved, carried: u32, at: Timestamp) -> bool {
    let user = UserHandle::from_number(asked.user.number() ^ carried);
    let tenant = TenantHandle::from_number(asked.tenant.number() ^ carried);
    index.check_resolved(user, asked.permit, tenant, at).allowed()
}

/// F-1.
pub(super) fn ids(stage: &Stage, rows: &mut Vec<Row>) {
    for (spread, name) in SPREADS {
        let (map, index, at) = (map(stage, spread), stage.index(), stage.world().written());
        let asked = &asked(stage, spread);
        let (map, count) = (&map, asked.len());
        let bare = |question: &Asked, carried: u128| {
            let (user, tenant) = (question.user ^ carried, question.tenant ^ carried);
            map.check(
                Uuid::from_u128(user),
                Uuid::from_u128(tenant),
                question.ask.permission,
                question.ask.service,
            )
        };
        let ours = |question: &Asked, carried: u128| {
            by_ids(index, question.user ^ carried, question.handles.permit, question.tenant ^ carried, at)
        };
        let times = race(
            Clock::Cpu,
            stage.rounds,
            vec![
                Side::new("ours", count, || chain(asked, |question, _| ours(question, 0))),
                Side::new("bare", count, || chain(asked, |question, _| bare(question, 0))),
                Side::new("ours, dependent", count, || {
                    chain(asked, |it, carried| ours(it, u128::from(carried)))
                }),
                Side::new("bare, dependent", count, || {
                    chain(asked, |it, carried| bare(it, u128::from(carried)))
                }),
            ],
        );
        for (case, ours, bare) in
            [("independent", "ours", "bare"), ("dependent", "ours, dependent", "bare, dependent")]
        {
            let row = Row::new(format!("{case}, {name}"), stage.customers, times.ns(ours), "ns");
            let row = row.beside("three maps", times.ns(bare));
            rows.push(if spread == Spread::Uniform { row.target_at(AT, Of::OursByTheirs, 1.0) } else { row });
        }
    }
}

/// F-2.
pub(super) fn handles(stage: &Stage, rows: &mut Vec<Row>) {
    for (spread, name) in SPREADS {
        let (map, index, at) = (map(stage, spread), stage.index(), stage.world().written());
        let lines = Lines::new(stage.world().tenants.len() + 1);
        let asked = &asked(stage, spread);
        let (map, lines, count) = (&map, &lines, asked.len());
        let bare = |it: &Asked, carried: u64| {
            let carried = carried as u32;
            map.check_rows(it.ask.user ^ carried, it.ask.tenant ^ carried, it.ask.permission, it.ask.service)
        };
        let line =
            |it: &Asked, carried: u64| lines.read(it.handles.tenant.number() ^ carried as u32) & 1 != 0;
        let ours = |it: &Asked, carried: u64| by_handles(index, &it.handles, carried as u32, at);
        let times = race(
            Clock::Cpu,
            stage.rounds,
            vec![
                Side::new("ours", count, || chain(asked, |it, _| ours(it, 0))),
                Side::new("bare", count, || chain(asked, |it, _| bare(it, 0))),
                Side::new("line", count, || chain(asked, |it, _| line(it, 0))),
                Side::new("ours, dependent", count, || chain(asked, ours)),
                Side::new("bare, dependent", count, || chain(asked, bare)),
                Side::new("line, dependent", count, || chain(asked, line)),
            ],
        );
        let row =
            |case: &str, side| Row::new(format!("{case}, {name}"), stage.customers, times.ns(side), "ns");
        let targets = |row: Row, of, bound| {
            if spread == Spread::Uniform { row.target_at(AT, of, bound) } else { row }
        };
        let against_line =
            row("dependent", "ours, dependent").beside("one random line", times.ns("line, dependent"));
        rows.push(targets(against_line, Of::OursByTheirs, 1.15));
        let against_map =
            row("dependent", "ours, dependent").beside("folded map", times.ns("bare, dependent"));
        rows.push(targets(against_map, Of::TheirsByOurs, 2.0));
        let against_line = row("independent", "ours").beside("one random line", times.ns("line"));
        rows.push(targets(against_line, Of::Ours, 50.0));
        let against_map = row("independent", "ours").beside("folded map", times.ns("bare"));
        rows.push(targets(against_map, Of::TheirsByOurs, 2.0));
    }
}

/// F-3.
pub(super) fn batches(stage: &Stage, rows: &mut Vec<Row>) {
    for (spread, name) in SPREADS {
        let (map, index, at) = (map(stage, spread), stage.index(), stage.world().written());
        let lines = Lines::new(stage.world().tenants.len() + 1);
        let asks = stage.asks(spread);
        let (handles, ids) = (stage.by_handles(asks), stage.by_ids(asks));
        let touched: Vec<u32> = handles.iter().map(|asked| asked.tenant.number()).collect();
        let asked = &asked(stage, spread);
        let count = asks.len();
        let mut answers = vec![IndexVerdict { reason: None, seq: 0 }; BATCH];
        let mut more = answers.clone();
        let times = race(
            Clock::Cpu,
            stage.rounds,
            vec![
                Side::new("handles", count, || {
                    for batch in handles.chunks(BATCH) {
                        index.check_batch(batch, at, &mut answers);
                        black_box(&answers);
                    }
                }),
                Side::new("ids", count, || {
                    for batch in ids.chunks(BATCH) {
                        index.check_ids(batch, at, &mut more);
                        black_box(&more);
                    }
                }),
                Side::new("map", count, || {
                    chain(asked, |it, _| {
                        map.check_rows(it.ask.user, it.ask.tenant, it.ask.permission, it.ask.service)
                    })
                }),
                Side::new("map, ids", count, || {
                    chain(asked, |it, _| {
                        let (user, tenant) = (Uuid::from_u128(it.user), Uuid::from_u128(it.tenant));
                        map.check(user, tenant, it.ask.permission, it.ask.service)
                    })
                }),
                Side::new("lines", count, || {
                    touched.chunks(BATCH).fold(0, |sum, batch| sum ^ black_box(lines.touch(batch)))
                }),
            ],
        );
        let row =
            |case: &str, side| Row::new(format!("{case}, {name}"), stage.customers, times.ns(side), "ns");
        let by_handles = row("by handles", "handles").beside("folded map, single", times.ns("map"));
        rows.push(if spread == Spread::Uniform {
            by_handles.target_at(AT, Of::TheirsByOurs, 5.0)
        } else {
            by_handles
        });
        rows.push(
            row("by handles, against touching the lines", "handles")
                .beside("random lines", times.ns("lines")),
        );
        rows.push(row("by ids", "ids").beside("three maps, single", times.ns("map, ids")));
    }
}
