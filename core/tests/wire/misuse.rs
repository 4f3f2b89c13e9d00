//! What is wrong with a call is said by number, in words and with its place.

use serde_json::Value;
use tenantry::base::ids::{RequestId, TenantId};
use tenantry::command::{ErasePersonal, Request};
use tenantry::engine::Engine;
use tenantry::model::Subject;
use tenantry::policy::Policy;
use tenantry::refusal::Code;
use tenantry::testkit::given::*;
use tenantry::testkit::inside::door::Call;
use tenantry::wire::{self, Fault, Status, Trouble};

use super::samples::{self, execute, named};
use super::{call, fits, schema_of, world};

#[test]
fn x7_a_misuse_is_told_with_its_place() {
    let engine = Engine::memory().unwrap();
    for (sample, number, path, message) in [
        ("", 9001, "", "EOF while parsing a value"),
        ("{\"ask\":{}", 9001, "", "EOF while parsing an object"),
        ("[]", 9002, "", "a call is an object with one member, one of `execute`"),
        ("{}", 9002, "", "exactly one member"),
        (r#"{"ask":{"query":"token"},"sweep":{}}"#, 9002, "", "exactly one member"),
        (r#"{"drop":{}}"#, 9002, "", "unknown call `drop`"),
        (r#"{"sweep":[]}"#, 9002, "sweep", "invalid type: sequence, expected an object"),
        (
            r#"{"execute":{"actor":{"operator":[]},"command":{}}}"#,
            9002,
            "execute.actor.operator",
            "expected an object",
        ),
        (
            r#"{"execute":{"actor":"operator","command":{}}}"#,
            9002,
            "execute.actor.operator",
            "not its name alone",
        ),
        (
            r#"{"execute":{"actor":{"clock":{}},"command":{}}}"#,
            9002,
            "execute.actor.clock",
            "expected the name alone",
        ),
        (r#"{"execute":{"actor":{},"command":{}}}"#, 9002, "execute.actor", "exactly one member"),
        (r#"{"sweep":{"x":1}}"#, 9002, "sweep.x", "unknown field `x`"),
        (r#"{"ask":[]}"#, 9002, "ask", "expected an object"),
        (r#"{"ask":{}}"#, 9002, "ask", "missing field `query`"),
        (r#"{"ask":{"query":7}}"#, 9002, "ask.query", "expected a string"),
        (
            r#"{"ask":{"query":"everything"}}"#,
            9002,
            "ask",
            "unknown variant `everything`, expected one of `check`",
        ),
        (r#"{"ask":{"query":"token","as_of":1}}"#, 9002, "ask.as_of", "unknown field `as_of`"),
        (
            r#"{"ask":{"query":"host_personal","subject":{"user":"$ADA"},"as_of":1}}"#,
            9002,
            "ask.as_of",
            "unknown field",
        ),
        (r#"{"ask":{"query":"entities","kind":"user"}}"#, 9002, "ask", "unknown variant `entities`"),
        (
            r#"{"ask":{"query":"host_entities","kind":"listing"}}"#,
            9002,
            "ask.kind",
            "unknown variant `listing`",
        ),
        (r#"{"ask":{"query":"host_entities","kind":"policy"}}"#, 9002, "ask.kind", "not found so"),
        (
            r#"{"ask":{"query":"host_entities","kind":"user","manager":"$MSP"}}"#,
            9002,
            "ask.manager",
            "not found so",
        ),
        (
            r#"{"ask":{"query":"host_entities","kind":"link","manager":"$MSP","tenant":"$FULLY"}}"#,
            9002,
            "ask.manager",
            "one of these at a time",
        ),
        (r#"{"ask":{"query":"policy","as_of":-1}}"#, 9002, "ask.as_of", "a record's number, or an instant"),
        (r#"{"ask":{"query":"policy","as_of":"soon"}}"#, 9002, "ask.as_of", "time is not in RFC 3339 form"),
        (
            r#"{"ask":{"query":"users","actor":"clock","tenant":"$MSP","filter":{"sort":"age"}}}"#,
            9002,
            "ask.filter.sort",
            "unknown variant `age`",
        ),
        (
            r#"{"ask":{"query":"check_many","questions":[{"user":"$ADA","permission":"devices.view","tenant":"MSP"}]}}"#,
            9002,
            "ask.questions[0].tenant",
            "UUID",
        ),
        (
            r#"{"execute":{"command":{"command":"block_user","user":"$ADA"}}}"#,
            9002,
            "execute",
            "missing field `actor`",
        ),
        (r#"{"execute":{"actor":{"user":"ada"},"command":{}}}"#, 9002, "execute.actor.user", "UUID"),
        (r#"{"execute":{"actor":"clock","command":{}}}"#, 9002, "execute.command", "missing field `command`"),
        (
            r#"{"execute":{"actor":"clock","command":{"command":"dance"}}}"#,
            9002,
            "execute.command",
            "unknown variant `dance`, expected one of `set_policy`",
        ),
        (
            r#"{"execute":{"actor":"clock","command":{"command":"block_user","who":"$ADA"}}}"#,
            9002,
            "execute.command.who",
            "unknown field `who`, expected `user`",
        ),
        (
            r#"{"execute":{"actor":"clock","command":{"command":"invite_user","tenant":"$MSP","role":"admin","invitee":{"email":"ada"}}}}"#,
            9002,
            "execute.command.invitee.email",
            "e-mail address has no @; write it like ada@example.com",
        ),
        (
            r#"{"execute_all":[{"actor":"clock","command":{"command":"edit_tenant","tenant":"$MSP","country":"Narnia"}}]}"#,
            9002,
            "execute_all[0].command.country",
            "country is not in ISO 3166-1",
        ),
        (
            r#"{"execute":{"actor":"clock","command":{"command":"upload_devices","reseller":"$MSP","to":"$MSP","devices":["SN-1",7]}}}"#,
            9002,
            "execute.command.devices[1]",
            "invalid type: integer `7`, expected a string or an array of strings",
        ),
        (
            r#"{"execute":{"actor":"clock","command":{"command":"upload_devices","reseller":"$MSP","to":"$MSP","devices":[["SN-1",7]]}}}"#,
            9002,
            "execute.command.devices[0][1]",
            "invalid type: integer `7`, expected a string",
        ),
        (r#"{"execute":{"actor":"clock","actor":"clock","command":{}}}"#, 9005, "", "named twice"),
        (r#"{"ask":{"query":"confirm","token":"1.2.3"}}"#, 9002, "ask.token", "not a revision token"),
        (
            r#"{"ask":{"query":"policy","as_of":99}}"#,
            9110,
            "",
            "there is no revision 99; the journal ends at 1",
        ),
        (
            r#"{"ask":{"query":"policy","as_of":"9999-12-31T23:59:59.999999Z"}}"#,
            425,
            "",
            "9999-12-31T23:59:59.999999Z has not come yet",
        ),
        (r#"{"ask":{"query":"host_records","paging":{"limit":0}}}"#, 423, "", "a page cannot have 0 rows"),
        (r#"{"ask":{"query":"host_records","paging":{"cursor":"00.x"}}}"#, 422, "", "is not of this list"),
        (
            r#"{"ask":{"query":"host_entities","kind":"user","tenant":"$MSP","paging":{"cursor":"00$MSP"}}}"#,
            422,
            "",
            "is not of this list",
        ),
    ] {
        let fault = call(&engine, sample).unwrap_err();
        assert_eq!(
            (fault.number, fault.path.as_deref().unwrap_or_default()),
            (number, path),
            "{sample}: {fault}"
        );
        assert!(fault.message.contains(message), "{sample}: {fault}");
        fits(&schema_of("Fault"), &serde_json::to_value(&fault).unwrap());
    }
}

#[test]
fn x7_what_the_schema_does_not_allow_is_not_read() {
    let calls = schema_of("Call");
    for sample in [
        r#"{"execute":{"actor":"clock","command":{"command":"block_user","user":"$ADA","why":"x"}}}"#,
        r#"{"execute":{"actor":"clock","command":{"command":"block_user"}}}"#,
        r#"{"execute":{"actor":"nobody","command":{"command":"block_user","user":"$ADA"}}}"#,
        r#"{"ask":{"query":"policy","as_of":-1}}"#,
        r#"{"ask":{"query":"token","as_of":1}}"#,
        r#"{"ask":{"query":"look_up","actor":"clock","number":"A B"}}"#,
        r#"{"acknowledge":{"consumer":"mailer"}}"#,
        r#"{"sweep":{},"ask":{"query":"token"}}"#,
    ] {
        let sample = named(sample);
        assert!(!calls.is_valid(&serde_json::from_str(&sample).unwrap()), "{sample}");
        assert!(Call::read(&sample).is_err(), "{sample}");
    }
}

/// Whatever is sent is an object that says which members it has, or a map whose keys are data.
#[test]
fn x7_no_part_of_a_call_has_members_that_nobody_knows() {
    let schema = wire::schema();
    let mut waiting = vec![("Call".to_owned(), &schema["$defs"]["Call"])];
    let (mut seen, mut open) = (std::collections::BTreeSet::new(), Vec::new());
    while let Some((place, part)) = waiting.pop() {
        match part {
            Value::Object(members) => {
                if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                    let name = name.trim_start_matches("#/$defs/");
                    if seen.insert(name.to_owned()) {
                        waiting.push((name.to_owned(), &schema["$defs"][name]));
                    }
                }
                if members.contains_key("properties")
                    && members.get("additionalProperties") != Some(&Value::Bool(false))
                {
                    open.push(place.clone());
                }
                waiting.extend(members.iter().map(|(name, part)| (format!("{place}/{name}"), part)));
            }
            Value::Array(parts) => waiting.extend(parts.iter().map(|part| (place.clone(), part))),
            _ => {}
        }
    }
    assert!(seen.len() > 50, "{seen:?}");
    assert_eq!(open, [] as [&str; 0]);
}

#[test]
fn p13_a_policy_is_read_by_name_or_whole() {
    assert_eq!(wire::policy(r#""clients""#).unwrap(), Policy::clients());
    let whole = serde_json::to_string(&Policy::delegated()).unwrap();
    assert_eq!(wire::policy(&whole).unwrap(), Policy::delegated());
    let wrong = whole.replace("\"max_depth\":4", "\"max_depth\":\"4\"");
    let engine = Engine::memory().unwrap();
    let set = |named| format!(r#"{{"command":"set_policy","policy":"{named}"}}"#);
    call(&engine, &execute("$STAFF", &set("clients"))).unwrap();
    assert_eq!(engine.read().unwrap().now().unwrap().policy().name, "clients");
    let unknown = call(&engine, &execute("$STAFF", &set("house"))).unwrap_err();
    assert_eq!(unknown.path.as_deref(), Some("execute.command.policy"));
    let preview = |command: &str| {
        format!(
            r#"{{"ask":{{"query":"preview","actor":{{"operator":{{"ticket":"T-1"}}}},"command":{command}}}}}"#
        )
    };
    call(&engine, &preview(&set("default"))).unwrap();
    for (command, path) in [
        (set("house"), "ask.command.policy"),
        (r#"{"command":"block_user","user":"x"}"#.to_owned(), "ask.command.user"),
        (r#"{"command":"block_usr"}"#.to_owned(), "ask.command"),
        ("7".to_owned(), "ask.command"),
    ] {
        let fault = call(&engine, &preview(&command)).unwrap_err();
        assert_eq!((fault.number, fault.path.as_deref()), (9002, Some(path)), "{command}");
    }
    for (text, path) in [(r#""house""#, "policy"), ("{}", "policy"), ("{", ""), (&wrong, "policy.max_depth")]
    {
        assert_eq!(wire::policy(text).unwrap_err().path.as_deref().unwrap_or_default(), path, "{text}");
    }
}

#[test]
fn x7_a_refusal_is_told_whole() {
    let given = world();
    let fault = call(&given.engine, &execute("$ADA", r#"{"command":"request_delink","link":"$FULLY_LINK"}"#))
        .unwrap_err();
    let wanted = r#"{"number":701,"name":"not_delinkable","family":"state",
        "message":"link `$FULLY_LINK` is fully managed and cannot be delinked","remedy":"convert it to jointly managed first",
        "rule":"D-1","transient":false,"about":"$FULLY_LINK"}"#;
    assert_eq!(serde_json::to_value(&fault).unwrap(), serde_json::from_str::<Value>(&named(wanted)).unwrap());
    let batch = r#"{"command":"assign","assignments":[{"user":"$RITA","tenant":"$FULLY","role":"admin"},
        {"user":"$RITA","tenant":"$FULLY","role":"admin"},{"user":"$RITA","tenant":"$FULLY","role":"boss"}]}"#;
    let fault = call(&given.engine, &execute("$ADA", batch)).unwrap_err();
    assert_eq!(
        fault.items.iter().map(|item| (item.index, item.number)).collect::<Vec<_>>(),
        [(1, 404), (2, 206)]
    );
    fits(&schema_of("Fault"), &serde_json::to_value(&fault).unwrap());
}

#[test]
fn x7_numbers_and_names_are_each_used_once() {
    let mut numbers: Vec<u16> = Status::all().map(|status| status.number).collect();
    let mut names: Vec<&str> = Status::all().map(|status| status.name).collect();
    assert!(numbers.is_sorted(), "refusals come first, each list in order");
    numbers.dedup();
    names.sort_unstable();
    names.dedup();
    assert_eq!((numbers.len(), names.len()), (Status::all().count(), Status::all().count()));
    assert!(Code::ALL.iter().all(|code| code.number() < 1_000), "numbers from 9000 on are no refusals");
    assert_eq!(Status::numbered(701).unwrap().name, "not_delinkable");
    assert_eq!(Status::numbered(9901), Some(Trouble::Panicked.into()));
    assert_eq!(Status::numbered(0), None);
}

#[test]
fn x7_the_table_of_troubles_changes_only_on_purpose() {
    let mut text = "Number, name, family; then what happened, and what to do.\n".to_owned();
    for trouble in Trouble::ALL {
        let family = serde_json::to_value(trouble.whose()).unwrap();
        let (number, name, family) = (trouble.number(), trouble.name(), family.as_str().unwrap());
        text += &format!("\n{number} {name} {family}\n    {}\n    {}\n", trouble.message(), trouble.remedy());
    }
    super::golden::compare("tests/golden/troubles.txt", &text);
}

#[test]
fn x7_a_broken_store_says_the_remedy_once() {
    use tenantry::engine::Error;
    use tenantry::store::StoreError;
    let why = || "because".to_owned();
    for error in [
        StoreError::Busy { waited_ms: 3 },
        StoreError::CannotOpen { path: "a".into(), why: why() },
        StoreError::NotOurs { path: "a".into(), why: why() },
        StoreError::Newer { path: "a".into(), needs: 2, knows: 1 },
        StoreError::Damaged { what: why() },
        StoreError::Full,
        StoreError::ReadOnly,
        StoreError::OutcomeUnknown { why: why() },
        StoreError::Forked,
        StoreError::NotReady { why: why() },
    ] {
        let whole = error.to_string();
        let fault = Fault::from(Error::from(error));
        assert_eq!(fault.to_string(), whole);
        assert!(!fault.message.contains(fault.remedy), "{whole}");
    }
}

#[test]
fn u5_an_id_whose_request_was_erased_answers_no_other_command() {
    let given = world();
    let id = RequestId::from_uuid(uuid::Uuid::from_u128(0x7777));
    let register = r#"{"execute":{"id":"00000000-0000-0000-0000-000000007777","actor":"$STAFF","command":
        {"command":"register_user","home":"$MSP","email":"kim@example.com","role":"admin","user":"$NEW01"}}}"#;
    call(&given.engine, register).unwrap();
    call(&given.engine, &execute("$ADA", r#"{"command":"remove_user","user":"$NEW01"}"#)).unwrap();
    let kim = tenantry::base::ids::UserId::from_uuid(uuid::Uuid::from_u128(0x1001));
    let given = given.and(ADA, ErasePersonal::new(Subject::User(kim)));
    let other = r#"{"execute":{"id":"00000000-0000-0000-0000-000000007777","actor":{"user":"$ADA"},"command":
        {"command":"open_console","tenant":"$FULLY","service":"manage","return_to":"/"}}}"#;
    assert_eq!(call(&given.engine, other).unwrap_err().name, "request_reused");
    let command = tenantry::command::CreateIntegration::new(
        TenantId::from_uuid(MSP.uuid()),
        text("collector"),
        text("N"),
    );
    let request = Request { id, ..given.request(ADA, command) };
    assert_eq!(given.engine.submit(request).unwrap_err().code(), Some(Code::RequestReused));
}

#[test]
fn x7_no_document_makes_it_panic() {
    // A walk of a linear congruential generator over the samples: cut, doubled, swapped bytes; it must answer something.
    let mut state: u64 = 0x5eed;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    let given = world();
    let all: Vec<String> = samples::COMMANDS
        .iter()
        .filter(|(actor, _)| *actor != "later")
        .map(|(actor, sample)| named(&execute(actor, sample)))
        .chain(samples::QUERIES.iter().map(|sample| named(&format!(r#"{{"ask":{sample}}}"#))))
        .collect();
    let small: Vec<&String> = all.iter().filter(|sample| sample.len() < 2_000).collect();
    for _ in 0..4_000 {
        let mut bytes = small[random(small.len())].clone().into_bytes();
        for _ in 0..=random(4) {
            let (one, two) = (random(bytes.len()), random(bytes.len()));
            match random(4) {
                0 => bytes.truncate(one.max(1)),
                1 => bytes.swap(one, two),
                2 => bytes[one] = b"{}[]\",:0-9nul\\\x7f"[random(16) % 15],
                _ => bytes.extend_from_within(one.min(two)..one.max(two)),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(reply) = wire::call(&given.engine, &text) {
            serde_json::from_str::<Value>(&reply).unwrap();
        }
    }
    given.engine.verify().unwrap();
}
