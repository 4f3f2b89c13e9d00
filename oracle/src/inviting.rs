//! A tenant opens the door to an MSP by inviting it, or keeps it shut (L-10). It never decides what a link request needs
//! besides.

use tenantry::base::ids::{ManagerInvitationId, TenantId};
use tenantry::base::text::Number;
use tenantry::base::time::Timestamp;
use tenantry::command::{BarManager, InviteManager};
use tenantry::model::{Actor, HandshakeState, Party, TenantKind};
use tenantry::policy::WhoAsks;
use tenantry::query::{BarredManagerFilter, BarredManagerRow};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::lists::has_text;
use crate::obstacles::least;
use crate::world::{Addressee, ManagerInvitation, Oracle};

/// The most MSPs that one tenant bars.
const MOST_BARRED: usize = 1_000;

/// A manager that a tenant keeps from asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Barred {
    pub number: Number,
    pub since: Timestamp,
}

impl From<BarredManagerRow> for Barred {
    fn from(row: BarredManagerRow) -> Self {
        let BarredManagerRow { number, since, .. } = row;
        Self { number, since }
    }
}

/// The permission to list whom a tenant has invited, or by whom it was: that to invite, or to ask.
pub fn list_of_invitations(sent: bool) -> &'static str {
    if sent { "link.respond" } else { "customers.add" }
}

impl Oracle {
    pub fn manager_invitation(&self, id: ManagerInvitationId) -> Option<&ManagerInvitation> {
        self.manager_invitations.iter().find(|one| one.id == id)
    }

    fn manager_invitation_mut(&mut self, id: ManagerInvitationId) -> &mut ManagerInvitation {
        self.manager_invitations.iter_mut().find(|one| one.id == id).unwrap()
    }

    /// The invitation of a tenant to a manager that awaits its answer.
    pub fn invited(&self, manager: TenantId, tenant: TenantId) -> Option<ManagerInvitationId> {
        let is_it = |one: &&ManagerInvitation| {
            one.state == HandshakeState::Pending && one.manager == manager && one.tenant == tenant
        };
        self.manager_invitations.iter().find(is_it).map(|one| one.id)
    }

    pub fn set_manager_invitation(&mut self, id: ManagerInvitationId, state: HandshakeState) {
        self.manager_invitation_mut(id).state = state;
    }

    pub fn is_barred_manager(&self, manager: TenantId, tenant: TenantId) -> bool {
        self.barred.iter().any(|(by, barred, _)| (*by, *barred) == (tenant, manager))
    }

    /// Who decides for a tenant who may ask it, as who answers its link requests.
    fn doorkeeper(&self, actor: &Actor, tenant: TenantId, at: Timestamp) -> Result<Who, Code> {
        let who = self.actor(actor, Disabled::SparesSuperAdmins)?;
        if self.living(tenant).is_none() {
            return Err(Code::UnknownTenant);
        }
        // That it is disabled is in nobody's way.
        self.with_open(tenant).right(who, "link.respond", tenant, at, Disabled::SparesSuperAdmins)?;
        match who {
            Who::Operator { ticket: false } => Err(Code::TicketRequired),
            who => Ok(who),
        }
    }

    /// The living MSP with a number.
    fn msp_numbered(&self, number: &Number) -> Option<TenantId> {
        let is_it = |one: &&crate::world::Tenant| {
            one.number == *number && one.kind == TenantKind::Msp && !one.deleted
        };
        self.tenants.iter().find(is_it).map(|one| one.id)
    }

    pub fn invite_manager(&mut self, actor: &Actor, c: &InviteManager, at: Timestamp) -> Result<(), Code> {
        let who = self.doorkeeper(actor, c.tenant, at)?;
        let manager = self.msp_numbered(&c.number).ok_or(Code::UnknownTenant)?;
        let id = c.invitation.unwrap();
        let mut obstacles = self.id_obstacles(&[id.uuid()]);
        if manager == c.tenant {
            obstacles.push(Code::SelfLink);
        }
        if self.tenant(c.tenant).unwrap().kind == TenantKind::Reseller {
            obstacles.push(Code::CannotBeManaged);
        }
        if self.links_above(c.tenant, at).iter().any(|link| link.manager == manager) {
            obstacles.push(Code::AlreadyLinked);
        }
        if self.invited(manager, c.tenant).is_some() {
            obstacles.push(Code::ManagerAlreadyInvited);
        }
        if self.is_barred_manager(manager, c.tenant) {
            obstacles.push(Code::ManagerBarred);
        }
        obstacles.extend(self.asked_enough(who, &Addressee::Tenant(manager), c.tenant, at));
        least(obstacles)?;
        self.note_asked(who, Addressee::Tenant(manager), c.tenant, at);
        self.manager_invitations.push(ManagerInvitation {
            id,
            tenant: c.tenant,
            manager,
            sender: Self::organisation(who, c.tenant),
            state: HandshakeState::Pending,
            asked: at,
            expires: at.plus_days(self.policy.link_request_days),
        });
        Ok(())
    }

    /// The invitation, for an actor on the given side of it who may speak for that side.
    pub fn manager_invitation_for(
        &self,
        actor: &Actor,
        id: ManagerInvitationId,
        party: Party,
        at: Timestamp,
    ) -> Result<(Who, ManagerInvitation), Code> {
        let disabled = match party {
            Party::Customer => Disabled::SparesSuperAdmins,
            Party::Manager => Disabled::Bars,
        };
        let who = self.actor(actor, disabled)?;
        let one = self.manager_invitation(id).ok_or(Code::UnknownManagerInvitation)?.clone();
        let Who::User(user) = who else {
            // Both to ask and to answer is to speak for a side.
            let ticket = who != Who::Operator { ticket: false };
            return if ticket { Ok((who, one)) } else { Err(Code::TicketRequired) };
        };
        if !self.is_told_of_invitation(who, &one, at) {
            return Err(Code::UnknownManagerInvitation);
        }
        match self.side(user, one.manager, one.tenant, at) {
            None => return Err(Code::UnknownManagerInvitation),
            Some(side) if side != party => return Err(Code::WrongActor),
            Some(Party::Customer) => self.right(who, "link.respond", one.tenant, at, disabled)?,
            Some(Party::Manager) => self.right(who, "customers.add", one.manager, at, disabled)?,
        }
        Ok((who, one))
    }

