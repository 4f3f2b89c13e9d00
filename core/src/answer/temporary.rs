//! What is told of roles that are given for a while.

use std::collections::BTreeSet;

use super::page::{Seal, Turn};
use super::tenant::organisation;
use crate::base::ids::TenantId;
use crate::base::time::Timestamp;
use crate::model::permission::USERS_VIEW;
use crate::model::{Assignment, Personal, Temporary};
use crate::query::{EligibleRoles, EligibleRow, Page, TemporaryAccess, TemporaryFilter, TemporaryRow};
use crate::rules::{Ruling, graph, temporary};
use crate::sight::Sight;
use crate::view::{Key, Spot, ViewError};

/// Who has, or will have, a role for a while on a tenant or below it, by when it ends.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn temporary_access(
    sight: &Sight<'_>,
    seal: Seal,
    it: &TemporaryAccess,
) -> Ruling<Page<TemporaryRow>> {
    let TemporaryAccess { tenant, filter, paging, .. } = it;
    sight.may(USERS_VIEW, *tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("temporary_access", tenant, filter), paging)?;
    let mut found: Vec<Result<Option<(Spot, TemporaryRow)>, ViewError>> = Vec::new();
    for given in temporary::given_below(world, *tenant)? {
        for laid in given.laid(world.at).filter(|laid| wants(filter, laid, world.at)) {
            let place = (Key::new().time(laid.ends).id(given.user.uuid()), given.tenant.uuid());
            found.push(Ok(row(sight, filter, &given, laid)?.map(|row| (place, row))));
        }
    }
    turn.sorted(found.into_iter())
}

/// What somebody may activate on a tenant itself, now or later, and has not: by when they may.
///
/// # Errors
/// When the view cannot be read.
pub(super) fn eligible_on(
    sight: &Sight<'_>,
    tenant: TenantId,
) -> Result<Vec<Option<(Spot, TemporaryRow)>>, ViewError> {
    let world = sight.world();
    let mut found = Vec::new();
    for given in world.each_for_a_while_on(tenant) {
        let given = given?;
        let active = |laid: &Temporary| given.active_of(laid.ends).is_some_and(|it| it.is_in_force(world.at));
        for laid in given.laid(world.at).filter(|laid| laid.eligible && !active(laid)) {
            let place = (Key::new().time(laid.starts).time(laid.ends), given.id().uuid());
            found.push(row(sight, &TemporaryFilter::default(), &given, laid)?.map(|row| (place, row)));
        }
    }
    Ok(found)
}

/// What whoever asks may activate, now or later, by when they may no longer.
///
/// # Errors
/// `wrong_actor` for anybody but a user, `foreign_cursor`, `invalid_limit`.
pub(super) fn eligible_roles(sight: &Sight<'_>, seal: Seal, it: &EligibleRoles) -> Ruling<Page<EligibleRow>> {
    let viewer = sight.person()?;
    let world = sight.world();
    let turn = Turn::of(seal, &("eligible_roles", viewer.id), &it.paging)?;
    let mut found: Vec<Result<Option<(Spot, EligibleRow)>, ViewError>> = Vec::new();
    for given in world.each_for_a_while(viewer.id) {
        let given = given?;
        let tenant = given.tenant;
        let reached = viewer.home == tenant || graph::manages(world, viewer.home, tenant, &BTreeSet::new())?;
        if !reached || !sight.sees_or_may_activate(tenant)? {
            continue;
        }
        for laid in given.laid(world.at).filter(|laid| laid.eligible) {
            let (role, below, masked) = (laid.role.clone(), laid.below, laid.masked);
            let held = Assignment::standing(viewer.id, tenant, role, below, masked);
            let on = if sight.would_see(&held)? { organisation(sight, tenant)? } else { None };
            let active = given.active_of(laid.ends).filter(|it| it.is_in_force(world.at));
            let row = EligibleRow {
                tenant,
                on,
                role: laid.role.clone(),
                below: laid.below,
                masked: laid.masked,
                starts: laid.starts,
                ends: laid.ends,
                active_until: active.map(|it| it.ends),
            };
            found.push(Ok(Some(((Key::new().time(laid.ends), tenant.uuid()), row))));
        }
    }
    turn.sorted(found.into_iter())
}

fn wants(filter: &TemporaryFilter, laid: &Temporary, at: Timestamp) -> bool {
    filter.role.as_ref().is_none_or(|role| laid.role == *role)
        && filter.begun.is_none_or(|begun| (laid.starts <= at) == begun)
        && filter.eligible.is_none_or(|eligible| laid.eligible == eligible)
}

fn row(
    sight: &Sight<'_>,
    filter: &TemporaryFilter,
    given: &Assignment,
    laid: &Temporary,
) -> Result<Option<TemporaryRow>, ViewError> {
    let world = sight.world();
    if sight.might(USERS_VIEW, given.tenant)?.is_none() {
        return Ok(None);
    }
    let Some(user) = world.user(given.user)? else { return Ok(None) };
    let Some(on) = organisation(sight, given.tenant)? else { return Ok(None) };
    if user.home != given.tenant {
        // What rests on a link goes with it, recorded or not.
        let reaches = graph::manages(world, user.home, given.tenant, &BTreeSet::new())?;
        if !reaches || !sight.still_knows(user.home)? {
            return Ok(None);
        }
    }
    let open = sight.might(USERS_VIEW, user.home)?;
    let Personal { name, email, .. } = match &open {
        Some(open) => open.person(&user)?,
        None => Personal::default(),
    };
    let told = open.is_some() || sight.is_home(user.home);
    let row = TemporaryRow {
        on,
        user: told.then_some(user.id),
        home: user.home,
        name,
        email,
        role: laid.role.clone(),
        below: laid.below,
        masked: laid.masked,
        starts: laid.starts,
        ends: laid.ends,
        decides: given.laid_at(world.at) == Some(laid),
        eligible: laid.eligible,
        activated: laid.activated.is_some(),
    };
    Ok(filter.user.is_none_or(|user| row.user == Some(user)).then_some(row))
}
