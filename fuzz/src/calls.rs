//! Sequences of calls of the C functions, as a program would make them that knows no manual: handles that are null, closed, freed, of
//! another kind or none at all, lengths that are too large or too small, text that is not UTF-8, counts beyond all memory.
//!
//! What is drawn never breaks what C itself demands: memory that is there for as long as it is said to be. Demanded is that each function
//! answers with a status that is documented, with the one that the misuse calls for, writes its out-parameters, gives out an error
//! exactly where it fails, and that nothing is left in the end.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use tenantry::wire::{Status, Trouble};
use tenantry_ffi::check::*;
use tenantry_ffi::cursor::*;
use tenantry_ffi::door::*;
use tenantry_ffi::engine::*;
use tenantry_ffi::error::*;
use tenantry_ffi::id::*;
use tenantry_ffi::index::*;
use tenantry_ffi::text::*;
use tenantry_ffi::version::*;

use crate::draw::Draw;
use crate::seen;

/// The most that one input does.
const STEPS: usize = 64;
/// The most things of a kind that are held at a time.
const HELD: usize = 4;

const NULL: i32 = Trouble::NullPointer.number() as i32;
const CLOSED: i32 = Trouble::HandleClosed.number() as i32;
const FOREIGN: i32 = Trouble::ForeignHandle.number() as i32;
const LENGTH: i32 = Trouble::BadLength.number() as i32;

const MSP: tenantry_id = id(1);
const ADA: tenantry_id = id(2);
const BAKERY: tenantry_id = id(3);

const fn id(last: u8) -> tenantry_id {
    let mut bytes = [0; 16];
    bytes[0] = 1;
    bytes[15] = last;
    tenantry_id { bytes }
}

