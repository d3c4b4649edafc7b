//! `rectify completions`

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{Cli, exit, failure::Failure, output};

/// Print shell completions, for example for `source <(rectify completions bash)`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rectify", &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(exit::FINE)
}
