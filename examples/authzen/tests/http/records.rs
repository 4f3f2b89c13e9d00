//! The standard's own certification scenario: who there is, what each may do, and what is to be
//! answered.
//!
//! These are facts of the OpenID AuthZEN working group's "Authorization API 1.0 - Certification
//! Scenario" (2026); the numbers are its sections. The levels called Properties want decisions to
//! rest on what a request says of its subject; of these the requests are sent, and have to be
//! answered. core's tests ask the same without HTTP.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use serde_json::Value;
use tenantry::command::{Act, AddCustomer, RegisterTenant, RegisterUser};
use tenantry::policy::RoleRule;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::{Actor, Engine, Options, Policy, TenantId, TenantKind, UserId};
use uuid::Uuid;

use crate::Trouble;
use crate::gateway::{Gateway, Reply};

pub(crate) const EVALUATION: &str = "/access/v1/evaluation";
pub(crate) const EVALUATIONS: &str = "/access/v1/evaluations";
pub(crate) const SUBJECT: &str = "/access/v1/search/subject";
pub(crate) const RESOURCE: &str = "/access/v1/search/resource";
pub(crate) const ACTION: &str = "/access/v1/search/action";

pub(crate) const ALICE: &str = r#""subject":{"type":"user","id":"alice"}"#;
pub(crate) const BOB: &str = r#""subject":{"type":"user","id":"bob"}"#;
pub(crate) const ANY_USER: &str = r#""subject":{"type":"user"}"#;
pub(crate) const READ: &str = r#""action":{"name":"read"}"#;
pub(crate) const WRITE: &str = r#""action":{"name":"write"}"#;
pub(crate) const R1: &str = r#""resource":{"type":"record","id":"record-1"}"#;
pub(crate) const R2: &str = r#""resource":{"type":"record","id":"record-2"}"#;
pub(crate) const ANY_RECORD: &str = r#""resource":{"type":"record"}"#;

/// What the scenario calls things, and what they are here: its records are customers of one
/// manager, its people are that manager's.
const IDS: [(&str, Uuid); 5] = [
    ("alice", Uuid::from_u128(0x601)),
    ("bob", Uuid::from_u128(0x602)),
    ("record-1", Uuid::from_u128(0x701)),
    ("record-2", Uuid::from_u128(0x702)),
    ("nonexistent-user", Uuid::from_u128(0x6ff)),
];

pub(crate) fn id(name: &str) -> Result<Uuid, Trouble> {
    let found = IDS.iter().find(|(known, _)| *known == name);
    Ok(found.ok_or_else(|| format!("nothing is called {name}"))?.1)
}

/// A request of these parts.
pub(crate) fn of(parts: &[&str]) -> String {
    format!("{{{}}}", parts.join(","))
}

