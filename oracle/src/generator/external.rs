//! Commands and questions about ids of other systems.

use tenantry::base::ids::{MoveId, TenantId, UserId};
use tenantry::base::text::{ExternalId, System};
use tenantry::base::time::Timestamp;
use tenantry::command::*;
use tenantry::model::{Actor, Bearer, TenantKind, UserState};
use tenantry::query::{ExternalIdFilter, Question};

use super::{Generator, word};
use crate::question::{Asked, ListQuestion, Turning};
use crate::world::{Device, Kept, LeadsTo, Link, Oracle, User};

impl Generator {
    pub(super) fn choose_about_external(&mut self, oracle: &Oracle, roll: usize) -> (Actor, Command) {
        match roll {
            0..=69 => self.gen_set_external_id(oracle),
            _ => self.gen_remove_external_id(oracle),
        }
    }

    fn system(&mut self) -> System {
        word(["connectwise", "halo", "halo.psa"][self.rng.below(3)])
    }

    pub(super) fn system_id(&mut self) -> SystemId {
        SystemId { system: self.system(), id: self.external_id() }
    }

    fn external_id(&mut self) -> ExternalId {
        let number = self.rng.below(14);
        word(&match self.rng.below(10) {
            0 => format!("c-{number}"),
            1 => format!("C-{number} 1"),
            2 => format!("\u{c4}-{number}"),
            _ => format!("C-{number}"),
        })
    }

    /// Who keeps an id, and whose it is what that leads to: mostly a manager and its customer.
    fn keeper_and_owner(&mut self, oracle: &Oracle) -> (TenantId, TenantId) {
        let now = self.now;
        let ends = |link: &Link| link.in_force(now) && link.end().is_some();
        let link = match self.rng.percent(20) && oracle.links.iter().any(ends) {
            true => self.link_where(oracle, ends),
            false => self.link_in_force(oracle),
        };
        let keeper = link.manager;
        match self.rng.below(100) {
            0..=61 => (keeper, link.managed),
            62..=79 => (keeper, keeper),
            80..=86 => {
                let below: Vec<TenantId> = oracle.all_below(link.managed, now).into_iter().collect();
                (keeper, self.rng.pick(&below).copied().unwrap_or(link.managed))
            }
            87..=91 => (keeper, self.living_tenant(oracle)),
            _ => {
                let tenant = match self.rng.percent(35) {
                    true => self.tenant_where(oracle, |t| !t.deleted && oracle.is_locked(t.id, now)),
                    false => self.living_tenant(oracle),
                };
                (tenant, tenant)
            }
        }
    }

    /// Something of an organisation's that an id could lead to.
    fn bearer(&mut self, oracle: &Oracle, owner: TenantId) -> Bearer {
        match self.rng.below(100) {
            0..=32 => Bearer::Tenant(owner),
            33..=65 => {
                let at_home = |user: &&User| user.home == owner;
                let people: Vec<&User> = oracle.users.iter().filter(at_home).collect();
                let invited = |user: &&User| user.state == UserState::Invited;
                let newcomers: Vec<&User> = people.iter().copied().filter(invited).collect();
                let user = match (self.rng.pick(&newcomers), self.rng.pick(&people), self.rng.below(100)) {
                    (Some(user), _, 0..=44) => user.id,
                    (_, Some(user), 0..=93) => user.id,
                    _ => self.any_user(oracle),
                };
                Bearer::User(user)
            }
            _ => {
                let held: Vec<LeadsTo> = oracle
                    .devices
                    .iter()
                    .filter(|device| device.holder() == owner)
                    .map(|device| LeadsTo::Device(device.id.clone()))
                    .collect();
                match self.rng.pick(&held) {
                    Some(device) if self.rng.percent(94) => {
                        let device = device.clone();
                        self.typed(oracle, &device)
                    }
                    _ => Bearer::Device(self.some_device(oracle).0),
                }
            }
        }
    }

    /// What an id leads to as somebody types it: a device by any of its ids.
    fn typed(&mut self, oracle: &Oracle, of: &LeadsTo) -> Bearer {
        match of {
            LeadsTo::Tenant(id) => Bearer::Tenant(*id),
            LeadsTo::User(id) => Bearer::User(*id),
            LeadsTo::Device(id) => match oracle.device(id) {
                Some(device) => Bearer::Device(word(&self.one_of(device))),
                None => Bearer::Device(word(id)),
            },
        }
    }

