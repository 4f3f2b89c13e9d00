//! A store in memory, gone with the process: for tests, trials and what-if. It keeps the whole
//! past, as every store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use uuid::Uuid;

use super::queue::{Lent, Queue};
use super::{
    Enough, LOST, Mended, NewRecord, Port, Reading, Retelling, StoreError, StoredReceipt, StoredRecord, Tell,
    Vouched, Writing, follow,
};
use crate::base::ids::{RequestId, TenantId, UserId};
use crate::base::text::{Email, ExternalId, System};
use crate::base::time::Timestamp;
use crate::journal::{Head, RULES};
use crate::model::{Personal, Subject};
use crate::view::memory::{Entry, bounds};
use crate::view::{Any, Found, Index, Kind, Memory, Span, View, ViewError, Write};

const PATIENCE: Duration = Duration::from_secs(10);

/// A store in memory.
pub struct MemoryStore {
    epoch: Uuid,
    // Readings hold on to what they began with; a commit copies it only while there are any.
    contents: RwLock<Arc<Contents>>,
    right: Queue<()>,
}

#[derive(Clone, Default)]
struct Contents {
    present: Memory,
    /// What is known about people, as it is kept.
    people: BTreeMap<Subject, String>,
    journal: Vec<(StoredRecord, Timestamp)>,
    about: BTreeMap<Subject, Vec<u64>>,
    receipts: BTreeMap<RequestId, StoredReceipt>,
    cursors: BTreeMap<String, u64>,
    versions: BTreeMap<(Kind, Uuid), Vec<Version>>,
    intervals: BTreeMap<Entry, Vec<Interval>>,
}

/// From which record on, and what it was.
type Version = (u64, Option<Any>);

/// From which record on, and up to which if it has ended.
type Interval = (u64, Option<u64>);

impl MemoryStore {
    /// An empty store of this epoch.
    pub fn new(epoch: Uuid) -> Self {
        Self { epoch, contents: RwLock::default(), right: Queue::new(()) }
    }

    fn contents(&self) -> Arc<Contents> {
        Arc::clone(&self.contents.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Port for MemoryStore {
    fn epoch(&self) -> Uuid {
        self.epoch
    }

    fn read(&self) -> Result<Box<dyn Reading + '_>, StoreError> {
        Ok(Box::new(MemoryReading { contents: self.contents(), right: () }))
    }

    fn write(&self) -> Result<Box<dyn Writing + '_>, StoreError> {
        let waited_ms = PATIENCE.as_millis().try_into().unwrap_or(u64::MAX);
        let lent = self.right.take(PATIENCE).ok_or(StoreError::Busy { waited_ms })?;
        let right = Right { store: self, _lent: lent };
        Ok(Box::new(MemoryReading { contents: self.contents(), right }))
    }
}

impl Contents {
    fn head(&self) -> Head {
        self.journal.last().map_or(Head::EMPTY, |(record, at)| Head {
            seq: record.seq,
            hash: record.hash,
            at: Some(*at),
        })
    }

    /// Whether all of these may be appended.
    fn follows(&self, records: &[NewRecord]) -> Result<(), StoreError> {
        let mut head = self.head();
        let mut requests = BTreeSet::new();
        for new in records {
            head = follow(&head, new)?;
            if let Some((request, _)) = new.request
                && (self.receipts.contains_key(&request) || !requests.insert(request))
            {
                return Err(StoreError::Io(format!("request {request} was answered before")));
            }
        }
        Ok(())
    }

    fn append(&mut self, new: NewRecord) {
        let seq = new.record.seq;
        if let Some((request, fingerprint)) = new.request {
            self.receipts.insert(request, StoredReceipt { seq, fingerprint: Some(fingerprint) });
        }
        for about in new.about {
            let seqs = self.about.entry(about).or_default();
            if seqs.last() != Some(&seq) {
                seqs.push(seq);
            }
        }
        self.journal.push((new.record, new.at));
        for change in new.changes {
            self.change(seq, change);
        }
        for (subject, known) in new.people {
            match &known {
                Some(known) => drop(self.people.insert(subject, known.text.clone())),
                None => self.forget(subject),
            }
            self.present.change_personal(subject, known.map(|known| known.personal));
        }
    }

