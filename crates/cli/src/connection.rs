//! The way to a deployed stack: whose credentials, which region, and what the stack's parts are called.

use std::{future::Future, time::Duration};

use aws_config::{AppName, BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use rectify_aws::{AwsFailure, FailureKind, Ledger};
use rectify_controls::{AccountId, Region};
use rectify_render::escape;

use crate::exit;

/// Which deployment to talk to. `AWS_ENDPOINT_URL` is honoured, so the sandbox is one.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Which deployment")]
pub(crate) struct Stack {
    #[command(flatten)]
    named: Named,
    /// The region the stack is in. Default: as the `aws` command has it.
    #[arg(long, value_name = "REGION", value_parser = region)]
    region: Option<Region>,
}

/// As [`Stack`], where `--region` is the resource's.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Which deployment")]
pub(crate) struct StackApart {
    #[command(flatten)]
    named: Named,
    /// The region the stack is in. Default: as the `aws` command has it.
    #[arg(long, value_name = "REGION", value_parser = region)]
    stack_region: Option<Region>,
}

#[derive(Debug, Clone, clap::Args)]
struct Named {
    /// The stack's name: its table and its functions are called after it.
    #[arg(long, env = "RECTIFY_STACK", value_name = "NAME", default_value = "rectify", value_parser = stack_name)]
    stack: String,
    /// A profile of the AWS configuration files. Default: as the `aws` command has it.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// What stands between a command and its stack.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloudError {
    #[error("no AWS region is configured")]
    NoRegion,
    #[error("the configured region: {0}")]
    BadRegion(String),
    #[error("there are no AWS credentials to use: {0}")]
    NoCredentials(String),
    #[error("there is no {what} `{name}` in region {region}")]
    NoSuch { what: &'static str, name: String, stack: String, region: Region },
    #[error("{}", told(.0))]
    Aws(Box<AwsFailure>),
    #[error("the function `{function}` failed: {error}")]
    Function { function: String, error: String },
    #[error("the function `{function}` gave an answer that this command does not understand: {answer}")]
    Answer { function: String, answer: String },
    #[error("could not start: {0}")]
    Start(std::io::Error),
}

impl CloudError {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::NoRegion | Self::BadRegion(_) => exit::USAGE,
            Self::Start(_) => exit::MACHINE,
            Self::NoCredentials(_)
            | Self::NoSuch { .. }
            | Self::Aws(_)
            | Self::Function { .. }
            | Self::Answer { .. } => exit::AWS,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::NoRegion | Self::BadRegion(_) => Some(
                "name the region the stack is in, with --region, AWS_REGION or `aws configure`, for example `eu-central-1`"
                    .to_owned(),
            ),
            Self::NoCredentials(_) => {
                Some("sign in first (`aws sso login`, `aws configure`), or name a profile with --profile".to_owned())
            }
            Self::NoSuch { stack, region, .. } => Some(format!(
                "is the stack called `{stack}`, and is it in region {region}? See --stack, --profile and --region"
            )),
            Self::Aws(failure) => help(failure),
            Self::Function { function, .. } => {
                Some(format!("its log group `/aws/lambda/{function}` says more; nothing is known of what it did"))
            }
            Self::Answer { .. } => Some("this command and the deployed functions should be of one version".to_owned()),
            Self::Start(_) => None,
        }
    }
}

/// The failure with what AWS says about it, which for a person is worth more than the code alone.
fn told(failure: &AwsFailure) -> String {
    match (&failure.message, &failure.code) {
        (Some(message), Some(_)) => format!("{failure}: {}", escape::line(message, 500)),
        _ => failure.to_string(),
    }
}

fn help(failure: &AwsFailure) -> Option<String> {
    let AwsFailure { service, operation, .. } = failure;
    Some(match failure.kind {
        FailureKind::Denied if failure.expired() => "sign in again, or name another profile with --profile".to_owned(),
        FailureKind::Denied => format!(
            "ask for the permission behind {service}:{operation}; the stack's output `OperatorsPolicy` is a policy with all \
             that this command needs"
        ),
        FailureKind::Throttled | FailureKind::Server | FailureKind::Conflict => "try again in a moment".to_owned(),
        FailureKind::NotYet => "try again in a few minutes".to_owned(),
        FailureKind::Unreachable | FailureKind::TimedOut => {
            format!("check the way to the {service} endpoint: network, proxy variables, AWS_ENDPOINT_URL")
        }
        _ => return None,
    })
}

/// A deployed stack, as the caller sees it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    config: SdkConfig,
    stack: String,
    region: Region,
}

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) arn: String,
}

impl Stack {
    /// The stack's name.
    pub(crate) fn name(&self) -> &str {
        &self.named.stack
    }

    /// Finds credentials' source and region. Nothing is called yet.
    pub(crate) async fn connect(&self) -> Result<Connection, CloudError> {
        self.named.connect(self.region.as_ref()).await
    }
}

