//! Links: asking, answering, converting, extending, grants, and the two-party end (L, P-7, D). It
//! never decides what a link lets anybody do.

use std::collections::BTreeSet;

use tenantry::base::ids::{LinkId, LinkRequestId, TenantId};
use tenantry::base::text::{ManagementType, Service};
use tenantry::base::time::Timestamp;
use tenantry::command::{ConvertLink, RemoveService, RequestLink, SetAutoExtend, SetManagerGrants};
use tenantry::model::{
    Actor, EndCause, HandshakeState, Operation, Party, ProposalContent, Stage, TenantKind, TermRequest,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::obstacles::{ended_obstacle, least};
use crate::users::invitee_ids;
use crate::world::{Addressee, Link, LinkRequest, Oracle, Proposal};

impl Oracle {
    /// What the policy says against a management type, services and a term.
    pub fn offer_obstacles(
        &self,
        management: &ManagementType,
        services: &BTreeSet<Service>,
        term: Option<TermRequest>,
        at: Timestamp,
    ) -> Vec<Code> {
        let mut obstacles = Vec::new();
        if self.management(management).is_none() {
            obstacles.push(Code::UnknownManagementType);
        }
        if services.is_empty() {
            obstacles.push(Code::NoServices);
        }
        if !services.is_subset(&self.policy.services) {
            obstacles.push(Code::UnknownService);
        }
        match term {
            None if self.policy.term.required => obstacles.push(Code::TermRequired),
            None => {}
            Some(term) => obstacles.extend(self.term_obstacles(term, at)),
        }
        obstacles
    }

    /// What the policy and the clock say against a term that begins at a moment.
    pub fn term_obstacles(&self, term: TermRequest, at: Timestamp) -> Vec<Code> {
        let most = self.policy.term.max_days;
        match (term.days, term.expires_at) {
            (Some(days), None) if days == 0 || days > most => vec![Code::TermTooLong],
            (None, Some(moment)) if moment <= at => vec![Code::EndNotLater],
            (None, Some(moment)) if moment > at.plus_days(most) => vec![Code::TermTooLong],
            (None, None) | (Some(_), Some(_)) => vec![Code::TermUnclear],
            _ => Vec::new(),
        }
    }

    /// What stands in the way of a new link between two living tenants; asked at the request and at its acceptance.
    fn link_obstacles(
        &self,
        [manager, managed]: [TenantId; 2],
        management: &ManagementType,
        terms: usize,
        services: &BTreeSet<Service>,
        term: Option<TermRequest>,
        at: Timestamp,
    ) -> Vec<Code> {
        let mut obstacles = self.offer_obstacles(management, services, term, at);
        let upper = self.tenant(manager).unwrap();
        let lower = self.tenant(managed).unwrap();
        if upper.operation != Operation::Enabled || lower.operation != Operation::Enabled {
            obstacles.push(Code::TenantDisabled);
        }
        if manager == managed {
            obstacles.push(Code::SelfLink);
        }
        if upper.kind != TenantKind::Msp {
            obstacles.push(Code::CannotManage);
        }
        if lower.kind == TenantKind::Reseller {
            obstacles.push(Code::CannotBeManaged);
        }
        let others = self.links_above(managed, at);
        if others.iter().any(|link| link.manager == manager) {
            obstacles.push(Code::AlreadyLinked);
        }
        if self.manages(managed, manager, at) {
            obstacles.push(Code::LinkCycle);
        }
        if self.height_above(manager, at) + 1 + self.depth_below(managed, at) > self.policy.max_depth {
            obstacles.push(Code::TooDeep);
        }
        if others.len() as u32 >= self.policy.max_managers {
            obstacles.push(Code::TooManyManagers);
        }
        let exclusive = self.terms[terms].management(management).is_some_and(|rule| rule.exclusive);
        if others.iter().any(|link| exclusive || self.rule(link).exclusive) {
            obstacles.push(Code::ExclusiveLink);
        }
        if others.iter().any(|link| !link.services.is_disjoint(services)) {
            obstacles.push(Code::ServicesOverlap);
        }
        if self.active_super_admins(managed, at).is_empty() {
            obstacles.push(Code::NoCustomerOwner);
        }
        obstacles
    }

    pub fn request_link(&mut self, actor: &Actor, c: &RequestLink, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "customers.add", c.manager, at, Disabled::Bars)?;
        let found = self.tenants.iter().find(|tenant| tenant.number == c.number && !tenant.deleted);
        let managed = found.ok_or(Code::UnknownTenant)?.id;
        let id = c.request.unwrap();
        let mut obstacles = self.link_obstacles(
            [c.manager, managed],
            &c.management,
            self.terms_today(),
            &c.services,
            c.term,
            at,
        );
        if let Who::User(user) = who {
            keep_quiet(&mut obstacles);
            // That they are linked is told to those for whom the link is there, and to nobody else (T-8.2).
            let linked =
                |link: &&Link| link.manager == c.manager && link.managed == managed && link.in_force(at);
            if self.links.iter().find(linked).is_some_and(|link| self.side_of_link(user, link, at).is_none())
            {
                obstacles.retain(|obstacle| *obstacle != Code::AlreadyLinked);
                obstacles.push(Code::CannotBeAsked);
            }
        }
        obstacles.extend(self.door_obstacles(who, c.manager, managed));
        obstacles.extend(self.id_obstacles(&[id.uuid()]));
        let invited = self.invited(c.manager, managed);
        let pending = |r: &&LinkRequest| {
            r.state == HandshakeState::Pending && r.manager == c.manager && r.managed == managed
        };
        // So it is with what was asked already.
        if let Some(request) = self.requests.iter().find(pending) {
            let there = self.is_listed(who, request, at);
            obstacles.push(if there { Code::LinkAlreadyRequested } else { Code::CannotBeAsked });
        }
        match invited {
            // Who is invited answers, and does not ask.
            Some(invitation) => {
                least(obstacles)?;
                self.set_manager_invitation(invitation, HandshakeState::Accepted);
            }
            None => {
                obstacles.extend(self.asked_enough(who, &Addressee::Tenant(managed), c.manager, at));
                least(obstacles)?;
                self.note_asked(who, Addressee::Tenant(managed), c.manager, at);
            }
        }
        self.requests.push(LinkRequest {
            id,
            manager: c.manager,
            managed,
            management: c.management.clone(),
            terms: self.terms_today(),
            services: c.services.clone(),
            term: c.term,
            sender: Self::organisation(who, c.manager),
            state: HandshakeState::Pending,
            asked: at,
            expires: at.plus_days(self.policy.link_request_days),
        });
        Ok(())
    }

    /// The request, for an actor on the given side of it who may speak for that side.
    pub fn request_for(
        &self,
        who: Who,
        id: LinkRequestId,
        party: Party,
        at: Timestamp,
    ) -> Result<LinkRequest, Code> {
        let request = self.request(id).ok_or(Code::UnknownLinkRequest)?.clone();
        let Who::User(user) = who else {
            // An operator speaks for the customer's side only by a ticket.
            return match party {
                Party::Customer if who == (Who::Operator { ticket: false }) => Err(Code::TicketRequired),
                _ => Ok(request),
            };
        };
        if !self.is_listed(who, &request, at) {
            return Err(Code::UnknownLinkRequest);
        }
        match self.side(user, request.manager, request.managed, at) {
            None => return Err(Code::UnknownLinkRequest),
            Some(side) if side != party => return Err(Code::WrongActor),
            Some(_) => {}
        }
        match party {
            Party::Customer => {
                self.right(who, "link.respond", request.managed, at, Disabled::SparesSuperAdmins)?;
            }
            Party::Manager => self.right(who, "customers.add", request.manager, at, Disabled::Bars)?,
        }
        Ok(request)
    }

    pub fn accept_link(&mut self, actor: &Actor, id: LinkRequestId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::SparesSuperAdmins)?;
        let request = self.request_for(who, id, Party::Customer, at)?;
        // Of what is settled nothing more is told.
        request_is_pending(&request)?;
        least(self.link_obstacles(
            [request.manager, request.managed],
            &request.management,
            request.terms,
            &request.services,
            request.term,
            at,
        ))?;
        self.request_mut(id).state = HandshakeState::Accepted;
        let link = Link {
            id: LinkId::from_uuid(id.uuid()),
            manager: request.manager,
            managed: request.managed,
            management: request.management,
            terms: request.terms,
            services: request.services,
            grants: BTreeSet::new(),
            stage: Stage::Active,
            since: at,
            delink_asked: None,
            delink_expires: None,
            delink_ends: None,
            expires: None,
            extend_days: None,
            announced: None,
            ended: None,
            ended_at: None,
            at_end: None,
            held_to_end: false,
            kept_off: BTreeSet::new(),
        };
        self.links.push(link.with_term(request.term, at));
        Ok(())
    }

    pub fn decline_link(&mut self, actor: &Actor, id: LinkRequestId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::SparesSuperAdmins)?;
        request_is_pending(&self.request_for(who, id, Party::Customer, at)?)?;
        self.request_mut(id).state = HandshakeState::Declined;
        Ok(())
    }

    pub fn cancel_link_request(
        &mut self,
        actor: &Actor,
        id: LinkRequestId,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        request_is_pending(&self.request_for(who, id, Party::Manager, at)?)?;
        self.request_mut(id).state = HandshakeState::Canceled;
        Ok(())
    }

    pub fn resend_link_request(
        &mut self,
        actor: &Actor,
        id: LinkRequestId,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let request = self.request_for(who, id, Party::Manager, at)?;
        let mut obstacles: Vec<Code> = request_is_pending(&request).err().into_iter().collect();
        obstacles.extend(self.asked_enough(who, &Addressee::Tenant(request.managed), request.manager, at));
        least(obstacles)?;
        self.note_asked(who, Addressee::Tenant(request.managed), request.manager, at);
        if let Who::User(_) = who {
            self.request_mut(id).sender = Self::organisation(who, request.manager);
        }
        Ok(())
    }

    /// The link, for an actor of the managing side who may add customers there.
    pub fn link_for_manager(&self, who: Who, id: LinkId, at: Timestamp) -> Result<Link, Code> {
        let link = self.link(id).ok_or(Code::UnknownLink)?.clone();
        let Who::User(user) = who else { return Ok(link) };
        match self.side_of_link(user, &link, at) {
            None => return Err(Code::UnknownLink),
            Some(Party::Customer) => return Err(Code::WrongActor),
            Some(Party::Manager) => {}
        }
        self.right(who, "customers.add", link.manager, at, Disabled::Bars)?;
        Ok(link)
    }

    pub fn convert_link(&mut self, actor: &Actor, c: &ConvertLink, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link_for_manager(who, c.link, at)?;
        let mut obstacles = ended_obstacle(&link);
        // After the end nothing of the tenant is told.
        let ended = link.stage == Stage::Delinked;
        let owner_present = !self.active_super_admins(link.managed, at).is_empty();
        if !self.rule(&link).converts_to.contains(&c.management) {
            obstacles.push(Code::NotConvertible);
        }
        if self.management(&c.management).is_none() {
            obstacles.push(Code::UnknownManagementType);
        }
        // What the link would be from then on is what it was agreed to be.
        let target = self.terms[link.terms].management(&c.management);
        let leaves_room = target.is_some_and(|rule| rule.delinkable);
        let mut invite = None;
        match &c.owner {
            None if leaves_room && !owner_present && !ended => obstacles.push(Code::OwnerRequired),
            Some(_) if target.is_some() && !leaves_room => obstacles.push(Code::OwnerNotAllowed),
            Some(_) if leaves_room && owner_present && !ended => obstacles.push(Code::OwnerPresent),
            Some(owner) if leaves_room && !ended => invite = Some(owner),
            _ => {}
        }
        if let Some(owner) = invite {
            obstacles.extend(self.invitee_obstacles(owner, link.managed));
            obstacles.extend(self.id_obstacles(&invitee_ids(owner)));
            obstacles.extend(self.invited_enough(who, None, Some(&owner.email), at));
            obstacles.extend(self.owner_obstacles(who, link.managed, at));
        }
        least(obstacles)?;
        self.link_mut(c.link).management = c.management.clone();
        // What was proposed about the type that it was is about nothing now.
        let about =
            |one: &Proposal| one.link == c.link && matches!(one.content, ProposalContent::Terms { .. });
        for one in self.proposals.iter_mut().filter(|one| about(one)) {
            if one.state == HandshakeState::Pending {
                one.state = HandshakeState::Withdrawn;
            }
        }
        if let Some(owner) = invite {
            self.send_sign_up(who, &link, owner, at);
        }
        Ok(())
    }

    pub fn remove_service(&mut self, actor: &Actor, c: &RemoveService, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link_for_manager(who, c.link, at)?;
        match who {
            Who::User(_) => return Err(Code::ServiceRemoval),
            Who::Operator { ticket: false } => return Err(Code::TicketRequired),
            Who::Operator { ticket: true } => {}
        }
        let mut obstacles = ended_obstacle(&link);
        if !link.services.contains(&c.service) {
            obstacles.push(Code::ServiceNotOnLink);
        } else if link.services.len() == 1 {
            obstacles.push(Code::LastService);
        }
        least(obstacles)?;
        self.link_mut(c.link).services.remove(&c.service);
        Ok(())
    }

    pub fn set_auto_extend(&mut self, actor: &Actor, c: &SetAutoExtend, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link(c.link).ok_or(Code::UnknownLink)?.clone();
        let locks = self.rule(&link).locks_customer;
        match who {
            Who::Operator { ticket: false } => return Err(Code::TicketRequired),
            Who::Operator { ticket: true } => {}
            Who::User(user) => match self.side_of_link(user, &link, at) {
                None => return Err(Code::UnknownLink),
                Some(Party::Manager) => {
                    if c.days.is_some() && !locks {
                        return Err(Code::WrongActor);
                    }
                    self.right(who, "customers.add", link.manager, at, Disabled::Bars)?;
                }
                Some(Party::Customer) => self.right(who, "link.respond", link.managed, at, Disabled::Bars)?,
            },
        }
        let mut obstacles = ended_obstacle(&link);
        if link.expires.is_none() {
            obstacles.push(Code::NoTerm);
        }
        if c.days.is_some_and(|days| days == 0 || days > self.policy.term.max_days) {
            obstacles.push(Code::TermTooLong);
        }
        if link.in_force(at) && link.expires.is_some() && link.extend_days == c.days {
            obstacles.push(Code::NothingToDo);
        }
        // Of a link on which there is nothing to be set, nobody is told how often they were asked.
        if c.days.is_some() && link.in_force(at) && link.expires.is_some() {
            obstacles.extend(self.given_enough(who, &link, at));
        }
        least(obstacles)?;
        if c.days.is_some() {
            self.note_given(&link, at);
        }
        let changed = self.link_mut(c.link);
        changed.extend_days = c.days;
        changed.announce_term(&link, at);
        Ok(())
    }

    pub fn set_manager_grants(
        &mut self,
        actor: &Actor,
        c: &SetManagerGrants,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link(c.link).ok_or(Code::UnknownLink)?.clone();
        match who {
            Who::Operator { ticket: false } => return Err(Code::TicketRequired),
            Who::Operator { ticket: true } => {}
            Who::User(user) => {
                match self.side_of_link(user, &link, at) {
                    None => return Err(Code::UnknownLink),
                    Some(Party::Manager) => return Err(Code::ReservedForCustomer),
                    Some(Party::Customer) => {}
                }
                self.right(who, "grants.manage", link.managed, at, Disabled::Bars)?;
            }
        }
        let mut obstacles = ended_obstacle(&link);
        for permission in &c.grants {
            if !self.policy.permissions.contains(permission) {
                obstacles.push(Code::UnknownPermission);
            } else if !self.is_grantable(&link, permission) {
                obstacles.push(Code::NotGrantable);
            }
        }
        if link.in_force(at) && link.grants == c.grants {
            obstacles.push(Code::NothingToDo);
        }
        let widened = !c.grants.is_subset(&link.grants);
        // Of a link that has ended, neither (L-6.11).
        if widened && link.in_force(at) {
            obstacles.extend(self.given_enough(who, &link, at));
        }
        least(obstacles)?;
        if widened {
            self.note_given(&link, at);
        }
        self.link_mut(c.link).grants = c.grants.clone();
        Ok(())
    }

    /// That enough was given on a link for a day, by whomever, if it was: what could be taken back and given without end is
    /// told each time (L-3). It counts for the link, whichever side gives.
    fn given_enough(&self, who: Who, link: &Link, at: Timestamp) -> Option<Code> {
        self.asked_enough(who, &Addressee::Link(link.id), link.managed, at)
    }

    fn note_given(&mut self, link: &Link, at: Timestamp) {
        self.note_asked_by(Addressee::Link(link.id), link.managed, at);
    }

    /// The link and the party that speaks, for any act about a delink (D). A home that is not enabled does not bar its super admins.
    pub fn link_for_delink(
        &self,
        actor: &Actor,
        id: LinkId,
        party: Option<Party>,
        at: Timestamp,
    ) -> Result<(Link, Party), Code> {
        let who = self.actor(actor, Disabled::SparesSuperAdmins)?;
        let link = self.link(id).ok_or(Code::UnknownLink)?.clone();
        let party = match who {
            Who::Operator { ticket } => {
                let party = party.ok_or(Code::WrongActor)?;
                return if ticket { Ok((link, party)) } else { Err(Code::TicketRequired) };
            }
            Who::User(user) => self.side_of_link(user, &link, at).ok_or(Code::UnknownLink)?,
        };
        match party {
            Party::Manager => {
                self.right(who, "customers.delink", link.manager, at, Disabled::SparesSuperAdmins)?
            }
            Party::Customer => {
                self.right(who, "link.respond", link.managed, at, Disabled::SparesSuperAdmins)?
            }
        }
        Ok((link, party))
    }

    pub fn request_delink(
        &mut self,
        actor: &Actor,
        id: LinkId,
        party: Option<Party>,
        at: Timestamp,
    ) -> Result<(), Code> {
        let (link, party) = self.link_for_delink(actor, id, party, at)?;
        let mut obstacles = ended_obstacle(&link);
        let terms = &self.terms[link.terms];
        if !self.rule(&link).delinkable {
            obstacles.push(Code::NotDelinkable);
        }
        if party == Party::Customer && !terms.customer_may_request_delink {
            obstacles.push(Code::DelinkNotOffered);
        }
        let asked = requester(link.stage);
        if asked == Some(party) {
            obstacles.push(Code::AlreadyRequested);
        }
        let leads_to_a_request = obstacles.is_empty() && asked.is_none();
        let notice = self.rule(&link).notice_days;
        let lapses = terms.delink_request_days.filter(|_| notice.is_none());
        // Where a notice period runs, nobody has to agree.
        let needs_consent = party == Party::Manager && leads_to_a_request && notice.is_none();
        if needs_consent && self.active_super_admins(link.managed, at).is_empty() {
            obstacles.push(Code::NoCustomerOwner);
        }
        // What has ended is not asked about again.
        if asked.is_none() && ended_obstacle(&link).is_empty() {
            obstacles.extend(self.delink_asked_enough(actor, &link, party, at));
        }
        least(obstacles)?;
        if asked.is_some() {
            self.end_link(id, EndCause::Delinked, at);
            return Ok(());
        }
        self.note_delink_asked(&link, party, at);
        let asked = self.link_mut(id);
        asked.stage = match party {
            Party::Manager => Stage::DelinkRequestedByManager,
            Party::Customer => Stage::DelinkRequestedByCustomer,
        };
        asked.delink_asked = Some(at);
        asked.delink_expires = lapses.map(|days| at.plus_days(days));
        asked.delink_ends = notice.map(|days| at.plus_days(days));
        asked.announce_notice(&link, at);
        Ok(())
    }

    pub fn accept_delink(
        &mut self,
        actor: &Actor,
        id: LinkId,
        party: Option<Party>,
        at: Timestamp,
    ) -> Result<(), Code> {
        let (link, party) = self.link_for_delink(actor, id, party, at)?;
        must_be_theirs(&link, party)?;
        self.end_link(id, EndCause::Delinked, at);
        Ok(())
    }

    pub fn reject_delink(
        &mut self,
        actor: &Actor,
        id: LinkId,
        party: Option<Party>,
        at: Timestamp,
    ) -> Result<(), Code> {
        let (link, party) = self.link_for_delink(actor, id, party, at)?;
        must_be_theirs(&link, party)?;
        if link.delink_ends.is_some() {
            return Err(Code::NoticeRunning);
        }
        self.back_to_active(id, at);
        Ok(())
    }

    pub fn resend_delink(
        &mut self,
        actor: &Actor,
        id: LinkId,
        party: Option<Party>,
        at: Timestamp,
    ) -> Result<(), Code> {
        let (link, party) = self.link_for_delink(actor, id, party, at)?;
        // Only what can be asked again has been asked enough.
        must_be_own(&link, party)?;
        least(self.delink_asked_enough(actor, &link, party, at).into_iter().collect())?;
        self.note_delink_asked(&link, party, at);
        Ok(())
    }

    /// That the manager has asked enough of the customer, if it has; the customer asks as often as it likes, and so does an
    /// operator, whose asking counts as that of whom they speak for.
    fn delink_asked_enough(&self, actor: &Actor, link: &Link, party: Party, at: Timestamp) -> Option<Code> {
        let enough = || self.asked_enough_by(&Addressee::Tenant(link.managed), link.manager, at);
        match (actor, party) {
            (Actor::User(_), Party::Manager) => enough(),
            _ => None,
        }
    }

    fn note_delink_asked(&mut self, link: &Link, party: Party, at: Timestamp) {
        if party == Party::Manager {
            self.note_asked_by(Addressee::Tenant(link.managed), link.manager, at);
        }
    }

    pub fn cancel_delink(
        &mut self,
        actor: &Actor,
        id: LinkId,
        party: Option<Party>,
        at: Timestamp,
    ) -> Result<(), Code> {
        let (link, party) = self.link_for_delink(actor, id, party, at)?;
        must_be_own(&link, party)?;
        self.back_to_active(id, at);
        Ok(())
    }

    /// A delink request is no more.
    pub fn back_to_active(&mut self, id: LinkId, at: Timestamp) {
        let link = self.link_mut(id);
        let before = link.clone();
        link.stage = Stage::Active;
        link.delink_asked = None;
        link.delink_expires = None;
        link.delink_ends = None;
        link.announce_notice(&before, at);
    }
}

