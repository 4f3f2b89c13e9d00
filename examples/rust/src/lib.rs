//! The program in the README, so that it is compiled and run with every test. Holds nothing else.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
