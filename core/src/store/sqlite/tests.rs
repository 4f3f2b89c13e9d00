//! What only the inside shows: the plans of the statements, the steps they take, and the way from
//! older formats.

use std::collections::BTreeSet;

use rusqlite::{Connection, StatementStatus};

use super::read::{
    GET, GET_PAST, GET_ROW, KEY_BEFORE, MEMBERS, MEMBERS_BACK, NEXT_KEY, SCAN, SCAN_BACK, SCAN_KEY,
    SCAN_KEY_BACK,
};
use super::retold::{DERIVED, PEOPLE};
use super::schema::{self, FORMAT, MIGRATIONS, Migration, ROWS};
use super::*;
use crate::base::ids::{LinkId, TenantId};
use crate::base::time::Timestamp;
use crate::model::{Link, Stage};
use crate::policy::{Policy, PolicyVersion};
use crate::store::NewRecord;
use crate::view::{Index, Key, Write};

fn quick() -> FileOptions {
    FileOptions::default().synchronous(Synchronous::Normal)
}

fn commit(store: &SqliteStore, changes: Vec<Write>) -> u64 {
    let writing = store.write().unwrap();
    let new = following(&writing.head().unwrap(), changes);
    let seq = new.record.seq;
    writing.commit(vec![new]).unwrap();
    seq
}

fn following(head: &Head, changes: Vec<Write>) -> NewRecord {
    let text = "{}".to_owned();
    let (seq, hash) = (head.seq + 1, head.hash.chain(&text));
    NewRecord {
        record: StoredRecord { seq, text, hash },
        at: Timestamp::from_micros(0).unwrap(),
        request: None,
        about: Vec::new(),
        changes,
        people: Vec::new(),
    }
}

fn link(number: u64, managed: u64, stage: Stage) -> Write {
    let id = |number| Uuid::from_u64_pair(7, number);
    Write::Put(Any::from(Link {
        id: LinkId::from_uuid(id(number)),
        manager: TenantId::from_uuid(id(1)),
        managed: TenantId::from_uuid(id(managed)),
        management: "jointly".parse().unwrap(),
        terms: 0,
        services: BTreeSet::new(),
        grants: BTreeSet::new(),
        stage,
        holds: false,
        delink_asked: None,
        delink_expires: None,
        delink_ends: None,
        since: Timestamp::from_micros(0).unwrap(),
        term: None,
        announced_days: None,
        ended: None,
    }))
}

