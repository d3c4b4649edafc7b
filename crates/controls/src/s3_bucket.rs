//! S3 buckets, the account's public access block, and access points (catalogue kind `s3-bucket`).

mod change;
mod facts;

pub use change::Change;
pub use facts::*;
