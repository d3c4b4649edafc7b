//! The guard at the HTTP seam: what the sandbox's CloudFormation does not do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod apply;
mod fake;
mod observe;
