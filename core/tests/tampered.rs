//! Files that somebody altered with plain SQL while nobody had them open: `verify` names what was altered, and whoever
//! asks meanwhile gets an answer or an error.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::base::ids::{InvitationId, RequestId, UserId};
use tenantry::command::*;
use tenantry::engine::{CorruptionKind, Engine, EntityKind, Error, Of, Token};
use tenantry::model::{Patch, Subject};
use tenantry::policy::Policy;
use tenantry::query::*;
use tenantry::store::StoreError;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::*;
use tenantry::testkit::inside::{Index, Tap, Tapped};
use uuid::Uuid;

/// A file in which a world has a past, somebody was erased, and nobody has it open.
struct Kept {
    path: PathBuf,
    _place: tempfile::TempDir,
}

fn options() -> FileOptions {
    FileOptions::default().synchronous(Synchronous::Normal)
}

fn kept() -> Kept {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut given = given_on(SqliteStore::open(&path, options()).unwrap());
    for round in 0..20 {
        let name = Some(text(&format!("Renamed {round}")));
        given = given.and(ADA, EditTenant { name, ..EditTenant::new(JOINTLY) });
    }
    let devices = vec!["SN-1".into(), ["SN-2", "SN-3"].into()];
    given
        .and(JIM, EditUser { name: Patch::Set(text("Jim")), ..EditUser::new(JIM) })
        .and(JULIA, RemoveUser::new(JIM))
        .and(JULIA, ErasePersonal::new(Subject::User(JIM)))
        .and(ROB, AddResellerCustomer::new(RESELLER, text("FULLY")))
        .and(ROB, AddResellerCustomer::new(RESELLER, text("ALONE")))
        .and(ROB, UploadDevices::new(RESELLER, FULLY, devices))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .later(3)
        .verified();
    Kept { path, _place: place }
}

impl Kept {
    fn by_hand(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.path).unwrap()
    }

    /// The same in another file.
    fn copied(&self, to: &Path) -> PathBuf {
        let path = to.join("copy");
        std::fs::copy(&self.path, &path).unwrap();
        path
    }
}

/// What verify says of a file that is opened to be read.
fn verified(path: &Path) -> Result<(), Error> {
    let store = SqliteStore::open(path, options().read_only(true))?;
    Given::bare(store, Policy::default()).engine.verify().map(drop)
}

/// What it says once this was done to a file, and what opening it for writing says.
fn said_after(kept: &Kept, sql: &str) -> (String, Option<StoreError>) {
    let place = tempfile::tempdir().unwrap();
    let path = kept.copied(place.path());
    let db = rusqlite::Connection::open(&path).unwrap();
    let before = db.total_changes();
    db.execute_batch(sql).unwrap();
    let is_data = ["INSERT", "UPDATE", "DELETE"].iter().any(|word| sql.starts_with(word));
    assert!(!is_data || db.total_changes() > before, "{sql}");
    drop(db);
    let said = verified(&path).err().map_or_else(|| "it holds".to_owned(), |error| error.to_string());
    (said, SqliteStore::open(&path, options()).err())
}

fn hex(id: Uuid) -> String {
    format!("x'{}'", id.simple())
}

/// The number of a user, in SQL.
fn number(user: UserId) -> String {
    format!("(SELECT n FROM entity WHERE kind = 4 AND id = {})", hex(user.uuid()))
}

/// Expects that verify says these words once this was done.
fn found(rows: &[(&str, &str)]) {
    let kept = kept();
    verified(&kept.path).unwrap();
    for (sql, words) in rows {
        let (said, _) = said_after(&kept, sql);
        assert!(said.contains(words), "{sql}: {said}");
    }
}

/// Everything derived that a file holds, but for what of a request is in no record.
fn derived(path: &Path) -> Vec<String> {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut rows = Vec::new();
    for table in [
        "SELECT seq, at, hash, request, body FROM record",
        "SELECT * FROM record_about",
        "SELECT * FROM entity",
        "SELECT * FROM entity_past",
        "SELECT * FROM entry",
        "SELECT * FROM entry_past",
        "SELECT * FROM chapter",
        "SELECT slot, email FROM personal",
    ] {
        let mut all = db.prepare(table).unwrap();
        let columns = all.column_count();
        let read = all.query_map([], |row| {
            let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
            Ok(format!("{table}: {:?}", values.collect::<Result<Vec<_>, _>>()?))
        });
        rows.extend(read.unwrap().map(Result::unwrap));
    }
    rows
}

