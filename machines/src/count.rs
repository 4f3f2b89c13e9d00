//! Work that is counted rather than timed: what the library asks the allocator for. The same question on the same store asks
//! for the same, whatever else the machine does.
//!
//! Within this program it is counted by the program's allocator. A library that was loaded has an allocator of its own, which
//! asks the C library's; the program shows a `malloc` that counts and passes on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static WORK: Cell<u64> = const { Cell::new(0) };
    static BOUND: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// What one allocation counts besides its bytes.
const EACH: u64 = 64;
/// The most bytes that count for one: moving a long text once is no work that anybody would notice.
const MOST: u64 = 4096;

fn count(bytes: usize) {
    let work = WORK.with(|work| {
        work.set(work.get().saturating_add(EACH + (bytes as u64).min(MOST)));
        work.get()
    });
    if work > BOUND.with(Cell::get) {
        // SAFETY: ends this process, which is a child made for one question; nothing runs after it.
        unsafe { libc::_exit(OVER) };
    }
}

/// Counts what this program asks for.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: passes everything on.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.saturating_sub(layout.size()));
        // SAFETY: passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// What the program shows to libraries that it loads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub mod shown {
    use std::ffi::c_void;

    unsafe extern "C" {
        fn __libc_malloc(bytes: usize) -> *mut c_void;
        fn __libc_calloc(items: usize, bytes: usize) -> *mut c_void;
        fn __libc_realloc(at: *mut c_void, bytes: usize) -> *mut c_void;
    }

    /// Counts, and passes on.
    ///
    /// # Safety
    /// As the C library's.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn malloc(bytes: usize) -> *mut c_void {
        super::count(bytes);
        // SAFETY: passed on.
        unsafe { __libc_malloc(bytes) }
    }

    /// Counts, and passes on.
    ///
    /// # Safety
    /// As the C library's.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn calloc(items: usize, bytes: usize) -> *mut c_void {
        super::count(items.saturating_mul(bytes));
        // SAFETY: passed on.
        unsafe { __libc_calloc(items, bytes) }
    }

    /// Counts, and passes on.
    ///
    /// # Safety
    /// As the C library's.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn realloc(at: *mut c_void, bytes: usize) -> *mut c_void {
        super::count(bytes / 2);
        // SAFETY: passed on.
        unsafe { __libc_realloc(at, bytes) }
    }
}

/// What this thread has asked for so far.
pub fn work() -> u64 {
    WORK.with(Cell::get)
}

const OVER: i32 = 99;
/// A child that works without asking the allocator for anything is ended by the system after so many seconds of work.
const SECONDS: u64 = 1;

/// What became of a question that was asked in a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was answered, after so much work.
    After(u64),
    /// It asked for more than it was given.
    Over,
    /// It ended otherwise: the process crashed.
    Crashed,
}

/// Does something in a child process, which is ended when it asks for more work than `bound`. Nothing of it stays, since a
/// child's memory is a copy.
pub fn within(bound: u64, what: impl FnOnce()) -> Ended {
    telling(bound, || {
        what();
        0
    })
    .0
}

/// The same of something that has a number to tell; of what did not end well, 0.
pub fn telling(bound: u64, what: impl FnOnce() -> u64) -> (Ended, u64) {
    let mut ends = [0; 2];
    // SAFETY: a pipe, written by the child and read by the parent; the child does nothing but ask and end, and the parent
    // waits for it. No thread of this program holds a lock that the question needs: each engine is one thread's.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0, "a pipe");
        let child = libc::fork();
        assert!(child >= 0, "a child");
        if child == 0 {
            let limit = libc::rlimit { rlim_cur: SECONDS, rlim_max: SECONDS };
            libc::setrlimit(libc::RLIMIT_CPU, &raw const limit);
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
            let before = work();
            BOUND.with(|most| most.set(before.saturating_add(bound)));
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what));
            BOUND.with(|most| most.set(u64::MAX));
            let done = [work() - before, ended.as_ref().copied().unwrap_or(0)];
            let written = libc::write(ends[1], done.as_ptr().cast(), size_of_val(&done));
            libc::_exit(if ended.is_ok() && written == 16 { 0 } else { 1 });
        }
        libc::close(ends[1]);
        let mut status = 0;
        while libc::waitpid(child, &raw mut status, 0) < 0 {}
        let mut done = [0_u64; 2];
        let read = libc::read(ends[0], done.as_mut_ptr().cast(), size_of_val(&done));
        libc::close(ends[0]);
        if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 && read == 16 {
            return (Ended::After(done[0]), done[1]);
        }
        let ended =
            if (libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == OVER) || libc::WIFSIGNALED(status) {
                Ended::Over
            } else {
                Ended::Crashed
            };
        (ended, 0)
    }
}
