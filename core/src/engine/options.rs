//! How an engine runs, and by which clock. Decides nothing.

use std::fmt;
use std::path::PathBuf;

use uuid::Uuid;

use super::error::Error;
use crate::base::time::Timestamp;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};

/// For [`Options::clock_leap_seconds`] and [`Options::clock_tolerance_seconds`]: no bound.
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
///
/// ```
/// use tenantry::engine::Clock;
/// use tenantry::{Engine, Options, Policy, Timestamp};
///
/// /// A clock of the host's own, as for a replay or a test.
/// struct Noon;
///
/// impl Clock for Noon {
///     fn now(&self) -> Timestamp {
///         "2026-01-31T12:00:00Z".parse().unwrap_or(Timestamp::MAX)
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options::default().clock(Noon).policy(Policy::clients()).record_refusals(false);
/// let engine = Engine::memory_with(options)?;
/// assert_eq!(engine.now().to_string(), "2026-01-31T12:00:00.000000Z");
/// # Ok(())
/// # }
/// ```
pub struct Options {
    pub(super) clock: Box<dyn Clock>,
    pub(super) ids: Box<dyn Fn() -> Uuid + Send + Sync>,
    /// Whether the ids are the host's, which may repeat themselves.
    pub(super) ids_of_host: bool,
    pub(super) salts: Box<dyn Fn() -> Uuid + Send + Sync>,
    pub(super) policy: Policy,
    pub(super) record_refusals: bool,
    pub(super) clock_leap_seconds: u32,
    pub(super) clock_tolerance_seconds: u32,
    pub(super) saved_index: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemClock),
            ids: Box::new(Uuid::now_v7),
            ids_of_host: false,
            salts: Box::new(Uuid::new_v4),
            policy: Policy::default(),
            record_refusals: true,
            clock_leap_seconds: 365 * 24 * 3_600,
            clock_tolerance_seconds: 300,
            saved_index: None,
        }
    }
}

impl Options {
    /// What time it is; the machine's clock by default. A command waits for it, so it may not call
    /// the engine.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Makes ids that callers left out; UUIDv7 by default. One that is nil or names anything
    /// already is refused as one that a caller chose (`nil_id`, `id_taken`).
    #[must_use]
    pub fn ids(mut self, ids: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        self.ids = Box::new(ids);
        self.ids_of_host = true;
        self
    }

    /// Makes the salts that keep anybody from guessing personal data from what the journal says of
    /// it (U-5); the system's random numbers by default. Whoever sets it knows them: it is for
    /// tests, which want the same journal each time.
    #[must_use]
    pub fn salts(mut self, salts: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        self.salts = Box::new(salts);
        self
    }

    /// The policy of a store that is new; an existing store keeps its own.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether a user's commands that are refused for lack of rights, or because what they name is
    /// not there for them (the families `Rights` and `Unknown`), are journalled (Q-2); they are by
    /// default, up to 32 of each user in an hour.
    #[must_use]
    pub fn record_refusals(mut self, record: bool) -> Self {
        self.record_refusals = record;
        self
    }

    /// How far the clock may be ahead of the journal's last record before commands are refused
    /// (`clock_ahead`), in seconds; a year by default. A store in which nothing has happened for
    /// longer is woken by [`accept_clock`](super::Engine::accept_clock). [`HOWEVER_FAR`] for no
    /// bound.
    #[must_use]
    pub fn clock_leap_seconds(mut self, seconds: u32) -> Self {
        self.clock_leap_seconds = seconds;
        self
    }

    /// How far the clock may be behind the journal before commands are refused (`clock_behind`), in
    /// seconds; five minutes by default. Within it, the journal's last moment counts.
    #[must_use]
    pub fn clock_tolerance_seconds(mut self, seconds: u32) -> Self {
        self.clock_tolerance_seconds = seconds;
        self
    }

    /// Where the access index is saved, if anywhere; nowhere by default. An index that was saved
    /// there is loaded, and then brought up to date by the journal, instead of being built of the
    /// whole store. [`Engine::watch`](super::Engine::watch) saves it there again, and
    /// [`Engine::save_index`](super::Engine::save_index) whenever the host wants.
    ///
    /// It is believed only if the same version of the library has saved it, of this store, at a
    /// record that it has, and if every byte is as it was; on Unix only if nobody but its owner may
    /// write to it. Else it is left alone and the index is built:
    /// [`AccessIndex::loaded_from`](crate::index::AccessIndex::loaded_from) tells.
    #[must_use]
    pub fn saved_index(mut self, path: impl Into<PathBuf>) -> Self {
        self.saved_index = Some(path.into());
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("policy", &self.policy.name)
            .field("record_refusals", &self.record_refusals)
            .field("clock_leap_seconds", &self.clock_leap_seconds)
            .field("clock_tolerance_seconds", &self.clock_tolerance_seconds)
            .field("saved_index", &self.saved_index)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// This moment, for whatever is decided and answered by it.
    pub(super) fn moment(&self) -> Result<Timestamp, Error> {
        let now = self.clock.now();
        if now == Timestamp::MAX { Err(Refusal::new(Code::ClockAhead, now).into()) } else { Ok(now) }
    }
}
