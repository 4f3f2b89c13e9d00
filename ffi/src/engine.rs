//! Engines: opened, used from any thread, closed once.
//!
//! What a handle points to is a small shell that is never freed and never used for another engine. So a handle that
//! was closed is known as closed for as long as the process lives, for the price of one load.

use std::cell::UnsafeCell;
use std::ffi::{c_char, c_void};
use std::mem::{offset_of, size_of};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use tenantry::base::time::Timestamp;
use tenantry::engine::{Clock, Engine, Options};
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::wire::{self, Fault, Trouble};

use crate::error::{guard, tenantry_error, tenantry_status};
use crate::guard::{put, quietly, required};
use crate::id::tenantry_id;
use crate::text::{tell, tenantry_text, text};

/// tenantry on a store. One engine serves all threads; open one per file and process.
pub struct tenantry_engine {
    magic: u64,
    state: AtomicU32,
    /// Calls that are within the engine now.
    calls: AtomicU32,
    open: UnsafeCell<Option<Box<Open>>>,
}

/// What there is of an engine while it is open.
struct Open {
    engine: Engine,
    /// The host's clock, if it has one, for the indexes of the engine.
    clock: Option<Hands>,
}

// SAFETY: the engine is `Sync`; the cell around it is written by the one thread that has closed it, and by then no call
// is within.
unsafe impl Sync for tenantry_engine {}

const MAGIC: u64 = 0x7465_6e61_6e74_7279;
const OPEN: u32 = 1;
const CLOSING: u32 = 2;
const CLOSED: u32 = 3;

/// Every shell there ever was. Keeps them in reach of leak checkers, too.
static SHELLS: Mutex<Vec<&'static tenantry_engine>> = Mutex::new(Vec::new());

/// How many engines are open.
pub(crate) fn open_engines() -> usize {
    let shells = SHELLS.lock().unwrap_or_else(PoisonError::into_inner);
    shells.iter().filter(|shell| shell.state.load(Ordering::SeqCst) != CLOSED).count()
}

impl tenantry_engine {
    fn give(engine: Engine, clock: Option<Hands>) -> *mut Self {
        let shell: &'static Self = Box::leak(Box::new(Self {
            magic: MAGIC,
            state: AtomicU32::new(OPEN),
            calls: AtomicU32::new(0),
            open: UnsafeCell::new(Some(Box::new(Open { engine, clock }))),
        }));
        SHELLS.lock().unwrap_or_else(PoisonError::into_inner).push(shell);
        ptr::from_ref(shell).cast_mut()
    }

    /// The shell that a handle points to, if it is one.
    ///
    /// # Safety
    /// The handle is null or points to eight bytes that can be read.
    unsafe fn shell(handle: *const Self) -> Result<&'static Self, Fault> {
        required(handle, "engine")?;
        let foreign = || Fault::new(Trouble::ForeignHandle, "`engine` is no engine");
        if !handle.is_aligned() {
            return Err(foreign());
        }
        // SAFETY: as of this function, and aligned.
        if unsafe { ptr::read(&raw const (*handle).magic) } != MAGIC {
            return Err(foreign());
        }
        // SAFETY: what begins so is a shell, and shells are never freed.
        Ok(unsafe { &*handle })
    }
}

/// A call that is within an engine; the engine cannot be closed before it is out.
pub(crate) struct Call {
    shell: &'static tenantry_engine,
}

impl Call {
    /// Goes into the engine that a handle stands for.
    ///
    /// # Safety
    /// The handle is null or points to eight bytes that can be read.
    pub(crate) unsafe fn on(handle: *const tenantry_engine) -> Result<Self, Fault> {
        // SAFETY: as of this function.
        let shell = unsafe { tenantry_engine::shell(handle)? };
        // Counted first and looked at second, while closing looks second and counts first: one of them sees the other.
        shell.calls.fetch_add(1, Ordering::SeqCst);
        let call = Self { shell };
        match shell.state.load(Ordering::SeqCst) {
            OPEN => Ok(call),
            CLOSING => Err(Fault::new(Trouble::HandleInUse, "`engine` is being closed by another thread")),
            _ => Err(Fault::new(Trouble::HandleClosed, "`engine` has been closed")),
        }
    }

