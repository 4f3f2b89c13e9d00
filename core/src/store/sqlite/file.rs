//! The file: whose it is, how it is opened, created and brought up to date. What is not ours is
//! never written to, and no file appears beside it.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use uuid::Uuid;

use super::fault::{Result, SqliteFault, cannot_open, damaged, has_no_log, is_busy};
use super::log;
use super::meta::{rules, said};
use super::options::{FileOptions, Synchronous};
use super::pack::say_words;
use super::place::{FilePlace, admit_names, has_log, log_of};
use super::schema::{APPLICATION_ID, FORMAT, MIN_READER, MIN_WRITER, TABLES, views};
use crate::journal::RULES;
use crate::store::StoreError;

/// The oldest SQLite that can be trusted: those before it may lose a commit when the log starts
/// anew.
pub(crate) const LEAST_SQLITE: i32 = 3_051_003;

/// How much of the file each connection keeps in memory, in KiB.
const CACHE_KIB: u32 = 16384;

/// The size to which the log is cut when it starts anew.
const LOG_BYTES: u32 = 16 << 20;

/// How long a log may seem to be of another file while others write to both.
const LOG_PATIENCE: Duration = Duration::from_millis(100);

/// What there is at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Inspected {
    /// Nothing, or an empty file.
    Nothing,
    /// A store that this library can open.
    Ours,
}

fn not_ours(path: &Path, why: &str) -> SqliteFault {
    SqliteFault(StoreError::NotOurs { path: path.to_owned(), why: why.to_owned() })
}

/// Why the SQLite that runs here is not to be trusted with a store, if it is not.
pub(crate) fn too_old() -> Option<String> {
    (rusqlite::version_number() < LEAST_SQLITE)
        .then(|| format!("SQLite {} may lose commits, 3.51.3 or later is needed", rusqlite::version()))
}

/// Looks at what there is without touching it.
pub(super) fn inspect(path: &Path, read_only: bool) -> Result<Inspected> {
    if let Some(why) = too_old() {
        return Err(cannot_open(path, why));
    }
    keep_locks();
    let length = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(cannot_open(path, "it is a directory")),
        Ok(found) if !found.is_file() => return Err(cannot_open(path, "it is not a regular file")),
        Ok(found) => found.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(cannot_open(path, error)),
    };
    if length == 0 {
        return Ok(Inspected::Nothing);
    }
    if !read_only {
        admit_names(path)?;
    }
    let db = as_it_is(path)?;
    // A store whose last commits are still in its log may be shorter than its header says.
    db.execute_batch("PRAGMA writable_schema = ON")?;
    match pragma(&db, "application_id") {
        Ok(APPLICATION_ID) => {}
        Ok(0) => return Err(not_ours(path, "it is an SQLite database that does not say whose it is")),
        Ok(id) => {
            return Err(not_ours(path, &format!("it is an SQLite database of the application {id:#x}")));
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(not_ours(path, "it is not an SQLite database"));
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            return Err(cannot_open(path, error));
        }
        Err(error) => return Err(error.into()),
    }
    let format = pragma(&db, "user_version")?;
    if format > FORMAT {
        let needs = needed(&db, !read_only).unwrap_or(format);
        if needs > FORMAT {
            return Err(newer(path, needs));
        }
    }
    if !read_only
        && db.query_row("SELECT count(*) FROM meta WHERE name = 'backup'", [], |row| row.get(0)) == Ok(1)
    {
        return Err(SqliteFault(StoreError::IsBackup { path: path.to_owned() }));
    }
    // It is opened anew for each look at its log.
    drop(db);
    admit_log(path)?;
    Ok(Inspected::Ours)
}

/// Opens a file to read it as it is, without locks, log or journal.
///
/// Only through SQLite: closing the file by other means would let go of the locks this process has
/// on it.
pub(super) fn as_it_is(path: &Path) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri(path), flags).map_err(|error| cannot_open(path, error))
}

/// Refuses a file beside which there is a log that does not belong to it.
fn admit_log(path: &Path) -> Result<()> {
    let real = fs::canonicalize(path).map_err(|error| cannot_open(path, error))?;
    let deadline = Instant::now() + LOG_PATIENCE;
    while has_log(&real) && !log::belongs(&as_it_is(&real)?, &log_of(&real)) {
        if Instant::now() >= deadline {
            return Err(SqliteFault(StoreError::ForeignLog { path: log_of(&real) }));
        }
        // Somebody may just have written the one and begun the other anew.
        std::thread::sleep(pause());
    }
    Ok(())
}