    fn change(&mut self, seq: u64, change: Write) {
        let (kind, id) = change.target();
        let after = match &change {
            Write::Put(any) => Some(any.clone()),
            Write::Remove(..) => None,
        };
        let keys = after.as_ref().map(Any::keys).unwrap_or_default();
        let before = self.present.change(change).map(|any| any.keys()).unwrap_or_default();
        self.versions.entry((kind, id)).or_default().push((seq, after));
        for (index, key) in before.iter().filter(|key| !keys.contains(key)) {
            if let Some(last) =
                self.intervals.get_mut(&(*index, key.clone(), id, kind)).and_then(|all| all.last_mut())
            {
                last.1 = Some(seq);
            }
        }
        for (index, key) in keys.into_iter().filter(|key| !before.contains(key)) {
            self.intervals.entry((index, key, id, kind)).or_default().push((seq, None));
        }
    }

    /// Takes the fingerprints from the receipts of everything about a subject: they were made of
    /// its data.
    fn forget(&mut self, subject: Subject) {
        self.people.remove(&subject);
        let seqs = self.about.get(&subject).map(Vec::as_slice).unwrap_or_default();
        for receipt in self.receipts.values_mut().filter(|receipt| seqs.binary_search(&receipt.seq).is_ok()) {
            receipt.fingerprint = None;
        }
    }
}

/// What was there when the reading began, and, where nobody else can write meanwhile, the right to.
struct MemoryReading<R> {
    contents: Arc<Contents>,
    right: R,
}

impl<R> View for MemoryReading<R> {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        self.contents.present.load(kind, id)
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        self.contents.present.scan(span, limit)
    }

    fn every(&self, kind: Kind, index: Index, visit: &mut dyn FnMut(Any)) -> Result<(), ViewError> {
        self.contents.present.every(kind, index, visit)
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        self.contents.present.personal(subject)
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        self.contents.present.addressed(email)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        self.contents.present.known_as(keeper, system, id)
    }
}

impl<R> Reading for MemoryReading<R> {
    fn view(&self) -> &dyn View {
        self
    }

    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.contents.head())
    }

    fn count(&self) -> Result<u64, StoreError> {
        Ok(self.contents.present.entities().count() as u64)
    }

    fn as_of(&self, seq: u64) -> Result<Box<dyn View + '_>, StoreError> {
        let head = self.contents.head().seq;
        if seq > head {
            return Err(StoreError::UnknownSeq { seq, head });
        }
        Ok(Box::new(MemoryPast { contents: &self.contents, seq }))
    }

    fn records_after(&self, seq: u64, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let skipped = usize::try_from(seq).unwrap_or(usize::MAX);
        Ok(self.contents.journal.iter().skip(skipped).take(limit).map(|(record, _)| record.clone()).collect())
    }

    fn records_about(&self, about: Subject, seq: u64, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let seqs = self.contents.about.get(&about).map(Vec::as_slice).unwrap_or_default();
        let later = seqs.iter().filter(|about| **about > seq).take(limit);
        let records =
            later.filter_map(|seq| self.contents.journal.get(usize::try_from(*seq).ok()?.checked_sub(1)?));
        Ok(records.map(|(record, _)| record.clone()).collect())
    }

    fn receipt(&self, request: RequestId) -> Result<Option<StoredReceipt>, StoreError> {
        Ok(self.contents.receipts.get(&request).copied())
    }

    fn cursor(&self, consumer: &str) -> Result<u64, StoreError> {
        Ok(self.contents.cursors.get(consumer).copied().unwrap_or(0))
    }

    fn rules(&self) -> Result<u32, StoreError> {
        Ok(RULES)
    }

    fn foreign(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    fn retell(&self) -> Result<Box<dyn Retelling + '_>, StoreError> {
        let (told, known) = (Contents::default(), BTreeMap::new());
        Ok(Box::new(ToldAgain { stored: &self.contents, told, known }))
    }
}

/// The same records, told a second time.
struct ToldAgain<'c> {
    stored: &'c Contents,
    told: Contents,
    known: BTreeMap<Subject, (u64, Vouched)>,
}

