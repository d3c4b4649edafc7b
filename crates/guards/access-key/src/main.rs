//! The Lambda that guards access-key resources. What it does is in `rectify_runtime`, in the order of its nine steps; what is right
//! and wrong is in `rectify_controls::access_key`.

// The nine steps, the SDK's calls in them and the Lambda loop around them are futures in futures in futures.
#![recursion_limit = "256"]

use rectify_guard_access_key::AccessKeyGuard;

// One event at a time, so one thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    rectify_runtime::run(AccessKeyGuard::default()).await
}
