//! The SQLite store against the world: other files, damage, full disks, threads, processes and kills.
//!
//! What a forked child sees is tested where a process can be forked without `unsafe`: with the Python face.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{Email, PersonName, Street};
use tenantry::base::time::Timestamp;
use tenantry::model::{Link, Operation, Personal, Stage, Subject, Tenant, TenantKind, User, UserState};
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::store::{Store, StoreError};
use tenantry::testkit::inside::Rng;
use tenantry::testkit::inside::{
    Any, Index, Key, Kind, NewRecord, Port, Remembered, Span, Write, following, numbered, verify,
};

const CHILD: &str = "TENANTRY_TEST_CHILD";

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, FileOptions::default()).unwrap()
}

fn quick() -> FileOptions {
    FileOptions::default().synchronous(Synchronous::Normal)
}

fn at() -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
}

fn user(number: u64) -> Write {
    Write::Put(Any::from(User {
        id: UserId::from_uuid(numbered(number)),
        home: TenantId::from_uuid(numbered(1)),
        state: UserState::Active,
        since: at(),
    }))
}

fn tenant(number: u64, name: &str) -> Write {
    Write::Put(Any::from(Tenant {
        id: TenantId::from_uuid(numbered(number)),
        number: format!("T{number}").parse().unwrap(),
        kind: TenantKind::Customer,
        name: name.parse().unwrap(),
        country: None,
        website: None,
        prefix: None,
        operation: Operation::Enabled,
        holds: Default::default(),
        devices: 0,
        had_owner: false,
        since: at(),
        deleted: None,
    }))
}

fn link(stage: Stage, number: u64) -> Write {
    Write::Put(Any::from(Link {
        id: LinkId::from_uuid(numbered(number)),
        manager: TenantId::from_uuid(numbered(1)),
        managed: TenantId::from_uuid(numbered(2)),
        management: "jointly".parse().unwrap(),
        terms: 0,
        services: ["assets".parse().unwrap()].into(),
        grants: Default::default(),
        stage,
        holds: false,
        delink_asked: None,
        delink_expires: None,
        delink_ends: None,
        since: at(),
        term: None,
        announced_days: None,
        ended: None,
    }))
}

fn commit(store: &dyn Store, changes: Vec<Write>) -> Result<u64, StoreError> {
    commit_with(store, |new| NewRecord { changes, ..new })
}

fn commit_with(store: &dyn Store, with: impl FnOnce(NewRecord) -> NewRecord) -> Result<u64, StoreError> {
    let writing = store.write()?;
    let new = with(following(&writing.head()?, "test"));
    let seq = new.record.seq;
    writing.commit(vec![new])?;
    Ok(seq)
}

