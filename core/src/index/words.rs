//! Memory of words with one writer and any number of readers, none of whom ever waits. Knows nothing of what the words
//! mean.
//!
//! The writer publishes what a transaction will replace (the old words), says that it is at it, writes, and says that
//! it is done. A reader who comes in between finds the old words, so it reads the state before; one who was overtaken
//! reads again. A writer that is interrupted half-way holds up nobody.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The words of a cache line.
const LINE: usize = 8;
/// The lines of the first piece by which a space grows; each later piece has twice those of the one before.
const PIECE: usize = 1024;

/// A cache line of words.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([AtomicU64; LINE]);

fn lines(count: usize) -> Box<[Line]> {
    (0..count).map(|_| Line::default()).collect()
}

/// A stretch of words that begins as zeros, grows, and never moves.
#[derive(Debug)]
pub(super) struct Space {
    // What makes the address of a word unique among all spaces.
    base: u64,
    first: Box<[Line]>,
    more: [OnceLock<Box<[Line]>>; 32],
}

impl Space {
    /// A space with room for so many words before it has to grow.
    pub(super) fn new(number: u8, words: usize) -> Self {
        Self {
            base: u64::from(number) << 56,
            first: lines(words.div_ceil(LINE)),
            more: [const { OnceLock::new() }; 32],
        }
    }

    #[inline]
    fn line(&self, line: usize) -> Option<&Line> {
        match self.first.get(line) {
            Some(line) => Some(line),
            None => self.later(line),
        }
    }

    #[inline]
    pub(super) fn cell(&self, word: usize) -> Option<&AtomicU64> {
        self.line(word / LINE)?.0.get(word % LINE)
    }

    #[cold]
    fn later(&self, line: usize) -> Option<&Line> {
        let (piece, place) = self.piece_of(line)?;
        self.more.get(piece)?.get()?.get(place)
    }

    /// The piece a later line is in, and its place there.
    fn piece_of(&self, line: usize) -> Option<(usize, usize)> {
        let beyond = line.checked_sub(self.first.len())? / PIECE + 1;
        let piece = beyond.ilog2() as usize;
        Some((piece, line - self.first.len() - PIECE * ((1 << piece) - 1)))
    }

    /// Makes sure that a word exists. Only for the writer.
    fn cover(&self, word: usize) -> &AtomicU64 {
        if self.cell(word).is_none()
            && let Some((piece, _)) = self.piece_of(word / LINE)
            && let Some(piece_lines) = self.more.get(piece)
        {
            piece_lines.get_or_init(|| lines(PIECE << piece));
        }
        self.cell(word).expect("a space has room for more words than a machine has memory")
    }

    const fn address(&self, word: usize) -> u64 {
        self.base | word as u64
    }

    /// The bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let later: usize = self.more.iter().filter_map(OnceLock::get).map(|piece| piece.len()).sum();
        (self.first.len() + later) * size_of::<Line>()
    }
}

/// How words are read. A word that was never written is zero.
pub(super) trait Reader {
    /// Words next to each other, which have to be of one line.
    fn words<const N: usize>(&self, space: &Space, at: usize) -> [u64; N];

    /// A word.
    #[inline]
    fn word(&self, space: &Space, at: usize) -> u64 {
        let [word] = self.words(space, at);
        word
    }

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
    table: Space,
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

struct Steady<'v>(&'v AtomicU64, u64);

impl Reader for Steady<'_> {
    #[inline]
    fn words<const N: usize>(&self, space: &Space, at: usize) -> [u64; N] {
        let cells = space.line(at / LINE).and_then(|line| line.0.get(at % LINE..)?.first_chunk::<N>());
        cells.map_or([0; N], |cells| cells.each_ref().map(|cell| cell.load(Ordering::Relaxed)))
    }

    fn torn(&self) -> bool {
        self.0.load(Ordering::Relaxed) != self.1
    }
}

struct Amid<'v>(&'v Version, u64);

impl Reader for Amid<'_> {
    fn words<const N: usize>(&self, space: &Space, at: usize) -> [u64; N] {
        std::array::from_fn(|offset| match self.0.undo.old(space.address(at + offset)) {
            Some(old) => old,
            None => Steady(&self.0.now, self.1).word(space, at + offset),
        })
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
    fn word(&self, space: &'s Space, at: usize) -> u64;

    /// Replaces the word.
    fn set(&mut self, space: &'s Space, at: usize, word: u64);
}

/// Writes where nobody reads yet.
#[derive(Debug, Default)]
pub(super) struct Alone;

impl<'s> Writer<'s> for Alone {
    fn word(&self, space: &'s Space, at: usize) -> u64 {
        space.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    fn set(&mut self, space: &'s Space, at: usize, word: u64) {
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
    fn word(&self, space: &'s Space, at: usize) -> u64 {
        match self.words.get(&space.address(at)) {
            Some(change) => change.new,
            None => Alone.word(space, at),
        }
    }

    fn set(&mut self, space: &'s Space, at: usize, word: u64) {
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
    struct Pair<'s>(&'s Space);

    impl Reading for Pair<'_> {
        type Found = (u64, u64);

        fn read(&mut self, reader: &impl Reader) -> (u64, u64) {
            (reader.word(self.0, 3), reader.word(self.0, FAR))
        }
    }

    #[test]
    fn a_reader_finds_words_of_one_state_while_the_writer_writes() {
        let space = Space::new(1, 8);
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
        let space = Space::new(1, 8);
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
    fn a_space_grows_without_moving() {
        let space = Space::new(1, 20);
        let first = std::ptr::from_ref(space.cover(19));
        let mut alone = Alone;
        for word in 0..200_000 {
            alone.set(&space, word, word as u64 + 1);
        }
        assert_eq!(first, std::ptr::from_ref(space.cover(19)));
        for word in 0..200_000 {
            assert_eq!(alone.word(&space, word), word as u64 + 1);
        }
        assert_eq!(alone.word(&space, 100_000_000), 0);
    }
}
