//! Commands about what is proposed on a link: more services, and later ends (L-6, L-9).

use std::collections::BTreeSet;

use tenantry::base::ids::{LinkRequestId, ProposalId, UserId};
use tenantry::base::text::Service;
use tenantry::base::time::Timestamp;
use tenantry::command::*;
use tenantry::model::{Actor, HandshakeState, Party, ProposalContent, TermRequest};
use tenantry::policy::{AddedServices, Policy};
use tenantry::query::Question;

use super::{Generator, id, word};
use crate::world::{Link, Oracle, Proposal};

impl Generator {
    pub(super) fn choose_about_proposals(&mut self, oracle: &Oracle, roll: usize) -> (Actor, Command) {
        match roll {
            0..=44 => self.gen_add_services(oracle),
            45..=74 => self.gen_renew(oracle),
            75..=89 => self.gen_overtake(oracle),
            _ => self.gen_answer_proposal(oracle),
        }
    }

    /// How long a link is to last: mostly as the policy allows, by days or up to a moment.
    pub(super) fn some_term(&mut self, oracle: &Oracle) -> TermRequest {
        let days = 1 + self.rng.below(40) as u32;
        let most = oracle.policy.term.max_days;
        let term = match self.rng.below(100) {
            0 => TermRequest::days(0),
            1 => TermRequest::days(most + 1),
            2 => TermRequest::default(),
            3 => TermRequest { days: Some(days), ..TermRequest::until(self.now.plus_days(days)) },
            4 => TermRequest { days: Some(most + 1), ..TermRequest::until(self.now.plus_days(days)) },
            5 => TermRequest::until(self.now),
            6 => TermRequest::until(self.now.plus_days(most)),
            7 => TermRequest::until(self.now.plus_days(most + 1)),
            8..=13 => {
                // Just when something else is due.
                let moments = self.due_moments(oracle);
                TermRequest::until(self.rng.pick(&moments).copied().unwrap_or(self.now))
            }
            14..=39 => {
                let moment = self.now.plus_days(days).micros() - self.rng.below(86_400_000_000) as i64;
                TermRequest::until(Timestamp::from_micros(moment).unwrap())
            }
            _ => TermRequest::days(days),
        };
        TermRequest { auto_extend: self.rng.percent(25), ..term }
    }

    /// A link, mostly in force, and half of those such that whoever is managed is asked about it.
    fn link_to_change(&mut self, oracle: &Oracle, wanted: impl Fn(&Link) -> bool) -> Link {
        let now = self.now;
        let asked = self.rng.percent(60);
        self.link_where(oracle, |link| {
            let answers =
                || oracle.has_a_say(link) && !oracle.active_super_admins(link.managed, now).is_empty();
            link.in_force(now) && wanted(link) && (!asked || answers())
        })
    }

    /// Somebody who asks for a manager, mostly one of those for whom the link is there.
    fn manager_of(&mut self, oracle: &Oracle, link: &Link) -> Actor {
        let now = self.now;
        let asks = |user: UserId| {
            oracle.check(&Question::new(user, word("customers.add"), link.manager), now).0
                && oracle.side_of_link(user, link, now) == Some(Party::Manager)
        };
        let able: Vec<UserId> = oracle.users.iter().map(|user| user.id).filter(|user| asks(*user)).collect();
        match self.rng.pick(&able) {
            Some(user) if self.rng.percent(60) => Actor::User(*user),
            _ => self.link_actor(oracle, link, "customers.add", Party::Manager),
        }
    }

    fn proposal_id(&mut self, oracle: &Oracle) -> Option<ProposalId> {
        Some(ProposalId::from_uuid(self.chosen(oracle, 13)))
    }

    fn gen_add_services(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending: Vec<&Proposal> =
            oracle.proposals.iter().filter(|one| one.state == HandshakeState::Pending).collect();
        // What has been asked for before, be it at once by now, or for another manager.
        let again = self.rng.pick(&pending).filter(|_| self.rng.percent(12));
        let link = match again {
            Some(one) => self.link_where(oracle, |link| {
                link.id == one.link || link.managed == one.managed && link.ended.is_none()
            }),
            None => self.link_to_change(oracle, |link| !oracle.policy.services.is_subset(&link.services)),
        };
        let missing: BTreeSet<Service> = oracle.policy.services.difference(&link.services).cloned().collect();
        let missing: Vec<Service> = missing.into_iter().collect();
        let mut services = self.services(oracle);
        if let Some(service) = self.rng.pick(&missing)
            && self.rng.percent(40)
        {
            services.insert(service.clone());
        }
        if let Some(ProposalContent::Services(asked)) = again.map(|one| &one.content) {
            services = asked.clone();
        }
        let actor = self.manager_of(oracle, &link);
        (actor, AddServices { link: link.id, services, proposal: self.proposal_id(oracle) }.into())
    }