/// The bytes of every file in a directory.
fn bytes_in(place: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(place).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn contains(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

// Files that are not stores.

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| place.path().join(name);
    fs::write(file("text"), "Dear Ada,\n").unwrap();
    fs::write(file("byte"), "x").unwrap();
    fs::write(file("long"), "Dear Ada,\n".repeat(1000)).unwrap();
    fs::write(file("zeros"), [0; 8192]).unwrap();
    for (name, mode) in [("foreign", "DELETE"), ("foreign-log", "WAL")] {
        let db = rusqlite::Connection::open(file(name)).unwrap();
        db.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
        db.execute_batch("CREATE TABLE entity(a); INSERT INTO entity VALUES (1)").unwrap();
    }
    let db = rusqlite::Connection::open(file("owned")).unwrap();
    db.execute_batch("PRAGMA application_id = 7; CREATE TABLE entity(a)").unwrap();
    drop(db);
    // A foreign database that somebody is using right now.
    let db = rusqlite::Connection::open(file("busy")).unwrap();
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    db.execute_batch("CREATE TABLE entity(a)").unwrap();
    fs::copy(file("busy"), file("orphan")).unwrap();
    let before = bytes_in(place.path());
    for options in [FileOptions::default(), quick().read_only(true), quick().create(false)] {
        for name in
            ["text", "byte", "long", "zeros", "foreign", "foreign-log", "owned", "busy", "orphan"].map(file)
        {
            let error = SqliteStore::open(&name, options.clone()).err().unwrap();
            assert!(matches!(error, StoreError::NotOurs { .. }), "{name:?}: {error}");
        }
    }
    assert!(bytes_in(place.path()) == before, "a foreign file was touched");
    db.execute_batch("INSERT INTO entity VALUES (1)").unwrap();
}

#[test]
fn a_newer_file_is_left_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    commit(&open(&path), vec![user(1)]).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "PRAGMA user_version = 9; UPDATE meta SET value = 9 WHERE name = 'format'; \
         UPDATE meta SET value = 8 WHERE name = 'min_writer'",
    )
    .unwrap();
    drop(db);
    let before = bytes_in(place.path());
    let error = SqliteStore::open(&path, FileOptions::default()).err().unwrap();
    assert!(matches!(error, StoreError::Newer { needs: 8, knows: 3, .. }), "{error}");
    assert!(bytes_in(place.path()) == before);
    assert_eq!(verify(&SqliteStore::open(&path, quick().read_only(true)).unwrap()).unwrap().seq, 1);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("UPDATE meta SET value = 7 WHERE name = 'min_reader'").unwrap();
    drop(db);
    let before = bytes_in(place.path());
    let error = SqliteStore::open(&path, quick().read_only(true)).err().unwrap();
    assert!(matches!(error, StoreError::Newer { needs: 7, knows: 3, .. }), "{error}");
    assert!(bytes_in(place.path()) == before);
}

#[test]
fn where_no_store_can_be_is_said() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "x").unwrap();
    let refused = |path: &Path, options: FileOptions| {
        let error = SqliteStore::open(path, options).err().unwrap();
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{path:?}: {error}");
    };
    refused(place.path(), FileOptions::default());
    refused(&file.join("store"), FileOptions::default());
    refused(&place.path().join("no/such/place"), FileOptions::default());
    refused(Path::new("/proc/store"), FileOptions::default());
    refused(Path::new("/dev/null"), FileOptions::default());
    refused(&place.path().join("missing"), quick().read_only(true));
    refused(&place.path().join("missing"), quick().create(false));
    assert!(!place.path().join("missing").exists());
}

#[test]
fn an_empty_file_becomes_a_store_and_odd_names_are_only_names() {
    let place = tempfile::tempdir().unwrap();
    for name in ["empty", "file:x?mode=memory", ":memory:", "a b%20#é", "'; DROP TABLE entity; --"] {
        let path = place.path().join(name);
        fs::write(&path, "").unwrap();
        let epoch = open(&path).epoch();
        assert!(path.metadata().unwrap().len() > 0, "{name}");
        assert_eq!(open(&path).epoch(), epoch);
    }
}

#[test]
fn a_read_only_store_reads_and_never_writes() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    commit(&open(&path), vec![user(1)]).unwrap();
    let before = fs::read(&path).unwrap();
    let store = SqliteStore::open(&path, quick().read_only(true)).unwrap();
    assert!(store.read().unwrap().load(Kind::User, numbered(1)).unwrap().is_some());
    assert!(matches!(store.write().err(), Some(StoreError::ReadOnly)));
    drop(store);
    assert!(fs::read(&path).unwrap() == before);
}

// Damage.

