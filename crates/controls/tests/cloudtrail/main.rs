//! The rules for trails, from outside: breaches, near misses, screening, what is kept, and the laws of every kind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cases;
#[path = "../laws/mod.rs"]
mod laws;
mod properties;
mod screen;
mod selectors;
mod world;
