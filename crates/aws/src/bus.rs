//! Putting events of our own on a bus.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};

use crate::{AlsoRetry, AwsFailure, FailureKind, jitter::pause};

/// Entries of one call (EventBridge API reference, `PutEvents`).
const BATCH: usize = 10;

/// Bytes of one call's entries. EventBridge has taken more since 2026; 256 KB is what every partition takes.
const BYTES: usize = 256 * 1024;

/// Tries of an entry that EventBridge did not take, beside the SDK's tries of a whole call.
const TRIES: u32 = 6;

/// The first wait before trying again what was not taken; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// An event bus.
#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
    name: String,
}

/// Events that are not on the bus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{missing} of {of} events are not on the bus: {failure}")]
pub struct NotPut {
    /// How many.
    pub missing: usize,
    /// Of how many.
    pub of: usize,
    /// Why; of several reasons the last.
    pub failure: AwsFailure,
}

impl Bus {
    /// The bus called `name` (or its ARN), in the configuration's own region.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        let config = aws_sdk_eventbridge::config::Builder::from(config)
            .retry_classifier(AlsoRetry)
            .retry_partition(crate::every_call_its_tries())
            .build();
        Self { client: Client::from_conf(config), name }
    }

    /// Puts one event per text in `details`, as few calls as can be. An event can be on the bus twice after a retry.
    ///
    /// # Errors
    /// [`NotPut`] when some are not on the bus after all tries; the others are.
    pub async fn put(&self, source: &str, detail_type: &str, details: &[String]) -> Result<(), NotPut> {
        let overhead = source.len() + detail_type.len();
        let (mut missing, mut why) = (0, None);
        for batch in batches(details, overhead) {
            match batch {
                Batch::TooLong => {
                    missing += 1;
                    why = Some(invalid("the event is longer than EventBridge takes".to_owned()));
                }
                Batch::Of(details) => {
                    if let Err((left, failure)) = self.put_batch(source, detail_type, details).await {
                        missing += left;
                        why = Some(failure);
                    }
                }
            }
        }
        match why {
            None => Ok(()),
            Some(failure) => Err(NotPut { missing, of: details.len(), failure }),
        }
    }

    async fn put_batch(&self, source: &str, kind: &str, details: Vec<&String>) -> Result<(), (usize, AwsFailure)> {
        let mut left = details;
        let mut wait = FIRST_WAIT;
        for tried in 1.. {
            let entries = left.iter().map(|detail| {
                PutEventsRequestEntry::builder()
                    .event_bus_name(&self.name)
                    .source(source)
                    .detail_type(kind)
                    .detail(detail.as_str())
                    .build()
            });
            let call = self.client.put_events().set_entries(Some(entries.collect()));
            let answer = call.send().await.map_err(|error| AwsFailure::new("events", "PutEvents", &error));
            let answer = answer.map_err(|failure| (left.len(), failure))?;
            // One result for each entry, in their order; what has no id is not on the bus (API reference).
            let results = answer.entries();
            let refused: Vec<(usize, &str)> = (0..left.len())
                .filter_map(|at| match results.get(at) {
                    Some(result) if result.error_code().is_none() => None,
                    Some(result) => Some((at, result.error_code().unwrap_or_default())),
                    None => Some((at, "")),
                })
                .collect();
            let Some((_, code)) = refused.first() else { return Ok(()) };
            let failure = refusal(code, results.iter().find_map(|result| result.error_message()));
            if tried == TRIES {
                return Err((refused.len(), failure));
            }
            left = refused.iter().filter_map(|(at, _)| left.get(*at).copied()).collect();
            pause(wait).await;
            wait = wait.saturating_mul(2);
        }
        Ok(())
    }
}

/// Entries that go into one call.
enum Batch<'a> {
    Of(Vec<&'a String>),
    TooLong,
}

fn batches(details: &[String], overhead: usize) -> Vec<Batch<'_>> {
    let mut batches = Vec::new();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for detail in details {
        let size = detail.len() + overhead;
        if size > BYTES {
            batches.push(Batch::TooLong);
            continue;
        }
        if batch.len() == BATCH || bytes + size > BYTES {
            batches.push(Batch::Of(std::mem::take(&mut batch)));
            bytes = 0;
        }
        bytes += size;
        batch.push(detail);
    }
    if !batch.is_empty() {
        batches.push(Batch::Of(batch));
    }
    batches
}

fn refusal(code: &str, message: Option<&str>) -> AwsFailure {
    let kind = match code {
        "ThrottlingException" => FailureKind::Throttled,
        "InternalFailure" | "InternalException" | "" => FailureKind::Server,
        "NotAuthorizedForSourceException" | "NotAuthorizedForDetailTypeException" => FailureKind::Denied,
        _ => FailureKind::Other,
    };
    AwsFailure {
        kind,
        code: Some(code.to_owned()).filter(|code| !code.is_empty()),
        ..invalid(message.unwrap_or("no answer about the event").to_owned())
    }
}

fn invalid(message: String) -> AwsFailure {
    AwsFailure {
        service: "events",
        operation: "PutEvents",
        kind: FailureKind::Invalid,
        code: None,
        message: Some(message),
        request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::{operation::put_events::PutEventsOutput, types::PutEventsResultEntry};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn taken() -> PutEventsResultEntry {
        PutEventsResultEntry::builder().event_id("1").build()
    }

    fn not_taken(code: &str) -> PutEventsResultEntry {
        PutEventsResultEntry::builder().error_code(code).error_message("no").build()
    }

    fn answer(entries: Vec<PutEventsResultEntry>) -> PutEventsOutput {
        PutEventsOutput::builder().set_entries(Some(entries)).build()
    }

    #[test]
    fn a_batch_has_at_most_ten_entries_and_a_quarter_of_a_megabyte() {
        let sizes = |details: &[String]| -> Vec<usize> {
            let all = batches(details, 12);
            all.iter().map(|batch| if let Batch::Of(entries) = batch { entries.len() } else { 0 }).collect()
        };
        assert_eq!(sizes(&vec!["{}".to_owned(); 23]), [10, 10, 3]);
        assert_eq!(sizes(&vec!["x".repeat(100 * 1024); 3]), [2, 1]);
        assert_eq!(sizes(&["x".repeat(300 * 1024), "{}".to_owned()]), [0, 1], "one that is too long goes alone");
        assert!(sizes(&[]).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_was_not_taken_is_put_again() {
        let first = mock!(Client::put_events)
            .match_requests(|call| call.entries().len() == 3)
            .then_output(|| answer(vec![taken(), not_taken("ThrottlingException"), taken()]));
        let second = mock!(Client::put_events)
            .match_requests(|call| call.entries().len() == 1 && call.entries()[0].detail() == Some("b"))
            .then_output(|| answer(vec![taken()]));
        let client = mock_client!(aws_sdk_eventbridge, RuleMode::Sequential, [&first, &second]);
        let bus = Bus { client, name: "rectify".into() };
        bus.put("rectify", "Sweep", &["a", "b", "c"].map(str::to_owned)).await.unwrap();
        assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_taken_is_counted() {
        let never = mock!(Client::put_events)
            .then_output(|| answer(vec![not_taken("ThrottlingException"), not_taken("ThrottlingException")]));
        let client = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, [&never]);
        let bus = Bus { client, name: "rectify".into() };
        let not = bus.put("rectify", "Sweep", &["a", "b"].map(str::to_owned)).await.unwrap_err();
        assert_eq!((not.missing, not.of, not.failure.kind), (2, 2, FailureKind::Throttled));
    }
}
