//! Who can reach what, and why: effective access, found by asking every check there is. It only reads.

use std::collections::BTreeSet;

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{CompanyName, Email, Number, Permission, PersonName};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, RoleRef};
use tenantry::query::{
    AccessChangeRow, AccessFilter, AccessWay, OrganisationAccessRow, TenantAccessRow, UserAccessRow,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who, Why};
use crate::awaiting::Named;
use crate::own::Holding;
use crate::world::{Link, Oracle, User};

/// By what somebody may do something on a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The assignment: its tenant and role, whether it is masked, and when it ends by itself.
    pub grounds: Option<(TenantId, RoleRef, bool, Option<Timestamp>)>,
    pub chain: Vec<LinkId>,
    pub held: Vec<Holding>,
    pub granted: BTreeSet<Permission>,
}

pub fn sorted_holdings(rows: impl IntoIterator<Item = impl Into<Holding>>) -> Vec<Holding> {
    let mut held: Vec<Holding> = rows.into_iter().map(Into::into).collect();
    held.sort_by(|one, other| one.permission.cmp(&other.permission));
    held
}

fn ways(rows: Vec<AccessWay>) -> Vec<Way> {
    let way = |row: AccessWay| Way {
        grounds: row.grounds.map(|it| (it.tenant, it.role, it.masked, it.ends)),
        chain: row.chain,
        held: sorted_holdings(row.held),
        granted: row.granted,
    };
    sorted(rows.into_iter().map(way).collect())
}

fn sorted(mut ways: Vec<Way>) -> Vec<Way> {
    ways.sort_by_key(|way| format!("{way:?}"));
    ways
}

/// Somebody who can reach a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaching {
    pub user: UserId,
    pub home: TenantId,
    pub name: Option<PersonName>,
    pub email: Option<Email>,
    pub ways: Vec<Way>,
}

impl From<TenantAccessRow> for Reaching {
    fn from(row: TenantAccessRow) -> Self {
        let TenantAccessRow { user, home, name, email, .. } = row;
        Self { user, home, name, email, ways: ways(row.ways) }
    }
}

/// Another organisation whose people can reach a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Abroad {
    pub organisation: Named,
    pub held: Vec<Holding>,
}

impl From<OrganisationAccessRow> for Abroad {
    fn from(row: OrganisationAccessRow) -> Self {
        Self { organisation: row.organisation.into(), held: sorted_holdings(row.held) }
    }
}

/// A tenant that somebody can reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    pub tenant: TenantId,
    pub name: CompanyName,
    pub number: Number,
    pub ways: Vec<Way>,
}

impl From<UserAccessRow> for Reached {
    fn from(row: UserAccessRow) -> Self {
        let UserAccessRow { tenant, name, number, .. } = row;
        Self { tenant, name, number, ways: ways(row.ways) }
    }
}

/// What somebody may do on a tenant that they could not before, and what no more.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    pub user: UserId,
    pub tenant: TenantId,
    pub gained: Vec<Holding>,
    pub lost: Vec<Holding>,
}

impl From<AccessChangeRow> for Changed {
    fn from(row: AccessChangeRow) -> Self {
        let AccessChangeRow { user, tenant, .. } = row;
        Self { user, tenant, gained: sorted_holdings(row.gained), lost: sorted_holdings(row.lost) }
    }
}

impl Changed {
    /// The difference between what somebody could do on a tenant and what they can do, if there is any.
    pub fn between(user: UserId, tenant: TenantId, before: &[Holding], after: &[Holding]) -> Option<Self> {
        let beyond = |one: &[Holding], other: &[Holding]| -> Vec<Holding> {
            one.iter().filter_map(|held| held.beyond(other)).collect()
        };
        let (gained, lost) = (beyond(after, before), beyond(before, after));
        let changed = !gained.is_empty() || !lost.is_empty();
        changed.then_some(Self { user, tenant, gained, lost })
    }
}

/// What is held by one way or another.
pub fn together(all: impl IntoIterator<Item = Holding>) -> Vec<Holding> {
    let mut held: Vec<Holding> = Vec::new();
    for one in all {
        match held.iter_mut().find(|held| held.permission == one.permission) {
            Some(held) => {
                held.services.extend(one.services);
                held.services_only &= one.services_only;
            }
            None => held.push(one),
        }
    }
    sorted_holdings(held)
}

