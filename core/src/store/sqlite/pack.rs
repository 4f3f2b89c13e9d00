//! A record's text in a quarter of its bytes, without loss: what does not come back as it was is
//! kept as a text.
//!
//! A packed text is a sequence of pieces. A byte of 128 and more is one of the [`SHORT`] words, one
//! of 32 up to 126 is itself, and one below says what follows: a string that is an id, a moment or
//! a hash, in its bytes; one that stands in a column of the same row; an id that came before; a
//! [`LONG`] word; or bytes as they are. The words stand in the file, too, where the view `journal`
//! reads the texts by them.

use std::sync::OnceLock;

use rusqlite::Connection;
use uuid::Uuid;

use super::words::{LONG, SHORT};
use crate::base::time::Timestamp;

/// What stands in the columns beside a record's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) request: Option<Uuid>,
}

/// `"` a UUID `"`, in 16 bytes.
const ID: u8 = 1;
/// `"` a moment `"`, in microseconds, in 8 bytes.
const MOMENT: u8 = 2;
/// `"` a hash `"`, in 32 bytes.
const HASH: u8 = 3;
/// The id of which the bytes begin at this byte of the pieces, counted from 0.
const AGAIN: u8 = 4;
/// So many bytes as they are.
const PLAIN: u8 = 5;
/// `{"seq":`, the record's number and `,`.
const SEQ: u8 = 6;
/// `"` the record's moment `"`.
const AT: u8 = 7;
/// `"` the request's id `"`.
const REQUEST: u8 = 8;
/// A long word.
const WORD: u8 = 15;

/// The first byte that is a short word.
const FIRST_SHORT: u8 = 128;

/// The words, each with the bytes that stand for it.
pub(super) fn words() -> impl Iterator<Item = (Vec<u8>, &'static str)> {
    let short = SHORT.iter().zip(FIRST_SHORT..=u8::MAX).map(|(word, code)| (vec![code], *word));
    short.chain(LONG.iter().zip(0..=u8::MAX).map(|(word, code)| (vec![WORD, code], *word)))
}

/// Writes the words of which the texts of records are made up, for those who read them in SQL.
pub(super) fn say_words(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("DELETE FROM word")?;
    let mut add = db.prepare("INSERT INTO word VALUES (?1, ?2)")?;
    words().try_for_each(|word| add.execute(word).map(drop))
}

