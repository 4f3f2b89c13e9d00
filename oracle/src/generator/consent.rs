//! Commands that lead to where consent is at stake: tenants that somebody keeps disabled, multi-clients that are locked, and
//! handshakes that lose the ground they rest on.

use std::collections::BTreeSet;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::command::*;
use tenantry::model::{
    Actor, HandshakeState, Operation, Party, RoleRef, Stage, Subject, TenantKind, UserState,
};
use tenantry::query::Question;

use super::{Generator, word};
use crate::world::{Link, Oracle, Tenant};

impl Generator {
    pub(super) fn choose_about_consent(&mut self, oracle: &Oracle, roll: usize) -> (Actor, Command) {
        match roll {
            0..=39 => self.gen_hold(oracle),
            40..=84 => self.gen_from_disabled_home(oracle),
            85..=94 => self.gen_delete_disabled(oracle),
            95..=119 => self.gen_below_locked(oracle),
            120..=159 => self.gen_take_ground(oracle),
            _ => self.gen_remind(oracle),
        }
    }

    /// One of those who may do this on a tenant, at home there or not.
    pub(super) fn one_who_may(
        &mut self,
        oracle: &Oracle,
        permission: &str,
        tenant: TenantId,
        at_home: bool,
    ) -> Option<UserId> {
        let may = |user: UserId| oracle.check(&Question::new(user, word(permission), tenant), self.now).0;
        let able: Vec<UserId> = oracle
            .users
            .iter()
            .filter(|user| (user.home == tenant) == at_home && may(user.id))
            .map(|user| user.id)
            .collect();
        self.rng.pick(&able).copied()
    }

    /// One of the sides of a tenant that is managed disables or enables it.
    fn gen_hold(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let held = self.rng.percent(45);
        let tenant = self.tenant_where(oracle, |tenant| {
            !tenant.deleted
                && !oracle.links_above(tenant.id, now).is_empty()
                && (tenant.operation == Operation::Disabled) == held
        });
        let user = match self.rng.below(10) {
            0..=1 => None,
            2..=4 => self.at_home(oracle, tenant),
            _ => self.one_who_may(oracle, "tenant.operate", tenant, false),
        };
        let actor = user.map_or_else(|| self.operator(), Actor::User);
        let tenants = vec![tenant];
        match held && self.rng.percent(60) {
            true => (actor, EnableTenants { tenants }.into()),
            false => (actor, DisableTenants { tenants }.into()),
        }
    }

    /// Somebody whose home is disabled parts, answers, enables it, or does what they may not.
    fn gen_from_disabled_home(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let people = |tenant: &&Tenant| oracle.users.iter().any(|user| user.home == tenant.id);
        let down = |tenant: &&Tenant| !tenant.deleted && tenant.operation != Operation::Enabled;
        let homes: Vec<&Tenant> = oracle.tenants.iter().filter(down).filter(people).collect();
        let Some(home) = self.rng.pick(&homes).map(|home| home.id) else { return self.gen_hold(oracle) };
        let supers = oracle.active_super_admins(home, self.now);
        let user = match self.rng.pick(&supers) {
            Some(user) if self.rng.percent(80) => Some(*user),
            _ => self.at_home(oracle, home),
        };
        let Some(user) = user else { return self.gen_hold(oracle) };
        let actor = Actor::User(user);
        let links: Vec<Link> = oracle
            .links
            .iter()
            .filter(|link| (link.managed == home || link.manager == home) && link.in_force(self.now))
            .cloned()
            .collect();
        let pending = |state| state == HandshakeState::Pending;
        match self.rng.below(15) {
            0..=4 => {
                if let Some(link) = self.rng.pick(&links).cloned() {
                    let asked = link.stage != Stage::Active;
                    return (actor, self.delink_command(&link, asked, None));
                }
            }
            5..=6 => {
                let requests: Vec<_> =
                    oracle.requests.iter().filter(|one| pending(one.state) && one.managed == home).collect();
                if let Some(request) = self.rng.pick(&requests).map(|one| one.id) {
                    return match self.rng.percent(50) {
                        true => (actor, AcceptLink { request }.into()),
                        false => (actor, DeclineLink { request }.into()),
                    };
                }
            }
            7 => {
                let moves: Vec<_> =
                    oracle.moves.iter().filter(|one| pending(one.state) && one.customer == home).collect();
                if let Some(id) = self.rng.pick(&moves).map(|one| one.id) {
                    return match self.rng.percent(70) {
                        true => (actor, ApproveMove { id }.into()),
                        false => (actor, DeclineMove { id }.into()),
                    };
                }
            }
            8..=10 => {
                let proposals: Vec<_> =
                    oracle.proposals.iter().filter(|one| pending(one.state) && one.managed == home).collect();
                if let Some(proposal) = self.rng.pick(&proposals).map(|one| one.id) {
                    return match self.rng.percent(60) {
                        true => (actor, AcceptProposal { proposal }.into()),
                        false => (actor, DeclineProposal { proposal }.into()),
                    };
                }
            }
            11 => {
                let tenants = vec![home];
                return (actor, DisableTenants { tenants }.into());
            }
            _ => {}
        }
        let mut tenants = vec![home];
        if self.rng.percent(10) {
            tenants.push(self.living_tenant(oracle));
        }
        (actor, EnableTenants { tenants }.into())
    }

