//! What an instant is: UTC, whole microseconds, a year that RFC 3339 can write. It never reads a
//! clock.
//!
//! ```
//! use tenantry::base::time::{ParseError, Timestamp};
//!
//! let noon: Timestamp = "2026-01-31T13:00:00+01:00".parse()?;
//! assert_eq!(noon.to_string(), "2026-01-31T12:00:00.000000Z");
//! assert_eq!(noon.plus_days(1).micros() - noon.micros(), 86_400_000_000);
//! # Ok::<(), ParseError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::read::from_text;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// An instant in UTC with microsecond precision, from the year 0000 to the year 9999.
///
/// Shown and serialised as RFC 3339 in one fixed width, `2026-01-31T09:30:00.000000Z`, so the order
/// of the texts is the order of the instants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
// Invariant: whole microseconds within MIN and MAX, and never inside a leap second.
pub struct Timestamp(DateTime<Utc>);

/// A text that is not an instant that a [`Timestamp`] can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not RFC 3339.
    #[error("time is not in RFC 3339 form; write it like 2026-01-31T09:30:00Z")]
    Malformed,
    /// The instant is before the year 0000 or after the year 9999 in UTC.
    #[error("time is outside the years 0000 to 9999 in UTC; choose one within")]
    OutOfRange,
}

impl Timestamp {
    /// The earliest instant, `0000-01-01T00:00:00.000000Z`.
    pub const MIN: Self = Self::at_limit(-62_167_219_200 * MICROS_PER_SECOND);

    /// The latest instant, `9999-12-31T23:59:59.999999Z`.
    pub const MAX: Self = Self::at_limit(253_402_300_800 * MICROS_PER_SECOND - 1);

    const fn at_limit(micros: i64) -> Self {
        Self(DateTime::from_timestamp_micros(micros).expect("the limits are far inside chrono's"))
    }

