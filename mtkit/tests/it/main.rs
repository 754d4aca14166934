//! Stories that cross crates, and the rules of the tree itself.

mod capture;
mod command;
mod hostile;
mod serve;
mod tidy;
mod tutorial;
