//! Four machines that look for kinds of faults, not for specimens, through the JSON door alone: what is *gained* by a command
//! that nobody held, what *two worlds* that differ only out of sight tell of their difference, what *time* does to answers,
//! and what a call *costs*. See `docs/four-machines.md`.

use serde_json::Value;

use crate::door::Library;
use crate::generator::{Generator, Schema};
use crate::script::{Found, Script};
use crate::world::World;

pub mod cost;
pub mod count;
pub mod door;
pub mod gain;
pub mod generator;
pub mod rng;
pub mod script;
pub mod time;
pub mod world;
pub mod worlds;

#[global_allocator]
static COUNTING: count::Counting = count::Counting;

/// What a machine found in one history, and how many calls were done and refused.
pub type Played = (Vec<Found>, (usize, usize));

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
    Machine { name: "time", history: time::history, check: time::check, tries: 600 },
    Machine { name: "cost", history: cost::history, check: cost::check, tries: 60 },
];

/// Plays a random history, and asks for more to be put into the script after each of its steps.
pub(crate) fn play(
    library: &dyn Library,
    schema: &Schema,
    generator: &mut Generator<'_>,
    policy: &Value,
    steps: usize,
    more: impl Fn(&mut Generator<'_>, &World, &mut Script, usize),
) -> (Script, (usize, usize)) {
    let about = Value::Null;
    let mut script = Script { policy: policy.clone(), steps: generator.setup(policy), about };
    let Ok(door) = script.open(library) else { return (script, (0, 0)) };
    for step in &script.steps {
        schema.learn(step, &step.run(&*door));
    }
    let mut world = World::read(&*door);
    let mut done = (0, 0);
    for place in 0..steps {
        generator.pass();
        let step = generator.next(&world);
        let told = step.run(&*door);
        schema.learn(&step, &told);
        script.steps.push(step);
        if told.is_done() {
            done.0 += 1;
            world = World::read(&*door);
        } else {
            done.1 += 1;
        }
        more(generator, &world, &mut script, place);
    }
    (script, done)
}

/// The policies that come with the library.
pub fn policies() -> Vec<Value> {
    let policies = tenantry::policy::Policy::builtin();
    policies.iter().map(|policy| serde_json::to_value(policy).expect("a policy is JSON")).collect()
}

/// Kinds of faults that are known to be open: rules that the engine does not keep yet. Each landing that keeps one takes its
/// lines away.
pub fn open_kinds() -> impl Iterator<Item = &'static str> {
    include_str!("../open.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a kind of fault is known to be open.
pub fn known(kind: &str) -> bool {
    open_kinds().any(|line| line == kind)
}

/// Makes the script of what was found small, as long as the same kind is found.
pub fn small(machine: &Machine, library: &dyn Library, found: Found) -> Found {
    let kind = found.kind.clone();
    let still = |script: &Script| (machine.check)(library, script).iter().any(|(one, _)| *one == kind);
    if !still(&found.script) {
        return found;
    }
    let mut script = script::shrink(found.script, machine.tries, &still);
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
    let what = (machine.check)(library, &script).into_iter().find(|(one, _)| *one == kind).map(|(_, what)| what);
    Found { what: what.unwrap_or(found.what), script, kind }
}
