//! The audit and the journal as events of the Open Cybersecurity Schema Framework, version 1.8.0:
//! what a security team's tools read. One event for each thing that happened; as JSON Lines by
//! [`EdgeEvents::lines`].
//!
//! All are of the category Identity & Access Management:
//!
//! | class | what |
//! |---|---|
//! | 3001 Account Change | a user is registered, edited, blocked, unblocked, removed; their address; erasure |
//! | 3003 Authorize Session | a console is opened |
//! | 3004 Entity Management | tenants, links, what is asked of others, roles, policies, devices, integrations, licences, alerts; a console ends; a command is refused |
//! | 3005 User Access Management | a role is given or taken |
//!
//! `metadata.uid` tells an event from any other of the store, the same each time;
//! `metadata.sequence` is its record's number, after which a consumer goes on that stopped
//! half-way. `metadata.event_code` is the event's own name, and `unmapped.event` the event as
//! whoever reads is told of it.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! use tenantry::edge::ocsf;
//!
//! let snapshot = engine.read()?;
//! let told = ocsf::audit(&snapshot.now()?, Audit::new(ada.into(), msp))?;
//! assert_eq!(told.events[0].0["class_uid"], 3004);
//! assert!(told.lines().ends_with("}\n"));
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::{Document, EdgeError, EdgeEvents, digits};
use crate::base::ids::{TenantId, UserId};
use crate::base::time::Timestamp;
use crate::engine::Moment;
use crate::event::Event;
use crate::journal::Record;
use crate::model::{Actor, RoleRef, Subject};
use crate::query::{Audit, AuditActor, AuditRow, Paging};

/// The version of the schema.
pub const VERSION: &str = "1.8.0";

/// The records of a tenant's audit as its actor may see them, masked as there. `through` is the
/// last record of which something is told; with it as the filter's `after` one goes on.
///
/// # Errors
/// Those of [`Audit`]: `unknown_tenant`, why the actor may not read the audit, `foreign_cursor`,
/// `invalid_limit`; when the store cannot be read.
pub fn audit(moment: &Moment<'_>, audit: Audit) -> Result<EdgeEvents, EdgeError> {
    let begin = audit.filter.after.unwrap_or_default();
    let found = moment.ask(audit)?;
    let through = found.rows.iter().map(|row| row.seq).max().unwrap_or(begin);
    let events = found.rows.iter().flat_map(|row| told(&Told::of_row(row)));
    Ok(EdgeEvents { events: events.collect(), through })
}

/// The records of the journal after one, as they are: the host's own.
///
/// # Errors
/// `invalid_limit`; when the store cannot be read.
pub fn journal(moment: &Moment<'_>, after: u64, limit: usize) -> Result<EdgeEvents, EdgeError> {
    let found = moment.host().records(after, &Paging { limit, ..Paging::default() })?;
    let through = found.rows.last().map_or(after, |record| record.seq);
    let events = found.rows.iter().flat_map(|record| told(&Told::of_record(record)));
    Ok(EdgeEvents { events: events.collect(), through })
}

/// A record as somebody is told of it.
struct Told<'r> {
    seq: u64,
    at: Timestamp,
    actor: Document,
    ticket: Option<&'r str>,
    command: Option<&'r str>,
    events: &'r [Event],
    log: &'static str,
}

impl<'r> Told<'r> {
    fn of_row(row: &'r AuditRow) -> Self {
        let AuditRow { seq, at, by, command, tenants: _, events } = row;
        let ticket = match by {
            AuditActor::Operator { ticket } => ticket.as_ref(),
            _ => None,
        };
        let actor = match by {
            AuditActor::User(user) => person(*user),
            AuditActor::Organisation(tenant) => acting(json!({
                "uid": tenant, "type_id": 99, "type": "Organisation", "org": {"uid": tenant}
            })),
            AuditActor::Stranger => acting(json!({"name": "unknown", "type_id": 0, "type": "Unknown"})),
            AuditActor::Operator { .. } => operator(),
            AuditActor::Clock => clock(),
        };
        let (ticket, command) = (ticket.map(|it| it.as_str()), command.as_deref());
        Self { seq: *seq, at: *at, actor, ticket, command, events, log: "audit" }
    }

    fn of_record(record: &'r Record) -> Self {
        let Record { seq, at, actor, command, events, .. } = record;
        let (actor, ticket) = match actor {
            Actor::User(user) => (person(*user), None),
            Actor::Operator { ticket } => (operator(), ticket.as_ref().map(|it| it.as_str())),
            Actor::Clock => (clock(), None),
        };
        Self { seq: *seq, at: *at, actor, ticket, command: Some(command), events, log: "journal" }
    }
}

