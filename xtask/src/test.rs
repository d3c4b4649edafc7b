//! `cargo xtask test`: everything that can be tested on one machine. The cheapest check first; the first failure ends it;
//! the test runner comes last, so that its totals are the last lines.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    artefacts, kinds, policies,
    repo::Repo,
    run::{cargo, command, quiet, run},
    tidy,
    tools::{self, CARGO_LAMBDA, CFN_LINT, SAM},
};

/// What the functions may weigh, zipped: about one part in a hundred more than they do, so that growth is noticed. The budget is
/// 4,000,000; docs/adr/0006-artefact-size.md says what stands between.
const LARGEST: [(&str, u64); 9] = [
    ("S3BucketGuard", 5_150_000),
    ("SecurityGroupGuard", 4_160_000),
    ("CloudtrailGuard", 4_540_000),
    ("ApiGuard", 5_270_000),
    ("S3ObjectGuard", 5_000_000),
    ("CloudformationStackGuard", 4_060_000),
    ("AccessKeyGuard", 3_870_000),
    ("Sweeper", 2_910_000),
    ("Notifier", 4_370_000),
];

/// What a new guard may weigh until it is measured and named above.
const LARGEST_OF_NEW: u64 = 6_000_000;

/// How many steps there are.
pub(crate) const STEPS: u8 = 7;

