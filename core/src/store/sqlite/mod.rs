//! The store in an SQLite file: always fresh, opened at once at any size, shared by threads and
//! processes.
//!
//! Readers never wait for the writer. Writers wait in a queue within the process and with short
//! random pauses between processes. The file stays readable with `sqlite3`: there are views
//! for people, also of what is packed.

mod carry;
mod columns;
mod copy;
mod fault;
mod file;
mod hosted;
#[cfg(feature = "testkit")]
pub(crate) mod inside;
#[cfg(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod locks;
mod log;
mod make;
mod mend;
mod meta;
mod named;
mod options;
mod pack;
mod place;
mod read;
mod restore;
mod retold;
mod schema;
mod words;
mod write;

use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use uuid::Uuid;

pub(crate) use self::file::{LEAST_SQLITE, too_old};
pub(crate) use self::hosted::{ConnectionState, Hosted, Revision};
pub use self::options::{FileOptions, Synchronous};
pub(crate) use self::restore::{ANOTHER, Restoring};

use self::carry::up_to_date;
use self::copy::{SqliteDraft, taken, whole};
use self::fault::{Result, SqliteFault, cannot_open, damaged, surely_undone};
use self::file::{
    Inspected, admit, checkpoint, connect, create, deadline, for_reading, inspect, is_ours, patiently,
    pragma, prepare, roll_back,
};
use self::log::{SET_MARK, mark};
use self::make::{admit_schema, check_integrity, foreign};
use self::mend::mend;
use self::meta::said;
use self::place::{FilePlace, has_log, make};
use self::read::{Conn, signed};
use self::retold::Retold;
use self::schema::FORMAT;
use self::write::{Writer, append};
use super::draft::step;
use super::queue::{Lent, Queue};
use super::{
    FilePort, Mended, NewRecord, Port, Reading, Retelling, StoreError, StoredReceipt, StoredRecord, Tell,
    Writing,
};
use crate::base::ids::{RequestId, TenantId, UserId};
use crate::base::text::{Email, ExternalId, System};
use crate::journal::Head;
use crate::model::{Personal, Subject};
use crate::view::{Any, Found, Kind, Span, View, ViewError};

/// How many connections for reading are kept for the next who reads.
const IDLE_READERS: usize = 8;

/// The connections of one store: those that read, and the one that writes.
type Connections = (Vec<Conn>, Option<Queue<Writer>>);

/// What a forked child has of its parent's connections once it has closed the store.
static INHERITED: Mutex<Vec<Connections>> = Mutex::new(Vec::new());

/// A store in an SQLite file.
pub struct SqliteStore {
    place: FilePlace,
    options: FileOptions,
    epoch: Uuid,
    pid: u32,
    idle: Mutex<Vec<Conn>>,
    // Absent where nothing may be written.
    writer: Option<Queue<Writer>>,
    /// Whether the log still holds something that was erased.
    to_wipe: AtomicBool,
    /// Keeps what is read in memory, where the file is of an older format.
    _carried: Option<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes one.
    ///
    /// # Errors
    /// `CannotOpen`, `NotOurs`, `Newer` and `Damaged` say what is wrong with the file, which is
    /// then left as it is.
    pub fn open(path: impl AsRef<Path>, options: FileOptions) -> std::result::Result<Self, StoreError> {
        Ok(Self::open_file(path.as_ref(), options)?)
    }

