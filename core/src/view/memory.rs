//! A view held in memory: the entities, their index entries and personal data, as sorted maps.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use uuid::Uuid;

use super::entity::{Any, Kind, Write};
use super::key::{Index, Key, Span};
use super::{Found, View, ViewError};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Email, ExternalId, System};
use crate::model::{Personal, PersonalId, Subject};

/// What stands in an index.
pub(crate) type Entry = (Index, Key, Uuid, Kind);

/// The entries of a span within a map, in order; whoever reads backwards turns them round. None,
/// where there can be none.
pub(crate) fn bounds(span: &Span) -> Option<(Bound<Entry>, Bound<Entry>)> {
    let (least, greatest) = (Kind::ALL.iter().min()?, Kind::ALL.iter().max()?);
    let entry = |key: &Key, id: Uuid, kind: &Kind| (span.index, key.clone(), id, *kind);
    let mut low = entry(&span.low, Uuid::nil(), least);
    let mut high = entry(&span.high, Uuid::nil(), least);
    match &span.after {
        Some((key, id)) if span.backwards => high = entry(key, *id, least),
        Some((key, id)) => low = entry(key, *id, greatest),
        None => {}
    }
    if low >= high {
        return None;
    }
    let follows = span.after.is_some() && !span.backwards;
    let low = if follows { Bound::Excluded(low) } else { Bound::Included(low) };
    Some((low, Bound::Excluded(high)))
}

/// A world of its own, empty at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    entities: BTreeMap<(Kind, Uuid), Any>,
    // Invariant: holds exactly the keys of `entities`.
    entries: BTreeSet<Entry>,
    personal: BTreeMap<Subject, Personal>,
    // Invariant: holds exactly the users' addresses in `personal`.
    addresses: BTreeSet<(Email, UserId)>,
    // Invariant: holds exactly the users' ids of other systems in `personal`.
    external: BTreeSet<(Known, UserId)>,
}

/// An id of a system that an organisation keeps.
type Known = (TenantId, System, ExternalId);

impl Memory {
    /// A world without anything in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries a change out and says what was there before.
    pub fn change(&mut self, change: Write) -> Option<Any> {
        let target = change.target();
        let (before, keys) = match change {
            Write::Put(any) => {
                let keys = any.keys();
                (self.entities.insert(target, any), keys)
            }
            Write::Remove(_) => (self.entities.remove(&target), Vec::new()),
        };
        for (index, key) in before.iter().flat_map(Any::keys) {
            self.entries.remove(&(index, key, target.1, target.0));
        }
        for (index, key) in keys {
            self.entries.insert((index, key, target.1, target.0));
        }
        before
    }

    /// Replaces or, with `None`, erases what is known about a subject.
    pub fn change_personal(&mut self, subject: Subject, personal: Option<Personal>) {
        let before = match &personal {
            Some(personal) => self.personal.insert(subject, personal.clone()),
            None => self.personal.remove(&subject),
        };
        let Subject::User(user) = subject else { return };
        if let Some(before) = before {
            if let Some(email) = before.email {
                self.addresses.remove(&(email, user));
            }
            for PersonalId { keeper, system, id, .. } in before.external {
                self.external.remove(&((keeper, system, id), user));
            }
        }
        if let Some(now) = personal {
            self.addresses.extend(now.email.map(|email| (email, user)));
            let known = now.external.into_iter().map(|it| ((it.keeper, it.system, it.id), user));
            self.external.extend(known);
        }
    }

    /// Whether it has an entity of this kind with this id.
    pub(super) fn has(&self, target: &(Kind, Uuid)) -> bool {
        self.entities.contains_key(target)
    }

    /// The entities themselves, in the order of kind and id.
    pub(super) fn into_entities(self) -> impl Iterator<Item = ((Kind, Uuid), Any)> {
        self.entities.into_iter()
    }

    /// Every entity, in the order of kind and id.
    pub fn entities(&self) -> impl Iterator<Item = &Any> {
        self.entities.values()
    }

    /// Every index entry, in order.
    #[cfg(feature = "testkit")]
    pub fn entries(&self) -> impl Iterator<Item = (Index, &Key, Uuid, Kind)> {
        self.entries.iter().map(|(index, key, id, kind)| (*index, key, *id, *kind))
    }

    /// Everything known about people, in the order of subjects.
    pub fn people(&self) -> impl Iterator<Item = (Subject, &Personal)> {
        self.personal.iter().map(|(subject, personal)| (*subject, personal))
    }
}

impl View for Memory {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        Ok(self.entities.get(&(kind, id)).cloned())
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        let Some(bounds) = bounds(span) else { return Ok(Vec::new()) };
        let entries = self.entries.range(bounds);
        let found = |(_, key, id, kind): &Entry| {
            let entity = self.entities.get(&(*kind, *id))?;
            Some(Found { key: key.clone(), id: *id, entity: entity.clone() })
        };
        Ok(if span.backwards {
            entries.rev().filter_map(found).take(limit).collect()
        } else {
            entries.filter_map(found).take(limit).collect()
        })
    }

    fn every(&self, kind: Kind, _: Index, visit: &mut dyn FnMut(Any)) -> Result<(), ViewError> {
        let all = self.entities.range((kind, Uuid::nil())..=(kind, Uuid::max()));
        all.for_each(|(_, entity)| visit(entity.clone()));
        Ok(())
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        Ok(self.personal.get(&subject).cloned())
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        let from = (email.clone(), UserId::from_uuid(Uuid::nil()));
        Ok(self
            .addresses
            .range(from..)
            .take_while(|(held, _)| held == email)
            .map(|(_, user)| *user)
            .collect())
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        let held = (keeper, system.clone(), id.clone());
        let from = (held.clone(), UserId::from_uuid(Uuid::nil()));
        let known = self.external.range(from..).take_while(|(of, _)| *of == held);
        Ok(known.map(|(_, user)| *user).collect())
    }
}
