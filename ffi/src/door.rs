//! The JSON door, and tokens.

use std::ffi::c_char;

use tenantry::engine::Token;
use tenantry::wire::{self, Fault, Trouble};

use crate::engine::{Call, tenantry_engine};
use crate::error::{guard, tenantry_error, tenantry_status};
use crate::guard::{put, required};
use crate::text::{tell, tenantry_text, text};

/// Answers one call in JSON: any command, any query, and what a host does besides. `include/tenantry.schema.json` says what can be
/// called and what is replied.
///
/// `json` has `length` bytes of UTF-8 without a closing zero. `*reply` is the caller's until `tenantry_text_free`; it is empty
/// where the call fails. The status of a command that is refused is the refusal's number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_call(
    engine: *mut tenantry_engine,
    json: *const c_char,
    length: usize,
    reply: *mut tenantry_text,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        tell(reply, "reply", error, || {
            required(json, "json")?;
            let call = Call::on(engine)?;
            wire::call(call.engine()?, text(json, length, "json")?)
        })
    }
}

/// The revision that the store is at, as a token: keep it, and tell by it later whether a store still has what you saw.
///
/// `*token` is the caller's until `tenantry_text_free`; it is empty where the call fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_token(
    engine: *const tenantry_engine,
    token: *mut tenantry_text,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        tell(token, "token", error, || {
            let call = Call::on(engine)?;
            Ok(call.engine()?.token()?.to_string())
        })
    }
}

/// Brings the indexes of an engine to everything that any process has committed, and says in `*seq`, which may be null, which
/// revision that is. With a token it makes sure that this is at least the token's: what its holder has seen counts. `token` has
/// `length` bytes, or is null with 0.
///
/// This is how an index learns what *other* processes commit: call it with the token that comes with a request, or every so often from
/// a thread of yours. Where there is nothing new it costs one short read. Checks from the store are always fresh and do not need it.
///
/// `TENANTRY_DIVERGED` when the token is not of this store's history: it was restored from a backup, or is another one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_refresh(
    engine: *const tenantry_engine,
    token: *const c_char,
    length: usize,
    seq: *mut u64,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(seq, 0);
        guard(error, || {
            let call = Call::on(engine)?;
            let engine = call.engine()?;
            let wanted = text(token, length, "token")?;
            if !token.is_null() {
                let malformed = |error| Fault::new(Trouble::BadText, format_args!("`token`: {error}"));
                engine.confirm(&wanted.parse::<Token>().map_err(malformed)?)?;
            }
            put(seq, engine.refresh()?.seq);
            Ok(())
        })
    }
}