    fn open_file(path: &Path, options: FileOptions) -> Result<Self> {
        let path = std::path::absolute(path).map_err(|error| cannot_open(path, error))?;
        let deadline = deadline(&options);
        let found = inspect(&path, options.read_only)?;
        if found == Inspected::Nothing && (options.read_only || !options.create) {
            return Err(cannot_open(&path, "there is no store, and none may be made"));
        }
        if options.read_only {
            let mut place = for_reading(FilePlace::of(&path)?, &options)?;
            let mut carried = None;
            if pragma(&connect(&place, false, &options)?, "user_version")? < FORMAT {
                let (uri, kept) = carry::carried(&place, &options)?;
                (place, carried) = (place.read_at(uri), Some(Mutex::new(kept)));
            }
            let conn = Conn::new(connect(&place, false, &options)?);
            let (epoch, _) = identity(&conn, &path, false)?;
            let place = place.with_log();
            place.check()?;
            let idle = Mutex::new(vec![conn]);
            return Ok(Self {
                place,
                options,
                epoch,
                pid: std::process::id(),
                idle,
                writer: None,
                to_wipe: AtomicBool::default(),
                _carried: carried,
            });
        }
        if found == Inspected::Nothing {
            make(&path)?;
        }
        let place = FilePlace::of(&path)?;
        let db = connect(&place, true, &options)?;
        // A store whose making was cut short is empty again by now.
        if found == Inspected::Nothing || !patiently(deadline, || is_ours(&db))? {
            create(&db, &path, deadline)?;
        }
        prepare(&db, &path, deadline)?;
        let conn = Conn::new(db);
        up_to_date(&conn, deadline)?;
        let (epoch, to_wipe) = identity(&conn, &path, true)?;
        let place = place.with_log();
        place.check()?;
        if let Some(bytes) = options.max_bytes {
            let page: i64 = conn.db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
            conn.db.query_row(&format!("PRAGMA max_page_count = {}", pages.max(1)), [], |_| Ok(()))?;
        }
        let mut writer = Writer { conn, to_wipe, wiped: None };
        // Left over from a crash, or blocked by a long reading: the next write or the close tries
        // again.
        drop(writer.wipe());
        let to_wipe = AtomicBool::new(writer.to_wipe.is_some());
        let (idle, writer) = (Mutex::default(), Some(Queue::new(writer)));
        Ok(Self { place, options, epoch, pid: std::process::id(), idle, writer, to_wipe, _carried: None })
    }

    /// Reads the whole file and reports damage to its structure. It takes as long as the file is
    /// large.
    ///
    /// # Errors
    /// `Damaged` when something does not fit together; others when the file cannot be read.
    pub fn check_integrity(&self) -> std::result::Result<(), StoreError> {
        Ok(check_integrity(&self.lease()?.db)?)
    }

    /// A process that was forked has the connections of its parent, and none of their locks.
    fn check_fork(&self) -> Result<()> {
        if self.is_forked() { Err(SqliteFault(StoreError::Forked)) } else { Ok(()) }
    }

    fn is_forked(&self) -> bool {
        std::process::id() != self.pid
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Conn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease(&self) -> Result<Lease<'_>> {
        self.check_fork()?;
        let held = self.idle().pop();
        let is_new = held.is_none();
        let conn = match held {
            Some(conn) => {
                self.place.check()?;
                conn
            }
            None => Conn::new(connect(&self.place, false, &self.options)?),
        };
        let lease = Lease { store: self, conn: Some(conn) };
        lease.begin("BEGIN")?;
        // The first read fixes what the transaction sees.
        admit(&lease.db, self.place.path(), false).map_err(|fault| self.waited(fault))?;
        if is_new {
            self.place.check()?;
        }
        Ok(lease)
    }

