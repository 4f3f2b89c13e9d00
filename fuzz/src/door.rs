//! Documents through the JSON door: as they come, or made of the samples by changes that may or may not leave them valid.
//!
//! Demanded is that nothing panics, that each has a reply of JSON or a fault of a known number, and that the journal and the state that it
//! leads to hold afterwards, whatever was sent.

use serde_json::{Map, Value, json};
use tenantry::engine::Engine;
use tenantry::testkit::given::{Given, given};
use tenantry::wire::{self, Fault, Status};

use crate::draw::Draw;
use crate::samples::{BEFORE_QUERIES, COMMANDS, NAMES, QUERIES, execute, named};
use crate::seen;

/// The most that one input does.
const STEPS: usize = 16;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut draw = Draw::new(data);
    match draw.below(4) {
        0 => {
            let engine = Engine::memory().expect("memory can be written");
            let text = String::from_utf8_lossy(draw.rest()).into_owned();
            send(&engine, &text);
            if let Err(fault) = wire::policy(&text) {
                known(&fault);
            }
            holds(&engine);
        }
        _ => changed(&mut draw),
    }
}

/// Sends samples, most of them changed, into the known world.
fn changed(draw: &mut Draw<'_>) {
    let given =
        given().under(|policy| policy.management_types[1].moves = tenantry::policy::MoveRule::Approval);
    for _ in 0..STEPS {
        if draw.is_over() {
            break;
        }
        let mut document = sample(draw, &given);
        for _ in 0..draw.below(4) {
            change(draw, &mut document);
        }
        let mut text = document.to_string();
        if draw.once_in(8) {
            mar(draw, &mut text);
        }
        send(&given.engine, &text);
    }
    holds(&given.engine);
}

fn read(sample: &str) -> Value {
    serde_json::from_str(&named(sample)).expect("a sample is JSON")
}

/// A call as it should be. A few of them in a row are as in the samples, so that things come to be.
fn sample(draw: &mut Draw<'_>, given: &Given) -> Value {
    let command = |draw: &mut Draw<'_>| {
        let (actor, command) = draw.pick(COMMANDS);
        if actor == "later" {
            given.clock.pass_days(command.parse().expect("days"));
            return json!({"sweep": {}});
        }
        read(&execute(actor, command))
    };
    match draw.below(8) {
        0..4 => command(draw),
        4 | 5 => {
            let token = given.engine.token().expect("memory can be read").to_string();
            json!({"ask": read(&draw.pick(QUERIES).replace("$TOKEN", &token))})
        }
        6 => {
            let all: Vec<Value> = (0..draw.below(4))
                .filter_map(|_| command(draw).get_mut("execute").map(Value::take))
                .collect();
            json!({"execute_all": all})
        }
        _ => match draw.below(4) {
            0 => json!({"sweep": {}}),
            1 => json!({"acknowledge": {"consumer": "mailer", "through": draw.below(99)}}),
            2 => {
                let (actor, command) = draw.pick(BEFORE_QUERIES);
                read(&execute(actor, command))
            }
            _ => {
                given.clock.pass_days(draw.pick(&[1, 7, 31, 400]));
                json!({"sweep": {}})
            }
        },
    }
}

/// Changes one thing of a document.
fn change(draw: &mut Draw<'_>, document: &mut Value) {
    let other = node(draw, document).clone();
    let place = node(draw, document);
    match draw.below(5) {
        0 | 1 => *place = value(draw),
        2 => *place = other,
        3 => match place {
            Value::Object(members) => {
                let names: Vec<String> = members.keys().cloned().collect();
                if !names.is_empty() {
                    members.remove(&draw.pick(&names));
                }
            }
            Value::Array(items) if !items.is_empty() => {
                items.remove(draw.below(items.len()));
            }
            place => *place = Value::Null,
        },
        _ => match place {
            Value::Object(members) => {
                members.insert(text(draw), value(draw));
            }
            Value::Array(items) => {
                for _ in 0..draw.pick(&[1, 2, 40]) {
                    items.push(other.clone());
                }
            }
            place => *place = json!([other]),
        },
    }
}

