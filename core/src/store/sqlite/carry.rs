//! The way of a file from an older format to today's, in one transaction. From format 1, its
//! records are told anew into today's tables, so that what is derived is what they lead to under
//! today's rules; what is known about people and the fingerprints of requests, which are in no
//! record, are copied.

use std::time::Instant;

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::fault::{Result, SqliteFault, cannot_open, damaged};
use super::file::{as_it_is, checkpoint, deadline, in_memory, patiently, pragma, roll_back};
use super::make;
use super::meta::rules;
use super::options::FileOptions;
use super::pack::say_words;
use super::place::FilePlace;
use super::read::{Conn, bytes, hash, id, kind, number, text};
use super::schema::{FORMAT, MIN_READER, MIN_WRITER, TABLES, views};
use super::write::{Appending, append};
use crate::about;
use crate::base::ids::{TenantId, UserId};
use crate::decide::retraced;
use crate::journal::{Head, RULES, Record};
use crate::model::Subject;
use crate::store::draft::step;
use crate::store::{LOST, NewRecord, StoreError, StoredRecord};
use crate::view::{Kind, Overlay, View};

/// How many records are told at a time.
const PAGE: u32 = 256;

/// What only records lead to, and indexes of which the names are needed.
const DROP: &str = "
DROP TABLE record_about; DROP TABLE entity; DROP TABLE entity_past; DROP TABLE entry; DROP TABLE entry_past;
DROP TABLE chapter; DROP INDEX personal_subject; DROP INDEX personal_email;
ALTER TABLE record RENAME TO record_1; ALTER TABLE receipt RENAME TO receipt_1;
ALTER TABLE personal RENAME TO personal_1;
";

/// A step from a format to the next.
pub(super) struct Migration<'r> {
    /// The format it starts from.
    pub(super) from: i32,
    /// What it does, within the one transaction of the whole way.
    pub(super) run: &'r dyn Fn(&Conn) -> Result<()>,
}

