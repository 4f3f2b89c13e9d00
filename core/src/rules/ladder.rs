//! Who is told of what happens to a tenant: on each side a ladder, from its admins up to the
//! operator. Never says what they are told.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access;
use super::graph;
use super::kept_off;
use super::world::World;
use crate::base::ids::{TenantId, UserId};
use crate::model::permission::TENANT_EDIT;
use crate::model::{Assignment, RoleRef, User, UserState};
use crate::query::Recipients;
use crate::view::ViewError;

/// Of what a manager's people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matter {
    /// A tenant that it manages. Whoever does not see that is told nothing of it.
    Tenant(TenantId),
    /// What it manages, whichever: a link that has ended. Whoever sees nothing of it is told
    /// nothing.
    Below,
    /// What there is, or may come to be, between it and a tenant: a request, an invitation. Whoever
    /// is kept off that, or sees nothing that it manages, is told nothing of it.
    Between(TenantId),
}

/// How somebody stands, by an assignment, to be told.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// By the admin or the super role.
    Admin,
    /// As a super admin (P-9).
    SuperAdmin,
    /// By a role that may edit the tenant.
    Editor,
}

impl Standing {
    /// Whether a role can give it, what may be masked of it aside.
    fn is_given_by(self, world: &World<'_>, role: &RoleRef) -> Result<bool, ViewError> {
        match self {
            Self::Admin => Ok(world.is_admin(role)),
            Self::SuperAdmin => Ok(world.is_super(role)),
            Self::Editor => access::role_holds(world, role, TENANT_EDIT),
        }
    }

    fn is_had_by(self, world: &World<'_>, assignment: &Assignment) -> Result<bool, ViewError> {
        match self {
            Self::Admin => Ok(world.is_admin(&assignment.role)),
            Self::SuperAdmin => Ok(world.is_super_admin(assignment)),
            Self::Editor => access::gives(world, assignment, TENANT_EDIT),
        }
    }
}

/// The manager's admins as far as the matter is theirs: by the nearest assignment to it. Where
/// nobody is left, the super admins of the managers above, and in the end the operator.
pub(crate) fn of_manager(
    world: &World<'_>,
    manager: TenantId,
    matter: Matter,
) -> Result<Recipients, ViewError> {
    of_manager_to(world, manager, matter, &|_| Ok(true))
}

/// The same of those who read it: a rung on which nobody does is one with nobody.
pub(crate) fn of_manager_to(
    world: &World<'_>,
    manager: TenantId,
    matter: Matter,
    reads: &dyn Fn(&User) -> Result<bool, ViewError>,
) -> Result<Recipients, ViewError> {
    if world.living(manager)?.is_none() {
        return Ok(Recipients::default());
    }
    let rung_of = |home, standing| -> Result<BTreeSet<UserId>, ViewError> {
        let mut found = BTreeSet::new();
        for user in rung_of(world, home, manager, matter, standing)? {
            if reads(&user)? {
                found.insert(user.id);
            }
        }
        Ok(found)
    };
    let mut rung = BTreeSet::from([manager]);
    let mut passed = BTreeSet::new();
    let mut users = rung_of(manager, Standing::Admin)?;
    if users.is_empty() {
        users = rung_of(manager, Standing::Editor)?;
    }
    while users.is_empty() && !rung.is_empty() {
        let mut above = BTreeSet::new();
        for tenant in &rung {
            above.extend(world.links_above(*tenant)?.iter().map(|link| link.manager));
        }
        passed.append(&mut rung);
        rung = &above - &passed;
        for home in &rung {
            users.extend(rung_of(*home, Standing::SuperAdmin)?);
        }
    }
    Ok(Recipients { operator: users.is_empty(), users })
}

/// The tenant's own admins: those who hold the admin or the super role or, where there is none,
/// whoever may edit the tenant by role. Those who are locked out count as nobody.
pub(crate) fn of_own(world: &World<'_>, tenant: TenantId) -> Result<Recipients, ViewError> {
    if world.is_locked(tenant)? {
        return Ok(Recipients::default());
    }
    let mut users = world.admins(tenant)?;
    if users.is_empty() {
        for assignment in world.own_active(tenant, |role| Standing::Editor.is_given_by(world, role))? {
            if Standing::Editor.is_had_by(world, &assignment)? {
                users.insert(assignment.user);
            }
        }
    }
    Ok(Recipients { users, operator: false })
}

/// The tenant's own super admins; where there is none who is not locked out, the operator if a word
/// about it `must` reach somebody.
pub(crate) fn of_customer(world: &World<'_>, tenant: TenantId, must: bool) -> Result<Recipients, ViewError> {
    let users = if world.is_locked(tenant)? { BTreeSet::new() } else { world.super_admins(tenant)? };
    let operator = must && users.is_empty() && world.living(tenant)?.is_some();
    Ok(Recipients { users, operator })
}

/// Those who are asked to sign up as the first super admin of a tenant that never had one.
pub(crate) fn of_signing_up(world: &World<'_>, tenant: TenantId) -> Result<Recipients, ViewError> {
    let mut users = BTreeSet::new();
    if world.living(tenant)?.is_some_and(|tenant| !tenant.had_owner) {
        let pending = world.pending_invitations(tenant)?;
        users.extend(pending.iter().filter(|it| it.sign_up).map(|it| it.user));
    }
    Ok(Recipients { users, operator: false })
}

/// Whoever at home in `home`, which is the manager or manages it, can act and stands so by the
/// assignment nearest to the matter.
fn rung_of(
    world: &World<'_>,
    home: TenantId,
    manager: TenantId,
    matter: Matter,
    standing: Standing,
) -> Result<Vec<Arc<User>>, ViewError> {
    let mut found = Vec::new();
    let Some(tenant) = world.living(home)? else { return Ok(found) };
    if world.closed(&tenant)?.is_some() || world.is_locked(home)? {
        return Ok(found);
    }
    let (at, from_below) = match matter {
        Matter::Tenant(tenant) => (tenant, false),
        Matter::Below | Matter::Between(_) => (manager, true),
    };
    for user in candidates(world, home, at, standing)? {
        let is_theirs = match matter {
            Matter::Tenant(managed) => access::sees(world, &user, managed)?,
            Matter::Below => access::sees_below(world, &user, manager)?,
            Matter::Between(managed) => {
                access::sees_below(world, &user, manager)? && !kept_off::is(world, &user, manager, managed)?
            }
        };
        if !is_theirs {
            continue;
        }
        for assignment in access::held(world, &user, at, from_below)? {
            if standing.is_had_by(world, &assignment)? {
                found.push(user);
                break;
            }
        }
    }
    Ok(found)
}

/// The active users of `home` who may stand so by an assignment on the way from there to a tenant.
fn candidates(
    world: &World<'_>,
    home: TenantId,
    tenant: TenantId,
    standing: Standing,
) -> Result<Vec<Arc<User>>, ViewError> {
    let mut way = BTreeSet::from([tenant, home]);
    for chain in graph::chains(world, tenant, home, &BTreeSet::new())? {
        way.extend(chain.iter().map(|link| link.manager));
    }
    let mut found = BTreeSet::new();
    let mut users = Vec::new();
    for at in way {
        for assignment in world.assigned(at, |role| standing.is_given_by(world, role))? {
            if found.insert(assignment.user) {
                let user = world.user(assignment.user)?;
                users.extend(user.filter(|it| it.home == home && it.state == UserState::Active));
            }
        }
    }
    Ok(users)
}