/// Whether it is wanted of somebody who holds this.
fn is_wanted(filter: &AccessFilter, held: &[Holding]) -> bool {
    let AccessFilter { permission, service, .. } = filter;
    held.iter().any(|one| {
        permission.as_ref().is_none_or(|permission| *permission == one.permission)
            && service.as_ref().is_none_or(|service| one.services.contains(service))
    })
}

/// Somebody who looks at access, and the worlds in all of which they have to be told of it: that which is asked about, the one
/// that it is compared with, and today.
#[derive(Clone)]
pub struct Eyes<'w> {
    pub who: Who,
    pub worlds: Vec<(&'w Oracle, Timestamp)>,
}

impl Eyes<'_> {
    fn all(&self, told: impl Fn(&Oracle, Timestamp) -> bool) -> bool {
        self.worlds.iter().all(|(world, at)| told(world, *at))
    }

    fn is_operator(&self) -> bool {
        matches!(self.who, Who::Operator { .. })
    }

    /// Whether they may see the users of a tenant.
    pub fn view(&self, tenant: TenantId) -> bool {
        self.is_operator() || self.all(|world, at| world.may_view_users(self.who, tenant, at))
    }

    /// Whether people of an organisation are named to them.
    pub fn name(&self, home: TenantId) -> bool {
        let named =
            |world: &Oracle, at| world.is_at_home(self.who, home) || world.may_view_users(self.who, home, at);
        self.is_operator() || self.all(named)
    }

    /// Whether an organisation is there for them.
    pub fn know(&self, tenant: TenantId) -> bool {
        self.all(|world, at| world.is_there(self.who, tenant, at))
    }

    fn know_link(&self, link: &Link) -> bool {
        self.all(|world, at| world.is_told_of_link(self.who, link.id, at))
    }

    fn is_oneself(&self, user: UserId) -> bool {
        self.who == Who::User(user)
    }
}

impl Oracle {
    /// What checks allow somebody on a tenant.
    pub fn held_on(&self, user: UserId, tenant: TenantId, at: Timestamp) -> Vec<Holding> {
        let mut held = Vec::new();
        self.ask_everything(user, tenant, at, |_, one| held.push(one));
        together(held)
    }

    /// Asks every check there is about somebody on a tenant; tells of those that are allowed, and why.
    fn ask_everything(
        &self,
        user: UserId,
        tenant: TenantId,
        at: Timestamp,
        mut allowed: impl FnMut(Why<'_, '_>, Holding),
    ) {
        let Ok(standing) = self.standing(user, tenant, at, Disabled::Bars) else { return };
        for permission in &self.policy.permissions {
            for service in [None].into_iter().chain(self.policy.services.iter().map(Some)) {
                if let Ok(why) = self.judge_there(&standing, permission, service) {
                    let (permission, services_only) = (permission.clone(), service.is_some());
                    let services = service.cloned().into_iter().collect();
                    allowed(why, Holding { permission, services, services_only });
                }
            }
        }
    }

    /// By what somebody reaches a tenant, as far as that is told.
    fn ways(&self, user: UserId, tenant: TenantId, eyes: &Eyes<'_>, at: Timestamp) -> Vec<Way> {
        let mut ways: Vec<Way> = Vec::new();
        self.ask_everything(user, tenant, at, |Why { assignment, chain }, held| {
            let there = eyes.know(assignment.tenant);
            let ends = self.ends_of(assignment);
            let grounds = (assignment.tenant, assignment.role.clone(), assignment.masked, ends);
            let grounds = Some(grounds).filter(|_| there);
            let known = chain.iter().all(|link| eyes.know_link(link));
            let granted = known && chain.iter().any(|link| self.takes_a_grant(link, &held.permission));
            let granted = Some(held.permission.clone()).filter(|_| granted);
            let chain: Vec<LinkId> = chain.iter().filter(|_| known).map(|link| link.id).collect();
            let place = ways.iter().position(|way| way.grounds == grounds && way.chain == chain);
            let place = place.unwrap_or_else(|| {
                ways.push(Way { grounds, chain, held: Vec::new(), granted: BTreeSet::new() });
                ways.len() - 1
            });
            let way = &mut ways[place];
            way.held = together(way.held.drain(..).chain([held]));
            way.granted.extend(granted);
        });
        sorted(ways)
    }

