//! The engine: the only stateful shell. Brings store, clock and ids together; decides nothing
//! itself.
//!
//! Commands that wait at the same time are executed one by one and committed together. A check
//! reads the store and is always fresh.

mod access;
mod error;
mod host;
mod lock;
mod moment;
mod options;
mod queue;
mod receipt;
mod records;
#[cfg(feature = "sqlite")]
mod restore;
mod restored;
mod saved;
mod sync;
mod token;
mod transaction;
mod verified;
mod verify;
mod watch;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde::Serialize;
use uuid::Uuid;

pub use crate::csv::RESELLER_COLUMNS;
pub use error::{Corruption, CorruptionKind, Error};
pub use host::{AnyEntity, EntityKind, HeldDevice, Host, Of};
pub use moment::{Moment, Past, Snapshot};
pub use options::{Clock, HOWEVER_FAR, Options, SystemClock};
pub use receipt::{Receipt, Submitted};
pub use restored::Restored;
pub use sync::{CustomerSync, Synced};
pub use token::{NotAToken, Token};
pub use verified::{Progress, Rebuilt, Verified};
pub use watch::Watch;

use crate::answer::Seal;
use crate::base::ids::RequestId;
use crate::base::time::Timestamp;
use crate::command::{Act, Request};
use crate::decide::{Settling, Step, settled};
use crate::effect;
use crate::event::Event;
use crate::index::AccessIndex;
use crate::journal::{Hash, RULES, Record};
use crate::model::Actor;
use crate::notice::{self, Notice, Since};
use crate::query::{Ask, Question, Verdict};
use crate::refusal::{Code, Refusal};
use crate::rules::World;
#[cfg(feature = "sqlite")]
use crate::store::NewRecord;
use crate::store::memory::MemoryStore;
use crate::store::{FilePort, Mended, Reading, Store, StoreError};
use crate::view::ViewError;

use access::LiveIndex;
use queue::CommitQueue;
use records::{PAGE, decoded, hash_of};
use transaction::{LeftOut, RecordChain, Transaction};

/// How long whoever waits for a record looks away at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// After how many records an index that is watched is saved again.
const SAVE_EVERY: u64 = 100_000;

/// Notices that wait for a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Mail {
    /// The notices, in order.
    pub notices: Vec<Notice>,
    /// The record to acknowledge once they are delivered.
    pub through: u64,
}

