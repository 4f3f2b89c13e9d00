//! Lists of numbers with a payload each, in the order of the numbers, in blocks of the heap. A short list is one block;
//! a long one is a directory of blocks, so that no change moves more than one block's entries.

use std::ops::ControlFlow;

use super::words::{Line, Reader, Space, Writer};

/// The words of the least block; a block's address counts these.
const UNIT: usize = 8;
/// The greatest class of a block that is not a directory: 512 words.
const FULL: u32 = 6;
/// How many entries are read before looking whether that is in vain.
const STRIDE: usize = 256;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) payload: u32,
}

impl Entry {
    #[inline]
    const fn unpack(word: u64) -> Self {
        Self { number: (word >> 32) as u32, payload: word as u32 }
    }

    fn pack(self) -> u64 {
        u64::from(self.number) << 32 | u64::from(self.payload)
    }
}

/// The first word of a block.
#[derive(Clone, Copy, Debug)]
struct Block {
    len: usize,
    // The block has `UNIT << class` words.
    class: u32,
    directory: bool,
}

impl Block {
    const fn unpack(word: u64) -> Self {
        Self { len: word as u32 as usize, class: (word >> 32) as u32 & 0x1F, directory: word >> 63 != 0 }
    }

    fn pack(self) -> u64 {
        self.len as u64 | u64::from(self.class) << 32 | u64::from(self.directory) << 63
    }

    const fn room(self) -> usize {
        (UNIT << self.class) - 1
    }
}

const fn at(block: u32, place: usize) -> usize {
    block as usize * UNIT + place
}

/// Where a number is among the entries of a block, or where it would be.
#[inline]
fn search(word: impl Fn(usize) -> u64, block: u32, len: usize, number: u32) -> Result<usize, usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = Entry::unpack(word(at(block, middle + 1))).number;
        if found == number {
            return Ok(middle);
        }
        if found < number { low = middle + 1 } else { high = middle }
    }
    Err(low)
}

/// The payload of a number in a list.
#[inline]
pub(super) fn find(reader: &impl Reader, heap: &Space<Line>, list: u32, number: u32) -> Option<u32> {
    if list == 0 {
        return None;
    }
    let word = |place| reader.word(heap, place);
    let mut at_block = list;
    let mut block = Block::unpack(word(at(list, 0)));
    if block.directory {
        let place = match search(word, list, block.len, number) {
            Ok(place) => place,
            Err(place) => place.saturating_sub(1),
        };
        at_block = Entry::unpack(word(at(list, place + 1))).payload;
        block = Block::unpack(word(at(at_block, 0)));
    }
    let place = search(word, at_block, block.len.min(block.room()), number).ok()?;
    Some(Entry::unpack(word(at(at_block, place + 1))).payload)
}

/// Visits the entries of a list in the order of their numbers.
#[inline]
pub(super) fn each(
    reader: &impl Reader,
    heap: &Space<Line>,
    list: u32,
    visit: &mut impl FnMut(Entry) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if list == 0 {
        return ControlFlow::Continue(());
    }
    let block = Block::unpack(reader.word(heap, at(list, 0)));
    if !block.directory {
        return each_of(reader, heap, list, block, visit);
    }
    each_of(reader, heap, list, block, &mut |entry| {
        let block = Block::unpack(reader.word(heap, at(entry.payload, 0)));
        each_of(reader, heap, entry.payload, block, visit)
    })
}

#[inline]
fn each_of(
    reader: &impl Reader,
    heap: &Space<Line>,
    list: u32,
    block: Block,
    visit: &mut impl FnMut(Entry) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut line = heap.row(list);
    for place in 1..=block.len.min(block.room()) {
        if place % UNIT == 0 {
            line = heap.row(list + (place / UNIT) as u32);
            if place % STRIDE == 0 && reader.torn() {
                return ControlFlow::Break(());
            }
        }
        visit(Entry::unpack(reader.of(line, place % UNIT)))?;
    }
    ControlFlow::Continue(())
}

/// Which blocks of the heap are free. Only the writer knows.
#[derive(Debug)]
pub(super) struct Allocator {
    // Address 0 stands for no list.
    next: u32,
    free: [Vec<u32>; 32],
}

impl Default for Allocator {
    fn default() -> Self {
        Self { next: 1, free: [const { Vec::new() }; 32] }
    }
}

impl Allocator {
    /// A block of `UNIT << class` words, with whatever they are.
    pub(super) fn take(&mut self, class: u32) -> u32 {
        if let Some(free) = self.free.get_mut(class as usize).and_then(Vec::pop) {
            return free;
        }
        let block = self.next;
        self.next = block.checked_add(1 << class).expect("the heap has less than 256 GiB");
        block
    }

