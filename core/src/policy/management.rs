//! A management type: how a link manages (L), and what it leaves the manager.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::text::ManagementType;

/// A management type and what it means (L).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ManagementRule {
    /// Its name, such as `jointly`.
    pub name: ManagementType,
    /// Whether the customer's own users are locked out (P-4).
    pub locks_customer: bool,
    /// Whether the manager needs the customer's grant for the grantable permissions (P-7).
    pub needs_grants: bool,
    /// Whether such a link can be delinked (D-1).
    pub delinkable: bool,
    /// After how many days a delink request completes by itself, whatever the other side does;
    /// never, if absent (D-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_days: Option<u32>,
    /// Whether such a link tolerates no other manager (L-7).
    pub exclusive: bool,
    /// How an MSP moves devices from its pool to a customer that it manages so (V-7).
    #[serde(default)]
    pub moves: MoveRule,
    /// How services are added to such a link, where it does not lock the customer; else it is at
    /// once (L-6).
    #[serde(default)]
    pub added_services: AddedServices,
    /// The types it can be converted to (L-5).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub converts_to: BTreeSet<ManagementType>,
}

/// How devices are moved to a managed customer (V-7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MoveRule {
    /// Not at all.
    #[default]
    Refused,
    /// Once the customer approves.
    Approval,
    /// At once.
    AtOnce,
}

/// How services are added to a link (L-6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AddedServices {
    /// Once the customer's super admin accepts.
    #[default]
    Ask,
    /// At once, and both sides are told.
    Notify,
}

impl ManagementRule {
    /// Whether it leaves the manager anything that another does not, be it only a firmer hold on
    /// the customer. What it converts to does not: no type converts to one that leaves more.
    pub(super) fn leaves_more_than(&self, other: &Self) -> bool {
        let asks = |rule: &Self| !rule.locks_customer && rule.added_services == AddedServices::Ask;
        self.locks_customer && !other.locks_customer
            || other.needs_grants && !self.needs_grants
            || other.delinkable && !self.delinkable
            || is_less(other.notice_days, self.notice_days)
            || self.exclusive && !other.exclusive
            || rank(self.moves) > rank(other.moves)
            || asks(other) && !asks(self)
    }
}

/// Whether a number of days is less than another, of which none is without end.
pub(super) fn is_less(days: Option<u32>, than: Option<u32>) -> bool {
    days.is_some_and(|days| than.is_none_or(|than| days < than))
}

/// How freely devices are moved.
const fn rank(moves: MoveRule) -> u8 {
    match moves {
        MoveRule::Refused => 0,
        MoveRule::Approval => 1,
        MoveRule::AtOnce => 2,
    }
}