/// Expects that verify says these words once this was done, of derived data, and that a rebuild brings back what was.
fn found_and_healed(rows: &[(&str, &str)]) {
    found(rows);
    let kept = kept();
    let whole = derived(&kept.path);
    for (sql, _) in rows {
        let place = tempfile::tempdir().unwrap();
        let path = kept.copied(place.path());
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let engine = Given::bare(SqliteStore::open(&path, options()).unwrap(), Policy::default()).engine;
        match engine.verify() {
            Err(Error::Flawed(flaw)) if sql.starts_with("DROP") => {
                assert_eq!(flaw.kind, CorruptionKind::Foreign, "{sql}: {flaw}");
            }
            Err(Error::Flawed(flaw)) => assert_eq!(flaw.kind, CorruptionKind::Derived, "{sql}: {flaw}"),
            Err(Error::Store(_)) => {}
            other => panic!("{sql}: {other:?}"),
        }
        let rebuilt = engine.rebuild().unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(rebuilt.rows > 0 && rebuilt.before == rebuilt.after, "{sql}: {rebuilt:?}");
        assert!(!rebuilt.differences.is_empty() && rebuilt.unrecoverable.is_empty(), "{sql}: {rebuilt:?}");
        let verified = engine.verify().unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(verified.token, rebuilt.token);
        drop(engine);
        assert!(derived(&path) == whole, "{sql}: it is not what it was");
    }
}

#[test]
fn q3_a_past_that_was_taken_away_or_altered_is_found() {
    found_and_healed(&[
        ("DELETE FROM entity_past", "table entity_past lacks a row that the records lead to: tenant"),
        (
            "DELETE FROM entity_past WHERE (n, seq) = (SELECT n, seq FROM entity_past ORDER BY until DESC LIMIT 1)",
            "table entity_past lacks",
        ),
        (
            "UPDATE entity_past SET until = until + 1 WHERE n IN (SELECT n FROM entity WHERE kind = 2)",
            "table entity_past has another until",
        ),
        (
            "UPDATE entity_past SET seq = seq - 1 WHERE n IN (SELECT n FROM entity WHERE kind = 2)",
            "table entity_past has a row",
        ),
        ("UPDATE entity_past SET c = 'Renamed X' WHERE c = 'Renamed 3'", "table entity_past has another c"),
        (
            "INSERT INTO entity_past SELECT n, 0, seq, a, b, c, d, e, f, g, h, rest FROM entity WHERE kind = 4 LIMIT 1",
            "table entity_past has a row that no record leads to: user",
        ),
        ("DELETE FROM entry_past", "table entry_past lacks"),
        ("DELETE FROM entry_past WHERE seq = (SELECT max(seq) FROM entry_past)", "table entry_past lacks"),
        ("UPDATE entry_past SET until = until + 1", "table entry_past has another until"),
        (
            "INSERT INTO entry_past SELECT key, 0, id, n, 0, seq FROM entry LIMIT 1",
            "table entry_past has a row",
        ),
        ("DELETE FROM chapter", "table chapter lacks"),
        ("UPDATE chapter SET closed = closed + 1 WHERE key >= x'23' AND key < x'24'", "index listing_name"),
        ("UPDATE chapter SET seq = seq + 1", "table chapter has another seq"),
        ("INSERT INTO chapter VALUES (x'0100', 0, 1)", "table chapter has a row"),
    ]);
}

#[test]
fn q3_an_entity_or_index_that_lies_about_its_place_is_found() {
    found_and_healed(&[
        ("UPDATE entity SET seq = seq - 1 WHERE kind = 2", "table entity has another seq"),
        ("UPDATE entity SET n = n + 1000 WHERE kind = 2", "table entity"),
        ("UPDATE entry SET seq = seq + 1 WHERE key < x'02'", "table entry has another seq"),
        ("UPDATE entry SET n = n + 1 WHERE key >= x'23' AND key < x'24'", "index listing_name"),
        ("UPDATE entry SET id = randomblob(16) WHERE key >= x'23' AND key < x'24'", "index listing_name"),
        ("INSERT INTO entry SELECT x'0100', id, n, seq FROM entry LIMIT 1", "table entry has a row"),
        ("INSERT INTO cursor VALUES ('mail', 100000)", "`mail`"),
    ]);
}

#[test]
fn q3_everything_derived_is_made_anew_from_the_records_alone() {
    let all = "DELETE FROM entity; DELETE FROM entity_past; DELETE FROM entry; DELETE FROM entry_past; \
               DELETE FROM chapter; DELETE FROM record_about; UPDATE record SET fingerprint = NULL";
    found_and_healed(&[
        (all, "table record has another fingerprint"),
        ("UPDATE entity SET rest = '{'", "table entity has another rest"),
        // What nobody reads is seen as well, so that nothing hides there.
        (
            "UPDATE entity SET rest = json_set(coalesce(rest, '{}'), '$.note', 'hidden')",
            "table entity has another rest",
        ),
        ("UPDATE entity SET h = 'hidden' WHERE kind = 4", "table entity has another h"),
        ("UPDATE entity SET rest = rest || ' '", "table entity has another rest"),
        (
            "UPDATE entity_past SET rest = json_set(coalesce(rest, '{}'), '$.note', 1)",
            "table entity_past has another rest",
        ),
        ("UPDATE entity SET kind = 77 WHERE kind = 4", "table entity has another kind"),
        (
            "UPDATE entity SET id = zeroblob(16) WHERE kind = 1 AND n = (SELECT min(n) FROM entity WHERE kind = 1)",
            "table entity has another id",
        ),
        ("DROP VIEW users", "the view `users` is missing"),
    ]);
}

