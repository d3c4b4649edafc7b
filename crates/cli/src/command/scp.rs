//! `rectify scp`

mod apply;
mod cloud;
mod plan;

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rectify_aws::AwsFailure;
use rectify_controls::{
    AccountId, Preventive, Protection, SettingsError,
    preventive::{Deployment, Document, PreventiveError, is_document_of, render},
};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use self::{
    cloud::Organization,
    plan::{Backup, Change, Desired, Existing, plan},
};
use crate::{
    connection::{CloudError, Connection, Stack, wait_for},
    exit,
    failure::Failure,
    input::{self, InputError},
    kinds,
    output::{self, Format, Text, paint, table},
};

/// What members may not do at all: service control policies from `[preventive]` in the settings.
///
/// Without --diff, --apply or --restore, prints them and calls nobody. They bind neither the management account nor
/// service-linked roles, and never rectify's own roles or those of `StackSets`. See docs/preventive.md.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what"), after_help = "\
Examples:
  rectify scp --hub-account 111122223333
  rectify scp --diff --organization-profile management
  rectify scp --apply --backup backups/
  rectify scp --restore backups/rectify-scp-20261128T090000000Z.json")]
pub(crate) struct Args {
    /// The settings file, or `-` for standard input.
    #[arg(long, value_name = "FILE|-", default_value = "settings/settings.toml")]
    settings: PathBuf,
    /// The account the hub stack is in. Default: `hub-account` in the settings.
    #[arg(long, value_name = "ID")]
    hub_account: Option<AccountId>,
    /// Write each document into a file of its own there, as AWS takes it.
    #[arg(long, value_name = "DIR", conflicts_with = "what")]
    directory: Option<PathBuf>,
    /// Show what an apply would change in the organisation.
    #[arg(long, group = "what")]
    diff: bool,
    /// Create, update, attach, detach and delete this stack's policies in the organisation, after a look and a question.
    #[arg(long, group = "what")]
    apply: bool,
    /// Put back what a backup has, in the same way.
    #[arg(long, value_name = "FILE", group = "what", conflicts_with = "settings")]
    restore: Option<PathBuf>,
    /// Do not ask.
    #[arg(long, conflicts_with_all = ["diff", "directory"])]
    yes: bool,
    /// Also write over what somebody else changed since rectify wrote it.
    #[arg(long, conflicts_with_all = ["diff", "directory"])]
    force: bool,
    /// Where to keep what was there before. Default: the current directory.
    #[arg(long, value_name = "DIR", default_value = ".", conflicts_with_all = ["diff", "directory"])]
    backup: PathBuf,
    /// A profile that may change the organisation's policies, where that is another one than the stack's.
    #[arg(long, value_name = "NAME")]
    organization_profile: Option<String>,
    #[command(flatten)]
    stack: Stack,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why there are no policies, or not the right ones.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{file}, {source}")]
    Settings { file: String, source: SettingsError },
    #[error("{file} has no [preventive]")]
    NoSection { file: String },
    #[error("which account is the hub stack in?")]
    NoHub,
    #[error(transparent)]
    Render(#[from] PreventiveError),
    #[error("the settings are about the partition {settings}, and these credentials are used in {credentials}")]
    Partition { settings: String, credentials: String },
    #[error("no targets are named under [preventive]")]
    NoTargets,
    #[error("the organisation is for consolidated billing only, and has no service control policies")]
    BillingOnly,
    #[error("service control policies are not enabled in this organisation")]
    NotEnabled { root: String },
    #[error("there is a policy `{name}` that has not the tag `{}` = `{stack}`", plan::STACK)]
    Foreign { name: String, stack: String },
    #[error("somebody else changed {} since rectify wrote it", .0.join(" and "))]
    Changed(Vec<String>),
    #[error(
        "no room on {target}: {wanted} policies of this stack and {} others ({}) are more than {most}",
        .others.len(),
        .others.join(", ")
    )]
    NoRoom { target: String, wanted: usize, others: Vec<String>, most: usize },
    #[error("{file} is not a backup that can be put back here: {why}")]
    Backup { file: String, why: String },
    #[error("could not keep what is there now in `{}`, so nothing was changed: {source}", .path.display())]
    Keep { path: PathBuf, source: io::Error },
    #[error("could not write `{}`: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("nobody is there to be asked, and nothing was changed")]
    Nobody,
    #[error("nothing was changed")]
    Declined,
    #[error("AWS's answer to {0} lacks what the API reference says is in it")]
    Odd(&'static str),
    #[error("{}", CloudError::Aws(.0.clone()))]
    Aws(Box<AwsFailure>),
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Input(_)
            | Self::Settings { .. }
            | Self::NoSection { .. }
            | Self::NoHub
            | Self::Render(_)
            | Self::Partition { .. }
            | Self::NoTargets
            | Self::Backup { .. } => exit::USAGE,
            Self::Foreign { .. } | Self::Changed(_) | Self::NoRoom { .. } | Self::Nobody | Self::Declined => {
                exit::REFUSED
            }
            Self::Keep { .. } | Self::Write { .. } => exit::MACHINE,
            Self::BillingOnly | Self::NotEnabled { .. } | Self::Odd(_) | Self::Aws(_) => exit::AWS,
            Self::Cloud(error) => error.code(),
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            Self::Input(InputError::Empty { .. }) | Self::Settings { .. } | Self::Declined | Self::Odd(_) => {
                return None;
            }
            Self::Input(error) => return error.help(),
            Self::NoSection { .. } => {
                "docs/preventive.md says what it can have; `[preventive]` alone is enough".to_owned()
            }
            Self::NoHub => "--hub-account ID, or `hub-account` under [preventive]".to_owned(),
            Self::Render(error) => error.help().to_owned(),
            Self::Partition { .. } => "name `regions` of your partition, or another --region or --profile".to_owned(),
            Self::NoTargets => "`targets = [\"ou-…\"]`: begin with a unit that has one account to try it on".to_owned(),
            Self::BillingOnly => "enable all features: `aws organizations enable-all-features`".to_owned(),
            Self::NotEnabled { root } => format!(
                "in the management account: `aws organizations enable-policy-type --root-id {root} --policy-type \
                 SERVICE_CONTROL_POLICY`"
            ),
            Self::Foreign { stack, .. } => {
                format!(
                    "rename or delete it; if rectify made it for this stack, give it the tag `{}` = `{stack}`",
                    plan::STACK
                )
            }
            Self::Changed(_) => {
                "take the change over into the settings, or --force to write over it; --diff shows it".to_owned()
            }
            Self::NoRoom { .. } => {
                "detach one of the others, or raise `max-policies` (up to 10) or `max-characters` (up to 10240) under \
                 [preventive], if your organisation has AWS's present quotas"
                    .to_owned()
            }
            Self::Backup { .. } => "a backup is the file that --apply named".to_owned(),
            Self::Keep { .. } => "--backup DIR".to_owned(),
            Self::Write { .. } => return None,
            Self::Nobody => "--yes to do it without a question, --diff to only look".to_owned(),
            Self::Aws(failure) => return of_aws(failure),
            Self::Cloud(error) => return error.help(),
        })
    }
}

