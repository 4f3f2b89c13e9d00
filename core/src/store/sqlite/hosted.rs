//! A store's file on a connection of the host's own: what the host's transaction sees of it is
//! read there, and what is decided within it is written there. Never begins a transaction or ends
//! one, and reads without setting anything.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, TransactionState};
use uuid::Uuid;

use super::fault::{Result, SqliteFault, cannot_open, damaged, is_busy};
use super::file::newer;
use super::log::{SET_MARK, mark};
use super::make::admit_schema;
use super::named::Schema;
use super::read::{Conn, hash, signed};
use super::schema::{APPLICATION_ID, FORMAT};
use crate::journal::{Hash, Head, RULES};
use crate::store::StoreError;
use crate::view::View;

/// What a host's transaction sees of a store: a state that nothing else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Which store it is.
    pub(crate) epoch: Uuid,
    /// Where its journal ends.
    pub(crate) head: Head,
    /// How often what is derived had been put right.
    pub(crate) rebuilds: u64,
}

/// How a host's connection stands, as it can be told without reading: while it stands so within
/// one statement of the host's, that statement sees one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionState {
    changes: u64,
    autocommit: bool,
}

/// A store on a host's connection.
pub(crate) struct Hosted {
    /// The connection, for as long as it has no store.
    vacant: Option<Connection>,
    conn: Option<Conn>,
    /// What the policies are of that are remembered.
    policies: Option<(Uuid, u64, Hash)>,
}

/// Holds what is read to one state: as long as it is stepped, so is the transaction that it is in.
const ANCHOR: &str = "SELECT seq FROM record";

const SAID: &str = "SELECT name, value FROM meta \
     WHERE name IN ('epoch', 'rebuilds', 'format', 'min_reader', 'min_writer', 'rules')";

/// Changes nothing, and has nobody else write until the transaction ends.
const LOCK: &str = "UPDATE meta SET value = value WHERE name = 'log'";

const MARKED: &str = "SELECT value FROM meta WHERE name = 'log'";

/// The least of SQLite's levels at which a commit outlives a power cut.
const FULL: i32 = 2;

const RECORD_HASH: &str = "SELECT hash FROM record WHERE seq = ?1";

/// What a file says of itself, as far as a reader wants to know.
#[derive(Default)]
struct FileSays {
    epoch: Option<Uuid>,
    rebuilds: u64,
    format: Option<i64>,
    min_reader: Option<i64>,
    min_writer: Option<i64>,
    rules: i64,
}

impl Hosted {
    /// A store on this connection, which is looked for when it is read.
    pub(crate) fn on(db: Connection) -> Self {
        Self { vacant: Some(db), conn: None, policies: None }
    }

    /// How the connection stands, where it is in a transaction that has read the store already. One
    /// that writes may be rolled back to a savepoint at any time, and is not known by that.
    pub(crate) fn standing(&self) -> Option<ConnectionState> {
        let conn = self.conn.as_ref()?;
        match conn.db.transaction_state(Some(conn.schema()?.name())) {
            Ok(TransactionState::Read) => Some(ConnectionState {
                changes: conn.db.total_changes(),
                autocommit: conn.db.is_autocommit(),
            }),
            _ => None,
        }
    }

    /// Reads what the host's transaction sees, all of it at one revision.
    ///
    /// # Errors
    /// `NotOurs` where no file of the connection is a store, or several are; `Newer`, `Damaged`;
    /// what asking fails with.
    pub(crate) fn read<T, E: From<StoreError>>(
        &mut self,
        ask: impl FnOnce(&dyn View, &Revision) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.find().map_err(failed)?;
        let Self { conn: Some(conn), policies, .. } = self else {
            return Err(StoreError::NotReady { why: "it is gone".to_owned() }.into());
        };
        conn.forget_seen();
        let mut anchor = conn.prepare(ANCHOR).map_err(failed)?;
        let held = anchor.query([]).and_then(|mut rows| rows.next().map(drop).map(|()| rows));
        let held = held.map_err(failed)?;
        let (revision, _) = look(conn, policies).map_err(failed)?;
        let answer = ask(conn, &revision);
        drop(held);
        conn.forget_seen();
        answer
    }

