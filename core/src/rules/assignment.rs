//! Who works where, and as what (P-9 to P-11, U-4). Reads a view, returns events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::authority;
use super::batch::Batch;
use super::graph;
use super::rights::{Giver, Handed, Offer, Place, Plan};
use super::world::{Bars, Decision, Ruling, Stop, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::command::{AddCustomer, Assign, Authorization, NewAssignment, Unassign, UserOnTenant};
use crate::event::Event;
use crate::model::{Actor, Assignment, RoleRef, User, UserState};
use crate::refusal::Code;
use crate::view::ViewError;

/// Gives users roles on tenants (P-11).
///
/// # Errors
/// `empty_batch`, `duplicate_item` and, item by item, those of [`authority::managed_user`],
/// `unknown_tenant`, `unknown_role`, `beyond_own_rights`, `super_admin_only`,
/// `reserved_for_customer`, `user_state_conflict`, `last_super_admin`, `out_of_reach`.
pub(crate) fn assign(world: &World<'_>, actor: &Actor, command: &Assign) -> Ruling<Decision> {
    let mut giver = Giver::of(world, actor)?;
    let mut batch = Batch::new(command.assignments.is_empty());
    let places: Vec<_> = command
        .assignments
        .iter()
        .map(|item| UserOnTenant { user: item.user, tenant: item.tenant })
        .collect();
    bar_duplicates(&places, &mut batch);
    let orphaned = orphaned_by(world, &mut giver, &command.assignments)?;
    let mut changes = Changes::default();
    let mut events = Vec::new();
    for (index, item) in command.assignments.iter().enumerate() {
        let NewAssignment { user: id, tenant, ref role, .. } = *item;
        let Some(user) = batch.note(index, authority::managed_user(world, actor, id))? else { continue };
        let Some(handed) = batch.note(index, one(world, &mut giver, &user, item))? else { continue };
        if orphaned.get(&tenant).is_some_and(|leaving| leaving.contains(&id)) {
            batch.add(index, Code::LastSuperAdmin, tenant);
        }
        let Handed { below, masked } = handed;
        let role = role.clone();
        changes.plan(index, user, Assignment { user: id, tenant, role: role.clone(), below, masked });
        events.push(Event::Assigned { user: id, tenant, role, below, masked });
    }
    changes.judge(&mut giver, &mut batch)?;
    batch.lift()?;
    Ok(events.into())
}

/// One assignment's bars; hands on how far it is given.
fn one(world: &World<'_>, giver: &mut Giver<'_, '_>, user: &User, item: &NewAssignment) -> Ruling<Handed> {
    let Some(tenant) = world.living(item.tenant)? else {
        return refuse(Code::UnknownTenant, item.tenant);
    };
    if !giver.sees(tenant.id)? {
        return refuse(Code::UnknownTenant, tenant.id);
    }
    let mut bars = Bars::new();
    bars.note(known_role(world, &item.role, &[user.home, tenant.id]))?;
    let handed = bars.note(giver.offer(&Offer {
        home: user.home,
        place: Place::On(tenant.id),
        role: &item.role,
        below: item.below,
        by_default: tenant.kind.covers_below(),
        masked: world.assignment(user.id, tenant.id)?.is_some_and(|before| before.masked),
    }))?;
    bars.bar(!user.state.is_living(), Code::UserStateConflict, user.id);
    let reached = user.home == tenant.id || graph::manages(world, user.home, tenant.id, &BTreeSet::new())?;
    bars.bar(!reached, Code::OutOfReach, tenant.id);
    bars.lift()?;
    Ok(handed.expect("the role is handed out where nothing bars the way"))
}

/// The changes of a batch, to be judged as a whole: what one of them leaves in place another may
/// take away.
#[derive(Default)]
struct Changes {
    plans: BTreeMap<UserId, Plan>,
    items: Vec<(usize, Arc<User>, TenantId)>,
}

impl Changes {
    fn plan(&mut self, index: usize, user: Arc<User>, assignment: Assignment) {
        let plan = self.plans.entry(user.id).or_default();
        plan.insert(assignment.tenant, Some(Arc::new(assignment.clone())));
        self.items.push((index, user, assignment.tenant));
    }

    fn end(&mut self, index: usize, user: Arc<User>, tenant: TenantId) {
        self.plans.entry(user.id).or_default().insert(tenant, None);
        self.items.push((index, user, tenant));
    }

    fn judge(&self, giver: &mut Giver<'_, '_>, batch: &mut Batch) -> Result<(), ViewError> {
        for (index, user, tenant) in &self.items {
            if let Some(plan) = self.plans.get(&user.id) {
                batch.note(*index, giver.change(user, plan, *tenant))?;
            }
        }
        Ok(())
    }
}

/// Of the tenants that a batch would leave without an active super admin (U-3), those who would
/// have to stay.
fn orphaned_by(
    world: &World<'_>,
    giver: &mut Giver<'_, '_>,
    items: &[NewAssignment],
) -> Result<BTreeMap<TenantId, BTreeSet<UserId>>, ViewError> {
    let mut leaving: BTreeMap<TenantId, BTreeSet<UserId>> = BTreeMap::new();
    let mut made = BTreeSet::new();
    for item in items {
        let Some(user) = world.user(item.user)? else { continue };
        let masked = world.assignment(user.id, item.tenant)?.is_some_and(|before| before.masked);
        if !world.is_super(&item.role) || giver.keeps_masked(user.home, masked)? {
            leaving.entry(item.tenant).or_default().insert(user.id);
        } else if user.home == item.tenant && user.state == UserState::Active {
            made.insert(item.tenant);
        }
    }
    leaving.retain(|tenant, _| !made.contains(tenant));
    orphaned(world, leaving)
}

/// Of these who would leave, all the active super admins of a tenant that has to keep one (U-3).
fn orphaned(
    world: &World<'_>,
    leaving: BTreeMap<TenantId, BTreeSet<UserId>>,
) -> Result<BTreeMap<TenantId, BTreeSet<UserId>>, ViewError> {
    let mut found = BTreeMap::new();
    for (tenant, leaving) in leaving {
        if world.is_orphaned_by(tenant, &leaving)? {
            found.insert(tenant, world.super_admins(tenant)?);
        }
    }
    Ok(found)
}

/// Takes users' roles on tenants away (P-11).
///
/// # Errors
/// `empty_batch`, `duplicate_item` and, item by item, those of [`authority::managed_user`],
/// `unknown_tenant`, `beyond_own_rights`, `super_admin_only`, `reserved_for_customer`,
/// `last_super_admin`, `not_assigned`.
pub(crate) fn unassign(world: &World<'_>, actor: &Actor, command: &Unassign) -> Ruling<Decision> {
    let mut giver = Giver::of(world, actor)?;
    let mut batch = Batch::new(command.assignments.is_empty());
    bar_duplicates(&command.assignments, &mut batch);
    let mut leaving: BTreeMap<TenantId, BTreeSet<UserId>> = BTreeMap::new();
    for item in &command.assignments {
        leaving.entry(item.tenant).or_default().insert(item.user);
    }
    let orphaned = orphaned(world, leaving)?;
    let mut changes = Changes::default();
    let mut events = Vec::new();
    for (index, &UserOnTenant { user: id, tenant }) in command.assignments.iter().enumerate() {
        let Some(user) = batch.note(index, authority::managed_user(world, actor, id))? else { continue };
        if !giver.sees(tenant)? {
            batch.add(index, Code::UnknownTenant, tenant);
            continue;
        }
        let Some(before) = world.assignment(id, tenant)? else {
            batch.add(index, Code::NotAssigned, tenant);
            continue;
        };
        if user.home == tenant && world.is_super_admin(&before) && orphaned.contains_key(&tenant) {
            batch.add(index, Code::LastSuperAdmin, tenant);
        }
        changes.end(index, user, tenant);
        events.push(Event::AssignmentEnded { user: id, tenant });
    }
    changes.judge(&mut giver, &mut batch)?;
    batch.lift()?;
    Ok(events.into())
}

fn bar_duplicates(places: &[UserOnTenant], batch: &mut Batch) {
    let mut seen = BTreeSet::new();
    for (index, place) in places.iter().enumerate() {
        if !seen.insert(place) {
            batch.add(index, Code::DuplicateItem, place.user);
        }
    }
}

/// The authorizations that come with a new customer, as if given right after it was linked (P-11).
///
/// # Errors
/// When the view cannot be read. Noted are `duplicate_item` and, item by item, those of
/// [`authority::managed_user`], `unknown_role`, `beyond_own_rights`, `super_admin_only`,
/// `reserved_for_customer`, `user_state_conflict`, `out_of_reach`.
pub(super) fn on_new_customer(
    world: &World<'_>,
    actor: &Actor,
    command: &AddCustomer,
    tenant: TenantId,
    bars: &mut Bars,
) -> Result<Vec<Event>, Stop> {
    let mut giver = Giver::of(world, actor)?;
    let mut batch = Batch::new(false);
    let mut seen = BTreeSet::new();
    let mut events = Vec::new();
    for (index, item) in command.authorize.iter().enumerate() {
        if !seen.insert(item.user) {
            batch.add(index, Code::DuplicateItem, item.user);
        }
        let Some(user) = batch.note(index, authority::managed_user(world, actor, item.user))? else {
            continue;
        };
        if let Some(handed) = batch.note(index, one_new(world, &mut giver, &user, item, command))? {
            let Handed { below, masked } = handed;
            events.push(Event::Assigned { user: item.user, tenant, role: item.role.clone(), below, masked });
        }
    }
    bars.note(batch.lift())?;
    Ok(events)
}

fn one_new(
    world: &World<'_>,
    giver: &mut Giver<'_, '_>,
    user: &User,
    item: &Authorization,
    command: &AddCustomer,
) -> Ruling<Handed> {
    let manager = command.manager;
    let mut bars = Bars::new();
    bars.note(known_role(world, &item.role, &[user.home]))?;
    // On the new tenant nobody holds anything but what reaches below its manager.
    let handed = bars.note(giver.offer(&Offer {
        home: user.home,
        place: Place::Below(manager),
        role: &item.role,
        below: item.below,
        by_default: command.kind.covers_below(),
        masked: false,
    }))?;
    bars.note(giver.override_below(user, manager, &item.role))?;
    bars.bar(!user.state.is_living(), Code::UserStateConflict, user.id);
    let reached = user.home == manager || graph::manages(world, user.home, manager, &BTreeSet::new())?;
    bars.bar(!reached, Code::OutOfReach, manager);
    bars.lift()?;
    Ok(handed.expect("the role is handed out where nothing bars the way"))
}

/// A role that may be given to people: built in, or a role of one of these tenants (P-9).
pub(super) fn known_role(world: &World<'_>, role: &RoleRef, owners: &[TenantId]) -> Ruling {
    let known = match role {
        RoleRef::Builtin(name) => world.policy.role(name).is_some(),
        RoleRef::Custom(id) => world.role(*id)?.is_some_and(|role| owners.contains(&role.tenant)),
    };
    if known { Ok(()) } else { refuse(Code::UnknownRole, role) }
}
