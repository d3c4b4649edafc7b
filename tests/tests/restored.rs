//! Undoing a correction: it holds, it can be undone itself, and what must not be undone is refused. That every kind of change
//! comes back as it stood is in `undone.rs`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use rectify_e2e::{ACCOUNT, Stage, resource, undo};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

const ACL: &str = "s3-bucket-public-acl";

/// Everything of a bucket that a correction can write.
const PARTS: [&str; 8] =
    ["acl", "policy", "publicAccessBlock", "ownershipControls", "encryption", "website", "logging", "versioning"];

/// The raw answers about every part. A website's elements are sorted: moto gives back the text it was sent, S3 writes its own.
async fn raw(stage: &Stage, bucket: &str) -> Vec<(String, Option<String>)> {
    let mut parts = Vec::new();
    for part in PARTS {
        let mut text = stage.aws.get(bucket, part).await;
        if part == "website" {
            text = text.map(|text| {
                let mut elements: Vec<&str> = text.split('<').filter(|element| !element.starts_with('?')).collect();
                elements.sort_unstable();
                elements.join("<")
            });
        }
        parts.push((part.to_owned(), text));
    }
    parts
}

fn id_of(answer: &Value) -> String {
    answer["undo"].as_str().unwrap().to_owned()
}

async fn public_bucket(stage: &Stage, bucket: &str) -> (Vec<(String, Option<String>)>, String) {
    stage.world.lose_events(true);
    stage.aws.create_bucket(bucket).await;
    stage.aws.put_acl(bucket, "public-read").await;
    let stood = raw(stage, bucket).await;
    stage.world.lose_events(false);
    let look = json!({"rectify": "look", "resource": resource(bucket), "controls": [ACL], "because": "request"});
    let answer = stage.order(&look).await;
    stage.settle().await;
    let about = stage.about(bucket).await;
    assert_eq!(about.corrections.len(), 1, "{bucket}: {answer:#}");
    (stood, about.corrections[0]["correction"].as_str().unwrap().to_owned())
}

/// An undo holds, also against the controls that the restored state breaks; undoing it brings the correction back, and the
/// next breach is corrected again.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_holds_until_it_is_undone() {
    let stage = Stage::new().await;
    let (stood, id) = public_bucket(&stage, "data").await;
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    let first = id_of(&answer);
    stage.settle().await;
    // Somebody's harmless change to the block makes the guard look at all of it.
    let look = json!({"rectify": "look", "resource": resource("data"), "because": "request",
        "controls": [ACL, "s3-bucket-block-public-access-off"]});
    let looked = stage.order(&look).await;
    stage.settle().await;
    assert_eq!(raw(&stage, "data").await, stood, "{looked:#}");
    assert_eq!(stage.rows("exemption#").await.len(), 2, "the correction's control, and the block's");

    let twice = stage.order(&undo(&resource("data"), &id)).await;
    assert_eq!(twice["outcome"], "refused");
    assert!(twice["why"].as_str().unwrap().contains(&first), "{twice:#}");

    let back = stage.order(&undo(&resource("data"), &first)).await;
    assert_eq!(back["outcome"], "restored", "{back:#}");
    assert_eq!(back["until"], Value::Null);
    stage.settle().await;
    assert!(!stage.aws.acl("data").await.contains("AllUsers"));
    assert!(stage.rows("exemption#").await.is_empty());
    let again = stage.order(&undo(&resource("data"), &id)).await;
    assert_eq!(again["outcome"], "restored", "what was brought back can be undone once more: {again:#}");
    stage.settle().await;
    let third = stage.order(&undo(&resource("data"), &id_of(&again))).await;
    assert_eq!(third["outcome"], "restored", "{third:#}");
    stage.world.lose_events(true);
    stage.aws.s3("DELETE", "/data?publicAccessBlock", &[], "").await;
    stage.world.lose_events(false);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(!stage.aws.acl("data").await.contains("AllUsers"), "{:#?}", stage.ends());
    stage.close().await;
}

