//! `cargo xtask race`: a replay beside what people use instead, on the same generated logs.

use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    repo::Repo,
    run::{cargo, command, quiet, run, say},
};

/// One way to an answer.
struct Runner {
    name: &'static str,
    /// What it answers.
    answers: &'static str,
    program: String,
    arguments: Vec<String>,
}

const DUCKDB: &str = r#"
import sys, duckdb
rows = duckdb.sql(f"""
  SELECT r.eventSource, r.eventName, count(*) FROM (
    SELECT unnest(Records) AS r FROM read_json('{sys.argv[1]}/**/*.json.gz',
      columns={{Records: 'STRUCT(eventSource VARCHAR, eventName VARCHAR)[]'}}, maximum_object_size=200000000)
  ) GROUP BY ALL ORDER BY 3 DESC""").fetchall()
print(len(rows), sum(row[2] for row in rows))
"#;

const PYTHON: &str = r#"
import sys, gzip, json, glob, collections, multiprocessing
def names(file):
    return collections.Counter((r["eventSource"], r["eventName"]) for r in json.load(gzip.open(file))["Records"])
if __name__ == "__main__":
    total = collections.Counter()
    with multiprocessing.Pool() as pool:
        for counted in pool.imap_unordered(names, glob.glob(sys.argv[1] + "/**/*.json.gz", recursive=True), 16):
            total.update(counted)
    print(len(total), sum(total.values()))
"#;

/// Generates `records` records and times everybody, best of `runs`.
///
/// # Errors
/// When the project's own programs cannot be built or run. Who else is not installed is left out, and named.
pub(crate) fn run_race(repo: &Repo, records: u64, runs: u32) -> Result<()> {
    let root = repo.root();
    run(&mut cargo(&["build", "--release", "--locked", "-p", "rectify-cli"], root))?;
    run(&mut cargo(&["build", "--release", "--locked", "-p", "rectify-replay", "--examples"], root))?;
    let release = repo.target().join("release");
    let logs = repo.target().join(format!("race/{records}"));
    if !logs.is_dir() {
        let number = records.to_string();
        let logs = logs.to_string_lossy();
        run(&mut command(release.join("examples/logs"), &[&logs, &number], root))?;
    }
    let logs = logs.to_string_lossy().into_owned();
    let mut missing = Vec::new();
    let mut table = String::from("| what | answers | best | most memory |\n|---|---|---:|---:|\n");
    for runner in runners(&release, &logs) {
        if quiet(Command::new("sh").args(["-c", &format!("command -v '{}'", runner.program)])).is_none()
            || (runner.name.starts_with("DuckDB")
                && quiet(Command::new(&runner.program).args(["-c", "import duckdb"])).is_none())
        {
            missing.push(runner.name);
            continue;
        }
        let mut best: Option<(Duration, u64)> = None;
        for _ in 0..runs {
            let once = once(&runner, root).with_context(|| format!("{} did not run", runner.name))?;
            best = Some(best.map_or(once, |best| best.min(once)));
        }
        let Some((time, memory)) = best else { bail!("no runs") };
        let _ = writeln!(
            table,
            "| {} | {} | {:.2} s | {} MB |",
            runner.name,
            runner.answers,
            time.as_secs_f64(),
            memory / 1000
        );
        eprintln!("{}: {:.2} s", runner.name, time.as_secs_f64());
    }
    if !missing.is_empty() {
        let _ = writeln!(table, "\nNot installed here: {}.", missing.join(", "));
    }
    say(&table)
}

fn runners(release: &Path, logs: &str) -> Vec<Runner> {
    let own = |name: &str| release.join(name).to_string_lossy().into_owned();
    let runner = |name, answers, program: String, arguments: &[&str]| Runner {
        name,
        answers,
        program,
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
    };
    let shell = |line: &str| format!("find '{logs}' -name '*.json.gz' -print0 | xargs -0 -P \"$(nproc)\" -n 64 {line}");
    vec![
        runner("libdeflate", "nothing: the bytes", own("examples/inflate"), &[logs]),
        runner(
            "`rectify replay`",
            "verdicts, exposures, counts by name",
            own("rectify"),
            &["replay", logs, "--output", "json"],
        ),
        runner("`zcat`", "nothing: the bytes", "sh".to_owned(), &["-c", &shell("zcat > /dev/null")]),
        runner("DuckDB", "counts by name", "python3".to_owned(), &["-c", DUCKDB, logs]),
        runner("Python", "counts by name", "python3".to_owned(), &["-c", PYTHON, logs]),
        runner(
            "`jq`",
            "counts by name",
            "sh".to_owned(),
            &[
                "-c",
                &shell(
                    "sh -c 'zcat \"$@\" | jq -r \".Records[] | .eventSource + .eventName\"' -- | sort | uniq -c > /dev/null",
                ),
            ],
        ),
    ]
}

/// Time, and kilobytes of memory of the largest process.
fn once(runner: &Runner, root: &Path) -> Result<(Duration, u64)> {
    let arguments: Vec<&str> = runner.arguments.iter().map(String::as_str).collect();
    // The one thing that a shell cannot say of its child.
    let timed = quiet(Command::new("sh").args(["-c", "command -v /usr/bin/time"])).is_some();
    let mut child = if timed {
        let mut timed = command("/usr/bin/time", &["-f", "%M", &runner.program], root);
        timed.args(&arguments);
        timed
    } else {
        command(&runner.program, &arguments, root)
    };
    let begin = Instant::now();
    let output = child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let took = begin.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{}", said.trim());
    }
    Ok((took, said.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or_default()))
}
