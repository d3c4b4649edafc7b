//! Who a session is, by its own account of it.

use aws_config::SdkConfig;

use crate::{AwsFailure, FailureKind, every_call_its_tries};

/// The ARN that calls with `config` are made as, by `sts:GetCallerIdentity`, which no policy can refuse (STS API
/// reference, `GetCallerIdentity`).
///
/// # Errors
/// [`AwsFailure`] when the credentials are not good, or STS cannot be reached.
pub async fn whoami(config: &SdkConfig) -> Result<String, AwsFailure> {
    let own = aws_sdk_sts::config::Builder::from(config).retry_partition(every_call_its_tries()).build();
    let answer = aws_sdk_sts::Client::from_conf(own).get_caller_identity().send().await;
    let answer = answer.map_err(|error| AwsFailure::new("sts", "GetCallerIdentity", &error))?;
    answer.arn.ok_or_else(|| AwsFailure {
        service: "sts",
        operation: "GetCallerIdentity",
        kind: FailureKind::Other,
        code: None,
        message: Some("the answer names nobody".to_owned()),
        request_id: None,
    })
}
