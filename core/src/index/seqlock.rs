//! A seqlock over 64-bit words, with an undo log: one writer, any number of readers, and no reader
//! ever waits. Knows nothing of what the words mean.
//!
//! A plain seqlock makes readers spin while the writer is inside its critical section. Here the
//! writer first copies the words that it is about to replace into an undo log, then makes the
//! sequence number odd, stores the new words, and makes the number even again. A reader that starts
//! while the number is odd reads through the undo log and sees the state before; one that finds the
//! number changed at its end retries. So a writer that is preempted half-way blocks nobody.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The rows of the first extension of a table; each further one has twice those of the one before.
const EXTENSION_ROWS: usize = 1024;

/// The storage of one row: consecutive words within one cache line.
pub(super) trait RowCells: Debug + 'static {
    /// How many words a row has.
    const WORDS: usize;
    /// What every row is before it is first written: zeros.
    const ZERO: Self;
    /// A shared row of zeros, which stands for every row beyond the end of a table.
    fn zeros() -> &'static Self;
    /// The words, as atomics.
    fn cells(&self) -> &[AtomicU64];
}

macro_rules! row_cells {
    ($($(#[$doc:meta])* $name:ident: $words:literal words aligned to $bytes:literal)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[repr(align($bytes))]
        pub(super) struct $name([AtomicU64; $words]);

        impl RowCells for $name {
            const WORDS: usize = $words;
            const ZERO: Self = Self([const { AtomicU64::new(0) }; $words]);

            fn zeros() -> &'static Self {
                static ZEROS: $name = $name::ZERO;
                &ZEROS
            }

            #[inline]
            fn cells(&self) -> &[AtomicU64] {
                &self.0
            }
        }
    )+};
}

row_cells! {
    /// A row of one cache line.
    CacheLine: 8 words aligned to 64
    /// A row of half a cache line.
    HalfLine: 4 words aligned to 32
    /// A row of a quarter of a cache line.
    QuarterLine: 2 words aligned to 16
    /// A row of one word.
    Word: 1 words aligned to 8
}

fn zeroed<C: RowCells>(count: usize) -> Box<[C]> {
    (0..count).map(|_| C::ZERO).collect()
}

/// A growable array of zero-initialised rows, whose rows never move.
#[derive(Debug)]
pub(super) struct RowTable<C: RowCells> {
    // The high bits of every address in this table, so that no two tables share an address.
    address_base: u64,
    initial: Box<[C]>,
    extensions: [OnceLock<Box<[C]>>; 32],
}

impl<C: RowCells> RowTable<C> {
    /// A table that holds `rows` rows before it has to be extended. `id` is its own among the
    /// tables of one lock.
    pub(super) fn new(id: u8, rows: usize) -> Self {
        Self {
            address_base: u64::from(id) << 56,
            initial: zeroed(rows),
            extensions: [const { OnceLock::new() }; 32],
        }
    }

    #[inline]
    fn get(&self, row: usize) -> Option<&C> {
        match self.initial.get(row) {
            Some(cells) => Some(cells),
            None => self.extended(row),
        }
    }

