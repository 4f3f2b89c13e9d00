//! The index as bytes, and the way back: its words and what its writer knows. Knows no file, and of
//! its store only the key that it is given.
//!
//! It is a head of fixed length, the state of the writer in JSON, and the words of the tables. Head
//! and body carry a stamp each: a hash under a key that only the store and the revision make. A
//! stamp that fits says that this library wrote these bytes of this very state; so nothing in them
//! is believed before, no length either, and nothing has to be doubted after.

use std::io::{self, BufReader, Read, Take, Write};

use sha2::{Digest, Sha256};

use super::layout::{RowCounts, TableTask, Tables};
use super::seqlock::{RowCells, RowTable};
use crate::journal::Hash;

/// What a saved index begins with.
const MAGIC: [u8; 8] = *b"tnryindx";

/// Words of the head: the revision, the length of the state, the rows of each table.
const WORDS: usize = 2 + Tables::COUNT as usize;

/// The bytes of the head.
const HEAD: usize = MAGIC.len() + 8 * WORDS;

/// The bytes of a stamp.
const STAMP: usize = 32;

/// How many bytes are read at a time.
const PIECE: usize = 1 << 20;

/// Which library wrote it, and by which sources: what they say of the words may change with every
/// line of theirs, and nobody has to remember to say so.
const MADE_BY: (&str, u64) = (
    env!("CARGO_PKG_VERSION"),
    fingerprint(&[
        include_bytes!("saved.rs"),
        include_bytes!("layout.rs"),
        include_bytes!("list.rs"),
        include_bytes!("names.rs"),
        include_bytes!("follow.rs"),
    ]),
);

/// FNV-1a.
const fn fingerprint(mut sources: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    while let [first, rest @ ..] = sources {
        let mut source: &[u8] = first;
        while let [byte, left @ ..] = source {
            hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
            source = left;
        }
        sources = rest;
    }
    hash
}

/// A running hash of what a saved index is made of.
#[derive(Clone)]
struct Stamp(Sha256);

impl Stamp {
    fn begin(head: &[u8]) -> Self {
        let (version, sources) = MADE_BY;
        let hash = Sha256::new_with_prefix(version).chain_update(sources.to_le_bytes());
        Self(hash.chain_update(head))
    }

    /// What only the key and all that was hashed lead to.
    fn under(self, key: &Hash) -> [u8; STAMP] {
        Sha256::new_with_prefix(key.bytes()).chain_update(self.0.finalize()).finalize().into()
    }
}

/// An index as it was at a revision, to be written somewhere.
pub struct IndexBytes {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl IndexBytes {
    /// The first rows of the tables, and the state of their writer.
    pub(super) fn of(seq: u64, tables: &Tables, rows: &RowCounts, state: Vec<u8>) -> Self {
        let counts = rows.iter().map(|rows| u64::from(*rows));
        let words = [seq, state.len() as u64].into_iter().chain(counts);
        let head = MAGIC.into_iter().chain(words.flat_map(u64::to_le_bytes)).collect();
        let mut body = Copying(state);
        let Ok(()) = tables.each(rows, &mut body);
        Self { head, body: body.0 }
    }

    /// Writes it under a key: to all of it, whoever reads it needs the same.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, key: &Hash, to: &mut dyn Write) -> io::Result<()> {
        let mut stamp = Stamp::begin(&self.head);
        to.write_all(&self.head)?;
        to.write_all(&stamp.clone().under(key))?;
        for piece in self.body.chunks(PIECE) {
            stamp.0.update(piece);
            to.write_all(piece)?;
        }
        to.write_all(&stamp.under(key))
    }
}

/// Copies words out of tables.
struct Copying(Vec<u8>);

impl TableTask for Copying {
    type Error = std::convert::Infallible;

    fn run<C: RowCells>(&mut self, table: &RowTable<C>, rows: u32) -> Result<(), Self::Error> {
        let rows = rows as usize;
        self.0.reserve_exact(rows * C::WORDS * 8);
        table.words(rows).for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
        Ok(())
    }
}

