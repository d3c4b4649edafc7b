//! Resource policies: who outside the trust zone may do what.
//!
//! [`Policy::parse`] reads a policy document as AWS accepts it; [`assess`] answers one question about it. Both are
//! total: any input gives an answer or a [`PolicyError`], never a panic.
//!
//! The answer is an upper bound. A condition narrows it only when this crate knows that the condition ties the caller
//! to something; an unknown operator, key or value never does, and a `Deny` statement never does. So a wrong answer
//! names too many callers, not too few.
//!
//! **Architecture invariant:** this crate does no I/O, knows no clock and no client, and depends on no other crate of
//! the workspace.

mod assess;
mod claim;
mod condition;
mod document;
mod ids;
mod key;
mod network;
mod parse;
mod pinned;
mod principal;
mod reason;
mod report;
mod s3;
mod service;
mod verdict;

pub use assess::{Assessment, Difference, S3Verdict, StatementAssessment, assess};
pub use document::{Condition, Effect, Policy, Principal, PrincipalKind, Statement};
pub use ids::{AccountId, IdError, OrganizationId};
pub use parse::{MAX_POLICY_BYTES, PolicyError};
pub use reason::Reason;
pub use report::report_json;
pub use service::{Service, UnknownService};
pub use verdict::{TrustZone, Verdict};
