//! What an event is about: the tenants and users under which its record can be found (Q-2, U-5).

use std::collections::BTreeSet;

use crate::base::ids::{
    IntegrationId, InvitationId, LicenceId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId,
    RoleId, SessionId, TenantId, UserId,
};
use crate::command::{Command, Named};
use crate::event::Event;
use crate::model::{
    Actor, Bearer, Holding, Integration, Invitation, Licence, Link, LinkRequest, ManagerInvitation, Move,
    Proposal, Role, Session, Subject, Tenant, User,
};
use crate::view::{View, ViewError};

/// The tenants and users that an event names, and those behind the things that it names. What it
/// makes, it names whole; what was there before is looked up in this world.
///
/// # Errors
/// When the view cannot be read.
pub fn about(view: &dyn View, event: &Event, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    match event {
        Event::PolicySet { .. } => {}
        Event::TenantRegistered { tenant, .. }
        | Event::TenantEdited { tenant, .. }
        | Event::TenantKindChanged { tenant, .. }
        | Event::TenantDisabled { tenant }
        | Event::TenantEnabling { tenant }
        | Event::TenantEnabled { tenant }
        | Event::TenantDeleted { tenant } => {
            found.insert(Subject::Tenant(*tenant));
        }
        Event::TenantHeld { tenant, link, .. } | Event::TenantReleased { tenant, link, .. } => {
            found.insert(Subject::Tenant(*tenant));
            if let Some(link) = link {
                of_link(view, *link, found)?;
            }
        }
        Event::ManagerInvited { tenant, manager, .. } => {
            found.extend([Subject::Tenant(*tenant), Subject::Tenant(*manager)]);
        }
        Event::ManagerInvitationResent { invitation, .. }
        | Event::ManagerInvitationWithdrawn { invitation }
        | Event::ManagerInvitationAccepted { invitation }
        | Event::ManagerInvitationDeclined { invitation }
        | Event::ManagerInvitationCanceled { invitation }
        | Event::ManagerInvitationExpired { invitation } => of_manager_invitation(view, *invitation, found)?,
        // It is no affair of the MSP's.
        Event::ManagerBarred { tenant, manager: _ } | Event::ManagerAdmitted { tenant, manager: _ } => {
            found.insert(Subject::Tenant(*tenant));
        }
        Event::LinkRequested { manager, managed, .. } => {
            found.extend([Subject::Tenant(*manager), Subject::Tenant(*managed)]);
        }
        Event::LinkRequestResent { request, .. }
        | Event::LinkRequestWithdrawn { request }
        | Event::LinkRequestAccepted { request }
        | Event::LinkRequestDeclined { request }
        | Event::LinkRequestCanceled { request }
        | Event::LinkRequestExpired { request } => of_request(view, *request, found)?,
        Event::ProposalResent { proposal, .. }
        | Event::ProposalWithdrawn { proposal }
        | Event::ProposalAccepted { proposal }
        | Event::ProposalDeclined { proposal }
        | Event::ProposalCanceled { proposal }
        | Event::ProposalExpired { proposal } => {
            of_proposal(view, *proposal, found)?;
        }
        Event::LinkCreated { manager, managed, .. } | Event::Proposed { manager, managed, .. } => {
            found.extend([Subject::Tenant(*manager), Subject::Tenant(*managed)]);
        }
        Event::LinkConverted { link, .. }
        | Event::TermsChanged { link, .. }
        | Event::ServicesAdded { link, .. }
        | Event::ServiceRemoved { link, .. }
        | Event::ManagerGrantsSet { link, .. }
        | Event::AutoExtendSet { link, .. }
        | Event::LinkExpiring { link, .. }
        | Event::LinkExtended { link, .. }
        | Event::LinkRenewed { link, .. }
        | Event::DelinkRequested { link, .. }
        | Event::DelinkResent { link, .. }
        | Event::DelinkRejected { link, .. }
        | Event::DelinkCanceled { link, .. }
        | Event::DelinkExpired { link }
        | Event::LinkEnded { link, .. } => of_link(view, *link, found)?,
        Event::UserInvited { user, tenant, .. } => {
            found.extend([Subject::User(*user), Subject::Tenant(*tenant)]);
        }
        Event::InvitationResent { invitation, .. }
        | Event::InvitationWithdrawn { invitation }
        | Event::InvitationAccepted { invitation }
        | Event::InvitationDeclined { invitation }
        | Event::InvitationRevoked { invitation }
        | Event::InvitationExpired { invitation } => of_invitation(view, *invitation, found)?,
        Event::UserRegistered { user, home } => found.extend([Subject::User(*user), Subject::Tenant(*home)]),
        Event::UserEdited { user, .. }
        | Event::AddressRequested { user, .. }
        | Event::AddressResent { user, .. }
        | Event::AddressConfirmed { user }
        | Event::AddressCanceled { user }
        | Event::AddressExpired { user }
        | Event::AddressWithdrawn { user }
        | Event::UserBlocked { user }
        | Event::UserUnblocked { user }
        | Event::UserRemoved { user } => of_user(view, *user, found)?,
        Event::Assigned { user, tenant, .. }
        | Event::AssignmentEnded { user, tenant }
        | Event::TemporaryAssigned { user, tenant, .. }
        | Event::Activated { user, tenant, .. }
        | Event::TemporaryBegun { user, tenant, .. }
        | Event::TemporaryEnded { user, tenant, .. } => {
            found.extend([Subject::User(*user), Subject::Tenant(*tenant)]);
        }
        Event::RoleCreated { tenant, .. } => found.extend([Subject::Tenant(*tenant)]),
        Event::RoleEdited { role, .. } | Event::RoleDeleted { role } => of_role(view, *role, found)?,
        Event::ResellerCustomerAdded { reseller, tenant, .. }
        | Event::ResellerCustomerEdited { reseller, tenant, .. }
        | Event::ResellerCustomerRemoved { reseller, tenant }
        | Event::ResellerDropped { reseller, tenant }
        | Event::ResellerAdmitted { reseller, tenant } => {
            found.extend([Subject::Tenant(*reseller), Subject::Tenant(*tenant)])
        }
        Event::DevicesUploaded { reseller, to: other, .. }
        | Event::UploadWithdrawn { reseller, from: other, .. } => {
            found.extend([Subject::Tenant(*reseller), Subject::Tenant(*other)]);
        }
        Event::DevicesMoved { manager, customer, .. } => {
            found.extend([Subject::Tenant(*manager), Subject::Tenant(*customer)]);
        }
        Event::MoveRequested { manager, customer, .. } => {
            found.extend([Subject::Tenant(*manager), Subject::Tenant(*customer)]);
        }
        Event::MoveResent { id, .. }
        | Event::MoveWithdrawn { id }
        | Event::MoveApproved { id }
        | Event::MoveDeclined { id }
        | Event::MoveCanceled { id }
        | Event::MoveExpired { id } => of_move(view, *id, found)?,
        Event::DevicesDeleted { tenant, .. } | Event::AlertRuleSet { tenant, .. } => {
            found.insert(Subject::Tenant(*tenant));
        }
        Event::IntegrationCreated { owner, .. } => found.extend([Subject::Tenant(*owner)]),
        Event::IntegrationShared { integration, tenant }
        | Event::IntegrationDetached { integration, tenant } => {
            found.insert(Subject::Tenant(*tenant));
            of_integration(view, *integration, found)?;
        }
        Event::IntegrationDeleted { integration } => of_integration(view, *integration, found)?,
        Event::LicenceBought { buyer, tenant, .. } => {
            found.extend([Subject::Tenant(*buyer), Subject::Tenant(*tenant)]);
        }
        Event::SeatsAssigned { licence, .. } | Event::SeatsReleased { licence, .. } => {
            of_licence(view, *licence, found)?;
        }
        Event::SessionOpened { user, tenant, .. } => {
            found.extend([Subject::User(*user), Subject::Tenant(*tenant)]);
        }
        Event::SessionClosed { session, .. } | Event::SessionEnded { session } => {
            of_session(view, *session, found)?;
        }
        // It is no affair of whose it is; what is known about a person is erased with them.
        Event::ExternalIdSet { keeper, of, .. } | Event::ExternalIdRemoved { keeper, of, .. } => {
            found.insert(Subject::Tenant(*keeper));
            if let Bearer::User(user) = of {
                found.insert(Subject::User(*user));
            }
        }
        Event::PersonalErased { subject: Subject::User(user) } => of_user(view, *user, found)?,
        Event::PersonalErased { subject: Subject::Tenant(tenant) } => {
            found.insert(Subject::Tenant(*tenant));
        }
        Event::CommandRefused { named, .. } => {
            found.extend(named.iter().flatten().copied().map(Subject::Tenant));
        }
    }
    Ok(())
}

