//! What becomes of a command: the clock first, then the section of the rules it belongs to. It never reads a clock
//! and never explains itself beyond a code.

use std::collections::BTreeSet;
use std::rc::Rc;

use tenantry::base::ids::{InvitationId, LinkId, TenantId};
use tenantry::base::text::{ManagementType, Prefix};
use tenantry::base::time::Timestamp;
use tenantry::command::{Command, Request};
use tenantry::model::{Actor, EndCause, HandshakeState, ProposalContent, RoleRef, Stage, UserState};
use tenantry::policy::{Policy, PrefixReuse};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::cause::{Cause, Due};
use crate::handshakes::Grounds;
use crate::term::passed_moment;
use crate::world::{Assignment, Holder, Oracle};

impl Oracle {
    /// The world without what it remembers of its own past.
    pub fn bare(&self) -> Self {
        let mut world = self.clone();
        (world.journal, world.outbox) = (None, None);
        world.carried_out.clear();
        world
    }

    /// Executes a command at an instant, or says why not.
    ///
    /// # Errors
    /// The refusal with the least number.
    pub fn execute(&mut self, request: &Request, at: Timestamp) -> Result<(), Code> {
        if let Some(first) = self.carried_out.iter().find(|first| first.id == request.id) {
            // Said again by whoever said it first, it has been done; anything else is another matter.
            let same = first.actor == request.actor && first.command == request.command;
            return if same { Ok(()) } else { Err(Code::RequestReused) };
        }
        self.sweep(at);
        let deeds = |before: &Self, after: &Self| before.deeds(request, after);
        let past = self.outbox.is_some().then(|| self.bare());
        let outcome = self.remembering(&request.actor, request.command.name(), at, deeds, |world| {
            let before = world.grounds();
            let kept = world.kept_and_whose();
            world.carry_out(request, at)?;
            world.note_kept_off(&before);
            world.end_groundless(&before, at);
            world.end_sessions(at, at, |_| true);
            world.let_ids_go(&kept);
            Ok(())
        });
        if let (Ok(()), Some(before)) = (&outcome, past) {
            self.post(&before, &Cause::Command(request), at);
        }
        if outcome.is_ok() {
            self.carried_out.push(Rc::new(request.clone()));
        }
        self.remember_outcome(request, &outcome, at);
        outcome
    }