fn acting(user: Value) -> Document {
    Document::of([("user", user)])
}

fn person(user: UserId) -> Document {
    acting(somebody(user))
}

fn operator() -> Document {
    acting(json!({"name": "operator", "type_id": 2, "type": "Admin"}))
}

fn clock() -> Document {
    Document::of([("app_name", "tenantry".into()), ("invoked_by", "clock".into())])
}

/// A class of the schema.
#[derive(Clone, Copy)]
enum Class {
    AccountChange = 3001,
    AuthorizeSession = 3003,
    EntityManagement = 3004,
    UserAccess = 3005,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::AccountChange => "Account Change",
            Self::AuthorizeSession => "Authorize Session",
            Self::EntityManagement => "Entity Management",
            Self::UserAccess => "User Access Management",
        }
    }
}

/// What an event is in the schema: its class, the activity's number and name there, and the members
/// that are the class's own.
struct Mapped {
    class: Class,
    activity: (u32, String),
    own: Document,
}

fn told(record: &Told<'_>) -> Vec<Document> {
    let Told { seq, at, actor, ticket, command, events, log } = record;
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let one = |event: &Event| {
        // What is masked may be told alike of several.
        let digits = digits(event);
        let before = *alike.entry(digits.clone()).and_modify(|before| *before += 1).or_default();
        let uid = if before == 0 { digits } else { format!("{digits}.{before}") };
        let name: &'static str = event.into();
        let Mapped { class, activity: (activity, doing), own } = mapped(event, name);
        let number = class as u32;
        let refused = match event {
            Event::CommandRefused { refusal, .. } => Some(refusal.as_str()),
            _ => None,
        };
        let metadata = json!({
            "version": VERSION,
            "product": {"name": "tenantry", "vendor_name": "tenantry", "version": env!("CARGO_PKG_VERSION")},
            "uid": format!("{seq}.{uid}"),
            "correlation_uid": seq.to_string(),
            "sequence": seq,
            "event_code": name,
            "log_name": log,
            "original_time": at,
        });
        let message = command.map_or_else(|| name.to_owned(), |command| format!("{name} by {command}"));
        let unmapped = Document::of([("event", json!(event))]).with("command", *command);
        let unmapped = unmapped.with("ticket", *ticket);
        let base = Document::of([
            ("category_uid", 3.into()),
            ("category_name", "Identity & Access Management".into()),
            ("class_uid", number.into()),
            ("class_name", class.name().into()),
            ("activity_id", activity.into()),
            ("activity_name", doing.clone().into()),
            ("type_uid", (number * 100 + activity).into()),
            ("type_name", format!("{}: {doing}", class.name()).into()),
            ("time", at.micros().div_euclid(1_000).into()),
            ("severity_id", 1.into()),
            ("severity", "Informational".into()),
            ("status_id", if refused.is_some() { 2 } else { 1 }.into()),
            ("status", if refused.is_some() { "Failure" } else { "Success" }.into()),
            ("metadata", metadata),
            ("actor", actor.clone().into()),
            ("message", message.into()),
            ("unmapped", unmapped.into()),
        ]);
        let mut whole = base.with("status_detail", refused);
        whole.0.extend(own.0);
        whole
    };
    events.iter().map(one).collect()
}

// Activities of Entity Management.
const CREATE: (u32, &str) = (1, "Create");
const UPDATE: (u32, &str) = (3, "Update");
const DELETE: (u32, &str) = (4, "Delete");
const MOVE: (u32, &str) = (5, "Move");
const ENROLL: (u32, &str) = (6, "Enroll");
const UNENROLL: (u32, &str) = (7, "Unenroll");
const ENABLE: (u32, &str) = (8, "Enable");
const DISABLE: (u32, &str) = (9, "Disable");
const ACTIVATE: (u32, &str) = (10, "Activate");
const DEACTIVATE: (u32, &str) = (11, "Deactivate");
const OTHER: u32 = 99;

/// Something that happened to an entity.
fn managed((number, name): (u32, &str), kind: &str, id: impl ToString) -> Mapped {
    let type_id = match kind {
        "tenant" => 4,
        "policy" => 5,
        _ => OTHER,
    };
    let id = id.to_string();
    let org = (kind == "tenant").then(|| json!({"uid": &id}));
    let entity = Document::of([("uid", id.into()), ("type", kind.into()), ("type_id", type_id.into())]);
    let own = Document::of([("entity", entity.with("org", org).into())]);
    Mapped { class: Class::EntityManagement, activity: (number, name.to_owned()), own }
}

/// Something that happened to devices, in the hands of a tenant.
fn devices(activity: (u32, &str), at: TenantId) -> Mapped {
    managed(activity, "devices", at)
}