    fn open(&self) -> Result<&Open, Fault> {
        // SAFETY: nobody writes the cell while a call is within.
        let open = unsafe { &*self.shell.open.get() };
        open.as_deref().ok_or_else(|| Fault::new(Trouble::HandleClosed, "`engine` has been closed"))
    }

    pub(crate) fn engine(&self) -> Result<&Engine, Fault> {
        Ok(&self.open()?.engine)
    }

    pub(crate) fn clock(&self) -> Result<Option<Hands>, Fault> {
        Ok(self.open()?.clock)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.shell.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Nothing may be written. The file must be there.
pub const TENANTRY_READ_ONLY: u32 = 1;
/// The file must be there; else it is made.
pub const TENANTRY_MUST_EXIST: u32 = 2;
/// A commit outlives the process, and a power cut may undo the last ones; else it waits for the disk.
pub const TENANTRY_SYNC_NORMAL: u32 = 4;
/// Commands refused for lack of rights are not journalled; else they are.
pub const TENANTRY_NO_REFUSAL_RECORDS: u32 = 8;
/// `clock_tolerance_seconds` counts; else it is 300.
pub const TENANTRY_CLOCK_TOLERANCE: u32 = 16;
/// `wait_ms` counts; else it is 10 000.
pub const TENANTRY_WAIT: u32 = 32;
/// `clock_leap_seconds` counts; else it is a year.
pub const TENANTRY_CLOCK_LEAP: u32 = 64;

/// How an engine runs. Begin with `TENANTRY_OPTIONS_INIT`, which asks for nothing special, and set what should differ.
///
/// Later versions add fields at the end. `struct_size` says which are there: those beyond it count as zero, and what a
/// newer program sets is refused by an older library (`TENANTRY_BAD_STRUCT_SIZE`), never overlooked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tenantry_options {
    /// `sizeof(tenantry_options)` where the program was compiled.
    pub struct_size: u32,
    /// Flags, one or several of `TENANTRY_READ_ONLY` and so on.
    pub flags: u32,
    /// The policy of a store that is new, as JSON: a whole policy, or the name of one that comes with the library in quotes, as
    /// in "\"clients\"". Null for the default. A store that is there keeps its own.
    pub policy: *const c_char,
    /// The bytes of `policy`.
    pub policy_length: usize,
    /// How far the clock may be behind the journal before commands are refused (`TENANTRY_CLOCK_BEHIND`), in seconds;
    /// `UINT32_MAX` for however far.
    pub clock_tolerance_seconds: u32,
    /// How long to wait for other writers, in milliseconds.
    pub wait_ms: u32,
    /// How large the file may grow; 0 for no limit.
    pub max_bytes: u64,
    /// What time it is, in microseconds since 1970 in UTC; null for the machine's clock. A number that is no moment of the years
    /// 0 to 9999 says that the time is not known: commands and queries are refused then (`TENANTRY_CLOCK_AHEAD`). Called from any thread that calls the
    /// library, and must not call it back, unwind or jump out.
    pub now: Option<unsafe extern "C" fn(context: *mut c_void) -> i64>,
    /// Makes the ids that commands leave out; null for UUIDs of version 7. As `now`.
    pub new_id: Option<unsafe extern "C" fn(context: *mut c_void, id: *mut tenantry_id)>,
    /// Handed to `now` and `new_id`. Must last as long as the engine and every index of it.
    pub context: *mut c_void,
    /// How far the clock may be ahead of the journal's last record before commands are refused (`TENANTRY_CLOCK_AHEAD`), in
    /// seconds; `UINT32_MAX` for however far. The call `{"sweep": {"accept_clock": true}}` says once that the clock is right.
    pub clock_leap_seconds: u32,
    /// Where the access index is saved, if anywhere; null for nowhere. `tenantry_index_open` loads one that was saved there and is to be
    /// believed, instead of building it of the whole store. The call `{"save_index": {"to": …}}` saves it: before closing, and now and
    /// again.
    pub saved_index: *const c_char,
    /// The bytes of `saved_index`.
    pub saved_index_length: usize,
}

/// The size of the options in the first version of this ABI, which is the least there is.
const FIRST_SIZE: usize = offset_of!(tenantry_options, saved_index_length) + size_of::<usize>();

const FLAGS: u32 = TENANTRY_READ_ONLY
    | TENANTRY_MUST_EXIST
    | TENANTRY_SYNC_NORMAL
    | TENANTRY_NO_REFUSAL_RECORDS
    | TENANTRY_CLOCK_TOLERANCE
    | TENANTRY_WAIT
    | TENANTRY_CLOCK_LEAP;

impl tenantry_options {
    const NONE: Self = Self {
        struct_size: size_of::<Self>() as u32,
        flags: 0,
        policy: ptr::null(),
        policy_length: 0,
        clock_tolerance_seconds: 0,
        wait_ms: 0,
        max_bytes: 0,
        now: None,
        new_id: None,
        context: ptr::null_mut(),
        clock_leap_seconds: 0,
        saved_index: ptr::null(),
        saved_index_length: 0,
    };

