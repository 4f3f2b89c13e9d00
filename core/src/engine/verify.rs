//! Whether the journal holds, and the present is what its records lead to. Reads everything
//! and mends nothing.

use super::error::Error;
use super::records::PAGE;
use crate::decide::changes_of;
use crate::journal::{Head, Record};
use crate::store::Reading;
use crate::view::{Index, Key, Memory, Span, View};

/// The first record that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} does not hold: {why}")]
pub struct Flaw {
    /// The record; the head, where the present is not what the records lead to.
    pub seq: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Follows the chain from the first record, and builds the world the records lead to.
pub(super) fn replay(reading: &dyn Reading, head: &Head) -> Result<Result<Memory, Flaw>, Error> {
    let mut world = Memory::new();
    let mut last = Head::EMPTY;
    loop {
        let page = reading.records_after(last.seq, PAGE)?;
        for stored in &page {
            let flaw = |why: &str| Ok(Err(Flaw { seq: last.seq + 1, why: why.to_owned() }));
            if stored.seq != last.seq + 1 {
                return flaw("the record is missing");
            }
            if stored.hash != last.hash.chain(&stored.text) {
                return flaw("its hash does not follow from the record before and its text");
            }
            let Ok(record) = Record::decode(&stored.text) else { return flaw("its text is not a record") };
            if record.seq != stored.seq {
                return flaw("it carries another record's number");
            }
            if last.at.is_some_and(|at| record.at < at) {
                return flaw("it is older than the record before");
            }
            for change in changes_of(&world, &record.events, record.at)? {
                world.change(change);
            }
            last = Head { seq: record.seq, hash: stored.hash, at: Some(record.at) };
        }
        if page.len() < PAGE {
            break;
        }
    }
    if last.seq != head.seq || last.hash != head.hash {
        return Ok(Err(Flaw { seq: last.seq + 1, why: "the journal ends before its head".to_owned() }));
    }
    Ok(Ok(world))
}

/// How the present differs from the world the records lead to, if it does.
pub(super) fn compare(reading: &dyn Reading, world: &Memory) -> Result<Option<String>, Error> {
    let present = reading.view();
    let (there, expected) = (reading.count()?, world.entities().count() as u64);
    if there > expected {
        return Ok(Some(format!("there are {there} entities, and the records speak of {expected}")));
    }
    for expected in world.entities() {
        let (kind, id) = (expected.kind(), expected.id());
        if present.load(kind, id)?.as_ref() != Some(expected) {
            return Ok(Some(format!("{} {id} is not what the records say", kind.name())));
        }
    }
    for &index in Index::ALL {
        let mut span = Span::under(index, Key::new());
        loop {
            let (there, expected) = (present.scan(&span, PAGE)?, world.scan(&span, PAGE)?);
            let ids = |found: &[crate::view::Found]| -> Vec<_> {
                found.iter().map(|one| (one.key.clone(), one.entity.kind(), one.entity.id())).collect()
            };
            if ids(&there) != ids(&expected) {
                return Ok(Some(format!("index {} is not what the records say", index.name())));
            }
            match there.last() {
                Some(last) if there.len() == PAGE => span = span.after(last.key.clone(), last.entity.id()),
                _ => break,
            }
        }
    }
    Ok(None)
}
