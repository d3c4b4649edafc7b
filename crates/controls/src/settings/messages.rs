//! From the file's text to channels and digests.

use std::collections::BTreeSet;

use toml::Value;

use super::{
    Environment, SettingsError,
    channel::{Channel, Digest, Every, Filter, Messages, OUTCOMES, Outlet},
    read::find_control,
    reader::{Reader, did_you_mean},
};
use crate::{Control, Severity, exemption::matches};

/// Longest name of a channel or digest.
const NAME: usize = 64;

/// Longest key of a tag (Organizations API reference, `Tag`).
const TAG_KEY: usize = 128;

/// Most addresses of one e-mail (SES API reference, `Destination`).
const ADDRESSES: usize = 50;

/// Longest address (RFC 5321, 4.5.3.1.3, without the brackets).
const ADDRESS: usize = 254;

const TYPES: [&str; 5] = ["sns", "slack", "chat", "security-hub", "ocsf"];

/// Keys that every channel may have.
const FILTERS: [&str; 8] = ["name", "type", "severity", "environments", "controls", "outcomes", "owners", "alarms"];

pub(super) fn messages(file: &Reader<'_>) -> Result<Messages, SettingsError> {
    let mut messages = Messages::default();
    let Some(table) = file.table("messages")? else { return Ok(messages) };
    table.only(&["reminder", "owner-tag", "flood"])?;
    if let Some(reminder) = table.duration("reminder")? {
        messages.reminder = reminder;
    }
    if table.table.contains_key("owner-tag") {
        messages.owner_tag = table.required("owner-tag")?;
        if messages.owner_tag.chars().count() > TAG_KEY {
            return Err(table.error("owner-tag", &format!("a tag's key has at most {TAG_KEY} characters")));
        }
    }
    if let Some(value) = table.table.get("flood") {
        messages.flood = (value.as_integer())
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| table.error("flood", "expected a whole number from 0 on, 0 for no limit"))?;
    }
    Ok(messages)
}

