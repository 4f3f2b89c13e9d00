//! A command becomes events or a refusal: one match, short arms. Reads and never writes.

use crate::command::{Command, Request};
use crate::event::Event;
use crate::model::machine::DelinkAct;
use crate::rules::{Decision, Ruling, World, assignment, delink, due, link, personal, policy, role, tenant, user};
use crate::view::ViewError;

/// What follows from a request, or why nothing does.
///
/// # Errors
/// A refusal, or the world could not be read.
pub fn decide(world: &World<'_>, request: &Request) -> Ruling<Decision> {
    let actor = &request.actor;
    match &request.command {
        Command::SetPolicy(it) => policy::set(world, actor, it),
        Command::RegisterTenant(it) => tenant::register(world, actor, it),
        Command::AddCustomer(it) => tenant::add_customer(world, actor, it),
        Command::EditTenant(it) => tenant::edit(world, actor, it),
        Command::ChangeTenantKind(it) => tenant::change_kind(world, actor, it),
        Command::DisableTenants(it) => tenant::disable(world, actor, it),
        Command::EnableTenants(it) => tenant::enable(world, actor, it),
        Command::ReportReady(it) => tenant::report_ready(world, actor, it),
        Command::DeleteTenants(it) => tenant::delete(world, actor, it),
        Command::RequestLink(it) => link::request(world, actor, it),
        Command::AcceptLink(it) => link::accept(world, actor, it),
        Command::DeclineLink(it) => link::decline(world, actor, it),
        Command::CancelLinkRequest(it) => link::cancel_request(world, actor, it),
        Command::ResendLinkRequest(it) => link::resend_request(world, actor, it),
        Command::ConvertLink(it) => link::convert(world, actor, it),
        Command::AddServices(it) => link::add_services(world, actor, it),
        Command::RemoveService(it) => link::remove_service(world, actor, it),
        Command::SetAutoExtend(it) => link::set_auto_extend(world, actor, it),
        Command::SetManagerGrants(it) => link::set_grants(world, actor, it),
        Command::RequestDelink(it) => delink::act(world, actor, it.link, it.party, DelinkAct::Request),
        Command::AcceptDelink(it) => delink::act(world, actor, it.link, it.party, DelinkAct::Accept),
        Command::RejectDelink(it) => delink::act(world, actor, it.link, it.party, DelinkAct::Reject),
        Command::ResendDelink(it) => delink::act(world, actor, it.link, it.party, DelinkAct::Resend),
        Command::CancelDelink(it) => delink::act(world, actor, it.link, it.party, DelinkAct::Cancel),
        Command::InviteUser(it) => user::invite(world, actor, it),
        Command::InviteOwner(it) => user::invite_owner(world, actor, it),
        Command::ResendInvitation(it) => user::resend(world, actor, it),
        Command::RevokeInvitation(it) => user::revoke(world, actor, it),
        Command::AcceptInvitation(it) => user::accept(world, actor, it),
        Command::DeclineInvitation(it) => user::decline(world, actor, it),
        Command::RegisterUser(it) => user::register(world, actor, it),
        Command::EditUser(it) => user::edit(world, actor, it),
        Command::BlockUser(it) => user::block(world, actor, it),
        Command::UnblockUser(it) => user::unblock(world, actor, it),
        Command::RemoveUser(it) => user::remove(world, actor, it),
        Command::Assign(it) => assignment::assign(world, actor, it),
        Command::Unassign(it) => assignment::unassign(world, actor, it),
        Command::CreateRole(it) => role::create(world, actor, it),
        Command::EditRole(it) => role::edit(world, actor, it),
        Command::DeleteRole(it) => role::delete(world, actor, it),
        Command::ErasePersonal(it) => personal::erase(world, actor, it),
    }
}

/// The next thing that time alone brings about at the world's moment; nothing, when nothing is due.
///
/// # Errors
/// When the world cannot be read.
pub fn sweep(world: &World<'_>) -> Result<Vec<Event>, ViewError> {
    due::first(world)
}
