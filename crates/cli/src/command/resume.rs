//! `rectify resume`

use std::{collections::BTreeMap, fmt::Write as _};

use clap::ArgGroup;
use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use rectify_aws::{FindingRow, Ledger, ResourceKey};
use rectify_controls::{AccountId, Arn, Because, Order, Place, Reach, Resource, Switch};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use super::{
    history::entry,
    pause::{self, switch_json},
};
use crate::{
    connection::{CloudError, Connection, Stack, wait_for},
    exit,
    failure::Failure,
    guard::{Ended, Guards, Looked},
    kinds, moment,
    output::{self, Format, Text, paint},
};

/// Let corrections go on, and look again at what was withheld.
///
/// Ends a pause (`--all`, `--control`, `--account`), or forgets a resource's tug of war (`--resource`). Then every finding
/// that was withheld there is looked at again and goes the ordinary way. Also after a full budget, with nothing paused.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("scope").required(true), after_help = "\
Exit code 11 when not everything could be looked at.

Examples:
  rectify resume --all
  rectify resume --resource arn:aws:s3:::reports")]
pub(crate) struct Args {
    /// Every correction.
    #[arg(long, group = "scope")]
    all: bool,
    /// Corrections of this control.
    #[arg(long, value_name = "ID", value_parser = kinds::control_id, group = "scope")]
    control: Option<&'static str>,
    /// Corrections in this account.
    #[arg(long, value_name = "ID", group = "scope")]
    account: Option<AccountId>,
    /// Corrections of this resource: forget its tug of war.
    #[arg(long, value_name = "ARN", group = "scope")]
    resource: Option<String>,
    /// Do not look again at what was withheld.
    #[arg(long)]
    no_look: bool,
    #[command(flatten)]
    stack: Stack,
    /// How to print what came of it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why nothing was resumed.
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
            Self::NotWatched(_) => Some(super::explain::example()),
        }
    }
}

/// The outcome of a finding that would have been put back.
const WITHHELD: &str = "withheld";
/// Orders given at a time.
const AT_ONCE: usize = 4;
/// Most findings that are looked at again in one go.
const MOST: usize = 10_000;
/// How far back to look for the place of a resource.
const FAR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One resource that is looked at again.
struct Look {
    key: ResourceKey,
    kind: &'static str,
    controls: Vec<String>,
    story: Option<Value>,
}

/// What came of it.
struct Came {
    look: Look,
    answer: Result<Vec<Ended>, CloudError>,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    wait_for(resume(args))
}

async fn resume(args: &Args) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let ledger = connection.ledger();
    let failed = |failure| Error::Cloud(connection.failure(failure));
    let mut withheld =
        ledger.findings(WITHHELD, None, args.resource.as_deref(), args.account.as_ref(), MOST).await.map_err(failed)?;
    if let Some(control) = args.control {
        withheld.retain(|finding| finding.control == control);
    }
    let mut removed = None;
    let mut forgotten = Vec::new();
    match (pause::reach(args.all, args.control, args.account.as_ref()), &args.resource) {
        (Some(reach), _) => {
            removed = ledger.resume(&reach).await.map_err(failed)?;
            if args.output == Format::Text {
                output::data(&ended(&reach, removed.as_ref()))?;
            }
        }
        (None, Some(arn)) => {
            forgotten = forget(&connection, &ledger, arn, &withheld).await?;
            if args.output == Format::Text {
                for key in &forgotten {
                    let arn = escape::line(key.arn.as_str(), 500);
                    let Place { account, region } = &key.place;
                    output::data(&format!(
                        "{} the tug of war of {arn} in account {account}, {region}\n",
                        paint(Style::Good, "Forgotten:")
                    ))?;
                }
            }
        }
        (None, None) => {}
    }
    let came = if args.no_look { Vec::new() } else { look_again(&connection, looks(withheld)).await };
    match args.output {
        Format::Json => output::json(&json!({
            "ended": removed.as_ref().map(switch_json),
            "forgotten": forgotten,
            "looks": came.iter().map(Came::json).collect::<Vec<_>>(),
        }))?,
        Format::Text => {
            if came.is_empty() {
                let why = if args.no_look { "nothing was looked at" } else { "nothing was withheld there" };
                output::talk(why);
            } else {
                output::data(&text(&came))?;
            }
        }
    }
    Ok(if came.iter().all(|came| came.answer.is_ok()) { exit::FINE } else { exit::AWS })
}

fn ended(reach: &Reach, switch: Option<&Switch>) -> Text {
    match switch {
        None => format!("{} {}\n", paint(Style::Dim, "Was not paused:"), pause::what(reach)),
        Some(switch) => format!(
            "{} {}\n  paused by {} at {}: {}\n",
            paint(Style::Good, "Goes on:"),
            pause::what(reach),
            escape::line(&switch.by, 300),
            moment::shown(switch.paused_at),
            escape::value(&switch.reason, 500),
        ),
    }
}

