//! `rectify settings`

use std::{fmt::Write as _, path::PathBuf};

use jiff::Timestamp;
use rectify_controls::{Mode, Settings, SettingsError};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use crate::{
    exit,
    failure::Failure,
    input::{self, InputError},
    kinds, moment,
    output::{self, Format, Text, paint},
};

/// The settings file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(Check),
}

/// Check a settings file as the guards do when they start, without AWS.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 when it is fine, 2 when a guard would not accept it.")]
struct Check {
    /// The file, or `-` for standard input.
    #[arg(value_name = "FILE|-", default_value = "settings/settings.toml")]
    file: PathBuf,
    /// How to print the summary.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why a file is not good.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{file}, {source}")]
    Settings { file: String, source: SettingsError },
}

impl Error {
    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            // What it says of policies does not hold here.
            Self::Input(InputError::Empty { .. }) => Some("at least one [[environment]] is needed".to_owned()),
            Self::Input(error) => error.help(),
            Self::Settings { .. } => None,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let Command::Check(Check { file, output }) = &args.command;
    let text = input::read(file).map_err(Error::Input)?;
    let settings = kinds::settings(&text).map_err(|source| Error::Settings { file: input::name(file), source })?;
    let now = Timestamp::now();
    match output {
        Format::Json => output::json(&json_of(&settings, now))?,
        Format::Text => output::data(&text_of(&input::name(file), &settings, now))?,
    }
    Ok(exit::FINE)
}

fn text_of(file: &str, settings: &Settings, now: Timestamp) -> Text {
    let mut text = format!("{} {}\n", paint(Style::Good, "OK"), escape::line(file, 500));
    for environment in &settings.environments {
        let mut who: Vec<String> = Vec::new();
        let mut count = |number: usize, what: &str| match number {
            0 => {}
            1 => who.push(format!("1 {what}")),
            _ => who.push(format!("{number} {what}s")),
        };
        count(environment.accounts.len(), "account");
        count(environment.organizational_units.len(), "organisational unit");
        count(environment.account_tags.len(), "account tag");
        if environment.default {
            who.push("every other account".to_owned());
        }
        let name = escape::line(&environment.name, 100);
        let _ = writeln!(text, "  environment {name}: {}, {}", word(environment.mode), who.join(", "));
    }
    for (control, table) in &settings.controls {
        let mut said: Vec<String> = Vec::new();
        said.extend(table.mode.map(|mode| format!("{} everywhere", word(mode))));
        said.extend(table.modes.iter().map(|(name, mode)| format!("{} in {}", word(*mode), escape::line(name, 100))));
        said.extend(table.grace.map(|grace| format!("grace {grace:#}")));
        said.extend(table.options.keys().map(|option| format!("option {option}")));
        let _ = writeln!(text, "  control {control}: {}", said.join(", "));
    }
    let limits = settings.limits;
    let _ = writeln!(
        text,
        "  limits: {} corrections an hour per control and account, {} everywhere; {} reversals within {:#} are a tug of war",
        limits.corrections_per_hour, limits.corrections_per_hour_everywhere, limits.reversals, limits.reversal_window,
    );
    for exemption in &settings.exemptions {
        let until = moment::shown(exemption.until);
        let end = if exemption.until <= now {
            paint(Style::Warn, &format!("ended {until}"))
        } else {
            format!("until {until}")
        };
        let what = format!("{} on {}", exemption.control, exemption.resource);
        let _ = writeln!(text, "  exemption in {}: {}, {end}", exemption.stands(), escape::line(&what, 500));
    }
    text
}

fn json_of(settings: &Settings, now: Timestamp) -> Value {
    let limits = settings.limits;
    json!({
        "environments": settings.environments.iter().map(|environment| json!({
            "name": environment.name,
            "mode": environment.mode,
            "accounts": environment.accounts,
            "organizational_units": environment.organizational_units,
            "account_tags": environment.account_tags,
            "default": environment.default,
            "line": environment.line,
        })).collect::<Vec<_>>(),
        "controls": settings.controls.iter().map(|(control, table)| json!({
            "control": control,
            "mode": table.mode,
            "modes": table.modes,
            "grace": table.grace,
            "options": table.options,
        })).collect::<Vec<_>>(),
        "limits": {
            "corrections_per_hour": limits.corrections_per_hour,
            "corrections_per_hour_everywhere": limits.corrections_per_hour_everywhere,
            "reversals": limits.reversals,
            "reversal_window": limits.reversal_window,
        },
        "exemptions": settings.exemptions.iter().map(|exemption| {
            let mut json = json!(exemption);
            if let Some(members) = json.as_object_mut() {
                members.insert("ended".to_owned(), (exemption.until <= now).into());
            }
            json
        }).collect::<Vec<_>>(),
    })
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Shadow => "shadow",
        Mode::Detective => "detective",
        Mode::Corrective => "corrective",
    }
}
