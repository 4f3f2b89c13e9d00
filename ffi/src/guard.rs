//! What every function does with what C gives it: write where there is a place, and let no panic out, without touching the process's
//! panic hook.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tenantry::wire::{Fault, Trouble};

/// Runs what a function without an error does, and answers for it where it panics. Where nothing does, it costs nothing.
#[inline(always)]
pub(crate) fn quietly<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
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
