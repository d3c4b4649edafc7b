//! Events: what they make the guard look at.

use std::path::{Path, PathBuf};

use rectify_controls::{Ignored, Kind, Screen, cloudformation_stack::*};
use rectify_event::Event;
use serde_json::{Value, json};

use super::world::{at, id, place};

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/cloudformation-stack")
}

fn example(name: &str) -> Value {
    read(&folder().join(format!("{name}.json")))
}

fn corpus(name: &str) -> Value {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cloudformation_stack/corpus").join(name))
}

fn screen(event: &Value) -> Screen<Target> {
    CloudFormationStack::screen(&Event::parse(&event.to_string()).unwrap())
}

#[track_caller]
fn looked(event: &Value) -> (Target, Vec<&'static str>, bool) {
    match screen(event) {
        Screen::Look { mut targets, selection, suspicious } => {
            assert_eq!(targets.len(), 1);
            (targets.remove(0), selection.into_iter().collect(), suspicious)
        }
        Screen::Ignore(why) => panic!("ignored: {why}"),
    }
}

#[track_caller]
fn ignored(event: &Value) -> Ignored {
    match screen(event) {
        Screen::Ignore(why) => why,
        Screen::Look { targets, .. } => panic!("looked at {targets:?}"),
    }
}

fn set(mut event: Value, path: &str, value: Value) -> Value {
    *event.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value;
    event
}

/// A record in an envelope of its own account and region.
fn wrapped(record: &Value) -> Value {
    let service = record["eventSource"].as_str().unwrap().split('.').next().unwrap();
    json!({
        "version": "0", "id": "x", "detail-type": "AWS API Call via CloudTrail", "source": format!("aws.{service}"),
        "account": record["recipientAccountId"], "time": record["eventTime"], "region": record["awsRegion"],
        "resources": [], "detail": record,
    })
}

/// Every event under `events/cloudformation-stack/` and what becomes of it. Each trigger's example is there and wakes the guard.
#[test]
fn the_example_events() {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut text = String::new();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let answer = match screen(&read(path)) {
            Screen::Ignore(why) => format!("ignored: {why}"),
            Screen::Look { targets, selection, suspicious } => {
                let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
                let controls: Vec<&str> = selection.into_iter().collect();
                let suspicious = if suspicious { ", suspicious" } else { "" };
                format!("{}{suspicious}: {}", targets.join(", "), controls.join(" "))
            }
        };
        text.push_str(&format!("{name}\n  {}\n", answer.escape_debug()));
    }
    insta::assert_snapshot!(text);
    for trigger in CloudFormationStack::EVENTS {
        let event = example(trigger.example);
        assert_eq!(event["detail"]["eventName"], trigger.name, "{}", trigger.example);
        assert_eq!(event["detail"]["eventSource"], trigger.source, "{}", trigger.example);
        let (_, selection, _) = looked(&event);
        assert_eq!(selection.len(), trigger.controls.len(), "{}", trigger.example);
    }
}

#[test]
fn a_call_that_failed_or_only_read_changed_nothing() {
    for trigger in CloudFormationStack::EVENTS {
        let mut failed = example(trigger.example);
        failed["detail"]["errorCode"] = json!("AccessDenied");
        assert!(matches!(ignored(&failed), Ignored::FailedCall(_)), "{}", trigger.name);
        let read = set(example(trigger.example), "/detail/readOnly", json!(true));
        assert_eq!(ignored(&read), Ignored::ReadOnly, "{}", trigger.name);
    }
}

#[test]
fn who_did_it_travels_with_the_resource() {
    let (target, selection, suspicious) = looked(&example("manual-set-queue-attributes"));
    let Target::Owner(physical, caller) = target else { panic!("{target:?}") };
    assert_eq!(physical.as_str(), "https://sqs.eu-central-1.amazonaws.com/123456789012/orders");
    assert_eq!(caller.name, "jane.doe@example.com as AWSReservedSSO_Developer_0123456789abcdef");
    assert!(
        caller
            .principal
            .ends_with("role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Developer_0123456789abcdef")
    );
    assert_eq!(
        (caller.event.as_str(), caller.at),
        ("SetQueueAttributes", Some("2026-11-20T09:12:13Z".parse().unwrap()))
    );
    assert_eq!((selection, suspicious), (vec!["stack-drifted", "stack-manual-change"], false));
    assert!(at("09:12") < caller.at.unwrap());
}

