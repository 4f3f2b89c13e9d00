//! The host's own SQL. Access within it: the table and the functions on connections of a host, beside what the checks say;
//! what the host's transaction sees; what hosts do to their connections and files. And commands within the host's
//! transaction.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};
use tenantry::base::ids::{RequestId, TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::base::time::Timestamp;
use tenantry::command::*;
use tenantry::engine::{Clock, Error, Receipt};
use tenantry::model::{Subject, Tenant, TermRequest, User};
use tenantry::query::Question;
use tenantry::sql::{commit, execute, execute_as, register, register_with};
use tenantry::store::StoreError;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::*;
use tenantry::testkit::inside::{NewRecord, Port, World, access, following};
use tenantry::{Actor, Code, Engine, Options, TenantKind};
use uuid::Uuid;
use worlds::{Dice, MOMENTS, Size, Worlds, moment, tenant_id, user_id};

mod worlds;

/// A store's file with its engine, and a place for those of a host.
struct Platform {
    place: tempfile::TempDir,
    clock: FixedClock,
    engine: Arc<Engine>,
}

fn quick() -> FileOptions {
    FileOptions::default().synchronous(Synchronous::Normal)
}

impl Platform {
    /// The known world (`testkit::given`).
    fn known() -> Self {
        let place = tempfile::tempdir().unwrap();
        let clock = FixedClock::at(dawn());
        let store = SqliteStore::open(place.path().join("msp.db"), quick()).unwrap();
        let engine = Engine::new(store, Options::default().clock(clock.clone())).unwrap();
        let platform = Self { place, clock, engine: Arc::new(engine) };
        for (actor, command) in scenario() {
            platform.done(actor, command);
        }
        platform
    }

    fn done(&self, actor: impl Into<Actor>, command: impl Into<Command>) {
        let id = RequestId::from_uuid(self.engine.new_id());
        let request = Request { id, actor: actor.into(), expected_seq: None, command: command.into() };
        self.engine.submit(request).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.place.path().join("msp.db")
    }

    /// A connection of the host's to the store's own file, answered by the store.
    fn same_file(&self) -> Connection {
        let db = Connection::open(self.file()).unwrap();
        register(&db, self.clock.clone()).unwrap();
        db
    }

    /// One to a file of its own, to which the store's is attached.
    fn attached(&self) -> Connection {
        let db = Connection::open(self.place.path().join("host.db")).unwrap();
        attach(&db, &self.file(), "tenantry");
        register(&db, self.clock.clone()).unwrap();
        db
    }

    /// The same, answered by the engine and its index.
    fn by_index(&self) -> Connection {
        self.engine.access_index().unwrap();
        let db = self.attached();
        register_with(&db, Arc::clone(&self.engine)).unwrap();
        db
    }

    fn hosts(&self) -> [Connection; 3] {
        [self.same_file(), self.attached(), self.by_index()]
    }

    fn allows(&self, user: UserId, permission: &str, tenant: TenantId) -> bool {
        self.engine.check(&Question::new(user, text(permission), tenant)).unwrap().allowed
    }
}

fn attach(db: &Connection, path: &Path, name: &str) {
    db.execute(&format!("ATTACH ?1 AS {name}"), [path.to_str()]).unwrap();
}

/// The ids in the first column.
fn ids(db: &Connection, sql: &str, values: &[&dyn ToSql]) -> Vec<TenantId> {
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map(values, |row| row.get::<_, [u8; 16]>(0)).unwrap();
    rows.map(|id| TenantId::from_uuid(Uuid::from_bytes(id.unwrap()))).collect()
}

fn all(db: &Connection, user: UserId, permission: &str) -> Vec<TenantId> {
    let sql = "SELECT tenant FROM tenantry_tenants(?1, ?2)";
    ids(db, sql, &[&user.uuid().into_bytes(), &permission])
}

fn may(db: &Connection, user: UserId, permission: &str, tenant: TenantId) -> bool {
    let values = (user.uuid().into_bytes(), permission, tenant.uuid().into_bytes());
    db.query_row("SELECT tenantry_may(?1, ?2, ?3)", values, |row| row.get(0)).unwrap()
}

/// One value, or what went wrong.
fn one(db: &Connection, sql: &str) -> Result<Value, String> {
    db.query_row(sql, [], |row| row.get(0)).map_err(|error| error.to_string())
}

fn number(db: &Connection, sql: &str) -> i64 {
    match one(db, sql) {
        Ok(Value::Integer(number)) => number,
        other => panic!("{sql}: {other:?}"),
    }
}

/// Everything that a world's checks say of a permission, beside what the table and the functions say.
fn compare(db: &Connection, world: &World<'_>, size: Size, permission: &str, service: Option<&str>) {
    let named: Permission = text(permission);
    let service: Option<Service> = service.map(text);
    for user in (0..=size.users).map(user_id) {
        let wanted: BTreeSet<TenantId> = (0..=size.tenants)
            .map(tenant_id)
            .filter(|tenant| {
                let service = service.clone();
                let question = Question { user, permission: named.clone(), tenant: *tenant, service };
                access::check(world, &question, 0).unwrap().allowed
            })
            .collect();
        let wanted: Vec<TenantId> = wanted.into_iter().collect();
        let user = user.uuid().into_bytes();
        let (mut values, more): (Vec<&dyn ToSql>, _) = match &service {
            Some(_) => (vec![&user, &permission], ", ?3"),
            None => (vec![&user, &permission], ""),
        };
        let service = service.as_ref().map(|service| service.to_string());
        values.extend(service.as_ref().map(|service| service as &dyn ToSql));
        let table = format!("tenantry_tenants(?1, ?2{more})");
        assert_eq!(ids(db, &format!("SELECT tenant FROM {table}"), &values), wanted);
        let reversed: Vec<TenantId> = wanted.iter().rev().copied().collect();
        assert_eq!(ids(db, &format!("SELECT tenant FROM {table} ORDER BY 1 DESC"), &values), reversed);
        let asked = format!("tenantry_may(?1, ?2, n.id{})", more);
        let each = format!("SELECT id FROM temp.n WHERE {asked} ORDER BY id");
        assert_eq!(ids(db, &each, &values), wanted);
        let joined = format!("SELECT n.id FROM temp.n CROSS JOIN {table} t ON t.tenant = n.id ORDER BY 1");
        assert_eq!(ids(db, &joined, &values), wanted);
        let packed = format!("SELECT tenantry_packed(?1, ?2{more})");
        let packed: Vec<u8> = db.query_row(&packed, &values[..], |row| row.get(0)).unwrap();
        let bytes: Vec<u8> = wanted.iter().flat_map(|id| id.uuid().into_bytes()).collect();
        assert_eq!(packed, bytes);
    }
}

/// Plays a world on a file, and compares all of it at every moment after some records.
fn play(seed: u64, size: Size, records: u64, every: u64) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("msp.db");
    let mut worlds = Worlds { dice: Dice(seed), size, view: tenantry::testkit::inside::Memory::new() };
    worlds.found();
    let store = SqliteStore::open(&path, quick()).unwrap();
    let commit = |changes| {
        let writing = store.write().unwrap();
        let head = writing.head().unwrap();
        // Nobody is answered of before the last record: this is before all that is asked.
        let mut new = NewRecord { changes, ..following(&head, "test") };
        new.record.text = new.record.text.replace(&new.at.to_string(), &moment(0).to_string());
        new.record.hash = head.hash.chain(&new.record.text);
        new.at = moment(0);
        writing.commit(vec![new]).unwrap();
    };
    commit(worlds.view.entities().cloned().map(tenantry::testkit::inside::Write::Put).collect());
    let (same, beside) = (Connection::open(&path).unwrap(), Connection::open_in_memory().unwrap());
    attach(&beside, &path, "\"its \"\"own\"\" store\"");
    let candidates = |db: &Connection| {
        db.execute_batch("CREATE TEMP TABLE n(id BLOB PRIMARY KEY)").unwrap();
        let mut add = db.prepare("INSERT INTO temp.n VALUES (?1)").unwrap();
        for tenant in (0..=size.tenants).map(tenant_id) {
            add.execute([tenant.uuid().into_bytes()]).unwrap();
        }
    };
    [&same, &beside].into_iter().for_each(candidates);
    for seq in 1..=records {
        commit(worlds.record());
        if seq % every != 0 {
            continue;
        }
        let clock = FixedClock::at(moment(0));
        register(&same, clock.clone()).unwrap();
        // An engine that comes here, and has an index of what is there.
        let engine =
            Engine::new(SqliteStore::open(&path, quick()).unwrap(), Options::default().clock(clock.clone()));
        let engine = Arc::new(engine.unwrap());
        engine.access_index().unwrap();
        register_with(&beside, engine).unwrap();
        for now in 0..MOMENTS {
            clock.set(moment(now));
            let world = World::reading(&worlds.view, moment(now)).unwrap();
            for permission in ["tenant.view", "tenant.operate", "users.manage", "location.view"] {
                for service in [None, Some("manage")] {
                    let known = world.policy.permissions.contains(permission)
                        && service.is_none_or(|service| world.policy.services.contains(service));
                    for db in [&same, &beside] {
                        if known {
                            compare(db, &world, size, permission, service);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn x10_the_table_says_what_every_check_says_in_odd_worlds() {
    for seed in 0..3 {
        play(seed, Size { tenants: 7, users: 8, roles: 3 }, 12, 4);
    }
    play(17, Size { tenants: 40, users: 12, roles: 8 }, 2, 2);
}

#[test]
fn x10_the_table_follows_what_is_done() {
    let platform = Platform::known();
    let hosts = platform.hosts();
    let acts: [(Actor, Command); 6] = [
        (ADA.into(), BlockUser::new(ADAM).into()),
        (ADA.into(), RequestDelink::new(JOINTLY_LINK).into()),
        (JULIA.into(), AcceptDelink::new(JOINTLY_LINK).into()),
        (ADA.into(), DisableTenants::new(vec![FULLY]).into()),
        (ADA.into(), UnblockUser::new(ADAM).into()),
        (STAFF, DisableTenants::new(vec![MSP]).into()),
    ];
    let permissions = ["tenant.view", "tenant.operate", "devices.manage", "users.manage"];
    let compare = || {
        let snapshot = platform.engine.read().unwrap();
        let moment = snapshot.now().unwrap();
        let of_all = &tenantry::engine::Of::All;
        for user in moment.host().list::<User>(of_all).unwrap() {
            for permission in permissions {
                let mut wanted: Vec<TenantId> = moment
                    .host()
                    .list::<Tenant>(of_all)
                    .unwrap()
                    .iter()
                    .map(|tenant| tenant.id)
                    .filter(|tenant| platform.allows(user.id, permission, *tenant))
                    .collect();
                wanted.sort();
                for db in &hosts {
                    assert_eq!(all(db, user.id, permission), wanted, "{permission}");
                }
            }
        }
    };
    compare();
    for (actor, command) in acts {
        platform.done(actor, command);
        compare();
    }
}

#[test]
fn x10_what_a_transaction_sees_is_neither_older_nor_newer() {
    let platform = Platform::known();
    for db in platform.hosts() {
        db.execute_batch("BEGIN").unwrap();
        assert!(may(&db, ADAM, "devices.manage", JOINTLY));
        platform.done(ADA, BlockUser::new(ADAM));
        // The index knows by now, and another connection does; this transaction began before.
        assert!(!platform.allows(ADAM, "devices.manage", JOINTLY));
        assert!(may(&db, ADAM, "devices.manage", JOINTLY));
        assert_eq!(all(&db, ADAM, "devices.manage"), [MSP, JOINTLY, FULLY]);
        db.execute_batch("COMMIT").unwrap();
        assert!(!may(&db, ADAM, "devices.manage", JOINTLY));
        assert_eq!(all(&db, ADAM, "devices.manage"), []);
        platform.done(ADA, UnblockUser::new(ADAM));
        assert!(may(&db, ADAM, "devices.manage", JOINTLY));
    }
}

#[test]
fn x10_a_statement_sees_one_revision_from_its_first_row_to_its_last() {
    let platform = Platform::known();
    for db in platform.hosts() {
        db.execute_batch("CREATE TEMP TABLE ticket(customer BLOB)").unwrap();
        for _ in 0..50 {
            db.execute("INSERT INTO temp.ticket VALUES (?1)", [JOINTLY.uuid().into_bytes()]).unwrap();
        }
        let sql = "SELECT tenantry_may(?1, 'devices.manage', customer), \
             (SELECT count(*) FROM tenantry_tenants(?1, 'devices.manage') WHERE tenant = customer) FROM temp.ticket";
        let mut statement = db.prepare(sql).unwrap();
        let mut rows = statement.query([ADAM.uuid().into_bytes()]).unwrap();
        let mut seen = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            seen.push((row.get::<_, bool>(0).unwrap(), row.get::<_, i64>(1).unwrap()));
            if seen.len() == 10 {
                platform.done(ADA, BlockUser::new(ADAM));
            }
        }
        assert_eq!(seen, [(true, 1); 50]);
        drop(rows);
        drop(statement);
        db.execute_batch("DROP TABLE temp.ticket").unwrap();
        platform.done(ADA, UnblockUser::new(ADAM));
    }
}

#[test]
fn x10_q3_a_clock_that_is_behind_asks_about_the_last_record() {
    let platform = Platform::known();
    let hosts = platform.hosts();
    platform.clock.pass_days(1);
    let assignments = vec![NewAssignment { user: ADAM, tenant: MSP, role: text("no_access"), below: None }];
    let ends = Some(platform.clock.now().plus_days(1));
    platform.engine.execute(ADA, Assign { ends, ..Assign::new(assignments) }).unwrap();
    // A minute less than the record says, as a clock does that was put right.
    platform.clock.set(platform.clock.now().minus_days(1).plus_seconds(24 * 3_600 - 60));
    assert!(!platform.allows(ADAM, "tenant.operate", MSP));
    for db in &hosts {
        assert!(!may(db, ADAM, "tenant.operate", MSP));
        assert!(!all(db, ADAM, "tenant.operate").contains(&MSP));
    }
}

#[test]
fn x10_the_moment_is_that_of_the_hosts_clock() {
    let platform = Platform::known();
    let services = set(&["manage"]);
    let term = TermRequest { days: Some(30), ..TermRequest::default() };
    let add = AddCustomer {
        tenant: Some(NOWHERE),
        link: Some(NO_LINK),
        term: Some(term),
        ..AddCustomer::new(MSP, TenantKind::Customer, text("Brief"), text("fully"), services)
    };
    platform.done(STAFF, add);
    let hosts = platform.hosts();
    for (days, allowed) in [(0, true), (29, true), (2, false)] {
        platform.clock.pass_days(days);
        for db in &hosts {
            // Nothing is recorded: time alone ends it.
            assert_eq!(may(db, ADA, "devices.manage", NOWHERE), allowed);
            assert_eq!(all(db, ADA, "devices.manage").contains(&NOWHERE), allowed);
        }
    }
}

#[test]
fn x10_whoever_is_not_known_may_nothing() {
    let platform = Platform::known();
    let huge = "x".repeat(3_000_000);
    for db in platform.hosts() {
        let tenant = JOINTLY.uuid();
        let blob = |id: Uuid| format!("x'{}'", id.simple());
        let known = [blob(ADA.uuid()), format!("'{}'", ADA.uuid()), format!("'{}'", ADA.uuid().simple())];
        for user in &known {
            for tenant in [blob(tenant), format!("'{tenant}'"), format!("upper('{tenant}')")] {
                let sql = format!("SELECT tenantry_may({user}, 'devices.manage', {tenant})");
                assert_eq!(number(&db, &sql), 1, "{sql}");
            }
            let sql = format!("SELECT count(*) FROM tenantry_tenants({user}, 'devices.manage')");
            assert_eq!(number(&db, &sql), 3);
        }
        let nobody = [
            "NULL",
            "''",
            "'ada'",
            "0",
            "1",
            "1.5",
            "x''",
            "x'00'",
            "zeroblob(16)",
            "zeroblob(17)",
            "zeroblob(3000000)",
            "'urn:uuid:'",
            "'{0198c0de-0000-7000-8000-0000000000ab'",
            "cast(x'ff' as text)",
            "char(0)",
            &format!("'{huge}'"),
            &blob(NOBODY.uuid()),
            &blob(Uuid::max()),
            &blob(JOINTLY.uuid()),
        ]
        .map(str::to_owned);
        for user in &nobody {
            let shown = &user[..user.len().min(40)];
            let sql = format!("SELECT tenantry_may({user}, 'devices.manage', {})", blob(tenant));
            assert_eq!(number(&db, &sql), 0, "{shown}");
            let sql = format!("SELECT count(*) FROM tenantry_tenants({user}, 'devices.manage')");
            assert_eq!(number(&db, &sql), 0, "{shown}");
            let sql = format!("SELECT length(tenantry_packed({user}, 'devices.manage'))");
            assert_eq!(number(&db, &sql), 0, "{shown}");
        }
        for tenant in nobody.iter().filter(|id| **id != blob(JOINTLY.uuid())) {
            let ada = blob(ADA.uuid());
            let shown = &tenant[..tenant.len().min(40)];
            let sql = format!("SELECT tenantry_may({ada}, 'devices.manage', {tenant})");
            assert_eq!(number(&db, &sql), 0, "{shown}");
            for column in ["tenant", "tenant_text"] {
                let table = format!("tenantry_tenants({ada}, 'devices.manage')");
                let sql = format!("SELECT count(*) FROM {table} WHERE {column} = {tenant}");
                assert_eq!(number(&db, &sql), 0, "{shown}");
            }
        }
    }
}

#[test]
fn x10_a_permission_or_service_that_the_policy_lacks_is_refused_and_none_is_a_no() {
    let platform = Platform::known();
    let huge = "x".repeat(3_000_000);
    for db in platform.hosts() {
        let ada = format!("x'{}'", ADA.uuid().simple());
        let jointly = format!("x'{}'", JOINTLY.uuid().simple());
        for permission in ["'devices.mange'", "''", "'Devices.Manage'", "5", "x'00'", &format!("'{huge}'")] {
            for sql in [
                format!("SELECT tenantry_may({ada}, {permission}, {jointly})"),
                format!("SELECT count(*) FROM tenantry_tenants({ada}, {permission})"),
                format!("SELECT tenantry_packed({ada}, {permission})"),
            ] {
                let error = one(&db, &sql).unwrap_err();
                assert!(error.contains("unknown_permission") && error.len() < 400, "{error}");
            }
        }
        for service in ["'mange'", "''", "7"] {
            let sql = format!("SELECT tenantry_may({ada}, 'devices.manage', {jointly}, {service})");
            assert!(one(&db, &sql).unwrap_err().contains("unknown_service"));
        }
        let manage = format!("SELECT tenantry_may({ada}, 'devices.manage', {jointly}, 'manage')");
        assert_eq!(number(&db, &manage), 1);
        // What is missing is not what may be left out: nobody's right grows because a value is not there.
        for sql in [
            format!("SELECT tenantry_may({ada}, 'devices.manage', {jointly}, NULL)"),
            format!("SELECT tenantry_may({ada}, NULL, {jointly})"),
            format!("SELECT count(*) FROM tenantry_tenants({ada}, NULL)"),
            format!("SELECT count(*) FROM tenantry_tenants({ada}, 'devices.manage', NULL)"),
        ] {
            assert_eq!(number(&db, &sql), 0, "{sql}");
        }
        for sql in ["SELECT * FROM tenantry_tenants", "SELECT * FROM tenantry_tenants(x'00')"] {
            assert!(one(&db, sql).unwrap_err().contains("tenantry_tenants(user, permission)"));
        }
        assert!(one(&db, "SELECT tenantry_may(1, 2)").unwrap_err().contains("wrong number of arguments"));
    }
}

/// The steps of a plan.
fn plan(db: &Connection, sql: &str) -> String {
    let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let rows = explained.query_map([], |row| row.get::<_, String>(3)).unwrap();
    rows.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
}

#[test]
fn x10_rows_come_in_order_and_one_tenant_is_one_check() {
    let platform = Platform::known();
    for db in platform.hosts() {
        db.execute_batch(
            "CREATE TEMP TABLE ticket(id INTEGER PRIMARY KEY, customer BLOB, subject TEXT); \
             CREATE INDEX temp.ticket_customer ON ticket(customer);",
        )
        .unwrap();
        for (n, tenant) in [JOINTLY, FULLY, ALONE, JOINTLY, MSP].iter().enumerate() {
            let row = (tenant.uuid().into_bytes(), format!("ticket {n}"));
            db.execute("INSERT INTO temp.ticket(customer, subject) VALUES (?1, ?2)", row).unwrap();
        }
        let table = format!("tenantry_tenants(x'{}', 'devices.manage')", ADA.uuid().simple());
        for order in ["tenant", "tenant_text", "tenant DESC", "tenant_text DESC, user"] {
            let plan = plan(&db, &format!("SELECT tenant FROM {table} ORDER BY {order}"));
            assert!(!plan.contains("B-TREE"), "{order}: {plan}");
        }
        let texts =
            number(&db, &format!("SELECT count(*) FROM {table} WHERE unhex(tenant_text, '-') = tenant"));
        assert_eq!(texts, 3);
        // The table comes first, and its tenants are looked up among the tickets.
        let joined = format!("SELECT t.id FROM temp.ticket t JOIN {table} a ON a.tenant = t.customer");
        let steps = plan(&db, &joined);
        assert!(steps.starts_with("SCAN a") && steps.contains("SEARCH t USING"), "{steps}");
        let within =
            format!("SELECT count(*) FROM temp.ticket WHERE customer IN (SELECT tenant FROM {table})");
        assert_eq!(number(&db, &within), 4);
        let page = format!(
            "SELECT group_concat(id) FROM (SELECT id FROM temp.ticket \
             WHERE customer IN (SELECT tenant FROM {table}) ORDER BY id DESC LIMIT 2 OFFSET 1)"
        );
        assert_eq!(one(&db, &page), Ok(Value::Text("4,2".to_owned())));
        let one_tenant = |id: String| format!("SELECT count(*) FROM {table} WHERE tenant = {id}");
        assert_eq!(number(&db, &one_tenant(format!("x'{}'", JOINTLY.uuid().simple()))), 1);
        assert_eq!(number(&db, &one_tenant(format!("'{}'", JOINTLY.uuid()))), 0, "a text is no blob");
        let as_text = format!("SELECT count(*) FROM {table} WHERE tenant_text = '{}'", JOINTLY.uuid());
        assert_eq!(number(&db, &as_text), 1);
        let as_urn = format!("SELECT count(*) FROM {table} WHERE tenant_text = '{}'", JOINTLY.uuid().urn());
        assert_eq!(number(&db, &as_urn), 0, "an id in another form is another text");
        assert_eq!(number(&db, &(as_text + " COLLATE NOCASE")), 1);
        // Of several people at once, and back again.
        let people = format!(
            "SELECT count(*) FROM tenantry_tenants WHERE user IN (x'{}', x'{}') AND permission = 'devices.view'",
            ADA.uuid().simple(),
            JULIA.uuid().simple(),
        );
        assert_eq!(number(&db, &people), 4);
    }
}

#[test]
fn x10_tables_of_the_hosts_that_have_our_names_are_not_read() {
    let platform = Platform::known();
    let db = platform.attached();
    let ours = ["entity", "entry", "record", "meta", "entity_past", "entry_past"];
    for (n, schema) in ["main", "temp"].iter().enumerate() {
        for table in ours {
            db.execute_batch(&format!("CREATE TABLE {schema}.{table}(n{n})")).unwrap();
        }
        assert_eq!(all(&db, ADAM, "devices.manage"), [MSP, JOINTLY, FULLY]);
        assert!(may(&db, ADAM, "devices.manage", JOINTLY));
    }
    let db = platform.same_file();
    for table in ours {
        db.execute_batch(&format!("CREATE TEMP TABLE {table}(n)")).unwrap();
    }
    assert_eq!(all(&db, ADAM, "devices.manage"), [MSP, JOINTLY, FULLY]);
}

#[test]
fn x10_a_store_that_comes_and_goes_is_found_or_missed() {
    let platform = Platform::known();
    let another = Platform::known();
    another.done(ADA, BlockUser::new(ADAM));
    let db = Connection::open_in_memory().unwrap();
    register(&db, platform.clock.clone()).unwrap();
    let asked =
        format!("SELECT count(*) FROM tenantry_tenants(x'{}', 'devices.manage')", ADAM.uuid().simple());
    let no_store = |db: &Connection| one(db, &asked).unwrap_err();
    assert!(no_store(&db).contains("no file of this connection"), "{}", no_store(&db));
    attach(&db, &platform.file(), "one");
    assert_eq!(number(&db, &asked), 3);
    // The first is the one that is meant, for as long as it is there.
    attach(&db, &another.file(), "two");
    assert_eq!(number(&db, &asked), 3);
    db.execute_batch("DETACH one").unwrap();
    assert_eq!(number(&db, &asked), 0);
    db.execute_batch("DETACH two").unwrap();
    assert!(no_store(&db).contains("no file of this connection"));
    // Another one under a name that is known, with another policy's meaning under the same number.
    attach(&db, &another.file(), "one");
    assert_eq!(number(&db, &asked), 0);
    let both = Connection::open_in_memory().unwrap();
    attach(&both, &platform.file(), "one");
    attach(&both, &another.file(), "two");
    register(&both, platform.clock.clone()).unwrap();
    assert!(no_store(&both).contains("several files"));
}

#[test]
fn x10_a_row_that_is_come_to_by_two_ways_is_one_and_two_are_two() {
    let platform = Platform::known();
    for db in platform.hosts() {
        let (jointly, fully) = (JOINTLY.uuid().into_bytes(), FULLY.to_string());
        let either = "SELECT count(*) FROM tenantry_tenants(?1, 'devices.manage') WHERE tenant = ?2 OR tenant_text = ?3";
        let count = |one: &dyn ToSql, other: &dyn ToSql| -> i64 {
            let values: [&dyn ToSql; 3] = [&ADA.uuid().into_bytes(), one, other];
            db.query_row(either, values, |row| row.get(0)).unwrap()
        };
        assert_eq!(count(&jointly, &fully), 2);
        assert_eq!(count(&jointly, &JOINTLY.to_string()), 1);
        assert_eq!(count(&jointly, &ALONE.to_string()), 1);
        db.execute_batch(
            "CREATE TEMP TABLE mine(tenant BLOB, other TEXT);
             INSERT INTO mine VALUES (x'00', '00')",
        )
        .unwrap();
        db.execute("INSERT INTO mine VALUES (?1, ?2)", (jointly, &fully)).unwrap();
        let joined = "SELECT count(*) FROM mine, tenantry_tenants(?1, 'devices.manage') AS able \
             WHERE able.tenant = mine.tenant OR able.tenant_text = other";
        let joined: i64 = db.query_row(joined, [ADA.uuid().into_bytes()], |row| row.get(0)).unwrap();
        assert_eq!(joined, 2);
    }
}

#[test]
fn x10_an_argument_that_is_said_by_is_is_that_argument() {
    let platform = Platform::known();
    let db = platform.same_file();
    let count = |service: Option<&str>| -> i64 {
        let sql = "SELECT count(*) FROM tenantry_tenants \
             WHERE user IS ?1 AND permission IS 'devices.manage' AND service IS ?2";
        db.query_row(sql, (ADA.uuid().into_bytes(), service), |row| row.get(0)).unwrap()
    };
    let with = "SELECT count(*) FROM tenantry_tenants(?1, 'devices.manage', 'configure')";
    let with: i64 = db.query_row(with, [ADA.uuid().into_bytes()], |row| row.get(0)).unwrap();
    assert_eq!(count(Some("configure")), with);
    assert!(with > 0);
    assert_eq!(count(None), 0, "nothing is no service");
}

#[test]
fn x10_a_file_that_contradicts_itself_is_not_believed() {
    let platform = Platform::known();
    let db = platform.same_file();
    db.execute_batch("PRAGMA user_version = 7").unwrap();
    let asked = format!("SELECT tenantry_may('{ADA}', 'devices.manage', '{JOINTLY}')");
    let told = one(&platform.same_file(), &asked).unwrap_err();
    assert!(told.contains("header says format 7"), "{told}");
}

#[test]
fn x10_a_host_that_drops_our_tables_is_told() {
    for table in ["entity", "entry", "record", "meta"] {
        let platform = Platform::known();
        for db in [platform.same_file(), platform.by_index()] {
            assert!(may(&db, ADAM, "devices.manage", JOINTLY));
            let asked =
                format!("SELECT count(*) FROM tenantry_tenants(x'{}', 'tenant.view')", ADAM.uuid().simple());
            let schema = if db.path() == platform.file().to_str() { "main" } else { "tenantry" };
            db.execute_batch(&format!("BEGIN; DROP TABLE {schema}.{table}")).unwrap();
            // By an index only what tells the revision is read.
            if schema == "main" || table != "entry" {
                let error = one(&db, &asked).unwrap_err();
                assert!(error.contains(table), "{error}");
            }
            // What stands in its place asks in turn.
            let name = format!("{schema}.{table}");
            let columns = "1 AS seq, 2 AS hash, 3 AS at, 4 AS name, tenantry_may(x'00', 'x', x'00') AS value";
            let within = format!("SELECT {columns} FROM tenantry_tenants(x'{}', 'a')", ADAM.uuid().simple());
            db.execute_batch(&format!("CREATE VIEW {name} AS {within}")).unwrap();
            if schema == "main" || table != "entry" {
                one(&db, &asked).unwrap_err();
            }
            db.execute_batch("ROLLBACK").unwrap();
            assert_eq!(number(&db, &asked), 3);
        }
    }
}

#[test]
fn x10_registering_twice_and_closing_half_way_do_no_harm() {
    let platform = Platform::known();
    for db in platform.hosts() {
        assert!(may(&db, ADAM, "devices.manage", JOINTLY));
        register(&db, platform.clock.clone()).unwrap();
        assert!(may(&db, ADAM, "devices.manage", JOINTLY));
        register_with(&db, Arc::clone(&platform.engine)).unwrap();
        assert_eq!(all(&db, ADAM, "devices.manage"), [MSP, JOINTLY, FULLY]);
        // In the middle of a statement it is refused or done, and the statement ends as it began.
        let mut statement = db.prepare("SELECT tenant FROM tenantry_tenants(?1, 'devices.manage')").unwrap();
        let mut rows = statement.query([ADAM.uuid().into_bytes()]).unwrap();
        assert!(rows.next().unwrap().is_some());
        let _ = register(&db, platform.clock.clone());
        assert!(rows.next().unwrap().is_some() && rows.next().unwrap().is_some());
        assert!(rows.next().unwrap().is_none());
        drop(rows);
        drop(statement);
        assert_eq!(all(&db, ADAM, "devices.manage"), [MSP, JOINTLY, FULLY]);
        // Nothing of ours keeps it open.
        db.close().map_err(|(_, error)| error).unwrap();
    }
}

/// A clock that fails.
struct Broken;

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        panic!("no clock")
    }
}

/// A clock that does not know.
struct Lost;

impl Clock for Lost {
    fn now(&self) -> Timestamp {
        Timestamp::MAX
    }
}

#[test]
fn x10_a_failing_clock_is_an_error_and_no_panic_passes() {
    let platform = Platform::known();
    let db = platform.same_file();
    let ada = format!("x'{}'", ADA.uuid().simple());
    let asked = [
        format!("SELECT count(*) FROM tenantry_tenants({ada}, 'devices.view')"),
        format!("SELECT tenantry_may({ada}, 'devices.view', x'{}')", MSP.uuid().simple()),
        format!("SELECT length(tenantry_packed({ada}, 'devices.view'))"),
    ];
    register(&db, Lost).unwrap();
    for sql in &asked {
        assert!(one(&db, sql).unwrap_err().contains("clock_ahead"));
    }
    register(&db, Broken).unwrap();
    for sql in &asked {
        assert!(one(&db, sql).unwrap_err().contains("by a fault of its own"));
    }
    register(&db, platform.clock.clone()).unwrap();
    assert_eq!(asked.each_ref().map(|sql| number(&db, sql)), [3, 1, 48]);
}

#[test]
fn x10_connections_and_threads_ask_while_others_write() {
    let platform = Platform::known();
    platform.engine.access_index().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for n in 0..4 {
            let (platform, done) = (&platform, &done);
            threads.spawn(move || {
                let db = if n % 2 == 0 { platform.same_file() } else { platform.by_index() };
                let mut asked = 0;
                while !done.load(Ordering::SeqCst) || asked < 20 {
                    // Two halves of one statement agree, whatever happens meanwhile.
                    let sql = "SELECT tenantry_may(?1, 'devices.manage', ?2) = \
                         EXISTS (SELECT 1 FROM tenantry_tenants(?1, 'devices.manage') WHERE tenant = ?2) \
                         FROM (SELECT count(*) FROM sqlite_schema)";
                    let values = (ADAM.uuid().into_bytes(), JOINTLY.uuid().into_bytes());
                    let same: bool = db.query_row(sql, values, |row| row.get(0)).unwrap();
                    assert!(same);
                    asked += 1;
                }
            });
        }
        for _ in 0..30 {
            platform.done(ADA, BlockUser::new(ADAM));
            platform.done(ADA, UnblockUser::new(ADAM));
        }
        done.store(true, Ordering::SeqCst);
    });
}

/// The requests that the tests of the host's transaction make.
fn block(user: UserId) -> BlockUser {
    BlockUser::new(user)
}

/// What stands in a table of the host's.
fn noted(db: &Connection) -> i64 {
    number(db, "SELECT count(*) FROM main.note")
}

/// Two connections that a host writes by: to the store's own file, and to one with that attached.
fn writers(platform: &Platform) -> [Connection; 2] {
    let writers = [platform.same_file(), platform.attached()];
    for db in &writers {
        db.execute_batch("CREATE TABLE main.note(text TEXT)").unwrap();
    }
    writers
}

/// Has the store verified, in which nothing of the host's may be.
fn verified(platform: &Platform, db: &Connection) {
    db.execute_batch("DROP TABLE main.note").unwrap();
    platform.engine.verify().unwrap();
    // Whoever opens the file now finds its log to be its own.
    Engine::open(platform.file()).unwrap();
}

fn store_error<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Store(error)) => format!("{error:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn x9_the_hosts_rows_and_ours_are_committed_together() {
    let platform = Platform::known();
    let index = platform.engine.access_index().unwrap();
    let manage = index.permission("devices.manage").unwrap();
    let allows = |user| index.check(user, manage, JOINTLY, platform.clock.now()).allowed();
    for (mut db, user) in writers(&platform).into_iter().zip([ADAM, RITA]) {
        let before = platform.engine.token().unwrap();
        let tx = db.transaction().unwrap();
        tx.execute("INSERT INTO main.note VALUES ('blocked')", []).unwrap();
        let receipt: Receipt<_> = execute(&platform.engine, &tx, ADA, block(user)).unwrap();
        assert_eq!(receipt.seq(), before.seq + 1);
        // The transaction sees it, and nobody else does.
        assert_eq!(all(&tx, user, "tenant.view"), []);
        assert_eq!(platform.engine.token().unwrap(), before);
        assert!(platform.allows(user, "tenant.view", JOINTLY));
        // Another command of the same transaction, on the state that the first has left.
        let refused = execute(&platform.engine, &tx, user, block(NOEL)).unwrap_err();
        assert_eq!(refused.code(), Some(Code::UserNotActive));
        execute(&platform.engine, &tx, STAFF, RegisterTenant::new(TenantKind::Reseller, text("Extra")))
            .unwrap();
        let token = commit(&platform.engine, tx).unwrap();
        assert_eq!((token.seq, platform.engine.token().unwrap()), (before.seq + 2, token));
        assert!(!allows(user), "the index has it at once");
        assert_eq!(noted(&db), 1);
        verified(&platform, &db);
    }
}

#[test]
fn x9_what_is_rolled_back_has_not_happened() {
    let platform = Platform::known();
    platform.engine.access_index().unwrap();
    for mut db in writers(&platform) {
        let before = platform.engine.token().unwrap();
        let tx = db.transaction().unwrap();
        execute(&platform.engine, &tx, ADA, block(ADAM)).unwrap();
        tx.execute("INSERT INTO main.note VALUES ('blocked')", []).unwrap();
        tx.rollback().unwrap();
        assert_eq!((platform.engine.token().unwrap(), noted(&db)), (before, 0));
        assert!(may(&db, ADAM, "devices.manage", JOINTLY));
        // To a savepoint: what was before it stays, and what comes after it follows on that.
        let mut tx = db.transaction().unwrap();
        execute(&platform.engine, &tx, ADA, block(ADAM)).unwrap();
        let mut savepoint = tx.savepoint().unwrap();
        execute(&platform.engine, &savepoint, ADA, block(RITA)).unwrap();
        assert_eq!(all(&savepoint, RITA, "tenant.view"), []);
        savepoint.rollback().unwrap();
        savepoint.finish().unwrap();
        assert!(may(&tx, RITA, "tenant.view", JOINTLY) && !may(&tx, ADAM, "tenant.view", JOINTLY));
        let third = execute(&platform.engine, &tx, ADA, block(NOEL)).unwrap();
        assert_eq!(third.seq(), before.seq + 2);
        // Dropped, it is rolled back.
        drop(tx);
        assert_eq!(platform.engine.token().unwrap(), before);
        platform.done(ADA, UnblockUser::new(BOB));
        platform.done(ADA, block(BOB));
        verified(&platform, &db);
    }
}

#[test]
fn x9_a_policy_that_was_rolled_back_decides_nothing() {
    let platform = Platform::known();
    let [mut db, _] = writers(&platform);
    let policy = || platform.engine.read().unwrap().now().unwrap().policy().clone();
    let without = |name: &str| {
        let mut policy = policy();
        let name: Permission = text(name);
        for role in policy.roles.iter_mut().filter(|role| role.name.as_str() == "read_only") {
            role.permissions.remove(&name);
        }
        SetPolicy::new(Box::new(policy))
    };
    let views =
        "SELECT tenantry_may(?1, 'devices.view', ?2), tenantry_may(?1, 'users.view', ?2) FROM (SELECT 1)";
    let ask = |db: &Connection| -> (bool, bool) {
        let values = (RITA.uuid().into_bytes(), MSP.uuid().into_bytes());
        db.query_row(views, values, |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    for (name, answer) in [("devices.view", (false, true)), ("users.view", (true, false))] {
        let mut tx = db.transaction().unwrap();
        let savepoint = tx.savepoint().unwrap();
        execute(&platform.engine, &savepoint, STAFF, without(name)).unwrap();
        assert_eq!(ask(&savepoint), answer);
        drop(savepoint);
        assert_eq!(ask(&tx), (true, true));
    }
}

#[test]
fn x9_a_request_is_done_once_within_a_transaction_and_after_it() {
    let platform = Platform::known();
    for (mut db, user) in writers(&platform).into_iter().zip([ADAM, RITA]) {
        let id = RequestId::from_uuid(platform.engine.new_id());
        let tx = db.transaction().unwrap();
        let first = execute_as(id, &platform.engine, &tx, ADA, block(user)).unwrap();
        assert_eq!(execute_as(id, &platform.engine, &tx, ADA, block(user)).unwrap(), first);
        let reused = execute_as(id, &platform.engine, &tx, ADA, block(NOEL)).unwrap_err();
        assert_eq!(reused.code(), Some(Code::RequestReused));
        commit(&platform.engine, tx).unwrap();
        assert_eq!(platform.engine.execute_as(id, ADA, block(user)).unwrap(), first);
        let tx = db.transaction().unwrap();
        assert_eq!(execute_as(id, &platform.engine, &tx, ADA, block(user)).unwrap(), first);
    }
}

#[test]
fn x9_where_a_command_cannot_be_within_it_is_refused_and_nothing_is_written() {
    let platform = Platform::known();
    let another = Platform::known();
    let memory = Engine::memory().unwrap();
    let before = platform.engine.token().unwrap();
    for mut db in writers(&platform) {
        let asked = |db: &Connection| store_error(execute(&platform.engine, db, ADA, block(ADAM)));
        assert!(asked(&db).starts_with("NotReady"));
        let schema = if db.path() == platform.file().to_str() { "main" } else { "tenantry" };
        db.execute_batch(&format!("PRAGMA {schema}.synchronous = NORMAL")).unwrap();
        let tx = db.transaction().unwrap();
        assert!(asked(&tx).starts_with("NotReady") && asked(&tx).contains("synchronous"));
        drop(tx);
        db.execute_batch(&format!("PRAGMA {schema}.synchronous = FULL")).unwrap();
        let tx = db.transaction().unwrap();
        assert!(store_error(execute(&another.engine, &tx, ADA, block(ADAM))).contains("NotOurs"));
        assert!(store_error(execute(&memory, &tx, ADA, block(ADAM))).contains("NoFile"));
        drop(tx);
        // It has read what others have changed since.
        let tx = db.transaction().unwrap();
        assert!(may(&tx, ADAM, "tenant.view", JOINTLY));
        platform.done(ADA, block(RITA));
        assert!(asked(&tx).contains("Busy"));
        drop(tx);
        platform.done(ADA, UnblockUser::new(RITA));
    }
    let none = Connection::open_in_memory().unwrap();
    none.execute_batch("BEGIN").unwrap();
    assert!(store_error(execute(&platform.engine, &none, ADA, block(ADAM))).contains("NotOurs"));
    // A copy of the file is another file.
    let copy = platform.place.path().join("copy.db");
    platform.engine.backup(&copy).unwrap();
    let mut db = Connection::open(&copy).unwrap();
    let tx = db.transaction().unwrap();
    assert!(store_error(execute(&platform.engine, &tx, ADA, block(ADAM))).contains("NotOurs"));
    assert_eq!(platform.engine.token().unwrap().seq, before.seq + 4);
}

#[test]
fn x9_others_wait_for_the_hosts_transaction_to_end() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("msp.db");
    let impatient = SqliteStore::open(&path, quick().wait_ms(50)).unwrap();
    let impatient = Engine::new(impatient, Options::default()).unwrap();
    let patient = Engine::new(SqliteStore::open(&path, quick()).unwrap(), Options::default()).unwrap();
    let register = |name: &str| RegisterTenant::new(TenantKind::Msp, text(name));
    let mut db = Connection::open(&path).unwrap();
    let tx = db.transaction().unwrap();
    let one = execute(&impatient, &tx, STAFF, register("One")).unwrap();
    // A command that the same thread gives the engine meanwhile waits in vain.
    let nested = store_error(impatient.execute(STAFF, register("Nested")));
    assert!(nested.contains("Busy"), "{nested}");
    std::thread::scope(|threads| {
        let waits = threads.spawn(|| patient.execute(STAFF, register("Two")).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(100));
        let token = commit(&impatient, tx).unwrap();
        assert_eq!(token, one.token);
        assert_eq!(waits.join().unwrap().seq(), one.seq() + 1);
    });
    patient.verify().unwrap();
}

#[test]
fn x9_a_transaction_that_has_read_nothing_waits_for_whoever_writes() {
    let platform = Platform::known();
    let before = platform.engine.token().unwrap().seq;
    let patience = std::time::Duration::from_secs(60);
    let register = |name: &str| RegisterTenant::new(TenantKind::Msp, text(name));
    for mut db in writers(&platform) {
        db.busy_timeout(patience).unwrap();
        for (begin, end) in [("BEGIN", "COMMIT"), ("SAVEPOINT one", "RELEASE one")] {
            let mut other = Connection::open(platform.file()).unwrap();
            let writes = other.transaction().unwrap();
            execute(&platform.engine, &writes, STAFF, register("First")).unwrap();
            std::thread::scope(|threads| {
                let (begun, seen) = std::sync::mpsc::channel();
                let engine = &platform.engine;
                let db = &mut db;
                let waits = threads.spawn(move || {
                    db.execute_batch(begin).unwrap();
                    begun.send(()).unwrap();
                    let done = execute(engine, db, STAFF, register("Second")).map(|it| it.seq());
                    db.execute_batch(end).unwrap();
                    done.unwrap()
                });
                seen.recv().unwrap();
                std::thread::sleep(std::time::Duration::from_millis(100));
                let first = commit(engine, writes).unwrap().seq;
                assert_eq!(waits.join().unwrap(), first + 1, "{begin}");
            });
        }
    }
    platform.engine.refresh().unwrap();
    assert_eq!(platform.engine.token().unwrap().seq, before + 8);
    platform.engine.verify().unwrap();
}

#[test]
fn x9_nothing_is_written_where_something_of_the_hosts_would_act_on_it() {
    let platform = Platform::known();
    let before = platform.engine.token().unwrap();
    for db in writers(&platform) {
        let schema = if db.path() == platform.file().to_str() { "main" } else { "tenantry" };
        for (kind, makes, drops) in [
            ("index", format!("CREATE INDEX {schema}.theirs ON entity(seq)"), "DROP INDEX theirs"),
            (
                "trigger",
                format!("CREATE TRIGGER {schema}.theirs AFTER INSERT ON record BEGIN SELECT 1; END"),
                "DROP TRIGGER theirs",
            ),
            (
                "trigger",
                format!(
                    "CREATE TEMP TRIGGER theirs BEFORE INSERT ON {schema}.record_about \
                     BEGIN SELECT RAISE(IGNORE); END"
                ),
                "DROP TRIGGER theirs",
            ),
        ] {
            // Made before the transaction, and within it, when it has written already.
            db.execute_batch(&format!("{makes}; BEGIN")).unwrap();
            let refused = store_error(execute(&platform.engine, &db, ADA, block(ADAM)));
            assert!(refused.contains(&format!("the {kind} `theirs`")), "{makes}: {refused}");
            db.execute_batch(&format!("ROLLBACK; {drops}; BEGIN")).unwrap();
            execute(&platform.engine, &db, ADA, block(ADAM)).unwrap();
            db.execute_batch(&makes).unwrap();
            let refused = store_error(execute(&platform.engine, &db, ADA, block(RITA)));
            assert!(refused.contains(&format!("the {kind} `theirs`")), "{makes}: {refused}");
            db.execute_batch("ROLLBACK").unwrap();
        }
    }
    assert_eq!(platform.engine.token().unwrap(), before);
    platform.engine.verify().unwrap();
}

#[test]
fn x9_what_is_erased_within_a_transaction_is_wiped_after_it() {
    let platform = Platform::known();
    for (mut db, user) in writers(&platform).into_iter().zip([ADAM, RITA]) {
        let subject = Subject::User(user);
        let tx = db.transaction().unwrap();
        execute(&platform.engine, &tx, ADA, RemoveUser::new(user)).unwrap();
        execute(&platform.engine, &tx, ADA, ErasePersonal::new(subject)).unwrap();
        commit(&platform.engine, tx).unwrap();
        assert_eq!(platform.engine.erasure_pending().unwrap(), None);
        verified(&platform, &db);
    }
}

#[test]
fn x9_an_error_is_told_as_what_it_is() {
    // What a commit of the host's fails with is not taken for a commit, nor for none.
    let platform = Platform::known();
    let [_, mut db] = writers(&platform);
    db.execute_batch(
        "PRAGMA foreign_keys = ON; CREATE TABLE parent(id INTEGER PRIMARY KEY); \
         CREATE TABLE child(parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    )
    .unwrap();
    let before = platform.engine.token().unwrap();
    let tx = db.transaction().unwrap();
    tx.execute("INSERT INTO child VALUES (1)", []).unwrap();
    execute(&platform.engine, &tx, ADA, block(ADAM)).unwrap();
    let failed = commit(&platform.engine, tx).unwrap_err();
    assert!(matches!(&failed, Error::Store(error) if !matches!(**error, StoreError::OutcomeUnknown { .. })));
    assert_eq!(platform.engine.token().unwrap(), before);
}