fn of_aws(failure: &AwsFailure) -> Option<String> {
    let is = |codes: &[&str]| codes.iter().any(|code| failure.code_is(code));
    if is(&["AccessDeniedException", "AWSOrganizationsNotInUseException"]) {
        return Some(
            "the organisation's policies are managed with credentials of its management account, or of a member that its \
             delegation policy lets do so: --organization-profile"
                .to_owned(),
        );
    }
    if is(&["TargetNotFoundException", "OrganizationalUnitNotFoundException", "AccountNotFoundException"]) {
        return Some("`targets` under [preventive] names something that is not in this organisation".to_owned());
    }
    CloudError::Aws(Box::new(failure.clone())).help()
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    if let Some(file) = &args.restore {
        return wait_for(restore(args, file));
    }
    let preventive = preventive(args)?;
    let hub = args.hub_account.clone().or_else(|| preventive.hub_account.clone()).ok_or(Error::NoHub)?;
    let documents = rendered(args, &preventive, hub.clone())?;
    if args.diff || args.apply {
        return wait_for(converge(args, &preventive, documents, &hub));
    }
    print(args, &preventive, &documents, &hub)
}

fn preventive(args: &Args) -> Result<Preventive, Error> {
    let file = || input::name(&args.settings);
    let text = input::read(&args.settings)?;
    let settings = kinds::settings(&text).map_err(|source| Error::Settings { file: file(), source })?;
    settings.preventive.ok_or_else(|| Error::NoSection { file: file() })
}

fn rendered(args: &Args, preventive: &Preventive, hub: AccountId) -> Result<Vec<Document>, Error> {
    let deployment = Deployment { partition: preventive.partition(), stack: args.stack.name().to_owned(), hub };
    Ok(render(preventive, &deployment)?)
}

