//! The engine's binary of `fuzz::inspector::capture`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::inspector::capture(data));
