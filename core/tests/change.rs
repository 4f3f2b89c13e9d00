//! Files of every format and of every number of the rules that was ever landed: each is opened, verified, rebuilt and
//! written to by the library as it is. `make file` writes the one of today where there is none yet; what was landed stays.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tenantry::Error;
use tenantry::command::*;
use tenantry::engine::{CorruptionKind, Engine, Progress};
use tenantry::model::{Patch, Subject, Tenant};
use tenantry::policy::Policy;
use tenantry::store::StoreError;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::*;

/// The format of today.
const FORMAT: u32 = 3;

/// Tells a process of this test what to do: how many steps it lives for, and the file.
const CHILD: &str = "TENANTRY_CHANGE_CHILD";

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

fn options() -> FileOptions {
    FileOptions::default().synchronous(Synchronous::Normal)
}

fn open(path: &Path) -> Given {
    Given::bare(SqliteStore::open(path, options()).unwrap(), Policy::default()).later(4)
}

/// A small store with a past, people, and somebody who was erased.
fn write(path: &Path) {
    let mut given = given_on(SqliteStore::open(path, options()).unwrap());
    for round in 0..20 {
        let name = Some(text(&format!("Renamed {round}")));
        given = given.and(ADA, EditTenant { name, ..EditTenant::new(JOINTLY) });
    }
    given
        .and(JIM, EditUser { name: Patch::Set(text("Jim")), ..EditUser::new(JIM) })
        .and(JULIA, RemoveUser::new(JIM))
        .and(JULIA, ErasePersonal::new(Subject::User(JIM)))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .later(3)
        .verified();
}

/// The format and the number of the rules of a file, as it says.
fn numbers(path: &Path) -> (u32, u32) {
    let db = rusqlite::Connection::open(path).unwrap();
    let format = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let rules = db.query_row("SELECT value FROM meta WHERE name = 'rules'", [], |row| row.get(0));
    (format, rules.unwrap_or(0))
}

fn named((format, rules): (u32, u32)) -> String {
    format!("format-{format}-rules-{rules}.db")
}

#[test]
fn q3_every_landed_format_and_number_of_rules_has_a_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    write(&path);
    let today = files().join(named(numbers(&path)));
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !today.exists() {
        std::fs::copy(&path, &today).unwrap();
    }
    assert!(today.exists(), "{} is missing: `make file` writes it", today.display());
}

#[test]
fn q3_a_file_of_every_format_and_rules_is_opened_verified_rebuilt_and_written_to() {
    let mut seen = BTreeSet::new();
    for file in std::fs::read_dir(files()).unwrap() {
        let file = file.unwrap().path();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("store");
        std::fs::copy(&file, &path).unwrap();
        let (format, rules) = numbers(&path);
        assert_eq!(file.file_name().unwrap().to_str(), Some(&*named((format, rules))));
        seen.insert(rules);
        // It can be read, and stays what it was. One of an older format is carried, in memory, and what is derived is
        // made anew by that.
        let before = std::fs::read(&path).unwrap();
        let store = SqliteStore::open(&path, options().read_only(true)).unwrap();
        let verified = Given::bare(store, Policy::default()).engine.verify().unwrap();
        let older = Some(rules).filter(|rules| format == FORMAT && *rules < verified.current);
        assert_eq!((verified.older, verified.lost_receipts), (older, 0));
        assert!(std::fs::read(&path).unwrap() == before);
        let name = |given: &Given| {
            let snapshot = given.engine.read().unwrap();
            let tenant = snapshot.now().unwrap().host().get::<Tenant>(JOINTLY.uuid()).unwrap();
            tenant.map(|tenant| tenant.name.to_string())
        };
        // It can be written to, before it is rebuilt and after.
        let given = open(&path);
        assert_eq!(name(&given).as_deref(), Some("Renamed 19"));
        let rename = |name: &str| EditTenant { name: Some(text(name)), ..EditTenant::new(FULLY) };
        let given = given.and(ADA, rename("Before"));
        assert_eq!(given.engine.verify().unwrap().older, older);
        let rebuilt = given.engine.rebuild().unwrap();
        assert_eq!((rebuilt.before, rebuilt.after), (older.unwrap_or(verified.current), verified.current));
        assert_eq!(rebuilt.unrecoverable, [""; 0]);
        let given = given.and(ADA, rename("After"));
        let verified = given.engine.verify().unwrap();
        assert_eq!((verified.older, verified.differs), (None, None));
        assert_eq!(given.engine.verify_since(&rebuilt.token, |_| {}).unwrap().token, verified.token);
        assert_eq!(given.engine.rebuild().unwrap().rows, 0, "once is enough");
        assert_eq!(name(&given).as_deref(), Some("Renamed 19"));
    }
    let newest = *seen.last().unwrap();
    assert!(seen.into_iter().eq(0..=newest), "one of every number");
}

