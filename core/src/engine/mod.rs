//! The engine: the only stateful shell. Brings store, clock and ids together; decides nothing
//! itself.
//!
//! Commands that wait at the same time are executed one by one and committed together. A check
//! reads the store and is always fresh.

mod access;
mod error;
mod lock;
mod moment;
mod options;
mod queue;
mod receipt;
mod records;
mod token;
mod transaction;
mod verify;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

pub use error::Error;
pub use moment::{Moment, Past, Snapshot};
pub use options::{Clock, HOWEVER_FAR, Options, SystemClock};
pub use receipt::{Executed, Receipt};
pub use token::{NotAToken, Token};
pub use verify::Flaw;
pub use watch::Watch;

use crate::base::ids::RequestId;
use crate::base::time::Timestamp;
use crate::command::{Act, Request};
use crate::decide::Step;
use crate::effect;
use crate::event::Event;
use crate::index::AccessIndex;
use crate::journal::Record;
use crate::model::Actor;
use crate::notice::{self, Notice};
use crate::query::{Question, Verdict};
use crate::refusal::{Code, Refusal};
use crate::rules::World;
use crate::store::memory::MemoryStore;
use crate::store::{Store, Writing};

use access::LiveIndex;
use queue::CommitQueue;
use records::{PAGE, decoded, hash_of};
use transaction::{Chain, LeftOut, Transaction};

/// Notices that wait for a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mail {
    /// The notices, in order.
    pub notices: Vec<Notice>,
    /// The record to acknowledge once they are delivered.
    pub through: u64,
}

