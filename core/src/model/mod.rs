//! The closed words of the field and the entities that carry them.
//!
//! Plain data. Nothing here reads a view, decides or writes; what an entity may do next is said by
//! the small machines in [`machine`], which the rules run and the diagrams are drawn from.

mod entity;
pub mod machine;
pub mod permission;
mod words;

pub use entity::*;
pub use words::*;
