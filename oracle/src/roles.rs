//! Roles and who has them where (P-9, P-10, P-11, U-4). It never asks what a role is used for.

use std::collections::BTreeSet;

use tenantry::base::ids::{RoleId, TenantId, UserId};
use tenantry::base::text::{Permission, RoleName};
use tenantry::base::time::Timestamp;
use tenantry::command::{
    Activate, Assign, CreateRole, Deactivate, EditRole, NewAssignment, Unassign, UserOnTenant,
};
use tenantry::model::{Actor, HandshakeState, RoleRef};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::obstacles::{batch_obstacles, least};
use crate::world::{Active, Assignment, Oracle, Role, Temporary, User, While};

/// How many roles can lie over each other for one person on one tenant.
const MANY_TEMPORARIES: usize = 8;

const MICROS_A_MINUTE: i64 = 60_000_000;

impl Oracle {
    pub fn assign(&mut self, actor: &Actor, c: &Assign, at: Timestamp) -> Result<(), Code> {
        let items = &c.assignments;
        // Nothing is given for a while that has passed.
        let lasts = While { starts: c.starts.map_or(at, |starts| starts.max(at)), ends: c.ends };
        let who = self.actor(actor, Disabled::Bars)?;
        let pairs: Vec<_> = items.iter().map(|item| (item.user, item.tenant)).collect();
        let mut obstacles = batch_obstacles(&pairs);
        let mut after = self.clone();
        let mut assigned = Vec::new();
        for item in items {
            let abroad = self.user(item.user).is_some_and(|user| user.home != item.tenant);
            obstacles.extend(self.end_obstacles(c.starts, c.ends, abroad, at));
            if c.eligible && c.ends.is_none() {
                obstacles.push(Code::EndRequired);
            }
            match self.new_assignment(who, item, lasts, at) {
                Ok(new) => {
                    // Nobody who is not there yet has anything that could change.
                    if self.user(new.user).is_some_and(|user| user.is_living()) {
                        after.give(new.clone(), lasts, c.eligible, at);
                    }
                    assigned.push(new);
                }
                Err(code) => obstacles.push(code),
            }
        }
        let less = assigned.iter().filter(|new| !self.makes_super(new)).map(|new| (new.user, new.tenant));
        let less: BTreeSet<_> = less.collect();
        for new in &assigned {
            obstacles.extend(self.may_assign(who, new, lasts, (&after, &less), at).err());
            obstacles.extend(self.super_role_obstacles(who, new.user, new.tenant, &after, at));
        }
        obstacles.extend(self.change_obstacles(who, &after, at));
        least(obstacles)?;
        *self = after;
        items.iter().for_each(|item| self.note_owner(item.user, at));
        Ok(())
    }

    /// What is wrong about the while for which a role is given, at its user's home or abroad.
    pub fn end_obstacles(
        &self,
        starts: Option<Timestamp>,
        ends: Option<Timestamp>,
        abroad: bool,
        at: Timestamp,
    ) -> Vec<Code> {
        let Some(ends) = ends else {
            let required = starts.is_some() || self.policy.temporary.required && abroad;
            return if required { vec![Code::EndRequired] } else { Vec::new() };
        };
        let mut obstacles = Vec::new();
        if ends <= at {
            obstacles.push(Code::EndPassed);
        }
        if starts.is_some_and(|starts| ends <= starts) {
            obstacles.push(Code::EndsBeforeItBegins);
        }
        if at.plus_days(self.policy.temporary.max_days) < ends {
            obstacles.push(Code::EndTooFar);
        }
        obstacles
    }

    /// Gives a role: for good in place of that which stands, or for a while in place of what ends at the same moment.
    pub fn give(&mut self, given: Assignment, lasts: While, eligible: bool, at: Timestamp) {
        let (user, tenant) = (given.user, given.tenant);
        match lasts.ends {
            None => {
                self.assignments.retain(|a| a.user != user || a.tenant != tenant);
                self.assignments.push(given);
            }
            Some(ends) => {
                self.end_laid((user, tenant, ends));
                let (starts, begun) = (lasts.starts, lasts.starts <= at);
                self.temporaries.push(Temporary { given, starts, ends, begun, eligible, active: None });
            }
        }
    }

