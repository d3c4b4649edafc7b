//! Events: what they make the guard look at.

use rectify_controls::{Ignored, Kind, Place, Screen, cloudtrail::*};
use rectify_event::Event;
use serde_json::{Value, json};

use super::world::{account, place, trail_id};

fn screen(event: &Value) -> Screen<Target> {
    CloudTrail::screen(&Event::parse(&event.to_string()).unwrap())
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn envelope(detail: &Value) -> Value {
    let source = detail["eventSource"].as_str().unwrap_or_default().split('.').next().unwrap_or_default().to_owned();
    json!({
        "version": "0", "id": "b3a1c2d4-0000-4000-8000-000000000001", "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{source}"), "account": detail["recipientAccountId"], "time": "2026-11-23T10:00:00Z",
        "region": detail["awsRegion"], "resources": [], "detail": detail,
    })
}

fn call(name: &str, parameters: &Value) -> Value {
    envelope(&json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "readOnly": false, "requestParameters": parameters,
        "recipientAccountId": "111122223333", "awsRegion": "eu-central-1",
    }))
}

#[track_caller]
fn looked(event: &Value) -> (Vec<Target>, Vec<&'static str>, bool) {
    match screen(event) {
        Screen::Look { targets, selection, suspicious } => (targets, selection.into_iter().collect(), suspicious),
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

/// Every event under `events/cloudtrail/` and what becomes of it.
#[test]
fn the_example_events() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/cloudtrail");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut text = String::new();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (targets, controls, suspicious) = looked(&read(path));
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        text += &format!("{name}: {} | {} | suspicious: {suspicious}\n", targets.join(", "), controls.join(", "));
    }
    insta::assert_snapshot!(text);
    for trigger in CloudTrail::EVENTS {
        assert!(files.iter().any(|path| path.file_stem().unwrap() == trigger.example), "{}", trigger.example);
    }
}

/// Other people's records: refused calls and failed attacks end here, the rest are looked at.
#[test]
fn published_records() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cloudtrail/records.json");
    let mut text = String::new();
    for entry in read(&path).as_array().unwrap() {
        let record = &entry["record"];
        let what = match screen(&envelope(record)) {
            Screen::Ignore(why) => format!("ignored: {why}"),
            Screen::Look { targets, suspicious, .. } => {
                let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
                format!("{} | suspicious: {suspicious}", targets.join(", "))
            }
        };
        text += &format!("{} {}: {what}\n", entry["source"].as_str().unwrap(), record["eventName"].as_str().unwrap());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_trail_is_named_by_name_or_by_arn() {
    let main = Target::Trail(trail_id("main"));
    let (targets, controls, suspicious) = looked(&call("StopLogging", &json!({"name": "main"})));
    assert_eq!(targets, [main, Target::Account(account("111122223333"))], "the trail first");
    assert_eq!(controls, ["cloudtrail-logging-stopped", "cloudtrail-not-multi-region"]);
    assert!(suspicious);
    // The home region is the ARN's, whichever region's event says so.
    let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
    let (targets, ..) = looked(&call("UpdateTrail", &json!({"name": arn})));
    let home = CloudTrail::home(&targets[0], &place());
    assert_eq!(home, Place { region: "us-east-1".to_owned().try_into().unwrap(), ..place() });
    assert_eq!(CloudTrail::arn(&targets[0], &place()).as_str(), arn);
    assert_eq!(CloudTrail::id(&CloudTrail::arn(&targets[0], &place()), &place()).as_ref(), Some(&targets[0]));
    assert_eq!(CloudTrail::home(&targets[1], &place()).region.as_str(), "us-east-1");
}

#[test]
fn a_trail_of_another_account_is_not_ours_to_touch() {
    for event in ["StopLogging", "DeleteTrail", "UpdateTrail"] {
        let why =
            ignored(&call(event, &json!({"name": "arn:aws:cloudtrail:eu-central-1:999988887777:trail/organisation"})));
        assert!(matches!(&why, Ignored::NotApplicable(text) if text.contains("999988887777")), "{why}");
    }
}

#[test]
fn hostile_names_end_as_ignored() {
    let long = "x".repeat(5_000);
    for name in [
        json!(null),
        json!(""),
        json!("ab"),
        json!("-main-"),
        json!("a b c"),
        json!("main/../x"),
        json!(["a1b", "b2c"]),
        json!({"name": "main"}),
        json!(17),
        json!(long),
        json!("arn:aws:cloudtrail:eu-central-1:111122223333:trail/"),
        json!("arn:aws:cloudtrail::111122223333:trails"),
        json!("arn:aws-cn:cloudtrail:eu-central-1:111122223333:trail/main"),
        json!("arn:aws:s3:::bucket"),
        json!("arn:aws:cloudtrail:eu-central-1:111122223333:eventdatastore/abc-def"),
        json!("arn:"),
        json!("main\u{202e}"),
        json!("$(reboot)"),
    ] {
        let why = ignored(&call("DeleteTrail", &json!({"name": name})));
        assert!(matches!(why, Ignored::NoResource(_)), "{name}: {why}");
        assert!(why.to_string().len() < 2_500);
    }
    for store in [json!("no store!"), json!("arn:aws:cloudtrail:eu-central-1:111122223333:trail/main"), json!(null)] {
        ignored(&call("DeleteEventDataStore", &json!({"eventDataStore": store})));
    }
    ignored(&call("PutInsightSelectors", &json!({"eventDataStore": "abc-def"})));
}

#[test]
fn each_field_may_be_missing() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/cloudtrail");
    for trigger in CloudTrail::EVENTS {
        let event = read(&folder.join(format!("{}.json", trigger.example)));
        for pointer in ["/account", "/region", "/detail/requestParameters", "/detail/eventName", "/detail/awsRegion"] {
            for gone in [true, false] {
                let mut odd = event.clone();
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                let parent = odd.pointer_mut(parent).unwrap().as_object_mut().unwrap();
                if gone {
                    parent.remove(key);
                } else {
                    parent.insert(key.to_owned(), Value::Null);
                }
                let Ok(event) = serde_json::to_string(&odd) else { continue };
                if let Ok(event) = Event::parse(&event) {
                    CloudTrail::screen(&event);
                }
            }
        }
        let mut failed = event.clone();
        failed["detail"]["errorCode"] = json!("AccessDenied");
        assert!(matches!(ignored(&failed), Ignored::FailedCall(_)));
        let mut nobody = event;
        nobody["account"] = json!("not an account");
        assert!(matches!(ignored(&nobody), Ignored::Elsewhere(_)), "{}", trigger.name);
    }
    assert!(matches!(ignored(&call("LookupEvents", &json!({}))), Ignored::NotOurs));
}

#[test]
fn other_services_say_where_to_look() {
    let mut event = call("x", &json!({}));
    event["source"] = json!("aws.guardduty");
    event["detail-type"] = json!("GuardDuty Finding");
    event["detail"] = json!({"type": "Stealth:IAMUser/CloudTrailLoggingDisabled", "accountId": "1", "severity": 2});
    assert_eq!(looked(&event).0, [Target::Account(account("111122223333"))]);
    event["source"] = json!("aws.securityhub");
    event["detail-type"] = json!("Security Hub Findings - Imported");
    let resource =
        json!({"Type": "AwsCloudTrailTrail", "Id": "arn:aws:cloudtrail:eu-central-1:111122223333:trail/main"});
    event["detail"] = json!({"findings": [{"ProductName": "Security Hub", "Resources": [resource]}]});
    assert_eq!(looked(&event).0, [Target::Trail(trail_id("main"))]);
}
