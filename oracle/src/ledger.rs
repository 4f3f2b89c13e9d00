//! Questions about what two sides have to do with each other, about what there is on a tenant, and about what is one's own
//!

use tenantry::base::ids::{LinkId, TenantId};
use tenantry::base::time::Timestamp;
use tenantry::engine::Moment;
use tenantry::model::Actor;
use tenantry::query::{
    AlertRules, AskedByMe, Assignments, EligibleRoles, LicenceSort, Licences, Links, Moves, MyPermissions,
    MyProfile, Paging, ProposalFilter, Proposals, Resellers, Sessions, TemporaryAccess, Uploads,
};
use tenantry::refusal::Code;

use crate::access::Who;
use crate::alerts::AlertedRow;
use crate::awaiting::{InvitedManagerRow, RequestedRow};
use crate::dealings::{Handed, Linked, Proposed, Reselling, Uploaded, list_of_links};
use crate::holdings::{Assigned, LaidOver, Licensed, MayActivate, Opened};
use crate::lists::list_of_requests;
use crate::own::{Asking, Holding, Oneself, Parting, Sought};
use crate::question::{Asked, Read, Reading, Told, Turning, all_pages, in_order, one_row, refused, same};

/// Puts such a question to the engine and reads its answer; nothing, if the question is another.
pub fn read(reading: Reading<'_>, now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> Option<Read> {
    let actor = || viewer.clone();
    Some(match asked {
        Asked::Links(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page =
                |p: &Paging| now.ask(Links { actor: actor(), tenant, filter: filter(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Linked>, _>| {
                in_order(&actual, *turning, |row| row.ended.is_some())?;
                let rows = told
                    .right(list_of_links(filter().manages), tenant)
                    .and_then(|()| told.world.links_of(viewer, tenant, &filter(), told.at));
                let row = |row: Linked| Linked { other: told.name_of(tenant, row.other), ..row };
                same(told.on_links(rows, |row| row.link, row), actual)
            })
        }
        Asked::Proposals(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Proposals { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Proposed>, _>| {
                in_order(&actual, *turning, |row| row.asked)?;
                same(told.proposed(viewer, tenant, &filter()), actual)
            })
        }
        Asked::Moves(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page =
                |p: &Paging| now.ask(Moves { actor: actor(), tenant, filter: filter(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Handed>, _>| {
                in_order(&actual, *turning, |row| row.asked)?;
                let rows = told
                    .right("devices.view", tenant)
                    .and_then(|()| told.world.moves_of(viewer, tenant, &filter(), told.at));
                let row = |row: Handed| Handed { other: told.name_of(tenant, row.other), ..row };
                same(told.on_links(rows, |row| row.link, row), actual)
            })
        }
        Asked::Uploads(reseller, turning) => {
            let reseller = *reseller;
            let page = |p: &Paging| now.ask(Uploads { actor: actor(), reseller, paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Uploaded>, _>| {
                in_order(&actual, *turning, |row| row.uploaded)?;
                let rows = told
                    .right("devices.view", reseller)
                    .and_then(|()| told.world.uploads_of(viewer, reseller, told.at));
                let row = |row: Uploaded| Uploaded { to: row.to.filter(|(to, ..)| told.lives(*to)), ..row };
                same(rows.map(|rows| rows.into_iter().map(row).collect()), actual)
            })
        }
        Asked::Resellers(tenant, turning) => {
            let tenant = *tenant;
            let page = |p: &Paging| now.ask(Resellers { actor: actor(), tenant, paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Reselling>, _>| {
                in_order(&actual, *turning, |row| row.since)?;
                let rows = told
                    .right("devices.manage", tenant)
                    .and_then(|()| told.world.resellers_of(viewer, tenant, told.at));
                let lives = |row: &Reselling| told.lives(row.reseller.tenant);
                same(rows.map(|rows| rows.into_iter().filter(lives).collect()), actual)
            })
        }
        Asked::AlertRules(tenant, turning) => {
            let tenant = *tenant;
            let page = |p: &Paging| now.ask(AlertRules { actor: actor(), tenant, paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<AlertedRow>, _>| {
                in_order(&actual, *turning, |row| row.category.clone())?;
                let rows = told
                    .right("alerts.view", tenant)
                    .and_then(|()| told.world.alert_rules_of(viewer, tenant, told.at));
                let row = |row: AlertedRow| match told.today {
                    Some((today, now, user)) => today.alerted_still(Who::User(user), tenant, row, now),
                    None => row,
                };
                same(rows.map(|rows| rows.into_iter().map(row).collect()), actual)
            })
        }
        Asked::Assignments(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Assignments { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Assigned>, _>| {
                let rows = told
                    .right("users.view", tenant)
                    .and_then(|()| told.world.assignments_of(viewer, tenant, &filter(), told.at));
                let row = |row: Assigned| match told.today {
                    Some((today, now, user)) => today.masked_row(Who::User(user), row, now),
                    None => Some(row),
                };
                same(rows.map(|rows| rows.into_iter().filter_map(row).collect()), actual)
            })
        }
        Asked::TemporaryAccess(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(TemporaryAccess { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<LaidOver>, _>| {
                in_order(&actual, *turning, |row| row.given.ends)?;
                let rows = told
                    .right("users.view", tenant)
                    .and_then(|()| told.world.laid_over(viewer, tenant, told.at));
                let row = |row: LaidOver| match told.today {
                    Some((today, now, user)) => {
                        let who = Who::User(user);
                        let given = today.masked_row(who, row.given.clone(), now)?;
                        today.may_view_users(who, row.on.tenant, now).then_some(LaidOver { given, ..row })
                    }
                    None => Some(row),
                };
                let wanted = |row: &LaidOver| row.is_wanted(&filter(), told.at);
                same(rows.map(|rows| rows.into_iter().filter_map(row).filter(wanted).collect()), actual)
            })
        }
        Asked::Licences(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Licences { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Licensed>, _>| {
                match filter().sort {
                    LicenceSort::Service => in_order(&actual, *turning, |row| row.service.clone())?,
                    LicenceSort::Expires => {
                        in_order(&actual, *turning, |row| row.expires.unwrap_or(Timestamp::MAX))?;
                    }
                }
                let rows = told
                    .right("licences.view", tenant)
                    .and_then(|()| told.world.licences_of(viewer, tenant, &filter(), told.at));
                let row = |row: Licensed| match told.today {
                    Some((today, now, user)) => {
                        let buyer = today.licence(row.licence).unwrap().buyer;
                        let there = today.is_told_of_buyer(Who::User(user), buyer, now);
                        let told = there || today.is_at_home(Who::User(user), tenant);
                        told.then(|| Licensed { buyer: row.buyer.filter(|_| there), ..row })
                    }
                    None => Some(row),
                };
                same(rows.map(|rows| rows.into_iter().filter_map(row).collect()), actual)
            })
        }
        Asked::Sessions(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Sessions { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Opened>, _>| {
                in_order(&actual, *turning, |row| (row.closed.is_some(), row.opened))?;
                let rows = told
                    .right("audit.view", tenant)
                    .and_then(|()| told.world.sessions_of(viewer, tenant, &filter(), told.at));
                // Of what has ended and is not recorded nothing is told; the oracle does not tell it from what ends now.
                let over = |row: &Opened| row.closed != Some(told.at);
                let read = |row: &Opened| {
                    told.today.is_none_or(|(today, now, user)| {
                        let by = today.session(row.session).and_then(|one| today.user(one.user)).unwrap();
                        today.is_there(Who::User(user), by.home, now)
                    })
                };
                same(
                    rows.map(|rows| rows.into_iter().filter(over).filter(read).collect()),
                    actual.map(|rows| rows.into_iter().filter(over).collect()),
                )
            })
        }
        Asked::MyProfile => {
            let actual = one_row(now.ask(MyProfile { actor: actor() }));
            reading.of(actual, |told, actual: Result<Vec<Oneself>, _>| {
                let one = told.could_act().and_then(|()| told.world.profile_of(viewer, told.at));
                same(one.map(|one| vec![one]), actual)
            })
        }
        Asked::MyPermissions(tenant) => {
            let tenant = *tenant;
            let actual = refused(now.ask(MyPermissions { actor: actor(), tenant }));
            let actual = actual.map(|rows| rows.into_iter().map(Holding::from).collect());
            reading.of(actual, |told, actual: Result<Vec<Holding>, _>| {
                let held_then = || told.world.permissions_on(viewer, tenant, told.at);
                let expected = match told.today {
                    // What one has now, and had then.
                    Some((today, now, _)) => {
                        told.could_act().and_then(|()| today.permissions_on(viewer, tenant, now)).and_then(
                            |held| Ok(held_then()?.iter().filter_map(|one| one.as_far_as(&held)).collect()),
                        )
                    }
                    None => held_then(),
                };
                same(expected, actual)
            })
        }
        Asked::AskedByMe(turning) => {
            let page = |p: &Paging| now.ask(AskedByMe { actor: actor(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual| {
                // What was asked last comes first.
                let last_first = Turning { descending: !turning.descending, ..*turning };
                in_order(&actual, last_first, |row: &Asking| row.what.asked())?;
                let rows = told.could_answer().and_then(|()| told.world.asked_by(viewer, told.at));
                let read = |row: &Asking| {
                    told.today.is_none_or(|(today, now, user)| today.reads_asking(user, row, now))
                };
                let row = |row: Asking| told.asking(row);
                same(rows.map(|rows| rows.into_iter().filter(read).map(row).collect()), actual)
            })
        }
        Asked::EligibleRoles(turning) => {
            let page = |p: &Paging| now.ask(EligibleRoles { actor: actor(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<MayActivate>, _>| {
                in_order(&actual, *turning, |row| row.ends)?;
                let rows = told.could_act().and_then(|()| told.world.eligible_roles(viewer, told.at));
                let row = |row: MayActivate| told.may_activate(row);
                same(rows.map(|rows| rows.into_iter().filter_map(row).collect()), actual)
            })
        }
        _ => return None,
    })
}

impl Told<'_> {
    /// What a tenant proposed, or was proposed to it.
    ///
    /// # Errors
    /// Why it is not told.
    pub fn proposed(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &ProposalFilter,
    ) -> Result<Vec<Proposed>, Code> {
        let rows = self
            .right(list_of_requests(filter.sent), tenant)
            .and_then(|()| self.world.proposals_of(viewer, tenant, filter, self.at));
        let row = |row: Proposed| Proposed { other: self.name_of(tenant, row.other), ..row };
        self.on_links(rows, |row| row.link, row)
    }

    /// What somebody may have activated, on a tenant that is there for them today or on which they are eligible for something today;
    /// it is named by what shows it today as well.
    fn may_activate(&self, row: MayActivate) -> Option<MayActivate> {
        let Some((today, now, user)) = self.today else { return Some(row) };
        let (who, tenant) = (Who::User(user), row.tenant);
        let there = today.is_there(who, tenant, now);
        let shown = there || today.is_shown_if_active(who, tenant, now);
        let told = there || today.is_eligible_on(who, tenant, now);
        told.then(|| MayActivate { on: row.on.clone().filter(|_| shown), ..row })
    }

    /// Of what is on links, what may be told today as well.
    fn on_links<R>(
        &self,
        rows: Result<Vec<R>, Code>,
        link: impl Fn(&R) -> LinkId,
        told: impl Fn(R) -> R,
    ) -> Result<Vec<R>, Code> {
        let there = |row: &R| {
            self.today.is_none_or(|(today, now, user)| today.is_told_of_link(Who::User(user), link(row), now))
        };
        rows.map(|rows| rows.into_iter().filter(there).map(told).collect())
    }

    /// What was asked, as it may be told today.
    fn asking(&self, row: Asking) -> Asking {
        let what = match row.what {
            Sought::LinkRequest(one) => {
                Sought::LinkRequest(RequestedRow { other: self.name_of(row.tenant, one.other), ..one })
            }
            Sought::ManagerInvitation(one) => Sought::ManagerInvitation(InvitedManagerRow {
                other: self.name_of(row.tenant, one.other),
                ..one
            }),
            Sought::Proposal(one) => {
                Sought::Proposal(Proposed { other: self.name_of(row.tenant, one.other), ..one })
            }
            Sought::Move(one) => Sought::Move(Handed { other: self.name_of(row.tenant, one.other), ..one }),
            Sought::Delink(one) => {
                Sought::Delink(Parting { other: self.name_of(row.tenant, one.other), ..one })
            }
            other => other,
        };
        Asking { what, ..row }
    }
}
