//! What is made once and outlives a call.

use std::env;

use aws_config::SdkConfig;
use lambda_runtime::Diagnostic;
use rectify_aws::Ledger;
use rectify_controls::{AccountId, Region};
use serde_json::{Value, json};

use crate::{Call, CallError};

/// Why the function cannot start. Every one is a mistake in the deployment.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template sets it.
    #[error("the environment variable `{0}` is missing: deploy with the generated template.yaml")]
    Missing(&'static str),
    /// The template sets it from `AWS::AccountId`.
    #[error("`RECTIFY_ACCOUNT`: {0}")]
    Account(String),
    /// Lambda sets it.
    #[error("`AWS_REGION`: {0}")]
    Region(String),
}

/// A call that did not work as a whole.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Not ours.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let name = match failure {
            Failure::Call(_) => "Rectify.Order",
        };
        Self { error_type: name.to_owned(), error_message: failure.to_string() }
    }
}

/// Everything that carries messages.
#[derive(Debug)]
pub struct Notifier {
    #[expect(dead_code, reason = "used by the channels")]
    config: SdkConfig,
    #[expect(dead_code, reason = "used by the channels")]
    ledger: Ledger,
    #[expect(dead_code, reason = "used by the channels")]
    home: AccountId,
    #[expect(dead_code, reason = "used by the channels")]
    region: Region,
}

impl Notifier {
    /// Makes it from the environment that the template sets:
    ///
    /// | variable | what |
    /// |---|---|
    /// | `RECTIFY_ACCOUNT` | the account we run in |
    /// | `RECTIFY_LEDGER` | name of the ledger's table |
    /// | `RECTIFY_TOPIC` | ARN of the stack's topic |
    /// | `RECTIFY_OUTBOX` | URL of the outbox queue, for `ChangeMessageVisibility` |
    /// | `RECTIFY_REPORTS` | name of the private bucket for reports |
    /// | `RECTIFY_BUS` | the bus that takes OCSF findings; `default` unless set |
    /// | `RECTIFY_SETTINGS` | the settings file; `/opt/settings.toml` unless set |
    /// | `RECTIFY_SLACK_API` | base of Slack's Web API; `https://slack.com/api` unless set |
    ///
    /// # Errors
    /// [`StartError`] when the deployment is incomplete.
    pub async fn from_env() -> Result<Self, StartError> {
        let var = |name: &'static str| env::var(name).map_err(|_| StartError::Missing(name));
        let config = rectify_aws::config().await;
        let home = AccountId::new(var("RECTIFY_ACCOUNT")?).map_err(|error| StartError::Account(error.to_string()))?;
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let region = Region::new(region).map_err(|error| StartError::Region(error.to_string()))?;
        Ok(Self { ledger: Ledger::new(&config, var("RECTIFY_LEDGER")?), home, region, config })
    }

    /// Carries out one call; the answer is what Lambda gives the queue.
    ///
    /// # Errors
    /// [`Failure`] when nothing of the call could be done.
    #[expect(clippy::unused_async, reason = "the channels are asynchronous")]
    pub async fn handle(&self, payload: Value) -> Result<Value, Failure> {
        match Call::read(payload)? {
            Call::Deliver(records) => {
                let failed: Vec<Value> =
                    records.iter().map(|record| json!({"itemIdentifier": record.message_id})).collect();
                Ok(json!({"batchItemFailures": failed}))
            }
            Call::Flush | Call::Digest => Ok(json!({})),
        }
    }
}
