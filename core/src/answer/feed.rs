//! The feed of effective access: what each record, and time before it, gave and took. The
//! host's own; no actor.

use super::asked::{AskedWorld, PartAt};
use super::page::{Collecting, Turn};
use crate::journal::Record;
use crate::query::{AccessChangeRow, AccessEvent, Page, Paging};
use crate::rules::Ruling;
use crate::view::{Key, Spot, ViewError};

/// How many records are read at a time, at most: at first as many as a page has rows, then twice as
/// many each time.
const PAGE: usize = 256;

/// Who gained and who lost access by the records after `seq` and up to the moment that is asked
/// about, and by time alone before each of them. Costs the records, and whom they may concern, from
/// the page's beginning up to its end.
///
/// # Errors
/// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
pub fn access_changes(asked: &AskedWorld<'_>, seq: u64, paging: &Paging) -> Ruling<Page<AccessEvent>> {
    let turn = Turn::of(asked.seal, &("access_changes", seq), paging)?;
    let mut rows = turn.collecting();
    let came = rows.from().and_then(Came::read);
    let mut last = came.as_ref().map_or(seq, |came| came.seq.saturating_sub(1).max(seq));
    let mut wanted = (paging.limit + 1).min(PAGE);
    while last < asked.seq {
        let records = asked.history.records(None, last, wanted)?;
        wanted = (wanted * 2).min(PAGE);
        for record in records.iter().filter(|record| record.seq <= asked.seq) {
            let came = came.as_ref().filter(|came| came.seq == record.seq);
            if !part_by_part(asked, record, came, &mut rows)? {
                return rows.page();
            }
        }
        last = records.last().map_or(asked.seq, |record| record.seq);
    }
    rows.page()
}

/// Collects what came with one record, and says whether to go on.
fn part_by_part(
    asked: &AskedWorld<'_>,
    record: &Record,
    came: Option<&Came>,
    rows: &mut Collecting<'_, AccessEvent>,
) -> Result<bool, ViewError> {
    asked.parts_of(record, came.map(|came| came.part), &mut |part| {
        let (at, is_its_own) = part.at;
        let after = came.filter(|came| came.part == part.at).map(|came| &came.place);
        let mut goes_on = true;
        part.affected.visit(part.between, after, &mut |(key, id), user, tenant| {
            let change = part.between.change(user, tenant)?;
            if let Some(AccessChangeRow { user, tenant, gained, lost }) = change {
                let command = is_its_own.then(|| record.command.clone());
                let row = AccessEvent { seq: record.seq, at, command, user, tenant, gained, lost };
                let place = Key::new().count(record.seq).time(at).flag(is_its_own).then(&key);
                goes_on = rows.add((place, id), row);
            }
            Ok(goes_on)
        })?;
        Ok(goes_on)
    })
}

/// How far somebody has come in the feed.
struct Came {
    seq: u64,
    part: PartAt,
    place: Spot,
}

impl Came {
    fn read((key, id): &Spot) -> Option<Self> {
        let key_of = |bytes: &[u8]| Key::from_bytes(bytes.to_vec());
        let (seq, rest) = key.as_bytes().split_at_checked(8)?;
        let (at, rest) = rest.split_at_checked(8)?;
        let (is_its_own, rest) = rest.split_first()?;
        let part = (key_of(at).last_time()?, *is_its_own == 1);
        Some(Self { seq: key_of(seq).as_count()?, part, place: (key_of(rest), *id) })
    }
}
