//! The feed of effective access: what each record gave and took, found by asking every check there is before it and after
//! it, and at every moment between at which a link has ended by itself, or a role for a while has begun or ended.

use std::collections::BTreeSet;
use std::rc::Rc;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::base::time::Timestamp;
use tenantry::engine::Moment;
use tenantry::model::Stage;
use tenantry::query::AccessEvent;

use crate::own::Holding;
use crate::question::{Turning, all_pages, in_order};
use crate::reach::{Changed, sorted_holdings};
use crate::world::{Oracle, Temporary};

/// A world as it was right after a record.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub oracle: Rc<Oracle>,
    pub seq: u64,
    pub at: Timestamp,
}

/// What somebody gained and lost, and by what.
#[derive(Clone, Debug, PartialEq)]
pub struct Fed {
    pub seq: u64,
    pub at: Timestamp,
    pub command: Option<String>,
    pub change: Changed,
}

impl From<AccessEvent> for Fed {
    fn from(row: AccessEvent) -> Self {
        let AccessEvent { seq, at, command, user, tenant, gained, lost, .. } = row;
        let (gained, lost) = (sorted_holdings(gained), sorted_holdings(lost));
        Self { seq, at, command, change: Changed { user, tenant, gained, lost } }
    }
}

/// What everybody is allowed everywhere, check by check.
pub type Allowed = BTreeSet<(UserId, TenantId, Permission, Option<Service>)>;

/// Everybody's access to everything.
pub type Everything = Vec<(UserId, TenantId, Vec<Holding>)>;

/// What has changed between two worlds.
pub fn changes(before: &Everything, after: &Everything) -> Vec<Changed> {
    let held = |all: &Everything, user: UserId, tenant: TenantId| {
        let found = all.iter().find(|one| (one.0, one.1) == (user, tenant));
        found.map(|one| one.2.clone()).unwrap_or_default()
    };
    let pairs: BTreeSet<_> = before.iter().chain(after).map(|one| (one.0, one.1)).collect();
    let changed = pairs.into_iter().filter_map(|(user, tenant)| {
        Changed::between(user, tenant, &held(before, user, tenant), &held(after, user, tenant))
    });
    changed.collect()
}

/// What has changed by the records after one world's, up to that of another: by time first, and then by a command, if one was
/// carried out.
pub fn fed(from: &Recorded, to: &Recorded, command: Option<&str>) -> Vec<Fed> {
    let links = from.oracle.links.iter().filter(|link| link.stage != Stage::Delinked);
    let ends = links.filter_map(|link| link.end()).map(|(end, _)| end);
    let turns = from.oracle.temporaries.iter().flat_map(Temporary::turns);
    let between = |moment: &Timestamp| from.at < *moment && *moment <= to.at;
    let moments: BTreeSet<Timestamp> = ends.chain(turns).filter(between).collect();
    let mut held = from.oracle.everything_held(from.at);
    let mut rows = Vec::new();
    for at in moments {
        let then = from.oracle.everything_held(at);
        let changed = changes(&held, &then).into_iter();
        rows.extend(changed.map(|change| Fed { seq: from.seq + 1, at, command: None, change }));
        held = then;
    }
    let changed = changes(&held, &to.oracle.everything_held(to.at)).into_iter();
    let command = command.map(str::to_owned);
    rows.extend(changed.map(|change| Fed { seq: to.seq, at: to.at, command: command.clone(), change }));
    rows
}

/// The feed of the records after one, page by page.
///
/// # Errors
/// That it is not in order.
pub fn read(now: &Moment<'_>, seq: u64, turning: Turning) -> Result<Vec<Fed>, String> {
    let rows: Result<Vec<Fed>, _> = all_pages(turning, |paging| now.host().access_changes(seq, paging));
    in_order(&rows, turning, |row| (row.seq, row.at))?;
    rows.map_err(|code| format!("the feed is refused: {code}"))
}

/// Everything that is allowed in a world.
pub fn allowed(all: &Everything) -> Allowed {
    all.iter().flat_map(|(user, tenant, held)| each(*user, *tenant, held)).collect()
}

fn each(user: UserId, tenant: TenantId, held: &[Holding]) -> Allowed {
    let mut allowed = Allowed::new();
    for one in held {
        if !one.services_only {
            allowed.insert((user, tenant, one.permission.clone(), None));
        }
        for service in &one.services {
            allowed.insert((user, tenant, one.permission.clone(), Some(service.clone())));
        }
    }
    allowed
}

/// What is allowed once the feed is added.
///
/// # Errors
/// What was lost that was not there, or gained that was.
pub fn sum(mut allowed: Allowed, feed: &[Fed]) -> Result<Allowed, String> {
    for row in feed {
        let Changed { user, tenant, ref gained, ref lost } = row.change;
        for one in each(user, tenant, lost) {
            if !allowed.remove(&one) {
                return Err(format!("{one:?} was lost and not there: {row:?}"));
            }
        }
        for one in each(user, tenant, gained) {
            if !allowed.insert(one.clone()) {
                return Err(format!("{one:?} was gained and there already: {row:?}"));
            }
        }
    }
    Ok(allowed)
}
