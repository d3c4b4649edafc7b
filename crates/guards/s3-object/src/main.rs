//! The Lambda that guards S3 objects. What it does is in `rectify_runtime`, in the order of its nine steps; what is right
//! and wrong for an object is in `rectify_controls::s3_object`.

// The nine steps, the SDK's calls in them and the Lambda loop around them are futures in futures in futures.
#![recursion_limit = "256"]

use rectify_guard_s3_object::S3ObjectGuard;

// One event at a time, so one thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    rectify_runtime::run(S3ObjectGuard::default()).await
}
