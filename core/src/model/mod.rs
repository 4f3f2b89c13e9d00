//! The closed words of the field and the entities that carry them.
//!
//! Plain data. Nothing here reads a view, decides or writes; what an entity may do next is said by
//! the small machines in [`words`], which the rules run and the diagrams are drawn from.

pub mod entity;
pub mod machine;
pub mod permission;
pub mod words;

pub use entity::*;
pub use words::*;
