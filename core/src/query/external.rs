//! Rows about the ids of other systems that an organisation keeps.

use serde::{Deserialize, Serialize};

use super::tenant::Organisation;
use crate::base::text::{ExternalId, System};
use crate::base::time::Timestamp;
use crate::model::Bearer;

/// Which ids of other systems are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExternalIdFilter {
    /// Only those of this system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// Only those that lead to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Bearer>,
    /// Only those that begin so, in the same case: ids of tenants and devices alone, since a
    /// person's is found as a whole. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beginning: Option<String>,
}

/// An id of another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExternalIdRow {
    /// The system that gave it.
    pub system: System,
    /// The id.
    pub id: ExternalId,
    /// What it leads to.
    pub of: Bearer,
    /// Whose that is: the organisation itself, a person's home, who holds a device.
    pub whose: Organisation,
    /// Since when it is kept.
    pub since: Timestamp,
}
