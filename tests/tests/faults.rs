//! Every dependency failing in turn: never a change without a ledger row, never «corrected» without proof, never a lost
//! finding.

use rectify_e2e::{ALL_CORRECTIVE, Stage};
use rectify_sandbox::{Effect, Fault};
use serde_json::Value;

fn fault(service: &str, effect: Effect) -> Fault {
    Fault { service: Some(service.to_owned()), effect, ..Fault::default() }
}

/// Guards hand messages over; whoever else uses the queue is not disturbed.
fn outbox(effect: Effect) -> Fault {
    Fault {
        operation: Some("SendMessage".to_owned()),
        function: Some("S3BucketGuard".to_owned()),
        ..fault("sqs", effect)
    }
}

fn error(status: u16, code: &str) -> Effect {
    Effect::Error { status, code: code.to_owned() }
}

/// A bucket that is about to become public.
async fn stage() -> Stage {
    stage_with("").await
}

async fn stage_with(more: &str) -> Stage {
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}\n{more}")).await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    stage.world.clear_records();
    stage
}

/// What must hold whatever failed: a change has a row that was written before it, «corrected» is true, and a breach that is
/// still there was told or is waiting in the dead-letter queue.
async fn nothing_is_lost(stage: &Stage) {
    stage.faults(Vec::new());
    let rows = stage.rows("correction#").await;
    let calls = stage.world.calls();
    let claim = calls.iter().find(|call| call.operation == "TransactWriteItems" && call.status == 200);
    for write in
        calls.iter().filter(|call| call.function.is_some() && call.service == "s3" && call.operation.starts_with("Put"))
    {
        let claimed = claim.is_some_and(|claim| claim.end_ns <= write.start_ns);
        assert!(claimed && !rows.is_empty(), "{} without a ledger row\n{}", write.operation, stage.story());
    }
    let public = stage.aws.acl("data").await.contains("AllUsers");
    let shielded = stage.aws.block("data").await.is_some_and(|flags| flags[1]);
    if !stage.ended("corrected").is_empty() {
        assert!(!public, "«corrected», and the bucket is public\n{}", stage.story());
    }
    if public && !shielded {
        let told = !stage.told("").is_empty();
        assert!(told || !stage.dead_letters().await.is_empty(), "the finding is lost\n{}", stage.story());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_ledger_changes_nothing_and_tells() {
    let stage = stage().await;
    for effect in [error(500, "InternalServerError"), Effect::Cut] {
        stage.faults(vec![fault("dynamodb", effect)]);
        stage.aws.put_acl("data", "public-read").await;
        stage.settle().await;
        assert!(stage.writes().is_empty(), "{}", stage.story());
        let told = stage.told("s3-bucket-public-acl");
        assert!(!told.is_empty(), "{}", stage.story());
        assert!(told.iter().all(|told| told["outcome"] == "withheld"), "{told:#?}");
        assert!(!stage.dead_letters().await.is_empty(), "the event waits for the ledger\n{}", stage.story());
        nothing_is_lost(&stage).await;
        stage.world.clear_records();
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_that_answers_on_the_second_attempt_gets_the_message() {
    let stage = stage().await;
    // The SDK tries six times; the seventh call is Lambda's second attempt.
    stage.faults(vec![Fault { times: Some(6), ..outbox(error(500, "InternalFailure")) }]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 1, "{}", stage.story());
    assert_eq!(stage.writes(), ["PutPublicAccessBlock", "PutBucketAcl"], "corrected once\n{}", stage.story());
    assert_eq!(stage.rows("correction#").await[0]["status"], "corrected");
    nothing_is_lost(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_outbox_leaves_the_event_in_the_dead_letter_queue() {
    let stage = stage().await;
    stage.faults(vec![outbox(Effect::Cut)]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(!stage.aws.acl("data").await.contains("AllUsers"), "the correction does not wait for the message");
    assert_eq!(stage.rows("correction#").await.len(), 1);
    let letters = stage.dead_letters().await;
    assert_eq!(letters.len(), 1, "{}", stage.story());
    assert!(letters[0]["Body"].as_str().unwrap().contains("PutBucketAcl"));
    stage.close().await;
}

/// The block is written and the ACL is not, because S3 is busy for longer than the SDK's tries: waited for, and not left half
/// closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_change_that_s3_is_too_busy_for_is_tried_again_in_the_same_call() {
    let stage = stage().await;
    // The SDK tries six times; the second round of tries gets through.
    let busy =
        Fault { operation: Some("PutBucketAcl".to_owned()), times: Some(8), ..fault("s3", error(503, "SlowDown")) };
    stage.faults(vec![busy]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(!stage.aws.acl("data").await.contains("AllUsers"), "{}", stage.story());
    let outcomes: Vec<_> = stage.told("s3-bucket-public-acl").iter().map(|told| told["outcome"].clone()).collect();
    assert_eq!(outcomes, ["corrected"], "{}", stage.story());
    let again = stage.world.invocations().iter().filter(|invocation| invocation.attempt > 1).count();
    assert_eq!(again, 0, "{}", stage.story());
    nothing_is_lost(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_on_every_third_call_only_costs_time() {
    let stage = stage().await;
    stage.faults(vec![Fault { every: Some(3), effect: error(503, "SlowDown"), ..Fault::default() }]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert_eq!(stage.ended("corrected").len(), 1, "{}", stage.story());
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 1, "{}", stage.story());
    nothing_is_lost(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_single_call_failing_once_loses_nothing() {
    let stage =
        stage_with("[limits]\ncorrections-per-hour = 1000\ncorrections-per-hour-everywhere = 1000\nreversals = 1000")
            .await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let calls = stage.world.calls().iter().filter(|call| call.function.is_some()).count();
    assert!(calls > 10, "{}", stage.story());
    for effect in [error(500, "InternalError"), Effect::Cut, Effect::CutAfter, Effect::Truncate] {
        for nth in 1..=16 {
            let bucket = "data";
            reset(&stage, bucket).await;
            stage.faults(vec![Fault { nth: Some(nth), effect: effect.clone(), ..Fault::default() }]);
            stage.aws.put_acl(bucket, "public-read").await;
            stage.settle().await;
            nothing_is_lost(&stage).await;
            assert!(!stage.aws.acl(bucket).await.contains("AllUsers"), "call {nth}, {effect:?}\n{}", stage.story());
            assert!(!stage.told("s3-bucket-public-acl").is_empty(), "call {nth}, {effect:?}\n{}", stage.story());
            assert!(stage.dead_letters().await.is_empty(), "call {nth}, {effect:?}\n{}", stage.story());
        }
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_that_has_no_effect_is_not_called_corrected() {
    let stage = stage().await;
    // Both writes seem to work and reach nothing: S3 is told to lie.
    stage.faults(vec![
        Fault { operation: Some("PutBucketAcl".to_owned()), ..fault("s3", Effect::Pretend) },
        Fault { operation: Some("PutPublicAccessBlock".to_owned()), ..fault("s3", Effect::Pretend) },
    ]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(stage.ended("corrected").is_empty(), "{}", stage.story());
    assert_eq!(stage.ended("not-proven").len(), 1, "{}", stage.story());
    let told = stage.told("s3-bucket-public-acl");
    assert_eq!(told.len(), 1, "{}", stage.story());
    assert_eq!(told[0]["alarm"], Value::Bool(true));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_is_told_as_failed() {
    let stage = stage().await;
    stage.faults(vec![
        Fault { operation: Some("PutBucketAcl".to_owned()), ..fault("s3", error(403, "AccessDenied")) },
        Fault { operation: Some("PutPublicAccessBlock".to_owned()), ..fault("s3", error(403, "AccessDenied")) },
    ]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let failed = stage.ended("failed");
    assert_eq!(failed.len(), 1, "{}", stage.story());
    assert!(failed[0].all["why"].as_str().unwrap().contains("AccessDenied"), "{failed:?}");
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 1);
    nothing_is_lost(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_denied_is_unverifiable_never_compliant() {
    let stage = stage().await;
    stage.faults(vec![Fault { operation: Some("GetBucketAcl".to_owned()), ..fault("s3", error(403, "AccessDenied")) }]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(stage.writes().is_empty());
    let told = stage.told("s3-bucket-public-acl");
    assert_eq!(told.len(), 1, "{}", stage.story());
    assert!(told[0]["summary"].as_str().unwrap().contains("cannot be judged"), "{told:#?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_s3_is_waited_for() {
    let stage = stage().await;
    stage.faults(vec![Fault { delay_ms: 3000, times: Some(6), ..fault("s3", Effect::None) }]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert_eq!(stage.ended("corrected").len(), 1, "{}", stage.story());
    nothing_is_lost(&stage).await;
    stage.close().await;
}

/// A private bucket without a block again, and an empty record.
async fn reset(stage: &Stage, bucket: &str) {
    stage.faults(Vec::new());
    stage.world.lose_events(true);
    stage.aws.put_acl(bucket, "private").await;
    stage.aws.try_s3("DELETE", &format!("/{bucket}?publicAccessBlock"), &[], "").await;
    stage.world.lose_events(false);
    stage.settle().await;
    stage.world.clear_records();
}
