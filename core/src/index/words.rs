//! Memory of words with one writer and any number of readers, none of whom ever waits. Knows nothing of what the words
//! mean.
//!
//! The writer publishes what a transaction will replace (the old words), says that it is at it, writes, and says that
//! it is done. A reader who comes in between finds the old words, so it reads the state before; one who was overtaken
//! reads again. A writer that is interrupted half-way holds up nobody.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The rows of the first piece by which a space grows; each later piece has twice those of the one before.
const PIECE: usize = 1024;

/// Words next to each other in memory, which lie in one cache line.
pub(super) trait Cells: Debug + 'static {
    /// How many.
    const WORDS: usize;
    /// Those that nobody has written yet.
    const ZERO: Self;
    /// Those that are found where there are none.
    fn nothing() -> &'static Self;
    /// The words.
    fn cells(&self) -> &[AtomicU64];
}

macro_rules! cells {
    ($($(#[$doc:meta])* $name:ident: $words:literal words of $bytes:literal bytes)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[repr(align($bytes))]
        pub(super) struct $name([AtomicU64; $words]);

        impl Cells for $name {
            const WORDS: usize = $words;
            const ZERO: Self = Self([const { AtomicU64::new(0) }; $words]);

            fn nothing() -> &'static Self {
                static NOTHING: $name = $name::ZERO;
                &NOTHING
            }

            #[inline]
            fn cells(&self) -> &[AtomicU64] {
                &self.0
            }
        }
    )+};
}

cells! {
    /// A cache line.
    Line: 8 words of 64 bytes
    /// Half of one.
    Half: 4 words of 32 bytes
    /// A quarter of one.
    Quarter: 2 words of 16 bytes
    /// A word.
    Word: 1 words of 8 bytes
}

fn rows<C: Cells>(count: usize) -> Box<[C]> {
    (0..count).map(|_| C::ZERO).collect()
}

/// A stretch of rows that begin as zeros, grows, and never moves.
#[derive(Debug)]
pub(super) struct Space<C: Cells> {
    // What makes the address of a word unique among all spaces.
    base: u64,
    first: Box<[C]>,
    more: [OnceLock<Box<[C]>>; 32],
}

impl<C: Cells> Space<C> {
    /// A space with room for so many rows before it has to grow.
    pub(super) fn new(number: u8, count: usize) -> Self {
        Self { base: u64::from(number) << 56, first: rows(count), more: [const { OnceLock::new() }; 32] }
    }

    #[inline]
    fn held(&self, row: usize) -> Option<&C> {
        match self.first.get(row) {
            Some(row) => Some(row),
            None => self.later(row),
        }
    }

    /// A row of a space that never grows.
    #[inline]
    pub(super) fn fixed(&self, row: u32) -> Row<'_, C> {
        let row = row as usize;
        let cells = match self.first.get(row) {
            Some(cells) => cells,
            None => C::nothing(),
        };
        Row { cells, address: self.address(row.wrapping_mul(C::WORDS)) }
    }

    /// A row.
    #[inline]
    pub(super) fn row(&self, row: u32) -> Row<'_, C> {
        let row = row as usize;
        let cells = match self.held(row) {
            Some(cells) => cells,
            None => C::nothing(),
        };
        Row { cells, address: self.address(row.wrapping_mul(C::WORDS)) }
    }

    #[inline]
    pub(super) fn cell(&self, word: usize) -> Option<&AtomicU64> {
        self.held(word / C::WORDS)?.cells().get(word % C::WORDS)
    }

    #[cold]
    fn later(&self, row: usize) -> Option<&C> {
        let (piece, place) = self.piece_of(row)?;
        self.more.get(piece)?.get()?.get(place)
    }

    /// The piece a later row is in, and its place there.
    fn piece_of(&self, row: usize) -> Option<(usize, usize)> {
        let beyond = row.checked_sub(self.first.len())? / PIECE + 1;
        let piece = beyond.ilog2() as usize;
        Some((piece, row - self.first.len() - PIECE * ((1 << piece) - 1)))
    }

    /// Makes sure that a word exists. Only for the writer.
    fn cover(&self, word: usize) -> &AtomicU64 {
        if self.cell(word).is_none()
            && let Some((piece, _)) = self.piece_of(word / C::WORDS)
            && let Some(piece_rows) = self.more.get(piece)
        {
            piece_rows.get_or_init(|| rows(PIECE << piece));
        }
        self.cell(word).expect("a space has room for more words than a machine has memory")
    }

    const fn address(&self, word: usize) -> u64 {
        self.base | word as u64
    }

    /// The bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let later: usize = self.more.iter().filter_map(OnceLock::get).map(|piece| piece.len()).sum();
        (self.first.len() + later) * size_of::<C>()
    }
}

