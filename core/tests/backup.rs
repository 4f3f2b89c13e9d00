//! Backup, restore and move: what is copied is whole, what is put in a store's place is all of it or nothing, and
//! nobody comes back who was erased.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenantry::command::*;
use tenantry::engine::{Restored, Snapshot};
use tenantry::journal::Record;
use tenantry::model::{Subject, User, UserState};
use tenantry::store::StoreError;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::*;
use tenantry::testkit::inside::Rng;
use tenantry::testkit::inside::dies_after;
use tenantry::{Actor, Engine, Error, TenantKind};

const CHILD: &str = "TENANTRY_TEST_CHILD";

fn quick() -> FileOptions {
    FileOptions::default().synchronous(Synchronous::Normal)
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, quick()).unwrap()
}

/// Opens a file to look at it.
fn look(path: &Path) -> Engine {
    let store = SqliteStore::open(path, quick().read_only(true)).unwrap();
    Engine::new(store, Default::default()).unwrap()
}

fn names(place: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(place).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn contains(path: &Path, marker: &str) -> bool {
    fs::read(path).unwrap().windows(marker.len()).any(|window| window == marker.as_bytes())
}

fn store_error<T: std::fmt::Debug>(outcome: Result<T, Error>) -> StoreError {
    match outcome {
        Err(Error::Store(error)) => std::sync::Arc::try_unwrap(error).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn register(engine: &Engine, name: &str) {
    let register = RegisterTenant::new(TenantKind::Msp, text(name));
    engine.execute(Actor::OPERATOR, register).unwrap();
}

/// A small store of its own clock.
fn small(path: &Path, tenants: usize) -> Engine {
    let engine = Engine::new(open(path), Default::default()).unwrap();
    (0..tenants).for_each(|number| register(&engine, &format!("Tenant {number}")));
    engine
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

// Backup.

#[test]
fn a_backup_is_made_while_others_write_and_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let engine = small(&path, 3);
    let writing = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while writing.load(Ordering::Relaxed) {
                    register(&engine, "Acme");
                }
            });
        }
        let mut last = 0;
        for round in 0..5 {
            let to = place.path().join(format!("backup {round}"));
            let before = engine.token().unwrap();
            let token = engine.backup(&to).unwrap();
            assert!(token.seq >= before.seq && token.seq > last);
            engine.confirm(&token).unwrap();
            last = token.seq;
            let copy = look(&to);
            assert_eq!(copy.verify().unwrap().token, token);
            std::thread::sleep(Duration::from_millis(5));
        }
        writing.store(false, Ordering::Relaxed);
    });
    engine.verify().unwrap();
    drop(engine);
    assert_eq!(names(place.path()).len(), 6, "{:?}", names(place.path()));
}

#[test]
fn a_backup_is_made_where_nothing_is_and_leaves_nothing_where_it_cannot_be() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let engine = small(&at("store"), 1);
    fs::write(at("file"), "Dear Ada").unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::create_dir(at("directory")).unwrap();
    let before = names(place.path());
    for name in ["file", "empty", "directory", "store"] {
        let error = store_error(engine.backup(at(name)));
        assert!(matches!(error, StoreError::Taken { .. }), "{name}: {error}");
    }
    for name in ["no/such/place", "file/in"] {
        let error = store_error(engine.backup(at(name)));
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{name}: {error}");
    }
    let error = store_error(Engine::memory().unwrap().backup(at("memory")));
    assert!(matches!(error, StoreError::NoFile), "{error}");
    // A store that is damaged is not copied.
    let db = rusqlite::Connection::open(at("store")).unwrap();
    db.execute_batch("UPDATE record SET body = '{}' WHERE seq = 2").unwrap();
    drop(db);
    let error = store_error(engine.backup(at("backup")));
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(names(place.path()), before);
    assert_eq!(fs::read(at("file")).unwrap(), b"Dear Ada");
}

