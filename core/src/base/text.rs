//! Which texts are well formed: numbers, addresses, names. A value of one of these types has been
//! checked once and is in its one canonical form; it never says whether a person, a mailbox or a
//! site exists.
//!
//! No type here can hold a control character or a line break, so none can carry one into a mail, a
//! header or a CSV row (A-4). An error never repeats the text, which may be personal data (U-5).
//!
//! ```
//! use tenantry::base::text::{Email, Number};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! assert_eq!(" nw-1 ".parse::<Number>()?.as_str(), "NW-1");
//!
//! let flaw = "ada at northwind".parse::<Email>().unwrap_err();
//! assert_eq!(flaw.field, "e-mail address");
//! assert!(!flaw.to_string().contains("northwind"));
//! # Ok(())
//! # }
//! ```

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;

use celes::Country as Iso3166;
use email_address::{EmailAddress, Options};
use iri_string::types::UriStr;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

#[cfg(feature = "schema")]
use super::declare::documented;
use super::device::{self, Form};
use super::read::from_text;

/// Why a text is not what it was meant to be: lower case, what stands in the way, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {obstacle}; {remedy}")]
#[non_exhaustive]
pub struct TextError {
    /// What the text was meant to be, such as `domain prefix`.
    pub field: &'static str,
    /// What stands in the way, such as `is empty`.
    pub obstacle: Cow<'static, str>,
    /// What to do about it.
    pub remedy: Cow<'static, str>,
}

/// What only this file can make more of.
mod sealed {
    use std::borrow::Cow;
    use std::hash::Hash;

    use serde::Serialize;

    use super::TextError;

    /// What makes a text one of its kind.
    pub trait Wording: Clone + Ord + Hash {
        /// What its type is called.
        const NAME: &'static str;
        /// What it is called in an error.
        const FIELD: &'static str;
        /// What its documentation says.
        const MEANING: &'static [&'static str];
        /// What it looks like, in the JSON Schema.
        const PATTERN: &'static str;
        /// What it is held as.
        type Held: AsRef<str> + Clone + Ord + Hash + Serialize;

        /// The text, where it is in its canonical form at a glance.
        fn plain(text: &str) -> Option<Self::Held>;

        /// The text in its canonical form.
        fn canonical(text: &str) -> Result<Self::Held, Flaw>;
    }

    /// A [`TextError`] before it knows its field.
    pub struct Flaw {
        obstacle: Cow<'static, str>,
        remedy: Cow<'static, str>,
    }

    impl Flaw {
        pub(super) fn new(
            obstacle: impl Into<Cow<'static, str>>,
            remedy: impl Into<Cow<'static, str>>,
        ) -> Self {
            Self { obstacle: obstacle.into(), remedy: remedy.into() }
        }

        pub(super) fn of(self, field: &'static str) -> TextError {
            TextError { field, obstacle: self.obstacle, remedy: self.remedy }
        }
    }
}

use sealed::{Flaw, Wording};

/// A text that has been checked once and is in its one canonical form; what it is a text of is part
/// of its type.
///
/// Serialised as a string, which is parsed again when it is read. Order, equality and hash are
/// those of the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent, bound = "")]
// Invariant: the canonical form, which parses to itself.
pub struct Text<T: Wording>(T::Held);

impl<T: Wording> Text<T> {
    /// Reads the text and brings it into its canonical form.
    ///
    /// # Errors
    /// [`TextError`] when the text is not well formed.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        // What is in its canonical form at a glance is not looked at again: stores are full of it.
        match T::plain(text) {
            Some(plain) => Ok(Self(plain)),
            None => T::canonical(text).map(Self).map_err(|flaw| flaw.of(T::FIELD)),
        }
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl<T: Wording<Held = Cow<'static, str>>> Text<T> {
    /// A name that the library knows, which has to be in its canonical form.
    pub(crate) const fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl<T: Wording> Borrow<str> for Text<T> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl<T: Wording> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<T: Wording> fmt::Debug for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", T::NAME, self.as_str())
    }
}