    /// A row of a table that is never extended.
    #[inline]
    pub(super) fn initial_row(&self, row: u32) -> RowRef<'_, C> {
        let row = row as usize;
        let cells = match self.initial.get(row) {
            Some(cells) => cells,
            None => C::zeros(),
        };
        RowRef { cells, address: self.address(row.wrapping_mul(C::WORDS)) }
    }

    /// A row, wherever it is.
    #[inline]
    pub(super) fn row(&self, row: u32) -> RowRef<'_, C> {
        let row = row as usize;
        let cells = match self.get(row) {
            Some(cells) => cells,
            None => C::zeros(),
        };
        RowRef { cells, address: self.address(row.wrapping_mul(C::WORDS)) }
    }

    /// A row, where there is room for it.
    #[inline]
    pub(super) fn known_row(&self, row: u32) -> Option<RowRef<'_, C>> {
        let row = row as usize;
        Some(RowRef { cells: self.get(row)?, address: self.address(row.wrapping_mul(C::WORDS)) })
    }

    /// The cell of a word, counted over the whole table.
    #[inline]
    pub(super) fn cell(&self, word: usize) -> Option<&AtomicU64> {
        self.get(word / C::WORDS)?.cells().get(word % C::WORDS)
    }

    #[cold]
    fn extended(&self, row: usize) -> Option<&C> {
        let (extension, offset) = self.locate(row)?;
        self.extensions.get(extension)?.get()?.get(offset)
    }

    /// The extension that a row beyond the initial ones is in, and its offset there.
    fn locate(&self, row: usize) -> Option<(usize, usize)> {
        let blocks = row.checked_sub(self.initial.len())? / EXTENSION_ROWS + 1;
        let extension = blocks.ilog2() as usize;
        Some((extension, row - self.initial.len() - EXTENSION_ROWS * ((1 << extension) - 1)))
    }

    /// The cell of a word, for which the table is extended if necessary. Only for the writer.
    pub(super) fn cell_or_extend(&self, word: usize) -> &AtomicU64 {
        if self.cell(word).is_none()
            && let Some((extension, _)) = self.locate(word / C::WORDS)
            && let Some(rows) = self.extensions.get(extension)
        {
            rows.get_or_init(|| zeroed(EXTENSION_ROWS << extension));
        }
        self.cell(word).expect("a table has room for more words than a machine has memory")
    }

    /// The words of the first rows, in order.
    pub(super) fn words(&self, rows: usize) -> impl Iterator<Item = u64> {
        let row = move |row| self.get(row).map_or_else(|| C::zeros().cells(), C::cells);
        (0..rows).flat_map(row).map(|cell| cell.load(Ordering::Relaxed))
    }

    /// Replaces the words of the first rows, while nobody reads yet.
    pub(super) fn fill<E>(&self, rows: usize, mut next: impl FnMut() -> Result<u64, E>) -> Result<(), E> {
        for row in 0..rows {
            self.cell_or_extend(row * C::WORDS);
            for cell in self.get(row).into_iter().flat_map(C::cells) {
                cell.store(next()?, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    const fn address(&self, word: usize) -> u64 {
        self.address_base | word as u64
    }

    /// The bytes allocated for rows.
    pub(super) fn bytes(&self) -> usize {
        let extended: usize =
            self.extensions.iter().filter_map(OnceLock::get).map(|extension| extension.len()).sum();
        (self.initial.len() + extended) * size_of::<C>()
    }
}

/// A row that was located but not yet loaded.
#[derive(Debug)]
pub(super) struct RowRef<'t, C> {
    cells: &'t C,
    // The address of its first word.
    address: u64,
}

impl<C> Clone for RowRef<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for RowRef<'_, C> {}

impl<C: RowCells> RowRef<'_, C> {
    #[inline]
    fn load(&self, place: usize) -> u64 {
        self.cells.cells().get(place).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

/// How words are loaded inside a read section. A word that was never written is zero.
pub(super) trait Reader {
    /// A row; nothing, if this reader does not follow it there.
    #[inline]
    fn row<'t, C: RowCells>(&self, table: &'t RowTable<C>, row: u32) -> Option<RowRef<'t, C>> {
        table.known_row(row)
    }

    /// A word of a row.
    fn load<C: RowCells>(&self, row: RowRef<'_, C>, place: usize) -> u64;

    /// A word, counted over the whole table.
    fn word<C: RowCells>(&self, table: &RowTable<C>, at: usize) -> u64;

    /// The revision of the state that is read.
    fn revision(&self) -> u64;

    /// Whether what was loaded may be of two states, so that the section is going to be retried.
    fn is_stale(&self) -> bool;
}

/// Keeps a load whose value nobody needs, so that its cache line is on its way: a prefetch.
#[inline]
pub(super) fn prefetch(loaded: u64) {
    std::hint::black_box(loaded);
}

/// A read-side critical section, which may be run several times. It has to end on any words, since
/// they may be of two states; what it returns then is thrown away.
pub(super) trait ReadSection {
    /// What it finds out.
    type Output;

    /// Reads once.
    fn run(&mut self, reader: &impl Reader) -> Self::Output;
}

/// The old values of the words that a transaction replaces: an open-addressed hash table.
#[derive(Debug)]
pub(super) struct UndoLog {
    // Pairs of an address plus one, and the old word.
    slots: RowTable<Word>,
    // The number of slots in use, a power of two, less one.
    mask: AtomicU64,
}

impl UndoLog {
    /// The places at which an address may be, in probing order.
    fn probe(&self, address: u64) -> impl Iterator<Item = usize> {
        let mask = self.mask.load(Ordering::Relaxed);
        let start = address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        (0..=mask).map(move |step| (start.wrapping_add(step) & mask) as usize * 2)
    }

    fn old_word(&self, address: u64) -> Option<u64> {
        for slot in self.probe(address) {
            let tag = self.slots.cell(slot)?.load(Ordering::Relaxed);
            if tag == address + 1 {
                return Some(self.slots.cell(slot + 1)?.load(Ordering::Relaxed));
            }
            if tag == 0 {
                return None;
            }
        }
        None
    }

    pub(super) fn fill(&self, olds: impl ExactSizeIterator<Item = (u64, u64)>) {
        let mask = (olds.len() * 2).next_power_of_two() as u64 - 1;
        for word in 0..=mask as usize * 2 + 1 {
            self.slots.cell_or_extend(word).store(0, Ordering::Relaxed);
        }
        self.mask.store(mask, Ordering::Relaxed);
        for (address, old) in olds {
            let free = self
                .probe(address)
                .find(|slot| self.slots.cell_or_extend(*slot).load(Ordering::Relaxed) == 0)
                .expect("the log has twice the slots it needs");
            self.slots.cell_or_extend(free + 1).store(old, Ordering::Relaxed);
            self.slots.cell_or_extend(free).store(address + 1, Ordering::Relaxed);
        }
    }
}

/// The sequence number of the words, and the undo log of the transaction that is being written.
#[derive(Debug)]
pub(super) struct Seqlock {
    // Twice the revision; one more while the writer is on its way to the next.
    pub(super) sequence: AtomicU64,
    pub(super) undo: UndoLog,
}

/// Reads while nobody writes.
pub(super) struct SteadyReader<'l> {
    sequence: &'l AtomicU64,
    // The sequence number at which the section began.
    began: u64,
}

impl Reader for SteadyReader<'_> {
    #[inline]
    fn load<C: RowCells>(&self, row: RowRef<'_, C>, place: usize) -> u64 {
        row.load(place)
    }

    #[inline]
    fn word<C: RowCells>(&self, table: &RowTable<C>, at: usize) -> u64 {
        table.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    #[inline]
    fn revision(&self) -> u64 {
        self.began / 2
    }

    fn is_stale(&self) -> bool {
        self.sequence.load(Ordering::Relaxed) != self.began
    }
}

/// The fast path: as [`SteadyReader`], but finds initial rows only, with one bounds check each and
/// no call. Rows of extensions are left to the steady reader.
pub(super) struct FastReader<'l>(SteadyReader<'l>);

