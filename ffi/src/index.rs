//! The access index: checks in nanoseconds, by handles or ids, one or many.
//!
//! What a handle of an index points to is a small shell that is never freed and never changed, but for the one word that says whether
//! it is open. So a check loads that word, and trusts all else. Nothing is counted on the way in and out: a check costs less than
//! that would.

use std::ffi::c_char;
use std::mem::{MaybeUninit, offset_of, size_of};
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::engine::{Clock as _, SystemClock};
use tenantry::index::{
    AccessIndex, IndexVerdict, PermissionHandle, Permit, Resolved, ServiceHandle, TenantHandle, UserHandle,
};
use tenantry::wire::{self, Fault, Trouble, overtaken};

use crate::check::{self, tenantry_verdict};
use crate::cursor::tenantry_cursor;
use crate::engine::{Call, Hands, tenantry_engine};
use crate::error::{OK, guard, tenantry_error, tenantry_status};
use crate::guard::{put, quietly, required};
use crate::id::tenantry_id;
use crate::text::{tell, tenantry_text};

/// What checks need of an engine's store, in memory, for those who check more often than a store can be asked.
///
/// All indexes of an engine share that memory, and follow it: what the engine itself commits is in them when the commit is
/// acknowledged, what other processes commit when `tenantry_refresh` is called. An index outlives its engine, and stays at the revision
/// that it has come to by then. So it does in a child after fork(), in which its engine cannot be used.
///
/// Any number of threads may use one at once; none waits for another, nor for a commit.
pub struct tenantry_index(Shell);

/// In this order, for of what is none the first word alone is looked at.
#[repr(C)]
struct Shell {
    /// `OPEN` or `CLOSED`.
    state: AtomicU64,
    /// One of the counts of an `Arc`, until it is closed.
    index: *const AccessIndex,
    clock: Option<Hands>,
}

// SAFETY: an `AccessIndex` is `Sync`, and so is the clock; the pointer never changes.
unsafe impl Sync for tenantry_index {}

const OPEN: u64 = 0x7465_6e61_6e74_6978;
const CLOSED: u64 = !OPEN;

/// Every shell there ever was, in reach of leak checkers; and how many are open.
static SHELLS: Mutex<Vec<&'static tenantry_index>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// How many indexes are open.
pub(crate) fn open_indexes() -> usize {
    COUNT.load(Ordering::SeqCst)
}

impl tenantry_index {
    fn give(index: Arc<AccessIndex>, clock: Option<Hands>) -> *mut Self {
        let state = AtomicU64::new(OPEN);
        let shell: &'static Self =
            Box::leak(Box::new(Self(Shell { state, index: Arc::into_raw(index), clock })));
        SHELLS.lock().unwrap_or_else(PoisonError::into_inner).push(shell);
        COUNT.fetch_add(1, Ordering::SeqCst);
        ptr::from_ref(shell).cast_mut()
    }

    /// The shell of an index that is open.
    ///
    /// # Safety
    /// The handle is null or points to eight bytes that can be read, and nobody closes it meanwhile.
    #[inline]
    unsafe fn look<'t>(handle: *const Self) -> Result<&'t Self, Trouble> {
        if handle.is_null() || !handle.is_aligned() {
            return Err(Self::wrong(handle, 0));
        }
        // SAFETY: as of this function, and aligned.
        match unsafe { (*handle).0.state.load(Ordering::Acquire) } {
            // SAFETY: what begins so is a shell, and shells are never freed.
            OPEN => Ok(unsafe { &*handle }),
            state => Err(Self::wrong(handle, state)),
        }
    }

    #[cold]
    fn wrong(handle: *const Self, state: u64) -> Trouble {
        match state {
            _ if handle.is_null() => Trouble::NullPointer,
            CLOSED => Trouble::HandleClosed,
            _ => Trouble::ForeignHandle,
        }
    }

