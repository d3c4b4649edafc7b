//! The same event more than once, many at once, and events that overtake each other.

use futures::future::join_all;
use rectify_e2e::{ALICE, ALL_CORRECTIVE, Stage};
use rectify_sandbox::{Call, Fault};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_ten_times_at_once_is_one_correction_and_one_message() {
    let stage = Stage::new().await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    // The breach is made past the bus, so that the ten deliveries are the only ones.
    let acl = stage.example("put-bucket-acl-public", "data");
    make_public_unseen(&stage, "data").await;
    join_all((0..10).map(|_| stage.world.invoke("S3BucketGuard", &acl))).await;
    stage.settle().await;

    assert_eq!(stage.ended("corrected").len(), 1, "{}", stage.story());
    assert_eq!(stage.writes(), ["PutPublicAccessBlock", "PutBucketAcl"], "{}", stage.story());
    assert_eq!(stage.told("").len(), 1, "{}", stage.story());
    assert_eq!(stage.rows("correction#").await.len(), 1);
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// One look reads the ledger before the other claims, and the block after the other wrote it: of what is left between the two
/// changes of a correction nobody is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_into_the_middle_of_another_correction_tells_nothing() {
    let stage = Stage::new().await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    // The second event does not look like a breach by itself, so its first look counts.
    let public = stage.example("put-bucket-acl-public", "data");
    let private = stage.example("put-bucket-acl-private", "data");
    make_public_unseen(&stage, "data").await;
    let slow = |service: &str, operation: &str, nth, delay_ms| Fault {
        service: Some(service.to_owned()),
        operation: Some(operation.to_owned()),
        nth: Some(nth),
        delay_ms,
        ..Fault::default()
    };
    stage.faults(vec![
        slow("s3", "GetPublicAccessBlock", 2, 4_000),
        slow("dynamodb", "TransactWriteItems", 1, 2_000),
        slow("s3", "PutBucketAcl", 1, 4_000),
    ]);
    let later = async {
        // The first has read the block, and has not claimed yet.
        let read = |call: &Call| call.service == "s3" && call.operation == "GetPublicAccessBlock";
        while !stage.world.calls().iter().any(read) {
            tokio::task::yield_now().await;
        }
        stage.world.invoke("S3BucketGuard", &private).await
    };
    let (first, second) = futures::join!(stage.world.invoke("S3BucketGuard", &public), later);
    first.unwrap();
    second.unwrap();
    stage.settle().await;

    assert_eq!(stage.writes(), ["PutPublicAccessBlock", "PutBucketAcl"], "{}", stage.story());
    let told: Vec<_> = stage.told("").iter().map(|message| message["outcome"].clone()).collect();
    assert_eq!(told, ["corrected"], "{}", stage.story());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_event_about_a_bucket_that_is_fine_again_changes_nothing() {
    let stage = Stage::new().await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    let event = stage.example("put-bucket-acl-public", "data");
    let invocation = stage.world.invoke("S3BucketGuard", &event).await.unwrap();
    assert_eq!(invocation.response["outcomes"][0]["outcome"], "compliant", "{}", stage.story());
    assert!(stage.writes().is_empty());
    assert!(stage.ledger().await.is_empty(), "an event that needs nothing costs no write");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_breach_after_a_correction_is_corrected_again() {
    let stage = Stage::new().await;
    stage.aws.create_bucket("data").await;
    for round in 1..=3 {
        stage.aws.s3("DELETE", "/data?publicAccessBlock", &[], "").await;
        stage.settle().await;
        assert_eq!(stage.aws.block("data").await, Some([true; 4]), "round {round}\n{}", stage.story());
    }
    assert_eq!(stage.ended("corrected").len(), 3, "{}", stage.story());
    assert_eq!(stage.told("").len(), 3);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_buckets_at_once_are_all_corrected() {
    let settings =
        format!("{ALL_CORRECTIVE}\n[limits]\ncorrections-per-hour = 300\ncorrections-per-hour-everywhere = 300\n");
    let stage = Stage::with_settings(&settings).await;
    let names: Vec<String> = (0..200).map(|number| format!("data-{number}")).collect();
    for chunk in names.chunks(20) {
        join_all(chunk.iter().map(|name| stage.aws.create_bucket(name))).await;
    }
    stage.settle().await;
    join_all(names.iter().map(|name| stage.aws.put_acl(name, "public-read"))).await;
    stage.settle().await;
    for name in &names {
        assert!(!stage.aws.acl(name).await.contains("AllUsers"), "{name} is still public");
    }
    assert_eq!(stage.ended("corrected").len(), 200);
    assert_eq!(stage.told("").len(), 200, "one message each");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_budget_a_breach_is_told_once_and_left() {
    let settings = format!("{ALL_CORRECTIVE}\n[limits]\ncorrections-per-hour = 2\n");
    let stage = Stage::with_settings(&settings).await;
    for name in ["data-a", "data-b", "data-c"] {
        stage.aws.create_bucket(name).await;
        stage.settle().await;
        stage.aws.put_acl(name, "public-read").await;
        stage.settle().await;
    }
    assert_eq!(stage.ended("corrected").len(), 2, "{}", stage.story());
    let withheld = stage.ended("withheld");
    assert_eq!(withheld.len(), 1, "{}", stage.story());
    assert!(withheld[0].all["why"].as_str().unwrap().contains("limit of 2"), "{withheld:?}");
    assert!(stage.aws.acl("data-c").await.contains("AllUsers"), "nothing was changed");
    assert_eq!(stage.told("").len(), 3);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_deleted_while_it_is_corrected_is_superseded() {
    let stage = Stage::new().await;
    for name in ["data-a", "data-b", "data-c", "data-d", "data-e", "data-f"] {
        stage.aws.create_bucket(name).await;
        stage.settle().await;
        let public = stage.aws.put_acl(name, "public-read");
        public.await;
        stage.aws.s3("DELETE", &format!("/{name}"), &[], "").await;
        stage.settle().await;
    }
    let odd: Vec<_> = stage
        .ends()
        .into_iter()
        .filter(|end| !["corrected", "superseded", "compliant"].contains(&end.outcome.as_str()))
        .collect();
    assert!(odd.is_empty(), "{odd:#?}\n{}", stage.story());
    assert!(!stage.ended("superseded").is_empty(), "{}", stage.story());
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pausing_holds_every_correction_back_and_says_so() {
    let stage = Stage::new().await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    let switch = json!({"pk": {"S": "standing"}, "sk": {"S": "switch#all"}, "paused_at": {"N": "1"},
        "reason": {"S": "release weekend"}, "by": {"S": ALICE}});
    stage.put_row(switch).await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let withheld = stage.ended("withheld");
    assert_eq!(withheld.len(), 1, "{}", stage.story());
    assert!(withheld[0].all["why"].as_str().unwrap().contains("release weekend"), "{withheld:?}");
    assert!(stage.writes().is_empty());
    assert_eq!(stage.told("").len(), 1);
    stage.close().await;
}

/// Makes the bucket public without anybody hearing of it.
async fn make_public_unseen(stage: &Stage, bucket: &str) {
    stage.world.clear_records();
    stage.world.lose_events(true);
    stage.aws.put_acl(bucket, "public-read").await;
    stage.world.lose_events(false);
}
