//! The Authorization API (X-14): the standard's own certification scenario, what it says beyond that, and what comes in
//! malformed.
//!
//! The scenario's fixture and requests are facts of the OpenID AuthZEN working group's "Authorization API 1.0 -
//! Certification Scenario" (2026): who there is, what each may do, and what is to be answered; the numbers are its sections.
//! tenantry claims its levels Basic Core, Batch Core, Search Core and Discovery. The levels called Properties want decisions to
//! rest on what a request says of its subject; of these the requests are sent, and have to be answered.

use serde::Deserialize;
use serde_json::{Value, json};
use tenantry::Actor;
use tenantry::command::{AddCustomer, Assign, BlockUser, NewAssignment, RegisterTenant, RegisterUser};
use tenantry::engine::Engine;
use tenantry::model::TenantKind;
use tenantry::policy::{Policy, RoleRule};
use tenantry::store::memory::MemoryStore;
use tenantry::testkit::given::*;
use tenantry::wire;
use uuid::Uuid;

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const SUBJECT: &str = "/access/v1/search/subject";
const RESOURCE: &str = "/access/v1/search/resource";
const ACTION: &str = "/access/v1/search/action";

/// What the scenario calls things, and what they are here: its records are customers of one manager, its people are that
/// manager's.
const IDS: [(&str, u128); 5] =
    [("alice", 0x601), ("bob", 0x602), ("record-1", 0x701), ("record-2", 0x702), ("nonexistent-user", 0x6ff)];

fn id(name: &str) -> Uuid {
    Uuid::from_u128(IDS.iter().find(|(known, _)| *known == name).unwrap().1)
}

/// The scenario's fixture: alice reads and writes, bob reads.
fn fixture() -> Given {
    let mut policy = Policy::default();
    policy.permissions.extend(set::<tenantry::base::text::Permission>(&["read", "write", "delete"]));
    for role in &mut policy.roles {
        if role.name.as_str() == "super_admin" {
            role.permissions = policy.permissions.clone();
        }
    }
    let role = |name: &str, holds: &[&str]| RoleRule { name: text(name), permissions: set(holds) };
    policy.roles.extend([role("author", &["read", "write"]), role("reader", &["read"])]);
    let manager = MSP;
    let given = Given::bare(MemoryStore::new(Uuid::from_u128(1)), policy);
    let command =
        RegisterTenant { tenant: Some(manager), ..RegisterTenant::new(TenantKind::Msp, text("Records")) };
    let mut given = given.and(STAFF, command);
    for name in ["record-1", "record-2"] {
        let tenant = Some(tenantry::TenantId::from_uuid(id(name)));
        let add =
            AddCustomer::new(manager, TenantKind::Customer, text(name), text("fully"), set(&["manage"]));
        given = given.and(STAFF, AddCustomer { tenant, number: Some(text(name)), ..add });
    }
    for (name, role) in [("alice", "author"), ("bob", "reader")] {
        let user = tenantry::UserId::from_uuid(id(name));
        let register = RegisterUser::new(manager, mail(name), text(role));
        given = given.and(STAFF, RegisterUser { user: Some(user), ..register });
    }
    given
}

/// A request of the scenario, and what is to be answered.
#[derive(Deserialize)]
struct Case {
    section: String,
    path: String,
    request: Value,
    wanted: Wanted,
}

/// What is to be answered.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    /// A decision.
    Decision(bool),
    /// As many decisions, of which some have a value.
    Decisions(Vec<Option<bool>>),
    /// At least these results; where none are named, none.
    Found(Vec<String>),
    /// "Bad Request".
    Bad,
}
use Wanted::{Bad, Decision, Decisions, Found};