/// What a command names and a view knows: of each thing, the organisations that it concerns, those
/// of the people behind it included.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn of_command(
    view: &dyn View,
    command: &Command,
) -> Result<BTreeSet<BTreeSet<TenantId>>, ViewError> {
    let mut things = BTreeSet::new();
    for named in command.about() {
        let mut found = BTreeSet::new();
        match named {
            // Whom a tenant would bar is no affair of theirs (L-10).
            Named::Number(_) if matches!(command, Command::BarManager(_)) => {}
            // Nor is what an id of another system would lead to.
            Named::User(_) if matches!(command, Command::SetExternalId(_)) => {}
            Named::Tenant(tenant) if matches!(command, Command::SetExternalId(set) if set.keeper != tenant) =>
                {}
            Named::Tenant(tenant) => {
                found.insert(Subject::Tenant(tenant));
            }
            Named::Number(number) => {
                found.extend(view.numbered(&number)?.map(|tenant| Subject::Tenant(tenant.id)));
            }
            Named::Link(link) => of_link(view, link, &mut found)?,
            Named::LinkRequest(request) => of_request(view, request, &mut found)?,
            Named::Proposal(proposal) => of_proposal(view, proposal, &mut found)?,
            Named::ManagerInvitation(invitation) => of_manager_invitation(view, invitation, &mut found)?,
            Named::User(user) => of_user(view, user, &mut found)?,
            Named::Invitation(invitation) => of_invitation(view, invitation, &mut found)?,
            Named::Role(role) => {
                let role = view.get::<Role>(role.uuid())?.filter(|role| role.deleted.is_none());
                found.extend(role.map(|role| Subject::Tenant(role.tenant)));
            }
            Named::Upload(upload) => {
                let arrived = view.get::<Holding>(Holding::uploaded(upload).uuid())?;
                let sides = arrived.map(|it| [it.reseller, it.uploaded_to].map(Subject::Tenant));
                found.extend(sides.into_iter().flatten());
            }
            Named::Move(id) => of_move(view, id, &mut found)?,
            Named::Integration(integration) => of_integration(view, integration, &mut found)?,
            Named::Licence(licence) => {
                let licence = view.get::<Licence>(licence.uuid())?;
                let sides = licence.map(|licence| [licence.buyer, licence.tenant].map(Subject::Tenant));
                found.extend(sides.into_iter().flatten());
            }
            Named::Session(session) => of_session(view, session, &mut found)?,
        }
        let mut organisations = BTreeSet::new();
        for subject in found {
            match subject {
                Subject::Tenant(tenant) => {
                    organisations.extend(view.get::<Tenant>(tenant.uuid())?.map(|it| it.id))
                }
                Subject::User(user) => organisations.extend(view.get::<User>(user.uuid())?.map(|it| it.home)),
            }
        }
        if !organisations.is_empty() {
            things.insert(organisations);
        }
    }
    Ok(things)
}

