//! Rows about roles that are given for a while.

use serde::{Deserialize, Serialize};

use super::tenant::Organisation;
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Email, PersonName};
use crate::base::time::Timestamp;
use crate::model::{RoleRef, is_false};

/// Which roles that are given for a while are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TemporaryFilter {
    /// Only this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleRef>,
    /// Only those of this user, where they are named to the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Only those that have begun, or only those that have not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<bool>,
    /// Only those that have to be activated, or only those that count by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eligible: Option<bool>,
}

/// A role that somebody has, or will have, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TemporaryRow {
    /// Where.
    pub on: Organisation,
    /// Who; not told of people of another organisation whose users the actor may not see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Their organisation.
    pub home: TenantId,
    /// Their name, where the actor may see the users of their home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Their address, where the actor may see the users of their home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// With which role.
    pub role: RoleRef,
    /// Whether it covers the tenants managed below, too.
    pub below: bool,
    /// Whether it leaves out what is reserved for the customer (P-16).
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
    /// From when on it counts.
    pub starts: Timestamp,
    /// Up to when it counts.
    pub ends: Timestamp,
    /// Whether it decides now what its user may do there: it has begun, and nothing that was given
    /// later lies over it.
    pub decides: bool,
    /// Whether its user is eligible for it alone: it gives nothing until they activate it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub eligible: bool,
    /// Whether its user has activated it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub activated: bool,
}

/// A role that whoever asks may activate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EligibleRow {
    /// Where.
    pub tenant: TenantId,
    /// What it is called, where they see it or the role would let them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Organisation>,
    /// Which role.
    pub role: RoleRef,
    /// Whether it covers the tenants managed below, too.
    pub below: bool,
    /// Whether it leaves out what is reserved for the customer (P-16).
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
    /// From when on they may activate it.
    pub starts: Timestamp,
    /// Up to when they may have it.
    pub ends: Timestamp,
    /// Up to when it is active, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_until: Option<Timestamp>,
}
