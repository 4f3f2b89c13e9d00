//! Questions about who can reach what, and how that has changed.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, HandshakeState, Subject, UserState};
use tenantry::query::AccessFilter;
use tenantry::testkit::inside::Rng;

use super::{Generator, word};
use crate::access::Who;
use crate::question::{Asked, ListQuestion, Moments, Turning};
use crate::world::{Oracle, User};

impl Generator {
    /// A random question about access, or where a moment to compare with is given about what has changed since; by dice of its
    /// own: whoever plays on is not disturbed.
    pub fn review_question(
        &mut self,
        oracle: &Oracle,
        since: Option<Moments>,
        at: Timestamp,
        dice: &mut Rng,
    ) -> ListQuestion {
        std::mem::swap(&mut self.rng, dice);
        let question = self.about_access(oracle, since, at);
        std::mem::swap(&mut self.rng, dice);
        question
    }

    fn about_access(&mut self, oracle: &Oracle, since: Option<Moments>, at: Timestamp) -> ListQuestion {
        let turning = Turning { limit: 1 + self.rng.below(4), descending: self.rng.percent(50) };
        if since.is_none() && self.rng.percent(45) {
            return self.about_what_arises(oracle, turning, at);
        }
        let of_tenant = self.rng.percent(55);
        let (tenant, user) = self.reviewed(oracle);
        let viewer = self.reviewer(oracle, if of_tenant { Ok(tenant) } else { Err(user) });
        let asked = match (of_tenant, since) {
            (true, Some(since)) => Asked::TenantAccessChanges(tenant, since, turning),
            (false, Some(since)) => Asked::UserAccessChanges(user, since, turning),
            (true, None) if self.rng.percent(30) => Asked::OrganisationAccess(tenant),
            (true, None) => Asked::TenantAccess(tenant, self.access_filter(oracle), turning),
            (false, None) => Asked::UserAccess(user, self.access_filter(oracle), turning),
        };
        ListQuestion { viewer, asked, at }
    }

    /// What is about to arise, mostly on a tenant where something is.
    fn about_what_arises(&mut self, oracle: &Oracle, turning: Turning, at: Timestamp) -> ListQuestion {
        let waits = |state| state == HandshakeState::Pending;
        let anything = self.rng.percent(25);
        let tenant = self.tenant_where(oracle, |tenant| {
            let invited = oracle.invitations.iter().any(|one| waits(one.state) && one.tenant == tenant.id);
            let asked = oracle.requests.iter().any(|one| waits(one.state) && one.managed == tenant.id);
            let proposed = oracle.proposals.iter().any(|one| waits(one.state) && one.managed == tenant.id);
            let mut invites = oracle.manager_invitations.iter();
            let mut laid = oracle.temporaries.iter();
            anything
                || invited
                || asked
                || proposed
                || laid.any(|one| one.eligible && one.given.tenant == tenant.id)
                || invites.any(|one| waits(one.state) && one.tenant == tenant.id)
        });
        let viewer = match (self.stranger_to_a_sender(oracle, tenant), self.rng.percent(60)) {
            (Some(user), _) if self.rng.percent(50) => Actor::User(user),
            (_, true) => self.reviewer(oracle, Ok(tenant)),
            (_, false) => self.actor_for(oracle, "link.respond", tenant),
        };
        ListQuestion { viewer, asked: Asked::Arising(tenant, turning), at }
    }

    /// Somebody who may review a tenant, and for whom the organisation of whoever has invited somebody to it is not there.
    fn stranger_to_a_sender(&mut self, oracle: &Oracle, tenant: TenantId) -> Option<UserId> {
        let offers = oracle.invitations.iter().filter(|one| one.tenant == tenant);
        let homes: Vec<TenantId> = offers
            .filter_map(|one| match one.sender {
                Some(Subject::User(sender)) => oracle.user(sender).map(|user| user.home),
                _ => None,
            })
            .collect();
        let strange = |user: &&User| {
            let who = Who::User(user.id);
            homes.iter().any(|home| !oracle.is_there(who, *home, self.now))
                && oracle.may_view_users(who, tenant, self.now)
        };
        let strangers: Vec<UserId> = oracle.users.iter().filter(strange).map(|user| user.id).collect();
        self.rng.pick(&strangers).copied()
    }

    /// A tenant, mostly one that is managed, and somebody, mostly of those who come to it from above.
    fn reviewed(&mut self, oracle: &Oracle) -> (TenantId, UserId) {
        let now = self.now;
        let tenant = match self.rng.percent(60) {
            true => self.tenant_where(oracle, |one| !oracle.links_above(one.id, now).is_empty()),
            false => self.living_tenant(oracle),
        };
        let above = oracle.users.iter().filter(|user| oracle.manages(user.home, tenant, now));
        let above: Vec<UserId> = above.map(|user| user.id).collect();
        let user = match self.rng.pick(&above) {
            Some(user) if self.rng.percent(50) => *user,
            _ => self.any_user(oracle),
        };
        (tenant, user)
    }

    /// Somebody who asks who reaches a tenant, or what somebody reaches.
    fn reviewer(&mut self, oracle: &Oracle, about: Result<TenantId, UserId>) -> Actor {
        let home = match about {
            Ok(tenant) => tenant,
            Err(user) if self.rng.percent(30) => return Actor::User(user),
            Err(user) => match oracle.user(user) {
                Some(user) => user.home,
                None => self.living_tenant(oracle),
            },
        };
        let odd: Vec<UserId> = match self.rng.below(100) {
            0..=7 => self.kept_off(oracle).map(|(user, _)| user).into_iter().collect(),
            8..=11 => {
                let down = |home| !oracle.is_open(home, self.now);
                let people = oracle.users.iter().filter(|user| user.is_living() && down(user.home));
                people.map(|user| user.id).collect()
            }
            12..=13 => {
                let invited = oracle.users.iter().filter(|user| user.state == UserState::Invited);
                invited.map(|user| user.id).collect()
            }
            // Colleagues without the right, who are told why.
            14..=17 => {
                let people = oracle.users.iter().filter(|user| user.home == home && user.is_living());
                people.map(|user| user.id).collect()
            }
            _ => Vec::new(),
        };
        match self.rng.pick(&odd) {
            Some(user) => Actor::User(*user),
            None => self.actor_for(oracle, "users.view", home),
        }
    }

    fn access_filter(&mut self, oracle: &Oracle) -> AccessFilter {
        let mut filter = AccessFilter::default();
        if self.rng.percent(25) {
            let known = self.rng.percent(90);
            filter.permission = Some(if known { self.permission(oracle) } else { word("moon.view") });
        }
        if self.rng.percent(25) {
            filter.service = match self.rng.percent(90) {
                true => self.service(oracle),
                false => Some(word("moonshine")),
            };
        }
        filter
    }
}