#[test]
fn every_read_is_a_search_and_none_sorts() {
    let place = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(place.path().join("store"), quick()).unwrap();
    let lease = store.lease().unwrap();
    let scans = [SCAN, SCAN_BACK, SCAN_KEY, SCAN_KEY_BACK];
    for sql in scans.into_iter().chain([GET, GET_ROW, GET_PAST, MEMBERS, MEMBERS_BACK, NEXT_KEY, KEY_BEFORE])
    {
        let mut explain = lease.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = explain.raw_query();
        let mut plan: Vec<String> = Vec::new();
        while let Some(step) = rows.next().unwrap() {
            plan.push(step.get(3).unwrap());
        }
        let table =
            |step: &&String| step.contains(" entry") || step.contains(" entity") || step.contains(" e ");
        assert!(plan.iter().any(|step| step.starts_with("SEARCH")), "{plan:?}");
        assert!(!plan.iter().filter(table).any(|step| step.starts_with("SCAN")), "{plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
    }
}

#[test]
fn what_is_compared_is_read_in_order_and_not_sorted() {
    let place = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(place.path().join("store"), quick()).unwrap();
    let lease = store.lease().unwrap();
    let derived = DERIVED.iter().map(retold::Derived::select);
    for sql in derived.chain([PEOPLE.to_owned()]) {
        let mut explain = lease.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan = explain.query_map([], |step| step.get(3)).unwrap();
        let plan: Vec<String> = plan.map(rusqlite::Result::unwrap).collect();
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
    }
}

/// The steps SQLite takes for a read of a tenant's links, now or as of a record.
fn steps(store: &SqliteStore, managed: u64, seq: Option<u64>) -> i32 {
    let lease = store.lease().unwrap();
    let count = |reset: bool| -> i32 {
        [GET, GET_PAST, SCAN, MEMBERS, NEXT_KEY]
            .iter()
            .map(|sql| {
                let held = lease.db.prepare_cached(sql).unwrap();
                let steps = held.get_status(StatementStatus::VmStep);
                if reset {
                    held.reset_status(StatementStatus::VmStep);
                }
                steps
            })
            .sum()
    };
    count(true);
    let key = Key::new().id(Uuid::from_u64_pair(7, managed)).flag(true);
    let span = Span::under(Index::LinkManaged, key);
    let found = match seq {
        None => View::scan(&*lease, &span, 256).unwrap(),
        Some(seq) => lease.as_of(seq).unwrap().scan(&span, 256).unwrap(),
    };
    assert!(found.len() <= 1);
    count(false)
}

#[test]
fn the_past_costs_the_same_whatever_the_length_of_history() {
    let place = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(place.path().join("store"), quick()).unwrap();
    let mut worst = 0;
    for round in 0..600 {
        commit(&store, vec![link(100 + round, 2, Stage::Active)]);
        let seq = commit(&store, vec![link(100 + round, 2, Stage::Delinked)]);
        if round == 20 {
            worst = (0..=seq).map(|seq| steps(&store, 2, Some(seq))).max().unwrap();
        }
    }
    let head = store.read().unwrap().head().unwrap().seq;
    let later = (0..=head).map(|seq| steps(&store, 2, Some(seq))).max().unwrap();
    assert!(later <= worst + worst / 4, "{worst} steps after 42 records, {later} after {head}");
}

#[test]
fn an_entity_whose_row_is_taken_stands_in_the_next() {
    for sql in [GET, GET_ROW] {
        assert!(sql.contains(&format!("?3 + {ROWS} ")));
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = SqliteStore::open(&path, quick()).unwrap();
    let id = Uuid::from_u64_pair(7, 5);
    let row = schema::row(Kind::Link, id);
    let db = connect(&FilePlace::of(&path).unwrap(), true, &quick()).unwrap();
    let take = |row: i64| {
        let other = "INSERT INTO entity(row, kind, id, seq, body) VALUES (?1, 2, zeroblob(16), 0, '{}')";
        db.execute(other, [row]).unwrap();
    };
    take(row);
    take(row + 1);
    let seq = commit(&store, vec![link(5, 6, Stage::Active)]);
    let taken: i64 =
        db.query_row("SELECT row FROM entity WHERE id = ?1", [id.as_bytes()], |row| row.get(0)).unwrap();
    assert_eq!(taken, row + 2);
    commit(&store, vec![link(5, 6, Stage::Delinked)]);
    let Write::Put(gone) = link(5, 6, Stage::Delinked) else { panic!("a link is put") };
    let is = |view: &dyn View, stage: Option<Stage>| {
        let found = view.load(Kind::Link, id).unwrap();
        assert_eq!(found.map(Write::Put), stage.map(|stage| link(5, 6, stage)));
        let key = Key::new().id(Uuid::from_u64_pair(7, 6));
        let listed = view.scan(&Span::under(Index::LinkManaged, key), 9).unwrap();
        assert_eq!(listed.len(), usize::from(stage.is_some()));
    };
    let reading = store.read().unwrap();
    is(reading.view(), Some(Stage::Delinked));
    is(&*reading.as_of(seq).unwrap(), Some(Stage::Active));
    drop(reading);
    commit(&store, vec![Write::Remove(gone)]);
    is(store.read().unwrap().view(), None);
    for row in row + 2..row + ROWS {
        take(row);
    }
    let writing = store.write().unwrap();
    let head = writing.head().unwrap();
    let full = writing.commit(vec![following(&head, vec![link(5, 6, Stage::Active)])]);
    assert!(full.unwrap_err().to_string().contains("no row left"));
    assert_eq!(store.read().unwrap().head().unwrap(), head);
}

#[test]
fn what_is_made_together_stands_together() {
    let rows = |kind, from: u64| -> Vec<i64> {
        let id =
            |number: u64| Uuid::from_u64_pair(((from + number) << 16) | 0x7000, (1 << 63) | (number * 7919));
        (0..1000).map(|number| schema::row(kind, id(number))).collect()
    };
    let at = 1_767_225_600_000;
    let (first, later, other) =
        (rows(Kind::User, at), rows(Kind::User, at + 9_000), rows(Kind::Assignment, at));
    assert!(first.iter().all(|row| *row > 0));
    assert!(first.iter().max() < later.iter().min());
    assert!(later.iter().max() < other.iter().min());
    let apart: BTreeSet<i64> = first.iter().map(|row| row / ROWS).collect();
    assert!(apart.len() > 990, "{} of 1000 stand by themselves", apart.len());
}

#[test]
fn a_policy_is_decoded_once() {
    let place = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(place.path().join("store"), quick()).unwrap();
    let of = |policy, terms, superseded| PolicyVersion { terms, policy, superseded };
    let [first, second, _] = Policy::builtin();
    let (first, second) = (of(first, 0, false), of(second, 1, false));
    commit(&store, vec![Write::Put(Any::from(first.clone()))]);
    let load = |seq| {
        let reading = store.read().unwrap();
        let any = match seq {
            None => reading.load(Kind::PolicyVersion, Uuid::nil()).unwrap(),
            Some(seq) => reading.as_of(seq).unwrap().load(Kind::PolicyVersion, Uuid::nil()).unwrap(),
        };
        match any {
            Some(Any::PolicyVersion(policy)) => policy,
            _ => panic!("there is a policy"),
        }
    };
    let held = load(None);
    assert_eq!(*held, first);
    assert!(std::sync::Arc::ptr_eq(&held, &load(None)));
    let kept = PolicyVersion { superseded: true, ..first.clone() };
    commit(&store, vec![Write::Put(Any::from(kept.clone())), Write::Put(Any::from(second.clone()))]);
    assert_eq!(*load(None), second);
    let key = PolicyVersion::key(0);
    let reading = store.read().unwrap();
    for _ in 0..2 {
        let loaded = reading.load(Kind::PolicyVersion, key).unwrap();
        assert_eq!(loaded, Some(Any::from(kept.clone())), "of one record, and yet two policies");
    }
    drop(reading);
    assert!(std::sync::Arc::ptr_eq(&held, &load(Some(1))));
    commit(&store, vec![Write::Remove(Any::from(second))]);
    assert!(store.read().unwrap().load(Kind::PolicyVersion, Uuid::nil()).unwrap().is_none());
}

#[test]
fn an_older_format_is_brought_up_to_date_or_left_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    drop(SqliteStore::open(&path, quick()).unwrap());
    let db = connect(&FilePlace::of(&path).unwrap(), true, &quick()).unwrap();
    let deadline = deadline(&quick());
    let version =
        |db: &Connection| db.query_row("PRAGMA user_version", [], |row| row.get::<_, i32>(0)).unwrap();
    let add: fn(&Connection) -> rusqlite::Result<()> = |db| db.execute_batch("CREATE TABLE novelty(a)");
    let fail: fn(&Connection) -> rusqlite::Result<()> =
        |db| db.execute_batch("CREATE TABLE novelty(a); nonsense");
    let broken = [Migration { from: FORMAT, run: add }, Migration { from: FORMAT + 1, run: fail }];
    assert!(file::migrate(&db, &broken, FORMAT + 2, deadline).is_err());
    assert_eq!(version(&db), FORMAT, "all the way or not at all");
    db.prepare("SELECT * FROM novelty").unwrap_err();
    let good = [Migration { from: FORMAT, run: add }];
    file::migrate(&db, &good, FORMAT + 1, deadline).unwrap();
    assert_eq!(version(&db), FORMAT + 1);
    db.prepare("SELECT * FROM novelty").unwrap();
    let format: i32 =
        db.query_row("SELECT value FROM meta WHERE name = 'format'", [], |row| row.get(0)).unwrap();
    assert_eq!(format, FORMAT + 1);
    // A newer format that says it can still be read and written by this library.
    drop(db);
    SqliteStore::open(&path, quick()).unwrap().write().unwrap();
}

#[test]
fn every_format_has_a_step_to_the_next() {
    assert!(MIGRATIONS.iter().map(|step| step.from).eq(1..FORMAT));
}

#[test]
fn a_newer_library_is_noticed_in_the_next_transaction() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = SqliteStore::open(&path, quick()).unwrap();
    commit(&store, vec![link(5, 6, Stage::Active)]);
    let db = connect(&FilePlace::of(&path).unwrap(), true, &quick()).unwrap();
    let newer = FORMAT + 1;
    let change =
        format!("PRAGMA user_version = {newer}; UPDATE meta SET value = {newer} WHERE name IN ('format', ");
    db.execute_batch(&format!("{change} 'min_writer')")).unwrap();
    assert!(store.read().is_ok());
    assert!(matches!(store.write().err(), Some(StoreError::Newer { .. })));
    db.execute_batch(&format!("{change} 'min_reader')")).unwrap();
    assert!(matches!(store.read().err(), Some(StoreError::Newer { .. })));
}

