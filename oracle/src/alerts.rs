//! Who gets a tenant's alerts and service mail. It looks for everybody anew and never sends anything.

use std::collections::BTreeSet;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{Email, IssueCategory, Permission, PersonName};
use tenantry::base::time::Timestamp;
use tenantry::command::SetAlertRule;
use tenantry::model::{Actor, Audience, RoleRef, UserState};
use tenantry::query::{AlertRuleRow, NamedUser, Recipients};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::obstacles::least;
use crate::world::{AlertRule, Assignment, Oracle, User};

/// Who gets alerts of a category, as somebody is told of it: people with their name and address as far as these are told, and
/// the organisations of others.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertedRow {
    pub category: IssueCategory,
    pub audience: Audience,
    pub additional: BTreeSet<(UserId, TenantId, Option<PersonName>, Option<Email>)>,
    pub organisations: BTreeSet<TenantId>,
}

impl From<AlertRuleRow> for AlertedRow {
    fn from(row: AlertRuleRow) -> Self {
        let many = row.additional.len();
        let named = row.additional.into_iter().map(|one| (one.user, one.home, one.name, one.email));
        let additional: BTreeSet<_> = named.collect();
        assert_eq!(additional.len(), many, "each is named once");
        Self { category: row.category, audience: row.audience, additional, organisations: row.organisations }
    }
}

/// A person, as far as somebody is told of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub user: UserId,
    pub home: TenantId,
    pub name: Option<PersonName>,
    pub email: Option<Email>,
}

impl From<NamedUser> for Person {
    fn from(row: NamedUser) -> Self {
        let NamedUser { user, home, name, email, .. } = row;
        Self { user, home, name, email }
    }
}

