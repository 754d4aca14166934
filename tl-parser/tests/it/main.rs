//! Tests of the crate through its public interface.
#![allow(missing_docs)]

mod language;
mod reference;
