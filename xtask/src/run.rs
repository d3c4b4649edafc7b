//! Child processes: run, seen, and said to have failed in one line.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

/// A command in `directory` that shares our terminal, and so our Ctrl-C.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    command
}

/// Cargo, the one that runs us.
pub(crate) fn cargo(arguments: &[&str], directory: &Path) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments, directory)
}

/// Runs `command` to its end, its output on ours.
///
/// # Errors
/// When it cannot be started or fails, with the command as a person would type it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("could not start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs `command` and keeps its output: standard output when it succeeds, `None` when it does not or cannot be started.
pub(crate) fn quiet(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Writes `text` to standard output.
///
/// # Errors
/// When nobody reads it.
pub(crate) fn say(text: &str) -> Result<()> {
    std::io::Write::write_all(&mut std::io::stdout().lock(), text.as_bytes()).context("could not write the result")
}

/// The command as a person would type it, without the environment.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{command, line, quiet, run};

    #[test]
    fn a_failure_says_what_was_run() {
        let error = run(&mut command("/bin/sh", &["-c", "exit 3"], Path::new("."))).unwrap_err().to_string();
        assert!(error.contains("`sh -c exit 3` failed") && error.contains('3'), "{error}");
        let error = run(&mut command("no-such-program", &["x"], Path::new("."))).unwrap_err();
        assert!(format!("{error:#}").contains("could not start `no-such-program x`"), "{error:#}");
    }

    #[test]
    fn output_is_kept_only_of_what_succeeds() {
        assert_eq!(quiet(&mut command("/bin/sh", &["-c", "echo 1"], Path::new("."))).as_deref(), Some("1\n"));
        assert_eq!(quiet(&mut command("/bin/sh", &["-c", "echo 1; exit 1"], Path::new("."))), None);
        assert_eq!(line(&command("/usr/bin/env", &["a", "b c"], Path::new("."))), "env a b c");
    }
}
