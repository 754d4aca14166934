//! The engine's binary of `fuzz::message::handshake_client`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::message::handshake_client(data));
