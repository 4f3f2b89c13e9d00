//! What an event means beyond what it changes: whose open console sessions may have lost their
//! right with it, whether anybody may have to be told, and whose doing it is. Every event is named
//! here, so that none is forgotten.

use crate::base::ids::{LinkId, RoleId, TenantId, UserId};
use crate::event::Event;

/// Whose rights may be fewer after an event, so that open console sessions have to be looked at
/// (S-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nobody's.
    None,
    /// This user's.
    Of(UserId),
    /// Of those who have this role.
    OfRole(RoleId),
    /// Anybody's, on this tenant.
    On(TenantId),
    /// The same, and of the people at home there wherever they are.
    AtHome(TenantId),
    /// Of the people of the manager's side of this link, on the tenants that it leads to.
    Through(LinkId),
    /// Anybody's, on the tenants that this link leads to.
    Below(LinkId),
    /// Anybody's.
    Anybody,
}

/// What an event means to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Whose rights may be fewer after it.
    pub loss: Loss,
    /// Whether somebody may have to be told of it; who that is and of what, [`crate::notice`] says.
    /// Most events of a busy day need not be looked at twice.
    pub told: bool,
}

/// What an event means to others.
pub(crate) const fn of(event: &Event) -> Effect {
    match event {
        Event::PolicySet { .. } => Effect { loss: Loss::Anybody, told: false },
        // Other terms may lock the customer out as well as take something from the manager.
        Event::TermsChanged { link, .. } => Effect { loss: Loss::Below(*link), told: true },
        Event::TenantDisabled { tenant } => Effect { loss: Loss::AtHome(*tenant), told: true },
        Event::LinkCreated { managed, .. } => Effect { loss: Loss::AtHome(*managed), told: false },
        Event::LinkEnded { link, .. }
        | Event::LinkConverted { link, .. }
        | Event::ServiceRemoved { link, .. }
        | Event::ManagerGrantsSet { link, .. } => Effect { loss: Loss::Through(*link), told: true },
        Event::TenantDeleted { tenant } => Effect { loss: Loss::On(*tenant), told: false },
        Event::RoleEdited { role, .. } | Event::RoleDeleted { role } => {
            Effect { loss: Loss::OfRole(*role), told: false }
        }
        Event::UserBlocked { user }
        | Event::UserUnblocked { user }
        | Event::UserRemoved { user }
        | Event::Assigned { user, .. }
        | Event::AssignmentEnded { user, .. }
        | Event::TemporaryAssigned { user, .. }
        | Event::Activated { user, .. }
        | Event::TemporaryBegun { user, .. }
        | Event::TemporaryEnded { user, .. } => Effect { loss: Loss::Of(*user), told: false },
        Event::TenantEnabling { .. }
        | Event::ManagerInvited { .. }
        | Event::ManagerInvitationResent { .. }
        | Event::ManagerInvitationWithdrawn { .. }
        | Event::ManagerInvitationDeclined { .. }
        | Event::ManagerInvitationCanceled { .. }
        | Event::ManagerInvitationExpired { .. }
        | Event::LinkRequested { .. }
        | Event::LinkRequestResent { .. }
        | Event::LinkRequestWithdrawn { .. }
        | Event::LinkRequestAccepted { .. }
        | Event::LinkRequestDeclined { .. }
        | Event::LinkRequestCanceled { .. }
        | Event::LinkRequestExpired { .. }
        | Event::ServicesAdded { .. }
        | Event::Proposed { .. }
        | Event::ProposalResent { .. }
        | Event::ProposalWithdrawn { .. }
        | Event::ProposalDeclined { .. }
        | Event::ProposalCanceled { .. }
        | Event::ProposalExpired { .. }
        | Event::AutoExtendSet { .. }
        | Event::LinkExpiring { .. }
        | Event::LinkExtended { .. }
        | Event::LinkRenewed { .. }
        | Event::DelinkRequested { .. }
        | Event::DelinkResent { .. }
        | Event::DelinkRejected { .. }
        | Event::DelinkCanceled { .. }
        | Event::DelinkExpired { .. }
        | Event::UploadWithdrawn { .. }
        | Event::UserInvited { .. }
        | Event::InvitationResent { .. }
        | Event::InvitationAccepted { .. }
        | Event::InvitationDeclined { .. }
        | Event::InvitationExpired { .. }
        | Event::AddressRequested { .. }
        | Event::AddressResent { .. }
        | Event::AddressConfirmed { .. }
        | Event::ResellerDropped { .. }
        | Event::MoveRequested { .. }
        | Event::MoveResent { .. }
        | Event::MoveApproved { .. }
        | Event::MoveDeclined { .. }
        | Event::MoveExpired { .. } => Effect { loss: Loss::None, told: true },
        Event::TenantRegistered { .. }
        | Event::TenantEdited { .. }
        | Event::TenantKindChanged { .. }
        | Event::TenantHeld { .. }
        | Event::TenantReleased { .. }
        | Event::TenantEnabled { .. }
        // What they lead to is told.
        | Event::ProposalAccepted { .. }
        | Event::ManagerInvitationAccepted { .. }
        | Event::ManagerBarred { .. }
        | Event::ManagerAdmitted { .. }
        | Event::InvitationWithdrawn { .. }
        | Event::InvitationRevoked { .. }
        | Event::UserRegistered { .. }
        | Event::UserEdited { .. }
        | Event::AddressCanceled { .. }
        | Event::AddressExpired { .. }
        | Event::AddressWithdrawn { .. }
        | Event::RoleCreated { .. }
        | Event::ResellerCustomerAdded { .. }
        | Event::ResellerCustomerEdited { .. }
        | Event::ResellerCustomerRemoved { .. }
        | Event::ResellerAdmitted { .. }
        | Event::DevicesUploaded { .. }
        | Event::DevicesMoved { .. }
        | Event::MoveCanceled { .. }
        | Event::MoveWithdrawn { .. }
        | Event::DevicesDeleted { .. }
        | Event::IntegrationCreated { .. }
        | Event::IntegrationShared { .. }
        | Event::IntegrationDetached { .. }
        | Event::IntegrationDeleted { .. }
        | Event::LicenceBought { .. }
        | Event::SeatsAssigned { .. }
        | Event::SeatsReleased { .. }
        | Event::AlertRuleSet { .. }
        | Event::SessionOpened { .. }
        | Event::SessionClosed { .. }
        | Event::SessionEnded { .. }
        | Event::ExternalIdSet { .. }
        | Event::ExternalIdRemoved { .. }
        | Event::PersonalErased { .. }
        | Event::CommandRefused { .. } => Effect { loss: Loss::None, told: false },
    }
}

