//! Writes `include/tenantry.h`: what is said once at the top, the constants from the library's own tables, then each file
//! of this package in turn. Runs as a test, which compares; `UPDATE_GOLDEN=1` writes.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tenantry::model::{HandshakeState, Operation, Party, Stage, TenantKind, UserState};
use tenantry::policy::Policy;
use tenantry::wire::Status;

const PREFACE: &str = include_str!("../src/preface.h");

/// The chapters: a title and the file whose types and functions they hold.
const CHAPTERS: [(&str, &str); 9] = [
    ("Versions", "version.rs"),
    ("Statuses and errors", "error.rs"),
    ("Texts", "text.rs"),
    ("Ids", "id.rs"),
    ("Engines", "engine.rs"),
    ("Checks", "check.rs"),
    ("Who can, and where", "cursor.rs"),
    ("The access index: checks in nanoseconds", "index.rs"),
    ("Everything else: the JSON door", "door.rs"),
];

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn title(text: &mut String, title: &str) {
    let line = "-".repeat(74usize.saturating_sub(title.len()));
    writeln!(text, "\n/* {title} {line} */\n").unwrap();
}

/// `TENANTRY_STAGE_ACTIVE` of `stage` and `active`.
fn constant(group: &str, name: &str) -> String {
    format!("TENANTRY_{group}{}", name.to_uppercase().replace(['.', '-'], "_"))
}

/// A comment that a `*/` in it does not end.
fn comment(text: &str) -> String {
    format!("/** {} */", text.replace("*/", "* /"))
}

fn statuses(text: &mut String) {
    title(text, "The numbers of statuses");
    text.push_str("enum {\n  /** Done. */\n  TENANTRY_OK = 0");
    for status in Status::all() {
        let rule = status.rule.map_or_else(String::new, |rule| format!(" ({rule})"));
        let about = status.message.replace("{}", "...");
        let said = comment(&format!("{about}; {}.{rule}", status.remedy));
        write!(text, ",\n  {said}\n  {} = {}", constant("", status.name), status.number).unwrap();
    }
    text.push_str("\n};\n");
}

fn words(text: &mut String, what: &str, group: &str, names: impl IntoIterator<Item = String>) {
    writeln!(text, "\n{}", comment(what)).unwrap();
    for name in names {
        writeln!(text, "#define {} \"{name}\"", constant(group, &name)).unwrap();
    }
}

fn constants(text: &mut String) {
    statuses(text);
    title(text, "Names, as the JSON has them");
    let policy = Policy::default();
    let names = |all: &[&str]| all.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let all = |of: &[TenantKind]| of.iter().map(|word| word.name().to_owned()).collect::<Vec<_>>();
    text.truncate(text.trim_end().len());
    text.push('\n');
    words(
        text,
        "Permissions of the default policy.",
        "PERMISSION_",
        policy.permissions.iter().map(ToString::to_string),
    );
    words(
        text,
        "Services of the default policy.",
        "SERVICE_",
        policy.services.iter().map(ToString::to_string),
    );
    words(
        text,
        "Roles of the default policy.",
        "ROLE_",
        policy.roles.iter().map(|role| role.name.to_string()),
    );
    words(
        text,
        "Management types of the default policy.",
        "MANAGEMENT_",
        policy.management_types.iter().map(|rule| rule.name.to_string()),
    );
    words(
        text,
        "The policies that come with the library.",
        "POLICY_",
        names(&["default", "clients", "delegated"]),
    );
    words(text, "Kinds of tenant.", "KIND_", all(TenantKind::ALL));
    words(
        text,
        "Whether a tenant can be worked on.",
        "OPERATION_",
        Operation::ALL.iter().map(|word| word.name().to_owned()),
    );
    words(text, "How far a link has come.", "STAGE_", Stage::ALL.iter().map(|word| word.name().to_owned()));
    words(text, "The sides of a link.", "PARTY_", Party::ALL.iter().map(|word| word.name().to_owned()));
    words(
        text,
        "Where a handshake stands.",
        "HANDSHAKE_",
        HandshakeState::ALL.iter().map(|word| word.name().to_owned()),
    );
    words(text, "Where a user stands.", "USER_", UserState::ALL.iter().map(|word| word.name().to_owned()));
}

