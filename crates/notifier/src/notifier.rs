//! What is made once and outlives a call.

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use rectify_aws::{AwsFailure, Http, Ledger, Outbox};
use rectify_controls::{AccountId, Control, Region, Settings, every_control};
use rectify_render::Overview;
use rectify_report::{Question, Rows};
use serde_json::Value;

use crate::{
    Call, CallError,
    mail::Mailer,
    reports::Reports,
    route::{Parts, Route, Undelivered},
    secret::DEFAULT_API,
};

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
    /// The ledger or another service said no.
    #[error("{0}; {help}", help = .0.help())]
    Aws(#[from] AwsFailure),
    /// A channel did not take a summary or a digest.
    #[error("{0}")]
    Undelivered(String),
    /// A digest by e-mail without a sender.
    #[error(
        "a digest goes to e-mail addresses and there is no sender: name one in the stack's parameter `DigestSender`"
    )]
    NoSender,
}

impl Failure {
    pub(crate) fn undelivered(error: Undelivered) -> Self {
        match error {
            Undelivered::Aws(failure) => Self::Aws(failure),
            other => Self::Undelivered(other.to_string()),
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let name = match failure {
            Failure::Call(_) => "Rectify.Order",
            Failure::Aws(_) => "Rectify.Aws",
            Failure::Undelivered(_) => "Rectify.Channel",
            Failure::NoSender => "Rectify.Deployment",
        };
        Self { error_type: name.to_owned(), error_message: failure.to_string() }
    }
}

/// What Lambda says of one call.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The same for Lambda's own retries.
    pub request_id: String,
    /// When Lambda ends it.
    pub deadline: Timestamp,
}

/// Everything that carries messages.
#[derive(Debug)]
pub struct Notifier {
    pub(crate) settings: Settings,
    /// Whether these are those of the file.
    pub(crate) settings_read: bool,
    pub(crate) routes: Vec<Route>,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) reports: Reports,
    /// None without a sender: no digests by e-mail.
    pub(crate) mailer: Option<Mailer>,
}

