//! Rows about whoever asks: who they are, what they may do, what they asked for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::temporary::TemporaryRow;
use super::tenant::{InvitationRow, LinkRequestRow, ManagerInvitationRow, Organisation, ProposalRow};
use super::trade::MoveRow;
use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::text::{Email, Number, Permission, PersonName, Service};
use crate::base::time::Timestamp;
use crate::model::{HandshakeState, RoleRef, TenantKind, UserState, is_false};

/// A user as they see themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Profile {
    /// The user.
    pub user: UserId,
    /// Their name; none, if erased or never given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Their address; none, if erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The address that they are asked to confirm, if they are (U-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<Email>,
    /// The tenant that they belong to.
    pub home: Organisation,
    /// Its kind.
    pub kind: TenantKind,
    /// Where they stand.
    pub state: UserState,
    /// Their role at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleRef>,
    /// Since when they are known.
    pub since: Timestamp,
}

/// A permission that somebody holds on a tenant (P-12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeldPermission {
    /// The permission.
    pub permission: Permission,
    /// The services for which a check allows it.
    pub services: BTreeSet<Service>,
    /// Whether a check allows it for these services alone, and not where none is named.
    #[serde(default, skip_serializing_if = "is_false")]
    pub services_only: bool,
}

/// Something that a user or their organisation asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AskedRow {
    /// The tenant for which it was asked.
    pub tenant: TenantId,
    /// What it is, and what became of it.
    pub what: Requested,
}

/// What was asked for, as the list of its kind shows it to whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "row", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Requested {
    /// To manage a tenant (L-2).
    LinkRequest(LinkRequestRow),
    /// That an MSP asks to manage the tenant (L-10).
    ManagerInvitation(ManagerInvitationRow),
    /// That somebody joins the tenant (U-2).
    Invitation(InvitationRow),
    /// To change a link (L-6, L-9).
    Proposal(ProposalRow),
    /// To hand devices to a customer (V-7).
    Move(MoveRow),
    /// To end a link (D).
    Delink(DelinkRequestRow),
    /// That somebody confirms another address (U-1).
    Address(AddressChangeRow),
    /// Nothing: they may activate a role by themselves.
    Eligible(TemporaryRow),
}

/// A delink request that awaits its answer, as the side that asked sees it (D). What became of one
/// that was answered, the link says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DelinkRequestRow {
    /// The link.
    pub link: LinkId,
    /// The number of the other side.
    pub number: Number,
    /// The other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Organisation>,
    /// When it was asked.
    pub asked: Timestamp,
    /// When it lapses, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it ends the link by itself, once its notice period is over (D-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
}

/// That somebody was asked to confirm another address (U-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AddressChangeRow {
    /// Whose address.
    pub user: UserId,
    /// The address, as long as they are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<Email>,
    /// Where it stands.
    pub state: HandshakeState,
    /// When it was asked.
    pub asked: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}
