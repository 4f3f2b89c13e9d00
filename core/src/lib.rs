//! An embeddable engine for the relationships between managed service providers (MSPs), their
//! customers and resellers: who manages whom and how, who may do what and why, and the history of
//! all of it.
//!
//! An MSP adds a customer, works there, and both part again:
//!
//! ```
//! use tenantry::command::*;
//! use tenantry::{Actor, Code, Engine, Question, TenantKind, management, permissions, roles, services};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = Engine::memory()?; // or, with the feature `sqlite`: Engine::open("msp.db")?
//! let msp = db.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?))?.outcome;
//! let ada =
//!     db.execute(Actor::OPERATOR, RegisterUser::new(msp, "ada@northwind.example".parse()?, roles::ADMIN))?.outcome;
//!
//! let add = AddCustomer {
//!     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//!     ..AddCustomer::new(msp, TenantKind::Customer, "Bakery Klein".parse()?, management::JOINTLY, [services::MANAGE].into())
//! };
//! let customer = db.execute(ada, add)?.outcome;
//! assert!(db.check(&Question::new(ada, permissions::DEVICES_MANAGE, customer.tenant))?.allowed);
//!
//! // Nobody at the bakery has signed up yet, so nobody could agree to part.
//! let refused = db.execute(ada, RequestDelink::new(customer.link)).unwrap_err();
//! assert_eq!(refused.code(), Some(Code::NoCustomerOwner));
//!
//! let sign_up = customer.sign_up.ok_or("an owner was invited")?;
//! db.execute(sign_up.user, AcceptInvitation::new(sign_up.invitation, "bo@bakery.example".parse()?))?;
//! db.execute(ada, RequestDelink::new(customer.link))?;
//! db.execute(sign_up.user, AcceptDelink::new(customer.link))?;
//!
//! let verdict = db.check(&Question::new(ada, permissions::DEVICES_MANAGE, customer.tenant))?;
//! assert_eq!(verdict.reason, Some(Code::NotLinked));
//! # Ok(())
//! # }
//! ```
//!
//! | what | where |
//! |---|---|
//! | what is asked of tenantry, and answered with a [`Receipt`] or a [`Refusal`] | [`command`] |
//! | whether somebody may do something, answered with a [`Verdict`] that says why; lists and details | [`query`] |
//! | stores, clocks, revisions, the past, notices, waiting for others | [`engine`] |
//! | why not: every [`Code`] with its number, message and remedy | [`refusal`] |
//! | what a platform offers and how strict it is | [`policy`] |
//! | the names of its default policy, as values | [`permissions`], [`roles`], [`services`], [`management`] |
//! | ids, moments and texts that are parsed once; words, states and who acts | [`base`], [`model`] |
//! | checks in nanoseconds | [`index`] |
//! | the door of other languages | [`wire`] |
//! | checks in the forms of standards | [`edge`] |
//! | what has happened, and who is to be told | [`event`], [`journal`], [`notice`] |
//!
//! The state machines that run are laid open and drawn by [`diagram`]. The rules, with the ids that
//! are cited everywhere, are in `RULES.md`; how it is built, in `ARCHITECTURE.md`.
//!
//! # What may change
//!
//! Commands, queries, policies and their parts are structs that you write out; a minor version may
//! give them further fields that may be left out. Write them with `..RegisterTenant::new(…)` or
//! `..Policy::default()`, and you notice nothing. Enums that grow are `#[non_exhaustive]`. Numbers
//! and names of refusals, events and words stay what they are.
//!
//! # Features
//!
//! - `sqlite`: the store in an SQLite file, for several processes at once. SQLite is bundled.
//! - `schema`: JSON Schemas of everything that crosses the JSON door.
//! - `testkit`: a fixed clock and scenarios, for tests of your own.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "testkit"), expect(unreachable_pub, reason = "`testkit::inside` shows it"))]
// The README's programs run as this crate's.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]

mod about;
mod answer;
mod apply;
pub mod base;
pub mod command;
mod csv;
mod decide;
pub mod diagram;
pub mod edge;
mod effect;
pub mod engine;
pub mod event;
pub mod index;
pub mod journal;
pub mod model;
pub mod notice;
pub mod policy;
pub mod query;
pub mod refusal;
mod report;
mod rules;
mod sight;
#[cfg(feature = "sqlite")]
pub mod sql;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
mod view;
pub mod wire;

pub use base::ids::{LinkId, TenantId, UserId};
pub use base::time::Timestamp;
pub use engine::{Engine, Error, Options, Receipt, Token};
pub use model::{Actor, TenantKind};
pub use policy::Policy;
pub use policy::names::{management, permissions, roles, services};
pub use query::{Ask, Question, Verdict};
pub use refusal::{Code, Refusal};
