//! Calls that fail by chance, breach after breach: whatever the dice say, every breach is closed, told and written down, and
//! nothing is called corrected that is not.

#![expect(clippy::print_stdout, reason = "the counts are there to be read")]

use rectify_e2e::{ALL_CORRECTIVE, Stage};
use rectify_sandbox::{Effect, Fault};

/// Limits that these tests do not reach.
const ROOMY: &str =
    "\n[limits]\ncorrections-per-hour = 10000\ncorrections-per-hour-everywhere = 10000\nreversals = 10000\n";

/// Breaches under way at once.
const AT_ONCE: usize = 3;

fn error(service: Option<&str>, status: u16, code: &str, percent: u8, seed: u64) -> Fault {
    let effect = Effect::Error { status, code: code.to_owned() };
    Fault { service: service.map(str::to_owned), effect, percent: Some(percent), seed, ..Fault::default() }
}

fn broken(seed: u64) -> Vec<Fault> {
    vec![error(None, 500, "InternalError", 30, seed)]
}

fn throttled(seed: u64) -> Vec<Fault> {
    vec![
        error(Some("s3"), 503, "SlowDown", 30, seed),
        error(Some("dynamodb"), 400, "ThrottlingException", 30, seed + 1),
    ]
}

fn cut(seed: u64) -> Vec<Fault> {
    vec![Fault { percent: Some(10), seed, effect: Effect::CutAfter, ..Fault::default() }]
}

/// So many buckets, opened while `faults` hold.
async fn opened(breaches: usize, faults: Vec<Fault>) -> (Stage, Vec<String>) {
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{ROOMY}")).await;
    let buckets: Vec<String> = (0..breaches).map(|number| format!("data-{number}")).collect();
    for bucket in &buckets {
        stage.aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    stage.faults(faults);
    for few in buckets.chunks(AT_ONCE) {
        for bucket in few {
            stage.aws.put_acl(bucket, "public-read").await;
        }
        stage.settle().await;
    }
    stage.faults(Vec::new());
    (stage, buckets)
}

async fn nothing_is_lost(name: &str, breaches: usize, faults: Vec<Fault>) {
    let (stage, buckets) = opened(breaches, faults).await;
    let calls = stage.world.calls();
    let hit = calls.iter().filter(|call| call.fault.is_some()).count();
    let all = calls.iter().filter(|call| call.function.is_some()).count();
    let again = stage.world.invocations().iter().filter(|run| run.attempt > 1).count();
    let (mut false_successes, mut open, mut untold, mut unclosed, mut messages) = (0, 0, 0, 0, 0);
    for bucket in &buckets {
        let about = stage.about(bucket).await;
        let public = stage.aws.acl(bucket).await.contains("AllUsers");
        let corrected = about.found.iter().any(|(_, outcome)| outcome == "corrected")
            || about.told.iter().any(|(_, outcome, _)| outcome == "corrected")
            || about.corrections.iter().any(|row| row["status"] == "corrected");
        false_successes += usize::from(public && corrected);
        open += usize::from(public);
        untold += usize::from(about.told.is_empty());
        messages += about.told.len();
        // An attempt whose tries all failed is closed as such, and the next one puts it right.
        let closed = about.corrections.iter().all(|row| row["closed_at"].is_i64());
        let corrected = about.corrections.iter().any(|row| row["status"] == "corrected");
        unclosed += usize::from(!(closed && corrected));
    }
    let letters = stage.dead_letters().await.len();
    println!(
        "{name}: {breaches} breaches, {hit} of {all} calls failed, {again} attempts again: {false_successes} false \
         successes, {open} open, {untold} untold, {unclosed} unclosed, {messages} messages, {letters} dead letters"
    );
    assert!(hit * 20 > all, "too few calls failed to say anything: {hit} of {all}");
    assert_eq!((false_successes, open, untold, unclosed), (0, 0, 0, 0), "{name}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_calls_in_ten_broken() {
    nothing_is_lost("broken", 30, broken(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_calls_in_ten_throttled() {
    nothing_is_lost("throttled", 30, throttled(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_in_ten_lost() {
    nothing_is_lost("answers lost", 30, cut(3)).await;
}

/// A state that nobody can see is neither right nor put right: somebody is told, or the event waits.
#[tokio::test(flavor = "multi_thread")]
async fn every_read_denied_is_never_a_success() {
    let denied = ["s3", "s3control"].map(|service| error(Some(service), 403, "AccessDenied", 100, 0));
    let (stage, buckets) = opened(30, denied.to_vec()).await;
    let mut told = 0;
    for bucket in &buckets {
        let about = stage.about(bucket).await;
        let success = |outcome: &str| ["corrected", "compliant", "superseded"].contains(&outcome);
        assert!(about.ends.iter().all(|end| !success(&end.outcome)), "{:#?}", about.ends);
        assert!(about.told.iter().all(|(_, outcome, _)| !success(outcome)), "{:#?}", about.told);
        assert!(!about.told.is_empty(), "{bucket}: nobody was told\n{:#?}", about.ends);
        assert!(about.writes.is_empty() && about.corrections.is_empty(), "{bucket}");
        told += 1;
    }
    println!("every read denied: {} breaches, {told} told, 0 successes", buckets.len());
    stage.close().await;
}

/// Ten times as many, with other dice:
/// `cargo nextest run -p rectify-e2e --test chance --run-ignored only --no-capture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn hundreds_of_breaches_lose_nothing() {
    nothing_is_lost("broken", 300, broken(101)).await;
    nothing_is_lost("throttled", 300, throttled(102)).await;
    nothing_is_lost("answers lost", 300, cut(103)).await;
}
