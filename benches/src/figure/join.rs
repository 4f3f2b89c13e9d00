//! F-27: a desk's tickets by our rights, in its own SQL, beside the same statements on a table of permissions that somebody keeps
//! by hand.

use std::hint::black_box;
use std::sync::Arc;

use rusqlite::{Connection, params};
use tenantry::base::ids::UserId;
use tenantry::base::time::Timestamp;
use tenantry::engine::{Clock as Moment, Engine, Options};
use tenantry::sql::{register, register_with};
use tenantry::store::sqlite::{FileOptions, SqliteStore};

use crate::ask::Ask;
use crate::measure::{Clock, Side, race};
use crate::results::{Of, Row};
use crate::rng::Rng;
use crate::stage::{SEED, Stage, timed};
use crate::world::{NO_SERVICE, World};

/// How many tickets there are at most, and how many for each customer where that is fewer.
const TICKETS: usize = 1_000_000;
const EACH: usize = 100;
/// Of how many MSPs' people the table of permissions is kept.
const KEPT: usize = 50;
const PERMISSION: &str = "devices.view";

/// What the tickets are wanted for: as a statement, in which `{}` is the set of customers.
const WANTED: [(&str, &str, usize); 4] = [
    (
        "all of one's tickets, counted by the index of customers",
        "SELECT count(*), sum(minutes) FROM ticket WHERE customer IN {}",
        20,
    ),
    (
        "the newest 50 of one's tickets",
        "SELECT count(*), sum(id) FROM (SELECT id FROM ticket WHERE customer IN {} ORDER BY opened DESC LIMIT 50)",
        20,
    ),
    (
        "one's tickets among all, read one by one",
        "SELECT count(*), sum(minutes) FROM ticket NOT INDEXED WHERE customer IN {}",
        1,
    ),
    ("the set alone", "SELECT count(*), sum(length(tenant)) FROM {}", 20),
];

const OURS: &str = "(SELECT tenant FROM tenantry_tenants(?1, ?2))";
const BY_HAND: &str = "(SELECT tenant FROM allowed WHERE user = ?1 AND permission = ?2)";

/// The moment at which the world was written.
#[derive(Clone, Copy)]
struct At(Timestamp);

