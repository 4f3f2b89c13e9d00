//! The public surface: one line for everything that `core` offers, read from its sources. The list is committed, so that whatever
//! is added, changed or taken away shows in a diff, and nothing becomes public by the way.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

#[path = "../golden/mod.rs"]
mod golden;

mod expand;
mod list;
mod source;
mod text;

use std::fmt::Write as _;
use std::sync::LazyLock;

static LINES: LazyLock<Vec<String>> = LazyLock::new(|| list::lines(&source::Crate::read()));

#[test]
fn the_surface_changes_only_on_purpose() {
    assert!(LINES.len() > 500, "the sources are read: {}", LINES.len());
    let items = LINES.iter().filter(|line| list::is_item(line)).count();
    let mut text = format!(
        "# What `core` offers, with all of its features: {items} items, and their fields, variants and traits. Made from the\n\
         # sources; `make generate` writes it anew, and the diff is the review. `[f]` is there with the feature `f` alone.\n\n"
    );
    for line in &*LINES {
        writeln!(text, "{line}").unwrap();
    }
    golden::compare("tests/golden/surface.txt", &text);
}

#[test]
fn no_signature_names_an_error_of_another_crate() {
    for line in &*LINES {
        let said = line.replace("crate::", " ");
        for foreign in ["csv", "serde_json", "rusqlite", "uuid", "serde_path_to_error", "chrono", "schemars"]
        {
            assert!(!said.contains(&format!("{foreign}::Error")), "{line}");
        }
    }
}
