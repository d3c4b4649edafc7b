//! `rectify deadletters`

mod letter;
pub(super) mod queue;

use std::{collections::BTreeSet, fmt::Write as _};

use jiff::Timestamp;
use rectify_aws::{Outbox, Posting};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use self::{
    letter::Letter,
    queue::{Fate, Queue},
};
use crate::{
    connection::{CloudError, Connection, Stack, wait_for},
    exit,
    failure::Failure,
    guard::Guards,
    kinds::{self, KindEntry},
    moment,
    output::{self, Format, Text, paint},
};

/// Events that a guard could not work on, and messages that the notifier could not deliver, after all retries: look at them, or
/// hand them over again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
    Redrive(Redrive),
}

/// List what waits, and why. Nothing is taken out of the queue.
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    which: Which,
    /// At most so many of each kind.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

/// Hand over again everything that waits. A letter is deleted once its guard has the event, or the outbox the message.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 when all went, 11 when some stayed.")]
struct Redrive {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Only this kind, for example `s3-bucket`, or `outbox` for messages. Default: all.
    #[arg(long, value_name = "KIND", value_parser = sender)]
    kind: Option<Sender>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

impl Which {
    fn senders(&self) -> Vec<Sender> {
        let all = || kinds::KINDS.iter().map(Sender::Guard).chain([Sender::Outbox]).collect();
        self.kind.map_or_else(all, |kind| vec![kind])
    }
}

/// Whose letters they are.
#[derive(Debug, Clone, Copy)]
pub(in crate::command) enum Sender {
    /// Events for a guard.
    Guard(&'static KindEntry),
    /// Messages for the notifier.
    Outbox,
}

impl Sender {
    pub(in crate::command) fn name(self) -> &'static str {
        match self {
            Self::Guard(kind) => kind.name,
            Self::Outbox => OUTBOX,
        }
    }
}

/// What `--kind` and the queues call the messages.
const OUTBOX: &str = "outbox";

fn sender(text: &str) -> Result<Sender, String> {
    if text == OUTBOX {
        Ok(Sender::Outbox)
    } else {
        kinds::kind(text).map(Sender::Guard).map_err(|no| format!("{no}, {OUTBOX}"))
    }
}

/// Why the queues could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        let Self::Cloud(error) = self;
        error.code()
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        let Self::Cloud(error) = self;
        error.help()
    }
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::List(args) => wait_for(list(args)),
        Command::Redrive(args) => wait_for(redrive(args)),
    }
}

async fn list(args: &List) -> Result<u8, Failure> {
    let connection = args.which.stack.connect().await.map_err(Error::Cloud)?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut letters: Vec<(Sender, Letter)> = Vec::new();
    let mut more = false;
    for sender in args.which.senders() {
        let queue = Queue::letters(&connection, sender.name()).await.map_err(Error::Cloud)?;
        let waiting = queue.waiting().await.map_err(Error::Cloud)?;
        let mut found = Vec::new();
        let ended = queue.each(limit, None, async |letter| {
            found.push(letter.clone());
            Fate::Stay
        });
        more |= !ended.await.map_err(Error::Cloud)?;
        // Those of one finding are given out in order and few at a time: the rest is not seen until these are gone.
        more |= matches!(sender, Sender::Outbox) && found.len() < waiting;
        found.sort_by(|a: &Letter, b: &Letter| a.sent.cmp(&b.sent).then_with(|| a.id.cmp(&b.id)));
        letters.extend(found.into_iter().map(|letter| (sender, letter)));
    }
    match args.which.output {
        Format::Json => output::json(&letters.iter().map(|(sender, letter)| letter.json(*sender)).collect())?,
        Format::Text => {
            output::data(&letters.iter().map(|(sender, letter)| letter.text(*sender)).collect::<Vec<_>>().join("\n"))?;
        }
    }
    match letters.len() {
        0 => output::talk("nothing waits"),
        1 => output::talk("1 waits; `rectify deadletters redrive` hands it over again"),
        many => {
            let more = if more { ", and there are more: --limit" } else { "" };
            output::talk(&format!("{many} wait{more}; `rectify deadletters redrive` hands them over again"));
        }
    }
    Ok(exit::FINE)
}

