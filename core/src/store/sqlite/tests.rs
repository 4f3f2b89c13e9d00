//! What only the inside shows: the plans of the statements, the steps they take, and the way from
//! older formats.

use std::collections::BTreeSet;

use rusqlite::{Connection, StatementStatus};

use super::carry::{MIGRATIONS, Migration};
use super::pack::{Beside, unpacked};
use super::read::{
    ADDRESSED, GET, GET_PAST, GET_ROW, KEY_BEFORE, MEMBERS, MEMBERS_BACK, NEXT_KEY, PERSONAL, SCAN,
    SCAN_BACK, SCAN_KEY, SCAN_KEY_BACK,
};
use super::retold::{DERIVED, PEOPLE};
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
    for sql in scans.into_iter().chain([
        GET,
        GET_ROW,
        GET_PAST,
        MEMBERS,
        MEMBERS_BACK,
        NEXT_KEY,
        KEY_BEFORE,
        PERSONAL,
        ADDRESSED,
    ]) {
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
fn a_number_stands_for_one_thing_for_ever() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = SqliteStore::open(&path, quick()).unwrap();
    let number = |link: u64| -> Option<i64> {
        store.lease().unwrap().number(Kind::Link, Uuid::from_u64_pair(7, link)).unwrap()
    };
    // What one record makes is numbered by kind and id, in whatever order it is found out.
    let seq = commit(&store, vec![link(6, 6, Stage::Active), link(5, 6, Stage::Active)]);
    assert_eq!((number(5), number(6), number(7)), (Some(2), Some(3), None));
    let Write::Put(gone) = link(6, 6, Stage::Active) else { panic!("a link is put") };
    commit(&store, vec![Write::Remove(gone)]);
    commit(&store, vec![link(7, 6, Stage::Active)]);
    assert_eq!((number(6), number(7)), (Some(3), Some(4)), "it is not given away");
    let is = |view: &dyn View, ids: &[u64]| {
        let key = Key::new().id(Uuid::from_u64_pair(7, 6));
        let listed = view.scan(&Span::under(Index::LinkManaged, key), 9).unwrap();
        let listed: Vec<Uuid> = listed.into_iter().map(|found| found.id).collect();
        assert_eq!(listed, ids.iter().map(|id| Uuid::from_u64_pair(7, *id)).collect::<Vec<_>>());
        for id in 5..8 {
            let there = view.load(Kind::Link, Uuid::from_u64_pair(7, id)).unwrap().is_some();
            assert_eq!(there, ids.contains(&id));
        }
    };
    let reading = store.read().unwrap();
    is(reading.view(), &[5, 7]);
    is(&*reading.as_of(seq).unwrap(), &[5, 6]);
    is(&*reading.as_of(seq + 1).unwrap(), &[5]);
    assert_eq!(reading.count().unwrap(), 2);
    drop(reading);
    commit(&store, vec![link(6, 6, Stage::Active)]);
    assert_eq!(number(6), Some(3), "nor is another given to what comes back");
    is(store.read().unwrap().view(), &[5, 6, 7]);
}

/// Real records, and what they look like in SQL.
#[test]
fn a_record_is_packed_without_loss_and_read_by_the_words_in_the_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let landed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/format-1-rules-2.db");
    std::fs::copy(&landed, &path).unwrap();
    let before: Vec<(i64, i64, String)> = {
        let db = Connection::open(&landed).unwrap();
        let mut all = db.prepare("SELECT seq, at, body FROM record ORDER BY seq").unwrap();
        let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(rusqlite::Result::unwrap).collect()
    };
    drop(SqliteStore::open(&path, quick()).unwrap());
    let db = Connection::open(&path).unwrap();
    let sql = format!("SELECT typeof(body), length(body), {} FROM record ORDER BY seq", unpacked());
    let mut all = db.prepare(&sql).unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let after: Vec<(String, i64, String)> = rows.map(rusqlite::Result::unwrap).collect();
    assert_eq!(before.len(), after.len());
    let (mut plain, mut packed) = (0, 0);
    for ((seq, at, text), (kind, length, said)) in before.iter().zip(&after) {
        assert_eq!((text, kind.as_str()), (said, "blob"), "record {seq} at {at}");
        plain += i64::try_from(text.len()).unwrap();
        packed += length;
    }
    assert!(packed * 3 < plain, "{packed} of {plain} bytes");
    // What no record of ours looks like.
    let beside = Beside { seq: 7, at: 1, request: Some(Uuid::nil()) };
    for text in [
        "",
        "{}",
        "\u{1}\u{2}\u{5}\u{6}\u{7}\u{8}\u{f}\u{7f}",
        "\"00000000-0000-0000-0000-000000000000\" \"00000000-0000-0000-0000-00000000000A\" Äpfel",
        "\"00000000-0000-4000-8000-000000000000\",\"00000000-0000-4000-8000-000000000000\"",
        "\"1970-01-01T00:00:00.000001Z\" \"1970-01-01T00:00:00.000002Z\" \"1970-01-01T00:00:00.000002+\"",
        "{\"seq\":7,\"rules\":2,\"at\":{\"seq\":8,",
    ] {
        let text = text.repeat(40);
        match pack::pack(&text, &beside) {
            Some(packed) => assert_eq!(pack::unpack(&packed, &beside), Some(text)),
            None => assert!(text.len() < 40 * 9, "{text}"),
        }
    }
    for packed in [&[1_u8, 2, 3][..], &[4, 0], &[5, 9, 65], &[15, 255], &[9], &[127], &[255]] {
        assert_eq!(pack::unpack(packed, &beside), None, "{packed:?}");
    }
}

#[test]
fn a_layout_has_a_column_for_each_field_that_it_names() {
    for layout in columns::LAYOUTS {
        let names: BTreeSet<_> = layout.fields().collect();
        assert!(names.len() == layout.fields().count() && names.len() < columns::NAMES.len());
    }
    assert!(
        schema::TABLES.contains(
            &columns::NAMES
                .map(|name| if name == "rest" { "rest TEXT".to_owned() } else { format!("{name} ANY") })
                .join(", ")
        )
    );
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
    let add: fn(&Conn) -> Result<()> = |conn| Ok(conn.db.execute_batch("CREATE TABLE novelty(a)")?);
    let fail: fn(&Conn) -> Result<()> =
        |conn| Ok(conn.db.execute_batch("CREATE TABLE novelty(a); nonsense")?);
    let conn = Conn::new(db);
    let db = &conn.db;
    let broken = [Migration { from: FORMAT, run: add }, Migration { from: FORMAT + 1, run: fail }];
    assert!(carry::migrate(&conn, &broken, FORMAT + 2, deadline).is_err());
    assert_eq!(version(db), FORMAT, "all the way or not at all");
    db.prepare("SELECT * FROM novelty").unwrap_err();
    let good = [Migration { from: FORMAT, run: add }];
    carry::migrate(&conn, &good, FORMAT + 1, deadline).unwrap();
    assert_eq!(version(db), FORMAT + 1);
    db.prepare("SELECT * FROM novelty").unwrap();
    let format: i32 =
        db.query_row("SELECT value FROM meta WHERE name = 'format'", [], |row| row.get(0)).unwrap();
    assert_eq!(format, FORMAT + 1);
    // A newer format that says it can still be read and written by this library.
    drop(conn);
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