/// Whether an event is what such a command is there for; else it only follows from it. What time
/// brings about is all its own doing.
pub(crate) fn is_deed(event: &Event, command: &str) -> bool {
    matches!(event, Event::CommandRefused { .. }) || commands(event).contains(&command)
}

/// Whether an event is the own affair of the tenant that it is about, told to its own people alone:
/// whom it bars from asking (L-10), and which ids of other systems it keeps.
pub(crate) const fn is_own_affair(event: &Event) -> bool {
    matches!(
        event,
        Event::ManagerBarred { .. }
            | Event::ManagerAdmitted { .. }
            | Event::ExternalIdSet { .. }
            | Event::ExternalIdRemoved { .. }
    )
}

/// The commands that an event is what they are there for.
pub(crate) const fn commands(event: &Event) -> &'static [&'static str] {
    match event {
        Event::PolicySet { .. } => &["set_policy"],
        Event::TenantRegistered { .. } => &["register_tenant", "add_customer"],
        Event::TenantEdited { .. } => &["edit_tenant"],
        Event::TenantKindChanged { .. } => &["change_tenant_kind"],
        // That a tenant is disabled by it shows what became of the tenant, not whose hold it was.
        Event::TenantHeld { .. } => &["disable_tenants"],
        Event::TenantDisabled { .. } => &[],
        Event::TenantReleased { .. } => &["enable_tenants"],
        Event::TenantEnabling { .. } | Event::TenantEnabled { .. } => &["enable_tenants", "report_ready"],
        Event::TenantDeleted { .. } => &["delete_tenants"],
        Event::ManagerInvited { .. } => &["invite_manager"],
        Event::ManagerInvitationResent { .. } => &["resend_manager_invitation"],
        Event::ManagerInvitationAccepted { .. } => &["request_link"],
        Event::ManagerInvitationDeclined { .. } => &["decline_manager_invitation"],
        Event::ManagerInvitationCanceled { .. } => &["cancel_manager_invitation"],
        Event::ManagerBarred { .. } | Event::ManagerAdmitted { .. } => &["bar_manager"],
        Event::LinkRequested { .. } => &["request_link"],
        Event::LinkRequestResent { .. } => &["resend_link_request"],
        Event::LinkRequestAccepted { .. } => &["accept_link"],
        Event::LinkRequestDeclined { .. } => &["decline_link"],
        Event::LinkRequestCanceled { .. } => &["cancel_link_request"],
        Event::LinkCreated { .. } => &["add_customer", "accept_link"],
        Event::LinkConverted { .. } => &["convert_link"],
        Event::TermsChanged { .. } => &["propose_terms", "accept_proposal"],
        Event::Proposed { .. } => &["add_services", "renew_link", "propose_terms"],
        Event::ProposalResent { .. } => &["resend_proposal"],
        Event::ProposalAccepted { .. } => &["accept_proposal"],
        Event::ProposalDeclined { .. } => &["decline_proposal"],
        Event::ProposalCanceled { .. } => &["cancel_proposal"],
        Event::ServicesAdded { .. } => &["add_services", "accept_proposal"],
        Event::LinkRenewed { .. } => &["renew_link", "accept_proposal"],
        Event::ServiceRemoved { .. } => &["remove_service"],
        Event::ManagerGrantsSet { .. } => &["set_manager_grants"],
        Event::AutoExtendSet { .. } => &["set_auto_extend"],
        Event::DelinkRequested { .. } => &["request_delink"],
        Event::DelinkResent { .. } => &["resend_delink"],
        Event::DelinkRejected { .. } => &["reject_delink"],
        Event::DelinkCanceled { .. } => &["cancel_delink"],
        Event::LinkEnded { .. } => &["request_delink", "accept_delink", "delete_tenants"],
        Event::UserInvited { .. } => &["invite_user", "invite_owner"],
        Event::InvitationResent { .. } => &["resend_invitation"],
        Event::InvitationAccepted { .. } => &["accept_invitation"],
        Event::InvitationDeclined { .. } => &["decline_invitation"],
        Event::InvitationRevoked { .. } => &["revoke_invitation"],
        Event::UserRegistered { .. } => &["register_user"],
        Event::UserEdited { .. } | Event::AddressRequested { .. } | Event::AddressResent { .. } => {
            &["edit_user"]
        }
        Event::AddressConfirmed { .. } => &["confirm_address"],
        Event::AddressCanceled { .. } => &["cancel_address"],
        Event::UserBlocked { .. } => &["block_user"],
        Event::UserUnblocked { .. } => &["unblock_user"],
        Event::UserRemoved { .. } => &["remove_user"],
        Event::Assigned { .. } | Event::TemporaryAssigned { .. } => &["assign"],
        Event::Activated { .. } => &["activate"],
        Event::AssignmentEnded { .. } => &["unassign"],
        Event::TemporaryEnded { .. } => &["unassign", "deactivate"],
        Event::RoleCreated { .. } => &["create_role"],
        Event::RoleEdited { .. } => &["edit_role"],
        Event::RoleDeleted { .. } => &["delete_role"],
        Event::ResellerCustomerAdded { .. } => &["add_reseller_customer"],
        Event::ResellerCustomerEdited { .. } => &["edit_reseller_customer"],
        Event::ResellerCustomerRemoved { .. } => &["remove_reseller_customer"],
        Event::ResellerDropped { .. } => &["drop_reseller"],
        Event::ResellerAdmitted { .. } => &["admit_reseller"],
        Event::DevicesUploaded { .. } => &["upload_devices"],
        Event::UploadWithdrawn { .. } => &["withdraw_upload"],
        Event::DevicesMoved { .. } => &["move_devices", "approve_move"],
        Event::MoveRequested { .. } => &["move_devices"],
        Event::MoveResent { .. } => &["resend_move"],
        Event::MoveApproved { .. } => &["approve_move"],
        Event::MoveDeclined { .. } => &["decline_move"],
        Event::MoveCanceled { .. } => &["cancel_move"],
        Event::DevicesDeleted { .. } => &["delete_devices"],
        Event::IntegrationCreated { .. } => &["create_integration"],
        Event::IntegrationShared { .. } => &["share_integration"],
        Event::IntegrationDetached { .. } => &["detach_integration", "delete_integration"],
        Event::IntegrationDeleted { .. } => &["delete_integration"],
        Event::LicenceBought { .. } => &["buy_licence"],
        Event::SeatsAssigned { .. } => &["assign_seats"],
        Event::SeatsReleased { .. } => &["release_seats"],
        Event::AlertRuleSet { .. } => &["set_alert_rule"],
        Event::SessionOpened { .. } => &["open_console"],
        Event::SessionClosed { .. } => &["close_console"],
        Event::ExternalIdSet { .. } => &["set_external_id"],
        Event::ExternalIdRemoved { .. } => &["remove_external_id"],
        Event::PersonalErased { .. } => &["erase_personal"],
        Event::CommandRefused { .. }
        | Event::LinkRequestWithdrawn { .. }
        | Event::LinkRequestExpired { .. }
        | Event::ManagerInvitationWithdrawn { .. }
        | Event::ManagerInvitationExpired { .. }
        | Event::ProposalWithdrawn { .. }
        | Event::ProposalExpired { .. }
        | Event::LinkExpiring { .. }
        | Event::LinkExtended { .. }
        | Event::DelinkExpired { .. }
        | Event::InvitationWithdrawn { .. }
        | Event::InvitationExpired { .. }
        | Event::AddressExpired { .. }
        | Event::AddressWithdrawn { .. }
        | Event::MoveWithdrawn { .. }
        | Event::MoveExpired { .. }
        | Event::TemporaryBegun { .. }
        | Event::SessionEnded { .. } => &[],
    }
}