    #[inline]
    fn index(&self) -> &AccessIndex {
        // SAFETY: the shell holds one of the counts, and is open.
        unsafe { &*self.0.index }
    }

    #[inline]
    fn now(&self) -> Timestamp {
        self.0.clock.map_or_else(|| SystemClock.now(), |clock| clock.now())
    }
}

/// An index, for the functions that have an error to say it in.
///
/// # Safety
/// As of `tenantry_index::look`.
unsafe fn opened<'t>(handle: *const tenantry_index) -> Result<&'t tenantry_index, Fault> {
    // SAFETY: as of this function.
    unsafe { tenantry_index::look(handle) }.map_err(|trouble| {
        Fault::new(
            trouble,
            match trouble {
                Trouble::NullPointer => "`index` is null",
                Trouble::HandleClosed => "`index` has been closed",
                _ => "`index` is no index",
            },
        )
    })
}

/// A user, as an index numbers them. 0 is nobody, who is denied everything as `TENANTRY_UNKNOWN_USER`.
pub type tenantry_user_handle = u32;

/// A tenant, as an index numbers them. 0 is none, on which everything is denied as `TENANTRY_UNKNOWN_TENANT`.
pub type tenantry_tenant_handle = u32;

/// A permission, as an index numbers them. 0 is none, which nobody holds.
pub type tenantry_permission_handle = u16;

/// A service, as an index numbers them. 0 is none, with which everything is denied. A check that is about no service says
/// `TENANTRY_NO_SERVICE`.
pub type tenantry_service_handle = u16;

/// The handle to pass where a check is about no service.
pub const TENANTRY_NO_SERVICE: u16 = 0xFFFF;

/// A question in handles: may this user use this permission on this tenant, with this service?
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tenantry_resolved {
    /// Who.
    pub user: tenantry_user_handle,
    /// Where.
    pub tenant: tenantry_tenant_handle,
    /// What they want to do.
    pub permission: tenantry_permission_handle,
    /// With which service, or `TENANTRY_NO_SERVICE`.
    pub service: tenantry_service_handle,
}

/// A question by ids, with handles for permission and service.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tenantry_question {
    /// Who.
    pub user: tenantry_id,
    /// Where.
    pub tenant: tenantry_id,
    /// What they want to do.
    pub permission: tenantry_permission_handle,
    /// With which service, or `TENANTRY_NO_SERVICE`.
    pub service: tenantry_service_handle,
}

#[inline]
fn permit(permission: tenantry_permission_handle, service: tenantry_service_handle) -> Permit {
    let service = (service != TENANTRY_NO_SERVICE).then(|| ServiceHandle::from_number(service));
    Permit { permission: PermissionHandle::from_number(permission), service }
}

impl From<tenantry_resolved> for Resolved {
    #[inline]
    fn from(asked: tenantry_resolved) -> Self {
        Self {
            user: UserHandle::from_number(asked.user),
            permit: permit(asked.permission, asked.service),
            tenant: TenantHandle::from_number(asked.tenant),
        }
    }
}

type ByIds = (UserId, Permit, TenantId);

impl From<tenantry_question> for ByIds {
    #[inline]
    fn from(asked: tenantry_question) -> Self {
        let (user, tenant) = (UserId::from_uuid(asked.user.uuid()), TenantId::from_uuid(asked.tenant.uuid()));
        (user, permit(asked.permission, asked.service), tenant)
    }
}

/// Opens an index of an engine, at everything that is committed.
///
/// The first one reads every user, tenant, link and assignment once, which takes its time where there are millions; any further
/// one costs next to nothing. `*index` is the caller's until `tenantry_index_close`; it is null where the call fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_open(
    engine: *const tenantry_engine,
    index: *mut *mut tenantry_index,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(index, ptr::null_mut());
        guard(error, || {
            required(index, "index")?;
            let call = Call::on(engine)?;
            let built = call.engine()?.access_index()?;
            // One that was built before may have something to make up for.
            call.engine()?.refresh()?;
            put(index, tenantry_index::give(built, call.clock()?));
            Ok(())
        })
    }
}