#[test]
fn q3_a_moment_or_request_that_is_not_the_records_is_found() {
    is_broken("UPDATE record SET at = at + 1 WHERE seq = 7");
    is_broken("UPDATE record SET request = randomblob(16) WHERE seq = 9");
    is_broken("UPDATE record SET request = NULL");
}

#[test]
fn q3_a_receipt_that_was_taken_away_altered_or_added_is_found() {
    found_and_healed(&[
        ("UPDATE record SET fingerprint = NULL", "table record has another fingerprint"),
        (
            "UPDATE record SET fingerprint = NULL WHERE seq = 9",
            "table record has another fingerprint than the records lead to: record 9",
        ),
        (
            "UPDATE record SET fingerprint = zeroblob(32) WHERE seq = 9",
            "table record has another fingerprint than the records lead to: record 9",
        ),
        ("UPDATE record SET fingerprint = x'00' WHERE seq = 9", "32 bytes"),
        ("UPDATE record SET fingerprint = randomblob(32) WHERE seq = 1", "another fingerprint"),
    ]);
}

#[test]
fn u5_q3_a_fingerprint_that_comes_back_after_erasure_is_found() {
    found_and_healed(&[(
        "UPDATE record SET fingerprint = randomblob(32) WHERE fingerprint = zeroblob(32)",
        "the receipt of its request has another fingerprint",
    )]);
}

#[test]
fn q3_what_a_record_is_about_cannot_be_taken_away_or_added() {
    found_and_healed(&[
        ("DELETE FROM record_about", "table record_about lacks"),
        ("DELETE FROM record_about WHERE seq = 9", "record 9"),
        (
            "INSERT INTO record_about SELECT max(n), 1 FROM entity WHERE kind = 4",
            "table record_about has a row that no record leads to: user",
        ),
    ]);
}

#[test]
fn q3_personal_data_out_of_its_place_is_found() {
    let (julia, jim) = (number(JULIA), number(JIM));
    let rows = [
        (format!("UPDATE personal SET email = x'000001' WHERE n = {julia}"), "is not that of its address"),
        (format!("UPDATE personal SET body = '{{}}' WHERE n = {julia}"), "is not that of its address"),
        (format!("DELETE FROM personal WHERE n = {julia}"), "is missing, which record"),
        (format!("UPDATE personal SET n = {jim} WHERE n = {julia}"), "is missing, which record"),
        (format!("UPDATE personal SET n = 2 WHERE n = {julia}"), "slot"),
        (
            "INSERT INTO personal(n, email, body) SELECT 1000000, x'000000', body FROM personal WHERE slot = 1"
                .into(),
            "no record speaks of them",
        ),
        (
            format!(
                "INSERT INTO personal(n, email, body) SELECT n, email, body FROM personal WHERE n = {julia}"
            ),
            "there is another of theirs",
        ),
        (format!("UPDATE personal SET body = '{{\"name\":\"Jim\"}}' WHERE n = {jim}"), "which record"),
    ];
    found(&rows.each_ref().map(|(sql, words)| (sql.as_str(), *words)));
}

#[test]
fn x11_q3_what_a_persons_id_is_found_by_is_looked_at_and_made_anew() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let set =
        |id: &str| SetExternalId::new(JOINTLY, text("psa"), text(id), tenantry::model::Bearer::User(JACK));
    given_on(SqliteStore::open(&path, options()).unwrap())
        .and(JULIA, set("one"))
        .and(JULIA, set("two"))
        .and(JULIA, RemoveExternalId::new(JOINTLY, text("psa"), text("one")))
        .verified();
    let kept = Kept { path, _place: place };
    let pointers = "n > 4611686018427387904";
    for sql in [
        format!("UPDATE personal SET email = x'000009' WHERE {pointers} AND email <> x'000000'"),
        format!("DELETE FROM personal WHERE {pointers}"),
        format!("UPDATE personal SET n = n + 1 WHERE {pointers}"),
    ] {
        let (said, _) = said_after(&kept, &sql);
        assert!(said.contains("the keys are not those of the ids"), "{sql}: {said}");
        let other = tempfile::tempdir().unwrap();
        let path = kept.copied(other.path());
        rusqlite::Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        let healed = Given::bare(SqliteStore::open(&path, options()).unwrap(), Policy::default());
        healed.engine.rebuild().unwrap();
        healed.verified();
        let ask = LookUpExternal::new(JULIA.into(), JOINTLY, text("psa"), text("two"));
        assert!(healed.engine.read().unwrap().now().unwrap().ask(ask).unwrap().is_some(), "{sql}");
    }
}

