//! The engine: the only stateful shell. Brings store, clock and ids together; decides nothing itself.
//!
//! Commands that wait at the same time are executed one by one and committed together. A check reads the store and
//! is always fresh.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::about;
use crate::answer;
use crate::apply::apply;
use crate::base::ids::{RequestId, TenantId, UserId};
use crate::base::text::{IssueCategory, Number, Permission, Service};
use crate::base::time::Timestamp;
use crate::command::{Act, Command, Request};
use crate::decide::{decide, sweep};
use crate::event::Event;
use crate::journal::{Hash, Head, Record};
use crate::model::{Actor, Personal, Subject};
use crate::notice::{self, Notice};
use crate::policy::Policy;
use crate::query::{
    AuditFilter, AuditRow, CustomerDetails, CustomerQuery, CustomerRow, IntegrationRow, Page, Paging, Pin,
    Question, ResellerCustomerRow, ResellerQuery, TenantSummary, UserQuery, UserRow, Verdict,
};
use crate::refusal::{Code, Family, Refusal};
use crate::rules::{Decision, Ruling, Stop, World, access, alert};
use crate::store::memory::MemoryStore;
use crate::store::{NewRecord, Reading, Store, StoreError, StoredRecord, Writing};
use crate::view::{Entity, Index, Key, Kind, Memory, Overlay, Span, View, ViewError};

/// How many records are read at a time.
const PAGE: usize = 256;

/// Why the engine does not answer as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// An expected "no".
    #[error(transparent)]
    Refused(Refusal),
    /// A broken world. Shared, because commands that were to commit together fail together.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// What was answered could not be written out.
    #[error("the rows could not be written: {why}; see to the output and ask again")]
    Output {
        /// What the system says.
        why: String,
    },
    /// A token is not of this history: the store was restored from a backup, or is another one.
    #[error(
        "token `{token}` is not of this store's history; read again from the start, and find out who restored the store"
    )]
    Diverged {
        /// The token.
        token: Token,
    },
}

impl From<::csv::Error> for Error {
    fn from(error: ::csv::Error) -> Self {
        Self::Output { why: error.to_string() }
    }
}

impl Error {
    /// The refusal, if it is one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Store(_) | Self::Output { .. } | Self::Diverged { .. } => None,
        }
    }

    /// The refusal's code, if it is a refusal.
    pub fn code(&self) -> Option<Code> {
        self.refusal().map(|refusal| refusal.code)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<ViewError> for Error {
    fn from(error: ViewError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(refusal) => Self::Refused(refusal),
            Stop::Broken(error) => error.into(),
        }
    }
}

/// What time it is.
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
    /// How far the clock may be behind the journal before commands are refused (`clock_behind`), in seconds. Within
    /// it, the journal's last moment counts.
    pub clock_tolerance_seconds: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemClock),
            ids: Box::new(Uuid::now_v7),
            policy: Policy::default(),
            record_refusals: true,
            clock_tolerance_seconds: 300,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("policy", &self.policy.name)
            .field("record_refusals", &self.record_refusals)
            .field("clock_tolerance_seconds", &self.clock_tolerance_seconds)
            .finish_non_exhaustive()
    }
}

/// A revision of a store: which store, which record, and its hash, so that a restored backup or a fork of history is
/// noticed and not believed. Written as `epoch.seq.hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The store.
    pub epoch: Uuid,
    /// The record.
    pub seq: u64,
    /// The record's hash.
    pub hash: Hash,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.epoch, self.seq, self.hash)
    }
}

/// The text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a revision token; use one as it was given out")]
pub struct NotAToken;

impl FromStr for Token {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let mut parts = text.split('.');
        let (Some(epoch), Some(seq), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAToken);
        };
        Ok(Self {
            epoch: epoch.parse().map_err(|_| NotAToken)?,
            seq: seq.parse().map_err(|_| NotAToken)?,
            hash: hash.parse().map_err(|_| NotAToken)?,
        })
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What an executed command answers with; the same again when the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

