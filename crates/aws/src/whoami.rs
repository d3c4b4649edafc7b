//! What a session sees of itself and of its place.

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

/// Whether the rule called `rule` on the place's default bus is enabled; `None` when there is no such rule.
///
/// # Errors
/// [`AwsFailure`] when it cannot be read.
pub async fn is_rule_enabled(config: &SdkConfig, rule: &str) -> Result<Option<bool>, AwsFailure> {
    use aws_sdk_eventbridge::{Client, config::Builder, types::RuleState};

    let own = Builder::from(config).retry_partition(every_call_its_tries()).build();
    match Client::from_conf(own).describe_rule().name(rule).send().await {
        Ok(found) => Ok(Some(found.state() != Some(&RuleState::Disabled))),
        Err(error) => {
            let failure = AwsFailure::new("events", "DescribeRule", &error);
            if failure.kind == FailureKind::Gone { Ok(None) } else { Err(failure) }
        }
    }
}
