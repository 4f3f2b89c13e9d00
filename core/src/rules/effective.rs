//! Effective access: all that checks allow a user on a tenant, with every permission and
//! service of the policy, and why. It goes the check's own steps, and of these none twice that come
//! to the same: there is no second reading of the rules here.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Approach, Deciding, Gate, first_giving, grounds};
use super::graph::Chain;
use super::world::World;
use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::text::{Permission, Service};
use crate::query::{AccessWay, Grounds, HeldPermission};
use crate::view::ViewError;

/// A permission that a check allows: with a service, or where none is named.
pub(crate) type Allowed<'p> = (&'p Permission, Option<&'p Service>);

/// Everything that a user may do on a tenant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Effective<'p> {
    ways: Vec<Way<'p>>,
}

/// What is allowed by one assignment, and the links that it comes down by.
#[derive(Debug, PartialEq, Eq)]
struct Way<'p> {
    chain: Vec<LinkId>,
    grounds: Grounds,
    held: Vec<(&'p Permission, BTreeSet<Option<&'p Service>>)>,
    granted: Vec<&'p Permission>,
}

impl<'p> Effective<'p> {
    /// What checks allow a user on a tenant.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn of(world: &'p World<'_>, user: UserId, tenant: TenantId) -> Result<Self, ViewError> {
        let Ok(approach) = Approach::of(world, user, tenant, Gate::Shut)? else { return Ok(Self::default()) };
        let mut given = BTreeMap::new();
        for at in approach.deciding() {
            given.extend(world.assignment(user, at)?.map(|assignment| (at, assignment)));
        }
        // Nobody is allowed anything by less than an assignment.
        if given.is_empty() {
            return Ok(Self::default());
        }
        // Most permissions go the same ways, and who decides on these is looked for once.
        let mut known: Vec<(Vec<&Chain>, Vec<Deciding<'_>>)> = Vec::new();
        let mut found = Self::default();
        let alike = alike(&world.policy.services, &approach);
        for permission in &world.policy.permissions {
            for services in &alike {
                let first = services.first().copied().flatten();
                let Ok(ways) = approach.ways(permission.as_str(), first)? else { continue };
                let place = match known.iter().position(|(known, _)| are_same(known, &ways)) {
                    Some(place) => place,
                    None => {
                        let nearest = approach.nearest(&ways, &|at| Ok(given.get(&at).cloned()))?;
                        known.push((ways, nearest));
                        known.len() - 1
                    }
                };
                let nearest = known.get(place).map_or(&[][..], |(_, nearest)| nearest);
                if let Some(deciding) = first_giving(world, nearest, permission.as_str())? {
                    found.note(world, permission, services, deciding)?;
                }
            }
        }
        found.ways.sort_by(|one, other| {
            (&one.chain, one.grounds.tenant).cmp(&(&other.chain, other.grounds.tenant))
        });
        Ok(found)
    }

    fn note(
        &mut self,
        world: &World<'_>,
        permission: &'p Permission,
        services: &[Option<&'p Service>],
        (chain, assignment): &Deciding<'_>,
    ) -> Result<(), ViewError> {
        let links = chain.map_or(&[][..], Vec::as_slice);
        let ids = || links.iter().map(|link| link.id);
        let same = |way: &&mut Way<'p>| {
            way.grounds.tenant == assignment.tenant && way.chain.iter().copied().eq(ids())
        };
        let way = match self.ways.iter_mut().find(same) {
            Some(way) => way,
            None => {
                let (chain, grounds) = (ids().collect(), grounds(assignment));
                self.ways.push(Way { chain, grounds, held: Vec::new(), granted: Vec::new() });
                match self.ways.last_mut() {
                    Some(way) => way,
                    None => return Ok(()),
                }
            }
        };
        match way.held.last_mut().filter(|(last, _)| *last == permission) {
            Some((_, held)) => held.extend(services),
            None => {
                way.held.push((permission, services.iter().copied().collect()));
                for link in links {
                    if world.agreed(link)?.need_grant_of(permission.as_str(), &world.policy) {
                        way.granted.push(permission);
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The most that anybody at home somewhere could be allowed on a tenant, whatever their role.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn at_most(
        world: &'p World<'_>,
        home: TenantId,
        tenant: TenantId,
    ) -> Result<BTreeSet<Allowed<'p>>, ViewError> {
        let Ok(approach) = Approach::from(world, home, tenant, Gate::Shut)? else {
            return Ok(BTreeSet::new());
        };
        let mut most = BTreeSet::new();
        let alike = alike(&world.policy.services, &approach);
        for permission in &world.policy.permissions {
            for services in &alike {
                let first = services.first().copied().flatten();
                // All that is missing is a role.
                if approach.ways(permission.as_str(), first)?.is_ok() {
                    most.extend(services.iter().map(|service| (permission, *service)));
                }
            }
        }
        Ok(most)
    }

    /// What is allowed.
    pub(crate) fn allowed(&self) -> BTreeSet<Allowed<'p>> {
        let held = self.ways.iter().flat_map(|way| &way.held);
        held.flat_map(|(permission, with)| with.iter().map(|service| (*permission, *service))).collect()
    }

    /// Whether anything is allowed.
    pub(crate) const fn is_any(&self) -> bool {
        !self.ways.is_empty()
    }

    /// Whether anything is allowed by this permission and with this service, if they are named.
    pub(crate) fn has(&self, permission: Option<&Permission>, service: Option<&Service>) -> bool {
        self.ways.iter().flat_map(|way| &way.held).any(|(held, with)| {
            permission.is_none_or(|wanted| wanted == *held)
                && service.is_none_or(|wanted| with.contains(&Some(wanted)))
        })
    }

    /// Why, by the assignments that decide and the links that they come down by.
    pub(crate) fn into_ways(self) -> Vec<AccessWay> {
        let told = |way: Way<'_>| AccessWay {
            grounds: Some(way.grounds),
            chain: way.chain,
            held: way.held.into_iter().map(|(permission, with)| holding(permission, with)).collect(),
            granted: way.granted.into_iter().cloned().collect(),
        };
        self.ways.into_iter().map(told).collect()
    }
}

/// Whether these are the very same chains.
fn are_same(some: &[&Chain], others: &[&Chain]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| std::ptr::eq(*one, *other))
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

/// A permission that is held, with these services and, where one is none, without.
fn holding<'p>(
    permission: &Permission,
    with: impl IntoIterator<Item = Option<&'p Service>>,
) -> HeldPermission {
    let (mut services, mut services_only) = (BTreeSet::new(), true);
    for service in with {
        match service {
            Some(service) => drop(services.insert(service.clone())),
            None => services_only = false,
        }
    }
    HeldPermission { permission: permission.clone(), services, services_only }
}

/// What is allowed, permission by permission.
pub(crate) fn held<'p>(allowed: impl IntoIterator<Item = Allowed<'p>>) -> Vec<HeldPermission> {
    let mut held: BTreeMap<&Permission, Vec<Option<&Service>>> = BTreeMap::new();
    for (permission, service) in allowed {
        held.entry(permission).or_default().push(service);
    }
    held.into_iter().map(|(permission, with)| holding(permission, with)).collect()
}
