//! Putting a policy into force (P-13). Reads a view, returns events.

use std::collections::BTreeSet;

use super::authority;
use super::world::{Bars, Decision, Ruling, World};
use crate::base::text::{BuiltinRole, ManagementType, Service};
use crate::command::SetPolicy;
use crate::event::Event;
use crate::model::{
    Actor, Assignment, HandshakeState, Invitation, Link, LinkRequest, Proposal, ProposalContent, RoleRef,
};
use crate::policy::Policy;
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Puts a policy into force, validated as a whole; what is in use cannot be dropped (P-13).
///
/// # Errors
/// `wrong_actor`, `invalid_policy`, `policy_in_use`.
pub(crate) fn set(world: &World<'_>, actor: &Actor, command: &SetPolicy) -> Ruling<Decision> {
    authority::operator_only(world, actor)?;
    let mut bars = Bars::new();
    if let Err(error) = command.policy.validate() {
        bars.bar(true, Code::InvalidPolicy, error);
    }
    bar_dropped(world, &command.policy, &mut bars)?;
    bars.lift()?;
    Ok(Event::PolicySet { policy: command.policy.clone() }.into())
}

/// Looks at every use of what the new policy no longer has. Slow on a large store, and only when
/// something is dropped.
fn bar_dropped(world: &World<'_>, next: &Policy, bars: &mut Bars) -> Result<(), ViewError> {
    let now = &world.policy;
    let types: BTreeSet<&ManagementType> = now
        .management_types
        .iter()
        .map(|rule| &rule.name)
        .filter(|name| next.management(name).is_none())
        .collect();
    let services: BTreeSet<&Service> = now.services.difference(&next.services).collect();
    if !types.is_empty() || !services.is_empty() {
        for link in world.view.under::<Link>(Index::LinkManager, Key::new()) {
            let link = link?;
            if link.is_in_force(world.at) {
                bar_link(&types, &services, &link.management, &link.services, bars);
            }
        }
        for request in world.view.under::<LinkRequest>(Index::RequestManager, Key::new()) {
            let request = request?;
            if request.handshake.state_at(world.at) == HandshakeState::Pending {
                bar_link(&types, &services, &request.management, &request.services, bars);
            }
        }
        for proposal in world.view.under::<Proposal>(Index::ProposalManager, Key::new()) {
            let proposal = proposal?;
            if proposal.handshake.state_at(world.at) == HandshakeState::Pending
                && let ProposalContent::Services(wanted) = &proposal.content
            {
                bar_services(&services, wanted, bars);
            }
        }
    }
    let roles: BTreeSet<&BuiltinRole> =
        now.roles.iter().map(|role| &role.name).filter(|name| next.role(name).is_none()).collect();
    let mut bar_role = |role: &RoleRef| {
        if let RoleRef::Builtin(name) = role {
            bars.bar(roles.contains(name), Code::PolicyInUse, name);
        }
    };
    if !roles.is_empty() {
        for assignment in world.view.under::<Assignment>(Index::AssignmentUser, Key::new()) {
            bar_role(&assignment?.role);
        }
        for invitation in world.view.under::<Invitation>(Index::InvitationUser, Key::new()) {
            bar_role(&invitation?.role);
        }
    }
    Ok(())
}

fn bar_link(
    types: &BTreeSet<&ManagementType>,
    services: &BTreeSet<&Service>,
    management: &ManagementType,
    used: &BTreeSet<Service>,
    bars: &mut Bars,
) {
    bars.bar(types.contains(management), Code::PolicyInUse, management);
    bar_services(services, used, bars);
}

fn bar_services(services: &BTreeSet<&Service>, used: &BTreeSet<Service>, bars: &mut Bars) {
    for service in used {
        bars.bar(services.contains(service), Code::PolicyInUse, service);
    }
}
