//! F-5: checks on the index and straight from the store, beside SQL written by hand for the purpose.

use crate::ask::Spread;
use crate::measure::{Clock, Side, race};
use crate::peer::agree;
use crate::peer::sql::Database;
use crate::report::{Of, Row};
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
    let ids = stage.by_ids(asks);
    let some_ids: Vec<_> = some
        .iter()
        .map(|ask| {
            (world.user_id(ask.user).uuid(), world.tenant_id(ask.tenant).uuid(), ask.permission, ask.service)
        })
        .collect();
    let snapshot = engine.read().expect("the store can be read");
    let now = snapshot.now().expect("the store can be read");
    let times = race(
        Clock::Cpu,
        stage.rounds,
        vec![
            Side::new("index", ids.len(), || {
                ids.iter()
                    .filter(|(user, permit, tenant)| index.check(*user, *permit, *tenant, at).allowed())
                    .count()
            }),
            Side::new("SQL, file", some.len(), || {
                let mut check =
                    |(user, tenant, permission, service)| file.check(user, tenant, permission, service);
                some_ids.iter().filter(|ask| check(**ask).expect("SQL answers")).count()
            }),
            Side::new("SQL, memory", some.len(), || {
                let mut check =
                    |(user, tenant, permission, service)| memory.check(user, tenant, permission, service);
                some_ids.iter().filter(|ask| check(**ask).expect("SQL answers")).count()
            }),
            Side::new("store", some.len(), || {
                questions.iter().filter(|question| engine.check(question).expect("a verdict").allowed).count()
            }),
            Side::new("snapshot", some.len(), || {
                questions.iter().filter(|question| now.check(question).expect("a verdict").allowed).count()
            }),
        ],
    );
    let customers = stage.customers;
    let (file, memory) = (times.ns("SQL, file"), times.ns("SQL, memory"));
    let index = Row::new("on the index by ids", customers, times.ns("index"), "ns");
    rows.push(index.clone().beside("SQL, file", file).target_at(AT, Of::TheirsByOurs, 80.0));
    rows.push(index.beside("SQL, memory", memory).target_at(AT, Of::TheirsByOurs, 40.0));
    let store = Row::new("from the store, no index", customers, times.ns("store"), "ns");
    rows.push(store.beside("SQL, file", file).target_at(AT, Of::OursByTheirs, 2.0));
    let snapshot = Row::new("from one reading of the store", customers, times.ns("snapshot"), "ns");
    rows.push(snapshot.beside("SQL, file", file));
}
