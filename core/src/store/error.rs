//! What can be wrong with a store. Decides nothing.

use std::path::PathBuf;

use crate::view::{Damage, ViewError};

/// A broken world: the store could not do what it should. Nothing was written unless it says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Other writers kept the store for too long.
    #[error("the store was busy for {waited_ms} ms; try again, or allow more time")]
    Busy {
        /// How long the caller waited, in milliseconds.
        waited_ms: u64,
    },
    /// The file cannot be opened or created.
    #[error("cannot open `{}`: {why}; check the path and the permissions of the file and its directory", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The file belongs to somebody else. It was not touched.
    #[error("`{}` is not a tenantry store: {why}; choose another path, the file was left as it is", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// How that shows.
        why: String,
    },
    /// The file was written by a newer tenantry. It was not touched.
    #[error("`{}` needs format {needs} and this library knows {knows}; use a newer tenantry, the file was left as it is", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The least format a library must know.
        needs: u32,
        /// The format this library knows.
        knows: u32,
    },
    /// What is derived in the file was made under newer rules of `apply`. It was not touched, and
    /// can be read.
    #[error("`{}` is under rules {needs} and this library knows {knows}; use a newer tenantry, the file was left as it is", path.display())]
    NewerRules {
        /// The file.
        path: PathBuf,
        /// The rules it is under.
        needs: u32,
        /// The rules this library knows.
        knows: u32,
    },
    /// The file is damaged.
    #[error("the store is damaged: {what}; restore a backup, and keep the damaged files for inspection")]
    Damaged {
        /// How that shows.
        what: String,
    },
    /// There is no room left, on the disk or within the allowed size.
    #[error("the store is full; make room or raise the limit, then try again")]
    Full,
    /// The store was opened for reading only.
    #[error("the store is read-only; open it for writing")]
    ReadOnly,
    /// It is not known whether the commit happened.
    #[error("it is not known whether the commit happened: {why}; send the same request id again to learn it")]
    OutcomeUnknown {
        /// What went wrong.
        why: String,
    },
    /// The process was forked; the child must open the store anew.
    #[error("this store was opened before the process was forked; open it again in the child")]
    Forked,
    /// There is no such revision.
    #[error("there is no revision {seq}; the journal ends at {head}")]
    UnknownSeq {
        /// The revision asked for.
        seq: u64,
        /// The last there is.
        head: u64,
    },
    /// The file is no longer the one that was opened, or its log is not. What was read and written
    /// before went to the file that was.
    #[error(
        "`{}` is not as it was opened: {why}; see to it that the right file stands there, close it and open it again", path.display()
    )]
    Moved {
        /// The file.
        path: PathBuf,
        /// How that shows.
        why: String,
    },
    /// The log beside the file belongs to another file, or to this one at another time. Nothing was
    /// touched.
    #[error(
        "the log `{}` does not belong to the file beside it; put back the two that belong together, or remove the log where the file was put there by hand", path.display()
    )]
    ForeignLog {
        /// The log.
        path: PathBuf,
    },
    /// The file's log has to be written to its place, and that cannot be done here.
    #[error(
        "the log of `{}` is not finished, and nothing can be written there; open it once for writing, or copy the file and its log to where that can be done", path.display()
    )]
    UnfinishedLog {
        /// The file.
        path: PathBuf,
    },
    /// Somebody has the file open that is to be replaced, or is making the same copy. Nothing was
    /// touched.
    #[error("`{}` is in use; close it everywhere, then try again", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Something stands where something else was to be put. It was left as it is.
    #[error("`{}` is taken: {why}; choose another path, or move away what is there", path.display())]
    Taken {
        /// The path.
        path: PathBuf,
        /// By what.
        why: String,
    },
    /// The file is a backup, which nobody writes to. It was left as it is.
    #[error("`{}` is a backup; restore it, or open it for reading only", path.display())]
    IsBackup {
        /// The file.
        path: PathBuf,
    },
    /// The host's own connection is not as a command within its transaction needs it. Nothing
    /// was done.
    #[error(
        "the connection takes no command: {why}; begin a transaction on it, with `synchronous` at FULL, and let no other statement write meanwhile"
    )]
    NotReady {
        /// How it is.
        why: String,
    },
    /// The store is in memory and in no file.
    #[error("the store is in memory; open one in a file")]
    NoFile,
    /// Anything else the system reports.
    #[error("the store failed: {0}")]
    Io(String),
}

impl From<StoreError> for ViewError {
    fn from(error: StoreError) -> Self {
        Self::new(error)
    }
}

impl From<ViewError> for StoreError {
    fn from(error: ViewError) -> Self {
        match error.0.downcast::<Self>() {
            Ok(error) => *error,
            Err(other) => match other.downcast::<Damage>() {
                Ok(damage) => Self::Damaged { what: damage.0 },
                Err(other) => Self::Io(other.to_string()),
            },
        }
    }
}