    /// Somebody above deletes a tenant that is disabled, or that others manage as well.
    fn gen_delete_disabled(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let shared = self.rng.percent(30);
        let tenant = self.tenant_where(oracle, |tenant| {
            let above = oracle.links_above(tenant.id, now).len();
            !tenant.deleted
                && if shared { above > 1 } else { above > 0 && tenant.operation != Operation::Enabled }
        });
        let actor = match self.one_who_may(oracle, "tenant.delete", tenant, false) {
            Some(user) if self.rng.percent(80) => Actor::User(user),
            _ => self.actor_for(oracle, "tenant.delete", tenant),
        };
        let (tenants, confirm, cascade) = (vec![tenant], "delete".to_owned(), self.rng.percent(40));
        (actor, DeleteTenants { tenants, confirm, cascade }.into())
    }

    /// A client or somebody for a multi-client that is locked; or one of its people tries to reach its clients.
    fn gen_below_locked(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let locked: Vec<&Tenant> = oracle
            .tenants
            .iter()
            .filter(|tenant| tenant.kind == TenantKind::Msp && oracle.is_locked(tenant.id, now))
            .collect();
        let Some(home) = self.rng.pick(&locked).map(|home| home.id) else {
            return self.gen_add_customer(oracle);
        };
        let below: Vec<TenantId> = oracle.all_below(home, now).into_iter().collect();
        let people = oracle.users.iter().filter(|user| user.home == home && user.state == UserState::Active);
        let people: Vec<UserId> = people.map(|user| user.id).collect();
        match (self.rng.pick(&people).copied(), self.rng.pick(&below).copied()) {
            (None, _) => {
                let role = oracle.super_role();
                (self.operator(), self.register_user(home, role).into())
            }
            (_, None) => match self.one_who_may(oracle, "customers.add", home, false) {
                Some(user) => (Actor::User(user), self.add_customer_under(oracle, home).into()),
                None => (self.operator(), self.add_customer_under(oracle, home).into()),
            },
            (Some(user), Some(tenant)) => {
                let command = match self.rng.below(3) {
                    0 => DisableTenants { tenants: vec![tenant] }.into(),
                    1 => {
                        DeleteTenants { tenants: vec![tenant], confirm: "delete".to_owned(), cascade: false }
                            .into()
                    }
                    _ => EditTenant { name: Some(self.company()), ..EditTenant::new(tenant) }.into(),
                };
                (Actor::User(user), command)
            }
        }
    }

