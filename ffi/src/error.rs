//! Statuses, and errors for those who ask.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use tenantry::wire::{self, Fault, Status, Trouble};

use crate::guard::{put, quietly};
use crate::handle::{self, Kind};

/// What became of a call: `TENANTRY_OK`, a refusal's number from 1 to 999, or the number of another trouble from 9000 on.
/// Numbers and names never change and are never used again.
pub type tenantry_status = i32;

/// Everything went well.
pub(crate) const OK: tenantry_status = 0;

/// Why a call failed, for those who ask: pass the address of a pointer as the last argument, or null. It is null
/// after a call that went well; after any other it is the caller's until `tenantry_error_free`.
pub struct tenantry_error {
    fault: Fault,
    message: CString,
    about: CString,
    path: CString,
    // Written when it is asked for.
    json: OnceLock<CString>,
}

fn closed(text: &str) -> CString {
    // A zero inside would end the text early for whoever reads up to it.
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

impl tenantry_error {
    pub(crate) fn give(fault: Fault) -> *mut Self {
        let message = closed(&fault.message);
        let about = closed(fault.about.as_deref().unwrap_or_default());
        let path = closed(fault.path.as_deref().unwrap_or_default());
        handle::give(Kind::Error, Box::new(Self { fault, message, about, path, json: OnceLock::new() }))
    }
}

/// A status in texts with closing zeros.
struct Told {
    name: CString,
    message: CString,
    remedy: CString,
    rule: CString,
}

fn told(status: tenantry_status) -> Option<&'static Told> {
    static ALL: OnceLock<BTreeMap<tenantry_status, Told>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let told = |status: Status| Told {
            name: closed(status.name),
            message: closed(status.message),
            remedy: closed(status.remedy),
            rule: closed(status.rule.unwrap_or_default()),
        };
        let ok = Told { name: closed("ok"), message: closed("done"), remedy: closed(""), rule: closed("") };
        Status::all().map(|status| (status.number.into(), told(status))).chain([(OK, ok)]).collect()
    });
    all.get(&status)
}

fn of_status(status: tenantry_status, read: impl FnOnce(&'static Told) -> &'static CString) -> *const c_char {
    quietly(c"".as_ptr(), || told(status).map_or(c"".as_ptr(), |told| read(told).as_ptr()))
}

/// The name of a status, such as "not_delinkable"; "" for a number that is none.
///
/// The text has a closing zero and is never freed. Safe to call at any time, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tenantry_status_name(status: tenantry_status) -> *const c_char {
    of_status(status, |told| &told.name)
}

/// What a status means in general; in a refusal's, "{}" is the thing it is about. As `tenantry_status_name`.
#[unsafe(no_mangle)]
pub extern "C" fn tenantry_status_message(status: tenantry_status) -> *const c_char {
    of_status(status, |told| &told.message)
}

/// What to do about a status. As `tenantry_status_name`.
#[unsafe(no_mangle)]
pub extern "C" fn tenantry_status_remedy(status: tenantry_status) -> *const c_char {
    of_status(status, |told| &told.remedy)
}

/// The rule that a refusal comes from, such as "D-1"; "" for any other status. As `tenantry_status_name`.
#[unsafe(no_mangle)]
pub extern "C" fn tenantry_status_rule(status: tenantry_status) -> *const c_char {
    of_status(status, |told| &told.rule)
}

/// The error's status. `TENANTRY_OK` for null, `TENANTRY_FOREIGN_HANDLE` for what is no error or has been freed.
///
/// Safe to call from any thread, as are all functions that take a const error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_error_status(error: *const tenantry_error) -> tenantry_status {
    quietly(tenantry_status::from(Trouble::Panicked.number()), || {
        if error.is_null() {
            return OK;
        }
        // SAFETY: the caller does not free it meanwhile.
        match unsafe { handle::look(Kind::Error, error) } {
            Ok(error) => error.fault.number.into(),
            Err(fault) => fault.number.into(),
        }
    })
}

