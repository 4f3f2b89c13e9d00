//! What is told of roles that are given for a while.

use std::collections::BTreeSet;

use super::page::{Seal, Turn};
use super::tenant::organisation;
use crate::base::time::Timestamp;
use crate::model::permission::USERS_VIEW;
use crate::model::{Assignment, Personal, Temporary};
use crate::query::{Page, TemporaryAccess, TemporaryFilter, TemporaryRow};
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

fn wants(filter: &TemporaryFilter, laid: &Temporary, at: Timestamp) -> bool {
    filter.role.as_ref().is_none_or(|role| laid.role == *role)
        && filter.begun.is_none_or(|begun| laid.is_in_force(at) == begun)
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
    };
    Ok(filter.user.is_none_or(|user| row.user == Some(user)).then_some(row))
}
