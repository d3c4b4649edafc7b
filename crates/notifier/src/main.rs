//! The Lambda around [`Notifier`].

// The SDK's calls, the streams around them and the Lambda loop are futures in futures in futures.
#![recursion_limit = "256"]

use lambda_runtime::{LambdaEvent, service_fn};
use rectify_notifier::Notifier;
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
        let result = Box::pin(notifier.handle(event.payload)).await;
        if let Err(error) = &result {
            tracing::error!(%error, "a call was not carried out");
        }
        result
    }))
    .await
}
