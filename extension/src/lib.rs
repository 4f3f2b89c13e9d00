//! tenantry as a loadable extension of SQLite, on whichever connection loads it: `tenantry_tenants`,
//! `tenantry_may` and `tenantry_packed` (X-10), answered from the store by the machine's clock; and
//! `tenantry_execute` (X-9), which executes a command within the connection's own transaction. It
//! has no SQLite of its own: everything goes through that of whoever loads it.
//!
//! ```sh
//! sqlite3 desk.db -cmd ".load ./libtenantry_sql" -cmd "ATTACH 'msp.db' AS tenantry"
//! ```

use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Error, Result, ffi};
use tenantry::engine::{Engine, SystemClock};
use tenantry::sql::{LEAST_VERSION, register, store_file};
use tenantry::wire::{self, Fault, Trouble};

/// Which SQLite has loaded this: its functions are called by all that is loaded.
static LOADED_BY: OnceLock<usize> = OnceLock::new();

/// Registers on a connection. That this is on a store's file shows when it is asked.
fn init(db: Connection) -> Result<bool> {
    let placed = catch_unwind(AssertUnwindSafe(|| match register(&db, SystemClock) {
        Ok(()) => register_execute(&db).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }));
    match placed {
        // It stays loaded: a thread may still have something of it when a connection is closed.
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) => Err(Error::ModuleError(format!("tenantry: {error}"))),
        Err(_) => Err(Error::ModuleError("tenantry: it has failed, by a fault of its own".to_owned())),
    }
}

/// The engine of the store that a connection is on, once a command has come.
type Opened = Mutex<Option<Engine>>;

/// Puts `tenantry_execute` on a connection: what an `execute` at the door has goes in, as JSON, and
/// what it leads to comes out. For whoever writes the statement alone: no view or trigger of a file
/// can call it.
fn register_execute(db: &Connection) -> Result<()> {
    let opened = Opened::default();
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function("tenantry_execute", 1, flags, move |call| {
        let executed = catch_unwind(AssertUnwindSafe(|| execute(&opened, call)));
        executed.unwrap_or_else(|panic| Err(Fault::panicked(&*panic))).map_err(|fault| said(&fault))
    })
}

fn execute(opened: &Opened, call: &Context<'_>) -> Result<String, Fault> {
    let amiss = |error: Error| Fault::new(Trouble::InvalidRequest, error);
    let asked = call.get_raw(0).as_str().map_err(|error| amiss(error.into()))?;
    // SAFETY: the connection is used here alone, while the function runs on it.
    let within = unsafe { call.get_connection() }.map_err(amiss)?;
    let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
    let elsewhere =
        |executed: &Result<_, Fault>| matches!(executed, Err(it) if it.number == Trouble::NotAStore.number());
    // It goes first: it waits for whoever writes, which a transaction that has looked for the store
    // cannot do any more.
    if let Some(engine) = &*opened {
        let executed = wire::execute_within(engine, &within, asked);
        if !elsewhere(&executed) {
            return executed;
        }
    }
    // Another store may have come to stand there.
    *opened = None;
    let engine = Engine::open(store_file(&within)?)?;
    let executed = wire::execute_within(&engine, &within, asked);
    *opened = (!elsewhere(&executed)).then_some(engine);
    executed
}

/// A fault as a statement is told it.
fn said(fault: &Fault) -> Error {
    let busy = fault.number == Trouble::StoreBusy.number();
    let code = if busy { ffi::SQLITE_BUSY } else { ffi::SQLITE_ERROR };
    let why = format!("tenantry: {} {}: {fault}", fault.number, fault.name);
    Error::SqliteFailure(ffi::Error::new(code), Some(why))
}

/// What SQLite calls when it loads the extension.
///
/// # Safety
/// As SQLite calls it: a connection, a place for a message that is given back with
/// `sqlite3_free`, and SQLite's functions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_extension_init(
    db: *mut ffi::sqlite3,
    message: *mut *mut c_char,
    functions: *mut ffi::sqlite3_api_routines,
) -> c_int {
    let refused = |why: &str| {
        // SAFETY: SQLite's functions, or null; a place for a message, or null.
        unsafe { say(message, functions, why) };
        ffi::SQLITE_ERROR
    };
    if functions.is_null() {
        return ffi::SQLITE_ERROR;
    }
    // Before anything else of an SQLite is called that may not have it.
    // SAFETY: SQLite's functions; these two come first among them in every version that loads this.
    let (number, version) = unsafe { ((*functions).libversion_number, (*functions).libversion) };
    // SAFETY: functions of SQLite's without arguments.
    if unsafe { number.map_or(0, |number| number()) } < LEAST_VERSION {
        // SAFETY: a constant text of SQLite's.
        let version = version.map(|version| unsafe { CStr::from_ptr(version()) }.to_string_lossy());
        let version = version.unwrap_or_default();
        return refused(&format!("SQLite {version} may lose commits, 3.51.3 or later is needed"));
    }
    if *LOADED_BY.get_or_init(|| functions.addr()) != functions.addr() {
        return refused("another copy of SQLite in this process has loaded it; load a copy of the file");
    }
    // SAFETY: what SQLite passes goes on as it came. `init` does nothing but register.
    let placed = catch_unwind(|| unsafe { Connection::extension_init2(db, message, functions, init) });
    placed.unwrap_or_else(|_| refused("it has failed, by a fault of its own"))
}

/// The same, where the name of the file makes the name of the function.
///
/// # Safety
/// As [`sqlite3_extension_init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_tenantrysql_init(
    db: *mut ffi::sqlite3,
    message: *mut *mut c_char,
    functions: *mut ffi::sqlite3_api_routines,
) -> c_int {
    // SAFETY: what SQLite passes goes on as it came.
    unsafe { sqlite3_extension_init(db, message, functions) }
}

/// Leaves a message in memory of the SQLite that asked.
///
/// # Safety
/// `functions` are SQLite's or null, `message` is a place for a pointer or null.
unsafe fn say(message: *mut *mut c_char, functions: *mut ffi::sqlite3_api_routines, why: &str) {
    let Ok(why) = CString::new(format!("tenantry: {why}")) else { return };
    if message.is_null() || functions.is_null() {
        return;
    }
    let bytes = why.as_bytes_with_nul();
    let Ok(length) = c_int::try_from(bytes.len()) else { return };
    // SAFETY: both are there; what is allocated is as long as what is copied there.
    unsafe {
        let Some(allocate) = (*functions).malloc else { return };
        let place = allocate(length).cast::<u8>();
        if !place.is_null() {
            place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            *message = place.cast();
        }
    }
}
