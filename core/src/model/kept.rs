//! The ids of other systems that an organisation keeps for what it has and manages.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::derived::Device;
use super::entity::derived;
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{DeviceId, ExternalId, System};
use crate::base::time::Timestamp;

/// What an id of another system leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bearer {
    /// An organisation.
    Tenant(TenantId),
    /// A person.
    User(UserId),
    /// A device, by any of its ids.
    Device(DeviceId),
}

impl Bearer {
    /// What it is found by, whatever it is.
    pub(crate) fn key(&self) -> Uuid {
        match self {
            Self::Tenant(id) => id.uuid(),
            Self::User(id) => id.uuid(),
            Self::Device(id) => Device::key(id),
        }
    }
}

/// An id of another system that an organisation keeps. A person's is [`PersonalId`] data, and the
/// entity says only that there is one.
///
/// [`PersonalId`]: crate::model::PersonalId
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct KeptId {
    /// Who keeps it.
    pub keeper: TenantId,
    /// The system.
    pub system: System,
    /// What it leads to.
    pub of: Bearer,
    /// Whose that is: the organisation itself, a person's home, who holds a device.
    pub tenant: TenantId,
    /// The id that the system has given; none of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<ExternalId>,
    /// Of a person, which of their ids it is: the number of the record that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// Since when it is kept.
    pub since: Timestamp,
}

/// The most ids that one organisation keeps for one thing.
pub const MAX_EXTERNAL_IDS: usize = 32;

impl KeptId {
    /// The key of an id that is not a person's: unique within its system and whoever keeps it.
    pub(crate) fn key_of(keeper: TenantId, system: &System, id: &ExternalId) -> Uuid {
        let [system, id] = [system.as_str(), id.as_str()].map(str::as_bytes);
        derived(26, &[&[0], keeper.uuid().as_bytes(), system, &[0], id])
    }

    /// The key of one of a person's ids, which says nothing of it.
    pub(crate) fn key_of_entry(keeper: TenantId, system: &System, of: Uuid, entry: u64) -> Uuid {
        let (keeper, system) = (keeper.uuid(), system.as_str().as_bytes());
        derived(26, &[&[1], keeper.as_bytes(), of.as_bytes(), system, &[0], &entry.to_be_bytes()])
    }

    /// Its key.
    pub fn key(&self) -> Uuid {
        match &self.given {
            Some(id) => Self::key_of(self.keeper, &self.system, id),
            None => {
                let entry = self.entry.unwrap_or_default();
                Self::key_of_entry(self.keeper, &self.system, self.of.key(), entry)
            }
        }
    }
}
