//! Commands about integrations, alerts and consoles (I, A, S).

use std::collections::BTreeSet;

use tenantry::base::ids::{IntegrationId, SessionId, TenantId, UserId};
use tenantry::base::text::{IntegrationName, IssueCategory};
use tenantry::command::*;
use tenantry::model::{Actor, Audience};
use tenantry::query::Question;

use super::{Generator, id, word};
use crate::world::Oracle;

impl Generator {
    pub(super) fn choose_about_desk(&mut self, oracle: &Oracle, roll: usize) -> (Actor, Command) {
        match roll {
            0..=24 => self.gen_create_integration(oracle),
            25..=64 => self.gen_share_integration(oracle),
            65..=79 => self.gen_detach_integration(oracle),
            80..=89 => self.gen_delete_integration(oracle),
            90..=114 => self.gen_alert_rule(oracle),
            115..=169 => self.gen_open_console(oracle),
            _ => self.gen_close_console(oracle),
        }
    }

    fn gen_create_integration(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let owner = self
            .tenant_where(oracle, |tenant| !tenant.deleted && !oracle.links_below(tenant.id, now).is_empty());
        let integration = IntegrationId::from_uuid(self.chosen(oracle, 11));
        let kind = word(["collector", "ticketing"][self.rng.below(2)]);
        let name = word::<IntegrationName>(["Tool", "Other tool"][self.rng.below(2)]);
        let command = CreateIntegration { owner, kind, name, integration: Some(integration) };
        (self.actor_for(oracle, "integrations.manage", owner), command.into())
    }

    fn some_integration(&mut self, oracle: &Oracle) -> (IntegrationId, TenantId) {
        let living: Vec<_> = oracle.integrations.iter().filter(|one| !one.deleted).collect();
        let roll = self.rng.below(100);
        match (self.rng.pick(&living), self.rng.pick(&oracle.integrations)) {
            (Some(one), _) if roll < 92 => (one.id, one.owner),
            (_, Some(one)) if roll < 97 => (one.id, one.owner),
            _ => (IntegrationId::from_uuid(id(11, 999_999)), self.living_tenant(oracle)),
        }
    }

    fn gen_share_integration(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (integration, owner) = self.some_integration(oracle);
        let below: Vec<TenantId> = oracle.all_below(owner, self.now).into_iter().collect();
        let tenant = match self.rng.pick(&below) {
            Some(tenant) if self.rng.percent(90) => *tenant,
            _ => self.living_tenant(oracle),
        };
        let actor = self.actor_for(oracle, "integrations.manage", owner);
        (actor, ShareIntegration { integration, tenant }.into())
    }

    fn gen_detach_integration(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (integration, owner) = self.some_integration(oracle);
        let attached: Vec<TenantId> =
            oracle.integration(integration).iter().flat_map(|one| one.attached.iter().copied()).collect();
        let tenant = match self.rng.pick(&attached) {
            Some(tenant) if self.rng.percent(90) => *tenant,
            _ => self.living_tenant(oracle),
        };
        let actor = self.actor_for(oracle, "integrations.manage", owner);
        (actor, DetachIntegration { integration, tenant }.into())
    }

    fn gen_delete_integration(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (integration, owner) = self.some_integration(oracle);
        (self.actor_for(oracle, "integrations.manage", owner), DeleteIntegration { integration }.into())
    }

    pub(super) fn category(&mut self) -> IssueCategory {
        word(["app", "battery", "battery", "weather"][self.rng.below(4)])
    }

    fn gen_alert_rule(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let tenant = self
            .tenant_where(oracle, |tenant| !tenant.deleted && !oracle.links_above(tenant.id, now).is_empty());
        let near: Vec<UserId> = oracle
            .users
            .iter()
            .filter(|user| user.home == tenant || oracle.manages(user.home, tenant, now))
            .filter(|user| user.is_living())
            .map(|user| user.id)
            .collect();
        let mut additional = BTreeSet::new();
        while self.rng.percent(60) {
            match self.rng.pick(&near) {
                Some(user) if self.rng.percent(95) => additional.insert(*user),
                _ => additional.insert(self.any_user(oracle)),
            };
        }
        let category = if self.rng.percent(3) { word("weather") } else { word("battery") };
        let category = if self.rng.percent(20) { word("app") } else { category };
        let audience = *self.rng.pick(Audience::ALL).unwrap();
        let command = SetAlertRule { tenant, category, audience, additional };
        (self.actor_for(oracle, "alerts.manage", tenant), command.into())
    }

    fn gen_open_console(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let tenant = self.living_tenant(oracle);
        let service = self.service_of(oracle, tenant);
        let able: Vec<UserId> = oracle
            .users
            .iter()
            .filter(|user| {
                let question = Question::new(user.id, word("console.open"), tenant).with(service.clone());
                oracle.check(&question, self.now).0
            })
            .map(|user| user.id)
            .collect();
        let actor = match self.rng.pick(&able) {
            Some(user) if self.rng.percent(75) => Actor::User(*user),
            _ => self.actor_for(oracle, "console.open", tenant),
        };
        let session = SessionId::from_uuid(self.chosen(oracle, 12));
        let return_to = word(["https://example.com/back", "app:home"][self.rng.below(2)]);
        (actor, OpenConsole { tenant, service, return_to, session: Some(session) }.into())
    }

    fn gen_close_console(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let open: Vec<_> = oracle.sessions.iter().filter(|session| session.closed.is_none()).collect();
        let roll = self.rng.below(100);
        let (session, user) = match (self.rng.pick(&open), self.rng.pick(&oracle.sessions)) {
            (Some(session), _) if roll < 80 => (session.id, session.user),
            (_, Some(session)) if roll < 97 => (session.id, session.user),
            _ => (SessionId::from_uuid(id(12, 999_999)), self.any_user(oracle)),
        };
        let actor = match self.rng.below(100) {
            0..=79 => Actor::User(user),
            80..=91 => Actor::User(self.any_user(oracle)),
            _ => self.operator(),
        };
        (actor, CloseConsole { session }.into())
    }
}
