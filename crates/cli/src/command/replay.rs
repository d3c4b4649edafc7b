//! `rectify replay`

pub(super) mod organization;
mod out;
mod s3;
pub(super) mod settings;
mod watch;

use std::{
    io,
    path::{Path, PathBuf},
    thread,
};

use jiff::Timestamp;
use rectify_replay::{
    Progress, Replay, Report, Row, items,
    show::{self, About},
};

use self::{
    out::{Differences, Rows},
    s3::Place,
    settings::{Named, named},
};
use crate::{
    connection::CloudError,
    exit,
    failure::Failure,
    input::{self, InputError},
    output,
};

/// See what it would have done: every control over months of CloudTrail, without touching AWS.
///
/// Reads what CloudTrail writes into a bucket, as files, directories or `s3://bucket/prefix`; JSON lines, archives and exports too. The
/// rule book, the settings and the decision are those of the functions. What a log alone does not decide is «needs live state».
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rectify replay AWSLogs/
  rectify replay s3://org-trail/AWSLogs/o-a1b2c3d4e5/ --html replay.html
  rectify replay logs/ --environment production         every account as if it were there
  rectify replay --diff old.toml new.toml logs/         what a change of the settings changes
  rectify replay logs/ --output csv > verdicts.csv

Exit codes: 0 when everything was read, 7 when something was not (the answer names it), 130 when it was stopped.")]
pub(crate) struct Args {
    /// Files, directories, `s3://bucket/prefix`, or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The settings. Default: `settings/settings.toml` where there is one, else those that rectify is shipped with.
    #[arg(long, value_name = "FILE", conflicts_with = "diff")]
    settings: Option<PathBuf>,
    /// Show what other settings change: the verdicts that are not the same with both.
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "html")]
    diff: Option<Vec<PathBuf>>,
    /// Take every account for one of this environment, whatever the settings say.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Where accounts are in the organisation, as `rectify org export` writes it. Without it every account counts as one of ours.
    #[arg(long, value_name = "FILE")]
    organization: Option<PathBuf>,
    /// Write a page for a browser to this file (`-`: standard output), instead of the text.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
    /// How many threads read. Default: one for each processor.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// A profile of the AWS configuration files, for `s3://`. Default: as the `aws` command has it.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// For people or for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// A JSON document for each verdict, one a line.
    Jsonl,
    /// A line for each verdict, for a spreadsheet.
    Csv,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{file}, {source}")]
    Settings { file: String, source: rectify_controls::SettingsError },
    #[error("{file} has no environment `{name}`, only {known}")]
    Environment { file: String, name: String, known: String },
    #[error("{file} is no organisation as `rectify org export` writes it: {why}")]
    Organization { file: String, why: String },
    #[error("`{path}` is not there: {source}")]
    Missing { path: String, source: io::Error },
    #[error("`{0}` is no place in S3: `s3://bucket/prefix`")]
    NoPlace(String),
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("{0}")]
    Options(String),
    #[error("what other settings change is no table for a spreadsheet")]
    DiffAsCsv,
    #[error("the replay could not go on: {0}")]
    Replay(io::Error),
    #[error("both the page and `--output` want standard output")]
    TwoOutputs,
    #[error("{file} could not be written: {source}")]
    Page { file: String, source: io::Error },
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::Replay(_) | Self::Page { .. } => exit::MACHINE,
            _ => exit::USAGE,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Input(InputError::Empty { .. }) | Self::Settings { .. } => {
                Some("`rectify settings check FILE` looks at it alone".to_owned())
            }
            Self::Input(error) => error.help(),
            Self::Organization { .. } => Some("make it again: `rectify org export > organization.json`".to_owned()),
            Self::Cloud(error) => error.help(),
            Self::TwoOutputs => Some("`--html FILE`, or `--html -` without `--output`".to_owned()),
            Self::DiffAsCsv => Some("--output text, json or jsonl".to_owned()),
            Self::Replay(_) => Some("temporary files go to TMPDIR: is there room?".to_owned()),
            _ => None,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let environment = args.environment.as_deref();
    if args.diff.is_some() && args.output == Form::Csv {
        return Err(Error::DiffAsCsv.into());
    }
    let page_is_printed = args.html.as_deref() == Some(Path::new("-"));
    if page_is_printed && (args.output != Form::Text || args.diff.is_some()) {
        return Err(Error::TwoOutputs.into());
    }
    let organization = args.organization.as_deref().map(organization::read).transpose()?;
    let threads = args.threads.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let (local, places) = places(&args.paths)?;
    let progress = Progress::default();
    let failed = |error| Failure::from(Error::Replay(error));
    let (items, fetching) = s3::with(items(&local), places, args.profile.as_deref())?;
    let shown = watch::Watch::begin(&local, &progress);
    if let Some([old, new]) = args.diff.as_deref() {
        let (old, new) = (named(Some(old), environment)?, named(Some(new), environment)?);
        let one = Replay::new(&old.settings, organization.as_ref(), threads).map_err(Error::Options)?;
        let two = Replay::new(&new.settings, organization.as_ref(), threads).map_err(Error::Options)?;
        let (mut out, mut unwritten) = (Differences::new(args.output), Unwritten::default());
        let mut write = |changed: &_| unwritten.keep(out.row(changed));
        let reports = shown.while_running(|| one.compare(&two, items, &progress, &mut write));
        drop(fetching);
        unwritten.check()?;
        let [before, after] = reports.map_err(failed)?;
        out.end([&old.file, &new.file], [&before, &after])?;
        troubles(&after);
        return Ok(code(&after));
    }
    let named = named(args.settings.as_deref(), environment)?;
    let replay = Replay::new(&named.settings, organization.as_ref(), threads).map_err(Error::Options)?;
    let (mut rows, mut unwritten) = (Rows::new(args.output), Unwritten::default());
    let report = {
        let mut write = |row: &Row| unwritten.keep(rows.row(row));
        let write: Option<rectify_replay::Write<'_>> =
            if matches!(args.output, Form::Jsonl | Form::Csv) { Some(&mut write) } else { None };
        shown.while_running(|| replay.run(items, &progress, write))
    };
    drop(fetching);
    unwritten.check()?;
    let report = report.map_err(failed)?;
    rows.end().map_err(Failure::Output)?;
    if let Some(file) = &args.html {
        let page = show::html(&report, &about(args, &named));
        if page_is_printed {
            output::data(&page)?;
        } else {
            output::write_file(file, &page).map_err(|source| Error::Page { file: input::name(file), source })?;
            output::talk(&format!("written to {}", input::name(file)));
        }
    }
    match args.output {
        Form::Json => output::json(&serde_json::to_value(&report).unwrap_or_default())?,
        Form::Text if args.html.is_none() => output::data(&text(&report))?,
        Form::Text | Form::Jsonl | Form::Csv => {}
    }
    troubles(&report);
    Ok(code(&report))
}

