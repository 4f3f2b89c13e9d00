//! Notices as CloudEvents 1.0, in its structured form of JSON: what the host sends on to a bus or a
//! queue (A-4).
//!
//! | attribute | what it is |
//! |---|---|
//! | `id` | the record's number, what the notice says, and what it is about: the same each time |
//! | `source` | what the host says; else the store, as `urn:uuid:` with its epoch |
//! | `type` | `tenantry.notice.` and the notice's kind |
//! | `subject` | the tenant that it is about, else the person |
//! | `time` | when the record was written |
//! | `data` | the notice itself |
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! # let invite = InviteUser::new(msp, Invitee::new("eve@northwind.example".parse()?), "admin".parse()?);
//! # engine.execute(ada, invite)?;
//! use tenantry::edge::cloudevents;
//!
//! let mail = cloudevents::notices(&engine, "bus", Some("https://msp.example/tenantry"), 100)?;
//! assert_eq!(mail.events[0].0["type"], "tenantry.notice.invitation");
//! engine.acknowledge("bus", mail.through)?;
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use iri_string::types::UriReferenceStr;
use serde_json::Value;

use super::document::{Document, EdgeError, EdgeEvents};
use crate::base::time::Timestamp;
use crate::engine::Engine;
use crate::notice::{About, Notice};

/// Up to about `limit` notices that a consumer has not acknowledged, as [`Engine::notices`] has
/// them; `through` is what to acknowledge. The same again, ids included, until it does.
///
/// # Errors
/// `Malformed`, where `source` is no URI reference; when the store cannot be read.
pub fn notices(
    engine: &Engine,
    consumer: &str,
    source: Option<&str>,
    limit: usize,
) -> Result<EdgeEvents, EdgeError> {
    if source.is_some_and(|source| source.is_empty() || UriReferenceStr::new(source).is_err()) {
        return Err(EdgeError::malformed("source", "expected a URI reference"));
    }
    let mail = engine.notices(consumer, limit)?;
    let snapshot = engine.read()?;
    let source = source.map_or_else(|| format!("urn:uuid:{}", snapshot.token().epoch), str::to_owned);
    let now = snapshot.now()?;
    let mut written = BTreeMap::new();
    let mut events = Vec::new();
    for notice in &mail.notices {
        let at = match written.entry(notice.seq) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => *unknown.insert(now.host().record(notice.seq)?.map(|record| record.at)),
        };
        events.push(event(notice, &source, at, now.host().about(notice)?));
    }
    Ok(EdgeEvents { events, through: mail.through })
}

fn event(notice: &Notice, source: &str, at: Option<Timestamp>, about: About) -> Document {
    let About { tenant, manager, user, .. } = about;
    let tenant = tenant.or(manager).map(|it| it.to_string());
    let kind = serde_json::to_value(&notice.kind).expect("a notice has string keys and finite numbers");
    let mut id = format!("{}.{}", notice.seq, notice.kind.name());
    for (name, value) in kind.as_object().into_iter().flatten() {
        match value {
            _ if name == "kind" => {}
            Value::String(text) => id = format!("{id}.{text}"),
            other => id = format!("{id}.{other}"),
        }
    }
    let data = serde_json::to_value(notice).expect("a notice has string keys and finite numbers");
    Document::of([
        ("specversion", "1.0".into()),
        ("id", id.into()),
        ("source", source.into()),
        ("type", format!("tenantry.notice.{}", notice.kind.name()).into()),
        ("datacontenttype", "application/json".into()),
        ("data", data),
    ])
    .with("time", at.map(|at| at.to_string()))
    .with("subject", tenant.or_else(|| user.map(|it| it.to_string())))
}
