//! The rules, one file per section of rules.md: each a function of a view. They read and return
//! events or a refusal; they never write, never send, and know no clock but the moment that is
//! passed in.

pub mod access;
pub mod alert;
pub mod assignment;
pub mod authority;
pub mod delink;
pub mod device;
pub mod due;
pub mod integration;
pub mod licence;
pub mod link;
pub mod personal;
pub mod policy;
pub mod reseller;
pub mod role;
pub mod session;
pub mod tenant;
pub mod user;

mod batch;
pub mod graph;
mod ids;
mod rights;
mod world;

pub use access::Gate;
pub use graph::manages;
pub use world::{Bars, Decision, Ruling, Stop, World};
