//! Facts, in the past tense: what the journal holds and what `apply` turns into entities.
//!
//! Events name things by id and never hold personal data; where personal data changed they say
//! which field, not what.
//!
//! ```
//! use tenantry::command::{RegisterTenant, Request};
//! use tenantry::event::Event;
//! use tenantry::base::ids::RequestId;
//! use tenantry::{Actor, Engine, TenantKind};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::memory()?;
//! let register = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! engine.execute(Actor::OPERATOR, register)?;
//!
//! // Whoever feeds another system reads on from the record that it has come to.
//! for record in engine.records_after(0, 100)? {
//!     for event in &record.events {
//!         match event {
//!             Event::TenantRegistered { tenant, name, .. } => println!("{}: {tenant} is {name}", record.seq),
//!             _ => {} // There will be others.
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::ids::{
    IntegrationId, InvitationId, LicenceId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId,
    RoleId, SessionId, TenantId, UploadId, UserId,
};
use crate::base::text::{
    CompanyName, Country, DeviceId, ExternalId, IntegrationName, IntegrationType, IssueCategory,
    ManagementType, Number, Permission, Prefix, Reason, Reference, ReturnPlace, RoleName, Service, System,
    Ticket, Website,
};
use crate::base::time::Timestamp;
use crate::model::{
    Audience, Bearer, EndCause, Hold, Party, Patch, PersonalField, ProposalContent, RoleRef, Subject,
    TenantKind, Term, TermRequest, is_false, is_first,
};
use crate::policy::Policy;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A policy came into force (P-13).
    PolicySet {
        /// The whole policy.
        policy: Box<Policy>,
    },

    /// A tenant came to be (T-1).
    TenantRegistered {
        /// The tenant.
        tenant: TenantId,
        /// Its public number.
        number: Number,
        /// Its kind.
        kind: TenantKind,
        /// Its company name.
        name: CompanyName,
        /// Its country.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        country: Option<Country>,
        /// Its website.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        website: Option<Website>,
        /// Its domain prefix.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<Prefix>,
        /// Personal data recorded with it.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        personal: BTreeSet<PersonalField>,
    },
    /// A tenant's profile changed (T-2, T-3, T-4).
    TenantEdited {
        /// The tenant.
        tenant: TenantId,
        /// Its new name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<CompanyName>,
        /// Its country's change.
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        country: Patch<Country>,
        /// Its website's change.
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        website: Patch<Website>,
        /// Its prefix's change.
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        prefix: Patch<Prefix>,
        /// Personal data that changed.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        personal: BTreeSet<PersonalField>,
    },
    /// An operator corrected a tenant's kind (T-1).
    TenantKindChanged {
        /// The tenant.
        tenant: TenantId,
        /// Its kind from now on.
        kind: TenantKind,
        /// The ticket that asked for it.
        ticket: Ticket,
    },
    /// A side keeps a tenant disabled from now on (T-5).
    TenantHeld {
        /// The tenant.
        tenant: TenantId,
        /// Which side.
        hold: Hold,
        /// The link through which a manager's side does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<LinkId>,
    },
    /// A side keeps a tenant disabled no longer: it enabled it, or its link ended (T-5, D-6).
    TenantReleased {
        /// The tenant.
        tenant: TenantId,
        /// Which side.
        hold: Hold,
        /// The link through which a manager's side did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<LinkId>,
    },
    /// A tenant was disabled (T-5).
    TenantDisabled {
        /// The tenant.
        tenant: TenantId,
    },
    /// Nobody keeps a tenant disabled any longer; it is on its way up (T-5).
    TenantEnabling {
        /// The tenant.
        tenant: TenantId,
    },
    /// A tenant is up: the host reported it, or need not (T-5).
    TenantEnabled {
        /// The tenant.
        tenant: TenantId,
    },
    /// A tenant was deleted (T-7).
    TenantDeleted {
        /// The tenant.
        tenant: TenantId,
    },

    /// A tenant invited an MSP to ask to manage it (L-10).
    ManagerInvited {
        /// The invitation.
        invitation: ManagerInvitationId,
        /// Who invites.
        tenant: TenantId,
        /// The MSP that is invited.
        manager: TenantId,
        /// When the invitation lapses.
        expires: Timestamp,
        /// On whom it rests; on nobody, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// The MSP was reminded (L-10).
    ManagerInvitationResent {
        /// The invitation.
        invitation: ManagerInvitationId,
        /// On whom it rests from now on; as before, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// What an invitation to an MSP rested on is gone, or a link between the two has come into
    /// force (L-10).
    ManagerInvitationWithdrawn {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The MSP answered with a link request; a `link_requested` follows (L-10).
    ManagerInvitationAccepted {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The MSP said no (L-10).
    ManagerInvitationDeclined {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The tenant took it back, or barred the MSP (L-10).
    ManagerInvitationCanceled {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The MSP did not answer in time (L-10).
    ManagerInvitationExpired {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// A tenant keeps an MSP from asking to manage it; the MSP is not told (L-10).
    ManagerBarred {
        /// The tenant.
        tenant: TenantId,
        /// The MSP.
        manager: TenantId,
    },
    /// A tenant lets an MSP ask again that it barred; the MSP is not told (L-10).
    ManagerAdmitted {
        /// The tenant.
        tenant: TenantId,
        /// The MSP.
        manager: TenantId,
    },
    /// A manager asked to link an existing tenant (L-2).
    LinkRequested {
        /// The request.
        request: LinkRequestId,
        /// Who asks.
        manager: TenantId,
        /// Who is asked.
        managed: TenantId,
        /// How it would be managed.
        management: ManagementType,
        /// The number of the terms under which it would (P-13).
        #[serde(default, skip_serializing_if = "is_first")]
        terms: u32,
        /// What would be managed.
        services: BTreeSet<Service>,
        /// How long it would last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term: Option<TermRequest>,
        /// When the request lapses.
        expires: Timestamp,
        /// On whom it rests; on nobody, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
        /// Whether the tenant had invited it, so that it does not count as asking (L-10).
        #[serde(default, skip_serializing_if = "is_false")]
        invited: bool,
    },
    /// The asked side was reminded (L-3).
    LinkRequestResent {
        /// The request.
        request: LinkRequestId,
        /// On whom it rests from now on; as before, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// What a link request rested on is gone (L-3).
    LinkRequestWithdrawn {
        /// The request.
        request: LinkRequestId,
    },
    /// The asked side said yes; a `link_created` follows (L-3).
    LinkRequestAccepted {
        /// The request.
        request: LinkRequestId,
    },
    /// The asked side said no (L-3).
    LinkRequestDeclined {
        /// The request.
        request: LinkRequestId,
    },
    /// The requester took it back, or a tenant of it was deleted (L-3).
    LinkRequestCanceled {
        /// The request.
        request: LinkRequestId,
    },
    /// Nobody answered in time (L-3).
    LinkRequestExpired {
        /// The request.
        request: LinkRequestId,
    },
    /// A link came into force (L-1, L-4).
    LinkCreated {
        /// The link.
        link: LinkId,
        /// Who manages.
        manager: TenantId,
        /// Who is managed.
        managed: TenantId,
        /// How.
        management: ManagementType,
        /// The number of the terms that both sides agreed to (P-13).
        #[serde(default, skip_serializing_if = "is_first")]
        terms: u32,
        /// What.
        services: BTreeSet<Service>,
        /// When it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term: Option<Term>,
    },
    /// A link's management type changed (L-5).
    LinkConverted {
        /// The link.
        link: LinkId,
        /// The management type from now on.
        management: ManagementType,
    },
    /// A link is under other terms from now on (P-13).
    TermsChanged {
        /// The link.
        link: LinkId,
        /// The number of the terms.
        terms: u32,
    },
    /// Services were added to a link (L-6).
    ServicesAdded {
        /// The link.
        link: LinkId,
        /// The services that were not managed before.
        services: BTreeSet<Service>,
    },
    /// A manager proposed a change of a link, which the other side may accept (L-6, L-9).
    Proposed {
        /// The proposal.
        proposal: ProposalId,
        /// The link.
        link: LinkId,
        /// Who proposes.
        manager: TenantId,
        /// Who is asked.
        managed: TenantId,
        /// What would change.
        content: ProposalContent,
        /// When the proposal lapses.
        expires: Timestamp,
        /// On whom it rests; on nobody, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// The asked side was reminded of a proposal (L-3).
    ProposalResent {
        /// The proposal.
        proposal: ProposalId,
        /// On whom it rests from now on; as before, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// What a proposal rested on is gone, its link maybe (L-3).
    ProposalWithdrawn {
        /// The proposal.
        proposal: ProposalId,
    },
    /// The asked side said yes to a proposal; what it led to follows (L-3).
    ProposalAccepted {
        /// The proposal.
        proposal: ProposalId,
    },
    /// The asked side said no to a proposal (L-3).
    ProposalDeclined {
        /// The proposal.
        proposal: ProposalId,
    },
    /// The manager took a proposal back (L-3).
    ProposalCanceled {
        /// The proposal.
        proposal: ProposalId,
    },
    /// Nobody answered a proposal in time (L-3).
    ProposalExpired {
        /// The proposal.
        proposal: ProposalId,
    },
    /// An operator removed a service from a link (L-6).
    ServiceRemoved {
        /// The link.
        link: LinkId,
        /// The service.
        service: Service,
        /// The ticket that asked for it.
        ticket: Ticket,
    },
    /// The customer set what its manager may do beyond the default (P-7).
    ManagerGrantsSet {
        /// The link.
        link: LinkId,
        /// Everything granted from now on.
        grants: BTreeSet<Permission>,
    },
    /// A link with a term extends itself from now on, or no longer (L-9).
    AutoExtendSet {
        /// The link.
        link: LinkId,
        /// By how many days it extends itself; not at all, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
    },
    /// A link's end was announced (L-9).
    LinkExpiring {
        /// The link.
        link: LinkId,
        /// Days before the end.
        days: u32,
    },
    /// A link extended itself (L-9).
    LinkExtended {
        /// The link.
        link: LinkId,
        /// Its end from now on.
        expires: Timestamp,
    },
    /// A link was renewed (L-9).
    LinkRenewed {
        /// The link.
        link: LinkId,
        /// Its term from now on.
        term: Term,
    },

    /// A party asked to end a link (D).
    DelinkRequested {
        /// The link.
        link: LinkId,
        /// Who asked.
        by: Party,
        /// When the request lapses, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// When it completes by itself, whatever the other side does, if it does (D-8).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends: Option<Timestamp>,
    },
    /// The requester reminded the other side (D).
    DelinkResent {
        /// The link.
        link: LinkId,
        /// Who reminded.
        by: Party,
    },
    /// The other side said no (D).
    DelinkRejected {
        /// The link.
        link: LinkId,
        /// Who said no.
        by: Party,
    },
    /// The requester took the request back (D).
    DelinkCanceled {
        /// The link.
        link: LinkId,
        /// Who took it back.
        by: Party,
    },
    /// Nobody answered in time (D).
    DelinkExpired {
        /// The link.
        link: LinkId,
    },
    /// A link ended; grants end with it, and the assignments that end follow as events of their own
    /// (D-6).
    LinkEnded {
        /// The link.
        link: LinkId,
        /// Why.
        cause: EndCause,
        /// Who was kept off the managed tenant: its end tells them of nothing (T-9). Told to nobody
        /// but the operator.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        kept_off: BTreeSet<UserId>,
    },

    /// What an invitation rested on is gone (L-3).
    InvitationWithdrawn {
        /// The invitation.
        invitation: InvitationId,
    },
    /// A person was invited to a tenant (U-2, L-1).
    UserInvited {
        /// The invitation.
        invitation: InvitationId,
        /// The invited user.
        user: UserId,
        /// Their home, once they accept.
        tenant: TenantId,
        /// Their role there.
        role: RoleRef,
        /// Whether the role covers the tenants managed below.
        below: bool,
        /// Whether it leaves out what is reserved for the customer: its manager's side offers it
        /// (P-16).
        #[serde(default, skip_serializing_if = "is_false")]
        masked: bool,
        /// Whether this is a managed customer's sign-up.
        sign_up: bool,
        /// When it lapses.
        expires: Timestamp,
        /// On whom it rests; on nobody, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// The invited person was reminded (U-2).
    InvitationResent {
        /// The invitation.
        invitation: InvitationId,
        /// Whether the offer leaves out what is reserved for the customer from now on (P-16).
        #[serde(default, skip_serializing_if = "is_false")]
        masked: bool,
        /// On whom it rests from now on; as before, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// The invited person accepted (U-2).
    InvitationAccepted {
        /// The invitation.
        invitation: InvitationId,
    },
    /// The invited person declined (U-2).
    InvitationDeclined {
        /// The invitation.
        invitation: InvitationId,
    },
    /// The invitation was taken back (U-2).
    InvitationRevoked {
        /// The invitation.
        invitation: InvitationId,
    },
    /// Nobody answered the invitation in time (U-2).
    InvitationExpired {
        /// The invitation.
        invitation: InvitationId,
    },
    /// An operator brought in a user who was known elsewhere before (U-1).
    UserRegistered {
        /// The user.
        user: UserId,
        /// Their home.
        home: TenantId,
    },
    /// A user's name changed, or an operator gave them another address (U-1).
    UserEdited {
        /// The user.
        user: UserId,
        /// What changed.
        personal: BTreeSet<PersonalField>,
    },
    /// A user was asked to confirm another address, in place of any that they were asked for before
    /// (U-1).
    AddressRequested {
        /// The user.
        user: UserId,
        /// When it lapses.
        expires: Timestamp,
        /// On whom it rests (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// A user was reminded to confirm another address (U-1).
    AddressResent {
        /// The user.
        user: UserId,
        /// On whom it rests from now on (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// A user has another address: they confirmed it, or an operator did (U-1).
    AddressConfirmed {
        /// The user.
        user: UserId,
    },
    /// The change of a user's address was taken back, or an operator gave them one (U-1).
    AddressCanceled {
        /// The user.
        user: UserId,
    },
    /// Nobody confirmed the change of a user's address in time (U-1).
    AddressExpired {
        /// The user.
        user: UserId,
    },
    /// What the change of a user's address rested on is gone (L-3).
    AddressWithdrawn {
        /// The user.
        user: UserId,
    },
    /// A user was blocked (U-3).
    UserBlocked {
        /// The user.
        user: UserId,
    },
    /// A user was unblocked (U-3).
    UserUnblocked {
        /// The user.
        user: UserId,
    },
    /// A user was removed (U-3).
    UserRemoved {
        /// The user.
        user: UserId,
    },

    /// A user got a role on a tenant, in place of any they had there (P-11).
    Assigned {
        /// Who.
        user: UserId,
        /// Where.
        tenant: TenantId,
        /// With which role.
        role: RoleRef,
        /// Whether it covers the tenants managed below; where that was left out, whether whoever
        /// gave it could give so much.
        below: bool,
        /// Whether it leaves out what is reserved for the customer: the manager's side gave it
        /// (P-16).
        #[serde(default, skip_serializing_if = "is_false")]
        masked: bool,
    },
    /// A user's role on a tenant ended (P-11, D-6).
    AssignmentEnded {
        /// Who.
        user: UserId,
        /// Where.
        tenant: TenantId,
    },
    /// A user got a role on a tenant for a while, over whatever they have there, and in place of
    /// what would have ended at the same moment (X-4).
    TemporaryAssigned {
        /// Who.
        user: UserId,
        /// Where.
        tenant: TenantId,
        /// With which role.
        role: RoleRef,
        /// Whether it covers the tenants managed below; where that was left out, whether whoever
        /// gave it could give so much.
        below: bool,
        /// Whether it leaves out what is reserved for the customer: the manager's side gave it
        /// (P-16).
        #[serde(default, skip_serializing_if = "is_false")]
        masked: bool,
        /// From when on.
        starts: Timestamp,
        /// Up to when.
        ends: Timestamp,
        /// Whether they are eligible for it alone: it gives nothing until they activate it.
        #[serde(default, skip_serializing_if = "is_false")]
        eligible: bool,
    },
    /// A user activated a role that they are eligible for: they have it from now on and for a
    /// while, right over that (X-4).
    Activated {
        /// Who.
        user: UserId,
        /// Where.
        tenant: TenantId,
        /// Up to when they are eligible for it, by which it is told from others of theirs there.
        of: Timestamp,
        /// Up to when it is active.
        ends: Timestamp,
        /// What for, in their words.
        reason: Reason,
    },
    /// A role that a user was given for a while has begun to count (X-4).
    TemporaryBegun {
        /// Who.
        user: UserId,
        /// Where.
        tenant: TenantId,
        /// Up to when it counts, by which it is told from others of theirs there.
        ends: Timestamp,
    },
    /// A role that a user was given for a while has ended, or was taken away before (X-4).
    TemporaryEnded {
        /// Who.
        user: UserId,
        /// Where.
        tenant: TenantId,
        /// Up to when it counted, or would have.
        ends: Timestamp,
    },
    /// A tenant got a role of its own (P-9).
    RoleCreated {
        /// The role.
        role: RoleId,
        /// Whose it is.
        tenant: TenantId,
        /// What people call it.
        name: RoleName,
        /// What it holds.
        permissions: BTreeSet<Permission>,
        /// Whose people created it: the tenant's own, or its manager's on its behalf; the operator,
        /// if absent. Never a person, whom the other side is not to see (Q-2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<TenantId>,
    },
    /// A tenant's role changed (P-9).
    RoleEdited {
        /// The role.
        role: RoleId,
        /// Its name from now on.
        name: RoleName,
        /// What it holds from now on.
        permissions: BTreeSet<Permission>,
    },
    /// A tenant's role was deleted (P-9).
    RoleDeleted {
        /// The role.
        role: RoleId,
    },

    /// A reseller added a tenant (V-1).
    ResellerCustomerAdded {
        /// The reseller.
        reseller: TenantId,
        /// The tenant it added.
        tenant: TenantId,
        /// The reseller's own name for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
    },
    /// A reseller changed its own name for a tenant (V-1).
    ResellerCustomerEdited {
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
        /// The reseller's own name for it from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
    },
    /// A reseller took a tenant off its list again (V-1).
    ResellerCustomerRemoved {
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
    },
    /// A tenant dropped a reseller: no further uploads (V-1).
    ResellerDropped {
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
    },
    /// A tenant took a reseller back (V-1).
    ResellerAdmitted {
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
    },
    /// A reseller uploaded devices (V-2).
    DevicesUploaded {
        /// The upload.
        upload: UploadId,
        /// The reseller.
        reseller: TenantId,
        /// To whom.
        to: TenantId,
        /// The devices, by their ids; of several, by the one that was typed first, as in every
        /// event.
        devices: BTreeSet<DeviceId>,
        /// The other ids of those that have several.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        others: BTreeMap<DeviceId, BTreeSet<DeviceId>>,
    },
    /// A reseller withdrew an upload, or devices of it (V-10).
    UploadWithdrawn {
        /// The upload.
        upload: UploadId,
        /// The reseller.
        reseller: TenantId,
        /// From whom.
        from: TenantId,
        /// The devices.
        devices: BTreeSet<DeviceId>,
    },
    /// Devices went from an MSP's pool to a customer (V-7).
    DevicesMoved {
        /// The link under which they were moved.
        link: LinkId,
        /// From whose pool.
        manager: TenantId,
        /// To whom.
        customer: TenantId,
        /// The devices.
        devices: BTreeSet<DeviceId>,
    },
    /// An MSP asked a customer to approve a move (V-7).
    MoveRequested {
        /// The move.
        id: MoveId,
        /// The link under which they would be moved.
        link: LinkId,
        /// From whose pool.
        manager: TenantId,
        /// To whom.
        customer: TenantId,
        /// The devices.
        devices: BTreeSet<DeviceId>,
        /// When the request lapses.
        expires: Timestamp,
        /// On whom it rests; on nobody, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// The customer was reminded of a move (L-3).
    MoveResent {
        /// The move.
        id: MoveId,
        /// On whom it rests from now on; as before, if the operator sent it (L-3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<Subject>,
    },
    /// What a move rested on is gone (L-3).
    MoveWithdrawn {
        /// The move.
        id: MoveId,
    },
    /// The customer approved a move; a `devices_moved` follows (V-7).
    MoveApproved {
        /// The move.
        id: MoveId,
    },
    /// The customer declined a move (V-7).
    MoveDeclined {
        /// The move.
        id: MoveId,
    },
    /// The MSP took a move back, or its link ended (V-7, D-6).
    MoveCanceled {
        /// The move.
        id: MoveId,
    },
    /// Nobody answered a move in time (V-7).
    MoveExpired {
        /// The move.
        id: MoveId,
    },
    /// Devices were deleted (V-9).
    DevicesDeleted {
        /// Who held them.
        tenant: TenantId,
        /// The devices.
        devices: BTreeSet<DeviceId>,
    },

    /// A tenant got an integration of its own (I-1).
    IntegrationCreated {
        /// The integration.
        integration: IntegrationId,
        /// Whose it is.
        owner: TenantId,
        /// Its type.
        kind: IntegrationType,
        /// What people call it.
        name: IntegrationName,
    },
    /// An integration was shared with a managed tenant (I-1).
    IntegrationShared {
        /// The integration.
        integration: IntegrationId,
        /// Where it is attached now.
        tenant: TenantId,
    },
    /// An integration was detached from a tenant (I-1, D-6).
    IntegrationDetached {
        /// The integration.
        integration: IntegrationId,
        /// Where it is attached no longer.
        tenant: TenantId,
    },
    /// An integration was deleted (I-1).
    IntegrationDeleted {
        /// The integration.
        integration: IntegrationId,
    },

    /// A licence was bought (C-1).
    LicenceBought {
        /// The licence.
        licence: LicenceId,
        /// Who bought it.
        buyer: TenantId,
        /// Whom it serves.
        tenant: TenantId,
        /// For which service.
        service: Service,
        /// How many seats it has.
        seats: u32,
        /// When it runs out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// Devices got seats of a licence (C-1).
    SeatsAssigned {
        /// The licence.
        licence: LicenceId,
        /// The devices.
        devices: BTreeSet<DeviceId>,
    },
    /// Devices gave seats of a licence back (C-1).
    SeatsReleased {
        /// The licence.
        licence: LicenceId,
        /// The devices.
        devices: BTreeSet<DeviceId>,
    },

    /// Who gets a tenant's alerts about a category was set (A-2).
    AlertRuleSet {
        /// The tenant.
        tenant: TenantId,
        /// The category.
        category: IssueCategory,
        /// Who gets them in the first place.
        audience: Audience,
        /// Who gets them besides.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        additional: BTreeSet<UserId>,
    },

    /// Somebody opened a console (S-1).
    SessionOpened {
        /// The session.
        session: SessionId,
        /// Who.
        user: UserId,
        /// Whose console.
        tenant: TenantId,
        /// Of which service.
        service: Service,
        /// Where the console is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        /// Where to return to.
        return_to: ReturnPlace,
    },
    /// Somebody closed their console (S-1).
    SessionClosed {
        /// The session.
        session: SessionId,
        /// Where to return to.
        return_to: ReturnPlace,
    },
    /// A session ended with the right to it (S-2).
    SessionEnded {
        /// The session.
        session: SessionId,
    },

    /// An organisation keeps an id of another system from now on (X-11).
    ExternalIdSet {
        /// Who keeps it.
        keeper: TenantId,
        /// The system.
        system: System,
        /// What it leads to.
        of: Bearer,
        /// Whose that is: the organisation itself, a person's home, who holds a device.
        tenant: TenantId,
        /// The id; none of a person, whose id is personal data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<ExternalId>,
        /// Of a person, which of their ids it is: the number of this record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<u64>,
    },
    /// An organisation keeps an id of another system no longer: it was removed, or went with what
    /// it led to, or with the link (X-11).
    ExternalIdRemoved {
        /// Who kept it.
        keeper: TenantId,
        /// The system.
        system: System,
        /// What it led to.
        of: Bearer,
        /// Whose that was.
        tenant: TenantId,
        /// The id; none of a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<ExternalId>,
        /// Of a person, which of their ids it was: the number of the record that set it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<u64>,
    },

    /// The personal data of a subject was erased (U-5).
    PersonalErased {
        /// Whose.
        subject: Subject,
    },
    /// A command was refused for lack of rights (Q-2).
    CommandRefused {
        /// The command's name.
        command: String,
        /// The refusal's name.
        refusal: String,
        /// Whose command it was.
        by: UserId,
        /// What it named: of each thing, the organisations that it concerns.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        named: BTreeSet<BTreeSet<TenantId>>,
        /// Whose it is that an id of another system leads to, or was to lead to, where whoever was
        /// refused is told of that; told to operators alone. The record stands under whoever keeps
        /// the id, and is told to those who are told of both (X-11).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whose: Option<TenantId>,
        /// How many refused commands of theirs were not recorded since the one before, beyond what
        /// an hour has room for.
        #[serde(default, skip_serializing_if = "is_zero")]
        left_out: u64,
    },
}

const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Event {
    /// The stable name, the same in every language.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}
