//! What an event is about: the tenants, users and other things under which its record can be found.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::base::ids::{IntegrationId, InvitationId, LinkId, LinkRequestId, RoleId, UserId};
use crate::event::Event;
use crate::model::{
    Actor, Integration, Invitation, Licence, Link, LinkRequest, Move, Role, Session, Subject, User,
};
use crate::view::{View, ViewError};

/// The ids of everything an actor's events are about, in a world in which the events have happened: what they name, and the
/// tenants behind it. An event that removes its own subject is looked up before it happens.
///
/// # Errors
/// When the view cannot be read.
pub fn about(view: &dyn View, event: &Event, found: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    match event {
        Event::PolicySet { .. } => {}
        Event::TenantRegistered { tenant, .. }
        | Event::TenantEdited { tenant, .. }
        | Event::TenantKindChanged { tenant, .. }
        | Event::TenantDisabled { tenant }
        | Event::TenantEnabling { tenant }
        | Event::TenantEnabled { tenant }
        | Event::TenantDeleted { tenant } => {
            found.insert(tenant.uuid());
        }
        Event::LinkRequested { request, manager, managed, .. } => {
            found.extend([request.uuid(), manager.uuid(), managed.uuid()]);
        }
        Event::LinkRequestResent { request }
        | Event::LinkRequestAccepted { request }
        | Event::LinkRequestDeclined { request }
        | Event::LinkRequestCanceled { request }
        | Event::LinkRequestExpired { request } => of_request(view, *request, found)?,
        Event::LinkCreated { link, manager, managed, .. } => {
            found.extend([link.uuid(), manager.uuid(), managed.uuid()]);
        }
        Event::LinkConverted { link, .. }
        | Event::ServicesAdded { link, .. }
        | Event::ServiceRemoved { link, .. }
        | Event::ManagerGrantsSet { link, .. }
        | Event::AutoExtendSet { link, .. }
        | Event::LinkExpiring { link, .. }
        | Event::LinkExtended { link, .. }
        | Event::DelinkRequested { link, .. }
        | Event::DelinkResent { link, .. }
        | Event::DelinkRejected { link, .. }
        | Event::DelinkCanceled { link, .. }
        | Event::DelinkExpired { link }
        | Event::LinkEnded { link, .. } => of_link(view, *link, found)?,
        Event::UserInvited { invitation, user, tenant, .. } => {
            found.extend([invitation.uuid(), user.uuid(), tenant.uuid()]);
        }
        Event::InvitationResent { invitation }
        | Event::InvitationAccepted { invitation }
        | Event::InvitationDeclined { invitation }
        | Event::InvitationRevoked { invitation }
        | Event::InvitationExpired { invitation } => of_invitation(view, *invitation, found)?,
        Event::UserRegistered { user, home } => found.extend([user.uuid(), home.uuid()]),
        Event::UserEdited { user, .. }
        | Event::UserBlocked { user }
        | Event::UserUnblocked { user }
        | Event::UserRemoved { user } => of_user(view, *user, found)?,
        Event::Assigned { user, tenant, .. } | Event::AssignmentEnded { user, tenant } => {
            found.extend([user.uuid(), tenant.uuid()]);
        }
        Event::RoleCreated { role, tenant, .. } => found.extend([role.uuid(), tenant.uuid()]),
        Event::RoleEdited { role, .. } | Event::RoleDeleted { role } => of_role(view, *role, found)?,
        Event::ResellerCustomerAdded { reseller, tenant, .. }
        | Event::ResellerCustomerEdited { reseller, tenant, .. }
        | Event::ResellerDropped { reseller, tenant }
        | Event::ResellerAdmitted { reseller, tenant } => found.extend([reseller.uuid(), tenant.uuid()]),
        Event::DevicesUploaded { upload, reseller, to, .. } => {
            found.extend([upload.uuid(), reseller.uuid(), to.uuid()]);
        }
        Event::DevicesMoved { link, manager, customer, .. } => {
            found.extend([link.uuid(), manager.uuid(), customer.uuid()]);
        }
        Event::MoveRequested { id, manager, customer, .. } => {
            found.extend([id.uuid(), manager.uuid(), customer.uuid()]);
        }
        Event::MoveApproved { id }
        | Event::MoveDeclined { id }
        | Event::MoveCanceled { id }
        | Event::MoveExpired { id } => {
            found.insert(id.uuid());
            if let Some(it) = view.get::<Move>(id.uuid())? {
                found.extend([it.manager.uuid(), it.customer.uuid()]);
            }
        }
        Event::DevicesDeleted { tenant, .. } | Event::AlertRuleSet { tenant, .. } => {
            found.insert(tenant.uuid());
        }
        Event::IntegrationCreated { integration, owner, .. } => {
            found.extend([integration.uuid(), owner.uuid()])
        }
        Event::IntegrationShared { integration, tenant }
        | Event::IntegrationDetached { integration, tenant } => {
            found.insert(tenant.uuid());
            of_integration(view, *integration, found)?;
        }
        Event::IntegrationDeleted { integration } => of_integration(view, *integration, found)?,
        Event::LicenceBought { licence, buyer, tenant, .. } => {
            found.extend([licence.uuid(), buyer.uuid(), tenant.uuid()]);
        }
        Event::SeatsAssigned { licence, .. } | Event::SeatsReleased { licence, .. } => {
            found.insert(licence.uuid());
            if let Some(it) = view.get::<Licence>(licence.uuid())? {
                found.insert(it.tenant.uuid());
            }
        }
        Event::SessionOpened { session, user, tenant, .. } => {
            found.extend([session.uuid(), user.uuid(), tenant.uuid()]);
        }
        Event::SessionClosed { session, .. } | Event::SessionEnded { session } => {
            found.insert(session.uuid());
            if let Some(it) = view.get::<Session>(session.uuid())? {
                found.extend([it.user.uuid(), it.tenant.uuid()]);
            }
        }
        Event::PersonalErased { subject: Subject::User(user) } => of_user(view, *user, found)?,
        Event::PersonalErased { subject: Subject::Tenant(tenant) } => {
            found.insert(tenant.uuid());
        }
        Event::CommandRefused { tenant, .. } => found.extend(tenant.map(|tenant| tenant.uuid())),
    }
    Ok(())
}

