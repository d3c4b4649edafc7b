//! `cargo xtask demo`: a new user's first command. Builds the guard and the command line, and lets the command line play
//! its story; whoever stops us stops the story, because it takes our place.

use std::{path::Path, process::Command, time::Instant};

use anyhow::{Context as _, Result, bail};

use crate::{
    repo::Repo,
    run::{cargo, command, quiet, run},
};

/// What the sandbox's own Python environment needs of the machine.
const PYTHON: &str = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)";

/// Builds what the story needs, with progress, and plays it.
///
/// # Errors
/// When Python is missing, something does not build, or the story does not end well.
pub(crate) fn run_demo(repo: &Repo) -> Result<()> {
    // Said now, not after minutes of building.
    if quiet(command("python3", &["-c", PYTHON], repo.root()).stderr(std::process::Stdio::null())).is_none() {
        bail!("Python 3.10 or newer with its `venv` module is needed (on Debian: apt install python3-venv)");
    }
    build(repo, "1/3", "the guard, as it is deployed (the first time takes some minutes)", &["--release"])?;
    build(repo, "2/3", "the `rectify` command", &["--package", "rectify-cli"])?;
    eprintln!("[3/3] the sandbox, and the story");
    let target = repo.target();
    let bin_dir = target.join("release");
    play(
        command(target.join("debug").join(format!("rectify{}", std::env::consts::EXE_SUFFIX)), &[], repo.root())
            .args(["sandbox", "--story", "--port", "0", "--bin-dir"])
            .arg(relative(&bin_dir, repo.root())),
    )
}

fn build(repo: &Repo, step: &str, what: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("[{step}] building {what}");
    let start = Instant::now();
    run(&mut cargo(&[&["build", "--locked"], arguments].concat(), repo.root()))?;
    eprintln!("[{step}] built in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn relative<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// Becomes `command`: signals and the exit code are its own.
#[cfg(unix)]
fn play(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(error).with_context(|| format!("could not start `{}`", Path::new(command.get_program()).display()))
}

#[cfg(not(unix))]
fn play(command: &mut Command) -> Result<()> {
    run(command)
}