    /// That a filter asks for what there is.
    ///
    /// # Errors
    /// What it asks for and there is not.
    pub fn is_review_of(&self, filter: &AccessFilter) -> Result<(), Code> {
        let unknown = |is_there: bool, code| if is_there { Ok(()) } else { Err(code) };
        let permission = filter.permission.as_ref().is_none_or(|it| self.policy.permissions.contains(it));
        let service = filter.service.as_ref().is_none_or(|it| self.policy.services.contains(it));
        let found = [unknown(permission, Code::UnknownPermission), unknown(service, Code::UnknownService)];
        found.into_iter().filter_map(Result::err).min().map_or(Ok(()), Err)
    }

    /// Who may be told what somebody can reach: themselves, and whoever may see the users of their home.
    ///
    /// # Errors
    /// Why nobody else is told.
    pub fn may_review(&self, viewer: &Actor, user: UserId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(viewer, Disabled::Bars)?;
        let home = self.user(user).map(|user| user.home).ok_or(Code::UnknownUser)?;
        if matches!(who, Who::Operator { .. }) || who == Who::User(user) {
            return Ok(());
        }
        match self.right(who, "users.view", home, at, Disabled::Bars) {
            Err(code) if self.is_at_home(who, home) => Err(code),
            Err(_) => Err(Code::UnknownUser),
            Ok(()) => Ok(()),
        }
    }

    /// The people who reach a tenant, as far as they are named.
    pub fn reaching(
        &self,
        tenant: TenantId,
        filter: &AccessFilter,
        eyes: &Eyes<'_>,
        at: Timestamp,
    ) -> Vec<Reaching> {
        let named = self.users.iter().filter(|user| eyes.name(user.home));
        let rows = named.map(|user| Reaching {
            user: user.id,
            home: user.home,
            name: user.name.clone().filter(|_| eyes.view(user.home)),
            email: user.email.clone().filter(|_| eyes.view(user.home)),
            ways: self.ways(user.id, tenant, eyes, at),
        });
        rows.filter(|row| is_wanted(filter, &self.held_on(row.user, tenant, at))).collect()
    }

    /// The organisations whose people reach a tenant and are not named, as far as they are there.
    pub fn reaching_from(&self, tenant: TenantId, eyes: &Eyes<'_>, at: Timestamp) -> Vec<Abroad> {
        let homes: BTreeSet<TenantId> = self.users.iter().map(|user| user.home).collect();
        let told = homes.into_iter().filter(|home| !eyes.name(*home) && eyes.know(*home));
        let rows = told.map(|home| {
            let people = self.users.iter().filter(|user| user.home == home);
            let held = people.flat_map(|user: &User| self.held_on(user.id, tenant, at));
            Abroad { organisation: self.by_name(home), held: together(held) }
        });
        rows.filter(|row| !row.held.is_empty()).collect()
    }

    /// The tenants that somebody reaches, as far as that is told.
    pub fn reached(
        &self,
        user: UserId,
        filter: &AccessFilter,
        eyes: &Eyes<'_>,
        at: Timestamp,
    ) -> Vec<Reached> {
        let told = self.tenants.iter().filter(|tenant| eyes.review(user, tenant.id));
        let rows = told.map(|tenant| Reached {
            tenant: tenant.id,
            name: tenant.name.clone(),
            number: tenant.number.clone(),
            ways: self.ways(user, tenant.id, eyes, at),
        });
        rows.filter(|row| is_wanted(filter, &self.held_on(user, row.tenant, at))).collect()
    }

    /// Everybody's access to everything that can be reached.
    pub fn everything_held(&self, at: Timestamp) -> Vec<(UserId, TenantId, Vec<Holding>)> {
        let mut all = Vec::new();
        for user in self.users.iter().filter(|user| self.all_given().any(|a| a.user == user.id)) {
            for tenant in &self.tenants {
                let held = self.held_on(user.id, tenant.id, at);
                if !held.is_empty() {
                    all.push((user.id, tenant.id, held));
                }
            }
        }
        all
    }
}

impl Eyes<'_> {
    /// Whether they are told that somebody whose access they may review reaches a tenant.
    pub fn review(&self, user: UserId, tenant: TenantId) -> bool {
        if !self.is_oneself(user) {
            return self.view(tenant);
        }
        self.all(|world, at| {
            world.is_there(self.who, tenant, at) || !world.held_on(user, tenant, at).is_empty()
        })
    }
}