#[test]
fn q3_personal_data_that_nobody_can_read_is_named_and_does_not_keep_the_rest_from_being_rebuilt() {
    let (kept, julia) = (kept(), number(JULIA));
    let whole = derived(&kept.path);
    for (spoil, words) in [
        ("body = '{'", format!("user {JULIA}: it is not readable")),
        ("body = json_set(body, '$.colour', 'red')", format!("personal data of user {JULIA} is not what")),
        ("body = '{\"name\":1}'", format!("user {JULIA}: it is not readable")),
        ("body = CAST(x'ff' AS TEXT)", format!("user {JULIA}: it is not readable")),
        ("n = 1000000", "number 1000000: no record speaks of them".to_owned()),
    ] {
        let place = tempfile::tempdir().unwrap();
        let path = kept.copied(place.path());
        let by_hand = format!("UPDATE personal SET {spoil} WHERE n = {julia}; DELETE FROM entry");
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch(&by_hand).unwrap();
        let engine = Given::bare(SqliteStore::open(&path, options()).unwrap(), Policy::default()).engine;
        let rebuilt = engine.rebuild().unwrap();
        assert!(rebuilt.unrecoverable.iter().any(|flaw| flaw.contains(&words)), "{spoil}: {rebuilt:?}");
        match engine.verify() {
            Err(Error::Flawed(flaw)) => {
                assert_eq!(flaw.kind, CorruptionKind::Personal, "{spoil}: {flaw}");
                assert!(flaw.why.contains("personal"), "{spoil}: {flaw}");
            }
            other => panic!("{spoil}: {other:?}"),
        }
        let (healed, of) = (derived(&path), |rows: &[String]| -> Vec<String> {
            rows.iter().filter(|row| !row.contains("FROM personal")).cloned().collect()
        });
        assert_eq!(of(&healed), of(&whole), "{spoil}");
    }
}

#[test]
fn u5_q3_personal_data_that_is_not_what_its_record_says_is_found() {
    let kept = kept();
    let [julia, ada] = [JULIA, ADA].map(number);
    let swapped = format!(
        "UPDATE personal SET n = CASE n WHEN {julia} THEN {ada} ELSE {julia} END WHERE n IN ({julia}, {ada})"
    );
    let to = |what: &str| format!("UPDATE personal SET body = {what} WHERE n = {julia}");
    let rows = [
        // Each is where it can be found, by an address of somebody's.
        swapped,
        to("json_set(body, '$.name', 'Juliet')"),
        to("json_set(body, '$.new_email', 'eve@example.com')"),
        to("json_remove(body, '$.salt')"),
        to("json_set(body, '$.salt', 'abc')"),
    ];
    for sql in &rows {
        let (said, _) = said_after(&kept, sql);
        let told = |user: UserId| said.contains(&format!("personal data of user {user} is not what record "));
        assert!(told(JULIA) || told(ADA) && sql == &rows[0], "{sql}: {said}");
    }
}

#[test]
fn x7_q3_a_fingerprint_of_another_request_is_found() {
    found_and_healed(&[(
        "UPDATE record SET fingerprint = randomblob(32) WHERE seq = 9",
        "record 9: the receipt of its request has another fingerprint",
    )]);
}

#[test]
fn q3_what_cannot_be_rebuilt_is_told_and_personal_data_stays_as_it_is() {
    let kept = kept();
    let (julia, db) = (number(JULIA), kept.by_hand());
    let renamed = format!("UPDATE personal SET body = json_set(body, '$.name', 'Juliet') WHERE n = {julia}");
    db.execute_batch(&renamed).unwrap();
    db.execute_batch("UPDATE personal SET email = x'000001'; DELETE FROM record_about").unwrap();
    let engine = Given::bare(SqliteStore::open(&kept.path, options()).unwrap(), Policy::default()).engine;
    let rebuilt = engine.rebuild().unwrap();
    let [said] = rebuilt.unrecoverable.as_slice() else { panic!("{rebuilt:?}") };
    assert!(said.starts_with(&format!("personal data of user {JULIA} is not what record ")), "{said}");
    match engine.verify() {
        Err(Error::Flawed(flaw)) => assert_eq!(flaw.kind, CorruptionKind::Personal, "{flaw}"),
        other => panic!("{other:?}"),
    }
    // Told anew, it is as it is told.
    let edit = EditUser { name: Patch::Set(text("Julia")), ..EditUser::new(JULIA) };
    engine.execute(JULIA, edit).unwrap();
    engine.verify().unwrap();
}

#[test]
fn q3_a_broken_chain_is_told_apart_and_not_rebuilt() {
    for break_it in [
        "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), 'Renamed 3', 'Renamed X') AS BLOB)",
        "UPDATE record SET body = x'00' WHERE seq = 9",
        "UPDATE record SET body = 'none' WHERE seq = 9",
        "DELETE FROM record WHERE seq = 9",
        "DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)",
    ] {
        is_broken(break_it);
    }
}

