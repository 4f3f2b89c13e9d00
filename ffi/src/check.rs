//! Checks: one, many, by name, by handle, in words.

use std::ffi::c_char;
use std::sync::{Mutex, OnceLock, PoisonError};

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::engine::Engine;
use tenantry::query::{Question, Verdict};
use tenantry::wire::{self, Explain, Fault, Trouble};

use crate::engine::{Call, tenantry_engine};
use crate::error::{tenantry_error, tenantry_status};
use crate::guard::{guard, put, required};
use crate::id::tenantry_id;
use crate::text::{tenantry_text, text};

/// A permission of one engine, by handle: looked up once, used in loops. 0 is none.
pub type tenantry_permission = u32;

/// A service of one engine, by handle: looked up once, used in loops. 0 is none: the check is about no service.
pub type tenantry_service = u32;

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
    const NONE: Self = Self { seq: 0, reason: 0, allowed: 0, reserved: [0; 3] };
}

impl From<&Verdict> for tenantry_verdict {
    fn from(verdict: &Verdict) -> Self {
        Self {
            seq: verdict.seq,
            reason: verdict.reason.map_or(0, |code| code.number().into()),
            allowed: verdict.allowed.into(),
            reserved: [0; 3],
        }
    }
}

/// One question of many: may this user use this permission on this tenant, for this service?
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tenantry_question {
    /// Who.
    pub user: tenantry_id,
    /// Where.
    pub tenant: tenantry_id,
    /// What they want to do.
    pub permission: tenantry_permission,
    /// With which service, or 0.
    pub service: tenantry_service,
}

/// The names that an engine has given handles for. A handle is a name's place from 1 on, and stays when the policy changes.
pub(crate) struct Names {
    permissions: Table<Permission>,
    services: Table<Service>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { permissions: Table::new(), services: Table::new() }
    }
}

/// Names in the order in which they were asked for; read without a lock.
struct Table<T> {
    places: Box<[OnceLock<T>]>,
    /// How many places are taken; held while one is added.
    taken: Mutex<usize>,
}

impl<T: PartialEq> Table<T> {
    /// Far more than a policy can hold.
    const PLACES: usize = 1_024;

    fn new() -> Self {
        Self { places: (0..Self::PLACES).map(|_| OnceLock::new()).collect(), taken: Mutex::new(0) }
    }

    fn handle(&self, name: T) -> Result<u32, Fault> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.places.iter().take(*taken).position(|place| place.get() == Some(&name));
        let place = match found {
            Some(place) => place,
            None => {
                let full = || {
                    Fault::new(Trouble::BadText, "this engine has given out all the handles for names it has")
                };
                let place = *taken;
                drop(self.places.get(place).ok_or_else(full)?.set(name));
                *taken += 1;
                place
            }
        };
        u32::try_from(place + 1).map_err(|_| Fault::new(Trouble::BadLength, "too many names"))
    }

    fn name(&self, handle: u32, what: &str) -> Result<&T, Fault> {
        let place = (handle as usize).checked_sub(1);
        place.and_then(|place| self.places.get(place)).and_then(OnceLock::get).ok_or_else(|| {
            Fault::new(
                Trouble::ForeignHandle,
                format_args!("`{what}` is {handle}, which this engine never gave out"),
            )
        })
    }
}

/// The one place where questions are answered. Today each reads the store; the access index goes in here.
fn judge<'q>(
    engine: &Engine,
    questions: impl Iterator<Item = Result<Question, Fault>> + 'q,
    mut answer: impl FnMut(&Verdict),
) -> Result<(), Fault> {
    let snapshot = engine.read()?;
    let now = snapshot.now()?;
    for question in questions {
        answer(&now.check(&question?)?);
    }
    Ok(())
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
/// verdict is a "no" with reason 0. Always fresh: what any process on the file has committed counts.
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
            judge(call.engine()?, std::iter::once(Ok(question)), |found| put(verdict, found.into()))
        })
    }
}