/// The name that CloudFormation has for a resource is not always the one the caller used.
#[test]
fn resources_have_the_names_that_cloudformation_knows() {
    for (name, path, said, physical) in [
        ("manual-update-function-code", "functionName", "arn:aws:lambda:eu-central-1:123456789012:function:f:7", "f"),
        ("manual-update-function-code", "functionName", "123456789012:function:f", "f"),
        ("manual-update-function-code", "functionName", "f:LIVE", "f"),
        ("manual-put-key-policy", "keyId", "arn:aws:kms:eu-central-1:123456789012:key/1-2", "1-2"),
        ("manual-update-table", "tableName", "arn:aws:dynamodb:eu-central-1:123456789012:table/orders", "orders"),
        ("manual-delete-log-group", "logGroupName", "/a:b", "/a:b"),
    ] {
        let event = set(example(name), &format!("/detail/requestParameters/{path}"), json!(said));
        let (target, ..) = looked(&event);
        assert!(matches!(&target, Target::Owner(owned, _) if owned.as_str() == physical), "{said}: {target:?}");
    }
}

#[test]
fn what_no_person_did_is_no_manual_change() {
    let queue = || example("manual-set-queue-attributes");
    assert!(ignored(&example("deployment-set-queue-attributes")).to_string().contains("cloudformation.amazonaws.com"));
    assert!(ignored(&example("own-correction-of-a-resource")).to_string().contains("role/rectify/"));
    let issuer = "/detail/userIdentity/sessionContext/sessionIssuer/arn";
    let linked =
        "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    ignored(&set(queue(), issuer, json!(linked)));
    ignored(&set(queue(), "/detail/sourceIPAddress", json!("backup.amazonaws.com")));
    ignored(&set(queue(), "/detail/userIdentity/type", json!("AWSService")));
    // A name that only looks like one is somebody's.
    looked(&set(queue(), issuer, json!("arn:aws:iam::123456789012:role/not-rectify/x")));
    looked(&set(queue(), "/detail/userAgent", json!("cloudformation.amazonaws.com")));
}

#[test]
fn stacks_are_named_by_the_answer_or_by_name() {
    let create = || example("create-stack-unprotected");
    assert_eq!(looked(&create()).0, Target::Stack(id()));
    let named = Target::Named(StackName::new("orders").unwrap());
    assert_eq!(looked(&set(create(), "/detail/responseElements", Value::Null)).0, named);
    let foreign = "arn:aws:cloudformation:eu-central-1:999999999999:stack/orders/0bd1";
    assert_eq!(looked(&set(create(), "/detail/responseElements/stackId", json!(foreign))).0, named, "not believed");
    assert_eq!(looked(&example("execute-change-set")).0, named);
    let by_arn =
        set(example("execute-change-set"), "/detail/requestParameters/stackName", json!(id().arn(&place()).as_str()));
    assert_eq!(looked(&by_arn).0, Target::Stack(id()));
    assert!(looked(&create()).2 && !looked(&example("create-stack-protected")).2, "off is suspicious");
}

#[test]
fn the_end_of_a_detection() {
    assert_eq!(looked(&example("drift-detected")), (Target::Checked(id()), vec!["stack-drifted"], false));
    assert_eq!(looked(&example("drift-detection-failed")).0, Target::Checked(id()));
    assert!(matches!(ignored(&example("drift-detection-begun")), Ignored::NotApplicable(_)));
    let unsaid = set(example("drift-detected"), "/detail/status-details", Value::Null);
    assert_eq!(looked(&unsaid).0, Target::Stack(id()), "what is not said to have ended is not taken for whole");
    let foreign = set(example("drift-detected"), "/account", json!("999999999999"));
    assert!(matches!(ignored(&foreign), Ignored::NoResource(_)));
}

