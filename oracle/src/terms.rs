//! Terms: what both sides of a link agreed to, and how it is moved to what the policy says today
//! (P-13). They are whole policies; what counts of one is read anew for every question.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tenantry::base::ids::LinkId;
use tenantry::base::text::{BuiltinRole, ManagementType, Permission};
use tenantry::base::time::Timestamp;
use tenantry::command::ProposeTerms;
use tenantry::model::{Actor, HandshakeState, Party, ProposalContent, RoleRef};
use tenantry::policy::{AddedServices, ManagementRule, MoveRule, Policy, Terms};
use tenantry::query::TermsOfLink;
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::world::{Link, Oracle, Proposal};

/// What never comes, for whatever comes after some days.
fn days(after: Option<u32>) -> u32 {
    after.unwrap_or(u32::MAX)
}

fn freedom(moves: MoveRule) -> u32 {
    match moves {
        MoveRule::Refused => 0,
        MoveRule::Approval => 1,
        MoveRule::AtOnce => 2,
        other => unreachable!("the oracle does not know {other:?}"),
    }
}

/// What a manager can hold at all.
fn held(policy: &Policy) -> BTreeSet<Permission> {
    policy.permissions.difference(&policy.reserved).cloned().collect()
}

/// What counts of a policy for a link of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    /// The type and those that the link can become, again and again.
    types: BTreeMap<ManagementType, ManagementRule>,
    customer_may_request_delink: bool,
    delink_request_days: Option<u32>,
    /// What the manager can hold at all.
    held: BTreeSet<Permission>,
    grantable: BTreeSet<Permission>,
}

impl Meaning {
    fn of(policy: &Policy, management: &ManagementType) -> Self {
        let mut types = BTreeMap::new();
        let mut open: Vec<_> = policy.management(management).into_iter().collect();
        while let Some(rule) = open.pop() {
            if types.insert(rule.name.clone(), rule.clone()).is_none() {
                open.extend(rule.converts_to.iter().filter_map(|name| policy.management(name)));
            }
        }
        Self {
            types,
            customer_may_request_delink: policy.customer_may_request_delink,
            delink_request_days: policy.delink_request_days,
            held: held(policy),
            grantable: policy.grantable.clone(),
        }
    }

    /// Whether it leaves a manager anything more than another.
    fn is_wider_than(&self, was: &Self) -> bool {
        // What only one of both converts to leaves the manager no more, or it would be no type to convert
        // to.
        let more = |(name, rule)| was.types.get(name).is_some_and(|was| type_is_wider(rule, was));
        self.types.iter().any(more)
            || !self.customer_may_request_delink && was.customer_may_request_delink
            || days(self.delink_request_days) < days(was.delink_request_days)
            || !self.held.is_subset(&was.held)
            || was.grantable.difference(&self.grantable).any(|permission| self.held.contains(permission))
    }
}

impl From<Terms> for Meaning {
    fn from(told: Terms) -> Self {
        Self {
            types: told.management_types.into_iter().map(|rule| (rule.name.clone(), rule)).collect(),
            customer_may_request_delink: told.customer_may_request_delink,
            delink_request_days: told.delink_request_days,
            held: told.permissions,
            grantable: told.grantable,
        }
    }
}

/// What is told about a link's terms.
#[derive(Debug, PartialEq)]
pub struct TermsRow {
    pub agreed: Option<Meaning>,
    /// Those of today, if they are others and the link is in force.
    pub today: Option<Meaning>,
    pub widened: bool,
    pub proposed: Option<Meaning>,
}

impl From<TermsOfLink> for TermsRow {
    fn from(row: TermsOfLink) -> Self {
        let TermsOfLink { agreed, today, widened, proposed, .. } = row;
        let [agreed, today, proposed] = [agreed, today, proposed].map(|told| told.map(Into::into));
        Self { agreed, today, widened, proposed }
    }
}

/// Whether somebody is asked about services that are added.
fn asks(rule: &ManagementRule) -> bool {
    !rule.locks_customer && rule.added_services == AddedServices::Ask
}

