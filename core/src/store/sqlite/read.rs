//! Reading: point reads and scans of the present and the past, with statements that are held and
//! never planned twice.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Row};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::columns;
use super::fault::{Result, SqliteFault, damaged};
use super::meta::{rules, said_perhaps};
use super::named::Schema;
use super::pack::{Beside, unpack};
use crate::base::ids::{RequestId, TenantId, UserId};
use crate::base::text::{Email, ExternalId, System};
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
    /// How it reads records.
    records: &'static str,
    /// In which of its files the store is, where the connection is the host's.
    schema: Option<Schema>,
}

/// Where the journal ends, and the record that put the policy in force: what every check asks
/// first.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) head: Head,
    pub(super) policy: Option<i64>,
}

/// A number as SQLite keeps it; no journal comes near the end of them.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn number(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| damaged("a revision is negative"))
}

pub(super) fn bytes<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8]> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(bytes),
        _ => Err(damaged("a number stands where bytes should")),
    }
}

pub(super) fn text(row: &Row<'_>, column: usize) -> Result<String> {
    let bytes = bytes(row, column)?.to_vec();
    String::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> Result<Uuid> {
    Uuid::from_slice(bytes(row, column)?).map_err(|_| damaged("an id is not of 16 bytes"))
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> Result<Hash> {
    let bytes = bytes(row, column)?.try_into().map_err(|_| damaged("a hash is not of 32 bytes"))?;
    Ok(Hash::from_bytes(bytes))
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> Result<Kind> {
    let number: i64 = row.get(column)?;
    let found = Kind::ALL.iter().find(|kind| i64::from(kind.number()) == number);
    found.copied().ok_or_else(|| damaged("a kind of entity is unknown"))
}

/// The entity of which a row has the columns from this one on.
pub(super) fn decode(kind: Kind, id: Uuid, row: &Row<'_>, first: usize) -> Result<Any> {
    columns::read(kind, id, row, first)
        .map_err(|_| damaged(format!("the {} {id} is not readable", kind.name())))
}

/// A record of which a row begins with number, hash, moment, request and body.
fn stored_record(row: &Row<'_>) -> Result<StoredRecord> {
    let seq = number(row, 0)?;
    let held = bytes(row, 4)?;
    let unpacked = match row.get_ref(4)? {
        ValueRef::Blob(packed) => {
            let request = if row.get_ref(3)? == ValueRef::Null { None } else { id(row, 3).ok() };
            unpack(packed, &Beside { seq: signed(seq), at: row.get(2)?, request })
        }
        _ => None,
    };
    // What is no text is not the one that was hashed either.
    let text = unpacked.unwrap_or_else(|| String::from_utf8_lossy(held).into_owned());
    Ok(StoredRecord { seq, hash: hash(row, 1)?, text })
}

/// A key as it is stored: the number of its index comes first.
pub(super) fn stored_key(index: Index, key: &Key) -> Vec<u8> {
    [&[index.number()], key.as_bytes()].concat()
}

/// A key of this index as it was before it was stored.
fn key_of(index: Index, stored: &[u8]) -> Result<Key> {
    match stored.split_first() {
        Some((number, key)) if *number == index.number() => Ok(Key::from_bytes(key.to_vec())),
        _ => Err(disordered(index)),
    }
}

/// What kind of entity a subject is.
pub(super) const fn subject_kind(subject: Subject) -> Kind {
    match subject {
        Subject::User(_) => Kind::User,
        Subject::Tenant(_) => Kind::Tenant,
    }
}

/// What a user is found by instead of the address: too little to tell the address by.
pub(super) fn email_key(email: &Email) -> [u8; 3] {
    let [a, b, c, ..]: [u8; 32] = Sha256::digest(email.as_str().as_bytes()).into();
    [a, b, c]
}

/// What a user is found by instead of an id of another system that an organisation keeps: too
/// little to tell the id by, too.
pub(super) fn external_key(keeper: TenantId, system: &System, id: &ExternalId) -> [u8; 3] {
    let mut hash = Sha256::new_with_prefix(keeper.uuid().as_bytes());
    hash.update(system.as_str().as_bytes());
    hash.update([0]);
    hash.update(id.as_str().as_bytes());
    let [a, b, c, ..]: [u8; 32] = hash.finalize().into();
    if [a, b, c] == NO_EMAIL { [0, 0, 1] } else { [a, b, c] }
}

/// All keys of that kind by which somebody is found.
pub(super) fn external_keys(known: &Personal) -> BTreeSet<[u8; 3]> {
    known.external.iter().map(|it| external_key(it.keeper, &it.system, &it.id)).collect()
}

/// What is added to somebody's number in the rows by which they are found besides their address.
pub(super) const POINTER: i64 = 1 << 62;

/// What stands in place of the key of an address where there is none.
pub(super) const NO_EMAIL: [u8; 3] = [0; 3];

macro_rules! of_entity {
    ($columns:literal) => {
        concat!("SELECT ", $columns, " FROM entity WHERE id = ?1 AND kind = ?2")
    };
}
macro_rules! fields {
    () => {
        "a, b, c, d, e, f, g, h, rest"
    };
}
pub(super) const GET: &str =
    concat!("SELECT seq, ", fields!(), " FROM entity WHERE id = ?1 AND kind = ?2 AND seq IS NOT NULL");
pub(super) const GET_ROW: &str =
    concat!("SELECT n, seq, ", fields!(), " FROM entity WHERE id = ?1 AND kind = ?2");
const NUMBER: &str = of_entity!("n");
const NAME: &str = "SELECT kind, id FROM entity WHERE n = ?1";
pub(super) const EVERY: &str =
    concat!("SELECT id, seq, ", fields!(), " FROM entity WHERE kind = ?1 AND seq IS NOT NULL ORDER BY n");
const HEAD: &str =
    concat!("SELECT seq, hash, at, (", of_entity!("seq"), ") FROM record ORDER BY seq DESC LIMIT 1");
pub(super) const GET_PAST: &str = concat!(
    "SELECT seq, until, ",
    fields!(),
    " FROM entity_past WHERE n = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1"
);
pub(super) const PERSONAL: &str = "SELECT p.body FROM entity e CROSS JOIN personal p ON p.n = e.n \
     WHERE e.id = ?1 AND e.kind = ?2";
pub(super) const ADDRESSED: &str = "SELECT e.id, p.body FROM personal p CROSS JOIN entity e ON e.n = p.n \
     WHERE p.email = ?1 AND e.kind = ?2";
pub(super) const KNOWN_AS: &str = "SELECT e.id, p.body FROM personal k \
     CROSS JOIN entity e ON e.n = k.n - 4611686018427387904 CROSS JOIN personal p ON p.n = e.n \
     WHERE k.email = ?1 AND k.n > 4611686018427387904 AND e.kind = ?2";
const RECORDS: &str = "SELECT seq, hash, at, request, body FROM record WHERE seq > ?1 ORDER BY seq LIMIT +?2";
/// The same of format 1.
const FIRST_RECORDS: &str =
    "SELECT seq, hash, at, NULL, body FROM record WHERE seq > ?1 ORDER BY seq LIMIT +?2";
const RECORDS_ABOUT: &str = "SELECT r.seq, r.hash, r.at, r.request, r.body \
     FROM record_about o CROSS JOIN record r ON r.seq = o.seq \
     WHERE o.n = ?1 AND o.seq > ?2 ORDER BY o.seq LIMIT +?3";
// A bare variable as a limit would have a statement planned anew for each value, where the host's
// connection is not told otherwise: hence the sign.
//
// Keys alone bound a scan, and what is left of one key is read by itself: to compare keys and ids
// together costs more in every row than the rest of the row.
macro_rules! scan {
    ($within:literal, $order:literal) => {
        concat!(
            "SELECT e.key, e.id, n.kind, n.seq, n.a, n.b, n.c, n.d, n.e, n.f, n.g, n.h, n.rest \
             FROM entry e CROSS JOIN entity n ON n.n = e.n WHERE ",
            $within,
            " ORDER BY e.key",
            $order,
            ", e.id",
            $order,
            ", e.n",
            $order,
            " LIMIT +?3"
        )
    };
}
macro_rules! members {
    ($order:literal) => {
        concat!(
            "SELECT id, n FROM entry WHERE key = ?1 AND id > ?2 AND id < ?3 AND seq <= ?4 \
             UNION ALL SELECT id, n FROM entry_past WHERE key = ?1 \
             AND chapter = (SELECT max(chapter) FROM entry_past WHERE key = ?1 AND chapter <= ?4) \
             AND id > ?2 AND id < ?3 AND seq <= ?4 AND until > ?4 ORDER BY 1",
            $order,
            ", 2",
            $order,
            " LIMIT +?5"
        )
    };
}
macro_rules! beside {
    ($nearest:literal, $within:literal) => {
        concat!(
            "SELECT ",
            $nearest,
            "(key) FROM (SELECT ",
            $nearest,
            "(key) AS key FROM entry WHERE ",
            $within,
            " UNION ALL SELECT ",
            $nearest,
            "(key) FROM entry_past WHERE ",
            $within,
            ")"
        )
    };
}
pub(super) const SCAN: &str = scan!("e.key >= ?1 AND e.key < ?2", "");
pub(super) const SCAN_BACK: &str = scan!("e.key >= ?1 AND e.key < ?2", " DESC");
pub(super) const SCAN_KEY: &str = scan!("e.key = ?1 AND e.id > ?2", "");
pub(super) const SCAN_KEY_BACK: &str = scan!("e.key = ?1 AND e.id < ?2", " DESC");
pub(super) const MEMBERS: &str = members!("");
pub(super) const MEMBERS_BACK: &str = members!(" DESC");
// Within one index: the first byte of a key is its number.
pub(super) const NEXT_KEY: &str = beside!("min", "key > ?1 AND key < ?2");
pub(super) const KEY_BEFORE: &str = beside!("max", "key < ?1 AND key >= ?2");

// What comes before every id, and what comes after every one.
const BEFORE_IDS: &[u8] = &[];
const AFTER_IDS: &[u8] = &[u8::MAX; 17];

impl Conn {
    pub(super) fn new(db: Connection) -> Self {
        Self { db, policies: RefCell::default(), seen: Cell::default(), records: RECORDS, schema: None }
    }

    /// One to a file of this format, of which only records and the head are read if it is an older
    /// one.
    pub(super) fn of_format(db: Connection, format: i32) -> Self {
        let records = if format == 1 { FIRST_RECORDS } else { RECORDS };
        Self { records, ..Self::new(db) }
    }

    /// One of the host's, to a file of which the store is in this schema.
    pub(super) fn in_schema(db: Connection, schema: Schema) -> Self {
        Self { schema: Some(schema), ..Self::new(db) }
    }

    pub(super) const fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// A statement, which is planned once.
    pub(super) fn prepare(&self, sql: &'static str) -> rusqlite::Result<CachedStatement<'_>> {
        match &self.schema {
            Some(schema) => self.db.prepare_cached(&schema.named(sql)),
            None => self.db.prepare_cached(sql),
        }
    }

    /// Begins a transaction.
    pub(super) fn begin(&self, how: &str) -> rusqlite::Result<()> {
        self.forget_seen();
        self.run(how)
    }

    pub(super) fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.raw_execute().map(drop)
    }

    pub(super) fn execute(&self, sql: &'static str, params: impl rusqlite::Params) -> Result<usize> {
        Ok(self.prepare(sql)?.execute(params)?)
    }

    /// The number of something, if it has one.
    pub(super) fn number(&self, kind: Kind, id: Uuid) -> Result<Option<i64>> {
        let mut find = self.prepare(NUMBER)?;
        let mut rows = find.query((id.as_bytes(), kind.number()))?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }

    /// What has a number, if anything has.
    pub(super) fn named(&self, n: i64) -> Result<Option<(Kind, Uuid)>> {
        let mut find = self.prepare(NAME)?;
        let mut rows = find.query([n])?;
        rows.next()?.map(|row| Ok((kind(row, 0)?, id(row, 1)?))).transpose()
    }

    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>> {
        if kind == Kind::PolicyVersion
            && id.is_nil()
            && let Some(policy) = self.see()?.and_then(|seen| self.policy(id, seen.policy?))
        {
            return Ok(Some(policy));
        }
        let mut get = self.prepare(GET)?;
        let mut rows = get.query((id.as_bytes(), kind.number()))?;
        rows.next()?.map(|row| self.entity((kind, id), row, 0, 1)).transpose()
    }

    fn load_as_of(&self, kind: Kind, id: Uuid, seq: i64) -> Result<Option<Any>> {
        let mut get = self.prepare(GET_ROW)?;
        let mut rows = get.query((id.as_bytes(), kind.number()))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        if row.get::<_, Option<i64>>(1)?.is_some_and(|since| since <= seq) {
            return self.entity((kind, id), row, 1, 2).map(Some);
        }
        let mut get = self.prepare(GET_PAST)?;
        let mut rows = get.query((row.get::<_, i64>(0)?, seq))?;
        match rows.next()? {
            Some(row) if row.get::<_, i64>(1)? > seq => self.entity((kind, id), row, 0, 2).map(Some),
            _ => Ok(None),
        }
    }

    /// The entity in a row, from the record in this column and the fields from that one on.
    fn entity(&self, (kind, id): (Kind, Uuid), row: &Row<'_>, seq: usize, first: usize) -> Result<Any> {
        if kind != Kind::PolicyVersion {
            return decode(kind, id, row, first);
        }
        let seq = row.get(seq)?;
        if let Some(policy) = self.policy(id, seq) {
            return Ok(policy);
        }
        let policy = decode(kind, id, row, first)?;
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
        let mut low = stored_key(span.index, &span.low);
        let mut high = stored_key(span.index, &span.high);
        if let Some((key, id)) = &span.after {
            let (key, id) = (stored_key(span.index, key), id.as_bytes().as_slice());
            if low <= key && key < high {
                let rest = if span.backwards { SCAN_KEY_BACK } else { SCAN_KEY };
                let within =
                    |held: &[u8], one: &[u8]| held == key && (one > id) != span.backwards && one != id;
                self.collect(rest, span.index, (&key, id), at_most, &within, &mut found)?;
            }
            if span.backwards {
                high = high.min(key);
            } else {
                // The least key that is greater.
                low = low.max([key.as_slice(), &[0]].concat());
            }
        }
        if found.len() < at_most {
            let all = if span.backwards { SCAN_BACK } else { SCAN };
            let within = |held: &[u8], _: &[u8]| low.as_slice() <= held && held < high.as_slice();
            self.collect(all, span.index, (&low, &high), at_most - found.len(), &within, &mut found)?;
        }
        Ok(found)
    }

    /// Collects what a scan finds within these bounds. Whoever reads on from what was found gets
    /// ahead by that, so what lies outside of them is damage, even where SQLite sees none.
    fn collect(
        &self,
        sql: &'static str,
        index: Index,
        (from, to): (&[u8], &[u8]),
        at_most: usize,
        within: &dyn Fn(&[u8], &[u8]) -> bool,
        found: &mut Vec<Found>,
    ) -> Result<()> {
        let mut scan = self.prepare(sql)?;
        let mut rows = scan.query((from, to, limit(at_most)))?;
        while let Some(row) = rows.next()? {
            let key = bytes(row, 0)?;
            if !within(key, bytes(row, 1)?) {
                return Err(disordered(index));
            }
            let id = id(row, 1)?;
            let entity = self.entity((kind(row, 2)?, id), row, 3, 4)?;
            found.push(Found { key: key_of(index, key)?, id, entity });
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
            for (id, n) in self.members(span, &key, after.take(), seq, at_most - found.len())? {
                let named = self.named(n)?.filter(|named| named.1 == id);
                let (kind, _) = named.ok_or_else(|| damaged(format!("{id} has not the number {n}")))?;
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
        let (probe, end) = match span.backwards {
            true => (KEY_BEFORE, [span.index.number()]),
            false => (NEXT_KEY, [span.index.number().saturating_add(1)]),
        };
        let mut probe = self.prepare(probe)?;
        let key = stored_key(span.index, key);
        let mut rows = probe.query((&key, end))?;
        Ok(match rows.next()? {
            Some(row) if row.get_ref(0)? != ValueRef::Null => {
                let beside = bytes(row, 0)?;
                if (beside > key.as_slice()) == span.backwards || beside == key {
                    return Err(disordered(span.index));
                }
                Some(key_of(span.index, beside)?)
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
    ) -> Result<Vec<(Uuid, i64)>> {
        let (mut low, mut high) = (BEFORE_IDS, AFTER_IDS);
        if let Some(id) = &after {
            *(if span.backwards { &mut high } else { &mut low }) = id.as_bytes();
        }
        let mut members = self.prepare(if span.backwards { MEMBERS_BACK } else { MEMBERS })?;
        let mut rows = members.query((stored_key(span.index, key), low, high, seq, limit(at_most)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let member = id(row, 0)?;
            if member.as_bytes().as_slice() <= low || high <= member.as_bytes().as_slice() {
                return Err(disordered(span.index));
            }
            found.push((member, row.get(1)?));
        }
        Ok(found)
    }

    /// Visits every entity of a kind in the order of their numbers: the table is read as it lies.
    fn every(&self, kind: Kind, visit: &mut dyn FnMut(Any)) -> Result<()> {
        let mut all = self.prepare(EVERY)?;
        let mut rows = all.query([kind.number()])?;
        while let Some(row) = rows.next()? {
            visit(self.entity((kind, id(row, 0)?), row, 1, 2)?);
        }
        Ok(())
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>> {
        let mut get = self.prepare(PERSONAL)?;
        let mut rows = get.query((subject.uuid().as_bytes(), subject_kind(subject).number()))?;
        rows.next()?.map_or(Ok(None), |row| personal(bytes(row, 0)?))
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>> {
        let mut get = self.prepare(ADDRESSED)?;
        let mut rows = get.query((email_key(email), Kind::User.number()))?;
        let mut users = Vec::new();
        while let Some(row) = rows.next()? {
            if personal(bytes(row, 1)?)?.is_some_and(|personal| personal.email.as_ref() == Some(email)) {
                users.push(UserId::from_uuid(id(row, 0)?));
            }
        }
        users.sort();
        Ok(users)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>> {
        let mut get = self.prepare(KNOWN_AS)?;
        let mut rows = get.query((external_key(keeper, system, id), Kind::User.number()))?;
        let mut users = Vec::new();
        while let Some(row) = rows.next()? {
            let known = personal(bytes(row, 1)?)?.unwrap_or_default().external;
            if known.iter().any(|it| it.keeper == keeper && it.system == *system && it.id == *id) {
                users.push(UserId::from_uuid(self::id(row, 0)?));
            }
        }
        users.sort();
        Ok(users)
    }

    pub(super) fn entities(&self) -> Result<u64> {
        self.prepare("SELECT count(*) FROM entity WHERE seq IS NOT NULL")?
            .query_row([], |row| Ok(number(row, 0)))?
    }

    pub(super) fn head(&self) -> Result<Head> {
        Ok(self.see()?.map_or(Head::EMPTY, |seen| seen.head))
    }

    /// What there is to see, if there is a record. Read once in a transaction, until it writes.
    pub(super) fn see(&self) -> Result<Option<Seen>> {
        if let Some(seen) = self.seen.get() {
            return Ok(Some(seen));
        }
        let mut last = self.prepare(HEAD)?;
        let mut rows = last.query((Uuid::nil().as_bytes(), Kind::PolicyVersion.number()))?;
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
        let mut get = self.prepare(self.records)?;
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
        let Some(n) = self.number(subject_kind(about), about.uuid())? else { return Ok(Vec::new()) };
        let mut get = self.prepare(RECORDS_ABOUT)?;
        let rows = get.query((n, signed(seq), limit(at_most)))?;
        collect(rows, seq)
    }

    pub(super) fn receipt(&self, request: RequestId) -> Result<Option<StoredReceipt>> {
        let mut get = self.prepare("SELECT seq, fingerprint FROM record WHERE request = ?1")?;
        let mut rows = get.query([request.uuid().as_bytes()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        // What is forgotten was overwritten with zeros. Where there is none, somebody took it away.
        let held = if row.get_ref(1)? == ValueRef::Null { None } else { Some(hash(row, 1)?) };
        let fingerprint = held.filter(|hash| *hash != Hash::GENESIS && *hash != LOST);
        Ok(Some(StoredReceipt { seq: number(row, 0)?, fingerprint }))
    }

    pub(super) fn cursor(&self, consumer: &str) -> Result<u64> {
        let mut get = self.prepare("SELECT seq FROM cursor WHERE consumer = ?1")?;
        let mut rows = get.query([consumer])?;
        rows.next()?.map_or(Ok(0), |row| number(row, 0))
    }

    /// The rules under which everything derived was made.
    pub(super) fn rules(&self) -> Result<u32> {
        rules(&self.db)
    }

    /// How often a rebuild has put something right.
    pub(super) fn rebuilds(&self) -> Result<u64> {
        Ok(said_perhaps::<u32>(&self.db, "rebuilds")?.map_or(0, u64::from))
    }

    /// The last record of which both an entity and what records are about speak.
    pub(super) fn told(&self) -> Result<u64> {
        let sql = "SELECT min(coalesce((SELECT max(seq) FROM entity), 0), coalesce((SELECT max(seq) FROM record_about), 0))";
        let mut told = self.prepare(sql)?;
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

    fn known_as(
        &self,
        keeper: TenantId,
        system: &System,
        id: &ExternalId,
    ) -> std::result::Result<Vec<UserId>, ViewError> {
        Ok(self.known_as(keeper, system, id)?)
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

    fn known_as(
        &self,
        keeper: TenantId,
        system: &System,
        id: &ExternalId,
    ) -> std::result::Result<Vec<UserId>, ViewError> {
        Ok(self.conn.known_as(keeper, system, id)?)
    }
}
