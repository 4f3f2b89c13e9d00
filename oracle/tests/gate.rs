//! The gate's share of: so many random commands on every commit, and proof that they get everywhere.

use std::thread;

use tenantry_oracle::coverage::Coverage;
use tenantry_oracle::{compare, twin};

const THREADS: u64 = 2;

#[test]
fn r1_the_oracle_and_the_engine_agree_on_random_commands_and_all_checks() {
    let commands = 240_000;
    let mut coverage = Coverage::default();
    let mut done = 0;
    thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || compare::run(1 + thread, THREADS, commands / THREADS, |_| {})))
            .collect();
        for thread in running {
            let (seen, result) = thread.join().unwrap();
            coverage.add(&seen);
            match result {
                Ok(commands) => done += commands,
                Err(failure) => panic!("{}", failure.show()),
            }
        }
    });
    println!("{}", coverage.table());
    assert!(done >= commands);
    assert_eq!(coverage.never_seen(), Vec::<String>::new());
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
