//! `rectify doctor`

mod check;
mod guards;
mod members;
mod rules;
mod standing;
mod trail;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::join_all;
use jiff::SignedDuration;
use rectify_aws::ProbeId;
use rectify_controls::{AccountId, Region, Settings, settings_digest};

use self::check::{Check, Findings};
use crate::{
    connection::{CloudError, Connection, Stack, wait_for},
    exit,
    failure::Failure,
    kinds::{self, KINDS},
    moment,
    output::{self, Format},
};

/// Look whether a deployment works: the ledger, each guard's function, settings, rules and dead letters, the trail, and the way
/// into every account. Changes nothing; a probe event is put on the bus and leaves one row in the ledger for an hour.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 when nothing failed (a warning is no failure), 6 when something did, 2 and 11 when \
                        nothing could be looked at."
)]
pub(crate) struct Args {
    /// Only these members. Default: every active account of the organisation, where the stack covers one.
    #[arg(long = "account", value_name = "ID", value_parser = account)]
    accounts: Vec<AccountId>,
    /// The settings file that should be deployed. Default: `settings/settings.toml`, where there is one.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Put no event on the bus.
    #[arg(long)]
    no_probe: bool,
    /// How long to wait for the probe to come round.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = moment::length, conflicts_with = "no_probe")]
    wait: SignedDuration,
    /// A profile that may list the organisation's accounts, where that is another one than the stack's.
    #[arg(long, value_name = "NAME")]
    organization_profile: Option<String>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why nothing could be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("could not read `{}`: {source}", path.display())]
    Settings { path: PathBuf, source: io::Error },
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::Settings { .. } => exit::USAGE,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::Settings { .. } => Some("name the file that was deployed with --settings".to_owned()),
        }
    }
}

/// The settings file that should be deployed.
struct File {
    name: String,
    digest: String,
    /// `None` when no guard would accept it.
    settings: Option<Settings>,
}

/// What every check needs.
struct Desk<'a> {
    connection: &'a Connection,
    account: &'a AccountId,
    file: Option<File>,
    organization_profile: Option<&'a str>,
    /// How long to wait for a probe; `None` puts none.
    patience: Option<Duration>,
    /// This run's probe, of every guard: what is in the ledger of an earlier run proves nothing.
    probe: ProbeId,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    wait_for(doctor(args))
}

async fn doctor(args: &Args) -> Result<u8, Failure> {
    let file = file(args.settings.as_deref())?;
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let caller = connection.caller().await.map_err(Error::Cloud)?;
    let desk = Desk {
        connection: &connection,
        account: &caller.account,
        file,
        organization_profile: args.organization_profile.as_deref(),
        patience: (!args.no_probe).then(|| Duration::try_from(args.wait).unwrap_or_default()),
        probe: ProbeId::from(run_number()),
    };
    let findings = look(&desk, &args.accounts).await;
    match args.output {
        Format::Json => output::json(&findings.json())?,
        Format::Text => output::data(&findings.text())?,
    }
    output::talk(&findings.sum());
    Ok(findings.code())
}

/// Everything at once, as far as one does not hang on the other.
async fn look(desk: &Desk<'_>, accounts: &[AccountId]) -> Findings {
    let progress = output::progress(KINDS.len() + 4, "checks");
    progress.enable_steady_tick(Duration::from_millis(200));
    let guards = join_all(KINDS.iter().map(async |kind| {
        let seen = guards::check(desk, kind).await;
        progress.inc(1);
        seen
    }));
    let standing = async {
        let checks = standing::check(desk).await;
        progress.inc(1);
        checks
    };
    let ledger = async {
        let check = ledger(desk).await;
        progress.inc(1);
        check
    };
    let sweeper = async {
        let checks = guards::sweeper(desk).await;
        progress.inc(1);
        checks
    };
    let notifier = async {
        let checks = guards::notifier(desk).await;
        progress.inc(1);
        checks
    };
    let (ledger, guards, notifier, sweeper, standing) = futures::join!(ledger, guards, notifier, sweeper, standing);
    progress.finish_and_clear();
    let organization = guards.iter().find_map(|guard| organization(&guard.variables, guard.status.as_ref()));
    let regions = regions(&guards, desk.connection.region());
    let trail = trail::check(desk.connection, organization.is_some());
    let members = async {
        match &organization {
            Some(_) => members::check(desk, accounts, &regions).await,
            None if accounts.is_empty() => {
                vec![Check::skipped("members", "", "the stack guards its own account alone")]
            }
            None => vec![Check::failed(
                "members",
                "",
                "the stack guards its own account alone",
                "deploy it with the organisation's id to cover other accounts",
            )],
        }
    };
    let (trail, members) = futures::join!(trail, members);
    let mut checks = vec![ledger];
    checks.extend(guards.into_iter().flat_map(|guard| guard.checks));
    checks.extend(notifier);
    checks.extend(sweeper);
    checks.extend(trail);
    checks.extend(members);
    checks.extend(standing);
    Findings(checks)
}

async fn ledger(desk: &Desk<'_>) -> Check {
    let table = desk.connection.table();
    match desk.connection.ledger().account(desk.account).await {
        Ok(_) => Check::fine("ledger", table, "answers"),
        Err(failure) => Check::unread("ledger", table, &desk.connection.failure(failure)),
    }
}

/// The organisation, by the function's environment or its own word.
fn organization(
    variables: &std::collections::HashMap<String, String>,
    status: Option<&rectify_controls::Status>,
) -> Option<String> {
    let told = variables.get("RECTIFY_ORGANIZATION").filter(|id| !id.is_empty()).cloned();
    told.or_else(|| status?.organization.clone())
}

/// The regions that are watched; the stack's own where no guard says.
fn regions(guards: &[guards::Seen], own: &Region) -> Vec<Region> {
    let said: BTreeSet<&String> =
        guards.iter().filter_map(|guard| guard.status.as_ref()).flat_map(|s| &s.regions).collect();
    let regions: Vec<Region> = said.into_iter().filter_map(|region| Region::new(region.clone()).ok()).collect();
    if regions.is_empty() { vec![own.clone()] } else { regions }
}

/// The file that is named, or the one that is where it should be.
fn file(named: Option<&Path>) -> Result<Option<File>, Error> {
    let path = named.unwrap_or(Path::new("settings/settings.toml"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) if named.is_none() && source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Settings { path: path.to_owned(), source }),
    };
    Ok(Some(File {
        name: path.display().to_string(),
        digest: settings_digest(&text),
        settings: kinds::settings(&text).ok(),
    }))
}

/// Differs from run to run, also of two that start at once.
fn run_number() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};

    RandomState::new().hash_one((jiff::Timestamp::now().as_nanosecond(), std::process::id()))
}

fn account(text: &str) -> Result<AccountId, String> {
    AccountId::new(text).map_err(|error| error.to_string())
}