impl Oracle {
    /// The person with an address, for whoever may name additional recipients of a tenant's alerts: who is at home on it, or in
    /// an organisation above that is there for them.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn find_person(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        email: &Email,
        at: Timestamp,
    ) -> Result<Option<Person>, Code> {
        let who = self.viewer(viewer, "alerts.manage", tenant, at)?;
        let near = |user: &&User| user.home == tenant || self.manages(user.home, tenant, at);
        let found = self
            .users
            .iter()
            .filter(|user| user.is_living() && user.email.as_ref() == Some(email))
            .find(near);
        let row = found.map(|user| Person {
            user: user.id,
            home: user.home,
            name: user.name.clone(),
            email: user.email.clone(),
        });
        Ok(row.and_then(|row| self.named_still(who, tenant, row, at)))
    }

    /// A person as far as they are named to whoever has to do with a tenant: with name and address to those who may see the users
    /// of their home, and not at all where that is not there.
    pub fn named_still(&self, who: Who, tenant: TenantId, row: Person, at: Timestamp) -> Option<Person> {
        let there =
            self.living(row.home).is_some() && (row.home == tenant || self.is_there(who, row.home, at));
        let views = self.may_view_users(who, row.home, at);
        there.then(|| Person { name: row.name.filter(|_| views), email: row.email.filter(|_| views), ..row })
    }

    /// Who gets a tenant's alerts, category by category.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn alert_rules_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        at: Timestamp,
    ) -> Result<Vec<AlertedRow>, Code> {
        let who = self.viewer(viewer, "alerts.view", tenant, at)?;
        // A rule outlives its category.
        let of_rules =
            self.alert_rules.iter().filter(|rule| rule.tenant == tenant).map(|rule| &rule.category);
        let categories: BTreeSet<_> = self.policy.issue_categories.iter().chain(of_rules).collect();
        let rows = categories.into_iter().map(|category| {
            let rule =
                self.alert_rules.iter().find(|rule| rule.tenant == tenant && rule.category == *category);
            let mut row = AlertedRow {
                category: category.clone(),
                audience: rule.map_or(Audience::AllAdmins, |rule| rule.audience),
                additional: BTreeSet::new(),
                organisations: BTreeSet::new(),
            };
            for user in rule.iter().flat_map(|rule| &rule.additional).filter_map(|id| self.user(*id)) {
                let near = user.home == tenant || self.manages(user.home, tenant, at);
                if user.state == UserState::Removed || !near {
                    continue;
                }
                // A colleague is named, but with name and address to those alone who may see the users of their home.
                let views = self.may_view_users(who, user.home, at);
                if views || self.is_at_home(who, user.home) {
                    let (name, email) = (user.name.clone(), user.email.clone());
                    row.additional.insert((
                        user.id,
                        user.home,
                        name.filter(|_| views),
                        email.filter(|_| views),
                    ));
                } else if user.home == tenant || self.is_there(who, user.home, at) {
                    row.organisations.insert(user.home);
                }
            }
            row
        });
        Ok(rows.collect())
    }

    /// A row of a past as far as people, and the organisations of others, may be told today as well.
    pub fn alerted_still(&self, who: Who, tenant: TenantId, row: AlertedRow, at: Timestamp) -> AlertedRow {
        let there =
            |home: TenantId| self.living(home).is_some() && (home == tenant || self.is_there(who, home, at));
        let (category, audience) = (row.category.clone(), row.audience);
        let (additional, organisations) = (BTreeSet::new(), BTreeSet::new());
        let mut told = AlertedRow { category, audience, additional, organisations };
        told.organisations.extend(row.organisations.into_iter().filter(|home| there(*home)));
        for (user, home, name, email) in row.additional.into_iter().filter(|(_, home, ..)| there(*home)) {
            let views = self.may_view_users(who, home, at);
            if views || self.is_at_home(who, home) {
                told.additional.insert((user, home, name.filter(|_| views), email.filter(|_| views)));
            } else {
                told.organisations.insert(home);
            }
        }
        told
    }

    pub fn set_alert_rule(&mut self, actor: &Actor, c: &SetAlertRule, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "alerts.manage", c.tenant, at, Disabled::Bars)?;
        let mut obstacles = Vec::new();
        if !self.policy.issue_categories.contains(&c.category) {
            obstacles.push(Code::UnknownCategory);
        }
        for user in &c.additional {
            let near = self.user(*user).is_some_and(|user| {
                let above = || self.manages(user.home, c.tenant, at) && self.is_there(who, user.home, at);
                user.is_living() && (user.home == c.tenant || above())
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

    /// Who gets a tenant's service mail: its own admins, unless they are locked out, and whoever hears it for each of its
    /// managers; the operator, if that is nobody at all.
    pub fn service_mail(&self, tenant: TenantId, at: Timestamp) -> Recipients {
        let mut told = self.all_admins(tenant, at);
        told.operator |= told.users.is_empty() && self.living(tenant).is_some();
        told
    }

    /// Who is told of an issue.
    pub fn alert_recipients(&self, tenant: TenantId, category: &IssueCategory, at: Timestamp) -> Recipients {
        let rule = self.alert_rules.iter().find(|rule| rule.tenant == tenant && rule.category == *category);
        let mut told = match rule.map_or(Audience::AllAdmins, |rule| rule.audience) {
            Audience::AllAdmins => self.all_admins(tenant, at),
            Audience::GroupManagers => Recipients { users: self.group_managers(tenant, at), operator: false },
        };
        let additional = rule.iter().flat_map(|rule| &rule.additional).copied();
        told.users.extend(additional.filter(|user| self.may_hear(*user, tenant, at)));
        told
    }

    /// The tenant's own admins, unless they are locked out, and whoever hears it for each of its managers.
    fn all_admins(&self, tenant: TenantId, at: Timestamp) -> Recipients {
        let mut told = Recipients::default();
        if !self.is_locked(tenant, at) {
            told.users = self.admins(tenant, tenant, at);
        }
        for link in self.links_above(tenant, at) {
            let heard = self.heard_for(link.manager, tenant, at);
            told.operator |= heard.is_empty();
            told.users.extend(heard);
        }
        told
    }

    /// Who hears of the tenant for one of its managers: its admins; where there is nobody, the super admins of its
    /// managers, then those of the managers of these, and so on.
    fn heard_for(&self, manager: TenantId, tenant: TenantId, at: Timestamp) -> BTreeSet<UserId> {
        let mut heard = BTreeSet::new();
        if self.listens(manager, at) {
            heard = self.admins(manager, tenant, at);
        }
        let mut rung = BTreeSet::from([manager]);
        while heard.is_empty() && !rung.is_empty() {
            rung = rung.iter().flat_map(|one| self.links_above(*one, at)).map(|link| link.manager).collect();
            for home in rung.iter().filter(|home| self.listens(**home, at)) {
                heard.extend(self.people(*home, tenant, at, |a| self.makes_super(a)));
            }
        }
        heard
    }

    /// Whether a manager's people count: they are neither locked out nor disabled.
    pub fn listens(&self, home: TenantId, at: Timestamp) -> bool {
        self.is_open(home, at) && !self.is_locked(home, at)
    }

    /// The people of an organisation who are admins of the tenant: by their role or, where there are none, by what they
    /// may do.
    pub fn admins(&self, home: TenantId, tenant: TenantId, at: Timestamp) -> BTreeSet<UserId> {
        let roles = [self.super_role(), RoleRef::Builtin(self.policy.admin_role.clone())];
        let edit = Permission::parse("tenant.edit").unwrap();
        let by_role = self.people(home, tenant, at, |a| roles.contains(&a.role));
        if by_role.is_empty() { self.people(home, tenant, at, |a| self.gives(a, &edit)) } else { by_role }
    }

    /// The active people of an organisation of whose nearest assignments on the tenant one is such. Whoever of a manager's
    /// does not even see it by them is nobody.
    fn people(
        &self,
        home: TenantId,
        tenant: TenantId,
        at: Timestamp,
        such: impl Fn(&Assignment) -> bool,
    ) -> BTreeSet<UserId> {
        let view = Permission::parse("tenant.view").unwrap();
        let mut found = BTreeSet::new();
        for user in self.users.iter().filter(|user| user.home == home && user.state == UserState::Active) {
            let held = self.assignments_on(user.id, tenant, at);
            let sees = home == tenant || held.iter().any(|a| self.gives(a, &view));
            if sees && held.into_iter().any(&such) {
                found.insert(user.id);
            }
        }
        found
    }

    /// Whether somebody who is to be told besides may be told now.
    fn may_hear(&self, user: UserId, tenant: TenantId, at: Timestamp) -> bool {
        let Some(user) = self.user(user).filter(|user| user.state == UserState::Active) else { return false };
        // A link whose term has run out ends this even before the sweep.
        user.home == tenant || self.sees(Who::User(user.id), tenant, at)
    }

    /// The tenant's own people who can be device-group managers there now; never anybody else's.
    fn group_managers(&self, tenant: TenantId, at: Timestamp) -> BTreeSet<UserId> {
        let permission = Permission::parse("devices.group_manager").unwrap();
        let own = |user: &UserId| self.user(*user).is_some_and(|user| user.home == tenant);
        self.users_who_can(&permission, tenant, None, at).into_iter().filter(own).collect()
    }
}
