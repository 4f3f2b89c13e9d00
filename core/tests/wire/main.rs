//! The JSON door by example: every command and every query crosses it, and everything that crosses is as the published
//! schema says.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

#[path = "../golden/mod.rs"]
mod golden;

mod authzen;
mod misuse;
mod samples;
mod standards;

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};
use tenantry::command::Command;
use tenantry::engine::Engine;
use tenantry::model::Patch;
use tenantry::testkit::given::*;
use tenantry::testkit::inside::door::{Call, Inquiry};
use tenantry::wire::{self, Fault};

use samples::{execute, named};

fn call(engine: &Engine, sample: &str) -> Result<Value, Fault> {
    wire::call(engine, &named(sample)).map(|reply| serde_json::from_str(&reply).unwrap())
}

/// The published schema of one thing that crosses.
fn schema_of(name: &str) -> Validator {
    let mut schema = wire::schema();
    schema["$ref"] = json!(format!("#/$defs/{name}"));
    jsonschema::draft202012::new(&schema).unwrap()
}

#[track_caller]
fn fits(schema: &Validator, what: &Value) {
    let errors: Vec<String> =
        schema.iter_errors(what).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what:#}\n{errors:#?}");
}

/// Moves and enabling need more than the known world has.
fn world() -> Given {
    given_under(|policy| {
        policy.management_types[1].moves = tenantry::policy::MoveRule::Approval;
        policy.host_reports_ready = true;
    })
}

#[test]
fn x7_the_schema_is_that_of_the_types_that_cross() {
    let text = serde_json::to_string_pretty(&wire::schema()).unwrap();
    golden::compare("../include/tenantry.schema.json", &format!("{text}\n"));
}

#[test]
fn x7_every_command_crosses_and_fits_the_schema() {
    let (calls, replies) = (schema_of("Call"), schema_of("Executed"));
    let given = world();
    let mut done = BTreeSet::new();
    for &(actor, sample) in samples::COMMANDS {
        if actor == "later" {
            given.clock.pass_days(sample.parse().unwrap());
            continue;
        }
        let request = named(&execute(actor, sample));
        fits(&calls, &serde_json::from_str(&request).unwrap());
        let Call::Execute(read) = Call::read(&request).unwrap() else { panic!("{request}") };
        let again = serde_json::to_string(&Call::Execute(read.clone())).unwrap();
        fits(&calls, &serde_json::from_str(&again).unwrap());
        assert_eq!(Call::read(&again).unwrap(), Call::Execute(read.clone()), "what is written is read again");

        let reply = wire::call(&given.engine, &request).unwrap_or_else(|fault| panic!("{request}\n{fault}"));
        let reply: Value = serde_json::from_str(&reply).unwrap();
        fits(&replies, &reply);
        assert_eq!(reply["command"], read.command.name());
        done.insert(read.command.name());
    }
    let missing: Vec<_> = Command::NAMES.iter().filter(|name| !done.contains(*name)).collect();
    assert!(missing.is_empty(), "no sample of {missing:?}");
    given.engine.verify().unwrap();
}

#[test]
fn x7_every_query_crosses_and_fits_the_schema() {
    let (calls, replies) = (schema_of("Call"), schema_of("Answered"));
    let given = world();
    for &(actor, sample) in samples::BEFORE_QUERIES {
        call(&given.engine, &execute(actor, sample)).unwrap_or_else(|fault| panic!("{sample}\n{fault}"));
    }
    let token = given.engine.token().unwrap();
    let mut asked = BTreeSet::new();
    for sample in samples::QUERIES {
        let request = named(&format!(r#"{{"ask":{sample}}}"#)).replace("$TOKEN", &token.to_string());
        fits(&calls, &serde_json::from_str(&request).unwrap());
        let Call::Ask(read) = Call::read(&request).unwrap() else { panic!("{request}") };
        let again = serde_json::to_string(&Call::Ask(read.clone())).unwrap();
        assert_eq!(Call::read(&again).unwrap(), Call::Ask(read.clone()), "what is written is read again");

        let reply = wire::call(&given.engine, &request).unwrap_or_else(|fault| panic!("{request}\n{fault}"));
        let reply: Value = serde_json::from_str(&reply).unwrap();
        fits(&replies, &reply);
        assert_eq!(reply["query"], read.name());
        asked.insert(read.name());
    }
    let missing: Vec<_> = Inquiry::names().filter(|name| !asked.contains(name)).collect();
    assert!(missing.is_empty(), "no sample of {missing:?}");
}

#[test]
fn x7_the_other_calls_cross_and_fit_the_schema() {
    let given = world();
    let calls = schema_of("Call");
    let place = tempfile::tempdir().unwrap();
    let save_index = serde_json::json!({"save_index": {"to": place.path().join("index")}}).to_string();
    for (sample, reply, wanted) in [
        (
            r#"{"execute_all":[
                {"actor":{"user":"$ADA"},"command":{"command":"block_user","user":"$RITA"}},
                {"actor":{"user":"$RITA"},"command":{"command":"block_user","user":"$ADA"}}]}"#,
            "ExecutedAll",
            r#"{"results":[{"executed":{"outcome":null}},{"fault":{"name":"user_not_active","number":102}}]}"#,
        ),
        (r#"{"acknowledge":{"consumer":"mailer","through":3}}"#, "Acknowledged", r#"{"acknowledged":3}"#),
        (r#"{"sweep":{}}"#, "Swept", r#"{"happened":0}"#),
        (&save_index, "IndexSaved", "{}"),
        (r#"{"compact":{}}"#, "Compacted", r#"{"bytes":0}"#),
        (r#"{"rebuild":{}}"#, "Rebuilt", r#"{"rows":0,"differences":[]}"#),
    ] {
        fits(&calls, &serde_json::from_str(&named(sample)).unwrap());
        let found = call(&given.engine, sample).unwrap();
        fits(&schema_of(reply), &found);
        holds(&found, &serde_json::from_str(wanted).unwrap());
    }
}

#[test]
fn x7_texts_are_parsed_each_for_itself_as_commands_read_them() {
    let sample = r#"{"ask":{"query":"parse","texts":[{"kind":"email","text":" Ada@Example.COM "},
        {"kind":"email","text":"ada"},{"kind":"country","text":"deu"},{"kind":"service","text":""}]}}"#;
    let found = call(&world().engine, sample).unwrap();
    let wanted = r#"{"answer":[{"text":"ada@example.com"},
        {"flaw":{"message":"e-mail address has no @","remedy":"write it like ada@example.com"}},
        {"text":"DE"},{"flaw":{"message":"service is empty","remedy":"give one"}}]}"#;
    holds(&found, &serde_json::from_str(wanted).unwrap());
    let fault = call(&world().engine, r#"{"ask":{"query":"parse","texts":[{"kind":"mood","text":""}]}}"#);
    assert_eq!(fault.unwrap_err().path.as_deref(), Some("ask.texts[0].kind"));
}

