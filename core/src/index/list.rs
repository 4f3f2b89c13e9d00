//! Sorted lists of numbers with a payload each, in blocks of a heap. A short list is one block; a
//! long one is a directory of blocks, so that a change moves the entries of one block at most.

use serde::{Deserialize, Serialize};

use super::seqlock::{CacheLine, Reader, RowTable, WordWriter};

/// The words of the smallest block, and the unit of block addresses: one cache line.
const UNIT: usize = 8;
/// The largest size class of a block that is not a directory: 512 words.
const MAX_CLASS: u32 = 6;
/// How many entries are visited before checking whether the read is stale.
const CHECK_EVERY: usize = 256;

/// One element of a list. In a directory, the least number of a block and the block's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListEntry {
    pub(super) number: u32,
    pub(super) payload: u32,
}

impl ListEntry {
    #[inline]
    const fn unpack(word: u64) -> Self {
        Self { number: (word >> 32) as u32, payload: word as u32 }
    }

    fn pack(self) -> u64 {
        u64::from(self.number) << 32 | u64::from(self.payload)
    }
}

/// The header of a block: its first word.
#[derive(Clone, Copy, Debug)]
struct BlockHeader {
    len: usize,
    // The size class: the block has `UNIT << class` words.
    class: u32,
    directory: bool,
}

impl BlockHeader {
    const fn unpack(word: u64) -> Self {
        Self { len: word as u32 as usize, class: (word >> 32) as u32 & 0x1F, directory: word >> 63 != 0 }
    }

    fn pack(self) -> u64 {
        self.len as u64 | u64::from(self.class) << 32 | u64::from(self.directory) << 63
    }

    const fn capacity(self) -> usize {
        (UNIT << self.class) - 1
    }
}

/// The word at an offset within a block.
const fn at(block: u32, place: usize) -> usize {
    block as usize * UNIT + place
}

/// Binary search for a number among the entries of a block: where it is, or where it would be.
#[inline]
fn search(word: impl Fn(usize) -> u64, block: u32, len: usize, number: u32) -> Result<usize, usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = ListEntry::unpack(word(at(block, middle + 1))).number;
        if found == number {
            return Ok(middle);
        }
        if found < number { low = middle + 1 } else { high = middle }
    }
    Err(low)
}

/// The payload of a number in a list.
#[inline]
pub(super) fn find(reader: &impl Reader, heap: &RowTable<CacheLine>, list: u32, number: u32) -> Option<u32> {
    if list == 0 {
        return None;
    }
    let word = |place| reader.word(heap, place);
    let mut at_block = list;
    let mut block = BlockHeader::unpack(word(at(list, 0)));
    if block.directory {
        let place = match search(word, list, block.len, number) {
            Ok(place) => place,
            Err(place) => place.saturating_sub(1),
        };
        at_block = ListEntry::unpack(word(at(list, place + 1))).payload;
        block = BlockHeader::unpack(word(at(at_block, 0)));
    }
    let place = search(word, at_block, block.len.min(block.capacity()), number).ok()?;
    Some(ListEntry::unpack(word(at(at_block, place + 1))).payload)
}

/// Visits the entries of a list in ascending order, until the read is stale.
#[inline]
pub(super) fn each(
    reader: &impl Reader,
    heap: &RowTable<CacheLine>,
    list: u32,
    visit: &mut impl FnMut(ListEntry),
) {
    if list == 0 {
        return;
    }
    let header = BlockHeader::unpack(reader.word(heap, at(list, 0)));
    if !header.directory {
        return each_in_block(reader, heap, list, header, visit);
    }
    each_in_block(reader, heap, list, header, &mut |entry| {
        let header = BlockHeader::unpack(reader.word(heap, at(entry.payload, 0)));
        each_in_block(reader, heap, entry.payload, header, visit);
    });
}

#[inline]
fn each_in_block(
    reader: &impl Reader,
    heap: &RowTable<CacheLine>,
    block: u32,
    header: BlockHeader,
    visit: &mut impl FnMut(ListEntry),
) {
    let mut line = heap.row(block);
    for place in 1..=header.len.min(header.capacity()) {
        if place % UNIT == 0 {
            line = heap.row(block + (place / UNIT) as u32);
            if place % CHECK_EVERY == 0 && reader.is_stale() {
                return;
            }
        }
        visit(ListEntry::unpack(reader.load(line, place % UNIT)));
    }
}

