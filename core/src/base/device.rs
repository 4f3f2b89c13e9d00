//! How the ids of devices are written (V-2): what is read as an IMEI, a MEID or a serial number,
//! and what cannot be one of them, with the reason. Knows no device.
//!
//! [`DeviceId`](super::text::DeviceId) has the table of forms.

use std::borrow::Cow;

/// What stands in the way, and what to do about it.
pub(super) type Obstacle = (Cow<'static, str>, &'static str);

/// What is typed or exported where a device has no id. Compared without case and signs.
const PLACEHOLDERS: [&str; 28] = [
    "0123456789",
    "123456789",
    "1234567890",
    "chassisserialnumber",
    "default",
    "defaultstring",
    "empty",
    "false",
    "imei",
    "invalid",
    "meid",
    "na",
    "nil",
    "nodevice",
    "none",
    "notapplicable",
    "notavailable",
    "notspecified",
    "null",
    "oem",
    "serial",
    "serialnumber",
    "systemserialnumber",
    "test",
    "tobefilledbyoem",
    "true",
    "undefined",
    "unknown",
];

const NO_ID: &str = "leave the row out, or give the device's own id";
const AGAIN: &str = "read it off the device again";
const AS_TEXT: &str = "format the column as text, and give all digits";
const MAKER: &str =
    "read it off the device again; if it is a serial number, write its maker in front, as in acme:1234";

/// What kind of id a canonical text is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Imei,
    Meid,
    Serial,
}

impl Form {
    pub(super) fn of(canonical: &str) -> Self {
        if canonical.len() == 15 && all_digits(canonical) {
            Self::Imei
        } else if is_meid(canonical) {
            Self::Meid
        } else {
            Self::Serial
        }
    }
}

/// The one canonical form of whatever may be meant: 15 digits for an IMEI, 14 upper-case
/// hexadecimal digits for a MEID, and a serial number as it is, behind `maker:` in small letters
/// where it has one.
pub(super) fn canonical(typed: &str) -> Result<String, Obstacle> {
    let text = typed.trim();
    let text = text.strip_prefix(['\'', '\u{2019}']).unwrap_or(text).trim();
    within(text)?;
    if let Some((label, rest)) = text.split_once(':') {
        return labelled(label.trim(), rest.trim());
    }
    if is_placeholder(text) {
        return no("stands for no device", NO_ID);
    }
    if let Some(number) = from_spreadsheet(text)? {
        return number_of_a_spreadsheet(&number);
    }
    let bare = bare(text);
    if all_digits(&bare)
        && let Some(read) = digits(&bare)
    {
        // A sign in front is lost of a number, not of an id.
        return if text.starts_with(['-', '+']) { no("begins with a sign", AGAIN) } else { read };
    }
    if let Some((imei, version)) = text.rsplit_once(['/', '-', ' '])
        && version.len() == 2
        && all_digits(version)
        && matches!(digits(&self::bare(imei)), Some(Ok(_)))
    {
        return no("is an IMEI with the version of its software behind it", "give the IMEI, of 15 digits");
    }
    if is_meid(&bare.to_ascii_uppercase()) {
        let meid = bare.to_ascii_uppercase();
        let is_one_letter = meid.bytes().all(|byte| Some(&byte) == meid.as_bytes().first());
        return if is_one_letter { no("stands for no device", NO_ID) } else { Ok(meid) };
    }
    if let Some(read) = checked_meid(&bare.to_ascii_uppercase()) {
        return read;
    }
    serial(text, 4)
}

fn labelled(label: &str, rest: &str) -> Result<String, Obstacle> {
    let wanted = match label.to_ascii_lowercase().as_str() {
        "imei" => Form::Imei,
        "meid" => Form::Meid,
        "sn" | "s/n" | "serial" | "serial number" => Form::Serial,
        _ => return of_maker(label, rest),
    };
    if rest.contains(':') {
        return no("has two labels", "give one of them");
    }
    let id = canonical(rest)?;
    match (wanted, Form::of(&id)) {
        // A MEID of digits alone is its IMEI.
        (Form::Meid, Form::Imei) if id.starts_with("99") => Ok(id),
        (Form::Imei, Form::Meid | Form::Serial) => no("is no IMEI", AGAIN),
        (Form::Meid, Form::Imei | Form::Serial) => no("is no MEID", AGAIN),
        _ => Ok(id),
    }
}

