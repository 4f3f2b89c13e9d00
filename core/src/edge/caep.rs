//! What others have to know of access that changes, as events of the OpenID Continuous Access
//! Evaluation Profile 1.0 (August 2025): the payload of a Security Event Token, which the host
//! signs and sends.
//!
//! | event | when |
//! |---|---|
//! | `session-revoked` | a console session ended because its right was lost (S-2) |
//! | `token-claims-change` | somebody may do other things on a tenant than before, by a record or by time alone (X-13) |
//!
//! The subject is a complex one: the `user`, by `iss_sub` with the host's issuer and our user id;
//! the `tenant`; and the `session`, where there is one. The one claim is `permissions`: what they
//! hold on that tenant at the moment that is asked, which is nothing where the list is empty.
//!
//! What is not there: `assurance-level-change`, `credential-change`, `device-compliance-change`,
//! `risk-level-change`, and sessions of the host's own. tenantry knows nobody's credentials,
//! devices in use or sessions but those of consoles.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Value, json};

use super::document::{Document, EdgeError, EdgeEvents, digits, seconds};
use crate::base::ids::{TenantId, UserId};
use crate::base::time::Timestamp;
use crate::engine::Moment;
use crate::event::Event;
use crate::journal::Record;
use crate::model::{Actor, Session};
use crate::query::{AccessEvent, Page, Paging};

const EVENT_TYPE: &str = "https://schemas.openid.net/secevent/caep/event-type/";

/// Whom the events are from, and whom they are for.
#[derive(Clone, Copy, Debug)]
pub struct Issued<'h> {
    /// The host's issuer, as in its tokens.
    pub issuer: &'h str,
    /// The receiver, if the payload is to name one.
    pub audience: Option<&'h str>,
}

/// The console sessions that records after `after` have ended because their right was lost: of so
/// many records at most. `through` is the last of them.
///
/// # Errors
/// `Malformed`, where the issuer is empty; `invalid_limit`; when the store cannot be read.
pub fn sessions_revoked(
    moment: &Moment<'_>,
    issued: Issued<'_>,
    after: u64,
    limit: usize,
) -> Result<EdgeEvents, EdgeError> {
    issued.check()?;
    let found = moment.host().records(after, &Paging { limit, ..Paging::default() })?;
    let mut events = Vec::new();
    for record in &found.rows {
        for event in &record.events {
            let Event::SessionEnded { session } = event else { continue };
            let Some(session) = moment.host().get::<Session>(session.uuid())? else { continue };
            let Session { id, user, tenant, .. } = *session;
            let subject = issued.subject(user, tenant);
            let subject = subject.with("session", Some(json!({"format": "opaque", "id": id})));
            let by = initiator(Some(record), user);
            let said = told(record.at, by, Some(&record.command));
            events.push(issued.token(moment, (record.seq, record.at), "session-revoked", subject, said));
        }
    }
    let through = found.rows.last().map_or(after, |record| record.seq);
    Ok(EdgeEvents { events, through })
}

/// Whose permissions have changed by the records after `after`, and by time alone before each of
/// them, as [`Host::access_changes`](crate::engine::Host::access_changes) has it, page by page.
///
/// # Errors
/// `Malformed`, where the issuer is empty; `foreign_cursor`, `invalid_limit`; when the store cannot
/// be read.
pub fn token_claims_changes(
    moment: &Moment<'_>,
    issued: Issued<'_>,
    after: u64,
    paging: &Paging,
) -> Result<Page<Document>, EdgeError> {
    issued.check()?;
    let Page { rows, next } = moment.host().access_changes(after, paging)?;
    let mut held: BTreeMap<(UserId, TenantId), Value> = BTreeMap::new();
    let mut records: BTreeMap<u64, Option<Record>> = BTreeMap::new();
    let mut events = Vec::new();
    for row in &rows {
        let AccessEvent { seq, at, command, user, tenant, .. } = row;
        if let Entry::Vacant(unknown) = held.entry((*user, *tenant)) {
            unknown.insert(json!(moment.host().held(*user, *tenant)?));
        }
        if command.is_some() && !records.contains_key(seq) {
            records.insert(*seq, moment.host().record(*seq)?);
        }
        let written = command.as_ref().and_then(|_| records.get(seq)).and_then(Option::as_ref);
        let claims = held.get(&(*user, *tenant)).cloned().unwrap_or_default();
        let said = told(*at, initiator(written, *user), command.as_deref())
            .with("claims", Some(json!({"permissions": claims})));
        let subject = issued.subject(*user, *tenant);
        events.push(issued.token(moment, (*seq, *at), "token-claims-change", subject, said));
    }
    Ok(Page { rows: events, next })
}

/// Who brought something about for somebody; time alone, where there is no record.
fn initiator(record: Option<&Record>, user: UserId) -> &'static str {
    match record.map(|record| &record.actor) {
        Some(Actor::User(actor)) if *actor == user => "user",
        Some(Actor::User(_) | Actor::Operator { .. }) => "admin",
        Some(Actor::Clock) | None => "system",
    }
}

fn told(at: Timestamp, by: &str, command: Option<&str>) -> Document {
    Document::of([("event_timestamp", seconds(at).into()), ("initiating_entity", by.into())])
        .with("reason_admin", command.map(|command| json!({"en": command})))
}

impl Issued<'_> {
    fn check(&self) -> Result<(), EdgeError> {
        match self.issuer.is_empty() {
            true => Err(EdgeError::malformed("issuer", "is empty")),
            false => Ok(()),
        }
    }

    fn subject(&self, user: UserId, tenant: TenantId) -> Document {
        Document::of([
            ("format", "complex".into()),
            ("user", json!({"format": "iss_sub", "iss": self.issuer, "sub": user})),
            ("tenant", json!({"format": "opaque", "id": tenant})),
        ])
    }

    /// The payload of a token about one event. Its `jti` is the same each time that it is told.
    fn token(
        &self,
        moment: &Moment<'_>,
        (seq, at): (u64, Timestamp),
        kind: &str,
        subject: Document,
        said: Document,
    ) -> Document {
        let record = format!("{}.{seq}", moment.epoch());
        // What the claims are by now does not make it another event.
        let jti = format!("{record}.{}", digits(&(kind, &subject, at)));
        Document::of([
            ("iss", self.issuer.into()),
            ("jti", jti.into()),
            ("iat", seconds(moment.at()).into()),
            ("txn", record.into()),
            ("sub_id", subject.into()),
            ("events", Document::of([(&*format!("{EVENT_TYPE}{kind}"), said.into())]).into()),
        ])
        .with("aud", self.audience)
    }
}