#[test]
fn q3_what_is_derived_under_older_rules_is_no_damage_and_is_rebuilt() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    write(&path);
    // As if the rules of then had called a tenant otherwise.
    let db = rusqlite::Connection::open(&path).unwrap();
    let then = "UPDATE entity SET c = 'As it was' WHERE kind = 1 AND c = 'Renamed 19'";
    assert_eq!(db.execute(then, []).unwrap(), 1);
    let given = open(&path);
    match given.engine.verify() {
        Err(Error::Flawed(flaw)) => assert_eq!(flaw.kind, CorruptionKind::Derived, "{flaw}"),
        other => panic!("{other:?}"),
    }
    // That it is older is no excuse where its records say otherwise, under their hashes.
    for older in ["UPDATE meta SET value = value - 1", "DELETE FROM meta"] {
        db.execute(&format!("{older} WHERE name = 'rules'"), []).unwrap();
        match given.engine.verify() {
            Err(Error::Flawed(flaw)) => assert_eq!(flaw.kind, CorruptionKind::Foreign, "{flaw}"),
            other => panic!("{other:?}"),
        }
    }
    drop((db, given));
    // What was derived in a file of an older format is not even looked at: it is made anew.
    for older in ["format-1-rules-0.db", "format-1-rules-2.db"] {
        std::fs::copy(files().join(older), &path).unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        let then = "UPDATE entity SET body = replace(body, 'Renamed 19', 'As it was')";
        assert!(db.execute(then, []).unwrap() > 0);
        drop(db);
        let given = open(&path);
        let verified = given.engine.verify().unwrap();
        assert_eq!((verified.older, verified.differs), (None, None));
        assert_eq!(given.engine.rebuild().unwrap().rows, 0);
    }
}

#[test]
fn q3_a_file_of_an_older_format_that_is_killed_on_its_way_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let (mut old, mut new) = (0, 0);
    for steps in 1.. {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(place.path().join(format!("store{suffix}")));
        }
        std::fs::copy(files().join("format-1-rules-2.db"), &path).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
        child.stdout(Stdio::null()).stderr(Stdio::null());
        let survived = child.env(CHILD, format!("{steps}|{}", path.display())).status().unwrap().success();
        match numbers(&path) {
            (FORMAT, _) => new += 1,
            (1, 2) => old += 1,
            other => panic!("step {steps}: {other:?}"),
        }
        // Whatever was left, it is opened and holds.
        let given = open(&path);
        given.engine.verify().unwrap();
        assert_eq!(given.engine.rebuild().unwrap().rows, 0, "step {steps}");
        if survived {
            break;
        }
    }
    assert!(old > 3 && new > 1, "{old} old, {new} new");
}

/// Not a test of its own: another process.
#[test]
fn child() {
    let Ok(part) = std::env::var(CHILD) else { return };
    let (steps, path) = part.split_once('|').unwrap();
    tenantry::testkit::inside::dies_after(steps.parse().unwrap());
    drop(SqliteStore::open(path, options()).unwrap());
}

