//! What a file says of itself: its table `meta`.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension};

use super::fault::{Result, damaged};

/// What a file says of itself by this name.
pub(super) fn said<T: FromSql>(db: &Connection, name: &str) -> Result<T> {
    said_perhaps(db, name)?.ok_or_else(|| damaged(format!("its table `meta` says nothing of `{name}`")))
}

/// The same, where it need not say anything.
pub(super) fn said_perhaps<T: FromSql>(db: &Connection, name: &str) -> Result<Option<T>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    let mut said = db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    match said.query_row([name], |row| row.get(0)).optional() {
        Err(InvalidColumnType(..) | FromSqlConversionFailure(..) | IntegralValueOutOfRange(..)) => {
            Err(damaged(format!("its table `meta` does not say what belongs there of `{name}`")))
        }
        found => Ok(found?),
    }
}

/// The rules of `apply` that a file says it is under.
pub(super) fn rules(db: &Connection) -> Result<u32> {
    Ok(said_perhaps(db, "rules")?.unwrap_or(0))
}
