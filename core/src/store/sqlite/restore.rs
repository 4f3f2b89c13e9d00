//! A backup on its way into a store's place: either what was there stands, or what was restored,
//! and never a mixture. What is to be in it, the engine says.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::ErrorCode;
use uuid::Uuid;

use super::copy::{SqliteDraft, in_use, taken};
use super::fault::{Result, cannot_open};
use super::file::{Inspected, as_it_is, connect, deadline, inspect, pragma};
use super::log;
use super::options::FileOptions;
use super::place::{FilePlace, log_of, shared_of};
use super::read::Conn;
use super::{SqliteStore, Txn};
use crate::store::draft::{step, sync_directory};
use crate::store::{Reading, StoreError};

/// How a history began.
const FIRST: &str = "SELECT hash FROM record WHERE seq = 1";

/// Why a backup is not put in a store's place.
pub(crate) const ANOTHER: &str = "another store is there, and not the one that the backup is of";

/// A store that is being put in another's place, or where nothing is.
pub(crate) struct Restoring {
    draft: SqliteDraft,
    /// What is to be replaced, with nobody else at it.
    replaced: Option<Conn>,
    /// Whether there is a file in its place, if only an empty one.
    instead: bool,
}

impl Restoring {
    /// Makes a store of its own, with an epoch of its own, of a backup or another store. Where it
    /// is to stand, nothing is touched yet.
    pub(crate) fn begin(from: &Path, to: &Path) -> std::result::Result<Self, StoreError> {
        Ok(Self::begin_file(from, to)?)
    }

    fn begin_file(from: &Path, to: &Path) -> Result<Self> {
        let to = std::path::absolute(to).map_err(|error| cannot_open(to, error))?;
        // Where a symbolic link leads is what gets replaced.
        let to = fs::canonicalize(&to).unwrap_or(to);
        let from = SqliteStore::open_file(from, FileOptions::default().read_only(true))?;
        let instead = fs::symlink_metadata(&to).is_ok();
        if instead {
            inspect(&to, false)?;
            if FilePlace::of(&to)?.is_same(&from.place) {
                return Err(taken(&to, "it is the file to restore from"));
            }
            // What is only in its log, whoever has that open alone can tell.
            let first = as_it_is(&to)?.query_row(FIRST, [], |row| row.get::<_, Vec<u8>>(0)).ok();
            let ours = from.lease()?.db.query_row(FIRST, [], |row| row.get(0)).ok();
            if first.is_some() && first != ours {
                return Err(taken(&to, ANOTHER));
            }
        }
        let draft = SqliteDraft::begin(&to)?;
        let db = connect(&from.place.on_disk(), false, &from.options)?;
        draft.fill(&db, deadline(&from.options), |db| {
            db.execute("UPDATE meta SET value = ?1 WHERE name = 'epoch'", [Uuid::new_v4().to_string()])?;
            db.execute("UPDATE meta SET value = ?1 WHERE name = 'log'", [log::first()])?;
            db.execute_batch(
                "UPDATE meta SET value = 0 WHERE name = 'wipe'; DELETE FROM meta WHERE name = 'backup'",
            )
        })?;
        from.place.check()?;
        Ok(Self { draft, replaced: None, instead })
    }

    /// The new store, not yet in its place.
    pub(crate) fn store(&self) -> std::result::Result<SqliteStore, StoreError> {
        SqliteStore::open(self.draft.path(), FileOptions::default())
    }

    /// Keeps everybody out of what is to be replaced, and finishes its log.
    pub(crate) fn lock(&mut self) -> std::result::Result<(), StoreError> {
        Ok(self.lock_file()?)
    }

    fn lock_file(&mut self) -> Result<()> {
        let to = self.draft.to();
        if !self.instead || inspect(to, false)? == Inspected::Nothing {
            return Ok(());
        }
        let db = connect(&FilePlace::of(to)?, true, &FileOptions::default())?;
        let busy = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => in_use(to),
            _ => error.into(),
        };
        // Only who is alone can take the log away.
        let mode = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0));
        mode("PRAGMA journal_mode = DELETE").map_err(busy)?;
        step();
        db.execute_batch("BEGIN EXCLUSIVE").map_err(busy)?;
        if mode("PRAGMA journal_mode")? != "delete" {
            return Err(in_use(to));
        }
        let format = pragma(&db, "user_version")?;
        self.replaced = Some(Conn::of_format(db, format));
        step();
        Ok(())
    }

    /// What is replaced, if it is a store.
    pub(crate) fn replaced(&self) -> Option<Box<dyn Reading + '_>> {
        let replaced = self.replaced.as_ref()?;
        Some(Box::new(Txn(replaced)))
    }

    /// Puts the new store in its place, from one moment to the next.
    pub(crate) fn finish(self) -> std::result::Result<(), StoreError> {
        Ok(self.finish_file()?)
    }

    fn finish_file(self) -> Result<()> {
        let Self { draft, replaced, instead } = self;
        draft.settle()?;
        // Windows replaces nothing that is open: whoever comes in meanwhile has the old store, and
        // keeps the new one out.
        let replaced = replaced.filter(|_| !cfg!(windows));
        // A log that is there now is of a file that is gone: what is replaced has none.
        for left in [log_of(draft.to()), shared_of(draft.to())] {
            match fs::remove_file(&left) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(cannot_open(&left, error)),
            }
        }
        sync_directory(draft.to()).map_err(|error| cannot_open(draft.to(), error))?;
        step();
        draft.publish(instead)?;
        // Only now may others come in.
        drop(replaced);
        Ok(())
    }
}