    /// What an item of an assignment would become, for somebody who may decide about the user and sees the tenant.
    fn new_assignment(
        &self,
        who: Who,
        item: &NewAssignment,
        lasts: While,
        at: Timestamp,
    ) -> Result<Assignment, Code> {
        let user = self.known_user(who, item.user, at)?;
        self.user_right(who, &user, at)?;
        if !self.sees(who, item.tenant, at) {
            return Err(Code::UnknownTenant);
        }
        let home = user.home;
        let known = match &item.role {
            RoleRef::Builtin(name) => self.policy.roles.iter().any(|rule| rule.name == *name),
            RoleRef::Custom(id) => {
                self.role(*id).is_some_and(|role| role.tenant == home || role.tenant == item.tenant)
            }
        };
        if !known {
            return Err(Code::UnknownRole);
        }
        // Whatever of theirs there is masked.
        let laid = self.laid(item.user, item.tenant, at).map(|one| &one.given);
        let there = self.lasting(item.user, item.tenant).into_iter().chain(laid);
        let masked = self.is_masked(who, home, there.map(|a| a.masked).max(), at);
        let NewAssignment { user, tenant, role, below } = item.clone();
        let new = Assignment { user, tenant, role, below: false, masked };
        let new = self.with_below(who, home, below, new, lasts, at);
        let obstacles = self.hand_out_obstacles(who, home, &new, lasts, at);
        if !obstacles.is_empty() && obstacles.iter().all(|code| *code == Code::SuperAdminOnly) {
            return Err(Code::SuperAdminOnly);
        }
        Ok(new)
    }

    fn may_assign(
        &self,
        who: Who,
        new: &Assignment,
        lasts: While,
        after: (&Oracle, &BTreeSet<(UserId, TenantId)>),
        at: Timestamp,
    ) -> Result<(), Code> {
        let user = self.user(new.user).unwrap();
        let mut obstacles = self.hand_out_obstacles(who, user.home, new, lasts, at);
        // What is laid over another comes to light as what it takes away.
        let replaced = self.lasting(new.user, new.tenant).filter(|_| lasts.ends.is_none());
        if let Who::User(actor) = who
            && replaced.is_some_and(|a| self.makes_super(a))
            && !self.is_super_on(actor, new.tenant, at)
        {
            obstacles.push(Code::SuperAdminOnly);
        }
        if !user.is_living() {
            obstacles.push(Code::UserStateConflict);
        }
        if user.home != new.tenant && !self.manages(user.home, new.tenant, at) {
            obstacles.push(Code::OutOfReach);
        }
        if let Some(ends) = lasts.ends {
            let mut replaced = self.clone();
            replaced.end_laid((new.user, new.tenant, ends));
            if replaced.lying(new.user, new.tenant, at) >= MANY_TEMPORARIES {
                obstacles.push(Code::TooManyTemporaries);
            }
        }
        if self.leaves_without_super_admin(user, new.tenant, after, at) {
            obstacles.push(Code::LastSuperAdmin);
        }
        least(obstacles)
    }

    /// Whether an active super admin at home would go, and none would be left for good (U-3). Where there is none for good, so it
    /// is with those who are one by what stands, where all of them are given anything else, be it laid over it, or it is taken away.
    fn leaves_without_super_admin(
        &self,
        user: &User,
        tenant: TenantId,
        (after, less): (&Oracle, &BTreeSet<(UserId, TenantId)>),
        at: Timestamp,
    ) -> bool {
        if user.home != tenant
            || !self.kept_super_admins(tenant, at).contains(&user.id)
            || !after.lasting_super_admins(tenant, at).is_empty()
        {
            return false;
        }
        let for_good = !self.lasting_super_admins(tenant, at).is_empty();
        let spared = |one: &UserId| !less.contains(&(*one, tenant));
        for_good || !spared(&user.id) && !after.standing_super_admins(tenant).iter().any(spared)
    }

    pub fn unassign(&mut self, actor: &Actor, c: &Unassign, at: Timestamp) -> Result<(), Code> {
        let items = &c.assignments;
        let who = self.actor(actor, Disabled::Bars)?;
        let mut obstacles = batch_obstacles(items);
        let mut after = self.clone();
        let mut taken = Vec::new();
        for item in items {
            match self.may_decide(who, item, at) {
                Ok(user) => {
                    let theirs = |a: &Assignment| a.user == item.user && a.tenant == item.tenant;
                    match c.ends {
                        Some(ends) => after.end_laid((item.user, item.tenant, ends)),
                        None => {
                            after.assignments.retain(|a| !theirs(a));
                            after.temporaries.retain(|one| !theirs(&one.given));
                        }
                    }
                    taken.push((item, user));
                }
                Err(code) => obstacles.push(code),
            }
        }
        let all = taken.iter().filter(|_| c.ends.is_none()).map(|(item, _)| (item.user, item.tenant));
        let less: BTreeSet<_> = all.collect();
        for (item, user) in taken {
            obstacles.extend(self.may_unassign(who, item, c.ends, &user, (&after, &less), at).err());
            obstacles.extend(self.super_role_obstacles(who, item.user, item.tenant, &after, at));
        }
        obstacles.extend(self.change_obstacles(who, &after, at));
        least(obstacles)?;
        *self = after;
        // What lay under it comes to decide.
        items.iter().for_each(|item| self.note_owner(item.user, at));
        Ok(())
    }

