//! A function that is killed, at any call, leads to the same end as one that is not: one correction, at least one message,
//! and a ledger that tells the truth.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, time::Duration};

use rectify_e2e::{ALL_CORRECTIVE, Stage};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

/// Limits that these tests do not reach.
const ROOMY: &str =
    "\n[limits]\ncorrections-per-hour = 10000\ncorrections-per-hour-everywhere = 10000\nreversals = 10000\n";

async fn stage() -> Stage {
    Stage::with_settings(&format!("{ALL_CORRECTIVE}{ROOMY}")).await
}

/// What must hold for a bucket whose breach is over.
async fn as_if_nothing_had_happened(stage: &Stage, bucket: &str, case: &str) {
    let about = stage.about(bucket).await;
    let story = || format!("{case}\n{:#?}\n{}", about.corrections, stage.story());
    assert!(!stage.aws.acl(bucket).await.contains("AllUsers"), "the bucket is public: {}", story());
    assert_eq!(stage.aws.block(bucket).await, Some([true, true, false, false]), "{}", story());
    assert_eq!(about.corrections.len(), 1, "exactly one correction: {}", story());
    let row = &about.corrections[0];
    assert_eq!(row["status"], "corrected", "{}", story());
    assert!(row["proof"].is_string() && row["closed_at"].is_i64(), "{}", story());
    let done: Value = serde_json::from_str(row["outcome"].as_str().unwrap()).unwrap();
    assert_eq!(done["done"].as_array().unwrap().len(), 2, "the ledger says what was done: {}", story());
    let told = about.told.iter().filter(|(_, outcome, _)| outcome == "corrected").count();
    assert!(told >= 1, "nobody was told: {}", story());
    let finding = about.findings.iter().find(|row| row["control"] == "s3-bucket-public-acl");
    assert_eq!(finding.unwrap()["outcome"], "corrected", "{}", story());
    assert!(stage.dead_letters().await.is_empty(), "{}", story());
}

