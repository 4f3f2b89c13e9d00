//! What becomes of a command: the clock first, then the section of the rules it belongs to. It never reads a clock
//! and never explains itself beyond a code.

use tenantry::base::ids::{InvitationId, LinkId, TenantId};
use tenantry::base::text::{ManagementType, Prefix};
use tenantry::base::time::Timestamp;
use tenantry::command::{Command, Request};
use tenantry::model::{Actor, EndCause, HandshakeState, RoleRef, Stage, UserState};
use tenantry::policy::{Policy, PrefixReuse};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::links::passed_moment;
use crate::world::{Assignment, Oracle};

/// The obstacle with the least number, if there is one.
pub fn least(mut obstacles: Vec<Code>) -> Result<(), Code> {
    obstacles.sort();
    match obstacles.first() {
        Some(code) => Err(*code),
        None => Ok(()),
    }
}

impl Oracle {
    /// Executes a command at an instant, or says why not.
    ///
    /// # Errors
    /// The refusal with the least number.
    pub fn execute(&mut self, request: &Request, at: Timestamp) -> Result<(), Code> {
        self.sweep(at);
        let actor = &request.actor;
        match &request.command {
            Command::SetPolicy(c) => self.set_policy(actor, &c.policy, at),
            Command::RegisterTenant(c) => self.register_tenant(actor, c, at),
            Command::AddCustomer(c) => self.add_customer(actor, c, at),
            Command::EditTenant(c) => self.edit_tenant(actor, c, at),
            Command::ChangeTenantKind(c) => self.change_tenant_kind(actor, c, at),
            Command::DisableTenants(c) => self.disable_tenants(actor, &c.tenants, at),
            Command::EnableTenants(c) => self.enable_tenants(actor, &c.tenants, at),
            Command::ReportReady(c) => self.report_ready(actor, c.tenant),
            Command::DeleteTenants(c) => self.delete_tenants(actor, c, at),
            Command::RequestLink(c) => self.request_link(actor, c, at),
            Command::AcceptLink(c) => self.accept_link(actor, c.request, at),
            Command::DeclineLink(c) => self.decline_link(actor, c.request, at),
            Command::CancelLinkRequest(c) => self.cancel_link_request(actor, c.request, at),
            Command::ResendLinkRequest(c) => self.resend_link_request(actor, c.request, at),
            Command::ConvertLink(c) => self.convert_link(actor, c, at),
            Command::AddServices(c) => self.add_services(actor, c, at),
            Command::RemoveService(c) => self.remove_service(actor, c, at),
            Command::SetAutoExtend(c) => self.set_auto_extend(actor, c, at),
            Command::SetManagerGrants(c) => self.set_manager_grants(actor, c, at),
            Command::RequestDelink(c) => self.request_delink(actor, c.link, c.party, at),
            Command::AcceptDelink(c) => self.accept_delink(actor, c.link, c.party, at),
            Command::RejectDelink(c) => self.reject_delink(actor, c.link, c.party, at),
            Command::ResendDelink(c) => self.resend_delink(actor, c.link, c.party, at),
            Command::CancelDelink(c) => self.cancel_delink(actor, c.link, c.party, at),
            Command::InviteUser(c) => self.invite_user(actor, c, at),
            Command::InviteOwner(c) => self.invite_owner(actor, c, at),
            Command::ResendInvitation(c) => self.resend_invitation(actor, c.invitation, at),
            Command::RevokeInvitation(c) => self.revoke_invitation(actor, c.invitation, at),
            Command::AcceptInvitation(c) => self.accept_invitation(actor, c.invitation, &c.email),
            Command::DeclineInvitation(c) => self.decline_invitation(actor, c.invitation, &c.email),
            Command::RegisterUser(c) => self.register_user(actor, c),
            Command::EditUser(c) => self.edit_user(actor, c, at),
            Command::BlockUser(c) => self.block_user(actor, c.user, at),
            Command::UnblockUser(c) => self.unblock_user(actor, c.user, at),
            Command::RemoveUser(c) => self.remove_user(actor, c.user, at),
            Command::Assign(c) => self.assign(actor, &c.assignments, at),
            Command::Unassign(c) => self.unassign(actor, &c.assignments, at),
            Command::CreateRole(c) => self.create_role(actor, c, at),
            Command::EditRole(c) => self.edit_role(actor, c, at),
            Command::DeleteRole(c) => self.delete_role(actor, c.role, at),
            Command::ErasePersonal(c) => self.erase_personal(actor, c.subject, at),
            other => panic!(
                "the oracle reads sections 1 to 6 of the rules, and `{}` is of a later one",
                other.name()
            ),
        }
    }

