//! Another copy of SQLite in the process, and plain opening and closing, do the store no harm.
//!
//! The other copy is the system's library, loaded at run time. How much is done is counted in commits:
//! `TENANTRY_TEST_COMMITS` says how many each writer makes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]
#![expect(unsafe_code, reason = "the other copy is called as C is called")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::mem::transmute_copy;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::base::ids::UserId;
use tenantry::model::Subject;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::store::{Store, StoreError};
use tenantry::testkit::inside::{NewRecord, Port, following, numbered, verify};

const CHILD: &str = "TENANTRY_TEST_CHILD";

/// How many commits each writer makes.
fn commits() -> usize {
    std::env::var("TENANTRY_TEST_COMMITS").map_or(2500, |number| number.parse().unwrap())
}

fn open(path: &Path) -> SqliteStore {
    let options = FileOptions::default().synchronous(Synchronous::Normal).wait_ms(60_000);
    SqliteStore::open(path, options).unwrap()
}

fn commit(store: &dyn Store) -> Result<u64, StoreError> {
    let writing = store.write()?;
    let new = following(&writing.head()?, "test");
    let seq = new.record.seq;
    let about = Subject::User(UserId::from_uuid(numbered(seq % 50)));
    writing.commit(vec![NewRecord { about: vec![about], ..new }])?;
    Ok(seq)
}

/// The system's SQLite.
struct Other(*mut c_void);

// SAFETY: the library is made for threads, and stays loaded.
unsafe impl Sync for Other {}

type Row = extern "C" fn(*mut c_void, c_int, *mut *mut c_char, *mut *mut c_char) -> c_int;

extern "C" fn first_cell(into: *mut c_void, _: c_int, cells: *mut *mut c_char, _: *mut *mut c_char) -> c_int {
    // SAFETY: what `ask` passed, and a row of one cell, which is null or ends with a zero.
    unsafe {
        let cell = *cells;
        let text = if cell.is_null() { c"null" } else { CStr::from_ptr(cell) };
        *into.cast::<String>() = text.to_string_lossy().into_owned();
    }
    0
}

impl Other {
    fn load() -> Self {
        // SAFETY: names that end with a zero. The library's own functions come first for it.
        let library = unsafe {
            libc::dlopen(c"libsqlite3.so.0".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_DEEPBIND)
        };
        assert!(!library.is_null(), "libsqlite3.so.0 is needed: apt-get install libsqlite3-0");
        let other = Self(library);
        let version: extern "C" fn() -> *const c_char = other.function(c"sqlite3_libversion");
        // SAFETY: a constant of the library.
        let version = unsafe { CStr::from_ptr(version()) }.to_str().unwrap();
        assert_ne!(version, rusqlite::version(), "this is the same copy");
        other
    }

    /// A function of the library, which must be of this type.
    fn function<F: Copy>(&self, name: &CStr) -> F {
        // SAFETY: the library is loaded.
        let function = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!function.is_null(), "{name:?}");
        // SAFETY: a pointer to a function has the size of a pointer; its type is as SQLite's documentation says.
        unsafe { transmute_copy(&function) }
    }

    /// Opens a file.
    fn open(&self, path: &Path) -> Connection<'_> {
        let open: extern "C" fn(*const c_char, *mut *mut c_void, c_int, *const c_char) -> c_int =
            self.function(c"sqlite3_open_v2");
        let path = CString::new(path.to_str().unwrap()).unwrap();
        let mut db = null_mut();
        const READ_WRITE: c_int = 2;
        assert_eq!(open(path.as_ptr(), &raw mut db, READ_WRITE, std::ptr::null()), 0);
        let connection = Connection { other: self, db };
        connection.wait(60_000);
        connection
    }
}

struct Connection<'o> {
    other: &'o Other,
    db: *mut c_void,
}

impl Connection<'_> {
    /// Sets how long to wait for others.
    fn wait(&self, wait_ms: c_int) {
        let wait: extern "C" fn(*mut c_void, c_int) -> c_int = self.other.function(c"sqlite3_busy_timeout");
        assert_eq!(wait(self.db, wait_ms), 0);
    }

    /// The first cell of the last row, or what went wrong.
    fn ask(&self, sql: &str) -> Result<String, String> {
        type Exec = extern "C" fn(*mut c_void, *const c_char, Row, *mut c_void, *mut *mut c_char) -> c_int;
        let exec: Exec = self.other.function(c"sqlite3_exec");
        let message: extern "C" fn(*mut c_void) -> *const c_char = self.other.function(c"sqlite3_errmsg");
        let sql = CString::new(sql).unwrap();
        let mut cell = String::new();
        match exec(self.db, sql.as_ptr(), first_cell, (&raw mut cell).cast(), null_mut()) {
            0 => Ok(cell),
            // SAFETY: stays until the next call on this connection.
            _ => Err(unsafe { CStr::from_ptr(message(self.db)) }.to_string_lossy().into_owned()),
        }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let close: extern "C" fn(*mut c_void) -> c_int = self.other.function(c"sqlite3_close");
        assert_eq!(close(self.db), 0);
    }
}

