//! Copies of a file: backups, and what is put in another's place. A copy is made beside where it is
//! to stand, and gets its name when it is whole and on the disk; whoever is stopped before leaves
//! what was there as it was.
//!
//! A copy is written anew row by row (`VACUUM INTO`) and not page by page: what was deleted, and
//! what pages keep of rows that moved, does not come along.

use std::fs;
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};

use super::fault::{Result, SqliteFault, cannot_open, damaged};
use super::file::patiently;
use super::make::{admit_schema, check_integrity};
use super::read::Conn;
use crate::journal::Head;
use crate::store::StoreError;
use crate::store::draft::{Draft, beside, step};

/// How many records are read at a time.
const PAGE: usize = 256;

/// A path has to be free.
pub(super) fn taken(path: &Path, why: &str) -> SqliteFault {
    SqliteFault(StoreError::Taken { path: path.to_owned(), why: why.to_owned() })
}

pub(super) fn in_use(path: &Path) -> SqliteFault {
    SqliteFault(StoreError::InUse { path: path.to_owned() })
}

/// A file of SQLite's that is made for a path and does not stand there yet.
pub(super) struct SqliteDraft(Draft);

impl SqliteDraft {
    /// An empty one.
    pub(super) fn begin(to: &Path) -> Result<Self> {
        let draft = Self(Draft::begin(to)?);
        draft.tidy();
        Ok(draft)
    }

    /// Removes what SQLite makes beside it.
    fn tidy(&self) {
        for left in ["-journal", "-wal", "-shm"].map(|suffix| beside(self.path(), suffix)) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(left);
        }
    }

    /// Fills it with everything that there is, and `change`s what it says of itself.
    pub(super) fn fill(
        &self,
        from: &Connection,
        deadline: Instant,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let path = self.path().to_str().ok_or_else(|| cannot_open(self.to(), "its name is not UTF-8"))?;
        // The pages of the copy keep nothing of rows that moved either.
        from.execute_batch("PRAGMA secure_delete = ON; PRAGMA synchronous = OFF;")?;
        patiently(deadline, || from.execute("VACUUM INTO ?1", [path]))?;
        step();
        let db = self.by_itself()?;
        db.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA secure_delete = ON; BEGIN IMMEDIATE")?;
        change(&db)?;
        db.execute_batch("COMMIT")?;
        step();
        Ok(())
    }

    /// A connection that is in nobody's way.
    fn by_itself(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Connection::open_with_flags(self.path(), flags)?)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where it is to stand.
    pub(super) fn to(&self) -> &Path {
        self.0.to()
    }

    /// Writes its log to its place and takes it away, once nobody has it open any more.
    pub(super) fn settle(&self) -> Result<()> {
        let mode: String =
            self.by_itself()?.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        step();
        if mode == "delete" { Ok(()) } else { Err(in_use(self.path())) }
    }

    /// Gives it its name, where nothing has that, or in place of what has it.
    pub(super) fn publish(self, instead: bool) -> Result<()> {
        Ok(self.0.publish(instead)?)
    }
}

impl Drop for SqliteDraft {
    fn drop(&mut self) {
        self.tidy();
    }
}

/// Whether the structure of a store fits together, and its records are one history; where it ends.
pub(super) fn whole(reading: &Conn) -> Result<Head> {
    admit_schema(&reading.db, "main")?;
    check_integrity(&reading.db)?;
    let mut last = Head::EMPTY;
    loop {
        let page = reading.records_after(last.seq, PAGE)?;
        for record in &page {
            if record.seq != last.seq + 1 || record.hash != last.hash.chain(&record.text) {
                return Err(damaged(format!("record {} does not follow on the one before", record.seq)));
            }
            last = Head { seq: record.seq, hash: record.hash, at: None };
        }
        if page.len() < PAGE {
            break;
        }
    }
    let head = reading.head()?;
    match (head.seq, head.hash) == (last.seq, last.hash) {
        true => Ok(head),
        false => Err(damaged("the journal ends before its head")),
    }
}
