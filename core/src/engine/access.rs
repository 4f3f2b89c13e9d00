//! The access index of an engine: built when first asked for, current with the engine's own commits
//! at once, and with those of other processes when it is refreshed.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, OnceLock};

use uuid::Uuid;

use super::error::Error;
use super::lock::lock;
use super::records::{PAGE, decoded, hash_of};
use super::token::Token;
use crate::decide::changes_of;
use crate::index::{AccessIndex, Follower};
use crate::journal::Hash;
use crate::store::{Reading, Store};
use crate::view::{Change, Overlay};

/// A record as the access index follows it: where it stands, and the entities it changed.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) seq: u64,
    pub(super) hash: Hash,
    pub(super) changes: Vec<Change>,
}

/// The index, and the last record that is in it.
struct Followed {
    follower: Follower,
    hash: Hash,
}

impl Followed {
    fn seq(&self) -> u64 {
        self.follower.index().seq()
    }

    fn take(&mut self, record: &Committed) {
        self.follower.follow(record.seq, &record.changes);
        self.hash = record.hash;
    }

    /// Takes what records have brought since, in order.
    fn catch_up(&mut self, reading: &dyn Reading, epoch: Uuid) -> Result<(), Error> {
        let token = Token { epoch, seq: self.seq(), hash: self.hash };
        if hash_of(reading, token.seq)? != Some(token.hash) {
            return Err(Error::Diverged { token });
        }
        loop {
            let records = reading.records_after(self.seq(), PAGE)?;
            let before = reading.as_of(self.seq())?;
            let mut world = Overlay::over(&*before);
            for stored in &records {
                let record = decoded(stored)?;
                let changes = changes_of(&world, &record.events, record.at)?;
                changes.iter().for_each(|change| world.change(change.clone()));
                self.take(&Committed { seq: stored.seq, hash: stored.hash, changes });
            }
            if records.len() < PAGE {
                return Ok(());
            }
        }
    }
}

/// An engine's access index, which is built when it is first asked for.
#[derive(Default)]
pub(super) struct LiveIndex {
    followed: Mutex<Option<Followed>>,
    index: OnceLock<Arc<AccessIndex>>,
}

impl LiveIndex {
    /// The index, built of the store as it is where there is none.
    pub(super) fn get(&self, store: &dyn Store) -> Result<Arc<AccessIndex>, Error> {
        if let Some(index) = self.index.get() {
            return Ok(Arc::clone(index));
        }
        let mut followed = lock(&self.followed);
        if let Some(followed) = &*followed {
            return Ok(Arc::clone(followed.follower.index()));
        }
        let reading = store.read()?;
        let head = reading.head()?;
        let follower = Follower::build(reading.view(), head.seq, RandomState::new().hash_one(head.seq))?;
        let index = Arc::clone(follower.index());
        *followed = Some(Followed { follower, hash: head.hash });
        Ok(Arc::clone(self.index.get_or_init(|| index)))
    }

    /// Takes what the store has by now into the index, if there is one.
    pub(super) fn refresh(&self, store: &dyn Store) -> Result<Token, Error> {
        let mut followed = lock(&self.followed);
        let reading = store.read()?;
        let head = reading.head()?;
        if let Some(followed) = &mut *followed {
            followed.catch_up(&*reading, store.epoch())?;
        }
        Ok(Token { epoch: store.epoch(), seq: head.seq, hash: head.hash })
    }

    /// Asks the index something while it does not change.
    pub(super) fn hold_still<T>(
        &self,
        store: &dyn Store,
        ask: impl FnOnce(&AccessIndex) -> T,
    ) -> Result<T, Error> {
        let index = self.get(store)?;
        let _still = lock(&self.followed);
        Ok(ask(&index))
    }

    /// Brings a commit of this engine into the index, if there is one.
    pub(super) fn follow(&self, store: &dyn Store, records: &[Committed]) {
        let mut followed = lock(&self.followed);
        let Some(followed) = &mut *followed else { return };
        for record in records {
            if record.seq == followed.seq() + 1 {
                followed.take(record);
            } else if record.seq > followed.seq() {
                // Others have committed in between. Should they not be readable now, the next
                // commit or refresh makes up for it: the commit itself is done and acknowledged.
                let _ = store
                    .read()
                    .map_err(Error::from)
                    .and_then(|reading| followed.catch_up(&*reading, store.epoch()));
                return;
            }
        }
    }
}
