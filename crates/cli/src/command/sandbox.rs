//! `rectify sandbox`

mod intro;
mod log;
mod progress;
mod story;
mod watch;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rectify_sandbox::{Organization, SandboxError, World, WorldBuilder};
use tokio::time::{Instant, timeout};

use self::{log::Log, watch::Watch};
use crate::{exit, failure::Failure, kinds, output};

/// Try everything on this machine: a small AWS with the real functions in it.
///
/// Starts the sandbox, prints what to try with the ordinary `aws` command, and then shows what happens until Ctrl-C. The
/// first start makes a Python environment with moto in it (pinned and hash-checked) in the cache directory.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// The template whose functions, rules, tables and roles the sandbox gets.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// Folder with a `settings.toml`. Default: the template's settings layer.
    #[arg(long, value_name = "DIR")]
    settings: Option<PathBuf>,
    /// Folder with the functions' binaries. Default: the release folder beside this command's, or this command's own.
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// Also show the functions' own calls and log lines.
    #[arg(long, short)]
    verbose: bool,
    /// Around the hub, an organisation: production, where breaches are put back, development, where they are told, an account
    /// that was closed, and one in no unit. Its settings are in docs/sandbox-organization, unless --settings says others.
    #[arg(long, conflicts_with = "story")]
    organization: bool,
    /// Play a story and end: a bucket is made public in three ways and put back each time. Exit code 4 when it is not.
    #[arg(long, conflicts_with = "verbose")]
    story: bool,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no template at `{}`", .0.display())]
    NoTemplate(PathBuf),
    #[error("no `settings.toml` in `{}`", .0.display())]
    NoSettings(PathBuf),
    #[error("the guard `{name}` is not built: no `{}`", .path.display())]
    NotBuilt { name: &'static str, path: PathBuf },
    #[error("could not start: {0}")]
    Runtime(io::Error),
    #[error(transparent)]
    Start(#[from] SandboxError),
    #[error("`aws {command}` did not work: {why}")]
    Lost { command: String, why: String },
    #[error("something is still under way after {0} seconds")]
    StillBusy(u64),
    #[error("not everything was put back: {0}")]
    NotPutBack(String),
}

impl Error {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::NoTemplate(_) | Self::NoSettings(_) => exit::USAGE,
            Self::NotBuilt { .. } | Self::Runtime(_) | Self::Start(_) => exit::MACHINE,
            Self::Lost { .. } | Self::StillBusy(_) | Self::NotPutBack(_) => exit::UNPROVEN,
        }
    }

    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::NoTemplate(_) => Some("run it in the project's folder, or name the file with --template".to_owned()),
            Self::NoSettings(_) => Some("leave --settings out for the template's own".to_owned()),
            Self::NotBuilt { name, .. } => {
                Some(format!("run `cargo build --release --bin {name}`, or name the folder with --bin-dir"))
            }
            Self::Start(SandboxError::Listen { .. }) => {
                Some("`--port 0` takes a free port; another sandbox may be running".to_owned())
            }
            Self::NotPutBack(_) => Some(
                "above is what the guard made of each; it puts back what settings/settings.toml lets it in account 123456789012"
                    .to_owned(),
            ),
            Self::Runtime(_) | Self::Start(_) | Self::Lost { .. } | Self::StillBusy(_) => None,
        }
    }
}

/// The functions' binaries: the guards', each named after its kind, and those of the functions that guard nothing.
fn needed() -> impl Iterator<Item = &'static str> {
    kinds::KINDS.iter().map(|kind| kind.name).chain(["notifier", "sweeper"])
}

/// The SSM parameter with the address of a webhook of the sandbox's Slack, for channels in the settings.
const SLACK: &str = "/rectify/slack";

/// The ARN of [`SLACK`].
fn slack_secret(account: &str, region: &str) -> String {
    format!("arn:aws:ssm:{region}:{account}:parameter{SLACK}")
}

/// Puts the webhook's address where a channel finds it.
async fn slack(world: &World) {
    let body = serde_json::json!({ "Name": SLACK, "Type": "SecureString", "Value": world.slack_webhook() });
    // Without it a channel says what it lacks.
    let _ = world.aws_json("ssm", "AmazonSSM.PutParameter", &body).await;
}

/// The folder with the settings of the ready-made organisation, beside the template.
const ORGANIZATION_SETTINGS: &str = "docs/sandbox-organization";