/// Closes an index and sets the pointer to null, so that closing it again does nothing. Null is allowed, and so is a pointer to null.
///
/// A copy of the pointer is stale from then on: every function tells it as `TENANTRY_HANDLE_CLOSED`, this one included, for as long
/// as the process lives. Checks are not counted, so nobody waits for those that other threads are within: they find their way to
/// the end while the engine is open. Once it is closed, closing its last index gives the memory back, and nobody may be in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_close(index: *mut *mut tenantry_index) -> tenantry_status {
    quietly(tenantry_status::from(Trouble::Panicked.number()), || {
        if index.is_null() {
            return OK;
        }
        // SAFETY: as the header says.
        let handle = unsafe { ptr::replace(index, ptr::null_mut()) };
        if handle.is_null() {
            return OK;
        }
        // SAFETY: as the header says.
        let shell = match unsafe { tenantry_index::look(handle) } {
            Ok(shell) => shell,
            Err(trouble) => return trouble.number().into(),
        };
        if shell.0.state.compare_exchange(OPEN, CLOSED, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return Trouble::HandleClosed.number().into();
        }
        COUNT.fetch_sub(1, Ordering::SeqCst);
        // SAFETY: the shell held one of the counts, and this thread alone has got to giving it back.
        drop(unsafe { Arc::from_raw(shell.0.index) });
        OK
    })
}

/// The revision that an index has come to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_seq(
    index: *const tenantry_index,
    seq: *mut u64,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(seq, 0);
        guard(error, || {
            required(seq, "seq")?;
            put(seq, opened(index)?.index().seq());
            Ok(())
        })
    }
}

/// The revision of the saved index that an index was loaded from; 0 where it was built of the store, because no path was given in
/// `saved_index`, nothing was there, or nothing to be believed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_loaded_from(
    index: *const tenantry_index,
    seq: *mut u64,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(seq, 0);
        guard(error, || {
            required(seq, "seq")?;
            put(seq, opened(index)?.index().loaded_from().unwrap_or(0));
            Ok(())
        })
    }
}

/// Whether there can be so many items, and are where there have to be some.
#[inline]
fn present<T>(items: *const T, count: usize) -> Result<(), Trouble> {
    if count > 0 && items.is_null() {
        return Err(Trouble::NullPointer);
    }
    if fits::<T>(count) { Ok(()) } else { Err(Trouble::BadLength) }
}

#[inline]
fn fits<T>(count: usize) -> bool {
    count.checked_mul(size_of::<T>()).is_some_and(|size| isize::try_from(size).is_ok())
}

/// Writes the same everywhere, where there can be so many places, and as many of what they are for.
///
/// # Safety
/// The pointer is null or points to so many places, unless that is impossible.
unsafe fn fill<T: Copy, For>(places: *mut T, count: usize, value: T) {
    if !places.is_null() && fits::<T>(count) && fits::<For>(count) {
        for place in 0..count {
            // SAFETY: as of this function.
            unsafe { places.add(place).write(value) };
        }
    }
}

/// Finds the handles of ids.
///
/// # Safety
/// As the header says.
unsafe fn resolve(
    index: *const tenantry_index,
    (ids, what): (*const tenantry_id, &str),
    count: usize,
    handles: *mut u32,
    error: *mut *mut tenantry_error,
    number: impl Fn(&AccessIndex, uuid::Uuid) -> u32,
) -> tenantry_status {
    // SAFETY: as of this function.
    unsafe {
        fill::<_, tenantry_id>(handles, count, 0);
        guard(error, || {
            let index = opened(index)?.index();
            if count > 0 {
                required(ids, what)?;
                required(handles, "handles")?;
            }
            let impossible =
                |trouble| Fault::new(trouble, format_args!("there cannot be {count} of `{what}`"));
            present(ids, count).map_err(impossible)?;
            for place in 0..count {
                put(handles.add(place), number(index, ids.add(place).read().uuid()));
            }
            Ok(())
        })
    }
}