/// Some part of a document.
fn node<'v>(draw: &mut Draw<'_>, document: &'v mut Value) -> &'v mut Value {
    let inner = match document {
        Value::Object(members) => members.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    // From the outside inwards, and seldom not to the end.
    if inner == 0 || draw.once_in(8) {
        return document;
    }
    let place = draw.below(inner);
    let child = match document {
        Value::Object(members) => members.values_mut().nth(place),
        Value::Array(items) => items.get_mut(place),
        _ => None,
    };
    node(draw, child.expect("it has as many"))
}

/// Any value: ids of things that are there above all.
fn value(draw: &mut Draw<'_>) -> Value {
    match draw.below(8) {
        0..3 => Value::String(named(draw.pick(&NAMES).0)),
        3 => Value::String(named(&format!("$NEW{:02}", draw.below(64)))),
        4 => Value::String(text(draw)),
        5 => match draw.below(4) {
            0 => json!(draw.any::<i64>()),
            1 => json!(draw.any::<u64>()),
            2 => json!(draw.pick(&[0, -1, 1, 2, 1000, 1001, 10_000, 10_001, i64::MAX, i64::MIN])),
            _ => json!(draw.pick(&[0.5, -0.0, 1e300, 90.0, 180.1])),
        },
        6 => draw.pick(&[Value::Null, json!(true), json!(false), json!([]), Value::Object(Map::new())]),
        _ => json!({ text(draw): value_at_most_once(draw) }),
    }
}

fn value_at_most_once(draw: &mut Draw<'_>) -> Value {
    draw.pick(&[Value::Null, json!("x"), json!(7), json!({"deep": [[[[{}]]]]})])
}

/// Any text: words that mean something above all.
fn text(draw: &mut Draw<'_>) -> String {
    const WORDS: [&str; 40] = [
        "",
        "delete",
        "admin",
        "super_admin",
        "no_access",
        "fully",
        "jointly",
        "manage",
        "configure",
        "msp",
        "customer",
        "reseller",
        "devices.view",
        "users.manage",
        "location.view",
        "never.heard",
        "command",
        "query",
        "execute",
        "ask",
        "actor",
        "operator",
        "ticket",
        "tenant",
        "user",
        "as_of",
        "2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "0000-01-01T00:00:00Z",
        "ada@northwind.example",
        "a@b",
        "\u{0}",
        "\r\nBcc: x",
        "=1+1",
        "\u{202e}",
        "490154203237518",
        "A0000000002329",
        "DE",
        "name",
        "00000000-0000-0000-0000-000000000000",
    ];
    if draw.once_in(4) {
        return String::from_utf8_lossy(&draw.bytes(64)).into_owned();
    }
    draw.pick(&WORDS).to_owned()
}

/// Makes of a document what is perhaps none.
fn mar(draw: &mut Draw<'_>, text: &mut String) {
    let mut place = draw.below(text.len() + 1);
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    match draw.below(3) {
        0 => text.truncate(place),
        1 => text.insert_str(place, &String::from_utf8_lossy(&draw.bytes(8))),
        _ => {
            // A member that is named twice, perhaps.
            let rest = text[place..].to_owned();
            text.push_str(&rest);
        }
    }
}

/// Sends a document, and looks at what comes back.
fn send(engine: &Engine, document: &str) {
    match wire::call(engine, document) {
        Ok(reply) => {
            let reply: Value = serde_json::from_str(&reply).expect("a reply is JSON");
            seen::note(0);
            for result in reply["results"].as_array().into_iter().flatten() {
                if let Some(number) = result["fault"]["number"].as_u64() {
                    assert!(u16::try_from(number).ok().and_then(Status::numbered).is_some(), "{result}");
                }
            }
        }
        Err(fault) => known(&fault),
    }
}

/// A fault has a known number, and says something.
fn known(fault: &Fault) {
    seen::note(fault.number);
    let status = Status::numbered(fault.number).unwrap_or_else(|| panic!("{fault:?} has no known number"));
    assert_eq!((status.name, status.remedy), (fault.name, fault.remedy));
    assert!(!fault.message.is_empty());
    assert_ne!(fault.number, 9901, "{fault:?}");
    // In memory nothing breaks.
    assert!(!(9101..9110).contains(&fault.number), "{fault:?}");
    serde_json::from_str::<Value>(&wire::text(fault)).expect("a fault is JSON");
}

/// The journal holds, and leads to the state there is.
fn holds(engine: &Engine) {
    engine.verify().expect("the journal holds, and leads to the state");
}
