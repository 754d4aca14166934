//! The engine's binary of `fuzz::inspector::inspect`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::inspector::inspect(data));
