//! Stories that cross crates, and the rules of the tree itself.

mod command;
mod serve;
mod tidy;
mod tutorial;
