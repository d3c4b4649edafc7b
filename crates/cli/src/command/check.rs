//! `rectify check`

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use rectify_controls::{AccountId, Arn, Explanation, Order, Place, Region, Resource};
use rectify_render::{Style, escape};
use rectify_replay::{Item, Progress, Replay, Report, Row, Verdict};
use serde_json::{Value, json};

use super::{
    explain,
    replay::{self, organization, settings},
};
use crate::{
    connection::{Stack, wait_for},
    exit,
    failure::Failure,
    guard::Guards,
    input::{self, InputError},
    kinds,
    output::{self, Format, Text, paint},
};

/// What an event would lead to, control by control, and why not where nothing happens.
///
/// Reads an event as EventBridge delivers it, or a CloudTrail record. Without `--live` nothing is looked at: what the event alone does
/// not decide is «needs live state», with the read that would. With `--live` the guard looks at the resource and decides, and changes
/// nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 when nothing would be done or the event alone does not decide, 3 when something would be told or put back.

Examples:
  rectify check events/s3-bucket/put-bucket-acl-public.json
  rectify check event.json --environment production
  aws sqs receive-message --queue-url URL --query 'Messages[0].Body' --output text | rectify check -")]
pub(crate) struct Args {
    /// File with the event, or `-` for standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Ask the deployed guard to look at the resource.
    #[arg(long)]
    live: bool,
    /// The settings. Default: `settings/settings.toml` where there is one, else those that rectify is shipped with.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Take the account for one of this environment, whatever the settings say.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Where accounts are in the organisation, as `rectify org export` writes it.
    #[arg(long, value_name = "FILE")]
    organization: Option<PathBuf>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why nothing is said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Replay(#[from] replay::Error),
    #[error(transparent)]
    Explain(#[from] explain::Error),
    #[error("{0} has no event in it")]
    NoEvent(String),
    #[error("{file}: {why}")]
    Unreadable { file: String, why: String },
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Replay(error) => error.code(),
            Self::Explain(error) => error.code(),
            Self::NoEvent(_) | Self::Unreadable { .. } => exit::USAGE,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Replay(error) => error.help(),
            Self::Explain(error) => error.help(),
            Self::NoEvent(_) | Self::Unreadable { .. } => Some(
                "an event as EventBridge delivers it, or a CloudTrail record: events/ in the repository has some of each".to_owned(),
            ),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let text = input::read(&args.file).map_err(|error| match error {
        InputError::Empty { path } => Error::NoEvent(input::name(&path)),
        error => Error::Replay(replay::Error::Input(error)),
    })?;
    let organization = args.organization.as_deref().map(organization::read).transpose().map_err(Error::Replay)?;
    let named = settings::named(args.settings.as_deref(), args.environment.as_deref()).map_err(Error::Replay)?;
    let replay = Replay::new(&named.settings, organization.as_ref(), 1)
        .map_err(replay::Error::Options)
        .map_err(Error::Replay)?;
    let name = input::name(&args.file);
    let items = std::iter::once(Item::Fetched(name.clone(), text.into_bytes()));
    let mut rows: Vec<Row> = Vec::new();
    let mut keep = |row: &Row| {
        rows.push(row.clone());
        Ok(())
    };
    let report = replay.run(items, &Progress::default(), Some(&mut keep));
    let report = report.map_err(replay::Error::Replay).map_err(Error::Replay)?;
    if let Some(first) = report.files.unreadable.rows.first() {
        return Err(Error::Unreadable { file: name, why: first.why.clone() }.into());
    }
    if report.records.read == 0 {
        return Err(Error::NoEvent(name).into());
    }
    let live = if args.live { looked(args, &rows)? } else { Vec::new() };
    match args.output {
        Format::Json => output::json(&json_of(&report, &rows, &live))?,
        Format::Text => output::data(&text_of(&report, &rows, &live, args.live))?,
    }
    let broken = if args.live {
        live.iter().any(explain::is_broken)
    } else {
        rows.iter().any(|row| matches!(row.verdict, Verdict::WouldCorrect | Verdict::WouldTell))
    };
    Ok(if broken { exit::BREACH } else { exit::FINE })
}

/// What the guards say of each resource.
fn looked(args: &Args, rows: &[Row]) -> Result<Vec<Explanation>, Failure> {
    let mut seen = BTreeSet::new();
    let resources: Vec<(&'static str, Resource)> = rows
        .iter()
        .filter_map(|row| {
            let arn = row.resource.as_deref()?;
            let account = AccountId::new(row.account.as_str()).ok()?;
            let region = Region::new(row.region.as_str()).ok()?;
            // What only leads to resources is none that could be looked at.
            let place = Place { account: account.clone(), region: region.clone() };
            kinds::of_arn(&Arn::from_parts(arn.to_owned()), &place).filter(|kind| kind.name == row.kind)?;
            seen.insert((row.kind, arn, &row.account))
                .then(|| (row.kind, Resource { account, region, arn: Arn::from_parts(arn.to_owned()) }))
        })
        .collect();
    wait_for(async {
        let connection = args.stack.connect().await.map_err(explain::Error::Cloud)?;
        let guards = Guards::new(&connection);
        let mut answers = Vec::new();
        for (kind, resource) in resources {
            let order = Order::Explain { resource };
            let answer: Explanation = guards.order(kind, &order).await.map_err(explain::Error::Cloud)?;
            answers.push(answer);
        }
        Ok::<_, Failure>(answers)
    })
}

fn json_of(report: &Report, rows: &[Row], live: &[Explanation]) -> Value {
    json!({ "events": report.events.rows, "verdicts": rows, "live": live })
}

fn text_of(report: &Report, rows: &[Row], live: &[Explanation], asked: bool) -> Text {
    let mut text = Text::new();
    for event in &report.events.rows {
        let name = format!("{} of {}", escape::line(&event.name, 100), escape::line(&event.source, 100));
        let _ = writeln!(text, "{}", paint(Style::Strong, &name));
        match event.watched_by.as_slice() {
            [] => {
                let _ = writeln!(
                    text,
                    "  no guard watches it: nothing happens. `rectify controls --events` lists what is watched"
                );
            }
            kinds => {
                let _ = writeln!(text, "  {} {}", paint(Style::Dim, "wakes"), kinds.join(", "));
            }
        }
    }
    let mut last = None;
    for row in rows {
        let about = (row.kind, row.resource.as_deref(), row.time);
        if last != Some(about) {
            last = Some(about);
            let resource = escape::line(row.resource.as_deref().unwrap_or("no resource"), 300);
            let _ = writeln!(
                text,
                "\n{} in account {}, {}  ({})",
                paint(Style::Strong, &resource),
                row.account,
                row.region,
                row.kind
            );
            let tool = row.tool.as_ref().map_or_else(String::new, |tool| format!(" with {}", escape::line(tool, 60)));
            let _ = writeln!(text, "  {} {}{tool}, {}", paint(Style::Dim, "by"), escape::line(&row.by, 300), row.time);
        }
        let style = match row.verdict {
            Verdict::WouldCorrect | Verdict::WouldTell => Style::Bad,
            Verdict::NeedsLiveState => Style::Warn,
            Verdict::Exempt | Verdict::Ignored => Style::Dim,
        };
        let why = row.why.as_ref().map_or_else(String::new, |why| format!(": {}", escape::line(why, 300)));
        let _ = writeln!(text, "  {:<38} {}{why}", row.control, paint(style, row.verdict.words()));
        if let Some(summary) = &row.summary {
            let _ =
                writeln!(text, "    {} {}, {}", paint(Style::Dim, "broken"), escape::line(summary, 500), row.severity);
        }
        for change in &row.changes {
            let _ = writeln!(text, "    {} {}", paint(Style::Dim, "would "), escape::line(change, 500));
        }
    }
    for explanation in live {
        let _ = write!(text, "\n{} {}", paint(Style::Dim, "live:"), explain::text(explanation));
    }
    let open = rows.iter().any(|row| row.verdict == Verdict::NeedsLiveState);
    if open && !asked {
        text.push_str("\nThe event alone does not decide everything: `--live` asks the deployed guard to look.\n");
    }
    let woken = report.events.rows.iter().any(|event| !event.watched_by.is_empty());
    if rows.is_empty() && woken {
        let known: Vec<&str> = kinds::KINDS.iter().map(|kind| kind.name).collect();
        let _ = writeln!(text, "\nNothing of it concerns a resource that is watched ({}).", known.join(", "));
    }
    text
}
