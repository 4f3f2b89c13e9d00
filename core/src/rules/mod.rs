//! The rules, a file for each thing that they are about: functions of a view. They read and return
//! events or a refusal; they never write, never send, and know no clock but the moment that is
//! passed in.

pub mod access;
pub(crate) mod address;
pub(crate) mod alert;
pub(crate) mod assignment;
pub(crate) mod authority;
pub(crate) mod delink;
pub(crate) mod device;
pub(crate) mod difference;
pub mod due;
pub(crate) mod effective;
pub(crate) mod external;
pub(crate) mod handshake;
pub(crate) mod integration;
pub(crate) mod kept_off;
pub(crate) mod licence;
pub(crate) mod link;
pub(crate) mod manager;
pub(crate) mod operation;
pub(crate) mod personal;
pub(crate) mod policy;
pub(crate) mod proposal;
pub(crate) mod reach;
pub(crate) mod reseller;
pub(crate) mod role;
pub(crate) mod session;
pub(crate) mod temporary;
pub(crate) mod tenant;
pub(crate) mod user;

mod across;
mod batch;
pub(crate) mod graph;
pub(crate) mod ids;
pub(crate) mod ladder;
mod rights;
mod world;

pub(crate) use access::Gate;
pub(crate) use graph::manages;
pub(crate) use world::{Decision, unless_refused};
pub use world::{Ruling, Stop, World};