/// The user behind an actor, under whom their records are found.
pub(crate) fn of_actor(actor: &Actor) -> Option<Subject> {
    match actor {
        Actor::User(user) => Some(Subject::User(*user)),
        Actor::Operator { .. } | Actor::Clock => None,
    }
}

fn of_link(view: &dyn View, id: LinkId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(link) = view.get::<Link>(id.uuid())? {
        found.extend([Subject::Tenant(link.manager), Subject::Tenant(link.managed)]);
    }
    Ok(())
}

fn of_request(view: &dyn View, id: LinkRequestId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(request) = view.get::<LinkRequest>(id.uuid())? {
        found.extend([Subject::Tenant(request.manager), Subject::Tenant(request.managed)]);
    }
    Ok(())
}

fn of_manager_invitation(
    view: &dyn View,
    id: ManagerInvitationId,
    found: &mut BTreeSet<Subject>,
) -> Result<(), ViewError> {
    if let Some(invitation) = view.get::<ManagerInvitation>(id.uuid())? {
        found.extend([Subject::Tenant(invitation.tenant), Subject::Tenant(invitation.manager)]);
    }
    Ok(())
}

fn of_proposal(view: &dyn View, id: ProposalId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(proposal) = view.get::<Proposal>(id.uuid())? {
        found.extend([Subject::Tenant(proposal.manager), Subject::Tenant(proposal.managed)]);
    }
    Ok(())
}

fn of_invitation(view: &dyn View, id: InvitationId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(invitation) = view.get::<Invitation>(id.uuid())? {
        found.extend([Subject::User(invitation.user), Subject::Tenant(invitation.tenant)]);
    }
    Ok(())
}

fn of_user(view: &dyn View, id: UserId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    found.insert(Subject::User(id));
    if let Some(user) = view.get::<User>(id.uuid())? {
        found.insert(Subject::Tenant(user.home));
    }
    Ok(())
}

fn of_integration(
    view: &dyn View,
    id: IntegrationId,
    found: &mut BTreeSet<Subject>,
) -> Result<(), ViewError> {
    if let Some(integration) = view.get::<Integration>(id.uuid())? {
        found.insert(Subject::Tenant(integration.owner));
    }
    Ok(())
}

fn of_role(view: &dyn View, id: RoleId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(role) = view.get::<Role>(id.uuid())? {
        found.insert(Subject::Tenant(role.tenant));
    }
    Ok(())
}

fn of_move(view: &dyn View, id: MoveId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(it) = view.get::<Move>(id.uuid())? {
        found.extend([Subject::Tenant(it.manager), Subject::Tenant(it.customer)]);
    }
    Ok(())
}

fn of_licence(view: &dyn View, id: LicenceId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(licence) = view.get::<Licence>(id.uuid())? {
        found.insert(Subject::Tenant(licence.tenant));
    }
    Ok(())
}

fn of_session(view: &dyn View, id: SessionId, found: &mut BTreeSet<Subject>) -> Result<(), ViewError> {
    if let Some(session) = view.get::<Session>(id.uuid())? {
        found.extend([Subject::User(session.user), Subject::Tenant(session.tenant)]);
    }
    Ok(())
}
