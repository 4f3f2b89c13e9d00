//! What is in the file: the tables, the views that people read, and the way from older formats.
//! Never touches a file by itself.

use rusqlite::Connection;
use uuid::Uuid;

use crate::model::Stage;
use crate::view::Kind;

/// Marks the file as ours: `tnry` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x746e_7279;

/// The format that this library writes, kept as the file's `user_version`.
pub(super) const FORMAT: i32 = 1;

/// The least format that a library must know to read what this one writes.
pub(super) const MIN_READER: i32 = 1;

/// The least format that a library must know to write to what this one wrote.
pub(super) const MIN_WRITER: i32 = 1;

/// A step from a format to the next.
pub(super) struct Migration {
    /// The format it starts from.
    pub(super) from: i32,
    /// What it does, within the one transaction of the whole way.
    pub(super) run: fn(&Connection) -> rusqlite::Result<()>,
}

/// Every step there is, in order.
pub(super) const MIGRATIONS: &[Migration] = &[];

/// The tables.
///
/// Three things about them are not obvious.
///
/// *Nothing personal ever moves within the file.* SQLite's `secure_delete` wipes what is deleted,
/// but not the copies that a page keeps of rows which moved to its neighbour. So `personal` and
/// `receipt` only grow at their end and are otherwise overwritten in place at the same length:
/// texts are padded with blanks, what is erased becomes blanks and zeros, and addresses are found
/// by three bytes of a hash, too short to tell whose it was. The salts to which records commit
/// stand within the texts and fingerprints, and go with them.
///
/// *The past of an index key is kept in chapters*, so that reading it costs no more the longer it
/// grows. When as many entries of a key were closed as are still there (and at least [`CHAPTER`]),
/// the chapter ends: the entries still there are closed into it, and go on in the next from its
/// first record. A reading as of a record looks into one chapter.
///
/// *An entity's row follows from its kind and id* ([`row`]), so that it is found by one search and
/// needs no index of ids.
pub(super) const TABLES: &str = "
CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE record(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE record_about(
  kind INTEGER, id BLOB, seq INTEGER, PRIMARY KEY(kind, id, seq)) WITHOUT ROWID, STRICT;
CREATE TABLE receipt(
  seq INTEGER PRIMARY KEY, request BLOB NOT NULL UNIQUE, fingerprint BLOB NOT NULL) STRICT;
CREATE TABLE cursor(consumer TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE entity(
  row INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id BLOB NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE entity_past(
  kind INTEGER NOT NULL, id BLOB NOT NULL, seq INTEGER NOT NULL, until INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(kind, id, seq)) STRICT;
CREATE TABLE entry(
  idx INTEGER, key BLOB, id BLOB, kind INTEGER, seq INTEGER NOT NULL, row INTEGER NOT NULL,
  PRIMARY KEY(idx, key, id, kind)) WITHOUT ROWID, STRICT;
CREATE TABLE entry_past(
  idx INTEGER, key BLOB, chapter INTEGER, id BLOB, kind INTEGER, seq INTEGER, until INTEGER NOT NULL,
  PRIMARY KEY(idx, key, chapter, id, kind, seq)) WITHOUT ROWID, STRICT;
CREATE TABLE chapter(
  idx INTEGER, key BLOB, seq INTEGER NOT NULL, closed INTEGER NOT NULL, PRIMARY KEY(idx, key)) WITHOUT ROWID, STRICT;

CREATE TABLE personal(
  slot INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id BLOB NOT NULL, email BLOB NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX personal_subject ON personal(kind, id);
CREATE INDEX personal_email ON personal(email);
";

/// The least number of closed entries that makes a chapter of an index key's past.
pub(super) const CHAPTER: i64 = 16;

/// In how many rows from the first on an entity may stand, where those before have others in them.
pub(super) const ROWS: i64 = 4096;

/// The first row that an entity may stand in: its kind, then about when its id was made if that
/// tells (UUIDv7), so that what is made together stands together, then a hash of the whole id.
///
/// By chance, two of the same four seconds share it once in four billion pairs; the later one then
/// stands in the next row.
pub(super) fn row(kind: Kind, id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    let moment = (high >> 28) & 0xff_ffff;
    let mixed = (high ^ low.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    first_row(kind.number()) | (moment << 32 | mixed >> 32).cast_signed()
}

/// The first and the last row that an entity of a kind may stand in.
pub(super) fn rows(kind: Kind) -> (i64, i64) {
    (first_row(kind.number()), first_row(kind.number() + 1) - 1 + ROWS)
}

/// The first of all rows of a kind.
fn first_row(kind: u8) -> i64 {
    i64::from(kind) << 56
}

/// The views for people: one per kind of entity, with ids as texts.
pub(super) fn views() -> String {
    let mut views = String::new();
    let mut view = |name: &str, kind: Kind, columns: &[&str]| {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| match column.split_once(" = ") {
                Some((name, expression)) => format!("{expression} AS {name}"),
                None => format!("json_extract(body, '$.{column}') AS {column}"),
            })
            .collect();
        let (number, rows) = (kind.number(), first_row(kind.number()));
        views += &format!(
            "CREATE VIEW {name} AS SELECT {}, seq AS revision FROM entity \
             WHERE row >= {rows} AND row < {} AND kind = {number};\n",
            columns.join(", "),
            first_row(number + 1)
        );
    };
    let statuses: String = Stage::ALL
        .iter()
        .map(|stage| format!(" WHEN '{}' THEN '{}'", stage.name(), stage.status()))
        .collect();
    let status = format!("status = CASE json_extract(body, '$.stage'){statuses} END");
    const STATE: &str = "state = json_extract(body, '$.handshake.state')";
    const ASKED: &str = "asked = json_extract(body, '$.handshake.asked')";
    const EXPIRES: &str = "expires = json_extract(body, '$.handshake.expires')";
    view(
        "tenants",
        Kind::Tenant,
        &["id", "number", "kind", "name", "country", "website", "prefix", "operation", "since", "deleted"],
    );
    view(
        "links",
        Kind::Link,
        &[
            "id",
            "manager",
            "managed",
            "management",
            "services",
            "grants",
            "stage",
            &status,
            "delink_expires",
            "delink_ends",
            "since",
            "expires = json_extract(body, '$.term.expires')",
            "ended = json_extract(body, '$.ended.at')",
            "cause = json_extract(body, '$.ended.cause')",
        ],
    );
    view(
        "link_requests",
        Kind::LinkRequest,
        &["id", "manager", "managed", "management", "services", STATE, ASKED, EXPIRES],
    );
    view(
        "proposals",
        Kind::Proposal,
        &["id", "link", "manager", "managed", "content", STATE, ASKED, EXPIRES],
    );
    view("manager_invitations", Kind::ManagerInvitation, &["id", "tenant", "manager", STATE, ASKED, EXPIRES]);
    view("barred_managers", Kind::BarredManager, &["tenant", "manager", "since"]);
    let personal = |field: &str| {
        let (kind, name) = (Kind::User.number(), field);
        format!(
            "{name} = (SELECT json_extract(p.body, '$.{field}') FROM personal p \
             WHERE p.kind = {kind} AND p.id = entity.id AND trim(p.body) <> '')"
        )
    };
    view("users", Kind::User, &["id", "home", "state", &personal("name"), &personal("email"), "since"]);
    view(
        "invitations",
        Kind::Invitation,
        &["id", "user", "tenant", "role", "below", "sign_up", STATE, ASKED, EXPIRES],
    );
    view("assignments", Kind::Assignment, &["user", "tenant", "role", "below"]);
    view("roles", Kind::Role, &["id", "tenant", "name", "permissions"]);
    views
        + "CREATE VIEW journal AS SELECT seq, json_extract(body, '$.at') AS at, json_extract(body, '$.command') AS command, \
           json_extract(body, '$.actor') AS actor, json_extract(body, '$.request') AS request, \
           json_extract(body, '$.events') AS events, lower(hex(hash)) AS hash FROM record;\n"
}