#[test]
fn a_backup_is_its_owners_and_read_and_not_written_to() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup] = ["store", "backup"].map(|name| place.path().join(name));
    let engine = small(&path, 2);
    engine.backup(&backup).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(backup.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(&backup).unwrap();
    let error = SqliteStore::open(&backup, quick()).err().unwrap();
    assert!(matches!(error, StoreError::IsBackup { .. }), "{error}");
    assert_eq!(look(&backup).verify().unwrap().token, engine.token().unwrap());
    // A backup of a backup.
    let again = place.path().join("again");
    look(&backup).backup(&again).unwrap();
    assert_eq!(look(&again).verify().unwrap().token, engine.token().unwrap());
    assert!(fs::read(&backup).unwrap() == before);
}

#[test]
fn u5_nothing_of_what_was_erased_is_in_a_backup() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup] = ["store", "backup"].map(|name| place.path().join(name));
    let given = given_on(open(&path));
    let given = given.and(JULIA, RemoveUser::new(JIM));
    let reading = given.engine.read().unwrap();
    let command = ErasePersonal::new(Subject::User(JIM));
    given.engine.execute(JULIA, command).unwrap();
    // The log has it as long as somebody reads on; a backup never.
    assert!(given.engine.erasure_pending().unwrap().is_some());
    given.engine.backup(&backup).unwrap();
    assert!(!contains(&backup, "jim@example.com"));
    assert!(contains(&backup, "julia@example.com"));
    drop::<Snapshot<'_>>(reading);
    assert_eq!(given.engine.erasure_pending().unwrap(), None);
    for name in names(place.path()) {
        assert!(!contains(&place.path().join(&name), "jim@example.com"), "{name}");
    }
}

// Restore.

#[test]
fn u5_nobody_who_was_erased_since_comes_back_by_a_restore() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup] = ["store", "backup"].map(|name| place.path().join(name));
    let given = given_on(open(&path));
    let kept = given.engine.backup(&backup).unwrap();
    let given = given.and(JULIA, RemoveUser::new(JIM)).and(JULIA, ErasePersonal::new(Subject::User(JIM)));
    let gone = given.engine.token().unwrap();
    drop(given);
    let Restored { token, common, replaced, lost, erased, .. } = Engine::restore(&backup, &path).unwrap();
    assert_eq!((common, replaced, lost), (kept.seq, Some(gone.seq), gone.seq - kept.seq));
    assert_eq!(erased, [Subject::User(JIM)]);
    assert_eq!(token.seq, kept.seq + 2, "removed and erased");
    assert_eq!(names(place.path()), ["backup", "store"]);
    assert!(contains(&backup, "jim@example.com") && !contains(&path, "jim@example.com"));
    let given = Given::bare(open(&path), Default::default());
    assert_eq!(given.engine.verify().unwrap().token, token);
    for before in [kept, gone] {
        assert!(matches!(given.engine.confirm(&before), Err(Error::Diverged { .. })));
    }
    assert_eq!(given.get::<User>(JIM.uuid()).state, UserState::Removed);
    register(&given.engine, "Acme");
    drop(given);
    // Once more, now that the erasure is in the history of what is replaced.
    let again = Engine::restore(&backup, &path).unwrap();
    assert_eq!((again.common, again.lost, again.erased.len()), (kept.seq, 3, 1));
    assert_ne!(again.token.epoch, token.epoch);
    assert!(!contains(&path, "jim@example.com"));
}

