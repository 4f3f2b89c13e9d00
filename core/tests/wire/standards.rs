//! Events in the forms of standards (X-14): OCSF, CloudEvents and CAEP. One of each kind is in `tests/golden`, which the tests
//! of the Python package hold against what the standards publish, by packages that have it.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};
use tenantry::command::*;
use tenantry::edge::EdgeEvents;
use tenantry::event::Event;
use tenantry::testkit::given::*;
use tenantry::{Actor, Engine};

use super::{call, golden, samples, world};

/// An answer of the door.
#[track_caller]
fn ask(engine: &Engine, query: &Value) -> Value {
    call(engine, &json!({"ask": query}).to_string()).unwrap_or_else(|fault| panic!("{query}\n{fault}"))["answer"].clone()
}

fn fault(engine: &Engine, query: &Value) -> (&'static str, Option<Box<str>>) {
    let fault = call(engine, &json!({"ask": query}).to_string()).unwrap_err();
    (fault.name, fault.path)
}

/// Everything that `ask` tells in pieces of so many, each after the one before.
fn told(engine: &Engine, query: &Value, limit: usize) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let mut query = query.clone();
        query["limit"] = json!(limit);
        let place = if query["query"] == "ocsf_audit" { &mut query["filter"] } else { &mut query };
        place["after"] = json!(after);
        let piece = ask(engine, &query);
        found.extend(piece["events"].as_array().unwrap().iter().cloned());
        let through = piece["through"].as_u64().unwrap();
        if through == after {
            return found;
        }
        after = through;
    }
}

/// The world in which every sample of a command has been, and some were refused.
fn played() -> Given {
    let given = world();
    for &(actor, sample) in samples::COMMANDS {
        if actor == "later" {
            given.clock.pass_days(sample.parse().unwrap());
            continue;
        }
        call(&given.engine, &samples::execute(actor, sample)).unwrap();
    }
    given
}

/// A world with consoles that have ended, and in which access has come and gone.
fn ended() -> Given {
    let console = |tenant| OpenConsole::new(tenant, text("manage"), text("/customers"));
    let given =
        given().and(ADAM, console(FULLY)).and(ADAM, console(JOINTLY)).and(ADA, console(JOINTLY)).later(1);
    let given = given.and(ADA, BlockUser::new(ADAM));
    given.and(ADA, RequestDelink::new(JOINTLY_LINK)).and(JULIA, AcceptDelink::new(JOINTLY_LINK))
}

const IAM: [(u64, &[u64]); 4] =
    [(3001, &[1, 2, 5, 6, 99]), (3003, &[1]), (3004, &[1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99]), (3005, &[1, 2])];

#[track_caller]
fn is_ocsf(event: &Value) {
    let (class, activity) = (event["class_uid"].as_u64().unwrap(), event["activity_id"].as_u64().unwrap());
    let (_, activities) = IAM.iter().find(|(known, _)| *known == class).unwrap();
    assert!(activities.contains(&activity), "{event}");
    assert_eq!((&event["category_uid"], &event["type_uid"]), (&json!(3), &json!(class * 100 + activity)));
    assert!(event["time"].as_i64().unwrap() >= dawn().micros() / 1_000);
    assert_eq!(event["metadata"]["version"], "1.8.0");
    let needs: &[&str] = match class {
        3001 | 3003 => &["user"],
        3005 => &["user", "privileges", "resources"],
        _ => &["entity"],
    };
    assert!(needs.iter().all(|name| event.get(*name).is_some_and(|it| !it.is_null())), "{event}");
    assert_eq!(event["metadata"]["event_code"], event["unmapped"]["event"]["event"]);
}