async fn redrive(args: &Redrive) -> Result<u8, Failure> {
    let connection = args.which.stack.connect().await.map_err(Error::Cloud)?;
    let mut all = Vec::new();
    for sender in args.which.senders() {
        all.push(redrive_all(&connection, sender).await?);
    }
    match args.which.output {
        Format::Json => output::json(&all.iter().map(Redriven::json).collect())?,
        Format::Text => output::data(&all.iter().map(Redriven::text).collect::<Text>())?,
    }
    Ok(if all.iter().all(|kind| kind.stayed.is_empty()) { exit::FINE } else { exit::AWS })
}

async fn redrive_all(connection: &Connection, sender: Sender) -> Result<Redriven, Failure> {
    let way = Way::open(connection, sender).await.map_err(Error::Cloud)?;
    let queue = Queue::letters(connection, sender.name()).await.map_err(Error::Cloud)?;
    let progress = output::progress(queue.waiting().await.map_err(Error::Cloud)?, "handed over");
    let mut redriven = Redriven { kind: sender.name(), went: 0, stayed: Vec::new() };
    // A finding's messages stay in order: behind one that stays, none goes.
    let mut held = BTreeSet::new();
    // What fails again meanwhile came later, and is for the next time.
    let now = Timestamp::now();
    let ended = queue.each(usize::MAX, Some(now), async |letter| {
        progress.inc(1);
        let handed = match &letter.group {
            Some(group) if held.contains(group) => Err("it waits for the one before it".to_owned()),
            _ => way.hand_over(letter).await,
        };
        match handed {
            Ok(()) => {
                redriven.went += 1;
                Fate::Delete
            }
            Err(why) => {
                held.extend(letter.group.clone());
                redriven.stayed.push((letter.id.clone(), letter.sent, why));
                Fate::Stay
            }
        }
    });
    let ended = ended.await;
    progress.finish_and_clear();
    ended.map_err(Error::Cloud)?;
    Ok(redriven)
}

/// Where letters go when they are handed over again.
enum Way<'c> {
    Guard(Guards<'c>, &'static str),
    Outbox(&'c Connection, Outbox),
}

impl<'c> Way<'c> {
    async fn open(connection: &'c Connection, sender: Sender) -> Result<Self, CloudError> {
        Ok(match sender {
            Sender::Guard(kind) => Self::Guard(Guards::new(connection), kind.name),
            Sender::Outbox => {
                let queue = Queue::outbox(connection).await?;
                Self::Outbox(connection, Outbox::new(connection.config(), queue.url().to_owned()))
            }
        })
    }

    /// Why it stays, if it does.
    async fn hand_over(&self, letter: &Letter) -> Result<(), String> {
        match self {
            Self::Guard(guards, kind) => {
                let event = letter.event().ok_or("its body is no JSON object")?;
                guards.hand_over(kind, event.to_string().into_bytes()).await.map_err(|error| error.to_string())
            }
            // As it is: what this release cannot read the deployed one may. The letter's own id, because SQS still knows the
            // message's: sent twice by a command that was stopped, it is one message.
            Self::Outbox(connection, outbox) => {
                let group = letter.group.as_deref().ok_or("it has no message group")?;
                let posting = Posting { group, id: &letter.id, body: letter.body() };
                outbox.post(&posting).await.map_err(|failure| connection.failure(failure).to_string())
            }
        }
    }
}

/// What came of one sender's queue.
#[derive(Debug)]
struct Redriven {
    kind: &'static str,
    went: usize,
    stayed: Vec<(String, Option<Timestamp>, String)>,
}

impl Redriven {
    fn json(&self) -> Value {
        json!({
            "kind": self.kind,
            "redriven": self.went,
            "stayed": self.stayed.iter().map(|(id, sent, why)| json!({ "id": id, "sent": sent, "why": why })).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> Text {
        let mut text = Text::new();
        let style = if self.stayed.is_empty() { Style::Good } else { Style::Warn };
        let sums = format!("{} handed over, {} stayed", self.went, self.stayed.len());
        let _ = writeln!(text, "{}: {}", self.kind, paint(style, &sums));
        for (id, sent, why) in &self.stayed {
            let sent = sent.map(|at| format!("{}  ", moment::shown(at))).unwrap_or_default();
            let _ = writeln!(text, "  {sent}{}: {}", escape::line(id, 100), escape::value(why, 500));
        }
        text
    }
}
