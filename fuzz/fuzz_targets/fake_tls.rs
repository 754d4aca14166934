//! The engine's binary of `fuzz::carriers::fake_tls`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::carriers::fake_tls(data));
