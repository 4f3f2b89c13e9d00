//! Where and with what a figure was measured.

use std::collections::BTreeMap;
use std::process::Command;

use crate::results::{Row, Run};

fn told(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.unwrap_or("unknown processor").trim())
}

/// The versions in the lock file of those who take part.
fn versions() -> BTreeMap<String, String> {
    const OF: [&str; 6] = ["casbin", "cedar-policy", "foldhash", "hashbrown", "regorus", "rusqlite"];
    let lock = include_str!("../../Cargo.lock");
    let mut versions = BTreeMap::new();
    let mut name = "";
    for line in lock.lines() {
        let value = |key: &str| line.strip_prefix(key).map(|rest| rest.trim_matches('"'));
        if let Some(found) = value("name = ") {
            name = found;
        }
        if let Some(version) = value("version = ").filter(|_| OF.contains(&name)) {
            versions.insert(name.to_owned(), version.to_owned());
        }
    }
    versions.insert("SQLite".to_owned(), rusqlite::version().to_owned());
    versions.insert("rustc".to_owned(), rustc());
    versions
}

/// The compiler's version.
pub fn rustc() -> String {
    told("rustc", &["--version"]).split_whitespace().nth(1).unwrap_or("unknown").to_owned()
}

/// What was measured, with where and when.
pub fn run(rows: Vec<Row>) -> Run {
    Run {
        date: told("date", &["-u", "+%Y-%m-%d"]),
        commit: told("git", &["describe", "--always", "--dirty"]),
        machine: processor(),
        versions: versions(),
        rows,
    }
}