impl Moment for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// F-27.
pub(super) fn tickets(stage: &Stage, rows: &mut Vec<Row>) {
    let (world, at) = (stage.world(), At(stage.world().written()));
    let store = stage.store();
    let place = stage.scratch();
    let path = place.path().join("desk.db");
    timed("tickets", || desk(&path, world)).expect("the desk's tables are made");
    let connect = || {
        let db = Connection::open(&path)?;
        db.execute("ATTACH ?1 AS tenantry", [store.to_str()])?;
        db.execute_batch("PRAGMA cache_size = -262144; PRAGMA tenantry.cache_size = -65536")?;
        Ok::<_, rusqlite::Error>(db)
    };
    let (by_hand, by_store, by_index) = (connect(), connect(), connect());
    let (by_hand, by_store, by_index) = (
        by_hand.expect("the files can be opened"),
        by_store.expect("the files can be opened"),
        by_index.expect("the files can be opened"),
    );
    register(&by_store, at).expect("it can be registered");
    let opened = SqliteStore::open(&store, FileOptions::default()).expect("the file is a store");
    let engine = Arc::new(Engine::new(opened, Options::default().clock(at)).expect("the file is a store"));
    timed("index", || engine.access_index()).expect("the store can be read");
    register_with(&by_index, engine).expect("it can be registered");

    // The people of several MSPs in turn, so that nobody is asked again at once.
    let people: Vec<UserId> =
        world.msps.iter().take(KEPT).map(|msp| world.user_id(world.users_of(*msp).start)).collect();
    for (what, sql, each) in WANTED {
        let ask = |db: &Connection, set: &str, times: usize| {
            let mut statement = db.prepare_cached(&sql.replace("{}", set)).expect("SQL");
            let (mut counted, mut sums) = (0, 0);
            for user in people.iter().cycle().take(times) {
                let (count, sum): (i64, Option<i64>) = statement
                    .query_row(params![user.uuid().as_bytes(), PERMISSION], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .expect("SQL answers");
                (counted, sums) = (counted + count, sums + sum.unwrap_or(0));
            }
            (counted, sums)
        };
        let all = people.len().min(if each == 1 { 2 } else { KEPT });
        let theirs = ask(&by_hand, BY_HAND, all);
        assert_eq!(ask(&by_store, OURS, all), theirs, "by the store: {what}");
        assert_eq!(ask(&by_index, OURS, all), theirs, "by the index: {what}");
        let times = race(
            Clock::Cpu,
            stage.rounds,
            vec![
                Side::new("index", each, || black_box(ask(&by_index, OURS, each))),
                Side::new("store", each, || black_box(ask(&by_store, OURS, each))),
                Side::new("hand", each, || black_box(ask(&by_hand, BY_HAND, each))),
            ],
        );
        let beside = "a table of permissions, kept by hand";
        let note = format!("{} rows for each of those who ask", theirs.0 as usize / all.max(1));
        for (by, side, bound) in [("an index at hand", "index", 1.5), ("from the store", "store", 5.0)] {
            let row = Row::new(format!("{what}; {by}"), stage.customers, times.ns(side) / 1e3, "µs");
            let row = row.beside(beside, times.ns("hand") / 1e3).note(note.clone());
            // What a set costs by itself, nobody waits for.
            let is_join = !what.starts_with("the set");
            rows.push(if is_join { row.target(Of::OursByTheirs, bound) } else { row });
        }
    }
}

/// A desk's own file: its tickets, and the table that says who may see the devices of whom.
fn desk(path: &std::path::Path, world: &World) -> rusqlite::Result<()> {
    let mut db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; \
         CREATE TABLE ticket(id INTEGER PRIMARY KEY, customer BLOB NOT NULL, opened INTEGER NOT NULL, \
         minutes INTEGER NOT NULL, subject TEXT NOT NULL); \
         CREATE TABLE allowed(user BLOB, permission TEXT, tenant BLOB, \
         PRIMARY KEY(user, permission, tenant)) WITHOUT ROWID;",
    )?;
    let all = db.transaction()?;
    {
        let customers: Vec<u32> = world.msps.iter().flat_map(|msp| world.customers_of(*msp)).collect();
        let mut rng = Rng::new(SEED);
        let mut add =
            all.prepare("INSERT INTO ticket(customer, opened, minutes, subject) VALUES (?1, ?2, ?3, ?4)")?;
        for n in 0..TICKETS.min(customers.len() * EACH) {
            let customer = world.tenant_id(customers[rng.below(customers.len())]);
            let subject = format!("ticket {n}: the printer on the second floor is out of ink");
            add.execute(params![
                customer.uuid().as_bytes(),
                rng.below(100_000_000) as i64,
                rng.below(600) as i64,
                subject
            ])?;
        }
        let mut allow = all.prepare("INSERT OR IGNORE INTO allowed VALUES (?1, ?2, ?3)")?;
        let mut keep = |ask: &Ask| {
            if ask.folded(world) {
                let permission = world.permissions[ask.permission as usize].as_str();
                let (user, tenant) = (world.user_id(ask.user), world.tenant_id(ask.tenant));
                allow.execute(params![user.uuid().as_bytes(), permission, tenant.uuid().as_bytes()])?;
            }
            Ok::<_, rusqlite::Error>(())
        };
        let tenants = |msp: u32| world.customers_of(msp).chain([msp]);
        for msp in world.msps.iter().copied().take(KEPT) {
            for user in world.users_of(msp) {
                for permission in 0..world.permissions.len() as u8 {
                    for tenant in tenants(msp) {
                        keep(&Ask { user, tenant, permission, service: NO_SERVICE })?;
                    }
                }
            }
        }
    }
    all.commit()?;
    db.execute_batch(
        "CREATE INDEX ticket_customer ON ticket(customer); CREATE INDEX ticket_opened ON ticket(opened); \
         PRAGMA wal_checkpoint(TRUNCATE);",
    )
}
