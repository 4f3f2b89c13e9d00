//! Whether the journal holds, and whether what is stored is what its records lead to. Reads
//! everything and mends nothing. Holds no more in memory than a page of records and what they
//! change: the world that they lead to is written a second time where the store says.

use super::error::{Corruption, CorruptionKind, Error};
use super::records::{PAGE, decoded};
use super::token::Token;
use super::verified::{Progress, Verified};
use crate::about;
use crate::decide::{Step, retraced};
use crate::event::Event;
use crate::journal::{Hash, Head, RULES, Record};
use crate::model::Subject;
use crate::store::{
    Enough, LOST, MISADDRESSED, MISPOINTED, Mended, NewRecord, Reading, Retelling, StoreError, StoredRecord,
    Vouched,
};
use crate::view::{Any, Overlay, Span, Write};

/// Hears how far it has come.
pub(super) type Heard<'h> = &'h mut dyn FnMut(Progress);

/// What of a store holds, as it is found out.
struct Findings {
    head: Head,
    /// Where what is derived was made under older rules: which.
    older: Option<u32>,
    differs: Option<String>,
}

impl Findings {
    fn of(reading: &dyn Reading) -> Result<Self, Error> {
        let rules = reading.rules()?;
        let head = reading.head()?;
        // What says so itself, under its hash, is believed.
        let first = reading.records_after(0, 1)?.first().and_then(|first| decoded(first).ok());
        if let Some(first) = first.filter(|first| first.rules > rules) {
            let why =
                format!("it says rules {rules}, and its first record was written under {}", first.rules);
            return Err(Corruption { kind: CorruptionKind::Foreign, seq: head.seq, why }.into());
        }
        Ok(Self { head, older: Some(rules).filter(|rules| *rules < RULES), differs: None })
    }