fn is_broken(sql: &str) {
    let kept = kept();
    let db = kept.by_hand();
    db.execute(sql, []).unwrap();
    drop(db);
    let before = derived(&kept.path);
    let engine = Given::bare(SqliteStore::open(&kept.path, options()).unwrap(), Policy::default()).engine;
    let flaws = [engine.verify().map(drop), engine.rebuild().map(drop)];
    for flaw in flaws {
        match flaw {
            Err(Error::Flawed(flaw)) => assert_eq!(flaw.kind, CorruptionKind::Chain, "{flaw}"),
            other => panic!("{other:?}"),
        }
    }
    drop(engine);
    assert!(derived(&kept.path) == before);
}

#[test]
fn q3_whoever_writes_where_the_last_record_was_taken_away_is_told_that_the_store_is_damaged() {
    let kept = kept();
    let db = kept.by_hand();
    db.execute("DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)", []).unwrap();
    drop(db);
    let store = SqliteStore::open(&kept.path, options()).unwrap();
    let engine = Given::bare(store, Policy::default()).later(4).engine;
    let edit = EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(FULLY) };
    let said = engine.execute(ADA, edit).unwrap_err();
    let damaged = |error: &StoreError| matches!(error, StoreError::Damaged { .. });
    assert!(matches!(&said, Error::Store(error) if damaged(error)), "{said:?}");
}

#[test]
fn x7_a_receipt_that_was_lost_and_rebuilt_answers_its_actor_and_is_counted() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let given = given_on(SqliteStore::open(&path, options()).unwrap());
    let id = RequestId::from_uuid(Uuid::from_u128(0x7a1));
    let edit = || EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(FULLY) };
    let first = given.engine.execute_as(id, ADA, edit()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute("UPDATE record SET fingerprint = NULL", []).unwrap();
    given.engine.rebuild().unwrap();
    let verified = given.engine.verify().unwrap();
    assert!(verified.lost_receipts > 0, "{verified:?}");
    assert_eq!(given.engine.execute_as(id, ADA, edit()).unwrap(), first, "it is not executed twice");
}

#[test]
fn q3_verifying_since_a_revision_finds_what_was_altered_of_what_came_after() {
    let kept = kept();
    let store = SqliteStore::open(&kept.path, options()).unwrap();
    let given = Given::bare(store, Policy::default()).later(4);
    let token = given.engine.verify().unwrap().token;
    let given = given
        .and(JULIA, EditUser { name: Patch::Set(text("Julia")), ..EditUser::new(JULIA) })
        .and(ADA, EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(FULLY) });
    let since = |token| given.engine.verify_since(token, |_| {});
    assert_eq!(since(&token).unwrap().token, given.engine.token().unwrap());
    let db = kept.by_hand();
    let (fully, julia, seq) = (hex(FULLY.uuid()), number(JULIA), token.seq);
    for (alter, words) in [
        (format!("UPDATE entity SET d = 'FR' WHERE kind = 1 AND id = {fully}"), "derived data is wrong"),
        (format!("DELETE FROM record_about WHERE seq > {seq}"), "derived data is wrong"),
        (
            format!("UPDATE record SET fingerprint = randomblob(32) WHERE seq > {seq}"),
            "the receipt of its request has another fingerprint",
        ),
        (format!("DELETE FROM entry WHERE id = {fully}"), "does not find the tenant"),
        (
            format!("UPDATE personal SET body = json_set(body, '$.name', 'J') WHERE n = {julia}"),
            "personal data is wrong",
        ),
        (
            format!(
                "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), 'DE', 'FR') AS BLOB) WHERE seq > {seq}"
            ),
            "the chain is broken",
        ),
    ] {
        db.execute_batch("BEGIN").unwrap();
        db.execute_batch(&alter).unwrap();
        db.execute_batch("COMMIT").unwrap();
        let said = since(&token).unwrap_err().to_string();
        assert!(said.contains(words), "{alter}: {said}");
        if words != "the chain is broken" && words != "personal data is wrong" {
            given.engine.rebuild().unwrap();
            since(&token).unwrap();
        } else if words == "personal data is wrong" {
            let edit = EditUser { name: Patch::Set(text("Jules")), ..EditUser::new(JULIA) };
            given.engine.execute(JULIA, edit).unwrap();
            since(&token).unwrap();
        }
    }
    let other = Token { epoch: Uuid::nil(), ..token };
    assert!(matches!(since(&other), Err(Error::Diverged { .. })));
}

