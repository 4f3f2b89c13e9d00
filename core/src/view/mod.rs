//! A view of the world: *get* the entity with this id, *scan* the entities under this index key.
//!
//! The store now, the store as of a past seq and an overlay of what has not been executed are all
//! views, so every check, list and refusal works on each of them with the same code. A view never
//! decides and never writes; an I/O error in it is an error to the caller and never an allow.

pub(crate) mod entity;
pub(crate) mod key;
pub(crate) mod memory;
pub(crate) mod once;
pub(crate) mod overlay;

use std::sync::Arc;

use uuid::Uuid;

pub use entity::{Any, Entity, Kind, Write};
pub(crate) use entity::{
    awaiting_strand, handshake_strand, kept_strand, listing_strand, role_strand, row_strand, stands_first,
};
pub use key::{Index, Key, Span};
pub use memory::Memory;
pub use once::ReadOnce;
pub use overlay::Overlay;

use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Email, ExternalId, Number, System};
use crate::model::{Device, Link, Personal, Subject, Tenant};

/// How many entities a scan reads at first, unless it is told how many are wanted.
const FIRST_PAGE: usize = 4;

/// How many entities a scan reads at a time after that, at least and at most: a quarter of what it
/// has read so far, so that little is read in vain wherever it ends.
const PAGES: (usize, usize) = (8, 256);

/// The world could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the store: {0}")]
pub struct ViewError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl ViewError {
    /// Wraps whatever went wrong below.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }

    /// What was read cannot be, in a world that records lead to.
    pub(crate) fn damaged(what: String) -> Self {
        Self::new(Damage(what))
    }
}

/// How it shows that what was read cannot be: somebody wrote to the store past tenantry, or its
/// disk failed.
#[derive(Debug, thiserror::Error)]
#[error("it is damaged: {0}")]
pub(crate) struct Damage(pub(crate) String);

/// One entry that a scan found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The key it was found under; with the id it says where the scan goes on.
    pub key: Key,
    /// The entity's id: some are made of others, and are not made again for every entry.
    pub id: Uuid,
    /// The entity.
    pub entity: Any,
}

/// The world as it is, was, or would be.
pub trait View {
    /// The entity of this kind with this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError>;

    /// Up to `limit` entities within a span of an index, in the order of key and id, or backwards
    /// in that order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError>;

    /// Visits every entity of a kind once, in whatever order costs this view least. `index` is one
    /// that has all of them, for views that have no order of their own.
    ///
    /// # Errors
    /// When the store cannot be read; some may have been visited by then.
    fn every(&self, kind: Kind, index: Index, visit: &mut dyn FnMut(Any)) -> Result<(), ViewError> {
        let mut rest = Some(Span::under(index, Key::new()));
        while let Some(span) = rest.take() {
            let page = self.scan(&span, PAGES.1)?;
            if page.len() == PAGES.1 {
                rest = page.last().map(|last| span.after(last.key.clone(), last.id));
            }
            page.into_iter()
                .filter(|found| found.entity.kind() == kind)
                .for_each(|found| visit(found.entity));
        }
        Ok(())
    }

    /// What is known about a subject today; personal data has no past (U-5).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError>;

    /// The users known under an address today, living or not, in the order of their ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError>;

    /// The users of whom an organisation keeps this id of another system today, in the order of
    /// their ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError>;
}

impl<V: View + ?Sized> View for &V {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        (**self).load(kind, id)
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        (**self).scan(span, limit)
    }

    fn every(&self, kind: Kind, index: Index, visit: &mut dyn FnMut(Any)) -> Result<(), ViewError> {
        (**self).every(kind, index, visit)
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        (**self).personal(subject)
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        (**self).addressed(email)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        (**self).known_as(keeper, system, id)
    }
}