/// Not a test of its own: another process.
#[test]
fn child() {
    let Ok(part) = std::env::var(CHILD) else { return };
    let (part, path) = part.split_once(' ').unwrap();
    let store = open(Path::new(path));
    match part {
        "fork" => return fork_while_writing(&store),
        "heir" => return fork_and_open(store, Path::new(path)),
        _ => {}
    }
    for _ in 0..part.parse().unwrap() {
        println!("wrote {}", commit(&store).unwrap());
    }
}

/// Has a child that sleeps, and neither lets go of the right to write.
fn fork_while_writing(store: &dyn Store) {
    let _writing = store.write().unwrap();
    // SAFETY: the child makes only calls that it may make among threads.
    unsafe {
        if libc::fork() == 0 {
            // It is not to outlive a test that failed.
            libc::alarm(120);
            let line = c"the child sleeps\n";
            libc::write(1, line.as_ptr().cast(), line.count_bytes());
            loop {
                libc::pause();
            }
        }
        loop {
            libc::pause();
        }
    }
}

/// Has a child that opens the file for itself, and closes its own store. The child commits whenever it reads a line.
#[expect(clippy::print_stdout, reason = "the test reads what its children print")]
fn fork_and_open(store: SqliteStore, path: &Path) {
    // SAFETY: no other thread of this process is at anything.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let own = open(path);
        for _ in std::io::stdin().lines() {
            println!("wrote {}", commit(&own).unwrap());
        }
        // SAFETY: a call that does not come back. What it inherited stays closed to it.
        unsafe { libc::_exit(0) };
    }
    println!("wrote {}", commit(&store).unwrap());
    drop(store);
    println!("closed");
    // SAFETY: our child.
    unsafe { libc::waitpid(child, null_mut(), 0) };
}