/// tenantry on a store. `Send` and `Sync`: share one among threads.
pub struct Engine {
    store: Box<dyn Store>,
    options: Options,
    queue: CommitQueue,
    index: LiveIndex,
    left_out: LeftOut,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("epoch", &self.store.epoch())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine in memory, with the machine's clock and the default policy.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn memory() -> Result<Self, Error> {
        Self::new(MemoryStore::new(Uuid::now_v7()), Options::default())
    }

    /// An engine on an SQLite file, which is created where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, or is not a tenantry store.
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        Self::open_with(path, Options::default())
    }

    /// An engine on an SQLite file, with a clock, a policy or other options of the host's own.
    ///
    /// # Errors
    /// As for [`Self::open`], and when the policy contradicts itself.
    #[cfg(feature = "sqlite")]
    pub fn open_with(path: impl AsRef<std::path::Path>, options: Options) -> Result<Self, Error> {
        Self::new(crate::store::sqlite::SqliteStore::open(path.as_ref(), Default::default())?, options)
    }

    /// An engine on any store. A store without records gets the policy of `options`.
    ///
    /// # Errors
    /// When the store cannot be read or written, or the policy contradicts itself.
    pub fn new(store: impl Store + 'static, options: Options) -> Result<Self, Error> {
        let engine = Self {
            store: Box::new(store),
            options,
            queue: CommitQueue::default(),
            index: LiveIndex::default(),
            left_out: LeftOut::default(),
        };
        if engine.store.read()?.head()?.seq == 0 {
            engine.found()?;
        }
        Ok(engine)
    }

    /// Writes the first record, unless another process was faster.
    fn found(&self) -> Result<(), Error> {
        let policy = &self.options.policy;
        if let Err(error) = policy.validate() {
            return Err(Refusal::new(Code::InvalidPolicy, error).into());
        }
        let writing = self.store.write()?;
        let head = writing.head()?;
        if head.seq > 0 {
            return Ok(());
        }
        let mut chain = Chain::new(writing.view(), head, self.options.moment()?);
        let events = vec![Event::PolicySet { policy: Box::new(policy.clone()) }];
        chain.note(Actor::OPERATOR, "set_policy", events)?;
        let (records, _) = chain.into_records();
        Ok(writing.commit(records)?)
    }

    /// A new id, made as those that commands leave out are.
    pub fn new_id(&self) -> Uuid {
        (self.options.ids)()
    }

    /// Executes a command under a new request id.
    ///
    /// # Errors
    /// The command's refusals; a broken store.
    pub fn execute<C: Act>(&self, actor: impl Into<Actor>, command: C) -> Result<Receipt<C::Outcome>, Error> {
        self.execute_as(RequestId::from_uuid(self.new_id()), actor, command)
    }

    /// Executes a command under a request id of the caller's: asking again is safe, and answers
    /// with the first receipt.
    ///
    /// # Errors
    /// The command's refusals, `request_reused`; a broken store.
    pub fn execute_as<C: Act>(
        &self,
        id: RequestId,
        actor: impl Into<Actor>,
        command: C,
    ) -> Result<Receipt<C::Outcome>, Error> {
        let request =
            Request { id, actor: actor.into(), expected_seq: None, command: command.clone().into() };
        Ok(self.submit(request)?.map(|events| command.outcome(&events)))
    }

    /// Executes a request and answers with the events it led to.
    ///
    /// # Errors
    /// The command's refusals, `request_reused`, `stale_seq`, `clock_behind`, `clock_ahead`; a
    /// broken store.
    pub fn submit(&self, request: Request) -> Executed {
        self.queue.submit(request, |requests| self.run(requests))
    }

    /// Executes several requests, one after the other, in one commit; each is answered for itself.
    pub fn submit_all(&self, requests: Vec<Request>) -> Vec<Executed> {
        self.run(&requests.iter().collect::<Vec<_>>())
    }

    fn run(&self, requests: &[&Request]) -> Vec<Executed> {
        match self.transact(requests) {
            Ok(answers) => answers,
            Err(error) => requests.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn begin<'t>(&'t self, writing: &'t dyn Writing) -> Result<Transaction<'t>, Error> {
        Transaction::new(self.store.epoch(), &self.options, &self.left_out, writing)
    }

    fn transact(&self, requests: &[&Request]) -> Result<Vec<Executed>, Error> {
        let writing = self.store.write()?;
        let mut transaction = self.begin(&*writing)?;
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            match transaction.execute(request) {
                Err(error @ Error::Store(_)) => return Err(error),
                answer => answers.push(answer),
            }
        }
        let (records, committed) = transaction.chain.into_records();
        if !records.is_empty() {
            writing.commit(records)?;
            self.index.follow(&*self.store, &committed);
        }
        Ok(answers)
    }

    /// Lets everything happen that time alone brings about: handshakes lapse, links are announced
    /// and end. Every command first does so with what is due about whatever it names, and with some
    /// of the rest; a host that has none for long calls this so that notices go out in time.
    /// Commits now and again, so that others get to write meanwhile.
    ///
    /// # Errors
    /// `clock_behind`, `clock_ahead`; a broken store.
    pub fn sweep(&self) -> Result<u64, Error> {
        self.sweep_all(false)
    }

    /// Says that the clock is right although it is far ahead of the journal, as after a long rest
    /// (`clock_ahead`). Sweeps, and writes a record at this moment even where nothing is due, so
    /// that commands go on from here. Nothing takes it back.
    ///
    /// # Errors
    /// `clock_behind`; a broken store.
    pub fn accept_clock(&self) -> Result<u64, Error> {
        self.sweep_all(true)
    }

    fn sweep_all(&self, ahead_is_right: bool) -> Result<u64, Error> {
        let mut happened = 0;
        loop {
            let writing = self.store.write()?;
            let mut transaction = self.begin(&*writing)?;
            transaction.bar_clock(ahead_is_right)?;
            let more = transaction.sweep(PAGE, None)?;
            let swept = transaction.chain.len();
            if ahead_is_right && happened + swept == 0 {
                transaction.chain.append(Actor::Clock, None, "sweep", Step::default());
            }
            happened += swept;
            let (records, committed) = transaction.chain.into_records();
            if !records.is_empty() {
                writing.commit(records)?;
                self.index.follow(&*self.store, &committed);
            }
            if !more {
                return Ok(happened);
            }
        }
    }

    /// This moment, by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// A consistent reading of the present, for several questions.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn read(&self) -> Result<Snapshot<'_>, Error> {
        let reading = self.store.read()?;
        let head = reading.head()?;
        let now = self.options.moment()?;
        let at = head.at.map_or(now, |last| last.max(now));
        Ok(Snapshot { reading, head, at, epoch: self.store.epoch() })
    }

    /// Whether a user may do something now, and why (P).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such; when the store
    /// cannot be read. Never an allow.
    pub fn check(&self, question: &Question) -> Result<Verdict, Error> {
        self.read()?.now()?.check(question)
    }

    /// The revision the store is at.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn token(&self) -> Result<Token, Error> {
        Ok(self.read()?.token())
    }

    /// Makes sure that a token is of this store's history and the store has come at least that far.
    ///
    /// # Errors
    /// `Diverged` when it is not.
    pub fn confirm(&self, token: &Token) -> Result<(), Error> {
        let hash = hash_of(&*self.store.read()?, token.seq)?;
        if token.epoch == self.store.epoch() && hash == Some(token.hash) {
            Ok(())
        } else {
            Err(Error::Diverged { token: *token })
        }
    }

    /// Up to `limit` records after `seq`.
    ///
    /// # Errors
    /// When the store cannot be read, or a record cannot.
    pub fn records_after(&self, seq: u64, limit: usize) -> Result<Vec<Record>, Error> {
        self.store.read()?.records_after(seq, limit)?.iter().map(decoded).collect()
    }

    /// Up to about `limit` notices that a consumer has not acknowledged (A-4). The same again until
    /// it does.
    ///
    /// A consumer works through them in order and acknowledges each record when its last notice is
    /// done with: delivered, or given up. What is refused for good, an address that no longer
    /// exists say, is the host's affair to note down and go on from; acknowledging means that
    /// nobody need be told again, not that everybody was reached. A refusal that may pass is left
    /// unacknowledged and comes again, with everything after it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn notices(&self, consumer: &str, limit: usize) -> Result<Mail, Error> {
        let reading = self.store.read()?;
        let mut through = reading.cursor(consumer)?;
        let mut notices = Vec::new();
        loop {
            let page = reading.records_after(through, PAGE)?;
            for stored in &page {
                let record = decoded(stored)?;
                if record.events.iter().any(|event| effect::of(event).told) {
                    let view = reading.as_of(record.seq)?;
                    notices.extend(notice::of_record(&World::reading(&*view, record.at)?, &record)?);
                }
                through = record.seq;
                if notices.len() >= limit {
                    return Ok(Mail { notices, through });
                }
            }
            if page.len() < PAGE {
                return Ok(Mail { notices, through });
            }
        }
    }

    /// Takes a consumer's word that everything through record `seq` is delivered; its cursor never
    /// moves back (A-4).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn acknowledge(&self, consumer: &str, seq: u64) -> Result<(), Error> {
        Ok(self.store.write()?.acknowledge(consumer, seq)?)
    }

    /// Replays the whole journal and compares the result with the present (Q-3). Returns the
    /// revision that holds.
    ///
    /// # Errors
    /// The store could not be read; or, inside, the first record that does not hold.
    pub fn verify(&self) -> Result<Result<Token, Flaw>, Error> {
        let reading = self.store.read()?;
        let head = reading.head()?;
        Ok(match verify::replay(&*reading, &head)? {
            Err(flaw) => Err(flaw),
            Ok(world) => match verify::compare(&*reading, &world)? {
                Some(why) => Err(Flaw { seq: head.seq, why }),
                None => Ok(Token { epoch: self.store.epoch(), seq: head.seq, hash: head.hash }),
            },
        })
    }

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
        self.index.get(&*self.store)
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
        self.index.refresh(&*self.store)
    }

    /// Asks the index something long while it does not change, where it changes too often to be
    /// read otherwise ([`crate::index::Overtaken`]). Commits wait meanwhile; checks do not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn hold_still<T>(&self, ask: impl FnOnce(&AccessIndex) -> T) -> Result<T, Error> {
        self.index.hold_still(&*self.store, ask)
    }

    /// Refreshes the access index every so often, from a thread, until the returned [`Watch`] is
    /// dropped.
    ///
    /// # Errors
    /// When the store cannot be read, or there are no more threads to be had.
    pub fn watch(self: &Arc<Self>, every: Duration) -> Result<Watch, Error> {
        self.access_index()?;
        let engine = Arc::clone(self);
        Watch::start(every, move || engine.refresh().err())
    }
}