/// The words by their first two bytes, the longest first.
struct Lexicon(Vec<(u16, &'static str, Vec<u8>)>);

impl Lexicon {
    fn get() -> &'static Self {
        static LEXICON: OnceLock<Lexicon> = OnceLock::new();
        LEXICON.get_or_init(|| {
            let mut all: Vec<_> = words().map(|(code, word)| (lead(word.as_bytes()), word, code)).collect();
            all.sort_by_key(|(lead, word, _)| (*lead, std::cmp::Reverse(word.len())));
            Self(all)
        })
    }

    /// The longest word that a text begins with.
    fn longest(&self, text: &[u8]) -> Option<(usize, &[u8])> {
        let lead = lead(text);
        let from = self.0.partition_point(|word| word.0 < lead);
        let alike = self.0.get(from..)?.iter().take_while(|word| word.0 == lead);
        let mut found = alike.filter(|(_, word, _)| text.starts_with(word.as_bytes()));
        found.next().map(|(_, word, code)| (word.len(), code.as_slice()))
    }
}

fn lead(text: &[u8]) -> u16 {
    match text {
        [first, second, ..] => u16::from_be_bytes([*first, *second]),
        _ => 0,
    }
}

/// A string of so many signs at the beginning of a text, without its quotation marks.
fn quoted(text: &[u8], signs: usize) -> Option<&str> {
    match (text.first(), text.get(signs + 1)) {
        (Some(b'"'), Some(b'"')) => str::from_utf8(text.get(1..=signs)?).ok(),
        _ => None,
    }
}

/// The bytes that hexadecimal digits stand for; nothing where they are not digits in lower case.
fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digit = |sign: u8| match sign {
        b'0'..=b'9' => Some(sign - b'0'),
        b'a'..=b'f' => Some(sign - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn id_in(text: &[u8]) -> Option<Uuid> {
    let text = quoted(text, 36)?;
    let [b8, b13, b18, b23] = [8, 13, 18, 23].map(|at| text.as_bytes().get(at) == Some(&b'-'));
    if !(b8 && b13 && b18 && b23) || text.bytes().any(|sign| sign.is_ascii_uppercase()) {
        return None;
    }
    Uuid::try_parse(text).ok()
}

fn moment_in(text: &[u8]) -> Option<i64> {
    let text = quoted(text, 27)?;
    let at = Timestamp::parse(text).ok()?;
    text.ends_with('Z').then(|| at.micros())
}

/// A text in fewer bytes; nothing, where it would not come back as it is.
pub(super) fn pack(text: &str, beside: &Beside) -> Option<Vec<u8>> {
    let lexicon = Lexicon::get();
    let mut packed: Vec<u8> = Vec::with_capacity(text.len() / 2);
    let mut ids: Vec<(Uuid, u8)> = Vec::new();
    let mut rest = text.as_bytes();
    if let Some(after) = text.strip_prefix(&head(beside.seq)) {
        packed.push(SEQ);
        rest = after.as_bytes();
    }
    while let Some(&sign) = rest.first() {
        let mut taken = None;
        if sign == b'"' {
            if let Some(id) = id_in(rest) {
                taken = Some(38);
                let before = ids.iter().find(|before| before.0 == id);
                match (before, u8::try_from(packed.len() + 1)) {
                    _ if beside.request == Some(id) => packed.push(REQUEST),
                    (Some((_, at)), _) => packed.extend([AGAIN, *at]),
                    (None, at) => {
                        ids.extend(at.ok().map(|at| (id, at)));
                        packed.push(ID);
                        packed.extend(id.as_bytes());
                    }
                }
            } else if let Some(at) = moment_in(rest) {
                taken = Some(29);
                if at == beside.at {
                    packed.push(AT);
                } else {
                    packed.push(MOMENT);
                    packed.extend(at.to_be_bytes());
                }
            } else if let Some(hash) = quoted(rest, 64).and_then(from_hex::<32>) {
                taken = Some(66);
                packed.push(HASH);
                packed.extend(hash);
            }
        }
        if taken.is_none()
            && matches!(sign, b'"' | b',' | b'{' | b'}' | b':')
            && let Some((length, code)) = lexicon.longest(rest)
        {
            taken = Some(length);
            packed.extend(code);
        }
        let taken = taken.unwrap_or_else(|| {
            if (32..127).contains(&sign) {
                packed.push(sign);
                return 1;
            }
            let strange =
                rest.iter().take(usize::from(u8::MAX)).take_while(|sign| !(32..127).contains(*sign));
            let length = u8::try_from(strange.count()).unwrap_or(1);
            packed.extend([PLAIN, length]);
            packed.extend(rest.iter().take(length.into()));
            length.into()
        });
        rest = rest.get(taken..)?;
    }
    (packed.len() < text.len() && unpack(&packed, beside)? == text).then_some(packed)
}

fn head(seq: i64) -> String {
    format!("{{\"seq\":{seq},")
}

/// The text that was packed; nothing, where that is none.
pub(super) fn unpack(packed: &[u8], beside: &Beside) -> Option<String> {
    let mut text: Vec<u8> = Vec::with_capacity(packed.len() * 4);
    let mut rest = packed;
    while let Some((&mark, after)) = rest.split_first() {
        rest = after;
        match mark {
            ID => id_out(&mut text, take(&mut rest)?),
            AGAIN => {
                let [at] = take(&mut rest)?;
                id_out(&mut text, take(&mut packed.get(usize::from(at)..)?)?);
            }
            REQUEST => id_out(&mut text, *beside.request?.as_bytes()),
            MOMENT => moment_out(&mut text, i64::from_be_bytes(take(&mut rest)?))?,
            AT => moment_out(&mut text, beside.at)?,
            HASH => {
                let hash: [u8; 32] = take(&mut rest)?;
                text.push(b'"');
                let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
                text.extend(hash.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
                text.push(b'"');
            }
            PLAIN => {
                let [length] = take(&mut rest)?;
                let (plain, after) = rest.split_at_checked(length.into())?;
                text.extend(plain);
                rest = after;
            }
            SEQ => text.extend(head(beside.seq).bytes()),
            WORD => {
                let [word] = take(&mut rest)?;
                text.extend(LONG.get(usize::from(word))?.bytes());
            }
            32..127 => text.push(mark),
            _ => text.extend(SHORT.get(usize::from(mark.checked_sub(FIRST_SHORT)?))?.bytes()),
        }
    }
    String::from_utf8(text).ok()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

fn id_out(text: &mut Vec<u8>, id: [u8; 16]) {
    let mut signs = [0; 36];
    text.push(b'"');
    text.extend(Uuid::from_bytes(id).hyphenated().encode_lower(&mut signs).bytes());
    text.push(b'"');
}

fn moment_out(text: &mut Vec<u8>, at: i64) -> Option<()> {
    text.push(b'"');
    text.extend(Timestamp::from_micros(at)?.text());
    text.push(b'"');
    Some(())
}

/// An expression in SQL for the text of a record, from the columns of the table `record`: what
/// [`unpack`] does, a piece at a time, by the words in the table `word`.
pub(super) fn unpacked() -> String {
    let id = |at: &str| {
        let part = |from: i32, to: i32| format!("substr(hex(substr(body, {at}, 16)), {from}, {})", to - from);
        let parts = [part(1, 9), part(9, 13), part(13, 17), part(17, 21), part(21, 33)];
        format!("'\"' || lower({}) || '\"'", parts.join(" || '-' || "))
    };
    let byte = "(instr('0123456789ABCDEF', substr(hex(substr(body, place + 1, 1)), 1, 1)) - 1) * 16 + \
                instr('0123456789ABCDEF', substr(hex(substr(body, place + 1, 1)), 2, 1)) - 1";
    // A number from the 8 bytes of it.
    let number: Vec<String> = (0..8)
        .map(|byte| {
            let digit = |sign: i32| {
                format!("(instr('0123456789ABCDEF', substr(hex(substr(body, place + 1, 8)), {sign}, 1)) - 1)")
            };
            format!("(({} * 16 + {}) << {})", digit(2 * byte + 1), digit(2 * byte + 2), 56 - 8 * byte)
        })
        .collect();
    let moment = |micros: &str| format!("'\"' || {} || '\"'", moment(micros));
    let request = "'\"' || lower(substr(hex(request), 1, 8) || '-' || substr(hex(request), 9, 4) || '-' || \
                   substr(hex(request), 13, 4) || '-' || substr(hex(request), 17, 4) || '-' || \
                   substr(hex(request), 21)) || '\"'";
    format!(
        "CASE typeof(body) WHEN 'text' THEN body ELSE (WITH RECURSIVE piece(place, said) AS (SELECT 1, '' \
         UNION ALL SELECT place + CASE substr(body, place, 1) WHEN x'01' THEN 17 WHEN x'02' THEN 9 \
         WHEN x'03' THEN 33 WHEN x'04' THEN 2 WHEN x'05' THEN 2 + {byte} WHEN x'0f' THEN 2 ELSE 1 END, \
         said || CASE substr(body, place, 1) WHEN x'01' THEN {} WHEN x'02' THEN {} \
         WHEN x'03' THEN '\"' || lower(hex(substr(body, place + 1, 32))) || '\"' WHEN x'04' THEN {} \
         WHEN x'05' THEN CAST(substr(body, place + 2, {byte}) AS TEXT) \
         WHEN x'06' THEN '{{\"seq\":' || seq || ',' WHEN x'07' THEN {} WHEN x'08' THEN {request} \
         WHEN x'0f' THEN (SELECT text FROM word WHERE code = substr(body, place, 2)) \
         ELSE coalesce((SELECT text FROM word WHERE code = substr(body, place, 1)), \
         CAST(substr(body, place, 1) AS TEXT)) END \
         FROM piece WHERE place <= length(body)) SELECT said FROM piece ORDER BY place DESC LIMIT 1) END",
        id("place + 1"),
        moment(&number.join(" | ")),
        id(&format!("{byte} + 1")),
        moment("at"),
    )
}

/// An expression in SQL for a moment as people read it.
pub(super) fn moment(micros: &str) -> String {
    format!(
        "strftime('%Y-%m-%dT%H:%M:%S', (({micros}) - ((({micros}) % 1000000) + 1000000) % 1000000) / 1000000, \
         'unixepoch') || printf('.%06dZ', ((({micros}) % 1000000) + 1000000) % 1000000)"
    )
}

/// An expression in SQL for an id as people read it.
pub(super) fn id(column: &str) -> String {
    format!(
        "lower(substr(hex({column}), 1, 8) || '-' || substr(hex({column}), 9, 4) || '-' || \
         substr(hex({column}), 13, 4) || '-' || substr(hex({column}), 17, 4) || '-' || substr(hex({column}), 21))"
    )
}
