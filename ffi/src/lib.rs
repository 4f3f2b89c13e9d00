//! libtenantry: the C face. It decides nothing: typed functions where it is hot or simple, and the JSON door for all else.
//!
//! Every function checks what it is given, contains panics, writes each of its out-parameters on every path and answers with
//! a status. The header in `include/` is generated from these files, in the order in which `tests/header.rs` lists them; what is
//! written here about a function is what a C programmer reads there.

#![expect(clippy::missing_safety_doc, reason = "the header says at each function what its caller owes")]
#![expect(non_camel_case_types, reason = "types are named as C knows them")]

#[cfg(panic = "abort")]
compile_error!("a panic has to unwind, or no guard can contain it");

pub mod check;
pub mod cursor;
pub mod door;
pub mod engine;
pub mod error;
mod guard;
mod handle;
pub mod id;
pub mod index;
pub mod text;
pub mod version;
