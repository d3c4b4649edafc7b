//! The guard against prepared answers: what it makes of each, and what exactly it sends.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod apply;
mod doors;
mod fake;
mod list;
mod observe;
