//! The store port: where records, entities and personal data live, at the level of keys and bytes.
//!
//! A store writes three things in one transaction that cannot disagree: records appended to the
//! journal, the entities they changed (with the versions they replaced kept as the past), and
//! personal data, which has no past. It knows nothing of the domain and judges nothing. One
//! conformance suite runs on every store.

use std::path::Path;

use uuid::Uuid;

use super::error::StoreError;
use crate::base::ids::RequestId;
use crate::base::time::Timestamp;
use crate::journal::{Commitment, Hash, Head};
use crate::model::{Personal, Subject};
use crate::view::{View, Write};

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

/// What is known about a subject, as it is kept: a text, to which a record commits, with a salt in
/// it that no record holds. Whoever erases it erases both (U-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// What it says.
    pub personal: Personal,
    /// The text, in JSON.
    pub text: String,
}

impl Remembered {
    /// Personal data with a salt of its own, so that nobody guesses it from its hash.
    pub fn salted(salt: Uuid, personal: Personal) -> Self {
        #[derive(serde::Serialize)]
        struct Kept<'p> {
            salt: uuid::fmt::Simple,
            #[serde(flatten)]
            personal: &'p Personal,
        }
        let text = serde_json::to_string(&Kept { salt: salt.simple(), personal: &personal });
        Self { text: text.expect("personal data has string keys and finite numbers"), personal }
    }
}

/// What a store should keep of somebody's personal data, as its records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// What they commit to.
    Committed(Hash),
    /// Nothing: it was erased.
    Erased,
    /// They do not say: records of before there were commitments were about them.
    Unsaid,
}

impl Vouched {
    /// How personal data that is there, or is not, differs from what a record says of it.
    pub fn differs(&self, subject: Subject, seq: u64, text: Option<&str>) -> Option<String> {
        match (self, text) {
            (Self::Committed(_), None) => Some(format!("is missing, which record {seq} knows")),
            (Self::Committed(hash), Some(text)) if Commitment::to(subject, text).hash != *hash => {
                Some(format!("is not what record {seq} says"))
            }
            (Self::Erased, Some(_)) => Some(format!("is there, which record {seq} erased")),
            _ => None,
        }
    }
}

#[cfg(feature = "testkit")]
impl From<Personal> for Remembered {
    fn from(personal: Personal) -> Self {
        Self::salted(Uuid::nil(), personal)
    }
}

/// The fingerprint of a request that is in no record, of which a rebuild made the receipt anew.
pub(crate) const LOST: Hash = Hash::from_bytes([u8::MAX; 32]);

/// What a store says of personal data that is not found by its address, which can be made anew.
pub(crate) const MISADDRESSED: &str = "its key is not that of its address";

/// The same of the ids that other systems know somebody by.
pub(crate) const MISPOINTED: &str = "the keys are not those of the ids that other systems know them by";

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
    pub changes: Vec<Write>,
    /// The subjects whose personal data is replaced or, with `None`, erased.
    pub people: Vec<(Subject, Option<Remembered>)>,
}

impl NewRecord {
    /// What the record commits to in `people`.
    pub fn commitments(people: &[(Subject, Option<Remembered>)]) -> Vec<Commitment> {
        let known = |(subject, known): &(Subject, Option<Remembered>)| {
            known.as_ref().map(|known| Commitment::to(*subject, &known.text))
        };
        people.iter().filter_map(known).collect()
    }
}

/// A store of tenantry's data.
pub trait Port: Send + Sync {
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

    /// The store as a file, if it is one.
    fn file(&self) -> Option<&dyn FilePort> {
        None
    }
}

/// What can be done with a store that is a file.
pub trait FilePort {
    /// Copies what there is at this moment to a path where nothing is, while others write on, and
    /// makes sure that the copy is whole; where its journal ends. It has its name once it is on the
    /// disk.
    ///
    /// # Errors
    /// `Taken` where something is there; when the copy cannot be made, and nothing of it is left.
    fn backup(&self, to: &Path) -> Result<Head, StoreError>;

    /// Gives back what the file has no use for; how many bytes. Writers wait meanwhile.
    ///
    /// # Errors
    /// `Busy`, `Full`; when the store cannot be written.
    fn compact(&self) -> Result<u64, StoreError>;

    /// The mark that the last commit has left in the file, if this is the file at that path and
    /// may be written to.
    ///
    /// # Errors
    /// `NotOurs` where it is another, `ReadOnly`; when the store cannot be read.
    #[cfg(feature = "sqlite")]
    fn marked(&self, path: &Path) -> Result<String, StoreError>;

    /// Wipes what was erased from the file's log, and says which record's erasure still is not,
    /// because somebody reads what was there before.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn erasure_pending(&self) -> Result<Option<u64>, StoreError>;
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

