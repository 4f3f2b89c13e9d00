//! Questions and the rows that answer them: plain data.

use serde::{Deserialize, Serialize};

use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::text::{CompanyName, Coordinates, Country, Number, Permission, Service};
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
