//! What the records of a file lead to, written a second time by the same code into a file that
//! nobody else sees, and compared table by table and row by row. Holds no more of either in memory
//! than a connection does.

use std::cmp::Ordering;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::fault::Result;
use super::read::{Conn, NO_EMAIL, bytes, decode, email_key, id, kind, personal, signed};
use super::schema::TABLES;
use super::write::append;
use crate::store::{NewRecord, Retelling, StoreError};
use crate::view::{Index, Key, Kind, View};

/// A table of which every row follows from the records.
pub(super) struct Derived {
    from: &'static str,
    columns: &'static [&'static str],
    /// How many of the columns tell one row from another; rows are compared in their order.
    keys: usize,
}

/// Every such table.
pub(super) const DERIVED: &[Derived] = &[
    Derived { from: "record", columns: &["seq", "at", "hash", "body"], keys: 1 },
    Derived { from: "record_about", columns: &["kind", "id", "seq"], keys: 3 },
    Derived { from: "receipt", columns: &["seq", "request", "fingerprint"], keys: 1 },
    Derived { from: "entity", columns: &["row", "kind", "id", "seq", "body"], keys: 1 },
    Derived {
        // Else SQLite may choose to sort the whole table.
        from: "entity_past INDEXED BY sqlite_autoindex_entity_past_1",
        columns: &["kind", "id", "seq", "until", "body"],
        keys: 3,
    },
    Derived { from: "entry", columns: &["idx", "key", "id", "kind", "seq", "row"], keys: 4 },
    Derived {
        from: "entry_past",
        columns: &["idx", "key", "chapter", "id", "kind", "seq", "until"],
        keys: 6,
    },
    Derived { from: "chapter", columns: &["idx", "key", "seq", "closed"], keys: 2 },
];

/// What is known about people, by whom it is about.
pub(super) const PEOPLE: &str =
    "SELECT kind, id, email, body, slot FROM personal INDEXED BY personal_subject ORDER BY kind, id";

impl Derived {
    pub(super) fn select(&self) -> String {
        let keys = self.columns.iter().take(self.keys).copied().collect::<Vec<_>>();
        format!("SELECT {} FROM {} ORDER BY {}", self.columns.join(", "), self.from, keys.join(", "))
    }

    fn table(&self) -> &'static str {
        self.from.split(' ').next().unwrap_or(self.from)
    }

    /// Which of two rows comes first.
    fn order(&self, one: &Row<'_>, other: &Row<'_>) -> Result<Ordering> {
        for column in 0..self.keys {
            match compared(one.get_ref(column)?, other.get_ref(column)?) {
                Ordering::Equal => {}
                order => return Ok(order),
            }
        }
        Ok(Ordering::Equal)
    }

    /// The first column in which two rows of the same key say something else.
    fn differs(&self, stored: &Row<'_>, told: &Row<'_>) -> Result<Option<&'static str>> {
        for (at, &column) in self.columns.iter().enumerate().skip(self.keys) {
            if stored.get_ref(at)? == told.get_ref(at)? {
                continue;
            }
            // An older library may have written the same in other words.
            if column == "body"
                && let Some(of) = self.columns.iter().position(|column| *column == "kind")
                && kind(stored, of)? == kind(told, of)?
            {
                let of = kind(told, of)?;
                if decode(of, bytes(stored, at)?).ok() == Some(decode(of, bytes(told, at)?)?) {
                    continue;
                }
            }
            return Ok(Some(column));
        }
        Ok(None)
    }

    /// Which row it is, without what it holds.
    fn named(&self, row: &Row<'_>) -> Result<String> {
        let mut words = Vec::new();
        for (at, &column) in self.columns.iter().enumerate() {
            if at < self.keys || matches!(column, "kind" | "id" | "request") {
                words.push(match (column, row.get_ref(at)?) {
                    ("kind", ValueRef::Integer(number)) => name_of_kind(number),
                    ("idx", ValueRef::Integer(number)) => name_of_index(number),
                    ("key", ValueRef::Blob(key)) => format!("key {}", Key::from_bytes(key.to_vec()).hex()),
                    ("seq", ValueRef::Integer(seq)) => format!("record {seq}"),
                    (_, ValueRef::Integer(number)) => format!("{column} {number}"),
                    (_, ValueRef::Blob(blob)) => match Uuid::from_slice(blob) {
                        Ok(id) => format!("{column} {id}"),
                        Err(_) => format!("{column} of {} bytes", blob.len()),
                    },
                    _ => format!("{column} of another type"),
                });
            }
        }
        Ok(words.join(", "))
    }
}

fn name_of_kind(number: i64) -> String {
    let found = Kind::ALL.iter().find(|kind| i64::from(kind.number()) == number);
    found.map_or_else(|| format!("kind {number}"), |kind| kind.name().to_owned())
}

