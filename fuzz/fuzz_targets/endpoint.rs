//! The engine's binary of `fuzz::session::endpoint`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::session::endpoint(data));