/// Who changed the resource since is not overwritten in silence.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_since_is_shown_and_kept() {
    let stage = Stage::new().await;
    let (stood, id) = public_bucket(&stage, "data").await;
    stage.world.lose_events(true);
    stage.aws.tag("data", "team", "web").await;
    stage.aws.s3("DELETE", "/data?publicAccessBlock", &[], "").await;
    stage.aws.put_acl("data", "authenticated-read").await;
    stage.world.lose_events(false);
    let theirs = raw(&stage, "data").await;
    stage.world.clear_records();
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    assert_eq!(answer["outcome"], "changed", "{answer:#}");
    let parts: Vec<&str> =
        answer["differences"].as_array().unwrap().iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["public-access-block", "acl"], "{answer:#}");
    assert!(answer["differences"][1]["stands"].as_str().unwrap().contains("AuthenticatedUsers"), "{answer:#}");
    assert_eq!(raw(&stage, "data").await, theirs);
    assert!(stage.writes().is_empty() && stage.rows("exemption#").await.is_empty());
    let mut forced = undo(&resource("data"), &id);
    forced["force"] = true.into();
    let answer = stage.order(&forced).await;
    assert_eq!(answer["outcome"], "restored", "{answer:#}");
    assert_eq!(raw(&stage, "data").await, stood);
    stage.settle().await;
    stage.close().await;
}

/// What cannot be undone is refused in one sentence, and nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused() {
    let stage = Stage::new().await;
    let (_, id) = public_bucket(&stage, "data").await;
    stage.aws.create_bucket("other").await;
    stage.settle().await;
    stage.world.clear_records();
    for (resource, id, says) in [
        (resource("data"), "c-000000000000000000", "no correction"),
        (resource("data"), "not-an-id", "is not a correction id"),
        (resource("other"), id.as_str(), "no correction"),
        (
            json!({"account": "999999999999", "region": "eu-central-1", "arn": "arn:aws:s3:::data"}),
            &id,
            "not the account",
        ),
        (
            json!({"account": ACCOUNT, "region": "eu-central-1", "arn": "arn:aws:sqs:eu-central-1:1:q"}),
            &id,
            "not a resource",
        ),
        (json!({"account": ACCOUNT, "region": "eu-central-1", "arn": "arn:aws:s3:::../../x"}), &id, "not a resource"),
    ] {
        let answer = stage.order(&undo(&resource, id)).await;
        assert!(answer.to_string().contains(says), "{answer:#}");
        assert_ne!(answer["outcome"], "restored");
    }
    stage.aws.s3("DELETE", "/data", &[], "").await;
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    assert!(answer["why"].as_str().unwrap().contains("is gone"), "{answer:#}");
    let mut past = undo(&resource("data"), &id);
    past["until"] = "2020-01-01T00:00:00Z".into();
    assert!(stage.order(&past).await["why"].as_str().unwrap().contains("which is past"));
    stage.settle().await;
    assert!(stage.writes().is_empty());
    stage.close().await;
}

/// An undo that AWS refuses is an alarm, and leaves no exemption behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_undo_leaves_the_control_in_force() {
    let stage = Stage::new().await;
    let (_, id) = public_bucket(&stage, "data").await;
    stage.world.clear_records();
    let denied = || Effect::Error { status: 403, code: "AccessDenied".to_owned() };
    stage.faults(vec![
        Fault { operation: Some("DeletePublicAccessBlock".to_owned()), effect: denied(), ..Fault::default() },
        Fault { operation: Some("PutBucketAcl".to_owned()), effect: denied(), ..Fault::default() },
    ]);
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    assert_eq!(answer["outcome"], "not-restored", "{answer:#}");
    assert!(answer["why"].as_str().unwrap().contains("AccessDenied"), "{answer:#}");
    assert!(stage.rows("exemption#").await.is_empty());
    let told = stage.told(ACL);
    assert_eq!((told.len(), &told[0]["outcome"], &told[0]["alarm"]), (1, &json!("not-restored"), &json!(true)));
    stage.settle().await;
    stage.close().await;
}
