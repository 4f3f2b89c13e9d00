//! What a manager would like to have changed about a living link: more services, a later end, or
//! other terms (L-6, L-9, P-13). Whoever is managed answers; where nobody has a say, it is changed
//! at once. It never decides what a link begins with.

use std::collections::BTreeSet;

use tenantry::base::ids::{LinkId, ProposalId};
use tenantry::base::text::Service;
use tenantry::base::time::Timestamp;
use tenantry::command::{AddServices, RenewLink};
use tenantry::model::{Actor, HandshakeState, Party, ProposalContent, Stage, TermRequest};
use tenantry::policy::AddedServices;
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::links::keep_quiet;
use crate::obstacles::{ended_obstacle, least};
use crate::term::begun;
use crate::world::{Addressee, Link, Oracle, Proposal};

impl Oracle {
    pub fn proposal(&self, id: ProposalId) -> Option<&Proposal> {
        self.proposals.iter().find(|one| one.id == id)
    }

    pub fn proposal_mut(&mut self, id: ProposalId) -> &mut Proposal {
        self.proposals.iter_mut().find(|one| one.id == id).unwrap()
    }

    /// Whether whoever is managed has a say in what becomes of a link: not where it locks, nor while
    /// nobody was ever there to ask.
    pub fn has_a_say(&self, link: &Link) -> bool {
        !self.rule(link).locks_customer && self.tenant(link.managed).unwrap().had_owner
    }

    /// The same of services, which its terms may let a manager add unasked.
    pub fn is_asked_about_services(&self, link: &Link) -> bool {
        self.has_a_say(link) && self.rule(link).added_services == AddedServices::Ask
    }

    /// What stands in the way of managing these services, too.
    fn services_obstacles(&self, link: &Link, services: &BTreeSet<Service>, at: Timestamp) -> Vec<Code> {
        let mut obstacles = Vec::new();
        if services.is_empty() {
            obstacles.push(Code::NoServices);
        } else if services.is_subset(&link.services) {
            obstacles.push(Code::NothingToDo);
        }
        if !services.is_subset(&self.policy.services) {
            obstacles.push(Code::UnknownService);
        }
        let mut others =
            self.links.iter().filter(|l| l.managed == link.managed && l.id != link.id && l.in_force(at));
        // Who manages the tenant after the end is not told.
        let ended = link.stage == Stage::Delinked;
        if !ended && others.any(|other| !other.services.is_disjoint(services)) {
            obstacles.push(Code::ServicesOverlap);
        }
        obstacles
    }

    /// What stands in the way of giving a link this term: its end moves to a later moment only, and
    /// only where there is one.
    fn renewal_obstacles(&self, link: &Link, term: TermRequest, at: Timestamp) -> Vec<Code> {
        let mut obstacles = self.term_obstacles(term, at);
        match link.expires {
            None => obstacles.push(Code::NoTerm),
            Some(end) if begun(term, at).0 <= end => obstacles.push(Code::EndNotLater),
            Some(_) => {}
        }
        obstacles
    }

    pub fn add_services(&mut self, actor: &Actor, c: &AddServices, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link_for_manager(who, c.link, at)?;
        let obstacles = self.services_obstacles(&link, &c.services, at);
        let added = c.services.difference(&link.services).cloned().collect();
        let asked = self.is_asked_about_services(&link);
        let proposal =
            self.new_proposal(who, c.proposal.unwrap(), &link, ProposalContent::Services(added), at);
        self.propose(who, proposal, asked, obstacles, at)
    }

    pub fn renew_link(&mut self, actor: &Actor, c: &RenewLink, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link_for_manager(who, c.link, at)?;
        let obstacles = self.renewal_obstacles(&link, c.term, at);
        let asked = self.has_a_say(&link);
        let proposal = self.new_proposal(who, c.proposal.unwrap(), &link, ProposalContent::Term(c.term), at);
        self.propose(who, proposal, asked, obstacles, at)
    }

    pub fn new_proposal(
        &self,
        who: Who,
        id: ProposalId,
        link: &Link,
        content: ProposalContent,
        at: Timestamp,
    ) -> Proposal {
        Proposal {
            id,
            link: link.id,
            manager: link.manager,
            managed: link.managed,
            content,
            sender: Self::organisation(who, link.manager),
            state: HandshakeState::Pending,
            asked: at,
            expires: at.plus_days(self.policy.link_request_days),
        }
    }