/// The first record that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} does not hold: {why}")]
pub struct Flaw {
    /// The record; the head, where the present is not what the records lead to.
    pub seq: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Notices that wait for a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

/// Whoever executes what waited. However that ends, everybody gets an answer and the next one gets the turn.
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
        let engine =
            Self { store: Box::new(store), options, queue: Mutex::default(), answered: Condvar::new() };
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
        let mut chain = Chain::new(writing.view(), head, self.options.clock.now());
        let events = vec![Event::PolicySet { policy: Box::new(policy.clone()) }];
        chain.append(Actor::OPERATOR, None, "set_policy", events.into())?;
        let records = chain.into_records();
        Ok(writing.commit(records)?)
    }

    /// Executes a command under a new request id.
    ///
    /// # Errors
    /// The command's refusals; a broken store.
    pub fn execute<C: Act>(&self, actor: impl Into<Actor>, command: C) -> Result<Receipt<C::Outcome>, Error> {
        self.execute_as(RequestId::from_uuid((self.options.ids)()), actor, command)
    }

    /// Executes a command under a request id of the caller's: asking again is safe, and answers with the first receipt.
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
    /// The command's refusals, `request_reused`, `stale_seq`, `clock_behind`; a broken store.
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
            // Whoever finds nobody at it executes everything that waits by then; the others find their answers.
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
        let mut transaction = Transaction {
            engine: self,
            writing: &*writing,
            chain: Chain::new(writing.view(), writing.head()?, self.options.clock.now()),
            done: BTreeMap::new(),
        };
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            match transaction.execute(&job.request) {
                Err(error @ Error::Store(_)) => return Err(error),
                answer => answers.push(answer),
            }
        }
        let records = transaction.chain.into_records();
        if !records.is_empty() {
            writing.commit(records)?;
        }
        Ok(answers)
    }

    /// Lets everything happen that time alone brings about: handshakes lapse, links are announced and end. Every
    /// command does this first; a host that has none for long calls it so that notices go out in time.
    ///
    /// # Errors
    /// `clock_behind`; a broken store.
    pub fn sweep(&self) -> Result<u64, Error> {
        let writing = self.store.write()?;
        let mut transaction = Transaction {
            engine: self,
            writing: &*writing,
            chain: Chain::new(writing.view(), writing.head()?, self.options.clock.now()),
            done: BTreeMap::new(),
        };
        transaction.sweep()?;
        let records = transaction.chain.into_records();
        let happened = records.len() as u64;
        if happened > 0 {
            writing.commit(records)?;
        }
        Ok(happened)
    }

    /// A consistent reading of the present, for several questions.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn read(&self) -> Result<Snapshot<'_>, Error> {
        let reading = self.store.read()?;
        let head = reading.head()?;
        let at = head.at.map_or_else(|| self.options.clock.now(), |last| last.max(self.options.clock.now()));
        Ok(Snapshot { reading, head, at, epoch: self.store.epoch() })
    }

    /// Whether a user may do something now, and why (P).
    ///
    /// # Errors
    /// When the store cannot be read; never an allow.
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
        let reading = self.store.read()?;
        let hash = match token.seq.checked_sub(1) {
            None => Some(Hash::GENESIS),
            Some(before) => reading.records_after(before, 1)?.first().map(|record| record.hash),
        };
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

    /// Up to about `limit` notices that a consumer has not acknowledged. The same again until it does.
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
                if record.events.iter().any(Event::may_notify) {
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

    /// Takes a consumer's word that everything through record `seq` is delivered; its cursor never moves back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn acknowledge(&self, consumer: &str, seq: u64) -> Result<(), Error> {
        Ok(self.store.write()?.acknowledge(consumer, seq)?)
    }

    /// Replays the whole journal and compares the result with the present. Returns the revision that holds.
    ///
    /// # Errors
    /// The store could not be read; or, inside, the first record that does not hold.
    pub fn verify(&self) -> Result<Result<Token, Flaw>, Error> {
        let reading = self.store.read()?;
        let head = reading.head()?;
        Ok(match replay(&*reading, &head)? {
            Err(flaw) => Err(flaw),
            Ok(world) => match compare(&*reading, &world)? {
                Some(why) => Err(Flaw { seq: head.seq, why }),
                None => Ok(Token { epoch: self.store.epoch(), seq: head.seq, hash: head.hash }),
            },
        })
    }
}

