//! From ids to small numbers and back. An id lies in the row of its number, so that who looks up a row by its id has fetched it
//! already. Ids are only ever added, so readers need no more than that what they find is complete: a number is found
//! once its id is written.

use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::FixedState;
use uuid::Uuid;

use super::words::{Alone, Cells, Space, Word, Writer};

/// Where in a row the id is.
const ID_AT: usize = 2;
/// The least table is of two to the power of this many slots.
const LEAST: usize = 6;

/// Ids and their numbers, which count from 1; 0 is no number.
#[derive(Debug)]
pub(super) struct Ids {
    hashing: FixedState,
    // Tables by the power of two of their slots. A slot holds half of an id's hash and its number.
    tables: [OnceLock<Space<Word>>; 48],
    current: AtomicUsize,
    count: AtomicUsize,
}

impl Ids {
    /// Room for so many ids before anything grows, in rows whose third and fourth words are the id. The
    /// seed keeps callers from choosing ids that collide.
    pub(super) fn new(room: usize, seed: u64) -> Self {
        let power = (room.saturating_mul(10) / 7).next_power_of_two().ilog2() as usize;
        let ids = Self {
            hashing: FixedState::with_seed(seed),
            tables: [const { OnceLock::new() }; 48],
            current: AtomicUsize::new(power.max(LEAST)),
            count: AtomicUsize::new(0),
        };
        ids.table(power.max(LEAST));
        ids
    }

    fn table(&self, power: usize) -> &Space<Word> {
        let slot = self.tables.get(power).expect("there are fewer ids than 2^48");
        slot.get_or_init(|| Space::new(0, 1 << power))
    }

    /// How many ids there are; the numbers go up to this.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// The number of an id; 0 if it has none.
    #[inline]
    pub(super) fn number<C: Cells>(&self, rows: &Space<C>, id: Uuid) -> u32 {
        self.find(rows, id).unwrap_or(0)
    }

    /// Fetches what looking up an id will need first. Of use where many are looked up.
    #[inline]
    pub(super) fn fetch(&self, id: Uuid) -> u64 {
        let cell = self.place(id).and_then(|(table, mask, hash)| table.cell(hash as usize & mask));
        cell.map_or(0, |cell| cell.load(Ordering::Acquire))
    }

    /// Where to look for an id: the table, its mask, and the id's hash.
    #[inline]
    fn place(&self, id: Uuid) -> Option<(&Space<Word>, usize, u64)> {
        let power = self.current.load(Ordering::Acquire);
        let table = self.tables.get(power)?.get()?;
        Some((table, (1usize << power) - 1, self.hashing.hash_one(id.as_u128())))
    }

    #[inline]
    fn find<C: Cells>(&self, rows: &Space<C>, id: Uuid) -> Option<u32> {
        let (table, mask, hash) = self.place(id)?;
        let mut slot = hash as usize & mask;
        for _ in 0..=mask {
            let held = table.cell(slot)?.load(Ordering::Acquire);
            if held == 0 {
                return None;
            }
            if held >> 32 == hash >> 32 && self.id(rows, held as u32) == id {
                return Some(held as u32);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// The id of a number; nil if there is no such number.
    #[inline]
    pub(super) fn id<C: Cells>(&self, rows: &Space<C>, number: u32) -> Uuid {
        let word = |at| rows.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed));
        let at = number as usize * C::WORDS + ID_AT;
        Uuid::from_u64_pair(word(at), word(at + 1))
    }

    /// The number of an id, which gets one if it has none. Only for the writer.
    pub(super) fn add<C: Cells>(&self, rows: &Space<C>, id: Uuid) -> u32 {
        if let Some(known) = self.find(rows, id) {
            return known;
        }
        let count = self.count() + 1;
        let number = u32::try_from(count).expect("there are fewer than 2^32 tenants, and as many users");
        let (high, low) = id.as_u64_pair();
        let at = count * C::WORDS + ID_AT;
        Alone.set(rows, at, high);
        Alone.set(rows, at + 1, low);
        let power = self.current.load(Ordering::Relaxed);
        if count * 4 > (1 << power) * 3 {
            for earlier in 1..=number {
                self.enter(rows, power + 1, earlier);
            }
            self.current.store(power + 1, Ordering::Release);
        } else {
            self.enter(rows, power, number);
        }
        self.count.store(count, Ordering::Release);
        number
    }

    fn enter<C: Cells>(&self, rows: &Space<C>, power: usize, number: u32) {
        let hash = self.hashing.hash_one(self.id(rows, number).as_u128());
        let table = self.table(power);
        let mask = (1usize << power) - 1;
        let mut slot = hash as usize & mask;
        while table.cell(slot).is_some_and(|cell| cell.load(Ordering::Relaxed) != 0) {
            slot = (slot + 1) & mask;
        }
        if let Some(cell) = table.cell(slot) {
            // Whoever finds the number finds the id.
            cell.store(hash >> 32 << 32 | u64::from(number), Ordering::Release);
        }
    }

    /// The bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.tables.iter().filter_map(OnceLock::get).map(Space::bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Half;
    use super::*;

    #[test]
    fn ids_keep_their_numbers_while_the_tables_grow() {
        let (ids, rows) = (Ids::new(3, 7), Space::<Half>::new(1, 2));
        let uuid = |number: u128| Uuid::from_u128(number * number + 1);
        for number in 1..=5_000 {
            assert_eq!(ids.number(&rows, uuid(number)), 0);
            assert_eq!(u128::from(ids.add(&rows, uuid(number))), number);
        }
        for number in 1..=5_000 {
            assert_eq!(u128::from(ids.number(&rows, uuid(number))), number);
            assert_eq!(u128::from(ids.add(&rows, uuid(number))), number);
            assert_eq!(ids.id(&rows, number as u32), uuid(number));
        }
        assert_eq!(ids.id(&rows, 9_999), Uuid::nil());
        assert_eq!(ids.number(&rows, Uuid::nil()), 0);
        assert_eq!(ids.count(), 5_000);
    }
}