/// The handles of users: `handles[i]` is that of `users[i]`, for `count` of them. Right for as long as the index is open, whatever
/// becomes of the user, and for this index alone. Who is not known has handle 0; ask again once they are registered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_users(
    index: *const tenantry_index,
    users: *const tenantry_id,
    count: usize,
    handles: *mut tenantry_user_handle,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        resolve(index, (users, "users"), count, handles, error, |index, id| {
            index.user(UserId::from_uuid(id)).number()
        })
    }
}

/// The handles of tenants. As `tenantry_index_users`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_tenants(
    index: *const tenantry_index,
    tenants: *const tenantry_id,
    count: usize,
    handles: *mut tenantry_tenant_handle,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        resolve(index, (tenants, "tenants"), count, handles, error, |index, id| {
            index.tenant(TenantId::from_uuid(id)).number()
        })
    }
}

/// The handle of a permission, such as `TENANTRY_PERMISSION_DEVICES_MANAGE`; it stays right when the policy changes. One that the policy
/// in force does not have is refused as `TENANTRY_UNKNOWN_PERMISSION`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_permission(
    index: *const tenantry_index,
    permission: *const c_char,
    permission_length: usize,
    handle: *mut tenantry_permission_handle,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(handle, 0);
        guard(error, || {
            required(handle, "handle")?;
            let index = opened(index)?.index();
            let name = check::permission(permission, permission_length)?;
            put(handle, index.permission(name.as_str())?.number());
            Ok(())
        })
    }
}

/// The handle of a service, such as `TENANTRY_SERVICE_MANAGE`; null with 0 has `TENANTRY_NO_SERVICE`. As `tenantry_index_permission`;
/// the refusal is `TENANTRY_UNKNOWN_SERVICE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_service(
    index: *const tenantry_index,
    service: *const c_char,
    service_length: usize,
    handle: *mut tenantry_service_handle,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(handle, 0);
        guard(error, || {
            required(handle, "handle")?;
            let index = opened(index)?.index();
            let name = check::service(service, service_length)?;
            let number = match name {
                Some(name) => index.service(name.as_str())?.number(),
                None => TENANTRY_NO_SERVICE,
            };
            put(handle, number);
            Ok(())
        })
    }
}

/// One check. Whatever happens, the verdict is written.
///
/// # Safety
/// As the header says.
#[inline]
unsafe fn one(
    index: *const tenantry_index,
    verdict: *mut tenantry_verdict,
    answer: impl FnOnce(&tenantry_index) -> Result<IndexVerdict, Trouble>,
) -> tenantry_status {
    let answered = quietly(Err(Trouble::Panicked), move || {
        // SAFETY: as of this function.
        answer(unsafe { tenantry_index::look(index)? })
    });
    // SAFETY: as of this function.
    unsafe {
        match answered {
            Ok(_) if verdict.is_null() => Trouble::NullPointer.number().into(),
            Ok(found) => {
                verdict.write(found.into());
                OK
            }
            Err(trouble) => denied::<()>(verdict, 1, trouble),
        }
    }
}

/// Denies everything, for a trouble.
///
/// # Safety
/// As of [`fill`].
#[cold]
unsafe fn denied<For>(verdicts: *mut tenantry_verdict, count: usize, trouble: Trouble) -> tenantry_status {
    // SAFETY: as of this function.
    unsafe { fill::<_, For>(verdicts, count, tenantry_verdict::NONE) };
    trouble.number().into()
}