macro_rules! msp {
    () => {
        "01000000-0000-0000-0000-000000000001"
    };
}
macro_rules! ada {
    () => {
        "01000000-0000-0000-0000-000000000002"
    };
}
macro_rules! bakery {
    () => {
        "01000000-0000-0000-0000-000000000003"
    };
}
macro_rules! by_staff {
    ($command:expr) => {
        concat!(r#"{"execute":{"actor":{"operator":{}},"command":"#, $command, "}}")
    };
}
macro_rules! by_ada {
    ($command:expr) => {
        concat!(r#"{"execute":{"actor":{"user":""#, ada!(), r#""},"command":"#, $command, "}}")
    };
}

/// The first three make a little world, in which all else may be tried.
const DOCUMENTS: [&str; 14] = [
    by_staff!(concat!(
        r#"{"command":"register_tenant","kind":"msp","name":"Northwind IT","tenant":""#,
        msp!(),
        r#""}"#
    )),
    by_staff!(concat!(
        r#"{"command":"register_user","email":"ada@northwind.example","role":"super_admin","home":""#,
        msp!(),
        r#"","user":""#,
        ada!(),
        r#""}"#
    )),
    by_ada!(concat!(
        r#"{"command":"add_customer","kind":"customer","name":"Bakery Klein","management":"fully","services":["manage"],"manager":""#,
        msp!(),
        r#"","tenant":""#,
        bakery!(),
        r#""}"#
    )),
    by_staff!(r#"{"command":"register_tenant","kind":"msp","name":"N"}"#),
    by_ada!(concat!(r#"{"command":"disable_tenants","tenants":[""#, bakery!(), r#""]}"#)),
    by_ada!(concat!(r#"{"command":"enable_tenants","tenants":[""#, bakery!(), r#""]}"#)),
    by_ada!(concat!(r#"{"command":"delete_tenants","tenants":[""#, bakery!(), r#""],"confirm":"delete"}"#)),
    by_ada!(concat!(r#"{"command":"block_user","user":""#, ada!(), r#""}"#)),
    r#"{"sweep":{}}"#,
    r#"{"ask":{"query":"verify"}}"#,
    r#"{"ask":{"query":"host_records","paging":{"limit":100}}}"#,
    r#"{"ask":{"query":"tenants_where","user":"01000000-0000-0000-0000-000000000002","permission":"devices.view"}}"#,
    r#"{"sweep":{},"sweep":{}}"#,
    r#"{"execute_all":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"#,
];

/// A thing that was given out, and whether it has not been taken back.
struct Held<T> {
    live: Vec<*mut T>,
    stale: Vec<*mut T>,
}

/// A handle to try, and what it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Live,
    Null,
    Stale,
    Foreign,
}

impl<T> Held<T> {
    const fn new() -> Self {
        Self { live: Vec::new(), stale: Vec::new() }
    }

    /// One of those that live, most of the time; else null, or one that was taken back.
    fn any(&self, draw: &mut Draw<'_>) -> (*mut T, Is) {
        match draw.below(8) {
            6 => (ptr::null_mut(), Is::Null),
            7 if !self.stale.is_empty() => {
                let stale = draw.pick(&self.stale);
                // The allocator may have given its address to another one.
                (stale, if self.live.contains(&stale) { Is::Live } else { Is::Stale })
            }
            _ if self.live.is_empty() => (ptr::null_mut(), Is::Null),
            _ => (draw.pick(&self.live), Is::Live),
        }
    }

    fn take(&mut self, handle: *mut T) {
        self.live.retain(|live| *live != handle);
        self.stale.push(handle);
    }
}

/// All that a program holds.
struct Program {
    engines: Held<tenantry_engine>,
    indexes: Held<tenantry_index>,
    cursors: Held<tenantry_cursor>,
    errors: Held<tenantry_error>,
    texts: Vec<tenantry_text>,
    /// Copies of texts that were freed.
    stale: Vec<tenantry_text>,
    /// Engines on the file.
    dir: Option<tempfile::TempDir>,
    /// Whatever is no handle of ours.
    junk: Box<[u64; 64]>,
}

/// Runs one input.
pub fn run(data: &[u8]) {
    assert_eq!(tenantry_live_objects(), 0);
    let mut draw = Draw::new(data);
    let mut program = Program {
        engines: Held::new(),
        indexes: Held::new(),
        cursors: Held::new(),
        errors: Held::new(),
        texts: Vec::new(),
        stale: Vec::new(),
        dir: None,
        junk: Box::new([0; 64]),
    };
    // As most programs begin.
    if !draw.once_in(8) {
        program.open(&mut draw);
        program.open_index(&mut draw);
    }
    for _ in 0..STEPS {
        if draw.is_over() {
            break;
        }
        program.step(&mut draw);
    }
    program.end();
    assert_eq!(tenantry_live_objects(), 0, "something is left");
}

/// What a status has to be.
enum Wanted {
    /// Exactly this.
    This(i32),
    /// Whatever else is wrong, it is not known here.
    Any,
}

/// What a call on a handle has to say, if it has to say anything.
fn of(is: Is) -> Wanted {
    match is {
        Is::Live => Wanted::Any,
        Is::Null => Wanted::This(NULL),
        Is::Stale => Wanted::This(CLOSED),
        Is::Foreign => Wanted::This(FOREIGN),
    }
}

/// The same of what is told apart by a table, which forgets.
fn of_counted(is: Is) -> Wanted {
    match is {
        Is::Stale => Wanted::This(FOREIGN),
        other => of(other),
    }
}

fn documented(status: i32, wanted: &Wanted) {
    let number = u16::try_from(status).expect("statuses are small numbers");
    seen::note(number);
    assert!(status == 0 || Status::numbered(number).is_some(), "{status} is not documented");
    assert_ne!(status, 9901, "a defect");
    if let Wanted::This(wanted) = wanted {
        assert_eq!(status, *wanted);
    }
}

/// A text to pass on: where it is, and its length, which is not always the right one.
struct Given {
    bytes: Vec<u8>,
    null: bool,
    length: usize,
}

impl Given {
    fn new(draw: &mut Draw<'_>, words: &[&str]) -> Self {
        let bytes = match draw.below(8) {
            7 => draw.bytes(40),
            _ => draw.pick(words).as_bytes().to_vec(),
        };
        let length = match draw.below(16) {
            15 => draw.pick(&[usize::MAX, usize::MAX / 2 + 1]),
            14 => draw.below(bytes.len() + 1),
            _ => bytes.len(),
        };
        Self { null: draw.once_in(32), bytes, length }
    }

    fn at(&self) -> *const c_char {
        if self.null { ptr::null() } else { self.bytes.as_ptr().cast() }
    }
}

fn permission_name(draw: &mut Draw<'_>) -> Given {
    Given::new(
        draw,
        &["devices.view", "users.manage", "location.view", "tenant.operate", "never.heard", "Devices", ""],
    )
}

fn service_name(draw: &mut Draw<'_>) -> Given {
    let mut given = Given::new(draw, &["manage", "configure", "mangae", ""]);
    if draw.once_in(2) {
        (given.null, given.length) = (true, 0);
    }
    given
}

fn some_id(draw: &mut Draw<'_>) -> Option<tenantry_id> {
    match draw.below(8) {
        0..3 => Some(ADA),
        3 => Some(MSP),
        4 | 5 => Some(BAKERY),
        6 => Some(tenantry_id { bytes: draw.any() }),
        _ => None,
    }
}

fn at<T>(place: &Option<T>) -> *const T {
    place.as_ref().map_or(ptr::null(), ptr::from_ref)
}

unsafe extern "C" fn now(context: *mut c_void) -> i64 {
    // SAFETY: it is given the address of a number that stays.
    unsafe { *context.cast::<i64>() }
}

unsafe extern "C" fn new_id(_: *mut c_void, id: *mut tenantry_id) {
    // SAFETY: the library gives a place for an id.
    unsafe { id.write(tenantry_id { bytes: *uuid::Uuid::new_v4().as_bytes() }) }
}

static MOMENT: i64 = 1_767_225_600_000_000;

impl Program {
    fn engine(&self, draw: &mut Draw<'_>) -> (*mut tenantry_engine, Is) {
        match (draw.below(16), self.indexes.live.first()) {
            (15, Some(index)) => (index.cast(), Is::Foreign),
            (14, _) => (self.junk.as_ptr().cast_mut().cast(), Is::Foreign),
            (13, _) => (self.junk.as_ptr().cast_mut().cast::<u8>().wrapping_add(1).cast(), Is::Foreign),
            _ => self.engines.any(draw),
        }
    }

    fn index(&self, draw: &mut Draw<'_>) -> (*mut tenantry_index, Is) {
        match (draw.below(16), self.engines.live.first()) {
            (15, Some(engine)) => (engine.cast(), Is::Foreign),
            (14, _) => (self.junk.as_ptr().cast_mut().cast(), Is::Foreign),
            (13, _) => (self.junk.as_ptr().cast_mut().cast::<u8>().wrapping_add(1).cast(), Is::Foreign),
            _ => self.indexes.any(draw),
        }
    }

    fn cursor(&self, draw: &mut Draw<'_>) -> (*mut tenantry_cursor, Is) {
        match (draw.below(16), self.errors.live.first()) {
            (15, Some(error)) => (error.cast(), Is::Foreign),
            (14, _) => (self.junk.as_ptr().cast_mut().cast(), Is::Foreign),
            _ => self.cursors.any(draw),
        }
    }

    /// Makes a call that may give out an error, and looks at both.
    fn call(
        &mut self,
        draw: &mut Draw<'_>,
        wanted: Wanted,
        run: impl FnOnce(*mut *mut tenantry_error) -> i32,
    ) -> i32 {
        if draw.once_in(4) {
            let status = run(ptr::null_mut());
            documented(status, &wanted);
            return status;
        }
        let mut error = self.junk.as_mut_ptr().cast();
        let status = run(&raw mut error);
        documented(status, &wanted);
        // SAFETY: an error that was given out, or null.
        assert_eq!(unsafe { tenantry_error_status(error) }, status);
        assert_eq!(error.is_null(), status == 0);
        if !error.is_null() {
            self.errors.live.push(error);
            if self.errors.live.len() > HELD {
                self.free_error(error);
            }
        }
        status
    }

    fn free_error(&mut self, error: *mut tenantry_error) {
        let mut place = error;
        // SAFETY: it is live, and taken out of what is held.
        assert_eq!(unsafe { tenantry_error_free(&raw mut place) }, 0);
        assert!(place.is_null());
        self.errors.take(error);
    }

    fn keep(&mut self, status: i32, text: tenantry_text) {
        assert_eq!(text.data.is_null(), status != 0);
        if status == 0 {
            // SAFETY: a text that was given out, with a closing zero.
            let read = unsafe { CStr::from_ptr(text.data) };
            assert_eq!(read.count_bytes(), text.length);
            read.to_str().expect("what comes out is UTF-8");
            self.texts.push(text);
            if self.texts.len() > HELD {
                self.free_text(0);
            }
        }
    }

    fn free_text(&mut self, place: usize) {
        let mut text = self.texts.remove(place);
        self.stale.push(tenantry_text { data: text.data, length: text.length });
        // SAFETY: it is live.
        assert_eq!(unsafe { tenantry_text_free(&raw mut text) }, 0);
        assert!(text.data.is_null() && text.length == 0);
    }

    fn keep_cursor(&mut self, status: i32, cursor: *mut tenantry_cursor) {
        assert_eq!(cursor.is_null(), status != 0);
        if status == 0 {
            self.cursors.live.push(cursor);
            if self.cursors.live.len() > HELD {
                self.free_cursor(cursor);
            }
        }
    }

    fn free_cursor(&mut self, cursor: *mut tenantry_cursor) {
        let mut place = cursor;
        // SAFETY: it is live.
        assert_eq!(unsafe { tenantry_cursor_free(&raw mut place) }, 0);
        assert!(place.is_null());
        self.cursors.take(cursor);
    }

    fn close_engine(&mut self, engine: *mut tenantry_engine) {
        let mut place = engine;
        // SAFETY: it is live, and no other thread is there.
        assert_eq!(unsafe { tenantry_close(&raw mut place) }, 0);
        assert!(place.is_null());
        self.engines.take(engine);
    }

    fn close_index(&mut self, index: *mut tenantry_index) {
        let mut place = index;
        // SAFETY: it is live, and no other thread is there.
        assert_eq!(unsafe { tenantry_index_close(&raw mut place) }, 0);
        assert!(place.is_null());
        self.indexes.take(index);
    }

    /// Gives everything back.
    fn end(&mut self) {
        for engine in self.engines.live.clone() {
            self.close_engine(engine);
        }
        for index in self.indexes.live.clone() {
            self.close_index(index);
        }
        for cursor in self.cursors.live.clone() {
            self.free_cursor(cursor);
        }
        for error in self.errors.live.clone() {
            self.free_error(error);
        }
        while !self.texts.is_empty() {
            self.free_text(0);
        }
    }

    fn step(&mut self, draw: &mut Draw<'_>) {
        match draw.below(16) {
            0 => self.open(draw),
            1..4 => self.send(draw),
            4 => self.close(draw),
            5 => self.fresh(draw),
            6 => self.reverse(draw),
            7 => self.tokens(draw),
            8 => self.open_index(draw),
            9 => self.handles(draw),
            10 | 11 => self.hot(draw),
            12 => self.hot_reverse(draw),
            13 => self.cursor_on(draw),
            14 => self.free(draw),
            _ => self.rest(draw),
        }
    }

    fn open(&mut self, draw: &mut Draw<'_>) {
        if self.engines.live.len() == HELD {
            let oldest = self.engines.live[0];
            self.close_engine(oldest);
        }
        // Room for any size that is believed.
        let mut room = [0u64; 1024];
        // SAFETY: there is room, and zeros are options but for their size.
        let options = unsafe { &mut *room.as_mut_ptr().cast::<tenantry_options>() };
        let known = size_of::<tenantry_options>() as u32;
        options.struct_size = known;
        let policy = Given::new(
            draw,
            &["\"default\"", "\"clients\"", "\"delegated\"", "\"none\"", "{\"name\":1}", ""],
        );
        if draw.once_in(4) {
            (options.policy, options.policy_length) = (policy.at(), policy.length);
        }
        if draw.once_in(2) {
            options.now = Some(now);
            options.context = (&raw const MOMENT).cast_mut().cast();
        }
        if draw.once_in(4) {
            options.new_id = Some(new_id);
        }
        if draw.once_in(4) {
            options.flags = draw.pick(&[1, 2, 4, 8, 16, 32, 64, 1 << 31, 63]);
            options.wait_ms = 10;
        }
        if draw.once_in(8) {
            options.max_bytes = draw.pick(&[1, 1 << 16, 1 << 20, u64::MAX]);
        }
        if draw.once_in(8) {
            options.struct_size = draw.pick(&[0, 1, known - 8, known + 8, 4096, 4097, u32::MAX]);
        }
        let options: *const tenantry_options =
            if draw.once_in(2) { ptr::null() } else { room.as_ptr().cast() };
        let mut engine: *mut tenantry_engine = self.junk.as_mut_ptr().cast();
        let status = if draw.once_in(8) {
            let dir = self.dir.get_or_insert_with(|| tempfile::tempdir().expect("a directory"));
            let path = dir.path().join("store.db").into_os_string().into_string().expect("a path in UTF-8");
            let odd = Given::new(draw, &["/nowhere/at/all", "", "/", "a\0b"]);
            let (at, length) = match draw.below(4) {
                3 if !odd.bytes.starts_with(b"tenantry") => (odd.at(), odd.length),
                _ => (path.as_ptr().cast(), path.len()),
            };
            // What is drawn may be a name in the directory where this runs.
            let safe = at == path.as_ptr().cast()
                || odd.null
                || odd.bytes.is_empty()
                || odd.bytes[0] == b'/'
                || odd.length > 40;
            if !safe {
                return;
            }
            // SAFETY: as the header says.
            self.call(draw, Wanted::Any, |error| unsafe {
                tenantry_open_file(at, length, options, &raw mut engine, error)
            })
        } else {
            // SAFETY: as the header says.
            self.call(draw, Wanted::Any, |error| unsafe {
                tenantry_open_memory(options, &raw mut engine, error)
            })
        };
        assert_eq!(engine.is_null(), status != 0);
        if status == 0 {
            self.engines.live.push(engine);
            if draw.once_in(4) {
                return;
            }
            for document in &DOCUMENTS[..3] {
                let mut text = tenantry_text { data: ptr::null(), length: 0 };
                // SAFETY: as the header says.
                let status = self.call(draw, Wanted::Any, |error| unsafe {
                    tenantry_call(engine, document.as_ptr().cast(), document.len(), &raw mut text, error)
                });
                self.keep(status, text);
            }
        }
    }

    fn send(&mut self, draw: &mut Draw<'_>) {
        let (engine, is) = self.engine(draw);
        let given = Given::new(draw, &DOCUMENTS);
        let wanted = if given.null { Wanted::This(NULL) } else { of(is) };
        let mut text = tenantry_text { data: ptr::dangling(), length: 7 };
        // SAFETY: as the header says.
        let status = self.call(draw, wanted, |error| unsafe {
            tenantry_call(engine, given.at(), given.length, &raw mut text, error)
        });
        self.keep(status, text);
    }

    fn close(&mut self, draw: &mut Draw<'_>) {
        let (engine, is) = self.engine(draw);
        if is == Is::Live {
            self.close_engine(engine);
            return;
        }
        let mut place = engine;
        // SAFETY: what is no engine that is open is told.
        let status = unsafe { tenantry_close(&raw mut place) };
        documented(status, &if is == Is::Null { Wanted::This(0) } else { of(is) });
        assert!(place.is_null());
    }

    fn fresh(&mut self, draw: &mut Draw<'_>) {
        let (engine, is) = self.engine(draw);
        let (user, tenant) = (some_id(draw), some_id(draw));
        let (permission, service) = (permission_name(draw), service_name(draw));
        if draw.once_in(3) {
            let mut text = tenantry_text { data: ptr::dangling(), length: 7 };
            // SAFETY: as the header says.
            let status = self.call(draw, of(is), |error| unsafe {
                tenantry_explain(
                    engine,
                    at(&user),
                    permission.at(),
                    permission.length,
                    at(&tenant),
                    service.at(),
                    service.length,
                    &raw mut text,
                    error,
                )
            });
            self.keep(status, text);
            return;
        }
        let mut verdict = tenantry_verdict { seq: 9, reason: 9, allowed: 9, reserved: [9; 3] };
        // SAFETY: as the header says.
        let status = self.call(draw, of(is), |error| unsafe {
            tenantry_check(
                engine,
                at(&user),
                permission.at(),
                permission.length,
                at(&tenant),
                service.at(),
                service.length,
                &raw mut verdict,
                error,
            )
        });
        answered(status, &verdict);
    }

    fn reverse(&mut self, draw: &mut Draw<'_>) {
        let (engine, is) = self.engine(draw);
        let subject = some_id(draw);
        let (permission, service) = (permission_name(draw), service_name(draw));
        let mut cursor: *mut tenantry_cursor = self.junk.as_mut_ptr().cast();
        let tenants = draw.once_in(2);
        // SAFETY: as the header says.
        let status = self.call(draw, of(is), |error| unsafe {
            if tenants {
                tenantry_tenants_where(
                    engine,
                    at(&subject),
                    permission.at(),
                    permission.length,
                    service.at(),
                    service.length,
                    &raw mut cursor,
                    error,
                )
            } else {
                tenantry_users_who_can(
                    engine,
                    permission.at(),
                    permission.length,
                    at(&subject),
                    service.at(),
                    service.length,
                    &raw mut cursor,
                    error,
                )
            }
        });
        self.keep_cursor(status, cursor);
    }

    fn tokens(&mut self, draw: &mut Draw<'_>) {
        let (engine, is) = self.engine(draw);
        if draw.once_in(2) {
            let mut text = tenantry_text { data: ptr::dangling(), length: 7 };
            // SAFETY: as the header says.
            let status =
                self.call(draw, of(is), |error| unsafe { tenantry_token(engine, &raw mut text, error) });
            self.keep(status, text);
            return;
        }
        // A token, or some other text that was given out.
        let text = match self.texts.last() {
            Some(text) if draw.once_in(2) => tenantry_text { data: text.data, length: text.length },
            _ => tenantry_text { data: ptr::null(), length: 0 },
        };
        let odd = Given::new(draw, &["soon", ""]);
        let (token, length) = if draw.once_in(4) { (odd.at(), odd.length) } else { (text.data, text.length) };
        let mut seq = 9;
        // SAFETY: as the header says.
        let status = self.call(draw, of(is), |error| unsafe {
            tenantry_refresh(engine, token, length, &raw mut seq, error)
        });
        assert!(status == 0 || seq == 0);
    }

    fn open_index(&mut self, draw: &mut Draw<'_>) {
        if self.indexes.live.len() == HELD || draw.once_in(3) {
            let (index, is) = self.index(draw);
            if is == Is::Live {
                self.close_index(index);
                return;
            }
            let mut place = index;
            // SAFETY: what is no index that is open is told.
            let status = unsafe { tenantry_index_close(&raw mut place) };
            documented(status, &if is == Is::Null { Wanted::This(0) } else { of(is) });
            assert!(place.is_null());
            return;
        }
        let (engine, is) = self.engine(draw);
        let mut index: *mut tenantry_index = self.junk.as_mut_ptr().cast();
        // SAFETY: as the header says.
        let status =
            self.call(draw, of(is), |error| unsafe { tenantry_index_open(engine, &raw mut index, error) });
        assert_eq!(index.is_null(), status != 0);
        if status == 0 {
            self.indexes.live.push(index);
        }
    }

    fn handles(&mut self, draw: &mut Draw<'_>) {
        let (index, is) = self.index(draw);
        match draw.below(5) {
            kind @ (0 | 1) => {
                let ids = [ADA, BAKERY, MSP, tenantry_id { bytes: draw.any() }];
                let mut handles = [9u32; 4];
                let count = draw.pick(&[4, 1, 0, usize::MAX, usize::MAX / 16]);
                let (from, to) = match draw.below(8) {
                    6 => (ptr::null(), handles.as_mut_ptr()),
                    7 => (ids.as_ptr(), ptr::null_mut()),
                    _ => (ids.as_ptr(), handles.as_mut_ptr()),
                };
                let wanted = match of(is) {
                    Wanted::Any if count > 0 && (from.is_null() || to.is_null()) => Wanted::This(NULL),
                    Wanted::Any if count > 4 => Wanted::This(LENGTH),
                    Wanted::Any => Wanted::This(0),
                    other => other,
                };
                // SAFETY: as the header says; counts that are too large cannot be.
                let status = self.call(draw, wanted, |error| unsafe {
                    if kind == 0 {
                        tenantry_index_users(index, from, count, to, error)
                    } else {
                        tenantry_index_tenants(index, from, count, to, error)
                    }
                });
                assert!(status == 0 || count > 4 || to.is_null() || handles[..count] == [0; 4][..count]);
            }
            kind @ (2 | 3) => {
                let mut handle = 9;
                let name = if kind == 2 { permission_name(draw) } else { service_name(draw) };
                // SAFETY: as the header says.
                let status = self.call(draw, of(is), |error| unsafe {
                    if kind == 2 {
                        tenantry_index_permission(index, name.at(), name.length, &raw mut handle, error)
                    } else {
                        tenantry_index_service(index, name.at(), name.length, &raw mut handle, error)
                    }
                });
                assert!(status == 0 || handle == 0);
            }
            _ => {
                let mut seq = 9;
                // SAFETY: as the header says.
                let status = self
                    .call(draw, of(is), |error| unsafe { tenantry_index_seq(index, &raw mut seq, error) });
                assert!(status == 0 || seq == 0);
            }
        }
    }

    fn hot(&mut self, draw: &mut Draw<'_>) {
        let (index, is) = self.index(draw);
        let any = |draw: &mut Draw<'_>| draw.pick(&[1u32, 2, 3, 0, u32::MAX, 1 << 26, 77]);
        let (user, tenant) = (any(draw), any(draw));
        let permission = draw.pick(&[1u16, 2, 7, 0, 1023, 1024, u16::MAX]);
        let service = draw.pick(&[TENANTRY_NO_SERVICE, 1, 2, 0, 1023, 1024, 65534]);
        let (who, place) = (some_id(draw), some_id(draw));
        let mut verdict = tenantry_verdict { seq: 9, reason: 9, allowed: 9, reserved: [9; 3] };
        match draw.below(4) {
            0 => {
                // SAFETY: as the header says.
                let status = unsafe {
                    tenantry_index_check_resolved(index, user, permission, tenant, service, &raw mut verdict)
                };
                documented(status, &if is == Is::Live { Wanted::This(0) } else { of(is) });
                answered(status, &verdict);
            }
            1 => {
                // SAFETY: as the header says.
                let status = unsafe {
                    tenantry_index_check(index, at(&who), permission, at(&place), service, &raw mut verdict)
                };
                documented(status, &of(is));
                answered(status, &verdict);
            }
            kind => {
                const MANY: usize = 70;
                let resolved = vec![tenantry_resolved { user, tenant, permission, service }; MANY];
                let (user, tenant) = (who.unwrap_or(ADA), place.unwrap_or(BAKERY));
                let questions = vec![tenantry_question { user, tenant, permission, service }; MANY];
                let mut verdicts = vec![verdict; MANY];
                let count = draw.pick(&[MANY, 1, 64, 65, 0, usize::MAX, usize::MAX / 12]);
                let null = draw.once_in(8);
                let (resolved, questions) =
                    if null { (ptr::null(), ptr::null()) } else { (resolved.as_ptr(), questions.as_ptr()) };
                // SAFETY: as the header says; counts that are too large cannot be.
                let status = unsafe {
                    if kind == 2 {
                        tenantry_index_check_batch(index, resolved, count, verdicts.as_mut_ptr())
                    } else {
                        tenantry_index_check_ids(index, questions, count, verdicts.as_mut_ptr())
                    }
                };
                let wanted = match of(is) {
                    Wanted::Any if null && count > 0 => NULL,
                    Wanted::Any if count > MANY => LENGTH,
                    Wanted::Any => 0,
                    Wanted::This(wanted) => wanted,
                };
                assert_eq!(status, wanted);
                if count <= MANY {
                    verdicts[..count].iter().for_each(|verdict| answered(status, verdict));
                    assert!(verdicts[count..].iter().all(|untouched| *untouched == verdict));
                }
            }
        }
    }

    fn hot_reverse(&mut self, draw: &mut Draw<'_>) {
        let (index, is) = self.index(draw);
        let subject = draw.pick(&[1u32, 2, 3, 0, u32::MAX]);
        let permission = draw.pick(&[1u16, 2, 7, 0, 1024, u16::MAX]);
        let service = draw.pick(&[TENANTRY_NO_SERVICE, 1, 0, 1024]);
        let mut cursor: *mut tenantry_cursor = self.junk.as_mut_ptr().cast();
        let tenants = draw.once_in(2);
        // SAFETY: as the header says.
        let status = self.call(draw, of(is), |error| unsafe {
            if tenants {
                tenantry_index_tenants_where(index, subject, permission, service, &raw mut cursor, error)
            } else {
                tenantry_index_users_who_can(index, permission, subject, service, &raw mut cursor, error)
            }
        });
        self.keep_cursor(status, cursor);
    }

    fn cursor_on(&mut self, draw: &mut Draw<'_>) {
        let (cursor, is) = self.cursor(draw);
        let (mut size, mut seq, mut count) = (9, 9, 9);
        if draw.once_in(2) {
            // SAFETY: as the header says.
            let status = self.call(draw, of_counted(is), |error| unsafe {
                tenantry_cursor_size(cursor, &raw mut size, &raw mut seq, error)
            });
            assert!(status == 0 || (size, seq) == (0, 0));
            return;
        }
        let mut ids = [ADA; 3];
        let capacity = draw.pick(&[3, 1, 0, 2]);
        // SAFETY: as the header says.
        let status = self.call(draw, of_counted(is), |error| unsafe {
            tenantry_cursor_next(cursor, ids.as_mut_ptr(), capacity, &raw mut count, error)
        });
        assert!(count <= capacity && (status == 0 || count == 0));
    }

    fn free(&mut self, draw: &mut Draw<'_>) {
        match draw.below(3) {
            0 => {
                let (cursor, is) = self.cursor(draw);
                if is == Is::Live {
                    self.free_cursor(cursor);
                    return;
                }
                let mut place = cursor;
                // SAFETY: what is no cursor is told.
                let status = unsafe { tenantry_cursor_free(&raw mut place) };
                assert_eq!(status, if is == Is::Null { 0 } else { FOREIGN });
                assert!(place.is_null());
            }
            1 => {
                let (error, is) = match self.cursors.live.first() {
                    Some(cursor) if draw.once_in(8) => (cursor.cast(), Is::Foreign),
                    _ => self.errors.any(draw),
                };
                if is == Is::Live {
                    self.free_error(error);
                    return;
                }
                let mut place = error;
                // SAFETY: what is no error is told.
                let status = unsafe { tenantry_error_free(&raw mut place) };
                assert_eq!(status, if is == Is::Null { 0 } else { FOREIGN });
            }
            _ => {
                let live = |data: *const c_char| self.texts.iter().any(|text| text.data == data);
                match (draw.below(4), self.stale.last()) {
                    (0 | 1, _) if !self.texts.is_empty() => {
                        let place = draw.below(self.texts.len());
                        self.free_text(place);
                    }
                    (2, Some(stale)) if !live(stale.data) => {
                        let mut copy = tenantry_text { data: stale.data, length: stale.length };
                        // SAFETY: what was freed is told.
                        assert_eq!(unsafe { tenantry_text_free(&raw mut copy) }, FOREIGN);
                    }
                    (3, _) if !self.texts.is_empty() => {
                        let text = &self.texts[0];
                        let length = draw.pick(&[text.length + 1, 0, usize::MAX]);
                        if length != text.length {
                            let mut copy = tenantry_text { data: text.data, length };
                            // SAFETY: a wrong length is told.
                            assert_eq!(unsafe { tenantry_text_free(&raw mut copy) }, LENGTH);
                        }
                    }
                    _ => {
                        let mut mine = tenantry_text { data: c"mine".as_ptr(), length: 4 };
                        // SAFETY: what was never given out is told.
                        assert_eq!(unsafe { tenantry_text_free(&raw mut mine) }, FOREIGN);
                    }
                }
            }
        }
    }

    /// What can be asked of errors and statuses, and ids as text.
    fn rest(&mut self, draw: &mut Draw<'_>) {
        let (error, is) = match draw.below(8) {
            7 => (self.junk.as_mut_ptr().cast(), Is::Foreign),
            _ => self.errors.any(draw),
        };
        // SAFETY: as the header says.
        unsafe {
            let status = tenantry_error_status(error);
            documented(status, &if is == Is::Null { Wanted::This(0) } else { of_counted(is) });
            for read in
                [tenantry_error_message, tenantry_error_about, tenantry_error_path, tenantry_error_json]
            {
                let mut length = 9;
                let text = CStr::from_ptr(read(error, &raw mut length));
                assert_eq!(text.count_bytes(), length);
                text.to_str().expect("what comes out is UTF-8");
                assert!(is == Is::Live || length == 0);
            }
            let number = draw.pick(&[0, 1, 701, 9901, -1, i32::MIN, i32::MAX, 9113]);
            for read in
                [tenantry_status_name, tenantry_status_message, tenantry_status_remedy, tenantry_status_rule]
            {
                CStr::from_ptr(read(number)).to_str().expect("what comes out is UTF-8");
            }
            let given = Given::new(draw, &[msp!(), "0100000000000000000000000000000A", "01", "{}", ""]);
            let mut id = ADA;
            let status = self.call(draw, Wanted::Any, |error| {
                tenantry_id_parse(given.at(), given.length, &raw mut id, error)
            });
            assert!(status == 0 || id.bytes == [0; 16]);
            let mut text = [0; TENANTRY_ID_TEXT];
            tenantry_id_write(&raw const id, text.as_mut_ptr());
            assert_eq!(CStr::from_ptr(text.as_ptr()).count_bytes(), 36);
        }
    }
}

/// A check has answered, or has said no.
fn answered(status: i32, verdict: &tenantry_verdict) {
    if status != 0 {
        assert_eq!(*verdict, tenantry_verdict { seq: 0, reason: 0, allowed: 0, reserved: [0; 3] });
        return;
    }
    assert_eq!(verdict.allowed, u8::from(verdict.reason == 0));
    seen::note(verdict.reason as u16);
    if verdict.allowed == 0 {
        assert!((101..=308).contains(&verdict.reason), "{verdict:?}");
    }
}