#[test]
fn x14_every_event_of_the_journal_is_one_of_ocsf() {
    let given = played();
    let events = told(&given.engine, &json!({"query": "host_ocsf"}), 1_000);
    events.iter().for_each(is_ocsf);
    let records = given.engine.records_after(0, usize::MAX).unwrap();
    let all: Vec<(u64, &Event)> =
        records.iter().flat_map(|one| one.events.iter().map(|it| (one.seq, it))).collect();
    assert_eq!(events.len(), all.len());
    let mut kinds = BTreeSet::new();
    for (told, (seq, event)) in events.iter().zip(&all) {
        assert_eq!(told["metadata"]["sequence"], *seq);
        assert_eq!(told["unmapped"]["event"], serde_json::to_value(event).unwrap());
        kinds.insert(event_name(event));
    }
    assert!(kinds.len() > 70, "{}", kinds.len());
    let ids: BTreeSet<&str> = events.iter().map(|it| it["metadata"]["uid"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len(), "each has an id of its own");
    // A consumer that stopped goes on; what it reads twice has the same id.
    for limit in [1, 7] {
        assert_eq!(told(&given.engine, &json!({"query": "host_ocsf"}), limit), events);
    }
    let lines = {
        let snapshot = given.engine.read().unwrap();
        let told: EdgeEvents = tenantry::edge::ocsf::journal(&snapshot.now().unwrap(), 0, 1_000).unwrap();
        told.lines()
    };
    assert_eq!(lines.lines().count(), events.len());
    assert!(
        lines
            .lines()
            .zip(&events)
            .all(|(line, event)| serde_json::from_str::<Value>(line).unwrap() == *event)
    );
    let early = ask(&given.engine, &json!({"query": "host_ocsf", "limit": 1_000, "as_of": 9}));
    assert_eq!(early["through"], 9);
}

fn role_there(user: tenantry::UserId, role: &str) -> Assign {
    Assign::new(vec![NewAssignment { user, tenant: JOINTLY, role: text(role), below: None }])
}

#[test]
fn x14_what_is_masked_alike_has_ids_of_its_own() {
    // Two of the manager's people lose their roles with the link: to the customer both are somebody of the manager's.
    let given = given()
        .and(ADA, role_there(ADAM, "admin"))
        .and(ADA, role_there(RITA, "read_only"))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .and(JULIA, AcceptDelink::new(JOINTLY_LINK));
    for actor in [Actor::User(JULIA), STAFF] {
        let query = json!({"query": "ocsf_audit", "actor": actor, "tenant": JOINTLY, "filter": {}});
        let events = told(&given.engine, &query, 1_000);
        let ids: BTreeSet<&str> = events.iter().map(|it| it["metadata"]["uid"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), events.len(), "{actor:?}");
        assert_eq!(told(&given.engine, &query, 1), events);
    }
}

#[test]
fn x14_an_audit_in_ocsf_tells_what_the_audit_tells() {
    let given = played();
    for (actor, tenant) in [
        (Actor::User(JULIA), JOINTLY),
        (Actor::User(JACK), JOINTLY),
        (Actor::User(ADA), JOINTLY),
        (Actor::User(ADA), MSP),
        (Actor::User(GINA), MSP),
        (STAFF, JOINTLY),
        (STAFF, MSP),
    ] {
        let query = json!({"actor": actor, "tenant": tenant, "filter": {}});
        let with = |name: &str| {
            let mut query = query.clone();
            query["query"] = json!(name);
            query
        };
        let mut audit = with("audit");
        audit["paging"] = json!({"limit": 1_000});
        let rows = ask(&given.engine, &audit)["rows"].as_array().unwrap().clone();
        let events = told(&given.engine, &with("ocsf_audit"), 1_000);
        events.iter().for_each(is_ocsf);
        let wanted: Vec<Value> = rows
            .iter()
            .flat_map(|row| {
                let event = |event: &Value| json!([row["seq"], row["command"], event]);
                row["events"].as_array().unwrap().iter().map(event).collect::<Vec<_>>()
            })
            .collect();
        let found: Vec<Value> = events
            .iter()
            .map(|it| json!([it["metadata"]["sequence"], it["unmapped"]["command"], it["unmapped"]["event"]]))
            .collect();
        assert_eq!(found, wanted);
        assert!(!found.is_empty());
        assert_eq!(told(&given.engine, &with("ocsf_audit"), 3), events);
        // Who acted is told as in the audit, too.
        let hidden = |row: &Value| row["by"].get("organisation").is_some() || row["by"] == "stranger";
        let veiled: BTreeSet<u64> =
            rows.iter().filter(|row| hidden(row)).map(|row| row["seq"].as_u64().unwrap()).collect();
        for event in &events {
            let seq = event["metadata"]["sequence"].as_u64().unwrap();
            let kind = &event["actor"]["user"]["type_id"];
            assert_eq!(veiled.contains(&seq), *kind == 99 || *kind == 0, "{event}");
        }
    }
    let refused = |actor: Actor, tenant: tenantry::TenantId| {
        fault(&given.engine, &json!({"query": "ocsf_audit", "actor": actor, "tenant": tenant})).0
    };
    assert_eq!(refused(NINA.into(), JOINTLY), "unknown_tenant");
    assert_eq!(refused(ADA.into(), NOWHERE), "unknown_tenant");
    let limits = |limit: Value| fault(&given.engine, &json!({"query": "host_ocsf", "limit": limit})).0;
    assert_eq!((limits(json!(0)), limits(json!(1_001))), ("invalid_limit", "invalid_limit"));
}

#[test]
fn x14_an_attempt_that_was_refused_is_a_failure_in_ocsf() {
    let given = given();
    given.engine.execute(JACK, AcceptDelink::new(JOINTLY_LINK)).unwrap_err();
    let events = told(&given.engine, &json!({"query": "host_ocsf"}), 100);
    let attempt = events.iter().find(|it| it["metadata"]["event_code"] == "command_refused").unwrap();
    is_ocsf(attempt);
    assert_eq!((&attempt["status_id"], &attempt["status"]), (&json!(2), &json!("Failure")));
    assert_eq!(attempt["entity"]["uid"], "accept_delink");
    assert!(attempt["status_detail"].is_string());
    assert!(events.iter().filter(|it| *it != attempt).all(|it| it["status_id"] == 1));
}

/// What CloudEvents 1.0 asks of an event in structured mode: its table of context attributes, and the member `data` of its
/// format for JSON.
fn cloud_event() -> Validator {
    let text = json!({"type": "string", "minLength": 1});
    let schema = json!({
        "type": "object",
        "required": ["id", "source", "specversion", "type"],
        "properties": {
            "id": text, "specversion": {"const": "1.0"}, "type": text, "subject": text,
            "source": {"type": "string", "minLength": 1, "format": "uri-reference"},
            "datacontenttype": {"const": "application/json"},
            "time": {"type": "string", "format": "date-time"},
            "data": {"type": "object"},
        },
        // Attributes that nobody has declared have names of lower-case letters and digits.
        "propertyNames": {"pattern": "^[a-z0-9]+$"},
        "additionalProperties": false,
    });
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn x14_notices_are_cloud_events_that_keep_their_ids() {
    let given = played();
    let schema = cloud_event();
    let query =
        |limit: usize| json!({"query": "cloud_events", "consumer": "bus", "limit": limit, "source": "/msp"});
    let all = ask(&given.engine, &query(1_000));
    let events = all["events"].as_array().unwrap().clone();
    let notices = ask(&given.engine, &json!({"query": "notices", "consumer": "bus", "limit": 1_000}));
    assert_eq!(all["through"], notices["through"]);
    let notices = notices["notices"].as_array().unwrap();
    assert!(events.len() == notices.len() && events.len() > 40);
    let mut kinds = BTreeSet::new();
    for (event, notice) in events.iter().zip(notices) {
        assert!(schema.is_valid(event), "{event}");
        assert_eq!(event["data"], *notice);
        assert_eq!(event["source"], "/msp");
        let kind = notice["kind"]["kind"].as_str().unwrap();
        assert_eq!(event["type"], format!("tenantry.notice.{kind}"));
        assert!(event["subject"].is_string(), "{event}");
        kinds.insert(kind.to_owned());
    }
    assert!(kinds.len() > 15, "{kinds:?}");
    let ids: BTreeSet<&str> = events.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len(), "each has an id of its own");

    // Half-way: what was acknowledged is gone, the rest comes again as it was.
    let part = ask(&given.engine, &query(5));
    let (some, through) = (part["events"].as_array().unwrap().clone(), part["through"].as_u64().unwrap());
    assert_eq!(some[..], events[..some.len()]);
    assert_eq!(ask(&given.engine, &query(5)), part, "the same again");
    given.engine.acknowledge("bus", through).unwrap();
    assert_eq!(ask(&given.engine, &query(1_000))["events"].as_array().unwrap()[..], events[some.len()..]);

    let epoch = given.engine.token().unwrap().epoch;
    let own = ask(&given.engine, &json!({"query": "cloud_events", "consumer": "bus"}));
    assert_eq!(own["events"][0]["source"], format!("urn:uuid:{epoch}"));
    for source in ["", " ", "a b", "http://[", "\u{e4}"] {
        let told =
            fault(&given.engine, &json!({"query": "cloud_events", "consumer": "bus", "source": source}));
        assert_eq!(told, ("invalid_request", Some("ask.source".into())), "{source}");
    }
}

#[test]
fn x14_a_cloud_events_id_does_not_hang_on_who_is_told() {
    // Somebody who was the only one to be told of the first of two notices of one record is gone.
    let given = given();
    let given = given.and(ADA, RequestDelink::new(JOINTLY_LINK)).and(JULIA, AcceptDelink::new(JOINTLY_LINK));
    let ids = |given: &Given| {
        let told = ask(&given.engine, &json!({"query": "cloud_events", "consumer": "bus", "limit": 1_000}));
        let ids = told["events"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned());
        ids.collect::<BTreeSet<_>>()
    };
    let before = ids(&given);
    let another = RegisterUser::new(JOINTLY, mail("joan"), text("super_admin"));
    let given = given.and(STAFF, another).and(STAFF, BlockUser::new(JULIA));
    let after = ids(&given);
    assert!(after.is_subset(&before) || before.is_subset(&after), "{before:?} {after:?}");
}

const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const CHANGED: &str = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change";

/// What the standards ask of the payload of a token about one event: RFC 8417, Shared Signals 1.0, CAEP 1.0.
#[track_caller]
fn is_caep(token: &Value, kind: &str) {
    let members: Vec<&str> = token.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["aud", "events", "iat", "iss", "jti", "sub_id", "txn"]);
    assert_eq!(
        (&token["iss"], &token["aud"]),
        (&json!("https://msp.example"), &json!("https://app.example"))
    );
    assert!(token["jti"].is_string() && token["txn"].is_string() && token["iat"].is_i64());
    let subject = &token["sub_id"];
    assert_eq!(subject["format"], "complex");
    assert_eq!(subject["user"]["format"], "iss_sub");
    assert_eq!(subject["user"]["iss"], token["iss"]);
    assert_eq!(subject["tenant"]["format"], "opaque");
    let events = token["events"].as_object().unwrap();
    assert_eq!(events.keys().collect::<Vec<_>>(), [kind]);
    let event = &events[kind];
    assert!(event["event_timestamp"].as_i64().unwrap() * 1_000_000 >= dawn().micros());
    assert!(["admin", "user", "policy", "system"].contains(&event["initiating_entity"].as_str().unwrap()));
    assert_eq!(event.get("claims").is_some_and(Value::is_object), kind == CHANGED);
    assert_eq!(subject.get("session").is_some(), kind == REVOKED);
}

