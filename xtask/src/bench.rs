//! `cargo xtask bench`: what a guard costs, measured with the release binary in the sandbox. docs/performance.md has the
//! figures, the budgets and what the words mean.

mod table;

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::{
    artefacts,
    repo::Repo,
    run::{cargo, command, quiet, run},
};

/// What is measured: a guard's binary, by the name of its kind.
const GUARD: &str = "s3-bucket";

/// Builds the guard and the measuring program, runs it, and prints a table or one JSON document.
///
/// # Errors
/// When something does not build, or an event did not end as it should.
pub(crate) fn run_bench(repo: &Repo, runs: u32, as_in_lambda: bool, as_json: bool) -> Result<()> {
    eprintln!("building the guard, as it is deployed");
    run(&mut cargo(&["build", "--release", "--locked"], repo.root()))?;
    eprintln!("building the measuring program");
    run(&mut cargo(&["build", "--locked", "--package", "rectify-e2e", "--example", "bench"], repo.root()))?;
    let target = repo.target();
    let guard = target.join("release").join(GUARD);
    let mut measure = command(target.join("debug").join("examples").join("bench"), &[&runs.to_string()], repo.root());
    if as_in_lambda {
        measure.arg("--lambda");
    }
    let output = measure
        .env("RECTIFY_BIN_DIR", target.join("release"))
        .stderr(Stdio::inherit())
        .output()
        .context("could not start the measuring program")?;
    if !output.status.success() {
        bail!("the measurement failed ({})", output.status);
    }
    let mut report: Value =
        serde_json::from_slice(&output.stdout).context("the measuring program said something else")?;
    if let Some(report) = report.as_object_mut() {
        report.insert("artefact".to_owned(), artefact(&guard, &target)?);
        report.insert("machine".to_owned(), machine(repo));
    }
    let text = if as_json { format!("{report:#}\n") } else { table::of(&report) };
    crate::run::say(&text)
}

/// The size of the binary, and of the zip file that Lambda gets.
fn artefact(guard: &Path, target: &Path) -> Result<Value> {
    let directory = target.join("bench-artefact");
    fs::create_dir_all(&directory).with_context(|| format!("could not make `{}`", directory.display()))?;
    let bootstrap = directory.join("bootstrap");
    let bytes = fs::copy(guard, &bootstrap).with_context(|| format!("could not copy `{}`", guard.display()))?;
    let zipped = artefacts::zipped_size(&directory)?;
    Ok(json!({"bytes": bytes, "zipped_bytes": zipped}))
}

/// Where the figures come from. Empty where this is not Linux.
fn machine(repo: &Repo) -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = quiet(&mut command("rustc", &["--version"], repo.root())).unwrap_or_default();
    json!({
        "cpu": model.map(|(_, name)| name),
        "cores": cores,
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load": read("/proc/loadavg").split(' ').next(),
        "rustc": rustc.trim(),
    })
}
