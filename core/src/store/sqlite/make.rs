//! Whether a file is of this library's make: its schema, its header, and what it says of itself.
//! Reads, and mends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::types::Value;
use uuid::Uuid;

use super::fault::{Result, damaged};
use super::file::{newer, pragma};
use super::log::is_marks;
use super::pack::{say_words, words};
use super::schema::{APPLICATION_ID, FORMAT, MIN_READER, MIN_WRITER, TABLES, views};
use crate::journal::RULES;

/// Something in a schema that is not as this library makes it.
struct Strange {
    /// What it is: a table, an index, a view or a trigger.
    kind: String,
    name: String,
    how: How,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Foreign,
    Altered,
    Missing,
}

impl Strange {
    /// Whether what is written would not be what this library writes, or would not stay alone:
    /// views are for people.
    fn matters(&self) -> bool {
        self.kind != "view"
    }

    fn told(&self) -> String {
        let Self { kind, name, how } = self;
        match how {
            How::Foreign => {
                format!("the {kind} `{name}` in its schema is not of tenantry, and hangs on what is")
            }
            How::Altered => format!("the {kind} `{name}` in its schema is not as tenantry makes it"),
            How::Missing => format!("the {kind} `{name}` is missing from its schema"),
        }
    }
}

/// What is strange in a file's schema, and which triggers of the connection's own act on it. Tables
/// and views of others, and what hangs on these, are the host's own.
fn strange(db: &Connection, schema: &str) -> Result<Vec<Strange>> {
    let texts = [TABLES, &views()].concat();
    let mut ours: BTreeMap<(String, String), &str> = BTreeMap::new();
    for text in texts.split(";\n").map(str::trim).filter(|text| !text.is_empty()) {
        let mut words = text.split([' ', '(']).skip(1).filter(|word| *word != "UNIQUE");
        if let (Some(kind), Some(name)) = (words.next(), words.next()) {
            ours.insert((kind.to_lowercase(), name.to_owned()), text);
        }
    }
    let names: BTreeSet<String> = ours.keys().map(|(_, name)| name.to_lowercase()).collect();
    let mut found = Vec::new();
    // What has no text is made with a table that has one.
    let mut held = db.prepare(&format!(
        "SELECT type, name, sql, tbl_name FROM {schema}.sqlite_schema WHERE sql IS NOT NULL \
         UNION ALL SELECT type, name, sql, tbl_name FROM sqlite_temp_schema WHERE type = 'trigger'"
    ))?;
    let mut rows = held.query([])?;
    while let Some(row) = rows.next()? {
        let (place, text): ((String, String), String) = ((row.get(0)?, row.get(1)?), row.get(2)?);
        let how = match ours.remove(&place) {
            Some(ours) if ours == text => continue,
            Some(_) => How::Altered,
            None if !names.contains(&row.get::<_, String>(3)?.to_lowercase()) => continue,
            None => How::Foreign,
        };
        let (kind, name) = place;
        found.push(Strange { kind, name, how });
    }
    found.extend(ours.into_keys().map(|(kind, name)| Strange { kind, name, how: How::Missing }));
    Ok(found)
}

/// Makes the views of a file anew where they are not as this library makes them; what it has made.
pub(super) fn mend_views(db: &Connection) -> Result<Vec<String>> {
    let strange = strange(db, "main")?;
    let mut made = Vec::new();
    for strange in strange.iter().filter(|it| it.kind == "view" && it.how != How::Foreign) {
        let name = &strange.name;
        let ours = views();
        let create = ours.lines().find(|line| line.starts_with(&format!("CREATE VIEW {name} ")));
        if let Some(create) = create {
            db.execute_batch(&format!("DROP VIEW IF EXISTS {name}; {create}"))?;
            made.push(strange.told());
        }
    }
    Ok(made)
}