impl dyn View + '_ {
    /// The entity with this id, by its type.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get<E: Entity>(&self, id: Uuid) -> Result<Option<Arc<E>>, ViewError> {
        Ok(self.load(E::KIND, id)?.and_then(|any| E::from_any(any)))
    }

    /// The tenant, living or deleted, with this number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn numbered(&self, number: &Number) -> Result<Option<Arc<Tenant>>, ViewError> {
        self.under::<Tenant>(Index::TenantNumber, Key::new().text(number.as_str())).next().transpose()
    }

    /// The device that has this [key](Device::key) by any of its ids. A deleted tenant's devices
    /// have theirs until they are uploaded again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn device(&self, key: Uuid) -> Result<Option<Arc<Device>>, ViewError> {
        match self.get::<Device>(key)? {
            Some(device) => Ok(Some(device)),
            None => {
                self.under::<Device>(Index::DeviceOther, Key::new().id(key)).wanting(1).next().transpose()
            }
        }
    }

    /// The links by which a tenant is managed, those too whose end has come without a record.
    pub(crate) fn links_managing(
        &self,
        tenant: TenantId,
    ) -> impl Iterator<Item = Result<Arc<Link>, ViewError>> + '_ {
        self.under::<Link>(Index::LinkManaged, Key::new().id(tenant.uuid()).flag(true))
    }

    /// Every entity under an index key or key prefix, in the order of key and id, read page by
    /// page.
    pub fn under<E: Entity>(&self, index: Index, prefix: Key) -> Scan<'_, E> {
        Scan::new(self, Span::under(index, prefix))
    }

    /// The same, each once, though it may stand under several of these keys.
    pub(crate) fn each<E: Entity>(
        &self,
        index: Index,
        prefix: Key,
    ) -> impl Iterator<Item = Result<Arc<E>, ViewError>> {
        let mut scan = self.under::<E>(index, prefix);
        std::iter::from_fn(move || scan.next_found()).filter_map(move |found| match found {
            Ok((key, _, entity)) => {
                stands_first((index, &key), E::KIND, || entity.keys()).then_some(Ok(entity))
            }
            Err(error) => Some(Err(error)),
        })
    }

    /// Every entity in a span of an index, read page by page.
    pub fn within<E: Entity>(&self, span: Span) -> Scan<'_, E> {
        Scan::new(self, span)
    }
}

/// What the keys under an owner begin with, and one entity for each. Leaps from one to the next,
/// whatever lies between. A key that does not begin as its entity has it would lead nowhere: it is
/// damage.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn prefixes<E: Entity>(
    view: &dyn View,
    index: Index,
    owner: Key,
    prefix: impl Fn(&E) -> Key,
) -> Result<Vec<(Key, Arc<E>)>, ViewError> {
    strands(view, index, owner, |_, entity| prefix(entity))
}

/// The same of entities that may stand under several keys of the index: what theirs begins with
/// depends on the one that it is found under.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn strands<E: Entity>(
    view: &dyn View,
    index: Index,
    owner: Key,
    prefix: impl Fn(&Key, &E) -> Key,
) -> Result<Vec<(Key, Arc<E>)>, ViewError> {
    let mut found = Vec::new();
    let mut rest = Span::under(index, owner);
    while let Some(first) = view.scan(&rest, 1)?.pop() {
        let Some(entity) = E::from_any(first.entity) else { break };
        let prefix = prefix(&first.key, &entity);
        if !first.key.as_bytes().starts_with(prefix.as_bytes()) {
            let (index, kind) = (index.name(), E::KIND.name());
            let what =
                format!("in index {index}, the {kind} {} stands under a key that is not its own", first.id);
            return Err(ViewError::damaged(what));
        }
        rest = rest.at_least(prefix.successor());
        found.push((prefix, entity));
    }
    Ok(found)
}

/// Where something stands in an order that one can go on in: by a key, then by an id.
pub(crate) type Spot = (Key, Uuid);

/// An entity of one type, with the key it was found under and its id.
pub(crate) type Placed<E> = (Key, Uuid, Arc<E>);

/// The entities of a span, one by one.
pub struct Scan<'v, E> {
    view: &'v dyn View,
    rest: Option<Span>,
    limit: usize,
    read: usize,
    page: std::vec::IntoIter<Found>,
    kind: std::marker::PhantomData<E>,
}

impl<'v, E: Entity> Scan<'v, E> {
    fn new(view: &'v dyn View, span: Span) -> Self {
        let page = Vec::new().into_iter();
        Self { view, rest: Some(span), limit: FIRST_PAGE, read: 0, page, kind: std::marker::PhantomData }
    }

    /// The same scan, of which so many entities are wanted in any case.
    #[must_use]
    pub fn wanting(self, entities: usize) -> Self {
        Self { limit: entities.clamp(1, PAGES.1), ..self }
    }

    /// The next entity, and where it was found.
    pub fn next_found(&mut self) -> Option<Result<Placed<E>, ViewError>> {
        loop {
            for found in self.page.by_ref() {
                if let Some(entity) = E::from_any(found.entity) {
                    return Some(Ok((found.key, found.id, entity)));
                }
            }
            let span = self.rest.take()?;
            let page = match self.view.scan(&span, self.limit) {
                Ok(page) => page,
                Err(error) => return Some(Err(error)),
            };
            if page.len() == self.limit {
                self.rest = page.last().map(|last| span.after(last.key.clone(), last.id));
                self.read += page.len();
                self.limit = (self.read / 4).clamp(PAGES.0, PAGES.1);
            }
            self.page = page.into_iter();
        }
    }
}

impl<E: Entity> Iterator for Scan<'_, E> {
    type Item = Result<Arc<E>, ViewError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_found().map(|found| found.map(|(_, _, entity)| entity))
    }
}
