//! What comes about seldom by itself: kinds that are corrected under what waits or was sold, deletions above what is hidden,
//! and who asks again for what is not there for them (T-1, T-7, T-8).

use tenantry::base::ids::{LinkId, LinkRequestId, ManagerInvitationId, RoleId, TenantId, UploadId, UserId};
use tenantry::command::*;
use tenantry::model::{Actor, Bearer, HandshakeState, Party, ResellerStatus, RoleRef, TenantKind};

use super::{Generator, word};
use crate::world::{Link, Oracle};

impl Generator {
    /// A few commands in a row, the last first; none where there is nothing to begin with.
    pub(super) fn seldom(&mut self, oracle: &Oracle) -> Vec<(Actor, Command)> {
        if self.rng.percent(2) {
            let mut commands = self.too_many_ids(oracle);
            commands.reverse();
            return commands;
        }
        let made = match self.rng.below(25) {
            19.. => self.of_the_eligible(oracle),
            18 => self.ids_of_what_moves(oracle),
            0..=3 => self.correct_a_kind(oracle),
            4 => self.delete_above_what_is_hidden(oracle),
            5 => self.delete_beside_another(oracle),
            10..=17 => self.for_a_while(oracle),
            _ => self.ask_again(oracle),
        };
        let mut commands = made.unwrap_or_default();
        commands.reverse();
        commands
    }

    /// An operator corrects the kind of one between whom something waits, or of a reseller, and mostly takes it back.
    fn correct_a_kind(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        if self.rng.percent(30) {
            return self.correct_a_reseller(oracle, &operator);
        }
        let (now, mut commands) = (self.now, Vec::new());
        let pending = |state| state == HandshakeState::Pending;
        let requests =
            oracle.requests.iter().filter(|one| pending(one.state)).map(|r| (r.manager, r.managed));
        let invited = oracle.manager_invitations.iter().filter(|one| pending(one.state));
        let waiting: Vec<(TenantId, TenantId)> =
            requests.chain(invited.map(|one| (one.manager, one.tenant))).collect();
        let alone = |tenant: TenantId| oracle.links_below(tenant, now).is_empty();
        let unmanaged = |tenant: TenantId| oracle.links_above(tenant, now).is_empty();
        let (manager, managed) = match self.rng.pick(&waiting) {
            Some(pair) if self.rng.percent(50) => *pair,
            _ => {
                let of_kind =
                    |kind| oracle.tenants.iter().filter(move |one| !one.deleted && one.kind == kind);
                let managers: Vec<TenantId> =
                    of_kind(TenantKind::Msp).map(|one| one.id).filter(|id| alone(*id)).collect();
                let owned =
                    |id: &TenantId| unmanaged(*id) && !oracle.active_super_admins(*id, now).is_empty();
                let managed: Vec<TenantId> =
                    of_kind(TenantKind::Customer).map(|one| one.id).filter(owned).collect();
                let (manager, managed) = (*self.rng.pick(&managers)?, *self.rng.pick(&managed)?);
                commands.push((operator.clone(), self.handshake(oracle, manager, managed)));
                (manager, managed)
            }
        };
        let (tenant, kind) = match self.rng.percent(50) {
            true => (manager, TenantKind::Customer),
            false => (managed, TenantKind::Reseller),
        };
        let was = oracle.tenant(tenant)?.kind;
        commands.push((operator.clone(), ChangeTenantKind { tenant, kind }.into()));
        if self.rng.percent(80) {
            commands.push((operator, ChangeTenantKind { tenant, kind: was }.into()));
        }
        Some(commands)
    }

    /// A link request, or the invitation to send one.
    fn handshake(&mut self, oracle: &Oracle, manager: TenantId, managed: TenantId) -> Command {
        if self.rng.percent(50) {
            return self.request_between(oracle, manager, managed);
        }
        let number = oracle.tenant(manager).unwrap().number.clone();
        let invitation = Some(ManagerInvitationId::from_uuid(self.fresh(14)));
        InviteManager { tenant: managed, number, invitation }.into()
    }

    fn request_between(&mut self, oracle: &Oracle, manager: TenantId, managed: TenantId) -> Command {
        let request = RequestLink {
            request: Some(LinkRequestId::from_uuid(self.fresh(4))),
            manager,
            number: oracle.tenant(managed).unwrap().number.clone(),
            management: self.management(oracle),
            services: self.services(oracle),
            term: self.term(oracle),
        };
        request.into()
    }

