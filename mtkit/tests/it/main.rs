//! Stories that cross crates, and the rules of the tree itself.

mod book;
mod capture;
mod clients;
mod command;
mod connect;
mod generated;
mod hostile;
mod serve;
mod session;
mod tidy;
mod tl;
