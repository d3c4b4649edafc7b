//! `rectify explain`

use std::fmt::Write as _;

use rectify_controls::{AccountId, Arn, Broken, Explained, Explanation, Order, Place, Region, Resource, Sourced};
use rectify_render::{Style, escape};
use serde_json::json;

use crate::{
    connection::{self, CloudError, Connection, StackApart, wait_for},
    exit,
    failure::Failure,
    guard::Guards,
    kinds::{self, KindEntry},
    output::{self, Format, Text, paint},
};

/// What decides about a resource, with the line or row each part comes from, and what would happen now.
///
/// The guard itself looks and decides, and changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 when nothing is broken now, 3 when something is.

Example:
  rectify explain arn:aws:s3:::reports --account 111122223333 --region eu-central-1")]
pub(crate) struct Args {
    /// The resource.
    #[arg(value_name = "ARN")]
    arn: String,
    /// The resource's account. Default: the ARN's own, or the caller's.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// The resource's region. Default: the ARN's own, or the stack's.
    #[arg(long, value_name = "REGION", value_parser = connection::region)]
    region: Option<Region>,
    #[command(flatten)]
    stack: StackApart,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why nothing is explained.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("`{0}` is not the ARN of anything that rectify watches")]
    NotWatched(String),
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::NotWatched(_) => exit::USAGE,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::NotWatched(_) => Some(example()),
        }
    }
}

/// What an ARN looks like.
pub(crate) fn example() -> String {
    let kinds: Vec<&str> = kinds::KINDS.iter().map(|kind| kind.name).collect();
    format!("kinds that are watched: {}; for example `arn:aws:s3:::reports`", kinds.join(", "))
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    wait_for(async {
        let connection = args.stack.connect().await.map_err(Error::Cloud)?;
        let (resource, kind) = resource(&connection, &args.arn, args.account.as_ref(), args.region.as_ref())
            .await
            .map_err(Error::Cloud)?
            .ok_or_else(|| Error::NotWatched(args.arn.clone()))?;
        let order = Order::Explain { resource };
        let explanation: Explanation = Guards::new(&connection).order(kind.name, &order).await.map_err(Error::Cloud)?;
        match args.output {
            Format::Json => output::json(&json!(explanation))?,
            Format::Text => output::data(&text(&explanation))?,
        }
        Ok(if is_broken(&explanation) { exit::BREACH } else { exit::FINE })
    })
}

/// Whether anything is broken. Something else takes the effect of a neutralised one away.
pub(super) fn is_broken(explanation: &Explanation) -> bool {
    let broken = |control: &Explained| control.findings.iter().any(|finding| !is_neutralised(finding));
    explanation.controls.iter().any(broken)
}

/// The resource that `arn` names and its kind; `None` when nobody watches such a thing. What the ARN does not say is the
/// caller's account and the stack's region.
pub(crate) async fn resource(
    connection: &Connection,
    arn: &str,
    account: Option<&AccountId>,
    region: Option<&Region>,
) -> Result<Option<(Resource, &'static KindEntry)>, CloudError> {
    let mut parts = arn.trim().splitn(6, ':').skip(3);
    let own_region = parts.next().and_then(|region| Region::new(region).ok());
    let own_account = parts.next().and_then(|account| AccountId::new(account).ok());
    let arn = Arn::from_parts(arn.trim().to_owned());
    let region = region.cloned().or(own_region).unwrap_or_else(|| connection.region().clone());
    let known = |account: AccountId| {
        let place = Place { account, region: region.clone() };
        let kind = kinds::of_arn(&arn, &place)?;
        Some((Resource { account: place.account, region: place.region, arn: arn.clone() }, kind))
    };
    if let Some(account) = account.cloned().or(own_account) {
        return Ok(known(account));
    }
    // Any account does to see whether it is worth asking who calls.
    let anybody = AccountId::new("000000000000").ok().and_then(known);
    if anybody.is_none() {
        return Ok(None);
    }
    Ok(known(connection.caller().await?.account))
}

/// An explanation for people.
pub(super) fn text(explanation: &Explanation) -> Text {
    let Explanation { resource, kind, gone, environment, doubts, paused, running, controls } = explanation;
    let mut text = Text::new();
    let arn = paint(Style::Strong, &escape::line(resource.arn.as_str(), 500));
    let _ = writeln!(text, "{arn} in account {}, {}  ({})", resource.account, resource.region, escape::line(kind, 60));
    let mut line = |word: &str, value: String| {
        let _ = writeln!(text, "  {} {value}", paint(Style::Dim, &format!("{word:<12}")));
    };
    if *gone {
        line("state", paint(Style::Warn, "it does not exist"));
    }
    line("environment", sourced(environment));
    for doubt in doubts {
        line("doubt", paint(Style::Warn, &format!("{}: nothing is corrected", escape::value(doubt, 500))));
    }
    for paused in paused {
        line("paused", paint(Style::Warn, &escape::value(paused, 500)));
    }
    if let Some(running) = running {
        line("running", escape::value(running, 300));
    }
    for control in controls {
        text.push('\n');
        write_control(&mut text, control);
    }
    text
}

fn write_control(text: &mut Text, control: &Explained) {
    let _ = writeln!(text, "{}", paint(Style::Strong, &escape::line(&control.control, 100)));
    let mut line = |word: &str, value: String| {
        let _ = writeln!(text, "  {} {value}", paint(Style::Dim, &format!("{word:<12}")));
    };
    for finding in &control.findings {
        let style = if is_neutralised(finding) { Style::Plain } else { Style::Bad };
        let state = paint(style, &format!("{}, {}", escape::value(&finding.state, 200), finding.severity));
        line("broken", format!("{state}: {}", escape::value(&finding.summary, 500)));
        for change in &finding.changes {
            line("would", escape::value(change, 500));
        }
    }
    line("now", now(&control.now));
    line("mode", sourced(&control.mode));
    if let Some(grace) = &control.grace {
        line("grace", sourced(grace));
    }
    if let Some(exemption) = &control.exemption {
        line("exempt", sourced(exemption));
    }
    for void in &control.void {
        line("no exemption", sourced(void));
    }
    for budget in &control.budget {
        let used = budget.used.map_or_else(|| "not known".to_owned(), |used| used.to_string());
        let of = format!("{used} of {} this hour ({})", budget.limit.value, escape::line(&budget.scope, 40));
        line("corrections", format!("{of}{}", from(&budget.limit.from)));
    }
    line("reversals", sourced(&control.reversals));
}

/// The state is `neutralised by …`.
fn is_neutralised(finding: &Broken) -> bool {
    finding.state.starts_with("neutralised")
}

fn now(now: &str) -> String {
    let shown = escape::value(now, 1_000);
    match now.split([':', ' ', ',']).next().unwrap_or_default() {
        "nothing" | "compliant" => paint(Style::Good, &shown),
        "corrected" => paint(Style::Warn, &shown),
        _ => shown,
    }
}

/// A value, and where it comes from.
fn sourced(value: &Sourced<String>) -> String {
    format!("{}{}", escape::value(&value.value, 500), from(&value.from))
}

fn from(from: &str) -> String {
    paint(Style::Dim, &format!("  ← {}", escape::value(from, 300)))
}
