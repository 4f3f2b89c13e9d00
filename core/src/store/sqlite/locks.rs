//! Locks that only their owner can lose. Decides which locks SQLite has on its files; never when it takes them.
//!
//! SQLite locks its files with POSIX locks. These belong to the process, and closing any descriptor of a file drops them
//! all: another copy of SQLite in the process, a backup tool, a mere `open` and `close` take them away unnoticed, and
//! the file is lost. Linux has locks of the open file description, which look the same to all others and go with their
//! description alone. SQLite has no switch for them, but lets its system calls be replaced.
//!
//! SQLite counts on one thing about POSIX locks: what is locked through one descriptor of a file can be unlocked through
//! any other. So all locks on one file go through one description, a duplicate of the first descriptor that locked, which
//! stays until SQLite has closed the file's last descriptor.
//!
//! What was opened before [`install`] goes on with POSIX locks: somebody else in the process may use the same SQLite.
#![expect(unsafe_code, reason = "system calls are replaced and made here, and nowhere else in this package")]

use std::collections::BTreeMap;
use std::ffi::{c_char, c_int, c_void};
use std::io::{Error, Result, Write};
use std::mem::transmute;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use libc::{F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_SETLK, F_SETLKW, flock};
use rusqlite::ffi::{sqlite3_vfs, sqlite3_vfs_find};

/// The bytes of a database that are locked for reading as long as somebody reads: first and number, as in SQLite's file
/// format.
const SHARED: (libc::off_t, libc::off_t) = (0x4000_0002, 510);

/// What SQLite has open.
struct Table {
    files: BTreeMap<RawFd, Inode>,
    inodes: BTreeMap<Inode, Held>,
}

/// Device and number.
type Inode = (libc::dev_t, libc::ino_t);

#[derive(Default)]
struct Held {
    /// How many descriptors SQLite has of it.
    open: usize,
    /// What all its locks go through, once there was one.
    lock: Option<OwnedFd>,
}

impl Table {
    fn forget(&mut self, fd: RawFd) {
        let Some(inode) = self.files.remove(&fd) else { return };
        let Some(held) = self.inodes.get_mut(&inode) else { return };
        held.open -= 1;
        if held.open == 0 {
            self.inodes.remove(&inode);
        }
    }
}

static TABLE: RwLock<Table> = RwLock::new(Table { files: BTreeMap::new(), inodes: BTreeMap::new() });

/// Held while a file is opened and not yet in the table, so that no fork comes in between.
static OPENING: RwLock<()> = RwLock::new(());

/// Both locks, while the process is being forked.
type Guards = (RwLockWriteGuard<'static, ()>, RwLockWriteGuard<'static, Table>);

static FORKING: AtomicPtr<Guards> = AtomicPtr::new(null_mut());

fn table() -> RwLockReadGuard<'static, Table> {
    TABLE.read().unwrap_or_else(PoisonError::into_inner)
}

fn table_mut() -> RwLockWriteGuard<'static, Table> {
    TABLE.write().unwrap_or_else(PoisonError::into_inner)
}

/// Has SQLite use such locks from now on, where the system has them. Only the first call does anything.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !is_supported() {
            return;
        }
        // SAFETY: a name that ends with a zero. What comes back is null or lives as long as the process.
        let vfs = unsafe { sqlite3_vfs_find(c"unix".as_ptr()) };
        // SAFETY: as said.
        let Some(set) = (unsafe { vfs.as_ref() }).and_then(|vfs| vfs.xSetSystemCall) else { return };
        // SAFETY: the handlers may run at any time from now on, and do nothing while the table is empty.
        if unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) } != 0 {
            return;
        }
        // Last `open`: what it makes known is locked and closed by the other two.
        //
        // SAFETY: SQLite casts the pointers back to these types before it calls them. It calls `fcntl` as a variadic
        // function; where this module is compiled, what is passed so lies where fixed arguments lie.
        unsafe {
            let vfs: *mut sqlite3_vfs = vfs;
            type Any = unsafe extern "C" fn();
            let new = transmute::<unsafe extern "C" fn(c_int, c_int, *mut c_void) -> c_int, Any>(fcntl);
            set(vfs, c"fcntl".as_ptr(), Some(new));
            let new = transmute::<unsafe extern "C" fn(c_int) -> c_int, Any>(close);
            set(vfs, c"close".as_ptr(), Some(new));
            let new = transmute::<unsafe extern "C" fn(*const c_char, c_int, c_int) -> c_int, Any>(open);
            set(vfs, c"open".as_ptr(), Some(new));
        }
    });
}