    /// Reads options of any size that can be understood.
    ///
    /// # Safety
    /// The pointer is null or points to as many bytes as the first four of them say.
    unsafe fn read(options: *const Self) -> Result<Self, Fault> {
        if options.is_null() {
            return Ok(Self::NONE);
        }
        // SAFETY: as of this function.
        let size = unsafe { ptr::read_unaligned(options.cast::<u32>()) } as usize;
        let wrong = || {
            let known = size_of::<Self>();
            Fault::new(
                Trouble::BadStructSize,
                format_args!("`options` has size {size}, and this library knows {known}"),
            )
        };
        // Nothing sensible is larger than this, and what is not initialised often is.
        if !(FIRST_SIZE..=4096).contains(&size) {
            return Err(wrong());
        }
        let mut read = Self::NONE;
        let known = size.min(size_of::<Self>());
        // SAFETY: as of this function; the fields are plain data, and any bytes of theirs that C wrote are such.
        unsafe { ptr::copy_nonoverlapping(options.cast::<u8>(), (&raw mut read).cast::<u8>(), known) };
        for at in known..size {
            // SAFETY: as of this function.
            if unsafe { options.cast::<u8>().add(at).read() } != 0 {
                return Err(wrong());
            }
        }
        if read.flags & !FLAGS != 0 {
            let unknown = read.flags & !FLAGS;
            return Err(Fault::new(Trouble::UnknownFlag, format_args!("`options.flags` has {unknown:#x}")));
        }
        Ok(read)
    }

    /// # Safety
    /// Policy and path point to their length of bytes; functions and context are as the header says.
    unsafe fn engine(&self) -> Result<Options, Fault> {
        let mut options = Options::default().record_refusals(self.flags & TENANTRY_NO_REFUSAL_RECORDS == 0);
        // SAFETY: as of this function.
        let policy = unsafe { text(self.policy, self.policy_length, "options.policy")? };
        if !self.policy.is_null() {
            options = options.policy(wire::policy(policy)?);
        }
        // SAFETY: as of this function.
        let saved_index = unsafe { text(self.saved_index, self.saved_index_length, "options.saved_index")? };
        if !self.saved_index.is_null() {
            options = options.saved_index(saved_index);
        }
        if self.flags & TENANTRY_CLOCK_TOLERANCE != 0 {
            options = options.clock_tolerance_seconds(self.clock_tolerance_seconds);
        }
        if self.flags & TENANTRY_CLOCK_LEAP != 0 {
            options = options.clock_leap_seconds(self.clock_leap_seconds);
        }
        if let Some(clock) = self.clock() {
            options = options.clock(clock);
        }
        let context = Context(self.context);
        if let Some(new_id) = self.new_id {
            options = options.ids(move || {
                let mut id = tenantry_id { bytes: [0; 16] };
                // SAFETY: the caller gave a function for exactly this.
                unsafe { new_id(context.pointer(), &raw mut id) };
                id.uuid()
            });
        }
        Ok(options)
    }