/// Follows the chain from the first record, and builds the world the records lead to.
fn replay(reading: &dyn Reading, head: &Head) -> Result<Result<Memory, Flaw>, Error> {
    let mut world = Memory::new();
    let mut last = Head::EMPTY;
    loop {
        let page = reading.records_after(last.seq, PAGE)?;
        for stored in &page {
            let flaw = |why: &str| Ok(Err(Flaw { seq: last.seq + 1, why: why.to_owned() }));
            if stored.seq != last.seq + 1 {
                return flaw("the record is missing");
            }
            if stored.hash != last.hash.chain(&stored.text) {
                return flaw("its hash does not follow from the record before and its text");
            }
            let Ok(record) = Record::decode(&stored.text) else { return flaw("its text is not a record") };
            if record.seq != stored.seq {
                return flaw("it carries another record's number");
            }
            if last.at.is_some_and(|at| record.at < at) {
                return flaw("it is older than the record before");
            }
            for event in &record.events {
                for change in apply(&world, event, record.at)? {
                    world.change(change);
                }
            }
            last = Head { seq: record.seq, hash: stored.hash, at: Some(record.at) };
        }
        if page.len() < PAGE {
            break;
        }
    }
    if last.seq != head.seq || last.hash != head.hash {
        return Ok(Err(Flaw { seq: last.seq + 1, why: "the journal ends before its head".to_owned() }));
    }
    Ok(Ok(world))
}

/// How the present differs from the world the records lead to, if it does.
fn compare(reading: &dyn Reading, world: &Memory) -> Result<Option<String>, Error> {
    let present = reading.view();
    let (there, expected) = (reading.count()?, world.entities().count() as u64);
    if there > expected {
        return Ok(Some(format!("there are {there} entities, and the records speak of {expected}")));
    }
    for expected in world.entities() {
        let (kind, id) = (expected.kind(), expected.id());
        if present.load(kind, id)?.as_ref() != Some(expected) {
            return Ok(Some(format!("{} {id} is not what the records say", kind.name())));
        }
    }
    for &index in Index::ALL {
        let mut span = Span::under(index, Key::new());
        loop {
            let (there, expected) = (present.scan(&span, PAGE)?, world.scan(&span, PAGE)?);
            let ids = |found: &[crate::view::Found]| -> Vec<_> {
                found.iter().map(|one| (one.key.clone(), one.entity.kind(), one.entity.id())).collect()
            };
            if ids(&there) != ids(&expected) {
                return Ok(Some(format!("index {} is not what the records say", index.name())));
            }
            match there.last() {
                Some(last) if there.len() == PAGE => span = span.after(last.key.clone(), last.entity.id()),
                _ => break,
            }
        }
    }
    Ok(None)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What these guard is whole between any two steps, so a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn decoded(stored: &StoredRecord) -> Result<Record, Error> {
    Record::decode(&stored.text).map_err(|error| {
        StoreError::Damaged { what: format!("record {} cannot be read: {error}", stored.seq) }.into()
    })
}

/// Records that grow one by one over a view, and the world as they leave it.
struct Chain<'v> {
    world: Overlay<'v>,
    head: Head,
    now: Timestamp,
    records: Vec<NewRecord>,
}

impl<'v> Chain<'v> {
    fn new(view: &'v dyn View, head: Head, now: Timestamp) -> Self {
        Self { world: Overlay::over(view), head, now, records: Vec::new() }
    }

    /// The moment of the next record: now, but never before the last.
    fn at(&self) -> Timestamp {
        self.head.at.map_or(self.now, |last| last.max(self.now))
    }

