//! A store with somebody in between, who counts what is read, is slow to commit, or forges what
//! comes back.

use std::sync::Arc;

use uuid::Uuid;

use crate::base::ids::{RequestId, TenantId, UserId};
use crate::base::text::{Email, ExternalId, System};
use crate::journal::Head;
use crate::model::{Personal, Subject};
use crate::store::{
    Mended, NewRecord, Port, Reading, Retelling, Store, StoreError, StoredReceipt, StoredRecord, Tell,
    Writing,
};
use crate::view::{Any, Found, Kind, Span, View, ViewError};

/// Who stands between a store and those who use it. By default, everything passes unseen.
pub trait Tap: Send + Sync {
    /// The present or the past is read: one for the call, and one for each row of a scan.
    fn reads(&self, rows: usize) {
        let _ = rows;
    }

    /// The records that were read in order; returns what is told instead.
    fn records(&self, records: Vec<StoredRecord>) -> Vec<StoredRecord> {
        records
    }

    /// Records are about to be committed.
    fn commits(&self) {}
}

impl<T: Tap + ?Sized> Tap for Arc<T> {
    fn reads(&self, rows: usize) {
        (**self).reads(rows);
    }

    fn records(&self, records: Vec<StoredRecord>) -> Vec<StoredRecord> {
        (**self).records(records)
    }

    fn commits(&self) {
        (**self).commits();
    }
}

/// A store and who stands before it.
#[derive(Clone, Debug)]
pub struct Tapped<S, T> {
    /// The store.
    pub store: S,
    /// Who stands before it.
    pub tap: T,
}

impl<S: Store, T: Tap> Port for Tapped<S, T> {
    fn epoch(&self) -> Uuid {
        self.store.epoch()
    }

    fn read(&self) -> Result<Box<dyn Reading + '_>, StoreError> {
        Ok(Box::new(Through { there: self.store.read()?, tap: &self.tap }))
    }

    fn write(&self) -> Result<Box<dyn Writing + '_>, StoreError> {
        Ok(Box::new(Through { there: self.store.write()?, tap: &self.tap }))
    }
}

/// A reading, the right to write, or the past, and who stands before it.
struct Through<'t, R: ?Sized, T> {
    there: Box<R>,
    tap: &'t T,
}

impl<R: View + ?Sized, T: Tap> View for Through<'_, R, T> {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        self.tap.reads(1);
        self.there.load(kind, id)
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        let found = self.there.scan(span, limit)?;
        self.tap.reads(1 + found.len());
        Ok(found)
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        self.tap.reads(1);
        self.there.personal(subject)
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        self.tap.reads(1);
        self.there.addressed(email)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        self.tap.reads(1);
        self.there.known_as(keeper, system, id)
    }
}

impl<R: Reading + ?Sized, T: Tap> Reading for Through<'_, R, T> {
    fn view(&self) -> &dyn View {
        self
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.there.head()
    }

    fn count(&self) -> Result<u64, StoreError> {
        self.there.count()
    }

    fn as_of(&self, seq: u64) -> Result<Box<dyn View + '_>, StoreError> {
        Ok(Box::new(Through { there: self.there.as_of(seq)?, tap: self.tap }))
    }

    fn records_after(&self, seq: u64, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let found = self.there.records_after(seq, limit)?;
        self.tap.reads(1 + found.len());
        Ok(self.tap.records(found))
    }

    fn records_about(&self, about: Subject, seq: u64, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let found = self.there.records_about(about, seq, limit)?;
        self.tap.reads(1 + found.len());
        Ok(found)
    }

    fn receipt(&self, request: RequestId) -> Result<Option<StoredReceipt>, StoreError> {
        self.there.receipt(request)
    }

    fn cursor(&self, consumer: &str) -> Result<u64, StoreError> {
        self.there.cursor(consumer)
    }

    fn rules(&self) -> Result<u32, StoreError> {
        self.there.rules()
    }

    fn rebuilds(&self) -> Result<u64, StoreError> {
        self.there.rebuilds()
    }

    fn told(&self) -> Result<u64, StoreError> {
        self.there.told()
    }

    fn foreign(&self) -> Result<Option<String>, StoreError> {
        self.there.foreign()
    }

    fn retell(&self) -> Result<Box<dyn Retelling + '_>, StoreError> {
        self.there.retell()
    }
}

impl<R: Writing + ?Sized, T: Tap> Writing for Through<'_, R, T> {
    fn commit(self: Box<Self>, records: Vec<NewRecord>) -> Result<(), StoreError> {
        self.tap.commits();
        self.there.commit(records)
    }

    fn rebuild(self: Box<Self>, tell: &mut Tell<'_>) -> Result<Mended, StoreError> {
        self.there.rebuild(tell)
    }

    fn acknowledge(self: Box<Self>, consumer: &str, seq: u64) -> Result<(), StoreError> {
        self.there.acknowledge(consumer, seq)
    }
}