/// The types and functions of one file, as C.
fn chapter(file: &str) -> String {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        style: cbindgen::Style::Both,
        no_includes: true,
        cpp_compat: false,
        usize_is_size_t: true,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        line_length: 110,
        sort_by: cbindgen::SortKey::None,
        function: cbindgen::FunctionConfig { args: cbindgen::Layout::Auto, ..Default::default() },
        ..Default::default()
    };
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(package().join("src").join(file))
        .generate()
        .unwrap();
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    // Every type is declared by its plain name before it is used.
    let text = String::from_utf8(bytes).unwrap();
    let plain = |line: &str| match line.starts_with("typedef struct") {
        true => line.to_owned(),
        false => line.replace("struct tenantry_", "tenantry_"),
    };
    short(&text.lines().map(plain).collect::<Vec<_>>())
}

/// Comments of one line on one line.
fn short(lines: &[String]) -> String {
    let mut text = String::new();
    let mut rest = lines;
    while let [line, after @ ..] = rest {
        match after {
            [said, end, further @ ..] if line.trim() == "/**" && end.trim() == "*/" => {
                let (indent, said) = said.split_once("* ").unwrap();
                writeln!(text, "{}/** {said} */", indent.strip_suffix(' ').unwrap()).unwrap();
                rest = further;
            }
            _ => {
                writeln!(text, "{line}").unwrap();
                rest = after;
            }
        }
    }
    text
}

/// The whole header.
fn header() -> String {
    let mut text = PREFACE.to_owned();
    constants(&mut text);
    for (name, file) in CHAPTERS {
        title(&mut text, name);
        text.push_str(chapter(file).trim());
        text.push('\n');
        if file == "engine.rs" {
            text.push_str("\n/** Options that ask for nothing special. */\n#define TENANTRY_OPTIONS_INIT {(uint32_t)sizeof(tenantry_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}\n");
        }
    }
    text.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    text
}

/// Every function, by name, from the header: what the library exports.
fn functions(header: &str) -> Vec<String> {
    let mut names: Vec<String> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', '*']) && line.contains('('))
        .filter_map(|line| {
            let name = line.split('(').next()?.rsplit([' ', '*']).next()?;
            name.starts_with("tenantry_").then(|| name.to_owned())
        })
        .collect();
    names.sort();
    names
}

fn compare(path: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = golden.lines().zip(text.lines()).enumerate();
    if let Some((number, (wanted, found))) = lines.find(|(_, (wanted, found))| wanted != found) {
        panic!(
            "{}:{} is\n  {wanted}\nand should be\n  {found}\nUPDATE_GOLDEN=1 rewrites it",
            path.display(),
            number + 1
        );
    }
    assert!(golden == text, "{} is not what it should be; UPDATE_GOLDEN=1 rewrites it", path.display());
}

#[test]
fn the_header_is_that_of_the_functions() {
    compare(&package().join("../include/tenantry.h"), &header());
}

#[test]
fn the_list_of_symbols_is_that_of_the_header() {
    let mut text = String::new();
    for name in functions(&header()) {
        writeln!(text, "{name}").unwrap();
    }
    compare(&package().join("symbols.txt"), &text);
}

#[test]
fn every_function_says_what_it_does() {
    let text = header();
    let lines: Vec<&str> = text.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        let function =
            !line.starts_with([' ', '/', '#', '*']) && line.contains("tenantry_") && line.contains('(');
        assert!(!function || lines[place - 1].trim().ends_with("*/"), "{line} says nothing");
    }
}