#[test]
fn x14_ended_consoles_are_sessions_that_are_revoked() {
    let given = ended();
    let query = json!({"query": "caep_sessions_revoked", "issuer": "https://msp.example", "audience": "https://app.example"});
    let tokens = told(&given.engine, &query, 1_000);
    tokens.iter().for_each(|token| is_caep(token, REVOKED));
    let found: Vec<(String, String)> = tokens
        .iter()
        .map(|it| {
            (
                it["sub_id"]["user"]["sub"].as_str().unwrap().to_owned(),
                it["events"][REVOKED]["initiating_entity"].to_string(),
            )
        })
        .collect();
    let admin = || "\"admin\"".to_owned();
    assert_eq!(
        found,
        [(ADAM.to_string(), admin()), (ADAM.to_string(), admin()), (ADA.to_string(), admin())],
        "two by the block, one by the delink that the customer accepted"
    );
    assert_eq!(told(&given.engine, &query, 2), tokens);
    // What somebody closes themselves is not revoked.
    let console = OpenConsole::new(FULLY, text("manage"), text("/"));
    let opened = given.engine.execute(ADA, console).unwrap().outcome;
    given.engine.execute(ADA, CloseConsole::new(opened.session)).unwrap();
    assert_eq!(told(&given.engine, &query, 1_000).len(), 3);
    let empty = json!({"query": "caep_sessions_revoked", "issuer": ""});
    assert_eq!(fault(&given.engine, &empty), ("invalid_request", Some("ask.issuer".into())));
}

