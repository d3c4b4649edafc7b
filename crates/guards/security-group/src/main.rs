//! The Lambda that guards security groups. What it does is in `rectify_runtime`, in the order of its nine steps; what is right
//! and wrong for a security group is in `rectify_controls::security_group`.

// The nine steps, the SDK's calls in them and the Lambda loop around them are futures in futures in futures.
#![recursion_limit = "256"]

use rectify_guard_security_group::SecurityGroupGuard;

// One event at a time, so one thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    rectify_runtime::run(SecurityGroupGuard::default()).await
}
