//! `rectify exempt`

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use rectify_aws::exemption_id;
use rectify_controls::{AccountId, Exemption, Origin, Region, Settings, SettingsError, Tags};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use crate::{
    connection::{self, CloudError, Connection, Stack, StackApart, wait_for},
    exit,
    failure::Failure,
    input::{self, InputError},
    kinds, moment,
    output::{self, Format, Text, paint},
    words,
};

/// Where controls do not act: add, list and remove exemptions without a deployment.
///
/// Exemptions also stand in the settings file. Each has an owner, a reason, a ticket and an end; from its end on it is as if
/// it were not there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(Box<Add>),
    List(List),
    Remove(Remove),
}

/// Add an exemption to the ledger. It holds from the next event on.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("end").required(true), after_help = "\
Example:
  rectify exempt add --control s3-bucket-public-policy --resource 'arn:aws:s3:::www-*' --account 111122223333 \\
    --owner web-team --reason 'public website' --ticket SEC-42 --for 30d")]
struct Add {
    /// The control, or `*` for all.
    #[arg(long, value_name = "ID|*", value_parser = control_or_all)]
    control: String,
    /// The resource's ARN; `*` in it stands for any characters.
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    resource: String,
    /// Only in this account.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Only in accounts below this organisational unit (`ou-…`) or root (`r-…`).
    #[arg(long, value_name = "ID", value_parser = unit)]
    organizational_unit: Option<String>,
    /// Only in this region.
    #[arg(long, value_name = "REGION", value_parser = connection::region)]
    region: Option<Region>,
    /// Only on resources with this tag; given several times, with all of them.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Who answers for it.
    #[arg(long, value_name = "WHO", value_parser = words::sentence)]
    owner: String,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = words::sentence)]
    reason: String,
    /// Where it was agreed.
    #[arg(long, value_name = "TICKET", value_parser = words::sentence)]
    ticket: String,
    /// How long it holds, for example `30d`.
    #[arg(long = "for", value_name = "TIME", value_parser = moment::length, group = "end")]
    length: Option<SignedDuration>,
    /// The last day on which it holds, in UTC, for example `2027-06-30`; or an RFC 3339 time.
    #[arg(long, value_name = "DAY", value_parser = moment::until, group = "end")]
    until: Option<Timestamp>,
    /// Also when it covers every resource.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    stack: StackApart,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// List exemptions: the ledger's and the settings file's.
#[derive(Debug, clap::Args)]
struct List {
    /// Also ended ones that the ledger still has.
    #[arg(long)]
    all: bool,
    /// The settings file. Default: `settings/settings.toml`, where there is one.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// End an exemption of the ledger now.
#[derive(Debug, clap::Args)]
struct Remove {
    /// Its id, as `list` shows it: `e-…`, or `u-…` and a number for what an undo opened.
    id: String,
    #[command(flatten)]
    stack: Stack,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why an exemption could not be added, listed or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{file}: {source}")]
    Settings { file: String, source: SettingsError },
    #[error("the exemption would end at {}, which is past", moment::shown(*.0))]
    Past(Timestamp),
    #[error("the exemption would cover every resource of every account")]
    Everything,
    #[error("no exemption `{0}` in the ledger")]
    NoSuchId(String),
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::Input(_) | Self::Settings { .. } | Self::Past(_) | Self::NoSuchId(_) => exit::USAGE,
            Self::Everything => exit::REFUSED,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::Input(error) => error.help(),
            Self::Settings { .. } | Self::Past(_) => None,
            Self::Everything => Some(
                "narrow it with --resource, --account, --organizational-unit, --region or --tag; to stop every correction \
                 there is `rectify pause --all`; --yes if it is really meant"
                    .to_owned(),
            ),
            Self::NoSuchId(_) => Some(
                "`rectify exempt list --all` has their ids; one of the settings file is ended there, by a deployment".to_owned(),
            ),
        }
    }
}

/// Where the settings are in the project's folder.
const SETTINGS: &str = "settings/settings.toml";

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Add(args) => wait_for(add(args)),
        Command::List(args) => wait_for(list(args)),
        Command::Remove(args) => wait_for(remove(args)),
    }
}