/// A row that was found, and not yet read.
#[derive(Debug)]
pub(super) struct Row<'s, C> {
    cells: &'s C,
    // Of the first word.
    address: u64,
}

impl<C> Clone for Row<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Row<'_, C> {}

impl<C: Cells> Row<'_, C> {
    #[inline]
    fn load(&self, place: usize) -> u64 {
        self.cells.cells().get(place).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

/// How words are read. A word that was never written is zero.
pub(super) trait Reader {
    /// A row; nothing where this reader does not go.
    #[inline]
    fn row<'s, C: Cells>(&self, space: &'s Space<C>, row: u32) -> Option<Row<'s, C>> {
        Some(space.row(row))
    }

    /// A word of a row.
    fn of<C: Cells>(&self, row: Row<'_, C>, place: usize) -> u64;

    /// A word.
    fn word<C: Cells>(&self, space: &Space<C>, at: usize) -> u64;

    /// The state that is read.
    fn state(&self) -> u64;

    /// Whether what was read so far may be of two states, so that going on is in vain.
    fn torn(&self) -> bool;
}

/// Something to find out by reading. It has to come to an end on any words: they may be of two states.
pub(super) trait Reading {
    /// What is found.
    type Found;

    fn read(&mut self, reader: &impl Reader) -> Self::Found;
}

/// The words a transaction replaces, as an open-addressed table of address and old word.
#[derive(Debug)]
struct Undo {
    table: Space<Word>,
    // The slots in use are a power of two; this is one less.
    mask: AtomicU64,
}

impl Undo {
    fn slots(&self, address: u64) -> impl Iterator<Item = usize> {
        let mask = self.mask.load(Ordering::Relaxed);
        let start = address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        (0..=mask).map(move |step| (start.wrapping_add(step) & mask) as usize * 2)
    }

    fn old(&self, address: u64) -> Option<u64> {
        for slot in self.slots(address) {
            let held = self.table.cell(slot)?.load(Ordering::Relaxed);
            if held == address + 1 {
                return Some(self.table.cell(slot + 1)?.load(Ordering::Relaxed));
            }
            if held == 0 {
                return None;
            }
        }
        None
    }

    fn fill(&self, olds: impl ExactSizeIterator<Item = (u64, u64)>) {
        let mask = (olds.len() * 2).next_power_of_two() as u64 - 1;
        for word in 0..=mask as usize * 2 + 1 {
            self.table.cover(word).store(0, Ordering::Relaxed);
        }
        self.mask.store(mask, Ordering::Relaxed);
        for (address, old) in olds {
            let free = self
                .slots(address)
                .find(|slot| self.table.cover(*slot).load(Ordering::Relaxed) == 0)
                .expect("the table has twice the slots it needs");
            self.table.cover(free + 1).store(old, Ordering::Relaxed);
            self.table.cover(free).store(address + 1, Ordering::Relaxed);
        }
    }
}

/// Says which state the words are of, and lets one writer bring them to the next.
#[derive(Debug)]
pub(super) struct Version {
    // Twice the number of the state; one more while the writer is on its way from it to the next.
    now: AtomicU64,
    undo: Undo,
}

/// Reads while nobody writes.
pub(super) struct Steady<'v>(&'v AtomicU64, u64);

impl Reader for Steady<'_> {
    #[inline]
    fn of<C: Cells>(&self, row: Row<'_, C>, place: usize) -> u64 {
        row.load(place)
    }

    #[inline]
    fn word<C: Cells>(&self, space: &Space<C>, at: usize) -> u64 {
        space.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    #[inline]
    fn state(&self) -> u64 {
        self.1 / 2
    }

    fn torn(&self) -> bool {
        self.0.load(Ordering::Relaxed) != self.1
    }
}

/// The same where it takes the least: what a space has grown by is left to [`Steady`].
pub(super) struct Quick<'v>(Steady<'v>);

impl<'v> Quick<'v> {
    /// Who reads the same state wherever it is.
    #[inline]
    pub(super) const fn thorough(&self) -> &Steady<'v> {
        &self.0
    }

    /// Whether what was read is of one state.
    #[inline]
    pub(super) fn is_right(&self) -> bool {
        fence(Ordering::Acquire);
        !self.torn()
    }
}

