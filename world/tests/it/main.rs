//! Stories of the world: people log in, write to each other, and see what they should see.

mod auth;
mod bots;
mod cdn;
mod channels;
mod check;
mod contacts;
mod dialogs;
mod driver;
mod emails;
mod files;
mod groups;
mod help;
mod inline;
mod invites;
mod limits;
mod messages;
mod migrations;
mod password;
mod photos;
mod reactions;
mod schedule;
mod secret;
mod settings;
mod updates;
mod world;
