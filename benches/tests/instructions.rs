//! The hot paths take the instructions they took when they were last counted, whatever else the machine is doing.
//!
//! `UPDATE_GOLDEN=1 cargo test -p tenantry-benches --test instructions` counts anew; the difference is the review. Another compiler
//! makes other code: under one, only how the paths compare with each other is looked at, and more loosely.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use tenantry_benches::machine::rustc;

/// The paths, and how many questions one time is.
const PATHS: [(&str, u64); 7] = [
    ("check by ids", 1024),
    ("check by handles", 1024),
    ("batch by handles", 1024),
    ("batch by ids", 1024),
    ("tenants where", 1),
    ("check from a store", 16),
    ("an import's command", 6),
];
/// How much more a path may take than was counted.
const MORE: f64 = 0.03;
/// How much less, before it is to be counted anew. The compiler inlines one caller or another of the same text by where the
/// sources lie and what else was built; what is kept is the larger of the counts that come of it.
const LESS: f64 = 0.15;
/// How far the relation of two may be off under another compiler.
const LOOSE: f64 = 0.25;

#[derive(Debug, Serialize, Deserialize)]
struct Counts {
    rustc: String,
    /// Instructions for each question, in the profile that tests are built in.
    instructions: BTreeMap<String, u64>,
}

/// The instructions of a run, as valgrind counts them.
fn run(path: &str, times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_hot-paths"), path])
        .arg(times.to_string())
        .output()
        .expect("valgrind is installed; `.ci/run` installs it");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let line = told.lines().find_map(|line| line.split_once("Collected : ")).expect("valgrind counts");
    line.1.trim().parse().expect("a number")
}

/// What is in the one run and not in the other is what the path takes; making the world is in both.
fn count((path, questions): (&str, u64)) -> u64 {
    const SHORT: u64 = 4;
    const LONG: u64 = 20;
    (run(path, LONG) - run(path, SHORT)) / ((LONG - SHORT) * questions)
}

#[test]
fn the_hot_paths_take_no_more_instructions_than_before() {
    let counted = std::thread::scope(|scope| {
        let threads = PATHS.map(|path| (path.0.to_owned(), scope.spawn(move || count(path))));
        threads.into_iter().map(|(name, thread)| (name, thread.join().expect("a count"))).collect()
    });
    let now = Counts { rustc: rustc(), instructions: counted };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        return;
    }
    let kept: Counts = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let same = kept.rustc == now.rustc;
    let (unit, bounds) = if same { (None, -LESS..=MORE) } else { (Some("check by ids"), -LOOSE..=LOOSE) };
    for (name, was) in &kept.instructions {
        let share = |counts: &Counts, value: u64| {
            value as f64 / unit.map_or(1.0, |unit| counts.instructions[unit] as f64)
        };
        let (was, is) = (share(&kept, *was), share(&now, now.instructions[name]));
        assert!(
            bounds.contains(&(is / was - 1.0)),
            "`{name}` took {was:.1} and takes {is:.1}; if that is meant, count anew with UPDATE_GOLDEN=1\n{now:#?}"
        );
    }
}
