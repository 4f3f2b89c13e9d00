//! Reading: point reads and scans of the present and the past, with statements that are held and
//! never planned twice.

use std::cell::{Cell, RefCell};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::fault::{Result, SqliteFault, damaged};
use super::schema;
use crate::base::ids::{RequestId, UserId};
use crate::base::text::Email;
use crate::base::time::Timestamp;
use crate::journal::{Hash, Head};
use crate::model::{Personal, Subject};
use crate::store::{LOST, StoreError, StoredReceipt, StoredRecord};
use crate::view::{Any, Found, Index, Key, Kind, Span, View, ViewError};

/// How many policies of different revisions a connection keeps decoded.
const POLICIES: usize = 4;

/// A connection and what it remembers.
pub(super) struct Conn {
    pub(super) db: Connection,
    // By the record that put it in force. Every check needs one, and decoding it costs more than
    // all else in a check.
    policies: RefCell<Vec<(Uuid, i64, Any)>>,
    // Invariant: what this connection's transaction sees, or nothing.
    seen: Cell<Option<Seen>>,
}

/// Where the journal ends, and the record that put the policy in force: what every check asks
/// first.
#[derive(Clone, Copy)]
struct Seen {
    head: Head,
    policy: Option<i64>,
}

/// A number as SQLite keeps it; no journal comes near the end of them.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn number(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| damaged("a revision is negative"))
}

pub(super) fn bytes<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8]> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(bytes),
        _ => Err(damaged("a number stands where bytes should")),
    }
}

