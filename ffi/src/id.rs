//! Ids: 16 bytes, and as they are written.

use std::ffi::c_char;
use std::ptr;

use tenantry::wire::{Fault, Trouble};
use uuid::Uuid;

use crate::error::{guard, tenantry_error, tenantry_status};
use crate::guard::{put, required};
use crate::text::text;

/// 16 bytes of an id, in the order in which they are written: the first byte is the first two digits. (A .NET `Guid` has the
/// first eight in another order; convert with `ToByteArray(bigEndian: true)`.)
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct tenantry_id {
    /// The bytes.
    pub bytes: [u8; 16],
}

impl tenantry_id {
    pub(crate) fn uuid(self) -> Uuid {
        Uuid::from_bytes(self.bytes)
    }

    /// An id that a pointer points to.
    ///
    /// # Safety
    /// The pointer is null or points to an id.
    pub(crate) unsafe fn read(id: *const Self, what: &str) -> Result<Uuid, Fault> {
        required(id, what)?;
        // SAFETY: as of this function; bytes need no alignment.
        Ok(unsafe { id.read() }.uuid())
    }
}

/// Reads an id as it is written, such as "01000000-0000-0000-0000-000000000001", with hyphens or without. `text` has `length` bytes.
/// Where it is none, `TENANTRY_BAD_TEXT`, the id is zeros, which nobody has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_id_parse(
    text: *const c_char,
    length: usize,
    id: *mut tenantry_id,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(id, tenantry_id { bytes: [0; 16] });
        guard(error, || {
            required(id, "id")?;
            required(text, "text")?;
            let read = Uuid::try_parse(self::text(text, length, "text")?)
                .map_err(|error| Fault::new(Trouble::BadText, format_args!("`text` is no id: {error}")))?;
            put(id, tenantry_id { bytes: read.into_bytes() });
            Ok(())
        })
    }
}

/// Writes an id as the JSON has it: 36 characters and a closing zero, so `text` needs room for `TENANTRY_ID_TEXT`. Does nothing
/// where either is null.
///
/// Safe to call at any time, from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_id_write(id: *const tenantry_id, text: *mut c_char) {
    if id.is_null() || text.is_null() {
        return;
    }
    let mut written = [0; TENANTRY_ID_TEXT];
    // SAFETY: as the header says; bytes need no alignment.
    unsafe {
        id.read().uuid().hyphenated().encode_lower(&mut written);
        ptr::copy_nonoverlapping(written.as_ptr(), text.cast(), written.len());
    }
}

/// The bytes that an id takes when it is written, with its closing zero.
pub const TENANTRY_ID_TEXT: usize = 37;
