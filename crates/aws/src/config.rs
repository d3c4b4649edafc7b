//! How we talk to AWS.

use std::time::Duration;

use aws_config::{
    AppName, BehaviorVersion, SdkConfig, retry::RetryConfig, stalled_stream_protection::StalledStreamProtectionConfig,
    timeout::TimeoutConfig,
};

use crate::http;

/// Tries of one call, the first included. While three calls in ten fail, one in fifteen hundred still does; giving up costs
/// a redelivery a minute later.
const ATTEMPTS: u32 = 6;

/// Upper bound of the first pause between tries; it doubles. The SDK's second would leave a 30 s function no time for the
/// calls that follow.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Upper bound of any pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// To open a connection. An endpoint in the same region answers within milliseconds; a lost packet costs one second.
const CONNECT: Duration = Duration::from_millis(1_500);

/// From the request sent to the first byte of the answer. S3 that needs three seconds is slow, not dead.
const READ: Duration = Duration::from_secs(5);

/// One try as a whole.
const ATTEMPT: Duration = Duration::from_secs(6);

/// One call with all its tries. Two calls that use it up still leave a 30 s function the time to record and tell.
const OPERATION: Duration = Duration::from_secs(12);

/// How long a body may make no progress. Our bodies are kilobytes.
const STALL: Duration = Duration::from_secs(3);

/// The configuration of every client.
///
/// The behaviour version is pinned here and nowhere else, so that an SDK upgrade never changes retries or timeouts by
/// itself. Credentials come from the SDK's default chain, which looks at the environment first: in a Lambda that is where
/// they are, and neither a file nor the instance metadata service is asked.
pub async fn config() -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http::client())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_PAUSE)
                .with_max_backoff(LONGEST_PAUSE),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .read_timeout(READ)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(STALL).build());
    // Shows in CloudTrail's `userAgent`, so that anybody who reads a trail sees who made the change.
    if let Ok(name) = AppName::new("rectify") {
        loader = loader.app_name(name);
    }
    loader.load().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What has to fit into one invocation, and what every client gets whether it asks or not.
    #[tokio::test]
    async fn every_client_gives_up_before_the_function_does() {
        let config = config().await;
        let timeouts = config.timeout_config().unwrap();
        let (connect, read) = (timeouts.connect_timeout().unwrap(), timeouts.read_timeout().unwrap());
        let (attempt, operation) =
            (timeouts.operation_attempt_timeout().unwrap(), timeouts.operation_timeout().unwrap());
        assert!(connect + Duration::from_secs(3) < attempt, "a slow answer after a slow connection is still one try");
        assert!(read < attempt && attempt < operation);
        assert!(operation * 2 < Duration::from_secs(30));
        assert_eq!(config.retry_config().unwrap().max_attempts(), 6);
        assert_eq!(config.app_name().unwrap().as_ref(), "rectify");
        assert!(config.http_client().is_some());
    }
}
