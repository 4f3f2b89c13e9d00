//! Rows about one tenant: what it is, who manages it, whom it asked and was asked by, its people's
//! roles, what it has.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::ids::{
    InvitationId, LicenceId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId, SessionId,
    TenantId, UserId,
};
use crate::base::text::{
    CompanyName, Country, DeviceId, Email, IssueCategory, ManagementType, Number, Permission, PersonName,
    Prefix, RoleName, Service, Website,
};
use crate::base::time::Timestamp;
use crate::model::{
    Audience, Contact, EndCause, HandshakeState, Operation, ProposalContent, RoleRef, Stage, Subject,
    TenantKind, TermRequest, is_false,
};
use crate::policy::Terms;

/// A tenant as its own settings show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TenantSettings {
    /// The tenant.
    pub tenant: TenantId,
    /// The number that others ask for it by.
    pub number: Number,
    /// Its kind.
    pub kind: TenantKind,
    /// Its company name.
    pub name: CompanyName,
    /// Its country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Its website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    /// Its domain prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// How to reach and find it.
    pub contact: Contact,
    /// Whether it can be worked on.
    pub operation: Operation,
    /// How many devices it holds.
    pub devices: u64,
    /// Since when it is there.
    pub since: Timestamp,
}

/// A tenant that somebody may enter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PlaceRow {
    /// The tenant.
    pub tenant: TenantId,
    /// Its company name.
    pub name: CompanyName,
    /// Its number.
    pub number: Number,
    /// Its kind.
    pub kind: TenantKind,
    /// Whether it can be worked on.
    pub operation: Operation,
}

/// Another organisation, by its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Organisation {
    /// The organisation.
    pub tenant: TenantId,
    /// Its company name.
    pub name: CompanyName,
    /// Its number.
    pub number: Number,
}

/// Which managers of a tenant are wanted, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ManagerFilter {
    /// Only those who manage this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Only those who manage so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<ManagementType>,
    /// The order.
    #[serde(default)]
    pub sort: ManagerSort,
}

/// The orders of a tenant's managers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum ManagerSort {
    /// By name.
    #[default]
    Name,
    /// By since when they manage it.
    Since,
}

/// A manager of a tenant, by one link in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ManagerRow {
    /// The link.
    pub link: LinkId,
    /// Who manages.
    pub manager: Organisation,
    /// How.
    pub management: ManagementType,
    /// Which services.
    pub services: BTreeSet<Service>,
    /// What the manager is granted beyond the default (P-7).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<Permission>,
    /// How far the link has come.
    pub stage: Stage,
    /// The same in the words that people see (D-5).
    pub status: String,
    /// Since when the link is in force.
    pub since: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When a pending delink request ends it, once its notice period is over (D-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_ends: Option<Timestamp>,
}

/// Which link requests of a tenant are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkRequestFilter {
    /// Those that it sent; without it, those that it was sent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sent: bool,
    /// Only those that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<HandshakeState>,
}

/// A link request, as one of its two sides sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LinkRequestRow {
    /// The request.
    pub request: LinkRequestId,
    /// The number of the other side.
    pub number: Number,
    /// The other side, while the request is pending, and for whom it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Organisation>,
    /// The management type asked for.
    pub management: ManagementType,
    /// The services asked for.
    pub services: BTreeSet<Service>,
    /// How long the link would last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<TermRequest>,
    /// Where it stands.
    pub state: HandshakeState,
    /// When it was asked.
    pub asked: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// Which managers' invitations of a tenant are wanted (L-10).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ManagerInvitationFilter {
    /// Those that it sent; without it, those that it was sent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sent: bool,
    /// Only those that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<HandshakeState>,
}

