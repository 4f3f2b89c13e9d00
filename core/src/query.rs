//! Questions and the rows that answer them: plain data.

use serde::{Deserialize, Serialize};

use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::text::{CompanyName, Coordinates, Country, Number, Permission, Service, Ticket};
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{RoleRef, TenantKind};
use crate::refusal::Code;

/// May this user use this permission on this tenant, for this service? (P)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who.
    pub user: UserId,
    /// What they want to do.
    pub permission: Permission,
    /// Where.
    pub tenant: TenantId,
    /// With which service, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
}

impl Question {
    /// A question that is about no particular service.
    pub const fn new(user: UserId, permission: Permission, tenant: TenantId) -> Self {
        Self { user, permission, tenant, service: None }
    }

    /// The same question about a service.
    #[must_use]
    pub fn with(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }
}

/// The answer of a check, with its reason (P-12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why not: the first reason that applies, in the order of section 4; none when allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// The assignment that decided, where it came to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Grounds>,
    /// The links between the tenant and the user's home, from the tenant upwards; empty at home.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<LinkId>,
    /// The revision it was read at.
    pub seq: u64,
}

impl Verdict {
    /// The rule that decided.
    pub const fn rule(&self) -> &'static str {
        match self.reason {
            Some(code) => code.rule(),
            None => "P-10",
        }
    }
}

/// The assignment behind a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    /// The tenant it is on: the one asked about, or one above it.
    pub tenant: TenantId,
    /// Its role.
    pub role: RoleRef,
}

/// What somebody who may link is told about a number, and nothing else (T-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSummary {
    /// The number.
    pub number: Number,
    /// The company name.
    pub name: CompanyName,
    /// The country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The kind.
    pub kind: TenantKind,
}

/// A pin on the map (T-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The tenant.
    pub tenant: TenantId,
    /// Its company name.
    pub name: CompanyName,
    /// Where it is.
    pub coordinates: Coordinates,
}

/// Which records of a tenant's audit are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditFilter {
    /// Only those of this user, if they show as a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Only those of this command, such as `request_delink`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Only those written at or after this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only those written before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether a row is wanted.
    pub fn passes(&self, row: &AuditRow) -> bool {
        self.by.is_none_or(|user| row.by == AuditActor::User(user))
            && self.command.as_ref().is_none_or(|command| *command == row.command)
            && self.from.is_none_or(|from| row.at >= from)
            && self.until.is_none_or(|until| row.at < until)
    }
}

/// One record as it shows in the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The record's number.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who it is from, as far as the viewer may know.
    pub by: AuditActor,
    /// The command.
    pub command: String,
    /// The tenants it is about.
    pub tenants: Vec<TenantId>,
    /// What happened.
    pub events: Vec<Event>,
}

/// Who a record is from, as the audit shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditActor {
    /// A person of the viewer's own organisation.
    User(UserId),
    /// Somebody of another organisation.
    Organisation(TenantId),
    /// The platform's own staff.
    Operator {
        /// The ticket they acted on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Ticket>,
    },
    /// Time passing.
    Clock,
}