    /// Asks for it, or does it where nobody is asked; unless something stands in the way of either.
    pub fn propose(
        &mut self,
        who: Who,
        proposal: Proposal,
        asked: bool,
        mut obstacles: Vec<Code>,
        at: Timestamp,
    ) -> Result<(), Code> {
        let link = self.link(proposal.link).unwrap();
        obstacles.extend(ended_obstacle(link));
        // Whether or not it comes to a proposal.
        obstacles.extend(self.id_obstacles(&[proposal.id.uuid()]));
        // After the end nothing of the tenant is told.
        if asked && link.stage != Stage::Delinked {
            if self.active_super_admins(proposal.managed, at).is_empty() {
                obstacles.push(Code::NoCustomerOwner);
            }
            let alike = |one: &Proposal| {
                one.state == HandshakeState::Pending
                    && one.link == proposal.link
                    && one.content.is_like(&proposal.content)
            };
            if self.proposals.iter().any(alike) {
                obstacles.push(Code::AlreadyProposed);
            }
            let addressee = Addressee::Tenant(proposal.managed);
            obstacles.extend(self.asked_enough(who, &addressee, proposal.manager, at));
        }
        if let Who::User(_) = who {
            keep_quiet(&mut obstacles);
        }
        least(obstacles)?;
        if asked {
            self.note_asked(who, Addressee::Tenant(proposal.managed), proposal.manager, at);
            self.proposals.push(proposal);
        } else {
            self.change_link(proposal.link, &proposal.content, at);
        }
        Ok(())
    }

    fn change_link(&mut self, id: LinkId, content: &ProposalContent, at: Timestamp) {
        let link = self.link_mut(id);
        let before = link.clone();
        match content {
            ProposalContent::Services(services) => link.services.extend(services.iter().cloned()),
            ProposalContent::Term(term) => {
                let (end, extend_days) = begun(*term, at);
                link.expires = Some(end);
                link.extend_days = extend_days;
                link.announce_term(&before, at);
            }
            ProposalContent::Terms { terms, .. } => link.terms = *terms as usize,
            other => unreachable!("the oracle does not know {other:?}"),
        }
    }

    /// The proposal, for an actor on the given side of its link who may speak for that side.
    pub fn proposal_for(
        &self,
        who: Who,
        id: ProposalId,
        party: Party,
        at: Timestamp,
    ) -> Result<Proposal, Code> {
        let one = self.proposal(id).ok_or(Code::UnknownProposal)?.clone();
        let user = match who {
            Who::User(user) => user,
            // To answer is to speak for the customer; to ask for the manager takes no ticket.
            Who::Operator { ticket: false } if party == Party::Customer => return Err(Code::TicketRequired),
            Who::Operator { .. } => return Ok(one),
        };
        match self.side_of_link(user, self.link(one.link).unwrap(), at) {
            None => return Err(Code::UnknownProposal),
            Some(side) if side != party => return Err(Code::WrongActor),
            Some(Party::Customer) => {
                self.right(who, "link.respond", one.managed, at, Disabled::SparesSuperAdmins)?;
            }
            Some(Party::Manager) => self.right(who, "customers.add", one.manager, at, Disabled::Bars)?,
        }
        Ok(one)
    }

    pub fn accept_proposal(&mut self, actor: &Actor, id: ProposalId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::SparesSuperAdmins)?;
        let one = self.proposal_for(who, id, Party::Customer, at)?;
        // Of what is settled nothing more is told.
        proposal_is_pending(&one)?;
        let link = self.link(one.link).unwrap();
        let mut obstacles = match &one.content {
            ProposalContent::Services(services) => self.services_obstacles(link, services, at),
            ProposalContent::Term(term) => self.renewal_obstacles(link, *term, at),
            ProposalContent::Terms { terms, .. } => self.terms_obstacles(link, *terms as usize, at),
            other => unreachable!("the oracle does not know {other:?}"),
        };
        if self.active_super_admins(one.managed, at).is_empty() {
            obstacles.push(Code::NoCustomerOwner);
        }
        least(obstacles)?;
        self.proposal_mut(id).state = HandshakeState::Accepted;
        self.change_link(one.link, &one.content, at);
        Ok(())
    }

    pub fn decline_proposal(&mut self, actor: &Actor, id: ProposalId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::SparesSuperAdmins)?;
        proposal_is_pending(&self.proposal_for(who, id, Party::Customer, at)?)?;
        self.proposal_mut(id).state = HandshakeState::Declined;
        Ok(())
    }

    pub fn cancel_proposal(&mut self, actor: &Actor, id: ProposalId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        proposal_is_pending(&self.proposal_for(who, id, Party::Manager, at)?)?;
        self.proposal_mut(id).state = HandshakeState::Canceled;
        Ok(())
    }

    pub fn resend_proposal(&mut self, actor: &Actor, id: ProposalId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let one = self.proposal_for(who, id, Party::Manager, at)?;
        let mut obstacles: Vec<Code> = proposal_is_pending(&one).err().into_iter().collect();
        obstacles.extend(self.asked_enough(who, &Addressee::Tenant(one.managed), one.manager, at));
        least(obstacles)?;
        self.note_asked(who, Addressee::Tenant(one.managed), one.manager, at);
        if let Who::User(_) = who {
            self.proposal_mut(id).sender = Self::organisation(who, one.manager);
        }
        Ok(())
    }
}

fn proposal_is_pending(one: &Proposal) -> Result<(), Code> {
    match one.state {
        HandshakeState::Pending => Ok(()),
        HandshakeState::Expired => Err(Code::ProposalExpired),
        _ => Err(Code::ProposalNotPending),
    }
}