/// May a user use a permission on a tenant, for a service? By handles.
///
/// Pass `TENANTRY_NO_SERVICE` where it is about none. A "no" is an answer and no error, as with `tenantry_check`:
/// `verdict->allowed` is 0, `verdict->reason` says why, and `verdict->seq` is the revision it was read at. Allocates nothing, waits for
/// nobody, and asks what time it is only where a link ends by itself.
///
/// There is no error object; the status says it all: `TENANTRY_NULL_POINTER`, `TENANTRY_HANDLE_CLOSED` or `TENANTRY_FOREIGN_HANDLE` for
/// the index. In all these cases the verdict is a "no" with reason 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_check_resolved(
    index: *const tenantry_index,
    user: tenantry_user_handle,
    permission: tenantry_permission_handle,
    tenant: tenantry_tenant_handle,
    service: tenantry_service_handle,
    verdict: *mut tenantry_verdict,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        one(index, verdict, move |shell| {
            let (user, tenant) = (UserHandle::from_number(user), TenantHandle::from_number(tenant));
            Ok(shell.index().check_resolved(user, permit(permission, service), tenant, || shell.now()))
        })
    }
}

/// The same by ids, which are looked up first. As `tenantry_index_check_resolved`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_check(
    index: *const tenantry_index,
    user: *const tenantry_id,
    permission: tenantry_permission_handle,
    tenant: *const tenantry_id,
    service: tenantry_service_handle,
    verdict: *mut tenantry_verdict,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        one(index, verdict, move |shell| {
            if user.is_null() || tenant.is_null() {
                return Err(Trouble::NullPointer);
            }
            let (user, tenant) = (UserId::from_uuid((*user).uuid()), TenantId::from_uuid((*tenant).uuid()));
            Ok(shell.index().check(user, permit(permission, service), tenant, || shell.now()))
        })
    }
}

/// Room for a verdict in the caller's memory, of which nothing is known but that it is there.
#[repr(transparent)]
struct Place(MaybeUninit<tenantry_verdict>);

impl From<IndexVerdict> for Place {
    #[inline]
    fn from(verdict: IndexVerdict) -> Self {
        Self(MaybeUninit::new(verdict.into()))
    }
}

/// Many checks. Whatever happens, every verdict is written.
///
/// # Safety
/// As the header says.
#[inline]
unsafe fn many<Q>(
    index: *const tenantry_index,
    asked: *const Q,
    count: usize,
    verdicts: *mut tenantry_verdict,
    answer: impl FnOnce(&tenantry_index, &[Q], &mut [Place]),
) -> tenantry_status {
    let answered = quietly(Err(Trouble::Panicked), move || {
        // SAFETY: as of this function.
        let shell = unsafe { tenantry_index::look(index)? };
        present(asked, count)?;
        present(verdicts, count)?;
        if count > 0 {
            // SAFETY: as of this function; there is one verdict for each question, and so many can be.
            let (asked, places) = unsafe {
                (slice::from_raw_parts(asked, count), slice::from_raw_parts_mut(verdicts.cast(), count))
            };
            answer(shell, asked, places);
        }
        Ok(())
    });
    match answered {
        Ok(()) => OK,
        // SAFETY: as of this function.
        Err(trouble) => unsafe { denied::<Q>(verdicts, count, trouble) },
    }
}

/// Answers many questions, which costs less for each than to ask one by one: `verdicts[i]` answers `questions[i]`, for `count` of
/// them, which may be 0. The two arrays must not overlap.
///
/// Questions that lie close together are answered at the same revision, distant ones perhaps at a later one; every verdict says
/// which. Where the call fails (`TENANTRY_BAD_LENGTH` for a count that no array can have), every verdict is a "no" with reason 0. Else
/// as `tenantry_index_check_resolved`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_check_batch(
    index: *const tenantry_index,
    questions: *const tenantry_resolved,
    count: usize,
    verdicts: *mut tenantry_verdict,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        many(index, questions, count, verdicts, |shell, questions, answers| {
            shell.index().check_batch(questions, || shell.now(), answers);
        })
    }
}

