//! Tests of the crate through its public interface.
#![allow(missing_docs)]

mod bundled;
mod codec;
mod json;
mod language;
mod project;
mod reference;
mod schema;