    fn gen_renew(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let extends = self.rng.percent(30);
        let link = self.link_to_change(oracle, |link| {
            link.expires.is_some() && (!extends || link.extend_days.is_some())
        });
        let term = match link.expires {
            Some(end) if self.rng.percent(65) => {
                // Later than the end there is, or just as late.
                let later = end.plus_days(self.rng.below(12) as u32);
                let left = (later.micros() - self.now.micros()).max(0) / 86_400_000_000 + 1;
                let term = match self.rng.percent(50) {
                    true => TermRequest::until(later),
                    false => TermRequest::days(left as u32),
                };
                TermRequest { auto_extend: self.rng.percent(25), ..term }
            }
            _ => self.some_term(oracle),
        };
        let actor = self.manager_of(oracle, &link);
        (actor, RenewLink { link: link.id, term, proposal: self.proposal_id(oracle) }.into())
    }

    /// What is proposed comes about otherwise before it is answered, or part of that.
    fn gen_overtake(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending: Vec<&Proposal> =
            oracle.proposals.iter().filter(|one| one.state == HandshakeState::Pending).collect();
        let Some(one) = self.rng.pick(&pending) else { return self.gen_renew(oracle) };
        let link = oracle.link(one.link).unwrap().clone();
        let (services, about_services) = match &one.content {
            ProposalContent::Services(services) => (services.clone(), true),
            ProposalContent::Terms { .. } => (self.services(oracle), false),
            _ => {
                // The end it has moves on by itself.
                let days = Some(20 + self.rng.below(20) as u32);
                return (Actor::operator_for(self.ticket()), SetAutoExtend { link: link.id, days }.into());
            }
        };
        if !about_services || self.rng.percent(50) {
            let manager = self.msp(oracle);
            let managed = oracle.tenant(one.managed).unwrap();
            let command = RequestLink {
                request: Some(LinkRequestId::from_uuid(self.chosen(oracle, 4))),
                manager,
                number: managed.number.clone(),
                management: link.management,
                services,
                term: self.term(oracle),
            };
            return (self.operator(), command.into());
        }
        if !oracle.is_asked_about_services(&link) {
            let proposal = self.proposal_id(oracle);
            return (self.operator(), AddServices { link: link.id, services, proposal }.into());
        }
        let mut policy = Policy::clone(&oracle.policy);
        let mut rules = policy.management_types.iter_mut();
        if let Some(rule) = rules.find(|rule| rule.name == link.management) {
            rule.added_services = AddedServices::Notify;
        }
        (self.operator(), SetPolicy { policy: Box::new(policy) }.into())
    }

    fn gen_answer_proposal(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending: Vec<&Proposal> =
            oracle.proposals.iter().filter(|one| one.state == HandshakeState::Pending).collect();
        if pending.is_empty() && self.rng.percent(70) {
            return self.gen_add_services(oracle);
        }
        let roll = self.rng.below(100);
        let found = match self.rng.pick(&pending) {
            Some(one) if roll < 85 => Some(*one),
            _ => self.rng.pick(&oracle.proposals),
        };
        let (proposal, manager, managed) = match found {
            Some(one) if roll < 98 => (one.id, one.manager, one.managed),
            _ => (ProposalId::from_uuid(id(13, 999_999)), self.msp(oracle), self.living_tenant(oracle)),
        };
        let customer = match self.rng.pick(&oracle.active_super_admins(managed, self.now)) {
            Some(user) if self.rng.percent(50) => Actor::User(*user),
            _ => self.actor_for(oracle, "link.respond", managed),
        };
        let link = found.and_then(|one| oracle.link(one.link));
        let msp = match link {
            Some(link) => self.manager_of(oracle, link),
            None => self.actor_for(oracle, "customers.add", manager),
        };
        let (customer, msp) = if self.rng.percent(7) { (msp, customer) } else { (customer, msp) };
        match self.rng.below(100) {
            0..=44 => (customer, AcceptProposal { proposal }.into()),
            45..=61 => (customer, DeclineProposal { proposal }.into()),
            62..=76 => (msp, CancelProposal { proposal }.into()),
            _ => (msp, ResendProposal { proposal }.into()),
        }
    }
}