#[test]
fn u5_who_cannot_be_removed_is_erased_nevertheless() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup] = ["store", "backup"].map(|name| place.path().join(name));
    let engine = small(&path, 0);
    let msp = engine.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, text("Northwind IT")));
    let msp = msp.unwrap().outcome;
    let user = |name| RegisterUser::new(msp, mail(name), text("super_admin"));
    let ada = engine.execute(Actor::OPERATOR, user("ada")).unwrap().outcome;
    engine.backup(&backup).unwrap();
    engine.execute(Actor::OPERATOR, user("eve")).unwrap();
    engine.execute(Actor::OPERATOR, RemoveUser::new(ada)).unwrap();
    engine.execute(Actor::OPERATOR, ErasePersonal::new(Subject::User(ada))).unwrap();
    drop(engine);
    let restored = Engine::restore(&backup, &path).unwrap();
    assert_eq!((restored.lost, restored.erased.len()), (3, 1));
    assert!(!contains(&path, "ada@example.com"));
    look(&path).verify().unwrap();
}

#[test]
fn a_restore_makes_a_store_where_none_is_and_of_one_that_is_in_use() {
    let place = tempfile::tempdir().unwrap();
    let [path, other] = ["store", "other"].map(|name| place.path().join(name));
    let engine = small(&path, 3);
    // What is left of a store that somebody deleted.
    fs::write(beside(&other, "-wal"), "nonsense").unwrap();
    let restored = Engine::restore(&path, &other).unwrap();
    assert_eq!((restored.replaced, restored.lost, restored.common), (None, 0, 4));
    let moved = Engine::new(open(&other), Default::default()).unwrap();
    register(&moved, "There");
    register(&engine, "Here");
    assert!(matches!(moved.confirm(&engine.token().unwrap()), Err(Error::Diverged { .. })));
    moved.verify().unwrap();
    engine.verify().unwrap();
}

#[test]
fn a_log_that_a_crash_left_is_finished_or_gone_but_never_mixed_with() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup, crashed] = ["store", "backup", "crashed"].map(|name| place.path().join(name));
    let engine = small(&path, 3);
    engine.backup(&backup).unwrap();
    register(&engine, "Only in the log");
    for suffix in ["", "-wal"] {
        fs::copy(beside(&path, suffix), beside(&crashed, suffix)).unwrap();
    }
    let restored = Engine::restore(&backup, &crashed).unwrap();
    assert_eq!((restored.replaced, restored.lost), (Some(5), 1), "the log counts");
    assert_eq!(look(&crashed).verify().unwrap().token, restored.token);
    assert!(!names(place.path()).iter().any(|name| name.starts_with("crashed-") && name.ends_with("part")));
}

#[test]
fn a_restore_waits_for_nobody_who_has_the_store_open() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup] = ["store", "backup"].map(|name| place.path().join(name));
    let engine = small(&path, 2);
    engine.backup(&backup).unwrap();
    register(&engine, "Acme");
    let in_use = || {
        let error = store_error(Engine::restore(&backup, &path));
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    };
    in_use();
    register(&engine, "Goes on");
    drop(engine);
    let looking = look(&path);
    looking.token().unwrap();
    in_use();
    drop(looking);
    let mut child = start("hold", &path, &backup);
    std::thread::sleep(Duration::from_millis(10));
    while !beside(&path, "-shm").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    in_use();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(look(&path).token().unwrap().seq, 5, "nothing was lost");
    assert_eq!(Engine::restore(&backup, &path).unwrap().lost, 2);
}

