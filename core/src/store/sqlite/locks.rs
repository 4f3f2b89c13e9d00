//! Locks that only their owner can lose. Decides which locks SQLite has on its files; never when it
//! takes them.
//!
//! SQLite locks its files with POSIX locks. These belong to the process, and closing any descriptor
//! of a file drops them all: another copy of SQLite in the process, a backup tool, a mere `open`
//! and `close` take them away unnoticed, and the file is lost. Linux has locks of the open file
//! description, which look the same to all others and go with their description alone. SQLite has
//! no switch for them, but lets its system calls be replaced.
//!
//! SQLite counts on one thing about POSIX locks: what is locked through one descriptor of a file
//! can be unlocked through any other. So all locks on one file go through one description, which
//! does nothing else.
//!
//! Nor is anything taken from others: where SQLite closes a descriptor it is kept, and closed
//! together with the file's others once SQLite has none left and nobody at all has a lock on it.
//! Until then the next who opens the file gets it.
//!
//! What was opened before [`install`] goes on with POSIX locks: somebody else in the process may
//! use the same SQLite.
//!
//! SQLite knows a file by its number, and remembers by it which locks the process has. A forked
//! child inherits what it remembers and has none of the locks. So after a fork every file has
//! another number: what the child opens is new to SQLite.
#![warn(clippy::undocumented_unsafe_blocks)]
#![expect(unsafe_code, reason = "system calls are replaced and made here, and nowhere else in this package")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::io::{Error, Result, Write};
use std::mem::transmute;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use libc::{F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_SETLK, F_SETLKW, flock};
use rusqlite::ffi::{sqlite3_vfs, sqlite3_vfs_find};

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
    /// How many of them it had when the process was forked last.
    inherited: usize,
    /// Those that SQLite has closed.
    kept: Vec<OwnedFd>,
    /// What all its locks go through, once there was one. Closed last, as it may have the lock
    /// under which to close.
    lock: Option<OwnedFd>,
}

impl Held {
    /// Whether nobody has a lock on the file, and nobody can get one until it is closed.
    fn is_alone(&self) -> bool {
        let Some(fd) = self.lock.as_ref().or(self.kept.last()) else { return true };
        let mut all = range(libc::F_WRLCK, (0, 0));
        let Err(error) = lock(fd.as_raw_fd(), F_OFD_SETLK, &mut all) else { return true };
        if !matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) {
            // What was opened for reading alone can only ask.
            let asked = lock(fd.as_raw_fd(), F_OFD_GETLK, &mut all);
            return asked.is_err() || all.l_type == libc::F_UNLCK as libc::c_short;
        }
        // Closing would have let go of what SQLite still had.
        let _ = lock(fd.as_raw_fd(), F_OFD_SETLK, &mut range(libc::F_UNLCK, (0, 0)));
        false
    }
}

impl Table {
    fn add(&mut self, fd: RawFd, inode: Inode) {
        // Somebody else may have closed what had the number before.
        self.remove(fd);
        self.files.insert(fd, inode);
        self.inodes.entry(inode).or_default().open += 1;
    }

    /// The descriptor for SQLite, unless others use what it leads to.
    ///
    /// What the connections to a file share it opens once for all of them. Where it has that open
    /// already, those to *another* file share it, which stood at the same path before: to begin it
    /// anew would take it away under their hands.
    fn give(&mut self, path: &CStr, fd: RawFd, inode: Inode) -> c_int {
        let taken = self.inodes.get(&inode).is_some_and(|held| held.open > held.inherited + 1);
        if !taken || !path.to_bytes().ends_with(b"-shm") {
            return fd;
        }
        if let Some(held) = self.remove(fd) {
            // SAFETY: SQLite does not get it, so it is ours.
            held.kept.push(unsafe { OwnedFd::from_raw_fd(fd) });
        }
        told(Err(Error::from_raw_os_error(libc::EBUSY)))
    }

    fn remove(&mut self, fd: RawFd) -> Option<&mut Held> {
        let held = self.inodes.get_mut(&self.files.remove(&fd)?)?;
        held.open -= 1;
        held.inherited = held.inherited.min(held.open);
        Some(held)
    }

    /// Closes what can be closed.
    fn tidy(&mut self) {
        self.inodes.retain(|_, held| held.open > 0 || !held.is_alone());
    }

    /// A descriptor that was kept of a file and was opened in such a way.
    fn reuse(&mut self, inode: Inode, flags: c_int) -> Option<RawFd> {
        let kept = &mut self.inodes.get_mut(&inode)?.kept;
        let place = kept.iter().position(|fd| access(fd.as_raw_fd()) == Some(flags & libc::O_ACCMODE))?;
        let fd = kept.swap_remove(place).into_raw_fd();
        self.add(fd, inode);
        Some(fd)
    }
}

