//! `rectify org`

use std::{collections::BTreeMap, fmt::Write as _};

use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use rectify_controls::{AccountFacts, AccountId};
use rectify_organization::Organization;
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use crate::{
    connection::{self, CloudError, Connection, Stack, wait_for},
    exit,
    failure::Failure,
    moment,
    output::{self, Format, paint, table},
};

/// Where accounts are in the organisation, for settings and exemptions that hang on it.
///
/// The guards never ask AWS Organizations: they read what `refresh` wrote into the ledger. Run it every day, with
/// credentials of the management account or of a delegated administrator.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Refresh(Which),
    List(Which),
    Export(Export),
}

/// Print where each active account is, as JSON: what `rectify replay --organization FILE` reads. Needs no stack.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rectify org export > organization.json")]
struct Export {
    /// A profile that may read the organisation.
    #[arg(long, value_name = "NAME")]
    organization_profile: Option<String>,
}

/// Read the organisation and write each active account's units and tags into the ledger.
#[derive(Debug, clap::Args)]
struct Which {
    /// A profile that may read the organisation, where that is another one than the stack's.
    #[arg(long, value_name = "NAME")]
    organization_profile: Option<String>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why the organisation could not be read or written down.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("`{0}` has no way up to a root in this organisation")]
    Lost(String),
}

impl Error {
    fn of(connection: &Connection, error: rectify_organization::Error) -> Self {
        match error {
            rectify_organization::Error::Aws(failure) => Self::Cloud(connection.failure(failure)),
            rectify_organization::Error::Lost(what) => Self::Lost(what),
        }
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Cloud(error) => error.code(),
            Self::Lost(_) => exit::AWS,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(CloudError::Aws(failure))
                if failure.service == "organizations"
                    && ["AccessDeniedException", "AWSOrganizationsNotInUseException"]
                        .iter()
                        .any(|code| failure.code_is(code)) =>
            {
                Some(
                    "the organisation is read with credentials of its management account or of a delegated administrator: \
                     --organization-profile"
                        .to_owned(),
                )
            }
            Self::Cloud(error) => error.help(),
            Self::Lost(_) => Some("somebody moves accounts right now: try again".to_owned()),
        }
    }
}

/// Accounts read at a time; the API allows few calls a second (Organizations user guide, "quotas").
const AT_ONCE: usize = 4;

/// What is known is as good as unknown after so long, unless the settings say otherwise.
pub(super) const OLD: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Refresh(args) => wait_for(refresh(args)),
        Command::List(args) => wait_for(list(args)),
        Command::Export(args) => wait_for(export(args)),
    }
}

/// The organisation, read with the stack's credentials or those of `profile`.
async fn organization(connection: &Connection, profile: Option<&str>) -> Organization {
    match profile {
        Some(profile) => Organization::new(&connection::config(Some(profile), Some(connection.region())).await),
        None => Organization::new(connection.config()),
    }
}

