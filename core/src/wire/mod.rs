//! The JSON door: one function in, JSON out, for every language that is not Rust. It decides
//! nothing: a call becomes what the engine already offers, and what the engine says becomes a
//! reply or a [`Fault`].
//!
//! ```
//! use tenantry::engine::Engine;
//! use tenantry::wire;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::memory()?;
//! let reply = wire::call(
//!     &engine,
//!     r#"{"execute": {"actor": {"operator": {}},
//!                     "command": {"command": "register_tenant", "kind": "msp", "name": "Northwind IT"}}}"#,
//! )?;
//! assert!(reply.contains(r#""command":"register_tenant","outcome":""#));
//!
//! let fault = wire::call(&engine, r#"{"ask": {"query": "look_up", "actor": "clock"}}"#).unwrap_err();
//! assert_eq!((fault.number, fault.path.as_deref()), (9002, Some("ask")));
//! assert_eq!(&*fault.message, "at ask: missing field `number`");
//! # Ok(())
//! # }
//! ```
//!
//! | call | reply |
//! |---|---|
//! | `{"execute": {"actor", "command", "id"?, "expected_seq"?}}` | `Executed` |
//! | `{"execute_all": [ … ]}`, in one commit, each answered for itself | `ExecutedAll` |
//! | `{"ask": {"query", …, "as_of"?}}` | `Answered` |
//! | `{"acknowledge": {"consumer", "through"}}` | `Acknowledged` |
//! | `{"sweep": {}}` | `Swept` |
//! | `{"backup": {"to"}}` | `BackedUp` |
//! | `{"save_index": {"to"}}` | `IndexSaved` |
//! | `{"compact": {}}` | `Compacted` |
//! | `{"rebuild": {}}` | [`Rebuilt`](crate::engine::Rebuilt) |
//!
//! The JSON Schema of all of it is generated from these types (feature `schema`) and committed as
//! `include/tenantry.schema.json`.

#[cfg_attr(not(feature = "testkit"), expect(dead_code, reason = "`testkit::inside` shows it"))]
pub(crate) mod ask;
pub(crate) mod call;
mod fault;
pub(crate) mod parse;
pub(crate) mod read;
#[cfg(feature = "schema")]
mod schema;
mod strict;

use ask::{AnyQuery, Inquiry};
#[cfg(feature = "sqlite")]
use call::Execute;
use call::{BackedUp, Backup, Call, Compacted, IndexSaved, SaveIndex, Sweep, Swept, run_all};
pub use fault::{Fault, FaultItem, Status, Trouble, Whose};
pub use parse::*;
#[cfg(feature = "schema")]
pub use schema::schema;

#[cfg(feature = "sqlite")]
use std::path::Path;

#[cfg(feature = "sqlite")]
use rusqlite::Connection;
use serde::Serialize;

use crate::base::ids::{TenantId, UserId};
use crate::edge;
use crate::edge::authzen::AuthzenApi;
use crate::engine::Engine;
use crate::index::{AccessIndex, At, Overtaken, TenantHandle, UserHandle};
use crate::policy::Policy;
use crate::query::{HeldPermission, Query};

/// Answers one call with a reply in JSON, or says in the fault why there is none. Never panics on
/// what it is given.
///
/// # Errors
/// The refusals of the command or query, a broken store, or a call that is not one.
pub fn call(engine: &Engine, request: &str) -> Result<String, Fault> {
    match Call::read(request)? {
        Call::Execute(execute) => Ok(text(&execute.run(engine)?)),
        Call::ExecuteAll(all) => Ok(text(&run_all(engine, all))),
        Call::Ask(ask) => Ok(text(&ask.run(engine)?)),
        Call::Acknowledge(acknowledge) => Ok(text(&acknowledge.run(engine)?)),
        Call::Sweep(Sweep { accept_clock: true }) => Ok(text(&Swept { happened: engine.accept_clock()? })),
        Call::Sweep(_) => Ok(text(&Swept { happened: engine.sweep()? })),
        Call::Backup(Backup { to }) => Ok(text(&BackedUp { token: engine.backup(to)? })),
        Call::SaveIndex(SaveIndex { to }) => Ok(text(&IndexSaved { token: engine.save_index(to)? })),
        Call::Compact(_) => Ok(text(&Compacted { bytes: engine.compact()? })),
        Call::Rebuild(_) => Ok(text(&engine.rebuild()?)),
    }
}

/// Answers a question about the present, as [`call`] does.
///
/// # Errors
/// The refusals of the query; a broken store.
pub fn ask(engine: &Engine, query: impl Into<Query>) -> Result<String, Fault> {
    let question = AnyQuery::Rules(Box::new(query.into()));
    Ok(text(&Inquiry { question, as_of: None }.run(engine)?))
}

