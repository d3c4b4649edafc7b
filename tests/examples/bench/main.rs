//! Measures the real guard in the sandbox and prints one JSON document. `cargo xtask bench` builds and runs it, and makes a
//! table of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on has failed"
)]

mod emulation;
mod numbers;
mod sample;

use std::{io::Write as _, process::Command, sync::Arc};

use rectify_e2e::{ALL_CORRECTIVE, Stage};
use serde_json::{Value, json};

use crate::{
    emulation::{Door, Share},
    numbers::summary,
    sample::Sample,
};

const GUARD: &str = "S3BucketGuard";

/// What a bucket looks like when the event about it arrives, and what has to come of it.
struct Case {
    name: &'static str,
    /// The event, in `events/s3-bucket`.
    event: &'static str,
    outcome: &'static str,
}

const CASES: [Case; 4] = [
    Case { name: "one change", event: "delete-bucket-public-access-block", outcome: "corrected" },
    Case { name: "two changes", event: "put-bucket-acl-public", outcome: "corrected" },
    Case { name: "nothing to do", event: "put-bucket-acl-private", outcome: "compliant" },
    Case { name: "not for us", event: "put-bucket-acl-failed", outcome: "ignored" },
];
/// The one that is also measured cold: it makes every call there is.
const COLD: usize = 1;

/// The settings: everything is put back, and no budget ends the measurement.
fn settings() -> String {
    format!(
        "{ALL_CORRECTIVE}[limits]\ncorrections-per-hour = 100000\ncorrections-per-hour-everywhere = 100000\nreversals = 100000\n"
    )
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let runs: usize = arguments.next().and_then(|runs| runs.parse().ok()).unwrap_or(20);
    let mut report = json!({"runs": runs, "here": here(runs).await});
    if arguments.next().as_deref() == Some("--lambda") {
        report["lambda"] = as_in_lambda(runs).await;
    }
    writeln!(std::io::stdout().lock(), "{report:#}").unwrap();
}

/// On this machine as it is.
async fn here(runs: usize) -> Value {
    let stage = Stage::with_settings(&settings()).await;
    let mut process = None;
    warm_the_cloud(&stage, &mut process).await;
    let cold = cold(&stage, &mut process, runs).await;
    let mut cases = serde_json::Map::new();
    for case in &CASES {
        cases.insert(case.name.to_owned(), summary(&warm(&stage, &mut process, case, runs).await));
    }
    stage.close().await;
    json!({"cold": summary(&cold), "warm": cases})
}

/// As nearly as this machine can be a 128 MB function in AWS.
async fn as_in_lambda(runs: usize) -> Value {
    let gateway = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (door, port) = Door::open(gateway).await;
    let share = Share::new().map(Arc::new);
    let throttled = share.is_some();
    let held = share.clone();
    let stage = Stage::build(&settings(), |builder| {
        let variables = emulation::variables(port, &door.roots());
        let builder = variables.into_iter().fold(builder, |builder, (name, value)| builder.variable(name, value));
        builder.port(gateway).ready(move |pid| {
            if let Some(share) = &held {
                share.hold(pid);
            }
        })
    })
    .await;
    let mut process = None;
    warm_the_cloud(&stage, &mut process).await;
    stage.faults(emulation::slow_calls());
    let cold = cold(&stage, &mut process, runs).await;
    let warm = warm(&stage, &mut process, &CASES[COLD], runs).await;
    stage.close().await;
    json!({
        "cold": summary(&cold),
        "warm": {"two changes": summary(&warm)},
        "call_ms": emulation::CALL_MS,
        "processor_share": throttled.then_some(emulation::SHARE),
    })
}

/// Cold starts, each with the event that makes every call there is.
async fn cold(stage: &Stage, process: &mut Option<u32>, runs: usize) -> Vec<Sample> {
    let mut samples = Vec::new();
    for run in 0..runs {
        progress("cold", run, runs);
        end_the_process(stage).await;
        samples.push(measure(stage, process, &CASES[COLD], &format!("bench-cold-{run}")).await);
    }
    assert!(samples.iter().all(|sample| sample.init_ns.is_some()), "a cold start was warm");
    samples
}

/// Events to a process that has had some already.
async fn warm(stage: &Stage, process: &mut Option<u32>, case: &Case, runs: usize) -> Vec<Sample> {
    // The first events of a process open connections and grow buffers.
    for run in 0..3 {
        measure(stage, process, case, &format!("bench-{}-first-{run}", case.event)).await;
    }
    let mut samples = Vec::new();
    for run in 0..runs {
        progress(case.name, run, runs);
        samples.push(measure(stage, process, case, &format!("bench-{}-{run}", case.event)).await);
    }
    assert!(samples.iter().all(|sample| sample.init_ns.is_none()), "a warm event was cold");
    samples
}

fn progress(what: &str, run: usize, runs: usize) {
    if run.is_multiple_of(10) {
        eprintln!("{what}: {run} of {runs}");
    }
}

/// The emulator loads each service when it is first asked. From now on one event at a time: in AWS the events of the
/// correction's own calls are handled on other machines.
async fn warm_the_cloud(stage: &Stage, process: &mut Option<u32>) {
    stage.world.lose_events(true);
    for case in &CASES {
        measure(stage, process, case, &format!("warm-up-{}", case.event)).await;
    }
}

/// Sends one event about a bucket that is in the state the event speaks of, to `process` unless that has ended.
async fn measure(stage: &Stage, process: &mut Option<u32>, case: &Case, bucket: &str) -> Sample {
    stage.aws.create_bucket(bucket).await;
    match case.event {
        "put-bucket-acl-public" => stage.aws.put_acl(bucket, "public-read").await,
        "put-bucket-acl-private" => stage.aws.put_block(bucket, true).await,
        _ => {}
    }
    let mut event = stage.example(case.event, bucket);
    event["id"] = Value::from(bucket);
    let before = process.and_then(sample::cpu_ns);
    let invocation = stage.world.invoke(GUARD, &event).await.expect("the world has the guard");
    let after = invocation.pid.and_then(sample::cpu_ns);
    let outcomes: Vec<&Value> =
        invocation.response["outcomes"].as_array().into_iter().flatten().map(|ended| &ended["outcome"]).collect();
    assert_eq!(outcomes, [case.outcome], "{}: {invocation:?}", case.name);
    let spent = if invocation.cold { after } else { after.zip(before).map(|(after, before)| after - before) };
    *process = invocation.pid;
    let calls = stage.world.calls();
    let calls = calls.iter().filter(|call| call.request_id.as_ref() == Some(&invocation.request_id));
    let sample = Sample::new(&invocation, calls, spent);
    stage.world.clear_records();
    sample
}

/// The next event finds no process.
async fn end_the_process(stage: &Stage) {
    let event = stage.example("put-bucket-acl-failed", "bench-any");
    let pid = stage.world.invoke(GUARD, &event).await.unwrap().pid.expect("an answer comes from a process");
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    // The sandbox notices with the next event, which is lost.
    let lost = stage.world.invoke(GUARD, &event).await.unwrap();
    assert_eq!(lost.pid, Some(pid));
    stage.world.clear_records();
}
