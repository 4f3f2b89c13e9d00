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
const GROUPS: [(&str, &[&str]); 11] = [
    ("commands", &["command"]),
    ("queries and rows", &["query"]),
    ("ids, texts, moments", &["base"]),
    ("words and entities", &["model"]),
    ("policy, refusals", &["policy", "refusal"]),
    ("names of the default policy", &["permissions", "roles", "services", "management"]),
    ("engine and stores", &["engine", "store", "sql"]),
    ("events, records, notices", &["event", "journal", "notice", "diagram"]),
    ("the index", &["index"]),
    ("JSON door", &["wire"]),
    ("standards", &["edge"]),
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

/// A text with another number between two others.
fn with_number(text: &str, before: &str, number: usize, after: &str) -> String {
    let (first, rest) = text.split_once(before).unwrap();
    let (_, last) = rest.split_once(after).unwrap();
    format!("{first}{before}{number}{after}{last}")
}

#[test]
fn the_surface_is_counted_on_the_page_for_hosts() {
    let count = |modules: &[&str]| counted(modules).iter().sum::<usize>();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let mut page = std::fs::read_to_string(page).unwrap();
    for (name, modules) in GROUPS {
        page = with_number(&page, &format!("| {name} | "), count(modules), " |");
    }
    let all: usize = GROUPS.iter().map(|(_, modules)| count(modules)).sum();
    page = with_number(&page, "That is ", all, ", and ");
    let others = all - count(&["command", "query"]);
    page = with_number(&page, &format!("That is {all}, and "), others, " of them are not");
    page = with_number(&page, "`testkit` is apart: ", count(&["testkit"]), " items");
    golden::compare("ARCHITECTURE.md", &page);
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
