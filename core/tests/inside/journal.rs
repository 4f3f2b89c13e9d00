use tenantry::journal::Record;
use tenantry::model::Actor;
use tenantry::testkit::inside::{RULES, UpcastStep, upcast, upcasts};

/// Of records of before rules 2, the command `close` is called `sweep`; of before 3, what was a
/// sweep of nobody's is the clock's.
const STEPS: &[UpcastStep] = &[
    (2, |record| {
        if let Some(command) = record.get_mut("command")
            && command == "close"
        {
            *command = "sweep".into();
        }
    }),
    (3, |record| {
        if record.get("command").is_some_and(|command| command == "sweep")
            && let Some(actor) = record.get_mut("actor")
        {
            *actor = "clock".into();
        }
    }),
];

fn read(rules: &str, actor: &str, command: &str) -> Option<(Actor, String)> {
    let text = format!(
        r#"{{"seq":1,{rules}"at":"2026-01-01T00:00:00Z","actor":"{actor}","command":"{command}","events":[]}}"#
    );
    upcast(&text, STEPS).ok().map(|record| (record.actor, record.command))
}

#[test]
fn q3_a_record_of_older_rules_goes_through_every_step_since_and_no_other() {
    let sweep = Some((Actor::Clock, "sweep".to_owned()));
    assert_eq!(read("", "nobody", "close"), sweep, "through both, in order");
    assert_eq!(read(r#""rules":1,"#, "nobody", "close"), sweep);
    assert_eq!(read(r#""rules":2,"#, "nobody", "sweep"), sweep, "through the second");
    assert_eq!(read(r#""rules":2,"#, "clock", "close"), Some((Actor::Clock, "close".to_owned())));
    assert_eq!(read(r#""rules":3,"#, "nobody", "sweep"), None, "as it is written");
    assert_eq!(read(r#""rules":9,"#, "clock", "close"), Some((Actor::Clock, "close".to_owned())));
    assert!(upcast("{", STEPS).is_err() && upcast("[]", STEPS).is_err());
}

#[test]
fn q3_the_steps_there_are_lead_to_todays_rules() {
    assert!(upcasts().is_sorted());
    assert!(upcasts().last().is_none_or(|last| last <= RULES));
}

#[test]
fn q3_a_record_of_before_there_were_rules_is_read_as_it_was_written() {
    let text =
        r#"{"seq":1,"at":"2026-01-01T00:00:00.000000Z","actor":"clock","command":"sweep","events":[]}"#;
    let record = Record::decode(text).expect("it is a record");
    assert_eq!((record.rules, record.commitment, record.personal.len()), (0, None, 0));
    assert_eq!(record.encode(), text);
}
