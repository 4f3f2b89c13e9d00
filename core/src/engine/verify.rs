//! Whether the journal holds, and whether what is stored is what its records lead to. Reads
//! everything and mends nothing.

use std::collections::BTreeMap;

use super::error::{Corruption, Error};
use super::records::PAGE;
use crate::about;
use crate::base::ids::UserId;
use crate::decide::retraced;
use crate::journal::{Hash, Head, Record};
use crate::model::{AddressChange, HandshakeState, Subject};
use crate::store::{NewRecord, Reading, Retelling};
use crate::view::{Index, Key, Kind, Memory, Span, View};

/// The world that the records lead to.
#[derive(Default)]
struct Replayed {
    world: Memory,
    /// Everybody whose personal data was erased: by which record, unless a later one is about them.
    erased: BTreeMap<Subject, Option<u64>>,
}

/// Verifies all of it, and says up to where it holds.
pub(super) fn verify(reading: &dyn Reading) -> Result<Head, Error> {
    let head = reading.head()?;
    let hold = |flaw: Option<String>| match flaw {
        Some(why) => Err(Error::from(Corruption { seq: head.seq, why })),
        None => Ok(()),
    };
    hold(reading.foreign()?)?;
    let mut retelling = reading.retell()?;
    let replayed = replay(reading, &head, &mut *retelling)?;
    hold(retelling.difference()?)?;
    hold(misremembered(reading, &replayed)?)?;
    hold(compare(reading, &replayed.world)?)?;
    Ok(head)
}

/// Follows the chain from the first record, tells it anew, and builds the world it leads to.
fn replay(reading: &dyn Reading, head: &Head, retelling: &mut dyn Retelling) -> Result<Replayed, Error> {
    let mut replayed = Replayed::default();
    let mut last = Head::EMPTY;
    loop {
        let page = reading.records_after(last.seq, PAGE)?;
        let pages = page.len();
        let mut told = Vec::with_capacity(pages);
        for stored in page {
            let flaw = |why: &str| Err(Corruption { seq: last.seq + 1, why: why.to_owned() }.into());
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
            // The hash of a request is in no record; whether it was forgotten follows from them.
            let unforgotten = || Hash::of("a request");
            let request = match record.request {
                Some(id) => match reading.receipt(id)? {
                    None => return flaw("its request has no receipt"),
                    Some(receipt) if receipt.seq != record.seq => {
                        return flaw(&format!("its request has the receipt of record {}", receipt.seq));
                    }
                    Some(receipt) => Some((id, receipt.fingerprint.unwrap_or_else(unforgotten))),
                },
                None => None,
            };
            last = Head { seq: record.seq, hash: stored.hash, at: Some(record.at) };
            let mut step = retraced(&replayed.world, record.events, record.at)?;
            step.about.extend(about::of_actor(&record.actor));
            for subject in &step.about {
                replayed.erased.entry(*subject).and_modify(|by| *by = None);
            }
            for (subject, _) in &step.people {
                replayed.erased.insert(*subject, Some(record.seq));
            }
            for change in &step.changes {
                replayed.world.change(change.clone());
            }
            told.push(NewRecord {
                record: stored,
                at: record.at,
                request,
                about: step.about.into_iter().collect(),
                changes: step.changes,
                people: step.people,
            });
        }
        retelling.append(told)?;
        if pages < PAGE {
            break;
        }
    }
    if last.seq != head.seq || last.hash != head.hash {
        let why = "the journal ends before its head".to_owned();
        return Err(Corruption { seq: last.seq + 1, why }.into());
    }
    Ok(replayed)
}

/// Whose personal data is there although it was erased, or missing although it was not: every user
/// is known by an address, and by another as long as they are asked to confirm it (U-1).
fn misremembered(reading: &dyn Reading, replayed: &Replayed) -> Result<Option<String>, Error> {
    for (subject, by) in &replayed.erased {
        if let Some(by) = by
            && reading.personal(*subject)?.is_some()
        {
            let kind = match subject {
                Subject::User(_) => Kind::User,
                Subject::Tenant(_) => Kind::Tenant,
            };
            let (kind, id) = (kind.name(), subject.uuid());
            return Ok(Some(format!("personal data of {kind} {id} is there, which record {by} erased")));
        }
    }
    for user in replayed.world.entities().filter(|entity| entity.kind() == Kind::User) {
        let subject = Subject::User(UserId::from_uuid(user.id()));
        if replayed.erased.contains_key(&subject) {
            continue;
        }
        let known = reading.personal(subject)?.unwrap_or_default();
        if known.email.is_none() {
            return Ok(Some(format!("the address of user {} is missing, which nobody erased", user.id())));
        }
        let view: &dyn View = &replayed.world;
        let asked = view.get::<AddressChange>(user.id())?;
        let asked = asked.is_some_and(|change| change.handshake.state == HandshakeState::Pending);
        if asked != known.new_email.is_some() {
            let what = match asked {
                true => "is asked to confirm an address that is missing",
                false => "is not asked to confirm the new address that is there",
            };
            return Ok(Some(format!("user {} {what}", user.id())));
        }
    }
    Ok(None)
}

/// How the present, as it is read, differs from the world the records lead to, if it does.
fn compare(reading: &dyn Reading, world: &Memory) -> Result<Option<String>, Error> {
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
