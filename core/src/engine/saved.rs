//! The access index in a file of its own, so that a restart need not read the whole store: whether
//! one that is there is believed, and how one is put there. The store is right and the file a copy:
//! whatever is wrong with that, the index is built of the store.

use std::fs::{self, File};
use std::path::Path;

use uuid::Uuid;

use super::error::Error;
use super::records::hash_of;
use super::token::Token;
use crate::index::{Follower, IndexBytes, SavedIndex};
use crate::journal::Hash;
use crate::store::{Draft, Reading, StoreError};

/// How many records it may be behind: beyond that, following up takes as long as building.
const MOST_BEHIND: u64 = 500_000;

/// What an index was made of, and what it has come to.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    /// The store and the record.
    pub(super) token: Token,
    /// How often what is derived had been put right when the index was made of it.
    pub(super) rebuilds: u64,
}

/// Under what an index is saved: what tells this store, its history up to there and what was
/// derived of it from all others. Only who can read the store can make it.
fn key(reading: &dyn Reading, Origin { token, rebuilds }: Origin) -> Result<Hash, Error> {
    let first = hash_of(reading, 1)?.unwrap_or(Hash::GENESIS);
    Ok(Hash::of(format!("access index of {first}, rebuilt {rebuilds} times, at {token}")))
}

/// The index that was saved at a path, as it was then, and the record that it is of; none, where
/// there is none to be believed, whatever the reason.
pub(super) fn load(
    path: &Path,
    reading: &dyn Reading,
    (epoch, rebuilds): (Uuid, u64),
    seed: u64,
) -> Option<(Follower, Hash)> {
    let saved = SavedIndex::open(open(path)?)?;
    let (seq, head) = (saved.seq(), reading.head().ok()?.seq);
    if seq > head || head - seq > MOST_BEHIND {
        return None;
    }
    let hash = hash_of(reading, seq).ok()??;
    let key = key(reading, Origin { token: Token { epoch, seq, hash }, rebuilds }).ok()?;
    let before = reading.as_of(seq).ok()?;
    Some((Follower::load(saved, &key, seed, &*before)?, hash))
}

/// The file, if it is one and nobody but its owner can write to it.
fn open(path: &Path) -> Option<File> {
    let admitted = |found: fs::Metadata| {
        #[cfg(unix)]
        let alone = std::os::unix::fs::MetadataExt::mode(&found) & 0o022 == 0;
        #[cfg(not(unix))]
        let alone = true;
        found.is_file() && alone
    };
    // What is no file is not even opened: that might wait.
    fs::metadata(path).ok().filter(|found| admitted(found.clone()))?;
    let file = File::open(path).ok()?;
    file.metadata().is_ok_and(admitted).then_some(file)
}

/// Refuses to put an index in place of anything but another one: a store, say, or its log.
fn admit(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        // Of what is no file either, more is said where it is tried.
        Ok(found) if !found.is_dir() => {
            match found.is_file() && File::open(path).is_ok_and(SavedIndex::is_one) {
                true => Ok(()),
                false => Err(StoreError::Taken {
                    path: path.to_owned(),
                    why: "what is there is no saved index".to_owned(),
                }),
            }
        }
        _ => Ok(()),
    }
}

/// Puts an index as it was at a revision into a file: the whole of it, in place of one that is
/// there.
pub(super) fn save(
    path: &Path,
    index: &IndexBytes,
    reading: &dyn Reading,
    origin: Origin,
) -> Result<(), Error> {
    admit(path)?;
    let key = key(reading, origin)?;
    let mut draft = Draft::begin(path)?;
    draft.write(|file| index.write(&key, file))?;
    Ok(draft.publish(true)?)
}
