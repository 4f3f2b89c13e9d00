//! F-5: checks on the index and straight from the store, beside SQL written by hand for the purpose.

use std::cell::RefCell;

use tenantry::index::Resolved;
use uuid::Uuid;

use crate::ask::{Ask, Spread};
use crate::measure::{Clock, Side, race};
use crate::peer::agree;
use crate::peer::sql::{Database, Statements};
use crate::results::{Of, Row};
use crate::stage::Stage;

/// The size at which it has its targets.
const AT: usize = 100_000;
/// How many questions a round of the slower sides has.
const SOME: usize = 20_000;

/// F-5.
pub(super) fn checks(stage: &Stage, rows: &mut Vec<Row>) {
    let (world, index, at) = (stage.world(), stage.index(), stage.world().written());
    let asks = stage.asks(Spread::Uniform);
    let some = &asks[..asks.len().min(SOME)];
    let expected = stage.answers(some);
    let dir = stage.scratch();
    let file = Database::file(world, &dir.path().join("peer.db")).expect("the database is made");
    let memory = Database::memory(world).expect("the database is made");
    let (mut file, mut memory) =
        (file.statements(world).expect("SQL"), memory.statements(world).expect("SQL"));
    agree(&mut file, world, some, &expected);
    agree(&mut memory, world, some, &expected);
    let engine = stage.engine();
    let questions: Vec<_> = some.iter().map(|ask| ask.question(world)).collect();
    for (question, expected) in questions.iter().zip(&expected) {
        let verdict = engine.check(question).expect("the store can be read");
        assert_eq!(verdict.allowed, *expected, "the store and the index differ: {question:?}");
    }
    let (ids, handles) = (stage.by_ids(asks), stage.by_handles(asks));
    let some_ids: Vec<_> = some
        .iter()
        .map(|ask| (world.user_id(ask.user).uuid(), world.tenant_id(ask.tenant).uuid(), ask))
        .collect();
    let snapshot = engine.read().expect("the store can be read");
    let now = snapshot.now().expect("the store can be read");
    let (file, memory) = (RefCell::new(file), RefCell::new(memory));
    let numbers = |sql: &RefCell<Statements<'_>>| {
        let mut sql = sql.borrow_mut();
        some.iter().filter(|ask| sql.check_rows(ask).expect("SQL answers")).count()
    };
    let uuids = |sql: &RefCell<Statements<'_>>| {
        let mut sql = sql.borrow_mut();
        let mut check = |(user, tenant, ask): &(Uuid, Uuid, &Ask)| {
            sql.check(*user, *tenant, ask.permission, ask.service).expect("SQL answers")
        };
        some_ids.iter().filter(|asked| check(asked)).count()
    };
    let times = race(
        Clock::Cpu,
        stage.rounds,
        vec![
            Side::new("handles", handles.len(), || {
                let allowed =
                    |it: &&Resolved| index.check_resolved(it.user, it.permit, it.tenant, at).allowed();
                handles.iter().filter(allowed).count()
            }),
            Side::new("ids", ids.len(), || {
                ids.iter()
                    .filter(|(user, permit, tenant)| index.check(*user, *permit, *tenant, at).allowed())
                    .count()
            }),
            Side::new("file", some.len(), || numbers(&file)),
            Side::new("memory", some.len(), || numbers(&memory)),
            Side::new("file, ids", some.len(), || uuids(&file)),
            Side::new("store", some.len(), || {
                questions.iter().filter(|question| engine.check(question).expect("a verdict").allowed).count()
            }),
            Side::new("snapshot", some.len(), || {
                questions.iter().filter(|question| now.check(question).expect("a verdict").allowed).count()
            }),
        ],
    );
    let row = |case: &str, side: &str| Row::new(case, stage.customers, times.ns(side), "ns");
    let index = row("on the index, ids resolved", "handles");
    rows.push(index.clone().beside("SQL, file", times.ns("file")).target_at(AT, Of::TheirsByOurs, 80.0));
    rows.push(index.beside("SQL, memory", times.ns("memory")).target_at(AT, Of::TheirsByOurs, 40.0));
    rows.push(row("on the index by ids", "ids").beside("SQL by ids, file", times.ns("file, ids")));
    let store = row("from the store, no index", "store").beside("SQL by ids, file", times.ns("file, ids"));
    rows.push(store.target_at(AT, Of::OursByTheirs, 2.0));
    let snapshot = row("from one reading of the store", "snapshot");
    rows.push(snapshot.beside("SQL by ids, file", times.ns("file, ids")));
}
