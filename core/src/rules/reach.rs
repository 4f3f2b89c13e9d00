//! Whom access may concern: the tenants that somebody's assignments may reach, and the people
//! whose assignments may reach a tenant. Found one by one, in an order that one can go on in, so
//! that a review costs the rows it shows and not the million that it does not.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::graph;
use super::world::{World, given_by};
use crate::base::ids::{TenantId, UserId};
use crate::model::{Assignment, Link, User};
use crate::view::{Index, Key, Span, Spot, ViewError};

/// Which way one goes, and after what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Going {
    /// The place that was come to, if any.
    pub(crate) after: Option<Spot>,
    /// From the last to the first.
    pub(crate) backwards: bool,
}

/// Some tenants, and whatever some managers manage directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tenants {
    own: BTreeSet<TenantId>,
    managers: BTreeSet<TenantId>,
}

impl Tenants {
    /// Those that a user's assignments may reach.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn of(world: &World<'_>, user: UserId) -> Result<Self, ViewError> {
        let assignments = world.assignments_of(user)?;
        let spreading = assignments.iter().filter(|it| it.below).map(|it| it.tenant).collect();
        let managers = &graph::managers_below(world, &spreading)? | &spreading;
        Ok(Self { own: assignments.iter().map(|it| it.tenant).collect(), managers })
    }

    /// A tenant, and whatever is below it.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn from(world: &World<'_>, tenant: TenantId) -> Result<Self, ViewError> {
        let own = BTreeSet::from([tenant]);
        let managers = &graph::managers_below(world, &own)? | &own;
        Ok(Self { own, managers })
    }

    /// A tenant alone.
    pub(crate) fn only(tenant: TenantId) -> Self {
        Self { own: BTreeSet::from([tenant]), managers: BTreeSet::new() }
    }

    /// Whether a tenant is among them.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn has(&self, world: &World<'_>, tenant: TenantId) -> Result<bool, ViewError> {
        Ok(self.own.contains(&tenant) || self.manager(world, tenant)?.is_some())
    }

    /// The manager under which a tenant stands: the first of those that are among these.
    fn manager(&self, world: &World<'_>, tenant: TenantId) -> Result<Option<TenantId>, ViewError> {
        if self.managers.is_empty() {
            return Ok(None);
        }
        let above = world.links_above(tenant)?;
        Ok(above.iter().map(|link| link.manager).filter(|it| self.managers.contains(it)).min())
    }

    /// Each of them once, with its place: those themselves by their ids, then manager by manager.
    pub(crate) fn each<'a>(
        &'a self,
        world: &'a World<'_>,
        going: Going,
    ) -> impl Iterator<Item = Result<(Spot, TenantId), ViewError>> + 'a {
        let place = |tenant: &TenantId| ((Key::new().id(Uuid::nil()), tenant.uuid()), *tenant);
        let backwards = going.backwards;
        let own = ordered(self.own.iter().map(place).collect(), going.clone()).map(Ok);
        let managers = self.managers.iter().copied().collect();
        let managed = owned(managers, going, move |manager, going| {
            // All of them stand under one key.
            let key = Key::new().id(manager.uuid()).flag(true);
            let span = Span::under(Index::LinkManager, key.clone()).turned(going.backwards);
            let span = going.after.map_or(span.clone(), |(_, id)| span.after(key, id));
            let mut scan = world.view.within::<Link>(span);
            std::iter::from_fn(move || scan.next_found()).filter_map(move |found| {
                found.and_then(|(_, id, link)| self.under(world, manager, id, &link)).transpose()
            })
        });
        let parts: [Each<'a, TenantId>; 2] = [Box::new(own), Box::new(managed)];
        let parts = if backwards { parts.into_iter().rev().collect() } else { Vec::from(parts) };
        parts.into_iter().flatten()
    }

    /// The tenant of a manager's link, where it stands under that manager.
    fn under(
        &self,
        world: &World<'_>,
        manager: TenantId,
        id: Uuid,
        link: &Link,
    ) -> Result<Option<(Spot, TenantId)>, ViewError> {
        let stands = link.is_in_force(world.at)
            && !self.own.contains(&link.managed)
            && self.manager(world, link.managed)? == Some(manager);
        Ok(stands.then(|| ((Key::new().id(manager.uuid()), id), link.managed)))
    }
}