    /// A device in the pool of somebody who manages others, and its holder or whoever manages that.
    fn device_in_a_pool(&mut self, oracle: &Oracle) -> Option<(TenantId, TenantId, Bearer)> {
        let now = self.now;
        let pools: Vec<(TenantId, LeadsTo)> = oracle
            .devices
            .iter()
            .map(|device| (device.holder(), LeadsTo::Device(device.id.clone())))
            .filter(|(holder, _)| !oracle.links_below(*holder, now).is_empty())
            .collect();
        let (holder, device) = self.rng.pick(&pools)?.clone();
        let managers: Vec<TenantId> =
            oracle.links_above(holder, now).iter().map(|link| link.manager).collect();
        let keeper = match self.rng.pick(&managers) {
            Some(manager) if self.rng.percent(50) => *manager,
            _ => holder,
        };
        Some((keeper, holder, self.typed(oracle, &device)))
    }

    /// Somebody to decide about an id, mostly one who may.
    fn decides(&mut self, oracle: &Oracle, keeper: TenantId, of: &Bearer, owner: TenantId) -> Actor {
        let permission = match of {
            Bearer::User(_) => "users.manage",
            Bearer::Device(_) => "devices.manage",
            _ => "tenant.edit",
        };
        let roll = self.rng.below(100);
        if roll < 55 {
            let may = |user: UserId, permission: &str, tenant| {
                oracle.check(&Question::new(user, word(permission), tenant), self.now).0
            };
            let decides = |user: &&User| {
                (user.home == keeper || may(user.id, "tenant.edit", keeper))
                    && may(user.id, permission, owner)
            };
            let able: Vec<UserId> = oracle.users.iter().filter(decides).map(|user| user.id).collect();
            if let Some(user) = self.rng.pick(&able) {
                return Actor::User(*user);
            }
        }
        match roll {
            0..=74 => self.actor_for(oracle, permission, owner),
            75..=82 => match self.at_home(oracle, keeper) {
                Some(user) => Actor::User(user),
                None => self.operator(),
            },
            _ => self.actor_for(oracle, "tenant.edit", keeper),
        }
    }

    fn gen_set_external_id(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pooled = if self.rng.percent(20) { self.device_in_a_pool(oracle) } else { None };
        let (keeper, owner, mut of) = match pooled {
            Some(found) => found,
            None => {
                let (keeper, owner) = self.keeper_and_owner(oracle);
                (keeper, owner, self.bearer(oracle, owner))
            }
        };
        let (mut system, mut id) = (self.system(), self.external_id());
        let there: Vec<&Kept> = oracle.kept.iter().filter(|one| one.keeper == keeper).collect();
        if let Some(one) = self.rng.pick(&there).copied()
            && self.rng.percent(15)
        {
            (system, id) = (one.system.clone(), one.id.clone());
            if self.rng.percent(30) {
                of = self.typed(oracle, &one.of);
            }
        }
        let actor = self.decides(oracle, keeper, &of, owner);
        (actor, SetExternalId { keeper, system, id, of }.into())
    }

    fn gen_remove_external_id(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let roll = self.rng.below(100);
        match self.rng.pick(&oracle.kept) {
            Some(one) if roll < 92 => {
                let Kept { mut keeper, system, mut id, of, .. } = one.clone();
                let owner = oracle.owner_of(&of).unwrap_or(keeper);
                match roll {
                    0..=3 => id = self.external_id(),
                    4..=5 => keeper = self.living_tenant(oracle),
                    _ => {}
                }
                let of = self.typed(oracle, &of);
                (self.decides(oracle, keeper, &of, owner), RemoveExternalId { keeper, system, id }.into())
            }
            _ => {
                let (keeper, _) = self.keeper_and_owner(oracle);
                let (system, id) = (self.system(), self.external_id());
                let actor = self.actor_for(oracle, "tenant.edit", keeper);
                (actor, RemoveExternalId { keeper, system, id }.into())
            }
        }
    }