/// A serial number whose maker is given: two makers may use the same one, and it may be made of
/// digits alone.
fn of_maker(maker: &str, text: &str) -> Result<String, Obstacle> {
    let of_a_maker = |byte: u8| byte.is_ascii_alphanumeric() || b"-_. &+".contains(&byte);
    if maker.is_empty() || maker.len() > 40 || !maker.bytes().all(of_a_maker) {
        return no(
            "names a maker in a way that is not allowed",
            "use 1 to 40 letters, digits and - _ . & + in front of the colon",
        );
    }
    if is_placeholder(text) {
        return no("stands for no device", NO_ID);
    }
    let maker = maker.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Ok(format!("{}:{}", maker.to_ascii_lowercase(), serial(text, 1)?))
}

fn serial(text: &str, least: usize) -> Result<String, Obstacle> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
        return no("has a character that is not allowed there", "use letters, digits and - _ . /");
    }
    if text.len() < least || !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return no(
            "is too short for a serial number",
            "give at least 4 characters, not all of them signs, or write its maker in front, as in acme:1234",
        );
    }
    Ok(text.to_owned())
}

/// What digits alone stand for, or `None` where they may be a serial number.
fn digits(bare: &str) -> Option<Result<String, Obstacle>> {
    Some(match bare.len() {
        14 => imei(bare, None),
        15 => imei_of(bare),
        16 => match bare.strip_prefix('0') {
            Some(rest) if imei::valid(rest) => {
                no("is an IMEISV, or an IMEI behind a zero", "give the IMEI, of 15 digits")
            }
            _ => imei(bare.get(..14)?, None),
        },
        18 => decimal_meid(bare)
            .map(Ok)
            .or_else(|| filled(bare))
            .unwrap_or_else(|| no("has 18 digits, and is no decimal MEID", MAKER)),
        19 if checks(bare) && decimal_meid(bare.get(..18)?).is_some() => Ok(decimal_meid(bare.get(..18)?)?),
        17.. => return filled(bare),
        _ => return None,
    })
}

/// An IMEI behind zeros that fill a column.
fn filled(bare: &str) -> Option<Result<String, Obstacle>> {
    let (zeros, rest) = bare.split_at_checked(bare.len().checked_sub(15)?)?;
    (zeros.bytes().all(|byte| byte == b'0') && imei::valid(rest)).then(|| imei_of(rest))
}

/// An IMEI of 15 digits.
fn imei_of(text: &str) -> Result<String, Obstacle> {
    match text.split_at_checked(14) {
        Some((body, check)) => imei(body, Some(check)),
        None => no("is no IMEI", AGAIN),
    }
}

/// The IMEI of 14 digits, whose check digit is this one if it is known.
fn imei(body: &str, check: Option<&str>) -> Result<String, Obstacle> {
    if body.bytes().all(|byte| Some(&byte) == body.as_bytes().first()) {
        return no("stands for no device", NO_ID);
    }
    let right = (0..10).map(|digit| digit.to_string()).find(|digit| imei::valid(format!("{body}{digit}")));
    match (right, check) {
        (Some(right), None) => Ok(format!("{body}{right}")),
        (Some(right), Some(check)) if right == check => Ok(format!("{body}{right}")),
        _ => no("is an IMEI whose check digit is wrong", MAKER),
    }
}

/// A MEID in decimal: ten digits for its upper 32 bits, eight for the lower 24.
fn decimal_meid(bare: &str) -> Option<String> {
    let (upper, lower) = bare.split_at_checked(10)?;
    let (upper, lower): (u32, u32) = (upper.parse().ok()?, lower.parse().ok()?);
    if lower > 0xFF_FFFF {
        return None;
    }
    let meid = format!("{upper:08X}{lower:06X}");
    if is_meid(&meid) {
        Some(meid)
    } else if all_digits(&meid) && meid.starts_with("99") {
        imei(&meid, None).ok()
    } else {
        None
    }
}

