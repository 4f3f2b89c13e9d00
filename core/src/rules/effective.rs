//! Effective access: all that checks allow a user on a tenant, with every permission and
//! service of the policy, and why. It asks the check itself, each time anew: there is no second
//! reading of the rules here.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Approach, Gate, Judgement};
use super::world::World;
use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::text::{Permission, Service};
use crate::query::{AccessWay, HeldPermission};
use crate::refusal::Code;
use crate::view::{Remembered, ViewError};

/// A permission that a check allows: with a service, or where none is named.
pub(crate) type Allowed = (Permission, Option<Service>);

/// Everything that a user may do on a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effective {
    ways: Vec<AccessWay>,
}

impl Effective {
    /// What checks allow a user on a tenant.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn of(world: &World<'_>, user: UserId, tenant: TenantId) -> Result<Self, ViewError> {
        let known = Remembered::of(world.view);
        let world = &world.through(&known);
        let Ok(approach) = Approach::of(world, user, tenant, Gate::Shut)? else { return Ok(Self::default()) };
        let on = |at: TenantId| world.assignment(user, at);
        // Nobody is allowed anything by less than an assignment.
        let mut assigned = false;
        for at in approach.deciding() {
            assigned = assigned || on(at)?.is_some();
        }
        let mut found = Ways::default();
        let alike = alike(&world.policy.services, &approach);
        for permission in world.policy.permissions.iter().filter(|_| assigned) {
            for services in &alike {
                let first = services.first().copied().flatten();
                let judged = approach.judge(permission.as_str(), first, &on)?;
                found.note(world, permission, services, judged)?;
            }
        }
        Ok(found.into_effective())
    }

    /// The most that anybody at home somewhere could be allowed on a tenant, whatever their role.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn at_most(
        world: &World<'_>,
        home: TenantId,
        tenant: TenantId,
    ) -> Result<BTreeSet<Allowed>, ViewError> {
        let Ok(approach) = Approach::from(world, home, tenant, Gate::Shut)? else {
            return Ok(BTreeSet::new());
        };
        let mut most = BTreeSet::new();
        let alike = alike(&world.policy.services, &approach);
        for permission in &world.policy.permissions {
            for services in &alike {
                let first = services.first().copied().flatten();
                let judged = approach.judge(permission.as_str(), first, &|_| Ok(None))?;
                // All that is missing is a role.
                if judged.reason == Some(Code::NoAssignment) {
                    most.extend(services.iter().map(|service| (permission.clone(), service.cloned())));
                }
            }
        }
        Ok(most)
    }

    /// What is allowed.
    pub(crate) fn allowed(&self) -> BTreeSet<Allowed> {
        let mut allowed = BTreeSet::new();
        for held in self.ways.iter().flat_map(|way| &way.held) {
            let services =
                held.services.iter().cloned().map(Some).chain((!held.services_only).then_some(None));
            allowed.extend(services.map(|service| (held.permission.clone(), service)));
        }
        allowed
    }

    /// Whether any of what is allowed is like this.
    pub(crate) fn allows_any(&self, like: impl Fn(&HeldPermission) -> bool) -> bool {
        self.ways.iter().flat_map(|way| &way.held).any(like)
    }

    /// Why, by the assignments that decide and the links that they come down by.
    pub(crate) fn into_ways(self) -> Vec<AccessWay> {
        self.ways
    }
}

/// Services that the same ways carry, and no service at all with those that all carry: whatever is
/// allowed with one of them is allowed with each. Those that no way carries are left out: nothing
/// is allowed with them.
fn alike<'p>(services: &'p BTreeSet<Service>, approach: &Approach<'_, '_>) -> Vec<Vec<Option<&'p Service>>> {
    let mut alike: BTreeMap<Vec<bool>, Vec<Option<&Service>>> = BTreeMap::new();
    for service in [None].into_iter().chain(services.iter().map(Some)) {
        alike.entry(approach.carrying(service)).or_default().push(service);
    }
    let carried = alike.into_iter().filter(|(by, _)| by.is_empty() || by.contains(&true));
    carried.map(|(_, services)| services).collect()
}

/// What was found so far, by the assignment and the chain that decided.
#[derive(Default)]
struct Ways {
    ways: BTreeMap<(Vec<LinkId>, TenantId), (AccessWay, Held)>,
}

/// What is held, by permission.
type Held = BTreeMap<Permission, HeldPermission>;

impl Ways {
    fn note(
        &mut self,
        world: &World<'_>,
        permission: &Permission,
        services: &[Option<&Service>],
        judged: Judgement,
    ) -> Result<(), ViewError> {
        let (None, Some(grounds)) = (judged.reason, judged.grounds) else { return Ok(()) };
        let chain: Vec<LinkId> = judged.chain.iter().map(|link| link.id).collect();
        let mut granted = false;
        for link in &judged.chain {
            granted = granted || world.agreed(link)?.need_grant_of(permission.as_str(), &world.policy);
        }
        let (way, held) = self.ways.entry((chain.clone(), grounds.tenant)).or_insert_with(|| {
            let way = AccessWay { grounds: Some(grounds), chain, held: Vec::new(), granted: BTreeSet::new() };
            (way, Held::new())
        });
        if granted {
            way.granted.insert(permission.clone());
        }
        let held = held.entry(permission.clone()).or_insert_with(|| nothing_of(permission));
        services.iter().for_each(|service| add(held, *service));
        Ok(())
    }

    fn into_effective(self) -> Effective {
        let ways = self.ways.into_values();
        let ways = ways.map(|(way, held)| AccessWay { held: held.into_values().collect(), ..way });
        Effective { ways: ways.collect() }
    }
}

/// A permission, of which nothing is held yet.
fn nothing_of(permission: &Permission) -> HeldPermission {
    HeldPermission { permission: permission.clone(), services: BTreeSet::new(), services_only: true }
}

fn add(held: &mut HeldPermission, service: Option<&Service>) {
    match service {
        Some(service) => drop(held.services.insert(service.clone())),
        None => held.services_only = false,
    }
}

/// What is allowed, permission by permission.
pub(crate) fn held<'a>(allowed: impl IntoIterator<Item = &'a Allowed>) -> Vec<HeldPermission> {
    let mut held: BTreeMap<&Permission, HeldPermission> = BTreeMap::new();
    for (permission, service) in allowed {
        add(held.entry(permission).or_insert_with(|| nothing_of(permission)), service.as_ref());
    }
    held.into_values().collect()
}