/// A tenant's invitation to an MSP, as one of its two sides sees it (L-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ManagerInvitationRow {
    /// The invitation.
    pub invitation: ManagerInvitationId,
    /// The number of the other side.
    pub number: Number,
    /// The other side, while the invitation is pending, and for whom it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Organisation>,
    /// Where it stands.
    pub state: HandshakeState,
    /// When it was sent.
    pub asked: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// Which barred MSPs are wanted, and in which order (L-10).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BarredManagerFilter {
    /// Only those where each word of this begins a word of the number, whatever the case. At most
    /// 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The order.
    #[serde(default)]
    pub sort: BarredManagerSort,
}

/// The orders of barred MSPs (L-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum BarredManagerSort {
    /// By when they were barred.
    #[default]
    Since,
    /// By number.
    Number,
}

/// An MSP that a tenant keeps from asking to manage it (L-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BarredManagerRow {
    /// Its number, by which it was barred.
    pub number: Number,
    /// When it was barred.
    pub since: Timestamp,
}

/// Which roles are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleFilter {
    /// Only those where each word of this begins a word of the name, whatever the case and accents.
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only those that hold this permission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
}

/// A role that can be given at a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RoleRow {
    /// What it is given by.
    pub role: RoleRef,
    /// Its name among the tenant's own roles; one of the policy's is called by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RoleName>,
    /// What it holds.
    pub permissions: BTreeSet<Permission>,
}

/// Which assignments are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AssignmentFilter {
    /// Only those that give this role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleRef>,
    /// Only that of this user, where they are named to the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// Somebody's role on a tenant, as it decides now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AssignmentRow {
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
    /// When it ends by itself, and what lies below it counts again; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
}

/// Which invitations of a tenant are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InvitationFilter {
    /// Only those that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<HandshakeState>,
}

/// An invitation to a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InvitationRow {
    /// The invitation.
    pub invitation: InvitationId,
    /// Who is invited.
    pub user: UserId,
    /// Their name; none, if erased or never given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Their address; none, if erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The role they get.
    pub role: RoleRef,
    /// Whether it covers the tenants managed below, too.
    pub below: bool,
    /// Whether it is the sign-up of the tenant's first super admin (L-1).
    #[serde(default, skip_serializing_if = "is_false")]
    pub sign_up: bool,
    /// Where it stands.
    pub state: HandshakeState,
    /// When it was sent first.
    pub asked: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// Which devices are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeviceFilter {
    /// Only those whose id begins with this, as ids are written; of several ids, the first. At most
    /// 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only those that have a seat of this licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<LicenceId>,
    /// Only those that have a seat, or only those that have none (C-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seated: Option<bool>,
}

/// A device that a tenant holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DeviceRow {
    /// The device, by its id; of several, by the one that was typed first.
    pub device: DeviceId,
    /// Its other ids (V-2).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<DeviceId>,
    /// Who holds it.
    pub holder: TenantId,
    /// The licence whose seat it has (C-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<LicenceId>,
    /// The move that awaits the customer's approval (V-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving: Option<MoveId>,
}

/// Which licences are wanted, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LicenceFilter {
    /// Only those for this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Only those with a seat left, or only those without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<bool>,
    /// The order.
    #[serde(default)]
    pub sort: LicenceSort,
}

/// The orders of licences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum LicenceSort {
    /// By service.
    #[default]
    Service,
    /// By when they run out; those that never do come last.
    Expires,
}

/// A licence that serves a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LicenceRow {
    /// The licence.
    pub licence: LicenceId,
    /// The service.
    pub service: Service,
    /// How many seats it has.
    pub seats: u32,
    /// How many of them are assigned.
    pub used: u32,
    /// Who bought it, if that organisation is there for the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<TenantId>,
    /// When it runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What both sides of a link agreed to (P-13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TermsOfLink {
    /// The link.
    pub link: LinkId,
    /// The terms that it is under; nothing, where it has ended and its policy has no such type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Terms>,
    /// The terms that `propose_terms` would move it to, where they are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<Terms>,
    /// Whether those leave the manager more, so that they take the customer's word.
    #[serde(default, skip_serializing_if = "is_false")]
    pub widened: bool,
    /// The terms that await the customer's word, if any do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Terms>,
}

