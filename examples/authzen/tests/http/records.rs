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

use serde::Deserialize;
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
pub(crate) const R1: &str = r#""resource":{"type":"record","id":"record-1"}"#;
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

/// A request of the scenario, and what is to be answered.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) section: String,
    pub(crate) path: String,
    request: Value,
    pub(crate) wanted: Wanted,
}

impl Case {
    /// What is sent: a text as it stands.
    pub(crate) fn sent(&self) -> String {
        self.request.as_str().map_or_else(|| self.request.to_string(), str::to_owned)
    }
}

/// What is to be answered.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
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
    Ok(())
}

/// The requests, by section.
pub(crate) fn cases() -> Result<Vec<Case>, Trouble> {
    #[derive(Deserialize)]
    struct Scenario {
        cases: Vec<Case>,
    }
    let scenario = include_str!("../../../../core/tests/wire/certification.json");
    Ok(serde_json::from_str::<Scenario>(scenario)?.cases)
}
