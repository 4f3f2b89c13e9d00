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

use list::Sort;

use std::fmt::Write as _;
use std::sync::LazyLock;

static LINES: LazyLock<Vec<String>> = LazyLock::new(|| list::lines(&source::Crate::read()));

/// What the modules are about, in the order of the table.
const GROUPS: [(&str, &[&str]); 9] = [
    ("commands", &["command"]),
    ("queries and rows", &["query"]),
    ("ids, texts, moments", &["base"]),
    ("words and entities", &["model"]),
    ("policy, refusals", &["policy", "refusal"]),
    ("engine and stores", &["engine", "store"]),
    ("events, records, notices", &["event", "journal", "notice", "diagram"]),
    ("access index", &["index"]),
    ("JSON door", &["wire"]),
];

/// How many items there are, by what they are about; modules and shorter ways to what stands
/// elsewhere are no items of their own.
fn counted() -> String {
    let items = || LINES.iter().filter_map(|line| list::item(line));
    let row = |name: &str, modules: &[&str]| {
        let within = |path: &str| modules.contains(&path.split("::").next().unwrap());
        let count = |sort| items().filter(|(it, path)| *it == sort && within(path)).count();
        let [types, functions, constants] = [Sort::Type, Sort::Function, Sort::Constant].map(count);
        let all = types + functions + constants;
        (all, format!("# {name:26} {all:5} {types:5} {functions:9} {constants:9}\n"))
    };
    let mut text =
        format!("# {:26} {:>5} {:>5} {:>9} {:>9}\n", "", "items", "types", "functions", "constants");
    let mut sum = 0;
    for (name, modules) in GROUPS {
        let (all, line) = row(name, modules);
        sum += all;
        text.push_str(&line);
    }
    let (testkit, line) = row("testkit, for tests", &["testkit"]);
    let every = items().filter(|(sort, _)| *sort != Sort::Way).count();
    assert_eq!(sum + testkit, every, "every item is in a group");
    writeln!(text, "# {:26} {sum:5}", "all but testkit").unwrap();
    text.push_str(&line);
    text.push('\n');
    text
}

#[test]
fn the_surface_changes_only_on_purpose() {
    assert!(LINES.len() > 500, "the sources are read: {}", LINES.len());
    let mut text = "# What `core` offers, with all of its features: items, and their fields, variants and traits. Made from the\n\
                    # sources; `make generate` writes it anew, and the diff is the review. `[f]` is there with the feature `f` alone.\n\n"
        .to_owned();
    text.push_str(&counted());
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
