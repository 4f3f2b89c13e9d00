//! A role that somebody has for a while. Plain data; which of several decides at a moment,
//! the assignment says over which they are laid.

use serde::{Deserialize, Serialize};

use super::words::RoleRef;
use crate::base::time::Timestamp;

/// A role with a beginning and an end, laid over whatever its user has on the same tenant; or one
/// that they may activate meanwhile, which gives nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Temporary {
    /// With which role.
    pub role: RoleRef,
    /// Whether it covers the tenants managed below, too.
    pub below: bool,
    /// Whether it leaves out what is reserved for the customer (P-16).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// From when on it is in force.
    pub starts: Timestamp,
    /// When it is so no longer; of one user on one tenant, no two end at the same moment.
    pub ends: Timestamp,
    /// Whether a record tells that it has begun. It has when its moment has come, recorded or not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
    /// Whether its user is eligible for it alone: it gives nothing until they activate it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub eligible: bool,
    /// The end of what it was activated of, if it was: that lies right below it, and it goes with
    /// that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated: Option<Timestamp>,
}

impl Temporary {
    /// Whether it gives something at a moment; at the beginning of time, whether it does as
    /// recorded: its beginning is, and its end is not.
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        !self.eligible && self.counts(at)
    }

    /// Whether its user may activate it at a moment.
    pub fn may_be_activated(&self, at: Timestamp) -> bool {
        self.eligible && self.counts(at)
    }

    fn counts(&self, at: Timestamp) -> bool {
        if at == Timestamp::MIN { self.begun } else { self.starts <= at && at < self.ends }
    }

    /// Whether it gives something at a moment, or will, or could.
    pub fn is_to_come_or_in_force(&self, at: Timestamp) -> bool {
        at < self.ends
    }

    /// The moments at which it changes what its user has, of which no record tells yet.
    pub(crate) fn moments(&self) -> impl Iterator<Item = Timestamp> {
        (!self.begun).then_some(self.starts).into_iter().chain([self.ends])
    }
}
