//! What the records of a file lead to, written a second time by the same code into a file that
//! nobody else sees, and compared table by table and row by row. Holds no more of either in memory
//! than a connection does.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator as _;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::fault::{Result, damaged};
use super::read::{Conn, NO_EMAIL, bytes, email_key, external_keys, id, personal, signed, subject_kind};
use super::schema::TABLES;
use super::write::append;
use crate::base::ids::{TenantId, UserId};
use crate::journal::Hash;
use crate::model::Subject;
use crate::store::{Enough, LOST, MISADDRESSED, MISPOINTED, NewRecord, Retelling, StoreError, Vouched};
use crate::view::{Index, Key, Kind, View};

/// Hears of somebody by which keys they are to be found, until it has heard enough.
pub(super) type Mispointed<'m> = dyn FnMut(i64, &BTreeSet<[u8; 3]>) -> Result<Enough> + 'm;

/// How a row that is stored differs from what the records lead to.
pub(super) enum Differs<'r> {
    /// No record leads to it.
    More(&'r Row<'r>),
    /// It is missing.
    Less(&'r Row<'r>),
    /// It says something else in this column.
    Other(&'r Row<'r>, &'static str),
}

/// A table of which every row follows from the records.
pub(super) struct Derived {
    from: &'static str,
    columns: &'static [&'static str],
    /// How many of the columns tell one row from another; rows are compared in their order.
    keys: usize,
}

/// Every such table.
pub(super) const DERIVED: &[Derived] = &[
    Derived { from: "record", columns: &["seq", "at", "hash", "request", "fingerprint", "body"], keys: 1 },
    Derived { from: "record_about", columns: &["n", "seq"], keys: 2 },
    Derived {
        from: "entity",
        columns: &["n", "kind", "id", "seq", "a", "b", "c", "d", "e", "f", "g", "h", "rest"],
        keys: 1,
    },
    Derived {
        from: "entity_past",
        columns: &["n", "seq", "until", "a", "b", "c", "d", "e", "f", "g", "h", "rest"],
        keys: 2,
    },
    Derived { from: "entry", columns: &["key", "id", "n", "seq"], keys: 3 },
    Derived { from: "entry_past", columns: &["key", "chapter", "id", "n", "seq", "until"], keys: 5 },
    Derived { from: "chapter", columns: &["key", "seq", "closed"], keys: 1 },
];

/// What is known about people, by whom it is about.
pub(super) const PEOPLE: &str = "SELECT n, email, body, slot FROM personal INDEXED BY personal_subject \
     WHERE n < 4611686018427387904 ORDER BY n";

/// What they are found by besides their addresses.
const POINTERS: &str = "SELECT n - 4611686018427387904, email FROM personal INDEXED BY personal_subject \
     WHERE n >= 4611686018427387904 ORDER BY n";

/// What was noted of people while the records were told.
const NOTES: &str =
    "CREATE TABLE noted(n INTEGER PRIMARY KEY, kind INTEGER, id BLOB, seq INTEGER, hash BLOB)";
const NOTED: &str = "SELECT n, kind, id, seq, hash FROM noted ORDER BY n";

impl Derived {
    pub(super) fn select(&self) -> String {
        let keys = self.columns.iter().take(self.keys).copied().collect::<Vec<_>>();
        format!("SELECT {} FROM {} ORDER BY {}", self.columns.join(", "), self.from, keys.join(", "))
    }

