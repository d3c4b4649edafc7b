//! The ledger's conditional writes, against a DynamoDB that evaluates conditions.
//!
//! Needs a moto server: `moto_server -p 5000`, then
//! `RECTIFY_MOTO_ENDPOINT=http://127.0.0.1:5000 cargo nextest run -p rectify-aws --run-ignored all`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod claims;
mod open;
mod people;
mod races;
mod undo;
mod world;
