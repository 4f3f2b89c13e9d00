//! The engine: the only stateful shell. Brings store, clock and ids together; decides nothing
//! itself.
//!
//! Commands that wait at the same time are executed one by one and committed together. A check
//! reads the store and is always fresh.

mod access;
mod error;
mod host;
mod moment;
mod token;
mod transaction;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

use serde::Serialize;
use uuid::Uuid;

pub use access::Watch;
pub use error::Error;
pub use host::{AnyEntity, EntityKind, HeldDevice, Host, Of};
pub use moment::{Moment, Past, Snapshot};
pub use token::{NotAToken, Token};
pub use verify::Flaw;

use crate::answer::Seal;
use crate::base::ids::{RequestId, UserId};
use crate::base::time::Timestamp;
use crate::command::{Act, Request};
use crate::decide::Step;
use crate::effect;
use crate::event::Event;
use crate::index::AccessIndex;
use crate::journal::{Hash, Record};
use crate::model::Actor;
use crate::notice::{self, Notice};
use crate::policy::Policy;
use crate::query::{Ask, Question, Verdict};
use crate::refusal::{Code, Refusal};
use crate::rules::World;
use crate::store::memory::MemoryStore;
use crate::store::{Reading, Store, StoreError, StoredRecord};

use access::{Followed, hash_of};
use transaction::{Chain, Transaction};

/// How many records are read at a time.
const PAGE: usize = 256;

/// For the tolerances of [`Options`]: no bound.
pub const HOWEVER_FAR: u32 = u32::MAX;

/// What time it is. One that says [`Timestamp::MAX`] says that it does not know: everything is
/// refused then (`clock_ahead`).
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_datetime(chrono::Utc::now())
    }
}

/// How an engine runs.
pub struct Options {
    /// What time it is; the machine's clock by default.
    pub clock: Box<dyn Clock>,
    /// Makes ids that callers left out; UUIDv7 by default.
    pub ids: Box<dyn Fn() -> Uuid + Send + Sync>,
    /// The policy of a store that is new; an existing store keeps its own.
    pub policy: Policy,
    /// Whether commands refused for lack of rights are journalled.
    pub record_refusals: bool,
    /// How far the clock may be ahead of the journal's last record before commands are refused
    /// (`clock_ahead`), in seconds; a year by default. A store in which nothing has happened for
    /// longer is woken by [`Engine::accept_clock`]. [`HOWEVER_FAR`] for no bound.
    pub clock_leap_seconds: u32,
    /// How far the clock may be behind the journal before commands are refused (`clock_behind`), in
    /// seconds. Within it, the journal's last moment counts.
    pub clock_tolerance_seconds: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemClock),
            ids: Box::new(Uuid::now_v7),
            policy: Policy::default(),
            record_refusals: true,
            clock_leap_seconds: 365 * 24 * 3_600,
            clock_tolerance_seconds: 300,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("policy", &self.policy.name)
            .field("record_refusals", &self.record_refusals)
            .field("clock_leap_seconds", &self.clock_leap_seconds)
            .field("clock_tolerance_seconds", &self.clock_tolerance_seconds)
            .finish_non_exhaustive()
    }
}

/// What an executed command answers with; the same again when the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Receipt<T> {
    /// The revision after it.
    pub token: Token,
    /// When it was executed.
    pub at: Timestamp,
    /// What the command answers.
    pub outcome: T,
}

impl<T> Receipt<T> {
    /// The record it led to.
    pub const fn seq(&self) -> u64 {
        self.token.seq
    }

    fn map<U>(self, read: impl FnOnce(T) -> U) -> Receipt<U> {
        Receipt { token: self.token, at: self.at, outcome: read(self.outcome) }
    }
}

/// Notices that wait for a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mail {
    /// The notices, in order.
    pub notices: Vec<Notice>,
    /// The record to acknowledge once they are delivered.
    pub through: u64,
}

/// What became of a request: its receipt with the events it led to, or why there is none.
pub type Executed = Result<Receipt<Vec<Event>>, Error>;

/// A request that waits for its turn, and where its answer goes.
struct Job {
    request: Request,
    answer: Arc<Mutex<Option<Executed>>>,
}

impl Job {
    fn new(request: Request) -> Self {
        Self { request, answer: Arc::default() }
    }
}

/// The requests that wait, and whether somebody is executing those that waited before.
#[derive(Default)]
struct Queue {
    waiting: Vec<Job>,
    busy: bool,
}

/// Whoever executes what waited. However that ends, everybody gets an answer and the next one gets
/// the turn.
struct Lead<'e> {
    engine: &'e Engine,
    jobs: Vec<Job>,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for job in &self.jobs {
            lock(&job.answer).get_or_insert_with(|| {
                Err(StoreError::OutcomeUnknown { why: "the thread that executed it has died".to_owned() }
                    .into())
            });
        }
        lock(&self.engine.queue).busy = false;
        self.engine.answered.notify_all();
    }
}

