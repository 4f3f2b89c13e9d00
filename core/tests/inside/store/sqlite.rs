//! What only the inside shows: the plans of the statements, the steps they take, and the way from
//! older formats.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, StatementStatus};
use tenantry::base::ids::{LinkId, TenantId};
use tenantry::base::time::Timestamp;
use tenantry::journal::Head;
use tenantry::model::{Link, Stage};
use tenantry::policy::{Policy, PolicyVersion};
use tenantry::store::StoreError;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::inside::sqlite::{self, COLUMNS, FORMAT, READS};
use tenantry::testkit::inside::{Any, Index, Key, Kind, NewRecord, Port, Span, StoredRecord, View, Write};
use uuid::Uuid;

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
    drop(SqliteStore::open(place.path().join("store"), quick()).unwrap());
    let db = Connection::open(place.path().join("store")).unwrap();
    for sql in READS {
        let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
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
    drop(SqliteStore::open(place.path().join("store"), quick()).unwrap());
    let db = Connection::open(place.path().join("store")).unwrap();
    for sql in sqlite::compared() {
        let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan = explain.query_map([], |step| step.get(3)).unwrap();
        let plan: Vec<String> = plan.map(rusqlite::Result::unwrap).collect();
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
    }
}

/// The steps SQLite takes for a read of a tenant's links, now or as of a record.
fn steps(store: &SqliteStore, managed: u64, seq: Option<u64>) -> i32 {
    let count = |db: &Connection, reset: bool| -> i32 {
        let steps = READS.iter().map(|sql| {
            let held = db.prepare_cached(sql).unwrap();
            let steps = held.get_status(StatementStatus::VmStep);
            if reset {
                held.reset_status(StatementStatus::VmStep);
            }
            steps
        });
        steps.sum()
    };
    // Whoever is alone is lent the same connection again.
    sqlite::leased(store, |db| count(db, true)).unwrap();
    let key = Key::new().id(Uuid::from_u64_pair(7, managed)).flag(true);
    let span = Span::under(Index::LinkManaged, key);
    let reading = store.read().unwrap();
    let found = match seq {
        None => reading.view().scan(&span, 256).unwrap(),
        Some(seq) => reading.as_of(seq).unwrap().scan(&span, 256).unwrap(),
    };
    assert!(found.len() <= 1);
    drop(reading);
    sqlite::leased(store, |db| count(db, false)).unwrap()
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
        sqlite::number(&store, Kind::Link, Uuid::from_u64_pair(7, link)).unwrap()
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
    let sql = format!("SELECT typeof(body), length(body), {} FROM record ORDER BY seq", sqlite::unpacked());
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
    let beside = (7, 1, Some(Uuid::nil()));
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
        match sqlite::pack(&text, beside) {
            Some(packed) => assert_eq!(sqlite::unpack(&packed, beside), Some(text)),
            None => assert!(text.len() < 40 * 9, "{text}"),
        }
    }
    for packed in [&[1_u8, 2, 3][..], &[4, 0], &[5, 9, 65], &[15, 255], &[9], &[127], &[255]] {
        assert_eq!(sqlite::unpack(packed, beside), None, "{packed:?}");
    }
}

#[test]
fn a_layout_has_a_column_for_each_field_that_it_names() {
    for layout in sqlite::layouts() {
        let names: BTreeSet<_> = layout.iter().collect();
        assert!(names.len() == layout.len() && names.len() < COLUMNS.len());
    }
    let columns: Vec<String> = COLUMNS
        .iter()
        .map(|name| if *name == "rest" { "rest TEXT".to_owned() } else { format!("{name} ANY") })
        .collect();
    assert!(sqlite::TABLES.contains(&columns.join(", ")));
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
    let key = Any::from(kept.clone()).id();
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
    let db = Connection::open(&path).unwrap();
    let version = || db.query_row("PRAGMA user_version", [], |row| row.get::<_, i32>(0)).unwrap();
    let add = (FORMAT, "CREATE TABLE novelty(a)");
    let fail = (FORMAT + 1, "CREATE TABLE novelty(a); nonsense");
    sqlite::carry(&path, &[add, fail], FORMAT + 2).unwrap_err();
    assert_eq!(version(), FORMAT, "all the way or not at all");
    db.prepare("SELECT * FROM novelty").unwrap_err();
    sqlite::carry(&path, &[add], FORMAT + 1).unwrap();
    assert_eq!(version(), FORMAT + 1);
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
    assert!(sqlite::carried().eq(1..FORMAT));
}

#[test]
fn a_newer_library_is_noticed_in_the_next_transaction() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = SqliteStore::open(&path, quick()).unwrap();
    commit(&store, vec![link(5, 6, Stage::Active)]);
    let db = Connection::open(&path).unwrap();
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
    let db = Connection::open(&path).unwrap();
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
    let first = store.read().unwrap().records_after(0, 1).unwrap().remove(0);
    let mut other = first.clone();
    other.text.push(' ');
    sqlite::fail_to_commit(&store, Some(&first)).unwrap();
    let unknown = |record| {
        let outcome = sqlite::fail_to_commit(&store, record);
        matches!(outcome, Err(StoreError::OutcomeUnknown { .. }))
    };
    assert!(unknown(Some(&other)));
    assert!(unknown(None));
}

#[test]
fn a_path_becomes_a_uri_without_meaning() {
    let uri = |path: &str| sqlite::uri(Path::new(path));
    assert_eq!(uri("/a b/c?mode=rw#%20"), "file:/a%20b/c%3fmode%3drw%23%2520?immutable=1");
}