    fn append(
        &mut self,
        actor: Actor,
        request: Option<(RequestId, Hash)>,
        command: &str,
        decision: Decision,
    ) -> Result<(), ViewError> {
        let at = self.at();
        let mut subjects: BTreeSet<Uuid> = about::of_actor(&actor).into_iter().collect();
        let mut changes = BTreeMap::new();
        for event in &decision.events {
            about::about(&self.world, event, &mut subjects)?;
            for change in apply(&self.world, event, at)? {
                changes.insert(change.target(), change.clone());
                self.world.change(change);
            }
        }
        for (subject, personal) in &decision.people {
            self.world.change_personal(*subject, personal.clone());
        }
        let seq = self.head.seq + 1;
        let record = Record {
            seq,
            at,
            actor,
            request: request.map(|(id, _)| id),
            command: command.to_owned(),
            events: decision.events,
        };
        let text = record.encode();
        let hash = self.head.hash.chain(&text);
        self.head = Head { seq, hash, at: Some(at) };
        self.records.push(NewRecord {
            record: StoredRecord { seq, text, hash },
            at,
            request,
            about: subjects.into_iter().collect(),
            changes: changes.into_values().collect(),
            people: decision.people,
        });
        Ok(())
    }

    fn into_records(self) -> Vec<NewRecord> {
        self.records
    }
}

/// Commands on their way into one commit.
struct Transaction<'t> {
    engine: &'t Engine,
    writing: &'t dyn Writing,
    chain: Chain<'t>,
    done: BTreeMap<RequestId, (Hash, Receipt<Vec<Event>>)>,
}

impl Transaction<'_> {
    fn execute(&mut self, request: &Request) -> Executed {
        let fingerprint = fingerprint(request);
        if let Some(receipt) = self.executed_before(request, fingerprint)? {
            return Ok(receipt);
        }
        if let Some(expected) = request.expected_seq
            && expected != self.chain.head.seq
        {
            return Err(Refusal::new(Code::StaleSeq, self.chain.head.seq).into());
        }
        self.sweep()?;
        let decision = {
            let world = World::new(&self.chain.world, self.chain.at(), &*self.engine.options.ids)?;
            decide(&world, request)
        };
        let decision = match decision {
            Ok(decision) => decision,
            Err(Stop::Refused(refusal)) => {
                self.record_refusal(request, &refusal)?;
                return Err(refusal.into());
            }
            Err(Stop::Broken(error)) => return Err(error.into()),
        };
        let events = decision.events.clone();
        self.chain.append(
            request.actor.clone(),
            Some((request.id, fingerprint)),
            request.command.name(),
            decision,
        )?;
        let head = self.chain.head;
        let token = Token { epoch: self.engine.store.epoch(), seq: head.seq, hash: head.hash };
        let receipt = Receipt { token, at: self.chain.at(), outcome: events };
        self.done.insert(request.id, (fingerprint, receipt.clone()));
        Ok(receipt)
    }

    /// The first receipt of a request that was executed before.
    fn executed_before(
        &self,
        request: &Request,
        fingerprint: Hash,
    ) -> Result<Option<Receipt<Vec<Event>>>, Error> {
        let reused = || Err(Refusal::new(Code::RequestReused, request.id).into());
        if let Some((before, receipt)) = self.done.get(&request.id) {
            return if *before == fingerprint { Ok(Some(receipt.clone())) } else { reused() };
        }
        let Some(known) = self.writing.receipt(request.id)? else { return Ok(None) };
        if known.fingerprint.is_some_and(|before| before != fingerprint) {
            return reused();
        }
        let stored = self.writing.records_after(known.seq.saturating_sub(1), 1)?;
        let Some(stored) = stored.first() else {
            return Err(StoreError::Damaged {
                what: format!("record {} of a receipt is missing", known.seq),
            }
            .into());
        };
        let record = decoded(stored)?;
        let token = Token { epoch: self.engine.store.epoch(), seq: stored.seq, hash: stored.hash };
        Ok(Some(Receipt { token, at: record.at, outcome: record.events }))
    }

    fn sweep(&mut self) -> Result<(), Error> {
        let tolerance = self.engine.options.clock_tolerance_seconds;
        if let Some(last) = self.chain.head.at
            && self.chain.now.plus_seconds(tolerance) < last
        {
            return Err(Refusal::new(Code::ClockBehind, last).into());
        }
        loop {
            let events = sweep(&World::reading(&self.chain.world, self.chain.at())?)?;
            if events.is_empty() {
                return Ok(());
            }
            self.chain.append(Actor::Clock, None, "sweep", events.into())?;
        }
    }

    fn record_refusal(&mut self, request: &Request, refusal: &Refusal) -> Result<(), Error> {
        let lack_of_rights = matches!(refusal.code.family(), Family::Rights | Family::Unknown);
        if !self.engine.options.record_refusals || !lack_of_rights {
            return Ok(());
        }
        // Only somebody we know leaves a trace: strangers could fill the journal.
        let Actor::User(user) = &request.actor else { return Ok(()) };
        if self.chain.world.load(Kind::User, user.uuid())?.is_none() {
            return Ok(());
        }
        let tenant = request.command.tenant();
        let known = match tenant {
            Some(tenant) => self.chain.world.load(Kind::Tenant, tenant.uuid())?.is_some(),
            None => false,
        };
        let event = Event::CommandRefused {
            command: request.command.name().to_owned(),
            refusal: refusal.code.name().to_owned(),
            tenant: tenant.filter(|_| known),
        };
        self.chain.append(request.actor.clone(), None, request.command.name(), event.into())?;
        Ok(())
    }
}

