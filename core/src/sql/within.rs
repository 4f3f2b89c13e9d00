//! Commands within the host's own transaction (X-9): what both write to the store's file is
//! committed together, or not at all.

use std::path::PathBuf;

use rusqlite::{Connection, Transaction};

use super::borrowed::lent;
use crate::base::ids::RequestId;
use crate::command::{Act, Request};
use crate::engine::{Engine, Error, Receipt, Submitted, Token};
use crate::model::Actor;
use crate::store::StoreError;
use crate::store::sqlite::{Hosted, not_committed, write_within};

/// Executes a command within the transaction that a connection of the host's is in, to the
/// engine's own file or with that attached. It is done when the host commits, and not at all when
/// the host rolls back, to a savepoint before it or altogether; until then the receipt is a promise
/// of the host's, and nobody else sees anything of it. Rows of the host's are surely committed with
/// it where they are in the store's own file: of several files SQLite commits one after the other,
/// and who dies between them has committed one alone. The engine's access index follows with
/// [`commit`], with `Engine::refresh`, or with the engine's next command.
///
/// A transaction that has read nothing of the store yet waits for whoever writes, as long as the
/// connection waits for others (`busy_timeout`).
/// Nobody else writes to the store until the host has ended its transaction: other processes and
/// this engine's own commands wait, so one that the same thread gives the engine meanwhile is
/// refused as `Busy` in the end. The connection's `secure_delete` is set for the store's file, so
/// that what is erased is gone.
///
/// ```
/// # use tenantry::{Actor, Engine, TenantKind, command::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("msp.db");
/// let engine = Engine::open(&path)?;
/// let mut desk = rusqlite::Connection::open(place.path().join("desk.db"))?;
/// desk.execute("ATTACH ?1 AS tenantry", [path.to_str()])?;
/// desk.execute_batch("CREATE TABLE contract(msp BLOB, begins TEXT)")?;
///
/// let signed = desk.transaction()?;
/// let register = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
/// let msp = tenantry::sql::execute(&engine, &signed, Actor::OPERATOR, register)?.outcome;
/// signed.execute("INSERT INTO contract VALUES (?1, '2026-01-01')", [msp.uuid().as_bytes()])?;
/// let token = tenantry::sql::commit(&engine, signed)?;
/// assert_eq!(token, engine.token()?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Engine::execute`]: a refused command leaves the transaction as it was, but for the record
/// of the refusal. `NotReady` where the connection is in no transaction, its `synchronous` is less
/// than FULL, or a statement that writes is under way on it; `NotOurs` where it is not on the
/// engine's file; `Busy` where others write for longer than the connection waits, at once where the
/// transaction has read the store before that, and where it has read what others have changed
/// since: roll back and begin anew; `Damaged` where a trigger or an index of the host's would act
/// on what is written.
pub fn execute<C: Act>(
    engine: &Engine,
    within: &Connection,
    actor: impl Into<Actor>,
    command: C,
) -> Result<Receipt<C::Outcome>, Error> {
    execute_as(RequestId::from_uuid(engine.new_id()), engine, within, actor, command)
}

/// The same under a request id of the caller's: asking again is safe, within the transaction and
/// after it, and answers with the first receipt.
///
/// # Errors
/// As [`execute`], and `request_reused`.
pub fn execute_as<C: Act>(
    id: RequestId,
    engine: &Engine,
    within: &Connection,
    actor: impl Into<Actor>,
    command: C,
) -> Result<Receipt<C::Outcome>, Error> {
    let request = Request { id, actor: actor.into(), expected_seq: None, command: command.clone().into() };
    let Receipt { token, at, outcome } = submit(engine, within, &request)?;
    Ok(Receipt { token, at, outcome: command.outcome(&outcome) })
}

/// Executes a request within the host's transaction.
pub(crate) fn submit(engine: &Engine, within: &Connection, request: &Request) -> Submitted {
    let file = engine.on_file()?;
    let written =
        lent(within, |hosted| write_within(hosted, file, |reading| engine.decide_on(reading, request)));
    let written: Result<Submitted, Error> = written.map_err(|error| StoreError::Io(error.to_string()))?;
    written?
}

/// The file of the store that a connection of the host's is on, or that is attached to it.
///
/// # Errors
/// `NotOurs` where no file of the connection is a store, or several are.
pub fn store_file(on: &Connection) -> Result<PathBuf, Error> {
    let file = lent(on, Hosted::file).map_err(|error| StoreError::Io(error.to_string()))?;
    Ok(file?)
}

/// Commits the host's transaction, and brings the engine's access index up to it.
///
/// # Errors
/// `OutcomeUnknown` where it cannot be told whether it is committed: the request ids tell. What
/// else the commit fails with, and then nothing of it is there.
pub fn commit(engine: &Engine, transaction: Transaction<'_>) -> Result<Token, Error> {
    transaction.commit().map_err(not_committed)?;
    engine.refresh()
}
