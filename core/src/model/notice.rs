//! What notices say; `notice` says of which record, and to whom.

use serde::{Deserialize, Serialize};

use crate::base::ids::{
    IntegrationId, InvitationId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId, TenantId,
    UploadId, UserId,
};

/// What a notice says, with what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum NoticeKind {
    /// A tenant invites the MSP to ask to manage it (L-10).
    ManagerInvited {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// A reminder of that (L-10).
    ManagerInvitationReminder {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The MSP said no; what comes of a yes is a link request (L-10).
    ManagerInvitationDeclined {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The tenant took its invitation back, or it has ended with what it rested on (L-10).
    ManagerInvitationCanceled {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// The invitation has expired (L-10).
    ManagerInvitationExpired {
        /// The invitation.
        invitation: ManagerInvitationId,
    },
    /// A manager asks to manage the tenant (L-2).
    LinkRequested {
        /// The request.
        request: LinkRequestId,
    },
    /// A reminder of that (L-3).
    LinkRequestReminder {
        /// The request.
        request: LinkRequestId,
    },
    /// The asked tenant said yes (L-3).
    LinkRequestAccepted {
        /// The request.
        request: LinkRequestId,
    },
    /// The asked tenant said no (L-3).
    LinkRequestDeclined {
        /// The request.
        request: LinkRequestId,
    },
    /// The manager took the request back (L-3).
    LinkRequestCanceled {
        /// The request.
        request: LinkRequestId,
    },
    /// The request has expired (L-3).
    LinkRequestExpired {
        /// The request.
        request: LinkRequestId,
    },
    /// Somebody who manages the tenant proposes a change of their link (L-6, L-9, P-13).
    Proposed {
        /// The proposal.
        proposal: ProposalId,
    },
    /// A reminder of that (L-3).
    ProposalReminder {
        /// The proposal.
        proposal: ProposalId,
    },
    /// The asked tenant said no to a proposal; what comes of a yes is told to both sides (L-3).
    ProposalDeclined {
        /// The proposal.
        proposal: ProposalId,
    },
    /// The manager took a proposal back, or it has ended with what it rested on (L-3).
    ProposalCanceled {
        /// The proposal.
        proposal: ProposalId,
    },
    /// A proposal has expired (L-3).
    ProposalExpired {
        /// The proposal.
        proposal: ProposalId,
    },
    /// The customer set what its manager may do (P-7).
    GrantsChanged {
        /// The link.
        link: LinkId,
    },
    /// The link has another management type (L-5).
    LinkConverted {
        /// The link.
        link: LinkId,
    },
    /// The link is under other terms (P-13).
    TermsChanged {
        /// The link.
        link: LinkId,
    },
    /// More services are managed by the link (L-6).
    ServicesAdded {
        /// The link.
        link: LinkId,
    },
    /// A service is no longer managed by the link (L-6).
    ServiceRemoved {
        /// The link.
        link: LinkId,
    },
    /// The link extends itself from now on, or no longer does (L-9).
    AutoExtendSet {
        /// The link.
        link: LinkId,
        /// By how many days, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
    },
    /// The link will end in so many days (L-9).
    LinkExpiring {
        /// The link.
        link: LinkId,
        /// The days.
        days: u32,
    },
    /// The link was prolonged (L-9).
    LinkExtended {
        /// The link.
        link: LinkId,
    },
    /// The link was renewed (L-9).
    LinkRenewed {
        /// The link.
        link: LinkId,
    },
    /// The other side asks to end the link (D).
    DelinkRequested {
        /// The link.
        link: LinkId,
    },
    /// A reminder of that (D).
    DelinkReminder {
        /// The link.
        link: LinkId,
    },
    /// The other side rejected the request (D).
    DelinkRejected {
        /// The link.
        link: LinkId,
    },
    /// The other side took its request back (D).
    DelinkCanceled {
        /// The link.
        link: LinkId,
    },
    /// The delink request has expired (D).
    DelinkExpired {
        /// The link.
        link: LinkId,
    },
    /// The link has ended (D, L-9, T-7).
    LinkEnded {
        /// The link.
        link: LinkId,
    },
    /// A collector had better be powered down: its tenant was disabled (I-2).
    CollectorPowerDown {
        /// The collector.
        integration: IntegrationId,
        /// The tenant.
        tenant: TenantId,
    },
    /// A collector is needed again: its tenant was enabled (I-2).
    CollectorPowerUp {
        /// The collector.
        integration: IntegrationId,
        /// The tenant.
        tenant: TenantId,
    },
    /// A tenant dropped the reseller (V-1).
    ResellerDropped {
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
    },
    /// A reseller withdrew an upload to the tenant, or devices of it (V-10).
    UploadWithdrawn {
        /// The upload.
        upload: UploadId,
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
    },
    /// An MSP asks to move devices to the tenant (V-7).
    MoveRequested {
        /// The move.
        id: MoveId,
    },
    /// A reminder of a move (V-7).
    MoveReminder {
        /// The move.
        id: MoveId,
    },
    /// The customer approved a move (V-7).
    MoveApproved {
        /// The move.
        id: MoveId,
    },
    /// The customer declined a move (V-7).
    MoveDeclined {
        /// The move.
        id: MoveId,
    },
    /// A move has expired (V-7).
    MoveExpired {
        /// The move.
        id: MoveId,
    },
    /// An invitation to a tenant (U-2).
    Invitation {
        /// The invitation.
        invitation: InvitationId,
    },
    /// An invitation to sign up as a managed customer's super admin (L-1, L-5).
    SignUp {
        /// The invitation.
        invitation: InvitationId,
    },
    /// A reminder of an invitation or sign-up (U-2).
    InvitationReminder {
        /// The invitation.
        invitation: InvitationId,
    },
    /// An invitation was accepted (U-2).
    InvitationAccepted {
        /// The invitation.
        invitation: InvitationId,
    },
    /// An invitation was declined (U-2).
    InvitationDeclined {
        /// The invitation.
        invitation: InvitationId,
    },
    /// An invitation has expired (U-2).
    InvitationExpired {
        /// The invitation.
        invitation: InvitationId,
    },
    /// The user is asked to confirm another address (U-1). It goes to that one, the notice's
    /// `address`, and to no other: once it is settled, to none.
    AddressChange {
        /// The user.
        user: UserId,
    },
    /// A reminder of that (L-3), which goes to the same address.
    AddressChangeReminder {
        /// The user.
        user: UserId,
    },
    /// Another address was asked for (U-1): a warning to the one that the user had then, the
    /// notice's `address`.
    AddressChangeWarning {
        /// The user.
        user: UserId,
    },
    /// The user has another address (U-1), and is told so at that one; the one before was warned.
    AddressChanged {
        /// The user.
        user: UserId,
    },
}

impl NoticeKind {
    /// The stable name, the same in every language.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}
