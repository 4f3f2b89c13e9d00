//! Rows about devices on their way: what a reseller uploaded, what an MSP moves on, and who added
//! whom.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::tenant::Organisation;
use crate::base::ids::{LinkId, MoveId, TenantId, UploadId};
use crate::base::text::{Country, DeviceId, Number};
use crate::base::time::Timestamp;
use crate::model::{HandshakeState, ResellerStatus, is_false};

/// An upload, as its reseller sees it (V-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UploadRow {
    /// The upload.
    pub upload: UploadId,
    /// To whom it went, as long as that tenant stands in the reseller's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UploadedTo>,
    /// When it was.
    pub uploaded: Timestamp,
    /// How many devices it had.
    pub devices: u64,
    /// How many of them are left: not deleted, not withdrawn, whoever they are shown as.
    pub left: u64,
}

/// A tenant to whom something was uploaded, as the reseller's list shows it (V-3, V-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UploadedTo {
    /// The tenant.
    pub tenant: TenantId,
    /// Its company name and, after a slash, the reseller's own reference.
    pub company: String,
    /// The number shown: its own, or its MSP's (V-3).
    pub number: Number,
}

/// Which moves of a tenant are wanted (V-7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MoveFilter {
    /// Those that it asked for; without it, those that it was asked to approve.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sent: bool,
    /// Only those that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<HandshakeState>,
}

/// A move of devices from an MSP's pool to a customer that was asked to approve it, as one of the
/// two sees it (V-7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MoveRow {
    /// The move.
    pub id: MoveId,
    /// The link under which they are moved.
    pub link: LinkId,
    /// The number of the other side.
    pub number: Number,
    /// The other side, while the move is pending, and for whom it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Organisation>,
    /// The devices.
    pub devices: BTreeSet<DeviceId>,
    /// Where it stands.
    pub state: HandshakeState,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// A reseller that added a tenant, as the tenant sees it (V-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TenantResellerRow {
    /// The reseller.
    pub reseller: Organisation,
    /// How it stands with the tenant.
    pub status: ResellerStatus,
    /// Since when the tenant is added.
    pub since: Timestamp,
}

/// A row of a reseller's list (V-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct ResellerCustomerRow {
    /// The tenant that devices are shown as.
    pub tenant: TenantId,
    /// Its company name and, after a slash, the reseller's own reference.
    pub company: String,
    /// The number shown: its own, or its MSP's (V-3).
    pub number: Number,
    /// Its country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// When the last upload was of which a device is shown as it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_uploaded: Option<Timestamp>,
    /// How many such uploads there were.
    pub uploads: u64,
    /// How many devices are shown as it.
    pub devices: u64,
    /// How it stands with the reseller.
    pub status: ResellerStatus,
}