    /// Reads RFC 3339 with any offset; what is finer than a microsecond is cut off.
    ///
    /// # Errors
    /// [`ParseError`] when the text is not RFC 3339, or the instant is out of range.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some(canonical) = Self::canonical(text) {
            return Ok(canonical);
        }
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| ParseError::Malformed)?;
        Self::from_micros(parsed.timestamp_micros()).ok_or(ParseError::OutOfRange)
    }

    /// The instant of a text in the form that is shown; none where it is in another, or no instant.
    pub(crate) fn canonical(text: &str) -> Option<Self> {
        let text: &[u8; 27] = text.as_bytes().try_into().ok()?;
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', rest @ ..] = text else { return None };
        let [h0, h1, b':', n0, n1, b':', s0, s1, b'.', f0, f1, f2, f3, f4, f5, b'Z'] = rest else {
            return None;
        };
        let number = |digits: &[&u8]| {
            digits.iter().try_fold(0, |number: u32, digit| {
                digit.is_ascii_digit().then(|| number * 10 + u32::from(**digit - b'0'))
            })
        };
        let year = i32::try_from(number(&[y0, y1, y2, y3])?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, number(&[m0, m1])?, number(&[d0, d1])?)?;
        let micros = number(&[f0, f1, f2, f3, f4, f5])?;
        let time =
            date.and_hms_micro_opt(number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?, micros)?;
        Self::from_micros(time.and_utc().timestamp_micros())
    }

    /// The instant so many microseconds after 1970-01-01T00:00:00Z, or none when it is out of
    /// range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        let instant = Self(DateTime::from_timestamp_micros(micros)?);
        (Self::MIN..=Self::MAX).contains(&instant).then_some(instant)
    }

    /// Microseconds since 1970-01-01T00:00:00Z, negative before it.
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// The instant right before it; itself, where it is the earliest.
    pub(crate) fn just_before(self) -> Self {
        Self::saturating(self.micros().saturating_sub(1))
    }

    /// How many days of 24 hours it is from here to there, begun ones counted whole; none, where
    /// that is not ahead.
    pub(crate) fn days_until(self, there: Self) -> u32 {
        let micros = u64::try_from(there.micros() - self.micros()).unwrap_or(0);
        u32::try_from(micros.div_ceil(86_400_000_000)).unwrap_or(u32::MAX)
    }

    /// The instant of a chrono time, cut to microseconds and held within [`Timestamp::MIN`] and
    /// [`Timestamp::MAX`].
    pub(crate) fn from_datetime(datetime: DateTime<Utc>) -> Self {
        Self::saturating(datetime.timestamp_micros())
    }

    /// The instant so many days of 24 hours later, at most [`Timestamp::MAX`].
    pub fn plus_days(self, days: u32) -> Self {
        self.later(i64::from(days) * SECONDS_PER_DAY)
    }

    /// The instant so many days of 24 hours earlier, at least [`Timestamp::MIN`].
    pub fn minus_days(self, days: u32) -> Self {
        self.later(-(i64::from(days) * SECONDS_PER_DAY))
    }

    /// The instant so many seconds later, at most [`Timestamp::MAX`].
    pub fn plus_seconds(self, seconds: u32) -> Self {
        self.later(i64::from(seconds))
    }

    /// The instant so many minutes later, where time goes on that long.
    pub(crate) fn plus_minutes(self, minutes: u32) -> Option<Self> {
        Some(self.later(i64::from(minutes) * 60))
            .filter(|later| later.later(-i64::from(minutes) * 60) == self)
    }

    /// The moment right before this one, at least [`Timestamp::MIN`].
    pub(crate) fn before(self) -> Self {
        Self::saturating(self.micros() - 1)
    }

    /// The first moment after `at` that is a whole number of steps of so many days from here, at
    /// most [`Timestamp::MAX`]; this one itself, where that is later or the steps lead nowhere.
    pub(crate) fn stepping_past(self, at: Self, days: u32) -> Self {
        if at < self || days == 0 {
            return self;
        }
        let step = i128::from(days) * i128::from(SECONDS_PER_DAY * MICROS_PER_SECOND);
        let gone = i128::from(at.micros()) - i128::from(self.micros());
        let micros = i128::from(self.micros()) + (gone / step + 1) * step;
        i64::try_from(micros).map_or(Self::MAX, Self::saturating)
    }

    /// The beginning of its hour.
    pub fn hour(self) -> Self {
        let micros = self.micros();
        Self::saturating(micros - micros.rem_euclid(3_600 * MICROS_PER_SECOND))
    }

    /// The beginning of its day, of UTC.
    pub fn day(self) -> Self {
        let micros = self.micros();
        Self::saturating(micros - micros.rem_euclid(SECONDS_PER_DAY * MICROS_PER_SECOND))
    }

    /// The form that is shown.
    pub(crate) fn text(self) -> [u8; 27] {
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut place = |from: usize, to: usize, mut number: u32| {
            for digit in text.iter_mut().take(to).skip(from).rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        };
        place(0, 4, self.0.year().cast_unsigned());
        place(5, 7, self.0.month());
        place(8, 10, self.0.day());
        place(11, 13, self.0.hour());
        place(14, 16, self.0.minute());
        place(17, 19, self.0.second());
        place(20, 26, self.0.timestamp_subsec_micros());
        text
    }

    fn later(self, seconds: i64) -> Self {
        Self::saturating(self.micros().saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    fn saturating(micros: i64) -> Self {
        Self::from_micros(micros).unwrap_or(if micros < 0 { Self::MIN } else { Self::MAX })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

// Where nobody reads it as a text, it is a number.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_i64(self.micros());
        }
        serializer.serialize_str(str::from_utf8(&self.text()).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let micros = i64::deserialize(deserializer)?;
            return Self::from_micros(micros)
                .ok_or_else(|| serde::de::Error::custom("the moment is out of range"));
        }
        from_text(deserializer)
    }
}
