//! `rectify undo`

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use rectify_aws::{CorrectionId, CorrectionRow, ResourceKey};
use rectify_controls::{Difference, Order, Resource, UndoAnswer};
use rectify_render::{Style, escape};
use serde_json::json;

use super::history::{self, entry::Entry, one};
use crate::{
    connection::{CloudError, Stack, wait_for},
    difference, exit,
    failure::Failure,
    guard::Guards,
    moment,
    output::{self, Format, Text, paint},
    words,
};

/// Put back what stood before a correction, and hold the control off for a while.
///
/// The guard does it, through its own inverse of each change, after checking that nothing else has changed the resource
/// since, and reads it again to prove it. An undo is an entry of its own and can be undone: that brings the correction back
/// and ends the exemption.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 when it was restored and proven, 4 when it was changed and is not as before, 5 when nothing was done.

Example:
  rectify undo c-06bq3s7k8x3v9q2m1p --reason \"the website is meant to be public\" --for 7d --ticket SEC-42")]
pub(crate) struct Args {
    /// The correction's id (`c-…`), or an undo's (`u-…`).
    #[arg(value_name = "ID", value_parser = history::correction_id)]
    id: CorrectionId,
    /// Why. Everybody who gets messages reads it.
    #[arg(long, value_name = "TEXT", value_parser = words::sentence)]
    reason: String,
    /// How long the control does not act on the resource: 1m to 90d.
    #[arg(long = "for", value_name = "TIME", default_value = "24h", value_parser = moment::undo_length)]
    length: SignedDuration,
    /// Where it was agreed.
    #[arg(long, value_name = "TICKET", value_parser = words::sentence)]
    ticket: Option<String>,
    /// Also when something else has changed the resource since: what stands there now is lost.
    #[arg(long)]
    force: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    stack: Stack,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why nothing was undone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("there is no `{0}` in the ledger")]
    NoSuchId(CorrectionId),
    #[error("`{id}` was undone already, by {by}{}", .at.map(|at| format!(" at {}", moment::shown(at))).unwrap_or_default())]
    AlreadyUndone { id: CorrectionId, by: CorrectionId, at: Option<Timestamp> },
    #[error("nothing was done")]
    Declined,
    #[error("it is not known whether `{id}` was undone: {source}")]
    Unknown { id: CorrectionId, source: Box<CloudError> },
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::Unknown { source, .. } => source.code(),
            Self::NoSuchId(_) => exit::USAGE,
            Self::AlreadyUndone { .. } | Self::Declined => exit::REFUSED,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::NoSuchId(_) => {
                Some("`rectify history` lists them; another stack has another ledger: --stack".to_owned())
            }
            Self::AlreadyUndone { by, .. } => {
                Some(format!("`rectify undo {by} --reason \"…\"` brings the correction back"))
            }
            Self::Declined => None,
            Self::Unknown { id, .. } => Some(format!("`rectify history {id}` says so")),
        }
    }
}

/// The status of an undo that put everything back.
const RESTORED: &str = "restored";

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    wait_for(undo(args))
}

async fn undo(args: &Args) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let ledger = connection.ledger();
    let found = ledger.find(&args.id).await.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
    let (key, row) = found.ok_or_else(|| Error::NoSuchId(args.id.clone()))?;
    if let Some(by) = row.undone_by.clone() {
        let undo = ledger.correction(&key, &by).await;
        let undo = undo.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
        // One that died on the way is finished by asking again, and of one that failed the guard knows what to do.
        if undo.is_none_or(|undo| undo.status == RESTORED) {
            return Err(Error::AlreadyUndone { id: args.id.clone(), by, at: row.undone_at }.into());
        }
    }
    let caller = connection.caller().await.map_err(Error::Cloud)?;
    output::talk(&plan(&key, &row, args));
    if !args.yes && output::is_somebody_there() && !output::ask("Do it?") {
        return Err(Error::Declined.into());
    }
    let length = args.length;
    let until = ledger.now().checked_add(length).unwrap_or(Timestamp::MAX);
    let order = Order::Undo {
        resource: Resource {
            account: key.place.account.clone(),
            region: key.place.region.clone(),
            arn: key.arn.clone(),
        },
        correction: args.id.to_string(),
        force: args.force,
        until,
        reason: args.reason.clone(),
        ticket: args.ticket.clone(),
        by: caller.arn,
    };
    let answer: UndoAnswer =
        Guards::new(&connection).order(&row.ahead.kind, &order).await.map_err(|error| match error {
            CloudError::NoSuch { .. } | CloudError::NoCredentials(_) => Error::Cloud(error),
            CloudError::Aws(ref failure) if failure.code.is_some() => Error::Cloud(error),
            source => Error::Unknown { id: args.id.clone(), source: Box::new(source) },
        })?;
    match args.output {
        Format::Json => output::json(&json!(answer))?,
        Format::Text => output::data(&text(args, &answer))?,
    }
    Ok(match answer {
        UndoAnswer::Restored { .. } => exit::FINE,
        UndoAnswer::NotRestored { .. } => exit::UNPROVEN,
        UndoAnswer::Changed { .. } | UndoAnswer::Refused { .. } => exit::REFUSED,
    })
}

