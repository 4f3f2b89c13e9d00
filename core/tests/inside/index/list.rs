use std::collections::BTreeMap;

use crate::list::*;
use crate::seqlock::{CacheLine, DirectWriter, ReadSection, Reader, RowTable, Seqlock};

struct Whole<'t>(&'t RowTable<CacheLine>, u32);

impl ReadSection for Whole<'_> {
    type Output = Vec<(u32, u32)>;

    fn run(&mut self, reader: &impl Reader) -> Self::Output {
        let mut found = Vec::new();
        each(reader, self.0, self.1, &mut |entry| {
            assert_eq!(find(reader, self.0, self.1, entry.number), Some(entry.payload));
            found.push((entry.number, entry.payload));
        });
        found
    }
}

struct One<'t>(&'t RowTable<CacheLine>, u32, u32);

impl ReadSection for One<'_> {
    type Output = Option<u32>;

    fn run(&mut self, reader: &impl Reader) -> Option<u32> {
        find(reader, self.0, self.1, self.2)
    }
}

fn play(steps: u32, range: u32, seed: u64) {
    let heap = RowTable::new(1, 1);
    let lock = Seqlock::new(0, 2);
    let (mut direct, mut allocator) = (DirectWriter, BlockAllocator::default());
    let mut lists = ListWriter { words: &mut direct, heap: &heap, allocator: &mut allocator };
    let mut model = BTreeMap::new();
    let (mut list, mut state) = (0, seed);
    for step in 0..steps {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (state >> 33) as u32 % range;
        // It grows at first and shrinks in the end.
        let removes = if step < steps / 2 { 1 } else { 3 };
        if state >> 20 & 3 < removes {
            list = lists.remove(list, number);
            model.remove(&number);
        } else {
            list = lists.put(list, ListEntry { number, payload: step });
            model.insert(number, step);
        }
        let held = lock.read(&mut One(&heap, list, number)).0;
        assert_eq!(held, model.get(&number).copied());
        if step % (steps / 50) == 0 {
            let wanted: Vec<_> = model.iter().map(|(number, payload)| (*number, *payload)).collect();
            assert_eq!(lock.read(&mut Whole(&heap, list)).0, wanted);
            assert!(lists.numbers(list).iter().eq(model.keys()));
        }
    }
    for number in 0..range {
        list = lists.remove(list, number);
    }
    assert_eq!(list, 0);
    // Every block was freed.
    let allocated = serde_json::to_value(&allocator).unwrap();
    let free = allocated["free"].as_array().unwrap().iter().enumerate();
    let free: u64 = free.map(|(class, blocks)| (blocks.as_array().unwrap().len() as u64) << class).sum();
    assert_eq!(free + 1, allocated["next"].as_u64().unwrap());
}

#[test]
fn a_list_holds_what_was_put_and_not_removed() {
    play(2_000, 30, 1);
    play(20_000, 1_000, 2);
    play(200_000, 40_000, 3);
}
