//! What real, mutilated and hostile input does to the types of this crate.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise; clippy exempts only the test functions themselves"
)]

mod actor;
mod corpus;
mod details;
mod fixtures;
mod hostile;
mod mutation;
