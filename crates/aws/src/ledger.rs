//! The table of everything that was found and changed.
//!
//! One DynamoDB table: partition key `pk` (string), sort key `sk` (string), TTL attribute `ttl` (epoch seconds). All other
//! times are integers, epoch milliseconds; payloads are JSON in strings.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `resource#{account}#{region}#{arn}` | `lease` | who may change the resource now |
//! | same | `correction#{id}` | one correction: written before the first change, closed after the proof |
//! | same | `finding#{control}#{fingerprint}` | one offending state: how often seen, last outcome, when told |
//! | `budget#{control}#{account}#{hour}` | `count` | corrections of an hour |
//! | `switch` | `all`, `control#{id}`, `account#{id}` | paused while it has `paused_at` |
//!
//! **Architecture invariant:** no scans, and no read before a write decides anything: every rule of the ledger is a
//! condition of the write itself.

mod claim;
mod close;
mod expression;
mod note;
mod row;
mod types;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};

use self::row::Row;
pub use self::{
    claim::{Claim, ClaimError},
    close::{Closing, FindingClosing, LEASE_LOST},
    note::{Note, Noted},
    types::{CorrectionId, CorrectionIdError, CorrectionRow, Json, Lease, ResourceKey, Sighting, WriteAhead},
};
use crate::AwsFailure;

/// The ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
}

impl Ledger {
    /// The ledger in `table`, in the configuration's own region and account.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Who may change the resource, as of now. `None` when nobody ever did.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, and then nothing may be changed.
    pub async fn lease(&self, key: &ResourceKey) -> Result<Option<Lease>, AwsFailure> {
        self.get(key, "lease").await?.map(|row| row.lease()).transpose()
    }

    /// One correction of a resource.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or the row is not one that [`Ledger::claim`] wrote.
    pub async fn correction(&self, key: &ResourceKey, id: &CorrectionId) -> Result<Option<CorrectionRow>, AwsFailure> {
        self.get(key, &row::correction_key(id)).await?.map(|row| row.correction()).transpose()
    }

    async fn get(&self, key: &ResourceKey, sk: &str) -> Result<Option<Row>, AwsFailure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key.to_string()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsFailure::new("dynamodb", "GetItem", &error))?;
        Ok(answer.item.map(Row))
    }
}

#[cfg(test)]
mod tests;