/// Reads everything there is, in every way.
fn read_everything(path: &Path) -> Result<(), StoreError> {
    let store = SqliteStore::open(path, quick())?;
    store.check_integrity()?;
    let head = verify(&store)?;
    let reading = store.read()?;
    for number in 0..60 {
        reading.load(Kind::User, numbered(number))?;
        reading.load(Kind::Tenant, numbered(number))?;
        reading.personal(Subject::User(UserId::from_uuid(numbered(number))))?;
        reading.records_about(Subject::User(UserId::from_uuid(numbered(number))), 0, 9)?;
    }
    for &index in Index::ALL {
        reading.scan(&Span::under(index, Key::new()), usize::MAX)?;
        reading.as_of(head.seq / 2)?.scan(&Span::under(index, Key::new()), usize::MAX)?;
    }
    drop(reading);
    commit(&store, vec![user(1), tenant(1, "Changed"), user(99)])?;
    Ok(())
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    {
        let store = SqliteStore::open(&path, quick()).unwrap();
        for number in 0..60 {
            let person = person(&mut Rng::new(number + 1), "Ada");
            commit_with(&store, |new| NewRecord {
                changes: vec![user(number), tenant(number % 7, &format!("Name {number}"))],
                about: vec![Subject::User(UserId::from_uuid(numbered(number)))],
                people: vec![(Subject::User(UserId::from_uuid(numbered(number))), Some(person.into()))],
                ..new
            })
            .unwrap();
        }
    }
    read_everything(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let damaged = place.path().join("damaged");
    let mut rng = Rng::new(3);
    let mut noticed = 0;
    for round in 0..150 {
        let mut bytes = whole.clone();
        if round % 5 == 0 {
            bytes.truncate(1 + rng.below(whole.len() - 1));
        } else {
            for _ in 0..8 {
                let at = rng.below(whole.len());
                bytes[at] = rng.below(256) as u8;
            }
            let page = 4096 * rng.below(whole.len() / 4096);
            for offset in 0..8 {
                bytes[page + offset] ^= rng.below(256) as u8;
            }
        }
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(place.path().join(format!("damaged{suffix}")));
        }
        fs::write(&damaged, &bytes).unwrap();
        match read_everything(&damaged) {
            Ok(()) => {}
            Err(StoreError::Damaged { .. }) => noticed += 1,
            // The first page said whose it is.
            Err(StoreError::NotOurs { .. } | StoreError::Newer { .. } | StoreError::Io(_)) => {
                assert!(bytes[..4096] != whole[..4096]);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(noticed > 100, "{noticed} of 150 damages were noticed");
}

#[test]
fn a_full_store_stays_whole_and_goes_on_when_there_is_room() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let options = quick().max_bytes(Some(256 << 10));
    let store = SqliteStore::open(&path, options).unwrap();
    let mut number = 0;
    let full = loop {
        number += 1;
        match commit(&store, (0..20).map(|one| user(100 * number + one)).collect()) {
            Ok(seq) => assert_eq!(seq, number),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, StoreError::Full), "{full}");
    assert!(matches!(commit(&store, (0..90).map(user).collect()), Err(StoreError::Full)));
    assert_eq!(verify(&store).unwrap().seq, number - 1);
    assert!(store.read().unwrap().load(Kind::User, numbered(100 * number)).unwrap().is_none());
    store.check_integrity().unwrap();
    drop(store);
    assert!(path.metadata().unwrap().len() <= 256 << 10);
    let store = SqliteStore::open(&path, quick().max_bytes(Some(1 << 20))).unwrap();
    assert_eq!(commit(&store, (0..20).map(|one| user(100 * number + one)).collect()).unwrap(), number);
    store.check_integrity().unwrap();
}

// People.

fn person(rng: &mut Rng, marker: &str) -> Personal {
    let length = rng.below(40);
    Personal {
        name: Some(PersonName::parse(&format!("{marker} {}", "Lovelace ".repeat(length % 8))).unwrap()),
        email: Some(Email::parse(&format!("{marker}@example.com")).unwrap()),
        street: (length > 20)
            .then(|| Street::parse(&format!("{marker} street {}", "x".repeat(length * 9))).unwrap()),
        ..Personal::default()
    }
}

#[test]
fn what_was_erased_is_in_no_file() {
    for seed in 1..=4 {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("store");
        let store = SqliteStore::open(&path, quick()).unwrap();
        let mut rng = Rng::new(seed);
        let mut known: BTreeMap<u64, String> = BTreeMap::new();
        let mut gone = Vec::new();
        for round in 0..400_u64 {
            let mut people = BTreeMap::new();
            for one in 0..=rng.below(5) {
                let number = rng.below(150) as u64;
                let marker = format!("mark{:06}x", round * 10 + one as u64);
                people.insert(number, (rng.below(4) > 0).then_some(marker));
            }
            // The last commit erases, so that the log is emptied.
            if round == 399 {
                people.insert(0, None);
            }
            for (number, marker) in &people {
                gone.extend(match marker {
                    Some(marker) => known.insert(*number, marker.clone()),
                    None => known.remove(number),
                });
            }
            let subject = |number: &u64| match number % 3 {
                0 => Subject::Tenant(TenantId::from_uuid(numbered(*number))),
                _ => Subject::User(UserId::from_uuid(numbered(*number))),
            };
            commit_with(&store, |new| NewRecord {
                people: people
                    .iter()
                    .map(|(number, marker)| {
                        (subject(number), marker.as_ref().map(|mark| person(&mut rng, mark).into()))
                    })
                    .collect(),
                ..new
            })
            .unwrap();
            if round % 97 == 50 {
                store.file().unwrap().compact().unwrap();
            }
        }
        let files = bytes_in(place.path());
        assert!(files.len() >= 2, "the store is still open");
        let all: Vec<u8> = files.into_values().flatten().collect();
        for marker in known.values() {
            assert!(contains(&all, marker), "{marker} is missing");
        }
        let left: Vec<_> = gone.iter().filter(|marker| contains(&all, marker)).collect();
        assert!(left.is_empty(), "of {} erased, there are still {left:?}", gone.len());
        store.check_integrity().unwrap();
    }
}

#[test]
fn an_erasure_that_a_reader_holds_up_is_made_up_for() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = open(&path);
    let subject = Subject::User(UserId::from_uuid(numbered(1)));
    let person = Remembered::from(person(&mut Rng::new(1), "marker"));
    let set = |known| commit_with(&store, |new| NewRecord { people: vec![(subject, known)], ..new }).unwrap();
    let holds = || bytes_in(place.path()).values().any(|bytes| contains(bytes, "marker"));
    set(Some(person.clone()));
    let reading = store.read().unwrap();
    set(None);
    assert!(reading.personal(subject).unwrap().is_some(), "the reading is not disturbed");
    assert!(holds());
    assert_eq!(store.file().unwrap().erasure_pending().unwrap(), Some(2));
    drop(reading);
    assert!(!holds(), "the end of the last reading wipes");
    assert_eq!(store.file().unwrap().erasure_pending().unwrap(), None);
    set(Some(person.clone()));
    // Somebody else's reading, of which this store is not told.
    let theirs = rusqlite::Connection::open(&path).unwrap();
    theirs.execute_batch("BEGIN; SELECT count(*) FROM record").unwrap();
    set(None);
    assert!(holds());
    assert_eq!(store.file().unwrap().erasure_pending().unwrap(), Some(4));
    theirs.execute_batch("COMMIT").unwrap();
    assert_eq!(store.file().unwrap().erasure_pending().unwrap(), None);
    assert!(!holds(), "whoever asks wipes");
    set(Some(person.clone()));
    theirs.execute_batch("BEGIN; SELECT count(*) FROM record").unwrap();
    set(None);
    theirs.execute_batch("COMMIT").unwrap();
    commit(&store, vec![]).unwrap();
    assert!(!holds(), "the next write wipes");
    set(Some(person));
    let reading = store.read().unwrap();
    set(None);
    drop(reading);
    drop(store);
    assert!(!holds(), "the close wipes");
}

// What people see with `sqlite3`.

#[test]
fn people_can_read_the_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = open(&path);
    for &stage in Stage::ALL {
        let number = 10 + stage as u64;
        let person = person(&mut Rng::new(1), "ada");
        commit_with(&store, |new| NewRecord {
            changes: vec![user(3), tenant(1, "Acme"), link(stage, number)],
            people: vec![(Subject::User(UserId::from_uuid(numbered(3))), Some(person.into()))],
            ..new
        })
        .unwrap();
    }
    let db = rusqlite::Connection::open(&path).unwrap();
    let rows = |sql: &str| -> Vec<Vec<String>> {
        let mut select = db.prepare(sql).unwrap();
        let columns = select.column_count();
        let rows = select.query_map([], |row| {
            (0..columns)
                .map(|column| {
                    row.get::<_, rusqlite::types::Value>(column).map(|value| match value {
                        rusqlite::types::Value::Text(text) => text,
                        other => format!("{other:?}"),
                    })
                })
                .collect()
        });
        rows.unwrap().map(Result::unwrap).collect()
    };
    let statuses: Vec<String> = rows("SELECT status FROM links ORDER BY id").into_iter().flatten().collect();
    assert_eq!(statuses, ["Active", "Delink request by MSP", "Delink request by customer", "Delinked"]);
    let [manager, managed] = [1, 2].map(|number| numbered(number).to_string());
    assert_eq!(
        rows("SELECT manager, managed, services FROM links LIMIT 1"),
        [[&*manager, &*managed, r#"["assets"]"#]]
    );
    assert_eq!(rows("SELECT id, number, name FROM tenants"), [[&*manager, "T1", "Acme"]]);
    assert_eq!(rows("SELECT home, state, email FROM users"), [[&*manager, "active", "ada@example.com"]]);
    assert_eq!(
        rows("SELECT command, at FROM journal WHERE seq = 1"),
        [["test", "2026-01-01T00:00:01.000000Z"]]
    );
    for view in ["assignments", "roles", "invitations", "link_requests"] {
        assert_eq!(rows(&format!("SELECT * FROM {view}")), [[""; 0]; 0]);
    }
    commit_with(&store, |new| NewRecord {
        people: vec![(Subject::User(UserId::from_uuid(numbered(3))), None)],
        ..new
    })
    .unwrap();
    assert_eq!(rows("SELECT name, email FROM users"), [["Null", "Null"]]);
}

// Threads and processes.

#[test]
fn threads_and_handles_share_a_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let stores = [SqliteStore::open(&path, quick()).unwrap(), SqliteStore::open(&path, quick()).unwrap()];
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &stores[thread % 2];
            scope.spawn(move || {
                for _ in 0..40 {
                    let seq = commit(store, vec![user(thread as u64)]).unwrap();
                    let reading = store.read().unwrap();
                    let head = reading.head().unwrap();
                    assert!(head.seq >= seq, "one reads what one wrote");
                    assert_eq!(reading.records_after(0, usize::MAX).unwrap().len() as u64, head.seq);
                }
            });
        }
    });
    for store in &stores {
        assert_eq!(verify(store).unwrap().seq, 160);
        store.check_integrity().unwrap();
    }
}