#[test]
fn q3_u5_what_is_known_about_people_goes_along_to_a_newer_format_and_nothing_of_it_is_left_elsewhere() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    std::fs::copy(files().join("format-1-rules-2.db"), &path).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    let mut all = db.prepare("SELECT trim(body) FROM personal WHERE trim(body) <> '' ORDER BY 1").unwrap();
    let texts: Vec<String> = all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(all);
    drop(db);
    drop(open(&path));
    let file = std::fs::read(&path).unwrap();
    for text in &texts {
        let there = file.windows(text.len()).filter(|window| *window == text.as_bytes()).count();
        assert_eq!(there, 1, "once and nowhere else");
    }
}

#[test]
fn q3_a_file_of_an_older_format_whose_history_is_broken_is_left_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    for spoil in [
        "UPDATE record SET body = replace(body, 'Renamed 3', 'Renamed X')",
        "DELETE FROM record WHERE seq = 9",
        "CREATE TRIGGER zz AFTER INSERT ON cursor BEGIN DELETE FROM personal; END",
        "DROP TABLE receipt",
    ] {
        std::fs::copy(files().join("format-1-rules-2.db"), &path).unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch(spoil).unwrap();
        drop(db);
        let damaged = |error: &StoreError| matches!(error, StoreError::Damaged { .. });
        assert!(damaged(&SqliteStore::open(&path, options()).err().unwrap()), "{spoil}");
        assert_eq!(numbers(&path), (1, 2), "{spoil}");
        let _ = std::fs::remove_file(&path);
    }
}

#[test]
fn q3_a_backup_of_an_older_format_is_read_and_restored() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::copy(files().join("format-1-rules-2.db"), at("backup")).unwrap();
    let db = rusqlite::Connection::open(at("backup")).unwrap();
    db.execute_batch("INSERT INTO meta VALUES ('backup', '2026-01-01T00:00:00.000Z')").unwrap();
    drop(db);
    let restored = Engine::restore(at("backup"), at("store")).unwrap();
    let given = open(&at("store"));
    assert_eq!(given.engine.verify().unwrap().token, restored.token);
    drop(given);
    // Also in the place of one of an older format.
    let _ = ["store", "store-wal", "store-shm"].map(|name| std::fs::remove_file(at(name)));
    std::fs::copy(files().join("format-1-rules-2.db"), at("store")).unwrap();
    let restored = Engine::restore(at("backup"), at("store")).unwrap();
    assert_eq!(restored.lost, 0);
    open(&at("store")).engine.verify().unwrap();
}

#[test]
fn q3_what_newer_rules_have_made_is_read_and_not_written_to() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    write(&path);
    let given = open(&path);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("UPDATE meta SET value = 99 WHERE name = 'rules'", []).unwrap();
    let newer = |error: StoreError| matches!(error, StoreError::NewerRules { needs: 99, .. });
    assert!(newer(SqliteStore::open(&path, options()).err().unwrap()));
    let edit = EditTenant { name: Some(text("Mine")), ..EditTenant::new(FULLY) };
    match given.engine.execute(ADA, edit) {
        Err(Error::Store(error)) => assert!(matches!(*error, StoreError::NewerRules { .. }), "{error}"),
        other => panic!("somebody else was faster: {other:?}"),
    }
    assert!(SqliteStore::open(&path, options().read_only(true)).is_ok());
}

#[test]
fn q3_verifying_and_rebuilding_tell_how_far_they_are() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    write(&path);
    let given = open(&path);
    let head = given.engine.token().unwrap().seq;
    let mut heard = Vec::new();
    given.engine.verify_with(|progress| heard.push(progress)).unwrap();
    assert!(heard.contains(&Progress::Records { done: head, of: head }), "{heard:?}");
    assert!(matches!(heard.last(), Some(Progress::Tables { done, of }) if done == of), "{heard:?}");
    heard.clear();
    given.engine.rebuild_with(|progress| heard.push(progress)).unwrap();
    assert!(heard.contains(&Progress::Records { done: head, of: head }), "{heard:?}");
}
