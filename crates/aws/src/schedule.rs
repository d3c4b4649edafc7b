//! Looking again later: one-time schedules of EventBridge Scheduler.

use aws_config::SdkConfig;
use aws_sdk_scheduler::{
    Client,
    operation::create_schedule::CreateScheduleError,
    types::{ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target},
};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use crate::{AlsoRetry, AwsFailure, FailureKind};

/// How often Scheduler tries to reach the function, beside the function's own retries.
const ATTEMPTS: i32 = 10;

/// Where schedules are kept and as whom they act.
#[derive(Debug, Clone)]
pub struct Schedules {
    client: Client,
    group: String,
    role: String,
    dead_letters: Option<String>,
}

impl Schedules {
    /// Schedules in `group`, which invoke functions as `role` (an ARN) and leave what they cannot deliver in the queue
    /// `dead_letters` (an ARN).
    #[must_use]
    pub fn new(config: &SdkConfig, group: String, role: String, dead_letters: Option<String>) -> Self {
        let config = aws_sdk_scheduler::config::Builder::from(config)
            .retry_classifier(AlsoRetry)
            .retry_partition(crate::every_call_its_tries())
            .build();
        Self { client: Client::from_conf(config), group, role, dead_letters }
    }

    /// Invokes `function` (an ARN) with `input` at `due`, once; the schedule deletes itself. Asking again for the same
    /// `name` changes nothing, and that is no error: names say what they are for, and when.
    ///
    /// Scheduler starts it within a minute after `due` (EventBridge Scheduler user guide, "Schedule types": a precision of
    /// 60 seconds), and never before.
    ///
    /// # Errors
    /// [`AwsFailure`] when the schedule could not be made; nobody looks again by itself then.
    pub async fn once(&self, name: &str, due: Timestamp, function: &str, input: &str) -> Result<(), AwsFailure> {
        let invalid = |error: &dyn std::error::Error| AwsFailure {
            service: "scheduler",
            operation: "CreateSchedule",
            kind: FailureKind::Invalid,
            code: None,
            message: Some(error.to_string()),
            request_id: None,
        };
        let target = Target::builder()
            .arn(function)
            .role_arn(&self.role)
            .input(input)
            .set_dead_letter_config(
                self.dead_letters.as_ref().map(|queue| DeadLetterConfig::builder().arn(queue).build()),
            )
            .retry_policy(RetryPolicy::builder().maximum_retry_attempts(ATTEMPTS).build())
            .build()
            .map_err(|error| invalid(&error))?;
        let window =
            FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(|error| invalid(&error))?;
        let made = self
            .client
            .create_schedule()
            .name(name)
            .group_name(&self.group)
            // Whoever calls twice means one schedule.
            .client_token(name)
            .schedule_expression(expression(due))
            .flexible_time_window(window)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target)
            .send()
            .await;
        match made {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.as_service_error(), Some(CreateScheduleError::ConflictException(_))) => Ok(()),
            Err(error) => Err(AwsFailure::new("scheduler", "CreateSchedule", &error)),
        }
    }
}

/// `at(2026-11-23T09:30:01)`, in whole seconds, rounded up: never too early.
fn expression(due: Timestamp) -> String {
    let round = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    let due = due.round(round).unwrap_or(due);
    format!("at({})", due.strftime("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn schedules(client: Client) -> Schedules {
        Schedules {
            client,
            group: "rectify".into(),
            role: "arn:aws:iam::111122223333:role/rectify/scheduler".into(),
            dead_letters: Some("arn:aws:sqs:eu-central-1:111122223333:dead".into()),
        }
    }

    fn due() -> Timestamp {
        "2026-11-23T09:30:00.001Z".parse().unwrap()
    }

    #[test]
    fn a_time_is_never_rounded_down() {
        assert_eq!(expression(due()), "at(2026-11-23T09:30:01)");
        assert_eq!(expression("2026-11-23T09:30:00Z".parse().unwrap()), "at(2026-11-23T09:30:00)");
    }

    #[tokio::test]
    async fn a_schedule_runs_once_and_goes() {
        let rule = mock!(Client::create_schedule)
            .match_requests(|call| {
                let target = call.target().unwrap();
                call.name() == Some("r-1")
                    && call.group_name() == Some("rectify")
                    && call.client_token() == Some("r-1")
                    && call.schedule_expression() == Some("at(2026-11-23T09:30:01)")
                    && call.action_after_completion() == Some(&ActionAfterCompletion::Delete)
                    && target.arn() == "arn:aws:lambda:eu-central-1:111122223333:function:rectify-s3-bucket"
                    && target.input() == Some("{}")
            })
            .then_output(|| {
                let output = aws_sdk_scheduler::operation::create_schedule::CreateScheduleOutput::builder();
                output.schedule_arn("arn").build().unwrap()
            });
        let client = mock_client!(aws_sdk_scheduler, [&rule]);
        let function = "arn:aws:lambda:eu-central-1:111122223333:function:rectify-s3-bucket";
        schedules(client).once("r-1", due(), function, "{}").await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_schedule_that_is_there_is_no_failure_and_a_refused_one_is() {
        let there =
            mock!(Client::create_schedule).sequence().http_status(409, Some(r#"{"Message":"there"}"#.into())).build();
        let conflict = mock!(Client::create_schedule).then_error(|| {
            CreateScheduleError::ConflictException(
                aws_sdk_scheduler::types::error::ConflictException::builder().message("there").build().unwrap(),
            )
        });
        let client = mock_client!(aws_sdk_scheduler, [&conflict]);
        schedules(client).once("r-1", due(), "arn", "{}").await.unwrap();
        let client = mock_client!(aws_sdk_scheduler, RuleMode::Sequential, [&there]);
        assert!(schedules(client).once("r-1", due(), "arn", "{}").await.is_err());
    }
}