    fn clock(&self) -> Option<Hands> {
        self.now.map(|now| Hands { now, context: Context(self.context) })
    }

    fn file(&self) -> FileOptions {
        let mut options = FileOptions::default()
            .read_only(self.flags & TENANTRY_READ_ONLY != 0)
            .create(self.flags & TENANTRY_MUST_EXIST == 0)
            .max_bytes(Some(self.max_bytes).filter(|most| *most > 0));
        if self.flags & TENANTRY_SYNC_NORMAL != 0 {
            options = options.synchronous(Synchronous::Normal);
        }
        if self.flags & TENANTRY_WAIT != 0 {
            options = options.wait_ms(self.wait_ms.into());
        }
        options
    }
}

/// What the host's functions are handed.
#[derive(Clone, Copy)]
struct Context(*mut c_void);

// SAFETY: the header says that the functions are called from any thread, with this.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    fn pointer(self) -> *mut c_void {
        self.0
    }
}

/// A clock of the host's.
#[derive(Clone, Copy)]
pub(crate) struct Hands {
    now: unsafe extern "C" fn(*mut c_void) -> i64,
    context: Context,
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        // SAFETY: the caller gave a function for exactly this.
        let micros = unsafe { (self.now)(self.context.pointer()) };
        // The last moment is one at which nothing that ends is in force any more, and the engine refuses to go by it.
        Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
    }
}

/// Opens an engine in memory; what it holds is gone when it is closed.
///
/// `options` may be null. `*engine` is the new engine, to be closed with `tenantry_close`, or null where the call fails:
/// `TENANTRY_INVALID_POLICY`, `TENANTRY_INVALID_REQUEST` for a policy that is none, `TENANTRY_BAD_STRUCT_SIZE`,
/// `TENANTRY_UNKNOWN_FLAG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_open_memory(
    options: *const tenantry_options,
    engine: *mut *mut tenantry_engine,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(engine, ptr::null_mut());
        guard(error, || {
            required(engine, "engine")?;
            let options = tenantry_options::read(options)?;
            let opened = Engine::memory_with(options.engine()?)?;
            put(engine, tenantry_engine::give(opened, options.clock()));
            Ok(())
        })
    }
}

/// Opens an engine on an SQLite file, which is made where there is none. Other processes may have the same file open; it must
/// be on a local disk.
///
/// `path` has `path_length` bytes without a closing zero, in UTF-8; on Unix any bytes but zero. `options` and `*engine` are as for
/// `tenantry_open_memory`. Beyond its statuses: `TENANTRY_CANNOT_OPEN`, `TENANTRY_NOT_A_STORE`, `TENANTRY_NEWER_FORMAT`,
/// `TENANTRY_STORE_DAMAGED`, `TENANTRY_STORE_BUSY`. A file that cannot be opened is left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_open_file(
    path: *const c_char,
    path_length: usize,
    options: *const tenantry_options,
    engine: *mut *mut tenantry_engine,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        put(engine, ptr::null_mut());
        guard(error, || {
            required(engine, "engine")?;
            required(path, "path")?;
            let path = place(path, path_length)?;
            let options = tenantry_options::read(options)?;
            let engine_options = options.engine()?;
            let store = SqliteStore::open(path, options.file()).map_err(tenantry::engine::Error::from)?;
            put(engine, tenantry_engine::give(Engine::new(store, engine_options)?, options.clock()));
            Ok(())
        })
    }
}

