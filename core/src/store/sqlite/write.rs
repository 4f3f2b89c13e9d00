//! Writing: records, the entities they change and the versions these replace, and personal data.
//! Never commits.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use rusqlite::types::ToSql;
use rusqlite::{CachedStatement, OptionalExtension as _};
use uuid::Uuid;

use super::columns::Columns;
use super::fault::{Result, damaged};
use super::file::checkpoint;
use super::pack::{Beside, pack};
use super::read::{
    Conn, GET_ROW, NO_EMAIL, POINTER, bytes, decode, email_key, external_keys, signed, stored_key,
    subject_kind,
};
use super::schema::{CHAPTER, NUMBERS};
use crate::base::ids::{TenantId, UserId};
use crate::model::Subject;
use crate::store::{NewRecord, Remembered, follow};
use crate::view::{Index, Key, Kind, Write};

/// How long a commit that erased waits for readings that still need the log.
const WIPE_PATIENCE: Duration = Duration::from_millis(100);

/// The least room for what is known about a subject, in bytes.
const SLOT_BYTES: usize = 64;

/// In what steps there is more.
const SLOT_STEP: usize = 32;

/// The connection that writes, and what is left to do on it.
pub(super) struct Writer {
    pub(super) conn: Conn,
    /// The last record that erased something while the log still holds what was there before.
    pub(super) to_wipe: Option<i64>,
    /// The last record that erased something which is gone from the log, too; to be noted in the
    /// file.
    pub(super) wiped: Option<i64>,
}

impl Writer {
    /// Empties the log if something was erased from what it holds; whether nothing is left to be
    /// wiped.
    pub(super) fn wipe(&mut self) -> Result<bool> {
        if self.to_wipe.is_some() && checkpoint(&self.conn.db)? {
            self.wiped = self.to_wipe.take();
        }
        Ok(self.to_wipe.is_none())
    }

