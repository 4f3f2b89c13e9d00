//! Four machines that look for kinds of faults, not for specimens, through the JSON door alone: what is *gained* by a command
//! that nobody held, what *two worlds* that differ only out of sight tell of their difference, what *time* does to answers,
//! and what a call *costs*. See `docs/four-machines.md`.

pub mod cost;
pub mod count;
pub mod door;
pub mod gain;
pub mod generator;
pub mod machine;
pub mod play;
pub mod rng;
pub mod script;
pub mod time;
pub mod world;
pub mod worlds;