#[test]
fn x14_changes_of_access_are_changes_of_claims() {
    let given = ended();
    let query = |paging: Value| json!({"query": "caep_token_claims_changes", "issuer": "https://msp.example", "audience": "https://app.example", "paging": paging});
    let feed = ask(&given.engine, &json!({"query": "host_access_changes", "paging": {"limit": 1_000}}));
    let feed = feed["rows"].as_array().unwrap();
    let told = ask(&given.engine, &query(json!({"limit": 1_000})));
    let tokens = told["rows"].as_array().unwrap();
    assert_eq!(tokens.len(), feed.len());
    let mut now = BTreeMap::new();
    for (token, row) in tokens.iter().zip(feed) {
        is_caep(token, CHANGED);
        assert_eq!(token["sub_id"]["user"]["sub"], row["user"]);
        assert_eq!(token["sub_id"]["tenant"]["id"], row["tenant"]);
        assert_eq!(token["events"][CHANGED]["reason_admin"]["en"], row["command"]);
        let claims = &token["events"][CHANGED]["claims"]["permissions"];
        let key = (row["user"].to_string(), row["tenant"].to_string());
        assert_eq!(
            now.entry(key).or_insert_with(|| claims.clone()),
            claims,
            "the value is that of the moment asked"
        );
    }
    let held = |user: tenantry::UserId, tenant: tenantry::TenantId| {
        now[&(json!(user).to_string(), json!(tenant).to_string())].as_array().unwrap().len()
    };
    assert_eq!((held(ADAM, MSP), held(ADAM, FULLY), held(ADA, JOINTLY)), (0, 0, 0));
    assert!(held(ADA, MSP) > 10 && held(JULIA, JOINTLY) > 10);
    let ids: BTreeSet<&str> = tokens.iter().map(|it| it["jti"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), tokens.len(), "each has an id of its own");
    // Page by page, and the same ids later.
    given.clock.pass_days(1);
    let (mut again, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = ask(&given.engine, &query(json!({"limit": 3, "cursor": cursor})));
        again
            .extend(page["rows"].as_array().unwrap().iter().map(|it| it["jti"].as_str().unwrap().to_owned()));
        match page.get("next") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    assert_eq!(again, tokens.iter().map(|it| it["jti"].as_str().unwrap()).collect::<Vec<_>>());
    let foreign = query(json!({"cursor": "00"}));
    assert_eq!(fault(&given.engine, &foreign).0, "foreign_cursor");
}

#[test]
fn x14_the_events_of_standards_are_these() {
    let (given, more) = (played(), ended());
    more.engine.execute(JACK, AcceptDelink::new(JOINTLY_LINK)).unwrap_err();
    let mut kinds = BTreeMap::new();
    for engine in [&given.engine, &more.engine] {
        for event in told(engine, &json!({"query": "host_ocsf"}), 1_000) {
            kinds.entry(event["metadata"]["event_code"].to_string()).or_insert(event);
        }
    }
    let audit = json!({"query": "ocsf_audit", "actor": {"user": JULIA}, "tenant": JOINTLY, "filter": {}});
    for event in told(&given.engine, &audit, 1_000) {
        kinds.entry(format!("audit by {}", event["actor"]["user"]["type_id"])).or_insert(event);
    }
    let lines = |events: Vec<Value>| events.iter().map(|it| format!("{it}\n")).collect::<String>();
    let version = format!(r#""version":"{}""#, env!("CARGO_PKG_VERSION"));
    golden::compare(
        "tests/golden/ocsf.jsonl",
        &lines(kinds.into_values().collect()).replace(&version, r#""version":"1""#),
    );

    let mut kinds = BTreeMap::new();
    for event in
        ask(&given.engine, &json!({"query": "cloud_events", "consumer": "bus", "limit": 1_000}))["events"]
            .as_array()
            .unwrap()
    {
        kinds.entry(event["type"].to_string()).or_insert(event.clone());
    }
    golden::compare("tests/golden/cloudevents.jsonl", &lines(kinds.into_values().collect()));

    let of = |query: &str| json!({"query": query, "issuer": "https://msp.example", "audience": "https://app.example"});
    let mut events = told(&more.engine, &of("caep_sessions_revoked"), 1_000);
    let changes = ask(&more.engine, &of("caep_token_claims_changes"));
    events.extend(changes["rows"].as_array().unwrap().iter().rev().take(3).cloned());
    golden::compare("tests/golden/caep.jsonl", &lines(events));
}