    /// What is derived is not as the records lead to. Where it was made by older rules, nobody can
    /// tell what is wrong with it.
    fn derived(&mut self, seq: u64, flaw: Option<String>) -> Result<(), Corruption> {
        match flaw {
            Some(why) if self.older.is_none() => Err(Corruption { kind: CorruptionKind::Derived, seq, why }),
            Some(why) => {
                self.differs.get_or_insert(why);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn other(&self, kind: CorruptionKind, flaw: Option<String>) -> Result<(), Corruption> {
        flaw.map_or(Ok(()), |why| Err(Corruption { kind, seq: self.head.seq, why }))
    }

    fn people(&self, retelling: &dyn Retelling, everybody: bool) -> Result<(), Error> {
        let mut first = None;
        retelling.misremembered(everybody, &mut |flaw| {
            first.get_or_insert(flaw);
            true
        })?;
        Ok(self.other(CorruptionKind::Personal, first)?)
    }

    fn told(self, epoch: uuid::Uuid, retelling: &dyn Retelling) -> Result<Verified, Error> {
        let Self { head, older, differs } = self;
        let token = Token { epoch, seq: head.seq, hash: head.hash };
        Ok(Verified { token, older, current: RULES, differs, lost_receipts: retelling.lost()? })
    }
}

/// Verifies all of it.
pub(super) fn verify(reading: &dyn Reading, epoch: uuid::Uuid, heard: Heard<'_>) -> Result<Verified, Error> {
    let mut findings = Findings::of(reading)?;
    findings.other(CorruptionKind::Foreign, reading.foreign()?)?;
    let mut retelling = reading.retell()?;
    replay(reading, &mut *retelling, heard, &mut |seq, flaw| Ok(findings.derived(seq, Some(flaw))?))?;
    let (seq, tables) = (findings.head.seq, retelling.tables());
    for table in 0..tables {
        findings.derived(seq, retelling.difference(table)?)?;
        heard(Progress::Tables { done: table + 1, of: tables });
    }
    findings.people(&*retelling, true)?;
    findings.told(epoch, &*retelling)
}

/// Verifies the records after one that was verified before, and whatever they have changed.
pub(super) fn verify_since(
    reading: &dyn Reading,
    token: &Token,
    epoch: uuid::Uuid,
    heard: Heard<'_>,
) -> Result<Verified, Error> {
    let mut findings = Findings::of(reading)?;
    let mut last = Head { seq: 0, hash: Hash::GENESIS, at: None };
    if let Some(before) = token.seq.checked_sub(1) {
        let found = reading.records_after(before, 1)?;
        let Some(found) = found.first() else { return Err(Error::Diverged { token: *token }) };
        last = Head { seq: found.seq, hash: found.hash, at: Some(decoded(found)?.at) };
    }
    if epoch != token.epoch || (last.seq, last.hash) != (token.seq, token.hash) {
        return Err(Error::Diverged { token: *token });
    }
    let mut retelling = reading.retell()?;
    loop {
        let page = reading.records_after(last.seq, PAGE)?;
        let pages = page.len();
        let before = reading.as_of(last.seq)?;
        let mut world = Overlay::over(&*before);
        for stored in page {
            let record = following(&last, &stored)?;
            let seq = record.seq;
            last = Head { seq, hash: stored.hash, at: Some(record.at) };
            findings.derived(seq, receipt(reading, &record)?.1)?;
            let mut step = retraced(&world, record.events.clone(), record.at)?;
            step.about.extend(about::of_actor(&record.actor));
            for (subject, known) in said(&record, &step) {
                retelling.note(seq, subject, known)?;
            }
            findings.derived(seq, untrue(reading, seq, &step)?)?;
            step.changes.into_iter().for_each(|change| world.change(change));
        }
        heard(Progress::Records { done: last.seq, of: findings.head.seq });
        if pages < PAGE {
            break;
        }
    }
    ends(reading, &last, &findings.head)?;
    findings.people(&*retelling, false)?;
    findings.told(epoch, &*retelling)
}

/// How what is stored after a record differs from what the record leads to.
fn untrue(reading: &dyn Reading, seq: u64, step: &Step) -> Result<Option<String>, Error> {
    for subject in &step.about {
        if reading.records_about(*subject, seq - 1, 1)?.first().is_none_or(|found| found.seq != seq) {
            return Ok(Some(format!("it is not found by {}, which it is about", subject.uuid())));
        }
    }
    let after = reading.as_of(seq)?;
    for change in &step.changes {
        let (kind, id) = change.target();
        let due = match change {
            Write::Put(any) => Some(any),
            Write::Remove(_) => None,
        };
        if after.load(kind, id)?.as_ref() != due {
            return Ok(Some(format!("the {} {id} is not what it says", kind.name())));
        }
        for (index, key) in due.into_iter().flat_map(Any::keys) {
            let mut span = Span::under(index, key.clone());
            if let Some(before) = id.as_u128().checked_sub(1) {
                span = span.after(key.clone(), uuid::Uuid::from_u128(before));
            }
            let found = after.scan(&span, 1)?;
            if found.first().is_none_or(|found| found.key != key || found.id != id) {
                return Ok(Some(format!("index {} does not find the {} {id}", index.name(), kind.name())));
            }
        }
    }
    Ok(None)
}

/// Tells the records of a reading anew, and what of the personal data that is there is not as they
/// say.
pub(super) fn tell(
    reading: &dyn Reading,
    retelling: &mut dyn Retelling,
    heard: Heard<'_>,
) -> Result<Vec<String>, Error> {
    // A receipt that is missing is made anew.
    replay(reading, retelling, heard, &mut |_, _| Ok(()))?;
    let mut flaws = Vec::new();
    retelling.misremembered(true, &mut |flaw| -> Enough {
        // What it is found by can be made anew.
        if ![MISADDRESSED, MISPOINTED].iter().any(|anew| flaw.ends_with(anew)) {
            flaws.push(flaw);
        }
        flaws.len() >= Mended::TOLD
    })?;
    Ok(flaws)
}

/// Follows the chain from the first record, and tells it anew. What is wrong with a receipt,
/// `amiss` gets to hear.
fn replay(
    reading: &dyn Reading,
    retelling: &mut dyn Retelling,
    heard: Heard<'_>,
    amiss: &mut dyn FnMut(u64, String) -> Result<(), Error>,
) -> Result<(), Error> {
    let head = reading.head()?;
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
                flaw.map_or(Ok(()), |flaw| amiss(record.seq, flaw))?;
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
        heard(Progress::Records { done: last.seq, of: head.seq });
        if pages < PAGE {
            break;
        }
    }
    ends(reading, &last, &head)
}

/// The journal ends where it should: at its head, and not before what was made of it.
fn ends(reading: &dyn Reading, last: &Head, head: &Head) -> Result<(), Error> {
    let flaw = |why: &str| Corruption { kind: CorruptionKind::Chain, seq: last.seq + 1, why: why.to_owned() };
    if (last.seq, last.hash) != (head.seq, head.hash) {
        return Err(flaw("the journal ends before its head").into());
    }
    if reading.told()? > head.seq {
        return Err(flaw("the record is missing, and what was made of it is there").into());
    }
    Ok(())
}

/// The record of a text, if it follows on the one before.
fn following(last: &Head, stored: &StoredRecord) -> Result<Record, Corruption> {
    let kind = CorruptionKind::Chain;
    let flaw = |why: &str| Err(Corruption { kind, seq: last.seq + 1, why: why.to_owned() });
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
    let receipt = match reading.receipt(request) {
        Err(StoreError::Damaged { what }) => return Ok((LOST, Some(what))),
        receipt => receipt?,
    };
    let flaw = match receipt {
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
fn said(record: &Record, step: &Step) -> Vec<(Subject, Vouched)> {
    let erased = |event: &Event| match event {
        Event::PersonalErased { subject } => Some((*subject, Vouched::Erased)),
        _ => None,
    };
    let unsaid = step.about.iter().filter(|_| record.rules == 0).map(|subject| (*subject, Vouched::Unsaid));
    let committed = record.personal.iter().map(|it| (it.subject, Vouched::Committed(it.hash)));
    unsaid.chain(committed).chain(record.events.iter().filter_map(erased)).collect()
}