#[test]
fn who_waits_too_long_is_told() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let [one, other] = [0, 1].map(|_| SqliteStore::open(&path, FileOptions::default().wait_ms(20)).unwrap());
    let writing = one.write().unwrap();
    for store in [&one, &other] {
        assert!(matches!(store.write().err(), Some(StoreError::Busy { waited_ms: 20 })));
    }
    drop(writing);
    commit(&other, vec![]).unwrap();
    commit(&one, vec![]).unwrap();
}

/// Not a test of its own: the part of a process that others start.
#[test]
fn child() {
    let Ok(part) = std::env::var(CHILD) else { return };
    let (part, path) = part.split_once(' ').unwrap();
    if part == "look" {
        let looked = SqliteStore::open(path, quick().read_only(true)).and_then(|store| look(&store));
        return println!("looked {looked:?}");
    }
    // However slow the machine is: how long one waits is not what is tried here.
    let store = SqliteStore::open(path, FileOptions::default().wait_ms(600_000)).unwrap();
    println!("ready");
    let mut rounds = match part {
        "forever" => 0..u64::MAX,
        some => 0..some.parse().unwrap(),
    };
    rounds.all(|round| {
        let seq = commit_with(&store, |new| NewRecord {
            changes: vec![user(round % 50), tenant(round % 20, &format!("Name {round}"))],
            about: vec![Subject::User(UserId::from_uuid(numbered(round % 50)))],
            ..new
        });
        println!("wrote {}", seq.unwrap());
        true
    });
}

