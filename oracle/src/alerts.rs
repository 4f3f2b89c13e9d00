//! Who gets a tenant's alerts and service mail. It looks for everybody anew and never sends anything.

use std::collections::BTreeSet;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{IssueCategory, Permission};
use tenantry::base::time::Timestamp;
use tenantry::command::SetAlertRule;
use tenantry::model::{Actor, Audience, RoleRef, UserState};
use tenantry::refusal::Code;

use crate::access::Disabled;
use crate::obstacles::least;
use crate::world::{AlertRule, Oracle};

impl Oracle {
    pub fn set_alert_rule(&mut self, actor: &Actor, c: &SetAlertRule, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "alerts.manage", c.tenant, at, Disabled::Bars)?;
        let mut obstacles = Vec::new();
        if !self.policy.issue_categories.contains(&c.category) {
            obstacles.push(Code::UnknownCategory);
        }
        for user in &c.additional {
            let near = self.user(*user).is_some_and(|user| {
                user.is_living() && (user.home == c.tenant || self.manages(user.home, c.tenant, at))
            });
            if !near {
                obstacles.push(Code::NoSuchUser);
            }
        }
        least(obstacles)?;
        self.alert_rules.retain(|rule| rule.tenant != c.tenant || rule.category != c.category);
        self.alert_rules.push(AlertRule {
            tenant: c.tenant,
            category: c.category.clone(),
            audience: c.audience,
            additional: c.additional.clone(),
        });
        Ok(())
    }

    /// The active users at home on the tenant whose role there is the super or the admin role.
    pub fn active_admins(&self, tenant: TenantId) -> BTreeSet<UserId> {
        let admin = RoleRef::Builtin(self.policy.admin_role.clone());
        let mut admins = BTreeSet::new();
        for user in self.users.iter().filter(|u| u.home == tenant && u.state == UserState::Active) {
            if let Some(a) = self.assignment(user.id, tenant)
                && (a.role == self.super_role() || a.role == admin)
            {
                admins.insert(user.id);
            }
        }
        admins
    }

    /// The tenant's own admins, unless they are locked out, and those of its managers.
    pub fn service_mail(&self, tenant: TenantId, at: Timestamp) -> BTreeSet<UserId> {
        let mut found = BTreeSet::new();
        if !self.is_locked(tenant, at) {
            found.extend(self.active_admins(tenant));
        }
        for link in self.links_above(tenant, at) {
            found.extend(self.active_admins(link.manager));
        }
        found
    }

    /// Who is told of an issue.
    pub fn alert_recipients(
        &self,
        tenant: TenantId,
        category: &IssueCategory,
        at: Timestamp,
    ) -> BTreeSet<UserId> {
        let rule = self.alert_rules.iter().find(|rule| rule.tenant == tenant && rule.category == *category);
        let mut found = match rule.map_or(Audience::AllAdmins, |rule| rule.audience) {
            Audience::AllAdmins => self.service_mail(tenant, at),
            Audience::GroupManagers => self.group_managers(tenant, at),
        };
        for user in rule.iter().flat_map(|rule| &rule.additional) {
            // A link whose term has run out ends this even before the sweep.
            let near = self.user(*user).is_some_and(|user| {
                let home = user.home;
                user.state == UserState::Active && (home == tenant || self.manages(home, tenant, at))
            });
            if near {
                found.insert(*user);
            }
        }
        found
    }

    /// The tenant's own people who can be device-group managers there now; never anybody else's.
    fn group_managers(&self, tenant: TenantId, at: Timestamp) -> BTreeSet<UserId> {
        let permission = Permission::parse("devices.group_manager").unwrap();
        let own = |user: &UserId| self.user(*user).is_some_and(|user| user.home == tenant);
        self.users_who_can(&permission, tenant, None, at).into_iter().filter(own).collect()
    }
}
