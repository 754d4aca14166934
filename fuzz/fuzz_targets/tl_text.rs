//! The engine's binary of `fuzz::tl::tl_text`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::tl::tl_text(data));
