//! The `rectify` command.
//!
//! Data goes to standard output, talk to standard error. Each subcommand is one file under `command/`; what they can
//! exit with is in [`exit`].

mod command;
mod connection;
mod difference;
mod exit;
mod failure;
mod guard;
mod input;
mod kinds;
mod moment;
mod output;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Corrective controls for AWS: see what was put back and undo it, pause and exempt, read the rule book, judge policies, try
/// everything in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "rectify", version, arg_required_else_help = true, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    History(Box<command::history::Args>),
    Report(Box<command::report::Args>),
    Replay(Box<command::replay::Args>),
    Undo(Box<command::undo::Args>),
    Exempt(Box<command::exempt::Args>),
    Pause(Box<command::pause::Args>),
    Resume(Box<command::resume::Args>),
    Check(Box<command::check::Args>),
    Explain(Box<command::explain::Args>),
    Deadletters(Box<command::deadletters::Args>),
    Doctor(Box<command::doctor::Args>),
    Org(Box<command::org::Args>),
    Scp(Box<command::scp::Args>),
    Sweep(Box<command::sweep::Args>),
    Settings(command::settings::Args),
    Policy(command::policy::Args),
    Render(command::render::Args),
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
        Command::History(args) => command::history::run(args),
        Command::Report(args) => command::report::run(args),
        Command::Replay(args) => command::replay::run(args),
        Command::Undo(args) => command::undo::run(args),
        Command::Exempt(args) => command::exempt::run(args),
        Command::Pause(args) => command::pause::run(args),
        Command::Resume(args) => command::resume::run(args),
        Command::Check(args) => command::check::run(args),
        Command::Explain(args) => command::explain::run(args),
        Command::Deadletters(args) => command::deadletters::run(args),
        Command::Doctor(args) => command::doctor::run(args),
        Command::Org(args) => command::org::run(args),
        Command::Scp(args) => command::scp::run(args),
        Command::Sweep(args) => command::sweep::run(args),
        Command::Settings(args) => command::settings::run(args),
        Command::Policy(args) => command::policy::run(args),
        Command::Render(args) => command::render::run(args),
        Command::Controls(args) => command::controls::run(args),
        Command::Sandbox(args) => command::sandbox::run(args),
        Command::Completions(args) => command::completions::run(args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}