/// `[[channel]]`; without any, the one that there always is.
pub(super) fn channels(
    file: &Reader<'_>,
    environments: &[Environment],
    controls: &[&'static Control],
) -> Result<Vec<Channel>, SettingsError> {
    let mut names = BTreeSet::new();
    let mut channels = Vec::new();
    for table in file.tables("channel")? {
        let channel = channel(&table, environments, controls)?;
        if !names.insert(channel.name.clone()) {
            return Err(table.error("name", &format!("two channels are called `{}`", channel.name)));
        }
        channels.push(channel);
    }
    if channels.is_empty() {
        channels.push(Channel::everything());
    }
    Ok(channels)
}

fn channel(
    table: &Reader<'_>,
    environments: &[Environment],
    controls: &[&'static Control],
) -> Result<Channel, SettingsError> {
    let word: String = match table.table.get("type") {
        Some(_) => table.required("type")?,
        None => return Err(table.error("", &format!("`type` is missing: one of {}", TYPES.join(", ")))),
    };
    let own: &[&str] = match &*word {
        "sns" | "chat" => &["topic"],
        "slack" => &["secret", "channel"],
        "security-hub" | "ocsf" => &[],
        other => {
            return Err(table.error("type", &format!("`{other}` is not a type{}", did_you_mean(other, &TYPES))));
        }
    };
    // A key of another type is no typing error.
    if let Some(foreign) =
        ["topic", "secret", "channel"].iter().find(|key| table.table.contains_key(**key) && !own.contains(*key))
    {
        return Err(table.error(foreign, &format!("a channel of type `{word}` has none")));
    }
    table.only(&[&FILTERS[..], own].concat())?;
    let topic = || table.str("topic")?.map(|arn| topic(table, arn)).transpose();
    let way = match &*word {
        "sns" => Outlet::Sns { topic: topic()? },
        "slack" => Outlet::Slack {
            secret: secret(table)?,
            channel: table.str("channel")?.map(|id| slack_channel(table, id)).transpose()?,
        },
        "chat" => Outlet::Chat {
            topic: topic()?.ok_or_else(|| {
                table.error("", "`topic` is missing: a chat channel needs a topic of its own that nothing else reads")
            })?,
        },
        "security-hub" => Outlet::SecurityHub,
        _ => Outlet::Ocsf,
    };
    Ok(Channel { name: name(table)?, way, filter: filter(table, environments, controls)? })
}

fn filter(
    table: &Reader<'_>,
    environments: &[Environment],
    controls: &[&'static Control],
) -> Result<Filter, SettingsError> {
    let filter = Filter {
        severity: severity(table)?,
        environments: table.texts("environments")?,
        controls: table.texts("controls")?,
        outcomes: table.texts("outcomes")?,
        owners: table.texts("owners")?,
        alarms: table.bool("alarms")?.unwrap_or(false),
    };
    // An empty list lets everything pass, which is not what somebody meant who wrote one.
    for key in ["environments", "controls", "outcomes", "owners"] {
        if table.table.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
            return Err(table.error(key, "the list is empty: leave the line out to let everything pass"));
        }
    }
    let known: Vec<&str> = environments.iter().map(|environment| &*environment.name).collect();
    for name in &filter.environments {
        if !known.contains(&&**name) {
            let hint = did_you_mean(name, &known);
            return Err(table.error("environments", &format!("there is no environment `{name}`{hint}")));
        }
    }
    for pattern in &filter.controls {
        if !pattern.contains('*') {
            find_control(table, "controls", pattern, controls)?;
        } else if !controls.iter().any(|control| matches(pattern, control.id)) {
            return Err(table.error("controls", &format!("`{pattern}` is no control: see `rectify controls`")));
        }
    }
    for outcome in &filter.outcomes {
        if !OUTCOMES.contains(&&**outcome) {
            let near = did_you_mean(outcome, &OUTCOMES);
            let hint = if near.contains("did you mean") { near } else { format!(": one of {}", OUTCOMES.join(", ")) };
            return Err(table.error("outcomes", &format!("`{outcome}` is not an outcome{hint}")));
        }
    }
    if filter.owners.iter().any(|owner| owner.trim().is_empty()) {
        return Err(table.error("owners", "an owner must not be empty"));
    }
    Ok(filter)
}

fn severity(table: &Reader<'_>) -> Result<Option<Severity>, SettingsError> {
    Ok(Some(match table.str("severity")? {
        None => return Ok(None),
        Some("low") => Severity::Low,
        Some("medium") => Severity::Medium,
        Some("high") => Severity::High,
        Some("critical") => Severity::Critical,
        Some(other) => {
            let hint = did_you_mean(other, &["low", "medium", "high", "critical"]);
            return Err(table.error("severity", &format!("`{other}` is not a severity{hint}")));
        }
    }))
}

/// A channel's or digest's name: part of the ledger's keys and of metrics.
fn name(table: &Reader<'_>) -> Result<String, SettingsError> {
    let name: String = table.required("name")?;
    let fits = name.len() <= NAME && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fits {
        Ok(name)
    } else {
        Err(table.error("name", &format!("a name is 1 to {NAME} letters, digits, hyphens and underscores")))
    }
}

/// The parts of an ARN of `service` in a partition, with region and account.
fn arn<'a>(arn: &'a str, service: &str) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':');
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let good = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws") && plain(partition))
        && parts.next() == Some(service)
        && parts.next().is_some_and(plain)
        && parts.next().is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
    let rest = parts.next().filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()));
    rest.filter(|_| good)
}

/// A standard topic (SNS API reference, `CreateTopic`: names have letters, digits, hyphens and underscores).
fn topic(table: &Reader<'_>, text: &str) -> Result<String, SettingsError> {
    let example = "arn:aws:sns:eu-central-1:111122223333:security-alerts";
    match arn(text, "sns") {
        Some(name) if name.ends_with(".fifo") => {
            Err(table.error("topic", "a FIFO topic cannot reach people: name a standard topic"))
        }
        Some(name) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') => Ok(text.to_owned()),
        _ => Err(table.error("topic", &format!("`{text}` is not the ARN of a topic such as `{example}`"))),
    }
}

