//! An embeddable engine for the relationships between managed service providers, their customers and
//! resellers.

pub mod about;
pub mod answer;
pub mod apply;
pub mod base;
pub mod command;
pub mod decide;
pub mod engine;
pub mod event;
pub mod journal;
pub mod model;
pub mod notice;
pub mod policy;
pub mod query;
pub mod refusal;
pub mod rules;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod view;
