//! F-19: what the C functions add to a check on the index.
//!
//! The library is the one that programs link, loaded as the loader would. Both sides have an index of their own of the same file, and
//! give the same answers.

#![expect(unsafe_code, reason = "the functions of another library are called, as its header says")]

use std::ffi::{c_char, c_void};
use std::hint::black_box;
use std::ptr;

use libloading::{Library, Symbol};
use tenantry::base::ids::{TenantId, UserId};
use tenantry::engine::{Clock as _, Engine, SystemClock};
use tenantry::index::{AccessIndex, IndexVerdict, Permit, Resolved};

use crate::ask::{Ask, Spread};
use crate::measure::{Clock, Side, race};
use crate::results::{Of, Row};
use crate::stage::Stage;

/// How many questions a batch has.
const BATCH: usize = 1024;
/// `TENANTRY_NO_SERVICE`.
const NO_SERVICE: u16 = 0xFFFF;

#[repr(C)]
#[derive(Clone, Copy)]
struct Id([u8; 16]);

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Verdict {
    seq: u64,
    reason: i32,
    allowed: u8,
    reserved: [u8; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct InHandles {
    user: u32,
    tenant: u32,
    permission: u16,
    service: u16,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct InIds {
    user: Id,
    tenant: Id,
    permission: u16,
    service: u16,
}

type Handle = *mut c_void;
type Error = *mut *mut c_void;
type Name = unsafe extern "C" fn(Handle, *const c_char, usize, *mut u16, Error) -> i32;
type Ids = unsafe extern "C" fn(Handle, *const Id, usize, *mut u32, Error) -> i32;
type CheckResolved = unsafe extern "C" fn(Handle, u32, u16, u32, u16, *mut Verdict) -> i32;
type Check = unsafe extern "C" fn(Handle, *const Id, u16, *const Id, u16, *mut Verdict) -> i32;
type CheckBatch = unsafe extern "C" fn(Handle, *const InHandles, usize, *mut Verdict) -> i32;
type CheckIds = unsafe extern "C" fn(Handle, *const InIds, usize, *mut Verdict) -> i32;

/// The library, where it has been built: beside this program, as `make bench` builds it.
fn library() -> Option<Library> {
    let path = std::env::current_exe().ok()?.with_file_name("libtenantry.so");
    // SAFETY: what is loaded is our own library, which runs nothing when it is.
    unsafe { Library::new(path) }.ok()
}

/// An index by the C functions.
struct ByC<'l> {
    library: &'l Library,
    index: Handle,
}

impl<'l> ByC<'l> {
    fn open(library: &'l Library, stage: &Stage) -> Self {
        let path = stage.store().into_os_string().into_string().expect("a path in UTF-8");
        let (mut engine, mut index): (Handle, Handle) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: as the header says.
        unsafe {
            type Open = unsafe extern "C" fn(*const c_char, usize, *const c_void, *mut Handle, Error) -> i32;
            let open: Symbol<'_, Open> = library.get(b"tenantry_open_file").expect("it is exported");
            let status =
                open(path.as_ptr().cast(), path.len(), ptr::null(), &raw mut engine, ptr::null_mut());
            assert_eq!(status, 0, "the file is a store");
            type OpenIndex = unsafe extern "C" fn(Handle, *mut Handle, Error) -> i32;
            let open: Symbol<'_, OpenIndex> = library.get(b"tenantry_index_open").expect("it is exported");
            assert_eq!(open(engine, &raw mut index, ptr::null_mut()), 0, "it can be read");
            // An index outlives its engine.
            type Close = unsafe extern "C" fn(*mut Handle) -> i32;
            let close: Symbol<'_, Close> = library.get(b"tenantry_close").expect("it is exported");
            assert_eq!(close(&raw mut engine), 0);
        }
        Self { library, index }
    }

    fn function<T>(&self, name: &str) -> Symbol<'l, T> {
        // SAFETY: the types are those of the header.
        unsafe { self.library.get(name) }.expect("it is exported")
    }

    fn name(&self, function: &str, name: &str) -> u16 {
        let mut handle = 0;
        let resolve: Symbol<'_, Name> = self.function(function);
        // SAFETY: as the header says.
        let status = unsafe {
            resolve(self.index, name.as_ptr().cast(), name.len(), &raw mut handle, ptr::null_mut())
        };
        assert!(status == 0 && handle != 0, "{name} is known");
        handle
    }

    /// The questions of some asks, by ids and by handles.
    fn questions(&self, stage: &Stage, asks: &[Ask]) -> (Vec<InIds>, Vec<InHandles>) {
        let world = stage.world();
        let permissions: Vec<u16> = world
            .permissions
            .iter()
            .map(|permission| self.name("tenantry_index_permission", permission.as_str()))
            .collect();
        let services: Vec<u16> = world
            .services
            .iter()
            .map(|service| self.name("tenantry_index_service", service.as_str()))
            .collect();
        let by_ids: Vec<_> = asks
            .iter()
            .map(|ask| InIds {
                user: Id(world.user_id(ask.user).uuid().into_bytes()),
                tenant: Id(world.tenant_id(ask.tenant).uuid().into_bytes()),
                permission: permissions[ask.permission as usize],
                service: services.get(ask.service as usize).copied().unwrap_or(NO_SERVICE),
            })
            .collect();
        let (users, tenants): (Symbol<'_, Ids>, Symbol<'_, Ids>) =
            (self.function("tenantry_index_users"), self.function("tenantry_index_tenants"));
        let by_handles = by_ids
            .iter()
            .map(|asked| {
                let (mut user, mut tenant) = (0, 0);
                // SAFETY: as the header says.
                let statuses = unsafe {
                    (
                        users(self.index, &raw const asked.user, 1, &raw mut user, ptr::null_mut()),
                        tenants(self.index, &raw const asked.tenant, 1, &raw mut tenant, ptr::null_mut()),
                    )
                };
                assert_eq!(statuses, (0, 0));
                InHandles { user, tenant, permission: asked.permission, service: asked.service }
            })
            .collect();
        (by_ids, by_handles)
    }
}

impl Drop for ByC<'_> {
    fn drop(&mut self) {
        type Close = unsafe extern "C" fn(*mut Handle) -> i32;
        let close: Symbol<'_, Close> = self.function("tenantry_index_close");
        // SAFETY: nobody else has it.
        unsafe { close(&raw mut self.index) };
    }
}

