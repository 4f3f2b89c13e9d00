//! Tenants' own roles (P-9). Reads a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::ids::NewIds;
use super::rights::Giver;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{RoleId, TenantId};
use crate::base::text::{Permission, RoleName};
use crate::command::{CreateRole, DeleteRole, EditRole};
use crate::event::Event;
use crate::model::permission::ROLES_MANAGE;
use crate::model::{Actor, Assignment, Invitation, Role, RoleRef};
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Adds a role of a tenant's own (P-9).
///
/// # Errors
/// Those of [`authority::authorize`]; `beyond_own_rights`, `unknown_permission`,
/// `super_only_permission`, `nil_id`, `id_taken`, `role_name_taken`.
pub(crate) fn create(world: &World<'_>, actor: &Actor, command: &CreateRole) -> Ruling<Decision> {
    authority::authorize(world, actor, ROLES_MANAGE, command.tenant, Gate::Shut)?;
    let by = authority::admit(world, actor, Gate::Shut)?.map(|user| user.home);
    let mut giver = Giver::of(world, actor)?;
    let mut bars = Bars::new();
    let role = NewIds::of(world).take(command.role, &mut bars)?;
    bar_permissions(world, &command.permissions, &mut bars);
    bars.bar(
        !giver.holds(&known(world, &command.permissions), command.tenant, false)?,
        Code::BeyondOwnRights,
        &command.name,
    );
    bar_name(world, command.tenant, None, &command.name, &mut bars)?;
    bars.lift()?;
    Ok(Event::RoleCreated {
        role,
        tenant: command.tenant,
        name: command.name.clone(),
        permissions: command.permissions.clone(),
        by,
    }
    .into())
}

/// Changes a tenant's own role. What is added must be held by the editor wherever the role is
/// assigned or offered (U-4, P-15); what is reserved is not added by a manager's side to what the
/// customer's people have (P-16).
///
/// # Errors
/// Those of [`resolve`]; `nothing_to_do`, `reserved_for_customer`, `beyond_own_rights`,
/// `unknown_permission`, `super_only_permission`, `role_name_taken`.
pub(crate) fn edit(world: &World<'_>, actor: &Actor, command: &EditRole) -> Ruling<Decision> {
    let role = resolve(world, actor, command.role)?;
    let mut giver = Giver::of(world, actor)?;
    let mut bars = Bars::new();
    let name = command.name.clone().unwrap_or_else(|| role.name.clone());
    let permissions = command.permissions.clone().unwrap_or_else(|| role.permissions.clone());
    bars.bar(name == role.name && permissions == role.permissions, Code::NothingToDo, role.id);
    let added: BTreeSet<Permission> = permissions.difference(&role.permissions).cloned().collect();
    bar_permissions(world, &added, &mut bars);
    if !added.is_empty() {
        let added = known(world, &added);
        let unreserved = added.difference(&world.policy.reserved).cloned().collect();
        let mut held = giver.holds(&added, role.tenant, false)?;
        for Use { home, tenant, below, masked } in uses(world, &role)? {
            held = held && giver.holds(if masked { &unreserved } else { &added }, tenant, below)?;
            let barred = !masked && added.len() > unreserved.len() && giver.masks(home)?;
            bars.bar(barred, Code::ReservedForCustomer, role.tenant);
        }
        bars.bar(!held, Code::BeyondOwnRights, &name);
    }
    if name != role.name {
        bar_name(world, role.tenant, Some(role.id), &name, &mut bars)?;
    }
    bars.lift()?;
    Ok(Event::RoleEdited { role: role.id, name, permissions }.into())
}

/// Where a role is assigned or offered, to somebody at home in `home`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    home: TenantId,
    tenant: TenantId,
    below: bool,
    masked: bool,
}

/// The uses of a tenant's own role, alike ones once.
fn uses(world: &World<'_>, role: &Role) -> Result<BTreeSet<Use>, ViewError> {
    let reference = RoleRef::Custom(role.id);
    let mut found = BTreeSet::new();
    for assignment in world.view.under::<Assignment>(Index::AssignmentRole, Key::new().id(role.id.uuid())) {
        let given = assignment?;
        let Some(user) = world.user(given.user)? else { continue };
        for (_, below, masked, _) in given.each(world.at).filter(|(of, ..)| **of == reference) {
            found.insert(Use { home: user.home, tenant: given.tenant, below, masked });
        }
    }
    for invitation in world.pending_invitations(role.tenant)? {
        if invitation.role == reference {
            let Invitation { tenant, below, masked, .. } = *invitation;
            found.insert(Use { home: tenant, tenant, below, masked });
        }
    }
    Ok(found)
}

/// Deletes a tenant's own role that nobody has (P-9).
///
/// # Errors
/// Those of [`resolve`]; `role_in_use`.
pub(crate) fn delete(world: &World<'_>, actor: &Actor, command: &DeleteRole) -> Ruling<Decision> {
    let role = resolve(world, actor, command.role)?;
    let reference = RoleRef::Custom(role.id);
    let mut assigned = false;
    for given in world.view.under::<Assignment>(Index::AssignmentRole, Key::new().id(role.id.uuid())) {
        assigned = given?.each(world.at).any(|(of, ..)| *of == reference);
        if assigned {
            break;
        }
    }
    let offered =
        world.pending_invitations(role.tenant)?.iter().any(|invitation| invitation.role == reference);
    if assigned || offered {
        refuse(Code::RoleInUse, role.id)
    } else {
        Ok(Event::RoleDeleted { role: role.id }.into())
    }
}

/// Finds a tenant's own role for those who manage its roles.
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_role`.
fn resolve(world: &World<'_>, actor: &Actor, id: RoleId) -> Ruling<Arc<Role>> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
    let Some(role) = world.role(id)? else { return refuse(Code::UnknownRole, id) };
    if let Some(user) = admitted {
        if !access::sees(world, &user, role.tenant)? {
            return refuse(Code::UnknownRole, id);
        }
        authority::authorize(world, actor, ROLES_MANAGE, role.tenant, Gate::Shut)?;
    }
    Ok(role)
}

fn bar_permissions(world: &World<'_>, permissions: &BTreeSet<Permission>, bars: &mut Bars) {
    for permission in permissions {
        bars.bar(!world.policy.permissions.contains(permission), Code::UnknownPermission, permission);
        bars.bar(world.policy.super_only.contains(permission), Code::SuperOnlyPermission, permission);
    }
}

/// What of these the policy knows: nobody holds the rest, which is barred by its own name.
fn known(world: &World<'_>, permissions: &BTreeSet<Permission>) -> BTreeSet<Permission> {
    permissions.intersection(&world.policy.permissions).cloned().collect()
}

/// Bars a name that looks like that of another role of the tenant, or of a built-in one.
fn bar_name(
    world: &World<'_>,
    tenant: TenantId,
    role: Option<RoleId>,
    name: &RoleName,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    let skeleton = name.skeleton();
    let builtin = world.policy.roles.iter().any(|rule| rule.name.skeleton() == skeleton);
    bars.bar(builtin, Code::RoleNameTaken, name);
    for other in world.view.under::<Role>(Index::RoleTenant, Key::new().id(tenant.uuid()).text(&skeleton)) {
        bars.bar(Some(other?.id) != role, Code::RoleNameTaken, name);
    }
    Ok(())
}
