//! The rules for APIs, from outside: cases, properties, events, and the book itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod book;
mod cases;
mod doors;
#[path = "../laws/mod.rs"]
mod laws;
mod properties;
mod screen;
mod world;