/// Makes a store at `to` of a backup, in place of the store that is there, if one is; nobody may have that open. The call
/// `{"backup": {"to": …}}` makes backups.
///
/// From one moment to the next the whole new store stands there instead of the whole old one. `*reply` is a `Restored` of
/// `include/tenantry.schema.json`: which records are lost, and who was erased again; it is the caller's until `tenantry_text_free`,
/// and empty where the call fails. The paths are as for `tenantry_open_file`. `TENANTRY_STORE_IN_USE`, `TENANTRY_PATH_TAKEN`,
/// `TENANTRY_NOT_A_STORE`, `TENANTRY_STORE_DAMAGED`, `TENANTRY_CANNOT_OPEN`, `TENANTRY_NEWER_FORMAT`, `TENANTRY_FOREIGN_LOG`: what was
/// there stands as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_restore(
    from: *const c_char,
    from_length: usize,
    to: *const c_char,
    to_length: usize,
    reply: *mut tenantry_text,
    error: *mut *mut tenantry_error,
) -> tenantry_status {
    // SAFETY: as the header says.
    unsafe {
        tell(reply, "reply", error, || {
            required(from, "from")?;
            required(to, "to")?;
            wire::restore(place(from, from_length)?, place(to, to_length)?)
        })
    }
}

/// # Safety
/// `path` points to `length` bytes.
unsafe fn place(path: *const c_char, length: usize) -> Result<std::path::PathBuf, Fault> {
    // SAFETY: as of this function.
    let bytes = unsafe { crate::text::bytes(path.cast(), length, "path")? };
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(Fault::new(Trouble::BadText, "`path` is empty or has a zero in it"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(std::ffi::OsStr::from_bytes(bytes).into())
    }
    #[cfg(not(unix))]
    {
        // SAFETY: as of this function.
        Ok(unsafe { text(path, length, "path")? }.into())
    }
}

/// Closes an engine and sets the pointer to null, so that closing it again does nothing. Null is allowed, and so is a
/// pointer to null.
///
/// While another thread is within a call on the engine nothing is closed, the pointer stays, and the status is
/// `TENANTRY_HANDLE_IN_USE`. A copy of the pointer is stale from then on: every function tells it as
/// `TENANTRY_HANDLE_CLOSED`, this one included, for as long as the process lives. Indexes, cursors, errors and texts outlive the engine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_close(engine: *mut *mut tenantry_engine) -> tenantry_status {
    // SAFETY: as the header says.
    let closed = unsafe { guard(ptr::null_mut(), || close(engine)) };
    if closed != tenantry_status::from(Trouble::HandleInUse.number()) {
        // SAFETY: as the header says.
        unsafe { put(engine, ptr::null_mut()) };
    }
    closed
}

/// # Safety
/// `place` is null or points to a handle.
unsafe fn close(place: *mut *mut tenantry_engine) -> Result<(), Fault> {
    if place.is_null() {
        return Ok(());
    }
    // SAFETY: as of this function.
    let handle = unsafe { place.read() };
    if handle.is_null() {
        return Ok(());
    }
    // SAFETY: as of this function.
    let shell = unsafe { tenantry_engine::shell(handle)? };
    match shell.state.compare_exchange(OPEN, CLOSING, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {}
        Err(CLOSING) => {
            return Err(Fault::new(Trouble::HandleInUse, "`engine` is being closed by another thread"));
        }
        Err(_) => return Err(Fault::new(Trouble::HandleClosed, "`engine` has been closed")),
    }
    if shell.calls.load(Ordering::SeqCst) > 0 {
        shell.state.store(OPEN, Ordering::SeqCst);
        return Err(Fault::new(Trouble::HandleInUse, "another thread is within a call on `engine`"));
    }
    // SAFETY: this thread alone has got to closing it, and no call is within or will be.
    let open = unsafe { (*shell.open.get()).take() };
    shell.state.store(CLOSED, Ordering::SeqCst);
    quietly((), || drop(open));
    Ok(())
}

// What is read of a stranger's memory is its first eight bytes.
const _: () = assert!(offset_of!(tenantry_engine, magic) == 0);
