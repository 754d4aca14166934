//! The engine's binary of `fuzz::tl::view_vs_value`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::tl::view_vs_value(data));
