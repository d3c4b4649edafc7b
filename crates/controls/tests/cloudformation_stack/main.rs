//! The rules of stacks, from outside: cases, properties, events, and the book itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod book;
mod cases;
mod hindsight;
#[path = "../laws/mod.rs"]
mod laws;
#[path = "../past/mod.rs"]
mod past;
mod properties;
mod screen;
mod world;