async fn add(args: &Add) -> Result<u8, Failure> {
    let now = Timestamp::now();
    let until = match (args.until, args.length) {
        (Some(until), _) => until,
        (None, length) => now.checked_add(length.unwrap_or_default()).unwrap_or(Timestamp::MAX),
    };
    if until <= now {
        return Err(Error::Past(until).into());
    }
    let narrowed = args.account.is_some()
        || args.organizational_unit.is_some()
        || args.region.is_some()
        || !args.tags.is_empty()
        || !is_everything(&args.resource);
    if !narrowed && !args.yes {
        return Err(Error::Everything.into());
    }
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let caller = connection.caller().await.map_err(Error::Cloud)?;
    let exemption = Exemption {
        origin: Origin::Row { id: exemption_id(now), by: caller.arn, at: now },
        control: args.control.clone(),
        resource: args.resource.clone(),
        account: args.account.clone(),
        organizational_unit: args.organizational_unit.clone(),
        region: args.region.clone(),
        tags: args.tags.iter().cloned().collect::<Tags>(),
        owner: args.owner.clone(),
        reason: args.reason.clone(),
        ticket: args.ticket.clone(),
        until,
    };
    let ledger = connection.ledger();
    ledger.exempt(&exemption).await.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
    match args.output {
        Format::Json => output::json(&json_of(&exemption, now, None))?,
        Format::Text => {
            let mut text = format!("{} {}\n", paint(Style::Good, "Added"), paint(Style::Strong, &exemption.key()));
            let _ = writeln!(text, "  {}", scope(&exemption));
            let left = moment::rough(until.duration_since(now));
            let _ = writeln!(text, "  until {} ({left}); it holds from the next event on", moment::shown(until));
            output::data(&text)?;
        }
    }
    if exemption.is_by_tag_alone() {
        output::talk(
            "a tag is all that narrows it: it counts only where `[exemptions] resource-tag-alone = true` is deployed, since \
             whoever can open a resource can tag it",
        );
    }
    Ok(exit::FINE)
}

async fn list(args: &List) -> Result<u8, Failure> {
    let settings = settings(args.settings.as_deref())?;
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let now = Timestamp::now();
    let mut exemptions = ledger_exemptions(&connection).await?;
    exemptions.sort_by(|a, b| a.until.cmp(&b.until).then_with(|| a.key().cmp(&b.key())));
    if let Some(settings) = &settings {
        exemptions.extend(settings.exemptions.iter().cloned());
    }
    if !args.all {
        exemptions.retain(|exemption| now < exemption.until || matches!(exemption.origin, Origin::Line(_)));
    }
    let warning = settings.map_or(Settings::fallback().exemption_warning, |settings| settings.exemption_warning);
    match args.output {
        Format::Json => {
            output::json(&exemptions.iter().map(|exemption| json_of(exemption, now, Some(warning))).collect())?;
        }
        Format::Text => {
            let text: Vec<Text> = exemptions.iter().map(|exemption| text_of(exemption, now, warning)).collect();
            output::data(&text.join("\n"))?;
        }
    }
    if exemptions.is_empty() {
        output::talk("there are no exemptions");
    }
    Ok(exit::FINE)
}

async fn ledger_exemptions(connection: &Connection) -> Result<Vec<Exemption>, Error> {
    connection.ledger().exemptions().await.map_err(|failure| Error::Cloud(connection.failure(failure)))
}

/// The settings file, where one is named or is where it should be.
pub(crate) fn settings(named: Option<&Path>) -> Result<Option<Settings>, Error> {
    let file = named.unwrap_or(Path::new(SETTINGS));
    let text = match input::read(file) {
        Ok(text) => text,
        Err(InputError::Read { source, .. }) if named.is_none() && source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    match kinds::settings(&text) {
        Ok(settings) => Ok(Some(settings)),
        Err(source) if named.is_none() => {
            output::talk(&format!("left out {}: {}", input::name(file), escape::line(&source.to_string(), 500)));
            Ok(None)
        }
        Err(source) => Err(Error::Settings { file: input::name(file), source }),
    }
}

async fn remove(args: &Remove) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let id = args.id.trim();
    let ended =
        connection.ledger().end_exemption(id).await.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
    let exemption = ended.ok_or_else(|| Error::NoSuchId(id.to_owned()))?;
    match args.output {
        Format::Json => output::json(&json_of(&exemption, Timestamp::now(), None))?,
        Format::Text => output::data(&format!(
            "{} {}\n  {}\n  it holds no more, from the next event on\n",
            paint(Style::Good, "Removed"),
            paint(Style::Strong, &escape::line(&exemption.key(), 100)),
            scope(&exemption),
        ))?,
    }
    Ok(exit::FINE)
}

/// What it covers, in one line, escaped.
fn scope(exemption: &Exemption) -> String {
    let line = |text: &str| escape::line(text, 500);
    let control = if exemption.control == "*" { "every control".to_owned() } else { line(&exemption.control) };
    let mut scope = format!("{control} on {}", line(&exemption.resource));
    let mut narrow = |what: &str, value: String| {
        let _ = write!(scope, ", {what} {value}");
    };
    if let Some(account) = &exemption.account {
        narrow("account", account.to_string());
    }
    if let Some(unit) = &exemption.organizational_unit {
        narrow("below", line(unit));
    }
    if let Some(region) = &exemption.region {
        narrow("region", region.to_string());
    }
    for (key, value) in &exemption.tags {
        narrow("tag", line(&format!("{key}={value}")));
    }
    scope
}