/// Whether a type leaves a manager anything more than another, or than it did.
pub fn type_is_wider(is: &ManagementRule, was: &ManagementRule) -> bool {
    is.locks_customer && !was.locks_customer
        || !is.needs_grants && was.needs_grants
        || !is.delinkable && was.delinkable
        || days(is.notice_days) > days(was.notice_days)
        || is.exclusive && !was.exclusive
        || freedom(is.moves) > freedom(was.moves)
        || !asks(is) && asks(was)
}

impl Oracle {
    /// The number of the terms of today.
    pub fn terms_today(&self) -> usize {
        self.terms.len() - 1
    }

    /// Counts today's policy among the terms, unless it means to links what the one before it did.
    pub fn note_terms(&mut self) {
        let (is, was) = (&self.policy, &self.terms[self.terms_today()]);
        let alike = is.management_types == was.management_types
            && is.customer_may_request_delink == was.customer_may_request_delink
            && is.delink_request_days == was.delink_request_days
            && is.permissions == was.permissions
            && is.reserved == was.reserved
            && is.grantable == was.grantable;
        if !alike {
            self.terms.push(Rc::clone(&self.policy));
        }
    }

    /// What a link's management type means.
    pub fn rule(&self, link: &Link) -> &ManagementRule {
        self.terms[link.terms].management(&link.management).unwrap()
    }

    /// Whether a manager can use a permission through a link, as far as that was agreed to and is
    /// granted (P-7); nothing of that is looked at for what the policy does not have.
    pub fn carries(&self, link: &Link, permission: &Permission) -> bool {
        if !self.policy.permissions.contains(permission) {
            return true;
        }
        held(&self.terms[link.terms]).contains(permission)
            && (!self.takes_a_grant(link, permission) || link.grants.contains(permission))
    }

    /// Whether a manager can use a permission through a link by a grant alone (P-7).
    pub fn takes_a_grant(&self, link: &Link, permission: &Permission) -> bool {
        self.rule(link).needs_grants && self.is_grantable(link, permission)
    }

    /// Whether a permission takes a grant where a link needs any: by what was agreed to, or by what
    /// is so today (P-7).
    pub fn is_grantable(&self, link: &Link, permission: &Permission) -> bool {
        self.terms[link.terms].grantable.contains(permission) || self.policy.grantable.contains(permission)
    }

    /// Whether another policy would widen what managers may on every link there is, whatever was
    /// agreed to.
    pub fn widens_links(&self, policy: &Policy, at: Timestamp) -> bool {
        let kept = |permission: &&Permission| policy.permissions.contains(*permission);
        let mut freed = self.policy.reserved.difference(&policy.reserved).filter(kept);
        let mut granted = self.policy.grantable.difference(&policy.grantable).filter(kept);
        let wider = freed.next().is_some() || granted.any(|permission| !policy.reserved.contains(permission));
        wider && self.links.iter().any(|link| link.in_force(at))
    }

    /// Whether under another policy there would be nobody to answer, or not those who could.
    pub fn leaves_nobody(&self, policy: &Policy, at: Timestamp) -> bool {
        let respond = Permission::parse("link.respond").unwrap();
        let dropped = self.policy.permissions.contains(&respond) && !policy.permissions.contains(&respond);
        let had = |role: &BuiltinRole| self.all_given().any(|a| a.role == RoleRef::Builtin(role.clone()));
        // Nobody could take a grant back.
        let grants = Permission::parse("grants.manage").unwrap();
        let kept = self.policy.permissions.contains(&grants) && !policy.permissions.contains(&grants);
        kept && self.links.iter().any(|link| link.in_force(at) && !link.grants.is_empty())
            || dropped && self.links.iter().any(|link| link.in_force(at))
            || self.policy.super_role != policy.super_role && had(&self.policy.super_role)
            || self.policy.admin_role != policy.admin_role
                && self.policy.admin_role != policy.super_role
                && had(&self.policy.admin_role)
    }

