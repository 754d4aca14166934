//! Stories that cross crates, and the rules of the tree itself.

mod book;
mod capture;
mod command;
mod hostile;
mod serve;
mod tidy;
mod tl;