    fn right(&self) -> Result<WriteLease<'_>> {
        self.check_fork()?;
        let deadline = deadline(&self.options);
        let busy = || self.waited(SqliteFault(StoreError::Busy { waited_ms: 0 }));
        let queue = self.writer.as_ref().ok_or(SqliteFault(StoreError::ReadOnly))?;
        let writer = queue.take(Duration::from_millis(self.options.wait_ms)).ok_or_else(busy)?;
        patiently(deadline, || writer.conn.begin("BEGIN IMMEDIATE"))
            .map_err(|error| self.waited(error.into()))?;
        let right = WriteLease { store: self, writer };
        self.place.check()?;
        admit(&right.db, self.place.path(), true)?;
        Ok(right)
    }

    /// The one that writes, for whoever needs it outside of a transaction.
    fn writer(&self) -> Result<Lent<'_, Writer>> {
        self.check_fork()?;
        let queue = self.writer.as_ref().ok_or(SqliteFault(StoreError::ReadOnly))?;
        let patience = Duration::from_millis(self.options.wait_ms);
        let busy = || self.waited(SqliteFault(StoreError::Busy { waited_ms: 0 }));
        let writer = queue.take(patience).ok_or_else(busy)?;
        self.place.check()?;
        Ok(writer)
    }

    /// Wipes what a reading kept from being wiped, if nobody is writing: whoever is does it then.
    fn wipe_now(&self) {
        if self.to_wipe.load(Ordering::Relaxed)
            && !self.is_forked()
            && self.place.check().is_ok()
            && let Some(mut writer) = self.writer.as_ref().and_then(|queue| queue.take(Duration::ZERO))
        {
            // Where somebody is still reading, whoever is last tries again.
            drop(writer.wipe());
            self.to_wipe.store(writer.to_wipe.is_some(), Ordering::Relaxed);
        }
    }

    /// Copies what there is now to a path where nothing is.
    fn copy_to(&self, to: &Path) -> Result<Head> {
        let to = std::path::absolute(to).map_err(|error| cannot_open(to, error))?;
        if std::fs::symlink_metadata(&to).is_ok() {
            return Err(taken(&to, "something is there"));
        }
        self.check_fork()?;
        self.place.check()?;
        let draft = SqliteDraft::begin(&to)?;
        let db = connect(&self.place.on_disk(), false, &self.options)?;
        draft.fill(&db, deadline(&self.options), |db| {
            // It has no log from which anything had to be wiped.
            db.execute_batch(
                "UPDATE meta SET value = 0 WHERE name = 'wipe'; \
                 INSERT OR REPLACE INTO meta VALUES ('backup', strftime('%Y-%m-%dT%H:%M:%fZ'))",
            )
        })?;
        self.place.check()?;
        let copy = Self::open_file(draft.path(), FileOptions::default().read_only(true))?;
        let lease = copy.lease()?;
        let head = whole(&lease)?;
        drop(lease);
        drop(copy);
        draft.publish(false)?;
        Ok(head)
    }

    /// The last record whose erasure still has to be wiped from the log, once that was tried.
    fn unwiped(&self) -> Result<Option<u64>> {
        if self.writer.is_none() {
            let pending: i64 = said(&self.lease()?.db, "wipe")?;
            return Ok(u64::try_from(pending).ok().filter(|seq| *seq > 0 && has_log(self.place.real())));
        }
        let mut writer = self.writer()?;
        let pending: i64 = said(&writer.conn.db, "wipe")?;
        if pending > 0 && writer.wiped != Some(pending) {
            // Another process may not have come to it.
            writer.to_wipe = writer.to_wipe.max(Some(pending));
        }
        writer.wipe_patiently();
        self.to_wipe.store(writer.to_wipe.is_some(), Ordering::Relaxed);
        Ok(writer.to_wipe.and_then(|seq| u64::try_from(seq).ok()))
    }

    /// Writes everything anew without what is free in between; how many bytes that gave back.
    fn shrink(&self) -> Result<u64> {
        let writer = self.writer()?;
        let db = &writer.conn.db;
        admit(db, self.place.path(), true)?;
        checkpoint(db)?;
        let pages = || db.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0));
        let size: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let before = pages()?;
        patiently(deadline(&self.options), || db.execute_batch("VACUUM"))
            .map_err(|error| self.waited(error.into()))?;
        // A reading that goes on keeps the log, and the file as large as it was, until later.
        checkpoint(db)?;
        Ok(u64::try_from((before - pages()?) * size).unwrap_or(0))
    }

    /// The fault, with how long was waited if that was it.
    fn waited(&self, fault: SqliteFault) -> SqliteFault {
        match fault.0 {
            StoreError::Busy { .. } => SqliteFault(StoreError::Busy { waited_ms: self.options.wait_ms }),
            other => SqliteFault(other),
        }
    }
}

