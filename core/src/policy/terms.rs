//! Consent is to terms and not to a word: a link keeps what its management type meant when both
//! sides agreed to it (P-13). The policies whose terms differ are numbered, and a link names the
//! number of its own.

use std::collections::BTreeSet;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AddedServices, ManagementRule, MoveRule, Policy};

use crate::base::text::{ManagementType, Permission};
use crate::model::{derived, is_false};

/// A policy, and the number of the terms that it gives to what is agreed upon while it is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyVersion {
    /// The number of its terms: one more than before with every policy whose terms are others.
    pub terms: u32,
    /// The policy.
    pub policy: Policy,
    /// Whether a policy with other terms is in force by now; it is kept for the links that are
    /// under its own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub superseded: bool,
}

impl Deref for PolicyVersion {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.policy
    }
}

impl PolicyVersion {
    /// The key of what is kept for the links under terms of this number.
    pub(crate) fn key(terms: u32) -> Uuid {
        derived(8, &[&terms.to_be_bytes()])
    }

    /// The version that a policy is, put into force after this one: under the same number where
    /// nobody could tell its terms from those before.
    pub(crate) fn followed_by(&self, policy: Policy) -> Self {
        let terms = if self.policy.has_terms_of(&policy) { self.terms } else { self.terms + 1 };
        Self { terms, policy, superseded: false }
    }
}

/// What both sides of a link agree to: what its management type means, by value (P-13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Terms {
    /// The management type, and those that the link can become by conversion, each once (L-5).
    pub management_types: Vec<ManagementRule>,
    /// Whether the customer's side may ask to delink (D-4).
    pub customer_may_request_delink: bool,
    /// Days until a delink request lapses; never, if absent (D).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_request_days: Option<u32>,
    /// What the manager's people can hold by the link at all, where their roles do (P-6).
    pub permissions: BTreeSet<Permission>,
    /// What of it takes the customer's grant, where the management type asks for grants (P-7).
    pub grantable: BTreeSet<Permission>,
}

impl Policy {
    /// What both sides of a link of this management type agree to; nothing, where the policy has no
    /// such type.
    pub fn terms(&self, management: &ManagementType) -> Option<Terms> {
        let mut types = vec![self.management(management)?];
        let mut next = 0;
        while let Some(rule) = types.get(next).copied() {
            for rule in rule.converts_to.iter().filter_map(|to| self.management(to)) {
                if !types.iter().any(|known| known.name == rule.name) {
                    types.push(rule);
                }
            }
            next += 1;
        }
        Some(Terms {
            management_types: types.into_iter().cloned().collect(),
            customer_may_request_delink: self.customer_may_request_delink,
            delink_request_days: self.delink_request_days,
            permissions: self.permissions.difference(&self.reserved).cloned().collect(),
            grantable: self.grantable.clone(),
        })
    }

    /// Whether what is agreed upon under both is the same, whatever the management type.
    fn has_terms_of(&self, other: &Self) -> bool {
        self.management_types == other.management_types
            && self.customer_may_request_delink == other.customer_may_request_delink
            && self.delink_request_days == other.delink_request_days
            && self.permissions == other.permissions
            && self.reserved == other.reserved
            && self.grantable == other.grantable
    }

    /// Whether a manager can hold a permission by a link that was agreed upon under this policy.
    pub(crate) fn carries(&self, permission: &str) -> bool {
        self.permissions.contains(permission) && !self.reserved.contains(permission)
    }
}

impl Terms {
    /// Whether other terms leave the manager anything that these do not, be it only a firmer hold
    /// on the customer: then it takes the customer's word to be under them.
    pub fn are_widened_by(&self, other: &Self) -> bool {
        let more = |rule: &ManagementRule| {
            let before = self.management_types.iter().find(|it| it.name == rule.name);
            before.is_none_or(|before| before.is_widened_by(rule))
        };
        let freed = |permission: &Permission| other.permissions.contains(permission);
        other.management_types.iter().any(more)
            || self.customer_may_request_delink && !other.customer_may_request_delink
            || is_less(other.delink_request_days, self.delink_request_days)
            || !other.permissions.is_subset(&self.permissions)
            || self.grantable.difference(&other.grantable).any(freed)
    }
}

impl ManagementRule {
    fn is_widened_by(&self, other: &Self) -> bool {
        let notifies = |rule: &Self| rule.added_services == AddedServices::Notify;
        other.locks_customer && !self.locks_customer
            || self.needs_grants && !other.needs_grants
            || self.delinkable && !other.delinkable
            || is_less(self.notice_days, other.notice_days)
            || other.exclusive && !self.exclusive
            || rank(other.moves) > rank(self.moves)
            || notifies(other) && !notifies(self)
            || !other.converts_to.is_subset(&self.converts_to)
    }
}

/// Whether a number of days is less than another, of which none is without end.
fn is_less(days: Option<u32>, than: Option<u32>) -> bool {
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
