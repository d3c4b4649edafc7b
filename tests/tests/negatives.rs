//! Events after which there is nothing to do, and events that lie. The files are those of `events/s3-bucket`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rectify_e2e::{End, Stage, ends_of, example, shipped_settings};
use rectify_sandbox::Outcome;
use serde_json::Value;

/// The bucket of the example events.
const BUCKET: &str = "example-reports";

/// A world in which the bucket exists, with its block on as every new bucket's is at AWS.
async fn world() -> Stage {
    let stage = Stage::with_settings(&shipped_settings()).await;
    stage.aws.create_bucket(BUCKET).await;
    stage.aws.put_block(BUCKET, true).await;
    stage.settle().await;
    stage.world.clear_records();
    stage
}

/// Hands `event` to the guard itself, past the rule.
async fn handed(stage: &Stage, event: &Value) -> End {
    let invocation = stage.world.invoke("S3BucketGuard", event).await.unwrap();
    assert_eq!(invocation.outcome, Outcome::Success, "{invocation:?}");
    let mut ends = ends_of(&invocation);
    assert_eq!(ends.len(), 1, "{ends:#?}");
    ends.remove(0)
}

/// The rule in the template does not start the guard for these. Were they handed to it all the same, it would look at
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_nobody_is_ignored_without_a_call() {
    let stage = world().await;
    // Name, whether the rule delivers it, and what the guard says.
    let cases = [
        ("get-bucket-acl-read-only", false, "the call only read"),
        ("put-bucket-acl-failed", false, "AccessDenied"),
        ("directory-bucket", false, "no control of this kind"),
        ("delete-bucket-website", false, "no control of this kind"),
        ("delete-bucket-replication", false, "no control of this kind"),
        ("delete-bucket-lifecycle", false, "no control of this kind"),
        ("directory-bucket-name", true, "directory bucket"),
        ("hostile-bucket-name", true, "bucket name"),
    ];
    for (name, delivered, why) in cases {
        stage.world.clear_records();
        stage.world.publish(&example(name));
        stage.settle().await;
        assert_eq!(stage.world.invocations().len(), usize::from(delivered), "{name}");
        let end = handed(&stage, &example(name)).await;
        assert_eq!(end.outcome, "ignored", "{name}: {:?}", end.all);
        let said = end.all["why"].as_str().unwrap();
        assert!(said.contains(why), "{name}: {said}");
        assert_eq!(stage.world.calls().len(), 0, "{name}: {}", stage.story());
    }
    stage.close().await;
}

/// Looked at, found compliant, and nothing written anywhere: neither to S3 nor to the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_clean_costs_no_write() {
    let stage = world().await;
    for name in [
        "put-bucket-acl-private",
        "put-bucket-acl-public",
        "put-bucket-acl-public-duplicate",
        "put-bucket-acl-one-grant",
        "own-correction",
        "own-correction-acl",
        "hostile-account-in-detail",
        "hostile-caller",
    ] {
        let end = handed(&stage, &example(name)).await;
        assert_eq!(end.outcome, "compliant", "{name}: {:?}", end.all);
        assert_eq!(end.all["resource"], "arn:aws:s3:::example-reports", "{name}");
    }
    let writes: Vec<String> = stage
        .world
        .calls()
        .into_iter()
        .filter(|call| !call.operation.starts_with("Get") && call.operation != "Query")
        .map(|call| call.operation)
        .collect();
    assert_eq!(writes, [""; 0], "{}", stage.story());
    assert_eq!(stage.ledger().await.len(), 0);
    stage.close().await;
}

/// Control `s3-bucket-block-public-access-off`.
///
/// An event that our own correction caused, on a bucket that still is in breach: an alarm, never a second correction.
#[tokio::test(flavor = "multi_thread")]
async fn our_own_event_over_a_breach_is_an_alarm() {
    let stage = world().await;
    stage.aws.s3("DELETE", &format!("/{BUCKET}?publicAccessBlock"), &[], "").await;
    stage.settle().await;
    assert_eq!(stage.ended("corrected").len(), 1, "{:#?}", stage.ends());
    // Only the sandbox knows what role the functions run under.
    let own = |event: &&Value| {
        event["detail"]["eventName"] == "PutBucketPublicAccessBlock"
            && event["detail"]["userIdentity"]["type"] == "AssumedRole"
    };
    let mut event = stage.world.events().iter().find(own).cloned().unwrap();
    event["detail"]["requestParameters"]["bucketName"] = "bare".into();

    stage.aws.create_bucket("bare").await;
    stage.settle().await;
    stage.world.clear_records();
    let end = handed(&stage, &event).await;
    assert_eq!(end.outcome, "withheld", "{:?}", end.all);
    assert_eq!(stage.writes(), [""; 0]);
    let told = stage.told("s3-bucket-block-public-access-off");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["alarm"], true);
    stage.close().await;
}

/// Control `s3-bucket-public-acl`.
///
/// The account in the detail is the caller's word. What happens happens in the account of the envelope, and an envelope of
/// another account is not this stack's business.
#[tokio::test(flavor = "multi_thread")]
async fn the_account_in_the_detail_is_not_believed() {
    let stage = world().await;
    let mut event = example("hostile-account-in-detail");
    assert_eq!(event["account"], "123456789012");
    let end = handed(&stage, &event).await;
    assert_eq!(end.outcome, "compliant", "{:?}", end.all);
    assert!(!stage.world.calls().is_empty());
    assert!(stage.world.calls().iter().all(|call| call.account == "123456789012"), "{}", stage.story());

    event["account"] = "999988887777".into();
    event["detail"]["recipientAccountId"] = "123456789012".into();
    stage.world.clear_records();
    let end = handed(&stage, &event).await;
    assert_eq!(end.outcome, "ignored", "{:?}", end.all);
    assert_eq!(stage.world.calls().len(), 0, "{}", stage.story());
    stage.close().await;
}

/// Control `s3-bucket-public-acl`.
///
/// Session names and user agents are the attacker's. In what people read they are words and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn what_callers_call_themselves_is_only_text() {
    // Told again at once, so that the second event speaks of a breach that is there.
    let settings =
        "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n[messages]\nreminder = \"1ms\"\n";
    let stage = Stage::with_settings(settings).await;
    stage.aws.create_bucket(BUCKET).await;
    stage.aws.put_acl(BUCKET, "public-read").await;
    stage.settle().await;
    stage.world.clear_records();
    let end = handed(&stage, &example("hostile-caller")).await;
    assert_eq!(end.outcome, "notified", "{:?}", end.all);
    stage.settle().await;

    let messages = stage.world.messages();
    assert_eq!(messages.len(), 1, "{}", stage.story());
    let subject = messages[0].subject.as_deref().unwrap();
    assert!(subject.is_ascii() && !subject.chars().any(char::is_control), "{subject:?}");
    let bodies: Value = serde_json::from_str(&messages[0].body).unwrap();
    let text = bodies["email"].as_str().unwrap();
    assert!(text.contains("onerror=alert(1)"), "the agent is shown: {text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(
        !text.lines().any(|line| line.trim_start().starts_with("Subject: all clear")),
        "no line of its own: {text}"
    );
    // Log lines are one JSON object each, whatever is in them.
    for line in stage.world.logs() {
        assert!(serde_json::from_str::<Value>(&line.line).is_ok_and(|line| line.is_object()), "{}", line.line);
    }
    stage.close().await;
}