/// Lambda tries again, with the same request id.
async fn killed_at_each_call(effect: Effect) {
    let stage = stage().await;
    stage.aws.create_bucket("measure").await;
    stage.settle().await;
    stage.world.clear_records();
    stage.aws.put_acl("measure", "public-read").await;
    stage.settle().await;
    let first = stage.world.invocations()[0].clone();
    let calls =
        stage.world.calls().iter().filter(|call| call.function.is_some() && call.end_ns <= first.end_ns).count();
    assert!(calls >= 12, "{calls}\n{}", stage.story());
    for nth in 1..=u64::try_from(calls).unwrap() {
        let bucket = format!("data-{nth}");
        stage.faults(Vec::new());
        stage.aws.create_bucket(&bucket).await;
        stage.settle().await;
        stage.world.clear_records();
        stage.faults(vec![Fault { nth: Some(nth), effect: effect.clone(), ..Fault::default() }]);
        stage.aws.put_acl(&bucket, "public-read").await;
        stage.settle().await;
        let killed = stage.world.invocations().iter().filter(|run| run.attempt > 1).count();
        assert!(killed >= 1, "call {nth}: nothing was killed\n{}", stage.story());
        as_if_nothing_had_happened(&stage, &bucket, &format!("killed at call {nth}, {effect:?}")).await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_any_call_changes_nothing_about_the_end() {
    killed_at_each_call(Effect::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_any_call_changes_nothing_about_the_end() {
    killed_at_each_call(Effect::KillAfter).await;
}

/// The event comes again from elsewhere, with a request id of its own: whoever gets it waits for the dead one's lease.
#[tokio::test(flavor = "multi_thread")]
async fn another_delivery_finishes_what_a_dead_function_began() {
    let stage =
        Stage::build(&format!("{ALL_CORRECTIVE}{ROOMY}"), |world| world.retry_delay(Duration::from_secs(3600))).await;
    for (case, operation) in ["TransactWriteItems", "PutPublicAccessBlock", "PutBucketAcl"].into_iter().enumerate() {
        let bucket = format!("data-{case}");
        stage.aws.create_bucket(&bucket).await;
        stage.settle().await;
        stage.world.lose_events(true);
        stage.aws.put_acl(&bucket, "public-read").await;
        stage.world.clear_records();
        let event = stage.example("put-bucket-acl-public", &bucket);
        stage.faults(vec![Fault {
            operation: Some(operation.to_owned()),
            times: Some(1),
            effect: Effect::KillAfter,
            ..Fault::default()
        }]);
        let died = stage.world.invoke("S3BucketGuard", &event).await.unwrap();
        assert_ne!(died.outcome, rectify_sandbox::Outcome::Success, "{operation}");
        let second = stage.world.invoke("S3BucketGuard", &event).await.unwrap();
        assert_eq!(second.outcome, rectify_sandbox::Outcome::Success, "{operation}: {:#?}", second.response);
        as_if_nothing_had_happened(&stage, &bucket, operation).await;
        stage.world.lose_events(false);
    }
    stage.close().await;
}

/// What is exempted, paused or only told by the time somebody finds the dead function's lease is not finished.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_changed_any_more_is_not_finished() {
    let stage =
        Stage::build(&format!("{ALL_CORRECTIVE}{ROOMY}"), |world| world.retry_delay(Duration::from_secs(3600))).await;
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let exemption = json!({"origin": {"row": {"id": "e-1", "by": "alice", "at": until}}, "control": "*",
        "resource": "arn:aws:s3:::exempt", "owner": "a", "reason": "b", "ticket": "c", "until": until});
    let rows = [
        (
            "exempt",
            json!({"pk": {"S": "standing"}, "sk": {"S": "exemption#e-1"}, "exemption": {"S": exemption.to_string()}}),
        ),
        (
            "paused",
            json!({"pk": {"S": "standing"}, "sk": {"S": "switch#all"}, "paused_at": {"N": "1"},
            "reason": {"S": "stop"}, "by": {"S": "alice"}}),
        ),
    ];
    for (bucket, row) in rows {
        stage.aws.create_bucket(bucket).await;
        stage.settle().await;
        stage.world.lose_events(true);
        stage.aws.put_acl(bucket, "public-read").await;
        let event = stage.example("put-bucket-acl-public", bucket);
        stage.faults(vec![Fault {
            operation: Some("PutPublicAccessBlock".to_owned()),
            times: Some(1),
            effect: Effect::KillAfter,
            ..Fault::default()
        }]);
        stage.world.invoke("S3BucketGuard", &event).await.unwrap();
        stage.faults(Vec::new());
        stage.put_row(row).await;
        stage.world.clear_records();
        let second = stage.world.invoke("S3BucketGuard", &event).await.unwrap();
        assert_eq!(second.outcome, rectify_sandbox::Outcome::Success, "{bucket}: {:#?}", second.response);
        assert!(stage.writes().is_empty(), "{bucket}: {}", stage.story());
        assert!(stage.aws.acl(bucket).await.contains("AllUsers"), "{bucket}");
        stage.world.lose_events(false);
    }
    stage.close().await;
}

/// Kills at random points, many at once. What Lambda gave up on waits in the dead-letter queue, and one more delivery ends it.
async fn killed_by_chance(seed: u64) -> usize {
    let stage = stage().await;
    let buckets: Vec<String> = (0..24).map(|number| format!("data-{number}")).collect();
    for bucket in &buckets {
        stage.aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    stage.faults(vec![Fault { percent: Some(6), seed, effect: Effect::KillAfter, ..Fault::default() }]);
    for bucket in &buckets {
        stage.aws.put_acl(bucket, "public-read").await;
    }
    stage.settle().await;
    stage.faults(Vec::new());
    let killed = stage.world.invocations().iter().filter(|run| run.outcome == rectify_sandbox::Outcome::Crash).count();
    assert!(killed >= 10, "only {killed} were killed");
    let mut letters = BTreeMap::new();
    for _ in 0..10 {
        for letter in stage.dead_letters().await {
            letters.insert(letter["MessageId"].to_string(), letter["Body"].as_str().unwrap().to_owned());
        }
    }
    for body in letters.values() {
        let event: Value = serde_json::from_str(body).unwrap();
        let again = stage.world.invoke("S3BucketGuard", &event).await.unwrap();
        assert_eq!(again.outcome, rectify_sandbox::Outcome::Success, "{:#?}", again.response);
    }
    stage.settle().await;
    for bucket in &buckets {
        let about = stage.about(bucket).await;
        assert!(!stage.aws.acl(bucket).await.contains("AllUsers"), "{bucket} is public\n{:#?}", about.ends);
        assert_eq!(about.corrections.len(), 1, "{bucket}: {:#?}", about.corrections);
        assert_eq!(
            about.corrections[0]["status"], "corrected",
            "{bucket}: {:#?}\n{:#?}",
            about.corrections, about.ends
        );
        assert!(!about.told.is_empty(), "{bucket}: nobody was told");
    }
    assert_eq!(json!(stage.rows("correction#").await.len()), json!(buckets.len()));
    stage.close().await;
    killed
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_lose_nothing() {
    killed_by_chance(7).await;
}

/// The same with other dice, 288 corrections in all:
/// `cargo nextest run -p rectify-e2e --test kills --run-ignored only --no-capture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn hundreds_of_random_kills_lose_nothing() {
    let mut killed = 0;
    for seed in 100..112 {
        killed += killed_by_chance(seed).await;
    }
    println!("288 corrections, {killed} kills, nothing lost");
}
