//! Writing: records, the entities they change and the versions these replace, and personal data.
//! Never commits.

use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Error, OptionalExtension};
use uuid::Uuid;

use super::fault::{Result, SqliteFault};
use super::file::checkpoint;
use super::read::{Conn, GET_ROW, NO_EMAIL, decode, email_key, signed, subject_kind};
use super::schema::{self, CHAPTER};
use crate::model::Subject;
use crate::store::{NewRecord, Remembered, StoreError, follow};
use crate::view::{Index, Key, Kind, Write};

/// How long a commit that erased waits for readings that still need the log.
const WIPE_PATIENCE: Duration = Duration::from_millis(100);

/// The least room for what is known about a subject, in bytes.
const SLOT_BYTES: usize = 128;

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
        to.record.execute((seq, new.at.micros(), new.record.hash.bytes(), &new.record.text))?;
        for about in &new.about {
            to.about.execute((subject_kind(*about), about.uuid().as_bytes(), seq))?;
        }
        if let Some((request, fingerprint)) = &new.request {
            to.receipt.execute((seq, request.uuid().as_bytes(), fingerprint.bytes()))?;
        }
        for change in &new.changes {
            to.change(seq, change)?;
        }
        for (subject, personal) in &new.people {
            match personal {
                Some(known) => to.remember(*subject, known)?,
                None => to.forget(*subject)?,
            }
            erased |= personal.is_none();
        }
    }
    Ok(erased)
}

/// A connection to which records are appended, with the statements that most of them need held
/// for as long as that takes.
struct Appending<'c> {
    conn: &'c Conn,
    record: CachedStatement<'c>,
    about: CachedStatement<'c>,
    receipt: CachedStatement<'c>,
    before: CachedStatement<'c>,
    entity: CachedStatement<'c>,
    entry: CachedStatement<'c>,
}

impl<'c> Appending<'c> {
    fn on(conn: &'c Conn) -> Result<Self> {
        let hold = |sql| conn.db.prepare_cached(sql);
        Ok(Self {
            conn,
            record: hold("INSERT INTO record(seq, at, hash, body) VALUES (?1, ?2, ?3, ?4)")?,
            about: hold("INSERT OR IGNORE INTO record_about VALUES (?1, ?2, ?3)")?,
            receipt: hold("INSERT INTO receipt(seq, request, fingerprint) VALUES (?1, ?2, ?3)")?,
            before: hold(GET_ROW)?,
            entity: hold(
                "INSERT OR IGNORE INTO entity(row, kind, id, seq, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            entry: hold("INSERT INTO entry(idx, key, id, kind, seq, row) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?,
        })
    }

    /// What a change replaces: where it stands and what it was found under, unless it is the same.
    fn before(&mut self, kind: Kind, id: Uuid, body: Option<&str>) -> Result<Before> {
        let mut rows = self.before.query((kind.number(), id.as_bytes(), schema::row(kind, id)))?;
        let Some(row) = rows.next()? else {
            return Ok(if body.is_none() { Before::Same } else { Before::Nothing });
        };
        let held = row.get_ref(1)?.as_bytes().map_err(Error::from)?;
        if body.is_some_and(|body| body.as_bytes() == held) {
            return Ok(Before::Same);
        }
        Ok(Before::Other(row.get(0)?, decode(kind, held)?.keys()))
    }

    /// Puts an entity that is new into the first row that is free for it.
    fn put(&mut self, kind: Kind, id: Uuid, seq: i64, body: &str) -> Result<i64> {
        let first = schema::row(kind, id);
        for row in first..first + schema::ROWS {
            if self.entity.execute((row, kind.number(), id.as_bytes(), seq, body))? > 0 {
                return Ok(row);
            }
        }
        // Thousands of ids that were made for it.
        Err(SqliteFault(StoreError::Io(format!("there is no row left for the {} {id}", kind.name()))))
    }

    fn change(&mut self, seq: i64, change: &Write) -> Result<()> {
        let (kind, id) = change.target();
        let body = match change {
            Write::Put(any) => Some(any.encode()),
            Write::Remove(..) => None,
        };
        let (before, before_keys) = match self.before(kind, id, body.as_deref())? {
            Before::Same => return Ok(()),
            Before::Nothing => (None, Vec::new()),
            Before::Other(row, keys) => {
                self.conn.execute(
                    "INSERT INTO entity_past(kind, id, seq, until, body) \
                     SELECT kind, id, seq, ?2, body FROM entity WHERE row = ?1 AND seq < ?2",
                    (row, seq),
                )?;
                (Some(row), keys)
            }
        };
        let (keys, row) = match (change, body, before) {
            (Write::Put(any), Some(body), Some(row)) => {
                self.conn
                    .execute("UPDATE entity SET seq = ?2, body = ?3 WHERE row = ?1", (row, seq, body))?;
                (any.keys(), Some(row))
            }
            (Write::Put(any), Some(body), None) => (any.keys(), Some(self.put(kind, id, seq, &body)?)),
            _ => {
                self.conn.execute("DELETE FROM entity WHERE row = ?1", [before])?;
                (Vec::new(), None)
            }
        };
        for (index, key) in before_keys.iter().filter(|key| !keys.contains(key)) {
            self.close(*index, key, id, kind, seq)?;
        }
        for (index, key) in keys.iter().filter(|key| !before_keys.contains(key)) {
            self.entry.execute((index.number(), key.as_bytes(), id.as_bytes(), kind.number(), seq, row))?;
        }
        Ok(())
    }

    /// Takes an entity from an index key and keeps in the key's past that it was there.
    fn close(&self, index: Index, key: &Key, id: Uuid, kind: Kind, seq: i64) -> Result<()> {
        let (index, key) = (index.number(), key.as_bytes());
        let from: Option<i64> = self
            .conn
            .db
            .prepare_cached(
                "DELETE FROM entry WHERE idx = ?1 AND key = ?2 AND id = ?3 AND kind = ?4 RETURNING seq",
            )?
            .query_row((index, key, id.as_bytes(), kind.number()), |row| row.get(0))
            .optional()?;
        let Some(from) = from.filter(|from| *from < seq) else { return Ok(()) };
        let (chapter, closed): (i64, i64) = self
            .conn
            .db
            .prepare_cached(
                "INSERT INTO chapter(idx, key, seq, closed) VALUES (?1, ?2, 0, 1) \
                 ON CONFLICT DO UPDATE SET closed = closed + 1 RETURNING seq, closed",
            )?
            .query_row((index, key), |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.conn.execute(
            "INSERT INTO entry_past(idx, key, chapter, id, kind, seq, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (index, key, chapter, id.as_bytes(), kind.number(), from, seq),
        )?;
        if closed >= CHAPTER && closed > self.count(index, key, closed)? {
            self.end_chapter(index, key, chapter, seq)?;
        }
        Ok(())
    }

    /// How many entries there are under a key, counted no further than needed.
    fn count(&self, index: u8, key: &[u8], at_most: i64) -> Result<i64> {
        let mut count = self.conn.db.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM entry WHERE idx = ?1 AND key = ?2 LIMIT ?3)",
        )?;
        Ok(count.query_row((index, key, at_most), |row| row.get(0))?)
    }

