//! `rectify render`

mod example;

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;
use rectify_controls::{AccountId, Control, Region};
use rectify_event::{Event, ParseError};
use rectify_render::{Expiring, Message, MessageError, Post, asff::Product};
use serde_json::Value;

use crate::{
    exit,
    failure::Failure,
    input::{self, InputError},
    kinds::{self, NoControl},
    output,
};

/// Show a message as any channel gets it, without AWS.
///
/// Reads a message as rectify publishes it (docs/schema/message-1.json), or an event as EventBridge delivers it. Of an event
/// an example is shown: what a guard would tell if the resource is what the request looks like. Nothing is looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 when it was shown, 2 when the file is neither a message nor an event that rectify watches.

Examples:
  rectify render docs/messages/corrected/message.json --as email
  rectify render events/s3-bucket/put-bucket-acl-public.json --as slack
  aws sqs receive-message --queue-url URL --query 'Messages[0].Body' --output text | rectify render - --as text")]
pub(crate) struct Args {
    /// File with a message or an event, or `-` for standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// The channel.
    #[arg(long = "as", value_enum, default_value_t = As::Text, value_name = "CHANNEL")]
    channel: As,
    /// With an event: the control whose message is shown. Default: the worst that the event can break.
    #[arg(long, value_name = "ID", value_parser = kinds::control_id)]
    control: Option<&'static str>,
}

/// A channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// A few lines for a terminal.
    Text,
    /// The e-mail: subject, empty line, plain text.
    Email,
    /// The blocks of a Slack post.
    Slack,
    /// The blocks of a reply in the finding's Slack thread.
    SlackReply,
    /// A custom notification of Amazon Q Developer in chat applications.
    Chat,
    /// A finding of Security Hub, as if the finding's own account and region were the hub.
    Asff,
    /// An OCSF Compliance Finding.
    Ocsf,
    /// A page.
    Html,
    /// What machines get.
    Json,
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{file} is not JSON: {source}")]
    Json { file: String, source: serde_json::Error },
    #[error("{file} is neither a rectify message nor an event: it has neither `outcome` nor `detail-type`")]
    Neither { file: String },
    #[error("{file}: {source}")]
    Message { file: String, source: MessageError },
    #[error("{file}: {source}")]
    Event { file: String, source: ParseError },
    #[error("{file} is an event that no guard would look at: {why}")]
    NotWatched { file: String, why: String },
    #[error("{file} is an event that cannot break `{control}`; it can break {}", .can.join(", "))]
    OtherControl { file: String, control: &'static str, can: Vec<&'static str> },
    #[error("{file} is the warning that an exemption ends, which is no finding: `{channel}` never gets it")]
    NoFinding { file: String, channel: String },
    #[error("{file} names {what} that AWS would not call so, so Security Hub cannot get it")]
    Place { file: String, what: &'static str },
    #[error(transparent)]
    Control(#[from] NoControl),
}

impl Error {
    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Input(InputError::Empty { .. }) | Self::Json { .. } | Self::Neither { .. } => Some(
                "give it a message from the topic or the outbox (docs/messages has some), or an event such as \
                 events/s3-bucket/put-bucket-acl-public.json"
                    .to_owned(),
            ),
            Self::Input(error) => error.help(),
            Self::Message { .. } => Some("docs/schema/message-1.json says what a message has".to_owned()),
            Self::Event { .. } | Self::NotWatched { .. } => {
                Some("`rectify controls --output json` lists what is watched, events/ has one of each".to_owned())
            }
            Self::NoFinding { .. } => Some("it has `--as email`, `slack`, `chat` and `json`".to_owned()),
            Self::OtherControl { .. } | Self::Place { .. } => None,
            Self::Control(_) => Some(NoControl::HELP.to_owned()),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let post = post(args)?;
    let shown = match &post {
        Post::Finding(message) => finding(args, message)?,
        Post::Expiring(warning) => expiring(args, warning)?,
    };
    match shown {
        Shown::Json(value) => output::json(&value)?,
        Shown::Text(text) => output::data(&text)?,
    }
    Ok(exit::FINE)
}

/// What goes to standard output, escaped already.
enum Shown {
    Json(Value),
    Text(String),
}

/// What the file holds.
fn post(args: &Args) -> Result<Post, Error> {
    let file = input::name(&args.file);
    let text = input::read(&args.file)?;
    let json: Value = serde_json::from_str(&text).map_err(|source| Error::Json { file: file.clone(), source })?;
    if json.get("detail-type").is_some() {
        let event = Event::parse(&text).map_err(|source| Error::Event { file: file.clone(), source })?;
        return example(args, file, &event).map(Box::new).map(Post::Finding);
    }
    if json.get("outcome").is_none() {
        return Err(Error::Neither { file });
    }
    Post::parse(&text).map_err(|source| Error::Message { file, source })
}

/// The message that `event` could lead to.
fn example(args: &Args, file: String, event: &Event<'_>) -> Result<Message, Error> {
    let (looked, place) = match example::look(event) {
        Ok(looked) => looked,
        Err(why) => return Err(Error::NotWatched { file, why }),
    };
    let chosen: Option<&'static Control> = match args.control {
        Some(id) => looked.controls.iter().find(|control| control.id == id).copied(),
        // The first of the worst: the rule book has exposures first.
        None => looked.controls.iter().copied().min_by_key(|control| std::cmp::Reverse(control.severity)),
    };
    let Some(control) = chosen else {
        let can = looked.controls.iter().map(|control| control.id).collect();
        return Err(Error::OtherControl { file, control: args.control.unwrap_or_default(), can });
    };
    let others: Vec<&str> = looked.controls.iter().map(|control| control.id).filter(|id| *id != control.id).collect();
    output::talk("an example, made from the event alone: no resource was looked at");
    if !looked.suspicious {
        output::talk("the request itself does not look like a breach; a guard tells only what it finds");
    }
    if !others.is_empty() && args.control.is_none() {
        output::talk(&format!("the event can also break {}: choose with --control", others.join(", ")));
    }
    Ok(example::message(event, &looked, &place, control))
}