    /// The user of an item, for somebody who may decide about them and sees the tenant.
    fn may_decide(&self, who: Who, item: &UserOnTenant, at: Timestamp) -> Result<User, Code> {
        let user = self.known_user(who, item.user, at)?;
        self.user_right(who, &user, at)?;
        let hidden = matches!(who, Who::User(_)) && !self.sees(who, item.tenant, at);
        if hidden { Err(Code::UnknownTenant) } else { Ok(user) }
    }

    fn may_unassign(
        &self,
        who: Who,
        item: &UserOnTenant,
        ends: Option<Timestamp>,
        user: &User,
        after: (&Oracle, &BTreeSet<(UserId, TenantId)>),
        at: Timestamp,
    ) -> Result<(), Code> {
        let mut obstacles = Vec::new();
        let there = self.lasting(item.user, item.tenant).filter(|_| ends.is_none());
        let laid = match ends {
            Some(ends) => at < ends && self.ends_anything(item.user, item.tenant, ends),
            None => self.laid(item.user, item.tenant, at).next().is_some(),
        };
        if let Who::User(actor) = who
            && there.is_some_and(|a| self.makes_super(a))
            && !self.is_super_on(actor, item.tenant, at)
        {
            obstacles.push(Code::SuperAdminOnly);
        }
        if there.is_none() && !laid {
            obstacles.push(Code::NotAssigned);
        }
        if self.leaves_without_super_admin(user, item.tenant, after, at) {
            obstacles.push(Code::LastSuperAdmin);
        }
        least(obstacles)
    }

    /// Somebody makes use of a role for which they are eligible: they have it from now on, as it was given, and nothing is
    /// judged anew.
    pub fn activate(&mut self, actor: &Actor, c: &Activate, at: Timestamp) -> Result<(), Code> {
        let Who::User(user) = self.actor(actor, Disabled::Bars)? else { return Err(Code::WrongActor) };
        if self.user(user).is_some_and(|user| self.is_locked(user.home, at)) {
            return Err(Code::CustomerLocked);
        }
        let fits = |one: &&Temporary| one.given.role == c.role && one.can_be_activated(at);
        let longest = self.laid(user, c.tenant, at).filter(fits).max_by_key(|one| one.ends);
        let of = longest.ok_or(Code::NotEligible)?.clone();
        let mut after = self.clone();
        for one in after.temporaries.iter_mut().filter(|one| one.laid() == of.laid()) {
            one.active = None;
        }
        let mut obstacles = Vec::new();
        let rule = &self.policy.activation;
        if c.minutes < rule.min_minutes || rule.max_minutes < c.minutes {
            obstacles.push(Code::ActivationLength);
        }
        // Nobody is eligible for anything beyond the end of time.
        let mut ends = at.micros() + i64::from(c.minutes) * MICROS_A_MINUTE;
        if of.ends.micros() < ends {
            obstacles.push(Code::EndTooFar);
        }
        if after.lying(user, c.tenant, at) >= MANY_TEMPORARIES {
            obstacles.push(Code::TooManyTemporaries);
        }
        let at_home = self.user(user).filter(|user| user.home == c.tenant);
        if !self.makes_super(&of.given) && at_home.is_some_and(|user| self.is_last_super_admin(user, at)) {
            obstacles.push(Code::LastSuperAdmin);
        }
        let of = of.laid();
        least(obstacles)?;
        let moment = |micros| Timestamp::from_micros(micros).unwrap();
        while after.ends_anything(user, c.tenant, moment(ends)) {
            ends -= 1;
        }
        for one in after.temporaries.iter_mut().filter(|one| one.laid() == of) {
            one.active = Some(Active { since: at, ends: moment(ends) });
        }
        *self = after;
        self.note_owner(user, at);
        Ok(())
    }

    /// They have it no more: whatever they have active there with that role.
    pub fn deactivate(&mut self, actor: &Actor, c: &Deactivate, at: Timestamp) -> Result<(), Code> {
        let Who::User(user) = self.actor(actor, Disabled::Bars)? else { return Err(Code::WrongActor) };
        let theirs = |one: &Temporary| {
            (one.given.user, one.given.tenant) == (user, c.tenant) && one.given.role == c.role
        };
        if !self.temporaries.iter().any(|one| theirs(one) && one.active_at(at).is_some()) {
            return Err(Code::NotAssigned);
        }
        for one in self.temporaries.iter_mut().filter(|one| theirs(one)) {
            one.active = None;
        }
        self.note_owner(user, at);
        Ok(())
    }