fn text(row: &Row<'_>, column: usize) -> Result<String> {
    let bytes = bytes(row, column)?.to_vec();
    String::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> Result<Uuid> {
    Uuid::from_slice(bytes(row, column)?).map_err(|_| damaged("an id is not of 16 bytes"))
}

fn hash(row: &Row<'_>, column: usize) -> Result<Hash> {
    let bytes = bytes(row, column)?.try_into().map_err(|_| damaged("a hash is not of 32 bytes"))?;
    Ok(Hash::from_bytes(bytes))
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> Result<Kind> {
    let number: i64 = row.get(column)?;
    let found = Kind::ALL.iter().find(|kind| i64::from(kind.number()) == number);
    found.copied().ok_or_else(|| damaged("a kind of entity is unknown"))
}

pub(super) fn decode(kind: Kind, body: &[u8]) -> Result<Any> {
    Any::decode(kind, body).map_err(|error| {
        damaged(format!("a {} is not readable at column {} of its text", kind.name(), error.column()))
    })
}

fn stored_record(row: &Row<'_>) -> Result<StoredRecord> {
    Ok(StoredRecord { seq: number(row, 0)?, hash: hash(row, 1)?, text: text(row, 2)? })
}

/// The number under which personal data of such a subject is kept.
pub(super) fn subject_kind(subject: Subject) -> u8 {
    match subject {
        Subject::User(_) => Kind::User.number(),
        Subject::Tenant(_) => Kind::Tenant.number(),
    }
}

/// What a user is found by instead of the address: too little to tell the address by.
pub(super) fn email_key(email: &Email) -> [u8; 3] {
    let [a, b, c, ..]: [u8; 32] = Sha256::digest(email.as_str().as_bytes()).into();
    [a, b, c]
}

/// What stands in place of the key of an address where there is none.
pub(super) const NO_EMAIL: [u8; 3] = [0; 3];

macro_rules! of_entity {
    ($columns:literal) => {
        // As many rows as `ROWS`.
        concat!(
            "SELECT ",
            $columns,
            " FROM entity WHERE row >= ?3 AND row < ?3 + 4096 AND kind = ?1 AND id = ?2 LIMIT 1"
        )
    };
}
pub(super) const GET: &str = of_entity!("seq, body");
pub(super) const GET_ROW: &str = of_entity!("row, body");
pub(super) const EVERY: &str =
    "SELECT id, seq, body FROM entity WHERE row >= ?2 AND row <= ?3 AND kind = ?1 ORDER BY row";
const HEAD: &str =
    concat!("SELECT seq, hash, at, (", of_entity!("seq"), ") FROM record ORDER BY seq DESC LIMIT 1");
pub(super) const GET_PAST: &str = "SELECT seq, until, body FROM entity_past \
     WHERE kind = ?1 AND id = ?2 AND seq <= ?3 ORDER BY seq DESC LIMIT 1";
// Keys alone bound a scan, and what is left of one key is read by itself: to compare keys and ids
// together costs more in every row than the rest of the row.
macro_rules! scan {
    ($within:literal, $order:literal) => {
        concat!(
            "SELECT e.key, e.kind, n.seq, n.body, e.id FROM entry e CROSS JOIN entity n ON n.row = e.row \
             WHERE e.idx = ?1 AND ",
            $within,
            " ORDER BY e.key",
            $order,
            ", e.id",
            $order,
            ", e.kind",
            $order,
            " LIMIT ?4"
        )
    };
}
macro_rules! members {
    ($order:literal) => {
        concat!(
            "SELECT id, kind FROM entry WHERE idx = ?1 AND key = ?2 AND id > ?3 AND id < ?4 AND seq <= ?5 \
             UNION ALL SELECT id, kind FROM entry_past WHERE idx = ?1 AND key = ?2 \
             AND chapter = (SELECT max(chapter) FROM entry_past WHERE idx = ?1 AND key = ?2 AND chapter <= ?5) \
             AND id > ?3 AND id < ?4 AND seq <= ?5 AND until > ?5 ORDER BY 1",
            $order,
            ", 2",
            $order,
            " LIMIT ?6"
        )
    };
}
macro_rules! beside {
    ($nearest:literal, $beyond:literal) => {
        concat!(
            "SELECT ",
            $nearest,
            "(key) FROM (SELECT ",
            $nearest,
            "(key) AS key FROM entry WHERE idx = ?1 AND key ",
            $beyond,
            " ?2 UNION ALL SELECT ",
            $nearest,
            "(key) FROM entry_past WHERE idx = ?1 AND key ",
            $beyond,
            " ?2)"
        )
    };
}
pub(super) const SCAN: &str = scan!("e.key >= ?2 AND e.key < ?3", "");
pub(super) const SCAN_BACK: &str = scan!("e.key >= ?2 AND e.key < ?3", " DESC");
pub(super) const SCAN_KEY: &str = scan!("e.key = ?2 AND e.id > ?3", "");
pub(super) const SCAN_KEY_BACK: &str = scan!("e.key = ?2 AND e.id < ?3", " DESC");
pub(super) const MEMBERS: &str = members!("");
pub(super) const MEMBERS_BACK: &str = members!(" DESC");
pub(super) const NEXT_KEY: &str = beside!("min", ">");
pub(super) const KEY_BEFORE: &str = beside!("max", "<");

// What comes before every id, and what comes after every one.
const BEFORE_IDS: &[u8] = &[];
const AFTER_IDS: &[u8] = &[u8::MAX; 17];

impl Conn {
    pub(super) fn new(db: Connection) -> Self {
        Self { db, policies: RefCell::default(), seen: Cell::default() }
    }

    /// Begins a transaction.
    pub(super) fn begin(&self, how: &str) -> rusqlite::Result<()> {
        self.forget_seen();
        self.run(how)
    }

    pub(super) fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.raw_execute().map(drop)
    }

    pub(super) fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        Ok(self.db.prepare_cached(sql)?.execute(params)?)
    }

    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>> {
        if kind == Kind::PolicyVersion
            && id.is_nil()
            && let Some(policy) = self.see()?.and_then(|seen| self.policy(id, seen.policy?))
        {
            return Ok(Some(policy));
        }
        let mut get = self.db.prepare_cached(GET)?;
        let mut rows = get.query((kind.number(), id.as_bytes(), schema::row(kind, id)))?;
        rows.next()?.map(|row| self.entity((kind, id), row, 0, 1)).transpose()
    }

    fn load_as_of(&self, kind: Kind, id: Uuid, seq: i64) -> Result<Option<Any>> {
        let mut get = self.db.prepare_cached(GET)?;
        let mut rows = get.query((kind.number(), id.as_bytes(), schema::row(kind, id)))?;
        if let Some(row) = rows.next()?
            && row.get::<_, i64>(0)? <= seq
        {
            return self.entity((kind, id), row, 0, 1).map(Some);
        }
        let mut get = self.db.prepare_cached(GET_PAST)?;
        let mut rows = get.query((kind.number(), id.as_bytes(), seq))?;
        match rows.next()? {
            Some(row) if row.get::<_, i64>(1)? > seq => self.entity((kind, id), row, 0, 2).map(Some),
            _ => Ok(None),
        }
    }

    /// The entity in a row, from the record and the text in these columns.
    fn entity(&self, (kind, id): (Kind, Uuid), row: &Row<'_>, seq: usize, body: usize) -> Result<Any> {
        if kind != Kind::PolicyVersion {
            return decode(kind, bytes(row, body)?);
        }
        let seq = row.get(seq)?;
        if let Some(policy) = self.policy(id, seq) {
            return Ok(policy);
        }
        let policy = decode(kind, bytes(row, body)?)?;
        let mut policies = self.policies.borrow_mut();
        policies.insert(0, (id, seq, policy.clone()));
        policies.truncate(POLICIES);
        Ok(policy)
    }

    fn policy(&self, id: Uuid, seq: i64) -> Option<Any> {
        let policies = self.policies.borrow();
        policies.iter().find(|known| (known.0, known.1) == (id, seq)).map(|(_, _, policy)| policy.clone())
    }

    fn scan(&self, span: &Span, at_most: usize) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        let (mut low, mut high) = (span.low.as_bytes().to_vec(), span.high.as_bytes());
        if let Some((key, id)) = &span.after {
            let (key, id) = (key.as_bytes(), id.as_bytes().as_slice());
            if low.as_slice() <= key && key < high {
                let rest = if span.backwards { SCAN_KEY_BACK } else { SCAN_KEY };
                let within =
                    |held: &[u8], one: &[u8]| held == key && (one > id) != span.backwards && one != id;
                self.collect(rest, span.index, (key, id), at_most, &within, &mut found)?;
            }
            if span.backwards {
                high = high.min(key);
            } else {
                // The least key that is greater.
                low = low.max([key, &[0]].concat());
            }
        }
        if found.len() < at_most {
            let all = if span.backwards { SCAN_BACK } else { SCAN };
            let within = |held: &[u8], _: &[u8]| low.as_slice() <= held && held < high;
            self.collect(all, span.index, (&low, high), at_most - found.len(), &within, &mut found)?;
        }
        Ok(found)
    }

    /// Collects what a scan finds within these bounds. Whoever reads on from what was found gets
    /// ahead by that, so what lies outside of them is damage, even where SQLite sees none.
    fn collect(
        &self,
        sql: &str,
        index: Index,
        (from, to): (&[u8], &[u8]),
        at_most: usize,
        within: &dyn Fn(&[u8], &[u8]) -> bool,
        found: &mut Vec<Found>,
    ) -> Result<()> {
        let mut scan = self.db.prepare_cached(sql)?;
        let mut rows = scan.query((index.number(), from, to, limit(at_most)))?;
        while let Some(row) = rows.next()? {
            let key = bytes(row, 0)?;
            if !within(key, bytes(row, 4)?) {
                return Err(disordered(index));
            }
            let id = id(row, 4)?;
            let entity = self.entity((kind(row, 1)?, id), row, 2, 3)?;
            found.push(Found { key: Key::from_bytes(key.to_vec()), id, entity });
        }
        Ok(())
    }

    /// Scans key by key: one chapter of each key's past, joined with what is there since.
    fn scan_as_of(&self, span: &Span, at_most: usize, seq: i64) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        let (mut next, mut after) = match &span.after {
            Some((key, id)) => (Some(key.clone()), Some(*id)),
            None if span.backwards => (self.key_beside(span, &span.high)?, None),
            None => (Some(span.low.clone()), None),
        };
        while let Some(key) = next
            && span.low <= key
            && key < span.high
            && found.len() < at_most
        {
            for (id, kind) in self.members(span, &key, after.take(), seq, at_most - found.len())? {
                let entity = self.load_as_of(kind, id, seq)?;
                let entity = entity.ok_or_else(|| damaged(format!("{} {id} is missing", kind.name())))?;
                found.push(Found { key: key.clone(), id, entity });
            }
            next = self.key_beside(span, &key)?;
        }
        Ok(found)
    }

    /// The key that comes next, now or once, the way a span is read.
    fn key_beside(&self, span: &Span, key: &Key) -> Result<Option<Key>> {
        let mut probe = self.db.prepare_cached(if span.backwards { KEY_BEFORE } else { NEXT_KEY })?;
        let mut rows = probe.query((span.index.number(), key.as_bytes()))?;
        Ok(match rows.next()? {
            Some(row) if row.get_ref(0)? != ValueRef::Null => {
                let beside = bytes(row, 0)?;
                if (beside > key.as_bytes()) == span.backwards || beside == key.as_bytes() {
                    return Err(disordered(span.index));
                }
                Some(Key::from_bytes(beside.to_vec()))
            }
            _ => None,
        })
    }

    /// What was under a key as of a record, after an id.
    fn members(
        &self,
        span: &Span,
        key: &Key,
        after: Option<Uuid>,
        seq: i64,
        at_most: usize,
    ) -> Result<Vec<(Uuid, Kind)>> {
        let (mut low, mut high) = (BEFORE_IDS, AFTER_IDS);
        if let Some(id) = &after {
            *(if span.backwards { &mut high } else { &mut low }) = id.as_bytes();
        }
        let mut members = self.db.prepare_cached(if span.backwards { MEMBERS_BACK } else { MEMBERS })?;
        let mut rows =
            members.query((span.index.number(), key.as_bytes(), low, high, seq, limit(at_most)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let member = id(row, 0)?;
            if member.as_bytes().as_slice() <= low || high <= member.as_bytes().as_slice() {
                return Err(disordered(span.index));
            }
            found.push((member, kind(row, 1)?));
        }
        Ok(found)
    }

    /// Visits every entity of a kind in the order of their rows, which are together.
    fn every(&self, kind: Kind, visit: &mut dyn FnMut(Any)) -> Result<()> {
        let mut all = self.db.prepare_cached(EVERY)?;
        let (first, last) = schema::rows(kind);
        let mut rows = all.query((kind.number(), first, last))?;
        while let Some(row) = rows.next()? {
            visit(self.entity((kind, id(row, 0)?), row, 1, 2)?);
        }
        Ok(())
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>> {
        let mut get = self.db.prepare_cached("SELECT body FROM personal WHERE kind = ?1 AND id = ?2")?;
        let mut rows = get.query((subject_kind(subject), subject.uuid().as_bytes()))?;
        rows.next()?.map_or(Ok(None), |row| personal(bytes(row, 0)?))
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>> {
        let mut get = self.db.prepare_cached("SELECT kind, id, body FROM personal WHERE email = ?1")?;
        let mut rows = get.query([email_key(email)])?;
        let mut users = Vec::new();
        while let Some(row) = rows.next()? {
            if kind(row, 0)? == Kind::User
                && personal(bytes(row, 2)?)?.is_some_and(|personal| personal.email.as_ref() == Some(email))
            {
                users.push(UserId::from_uuid(id(row, 1)?));
            }
        }
        users.sort();
        Ok(users)
    }

    pub(super) fn entities(&self) -> Result<u64> {
        self.db.prepare_cached("SELECT count(*) FROM entity")?.query_row([], |row| Ok(number(row, 0)))?
    }

    pub(super) fn head(&self) -> Result<Head> {
        Ok(self.see()?.map_or(Head::EMPTY, |seen| seen.head))
    }

    /// What there is to see, if there is a record. Read once in a transaction, until it writes.
    fn see(&self) -> Result<Option<Seen>> {
        if let Some(seen) = self.seen.get() {
            return Ok(Some(seen));
        }
        let mut last = self.db.prepare_cached(HEAD)?;
        let (kind, id) = (Kind::PolicyVersion, Uuid::nil());
        let mut rows = last.query((kind.number(), id.as_bytes(), schema::row(kind, id)))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let at = Timestamp::from_micros(row.get(2)?).ok_or_else(|| damaged("a time is out of range"))?;
        let head = Head { seq: number(row, 0)?, hash: hash(row, 1)?, at: Some(at) };
        let seen = Seen { head, policy: row.get(3)? };
        if !self.db.is_autocommit() {
            self.seen.set(Some(seen));
        }
        Ok(Some(seen))
    }

    /// Forgets the policies that it knows.
    pub(super) fn forget_policies(&self) {
        self.policies.borrow_mut().clear();
    }

    /// Forgets what was seen: it may change.
    pub(super) fn forget_seen(&self) {
        self.seen.take();
    }

    pub(super) fn records_after(&self, seq: u64, at_most: usize) -> Result<Vec<StoredRecord>> {
        let mut get = self
            .db
            .prepare_cached("SELECT seq, hash, body FROM record WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let rows = get.query((signed(seq), limit(at_most)))?;
        collect(rows, seq)
    }

    /// Whether the journal holds this very record.
    pub(super) fn holds(&self, record: &StoredRecord) -> Result<bool> {
        let after = record.seq.saturating_sub(1);
        Ok(self.records_after(after, 1)?.first() == Some(record))
    }

    pub(super) fn records_about(
        &self,
        about: Subject,
        seq: u64,
        at_most: usize,
    ) -> Result<Vec<StoredRecord>> {
        let mut get = self.db.prepare_cached(
            "SELECT r.seq, r.hash, r.body FROM record_about a CROSS JOIN record r ON r.seq = a.seq \
             WHERE a.kind = ?1 AND a.id = ?2 AND a.seq > ?3 ORDER BY a.seq LIMIT ?4",
        )?;
        let rows = get.query((subject_kind(about), about.uuid().as_bytes(), signed(seq), limit(at_most)))?;
        collect(rows, seq)
    }

    pub(super) fn receipt(&self, request: RequestId) -> Result<Option<StoredReceipt>> {
        let mut get = self.db.prepare_cached("SELECT seq, fingerprint FROM receipt WHERE request = ?1")?;
        let mut rows = get.query([request.uuid().as_bytes()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        // What is forgotten was overwritten with zeros.
        let fingerprint = Some(hash(row, 1)?).filter(|hash| *hash != Hash::GENESIS && *hash != LOST);
        Ok(Some(StoredReceipt { seq: number(row, 0)?, fingerprint }))
    }

    pub(super) fn cursor(&self, consumer: &str) -> Result<u64> {
        let mut get = self.db.prepare_cached("SELECT seq FROM cursor WHERE consumer = ?1")?;
        let mut rows = get.query([consumer])?;
        rows.next()?.map_or(Ok(0), |row| number(row, 0))
    }

    /// The rules under which everything derived was made.
    pub(super) fn rules(&self) -> Result<u32> {
        rules(&self.db)
    }

    /// How often a rebuild has put something right.
    pub(super) fn rebuilds(&self) -> Result<u64> {
        let mut said = self.db.prepare_cached("SELECT value FROM meta WHERE name = 'rebuilds'")?;
        let mut rows = said.query([])?;
        rows.next()?.map_or(Ok(0), |row| number(row, 0))
    }

    /// The last record of which both an entity and what records are about speak.
    pub(super) fn told(&self) -> Result<u64> {
        let sql = "SELECT min(coalesce((SELECT max(seq) FROM entity), 0), coalesce((SELECT max(seq) FROM record_about), 0))";
        let mut told = self.db.prepare_cached(sql)?;
        let mut rows = told.query([])?;
        rows.next()?.map_or(Ok(0), |row| number(row, 0))
    }

    /// The world as it was after a record.
    pub(super) fn as_of(&self, seq: u64) -> Result<FilePast<'_>> {
        match self.head()?.seq {
            head if seq > head => Err(SqliteFault(StoreError::UnknownSeq { seq, head })),
            _ => Ok(FilePast { conn: self, seq: signed(seq) }),
        }
    }
}

/// The rules of `apply` that a file says it is under.
pub(super) fn rules(db: &Connection) -> Result<u32> {
    let mut said = db.prepare_cached("SELECT value FROM meta WHERE name = 'rules'")?;
    let mut rows = said.query([])?;
    let Some(row) = rows.next()? else { return Ok(0) };
    u32::try_from(row.get::<_, i64>(0)?).map_err(|_| damaged("the number of its rules is none"))
}

/// Collects records after this one, in order.
fn collect(mut rows: rusqlite::Rows<'_>, mut after: u64) -> Result<Vec<StoredRecord>> {
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let record = stored_record(row)?;
        if record.seq <= after {
            return Err(damaged("the journal is out of order"));
        }
        after = record.seq;
        records.push(record);
    }
    Ok(records)
}

fn disordered(index: Index) -> SqliteFault {
    damaged(format!("index {} is out of order", index.name()))
}

/// What is known about a subject, unless it was erased.
pub(super) fn personal(body: &[u8]) -> Result<Option<Personal>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    // The reason may hold what was stored.
    serde_json::from_slice(body).map(Some).map_err(|_| damaged("the data of a subject is not readable"))
}

impl View for Conn {
    fn load(&self, kind: Kind, id: Uuid) -> std::result::Result<Option<Any>, ViewError> {
        Ok(self.load(kind, id)?)
    }

    fn scan(&self, span: &Span, limit: usize) -> std::result::Result<Vec<Found>, ViewError> {
        Ok(self.scan(span, limit)?)
    }

    fn every(&self, kind: Kind, _: Index, visit: &mut dyn FnMut(Any)) -> std::result::Result<(), ViewError> {
        Ok(self.every(kind, visit)?)
    }

    fn personal(&self, subject: Subject) -> std::result::Result<Option<Personal>, ViewError> {
        Ok(self.personal(subject)?)
    }

    fn addressed(&self, email: &Email) -> std::result::Result<Vec<UserId>, ViewError> {
        Ok(self.addressed(email)?)
    }
}

/// The world as it was after a record; personal data has no past.
pub(super) struct FilePast<'c> {
    conn: &'c Conn,
    seq: i64,
}

impl View for FilePast<'_> {
    fn load(&self, kind: Kind, id: Uuid) -> std::result::Result<Option<Any>, ViewError> {
        Ok(self.conn.load_as_of(kind, id, self.seq)?)
    }

    fn scan(&self, span: &Span, limit: usize) -> std::result::Result<Vec<Found>, ViewError> {
        Ok(self.conn.scan_as_of(span, limit, self.seq)?)
    }

    fn personal(&self, subject: Subject) -> std::result::Result<Option<Personal>, ViewError> {
        Ok(self.conn.personal(subject)?)
    }

    fn addressed(&self, email: &Email) -> std::result::Result<Vec<UserId>, ViewError> {
        Ok(self.conn.addressed(email)?)
    }
}
