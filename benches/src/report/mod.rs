//! The text that is made from what was measured.

mod growth;
mod number;
mod text;

pub use text::{readme, results, table};