    /// What stands in the way of a role holding these permissions.
    fn permission_obstacles<'p>(&self, permissions: impl Iterator<Item = &'p Permission>) -> Vec<Code> {
        let mut obstacles = Vec::new();
        for permission in permissions {
            if !self.policy.permissions.contains(permission) {
                obstacles.push(Code::UnknownPermission);
            }
            if self.policy.super_only.contains(permission) {
                obstacles.push(Code::SuperOnlyPermission);
            }
        }
        obstacles
    }

    fn role_name_taken(&self, name: &RoleName, tenant: TenantId, but: Option<RoleId>) -> bool {
        self.roles.iter().any(|role| role.tenant == tenant && role.name == *name && Some(role.id) != but)
            || self.policy.roles.iter().any(|role| role.name.as_str() == name.as_str())
    }

    pub fn create_role(&mut self, actor: &Actor, c: &CreateRole, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "roles.manage", c.tenant, at, Disabled::Bars)?;
        let mut obstacles = self.permission_obstacles(c.permissions.iter());
        if let Who::User(user) = who {
            // What nobody can hold is not held against the actor.
            let permissions = c.permissions.intersection(&self.policy.permissions).cloned().collect();
            if !self.holds_each_for_good(user, c.tenant, &permissions, at) {
                obstacles.push(Code::BeyondOwnRights);
            }
        }
        if self.role_name_taken(&c.name, c.tenant, None) {
            obstacles.push(Code::RoleNameTaken);
        }
        obstacles.extend(self.id_obstacles(&[c.role.unwrap().uuid()]));
        least(obstacles)?;
        self.used_role_ids.insert(c.role.unwrap());
        self.roles.push(Role {
            id: c.role.unwrap(),
            tenant: c.tenant,
            name: c.name.clone(),
            permissions: c.permissions.clone(),
        });
        Ok(())
    }

    /// The role, for those who may change it.
    fn role_for(&self, who: Who, id: RoleId, at: Timestamp) -> Result<Role, Code> {
        let role = self.role(id).filter(|role| self.sees(who, role.tenant, at)).ok_or(Code::UnknownRole)?;
        self.right(who, "roles.manage", role.tenant, at, Disabled::Bars)?;
        Ok(role.clone())
    }

    pub fn edit_role(&mut self, actor: &Actor, c: &EditRole, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let role = self.role_for(who, c.role, at)?;
        let name = c.name.clone().unwrap_or(role.name.clone());
        let permissions = c.permissions.clone().unwrap_or(role.permissions.clone());
        let added: BTreeSet<Permission> = permissions.difference(&role.permissions).cloned().collect();
        let mut obstacles = self.permission_obstacles(added.iter());
        let added: BTreeSet<Permission> = added.intersection(&self.policy.permissions).cloned().collect();
        if name == role.name && permissions == role.permissions {
            obstacles.push(Code::NothingToDo);
        }
        if self.role_name_taken(&name, role.tenant, Some(role.id)) {
            obstacles.push(Code::RoleNameTaken);
        }
        if let Who::User(user) = who {
            if !self.holds_each_for_good(user, role.tenant, &added, at) {
                obstacles.push(Code::BeyondOwnRights);
            }
            // Who has the role is handed out what it comes to hold, as is who is offered it.
            let world = self.as_if_accepted();
            for a in world.all_given().filter(|a| a.role == RoleRef::Custom(role.id)) {
                let home = self.user(a.user).map(|user| user.home).unwrap();
                let reserved = |p: &Permission| a.masked && self.policy.reserved.contains(p);
                let given: Vec<_> = added.iter().filter(|p| !reserved(p)).cloned().collect();
                obstacles.extend(self.reach_obstacles(user, home, &given, a, While::FOR_GOOD, at));
            }
        }
        let mut after = self.clone();
        for kept in after.roles.iter_mut().filter(|kept| kept.id == role.id) {
            kept.name = name.clone();
            kept.permissions = permissions.clone();
        }
        obstacles.extend(self.change_obstacles(who, &after, at));
        least(obstacles)?;
        *self = after;
        Ok(())
    }

    pub fn delete_role(&mut self, actor: &Actor, id: RoleId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.role_for(who, id, at)?;
        let this = RoleRef::Custom(id);
        let offered = self.invitations.iter().any(|i| i.state == HandshakeState::Pending && i.role == this);
        if offered || self.all_given().any(|a| a.role == this) {
            return Err(Code::RoleInUse);
        }
        self.roles.retain(|role| role.id != id);
        Ok(())
    }
}