/// Which store this is, and the record whose erasure has not been wiped from the log.
fn identity(conn: &Conn, path: &Path, write: bool) -> Result<(Uuid, Option<i64>)> {
    conn.begin("BEGIN")?;
    let read = || {
        admit(&conn.db, path, write)?;
        if write {
            admit_schema(&conn.db, "main")?;
        }
        let epoch: String = said(&conn.db, "epoch")?;
        let epoch = Uuid::parse_str(&epoch).map_err(|_| damaged("its epoch is not a UUID"))?;
        let wipe: i64 = said(&conn.db, "wipe")?;
        Ok((epoch, Some(wipe).filter(|seq| *seq > 0)))
    };
    let identity = read();
    roll_back(&conn.db);
    identity
}

/// Has what is decided on the state that the host's transaction sees written in that transaction.
///
/// # Errors
/// As for [`Hosted::write`]; what deciding fails with.
pub(crate) fn write_within<T, E: From<StoreError>>(
    hosted: &mut Hosted,
    (epoch, file): (Uuid, &dyn FilePort),
    decide: impl FnOnce(&dyn Reading) -> std::result::Result<(T, Vec<NewRecord>), E>,
) -> std::result::Result<T, E> {
    hosted.write(
        epoch,
        |path| file.marked(path),
        |conn| {
            let (answer, records) = decide(&Txn(conn))?;
            let erased = append(conn, &records).map_err(|fault| E::from(fault.0))?;
            if let Some(last) = records.last().filter(|_| erased) {
                let wipe = "UPDATE meta SET value = ?1 WHERE name = 'wipe'";
                conn.execute(wipe, [signed(last.record.seq)]).map_err(|fault| E::from(fault.0))?;
            }
            Ok(answer)
        },
    )
}

/// What a commit of the host's has failed with.
pub(crate) fn not_committed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        // Of the host's own rows: nothing is wrong with the store.
        Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::Io(error.to_string()),
        _ if surely_undone(&error) => SqliteFault::from(error).0,
        _ => StoreError::OutcomeUnknown { why: error.to_string() },
    }
}

impl Port for SqliteStore {
    fn epoch(&self) -> Uuid {
        self.epoch
    }

    fn read(&self) -> std::result::Result<Box<dyn Reading + '_>, StoreError> {
        Ok(Box::new(Txn(self.lease()?)))
    }

    fn write(&self) -> std::result::Result<Box<dyn Writing + '_>, StoreError> {
        Ok(Box::new(Txn(self.right()?)))
    }

    fn file(&self) -> Option<&dyn FilePort> {
        Some(self)
    }
}

impl FilePort for SqliteStore {
    fn backup(&self, to: &Path) -> std::result::Result<Head, StoreError> {
        Ok(self.copy_to(to)?)
    }

    fn compact(&self) -> std::result::Result<u64, StoreError> {
        Ok(self.shrink()?)
    }

    fn marked(&self, path: &Path) -> std::result::Result<String, StoreError> {
        self.check_fork()?;
        if self.writer.is_none() {
            return Err(StoreError::ReadOnly);
        }
        self.place.check()?;
        if !FilePlace::of(path)?.is_same(&self.place) {
            let why = "the engine's store is in another file".to_owned();
            return Err(StoreError::NotOurs { path: path.to_owned(), why });
        }
        Ok(said(&self.lease()?.db, "log")?)
    }

    fn erasure_pending(&self) -> std::result::Result<Option<u64>, StoreError> {
        Ok(self.unwiped()?)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let idle = std::mem::take(&mut *self.idle());
        let mut writer = self.writer.take();
        if self.is_forked() {
            // Closing them here would meddle with the parent's file. Kept, so that a leak checker
            // finds them cared for.
            INHERITED.lock().unwrap_or_else(PoisonError::into_inner).push((idle, writer));
            return;
        }
        drop(idle);
        if let Some(writer) = writer.as_mut().and_then(Queue::get_mut) {
            // Where somebody is still reading, the file remembers that there is something to wipe.
            drop(writer.wipe());
        }
    }
}