/// Whether a document says at least this.
#[track_caller]
fn holds(found: &Value, wanted: &Value) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().for_each(|(name, wanted)| holds(&found[name], wanted));
        }
        (Value::Array(found), Value::Array(wanted)) => {
            assert_eq!(found.len(), wanted.len());
            found.iter().zip(wanted).for_each(|(found, wanted)| holds(found, wanted));
        }
        (found, wanted) => assert_eq!(found, wanted),
    }
}

#[test]
fn x7_a_request_asked_again_is_answered_with_the_first_receipt() {
    let given = world();
    let sample = r#"{"execute":{"id":"$NEW01","actor":"$STAFF","command":
        {"command":"register_tenant","kind":"msp","name":"Northwind IT"}}}"#;
    let first = call(&given.engine, sample).unwrap();
    assert_eq!(call(&given.engine, sample).unwrap(), first);
    assert_eq!(first["request"], "00000000-0000-0000-0000-000000001001");
    assert_eq!(first["outcome"], first["events"][0]["tenant"]);
    assert_eq!(first["token"], given.engine.token().unwrap().to_string());
}

#[test]
fn x2_a_question_is_asked_of_now_of_a_record_or_of_an_instant() {
    let given = world().later(1);
    let before = given.engine.token().unwrap().seq;
    let given = given.and(ADA, tenantry::command::BlockUser::new(ADAM));
    let ask = |as_of: &str| {
        let sample = r#"{"ask":{"query":"check","user":"$ADAM","permission":"devices.view","tenant":"$MSP"#;
        let reply = call(&given.engine, &format!(r#"{sample}"{as_of}}}}}"#)).unwrap();
        (reply["answer"]["allowed"].as_bool().unwrap(), reply["seq"].as_u64().unwrap())
    };
    assert_eq!(ask(""), (false, before + 1));
    assert_eq!(ask(&format!(r#","as_of":{before}"#)), (true, before));
    assert_eq!(ask(r#","as_of":"2026-01-01T12:00:00+01:00""#), (true, before));
    assert_eq!(ask(r#","as_of":"2026-01-02T00:00:00Z""#), (false, before + 1));
}

#[test]
fn x7_a_change_is_absent_a_value_or_null() {
    let given = world();
    let edit = |fields: &str| {
        let command = format!(r#"{{"command":"edit_tenant","tenant":"$MSP",{fields}}}"#);
        match Call::read(&named(&execute("$ADA", &command))).unwrap() {
            Call::Execute(execute) => match execute.command {
                Command::EditTenant(edit) => edit,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let found = edit(r#""country":"deu","website":null"#);
    assert_eq!(found.country, Patch::Set(text("DE")));
    assert_eq!((found.website, found.prefix), (Patch::Clear, Patch::Keep));
    call(&given.engine, &execute("$ADA", r#"{"command":"edit_tenant","tenant":"$MSP","country":"deu"}"#))
        .unwrap();
}

#[test]
fn entities_are_turned_over_by_cursor() {
    let given = world();
    let all = call(&given.engine, r#"{"ask":{"query":"host_entities","kind":"user","tenant":"$MSP"}}"#);
    let all = all.unwrap()["answer"]["rows"].clone();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let sample = r#"{"ask":{"query":"host_entities","kind":"user","tenant":"$MSP","paging":{"limit":2"#;
        let page = call(&given.engine, &format!("{sample}{cursor}}}}}}}")).unwrap()["answer"].clone();
        found.extend(page["rows"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!(r#","cursor":"{next}""#),
            None => break,
        }
    }
    assert_eq!(Value::Array(found), all);
    assert_eq!(all.as_array().unwrap().len(), 6);
}

/// Features are those of all packages of a build: a dependency of a test elsewhere could change in what order the library
/// writes objects, here and in the files that are generated, and nowhere else.
#[test]
fn objects_are_written_in_the_order_of_their_names() {
    let written = serde_json::json!({"b": 1, "a": 2}).to_string();
    assert_eq!(written, r#"{"a":2,"b":1}"#, "something has turned on `preserve_order` of serde_json");
}