/// How a file can be opened for reading, where perhaps nothing can be written beside it.
pub(super) fn for_reading(place: FilePlace, options: &FileOptions) -> Result<FilePlace> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_ONLY;
    let path = place.real().to_owned();
    let db = Connection::open_with_flags(&path, flags).map_err(|error| cannot_open(&path, error))?;
    db.busy_timeout(Duration::from_millis(options.wait_ms))?;
    match db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)) {
        Ok(_) => Ok(place),
        Err(error) if has_no_log(&error) && !has_log(&path) => place.keep_still(),
        Err(error) if has_no_log(&error) => Err(SqliteFault(StoreError::UnfinishedLog { path })),
        Err(error) => Err(error.into()),
    }
}

/// Has SQLite use locks that nobody else in the process can take away, where there are such.
fn keep_locks() {
    #[cfg(all(
        target_os = "linux",
        target_pointer_width = "64",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    super::locks::install();
}

pub(super) fn newer(path: &Path, needs: i32) -> SqliteFault {
    let known = |format: i32| u32::try_from(format).unwrap_or(0);
    SqliteFault(StoreError::Newer { path: path.to_owned(), needs: known(needs), knows: known(FORMAT) })
}

pub(super) fn pragma(db: &Connection, name: &str) -> rusqlite::Result<i32> {
    db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// The least format that a library must know for reading or writing this file.
fn needed(db: &Connection, write: bool) -> Result<i32> {
    said(db, if write { "min_writer" } else { "min_reader" })
}

/// Whether this library may go on, seen from within a transaction: a newer one may have come
/// meanwhile.
pub(super) fn admit(db: &Connection, path: &Path, write: bool) -> Result<()> {
    let format: i32 = db.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?;
    // What is derived would be a mixture that no rules lead to.
    let needs = if write { rules(db)? } else { RULES };
    if needs > RULES {
        return Err(SqliteFault(StoreError::NewerRules { path: path.to_owned(), needs, knows: RULES }));
    }
    if format == FORMAT {
        return Ok(());
    }
    if format < FORMAT {
        return Err(damaged(format!("its format {format} is unknown")));
    }
    match needed(db, write)? {
        needs if needs > FORMAT => return Err(newer(path, needs)),
        _ => {}
    }
    // Whoever raises the one raises the other.
    let meant: i32 = said(db, "format")?;
    if meant != format {
        return Err(damaged(format!("its header says format {format}, and its table `meta` says {meant}")));
    }
    Ok(())
}

/// The path as the URI of an immutable file.
pub(super) fn uri(path: &Path) -> String {
    let whole = path.as_os_str().as_encoded_bytes();
    // Windows says of a path that it is whole by what no URI can say.
    let text = whole.strip_prefix(br"\\?\").filter(|_| cfg!(windows)).unwrap_or(whole);
    let mut uri = String::from("file:");
    if cfg!(windows) {
        uri.push('/');
    }
    for &byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => uri.push(char::from(byte)),
            b'\\' | b':' if cfg!(windows) => uri.push(if byte == b':' { ':' } else { '/' }),
            _ => uri += &format!("%{byte:02x}"),
        }
    }
    uri + "?immutable=1"
}

