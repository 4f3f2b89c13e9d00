//! F-28: a service desk's list of customers, brought about: for the first time, once more, and with some of it changed.

use tenantry::command::RegisterTenant;
use tenantry::engine::{CustomerSync, Engine};
use tenantry::model::{Actor, TenantKind};
use tenantry::query::{SyncRow, SyncState};

use crate::measure::Clock;
use crate::results::{Of, Row};
use crate::stage::Stage;

/// How many customers a list has at most.
const LARGEST: usize = 100_000;
/// What a row may take, for a hundred thousand in a minute: microseconds.
const A_ROW: f64 = 600.0;

/// F-28.
pub(super) fn list(stage: &Stage, rows: &mut Vec<Row>) {
    let count = stage.customers.min(LARGEST);
    let place = stage.scratch();
    let engine = Engine::open(place.path().join("desk.db")).expect("a new store");
    let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse().expect("a name"));
    let manager = engine.execute(Actor::OPERATOR, msp).expect("a new tenant").outcome;
    let customer = |n: usize, name: &str| SyncRow {
        country: Some("DE".parse().expect("a country")),
        website: Some(format!("https://customer-{n}.example").parse().expect("a website")),
        ..SyncRow::new(
            format!("CW-{n}").parse().expect("an id"),
            format!("{name} {n}").parse().expect("a name"),
            "fully".parse().expect("a management type"),
            ["manage".parse().expect("a service")].into(),
        )
    };
    let list = |name: &dyn Fn(usize) -> &'static str| CustomerSync {
        manager,
        system: "connectwise".parse().expect("a system"),
        rows: (0..count).map(|n| customer(n, name(n))).collect(),
    };
    let (first, changed) =
        (list(&|_| "Customer"), list(&|n| if n % 10 == 0 { "Renamed" } else { "Customer" }));
    for (what, list, state, of) in [
        ("all of it new", &first, SyncState::New, count),
        ("the same once more", &first, SyncState::Same, count),
        ("one in ten renamed", &changed, SyncState::Changed, count.div_ceil(10)),
    ] {
        let took = Clock::Wall.time(|| {
            let done = list.run(&engine, Actor::OPERATOR).expect("the store can be written");
            assert_eq!((done.count(state), done.refused.len(), done.gone.len()), (of, 0, 0), "{what}");
        });
        let row = Row::new(
            format!("a row of the list, {what}"),
            stage.customers,
            took.as_secs_f64() * 1e6 / count as f64,
            "µs",
        );
        rows.push(row.target(Of::Ours, A_ROW).note(format!("a list of {count} customers")));
    }
}
