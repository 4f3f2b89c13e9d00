//! What tests need, ours and those of whoever embeds tenantry or writes a store of their own.

pub mod given;
pub mod random;
pub mod store;
pub mod tapped;
