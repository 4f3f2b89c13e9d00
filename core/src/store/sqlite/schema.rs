//! What is in the file: the tables and the views that people read.
//! Never touches a file by itself.

use super::columns::{Shown, layout};
use super::pack::{id, moment, unpacked};
use crate::model::Stage;
use crate::view::Kind;

/// Marks the file as ours: `tnry` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x746e_7279;

/// The format that this library writes, kept as the file's `user_version`.
pub(super) const FORMAT: i32 = 3;

/// The least format that a library must know to read what this one writes: whoever knows nothing of
/// roles for a while takes what lies below one for what decides.
pub(super) const MIN_READER: i32 = 3;

/// The least format that a library must know to write to what this one wrote.
pub(super) const MIN_WRITER: i32 = 3;

/// The tables.
///
/// Five things about them are not obvious.
///
/// *Nothing personal ever moves within the file.* SQLite's `secure_delete` wipes what is deleted,
/// but not the copies that a page keeps of rows which moved to its neighbour. So `personal` and
/// `record`, with the fingerprints of requests, only grow at their end and are otherwise
/// overwritten in place at the same length: texts are padded with blanks, what is erased becomes
/// blanks and zeros, and addresses are found by three bytes of a hash, too short to tell whose it
/// was. The salts to which records commit stand within the texts and fingerprints, and go with
/// them.
///
/// *Whatever there is has a number*, from 2 on in the order in which the records made it (what one
/// record makes, by kind and id), and every other table has that instead of an id. So all tables
/// grow where they were last written to, a bulk import too. The row of what was removed stays,
/// without a revision: a number never stands for anything else. 0 and 1, which SQLite keeps in
/// another length than all others, are nobody's; in `personal` a negative one (`~n`) is that of
/// whoever had a slot and has a longer one now, and one with bit 62 (`n | 1 << 62`) that of whoever
/// is found by another key besides their address: an id of another system.
///
/// *What is frequent in an entity has a column*, and [`LAYOUTS`](super::columns) says which.
///
/// *The text of a record is packed* ([`super::pack`]) by the words that stand in `word`.
///
/// *The past of an index key is kept in chapters*, so that reading it costs no more the longer it
/// grows. When as many entries of a key were closed as are still there (and at least [`CHAPTER`]),
/// the chapter ends: the entries still there are closed into it, and go on in the next from its
/// first record. A reading as of a record looks into one chapter. The first byte of a key is the
/// number of its index.
pub(super) const TABLES: &str = "
CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE cursor(consumer TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE word(code BLOB PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE record(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, request BLOB, fingerprint BLOB, body ANY NOT NULL) STRICT;
CREATE UNIQUE INDEX record_request ON record(request) WHERE request IS NOT NULL;
CREATE TABLE record_about(n INTEGER, seq INTEGER, PRIMARY KEY(n, seq)) WITHOUT ROWID, STRICT;

CREATE TABLE entity(
  n INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id BLOB NOT NULL, seq INTEGER,
  a ANY, b ANY, c ANY, d ANY, e ANY, f ANY, g ANY, h ANY, rest TEXT) STRICT;
CREATE UNIQUE INDEX entity_id ON entity(id, kind);
CREATE TABLE entity_past(
  n INTEGER, seq INTEGER, until INTEGER NOT NULL,
  a ANY, b ANY, c ANY, d ANY, e ANY, f ANY, g ANY, h ANY, rest TEXT, PRIMARY KEY(n, seq)) WITHOUT ROWID, STRICT;
CREATE TABLE entry(
  key BLOB, id BLOB, n INTEGER, seq INTEGER NOT NULL, PRIMARY KEY(key, id, n)) WITHOUT ROWID, STRICT;
CREATE TABLE entry_past(
  key BLOB, chapter INTEGER, id BLOB, n INTEGER, seq INTEGER, until INTEGER NOT NULL,
  PRIMARY KEY(key, chapter, id, n, seq)) WITHOUT ROWID, STRICT;
CREATE TABLE chapter(key BLOB PRIMARY KEY, seq INTEGER NOT NULL, closed INTEGER NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE personal(
  slot INTEGER PRIMARY KEY, n INTEGER NOT NULL, email BLOB NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX personal_subject ON personal(n);
CREATE INDEX personal_email ON personal(email);
";

/// The least number of closed entries that makes a chapter of an index key's past.
pub(super) const CHAPTER: i64 = 16;

/// The number before the first one that something may have.
pub(super) const NUMBERS: i64 = 1;

/// The views for people: one per kind of entity, with ids and moments as texts.
pub(super) fn views() -> String {
    let mut views = String::new();
    let mut view = |name: &str, kind: Kind, columns: &[&str]| {
        let layout = layout(kind);
        // A field, or what is within one: `handshake.state`.
        let shown = |field: &str| {
            let (first, within) = field.split_once('.').unwrap_or((field, ""));
            match layout.column(first) {
                _ if first == "id" || first == layout.id() => id("id"),
                Some((column, _)) if !within.is_empty() => format!("json_extract({column}, '$.{within}')"),
                Some((column, Shown::Id)) => id(column),
                Some((column, Shown::Time)) => moment(column),
                Some((column, Shown::Plain)) => column.to_owned(),
                None => format!("json_extract(rest, '$.{field}')"),
            }
        };
        let columns: Vec<String> = columns
            .iter()
            .map(|column| match column.split_once(" = ") {
                Some((name, expression)) => match expression.strip_prefix('$') {
                    Some(field) => format!("{} AS {name}", shown(field)),
                    None => format!("{expression} AS {name}"),
                },
                None => format!("{} AS {column}", shown(column)),
            })
            .collect();
        views += &format!(
            "CREATE VIEW {name} AS SELECT {}, seq AS revision FROM entity WHERE kind = {} AND seq IS NOT NULL;\n",
            columns.join(", "),
            kind.number()
        );
    };
    let statuses: String = Stage::ALL
        .iter()
        .map(|stage| format!(" WHEN '{}' THEN '{}'", stage.name(), stage.status()))
        .collect();
    let stage = layout(Kind::Link).column("stage").map_or("rest", |(column, _)| column);
    let status = format!("status = CASE {stage}{statuses} END");
    const STATE: &str = "state = $handshake.state";
    const ASKED: &str = "asked = $handshake.asked";
    const EXPIRES: &str = "expires = $handshake.expires";
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
            "expires = $term.expires",
            "ended = $ended.at",
            "cause = $ended.cause",
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
        format!(
            "{field} = (SELECT json_extract(p.body, '$.{field}') FROM personal p \
             WHERE p.n = entity.n AND trim(p.body) <> '')"
        )
    };
    view("users", Kind::User, &["id", "home", "state", &personal("name"), &personal("email"), "since"]);
    view(
        "invitations",
        Kind::Invitation,
        &["id", "user", "tenant", "role", "below", "sign_up", STATE, ASKED, EXPIRES],
    );
    view("assignments", Kind::Assignment, &["user", "tenant", "role", "below", "bare", "laid_over = $over"]);
    view("roles", Kind::Role, &["id", "tenant", "name", "permissions"]);
    view("address_changes", Kind::AddressChange, &["user", "home", STATE, ASKED, EXPIRES]);
    view("moves", Kind::Move, &["id", "link", "manager", "customer", "devices", STATE, ASKED, EXPIRES]);
    view("integrations", Kind::Integration, &["id", "owner", "kind", "name", "deleted"]);
    view("attachments", Kind::Attachment, &["integration", "owner", "tenant"]);
    view("licences", Kind::Licence, &["id", "service", "seats", "used", "tenant", "buyer", "expires"]);
    view("alert_rules", Kind::AlertRule, &["tenant", "category", "audience", "additional"]);
    view("sessions", Kind::Session, &["id", "user", "tenant", "service", "return_to", "opened", "closed"]);
    view("policies", Kind::PolicyVersion, &["terms", "superseded", "policy"]);
    views
        + &format!(
            "CREATE VIEW journal AS SELECT seq, {} AS at, json_extract(body, '$.command') AS command, \
             json_extract(body, '$.actor') AS actor, json_extract(body, '$.request') AS request, \
             json_extract(body, '$.events') AS events, lower(hex(hash)) AS hash \
             FROM (SELECT seq, at, hash, {} AS body FROM record);\n",
            moment("at"),
            unpacked(),
        )
}
