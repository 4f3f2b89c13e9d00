//! What a handshake rests on, and its end in the record that takes that away; and how much one organisation may ask of
//! somebody in a day (L-3). It never answers a handshake.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::Permission;
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, HandshakeState, Operation, Subject};
use tenantry::policy::Policy;
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::term::MICROS_A_DAY;
use crate::world::{Addressee, Invitation, ManagerInvitation, Move, Oracle, While};

/// Everything that rights come from.
#[derive(PartialEq)]
pub struct Grounds(Oracle);

impl Grounds {
    /// The world as it was, as far as rights come from it.
    pub fn world(&self) -> &Oracle {
        &self.0
    }
}

impl Oracle {
    /// What handshakes may rest on, to be looked at again after something has happened.
    pub fn grounds(&self) -> Grounds {
        Grounds(Self {
            tenants: self.tenants.clone(),
            links: self.links.clone(),
            users: self.users.clone(),
            assignments: self.assignments.clone(),
            temporaries: self.temporaries.clone(),
            roles: self.roles.clone(),
            ..Self::new(Policy::clone(&self.policy))
        })
    }

    /// Ends every handshake that no longer rests on anything, if anything has changed.
    pub fn end_groundless(&mut self, before: &Grounds, at: Timestamp) {
        if *before == self.grounds() {
            return;
        }
        let pending = |state| state == HandshakeState::Pending;
        let requests: Vec<_> = self
            .requests
            .iter()
            .filter(|one| pending(one.state) && !self.organisation_stands(one.sender, one.manager, at))
            .map(|one| one.id)
            .collect();
        let proposals: Vec<_> = self
            .proposals
            .iter()
            .filter(|one| pending(one.state) && !self.organisation_stands(one.sender, one.manager, at))
            .map(|one| one.id)
            .collect();
        let manager_invitations: Vec<_> = self
            .manager_invitations
            .iter()
            .filter(|one| pending(one.state) && !self.manager_invitation_stands(one, at))
            .map(|one| one.id)
            .collect();
        let address_changes: Vec<_> = self
            .address_changes
            .iter()
            .filter(|one| pending(one.state) && !self.address_change_stands(one, at))
            .map(|one| one.user)
            .collect();
        let invitations: Vec<_> = self
            .invitations
            .iter()
            .filter(|one| pending(one.state) && !self.invitation_stands(one, at))
            .map(|one| one.id)
            .collect();
        let moves: Vec<_> = self
            .moves
            .iter()
            .filter(|one| pending(one.state) && !self.move_stands(one, at))
            .map(|one| one.id)
            .collect();
        for id in requests {
            self.request_mut(id).state = HandshakeState::Withdrawn;
        }
        for id in proposals {
            self.proposal_mut(id).state = HandshakeState::Withdrawn;
        }
        for id in manager_invitations {
            self.set_manager_invitation(id, HandshakeState::Withdrawn);
        }
        for user in address_changes {
            self.end_address_change(user, HandshakeState::Withdrawn);
        }
        for id in invitations {
            self.close_invitation(id, HandshakeState::Withdrawn);
        }
        for id in moves {
            self.set_move(id, HandshakeState::Withdrawn);
        }
    }

    /// Whether somebody is left who could send for a manager what it has asked.
    fn organisation_stands(&self, sender: Option<Subject>, manager: TenantId, at: Timestamp) -> bool {
        let add = Permission::parse("customers.add").unwrap();
        let may = |user: UserId| self.judge(user, &add, manager, None, at, Disabled::Bars).is_ok();
        sender.is_none() || self.users.iter().any(|user| may(user.id))
    }

    /// Whether somebody is left who could invite a manager for a tenant, and both are there and not linked yet.
    fn manager_invitation_stands(&self, one: &ManagerInvitation, at: Timestamp) -> bool {
        let respond = Permission::parse("link.respond").unwrap();
        let may = |user: UserId| {
            self.judge(user, &respond, one.tenant, None, at, Disabled::SparesSuperAdmins).is_ok()
        };
        let linked = self.links_above(one.tenant, at).iter().any(|link| link.manager == one.manager);
        self.living(one.tenant).is_some()
            && self.living(one.manager).is_some()
            && !linked
            && (one.sender.is_none() || self.users.iter().any(|user| user.home == one.tenant && may(user.id)))
    }