    /// The file that the store is in.
    ///
    /// # Errors
    /// `NotOurs` where no file of the connection is a store, or several are.
    pub(crate) fn file(&mut self) -> std::result::Result<PathBuf, StoreError> {
        self.find().map_err(failed::<StoreError>)?;
        Ok(self.conn.as_ref().map(file_of).unwrap_or_default())
    }

    /// Has something written within the host's transaction, all of it or nothing. `marked` says
    /// what the last commit has left in the store's file, if that is this one.
    ///
    /// # Errors
    /// `NotReady` where there is no transaction, its commit might not outlive a power cut, or a
    /// statement that writes is under way; `NotOurs` where it is not on the store of this epoch;
    /// `Busy`, also where the transaction has read what others have changed since; what writing
    /// fails with.
    pub(super) fn write<T, E: From<StoreError>>(
        &mut self,
        epoch: Uuid,
        marked: impl Fn(&Path) -> std::result::Result<String, StoreError>,
        write: impl FnOnce(&Conn) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if let Some(db) = self.conn.as_ref().map(|conn| &conn.db).or(self.vacant.as_ref()) {
            lock_unread(db, |path| marked(path).is_ok()).map_err(failed)?;
        }
        self.find().map_err(failed)?;
        let Self { conn: Some(conn), policies, .. } = self else {
            return Err(StoreError::Io("its connection is gone".to_owned()).into());
        };
        prepare(conn).map_err(failed)?;
        conn.run("SAVEPOINT tenantry").map_err(|_| {
            // Nothing else keeps one from being opened.
            failed(StoreError::NotReady { why: "a statement that writes is under way on it".to_owned() })
        })?;
        let begun = begin(conn, policies, epoch, marked).map_err(failed);
        let written = begun.and_then(|()| write(conn));
        conn.forget_seen();
        // Where SQLite has rolled everything back, neither is there any more.
        let end = if written.is_ok() { "RELEASE tenantry" } else { "ROLLBACK TO tenantry; RELEASE tenantry" };
        match (written, conn.db.execute_batch(end)) {
            (Ok(_), Err(error)) => Err(failed(error)),
            (written, _) => written,
        }
    }

    /// Makes sure that the store is found, if it is there.
    fn find(&mut self) -> Result<()> {
        if let Some(conn) = &self.conn
            && conn.schema().is_some_and(|schema| is_ours(&conn.db, schema))
        {
            return Ok(());
        }
        let db = self.conn.take().map(|conn| conn.db).or(self.vacant.take());
        let Some(db) = db else {
            return Err(SqliteFault(StoreError::NotReady { why: "it is gone".to_owned() }));
        };
        db.flush_prepared_statement_cache();
        self.policies = None;
        match ours(&db).and_then(|schema| agreeing(&db, schema)) {
            Ok(schema) => {
                db.set_prepared_statement_cache_capacity(64);
                self.conn = Some(Conn::in_schema(db, schema));
                Ok(())
            }
            Err(fault) => {
                self.vacant = Some(db);
                Err(fault)
            }
        }
    }
}

/// What went wrong, as the caller has it.
fn failed<E: From<StoreError>>(why: impl Into<SqliteFault>) -> E {
    E::from(why.into().0)
}

/// Which of a connection's files is a store.
fn ours(db: &Connection) -> Result<Schema> {
    let mut all = db.prepare("SELECT name FROM pragma_database_list WHERE name <> 'temp'")?;
    let names = all.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let mut found = names.into_iter().map(Schema::new).filter(|schema| is_ours(db, schema));
    let path = Path::new(db.path().unwrap_or_default());
    let not_ours =
        |why: &str| SqliteFault(StoreError::NotOurs { path: path.to_owned(), why: why.to_owned() });
    match (found.next(), found.next()) {
        (Some(schema), None) => Ok(schema),
        (None, _) => Err(not_ours("no file of this connection is one, nor is one attached")),
        (Some(_), Some(_)) => Err(not_ours("several files of this connection are stores")),
    }
}

