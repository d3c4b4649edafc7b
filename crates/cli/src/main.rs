//! The `rectify` command.
//!
//! Data goes to standard output, talk to standard error. Each subcommand is one file under `command/`; what they can
//! exit with is in [`exit`].

mod command;
mod exit;
mod failure;
mod input;
mod output;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Corrective controls for AWS: judge policies, read the rule book, try everything in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "rectify", version, arg_required_else_help = true, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Policy(command::policy::Args),
    Controls(command::controls::Args),
    Sandbox(command::sandbox::Args),
    Completions(command::completions::Args),
}

fn main() -> ExitCode {
    // A panic is a bug of ours, and has the exit code of one.
    std::panic::catch_unwind(|| run(&Cli::parse())).unwrap_or(ExitCode::from(exit::BUG))
}

fn run(cli: &Cli) -> ExitCode {
    let result = match &cli.command {
        Command::Policy(args) => command::policy::run(args),
        Command::Controls(args) => command::controls::run(args),
        Command::Sandbox(args) => command::sandbox::run(args),
        Command::Completions(args) => command::completions::run(args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}
