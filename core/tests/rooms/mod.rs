//! The rooms of every package of the workspace: which of a room's files name which others, read from their code.
//!
//! A room is a directory of modules. Its places are its files, the rooms within it, each as one, and `mod`, which is what the
//! room itself defines. What a room only passes on with `pub use` counts as the file that it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::{code, package};

/// A module's path, from the package on.
type Module = Vec<String>;

/// The code of a package: its modules with their paths on disk and their words.
struct Package {
    modules: BTreeMap<Module, Vec<(String, Vec<String>)>>,
}

/// What a module names: paths that begin with `crate`, `super` or `self`, and what it passes on, by name.
#[derive(Default)]
struct Names {
    paths: Vec<Vec<String>>,
    passed_on: BTreeMap<String, String>,
}

/// The words of code: names, `::`, literals in one piece, and every other sign for itself.
fn words(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        } else {
            first.len_utf8()
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    found
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads a path, or a tree of them as in `use a::{b, c::d}`, and returns where it ends.
fn tree(words: &[String], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    while let Some(word) = words.get(at) {
        if word == "{" {
            at += 1;
            while words.get(at).is_some_and(|word| word != "}") {
                if words[at] == "," {
                    at += 1;
                    continue;
                }
                at = tree(words, at, &path, found).max(at + 1);
                if words.get(at).is_some_and(|word| word == "as") {
                    at += 2;
                }
            }
            return at + 1;
        }
        if !is_name(word) && word != "*" {
            break;
        }
        path.push(word.clone());
        at += 1;
        if words.get(at).is_none_or(|word| word != "::") {
            break;
        }
        at += 1;
    }
    found.push(path);
    at
}

/// Skips what stands in brackets, if something does, and returns where the rest begins.
fn beyond(words: &[String], mut at: usize, open: &str, close: &str) -> usize {
    let mut depth = 0;
    while let Some(word) = words.get(at) {
        if word == open {
            depth += 1;
        } else if word == close && (close != ">" || words[at - 1] != "-") {
            depth -= 1;
        }
        if depth == 0 {
            break;
        }
        at += 1;
    }
    if words.get(at).is_some_and(|word| word == close) { at + 1 } else { at }
}

impl Package {
    fn read(source: &Path) -> Self {
        let mut modules = BTreeMap::<Module, Vec<_>>::new();
        let mut open = vec![source.to_owned()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory).unwrap() {
                let path = entry.unwrap().path();
                let inner = path.strip_prefix(source).unwrap().to_str().unwrap().replace('\\', "/");
                if path.is_dir() {
                    open.push(path);
                } else if let Some(name) = inner.strip_suffix(".rs")
                    && !name.starts_with("bin/")
                {
                    let mut module: Module = name.split('/').map(str::to_owned).collect();
                    if module.last().is_some_and(|last| last == "mod") || ["lib", "main"].contains(&name) {
                        module.pop();
                    }
                    let text = fs::read_to_string(&path).unwrap();
                    modules.entry(module).or_default().push((inner, words(&code(&text))));
                }
            }
        }
        Self { modules }
    }

    /// The places of a room, but for `mod`.
    fn places(&self, room: &[String]) -> BTreeSet<&str> {
        let inside =
            self.modules.keys().filter(|module| module.len() > room.len() && module.starts_with(room));
        inside.map(|module| &*module[room.len()]).collect()
    }

    fn names(&self, module: &Module) -> Names {
        let places = self.places(module);
        let mut names = Names::default();
        for (_, words) in &self.modules[module] {
            let mut used = BTreeSet::new();
            let mut passed_on = BTreeMap::new();
            let mut at = 0;
            while at < words.len() {
                let (word, next) = (&*words[at], words.get(at + 1).map_or("", |word| word));
                let before = if at == 0 { "" } else { &*words[at - 1] };
                if word == "pub" {
                    at = if next == "(" { beyond(words, at + 1, "(", ")") } else { at + 1 };
                    if words.get(at).is_some_and(|word| word == "use") {
                        let mut paths = Vec::new();
                        at = tree(words, at + 1, &[], &mut paths);
                        for mut path in paths {
                            if path[0] == "self" {
                                path.remove(0);
                            }
                            if places.contains(&*path[0]) {
                                let named = words.get(at).is_some_and(|word| word == "as");
                                let name = if named { &words[at + 1] } else { path.last().unwrap() };
                                passed_on.insert(name.clone(), path[0].clone());
                            } else {
                                names.paths.push(path);
                            }
                        }
                    }
                    continue;
                }
                let begins = before != "::" && before != "$" && next == "::";
                if begins && ["crate", "super", "self"].contains(&word) {
                    at = tree(words, at, &[], &mut names.paths);
                } else if begins && places.contains(word) {
                    at = tree(words, at, &["self".to_owned()], &mut names.paths);
                } else {
                    if before != "mod" && before != "::" {
                        used.insert(word);
                    }
                    at += 1;
                }
            }
            for (name, place) in passed_on {
                if used.contains(&*name) {
                    names.paths.push(vec!["self".to_owned(), place.clone()]);
                }
                names.passed_on.insert(name, place);
            }
        }
        names
    }

    /// The rooms in which places name each other in a circle, with these places.
    fn circles(&self) -> BTreeMap<Module, Vec<String>> {
        let names: BTreeMap<&Module, Names> =
            self.modules.keys().map(|module| (module, self.names(module))).collect();
        let mut found = BTreeMap::new();
        let rooms: BTreeSet<&[String]> =
            self.modules.keys().filter_map(|module| module.split_last()).map(|(_, room)| room).collect();
        for room in rooms {
            let places = self.places(room);
            let mut arrows: BTreeMap<&str, BTreeSet<&str>> =
                places.iter().chain(&["mod"]).map(|place| (*place, BTreeSet::new())).collect();
            let passed_on = names.get(&room.to_vec()).map(|names| &names.passed_on);
            for (module, names) in names.iter().filter(|(module, _)| module.starts_with(room)) {
                let from = module.get(room.len()).map_or("mod", |place| place);
                for path in &names.paths {
                    let Some(target) = absolute(module, path) else { continue };
                    if target.len() <= room.len() || !target.starts_with(room) {
                        continue;
                    }
                    let name = &*target[room.len()];
                    let to = places.get(name).copied().unwrap_or_else(|| {
                        passed_on.and_then(|passed_on| passed_on.get(name)).map_or("mod", |place| place)
                    });
                    if to != from {
                        arrows.get_mut(from).unwrap().insert(to);
                    }
                }
            }
            // Whatever names none of those that are left, or is named by none, can be taken away; a circle is what never can.
            let mut left: BTreeSet<&str> = arrows.keys().copied().collect();
            loop {
                let names_some = |place: &&&str| arrows[**place].iter().any(|other| left.contains(other));
                let is_named = |place: &&&str| left.iter().any(|other| arrows[other].contains(**place));
                let free = left.iter().find(|place| !names_some(place) || !is_named(place)).copied();
                let Some(free) = free else { break };
                left.remove(free);
            }
            if !left.is_empty() {
                found.insert(room.to_vec(), left.into_iter().map(str::to_owned).collect());
            }
        }
        found
    }

    /// Names that several files declare types by, where more than its own file sees one of them.
    fn twins(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut declared = BTreeMap::<&str, (bool, BTreeSet<String>)>::new();
        for (path, words) in self.modules.values().flatten() {
            let (mut depth, mut seen) = (0, false);
            for (at, word) in words.iter().enumerate() {
                let quoted =
                    at > 0 && words[at - 1] == "'" && words.get(at + 1).is_some_and(|next| next == "'");
                match &**word {
                    "{" | "}" if quoted => {}
                    "{" => depth += 1,
                    "}" => (depth, seen) = (depth - 1, false),
                    // What is sealed in a function or a macro has no name outside.
                    _ if depth > 0 => {}
                    "pub" => seen = true,
                    ";" => seen = false,
                    "struct" | "enum" | "union" | "trait" | "type" => {
                        let (wide, files) = declared.entry(&words[at + 1]).or_default();
                        *wide |= seen;
                        files.insert(path.clone());
                    }
                    _ => {}
                }
            }
        }
        let twins = declared.into_iter().filter(|(_, (wide, files))| *wide && files.len() > 1);
        twins.map(|(name, (_, files))| (name.to_owned(), files)).collect()
    }

    /// Where types get methods in another file than the one that declares them.
    fn apart(&self) -> BTreeSet<(String, String)> {
        let files = || self.modules.values().flatten();
        let mut declared = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (path, words) in files() {
            for pair in words.windows(2) {
                if ["struct", "enum", "union", "trait"].contains(&&*pair[0]) {
                    declared.entry(&pair[1]).or_default().insert(path);
                }
            }
        }
        let mut found = BTreeSet::new();
        for (path, words) in files() {
            for (at, _) in words.iter().enumerate().filter(|(_, word)| *word == "impl") {
                let mut at = at + 1;
                if words[at] == "<" {
                    at = beyond(words, at, "<", ">");
                }
                let mut paths = Vec::new();
                at = tree(words, at, &[], &mut paths);
                if words.get(at).is_some_and(|word| word == "<") {
                    at = beyond(words, at, "<", ">");
                }
                let own = words.get(at).is_some_and(|word| word == "{" || word == "where");
                if let Some(name) = paths.first().and_then(|path| path.last())
                    && own
                    && declared.get(&**name).is_some_and(|files| !files.contains(&**path))
                {
                    found.insert((path.clone(), name.clone()));
                }
            }
        }
        found
    }
}

