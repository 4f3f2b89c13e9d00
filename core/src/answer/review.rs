//! Who can reach what, and why, and how that has changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::page::{Seal, Turn};
use super::tenant::organisation;
use crate::base::ids::{TenantId, UserId};
use crate::model::permission::USERS_VIEW;
use crate::model::{Personal, User};
use crate::query::{
    AccessChangeCount, AccessChangeRow, AccessFilter, AccessWay, OrganisationAccess, OrganisationAccessRow,
    Page, TenantAccess, TenantAccessChanges, TenantAccessRow, UserAccess, UserAccessChanges, UserAccessRow,
};
use crate::refusal::{Code, Refusal};
use crate::rules::Ruling;
use crate::rules::difference::{Affected, Between};
use crate::rules::effective::{Effective, held};
use crate::rules::reach::{Going, People, Tenants};
use crate::sight::Sight;
use crate::view::{Spot, ViewError};

/// The people who can reach a tenant, as far as they are named to whoever asks.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), `unknown_permission`,
/// `unknown_service`, `foreign_cursor`, `invalid_limit`.
pub(super) fn of_tenant(sight: &Sight<'_>, seal: Seal, it: &TenantAccess) -> Ruling<Page<TenantAccessRow>> {
    let TenantAccess { tenant, filter, paging, .. } = it;
    sight.may(USERS_VIEW, *tenant)?;
    known(sight, filter)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("tenant_access", tenant, filter), paging)?;
    let people = People::of(world, *tenant)?;
    let rows = people.each(world, turn.going()).map(|found| {
        let (place, user) = found?;
        if !sight.names_people_of(user.home)? {
            return Ok(None);
        }
        let ways = ways(sight, filter, Effective::of(world, user.id, *tenant)?)?;
        if ways.is_empty() {
            return Ok(None);
        }
        let Personal { name, email, .. } = match sight.might(USERS_VIEW, user.home)? {
            Some(open) => open.person(&user)?,
            None => Personal::default(),
        };
        Ok(Some((place, TenantAccessRow { user: user.id, home: user.home, name, email, ways })))
    });
    turn.page(rows)
}

/// The other organisations whose people can reach a tenant.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]).
pub(super) fn of_organisations(
    sight: &Sight<'_>,
    it: &OrganisationAccess,
) -> Ruling<Vec<OrganisationAccessRow>> {
    sight.may(USERS_VIEW, it.tenant)?;
    let world = sight.world();
    let people = People::of(world, it.tenant)?;
    let mut rows = Vec::new();
    for home in people.homes() {
        if sight.names_people_of(*home)? || !sight.still_knows(*home)? {
            continue;
        }
        let most = Effective::at_most(world, *home, it.tenant)?;
        let mut allowed = BTreeSet::new();
        for found in people.each(world, Going::default()) {
            let (_, user) = found?;
            if user.home == *home {
                allowed.append(&mut Effective::of(world, user.id, it.tenant)?.allowed());
            }
            if allowed == most {
                break;
            }
        }
        if let Some(organisation) = organisation(sight, *home)?.filter(|_| !allowed.is_empty()) {
            rows.push(OrganisationAccessRow { organisation, held: held(allowed) });
        }
    }
    Ok(rows)
}

/// The tenants that somebody can reach.
///
/// # Errors
/// `unknown_user`, why the actor may not see the users of their home ([`Sight::may`]),
/// `unknown_permission`, `unknown_service`, `foreign_cursor`, `invalid_limit`.
pub(super) fn of_user(sight: &Sight<'_>, seal: Seal, it: &UserAccess) -> Ruling<Page<UserAccessRow>> {
    let UserAccess { user, filter, paging, .. } = it;
    whose(sight, *user)?;
    known(sight, filter)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("user_access", user, filter), paging)?;
    let tenants = Tenants::of(world, *user)?;
    let rows = tenants.each(world, turn.going()).map(|found| {
        let (place, tenant) = found?;
        let Some(there) = world.living(tenant)? else { return Ok(None) };
        if !sight.still_lives(tenant)? || !sight.names_on(*user, tenant)? {
            return Ok(None);
        }
        let ways = ways(sight, filter, Effective::of(world, *user, tenant)?)?;
        if ways.is_empty() {
            return Ok(None);
        }
        let (name, number) = (there.name.clone(), there.number.clone());
        Ok(Some((place, UserAccessRow { tenant, name, number, ways })))
    });
    turn.page(rows)
}