#[test]
fn u5_the_salt_of_what_is_erased_goes_with_it_and_the_history_holds() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let named = |name: &str| EditUser { name: Patch::Set(text(name)), ..EditUser::new(JIM) };
    let given = given_on(SqliteStore::open(&path, options()).unwrap()).and(JIM, named("Jim"));
    let db = rusqlite::Connection::open(&path).unwrap();
    let salt = || {
        let salt = format!("SELECT body ->> '$.salt' FROM personal WHERE n = {}", number(JIM));
        db.query_row(&salt, [], |row| row.get::<_, String>(0))
    };
    let before = salt().unwrap();
    assert_eq!(before.len(), 32);
    let record = given.engine.records_after(0, 10_000).unwrap().pop().unwrap();
    assert_eq!(record.personal.iter().map(|it| it.subject).collect::<Vec<_>>(), [Subject::User(JIM)]);
    let given = given.and(JIM, named("James"));
    assert_ne!(salt().unwrap(), before, "each time another");
    let last = salt().unwrap();
    let given = given.and(JULIA, RemoveUser::new(JIM)).and(JULIA, ErasePersonal::new(Subject::User(JIM)));
    given.verified();
    assert!(salt().is_err());
    for file in std::fs::read_dir(place.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for gone in [&before, &last] {
            assert!(!bytes.windows(32).any(|window| window == gone.as_bytes()));
        }
    }
    let again = given.engine.records_after(record.seq - 1, 1).unwrap();
    assert_eq!(again, [record], "a record is never updated");
}

/// What is done to a file's schema or header, what verify says of it, and whether it is opened for writing.
const STRANGE: [(&str, &str, bool); 19] = [
    ("UPDATE word SET text = 'all' WHERE code = x'80'", "its table `word`", true),
    (
        "CREATE TRIGGER zz AFTER INSERT ON record BEGIN DELETE FROM record_about; END",
        "the trigger `zz`",
        false,
    ),
    ("CREATE TRIGGER zz INSTEAD OF INSERT ON users BEGIN SELECT 1; END", "the trigger `zz`", false),
    ("CREATE INDEX mine ON personal(body)", "the index `mine`", false),
    ("CREATE TRIGGER zz BEFORE DELETE ON CURSOR BEGIN SELECT 1; END", "the trigger `zz`", false),
    ("DROP INDEX personal_email", "the index `personal_email` is missing", false),
    ("DROP INDEX personal_subject", "the index `personal_subject` is missing", false),
    (
        "DROP INDEX personal_email; CREATE INDEX personal_email ON personal(n)",
        "the index `personal_email`",
        false,
    ),
    ("DROP TABLE cursor", "the table `cursor` is missing", false),
    ("ALTER TABLE cursor ADD COLUMN mine ANY", "the table `cursor`", false),
    ("DROP VIEW tenants", "the view `tenants` is missing", true),
    ("DROP VIEW tenants; CREATE VIEW tenants AS SELECT 1 AS id", "the view `tenants`", true),
    ("PRAGMA user_version = 99", "its header says format 99", false),
    ("UPDATE meta SET value = 1 WHERE name = 'min_writer'", "`min_writer`", true),
    ("INSERT INTO meta VALUES ('mine', 1)", "`mine`", true),
    ("UPDATE meta SET value = 7 WHERE name = 'format'", "its header says format 3", true),
    (
        "UPDATE meta SET value = 'two' WHERE name = 'rules'",
        "its table `meta` does not say what belongs there of `rules`",
        false,
    ),
    (
        "UPDATE meta SET value = 7 WHERE name = 'epoch'",
        "its table `meta` does not say what belongs there of `epoch`",
        false,
    ),
    ("DELETE FROM meta WHERE name = 'wipe'", "its table `meta` says nothing of `wipe`", false),
];

#[test]
fn q3_a_schema_or_header_that_is_not_ours_is_found() {
    let kept = kept();
    for (sql, words, _) in STRANGE {
        let (said, _) = said_after(&kept, sql);
        assert!(said.contains(words), "{sql}: {said}");
    }
}

#[test]
fn q3_a_file_whose_schema_would_act_on_what_is_written_is_not_written_to() {
    let kept = kept();
    for (sql, words, opens) in STRANGE {
        match said_after(&kept, sql).1 {
            None => assert!(opens, "{sql}"),
            Some(error @ StoreError::Damaged { .. }) => {
                assert!(!opens && error.to_string().contains(words), "{sql}: {error}");
            }
            Some(error) => panic!("{sql}: {error}"),
        }
    }
}

#[test]
fn x9_what_a_host_keeps_in_the_file_is_its_own() {
    let kept = kept();
    let theirs = "CREATE TABLE mine(a UNIQUE, of BLOB); CREATE INDEX mine_of ON mine(of); \
         INSERT INTO mine VALUES (1, NULL); CREATE VIEW seen AS SELECT a FROM mine, record; \
         CREATE TRIGGER counted AFTER INSERT ON mine BEGIN UPDATE mine SET a = a + 1; END; \
         CREATE TRIGGER through INSTEAD OF INSERT ON seen BEGIN SELECT 1; END; ANALYZE";
    let db = kept.by_hand();
    db.execute_batch(theirs).unwrap();
    drop(db);
    verified(&kept.path).unwrap();
    let engine = Given::bare(SqliteStore::open(&kept.path, options()).unwrap(), Policy::default()).engine;
    assert_eq!(engine.rebuild().unwrap().differences, Vec::<String>::new());
    engine.compact().unwrap();
    let copy = kept.path.with_extension("copy");
    engine.backup(&copy).unwrap();
    drop(engine);
    for path in [&kept.path, &copy] {
        let db = rusqlite::Connection::open(path).unwrap();
        let count = "SELECT count(*) FROM sqlite_schema WHERE name IN ('mine', 'mine_of', 'seen', 'counted', 'through')";
        let there = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((there(count), there("SELECT a FROM mine")), (5, 1), "{}", path.display());
    }
    verified(&copy).unwrap();
    // A backup of it is taken back.
    let restored = kept.path.with_extension("restored");
    Engine::restore(&copy, &restored).unwrap();
    verified(&restored).unwrap();
}

