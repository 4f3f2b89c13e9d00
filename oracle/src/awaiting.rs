//! What lies on somebody's desk: what awaits an answer of theirs, and what was asked. Whether they may answer is
//! what the answer itself would be told; it never answers anything.

use std::collections::BTreeSet;

use tenantry::base::ids::{InvitationId, LinkRequestId, ManagerInvitationId, TenantId, UserId};
use tenantry::base::text::{CompanyName, Email, ManagementType, Number, PersonName, Service};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, HandshakeState, Party, RoleRef, Subject, TenantKind, TermRequest};
use tenantry::query::{
    Awaited, AwaitingRow, InvitationFilter, InvitationRow, LinkRequestFilter, LinkRequestRow,
    ManagerInvitationFilter, ManagerInvitationRow, Organisation,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::devices::as_ids;
use crate::inviting::list_of_invitations;
use crate::links::must_be_theirs;
use crate::lists::list_of_requests;
use crate::world::{Invitation, LinkRequest, ManagerInvitation, Oracle};

/// An organisation by its names.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub tenant: TenantId,
    pub name: CompanyName,
    pub number: Number,
}

impl From<Organisation> for Named {
    fn from(one: Organisation) -> Self {
        Self { tenant: one.tenant, name: one.name, number: one.number }
    }
}

/// Something that awaits an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    pub what: Awaited,
    pub tenant: TenantId,
    pub by: Named,
    pub expires: Option<Timestamp>,
}

impl From<AwaitingRow> for Waiting {
    fn from(row: AwaitingRow) -> Self {
        Self { what: row.what, tenant: row.tenant, by: row.by.into(), expires: row.expires }
    }
}

impl Waiting {
    /// Until when it can be answered: it lapses then, or comes about unanswered (D-8).
    pub fn until(&self) -> Timestamp {
        let ends = match self.what {
            Awaited::Delink { ends, .. } => ends,
            _ => None,
        };
        self.expires.or(ends).unwrap_or(Timestamp::MAX)
    }
}

/// A link request as one of its sides sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestedRow {
    pub request: LinkRequestId,
    pub number: Number,
    pub other: Option<Named>,
    pub management: ManagementType,
    pub services: BTreeSet<Service>,
    pub term: Option<TermRequest>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

impl From<LinkRequestRow> for RequestedRow {
    fn from(row: LinkRequestRow) -> Self {
        Self {
            request: row.request,
            number: row.number,
            other: row.other.map(Into::into),
            management: row.management,
            services: row.services,
            term: row.term,
            state: row.state,
            asked: row.asked,
            expires: row.expires,
        }
    }
}

/// A tenant's invitation of a manager as one of its sides sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitedManagerRow {
    pub invitation: ManagerInvitationId,
    pub number: Number,
    pub other: Option<Named>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

impl From<ManagerInvitationRow> for InvitedManagerRow {
    fn from(row: ManagerInvitationRow) -> Self {
        Self {
            invitation: row.invitation,
            number: row.number,
            other: row.other.map(Into::into),
            state: row.state,
            asked: row.asked,
            expires: row.expires,
        }
    }
}

/// An invitation of a person to a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitedRow {
    pub invitation: InvitationId,
    pub user: UserId,
    pub name: Option<PersonName>,
    pub email: Option<Email>,
    pub role: RoleRef,
    pub below: bool,
    pub sign_up: bool,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

impl From<InvitationRow> for InvitedRow {
    fn from(row: InvitationRow) -> Self {
        Self {
            invitation: row.invitation,
            user: row.user,
            name: row.name,
            email: row.email,
            role: row.role,
            below: row.below,
            sign_up: row.sign_up,
            state: row.state,
            asked: row.asked,
            expires: row.expires,
        }
    }
}

fn is_pending(state: HandshakeState) -> bool {
    state == HandshakeState::Pending
}

impl Oracle {
    pub fn by_name(&self, tenant: TenantId) -> Named {
        let one = self.tenant(tenant).unwrap();
        Named { tenant, name: one.name.clone(), number: one.number.clone() }
    }

    /// Whether a user is asked for a tenant: at home, where they hold a role themselves, and for every MSP. Of one that is no
    /// MSP any more nobody is asked from further up.
    pub fn is_asked_for(&self, user: UserId, tenant: TenantId, at: Timestamp) -> bool {
        self.user(user).is_some_and(|user| user.home == tenant)
            || self.assignment(user, tenant, at).is_some()
            || self.tenant(tenant).is_some_and(|tenant| tenant.kind == TenantKind::Msp)
    }

