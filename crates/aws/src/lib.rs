//! AWS plumbing that every function shares: one configuration, one error table, sessions per place, the ledger, the outbox.
//!
//! **Architecture invariant:** nothing here knows a kind of resource. What a bucket is, which error of which read means
//! «not configured», and what a change does stand in the guards; this crate could serve a guard for anything.
//!
//! **Architecture invariant:** an SDK error leaves this crate only as an [`AwsFailure`], which keeps the error code and the
//! request id. The SDK's own text for any of them is `service error`.

mod bus;
mod config;
mod failure;
mod http;
mod jitter;
mod outbox;
mod reading;
mod retry;
mod schedule;
mod session;
mod signed;
mod topic;
mod whoami;

pub mod ledger;

pub use bus::{Bus, NotPut};
pub use config::config;
pub use failure::{AwsFailure, FailureKind};
pub use http::{Answer, Http, NoAnswer, Request};
pub use jitter::pause;
pub use ledger::{
    Claim, ClaimError, Closing, CorrectionId, CorrectionRow, FindingClosing, FindingRow, HeldRow, Json, Lease, Ledger,
    Limits, Note, Noted, Open, ProbeId, ProbeIdError, ResourceKey, ResourceState, Sighting, Thread, UndoClaim,
    WriteAhead, exemption_id,
};
pub use outbox::{Outbox, Posting};
pub use reading::{Ended, Ends, Reading, Refusal, done, reading, refused, shaped, unless, unreadable};
pub use rectify_controls::Names;
pub use retry::{AlsoRetry, every_call_its_tries};
pub use schedule::Schedules;
pub use session::{PerSession, Reason, Session, SessionError, Sessions};
pub use signed::{Call, Service, Signed};
pub use topic::{Message, Topic};
pub use whoami::{is_rule_enabled, whoami};