/// Each field dropped or nulled: never a panic, and never a stack that the event does not name.
#[test]
fn events_with_gaps() {
    let examples = ["create-stack-unprotected", "execute-change-set", "manual-set-queue-attributes", "drift-detected"];
    for name in examples {
        let whole = example(name);
        for pointer in pointers(&whole, "") {
            for gap in [Value::Null, json!(7), json!([]), json!({}), json!("")] {
                if ["/source", "/detail-type", "/detail", "/detail/eventSource", "/detail/eventName"]
                    .contains(&&*pointer)
                {
                    continue; // without these there is no event
                }
                let event = set(whole.clone(), &pointer, gap);
                if let Ok(event) = Event::parse(&event.to_string())
                    && let Screen::Look { targets, .. } = CloudFormationStack::screen(&event)
                {
                    let stacks = targets.iter().filter_map(Target::stack);
                    assert!(stacks.into_iter().all(|stack| *stack == id()), "{name} without {pointer}");
                }
            }
        }
    }
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if let Value::Object(fields) = value {
        for (name, field) in fields {
            let here = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            found.extend(pointers(field, &here));
            found.push(here);
        }
    }
    found
}

#[test]
fn hostile_names_reach_no_call() {
    let huge = "x".repeat(5000);
    for name in ["", "../x", "a b", "<script>", "arn:aws:cloudformation:::stack/x", "a\u{0}", "ä", &huge] {
        for (example_of, path) in [
            ("create-stack-unprotected", "/detail/responseElements/stackId"),
            ("execute-change-set", "/detail/requestParameters/stackName"),
            ("drift-detected", "/detail/stack-id"),
        ] {
            let event = set(example(example_of), path, json!(name));
            match screen(&event) {
                Screen::Ignore(why) => assert!(why.to_string().len() < 200, "{why}"),
                Screen::Look { targets, .. } => assert_eq!(targets, [Target::Named(StackName::new("orders").unwrap())]),
            }
        }
    }
    for name in ["", "a\nb", &huge] {
        ignored(&set(example("manual-set-queue-attributes"), "/detail/requestParameters/queueUrl", json!(name)));
    }
    let long = set(
        example("manual-set-queue-attributes"),
        "/detail/userIdentity/arn",
        json!(format!("arn:x:assumed-role/r/{huge}\n")),
    );
    let Target::Owner(_, caller) = looked(&long).0 else { panic!() };
    assert!(caller.name.len() < 1400 && !caller.name.contains('\n'));
}

#[test]
fn events_that_others_published() {
    let notice = corpus("drift-notice.json");
    assert_eq!(
        looked(&notice).0,
        Target::Named(StackName::new("teststack").unwrap()),
        "the documentation leaves the id out"
    );
    assert_eq!(looked(&corpus("create-stack.json")).0.to_string(), "my-test-stack");
    let records = corpus("overwrite-lambda-code.json");
    let of_lambda: Vec<_> = records.as_array().unwrap().iter().map(|record| screen(&wrapped(record))).collect();
    let looked_at = of_lambda.iter().filter(|screened| matches!(screened, Screen::Look { .. })).count();
    assert_eq!(looked_at, 4, "{of_lambda:#?}");
    let (target, ..) = looked(&wrapped(&corpus("delete-log-group.json")));
    let Target::Owner(physical, caller) = target else { panic!("{target:?}") };
    assert_eq!((physical.as_str(), caller.name.as_str()), ("/stratus-red-team/vpc-flow-logs", "bert-jan"));
}

#[test]
fn findings_of_other_services() {
    let compliance = json!({
        "version": "0", "id": "x", "detail-type": "Config Rules Compliance Change", "source": "aws.config", "account": "123456789012",
        "time": "2026-11-20T10:00:00Z", "region": "eu-central-1", "resources": [],
        "detail": {
            "resourceType": "AWS::CloudFormation::Stack", "resourceId": id().arn(&place()).as_str(),
            "newEvaluationResult": {"complianceType": "NON_COMPLIANT"},
        },
    });
    assert_eq!(looked(&compliance), (Target::Stack(id()), vec!["stack-drifted"], false));
    assert_eq!(ignored(&set(compliance, "/detail/resourceType", json!("AWS::S3::Bucket"))), Ignored::NotOurs);
}