/// A path from the package on, if it goes so far.
fn absolute(module: &[String], path: &[String]) -> Option<Module> {
    let mut base = module.to_vec();
    for (place, word) in path.iter().enumerate() {
        match &**word {
            "crate" => base.clear(),
            "super" => drop(base.pop()?),
            "self" => {}
            _ => return Some([&base, &path[place..]].concat()),
        }
    }
    None
}

/// Every package: the members of the workspace, and what has one of its own.
fn packages() -> Vec<String> {
    let manifest = fs::read_to_string(package().join("../Cargo.toml")).unwrap();
    let mut found = Vec::new();
    for list in ["\nmembers = [", "\nexclude = ["] {
        if let Some((_, rest)) = manifest.split_once(list) {
            let names = rest.split_once(']').unwrap().0.split('"').skip(1).step_by(2);
            found.extend(names.map(str::to_owned));
        }
    }
    found
}

#[test]
fn no_files_of_a_room_name_each_other_in_a_circle() {
    for name in packages() {
        let source = package().join("..").join(&name).join("src");
        if !source.is_dir() {
            continue;
        }
        let circles = Package::read(&source).circles();
        assert!(circles.is_empty(), "{name}/src: {circles:?}");
    }
}

#[test]
fn types_have_their_methods_where_they_are_declared() {
    let found = Package::read(&package().join("src")).apart();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_name_of_a_type_stands_for_one_thing() {
    let found = Package::read(&package().join("src")).twins();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_members_of_the_workspace_are_read() {
    let found = packages();
    for name in ["core", "ffi", "oracle", "examples/rust", "benches", "python", "fuzz"] {
        assert!(found.iter().any(|other| other == name), "{name}: {found:?}");
    }
}

#[test]
fn circles_methods_apart_and_twins_are_seen_in_every_form() {
    let made = |files: &[(&str, &str)]| {
        let mut modules = BTreeMap::<Module, Vec<_>>::new();
        for (path, text) in files {
            let module = path.split('/').filter(|part| *part != "mod").map(str::to_owned).collect();
            modules.entry(module).or_default().push(((*path).to_owned(), words(text)));
        }
        Package { modules }
    };
    let round = |files: &[(&str, &str)]| !made(files).circles().is_empty();
    assert!(round(&[("r/a", "use super::b::X;"), ("r/b", "fn f() { crate::r::a::g() }")]));
    assert!(round(&[("r/a", "use super::{b::X, c};"), ("r/b", "use super::c;"), ("r/c", "use super::a;")]));
    assert!(!round(&[("r/a", "use super::{b::X, c};"), ("r/b", "use super::c;"), ("r/c", "")]));
    assert!(round(&[("r/mod", "mod a; fn f() { a::g() }"), ("r/a", "use super::f;")]));
    assert!(!round(&[("r/mod", "mod a; pub use a::g;"), ("r/a", "use super::f;")]));
    assert!(round(&[("r/mod", "mod a; pub use a::G; struct F(G);"), ("r/a", "use super::F;")]));
    assert!(round(&[("r/mod", "pub use b::G;"), ("r/a", "use super::G;"), ("r/b", "use super::a;")]));
    assert!(round(&[("r/a/x", "use crate::r::b;"), ("r/b", "use super::a::x;")]));
    let twins = |one: &str, other: &str| made(&[("r/a", one), ("r/b", other)]).twins().len();
    assert_eq!(twins("pub struct A;", "enum A {}"), 1);
    assert_eq!(twins("pub(in crate::r) type A = u8;", "fn f() { '{' } type A = u8;"), 1);
    assert_eq!(twins("struct A;", "pub fn f() {} struct A;"), 0);
    assert_eq!(twins("pub struct A;", "impl X for Y { type A = u8; } mod m { pub struct A; }"), 0);
    let apart = |other: &str| made(&[("r/a", "pub struct A<T>(T);"), ("r/b", other)]).apart().len();
    assert_eq!(apart("impl<T: Fn() -> u8> super::A<T> { fn f() {} }"), 1);
    assert_eq!(apart("impl<T> Clone for A<T> { } fn f() -> impl Fn(A) {}"), 0);
}
