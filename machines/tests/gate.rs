//! The machines, for as many histories as the gate can afford, on the library that this workspace builds. They fail on every
//! kind of fault that is not on the list of those known to be open, and say the seed and a script that shows it by itself.
//!
//! `TENANTRY_MACHINES=20 cargo test --release -p tenantry-machines` plays twenty times as many.

use tenantry_machines::door::BuiltIn;
use tenantry_machines::generator::Schema;
use tenantry_machines::machine::{MACHINES, known, open_kinds, small};
use tenantry_machines::play::policies;

fn plays(name: &str, histories: u64) {
    let machine = MACHINES.iter().find(|machine| machine.name == name).unwrap();
    let times: u64 = std::env::var("TENANTRY_MACHINES").ok().map_or(1, |times| times.parse().unwrap());
    let (schema, policies) = (Schema::new(), policies());
    let mut done = 0;
    for seed in 1..=histories * times {
        let (found, calls) = (machine.history)(&BuiltIn, &schema, &policies, seed, 40);
        done += calls.0;
        if let Some(new) = found.into_iter().find(|found| !known(&found.kind)) {
            let new = small(machine, &BuiltIn, new);
            let script = new.script.write(name, &new.kind, &new.what);
            panic!(
                "{}, by seed {seed}:\n{}\n`machines replay FILE` shows it, with this in the file:\n\n{script}",
                new.kind, new.what
            );
        }
    }
    // A machine that gets nothing done finds nothing.
    assert!(done as u64 >= histories * times, "only {done} commands of {name} were done");
}

#[test]
fn u_4_p_15_p_16_l_3_nobody_gains_what_nobody_held() {
    plays("gain", 30);
}

#[test]
fn t_9_two_worlds_that_differ_out_of_sight_tell_the_same() {
    plays("worlds", 20);
}

#[test]
fn x_2_p_12_q_3_time_changes_no_answer_and_every_question_ends() {
    plays("time", 15);
}

#[test]
fn a_call_costs_what_it_answers() {
    plays("cost", 2);
}

#[test]
fn the_list_of_open_kinds_names_machines_that_there_are_and_each_kind_once() {
    let mut kinds: Vec<&str> = open_kinds().collect();
    let count = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), count);
    for kind in kinds {
        assert!(MACHINES.iter().any(|machine| kind.starts_with(&format!("{} ", machine.name))), "{kind}");
    }
}