fn process(part: &str, path: &Path) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, format!("{part} {}", path.display()));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn start(part: &str, path: &Path) -> Child {
    process(part, path).spawn().unwrap()
}

fn acknowledged(line: &str) -> Option<u64> {
    line.split_once("wrote ")?.1.trim().parse().ok()
}

#[test]
fn processes_share_a_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    // They even make it together.
    let children: Vec<Child> = (0..3).map(|_| start("60", &path)).collect();
    let mut seqs: Vec<u64> = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        seqs.extend(String::from_utf8(output.stdout).unwrap().lines().filter_map(acknowledged));
    }
    seqs.sort_unstable();
    assert!(seqs.iter().copied().eq(1..=180), "every record was acknowledged to one");
    let store = open(&path);
    assert_eq!(verify(&store).unwrap().seq, 180);
    store.check_integrity().unwrap();
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut last = 0;
    for round in 0..20 {
        let mut child = start("forever", &path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let target = last + 1 + round % 7;
        for seq in lines.by_ref().filter_map(|line| acknowledged(&line)) {
            last = seq;
            if seq >= target {
                break;
            }
        }
        child.kill().unwrap();
        last = lines.filter_map(|line| acknowledged(&line)).last().unwrap_or(last);
        child.wait().unwrap();
        let store = open(&path);
        let head = verify(&store).unwrap();
        assert!(head.seq >= last, "{last} was acknowledged, and the journal ends at {}", head.seq);
        store.check_integrity().unwrap();
        last = head.seq;
    }
}