    fn end_chapter(&self, index: u8, key: &[u8], chapter: i64, seq: i64) -> Result<()> {
        self.conn.execute(
            "INSERT INTO entry_past(idx, key, chapter, id, kind, seq, until) \
             SELECT idx, key, ?3, id, kind, seq, ?4 FROM entry WHERE idx = ?1 AND key = ?2 AND seq < ?4",
            (index, key, chapter, seq),
        )?;
        self.conn.execute(
            "UPDATE entry SET seq = ?3 WHERE idx = ?1 AND key = ?2 AND seq < ?3",
            (index, key, seq),
        )?;
        let begin = "UPDATE chapter SET seq = ?3, closed = 0 WHERE idx = ?1 AND key = ?2";
        self.conn.execute(begin, (index, key, seq))?;
        Ok(())
    }

    /// Overwrites what is known about a subject where it stands; where it has grown too long for
    /// that, blanks it and puts it at the end.
    fn remember(&self, subject: Subject, known: &Remembered) -> Result<()> {
        let (kind, id) = (subject_kind(subject), subject.uuid());
        let email = match (subject, &known.personal.email) {
            (Subject::User(_), Some(email)) => email_key(email),
            _ => NO_EMAIL,
        };
        let mut body = known.text.clone();
        let slot = self.slot(subject)?;
        if let Some((slot, room)) = slot {
            if body.len() <= room {
                pad(&mut body, room);
                self.overwrite(slot, id, email, &body)?;
                return Ok(());
            }
            self.overwrite(slot, Uuid::nil(), NO_EMAIL, &" ".repeat(room))?;
        }
        let room = body.len().next_power_of_two().max(SLOT_BYTES);
        pad(&mut body, room);
        self.conn.execute(
            "INSERT INTO personal(kind, id, email, body) VALUES (?1, ?2, ?3, ?4)",
            (kind, id.as_bytes(), email, body),
        )?;
        Ok(())
    }

    /// Blanks what is known about a subject, and the fingerprints of the requests that told it.
    fn forget(&self, subject: Subject) -> Result<()> {
        let id = subject.uuid();
        if let Some((slot, room)) = self.slot(subject)? {
            self.overwrite(slot, id, NO_EMAIL, &" ".repeat(room))?;
        }
        self.conn.execute(
            "UPDATE receipt SET fingerprint = zeroblob(32) \
             WHERE seq IN (SELECT seq FROM record_about WHERE kind = ?1 AND id = ?2)",
            (subject_kind(subject), id.as_bytes()),
        )?;
        Ok(())
    }

    /// Where what is known about a subject stands, and how many bytes there are for it.
    fn slot(&self, subject: Subject) -> Result<Option<(i64, usize)>> {
        let mut find = self
            .conn
            .db
            .prepare_cached("SELECT slot, octet_length(body) FROM personal WHERE kind = ?1 AND id = ?2")?;
        let found = find.query_row((subject_kind(subject), subject.uuid().as_bytes()), |row| {
            let room: i64 = row.get(1)?;
            Ok((row.get(0)?, usize::try_from(room).unwrap_or(0)))
        });
        Ok(found.optional()?)
    }

    fn overwrite(&self, slot: i64, id: Uuid, email: [u8; 3], body: &str) -> Result<()> {
        let overwrite = "UPDATE personal SET id = ?2, email = ?3, body = ?4 WHERE slot = ?1";
        self.conn.execute(overwrite, (slot, id.as_bytes(), email, body))?;
        Ok(())
    }
}

/// What a change replaces.
enum Before {
    /// The same as it puts there.
    Same,
    /// Nothing.
    Nothing,
    /// Something in this row that was found under these keys.
    Other(i64, Vec<(Index, Key)>),
}

fn pad(body: &mut String, room: usize) {
    body.extend(std::iter::repeat_n(' ', room.saturating_sub(body.len())));
}
