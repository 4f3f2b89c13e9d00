//! The store port: where records, entities and personal data live, at the level of keys and bytes.
//!
//! A store writes three things in one transaction that cannot disagree: records appended to the
//! journal, the entities they changed (with the versions they replaced kept as the past), and
//! personal data, which has no past. It knows nothing of the domain and judges nothing. One
//! conformance suite runs on every store.

pub mod memory;
mod queue;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::path::PathBuf;

use uuid::Uuid;

use crate::base::ids::RequestId;
use crate::base::time::Timestamp;
use crate::journal::{Hash, Head};
use crate::model::{Personal, Subject};
use crate::view::{Change, View, ViewError};

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
            Err(other) => Self::Io(other.to_string()),
        }
    }
}

/// A record as it is stored: its text is what is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// The record's number.
    pub seq: u64,
    /// Its text, a [`crate::journal::Record`] in JSON.
    pub text: String,
    /// Its hash.
    pub hash: Hash,
}

/// What is remembered of an executed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// The record it led to.
    pub seq: u64,
    /// The hash of the request's body; forgotten when a subject of the record is erased (U-5).
    pub fingerprint: Option<Hash>,
}

/// A record to be appended, with everything that changes by it.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// The record.
    pub record: StoredRecord,
    /// When it was written.
    pub at: Timestamp,
    /// The request it answers, and the hash of that request's body.
    pub request: Option<(RequestId, Hash)>,
    /// The tenants and users it is about, to find it by.
    pub about: Vec<Subject>,
    /// The entities that change.
    pub changes: Vec<Change>,
    /// The subjects whose personal data is replaced or, with `None`, erased.
    pub people: Vec<(Subject, Option<Personal>)>,
}

/// A store of tenantry's data.
pub trait Store: Send + Sync {
    /// Which store this is: made once when it was created, copied with it.
    fn epoch(&self) -> Uuid;

    /// A consistent reading of the present, undisturbed by writers until it is dropped.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn read(&self) -> Result<Box<dyn Reading + '_>, StoreError>;

    /// The right to write, waited for fairly; nothing is written until [`Writing::commit`].
    ///
    /// # Errors
    /// `Busy` when the wait is too long; others when the store cannot be written.
    fn write(&self) -> Result<Box<dyn Writing + '_>, StoreError>;
}

/// A consistent reading: a view of the present, with the journal and the past.
pub trait Reading: View {
    /// This reading as a view.
    fn view(&self) -> &dyn View;

    /// Where the journal ends.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn head(&self) -> Result<Head, StoreError>;

    /// How many entities there are.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count(&self) -> Result<u64, StoreError>;

    /// The world as it was after record `seq`.
    ///
    /// # Errors
    /// `UnknownSeq` when the journal has not come that far.
    fn as_of(&self, seq: u64) -> Result<Box<dyn View + '_>, StoreError>;

    /// Up to `limit` records after `seq`, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn records_after(&self, seq: u64, limit: usize) -> Result<Vec<StoredRecord>, StoreError>;

    /// Up to `limit` records about a tenant or user, after `seq`, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn records_about(&self, about: Subject, seq: u64, limit: usize) -> Result<Vec<StoredRecord>, StoreError>;

    /// What is remembered of a request.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn receipt(&self, request: RequestId) -> Result<Option<StoredReceipt>, StoreError>;

    /// The last record that a consumer has acknowledged; 0 if none.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn cursor(&self, consumer: &str) -> Result<u64, StoreError>;
}

/// The right to write. Dropping it writes nothing.
pub trait Writing: Reading {
    /// Appends records, one after the other, and everything that changes by them: all or nothing,
    /// durable on return.
    ///
    /// # Errors
    /// `OutcomeUnknown` when it cannot be told whether the commit happened; any other error means
    /// that it did not.
    fn commit(self: Box<Self>, records: Vec<NewRecord>) -> Result<(), StoreError>;

    /// Remembers the last record that a consumer has acknowledged; it never moves back.
    ///
    /// # Errors
    /// As for [`Writing::commit`].
    fn acknowledge(self: Box<Self>, consumer: &str, seq: u64) -> Result<(), StoreError>;
}

/// Where the journal ends after this record, if it follows on the end before.
fn follow(head: &Head, new: &NewRecord) -> Result<Head, StoreError> {
    let StoredRecord { seq, text, hash } = &new.record;
    if Some(*seq) == head.seq.checked_add(1) && *hash == head.hash.chain(text) {
        Ok(Head { seq: *seq, hash: *hash, at: Some(new.at) })
    } else {
        Err(StoreError::Io(format!("record {seq} does not follow on record {} with its hash", head.seq)))
    }
}
