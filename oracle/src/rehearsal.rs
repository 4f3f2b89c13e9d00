//! Previews: what is told of a command beforehand, held against what the command then leads to.

use std::collections::BTreeSet;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::Request;
use tenantry::engine::Moment;
use tenantry::event::Event;
use tenantry::model::{Actor, Subject};
use tenantry::notice::Notice;
use tenantry::query::{
    Preview, Previewed, Recipients, ResellerCustomerRow, ResellerFilter, ResellerRowChange,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::feed;
use crate::question::{Turning, refused};
use crate::reach::{Changed, Eyes};
use crate::world::Oracle;

/// What was told of a command beforehand.
#[derive(Debug)]
pub struct Rehearsed {
    pub events: Vec<Event>,
    pub notices: Vec<(String, BTreeSet<Subject>, bool)>,
    pub rights: Vec<Changed>,
    /// How many these are, if that was asked: in all, with a gain, with a loss.
    pub count: Option<[u64; 3]>,
    pub resellers: Vec<(TenantId, Option<ResellerCustomerRow>, Option<ResellerCustomerRow>)>,
}

/// Asks what a command would lead to, page by page.
///
/// # Errors
/// That pages tell different things of the same, or that there are not as many rows as are told of.
pub fn rehearse(
    now: &Moment<'_>,
    request: &Request,
    turning: Turning,
) -> Result<Result<Rehearsed, Code>, String> {
    let Request { actor, command, .. } = request;
    let (mut paging, count) = (turning.paging(), turning.counts());
    let mut first: Option<Previewed> = None;
    let mut rights = Vec::new();
    loop {
        let (actor, command) = (actor.clone(), Box::new(command.clone()));
        let page = match refused(now.ask(Preview { actor, command, paging: paging.clone(), count })) {
            Ok(page) => page,
            Err(code) if first.is_none() => return Ok(Err(code)),
            Err(code) => return Err(format!("a page is told, and the next is refused: {code}")),
        };
        rights.extend(page.rights.rows.iter().cloned().map(Changed::from));
        paging.cursor.clone_from(&page.rights.next);
        let same = |one: &Previewed| {
            one.events == page.events
                && one.notices == page.notices
                && one.resellers == page.resellers
                && one.count == page.count
        };
        if first.as_ref().is_some_and(|first| !same(first)) {
            return Err(format!("pages differ: {first:?}, {page:?}"));
        }
        let first = first.get_or_insert(page);
        if paging.cursor.is_some() {
            continue;
        }
        let told = first.count.map(|it| [it.rows, it.gaining, it.losing]);
        let of_all = |is: fn(&&Changed) -> bool| rights.iter().filter(is).count() as u64;
        let counted =
            [of_all(|_| true), of_all(|one| !one.gained.is_empty()), of_all(|one| !one.lost.is_empty())];
        if told != count.then_some(counted) {
            return Err(format!("count: {told:?} is told where it is asked ({count}), of {rights:#?}"));
        }
        let notice = |kind| serde_json::to_value(kind).unwrap().to_string();
        let row = |row: &ResellerRowChange| (row.reseller, row.before.clone(), row.after.clone());
        return Ok(Ok(Rehearsed {
            events: first.events.clone(),
            notices: first
                .notices
                .iter()
                .map(|one| (notice(&one.kind), one.to.clone(), one.operator))
                .collect(),
            rights,
            count: told,
            resellers: first.resellers.iter().map(row).collect(),
        }));
    }
}

/// What a command has led to: the worlds right before and right after it, and what the engine has written and told.
pub struct Performed<'w> {
    pub actor: &'w Actor,
    pub before: &'w Oracle,
    pub after: &'w Oracle,
    pub at: Timestamp,
    /// How many events the command's record has.
    pub written: usize,
    /// The events of the command's receipt, as far as its actor is told of them.
    pub told: &'w [Event],
    /// The notices of that record.
    pub notices: &'w [Notice],
}