    /// Everything that is due: announcements, extensions and ends of links, and what nobody answered in time.
    pub fn sweep(&mut self, at: Timestamp) {
        for request in &mut self.requests {
            if request.state == HandshakeState::Pending && request.expires <= at {
                request.state = HandshakeState::Expired;
            }
        }
        let lapsed: Vec<_> = self
            .invitations
            .iter()
            .filter(|invitation| invitation.state == HandshakeState::Pending && invitation.expires <= at)
            .map(|invitation| invitation.id)
            .collect();
        for invitation in lapsed {
            self.close_invitation(invitation, HandshakeState::Expired);
        }
        let mut over = Vec::new();
        for link in self.links.iter_mut().filter(|link| link.stage != Stage::Delinked) {
            if link.delink_expires.is_some_and(|expires| expires <= at) {
                link.stage = Stage::Active;
                link.delink_expires = None;
            }
            let Some(expires) = link.expires else { continue };
            if let Some(days) = link.extend_days {
                let mut end = expires;
                while end <= at {
                    end = end.plus_days(days);
                }
                if end != expires {
                    link.expires = Some(end);
                    // Moments before the prolongation count as announced.
                    link.announced = passed_moment(end, at);
                }
                continue;
            }
            for days in [30, 7, 1] {
                if expires.minus_days(days) <= at && link.announced.is_none_or(|told| days < told) {
                    link.announced = Some(days);
                }
            }
            if expires <= at {
                over.push(link.id);
            }
        }
        for link in over {
            self.end_link(link, EndCause::Expired, at);
        }
    }

    /// An invitation that ends other than by acceptance removes the invited user (U-2).
    pub fn close_invitation(&mut self, id: InvitationId, state: HandshakeState) {
        let invitation = self.invitation_mut(id);
        invitation.state = state;
        let user = invitation.user;
        self.user_mut(user).state = UserState::Removed;
    }

    /// Ends a link and what rests on it (D-6).
    pub fn end_link(&mut self, id: LinkId, cause: EndCause, at: Timestamp) {
        let link = self.link_mut(id);
        link.stage = Stage::Delinked;
        link.delink_expires = None;
        link.grants.clear();
        link.ended = Some(cause);
        let managed = link.managed;
        let mut touched = self.all_below(managed, at);
        touched.insert(managed);
        let rests = |a: &Assignment| {
            let home = self.user(a.user).unwrap().home;
            !touched.contains(&a.tenant) || home == a.tenant || self.manages(home, a.tenant, at)
        };
        let kept: Vec<_> = self.assignments.iter().filter(|a| rests(a)).cloned().collect();
        self.assignments = kept;
    }

    /// Only operators may.
    pub fn operator_only(&self, actor: &Actor) -> Result<Who, Code> {
        match self.actor(actor, Disabled::Bars)? {
            Who::User(_) => Err(Code::WrongActor),
            operator => Ok(operator),
        }
    }

    /// An operator who speaks for a party needs a ticket.
    pub fn ticketed(&self, actor: &Actor) -> Result<Who, Code> {
        match self.actor(actor, Disabled::Bars)? {
            Who::Operator { ticket: false } => Err(Code::TicketRequired),
            who => Ok(who),
        }
    }

    fn set_policy(&mut self, actor: &Actor, policy: &Policy, at: Timestamp) -> Result<(), Code> {
        self.operator_only(actor)?;
        if policy.validate().is_err() {
            return Err(Code::InvalidPolicy);
        }
        let has_type = |name: &ManagementType| policy.management_types.iter().any(|rule| rule.name == *name);
        let has_role = |name: &RoleRef| match name {
            RoleRef::Builtin(name) => policy.roles.iter().any(|role| role.name == *name),
            RoleRef::Custom(_) => true,
        };
        for link in self.links.iter().filter(|link| link.in_force(at)) {
            if !has_type(&link.management) || !link.services.is_subset(&policy.services) {
                return Err(Code::PolicyInUse);
            }
        }
        for request in self.requests.iter().filter(|request| request.state == HandshakeState::Pending) {
            if !has_type(&request.management) || !request.services.is_subset(&policy.services) {
                return Err(Code::PolicyInUse);
            }
        }
        if self.assignments.iter().any(|a| !has_role(&a.role)) {
            return Err(Code::PolicyInUse);
        }
        let mut pending = self.invitations.iter().filter(|i| i.state == HandshakeState::Pending);
        if pending.any(|invitation| !has_role(&invitation.role)) {
            return Err(Code::PolicyInUse);
        }
        self.policy = policy.clone();
        Ok(())
    }

    /// What stands in the way of a tenant holding a prefix (T-3).
    pub fn prefix_obstacles(&self, prefix: &Prefix, holder: Option<TenantId>, at: Timestamp) -> Vec<Code> {
        let mut obstacles = Vec::new();
        for tenant in &self.tenants {
            if tenant.prefix.as_ref() == Some(prefix) && Some(tenant.id) != holder && !tenant.deleted {
                obstacles.push(Code::PrefixTaken);
            }
            for (released, when) in &tenant.released {
                let rests = match self.policy.prefix_reuse {
                    PrefixReuse::Immediate => false,
                    PrefixReuse::Quarantine { days } => at < when.plus_days(days),
                    PrefixReuse::Never => true,
                };
                if released == prefix && rests {
                    obstacles.push(Code::PrefixResting);
                }
            }
        }
        obstacles
    }
}
