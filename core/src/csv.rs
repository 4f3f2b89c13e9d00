//! Rows become CSV (V-6): RFC 4180, row by row as they are read, safe to open in a spreadsheet.
//! Decides nothing about the rows.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use crate::query::ResellerCustomerRow;

/// The columns of a reseller's list (V-5).
pub const RESELLER_COLUMNS: [&str; 7] = [
    "Company name / internal reference",
    "Customer / MSP ID",
    "Country",
    "Last uploaded",
    "Uploads",
    "Devices",
    "Status",
];

/// What was answered could not be written out.
#[derive(Debug)]
pub struct Unwritten(::csv::Error);

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Writes a reseller's rows under their columns and says how many there were. Nothing is kept in
/// memory but the row at hand.
///
/// # Errors
/// The first error of the rows or, as `E`, of the output.
pub(crate) fn reseller_customers<E: From<Unwritten>>(
    rows: impl Iterator<Item = Result<ResellerCustomerRow, E>>,
    out: impl Write,
) -> Result<u64, E> {
    // Every text stands in quotation marks, so that a reader with another separator than a comma
    // finds its columns, too.
    let mut csv = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .quote_style(::csv::QuoteStyle::NonNumeric)
        .from_writer(out);
    csv.write_record(RESELLER_COLUMNS).map_err(Unwritten)?;
    let mut count = 0;
    for row in rows {
        let row = row?;
        csv.write_record([
            &*inert(&row.company),
            &*inert(row.number.as_str()),
            row.country.as_ref().map_or("", |country| country.as_str()),
            &row.last_uploaded.map_or_else(String::new, |at| at.to_string()),
            &row.uploads.to_string(),
            &row.devices.to_string(),
            row.status.name(),
        ])
        .map_err(Unwritten)?;
        count += 1;
    }
    csv.flush().map_err(|error| Unwritten(error.into()))?;
    Ok(count)
}

/// A cell that no spreadsheet runs, whatever it takes for a separator: what could begin a formula
/// is led by an apostrophe, at the cell's beginning and behind each `,`, `;`, `|` and tab.
pub fn inert(cell: &str) -> Cow<'_, str> {
    let mut led = Vec::new();
    let mut begins = true;
    for (at, c) in cell.char_indices() {
        let runs = matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
        );
        if begins && runs {
            led.push(at);
        }
        // Some readers pass over spaces and quotation marks.
        begins = matches!(c, ',' | ';' | '|' | '\t' | '\r' | '\n') || (begins && matches!(c, ' ' | '"'));
    }
    if led.is_empty() {
        return Cow::Borrowed(cell);
    }
    let mut safe = cell.to_owned();
    led.into_iter().rev().for_each(|at| safe.insert(at, '\''));
    Cow::Owned(safe)
}