fn same<R: PartialEq + std::fmt::Debug>(part: &str, expected: &[R], actual: &[R]) -> Result<(), String> {
    let all_of = |some: &[R], all: &[R]| some.iter().all(|one| all.contains(one));
    if expected.len() == actual.len() && all_of(expected, actual) && all_of(actual, expected) {
        return Ok(());
    }
    let beside = |some: &[R], all: &[R]| -> Vec<String> {
        some.iter().filter(|one| !all.contains(one)).map(|one| format!("{one:?}")).collect()
    };
    let (oracle, engine) = (beside(expected, actual), beside(actual, expected));
    Err(format!("{part}: oracle alone has {oracle:#?}, engine alone has {engine:#?}"))
}

impl Performed<'_> {
    /// Whether what was told beforehand is what has come of it.
    ///
    /// # Errors
    /// In which part it differs, and how.
    pub fn compare(&self, told: &Rehearsed) -> Result<(), String> {
        same("rights", &self.rights(), &told.rights)?;
        same("resellers", &self.resellers(), &told.resellers)?;
        // Of the events as the receipt tells them.
        same("events", self.told, &told.events)?;
        self.compare_notices(told)
    }

    /// Who has gained and lost, as far as a review told it before.
    fn rights(&self) -> Vec<Changed> {
        let (before, after) = (self.before.everything_held(self.at), self.after.everything_held(self.at));
        let mut changes = feed::changes(&before, &after);
        changes.retain(|change| self.is_told(change));
        changes
    }

    fn is_told(&self, change: &Changed) -> bool {
        // Whoever is invited, or whose home is down, is told of themselves all the same.
        if *self.actor == Actor::User(change.user) {
            return true;
        }
        let Ok(who) = self.before.actor(self.actor, Disabled::Bars) else { return false };
        let eyes =
            |known: bool| Eyes { who, worlds: vec![(if known { self.before } else { self.after }, self.at)] };
        let tenant = eyes(self.before.tenant(change.tenant).is_some());
        let user = eyes(self.before.user(change.user).is_some());
        let home = self.after.user(change.user).unwrap().home;
        tenant.view(change.tenant) && user.name(home)
    }

    /// The rows of resellers' lists that are others, of those lists that could be read before and are there still.
    fn resellers(&self) -> Vec<(TenantId, Option<ResellerCustomerRow>, Option<ResellerCustomerRow>)> {
        let all = ResellerFilter { unused: true, ..Default::default() };
        let mut changed = Vec::new();
        for reseller in self.before.tenants.iter().map(|tenant| tenant.id) {
            let Ok(before) = self.before.reseller_customers(self.actor, reseller, &all, self.at) else {
                continue;
            };
            let Ok(after) = self.after.reseller_customers(&Actor::OPERATOR, reseller, &all, self.at) else {
                continue;
            };
            let row =
                |rows: &[ResellerCustomerRow], tenant| rows.iter().find(|row| row.tenant == tenant).cloned();
            let tenants: BTreeSet<TenantId> = before.iter().chain(&after).map(|row| row.tenant).collect();
            for tenant in tenants {
                let (was, is) = (row(&before, tenant), row(&after, tenant));
                if was != is {
                    changed.push((reseller, was, is));
                }
            }
        }
        changed
    }

    /// Operators are told of all notices; others of none but these, and of whoever is not of their own organisation by that
    ///
    fn compare_notices(&self, told_before: &Rehearsed) -> Result<(), String> {
        let mut expected = Vec::new();
        for notice in self.notices {
            let kind = serde_json::to_value(&notice.kind).unwrap().to_string();
            let Recipients { users, operator, .. } = &notice.to;
            let home = |user| self.after.user(user).unwrap().home;
            let subject = |user: UserId| match self.actor {
                Actor::User(actor) if home(*actor) != home(user) => {
                    let new = self.before.tenant(home(user)).is_none();
                    let world = if new { self.after } else { self.before };
                    let there = world.is_there(Who::User(*actor), home(user), self.at);
                    there.then(|| Subject::Tenant(home(user)))
                }
                _ => Some(Subject::User(user)),
            };
            let to: BTreeSet<Subject> = users.iter().filter_map(|user| subject(*user)).collect();
            let operator = *operator && matches!(self.actor, Actor::Operator { .. });
            if !to.is_empty() || operator {
                expected.push((kind, to, operator));
            }
        }
        if self.written > self.told.len() {
            // Of what is not told there are no notices.
            expected.retain(|notice| told_before.notices.contains(notice));
        }
        same("notices", &expected, &told_before.notices)
    }
}