    /// What terms mean to a link.
    fn meaning(&self, link: &Link, terms: usize) -> Meaning {
        Meaning::of(&self.terms[terms], &link.management)
    }

    /// Whether terms would leave a link's manager anything more.
    pub fn is_wider(&self, terms: usize, link: &Link) -> bool {
        self.meaning(link, terms).is_wider_than(&self.meaning(link, link.terms))
    }

    /// Whether it would make a difference to a link to be under these terms.
    pub fn differs(&self, link: &Link, terms: usize) -> bool {
        self.meaning(link, terms) != self.meaning(link, link.terms)
    }

    /// What stands in the way of a link being under these terms.
    pub fn terms_obstacles(&self, link: &Link, terms: usize, at: Timestamp) -> Vec<Code> {
        let new = &self.terms[terms];
        let mut obstacles = Vec::new();
        if !self.differs(link, terms) {
            obstacles.push(Code::NothingToDo);
        }
        let others = self.links_above(link.managed, at).iter().any(|other| other.id != link.id);
        // After the end nothing of the tenant is told.
        if link.in_force(at) && others && new.management(&link.management).is_some_and(|rule| rule.exclusive)
        {
            obstacles.push(Code::ExclusiveLink);
        }
        obstacles
    }

    /// The link, if it is there for whoever asks about it.
    pub fn link_for(&self, viewer: &Actor, id: LinkId, at: Timestamp) -> Result<&Link, Code> {
        let who = self.actor(viewer, Disabled::Bars)?;
        let link = self.link(id).ok_or(Code::UnknownLink)?;
        match who {
            Who::User(user) if self.side_of_link(user, link, at).is_none() => Err(Code::UnknownLink),
            _ => Ok(link),
        }
    }

    /// What is told about the terms of a link to whoever is on a side of it and may view the tenant
    /// that is managed.
    pub fn terms_of(&self, viewer: &Actor, id: LinkId, at: Timestamp) -> Result<TermsRow, Code> {
        let link = self.link_for(viewer, id, at)?;
        self.viewer(viewer, "tenant.view", link.managed, at)?;
        let today = self.terms_today();
        let others = link.in_force(at) && self.differs(link, today);
        let pending = |one: &&Proposal| one.link == id && one.state == HandshakeState::Pending;
        let mut proposed = self.proposals.iter().filter(pending).filter_map(|one| match &one.content {
            ProposalContent::Terms { terms, .. } => Some(self.meaning(link, *terms as usize)),
            _ => None,
        });
        Ok(TermsRow {
            agreed: Some(self.meaning(link, link.terms)),
            today: others.then(|| self.meaning(link, today)),
            widened: others && self.is_wider(today, link),
            proposed: proposed.next(),
        })
    }

    pub fn propose_terms(&mut self, actor: &Actor, c: &ProposeTerms, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link(c.link).ok_or(Code::UnknownLink)?.clone();
        let today = self.terms_today();
        let (wider, locks) =
            (link.in_force(at) && self.is_wider(today, &link), self.rule(&link).locks_customer);
        match who {
            Who::Operator { ticket } if wider && locks && !ticket => return Err(Code::TicketRequired),
            Who::Operator { .. } => {}
            Who::User(user) => match self.side_of_link(user, &link, at) {
                None => return Err(Code::UnknownLink),
                Some(Party::Customer) => {
                    self.right(who, "link.respond", link.managed, at, Disabled::Bars)?;
                    if wider {
                        return Err(Code::WrongActor);
                    }
                }
                Some(Party::Manager) => {
                    self.right(who, "customers.add", link.manager, at, Disabled::Bars)?;
                    if wider && locks {
                        return Err(Code::CustomerLocked);
                    }
                }
            },
        }
        let obstacles = self.terms_obstacles(&link, today, at);
        let content = ProposalContent::Terms { terms: today as u32, management: link.management.clone() };
        let proposal = self.new_proposal(who, c.proposal.unwrap(), &link, content, at);
        self.propose(who, proposal, wider && !locks, obstacles, at)
    }
}
