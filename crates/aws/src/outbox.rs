//! Handing messages to the notifier.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::{Client, config::Region};

use crate::{AlsoRetry, AwsFailure};

/// The FIFO queue from which the notifier takes messages (docs/adr/0013-messages-leave-by-one-queue.md).
#[derive(Debug, Clone)]
pub struct Outbox {
    client: Client,
    url: String,
}

/// One message on its way to the notifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting<'a> {
    /// Messages of one group arrive in the order in which they were sent, each after the one before was delivered: the
    /// finding's id. At most 128 letters, digits and punctuation (SendMessage, API reference).
    pub group: &'a str,
    /// The same for a message that is sent again: SQS takes it once within five minutes. As `group`.
    pub id: &'a str,
    /// The JSON. SQS takes 1 MiB (SendMessage, API reference); the caller keeps it far shorter.
    pub body: &'a str,
}

impl Outbox {
    /// The queue at `url`, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.fifo`, called in the region its URL names.
    #[must_use]
    pub fn new(config: &SdkConfig, url: String) -> Self {
        let mut builder = aws_sdk_sqs::config::Builder::from(config)
            .retry_classifier(AlsoRetry)
            .retry_partition(crate::every_call_its_tries());
        if let Some(region) = region(&url) {
            builder.set_region(Some(Region::new(region.to_owned())));
        }
        Self { client: Client::from_conf(builder.build()), url }
    }

    /// Hands the message over. After the SDK's retries it can have been sent twice, which SQS makes one of; never lost.
    ///
    /// # Errors
    /// [`AwsFailure`] when SQS did not accept it.
    pub async fn post(&self, posting: &Posting<'_>) -> Result<(), AwsFailure> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(posting.group)
            .message_deduplication_id(posting.id)
            .message_body(posting.body)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsFailure::new("sqs", "SendMessage", &error))
    }
}

impl Outbox {
    /// Shows a message that was received again after `wait` at the earliest, at most twelve hours (ChangeMessageVisibility,
    /// API reference). Those behind it in its group wait with it.
    ///
    /// # Errors
    /// [`AwsFailure`] when SQS did not accept it: the message comes again after the queue's own time.
    pub async fn later(&self, receipt: &str, wait: Duration) -> Result<(), AwsFailure> {
        let seconds = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX).min(LATEST);
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(seconds)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsFailure::new("sqs", "ChangeMessageVisibility", &error))
    }
}

/// Twelve hours, in seconds.
const LATEST: i32 = 43_200;

/// `eu-central-1` of `https://sqs.eu-central-1.amazonaws.com/111122223333/rectify-outbox.fifo`; `None` for any other host.
fn region(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://sqs.")?.split('/').next()?;
    host.split_once(".amazonaws.com").map(|(region, _)| region)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::operation::{
        change_message_visibility::ChangeMessageVisibilityOutput, send_message::SendMessageOutput,
    };
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;
    use crate::FailureKind;

    const URL: &str = "https://sqs.eu-west-1.amazonaws.com/111122223333/rectify-outbox.fifo";

    #[test]
    fn the_queue_is_called_in_its_region() {
        assert_eq!(region(URL), Some("eu-west-1"));
        assert_eq!(region("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/x.fifo"), Some("cn-north-1"));
        assert_eq!(region("http://127.0.0.1:4566/111122223333/x.fifo"), None);
        assert_eq!(region(""), None);
    }

    #[tokio::test]
    async fn a_message_is_in_its_findings_group_and_has_its_own_id() {
        let rule = mock!(Client::send_message)
            .match_requests(|call| {
                call.queue_url() == Some(URL)
                    && call.message_group_id() == Some("f-1")
                    && call.message_deduplication_id() == Some("m-1")
                    && call.message_body() == Some("{}")
            })
            .then_output(|| SendMessageOutput::builder().build());
        let client = mock_client!(aws_sdk_sqs, [&rule]);
        let outbox = Outbox { client, url: URL.into() };
        outbox.post(&Posting { group: "f-1", id: "m-1", body: "{}" }).await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_message_is_hidden_for_twelve_hours_at_most() {
        let rule = mock!(Client::change_message_visibility)
            .match_requests(|call| call.receipt_handle() == Some("r-1") && call.visibility_timeout() == Some(43_200))
            .then_output(|| ChangeMessageVisibilityOutput::builder().build());
        let client = mock_client!(aws_sdk_sqs, [&rule]);
        let outbox = Outbox { client, url: URL.into() };
        outbox.later("r-1", Duration::MAX).await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_queue_is_tried_again_and_then_reported() {
        let body = r#"{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}"#;
        let rule = mock!(Client::send_message).sequence().http_status(400, Some(body.into())).times(3).build();
        let client =
            mock_client!(aws_sdk_sqs, RuleMode::Sequential, [&rule], |config| config.retry_classifier(AlsoRetry));
        let outbox = Outbox { client, url: URL.into() };
        let failure = outbox.post(&Posting { group: "f-1", id: "m-1", body: "{}" }).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Throttled, "{failure}");
        assert_eq!(rule.num_calls(), 3);
    }
}