/// What everybody has to know who attaches one.
const REACH: &str = "they bind neither the management account nor service-linked roles; rectify's roles and those of \
                     StackSets are exempt, and allow nothing by themselves: leave FullAWSAccess attached";

/// Who deploys the hub stack is bound like everybody, unless that is the management account's or is named.
fn locked_out(preventive: &Preventive, hub: &AccountId) -> Option<String> {
    let locked = preventive.protect.contains(&Protection::Rectify) && preventive.exempt_principals.is_empty();
    locked.then(|| {
        format!(
            "nobody in account {hub} can update the hub stack once these hold there, unless it is the management account: \
             name the role that deploys it in `exempt-principals`"
        )
    })
}

fn print(args: &Args, preventive: &Preventive, documents: &[Document], hub: &AccountId) -> Result<u8, Failure> {
    if let Some(directory) = &args.directory {
        write(directory, args.stack.name(), documents)?;
    } else {
        match args.output {
            Format::Json => output::json(&documents.iter().map(document_json).collect())?,
            Format::Text => {
                let mut text = Text::new();
                for document in documents {
                    let value: Value = serde_json::from_str(&document.content).unwrap_or_default();
                    let _ = writeln!(text, "{}\n{value:#}", paint(Style::Strong, &document.name));
                }
                output::data(&text)?;
            }
        }
    }
    output::talk(sizes(preventive, documents).trim_end());
    output::talk(if documents.is_empty() { "the settings deny nothing: no document" } else { REACH });
    if let Some(note) = locked_out(preventive, hub) {
        output::talk(&note);
    }
    Ok(exit::FINE)
}

fn document_json(document: &Document) -> Value {
    json!({
        "name": document.name,
        "description": document.description,
        "characters": document.content.len(),
        "statements": document.statements,
        "content": document.content,
    })
}

fn sizes(preventive: &Preventive, documents: &[Document]) -> Text {
    let row = |document: &Document| {
        [
            document.name.clone(),
            format!("{} of {}", document.content.len(), preventive.max_characters),
            document.statements.join(", "),
        ]
    };
    let rows: Vec<[String; 3]> = documents.iter().map(row).collect();
    if rows.is_empty() { Text::new() } else { table(["POLICY", "CHARACTERS", "DENIES"], &rows) }
}

fn write(directory: &Path, stack: &str, documents: &[Document]) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    std::fs::create_dir_all(directory).map_err(failed(directory))?;
    for document in documents {
        let path = directory.join(format!("{}.json", document.name));
        std::fs::write(&path, &document.content).map_err(failed(&path))?;
    }
    // Not deleted: nobody asked for that.
    for entry in std::fs::read_dir(directory).map_err(failed(directory))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(policy) = name.strip_suffix(".json").filter(|policy| is_document_of(stack, policy)) else { continue };
        if !documents.iter().any(|document| document.name == policy) {
            output::talk(&format!("{} is from before and no longer rendered", entry.path().display()));
        }
    }
    Ok(())
}

async fn converge(
    args: &Args,
    preventive: &Preventive,
    documents: Vec<Document>,
    hub: &AccountId,
) -> Result<u8, Failure> {
    if preventive.targets.is_empty() && !documents.is_empty() {
        return Err(Error::NoTargets.into());
    }
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let credentials = connection.region().partition();
    if credentials != preventive.partition() {
        let settings = preventive.partition().to_string();
        return Err(Error::Partition { settings, credentials: credentials.to_string() }.into());
    }
    let organization = Organization::new(&connection, args.organization_profile.as_deref()).await?;
    if preventive.targets.contains(&organization.management) {
        output::talk(&format!(
            "{} is the management account: no service control policy binds it",
            organization.management
        ));
    }
    if let Some(note) = locked_out(preventive, hub).filter(|_| organization.management != hub.as_str()) {
        output::talk(&note);
    }
    let desired = documents.into_iter().map(|document| Desired::of(document, &preventive.targets)).collect();
    bring_about(args, &connection, &organization, desired, preventive.max_policies).await
}

async fn restore(args: &Args, file: &Path) -> Result<u8, Failure> {
    let name = || input::name(file);
    let text = input::read(file).map_err(Error::Input)?;
    let backup: Backup =
        serde_json::from_str(&text).map_err(|error| Error::Backup { file: name(), why: error.to_string() })?;
    let connection = args.stack.connect().await.map_err(Error::Cloud)?;
    let organization = Organization::new(&connection, args.organization_profile.as_deref()).await?;
    if let Some(why) = backup.wrong(&organization.id, connection.stack()) {
        return Err(Error::Backup { file: name(), why }.into());
    }
    bring_about(args, &connection, &organization, backup.policies, Preventive::MOST_POLICIES).await
}

