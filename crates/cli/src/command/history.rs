//! `rectify history`

mod actor;
pub(crate) mod entry;
pub(crate) mod one;
mod shadow;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use rectify_aws::{CorrectionId, FindingRow, Ledger};
use rectify_controls::AccountId;

use self::entry::{Entry, What};
use crate::{
    connection::{CloudError, Connection, Stack, wait_for},
    exit,
    failure::Failure,
    kinds,
    moment::{self, Since},
    output::{self, Format},
};

/// What happened: who broke what, what rectify did, the proof, and what was undone.
///
/// Newest first. With an id: everything about that correction or undo, with what stood before and after.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rectify history --since 24h
  rectify history --resource arn:aws:s3:::reports --since 2026-11-01
  rectify history c-06bq3s7k8x3v9q2m1p
  rectify history --shadow --since 30d --output json")]
pub(crate) struct Args {
    /// A correction's id (`c-…`), or an undo's (`u-…`).
    #[arg(value_name = "ID", value_parser = correction_id, conflicts_with_all = ["resource", "control", "account", "since", "limit", "shadow"])]
    id: Option<CorrectionId>,
    /// Only this resource.
    #[arg(long, value_name = "ARN")]
    resource: Option<String>,
    /// Only this control.
    #[arg(long, value_name = "ID", value_parser = kinds::control_id)]
    control: Option<&'static str>,
    /// Only this account.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// From when on: `7d`, `2026-11-01`, or an RFC 3339 time. Default: the last seven days.
    #[arg(long, value_name = "WHEN", value_parser = moment::since)]
    since: Option<Since>,
    /// At most so many, the newest.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// What shadow mode would have done, per control.
    #[arg(long, conflicts_with = "limit")]
    shadow: bool,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why there is no history.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("there is no `{0}` in the ledger")]
    NoSuchId(CorrectionId),
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::NoSuchId(_) => exit::USAGE,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::NoSuchId(_) => Some(
                "rows stay 400 days; `rectify history --since 30d` lists them. Another stack has another ledger: --stack"
                    .to_owned(),
            ),
        }
    }
}

/// Outcomes of findings that are told and not put back.
const TOLD: [&str; 5] = ["notified", "withheld", "deferred", "not-proven", "failed"];

/// How far back to look unless told.
const FAR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Most rows that are read where only some of them are wanted.
const MOST: usize = 10_000;

/// An id of the ledger, as an argument.
pub(crate) fn correction_id(text: &str) -> Result<CorrectionId, String> {
    CorrectionId::try_from(text.trim().to_owned()).map_err(|error| error.to_string())
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    wait_for(async {
        let connection = args.stack.connect().await.map_err(Error::Cloud)?;
        match &args.id {
            Some(id) => one::show(&connection, id, args.output).await,
            None if args.shadow => shadow::show(&connection, args).await,
            None => list(&connection, args).await,
        }
    })
}

async fn list(connection: &Connection, args: &Args) -> Result<u8, Failure> {
    let ledger = connection.ledger();
    let limit = usize::try_from(args.limit).unwrap_or(MOST);
    // The ledger does not sort by control: then all are read, and most left out.
    let most = if args.control.is_some() { MOST } else { limit };
    let now = Timestamp::now();
    let since = args.since.unwrap_or(Since::Ago(FAR)).from(now);
    let (resource, account) = (args.resource.as_deref(), args.account.as_ref());
    let failed = |failure| Error::Cloud(connection.failure(failure));
    // An hour of grace for a clock of ours that is behind.
    let to = now.checked_add(SignedDuration::from_hours(1)).unwrap_or(now);
    let (corrections, findings) = futures::try_join!(
        async { ledger.corrections(since, to, resource, account, most).await.map_err(failed) },
        async { findings(&ledger, args, since, most).await.map_err(failed) },
    )?;
    let mut entries: Vec<Entry> = corrections.iter().map(|(key, row)| Entry::of_correction(key.clone(), row)).collect();
    // A correction tells about its findings.
    let ids: Vec<&str> = corrections.iter().map(|(_, row)| row.ahead.id.as_str()).collect();
    let told = |finding: &&FindingRow| {
        let by = finding.correction.as_ref().is_some_and(|id| ids.contains(&id.as_str()));
        !(by && ["not-proven", "failed"].contains(&finding.outcome.as_str()))
    };
    entries.extend(findings.iter().filter(told).map(Entry::of_finding));
    if let Some(control) = args.control {
        entries.retain(|entry| entry.controls.iter().any(|known| known == control));
    }
    entries.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.id.cmp(&a.id)));
    let more = entries.len() > limit;
    entries.truncate(limit);
    match args.output {
        Format::Json => output::json(&entries.iter().map(Entry::json).collect())?,
        Format::Text => output::data(&entries.iter().map(Entry::text).collect::<Vec<_>>().join("\n"))?,
    }
    if entries.is_empty() {
        output::talk(&format!("nothing happened since {}{}", moment::shown(since), narrowed(args)));
    } else if more || entries.len() == limit {
        output::talk(&format!("the newest {}; there may be more: --limit, --since", entries.len()));
    }
    Ok(exit::FINE)
}

/// Findings that were told and not put back.
async fn findings(
    ledger: &Ledger,
    args: &Args,
    since: Timestamp,
    most: usize,
) -> Result<Vec<FindingRow>, rectify_aws::AwsFailure> {
    let (resource, account) = (args.resource.as_deref(), args.account.as_ref());
    let found: Vec<Vec<FindingRow>> = stream::iter(TOLD)
        .map(|outcome| ledger.findings(outcome, Some(since), resource, account, most))
        .buffered(TOLD.len())
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// What an empty answer was narrowed to, so that nobody takes it for more than it is.
fn narrowed(args: &Args) -> String {
    let some = [
        args.resource.as_ref().map(|arn| format!("resource {}", rectify_render::escape::line(arn, 300))),
        args.control.map(|control| format!("control {control}")),
        args.account.as_ref().map(|account| format!("account {account}")),
    ];
    let some: Vec<String> = some.into_iter().flatten().collect();
    if some.is_empty() { String::new() } else { format!(" ({})", some.join(", ")) }
}

impl What {
    /// The word in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Undo => "undo",
            Self::Finding => "finding",
        }
    }
}
