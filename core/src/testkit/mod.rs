//! What tests need, ours and those of whoever embeds tenantry.

pub mod given;
#[doc(hidden)]
pub mod inside;
mod random;
mod store;
mod tapped;