    /// Everything that awaits an answer which the viewer may give.
    ///
    /// # Errors
    /// Why they may not even ask.
    pub fn awaiting(&self, viewer: &Actor, at: Timestamp) -> Result<Vec<Waiting>, Code> {
        let Who::User(user) = self.actor(viewer, Disabled::SparesSuperAdmins)? else {
            return Err(Code::WrongActor);
        };
        let mut rows = self.awaits(user, at);
        rows.retain(|row| self.is_asked_for(user, row.tenant, at) && self.may_answer(user, row, at));
        Ok(rows)
    }

    /// Everything that awaits anybody's answer, and what awaits the user's own.
    fn awaits(&self, user: UserId, at: Timestamp) -> Vec<Waiting> {
        let mut rows = Vec::new();
        for one in self.requests.iter().filter(|one| is_pending(one.state)) {
            let what = Awaited::LinkRequest {
                request: one.id,
                management: one.management.clone(),
                services: one.services.clone(),
                term: one.term,
            };
            let by = self.by_name(one.manager);
            rows.push(Waiting { what, tenant: one.managed, by, expires: Some(one.expires) });
        }
        for one in self.manager_invitations.iter().filter(|one| is_pending(one.state)) {
            let what = Awaited::ManagerInvitation { invitation: one.id };
            let by = self.by_name(one.tenant);
            rows.push(Waiting { what, tenant: one.manager, by, expires: Some(one.expires) });
        }
        for link in &self.links {
            for (asks, answers, party) in
                [(link.manager, link.managed, Party::Customer), (link.managed, link.manager, Party::Manager)]
            {
                if must_be_theirs(link, party).is_ok() {
                    let what = Awaited::Delink { link: link.id, ends: link.delink_ends };
                    let by = self.by_name(asks);
                    rows.push(Waiting { what, tenant: answers, by, expires: link.delink_expires });
                }
            }
        }
        for one in self.proposals.iter().filter(|one| is_pending(one.state)) {
            let what = Awaited::Proposal { proposal: one.id, link: one.link, content: one.content.clone() };
            let by = self.by_name(one.manager);
            rows.push(Waiting { what, tenant: one.managed, by, expires: Some(one.expires) });
        }
        for one in self.moves.iter().filter(|one| is_pending(one.state)) {
            let what = Awaited::Move { id: one.id, devices: as_ids(&one.devices) };
            let by = self.by_name(one.manager);
            rows.push(Waiting { what, tenant: one.customer, by, expires: Some(one.expires) });
        }
        for one in self.address_changes.iter().filter(|one| one.user == user && is_pending(one.state)) {
            let Some(email) = one.email.clone() else { continue };
            // Of whoever asked it is told for whom they speak, as far as that is there for the user.
            let asks = match one.sender {
                Some(Subject::User(sender)) => self.user(sender).unwrap().home,
                Some(Subject::Tenant(tenant)) => tenant,
                None => one.home,
            };
            let asks = if self.is_there(Who::User(user), asks, at) { asks } else { one.home };
            let by = self.by_name(asks);
            let what = Awaited::Address { email };
            rows.push(Waiting { what, tenant: one.home, by, expires: Some(one.expires) });
        }
        rows
    }

    /// Whether a user may answer it, settled by now or not.
    pub fn may_answer(&self, user: UserId, row: &Waiting, at: Timestamp) -> bool {
        let actor = Actor::User(user);
        match &row.what {
            Awaited::LinkRequest { request, .. } => {
                let who = self.actor(&actor, Disabled::SparesSuperAdmins);
                who.and_then(|who| self.request_for(who, *request, Party::Customer, at)).is_ok()
            }
            Awaited::ManagerInvitation { invitation } => {
                self.manager_invitation_for(&actor, *invitation, Party::Manager, at).is_ok()
            }
            Awaited::Delink { link, .. } => {
                let Some(link) = self.link(*link) else { return false };
                let party = if link.manager == row.tenant { Party::Manager } else { Party::Customer };
                self.link_for_delink(&actor, link.id, None, at).is_ok_and(|(_, side)| side == party)
            }
            Awaited::Proposal { proposal, .. } => {
                let who = self.actor(&actor, Disabled::SparesSuperAdmins);
                who.and_then(|who| self.proposal_for(who, *proposal, Party::Customer, at)).is_ok()
            }
            Awaited::Move { id, .. } => self.move_for(&actor, *id, Party::Customer, at).is_ok(),
            Awaited::Address { .. } => self.actor(&actor, Disabled::Bars).is_ok(),
            other => unreachable!("the oracle does not know {other:?}"),
        }
    }