    /// The same world, in which nobody keeps this tenant disabled: what was asked of it or is about it waits (U-2).
    pub fn with_open(&self, tenant: TenantId) -> Self {
        let mut world = self.bare();
        let open = world.tenant_mut(tenant);
        open.operation = Operation::Enabled;
        open.held_by.clear();
        world
    }

    /// Whether who sent an invitation could send it now.
    fn invitation_stands(&self, offer: &Invitation, at: Timestamp) -> bool {
        let Some(Subject::User(sender)) = offer.sender else { return true };
        let who = Who::User(sender);
        if self.actor(&Actor::User(sender), Disabled::Bars).is_err() {
            return false;
        }
        if self.tenant(offer.tenant).unwrap().operation != Operation::Enabled {
            return self.with_open(offer.tenant).invitation_stands(offer, at);
        }
        if offer.sign_up && !self.active_super_admins(offer.tenant, at).is_empty() {
            return false;
        }
        let adds = |manager| self.right(who, "customers.add", manager, at, Disabled::Bars).is_ok();
        if offer.sign_up
            && self.links_above(offer.tenant, at).iter().any(|link| adds(link.manager))
            && (offer.of_a_new_tenant || self.owner_obstacles(who, offer.tenant, at).is_empty())
        {
            return true;
        }
        let right = self.right(who, "users.manage", offer.tenant, at, Disabled::Bars);
        // Whoever would offer it with a mask now, whatever the role holds yet, has not offered it
        // so.
        let wider = !offer.masked && self.is_masked(who, offer.tenant, None, at);
        let handed = || self.hand_out_obstacles(who, offer.tenant, &offer.offered(), While::FOR_GOOD, at);
        right.is_ok() && !wider && handed().is_empty()
    }

    /// Whether who sent a move could send it now.
    fn move_stands(&self, one: &Move, at: Timestamp) -> bool {
        let Some(Subject::User(sender)) = one.sender else { return true };
        if self.tenant(one.customer).unwrap().operation != Operation::Enabled {
            return self.with_open(one.customer).move_stands(one, at);
        }
        let manages = |tenant| self.right(Who::User(sender), "devices.manage", tenant, at, Disabled::Bars);
        manages(one.manager).is_ok() && manages(one.customer).is_ok()
    }

    /// On whom rests what somebody sends for a person, and for an organisation.
    pub fn person(who: Who) -> Option<Subject> {
        match who {
            Who::Operator { .. } => None,
            Who::User(user) => Some(Subject::User(user)),
        }
    }

    pub fn organisation(who: Who, tenant: TenantId) -> Option<Subject> {
        match who {
            Who::Operator { .. } => None,
            Who::User(_) => Some(Subject::Tenant(tenant)),
        }
    }

    /// That an organisation has asked enough of somebody on the day of a moment, if it has; operators ask as they must.
    pub fn asked_enough(&self, who: Who, addressee: &Addressee, by: TenantId, at: Timestamp) -> Option<Code> {
        matches!(who, Who::User(_)).then(|| self.asked_enough_by(addressee, by, at)).flatten()
    }

    pub fn asked_enough_by(&self, addressee: &Addressee, by: TenantId, at: Timestamp) -> Option<Code> {
        (self.asked_of(addressee, by, at) >= self.policy.asks_per_day).then_some(Code::TooManyRequests)
    }

    /// How often an organisation has asked somebody on the day of a moment.
    pub fn asked_of(&self, addressee: &Addressee, by: TenantId, at: Timestamp) -> u32 {
        let today = at.micros().div_euclid(MICROS_A_DAY);
        match self.asked.get(&(addressee.clone(), by)) {
            Some((day, times)) if *day == today => *times,
            _ => 0,
        }
    }

    /// Remembers that an organisation has asked something of somebody.
    pub fn note_asked(&mut self, who: Who, addressee: Addressee, by: TenantId, at: Timestamp) {
        if let Who::User(_) = who {
            self.note_asked_by(addressee, by, at);
        }
    }

    pub fn note_asked_by(&mut self, addressee: Addressee, by: TenantId, at: Timestamp) {
        let today = at.micros().div_euclid(MICROS_A_DAY);
        let asked = self.asked.entry((addressee, by)).or_insert((today, 0));
        if asked.0 != today {
            *asked = (today, 0);
        }
        asked.1 += 1;
    }
}
