//! The one judgement of a change of rights (U-4, P-15, P-16): what somebody would hold that whoever
//! changes it does not hold there, and what a super admin would lose. Every command that hands out
//! or takes away asks here; who may give the command at all is asked elsewhere.
//!
//! To hold is by role alone (P-8, P-10), on both sides of the comparison: what bars the use of a
//! right for the time being (P-4 to P-7) does not bar the having.
//!
//! What is held for a while is handed out for that while at most: whoever gives something has
//! to hold it now and as long as whoever gets it would. What somebody has changes at a handful of
//! moments, and is compared at each; nobody to whom nothing is given for a while has any.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::graph;
use super::world::{Bars, Ruling, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::Permission;
use crate::base::time::Timestamp;
use crate::model::permission::{TENANT_VIEW, USERS_MANAGE};
use crate::model::{Actor, Assignment, RoleRef, Temporary, TenantKind, User};
use crate::refusal::Code;
use crate::view::ViewError;

/// All that a command leaves a user with, tenant by tenant; the rest stays.
pub(super) type Plan = BTreeMap<TenantId, Option<Arc<Assignment>>>;

/// What of somebody's eligible roles is taken to be active: on which tenant which one, by its end.
type Active = BTreeMap<TenantId, Timestamp>;

/// Where rights are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// On a tenant itself.
    On(TenantId),
    /// On whatever it manages or will come to manage, unless a nearer assignment decides there.
    Below(TenantId),
}

/// When what is handed out would be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct While {
    /// From when on; from now on, where that has passed.
    pub(super) from: Timestamp,
    /// Up to when, if not for good.
    pub(super) until: Option<Timestamp>,
}

impl While {
    /// From now on and for good.
    pub(super) const FOR_GOOD: Self = Self { from: Timestamp::MIN, until: None };

    /// The while of something that is laid over an assignment; of what stands there, for good.
    pub(super) fn of(laid: Option<&Temporary>) -> Self {
        laid.map_or(Self::FOR_GOOD, |it| Self { from: it.starts, until: Some(it.ends) })
    }
}

/// What somebody holds somewhere by role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rights {
    permissions: BTreeSet<Permission>,
    /// They are a super admin there, which is more than the sum of what it holds.
    is_super: bool,
}

impl Rights {
    /// What is left of these beyond `other`.
    fn beyond(&self, other: &Self) -> Self {
        Self {
            permissions: self.permissions.difference(&other.permissions).cloned().collect(),
            is_super: self.is_super && !other.is_super,
        }
    }

    /// What a role gives: all that it is said to hold, though the policy may know it no longer.
    fn handed(world: &World<'_>, role: &RoleRef, masked: bool) -> Result<Self, ViewError> {
        let mut permissions = access::role_permissions(world, role)?;
        if masked {
            permissions.retain(|permission| !world.policy.reserved.contains(permission));
        }
        Ok(Self { permissions, is_super: !masked && world.is_super(role) })
    }

    /// What a user holds at a place at a moment, with their assignments as planned.
    fn of(
        world: &World<'_>,
        user: &User,
        place: Place,
        plan: &Plan,
        (at, active): (Timestamp, &Active),
    ) -> Result<Self, ViewError> {
        let (tenant, from_below) = match place {
            Place::On(tenant) => (tenant, false),
            Place::Below(tenant) => (tenant, true),
        };
        let on = |tenant: TenantId| {
            let given = planned(world, user, plan, tenant)?;
            Ok(given.and_then(|given| given.with_active(at, active.get(&tenant).copied())))
        };
        let mut rights = Self::default();
        for assignment in access::deciding(world, user.home, tenant, from_below, &on)? {
            for permission in access::role_permissions(world, &assignment.role)? {
                if access::gives(world, &assignment, permission.as_str())? {
                    rights.permissions.insert(permission);
                }
            }
            rights.is_super |= world.is_super_admin(&assignment);
        }
        Ok(rights)
    }