// What happens to the file while it is open.

/// Where the journal ends, for whoever asks.
fn look(store: &SqliteStore) -> Result<u64, StoreError> {
    Ok(store.read()?.head()?.seq)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[test]
fn a_file_that_is_emptied_under_its_store_acknowledges_nothing_more() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = open(&path);
    commit(&store, vec![user(1)]).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    assert!(matches!(commit(&store, vec![user(2)]), Err(StoreError::Moved { .. })));
    assert!(matches!(look(&store), Err(StoreError::Moved { .. })));
}

#[cfg(unix)]
#[test]
fn another_file_at_the_path_is_noticed_and_never_mixed_with() {
    let place = tempfile::tempdir().unwrap();
    let [path, new] = ["store", "new"].map(|name| place.path().join(name));
    let store = open(&path);
    for number in 0..300 {
        commit(&store, vec![user(number)]).unwrap();
    }
    commit(&open(&new), vec![user(1)]).unwrap();
    // Readings that go on all the while.
    let reading = store.read().unwrap();
    std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..6).map(|_| scope.spawn(|| (0..400).map(|_| look(&store)).collect::<Vec<_>>())).collect();
        fs::rename(&new, &path).unwrap();
        for _ in 0..20 {
            assert!(matches!(commit(&store, vec![user(2)]), Err(StoreError::Moved { .. })));
            // The log is that of the file which is gone.
            let opened = SqliteStore::open(&path, FileOptions::default()).err().unwrap();
            assert!(matches!(opened, StoreError::ForeignLog { .. }), "{opened}");
        }
        for looked in readers.into_iter().flat_map(|reader| reader.join().unwrap()) {
            assert!(matches!(looked, Ok(300) | Err(StoreError::Moved { .. })), "{looked:?}");
        }
    });
    assert!(reading.load(Kind::User, numbered(299)).unwrap().is_some());
    assert!(matches!(look(&store), Err(StoreError::Moved { .. })));
    drop(reading);
    drop(store);
    let opened = SqliteStore::open(&path, FileOptions::default()).err().unwrap();
    assert!(matches!(opened, StoreError::ForeignLog { .. }), "{opened}");
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(beside(&path, suffix)).unwrap();
    }
    let store = open(&path);
    assert_eq!(commit(&store, vec![user(2)]).unwrap(), 2);
    verify(&store).unwrap();
}