/// A request in the words of the store.
pub(crate) fn said(request: &str) -> String {
    let mut said = request.replace(r#""record""#, r#""tenant""#);
    for (name, id) in IDS {
        said = said.replace(&format!(r#""{name}""#), &format!(r#""{id}""#));
    }
    said
}

/// Sends a request in the scenario's words, and reads the reply in them.
pub(crate) async fn send(gateway: &Gateway, path: &str, request: &str) -> Result<Reply, Trouble> {
    let mut reply = gateway.posts(path, said(request)).await?;
    reply.body = reply.body.replace(r#""type":"tenant""#, r#""type":"record""#);
    for (name, id) in IDS {
        reply.body = reply.body.replace(&id.to_string(), name);
    }
    Ok(reply)
}

/// The store of the scenario: alice reads and writes, bob reads.
pub(crate) fn store(file: &Path) -> Result<Engine, Trouble> {
    let mut policy = Policy::default();
    policy.permissions.extend(set(&["read", "write", "delete"])?);
    for role in &mut policy.roles {
        if role.name.as_str() == "super_admin" {
            role.permissions = policy.permissions.clone();
        }
    }
    for (name, holds) in [("author", &["read", "write"][..]), ("reader", &["read"][..])] {
        policy.roles.push(RoleRule { name: name.parse()?, permissions: set(holds)? });
    }
    let store = SqliteStore::open(file, FileOptions::default().synchronous(Synchronous::Normal))?;
    let engine = Engine::new(store, Options::default().policy(policy))?;
    let manager = does(&engine, RegisterTenant::new(TenantKind::Msp, "Records".parse()?))?;
    for name in ["record-1", "record-2"] {
        let (tenant, number) = (Some(TenantId::from_uuid(id(name)?)), Some(name.parse()?));
        let (kind, services) = (TenantKind::Customer, set(&["manage"])?);
        let add = AddCustomer::new(manager, kind, name.parse()?, "fully".parse()?, services);
        does(&engine, AddCustomer { tenant, number, ..add })?;
    }
    for (name, role) in [("alice", "author"), ("bob", "reader")] {
        let register = RegisterUser::new(manager, format!("{name}@records.example").parse()?, role.parse()?);
        does(&engine, RegisterUser { user: Some(UserId::from_uuid(id(name)?)), ..register })?;
    }
    Ok(engine)
}

pub(crate) fn does<C: Act>(engine: &Engine, command: C) -> Result<C::Outcome, Trouble> {
    Ok(engine.execute(Actor::OPERATOR, command)?.outcome)
}

fn set<T: FromStr + Ord>(names: &[&str]) -> Result<BTreeSet<T>, T::Err> {
    names.iter().map(|name| name.parse()).collect()
}

/// What is to be answered.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// A decision.
    Decision(bool),
    /// As many decisions, of which some have a value.
    Decisions(&'static [Option<bool>]),
    /// At least these results.
    Found(&'static [&'static str]),
    /// No results.
    Nothing,
    /// "Bad Request".
    Bad,
}
use Wanted::{Bad, Decision, Decisions, Found, Nothing};

/// The ids, or names, that a search has found.
pub(crate) fn results(body: &Value) -> Vec<&str> {
    let results = body["results"].as_array().into_iter().flatten();
    results.filter_map(|one| one.get("id").unwrap_or(&one["name"]).as_str()).collect()
}

/// Makes sure that a reply is what is wanted.
#[expect(clippy::indexing_slicing, reason = "what is not in a piece of JSON is null")]
pub(crate) fn meets(section: &str, reply: &Reply, wanted: &Wanted) -> Result<(), Trouble> {
    let about = format!("{section}: {wanted:?}, not {reply:?}");
    let (status, kind) = match wanted {
        Bad => (400, "text/plain; charset=utf-8"),
        _ => (200, "application/json"),
    };
    assert_eq!((reply.status, reply.header("content-type")), (status, Some(kind)), "{about}");
    let body = if status == 200 { reply.json()? } else { Value::Null };
    match wanted {
        Bad => {}
        Decision(decision) => {
            assert_eq!(body["decision"], *decision, "{about}");
            assert!(body.get("context").is_none_or(Value::is_object), "{about}");
        }
        Decisions(decisions) => {
            let told = body["evaluations"].as_array().ok_or_else(|| about.clone())?;
            assert_eq!(told.len(), decisions.len(), "{about}");
            for (told, wanted) in told.iter().zip(*decisions) {
                assert!(told["decision"].is_boolean(), "{about}");
                assert!(wanted.is_none_or(|wanted| told["decision"] == wanted), "{about}");
            }
            assert!(body.get("decision").is_none(), "{about}");
        }
        Found(names) => {
            let told = results(&body);
            assert!(names.iter().all(|name| told.contains(name)), "{about}");
            assert!(body["page"]["next_token"].is_string(), "{about}");
        }
        Nothing => assert_eq!(body["results"], Value::Array(Vec::new()), "{about}"),
    }
    Ok(())
}

/// The requests, by section: the path, what is sent, what is to be answered.
pub(crate) fn cases() -> Vec<(&'static str, &'static str, String, Wanted)> {
    let context = r#""context":{"time":"2025-06-27T18:03-07:00","ip":"192.168.1.1"}"#;
    let time = r#""context":{"time":"2025-06-27T18:03-07:00"}"#;
    let elsewhere = r#""context":{"source":"batch-override"}"#;
    let all = r#""options":{"evaluations_semantic":"execute_all"}"#;
    let manager =
        r#""subject":{"type":"user","id":"alice","properties":{"department":"Sales","role":"manager"}}"#;
    let admin = r#""subject":{"type":"user","id":"bob","properties":{"role":"admin"}}"#;
    let nobody = r#""subject":{"type":"user","id":"nonexistent-user"}"#;
    let got = r#""action":{"name":"read","properties":{"method":"GET"}}"#;
    let owned =
        r#""resource":{"type":"record","id":"record-1","properties":{"status":"active","owner":"bob"}}"#;
    let active = r#""resource":{"type":"record","id":"record-1","properties":{"status":"active"}}"#;
    let archived = r#""resource":{"type":"record","id":"record-2","properties":{"status":"archived"}}"#;
    let unknown = r#""resource":{"type":"record","id":"r"}"#;
    let (ship, any_ship) =
        (r#""resource":{"type":"spaceship","id":"1"}"#, r#""resource":{"type":"spaceship"}"#);
    let several = |all: &[&[&str]]| {
        let all: Vec<_> = all.iter().map(|parts| of(parts)).collect();
        format!(r#""evaluations":[{}]"#, all.join(","))
    };
    vec![
        // The four decisions of the fixture.
        ("1.4 rule 1, 2.2.1", EVALUATION, of(&[ALICE, READ, R1]), Decision(true)),
        ("1.4 rule 2", EVALUATION, of(&[ALICE, WRITE, R1]), Decision(true)),
        ("1.4 rule 3", EVALUATION, of(&[BOB, READ, R1]), Decision(true)),
        ("1.4 rule 4, 2.2.2", EVALUATION, of(&[BOB, WRITE, R1]), Decision(false)),
        // Basic Core.
        ("2.2.3", EVALUATION, of(&[ALICE, READ, R1, context]), Decision(true)),
        ("2.2.8", EVALUATION, of(&[manager, got, owned]), Decision(true)),
        (
            "2.2.9",
            EVALUATION,
            of(&[ALICE, READ, R1, r#""foo":"bar","futureField":{"nested":true}"#]),
            Decision(true),
        ),
        ("2.4.1 subject", EVALUATION, of(&[READ, R1]), Bad),
        ("2.4.1 action", EVALUATION, of(&[ALICE, R1]), Bad),
        ("2.4.1 resource", EVALUATION, of(&[ALICE, READ]), Bad),
        ("2.4.2 subject.type", EVALUATION, of(&[r#""subject":{"id":"alice"}"#, READ, R1]), Bad),
        ("2.4.2 subject.id", EVALUATION, of(&[ANY_USER, READ, R1]), Bad),
        ("2.4.2 action.name", EVALUATION, of(&[ALICE, r#""action":{}"#, R1]), Bad),
        ("2.4.2 resource.type", EVALUATION, of(&[ALICE, READ, r#""resource":{"id":"record-1"}"#]), Bad),
        ("2.4.2 resource.id", EVALUATION, of(&[ALICE, READ, ANY_RECORD]), Bad),
        ("2.4.4", EVALUATION, r#"{"subject": "#.to_owned(), Bad),
        ("2.4.5", EVALUATION, String::new(), Bad),
        ("2.4.6 subject", EVALUATION, of(&[r#""subject":"alice""#, READ, R1]), Bad),
        ("2.4.6 action.name", EVALUATION, of(&[ALICE, r#""action":{"name":123}"#, R1]), Bad),
        // Batch Core.
        ("3.2.1", EVALUATIONS, of(&[ALICE, READ, &several(&[&[R1], &[R2]])]), Decisions(&[None, None])),
        (
            "3.2.2",
            EVALUATIONS,
            of(&[BOB, R1, &several(&[&[READ], &[WRITE]])]),
            Decisions(&[Some(true), Some(false)]),
        ),
        (
            "3.2.5",
            EVALUATIONS,
            of(&[&several(&[&[ALICE, READ, R1], &[BOB, WRITE, R1]])]),
            Decisions(&[Some(true), Some(false)]),
        ),
        (
            "3.2.6",
            EVALUATIONS,
            of(&[ALICE, READ, time, &several(&[&[R1], &[R2, elsewhere]])]),
            Decisions(&[None, None]),
        ),
        (
            "3.4.1",
            EVALUATIONS,
            of(&[ALICE, READ, all, &several(&[&[R1], &[]])]),
            Decisions(&[Some(true), Some(false)]),
        ),
        ("3.4.2", EVALUATIONS, of(&[ALICE, READ, R1]), Decision(true)),
        ("3.4.3", EVALUATIONS, of(&[ALICE, READ, R1, &several(&[])]), Decision(true)),
        // Search Core.
        ("4.2.1", SUBJECT, of(&[ANY_USER, READ, R1]), Found(&["alice", "bob"])),
        ("4.2.2", SUBJECT, of(&[ANY_USER, READ, R1, context]), Found(&["alice", "bob"])),
        ("4.2.3", SUBJECT, of(&[ALICE, READ, R1]), Found(&["alice", "bob"])),
        ("4.3.1", RESOURCE, of(&[ALICE, READ, ANY_RECORD]), Found(&["record-1"])),
        ("4.3.2", RESOURCE, of(&[ALICE, READ, ANY_RECORD, context]), Found(&["record-1"])),
        ("4.3.3", RESOURCE, of(&[ALICE, READ, R1]), Found(&["record-1"])),
        ("4.4.1", ACTION, of(&[ALICE, R1]), Found(&["read", "write"])),
        ("4.4.2", ACTION, of(&[ALICE, R1, context]), Found(&["read", "write"])),
        ("4.6.1", ACTION, of(&[nobody, R1]), Nothing),
        ("4.6.1 subject", SUBJECT, of(&[ANY_USER, READ, unknown]), Nothing),
        ("4.6.2", SUBJECT, of(&[r#""subject":{"type":"spaceship"}"#, READ, R1]), Nothing),
        ("4.6.2 resource", RESOURCE, of(&[ALICE, READ, any_ship]), Nothing),
        ("4.6.2 action", ACTION, of(&[ALICE, ship]), Nothing),
        ("4.7.1 action", SUBJECT, of(&[ANY_USER, R1]), Bad),
        ("4.7.1 subject", RESOURCE, of(&[READ, ANY_RECORD]), Bad),
        ("4.7.1 resource", ACTION, of(&[ALICE]), Bad),
        ("4.7.2 subject search", SUBJECT, of(&[ANY_USER, READ, ANY_RECORD]), Bad),
        ("4.7.2 resource search", RESOURCE, of(&[ANY_USER, READ, ANY_RECORD]), Bad),
        ("4.7.2 action search", ACTION, of(&[ANY_USER, R1]), Bad),
        // What rests on properties of a request: accepted, and decided by what the store knows.
        ("2.2.4", EVALUATION, of(&[ALICE, WRITE, archived]), Decision(true)),
        ("2.2.5", EVALUATION, of(&[admin, WRITE, archived]), Decision(false)),
        (
            "3.2.7",
            EVALUATIONS,
            of(&[ALICE, WRITE, active, &several(&[&[], &[archived]])]),
            Decisions(&[Some(true), None]),
        ),
        ("4.4.3", ACTION, of(&[admin, archived]), Found(&["read"])),
    ]
}