#[test]
fn what_is_no_sound_backup_of_this_store_is_refused_before_anything_is_touched() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let (path, backup) = (at("store"), at("backup"));
    let engine = small(&path, 20);
    engine.backup(&backup).unwrap();
    register(&engine, "Acme");
    drop(engine);
    small(&at("another"), 2).backup(at("of another")).unwrap();
    let before = fs::read(&path).unwrap();
    let refused = |from: &Path, what: &str| {
        let error = Engine::restore(from, &path).unwrap_err();
        assert!(fs::read(&path).unwrap() == before, "{what}: the store was touched");
        let left = names(place.path());
        assert!(
            !left.iter().any(|name| name.contains(".part") || name.starts_with("store-")),
            "{what}: {left:?}"
        );
        error
    };
    let kind = |error: Error| match error {
        Error::Store(error) => format!("{error:?}").split([' ', '(']).next().unwrap().to_owned(),
        Error::Flawed(_) => "Flawed".to_owned(),
        other => panic!("{other}"),
    };
    assert_eq!(kind(refused(&at("of another"), "another store's")), "Taken");
    assert_eq!(kind(refused(&path, "itself")), "Taken");
    assert_eq!(kind(refused(&at("missing"), "missing")), "CannotOpen");
    fs::write(at("text"), "Dear Ada,\n".repeat(1000)).unwrap();
    assert_eq!(kind(refused(&at("text"), "a text")), "NotOurs");
    let whole = fs::read(&backup).unwrap();
    let mut rng = Rng::new(7);
    let (mut noticed, mut equal) = (0, 0);
    for round in 0..40 {
        let mut bytes = whole.clone();
        if round % 4 == 0 {
            bytes.truncate(1 + rng.below(whole.len() - 1));
        } else {
            // A page that is another's, or a disk that forgot.
            let page = 4096 * rng.below(whole.len() / 4096);
            bytes[page..page + 4096].fill(if round % 2 == 0 { 0 } else { 0xa5 });
        }
        fs::write(at("damaged"), &bytes).unwrap();
        match Engine::restore(at("damaged"), at("elsewhere")) {
            Err(_) => noticed += 1,
            // What nobody reads.
            Ok(_) => {
                look(&at("elsewhere")).verify().unwrap();
                equal += 1;
            }
        }
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(beside(&at("elsewhere"), suffix));
        }
    }
    assert!(noticed >= 36, "{noticed} noticed, {equal} made no difference");
    // A row that was changed by hand.
    fs::copy(&backup, at("edited")).unwrap();
    let db = rusqlite::Connection::open(at("edited")).unwrap();
    db.execute_batch("UPDATE entity SET c = 'Tenant 8' WHERE c = 'Tenant 7'").unwrap();
    drop(db);
    assert_eq!(kind(refused(&at("edited"), "edited")), "Flawed");
    // What is to be replaced cannot be read: nobody knows whom it has erased.
    fs::write(&path, &before[..before.len() / 2]).unwrap();
    assert_eq!(kind(Engine::restore(&backup, &path).unwrap_err()), "Damaged");
    fs::remove_file(&path).unwrap();
    Engine::restore(&backup, &path).unwrap();
}

// Kills.

/// Not a test of its own: another process.
#[test]
fn child() {
    let Ok(part) = std::env::var(CHILD) else { return };
    let mut parts = part.split('|');
    let mut next = || parts.next().unwrap();
    let (what, path, backup) = (next(), PathBuf::from(next()), PathBuf::from(next()));
    if let Some(steps) = parts.next() {
        dies_after(steps.parse().unwrap());
    }
    match what {
        "hold" => {
            let engine = look(&path);
            let _reading = engine.read().unwrap();
            std::thread::sleep(Duration::from_secs(60));
        }
        "backup" => drop(look(&path).backup(&backup).unwrap()),
        "rebuild" => drop(Engine::new(open(&path), Default::default()).unwrap().rebuild().unwrap()),
        _ => drop(Engine::restore(&backup, &path).unwrap()),
    }
}

fn process(what: &str, path: &Path, backup: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, format!("{what}|{}|{}", path.display(), backup.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn start(what: &str, path: &Path, backup: &Path) -> Child {
    process(what, path, backup).spawn().unwrap()
}

/// Runs it, to die after so many steps; whether it came to its end before.
fn survives(what: &str, path: &Path, backup: &Path, steps: u32) -> bool {
    let mut command = process(what, path, backup);
    let value = format!("{what}|{}|{}|{steps}", path.display(), backup.display());
    command.env(CHILD, value).status().unwrap().success()
}

#[test]
fn a_backup_that_is_killed_at_any_step_is_not_there_or_whole() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup] = ["store", "backup"].map(|name| place.path().join(name));
    let engine = small(&path, 5);
    let token = engine.token().unwrap();
    drop(engine);
    let mut steps = 1;
    let mut whole = 0;
    while !survives("backup", &path, &backup, steps) {
        if backup.exists() {
            whole += 1;
            assert_eq!(look(&backup).verify().unwrap().token, token, "step {steps}");
            fs::remove_file(&backup).unwrap();
        }
        steps += 1;
    }
    assert!(steps > 5 && whole > 0 && whole < steps, "{whole} of {steps}");
    assert_eq!(look(&backup).verify().unwrap().token, token);
    assert!(!names(place.path()).contains(&"backup.part".to_owned()), "what was left is gone");
}

