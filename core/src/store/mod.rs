//! The stores: where records, entities and personal data live, in memory or in an SQLite file. What
//! an engine asks of a store is in `port`.

mod draft;
mod error;
pub mod memory;
pub(crate) mod port;
mod queue;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(feature = "testkit")]
pub(crate) use draft::DIES_AFTER;
pub(crate) use draft::Draft;
pub use error::StoreError;
pub(crate) use port::{
    Enough, FilePort, LOST, MISADDRESSED, MISPOINTED, Mended, NewRecord, Port, Reading, Remembered,
    Retelling, StoredReceipt, StoredRecord, Tell, Vouched, Writing, follow,
};

/// A store that an engine keeps everything in. Those there are come with tenantry; what an engine
/// asks of a store is its own affair so far.
pub trait Store: Port {}

impl<S: Port> Store for S {}
