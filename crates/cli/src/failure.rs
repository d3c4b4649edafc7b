//! Why a command did not do what it was asked for.

use std::{fmt::Write as _, process::ExitCode};

use rectify_render::{Style, escape};

use crate::{command, connection::CloudError, exit, kinds::NoControl, output};

/// An expected failure: the user's or the machine's. What is left is a bug, and panics.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Policy(#[from] command::policy::Error),
    #[error(transparent)]
    Render(#[from] command::render::Error),
    #[error(transparent)]
    Controls(#[from] NoControl),
    #[error(transparent)]
    Framework(#[from] command::controls::NoFramework),
    #[error(transparent)]
    History(#[from] command::history::Error),
    #[error(transparent)]
    Report(#[from] command::report::Error),
    #[error(transparent)]
    Check(#[from] command::check::Error),
    #[error(transparent)]
    Replay(#[from] command::replay::Error),
    #[error(transparent)]
    Undo(#[from] command::undo::Error),
    #[error(transparent)]
    Exempt(#[from] command::exempt::Error),
    #[error(transparent)]
    Pause(#[from] command::pause::Error),
    #[error(transparent)]
    Resume(#[from] command::resume::Error),
    #[error(transparent)]
    Explain(#[from] command::explain::Error),
    #[error(transparent)]
    DeadLetters(#[from] command::deadletters::Error),
    #[error(transparent)]
    Doctor(#[from] command::doctor::Error),
    #[error(transparent)]
    Org(#[from] command::org::Error),
    #[error(transparent)]
    Scp(#[from] command::scp::Error),
    #[error(transparent)]
    Sweep(#[from] command::sweep::Error),
    #[error(transparent)]
    Settings(#[from] command::settings::Error),
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    Sandbox(#[from] command::sandbox::Error),
    #[error("could not write to standard output: {0}")]
    Output(std::io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Policy(_) | Self::Render(_) | Self::Controls(_) | Self::Framework(_) | Self::Settings(_) => {
                exit::USAGE
            }
            Self::History(error) => error.code(),
            Self::Report(error) => error.code(),
            Self::Check(error) => error.code(),
            Self::Replay(error) => error.code(),
            Self::Undo(error) => error.code(),
            Self::Exempt(error) => error.code(),
            Self::Pause(error) => error.code(),
            Self::Resume(error) => error.code(),
            Self::Explain(error) => error.code(),
            Self::DeadLetters(error) => error.code(),
            Self::Doctor(error) => error.code(),
            Self::Org(error) => error.code(),
            Self::Scp(error) => error.code(),
            Self::Sweep(error) => error.code(),
            Self::Cloud(error) => error.code(),
            Self::Sandbox(error) => error.code(),
            Self::Output(_) => exit::MACHINE,
        }
    }

    /// The next step.
    fn help(&self) -> Option<String> {
        match self {
            Self::Policy(error) => error.help(),
            Self::Render(error) => error.help(),
            Self::Controls(_) => Some(NoControl::HELP.to_owned()),
            Self::Framework(error) => Some(error.help()),
            Self::History(error) => error.help(),
            Self::Report(error) => error.help(),
            Self::Check(error) => error.help(),
            Self::Replay(error) => error.help(),
            Self::Undo(error) => error.help(),
            Self::Exempt(error) => error.help(),
            Self::Pause(error) => error.help(),
            Self::Resume(error) => error.help(),
            Self::Explain(error) => error.help(),
            Self::DeadLetters(error) => error.help(),
            Self::Doctor(error) => error.help(),
            Self::Org(error) => error.help(),
            Self::Scp(error) => error.help(),
            Self::Sweep(error) => error.help(),
            Self::Settings(error) => error.help(),
            Self::Cloud(error) => error.help(),
            Self::Sandbox(error) => error.help(),
            Self::Output(_) => None,
        }
    }

    /// Says what is wrong on standard error. A reader that went away (`| head`) is not a failure.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Output(error) = self
            && error.kind() == std::io::ErrorKind::BrokenPipe
        {
            return ExitCode::from(exit::FINE);
        }
        let mut text = output::Text::new();
        let _ = write!(text, "{} {}", output::paint(Style::Bad, "error:"), escape::line(&self.to_string(), 2_000));
        if let Some(help) = self.help() {
            let _ = write!(text, "\n  {} {}", output::paint(Style::Strong, "help:"), escape::line(&help, 2_000));
        }
        output::talk(&text);
        ExitCode::from(self.code())
    }
}
