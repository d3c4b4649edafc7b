//! The sandbox as its users meet it: real HTTP, real processes, a fake function that speaks the Runtime API.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests, with helpers outside #[test]")]

mod channels;
mod cloud;
mod event_source;
mod faults;
mod functions;
mod harness;
mod invoke;
mod kill;
mod organization;
mod schedules;
mod trail;
