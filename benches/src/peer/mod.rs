//! What people would use instead. Every peer answers the same questions as tenantry, and none is timed before its answers agree.

pub mod bare;
#[cfg(feature = "peers")]
pub mod casbin;
#[cfg(feature = "peers")]
pub mod cedar;
pub mod limit;
pub mod lists;
pub mod map;
#[cfg(feature = "peers")]
pub mod rego;
pub mod rival;
pub mod sql;

use crate::ask::Ask;
use crate::world::World;

/// Somebody who answers questions.
pub trait Peer {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Whether it is allowed.
    fn allows(&mut self, ask: &Ask) -> bool;
}

/// Stops at the first question that a peer answers in another way than `expected` does.
pub fn agree(peer: &mut dyn Peer, world: &World, asks: &[Ask], expected: &[bool]) {
    assert_eq!(asks.len(), expected.len(), "every question has its answer");
    for (ask, expected) in asks.iter().zip(expected) {
        let answer = peer.allows(ask);
        assert!(
            answer == *expected,
            "{} says {answer} where tenantry says {expected}: {:?}, {:?}",
            peer.name(),
            ask.question(world),
            world.fold(ask.user, ask.tenant),
        );
    }
}