/// Every step there is, in order.
pub(super) const MIGRATIONS: &[Migration<'_>] =
    &[Migration { from: 1, run: &carry }, Migration { from: 2, run: &since_2 }];

/// Brings an older file up to date, and writes it anew then.
pub(super) fn up_to_date(conn: &Conn, deadline: Instant) -> Result<()> {
    if migrate(conn, MIGRATIONS, FORMAT, deadline)? {
        // What is free is wiped, and would only make the file larger than it need be; where
        // somebody is at it, `compact` does the same later.
        let _ = conn.db.execute_batch("VACUUM");
        step();
        checkpoint(&conn.db)?;
    }
    Ok(())
}

/// Takes an older file to `format`, all the way in one transaction; whether it was older.
pub(super) fn migrate(conn: &Conn, steps: &[Migration<'_>], format: i32, deadline: Instant) -> Result<bool> {
    let db = &conn.db;
    if pragma(db, "user_version")? >= format {
        return Ok(false);
    }
    patiently(deadline, || conn.begin("BEGIN IMMEDIATE"))?;
    let walk = || -> Result<()> {
        let mut at = pragma(db, "user_version")?;
        while at < format {
            let step = steps.iter().find(|step| step.from == at);
            let step = step.ok_or_else(|| damaged(format!("its format {at} is unknown")))?;
            (step.run)(conn)?;
            at += 1;
        }
        db.execute("UPDATE meta SET value = ?1 WHERE name = 'format'", [format])?;
        db.execute_batch(&format!("PRAGMA user_version = {at}; COMMIT"))?;
        Ok(())
    };
    walk().inspect_err(|_| roll_back(db))?;
    step();
    conn.forget_seen();
    conn.forget_policies();
    // The first page tells even those who do not read the log.
    checkpoint(db)?;
    Ok(true)
}

/// What is in a file of an older format, in memory and in today's.
pub(super) fn carried(place: &FilePlace, options: &FileOptions) -> Result<(String, Connection)> {
    let uri = format!("file:/{}?vfs=memdb", Uuid::new_v4());
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let from = match place.is_still() {
        true => as_it_is(place.path())?,
        false => Connection::open_with_flags(place.path(), flags)
            .map_err(|error| cannot_open(place.path(), error))?,
    };
    // It lasts as long as somebody has it open.
    let kept = in_memory(&uri)?;
    let deadline = deadline(options);
    patiently(deadline, || from.execute("VACUUM INTO ?1", [&uri]))?;
    place.check()?;
    migrate(&Conn::new(in_memory(&uri)?), MIGRATIONS, FORMAT, deadline)?;
    Ok((uri, kept))
}

/// Takes what is in a file of format 1 to the tables of format 2.
///
/// # Errors
/// `Damaged` where its records are no history, or something in its schema is not of tenantry;
/// `NewerRules`.
fn carry(conn: &Conn) -> Result<()> {
    let db = &conn.db;
    let needs = rules(db)?;
    if needs > RULES {
        let path = db.path().unwrap_or_default().into();
        return Err(SqliteFault(StoreError::NewerRules { path, needs, knows: RULES }));
    }
    let strange = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
    if let Some(name) = db.prepare(strange)?.query_map([], |row| row.get::<_, String>(0))?.next() {
        return Err(damaged(format!("the trigger `{}` in its schema is not of tenantry", name?)));
    }
    for view in views().lines().filter_map(|view| view.split(' ').nth(2)) {
        db.execute_batch(&format!("DROP VIEW IF EXISTS {view}"))?;
    }
    // Views of somebody else's stay as they are.
    db.execute_batch("PRAGMA legacy_alter_table = ON")?;
    db.execute_batch(DROP).map_err(|_| damaged("its tables are not those of its format"))?;
    step();
    let made =
        |text: &&str| !["meta(", "cursor("].iter().any(|name| text.contains(&format!("CREATE TABLE {name}")));
    for text in TABLES.split(";\n").filter(made) {
        db.execute_batch(text)?;
    }
    records(conn)?;
    step();
    people(conn)?;
    step();
    db.execute_batch("DROP TABLE record_1; DROP TABLE receipt_1; DROP TABLE personal_1")?;
    db.execute_batch(&views())?;
    say_words(db)?;
    let mut set = db.prepare("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
    set.execute(("min_reader", MIN_READER))?;
    set.execute(("min_writer", MIN_WRITER))?;
    set.execute(("rules", RULES))?;
    step();
    Ok(())
}

/// Takes a file of format 2 to format 3, whose tables are the same: what is new in it, older
/// libraries would misread. It says so, and has today's views.
///
/// # Errors
/// When it cannot be written.
fn since_2(conn: &Conn) -> Result<()> {
    let db = &conn.db;
    make::mend_views(db)?;
    let mut set = db.prepare("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
    set.execute(("min_reader", MIN_READER))?;
    set.execute(("min_writer", MIN_WRITER))?;
    step();
    Ok(())
}

/// Tells every record anew.
fn records(conn: &Conn) -> Result<()> {
    let sql = "SELECT seq, hash, body FROM record_1 WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut last = Head::EMPTY;
    loop {
        let mut told = Vec::new();
        {
            let mut page = conn.db.prepare_cached(sql)?;
            let mut rows = page.query((last.seq.cast_signed(), PAGE))?;
            let view: &dyn View = conn;
            let mut world = Overlay::over(view);
            while let Some(row) = rows.next()? {
                let stored = StoredRecord { seq: number(row, 0)?, hash: hash(row, 1)?, text: text(row, 2)? };
                let new = retold(&conn.db, &mut world, &last, stored)?;
                last = Head { seq: new.record.seq, hash: new.record.hash, at: Some(new.at) };
                told.push(new);
            }
        }
        if told.is_empty() {
            return Ok(());
        }
        append(conn, &told)?;
    }
}

/// What follows from a record, if it follows on those before.
fn retold(db: &Connection, world: &mut Overlay<'_>, last: &Head, stored: StoredRecord) -> Result<NewRecord> {
    let seq = stored.seq;
    let broken = |why: &str| damaged(format!("record {seq} {why}; its file is left as it is"));
    if seq != last.seq + 1 || stored.hash != last.hash.chain(&stored.text) {
        return Err(broken("does not follow on the one before"));
    }
    let record = Record::decode(&stored.text).map_err(|_| broken("is not readable"))?;
    if record.seq != seq || last.at.is_some_and(|at| record.at < at) {
        return Err(broken("is out of order"));
    }
    let mut step = retraced(&*world, record.events, record.at).map_err(StoreError::from)?;
    step.about.extend(about::of_actor(&record.actor));
    step.changes.iter().for_each(|change| world.change(change.clone()));
    let request = match record.request {
        Some(request) => {
            let mut find =
                db.prepare_cached("SELECT fingerprint FROM receipt_1 WHERE request = ?1 AND seq = ?2")?;
            let mut rows = find.query((request.uuid().as_bytes(), seq.cast_signed()))?;
            let held = rows.next()?.and_then(|row| hash(row, 0).ok());
            Some((request, held.unwrap_or(LOST)))
        }
        None => None,
    };
    Ok(NewRecord {
        record: stored,
        at: record.at,
        request,
        about: step.about.into_iter().collect(),
        changes: step.changes,
        people: step.people.into_iter().map(|(subject, _)| (subject, None)).collect(),
    })
}

/// Copies what is known about people, each to a slot of its own.
fn people(conn: &Conn) -> Result<()> {
    let mut to = Appending::on(conn)?;
    let mut all = conn.db.prepare("SELECT kind, id, email, body FROM personal_1 ORDER BY slot")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let id = id(row, 1)?;
        // A slot that somebody had who has a longer one.
        if id.is_nil() {
            continue;
        }
        let subject = match kind(row, 0)? {
            Kind::User => Subject::User(UserId::from_uuid(id)),
            Kind::Tenant => Subject::Tenant(TenantId::from_uuid(id)),
            _ => return Err(damaged("a subject is neither a user nor a tenant")),
        };
        let n = to.number(subject)?;
        to.settle(n, bytes(row, 2)?, text(row, 3)?.trim_end_matches(' '))?;
    }
    Ok(())
}