#[test]
fn a_marked_erasure_is_carried_out_when_the_store_is_opened() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = SqliteStore::open(&path, quick()).unwrap();
    commit(&store, vec![link(5, 6, Stage::Active)]);
    let db = connect(&FilePlace::of(&path).unwrap(), true, &quick()).unwrap();
    db.execute_batch("UPDATE meta SET value = 1 WHERE name = 'wipe'").unwrap();
    let log = path.with_file_name("store-wal");
    assert!(log.metadata().unwrap().len() > 0);
    let second = SqliteStore::open(&path, quick()).unwrap();
    assert_eq!(log.metadata().unwrap().len(), 0);
    commit(&second, vec![link(5, 6, Stage::Delinked)]);
    let wipe: i64 = db.query_row("SELECT value FROM meta WHERE name = 'wipe'", [], |row| row.get(0)).unwrap();
    assert_eq!(wipe, 0, "it is noted as done");
}

#[test]
fn a_failed_commit_is_looked_up_before_it_is_reported() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = SqliteStore::open(&path, quick()).unwrap();
    commit(&store, vec![link(5, 6, Stage::Active)]);
    let right = store.right().unwrap();
    let first = right.records_after(0, 1).unwrap().remove(0);
    let mut other = first.clone();
    other.text.push(' ');
    // Without a transaction every commit fails, for a reason that tells nothing.
    roll_back(&right.db);
    right.finish(|conn| conn.holds(&first)).unwrap();
    let unknown =
        |outcome: Result<()>| matches!(outcome, Err(SqliteFault(StoreError::OutcomeUnknown { .. })));
    assert!(unknown(right.finish(|conn| conn.holds(&other))));
    assert!(unknown(right.finish(|_| Err(damaged("the file cannot be read")))));
}

#[test]
fn a_path_becomes_a_uri_without_meaning() {
    let uri = |path: &str| file::uri(Path::new(path));
    assert_eq!(uri("/a b/c?mode=rw#%20"), "file:/a%20b/c%3fmode%3drw%23%2520?immutable=1");
}