/// tenantry on a store. `Send` and `Sync`: share one among threads.
pub struct Engine {
    store: Box<dyn Store>,
    options: Options,
    queue: Mutex<Queue>,
    answered: Condvar,
    followed: Mutex<Option<Followed>>,
    index: OnceLock<Arc<AccessIndex>>,
    seal: OnceLock<Seal>,
    refusals_left_out: Mutex<BTreeMap<UserId, u64>>,
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
            queue: Mutex::default(),
            answered: Condvar::new(),
            followed: Mutex::default(),
            index: OnceLock::new(),
            seal: OnceLock::new(),
            refusals_left_out: Mutex::default(),
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
        let mut chain = Chain::new(writing.view(), head, self.moment()?);
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
        let job = Job::new(request);
        let answer = Arc::clone(&job.answer);
        let mut queue = lock(&self.queue);
        queue.waiting.push(job);
        loop {
            if let Some(answer) = lock(&answer).take() {
                return answer;
            }
            if queue.busy {
                queue = self.answered.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // Whoever finds nobody at it executes everything that waits by then; the others find
            // their answers.
            queue.busy = true;
            let lead = Lead { engine: self, jobs: std::mem::take(&mut queue.waiting) };
            drop(queue);
            self.run(&lead.jobs);
            drop(lead);
            queue = lock(&self.queue);
        }
    }

    /// Executes several requests, one after the other, in one commit; each is answered for itself.
    pub fn submit_all(&self, requests: Vec<Request>) -> Vec<Executed> {
        let jobs: Vec<Job> = requests.into_iter().map(Job::new).collect();
        self.run(&jobs);
        jobs.iter().map(|job| lock(&job.answer).take().expect("every job that is run is answered")).collect()
    }

    fn run(&self, jobs: &[Job]) {
        let answers = match self.transact(jobs) {
            Ok(answers) => answers,
            Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
        };
        for (job, answer) in jobs.iter().zip(answers) {
            *lock(&job.answer) = Some(answer);
        }
    }

    fn transact(&self, jobs: &[Job]) -> Result<Vec<Executed>, Error> {
        let writing = self.store.write()?;
        let mut transaction = Transaction::new(self, &*writing)?;
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            match transaction.execute(&job.request) {
                Err(error @ Error::Store(_)) => return Err(error),
                answer => answers.push(answer),
            }
        }
        let (records, committed) = transaction.chain.into_records();
        if !records.is_empty() {
            writing.commit(records)?;
            self.follow(&committed);
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
            let mut transaction = Transaction::new(self, &*writing)?;
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
                self.follow(&committed);
            }
            if !more {
                return Ok(happened);
            }
        }
    }

    /// This moment, for whatever is decided and answered by it.
    fn moment(&self) -> Result<Timestamp, Error> {
        let now = self.options.clock.now();
        if now == Timestamp::MAX { Err(Refusal::new(Code::ClockAhead, now).into()) } else { Ok(now) }
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
        let now = self.moment()?;
        let at = head.at.map_or(now, |last| last.max(now));
        let seal = self.seal(&*reading)?;
        Ok(Snapshot { reading, head, at, epoch: self.store.epoch(), seal })
    }

    /// What cursors are sealed with. Its secret is how the history began: only a token of the first
    /// record tells that, and it is the same for every process that has the store open.
    fn seal(&self, reading: &dyn Reading) -> Result<Seal, Error> {
        if let Some(seal) = self.seal.get() {
            return Ok(*seal);
        }
        let first = hash_of(reading, 1)?.unwrap_or(Hash::GENESIS);
        let seal = Seal::of(&format!("cursors of {} {first}", self.store.epoch()));
        Ok(*self.seal.get_or_init(|| seal))
    }

    /// Asks about the present.
    ///
    /// # Errors
    /// The refusals of the query; when the store cannot be read.
    pub fn ask<Q: Ask>(&self, query: Q) -> Result<Q::Answer, Error> {
        self.read()?.now()?.ask(query)
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
        let found = self.store.read()?.records_after(seq, limit)?;
        Ok(found.iter().map(decoded).collect::<Result<_, _>>()?)
    }

    /// Up to about `limit` notices that a consumer has not acknowledged. The same again until
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
                if record.events.iter().any(effect::is_told) {
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
    /// moves back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn acknowledge(&self, consumer: &str, seq: u64) -> Result<(), Error> {
        Ok(self.store.write()?.acknowledge(consumer, seq)?)
    }

    /// Replays the whole journal and compares the result with the present. Returns the
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
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What these guard is whole between any two steps, so a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn decoded(stored: &StoredRecord) -> Result<Record, StoreError> {
    Record::decode(&stored.text).map_err(|error| StoreError::Damaged {
        what: format!("record {} cannot be read: {error}", stored.seq),
    })
}
