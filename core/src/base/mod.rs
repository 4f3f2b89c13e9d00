//! The ground floor: what an id, an instant and a parsed text are. It knows nothing of tenants,
//! reads no clock and makes no id.

pub(crate) mod declare;
mod device;
pub mod ids;
pub(crate) mod read;
pub mod text;
pub mod time;
