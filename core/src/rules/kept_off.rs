//! Who is kept off a tenant that their organisation manages or has left: the end of a link tells
//! nobody of what it kept from them (T-9). Reads a view.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access;
use super::graph;
use super::world::World;
use crate::base::ids::{TenantId, UserId};
use crate::model::permission::TENANT_VIEW;
use crate::model::{Link, RoleRef, User};
use crate::view::{Index, Key, ViewError};

/// Who is kept off a link's managed tenant as it ends: living people from elsewhere whose own
/// assignment on it does not let them view it.
pub(super) fn at_end(world: &World<'_>, link: &Link) -> Result<BTreeSet<UserId>, ViewError> {
    // What time ended it ended then, whenever that is recorded; what is given for a while counts as
    // of then, too.
    let world = &world.at_moment(link.ends_at().map_or(world.at, |ends| ends.min(world.at)));
    let mut kept_off = BTreeSet::new();
    let masks = world.policy.reserved.contains(TENANT_VIEW);
    let blind = |role: &RoleRef| Ok(masks || !access::role_holds(world, role, TENANT_VIEW)?);
    for assignment in world.assigned(link.managed, blind)? {
        let Some(user) = world.user(assignment.user)? else { continue };
        if user.state.is_living()
            && user.home != link.managed
            && !access::gives(world, &assignment, TENANT_VIEW)?
        {
            kept_off.insert(user.id);
        }
    }
    Ok(kept_off)
}

/// Whether somebody of the manager's side is kept off what there is, or was, between it and a
/// tenant: by what they see while their organisation manages the tenant, and else as they were when
/// the last link between the two ended.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn is(
    world: &World<'_>,
    user: &User,
    manager: TenantId,
    managed: TenantId,
) -> Result<bool, ViewError> {
    if graph::manages(world, user.home, managed, &BTreeSet::new())? {
        return Ok(!access::sees(world, user, managed)?);
    }
    let over = |link: &Link| link.ended.as_ref().map(|ended| ended.at).or_else(|| link.ends_at());
    let mut last: Option<Arc<Link>> = None;
    for link in world.view.under::<Link>(Index::LinkManaged, Key::new().id(managed.uuid())) {
        let link = link?;
        if link.manager == manager && last.as_ref().is_none_or(|last| over(last) < over(&link)) {
            last = Some(link);
        }
    }
    let Some(last) = last else { return Ok(false) };
    match &last.ended {
        Some(ended) => Ok(ended.kept_off.contains(&user.id)),
        // Time has ended it, and no record tells of it yet.
        None => match world.assignment_at(user.id, managed, last.ends_at().unwrap_or(world.at))? {
            Some(own) => Ok(!access::gives(world, &own, TENANT_VIEW)?),
            None => Ok(false),
        },
    }
}
