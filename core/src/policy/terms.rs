//! Consent is to terms and not to a word: a link keeps what its management type meant when both
//! sides agreed to it (P-13). The policies whose terms differ are numbered, and a link names the
//! number of its own.

use std::collections::BTreeSet;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Policy;
use super::management::{ManagementRule, is_less};

use crate::base::text::{ManagementType, Permission};
use crate::model::{derived, is_false};

/// A policy, and the number of the terms that it gives to what is agreed upon while it is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
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
        let terms = if same_terms(&self.policy, &policy) { self.terms } else { self.terms + 1 };
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

/// Whether what is agreed upon under two policies is the same, whatever the management type.
fn same_terms(one: &Policy, other: &Policy) -> bool {
    one.management_types == other.management_types
        && one.customer_may_request_delink == other.customer_may_request_delink
        && one.delink_request_days == other.delink_request_days
        && one.permissions == other.permissions
        && one.reserved == other.reserved
        && one.grantable == other.grantable
}

impl Terms {
    /// Those of a management type and of what it can become; nothing, where a policy has no such
    /// type.
    pub fn of(policy: &Policy, management: &ManagementType) -> Option<Self> {
        let mut types = vec![policy.management(management)?];
        let mut next = 0;
        while let Some(rule) = types.get(next).copied() {
            for rule in rule.converts_to.iter().filter_map(|to| policy.management(to)) {
                if !types.iter().any(|known| known.name == rule.name) {
                    types.push(rule);
                }
            }
            next += 1;
        }
        Some(Self {
            management_types: types.into_iter().cloned().collect(),
            customer_may_request_delink: policy.customer_may_request_delink,
            delink_request_days: policy.delink_request_days,
            permissions: policy.carried(),
            grantable: policy.grantable.clone(),
        })
    }

    /// Whether other terms leave the manager anything that these do not, be it only a firmer hold
    /// on the customer: then it takes the customer's word to be under them.
    pub(crate) fn are_widened_by(&self, other: &Self) -> bool {
        let more = |rule: &ManagementRule| {
            let before = self.management_types.iter().find(|it| it.name == rule.name);
            before.is_some_and(|before| rule.leaves_more_than(before))
        };
        let freed = |permission: &Permission| other.permissions.contains(permission);
        other.management_types.iter().any(more)
            || self.customer_may_request_delink && !other.customer_may_request_delink
            || is_less(other.delink_request_days, self.delink_request_days)
            || !other.permissions.is_subset(&self.permissions)
            || self.grantable.difference(&other.grantable).any(freed)
    }
}
