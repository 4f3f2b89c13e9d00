//! Copies of a file: backups, and what is put in another's place. A copy is made beside where it is
//! to stand, and gets its name when it is whole and on the disk; whoever is stopped before leaves
//! what was there as it was.
//!
//! A copy is written anew row by row (`VACUUM INTO`) and not page by page: what was deleted, and
//! what pages keep of rows that moved, does not come along.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};

use super::fault::{Result, SqliteFault, cannot_open, damaged};
use super::file::patiently;
use super::make::{admit_schema, check_integrity};
use super::place::{beside, is_at};
use super::read::Conn;
use crate::journal::Head;
use crate::store::StoreError;

/// How many records are read at a time.
const PAGE: usize = 256;

/// After how many more steps of a copy the process dies, for tests; 0 for never.
#[cfg(feature = "testkit")]
pub(crate) static DIES_AFTER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// A step of a copy is done.
pub(super) fn step() {
    #[cfg(feature = "testkit")]
    if DIES_AFTER
        .fetch_update(std::sync::atomic::Ordering::SeqCst, std::sync::atomic::Ordering::SeqCst, |steps| {
            steps.checked_sub(1)
        })
        .is_ok_and(|steps| steps == 1)
    {
        std::process::abort();
    }
}

/// A path has to be free.
pub(super) fn taken(path: &Path, why: &str) -> SqliteFault {
    SqliteFault(StoreError::Taken { path: path.to_owned(), why: why.to_owned() })
}

pub(super) fn in_use(path: &Path) -> SqliteFault {
    SqliteFault(StoreError::InUse { path: path.to_owned() })
}

/// A file that is made for a path and does not stand there yet. Gone if it never does.
pub(super) struct Draft {
    to: PathBuf,
    path: PathBuf,
    // Keeps others from making one for the same path at the same time.
    held: File,
}

impl Draft {
    /// An empty one.
    pub(super) fn begin(to: &Path) -> Result<Self> {
        let path = beside(to, ".part");
        let refused = |error| cannot_open(&path, error);
        loop {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let held = options.open(&path).map_err(refused)?;
            match held.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(in_use(&path)),
                Err(TryLockError::Error(error)) => return Err(refused(error)),
            }
            // Whoever had it meanwhile may have given it its name.
            if !is_at(&held, &path) {
                continue;
            }
            // Somebody who was stopped may have left something.
            held.set_len(0).map_err(refused)?;
            let draft = Self { to: to.to_owned(), path: path.clone(), held };
            draft.tidy();
            step();
            return Ok(draft);
        }
    }

    /// Removes what SQLite makes beside it.
    fn tidy(&self) {
        for left in ["-journal", "-wal", "-shm"].map(|suffix| beside(&self.path, suffix)) {
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
        let path = self.path.to_str().ok_or_else(|| cannot_open(&self.to, "its name is not UTF-8"))?;
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
        Ok(Connection::open_with_flags(&self.path, flags)?)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is to stand.
    pub(super) fn to(&self) -> &Path {
        &self.to
    }

    /// Writes its log to its place and takes it away, once nobody has it open any more.
    pub(super) fn settle(&self) -> Result<()> {
        let mode: String =
            self.by_itself()?.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        step();
        if mode == "delete" { Ok(()) } else { Err(in_use(&self.path)) }
    }

    /// Gives it its name, where nothing has that, or in place of what has it.
    pub(super) fn publish(self, instead: bool) -> Result<()> {
        let refused = |error| cannot_open(&self.to, error);
        self.held.sync_all().map_err(refused)?;
        step();
        if instead {
            fs::rename(&self.path, &self.to).map_err(refused)?;
        } else {
            match fs::hard_link(&self.path, &self.to) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    return Err(taken(&self.to, "somebody else put something there meanwhile"));
                }
                // Not every file system knows several names.
                Err(_) => fs::rename(&self.path, &self.to).map_err(refused)?,
            }
        }
        step();
        sync_directory(&self.to).map_err(refused)?;
        step();
        // Its first name goes with it, if it is still there.
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.tidy();
        if is_at(&self.held, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Has the disk know the names in the directory of a path.
pub(super) fn sync_directory(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Whether the structure of a store fits together, and its records are one history; where it ends.
pub(super) fn whole(reading: &Conn) -> Result<Head> {
    admit_schema(&reading.db)?;
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