/// A user, in the words of the schema.
fn somebody(user: UserId) -> Value {
    json!({"uid": user, "type_id": 1, "type": "User"})
}

/// Something that happened to somebody's account.
fn account((number, name): (u32, &str), user: UserId) -> Mapped {
    let own = Document::of([("user", somebody(user))]);
    Mapped { class: Class::AccountChange, activity: (number, name.to_owned()), own }
}

/// A role that somebody has on a tenant from now on, or has no more.
fn access(user: UserId, tenant: TenantId, role: Option<&RoleRef>) -> Mapped {
    let activity = if role.is_some() { (1, "Assign Privileges") } else { (2, "Revoke Privileges") };
    // There is one role per user and tenant: what ends is all of it.
    let privilege = role.map_or_else(|| "all".to_owned(), ToString::to_string);
    let own = Document::of([
        ("user", somebody(user)),
        ("privileges", json!([privilege])),
        ("resources", json!([{"uid": tenant, "type": "tenant"}])),
    ]);
    Mapped { class: Class::UserAccess, activity: (activity.0, activity.1.to_owned()), own }
}

/// What an event is in the schema.
fn mapped(event: &Event, name: &'static str) -> Mapped {
    use Event as E;
    let other = (OTHER, name);
    match event {
        E::PolicySet { policy } => managed(UPDATE, "policy", &policy.name),
        E::TenantRegistered { tenant, .. } => managed(CREATE, "tenant", tenant),
        E::TenantEdited { tenant, .. }
        | E::TenantKindChanged { tenant, .. }
        | E::TenantHeld { tenant, .. }
        | E::TenantReleased { tenant, .. } => managed(UPDATE, "tenant", tenant),
        E::TenantDisabled { tenant } => managed(DISABLE, "tenant", tenant),
        E::TenantEnabling { tenant } => managed(other, "tenant", tenant),
        E::TenantEnabled { tenant } => managed(ENABLE, "tenant", tenant),
        E::TenantDeleted { tenant } => managed(DELETE, "tenant", tenant),

        E::ManagerInvited { invitation, .. } => managed(CREATE, "manager_invitation", invitation),
        E::ManagerInvitationResent { invitation, .. } => managed(UPDATE, "manager_invitation", invitation),
        E::ManagerInvitationAccepted { invitation } => managed(ACTIVATE, "manager_invitation", invitation),
        E::ManagerInvitationWithdrawn { invitation }
        | E::ManagerInvitationDeclined { invitation }
        | E::ManagerInvitationCanceled { invitation }
        | E::ManagerInvitationExpired { invitation } => managed(DEACTIVATE, "manager_invitation", invitation),
        E::ManagerBarred { tenant, .. } | E::ManagerAdmitted { tenant, .. } => {
            managed(UPDATE, "tenant", tenant)
        }

        E::LinkRequested { request, .. } => managed(CREATE, "link_request", request),
        E::LinkRequestResent { request, .. } => managed(UPDATE, "link_request", request),
        E::LinkRequestAccepted { request } => managed(ACTIVATE, "link_request", request),
        E::LinkRequestWithdrawn { request }
        | E::LinkRequestDeclined { request }
        | E::LinkRequestCanceled { request }
        | E::LinkRequestExpired { request } => managed(DEACTIVATE, "link_request", request),

        E::LinkCreated { link, .. } => managed(CREATE, "link", link),
        E::LinkConverted { link, .. }
        | E::TermsChanged { link, .. }
        | E::ServicesAdded { link, .. }
        | E::ServiceRemoved { link, .. }
        | E::ManagerGrantsSet { link, .. }
        | E::AutoExtendSet { link, .. }
        | E::LinkExtended { link, .. }
        | E::LinkRenewed { link, .. } => managed(UPDATE, "link", link),
        E::LinkExpiring { link, .. }
        | E::DelinkRequested { link, .. }
        | E::DelinkResent { link, .. }
        | E::DelinkRejected { link, .. }
        | E::DelinkCanceled { link, .. }
        | E::DelinkExpired { link } => managed(other, "link", link),
        E::LinkEnded { link, .. } => managed(DELETE, "link", link),

        E::Proposed { proposal, .. } => managed(CREATE, "proposal", proposal),
        E::ProposalResent { proposal, .. } => managed(UPDATE, "proposal", proposal),
        E::ProposalAccepted { proposal } => managed(ACTIVATE, "proposal", proposal),
        E::ProposalWithdrawn { proposal }
        | E::ProposalDeclined { proposal }
        | E::ProposalCanceled { proposal }
        | E::ProposalExpired { proposal } => managed(DEACTIVATE, "proposal", proposal),

        E::UserInvited { invitation, .. } => managed(CREATE, "invitation", invitation),
        E::InvitationResent { invitation, .. } => managed(UPDATE, "invitation", invitation),
        E::InvitationAccepted { invitation } => managed(ACTIVATE, "invitation", invitation),
        E::InvitationWithdrawn { invitation }
        | E::InvitationDeclined { invitation }
        | E::InvitationRevoked { invitation }
        | E::InvitationExpired { invitation } => managed(DEACTIVATE, "invitation", invitation),

        E::UserRegistered { user, .. } => account((1, "Create"), *user),
        E::UserUnblocked { user } => account((2, "Enable"), *user),
        E::UserBlocked { user } => account((5, "Disable"), *user),
        E::UserRemoved { user } => account((6, "Delete"), *user),
        E::UserEdited { user, .. }
        | E::AddressRequested { user, .. }
        | E::AddressResent { user, .. }
        | E::AddressConfirmed { user }
        | E::AddressCanceled { user }
        | E::AddressExpired { user }
        | E::AddressWithdrawn { user }
        | E::PersonalErased { subject: Subject::User(user) } => account(other, *user),
        E::ExternalIdSet { keeper, .. } | E::ExternalIdRemoved { keeper, .. } => {
            managed(UPDATE, "tenant", keeper)
        }
        E::PersonalErased { subject: Subject::Tenant(tenant) } => managed(other, "tenant", tenant),

        E::Assigned { user, tenant, role, .. } => access(*user, *tenant, Some(role)),
        E::AssignmentEnded { user, tenant } => access(*user, *tenant, None),
        // That it counts from now on, or no longer, is what the record is about; which role it is,
        // the record says by which it was given.
        E::TemporaryAssigned { user, tenant, role, .. } => access(*user, *tenant, Some(role)),
        E::Activated { user, .. } | E::TemporaryBegun { user, .. } => account(other, *user),
        E::TemporaryEnded { user, tenant, .. } => access(*user, *tenant, None),
        E::RoleCreated { role, .. } => managed(CREATE, "role", role),
        E::RoleEdited { role, .. } => managed(UPDATE, "role", role),
        E::RoleDeleted { role } => managed(DELETE, "role", role),

        E::ResellerCustomerAdded { tenant, .. } => managed(CREATE, "reseller_customer", tenant),
        E::ResellerCustomerEdited { tenant, .. } => managed(UPDATE, "reseller_customer", tenant),
        E::ResellerCustomerRemoved { tenant, .. } => managed(DELETE, "reseller_customer", tenant),
        E::ResellerDropped { tenant, .. } => managed(DISABLE, "reseller_customer", tenant),
        E::ResellerAdmitted { tenant, .. } => managed(ENABLE, "reseller_customer", tenant),
        E::DevicesUploaded { to, .. } => devices(ENROLL, *to),
        E::UploadWithdrawn { from, .. } => devices(UNENROLL, *from),
        E::DevicesMoved { customer, .. } => devices(MOVE, *customer),
        E::DevicesDeleted { tenant, .. } => devices(DELETE, *tenant),
        E::MoveRequested { id, .. } => managed(CREATE, "move", id),
        E::MoveResent { id, .. } => managed(UPDATE, "move", id),
        E::MoveApproved { id } => managed(ACTIVATE, "move", id),
        E::MoveWithdrawn { id } | E::MoveDeclined { id } | E::MoveCanceled { id } | E::MoveExpired { id } => {
            managed(DEACTIVATE, "move", id)
        }

        E::IntegrationCreated { integration, .. } => managed(CREATE, "integration", integration),
        E::IntegrationShared { integration, .. } => managed(ACTIVATE, "integration", integration),
        E::IntegrationDetached { integration, .. } => managed(DEACTIVATE, "integration", integration),
        E::IntegrationDeleted { integration } => managed(DELETE, "integration", integration),
        E::LicenceBought { licence, .. } => managed(CREATE, "licence", licence),
        E::SeatsAssigned { licence, .. } | E::SeatsReleased { licence, .. } => {
            managed(UPDATE, "licence", licence)
        }
        E::AlertRuleSet { tenant, .. } => managed(UPDATE, "alert_rule", tenant),

        E::SessionOpened { session, user, tenant, service, .. } => {
            let own = Document::of([
                ("user", somebody(*user)),
                ("session", json!({"uid": session.to_string()})),
                ("privileges", json!([format!("console.open:{service}:{tenant}")])),
            ]);
            let activity = (1, "Assign Privileges".to_owned());
            Mapped { class: Class::AuthorizeSession, activity, own }
        }
        E::SessionClosed { session, .. } | E::SessionEnded { session } => {
            managed(DEACTIVATE, "session", session)
        }
        E::CommandRefused { command, .. } => managed(other, "command", command),
    }
}