#[test]
fn q3_a_rebuild_that_is_killed_at_any_step_leaves_the_old_or_the_new_derived_data() {
    let (mut old, mut new) = (0, 0);
    let place = tempfile::tempdir().unwrap();
    let [path, damaged] = ["store", "damaged"].map(|name| place.path().join(name));
    let token = small(&damaged, 5).token().unwrap();
    let db = rusqlite::Connection::open(&damaged).unwrap();
    db.execute_batch(
        "DELETE FROM entity WHERE kind = 1; DELETE FROM record_about; UPDATE record SET fingerprint = NULL",
    )
    .unwrap();
    drop(db);
    for steps in 1.. {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(beside(&path, suffix));
        }
        fs::copy(&damaged, &path).unwrap();
        let survived = survives("rebuild", &path, &path, steps);
        match look(&path).verify() {
            Ok(verified) => {
                assert_eq!(verified.token, token);
                new += 1;
            }
            Err(Error::Flawed(_)) => old += 1,
            Err(error) => panic!("step {steps}: {error}"),
        }
        // Whatever was left, another one leads home.
        let engine = Engine::new(open(&path), Default::default()).unwrap();
        engine.rebuild().unwrap();
        assert_eq!(engine.verify().unwrap().token, token);
        if survived {
            break;
        }
    }
    assert!(old > 7 && new > 1, "{old} old, {new} new");
}

/// A store with a log that a crash left, and its backup; the revision of both.
fn crashed(place: &Path) -> (PathBuf, PathBuf, u64, u64) {
    let [path, backup, live] = ["store", "backup", "live"].map(|name| place.join(name));
    let engine = small(&live, 5);
    let kept = engine.backup(&backup).unwrap().seq;
    register(&engine, "Only in the log");
    register(&engine, "Here, too");
    for suffix in ["", "-wal"] {
        fs::copy(beside(&live, suffix), beside(&path, suffix)).unwrap();
    }
    (path, backup, kept, kept + 2)
}

/// The store is the old or the new one, all of it; whether it is the old one.
fn is_old(path: &Path, kept: u64, last: u64) -> bool {
    let engine = look(path);
    let seq = engine.verify().unwrap().token.seq;
    assert!(seq == kept || seq == last, "{seq}");
    seq == last
}

#[test]
fn a_restore_that_is_killed_at_any_step_leaves_the_old_or_the_new_store() {
    let (mut old, mut new) = (0, 0);
    for steps in 1.. {
        let place = tempfile::tempdir().unwrap();
        let (path, backup, kept, last) = crashed(place.path());
        let survived = survives("restore", &path, &backup, steps);
        match is_old(&path, kept, last) {
            true => old += 1,
            false => new += 1,
        }
        // It is as good as before, and what was left is in nobody's way.
        let engine = Engine::new(open(&path), Default::default()).unwrap();
        register(&engine, "Goes on");
        drop(engine);
        Engine::restore(&backup, &path).unwrap();
        assert!(!is_old(&path, kept, last));
        assert!(!names(place.path()).iter().any(|name| name.contains(".part")), "step {steps}");
        if survived {
            break;
        }
    }
    assert!(old > 4 && new > 1, "{old} old, {new} new");
}