/// Allocates blocks of the heap, with one free list per size class. Only the writer has one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BlockAllocator {
    // Address 0 stands for no list.
    next: u32,
    free: [Vec<u32>; 32],
}

impl Default for BlockAllocator {
    fn default() -> Self {
        Self { next: 1, free: [const { Vec::new() }; 32] }
    }
}

impl BlockAllocator {
    /// How many rows of the heap are in use, or were.
    pub(super) const fn rows(&self) -> u32 {
        self.next
    }

    /// Allocates a block of `UNIT << class` words, which still hold what was there before.
    pub(super) fn allocate(&mut self, class: u32) -> u32 {
        if let Some(free) = self.free.get_mut(class as usize).and_then(Vec::pop) {
            return free;
        }
        let block = self.next;
        self.next = block.checked_add(1 << class).expect("the heap has less than 256 GiB");
        block
    }

    /// Frees a block.
    pub(super) fn free(&mut self, block: u32, class: u32) {
        if let Some(free) = self.free.get_mut(class as usize) {
            free.push(block);
        }
    }
}

/// Changes lists.
pub(super) struct ListWriter<'w, 't, W> {
    pub(super) words: &'w mut W,
    pub(super) heap: &'t RowTable<CacheLine>,
    pub(super) allocator: &'w mut BlockAllocator,
}

impl<'t, W: WordWriter<'t>> ListWriter<'_, 't, W> {
    fn word(&self, place: usize) -> u64 {
        self.words.word(self.heap, place)
    }

    fn set(&mut self, place: usize, word: u64) {
        self.words.set(self.heap, place, word);
    }

    fn header(&self, block: u32) -> BlockHeader {
        BlockHeader::unpack(self.word(at(block, 0)))
    }

    fn entry(&self, block: u32, place: usize) -> ListEntry {
        ListEntry::unpack(self.word(at(block, place + 1)))
    }

    /// The payload of a number in a list.
    pub(super) fn get(&self, list: u32, number: u32) -> Option<u32> {
        let (block, place) = self.locate(list, number)?;
        Some(self.entry(block, place.ok()?).payload)
    }

    /// The numbers in a list, in ascending order.
    pub(super) fn numbers(&self, list: u32) -> Vec<u32> {
        let entries = |block: u32| (0..self.header(block).len).map(move |place| self.entry(block, place));
        match list {
            0 => Vec::new(),
            list if self.header(list).directory => {
                entries(list).flat_map(|of| entries(of.payload)).map(|entry| entry.number).collect()
            }
            list => entries(list).map(|entry| entry.number).collect(),
        }
    }

    /// The block that a number belongs to, and its place there or where it would be.
    fn locate(&self, list: u32, number: u32) -> Option<(u32, Result<usize, usize>)> {
        if list == 0 {
            return None;
        }
        let within = |block: u32| search(|place| self.word(place), block, self.header(block).len, number);
        if !self.header(list).directory {
            return Some((list, within(list)));
        }
        let block = self.entry(list, within(list).unwrap_or_else(|place| place.saturating_sub(1))).payload;
        Some((block, within(block)))
    }

    /// Inserts an entry, or replaces the one with its number. Returns the address of the list from
    /// now on.
    pub(super) fn put(&mut self, list: u32, entry: ListEntry) -> u32 {
        let Some((block, place)) = self.locate(list, entry.number) else {
            return self.allocate_with(&[entry], false);
        };
        match place {
            Ok(place) => {
                self.set(at(block, place + 1), entry.pack());
                list
            }
            Err(place) => {
                let now = self.insert(block, place, entry);
                if block == list {
                    self.split_if_full(now)
                } else {
                    self.update_directory(list, entry.number, now)
                }
            }
        }
    }

