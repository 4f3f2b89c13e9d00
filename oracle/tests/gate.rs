//! The gate's share of: so many random commands on every commit, and proof that they get everywhere.

use std::thread;

use tenantry_oracle::coverage::Coverage;
use tenantry_oracle::{compare, twin};

const THREADS: u64 = 2;

/// So many histories each has to be looked at in: what commands would lead to and have led to, the past, reviews and how they
/// differ.
const HISTORIES: u64 = 2_000;

#[test]
fn r1_the_oracle_and_the_engine_agree_on_random_commands_and_all_checks() {
    let commands = 240_000;
    let mut coverage = Coverage::default();
    let mut differences = Vec::new();
    thread::scope(|scope| {
        let share = |thread| {
            move || compare::survey(1 + thread, THREADS, commands / THREADS, |found| !found.is_open())
        };
        let running: Vec<_> = (0..THREADS).map(|thread| scope.spawn(share(thread))).collect();
        for thread in running {
            let (seen, found) = thread.join().unwrap();
            coverage.add(&seen);
            differences.extend(
                found
                    .into_iter()
                    .map(|(kind, (count, failure))| format!("{count} times {kind}\n{}", failure.show())),
            );
        }
    });
    println!("{}", coverage.table());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(coverage.never_seen(), Vec::<String>::new());
    for look in Coverage::LOOKS {
        let held = coverage.histories.get(look).copied().unwrap_or(0);
        assert!(held >= HISTORIES, "{look}: told of something in {held} of {} histories", coverage.worlds);
    }
    for (code, why) in Coverage::UNREACHABLE {
        assert!(!coverage.refused.contains_key(&code), "`{code}` was met after all, although {why}");
    }
}

#[test]
fn r2_memory_and_sqlite_agree_on_random_commands_and_write_the_same_journal() {
    let (coverage, result) = twin::run(500_001, 1, 20_000, |_| {});
    let done = result.unwrap_or_else(|difference| panic!("{difference}"));
    assert!(done >= 20_000);
    assert!(coverage.checks >= 100_000);
}
