//! The table of everything that was found and changed, and of everything that stands until somebody ends it.
//!
//! One DynamoDB table: partition key `pk` (string), sort key `sk` (string), TTL attribute `ttl` (epoch seconds). All other
//! times are integers, epoch milliseconds; payloads are JSON in strings. One index, `feed`: hash `feed` (string), range `at`
//! (epoch milliseconds), keys only; it lists what people ask for by time.
//!
//! | `pk` | `sk` | what | `feed` / `at` |
//! |---|---|---|---|
//! | `resource#{account}#{region}#{arn}` | `state#lease` | who may change the resource now | |
//! | same | `state#deferral#{control}` | a breach that is waited for | |
//! | same | `state#tug#{control}` | the latest corrections, and until when there are no more | |
//! | same | `state#open#{control}` | a finding that was told and has not ended | |
//! | same | `state#kept` | what stood well and may have to be put back | |
//! | same | `correction#{id}` | one correction or undo: written before the first change, closed after the proof | `correction#{UTC day}` / claimed |
//! | same | `finding#{control}#{fingerprint}` | one offending state: how often seen, last outcome, when told | `finding#{outcome}` / last seen |
//! | `standing` | `switch#all`, `switch#control#{id}` | paused while the row is there | `switch` / paused |
//! | `standing#{account}` | `switch#account` | the same | same |
//! | either | `exemption#{id}` | where a control does not act | `exemption` / its end |
//! | `standing#{account}` | `account` | where the account is in the organisation | |
//! | `budget#{control}#{account}#{hour}` | `count` | corrections of an hour | |
//! | `budget#{control}#everywhere#{hour}` | `count` | the same, in all accounts | |
//! | `once` | `{what}` | something that is told once | |
//! | `probe#{id}` | `{kind}` | a probe event that came through to a guard; kept for an hour | |
//! | `channel#{name}` | `thread#{finding}` | what a channel was told of a finding, and its thread there | |
//! | same | `sent#{message}` | what a channel has already, when another failed | |
//! | same | `flood#{minute}` | messages of a minute | |
//! | same | `held#{message}` | a message that waits for the summary | |
//!
//! **Architecture invariant:** no scans, and no read before a write decides anything: every rule of the ledger is a
//! condition of the write itself.
//!
//! **Architecture invariant:** what a guard calls uses neither the index nor batches, so its role needs neither; those are
//! for people, in [`people`].

mod channel;
mod claim;
mod clock;
mod close;
mod expression;
mod ids;
mod lease;
mod note;
mod open;
pub mod people;
mod probe;
mod row;
mod standing;
mod state;
mod store;
mod transaction;
mod types;
mod undo;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use jiff::Timestamp;

pub use self::{
    channel::{HeldRow, Thread},
    claim::{Claim, ClaimError, Limits},
    close::{Closing, FindingClosing},
    ids::{CorrectionId, CorrectionIdError, ResourceKey, ResourceKeyError, exemption_id},
    lease::LEASE_LOST,
    note::{Note, Noted},
    open::Open,
    people::FindingRow,
    probe::{ProbeId, ProbeIdError},
    state::ResourceState,
    types::{CorrectionRow, Json, Lease, Sighting, WriteAhead},
    undo::UndoClaim,
};
use self::{clock::Clock, row::correction_key};
use crate::AwsFailure;

/// The ledger. Cheap to clone; clones share one clock.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
    clock: Clock,
}

impl Ledger {
    /// The ledger in `table`, in the configuration's own region and account.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        let clock = Clock::default();
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .retry_partition(crate::every_call_its_tries())
            .interceptor(clock.clone())
            .build();
        Self { client: Client::from_conf(config), table, clock }
    }

    /// Now, by DynamoDB's clock as the latest answers showed it, by our own before the first answer. Whoever writes a time
    /// into the ledger, or compares one with it, takes it from here: two functions' own clocks may differ by minutes.
    ///
    /// Good to a second or two. A difference below three seconds counts as none, because an answer has whole seconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// One correction or undo of a resource.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or the row is not one that a claim wrote.
    pub async fn correction(&self, key: &ResourceKey, id: &CorrectionId) -> Result<Option<CorrectionRow>, AwsFailure> {
        self.get(&key.to_string(), &correction_key(id)).await?.map(|row| row.correction()).transpose()
    }
}

#[cfg(test)]
mod tests;
