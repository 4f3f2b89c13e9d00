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

/// How many records are read at a time.
const PAGE: usize = 256;

/// Records about a tenant, as the actor may see them.
///
/// # Errors
/// `unknown_tenant`, why the actor may not read the audit, `foreign_cursor`, `invalid_limit`.
pub(super) fn audit(asked: &AskedWorld<'_>, sight: &Sight<'_>, it: &Audit) -> Ruling<Page<AuditRow>> {
    let reader = RecordSight::of(sight, it.tenant)?;
    let list = ("audit", it.tenant, &it.filter);
    page(asked, Some(it.tenant), &list, 0, &it.paging, |record| {
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
    RecordSight::receipt(asked.world, user, events, &*before, &*after)
}

/// A page of records after `low`, about a tenant or all, as rows.
pub(super) fn page<R>(
    asked: &AskedWorld<'_>,
    about: Option<TenantId>,
    list: &impl Serialize,
    low: u64,
    paging: &Paging,
    row: impl Fn(Record) -> Result<Option<R>, ViewError>,
) -> Ruling<Page<R>> {
    let turn = Turn::of(asked.seal, list, paging)?;
    let last = turn.after().and_then(|(key, _)| key.as_count());
    let records: Box<dyn Iterator<Item = One> + '_> = if paging.descending {
        let high = last.map_or(asked.seq, |seq| seq.saturating_sub(1));
        Box::new(backwards(asked, about, low, high))
    } else {
        Box::new(forwards(asked, about, last.unwrap_or(low), asked.seq))
    };
    turn.page(records.map(|record| {
        let record = record?;
        let place = (Key::new().count(record.seq), Uuid::nil());
        Ok(row(record)?.map(|row| (place, row)))
    }))
}

type One = Result<Record, ViewError>;

/// The records after `low` and up to `high`, in order.
fn forwards<'a>(
    asked: &'a AskedWorld<'_>,
    about: Option<TenantId>,
    low: u64,
    high: u64,
) -> impl Iterator<Item = One> + 'a {
    let mut rest = Some(low);
    let pages = std::iter::from_fn(move || {
        let found = asked.history.records(about, rest.take()?, PAGE);
        if let Ok(found) = &found {
            rest = found.last().filter(|_| found.len() == PAGE).map(|last| last.seq);
        }
        Some(found)
    });
    each(pages).take_while(move |record| !matches!(record, Ok(record) if record.seq > high))
}

/// The same, the last first. They are found forwards in stretches of the journal, which grow where
/// there is little in them.
fn backwards<'a>(
    asked: &'a AskedWorld<'_>,
    about: Option<TenantId>,
    low: u64,
    high: u64,
) -> impl Iterator<Item = One> + 'a {
    let (mut high, mut width) = (high, PAGE as u64);
    let pages = std::iter::from_fn(move || {
        if high <= low {
            return None;
        }
        let start = high.saturating_sub(width).max(low);
        let found = forwards(asked, about, start, high).collect::<Result<Vec<_>, _>>();
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
