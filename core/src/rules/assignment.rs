//! Who works where, and as what (P-9 to P-11, U-4). Reads a view, returns events.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{self, Gate};
use super::batch::Batch;
use super::graph;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::command::{AddCustomer, Assign, Authorization, NewAssignment, Unassign, UserOnTenant};
use crate::event::Event;
use crate::model::{Actor, RoleRef, User, UserState};
use crate::refusal::Code;
use crate::view::ViewError;

/// Gives users roles on tenants (P-11).
///
/// # Errors
/// `empty_batch`, `duplicate_item` and, item by item, `no_such_user`, `unknown_tenant`, `unknown_role`,
/// `beyond_own_rights`, `super_admin_only`, `user_state_conflict`, `last_super_admin`, `out_of_reach`.
pub fn assign(world: &World<'_>, actor: &Actor, command: &Assign) -> Ruling<Decision> {
    world.admit(actor, Gate::Shut)?;
    let mut batch = Batch::new(command.assignments.is_empty());
    let places: Vec<_> = command
        .assignments
        .iter()
        .map(|item| UserOnTenant { user: item.user, tenant: item.tenant })
        .collect();
    bar_duplicates(&places, &mut batch);
    let unmade = unmade_super_admins(world, &command.assignments)?;
    let mut events = Vec::new();
    for (index, item) in command.assignments.iter().enumerate() {
        let Some(user) = batch.note(index, world.managed_user(actor, item.user))? else { continue };
        let Some(below) = batch.note(index, one(world, actor, &user, item))? else { continue };
        if let Some(leaving) = unmade.get(&item.tenant)
            && !world.is_super(&item.role)
            && world.super_admins(item.tenant)?.contains(&item.user)
        {
            batch.note(index, world.keep_super_admin(item.tenant, leaving))?;
        }
        events.push(Event::Assigned { user: item.user, tenant: item.tenant, role: item.role.clone(), below });
    }
    batch.lift()?;
    Ok(events.into())
}

/// One assignment's bars; hands on whether it covers what is below.
fn one(world: &World<'_>, actor: &Actor, user: &User, item: &NewAssignment) -> Ruling<bool> {
    let Some(tenant) = world.living(item.tenant)? else { return refuse(Code::UnknownTenant, item.tenant) };
    if let Actor::User(id) = actor
        && let Some(admitted) = world.user(*id)?
        && !access::sees(world, &admitted, tenant.id)?
    {
        return refuse(Code::UnknownTenant, tenant.id);
    }
    let below = item.below.unwrap_or_else(|| tenant.kind.covers_below());
    let mut bars = Bars::new();
    bars.note(known_role(world, &item.role, &[user.home, tenant.id]))?;
    bars.note(may_hand_out(world, actor, tenant.id, &item.role, below))?;
    if world.assignment(user.id, tenant.id)?.is_some_and(|before| world.is_super(&before.role)) {
        bars.note(super_only(world, actor, tenant.id, user.id))?;
    }
    bars.bar(!user.state.is_living(), Code::UserStateConflict, user.id);
    let reached = user.home == tenant.id || graph::manages(world, user.home, tenant.id, &BTreeSet::new())?;
    bars.bar(!reached, Code::OutOfReach, tenant.id);
    bars.lift()?;
    Ok(below)
}

/// The super admins at home to whom a batch gives a lesser role, where it makes no new ones in their place.
fn unmade_super_admins(
    world: &World<'_>,
    items: &[NewAssignment],
) -> Result<BTreeMap<TenantId, BTreeSet<UserId>>, ViewError> {
    let mut unmade: BTreeMap<TenantId, BTreeSet<UserId>> = BTreeMap::new();
    let mut made = BTreeSet::new();
    for item in items {
        if !world.is_super(&item.role) {
            unmade.entry(item.tenant).or_default().insert(item.user);
        } else if world
            .user(item.user)?
            .is_some_and(|user| user.home == item.tenant && user.state == UserState::Active)
        {
            made.insert(item.tenant);
        }
    }
    unmade.retain(|tenant, _| !made.contains(tenant));
    Ok(unmade)
}