#[cfg(unix)]
#[test]
fn a_second_store_at_the_path_takes_nothing_away_from_the_first() {
    let place = tempfile::tempdir().unwrap();
    let [path, new] = ["store", "new"].map(|name| place.path().join(name));
    let store = open(&path);
    let subject = Subject::User(UserId::from_uuid(numbered(1)));
    for number in 0..300 {
        commit(&store, vec![user(number)]).unwrap();
    }
    // What erases empties the log, so that the log does not tell whose it is.
    commit_with(&store, |new| NewRecord { people: vec![(subject, None)], ..new }).unwrap();
    let reading = store.read().unwrap();
    commit(&open(&new), vec![user(1)]).unwrap();
    fs::rename(&new, &path).unwrap();
    for _ in 0..20 {
        // What it shares with its connections would be begun anew under the first one's hands.
        let opened = SqliteStore::open(&path, FileOptions::default());
        assert!(opened.is_err() || !cfg!(target_os = "linux"));
        for number in 0..300 {
            assert!(reading.load(Kind::User, numbered(number)).unwrap().is_some());
        }
    }
    drop(reading);
    drop(store);
    assert_eq!(look(&open(&path)).unwrap(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_or_log_that_was_taken_away_is_noticed() {
    for suffix in ["", "-wal", "-shm"] {
        for back in [false, true] {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("store");
            let store = open(&path);
            commit(&store, vec![user(1)]).unwrap();
            let (there, aside) = (beside(&path, suffix), place.path().join("aside"));
            fs::rename(&there, &aside).unwrap();
            let moved = |outcome: Result<u64, StoreError>| match outcome {
                Err(StoreError::Moved { .. }) => {}
                other => panic!("{suffix}: {other:?}"),
            };
            moved(look(&store));
            moved(commit(&store, vec![user(2)]));
            if back {
                fs::rename(&aside, &there).unwrap();
                assert_eq!(commit(&store, vec![user(2)]).unwrap(), 2);
                drop(store);
                assert_eq!(look(&open(&path)).unwrap(), 2);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_commit_into_a_file_that_is_moved_meanwhile_is_not_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = open(&path);
    commit(&store, vec![user(1)]).unwrap();
    let writing = store.write().unwrap();
    let new = following(&writing.head().unwrap(), "test");
    fs::rename(&path, place.path().join("aside")).unwrap();
    let outcome = writing.commit(vec![new]).unwrap_err();
    assert!(matches!(outcome, StoreError::OutcomeUnknown { .. }), "{outcome}");
}

/// A file and its log as they are now.
fn both(path: &Path) -> [Vec<u8>; 2] {
    ["", "-wal"].map(|suffix| fs::read(beside(path, suffix)).unwrap_or_default())
}

#[test]
fn a_log_that_does_not_belong_to_the_file_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut seen = Vec::new();
    let mut rng = Rng::new(5);
    for _ in 0..4 {
        let store = SqliteStore::open(&path, quick()).unwrap();
        for round in 0..6 {
            let changes = (0..1 + rng.below(9)).map(|_| user(rng.below(500) as u64)).collect();
            commit(&store, changes).unwrap();
            if rng.below(3) == 0 {
                let subject = Subject::User(UserId::from_uuid(numbered(1)));
                commit_with(&store, |new| NewRecord { people: vec![(subject, None)], ..new }).unwrap();
            }
            if rng.below(3) == 0 {
                let db = rusqlite::Connection::open(&path).unwrap();
                db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
            }
            if round % 2 == 1 {
                seen.push((look(&store).unwrap(), both(&path)));
            }
        }
    }
    let copy = place.path().join("copy");
    let (mut refused, mut taken) = (0, 0);
    for (at, [file, _]) in &seen {
        for (then, [_, log]) in &seen {
            fs::write(&copy, file).unwrap();
            fs::write(beside(&copy, "-wal"), log).unwrap();
            let _ = fs::remove_file(beside(&copy, "-shm"));
            let before = both(&copy);
            match SqliteStore::open(&copy, quick()) {
                Ok(store) => {
                    let head = verify(&store).unwrap().seq;
                    assert!(at != then || head == *at);
                    store.check_integrity().unwrap();
                    taken += 1;
                }
                Err(error) => {
                    assert!(matches!(error, StoreError::ForeignLog { .. }), "{error}");
                    assert_ne!(at, then, "its own log was refused");
                    assert!(both(&copy) == before, "something was touched");
                    refused += 1;
                    fs::remove_file(beside(&copy, "-wal")).unwrap();
                }
            }
        }
    }
    assert!(refused > 30 && taken > 20, "{refused} refused, {taken} taken");
}

#[test]
fn what_others_write_to_the_file_makes_no_log_foreign() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = open(&path);
    commit(&store, vec![user(1)]).unwrap();
    let host = rusqlite::Connection::open(&path).unwrap();
    host.execute_batch("CREATE TABLE mine(a)").unwrap();
    let copy = place.path().join("copy");
    for round in 0..12 {
        if round % 3 == 0 {
            host.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
        host.execute_batch("INSERT INTO mine VALUES (1)").unwrap();
        if round % 2 == 0 {
            commit(&store, vec![user(2)]).unwrap();
        }
        for (suffix, bytes) in ["", "-wal"].into_iter().zip(both(&path)) {
            fs::write(beside(&copy, suffix), bytes).unwrap();
        }
        assert_eq!(look(&open(&copy)).unwrap(), look(&store).unwrap());
    }
}

#[cfg(unix)]
#[test]
fn a_new_store_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let store = open(&path);
    commit(&store, vec![user(1)]).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&beside(&path, suffix)), 0o600, "{suffix}");
    }
    // Whoever made the file has said who may read it.
    let shared = place.path().join("shared");
    fs::write(&shared, "").unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o640)).unwrap();
    let _store = open(&shared);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&beside(&shared, suffix)), 0o640, "{suffix}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_several_names_is_refused_and_a_symbolic_link_is_followed() {
    let place = tempfile::tempdir().unwrap();
    let [path, soft, hard] = ["store", "soft", "hard"].map(|name| place.path().join(name));
    let store = open(&path);
    std::os::unix::fs::symlink(&path, &soft).unwrap();
    let by_soft = open(&soft);
    for seq in 1..9 {
        assert_eq!(commit(if seq % 2 == 0 { &store } else { &by_soft }, vec![user(1)]).unwrap(), seq);
    }
    fs::hard_link(&path, &hard).unwrap();
    for name in [&path, &hard] {
        let error = SqliteStore::open(name, FileOptions::default()).err().unwrap();
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{error}");
    }
    fs::remove_file(&hard).unwrap();
    // A link that leads elsewhere by now.
    fs::remove_file(&soft).unwrap();
    drop(open(&hard));
    std::os::unix::fs::symlink(&hard, &soft).unwrap();
    assert!(matches!(look(&by_soft), Err(StoreError::Moved { .. })));
    assert_eq!(look(&store).unwrap(), 8);
}

