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
        Event::PolicySet { .. } | Event::RoleEdited { .. } => Effect { loss: Loss::Anybody, told: false },
        Event::TenantDisabled { tenant } => Effect { loss: Loss::AtHome(*tenant), told: true },
        Event::LinkCreated { managed, .. } => Effect { loss: Loss::AtHome(*managed), told: false },
        Event::LinkEnded { link, .. }
        | Event::LinkConverted { link, .. }
        | Event::ServiceRemoved { link, .. }
        | Event::ManagerGrantsSet { link, .. } => Effect { loss: Loss::Below(*link), told: true },
        Event::TenantDeleted { .. }
        | Event::UserBlocked { .. }
        | Event::UserUnblocked { .. }
        | Event::UserRemoved { .. }
        | Event::Assigned { .. }
        | Event::AssignmentEnded { .. }
        | Event::RoleDeleted { .. } => Effect { loss: Loss::About, told: false },
        Event::TenantEnabling { .. }
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
        | Event::InvitationAccepted { .. }
        | Event::InvitationDeclined { .. }
        | Event::InvitationExpired { .. }
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
        | Event::InvitationWithdrawn { .. }
        | Event::InvitationRevoked { .. }
        | Event::UserRegistered { .. }
        | Event::UserEdited { .. }
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
        | Event::CommandRefused { .. } => Effect { loss: Loss::None, told: false },
    }
}
