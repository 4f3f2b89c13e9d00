//! What a user is told of themselves: who they are, what they may do, what they have asked. It only reads.

use std::collections::BTreeSet;
use std::fmt;

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{Email, Number, Permission, PersonName, Service};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, HandshakeState, Party, RoleRef, Stage, Subject, TenantKind, UserState};
use tenantry::query::{AskedRow, HeldPermission, Profile, Requested};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::awaiting::{InvitedManagerRow, InvitedRow, Named, RequestedRow};
use crate::dealings::{Handed, Proposed};
use crate::holdings::LaidOver;
use crate::inviting::list_of_invitations;
use crate::lists::list_of_requests;
use crate::world::Oracle;

/// A user as they see themselves; since when they are known, the oracle does not remember.
#[derive(Clone, Debug, PartialEq)]
pub struct Oneself {
    pub user: UserId,
    pub name: Option<PersonName>,
    pub email: Option<Email>,
    pub new_email: Option<Email>,
    pub home: Named,
    pub kind: TenantKind,
    pub state: UserState,
    pub role: Option<RoleRef>,
}

impl From<Profile> for Oneself {
    fn from(row: Profile) -> Self {
        let Profile { user, name, email, new_email, home, kind, state, role, .. } = row;
        Self { user, name, email, new_email, home: home.into(), kind, state, role }
    }
}

/// A permission that somebody holds, and for which services.
#[derive(Clone, PartialEq)]
pub struct Holding {
    pub permission: Permission,
    pub services: BTreeSet<Service>,
    pub services_only: bool,
}

impl fmt::Debug for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only = if self.services_only { "only" } else { "and" };
        let services: Vec<&str> = self.services.iter().map(Service::as_str).collect();
        write!(f, "{} {only} {}", self.permission, services.join("+"))
    }
}

impl From<HeldPermission> for Holding {
    fn from(row: HeldPermission) -> Self {
        let HeldPermission { permission, services, services_only, .. } = row;
        Self { permission, services, services_only }
    }
}

impl Holding {
    /// As far as none of the others goes.
    pub fn beyond(&self, others: &[Self]) -> Option<Self> {
        let Some(other) = others.iter().find(|other| other.permission == self.permission) else {
            return Some(self.clone());
        };
        let services: BTreeSet<_> = self.services.difference(&other.services).cloned().collect();
        let services_only = self.services_only || !other.services_only;
        let something = !services_only || !services.is_empty();
        something.then(|| Self { permission: self.permission.clone(), services, services_only })
    }

    /// As far as one of the others goes as well.
    pub fn as_far_as(&self, others: &[Self]) -> Option<Self> {
        let other = others.iter().find(|other| other.permission == self.permission)?;
        let services: BTreeSet<_> = self.services.intersection(&other.services).cloned().collect();
        let services_only = self.services_only || other.services_only;
        let something = !services_only || !services.is_empty();
        something.then(|| Self { permission: self.permission.clone(), services, services_only })
    }
}

/// What was asked, for which tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    pub tenant: TenantId,
    pub what: Sought,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Sought {
    LinkRequest(RequestedRow),
    ManagerInvitation(InvitedManagerRow),
    Invitation(InvitedRow),
    Proposal(Proposed),
    Move(Handed),
    Delink(Parting),
    Address(Readdressing),
    /// What somebody is eligible for.
    Eligible(LaidOver),
}

/// A delink request that awaits its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Parting {
    pub link: LinkId,
    pub number: Number,
    pub other: Option<Named>,
    pub asked: Timestamp,
    pub expires: Option<Timestamp>,
    pub ends: Option<Timestamp>,
}

/// That somebody was asked to confirm another address.
#[derive(Clone, Debug, PartialEq)]
pub struct Readdressing {
    pub user: UserId,
    pub new_email: Option<Email>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

impl From<AskedRow> for Asking {
    fn from(row: AskedRow) -> Self {
        Self { tenant: row.tenant, what: row.what.into() }
    }
}

impl From<Requested> for Sought {
    fn from(what: Requested) -> Self {
        match what {
            Requested::LinkRequest(row) => Self::LinkRequest(row.into()),
            Requested::ManagerInvitation(row) => Self::ManagerInvitation(row.into()),
            Requested::Invitation(row) => Self::Invitation(row.into()),
            Requested::Proposal(row) => Self::Proposal(row.into()),
            Requested::Move(row) => Self::Move(row.into()),
            Requested::Delink(row) => Self::Delink(Parting {
                link: row.link,
                number: row.number,
                other: row.other.map(Into::into),
                asked: row.asked,
                expires: row.expires,
                ends: row.ends,
            }),
            Requested::Address(row) => Self::Address(Readdressing {
                user: row.user,
                new_email: row.new_email,
                state: row.state,
                asked: row.asked,
                expires: row.expires,
            }),
            Requested::Eligible(row) => Self::Eligible(row.into()),
            other => unreachable!("the oracle does not know {other:?}"),
        }
    }
}

impl Sought {
    /// When it was asked.
    pub fn asked(&self) -> Timestamp {
        match self {
            Self::LinkRequest(row) => row.asked,
            Self::ManagerInvitation(row) => row.asked,
            Self::Invitation(row) => row.asked,
            Self::Proposal(row) => row.asked,
            Self::Move(row) => row.asked,
            Self::Delink(row) => row.asked,
            Self::Address(row) => row.asked,
            Self::Eligible(row) => row.starts,
        }
    }
}

impl Oracle {
    /// Who a user is.
    ///
    /// # Errors
    /// Why they may not even ask.
    pub fn profile_of(&self, viewer: &Actor, at: Timestamp) -> Result<Oneself, Code> {
        let Who::User(id) = self.actor(viewer, Disabled::Bars)? else { return Err(Code::WrongActor) };
        let user = self.user(id).unwrap();
        Ok(Oneself {
            user: id,
            name: user.name.clone(),
            email: user.email.clone(),
            new_email: self.pending_address(id).cloned(),
            home: self.by_name(user.home),
            kind: self.tenant(user.home).unwrap().kind,
            state: user.state,
            role: self.assignment(id, user.home, at).map(|a| a.role.clone()),
        })
    }