/// Whether the system knows such locks.
fn is_supported() -> bool {
    // SAFETY: a name that ends with a zero; the descriptor is closed below.
    let fd = unsafe { libc::memfd_create(c"tenantry".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return false;
    }
    let supported = lock(fd, F_OFD_GETLK, &mut range(libc::F_WRLCK, (0, 1))).is_ok();
    // SAFETY: ours, and nobody else knows it.
    unsafe { libc::close(fd) };
    supported
}

fn range(kind: c_int, (start, len): (libc::off_t, libc::off_t)) -> flock {
    let (kind, whence) = (kind as libc::c_short, libc::SEEK_SET as libc::c_short);
    flock { l_type: kind, l_whence: whence, l_start: start, l_len: len, l_pid: 0 }
}

fn lock(fd: RawFd, command: c_int, lock: &mut flock) -> Result<()> {
    // SAFETY: the command reads and writes a `flock`, which this is.
    match unsafe { libc::fcntl(fd, command, &raw mut *lock) } {
        -1 => Err(Error::last_os_error()),
        _ => Ok(()),
    }
}

fn duplicate(fd: RawFd) -> Result<OwnedFd> {
    // SAFETY: SQLite has it open, or it would not be in the table.
    unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
}

/// What the locks of a descriptor's file go through; nothing for a descriptor that was there before us.
fn through(fd: RawFd) -> Option<Result<RawFd>> {
    let held = |table: &Table| table.inodes.get(table.files.get(&fd)?)?.lock.as_ref().map(OwnedFd::as_raw_fd);
    if let Some(lock) = held(&table()) {
        return Some(Ok(lock));
    }
    let table = &mut *table_mut();
    let held = table.inodes.get_mut(table.files.get(&fd)?)?;
    Some(match &held.lock {
        Some(lock) => Ok(lock.as_raw_fd()),
        None => duplicate(fd).map(|new| held.lock.insert(new).as_raw_fd()),
    })
}

/// Lets the locks of a file go through a descriptor that can be written to, where those so far could not.
fn move_to(fd: RawFd) -> Result<RawFd> {
    let table = &mut *table_mut();
    let gone = || Error::from_raw_os_error(libc::EBADF);
    let inode = table.files.get(&fd).ok_or_else(gone)?;
    let held = table.inodes.get_mut(inode).ok_or_else(gone)?;
    let new = duplicate(fd)?;
    // SQLite wants to write only where the process reads already, and what cannot be written to has no other locks.
    lock(new.as_raw_fd(), F_OFD_SETLK, &mut range(libc::F_RDLCK, SHARED))?;
    let raw = new.as_raw_fd();
    if let Some(old) = held.lock.replace(new) {
        lock(old.as_raw_fd(), F_OFD_SETLK, &mut range(libc::F_UNLCK, (0, 0)))?;
    }
    Ok(raw)
}

fn can_write(fd: RawFd) -> bool {
    // SAFETY: the command takes no argument.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags != -1 && flags & libc::O_ACCMODE != libc::O_RDONLY
}

/// An outcome as C knows it.
fn told(outcome: Result<()>) -> c_int {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            // SAFETY: each thread has its own, which lives as long as the thread.
            unsafe { *libc::__errno_location() = error.raw_os_error().unwrap_or(libc::EIO) };
            -1
        }
    }
}