impl Reader for Quick<'_> {
    #[inline]
    fn row<'s, C: Cells>(&self, space: &'s Space<C>, row: u32) -> Option<Row<'s, C>> {
        Some(Row { cells: space.first.get(row as usize)?, address: 0 })
    }

    #[inline]
    fn of<C: Cells>(&self, row: Row<'_, C>, place: usize) -> u64 {
        row.load(place)
    }

    #[inline]
    fn word<C: Cells>(&self, space: &Space<C>, at: usize) -> u64 {
        self.0.word(space, at)
    }

    #[inline]
    fn state(&self) -> u64 {
        self.0.state()
    }

    #[inline]
    fn torn(&self) -> bool {
        self.0.torn()
    }
}

struct Amid<'v>(&'v Version, u64);

impl Reader for Amid<'_> {
    fn of<C: Cells>(&self, row: Row<'_, C>, place: usize) -> u64 {
        let old = self.0.undo.old(row.address + place as u64);
        old.unwrap_or_else(|| row.load(place))
    }

    fn word<C: Cells>(&self, space: &Space<C>, at: usize) -> u64 {
        let old = self.0.undo.old(space.address(at));
        old.unwrap_or_else(|| Steady(&self.0.now, self.1).word(space, at))
    }

    fn state(&self) -> u64 {
        self.1 / 2
    }

    fn torn(&self) -> bool {
        self.0.now.load(Ordering::Relaxed) != self.1
    }
}

impl Version {
    /// Words of a state.
    pub(super) fn new(state: u64, number: u8) -> Self {
        let undo = Undo { table: Space::new(number, 1024), mask: AtomicU64::new(0) };
        Self { now: AtomicU64::new(state * 2), undo }
    }

    /// The state that readers find.
    pub(super) fn state(&self) -> u64 {
        self.now.load(Ordering::Acquire) / 2
    }

    /// A reader of the state there is, unless the writer is at it. What it read counts if [`Quick::is_right`] in the end.
    #[inline]
    pub(super) fn quick(&self) -> Option<Quick<'_>> {
        let before = self.now.load(Ordering::Acquire);
        before.is_multiple_of(2).then_some(Quick(Steady(&self.now, before)))
    }

    /// Reads one state, and says which. Reads again when overtaken, so each further turn means that the writer has finished one
    /// more transaction.
    #[inline]
    pub(super) fn read<R: Reading>(&self, reading: &mut R) -> (R::Found, u64) {
        loop {
            if let Some(found) = self.try_read(reading) {
                return found;
            }
        }
    }

    /// Reads once; nothing when overtaken.
    #[inline]
    pub(super) fn try_read<R: Reading>(&self, reading: &mut R) -> Option<(R::Found, u64)> {
        let before = self.now.load(Ordering::Acquire);
        let found = if before.is_multiple_of(2) {
            reading.read(&Steady(&self.now, before))
        } else {
            self.amid(reading, before)
        };
        fence(Ordering::Acquire);
        (self.now.load(Ordering::Relaxed) == before).then_some((found, before / 2))
    }

    #[cold]
    fn amid<R: Reading>(&self, reading: &mut R, before: u64) -> R::Found {
        reading.read(&Amid(self, before))
    }

    /// Brings the words to a later state. There must be one writer at a time.
    pub(super) fn advance(&self, state: u64, changed: &Changed<'_>) {
        let from = self.now.load(Ordering::Relaxed);
        debug_assert!(from.is_multiple_of(2), "one writer at a time");
        if !changed.words.is_empty() {
            // Who still reads the old words of the transaction before has to see that its time is over.
            fence(Ordering::Release);
            self.undo.fill(
                changed.words.iter().map(|(address, change)| (*address, change.cell.load(Ordering::Relaxed))),
            );
            self.now.store(from + 1, Ordering::Release);
            fence(Ordering::Release);
            for change in changed.words.values() {
                change.cell.store(change.new, Ordering::Relaxed);
            }
        }
        self.now.store(state * 2, Ordering::Release);
    }
}

