//! Questions about what two sides have to do with each other, and about what is one's own.

use tenantry::base::ids::LinkId;
use tenantry::engine::Moment;
use tenantry::model::{Actor, EndCause};
use tenantry::query::{
    AlertRules, AskedByMe, Assignments, Licences, Links, Moves, MyPermissions, MyProfile, Paging, Proposals,
    Resellers, Sessions, Uploads,
};
use tenantry::refusal::Code;

use crate::access::Who;
use crate::alerts::AlertedRow;
use crate::awaiting::{InvitedManagerRow, RequestedRow};
use crate::dealings::{Handed, Linked, Proposed, Reselling, Uploaded, list_of_links};
use crate::holdings::{Assigned, Licensed, Opened};
use crate::lists::list_of_requests;
use crate::own::{Asking, Holding, Oneself, Parting, Readdressing, Sought};
use crate::question::{Agreed, Asked, Told, Turning, all_pages, in_order, refused, same};
use crate::world::Oracle;

/// What the engine answers.
enum Rows {
    Links(Result<Vec<Linked>, Code>),
    Proposals(Result<Vec<Proposed>, Code>),
    Moves(Result<Vec<Handed>, Code>),
    Uploads(Result<Vec<Uploaded>, Code>),
    Resellers(Result<Vec<Reselling>, Code>),
    AlertRules(Result<Vec<AlertedRow>, Code>),
    Assignments(Result<Vec<Assigned>, Code>),
    Licences(Result<Vec<Licensed>, Code>),
    Sessions(Result<Vec<Opened>, Code>),
    Profile(Result<Vec<Oneself>, Code>),
    Permissions(Result<Vec<Holding>, Code>),
    Asked(Result<Vec<Asking>, Code>),
}

