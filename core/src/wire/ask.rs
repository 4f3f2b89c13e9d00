//! Asking by the door: a query with the moment it is about, and what the host itself may read.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::fault::{Fault, Trouble};
use super::parse::{Parsed, Typed};
use super::read::{command, part, part_by, tag};
use crate::base::declare::declare;
use crate::base::ids::{IntegrationId, LicenceId, LinkId, RoleId, TenantId, UserId};
use crate::base::text::Number;
use crate::edge::authzen::{self, AuthzenApi};
use crate::edge::caep::{self, Issued};
use crate::edge::{Document, EdgeError, EdgeEvents, cloudevents, ocsf};
use crate::engine::{
    AnyEntity, Corruption, CorruptionKind, Engine, EntityKind, Error, Mail, Moment, Of, Token, Verified,
};
use crate::journal::Record;
use crate::model::{Actor, Personal, Subject};
use crate::query::{AccessEvent, Answer, AsOf, Audit, AuditFilter, MAX_ROWS, Page, Paging, Query};
use crate::refusal::{Code, Refusal};

/// A question at the door, and the moment it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inquiry {
    /// The question.
    #[serde(flatten)]
    pub question: AnyQuery,
    /// When; now, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
}

/// What can be asked at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AnyQuery {
    /// What the rules answer.
    Rules(Box<Query>),
    /// What the host itself may read.
    Host(Box<HostQuery>),
}

/// The answer to a question, and the revision it was read at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answered {
    /// The revision it was read at, where it is about the world at a moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The question's name, and its answer.
    #[serde(flatten)]
    pub answer: AnyAnswer,
}

/// An answer, beside the question's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AnyAnswer {
    /// By the rules.
    Rules(Box<Answer>),
    /// To the host itself.
    Host(Box<HostAnswer>),
}

/// Whether the journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "journal", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verification {
    /// It does, up to here.
    Holds {
        /// The revision that holds: a later look may begin here.
        token: Token,
        /// Under which rules what is derived was made, where those are older than this library's:
        /// then the chain and the personal data hold, and a rebuild brings the rest up to date.
        older: Option<u32>,
        /// The first thing that today's rules would have stored otherwise, and where; only of a
        /// store under older ones.
        differs: Option<String>,
        /// How many receipts were lost once and made anew by a rebuild.
        lost_receipts: u64,
    },
    /// It does not.
    Flawed {
        /// What does not hold.
        kind: CorruptionKind,
        /// The first record that does not hold, or whose trace does not; the head, where that
        /// cannot be told.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
}

