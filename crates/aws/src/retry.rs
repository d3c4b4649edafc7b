//! What is worth another try beside what the SDK thinks.

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    retries::classifiers::{ClassifyRetry, RetryAction},
};

/// Retries two refusals that the SDK takes for final: HTTP 429 under whatever code (SNS calls it `Throttled`, which the SDK
/// does not know), and S3's 409 `OperationAborted`, «a conflicting conditional action is currently in progress against this
/// resource; try again» (S3 API reference, error responses).
///
/// For `retry_classifier` of a client's configuration: classifiers cannot be shared through [`config`](crate::config()).
#[derive(Debug, Clone, Copy, Default)]
pub struct AlsoRetry;

impl ClassifyRetry for AlsoRetry {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(answer) = context.response() else { return RetryAction::NoActionIndicated };
        let aborted = || {
            let body = answer.body().bytes().unwrap_or_default();
            ["OperationAborted", "ConditionalRequestConflict"]
                .iter()
                .any(|code| body.windows(code.len()).any(|part| part == code.as_bytes()))
        };
        match answer.status().as_u16() {
            429 => RetryAction::throttling_error(),
            409 if aborted() => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "rectify"
    }
}

/// Every call gets its tries, however many calls before it failed.
///
/// The SDK's own bucket holds 500 tokens for a client, takes 14 for a retry and gives one back for a success
/// (aws-smithy-runtime 1.16): in a bad hour a warm function would soon stop retrying at all. A guard's calls are bounded
/// without it: by the tries of a call, by the time of an invocation, and by the function's reserved concurrency.
#[must_use]
pub fn every_call_its_tries() -> RetryPartition {
    RetryPartition::custom("rectify").token_bucket(TokenBucket::unlimited()).build()
}