/// What somebody sees who may not write where the store is.
#[cfg(unix)]
fn looked_at_by_a_stranger(path: &Path) -> String {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let place = path.parent().unwrap();
    let mode = |mode| fs::set_permissions(place, fs::Permissions::from_mode(mode)).unwrap();
    for (file, _) in bytes_in(place) {
        fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    }
    mode(0o555);
    let mut command = process("look", path);
    // Who may do everything is not kept from anything.
    if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        command.uid(65534);
    }
    let output = command.output().unwrap();
    mode(0o755);
    let output = String::from_utf8(output.stdout).unwrap();
    output.lines().find_map(|line| line.split_once("looked ")).map_or(output.clone(), |(_, it)| it.to_owned())
}

#[cfg(unix)]
#[test]
fn where_nothing_can_be_written_a_finished_store_is_read() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    for _ in 0..3 {
        commit(&open(&path), vec![user(1)]).unwrap();
    }
    assert_eq!(looked_at_by_a_stranger(&path), "Ok(3)");
    fs::write(beside(&path, "-wal"), "").unwrap();
    assert_eq!(looked_at_by_a_stranger(&path), "Ok(3)");
    // As a crash leaves it.
    let crashed = tempfile::tempdir().unwrap();
    let copy = crashed.path().join("store");
    let store = open(&path);
    commit(&store, vec![user(1)]).unwrap();
    for (suffix, bytes) in ["", "-wal"].into_iter().zip(both(&path)) {
        fs::write(beside(&copy, suffix), bytes).unwrap();
    }
    let looked = looked_at_by_a_stranger(&copy);
    assert!(looked == "Ok(4)" || looked.starts_with("Err(UnfinishedLog"), "{looked}");
}
