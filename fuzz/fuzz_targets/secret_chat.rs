//! The engine's binary of `fuzz::secret_chat::secret_chat`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::secret_chat::secret_chat(data));
