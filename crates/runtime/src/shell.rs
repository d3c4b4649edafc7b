//! The process: what is made once, and the loop around [`Shell::handle`].

use std::{
    env,
    sync::atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use rectify_aws::{Bus, Ledger, Names, Outbox, Schedules, Sessions};
use rectify_controls::{AccountId, Control, Kind, Place, Region, Settings, every_control};
use serde_json::{Value, value::RawValue};

use crate::{Failure, Guard, clock::Invocation, environment::Accounts, telemetry};

/// Why a Lambda cannot start. Every one is a mistake in the deployment.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template sets it.
    #[error("the environment variable `{0}` is missing: deploy with the generated template.yaml")]
    Missing(&'static str),
    /// The template sets it from `AWS::AccountId`.
    #[error("`RECTIFY_ACCOUNT`: {0}")]
    Account(String),
    /// The template sets it from its parameter.
    #[error("`RECTIFY_REGIONS`: {0}")]
    Regions(String),
    /// The rule book contradicts itself.
    #[error("the default rules are wrong: {0}")]
    Rules(String),
}

/// One guard with everything around it. Made once per process, shared by all its events.
pub struct Shell<G: Guard> {
    pub(crate) guard: G,
    pub(crate) book: Book<G::Kind>,
    pub(crate) home: AccountId,
    pub(crate) own_role: Option<String>,
    pub(crate) sessions: Sessions,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) schedules: Schedules,
    pub(crate) bus: Bus,
    /// The regions that are watched; never empty.
    pub(crate) regions: Vec<Region>,
    pub(crate) accounts: Accounts,
}

/// The settings in force and the kind's rules made from them.
pub(crate) struct Book<K: Kind> {
    pub(crate) settings: Settings,
    pub(crate) rules: K::Rules,
    /// Why these are only the fallback settings.
    pub(crate) degraded: Option<String>,
    /// SHA-256 of the file, in hexadecimal; `None` when it could not be read.
    pub(crate) digest: Option<String>,
}

impl<K: Kind> Book<K> {
    /// Reads the settings at `path`. A file that is missing or wrong never stops the guard: it tells everything and
    /// changes nothing until the file is right.
    fn read(path: &str) -> Result<Self, StartError> {
        // Of every kind: one file is for all guards.
        let controls: Vec<&'static Control> = every_control().collect();
        let text = std::fs::read_to_string(path).map_err(|error| format!("could not read {path}: {error}"));
        let digest = text.as_ref().ok().map(|text| rectify_controls::settings_digest(text));
        let read = text
            .and_then(|text| Settings::parse(&text, &controls).map_err(|error| format!("{path}, {error}")))
            .and_then(|settings| Ok((rules::<K>(&settings).map_err(|error| format!("{path}, {error}"))?, settings)));
        match read {
            Ok((rules, settings)) => Ok(Self { settings, rules, degraded: None, digest }),
            Err(error) => {
                tracing::error!(%error, "the settings could not be read: everything is told, nothing is corrected");
                let settings = Settings::fallback();
                let rules = rules::<K>(&settings).map_err(StartError::Rules)?;
                Ok(Self { settings, rules, degraded: Some(error), digest })
            }
        }
    }
}

fn rules<K: Kind>(settings: &Settings) -> Result<K::Rules, String> {
    K::rules(&settings.trust, &|control, option| settings.option(control, option))
}

impl<G: Guard> Shell<G> {
    /// Makes everything that outlives an event: clients, settings, rules.
    ///
    /// # Errors
    /// [`StartError`] when the deployment is incomplete.
    pub async fn from_env(guard: G) -> Result<Self, StartError> {
        let var = |name: &'static str| env::var(name).map_err(|_| StartError::Missing(name));
        let home = AccountId::new(var("RECTIFY_ACCOUNT")?).map_err(|error| StartError::Account(error.to_string()))?;
        let config = rectify_aws::config().await;
        let own_role = env::var("RECTIFY_ROLE").ok();
        let sessions = match env::var("RECTIFY_ORGANIZATION").ok().filter(|organization| !organization.is_empty()) {
            Some(_) => {
                // Ours is an ARN of the partition we are in.
                let partition = own_role.as_deref().and_then(|role| role.split(':').nth(1));
                let partition = partition.ok_or(StartError::Missing("RECTIFY_ROLE"))?.to_owned();
                let names = Names { partition, stack: var("RECTIFY_STACK")?, hub: home.clone() };
                Sessions::with_members(&config, names, <G::Kind as Kind>::KIND)
            }
            None => Sessions::new(&config, home.clone()),
        };
        let here = config.region().and_then(|region| Region::new(region.as_ref()).ok());
        let mut regions = regions(&env::var("RECTIFY_REGIONS").unwrap_or_default())?;
        if regions.is_empty() {
            regions.extend(here.clone());
        }
        if let Some(region) = here {
            // At home a session is made without a call.
            if let Ok(session) = sessions.read(&Place { account: home.clone(), region }).await {
                guard.prepare(&session);
            }
        }
        Ok(Self {
            guard,
            book: Book::read(&env::var("RECTIFY_SETTINGS").unwrap_or_else(|_| "/opt/settings.toml".to_owned()))?,
            own_role,
            sessions,
            ledger: Ledger::new(&config, var("RECTIFY_LEDGER")?),
            outbox: Outbox::new(&config, var("RECTIFY_OUTBOX")?),
            schedules: Schedules::new(
                &config,
                var("RECTIFY_SCHEDULES")?,
                var("RECTIFY_SCHEDULER_ROLE")?,
                env::var("RECTIFY_DEAD_LETTERS").ok(),
            ),
            bus: Bus::new(&config, env::var("RECTIFY_BUS").unwrap_or_else(|_| "default".to_owned())),
            regions,
            accounts: Accounts::default(),
            home,
        })
    }
}

/// The regions in a list with commas.
fn regions(text: &str) -> Result<Vec<Region>, StartError> {
    let named = text.split(',').map(str::trim).filter(|region| !region.is_empty());
    named.map(Region::new).collect::<Result<_, _>>().map_err(|error| StartError::Regions(error.to_string()))
}

/// Runs `guard` as a Lambda until the process is told to stop. What `main` calls.
///
/// # Errors
/// When the deployment is incomplete, or the Runtime API goes away.
pub async fn run<G: Guard>(guard: G) -> Result<(), lambda_runtime::Error> {
    telemetry::install(<G::Kind as Kind>::KIND);
    let shell = match Shell::from_env(guard).await {
        Ok(shell) => shell,
        Err(error) => {
            tracing::error!(%error, "could not start");
            return Err(error.into());
        }
    };
    let cold = AtomicBool::new(true);
    let (shell, cold) = (&shell, &cold);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Value, Failure> {
        let invocation = Invocation {
            request_id: event.context.request_id.clone(),
            function: event.context.invoked_function_arn.clone(),
            deadline: i64::try_from(event.context.deadline)
                .ok()
                .and_then(|millis| Timestamp::from_millisecond(millis).ok())
                .unwrap_or(Timestamp::MAX),
            received: Timestamp::now(),
            cold_start: cold.swap(false, Ordering::Relaxed),
            trace_id: event.context.xray_trace_id.clone(),
        };
        let result = shell.handle(event.payload.get(), &invocation).await;
        telemetry::line::<G::Kind>(&invocation, result.as_ref());
        result.map(|report| report.answer())
    }))
    .await
}
