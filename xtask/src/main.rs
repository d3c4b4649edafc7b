//! What a person or CI does to this repository: `cargo xtask <command>`.
//!
//! **Architecture invariant:** depends on pure crates only, so that it builds in seconds; whatever needs an AWS SDK, the
//! sandbox or Python runs as a child process.

mod artefacts;
mod bench;
mod cost;
mod demo;
mod docs;
mod kinds;
mod messages;
mod new_guard;
mod policies;
mod race;
mod repo;
mod run;
mod template;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::repo::Repo;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Everything this repository does to itself")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play a story on this machine: a bucket is made public in three ways and put back each time
    Demo,
    /// Measure the guard: size, cold and warm start, memory, calls, round trips; see docs/performance.md
    Bench {
        /// How many events of each kind
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        runs: u32,
        /// Also as nearly as this machine can be a 128 MB function: TLS, 20 ms a call, a share of a processor
        #[arg(long)]
        lambda: bool,
        /// One JSON document in place of the table
        #[arg(long)]
        json: bool,
    },
    /// Measure `rectify replay` beside zcat, DuckDB, Python and jq on generated logs; see docs/performance.md
    Race {
        /// How many records
        #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
        records: u64,
        /// Best of how many runs
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
        runs: u32,
    },
    /// Run everything that can be tested on one machine, quickest check first; the test runner's totals come last
    Test {
        /// Only the step with this number
        #[arg(long, value_name = "STEP", value_parser = clap::value_parser!(u8).range(1..=i64::from(test::STEPS)))]
        only: Option<u8>,
    },
    /// Write template.yaml from the rule book
    Template {
        /// Write nothing; fail when the file is stale
        #[arg(long)]
        check: bool,
    },
    /// Write docs/controls/ from the rule book, docs/messages/, docs/schema/ and docs/cost.md
    Docs {
        /// Write nothing; fail when a page is stale
        #[arg(long)]
        check: bool,
    },
    /// Begin a guard: what compiles and is deployed, and an end-to-end test that fails; see docs/adding-a-guard.md
    NewGuard {
        /// The kind of resource, for example `kms-key`
        kind: String,
    },
    /// Check the rules of this repository
    Tidy {
        /// Look into what has been built instead: no build may carry AWS-LC's jitter entropy code
        #[arg(long)]
        artifacts: bool,
    },
}

fn main() -> ExitCode {
    let result = Repo::find().and_then(|repo| match Args::parse().command {
        Command::Bench { runs, lambda, json } => bench::run_bench(&repo, runs, lambda, json),
        Command::Race { records, runs } => race::run_race(&repo, records, runs),
        Command::Demo => demo::run_demo(&repo),
        Command::Test { only } => test::run_all(&repo, only),
        Command::Template { check } => repo.sync(&template::files(&kinds::all())?, check),
        Command::Docs { check } => repo.sync(&docs::files(&kinds::all())?, check),
        Command::NewGuard { kind } => new_guard::run(&repo, &kind),
        Command::Tidy { artifacts: true } => artefacts::check_jitter(&repo),
        Command::Tidy { artifacts: false } => tidy::run(&repo),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