#[test]
fn what_is_killed_at_any_step_where_nothing_was_is_in_nobodys_way() {
    let (mut nothing, mut whole) = (0, 0);
    for steps in 1.. {
        let place = tempfile::tempdir().unwrap();
        let [path, backup, moved] = ["store", "backup", "moved"].map(|name| place.path().join(name));
        let kept = small(&backup, 5).token().unwrap().seq;
        let survived = survives("restore", &path, &backup, steps);
        match path.exists() {
            false => nothing += 1,
            true => {
                whole += 1;
                // It may be written to, and moved, and what is made in its place does it no harm.
                register(&Engine::new(open(&path), Default::default()).unwrap(), "Goes on");
                fs::rename(&path, &moved).unwrap();
            }
        }
        assert_eq!(Engine::restore(&backup, &path).unwrap().common, kept);
        if moved.exists() {
            assert_eq!(look(&moved).verify().unwrap().token.seq, kept + 1, "step {steps}");
        }
        assert!(!names(place.path()).iter().any(|name| name.contains(".part")), "step {steps}");
        if survived {
            break;
        }
    }
    assert!(nothing > 4 && whole > 1, "{nothing} nothing, {whole} whole");
}

#[test]
fn what_a_kill_left_of_a_backup_is_not_written_to_by_the_next_one() {
    let place = tempfile::tempdir().unwrap();
    let [path, backup, elsewhere] = ["store", "backup", "elsewhere"].map(|name| place.path().join(name));
    let engine = small(&path, 5);
    let mut moved = 0;
    for steps in 1.. {
        let survived = survives("backup", &path, &backup, steps);
        if backup.exists() {
            moved += 1;
            fs::rename(&backup, &elsewhere).unwrap();
            let before = engine.token().unwrap();
            register(&engine, "Goes on");
            let after = engine.backup(&backup).unwrap();
            for (whole, token) in [(&backup, after), (&elsewhere, before)] {
                assert_eq!(look(whole).verify().unwrap().token, token, "step {steps}");
                fs::remove_file(whole).unwrap();
            }
        }
        if survived {
            break;
        }
    }
    assert!(moved > 1, "{moved}");
}

