//! Turning over a list: filter, order, cursor. Keeps no more rows than the page has, and no state between pages.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::journal::Hash;
use crate::query::{Page, Paging};
use crate::refusal::{Code, Refusal};
use crate::rules::{Ruling, Stop};
use crate::view::ViewError;

/// The most rows of a page.
pub const MAX_ROWS: usize = 1_000;

/// A part of what a list is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) enum Rank {
    /// Nothing comes first.
    Nothing,
    /// A count.
    Count(u64),
    /// A moment, in microseconds.
    Moment(i64),
    /// A text, compared without regard to case, then exactly.
    Text(String, String),
}

impl Rank {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_lowercase(), text.to_owned())
    }
}

/// Where a list goes on: after this row.
#[derive(serde::Serialize, serde::Deserialize)]
struct Cursor {
    of: String,
    rank: Rank,
    id: Uuid,
}

/// One page of the rows that `all` yields, each with its rank and id, in order. `of` names the list, its owner, filter and order; a
/// cursor of another is refused. Where the rows come `in_order` already, those after the page are not looked at.
pub(super) fn page<R>(
    of: &impl Serialize,
    paging: &Paging,
    in_order: bool,
    all: impl Iterator<Item = Result<Option<(Rank, Uuid, R)>, ViewError>>,
) -> Ruling<Page<R>> {
    if paging.limit == 0 || paging.limit > MAX_ROWS {
        return Err(Refusal::new(Code::InvalidLimit, paging.limit).into());
    }
    let after = place(of, paging)?;
    let of = list_name(of, paging.descending);
    let mut kept: BTreeMap<(Rank, Uuid), R> = BTreeMap::new();
    let mut more = false;
    for row in all {
        let Some((rank, id, row)) = row? else { continue };
        let place = (rank, id);
        let passed = after
            .as_ref()
            .is_some_and(|after| if paging.descending { place >= *after } else { place <= *after });
        if passed {
            continue;
        }
        kept.insert(place, row);
        if kept.len() > paging.limit {
            more = true;
            if paging.descending {
                kept.pop_first()
            } else {
                kept.pop_last()
            };
            if in_order {
                break;
            }
        }
    }
    let last = if paging.descending { kept.first_key_value() } else { kept.last_key_value() };
    let next =
        last.filter(|_| more).map(|((rank, id), _)| encode(&Cursor { of, rank: rank.clone(), id: *id }));
    let mut rows: Vec<R> = kept.into_values().collect();
    if paging.descending {
        rows.reverse();
    }
    Ok(Page { rows, next })
}

/// The place after which a list goes on.
pub(super) fn place(of: &impl Serialize, paging: &Paging) -> Ruling<Option<(Rank, Uuid)>> {
    let of = list_name(of, paging.descending);
    paging.cursor.as_deref().map(|text| decode(text, &of)).transpose()
}

fn list_name(of: &impl Serialize, descending: bool) -> String {
    let text = serde_json::to_string(&(of, descending)).expect("queries have string keys and finite numbers");
    Hash::of(&text).to_string().chars().take(16).collect()
}

fn encode(cursor: &Cursor) -> String {
    let text = serde_json::to_string(cursor).expect("cursors have string keys and finite numbers");
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(text: &str, of: &str) -> Result<(Rank, Uuid), Stop> {
    let foreign = || Stop::from(Refusal::new(Code::ForeignCursor, ""));
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> = digits
        .ok_or_else(foreign)?
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit))
        .map(|byte| u8::try_from(byte).unwrap_or(u8::MAX))
        .collect();
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
    if cursor.of == of { Ok((cursor.rank, cursor.id)) } else { Err(foreign()) }
}

/// Whether one of the texts has this in it, whatever the case.
pub(super) fn matches(wanted: Option<&str>, texts: &[&str]) -> bool {
    wanted.is_none_or(|wanted| {
        let wanted = wanted.to_lowercase();
        texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    })
}
