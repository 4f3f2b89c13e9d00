//! The tables: for the terminal, for `RESULTS.md`, and the short one in the README.

use std::fmt::Write;

use super::growth;
use super::number::number;
use crate::figure::{ALL, Kind};
use crate::results::{Of, Results, Row, Run};

/// Marks where the README's table begins.
const BEGIN: &str = "<!-- figures -->";
/// Marks where it ends.
const END: &str = "<!-- /figures -->";

fn target(row: &Row) -> String {
    let Some(target) = row.target else { return "–".to_owned() };
    let bound = number(target.bound);
    match target.of {
        Of::Ours => format!("≤ {bound} {}", row.unit),
        Of::OursAtLeast => format!("≥ {bound} {}", row.unit),
        Of::OursByTheirs => format!("≤ {bound} ×"),
        Of::OursByTheirsAtLeast | Of::TheirsByOurs => format!("≥ {bound} ×"),
        Of::OverTheirs => format!("≤ theirs + {bound} {}", row.unit),
    }
}

fn ratio(row: &Row) -> String {
    let Some(ratio) = row.ratio() else { return "–".to_owned() };
    let ours_first = matches!(
        row.target.map(|target| target.of),
        Some(Of::OursByTheirs | Of::OursByTheirsAtLeast | Of::OverTheirs)
    );
    format!("{} {}", number(ratio), if ours_first { "× theirs" } else { "× as fast" })
}

fn met(row: &Row) -> &'static str {
    match row.met() {
        Some(true) => "met",
        Some(false) => "**not met**",
        None => "–",
    }
}

fn line(row: &Row) -> [String; 7] {
    let beside: Vec<_> = row
        .theirs
        .iter()
        .chain(&row.also)
        .map(|theirs| format!("{}: {}", theirs.name, number(theirs.value)))
        .collect();
    [
        row.case.clone(),
        number(row.customers as f64),
        format!("{} {}", number(row.ours), row.unit),
        if beside.is_empty() { "–".to_owned() } else { beside.join("; ") },
        ratio(row),
        target(row),
        met(row).to_owned(),
    ]
}

/// The rows of a figure for a terminal.
pub fn table(kind: &Kind, rows: &[Row]) -> String {
    let mut text = format!("{} {}\n", kind.id, kind.what);
    let lines: Vec<_> = rows.iter().map(line).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    for line in &lines {
        let cells: Vec<_> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
    text
}

const HEADER: &str =
    "| case | customers | tenantry | beside | ratio | target | |\n|---|---:|---:|---:|---:|---:|---|\n";

/// `RESULTS.md`.
pub fn results(results: &Results) -> String {
    let mut text = String::from(
        "# Results\n\nMade from `results.json` by `make bench`; what is measured, and how, is in [README.md](README.md). A ratio says \
         how many times as fast tenantry is, or, with “× theirs”, how many times as much it takes; where \
         several stand beside it, it is to the first.\n",
    );
    for kind in ALL {
        if results.runs(kind.id).next().is_none() {
            continue;
        }
        let _ = write!(text, "\n## {}: {}\n\nTarget: {}.\n\n{HEADER}", kind.id, kind.what, kind.target);
        for row in results.rows(kind.id) {
            let _ = writeln!(text, "| {} |", line(row).join(" | "));
        }
        text.push('\n');
        for row in results.rows(kind.id) {
            if let Some(note) = &row.note {
                let _ = writeln!(text, "- {} ({}): {note}.", row.case, number(row.customers as f64));
            }
        }
        for run in results.runs(kind.id) {
            let size = run.rows.first().map_or(0, |row| row.customers);
            let versions: Vec<_> =
                run.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
            let _ = writeln!(
                text,
                "- {} customers: {}, commit {}, {}; {}.",
                number(size as f64),
                run.date,
                run.commit,
                run.machine,
                versions.join(", ")
            );
        }
    }
    text.push_str(&growth::section(results));
    text
}

/// The README with its table made anew.
///
/// # Panics
/// When the marks are not there.
pub fn readme(readme: &str, results: &Results) -> String {
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the mark where the figures begin");
    let (_, after) = rest.split_once(END).expect("the README has the mark where the figures end");
    let mut text = format!(
        "{before}{BEGIN}\n\n| what | customers | tenantry | beside | ratio |\n|---|---:|---:|---:|---:|\n"
    );
    for kind in ALL {
        // The first row with a target, at the largest size that has one.
        let first = |run: &'_ Run| run.rows.iter().find(|row| row.target.is_some()).cloned();
        let Some(row) = results.runs(kind.id).rev().find_map(first) else { continue };
        let [case, customers, ours, theirs, ratio, ..] = line(&row);
        let _ = writeln!(text, "| {}: {case} | {customers} | {ours} | {theirs} | {ratio} |", kind.what);
    }
    text + "\n" + END + after
}