fn fingerprint(request: &Request) -> Hash {
    let body = serde_json::to_string(&(&request.actor, &request.command))
        .expect("commands have string keys and finite numbers");
    Hash::of(&body)
}

/// A consistent reading of the store.
pub struct Snapshot<'e> {
    reading: Box<dyn Reading + 'e>,
    head: Head,
    at: Timestamp,
    epoch: Uuid,
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("token", &self.token()).finish_non_exhaustive()
    }
}

impl Snapshot<'_> {
    /// The revision it reads.
    pub const fn token(&self) -> Token {
        Token { epoch: self.epoch, seq: self.head.seq, hash: self.head.hash }
    }

    /// The present.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn now(&self) -> Result<Moment<'_>, Error> {
        Ok(Moment { world: World::reading(self.reading.view(), self.at)?, seq: self.head.seq })
    }

    /// The world as it was after record `seq`.
    ///
    /// # Errors
    /// When the journal has not come that far.
    pub fn as_of(&self, seq: u64) -> Result<Past<'_>, Error> {
        let view = self.reading.as_of(seq)?;
        let at = match seq.checked_sub(1) {
            None => Timestamp::MIN,
            Some(before) => match self.reading.records_after(before, 1)?.first() {
                Some(stored) => decoded(stored)?.at,
                None => return Err(StoreError::UnknownSeq { seq, head: self.head.seq }.into()),
            },
        };
        Ok(Past { view, seq, at })
    }

    /// The world as it was at an instant: after the last record written by then, with the clock at the instant.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn as_of_time(&self, at: Timestamp) -> Result<Past<'_>, Error> {
        // The journal's time never runs backwards, so the last record by then is found by halving.
        let (mut low, mut high) = (0, self.head.seq);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let written = match self.reading.records_after(middle - 1, 1)?.first() {
                Some(stored) => decoded(stored)?.at,
                None => return Err(StoreError::UnknownSeq { seq: middle, head: self.head.seq }.into()),
            };
            if written <= at { low = middle } else { high = middle - 1 }
        }
        Ok(Past { view: self.reading.as_of(low)?, seq: low, at })
    }

    /// Up to `limit` records about a tenant after `seq`, as the actor may see them, and the record to go on after, if
    /// there may be more.
    ///
    /// # Errors
    /// `unknown_tenant`, and why the actor may not read the audit.
    pub fn audit(
        &self,
        actor: &Actor,
        tenant: TenantId,
        filter: &AuditFilter,
        seq: u64,
        limit: usize,
    ) -> Result<(Vec<AuditRow>, Option<u64>), Error> {
        let now = self.now()?;
        answer::may_audit(&now.world, actor, tenant)?;
        let mut rows = Vec::new();
        let mut after = seq;
        loop {
            let page = self.reading.records_about(tenant.uuid(), after, PAGE)?;
            for stored in &page {
                if rows.len() >= limit {
                    return Ok((rows, Some(after)));
                }
                after = stored.seq;
                let record = decoded(stored)?;
                let before = self.reading.as_of(record.seq.saturating_sub(1))?;
                let row = answer::audit_row(&now.world, &*before, actor, tenant, &record)?;
                if filter.passes(&row) {
                    rows.push(row);
                }
            }
            if page.len() < PAGE {
                return Ok((rows, None));
            }
        }
    }
}