/// What the template says of the stack.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) home: AccountId,
    pub(crate) region: Region,
    pub(crate) ledger: String,
    pub(crate) topic: String,
    pub(crate) outbox: String,
    pub(crate) reports: String,
    pub(crate) bus: String,
    pub(crate) slack: String,
    pub(crate) sender: Option<String>,
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
    /// | `RECTIFY_DIGEST_SENDER` | sender of digests by e-mail; none when it is empty |
    /// | `RECTIFY_SETTINGS` | the settings file; `/opt/settings.toml` unless set |
    /// | `RECTIFY_SLACK_API` | base of Slack's Web API; `https://slack.com/api` unless set |
    ///
    /// Settings that cannot be read never stop it: everything goes to the stack's topic then.
    ///
    /// # Errors
    /// [`StartError`] when the deployment is incomplete.
    pub async fn from_env() -> Result<Self, StartError> {
        let var = |name: &'static str| env::var(name).map_err(|_| StartError::Missing(name));
        let or = |name: &str, default: &str| {
            env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or(default.to_owned())
        };
        let config = rectify_aws::config().await;
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let deployment = Deployment {
            home: AccountId::new(var("RECTIFY_ACCOUNT")?).map_err(|error| StartError::Account(error.to_string()))?,
            region: Region::new(region).map_err(|error| StartError::Region(error.to_string()))?,
            ledger: var("RECTIFY_LEDGER")?,
            topic: var("RECTIFY_TOPIC")?,
            outbox: var("RECTIFY_OUTBOX")?,
            reports: var("RECTIFY_REPORTS")?,
            bus: or("RECTIFY_BUS", "default"),
            slack: or("RECTIFY_SLACK_API", DEFAULT_API),
            sender: env::var("RECTIFY_DIGEST_SENDER").ok().filter(|sender| !sender.is_empty()),
        };
        let path = or("RECTIFY_SETTINGS", "/opt/settings.toml");
        let (settings, settings_read) = settings(&path);
        Ok(Self { settings_read, ..Self::new(&config, settings, deployment) })
    }

    pub(crate) fn new(config: &SdkConfig, settings: Settings, deployment: Deployment) -> Self {
        let http = Http::new();
        let slack: Arc<str> = deployment.slack.trim_end_matches('/').into();
        let parts = Parts {
            config,
            http: &http,
            home: &deployment.home,
            region: &deployment.region,
            topic: &deployment.topic,
            bus: &deployment.bus,
            slack,
        };
        Self {
            routes: settings.channels.iter().map(|channel| Route::new(channel.clone(), &parts)).collect(),
            settings,
            settings_read: true,
            ledger: Ledger::new(config, deployment.ledger),
            outbox: Outbox::new(config, deployment.outbox),
            reports: Reports::new(config, deployment.reports, deployment.region),
            mailer: deployment.sender.map(|sender| Mailer::new(config, &http, sender)),
        }
    }

    /// Carries out one call; the answer is what Lambda gives the queue.
    ///
    /// # Errors
    /// [`Failure`] when something of an order could not be done. A batch never fails as a whole.
    pub async fn handle(&self, payload: Value, invocation: &Invocation) -> Result<Value, Failure> {
        match Call::read(payload)? {
            Call::Deliver(records) => {
                let left = invocation.deadline.duration_since(Timestamp::now());
                let left = Duration::try_from(left).unwrap_or_default().min(LONGEST);
                Ok(self.deliver(&records, Instant::now() + left).await)
            }
            Call::Flush => self.flush(&invocation.request_id).await,
            Call::Digest => self.digests(&invocation.request_id).await,
        }
    }

    /// What is open, and what happened in the `period` up to now, of the accounts of `owner` or of all.
    pub(crate) async fn overview(
        &self,
        title: &str,
        owner: Option<&str>,
        period: Duration,
    ) -> Result<Overview, Failure> {
        let to = self.ledger.now();
        let from = to.checked_sub(period).unwrap_or(Timestamp::MIN);
        let rows = Rows::read(&self.ledger, from, to).await?;
        let book: Vec<&'static Control> = every_control().collect();
        let question = Question {
            title,
            from,
            to,
            owner,
            owner_tag: &self.settings.messages.owner_tag,
            book: &book,
            // Settings that could not be read have no exemptions: the report says that they are missing.
            settings: self.settings_read.then_some(&*self.settings.exemptions),
        };
        Ok(rectify_report::overview(&question, &rows))
    }
}

/// Lambda's longest time for one call.
const LONGEST: Duration = Duration::from_secs(900);

/// Reads the settings at `path`; `false` when they are only the fallback.
fn settings(path: &str) -> (Settings, bool) {
    let text = std::fs::read_to_string(path).map_err(|error| format!("could not read {path}: {error}"));
    let settings = text.and_then(|text| {
        Settings::parse(&text, &every_control().collect::<Vec<_>>()).map_err(|error| format!("{path}, {error}"))
    });
    match settings {
        Ok(settings) => (settings, true),
        Err(error) => {
            tracing::error!(%error, "the settings could not be read: everything goes to the stack's topic");
            (Settings::fallback(), false)
        }
    }
}

#[cfg(test)]
mod tests {
    use rectify_controls::Channel;

    use super::*;

    #[test]
    fn settings_that_cannot_be_read_send_everything_to_the_topic() {
        let directory = env::temp_dir().join(format!("rectify-notifier-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let wrong = directory.join("wrong.toml");
        std::fs::write(&wrong, "[[channel]]\ntype = 'pigeon'").unwrap();
        for path in [wrong.to_str().unwrap(), "/does/not/exist.toml"] {
            let (settings, read) = settings(path);
            assert!(!read);
            assert_eq!(settings.channels, [Channel::everything()]);
            assert!(settings.digests.is_empty());
        }
        std::fs::remove_dir_all(directory).unwrap();
    }
}
