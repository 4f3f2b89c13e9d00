//! Ids as they are written in JSON.

use std::ffi::c_char;

use tenantry::wire::{Fault, Trouble};
use uuid::Uuid;

use crate::engine::tenantry_id;
use crate::error::{tenantry_error, tenantry_status};
use crate::guard::{OK, guard, put, quietly, required};
use crate::text::text as borrowed;

/// The bytes of an id as text, with its closing zero.
pub const TENANTRY_ID_TEXT: usize = 37;

/// Reads an id as it is written in JSON: 32 hexadecimal digits, mostly as 8-4-4-4-12.
///
/// `text` has `length` bytes. `*id` is all zeros where it is no id, `TENANTRY_BAD_TEXT`.
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
            let malformed = |error| Fault::new(Trouble::BadText, format_args!("`text` is no id: {error}"));
            let read: Uuid = borrowed(text, length, "text")?.parse().map_err(malformed)?;
            put(id, tenantry_id { bytes: read.into_bytes() });
            Ok(())
        })
    }
}

/// Writes an id as JSON has it, 36 bytes in lower case and a closing zero, to `text`, which has room for `TENANTRY_ID_TEXT` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_id_write(id: *const tenantry_id, text: *mut c_char) -> tenantry_status {
    quietly(tenantry_status::from(Trouble::Panicked.number()), || {
        if id.is_null() || text.is_null() {
            return tenantry_status::from(Trouble::NullPointer.number());
        }
        let mut written = [0; TENANTRY_ID_TEXT];
        // SAFETY: as the header says; bytes need no alignment.
        unsafe { id.read() }.uuid().hyphenated().encode_lower(&mut written);
        // SAFETY: as the header says; `written` has that many bytes and lies elsewhere.
        unsafe { text.cast::<u8>().copy_from_nonoverlapping(written.as_ptr(), written.len()) };
        OK
    })
}
