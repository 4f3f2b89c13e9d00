//! An embeddable engine for the relationships between managed service providers, their customers and
//! resellers.

pub mod apply;
pub mod base;
pub mod command;
pub mod event;
pub mod journal;
pub mod model;
pub mod policy;
pub mod refusal;
pub mod view;