/// Opens a connection and makes it careful; nothing is read or written yet.
pub(super) fn connect(place: &FilePlace, write: bool, options: &FileOptions) -> Result<Connection> {
    let path = place.path();
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= match write {
        true => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        false => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let db = match place.carried() {
        Some(uri) => in_memory(uri)?,
        None if place.is_still() => as_it_is(path)?,
        None => Connection::open_with_flags(path, flags).map_err(|error| match place.check() {
            Ok(()) => cannot_open(path, error),
            Err(moved) => moved,
        })?,
    };
    // The log is opened with the first read: by then it must be clear whose it is.
    place.check()?;
    db.set_prepared_statement_cache_capacity(64);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // None of our tables refers to another; one of somebody else's must not stand in their way.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    // Without it every held statement is planned anew for every key it is given.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The file is not mapped into memory: a disk error must be an error and not a signal.
    db.execute_batch(&format!(
        "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE_KIB};"
    ))?;
    if write {
        if db.is_readonly("main")? {
            return Err(cannot_open(path, "it is write-protected"));
        }
        let synchronous = match options.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        db.execute_batch(&format!(
            "PRAGMA secure_delete = ON; PRAGMA synchronous = {synchronous}; PRAGMA journal_size_limit = {LOG_BYTES};"
        ))?;
        // Writers wait by themselves, see `patiently`.
        db.busy_timeout(Duration::ZERO)?;
    } else {
        db.busy_timeout(Duration::from_millis(options.wait_ms))?;
    }
    Ok(db)
}

/// Whether an open file says that it is ours.
pub(super) fn is_ours(db: &Connection) -> rusqlite::Result<bool> {
    Ok(pragma(db, "application_id")? == APPLICATION_ID)
}

/// Makes a store of what is empty, unless somebody else was quicker.
///
/// This happens in one transaction before the file gets its log, so that a file that is not empty
/// always says whose it is on its first page.
pub(super) fn create(db: &Connection, path: &Path, deadline: Instant) -> Result<()> {
    patiently(deadline, || {
        let write = || -> std::result::Result<(), CreateError> {
            db.execute_batch("BEGIN IMMEDIATE")?;
            if pragma(db, "application_id")? == APPLICATION_ID {
                return Ok(db.execute_batch("ROLLBACK")?);
            }
            if db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? > 0 {
                return Err(CreateError::Foreign);
            }
            db.execute_batch(TABLES)?;
            db.execute_batch(&views())?;
            say_words(db)?;
            let mut set = db.prepare("INSERT INTO meta VALUES (?1, ?2)")?;
            set.execute(("epoch", Uuid::new_v4().to_string()))?;
            set.execute(("min_reader", MIN_READER))?;
            set.execute(("min_writer", MIN_WRITER))?;
            set.execute(("format", FORMAT))?;
            set.execute(("rules", RULES))?;
            set.execute(("log", log::first()))?;
            drop(set);
            db.execute_batch(
                "INSERT INTO meta VALUES ('created', strftime('%Y-%m-%dT%H:%M:%fZ')), ('wipe', 0);",
            )?;
            db.execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT"
            ))?;
            Ok(())
        };
        write().inspect_err(|_| roll_back(db))
    })
    .map_err(|error| match error {
        CreateError::Foreign => not_ours(path, "somebody else filled it meanwhile"),
        CreateError::Sqlite(error) => match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => cannot_open(path, error),
            _ => error.into(),
        },
    })
}

enum CreateError {
    Foreign,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for CreateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl MaybeBusy for CreateError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if is_busy(error))
    }
}

/// Gives the file its log.
pub(super) fn prepare(db: &Connection, path: &Path, deadline: Instant) -> Result<()> {
    patiently(deadline, || {
        let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if mode != "wal" {
            db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
        }
        Ok::<_, rusqlite::Error>(())
    })?;
    let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(cannot_open(path, "the file system cannot share memory between processes"));
    }
    Ok(())
}

/// A connection to what is in memory.
pub(super) fn in_memory(uri: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}

/// Writes everything in the log to its place and empties it; whether it could.
pub(super) fn checkpoint(db: &Connection) -> Result<bool> {
    match db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i32>(0)) {
        Ok(busy) => Ok(busy == 0),
        Err(error) if is_busy(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Ends a transaction, if there is one, without effect.
pub(super) fn roll_back(db: &Connection) {
    if !db.is_autocommit() {
        // Where even this fails, the transaction is gone already or the next use says what is
        // wrong.
        let _ = db.prepare_cached("ROLLBACK").and_then(|mut rollback| rollback.execute([]));
    }
}

/// Something that may have failed because somebody else was at it.
pub(super) trait MaybeBusy {
    /// Whether it did.
    fn is_busy(&self) -> bool;
}

impl MaybeBusy for rusqlite::Error {
    fn is_busy(&self) -> bool {
        is_busy(self)
    }
}

/// Tries until nobody else is at it, or the deadline has passed.
///
/// The pauses are short and differ at random. SQLite's own grow longer with each try, and starve
/// whoever waited longest.
pub(super) fn patiently<T, E: MaybeBusy>(
    deadline: Instant,
    mut attempt: impl FnMut() -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    loop {
        match attempt() {
            Err(error) if error.is_busy() && Instant::now() < deadline => std::thread::sleep(pause()),
            outcome => return outcome,
        }
    }
}

/// Until when to wait for others.
pub(super) fn deadline(options: &FileOptions) -> Instant {
    let now = Instant::now();
    // A wait beyond what the clock can tell is a wait of a year.
    let year = Duration::from_secs(365 * 86_400);
    now + Duration::from_millis(options.wait_ms).min(year)
}

fn pause() -> Duration {
    let random = RandomState::new().build_hasher().finish();
    Duration::from_micros(20 + random % 1980)
}