/// What a file says of itself, as this library says it.
pub(super) fn mend_said(db: &Connection) -> Result<()> {
    let mut set = db.prepare("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
    set.execute(("rules", RULES))?;
    // When it was made, nobody knows any more; that it is said to have been is what is wanted.
    db.execute_batch("INSERT OR IGNORE INTO meta VALUES ('created', strftime('%Y-%m-%dT%H:%M:%fZ'))")?;
    if pragma(db, "user_version")? == FORMAT {
        say_words(db)?;
        for (name, value) in [("min_reader", MIN_READER), ("min_writer", MIN_WRITER), ("format", FORMAT)] {
            set.execute((name, value))?;
        }
    }
    Ok(())
}

/// Whether the words in a file are those that this library knows.
fn has_words(db: &Connection) -> Result<bool> {
    let mut held = db.prepare("SELECT code, text FROM word ORDER BY code")?;
    let held: Vec<(Vec<u8>, String)> =
        held.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut ours: Vec<_> = words().map(|(code, word)| (code, word.to_owned())).collect();
    ours.sort();
    Ok(held == ours)
}

/// Refuses to write to a file in which something of somebody else's would act on what is written,
/// or something of ours is not what it was.
pub(super) fn admit_schema(db: &Connection, schema: &str) -> Result<()> {
    // What else is in the schema of a newer format, this library does not know; a format with
    // triggers is none that it may write to.
    let newer = pragma(db, &format!("{schema}.user_version"))? > FORMAT;
    match strange(db, schema)?.iter().find(|it| if newer { it.kind == "trigger" } else { it.matters() }) {
        Some(strange) => Err(damaged(strange.told())),
        None => Ok(()),
    }
}

/// What of a file is not of this library's make, whatever its records say.
pub(super) fn foreign(db: &Connection) -> Result<Option<String>> {
    if pragma(db, "application_id")? != APPLICATION_ID {
        return Ok(Some("its header does not say that it is a tenantry store".to_owned()));
    }
    let format = pragma(db, "user_version")?;
    let said = said(db)?;
    let number = |name: &str| said.get(name).map(|value| value == &Value::Integer(format.into()));
    if number("format") != Some(true) {
        return Ok(Some(format!("its header says format {format}, and its table `meta` does not")));
    }
    if format > FORMAT {
        // What a newer library made, a newer one can tell.
        return Err(newer(&db.path().map(PathBuf::from).unwrap_or_default(), format));
    }
    if format != FORMAT {
        return Ok(Some(format!("its format {format} is unknown")));
    }
    if let Some(strange) = strange(db, "main")?.first() {
        return Ok(Some(strange.told()));
    }
    let is = |name: &str, value: &Value| match (name, value) {
        ("epoch", Value::Text(text)) => Uuid::parse_str(text).is_ok(),
        ("min_reader", Value::Integer(held)) => *held == i64::from(MIN_READER),
        ("min_writer", Value::Integer(held)) => *held == i64::from(MIN_WRITER),
        ("format" | "wipe" | "rules" | "rebuilds", Value::Integer(held)) => *held >= 0,
        ("log", Value::Text(text)) => is_marks(text),
        ("created" | "backup", Value::Text(_)) => true,
        _ => false,
    };
    if let Some((name, _)) = said.iter().find(|(name, value)| !is(name, value)) {
        return Ok(Some(format!("its table `meta` does not say of `{name}` what tenantry says there")));
    }
    const SAID: [&str; 7] = ["epoch", "min_reader", "min_writer", "format", "created", "wipe", "log"];
    if let Some(name) = SAID.iter().find(|name| !said.contains_key(**name)) {
        return Ok(Some(format!("its table `meta` says nothing of `{name}`")));
    }
    if !has_words(db)? {
        return Ok(Some("its table `word` does not say what tenantry says there".to_owned()));
    }
    check_integrity(db)?;
    Ok(None)
}

/// What a file says of itself.
fn said(db: &Connection) -> Result<BTreeMap<String, Value>> {
    let mut all = db.prepare("SELECT name, value FROM meta")?;
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Has SQLite look at the whole file.
///
/// # Errors
/// `Damaged` when something does not fit together.
pub(super) fn check_integrity(db: &Connection) -> Result<()> {
    let told = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match told?.as_str() {
        "ok" => Ok(()),
        told => Err(damaged(told)),
    }
}
