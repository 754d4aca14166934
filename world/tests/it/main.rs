//! Stories of the world: people log in, write to each other, and see what they should see.

mod auth;
mod check;
mod contacts;
mod dialogs;
mod driver;
mod files;
mod help;
mod messages;
mod password;
mod updates;
mod world;