/// From what there is to `desired`: look, ask, keep, do, look again.
async fn bring_about(
    args: &Args,
    connection: &Connection,
    organization: &Organization<'_>,
    desired: Vec<Desired>,
    most: usize,
) -> Result<u8, Failure> {
    let stack = connection.stack();
    let (existing, changes) = look(organization, stack, &desired).await?;
    organization.check_room(&changes, most).await?;
    let something = changes.iter().any(Change::is_something);
    if args.diff || !something {
        match args.output {
            Format::Json => output::json(&report(organization, &changes, None, None))?,
            Format::Text => output::data(&apply::shown(&changes))?,
        }
        if !something {
            output::talk("nothing to change: the organisation is as it should be");
        }
        return Ok(exit::FINE);
    }
    output::talk(apply::shown(&changes).trim_end());
    let overwritten: Vec<String> =
        changes.iter().filter(|change| change.overwrites()).map(|change| change.name.clone()).collect();
    if !overwritten.is_empty() && !args.force {
        return Err(Error::Changed(overwritten).into());
    }
    if !args.yes {
        if !output::is_somebody_there() {
            return Err(Error::Nobody.into());
        }
        if !output::ask("Do it?") {
            return Err(Error::Declined.into());
        }
    }
    let backup = apply::keep(&args.backup, &organization.id, stack, &existing, Timestamp::now())?;
    output::talk(&format!("what was there before is in {}", backup.display()));
    let done = apply::carry_out(organization, stack, &changes).await;
    let code = match &done.stopped {
        Some(_) => exit::AWS,
        // What AWS answers to a write is not what stands: look again.
        None if look(organization, stack, &desired).await?.1.iter().any(Change::is_something) => exit::UNPROVEN,
        None => exit::FINE,
    };
    match args.output {
        Format::Json => output::json(&report(organization, &changes, Some(&done), Some(&backup)))?,
        Format::Text => output::data(&done_text(&done))?,
    }
    if code == exit::UNPROVEN {
        output::talk("a second look does not show all of it yet: look again with --diff");
    }
    if let Some((error, _)) = &done.stopped {
        let mut text = format!("{} {}", paint(Style::Bad, "error:"), escape::line(&error.to_string(), 2_000));
        let help = "the same command does the rest, and --restore with the file above puts back what was there";
        let _ = write!(text, "\n  {} {help}", paint(Style::Strong, "help:"));
        if let Some(help) = error.help() {
            let _ = write!(text, "; {}", escape::line(&help, 2_000));
        }
        output::talk(&text);
    }
    Ok(code)
}

async fn look(
    organization: &Organization<'_>,
    stack: &str,
    desired: &[Desired],
) -> Result<(Vec<Existing>, Vec<Change>), Error> {
    let policies = organization.policies(stack).await?;
    if let Some(name) = policies.foreign.iter().find(|name| desired.iter().any(|policy| policy.name == **name)) {
        return Err(Error::Foreign { name: name.clone(), stack: stack.to_owned() });
    }
    let changes = plan(policies.ours.clone(), desired.to_vec());
    Ok((policies.ours, changes))
}

fn done_text(done: &apply::Done) -> Text {
    let mut text = Text::new();
    for step in &done.done {
        let _ = writeln!(text, "{} {}", paint(Style::Good, "done:"), escape::line(&step.words(), 300));
    }
    for step in done.stopped.iter().flat_map(|(_, left)| left) {
        let _ = writeln!(text, "{} {}", paint(Style::Bad, "not done:"), escape::line(&step.words(), 300));
    }
    text
}

fn report(
    organization: &Organization<'_>,
    changes: &[Change],
    done: Option<&apply::Done>,
    backup: Option<&Path>,
) -> Value {
    let words = |steps: &[cloud::Step]| steps.iter().map(cloud::Step::words).collect::<Vec<_>>();
    json!({
        "organization": organization.id,
        "policies": apply::shown_json(changes),
        "done": done.map(|done| words(&done.done)),
        "not_done": done.map(|done| done.stopped.as_ref().map(|(_, left)| words(left)).unwrap_or_default()),
        "error": done.and_then(|done| done.stopped.as_ref()).map(|(error, _)| error.to_string()),
        "backup": backup,
    })
}