    /// The most that a user could hold at a place at a moment, whichever of their eligible roles
    /// they have active at once. What is nearest decides: so each is taken to be active, or not,
    /// while nothing nearer reaches the place that could be out of its way.
    fn at_most(
        world: &World<'_>,
        user: &User,
        place: Place,
        plan: &Plan,
        (at, eligible): (Timestamp, &BTreeSet<(TenantId, Timestamp)>),
    ) -> Result<Self, ViewError> {
        let mut aside = Active::new();
        for &(tenant, ends) in eligible {
            let Some(given) = planned(world, user, plan, tenant)? else { continue };
            let reaches = |active| {
                let decides = given.with_active(at, active);
                decides.is_some_and(|it| it.below || place == Place::On(tenant))
            };
            if reaches(None) && !reaches(Some(ends)) {
                aside.insert(tenant, ends);
            }
        }
        let on: BTreeSet<_> = eligible.iter().map(|(tenant, _)| *tenant).collect();
        let each = eligible.iter().map(|(tenant, ends)| (*tenant, Some(*ends)));
        let mut most = Self::of(world, user, place, plan, (at, &aside))?;
        for (tenant, active) in each.chain(on.into_iter().map(|tenant| (tenant, None))) {
            let mut active_there = aside.clone();
            match active {
                Some(ends) => drop(active_there.insert(tenant, ends)),
                None => drop(active_there.remove(&tenant)),
            }
            let held = Self::of(world, user, place, plan, (at, &active_there))?;
            most.permissions.extend(held.permissions);
            most.is_super |= held.is_super;
        }
        Ok(most)
    }

    /// What both of these hold.
    fn and(mut self, other: &Self) -> Self {
        self.permissions.retain(|permission| other.permissions.contains(permission));
        self.is_super &= other.is_super;
        self
    }

    /// Notes what these exceed `held` by: permissions as `beyond_own_rights`, being a super admin
    /// as `super_admin_only`.
    fn bar(&self, held: &Self, about: impl std::fmt::Display, bars: &mut Bars) {
        bars.bar(!self.permissions.is_subset(&held.permissions), Code::BeyondOwnRights, &about);
        bars.bar(self.is_super && !held.is_super, Code::SuperAdminOnly, about);
    }
}

/// How far a role is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handed {
    /// Whether it covers the tenants managed below (P-10).
    pub(super) below: bool,
    /// Whether what is reserved for the customer is left out of it (P-16).
    pub(super) masked: bool,
}

/// A role to be handed out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer<'a> {
    /// The home of whoever gets it.
    pub(super) home: TenantId,
    /// Where.
    pub(super) place: Place,
    /// The role.
    pub(super) role: &'a RoleRef,
    /// Whether it is to cover the tenants below, if that is said.
    pub(super) below: Option<bool>,
    /// Whether it does where that is not said.
    pub(super) by_default: bool,
    /// Whether what is in place so far is masked (P-16).
    pub(super) masked: bool,
    /// When it would be held.
    pub(super) during: While,
}

/// What a user has on a tenant, with their assignments as planned.
fn planned(
    world: &World<'_>,
    user: &User,
    plan: &Plan,
    tenant: TenantId,
) -> Result<Option<Arc<Assignment>>, ViewError> {
    match plan.get(&tenant) {
        Some(planned) => Ok(planned.clone()),
        None => world.given(user.id, tenant),
    }
}

/// When what somebody has on a tenant comes to decide there, or does so no longer, and what they
/// could activate there until when: tenant by tenant, from now on.
#[derive(Debug, Default)]
struct Whiles(BTreeMap<TenantId, Turns>);

#[derive(Debug, Default)]
struct Turns {
    moments: BTreeSet<Timestamp>,
    eligible: BTreeSet<Timestamp>,
}

impl Whiles {
    fn of(world: &World<'_>, user: UserId) -> Result<Self, ViewError> {
        let mut found = Self::default();
        for given in world.each_for_a_while(user) {
            found.add(&*given?, world.at);
        }
        Ok(found)
    }

