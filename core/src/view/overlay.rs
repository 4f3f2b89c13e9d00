//! A view of what would be: changes that were not executed, laid over another view.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::entity::{Any, Kind, Write};
use super::key::Span;
use super::memory::Memory;
use super::{Found, View, ViewError};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Email, ExternalId, System};
use crate::model::{Personal, Subject};

/// Changes over a view. The view below is never written.
pub struct Overlay<'v> {
    below: &'v dyn View,
    // What was put there, and nothing of what was removed.
    above: Memory,
    // What was removed, as it was last.
    removed: BTreeMap<(Kind, Uuid), Any>,
    // Invariant: the last change of every subject that `above` speaks for, known or erased.
    people: BTreeMap<Subject, Option<Personal>>,
}

impl<'v> Overlay<'v> {
    /// No changes yet over `below`.
    pub fn over(below: &'v dyn View) -> Self {
        Self { below, above: Memory::new(), removed: BTreeMap::new(), people: BTreeMap::new() }
    }

    /// Lays a change over the view.
    pub fn change(&mut self, change: Write) {
        match &change {
            Write::Put(_) if self.removed.is_empty() => {}
            Write::Put(_) => drop(self.removed.remove(&change.target())),
            Write::Remove(any) => drop(self.removed.insert(change.target(), any.clone())),
        }
        self.above.change(change);
    }

    /// Whether the view below does not count for an entity.
    fn covers(&self, target: &(Kind, Uuid)) -> bool {
        self.above.has(target) || self.removed.contains_key(target)
    }

    /// Lays a change of personal data over the view; `None` erases.
    pub fn change_personal(&mut self, subject: Subject, personal: Option<Personal>) {
        self.above.change_personal(subject, personal.clone());
        self.people.insert(subject, personal);
    }

    /// Everything that was laid over the view, the last word on each entity.
    pub fn into_changes(self) -> (Vec<Write>, BTreeMap<Subject, Option<Personal>>) {
        let put = self.above.into_entities().map(|(target, any)| (target, Write::Put(any)));
        let removed = self.removed.into_iter().map(|(target, any)| (target, Write::Remove(any)));
        let mut changes: Vec<_> = put.chain(removed).collect();
        changes.sort_by_key(|(target, _)| *target);
        (changes.into_iter().map(|(_, change)| change).collect(), self.people)
    }
}

impl View for Overlay<'_> {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        match self.above.load(kind, id)? {
            None if !self.removed.contains_key(&(kind, id)) => self.below.load(kind, id),
            found => Ok(found),
        }
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        let mut found = self.above.scan(span, limit)?;
        let mut rest = Some(span.clone());
        let mut kept = 0;
        while let Some(part) = rest.take() {
            let page = self.below.scan(&part, limit)?;
            if page.len() == limit && limit > 0 {
                rest = page.last().map(|last| part.after(last.key.clone(), last.id));
            }
            for one in page {
                if !self.covers(&(one.entity.kind(), one.id)) {
                    found.push(one);
                    kept += 1;
                }
            }
            if kept >= limit {
                break;
            }
        }
        found.sort_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
        if span.backwards {
            found.reverse();
        }
        found.truncate(limit);
        Ok(found)
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        match self.people.get(&subject) {
            Some(personal) => Ok(personal.clone()),
            None => self.below.personal(subject),
        }
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        let mut users = self.above.addressed(email)?;
        users.extend(
            self.below
                .addressed(email)?
                .into_iter()
                .filter(|user| !self.people.contains_key(&Subject::User(*user))),
        );
        users.sort();
        Ok(users)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        let mut users = self.above.known_as(keeper, system, id)?;
        let below = self.below.known_as(keeper, system, id)?;
        users.extend(below.into_iter().filter(|user| !self.people.contains_key(&Subject::User(*user))));
        users.sort();
        Ok(users)
    }
}
