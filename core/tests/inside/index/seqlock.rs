use std::sync::atomic::Ordering;

use crate::seqlock::*;

/// Under Miri, which is thousands of times slower, fewer.
const REVISIONS: u64 = if cfg!(miri) { 10 } else { 20_000 };
const FAR: usize = if cfg!(miri) { 100 } else { 900_000 };

/// Reads two words, far from each other, that are equal in every state.
struct Pair<'t>(&'t RowTable<CacheLine>);

impl ReadSection for Pair<'_> {
    type Output = (u64, u64);

    fn run(&mut self, reader: &impl Reader) -> (u64, u64) {
        (reader.word(self.0, 3), reader.word(self.0, FAR))
    }
}

#[test]
fn a_reader_finds_words_of_one_state_while_the_writer_writes() {
    let table = RowTable::<CacheLine>::new(1, 1);
    let lock = Seqlock::new(0, 2);
    std::thread::scope(|threads| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                threads.spawn(|| {
                    let mut last = 0;
                    while last < REVISIONS {
                        std::hint::spin_loop();
                        let ((one, other), revision) = lock.read(&mut Pair(&table));
                        assert_eq!((one, other), (revision * 7, revision * 7));
                        assert!(revision >= last);
                        last = revision;
                    }
                })
            })
            .collect();
        for revision in 1..=REVISIONS {
            let mut changed = WriteSet::default();
            changed.set(&table, FAR, revision * 7);
            changed.set(&table, 3, revision * 7);
            lock.publish(revision, &changed);
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn a_reader_amid_a_transaction_finds_the_state_before() {
    let table = RowTable::<CacheLine>::new(1, 1);
    let lock = Seqlock::new(4, 2);
    let mut changed = WriteSet::default();
    changed.set(&table, 3, 1);
    changed.set(&table, FAR, 1);
    // As far as a writer gets that is preempted between its two stores.
    lock.undo.fill(changed.words.keys().map(|address| (*address, 0)));
    lock.sequence.store(9, Ordering::Release);
    table.cell_or_extend(3).store(1, Ordering::Relaxed);
    assert_eq!(lock.read(&mut Pair(&table)), ((0, 0), 4));
    table.cell_or_extend(FAR).store(1, Ordering::Relaxed);
    lock.sequence.store(10, Ordering::Release);
    assert_eq!(lock.read(&mut Pair(&table)), ((1, 1), 5));
}

#[test]
fn a_fast_reader_finds_initial_rows_while_nobody_writes() {
    let table = RowTable::<CacheLine>::new(1, 2);
    let lock = Seqlock::new(4, 2);
    let fast = lock.fast_reader().unwrap();
    assert!(fast.row(&table, 1).is_some() && fast.row(&table, 2).is_none());
    let steady = |row| fast.steady().row(&table, row).map(|row| fast.load(row, 0));
    assert_eq!(steady(2), None, "there is no room for it");
    table.cell_or_extend(2 * CacheLine::WORDS);
    assert_eq!(steady(2), Some(0));
    assert!(fast.row(&table, 2).is_none());
    assert_eq!(fast.revision(), 4);
    assert!(fast.validate());
    let mut changed = WriteSet::default();
    changed.set(&table, 8, 1);
    lock.publish(5, &changed);
    assert!(!fast.validate());
    lock.sequence.store(11, Ordering::Release);
    assert!(lock.fast_reader().is_none());
}

#[test]
fn a_table_grows_without_moving() {
    let table = RowTable::<HalfLine>::new(1, 5);
    let first = std::ptr::from_ref(table.cell_or_extend(19));
    let mut direct = DirectWriter;
    let words = if cfg!(miri) { 10_000 } else { 200_000 };
    for word in 0..words {
        direct.set(&table, word, word as u64 + 1);
    }
    assert_eq!(first, std::ptr::from_ref(table.cell_or_extend(19)));
    for word in 0..words {
        assert_eq!(direct.word(&table, word), word as u64 + 1);
    }
    assert_eq!(direct.word(&table, 100_000_000), 0);
}