    /// Gives a block back.
    pub(super) fn give(&mut self, block: u32, class: u32) {
        if let Some(free) = self.free.get_mut(class as usize) {
            free.push(block);
        }
    }
}

/// Lists as the writer changes them.
pub(super) struct Lists<'w, 's, W> {
    pub(super) words: &'w mut W,
    pub(super) heap: &'s Space<Line>,
    pub(super) allocator: &'w mut Allocator,
}

impl<'s, W: Writer<'s>> Lists<'_, 's, W> {
    fn word(&self, place: usize) -> u64 {
        self.words.word(self.heap, place)
    }

    fn set(&mut self, place: usize, word: u64) {
        self.words.set(self.heap, place, word);
    }

    fn block(&self, block: u32) -> Block {
        Block::unpack(self.word(at(block, 0)))
    }

    fn entry(&self, block: u32, place: usize) -> Entry {
        Entry::unpack(self.word(at(block, place + 1)))
    }

    /// The payload of a number.
    pub(super) fn get(&self, list: u32, number: u32) -> Option<u32> {
        let (block, place) = self.place(list, number)?;
        Some(self.entry(block, place.ok()?).payload)
    }

    /// The numbers in a list.
    pub(super) fn numbers(&self, list: u32) -> Vec<u32> {
        let entries = |block: u32| (0..self.block(block).len).map(move |place| self.entry(block, place));
        match list {
            0 => Vec::new(),
            list if self.block(list).directory => {
                entries(list).flat_map(|of| entries(of.payload)).map(|entry| entry.number).collect()
            }
            list => entries(list).map(|entry| entry.number).collect(),
        }
    }

    /// The block that a number belongs to, and its place there.
    fn place(&self, list: u32, number: u32) -> Option<(u32, Result<usize, usize>)> {
        if list == 0 {
            return None;
        }
        let within = |block: u32| search(|place| self.word(place), block, self.block(block).len, number);
        if !self.block(list).directory {
            return Some((list, within(list)));
        }
        let block = self.entry(list, within(list).unwrap_or_else(|place| place.saturating_sub(1))).payload;
        Some((block, within(block)))
    }

    /// Puts an entry into a list, in place of the one with its number. Returns where the list is now.
    pub(super) fn put(&mut self, list: u32, entry: Entry) -> u32 {
        let Some((block, place)) = self.place(list, entry.number) else {
            return self.made_of(&[entry], false);
        };
        match place {
            Ok(place) => {
                self.set(at(block, place + 1), entry.pack());
                list
            }
            Err(place) => {
                let now = self.insert(block, place, entry);
                if block == list { self.split(now) } else { self.moved(list, entry.number, now) }
            }
        }
    }

    /// Takes the entry with this number out of a list. Returns where the list is now; 0 once it is empty.
    pub(super) fn remove(&mut self, list: u32, number: u32) -> u32 {
        let Some((block, Ok(place))) = self.place(list, number) else { return list };
        let left = self.take_out(block, place);
        if left > 0 {
            return list;
        }
        self.free(block);
        if block == list {
            return 0;
        }
        let place = self.directory_place(list, number);
        if self.take_out(list, place) > 0 {
            // The first block of a directory takes whatever is less than the second.
            let first = self.entry(list, 0);
            self.set(at(list, 1), Entry { number: 0, ..first }.pack());
            return list;
        }
        self.free(list);
        0
    }

    fn free(&mut self, block: u32) {
        self.allocator.give(block, self.block(block).class);
    }

    fn made_of(&mut self, entries: &[Entry], directory: bool) -> u32 {
        let class = ((entries.len() + 1).div_ceil(UNIT)).next_power_of_two().ilog2();
        let block = self.allocator.take(class);
        self.set(at(block, 0), Block { len: entries.len(), class, directory }.pack());
        for (place, entry) in entries.iter().enumerate() {
            self.set(at(block, place + 1), entry.pack());
        }
        block
    }

    /// Inserts into a block, which moves to a larger one when it is full.
    fn insert(&mut self, mut at_block: u32, place: usize, entry: Entry) -> u32 {
        let mut block = self.block(at_block);
        if block.len == block.room() {
            let larger = self.allocator.take(block.class + 1);
            for place in 0..block.len {
                let entry = self.entry(at_block, place);
                self.set(at(larger, place + 1), entry.pack());
            }
            self.allocator.give(at_block, block.class);
            at_block = larger;
            block.class += 1;
        }
        for later in (place..block.len).rev() {
            let moved = self.entry(at_block, later);
            self.set(at(at_block, later + 2), moved.pack());
        }
        self.set(at(at_block, place + 1), entry.pack());
        self.set(at(at_block, 0), Block { len: block.len + 1, ..block }.pack());
        at_block
    }