    fn carry_out(&mut self, request: &Request, at: Timestamp) -> Result<(), Code> {
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
            Command::InviteManager(c) => self.invite_manager(actor, c, at),
            Command::DeclineManagerInvitation(c) => self.decline_manager_invitation(actor, c.invitation, at),
            Command::CancelManagerInvitation(c) => self.cancel_manager_invitation(actor, c.invitation, at),
            Command::ResendManagerInvitation(c) => self.resend_manager_invitation(actor, c.invitation, at),
            Command::BarManager(c) => self.bar_manager(actor, c, at),
            Command::ConfirmAddress(c) => self.confirm_address(actor, c, at),
            Command::CancelAddress(c) => self.cancel_address(actor, c.user, at),
            Command::AcceptLink(c) => self.accept_link(actor, c.request, at),
            Command::DeclineLink(c) => self.decline_link(actor, c.request, at),
            Command::CancelLinkRequest(c) => self.cancel_link_request(actor, c.request, at),
            Command::ResendLinkRequest(c) => self.resend_link_request(actor, c.request, at),
            Command::ConvertLink(c) => self.convert_link(actor, c, at),
            Command::AddServices(c) => self.add_services(actor, c, at),
            Command::RenewLink(c) => self.renew_link(actor, c, at),
            Command::ProposeTerms(c) => self.propose_terms(actor, c, at),
            Command::AcceptProposal(c) => self.accept_proposal(actor, c.proposal, at),
            Command::DeclineProposal(c) => self.decline_proposal(actor, c.proposal, at),
            Command::CancelProposal(c) => self.cancel_proposal(actor, c.proposal, at),
            Command::ResendProposal(c) => self.resend_proposal(actor, c.proposal, at),
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
            Command::AcceptInvitation(c) => self.accept_invitation(actor, c.invitation, &c.email, at),
            Command::DeclineInvitation(c) => self.decline_invitation(actor, c.invitation, &c.email),
            Command::RegisterUser(c) => self.register_user(actor, c, at),
            Command::EditUser(c) => self.edit_user(actor, c, at),
            Command::BlockUser(c) => self.block_user(actor, c.user, at),
            Command::UnblockUser(c) => self.unblock_user(actor, c.user, at),
            Command::RemoveUser(c) => self.remove_user(actor, c.user, at),
            Command::Assign(c) => self.assign(actor, c, at),
            Command::Unassign(c) => self.unassign(actor, c, at),
            Command::Activate(c) => self.activate(actor, c, at),
            Command::Deactivate(c) => self.deactivate(actor, c, at),
            Command::CreateRole(c) => self.create_role(actor, c, at),
            Command::EditRole(c) => self.edit_role(actor, c, at),
            Command::DeleteRole(c) => self.delete_role(actor, c.role, at),
            Command::ErasePersonal(c) => self.erase_personal(actor, c.subject, at),
            Command::AddResellerCustomer(c) => self.add_reseller_customer(actor, c, at),
            Command::RemoveResellerCustomer(c) => self.remove_reseller_customer(actor, c, at),
            Command::EditResellerCustomer(c) => self.edit_reseller_customer(actor, c, at),
            Command::DropReseller(c) => self.drop_reseller(actor, c, at),
            Command::AdmitReseller(c) => self.admit_reseller(actor, c, at),
            Command::UploadDevices(c) => self.upload_devices(actor, c, at),
            Command::WithdrawUpload(c) => self.withdraw_upload(actor, c, at),
            Command::MoveDevices(c) => self.move_devices(actor, c, at),
            Command::ApproveMove(c) => self.approve_move(actor, c.id, at),
            Command::DeclineMove(c) => self.decline_move(actor, c.id, at),
            Command::CancelMove(c) => self.cancel_move(actor, c.id, at),
            Command::ResendMove(c) => self.resend_move(actor, c.id, at),
            Command::DeleteDevices(c) => self.delete_devices(actor, c, at),
            Command::CreateIntegration(c) => self.create_integration(actor, c, at),
            Command::ShareIntegration(c) => self.share_integration(actor, c, at),
            Command::DetachIntegration(c) => self.detach_integration(actor, c, at),
            Command::DeleteIntegration(c) => self.delete_integration(actor, c.integration, at),
            Command::BuyLicence(c) => self.buy_licence(actor, c, at),
            Command::AssignSeats(c) => self.assign_seats(actor, c, at),
            Command::ReleaseSeats(c) => self.release_seats(actor, c, at),
            Command::SetAlertRule(c) => self.set_alert_rule(actor, c, at),
            Command::OpenConsole(c) => self.open_console(actor, c, at),
            Command::CloseConsole(c) => self.close_console(actor, c.session, at),
            Command::SetExternalId(c) => self.set_external_id(actor, c, at),
            Command::RemoveExternalId(c) => self.remove_external_id(actor, c, at),
            other => unreachable!("the oracle does not know `{}`", other.name()),
        }
    }

    /// Everything that is due, one thing after the other, what was due first first.
    pub fn sweep(&mut self, at: Timestamp) {
        let mut grounds = None;
        while let Some((moment, due)) = self.first_due(at) {
            let nothing = |_: &Self, _: &Self| Vec::new();
            let past = self.outbox.is_some().then(|| self.bare());
            let done = self.remembering(&Actor::Clock, "sweep", at, nothing, |world| {
                let concerned = world.concerned(&due, moment, at);
                let before = world.grounds();
                let kept = world.kept_and_whose();
                world.let_happen(&due, at);
                if let Due::Beginning((user, ..)) | Due::Over((user, ..)) = due {
                    world.note_owner(user, moment);
                }
                world.note_kept_off(&before);
                // What happens at the same moment happens at once, as far as anything rests on it.
                let before = grounds.take().unwrap_or(before);
                match world.first_due(at) {
                    Some((next, _)) if next == moment => grounds = Some(before),
                    _ => world.end_groundless(&before, moment),
                }
                match due {
                    // As at the moment itself: what gives the right again later does not keep the console open (S-2).
                    Due::Beginning((user, ..)) | Due::Over((user, ..)) => {
                        world.end_sessions(moment, at, |one| {
                            one.user == user && concerned.contains(&one.tenant)
                        })
                    }
                    _ => world.end_sessions(at, at, |one| concerned.contains(&one.tenant)),
                }
                world.let_ids_go(&kept);
                Ok(())
            });
            debug_assert!(done.is_ok());
            if let Some(before) = past {
                self.post(&before, &Cause::Time(&due), at);
            }
        }
    }

    fn first_due(&self, at: Timestamp) -> Option<(Timestamp, Due)> {
        let mut due: Vec<(Timestamp, Due)> = Vec::new();
        let pending = |state| state == HandshakeState::Pending;
        for request in self.requests.iter().filter(|request| pending(request.state)) {
            due.push((request.expires, Due::Request(request.id)));
        }
        for one in self.manager_invitations.iter().filter(|one| pending(one.state)) {
            due.push((one.expires, Due::ManagerInvitation(one.id)));
        }
        for one in self.address_changes.iter().filter(|one| pending(one.state)) {
            due.push((one.expires, Due::Address(one.user)));
        }
        for proposal in self.proposals.iter().filter(|proposal| pending(proposal.state)) {
            due.push((proposal.expires, Due::Proposal(proposal.id)));
        }
        for invitation in self.invitations.iter().filter(|invitation| pending(invitation.state)) {
            due.push((invitation.expires, Due::Invitation(invitation.id)));
        }
        for one in self.moves.iter().filter(|one| pending(one.state)) {
            due.push((one.expires, Due::Move(one.id)));
        }
        // Of what turns at the same moment, what begins first.
        for one in self.temporaries.iter().filter(|one| !one.begun) {
            due.push((one.starts, Due::Beginning(one.laid())));
        }
        for one in &self.temporaries {
            let (user, tenant, _) = one.laid();
            due.extend(one.active.map(|active| (active.ends, Due::Over((user, tenant, active.ends)))));
            due.push((one.ends, Due::Over(one.laid())));
        }
        for link in self.links.iter().filter(|link| link.stage != Stage::Delinked) {
            due.extend(link.delink_expires.map(|moment| (moment, Due::DelinkRequest(link.id))));
            let next = [30, 7, 1].into_iter().find(|&days| link.announced.is_none_or(|told| days < told));
            match (link.end(), next) {
                // An end that has come is not announced any more.
                (Some((end, _)), _) if end <= at => due.push((end, Due::End(link.id))),
                (Some((end, _)), Some(days)) => {
                    due.push((end.minus_days(days), Due::Announcement(link.id)));
                }
                _ => {}
            }
            // What ends at the same moment is not prolonged.
            if link.extend_days.is_some() {
                due.extend(link.expires.map(|moment| (moment, Due::Extension(link.id))));
            }
        }
        due.retain(|(moment, _)| *moment <= at);
        due.into_iter().min_by_key(|(moment, _)| *moment)
    }

    /// The tenants whose consoles may have to be closed after it: what ends later has its own turn.
    fn concerned(&self, due: &Due, moment: Timestamp, at: Timestamp) -> BTreeSet<TenantId> {
        let mut tenants = BTreeSet::new();
        if let Due::End(link) = due {
            let managed = self.link(*link).unwrap().managed;
            tenants.insert(managed);
            tenants.extend(self.all_below(managed, at));
        }
        if let Due::Beginning((_, tenant, _)) | Due::Over((_, tenant, _)) = due {
            tenants.insert(*tenant);
            tenants.extend(self.all_below(*tenant, moment));
        }
        tenants
    }

    fn let_happen(&mut self, due: &Due, at: Timestamp) {
        match *due {
            Due::Request(id) => self.request_mut(id).state = HandshakeState::Expired,
            Due::ManagerInvitation(id) => self.set_manager_invitation(id, HandshakeState::Expired),
            Due::Address(user) => self.end_address_change(user, HandshakeState::Expired),
            Due::Proposal(id) => self.proposal_mut(id).state = HandshakeState::Expired,
            Due::Invitation(id) => self.close_invitation(id, HandshakeState::Expired),
            Due::Move(id) => self.set_move(id, HandshakeState::Expired),
            Due::DelinkRequest(id) => self.back_to_active(id, at),
            Due::Extension(id) => {
                let link = self.link_mut(id);
                let mut end = link.expires.unwrap();
                while end <= at && end < Timestamp::MAX {
                    end = end.plus_days(link.extend_days.unwrap());
                }
                link.expires = Some(end);
                // Moments before the prolongation count as announced; what a notice period ends is
                // told of that alone.
                if link.delink_ends.is_none() {
                    link.announced = passed_moment(end, at);
                }
            }
            Due::Announcement(id) => {
                let link = self.link_mut(id);
                link.announced = link.end().and_then(|(end, _)| passed_moment(end, at));
            }
            Due::Beginning(laid) => {
                for one in self.temporaries.iter_mut().filter(|one| one.laid() == laid) {
                    one.begun = true;
                }
            }
            Due::Over(laid) => self.end_laid(laid),
            Due::End(id) => {
                let (_, cause) = self.link(id).unwrap().end().unwrap();
                self.end_link(id, cause, at);
            }
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
        let tenant = self.tenant(self.link(id).unwrap().managed).unwrap();
        let at_end = Some((tenant.name.clone(), tenant.operation));
        let holds = tenant.held_by.contains(&Holder::Link(id));
        let link = self.link_mut(id);
        link.held_to_end = holds;
        link.at_end = at_end;
        // What time ends has ended by then, however late that is recorded.
        link.ended_at = link.end().map(|(end, _)| end).filter(|end| *end <= at).or(Some(at));
        link.stage = Stage::Delinked;
        link.delink_asked = None;
        link.delink_expires = None;
        link.delink_ends = None;
        link.grants.clear();
        link.ended = Some(cause);
        let managed = link.managed;
        self.let_go(managed, Holder::Link(id), at);
        let mut touched = self.all_below(managed, at);
        touched.insert(managed);
        let rests = |a: &Assignment| {
            let home = self.user(a.user).unwrap().home;
            !touched.contains(&a.tenant) || home == a.tenant || self.manages(home, a.tenant, at)
        };
        let kept: Vec<_> = self.assignments.iter().filter(|a| rests(a)).cloned().collect();
        let laid: Vec<_> = self.temporaries.iter().filter(|one| rests(&one.given)).cloned().collect();
        (self.assignments, self.temporaries) = (kept, laid);
        self.end_what_the_link_carried(id, &touched, at);
    }

    /// Every link that has ended since remembers whom it kept off then (T-9).
    fn note_kept_off(&mut self, before: &Grounds) {
        let then = before.world();
        let lasted = |id| then.link(id).is_some_and(|link| link.stage != Stage::Delinked);
        for link in &mut self.links {
            if link.stage == Stage::Delinked && lasted(link.id) {
                link.kept_off = then.users.iter().map(|user| user.id).collect();
                let ended = link.ended_at.unwrap();
                link.kept_off.retain(|user| then.is_shut_out(*user, link.managed, ended));
            }
        }
    }

    /// Proposals, moves in flight, shared integrations and additional recipients, all on the
    /// managed tenant and below (D-6).
    fn end_what_the_link_carried(&mut self, id: LinkId, touched: &BTreeSet<TenantId>, at: Timestamp) {
        for one in self.proposals.iter_mut().filter(|one| one.link == id) {
            if one.state == HandshakeState::Pending {
                one.state = HandshakeState::Withdrawn;
            }
        }
        for one in &mut self.moves {
            if one.link == id && one.state == HandshakeState::Pending {
                one.state = HandshakeState::Canceled;
            }
        }
        let mut integrations = self.integrations.clone();
        for one in &mut integrations {
            one.attached.retain(|tenant| !touched.contains(tenant) || self.manages(one.owner, *tenant, at));
        }
        self.integrations = integrations;
        let mut rules = self.alert_rules.clone();
        for rule in rules.iter_mut().filter(|rule| touched.contains(&rule.tenant)) {
            rule.additional.retain(|user| {
                let home = self.user(*user).unwrap().home;
                home == rule.tenant || self.manages(home, rule.tenant, at)
            });
        }
        self.alert_rules = rules;
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
        for proposal in self.proposals.iter().filter(|one| one.state == HandshakeState::Pending) {
            if let ProposalContent::Services(services) = &proposal.content
                && !services.is_subset(&policy.services)
            {
                return Err(Code::PolicyInUse);
            }
        }
        if self.all_given().any(|a| !has_role(&a.role)) {
            return Err(Code::PolicyInUse);
        }
        let mut pending = self.invitations.iter().filter(|i| i.state == HandshakeState::Pending);
        if pending.any(|invitation| !has_role(&invitation.role)) {
            return Err(Code::PolicyInUse);
        }
        if self.widens_links(policy, at) || self.leaves_nobody(policy, at) {
            return Err(Code::PolicyInUse);
        }
        self.policy = Rc::new(policy.clone());
        self.note_terms();
        Ok(())
    }

    /// What stands in the way of a tenant holding a prefix (T-3).
    pub fn prefix_obstacles(&self, prefix: &Prefix, holder: Option<TenantId>, at: Timestamp) -> Vec<Code> {
        let mut obstacles = Vec::new();
        if self.policy.reserved_prefixes.contains(prefix) {
            obstacles.push(Code::PrefixReserved);
        }
        for tenant in &self.tenants {
            if tenant.prefix.as_ref() == Some(prefix) && Some(tenant.id) != holder && !tenant.deleted {
                obstacles.push(Code::PrefixTaken);
            }
        }
        if self.resting.get(prefix).is_some_and(|until| until.is_none_or(|until| at < until)) {
            obstacles.push(Code::PrefixResting);
        }
        obstacles
    }

    /// A tenant holds another prefix than before: the one rests as the policy says by then, the other no longer does (T-3).
    pub fn move_prefix(&mut self, before: Option<Prefix>, after: Option<&Prefix>, at: Timestamp) {
        if before.as_ref() == after {
            return;
        }
        if let Some(taken) = after {
            self.resting.remove(taken);
        }
        match (before, self.policy.prefix_reuse) {
            (None, _) | (_, PrefixReuse::Immediate) => {}
            (Some(prefix), PrefixReuse::Quarantine { days }) => {
                self.resting.insert(prefix, Some(at.plus_days(days)));
            }
            (Some(prefix), PrefixReuse::Never) => {
                self.resting.insert(prefix, None);
            }
            (Some(_), other) => unreachable!("the oracle does not know {other:?}"),
        }
    }
}