async fn refresh(args: &Which) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let ledger = connection.ledger();
    let organization = organization(&connection, args.organization_profile.as_deref()).await;
    let members = organization.members().await.map_err(|error| Error::of(&connection, error))?;
    let progress = output::progress(members.len(), "accounts");
    let written: Vec<(AccountId, Result<AccountFacts, Error>)> = stream::iter(members)
        .map(async |member| {
            let written = async {
                let facts = organization.facts(&member, Timestamp::now()).await;
                let facts = facts.map_err(|error| Error::of(&connection, error))?;
                let put = ledger.put_account(&member.id, &facts).await;
                put.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
                Ok(facts)
            };
            let written = written.await;
            progress.inc(1);
            (member.id, written)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    progress.finish_and_clear();
    let failed = written.iter().filter(|(_, facts)| facts.is_err()).count();
    match args.output {
        Format::Json => output::json(&written.iter().map(written_json).collect())?,
        Format::Text => {
            let mut text =
                format!("{} {} active accounts\n", paint(Style::Good, "Written down:"), written.len() - failed);
            for (id, error) in written.iter().filter_map(|(id, facts)| Some((id, facts.as_ref().err()?))) {
                let _ =
                    writeln!(text, "  {} {id}: {}", paint(Style::Bad, "not"), escape::line(&error.to_string(), 500));
            }
            output::data(&text)?;
        }
    }
    if written.is_empty() {
        output::talk("the organisation shows no active account to these credentials: --organization-profile");
    }
    Ok(if failed == 0 { exit::FINE } else { exit::AWS })
}

fn written_json((id, facts): &(AccountId, Result<AccountFacts, Error>)) -> Value {
    match facts {
        Ok(facts) => account_json(id, Some(facts)),
        Err(error) => json!({ "account": id, "error": error.to_string() }),
    }
}

fn account_json(id: &AccountId, facts: Option<&AccountFacts>) -> Value {
    json!({
        "account": id,
        "name": facts.and_then(|facts| facts.name.as_ref()),
        "path": facts.map(|facts| &facts.path),
        "tags": facts.map(|facts| &facts.tags),
        "read_at": facts.map(|facts| facts.read_at),
    })
}

async fn export(args: &Export) -> Result<u8, Failure> {
    let config = connection::config(args.organization_profile.as_deref(), None).await;
    let organization = Organization::new(&config);
    let aws = |error| match error {
        rectify_organization::Error::Aws(failure) => Error::Cloud(CloudError::Aws(Box::new(failure))),
        rectify_organization::Error::Lost(what) => Error::Lost(what),
    };
    let members = organization.members().await.map_err(aws)?;
    let progress = output::progress(members.len(), "accounts");
    let accounts: Vec<Result<Value, Error>> = stream::iter(members)
        .map(async |member| {
            let facts = organization.facts(&member, Timestamp::now()).await.map_err(aws);
            progress.inc(1);
            Ok(account_json(&member.id, Some(&facts?)))
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    progress.finish_and_clear();
    // Half an organisation would be taken for the whole.
    let accounts = accounts.into_iter().collect::<Result<Vec<Value>, Error>>()?;
    output::json(&Value::Array(accounts))?;
    Ok(exit::FINE)
}

async fn list(args: &Which) -> Result<u8, Failure> {
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let organization = organization(&connection, args.organization_profile.as_deref()).await;
    let members = organization.members().await.map_err(|error| Error::of(&connection, error))?;
    let known = known(&connection, members.into_iter().map(|member| member.id).collect()).await?;
    let now = Timestamp::now();
    match args.output {
        Format::Json => output::json(&known.iter().map(|(id, facts)| account_json(id, facts.as_ref())).collect())?,
        Format::Text => {
            let rows: Vec<[String; 5]> = known.iter().map(|(id, facts)| row(id, facts.as_ref(), now)).collect();
            output::data(&table(["ACCOUNT", "NAME", "BELOW", "TAGS", "READ"], &rows))?;
        }
    }
    let missing = known.values().filter(|facts| facts.is_none()).count();
    if missing > 0 {
        output::talk(&format!("{missing} of {} are not written down: `rectify org refresh`", known.len()));
    }
    Ok(exit::FINE)
}

/// Every active account of the organisation that these credentials see.
pub(super) async fn active(connection: &Connection, profile: Option<&str>) -> Result<Vec<AccountId>, Error> {
    let members = organization(connection, profile).await.members().await;
    let members = members.map_err(|error| Error::of(connection, error))?;
    Ok(members.into_iter().map(|member| member.id).collect())
}

/// What is written down of each account.
pub(super) async fn known(
    connection: &Connection,
    accounts: Vec<AccountId>,
) -> Result<BTreeMap<AccountId, Option<AccountFacts>>, Error> {
    let ledger = connection.ledger();
    let facts: Vec<_> = stream::iter(accounts)
        .map(async |account| {
            let facts = ledger.account(&account).await;
            facts.map(|facts| (account, facts)).map_err(|failure| Error::Cloud(connection.failure(failure)))
        })
        .buffered(8)
        .collect()
        .await;
    facts.into_iter().collect()
}

fn row(id: &AccountId, facts: Option<&AccountFacts>, now: Timestamp) -> [String; 5] {
    let Some(facts) = facts else {
        let never = paint(Style::Warn, "never");
        return [id.to_string(), String::new(), String::new(), String::new(), never];
    };
    let tags: Vec<String> = facts.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let age = now.duration_since(facts.read_at);
    let read = format!("{} ago", moment::rough(age));
    [
        id.to_string(),
        escape::value(facts.name.as_deref().unwrap_or_default(), 50),
        escape::line(&facts.path.join(" / "), 300),
        escape::value(&tags.join(", "), 100),
        if age > OLD { paint(Style::Warn, &read) } else { read },
    ]
}