/// Whether the last digit is the check digit of those before it, by Luhn's formula.
fn checks(digits: &str) -> bool {
    luhn(digits, 10) == Some(0)
}

/// Luhn's sum in that base, modulo the base: 0 where the last digit is the check digit.
fn luhn(text: &str, base: u32) -> Option<u32> {
    let mut sum = 0;
    for (place, c) in text.chars().rev().enumerate() {
        let digit = c.to_digit(base)?;
        let counted = if place % 2 == 1 { digit * 2 } else { digit };
        sum += counted / base + counted % base;
    }
    Some(sum % base)
}

/// A MEID behind which its check digit stands.
fn checked_meid(text: &str) -> Option<Result<String, Obstacle>> {
    let (meid, check) = text.split_at_checked(14)?;
    (is_meid(meid) && check.len() == 1 && check.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| {
        if luhn(text, 16) == Some(0) {
            Ok(meid.to_owned())
        } else {
            no("is a MEID whose check digit is wrong", MAKER)
        }
    })
}

/// The number that a spreadsheet wrote as `….0` or with an exponent, if it did.
fn from_spreadsheet(text: &str) -> Result<Option<String>, Obstacle> {
    let number = text.replace(',', ".");
    let lost = || no("is a number that a spreadsheet has shortened", AS_TEXT);
    if let Some((mantissa, exponent)) = number.split_once(['e', 'E']) {
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let positive = exponent.strip_prefix('+').unwrap_or(exponent);
        let one_digit =
            whole.len() == 1 && all_digits(whole) && (fraction.is_empty() || all_digits(fraction));
        if !one_digit || positive.is_empty() || positive.len() > 3 || !all_digits(positive) {
            return Ok(None);
        }
        // Without a fraction and a sign it may be a serial number, unless it is as large as an id.
        let plain = fraction.is_empty() && positive == exponent;
        return match positive.parse::<usize>() {
            Ok(tens) if plain && !(13..=18).contains(&tens) => Ok(None),
            Ok(tens) if tens == fraction.len() && tens < 15 => Ok(Some(format!("{whole}{fraction}"))),
            _ => lost(),
        };
    }
    let Some((whole, zeros)) = number.split_once('.') else { return Ok(None) };
    if whole.len() < 14 || !all_digits(whole) || !matches!(zeros, "0" | "00") {
        return Ok(None);
    }
    // A spreadsheet keeps fifteen digits of a number.
    if whole.len() > 15 { lost() } else { Ok(Some(whole.to_owned())) }
}

/// What a number is an id of, once a spreadsheet has had it: a zero in front is lost.
fn number_of_a_spreadsheet(number: &str) -> Result<String, Obstacle> {
    match number.len() {
        15 => imei_of(number),
        14 if !imei::valid(format!("0{number}")) => imei(number, None),
        _ => no("is a number of which a spreadsheet may have lost digits", AS_TEXT),
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '.' | '/')).collect()
}

fn is_placeholder(text: &str) -> bool {
    let squeezed: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let foreign = !text.is_ascii();
    !foreign
        && (PLACEHOLDERS.contains(&squeezed.as_str())
            || squeezed.len() >= 4
                && squeezed.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'f' | 'x'))
                && squeezed.bytes().all(|byte| Some(&byte) == squeezed.as_bytes().first()))
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Fourteen hexadecimal digits in upper case, of which the first is a letter.
fn is_meid(text: &str) -> bool {
    text.len() == 14
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn within(text: &str) -> Result<(), Obstacle> {
    // A maker and its serial number.
    match text.chars().count() {
        0 => no("is empty", "give one"),
        length if length > 81 || (length > 40 && !text.contains(':')) => {
            Err((format!("is {length} characters long").into(), "use at most 40"))
        }
        _ => Ok(()),
    }
}

fn no<T>(obstacle: &'static str, remedy: &'static str) -> Result<T, Obstacle> {
    Err((obstacle.into(), remedy))
}