/// The user behind an actor, under whom their records are found.
pub fn of_actor(actor: &Actor) -> Option<Uuid> {
    match actor {
        Actor::User(user) => Some(user.uuid()),
        Actor::Operator { .. } | Actor::Clock => None,
    }
}

fn of_link(view: &dyn View, id: LinkId, found: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    found.insert(id.uuid());
    if let Some(link) = view.get::<Link>(id.uuid())? {
        found.extend([link.manager.uuid(), link.managed.uuid()]);
    }
    Ok(())
}

fn of_request(view: &dyn View, id: LinkRequestId, found: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    found.insert(id.uuid());
    if let Some(request) = view.get::<LinkRequest>(id.uuid())? {
        found.extend([request.manager.uuid(), request.managed.uuid()]);
    }
    Ok(())
}

fn of_invitation(view: &dyn View, id: InvitationId, found: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    found.insert(id.uuid());
    if let Some(invitation) = view.get::<Invitation>(id.uuid())? {
        found.extend([invitation.user.uuid(), invitation.tenant.uuid()]);
    }
    Ok(())
}

fn of_user(view: &dyn View, id: UserId, found: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    found.insert(id.uuid());
    if let Some(user) = view.get::<User>(id.uuid())? {
        found.insert(user.home.uuid());
    }
    Ok(())
}

fn of_integration(view: &dyn View, id: IntegrationId, found: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    found.insert(id.uuid());
    if let Some(integration) = view.get::<Integration>(id.uuid())? {
        found.insert(integration.owner.uuid());
    }
    Ok(())
}

fn of_role(view: &dyn View, id: RoleId, found: &mut BTreeSet<Uuid>) -> Result<(), ViewError> {
    found.insert(id.uuid());
    if let Some(role) = view.get::<Role>(id.uuid())? {
        found.insert(role.tenant.uuid());
    }
    Ok(())
}
