//! Stacks: what happens when somebody changes what a stack owns, or takes its protection away.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use rectify_e2e::{
    ACCOUNT, ALL_CORRECTIVE, About, Stage,
    cloudformation_stack::{queue_url, template},
    example_of, undo,
};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

const GUARD: &str = "CloudformationStackGuard";

/// Drift is put back where this is switched on by name.
const REVERT: &str = "\n[control.stack-drifted]\nproduction = \"corrective\"\n";

/// A world with a protected stack whose drift was detected once, and nothing to tell.
async fn with_stack(settings: &str, name: &str) -> Stage {
    let stage = Stage::guarded_by("CloudformationStackGuard", settings).await;
    stage.aws.create_stack(name, &[("EnableTerminationProtection", "true")]).await;
    stage.settle().await;
    sweep(&stage).await;
    assert_eq!(stage.told("").len(), 0, "{}", stage.story());
    stage.world.clear_records();
    stage.faults(vec![seconds_later()]);
    stage
}

/// CloudTrail's events come seconds after the call, and have the second only: what was detected in that second says nothing.
fn seconds_later() -> Fault {
    Fault { operation: Some("DescribeStackResources".into()), delay_ms: 1100, ..Fault::default() }
}

/// Has every stack looked at, and waits for the end of it: of the detections that it starts, too.
async fn sweep(stage: &Stage) {
    stage.world.publish(&json!({"version": "0", "id": "s-1", "source": "rectify", "detail-type": "Sweep", "account": ACCOUNT,
        "region": "eu-central-1", "time": "2026-11-28T05:00:00Z", "resources": [],
        "detail": {"kind": "cloudformation-stack", "account": ACCOUNT, "region": "eu-central-1", "controls": [], "sweep": "s-1",
            "after": null}}));
    stage.settle().await;
}

fn calls(stage: &Stage, operation: &str) -> usize {
    stage
        .world
        .calls()
        .iter()
        .filter(|call| call.function.as_deref() == Some(GUARD) && call.operation == operation)
        .count()
}

#[track_caller]
fn message<'a>(about: &'a About, control: &str, outcome: &str) -> &'a Value {
    let found: Vec<&Value> = (about.messages.iter())
        .filter(|message| message["control"]["id"] == control && message["outcome"] == outcome)
        .collect();
    assert_eq!(found.len(), 1, "one message of {control} {outcome}: {:#?}", about.told);
    found[0]
}

/// Control `stack-termination-protection-off`: by `CreateStack` and by an executed change set, as CDK and SAM make stacks; and what
/// is left alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_stack_without_protection_is_protected() {
    let stage = Stage::guarded_by("CloudformationStackGuard", ALL_CORRECTIVE).await;
    let aws = &stage.aws;
    aws.create_stack("open", &[]).await;
    aws.create_stack("safe", &[("EnableTerminationProtection", "true")]).await;
    aws.create_stack("pr-17", &[("Tags.member.1.Key", "rectify:ephemeral"), ("Tags.member.1.Value", "true")]).await;
    let body = template("by-change-set");
    let more = [("ChangeSetName", "cdk-deploy"), ("ChangeSetType", "CREATE"), ("TemplateBody", body.as_str())];
    aws.stack_call("CreateChangeSet", "by-change-set", &more).await;
    aws.stack_call("ExecuteChangeSet", "by-change-set", &[("ChangeSetName", "cdk-deploy")]).await;
    stage.settle().await;

    for name in ["open", "by-change-set"] {
        assert_eq!(aws.stack(name, "EnableTerminationProtection").await, "true", "{name}: {}", stage.story());
        let about = stage.about_stack(name).await;
        assert_eq!(
            about.told,
            [("stack-termination-protection-off".into(), "corrected".into(), "low".into())],
            "{name}"
        );
        assert_eq!(about.writes, ["UpdateTerminationProtection"], "{name}");
    }
    for name in ["safe", "pr-17"] {
        assert!(stage.about_stack(name).await.is_untouched(), "{name}");
    }

    // Somebody switches it off again; and an undo switches off exactly what the correction had switched on.
    aws.stack_call("UpdateTerminationProtection", "safe", &[("EnableTerminationProtection", "false")]).await;
    stage.settle().await;
    assert_eq!(aws.stack("safe", "EnableTerminationProtection").await, "true");
    let correction = stage.about_stack("open").await.corrections[0]["correction"].as_str().unwrap().to_owned();
    let answer = stage.order_to(GUARD, &undo(&stage.stack_resource("open").await, &correction)).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    stage.settle().await;
    assert_eq!(aws.stack("open", "EnableTerminationProtection").await, "false", "and it stays so");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// Controls `stack-manual-change` and `stack-drifted`: told at once who it was, and minutes later what differs.