#[test]
fn q3_of_a_newer_file_a_newer_library_alone_can_tell() {
    let kept = kept();
    let db = kept.by_hand();
    db.execute_batch("PRAGMA user_version = 99; UPDATE meta SET value = 99 WHERE name = 'format'").unwrap();
    drop(db);
    let newer = |error: &StoreError| matches!(error, StoreError::Newer { needs: 99, .. });
    match verified(&kept.path) {
        Err(Error::Store(error)) => assert!(newer(&error), "{error}"),
        other => panic!("{other:?}"),
    }
    assert!(
        SqliteStore::open(&kept.path, options()).is_ok(),
        "it says itself that this library may write to it"
    );
}

#[test]
fn q3_a_file_that_is_torn_is_damaged() {
    let kept = kept();
    let mut bytes = std::fs::read(&kept.path).unwrap();
    let page = kept
        .by_hand()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'personal_email'", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap();
    // An index entry that is not that of its row.
    let start = usize::try_from(page - 1).unwrap() * 4096;
    let entry = bytes.get_mut(start..start + 4096).unwrap();
    *entry.last_mut().unwrap() ^= 1;
    std::fs::write(&kept.path, bytes).unwrap();
    match verified(&kept.path) {
        Err(Error::Store(error)) => assert!(matches!(*error, StoreError::Damaged { .. }), "{error}"),
        other => panic!("{other:?}"),
    }
}

/// Stops whoever reads without an end.
#[derive(Default)]
struct Patience(AtomicUsize);

impl Tap for Patience {
    fn reads(&self, rows: usize) {
        assert!(self.0.fetch_add(rows, Ordering::SeqCst) < 100_000, "it reads without an end");
    }
}

/// Every list there is, as those ask who see most.
fn ask_all(engine: &Engine) -> Vec<Result<usize, Error>> {
    let read = engine.read().unwrap();
    let now = read.now().unwrap();
    let paging = || Paging { limit: 2, ..Paging::default() };
    let mut answers = Vec::new();
    for sort in [
        CustomerSort::Name,
        CustomerSort::Number,
        CustomerSort::Services,
        CustomerSort::Management,
        CustomerSort::Status,
        CustomerSort::Devices,
    ] {
        for descending in [false, true] {
            let filter = CustomerFilter { sort, ..CustomerFilter::default() };
            let paging = Paging { descending, ..paging() };
            answers.push(
                now.ask(Customers { actor: ADA.into(), manager: MSP, filter, paging })
                    .map(|page| page.rows.len()),
            );
        }
    }
    for sort in [
        ResellerSort::Company,
        ResellerSort::Number,
        ResellerSort::Country,
        ResellerSort::LastUploaded,
        ResellerSort::Uploads,
        ResellerSort::Devices,
        ResellerSort::Status,
    ] {
        let filter = ResellerFilter { sort, unused: true, ..ResellerFilter::default() };
        answers.push(
            now.ask(ResellerCustomers { actor: ROB.into(), reseller: RESELLER, filter, paging: paging() })
                .map(|page| page.rows.len()),
        );
    }
    for kind in EntityKind::ALL.iter().copied() {
        for of in [Of::All, Of::Tenant(FULLY), Of::Tenant(JOINTLY), Of::Manager(MSP), Of::User(JULIA)] {
            answers.push(now.host().entities(kind, &of, &paging()).map(|page| page.rows.len()));
        }
    }
    let (filter, paging) = (AuditFilter::default(), paging());
    let audit = Audit { actor: ADA.into(), tenant: JOINTLY, filter, paging };
    answers.push(now.ask(audit).map(|page| page.rows.len()));
    answers.push(engine.notices("mail", 10_000).map(|mail| mail.notices.len()));
    answers.push(engine.sweep().map(|swept| usize::try_from(swept).unwrap()));
    answers
}

