//! tenantry as a loadable extension of SQLite: `tenantry_tenants`, `tenantry_may` and
//! `tenantry_packed` (X-10) on whichever connection loads it, answered from the store by the
//! machine's clock. It has no SQLite of its own: everything goes through that of whoever loads it.
//!
//! ```sh
//! sqlite3 desk.db -cmd ".load ./libtenantry_sql" -cmd "ATTACH 'msp.db' AS tenantry"
//! ```

use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use rusqlite::{Connection, Error, Result, ffi};
use tenantry::engine::SystemClock;
use tenantry::sql::{LEAST_VERSION, register};

/// Which SQLite has loaded this: its functions are called by all that is loaded.
static LOADED_BY: OnceLock<usize> = OnceLock::new();

/// Registers on a connection. That this is on a store's file shows when it is asked.
fn init(db: Connection) -> Result<bool> {
    let placed = catch_unwind(AssertUnwindSafe(|| register(&db, SystemClock)));
    match placed {
        // It stays loaded: a thread may still have something of it when a connection is closed.
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) => Err(Error::ModuleError(format!("tenantry: {error}"))),
        Err(_) => Err(Error::ModuleError("tenantry: it has failed, by a fault of its own".to_owned())),
    }
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
