//! Two ways to the same door: the library that this workspace builds, within this program, and any library that is loaded
//! while it runs. Both take JSON and give JSON; nothing else of them is used but their clock and what makes their ids.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tenantry::base::time::Timestamp;
use tenantry::engine::{Clock, Engine, Options};
use tenantry::store::memory::MemoryStore;
use tenantry::wire;
use uuid::Uuid;

use crate::rng::mix;

/// A library: it opens stores in memory.
pub trait Library {
    /// A store with this policy, as JSON; or why not.
    ///
    /// # Errors
    /// The library's own words.
    fn open(&self, policy: &str) -> Result<Box<dyn Door>, String>;
}

/// One store behind its door.
pub trait Door {
    /// Answers a call with a reply, or with a fault; JSON both.
    fn call(&self, json: &str) -> Result<String, String>;

    /// What time it is, and where the ids begin.
    fn hands(&self) -> &Hands;
}

/// 2026-01-01, when every history begins.
pub const BEGINNING: i64 = 1_767_225_600_000_000;

/// A clock that stands still until it is set, and ids that follow from a number.
#[derive(Debug)]
pub struct Hands {
    now: AtomicI64,
    ids: AtomicU64,
}

impl Default for Hands {
    fn default() -> Self {
        Self { now: AtomicI64::new(BEGINNING), ids: AtomicU64::default() }
    }
}

impl Hands {
    /// Sets both. The same number makes the same ids, whatever was done in between.
    pub fn set(&self, now: i64, ids: u64) {
        self.now.store(now, Ordering::Relaxed);
        self.ids.store(mix(ids), Ordering::Relaxed);
    }