unsafe extern "C" fn fcntl(fd: c_int, command: c_int, argument: *mut c_void) -> c_int {
    let own = match command {
        F_SETLK => F_OFD_SETLK,
        F_SETLKW => F_OFD_SETLKW,
        F_GETLK => F_OFD_GETLK,
        // SAFETY: what the caller passes, passed on.
        _ => return unsafe { libc::fcntl(fd, command, argument) },
    };
    let Some(through) = through(fd) else {
        // SAFETY: as above.
        return unsafe { libc::fcntl(fd, command, argument) };
    };
    told(through.and_then(|through| {
        let argument = argument.cast::<flock>();
        // SAFETY: with these commands comes a `flock`. Not all of it need be set: what is not is not read.
        let mut wanted = unsafe {
            let kind = (&raw const (*argument).l_type).read();
            let part = ((&raw const (*argument).l_start).read(), (&raw const (*argument).l_len).read());
            range(kind.into(), part)
        };
        match lock(through, own, &mut wanted) {
            Err(error) if error.raw_os_error() == Some(libc::EBADF) && can_write(fd) && !can_write(through) => {
                lock(move_to(fd)?, own, &mut wanted)
            }
            outcome => outcome,
        }?;
        if command == F_GETLK {
            // SAFETY: as above; the answer is written to where the question came from.
            unsafe { argument.write(wanted) };
        }
        Ok(())
    }))
}

unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    let opening = OPENING.read().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: what the caller passes, passed on. The mode is never negative.
    let fd = unsafe { libc::open(path, flags, mode as libc::mode_t) };
    if fd < 0 {
        let error = Error::last_os_error();
        drop(opening);
        return told(Err(error));
    }
    // SAFETY: all zeros are a `stat`, and the call fills it.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor was just opened.
    if unsafe { libc::fstat(fd, &raw mut stat) } == 0 {
        let inode = (stat.st_dev, stat.st_ino);
        let mut table = table_mut();
        // Somebody else may have closed what had the number before.
        table.forget(fd);
        table.files.insert(fd, inode);
        table.inodes.entry(inode).or_default().open += 1;
    }
    fd
}

unsafe extern "C" fn close(fd: c_int) -> c_int {
    let mut table = table_mut();
    // SAFETY: what the caller passes, passed on. Within the table's lock: the number may be another file's right after.
    let outcome = match unsafe { libc::close(fd) } {
        -1 => Err(Error::last_os_error()),
        _ => Ok(()),
    };
    table.forget(fd);
    told(outcome)
}

// A forked child has the descriptions of its parent, and its parent's locks would stay as long as the child has them. It
// gets descriptions of its own, without locks, as it would with POSIX locks.

extern "C" fn before_fork() {
    let opening = OPENING.write().unwrap_or_else(PoisonError::into_inner);
    let guards = Box::new((opening, table_mut()));
    FORKING.store(Box::into_raw(guards), Ordering::Relaxed);
}

/// Takes back what the thread that forks put there.
fn guards() -> Option<Box<Guards>> {
    let guards = FORKING.swap(null_mut(), Ordering::Relaxed);
    // SAFETY: from `Box::into_raw`, and not taken back before. It stays on its thread, which is the child's only one.
    (!guards.is_null()).then(|| unsafe { Box::from_raw(guards) })
}

extern "C" fn in_parent() {
    drop(guards());
}

extern "C" fn in_child() {
    let Some(guards) = guards() else { return };
    let table = &guards.1;
    let locks = table.inodes.values().filter_map(|held| held.lock.as_ref());
    for fd in table.files.keys().copied().chain(locks.map(OwnedFd::as_raw_fd)) {
        reopen(fd);
    }
}

/// Opens what a descriptor leads to anew, under the same number. Where that cannot be, the number leads nowhere.
fn reopen(fd: RawFd) {
    let mut path = [0; 32];
    // Numbers are written without memory, and there is room for a zero at the end.
    let _ = write!(path.as_mut_slice(), "/proc/self/fd/{fd}");
    // SAFETY: calls that may be made between fork and exec, on descriptors that SQLite has or that are opened here.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL) & libc::O_ACCMODE;
        let new = libc::open(path.as_ptr().cast(), flags | libc::O_CLOEXEC);
        if new < 0 || libc::dup3(new, fd, libc::O_CLOEXEC) < 0 {
            libc::close(fd);
        }
        if new >= 0 {
            libc::close(new);
        }
    }
}