#[tokio::test(flavor = "multi_thread")]
async fn a_manual_change_is_told_at_once_and_its_drift_when_it_is_detected() {
    let stage = with_stack(ALL_CORRECTIVE, "orders").await;
    stage.aws.set_visibility_timeout("orders", "600").await;
    stage.settle().await;
    let about = stage.about_stack("orders").await;
    let manual = message(&about, "stack-manual-change", "notified");
    let summary = manual["summary"].as_str().unwrap();
    assert!(
        summary.contains("Queue (AWS::SQS::Queue) of stack orders was changed outside CloudFormation"),
        "{summary}"
    );
    assert_eq!(manual["actor"]["event_name"], "SetQueueAttributes", "{manual}");
    let drifted = message(&about, "stack-drifted", "notified");
    let summary = drifted["summary"].as_str().unwrap();
    assert!(summary.contains("with SetQueueAttributes"), "who did it: {summary}");
    let evidence = drifted["evidence"].to_string();
    assert!(evidence.contains("/VisibilityTimeout: the template says 30, it is 600"), "{evidence}");
    assert_eq!(about.writes, [""; 0], "guarded: nothing is written");
    assert_eq!(calls(&stage, "DetectStackDrift"), 1, "one change, one detection");

    // The same again is no news, and a sweep starts no detection of what was just detected.
    stage.aws.set_visibility_timeout("orders", "600").await;
    stage.settle().await;
    assert_eq!(stage.about_stack("orders").await.told.len(), 2);
    let detections = calls(&stage, "DetectStackDrift");
    sweep(&stage).await;
    assert_eq!(calls(&stage, "DetectStackDrift"), detections);
    assert_eq!(stage.about_stack("orders").await.told.len(), 2, "told once");

    // Somebody puts it back by hand: both are over.
    stage.aws.set_visibility_timeout("orders", "30").await;
    stage.settle().await;
    let about = stage.about_stack("orders").await;
    let ended: Vec<_> = about.told.iter().filter(|(_, outcome, _)| outcome == "resolved").collect();
    assert_eq!(ended.len(), 1, "the drift is over: {:?}", about.told);
    sweep(&stage).await;
    let open = stage.rows("state#open").await;
    assert!(open.is_empty(), "{open:?}");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// Control `stack-drifted`, switched on by name: a change set is made, executed and proven by a detection, a step with each look.
#[tokio::test(flavor = "multi_thread")]
async fn drift_is_reverted_step_by_step_and_proven() {
    let stage = with_stack(&format!("{ALL_CORRECTIVE}{REVERT}"), "orders").await;
    stage.aws.set_visibility_timeout("orders", "600").await;
    stage.settle().await;
    assert_eq!(stage.about_stack("orders").await.writes, ["CreateChangeSet"], "{}", stage.story());
    assert_eq!(stage.ended("deferred").len(), 1);
    // Minutes at AWS, and as many looks; here it may all be over within one.
    while stage.ended("corrected").is_empty() {
        assert_eq!(stage.world.fire_schedules(), 1, "{}", stage.story());
        stage.settle().await;
    }
    assert_eq!(stage.aws.visibility_timeout("orders").await, "30", "{}", stage.story());
    assert_eq!(stage.aws.stack("orders", "StackStatus").await, "UPDATE_COMPLETE");
    let about = stage.about_stack("orders").await;
    assert_eq!(about.writes, ["CreateChangeSet", "ExecuteChangeSet"]);
    assert_eq!(about.corrections.len(), 1, "one correction, however many looks it took");
    assert_eq!(about.corrections[0]["status"], "corrected");
    let corrected = message(&about, "stack-drifted", "corrected");
    assert_eq!(corrected["changes"], json!(["bring Queue back to the template"]));
    assert!(
        corrected["difference"]["before"].as_str().unwrap().contains("\"/VisibilityTimeout\": \"600\""),
        "{corrected}"
    );

    // Late looks find nothing left to do.
    stage.world.fire_schedules();
    stage.settle().await;
    sweep(&stage).await;
    let about = stage.about_stack("orders").await;
    assert_eq!(about.writes, ["CreateChangeSet", "ExecuteChangeSet"]);

    // No call brings a manual change back: an undo says what to set, and does nothing.
    let correction = about.corrections[0]["correction"].as_str().unwrap();
    let answer = stage.order_to(GUARD, &undo(&stage.stack_resource("orders").await, correction)).await;
    let why = answer["why"].as_str().unwrap();
    assert_eq!(answer["outcome"], "refused");
    assert!(why.contains("/VisibilityTimeout to 600") && why.contains("rectify exempt add"), "{why}");
    assert_eq!(stage.aws.visibility_timeout("orders").await, "30");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// Near misses: what a deployment changes, and what somebody changes that no stack owns.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_no_drift() {
    let stage = with_stack(ALL_CORRECTIVE, "orders").await;
    let deployed = template("orders").replace("\"VisibilityTimeout\":30", "\"VisibilityTimeout\":60");
    stage.aws.stack_call("UpdateStack", "orders", &[("TemplateBody", &deployed)]).await;
    let mut by_cloudformation = example_of("cloudformation-stack", "deployment-set-queue-attributes");
    by_cloudformation["detail"]["requestParameters"]["queueUrl"] = queue_url("orders").into();
    stage.world.publish(&by_cloudformation);
    let loose = json!({"QueueName": "loose"});
    stage.aws.json("sqs", "AmazonSQS.CreateQueue", &loose).await;
    stage.aws.set_visibility_timeout("loose", "600").await;
    stage.settle().await;
    sweep(&stage).await;
    assert!(stage.about_stack("orders").await.is_untouched(), "{}", stage.story());
    assert_eq!(stage.told("").len(), 0);
    assert_eq!(calls(&stage, "DetectStackDrift"), 1, "after the deployment, by the sweep");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// Control `stack-drifted`: drift whose call nobody saw is found by the sweep; a stack that is deleted in part, or cannot be looked
/// at, is told as that.
#[tokio::test(flavor = "multi_thread")]
async fn drift_is_found_without_its_event_and_what_cannot_be_checked_is_told() {
    let stage = Stage::guarded_by("CloudformationStackGuard", &format!("{ALL_CORRECTIVE}{REVERT}")).await;
    stage.world.lose_events(true);
    for name in ["orders", "parted", "barred"] {
        stage.aws.create_stack(name, &[("EnableTerminationProtection", "true")]).await;
    }
    let secret = json!({"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}}}});
    let secret = secret.to_string();
    let body = [("TemplateBody", secret.as_str()), ("EnableTerminationProtection", "true")];
    stage.aws.stack_call("CreateStack", "secretive", &body).await;
    stage.aws.set_visibility_timeout("orders", "600").await;
    stage.aws.json("sqs", "AmazonSQS.DeleteQueue", &json!({"QueueUrl": queue_url("parted")})).await;
    stage.settle().await;
    stage.world.lose_events(false);
    assert_eq!(stage.ends().len(), 0);

    sweep(&stage).await;
    let orders = stage.about_stack("orders").await;
    assert_eq!(orders.found, [("stack-drifted".to_owned(), "deferred".to_owned())], "{}", stage.story());
    let parted = stage.about_stack("parted").await;
    let summary = message(&parted, "stack-drifted", "notified")["summary"].as_str().unwrap();
    assert!(summary.contains("not put back: Queue is deleted, and would come back empty"), "{summary}");
    assert_eq!(parted.writes, [""; 0]);
    let secretive = stage.about_stack("secretive").await;
    let told = message(&secretive, "stack-drifted", "notified");
    assert_eq!(told["state"], "unverifiable", "{told}");
    assert!(!told.to_string().contains("Request ID"), "{told}");
    assert!(stage.about_stack("barred").await.is_untouched(), "nothing is wrong with it");

    // A right that is missing is told, and never taken for calm.
    stage.faults(vec![
        seconds_later(),
        Fault {
            operation: Some("DetectStackDrift".into()),
            effect: Effect::Error { status: 403, code: "AccessDenied".into() },
            ..Fault::default()
        },
    ]);
    stage.aws.set_visibility_timeout("barred", "600").await;
    stage.settle().await;
    let barred = stage.about_stack("barred").await;
    assert_eq!(message(&barred, "stack-drifted", "notified")["state"], "unverifiable");
    message(&barred, "stack-manual-change", "notified");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}
