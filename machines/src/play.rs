//! Random histories, which the machines look at each in its own way.

use serde_json::Value;

use crate::door::Library;
use crate::generator::{Generator, Schema};
use crate::script::{Found, Script};
use crate::world::World;

/// What a machine found in one history, and how many calls were done and refused.
pub type Played = (Vec<Found>, (usize, usize));

/// Plays a random history, and asks for more to be put into the script after each of its steps.
pub fn play(
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
