//! The rows that tenantry wrote, written again by a bare program: the same bytes into the same tables, with statements prepared
//! once and held, under the same settings of SQLite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// The tables whose rows tell the record they are of, and how new rows are found.
const TABLES: [(&str, &str); 4] =
    [("record", "seq > ?1"), ("record_about", "seq > ?1"), ("entity", "seq > ?1"), ("entry", "seq > ?1")];

/// What one record wrote: rows by the place of their table; personal data last.
pub type Written = Vec<(usize, Vec<Value>)>;

/// A copy of a store's file, and the bare program on it.
pub struct Bare {
    path: PathBuf,
    db: Connection,
}

impl Bare {
    /// Begins with a copy of a file that nobody writes to.
    pub fn copy(from: &Path, path: &Path) -> Self {
        std::fs::copy(from, path).expect("the file can be copied");
        let db = Connection::open(path).expect("the copy can be opened");
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).expect("a setting of SQLite");
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; \
             PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16777216;",
        )
        .expect("settings of SQLite");
        Self { path: path.to_owned(), db }
    }

    /// What the store has written since, record by record. Only rows that are new can be told: it must not have changed any.
    pub fn since(&self, store: &Path) -> Vec<Written> {
        let db = Connection::open(store).expect("the store can be read");
        let before = self.path.to_str().expect("a plain path");
        db.execute("ATTACH ?1 AS before", [before]).expect("the copy can be read");
        let last: i64 = one(&db, "SELECT coalesce(max(seq), 0) FROM before.record");
        let slot: i64 = one(&db, "SELECT coalesce(max(slot), 0) FROM before.personal");
        let mut written: BTreeMap<i64, Written> = BTreeMap::new();
        for (place, (table, new)) in TABLES.iter().enumerate() {
            let mut select =
                db.prepare(&format!("SELECT *, seq FROM main.{table} WHERE {new}")).expect("SQL");
            let columns = select.column_count() - 1;
            let mut rows = select.query([last]).expect("SQL answers");
            while let Some(row) = rows.next().expect("SQL answers") {
                let values = (0..columns).map(|column| row.get(column).expect("a value")).collect();
                written.entry(row.get(columns).expect("a number")).or_default().push((place, values));
            }
        }
        let mut select =
            db.prepare("SELECT * FROM main.personal WHERE slot > ?1 ORDER BY slot").expect("SQL");
        let columns = select.column_count();
        let mut rows = select.query([slot]).expect("SQL answers");
        // Each person is known by the record whose entities have their id.
        while let Some(row) = rows.next().expect("SQL answers") {
            let values: Vec<Value> = (0..columns).map(|column| row.get(column).expect("a value")).collect();
            let of: i64 = one_of(&db, "SELECT min(seq) FROM main.record_about WHERE n = ?1", &values[1]);
            written.entry(of).or_default().push((TABLES.len(), values));
        }
        written.into_values().collect()
    }

    /// Writes what records wrote, so many records in each commit.
    pub fn write(&self, written: &[Written], commit: usize) {
        let tables: Vec<&str> = TABLES.iter().map(|(table, _)| *table).chain(["personal"]).collect();
        let mut inserts: Vec<_> = tables
            .iter()
            .map(|table| {
                let columns = self.db.prepare(&format!("SELECT * FROM {table}")).expect("SQL").column_count();
                let marks = vec!["?"; columns].join(", ");
                self.db.prepare(&format!("INSERT INTO {table} VALUES ({marks})")).expect("SQL")
            })
            .collect();
        for records in written.chunks(commit) {
            self.db.execute_batch("BEGIN IMMEDIATE").expect("SQL");
            for (table, values) in records.iter().flatten() {
                inserts[*table].execute(params_from_iter(values)).expect("the row is new");
            }
            self.db.execute_batch("COMMIT").expect("SQL");
        }
    }
}

fn one(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).expect("SQL answers")
}

fn one_of(db: &Connection, sql: &str, value: &Value) -> i64 {
    db.query_row(sql, [value], |row| row.get(0)).expect("SQL answers")
}
