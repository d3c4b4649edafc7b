//! The Lambda around [`Notifier`].

// The SDK's calls, the streams around them and the Lambda loop are futures in futures in futures.
#![recursion_limit = "256"]

use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use rectify_notifier::{Invocation, Notifier};
use serde_json::Value;

// One batch at a time, so one thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    rectify_runtime::log("notifier");
    let notifier = match Notifier::from_env().await {
        Ok(notifier) => notifier,
        Err(error) => {
            tracing::error!(%error, "could not start");
            return Err(error.into());
        }
    };
    let notifier = &notifier;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let deadline = i64::try_from(event.context.deadline).ok();
        let deadline = deadline.and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or(Timestamp::MAX);
        let invocation = Invocation { request_id: event.context.request_id.clone(), deadline };
        let result = Box::pin(notifier.handle(event.payload, &invocation)).await;
        if let Err(error) = &result {
            tracing::error!(%error, "a call was not carried out");
        }
        result
    }))
    .await
}
