//! Standards at the edge: questions and answers in the forms that others have agreed upon,
//! as functions from JSON to JSON. They decide nothing: each asks what the engine already answers,
//! and says it in other words. HTTP, signatures and delivery are the host's.
//!
//! | standard | what crosses | where |
//! |---|---|---|
//! | OpenID AuthZEN Authorization API 1.0 | checks and look-ups | [`authzen`] |
//! | CloudEvents 1.0 | notices | [`cloudevents`] |
//! | OCSF 1.8.0 | the audit, and the journal | [`ocsf`] |
//! | OpenID CAEP 1.0 | ended consoles, and changes of effective access | [`caep`] |
//!
//! The JSON door has the same as queries of these names, and so have C and Python.

pub mod authzen;
pub mod caep;
pub mod cloudevents;
mod document;
pub mod ocsf;

pub use document::{Document, EdgeError, EdgeEvents};
