//! Roles and who has them where (P-9, P-10, P-11, U-4). It never asks what a role is used for.

use tenantry::base::ids::{RoleId, TenantId};
use tenantry::base::text::{Permission, RoleName};
use tenantry::base::time::Timestamp;
use tenantry::command::{CreateRole, EditRole, NewAssignment, UserOnTenant};
use tenantry::model::{Actor, HandshakeState, RoleRef, TenantKind};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::execute::least;
use crate::tenants::batch_obstacles;
use crate::world::{Assignment, Oracle, Role, User};

impl Oracle {
    pub fn assign(&mut self, actor: &Actor, items: &[NewAssignment], at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let pairs: Vec<_> = items.iter().map(|item| (item.user, item.tenant)).collect();
        let mut obstacles = batch_obstacles(&pairs);
        let mut after = self.clone();
        for item in items {
            after.assignments.retain(|a| a.user != item.user || a.tenant != item.tenant);
            after.assignments.push(Assignment {
                user: item.user,
                tenant: item.tenant,
                role: item.role.clone(),
                below: item
                    .below
                    .unwrap_or(self.tenant(item.tenant).is_some_and(|t| t.kind == TenantKind::Msp)),
            });
        }
        for item in items {
            if let Err(code) = self.may_assign(who, item, &after, at) {
                obstacles.push(code);
            }
        }
        least(obstacles)?;
        *self = after;
        Ok(())
    }

    fn may_assign(&self, who: Who, item: &NewAssignment, after: &Oracle, at: Timestamp) -> Result<(), Code> {
        let user = self.known_user(who, item.user, at)?;
        self.user_right(who, &user, at)?;
        if !self.sees(who, item.tenant, at) {
            return Err(Code::UnknownTenant);
        }
        let known = match &item.role {
            RoleRef::Builtin(name) => self.policy.roles.iter().any(|rule| rule.name == *name),
            RoleRef::Custom(id) => {
                self.role(*id).is_some_and(|role| role.tenant == user.home || role.tenant == item.tenant)
            }
        };
        if !known {
            return Err(Code::UnknownRole);
        }
        let mut obstacles = Vec::new();
        let below = item.below.unwrap_or(self.tenant(item.tenant).unwrap().kind == TenantKind::Msp);
        let replaced = self.assignment(item.user, item.tenant).map(|a| a.role.clone());
        if let Who::User(actor) = who {
            if !self.can_hand_out(actor, &self.permissions_of(&item.role), item.tenant, below, at) {
                obstacles.push(Code::BeyondOwnRights);
            }
            let of_super = item.role == self.super_role() || replaced == Some(self.super_role());
            if of_super && !self.is_super_on(actor, item.tenant, at) {
                obstacles.push(Code::SuperAdminOnly);
            }
        }
        if !user.is_living() {
            obstacles.push(Code::UserStateConflict);
        }
        if user.home != item.tenant && !self.manages(user.home, item.tenant, at) {
            obstacles.push(Code::OutOfReach);
        }
        if self.leaves_without_super_admin(&user, item.tenant, after, at) {
            obstacles.push(Code::LastSuperAdmin);
        }
        least(obstacles)
    }

    /// Whether an active super admin at home would go, and none would be left (U-3).
    fn leaves_without_super_admin(
        &self,
        user: &User,
        tenant: TenantId,
        after: &Oracle,
        at: Timestamp,
    ) -> bool {
        user.home == tenant
            && self.active_super_admins(tenant).contains(&user.id)
            && after.active_super_admins(tenant).is_empty()
            && !self.is_locked(tenant, at)
    }

    pub fn unassign(&mut self, actor: &Actor, items: &[UserOnTenant], at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let mut obstacles = batch_obstacles(items);
        let mut after = self.clone();
        for item in items {
            after.assignments.retain(|a| a.user != item.user || a.tenant != item.tenant);
        }
        for item in items {
            if let Err(code) = self.may_unassign(who, item, &after, at) {
                obstacles.push(code);
            }
        }
        least(obstacles)?;
        *self = after;
        Ok(())
    }

    fn may_unassign(&self, who: Who, item: &UserOnTenant, after: &Oracle, at: Timestamp) -> Result<(), Code> {
        let user = self.known_user(who, item.user, at)?;
        self.user_right(who, &user, at)?;
        let mut obstacles = Vec::new();
        let there = self.assignment(item.user, item.tenant).map(|a| a.role.clone());
        if let Who::User(actor) = who
            && there == Some(self.super_role())
            && !self.is_super_on(actor, item.tenant, at)
        {
            obstacles.push(Code::SuperAdminOnly);
        }
        if there.is_none() {
            obstacles.push(Code::NotAssigned);
        }
        if self.leaves_without_super_admin(&user, item.tenant, after, at) {
            obstacles.push(Code::LastSuperAdmin);
        }
        least(obstacles)
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
            let permissions: Vec<Permission> =
                c.permissions.intersection(&self.policy.permissions).cloned().collect();
            if !self.any_holds_each(&self.roles_on(user, c.tenant, at), &permissions) {
                obstacles.push(Code::BeyondOwnRights);
            }
        }
        if self.role_name_taken(&c.name, c.tenant, None) {
            obstacles.push(Code::RoleNameTaken);
        }
        if self.used_role_ids.contains(&c.role.unwrap()) {
            obstacles.push(Code::IdTaken);
        }
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
        let added: Vec<Permission> = permissions.difference(&role.permissions).cloned().collect();
        let mut obstacles = self.permission_obstacles(added.iter());
        let added: Vec<Permission> =
            added.into_iter().filter(|p| self.policy.permissions.contains(p)).collect();
        if name == role.name && permissions == role.permissions {
            obstacles.push(Code::NothingToDo);
        }
        if self.role_name_taken(&name, role.tenant, Some(role.id)) {
            obstacles.push(Code::RoleNameTaken);
        }
        if let Who::User(user) = who {
            let mut held = self.any_holds_each(&self.roles_on(user, role.tenant, at), &added);
            for a in self.assignments.iter().filter(|a| a.role == RoleRef::Custom(role.id)) {
                held = held && self.can_hand_out(user, &added, a.tenant, a.below, at);
            }
            if !held {
                obstacles.push(Code::BeyondOwnRights);
            }
        }
        least(obstacles)?;
        for kept in self.roles.iter_mut().filter(|kept| kept.id == role.id) {
            kept.name = name.clone();
            kept.permissions = permissions.clone();
        }
        Ok(())
    }

    pub fn delete_role(&mut self, actor: &Actor, id: RoleId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.role_for(who, id, at)?;
        let this = RoleRef::Custom(id);
        let offered = self.invitations.iter().any(|i| i.state == HandshakeState::Pending && i.role == this);
        if offered || self.assignments.iter().any(|a| a.role == this) {
            return Err(Code::RoleInUse);
        }
        self.roles.retain(|role| role.id != id);
        Ok(())
    }
}