/// Where the secret is kept. Whoever writes the secret itself into the file is told without it being repeated.
fn secret(table: &Reader<'_>) -> Result<String, SettingsError> {
    let text: String = table.required("secret")?;
    let secret = arn(&text, "secretsmanager").is_some_and(|rest| rest.starts_with("secret:"));
    let parameter = arn(&text, "ssm").is_some_and(|rest| rest.starts_with("parameter/"));
    if secret || parameter {
        return Ok(text);
    }
    let what = "expected the ARN of a Secrets Manager secret or of an SSM parameter, such as \
                `arn:aws:ssm:eu-central-1:111122223333:parameter/rectify/slack`";
    let inside = text.contains("hooks.slack.com") || text.starts_with("xox");
    let more =
        if inside { "; a webhook or token itself does not belong into the settings: make a new one" } else { "" };
    Err(table.error("secret", &format!("{what}{more}")))
}

/// Slack's id of a channel, which stays when the channel is renamed (Slack, `chat.postMessage`).
fn slack_channel(table: &Reader<'_>, text: &str) -> Result<String, SettingsError> {
    let fits = (9..=20).contains(&text.len())
        && text.starts_with(['C', 'G', 'D'])
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(table.error(
            "channel",
            &format!(
                "`{text}` is not the id of a Slack channel such as `C0123456789`: it stands below the channel's details"
            ),
        ))
    }
}

/// `[[digest]]`.
pub(super) fn digests(file: &Reader<'_>, channels: &[Channel]) -> Result<Vec<Digest>, SettingsError> {
    let mut names = BTreeSet::new();
    let mut digests = Vec::new();
    for table in file.tables("digest")? {
        let digest = digest(&table, channels)?;
        if !names.insert(digest.name.clone()) {
            return Err(table.error("name", &format!("two digests are called `{}`", digest.name)));
        }
        digests.push(digest);
    }
    Ok(digests)
}

fn digest(table: &Reader<'_>, channels: &[Channel]) -> Result<Digest, SettingsError> {
    table.only(&["name", "every", "owner", "to", "channel"])?;
    let every = match &*table.required("every")? {
        "day" => Every::Day,
        "week" => Every::Week,
        other => {
            let hint = did_you_mean(other, &["day", "week"]);
            return Err(table.error("every", &format!("`{other}` is not `day` or `week`{hint}")));
        }
    };
    let to = table.texts("to")?;
    let to = to.iter().map(|to| address(table, "to", to)).collect::<Result<Vec<_>, _>>()?;
    if to.len() > ADDRESSES {
        return Err(table.error("to", &format!("at most {ADDRESSES} addresses")));
    }
    let channel = table.str("channel")?;
    if let Some(name) = channel {
        match channels.iter().find(|channel| channel.name == name) {
            Some(channel) if channel.way.is_for_people() => {}
            Some(channel) => {
                let word = channel.way.word();
                return Err(table.error("channel", &format!("`{name}` is of type `{word}`, which nobody reads")));
            }
            None => {
                let known: Vec<&str> = channels.iter().map(|channel| &*channel.name).collect();
                let hint = did_you_mean(name, &known);
                return Err(table.error("channel", &format!("there is no channel `{name}`{hint}")));
            }
        }
    }
    if to.is_empty() && channel.is_none() {
        return Err(table.error("", "a digest needs `to` or `channel`, or both"));
    }
    let owner = table.table.contains_key("owner").then(|| table.required("owner")).transpose()?;
    Ok(Digest { name: name(table)?, every, owner, to, channel: channel.map(str::to_owned) })
}

/// An address as SES takes it: ASCII, one `@`, a domain with a dot. Nothing that could be a second one or a header.
fn address(table: &Reader<'_>, key: &str, text: &str) -> Result<String, SettingsError> {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let domain = |domain: &str| {
        domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
    };
    let looks = text.len() <= ADDRESS
        && text.split_once('@').is_some_and(|(local, host)| {
            (1..=64).contains(&local.len())
                && local.bytes().all(part)
                && !local.starts_with('.')
                && !local.ends_with('.')
                && !local.contains("..")
                && domain(host)
        });
    if looks {
        Ok(text.to_owned())
    } else {
        Err(table.error(key, &format!("`{text}` is not an address such as `security@example.com`")))
    }
}