static TABLE: RwLock<Table> = RwLock::new(Table { files: BTreeMap::new(), inodes: BTreeMap::new() });

/// Held while a file is opened and not yet in the table, so that no fork comes in between.
static OPENING: RwLock<()> = RwLock::new(());

/// Both locks, while the process is being forked.
type Guards = (RwLockWriteGuard<'static, ()>, RwLockWriteGuard<'static, Table>);

static FORKING: AtomicPtr<Guards> = AtomicPtr::new(null_mut());

/// How many forks lie between this process and the one that installed the locks.
static FORKS: AtomicU64 = AtomicU64::new(0);

fn table() -> RwLockReadGuard<'static, Table> {
    TABLE.read().unwrap_or_else(PoisonError::into_inner)
}

fn table_mut() -> RwLockWriteGuard<'static, Table> {
    TABLE.write().unwrap_or_else(PoisonError::into_inner)
}

/// Has SQLite use such locks from now on, where the system has them. Only the first call does
/// anything.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !is_supported() {
            return;
        }
        // SAFETY: a name that ends with a zero. What comes back is null or lives as long as the
        // process.
        let vfs = unsafe { sqlite3_vfs_find(c"unix".as_ptr()) };
        // SAFETY: as said.
        let Some(set) = (unsafe { vfs.as_ref() }).and_then(|vfs| vfs.xSetSystemCall) else { return };
        // SAFETY: the handlers may run at any time from now on, and do nothing while the table is
        // empty.
        if unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) } != 0 {
            return;
        }
        // Last `open`: what it makes known is locked and closed by the other two.
        //
        // SAFETY: SQLite casts the pointers back to these types before it calls them. It calls
        // `fcntl` as a variadic function; where this module is compiled, what is passed so lies
        // where fixed arguments lie.
        unsafe {
            let vfs: *mut sqlite3_vfs = vfs;
            type Any = unsafe extern "C" fn();
            let new = transmute::<unsafe extern "C" fn(c_int, c_int, *mut c_void) -> c_int, Any>(fcntl);
            set(vfs, c"fcntl".as_ptr(), Some(new));
            let new = transmute::<unsafe extern "C" fn(c_int) -> c_int, Any>(close);
            set(vfs, c"close".as_ptr(), Some(new));
            let new = transmute::<unsafe extern "C" fn(*const c_char, *mut libc::stat) -> c_int, Any>(stat);
            set(vfs, c"stat".as_ptr(), Some(new));
            let new = transmute::<unsafe extern "C" fn(c_int, *mut libc::stat) -> c_int, Any>(fstat);
            set(vfs, c"fstat".as_ptr(), Some(new));
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

/// A description of a descriptor's file for locks alone. Not that of the descriptor: SQLite maps
/// some files into memory, and what is mapped a forked child keeps, with all locks.
fn describe(fd: RawFd) -> Result<OwnedFd> {
    let own = File::options().read(true).write(true).open(format!("/proc/self/fd/{fd}"));
    // Whoever may not write needs no locks for writing.
    own.map(OwnedFd::from).or_else(|_| {
        // SAFETY: SQLite has it open, or it would not be in the table.
        unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
    })
}

/// What the locks of a descriptor's file go through; nothing for a descriptor that was there before
/// us.
fn through(fd: RawFd) -> Option<Result<RawFd>> {
    let held = |table: &Table| table.inodes.get(table.files.get(&fd)?)?.lock.as_ref().map(OwnedFd::as_raw_fd);
    if let Some(lock) = held(&table()) {
        return Some(Ok(lock));
    }
    let table = &mut *table_mut();
    let held = table.inodes.get_mut(table.files.get(&fd)?)?;
    Some(match &held.lock {
        Some(lock) => Ok(lock.as_raw_fd()),
        None => describe(fd).map(|new| held.lock.insert(new).as_raw_fd()),
    })
}

/// Whether a descriptor was opened for reading, writing or both.
fn access(fd: RawFd) -> Option<c_int> {
    // SAFETY: the command takes no argument.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    (flags != -1).then_some(flags & libc::O_ACCMODE)
}

/// Which file there is at a path, or where a descriptor leads.
fn inode(stat: impl FnOnce(*mut libc::stat) -> c_int) -> Option<Inode> {
    // SAFETY: all zeros are a `stat`.
    let mut found: libc::stat = unsafe { std::mem::zeroed() };
    (stat(&raw mut found) == 0).then_some((found.st_dev, found.st_ino))
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
        // SAFETY: with these commands comes a `flock`. Not all of it need be set: what is not is
        // not read.
        let mut wanted = unsafe {
            let kind = (&raw const (*argument).l_type).read();
            let part = ((&raw const (*argument).l_start).read(), (&raw const (*argument).l_len).read());
            range(kind.into(), part)
        };
        lock(through, own, &mut wanted)?;
        if command == F_GETLK {
            // SAFETY: as above; the answer is written to where the question came from.
            unsafe { argument.write(wanted) };
        }
        Ok(())
    }))
}

unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    let opening = OPENING.read().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the caller's path ends with a zero.
    let name = unsafe { CStr::from_ptr(path) };
    {
        let mut table = table_mut();
        table.tidy();
        if flags & (libc::O_EXCL | libc::O_TRUNC) == 0
            && table.inodes.values().any(|held| !held.kept.is_empty())
        {
            let found = match flags & libc::O_NOFOLLOW {
                // SAFETY: the caller's path ends with a zero.
                0 => inode(|stat| unsafe { libc::stat(path, stat) }),
                // SAFETY: as above.
                _ => inode(|stat| unsafe { libc::lstat(path, stat) }),
            };
            if let Some(inode) = found
                && let Some(fd) = table.reuse(inode, flags)
            {
                return table.give(name, fd, inode);
            }
        }
    }
    // SAFETY: what the caller passes, passed on. The mode is never negative.
    let fd = unsafe { libc::open(path, flags, mode as libc::mode_t) };
    if fd < 0 {
        let error = Error::last_os_error();
        drop(opening);
        return told(Err(error));
    }
    // SAFETY: the descriptor was just opened.
    let Some(inode) = inode(|stat| unsafe { libc::fstat(fd, stat) }) else { return fd };
    let mut table = table_mut();
    table.add(fd, inode);
    table.give(name, fd, inode)
}

unsafe extern "C" fn close(fd: c_int) -> c_int {
    let mut table = table_mut();
    let Some(held) = table.remove(fd) else {
        // SAFETY: what the caller passes, passed on.
        return unsafe { libc::close(fd) };
    };
    // SAFETY: SQLite has closed it, so it is ours.
    held.kept.push(unsafe { OwnedFd::from_raw_fd(fd) });
    table.tidy();
    0
}

unsafe extern "C" fn stat(path: *const c_char, found: *mut libc::stat) -> c_int {
    // SAFETY: what the caller passes, passed on.
    unsafe { renumber(libc::stat(path, found), found) }
}

unsafe extern "C" fn fstat(fd: c_int, found: *mut libc::stat) -> c_int {
    // SAFETY: what the caller passes, passed on.
    unsafe { renumber(libc::fstat(fd, found), found) }
}

/// Gives a file that was found the number that it has after so many forks.
///
/// # Safety
/// Where the outcome is 0, there is a `stat`.
unsafe fn renumber(outcome: c_int, found: *mut libc::stat) -> c_int {
    if outcome == 0 {
        // Numbers of files do not come near the upper bits.
        let turned = FORKS.load(Ordering::Relaxed).reverse_bits();
        // SAFETY: as of this function.
        unsafe { (*found).st_ino ^= turned };
    }
    outcome
}

// A forked child has the descriptions of its parent, and its parent's locks would stay as long as
// the child has them. It gets descriptions of its own, without locks, as it would with POSIX locks.

extern "C" fn before_fork() {
    let opening = OPENING.write().unwrap_or_else(PoisonError::into_inner);
    let guards = Box::new((opening, table_mut()));
    FORKING.store(Box::into_raw(guards), Ordering::Relaxed);
}

/// Takes back what the thread that forks put there.
fn guards() -> Option<Box<Guards>> {
    let guards = FORKING.swap(null_mut(), Ordering::Relaxed);
    // SAFETY: from `Box::into_raw`, and not taken back before. It stays on its thread, which is the
    // child's only one.
    (!guards.is_null()).then(|| unsafe { Box::from_raw(guards) })
}

extern "C" fn in_parent() {
    drop(guards());
}

extern "C" fn in_child() {
    let Some(mut guards) = guards() else { return };
    for held in guards.1.inodes.values_mut() {
        held.inherited = held.open;
    }
    FORKS.fetch_add(1, Ordering::Relaxed);
    let table = &guards.1;
    let held = table.inodes.values().flat_map(|held| held.kept.iter().chain(&held.lock));
    for fd in table.files.keys().copied().chain(held.map(OwnedFd::as_raw_fd)) {
        reopen(fd);
    }
}

/// Opens what a descriptor leads to anew, under the same number. Where that cannot be, the number
/// leads nowhere.
fn reopen(fd: RawFd) {
    let mut path = [0; 32];
    // Numbers are written without memory, and there is room for a zero at the end.
    let _ = write!(path.as_mut_slice(), "/proc/self/fd/{fd}");
    // SAFETY: calls that may be made between fork and exec, on descriptors that SQLite has or that
    // are opened here.
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
