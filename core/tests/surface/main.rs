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

/// How many items modules have: types, functions, constants. Modules themselves, and shorter ways to
/// what stands elsewhere, are no items of their own.
fn counted(modules: &[&str]) -> [usize; 3] {
    let items = || LINES.iter().filter_map(|line| list::item(line));
    let within = |path: &str| modules.contains(&path.split("::").next().unwrap());
    let count = |sort| items().filter(|(it, path)| *it == sort && within(path)).count();
    [Sort::Type, Sort::Function, Sort::Constant].map(count)
}

/// The counts by what the items are about.
fn table() -> String {
    let mut text =
        format!("# {:26} {:>5} {:>5} {:>9} {:>9}\n", "", "items", "types", "functions", "constants");
    let mut row = |name: &str, counts: [usize; 3]| {
        let [types, functions, constants] = counts;
        let all: usize = counts.iter().sum();
        writeln!(text, "# {name:26} {all:5} {types:5} {functions:9} {constants:9}").unwrap();
    };
    let mut promised = [0; 3];
    for (name, modules) in GROUPS {
        let counts = counted(modules);
        row(name, counts);
        promised = std::array::from_fn(|sort| promised[sort] + counts[sort]);
    }
    row("promised", promised);
    let testkit = counted(&["testkit"]);
    row("testkit, for tests", testkit);
    let every = LINES.iter().filter_map(|line| list::item(line)).filter(|(sort, _)| *sort != Sort::Way);
    let grouped: usize = promised.iter().chain(&testkit).sum();
    assert_eq!(grouped, every.count(), "every item is in a group");
    text.push('\n');
    text
}

#[test]
fn the_page_for_hosts_counts_what_there_is() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let page = std::fs::read_to_string(page).unwrap();
    for (name, modules) in GROUPS {
        let row = format!("| {name} | {} |", counted(modules).iter().sum::<usize>());
        assert!(page.contains(&row), "{row}");
    }
    let all: usize = GROUPS.iter().flat_map(|(_, modules)| counted(modules)).sum();
    let own: usize = ["command", "query"].into_iter().flat_map(|module| counted(&[module])).sum();
    let said =
        format!("That is {all}, and {} of them are not a command's or a query's own words.", all - own);
    assert!(page.contains(&said), "{said}");
    let testkit: usize = counted(&["testkit"]).iter().sum();
    assert!(page.contains(&format!("`testkit` is apart: {testkit} items")), "{testkit}");
}

#[test]
fn the_surface_changes_only_on_purpose() {
    assert!(LINES.len() > 500, "the sources are read: {}", LINES.len());
    let mut text = "# What `core` offers, with all of its features: items, and their fields, variants and traits. Made from the\n\
                    # sources; `make generate` writes it anew, and the diff is the review. `[f]` is there with the feature `f` alone.\n\n"
        .to_owned();
    text.push_str(&table());
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
