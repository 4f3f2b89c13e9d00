//! Sequences of calls of the C functions.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantry_fuzz::calls::run(data));