impl<'l> FastReader<'l> {
    /// The reader of the same state that finds every row.
    #[inline]
    pub(super) const fn steady(&self) -> &SteadyReader<'l> {
        &self.0
    }

    /// Whether everything that was loaded is of one state.
    #[inline]
    pub(super) fn validate(&self) -> bool {
        fence(Ordering::Acquire);
        !self.is_stale()
    }
}

impl Reader for FastReader<'_> {
    #[inline]
    fn row<'t, C: RowCells>(&self, table: &'t RowTable<C>, row: u32) -> Option<RowRef<'t, C>> {
        Some(RowRef { cells: table.initial.get(row as usize)?, address: 0 })
    }

    #[inline]
    fn load<C: RowCells>(&self, row: RowRef<'_, C>, place: usize) -> u64 {
        row.load(place)
    }

    #[inline]
    fn word<C: RowCells>(&self, table: &RowTable<C>, at: usize) -> u64 {
        self.0.word(table, at)
    }

    #[inline]
    fn revision(&self) -> u64 {
        self.0.revision()
    }

    #[inline]
    fn is_stale(&self) -> bool {
        self.0.is_stale()
    }
}

/// Reads while the writer is at it: words that are in the undo log as they were before.
struct UndoReader<'l> {
    lock: &'l Seqlock,
    began: u64,
}

impl Reader for UndoReader<'_> {
    fn load<C: RowCells>(&self, row: RowRef<'_, C>, place: usize) -> u64 {
        let old = self.lock.undo.old_word(row.address + place as u64);
        old.unwrap_or_else(|| row.load(place))
    }

    fn word<C: RowCells>(&self, table: &RowTable<C>, at: usize) -> u64 {
        let old = self.lock.undo.old_word(table.address(at));
        old.unwrap_or_else(|| table.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed)))
    }

    fn revision(&self) -> u64 {
        self.began / 2
    }

    fn is_stale(&self) -> bool {
        self.lock.sequence.load(Ordering::Relaxed) != self.began
    }
}

