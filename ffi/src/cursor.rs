//! Reverse questions: the tenants where, the users who. Read at once, of one moment, and handed out piece by piece.

use std::ffi::c_char;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::base::ids::{TenantId, UserId};
use tenantry::query::{TenantsWhere, UsersWhoCan};

use crate::check::{permission, service};
use crate::engine::{Call, tenantry_engine};
use crate::error::{self, guard, tenantry_error, tenantry_status};
use crate::guard::{put, required};
use crate::handle::{self, Kind};
use crate::id::tenantry_id;

/// Ids of one moment, handed out piece by piece. It outlives its engine.
pub struct tenantry_cursor {
    seq: u64,
    ids: Vec<tenantry_id>,
    /// How many have been handed out.
    next: AtomicUsize,
}

impl tenantry_cursor {
    pub(crate) fn give(seq: u64, ids: impl Iterator<Item = uuid::Uuid>) -> *mut Self {
        let ids = ids.map(|id| tenantry_id { bytes: id.into_bytes() }).collect();
        handle::give(Kind::Cursor, Box::new(Self { seq, ids, next: AtomicUsize::new(0) }))
    }
}

/// The tenants that a user can do this on, in the order of their ids: exactly those for which a check says yes.
///
/// The question is written as for `tenantry_check`. `*cursor` is the caller's until `tenantry_cursor_free`; it is null where the
/// call fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_tenants_where(
    engine: *const tenantry_engine,
    user: *const tenantry_id,
    permission: *const c_char,
    permission_length: usize,
    service: *const c_char,
    service_length: usize,
    cursor: *mut *mut tenantry_cursor,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(cursor, ptr::null_mut());
        guard(error, || {
            required(cursor, "cursor")?;
            let call = Call::on(engine)?;
            let user = UserId::from_uuid(tenantry_id::read(user, "user")?);
            let permission = self::permission(permission, permission_length)?;
            let service = self::service(service, service_length)?;
            let snapshot = call.engine()?.read()?;
            let now = snapshot.now()?;
            let found = now.ask(TenantsWhere { user, permission, service })?;
            put(cursor, tenantry_cursor::give(now.seq(), found.into_iter().map(TenantId::uuid)));
            Ok(())
        })
    }
}

/// The users who can do this on a tenant, in the order of their ids. As `tenantry_tenants_where`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_users_who_can(
    engine: *const tenantry_engine,
    permission: *const c_char,
    permission_length: usize,
    tenant: *const tenantry_id,
    service: *const c_char,
    service_length: usize,
    cursor: *mut *mut tenantry_cursor,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(cursor, ptr::null_mut());
        guard(error, || {
            required(cursor, "cursor")?;
            let call = Call::on(engine)?;
            let tenant = TenantId::from_uuid(tenantry_id::read(tenant, "tenant")?);
            let permission = self::permission(permission, permission_length)?;
            let service = self::service(service, service_length)?;
            let snapshot = call.engine()?.read()?;
            let now = snapshot.now()?;
            let found =
                now.ask(UsersWhoCan { permission: permission.clone(), tenant, service: service.clone() })?;
            put(cursor, tenantry_cursor::give(now.seq(), found.into_iter().map(UserId::uuid)));
            Ok(())
        })
    }
}

/// Writes the next ids, at most `capacity`, and their number to `*count`; 0 means that there are no more. Two threads that share
/// a cursor get each id once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_cursor_next(
    cursor: *mut tenantry_cursor,
    ids: *mut tenantry_id,
    capacity: usize,
    count: *mut usize,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(count, 0);
        guard(error, || {
            required(count, "count")?;
            let cursor = handle::look(Kind::Cursor, cursor)?;
            if capacity == 0 {
                return Ok(());
            }
            required(ids, "ids")?;
            let all = cursor.ids.len();
            let advance = |from: usize| Some(from.saturating_add(capacity).min(all));
            let from = cursor.next.fetch_update(Ordering::SeqCst, Ordering::SeqCst, advance).unwrap_or(all);
            let piece = cursor.ids.get(from..).unwrap_or_default();
            let given = piece.len().min(capacity);
            ptr::copy_nonoverlapping(piece.as_ptr(), ids, given);
            put(count, given);
            Ok(())
        })
    }
}

/// How many ids there are in all, and the revision they were read at; either may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_cursor_size(
    cursor: *const tenantry_cursor,
    size: *mut usize,
    seq: *mut u64,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(size, 0);
        put(seq, 0);
        guard(error, || {
            let cursor = handle::look(Kind::Cursor, cursor)?;
            put(size, cursor.ids.len());
            put(seq, cursor.seq);
            Ok(())
        })
    }
}

/// Frees a cursor and sets the pointer to null, so that freeing it again does nothing. Null is allowed, and so is a
/// pointer to null. What is no cursor, or was freed through a copy of the pointer, is told as `TENANTRY_FOREIGN_HANDLE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_cursor_free(cursor: *mut *mut tenantry_cursor) -> tenantry_status {
    // SAFETY: the caller owns the pointer and what it points to.
    unsafe { error::free(Kind::Cursor, cursor) }
}