    /// The kind of a reseller is corrected, after all that it sold was taken back and its list is empty, or before.
    fn correct_a_reseller(&mut self, oracle: &Oracle, by: &Actor) -> Option<Vec<(Actor, Command)>> {
        let (reseller, tenant) = self.added(oracle, |status| status != ResellerStatus::Inactive);
        let mut commands: Vec<Command> = Vec::new();
        let upload = UploadId::from_uuid(self.fresh(7));
        if self.rng.percent(40) {
            let devices = vec![vec![format!("SD-{}", self.made)].into()];
            commands.push(UploadDevices { reseller, to: tenant, devices, upload: Some(upload) }.into());
            commands.push(WithdrawUpload { upload, devices: None }.into());
        }
        if self.rng.percent(60) {
            let of_it = oracle.reseller_customers.iter().filter(|row| row.reseller == reseller);
            let listed: Vec<TenantId> = of_it.map(|row| row.tenant).collect();
            let removed = listed.into_iter().map(|tenant| RemoveResellerCustomer { reseller, tenant }.into());
            commands.extend(removed);
        }
        let kind = [TenantKind::Customer, TenantKind::Msp][self.rng.below(2)];
        commands.push(ChangeTenantKind { tenant: reseller, kind }.into());
        commands.push(ChangeTenantKind { tenant: reseller, kind: TenantKind::Reseller }.into());
        Some(commands.into_iter().map(|command| (by.clone(), command)).collect())
    }

    /// Somebody of a manager's or from above deletes it after they were kept off what it manages, or given there what does not
    /// show it.
    fn delete_above_what_is_hidden(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let now = self.now;
        let links: Vec<&Link> = oracle.links.iter().filter(|link| link.in_force(now)).collect();
        let shared = |link: &&Link| oracle.links_above(link.managed, now).len() > 1;
        let odd: Vec<&Link> = links.iter().copied().filter(shared).collect();
        let link = match self.rng.pick(&odd) {
            Some(link) if self.rng.percent(70) => (*link).clone(),
            _ => (*self.rng.pick(&links)?).clone(),
        };
        let at_home = self.rng.percent(40);
        let user = self
            .one_who_may(oracle, "tenant.delete", link.manager, at_home)
            .or_else(|| self.one_who_may(oracle, "tenant.delete", link.manager, !at_home))?;
        let mut commands = Vec::new();
        if self.rng.percent(75) {
            commands.extend(self.hide(oracle, &operator, user, link.managed));
        }
        if self.rng.percent(25) {
            let party = Some(Party::Manager);
            commands.push((operator, RequestDelink { link: link.id, party }.into()));
        }
        let (tenants, cascade) = (vec![link.manager], self.rng.percent(85));
        let deleted = DeleteTenants { tenants, confirm: "delete".to_owned(), cascade };
        commands.push((Actor::User(user), deleted.into()));
        Some(commands)
    }

    /// A new manager comes to manage what another does, parts from it now and then, and is deleted by somebody of its own who
    /// is mostly kept off that.
    fn delete_beside_another(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        if oracle.policy.max_managers < 2 {
            return None;
        }
        let operator = Actor::operator_for(self.ticket());
        let (_, Command::RequestLink(asked)) = self.gen_second_link(oracle)? else { return None };
        let shared = oracle.tenants.iter().find(|one| one.number == asked.number)?.id;
        let register = self.register_tenant(TenantKind::Msp);
        let manager = register.tenant?;
        let owner = self.register_user(manager, oracle.super_role());
        let user = owner.user?;
        let request = asked.request?;
        let link = LinkId::from_uuid(request.uuid());
        let asked = RequestLink { manager, ..asked };
        let mut commands: Vec<Command> =
            vec![register.into(), owner.into(), asked.into(), AcceptLink { request }.into()];
        if self.rng.percent(60) {
            let SystemId { system, id } = self.system_id();
            commands.push(SetExternalId { keeper: manager, system, id, of: Bearer::Tenant(shared) }.into());
        }
        if self.rng.percent(75) {
            let role = RoleRef::Builtin(word("no_access"));
            let off = NewAssignment { user, tenant: shared, role, below: Some(false) };
            commands.push(Assign::new(vec![off]).into());
        }
        if self.rng.percent(40) {
            let party = [Party::Manager, Party::Customer][self.rng.below(2)];
            commands.push(RequestDelink { link, party: Some(party) }.into());
        }
        let mut commands: Vec<_> = commands.into_iter().map(|command| (operator.clone(), command)).collect();
        let deleted = DeleteTenants { tenants: vec![manager], confirm: "delete".to_owned(), cascade: true };
        commands.push((Actor::User(user), deleted.into()));
        Some(commands)
    }