fn name_of_index(number: i64) -> String {
    let found = Index::ALL.iter().find(|index| i64::from(index.number()) == number);
    format!("index {}", found.map_or_else(|| number.to_string(), |index| index.name().to_owned()))
}

/// The order in which SQLite keeps values; keys hold no others.
fn compared(one: ValueRef<'_>, other: ValueRef<'_>) -> Ordering {
    match (one, other) {
        (ValueRef::Integer(one), ValueRef::Integer(other)) => one.cmp(&other),
        (ValueRef::Blob(one), ValueRef::Blob(other)) => one.cmp(other),
        (ValueRef::Integer(_), _) => Ordering::Less,
        _ => Ordering::Greater,
    }
}

/// The same records, written a second time.
pub(super) struct Retold<'c> {
    stored: &'c Conn,
    told: Conn,
}

impl<'c> Retold<'c> {
    /// Nothing yet, to compare with what this connection's transaction sees.
    pub(super) fn beside(stored: &'c Conn) -> Result<Self> {
        // Without a name, SQLite keeps a file of its own where the system has temporary ones, which
        // has no name there either and goes with the connection. Nothing personal gets there.
        let db = Connection::open("")?;
        db.set_prepared_statement_cache_capacity(64);
        db.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384; BEGIN",
        )?;
        db.execute_batch(TABLES)?;
        Ok(Self { stored, told: Conn::new(db) })
    }

    fn compare(&self, table: &Derived) -> Result<Option<String>> {
        let sql = table.select();
        let (mut stored, mut told) = (self.stored.db.prepare(&sql)?, self.told.db.prepare(&sql)?);
        let (mut stored, mut told) = (stored.query([])?, told.query([])?);
        let name = table.table();
        let told_of =
            |what: &str, row: &Row<'_>| Ok(Some(format!("table {name} {what}: {}", table.named(row)?)));
        let more = |row: &Row<'_>| told_of("has a row that no record leads to", row);
        let less = |row: &Row<'_>| told_of("lacks a row that the records lead to", row);
        loop {
            let (stored, told) = match (stored.next()?, told.next()?) {
                (None, None) => return Ok(None),
                (Some(stored), None) => return more(stored),
                (None, Some(told)) => return less(told),
                (Some(stored), Some(told)) => (stored, told),
            };
            match table.order(stored, told)? {
                Ordering::Less => return more(stored),
                Ordering::Greater => return less(told),
                Ordering::Equal => {}
            }
            if let Some(column) = table.differs(stored, told)? {
                let row = table.named(stored)?;
                return Ok(Some(format!(
                    "table {name} has another {column} than the records lead to: {row}"
                )));
            }
        }
    }

    /// What is known about people stands once for each, is of somebody of whom the records speak,
    /// and is found by its address. What it says is in no record.
    fn people(&self) -> Result<Option<String>> {
        let mut all = self.stored.db.prepare(PEOPLE)?;
        let mut rows = all.query([])?;
        let mut before = None;
        while let Some(row) = rows.next()? {
            let (of, id, slot) = (kind(row, 0)?, id(row, 1)?, row.get::<_, i64>(4)?);
            let held = personal(bytes(row, 3)?)?;
            let flaw =
                |what: &str| Ok(Some(format!("table personal, slot {slot}, {} {id}: {what}", of.name())));
            let email = held.as_ref().and_then(|held| held.email.as_ref()).filter(|_| of == Kind::User);
            if bytes(row, 2)? != email.map_or(NO_EMAIL, email_key) {
                return flaw("its key is not that of its address");
            }
            if id.is_nil() && held.is_none() {
                continue;
            }
            if !matches!(of, Kind::User | Kind::Tenant)
                || View::load(&self.told, of, id).map_err(StoreError::from)?.is_none()
            {
                return flaw("no record speaks of them");
            }
            if before.replace((of, id)) == Some((of, id)) {
                return flaw("there is another of theirs");
            }
        }
        Ok(None)
    }

    fn cursors(&self) -> Result<Option<String>> {
        let beyond = "SELECT consumer FROM cursor WHERE seq NOT BETWEEN 0 AND ?1 LIMIT 1";
        let mut beyond = self.stored.db.prepare(beyond)?;
        let mut rows = beyond.query([signed(self.stored.head()?.seq)])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let consumer: String = row.get(0)?;
        Ok(Some(format!("table cursor says of `{consumer}` that it is beyond the journal")))
    }

    fn first_difference(&self) -> Result<Option<String>> {
        for table in DERIVED {
            if let Some(different) = self.compare(table)? {
                return Ok(Some(different));
            }
        }
        match self.people()? {
            None => self.cursors(),
            misplaced => Ok(misplaced),
        }
    }
}

impl Retelling for Retold<'_> {
    fn append(&mut self, records: Vec<NewRecord>) -> std::result::Result<(), StoreError> {
        append(&self.told, &records)?;
        Ok(())
    }

    fn difference(&self) -> std::result::Result<Option<String>, StoreError> {
        Ok(self.first_difference()?)
    }
}
