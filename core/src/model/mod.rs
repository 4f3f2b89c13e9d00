//! The closed words of the field and the entities that carry them.
//!
//! Plain data. Nothing here reads a view, decides or writes; what an entity may do next is said by
//! small machines, which the rules run and [`diagram`](crate::diagram) draws.

pub(crate) mod derived;
mod entity;
mod kept;
pub(crate) mod machine;
mod notice;
pub(crate) mod permission;
mod temporary;
mod words;

pub(crate) use derived::*;
pub use entity::*;
pub use kept::*;
pub use notice::NoticeKind;
pub use temporary::Temporary;
pub use words::*;