    /// Does so for a while. What then stands in the way is a long reading; the next write or the
    /// close tries again.
    pub(super) fn wipe_patiently(&mut self) {
        let deadline = Instant::now() + WIPE_PATIENCE;
        while matches!(self.wipe(), Ok(false)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Writes records and all that changes by them; whether personal data was erased.
pub(super) fn append(conn: &Conn, records: &[NewRecord]) -> Result<bool> {
    let mut head = conn.head()?;
    conn.forget_seen();
    let mut to = Appending::on(conn)?;
    let mut erased = false;
    for new in records {
        head = follow(&head, new)?;
        let seq = signed(new.record.seq);
        to.record(seq, new)?;
        let mut changes: Vec<_> = new.changes.iter().map(|change| (change.target(), change)).collect();
        // Numbers follow from what a record is, and not from the order in which it was found out.
        changes.sort_by_key(|(target, _)| *target);
        for ((kind, id), change) in changes {
            to.change(seq, kind, id, change)?;
        }
        let about: BTreeSet<Subject> = new.about.iter().copied().collect();
        for subject in about {
            let n = to.number(subject)?;
            to.about.execute((n, seq))?;
        }
        for (subject, personal) in &new.people {
            let n = to.number(*subject)?;
            match personal {
                Some(known) => to.remember(n, *subject, known)?,
                None => to.forget(n)?,
            }
            erased |= personal.is_none();
        }
    }
    Ok(erased)
}

/// A connection to which records are appended, with the statements that most of them need held
/// for as long as that takes.
pub(super) struct Appending<'c> {
    conn: &'c Conn,
    record: CachedStatement<'c>,
    about: CachedStatement<'c>,
    before: CachedStatement<'c>,
    entity: CachedStatement<'c>,
    entry: CachedStatement<'c>,
    /// The last number that something has.
    last: i64,
    /// The numbers of those that records are about.
    numbers: HashMap<Subject, i64>,
}

impl<'c> Appending<'c> {
    pub(super) fn on(conn: &'c Conn) -> Result<Self> {
        let hold = |sql: &'static str| conn.prepare(sql);
        let last = "SELECT coalesce(max(n), ?1) FROM entity";
        Ok(Self {
            conn,
            record: hold(
                "INSERT INTO record(seq, at, hash, request, fingerprint, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            about: hold("INSERT INTO record_about VALUES (?1, ?2)")?,
            before: hold(GET_ROW)?,
            entity: hold(
                "INSERT INTO entity(n, kind, id, seq, a, b, c, d, e, f, g, h, rest) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?,
            entry: hold("INSERT INTO entry(key, id, n, seq) VALUES (?1, ?2, ?3, ?4)")?,
            last: hold(last)?.query_row([NUMBERS], |row| row.get(0))?,
            numbers: HashMap::new(),
        })
    }

    fn record(&mut self, seq: i64, new: &NewRecord) -> Result<()> {
        let request = new.request.map(|(request, _)| request.uuid());
        let beside = Beside { seq, at: new.at.micros(), request };
        let packed = pack(&new.record.text, &beside);
        let body: &dyn ToSql = match &packed {
            Some(packed) => packed,
            None => &new.record.text,
        };
        let fingerprint = new.request.as_ref().map(|(_, fingerprint)| fingerprint.bytes());
        let hash = new.record.hash.bytes();
        self.record.execute((
            seq,
            beside.at,
            hash,
            request.as_ref().map(|id| id.as_bytes()),
            fingerprint,
            body,
        ))?;
        Ok(())
    }

    /// The number of a subject, which gets one if it has none.
    pub(super) fn number(&mut self, subject: Subject) -> Result<i64> {
        if let Some(n) = self.numbers.get(&subject) {
            return Ok(*n);
        }
        let (kind, id) = (subject_kind(subject), subject.uuid());
        let n = match self.conn.number(kind, id)? {
            Some(n) => n,
            None => self.put(kind, id, None, &Columns::none())?,
        };
        self.numbers.insert(subject, n);
        Ok(n)
    }

    /// Gives a number to what has none.
    fn put(&mut self, kind: Kind, id: Uuid, seq: Option<i64>, columns: &Columns) -> Result<i64> {
        self.last += 1;
        let row: [&dyn ToSql; 4] = [&self.last, &kind.number(), id.as_bytes(), &seq];
        bind(&mut self.entity, &row, columns)?.raw_execute()?;
        if let Some(subject) = match kind {
            Kind::User => Some(Subject::User(UserId::from_uuid(id))),
            Kind::Tenant => Some(Subject::Tenant(TenantId::from_uuid(id))),
            _ => None,
        } {
            self.numbers.insert(subject, self.last);
        }
        Ok(self.last)
    }

    /// What a change replaces: its number and what it was found under, unless it is the same.
    fn before(&mut self, seq: i64, kind: Kind, id: Uuid, columns: Option<&Columns>) -> Result<Before> {
        let mut rows = self.before.query((id.as_bytes(), kind.number()))?;
        let Some(row) = rows.next()? else {
            return Ok(if columns.is_none() { Before::Same } else { Before::Nothing(None) });
        };
        let n = row.get(0)?;
        let since: Option<i64> = row.get(1)?;
        if since.is_some_and(|since| since > seq) {
            return Err(damaged(format!("the {} {id} is of a record that is missing", kind.name())));
        }
        if since.is_none() {
            return Ok(if columns.is_none() { Before::Same } else { Before::Nothing(Some(n)) });
        }
        if columns.map_or(Ok(false), |columns| columns.are_in(row, 2))? {
            return Ok(Before::Same);
        }
        Ok(Before::Other(n, decode(kind, id, row, 2)?.keys()))
    }

    fn change(&mut self, seq: i64, kind: Kind, id: Uuid, change: &Write) -> Result<()> {
        let columns = match change {
            Write::Put(any) => Some(Columns::of(any)),
            Write::Remove(..) => None,
        };
        let (n, before_keys) = match self.before(seq, kind, id, columns.as_ref())? {
            Before::Same => return Ok(()),
            Before::Nothing(n) => (n, Vec::new()),
            Before::Other(n, keys) => {
                self.conn.execute(
                    "INSERT INTO entity_past(n, seq, until, a, b, c, d, e, f, g, h, rest) \
                     SELECT n, seq, ?2, a, b, c, d, e, f, g, h, rest FROM entity WHERE n = ?1 AND seq < ?2",
                    (n, seq),
                )?;
                (Some(n), keys)
            }
        };
        let keys = match change {
            Write::Put(any) => any.keys(),
            Write::Remove(..) => Vec::new(),
        };
        let revision = columns.as_ref().map(|_| seq);
        let columns = columns.unwrap_or_else(Columns::none);
        let n = match n {
            None => self.put(kind, id, revision, &columns)?,
            Some(n) => {
                let mut update = self.conn.prepare(
                    "UPDATE entity SET seq = ?2, a = ?3, b = ?4, c = ?5, d = ?6, e = ?7, f = ?8, g = ?9, h = ?10, \
                     rest = ?11 WHERE n = ?1",
                )?;
                bind(&mut update, &[&n, &revision], &columns)?.raw_execute()?;
                n
            }
        };
        for (index, key) in before_keys.iter().filter(|key| !keys.contains(key)) {
            self.close(&stored_key(*index, key), id, n, seq)?;
        }
        for (index, key) in keys.iter().filter(|key| !before_keys.contains(key)) {
            self.entry.execute((stored_key(*index, key), id.as_bytes(), n, seq))?;
        }
        Ok(())
    }

    /// Takes an entity from an index key and keeps in the key's past that it was there.
    fn close(&self, key: &[u8], id: Uuid, n: i64, seq: i64) -> Result<()> {
        let from: Option<i64> = self
            .conn
            .prepare("DELETE FROM entry WHERE key = ?1 AND id = ?2 AND n = ?3 RETURNING seq")?
            .query_row((key, id.as_bytes(), n), |row| row.get(0))
            .optional()?;
        let Some(from) = from.filter(|from| *from < seq) else { return Ok(()) };
        let (chapter, closed): (i64, i64) = self
            .conn
            .prepare(
                "INSERT INTO chapter(key, seq, closed) VALUES (?1, 0, 1) \
                 ON CONFLICT DO UPDATE SET closed = closed + 1 RETURNING seq, closed",
            )?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.conn.execute(
            "INSERT INTO entry_past(key, chapter, id, n, seq, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (key, chapter, id.as_bytes(), n, from, seq),
        )?;
        if closed >= CHAPTER && closed > self.count(key, closed)? {
            self.end_chapter(key, chapter, seq)?;
        }
        Ok(())
    }

    /// How many entries there are under a key, counted no further than needed.
    fn count(&self, key: &[u8], at_most: i64) -> Result<i64> {
        let mut count =
            self.conn.prepare("SELECT count(*) FROM (SELECT 1 FROM entry WHERE key = ?1 LIMIT +?2)")?;
        Ok(count.query_row((key, at_most), |row| row.get(0))?)
    }

    fn end_chapter(&self, key: &[u8], chapter: i64, seq: i64) -> Result<()> {
        self.conn.execute(
            "INSERT INTO entry_past(key, chapter, id, n, seq, until) \
             SELECT key, ?2, id, n, seq, ?3 FROM entry WHERE key = ?1 AND seq < ?3",
            (key, chapter, seq),
        )?;
        self.conn.execute("UPDATE entry SET seq = ?2 WHERE key = ?1 AND seq < ?2", (key, seq))?;
        self.conn.execute("UPDATE chapter SET seq = ?2, closed = 0 WHERE key = ?1", (key, seq))?;
        Ok(())
    }

    /// Overwrites what is known about a subject where it stands; where it has grown too long for
    /// that, blanks it and puts it at the end.
    fn remember(&self, n: i64, subject: Subject, known: &Remembered) -> Result<()> {
        let email = match (subject, &known.personal.email) {
            (Subject::User(_), Some(email)) => email_key(email),
            _ => NO_EMAIL,
        };
        if let Subject::User(_) = subject {
            self.point(n, &external_keys(&known.personal))?;
        }
        if let Some((slot, room)) = self.slot(n)? {
            if known.text.len() <= room {
                return self.overwrite(slot, n, email, &padded(&known.text, room));
            }
            self.overwrite(slot, !n, NO_EMAIL, &padded("", room))?;
        }
        self.settle(n, &email, &known.text)
    }

    /// Gives what is known about somebody a slot of its own, at the end.
    pub(super) fn settle(&self, n: i64, email: &[u8], text: &str) -> Result<()> {
        let room = text.len().next_multiple_of(SLOT_STEP).max(SLOT_BYTES);
        self.conn.execute(
            "INSERT INTO personal(n, email, body) VALUES (?1, ?2, ?3)",
            (n, email, padded(text, room)),
        )?;
        Ok(())
    }

    /// Has somebody found by these keys besides their address: each has a row of its own, which
    /// stays where it is and is used again.
    pub(super) fn point(&self, n: i64, keys: &BTreeSet<[u8; 3]>) -> Result<()> {
        let pointing = n | POINTER;
        let (mut wanted, mut others) = (keys.clone(), Vec::new());
        {
            let mut find = self.conn.prepare("SELECT slot, email FROM personal WHERE n = ?1")?;
            let mut rows = find.query([pointing])?;
            while let Some(row) = rows.next()? {
                let key: [u8; 3] = bytes(row, 1)?.try_into().unwrap_or(NO_EMAIL);
                if !wanted.remove(&key) {
                    others.push((row.get::<_, i64>(0)?, key));
                }
            }
        }
        let mut wanted = wanted.into_iter();
        for (slot, before) in others {
            let key = wanted.next().unwrap_or(NO_EMAIL);
            if key != before {
                self.overwrite(slot, pointing, key, "")?;
            }
        }
        for key in wanted {
            self.conn.execute(
                "INSERT INTO personal(n, email, body) VALUES (?1, ?2, '')",
                (pointing, key.as_slice()),
            )?;
        }
        Ok(())
    }

    /// Blanks what is known about a subject, and the fingerprints of the requests that told it.
    fn forget(&self, n: i64) -> Result<()> {
        if let Some((slot, room)) = self.slot(n)? {
            self.overwrite(slot, n, NO_EMAIL, &padded("", room))?;
        }
        self.point(n, &BTreeSet::new())?;
        self.conn.execute(
            "UPDATE record SET fingerprint = zeroblob(32) \
             WHERE fingerprint IS NOT NULL AND seq IN (SELECT seq FROM record_about WHERE n = ?1)",
            [n],
        )?;
        Ok(())
    }

    /// Where what is known about a subject stands, and how many bytes there are for it.
    fn slot(&self, n: i64) -> Result<Option<(i64, usize)>> {
        let find = "SELECT slot, octet_length(body) FROM personal WHERE n = ?1";
        let found = self.conn.prepare(find)?.query_row([n], |row| {
            let room: i64 = row.get(1)?;
            Ok((row.get(0)?, usize::try_from(room).unwrap_or(0)))
        });
        Ok(found.optional()?)
    }

    fn overwrite(&self, slot: i64, n: i64, email: [u8; 3], body: &str) -> Result<()> {
        let overwrite = "UPDATE personal SET n = ?2, email = ?3, body = ?4 WHERE slot = ?1";
        self.conn.execute(overwrite, (slot, n, email, body))?;
        Ok(())
    }
}

/// What a change replaces.
enum Before {
    /// The same as it puts there.
    Same,
    /// Nothing; its number, if it has one.
    Nothing(Option<i64>),
    /// Something of this number that was found under these keys.
    Other(i64, Vec<(Index, Key)>),
}

/// Binds what a row begins with, and its columns after that.
fn bind<'s, 'c>(
    to: &'s mut CachedStatement<'c>,
    first: &[&dyn ToSql],
    columns: &Columns,
) -> Result<&'s mut CachedStatement<'c>> {
    for (at, value) in (1..).zip(first) {
        to.raw_bind_parameter(at, value)?;
    }
    for (at, value) in (first.len() + 1..).zip(columns.values()) {
        to.raw_bind_parameter(at, value)?;
    }
    Ok(to)
}

fn padded(text: &str, room: usize) -> String {
    [text, &" ".repeat(room.saturating_sub(text.len()))].concat()
}
