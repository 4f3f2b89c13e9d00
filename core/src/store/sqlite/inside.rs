//! What tests see of this store and nobody else does: its statements, its formats, and what it does
//! where a commit fails.

use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use super::carry::{MIGRATIONS, Migration, migrate};
use super::columns::{LAYOUTS, NAMES};
use super::fault::damaged;
use super::file::{self, connect, deadline, roll_back};
use super::options::FileOptions;
use super::pack::{self, Beside};
use super::place::FilePlace;
use super::read::{
    ADDRESSED, Conn, GET, GET_PAST, GET_ROW, KEY_BEFORE, KNOWN_AS, MEMBERS, MEMBERS_BACK, NEXT_KEY, PERSONAL,
    SCAN, SCAN_BACK, SCAN_KEY, SCAN_KEY_BACK,
};
use super::retold::{DERIVED, Derived, PEOPLE};
use super::schema;
use super::{SqliteStore, StoreError, StoredRecord};
use crate::view::Kind;

/// The format that is written.
pub const FORMAT: i32 = schema::FORMAT;

/// The tables of that format.
pub const TABLES: &str = schema::TABLES;

/// The columns of an entity.
pub const COLUMNS: &[&str] = &NAMES;

/// What views read by.
pub const READS: &[&str] = &[
    GET,
    GET_ROW,
    GET_PAST,
    SCAN,
    SCAN_BACK,
    SCAN_KEY,
    SCAN_KEY_BACK,
    MEMBERS,
    MEMBERS_BACK,
    NEXT_KEY,
    KEY_BEFORE,
    PERSONAL,
    ADDRESSED,
    KNOWN_AS,
];

/// What is read to be compared with what the records lead to.
pub fn compared() -> impl Iterator<Item = String> {
    DERIVED.iter().map(Derived::select).chain([PEOPLE.to_owned()])
}

/// The fields that have columns, by the kind of entity.
pub fn layouts() -> impl Iterator<Item = Vec<&'static str>> {
    LAYOUTS.iter().map(|layout| layout.fields().collect())
}

/// Reads on a connection that the store lends to whoever reads.
pub fn leased<T>(store: &SqliteStore, read: impl FnOnce(&Connection) -> T) -> Result<T, StoreError> {
    Ok(read(&store.lease()?.db))
}

/// The number that stands for what has this id.
pub fn number(store: &SqliteStore, kind: Kind, id: Uuid) -> Result<Option<i64>, StoreError> {
    Ok(store.lease()?.number(kind, id)?)
}

/// The text of a record as it is stored, beside its number, its moment and its request.
pub fn pack(text: &str, (seq, at, request): (i64, i64, Option<Uuid>)) -> Option<Vec<u8>> {
    pack::pack(text, &Beside { seq, at, request })
}

/// The text that was packed.
pub fn unpack(packed: &[u8], (seq, at, request): (i64, i64, Option<Uuid>)) -> Option<String> {
    pack::unpack(packed, &Beside { seq, at, request })
}

/// The same as an expression in SQL.
pub fn unpacked() -> String {
    pack::unpacked()
}

/// The formats from which there is a step to the next.
pub fn carried() -> impl Iterator<Item = i32> {
    MIGRATIONS.iter().map(|step| step.from)
}

/// Takes a file to a format by these steps: the format each starts from, and its SQL.
pub fn carry(path: &Path, steps: &[(i32, &str)], format: i32) -> Result<(), StoreError> {
    let options = FileOptions::default();
    let conn = Conn::new(connect(&FilePlace::of(path)?, true, &options)?);
    let runs: Vec<_> =
        steps.iter().map(|(from, sql)| (*from, |conn: &Conn| Ok(conn.db.execute_batch(sql)?))).collect();
    let steps: Vec<_> = runs.iter().map(|(from, run)| Migration { from: *from, run }).collect();
    migrate(&conn, &steps, format, deadline(&options))?;
    Ok(())
}

/// What a commit says that fails for a reason which tells nothing, where this record is looked for
/// then; without one, where the file cannot be read then.
pub fn fail_to_commit(store: &SqliteStore, record: Option<&StoredRecord>) -> Result<(), StoreError> {
    let right = store.right()?;
    // Without a transaction every commit fails.
    roll_back(&right.db);
    Ok(right.finish(|conn| match record {
        Some(record) => conn.holds(record),
        None => Err(damaged("the file cannot be read")),
    })?)
}

/// The URI by which a file is read as it is.
pub fn uri(path: &Path) -> String {
    file::uri(path)
}
