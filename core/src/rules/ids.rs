//! Ids of new things: an id names one thing of one kind, and is never given away again (T-10).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::world::{Bars, World};
use crate::base::ids::{Id, UploadId};
use crate::model::Holding;
use crate::refusal::Code;
use crate::view::{Kind, ViewError};

/// The kinds of entity whose id a caller may choose, beside uploads. The other kinds stand under
/// keys that are derived for their kind alone, which no chosen id can meet.
const CHOSEN: [Kind; 12] = [
    Kind::Tenant,
    Kind::Link,
    Kind::LinkRequest,
    Kind::Proposal,
    Kind::ManagerInvitation,
    Kind::User,
    Kind::Invitation,
    Kind::Role,
    Kind::Move,
    Kind::Integration,
    Kind::Licence,
    Kind::Session,
];

/// The ids that one command gives to new things.
pub(super) struct NewIds<'w> {
    world: &'w World<'w>,
    given: BTreeSet<Uuid>,
}

impl<'w> NewIds<'w> {
    pub(super) fn of(world: &'w World<'w>) -> Self {
        Self { world, given: BTreeSet::new() }
    }

    /// The id that the caller chose, barred where it is nil or names anything already; a fresh one,
    /// where none was chosen. Fresh ids of the library's making are not looked up: they cannot have
    /// been used. A host that makes them may well repeat itself.
    pub(super) fn take<T: Copy>(
        &mut self,
        chosen: Option<Id<T>>,
        bars: &mut Bars,
    ) -> Result<Id<T>, ViewError> {
        if chosen.is_none() && !self.world.ids_may_repeat() {
            return Ok(Id::from_uuid(self.world.fresh()));
        }
        let id = chosen.unwrap_or_else(|| Id::from_uuid(self.world.fresh()));
        bars.bar(id.uuid().is_nil(), Code::NilId, "");
        let taken = !self.given.insert(id.uuid()) || self.is_taken(id.uuid())?;
        bars.bar(taken, Code::IdTaken, id);
        Ok(id)
    }

    /// Whether anything has this id, living or not.
    fn is_taken(&self, id: Uuid) -> Result<bool, ViewError> {
        for kind in CHOSEN {
            if self.world.view.load(kind, id)?.is_some() {
                return Ok(true);
            }
        }
        // An upload is no entity itself; what arrived by it is, and stays when nothing is left of
        // it.
        let arrived = Holding::uploaded(UploadId::from_uuid(id));
        Ok(self.world.view.get::<Holding>(arrived.uuid())?.is_some())
    }
}
