//! The rules, one file per section of rules.md: each a function of a view. They read and return events or a refusal;
//! they never write, never send, and know no clock but the moment that is passed in.

pub mod access;
pub mod assignment;
pub mod delink;
pub mod due;
pub mod link;
pub mod personal;
pub mod policy;
pub mod role;
pub mod tenant;
pub mod user;

mod authority;
mod world;

pub use access::Gate;
pub use world::{Bars, Decision, Ruling, Stop, World};
