//! The Lambda that has everything looked at again: one event per kind, account and region, and where each account is in the
//! organisation.
//!
//! It judges nothing and reads no resource. The guards take the events ([`SweepRequest`]) and go the ordinary way.

// The SDK's calls, the streams around them and the Lambda loop are futures in futures in futures.
#![recursion_limit = "256"]

mod accounts;
mod plan;

use std::env;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use rectify_aws::{AwsFailure, Bus, Ledger, NotPut};
use rectify_controls::{AccountId, SweepRequest};
use rectify_event::OWN_SOURCE;
use rectify_organization::Organization;
use serde::Deserialize;
use serde_json::{Value, json};

use plan::Plan;

/// Why a sweep could not be begun. Lambda tries again: a place that is asked about twice is looked at twice, and no more.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the environment variable `{0}` is missing: deploy with the generated template.yaml")]
    Missing(&'static str),
    #[error("{0}")]
    Wrong(String),
    #[error("not an order to sweep: {0}")]
    Order(String),
    #[error("{0}; {help}", help = .0.help())]
    Organization(Box<AwsFailure>),
    #[error("{0}; {help}", help = .0.failure.help())]
    Bus(Box<NotPut>),
    #[error("{failed} of {of} accounts could not be written down, the last because: {why}")]
    Accounts { failed: usize, of: usize, why: String },
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let name = match failure {
            Failure::Missing(_) | Failure::Wrong(_) => "Rectify.Deployment",
            Failure::Order(_) => "Rectify.Order",
            Failure::Organization(_) => "Rectify.Organization",
            Failure::Bus(_) => "Rectify.Bus",
            Failure::Accounts { .. } => "Rectify.Accounts",
        };
        Self { error_type: name.to_owned(), error_message: failure.to_string() }
    }
}

/// The schedule's constant input.
#[derive(Debug, Deserialize)]
#[serde(tag = "rectify", rename_all = "kebab-case", deny_unknown_fields)]
enum Order {
    Sweep {},
}

struct Sweeper {
    config: SdkConfig,
    home: AccountId,
    in_organization: bool,
    plan: Plan,
    bus: Bus,
    ledger: Ledger,
}

impl Sweeper {
    async fn from_env() -> Result<Self, Failure> {
        let var = |name: &'static str| env::var(name).map_err(|_| Failure::Missing(name));
        let config = rectify_aws::config().await;
        let home = AccountId::new(var("RECTIFY_ACCOUNT")?).map_err(|error| Failure::Wrong(error.to_string()))?;
        let here = config.region().map(ToString::to_string).unwrap_or_default();
        let regions = env::var("RECTIFY_REGIONS").unwrap_or_default();
        Ok(Self {
            home,
            in_organization: env::var("RECTIFY_ORGANIZATION").is_ok_and(|organization| !organization.is_empty()),
            plan: Plan::new(&var("RECTIFY_KINDS")?, &regions, &here).map_err(Failure::Wrong)?,
            bus: Bus::new(&config, env::var("RECTIFY_BUS").unwrap_or_else(|_| "default".to_owned())),
            ledger: Ledger::new(&config, var("RECTIFY_LEDGER")?),
            config,
        })
    }

    /// Asks for one sweep of everything. The events come first: reading where a thousand accounts are takes minutes, and what
    /// the guards know from yesterday is good enough to begin with.
    async fn sweep(&self, sweep: &str, deadline: Timestamp) -> Result<Value, Failure> {
        let members = if self.in_organization {
            let organization = Organization::new(&self.config);
            let members = organization.members().await.map_err(|error| match error {
                rectify_organization::Error::Aws(failure) => Failure::Organization(Box::new(failure)),
                error @ rectify_organization::Error::Lost(_) => Failure::Wrong(error.to_string()),
            })?;
            Some((organization, members))
        } else {
            None
        };
        let accounts: Vec<AccountId> = match &members {
            Some((_, members)) => members.iter().map(|member| member.id.clone()).collect(),
            None => vec![self.home.clone()],
        };
        let events = self.plan.events(&accounts, sweep);
        let put = self.bus.put(OWN_SOURCE, SweepRequest::DETAIL_TYPE, &events).await;
        // Also when some of the events are not on the bus: one trouble is no reason for another.
        let written = match &members {
            Some((organization, members)) => accounts::write_down(organization, members, &self.ledger, deadline).await,
            None => accounts::Written::default(),
        };
        let missing = put.as_ref().err().map_or(0, |not| not.missing);
        let report = json!({
            "sweep": sweep,
            "accounts": accounts.len(),
            "places": accounts.len() * self.plan.regions.len(),
            "events": events.len() - missing,
            "eventsNotPut": missing,
            "accountsWritten": written.written,
            "accountsNotWritten": written.failed,
        });
        tracing::info!(
            sweep,
            accounts = accounts.len(),
            events = events.len() - missing,
            not_put = missing,
            accounts_written = written.written,
            accounts_not_written = written.failed,
            "a sweep was asked for"
        );
        put.map_err(|not| Failure::Bus(Box::new(not)))?;
        match written.why {
            // Most of them is what a throttled organisation allows; the rest has its turn at the next sweep. None is a fault.
            Some(why) if written.written == 0 => {
                Err(Failure::Accounts { failed: written.failed, of: accounts.len(), why })
            }
            _ => Ok(report),
        }
    }
}

// One order at a time, so one thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    rectify_runtime::log("sweeper");
    let sweeper = match Sweeper::from_env().await {
        Ok(sweeper) => sweeper,
        Err(error) => {
            tracing::error!(%error, "could not start");
            return Err(error.into());
        }
    };
    let sweeper = &sweeper;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| -> Result<Value, Failure> {
        let Order::Sweep {} =
            serde_json::from_value(event.payload).map_err(|error| Failure::Order(error.to_string()))?;
        let deadline = i64::try_from(event.context.deadline)
            .ok()
            .and_then(|millis| Timestamp::from_millisecond(millis).ok())
            .unwrap_or(Timestamp::MAX);
        let result = Box::pin(sweeper.sweep(&event.context.request_id, deadline)).await;
        if let Err(error) = &result {
            tracing::error!(%error, "a sweep was not asked for as a whole");
        }
        result
    }))
    .await
}
