//! The engine's binary of `fuzz::transport::frame_abridged`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::transport::frame_abridged(data));