/// How the writer writes.
pub(super) trait Writer<'s> {
    /// The word as this writer sees it.
    fn word<C: Cells>(&self, space: &'s Space<C>, at: usize) -> u64;

    /// Replaces the word.
    fn set<C: Cells>(&mut self, space: &'s Space<C>, at: usize, word: u64);
}

/// Writes where nobody reads yet.
#[derive(Debug, Default)]
pub(super) struct Alone;

impl<'s> Writer<'s> for Alone {
    fn word<C: Cells>(&self, space: &'s Space<C>, at: usize) -> u64 {
        space.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    fn set<C: Cells>(&mut self, space: &'s Space<C>, at: usize, word: u64) {
        space.cover(at).store(word, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct NewWord<'s> {
    cell: &'s AtomicU64,
    new: u64,
}

/// Words to be replaced together.
#[derive(Debug, Default)]
pub(super) struct Changed<'s> {
    words: BTreeMap<u64, NewWord<'s>>,
}

impl<'s> Writer<'s> for Changed<'s> {
    fn word<C: Cells>(&self, space: &'s Space<C>, at: usize) -> u64 {
        match self.words.get(&space.address(at)) {
            Some(change) => change.new,
            None => Alone.word(space, at),
        }
    }

    fn set<C: Cells>(&mut self, space: &'s Space<C>, at: usize, word: u64) {
        let cell = space.cover(at);
        self.words.insert(space.address(at), NewWord { cell, new: word });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An interpreter that tries orders a processor may take is thousands of times slower.
    const STATES: u64 = if cfg!(miri) { 10 } else { 20_000 };
    const FAR: usize = if cfg!(miri) { 100 } else { 900_000 };

    /// Reads a word far away and two words that are always equal.
    struct Pair<'s>(&'s Space<Line>);

    impl Reading for Pair<'_> {
        type Found = (u64, u64);

        fn read(&mut self, reader: &impl Reader) -> (u64, u64) {
            (reader.word(self.0, 3), reader.word(self.0, FAR))
        }
    }

    #[test]
    fn a_reader_finds_words_of_one_state_while_the_writer_writes() {
        let space = Space::<Line>::new(1, 1);
        let version = Version::new(0, 2);
        std::thread::scope(|threads| {
            let readers: Vec<_> = (0..2)
                .map(|_| {
                    threads.spawn(|| {
                        let mut last = 0;
                        while last < STATES {
                            std::hint::spin_loop();
                            let ((one, other), state) = version.read(&mut Pair(&space));
                            assert_eq!((one, other), (state * 7, state * 7));
                            assert!(state >= last);
                            last = state;
                        }
                    })
                })
                .collect();
            for state in 1..=STATES {
                let mut changed = Changed::default();
                changed.set(&space, FAR, state * 7);
                changed.set(&space, 3, state * 7);
                version.advance(state, &changed);
            }
            for reader in readers {
                reader.join().unwrap();
            }
        });
    }

    #[test]
    fn a_reader_amid_a_transaction_finds_the_state_before() {
        let space = Space::<Line>::new(1, 1);
        let version = Version::new(4, 2);
        let mut changed = Changed::default();
        changed.set(&space, 3, 1);
        changed.set(&space, FAR, 1);
        // As far as the writer comes when it is interrupted half-way.
        version.undo.fill(changed.words.keys().map(|address| (*address, 0)));
        version.now.store(9, Ordering::Release);
        space.cover(3).store(1, Ordering::Relaxed);
        assert_eq!(version.read(&mut Pair(&space)), ((0, 0), 4));
        space.cover(FAR).store(1, Ordering::Relaxed);
        version.now.store(10, Ordering::Release);
        assert_eq!(version.read(&mut Pair(&space)), ((1, 1), 5));
    }

    #[test]
    fn a_quick_reader_reads_what_a_space_was_built_with_while_nobody_writes() {
        let space = Space::<Line>::new(1, 2);
        let version = Version::new(4, 2);
        let quick = version.quick().unwrap();
        assert!(quick.row(&space, 1).is_some() && quick.row(&space, 2).is_none());
        assert_eq!(quick.thorough().row(&space, 2).map(|row| quick.of(row, 0)), Some(0));
        assert_eq!(quick.state(), 4);
        assert!(quick.is_right());
        let mut changed = Changed::default();
        changed.set(&space, 8, 1);
        version.advance(5, &changed);
        assert!(!quick.is_right());
        version.now.store(11, Ordering::Release);
        assert!(version.quick().is_none());
    }

    #[test]
    fn a_space_grows_without_moving() {
        let space = Space::<Half>::new(1, 5);
        let first = std::ptr::from_ref(space.cover(19));
        let mut alone = Alone;
        let words = if cfg!(miri) { 10_000 } else { 200_000 };
        for word in 0..words {
            alone.set(&space, word, word as u64 + 1);
        }
        assert_eq!(first, std::ptr::from_ref(space.cover(19)));
        for word in 0..words {
            assert_eq!(alone.word(&space, word), word as u64 + 1);
        }
        assert_eq!(alone.word(&space, 100_000_000), 0);
    }
}