    /// Takes an entry out of a block. Returns how many are left.
    fn take_out(&mut self, at_block: u32, place: usize) -> usize {
        let block = self.block(at_block);
        for later in place + 1..block.len {
            let moved = self.entry(at_block, later);
            self.set(at(at_block, later), moved.pack());
        }
        self.set(at(at_block, 0), Block { len: block.len - 1, ..block }.pack());
        block.len - 1
    }

    fn directory_place(&self, list: u32, number: u32) -> usize {
        search(|place| self.word(place), list, self.block(list).len, number)
            .unwrap_or_else(|place| place.saturating_sub(1))
    }

    /// Turns a list of one block that has grown too large into a directory of two.
    fn split(&mut self, block: u32) -> u32 {
        if self.block(block).class <= FULL {
            return block;
        }
        let (low, high) = self.halves(block);
        let middle = self.entry(high, 0).number;
        self.made_of(&[Entry { number: 0, payload: low }, Entry { number: middle, payload: high }], true)
    }

    /// Notes in a directory where the block that `number` belongs to is now.
    fn moved(&mut self, list: u32, number: u32, block: u32) -> u32 {
        let place = self.directory_place(list, number);
        let first = self.entry(list, place).number;
        if self.block(block).class <= FULL {
            self.set(at(list, place + 1), Entry { number: first, payload: block }.pack());
            return list;
        }
        let (low, high) = self.halves(block);
        self.set(at(list, place + 1), Entry { number: first, payload: low }.pack());
        let middle = self.entry(high, 0).number;
        self.insert(list, place + 1, Entry { number: middle, payload: high })
    }

    fn halves(&mut self, block: u32) -> (u32, u32) {
        let entries: Vec<Entry> = (0..self.block(block).len).map(|place| self.entry(block, place)).collect();
        let (low, high) = entries.split_at(entries.len() / 2);
        let halves = (self.made_of(low, false), self.made_of(high, false));
        self.free(block);
        halves
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::words::{Alone, Reading, Version};
    use super::*;

    struct Whole<'s>(&'s Space<Line>, u32);

    impl Reading for Whole<'_> {
        type Found = Vec<(u32, u32)>;

        fn read(&mut self, reader: &impl Reader) -> Self::Found {
            let mut found = Vec::new();
            let _ = each(reader, self.0, self.1, &mut |entry| {
                assert_eq!(find(reader, self.0, self.1, entry.number), Some(entry.payload));
                found.push((entry.number, entry.payload));
                ControlFlow::Continue(())
            });
            found
        }
    }

    struct One<'s>(&'s Space<Line>, u32, u32);

    impl Reading for One<'_> {
        type Found = Option<u32>;

        fn read(&mut self, reader: &impl Reader) -> Option<u32> {
            find(reader, self.0, self.1, self.2)
        }
    }

    fn play(steps: u32, range: u32, seed: u64) {
        let heap = Space::new(1, 1);
        let version = Version::new(0, 2);
        let (mut alone, mut allocator) = (Alone, Allocator::default());
        let mut lists = Lists { words: &mut alone, heap: &heap, allocator: &mut allocator };
        let mut model = BTreeMap::new();
        let (mut list, mut state) = (0, seed);
        for step in 0..steps {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (state >> 33) as u32 % range;
            // It grows first, and shrinks in the end.
            let removes = if step < steps / 2 { 1 } else { 3 };
            if state >> 20 & 3 < removes {
                list = lists.remove(list, number);
                model.remove(&number);
            } else {
                list = lists.put(list, Entry { number, payload: step });
                model.insert(number, step);
            }
            let held = version.read(&mut One(&heap, list, number)).0;
            assert_eq!(held, model.get(&number).copied());
            if step % (steps / 50) == 0 {
                let wanted: Vec<_> = model.iter().map(|(number, payload)| (*number, *payload)).collect();
                assert_eq!(version.read(&mut Whole(&heap, list)).0, wanted);
                assert!(lists.numbers(list).iter().eq(model.keys()));
            }
        }
        for number in 0..range {
            list = lists.remove(list, number);
        }
        assert_eq!(list, 0);
        // Everything was given back.
        let free: u32 = (0..32).map(|class| (allocator.free[class].len() as u32) << class).sum();
        assert_eq!(free, allocator.next - 1);
    }

    #[test]
    fn a_list_holds_what_was_put_and_not_removed() {
        play(2_000, 30, 1);
        play(20_000, 1_000, 2);
        play(200_000, 40_000, 3);
    }
}
