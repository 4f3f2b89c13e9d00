//! The state machines that run (X-8), laid open and drawn: Mermaid and DOT text. Pure; it never
//! reads a file.
//!
//! ```
//! let machines = tenantry::diagram::machines();
//! let delink = machines.iter().find(|machine| machine.name == "delink").ok_or("there is one")?;
//! assert!(tenantry::diagram::mermaid(delink).starts_with("stateDiagram-v2"));
//! # Ok::<(), &str>(())
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use crate::model::machine::{Arrow, Machine, machines};

/// The machine as a Mermaid `stateDiagram-v2`.
pub fn mermaid(machine: &Machine) -> String {
    let mut text = "stateDiagram-v2\n".to_owned();
    let mut line = |from: &str, to: &str, label: &str| {
        writeln!(text, "    {from} --> {to}{label}").expect("a string takes all that is written");
    };
    if let Some(first) = machine.states.first() {
        line("[*]", first, "");
    }
    for ((from, to), triggers) in arrows(machine) {
        line(from, to, &format!(" : {}", triggers.join(", ")));
    }
    for last in last_states(machine) {
        line(last, "[*]", "");
    }
    text
}

/// The machine as a directed graph in the DOT language.
pub fn dot(machine: &Machine) -> String {
    let mut text = format!(
        "digraph {} {{\n    node [shape=box, style=rounded];\n    start [shape=point];\n",
        machine.name
    );
    let mut line =
        |words: String| writeln!(text, "    {words};").expect("a string takes all that is written");
    for last in last_states(machine) {
        line(format!("{last} [peripheries=2]"));
    }
    if let Some(first) = machine.states.first() {
        line(format!("start -> {first}"));
    }
    for ((from, to), triggers) in arrows(machine) {
        line(format!("{from} -> {to} [label=\"{}\"]", triggers.join("\\n")));
    }
    text.push_str("}\n");
    text
}

/// What leads from one state to another, in the order of states; several triggers share an arrow.
fn arrows(machine: &Machine) -> Vec<((&'static str, &'static str), Vec<&str>)> {
    let place = |state| machine.states.iter().position(|one| *one == state);
    let mut sorted: BTreeMap<_, ((&str, &str), Vec<&str>)> = BTreeMap::new();
    for arrow in &machine.arrows {
        let entry = sorted.entry((place(arrow.from), place(arrow.to)));
        entry.or_insert(((arrow.from, arrow.to), Vec::new())).1.push(&arrow.trigger);
    }
    sorted.into_values().collect()
}

/// The states that nothing leads out of.
fn last_states(machine: &Machine) -> Vec<&'static str> {
    let leads_out = |state: &str| machine.arrows.iter().any(|arrow| arrow.from == state);
    machine.states.iter().copied().filter(|state| !leads_out(state)).collect()
}
