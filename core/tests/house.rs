//! The house itself: floors, purity, the table of rules, the table of refusals, the drawings.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod golden;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tenantry::diagram;
use tenantry::diagram::machines;
use tenantry::refusal::Code;

/// Every module of the crate from the ground up: its floor, and its step where modules of one floor build on each
/// other. A module names modules of lower floors, or of lower steps of its own.
const FLOORS: [(&str, u8, u8); 28] = [
    ("base", 0, 0),
    ("model", 1, 0),
    // A policy is made of the permissions that the model names.
    ("policy", 1, 1),
    ("event", 2, 0),
    ("refusal", 2, 0),
    ("diagram", 2, 0),
    // A command reads its answer from the events it led to.
    ("command", 2, 1),
    // A row shows refusals as reasons, and events as what happened; a preview is of a command.
    ("query", 2, 2),
    ("view", 3, 0),
    ("journal", 3, 0),
    ("effect", 3, 0),
    ("about", 4, 0),
    ("apply", 4, 0),
    ("rules", 4, 0),
    // What a command would lead to is told as what it leads to, with its notices.
    ("sight", 5, 1),
    // What is answered passes the gate; of a world in which what is due has happened; and some of it is CSV, or a page.
    ("answer", 5, 2),
    ("csv", 5, 0),
    ("decide", 5, 0),
    ("index", 5, 0),
    ("notice", 5, 0),
    ("report", 5, 0),
    ("store", 6, 0),
    ("engine", 7, 0),
    ("edge", 8, 0),
    ("sql", 8, 0),
    // The door answers in the forms of standards, too.
    ("wire", 8, 1),
    ("testkit", 9, 0),
    ("lib", 10, 0),
];

/// The floor from which on there are clocks, randomness, locks and threads.
const SHELL: u8 = 6;

/// Rooms below it that may name some of these, and why.
const SHARED_ROOMS: [(&str, [&str; 2], &str); 1] = [(
    "index",
    ["Atomic", "OnceLock"],
    "readers read while one writer writes; who that is, the engine sees to",
)];

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(package().join(&path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// Every Rust file below a directory, as path and text.
fn files(directory: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![package().join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(package()).unwrap().to_str().unwrap().replace('\\', "/");
                let text = fs::read_to_string(&path).unwrap();
                found.push((name, text));
            }
        }
    }
    found.sort();
    found
}