/// A past that outlives the question.
pub struct Past<'s> {
    view: Box<dyn View + 's>,
    seq: u64,
    at: Timestamp,
}

impl fmt::Debug for Past<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("seq", &self.seq).field("at", &self.at).finish_non_exhaustive()
    }
}

impl Past<'_> {
    /// That moment, to be asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn moment(&self) -> Result<Moment<'_>, Error> {
        Ok(Moment { world: World::reading(&*self.view, self.at)?, seq: self.seq })
    }
}

/// The world at a moment, now or then, to be asked.
pub struct Moment<'v> {
    world: World<'v>,
    seq: u64,
}

impl fmt::Debug for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment").field("seq", &self.seq).field("at", &self.world.at).finish_non_exhaustive()
    }
}

impl<'v> Moment<'v> {
    /// The revision.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The world itself, for everything the methods here do not say.
    pub const fn world(&self) -> &World<'v> {
        &self.world
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.world.policy
    }

    /// Whether a user may do something, and why (P).
    ///
    /// # Errors
    /// When the store cannot be read; never an allow.
    pub fn check(&self, question: &Question) -> Result<Verdict, Error> {
        Ok(access::check(&self.world, question, self.seq)?)
    }

    /// The tenants that a user can do this on, in the order of their ids (P-12).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn tenants_where(
        &self,
        user: UserId,
        permission: &Permission,
        service: Option<&Service>,
    ) -> Result<Vec<TenantId>, Error> {
        Ok(access::tenants_where(&self.world, user, permission, service)?)
    }

    /// The users who can do this on a tenant, in the order of their ids (P-12).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn users_who_can(
        &self,
        permission: &Permission,
        tenant: TenantId,
        service: Option<&Service>,
    ) -> Result<Vec<UserId>, Error> {
        Ok(access::users_who_can(&self.world, permission, tenant, service)?)
    }

    /// What a number stands for, for somebody who may link (T-8).
    ///
    /// # Errors
    /// `unknown_tenant`, and why the actor may not link.
    pub fn look_up(&self, actor: &Actor, number: &Number) -> Result<TenantSummary, Error> {
        ruled(answer::look_up(&self.world, actor, number))
    }

    /// The pins on a user's map (T-4).
    ///
    /// # Errors
    /// `wrong_actor` for anybody but a user.
    pub fn pins(&self, actor: &Actor) -> Result<Vec<Pin>, Error> {
        ruled(answer::pins(&self.world, actor))
    }

    /// A manager's customers.
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn customers(
        &self,
        actor: &Actor,
        manager: TenantId,
        query: &CustomerQuery,
        paging: &Paging,
    ) -> Result<Page<CustomerRow>, Error> {
        ruled(answer::customers(&self.world, actor, manager, query, paging))
    }

    /// One customer in detail.
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `not_linked`.
    pub fn customer(
        &self,
        actor: &Actor,
        manager: TenantId,
        customer: TenantId,
    ) -> Result<CustomerDetails, Error> {
        ruled(answer::customer(&self.world, actor, manager, customer))
    }

    /// A tenant's own users.
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn users(
        &self,
        actor: &Actor,
        tenant: TenantId,
        query: &UserQuery,
        paging: &Paging,
    ) -> Result<Page<UserRow>, Error> {
        ruled(answer::users(&self.world, actor, tenant, query, paging))
    }

    /// A tenant's integrations, its own and those attached (I-1).
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn integrations(
        &self,
        actor: &Actor,
        tenant: TenantId,
        paging: &Paging,
    ) -> Result<Page<IntegrationRow>, Error> {
        ruled(answer::integrations(&self.world, actor, tenant, paging))
    }

    /// A reseller's customers (V-4, V-5).
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn reseller_customers(
        &self,
        actor: &Actor,
        reseller: TenantId,
        query: &ResellerQuery,
        paging: &Paging,
    ) -> Result<Page<ResellerCustomerRow>, Error> {
        ruled(answer::reseller_customers(&self.world, actor, reseller, query, paging))
    }

    /// Writes a reseller's customers as CSV, row by row, and says how many there were (V-6).
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not; `Output` when they cannot be written.
    pub fn reseller_csv(
        &self,
        actor: &Actor,
        reseller: TenantId,
        query: &ResellerQuery,
        out: impl std::io::Write,
    ) -> Result<u64, Error> {
        let rows = ruled(answer::each_reseller_customer(&self.world, actor, reseller, query))?;
        crate::csv::reseller_customers(rows.map(|row| row.map_err(Error::from)), out)
    }

    /// Who gets a tenant's service mail, for the host itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn service_mail(&self, tenant: TenantId) -> Result<BTreeSet<UserId>, Error> {
        Ok(alert::service_mail(&self.world, tenant)?)
    }

    /// Who gets a tenant's alerts about a category of issues, for the host itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn alert_recipients(
        &self,
        tenant: TenantId,
        category: &IssueCategory,
    ) -> Result<BTreeSet<UserId>, Error> {
        Ok(alert::recipients(&self.world, tenant, category)?)
    }

    /// An entity by its id, for the host itself: no actor, no rules.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get<E: Entity>(&self, id: Uuid) -> Result<Option<Arc<E>>, Error> {
        Ok(self.world.view.get(id)?)
    }

    /// Entities by an index, for the host itself: no actor, no rules.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list<E: Entity>(&self, index: Index, key: Key) -> Result<Vec<Arc<E>>, Error> {
        let found: Result<Vec<_>, ViewError> = self.world.view.under(index, key).collect();
        Ok(found?)
    }

    /// What is known today about a person or about where a tenant is (U-5).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn personal(&self, subject: Subject) -> Result<Option<Personal>, Error> {
        Ok(self.world.view.personal(subject)?)
    }
}

