//! Small answers that every section of the rules needs. It looks at single things, never at the world.

use std::collections::BTreeSet;

use tenantry::base::time::Timestamp;
use tenantry::model::{Stage, TermRequest};
use tenantry::refusal::Code;

use crate::world::Link;

/// The obstacle with the least number, if there is one.
pub fn least(mut obstacles: Vec<Code>) -> Result<(), Code> {
    obstacles.sort();
    match obstacles.first() {
        Some(code) => Err(*code),
        None => Ok(()),
    }
}

/// An empty batch, or one that names a thing twice.
pub fn batch_obstacles<T: Ord>(items: &[T]) -> Vec<Code> {
    let mut obstacles = Vec::new();
    if items.is_empty() {
        obstacles.push(Code::EmptyBatch);
    }
    let different: BTreeSet<&T> = items.iter().collect();
    if different.len() < items.len() {
        obstacles.push(Code::DuplicateItem);
    }
    obstacles
}

/// That the link has ended, if it has.
pub fn ended_obstacle(link: &Link) -> Vec<Code> {
    if link.stage == Stage::Delinked { vec![Code::LinkEnded] } else { Vec::new() }
}

/// The last of the moments to announce an end that has passed.
pub fn passed_moment(expires: Timestamp, at: Timestamp) -> Option<u32> {
    [30, 7, 1].into_iter().filter(|&days| expires.minus_days(days) <= at).min()
}

/// Moments before the start count as announced, by the least (L-9).
pub fn announced_at_start(term: Option<TermRequest>, at: Timestamp) -> Option<u32> {
    term.and_then(|term| passed_moment(at.plus_days(term.days.unwrap_or_default()), at))
}
