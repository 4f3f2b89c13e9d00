//! The bars of a command about many things at once (T-6): each item has its own, and all of them
//! are told.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{Bars, Ruling, Stop};
use crate::refusal::{Code, ItemRefusal, Refusal};
use crate::view::ViewError;

/// The bars of a batch, item by item (T-6).
pub(super) struct Batch {
    bars: Bars,
    items: BTreeMap<usize, ItemRefusal>,
}

impl Batch {
    /// A batch of things that are each named once, and at least one.
    pub(super) fn of<T: Ord + std::fmt::Display>(things: &[T]) -> Ruling<Self> {
        let mut batch = Self::new(things.is_empty());
        let mut seen = BTreeSet::new();
        for (index, thing) in things.iter().enumerate() {
            if !seen.insert(thing) {
                batch.add(index, Code::DuplicateItem, thing);
            }
        }
        Ok(batch)
    }

    /// A batch that may be `empty`.
    pub(super) fn new(empty: bool) -> Self {
        let mut bars = Bars::new();
        bars.bar(empty, Code::EmptyBatch, "items of the batch");
        Self { bars, items: BTreeMap::new() }
    }

    /// Notes a bar of the batch as a whole.
    pub(super) fn bar(&mut self, refusal: Refusal) {
        self.bars.add(refusal);
    }

    /// Notes a bar of one item, of which the first by precedence counts.
    pub(super) fn add(&mut self, index: usize, code: Code, about: impl std::fmt::Display) {
        let item = ItemRefusal { index, code, about: about.to_string() };
        match self.items.get_mut(&index) {
            Some(first) if first.code <= code => {}
            Some(first) => *first = item,
            None => {
                self.items.insert(index, item);
            }
        }
    }

    /// Notes what a rule says of one item.
    pub(super) fn note<T>(&mut self, index: usize, ruling: Ruling<T>) -> Result<Option<T>, ViewError> {
        match ruling {
            Ok(found) => Ok(Some(found)),
            Err(Stop::Refused(refusal)) => {
                self.add(index, refusal.code, refusal.about);
                Ok(None)
            }
            Err(Stop::Broken(error)) => Err(error),
        }
    }

    /// All bars as one refusal.
    pub(super) fn into_bars(mut self) -> Bars {
        if let Some(refusal) = Refusal::batch(self.items.into_values().collect()) {
            self.bars.add(refusal);
        }
        self.bars
    }

    /// Goes on if nothing bars the way.
    pub(super) fn lift(self) -> Ruling {
        self.into_bars().lift()
    }
}
