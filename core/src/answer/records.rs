//! Records page by page, from either end of the journal: the audit of a tenant, and all of
//! them.

use serde::Serialize;
use uuid::Uuid;

use super::asked::AskedWorld;
use super::page::Turn;
use crate::base::ids::{TenantId, UserId};
use crate::event::Event;
use crate::journal::Record;
use crate::query::{Audit, AuditRow, Page, Paging};
use crate::rules::Ruling;
use crate::sight::{RecordSight, Sight};
use crate::view::{Key, ViewError};

/// How many records are read at a time, at most: at first as many as a page has rows, then twice as
/// many each time.
const PAGE: usize = 256;

/// Records about a tenant, as the actor may see them. Costs those between the moments of the
/// filter, up to the end of the page, that are about the tenant and, where it names a user, about
/// them: the fewer of the two. A command is looked for in one after the other.
///
/// # Errors
/// `unknown_tenant`, why the actor may not read the audit ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn audit(asked: &AskedWorld<'_>, sight: &Sight<'_>, it: &Audit) -> Ruling<Page<AuditRow>> {
    let reader = RecordSight::of(sight, it.tenant)?;
    let list = ("audit", it.tenant, &it.filter);
    let before = |moment| asked.last_written(|written| written < moment);
    let low = it.filter.from.map_or(Ok(0), before)?;
    let low = low.max(it.filter.after.unwrap_or_default());
    let high = it.filter.until.map_or(Ok(asked.seq), before)?;
    page(asked, Some((it.tenant, it.filter.by)), &list, (low, high), &it.paging, |record| {
        let before = asked.history.as_of(record.seq.saturating_sub(1))?;
        let after = asked.history.as_of(record.seq)?;
        Ok(reader.row(&record, &*before, &*after)?.filter(|row| it.filter.passes(row)))
    })
}

/// What a record led to, as the user who commanded it is told today.
///
/// # Errors
/// When the store cannot be read.
pub fn receipt(
    asked: &AskedWorld<'_>,
    user: UserId,
    seq: u64,
    events: &[Event],
) -> Result<Vec<Event>, ViewError> {
    let before = asked.history.as_of(seq.saturating_sub(1))?;
    let after = asked.history.as_of(seq)?;
    let told = RecordSight::receipt(asked.world, user, events, &*before, &*after)?;
    Ok(told.into_iter().flatten().collect())
}

/// What records are about, if not all are wanted: a tenant and, where one is named, a user.
type AboutWhom = Option<(TenantId, Option<UserId>)>;

/// A page of the records after the first and up to the second of two, all or those about these, as
/// rows.
pub(super) fn page<R>(
    asked: &AskedWorld<'_>,
    about: AboutWhom,
    list: &impl Serialize,
    (low, high): (u64, u64),
    paging: &Paging,
    row: impl Fn(Record) -> Result<Option<R>, ViewError>,
) -> Ruling<Page<R>> {
    let turn = Turn::of(asked.seal, list, paging)?;
    let last = turn.after().and_then(|(key, _)| key.as_count());
    let first = (paging.limit + 1).min(PAGE);
    let records: Box<dyn Iterator<Item = One> + '_> = if paging.descending {
        let high = last.map_or(high, |seq| seq.saturating_sub(1));
        Box::new(backwards(asked, about, (low, high), first))
    } else {
        Box::new(forwards(asked, about, (last.unwrap_or(low), high), first))
    };
    turn.page(records.map(|record| {
        let record = record?;
        let place = (Key::new().count(record.seq), Uuid::nil());
        Ok(row(record)?.map(|row| (place, row)))
    }))
}

type One = Result<Record, ViewError>;

/// The records after the first and up to the second of two, in order, so many at first.
fn forwards<'a>(
    asked: &'a AskedWorld<'_>,
    about: AboutWhom,
    (low, high): (u64, u64),
    first: usize,
) -> impl Iterator<Item = One> + 'a {
    let (mut rest, mut wanted) = (Some(low), first);
    let pages = std::iter::from_fn(move || {
        let after = rest.take().filter(|after| *after < high)?;
        let most = usize::try_from(high - after).map_or(wanted, |most| most.min(wanted));
        let found = match about {
            Some((tenant, Some(user))) => {
                let next = about_both(asked, tenant, user, after, high).transpose()?;
                rest = next.as_ref().ok().map(|next| next.seq);
                return Some(next.map(|next| vec![next]));
            }
            Some((tenant, None)) => asked.history.records(Some(tenant), after, most),
            None => asked.history.records(None, after, most),
        };
        if let Ok(found) = &found {
            rest = found.last().filter(|_| found.len() == wanted).map(|last| last.seq);
        }
        wanted = (wanted * 2).min(PAGE);
        Some(found)
    });
    each(pages).take_while(move |record| !matches!(record, Ok(record) if record.seq > high))
}

/// The first record after `low` and up to `high` that is about both: each leaps to where the other
/// has come.
fn about_both(
    asked: &AskedWorld<'_>,
    tenant: TenantId,
    user: UserId,
    mut low: u64,
    high: u64,
) -> Result<Option<Record>, ViewError> {
    loop {
        let one = asked.history.records(Some(tenant), low, 1)?.pop();
        let Some(one) = one.filter(|one| one.seq <= high) else { return Ok(None) };
        let other = asked.history.records_of(user, one.seq - 1, 1)?.pop();
        match other {
            Some(other) if other.seq == one.seq => return Ok(Some(one)),
            Some(other) => low = other.seq - 1,
            None => return Ok(None),
        }
    }
}

/// The records after the first and up to the second of two, the last first. They are found forwards
/// in stretches of the journal, at first of so many, which grow where there is little in them.
fn backwards<'a>(
    asked: &'a AskedWorld<'_>,
    about: AboutWhom,
    (low, high): (u64, u64),
    first: usize,
) -> impl Iterator<Item = One> + 'a {
    let (mut high, mut width) = (high, first as u64);
    let pages = std::iter::from_fn(move || {
        if high <= low {
            return None;
        }
        let start = high.saturating_sub(width).max(low);
        let found = forwards(asked, about, (start, high), PAGE).collect::<Result<Vec<_>, _>>();
        let few = found.as_ref().is_ok_and(|found| found.len() < PAGE);
        width = if few { width.saturating_mul(2) } else { PAGE as u64 };
        high = start;
        Some(found.map(|mut found| {
            found.reverse();
            found
        }))
    });
    each(pages)
}

fn each(pages: impl Iterator<Item = Result<Vec<Record>, ViewError>>) -> impl Iterator<Item = One> {
    pages.flat_map(|page| match page {
        Ok(page) => page.into_iter().map(Ok).collect::<Vec<One>>(),
        Err(error) => vec![Err(error)],
    })
}