#[test]
fn a_restore_that_is_killed_at_any_moment_leaves_the_old_or_the_new_store() {
    let mut rng = Rng::new(11);
    for _ in 0..15 {
        let place = tempfile::tempdir().unwrap();
        let (path, backup, kept, last) = crashed(place.path());
        let mut child = start("restore", &path, &backup);
        std::thread::sleep(Duration::from_millis(rng.below(120) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        is_old(&path, kept, last);
    }
}

// Over and over.

/// How often a store is moved about: `make moves CYCLES=10000` says how often, and the gate has some.
fn cycles() -> usize {
    std::env::var("TENANTRY_TEST_CYCLES").map_or(8, |number| number.parse().unwrap())
}

/// The journal, from the first record on.
fn history(engine: &Engine) -> Vec<Record> {
    engine.records_after(0, usize::MAX).unwrap()
}

/// A store that is backed up under load, moved and restored, killed at it or not. Whatever was acknowledged up to the
/// backup is there, the rest is counted as lost, old tokens are refused, and who was erased stays so.
#[test]
fn whatever_is_moved_about_keeps_what_it_was_trusted_with() {
    let mut rng = Rng::new(14);
    let mut restored = 0;
    for cycle in 0..cycles() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let [mut path, backup] = ["store", "backup"].map(at);
        let engine = small(&path, 1);
        let msp = RegisterTenant::new(TenantKind::Msp, text("Northwind IT"));
        let msp = engine.execute(Actor::OPERATOR, msp).unwrap().outcome;
        for user in ["ada", "gone"] {
            let user = RegisterUser::new(msp, mail(user), text("super_admin"));
            engine.execute(Actor::OPERATOR, user).unwrap();
        }
        drop(engine);
        for turn in 0..rng.below(6) + 1 {
            let engine = Engine::new(open(&path), Default::default()).unwrap();
            let writing = AtomicBool::new(true);
            let kept = std::thread::scope(|scope| {
                scope.spawn(|| {
                    while writing.load(Ordering::Relaxed) {
                        register(&engine, "Acme");
                    }
                });
                let kept = engine.backup(&backup).unwrap();
                writing.store(false, Ordering::Relaxed);
                kept
            });
            let person = RegisterUser::new(msp, mail(&format!("person{turn}")), text("super_admin"));
            let person = engine.execute(Actor::OPERATOR, person).unwrap().outcome;
            engine.execute(Actor::OPERATOR, RemoveUser::new(person)).unwrap();
            engine.execute(Actor::OPERATOR, ErasePersonal::new(Subject::User(person))).unwrap();
            let (last, acknowledged) = (engine.token().unwrap(), history(&engine));
            drop(engine);
            // Elsewhere, or in its own place; by a process that dies on the way, or by this one.
            let to = if rng.below(3) == 0 { at(&format!("moved{turn}")) } else { path.clone() };
            let from = if rng.below(3) == 0 && to != path { path.clone() } else { backup.clone() };
            if rng.below(2) == 0 {
                let mut child = start("restore", &to, &from);
                std::thread::sleep(Duration::from_millis(rng.below(60) as u64));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            if to == path && rng.below(2) == 0 {
                // Whatever it came to, it is one of the two, and goes on.
                let engine = look(&path);
                let token = engine.verify().unwrap().token;
                let there = history(&engine);
                let common =
                    there.iter().zip(&acknowledged).take_while(|(one, other)| one == other).count() as u64;
                assert!(token == last || common >= kept.seq, "cycle {cycle}, turn {turn}: {token} of {last}");
            }
            let before = to.exists().then(|| look(&to).token().unwrap().seq);
            let done = Engine::restore(&from, &to).unwrap();
            let upto = if from == path { last.seq } else { kept.seq };
            let engine = look(&to);
            assert_eq!(engine.verify().unwrap().token, done.token);
            let there = history(&engine);
            assert_eq!(there[..upto as usize], acknowledged[..upto as usize], "cycle {cycle}, turn {turn}");
            assert_eq!(done.replaced, before, "cycle {cycle}, turn {turn}");
            assert!(
                matches!(engine.confirm(&last), Err(Error::Diverged { .. })),
                "{:?}",
                engine.confirm(&last)
            );
            assert!(!contains(&to, &format!("person{turn}@")), "cycle {cycle}, turn {turn}");
            restored += 1;
            path = to;
            fs::remove_file(&backup).unwrap();
        }
    }
    println!("{restored} restores in {} cycles, nothing lost", cycles());
}

// Room.

#[test]
fn a_store_gives_back_what_it_has_no_use_for() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let engine = small(&path, 5);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE mine(a); INSERT INTO mine VALUES (zeroblob(3000000)); DROP TABLE mine")
        .unwrap();
    drop(db);
    let token = engine.token().unwrap();
    let reading = engine.read().unwrap();
    let given_back = engine.compact().unwrap();
    assert!(given_back > 2_900_000, "{given_back}");
    assert_eq!(reading.token(), token, "those who read go on");
    drop(reading);
    assert_eq!(engine.compact().unwrap(), 0);
    assert!(path.metadata().unwrap().len() < 1_000_000);
    assert_eq!(engine.verify().unwrap().token, token);
    register(&engine, "Goes on");
    // The log that is left by a crash right after is still the file's own.
    let copy = place.path().join("copy");
    for suffix in ["", "-wal"] {
        fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
    }
    assert_eq!(
        Engine::new(open(&copy), Default::default()).unwrap().verify().unwrap().token.seq,
        token.seq + 1
    );
    assert_eq!(Engine::memory().unwrap().compact().unwrap(), 0);
}