    /// Takes away what a pending handshake rests on: the sender goes or loses the role, their home or the tenant is disabled,
    /// a grant is withdrawn, a link ends.
    fn gen_take_ground(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending = |state| state == HandshakeState::Pending;
        let mut grounds: Vec<(UserId, TenantId)> = Vec::new();
        for offer in oracle.invitations.iter().filter(|one| pending(one.state)) {
            if let Some(Subject::User(sender)) = offer.sender {
                grounds.push((sender, offer.tenant));
            }
        }
        for one in oracle.moves.iter().filter(|one| pending(one.state)) {
            if let Some(Subject::User(sender)) = one.sender {
                grounds.push((sender, one.customer));
            }
        }
        for request in oracle.requests.iter().filter(|one| pending(one.state)) {
            if request.sender.is_some()
                && let Some(sender) = self.one_who_may(oracle, "customers.add", request.manager, true)
            {
                grounds.push((sender, request.manager));
            }
        }
        for one in oracle.proposals.iter().filter(|one| pending(one.state)) {
            if let Some(sender) = self.one_who_may(oracle, "customers.add", one.manager, true) {
                grounds.push((sender, one.managed));
            }
        }
        let Some((sender, tenant)) = self.rng.pick(&grounds).copied() else {
            return self.gen_invite(oracle);
        };
        let home = oracle.user(sender).map_or(tenant, |user| user.home);
        let boss = self.one_who_may(oracle, "users.manage", home, true);
        let actor = match boss {
            Some(boss) if boss != sender && self.rng.percent(70) => Actor::User(boss),
            _ => self.operator(),
        };
        let mut links = oracle.links_above(tenant, self.now);
        links.retain(|link| link.manager == home || oracle.manages(home, link.manager, self.now));
        let link = self.rng.pick(&links).copied().cloned();
        match (self.rng.below(12), link) {
            (0..=1, _) => (actor, BlockUser { user: sender }.into()),
            (2, _) => (actor, RemoveUser { user: sender }.into()),
            (3, _) => {
                let assignments = vec![UserOnTenant { user: sender, tenant: home }];
                (actor, Unassign::new(assignments).into())
            }
            (4..=5, _) => {
                let role = RoleRef::Builtin(word(["read_only", "no_access"][self.rng.below(2)]));
                let tenant = if self.rng.percent(50) { home } else { tenant };
                let assignments = vec![NewAssignment { user: sender, tenant, role, below: Some(true) }];
                (actor, Assign::new(assignments).into())
            }
            (6, _) => {
                let tenants = vec![if self.rng.percent(50) { home } else { tenant }];
                (self.operator(), DisableTenants { tenants }.into())
            }
            (7..=8, Some(link)) => {
                let actor = match self.rng.pick(&oracle.active_super_admins(link.managed, self.now)) {
                    Some(user) => Actor::User(*user),
                    None => self.operator(),
                };
                (actor, SetManagerGrants { link: link.id, grants: BTreeSet::new() }.into())
            }
            (9.., Some(link)) => {
                let asked = link.stage != Stage::Active;
                let party = if link.stage == Stage::DelinkRequestedByManager {
                    Party::Customer
                } else {
                    Party::Manager
                };
                let actor = Actor::operator_for(self.ticket());
                match asked {
                    true => (actor, AcceptDelink { link: link.id, party: Some(party) }.into()),
                    false => (actor, RequestDelink { link: link.id, party: Some(party) }.into()),
                }
            }
            _ => (actor, BlockUser { user: sender }.into()),
        }
    }

    /// Reminds of what is pending, again and again.
    fn gen_remind(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending = |state| state == HandshakeState::Pending;
        let mut found: Vec<(TenantId, &str, Command)> = Vec::new();
        for one in oracle.requests.iter().filter(|one| pending(one.state)) {
            found.push((one.manager, "customers.add", ResendLinkRequest { request: one.id }.into()));
        }
        for one in oracle.invitations.iter().filter(|one| pending(one.state)) {
            let command = ResendInvitation { invitation: one.id };
            let through = oracle.links_above(one.tenant, self.now).into_iter().find(|_| one.sign_up);
            match through {
                Some(link) => found.push((link.manager, "customers.add", command.into())),
                None => found.push((one.tenant, "users.manage", command.into())),
            }
        }
        for one in oracle.proposals.iter().filter(|one| pending(one.state)) {
            found.push((one.manager, "customers.add", ResendProposal { proposal: one.id }.into()));
        }
        for one in oracle.moves.iter().filter(|one| pending(one.state)) {
            found.push((one.manager, "devices.manage", ResendMove { id: one.id }.into()));
        }
        for link in oracle.links.iter().filter(|link| link.stage == Stage::DelinkRequestedByManager) {
            let command = ResendDelink { link: link.id, party: None };
            found.push((link.manager, "customers.delink", command.into()));
        }
        // The first half of the time always the same one.
        let chosen = match self.rng.percent(50) {
            true => found.first().cloned(),
            false => self.rng.pick(&found).cloned(),
        };
        match chosen {
            Some((tenant, permission, command)) => (self.actor_for(oracle, permission, tenant), command),
            None => self.gen_request_link(oracle),
        }
    }

    /// Something about a delink: mostly what fits whether one has been asked for.
    pub(super) fn delink_command(&mut self, link: &Link, asked: bool, party: Option<Party>) -> Command {
        let link = link.id;
        let roll = if asked { self.rng.below(100) } else { 70 + self.rng.below(100) };
        match roll {
            0..=19 => AcceptDelink { link, party }.into(),
            20..=37 => RejectDelink { link, party }.into(),
            38..=52 => ResendDelink { link, party }.into(),
            53..=69 => CancelDelink { link, party }.into(),
            70..=155 => RequestDelink { link, party }.into(),
            156..=159 => AcceptDelink { link, party }.into(),
            160..=163 => RejectDelink { link, party }.into(),
            164..=166 => ResendDelink { link, party }.into(),
            _ => CancelDelink { link, party }.into(),
        }
    }
}
