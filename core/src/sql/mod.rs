//! In the host's own SQL. Access (X-10): on the host's SQLite connection, to the file that the
//! store is in or to which that is attached, a table of the tenants on which somebody may do
//! something, and functions that say the same. They judge nothing themselves and write nothing.
//!
//! | in SQL | what it is |
//! |---|---|
//! | `tenantry_tenants(user, permission[, service])` | a table: its column `tenant` has their ids as blobs of 16 bytes, `tenant_text` as texts |
//! | `tenantry_may(user, permission, tenant[, service])` | 1 or 0 |
//! | `tenantry_packed(user, permission[, service])` | their ids one after the other in one blob, for other databases |
//!
//! ```
//! # use std::sync::Arc;
//! # use tenantry::{Actor, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let path = place.path().join("msp.db");
//! let engine = Arc::new(Engine::open(&path)?);
//! let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "admin".parse()?);
//! let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//!
//! // The desk's own tables are in a file of their own, with the store attached.
//! let desk = rusqlite::Connection::open(place.path().join("desk.db"))?;
//! desk.execute("ATTACH ?1 AS tenantry", [path.to_str()])?;
//! desk.execute_batch("CREATE TABLE ticket(id INTEGER PRIMARY KEY, customer BLOB, subject TEXT)")?;
//! desk.execute("INSERT INTO ticket(customer, subject) VALUES (?1, 'No ink')", [msp.uuid().as_bytes()])?;
//!
//! tenantry::sql::register_with(&desk, Arc::clone(&engine))?;
//! let mine = "SELECT count(*) FROM ticket WHERE customer IN (SELECT tenant FROM tenantry_tenants(?1, ?2))";
//! let mine: i64 = desk.query_row(mine, (ada.uuid().as_bytes(), "devices.view"), |row| row.get(0))?;
//! assert_eq!(mine, 1);
//! # Ok(())
//! # }
//! ```
//!
//! What they say is what the store's checks say at the revision that the host's transaction sees,
//! never an older or newer one, at the moment of the clock when a statement first asks. Users and
//! tenants are blobs of 16 bytes or texts. Whatever is not known, or no id, may nothing, and `NULL`
//! may nothing; a permission or service that the policy does not have is an error, as it is for
//! checks.

mod asked;
mod borrowed;
mod desk;
mod function;
mod table;
mod within;

use std::sync::Arc;

use rusqlite::Connection;

pub(crate) use self::within::submit;
pub use self::within::{commit, execute, execute_as, store_file};

use self::desk::{Desk, Source};
use crate::engine::{Clock, Engine, Error};
use crate::store::StoreError;
use crate::store::sqlite::{LEAST_SQLITE, too_old};

/// The least version of SQLite that is trusted with a store, as `sqlite3_libversion_number` tells
/// it: those before it may lose commits of a file that several have open.
pub const LEAST_VERSION: i32 = LEAST_SQLITE;

/// Registers the table and the functions on a connection, to be answered from the store by this
/// clock. Doing so again replaces them.
///
/// # Errors
/// When the SQLite that runs here may lose commits; when the connection is at it.
pub fn register(db: &Connection, clock: impl Clock + 'static) -> Result<(), Error> {
    place(db, Source::Clock(Box::new(clock)))
}

/// Registers the table and the functions on a connection, to be answered by an engine's clock, and
/// by its [access index](Engine::access_index) where there is one that stands at the very revision
/// that the transaction sees. The connection keeps the engine.
///
/// # Errors
/// As [`register`].
pub fn register_with(db: &Connection, engine: Arc<Engine>) -> Result<(), Error> {
    place(db, Source::Engine(engine))
}

fn place(db: &Connection, source: Source) -> Result<(), Error> {
    if let Some(why) = too_old() {
        return Err(StoreError::CannotOpen { path: db.path().unwrap_or_default().into(), why }.into());
    }
    let desk = Arc::new(Desk::new(source));
    let place = || {
        // What cannot be read now is read before there is anything that would have to go again.
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let placed = table::register(db, &desk).and_then(|()| function::register(db, &desk));
        if placed.is_err() {
            function::remove(db);
        }
        placed
    };
    place().map_err(|error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy) => StoreError::Busy { waited_ms: 0 }.into(),
        _ => StoreError::Io(error.to_string()).into(),
    })
}
