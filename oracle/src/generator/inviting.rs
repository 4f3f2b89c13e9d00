//! Commands by which a tenant opens its door to MSPs, or shuts it, and those about a user's other address (L-10, U-1).

use tenantry::base::ids::{ManagerInvitationId, TenantId, UserId};
use tenantry::base::text::{Email, Number};
use tenantry::command::*;
use tenantry::model::{Actor, HandshakeState, TenantKind};

use super::{Generator, id, word};
use crate::world::{ManagerInvitation, Oracle};

impl Generator {
    pub(super) fn choose_about_inviting(&mut self, oracle: &Oracle, roll: usize) -> (Actor, Command) {
        match roll {
            0..=39 => self.gen_invite_manager(oracle),
            40..=64 => self.gen_answer_manager_invitation(oracle),
            65..=84 => self.gen_bar_manager(oracle),
            85..=104 => self.gen_ask_for_address(oracle),
            _ => self.gen_answer_address(oracle),
        }
    }

    /// A tenant with somebody who could answer for it, and an MSP's number.
    fn door(&mut self, oracle: &Oracle) -> (TenantId, Number) {
        let (odd, now) = (self.rng.percent(12), self.now);
        let tenant = self.tenant_where(oracle, |tenant| {
            !tenant.deleted && (odd || !oracle.active_super_admins(tenant.id, now).is_empty())
        });
        let odd = self.rng.percent(12);
        let msp = self.tenant_where(oracle, |one| {
            odd || !one.deleted && one.kind == TenantKind::Msp && one.id != tenant
        });
        let number = match oracle.tenant(msp) {
            Some(msp) if self.rng.percent(98) => msp.number.clone(),
            _ => word("NOWHERE"),
        };
        (tenant, number)
    }

    fn gen_invite_manager(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (tenant, number) = self.door(oracle);
        let invitation = Some(ManagerInvitationId::from_uuid(self.chosen(oracle, 14)));
        (self.actor_for(oracle, "link.respond", tenant), InviteManager { tenant, number, invitation }.into())
    }

    fn gen_bar_manager(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (mut tenant, mut number) = self.door(oracle);
        let known = |id| oracle.tenant(id).map(|one| one.number.clone());
        let asking: Vec<(TenantId, TenantId)> = oracle
            .requests
            .iter()
            .filter(|one| one.state == HandshakeState::Pending)
            .map(|one| (one.managed, one.manager))
            .collect();
        let barred: Vec<(TenantId, TenantId)> =
            oracle.barred.iter().map(|(by, manager, _)| (*by, *manager)).collect();
        let mut bars = self.rng.percent(60);
        match (self.rng.pick(&barred), self.rng.pick(&asking), self.rng.below(100)) {
            (Some((by, manager)), _, 0..=44) => {
                (tenant, number) = (*by, known(*manager).unwrap());
                bars = self.rng.percent(15);
            }
            (_, Some((by, manager)), 0..=69) => (tenant, number) = (*by, known(*manager).unwrap()),
            _ => {}
        }
        (self.actor_for(oracle, "link.respond", tenant), BarManager { tenant, number, barred: bars }.into())
    }

    fn gen_answer_manager_invitation(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending: Vec<&ManagerInvitation> =
            oracle.manager_invitations.iter().filter(|one| one.state == HandshakeState::Pending).collect();
        let roll = self.rng.below(100);
        let found = match self.rng.pick(&pending) {
            Some(one) if roll < 85 => Some(*one),
            _ => self.rng.pick(&oracle.manager_invitations),
        };
        let Some(one) = found.filter(|_| roll < 98) else {
            let invitation = ManagerInvitationId::from_uuid(id(14, 999_999));
            let tenant = self.living_tenant(oracle);
            return (
                self.actor_for(oracle, "link.respond", tenant),
                CancelManagerInvitation { invitation }.into(),
            );
        };
        let invitation = one.id;
        let (tenant, manager) = (one.tenant, one.manager);
        let inviting = self.actor_for(oracle, "link.respond", tenant);
        let invited = self.actor_for(oracle, "customers.add", manager);
        let (inviting, invited) = if self.rng.percent(7) { (invited, inviting) } else { (inviting, invited) };
        match self.rng.below(100) {
            0..=39 => {
                let command = RequestLink {
                    request: Some(tenantry::base::ids::LinkRequestId::from_uuid(self.chosen(oracle, 4))),
                    manager,
                    number: oracle.tenant(tenant).unwrap().number.clone(),
                    management: self.management(oracle),
                    services: self.services(oracle),
                    term: self.term(oracle),
                };
                (invited, command.into())
            }
            40..=59 => (invited, DeclineManagerInvitation { invitation }.into()),
            60..=74 => (inviting, CancelManagerInvitation { invitation }.into()),
            _ => (inviting, ResendManagerInvitation { invitation }.into()),
        }
    }

    fn gen_ask_for_address(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let user = self.living_user(oracle);
        let home = oracle.user(user).map(|user| user.home);
        let asked: Option<Email> = oracle.pending_address(user).cloned();
        let own: Option<Email> = oracle.user(user).and_then(|user| user.email.clone());
        let email = match (asked, own, self.rng.below(100)) {
            (Some(asked), _, 0..=39) => asked,
            (_, Some(own), 90..) => own,
            _ => self.email(),
        };
        let actor = match home {
            Some(home) if self.rng.percent(50) => self.actor_for(oracle, "users.manage", home),
            _ => Actor::User(user),
        };
        let name = self.change(15, Self::person);
        (actor, EditUser { user, name, email: Some(email) }.into())
    }

    fn gen_answer_address(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending: Vec<UserId> = oracle
            .address_changes
            .iter()
            .filter(|one| one.state == HandshakeState::Pending)
            .map(|one| one.user)
            .collect();
        let all: Vec<UserId> = oracle.address_changes.iter().map(|one| one.user).collect();
        if pending.is_empty() && self.rng.percent(70) {
            return self.gen_ask_for_address(oracle);
        }
        let user = match (self.rng.pick(&pending), self.rng.pick(&all), self.rng.below(100)) {
            (Some(user), _, 0..=84) => *user,
            (_, Some(user), 0..=96) => *user,
            _ => self.any_user(oracle),
        };
        let home = oracle.user(user).map(|user| user.home);
        if self.rng.percent(25) {
            let actor = match home {
                Some(home) if self.rng.percent(60) => self.actor_for(oracle, "users.manage", home),
                _ => Actor::User(user),
            };
            return (actor, CancelAddress { user }.into());
        }
        let email = match oracle.pending_address(user) {
            Some(email) if self.rng.percent(92) => email.clone(),
            _ => self.email(),
        };
        let actor = match (home, self.rng.below(100)) {
            (Some(home), 80..=87) => self.actor_for(oracle, "users.manage", home),
            (_, 88..=90) => Actor::User(self.any_user(oracle)),
            (_, 91..) => self.operator(),
            _ => Actor::User(user),
        };
        (actor, ConfirmAddress { user, email }.into())
    }
}
