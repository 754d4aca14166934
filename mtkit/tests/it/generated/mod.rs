//! What `mtkit tl gen` wrote is what it would write today, and reads and writes what the schema does.

#[allow(elided_lifetimes_in_paths, reason = "types are listed by name alone")]
mod differential;
mod sync;
#[allow(
    unreachable_pub,
    reason = "generated code is made for modules that others see"
)]
mod values;
#[allow(
    unreachable_pub,
    reason = "generated code is made for modules that others see"
)]
mod wire;

/// The generator of random values that the tests of the schema use.
#[path = "../../../../tl-parser/tests/it/generate.rs"]
#[allow(dead_code, reason = "the tests of the schema use the rest")]
mod random;
