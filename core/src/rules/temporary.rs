//! Roles that are given for a while: when they may begin and end, and how many lie over each
//! other. Which of them decides, the assignment says; who may give them is asked as for any other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::Gate;
use super::authority;
use super::reach::{Going, Tenants};
use super::rights::While;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::TenantId;
use crate::base::time::Timestamp;
use crate::command::{Activate, Deactivate};
use crate::event::Event;
use crate::model::{Actor, Assignment, User};
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
    /// Whether it has to be activated.
    pub(super) eligible: bool,
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
            let required = self.starts.is_some() || self.eligible || rule.required && home != tenant;
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

/// The ends of what goes when what is given to a user on a tenant until a moment does: of what is
/// active of it, then of itself; of nothing, where there is no such thing.
pub(super) fn until(world: &World<'_>, given: &Assignment, ends: Timestamp) -> Vec<Timestamp> {
    let active = given.active_of(ends).filter(|it| it.is_to_come_or_in_force(world.at));
    let itself = given.laid(world.at).find(|it| it.ends == ends);
    if itself.is_none() { Vec::new() } else { active.into_iter().chain(itself).map(|it| it.ends).collect() }
}

/// Gives a user a role that they are eligible for, from now on and for a while.
///
/// # Events
/// `temporary_ended` of what was active of it.
///
/// # Errors
/// Those of [`authority::admit`]; `wrong_actor` for anybody but a user, `customer_locked`,
/// `activation_length`, `end_too_far`, `last_super_admin`, `too_many_temporaries`, `not_eligible`.
pub(crate) fn activate(world: &World<'_>, actor: &Actor, command: &Activate) -> Ruling<Decision> {
    let Activate { tenant, ref role, minutes, ref reason } = *command;
    let User { id: user, home, .. } = *oneself(world, actor)?;
    // They could do nothing by it (P-4).
    if world.is_locked(home)? {
        return refuse(Code::CustomerLocked, home);
    }
    let given = world.given(user, tenant)?;
    let mut eligible = given.iter().flat_map(|given| &given.over).collect::<Vec<_>>();
    eligible.retain(|it| it.may_be_activated(world.at) && it.role == *role);
    // Whether there is such a tenant is no news for whoever has nothing there.
    let (Some(given), Some(of)) = (&given, eligible.into_iter().max_by_key(|it| it.ends)) else {
        return refuse(Code::NotEligible, tenant);
    };
    let mut bars = Bars::new();
    let rule = &world.policy.activation;
    let allowed = rule.min_minutes..=rule.max_minutes;
    bars.bar(!allowed.contains(&minutes), Code::ActivationLength, minutes);
    let wanted = world.at.plus_minutes(minutes);
    let mut ends = wanted.unwrap_or(Timestamp::MAX);
    bars.bar(wanted.is_none() || ends > of.ends, Code::EndTooFar, ends);
    let less = of.masked || !world.is_super(role);
    let last = home == tenant && less && world.is_orphaned_by(home, &BTreeSet::from([user]))?;
    bars.bar(last, Code::LastSuperAdmin, home);
    let again = given.active_of(of.ends).filter(|it| it.is_to_come_or_in_force(world.at));
    let others: BTreeSet<_> =
        given.laid(world.at).filter(|it| Some(*it) != again).map(|it| it.ends).collect();
    bars.bar(others.len() >= MOST, Code::TooManyTemporaries, tenant);
    bars.lift()?;
    while others.contains(&ends) {
        ends = ends.before();
    }
    let ended = again.map(|it| Event::TemporaryEnded { user, tenant, ends: it.ends });
    let activated = Event::Activated { user, tenant, of: of.ends, ends, reason: reason.clone() };
    Ok(ended.into_iter().chain([activated]).collect::<Vec<_>>().into())
}

/// Ends what a user has activated, before its time.
///
/// # Events
/// `temporary_ended` of each that is active with that role.
///
/// # Errors
/// Those of [`authority::admit`]; `wrong_actor` for anybody but a user, `not_assigned`.
pub(crate) fn deactivate(world: &World<'_>, actor: &Actor, command: &Deactivate) -> Ruling<Decision> {
    let Deactivate { tenant, ref role } = *command;
    let user = oneself(world, actor)?.id;
    let given = world.given(user, tenant)?;
    let active = given.iter().flat_map(|given| given.laid(world.at));
    let active = active.filter(|it| it.activated.is_some() && it.role == *role);
    let ended: Vec<_> = active.map(|it| Event::TemporaryEnded { user, tenant, ends: it.ends }).collect();
    if ended.is_empty() { refuse(Code::NotAssigned, tenant) } else { Ok(ended.into()) }
}

/// The user who asks for themselves.
fn oneself(world: &World<'_>, actor: &Actor) -> Ruling<Arc<User>> {
    match authority::admit(world, actor, Gate::Shut)? {
        Some(user) => Ok(user),
        None => refuse(Code::WrongActor, "operators"),
    }
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
            for given in world.each_for_a_while_on(*tenant) {
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