impl Seqlock {
    /// A lock over tables that are at this revision. `table_id` is that of its undo log.
    pub(super) fn new(revision: u64, table_id: u8) -> Self {
        let undo = UndoLog { slots: RowTable::new(table_id, 1024), mask: AtomicU64::new(0) };
        Self { sequence: AtomicU64::new(revision * 2), undo }
    }

    /// The revision that readers find now.
    pub(super) fn revision(&self) -> u64 {
        self.sequence.load(Ordering::Acquire) / 2
    }

    /// A fast reader, unless the writer is at it. What it loads counts only if
    /// [`FastReader::validate`] says so in the end.
    #[inline]
    pub(super) fn fast_reader(&self) -> Option<FastReader<'_>> {
        let began = self.sequence.load(Ordering::Acquire);
        began.is_multiple_of(2).then_some(FastReader(SteadyReader { sequence: &self.sequence, began }))
    }

    /// Runs a section until all it loaded was of one state; returns that state's revision as well.
    /// Each retry means that the writer has finished one more transaction.
    #[inline]
    pub(super) fn read<S: ReadSection>(&self, section: &mut S) -> (S::Output, u64) {
        loop {
            if let Some(found) = self.try_read(section) {
                return found;
            }
        }
    }

    /// Runs a section once; nothing, if the state changed meanwhile.
    #[inline]
    pub(super) fn try_read<S: ReadSection>(&self, section: &mut S) -> Option<(S::Output, u64)> {
        let began = self.sequence.load(Ordering::Acquire);
        let found = if began.is_multiple_of(2) {
            section.run(&SteadyReader { sequence: &self.sequence, began })
        } else {
            self.run_on_undo_log(section, began)
        };
        fence(Ordering::Acquire);
        (self.sequence.load(Ordering::Relaxed) == began).then_some((found, began / 2))
    }

    #[cold]
    fn run_on_undo_log<S: ReadSection>(&self, section: &mut S, began: u64) -> S::Output {
        section.run(&UndoReader { lock: self, began })
    }

    /// Brings the words to a later revision. There must be one writer at a time.
    pub(super) fn publish(&self, revision: u64, changed: &WriteSet<'_>) {
        let from = self.sequence.load(Ordering::Relaxed);
        debug_assert!(from.is_multiple_of(2), "one writer at a time");
        if !changed.words.is_empty() {
            // A reader that still uses the undo log of the last transaction must, if it sees an
            // entry of this one, also see that the sequence number has moved on.
            fence(Ordering::Release);
            self.undo.fill(
                changed.words.iter().map(|(address, write)| (*address, write.cell.load(Ordering::Relaxed))),
            );
            self.sequence.store(from + 1, Ordering::Release);
            fence(Ordering::Release);
            for write in changed.words.values() {
                write.cell.store(write.new, Ordering::Relaxed);
            }
        }
        self.sequence.store(revision * 2, Ordering::Release);
    }
}

/// How the writer loads and stores words.
pub(super) trait WordWriter<'t> {
    /// A word as this writer has left it.
    fn word<C: RowCells>(&self, table: &'t RowTable<C>, at: usize) -> u64;

    /// Replaces a word.
    fn set<C: RowCells>(&mut self, table: &'t RowTable<C>, at: usize, word: u64);
}

/// Stores words in place, while nobody reads yet.
#[derive(Debug, Default)]
pub(super) struct DirectWriter;

impl<'t> WordWriter<'t> for DirectWriter {
    fn word<C: RowCells>(&self, table: &'t RowTable<C>, at: usize) -> u64 {
        table.cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    fn set<C: RowCells>(&mut self, table: &'t RowTable<C>, at: usize, word: u64) {
        table.cell_or_extend(at).store(word, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct PendingWrite<'t> {
    cell: &'t AtomicU64,
    new: u64,
}

/// The writes of one transaction, by address, to be published together.
#[derive(Debug, Default)]
pub(super) struct WriteSet<'t> {
    pub(super) words: BTreeMap<u64, PendingWrite<'t>>,
}

impl<'t> WordWriter<'t> for WriteSet<'t> {
    fn word<C: RowCells>(&self, table: &'t RowTable<C>, at: usize) -> u64 {
        match self.words.get(&table.address(at)) {
            Some(write) => write.new,
            None => DirectWriter.word(table, at),
        }
    }

    fn set<C: RowCells>(&mut self, table: &'t RowTable<C>, at: usize, word: u64) {
        let cell = table.cell_or_extend(at);
        self.words.insert(table.address(at), PendingWrite { cell, new: word });
    }
}
