//! Text in, borrowed for the call; text out, owned by the caller until it is freed.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::slice;

use tenantry::wire::{Fault, Trouble};

use crate::error::{OK, guard, tenantry_error, tenantry_status};
use crate::guard::{put, quietly, required};
use crate::handle::{self, Kind};

/// A text that the library gave out: UTF-8, with a closing zero that `length` does not count. It is the caller's until
/// `tenantry_text_free`.
#[repr(C)]
#[derive(Debug)]
pub struct tenantry_text {
    /// Its first byte; null, if there is no text.
    pub data: *const c_char,
    /// How many bytes.
    pub length: usize,
}

impl tenantry_text {
    pub(crate) const NONE: Self = Self { data: ptr::null(), length: 0 };

    pub(crate) fn give(text: String) -> Self {
        let length = text.len();
        let mut bytes = text.into_bytes();
        bytes.push(0);
        let data = handle::give(Kind::Text, bytes.into_boxed_slice());
        Self { data: data.cast::<c_char>(), length }
    }
}

/// Runs what a function does that answers with a text. `*told`, which the function calls `name`, is empty unless it has one.
///
/// # Safety
/// `told` and `error` are null or can be written.
pub(crate) unsafe fn tell(
    told: *mut tenantry_text,
    name: &str,
    error: *mut *mut tenantry_error,
    say: impl FnOnce() -> Result<String, Fault>,
) -> tenantry_status {
    // SAFETY: as of this function.
    unsafe {
        put(told, tenantry_text::NONE);
        guard(error, || {
            required(told, name)?;
            put(told, tenantry_text::give(say()?));
            Ok(())
        })
    }
}

/// Frees a text and makes it empty, so that freeing it again does nothing. Null is allowed, and so is an empty text.
///
/// A copy that was made of the structure is stale from then on: freeing it is told as `TENANTRY_FOREIGN_HANDLE`, and freeing one whose
/// length was changed as `TENANTRY_BAD_LENGTH`, without freeing it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_text_free(text: *mut tenantry_text) -> tenantry_status {
    quietly(tenantry_status::from(Trouble::Panicked.number()), || {
        if text.is_null() {
            return OK;
        }
        // SAFETY: the caller gives a structure that it owns.
        let taken = unsafe { ptr::replace(text, tenantry_text::NONE) };
        if taken.data.is_null() {
            return OK;
        }
        let Some(size) = taken.length.checked_add(1) else {
            return tenantry_status::from(Trouble::BadLength.number());
        };
        let bytes = ptr::slice_from_raw_parts_mut(taken.data.cast::<u8>().cast_mut(), size);
        // SAFETY: the caller frees what it owns; the table knows whether it was given out.
        match unsafe { handle::take(Kind::Text, bytes, size) } {
            Ok(_) => OK,
            Err(fault) => tenantry_status::from(fault.number),
        }
    })
}

/// Bytes that are borrowed for the call.
///
/// # Safety
/// `data` points to `length` bytes, unless that is found impossible here.
pub(crate) unsafe fn bytes<'t>(data: *const c_void, length: usize, what: &str) -> Result<&'t [u8], Fault> {
    if data.is_null() {
        if length == 0 {
            return Ok(&[]);
        }
        return Err(Fault::new(
            Trouble::NullPointer,
            format_args!("`{what}` is null, and its length is {length}"),
        ));
    }
    if isize::try_from(length).is_err() {
        return Err(Fault::new(Trouble::BadLength, format_args!("`{what}` cannot have {length} bytes")));
    }
    // SAFETY: as of this function; the length is one that an object can have.
    Ok(unsafe { slice::from_raw_parts(data.cast(), length) })
}

/// Text that is borrowed for the call.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn text<'t>(data: *const c_char, length: usize, what: &str) -> Result<&'t str, Fault> {
    // SAFETY: as of this function.
    let bytes = unsafe { bytes(data.cast(), length, what)? };
    std::str::from_utf8(bytes).map_err(|error| {
        Fault::new(
            Trouble::NotUtf8,
            format_args!("`{what}` is not UTF-8 from byte {} on", error.valid_up_to()),
        )
    })
}
