//! The detector as its callers use it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod apart;
mod escapes;
mod hostile;
mod leaks;
mod pems;
mod wraps;
