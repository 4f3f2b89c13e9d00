//! The access index of an engine: loaded or built when first asked for, current with the engine's
//! own commits at once, and with those of other processes when it is refreshed.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use uuid::Uuid;

use super::error::Error;
use super::lock::lock;
use super::records::{PAGE, decoded, hash_of};
use super::saved::{self, Origin};
use super::token::Token;
use crate::base::time::Timestamp;
use crate::decide::changes_of;
use crate::index::{AccessIndex, Follower};
use crate::journal::Hash;
use crate::store::{Reading, Store};
use crate::view::{Overlay, Write};

/// A record as the access index follows it: where it stands, and the entities it changed.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) hash: Hash,
    pub(super) changes: Vec<Write>,
}

/// The index, the last record that is in it, and how often what is derived had been put right when
/// it was made of that: what is put right later, it does not hear of.
struct Followed {
    follower: Follower,
    hash: Hash,
    rebuilds: u64,
}

impl Followed {
    /// The index of what a reading sees: the one that was saved at a path and what has happened
    /// since, or one that is built.
    fn of(reading: &dyn Reading, epoch: Uuid, path: Option<&Path>) -> Result<Self, Error> {
        let head = reading.head()?;
        let (rebuilds, seed) = (reading.rebuilds()?, RandomState::new().hash_one(head.seq));
        let saved = path.and_then(|path| saved::load(path, reading, (epoch, rebuilds), seed));
        if let Some((follower, hash)) = saved {
            let mut followed = Self { follower, hash, rebuilds };
            head.at.into_iter().for_each(|at| followed.follower.reach(at));
            // What cannot be followed can perhaps be built.
            if followed.catch_up(reading, epoch).is_ok() {
                return Ok(followed);
            }
        }
        let follower = Follower::build(reading.view(), head.seq, seed)?;
        head.at.into_iter().for_each(|at| follower.reach(at));
        Ok(Self { follower, hash: head.hash, rebuilds })
    }

    fn seq(&self) -> u64 {
        self.follower.index().seq()
    }

    fn take(&mut self, record: &Committed) {
        self.follower.reach(record.at);
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
                self.take(&Committed { seq: stored.seq, at: record.at, hash: stored.hash, changes });
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
    /// The index, which is loaded from a path or built of the store as it is where there is none.
    pub(super) fn get(&self, store: &dyn Store, path: Option<&Path>) -> Result<Arc<AccessIndex>, Error> {
        if let Some(index) = self.index.get() {
            return Ok(Arc::clone(index));
        }
        let mut followed = lock(&self.followed);
        if let Some(followed) = &*followed {
            return Ok(Arc::clone(followed.follower.index()));
        }
        let made = Followed::of(&*store.read()?, store.epoch(), path)?;
        let index = Arc::clone(made.follower.index());
        *followed = Some(made);
        Ok(Arc::clone(self.index.get_or_init(|| index)))
    }

    /// Saves the index that was given out to a path; what revision that is.
    pub(super) fn save(&self, store: &dyn Store, path: &Path) -> Result<Token, Error> {
        let (index, origin) = {
            let followed = lock(&self.followed);
            let followed = followed.as_ref().expect("what was given out is followed");
            let token = Token { epoch: store.epoch(), seq: followed.seq(), hash: followed.hash };
            (followed.follower.save(), Origin { token, rebuilds: followed.rebuilds })
        };
        let (reading, token) = (store.read()?, origin.token);
        if hash_of(&*reading, token.seq)? != Some(token.hash) {
            return Err(Error::Diverged { token });
        }
        saved::save(path, &index, &*reading, origin)?;
        Ok(token)
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

    /// The index, if there is one and it stands at this very state, or can be brought there.
    #[cfg(feature = "sqlite")]
    pub(super) fn at(&self, store: &dyn Store, token: Token, rebuilds: u64) -> Option<Arc<AccessIndex>> {
        let mut followed = lock(&self.followed);
        let followed = followed.as_mut()?;
        if followed.seq() < token.seq {
            let reading = store.read().ok()?;
            followed.catch_up(&*reading, store.epoch()).ok()?;
        }
        let stands = Token { epoch: store.epoch(), seq: followed.seq(), hash: followed.hash };
        (stands == token && followed.rebuilds == rebuilds).then(|| Arc::clone(followed.follower.index()))
    }

    /// Asks an index of its own something while it does not change.
    pub(super) fn hold_still<T>(&self, index: &AccessIndex, ask: impl FnOnce(&AccessIndex) -> T) -> T {
        let _still = lock(&self.followed);
        ask(index)
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