fn start(part: impl Display, path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, format!("{part} {}", path.display()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn wrote(text: &str) -> Vec<u64> {
    text.lines().filter_map(|line| line.split_once("wrote ")?.1.parse().ok()).collect()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    path.with_file_name(format!("store{suffix}"))
}

/// What others in the process do to the file, while `busy` is not zero; how often.
fn meddle(other: &Other, path: &Path, busy: &AtomicUsize) -> usize {
    // No record is missing among the last; all of them would take longer the more there are.
    let read = "SELECT coalesce(max(seq) - min(seq) + 1 - count(*), 0) \
        FROM (SELECT seq FROM journal ORDER BY seq DESC LIMIT 100)";
    let kept = other.open(path);
    let mut rounds = 0;
    while busy.load(Ordering::Relaxed) > 0 {
        // A backup tool, or somebody curious.
        for suffix in ["", "-shm", "-wal"] {
            drop(File::open(beside(path, suffix)));
        }
        // One who comes and goes, while another reads on.
        kept.ask("BEGIN").unwrap();
        assert_eq!(kept.ask(read).unwrap(), "0");
        let passing = other.open(path);
        assert_eq!(passing.ask(read).unwrap(), "0");
        drop(passing);
        assert_eq!(kept.ask(read).unwrap(), "0");
        kept.ask("COMMIT").unwrap();
        rounds += 1;
    }
    rounds
}

#[test]
fn another_sqlite_in_the_process_does_no_harm() {
    let other = Other::load();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let store = open(&path);
    let children = [(); 2].map(|()| start(commits(), &path));
    let busy = AtomicUsize::new(3);
    let mut seqs = Vec::new();
    std::thread::scope(|scope| {
        let meddling = scope.spawn(|| meddle(&other, &path, &busy));
        let writers = [(); 2].map(|()| {
            scope.spawn(|| {
                let seqs: Vec<u64> = (0..commits())
                    .map(|_| {
                        let seq = commit(&store).unwrap();
                        let head = store.read().unwrap().head().unwrap();
                        assert!(head.seq >= seq, "one reads what one wrote");
                        seq
                    })
                    .collect();
                seqs
            })
        });
        let outputs = children.map(|child| child.wait_with_output().unwrap());
        for writer in writers {
            let wrote = writer.join();
            busy.fetch_sub(1, Ordering::Relaxed);
            seqs.extend(wrote.unwrap());
        }
        busy.fetch_sub(1, Ordering::Relaxed);
        for output in outputs {
            assert!(output.status.success());
            seqs.extend(wrote(&String::from_utf8(output.stdout).unwrap()));
        }
        println!("{} commits, {} times meddled", seqs.len(), meddling.join().unwrap());
    });
    seqs.sort_unstable();
    assert!(seqs.iter().copied().eq(1..=4 * commits() as u64), "every acknowledged commit is there, once");
    assert_eq!(verify(&store).unwrap().seq, 4 * commits() as u64);
    store.check_integrity().unwrap();
    assert_eq!(other.open(&path).ask("PRAGMA integrity_check").unwrap(), "ok");
    drop(store);
    assert_eq!(verify(&open(&path)).unwrap().seq, 4 * commits() as u64);
}

#[test]
fn a_store_that_comes_and_goes_takes_no_locks_from_another_sqlite() {
    let other = Other::load();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    commit(&open(&path)).unwrap();
    let stays = other.open(&path);
    let seen = || stays.ask("SELECT max(seq) FROM journal").unwrap();
    for round in 0..20 {
        let seq = commit(&open(&path)).unwrap();
        assert_eq!(seen(), seq.to_string(), "round {round}");
        if round % 5 == 0 {
            let output = start(1, &path).wait_with_output().unwrap();
            assert_eq!(wrote(&String::from_utf8(output.stdout).unwrap()), [seq + 1]);
            assert_eq!(seen(), (seq + 1).to_string(), "round {round}");
        }
    }
    drop(stays);
    let store = open(&path);
    assert_eq!(verify(&store).unwrap().seq, 25);
    store.check_integrity().unwrap();
}

#[test]
fn what_was_kept_for_another_sqlite_is_closed_once_it_has_gone() {
    let other = Other::load();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    drop(open(&path));
    let held = || {
        let all = std::fs::read_dir("/proc/self/fd").unwrap();
        all.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok())
            .filter(|to| to.starts_with(&place))
            .count()
    };
    assert_eq!(held(), 0, "nobody else has it open");
    let stays = other.open(&path);
    stays.ask("SELECT max(seq) FROM journal").unwrap();
    commit(&open(&path)).unwrap();
    let kept = held();
    for _ in 0..20 {
        commit(&open(&path)).unwrap();
        assert_eq!(held(), kept, "what was kept is used again");
    }
    drop(stays);
    drop(open(&path));
    assert_eq!(held(), 0);
}

#[test]
fn a_forked_child_does_not_keep_its_parents_locks() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut parent = start("fork", &path);
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("the child sleeps")));
    let options = FileOptions::default().wait_ms(0);
    let store = SqliteStore::open(&path, options).unwrap();
    assert!(matches!(store.write().err(), Some(StoreError::Busy { .. })), "the parent has its lock");
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_eq!(commit(&store).unwrap(), 1);
}

#[test]
fn a_forked_child_that_opens_the_file_itself_is_seen_by_those_who_close_it() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut parent = start("heir", &path);
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = |what: &str| assert!(lines.any(|line| line.contains(what)), "{what}");
    said("wrote 1");
    said("closed");
    let mut child = parent.stdin.take().unwrap();
    for round in 1..=5 {
        writeln!(child).unwrap();
        said(&format!("wrote {}", round * 2));
        // Whoever closes a file last takes its log away, so they have to know that they are not the last.
        assert_eq!(commit(&open(&path)).unwrap(), round * 2 + 1);
    }
    drop(child);
    assert!(parent.wait().unwrap().success());
    assert_eq!(verify(&open(&path)).unwrap().seq, 11);
}

#[test]
fn who_reads_first_and_who_writes_then_count_as_one() {
    let other = Other::load();
    let place = tempfile::tempdir().unwrap();
    // The locks are the store's doing, and hold for every database that the same SQLite opens from then on.
    drop(open(&place.path().join("store")));
    let path = place.path().join("plain");
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer.execute_batch("CREATE TABLE t(a)").unwrap();
    drop(writer);
    let theirs = other.open(&path);
    theirs.wait(0);
    let reader =
        rusqlite::Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = || reader.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(), 0);
    theirs.ask("BEGIN EXCLUSIVE").unwrap_err();
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
    theirs.ask("BEGIN IMMEDIATE").unwrap_err();
    assert_eq!(count(), 0);
    reader.execute_batch("COMMIT").unwrap();
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(count(), 1);
    theirs.ask("BEGIN EXCLUSIVE; INSERT INTO t VALUES (2); COMMIT").unwrap();
    assert_eq!(count(), 2);
}