/// A store's file whose header and table say the same of it.
fn agreeing(db: &Connection, schema: Schema) -> Result<Schema> {
    let header = format!("PRAGMA {}.user_version", schema.quoted());
    let header: i64 = db.query_row(&header, [], |row| row.get(0))?;
    let meta = format!("SELECT value FROM {}.meta WHERE name = 'format'", schema.quoted());
    let meta: i64 = db.query_row(&meta, [], |row| row.get(0))?;
    if header != meta {
        return Err(damaged(format!("its header says format {header}, and its table `meta` {meta}")));
    }
    Ok(schema)
}

fn is_ours(db: &Connection, schema: &Schema) -> bool {
    let sql = format!("PRAGMA {}.application_id", schema.quoted());
    let id = db.prepare_cached(&sql).and_then(|mut said| said.query_row([], |row| row.get::<_, i32>(0)));
    matches!(id, Ok(APPLICATION_ID))
}

/// Has nobody else write to a store of which the transaction has read nothing yet. So it waits for
/// whoever writes, as long as the connection waits for others, and then sees what they have
/// written: once it had read anything, it could do neither. What else is the matter with the
/// connection is said by whoever looks at it then.
fn lock_unread(db: &Connection, is_the_store: impl Fn(&Path) -> bool) -> Result<()> {
    if db.is_autocommit() {
        return Ok(());
    }
    // As a table, it would be read of in a transaction, and that of `main` would have begun.
    let mut all = db.prepare("PRAGMA database_list")?;
    let files = all.query_map([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    let files = files.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    let mut found = files.into_iter().filter(|(_, file)| is_the_store(Path::new(file)));
    let (Some((name, _)), None) = (found.next(), found.next()) else { return Ok(()) };
    if db.transaction_state(Some(name.as_str()))? != TransactionState::None {
        return Ok(());
    }
    match db.execute(&Schema::new(name).named(LOCK), []) {
        Err(error) if is_busy(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Makes a connection careful with what is written, as our own are.
fn prepare(conn: &Conn) -> Result<()> {
    let not_ready = |why: &str| SqliteFault(StoreError::NotReady { why: why.to_owned() });
    let schema = conn.schema().ok_or_else(|| not_ready("it is gone"))?.quoted();
    if conn.db.is_autocommit() {
        return Err(not_ready("there is no transaction on it"));
    }
    let sql = format!("PRAGMA {schema}.synchronous");
    if conn.db.query_row(&sql, [], |row| row.get::<_, i32>(0))? < FULL {
        return Err(not_ready("by its `synchronous`, what it commits may be lost in a power cut"));
    }
    // What is erased is not to stay in free pages.
    let sql = format!("PRAGMA {schema}.secure_delete = ON");
    Ok(conn.db.query_row(&sql, [], |_| Ok(()))?)
}

/// Has nobody else write from here on, and makes sure that this library may, to this file.
fn begin(
    conn: &Conn,
    policies: &mut Option<(Uuid, u64, Hash)>,
    epoch: Uuid,
    marked: impl FnOnce(&Path) -> std::result::Result<String, StoreError>,
) -> Result<()> {
    conn.execute(LOCK, [])?;
    conn.forget_seen();
    // A connection may have triggers of its own, and others may have made something since.
    admit_schema(&conn.db, &conn.schema().map_or_else(String::new, Schema::quoted))?;
    let (revision, said) = look(conn, policies)?;
    let path = &file_of(conn);
    if revision.epoch != epoch {
        let why = "it is another store than the engine's".to_owned();
        return Err(SqliteFault(StoreError::NotOurs { path: path.to_owned(), why }));
    }
    if said.min_writer.is_none_or(|needs| needs > i64::from(FORMAT)) {
        return Err(newer(path, said.min_writer.and_then(|it| i32::try_from(it).ok()).unwrap_or(i32::MAX)));
    }
    if said.rules > i64::from(RULES) {
        let needs = u32::try_from(said.rules).unwrap_or(u32::MAX);
        return Err(SqliteFault(StoreError::NewerRules { path: path.to_owned(), needs, knows: RULES }));
    }
    // One mark for each commit: that of this one may be there already.
    let committed = marked(path).map_err(SqliteFault)?;
    let here: String = conn.prepare(MARKED)?.query_row([], |row| row.get(0))?;
    if here == committed {
        conn.execute(SET_MARK, [mark()])?;
    }
    Ok(())
}

/// What the connection sees, within a transaction that is held, and what its file says of itself;
/// what it remembers of another state is forgotten.
fn look(conn: &Conn, policies: &mut Option<(Uuid, u64, Hash)>) -> Result<(Revision, FileSays)> {
    let said = said(conn)?;
    admit(conn, &said)?;
    let epoch = said.epoch.ok_or_else(|| damaged("its table `meta` says nothing of `epoch`"))?;
    let seen = conn.see()?;
    let policy = match seen.and_then(|seen| seen.policy) {
        Some(seq) => {
            let mut of = conn.prepare(RECORD_HASH)?;
            let mut rows = of.query([seq])?;
            let held = rows.next()?.map(|row| hash(row, 0)).transpose()?;
            held.ok_or_else(|| damaged("the record of its policy is missing"))?
        }
        None => Hash::GENESIS,
    };
    // What a record says is told by its hash, with all before it; its number may come to be of
    // another, where a transaction is rolled back or another file attached.
    let of = Some((epoch, said.rebuilds, policy));
    if *policies != of {
        conn.forget_policies();
        *policies = of;
    }
    let head = seen.map_or(Head::EMPTY, |seen| seen.head);
    Ok((Revision { epoch, head, rebuilds: said.rebuilds }, said))
}

fn said(conn: &Conn) -> Result<FileSays> {
    let mut get = conn.prepare(SAID)?;
    let mut rows = get.query([])?;
    let mut said = FileSays::default();
    while let Some(row) = rows.next()? {
        match (row.get::<_, String>(0)?.as_str(), row.get(1)?) {
            ("epoch", Value::Text(text)) => said.epoch = Uuid::parse_str(&text).ok(),
            ("rebuilds", Value::Integer(number)) => said.rebuilds = number.unsigned_abs(),
            ("format", Value::Integer(number)) => said.format = Some(number),
            ("min_reader", Value::Integer(number)) => said.min_reader = Some(number),
            ("min_writer", Value::Integer(number)) => said.min_writer = Some(number),
            ("rules", Value::Integer(number)) => said.rules = number,
            (name, _) => {
                return Err(damaged(format!("its table `meta` does not say what belongs there of `{name}`")));
            }
        }
    }
    Ok(said)
}

/// The file that the store is in.
fn file_of(conn: &Conn) -> PathBuf {
    let name = conn.schema().map_or("", Schema::name);
    let sql = "SELECT file FROM pragma_database_list WHERE name = ?1";
    let file = conn.db.query_row(sql, [name], |row| row.get::<_, String>(0));
    file.map_or_else(|_| PathBuf::new(), PathBuf::from)
}

/// Whether this library can read the file.
fn admit(conn: &Conn, said: &FileSays) -> Result<()> {
    let known = i64::from(FORMAT);
    if said.format == Some(known) {
        return Ok(());
    }
    let path = &file_of(conn);
    match (said.format, said.min_reader) {
        (Some(format), Some(needs)) if format > known && needs <= known => Ok(()),
        (Some(format), Some(needs)) if format > known => {
            Err(newer(path, i32::try_from(needs).unwrap_or(i32::MAX)))
        }
        (Some(format), _) if format < known && signed(0) < format => Err(cannot_open(
            path,
            format!("it is of format {format}; open it once for writing, which brings it up to date"),
        )),
        _ => Err(damaged("its table `meta` does not say of which format it is")),
    }
}