/// What could not be written to standard output, which is no trouble of the replay's own.
#[derive(Default)]
struct Unwritten(Option<io::Error>);

impl Unwritten {
    fn keep(&mut self, written: io::Result<()>) -> io::Result<()> {
        written.map_err(|error| {
            let kind = error.kind();
            self.0 = Some(error);
            kind.into()
        })
    }

    fn check(self) -> Result<(), Failure> {
        self.0.map_or(Ok(()), |error| Err(Failure::Output(error)))
    }
}

/// The answer with its colours.
fn text(report: &Report) -> output::Text {
    let mut text = output::Text::new();
    for line in show::text(report) {
        text.push_str(&output::painted(&line));
        text.push('\n');
    }
    text
}

fn about(args: &Args, named: &Named) -> About {
    About {
        title: "Replay".to_owned(),
        paths: args.paths.iter().map(|path| path.display().to_string()).collect(),
        settings: match &args.environment {
            Some(environment) => format!("{}, every account as in {environment}", named.file),
            None => named.file.clone(),
        },
        made: Timestamp::now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// What of it is in S3.
fn places(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<Place>), Error> {
    let (mut local, mut places) = (Vec::new(), Vec::new());
    for path in paths {
        match path.to_str().and_then(|text| text.strip_prefix("s3://")) {
            Some(rest) => places.push(Place::parse(rest).ok_or_else(|| Error::NoPlace(path.display().to_string()))?),
            None => {
                if path != Path::new("-") {
                    let missing = |source| Error::Missing { path: path.display().to_string(), source };
                    std::fs::metadata(path).map_err(missing)?;
                }
                local.push(path.clone());
            }
        }
    }
    Ok((local, places))
}

fn code(report: &Report) -> u8 {
    let Report { stopped, files, records, .. } = report;
    match (stopped, files.unreadable.total, records.unreadable) {
        (true, ..) => exit::STOPPED,
        (false, 0, 0) => exit::FINE,
        _ => exit::INCOMPLETE,
    }
}

/// Says on standard error what the answer does not stand on.
fn troubles(report: &Report) {
    if report.stopped {
        output::talk("stopped: this is about what had been read until then");
    }
    let unreadable = &report.files.unreadable;
    if let Some(first) = unreadable.rows.first() {
        let path = rectify_render::escape::line(&first.path, 300);
        let more = if unreadable.total > 1 { format!(", and {} more", unreadable.total - 1) } else { String::new() };
        output::talk(&format!(
            "not everything could be read: {path}: {}{more}",
            rectify_render::escape::line(&first.why, 300)
        ));
    }
}