    /// As many ids for one thing as a tenant keeps, and more.
    pub(super) fn too_many_ids(&mut self, oracle: &Oracle) -> Vec<(Actor, Command)> {
        let (keeper, owner) = self.keeper_and_owner(oracle);
        let of = self.bearer(oracle, owner);
        let operator = Actor::operator_for(self.ticket());
        let mut commands = Vec::new();
        for number in 0..35 {
            let (system, id) = (self.system(), word(&format!("B-{number}")));
            let actor = if number < 33 { operator.clone() } else { self.decides(oracle, keeper, &of, owner) };
            commands.push((actor, SetExternalId { keeper, system, id, of: of.clone() }.into()));
        }
        commands
    }

    /// A device for which several keep ids is moved from the pool of one of them.
    pub(super) fn ids_of_what_moves(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let now = self.now;
        let customer = |id| oracle.tenant(id).is_some_and(|one| one.kind == TenantKind::Customer);
        let free = |device: &&Device| device.seat.is_none() && !oracle.is_moving(&device.id);
        let links: Vec<(&Link, &Device)> = oracle
            .links
            .iter()
            .filter(|link| link.in_force(now) && customer(link.managed))
            .flat_map(|link| {
                let pool = oracle.devices.iter().filter(free);
                pool.filter(move |device| device.holder() == link.manager).map(move |device| (link, device))
            })
            .collect();
        let above = |link: &Link| oracle.links_above(link.manager, now).first().map(|one| one.manager);
        let deep: Vec<(&Link, &Device)> =
            links.iter().copied().filter(|(link, _)| above(link).is_some()).collect();
        let (link, device) = *self.rng.pick(if deep.is_empty() { &links } else { &deep })?;
        let operator = Actor::operator_for(self.ticket());
        let mut commands: Vec<Command> = Vec::new();
        for keeper in [link.manager].into_iter().chain(above(link)) {
            let (system, id, of) = (self.system(), self.external_id(), Bearer::Device(word(&device.id)));
            commands.push(SetExternalId { keeper, system, id, of }.into());
        }
        let id = MoveId::from_uuid(self.fresh(8));
        let (manager, customer) = (link.manager, link.managed);
        let devices = [word(&device.id)].into();
        commands.push(MoveDevices { manager, customer, devices, id: Some(id) }.into());
        commands.push(ApproveMove { id }.into());
        Some(commands.into_iter().map(|command| (operator.clone(), command)).collect())
    }

    /// A random question about such ids.
    pub(super) fn about_external_ids(
        &mut self,
        oracle: &Oracle,
        at: Timestamp,
        turning: Turning,
    ) -> ListQuestion {
        let keeper = match self.rng.pick(&oracle.kept) {
            Some(one) if self.rng.percent(88) => one.keeper,
            _ => self.living_tenant(oracle),
        };
        let there: Vec<&Kept> = oracle.kept.iter().filter(|one| one.keeper == keeper).collect();
        let one = self.rng.pick(&there).copied();
        let viewer = match one.and_then(|one| oracle.owner_of(&one.of)) {
            Some(owner) if self.rng.percent(25) => self.actor_for(oracle, "tenant.view", owner),
            _ => self.actor_for(oracle, "tenant.view", keeper),
        };
        if self.rng.percent(45) {
            let (system, id) = match one {
                Some(one) if self.rng.percent(85) => (one.system.clone(), one.id.clone()),
                _ => (self.system(), self.external_id()),
            };
            return ListQuestion { viewer, asked: Asked::External(keeper, system, id), at };
        }
        let system = self.rng.percent(25).then(|| self.system());
        let beginnings = ["C", "C-1", "c-", "B-", "\u{c4}", "", "x"];
        let beginning = self.rng.percent(20).then(|| beginnings[self.rng.below(beginnings.len())].to_owned());
        let of = match one {
            _ if self.rng.percent(75) => None,
            Some(one) if self.rng.percent(85) => Some(self.typed(oracle, &one.of)),
            _ => Some(self.bearer(oracle, keeper)),
        };
        let filter = ExternalIdFilter { system, of, beginning };
        ListQuestion { viewer, asked: Asked::ExternalIds(keeper, filter, turning), at }
    }
}
