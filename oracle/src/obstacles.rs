//! Small answers that every section of the rules needs. It looks at single things, never at the world.

use std::collections::BTreeSet;

use tenantry::model::Stage;
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