/// What will be put back, for a person to say yes to.
fn plan(key: &ResourceKey, row: &CorrectionRow, args: &Args) -> Text {
    let mut text = Text::new();
    let entry = Entry::of_correction(key.clone(), row);
    let arn = paint(Style::Strong, &escape::line(key.arn.as_str(), 500));
    let _ = writeln!(text, "{arn} in account {}, {}", key.place.account, key.place.region);
    let what = if row.undoes().is_some() { "undo" } else { "correction" };
    let _ = writeln!(text, "{what} {} of {}, {}", args.id, moment::shown(entry.at), entry.controls.join(", "));
    if let Some(inverse) = one::inverse(row) {
        let _ = writeln!(text, "would:");
        for change in inverse {
            let _ = writeln!(text, "  {}", escape::value(&change, 500));
        }
    }
    for part in one::parts(row).unwrap_or_default() {
        let _ = writeln!(text, "{}, as it is left (-) and as it was (+):", paint(Style::Strong, part.part));
        let state = |change: Option<&serde_json::Value>| change.map_or("not known".to_owned(), difference::state);
        text.push_str(&difference::lines(&state(part.after.as_ref()), &state(part.before.as_ref()), "  "));
    }
    text.trim_end().to_owned()
}

fn text(args: &Args, answer: &UndoAnswer) -> Text {
    let mut text = Text::new();
    match answer {
        UndoAnswer::Restored { undo, proof, changes, until } => {
            let _ = writeln!(text, "{} {}", paint(Style::Good, "Restored:"), escape::value(&changes.join("; "), 2_000));
            let _ = writeln!(text, "  {}", escape::value(proof, 500));
            match until {
                Some(until) => {
                    let _ = writeln!(text, "  the control does not act on it until {}", moment::shown(*until));
                }
                None => {
                    let _ = writeln!(text, "  the control acts on it again");
                }
            }
            let _ = writeln!(text, "  recorded as {}", escape::line(undo, 60));
            let _ = writeln!(text, "  `rectify undo {} --reason \"…\"` takes this back", escape::line(undo, 60));
        }
        UndoAnswer::NotRestored { undo, why } => {
            let _ = writeln!(
                text,
                "{} changes were made, and it is not as before: {}",
                paint(Style::Bad, "Not restored:"),
                escape::value(why, 2_000)
            );
            let _ = writeln!(text, "  recorded as {}: `rectify history {0}`", escape::line(undo, 60));
        }
        UndoAnswer::Changed { differences } => {
            let _ = writeln!(
                text,
                "{} something else has changed it since the {}",
                paint(Style::Warn, "Nothing was done:"),
                if args.id.as_str().starts_with("u-") { "undo" } else { "correction" }
            );
            for difference in differences {
                text.push_str(&changed(difference));
            }
            let _ = writeln!(
                text,
                "\n`rectify undo {} --reason \"…\" --force` puts back what stood before all the same",
                args.id
            );
        }
        UndoAnswer::Refused { why } => {
            let _ = writeln!(text, "{} {}", paint(Style::Warn, "Nothing was done:"), escape::value(why, 2_000));
        }
    }
    text
}

/// A part that is not as it was left: both states, and what an undo would make of it.
fn changed(difference: &Difference) -> Text {
    let state = |text: &str| difference::state_of_text(text);
    let mut text = Text::new();
    let _ = writeln!(text, "\n{}", paint(Style::Strong, &escape::line(&difference.part, 100)));
    let _ = writeln!(text, "  as it was left (-) and as it stands now (+):");
    text.push_str(&difference::lines(&state(&difference.left), &state(&difference.stands), "    "));
    let _ = writeln!(text, "  an undo would make of what stands now (-) this (+):");
    text.push_str(&difference::lines(&state(&difference.stands), &state(&difference.restored), "    "));
    text
}