fn finding(args: &Args, message: &Message) -> Result<Shown, Error> {
    Ok(match args.channel {
        As::Text => Shown::Text(message.terminal().iter().map(|line| output::painted(line) + "\n").collect()),
        As::Email => Shown::Text(email(&message.subject(), &message.text())),
        As::Slack => Shown::Json(message.slack()),
        As::SlackReply => Shown::Json(message.slack_reply()),
        As::Chat => Shown::Json(value(&message.chat())),
        As::Asff => Shown::Json(message.asff(&product(args, message)?)),
        As::Ocsf => Shown::Json(message.ocsf()),
        As::Html => Shown::Text(message.html() + "\n"),
        As::Json => Shown::Json(value(&message.json())),
    })
}

fn expiring(args: &Args, warning: &Expiring) -> Result<Shown, Error> {
    Ok(match args.channel {
        As::Text | As::Email => Shown::Text(email(&warning.subject(), &warning.text())),
        As::Slack | As::SlackReply => Shown::Json(warning.slack()),
        As::Chat => Shown::Json(value(&warning.chat())),
        As::Json => Shown::Json(value(&warning.json())),
        As::Asff | As::Ocsf | As::Html => {
            let channel = args.channel.to_possible_value().map(|value| value.get_name().to_owned());
            let file = input::name(&args.file);
            return Err(Error::NoFinding { file, channel: channel.unwrap_or_default() });
        }
    })
}

fn email(subject: &str, body: &str) -> String {
    format!("Subject: {subject}\n\n{body}")
}

/// What we wrote ourselves a moment ago.
fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// The hub that the finding is imported in: the finding's own account.
fn product(args: &Args, message: &Message) -> Result<Product, Error> {
    let wrong = |what| Error::Place { file: input::name(&args.file), what };
    let region = Region::new(message.region.as_str()).map_err(|_| wrong("a region"))?;
    Ok(Product {
        partition: region.partition(),
        account: AccountId::new(message.account.as_str()).map_err(|_| wrong("an account"))?,
        region,
        first_seen: message.at.parse().unwrap_or(Timestamp::UNIX_EPOCH),
    })
}