    /// The number of the rules of `apply` under which everything derived was made: the oldest of
    /// them, where commits followed under newer ones. 0 for a store of before they had one.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn rules(&self) -> Result<u32, StoreError>;

    /// How often what is derived was put right where it was otherwise than the records lead to:
    /// what was made of it before is not to be relied on.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn rebuilds(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// The last record of which something derived speaks, in more than one place: no later than the
    /// head, unless records were taken away.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn told(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// What of the store is not of this library's make, whatever its records say; nothing, where
    /// all of it is.
    ///
    /// # Errors
    /// `Damaged` when its structure does not fit together; `Newer` when only a newer library can
    /// tell; others when the store cannot be read.
    fn foreign(&self) -> Result<Option<String>, StoreError>;

    /// A store of the same make, empty, in which the same records are written a second time, to
    /// compare what is stored with what they lead to. It is gone when it is dropped.
    ///
    /// # Errors
    /// When there is no room for it.
    fn retell(&self) -> Result<Box<dyn Retelling + '_>, StoreError>;
}

/// Whether nothing more needs to be told.
pub(crate) type Enough = bool;

/// Tells the records of a reading a second time.
pub(crate) type Tell<'t> = dyn FnMut(&dyn Reading, &mut dyn Retelling) -> Result<(), StoreError> + 't;

/// What a rebuild has put right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// How many rows were stored otherwise than the records lead to.
    pub rows: u64,
    /// What the first of them were, as [`Retelling::difference`] says it.
    pub first: Vec<String>,
    /// Whether something moved within the file that erasure has to find: the file should be written
    /// anew.
    pub moved: bool,
}

impl Mended {
    /// How many differences are told one by one.
    pub const TOLD: usize = 32;

    /// Takes note of a row.
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        self.rows += 1;
        if self.first.len() < Self::TOLD {
            self.first.push(what());
        }
    }
}

/// The records of a reading, written a second time.
pub trait Retelling {
    /// The world that the records told so far lead to.
    fn view(&self) -> &dyn View;

    /// Appends records that follow on those before, and everything that changes by them.
    ///
    /// # Errors
    /// When they do not follow, or there is no room for them.
    fn append(&mut self, records: Vec<NewRecord>) -> Result<(), StoreError>;

    /// Takes note of what a record says of personal data: of each subject, the last word counts.
    ///
    /// # Errors
    /// When there is no room for it.
    fn note(&mut self, seq: u64, subject: Subject, known: Vouched) -> Result<(), StoreError>;

    /// How many tables there are to compare.
    fn tables(&self) -> usize;

    /// The first thing in one of these tables that is stored otherwise than it is told here, and
    /// where.
    ///
    /// # Errors
    /// When either cannot be read.
    fn difference(&self, table: usize) -> Result<Option<String>, StoreError>;

    /// How many receipts were lost and made anew.
    ///
    /// # Errors
    /// When it cannot be read.
    fn lost(&self) -> Result<u64, StoreError>;

    /// Tells of each piece of personal data that is not where it belongs, or not what was noted of
    /// it, and whose; of `everybody`, or of those alone of whom something was noted. Ends with the
    /// first that is told enough.
    ///
    /// # Errors
    /// When either cannot be read.
    fn misremembered(
        &self,
        everybody: bool,
        tell: &mut dyn FnMut(String) -> Enough,
    ) -> Result<(), StoreError>;
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

    /// Puts right whatever is derived and is stored otherwise than the records lead to: all or
    /// nothing, durable on return. Personal data stays as it is. `tell` gets a reading of what
    /// there is, and tells its records; where it fails, nothing is done.
    ///
    /// # Errors
    /// As for [`Writing::commit`]; `Damaged` where not even the structure of the store can be made
    /// to hold.
    fn rebuild(self: Box<Self>, tell: &mut Tell<'_>) -> Result<Mended, StoreError>;

    /// Remembers the last record that a consumer has acknowledged; it never moves back.
    ///
    /// # Errors
    /// As for [`Writing::commit`].
    fn acknowledge(self: Box<Self>, consumer: &str, seq: u64) -> Result<(), StoreError>;
}

/// Where the journal ends after this record, if it follows on the end before.
pub(crate) fn follow(head: &Head, new: &NewRecord) -> Result<Head, StoreError> {
    let StoredRecord { seq, text, hash } = &new.record;
    if Some(*seq) == head.seq.checked_add(1) && *hash == head.hash.chain(text) {
        Ok(Head { seq: *seq, hash: *hash, at: Some(new.at) })
    } else {
        Err(StoreError::Io(format!("record {seq} does not follow on record {} with its hash", head.seq)))
    }
}