/// The questions of some asks in Rust, on an index of the same file.
fn in_rust(
    index: &AccessIndex,
    stage: &Stage,
    asks: &[Ask],
) -> (Vec<(UserId, Permit, TenantId)>, Vec<Resolved>) {
    let world = stage.world();
    let by_ids: Vec<_> = asks
        .iter()
        .map(|ask| {
            let permission = index
                .permission(world.permissions[ask.permission as usize].as_str())
                .expect("the policy has it");
            let service = world.services.get(ask.service as usize);
            let service = service.map(|service| index.service(service.as_str()).expect("the policy has it"));
            (world.user_id(ask.user), Permit { permission, service }, world.tenant_id(ask.tenant))
        })
        .collect();
    let resolve = |&(user, permit, tenant): &_| Resolved {
        user: index.user(user),
        permit,
        tenant: index.tenant(tenant),
    };
    let by_handles = by_ids.iter().map(resolve).collect();
    (by_ids, by_handles)
}

/// F-19.
pub(super) fn checks(stage: &Stage, rows: &mut Vec<Row>) {
    let Some(library) = library() else { return };
    let (c, engine): (_, Engine) = (ByC::open(&library, stage), stage.engine());
    let index = &*engine.access_index().expect("the file can be read");
    for (spread, name) in [(Spread::Uniform, "uniform"), (Spread::Zipf, "Zipf")] {
        let asks = stage.asks(spread);
        let (ids, handles) = &c.questions(stage, asks);
        let (rust_ids, rust_handles) = &in_rust(index, stage, asks);
        let (one, one_by_ids): (Symbol<'_, CheckResolved>, Symbol<'_, Check>) =
            (c.function("tenantry_index_check_resolved"), c.function("tenantry_index_check"));
        let (batch, batch_by_ids): (Symbol<'_, CheckBatch>, Symbol<'_, CheckIds>) =
            (c.function("tenantry_index_check_batch"), c.function("tenantry_index_check_ids"));
        let now = || SystemClock.now();
        let check = |it: &InHandles| {
            let mut verdict = Verdict::default();
            // SAFETY: as the header says.
            unsafe { one(c.index, it.user, it.permission, it.tenant, it.service, &raw mut verdict) };
            verdict.allowed != 0
        };
        let check_by_ids = |it: &InIds| {
            let (user, tenant) = (&raw const it.user, &raw const it.tenant);
            let mut verdict = Verdict::default();
            // SAFETY: as the header says.
            unsafe { one_by_ids(c.index, user, it.permission, tenant, it.service, &raw mut verdict) };
            verdict.allowed != 0
        };
        for (((it, by_id), rust), ask) in handles.iter().zip(ids).zip(rust_handles).zip(asks) {
            let wanted = index.check_resolved(rust.user, rust.permit, rust.tenant, now).allowed();
            assert_eq!((check(it), check_by_ids(by_id)), (wanted, wanted), "{ask:?}");
        }
        let count = asks.len();
        let mut verdicts = vec![Verdict::default(); BATCH];
        let mut verdicts_by_ids = verdicts.clone();
        let mut answers = vec![IndexVerdict { reason: None, seq: 0 }; BATCH];
        let mut answers_by_ids = answers.clone();
        let times = race(
            Clock::Cpu,
            stage.rounds,
            vec![
                Side::new("C", count, || handles.iter().filter(|it| check(it)).count()),
                Side::new("Rust", count, || {
                    let allowed =
                        |it: &&Resolved| index.check_resolved(it.user, it.permit, it.tenant, now).allowed();
                    rust_handles.iter().filter(allowed).count()
                }),
                Side::new("C, ids", count, || ids.iter().filter(|it| check_by_ids(it)).count()),
                Side::new("Rust, ids", count, || {
                    rust_ids.iter().filter(|it| index.check(it.0, it.1, it.2, now).allowed()).count()
                }),
                Side::new("C, batch", count, || {
                    for asked in handles.chunks(BATCH) {
                        // SAFETY: as the header says.
                        unsafe { batch(c.index, asked.as_ptr(), asked.len(), verdicts.as_mut_ptr()) };
                        black_box(&verdicts);
                    }
                }),
                Side::new("Rust, batch", count, || {
                    for asked in rust_handles.chunks(BATCH) {
                        index.check_batch(asked, now, &mut answers);
                        black_box(&answers);
                    }
                }),
                Side::new("C, batch of ids", count, || {
                    for asked in ids.chunks(BATCH) {
                        // SAFETY: as the header says.
                        unsafe {
                            batch_by_ids(c.index, asked.as_ptr(), asked.len(), verdicts_by_ids.as_mut_ptr())
                        };
                        black_box(&verdicts_by_ids);
                    }
                }),
                Side::new("Rust, batch of ids", count, || {
                    for asked in rust_ids.chunks(BATCH) {
                        index.check_ids(asked, now, &mut answers_by_ids);
                        black_box(&answers_by_ids);
                    }
                }),
            ],
        );
        for (case, ours, theirs, bound) in [
            ("one by handles", "C", "Rust", 5.0),
            ("one by ids", "C, ids", "Rust, ids", 5.0),
            ("a batch by handles", "C, batch", "Rust, batch", 1.0),
            ("a batch by ids", "C, batch of ids", "Rust, batch of ids", 1.0),
        ] {
            let row = Row::new(format!("{case}, {name}"), stage.customers, times.ns(ours), "ns");
            rows.push(row.beside("in Rust", times.ns(theirs)).target(Of::OverTheirs, bound));
        }
    }
}