/// How long an orderly end may take; what is left then is killed.
const FAREWELL: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    if !args.template.is_file() {
        return Err(Error::NoTemplate(args.template.clone()).into());
    }
    let binaries = binaries(args.bin_dir.as_deref())?;
    let own = args.template.with_file_name(ORGANIZATION_SETTINGS);
    let settings = args.settings.as_ref().or(args.organization.then_some(&own));
    if let Some(folder) = settings.filter(|folder| !folder.join("settings.toml").is_file()) {
        return Err(Error::NoSettings(folder.clone()).into());
    }
    let progress = progress::Shown::new();
    let mut builder = WorldBuilder::new(&args.template, move |function| binaries.join(binary_of(function)))
        .port(args.port)
        .parameter("ChannelSecrets", slack_secret(WorldBuilder::ACCOUNT, WorldBuilder::REGION))
        .progress(progress.listener());
    if let Some(settings) = settings {
        builder = builder.settings_directory(settings);
    }
    if args.organization {
        builder = builder.organization(Organization::example());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
    let ended: Result<u8, Failure> = runtime.block_on(async {
        let mut stop = std::pin::pin!(stop_asked());
        let world = tokio::select! {
            world = World::start(builder) => world.map_err(Error::Start),
            () = &mut stop => {
                progress.clear();
                return Ok(args.stopped());
            }
        };
        progress.clear();
        let world = world?;
        slack(&world).await;
        let shown = tokio::select! {
            played = story::play(&world), if args.story => played.map(|()| exit::FINE),
            shown = show(&world, args, settings.map(PathBuf::as_path)), if !args.story => shown.map(|()| exit::FINE),
            () = &mut stop => Ok(args.stopped()),
        };
        if !args.story {
            output::talk("\nstopping");
        }
        // Dropping the world, which running out of time does, kills what is left.
        let _ = timeout(FAREWELL, world.shutdown()).await;
        shown
    });
    // Work that cannot be interrupted must not hold the command back.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

impl Args {
    /// The exit code when somebody stops the command: the story was not told to its end.
    fn stopped(&self) -> u8 {
        if self.story { exit::STOPPED } else { exit::FINE }
    }
}

/// Prints what to try, and then what happens, for ever.
async fn show(world: &World, args: &Args, settings: Option<&Path>) -> Result<(), Failure> {
    output::data(&intro::text(world, &tables(world).await, settings))?;
    let (mut watch, mut log) = (Watch::default(), Log::default());
    let started = Instant::now();
    loop {
        let began = Instant::now();
        let happened = watch.look(world, args.verbose);
        let now = started.elapsed().as_nanos().try_into().unwrap_or(u64::MAX);
        let lines = log.lines(happened, now);
        if !lines.is_empty() {
            let text: String = lines.iter().map(|line| format!("{}\n", output::painted(line))).collect();
            output::data(&text)?;
        }
        // The records are copied at each look: look less often when there are many.
        tokio::time::sleep(Duration::from_millis(100) + began.elapsed() * 10).await;
    }
}

/// Names of the tables in the sandbox: the ledger is among them.
async fn tables(world: &World) -> Vec<String> {
    let answer = world.aws_json("dynamodb", "DynamoDB_20120810.ListTables", &serde_json::json!({})).await;
    let names = answer.ok().and_then(|(_, body)| body.get("TableNames").cloned());
    names.and_then(|names| serde_json::from_value(names).ok()).unwrap_or_default()
}

/// Waits until somebody asks the command to stop: Ctrl-C, `kill`, or a closed terminal.
async fn stop_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let wait = async |kind| match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        };
        tokio::select! {
            () = wait(SignalKind::interrupt()) => {}
            () = wait(SignalKind::terminate()) => {}
            () = wait(SignalKind::hangup()) => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The folder with the guards' binaries.
fn binaries(named: Option<&Path>) -> Result<PathBuf, Error> {
    let folders = match named {
        Some(folder) => vec![folder.to_owned()],
        None => {
            let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
            let release = beside.as_deref().and_then(Path::parent).map(|target| target.join("release"));
            release.into_iter().chain(beside).collect()
        }
    };
    let missing = |folder: &PathBuf| needed().find(|name| !folder.join(executable(name)).is_file());
    let mut last = None;
    for folder in folders {
        match missing(&folder) {
            None => return Ok(folder),
            Some(name) => last = Some(Error::NotBuilt { name, path: folder.join(executable(name)) }),
        }
    }
    // Without any folder, this command's own place could not be told.
    Err(last.unwrap_or_else(|| Error::NotBuilt { name: "notifier", path: PathBuf::from(executable("notifier")) }))
}

/// The binary of a function, with what this system puts behind the name.
fn binary_of(function: &str) -> String {
    executable(&rectify_sandbox::binary_name(function))
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::binary_of;

    #[test]
    fn functions_are_named_after_their_binaries() {
        assert_eq!(binary_of("S3BucketGuard"), format!("s3-bucket{}", std::env::consts::EXE_SUFFIX));
        assert_eq!(binary_of("Notifier"), format!("notifier{}", std::env::consts::EXE_SUFFIX));
        assert_eq!(binary_of("Sweeper"), format!("sweeper{}", std::env::consts::EXE_SUFFIX));
    }
}