#[test]
fn q1_q3_a_list_over_an_altered_index_ends_and_verify_names_the_index() {
    let kept = kept();
    let patience = Arc::<Patience>::default();
    let store = SqliteStore::open(&kept.path, options()).unwrap();
    let given = Given::bare(Tapped { store, tap: Arc::clone(&patience) }, Policy::default()).later(3);
    assert!(ask_all(&given.engine).iter().all(Result::is_ok));
    let db = kept.by_hand();
    let mut damaged = 0;
    for index in Index::ALL {
        let entries: Vec<(Vec<u8>, Vec<u8>)> = db
            .prepare("SELECT key, id FROM entry WHERE key >= ?1 AND key < ?2")
            .unwrap()
            .query_map(([index.number()], [index.number() + 1]), |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let Some((key, id)) = entries.last() else { continue };
        let move_to = |from: &[u8], to: &[u8]| {
            let moved = "UPDATE entry SET key = ?1 WHERE key = ?2 AND id = ?3";
            assert_eq!(db.execute(moved, (to, from, id)).unwrap(), 1);
        };
        for place in (1..key.len()).step_by(5).chain([key.len() - 1]) {
            for by in [1, 0x80] {
                let mut altered = key.clone();
                *altered.get_mut(place).unwrap() ^= by;
                move_to(key, &altered);
                patience.0.store(0, Ordering::SeqCst);
                for answer in ask_all(&given.engine) {
                    if let Err(error) = answer {
                        assert!(
                            matches!(&error, Error::Store(error) if matches!(**error, StoreError::Damaged { .. })),
                            "{error}"
                        );
                        damaged += 1;
                    }
                }
                patience.0.store(0, Ordering::SeqCst);
                let flaw = given.engine.verify().unwrap_err().to_string();
                assert!(flaw.contains(&format!("index {}", index.name())), "{flaw}");
                move_to(&altered, key);
            }
        }
    }
    assert!(damaged > 0);
    given.verified();
}

#[test]
fn a4_q3_a_record_that_carries_the_number_of_another_is_not_read_again_and_again() {
    let kept = kept();
    let reading = Given::bare(SqliteStore::open(&kept.path, options()).unwrap(), Policy::default());
    let record = reading.engine.records_after(29, 1).unwrap().remove(0);
    drop(reading);
    let another = record.encode().replace("\"seq\":30,", "\"seq\":3,");
    kept.by_hand().execute("UPDATE record SET body = ?1 WHERE seq = 30", [another]).unwrap();
    let store = SqliteStore::open(&kept.path, options()).unwrap();
    let engine = Given::bare(store, Policy::default()).engine;
    let error = engine.notices("mail", 10_000).unwrap_err().to_string();
    assert!(error.contains("record 30"), "{error}");
    assert!(engine.verify().unwrap_err().to_string().contains("record 30"));
}

#[test]
fn q3_what_is_due_about_something_that_is_not_there_does_not_happen_again_and_again() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = SqliteStore::open(&path, options()).unwrap();
    let other = Uuid::from_u128(0x4f0);
    let invited = invitee(UserId::from_uuid(Uuid::from_u128(0x3f0)), InvitationId::from_uuid(other), "eve");
    let given = given_on(store).and(ADA, InviteUser::new(MSP, invited, text("admin")));
    // What is due is about invitations that are not there.
    let db = rusqlite::Connection::open(&path).unwrap();
    for (at, id) in [(other, 0x4f1), (IVY_INVITATION.uuid(), 0x4f2)] {
        let rename = "UPDATE entity SET id = ?1 WHERE kind = 5 AND id = ?2";
        assert_eq!(db.execute(rename, (Uuid::from_u128(id).as_bytes(), at.as_bytes())).unwrap(), 1);
    }
    drop(db);
    let given = given.later(400);
    match given.engine.sweep() {
        Ok(0) => {}
        Err(Error::Store(error)) => assert!(matches!(&*error, StoreError::Damaged { .. }), "{error}"),
        other => panic!("{other:?}"),
    }
    assert!(given.engine.verify().unwrap_err().to_string().contains("invitation"));
}

#[test]
fn x7_q3_a_request_whose_receipt_was_taken_away_is_not_executed_again_or_is_found() {
    let kept = kept();
    let engine = || {
        let given = Given::bare(SqliteStore::open(&kept.path, options()).unwrap(), Policy::default());
        given.later(4).engine
    };
    let id = RequestId::from_uuid(Uuid::from_u128(0x7a0));
    let edit = || EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(FULLY) };
    let first = engine().execute_as(id, ADA, edit()).unwrap();
    kept.by_hand().execute("UPDATE record SET fingerprint = NULL", []).unwrap();
    assert_eq!(engine().execute_as(id, ADA, edit()).unwrap(), first);
    // Which request it was is part of the record.
    kept.by_hand()
        .execute("UPDATE record SET request = NULL WHERE seq = ?1", [i64::try_from(first.seq()).unwrap()])
        .unwrap();
    let again = engine().execute_as(id, ADA, edit()).unwrap();
    assert_ne!(first.seq(), again.seq());
    let said = engine().verify().unwrap_err().to_string();
    assert!(said.contains(&format!("record {}", first.seq())) && said.contains("chain"), "{said}");
}