/// A connection lent for one read transaction.
struct Lease<'s> {
    store: &'s SqliteStore,
    // Invariant: there until it is dropped.
    conn: Option<Conn>,
}

impl Deref for Lease<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("the connection is there until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        // In a forked child this lets go of locks that only the parent has, which is nothing.
        if conn.run("COMMIT").is_ok() {
            let mut idle = self.store.idle();
            if idle.len() < IDLE_READERS {
                idle.push(conn);
            }
        }
        self.store.wipe_now();
    }
}

/// The right to write, within a write transaction until it is committed or dropped.
struct WriteLease<'s> {
    store: &'s SqliteStore,
    writer: Lent<'s, Writer>,
}

impl Deref for WriteLease<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.writer.conn
    }
}

impl WriteLease<'_> {
    /// Puts right what is derived, in this one transaction.
    fn rebuild(&self, tell: &mut Tell<'_>) -> Result<Mended> {
        self.store.check_fork()?;
        let conn = &self.writer.conn;
        if check_integrity(&conn.db).is_err() {
            // An index of SQLite's own is derived, too.
            conn.db.execute_batch("REINDEX")?;
            check_integrity(&conn.db)?;
        }
        step();
        // Nobody else writes meanwhile: this sees what there is before anything is put right.
        let before = self.store.lease()?;
        let mut retold = Retold::beside(&before)?;
        tell(&Txn(&*before), &mut retold)?;
        step();
        let mended = mend(conn, &retold)?;
        drop(retold);
        drop(before);
        self.finish(|_| Ok(false))?;
        step();
        // What they remember may have been put right.
        conn.forget_policies();
        self.store.idle().clear();
        Ok(mended)
    }

    /// Commits. An error of a commit does not mean that it did not happen, so `landed` is asked on
    /// a fresh connection.
    fn finish(&self, landed: impl FnOnce(&Conn) -> Result<bool>) -> Result<()> {
        self.writer.conn.execute(SET_MARK, [mark()])?;
        let Err(error) = self.writer.conn.run("COMMIT") else {
            // What went into a file that nobody finds any more is not there.
            return self
                .store
                .place
                .check()
                .map_err(|moved| SqliteFault(StoreError::OutcomeUnknown { why: moved.0.to_string() }));
        };
        roll_back(&self.writer.conn.db);
        let fresh = connect(&self.store.place, false, &self.store.options).map(Conn::new);
        match fresh.and_then(|conn| landed(&conn)) {
            Ok(true) => Ok(()),
            Ok(false) if surely_undone(&error) => Err(error.into()),
            _ => Err(SqliteFault(StoreError::OutcomeUnknown { why: error.to_string() })),
        }
    }
}

impl Drop for WriteLease<'_> {
    fn drop(&mut self) {
        if !self.store.is_forked() {
            roll_back(&self.writer.conn.db);
        }
    }
}

/// A transaction on a connection that somebody holds.
struct Txn<C>(C);

impl<C: Deref<Target = Conn>> View for Txn<C> {
    fn load(&self, kind: Kind, id: Uuid) -> std::result::Result<Option<Any>, ViewError> {
        View::load(&*self.0, kind, id)
    }

    fn scan(&self, span: &Span, limit: usize) -> std::result::Result<Vec<Found>, ViewError> {
        View::scan(&*self.0, span, limit)
    }

    fn personal(&self, subject: Subject) -> std::result::Result<Option<Personal>, ViewError> {
        View::personal(&*self.0, subject)
    }

    fn addressed(&self, email: &Email) -> std::result::Result<Vec<UserId>, ViewError> {
        View::addressed(&*self.0, email)
    }

    fn known_as(
        &self,
        keeper: TenantId,
        system: &System,
        id: &ExternalId,
    ) -> std::result::Result<Vec<UserId>, ViewError> {
        View::known_as(&*self.0, keeper, system, id)
    }
}

