//! Putting a policy into force (P-13). Reads a view, returns events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::authority;
use super::world::{Bars, Decision, Ruling, World};
use crate::base::ids::TenantId;
use crate::base::text::{BuiltinRole, ManagementType, Service};
use crate::command::SetPolicy;
use crate::event::Event;
use crate::model::permission::{GRANTS_MANAGE, LINK_RESPOND};
use crate::model::{
    Actor, Assignment, HandshakeState, Invitation, Link, LinkRequest, Proposal, ProposalContent, RoleRef,
};
use crate::policy::Policy;
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Puts a policy into force, validated as a whole. What is in use cannot be dropped; and what is
/// the policy's own, whatever the terms of a link, cannot leave managers more on links in force, or
/// tenants without anybody who answers for them (P-13).
///
/// # Errors
/// Those of [`authority::operator_only`]; `invalid_policy`, `policy_in_use`.
pub(crate) fn set(world: &World<'_>, actor: &Actor, command: &SetPolicy) -> Ruling<Decision> {
    authority::operator_only(world, actor)?;
    let mut bars = Bars::new();
    if let Err(error) = command.policy.validate() {
        bars.bar(true, Code::InvalidPolicy, error);
    }
    let mut uses = Uses::default();
    used_by_links(world, &command.policy, &mut uses)?;
    used_by_people(world, &command.policy, &mut uses)?;
    bars.bar(!uses.0.is_empty(), Code::PolicyInUse, uses);
    bars.lift()?;
    Ok(Event::PolicySet { policy: command.policy.clone() }.into())
}

/// What a policy takes away and is in use, with how many links, asked for ones among them, and
/// tenants stand in the way.
#[derive(Debug, Default)]
struct Uses(BTreeMap<String, (u64, BTreeSet<TenantId>)>);

impl Uses {
    fn of_link(&mut self, what: impl Into<String>, managed: TenantId) {
        let (links, tenants) = self.0.entry(what.into()).or_default();
        *links += 1;
        tenants.insert(managed);
    }

    fn of_tenant(&mut self, what: impl Into<String>, tenant: TenantId) {
        self.0.entry(what.into()).or_default().1.insert(tenant);
    }
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (what, (links, tenants))) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{what} (links: {links}, tenants: {})", tenants.len())?;
        }
        Ok(())
    }
}

/// What links use, in force or asked for, of what the new policy no longer has. Slow on a large
/// store, and only when something is taken away.
fn used_by_links(world: &World<'_>, next: &Policy, uses: &mut Uses) -> Result<(), ViewError> {
    let now = &world.policy;
    let types: BTreeSet<&ManagementType> = now
        .management_types
        .iter()
        .map(|rule| &rule.name)
        .filter(|name| next.management(name).is_none())
        .collect();
    let services: BTreeSet<&Service> = now.services.difference(&next.services).collect();
    let globally = widened(now, next);
    // Whoever has given something can take it back.
    let for_good = now.permissions.contains(GRANTS_MANAGE) && !next.permissions.contains(GRANTS_MANAGE);
    if types.is_empty() && services.is_empty() && globally.is_empty() && !for_good {
        return Ok(());
    }
    for link in world.view.under::<Link>(Index::LinkManager, Key::new()) {
        let link = link?;
        if link.is_in_force(world.at) {
            for what in named(&types, &services, &link.management, &link.services).chain(globally.clone()) {
                uses.of_link(what, link.managed);
            }
            if for_good && !link.grants.is_empty() {
                uses.of_link(GRANTS_MANAGE, link.managed);
            }
        }
    }
    for request in world.view.under::<LinkRequest>(Index::RequestManager, Key::new()) {
        let request = request?;
        if request.handshake.state_at(world.at) == HandshakeState::Pending {
            for what in named(&types, &services, &request.management, &request.services) {
                uses.of_link(what, request.managed);
            }
        }
    }
    for proposal in world.view.under::<Proposal>(Index::ProposalManager, Key::new()) {
        let proposal = proposal?;
        if proposal.handshake.state_at(world.at) == HandshakeState::Pending
            && let ProposalContent::Services(wanted) = &proposal.content
        {
            for service in wanted.iter().filter(|service| services.contains(service)) {
                uses.of_link(service.as_str(), proposal.managed);
            }
        }
    }
    Ok(())
}

/// The names of what a link uses, of those that are dropped.
fn named<'a>(
    types: &'a BTreeSet<&ManagementType>,
    services: &'a BTreeSet<&Service>,
    management: &'a ManagementType,
    used: &'a BTreeSet<Service>,
) -> impl Iterator<Item = String> + 'a {
    let management = types.contains(management).then(|| management.to_string());
    management.into_iter().chain(used.iter().filter(|it| services.contains(it)).map(ToString::to_string))
}

/// What is not a matter of terms, and would leave managers more on every link there is, or whoever
/// is asked by one without an answer.
fn widened(now: &Policy, next: &Policy) -> Vec<String> {
    let mut found = Vec::new();
    for permission in now.reserved.difference(&next.reserved).filter(|it| next.permissions.contains(*it)) {
        found.push(format!("{permission} among `reserved`"));
    }
    for permission in now.grantable.difference(&next.grantable).filter(|it| next.carries(it.as_str())) {
        found.push(format!("{permission} among `grantable`"));
    }
    if now.permissions.contains(LINK_RESPOND) && !next.permissions.contains(LINK_RESPOND) {
        found.push(LINK_RESPOND.to_owned());
    }
    found
}

/// What people hold, or are offered, of what the new policy no longer has; and whose super admins
/// and admins would be so no longer.
fn used_by_people(world: &World<'_>, next: &Policy, uses: &mut Uses) -> Result<(), ViewError> {
    let now = &world.policy;
    let dropped: BTreeSet<&BuiltinRole> =
        now.roles.iter().map(|role| &role.name).filter(|name| next.role(name).is_none()).collect();
    let mut lowered = Vec::new();
    if now.super_role != next.super_role {
        lowered.push(("super_role", &now.super_role));
    }
    if now.admin_role != next.admin_role && now.admin_role != next.super_role {
        lowered.push(("admin_role", &now.admin_role));
    }
    if dropped.is_empty() && lowered.is_empty() {
        return Ok(());
    }
    let builtin = |role: &RoleRef, name: &BuiltinRole| matches!(role, RoleRef::Builtin(it) if it == name);
    for assignment in world.view.under::<Assignment>(Index::AssignmentUser, Key::new()) {
        let given = assignment?;
        for (role, ..) in given.each(world.at) {
            for name in dropped.iter().filter(|name| builtin(role, name)) {
                uses.of_tenant(name.as_str(), given.tenant);
            }
            for (field, name) in lowered.iter().filter(|(_, name)| builtin(role, name)) {
                uses.of_tenant(format!("{name} as `{field}`"), given.tenant);
            }
        }
    }
    for invitation in world.view.under::<Invitation>(Index::InvitationUser, Key::new()) {
        let invitation = invitation?;
        for name in dropped.iter().filter(|name| builtin(&invitation.role, name)) {
            uses.of_tenant(name.as_str(), invitation.tenant);
        }
    }
    Ok(())
}
