//! What a fuzz target does with its input: `make fuzz` has libFuzzer find inputs, the tests replay those that were kept, and as many
//! drawn ones as there is time for. Every input means something, and the same every time.

pub mod calls;
pub mod door;
mod draw;
#[path = "../../core/tests/wire/samples.rs"]
mod samples;
pub mod seen;
