//! What the function is called with: a batch of the queue, or one of the schedules' two orders.

use serde::Deserialize;
use serde_json::Value;

/// One call of the function.
#[derive(Debug)]
pub enum Call {
    /// A batch of the outbox queue, in the queue's order.
    Deliver(Vec<Record>),
    /// `{"flush": true}`, once a minute: what is held becomes one summary per channel.
    Flush,
    /// `{"digest": true}`, once a day: the digests that are due.
    Digest,
}

/// One message of the queue (Lambda developer guide, «Using Lambda with Amazon SQS»).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// What a partial failure names.
    pub message_id: String,
    /// What `ChangeMessageVisibility` names.
    pub receipt_handle: String,
    /// The message.
    pub body: String,
    /// Of the queue.
    #[serde(default)]
    pub attributes: Attributes,
}

/// The queue's own attributes; all of them are strings on the way.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// How often the message was received, this time included.
    #[serde(default)]
    pub approximate_receive_count: Option<String>,
    /// The finding's id. Messages of one group keep their order.
    #[serde(default)]
    pub message_group_id: Option<String>,
}

/// A call that is none of these.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Neither records nor an order.
    #[error("neither a batch of the outbox queue nor `{{\"flush\":true}}` nor `{{\"digest\":true}}`")]
    Unknown,
    /// Records that are not as SQS writes them.
    #[error("not a batch of a queue: {0}")]
    Records(#[from] serde_json::Error),
}

impl Call {
    /// Reads a call.
    ///
    /// # Errors
    /// [`CallError`] for anything else.
    pub fn read(mut payload: Value) -> Result<Self, CallError> {
        if let Some(records) = payload.get_mut("Records") {
            return Ok(Self::Deliver(serde_json::from_value(records.take())?));
        }
        let asks = |word: &str| payload.get(word) == Some(&Value::Bool(true));
        match (asks("flush"), asks("digest")) {
            (true, false) => Ok(Self::Flush),
            (false, true) => Ok(Self::Digest),
            _ => Err(CallError::Unknown),
        }
    }
}

impl Record {
    /// Whether the message was received before.
    #[must_use]
    pub fn came_before(&self) -> bool {
        // Who cannot tell has to look.
        self.received().is_none_or(|count| count > 1)
    }

    /// How often the message was received, this time included; `None` when the queue does not say.
    #[must_use]
    pub fn received(&self) -> Option<usize> {
        self.attributes.approximate_receive_count.as_deref()?.parse().ok()
    }

    /// What keeps its order: the group, or the message alone on a queue without groups.
    #[must_use]
    pub fn group(&self) -> &str {
        self.attributes.message_group_id.as_deref().unwrap_or(&self.message_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_keeps_its_order_and_its_groups() {
        let batch = json!({"Records": [
            {"messageId": "1", "receiptHandle": "r1", "body": "a", "eventSource": "aws:sqs",
             "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "f-1", "SentTimestamp": "1"}},
            {"messageId": "2", "receiptHandle": "r2", "body": "b", "attributes": {"ApproximateReceiveCount": "2"}},
            {"messageId": "3", "receiptHandle": "r3", "body": "c"},
        ]});
        let Ok(Call::Deliver(records)) = Call::read(batch) else { panic!("a batch") };
        let seen: Vec<_> = records.iter().map(|r| (r.body.as_str(), r.group(), r.came_before())).collect();
        assert_eq!(seen, [("a", "f-1", false), ("b", "2", true), ("c", "3", true)]);
    }

    #[test]
    fn an_order_is_one_of_two() {
        assert!(matches!(Call::read(json!({"flush": true})), Ok(Call::Flush)));
        assert!(matches!(Call::read(json!({"digest": true})), Ok(Call::Digest)));
        for other in [
            json!({}),
            json!(null),
            json!([]),
            json!({"flush": false}),
            json!({"flush": true, "digest": true}),
            json!({"flush": "true"}),
            json!({"Records": {}}),
            json!({"Records": [{"body": 1}]}),
        ] {
            assert!(Call::read(other.clone()).is_err(), "{other}");
        }
    }
}