/// How the access to a tenant has changed since.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), now or then;
/// `moment_ahead`, `foreign_cursor`, `invalid_limit`.
pub(super) fn of_tenant_since(
    [then, now]: [&Sight<'_>; 2],
    seal: Seal,
    it: &TenantAccessChanges,
) -> Ruling<Page<AccessChangeRow>> {
    now.may(USERS_VIEW, it.tenant)?;
    if then.world().tenant(it.tenant)?.is_some() {
        then.may(USERS_VIEW, it.tenant)?;
    }
    let turn = Turn::of(seal, &("tenant_access_changes", it.tenant, it.since), &it.paging)?;
    changes(&turn, [then, now], &Affected::tenant(it.tenant), JudgedBy::Both)
}

/// How a record has changed the access to a tenant: so many people at most.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users, now or then.
pub(super) fn of_tenant_by(
    [before, after]: [&Sight<'_>; 2],
    affected: &Affected,
    tenant: TenantId,
    most: usize,
) -> Ruling<Vec<AccessChangeRow>> {
    after.may(USERS_VIEW, tenant)?;
    // Of what was not there before, it is told as after.
    if before.world().living(tenant)?.is_some() {
        before.may(USERS_VIEW, tenant)?;
    }
    let between = Between { before: before.world(), after: after.world() };
    let mut teller = Teller::of([before, after], JudgedBy::Earlier);
    let mut rows = Vec::new();
    affected.on(tenant).visit(between, None, &mut |_, user, tenant| {
        if teller.tells(user, tenant)? {
            rows.extend(between.change(user, tenant)?);
        }
        Ok(rows.len() < most)
    })?;
    Ok(rows)
}

/// How what somebody can reach has changed since.
///
/// # Errors
/// `unknown_user`, why the actor may not see the users of their home ([`Sight::may`]), now or then;
/// `moment_ahead`, `foreign_cursor`, `invalid_limit`.
pub(super) fn of_user_since(
    [then, now]: [&Sight<'_>; 2],
    seal: Seal,
    it: &UserAccessChanges,
) -> Ruling<Page<AccessChangeRow>> {
    let user = whose(now, it.user)?;
    if then.world().user(it.user)?.is_some() {
        whose(then, it.user)?;
    }
    let turn = Turn::of(seal, &("user_access_changes", it.user, it.since), &it.paging)?;
    changes(&turn, [then, now], &Affected::user(&user), JudgedBy::Both)
}

/// By which rights it is told what is another between two worlds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JudgedBy {
    /// Those of the earlier one, of what is not there yet of the later one: what a command leads to
    /// is told to whoever gives it, though they could not ask any more.
    Earlier,
    /// Those of both, of users.
    Both,
}

/// A page of what is another between two worlds.
pub(super) fn changes(
    turn: &Turn,
    both: [&Sight<'_>; 2],
    affected: &Affected,
    judged_by: JudgedBy,
) -> Ruling<Page<AccessChangeRow>> {
    let mut rows = turn.collecting();
    let from = rows.from().cloned();
    each_change(Teller::of(both, judged_by), affected, from.as_ref(), |place, change| {
        rows.add(place, change)
    })?;
    rows.page()
}

/// How much is another beforehand between two worlds.
pub(super) fn counted(both: [&Sight<'_>; 2], affected: &Affected) -> Ruling<AccessChangeCount> {
    let mut count = AccessChangeCount::default();
    each_change(Teller::of(both, JudgedBy::Earlier), affected, None, |_, change| {
        count.rows += 1;
        count.gaining += u64::from(!change.gained.is_empty());
        count.losing += u64::from(!change.lost.is_empty());
        true
    })?;
    Ok(count)
}

/// Visits what is another between two worlds, as far as it is told, as long as the visitor goes on.
fn each_change(
    mut teller: Teller<'_>,
    affected: &Affected,
    from: Option<&Spot>,
    mut visit: impl FnMut(Spot, AccessChangeRow) -> bool,
) -> Ruling {
    let between = Between { before: teller.before.world(), after: teller.after.world() };
    affected.visit(between, from, &mut |place, user, tenant| {
        if !teller.tells(user, tenant)? {
            return Ok(true);
        }
        let change = between.change(user, tenant)?;
        Ok(change.is_none_or(|change| visit(place, change)))
    })?;
    Ok(())
}

/// Says whether a change is told. Each organisation, by either sight, and each tenant is asked
/// about once.
struct Teller<'s> {
    before: &'s Sight<'s>,
    after: &'s Sight<'s>,
    judged_by: JudgedBy,
    people: BTreeMap<(TenantId, bool), bool>,
    tenants: BTreeMap<TenantId, bool>,
}

impl<'s> Teller<'s> {
    const fn of([before, after]: [&'s Sight<'s>; 2], judged_by: JudgedBy) -> Self {
        Self { before, after, judged_by, people: BTreeMap::new(), tenants: BTreeMap::new() }
    }

    /// Whether something is told by the sight that it is there for and, where that counts, by the
    /// later one.
    fn by(
        &self,
        of: &Sight<'_>,
        tells: impl Fn(&Sight<'_>) -> Result<bool, ViewError>,
    ) -> Result<bool, ViewError> {
        let alone = self.judged_by == JudgedBy::Earlier || self.after.viewer().is_none();
        Ok(tells(of)? && (alone || tells(self.after)?))
    }

    fn tells(&mut self, user: UserId, tenant: TenantId) -> Result<bool, ViewError> {
        let known = self.before.world().user(user)?;
        let was_there = known.is_some();
        let (of, known) = match known {
            Some(known) => (self.before, Some(known)),
            None => (self.after, self.after.world().user(user)?),
        };
        let Some(known) = known else { return Ok(false) };
        let named = match self.people.get(&(known.home, was_there)) {
            Some(named) => *named,
            None => self.by(of, |sight| sight.names_people_of(known.home))?,
        };
        self.people.insert((known.home, was_there), named);
        if !named {
            return Ok(false);
        }
        let there = self.before.world().living(tenant)?.is_some();
        let on = if there { self.before } else { self.after };
        if on.viewer().is_some_and(|viewer| viewer.id == user) {
            return self.by(on, |sight| sight.names_on(user, tenant));
        }
        let told = match self.tenants.get(&tenant) {
            Some(told) => *told,
            None => self.by(on, |sight| sight.names_on(user, tenant))?,
        };
        self.tenants.insert(tenant, told);
        Ok(told)
    }
}

/// Lets the actor review what somebody can reach: themselves, or whoever may see the users of their
/// home.
fn whose(sight: &Sight<'_>, user: UserId) -> Ruling<Arc<User>> {
    let unknown = || Refusal::new(Code::UnknownUser, user);
    let Some(found) = sight.world().user(user)? else {
        sight.may_today_of(USERS_VIEW, user)?;
        return Err(unknown().into());
    };
    let own = sight.viewer().is_none_or(|viewer| viewer.id == user);
    if !own && sight.is_home(found.home) {
        sight.may(USERS_VIEW, found.home)?;
    } else if !own && sight.might(USERS_VIEW, found.home)?.is_none() {
        return Err(unknown().into());
    }
    Ok(found)
}

/// Refuses a filter by what the policy does not have.
fn known(sight: &Sight<'_>, filter: &AccessFilter) -> Ruling {
    let policy = &sight.world().policy;
    if let Some(service) = filter.service.as_ref().filter(|it| !policy.services.contains(*it)) {
        return Err(Refusal::new(Code::UnknownService, service).into());
    }
    if let Some(permission) = filter.permission.as_ref().filter(|it| !policy.permissions.contains(*it)) {
        return Err(Refusal::new(Code::UnknownPermission, permission).into());
    }
    Ok(())
}

/// By what something is allowed, as it is told; nothing, where it is not what is wanted.
fn ways(sight: &Sight<'_>, filter: &AccessFilter, found: Effective<'_>) -> Result<Vec<AccessWay>, ViewError> {
    let wanted = found.has(filter.permission.as_ref(), filter.service.as_ref());
    let mut ways = if wanted { found.into_ways() } else { Vec::new() };
    for way in &mut ways {
        for link in way.chain.clone() {
            if !sight.has_link_if_any(link)? {
                way.chain.clear();
                way.granted.clear();
                break;
            }
        }
        if let Some(grounds) = &way.grounds
            && !sight.sees(grounds.tenant)?
        {
            way.grounds = None;
        }
    }
    Ok(ways)
}