declare! {
    /// What the host itself may read: no actor, no rules.
    enum HostQuery by "query";
    /// What the host itself reads, beside the question's name.
    enum HostAnswer by "answer";

    /// An entity by its kind and id.
    ///
    /// Who: the host itself, without an actor.
    HostEntity => "host_entity" -> Option<AnyEntity>;
    {
        /// Its kind.
        kind: EntityKind,
        /// Its id.
        id: Uuid,
    }

    /// The entities of a kind: all, or those of at most one tenant, manager, user or whatever else
    /// entities of the kind are found by.
    ///
    /// Who: the host itself, without an actor.
    HostEntities => "host_entities" -> Page<AnyEntity>;
    {
        /// The kind.
        kind: EntityKind,
    }
    + {
        /// The tenant with this number.
        number: Option<Number>,
        /// A tenant's: its users, its own roles and integrations; what it holds; what is about it.
        /// Of links and link requests, those by which it is managed; of managers' invitations, its
        /// own.
        tenant: Option<TenantId>,
        /// A manager's links and link requests.
        manager: Option<TenantId>,
        /// A user's assignments, pending invitations and open sessions.
        user: Option<UserId>,
        /// A link's pending moves.
        link: Option<LinkId>,
        /// The assignments of a tenant's own role.
        role: Option<RoleId>,
        /// An integration's attachments.
        integration: Option<IntegrationId>,
        /// The devices that have a seat of a licence.
        licence: Option<LicenceId>,
        /// Which page.
        paging: Paging,
    }

    /// What is known today about a person or about where a tenant is; it has no past (U-5).
    ///
    /// Who: the host itself, without an actor.
    HostPersonal => "host_personal" -> Option<Personal>;
    {
        /// Whose.
        subject: Subject,
    }

    /// Records of the journal.
    ///
    /// Who: the host itself, without an actor.
    HostRecords => "host_records" -> Page<Record>;
    {}
    + {
        /// Only those after this record.
        after: u64,
        /// Which page.
        paging: Paging,
    }

    /// Who gained and who lost access by records of the journal, and by time alone before each of
    /// them.
    ///
    /// Who: the host itself, without an actor.
    HostAccessChanges => "host_access_changes" -> Page<AccessEvent>;
    {}
    + {
        /// Only by those after this record.
        after: u64,
        /// Which page.
        paging: Paging,
    }

    /// Answers a request of the OpenID AuthZEN Authorization API 1.0: whether somebody may do
    /// something, who may, where, and what.
    ///
    /// Who: the host itself, without an actor.
    HostAuthzen => "host_authzen" -> Document;
    {
        /// Which part of the API.
        api: AuthzenApi,
        /// The request as the standard has it.
        request: Document,
    }

    /// The metadata of a policy decision point that serves the Authorization API.
    ///
    /// Who: the host itself, without an actor.
    AuthzenMetadata => "authzen_metadata" -> Document;
    {
        /// Where it is served: a URL of the scheme `https`.
        base: String,
    }

    /// A tenant's audit as its actor may see it, as events of the Open Cybersecurity Schema
    /// Framework, version 1.8.0.
    ///
    /// Who: `audit.view` on the tenant; an operator.
    OcsfAudit => "ocsf_audit" -> EdgeEvents;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which records.
        filter: AuditFilter,
        /// How many records at most, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Records of the journal as events of the Open Cybersecurity Schema Framework, version 1.8.0
    ///
    ///
    /// Who: the host itself, without an actor.
    HostOcsf => "host_ocsf" -> EdgeEvents;
    {}
    + {
        /// Only those after this record.
        after: u64,
        /// How many records at most, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Notices that a consumer has not acknowledged, as CloudEvents 1.0.
    ///
    /// Who: the host itself, without an actor.
    CloudEvents => "cloud_events" -> EdgeEvents;
    {
        /// The consumer, by a name of the host's own.
        consumer: String,
    }
    + {
        /// Where they come from, as a URI reference; the store's epoch as a URN, if left out.
        source: Option<String>,
        /// About how many, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Console sessions that have ended because their right was lost, as `session-revoked` events
    /// of the OpenID Continuous Access Evaluation Profile 1.0, to be signed.
    ///
    /// Who: the host itself, without an actor.
    CaepSessionsRevoked => "caep_sessions_revoked" -> EdgeEvents;
    {
        /// The host's issuer, as in its tokens.
        issuer: String,
    }
    + {
        /// Whom they are for, if they are to name a receiver.
        audience: Option<String>,
        /// Only by records after this one.
        after: u64,
        /// By how many records at most, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Who gained and who lost access, as `token-claims-change` events of the OpenID Continuous
    /// Access Evaluation Profile 1.0, to be signed.
    ///
    /// Who: the host itself, without an actor.
    CaepTokenClaimsChanges => "caep_token_claims_changes" -> Page<Document>;
    {
        /// The host's issuer, as in its tokens.
        issuer: String,
    }
    + {
        /// Whom they are for, if they are to name a receiver.
        audience: Option<String>,
        /// Only by records after this one.
        after: u64,
        /// Which page.
        paging: Paging,
    }

    /// Notices that a consumer has not acknowledged.
    ///
    /// Who: the host itself, without an actor.
    Notices => "notices" -> Mail;
    {
        /// The consumer, by a name of the host's own.
        consumer: String,
    }
    + {
        /// About how many, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Texts read as a command would read them, one answer for each; the store is not asked.
    ///
    /// Who: the host itself, without an actor.
    Parse => "parse" -> Vec<Parsed>;
    {
        /// The texts.
        texts: Vec<Typed>,
    }

    /// The revision the store is at.
    ///
    /// Who: the host itself, without an actor.
    TokenNow => "token" -> Token;
    {}

    /// Makes sure that a token is of this store's history and the store has come at least that far.
    ///
    /// Who: the host itself, without an actor.
    Confirm => "confirm" -> ();
    {
        /// The token.
        token: Token,
    }

    /// Replays the whole journal and compares everything that is stored with what it leads to:
    /// entities, their past, indexes, receipts, what records are about, personal data and a file's
    /// schema.
    ///
    /// Who: the host itself, without an actor.
    Verify => "verify" -> Verification;
    {}
    + {
        /// A revision that was verified before: only the records since, and what these have
        /// changed, is looked at.
        since: Option<Token>,
    }

    /// Whether something that was erased is still in the file's log, because somebody has been
    /// reading since before: the last record that erased something (U-5). Tries to wipe it first.
    ///
    /// Who: the host itself, without an actor.
    ErasurePending => "erasure_pending" -> Option<u64>;
    {}
}

/// What the host may read as of a moment that has passed; all else is as it is today.
const OF_A_MOMENT: [&str; 9] = [
    "host_entity",
    "host_entities",
    "host_records",
    "host_access_changes",
    "host_authzen",
    "ocsf_audit",
    "host_ocsf",
    "caep_sessions_revoked",
    "caep_token_claims_changes",
];

/// Whether the question of this name may be about a moment that has passed.
pub(super) fn has_past(name: &str) -> bool {
    Query::NAMES.contains(&name) || OF_A_MOMENT.contains(&name)
}

impl Inquiry {
    /// The names of all questions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Query::NAMES.iter().chain(HostQuery::NAMES).copied()
    }

    /// The question's name.
    pub const fn name(&self) -> &'static str {
        match &self.question {
            AnyQuery::Rules(query) => query.name(),
            AnyQuery::Host(reading) => reading.name(),
        }
    }

    /// Reads a question; what is wrong with it is said with its place.
    pub(super) fn read(body: Value) -> Result<Self, Fault> {
        let (name, mut fields) = tag(body, "query", "ask")?;
        let as_of = match &mut fields {
            Value::Object(members) if has_past(&name) => members.remove("as_of"),
            _ => None,
        };
        // Read as it is where it is executed; serde alone would lose the place in it.
        if let Some(said) = fields.get_mut("command").filter(|_| name == "preview") {
            let read = command(said.take(), "ask.command")?;
            *said = serde_json::to_value(read).expect("a command has string keys and finite numbers");
        }
        let as_of = as_of.map_or(Ok(None), |as_of| part(as_of, "ask.as_of"))?;
        let question = part_by("ask", fields, |fields| {
            if HostQuery::NAMES.contains(&name.as_str()) {
                HostQuery::read(&name, fields).map(|reading| AnyQuery::Host(Box::new(reading)))
            } else {
                Query::read(&name, fields).map(|query| AnyQuery::Rules(Box::new(query)))
            }
        })?;
        Ok(Self { question, as_of })
    }

    /// Asks.
    ///
    /// # Errors
    /// The refusals of the query; a broken store.
    pub fn run(self, engine: &Engine) -> Result<Answered, Fault> {
        let Self { question, as_of } = self;
        let (seq, answer) = match question {
            AnyQuery::Rules(query) => {
                let (seq, answer) = at(engine, as_of, |moment| moment.ask(*query))?;
                (seq, AnyAnswer::Rules(Box::new(answer)))
            }
            AnyQuery::Host(reading) => {
                let (seq, read) = reading.run(engine, as_of)?;
                (seq, AnyAnswer::Host(Box::new(read)))
            }
        };
        Ok(Answered { seq, answer })
    }
}

/// Asks the world now, or as of then.
fn at<T>(
    engine: &Engine,
    then: Option<AsOf>,
    ask: impl FnOnce(&Moment<'_>) -> Result<T, Error>,
) -> Result<(Option<u64>, T), Error> {
    let snapshot = engine.read()?;
    let answer = |moment: &Moment<'_>| Ok((Some(moment.seq()), ask(moment)?));
    match then {
        None => answer(&snapshot.now()?),
        Some(AsOf::Seq(seq)) => answer(&snapshot.as_of(seq)?.moment()?),
        Some(AsOf::Time(time)) => answer(&snapshot.as_of_time(time)?.moment()?),
    }
}

/// Asks in the form of a standard; `path` is where its document lies.
fn edge_at<T>(
    engine: &Engine,
    then: Option<AsOf>,
    path: &str,
    ask: impl FnOnce(&Moment<'_>) -> Result<T, EdgeError>,
) -> Result<(Option<u64>, T), Fault> {
    let (seq, told) = at(engine, then, |moment| Ok(ask(moment)))?;
    Ok((seq, told.map_err(|error| Fault::edge(error, path))?))
}

const fn issued<'h>(issuer: &'h str, audience: Option<&'h str>) -> Issued<'h> {
    Issued { issuer, audience }
}

impl HostQuery {
    fn run(&self, engine: &Engine, then: Option<AsOf>) -> Result<(Option<u64>, HostAnswer), Fault> {
        let alone = |read| (None, read);
        Ok(match self {
            Self::HostEntity(it) => {
                at(engine, then, |moment| Ok(HostAnswer::HostEntity(moment.host().entity(it.kind, it.id)?)))?
            }
            Self::HostEntities(it) => {
                let of = it.of()?;
                at(engine, then, |moment| {
                    Ok(HostAnswer::HostEntities(moment.host().entities(it.kind, &of, &it.paging)?))
                })?
            }
            Self::HostPersonal(it) => {
                at(engine, None, |moment| Ok(HostAnswer::HostPersonal(moment.host().personal(it.subject)?)))?
            }
            Self::HostRecords(it) => at(engine, then, |moment| {
                Ok(HostAnswer::HostRecords(moment.host().records(it.after, &it.paging)?))
            })?,
            Self::HostAccessChanges(it) => at(engine, then, |moment| {
                Ok(HostAnswer::HostAccessChanges(moment.host().access_changes(it.after, &it.paging)?))
            })?,
            Self::HostAuthzen(it) => {
                let (seq, answered) = edge_at(engine, then, "ask.request", |moment| {
                    authzen::answer(moment, it.api, &it.request)
                })?;
                (seq, HostAnswer::HostAuthzen(answered))
            }
            Self::AuthzenMetadata(it) => {
                let metadata = authzen::metadata(&it.base).map_err(|error| Fault::edge(error, "ask"))?;
                alone(HostAnswer::AuthzenMetadata(metadata))
            }
            Self::OcsfAudit(it) => {
                let OcsfAudit { actor, tenant, filter, limit } = it;
                let paging = Paging { limit: rows(*limit)?, ..Paging::default() };
                let audit = Audit { filter: filter.clone(), paging, ..Audit::new(actor.clone(), *tenant) };
                let (seq, told) = edge_at(engine, then, "ask", |moment| ocsf::audit(moment, audit))?;
                (seq, HostAnswer::OcsfAudit(told))
            }
            Self::HostOcsf(it) => {
                let limit = rows(it.limit)?;
                let (seq, told) =
                    edge_at(engine, then, "ask", |moment| ocsf::journal(moment, it.after, limit))?;
                (seq, HostAnswer::HostOcsf(told))
            }
            Self::CloudEvents(it) => {
                let limit = rows(it.limit)?;
                let told = cloudevents::notices(engine, &it.consumer, it.source.as_deref(), limit);
                alone(HostAnswer::CloudEvents(told.map_err(|error| Fault::edge(error, "ask"))?))
            }
            Self::CaepSessionsRevoked(it) => {
                let (limit, issued) = (rows(it.limit)?, issued(&it.issuer, it.audience.as_deref()));
                let (seq, told) = edge_at(engine, then, "ask", |moment| {
                    caep::sessions_revoked(moment, issued, it.after, limit)
                })?;
                (seq, HostAnswer::CaepSessionsRevoked(told))
            }
            Self::CaepTokenClaimsChanges(it) => {
                let issued = issued(&it.issuer, it.audience.as_deref());
                let (seq, told) = edge_at(engine, then, "ask", |moment| {
                    caep::token_claims_changes(moment, issued, it.after, &it.paging)
                })?;
                (seq, HostAnswer::CaepTokenClaimsChanges(told))
            }
            Self::Notices(it) => alone(HostAnswer::Notices(engine.notices(&it.consumer, rows(it.limit)?)?)),
            Self::Parse(it) => alone(HostAnswer::Parse(it.texts.iter().map(Typed::parse).collect())),
            Self::TokenNow(_) => alone(HostAnswer::TokenNow(engine.token()?)),
            Self::Confirm(it) => {
                engine.confirm(&it.token)?;
                alone(HostAnswer::Confirm(()))
            }
            Self::Verify(it) => {
                let verified = match &it.since {
                    Some(since) => engine.verify_since(since, |_| {}),
                    None => engine.verify(),
                };
                alone(HostAnswer::Verify(match verified {
                    Ok(Verified { token, older, differs, lost_receipts, .. }) => {
                        Verification::Holds { token, older, differs, lost_receipts }
                    }
                    Err(Error::Flawed(Corruption { kind, seq, why })) => {
                        Verification::Flawed { kind, seq, why }
                    }
                    Err(error) => return Err(error.into()),
                }))
            }
            Self::ErasurePending(_) => alone(HostAnswer::ErasurePending(engine.erasure_pending()?)),
        })
    }
}

/// How many notices are wanted.
///
/// # Errors
/// `invalid_limit`.
fn rows(limit: Option<usize>) -> Result<usize, Error> {
    match limit.unwrap_or(Paging::default().limit) {
        wanted @ 1..=MAX_ROWS => Ok(wanted),
        wanted => Err(Refusal::new(Code::InvalidLimit, wanted).into()),
    }
}

impl HostEntities {
    /// Whose entities are wanted.
    fn of(&self) -> Result<Of, Fault> {
        let Self { kind, number, tenant, manager, user, link, role, integration, licence, paging: _ } = self;
        let said = [
            ("number", number.clone().map(Of::Number)),
            ("tenant", tenant.map(Of::Tenant)),
            ("manager", manager.map(Of::Manager)),
            ("user", user.map(Of::User)),
            ("link", link.map(Of::Link)),
            ("role", role.map(Of::Role)),
            ("integration", integration.map(Of::Integration)),
            ("licence", licence.map(Of::Licence)),
        ];
        let mut said = said.into_iter().filter_map(|(name, of)| Some((name, of?)));
        let (name, of) = said.next().unwrap_or(("kind", Of::All));
        let wrong = |path: &str, message| Fault::at(Trouble::InvalidRequest, format!("ask.{path}"), message);
        if let Some((other, _)) = said.next() {
            return Err(wrong(other, "entities are asked for by one of these at a time"));
        }
        if !of.finds(*kind) {
            return Err(wrong(name, "entities of this kind are not found so"));
        }
        Ok(of)
    }
}
