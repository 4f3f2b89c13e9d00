//! Fresh checks, by ids and names: from the store, as an answer or in words. Those that are hot are the index's.

use std::ffi::c_char;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::index::IndexVerdict;
use tenantry::query::{Explain, Question, Verdict};
use tenantry::refusal::Code;
use tenantry::wire::{self, Fault, Trouble};

use crate::engine::{Call, tenantry_engine};
use crate::error::{guard, tenantry_error, tenantry_status};
use crate::guard::{put, required};
use crate::id::tenantry_id;
use crate::text::{tell, tenantry_text, text};

/// The answer of a check.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct tenantry_verdict {
    /// The revision it was read at.
    pub seq: u64,
    /// Why not: a refusal's number, the first that applies; 0 when allowed.
    pub reason: i32,
    /// 1 if it is allowed, else 0.
    pub allowed: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

impl tenantry_verdict {
    /// What stands where nothing has been answered: no.
    pub(crate) const NONE: Self = Self { seq: 0, reason: 0, allowed: 0, reserved: [0; 3] };

    #[inline]
    fn new(seq: u64, reason: Option<Code>) -> Self {
        let number = reason.map_or(0, |code| code.number().into());
        Self { seq, reason: number, allowed: reason.is_none().into(), reserved: [0; 3] }
    }
}

impl From<Verdict> for tenantry_verdict {
    fn from(verdict: Verdict) -> Self {
        Self::new(verdict.seq, verdict.reason)
    }
}

impl From<IndexVerdict> for tenantry_verdict {
    #[inline]
    fn from(verdict: IndexVerdict) -> Self {
        Self::new(verdict.seq, verdict.reason)
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, what: &str) -> Result<T, Fault> {
    text.parse().map_err(|error| Fault::new(Trouble::BadText, format_args!("`{what}`: {error}")))
}

/// A permission by name, borrowed for the call.
///
/// # Safety
/// The pointer points to its length of bytes.
pub(crate) unsafe fn permission(data: *const c_char, length: usize) -> Result<Permission, Fault> {
    required(data, "permission")?;
    // SAFETY: as of this function.
    parsed(unsafe { text(data, length, "permission")? }, "permission")
}

/// A service by name, borrowed for the call; none, where the pointer is null.
///
/// # Safety
/// The pointer points to its length of bytes.
pub(crate) unsafe fn service(data: *const c_char, length: usize) -> Result<Option<Service>, Fault> {
    // SAFETY: as of this function.
    let name = unsafe { text(data, length, "service")? };
    if data.is_null() { Ok(None) } else { parsed(name, "service").map(Some) }
}

/// A question by ids and names, borrowed for the call.
///
/// # Safety
/// As of what it reads.
unsafe fn named(
    user: *const tenantry_id,
    (permission, permission_length): (*const c_char, usize),
    tenant: *const tenantry_id,
    (service, service_length): (*const c_char, usize),
) -> Result<Question, Fault> {
    // SAFETY: as of this function.
    unsafe {
        Ok(Question {
            user: UserId::from_uuid(tenantry_id::read(user, "user")?),
            permission: self::permission(permission, permission_length)?,
            tenant: TenantId::from_uuid(tenantry_id::read(tenant, "tenant")?),
            service: self::service(service, service_length)?,
        })
    }
}

/// May a user use a permission on a tenant, for a service? By names.
///
/// `permission` is a name such as `TENANTRY_PERMISSION_DEVICES_MANAGE`, `permission_length` its bytes; `service` likewise, or null
/// with 0. A "no" is an answer and no error: `verdict->allowed` is 0 and `verdict->reason` says why. Where the call fails, the
/// verdict is a "no" with reason 0. Always fresh: what any process on the file has committed counts. It reads the store, which takes
/// microseconds; where that is too long, ask an index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_check(
    engine: *const tenantry_engine,
    user: *const tenantry_id,
    permission: *const c_char,
    permission_length: usize,
    tenant: *const tenantry_id,
    service: *const c_char,
    service_length: usize,
    verdict: *mut tenantry_verdict,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(verdict, tenantry_verdict::NONE);
        guard(error, || {
            required(verdict, "verdict")?;
            let call = Call::on(engine)?;
            let question = named(user, (permission, permission_length), tenant, (service, service_length))?;
            put(verdict, call.engine()?.check(&question)?.into());
            Ok(())
        })
    }
}

/// A check in words: the verdict, its reason, rule and remedy, the assignment that decided and the links between, as JSON
/// (`Explanation` within `Answered` of the schema). `*explanation` is the caller's until `tenantry_text_free`; it is empty where the
/// call fails. Else as `tenantry_check`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_explain(
    engine: *const tenantry_engine,
    user: *const tenantry_id,
    permission: *const c_char,
    permission_length: usize,
    tenant: *const tenantry_id,
    service: *const c_char,
    service_length: usize,
    explanation: *mut tenantry_text,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        tell(explanation, "explanation", error, || {
            let call = Call::on(engine)?;
            let Question { user, permission, tenant, service } =
                named(user, (permission, permission_length), tenant, (service, service_length))?;
            wire::ask(call.engine()?, Explain { user, permission, tenant, service })
        })
    }
}

const _: () = assert!(size_of::<tenantry_verdict>() == 16);
