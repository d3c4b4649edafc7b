//! Events: what they make the guard look at.

use std::path::{Path, PathBuf};

use rectify_controls::{
    Ignored, Screen,
    security_group::{GroupName, Target, VpcId},
};
use rectify_event::Event;
use serde_json::{Value, json};

use super::*;

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn example(name: &str) -> Value {
    read(&folder("../../events/security-group").join(format!("{name}.json")))
}

fn corpus(name: &str) -> Value {
    read(&folder("tests/fixtures/security_group/corpus").join(format!("{name}.json")))
}

fn screen(event: &Value) -> Screen<Target> {
    SecurityGroup::screen(&Event::parse(&event.to_string()).unwrap())
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

fn sg(id: &str) -> Vec<Target> {
    vec![Target::Group(GroupId::new(id).unwrap())]
}

/// Every event under `events/security-group/` and what becomes of it. Each trigger's example is there and wakes the guard.
#[test]
fn the_example_events() {
    let mut files: Vec<_> =
        std::fs::read_dir(folder("../../events/security-group")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut text = String::new();
    for path in &files {
        let answer = match screen(&read(path)) {
            Screen::Ignore(why) => format!("ignored: {why}"),
            Screen::Look { targets, selection, suspicious } => {
                let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
                let controls: Vec<&str> = selection.into_iter().collect();
                format!(
                    "{}{}: {}",
                    targets.join(", "),
                    if suspicious { ", suspicious" } else { "" },
                    controls.join(" ")
                )
            }
        };
        text.push_str(&format!("{}\n  {}\n", path.file_stem().unwrap().display(), answer.escape_debug()));
    }
    insta::assert_snapshot!(text);
    for trigger in SecurityGroup::EVENTS {
        let event = example(trigger.example);
        assert_eq!(event["detail"]["eventName"], trigger.name, "{}", trigger.example);
        looked(&event);
    }
}

/// Records of Stratus Red Team, TrailDiscover and AWS, unchanged.
#[test]
fn records_of_others() {
    let (targets, _, suspicious) = looked(&corpus("authorize-ssh-flat"));
    assert_eq!((targets, suspicious), (sg("sg-04cfb7a4712d75b00"), true));
    let (targets, _, suspicious) = looked(&corpus("authorize-web"));
    assert_eq!((targets, suspicious), (sg("sg-04cfb7a4712d75b00"), true), "443 is judged, not screened");
    assert_eq!(looked(&corpus("create-group")).0, sg("sg-04cfb7a4712d75b00"));
    assert!(matches!(ignored(&corpus("authorize-denied")), Ignored::FailedCall(_)));
    let item = json!({
        "version": "0", "id": "1", "detail-type": "Config Configuration Item Change", "source": "aws.config",
        "account": "264683526309", "time": "2016-06-09T08:59:59Z", "region": "us-east-1", "resources": [],
        "detail": {"messageType": "ConfigurationItemChangeNotification", "configurationItem": corpus("config-item")},
    });
    let (targets, selection, _) = looked(&item);
    assert_eq!((targets, selection.len()), (sg("sg-1d56fc66"), 5));
}

/// Each field of each example dropped and nulled in turn: never a panic, and the same target or none.
#[test]
fn any_field_can_be_missing() {
    for trigger in SecurityGroup::EVENTS {
        let whole = example(trigger.example);
        let (targets, ..) = looked(&whole);
        for pointer in pointers(&whole, "") {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            for null in [false, true] {
                let mut event = whole.clone();
                match event.pointer_mut(parent).unwrap() {
                    Value::Object(fields) if null => drop(fields.insert(key.to_owned(), Value::Null)),
                    Value::Object(fields) => drop(fields.remove(key)),
                    Value::Array(items) if null => items[key.parse::<usize>().unwrap()] = Value::Null,
                    Value::Array(items) => drop(items.remove(key.parse().unwrap())),
                    _ => unreachable!(),
                }
                let text = event.to_string();
                let Ok(event) = Event::parse(&text) else { continue };
                if let Screen::Look { targets: seen, .. } = SecurityGroup::screen(&event) {
                    assert_eq!(seen, targets, "{} without {pointer}", trigger.example);
                }
            }
        }
    }
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let mut all = Vec::new();
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        all.push(path.clone());
        all.extend(pointers(child, &path));
    }
    all
}

#[test]
fn a_group_is_named_in_many_ways() {
    let mut event = example("authorize-security-group-ingress-ssh");
    let request = &mut event["detail"]["requestParameters"];
    request.as_object_mut().unwrap().remove("groupId");
    assert_eq!(looked(&event).0, sg("sg-0a1b2c3d4e5f60718"), "by the answer");
    let mut named = example("authorize-security-group-ingress-by-name");
    assert_eq!(looked(&named).0, [Target::Named(GroupName::new("web").unwrap())]);
    assert!(SecurityGroup::leads_on(&looked(&named).0[0]));
    named["detail"]["requestParameters"]["groupName"] = json!("");
    assert!(matches!(ignored(&named), Ignored::NoResource(_)));
    // Without the wrapper, in another spelling, alone in a list.
    let mut modify = example("modify-security-group-rules-open");
    modify["detail"]["requestParameters"] = json!({"groupId": ["sg-1"], "securityGroupRules": []});
    assert_eq!(looked(&modify).0, sg("sg-1"));
    assert_eq!(looked(&example("create-vpc")).0, [Target::DefaultOf(VpcId::new("vpc-0a1b2c3d4e5f60718").unwrap())]);
    assert_eq!(
        looked(&example("modify-managed-prefix-list-open")).0,
        [Target::Referring(PrefixListId::new("pl-0f1e2d3c4b5a69788").unwrap())]
    );
}

#[test]
fn hostile_ids_reach_no_call() {
    let long = "sg-".to_owned() + &"a".repeat(5000);
    let ids = [
        json!("sg-"),
        json!("sg-*"),
        json!("sg-1,sg-2"),
        json!("sg-1\u{0}"),
        json!("sg-../x"),
        json!("SG-1"),
        json!("i-123"),
        json!("sg-0a1b\u{e9}"),
        json!(long),
        json!(17),
        json!({"x": 1}),
        json!(["sg-1", "sg-2"]),
        Value::Null,
    ];
    for id in ids {
        for (example_name, pointer) in [
            ("authorize-security-group-egress", "/detail/requestParameters/groupId"),
            ("modify-security-group-rules-open", "/detail/requestParameters/ModifySecurityGroupRulesRequest/GroupId"),
            ("create-security-group", "/detail/responseElements/groupId"),
            ("create-vpc", "/detail/responseElements/vpc/vpcId"),
            (
                "modify-managed-prefix-list-open",
                "/detail/requestParameters/ModifyManagedPrefixListRequest/PrefixListId",
            ),
        ] {
            let mut event = example(example_name);
            *event.pointer_mut(pointer).unwrap() = id.clone();
            if example_name == "authorize-security-group-egress" {
                event["detail"]["responseElements"] = Value::Null;
            }
            assert!(matches!(ignored(&event), Ignored::NoResource(_)), "{example_name} with {id}");
        }
    }
    for name in ["a\nb", "x\"y", "<b>", &"n".repeat(256)] {
        let mut event = example("authorize-security-group-ingress-by-name");
        event["detail"]["requestParameters"]["groupName"] = json!(name);
        assert!(matches!(ignored(&event), Ignored::NoResource(_)), "{name}");
    }
}

#[test]
fn failed_calls_and_other_services_are_left_alone() {
    let mut event = example("authorize-security-group-ingress-ssh");
    event["detail"]["errorCode"] = json!("Client.InvalidPermission.Duplicate");
    assert!(matches!(ignored(&event), Ignored::FailedCall(_)));
    let mut event = example("authorize-security-group-ingress-ssh");
    event["detail"]["readOnly"] = json!(true);
    assert_eq!(ignored(&event), Ignored::ReadOnly);
    for name in
        ["RevokeSecurityGroupIngress", "DescribeSecurityGroups", "DeleteSecurityGroup", "CreateManagedPrefixList"]
    {
        event["detail"]["readOnly"] = json!(false);
        event["detail"]["eventName"] = json!(name);
        assert_eq!(ignored(&event), Ignored::NotOurs, "{name}");
    }
    let mut event = example("authorize-security-group-ingress-ssh");
    event["detail"]["eventSource"] = json!("rds.amazonaws.com");
    assert_eq!(ignored(&event), Ignored::NotOurs);
}

#[test]
fn what_looks_like_a_breach() {
    let request = |name: &str, parameters: Value| {
        let mut event = example("authorize-security-group-ingress-ssh");
        event["detail"]["eventName"] = json!(name);
        event["detail"]["requestParameters"] = parameters;
        event["detail"]["responseElements"] = json!({"groupId": "sg-1"});
        looked(&event).2
    };
    let ranges = |key: &str, cidr: &str| {
        let (list, field) = if key == "v6" { ("ipv6Ranges", "cidrIpv6") } else { ("ipRanges", "cidrIp") };
        json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", list: {"items": [{field: cidr}]}}]}})
    };
    let ingress = "AuthorizeSecurityGroupIngress";
    for (key, cidr) in [("v4", "0.0.0.0/0"), ("v6", "::/0"), ("v4", "128.0.0.0/1"), ("v6", "2000::/3")] {
        assert!(request(ingress, ranges(key, cidr)), "{cidr}");
    }
    for (key, cidr) in [("v4", "203.0.113.0/24"), ("v6", "fd00::/8"), ("v4", "no range"), ("v4", "10.0.0.0/8")] {
        assert!(!request(ingress, ranges(key, cidr)), "{cidr}");
    }
    assert!(request(ingress, json!({"groupId": "sg-1", "ipPermissions": {}, "cidrIp": "0.0.0.0/0"})));
    assert!(request(
        ingress,
        json!({"groupId": "sg-1", "ipPermissions": {"items": [{"prefixListIds": {"items": [{"prefixListId": "pl-1"}]}}]}})
    ));
    assert!(!request("CreateSecurityGroup", json!({"groupName": "x"})));
    let list = |cidr: &str| json!({"ModifyManagedPrefixListRequest": {"PrefixListId": "pl-1", "AddEntry": [{"Cidr": cidr, "tag": 1}]}});
    assert!(request("ModifyManagedPrefixList", list("0.0.0.0/0")));
    assert!(!request("ModifyManagedPrefixList", list("203.0.113.0/24")));
}

#[test]
fn findings_of_security_hub_and_config() {
    let hub = |id: &str, product: &str| {
        json!({
            "version": "0", "id": "1", "detail-type": "Security Hub Findings - Imported", "source": "aws.securityhub",
            "account": "123456789012", "time": "2026-11-23T10:00:00Z", "region": "eu-central-1", "resources": [],
            "detail": {"findings": [{"ProductName": product, "RecordState": "ACTIVE",
                "Resources": [{"Type": "AwsEc2SecurityGroup", "Id": id}]}]},
        })
    };
    let arn = "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-0a1b2c3d";
    assert_eq!(looked(&hub(arn, "Security Hub")).0, sg("sg-0a1b2c3d"));
    assert_eq!(looked(&hub("sg-0a1b2c3d", "Security Hub")).0, sg("sg-0a1b2c3d"));
    assert_eq!(ignored(&hub(arn, "rectify")), Ignored::NotOurs);
    let other = "arn:aws:ec2:eu-central-1:999988887777:security-group/sg-0a1b2c3d";
    assert!(matches!(ignored(&hub(other, "Security Hub")), Ignored::NoResource(_)));
}
