//! Interning: from UUIDs to small numbers and back. An id is stored in the row of its number, so a
//! look-up by id has the row in cache already. Ids are only ever added, so readers need no lock: a
//! number is published after its id was written.

use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::FixedState;
use uuid::Uuid;

use super::seqlock::{DirectWriter, RowCells, RowTable, Word, WordWriter};

/// The word of a row at which its id begins.
const ID_AT: usize = 2;
/// The smallest hash table has two to the power of this many slots.
const LEAST_POWER: usize = 6;

/// Ids and their numbers, which count from 1; 0 is no number.
#[derive(Debug)]
pub(super) struct IdTable {
    hasher: FixedState,
    // Open-addressed hash tables, by the power of two of their slots. A slot holds the upper half
    // of an id's hash and its number. Those that were outgrown stay for readers that are still
    // there.
    slots: [OnceLock<RowTable<Word>>; 48],
    // The power of the one in use.
    power: AtomicUsize,
    count: AtomicUsize,
}

impl IdTable {
    /// Room for `ids` ids before it has to grow; their rows have the id as third and fourth word.
    /// The seed keeps callers from choosing ids that collide.
    pub(super) fn new(ids: usize, seed: u64) -> Self {
        let power = (ids.saturating_mul(10) / 7).next_power_of_two().ilog2() as usize;
        let table = Self {
            hasher: FixedState::with_seed(seed),
            slots: [const { OnceLock::new() }; 48],
            power: AtomicUsize::new(power.max(LEAST_POWER)),
            count: AtomicUsize::new(0),
        };
        table.slots_of(power.max(LEAST_POWER));
        table
    }

    fn slots_of(&self, power: usize) -> &RowTable<Word> {
        let slots = self.slots.get(power).expect("there are fewer ids than 2^48");
        slots.get_or_init(|| RowTable::new(0, 1 << power))
    }

    /// How many ids there are, which is the greatest number.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// The number of an id; 0 if it has none.
    #[inline]
    pub(super) fn number<C: RowCells>(&self, rows: &RowTable<C>, id: Uuid) -> u32 {
        self.find(rows, id).unwrap_or(0)
    }

    /// Loads the slot that a look-up of the id starts at, for [`super::seqlock::prefetch`].
    #[inline]
    pub(super) fn first_slot(&self, id: Uuid) -> u64 {
        let cell = self.hashed(id).and_then(|(slots, mask, hash)| slots.cell(hash as usize & mask));
        cell.map_or(0, |cell| cell.load(Ordering::Acquire))
    }

    /// The hash table in use, the mask of its slots, and the hash of an id.
    #[inline]
    fn hashed(&self, id: Uuid) -> Option<(&RowTable<Word>, usize, u64)> {
        let power = self.power.load(Ordering::Acquire);
        let slots = self.slots.get(power)?.get()?;
        Some((slots, (1usize << power) - 1, self.hasher.hash_one(id.as_u128())))
    }

    #[inline]
    fn find<C: RowCells>(&self, rows: &RowTable<C>, id: Uuid) -> Option<u32> {
        let (slots, mask, hash) = self.hashed(id)?;
        let mut slot = hash as usize & mask;
        for _ in 0..=mask {
            let held = slots.cell(slot)?.load(Ordering::Acquire);
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
    pub(super) fn id<C: RowCells>(&self, rows: &RowTable<C>, number: u32) -> Uuid {
        let word = |at| rows.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed));
        let at = number as usize * C::WORDS + ID_AT;
        Uuid::from_u64_pair(word(at), word(at + 1))
    }

    /// The number of an id, which is given one if it has none. Only for the writer.
    pub(super) fn intern<C: RowCells>(&self, rows: &RowTable<C>, id: Uuid) -> u32 {
        if let Some(known) = self.find(rows, id) {
            return known;
        }
        let count = self.count() + 1;
        let number = u32::try_from(count).expect("there are fewer than 2^32 tenants, and as many users");
        let (high, low) = id.as_u64_pair();
        let at = count * C::WORDS + ID_AT;
        DirectWriter.set(rows, at, high);
        DirectWriter.set(rows, at + 1, low);
        let power = self.power.load(Ordering::Relaxed);
        if count * 4 > (1 << power) * 3 {
            for earlier in 1..=number {
                self.insert(rows, power + 1, earlier);
            }
            self.power.store(power + 1, Ordering::Release);
        } else {
            self.insert(rows, power, number);
        }
        self.count.store(count, Ordering::Release);
        number
    }

    /// Takes the ids of the first rows up to this number, while nobody reads yet. There is room for
    /// them.
    pub(super) fn adopt<C: RowCells>(&self, rows: &RowTable<C>, count: u32) {
        let power = self.power.load(Ordering::Relaxed);
        (1..=count).for_each(|number| self.insert(rows, power, number));
        self.count.store(count as usize, Ordering::Release);
    }

    fn insert<C: RowCells>(&self, rows: &RowTable<C>, power: usize, number: u32) {
        let hash = self.hasher.hash_one(self.id(rows, number).as_u128());
        let slots = self.slots_of(power);
        let mask = (1usize << power) - 1;
        let mut slot = hash as usize & mask;
        while slots.cell(slot).is_some_and(|cell| cell.load(Ordering::Relaxed) != 0) {
            slot = (slot + 1) & mask;
        }
        if let Some(cell) = slots.cell(slot) {
            // Release: a reader that finds the number finds the id in its row.
            cell.store(hash >> 32 << 32 | u64::from(number), Ordering::Release);
        }
    }

    /// The bytes allocated for hash tables.
    pub(super) fn bytes(&self) -> usize {
        self.slots.iter().filter_map(OnceLock::get).map(RowTable::bytes).sum::<usize>()
    }
}