type Step = (u8, &'static str, fn(&Repo) -> Result<()>);

const ALL: [Step; STEPS as usize] = [
    (1, "format", format),
    (2, "repository rules and generated files", tidy::run),
    (3, "clippy", clippy),
    (4, "templates: sam validate, cfn-lint, IAM policies", lint_template),
    (5, "dependencies: cargo-deny", deny),
    (6, "functions, as they are deployed: sam build", sam_build),
    (7, "tests", test),
];

/// Runs every step, or `only` one, naming each and how long it took.
///
/// # Errors
/// The first step that fails, by name, and how to run it alone.
pub(crate) fn run_all(repo: &Repo, only: Option<u8>) -> Result<()> {
    for (number, name, step) in ALL.iter().filter(|(number, ..)| only.is_none_or(|only| only == *number)) {
        eprintln!("[{number}/{STEPS}] {name}");
        let start = Instant::now();
        step(repo).with_context(|| {
            format!("step {number} of {STEPS} failed: {name} (alone: `cargo xtask test --only {number}`)")
        })?;
        // After the tests nothing more is said: the runner's totals are the last lines.
        if *number < STEPS {
            eprintln!("[{number}/{STEPS}] {name}: passed in {:.1} s", start.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

fn format(repo: &Repo) -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"], repo.root())).context("run `cargo fmt --all`")
}

fn clippy(repo: &Repo) -> Result<()> {
    run(&mut cargo(
        &["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"],
        repo.root(),
    ))
}

fn deny(repo: &Repo) -> Result<()> {
    let deny = tools::cargo_deny(&tools::cache()?, repo.root())?;
    let check =
        |what: &[&str]| command(&deny, &[&["--log-level", "error", "--locked", "check"], what].concat(), repo.root());
    run(&mut check(&["bans", "licenses", "sources"]))?;
    // The advisories are the only check that needs the network every time.
    let mut fetch = command(&deny, &["--log-level", "off", "fetch", "db"], repo.root());
    if quiet(fetch.env("GIT_TERMINAL_PROMPT", "0")).is_some() {
        run(&mut check(&["advisories"]))
    } else {
        eprintln!(
            "SKIPPED: security advisories, because their database could not be fetched; everything else was checked"
        );
        Ok(())
    }
}

/// `sam validate --lint` with the cfn-lint SAM was tested with, and today's cfn-lint by itself. Neither needs credentials.
fn lint_template(repo: &Repo) -> Result<()> {
    let cache = tools::cache()?;
    let sam = tools::python(&SAM, &cache)?;
    run(sam_environment(&mut command(sam.join("sam"), &["validate", "--lint"], repo.root())))?;
    let lint = tools::python(&CFN_LINT, &cache)?;
    let files = ["template.yaml", "member.yaml", "member-correct.yaml"];
    run(&mut command(lint.join("cfn-lint"), &files, repo.root()))?;
    policies::lint(repo, &cache)
}

fn sam_build(repo: &Repo) -> Result<()> {
    let cache = tools::cache()?;
    let (sam, lambda) = (tools::python(&SAM, &cache)?, tools::python(&CARGO_LAMBDA, &cache)?);
    let mut build = command(sam.join("sam"), &["build"], repo.root());
    // SAM reads the binary from `target` and nowhere else.
    build.env_remove("CARGO_TARGET_DIR").env("PATH", path_with(&lambda)?);
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        // This machine is what the functions run on: no cross compiler.
        build.env("CARGO_LAMBDA_COMPILER", "cargo");
    }
    run(sam_environment(&mut build))?;
    artefacts::check_jitter(repo)?;
    let guards = kinds::all().into_iter().map(|kind| format!("{}Guard", kind.pascal()));
    for name in guards.chain(["Sweeper", "Notifier"].map(str::to_owned)) {
        let known = LARGEST.iter().find(|(known, _)| *known == name);
        let largest = known.map_or(LARGEST_OF_NEW, |(_, largest)| *largest);
        let directory = repo.path(".aws-sam").join("build").join(&name);
        if !directory.join("bootstrap").is_file() {
            bail!("`sam build` made no `bootstrap` in `{}`", directory.display());
        }
        let size = artefacts::zipped_size(&directory)?;
        if size > largest {
            bail!("{name} weighs {size} bytes zipped, at most {largest}: see docs/performance.md");
        }
        eprintln!("{name}: {size} bytes zipped, at most {largest}");
    }
    keep_what_runs_here(repo)
}

/// Where the functions are that `sam build` made, by the names that the sandbox knows them by.
const DEPLOYED: &str = "deployed";

/// Every function of the template: its logical id, and the name of its binary.
fn functions() -> Vec<(String, &'static str)> {
    let guards = kinds::all().into_iter().map(|kind| (format!("{}Guard", kind.pascal()), kind.name));
    guards.chain([("Sweeper".to_owned(), "sweeper"), ("Notifier".to_owned(), "notifier")]).collect()
}

/// Puts the functions where the end-to-end tests take them from: what was tested is then what is deployed, and it is built once. Where
/// this machine is not what they were built for, it builds its own.
fn keep_what_runs_here(repo: &Repo) -> Result<()> {
    if !runs_what_is_deployed() {
        return run(&mut cargo(&["build", "--release", "--locked"], repo.root()));
    }
    let directory = repo.target().join(DEPLOYED);
    fs::create_dir_all(&directory).with_context(|| format!("could not make `{}`", directory.display()))?;
    for (id, name) in functions() {
        let from = repo.path(".aws-sam").join("build").join(id).join("bootstrap");
        let to = directory.join(name);
        // Not over a file that may be running.
        let _ = fs::remove_file(&to);
        fs::copy(&from, &to).with_context(|| format!("could not copy `{}` to `{}`", from.display(), to.display()))?;
    }
    Ok(())
}

/// cargo-lambda compiles for Lambda's x86 processors (`-C target-cpu=haswell`).
fn runs_what_is_deployed() -> bool {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("bmi2")
            && std::is_x86_feature_detected!("fma")
    }
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    {
        false
    }
}

/// The directory with the functions for the end-to-end tests: what `sam build` made, or what `cargo build --release` made since.
fn functions_directory(repo: &Repo) -> PathBuf {
    let of = |directory: PathBuf| {
        let made = functions()
            .into_iter()
            .map(|(_, name)| fs::metadata(directory.join(name)).and_then(|file| file.modified()));
        let oldest = made.collect::<Result<Vec<_>, _>>().ok()?.into_iter().min()?;
        Some((oldest, directory))
    };
    let release = repo.target().join("release");
    let both = [of(repo.target().join(DEPLOYED)), of(release.clone())];
    both.into_iter().flatten().max().map_or(release, |(_, directory)| directory)
}

/// Unit, property, fixture and end-to-end tests. The end-to-end tests run the functions built in release mode.
fn test(repo: &Repo) -> Result<()> {
    let release = functions_directory(repo);
    if tools::has_nextest(repo.root()) {
        // Nextest does not run examples in documentation.
        run(cargo(&["test", "--workspace", "--doc", "--locked", "--quiet"], repo.root())
            .env("RECTIFY_BIN_DIR", &release))?;
        run(cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"], repo.root())
            .env("RECTIFY_BIN_DIR", &release))
    } else {
        eprintln!("cargo-nextest is not installed: using `cargo test`, which takes longer");
        run(cargo(&["test", "--workspace", "--locked", "--no-fail-fast"], repo.root()).env("RECTIFY_BIN_DIR", &release))
    }
}

/// No telemetry, no credentials, and a region, without which SAM does not start.
fn sam_environment(command: &mut Command) -> &mut Command {
    command.env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "eu-central-1")
}

/// `PATH` with `first` before everything else.
fn path_with(first: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(first.to_owned()).chain(env::split_paths(&path)))
        .with_context(|| format!("`{}` cannot stand in PATH", first.display()))
}
