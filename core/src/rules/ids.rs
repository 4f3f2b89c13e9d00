//! Ids of new things: an id names one thing of one kind, and is never given away again (T-10).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::world::{Bars, World};
use crate::base::ids::{Id, UploadId};
use crate::base::text::Number;
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

/// What ids begin with that stand in a preview for ids which the command would make. Nothing has
/// such an id, and nobody may choose one: who has the next would bar the previews of everybody.
const PLACEHOLDERS: u128 = 0x7e72_6e61_6e74_8000_8000 << COUNTED;
/// How many bits count them.
const COUNTED: u32 = 48;
/// What the digits begin with of numbers that are made up of them.
const PLACEHOLDER_DIGITS: &str = "0000";

/// A placeholder.
pub(crate) fn placeholder(count: u32) -> Uuid {
    Uuid::from_u128(PLACEHOLDERS | u128::from(count))
}

/// Whether a number may stand in a preview for one that the command would make up.
pub(super) fn is_placeholder(number: &Number) -> bool {
    let digits = number.as_str().strip_prefix("T-");
    digits.is_some_and(|it| it.len() == COUNTED as usize / 4 && it.starts_with(PLACEHOLDER_DIGITS))
}

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
        let kept = chosen.is_some() && id.uuid().as_u128() >> COUNTED == PLACEHOLDERS >> COUNTED;
        let taken = kept || !self.given.insert(id.uuid()) || self.is_taken(id.uuid())?;
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