/// Which consoles of a tenant are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionFilter {
    /// Only those that have ended, or only those still open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<bool>,
    /// Only those of this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Only those that this user opened, where they are named to the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// A console of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SessionRow {
    /// The session.
    pub session: SessionId,
    /// Of which service.
    pub service: Service,
    /// When it was opened.
    pub opened: Timestamp,
    /// By whom: a person of the actor's own organisation, or another organisation.
    pub by: Subject,
    /// When it was closed, or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}

/// Something that awaits an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AwaitingRow {
    /// What it is.
    pub what: Awaited,
    /// The tenant for which it is answered.
    pub tenant: TenantId,
    /// Who asks.
    pub by: Organisation,
    /// When it lapses, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What awaits an answer, with what a yes means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Awaited {
    /// An organisation asks to manage the tenant (L-2).
    LinkRequest {
        /// The request.
        request: LinkRequestId,
        /// The management type asked for.
        management: ManagementType,
        /// The services asked for.
        services: BTreeSet<Service>,
        /// How long the link would last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term: Option<TermRequest>,
    },
    /// A tenant invites the MSP to ask to manage it: a yes is a link request, which says how
    /// (L-10).
    ManagerInvitation {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The other side of a link asks to end it (D).
    Delink {
        /// The link.
        link: LinkId,
        /// When it ends the link by itself, once its notice period is over (D-8).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends: Option<Timestamp>,
    },
    /// A manager proposes to change a link (L-6, L-9).
    Proposal {
        /// The proposal.
        proposal: ProposalId,
        /// Its link.
        link: LinkId,
        /// What would change.
        content: ProposalContent,
    },
    /// A manager asks to hand devices of its pool to the tenant (V-7).
    Move {
        /// The move.
        id: MoveId,
        /// The devices.
        devices: BTreeSet<DeviceId>,
    },
    /// The user themselves is asked to confirm another address (U-1).
    Address {
        /// The address.
        email: Email,
    },
}

/// Which links of a tenant are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkFilter {
    /// Those by which it manages others; without it, those by which it is managed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub manages: bool,
    /// Only those that have ended, or only those that have not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<bool>,
}

/// A link, as one of its two sides sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LinkRow {
    /// The link.
    pub link: LinkId,
    /// The number of the other side.
    pub number: Number,
    /// The other side, as long as it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Organisation>,
    /// How it is managed, or was at the end.
    pub management: ManagementType,
    /// Which services are managed, or were at the end.
    pub services: BTreeSet<Service>,
    /// How far the link has come.
    pub stage: Stage,
    /// The same in the words that people see (D-5).
    pub status: String,
    /// Since when it is or was in force.
    pub since: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When a pending delink request ends it, once its notice period is over (D-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_ends: Option<Timestamp>,
    /// When it ended: where its term or notice ran out then, recorded or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndCause>,
}

/// Which proposals of a tenant are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProposalFilter {
    /// Those that it made; without it, those that were made to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sent: bool,
    /// Only those that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<HandshakeState>,
}

/// A proposal to change a link, as one of its two sides sees it (L-6, L-9, P-13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProposalRow {
    /// The proposal.
    pub proposal: ProposalId,
    /// Its link.
    pub link: LinkId,
    /// The number of the other side.
    pub number: Number,
    /// The other side, while the proposal is pending, and for whom it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Organisation>,
    /// What would change.
    pub content: ProposalContent,
    /// Where it stands.
    pub state: HandshakeState,
    /// When it was asked.
    pub asked: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// Who gets a tenant's alerts about a category of issues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AlertRuleRow {
    /// The category.
    pub category: IssueCategory,
    /// Who gets them in the first place.
    pub audience: Audience,
    /// Who gets them besides, as far as the actor is told of people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional: Vec<NamedUser>,
    /// The organisations of others who get them besides, as far as these are there for the actor.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub organisations: BTreeSet<TenantId>,
}

/// A person, as far as the actor is told of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NamedUser {
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
}
