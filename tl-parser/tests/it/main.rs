//! Tests of the crate through its public interface.
#![allow(missing_docs)]

mod bundled;
mod codec;
mod generate;
mod generated;
mod hostile;
mod json;
mod language;
mod layers_reference;
mod project;
mod properties;
mod reference;
mod schema;
mod view;
