//! The engine's binary of `fuzz::message::gzip`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::message::gzip(data));