    /// The other side of what is or was asked: told while it is pending, and to those for whom it is there.
    pub fn is_named(&self, who: Who, other: TenantId, state: HandshakeState, at: Timestamp) -> bool {
        is_pending(state) || self.living(other).is_some() && self.is_there(who, other, at)
    }

    /// The link requests that a tenant sent, or was sent.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn link_requests(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &LinkRequestFilter,
        at: Timestamp,
    ) -> Result<Vec<RequestedRow>, Code> {
        let sent = filter.sent;
        let who = self.viewer(viewer, list_of_requests(sent), tenant, at)?;
        let of_it = |one: &&LinkRequest| tenant == if sent { one.manager } else { one.managed };
        let told = |one: &&LinkRequest| self.is_listed(who, one, at);
        let wanted = |one: &&LinkRequest| filter.state.is_none_or(|state| state == one.state);
        let rows = self.requests.iter().filter(of_it).filter(told).filter(wanted);
        Ok(rows.map(|one| self.requested(who, one, sent, at)).collect())
    }

    pub fn requested(&self, who: Who, one: &LinkRequest, sent: bool, at: Timestamp) -> RequestedRow {
        let other = if sent { one.managed } else { one.manager };
        RequestedRow {
            request: one.id,
            number: self.tenant(other).unwrap().number.clone(),
            other: self.is_named(who, other, one.state, at).then(|| self.by_name(other)),
            management: one.management.clone(),
            services: one.services.clone(),
            term: one.term,
            state: one.state,
            asked: one.asked,
            expires: one.expires,
        }
    }

    /// The invitations by which a tenant asked managers, or was asked to become one (L-10).
    ///
    /// # Errors
    /// Why they are not told.
    pub fn manager_invitations_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &ManagerInvitationFilter,
        at: Timestamp,
    ) -> Result<Vec<InvitedManagerRow>, Code> {
        let sent = filter.sent;
        let who = self.viewer(viewer, list_of_invitations(sent), tenant, at)?;
        let of_it = |one: &&ManagerInvitation| tenant == if sent { one.tenant } else { one.manager };
        let told = |one: &&ManagerInvitation| self.is_told_of_invitation(who, one, at);
        let wanted = |one: &&ManagerInvitation| filter.state.is_none_or(|state| state == one.state);
        let rows = self.manager_invitations.iter().filter(of_it).filter(told).filter(wanted);
        Ok(rows.map(|one| self.invited_manager(who, one, sent, at)).collect())
    }

    pub fn invited_manager(
        &self,
        who: Who,
        one: &ManagerInvitation,
        sent: bool,
        at: Timestamp,
    ) -> InvitedManagerRow {
        let other = if sent { one.manager } else { one.tenant };
        InvitedManagerRow {
            invitation: one.id,
            number: self.tenant(other).unwrap().number.clone(),
            other: self.is_named(who, other, one.state, at).then(|| self.by_name(other)),
            state: one.state,
            asked: one.asked,
            expires: one.expires,
        }
    }

    /// Who was invited to a tenant.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn invitations_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &InvitationFilter,
        at: Timestamp,
    ) -> Result<Vec<InvitedRow>, Code> {
        self.viewer(viewer, "users.view", tenant, at)?;
        let wanted = |one: &&Invitation| filter.state.is_none_or(|state| state == one.state);
        let rows = self.invitations.iter().filter(|one| one.tenant == tenant).filter(wanted);
        Ok(rows.map(|one| self.invited_person(one)).collect())
    }

    pub fn invited_person(&self, one: &Invitation) -> InvitedRow {
        let person = self.user(one.user).unwrap();
        InvitedRow {
            invitation: one.id,
            user: one.user,
            name: person.name.clone(),
            email: person.email.clone(),
            role: one.role.clone(),
            below: one.below,
            sign_up: one.sign_up,
            state: one.state,
            asked: one.asked,
            expires: one.expires,
        }
    }
}
