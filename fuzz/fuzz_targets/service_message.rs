//! The engine's binary of `fuzz::message::service_message`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::message::service_message(data));