/// What may be a saved index, of which only the head was read.
pub struct SavedIndex<R> {
    from: R,
    head: [u8; HEAD],
    stamp: [u8; STAMP],
}

impl<R: Read> SavedIndex<R> {
    /// Whether this begins as a saved index does, of whatever store, library and state.
    pub fn is_one(mut from: R) -> bool {
        let mut begins = [0; MAGIC.len()];
        from.read_exact(&mut begins).is_ok_and(|()| begins == MAGIC)
    }

    /// Reads the head; none, where this begins as no saved index does.
    pub fn open(mut from: R) -> Option<Self> {
        let (mut head, mut stamp) = ([0; HEAD], [0; STAMP]);
        from.read_exact(&mut head).ok()?;
        from.read_exact(&mut stamp).ok()?;
        head.starts_with(&MAGIC).then_some(Self { from, head, stamp })
    }

    fn words(&self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        let held = self.head.as_chunks().0.iter().skip(MAGIC.len() / 8);
        words.iter_mut().zip(held).for_each(|(word, held)| *word = u64::from_le_bytes(*held));
        words
    }

    /// The revision that it says it is of.
    pub fn seq(&self) -> u64 {
        let [seq, ..] = self.words();
        seq
    }

    /// The rows of each table; none, where the head is not under this key.
    pub(super) fn rows(&self, key: &Hash) -> Option<RowCounts> {
        let [_, _, counts @ ..] = self.words();
        let mut rows = RowCounts::default();
        for (rows, count) in rows.iter_mut().zip(counts) {
            *rows = u32::try_from(count).ok()?;
        }
        (Stamp::begin(&self.head).under(key) == self.stamp).then_some(rows)
    }

    /// Fills the tables, and gives the state of their writer; none, where the body cannot be read,
    /// is not all under this key, or something follows it. To be called once the head is known.
    pub(super) fn fill(mut self, tables: &Tables, rows: &RowCounts, key: &Hash) -> Option<Vec<u8>> {
        let [_, length, ..] = self.words();
        let mut bytes = Bytes(length);
        let Ok(()) = tables.each(rows, &mut bytes);
        let stamped = Stamped { from: self.from.by_ref().take(bytes.0), stamp: Stamp::begin(&self.head) };
        let mut body = Filling(BufReader::with_capacity(PIECE, stamped));
        let mut state = Vec::new();
        body.0.by_ref().take(length).read_to_end(&mut state).ok()?;
        tables.each(rows, &mut body).ok()?;
        let (held, mut last) = (body.0.into_inner().stamp.under(key), [0; STAMP]);
        self.from.read_exact(&mut last).ok()?;
        let ends = self.from.read(&mut [0]).ok()? == 0;
        (held == last && ends).then_some(state)
    }
}

/// Counts the bytes of tables.
struct Bytes(u64);

impl TableTask for Bytes {
    type Error = std::convert::Infallible;

    fn run<C: RowCells>(&mut self, _: &RowTable<C>, rows: u32) -> Result<(), Self::Error> {
        self.0 += u64::from(rows) * C::WORDS as u64 * 8;
        Ok(())
    }
}

/// Reads words into tables.
struct Filling<R>(R);

impl<R: Read> TableTask for Filling<R> {
    type Error = io::Error;

    fn run<C: RowCells>(&mut self, table: &RowTable<C>, rows: u32) -> io::Result<()> {
        table.fill(rows as usize, || {
            let mut word = [0; 8];
            self.0.read_exact(&mut word)?;
            Ok(u64::from_le_bytes(word))
        })
    }
}

/// Hashes what is read.
struct Stamped<R> {
    from: Take<R>,
    stamp: Stamp,
}

impl<R: Read> Read for Stamped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.stamp.0.update(into.get(..read).unwrap_or_default());
        Ok(read)
    }
}