/// The handle of a permission, for `tenantry_check_by` and `tenantry_check_batch`. It lasts as long as the engine, whatever becomes
/// of the policy; a permission that the policy does not have is denied. The same name has the same handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_permission_handle(
    engine: *const tenantry_engine,
    permission: *const c_char,
    permission_length: usize,
    handle: *mut tenantry_permission,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(handle, 0);
        guard(error, || {
            required(handle, "handle")?;
            let call = Call::on(engine)?;
            let name = self::permission(permission, permission_length)?;
            put(handle, call.names()?.permissions.handle(name)?);
            Ok(())
        })
    }
}

/// The handle of a service. As `tenantry_permission_handle`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_service_handle(
    engine: *const tenantry_engine,
    service: *const c_char,
    service_length: usize,
    handle: *mut tenantry_service,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(handle, 0);
        guard(error, || {
            required(handle, "handle")?;
            required(service, "service")?;
            let call = Call::on(engine)?;
            if let Some(name) = self::service(service, service_length)? {
                put(handle, call.names()?.services.handle(name)?);
            }
            Ok(())
        })
    }
}

fn question(names: &Names, asked: &tenantry_question) -> Result<Question, Fault> {
    Ok(Question {
        user: UserId::from_uuid(asked.user.uuid()),
        permission: names.permissions.name(asked.permission, "permission")?.clone(),
        tenant: TenantId::from_uuid(asked.tenant.uuid()),
        service: match asked.service {
            0 => None,
            handle => Some(names.services.name(handle, "service")?.clone()),
        },
    })
}

/// May a user use a permission on a tenant, for a service? By handles; `service` may be 0. As `tenantry_check`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_check_by(
    engine: *const tenantry_engine,
    user: *const tenantry_id,
    permission: tenantry_permission,
    tenant: *const tenantry_id,
    service: tenantry_service,
    verdict: *mut tenantry_verdict,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(verdict, tenantry_verdict::NONE);
        guard(error, || {
            required(verdict, "verdict")?;
            required(user, "user")?;
            required(tenant, "tenant")?;
            let call = Call::on(engine)?;
            let asked = tenantry_question { user: *user, tenant: *tenant, permission, service };
            let question = question(call.names()?, &asked);
            judge(call.engine()?, std::iter::once(question), |found| put(verdict, found.into()))
        })
    }
}

/// Answers many questions of one and the same world: `verdicts[i]` answers `questions[i]`, for `count` of them.
///
/// `count` may be 0. Where the call fails, every verdict is a "no" with reason 0. As `tenantry_check_by`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_check_batch(
    engine: *const tenantry_engine,
    questions: *const tenantry_question,
    count: usize,
    verdicts: *mut tenantry_verdict,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        // Larger than that no array can be; nothing of it may be touched.
        let fits = count
            .checked_mul(size_of::<tenantry_question>())
            .is_some_and(|size| isize::try_from(size).is_ok());
        let clear = || {
            if fits && !verdicts.is_null() {
                for place in 0..count {
                    put(verdicts.add(place), tenantry_verdict::NONE);
                }
            }
        };
        clear();
        let status = guard(error, || {
            let call = Call::on(engine)?;
            if !fits {
                return Err(Fault::new(
                    Trouble::BadLength,
                    format_args!("there cannot be {count} questions"),
                ));
            }
            if count == 0 {
                return Ok(());
            }
            required(questions, "questions")?;
            required(verdicts, "verdicts")?;
            let (names, mut place) = (call.names()?, 0);
            let asked = (0..count).map(|place| question(names, &questions.add(place).read()));
            judge(call.engine()?, asked, |found| {
                put(verdicts.add(place), found.into());
                place += 1;
            })
        });
        if status != 0 {
            clear();
        }
        status
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
        put(explanation, tenantry_text::NONE);
        guard(error, || {
            required(explanation, "explanation")?;
            let call = Call::on(engine)?;
            let Question { user, permission, tenant, service } =
                named(user, (permission, permission_length), tenant, (service, service_length))?;
            let query = Explain { user, permission, tenant, service, as_of: None };
            let answer = wire::Query::from(query).ask(call.engine()?)?;
            put(explanation, tenantry_text::give(wire::text(&answer)));
            Ok(())
        })
    }
}

const _: () = assert!(size_of::<tenantry_verdict>() == 16 && size_of::<tenantry_question>() == 40);
