//! What the fuzzer does, without it: every input that was kept, and some thousands that are drawn.

use std::path::Path;

use tenantry::testkit::store::Rng;

/// Runs the inputs of a target; says which one it was that went wrong.
fn replay(target: &str, drawn: u64, run: fn(&[u8])) {
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
}

fn guarded(told: &str, data: &[u8], run: fn(&[u8])) {
    if let Err(panic) = std::panic::catch_unwind(|| run(data)) {
        eprintln!("{told} went wrong");
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn documents_through_the_door() {
    replay("door", 2_000, tenantry_fuzz::door::run);
}

#[test]
fn calls_of_the_c_functions() {
    replay("calls", 4_000, tenantry_fuzz::calls::run);
}
