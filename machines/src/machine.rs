//! The machines there are, what they have in common, and what they are known to find.

use serde_json::Value;

use crate::door::Library;
use crate::generator::Schema;
use crate::play::Played;
use crate::script::{Found, Script, shrink};
use crate::{cost, gain, time, worlds};

/// A machine.
pub struct Machine {
    /// Its name.
    pub name: &'static str,
    /// Plays the history of a seed.
    pub history: fn(&dyn Library, &Schema, &[Value], u64, usize) -> Played,
    /// Plays a script, and says what it finds.
    pub check: fn(&dyn Library, &Script) -> Vec<(String, String)>,
    /// How often a script is tried to make it small.
    pub tries: usize,
}

/// The machines there are.
pub const MACHINES: &[Machine] = &[
    Machine { name: "gain", history: gain::history, check: gain::check, tries: 2000 },
    Machine { name: "worlds", history: worlds::history, check: worlds::check, tries: 600 },
    Machine { name: "time", history: time::history, check: time::check, tries: 150 },
    Machine { name: "cost", history: cost::history, check: cost::check, tries: 24 },
];

/// Kinds of faults that are known to be open: rules that the engine does not keep yet. `*` stands for any text. Each landing
/// that keeps a rule takes its lines away.
pub fn open_kinds() -> impl Iterator<Item = &'static str> {
    include_str!("../open.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a line of that list is about a kind.
pub fn is_about(line: &str, kind: &str) -> bool {
    let mut parts = line.split('*');
    let Some(mut rest) = parts.next().and_then(|first| kind.strip_prefix(first)) else { return false };
    let mut exact = true;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        exact = !part.is_empty();
        rest = if part.is_empty() { "" } else { after };
    }
    rest.is_empty() || !exact
}

/// Whether a kind of fault is known to be open.
pub fn known(kind: &str) -> bool {
    open_kinds().any(|line| is_about(line, kind))
}

/// Makes the script of what was found small, as long as the same kind is found.
pub fn small(machine: &Machine, library: &dyn Library, found: Found) -> Found {
    let kind = found.kind.clone();
    let still = |script: &Script| (machine.check)(library, script).iter().any(|(one, _)| *one == kind);
    if !still(&found.script) {
        return found;
    }
    let mut script = shrink(found.script, machine.tries, &still);
    // Of the texts that differ between two worlds, those that make the difference.
    let texts: Vec<String> =
        script.about["otherwise"].as_object().into_iter().flat_map(|all| all.keys().cloned()).collect();
    for text in texts {
        let mut smaller = script.clone();
        smaller.about["otherwise"].as_object_mut().map(|all| all.remove(&text));
        if still(&smaller) {
            script = smaller;
        }
    }
    let what =
        (machine.check)(library, &script).into_iter().find(|(one, _)| *one == kind).map(|(_, what)| what);
    Found { what: what.unwrap_or(found.what), script, kind }
}