impl<T: Wording> FromStr for Text<T> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse(text)
    }
}

impl<'de, T: Wording> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(feature = "schema")]
impl<T: Wording> schemars::JsonSchema for Text<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let description =
            documented(T::MEANING, "Serialised as a string, which is parsed again when it is read.");
        schemars::json_schema!({"type": "string", "pattern": T::PATTERN, "description": description})
    }
}

/// Declares the texts: type, how it is held, what it is called, how it becomes canonical, and a
/// pattern of ECMA-262 for the JSON Schema, which every text that can be read matches and most
/// others do not.
macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident($held:ty) = $field:literal, $plain:expr, $canonical:expr, $pattern:literal;)*) => {
        $($(#[doc = $doc])* pub type $name = Text<of::$name>;)*

        /// What there are texts of. Never values: they tell texts apart.
        mod of {
            use super::*;

            $(
                #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
                pub enum $name {}

                impl Wording for $name {
                    const NAME: &'static str = stringify!($name);
                    const FIELD: &'static str = $field;
                    const MEANING: &'static [&'static str] = &[$($doc),*];
                    const PATTERN: &'static str = $pattern;
                    type Held = $held;

                    fn plain(text: &str) -> Option<$held> {
                        $plain(text)
                    }

                    fn canonical(text: &str) -> Result<$held, Flaw> {
                        $canonical(text)
                    }
                }
            )*
        }
    };
}