    fn id(&self) -> Uuid {
        id_of(self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// The id that stands for a number.
pub fn id_of(number: u64) -> Uuid {
    let high = u128::from(mix(number));
    let low = u128::from(mix(number ^ 0x5555_5555_5555_5555));
    uuid::Builder::from_random_bytes((high << 64 | low).to_be_bytes()).into_uuid()
}

/// The library that is built into this program.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn;

struct Shared(Arc<Hands>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now.load(Ordering::Relaxed))
            .expect("the machines set moments that there are")
    }
}

struct InProcess {
    engine: Engine,
    hands: Arc<Hands>,
}

impl Library for BuiltIn {
    fn open(&self, policy: &str) -> Result<Box<dyn Door>, String> {
        let hands = Arc::new(Hands::default());
        let ids = Arc::clone(&hands);
        let options = Options::default()
            .clock(Shared(Arc::clone(&hands)))
            .ids(move || ids.id())
            .salts(Uuid::nil)
            .policy(wire::policy(policy).map_err(|fault| wire::text(&fault))?);
        let engine =
            Engine::new(MemoryStore::new(Uuid::from_u128(1)), options).map_err(|error| error.to_string())?;
        Ok(Box::new(InProcess { engine, hands }))
    }
}

impl Door for InProcess {
    fn call(&self, json: &str) -> Result<String, String> {
        let call = || wire::call(&self.engine, json).map_err(|fault| wire::text(&fault));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(call))
            .unwrap_or_else(|_| Err(r#"{"number":9901,"code":"panicked"}"#.to_owned()))
    }

    fn hands(&self) -> &Hands {
        &self.hands
    }
}

#[repr(C)]
struct Text {
    data: *const c_char,
    length: usize,
}

#[repr(C)]
struct OpenOptions {
    struct_size: u32,
    flags: u32,
    policy: *const c_char,
    policy_length: usize,
    clock_tolerance_seconds: u32,
    wait_ms: u32,
    max_bytes: u64,
    now: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
    new_id: Option<unsafe extern "C" fn(*mut c_void, *mut [u8; 16])>,
    context: *mut c_void,
}

type OpenMemory = unsafe extern "C" fn(*const OpenOptions, *mut *mut c_void, *mut *mut c_void) -> u32;
type Close = unsafe extern "C" fn(*mut *mut c_void) -> u32;
type Call = unsafe extern "C" fn(*mut c_void, *const c_char, usize, *mut Text, *mut *mut c_void) -> u32;
type TextFree = unsafe extern "C" fn(*mut Text) -> u32;
type ErrorJson = unsafe extern "C" fn(*const c_void, *mut usize) -> *const c_char;
type ErrorFree = unsafe extern "C" fn(*mut *mut c_void) -> u32;

/// The functions of a library that the machines use. It stays loaded for as long as the program runs.
#[derive(Clone, Copy)]
struct Functions {
    open: OpenMemory,
    close: Close,
    call: Call,
    text_free: TextFree,
    error_json: ErrorJson,
    error_free: ErrorFree,
}

/// A library that was loaded.
pub struct Loaded(Functions);

impl Loaded {
    /// Loads one.
    ///
    /// # Errors
    /// When the file is no library of tenantry.
    pub fn load(path: &Path) -> Result<Self, String> {
        fn find<T: Copy>(library: &libloading::Library, name: &str) -> Result<T, String> {
            // SAFETY: the types are those of tenantry.h, whose ABI does not change within a version.
            unsafe {
                library.get::<T>(name.as_bytes()).map(|symbol| *symbol).map_err(|error| error.to_string())
            }
        }
        // SAFETY: a library of tenantry runs nothing when it is loaded; and it is never unloaded.
        let library = unsafe { libloading::Library::new(path).map_err(|error| error.to_string())? };
        let library: &'static libloading::Library = Box::leak(Box::new(library));
        Ok(Self(Functions {
            open: find(library, "tenantry_open_memory")?,
            close: find(library, "tenantry_close")?,
            call: find(library, "tenantry_call")?,
            text_free: find(library, "tenantry_text_free")?,
            error_json: find(library, "tenantry_error_json")?,
            error_free: find(library, "tenantry_error_free")?,
        }))
    }
}

unsafe extern "C" fn now(context: *mut c_void) -> i64 {
    // SAFETY: the context is the door's hands, which outlive its engine.
    unsafe { &*context.cast::<Hands>() }.now.load(Ordering::Relaxed)
}

unsafe extern "C" fn new_id(context: *mut c_void, id: *mut [u8; 16]) {
    // SAFETY: as above; the library passes a place for sixteen bytes.
    unsafe { *id = *(*context.cast::<Hands>()).id().as_bytes() };
}

impl Functions {
    /// Takes an error's JSON, and frees it.
    unsafe fn fault(&self, mut error: *mut c_void) -> String {
        // SAFETY: an error that the library gave out just now.
        unsafe {
            let mut length = 0;
            let json = (self.error_json)(error, &raw mut length);
            let text = std::slice::from_raw_parts(json.cast::<u8>(), length).to_vec();
            (self.error_free)(&raw mut error);
            String::from_utf8(text).expect("the library writes UTF-8")
        }
    }
}

struct Opened {
    functions: Functions,
    engine: *mut c_void,
    hands: Box<Hands>,
}

impl Library for Loaded {
    fn open(&self, policy: &str) -> Result<Box<dyn Door>, String> {
        let hands = Box::new(Hands::default());
        let options = OpenOptions {
            struct_size: size_of::<OpenOptions>() as u32,
            flags: 0,
            policy: policy.as_ptr().cast(),
            policy_length: policy.len(),
            clock_tolerance_seconds: 0,
            wait_ms: 0,
            max_bytes: 0,
            now: Some(now),
            new_id: Some(new_id),
            context: ptr::from_ref::<Hands>(&hands).cast_mut().cast(),
        };
        let (mut engine, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: as tenantry.h has it.
        unsafe {
            if (self.0.open)(&raw const options, &raw mut engine, &raw mut error) != 0 {
                return Err(self.0.fault(error));
            }
        }
        Ok(Box::new(Opened { functions: self.0, engine, hands }))
    }
}

impl Door for Opened {
    fn call(&self, json: &str) -> Result<String, String> {
        let mut reply = Text { data: ptr::null(), length: 0 };
        let mut error = ptr::null_mut();
        // SAFETY: as tenantry.h has it.
        unsafe {
            let status = (self.functions.call)(
                self.engine,
                json.as_ptr().cast(),
                json.len(),
                &raw mut reply,
                &raw mut error,
            );
            if status != 0 {
                return Err(self.functions.fault(error));
            }
            let text = std::slice::from_raw_parts(reply.data.cast::<u8>(), reply.length).to_vec();
            (self.functions.text_free)(&raw mut reply);
            Ok(String::from_utf8(text).expect("the library writes UTF-8"))
        }
    }

    fn hands(&self) -> &Hands {
        &self.hands
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: opened by this library, and closed once.
        unsafe { (self.functions.close)(&raw mut self.engine) };
    }
}
