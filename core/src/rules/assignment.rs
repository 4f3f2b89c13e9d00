//! Who works where, and as what (P-9 to P-11, U-4), for good or for a while. Reads a view,
//! returns events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::authority;
use super::batch::Batch;
use super::graph;
use super::rights::{Giver, Handed, Offer, Place, Plan};
use super::temporary::{self, Spell};
use super::world::{Bars, Decision, Ruling, Stop, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::command::{AddCustomer, Assign, Authorization, NewAssignment, Unassign, UserOnTenant};
use crate::event::Event;
use crate::model::{Actor, Assignment, RoleRef, Temporary, User, UserState};
use crate::refusal::Code;
use crate::view::ViewError;

/// Gives users roles on tenants (P-11), for good or for a while.
///
/// # Events
/// `temporary_ended` of what was active of something that is replaced.
///
/// # Errors
/// `empty_batch`, `duplicate_item` and, item by item, those of [`authority::managed_user`],
/// `unknown_tenant`, `unknown_role`, `beyond_own_rights`, `super_admin_only`,
/// `reserved_for_customer`, `end_required`, `end_passed`, `ends_before_it_begins`, `end_too_far`,
/// `user_state_conflict`, `last_super_admin`, `out_of_reach`, `too_many_temporaries`.
pub(crate) fn assign(world: &World<'_>, actor: &Actor, command: &Assign) -> Ruling<Decision> {
    let mut giver = Giver::of(world, actor)?;
    let mut batch = Batch::new(command.assignments.is_empty());
    let places: Vec<_> = command
        .assignments
        .iter()
        .map(|item| UserOnTenant { user: item.user, tenant: item.tenant })
        .collect();
    bar_duplicates(&places, &mut batch);
    let wanted = Spell { starts: command.starts, ends: command.ends, eligible: command.eligible };
    let orphaned = orphaned_by(world, &mut giver, command)?;
    let mut changes = Changes::default();
    let mut events = Vec::new();
    for (index, item) in command.assignments.iter().enumerate() {
        let NewAssignment { user: id, tenant, ref role, .. } = *item;
        let Some(user) = batch.note(index, authority::managed_user(world, actor, id))? else { continue };
        let before = world.given(id, tenant)?;
        // Whatever bars its while, what it would take away is judged as well.
        let mut bars = Bars::new();
        wanted.bar(world, (user.home, tenant), before.as_deref(), &mut bars);
        batch.note(index, bars.lift())?;
        let handed = one(world, &mut giver, (&user, before.as_deref()), item, &wanted);
        let Some(handed) = batch.note(index, handed)? else { continue };
        if orphaned.get(&tenant).is_some_and(|leaving| leaving.contains(&id)) {
            batch.add(index, Code::LastSuperAdmin, tenant);
        }
        let Handed { below, masked } = handed;
        let role = role.clone();
        let (after, event) = match wanted.ends {
            Some(ends) => {
                let (starts, eligible) = (wanted.starts(world), wanted.eligible);
                let (begun, activated) = (false, None);
                let laid =
                    Temporary { role: role.clone(), below, masked, starts, ends, begun, eligible, activated };
                // What is active of what it takes the place of ends with that.
                let active = before.as_ref().and_then(|before| before.active_of(ends)).map(|it| it.ends);
                let left = match (&before, active) {
                    (Some(before), Some(active)) => before.without_laid(active),
                    _ => before.as_deref().cloned(),
                };
                events.extend(active.map(|ends| Event::TemporaryEnded { user: id, tenant, ends }));
                let after = Assignment::with_laid(left.as_ref(), id, tenant, laid);
                let user = id;
                (
                    after,
                    Event::TemporaryAssigned { user, tenant, role, below, masked, starts, ends, eligible },
                )
            }
            None => {
                let standing = Assignment::standing(id, tenant, role.clone(), below, masked);
                let after = Assignment::with_standing(before.as_deref(), standing);
                (after, Event::Assigned { user: id, tenant, role, below, masked })
            }
        };
        changes.plan(index, user, tenant, Some(after));
        events.push(event);
    }
    changes.judge(&mut giver, &mut batch)?;
    batch.lift()?;
    Ok(events.into())
}

/// The bars of one assignment to somebody to whom this is given there already, but those of its
/// while; hands on how far it is given.
fn one(
    world: &World<'_>,
    giver: &mut Giver<'_, '_>,
    (user, given): (&User, Option<&Assignment>),
    item: &NewAssignment,
    wanted: &Spell,
) -> Ruling<Handed> {
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
        masked: given.is_some_and(|given| is_masked(world, given)),
        during: wanted.during(world),
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
    fn plan(&mut self, index: usize, user: Arc<User>, tenant: TenantId, after: Option<Assignment>) {
        self.plans.entry(user.id).or_default().insert(tenant, after.map(Arc::new));
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
    command: &Assign,
) -> Result<BTreeMap<TenantId, BTreeSet<UserId>>, ViewError> {
    let mut leaving: BTreeMap<TenantId, BTreeSet<UserId>> = BTreeMap::new();
    let mut made = BTreeSet::new();
    for item in &command.assignments {
        let Some(user) = world.user(item.user)? else { continue };
        let given = world.given(user.id, item.tenant)?;
        let masked = given.as_ref().is_some_and(|given| is_masked(world, given));
        if !world.is_super(&item.role) || giver.keeps_masked(user.home, masked)? {
            leaving.entry(item.tenant).or_default().insert(user.id);
        } else if user.home == item.tenant && user.state == UserState::Active && command.ends.is_none() {
            // Whoever is less for a while is no super admin for good.
            let role = item.role.clone();
            let standing =
                Assignment::standing(user.id, item.tenant, role, item.below.unwrap_or(false), false);
            if world.is_lasting_super_admin(&Assignment::with_standing(given.as_deref(), standing)) {
                made.insert(item.tenant);
            }
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
            found.insert(tenant, world.kept_super_admins(tenant)?);
        }
    }
    Ok(found)
}

/// Whether anything that is given to a user on a tenant is masked (P-16).
fn is_masked(world: &World<'_>, given: &Assignment) -> bool {
    given.each(world.at).any(|(_, _, masked, _)| masked)
}

/// Takes users' roles on tenants away (P-11): all that they have there, or what was given until a
/// moment.
///
/// # Events
/// `assignment_ended` of what stands there, `temporary_ended` of what is laid over it.
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
    // What ends by itself keeps no tenant from being without a super admin.
    for item in command.assignments.iter().filter(|_| command.ends.is_none()) {
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
        let given = world.given(id, tenant)?;
        let ending = given.filter(|given| match command.ends {
            Some(ends) => !temporary::until(world, given, ends).is_empty(),
            None => given.each(world.at).next().is_some(),
        });
        let Some(before) = ending else {
            batch.add(index, Code::NotAssigned, tenant);
            continue;
        };
        if orphaned.get(&tenant).is_some_and(|leaving| leaving.contains(&id)) {
            batch.add(index, Code::LastSuperAdmin, tenant);
        }
        match command.ends {
            Some(ends) => {
                let ended = temporary::until(world, &before, ends);
                let without = |left: Option<Assignment>, ends| left.and_then(|left| left.without_laid(ends));
                let after = ended.iter().copied().fold(Some(Assignment::clone(&before)), without);
                changes.plan(index, user, tenant, after);
                events.extend(ended.into_iter().map(|ends| Event::TemporaryEnded { user: id, tenant, ends }));
            }
            None => {
                changes.plan(index, user, tenant, None);
                events.extend(temporary::all_ended(&before));
            }
        }
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
/// `reserved_for_customer`, `end_required`, `end_passed`, `end_too_far`, `user_state_conflict`,
/// `out_of_reach`.
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
        if let Some(handed) = batch.note(index, one_new(world, &mut giver, &user, item, (command, tenant)))? {
            let Handed { below, masked } = handed;
            let (user, role) = (item.user, item.role.clone());
            events.push(match command.authorize_ends {
                None => Event::Assigned { user, tenant, role, below, masked },
                Some(ends) => {
                    let (starts, eligible) = (world.at, false);
                    Event::TemporaryAssigned { user, tenant, role, below, masked, starts, ends, eligible }
                }
            });
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
    (command, tenant): (&AddCustomer, TenantId),
) -> Ruling<Handed> {
    let manager = command.manager;
    let wanted = Spell { starts: None, ends: command.authorize_ends, eligible: false };
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
        during: wanted.during(world),
    }))?;
    wanted.bar(world, (user.home, tenant), None, &mut bars);
    // What has ended takes nothing.
    if wanted.ends.is_none_or(|ends| ends > world.at) {
        bars.note(giver.override_below(user, manager, &item.role))?;
    }
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