texts! {
    /// A tenant's public id that people type: 1 to 32 letters `A` to `Z`, digits and inner hyphens;
    /// trimmed and upper-cased, so that look-up by number ignores case (T-1, T-8).
    Number(String) = "number", plain_number, number, r"^\s*[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?\s*$";
    /// An e-mail address: at most 254 bytes, a domain of two or more ASCII labels; trimmed and
    /// lower-cased as a whole, so that one mailbox has one spelling (U-1).
    Email(String) = "e-mail address", looked_at, email, r"^[^@]+@[^@]+$";
    /// A domain prefix: one ASCII DNS label of 1 to 63 letters, digits and inner hyphens; trimmed
    /// and lower-cased (T-3).
    Prefix(String) = "domain prefix", plain_prefix, prefix, r"^\s*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\s*$";
    /// A country of ISO 3166-1: read as alpha-2 or alpha-3 in any case, kept as upper-case alpha-2
    /// (T-2).
    Country(&'static str) = "country", looked_at, country, r"^\s*[A-Za-z]{2,3}\s*$";
    /// An organisation's name: 1 to 200 characters on one line, NFC, single spaces, nothing
    /// invisible (T-2).
    CompanyName(String) = "company name", |text| plain_name(text, 200), |text| name(text, 200), r"\S";
    /// A person's name: 1 to 200 characters on one line, NFC, single spaces, nothing invisible
    /// (U-5).
    PersonName(String) = "person name", |text| plain_name(text, 200), |text| name(text, 200), r"\S";
    /// A role's name: 1 to 64 characters on one line, NFC, single spaces, nothing invisible (P-9).
    RoleName(String) = "role name", |text| plain_name(text, 64), |text| name(text, 64), r"\S";
    /// A postal address: 1 to 500 characters, its lines joined by a comma and a space (T-4).
    Street(String) = "street address", looked_at, street, r"\S";
    /// A telephone number as it was typed, trimmed: a `+` if it is international, 3 to 15 digits,
    /// and spaces, `-`, `.`, `(`, `)`, `/` between them; then, if there is one, an extension of up
    /// to eight digits behind `ext`, `x` or `#`; at most 40 characters (T-2).
    Phone(String) = "phone", looked_at, phone, r"^\s*[+]?[0-9 ().\/-]{3,40}([,;]? ?([A-Za-z]{1,9}[.]?|#) ?[0-9]{1,8})?\s*$";
    /// An `http` or `https` address in ASCII without credentials, at most 2048 bytes; trimmed, its
    /// scheme and host lower-cased (T-2).
    Website(String) = "website", looked_at, website, r"^\s*[Hh][Tt][Tt][Pp][Ss]?:\/\/";
    /// A support ticket's reference: 1 to 64 visible ASCII characters without spaces; trimmed (T-1,
    /// L-6).
    Ticket(String) = "ticket", looked_at, ticket, r"^\s*[!-~]{1,64}\s*$";
    /// A permission's name, such as `devices.manage`: a letter, then up to 63 of `a` to `z`, `0` to
    /// `9`, `_`, `.`, `-` (P-14).
    Permission(Cow<'static, str>) = "permission", plain_word, word, r"^[a-z][a-z0-9_.-]{0,63}$";
    /// A service's name, such as `asset-intelligence`: as a permission's (L-6).
    Service(Cow<'static, str>) = "service", plain_word, word, r"^[a-z][a-z0-9_.-]{0,63}$";
    /// A management type's name, such as `jointly`: as a permission's (P-13).
    ManagementType(Cow<'static, str>) = "management type", plain_word, word, r"^[a-z][a-z0-9_.-]{0,63}$";
    /// A built-in role's name, such as `read_only`: as a permission's (P-9).
    BuiltinRole(Cow<'static, str>) = "role", plain_word, word, r"^[a-z][a-z0-9_.-]{0,63}$";
    /// An integration type's name, such as `collector`: as a permission's (I-1).
    IntegrationType(Cow<'static, str>) = "integration type", plain_word, word, r"^[a-z][a-z0-9_.-]{0,63}$";
    /// A category of issues that alerts are about, such as `battery`: as a permission's (A-2).
    IssueCategory(Cow<'static, str>) = "issue category", plain_word, word, r"^[a-z][a-z0-9_.-]{0,63}$";
    /// An integration's name: 1 to 100 characters on one line, NFC, single spaces, nothing
    /// invisible (I-1).
    IntegrationName(String) = "integration name", |text| plain_name(text, 100), |text| name(text, 100), r"\S";
    /// Another system's name, such as `connectwise`: as a permission's (X-11).
    System(Cow<'static, str>) = "system", plain_word, word, r"^[a-z][a-z0-9_.-]{0,63}$";
    /// An id that another system has given: 1 to 200 characters on one line, NFC, nothing
    /// invisible, and no space at either end. Nothing else of it is changed: it keeps its case
    /// (X-11).
    ExternalId(String) = "external id", plain_external, external, r"\S";
    /// What somebody does something for, in their words: 1 to 200 characters on one line, NFC,
    /// single spaces, nothing invisible. It is recorded for good, so it should name a ticket and no
    /// person (X-4).
    Reason(String) = "reason", |text| plain_name(text, 200), |text| name(text, 200), r"\S";
    /// A reseller's own reference for a customer: 1 to 100 characters on one line, NFC, nothing
    /// invisible (V-1).
    Reference(String) = "internal reference", |text| plain_name(text, 100), |text| name(text, 100), r"\S";
    /// A device, by one of its ids (V-2): an IMEI, a MEID, or a serial number of 4 to 40 letters,
    /// digits, `-`, `_`, `.` and `/`, which keeps its case. Two makers may use the same serial
    /// number where the maker is given: `acme:1234`. Canonical are the 15 digits of an IMEI, the 14
    /// hexadecimal digits of a MEID, and a serial number as it was typed.
    ///
    /// | written as | read as |
    /// |---|---|
    /// | 15 digits | the IMEI, if the check digit holds |
    /// | 14 digits | the IMEI without its check digit, which is added |
    /// | 16 digits | the IMEI in an IMEISV |
    /// | 14 hexadecimal digits, the first a letter; a check digit may follow | the MEID |
    /// | 18 digits of a decimal MEID; a check digit may follow | the MEID |
    /// | a MEID of digits alone, which begins with 99 | its IMEI, which is the same device |
    /// | 17 digits or more: zeros in front of an IMEI | the IMEI |
    /// | `490154203237518.0`, `4.90154203237518E+14`, `'490154203237518` | the IMEI |
    /// | a number of which a spreadsheet has lost digits, `4.90154E+14` | nothing: refused |
    /// | `IMEI:…`, `MEID:…`, `SN:…` | what stands behind |
    /// | `acme:490154203237518` | a serial number of that maker, whatever it is made of |
    /// | what stands for no device: `Unknown`, `NULL`, `000000000000000` … | nothing: refused |
    ///
    /// Spaces, `-`, `_`, `.` and `/` between the digits of an IMEI or a MEID are left out.
    ///
    /// ```
    /// use tenantry::base::text::DeviceId;
    ///
    /// assert_eq!(DeviceId::parse("49-015420-323751")?.as_str(), "490154203237518");
    /// assert_eq!(DeviceId::parse("Acme:7")?.as_str(), "acme:7");
    /// assert!(DeviceId::parse("4.90154E+14").is_err());
    /// # Ok::<(), tenantry::base::text::TextError>(())
    /// ```
    DeviceId(String) = "device", looked_at, device, r"^\s*['’]?\s*[A-Za-z0-9._\/ ,:&+-]{4,100}\s*$";
    /// Where a console returns to: 1 to 2048 visible ASCII characters, as the host understands them
    /// (S-1). Whoever opened the console chose it: before a link is made of it, it wants the look
    /// that anything typed by a user gets (`javascript:`, another site).
    ReturnPlace(String) = "return place", looked_at, return_place, r"^\s*[!-~]{1,2048}\s*$";
}

impl RoleName {
    /// What the name looks like, without case, spaces, `_` and `-`: two names that a reader could
    /// take for one another are the same here. Only ever compared.
    pub(crate) fn skeleton(&self) -> String {
        skeleton(self.as_str())
    }
}

impl BuiltinRole {
    /// As a role's name has it.
    pub(crate) fn skeleton(&self) -> String {
        skeleton(self.as_str())
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' - 10 + half });
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// A text as people look for it and put it in order: without case and accents, a ligature as its
/// letters. `École` stands with `ecole`, `Straße` is found by `STRASSE`.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(text.len());
    for c in plain {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            // What a capital `İ` leaves behind when it becomes small, and the like.
            '\u{300}'..='\u{36f}' => {}
            c => folded.push(c),
        }
    }
    folded
}

/// The words of a text as people look for them: what is between whatever is neither letter nor
/// digit, folded. Of a script that is written without spaces each letter is a word.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in folded(text).chars() {
        match words.last_mut() {
            Some(word) if c.is_alphanumeric() && !has_no_spaces(c) => word.push(c),
            _ if c.is_alphanumeric() => words.extend([c.to_string(), String::new()]),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a letter is of a script that is written without spaces: Thai, Lao, Burmese, Khmer,
/// Chinese, Japanese.
const fn has_no_spaces(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
        || matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Of letters that look alike, in any script, one stands for all.
pub(crate) fn skeleton(text: &str) -> String {
    let plain = text.nfkc().flat_map(char::to_lowercase).filter(|c| !matches!(c, ' ' | '_' | '-'));
    let plain: String = plain.collect();
    unicode_security::skeleton(&plain).flat_map(char::to_lowercase).collect()
}

impl ReturnPlace {
    /// What stands in its place for those who are not told of it: `-`.
    pub(crate) fn untold() -> Self {
        Self("-".to_owned())
    }
}

/// What kind of id names a device (V-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeviceIdKind {
    /// An International Mobile Equipment Identity.
    Imei,
    /// A Mobile Equipment Identifier.
    Meid,
    /// A manufacturer's serial number.
    Serial,
}

impl DeviceId {
    /// What kind of id it is.
    pub fn kind(&self) -> DeviceIdKind {
        match Form::of(self.as_str()) {
            Form::Imei => DeviceIdKind::Imei,
            Form::Meid => DeviceIdKind::Meid,
            Form::Serial => DeviceIdKind::Serial,
        }
    }
}

/// A point on the map that places a tenant and grants nothing (T-4).
///
/// Kept in whole micro-degrees, about eleven centimetres; serialised as two numbers in degrees,
/// `{"latitude": 52.52, "longitude": 13.405}`, which are checked again when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(into = "Degrees", try_from = "Degrees")]
// Invariant: latitude within ±90 degrees, longitude within ±180 degrees.
pub struct Coordinates {
    latitude_udeg: i32,
    longitude_udeg: i32,
}

/// [`Coordinates`] as they cross a boundary.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Degrees {
    #[cfg_attr(feature = "schema", schemars(range(min = -90.0, max = 90.0)))]
    latitude: f64,
    #[cfg_attr(feature = "schema", schemars(range(min = -180.0, max = 180.0)))]
    longitude: f64,
}

const UDEG_PER_DEGREE: f64 = 1_000_000.0;

impl Coordinates {
    /// Reads a latitude of -90 to 90 and a longitude of -180 to 180, both in degrees.
    ///
    /// # Errors
    /// [`TextError`] when one of them is not a number or out of range.
    pub fn parse(latitude: f64, longitude: f64) -> Result<Self, TextError> {
        let udeg = |field, degrees: f64, limit: f64| {
            if degrees.abs() <= limit {
                Ok((degrees * UDEG_PER_DEGREE).round() as i32)
            } else {
                let remedy = format!("give degrees from -{limit} to {limit}");
                Err(Flaw::new("is not a number in range", remedy).of(field))
            }
        };
        Ok(Self {
            latitude_udeg: udeg("latitude", latitude, 90.0)?,
            longitude_udeg: udeg("longitude", longitude, 180.0)?,
        })
    }

    /// Degrees north of the equator, negative south of it.
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude_udeg) / UDEG_PER_DEGREE
    }

    /// Degrees east of Greenwich, negative west of it.
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude_udeg) / UDEG_PER_DEGREE
    }
}

impl From<Coordinates> for Degrees {
    fn from(point: Coordinates) -> Self {
        Self { latitude: point.latitude(), longitude: point.longitude() }
    }
}

impl TryFrom<Degrees> for Coordinates {
    type Error = TextError;

    fn try_from(degrees: Degrees) -> Result<Self, TextError> {
        Self::parse(degrees.latitude, degrees.longitude)
    }
}

/// No form that would show at a glance.
const fn looked_at<T>(_: &str) -> Option<T> {
    None
}

/// The text, if it is no longer than that, has only such bytes, and begins and ends with such.
fn plain(
    text: &str,
    max: usize,
    within: impl Fn(u8) -> bool,
    first: impl Fn(u8) -> bool,
    last: impl Fn(u8) -> bool,
) -> Option<String> {
    let bytes = text.as_bytes();
    let ends = bytes.first().is_some_and(|byte| first(*byte)) && bytes.last().is_some_and(|byte| last(*byte));
    (ends && bytes.len() <= max && bytes.iter().all(|byte| within(*byte))).then(|| text.to_owned())
}

fn plain_number(text: &str) -> Option<String> {
    let ends = |byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9');
    plain(text, 32, |byte| ends(byte) || byte == b'-', ends, ends)
}

fn plain_prefix(text: &str) -> Option<String> {
    let ends = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    // Two hyphens may be reserved.
    plain(text, 63, |byte| ends(byte) || byte == b'-', ends, ends).filter(|text| !text.contains("--"))
}

fn plain_word(text: &str) -> Option<Cow<'static, str>> {
    let within = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-');
    plain(text, 64, within, |byte| byte.is_ascii_lowercase(), within).map(Cow::Owned)
}

fn plain_name(text: &str, max: usize) -> Option<String> {
    let ends = |byte: u8| byte.is_ascii_graphic();
    plain(text, max, |byte| ends(byte) || byte == b' ', ends, ends).filter(|text| !text.contains("  "))
}

fn plain_external(text: &str) -> Option<String> {
    let ends = |byte: u8| byte.is_ascii_graphic();
    plain(text, MAX_EXTERNAL, |byte| ends(byte) || byte == b' ', ends, ends)
}

/// The canonical form of a text, where this finds it.
#[cfg(feature = "testkit")]
type Glance = fn(&str) -> Option<String>;

/// The forms that show at a glance: what each is of, that glance, and the look that finds the same.
#[cfg(feature = "testkit")]
pub(crate) const GLANCES: [(&str, Glance, Glance); 7] = [
    ("number", plain_number, |text| number(text).ok()),
    ("prefix", plain_prefix, |text| prefix(text).ok()),
    ("word", |text| plain_word(text).map(Cow::into_owned), |text| word(text).map(Cow::into_owned).ok()),
    ("external id", plain_external, |text| external(text).ok()),
    ("name of 200", |text| plain_name(text, 200), |text| name(text, 200).ok()),
    ("name of 64", |text| plain_name(text, 64), |text| name(text, 64).ok()),
    ("name of 5", |text| plain_name(text, 5), |text| name(text, 5).ok()),
];

fn number(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    within(text.chars().count(), 32)?;
    if !is_label(text) {
        let remedy = "use letters A to Z, digits and inner hyphens";
        return Err(Flaw::new("has a character that is not allowed there", remedy));
    }
    Ok(text.to_ascii_uppercase())
}

fn email(text: &str) -> Result<String, Flaw> {
    if let Some((c, ascii)) = text.chars().find_map(|c| Some((c, read_as_ascii(c)?))) {
        let obstacle = format!("has the character {}, which may be read as `{ascii}`", code(c));
        return Err(Flaw::new(obstacle, "type it with plain letters"));
    }
    let text: String = text.trim().to_lowercase().nfc().collect();
    within(text.len(), 254)?;
    if let Some(c) = text.chars().find(|c| invisible(*c) || !(c.is_ascii() || c.is_alphanumeric())) {
        return Err(Flaw::new(format!("has the character {}", code(c)), "remove it"));
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(Flaw::new("has no @", "write it like ada@example.com"));
    };
    if local.starts_with('"') {
        return Err(Flaw::new("has a quoted part before the @", "give an address without quotes"));
    }
    if !domain.is_ascii() {
        let remedy = "write the domain in its ASCII form, with labels that begin with xn--";
        return Err(Flaw::new("has a domain with characters outside ASCII", remedy));
    }
    let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
    if !domain.split('.').all(is_dns_label) || EmailAddress::parse_with_options(&text, options).is_err() {
        return Err(Flaw::new("is not a single address", "write it like ada@example.com"));
    }
    Ok(text)
}

/// What in ASCII a character outside it becomes where letters are compared without case or width:
/// the Kelvin sign is a `k`, and two addresses that look alike would be one.
fn read_as_ascii(c: char) -> Option<String> {
    if c.is_ascii() || c.general_category() == GeneralCategory::SpaceSeparator {
        return None;
    }
    let folded = |c: char| -> String {
        let upper = c.to_lowercase().flat_map(char::to_uppercase);
        upper.flat_map(char::to_lowercase).nfkc().collect()
    };
    [c.nfkc().collect(), c.to_lowercase().nfkc().collect(), folded(c)]
        .into_iter()
        .map(|text: String| text.to_lowercase())
        .find(|text| text.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

fn prefix(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    within(text.chars().count(), 63)?;
    if let Some(c) = text.chars().find(|c| !c.is_ascii()) {
        let obstacle = format!("has {}, which is not ASCII and may look like another letter", code(c));
        return Err(Flaw::new(obstacle, "use a to z, 0 to 9 and inner hyphens"));
    }
    if !is_dns_label(text) {
        return Err(Flaw::new("is not a DNS label", "use a to z, 0 to 9 and inner hyphens"));
    }
    if text.bytes().skip(2).take(2).eq(*b"--") {
        let obstacle = "has hyphens in third and fourth place, which is reserved for encoded names";
        return Err(Flaw::new(obstacle, "move or remove them"));
    }
    Ok(text.to_ascii_lowercase())
}

fn country(text: &str) -> Result<&'static str, Flaw> {
    let text = text.trim();
    let found = match text.len() {
        2 => Iso3166::from_alpha2(text).ok(),
        3 => Iso3166::from_alpha3(text).ok(),
        _ => None,
    };
    // The table adds Kosovo's user-assigned code, which is no part of the standard.
    match found {
        Some(country) if country.alpha2 != "XK" => Ok(country.alpha2),
        _ => Err(Flaw::new("is not in ISO 3166-1", "give a two- or three-letter code, such as DE or DEU")),
    }
}

fn name(text: &str, max: usize) -> Result<String, Flaw> {
    let composed: Vec<char> = text.trim().nfc().collect();
    let mut name = String::with_capacity(text.len());
    let mut before = ' ';
    for (i, &c) in composed.iter().enumerate() {
        let after = composed.get(i + 1).copied().unwrap_or(' ');
        if matches!(c, ZWNJ | ZWJ) && takes_joiner(before) && takes_joiner(after) {
            name.push(c);
        } else if c.general_category() == GeneralCategory::SpaceSeparator {
            if !name.ends_with(' ') {
                name.push(' ');
            }
        } else if invisible(c) {
            return Err(Flaw::new(format!("has the character {}", code(c)), "remove it"));
        } else {
            name.push(c);
        }
        before = c;
    }
    within(name.chars().count(), max)?;
    if !name.chars().any(stands_alone) {
        return Err(Flaw::new("has nothing to see in it", "give at least one letter, digit or symbol"));
    }
    Ok(name)
}

/// The most characters of an id that another system has given.
const MAX_EXTERNAL: usize = 200;

fn external(text: &str) -> Result<String, Flaw> {
    let id: String = text.nfc().collect();
    within(id.chars().count(), MAX_EXTERNAL)?;
    let space = |c: char| c.general_category() == GeneralCategory::SpaceSeparator;
    if let Some(c) = id.chars().find(|c| invisible(*c) || space(*c) && *c != ' ') {
        return Err(Flaw::new(format!("has the character {}", code(c)), "remove it"));
    }
    if id.starts_with(' ') || id.ends_with(' ') {
        return Err(Flaw::new("begins or ends with a space", "remove it"));
    }
    if !id.chars().any(stands_alone) {
        return Err(Flaw::new("has nothing to see in it", "give at least one letter, digit or symbol"));
    }
    Ok(id)
}

fn street(text: &str) -> Result<String, Flaw> {
    let lines: Vec<&str> = text
        .split(is_line_break)
        .map(|line| line.trim_matches(|c: char| c == ',' || c.is_whitespace()))
        .filter(|line| !line.is_empty())
        .collect();
    name(&lines.join(", "), 500)
}

fn phone(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    within(text.chars().count(), 40)?;
    if let Some(c) = text.chars().find(|c| invisible(*c)) {
        return Err(Flaw::new(format!("has the character {}", code(c)), "remove it"));
    }
    let number = without_extension(text);
    let number = number.strip_prefix('+').unwrap_or(number);
    if !number.chars().all(|c| matches!(c, '0'..='9' | ' ' | '-' | '.' | '(' | ')' | '/')) {
        let remedy =
            "use digits, spaces and - . ( ) /, with a + in front if it is international, and ext. 12 behind";
        return Err(Flaw::new("has a character that is not allowed there", remedy));
    }
    match number.bytes().filter(u8::is_ascii_digit).count() {
        3..=15 => Ok(text.to_owned()),
        digits => Err(Flaw::new(format!("has {digits} digits"), "give 3 to 15")),
    }
}

/// The number that an extension of up to eight digits belongs to.
fn without_extension(text: &str) -> &str {
    let rest = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - rest.len();
    let label = rest.trim_end().trim_end_matches('.').to_ascii_lowercase();
    let found = ["extension", "ext", "x", "#"].into_iter().find(|word| label.ends_with(word));
    match found {
        Some(word) if (1..=8).contains(&digits) => {
            text.get(..label.len() - word.len()).unwrap_or(text).trim_end_matches([' ', ',', ';'])
        }
        _ => text,
    }
}

fn website(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    within(text.len(), 2048)?;
    if !text.is_ascii() {
        let remedy = "write its host with labels that begin with xn-- and the rest percent-encoded";
        return Err(Flaw::new("has characters outside ASCII", remedy));
    }
    let malformed = || Flaw::new("is not a web address", "write it like https://example.com");
    let uri = UriStr::new(text).map_err(|_| malformed())?;
    let scheme = uri.scheme_str().to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err(Flaw::new("does not begin with http:// or https://", "begin it with one of them"));
    }
    let (whole, parts) = uri.authority_str().zip(uri.authority_components()).ok_or_else(malformed)?;
    if parts.userinfo().is_some() {
        return Err(Flaw::new("has credentials in it", "remove what stands between // and @"));
    }
    let host = parts.host();
    let host_is_good = host.starts_with('[') || host.split('.').all(is_dns_label);
    let port_is_good = parts.port().is_none_or(|port| port.parse::<u16>().is_ok());
    if !host_is_good || !port_is_good {
        return Err(malformed());
    }
    // Invariant: the text is ASCII and begins with scheme, "://" and authority.
    let rest = text.split_at(scheme.len() + "://".len() + whole.len()).1;
    Ok(format!("{scheme}://{}{rest}", whole.to_ascii_lowercase()))
}

fn ticket(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    within(text.chars().count(), 64)?;
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Flaw::new(
            "has a character that is not visible ASCII",
            "use letters, digits and signs only",
        ));
    }
    Ok(text.to_owned())
}

fn word(text: &str) -> Result<Cow<'static, str>, Flaw> {
    within(text.chars().count(), 64)?;
    let allowed = |c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '.' | '-');
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.chars().all(allowed) {
        let remedy = "use small letters: begin with a to z, then a to z, 0 to 9, '_', '.' and '-'";
        return Err(Flaw::new("has a character that is not allowed there", remedy));
    }
    Ok(Cow::Owned(text.to_owned()))
}