    /// Removes the entry with this number, if there is one. Returns the address of the list from
    /// now on: 0 once it is empty.
    pub(super) fn remove(&mut self, list: u32, number: u32) -> u32 {
        let Some((block, Ok(place))) = self.locate(list, number) else { return list };
        let left = self.remove_at(block, place);
        if left > 0 {
            return list;
        }
        self.free_block(block);
        if block == list {
            return 0;
        }
        let place = self.directory_place(list, number);
        if self.remove_at(list, place) > 0 {
            // The first block of a directory holds everything below the second, whatever its own
            // least.
            let first = self.entry(list, 0);
            self.set(at(list, 1), ListEntry { number: 0, ..first }.pack());
            return list;
        }
        self.free_block(list);
        0
    }

    fn free_block(&mut self, block: u32) {
        self.allocator.free(block, self.header(block).class);
    }

    fn allocate_with(&mut self, entries: &[ListEntry], directory: bool) -> u32 {
        let class = ((entries.len() + 1).div_ceil(UNIT)).next_power_of_two().ilog2();
        let block = self.allocator.allocate(class);
        self.set(at(block, 0), BlockHeader { len: entries.len(), class, directory }.pack());
        for (place, entry) in entries.iter().enumerate() {
            self.set(at(block, place + 1), entry.pack());
        }
        block
    }

    /// Inserts into a block, which is copied to one of the next size class when it is full. Returns
    /// its address from now on.
    fn insert(&mut self, mut at_block: u32, place: usize, entry: ListEntry) -> u32 {
        let mut block = self.header(at_block);
        if block.len == block.capacity() {
            let larger = self.allocator.allocate(block.class + 1);
            for place in 0..block.len {
                let entry = self.entry(at_block, place);
                self.set(at(larger, place + 1), entry.pack());
            }
            self.allocator.free(at_block, block.class);
            at_block = larger;
            block.class += 1;
        }
        for later in (place..block.len).rev() {
            let moved = self.entry(at_block, later);
            self.set(at(at_block, later + 2), moved.pack());
        }
        self.set(at(at_block, place + 1), entry.pack());
        self.set(at(at_block, 0), BlockHeader { len: block.len + 1, ..block }.pack());
        at_block
    }

    /// Removes an entry from a block. Returns how many are left.
    fn remove_at(&mut self, at_block: u32, place: usize) -> usize {
        let block = self.header(at_block);
        for later in place + 1..block.len {
            let moved = self.entry(at_block, later);
            self.set(at(at_block, later), moved.pack());
        }
        self.set(at(at_block, 0), BlockHeader { len: block.len - 1, ..block }.pack());
        block.len - 1
    }

    fn directory_place(&self, list: u32, number: u32) -> usize {
        search(|place| self.word(place), list, self.header(list).len, number)
            .unwrap_or_else(|place| place.saturating_sub(1))
    }

    /// Turns a list of one block into a directory of two, if the block has grown too large.
    fn split_if_full(&mut self, block: u32) -> u32 {
        if self.header(block).class <= MAX_CLASS {
            return block;
        }
        let (low, high) = self.split(block);
        let middle = self.entry(high, 0).number;
        self.allocate_with(
            &[ListEntry { number: 0, payload: low }, ListEntry { number: middle, payload: high }],
            true,
        )
    }

    /// Updates the directory entry of the block that `number` belongs to, which may have moved;
    /// splits the block in two if it has grown too large. Returns the address of the list from now
    /// on.
    fn update_directory(&mut self, list: u32, number: u32, block: u32) -> u32 {
        let place = self.directory_place(list, number);
        let first = self.entry(list, place).number;
        if self.header(block).class <= MAX_CLASS {
            self.set(at(list, place + 1), ListEntry { number: first, payload: block }.pack());
            return list;
        }
        let (low, high) = self.split(block);
        self.set(at(list, place + 1), ListEntry { number: first, payload: low }.pack());
        let middle = self.entry(high, 0).number;
        self.insert(list, place + 1, ListEntry { number: middle, payload: high })
    }

    fn split(&mut self, block: u32) -> (u32, u32) {
        let entries: Vec<ListEntry> =
            (0..self.header(block).len).map(|place| self.entry(block, place)).collect();
        let (low, high) = entries.split_at(entries.len() / 2);
        let halves = (self.allocate_with(low, false), self.allocate_with(high, false));
        self.free_block(block);
        halves
    }
}