fn ruled<T>(ruling: Ruling<T>) -> Result<T, Error> {
    ruling.map_err(Error::from)
}

impl Command {
    /// The tenant that the command names first, if it names one.
    fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::AddCustomer(it) => Some(it.manager),
            Self::EditTenant(it) => Some(it.tenant),
            Self::ChangeTenantKind(it) => Some(it.tenant),
            Self::DisableTenants(it) => it.tenants.first().copied(),
            Self::EnableTenants(it) => it.tenants.first().copied(),
            Self::DeleteTenants(it) => it.tenants.first().copied(),
            Self::ReportReady(it) => Some(it.tenant),
            Self::RequestLink(it) => Some(it.manager),
            Self::InviteUser(it) => Some(it.tenant),
            Self::RegisterUser(it) => Some(it.home),
            Self::Assign(it) => it.assignments.first().map(|item| item.tenant),
            Self::Unassign(it) => it.assignments.first().map(|item| item.tenant),
            Self::CreateRole(it) => Some(it.tenant),
            Self::AddResellerCustomer(it) => Some(it.reseller),
            Self::EditResellerCustomer(it) => Some(it.reseller),
            Self::DropReseller(it) => Some(it.tenant),
            Self::AdmitReseller(it) => Some(it.tenant),
            Self::UploadDevices(it) => Some(it.reseller),
            Self::MoveDevices(it) => Some(it.manager),
            Self::DeleteDevices(it) => Some(it.tenant),
            Self::CreateIntegration(it) => Some(it.owner),
            Self::ShareIntegration(it) => Some(it.tenant),
            Self::DetachIntegration(it) => Some(it.tenant),
            Self::BuyLicence(it) => Some(it.tenant),
            Self::SetAlertRule(it) => Some(it.tenant),
            Self::OpenConsole(it) => Some(it.tenant),
            _ => None,
        }
    }
}