/// A file's code, without comments.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The module of the crate that a file belongs to.
fn module(path: &str) -> &str {
    let path = path.strip_prefix("src/").unwrap();
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The names right after every occurrence of `before`, those of a braced list included.
fn named<'t>(text: &'t str, before: &str) -> Vec<&'t str> {
    let word = |text: &'t str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        &text[..end]
    };
    let mut found = Vec::new();
    for (at, _) in text.match_indices(before) {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
            continue;
        }
        let rest = &text[at + before.len()..];
        match rest.strip_prefix('{') {
            None => found.push(word(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut begins = true;
                for (place, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => begins = true,
                        c if begins && !c.is_whitespace() => {
                            found.push(word(&list[place..]));
                            begins = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn a_module_names_modules_of_lower_floors_only() {
    let floors: BTreeMap<&str, (u8, u8)> =
        FLOORS.iter().map(|&(name, floor, step)| (name, (floor, step))).collect();
    let mut breaches = BTreeSet::new();
    let mut seen = 0;
    for (path, text) in files("src") {
        let own = module(&path);
        let Some(floor) = floors.get(own) else {
            breaches.insert(format!("{own} has no floor"));
            continue;
        };
        let code = code(&text);
        if !path.strip_prefix("src/").unwrap().contains('/') && own != "lib" {
            for other in named(&code, "super::") {
                breaches.insert(format!("{path} names {other} by `super::`, and not by its own path"));
            }
        }
        assert!(
            path.matches('/').count() > 2 || !code.contains("super::super::"),
            "{path} names by `super::super::`"
        );
        for other in named(&code, "crate::") {
            seen += 1;
            match floors.get(other) {
                _ if other == own => {}
                None => drop(breaches.insert(format!("{path} names {other}, which has no floor"))),
                Some(below) if below < floor => {}
                Some(_) => drop(breaches.insert(format!("{path} names {other}, which is not below {own}"))),
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
    assert!(seen > 100, "the imports are read: {seen}");
}

#[test]
fn imports_are_read_in_every_form() {
    let text = "use crate::base::ids::X;\nuse crate::{view::{Index, Key}, model, policy as p};\nlet x = crate::store::y();";
    assert_eq!(named(text, "crate::"), ["base", "view", "model", "policy", "store"]);
    assert_eq!(named("pub(in crate::rules) fn x() {} $crate::x!() mycrate::y()", "crate::"), ["rules"]);
    assert_eq!(code("a // crate::b\nc"), "a \nc");
}

#[test]
fn below_the_shell_there_is_no_clock_no_chance_no_lock_no_thread_and_no_unordered_map() {
    let forbidden = [
        "SystemTime",
        "Instant",
        "Utc::now",
        "Local::now",
        "now_v7",
        "new_v4",
        "new_v1",
        "Mutex",
        "RwLock",
        "Condvar",
        "thread::",
        "thread_local",
        "static mut",
        "Atomic",
        "OnceLock",
        "LazyLock",
        "HashMap",
        "HashSet",
        "RandomState",
        "std::env",
        "std::fs",
        "std::net",
        "std::process",
    ];
    let floors: BTreeMap<&str, u8> = FLOORS.iter().map(|&(name, floor, _)| (name, floor)).collect();
    for (path, text) in files("src") {
        if floors[module(&path)] < SHELL {
            let code = code(&text);
            for word in forbidden {
                let shared = SHARED_ROOMS
                    .iter()
                    .any(|(room, words, _)| *room == module(&path) && words.contains(&word));
                assert!(shared || !code.contains(word), "{path} names {word}");
            }
        }
    }
}

#[test]
fn system_calls_and_calls_of_sqlites_are_in_one_file_each_and_nothing_else_is_unsafe() {
    let unsafe_files: Vec<String> = files("src")
        .into_iter()
        .filter(|(_, text)| {
            code(text).split(|c: char| !(c == '_' || c.is_alphanumeric())).any(|word| word == "unsafe")
        })
        .map(|(path, _)| path)
        .collect();
    assert_eq!(unsafe_files, ["src/sql/borrowed.rs", "src/sql/table.rs", "src/store/sqlite/locks.rs"]);
}

/// How wide a comment may be, its indent included.
const COLUMNS: usize = 100;

#[test]
fn no_comment_is_wider_than_a_hundred_columns() {
    for (path, text) in files("src") {
        let mut example = false;
        for (number, line) in text.lines().enumerate() {
            let comment = line.trim_start().strip_prefix("//");
            let said = comment.unwrap_or_default().trim_start_matches(['/', '!', ' ']);
            example = comment.is_some() && example != said.starts_with("```");
            // Neither an example nor a table can be wrapped.
            let fixed = comment.is_none() || example || said.starts_with('|');
            assert!(
                fixed || line.chars().count() <= COLUMNS,
                "{path}:{} is a comment wider than {COLUMNS} columns",
                number + 1
            );
        }
    }
}

#[test]
fn what_an_actor_is_told_passes_the_one_gate() {
    // An answer asks for no right and knows no actor: both are the gate's affair, and so is personal data. One file has
    // the world and the actor, and takes every question to the gate.
    let beside = ["Actor", "authorize", "admit", "access", "Gate", "Subject", "addressed", "World"];
    for (path, text) in files("src") {
        if path.starts_with("src/answer/") && path != "src/answer/asked.rs" {
            let code = code(&text);
            let words: BTreeSet<&str> = code.split(|c: char| !(c == '_' || c.is_alphanumeric())).collect();
            for word in beside {
                assert!(!words.contains(word), "{path} goes by `{word}`, and not through the gate");
            }
        }
    }
    // Whatever an actor asks goes there first.
    let (queries, answers) = (code(&read("src/query/mod.rs")), code(&read("src/answer/mod.rs")));
    let (_, declared) = queries.split_once("\nqueries! {").unwrap();
    let (declared, _) = declared.split_once("\n}").unwrap();
    let mut asked = 0;
    for query in declared
        .split(" -> ")
        .zip(declared.split(" -> ").skip(1))
        .filter(|(_, rest)| rest.contains("actor: Actor,"))
    {
        let name = query.0.rsplit('\n').next().unwrap().trim().split(' ').next().unwrap();
        let (_, arm) = answers.split_once(&format!("Query::{name}(it) =>")).unwrap();
        let arm = arm.split("Query::").next().unwrap();
        let told = ["told", "told_where", "told_what_awaits", "told_since", "told_beforehand"]
            .map(|way| format!("asked.{way}(&it.actor, "));
        assert!(told.iter().any(|told| arm.contains(told)), "`{name}` answers an actor without the gate");
        asked += 1;
    }
    assert_eq!(asked, declared.matches("actor: Actor,").count());
    assert!(asked >= 8, "the questions are found: {asked}");
}

#[test]
fn the_library_has_no_tests_in_itself_and_is_built_once() {
    for (path, text) in files("src") {
        let code = code(&text);
        assert!(
            !code.contains("#[test]") && !code.contains("cfg(test)"),
            "{path} has tests; see tests/inside"
        );
    }
}

#[test]
fn lib_defines_nothing() {
    for line in code(&read("src/lib.rs")).lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(
            line.starts_with("pub mod ")
                || line.starts_with("mod ")
                || line.starts_with("pub use ")
                || line.starts_with('#'),
            "{line}"
        );
    }
}

/// The names of all tests, with the file's module in front: `tenants::t1_…`.
fn tests() -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files("tests") {
        let module = path.trim_end_matches(".rs").rsplit('/').next().unwrap().to_owned();
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            if line == "#[test]" {
                marked = true;
            } else if marked && let Some(name) = line.strip_prefix("fn ") {
                found.push(format!("{module}::{}", name.split('(').next().unwrap()));
                marked = false;
            }
        }
    }
    found
}

/// The rule that a test's name begins with, as in `t1_…`; `d_…` is about the table of section D.
fn rule_of(test: &str) -> Option<String> {
    let (rule, _) = test.split_once("::")?.1.split_once('_')?;
    let (section, number) = rule.split_at(1);
    let number: u32 = number.parse().ok()?;
    Some(format!("{}-{number}", section.to_uppercase()))
}

/// The rules that must have a test, beside those in the tables of `RULES.md`.
const BEYOND: [&str; 6] = ["Q-2", "Q-3", "A-4", "X-2", "X-7", "X-8"];

#[test]
fn every_rule_has_a_test_that_names_it() {
    let tests = tests();
    let tested: BTreeSet<String> = tests.iter().filter_map(|test| rule_of(test)).collect();
    let listed = rows().into_iter().map(|row| row.id);
    for rule in listed.chain(BEYOND.map(str::to_owned)) {
        assert!(tested.contains(&rule), "no test names {rule}");
    }
    for (section, count) in [("T", 10), ("L", 9), ("P", 16), ("D", 7), ("U", 5)] {
        for number in 1..=count {
            let rule = format!("{section}-{number}");
            assert!(rows().iter().any(|row| row.id == rule), "{rule} is in no table of RULES.md");
        }
    }
}

struct Row {
    id: String,
    place: String,
    tests: String,
    line: String,
}

/// The rows of the tables of rules.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for line in read("RULES.md").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", id, _, place, tests, ""] = cells[..]
            && id.len() > 2
            && id.as_bytes()[1] == b'-'
            && id.as_bytes()[0].is_ascii_uppercase()
        {
            let (id, place, tests) = (id.to_owned(), place.to_owned(), tests.to_owned());
            rows.push(Row { id, place, tests, line: line.to_owned() });
        }
    }
    rows
}

#[test]
fn the_table_of_rules_names_the_tests_there_are() {
    let tests = tests();
    let mut text = read("RULES.md");
    for row in rows() {
        let mut names: Vec<String> = tests
            .iter()
            .filter(|test| rule_of(test).as_ref() == Some(&row.id))
            .map(|test| format!("`{test}`"))
            .collect();
        names.sort();
        let wanted = names.join(", ");
        if row.tests != wanted {
            let cells: Vec<&str> = row.line.split('|').collect();
            text = text.replace(&row.line, &format!("{}| {wanted} |", cells[..4].join("|")));
        }
    }
    golden::compare("RULES.md", &text);
}

#[test]
fn the_table_of_rules_names_the_code_there_is() {
    for row in rows() {
        let mut parts = row.place.split('`');
        assert_eq!(parts.next(), Some(""), "{}: {}", row.id, row.place);
        while let Some(path) = parts.next() {
            let full = package().join("src").join(path);
            assert!(full.exists(), "{}: there is no {path}", row.id);
            for name in parts.next().unwrap_or_default().split([',', ' ']).filter(|name| !name.is_empty()) {
                let text = fs::read_to_string(&full).unwrap();
                let declared = ["fn", "struct", "enum", "trait", "type", "const"]
                    .iter()
                    .any(|kind| named(&text, &format!("{kind} ")).contains(&name));
                let listed = text.lines().any(|line| line.trim() == format!("{name} {{"));
                assert!(declared || listed, "{}: {path} has no {name}", row.id);
            }
        }
    }
}

#[test]
fn readings_are_numbered_under_their_rule() {
    let known: BTreeSet<String> =
        rows().into_iter().map(|row| row.id).chain(BEYOND.map(str::to_owned)).collect();
    let text = read("RULES.md");
    let (_, readings) = text.split_once("\n## Readings\n").unwrap();
    let mut counted = BTreeMap::<&str, usize>::new();
    for reading in readings.lines().filter_map(|line| line.strip_prefix("- **")) {
        let (number, _) = reading.split_once("** ").unwrap();
        let (rule, place) = number.split_once('.').unwrap();
        let count = counted.entry(rule).or_default();
        *count += 1;
        assert!(known.contains(rule), "{number}: there is no such rule");
        assert_eq!(place, count.to_string(), "{number}: readings of one rule are counted from 1");
    }
    assert!(counted.len() > 20, "the readings are read: {counted:?}");
}

/// What looks like a rule or a reading in a text, such as L-3 and Q-2.7; or like a section of something
/// that is not here.
fn cited(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !it.is_alphanumeric() && !"-._".contains(it));
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    let mut found = Vec::new();
    for word in words.map(|word| word.trim_end_matches('.')) {
        let (rule, place) = word.split_once('.').unwrap_or((word, "0"));
        let Some((section, number)) = rule.split_once('-') else {
            found.extend((word != "14" && rule == "14" && is_number(place)).then(|| word.to_owned()));
            continue;
        };
        let is_section = "TLPDUIVSAQX".contains(section) && section.len() == 1;
        if is_section && is_number(number) && is_number(place) {
            found.push(word.to_owned());
        }
    }
    found
}

#[test]
fn every_rule_and_reading_that_is_cited_is_there() {
    let text = read("RULES.md");
    let readings = text.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("** "));
    let known: BTreeSet<String> = rows()
        .into_iter()
        .map(|row| row.id)
        .chain(BEYOND.map(str::to_owned))
        .chain(readings.map(|(number, _)| number.to_owned()))
        .collect();
    let mut count = 0;
    let pages = ["RULES.md", "ARCHITECTURE.md", "../docs/four-machines.md", "../docs/what-may-change.md"];
    let pages = pages.map(|page| (page.to_owned(), read(page)));
    let sources = ["src", "../oracle/src", "../machines/src", "../ffi/src"].map(files);
    for (path, text) in sources.into_iter().flatten().chain(pages) {
        for rule in cited(&text) {
            assert!(known.contains(&rule), "{path} cites {rule}, which RULES.md does not have");
            count += 1;
        }
    }
    assert!(count > 500, "citations are read: {count}");
}

/// Codes that no command can be refused with, only verdicts and lists give them; and why.
const NO_COMMANDS: [(Code, &str); 6] = [
    (Code::NotLinked, "whoever is not linked does not see the tenant, and is told `unknown_tenant`"),
    (Code::ForeignCursor, "only lists have cursors"),
    (Code::InvalidLimit, "only lists have pages"),
    (Code::MomentAhead, "only questions are about moments"),
    (Code::MomentPassed, "only previews are of the present alone"),
    (Code::TextTooLong, "only lists are searched"),
];

#[test]
fn every_refusal_is_given_by_the_engine_in_some_test() {
    let all: String = files("tests/rules").into_iter().map(|(_, text)| code(&text)).collect();
    let given: BTreeSet<&str> = named(&all, "refused(").into_iter().collect();
    for code in Code::ALL {
        let name = format!("{code:?}");
        let no_commands = NO_COMMANDS.iter().any(|(other, _)| other == code);
        assert_eq!(given.contains(&*name), !no_commands, "{name}");
        assert!(
            !no_commands || all.contains(&format!("Some({name})")),
            "{name} is seen in no verdict and no list"
        );
    }
}

#[test]
fn the_table_of_refusals_changes_only_on_purpose() {
    let golden = fs::read_to_string(package().join("tests/golden/refusals.txt")).unwrap_or_default();
    for line in golden.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let mut words = line.split_whitespace();
        let (number, name) = (words.next().unwrap(), words.next().unwrap());
        for code in Code::ALL {
            let same_number = code.number().to_string() == number;
            assert_eq!(
                same_number,
                code.name() == name,
                "{number} {name}: numbers and names are never used again"
            );
        }
    }
    let mut text = "Number, name, family, rule; then what stands in the way, and what to do.\n".to_owned();
    for code in Code::ALL {
        let family = serde_json::to_value(code.family()).unwrap();
        let transient = if code.is_transient() { " (passes by itself)" } else { "" };
        let (number, name, rule) = (code.number(), code.name(), code.rule());
        writeln!(text, "\n{number} {name} {} {rule}{transient}", family.as_str().unwrap()).unwrap();
        writeln!(text, "    {}\n    {}", code.message(), code.remedy()).unwrap();
    }
    golden::compare("tests/golden/refusals.txt", &text);
}

#[test]
fn the_drawings_are_of_the_machines_that_run() {
    let mut page = "# The state machines\n\nDrawn from the code that runs, `core/src/model/machine.rs`. A test compares \
        them, and `UPDATE_GOLDEN=1` draws them anew. The same as DOT files lie in `machines/`.\n"
        .to_owned();
    for machine in machines() {
        let (name, mermaid) = (machine.name, diagram::mermaid(&machine));
        golden::compare(&format!("../docs/machines/{name}.mmd"), &mermaid);
        golden::compare(&format!("../docs/machines/{name}.dot"), &diagram::dot(&machine));
        let title = match name {
            "operation" => "A tenant's operation (T-5)",
            "delink" => "A link's stage (D)",
            "handshake" => "A link request or an invitation (L-3, U-2)",
            "user" => "A user (U-3)",
            other => other,
        };
        write!(page, "\n## {title}\n\n```mermaid\n{mermaid}```\n").unwrap();
    }
    golden::compare("../docs/machines.md", &page);
}