/// What only looking at other tenants could tell is one and the same obstacle (T-8).
pub fn keep_quiet(obstacles: &mut [Code]) {
    for obstacle in obstacles {
        if let Code::TenantDisabled
        | Code::LinkCycle
        | Code::TooDeep
        | Code::TooManyManagers
        | Code::ExclusiveLink
        | Code::ServicesOverlap
        | Code::NoCustomerOwner = obstacle
        {
            *obstacle = Code::CannotBeAsked;
        }
    }
}

fn request_is_pending(request: &LinkRequest) -> Result<(), Code> {
    match request.state {
        HandshakeState::Pending => Ok(()),
        HandshakeState::Expired => Err(Code::LinkRequestExpired),
        _ => Err(Code::LinkRequestNotPending),
    }
}

/// Who has asked to delink.
fn requester(stage: Stage) -> Option<Party> {
    match stage {
        Stage::DelinkRequestedByManager => Some(Party::Manager),
        Stage::DelinkRequestedByCustomer => Some(Party::Customer),
        _ => None,
    }
}

/// A request of the other side's, to be answered.
pub fn must_be_theirs(link: &Link, party: Party) -> Result<(), Code> {
    least(ended_obstacle(link))?;
    match requester(link.stage) {
        None => Err(Code::NoDelinkRequest),
        Some(asked) if asked == party => Err(Code::OwnRequest),
        Some(_) => Ok(()),
    }
}

/// A request of one's own, to be repeated or taken back.
fn must_be_own(link: &Link, party: Party) -> Result<(), Code> {
    least(ended_obstacle(link))?;
    match requester(link.stage) {
        None => Err(Code::NoDelinkRequest),
        Some(asked) if asked == party => Ok(()),
        Some(_) => Err(Code::NotYourRequest),
    }
}
