//! Whether a log belongs to the file beside it. SQLite takes any log for the file's own: one that
//! was left beside a file which somebody put there makes a mixture of both.
//!
//! So every commit leaves a mark in the file, and beside it the mark of the commit before
//! ([`mark`]). What is in the file itself, without its log, then bears a mark that its log knows:
//! that of some commit in the log, or of the last before them. A log that has marks and not this
//! one is of another file, or of the same file at another time.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Result};
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

/// How many bytes a mark has.
const MARK: usize = 16;

/// A commit's mark is changed by this, with the new one.
pub(super) const SET_MARK: &str =
    "UPDATE meta SET value = ?1 || ' ' || substr(value, 1, 16) WHERE name = 'log'";

/// A mark like no other.
pub(super) fn mark() -> String {
    format!("{:016x}", Uuid::new_v4().as_u64_pair().0)
}

/// What a new file says: a mark, and that there was none before.
pub(super) fn first() -> String {
    format!("{} {:016x}", mark(), 0)
}

/// Whether a text says a mark and the one before.
pub(super) fn is_marks(text: &str) -> bool {
    let is_mark = |mark: &str| mark.len() == MARK && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_once(' ').is_some_and(|(last, before)| is_mark(last) && is_mark(before))
}

/// Whether a log belongs to a file, which is read without it; also where that cannot be told.
pub(super) fn belongs(db: &Connection, log: &Path) -> bool {
    let page = db.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'meta'", [], |row| row.get(0));
    let mark = db.query_row("SELECT value FROM meta WHERE name = 'log'", [], |row| row.get::<_, String>(0));
    // What cannot be read is damaged, or was cut short while the log was written to its place.
    let (Ok(page), Ok(mark)) = (page, mark) else { return true };
    let Some(mark) = mark.as_bytes().get(..MARK) else { return true };
    // What others wrote alone has no marks.
    knows(log, page, mark).unwrap_or(None).unwrap_or(true)
}

/// Whether the commits in a log know a mark, which is on that page; nothing, where none has the
/// page.
fn knows(log: &Path, page: u32, mark: &[u8]) -> Result<Option<bool>> {
    let mut log = match File::open(log) {
        Ok(file) => BufReader::with_capacity(1 << 18, file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = [0; 32];
    if !fill(&mut log, &mut header)? {
        return Ok(None);
    }
    let [magic, _, size, _, salt, salt_too, sum, sum_too] = words(&header, u32::from_be_bytes);
    let order = match magic {
        0x377f_0682 => u32::from_le_bytes,
        0x377f_0683 => u32::from_be_bytes,
        _ => return Ok(None),
    };
    if add((0, 0), &header[..24], order) != (sum, sum_too) || !matches!(size, 512..=65536) {
        return Ok(None);
    }
    let mut so_far = (sum, sum_too);
    let mut frame = [0; 24];
    let mut content = vec![0; size as usize];
    let (mut known, mut pending) = (None, None);
    // What a commit wrote counts from its last frame on; what does not add up was never written.
    while fill(&mut log, &mut frame)? && fill(&mut log, &mut content)? {
        let [number, pages, its_salt, its_salt_too, sum, sum_too] = words(&frame, u32::from_be_bytes);
        so_far = add(add(so_far, &frame[..8], order), &content, order);
        if (its_salt, its_salt_too) != (salt, salt_too) || so_far != (sum, sum_too) {
            break;
        }
        if number == page {
            let here = content.windows(mark.len()).any(|window| window == mark);
            pending = Some(here || pending == Some(true));
        }
        if pages > 0 {
            known = pending.or(known);
            if known == Some(true) {
                break;
            }
        }
    }
    Ok(known)
}

/// Fills all of it, unless the log ends before.
fn fill(log: &mut impl Read, into: &mut [u8]) -> Result<bool> {
    match log.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn words<const N: usize>(bytes: &[u8], order: fn([u8; 4]) -> u32) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = order(*bytes);
    }
    words
}

/// The checksum of a log after these bytes, too.
fn add((mut one, mut other): (u32, u32), bytes: &[u8], order: fn([u8; 4]) -> u32) -> (u32, u32) {
    for pair in bytes.as_chunks::<8>().0 {
        let [first, second] = words(pair, order);
        one = one.wrapping_add(first).wrapping_add(other);
        other = other.wrapping_add(second).wrapping_add(one);
    }
    (one, other)
}
