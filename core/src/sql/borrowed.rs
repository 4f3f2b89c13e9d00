//! A host's connection, lent for one call.

#![expect(unsafe_code, reason = "what is lent is made of the handle of what it is lent from")]

use rusqlite::{Connection, Result};

use crate::store::sqlite::Hosted;

/// Lends a connection, and takes back all that was prepared on it.
pub(super) fn lent<T>(db: &Connection, ask: impl FnOnce(&mut Hosted) -> T) -> Result<T> {
    // SAFETY: the handle is open for as long as `db` is borrowed, which is longer than this runs.
    // What is made of it does not close it, and is not handed on: it can be asked, and no more.
    let borrowed = unsafe { Connection::from_handle(db.handle()) }?;
    Ok(ask(&mut Hosted::on(borrowed)))
}