fn text_of(exemption: &Exemption, now: Timestamp, warning: SignedDuration) -> Text {
    let mut text = Text::new();
    let left = exemption.until.duration_since(now);
    let until = match state(exemption, now, warning) {
        State::Ended => paint(Style::Dim, &format!("ended {}", moment::shown(exemption.until))),
        State::Soon => paint(
            Style::Warn,
            &format!("until {}, which is soon: in {}", moment::shown(exemption.until), moment::rough(left)),
        ),
        State::Holds => format!("until {} ({})", moment::shown(exemption.until), moment::rough(left)),
    };
    let origin = match &exemption.origin {
        Origin::Row { id, .. } => escape::line(id, 100),
        Origin::Line(_) => exemption.stands(),
    };
    let _ = writeln!(text, "{}  {until}", paint(Style::Strong, &origin));
    let _ = writeln!(text, "  {}", scope(exemption));
    let line = |text: &str| escape::line(text, 500);
    let _ = writeln!(text, "  {}, {}: {}", line(&exemption.owner), line(&exemption.ticket), line(&exemption.reason),);
    if let Origin::Row { by, at, .. } = &exemption.origin {
        let _ = writeln!(text, "  added by {} at {}", line(by), moment::shown(*at));
    }
    if exemption.is_by_tag_alone() {
        let _ = writeln!(text, "  by a tag alone: counts only where `resource-tag-alone = true` is deployed");
    }
    text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Holds,
    Soon,
    Ended,
}

fn state(exemption: &Exemption, now: Timestamp, warning: SignedDuration) -> State {
    if exemption.until <= now {
        State::Ended
    } else if exemption.until.duration_since(now) <= warning {
        State::Soon
    } else {
        State::Holds
    }
}

fn json_of(exemption: &Exemption, now: Timestamp, warning: Option<SignedDuration>) -> Value {
    let mut json = json!(exemption);
    let (id, line, by, at) = match &exemption.origin {
        Origin::Row { id, by, at } => (Some(id), None, Some(by), Some(at)),
        Origin::Line(line) => (None, Some(line), None, None),
    };
    let state = state(exemption, now, warning.unwrap_or_default());
    if let (Some(members), Value::Object(more)) = (
        json.as_object_mut(),
        json!({ "id": id, "line": line, "added_by": by, "added_at": at, "state": state, "tag_alone": exemption.is_by_tag_alone() }),
    ) {
        members.remove("origin");
        members.extend(more);
    }
    json
}

fn control_or_all(text: &str) -> Result<String, kinds::NoControl> {
    if text == "*" { Ok(text.to_owned()) } else { kinds::control_id(text).map(str::to_owned) }
}

/// Whether a pattern says nothing about a resource.
fn is_everything(pattern: &str) -> bool {
    let letters: BTreeSet<char> = pattern.chars().collect();
    letters.iter().all(|c| *c == '*') || pattern == "arn:*" || pattern == "arn:aws:*"
}

/// A pattern that can match an ARN.
fn pattern(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.starts_with("arn:") || text.starts_with('*') {
        return words::sentence(text);
    }
    Err(format!("it is compared with the whole ARN: write `arn:aws:s3:::{}` or `*:{0}`", escape::line(text, 100)))
}

fn unit(text: &str) -> Result<String, String> {
    let ok = ["ou-", "r-"].iter().any(|start| text.starts_with(start))
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if ok {
        Ok(text.to_owned())
    } else {
        Err("the id of a unit such as `ou-ab12-11111111`, or of a root such as `r-ab12`".to_owned())
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as `key=value`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_everything, pattern, tag, unit};

    #[test]
    fn what_covers_everything_and_what_covers_nothing() {
        for text in ["*", "**", "arn:*", "arn:aws:*"] {
            assert!(is_everything(text), "{text}");
        }
        assert!(!is_everything("arn:aws:s3:::*"));
        assert!(pattern("reports").unwrap_err().contains("`arn:aws:s3:::reports`"));
        assert!(pattern("arn:aws:s3:::www-*").is_ok() && pattern("*:reports").is_ok());
        assert_eq!(tag("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        assert!(
            tag("a").is_err()
                && tag("=b").is_err()
                && unit("o-1234567890").is_err()
                && unit("ou-ab12-11111111").is_ok()
        );
    }
}