/// Executes a command within the transaction that a connection of the host's is in, as
/// [`sql::execute`](crate::sql::execute) does (X-9). What comes in is what an `execute` of [`call`]
/// has; the reply is that of `execute` without its events, which are told once it is committed.
///
/// # Errors
/// As for [`sql::execute`](crate::sql::execute); what comes in is no such call.
#[cfg(feature = "sqlite")]
pub fn execute_within(engine: &Engine, within: &Connection, execute: &str) -> Result<String, Fault> {
    let execute = Execute::read(read::tree(execute)?, "execute")?;
    Ok(text(&execute.run_within(engine, within)?))
}

/// Answers a request of the AuthZEN Authorization API as its HTTP binding does: the body of a
/// `POST` to one of its paths in, a status and a body out. The body of status 200 is JSON, any
/// other's the message of an error. Never panics on what it is given.
///
/// Whoever may send such requests learns whatever checks tell; who that is, the host sees to.
///
/// ```
/// use tenantry::{Engine, wire};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::memory()?;
/// let request = r#"{"subject": {"type": "user", "id": "nobody"}, "action": {"name": "devices.view"},
///                   "resource": {"type": "tenant", "id": "nothing"}}"#;
/// let (status, body) = wire::authzen(&engine, "/access/v1/evaluation", request);
/// assert_eq!(status, 200);
/// assert_eq!(body, r#"{"context":{"reason":"unknown_user","rule":"P-1"},"decision":false}"#);
/// assert_eq!(wire::authzen(&engine, "/access/v1/evaluation", "").0, 400);
/// # Ok(())
/// # }
/// ```
pub fn authzen(engine: &Engine, path: &str, body: &str) -> (u16, String) {
    let Some(api) = AuthzenApi::at(path) else {
        return (404, "there is nothing at this path".to_owned());
    };
    let answered = read::tree(body).and_then(|tree| {
        let request = read::part(tree, "request")?;
        let snapshot = engine.read()?;
        edge::authzen::answer(&snapshot.now()?, api, &request).map_err(|error| Fault::edge(error, "request"))
    });
    match answered {
        Ok(document) => (200, document.to_string()),
        Err(fault) => {
            let status = match fault.family {
                Whose::Store | Whose::Defect => 500,
                _ => 400,
            };
            (status, fault.to_string())
        }
    }
}

/// Everybody who can do anything on a tenant, and what, as the access index says (X-3): an object
/// with `seq` and `rows`, each of which has a `user` and what they hold, as reviews on the store
/// have it.
///
/// # Errors
/// `store_busy`, when commits followed each other too closely ([`Overtaken`]).
pub fn tenant_access(index: &AccessIndex, tenant: TenantHandle, at: impl At) -> Result<String, Fault> {
    let review = index.tenant_access(tenant, at).map_err(overtaken)?;
    let held = index.held(&review);
    let rows = held.iter().map(|(user, held)| UserReviewed { user: index.user_id(*user), held });
    Ok(text(&IndexReviewed { seq: review.seq(), rows: rows.collect() }))
}

/// Every tenant on which a user can do anything, and what, as the access index says (X-3): an
/// object with `seq` and `rows`, each of which has a `tenant` and what is held there.
///
/// # Errors
/// As for [`tenant_access`].
pub fn user_access(index: &AccessIndex, user: UserHandle, at: impl At) -> Result<String, Fault> {
    let review = index.user_access(user, at).map_err(overtaken)?;
    let held = index.held(&review);
    let rows = held.iter().map(|(tenant, held)| TenantReviewed { tenant: index.tenant_id(*tenant), held });
    Ok(text(&IndexReviewed { seq: review.seq(), rows: rows.collect() }))
}

/// A long look-up on the access index could not be read between two commits.
pub fn overtaken(overtaken: Overtaken) -> Fault {
    Fault::new(Trouble::StoreBusy, overtaken)
}

#[derive(Serialize)]
struct IndexReviewed<R> {
    seq: u64,
    rows: Vec<R>,
}

#[derive(Serialize)]
struct UserReviewed<'r> {
    user: UserId,
    held: &'r [HeldPermission],
}

#[derive(Serialize)]
struct TenantReviewed<'r> {
    tenant: TenantId,
    held: &'r [HeldPermission],
}

/// The names of everything that can be asked.
pub fn queries() -> impl Iterator<Item = &'static str> {
    Inquiry::names()
}

/// Puts a backup in a store's place, as [`Engine::restore`] does; the reply is a
/// [`Restored`](crate::engine::Restored).
///
/// # Errors
/// As for [`Engine::restore`].
#[cfg(feature = "sqlite")]
pub fn restore(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<String, Fault> {
    Ok(text(&Engine::restore(from, to)?))
}

/// Reads a policy: an object as the schema has it, or the name of one that comes with the library,
/// as in `"clients"`.
///
/// # Errors
/// When it is no policy. Whether it contradicts itself is said where it is put into force.
pub fn policy(text: &str) -> Result<Policy, Fault> {
    read::part(read::policy(read::tree(text)?, "policy")?, "policy")
}

/// Anything that crosses, as JSON.
pub fn text(what: &impl Serialize) -> String {
    serde_json::to_string(what).expect("what crosses has string keys and finite numbers")
}
