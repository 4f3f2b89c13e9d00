//! How an engine runs, and by which clock. Decides nothing.

use std::fmt;

use uuid::Uuid;

use super::error::Error;
use crate::base::time::Timestamp;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};

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
    /// longer is woken by [`accept_clock`](super::Engine::accept_clock). [`HOWEVER_FAR`] for no
    /// bound.
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

impl Options {
    /// This moment, for whatever is decided and answered by it.
    pub(super) fn moment(&self) -> Result<Timestamp, Error> {
        let now = self.clock.now();
        if now == Timestamp::MAX { Err(Refusal::new(Code::ClockAhead, now).into()) } else { Ok(now) }
    }
}