    fn add(&mut self, given: &Assignment, at: Timestamp) {
        if !given.over.is_empty() {
            let turns = self.0.entry(given.tenant).or_default();
            turns.moments.extend(given.turns(at));
            turns.eligible.extend(given.eligible(at));
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The moments at which something turns on any of these.
    fn moments(&self, on: &BTreeSet<TenantId>) -> BTreeSet<Timestamp> {
        let turns = on.iter().filter_map(|tenant| self.0.get(tenant));
        turns.flat_map(|turns| &turns.moments).copied().collect()
    }

    /// What they could activate on any of these.
    fn eligible(&self, on: &BTreeSet<TenantId>) -> BTreeSet<(TenantId, Timestamp)> {
        let of = |tenant: &TenantId| {
            let ends = self.0.get(tenant).into_iter().flat_map(|turns| &turns.eligible);
            ends.map(|ends| (*tenant, *ends)).collect::<Vec<_>>()
        };
        on.iter().flat_map(of).collect()
    }
}

/// When rights at a place are compared, and what could be active there.
struct Cases {
    moments: BTreeSet<Timestamp>,
    eligible: BTreeSet<(TenantId, Timestamp)>,
}

impl Cases {
    /// Each moment with nothing, and with each of what could be active by itself.
    fn each(&self) -> impl Iterator<Item = (Timestamp, Active)> {
        let alone = self.eligible.iter().map(|one| Active::from([*one]));
        let actives: Vec<_> = std::iter::once(Active::new()).chain(alone).collect();
        self.moments.iter().flat_map(move |at| actives.clone().into_iter().map(|active| (*at, active)))
    }
}

/// Where somebody has assignments of their own, now or at another time.
#[derive(Debug, Default)]
struct Spots {
    /// Of each tenant, where below it.
    below: BTreeMap<TenantId, Vec<TenantId>>,
    /// They are a super admin by one of them.
    any_super: bool,
}

impl Spots {
    fn of(world: &World<'_>, user: UserId) -> Result<Self, ViewError> {
        let mut spots = Self::default();
        for given in world.each_given(user) {
            let given = given?;
            for above in graph::above(world, given.tenant, &BTreeSet::new())? {
                spots.below.entry(above).or_default().push(given.tenant);
            }
            spots.any_super |= makes_super_admin(world, &given);
        }
        Ok(spots)
    }

    fn below(&self, tenant: TenantId) -> impl Iterator<Item = TenantId> {
        self.below.get(&tenant).into_iter().flatten().copied()
    }
}

/// Whether an assignment makes a super admin, now or at another time (P-9, P-16).
fn makes_super_admin(world: &World<'_>, given: &Assignment) -> bool {
    given.each(world.at).any(|(role, _, masked, _)| !masked && world.is_super(role))
}

/// Whoever changes rights, and what they hold where. Asked about many changes at once, it looks up
/// once what these have in common, so that a batch costs what its items cost.
pub(super) struct Giver<'w, 'v> {
    world: &'w World<'v>,
    /// Nobody for the operator, who is not bound by what they hold.
    user: Option<Arc<User>>,
    held: BTreeMap<(Place, Timestamp), Rc<Rights>>,
    everywhere: BTreeMap<(TenantId, While), Rc<Rights>>,
    /// When what they hold changes by time alone; once known.
    turning: Option<Rc<Whiles>>,
    /// The tenants by which something is decided on one: itself, and whatever manages it.
    ways: BTreeMap<TenantId, Rc<BTreeSet<TenantId>>>,
    masks: BTreeMap<TenantId, bool>,
    spots: BTreeMap<UserId, Rc<Spots>>,
    entrances: BTreeMap<TenantId, Rc<BTreeSet<TenantId>>>,
}

impl<'w, 'v> Giver<'w, 'v> {
    /// The actor of a command, once let in.
    ///
    /// # Errors
    /// Those of [`World::admit`].
    pub(super) fn of(world: &'w World<'v>, actor: &Actor) -> Ruling<Self> {
        let user = authority::admit(world, actor, Gate::Shut)?;
        Ok(Self {
            world,
            user,
            held: BTreeMap::new(),
            everywhere: BTreeMap::new(),
            turning: None,
            ways: BTreeMap::new(),
            masks: BTreeMap::new(),
            spots: BTreeMap::new(),
            entrances: BTreeMap::new(),
        })
    }

    /// Whether a tenant exists for the giver (T-9).
    pub(super) fn sees(&self, tenant: TenantId) -> Result<bool, ViewError> {
        self.user.as_ref().map_or(Ok(true), |user| access::sees(self.world, user, tenant))
    }

    /// Whether what the giver hands out to the people at home in `home` is masked (P-16): they are
    /// of another organisation, and on some way down to `home` there is a link whose manager works
    /// by grants.
    pub(super) fn masks(&mut self, home: TenantId) -> Result<bool, ViewError> {
        let Some(user) = self.user.as_ref().filter(|user| user.home != home) else { return Ok(false) };
        if let Some(known) = self.masks.get(&home) {
            return Ok(*known);
        }
        let chains = graph::chains(self.world, home, user.home, &BTreeSet::new())?;
        let mut masks = false;
        for link in chains.iter().flatten() {
            masks |= self.world.agreed(link)?.need_grants();
        }
        self.masks.insert(home, masks);
        Ok(masks)
    }

    /// Whether what the giver hands out in place of what was `masked` is so as well: a super admin
    /// of that home lifts it.
    pub(super) fn keeps_masked(&mut self, home: TenantId, masked: bool) -> Result<bool, ViewError> {
        let own = self.user.as_ref().is_none_or(|user| user.home == home);
        let lifts = own && (self.user.is_none() || self.held(Place::On(home))?.is_super);
        Ok(self.masks(home)? || masked && !lifts)
    }

    /// Whether P-16 keeps the super role from what the giver hands out to the people at home in
    /// `home`.
    fn makes_no_super_admin(&mut self, home: TenantId, role: &RoleRef) -> Result<bool, ViewError> {
        let policy = &self.world.policy;
        Ok(self.world.is_super(role) && policy.super_role != policy.admin_role && self.masks(home)?)
    }

    /// Judges the handing out of a role: nobody hands out what they do not hold there, all of it,
    /// wherever it reaches and as long as it lasts, whatever else the one who gets it has (U-4,
    /// X-4); what a manager's side hands out is masked (P-16).
    ///
    /// # Errors
    /// `beyond_own_rights`, `super_admin_only`.
    pub(super) fn offer(&mut self, offer: &Offer<'_>) -> Ruling<Handed> {
        let Offer { home, place, role, during, .. } = *offer;
        if self.user.is_none() {
            return Ok(Handed { below: offer.below.unwrap_or(offer.by_default), masked: false });
        }
        if self.makes_no_super_admin(home, role)? {
            return refuse(Code::SuperAdminOnly, role);
        }
        let masked = self.keeps_masked(home, offer.masked)?;
        let rights = Rights::handed(self.world, role, masked)?;
        let everywhere = match place {
            Place::On(tenant) if offer.below.unwrap_or(offer.by_default) => {
                Some(self.everywhere_below(tenant, during)?)
            }
            _ => None,
        };
        let by_default = match &everywhere {
            Some(held) => rights.beyond(held) == Rights::default(),
            None => offer.by_default,
        };
        let handed = Handed { below: offer.below.unwrap_or(by_default), masked };
        let mut bars = Bars::new();
        rights.bar(&*self.held_during(place, during)?, role, &mut bars);
        if let Some(held) = everywhere.filter(|_| handed.below) {
            rights.bar(&held, role, &mut bars);
        }
        bars.lift()?;
        Ok(handed)
    }

    /// Whether the giver holds all of these on a tenant and, if `below`, on whatever is managed
    /// below it, now and for good.
    pub(super) fn holds(
        &mut self,
        permissions: &BTreeSet<Permission>,
        tenant: TenantId,
        below: bool,
    ) -> Result<bool, ViewError> {
        Ok(self.user.is_none()
            || permissions.is_subset(&self.held_during(Place::On(tenant), While::FOR_GOOD)?.permissions)
                && (!below
                    || permissions.is_subset(&self.everywhere_below(tenant, While::FOR_GOOD)?.permissions)))
    }

    /// Judges what a change of a user's assignment on a tenant uncovers, and what it takes from a
    /// super admin: on the tenant, and on whatever is managed below it where the assignment reaches
    /// or reached (P-15).
    ///
    /// # Errors
    /// `reserved_for_customer`, `beyond_own_rights`, `super_admin_only`, all without a place.
    pub(super) fn change(&mut self, user: &User, plan: &Plan, tenant: TenantId) -> Ruling {
        if self.user.is_none() {
            return Ok(());
        }
        let mut bars = Bars::new();
        let world = self.world;
        let (before, after) = (world.given(user.id, tenant)?, plan.get(&tenant).and_then(Option::as_ref));
        let mut turning = Whiles::of(world, user.id)?;
        plan.values().flatten().for_each(|after| turning.add(after, world.at));
        self.compare(user, plan, (Place::On(tenant), &turning), &mut bars)?;
        // Who could not give the super role here does not take it either, whatever reaches the user
        // from above.
        for (at, active) in self.cases(Place::On(tenant), &turning)?.each() {
            let gives = |given: &Arc<Assignment>| {
                let held = given.with_active(at, active.get(&tenant).copied());
                held.is_some_and(|assignment| world.is_super_admin(&assignment))
            };
            if before.as_ref().is_some_and(gives) && !after.is_some_and(gives) {
                bars.bar(!self.held(Place::On(tenant))?.is_super, Code::SuperAdminOnly, user.id);
            }
        }
        let before = before.is_some_and(|before| before.ever_below());
        let after = after.is_some_and(|after| after.ever_below());
        let manages = |id| -> Result<bool, ViewError> {
            Ok(world.living(id)?.is_some_and(|tenant| tenant.kind == TenantKind::Msp))
        };
        if manages(tenant)? && (before || after) {
            self.compare(user, plan, (Place::Below(tenant), &turning), &mut bars)?;
            let theirs = self.spots(user.id)?;
            // A role that reaches down was judged wherever it reaches when it was offered. What is
            // left to look at is what shows from under one that reaches down no longer, and what
            // super admins lose.
            let turns = !turning.is_empty() || !self.turning()?.is_empty();
            if before && (!after || turns) || theirs.any_super {
                let mut spots = self.own_spots_below(tenant)?;
                spots.extend(theirs.below(tenant));
                for spot in spots {
                    self.compare(user, plan, (Place::On(spot), &turning), &mut bars)?;
                    if manages(spot)? {
                        self.compare(user, plan, (Place::Below(spot), &turning), &mut bars)?;
                    }
                }
            }
        }
        bars.lift()
    }

    /// Judges that a user can no longer use anything, or can again: among super admins alone,
    /// wherever they are one.
    ///
    /// # Errors
    /// `super_admin_only`, without a place.
    pub(super) fn shut_out(&mut self, user: &User) -> Ruling {
        let given = self.world.each_given(user.id).collect::<Result<Vec<_>, _>>()?;
        if self.user.is_none() || !given.iter().any(|given| makes_super_admin(self.world, given)) {
            return Ok(());
        }
        let plan: Plan = given.iter().map(|given| (given.tenant, None)).collect();
        let mut bars = Bars::new();
        for tenant in plan.keys() {
            bars.note(self.change(user, &plan, *tenant))?;
        }
        bars.lift()
    }

    /// Judges that a user's account comes into somebody else's hands: as if all that they hold were
    /// handed out (P-15), where a manager's side gives nothing that it would have to mask (P-16).
    ///
    /// # Errors
    /// `reserved_for_customer`, `beyond_own_rights`, `super_admin_only`, all without a place.
    pub(super) fn hand_over(&mut self, user: &User) -> Ruling {
        if self.user.is_none() {
            return Ok(());
        }
        let masks = self.masks(user.home)?;
        let mut bars = Bars::new();
        for given in self.world.each_given(user.id) {
            let given = given?;
            for (role, below, masked, laid) in given.each(self.world.at) {
                if self.makes_no_super_admin(user.home, role)? {
                    return refuse(Code::SuperAdminOnly, user.id);
                }
                let rights = Rights::handed(self.world, role, masked)?;
                let reserved = !rights.permissions.is_disjoint(&self.world.policy.reserved);
                bars.bar(masks && reserved, Code::ReservedForCustomer, user.home);
                let during = While::of(laid);
                let held = self.held_during(Place::On(given.tenant), during)?;
                rights.bar(&held, user.id, &mut bars);
                if below {
                    let held = self.everywhere_below(given.tenant, during)?;
                    rights.bar(&held, user.id, &mut bars);
                }
            }
        }
        bars.lift()
    }

    /// Judges a role on a tenant that is yet to come below `manager`, in place of what reaches
    /// there.
    ///
    /// # Errors
    /// `super_admin_only`.
    pub(super) fn override_below(&mut self, user: &User, manager: TenantId, role: &RoleRef) -> Ruling {
        let place = Place::Below(manager);
        if self.user.is_none() || self.world.is_super(role) {
            return Ok(());
        }
        let turning = Whiles::of(self.world, user.id)?;
        for (at, active) in self.cases(place, &turning)?.each() {
            let before = Rights::of(self.world, user, place, &Plan::new(), (at, &active))?;
            if before.is_super && !self.held(place)?.is_super {
                return refuse(Code::SuperAdminOnly, user.id);
            }
        }
        Ok(())
    }

    /// Judges the naming of an owner for a tenant that has none: by whoever manages its users by
    /// role, since nobody is there to grant it (P-15); where it had one before, by a super admin
    /// (U-4).
    ///
    /// # Errors
    /// `unknown_tenant`, `tenant_disabled`, `no_assignment`, `role_lacks_permission`,
    /// `super_admin_only`.
    pub(super) fn name_owner(&mut self, tenant: TenantId) -> Ruling {
        if self.user.is_none() {
            return Ok(());
        }
        if let Some(found) = self.world.living(tenant)?
            && let Some(code) = self.world.closed(&found)?
            && self.sees(tenant)?
        {
            return refuse(code, tenant);
        }
        self.may_name_owner(tenant)
    }

    /// The same, whether or not the tenant is disabled for a while.
    ///
    /// # Errors
    /// `unknown_tenant`, `no_assignment`, `role_lacks_permission`, `super_admin_only`.
    pub(super) fn may_name_owner(&mut self, tenant: TenantId) -> Ruling {
        let Some(user) = self.user.clone() else { return Ok(()) };
        let seen = self.sees(tenant)?;
        let Some(found) = self.world.living(tenant)?.filter(|_| seen) else {
            return refuse(Code::UnknownTenant, tenant);
        };
        if access::held(self.world, &user, tenant, false)?.is_empty() {
            return refuse(Code::NoAssignment, tenant);
        }
        let held = self.held(Place::On(tenant))?;
        if !held.permissions.contains(USERS_MANAGE) {
            return refuse(Code::RoleLacksPermission, tenant);
        }
        if found.had_owner && !self.held_during(Place::On(tenant), While::FOR_GOOD)?.is_super {
            return refuse(Code::SuperAdminOnly, tenant);
        }
        Ok(())
    }

    /// Notes what a user gains at a place beyond what the giver holds now and at each of these
    /// moments at which they would have it, and that they are a super admin there no longer.
    fn compare(
        &mut self,
        user: &User,
        plan: &Plan,
        (place, turning): (Place, &Whiles),
        bars: &mut Bars,
    ) -> Result<(), ViewError> {
        let world = self.world;
        let cases = self.cases(place, turning)?;
        for (at, active) in cases.each() {
            let before = Rights::of(world, user, place, &Plan::new(), (at, &active))?;
            let after = Rights::of(world, user, place, plan, (at, &active))?;
            if before != after {
                self.bar_gain(user, &after.beyond(&before), (place, at), bars)?;
                let lost = before.is_super && !after.is_super;
                bars.bar(lost && !self.held(place)?.is_super, Code::SuperAdminOnly, user.id);
            }
        }
        // Where one could be active at most, that was all.
        if cases.eligible.len() > 1 {
            for &at in &cases.moments {
                let before = Rights::at_most(world, user, place, &Plan::new(), (at, &cases.eligible))?;
                let after = Rights::at_most(world, user, place, plan, (at, &cases.eligible))?;
                self.bar_gain(user, &after.beyond(&before), (place, at), bars)?;
            }
        }
        Ok(())
    }

    /// Notes what a user would gain at a place from a moment on beyond what the giver holds there,
    /// then and now.
    fn bar_gain(
        &mut self,
        user: &User,
        gained: &Rights,
        (place, at): (Place, Timestamp),
        bars: &mut Bars,
    ) -> Result<(), ViewError> {
        if *gained == Rights::default() {
            return Ok(());
        }
        gained.bar(&*self.held(place)?, user.id, bars);
        if at > self.world.at {
            gained.bar(&*self.held_at(place, at)?, user.id, bars);
        }
        if self.masks(user.home)? {
            let reserved = !gained.permissions.is_disjoint(&self.world.policy.reserved);
            bars.bar(reserved, Code::ReservedForCustomer, user.home);
            bars.bar(gained.is_super, Code::SuperAdminOnly, user.id);
        }
        Ok(())
    }

    /// When rights at a place are compared, and how: now and whenever something turns there for
    /// whoever gives or gets, since both have the same in between; as things are, and with what
    /// could be active there.
    fn cases(&mut self, place: Place, theirs: &Whiles) -> Result<Cases, ViewError> {
        let own = self.turning()?;
        let mut cases = Cases { moments: [self.world.at].into(), eligible: BTreeSet::new() };
        if !theirs.is_empty() || !own.is_empty() {
            let ways = self.ways(place)?;
            cases.moments.append(&mut theirs.moments(&ways));
            cases.moments.append(&mut own.moments(&ways));
            cases.eligible = theirs.eligible(&ways);
        }
        Ok(cases)
    }

    /// The tenants by whose assignments it is decided what somebody holds at a place.
    fn ways(&mut self, place: Place) -> Result<Rc<BTreeSet<TenantId>>, ViewError> {
        let (Place::On(tenant) | Place::Below(tenant)) = place;
        if let Some(known) = self.ways.get(&tenant) {
            return Ok(Rc::clone(known));
        }
        let mut ways = graph::above(self.world, tenant, &BTreeSet::new())?;
        ways.insert(tenant);
        let ways = Rc::new(ways);
        self.ways.insert(tenant, Rc::clone(&ways));
        Ok(ways)
    }

    /// When what the giver holds changes by time alone.
    fn turning(&mut self) -> Result<Rc<Whiles>, ViewError> {
        if let Some(known) = &self.turning {
            return Ok(Rc::clone(known));
        }
        let turning = match &self.user {
            Some(user) => Rc::new(Whiles::of(self.world, user.id)?),
            None => Rc::default(),
        };
        self.turning = Some(Rc::clone(&turning));
        Ok(turning)
    }

    /// The moments from now on at which what the giver holds at a place changes by time alone.
    fn turns(&mut self, place: Place) -> Result<BTreeSet<Timestamp>, ViewError> {
        let turning = self.turning()?;
        Ok(if turning.is_empty() { BTreeSet::new() } else { turning.moments(&*self.ways(place)?) })
    }

    /// What the giver holds at a place now: nothing where it does not exist for them (T-9).
    fn held(&mut self, place: Place) -> Result<Rc<Rights>, ViewError> {
        self.held_at(place, self.world.at)
    }

    /// What they hold there at a moment, as things stand.
    fn held_at(&mut self, place: Place, at: Timestamp) -> Result<Rc<Rights>, ViewError> {
        let at = self.turns(place)?.range(..=at).next_back().copied().unwrap_or(self.world.at);
        if let Some(known) = self.held.get(&(place, at)) {
            return Ok(Rc::clone(known));
        }
        let rights = match &self.user {
            Some(user) => {
                let rights = Rights::of(self.world, user, place, &Plan::new(), (at, &Active::new()))?;
                let sees = place == Place::On(user.home) || rights.permissions.contains(TENANT_VIEW);
                if sees { Rc::new(rights) } else { Rc::default() }
            }
            None => Rc::default(),
        };
        self.held.insert((place, at), Rc::clone(&rights));
        Ok(rights)
    }

    /// What the giver holds at a place now and all the while.
    fn held_during(&mut self, place: Place, during: While) -> Result<Rc<Rights>, ViewError> {
        let mut rights = self.held(place)?;
        let turns = self.turns(place)?;
        if turns.is_empty() {
            return Ok(rights);
        }
        // Beyond now, the stretches in which they hold the same there begin at these.
        let from = during.from.max(self.world.at);
        let later = turns.into_iter().filter(|at| *at > from && during.until.is_none_or(|end| *at < end));
        for at in std::iter::once(from).chain(later) {
            rights = Rc::new(Rights::clone(&rights).and(&*self.held_at(place, at)?));
        }
        Ok(rights)
    }

    /// What the giver holds on everything that a tenant manages or will come to manage, now and all
    /// the while.
    fn everywhere_below(&mut self, tenant: TenantId, during: While) -> Result<Rc<Rights>, ViewError> {
        if let Some(known) = self.everywhere.get(&(tenant, during)) {
            return Ok(Rc::clone(known));
        }
        let mut rights = Rights::clone(&*self.held_during(Place::Below(tenant), during)?);
        for spot in self.own_spots_below(tenant)? {
            rights = rights.and(&*self.held_during(Place::On(spot), during)?);
            rights = rights.and(&*self.held_during(Place::Below(spot), during)?);
        }
        let rights = Rc::new(rights);
        self.everywhere.insert((tenant, during), Rc::clone(&rights));
        Ok(rights)
    }

    /// Where below a tenant the giver may hold something else than what reaches all that it
    /// manages: where they have assignments of their own, and where others that do not come by this
    /// tenant reach.
    fn own_spots_below(&mut self, tenant: TenantId) -> Result<BTreeSet<TenantId>, ViewError> {
        let Some(own) = self.user.as_ref().map(|user| user.id) else { return Ok(BTreeSet::new()) };
        let mut found: BTreeSet<TenantId> = self.spots(own)?.below(tenant).collect();
        found.extend(self.entrances(tenant)?.iter());
        Ok(found)
    }

    /// The tenants below one that have a manager who is not. Nobody comes to them from the giver's
    /// own home by another way than this tenant where it is that home; and where every tenant has
    /// one manager, there is no other way at all.
    fn entrances(&mut self, tenant: TenantId) -> Result<Rc<BTreeSet<TenantId>>, ViewError> {
        let home = self.user.as_ref().map(|user| user.home);
        if home == Some(tenant) || self.world.policy.max_managers == 1 {
            return Ok(Rc::default());
        }
        if let Some(known) = self.entrances.get(&tenant) {
            return Ok(Rc::clone(known));
        }
        let below = graph::below(self.world, tenant, &BTreeSet::new())?;
        let mut found = BTreeSet::new();
        for &reached in &below {
            let managers = self.world.links_above(reached)?;
            if managers.iter().any(|link| link.manager != tenant && !below.contains(&link.manager)) {
                found.insert(reached);
            }
        }
        let found = Rc::new(found);
        self.entrances.insert(tenant, Rc::clone(&found));
        Ok(found)
    }

    fn spots(&mut self, user: UserId) -> Result<Rc<Spots>, ViewError> {
        if let Some(known) = self.spots.get(&user) {
            return Ok(Rc::clone(known));
        }
        let spots = Rc::new(Spots::of(self.world, user)?);
        self.spots.insert(user, Rc::clone(&spots));
        Ok(spots)
    }
}
