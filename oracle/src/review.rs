//! Questions about who can reach what, and how that has changed.

use tenantry::base::ids::TenantId;
use tenantry::base::time::Timestamp;
use tenantry::engine::Moment;
use tenantry::model::Actor;
use tenantry::query::{
    Arising, OrganisationAccess, Paging, TenantAccess, TenantAccessChanges, UserAccess, UserAccessChanges,
};
use tenantry::refusal::Code;

use crate::access::Disabled;
use crate::arising::Arises;
use crate::question::{Asked, Read, Reading, Told, all_pages, in_order, refused, same};
use crate::reach::{Abroad, Changed, Eyes, Reached, Reaching};
use crate::world::Oracle;

/// Puts such a question to the engine and reads its answer; nothing, if the question is another.
pub fn read(reading: Reading<'_>, now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> Option<Read> {
    let actor = || viewer.clone();
    Some(match asked {
        Asked::TenantAccess(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(TenantAccess { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Reaching>, _>| {
                let expected = told.reviews(viewer, tenant).and_then(|eyes| {
                    told.world.is_review_of(&filter())?;
                    Ok(told.world.reaching(tenant, &filter(), &eyes, told.at))
                });
                same(expected, actual)
            })
        }
        Asked::OrganisationAccess(tenant) => {
            let tenant = *tenant;
            let actual = refused(now.ask(OrganisationAccess { actor: actor(), tenant }));
            let actual = actual.map(|rows| rows.into_iter().map(Abroad::from).collect());
            reading.of(actual, |told, actual: Result<Vec<Abroad>, _>| {
                let expected = told.reviews(viewer, tenant);
                same(expected.map(|eyes| told.world.reaching_from(tenant, &eyes, told.at)), actual)
            })
        }
        Asked::UserAccess(user, filter, turning) => {
            let (user, filter) = (*user, || filter.clone());
            let page = |p: &Paging| {
                now.ask(UserAccess { actor: actor(), user, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Reached>, _>| {
                let may = |world: &Oracle, at| world.may_review(viewer, user, at);
                let expected = all_may(viewer, &told.moments(), may).and_then(|()| {
                    told.world.is_review_of(&filter())?;
                    let eyes = told.eyes(viewer, &told.moments())?;
                    Ok(told.world.reached(user, &filter(), &eyes, told.at))
                });
                same(expected, actual)
            })
        }
        Asked::Arising(tenant, turning) => {
            let tenant = *tenant;
            let page = |p: &Paging| now.ask(Arising { actor: actor(), tenant, paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Arises>, _>| {
                in_order(&actual, *turning, Arises::asked)?;
                let expected = told.arises(viewer, tenant);
                told.met.borrow_mut().extend(expected.iter().flatten().flat_map(Arises::met));
                same(expected, actual)
            })
        }
        Asked::TenantAccessChanges(tenant, _, turning) => {
            let tenant = *tenant;
            let page = |p: &Paging| {
                let since = reading.since();
                now.ask(TenantAccessChanges { actor: actor(), tenant, since, paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Changed>, _>| {
                let (before, then, _) = told.since.as_ref().unwrap();
                let was = before.tenant(tenant).is_some();
                let earlier = was.then_some((before, *then));
                let moments: Vec<_> = told.moments().into_iter().chain(earlier).collect();
                let may = |world: &Oracle, at| world.viewer(viewer, "users.view", tenant, at).map(|_| ());
                let expected =
                    told.acts(viewer).and_then(|()| all_may(viewer, &moments, may)).and_then(|()| {
                        let mut rows = Vec::new();
                        for user in &told.world.users {
                            let known = before.user(user.id).is_some();
                            if told.compared(viewer, known)?.name(user.home) {
                                let held = before.held_on(user.id, tenant, *then);
                                let holds = told.world.held_on(user.id, tenant, told.at);
                                rows.extend(Changed::between(user.id, tenant, &held, &holds));
                            }
                        }
                        Ok(rows)
                    });
                same(expected, actual)
            })
        }
        Asked::UserAccessChanges(user, _, turning) => {
            let user = *user;
            let page = |p: &Paging| {
                let since = reading.since();
                now.ask(UserAccessChanges { actor: actor(), user, since, paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Changed>, _>| {
                let (before, then, _) = told.since.as_ref().unwrap();
                let known = before.user(user).is_some();
                let earlier = known.then_some((before, *then));
                let moments: Vec<_> = told.moments().into_iter().chain(earlier).collect();
                let may = |world: &Oracle, at| world.may_review(viewer, user, at);
                let expected =
                    told.acts(viewer).and_then(|()| all_may(viewer, &moments, may)).and_then(|()| {
                        let mut rows = Vec::new();
                        for tenant in &told.world.tenants {
                            let was = before.tenant(tenant.id).is_some();
                            if told.compared(viewer, was)?.review(user, tenant.id) {
                                let held = before.held_on(user, tenant.id, *then);
                                let holds = told.world.held_on(user, tenant.id, told.at);
                                rows.extend(Changed::between(user, tenant.id, &held, &holds));
                            }
                        }
                        Ok(rows)
                    });
                same(expected, actual)
            })
        }
        _ => return None,
    })
}

/// Whether somebody may ask in each of these worlds: first whether they can act there at all.
fn all_may(
    viewer: &Actor,
    worlds: &[(&Oracle, Timestamp)],
    may: impl Fn(&Oracle, Timestamp) -> Result<(), Code>,
) -> Result<(), Code> {
    worlds.iter().try_for_each(|(world, _)| world.actor(viewer, Disabled::Bars).map(|_| ()))?;
    worlds.iter().try_for_each(|(world, at)| may(world, *at))
}

impl Told<'_> {
    /// The worlds that have to tell it: today's first, then that which is asked about.
    fn moments(&self) -> Vec<(&Oracle, Timestamp)> {
        let today = self.today.map(|(today, now, _)| (today, now));
        today.into_iter().chain([(&self.world, self.at)]).collect()
    }

    fn eyes<'w>(&self, viewer: &Actor, worlds: &[(&'w Oracle, Timestamp)]) -> Result<Eyes<'w>, Code> {
        let who = self.world.actor(viewer, Disabled::Bars)?;
        Ok(Eyes { who, worlds: worlds.to_vec() })
    }

    /// Who asks who can reach a tenant.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn reviews(&self, viewer: &Actor, tenant: TenantId) -> Result<Eyes<'_>, Code> {
        let moments = self.moments();
        let may = |world: &Oracle, at| world.viewer(viewer, "users.view", tenant, at).map(|_| ());
        all_may(viewer, &moments, may)?;
        self.eyes(viewer, &moments)
    }

    /// Whoever asks what has changed can act now, in the world that is asked about, and at the earlier moment, whatever
    /// they ask about.
    ///
    /// # Errors
    /// Why they cannot.
    fn acts(&self, viewer: &Actor) -> Result<(), Code> {
        let (before, then, _) = self.since.as_ref().unwrap();
        let worlds = self.moments().into_iter().chain([(before, *then)]);
        worlds.into_iter().try_for_each(|(world, _)| world.actor(viewer, Disabled::Bars).map(|_| ()))
    }

    /// Who asks what has changed about something that was there before, or was not.
    fn compared(&self, viewer: &Actor, was: bool) -> Result<Eyes<'_>, Code> {
        let (before, then, _) = self.since.as_ref().unwrap();
        let mut worlds = self.moments();
        worlds.extend(was.then_some((before, *then)));
        self.eyes(viewer, &worlds)
    }
}