/// tenantry on a store. `Send` and `Sync`: share one among threads.
///
///
/// ```
/// # use tenantry::Engine;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "sqlite")] {
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("msp.db");
/// use std::sync::Arc;
///
/// let engine = Arc::new(Engine::open(&path)?);
/// let elsewhere = Arc::clone(&engine);
/// std::thread::spawn(move || elsewhere.token()).join().expect("it does not panic")?;
/// # }
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    store: Box<dyn Store>,
    options: Options,
    queue: CommitQueue,
    index: LiveIndex,
    seal: OnceLock<Seal>,
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
        Self::memory_with(Options::default())
    }

    /// An engine in memory, with a clock, a policy or other options of the host's own.
    ///
    /// # Errors
    /// When the policy contradicts itself.
    pub fn memory_with(options: Options) -> Result<Self, Error> {
        Self::new(MemoryStore::new(Uuid::now_v7()), options)
    }

    /// An engine on an SQLite file, which is created where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, or is not a tenantry store.
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, Options::default())
    }

    /// An engine on an SQLite file, with a clock, a policy or other options of the host's own.
    ///
    /// # Errors
    /// As for [`Self::open`], and when the policy contradicts itself.
    #[cfg(feature = "sqlite")]
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
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
            seal: OnceLock::new(),
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
        let now = self.options.moment()?;
        let mut chain = RecordChain::new(writing.view(), head, now, &*self.options.salts);
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
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// let register = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// let receipt = engine.execute(Actor::OPERATOR, register)?;
    /// let msp = receipt.outcome; // what this command answers with: the id of the new tenant
    /// assert_eq!(receipt.token, engine.token()?, "nothing happened since");
    ///
    /// let register = RegisterUser::new(msp, "ada@northwind.example".parse()?, "admin".parse()?);
    /// let ada = engine.execute(Actor::OPERATOR, register)?.outcome;
    /// let refused = engine.execute(ada, ReportReady::new(msp)).unwrap_err();
    /// assert_eq!(refused.code(), Some(Code::WrongActor), "that is for the operator");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The command's refusals; a broken store.
    pub fn execute<C: Act>(&self, actor: impl Into<Actor>, command: C) -> Result<Receipt<C::Outcome>, Error> {
        self.execute_as(RequestId::from_uuid(self.new_id()), actor, command)
    }

    /// Executes a command under a request id of the caller's: asking again is safe, and answers
    /// with the first receipt.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// use tenantry::base::ids::RequestId;
    ///
    /// let id = RequestId::from_uuid(engine.new_id());
    /// let register = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// let first = engine.execute_as(id, Actor::OPERATOR, register.clone())?;
    /// // The answer was lost on its way, say. Asking again does nothing twice.
    /// let again = engine.execute_as(id, Actor::OPERATOR, register)?;
    /// assert_eq!(again, first);
    /// # Ok(())
    /// # }
    /// ```
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

    /// Executes a request and answers with the events it led to, all of them: what of it the actor
    /// may be told, [`Self::told`] says.
    ///
    /// # Errors
    /// The command's refusals, `request_reused`, `stale_seq`, `clock_behind`, `clock_ahead`; a
    /// broken store.
    pub fn submit(&self, request: Request) -> Submitted {
        self.queue.submit(request, |requests| self.run(requests))
    }

    /// A receipt as its actor is told of it: with those events that are about what is there for
    /// them, now and right before or after it, and other people as in the audit (T-9). Without
    /// events, where the actor could act then and cannot now, or what they may see cannot be read.
    /// The JSON door tells every receipt so.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// use tenantry::base::ids::RequestId;
    ///
    /// let id = RequestId::from_uuid(engine.new_id());
    /// let command = RegisterUser::new(msp, "eve@northwind.example".parse()?, "admin".parse()?).into();
    /// let register = Request { id, actor: Actor::OPERATOR, expected_seq: None, command };
    /// engine.submit(register)?;
    /// let id = RequestId::from_uuid(engine.new_id());
    /// let command = DisableTenants::new(vec![msp]).into();
    /// let receipt = engine.submit(Request { id, actor: ada.into(), expected_seq: None, command })?;
    /// assert_eq!(engine.told(&ada.into(), receipt.clone()), receipt, "it is about her own home");
    /// # Ok(())
    /// # }
    /// ```
    pub fn told(&self, actor: &Actor, receipt: Receipt<Vec<Event>>) -> Receipt<Vec<Event>> {
        let Actor::User(user) = actor else { return receipt };
        let seq = receipt.seq();
        receipt.map(|events| {
            let told = self.read().and_then(|snapshot| snapshot.now()?.receipt(*user, seq, &events));
            told.unwrap_or_default()
        })
    }

    /// Executes several requests, one after the other, in one commit; each is answered for itself.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// use tenantry::base::ids::RequestId;
    ///
    /// let names = ["Bakery Klein", "Mill Brook"];
    /// let requests = names.into_iter().map(|name| -> Result<Request, Box<dyn std::error::Error>> {
    ///     let services = ["manage".parse()?].into();
    ///     let add = AddCustomer::new(msp, TenantKind::Customer, name.parse()?, "fully".parse()?, services);
    ///     Ok(Request {
    ///         id: RequestId::from_uuid(engine.new_id()),
    ///         actor: ada.into(),
    ///         expected_seq: None,
    ///         command: add.into(),
    ///     })
    /// });
    /// let answers = engine.submit_all(requests.collect::<Result<_, _>>()?);
    /// assert!(answers.iter().all(|answer| answer.is_ok()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn submit_all(&self, requests: Vec<Request>) -> Vec<Submitted> {
        self.run(&requests.iter().collect::<Vec<_>>())
    }

    fn run(&self, requests: &[&Request]) -> Vec<Submitted> {
        match self.transact(requests) {
            Ok(answers) => answers,
            Err(error) => requests.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn begin<'t>(&'t self, reading: &'t dyn Reading) -> Result<Transaction<'t>, Error> {
        Transaction::new(self.store.epoch(), &self.options, &self.left_out, reading)
    }

    /// What a request leads to on a reading of this store that is not its own, and the records
    /// that are to be written there: of a refusal, too.
    #[cfg(feature = "sqlite")]
    pub(crate) fn decide_on(
        &self,
        reading: &dyn Reading,
        request: &Request,
    ) -> Result<(Submitted, Vec<NewRecord>), Error> {
        let mut transaction = self.begin(reading)?;
        match transaction.execute(request) {
            Err(error @ Error::Store(_)) => Err(error),
            answer => Ok((answer, transaction.chain.into_records().0)),
        }
    }

    /// Which store this is, and its file.
    ///
    /// # Errors
    /// `NoFile`.
    #[cfg(feature = "sqlite")]
    pub(crate) fn on_file(&self) -> Result<(Uuid, &dyn FilePort), Error> {
        Ok((self.store.epoch(), self.file()?))
    }

    fn transact(&self, requests: &[&Request]) -> Result<Vec<Submitted>, Error> {
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
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicI64, Ordering};
    /// use tenantry::engine::Clock;
    /// use tenantry::{Options, Timestamp};
    ///
    /// /// A clock that is moved by hand, in microseconds since 1970.
    /// struct ByHand(Arc<AtomicI64>);
    ///
    /// impl Clock for ByHand {
    ///     fn now(&self) -> Timestamp {
    ///         Timestamp::from_micros(self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
    ///     }
    /// }
    ///
    /// const DAY: i64 = 24 * 3_600 * 1_000_000;
    /// let clock = Arc::new(AtomicI64::new(20_000 * DAY));
    /// let engine = Engine::memory_with(Options::default().clock(ByHand(Arc::clone(&clock))))?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// let invite = InviteUser::new(msp, Invitee::new("eve@northwind.example".parse()?), "admin".parse()?);
    /// engine.execute(ada, invite)?;
    /// clock.fetch_add(30 * DAY, Ordering::Relaxed);
    /// assert_eq!(engine.sweep()?, 1, "nobody answered, and the invitation has lapsed");
    /// assert_eq!(engine.sweep()?, 0);
    /// # Ok(())
    /// # }
    /// ```
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
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicI64, Ordering};
    /// # use tenantry::engine::Clock;
    /// # use tenantry::{Options, Timestamp};
    /// #
    /// # /// A clock that is moved by hand, in microseconds since 1970.
    /// # struct ByHand(Arc<AtomicI64>);
    /// #
    /// # impl Clock for ByHand {
    /// #     fn now(&self) -> Timestamp {
    /// #         Timestamp::from_micros(self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
    /// #     }
    /// # }
    /// #
    /// # const DAY: i64 = 24 * 3_600 * 1_000_000;
    /// # let clock = Arc::new(AtomicI64::new(20_000 * DAY));
    /// # let engine = Engine::memory_with(Options::default().clock(ByHand(Arc::clone(&clock))))?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// // Nothing happened for two years, or the clock is wrong: nobody but the host can tell.
    /// clock.fetch_add(730 * DAY, Ordering::Relaxed);
    /// let edit = EditTenant::new(msp);
    /// assert_eq!(engine.execute(ada, edit.clone()).unwrap_err().code(), Some(Code::ClockAhead));
    /// engine.accept_clock()?;
    /// engine.execute(ada, EditTenant { website: Some("https://northwind.example".parse()?).into(), ..edit })?;
    /// # Ok(())
    /// # }
    /// ```
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

    /// The access index, if it was asked for and stands at this very state.
    #[cfg(feature = "sqlite")]
    pub(crate) fn index_at(&self, token: Token, rebuilds: u64) -> Option<Arc<AccessIndex>> {
        self.index.at(&*self.store, token, rebuilds)
    }

    /// This moment, by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// A consistent reading of the present, for several questions.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// # let bakery = AddCustomer::new(
    /// #     msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into(),
    /// # );
    /// # let bakery = engine.execute(ada, bakery)?.outcome;
    /// let snapshot = engine.read()?;
    /// let now = snapshot.now()?;
    /// let customers = now.ask(Customers::new(ada.into(), msp))?;
    /// let verdict = now.check(&Question::new(ada, "tenant.view".parse()?, customers.rows[0].tenant))?;
    /// assert!(verdict.allowed, "both are of the same moment, whatever was written in between");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn read(&self) -> Result<Snapshot<'_>, Error> {
        let reading = self.store.read()?;
        let head = reading.head()?;
        let at = head.moment(self.options.moment()?);
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
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// # let bakery = AddCustomer::new(
    /// #     msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into(),
    /// # );
    /// # let bakery = engine.execute(ada, bakery)?.outcome;
    /// let page = engine.ask(Customers::new(ada.into(), msp))?;
    /// assert_eq!(page.rows[0].name.as_str(), "Bakery Klein");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The refusals of the query; when the store cannot be read.
    pub fn ask<Q: Ask>(&self, query: Q) -> Result<Q::Answer, Error> {
        self.read()?.now()?.ask(query)
    }

    /// Whether a user may do something now, and why (P).
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// let verdict = engine.check(&Question::new(ada, "users.manage".parse()?, msp))?;
    /// assert!(verdict.allowed);
    /// let nobody = Question::new(tenantry::UserId::from_uuid(engine.new_id()), "users.manage".parse()?, msp);
    /// assert_eq!(engine.check(&nobody)?.reason, Some(Code::UnknownUser));
    /// # Ok(())
    /// # }
    /// ```
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

    /// Up to about `limit` notices that a consumer has not acknowledged (A-4). The same again until
    /// it does.
    ///
    /// A consumer works through them in order and acknowledges each record when its last notice is
    /// done with: delivered, or given up. What is refused for good, an address that no longer
    /// exists say, is the host's affair to note down and go on from; acknowledging means that
    /// nobody need be told again, not that everybody was reached. A refusal that may pass is left
    /// unacknowledged and comes again, with everything after it.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// # let invite = InviteUser::new(msp, Invitee::new("eve@northwind.example".parse()?), "admin".parse()?);
    /// # engine.execute(ada, invite)?;
    /// let mail = engine.notices("mailer", 100)?;
    /// for notice in &mail.notices {
    ///     for user in &notice.to.users {
    ///         println!("{user}: {:?}", notice.kind); // Sent for good.
    ///     }
    ///     engine.acknowledge("mailer", notice.seq)?;
    /// }
    /// engine.acknowledge("mailer", mail.through)?;
    /// assert!(engine.notices("mailer", 100)?.notices.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn notices(&self, consumer: &str, limit: usize) -> Result<Mail, Error> {
        let snapshot = self.read()?;
        let reading = &*snapshot.reading;
        let now = World::reading(reading.view(), snapshot.at)?;
        let mut through = reading.cursor(consumer)?;
        let mut notices = Vec::new();
        loop {
            let page = reading.records_after(through, PAGE)?;
            for stored in &page {
                let record = decoded(stored)?;
                if record.events.iter().any(|event| effect::of(event).told) {
                    let before = reading.as_of(record.seq.saturating_sub(1))?;
                    let then = reading.as_of(record.seq)?;
                    let (before, then) = (World::recorded(&*before)?, World::recorded(&*then)?);
                    let since = Since { before: &before, then: &then, now: &now };
                    notices.extend(as_settled(since, &record)?);
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

    /// Hands on what a consumer has not acknowledged, notice by notice and in order, and
    /// acknowledges each record once its last notice is handed on (A-4). Ends when nothing waits
    /// any longer, and tells how many there were.
    ///
    /// Where `send` fails, nothing of that record is acknowledged: it comes again the next time,
    /// with everything after it. So it does where the process ends meanwhile.
    ///
    /// ```
    /// # use tenantry::{Actor, Engine, Error, TenantKind, command::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let invite = InviteUser::new(msp, Invitee::new("eve@northwind.example".parse()?), "admin".parse()?);
    /// # engine.execute(Actor::OPERATOR, invite)?;
    /// let sent = engine.deliver("mailer", |notice| {
    ///     for user in &notice.to.users {
    ///         println!("{user}: {:?}", notice.kind); // Sent for good.
    ///     }
    ///     Ok::<_, Error>(())
    /// })?;
    /// assert_eq!(sent, 1);
    /// assert_eq!(engine.deliver("mailer", |_| Ok::<_, Error>(()))?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `send` fails with; when the store cannot be read or written.
    pub fn deliver<E: From<Error>>(
        &self,
        consumer: &str,
        mut send: impl FnMut(&Notice) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut sent = 0;
        loop {
            let mail = self.notices(consumer, PAGE)?;
            for record in mail.notices.chunk_by(|one, next| one.seq == next.seq) {
                for notice in record {
                    send(notice)?;
                    sent += 1;
                }
                if let Some(last) = record.last() {
                    self.acknowledge(consumer, last.seq)?;
                }
            }
            if mail.notices.is_empty() {
                self.acknowledge(consumer, mail.through)?;
                return Ok(sent);
            }
        }
    }

    /// Waits until there is a record after `seq`, whichever process wrote it, and no longer than
    /// this; tells whether there is. It looks at the store every now and then, and blocks the
    /// thread.
    ///
    /// ```
    /// # use tenantry::{Actor, Engine, TenantKind, command::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// use std::time::Duration;
    ///
    /// let seen = engine.token()?.seq;
    /// assert!(!engine.wait_past(seen, Duration::ZERO)?);
    /// engine.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?))?;
    /// assert!(engine.wait_past(seen, Duration::from_secs(60))?);
    /// println!("{} new", engine.records_after(seen, 100)?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn wait_past(&self, seq: u64, at_most: Duration) -> Result<bool, Error> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            if self.token()?.seq > seq {
                return Ok(true);
            }
            let left = at_most.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Replays the whole journal and compares everything that is stored with what it leads to
    /// (Q-3). Says up to where it holds.
    ///
    /// That covers the records and their moments, entities, their past versions, the indexes and
    /// their past, receipts, what records are about, and of a file its structure, its schema and
    /// its header. Of personal data, the records know a hash over it and a salt: it is what the
    /// last of them says, in one place that is found by its address, and gone where it was erased.
    ///
    /// What is derived in a file that older rules have made is no damage: [`Verified::older`] says
    /// so, and [`Self::rebuild`] makes it anew.
    ///
    /// A store of any size takes the same memory, and a file as much room again where the system
    /// keeps temporary files, until it is done. Nothing personal gets there.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, engine::Error, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// match engine.verify() {
    ///     Ok(verified) => println!("everything holds, up to {}", verified.token),
    ///     Err(Error::Flawed(flaw)) => println!("somebody wrote to the store: {flaw}"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Flawed` with what does not hold, of what kind it is, and where; when the store cannot be
    /// read, is damaged, or was written by a newer library, which alone can tell.
    pub fn verify(&self) -> Result<Verified, Error> {
        self.verify_with(|_| {})
    }

    /// The same, which tells now and again how far it has come.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn verify_with(&self, mut progress: impl FnMut(Progress)) -> Result<Verified, Error> {
        verify::verify(&*self.store.read()?, self.store.epoch(), &mut progress)
    }

    /// Verifies what came after a revision that was verified before: the records since, and
    /// whatever these have changed, with its receipts and personal data. What they did not touch is
    /// taken to be as it was then. It costs what those records do.
    ///
    /// ```
    /// # use tenantry::{Actor, Engine, TenantKind, command::RegisterTenant};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// let monday = engine.verify()?.token; engine.execute(Actor::OPERATOR,
    /// RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?))?; let tuesday =
    /// engine.verify_since(&monday, |_| {})?.token; assert_eq!(tuesday, engine.token()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Diverged` when the token is not of this store's history; as for [`Self::verify`].
    pub fn verify_since(&self, token: &Token, mut progress: impl FnMut(Progress)) -> Result<Verified, Error> {
        verify::verify_since(&*self.store.read()?, token, self.store.epoch(), &mut progress)
    }

    /// Makes everything that is derived anew from the journal, by the rules of this library (Q-3):
    /// entities, their past, indexes, receipts, what records are about; of a file its views, too.
    /// Says what was otherwise. It is how a store gets from older rules to today's, and heals
    /// whatever [`Self::verify`] finds wrong with derived data.
    ///
    /// It happens in one transaction: whoever is stopped leaves everything as it was, and readers
    /// go on with what was; writers wait. The records stay as they are, and so do tokens. Personal
    /// data cannot be made anew; what of it does not fit is told. A receipt that was lost comes
    /// back without the fingerprint of its request, which is answered to the same actor and command
    /// then.
    ///
    /// It takes the memory of [`Self::verify`], and room for what differs in a file's log. An
    /// access index of before does not hear of it: where something differed, open the store anew,
    /// and have other processes do so.
    ///
    /// ```
    /// # use tenantry::Engine;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// let rebuilt = engine.rebuild()?;
    /// assert_eq!(rebuilt.rows, 0, "nothing differed");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Flawed` where the chain of records is broken: then a backup has to be restored; when the
    /// store cannot be written, or its structure is damaged. Then everything is as it was.
    pub fn rebuild(&self) -> Result<Rebuilt, Error> {
        self.rebuild_with(|_| {})
    }

    /// The same, which tells now and again how far it has come.
    ///
    /// # Errors
    /// As for [`Self::rebuild`].
    pub fn rebuild_with(&self, mut progress: impl FnMut(Progress)) -> Result<Rebuilt, Error> {
        let writing = self.store.write()?;
        let (head, before) = (writing.head()?, writing.rules()?);
        let (mut unrecoverable, mut failed) = (Vec::new(), None);
        let mended = writing.rebuild(&mut |reading, retelling| {
            let flaws = verify::tell(reading, retelling, &mut progress).map_err(|error| {
                let why = error.to_string();
                failed = Some(error);
                StoreError::Io(why)
            })?;
            unrecoverable = flaws;
            Ok(())
        });
        let mended = match (mended, failed) {
            (Ok(mended), _) => mended,
            (Err(_), Some(error)) => return Err(error),
            (Err(error), None) => return Err(error.into()),
        };
        if mended.moved {
            // Where others keep it from that, a later `compact` does it.
            let _ = self.compact();
        }
        let token = Token { epoch: self.store.epoch(), seq: head.seq, hash: head.hash };
        let Mended { rows, first: differences, .. } = mended;
        Ok(Rebuilt { token, before, after: RULES, rows, differences, unrecoverable })
    }

    /// Copies the store as it is at this moment to a file where nothing is, while others read and
    /// write on; returns the revision that the copy is at.
    ///
    /// The copy is whole, verified and on the disk once it has its name, and its owner's alone.
    /// What was erased before is in no part of it. It can be opened for reading, and is not written
    /// to: `Engine::restore` makes a store of it again. A store that erases somebody later knows
    /// nothing of its backups: keep them no longer than you may (U-5).
    ///
    /// ```
    /// # use tenantry::{Actor, Engine, TenantKind, command::RegisterTenant};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(feature = "sqlite")] {
    /// # let place = tempfile::tempdir()?;
    /// # let (path, backup) = (place.path().join("msp.db"), place.path().join("monday.db"));
    /// let engine = Engine::open(&path)?;
    /// engine.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?))?;
    /// engine.backup(&backup)?;
    /// let lost = engine.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, "Acme".parse()?))?;
    /// drop(engine);
    ///
    /// let restored = Engine::restore(&backup, &path)?;
    /// assert_eq!(restored.lost, 1);
    /// let engine = Engine::open(&path)?;
    /// assert!(engine.confirm(&lost.token).is_err(), "whoever has seen what is lost is told so");
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Taken` where something is there, `NoFile` for a store in memory; when the store cannot be
    /// read, is damaged, or the copy cannot be written, of which nothing is left then.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<Token, Error> {
        let head = self.file()?.backup(to.as_ref())?;
        Ok(Token { epoch: self.store.epoch(), seq: head.seq, hash: head.hash })
    }

    /// Makes a store at `to` of a backup, in place of the store that is there, if one is. Nobody
    /// may have that open. See [`Self::backup`].
    ///
    /// From one moment to the next, the whole new store stands there instead of the whole old one,
    /// and the old one's log is gone. It has an epoch of its own, so that tokens and cursors of
    /// before are refused; [`Restored`] says which records are lost. Whoever was erased in these is
    /// erased again (U-5): the old store must be readable for that. These erasures are recorded as
    /// the operator's, at the moment of the backup's last record: no clock is believed for that.
    ///
    /// The backup may also be a store that others use: this makes another of it. It is verified
    /// first, which takes as long as [`Self::verify`].
    ///
    /// ```
    /// # use tenantry::{Actor, Engine, TenantKind, command::RegisterTenant};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = tempfile::tempdir()?;
    /// # let (path, kept) = (place.path().join("msp.db"), place.path().join("kept.db"));
    /// let engine = Engine::open(&path)?;
    /// engine.backup(&kept)?;
    /// let register = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// engine.execute(Actor::OPERATOR, register)?;
    /// drop(engine);
    ///
    /// let restored = Engine::restore(&kept, &path)?;
    /// assert_eq!(restored.lost, 1, "what was done since");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InUse` while somebody has the store at `to` open; `Taken` where another store is there, or
    /// `to` is `from`; `Flawed`, `Damaged`, `NotOurs`, `Newer`, `ForeignLog` where the backup or
    /// what is to be replaced is no store to rely on. Then what was there stands as it was.
    #[cfg(feature = "sqlite")]
    pub fn restore(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Restored, Error> {
        restore::restore(from.as_ref(), to.as_ref())
    }

    /// Writes a file anew without what is free in it, and returns how many bytes it gave back; 0
    /// for a store in memory. Readers go on; writers wait, and are told `Busy` where that takes too
    /// long. It takes as much memory as the file has left, and as much room again in its log.
    ///
    /// ```
    /// # use tenantry::Engine;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// assert_eq!(engine.compact()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Busy`, `Full`; when the store cannot be written.
    pub fn compact(&self) -> Result<u64, Error> {
        self.store.file().map_or(Ok(0), |file| Ok(file.compact()?))
    }

    /// Whether something that was erased is still in the file's log, because somebody has been
    /// reading since before (U-5): the last record that erased something. Tries to wipe it first.
    ///
    /// It is wiped as soon as nobody reads what was there before: when the last reading of this
    /// engine ends, with the next write, by this call, and when the store is closed or opened.
    ///
    /// ```
    /// # use tenantry::Engine;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// // After `erase_personal`, before somebody is told that it is done:
    /// if let Some(seq) = engine.erasure_pending()? {
    ///     println!("what record {seq} erased is gone once those who read now are done");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn erasure_pending(&self) -> Result<Option<u64>, Error> {
        self.store.file().map_or(Ok(None), |file| Ok(file.erasure_pending()?))
    }

    fn file(&self) -> Result<&dyn FilePort, Error> {
        self.store.file().ok_or_else(|| StoreError::NoFile.into())
    }

    /// The access index: for checks that must cost nanoseconds. Built when first asked for, which
    /// reads every user, tenant, link and assignment once, or loaded from where it was saved
    /// ([`Options::saved_index`]). This engine's own commits are in it when
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
        self.index.get(&*self.store, self.options.saved_index.as_deref())
    }

    /// The access index at the token's revision or a later one, so that what the holder of the
    /// token has seen counts.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// // The token came along with the request: whoever has seen that revision is answered by it or a later one.
    /// let token = engine.token()?;
    /// let index = engine.access_index_since(&token)?;
    /// assert!(index.check(ada, index.permission("tenant.view")?, msp, engine.now()).seq >= token.seq);
    /// # Ok(())
    /// # }
    /// ```
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

    /// Saves the access index to a file, in place of what is there, so that a later
    /// [`Self::access_index`] need not read the whole store ([`Options::saved_index`]). Returns the
    /// revision that it is of. Call it before closing, and now and again; [`Self::watch`] does both
    /// by itself.
    ///
    /// From one moment to the next, the whole new file stands there, on the disk and its owner's
    /// alone; it holds ids, roles and the policy, and nothing about people. Who can write to it
    /// and read the store can grant rights by it: keep it where the store is.
    ///
    /// Commits wait while the index is copied in memory, which takes a tenth of a second for some
    /// 300 MB, and as much memory again; nobody waits for the disk.
    ///
    /// ```
    /// # use tenantry::{Actor, Engine, Options, TenantKind, command::RegisterTenant};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(feature = "sqlite")] {
    /// # let place = tempfile::tempdir()?;
    /// # let (path, saved) = (place.path().join("msp.db"), place.path().join("msp.index"));
    /// let engine = Engine::open(&path)?;
    /// engine.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?))?;
    /// let token = engine.save_index(&saved)?;
    /// drop(engine);
    ///
    /// let engine = Engine::open_with(&path, Options::default().saved_index(&saved))?;
    /// assert_eq!(engine.access_index()?.loaded_from(), Some(token.seq));
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Taken` where anything but a saved index is there, which is left as it is: the store itself,
    /// say; `InUse` while somebody else saves one there; `CannotOpen`, `Full` where it cannot be
    /// written; `Diverged` as for [`Self::refresh`]; when the store cannot be read. Then what was
    /// there stands as it was.
    pub fn save_index(&self, path: impl AsRef<Path>) -> Result<Token, Error> {
        self.access_index()?;
        self.index.save(&*self.store, path.as_ref())
    }

    /// Asks the index something long while it does not change, where it changes too often to be
    /// read otherwise ([`crate::index::Overtaken`]). Commits wait meanwhile; checks do not.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// let index = engine.access_index()?;
    /// let (view, user) = (index.permission("tenant.view")?, index.user(ada));
    /// let mut tenants = Vec::new();
    /// if index.tenants_where(user, view, engine.now(), &mut tenants).is_err() {
    ///     engine.hold_still(|index| index.tenants_where(user, view, engine.now(), &mut tenants))??;
    /// }
    /// assert_eq!(tenants.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn hold_still<T>(&self, ask: impl FnOnce(&AccessIndex) -> T) -> Result<T, Error> {
        Ok(self.index.hold_still(&*self.access_index()?, ask))
    }

    /// Refreshes the access index every so often, from a thread, until the returned [`Watch`] is
    /// dropped. Saves it, too, where the host has said where ([`Options::saved_index`]): at first
    /// where none was loaded, after every 100 000 records, and at the end.
    ///
    /// ```
    /// # use tenantry::Engine;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// use std::{sync::Arc, time::Duration};
    ///
    /// let engine = Arc::new(engine);
    /// let index = engine.access_index()?;
    /// let watch = engine.watch(Duration::from_millis(250))?;
    /// // Checks on the index know by now and again what other processes have written, until the watch goes.
    /// if let Some(trouble) = watch.trouble() {
    ///     println!("{trouble}; what others took away may still be allowed here");
    /// }
    /// # let _ = index;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read, or there are no more threads to be had.
    pub fn watch(self: &Arc<Self>, every: Duration) -> Result<Watch, Error> {
        let index = self.access_index()?;
        let engine = Arc::clone(self);
        let mut saved = index.loaded_from();
        let mut unsaved = None;
        Watch::start(every, move |ends| {
            let stale = if ends { None } else { engine.refresh().err() };
            let records = saved.map(|saved| index.seq().saturating_sub(saved));
            let due = match records {
                None => true,
                Some(records) => records >= SAVE_EVERY || ends && (records > 0 || unsaved.is_some()),
            };
            if let Some(path) = engine.options.saved_index.as_ref().filter(|_| due) {
                saved = Some(index.seq());
                unsaved = engine.save_index(path).err().filter(|error| !is_at_it(error));
            }
            stale.or_else(|| unsaved.clone())
        })
    }
}

/// Whether somebody else is saving the index just now.
fn is_at_it(error: &Error) -> bool {
    matches!(error, Error::Store(error) if matches!(**error, StoreError::InUse { .. }))
}

/// The notices of a record, of a world in which what they ask for has come to nothing with what it
/// rested on, whether or not a record tells of it (A-4).
fn as_settled(since: Since<'_>, record: &Record) -> Result<Vec<Notice>, ViewError> {
    let found = notice::of_record(since, record)?;
    let mut waiting = Vec::new();
    for (kind, id) in found.iter().filter(|it| !it.settled).filter_map(|it| notice::asks(&it.kind)) {
        waiting.extend(since.now.view.load(kind, id)?);
    }
    let after = match waiting.as_slice() {
        [] => None,
        waiting => settled(since.now, Settling::Entities(waiting))?,
    };
    let Some(after) = after else { return Ok(found) };
    notice::of_record(Since { now: &World::reading(&after, since.now.at)?, ..since }, record)
}