/// Sends a request in the scenario's words, and reads the answer in them.
fn send(engine: &Engine, path: &str, request: &str) -> (u16, Value) {
    let mut said = request.replace(r#""record""#, r#""tenant""#);
    for (name, _) in IDS {
        said = said.replace(&format!(r#""{name}""#), &format!(r#""{}""#, id(name)));
    }
    let (status, body) = wire::authzen(engine, path, &said);
    if status != 200 {
        return (status, Value::String(body));
    }
    let mut told = body.replace(r#""type":"tenant""#, r#""type":"record""#);
    for (name, _) in IDS {
        told = told.replace(&id(name).to_string(), name);
    }
    (status, serde_json::from_str(&told).unwrap())
}

fn results(body: &Value) -> Vec<&str> {
    let results = body["results"].as_array().unwrap();
    results.iter().map(|one| one.get("id").unwrap_or(&one["name"]).as_str().unwrap()).collect()
}

#[track_caller]
fn meets(section: &str, (status, body): (u16, Value), wanted: &Wanted) {
    let about = format!("{section}: {wanted:?}, not {status} {body}");
    assert_eq!(status, if matches!(wanted, Bad) { 400 } else { 200 }, "{about}");
    match wanted {
        Bad => assert!(body.is_string()),
        Decision(decision) => {
            assert_eq!(body["decision"], *decision, "{about}");
            assert!(body.get("context").is_none_or(Value::is_object), "{about}");
        }
        Decisions(decisions) => {
            let told = body["evaluations"].as_array().unwrap();
            assert_eq!(told.len(), decisions.len(), "{about}");
            for (told, wanted) in told.iter().zip(decisions) {
                assert!(told["decision"].is_boolean(), "{about}");
                assert!(wanted.is_none_or(|wanted| told["decision"] == wanted), "{about}");
            }
            assert!(body.get("decision").is_none(), "{about}");
        }
        Found(names) => {
            let told = results(&body);
            assert!(names.iter().all(|name| told.contains(&name.as_str())), "{about}");
            assert_eq!(names.is_empty(), told.is_empty(), "{about}");
            assert!(names.is_empty() || body["page"]["next_token"].is_string(), "{about}");
        }
    }
}

const R1: &str = r#""resource":{"type":"record","id":"record-1"}"#;
const ANY_USER: &str = r#""subject":{"type":"user"}"#;
const ANY_RECORD: &str = r#""resource":{"type":"record"}"#;

#[test]
fn x14_the_certification_scenario_of_authzen_is_met() {
    let given = fixture();
    let (read, alice) = (r#""action":{"name":"read"}"#, r#""subject":{"type":"user","id":"alice"}"#);
    let of = |parts: &[&str]| format!("{{{}}}", parts.join(","));
    let mut scenario: Value = serde_json::from_str(include_str!("certification.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_value(scenario["cases"].take()).unwrap();
    assert_eq!(cases.len(), 49);
    for Case { section, path, request, wanted } in &cases {
        let request = request.as_str().map_or_else(|| request.to_string(), str::to_owned);
        let told = send(&given.engine, path, &request);
        assert_eq!(told, send(&given.engine, path, &request), "2.6, {section}: the same twice");
        meets(section, told, wanted);
    }
    let same = |path, one: &[&str], other: &[&str]| {
        assert_eq!(
            send(&given.engine, path, &of(one)).1["results"],
            send(&given.engine, path, &of(other)).1["results"]
        );
    };
    same(SUBJECT, &[ANY_USER, read, R1], &[alice, read, R1]);
    same(RESOURCE, &[alice, read, ANY_RECORD], &[alice, read, R1]);

    // 4.5: page by page.
    let mut page = r#""page":{"limit":1}"#.to_owned();
    let mut found = Vec::new();
    loop {
        let (status, body) = send(&given.engine, SUBJECT, &of(&[ANY_USER, read, R1, &page]));
        assert_eq!((status, body["results"].as_array().unwrap().len()), (200, 1), "{body}");
        assert_eq!(body["page"]["count"], 1);
        found.push(results(&body)[0].to_owned());
        let next = body["page"]["next_token"].as_str().unwrap();
        if next.is_empty() {
            break;
        }
        page = format!(r#""page":{{"token":"{next}"}}"#);
    }
    found.sort();
    assert_eq!(found, ["alice", "bob"]);
}

#[test]
fn x14_the_metadata_says_where_everything_is_served() {
    let engine = Engine::memory().unwrap();
    let ask = |base: &str| {
        let call = json!({"ask": {"query": "authzen_metadata", "base": base}}).to_string();
        wire::call(&engine, &call)
            .map(|reply| serde_json::from_str::<Value>(&reply).unwrap()["answer"].clone())
    };
    for (base, begin) in [
        ("https://pdp.example.com", "https://pdp.example.com"),
        ("https://pdp.example.com/tenant1/", "https://pdp.example.com/tenant1"),
    ] {
        let found = ask(base).unwrap();
        assert_eq!(found["policy_decision_point"], base);
        for (name, path) in [
            ("access_evaluation_endpoint", EVALUATION),
            ("access_evaluations_endpoint", EVALUATIONS),
            ("search_subject_endpoint", SUBJECT),
            ("search_resource_endpoint", RESOURCE),
            ("search_action_endpoint", ACTION),
        ] {
            assert_eq!(found[name], format!("{begin}{path}"));
        }
        assert_eq!(found.as_object().unwrap().len(), 6, "what has no value is left out");
    }
    for base in [
        "",
        "pdp",
        "http://pdp.example.com",
        "https://pdp.example.com?a",
        "https://pdp.example.com#a",
        "https:pdp",
        "https:///x",
    ] {
        let fault = ask(base).unwrap_err();
        assert_eq!((fault.number, fault.path.as_deref()), (9002, Some("ask.base")), "{base}");
    }
}

/// An evaluation in the known world.
/// The properties of a resource, with a service if there is one.
fn properties(service: &Value) -> Value {
    if service.is_null() { json!({}) } else { json!({"service": service}) }
}

fn asked(
    engine: &Engine,
    user: impl ToString,
    permission: &str,
    tenant: impl ToString,
    service: Value,
) -> Value {
    let request = json!({
        "subject": {"type": "user", "id": user.to_string()},
        "action": {"name": permission},
        "resource": {"type": "tenant", "id": tenant.to_string(), "properties": properties(&service)},
    });
    let (status, body) = wire::authzen(engine, EVALUATION, &request.to_string());
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn x14_a_decision_is_the_check_and_says_no_more() {
    let given = given();
    let engine = &given.engine;
    let people = [GINA, GUS, ADA, ADAM, RITA, NOEL, BOB, IVY, NINA, JULIA, JACK, FRED, CARL, ROB, NOBODY];
    let tenants = [GRAND, MSP, SECOND, JOINTLY, FULLY, ALONE, EMPTY, RESELLER, NOWHERE];
    let mut seen = std::collections::BTreeSet::new();
    for user in people {
        for tenant in tenants {
            for permission in ["devices.view", "location.view", "users.manage", "tenant.operate"] {
                for service in [None, Some("manage"), Some("enrollment")] {
                    let question = tenantry::Question {
                        service: service.map(text),
                        ..tenantry::Question::new(user, text(permission), tenant)
                    };
                    let verdict = engine.check(&question).unwrap();
                    let wanted = match verdict.reason {
                        None => json!({"decision": true}),
                        Some(reason) => {
                            seen.insert(reason.name());
                            let context = json!({"reason": reason.name(), "rule": verdict.rule()});
                            json!({"decision": false, "context": context})
                        }
                    };
                    assert_eq!(asked(engine, user, permission, tenant, json!(service)), wanted);
                }
            }
        }
    }
    assert!(seen.len() >= 8, "{seen:?}");
    // By number, in any case.
    assert_eq!(asked(engine, ADA, "devices.view", "jointly", json!(null)), json!({"decision": true}));

    let denied = |user: &str, permission: &str, tenant: &str, service: Value| {
        let told = asked(engine, user, permission, tenant, service);
        assert_eq!(told["decision"], false);
        told["context"]["reason"].as_str().unwrap().to_owned()
    };
    let (ada, jointly) = (ADA.to_string(), JOINTLY.to_string());
    assert_eq!(denied("ada", "devices.view", &jointly, json!(null)), "unknown_user");
    assert_eq!(denied("", "devices.view", &jointly, json!(null)), "unknown_user");
    assert_eq!(denied(&ada, "devices.view", "no such", json!(null)), "unknown_tenant");
    assert_eq!(denied(&ada, "devices.view", "NO-SUCH", json!(null)), "unknown_tenant");
    assert_eq!(denied(&ada, "telepathy", &jointly, json!(null)), "unknown_permission");
    assert_eq!(denied(&ada, "\u{0}", &jointly, json!(null)), "unknown_permission");
    for nothing in [json!("telepathy"), json!("\u{0}"), json!(5), json!(["manage"]), json!({}), json!(false)]
    {
        assert_eq!(denied(&ada, "devices.view", &jointly, nothing), "unknown_service");
    }
    // What is not of the types that there are.
    for (subject, resource) in
        [("tenant", "tenant"), ("User", "tenant"), ("user", "user"), ("user", "record")]
    {
        let request = json!({"subject": {"type": subject, "id": ada}, "action": {"name": "devices.view"},
            "resource": {"type": resource, "id": jointly}});
        let (status, body) = wire::authzen(engine, EVALUATION, &request.to_string());
        assert!(status == 200 && body.contains(r#""decision":false"#), "{body}");
    }
}

#[test]
fn x14_what_is_null_is_not_passed_over_where_that_would_widen_what_is_asked() {
    let given = given();
    let (ada, noel) = (ADA.to_string(), NOEL.to_string());
    let request = json!({"subject": {"type": "user", "id": ada}, "action": {"name": "devices.view"},
        "resource": {"type": "tenant", "id": "JOINTLY", "properties": {"service": null}}});
    let (_, body) = wire::authzen(&given.engine, EVALUATION, &request.to_string());
    assert!(body.contains(r#""reason":"unknown_service""#), "{body}");
    // Nobody is not whoever the others are about.
    for name in ["subject", "action", "resource"] {
        let mut item = json!({"subject": {"type": "user", "id": noel}});
        item[name] = Value::Null;
        let request = json!({"subject": {"type": "user", "id": ada}, "action": {"name": "devices.view"},
            "resource": {"type": "tenant", "id": "JOINTLY"}, "evaluations": [item, {}]});
        let (_, body) = wire::authzen(&given.engine, EVALUATIONS, &request.to_string());
        let told: Value = serde_json::from_str(&body).unwrap();
        let decisions: Vec<_> =
            told["evaluations"].as_array().unwrap().iter().map(|it| it["decision"].clone()).collect();
        assert_eq!(decisions, [json!(false), json!(true)], "{name}");
    }
    let request = json!({"subject": {"type": "user", "id": ada}, "action": {"name": "devices.view"},
        "resource": {"type": "tenant", "id": "JOINTLY"}, "evaluations": null});
    assert_eq!(wire::authzen(&given.engine, EVALUATIONS, &request.to_string()).0, 400);
}

#[test]
fn x14_a_number_that_could_be_an_id_is_a_number() {
    let id = tenantry::TenantId::from_uuid(Uuid::from_u128(0xabcd));
    let number = id.uuid().simple().to_string();
    let register = RegisterTenant {
        number: Some(text(&number)),
        ..RegisterTenant::new(TenantKind::Customer, text("Odd"))
    };
    let taking = AddCustomer {
        tenant: Some(id),
        ..AddCustomer::new(MSP, TenantKind::Customer, text("Taking"), text("fully"), set(&["manage"]))
    };
    let given = given().and(STAFF, register).and(ADA, taking);
    assert_eq!(asked(&given.engine, ADA, "devices.view", number, json!(null))["decision"], false);
    assert_eq!(asked(&given.engine, ADA, "devices.view", id, json!(null))["decision"], true);
}

#[test]
fn x14_several_are_decided_in_order_and_up_to_where_it_is_said() {
    let given = given();
    let item = |user: tenantry::UserId| json!({"subject": {"type": "user", "id": user.to_string()}});
    let decide = |semantic: Value, items: Value| {
        let request = json!({
            "action": {"name": "devices.view"}, "resource": {"type": "tenant", "id": JOINTLY.to_string()},
            "options": {"evaluations_semantic": semantic, "another": 1}, "evaluations": items,
        });
        let (status, body) = wire::authzen(&given.engine, EVALUATIONS, &request.to_string());
        let told = if status == 200 { serde_json::from_str(&body).unwrap() } else { Value::String(body) };
        let decisions = told["evaluations"].as_array().cloned().unwrap_or_default();
        (status, decisions.iter().map(|one| one["decision"].as_bool().unwrap()).collect::<Vec<_>>(), told)
    };
    let all = || json!([item(ADA), item(NOEL), item(ADAM)]);
    assert_eq!(decide(json!(null), all()).1, [true, false, true]);
    assert_eq!(decide(json!("execute_all"), all()).1, [true, false, true]);
    assert_eq!(decide(json!("deny_on_first_deny"), all()).1, [true, false]);
    assert_eq!(decide(json!("permit_on_first_permit"), all()).1, [true]);
    assert_eq!(
        decide(json!("permit_on_first_permit"), json!([item(NOEL), {}, item(ADA), item(NOEL)])).1,
        [false, false, true]
    );
    // What is malformed counts as denied.
    let (_, decisions, told) =
        decide(json!("deny_on_first_deny"), json!([item(ADA), {"subject": 1}, item(ADA)]));
    assert_eq!(decisions, [true, false]);
    assert_eq!(
        told["evaluations"][1]["context"]["error"],
        json!({"status": 400, "message": "evaluations[1].subject: expected an object"})
    );
    let (_, decisions, _) =
        decide(json!(null), json!([[], 1, null, "x", {"subject": ["user", "ada"]}, {"context": 1}, {}]));
    assert_eq!(decisions, [false; 7]);
    for semantic in [json!("first"), json!(""), json!(1), json!([]), json!(true)] {
        let (status, _, told) = decide(semantic, all());
        assert_eq!(status, 400);
        assert!(told.as_str().unwrap().contains("request.options.evaluations_semantic"), "{told}");
    }
    // No more than so many, and what is said of all of them has to be well formed.
    let many = |count: usize| Value::Array(vec![item(ADA); count]);
    assert_eq!(decide(json!(null), many(1_000)).1, vec![true; 1_000]);
    assert_eq!(decide(json!(null), many(1_001)).0, 400);
    for request in [
        json!({"evaluations": {}}),
        json!({"evaluations": [{}], "options": []}),
        json!({"evaluations": [{}], "subject": "ada"}),
        json!({"evaluations": [{}], "action": {}}),
        json!({"evaluations": [{}], "resource": {"type": "tenant"}}),
        json!({"evaluations": [{}], "context": 1}),
    ] {
        assert_eq!(wire::authzen(&given.engine, EVALUATIONS, &request.to_string()).0, 400, "{request}");
    }
}

/// All results of a search, page by page.
fn all(engine: &Engine, path: &str, mut request: Value, limit: u64) -> Vec<String> {
    let mut found = Vec::new();
    request["page"] = json!({"limit": limit});
    for _ in 0..1_000 {
        let (status, body) = wire::authzen(engine, path, &request.to_string());
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        found.extend(results(&body).iter().map(|one| (*one).to_owned()));
        match body["page"]["next_token"].as_str().unwrap() {
            "" => return found,
            next => request["page"]["token"] = json!(next),
        }
    }
    panic!("it has no end");
}

#[test]
fn x14_searches_find_what_evaluations_allow_and_nothing_else() {
    let given = given();
    let engine = &given.engine;
    let people =
        [GINA, GUS, ADA, ADAM, RITA, NOEL, BOB, IVY, NINA, JULIA, JACK, JIM, FRED, CARL, CORA, ROB, NOBODY];
    let tenants = [GRAND, MSP, SECOND, JOINTLY, FULLY, ALONE, EMPTY, RESELLER, NOWHERE];
    let policy = Policy::default();
    let mut hits = 0;
    for service in [json!(null), json!("manage"), json!("enrollment"), json!("none"), json!(1)] {
        let allows = |user: tenantry::UserId, permission: &str, tenant: tenantry::TenantId| {
            asked(engine, user, permission, tenant, service.clone())["decision"] == true
        };
        for permission in ["devices.view", "location.view", "users.manage", "telepathy"] {
            for tenant in tenants {
                let wanted: Vec<_> =
                    people.iter().filter(|user| allows(**user, permission, tenant)).collect();
                let request = json!({"subject": {"type": "user"}, "action": {"name": permission},
                    "resource": {"type": "tenant", "id": tenant.to_string(), "properties": properties(&service)}});
                for limit in [1, 2, 100] {
                    let mut found = all(engine, SUBJECT, request.clone(), limit);
                    found.sort();
                    assert_eq!(found, wanted.iter().map(ToString::to_string).collect::<Vec<_>>());
                }
                hits += wanted.len();
            }
            for user in people {
                let wanted: Vec<_> =
                    tenants.iter().filter(|tenant| allows(user, permission, **tenant)).collect();
                let request = json!({"subject": {"type": "user", "id": user.to_string()}, "action": {"name": permission},
                    "resource": {"type": "tenant", "properties": properties(&service)}});
                for limit in [1, 3, 5_000] {
                    let mut found = all(engine, RESOURCE, request.clone(), limit);
                    found.sort();
                    assert_eq!(found, wanted.iter().map(ToString::to_string).collect::<Vec<_>>());
                }
            }
        }
        for (user, tenant) in [(ADA, JOINTLY), (RITA, FULLY), (JULIA, JOINTLY), (NINA, MSP), (FRED, FULLY)] {
            let named = policy.permissions.iter().map(|it| it.as_str());
            let wanted: Vec<_> = named.filter(|permission| allows(user, permission, tenant)).collect();
            let request = json!({"subject": {"type": "user", "id": user.to_string()},
                "resource": {"type": "tenant", "id": tenant.to_string(), "properties": properties(&service)}});
            assert_eq!(all(engine, ACTION, request.clone(), 4), wanted);
            assert_eq!(all(engine, ACTION, request, 100), wanted);
        }
    }
    assert!(hits > 50, "{hits}");
}

#[test]
fn x14_a_token_is_of_one_search_and_no_other() {
    let given = given();
    let send = |path: &str, request: &Value| wire::authzen(&given.engine, path, &request.to_string());
    let request = |tenant: tenantry::TenantId| {
        json!({"subject": {"type": "user"}, "action": {"name": "devices.view"},
            "resource": {"type": "tenant", "id": tenant.to_string()}, "page": {"limit": 1}})
    };
    let (_, body) = send(SUBJECT, &request(JOINTLY));
    let first: Value = serde_json::from_str(&body).unwrap();
    let token = first["page"]["next_token"].as_str().unwrap().to_owned();
    let turned = |mut request: Value, page: Value| {
        request["page"] = page;
        request
    };
    let (status, body) = send(SUBJECT, &turned(request(JOINTLY), json!({"token": token})));
    assert_eq!(status, 200);
    let second: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(second["results"].as_array().unwrap().len(), 1, "as many as the page before");
    assert_ne!(second["results"], first["results"]);
    let (status, again) = send(SUBJECT, &turned(request(JOINTLY), json!({"token": token, "limit": 1})));
    assert_eq!((status, again), (200, body));

    let mut other = request(JOINTLY);
    other["action"]["name"] = json!("devices.manage");
    let mut properties = request(JOINTLY);
    properties["resource"]["properties"] = json!({"service": "manage"});
    let mut context = request(JOINTLY);
    context["context"] = json!({"time": 1});
    for (request, page) in [
        (request(JOINTLY), json!({"token": ""})),
        (request(JOINTLY), json!({"token": "x"})),
        (request(JOINTLY), json!({"token": format!("{token}0")})),
        (request(JOINTLY), json!({"token": format!("2{token}")})),
        (request(JOINTLY), json!({"token": token, "limit": 2})),
        (request(JOINTLY), json!({"token": 1})),
        (request(JOINTLY), json!({"limit": -1})),
        (request(JOINTLY), json!({"limit": "1"})),
        (request(JOINTLY), json!({"limit": 1.5})),
        (request(JOINTLY), json!([])),
        (request(FULLY), json!({"token": token})),
        (other, json!({"token": token})),
        (properties, json!({"token": token})),
        (context, json!({"token": token})),
    ] {
        let request = turned(request, page);
        assert_eq!(send(SUBJECT, &request).0, 400, "{request}");
    }
    // Another store's is none of this one's.
    let elsewhere = given_on(MemoryStore::new(Uuid::from_u128(9)));
    let there = turned(request(JOINTLY), json!({"token": token}));
    assert_eq!(wire::authzen(&elsewhere.engine, SUBJECT, &there.to_string()).0, 400);

    // None at a time is none, and the end is not told where nobody looked.
    let mut none = turned(request(JOINTLY), json!({"limit": 0}));
    for _ in 0..3 {
        let (status, body) = send(SUBJECT, &none);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["results"], &body["page"]["count"]), (200, &json!([]), &json!(0)));
        none["page"]["token"] = body["page"]["next_token"].clone();
        assert_ne!(none["page"]["token"], "");
    }
}

#[test]
fn x14_a_page_that_looks_at_many_goes_on_where_it_stopped() {
    // Ten thousand people of the manager's, of whom one at either end may.
    let given = given();
    let requests = (0..10_050_u128).map(|number| {
        let user = tenantry::UserId::from_uuid(Uuid::from_u128(0x9_0000 + number));
        let role = if number == 0 || number == 10_049 { "admin" } else { "no_access" };
        let register = RegisterUser::new(MSP, text(&format!("u{number}@example.com")), text(role));
        given.request(STAFF, RegisterUser { user: Some(user), ..register })
    });
    let requests: Vec<_> = requests.collect();
    for chunk in requests.chunks(1_000) {
        given.engine.submit_all(chunk.to_vec()).into_iter().for_each(|done| drop(done.unwrap()));
    }
    let request = json!({"subject": {"type": "user"}, "action": {"name": "devices.manage"},
        "resource": {"type": "tenant", "id": JOINTLY.to_string()}});
    let (_, first) = wire::authzen(&given.engine, SUBJECT, &request.to_string());
    let first: Value = serde_json::from_str(&first).unwrap();
    assert_ne!(first["page"]["next_token"], "", "there is more, although less was found than a page has");
    let found = all(&given.engine, SUBJECT, request, 100);
    for user in [0x9_0000, 0x9_0000 + 10_049] {
        assert!(found.contains(&Uuid::from_u128(user).to_string()));
    }
    assert!(found.len() < 20 && results(&first).len() < found.len());
}

#[test]
fn x14_a_moment_that_has_passed_is_asked_for_beside_the_request() {
    let given = given().later(1);
    let before = given.engine.token().unwrap().seq;
    let given = given.and(ADA, BlockUser::new(ADAM));
    let request = json!({"subject": {"type": "user", "id": ADAM.to_string()}, "action": {"name": "devices.view"},
        "resource": {"type": "tenant", "id": JOINTLY.to_string()}, "context": {"as_of": before}, "as_of": before});
    let ask = |as_of: Value| {
        let call = json!({"ask": {"query": "host_authzen", "api": "evaluation", "request": request, "as_of": as_of}});
        let reply = wire::call(&given.engine, &call.to_string()).unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        (reply["answer"]["decision"].as_bool().unwrap(), reply["seq"].as_u64().unwrap())
    };
    assert_eq!(ask(json!(null)), (false, before + 1), "a request does not choose its moment");
    assert_eq!(ask(json!(before)), (true, before));
    let fault = wire::call(
        &given.engine,
        r#"{"ask":{"query":"host_authzen","api":"evaluation","request":{"subject":{"type":"user"}}}}"#,
    );
    let fault = fault.unwrap_err();
    assert_eq!((fault.number, fault.path.as_deref()), (9002, Some("ask.request.subject.id")));
    assert_eq!(&*fault.message, "at ask.request.subject.id: is missing");
}

#[test]
fn x14_whatever_comes_in_is_answered_or_refused() {
    let given = given();
    for path in [EVALUATION, EVALUATIONS, SUBJECT, RESOURCE, ACTION] {
        for body in [
            "",
            " ",
            "null",
            "1",
            "\"x\"",
            "[]",
            "[1]",
            "{}",
            "{",
            "\u{feff}{}",
            "{\"a\":1,\"a\":2}",
            "{\"subject\":[]}",
        ] {
            assert_eq!(wire::authzen(&given.engine, path, body).0, 400, "{path} {body}");
        }
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(wire::authzen(&given.engine, path, &deep).0, 400);
        let long = format!("{{\"subject\":\"{}\"}}", "x".repeat(8 * 1024 * 1024));
        assert_eq!(wire::authzen(&given.engine, path, &long).0, 400);
    }
    for path in ["", "/", "/access/v1/evaluation/", "/access/v2/evaluation", "access/v1/evaluation"] {
        assert_eq!(wire::authzen(&given.engine, path, "{}").0, 404, "{path}");
    }
    // Nothing of all this is written down.
    let seq = given.engine.token().unwrap().seq;
    assert_eq!(asked(&given.engine, ADA, "devices.view", JOINTLY, json!(null))["decision"], true);
    assert_eq!(given.engine.token().unwrap().seq, seq);
}

#[test]
fn x14_a_role_of_a_tenants_own_counts() {
    let given = given();
    let assign = Assign::new(vec![NewAssignment {
        user: RITA,
        tenant: JOINTLY,
        role: text("no_access"),
        below: None,
    }]);
    assert_eq!(asked(&given.engine, RITA, "devices.view", JOINTLY, json!(null))["decision"], true);
    let given = given.and(Actor::User(ADA), assign);
    assert_eq!(asked(&given.engine, RITA, "devices.view", JOINTLY, json!(null))["decision"], false);
}
