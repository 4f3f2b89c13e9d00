//! Who can reach what, and why; what would change it, and what has.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::own::HeldPermission;
use super::page::Page;
use super::tenant::Organisation;
use super::trade::ResellerCustomerRow;
use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::text::{CompanyName, Email, Number, Permission, PersonName, Service};
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{NoticeKind, RoleRef, Subject, is_false};

/// A moment that has passed: a record's number, or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AsOf {
    /// After this record.
    Seq(u64),
    /// At this instant.
    Time(Timestamp),
}

impl Serialize for AsOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Seq(seq) => seq.serialize(serializer),
            Self::Time(at) => at.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = AsOf;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record's number, or an instant such as 2026-01-31T09:30:00Z")
            }

            fn visit_u64<E>(self, seq: u64) -> Result<AsOf, E> {
                Ok(AsOf::Seq(seq))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AsOf, E> {
                Timestamp::parse(text).map(AsOf::Time).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// The assignment behind a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Grounds {
    /// The tenant it is on: the one asked about, or one above it.
    pub tenant: TenantId,
    /// Its role.
    pub role: RoleRef,
    /// Whether it leaves out what is reserved for the customer, since its manager's side gave it
    /// (P-16).
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
    /// When it ends by itself, if it was given for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
}

/// Which access is wanted in a review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccessFilter {
    /// Only whoever holds this permission, be it with a service alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
    /// Only whoever holds it, or anything, with this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
}

/// By what somebody may do something on a tenant: an assignment, and the links that it comes down
/// by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AccessWay {
    /// The assignment that decides, where the tenant that it is on is there for whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Grounds>,
    /// The links between the tenant and the person's home, from the tenant upwards, where all of
    /// them are there for whoever asks; empty at home.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<LinkId>,
    /// What they may do by it, as checks say.
    pub held: Vec<HeldPermission>,
    /// What of that rests on a grant of the customer's (P-7).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub granted: BTreeSet<Permission>,
}

/// Somebody who can reach a tenant, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TenantAccessRow {
    /// Who.
    pub user: UserId,
    /// Their organisation.
    pub home: TenantId,
    /// Their name, where the actor may see the users of their home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Their address, where the actor may see the users of their home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// By what, and what they may do by it. Never empty.
    pub ways: Vec<AccessWay>,
}

/// Another organisation whose people can reach a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OrganisationAccessRow {
    /// The organisation.
    pub organisation: Organisation,
    /// What one or another of its people may do there, as checks say. Never empty.
    pub held: Vec<HeldPermission>,
}

/// A tenant that somebody can reach, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UserAccessRow {
    /// The tenant.
    pub tenant: TenantId,
    /// Its company name.
    pub name: CompanyName,
    /// Its number.
    pub number: Number,
    /// By what, and what they may do by it. Never empty.
    pub ways: Vec<AccessWay>,
}

/// What somebody may do on a tenant that they could not before, and what no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AccessChangeRow {
    /// Who.
    pub user: UserId,
    /// On which tenant.
    pub tenant: TenantId,
    /// What they may do now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gained: Vec<HeldPermission>,
    /// What they may not do any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<HeldPermission>,
}

/// The same, and what brought it about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AccessEvent {
    /// The record that brought it about; of what has ended by time alone, the next one.
    pub seq: u64,
    /// Since when it is so: the record's moment, or that at which a link ended.
    pub at: Timestamp,
    /// The command of the record; none, where time alone brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Who.
    pub user: UserId,
    /// On which tenant.
    pub tenant: TenantId,
    /// What they may do since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gained: Vec<HeldPermission>,
    /// What they may not do any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<HeldPermission>,
}

/// How much a command would change about access, as far as whoever would give it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AccessChangeCount {
    /// How many rows all pages have: pairs of a person and a tenant.
    pub rows: u64,
    /// In how many of them somebody gains something.
    pub gaining: u64,
    /// In how many of them somebody loses something.
    pub losing: u64,
}

/// What a command would lead to, as far as whoever would give it is told. Nothing of it has
/// happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Previewed {
    /// What would happen. Ids that the command leaves out are placeholders, which nothing will
    /// have.
    pub events: Vec<Event>,
    /// Who would be told of what.
    pub notices: Vec<PreviewedNotice>,
    /// Who would gain and who would lose rights.
    pub rights: Page<AccessChangeRow>,
    /// How many these are in all, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<AccessChangeCount>,
    /// The rows of resellers' lists that would be others.
    pub resellers: Vec<ResellerRowChange>,
}

/// A notice that there would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PreviewedNotice {
    /// What it would say.
    pub kind: NoticeKind,
    /// Whom it would go to: people of one's own organisation, and other organisations once,
    /// however many of their people are told.
    pub to: BTreeSet<Subject>,
    /// Whether the platform's own staff is told, which nobody but them is told.
    #[serde(default, skip_serializing_if = "is_false")]
    pub operator: bool,
}

/// A row of a reseller's list before and after a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ResellerRowChange {
    /// The reseller.
    pub reseller: TenantId,
    /// The row as it is; none, where there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ResellerCustomerRow>,
    /// The row as it would be; none, where there would be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ResellerCustomerRow>,
}

/// A page for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Report {
    /// One HTML document: it has everything in it, runs nothing and asks nothing of anywhere else.
    pub html: String,
}