    /// An operator gives somebody a role by which they do not see a tenant, whatever else they may do there.
    fn hide(
        &mut self,
        oracle: &Oracle,
        operator: &Actor,
        user: UserId,
        tenant: TenantId,
    ) -> Vec<(Actor, Command)> {
        if self.rng.percent(60) {
            let role = RoleRef::Builtin(word("no_access"));
            let assignments = vec![NewAssignment { user, tenant, role, below: Some(false) }];
            return vec![(operator.clone(), Assign::new(assignments).into())];
        }
        let (role, create) = self.blind_role(oracle, user);
        let assignments =
            vec![NewAssignment { user, tenant, role: RoleRef::Custom(role), below: Some(false) }];
        let assign: Command = Assign::new(assignments).into();
        [create, assign].into_iter().map(|command| (operator.clone(), command)).collect()
    }

    /// A role of somebody's home that does much and shows nothing.
    fn blind_role(&mut self, oracle: &Oracle, user: UserId) -> (RoleId, Command) {
        let role = RoleId::from_uuid(self.fresh(6));
        let permissions = ["customers.add", "tenant.delete", "customers.delink"].map(word);
        let tenant = oracle.user(user).unwrap().home;
        let name = word(&format!("blind {}", self.made));
        (role, CreateRole { role: Some(role), tenant, name, permissions: permissions.into() }.into())
    }

    /// Somebody of a manager's side asks a tenant that is linked or was asked already, kept off it or without a sight of the
    /// manager.
    fn ask_again(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let now = self.now;
        let links: Vec<&Link> = oracle.links.iter().filter(|link| link.in_force(now)).collect();
        let deep: Vec<&Link> =
            links.iter().copied().filter(|link| !oracle.links_above(link.manager, now).is_empty()).collect();
        let from_above = !deep.is_empty() && self.rng.percent(50);
        let link = (*self.rng.pick(if from_above { &deep } else { &links })?).clone();
        let user = self.one_who_may(oracle, "customers.add", link.manager, !from_above)?;
        let mut commands = Vec::new();
        if from_above && self.rng.percent(50) {
            let (role, create) = self.blind_role(oracle, user);
            let blind = RoleRef::Custom(role);
            let view = RoleRef::Builtin(word("read_only"));
            let assignments = [(link.manager, blind), (link.managed, view)];
            let assignments = assignments
                .into_iter()
                .map(|(tenant, role)| NewAssignment { user, tenant, role, below: Some(false) })
                .collect();
            commands
                .extend([create, Assign::new(assignments).into()].map(|command| (operator.clone(), command)));
        } else if self.rng.percent(70) {
            commands.extend(self.hide(oracle, &operator, user, link.managed));
        }
        let mut asked = link.managed;
        if self.rng.percent(50) {
            let asks: Command = RequestDelink { link: link.id, party: Some(Party::Manager) }.into();
            let agrees = AcceptDelink { link: link.id, party: Some(Party::Customer) }.into();
            let again = self.request_between(oracle, link.manager, asked);
            commands.extend([asks, agrees, again].map(|command| (operator.clone(), command)));
        } else if self.rng.percent(30) {
            let owned: Vec<TenantId> = oracle
                .tenants
                .iter()
                .filter(|one| !one.deleted && one.id != link.manager)
                .filter(|one| !oracle.active_super_admins(one.id, now).is_empty())
                .map(|one| one.id)
                .collect();
            asked = *self.rng.pick(&owned)?;
            commands.push((operator, self.request_between(oracle, link.manager, asked)));
        }
        commands.push((Actor::User(user), self.request_between(oracle, link.manager, asked)));
        Some(commands)
    }
}
