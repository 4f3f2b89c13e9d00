//! What an event means beyond what it changes: whose open console sessions may have lost their
//! right with it, and whether anybody may have to be told. Every event is named here, so that none
//! is forgotten.

use crate::base::ids::{LinkId, TenantId};
use crate::event::Event;

/// Whose rights may be fewer after an event, so that open console sessions have to be looked at
/// (S-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nobody's.
    None,
    /// Of the users and on the tenants that the event is about.
    About,
    /// The same, and on everything below the tenant that the link manages.
    Below(LinkId),
    /// The same, and of the people at home on the tenant.
    AtHome(TenantId),
    /// Anybody's.
    Anybody,
}

/// Whose rights may be fewer after an event.
pub(crate) const fn loss(event: &Event) -> Loss {
    match event {
        Event::PolicySet { .. } | Event::RoleEdited { .. } => Loss::Anybody,
        Event::TenantDisabled { tenant } | Event::LinkCreated { managed: tenant, .. } => {
            Loss::AtHome(*tenant)
        }
        Event::LinkConverted { link, .. }
        | Event::LinkEnded { link, .. }
        | Event::ServiceRemoved { link, .. }
        | Event::ManagerGrantsSet { link, .. } => Loss::Below(*link),
        Event::TenantDeleted { .. }
        | Event::UserBlocked { .. }
        | Event::UserUnblocked { .. }
        | Event::UserRemoved { .. }
        | Event::Assigned { .. }
        | Event::AssignmentEnded { .. }
        | Event::RoleDeleted { .. } => Loss::About,
        Event::TenantRegistered { .. }
        | Event::TenantEdited { .. }
        | Event::TenantKindChanged { .. }
        | Event::TenantHeld { .. }
        | Event::TenantReleased { .. }
        | Event::TenantEnabling { .. }
        | Event::TenantEnabled { .. }
        | Event::LinkRequested { .. }
        | Event::LinkRequestResent { .. }
        | Event::LinkRequestWithdrawn { .. }
        | Event::LinkRequestAccepted { .. }
        | Event::LinkRequestDeclined { .. }
        | Event::LinkRequestCanceled { .. }
        | Event::LinkRequestExpired { .. }
        | Event::ServicesAdded { .. }
        | Event::AutoExtendSet { .. }
        | Event::LinkExpiring { .. }
        | Event::LinkExtended { .. }
        | Event::DelinkRequested { .. }
        | Event::DelinkResent { .. }
        | Event::DelinkRejected { .. }
        | Event::DelinkCanceled { .. }
        | Event::DelinkExpired { .. }
        | Event::UserInvited { .. }
        | Event::InvitationResent { .. }
        | Event::InvitationWithdrawn { .. }
        | Event::InvitationAccepted { .. }
        | Event::InvitationDeclined { .. }
        | Event::InvitationRevoked { .. }
        | Event::InvitationExpired { .. }
        | Event::UserRegistered { .. }
        | Event::UserEdited { .. }
        | Event::RoleCreated { .. }
        | Event::ResellerCustomerAdded { .. }
        | Event::ResellerCustomerEdited { .. }
        | Event::ResellerDropped { .. }
        | Event::ResellerAdmitted { .. }
        | Event::DevicesUploaded { .. }
        | Event::DevicesMoved { .. }
        | Event::MoveRequested { .. }
        | Event::MoveResent { .. }
        | Event::MoveWithdrawn { .. }
        | Event::MoveApproved { .. }
        | Event::MoveDeclined { .. }
        | Event::MoveCanceled { .. }
        | Event::MoveExpired { .. }
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
        | Event::PersonalErased { .. }
        | Event::CommandRefused { .. } => Loss::None,
    }
}

/// Whether somebody may have to be told of an event; who that is and of what, [`crate::notice`]
/// says. Most events of a busy day need not be looked at twice.
pub(crate) const fn is_told(event: &Event) -> bool {
    match event {
        Event::TenantDisabled { .. }
        | Event::TenantEnabling { .. }
        | Event::LinkRequested { .. }
        | Event::LinkRequestResent { .. }
        | Event::LinkRequestWithdrawn { .. }
        | Event::LinkRequestAccepted { .. }
        | Event::LinkRequestDeclined { .. }
        | Event::LinkRequestCanceled { .. }
        | Event::LinkRequestExpired { .. }
        | Event::ManagerGrantsSet { .. }
        | Event::LinkExpiring { .. }
        | Event::LinkExtended { .. }
        | Event::LinkEnded { .. }
        | Event::DelinkRequested { .. }
        | Event::DelinkResent { .. }
        | Event::DelinkRejected { .. }
        | Event::DelinkCanceled { .. }
        | Event::DelinkExpired { .. }
        | Event::UserInvited { .. }
        | Event::InvitationResent { .. }
        | Event::InvitationAccepted { .. }
        | Event::InvitationDeclined { .. }
        | Event::InvitationExpired { .. }
        | Event::ResellerDropped { .. }
        | Event::MoveRequested { .. }
        | Event::MoveResent { .. }
        | Event::MoveApproved { .. }
        | Event::MoveDeclined { .. }
        | Event::MoveExpired { .. } => true,
        Event::PolicySet { .. }
        | Event::RoleEdited { .. }
        | Event::LinkConverted { .. }
        | Event::ServiceRemoved { .. }
        | Event::TenantDeleted { .. }
        | Event::LinkCreated { .. }
        | Event::UserBlocked { .. }
        | Event::UserRemoved { .. }
        | Event::Assigned { .. }
        | Event::AssignmentEnded { .. }
        | Event::RoleDeleted { .. }
        | Event::TenantRegistered { .. }
        | Event::TenantEdited { .. }
        | Event::TenantKindChanged { .. }
        | Event::TenantHeld { .. }
        | Event::TenantReleased { .. }
        | Event::TenantEnabled { .. }
        | Event::ServicesAdded { .. }
        | Event::AutoExtendSet { .. }
        | Event::InvitationWithdrawn { .. }
        | Event::InvitationRevoked { .. }
        | Event::UserRegistered { .. }
        | Event::UserEdited { .. }
        | Event::UserUnblocked { .. }
        | Event::RoleCreated { .. }
        | Event::ResellerCustomerAdded { .. }
        | Event::ResellerCustomerEdited { .. }
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
        | Event::PersonalErased { .. }
        | Event::CommandRefused { .. } => false,
    }
}