impl<C: Deref<Target = Conn>> Reading for Txn<C> {
    fn view(&self) -> &dyn View {
        &*self.0
    }

    fn head(&self) -> std::result::Result<Head, StoreError> {
        Ok(self.0.head()?)
    }

    fn count(&self) -> std::result::Result<u64, StoreError> {
        Ok(self.0.entities()?)
    }

    fn as_of(&self, seq: u64) -> std::result::Result<Box<dyn View + '_>, StoreError> {
        Ok(Box::new(self.0.as_of(seq)?))
    }

    fn records_after(&self, seq: u64, limit: usize) -> std::result::Result<Vec<StoredRecord>, StoreError> {
        Ok(self.0.records_after(seq, limit)?)
    }

    fn records_about(
        &self,
        about: Subject,
        seq: u64,
        limit: usize,
    ) -> std::result::Result<Vec<StoredRecord>, StoreError> {
        Ok(self.0.records_about(about, seq, limit)?)
    }

    fn receipt(&self, request: RequestId) -> std::result::Result<Option<StoredReceipt>, StoreError> {
        Ok(self.0.receipt(request)?)
    }

    fn cursor(&self, consumer: &str) -> std::result::Result<u64, StoreError> {
        Ok(self.0.cursor(consumer)?)
    }

    fn rules(&self) -> std::result::Result<u32, StoreError> {
        Ok(self.0.rules()?)
    }

    fn rebuilds(&self) -> std::result::Result<u64, StoreError> {
        Ok(self.0.rebuilds()?)
    }

    fn told(&self) -> std::result::Result<u64, StoreError> {
        Ok(self.0.told()?)
    }

    fn foreign(&self) -> std::result::Result<Option<String>, StoreError> {
        Ok(foreign(&self.0.db)?)
    }

    fn retell(&self) -> std::result::Result<Box<dyn Retelling + '_>, StoreError> {
        Ok(Box::new(Retold::beside(&self.0)?))
    }
}

impl Writing for Txn<WriteLease<'_>> {
    fn commit(mut self: Box<Self>, records: Vec<NewRecord>) -> std::result::Result<(), StoreError> {
        self.0.store.check_fork()?;
        let Some(last) = records.last().map(|new| new.record.clone()) else { return Ok(()) };
        let erased = append(&self.0.writer.conn, &records)?.then(|| signed(last.seq));
        if let Some(wiped) = self.0.writer.wiped {
            let note = "UPDATE meta SET value = 0 WHERE name = 'wipe' AND value <= ?1";
            self.0.writer.conn.execute(note, [wiped])?;
        }
        if let Some(seq) = erased {
            self.0.writer.conn.execute("UPDATE meta SET value = ?1 WHERE name = 'wipe'", [seq])?;
        }
        self.0.finish(|conn| conn.holds(&last))?;
        let writer = &mut *self.0.writer;
        writer.wiped = None;
        writer.to_wipe = erased.or(writer.to_wipe);
        match erased {
            Some(_) => writer.wipe_patiently(),
            // It was committed; whether the log could be emptied is another matter.
            None => drop(writer.wipe()),
        }
        self.0.store.to_wipe.store(writer.to_wipe.is_some(), Ordering::Relaxed);
        Ok(())
    }

    fn rebuild(self: Box<Self>, tell: &mut Tell<'_>) -> std::result::Result<Mended, StoreError> {
        Ok(self.0.rebuild(tell)?)
    }

    fn acknowledge(self: Box<Self>, consumer: &str, seq: u64) -> std::result::Result<(), StoreError> {
        self.0.store.check_fork()?;
        let conn = &self.0.writer.conn;
        let seq = seq.min(conn.head()?.seq);
        conn.execute(
            "INSERT INTO cursor VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)",
            (consumer, signed(seq)),
        )?;
        Ok(self.0.finish(|conn| Ok(conn.cursor(consumer)? >= seq))?)
    }
}