/// The same by ids. As `tenantry_index_check_batch`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_check_ids(
    index: *const tenantry_index,
    questions: *const tenantry_question,
    count: usize,
    verdicts: *mut tenantry_verdict,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        many(index, questions, count, verdicts, |shell, questions, answers| {
            shell.index().check_ids(questions, || shell.now(), answers);
        })
    }
}

/// The tenants that a user can do this on, in no particular order: exactly those for which a check says yes.
///
/// `*cursor` is the caller's until `tenantry_cursor_free`; it is null where the call fails. `TENANTRY_STORE_BUSY` when commits followed
/// each other so closely that a long list could not be read between two of them: try again, or ask the engine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_tenants_where(
    index: *const tenantry_index,
    user: tenantry_user_handle,
    permission: tenantry_permission_handle,
    service: tenantry_service_handle,
    cursor: *mut *mut tenantry_cursor,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(cursor, ptr::null_mut());
        guard(error, || {
            required(cursor, "cursor")?;
            let shell = opened(index)?;
            let (index, user, mut found) = (shell.index(), UserHandle::from_number(user), Vec::new());
            let seq = index
                .tenants_where(user, permit(permission, service), || shell.now(), &mut found)
                .map_err(overtaken)?;
            let ids = found.into_iter().map(|tenant| index.tenant_id(tenant).uuid());
            put(cursor, tenantry_cursor::give(seq, ids));
            Ok(())
        })
    }
}

/// The users who can do this on a tenant, in no particular order. As `tenantry_index_tenants_where`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_users_who_can(
    index: *const tenantry_index,
    permission: tenantry_permission_handle,
    tenant: tenantry_tenant_handle,
    service: tenantry_service_handle,
    cursor: *mut *mut tenantry_cursor,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(cursor, ptr::null_mut());
        guard(error, || {
            required(cursor, "cursor")?;
            let shell = opened(index)?;
            let (index, tenant, mut found) = (shell.index(), TenantHandle::from_number(tenant), Vec::new());
            let seq = index
                .users_who_can(permit(permission, service), tenant, || shell.now(), &mut found)
                .map_err(overtaken)?;
            let ids = found.into_iter().map(|user| index.user_id(user).uuid());
            put(cursor, tenantry_cursor::give(seq, ids));
            Ok(())
        })
    }
}

/// Everybody who can do anything on a tenant, and what: an object with `seq`, the revision, and `rows` in no particular order,
/// each with a `user` and what they hold (`held`), as the query `tenant_access` tells it to the platform's staff.
///
/// `*review` is the caller's until `tenantry_text_free`; it is empty where the call fails. Else as `tenantry_index_tenants_where`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_tenant_access(
    index: *const tenantry_index,
    tenant: tenantry_tenant_handle,
    review: *mut tenantry_text,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        tell(review, "review", error, || {
            let (shell, tenant) = (opened(index)?, TenantHandle::from_number(tenant));
            wire::tenant_access(shell.index(), tenant, || shell.now())
        })
    }
}

/// Every tenant on which a user can do anything, and what: an object with `seq`, the revision, and `rows` in no particular order,
/// each with a `tenant` and what is held there (`held`). As `tenantry_index_tenant_access`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_index_user_access(
    index: *const tenantry_index,
    user: tenantry_user_handle,
    review: *mut tenantry_text,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        tell(review, "review", error, || {
            let (shell, user) = (opened(index)?, UserHandle::from_number(user));
            wire::user_access(shell.index(), user, || shell.now())
        })
    }
}

const _: () = assert!(size_of::<tenantry_resolved>() == 12 && size_of::<tenantry_question>() == 36);
// What is read of a stranger's memory is its first eight bytes.
const _: () = assert!(offset_of!(tenantry_index, 0) == 0 && offset_of!(Shell, state) == 0);