impl Retelling for ToldAgain<'_> {
    fn view(&self) -> &dyn View {
        &self.told.present
    }

    fn note(&mut self, seq: u64, subject: Subject, known: Vouched) -> Result<(), StoreError> {
        self.known.insert(subject, (seq, known));
        Ok(())
    }

    fn append(&mut self, records: Vec<NewRecord>) -> Result<(), StoreError> {
        self.told.follows(&records)?;
        records.into_iter().for_each(|new| self.told.append(new));
        Ok(())
    }

    fn tables(&self) -> usize {
        1
    }

    fn difference(&self, _: usize) -> Result<Option<String>, StoreError> {
        let Self { stored, told, .. } = self;
        let same = [
            ("journal", stored.journal == told.journal),
            ("list of what records are about", stored.about == told.about),
            ("list of receipts", stored.receipts == told.receipts),
            ("present", stored.present.entities().eq(told.present.entities())),
            ("list of past versions", stored.versions == told.versions),
            ("past of the indexes", stored.intervals == told.intervals),
        ];
        let differs = same.into_iter().find(|(_, same)| !same);
        Ok(differs.map(|(what, _)| format!("the {what} is not what the records lead to")))
    }

    fn lost(&self) -> Result<u64, StoreError> {
        let receipts = self.stored.receipts.values();
        Ok(receipts.filter(|receipt| receipt.fingerprint == Some(LOST)).count() as u64)
    }

    fn misremembered(
        &self,
        everybody: bool,
        tell: &mut dyn FnMut(String) -> Enough,
    ) -> Result<(), StoreError> {
        let held = self.stored.people.keys().filter(|_| everybody);
        let subjects: BTreeSet<Subject> = self.known.keys().chain(held).copied().collect();
        for subject in subjects {
            let text = self.stored.people.get(&subject).map(String::as_str);
            let differs = match self.known.get(&subject) {
                Some((seq, known)) => known.differs(subject, *seq, text),
                None => Some("is there, of which no record speaks".to_owned()),
            };
            if differs.is_some_and(|differs| tell(format!("personal data of {} {differs}", subject.uuid()))) {
                break;
            }
        }
        Ok(())
    }
}

/// The world as it was after a record.
struct MemoryPast<'c> {
    contents: &'c Contents,
    seq: u64,
}

impl View for MemoryPast<'_> {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        let versions = self.contents.versions.get(&(kind, id)).map(Vec::as_slice).unwrap_or_default();
        let until = versions.partition_point(|(from, _)| *from <= self.seq);
        Ok(until.checked_sub(1).and_then(|last| versions.get(last)).and_then(|(_, any)| any.clone()))
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        let there =
            |(from, until): &Interval| *from <= self.seq && until.is_none_or(|until| self.seq < until);
        let Some(bounds) = bounds(span) else { return Ok(Vec::new()) };
        let entries =
            self.contents.intervals.range(bounds).filter(|(_, intervals)| intervals.iter().any(there));
        let entries: Vec<&Entry> = if span.backwards {
            entries.rev().map(|(entry, _)| entry).take(limit).collect()
        } else {
            entries.map(|(entry, _)| entry).take(limit).collect()
        };
        let mut found = Vec::new();
        for (_, key, id, kind) in entries {
            found.extend(self.load(*kind, *id)?.map(|entity| Found { key: key.clone(), id: *id, entity }));
        }
        Ok(found)
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        self.contents.present.personal(subject)
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        self.contents.present.addressed(email)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        self.contents.present.known_as(keeper, system, id)
    }
}

/// The right to write.
struct Right<'s> {
    store: &'s MemoryStore,
    _lent: Lent<'s, ()>,
}

impl MemoryReading<Right<'_>> {
    fn change(self, change: impl FnOnce(&mut Contents)) {
        // Lets go of the contents first: where no reading holds them, they are changed in place and
        // not copied.
        drop(self.contents);
        let held = &self.right.store.contents;
        change(Arc::make_mut(&mut held.write().unwrap_or_else(PoisonError::into_inner)));
    }
}

impl Writing for MemoryReading<Right<'_>> {
    fn commit(self: Box<Self>, records: Vec<NewRecord>) -> Result<(), StoreError> {
        self.contents.follows(&records)?;
        self.change(|contents| records.into_iter().for_each(|new| contents.append(new)));
        Ok(())
    }

    fn rebuild(self: Box<Self>, tell: &mut Tell<'_>) -> Result<Mended, StoreError> {
        let stored = Arc::clone(&self.contents);
        let reading = MemoryReading { contents: Arc::clone(&stored), right: () };
        let mut again = ToldAgain { stored: &stored, told: Contents::default(), known: BTreeMap::new() };
        tell(&reading, &mut again)?;
        let mut mended = Mended::default();
        if let Some(difference) = again.difference(0)? {
            mended.note(|| difference);
            let mut told = again.told;
            for (subject, personal) in stored.present.people() {
                told.present.change_personal(subject, Some(personal.clone()));
            }
            self.change(|contents| {
                *contents = Contents {
                    people: std::mem::take(&mut contents.people),
                    cursors: std::mem::take(&mut contents.cursors),
                    ..told
                };
            });
        }
        Ok(mended)
    }

    fn acknowledge(self: Box<Self>, consumer: &str, seq: u64) -> Result<(), StoreError> {
        let seq = seq.min(self.contents.head().seq);
        self.change(|contents| {
            let cursor = contents.cursors.entry(consumer.to_owned()).or_default();
            *cursor = seq.max(*cursor);
        });
        Ok(())
    }
}
