//! F-21: how what a user waits for grows with the number of customers, from the figures at several sizes.

use std::fmt::Write;

use super::number::number;
use crate::figure::ALL;
use crate::results::{Results, Row};

/// How much steeper than the other side's, or than nothing, a slope may be. A logarithm from 1 000 to 1 000 000 has one of 0.1.
const STEEPER: f64 = 0.15;

/// The exponent by which a value grows with the customers, from the least size to the largest.
fn slope(few: (usize, f64), many: (usize, f64)) -> f64 {
    (many.1 / few.1).ln() / (many.0 as f64 / few.0 as f64).ln()
}

/// The table.
pub(super) fn section(results: &Results) -> String {
    let mut text = format!(
        "\n## F-21: growth\n\nTarget: nothing a user waits for grows faster than its output times log n. A slope of 1 is growth in \
         proportion to the customers; memory itself has one, which the other side's shows. Met is what is at most {STEEPER} steeper \
         than the other side, or than nothing.\n\n| figure | case | from | to | slope | beside | |\n|---|---|---:|---:|---:|---:|---|\n"
    );
    for kind in ALL {
        let timed = |row: &&Row| ["ns", "µs", "ms"].contains(&row.unit.as_str());
        let rows: Vec<&Row> = results.rows(kind.id).filter(timed).collect();
        for (place, few) in rows.iter().enumerate() {
            let name = |row: &Row| (row.case.clone(), row.theirs.as_ref().map(|theirs| theirs.name.clone()));
            let same = |other: &&&Row| name(other) == name(few);
            if rows[..place].iter().any(|other| same(&other)) {
                continue;
            }
            let Some(many) = rows[place + 1..].iter().rfind(same) else { continue };
            let ours = slope((few.customers, few.ours), (many.customers, many.ours));
            let theirs = few.theirs.as_ref().zip(many.theirs.as_ref());
            let theirs = theirs.map(|(a, b)| slope((few.customers, a.value), (many.customers, b.value)));
            let met = if ours <= theirs.unwrap_or(0.0).max(0.0) + STEEPER { "met" } else { "**not met**" };
            let beside = match (&few.theirs, theirs) {
                (Some(other), Some(slope)) => format!("{}: {slope:.2}", other.name),
                _ => "–".to_owned(),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {ours:.2} | {beside} | {met} |",
                kind.id,
                few.case,
                number(few.customers as f64),
                number(many.customers as f64),
            );
        }
    }
    text
}
