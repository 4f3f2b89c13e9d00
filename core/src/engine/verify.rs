//! Whether the journal holds, and whether what is stored is what its records lead to. Reads
//! everything and mends nothing. Holds no more in memory than a page of records and what they
//! change: the world that they lead to is written a second time where the store says.

use super::error::{Corruption, Error};
use super::records::PAGE;
use crate::about;
use crate::decide::{Step, retraced};
use crate::event::Event;
use crate::journal::{Hash, Head, Record};
use crate::model::Subject;
use crate::store::{Known, LOST, NewRecord, Reading, Retelling, StoredRecord};
use crate::view::Overlay;

/// Verifies all of it, and says up to where it holds.
pub(super) fn verify(reading: &dyn Reading) -> Result<Head, Error> {
    let head = reading.head()?;
    let hold = |flaw: Option<String>| match flaw {
        Some(why) => Err(Error::from(Corruption { seq: head.seq, why })),
        None => Ok(()),
    };
    hold(reading.foreign()?)?;
    let mut retelling = reading.retell()?;
    replay(reading, &head, &mut *retelling)?;
    hold(retelling.difference()?)?;
    let mut misremembered = None;
    retelling.misremembered(true, &mut |flaw| misremembered.replace(flaw).is_none())?;
    hold(misremembered)?;
    Ok(head)
}

/// Follows the chain from the first record, and tells it anew.
fn replay(reading: &dyn Reading, head: &Head, retelling: &mut dyn Retelling) -> Result<(), Error> {
    let mut last = Head::EMPTY;
    loop {
        let page = reading.records_after(last.seq, PAGE)?;
        let pages = page.len();
        let (mut told, mut noted) = (Vec::with_capacity(pages), Vec::new());
        {
            let mut world = Overlay::over(retelling.view());
            for stored in page {
                let record = following(&last, &stored)?;
                last = Head { seq: record.seq, hash: stored.hash, at: Some(record.at) };
                let (fingerprint, flaw) = receipt(reading, &record)?;
                if let Some(why) = flaw {
                    return Err(Corruption { seq: record.seq, why }.into());
                }
                let request = record.request.map(|id| (id, fingerprint));
                let mut step = retraced(&world, record.events.clone(), record.at)?;
                step.about.extend(about::of_actor(&record.actor));
                noted.extend(said(&record, &step).into_iter().map(|(of, known)| (record.seq, of, known)));
                step.changes.iter().for_each(|change| world.change(change.clone()));
                told.push(NewRecord {
                    record: stored,
                    at: record.at,
                    request,
                    about: step.about.into_iter().collect(),
                    changes: step.changes,
                    people: step.people.into_iter().map(|(subject, _)| (subject, None)).collect(),
                });
            }
        }
        retelling.append(told)?;
        for (seq, subject, known) in noted {
            retelling.note(seq, subject, known)?;
        }
        if pages < PAGE {
            break;
        }
    }
    if last.seq != head.seq || last.hash != head.hash {
        let why = "the journal ends before its head".to_owned();
        return Err(Corruption { seq: last.seq + 1, why }.into());
    }
    Ok(())
}

/// The record of a text, if it follows on the one before.
fn following(last: &Head, stored: &StoredRecord) -> Result<Record, Corruption> {
    let flaw = |why: &str| Err(Corruption { seq: last.seq + 1, why: why.to_owned() });
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
    Ok(record)
}

/// The fingerprint that a record's receipt should have, as far as that can be told, and what is
/// wrong with the one that is there. What was forgotten is in no record; whether it was, follows
/// from them.
fn receipt(reading: &dyn Reading, record: &Record) -> Result<(Hash, Option<String>), Error> {
    let Some(request) = record.request else { return Ok((LOST, None)) };
    let flaw = match reading.receipt(request)? {
        None => "its request has no receipt".to_owned(),
        Some(receipt) if receipt.seq != record.seq => {
            format!("its request has the receipt of record {}", receipt.seq)
        }
        Some(receipt) => match (receipt.fingerprint, record.commitment) {
            (None, _) => return Ok((LOST, None)),
            (Some(held), Some(commitment)) if Hash::of(held.bytes()) != commitment => {
                "the receipt of its request has another fingerprint".to_owned()
            }
            (Some(held), _) => return Ok((held, None)),
        },
    };
    Ok((LOST, Some(flaw)))
}

/// What a record says of people. One of before there were commitments may have changed what is
/// known about whomever it is about.
fn said(record: &Record, step: &Step) -> Vec<(Subject, Known)> {
    let erased = |event: &Event| match event {
        Event::PersonalErased { subject } => Some((*subject, Known::Erased)),
        _ => None,
    };
    let unsaid = step.about.iter().filter(|_| record.rules == 0).map(|subject| (*subject, Known::Unsaid));
    let committed = record.personal.iter().map(|it| (it.subject, Known::Committed(it.hash)));
    unsaid.chain(committed).chain(record.events.iter().filter_map(erased)).collect()
}
