//! A queue that is looked through: every message once, and each put back or deleted.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sqs::{
    Client,
    types::{ChangeMessageVisibilityBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName},
};
use jiff::Timestamp;
use rectify_aws::{AwsFailure, FailureKind};

use super::letter::Letter;
use crate::connection::{CloudError, Connection};

/// How long a message is ours. When this command is stopped before it puts a message back, it comes back by itself then.
const OURS_SECONDS: i32 = 300;
/// The most that one call gives or takes (SQS API reference).
const BATCH: usize = 10;
/// Waits for messages: a short poll asks only some of SQS's hosts.
const POLL_SECONDS: i32 = 1;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Put back at the end.
    Stay,
    /// Deleted at once.
    Delete,
}

/// A queue of the stack: the dead letters of a guard, of the sweeper or of the outbox, or the outbox itself.
pub(in crate::command) struct Queue<'c> {
    connection: &'c Connection,
    client: Client,
    url: String,
}

impl<'c> Queue<'c> {
    /// Finds the dead letters of a kind, of the sweeper, or of the outbox.
    pub(in crate::command) async fn letters(connection: &'c Connection, of: &str) -> Result<Self, CloudError> {
        Self::open(connection, connection.dead_letters(of)).await
    }

    /// Finds the outbox.
    pub(in crate::command) async fn outbox(connection: &'c Connection) -> Result<Self, CloudError> {
        Self::open(connection, connection.outbox()).await
    }

    async fn open(connection: &'c Connection, name: String) -> Result<Self, CloudError> {
        let client = Client::new(connection.config());
        let answer = client.get_queue_url().queue_name(&name).send().await.map_err(|error| {
            let failure = AwsFailure::new("sqs", "GetQueueUrl", &error);
            let gone = failure.kind == FailureKind::Gone
                || failure
                    .code
                    .as_deref()
                    .is_some_and(|code| code.ends_with("NonExistentQueue") || code.ends_with("QueueDoesNotExist"));
            if gone { connection.no_such("queue", name.clone()) } else { connection.failure(failure) }
        })?;
        let url = answer.queue_url.ok_or_else(|| connection.no_such("queue", name))?;
        Ok(Self { connection, client, url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// About how many messages wait.
    pub(in crate::command) async fn waiting(&self) -> Result<usize, CloudError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(name.clone())
            .send()
            .await
            .map_err(|error| self.connection.failure(AwsFailure::new("sqs", "GetQueueAttributes", &error)))?;
        let number = answer.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok());
        Ok(number.unwrap_or_default())
    }

    /// Shows every message to `look`, up to `limit` of them, and only those sent before `before`. `false` when there may be
    /// more. What stays is visible again when this returns, also when it fails.
    pub(super) async fn each(
        &self,
        limit: usize,
        before: Option<Timestamp>,
        look: impl AsyncFnMut(&Letter) -> Fate,
    ) -> Result<bool, CloudError> {
        let mut held = BTreeMap::new();
        let looked = self.look_at(limit, before, look, &mut held).await;
        let back = self.put_back(held.into_values().collect()).await;
        let all = looked?;
        back?;
        Ok(all)
    }

    async fn look_at(
        &self,
        limit: usize,
        before: Option<Timestamp>,
        mut look: impl AsyncFnMut(&Letter) -> Fate,
        held: &mut BTreeMap<String, String>,
    ) -> Result<bool, CloudError> {
        let mut seen = BTreeSet::new();
        let mut empty = 0;
        // One empty answer can be a host that had none.
        while empty < 2 {
            if seen.len() >= limit {
                return Ok(false);
            }
            let most = BATCH.min(limit - seen.len());
            let answer = self
                .client
                .receive_message()
                .queue_url(&self.url)
                .max_number_of_messages(i32::try_from(most).unwrap_or(1))
                .visibility_timeout(OURS_SECONDS)
                .wait_time_seconds(POLL_SECONDS)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All")
                .send()
                .await
                .map_err(|error| self.connection.failure(AwsFailure::new("sqs", "ReceiveMessage", &error)))?;
            let messages = answer.messages.unwrap_or_default();
            empty = if messages.is_empty() { empty + 1 } else { 0 };
            for message in &messages {
                let letter = Letter::of(message);
                let receipt = message.receipt_handle().unwrap_or_default().to_owned();
                held.insert(letter.id.clone(), receipt.clone());
                let late = before.zip(letter.sent).is_some_and(|(before, sent)| sent > before);
                if !seen.insert(letter.id.clone()) || late {
                    continue;
                }
                if look(&letter).await == Fate::Delete {
                    self.delete(&receipt).await?;
                    held.remove(&letter.id);
                }
            }
        }
        Ok(true)
    }

    async fn delete(&self, receipt: &str) -> Result<(), CloudError> {
        let deleted = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await;
        deleted.map(drop).map_err(|error| self.connection.failure(AwsFailure::new("sqs", "DeleteMessage", &error)))
    }

    async fn put_back(&self, receipts: Vec<String>) -> Result<(), CloudError> {
        for batch in receipts.chunks(BATCH) {
            let entries = batch.iter().enumerate().filter_map(|(index, receipt)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(0)
                    .build()
                    .ok()
            });
            // A receipt that is no longer good is of a message that is visible again already.
            self.client
                .change_message_visibility_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.collect()))
                .send()
                .await
                .map_err(|error| self.connection.failure(AwsFailure::new("sqs", "ChangeMessageVisibility", &error)))?;
        }
        Ok(())
    }
}
