//! Which library this is.

use std::ffi::c_char;

/// The ABI that a program was compiled for: grows when a program compiled before could not go on. It is the number at
/// the end of the shared library's soname.
pub const TENANTRY_ABI_VERSION: u32 = 0;

/// The ABI of the library that is loaded. It must equal `TENANTRY_ABI_VERSION`.
///
/// Safe to call at any time, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tenantry_abi_version() -> u32 {
    TENANTRY_ABI_VERSION
}

/// The version of the library that is loaded, such as "0.1.0": text with a closing zero that is never freed.
///
/// Safe to call at any time, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tenantry_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// How many things the library has given out that have not been closed or freed: engines, indexes, cursors, errors and texts.
/// For tests that look for leaks.
///
/// Safe to call at any time, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tenantry_live_objects() -> usize {
    crate::handle::live_objects() + crate::engine::open_engines() + crate::index::open_indexes()
}
