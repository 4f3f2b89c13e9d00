//! What every function does: contain a panic, without touching the process's panic hook, and tell a fault as status and error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tenantry::wire::{Fault, Trouble};

use crate::error::{tenantry_error, tenantry_status};

/// Everything went well.
pub(crate) const OK: tenantry_status = 0;

/// Runs what a function does. The error is written on every path: null, unless something went wrong.
///
/// # Safety
/// `error` is null or can be written.
pub(crate) unsafe fn guard(
    error: *mut *mut tenantry_error,
    body: impl FnOnce() -> Result<(), Fault>,
) -> tenantry_status {
    // SAFETY: as of this function.
    unsafe { put(error, std::ptr::null_mut()) };
    // Whatever a panic leaves behind is whole: the engine's locks guard nothing that is half done between two steps.
    let fault = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OK,
        Ok(Err(fault)) => fault,
        Err(panic) => panicked(&*panic),
    };
    let status = tenantry_status::from(fault.number);
    if !error.is_null() {
        let told = catch_unwind(|| tenantry_error::give(fault)).unwrap_or(std::ptr::null_mut());
        // SAFETY: as of this function.
        unsafe { put(error, told) };
    }
    status
}

/// Runs what a function without an error does, and answers for it where it panics. Where nothing does, it costs nothing.
#[inline(always)]
pub(crate) fn quietly<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

fn panicked(panic: &(dyn Any + Send)) -> Fault {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it did not say why");
    Fault::new(Trouble::Panicked, format_args!("stopped by a defect: {what}"))
}

/// Writes an out-parameter, where there is one.
///
/// # Safety
/// `place` is null or can be written.
pub(crate) unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: as of this function. Whatever was there is C's, and is not dropped.
        unsafe { place.write(value) };
    }
}

/// A pointer that may not be null.
pub(crate) fn required<T>(pointer: *const T, what: &str) -> Result<(), Fault> {
    if pointer.is_null() {
        return Err(Fault::new(Trouble::NullPointer, format_args!("`{what}` is null")));
    }
    Ok(())
}
