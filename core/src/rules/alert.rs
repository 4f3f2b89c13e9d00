//! Alerts and service mail (A): who gets them, read off a view; and the rule behind it. Never sends
//! anything.

use std::collections::BTreeSet;

use super::access::{self, Gate};
use super::authority;
use super::graph;
use super::ladder::{self, Matter};
use super::world::{Bars, Decision, Ruling, World};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::IssueCategory;
use crate::command::SetAlertRule;
use crate::event::Event;
use crate::model::permission::{ALERTS_MANAGE, DEVICES_GROUP_MANAGER};
use crate::model::{Actor, AlertRule, Audience, RoleRef, User, UserState};
use crate::query::Recipients;
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Sets who gets a tenant's alerts about a category.
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_category` and, for each additional recipient,
/// `no_such_user`.
pub(crate) fn set(world: &World<'_>, actor: &Actor, command: &SetAlertRule) -> Ruling<Decision> {
    authority::authorize(world, actor, ALERTS_MANAGE, command.tenant, Gate::Shut)?;
    let mut bars = Bars::new();
    let known = world.policy.issue_categories.contains(&command.category);
    bars.bar(!known, Code::UnknownCategory, &command.category);
    let setting = authority::admit(world, actor, Gate::Shut)?;
    let above = graph::above(world, command.tenant, &BTreeSet::new())?;
    for &id in &command.additional {
        let user = world.user(id)?.filter(|user| can_receive(user, command.tenant, &above));
        // Somebody whose organisation is not there for whoever names them is nobody (T-9).
        let can = match (&setting, &user) {
            (Some(by), Some(user)) => user.home == command.tenant || access::knows(world, by, user.home)?,
            (None, user) => user.is_some(),
            (Some(_), None) => false,
        };
        bars.bar(!can, Code::NoSuchUser, id);
    }
    bars.lift()?;
    Ok(Event::AlertRuleSet {
        tenant: command.tenant,
        category: command.category.clone(),
        audience: command.audience,
        additional: command.additional.clone(),
    }
    .into())
}

/// Whether somebody can be an additional recipient: living, and at home there or at one of those
/// above.
fn can_receive(user: &User, tenant: TenantId, above: &BTreeSet<TenantId>) -> bool {
    user.state.is_living() && (user.home == tenant || above.contains(&user.home))
}

/// Who gets a tenant's service mail: fully managed, the manager's admins instead of its own;
/// jointly, both; not managed, its own; and the operator for whoever has nobody left.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn service_mail(world: &World<'_>, tenant: TenantId) -> Result<Recipients, ViewError> {
    let mut to = admins(world, tenant)?;
    to.operator |= to.users.is_empty() && world.living(tenant)?.is_some();
    Ok(to)
}

/// The admins who have to do with a tenant: its own, unless it is locked, and on each ladder of a
/// manager's.
fn admins(world: &World<'_>, tenant: TenantId) -> Result<Recipients, ViewError> {
    let mut to = ladder::of_own(world, tenant)?;
    for link in world.links_above(tenant)? {
        to.append(ladder::of_manager(world, link.manager, Matter::Tenant(tenant))?);
    }
    Ok(to)
}

/// Who gets a tenant's alerts about a category: every admin, the manager's included, or the
/// device-group managers; and always the additional recipients.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn recipients(
    world: &World<'_>,
    tenant: TenantId,
    category: &IssueCategory,
) -> Result<Recipients, ViewError> {
    let rule = world.view.get::<AlertRule>(AlertRule::key(tenant, category))?;
    let audience = rule.as_ref().map_or(Audience::AllAdmins, |rule| rule.audience);
    let mut to = match audience {
        Audience::AllAdmins => admins(world, tenant)?,
        // The permission is reserved: nobody of a manager's can be among them.
        Audience::GroupManagers => {
            let mut managers = BTreeSet::new();
            let can = |role: &RoleRef| access::role_holds(world, role, DEVICES_GROUP_MANAGER);
            for user in world.own_active(tenant, can)?.into_iter().map(|it| it.user) {
                if access::judge(world, user, DEVICES_GROUP_MANAGER, tenant, None, Gate::Shut)?
                    .reason
                    .is_none()
                {
                    managers.insert(user);
                }
            }
            Recipients { users: managers, operator: false }
        }
    };
    let above = graph::above(world, tenant, &BTreeSet::new())?;
    for &user in rule.iter().flat_map(|rule| &rule.additional) {
        let counts = |it: &User| it.state == UserState::Active && can_receive(it, tenant, &above);
        if world.user(user)?.is_some_and(|it| counts(&it)) && is_admitted(world, user, tenant)? {
            to.users.insert(user);
        }
    }
    Ok(to)
}

/// Whether somebody is not kept off a tenant: at home there, or they see it.
fn is_admitted(world: &World<'_>, user: UserId, tenant: TenantId) -> Result<bool, ViewError> {
    match world.user(user)? {
        Some(user) => Ok(user.home == tenant || access::sees(world, &user, tenant)?),
        None => Ok(false),
    }
}

/// The tenant's alert rules without the additional recipients whose home no longer is above it
/// (D-6).
pub(super) fn lost(
    world: &World<'_>,
    tenant: TenantId,
    above: &BTreeSet<TenantId>,
) -> Result<Vec<Event>, ViewError> {
    let mut events = Vec::new();
    for rule in world.view.under::<AlertRule>(Index::AlertTenant, Key::new().id(tenant.uuid())) {
        let rule = rule?;
        let mut additional = BTreeSet::new();
        for &user in &rule.additional {
            if world.user(user)?.is_some_and(|user| user.home == tenant || above.contains(&user.home)) {
                additional.insert(user);
            }
        }
        if additional != rule.additional {
            let category = rule.category.clone();
            events.push(Event::AlertRuleSet { tenant, category, audience: rule.audience, additional });
        }
    }
    Ok(events)
}