    /// Whether somebody is told of an invitation: the people of the tenant, and of the manager's those who are not kept off
    /// it (T-9).
    pub fn is_told_of_invitation(&self, who: Who, one: &ManagerInvitation, at: Timestamp) -> bool {
        let Who::User(user) = who else { return true };
        match self.side(user, one.manager, one.tenant, at) {
            None => false,
            Some(Party::Customer) => true,
            Some(Party::Manager) => !self.is_kept_off(user, one.manager, one.tenant, at),
        }
    }

    /// The managers that a tenant keeps from asking, for those who decide about that.
    pub fn barred_by(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &BarredManagerFilter,
        at: Timestamp,
    ) -> Result<Vec<Barred>, Code> {
        self.viewer(viewer, list_of_invitations(true), tenant, at)?;
        let of_it = self.barred.iter().filter(|(by, ..)| *by == tenant);
        let rows = of_it.map(|(_, manager, since)| Barred {
            number: self.tenant(*manager).unwrap().number.clone(),
            since: *since,
        });
        Ok(rows.filter(|row| has_text(filter.text.as_ref(), &[row.number.as_str()])).collect())
    }

    pub fn decline_manager_invitation(
        &mut self,
        actor: &Actor,
        id: ManagerInvitationId,
        at: Timestamp,
    ) -> Result<(), Code> {
        is_pending(&self.manager_invitation_for(actor, id, Party::Manager, at)?.1)?;
        self.set_manager_invitation(id, HandshakeState::Declined);
        Ok(())
    }

    pub fn cancel_manager_invitation(
        &mut self,
        actor: &Actor,
        id: ManagerInvitationId,
        at: Timestamp,
    ) -> Result<(), Code> {
        is_pending(&self.manager_invitation_for(actor, id, Party::Customer, at)?.1)?;
        self.set_manager_invitation(id, HandshakeState::Canceled);
        Ok(())
    }

    pub fn resend_manager_invitation(
        &mut self,
        actor: &Actor,
        id: ManagerInvitationId,
        at: Timestamp,
    ) -> Result<(), Code> {
        let (who, one) = self.manager_invitation_for(actor, id, Party::Customer, at)?;
        let mut obstacles: Vec<Code> = is_pending(&one).err().into_iter().collect();
        obstacles.extend(self.asked_enough(who, &Addressee::Tenant(one.manager), one.tenant, at));
        least(obstacles)?;
        self.note_asked(who, Addressee::Tenant(one.manager), one.tenant, at);
        if let Who::User(_) = who {
            self.manager_invitation_mut(id).sender = Self::organisation(who, one.tenant);
        }
        Ok(())
    }

    pub fn bar_manager(&mut self, actor: &Actor, c: &BarManager, at: Timestamp) -> Result<(), Code> {
        self.doorkeeper(actor, c.tenant, at)?;
        // Whoever has gone since can be let in again.
        let known = self.tenants.iter().find(|one| one.number == c.number).map(|one| one.id);
        let barred = known.filter(|manager| self.is_barred_manager(*manager, c.tenant));
        let lifted = barred.filter(|_| !c.barred);
        let manager = lifted.or(self.msp_numbered(&c.number)).ok_or(Code::UnknownTenant)?;
        let mut obstacles = Vec::new();
        if c.barred == barred.is_some() {
            obstacles.push(Code::NothingToDo);
        }
        let of_it = |by: TenantId| by == c.tenant;
        if c.barred && self.barred.iter().filter(|(by, ..)| of_it(*by)).count() >= MOST_BARRED {
            obstacles.push(Code::TooManyBarred);
        }
        least(obstacles)?;
        if !c.barred {
            self.barred.retain(|(by, barred, _)| (*by, *barred) != (c.tenant, manager));
            return Ok(());
        }
        self.barred.push((c.tenant, manager, at));
        for one in &mut self.requests {
            if one.state == HandshakeState::Pending && (one.manager, one.managed) == (manager, c.tenant) {
                one.state = HandshakeState::Declined;
            }
        }
        if let Some(id) = self.invited(manager, c.tenant) {
            self.set_manager_invitation(id, HandshakeState::Canceled);
        }
        Ok(())
    }

    /// What the tenant itself has against being asked by a manager.
    pub fn door_obstacles(&self, who: Who, manager: TenantId, tenant: TenantId) -> Vec<Code> {
        let mut obstacles = Vec::new();
        if self.is_barred_manager(manager, tenant) {
            // T-8: nobody else is told.
            obstacles.push(match who {
                Who::User(_) => Code::CannotBeAsked,
                Who::Operator { .. } => Code::ManagerBarred,
            });
        }
        if self.policy.who_asks == WhoAsks::InvitedOnly && self.invited(manager, tenant).is_none() {
            obstacles.push(Code::NotInvited);
        }
        obstacles
    }
}

fn is_pending(one: &ManagerInvitation) -> Result<(), Code> {
    match one.state {
        HandshakeState::Pending => Ok(()),
        HandshakeState::Expired => Err(Code::ManagerInvitationExpired),
        _ => Err(Code::ManagerInvitationNotPending),
    }
}
