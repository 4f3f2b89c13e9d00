//! The access index of an engine: built when first asked for, current with the engine's own commits
//! at once, and with those of other processes when it is refreshed.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::Error;
use super::token::Token;
use super::{Engine, PAGE, decoded, lock};
use crate::decide::changes_of;
use crate::index::{AccessIndex, Follower};
use crate::journal::Hash;
use crate::store::Reading;
use crate::view::{Change, Overlay};

/// A record as the access index follows it: where it stands, and the entities it changed.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) seq: u64,
    pub(super) hash: Hash,
    pub(super) changes: Vec<Change>,
}

/// The index, and the last record that is in it.
pub(super) struct Followed {
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
    fn catch_up(&mut self, reading: &dyn Reading, engine: &Engine) -> Result<(), Error> {
        let token = Token { epoch: engine.store.epoch(), seq: self.seq(), hash: self.hash };
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

/// The hash of a record; of the first that follows on nothing, where there is none yet.
pub(super) fn hash_of(reading: &dyn Reading, seq: u64) -> Result<Option<Hash>, Error> {
    Ok(match seq.checked_sub(1) {
        None => Some(Hash::GENESIS),
        Some(before) => reading.records_after(before, 1)?.first().map(|record| record.hash),
    })
}

impl Engine {
    /// The access index: for checks that must cost nanoseconds. Built when first asked for, which
    /// reads every user, tenant, link and assignment once. This engine's own commits are in it when
    /// they are acknowledged; those of other processes when [`Engine::refresh`] is called, or now
    /// and again if the host wants so ([`Engine::watch`]).
    ///
    /// ```
    /// # use tenantry::{command::*, engine::Engine, model::{Actor, TenantKind}};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::memory()?;
    /// let index = engine.access_index()?;
    /// let view = index.permission("users.view")?;
    ///
    /// let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// assert!(index.check(ada, view, msp, || engine.now()).allowed());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn access_index(&self) -> Result<Arc<AccessIndex>, Error> {
        if let Some(index) = self.index.get() {
            return Ok(Arc::clone(index));
        }
        let mut followed = lock(&self.followed);
        if let Some(followed) = &*followed {
            return Ok(Arc::clone(followed.follower.index()));
        }
        let reading = self.store.read()?;
        let head = reading.head()?;
        let follower = Follower::build(reading.view(), head.seq, RandomState::new().hash_one(head.seq))?;
        let index = Arc::clone(follower.index());
        *followed = Some(Followed { follower, hash: head.hash });
        Ok(Arc::clone(self.index.get_or_init(|| index)))
    }

    /// The access index at the token's revision or a later one, so that what the holder of the
    /// token has seen counts.
    ///
    /// # Errors
    /// `Diverged` when the token is not of this store's history; when the store cannot be read.
    pub fn access_index_since(&self, token: &Token) -> Result<Arc<AccessIndex>, Error> {
        let index = self.access_index()?;
        if token.epoch != self.store.epoch() {
            return Err(Error::Diverged { token: *token });
        }
        if index.seq() < token.seq {
            self.confirm(token)?;
            self.refresh()?;
        }
        Ok(index)
    }

    /// Takes what other processes have written since into the access index, if there is one.
    /// Returns the store's revision.
    ///
    /// # Errors
    /// `Diverged` when the store's history is another than the one the index followed: open the
    /// store anew. When the store cannot be read.
    pub fn refresh(&self) -> Result<Token, Error> {
        let mut followed = lock(&self.followed);
        let reading = self.store.read()?;
        let head = reading.head()?;
        if let Some(followed) = &mut *followed {
            followed.catch_up(&*reading, self)?;
        }
        Ok(Token { epoch: self.store.epoch(), seq: head.seq, hash: head.hash })
    }

    /// Asks the index something long while it does not change, where it changes too often to be
    /// read otherwise ([`crate::index::Overtaken`]). Commits wait meanwhile; checks do not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn hold_still<T>(&self, ask: impl FnOnce(&AccessIndex) -> T) -> Result<T, Error> {
        let index = self.access_index()?;
        let _still = lock(&self.followed);
        Ok(ask(&index))
    }

    /// Refreshes the access index every so often, from a thread, until the returned [`Watch`] is
    /// dropped.
    ///
    /// # Errors
    /// When the store cannot be read, or there are no more threads to be had.
    pub fn watch(self: &Arc<Self>, every: Duration) -> Result<Watch, Error> {
        self.access_index()?;
        let shared = Arc::new(Shared::default());
        let (engine, told) = (Arc::clone(self), Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("tenantry-watch".to_owned()).spawn(move || {
            while !told.wait(every) {
                let trouble = engine.refresh().err();
                lock(&told.state).trouble = trouble;
            }
        });
        match thread {
            Ok(thread) => Ok(Watch { shared, thread: Some(thread) }),
            Err(error) => Err(crate::store::StoreError::Io(error.to_string()).into()),
        }
    }

    /// Brings a commit of this engine into the index, if there is one.
    pub(super) fn follow(&self, records: &[Committed]) {
        let mut followed = lock(&self.followed);
        let Some(followed) = &mut *followed else { return };
        for record in records {
            if record.seq == followed.seq() + 1 {
                followed.take(record);
            } else if record.seq > followed.seq() {
                // Others have committed in between. Should they not be readable now, the next
                // commit or refresh makes up for it: the commit itself is done and acknowledged.
                let _ = self
                    .store
                    .read()
                    .map_err(Error::from)
                    .and_then(|reading| followed.catch_up(&*reading, self));
                return;
            }
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<WatchState>,
    stop: Condvar,
}

#[derive(Default)]
struct WatchState {
    stopped: bool,
    trouble: Option<Error>,
}

impl Shared {
    /// Waits; true once it is over.
    fn wait(&self, time: Duration) -> bool {
        let state = lock(&self.state);
        let waited = self.stop.wait_timeout_while(state, time, |state| !state.stopped);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopped
    }
}

/// Keeps an access index fresh until it is dropped; hold on to it, or rights that other processes
/// take away stay in the index. A process that forks has none in the child.
#[must_use = "the index is kept fresh only while this is held: `let _watch = …`"]
pub struct Watch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("trouble", &self.trouble()).finish_non_exhaustive()
    }
}

impl Watch {
    /// Why the last refresh failed, if it did. The next one may succeed, unless the store's history
    /// has diverged.
    pub fn trouble(&self) -> Option<Error> {
        lock(&self.shared.state).trouble.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.shared.state).stopped = true;
        self.shared.stop.notify_all();
        if let Some(thread) = self.thread.take() {
            // Were it to panic, it would have said so by now, and there is nothing to be undone.
            let _ = thread.join();
        }
    }
}