/// # Safety
/// The error is not freed meanwhile; `length` is null or can be written.
unsafe fn of_error<'t>(
    error: *const tenantry_error,
    length: *mut usize,
    read: impl FnOnce(&'t tenantry_error) -> &'t std::ffi::CStr,
) -> *const c_char {
    // SAFETY: as of this function.
    unsafe { put(length, 0) };
    quietly(c"".as_ptr(), || {
        // SAFETY: as of this function.
        match unsafe { handle::look(Kind::Error, error) } {
            Ok(error) => {
                let text = read(error);
                // SAFETY: as of this function.
                unsafe { put(length, text.count_bytes()) };
                text.as_ptr()
            }
            Err(_) => c"".as_ptr(),
        }
    })
}

/// What stands in the way, in words.
///
/// The text is UTF-8 with a closing zero; it belongs to the error and lasts as long as the error does. `length` may be null;
/// else it is set to the bytes before the closing zero. For null, or what is no error, the text is "".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_error_message(
    error: *const tenantry_error,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: as the header says.
    unsafe { of_error(error, length, |error| &error.message) }
}

/// What the refusal is about: an id, a name or a value; else "". As `tenantry_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_error_about(
    error: *const tenantry_error,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: as the header says.
    unsafe { of_error(error, length, |error| &error.about) }
}

/// Where in a JSON document a misuse is, such as "execute.command.owner.email"; else "". As `tenantry_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_error_path(
    error: *const tenantry_error,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: as the header says.
    unsafe { of_error(error, length, |error| &error.path) }
}

/// The whole error as JSON, `Fault` of the schema: number, name, family, message, remedy, rule, whether it may pass by itself,
/// and for a batch every item that stands in the way. As `tenantry_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_error_json(
    error: *const tenantry_error,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: as the header says.
    unsafe { of_error(error, length, |error| error.json.get_or_init(|| closed(&wire::text(&error.fault)))) }
}

/// Frees an error and sets the pointer to null, so that freeing it again does nothing. Null is allowed, and so is a
/// pointer to null.
///
/// What is no error, or was freed through a copy of the pointer, is told as `TENANTRY_FOREIGN_HANDLE` and not followed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_error_free(error: *mut *mut tenantry_error) -> tenantry_status {
    // SAFETY: the caller owns the pointer and what it points to.
    unsafe { free(Kind::Error, error) }
}

/// Frees what was given out as of a kind.
///
/// # Safety
/// The caller owns the pointer and what it points to.
pub(crate) unsafe fn free<T>(kind: Kind, place: *mut *mut T) -> tenantry_status {
    quietly(tenantry_status::from(Trouble::Panicked.number()), || {
        if place.is_null() {
            return OK;
        }
        // SAFETY: as of this function.
        let pointer = unsafe { ptr::replace(place, ptr::null_mut()) };
        if pointer.is_null() {
            return OK;
        }
        // SAFETY: as of this function.
        match unsafe { handle::take(kind, pointer, size_of::<T>()) } {
            Ok(_) => OK,
            Err(fault) => fault.number.into(),
        }
    })
}

/// Runs what a function does, and tells a fault or a panic as status and error. The error is written on every path: null, unless
/// something went wrong.
///
/// # Safety
/// `error` is null or can be written.
pub(crate) unsafe fn guard(
    error: *mut *mut tenantry_error,
    body: impl FnOnce() -> Result<(), Fault>,
) -> tenantry_status {
    // SAFETY: as of this function.
    unsafe { put(error, ptr::null_mut()) };
    // Whatever a panic leaves behind is whole: the engine's locks guard nothing that is half done between two steps.
    let fault = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OK,
        Ok(Err(fault)) => fault,
        Err(panic) => Fault::panicked(&*panic),
    };
    let status = tenantry_status::from(fault.number);
    if !error.is_null() {
        let told = catch_unwind(|| tenantry_error::give(fault)).unwrap_or(ptr::null_mut());
        // SAFETY: as of this function.
        unsafe { put(error, told) };
    }
    status
}
