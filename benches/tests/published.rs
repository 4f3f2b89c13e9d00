//! What is published is what was measured: the texts are those that `results.json` yields.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use tenantry_benches::report::{readme, results};
use tenantry_benches::results::Results;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_published_figures_are_those_that_were_measured() {
    let kept = Results::load(&at("results.json")).unwrap();
    let told =
        "run `make bench`, or `cargo run -p tenantry-benches -- --texts` where only the texts are behind";
    assert_eq!(
        read_to_string(at("RESULTS.md")).unwrap(),
        results(&kept),
        "RESULTS.md is not current; {told}"
    );
    let text = read_to_string(at("../README.md")).unwrap();
    assert!(text == readme(&text, &kept), "the README's table is not current; {told}");
}