/// Forgets the tug of war of a resource, wherever a resource of that name is known.
async fn forget(
    connection: &Connection,
    ledger: &Ledger,
    arn: &str,
    withheld: &[FindingRow],
) -> Result<Vec<ResourceKey>, Error> {
    let failed = |failure| Error::Cloud(connection.failure(failure));
    let mut keys: Vec<ResourceKey> = withheld.iter().map(|finding| finding.key.clone()).collect();
    if keys.is_empty() {
        let now = Timestamp::now();
        let since = now.checked_sub(FAR).unwrap_or(Timestamp::UNIX_EPOCH);
        let known = ledger.corrections(since, now, Some(arn), None, MOST).await.map_err(failed)?;
        keys.extend(known.into_iter().map(|(key, _)| key));
    }
    if keys.is_empty() {
        let (resource, _) = super::explain::resource(connection, arn, None, None)
            .await?
            .ok_or_else(|| Error::NotWatched(arn.to_owned()))?;
        keys.push(ResourceKey {
            place: Place { account: resource.account, region: resource.region },
            arn: resource.arn,
        });
    }
    keys.sort();
    keys.dedup();
    for key in &keys {
        let kind = kinds::of_arn(&Arn::from_parts(arn.to_owned()), &key.place)
            .ok_or_else(|| Error::NotWatched(arn.to_owned()))?;
        for control in kind.controls {
            ledger.unfence(key, control.id).await.map_err(failed)?;
        }
    }
    Ok(keys)
}

/// One look per resource, for all that was withheld on it.
fn looks(withheld: Vec<FindingRow>) -> Vec<Look> {
    let mut looks: BTreeMap<(ResourceKey, &'static str), Look> = BTreeMap::new();
    for finding in withheld {
        let Some(kind) = kinds::of_control(&finding.control) else {
            output::talk(&format!(
                "left out `{}`: this version has no such control",
                escape::line(&finding.control, 100)
            ));
            continue;
        };
        let look = looks.entry((finding.key.clone(), kind.name)).or_insert_with(|| Look {
            key: finding.key,
            kind: kind.name,
            controls: Vec::new(),
            story: None,
        });
        if !look.controls.contains(&finding.control) {
            look.controls.push(finding.control);
        }
        look.story = look.story.take().or_else(|| finding.actor.and_then(|actor| actor.parse().ok()));
    }
    looks.into_values().collect()
}

async fn look_again(connection: &Connection, looks: Vec<Look>) -> Vec<Came> {
    let guards = Guards::new(connection);
    let progress = output::progress(looks.len(), "looked at again");
    let came = stream::iter(looks)
        .map(async |look| {
            let order = Order::Look {
                resource: Resource {
                    account: look.key.place.account.clone(),
                    region: look.key.place.region.clone(),
                    arn: look.key.arn.clone(),
                },
                controls: look.controls.clone(),
                because: Because::Resume,
                story: look.story.clone(),
            };
            let answer = guards.order::<Looked>(look.kind, &order).await.map(|looked| looked.outcomes);
            progress.inc(1);
            Came { look, answer }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    progress.finish_and_clear();
    came
}

impl Came {
    fn json(&self) -> Value {
        let mut json = json!({
            "resource": { "account": self.look.key.place.account, "region": self.look.key.place.region, "arn": self.look.key.arn },
            "controls": self.look.controls,
        });
        let (name, value) = match &self.answer {
            Ok(outcomes) => ("outcomes", json!(outcomes)),
            Err(error) => ("error", json!(error.to_string())),
        };
        if let Some(members) = json.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
        json
    }
}

/// A line per outcome, and a sum.
fn text(came: &[Came]) -> Text {
    let mut text = Text::new();
    let mut sums: BTreeMap<String, usize> = BTreeMap::new();
    for Came { look, answer } in came {
        let arn = escape::line(look.key.arn.as_str(), 500);
        match answer {
            Err(error) => {
                *sums.entry("not looked at".to_owned()).or_default() += 1;
                let _ = writeln!(text, "{}  {arn}", paint(Style::Bad, "not looked at"));
                let _ = writeln!(text, "  {}", escape::line(&error.to_string(), 500));
            }
            Ok(outcomes) => {
                for ended in outcomes {
                    let outcome = escape::line(&ended.outcome, 40);
                    *sums.entry(outcome.clone()).or_default() += 1;
                    let control = escape::line(ended.control.as_deref().unwrap_or_default(), 100);
                    let line = format!("{}  {arn}  {control}", paint(entry::style(&ended.outcome), &outcome));
                    let _ = writeln!(text, "{}", line.trim_end());
                    for more in [&ended.summary, &ended.why].into_iter().flatten() {
                        let _ = writeln!(text, "  {}", escape::value(more, 500));
                    }
                    if let Some(id) = &ended.correction {
                        let _ = writeln!(text, "  recorded as {}", escape::line(id, 60));
                    }
                }
            }
        }
    }
    let sums: Vec<String> = sums.iter().map(|(outcome, number)| format!("{number} {outcome}")).collect();
    let _ = writeln!(text, "\n{}", sums.join(", "));
    text
}
