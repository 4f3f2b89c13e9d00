//! Roles that are given for a while: when they may begin and end, and how many lie over each
//! other. Which of them decides, the assignment says; who may give them is asked as for any other.

use std::sync::Arc;

use super::reach::{Going, Tenants};
use super::rights::While;
use super::world::{Bars, World};
use crate::base::ids::TenantId;
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{Assignment, Temporary};
use crate::refusal::Code;
use crate::view::{Index, Key, Span, ViewError};

/// How many roles may lie over what a user has on a tenant, those to come among them.
pub(super) const MOST: usize = 8;

/// When a role would count that is given now.
pub(super) struct Spell {
    /// From when on, if that is said.
    pub(super) starts: Option<Timestamp>,
    /// Up to when, if not for good.
    pub(super) ends: Option<Timestamp>,
}

impl Spell {
    /// From when on it counts: nothing counts before it was given.
    pub(super) fn starts(&self, world: &World<'_>) -> Timestamp {
        self.starts.map_or(world.at, |starts| starts.max(world.at))
    }

    /// The while in which it would be held.
    pub(super) fn during(&self, world: &World<'_>) -> While {
        While { from: self.starts(world), until: self.ends }
    }

    /// Notes what bars a role on a tenant from counting then, for somebody at home in `home` to
    /// whom this is given there already.
    pub(super) fn bar(
        &self,
        world: &World<'_>,
        (home, tenant): (TenantId, TenantId),
        given: Option<&Assignment>,
        bars: &mut Bars,
    ) {
        let rule = &world.policy.temporary;
        let Some(ends) = self.ends else {
            let required = self.starts.is_some() || rule.required && home != tenant;
            return bars.bar(required, Code::EndRequired, tenant);
        };
        bars.bar(ends <= world.at, Code::EndPassed, ends);
        if let Some(starts) = self.starts {
            bars.bar(starts >= ends, Code::EndsBeforeItBegins, starts);
        }
        bars.bar(ends > world.at.plus_days(rule.max_days), Code::EndTooFar, ends);
        let others = given.map_or(0, |given| given.laid(world.at).filter(|it| it.ends != ends).count());
        bars.bar(others >= MOST, Code::TooManyTemporaries, tenant);
    }
}

/// What is given to a user on a tenant until a moment, if anything is.
pub(super) fn until<'a>(world: &World<'_>, given: &'a Assignment, ends: Timestamp) -> Option<&'a Temporary> {
    given.laid(world.at).find(|it| it.ends == ends)
}

/// Everything that is given to a user on a tenant ends: what is laid over it, then what stands
/// there.
pub(super) fn all_ended(given: &Assignment) -> Vec<Event> {
    let Assignment { user, tenant, .. } = *given;
    let laid = given.over.iter().map(|it| Event::TemporaryEnded { user, tenant, ends: it.ends });
    let standing = (!given.bare).then_some(Event::AssignmentEnded { user, tenant });
    laid.chain(standing).collect()
}

/// Wherever something is given for a while on a tenant or below it. What there is everywhere and
/// the tenants below are gone over side by side, and the one that is through first says it: so it
/// costs the lesser of the two.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn given_below(world: &World<'_>, tenant: TenantId) -> Result<Vec<Arc<Assignment>>, ViewError> {
    let below = Tenants::from(world, tenant)?;
    let mut each = below.each(world, Going::default());
    let everywhere = world.view.within::<Assignment>(Span::under(Index::TemporaryEnds, Key::new()));
    let (mut tenants, mut found) = (Vec::new(), Vec::new());
    for given in everywhere {
        found.push(given?);
        if let Some(tenant) = each.next() {
            tenants.push(tenant?.1);
            continue;
        }
        found.clear();
        for tenant in &tenants {
            let on = Key::new().id(tenant.uuid());
            for given in world.view.under::<Assignment>(Index::TemporaryTenant, on) {
                found.push(given?);
            }
        }
        return Ok(found);
    }
    let mut there = Vec::new();
    for given in found {
        if below.has(world, given.tenant)? {
            there.push(given);
        }
    }
    Ok(there)
}
