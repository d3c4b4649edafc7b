//! `rectify controls`

mod coverage;
mod full;
mod list;

use std::path::{Path, PathBuf};

use rectify_controls::{Action, Control, Mode, Notice, ResourceKind, Settings, Severity, Trigger};
use rectify_render::Style;

use crate::{
    exit,
    failure::Failure,
    input,
    kinds::{self, NoControl},
    output::{self, Format},
};

/// Where the settings are in a checkout.
const SETTINGS: &str = "settings/settings.toml";

/// Read the rule book: every control with its mode here, its frameworks and what wakes it; or one in full.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Modes are those of the settings file; without one the column is left out.\n\nExamples:\n  rectify controls\n  \
                        rectify controls --framework cis\n  rectify controls --events\n  rectify controls s3-bucket-public-acl"
)]
pub(crate) struct Args {
    /// A control, for example `s3-bucket-public-acl`. Without it all are listed.
    id: Option<String>,
    /// The settings whose modes are shown, or `-` for standard input. In a checkout `settings/settings.toml` is found by itself.
    #[arg(long, value_name = "FILE|-")]
    settings: Option<PathBuf>,
    /// Only controls of this framework: a part of its name, such as `cis`, `nist`, `pci` or `security hub`.
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    framework: Option<String>,
    /// The other way round: every event that wakes a guard, and the controls it can break.
    #[arg(long, conflicts_with_all = ["id", "framework", "settings"])]
    events: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// No control of a framework.
#[derive(Debug, thiserror::Error)]
#[error("no control is mapped to a framework that is called `{name}`")]
pub(crate) struct NoFramework {
    name: String,
    known: Vec<&'static str>,
}

impl NoFramework {
    /// The next step.
    pub(crate) fn help(&self) -> String {
        format!("name one of {}, or a part of it", self.known.join(", "))
    }
}

/// A control in its place in the book.
struct Entry {
    kind: ResourceKind,
    control: &'static Control,
    events: &'static [Trigger],
    notices: &'static [Notice],
    /// By environment, in the settings' order.
    modes: Vec<(String, Mode)>,
}

/// The whole book, with the modes of `settings`.
fn book(settings: Option<&Settings>) -> Vec<Entry> {
    let modes = |control: &'static Control| {
        let environments = settings.into_iter().flat_map(|settings| &settings.environments);
        environments
            .filter_map(|environment| Some((environment.name.clone(), settings?.mode(control, environment))))
            .collect()
    };
    let entries = |kind: &'static kinds::KindEntry| {
        kind.controls.iter().map(move |control| Entry {
            kind: kind.name,
            control,
            events: kind.events,
            notices: kind.notices,
            modes: modes(control),
        })
    };
    kinds::KINDS.iter().flat_map(entries).collect()
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    if args.events {
        let rows = coverage::rows();
        match args.output {
            Format::Text => output::data(&coverage::text(&rows))?,
            Format::Json => output::json(&coverage::json(&rows))?,
        }
        return Ok(exit::FINE);
    }
    let settings = settings(args.settings.as_deref())?;
    let mut book = book(settings.as_ref());
    if let Some(name) = &args.framework {
        of_framework(&mut book, name)?;
    }
    match (&args.id, args.output) {
        (None, Format::Text) => output::data(&list::text(&book))?,
        (None, Format::Json) => output::json(&book.iter().map(full::json).collect())?,
        (Some(id), format) => {
            let Some(entry) = find(&book, id)? else { return Ok(exit::FINE) };
            match format {
                Format::Text => output::data(&full::text(entry))?,
                Format::Json => output::json(&full::json(entry))?,
            }
        }
    }
    Ok(exit::FINE)
}

/// The settings that were named, or those of the checkout the caller is in.
fn settings(named: Option<&Path>) -> Result<Option<Settings>, Failure> {
    let file = match named {
        Some(file) => file,
        None if Path::new(SETTINGS).is_file() => Path::new(SETTINGS),
        None => return Ok(None),
    };
    let text = input::read(file).map_err(super::settings::Error::Input)?;
    let settings = kinds::settings(&text)
        .map_err(|source| super::settings::Error::Settings { file: input::name(file), source })?;
    Ok(Some(settings))
}

fn of_framework(book: &mut Vec<Entry>, name: &str) -> Result<(), NoFramework> {
    let mut known: Vec<&'static str> =
        book.iter().flat_map(|entry| entry.control.frameworks).map(|framework| framework.name).collect();
    known.sort_unstable();
    known.dedup();
    let wanted = name.trim().to_lowercase();
    let is = |known: &str| !wanted.is_empty() && known.to_lowercase().contains(&wanted);
    if !known.iter().any(|known| is(known)) {
        return Err(NoFramework { name: name.to_owned(), known });
    }
    book.retain(|entry| entry.control.frameworks.iter().any(|framework| is(framework.name)));
    Ok(())
}

fn find<'b>(book: &'b [Entry], id: &str) -> Result<Option<&'b Entry>, NoControl> {
    let control = kinds::control(id)?;
    Ok(book.iter().find(|entry| entry.control.id == control.id))
}

impl Entry {
    /// The calls that can break it.
    fn events(&self) -> impl Iterator<Item = &'static Trigger> {
        self.events.iter().filter(|trigger| trigger.controls.contains(&self.control.id))
    }

    /// The services' own events that are about it.
    fn notices(&self) -> impl Iterator<Item = &'static Notice> {
        self.notices.iter().filter(|notice| notice.controls.contains(&self.control.id))
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Correct => "correct",
        Action::Guarded => "guarded",
        Action::Notify => "notify",
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Shadow => "shadow",
        Mode::Detective => "detective",
        Mode::Corrective => "corrective",
    }
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::Bad,
        Severity::High => Style::Warn,
        Severity::Medium => Style::Plain,
        Severity::Low => Style::Dim,
    }
}
