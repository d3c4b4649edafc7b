//! The ledger's conditional writes, against a DynamoDB that evaluates conditions.
//! Each test has a sandbox of its own, with nothing in it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod claims;
mod open;
mod people;
mod races;
mod undo;
mod world;
