//! A view that reads nothing twice, for as long as one question takes: a review looks at the same
//! organisations and links for every person and tenant in it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use uuid::Uuid;

use super::entity::{Any, Kind};
use super::key::{Index, Key, Span};
use super::{Found, View, ViewError};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Email, ExternalId, System};
use crate::model::{Personal, Subject};

/// How many answers are remembered at most: then it begins anew, so that a walk over a million
/// takes no memory.
const MOST: usize = 4096;

/// How many entities a scan finds at most that is remembered.
const FEW: usize = 8;

/// A stretch of an index from its beginning, which way it is read, and how much of it.
type Stretch = (Index, Key, Key, bool, usize);

/// Remembers what a view has answered that does not change.
pub struct ReadOnce<'v> {
    of: &'v dyn View,
    loaded: RefCell<BTreeMap<(Kind, Uuid), Option<Any>>>,
    scanned: RefCell<BTreeMap<Stretch, Vec<Found>>>,
}

impl<'v> ReadOnce<'v> {
    /// Nothing yet of a view.
    pub const fn of(of: &'v dyn View) -> Self {
        Self { of, loaded: RefCell::new(BTreeMap::new()), scanned: RefCell::new(BTreeMap::new()) }
    }
}

fn remember<K: Ord, V>(known: &RefCell<BTreeMap<K, V>>, of: K, value: V) {
    let mut known = known.borrow_mut();
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(of, value);
}

impl View for ReadOnce<'_> {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        if let Some(known) = self.loaded.borrow().get(&(kind, id)) {
            return Ok(known.clone());
        }
        let found = self.of.load(kind, id)?;
        remember(&self.loaded, (kind, id), found.clone());
        Ok(found)
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        if span.after.is_some() {
            return self.of.scan(span, limit);
        }
        let stretch = (span.index, span.low.clone(), span.high.clone(), span.backwards, limit);
        if let Some(known) = self.scanned.borrow().get(&stretch) {
            return Ok(known.clone());
        }
        let found = self.of.scan(span, limit)?;
        if found.len() <= FEW {
            remember(&self.scanned, stretch, found.clone());
        }
        Ok(found)
    }

    fn every(&self, kind: Kind, index: Index, visit: &mut dyn FnMut(Any)) -> Result<(), ViewError> {
        self.of.every(kind, index, visit)
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        self.of.personal(subject)
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        self.of.addressed(email)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        self.of.known_as(keeper, system, id)
    }
}