impl StackApart {
    /// See [`Stack::connect`].
    pub(crate) async fn connect(&self) -> Result<Connection, CloudError> {
        self.named.connect(self.stack_region.as_ref()).await
    }
}

impl Named {
    async fn connect(&self, region: Option<&Region>) -> Result<Connection, CloudError> {
        let config = config(self.profile.as_deref(), region).await;
        let region = config.region().ok_or(CloudError::NoRegion)?.as_ref().to_owned();
        let region = Region::new(region).map_err(|error| CloudError::BadRegion(error.to_string()))?;
        Ok(Connection { config, stack: self.stack.clone(), region })
    }
}

/// The configuration of every client: the default chain of credentials, with single sign-on and `credential_process`.
pub(crate) async fn config(profile: Option<&str>, region: Option<&Region>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .read_timeout(Duration::from_secs(20))
                .build(),
        );
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(aws_config::Region::new(region.to_string()));
    }
    // Shows in CloudTrail, so that anybody who reads a trail sees what made the call.
    if let Ok(name) = AppName::new("rectify") {
        loader = loader.app_name(name);
    }
    loader.load().await
}

impl Connection {
    /// The ledger.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::new(&self.config, self.table())
    }

    /// The clients' configuration.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The stack's name.
    pub(crate) fn stack(&self) -> &str {
        &self.stack
    }

    /// AWS Organizations, with another profile's credentials where one is named. It allows few calls a second, so they are
    /// tried often.
    pub(crate) async fn organizations(&self, profile: Option<&str>) -> aws_sdk_organizations::Client {
        let own = match profile {
            Some(profile) => Some(config(Some(profile), Some(&self.region)).await),
            None => None,
        };
        rectify_organization::client(own.as_ref().unwrap_or(&self.config))
    }

    /// The region the stack is in.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// The ledger's table.
    pub(crate) fn table(&self) -> String {
        format!("{}-ledger", self.stack)
    }

    /// The function of a kind's guard.
    pub(crate) fn function(&self, kind: &str) -> String {
        format!("{}-{kind}", self.stack)
    }

    /// The queue of a kind's failed invocations, or of what the notifier could not deliver (`outbox`).
    pub(crate) fn dead_letters(&self, kind: &str) -> String {
        // A FIFO queue's dead letters are a FIFO queue, whose name says so (SQS API reference, CreateQueue).
        format!("{}-{kind}-dead-letters{}", self.stack, if kind == "outbox" { ".fifo" } else { "" })
    }

    /// The queue of messages on their way to the notifier.
    pub(crate) fn outbox(&self) -> String {
        format!("{}-outbox.fifo", self.stack)
    }

    /// What is not there is a stack that is not there.
    pub(crate) fn no_such(&self, what: &'static str, name: String) -> CloudError {
        CloudError::NoSuch { what, name, stack: self.stack.clone(), region: self.region.clone() }
    }

    /// What a failure means to a person in front of this stack.
    pub(crate) fn failure(&self, failure: AwsFailure) -> CloudError {
        if failure.code.is_none()
            && let Some(why) = failure.message.as_deref().filter(|why| is_about_credentials(why))
        {
            return CloudError::NoCredentials(why.to_owned());
        }
        if failure.kind == FailureKind::Gone && failure.service == "dynamodb" {
            return self.no_such("table", self.table());
        }
        CloudError::Aws(Box::new(failure))
    }

    /// Who calls, by `sts:GetCallerIdentity`, which everybody may ask.
    pub(crate) async fn caller(&self) -> Result<Caller, CloudError> {
        let answer = aws_sdk_sts::Client::new(&self.config)
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| self.failure(AwsFailure::new("sts", "GetCallerIdentity", &error)))?;
        let odd = || {
            self.failure(AwsFailure {
                service: "sts",
                operation: "GetCallerIdentity",
                kind: FailureKind::Other,
                code: None,
                message: Some("the answer names no account".to_owned()),
                request_id: None,
            })
        };
        let account = answer.account.and_then(|account| AccountId::new(account).ok()).ok_or_else(odd)?;
        Ok(Caller { account, arn: answer.arn.ok_or_else(odd)? })
    }
}

/// The SDK has no type for this that reaches a caller: the words are those of `aws-config`.
fn is_about_credentials(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["credential", "sso session", "token has expired", "identity cache"].iter().any(|word| why.contains(word))
}

/// Runs what a command has to wait for.
pub(crate) fn wait_for<T, E: From<CloudError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(CloudError::Start)?.block_on(work)
}

/// A region code, as an argument.
pub(crate) fn region(text: &str) -> Result<Region, String> {
    Region::new(text).map_err(|error| error.to_string())
}

/// A stack's name (CloudFormation API reference, `CreateStack`: a letter, then letters, digits and hyphens, at most 128).
fn stack_name(text: &str) -> Result<String, String> {
    let ok = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if ok {
        Ok(text.to_owned())
    } else {
        Err("a stack's name is a letter, then letters, digits and hyphens".to_owned())
    }
}
