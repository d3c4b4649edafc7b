//! `rectify deadletters`

mod letter;
pub(super) mod queue;

use std::fmt::Write as _;

use jiff::Timestamp;
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

/// Events that a guard could not work on, after all retries: look at them, or hand them over again.
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

/// Hand over again everything that waits. A message is deleted once its guard has the event.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 when all went, 11 when some stayed.")]
struct Redrive {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Only this kind, for example `s3-bucket`. Default: all.
    #[arg(long, value_name = "KIND", value_parser = kinds::kind)]
    kind: Option<&'static KindEntry>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

impl Which {
    fn kinds(&self) -> Vec<&'static KindEntry> {
        self.kind.map_or_else(|| kinds::KINDS.iter().collect(), |kind| vec![kind])
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
    let mut letters: Vec<(&KindEntry, Letter)> = Vec::new();
    let mut more = false;
    for kind in args.which.kinds() {
        let queue = Queue::open(&connection, kind.name).await.map_err(Error::Cloud)?;
        let mut found = Vec::new();
        let ended = queue.each(limit, None, async |letter| {
            found.push(letter.clone());
            Fate::Stay
        });
        more |= !ended.await.map_err(Error::Cloud)?;
        found.sort_by(|a: &Letter, b: &Letter| a.sent.cmp(&b.sent).then_with(|| a.id.cmp(&b.id)));
        letters.extend(found.into_iter().map(|letter| (kind, letter)));
    }
    match args.which.output {
        Format::Json => output::json(&letters.iter().map(|(kind, letter)| letter.json(kind)).collect())?,
        Format::Text => {
            output::data(&letters.iter().map(|(kind, letter)| letter.text(kind)).collect::<Vec<_>>().join("\n"))?;
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

/// What came of one kind's queue.
#[derive(Debug)]
struct Redriven {
    kind: &'static str,
    went: usize,
    stayed: Vec<(String, Option<Timestamp>, String)>,
}

async fn redrive(args: &Redrive) -> Result<u8, Failure> {
    let connection = args.which.stack.connect().await.map_err(Error::Cloud)?;
    let mut all = Vec::new();
    for kind in args.which.kinds() {
        all.push(redrive_kind(&connection, kind).await?);
    }
    match args.which.output {
        Format::Json => output::json(&all.iter().map(Redriven::json).collect())?,
        Format::Text => output::data(&all.iter().map(Redriven::text).collect::<Text>())?,
    }
    Ok(if all.iter().all(|kind| kind.stayed.is_empty()) { exit::FINE } else { exit::AWS })
}

async fn redrive_kind(connection: &Connection, kind: &'static KindEntry) -> Result<Redriven, Failure> {
    let guards = Guards::new(connection);
    let queue = Queue::open(connection, kind.name).await.map_err(Error::Cloud)?;
    let progress = output::progress(queue.waiting().await.map_err(Error::Cloud)?, "handed over");
    let mut redriven = Redriven { kind: kind.name, went: 0, stayed: Vec::new() };
    // What fails again meanwhile came later, and is for the next time.
    let now = Timestamp::now();
    let ended = queue.each(usize::MAX, Some(now), async |letter| {
        progress.inc(1);
        let Some(event) = letter.event() else {
            redriven.stayed.push((letter.id.clone(), letter.sent, "its body is no JSON object".to_owned()));
            return Fate::Stay;
        };
        match guards.hand_over(kind.name, event.to_string().into_bytes()).await {
            Ok(()) => {
                redriven.went += 1;
                Fate::Delete
            }
            Err(error) => {
                redriven.stayed.push((letter.id.clone(), letter.sent, error.to_string()));
                Fate::Stay
            }
        }
    });
    let ended = ended.await;
    progress.finish_and_clear();
    ended.map_err(Error::Cloud)?;
    Ok(redriven)
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
