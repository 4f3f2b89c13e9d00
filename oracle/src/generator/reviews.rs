//! Questions about who can reach what, and how that has changed.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, UserState};
use tenantry::query::AccessFilter;
use tenantry::testkit::inside::Rng;

use super::{Generator, word};
use crate::question::{Asked, ListQuestion, Moments, Turning};
use crate::world::Oracle;

impl Generator {
    /// A random question about access, or where a moment to compare with is given mostly about what has changed since, by dice of
    /// its own: whoever plays on is not disturbed.
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
        let of_tenant = self.rng.percent(55);
        let (tenant, user) = self.reviewed(oracle);
        let viewer = self.reviewer(oracle, if of_tenant { Ok(tenant) } else { Err(user) });
        let asked = match (of_tenant, since.filter(|_| self.rng.percent(70))) {
            (true, Some(since)) => Asked::TenantAccessChanges(tenant, since, turning),
            (false, Some(since)) => Asked::UserAccessChanges(user, since, turning),
            (true, None) if self.rng.percent(30) => Asked::OrganisationAccess(tenant),
            (true, None) => Asked::TenantAccess(tenant, self.access_filter(oracle), turning),
            (false, None) => Asked::UserAccess(user, self.access_filter(oracle), turning),
        };
        ListQuestion { viewer, asked, at }
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