fn answer(now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> Rows {
    let actor = || viewer.clone();
    match asked {
        Asked::Links(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page =
                |p: &Paging| now.ask(Links { actor: actor(), tenant, filter: filter(), paging: p.clone() });
            Rows::Links(all_pages(*turning, page).map(each))
        }
        Asked::Proposals(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Proposals { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            Rows::Proposals(all_pages(*turning, page).map(each))
        }
        Asked::Moves(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page =
                |p: &Paging| now.ask(Moves { actor: actor(), tenant, filter: filter(), paging: p.clone() });
            Rows::Moves(all_pages(*turning, page).map(each))
        }
        Asked::Uploads(reseller, turning) => {
            let reseller = *reseller;
            let page = |p: &Paging| now.ask(Uploads { actor: actor(), reseller, paging: p.clone() });
            Rows::Uploads(all_pages(*turning, page).map(each))
        }
        Asked::Resellers(tenant, turning) => {
            let tenant = *tenant;
            let page = |p: &Paging| now.ask(Resellers { actor: actor(), tenant, paging: p.clone() });
            Rows::Resellers(all_pages(*turning, page).map(each))
        }
        Asked::AlertRules(tenant, turning) => {
            let tenant = *tenant;
            let page = |p: &Paging| now.ask(AlertRules { actor: actor(), tenant, paging: p.clone() });
            Rows::AlertRules(all_pages(*turning, page).map(each))
        }
        Asked::Assignments(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Assignments { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            Rows::Assignments(all_pages(*turning, page).map(each))
        }
        Asked::Licences(tenant, turning) => {
            let tenant = *tenant;
            let page = |p: &Paging| now.ask(Licences { paging: p.clone(), ..Licences::new(actor(), tenant) });
            Rows::Licences(all_pages(*turning, page).map(each))
        }
        Asked::Sessions(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Sessions { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            Rows::Sessions(all_pages(*turning, page).map(each))
        }
        Asked::MyProfile => {
            Rows::Profile(refused(now.ask(MyProfile { actor: actor() })).map(|one| vec![one.into()]))
        }
        Asked::MyPermissions(tenant) => {
            Rows::Permissions(refused(now.ask(MyPermissions { actor: actor(), tenant: *tenant })).map(each))
        }
        Asked::AskedByMe(turning) => {
            let page = |p: &Paging| now.ask(AskedByMe { actor: actor(), paging: p.clone() });
            Rows::Asked(all_pages(*turning, page).map(each))
        }
        other => unreachable!("{other:?} is asked elsewhere"),
    }
}

fn each<R, S: From<R>>(rows: Vec<R>) -> Vec<S> {
    rows.into_iter().map(Into::into).collect()
}

/// What the engine answers, as text.
pub fn told(now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> String {
    match answer(now, viewer, asked) {
        Rows::Links(rows) => format!("{rows:?}"),
        Rows::Proposals(rows) => format!("{rows:?}"),
        Rows::Moves(rows) => format!("{rows:?}"),
        Rows::Uploads(rows) => format!("{rows:?}"),
        Rows::Resellers(rows) => format!("{rows:?}"),
        Rows::AlertRules(rows) => format!("{rows:?}"),
        Rows::Assignments(rows) => format!("{rows:?}"),
        Rows::Licences(rows) => format!("{rows:?}"),
        Rows::Sessions(rows) => format!("{rows:?}"),
        Rows::Profile(rows) => format!("{rows:?}"),
        Rows::Permissions(rows) => format!("{rows:?}"),
        Rows::Asked(rows) => format!("{rows:?}"),
    }
}

/// Puts such a question to both.
pub fn compare(told: &Told<'_>, now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> Result<Agreed, String> {
    let (world, at) = (&told.world, told.at);
    match (asked, answer(now, viewer, asked)) {
        (Asked::Links(tenant, filter, turning), Rows::Links(actual)) => {
            let actual = actual.map(|rows| rows.into_iter().map(|row| world.with_end(row)).collect());
            in_order(&actual, *turning, |row| row.ended.is_some())?;
            let rows = told
                .right(list_of_links(filter.manages), *tenant)
                .and_then(|()| world.links_of(viewer, *tenant, filter, at));
            let row = |row: Linked| Linked { other: told.name_of(*tenant, row.other), ..row };
            same(told.on_links(rows, |row| row.link, row), actual)
        }
        (Asked::Proposals(tenant, filter, turning), Rows::Proposals(actual)) => {
            in_order(&actual, *turning, |row| row.asked)?;
            let rows = told
                .right(list_of_requests(filter.sent), *tenant)
                .and_then(|()| world.proposals_of(viewer, *tenant, filter, at));
            let row = |row: Proposed| Proposed { other: told.name_of(*tenant, row.other), ..row };
            same(told.on_links(rows, |row| row.link, row), actual)
        }
        (Asked::Moves(tenant, filter, turning), Rows::Moves(actual)) => {
            in_order(&actual, *turning, |row| row.asked)?;
            let rows = told
                .right("devices.view", *tenant)
                .and_then(|()| world.moves_of(viewer, *tenant, filter, at));
            let row = |row: Handed| Handed { other: told.name_of(*tenant, row.other), ..row };
            same(told.on_links(rows, |row| row.link, row), actual)
        }
        (Asked::Uploads(reseller, turning), Rows::Uploads(actual)) => {
            in_order(&actual, *turning, |row| row.uploaded)?;
            let rows =
                told.right("devices.view", *reseller).and_then(|()| world.uploads_of(viewer, *reseller, at));
            let row = |row: Uploaded| Uploaded { to: row.to.filter(|(to, ..)| told.lives(*to)), ..row };
            same(rows.map(|rows| rows.into_iter().map(row).collect()), actual)
        }
        (Asked::Resellers(tenant, turning), Rows::Resellers(actual)) => {
            in_order(&actual, *turning, |row| row.since)?;
            let rows =
                told.right("devices.manage", *tenant).and_then(|()| world.resellers_of(viewer, *tenant, at));
            let lives = |row: &Reselling| told.lives(row.reseller.tenant);
            same(rows.map(|rows| rows.into_iter().filter(lives).collect()), actual)
        }
        (Asked::AlertRules(tenant, turning), Rows::AlertRules(actual)) => {
            in_order(&actual, *turning, |row| row.category.clone())?;
            let rows =
                told.right("alerts.view", *tenant).and_then(|()| world.alert_rules_of(viewer, *tenant, at));
            same(rows, actual)
        }
        (Asked::Assignments(tenant, filter, _), Rows::Assignments(actual)) => {
            let rows = told
                .right("users.view", *tenant)
                .and_then(|()| world.assignments_of(viewer, *tenant, filter, at));
            let row = |row: Assigned| match told.today {
                Some((today, now, user)) => today.masked_row(Who::User(user), row, now),
                None => Some(row),
            };
            same(rows.map(|rows| rows.into_iter().filter_map(row).collect()), actual)
        }
        (Asked::Licences(tenant, turning), Rows::Licences(actual)) => {
            in_order(&actual, *turning, |row| row.service.clone())?;
            let rows =
                told.right("licences.view", *tenant).and_then(|()| world.licences_of(viewer, *tenant, at));
            let row = |row: Licensed| match told.today {
                Some((today, now, user)) => {
                    let buyer = today.licence(row.licence).unwrap().buyer;
                    let there = today.is_told_of_buyer(Who::User(user), buyer, now);
                    let told = there || today.is_at_home(Who::User(user), *tenant);
                    told.then(|| Licensed { buyer: row.buyer.filter(|_| there), ..row })
                }
                None => Some(row),
            };
            same(rows.map(|rows| rows.into_iter().filter_map(row).collect()), actual)
        }
        (Asked::Sessions(tenant, filter, turning), Rows::Sessions(actual)) => {
            in_order(&actual, *turning, |row| (row.closed.is_some(), row.opened))?;
            let rows = told
                .right("audit.view", *tenant)
                .and_then(|()| world.sessions_of(viewer, *tenant, filter, at));
            // Of what has ended and is not recorded nothing is told; the oracle does not tell it from what ends now.
            let over = |row: &Opened| row.closed != Some(at);
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
        }
        (Asked::MyProfile, Rows::Profile(actual)) => {
            let one = told.could_act().and_then(|()| world.profile_of(viewer));
            same(one.map(|one| vec![one]), actual)
        }
        (Asked::MyPermissions(tenant), Rows::Permissions(actual)) => {
            let expected = match told.today {
                // What one has now, and had then.
                Some((today, now, _)) => told
                    .could_act()
                    .and_then(|()| today.permissions_on(viewer, *tenant, now))
                    .and_then(|held| {
                        let then = world.permissions_on(viewer, *tenant, at)?;
                        Ok(then.iter().filter_map(|one| one.as_far_as(&held)).collect())
                    }),
                None => world.permissions_on(viewer, *tenant, at),
            };
            same(expected, actual)
        }
        (Asked::AskedByMe(turning), Rows::Asked(actual)) => {
            let actual = actual.map(|rows| rows.into_iter().filter_map(|row| told.as_of_now(row)).collect());
            // What was asked last comes first.
            let last_first = Turning { descending: !turning.descending, ..*turning };
            in_order(&actual, last_first, Asking::asked)?;
            let rows = told.could_answer().and_then(|()| world.asked_by(viewer, at));
            let read =
                |row: &Asking| told.today.is_none_or(|(today, now, user)| today.reads_asking(user, row, now));
            let row = |row: Asking| told.asking(row);
            same(rows.map(|rows| rows.into_iter().filter(read).map(row).collect()), actual)
        }
        _ => unreachable!("the answer is that to the question"),
    }
}

impl Told<'_> {
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

    /// EXCLUSIONS: of a past, an address that has lapsed since is forgotten, and the engine tells it until that is recorded. Of
    /// what became of a link that is not there today only that is told, and the engine tells of a past in which it was asked.
    fn as_of_now(&self, row: Asking) -> Option<Asking> {
        let Some((today, now, user)) = self.today else { return Some(row) };
        match row.what {
            Sought::Address(one) => {
                let waits = self.world.pending_address(one.user).is_some();
                let new_email = one.new_email.filter(|_| waits);
                Some(Asking { what: Sought::Address(Readdressing { new_email, ..one }), ..row })
            }
            Sought::LinkRequest(ref one) => {
                let request = today.request(one.request)?;
                today.is_listed(Who::User(user), request, now).then_some(row)
            }
            _ => Some(row),
        }
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

impl Oracle {
    /// EXCLUSION: a link that its notice period ended has ended when that was over. The engine tells the end of its term or, where
    /// it has none, the moment of the record or of the question.
    fn with_end(&self, row: Linked) -> Linked {
        let over = self.link(row.link).and_then(|link| link.ended_at);
        match row.cause {
            Some(EndCause::NoticeOver) => Linked { ended: row.ended.and(over), ..row },
            _ => row,
        }
    }
}
