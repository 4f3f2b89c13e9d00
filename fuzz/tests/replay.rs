//! What the fuzzer does, without it: every input that was kept, and some thousands that are drawn.

use std::path::Path;

use tenantry::testkit::inside::Rng;
use tenantry_fuzz::seen;

/// Runs the inputs of a target; says which one it was that went wrong. They have to lead to some statuses, and to so many in all.
fn replay(target: &str, drawn: u64, run: fn(&[u8]), reached: (&[u16], usize)) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut kept: Vec<_> = std::fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    kept.sort();
    assert!(!kept.is_empty(), "{} is empty", corpus.display());
    for path in &kept {
        let told = format!("{}", path.display());
        guarded(&told, &std::fs::read(path).unwrap(), run);
    }
    for seed in 1..=drawn {
        let mut rng = Rng::new(seed);
        let length = rng.below(400);
        let data: Vec<u8> = (0..length).map(|_| rng.below(256) as u8).collect();
        guarded(&format!("seed {seed}"), &data, run);
    }
    // Inputs that are all turned away at once would try nothing.
    let seen = seen::all();
    let (wanted, least) = reached;
    assert!(wanted.iter().all(|status| seen.contains(status)), "of {wanted:?} only {seen:?} came up");
    assert!(seen.len() >= least, "only {seen:?} came up");
}

fn guarded(told: &str, data: &[u8], run: fn(&[u8])) {
    if let Err(panic) = std::panic::catch_unwind(|| run(data)) {
        eprintln!("{told} went wrong");
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn documents_through_the_door() {
    replay("door", 2_000, tenantry_fuzz::door::run, (&[0, 9001, 9002, 9005, 201, 611], 30));
}

#[test]
fn calls_of_the_c_functions() {
    let wanted = [0, 101, 201, 301, 304, 305, 9001, 9112, 9201, 9202, 9203, 9204, 9205, 9206, 9208, 9209];
    replay("calls", 2_000, tenantry_fuzz::calls::run, (&wanted, 24));
}
