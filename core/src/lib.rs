//! An embeddable engine for the relationships between managed service providers (MSPs), their
//! customers and resellers: who manages whom and how, who may do what and why, and the history of
//! all of it.
//!
//! An MSP adds a customer, works there, and both part again:
//!
//! ```
//! use tenantry::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = Engine::memory()?; // or, with the feature `sqlite`: Engine::open("msp.db")?
//! let msp = db.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?))?.outcome;
//! let ada =
//!     db.execute(Actor::OPERATOR, RegisterUser::new(msp, "ada@northwind.example".parse()?, "admin".parse()?))?.outcome;
//!
//! let add = AddCustomer {
//!     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//!     ..AddCustomer::new(msp, TenantKind::Customer, "Bakery Klein".parse()?, "jointly".parse()?, ["manage".parse()?].into())
//! };
//! let customer = db.execute(ada, add)?.outcome;
//! assert!(db.check(&Question::new(ada, "devices.manage".parse()?, customer.tenant))?.allowed);
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
//! let verdict = db.check(&Question::new(ada, "devices.manage".parse()?, customer.tenant))?;
//! assert_eq!(verdict.reason, Some(Code::NotLinked));
//! # Ok(())
//! # }
//! ```
//!
//! What is asked of tenantry is a [`command`], answered with a [`engine::Receipt`] or a
//! [`refusal`]; whether somebody may do something is a [`query::Question`], answered with a
//! [`query::Verdict`] that says why. What a platform offers is its [`policy`]. The state machines
//! that run are laid open in [`model::machine`] and drawn by [`diagram`].
//!
//! Other languages come in by the JSON door, [`wire`].
//!
//! The rules, with the ids that are cited everywhere, are in `RULES.md`; the house is described in
//! `ARCHITECTURE.md`.
//!
//! # Features
//!
//! - `sqlite`: the store in an SQLite file, for several processes at once. SQLite is bundled.
//! - `schema`: JSON Schemas of everything that crosses the JSON door.
//! - `testkit`: the store conformance suite, a fixed clock and scenarios, for tests of your own.

pub mod about;
pub mod answer;
pub mod apply;
pub mod base;
pub mod command;
pub mod csv;
pub mod decide;
pub mod diagram;
pub mod effect;
pub mod engine;
pub mod event;
pub mod index;
pub mod journal;
pub mod model;
pub mod notice;
pub mod policy;
pub mod prelude;
pub mod query;
pub mod refusal;
pub mod rules;
pub mod sight;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod view;
pub mod wire;