fn device(text: &str) -> Result<String, Flaw> {
    device::canonical(text).map_err(|(obstacle, remedy)| Flaw::new(obstacle, remedy))
}

fn return_place(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    within(text.chars().count(), 2_048)?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Flaw::new("has a character that is not visible ASCII", "percent-encode it"));
    }
    Ok(text.to_owned())
}

fn within(length: usize, max: usize) -> Result<(), Flaw> {
    match length {
        0 => Err(Flaw::new("is empty", "give one")),
        _ if length > max => {
            Err(Flaw::new(format!("is {length} characters long"), format!("use at most {max}")))
        }
        _ => Ok(()),
    }
}

/// ASCII letters and digits, with hyphens between them.
fn is_label(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(ends) && text.ends_with(ends) && text.chars().all(|c| ends(c) || c == '-')
}

fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_label(text)
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';

/// Persian and the Indic scripts need joiners to spell; scripts before Arabic in Unicode never do,
/// and there a joiner would only make two names look alike.
fn takes_joiner(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Mark};
    c >= '\u{600}' && matches!(c.general_category_group(), Letter | Mark)
}

/// Whether a reader cannot see the character, or cannot know what they will see.
fn invisible(c: char) -> bool {
    use GeneralCategory::{LineSeparator, ParagraphSeparator};
    // "Other" holds control, format (bidi controls too), private and unassigned characters. Then
    // those that count as letters, marks and symbols, and show nothing: fillers, variation
    // selectors, blank Braille.
    c.general_category_group() == GeneralCategoryGroup::Other
        || matches!(c.general_category(), LineSeparator | ParagraphSeparator)
        || matches!(
            c,
            '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{2800}' | '\u{3164}'
        )
        || matches!(c, '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0100}'..='\u{E01EF}')
}

fn stands_alone(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number, Punctuation, Symbol};
    matches!(c.general_category_group(), Letter | Number | Punctuation | Symbol)
}

fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}
