//! The rules for trails, from outside: breaches, near misses, screening, what is kept, and the laws of every kind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cases;
mod hindsight;
#[path = "../laws/mod.rs"]
mod laws;
#[path = "../past/mod.rs"]
mod past;
mod properties;
mod screen;
mod selectors;
mod world;
