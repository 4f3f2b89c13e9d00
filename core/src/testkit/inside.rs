//! What hosts do not get to see: how commands are decided, how views are read, what a store is
//! asked for. It is here for the tests and benchmarks of this repository alone, and no version
//! promises anything about it.

pub use super::random::Rng;
pub use super::store::{conformance, following, numbered, persistence, verify};
pub use super::tapped::{Tap, Tapped};
pub use crate::about::about;
pub use crate::apply::apply;
pub use crate::csv::inert;
pub use crate::decide::{Settling, decide, settled, sweep};
pub use crate::index::follow::Follower;
pub use crate::index::saved::SavedIndex;
pub use crate::journal::{Hash, Head};
pub use crate::model::derived::{
    Arrived, Device, Holding, Listing, Moved, Refusals, ResellerRow, RestingPrefix,
};
pub use crate::model::machine::{DelinkAct, DelinkObstacle, HandshakeTrigger, OperationTrigger, UserTrigger};
pub use crate::model::permission::DESPITE_DISABLED;
pub use crate::rules::{Ruling, Stop, World, access, due};
pub use crate::sight::Sight;
pub use crate::store::port::{
    FilePort, NewRecord, Port, Reading, Remembered, StoredReceipt, StoredRecord, Writing,
};
pub use crate::view::{
    Any, Entity, Found, Index, Key, Kind, Memory, Overlay, ReadOnce, Span, View, ViewError, Write,
};

use serde_json::Value;

use crate::engine::Moment;
use crate::journal::{NotARecord, Record, UPCASTS, Upcast};

/// The number of the rules of `apply`.
pub const RULES: u32 = crate::journal::RULES;

/// The longest chain of managers that a policy may allow.
pub const MAX_CHAIN: u32 = crate::policy::MAX_CHAIN;

/// What crosses the door, before it is JSON and after.
pub mod door {
    pub use crate::wire::ask::*;
    pub use crate::wire::call::*;
    pub use crate::wire::parse::*;
    pub use crate::wire::read::{MAX_BYTES, MAX_DEPTH, tree};
}

/// How lists are answered.
pub mod answer {
    pub use crate::answer::*;
}

/// What the SQLite store is made of.
#[cfg(feature = "sqlite")]
pub mod sqlite {
    pub use crate::store::sqlite::inside::*;
}

/// What moments can do beyond what hosts need.
pub mod time {
    use chrono::{DateTime, Utc};

    use crate::base::time::Timestamp;

    /// The moment of a text, if it is in the form that is shown.
    pub fn canonical(text: &str) -> Option<Timestamp> {
        Timestamp::canonical(text)
    }

    /// The moment of a chrono time, held within the limits.
    pub fn from_datetime(datetime: DateTime<Utc>) -> Timestamp {
        Timestamp::from_datetime(datetime)
    }

    /// The first moment beyond `at` in steps of so many days from `start`.
    pub fn stepping_past(start: Timestamp, at: Timestamp, days: u32) -> Timestamp {
        start.stepping_past(at, days)
    }
}

/// The canonical form of a text, where this finds it.
type Glance = fn(&str) -> Option<String>;

/// The forms of texts that show at a glance: what each is of, that glance, and the look that finds
/// the same.
pub const GLANCES: [(&str, Glance, Glance); 7] = crate::base::text::GLANCES;

/// What names look like to a reader: those with one skeleton are taken for one another.
pub fn skeleton(name: &str) -> String {
    crate::base::text::skeleton(name)
}

/// The numbers of the rules that records are brought up to, step by step.
pub fn upcasts() -> impl Iterator<Item = u32> {
    UPCASTS.iter().map(|step| step.to)
}

/// A step by which a record of older rules is read: the number that it leads to, and what it does.
pub type UpcastStep = (u32, fn(&mut Value));

/// Reads a record by these steps instead of those there are.
///
/// # Errors
/// When the text is not a record, or is none after the steps.
pub fn upcast(text: &str, steps: &[UpcastStep]) -> Result<Record, NotARecord> {
    let steps: Vec<_> = steps.iter().map(|(to, run)| Upcast { to: *to, run: *run }).collect();
    Record::upcast(text, &steps)
}

/// The world of a moment as its last record left it.
pub fn world<'m, 'v>(moment: &'m Moment<'v>) -> &'m World<'v> {
    moment.world()
}

/// Lets the process die, as by a power cut, after so many more steps of making a copy.
pub fn dies_after(steps: u32) {
    crate::store::DIES_AFTER.store(steps, std::sync::atomic::Ordering::SeqCst);
}