/// The people whose assignments may reach a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct People {
    tenant: TenantId,
    holders: BTreeSet<TenantId>,
}

impl People {
    /// Those of a tenant.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn of(world: &World<'_>, tenant: TenantId) -> Result<Self, ViewError> {
        let mut holders = graph::above(world, tenant, &BTreeSet::new())?;
        holders.insert(tenant);
        Ok(Self { tenant, holders })
    }

    /// The organisations that they may be at home in: whoever is at home elsewhere reaches nothing.
    pub(crate) const fn homes(&self) -> &BTreeSet<TenantId> {
        &self.holders
    }

    /// Whether somebody is among them.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn has(&self, world: &World<'_>, user: UserId) -> Result<bool, ViewError> {
        Ok(self.holder(world, user)?.is_some())
    }

    /// The tenant under which somebody stands: the first on which an assignment of theirs may
    /// reach.
    fn holder(&self, world: &World<'_>, user: UserId) -> Result<Option<TenantId>, ViewError> {
        for holder in &self.holders {
            let assignment = world.assignment(user, *holder)?;
            if assignment.is_some_and(|it| it.below || it.tenant == self.tenant) {
                return Ok(Some(*holder));
            }
        }
        Ok(None)
    }

    /// Each of them once, with their place: role by role on one tenant after the other.
    pub(crate) fn each<'a>(
        &'a self,
        world: &'a World<'_>,
        going: Going,
    ) -> impl Iterator<Item = Result<(Spot, Arc<User>), ViewError>> + 'a {
        let holders = self.holders.iter().copied().collect();
        owned(holders, going, move |holder, going| {
            let span = Span::under(Index::AssignmentTenant, Key::new().id(holder.uuid()));
            let span = span.turned(going.backwards);
            let span = going.after.map_or(span.clone(), |(key, id)| span.after(key, id));
            let mut scan = world.view.within::<Assignment>(span);
            std::iter::from_fn(move || scan.next_found()).filter_map(move |found| {
                let found = found.and_then(|(key, id, given)| {
                    // Of several roles, they stand under the one that decides.
                    let held = given.in_force(world.at).filter(|held| held.role == *given_by(&key, &given));
                    let reaches = held.is_some_and(|held| held.below || held.tenant == self.tenant);
                    let stands = reaches && self.holder(world, given.user)? == Some(holder);
                    let user = if stands { world.user(given.user)? } else { None };
                    Ok(user.map(|user| ((key, id), user)))
                });
                found.transpose()
            })
        })
    }
}

/// Things one by one, each with its place.
type Each<'a, T> = Box<dyn Iterator<Item = Result<(Spot, T), ViewError>> + 'a>;

/// What stands under each of these owners, one after the other. The key of its place begins with
/// its owner.
fn owned<'a, T: 'a, I: Iterator<Item = T> + 'a>(
    mut owners: Vec<TenantId>,
    going: Going,
    under: impl Fn(TenantId, Going) -> I + 'a,
) -> impl Iterator<Item = T> + 'a {
    if going.backwards {
        owners.reverse();
    }
    owners
        .into_iter()
        .filter_map(move |owner| {
            let of = Key::new().id(owner.uuid());
            let Some((key, _)) = &going.after else { return Some(under(owner, going.clone())) };
            match key.clone().following(&of) {
                Some(_) => Some(under(owner, going.clone())),
                None if (of < *key) != going.backwards => None,
                None => Some(under(owner, Going { after: None, ..going.clone() })),
            }
        })
        .flatten()
}

/// These from a place on, which way ever.
fn ordered<T>(mut all: Vec<(Spot, T)>, going: Going) -> impl Iterator<Item = (Spot, T)> {
    if going.backwards {
        all.reverse();
    }
    all.into_iter().filter(move |(place, _)| match &going.after {
        Some(after) => (place < after) == going.backwards && place != after,
        None => true,
    })
}
