//! `rectify report`

use std::{io, path::PathBuf};

use jiff::{SignedDuration, Timestamp};
use rectify_controls::{Control, Settings};
use rectify_render::Overview;
use rectify_report::{Question, Rows};

use super::exempt;
use crate::{
    connection::{CloudError, Stack, wait_for},
    exit,
    failure::Failure,
    input, kinds,
    moment::{self, Since},
    output::{self, Format},
};

/// How it stands: what is open and for how long, what was put back and undone, exemptions, pauses, shadow mode.
///
/// What is open, exempt or paused is as of now; the rest is of the period. `--html` makes a page of it, with charts, that needs
/// no server and prints well.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rectify report
  rectify report --since 30d --html report.html
  rectify report --owner web-team --output json")]
pub(crate) struct Args {
    /// Write a page for a browser to this file, instead of the text.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// From when on: `7d`, `2026-11-01`, or an RFC 3339 time. Default: the last seven days.
    #[arg(long, value_name = "WHEN", value_parser = moment::since)]
    since: Option<Since>,
    /// Only accounts whose owner tag (`[messages] owner-tag` in the settings) has this value.
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The settings file, for its exemptions and the owner tag. Default: `settings/settings.toml`, where there is one.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    Settings(#[from] exempt::Error),
    #[error("`{file}` could not be written: {source}")]
    Page { file: String, source: io::Error },
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::Settings(error) => error.code(),
            Self::Page { .. } => exit::MACHINE,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::Settings(error) => error.help(),
            Self::Page { .. } => None,
        }
    }
}

/// How far back to look unless told.
const FAR: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let settings = exempt::settings(args.settings.as_deref()).map_err(Error::Settings)?;
    let overview = wait_for(overview(args, settings.as_ref()))?;
    if let Some(file) = &args.html {
        output::write_file(file, &overview.page()).map_err(|source| Error::Page { file: input::name(file), source })?;
        output::talk(&format!("written to {}", input::name(file)));
    }
    match args.output {
        Format::Json => output::json(&serde_json::to_value(&overview).unwrap_or_default())?,
        Format::Text if args.html.is_none() => output::data(&overview.text())?,
        Format::Text => {}
    }
    Ok(exit::FINE)
}

async fn overview(args: &Args, settings: Option<&Settings>) -> Result<Overview, Error> {
    let connection = args.stack.connect().await?;
    let now = Timestamp::now();
    let from = args.since.unwrap_or(Since::Ago(FAR)).from(now);
    // An hour of grace for a clock of ours that is behind.
    let to = now.checked_add(SignedDuration::from_hours(1)).unwrap_or(now);
    let waiting = output::waiting("reading the ledger");
    let rows = Rows::read(&connection.ledger(), from, to).await.map_err(|failure| connection.failure(failure))?;
    waiting.finish_and_clear();
    let book: Vec<&'static Control> = kinds::controls().collect();
    let fallback = Settings::fallback();
    let question = Question {
        title: "Report",
        from,
        to: now,
        owner: args.owner.as_deref(),
        owner_tag: &settings.unwrap_or(&fallback).messages.owner_tag,
        book: &book,
        settings: settings.map(|settings| settings.exemptions.as_slice()),
    };
    Ok(rectify_report::overview(&question, &rows))
}
