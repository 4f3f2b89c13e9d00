//! What nothing outside sees, room by room as in `src`: the parsed texts, the words of the access index, the statements and
//! the formats of the SQLite store.
//!
//! The library has no tests in itself, for which all of it would be built a second time. What is private is reached by
//! `testkit::inside`; files that know nothing of the rest are built once more with this test.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

#[path = "../../src/index/ids.rs"]
#[expect(dead_code, reason = "a part of it is tested by itself")]
mod ids;
#[path = "../../src/index/layout.rs"]
#[expect(dead_code, reason = "a part of it is tested by itself")]
mod layout;
#[path = "../../src/index/list.rs"]
#[expect(dead_code, reason = "a part of it is tested by itself")]
mod list;
#[path = "../../src/store/queue.rs"]
#[cfg_attr(feature = "sqlite", expect(dead_code, reason = "a part of it is tested by itself"))]
mod queue;
#[path = "../../src/index/seqlock.rs"]
#[expect(dead_code, reason = "a part of it is tested by itself")]
mod seqlock;

/// What those files name of the library.
mod policy {
    pub(crate) use tenantry::testkit::inside::MAX_CHAIN;
}
use tenantry::refusal;

mod base {
    mod ids;
    mod text;
    mod time;
}
mod csv;
mod index {
    mod ids;
    mod layout;
    mod list;
    mod seqlock;
}
mod journal;
mod store {
    mod queue;
    #[cfg(feature = "sqlite")]
    mod sqlite;
}
mod wire {
    mod read;
}
