//! The journal's records as they are read: page by page, decoded, found by their number.

use super::error::Error;
use crate::journal::{Hash, Record};
use crate::store::{Reading, StoreError, StoredRecord};

/// How many records are read at a time.
pub(super) const PAGE: usize = 256;

/// A record from its text, which carries the number that it is stored under: whoever reads on from
/// a record gets ahead.
pub(super) fn decoded(stored: &StoredRecord) -> Result<Record, StoreError> {
    let damaged =
        |why: String| StoreError::Damaged { what: format!("record {} cannot be read: {why}", stored.seq) };
    let record = Record::decode(&stored.text).map_err(|error| damaged(error.why))?;
    if record.seq == stored.seq {
        Ok(record)
    } else {
        Err(damaged(format!("it carries the number {}", record.seq)))
    }
}

/// The hash of a record; of the first that follows on nothing, where there is none yet.
pub(super) fn hash_of(reading: &dyn Reading, seq: u64) -> Result<Option<Hash>, Error> {
    Ok(match seq.checked_sub(1) {
        None => Some(Hash::GENESIS),
        Some(before) => reading.records_after(before, 1)?.first().map(|record| record.hash),
    })
}