    pub(super) fn table(&self) -> &'static str {
        self.from.split(' ').next().unwrap_or(self.from)
    }

    /// Takes away the row of these keys.
    pub(super) fn delete(&self) -> String {
        let keys = self.columns.iter().take(self.keys).enumerate();
        let keys: Vec<String> = keys.map(|(at, column)| format!("{column} IS ?{}", at + 1)).collect();
        format!("DELETE FROM {} WHERE {}", self.table(), keys.join(" AND "))
    }

    /// Puts a row in the place of whatever has its keys.
    pub(super) fn put(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len()).map(|at| format!("?{at}")).collect();
        let (table, columns) = (self.table(), self.columns.join(", "));
        format!("INSERT OR REPLACE INTO {table}({columns}) VALUES ({})", places.join(", "))
    }

    /// What of a row these take.
    pub(super) fn values<'r>(&self, row: &'r Row<'_>, keys_only: bool) -> Result<Vec<ToSqlOutput<'r>>> {
        let columns = if keys_only { self.keys } else { self.columns.len() };
        (0..columns).map(|at| Ok(ToSqlOutput::Borrowed(row.get_ref(at)?))).collect()
    }

    /// How a row differs, in words, with the names of what has a number.
    fn told(&self, differs: &Differs<'_>, name: &dyn Fn(i64) -> Result<String>) -> Result<String> {
        let (what, row) = match differs {
            Differs::More(stored) => ("has a row that no record leads to".to_owned(), stored),
            Differs::Less(told) => ("lacks a row that the records lead to".to_owned(), told),
            Differs::Other(told, column) => (format!("has another {column} than the records lead to"), told),
        };
        Ok(format!("table {} {what}: {}", self.table(), self.named(row, name)?))
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
            // Text by text: what a reader would pass over is seen, too.
            if stored.get_ref(at)? != told.get_ref(at)? {
                return Ok(Some(column));
            }
        }
        Ok(None)
    }

    /// Which row it is, without what it holds.
    fn named(&self, row: &Row<'_>, name: &dyn Fn(i64) -> Result<String>) -> Result<String> {
        let mut words = Vec::new();
        for (at, &column) in self.columns.iter().enumerate() {
            if at < self.keys || matches!(column, "request") {
                words.push(match (column, row.get_ref(at)?) {
                    ("n", ValueRef::Integer(n)) => name(n)?,
                    ("key", ValueRef::Blob([index, key @ ..])) => {
                        let index = name_of_index((*index).into());
                        format!("{index}, key {}", Key::from_bytes(key.to_vec()).hex())
                    }
                    ("seq", ValueRef::Integer(seq)) => format!("record {seq}"),
                    ("request", ValueRef::Null) => continue,
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
        db.execute_batch(NOTES)?;
        Ok(Self { stored, told: Conn::new(db) })
    }

    /// Goes over a table, here and there, in the order of its keys, and says of each row that
    /// differs how, until that is enough.
    pub(super) fn walk(
        &self,
        table: &Derived,
        each: &mut dyn FnMut(&Differs<'_>) -> Result<Enough>,
    ) -> Result<()> {
        let sql = table.select();
        let (mut stored, mut told) = (self.stored.db.prepare(&sql)?, self.told.db.prepare(&sql)?);
        let (mut stored, mut told) = (stored.query([])?, told.query([])?);
        stored.advance()?;
        told.advance()?;
        loop {
            let order = match (stored.get(), told.get()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(stored), Some(told)) => table.order(stored, told)?,
            };
            let differs = match (order, stored.get(), told.get()) {
                (Ordering::Less, Some(stored), _) => Some(Differs::More(stored)),
                (Ordering::Greater, _, Some(told)) => Some(Differs::Less(told)),
                (_, Some(stored), Some(told)) => {
                    table.differs(stored, told)?.map(|column| Differs::Other(told, column))
                }
                _ => None,
            };
            if let Some(differs) = &differs
                && each(differs)?
            {
                return Ok(());
            }
            if order != Ordering::Greater {
                stored.advance()?;
            }
            if order != Ordering::Less {
                told.advance()?;
            }
        }
    }

    /// How a row of a table differs, in words.
    pub(super) fn in_words(&self, table: &Derived, differs: &Differs<'_>) -> Result<String> {
        let told = !matches!(differs, Differs::More(_));
        table.told(differs, &|n| {
            Ok(match self.name(n, told)? {
                Some((kind, id)) => format!("{} {id}, number {n}", kind.name()),
                None => format!("number {n}"),
            })
        })
    }

    /// What has a number: as it is told, or else as it is stored, or the other way round.
    fn name(&self, n: i64, told: bool) -> Result<Option<(Kind, Uuid)>> {
        let (first, then) = if told { (&self.told, self.stored) } else { (self.stored, &self.told) };
        match first.named(n) {
            Ok(Some(named)) => Ok(Some(named)),
            _ => then.named(n),
        }
    }

    /// What is known about one subject after the other.
    fn held(&self, rows: &mut rusqlite::Rows<'_>) -> Result<Option<Held>> {
        let Some(row) = rows.next()? else { return Ok(None) };
        // What is no text at all becomes another than was written, and is told to be one.
        let text = String::from_utf8_lossy(bytes(row, 2)?);
        let text = Some(text.trim_end_matches(' ')).filter(|text| !text.is_empty()).map(str::to_owned);
        let n = row.get(0)?;
        Ok(Some(Held { n, of: self.name(n, true)?, email: bytes(row, 1)?.to_vec(), text, slot: row.get(3)? }))
    }

    /// Every piece of personal data that is found by another address than its own: where it is, and
    /// what it is to be found by.
    pub(super) fn misaddressed(&self, each: &mut dyn FnMut(i64, [u8; 3]) -> Result<()>) -> Result<()> {
        let mut all = self.stored.db.prepare(PEOPLE)?;
        let mut rows = all.query([])?;
        while let Some(held) = self.held(&mut rows)? {
            if let Some(due) = held.due_email().filter(|due| held.email != due) {
                each(held.slot, due)?;
            }
        }
        Ok(())
    }

    /// Everybody who is found by other keys than those of the ids that other systems know them by,
    /// and what these are.
    pub(super) fn mispointed(&self, each: &mut Mispointed<'_>) -> Result<()> {
        let (mut all, mut keys) = (self.stored.db.prepare(PEOPLE)?, self.stored.db.prepare(POINTERS)?);
        let (mut all, mut keys) = (all.query([])?, keys.query([])?);
        let mut key = || -> Result<Option<(i64, Vec<u8>)>> {
            let Some(row) = keys.next()? else { return Ok(None) };
            Ok(Some((row.get(0)?, bytes(row, 1)?.to_vec())))
        };
        let (mut held, mut next) = (self.held(&mut all)?, key()?);
        loop {
            let first = held.iter().map(|held| held.n).chain(next.iter().map(|(n, _)| *n)).min();
            let Some(n) = first else { return Ok(()) };
            let (mut due, mut found) = (BTreeSet::new(), Vec::new());
            while let Some(one) = held.as_ref().filter(|held| held.n == n) {
                due.extend(one.due_pointers());
                held = self.held(&mut all)?;
            }
            while let Some((_, one)) = next.take_if(|(of, _)| *of == n) {
                found.extend(Some(one).filter(|one| *one != NO_EMAIL));
                next = key()?;
            }
            found.sort();
            if !found.iter().map(Vec::as_slice).eq(due.iter().map(<[u8; 3]>::as_slice)) && each(n, &due)? {
                return Ok(());
            }
        }
    }

    /// What is known about people stands once for each, is of somebody of whom the records speak,
    /// is what they commit to, and is found by its address.
    fn people(&self, everybody: bool, tell: &mut dyn FnMut(String) -> Enough) -> Result<()> {
        let (mut all, mut noted) = (self.stored.db.prepare(PEOPLE)?, self.told.db.prepare(NOTED)?);
        let (mut all, mut noted) = (all.query([])?, noted.query([])?);
        let (mut held, mut said) = (self.held(&mut all)?, Said::next(&mut noted)?);
        let mut before = None;
        loop {
            let order = match (&held, &said) {
                (None, None) => return Ok(()),
                (Some(held), Some(said)) => held.n.cmp(&said.n),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            };
            let mut flaws = Vec::new();
            if let Some(held) = held.as_ref().filter(|_| order != Ordering::Greater) {
                let (slot, n) = (held.slot, held.n);
                let whose = match held.of {
                    Some((kind, id)) => format!("{} {id}", kind.name()),
                    None => format!("number {n}"),
                };
                let mut flaw =
                    |what: &str| flaws.push(format!("table personal, slot {slot}, {whose}: {what}"));
                match held.due_email() {
                    None if everybody => flaw("it is not readable"),
                    Some(due) if everybody && held.email != due => flaw(MISADDRESSED),
                    _ => {}
                }
                let another = before == Some(n);
                let blank = held.text.is_none() && n < 0;
                if another && !blank {
                    flaw("there is another of theirs");
                } else if everybody && order == Ordering::Less && !blank {
                    flaw("no record speaks of them");
                }
                before = Some(n).filter(|_| order == Ordering::Equal || another);
            }
            if let Some(said) = said.as_ref().filter(|_| order != Ordering::Less) {
                let text = held.as_ref().filter(|_| order == Ordering::Equal);
                let text = text.and_then(|held| held.text.as_deref());
                let (of, id) = said.of;
                let mut flaw =
                    |what: &str| flaws.push(format!("personal data of {} {id} {what}", name_of_kind(of)));
                if let Some(differs) = said.known.differs(said.subject()?, said.seq, text) {
                    flaw(&differs);
                }
                // Every user is known by an address.
                let unsaid = of == i64::from(Kind::User.number()) && said.known == Vouched::Unsaid;
                if unsaid
                    && text.is_none()
                    && View::load(&self.told, Kind::User, id).map_err(StoreError::from)?.is_some()
                {
                    flaw("is missing, which nobody erased");
                }
            }
            if flaws.into_iter().any(&mut *tell) {
                return Ok(());
            }
            if order != Ordering::Greater {
                held = self.held(&mut all)?;
            }
            if order != Ordering::Less {
                said = Said::next(&mut noted)?;
            }
        }
    }

    fn cursors(&self) -> Result<Option<String>> {
        let beyond = "SELECT consumer FROM cursor WHERE seq NOT BETWEEN 0 AND ?1 LIMIT 1";
        let mut beyond = self.stored.db.prepare(beyond)?;
        let mut rows = beyond.query([signed(self.stored.head()?.seq)])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let consumer: String = row.get(0)?;
        Ok(Some(format!("table cursor says of `{consumer}` that it is beyond the journal")))
    }

    fn first_difference(&self, table: usize) -> Result<Option<String>> {
        let Some(table) = DERIVED.get(table) else { return self.cursors() };
        let mut first = None;
        self.walk(table, &mut |differs| {
            first = Some(self.in_words(table, differs)?);
            Ok(true)
        })?;
        Ok(first)
    }
}

/// What is kept of one subject.
struct Held {
    /// Its number, and what has that.
    n: i64,
    of: Option<(Kind, Uuid)>,
    email: Vec<u8>,
    text: Option<String>,
    slot: i64,
}

impl Held {
    /// What its address would be found by; nothing, where it cannot be read.
    fn due_email(&self) -> Option<[u8; 3]> {
        let held = self.text.as_deref().map_or(Ok(None), |text| personal(text.as_bytes())).ok()?;
        let user = self.of.is_some_and(|(kind, _)| kind == Kind::User);
        let email = held.as_ref().and_then(|held| held.email.as_ref()).filter(|_| user);
        Some(email.map_or(NO_EMAIL, email_key))
    }

    /// What they would be found by besides.
    fn due_pointers(&self) -> BTreeSet<[u8; 3]> {
        let held = self.text.as_deref().and_then(|text| personal(text.as_bytes()).ok().flatten());
        let user = self.of.is_some_and(|(kind, _)| kind == Kind::User);
        held.filter(|_| user).map(|held| external_keys(&held)).unwrap_or_default()
    }
}

/// What was noted of one subject.
struct Said {
    n: i64,
    of: (i64, Uuid),
    seq: u64,
    known: Vouched,
}

impl Said {
    fn next(rows: &mut rusqlite::Rows<'_>) -> Result<Option<Self>> {
        let Some(row) = rows.next()? else { return Ok(None) };
        let known = match row.get_ref(4)? {
            ValueRef::Null => Vouched::Unsaid,
            _ => match <[u8; 32]>::try_from(bytes(row, 4)?) {
                Ok(hash) => Vouched::Committed(Hash::from_bytes(hash)),
                Err(_) => Vouched::Erased,
            },
        };
        let seq: i64 = row.get(3)?;
        Ok(Some(Self { n: row.get(0)?, of: (row.get(1)?, id(row, 2)?), seq: seq.cast_unsigned(), known }))
    }

    fn subject(&self) -> Result<Subject> {
        let (of, id) = self.of;
        match Kind::ALL.iter().find(|kind| i64::from(kind.number()) == of) {
            Some(Kind::User) => Ok(Subject::User(UserId::from_uuid(id))),
            Some(Kind::Tenant) => Ok(Subject::Tenant(TenantId::from_uuid(id))),
            _ => Err(damaged("a subject is neither a user nor a tenant")),
        }
    }
}

impl Retelling for Retold<'_> {
    fn view(&self) -> &dyn View {
        &self.told
    }

    fn note(&mut self, seq: u64, subject: Subject, known: Vouched) -> std::result::Result<(), StoreError> {
        let hash = match &known {
            Vouched::Committed(hash) => Some(hash.bytes().as_slice()),
            Vouched::Erased => Some([].as_slice()),
            Vouched::Unsaid => None,
        };
        let note = "INSERT OR REPLACE INTO noted VALUES (?1, ?2, ?3, ?4, ?5)";
        let (kind, id) = (subject_kind(subject), subject.uuid());
        let n = match (self.told.number(kind, id)?, self.stored.number(kind, id)?) {
            // From a record that was verified before, nothing is told.
            (None, Some(n)) => n,
            (Some(n), _) => n,
            // Whoever has no number has no data: after all that have one.
            (None, None) => i64::MAX - i64::from(id.as_fields().0),
        };
        self.told.execute(note, (n, kind.number(), id.as_bytes(), signed(seq), hash))?;
        Ok(())
    }

    fn misremembered(
        &self,
        everybody: bool,
        tell: &mut dyn FnMut(String) -> Enough,
    ) -> std::result::Result<(), StoreError> {
        let mut enough = false;
        self.people(everybody, &mut |flaw| {
            enough = tell(flaw);
            enough
        })?;
        if everybody && !enough {
            self.mispointed(&mut |n, _| {
                let whose = match self.name(n, true)? {
                    Some((kind, id)) => format!("{} {id}", kind.name()),
                    None => format!("number {n}"),
                };
                Ok(tell(format!("table personal, {whose}: {MISPOINTED}")))
            })?;
        }
        Ok(())
    }

    fn append(&mut self, records: Vec<NewRecord>) -> std::result::Result<(), StoreError> {
        append(&self.told, &records)?;
        Ok(())
    }

    fn tables(&self) -> usize {
        DERIVED.len() + 1
    }

    fn difference(&self, table: usize) -> std::result::Result<Option<String>, StoreError> {
        Ok(self.first_difference(table)?)
    }

    fn lost(&self) -> std::result::Result<u64, StoreError> {
        let count = || -> Result<i64> {
            let count = "SELECT count(*) FROM record WHERE fingerprint = ?1";
            Ok(self.stored.db.query_row(count, [LOST.bytes()], |row| row.get(0))?)
        };
        Ok(count()?.cast_unsigned())
    }
}