    /// What a user may do on a tenant: whatever a check allows, and for which services.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn permissions_on(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        at: Timestamp,
    ) -> Result<Vec<Holding>, Code> {
        let who = self.actor(viewer, Disabled::Bars)?;
        let Who::User(user) = who else { return Err(Code::WrongActor) };
        let held = self.held_on(user, tenant, at);
        if held.is_empty() && !self.sees(who, tenant, at) {
            return Err(Code::UnknownTenant);
        }
        Ok(held)
    }

    /// What rests on a user or their organisation, and what became of it.
    ///
    /// # Errors
    /// Why they may not even ask.
    pub fn asked_by(&self, viewer: &Actor, at: Timestamp) -> Result<Vec<Asking>, Code> {
        let who = self.actor(viewer, Disabled::SparesSuperAdmins)?;
        let Who::User(user) = who else { return Err(Code::WrongActor) };
        let home = self.user(user).unwrap().home;
        let theirs = |sender| [Some(Subject::User(user)), Some(Subject::Tenant(home))].contains(&sender);
        let mut rows = Vec::new();
        for one in self.requests.iter().filter(|one| theirs(one.sender)) {
            let row = self.requested(who, one, true, at);
            rows.push(Asking { tenant: one.manager, what: Sought::LinkRequest(row) });
        }
        for one in self.manager_invitations.iter().filter(|one| theirs(one.sender)) {
            let row = self.invited_manager(who, one, true, at);
            rows.push(Asking { tenant: one.tenant, what: Sought::ManagerInvitation(row) });
        }
        for one in self.invitations.iter().filter(|one| theirs(one.sender)) {
            rows.push(Asking { tenant: one.tenant, what: Sought::Invitation(self.invited_person(one)) });
        }
        for one in self.proposals.iter().filter(|one| theirs(one.sender)) {
            let row = self.proposed(who, one, true, at);
            rows.push(Asking { tenant: one.manager, what: Sought::Proposal(row) });
        }
        for one in self.moves.iter().filter(|one| theirs(one.sender)) {
            let row = self.handed(who, one, true, at);
            rows.push(Asking { tenant: one.manager, what: Sought::Move(row) });
        }
        for link in &self.links {
            let (asks, other) = match link.stage {
                Stage::DelinkRequestedByManager => (link.manager, link.managed),
                Stage::DelinkRequestedByCustomer => (link.managed, link.manager),
                _ => continue,
            };
            if asks == home {
                let what = Sought::Delink(Parting {
                    link: link.id,
                    number: self.tenant(other).unwrap().number.clone(),
                    other: Some(self.by_name(other)),
                    asked: link.delink_asked.unwrap(),
                    expires: link.delink_expires,
                    ends: link.delink_ends,
                });
                rows.push(Asking { tenant: asks, what });
            }
        }
        for one in self.address_changes.iter().filter(|one| theirs(one.sender)) {
            let told = |email: &Email| self.is_told_address(who, one.user, at).then(|| email.clone());
            let what = Sought::Address(Readdressing {
                user: one.user,
                new_email: one.email.as_ref().and_then(told),
                state: one.state,
                asked: one.asked,
                expires: one.expires,
            });
            rows.push(Asking { tenant: one.home, what });
        }
        rows.retain(|row| self.reads_asking(user, row, at));
        Ok(rows)
    }

    /// Whether a user may read what they have asked: the list of its kind, and in it that.
    pub fn reads_asking(&self, user: UserId, row: &Asking, at: Timestamp) -> bool {
        let who = Who::User(user);
        // That a tenant is disabled is in nobody's way to what they asked for it.
        let may = |permission| {
            let open = self.with_open(row.tenant);
            open.right(who, permission, row.tenant, at, Disabled::SparesSuperAdmins).is_ok()
        };
        match &row.what {
            Sought::LinkRequest(one) => {
                let told = |one| self.is_listed(who, one, at);
                may(list_of_requests(true)) && self.request(one.request).is_some_and(told)
            }
            Sought::ManagerInvitation(one) => {
                let told = |one| self.is_told_of_invitation(who, one, at);
                may(list_of_invitations(true)) && self.manager_invitation(one.invitation).is_some_and(told)
            }
            Sought::Invitation(_) => may("users.view"),
            Sought::Proposal(one) => may(list_of_requests(true)) && self.is_told_of_link(who, one.link, at),
            Sought::Move(one) => may("devices.view") && self.is_told_of_link(who, one.link, at),
            Sought::Delink(one) => {
                let link = self.link(one.link);
                let manages = link.is_some_and(|link| link.manager == row.tenant);
                let party = if manages { Party::Manager } else { Party::Customer };
                let asks = if party == Party::Manager { "customers.delink" } else { "link.respond" };
                may(asks) && self.is_told_of_link(who, one.link, at)
            }
            Sought::Address(one) => one.user == user || may("users.manage"),
            // Nobody is asked for it.
            Sought::Eligible(_) => false,
        }
    }
}
