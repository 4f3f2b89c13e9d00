//! What hosts do not get to see: how commands are decided, how views are read, what a store is
//! asked for. It is here for the tests and benchmarks of this repository alone, and no version
//! promises anything about it.

pub use super::random::Rng;
pub use super::store::{conformance, following, numbered, persistence, verify};
pub use super::tapped::{Tap, Tapped};
pub use crate::about::about;
pub use crate::apply::apply;
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
pub use crate::view::{Any, Entity, Found, Index, Key, Kind, Memory, Overlay, Span, View, ViewError, Write};

use crate::engine::Moment;

/// The number of the rules of `apply`.
pub const RULES: u32 = crate::journal::RULES;

/// What crosses the door, before it is JSON and after.
pub mod door {
    pub use crate::wire::ask::*;
    pub use crate::wire::call::*;
    pub use crate::wire::parse::*;
}

/// How lists are answered.
pub mod answer {
    pub use crate::answer::*;
}

/// The world of a moment as its last record left it.
pub fn world<'m, 'v>(moment: &'m Moment<'v>) -> &'m World<'v> {
    moment.world()
}

/// Lets the process die, as by a power cut, after so many more steps of making a copy.
pub fn dies_after(steps: u32) {
    crate::store::DIES_AFTER.store(steps, std::sync::atomic::Ordering::SeqCst);
}