/// Takes users' roles on tenants away (P-11).
///
/// # Errors
/// `empty_batch`, `duplicate_item` and, item by item, `no_such_user`, `unknown_tenant`, `super_admin_only`,
/// `last_super_admin`, `not_assigned`.
pub fn unassign(world: &World<'_>, actor: &Actor, command: &Unassign) -> Ruling<Decision> {
    world.admit(actor, Gate::Shut)?;
    let mut batch = Batch::new(command.assignments.is_empty());
    bar_duplicates(&command.assignments, &mut batch);
    let mut events = Vec::new();
    for (index, item) in command.assignments.iter().enumerate() {
        let Some(user) = batch.note(index, world.managed_user(actor, item.user))? else { continue };
        let Some(before) = world.assignment(user.id, item.tenant)? else {
            batch.add(index, Code::NotAssigned, item.tenant);
            continue;
        };
        if world.is_super(&before.role) {
            batch.note(index, super_only(world, actor, item.tenant, user.id))?;
        }
        let leaving = command
            .assignments
            .iter()
            .filter(|other| other.tenant == item.tenant)
            .map(|other| other.user)
            .collect();
        if user.home == item.tenant && world.is_super(&before.role) {
            batch.note(index, world.keep_super_admin(item.tenant, &leaving))?;
        }
        events.push(Event::AssignmentEnded { user: item.user, tenant: item.tenant });
    }
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
pub(super) fn on_new_customer(
    world: &World<'_>,
    actor: &Actor,
    command: &AddCustomer,
    tenant: TenantId,
    bars: &mut Bars,
) -> Result<Vec<Event>, ViewError> {
    let mut batch = Batch::new(false);
    let mut seen = BTreeSet::new();
    let mut events = Vec::new();
    for (index, item) in command.authorize.iter().enumerate() {
        if !seen.insert(item.user) {
            batch.add(index, Code::DuplicateItem, item.user);
        }
        if let Some(user) = batch.note(index, world.managed_user(actor, item.user))? {
            batch.note(index, one_new(world, actor, &user, item, command.manager))?;
        }
        let below = item.below.unwrap_or_else(|| command.kind.covers_below());
        events.push(Event::Assigned { user: item.user, tenant, role: item.role.clone(), below });
    }
    bars.note(batch.lift())?;
    Ok(events)
}

fn one_new(world: &World<'_>, actor: &Actor, user: &User, item: &Authorization, manager: TenantId) -> Ruling {
    let mut bars = Bars::new();
    bars.note(known_role(world, &item.role, &[user.home]))?;
    // On the new tenant nobody holds anything but what reaches below its manager.
    if let Actor::User(id) = actor
        && let Some(giver) = world.user(*id)?
    {
        let roles = access::held_roles(world, &giver, manager, true)?;
        bars.bar(
            world.is_super(&item.role) && !roles.iter().any(|role| world.is_super(role)),
            Code::SuperAdminOnly,
            &item.role,
        );
        for permission in access::role_permissions(world, &item.role)? {
            let mut held = false;
            for role in &roles {
                held = held || access::role_holds(world, role, permission.as_str())?;
            }
            bars.bar(!held, Code::BeyondOwnRights, &item.role);
        }
    }
    bars.bar(!user.state.is_living(), Code::UserStateConflict, user.id);
    let reached = user.home == manager || graph::manages(world, user.home, manager, &BTreeSet::new())?;
    bars.bar(!reached, Code::OutOfReach, manager);
    bars.lift()
}

/// A role that may be given to people: built in, or a role of one of these tenants (P-9).
pub(super) fn known_role(world: &World<'_>, role: &RoleRef, owners: &[TenantId]) -> Ruling {
    let known = match role {
        RoleRef::Builtin(name) => world.policy.role(name).is_some(),
        RoleRef::Custom(id) => world.role(*id)?.is_some_and(|role| owners.contains(&role.tenant)),
    };
    if known { Ok(()) } else { refuse(Code::UnknownRole, role) }
}

/// Nobody hands out what they do not hold there themselves, and only a super admin makes a super admin (U-4).
pub(super) fn may_hand_out(
    world: &World<'_>,
    actor: &Actor,
    tenant: TenantId,
    role: &RoleRef,
    below: bool,
) -> Ruling {
    let Actor::User(id) = actor else { return Ok(()) };
    let Some(giver) = world.user(*id)? else { return refuse(Code::UnknownUser, id) };
    let mut bars = Bars::new();
    let permissions = access::role_permissions(world, role)?;
    if !permissions.is_empty() {
        let held = access::holds_all(world, &giver, tenant, below, &permissions)?;
        bars.bar(!held, Code::BeyondOwnRights, role);
    }
    if world.is_super(role) {
        bars.note(super_only(world, actor, tenant, role))?;
    }
    bars.lift()
}

/// Only a super admin of the tenant makes or unmakes one (U-4).
pub(super) fn super_only(
    world: &World<'_>,
    actor: &Actor,
    tenant: TenantId,
    about: impl std::fmt::Display,
) -> Ruling {
    let Actor::User(id) = actor else { return Ok(()) };
    match world.user(*id)? {
        Some(giver) if access::is_super_on(world, &giver, tenant)? => Ok(()),
        _ => refuse(Code::SuperAdminOnly, about),
    }
}
