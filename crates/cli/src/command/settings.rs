//! `rectify settings`

use std::{fmt::Write as _, path::PathBuf};

use jiff::Timestamp;
use rectify_controls::{Channel, Filter, Mode, Outlet, Settings, SettingsError};
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
    for channel in &settings.channels {
        let _ = writeln!(text, "  channel {}: {}", channel.name, escape::line(&channel_said(channel), 500));
    }
    if settings.channels.iter().any(|channel| channel.way.is_for_people()) {
        let _ = match settings.messages.flood {
            0 => writeln!(text, "  flood: no limit"),
            most => {
                writeln!(text, "  flood: {most} messages a minute in each channel for people, the rest as one summary")
            }
        };
    }
    for digest in &settings.digests {
        let whose = digest.owner.as_deref().map_or_else(|| "everything".to_owned(), |owner| format!("of {owner}"));
        let mut ways = digest.to.clone();
        ways.extend(digest.channel.iter().map(|channel| format!("channel {channel}")));
        let said = format!("every {}, {whose}, to {}", digest.every.word(), ways.join(", "));
        let _ = writeln!(text, "  digest {}: {}", digest.name, escape::line(&said, 500));
    }
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

/// Where a channel leads and what goes there.
fn channel_said(channel: &Channel) -> String {
    let to = match &channel.way {
        Outlet::Sns { topic: None } => "sns, the stack's topic".to_owned(),
        Outlet::Sns { topic: Some(topic) } => format!("sns, {topic}"),
        Outlet::Chat { topic } => format!("chat, {topic}"),
        Outlet::Slack { secret, channel: None } => format!("slack by {secret}"),
        Outlet::Slack { secret, channel: Some(channel) } => format!("slack channel {channel} by {secret}"),
        way @ (Outlet::SecurityHub | Outlet::Ocsf) => way.word().to_owned(),
    };
    let Filter { severity, environments, controls, outcomes, owners, alarms } = &channel.filter;
    let mut said: Vec<String> = severity.iter().map(|least| format!("{least} or worse")).collect();
    for (what, list) in
        [("environments", environments), ("controls", controls), ("outcomes", outcomes), ("owners", owners)]
    {
        if !list.is_empty() {
            said.push(format!("{what} {}", list.join(" ")));
        }
    }
    said.extend(alarms.then(|| "alarms only".to_owned()));
    if said.is_empty() { format!("{to}: everything") } else { format!("{to}: {}", said.join(", ")) }
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
        "messages": {
            "reminder": settings.messages.reminder,
            "owner_tag": settings.messages.owner_tag,
            "flood": settings.messages.flood,
        },
        "channels": settings.channels.iter().map(channel_json).collect::<Vec<_>>(),
        "digests": settings.digests.iter().map(|digest| json!({
            "name": digest.name,
            "every": digest.every.word(),
            "owner": digest.owner,
            "to": digest.to,
            "channel": digest.channel,
        })).collect::<Vec<_>>(),
        "exemptions": settings.exemptions.iter().map(|exemption| {
            let mut json = json!(exemption);
            if let Some(members) = json.as_object_mut() {
                members.insert("ended".to_owned(), (exemption.until <= now).into());
            }
            json
        }).collect::<Vec<_>>(),
    })
}

fn channel_json(channel: &Channel) -> Value {
    let (topic, secret, slack) = match &channel.way {
        Outlet::Sns { topic } => (topic.as_ref(), None, None),
        Outlet::Chat { topic } => (Some(topic), None, None),
        Outlet::Slack { secret, channel } => (None, Some(secret), channel.as_ref()),
        Outlet::SecurityHub | Outlet::Ocsf => (None, None, None),
    };
    let filter = &channel.filter;
    json!({
        "name": channel.name,
        "type": channel.way.word(),
        "topic": topic,
        "secret": secret,
        "channel": slack,
        "severity": filter.severity,
        "environments": filter.environments,
        "controls": filter.controls,
        "outcomes": filter.outcomes,
        "owners": filter.owners,
        "alarms": filter.alarms,
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
