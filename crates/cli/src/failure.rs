//! Why a command did not do what it was asked for.

use std::{fmt::Write as _, process::ExitCode};

use rectify_render::{Style, escape};

use crate::{command, exit, output};

/// An expected failure: the user's or the machine's. What is left is a bug, and panics.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Policy(#[from] command::policy::Error),
    #[error(transparent)]
    Controls(#[from] command::controls::Error),
    #[error(transparent)]
    Sandbox(#[from] command::sandbox::Error),
    #[error("could not write to standard output: {0}")]
    Output(std::io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Policy(_) | Self::Controls(_) => exit::USAGE,
            Self::Sandbox(error) => error.code(),
            Self::Output(_) => exit::MACHINE,
        }
    }

    /// The next step.
    fn help(&self) -> Option<String> {
        match self {
            Self::Policy(error) => error.help(),
            Self::Controls(_) => Some("`rectify controls` lists them".to_owned()),
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
