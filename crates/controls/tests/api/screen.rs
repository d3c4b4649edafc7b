//! Events: what they make the guard look at.

use rectify_controls::{Ignored, Kind, Screen, api::*};
use rectify_event::Event;
use serde_json::{Value, json};

fn screen(event: &Value) -> Screen<Target> {
    Api::screen(&Event::parse(&event.to_string()).unwrap())
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .unwrap()
}

fn examples() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api")
}

fn example(name: &str) -> Value {
    read(&examples().join(format!("{name}.json")))
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

/// Every event under `events/api/` and what becomes of it. Each trigger's example is there and wakes the guard.
#[test]
fn the_example_events() {
    let mut files: Vec<_> = std::fs::read_dir(examples()).unwrap().map(|file| file.unwrap().path()).collect();
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
        text.push_str(&format!("{name}\n  {answer}\n"));
    }
    insta::assert_snapshot!(text);
    for trigger in Api::EVENTS {
        let event = example(trigger.example);
        assert_eq!(event["detail"]["eventName"], trigger.name, "{}", trigger.example);
        assert_eq!(event["detail"]["eventSource"], trigger.source, "{}", trigger.example);
        let (_, controls, _) = looked(&event);
        assert!(controls.iter().all(|control| trigger.controls.contains(control)), "{}", trigger.example);
    }
}

/// The same call where other records have what it names.
#[test]
fn where_else_a_resource_may_stand() {
    let stage = Target::RestStage("a1b2c3d4e5".to_owned().try_into().unwrap(), "prod".to_owned().try_into().unwrap());
    for (name, parameters) in [
        ("create-stage", json!({"restApiId": "a1b2c3d4e5", "stageName": "prod"})),
        ("create-stage", json!({"RestApiId": "a1b2c3d4e5", "CreateStageInput": {"StageName": "prod"}})),
        ("update-stage-logging-off", json!({"restApiId": "a1b2c3d4e5", "updateStageInput": {"stageName": "prod"}})),
        ("create-deployment", json!({"restApiId": "a1b2c3d4e5", "stageName": "prod"})),
        (
            "disassociate-web-acl",
            json!({"ResourceArn": "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"}),
        ),
    ] {
        let mut event = example(name);
        event["detail"]["requestParameters"] = parameters;
        assert_eq!(looked(&event).0, std::slice::from_ref(&stage), "{name}");
    }
    let mut event = example("create-api");
    event["detail"]["responseElements"] = json!({"apiId": "f6g7h8i9j0"});
    assert_eq!(looked(&event).0, looked(&example("create-api")).0);
    let mut event = example("create-web-acl-empty");
    event["detail"]["responseElements"]["summary"].as_object_mut().unwrap().remove("aRN");
    assert_eq!(looked(&event).0, looked(&example("create-web-acl-empty")).0);
    let mut event = example("delete-firewall-manager-rule-groups");
    let arn = event["detail"]["requestParameters"]["webACLArn"].clone();
    event["detail"]["requestParameters"] = json!({"webAclArn": arn});
    looked(&event);
    // A web ACL for CloudFront is called in us-east-1, and lives there.
    let mut event = example("update-web-acl-count");
    event["region"] = json!("us-east-1");
    event["detail"]["requestParameters"]["scope"] = json!("CLOUDFRONT");
    assert!(matches!(looked(&event).0[..], [Target::WebAcl(Scope::Global, ..)]));
}

/// What else a call can concern: the stages of an API that was private, and the one that is made with it.
#[test]
fn a_call_can_concern_stages_too() {
    let with = |operations: Value| {
        let mut event = example("update-rest-api-regional");
        event["detail"]["requestParameters"]["updateRestApiInput"]["patchOperations"] = operations;
        looked(&event).0.iter().any(Api::leads_on)
    };
    let reach = json!({"op": "replace", "path": "/endpointConfiguration/types/PRIVATE", "value": "REGIONAL"});
    let name = json!({"op": "replace", "path": "/name", "value": "other"});
    assert!(with(json!([reach])) && with(json!([name, reach])) && with(reach));
    assert!(!with(json!([name])));
    assert!(with(Value::Null) && with(json!([{"op": "replace"}])) && with(json!("x")), "what cannot be read");
    let stages = |name: &str| looked(&example(name)).0.into_iter().any(|id| matches!(id, Target::HttpStage(..)));
    assert!(stages("create-api-with-target") && !stages("create-api"));
}

/// CloudFront's calls are named with the API's date behind them, or without; nothing else is.
#[test]
fn dated_names() {
    for trigger in Api::EVENTS {
        let mut event = example(trigger.example);
        let plain = looked(&event);
        event["detail"]["eventName"] = json!(format!("{}2020_05_31", trigger.name));
        if trigger.source == "cloudfront.amazonaws.com" {
            assert_eq!(looked(&event), plain, "{}", trigger.name);
        } else {
            assert_eq!(ignored(&event), Ignored::NotOurs, "{}", trigger.name);
        }
    }
    let mut event = example("create-distribution");
    for name in ["CreateDistributionTenant", "CreateDistribution2020x", "CreateDistribution1", "CreateDistributio"] {
        event["detail"]["eventName"] = json!(name);
        assert_eq!(ignored(&event), Ignored::NotOurs, "{name}");
    }
    let pattern = rectify_controls::pattern::event_pattern(Api::EVENTS, Api::NOTICES);
    let begins = json!({"prefix": "UpdateDistribution20"});
    assert!(pattern["detail"]["eventName"].as_array().unwrap().contains(&begins), "{pattern}");
}

/// An update that leaves a web ACL there is not suspicious; one that leaves none is.
#[test]
fn an_update_of_a_distribution_says_whether_it_has_a_web_acl() {
    let mut event = example("update-distribution-no-web-acl");
    assert!(looked(&event).2);
    event["detail"]["requestParameters"]["distributionConfig"]["webACLId"] = json!("arn:aws:wafv2:us-east-1:1:x");
    assert!(!looked(&event).2);
    event["detail"]["requestParameters"]["distributionConfig"].as_object_mut().unwrap().remove("webACLId");
    assert!(looked(&event).2);
}

/// Nothing happens: the call failed, only read, or is another service's of the same name.
#[test]
fn what_changes_nothing_is_ignored() {
    for trigger in Api::EVENTS {
        let mut event = example(trigger.example);
        event["detail"]["errorCode"] = json!("AccessDenied");
        assert!(matches!(ignored(&event), Ignored::FailedCall(_)), "{}", trigger.name);
        let mut event = example(trigger.example);
        event["detail"]["readOnly"] = json!(true);
        assert_eq!(ignored(&event), Ignored::ReadOnly, "{}", trigger.name);
        let mut event = example(trigger.example);
        event["detail"]["eventSource"] = json!("ec2.amazonaws.com");
        assert_eq!(ignored(&event), Ignored::NotOurs, "{}", trigger.name);
        let mut event = example(trigger.example);
        event["account"] = json!("nobody");
        assert!(matches!(ignored(&event), Ignored::Elsewhere(_)), "{}", trigger.name);
        let mut event = example(trigger.example);
        event["region"] = Value::Null;
        assert!(matches!(ignored(&event), Ignored::Elsewhere(_)), "{}", trigger.name);
    }
    // AppSync's and API Gateway's keys have one name.
    let mut event = example("create-api-key");
    event["detail"]["eventSource"] = json!("apigateway.amazonaws.com");
    assert_eq!(ignored(&event), Ignored::NotOurs);
}

/// A deployment makes a stage only when it names one, and never for an HTTP API.
#[test]
fn a_deployment_to_no_stage_is_not_applicable() {
    for parameters in [json!({"restApiId": "a1b2c3d4e5"}), json!({"apiId": "f6g7h8i9j0", "stageName": "prod"})] {
        let mut event = example("create-deployment");
        event["detail"]["requestParameters"] = parameters;
        assert!(matches!(ignored(&event), Ignored::NotApplicable(_)));
    }
}

/// Dropped, nulled, of another type, hostile or huge: whatever stands in a field, the guard looks at a well-formed resource of the
/// event's own account and region, or at nothing.
#[test]
fn whatever_stands_in_an_event() {
    let huge = "a".repeat(300_000);
    let hostile = [
        Value::Null,
        json!(7),
        json!([]),
        json!({}),
        json!(""),
        json!("../../etc"),
        json!("a/b"),
        json!("a:b"),
        json!("a b\n"),
        json!("$default/../x"),
        json!("a\u{202e}b"),
        json!(huge),
        json!("arn:aws:elasticloadbalancing:eu-central-1:999999999999:loadbalancer/app/web/0123456789abcdef"),
        json!("arn:aws:wafv2:us-west-2:123456789012:regional/webacl/example/1"),
        json!("https://evil.example.com/f6g7h8i9j0"),
    ];
    let place = |event: &Value| rectify_controls::Place {
        account: rectify_controls::AccountId::new(event["account"].as_str().unwrap()).unwrap(),
        region: rectify_controls::Region::new(event["region"].as_str().unwrap()).unwrap(),
    };
    for trigger in Api::EVENTS {
        let whole = example(trigger.example);
        for pointer in leaves(&whole["detail"], "/detail") {
            for value in hostile.iter().map(Some).chain([None]) {
                let mut event = whole.clone();
                match value {
                    Some(value) => *event.pointer_mut(&pointer).unwrap() = value.clone(),
                    None => remove(&mut event, &pointer),
                }
                let Ok(parsed) = serde_json::to_string(&event).map(|text| text.leak() as &str) else { continue };
                let Ok(parsed) = Event::parse(parsed) else { continue };
                if let Screen::Look { targets, selection, .. } = Api::screen(&parsed) {
                    assert!(!selection.is_empty() && matches!(targets.len(), 1 | 2), "{} {pointer}", trigger.name);
                    for target in targets {
                        let arn = Api::arn(&target, &place(&event));
                        let known = Some(&target).filter(|target| !Api::leads_on(target));
                        assert_eq!(Api::id(&arn, &place(&event)).as_ref(), known, "{} {pointer}", trigger.name);
                        assert!(arn.as_str().len() < 400);
                    }
                }
            }
        }
    }
}

/// JSON pointers to everything below the request and the answer.
fn leaves(value: &Value, at: &str) -> Vec<String> {
    let inside = at.contains("/requestParameters") || at.contains("/responseElements");
    let mut found = if inside { vec![at.to_owned()] } else { Vec::new() };
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                found.extend(leaves(field, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(leaves(item, &format!("{at}/{index}")));
            }
        }
        _ => {}
    }
    found
}

fn remove(event: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => {}
    }
}

/// Records that other people's accounts wrote.
#[test]
fn recorded_calls() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/api/corpus");
    let mut text = String::new();
    for entry in read(&folder.join("records.json")).as_array().unwrap() {
        let record = &entry["record"];
        let source = record["eventSource"].as_str().unwrap();
        let event = json!({
            "version": "0", "id": record["eventID"], "detail-type": "AWS API Call via CloudTrail",
            "source": format!("aws.{}", source.split('.').next().unwrap()),
            "account": record["recipientAccountId"], "time": record["eventTime"], "region": record["awsRegion"],
            "resources": [], "detail": record,
        });
        let answer = match screen(&event) {
            Screen::Ignore(why) => format!("ignored: {why}"),
            Screen::Look { targets, selection, .. } => format!("{targets:?}: {selection:?}"),
        };
        text.push_str(&format!("{source} {}\n  {answer}\n", record["eventName"].as_str().unwrap()));
    }
    insta::assert_snapshot!(text);
}

/// AWS Config and Security Hub name a resource by its ARN.
#[test]
fn other_services_findings() {
    let arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/0123456789abcdef";
    let event = |detail_type: &str, source: &str, detail: Value| {
        json!({"version": "0", "id": "1", "detail-type": detail_type, "source": source, "account": "123456789012",
            "time": "2026-11-20T09:12:15Z", "region": "eu-central-1", "resources": [], "detail": detail})
    };
    let compliance = |kind: &str, id: &str| {
        let detail =
            json!({"resourceType": kind, "resourceId": id, "newEvaluationResult": {"complianceType": "NON_COMPLIANT"}});
        event("Config Rules Compliance Change", "aws.config", detail)
    };
    let kind = "AWS::ElasticLoadBalancingV2::LoadBalancer";
    assert_eq!(looked(&compliance(kind, arn)).1, ["alb-without-waf"]);
    assert_eq!(ignored(&compliance("AWS::EC2::Instance", arn)), Ignored::NotOurs);
    assert!(matches!(ignored(&compliance(kind, "web")), Ignored::NoResource(_)));
    let item = json!({"configurationItem": {"resourceType": kind, "resourceId": arn, "configurationItemStatus": "OK"}});
    assert_eq!(looked(&event("Config Configuration Item Change", "aws.config", item)).1, ["alb-without-waf"]);
    // AWS Config calls these by their ids.
    let pool = looked(&compliance("AWS::Cognito::UserPool", "eu-central-1_AbCdEfGhI"));
    assert_eq!(pool.1, ["cognito-pool-without-waf"]);
    let distribution = looked(&compliance("AWS::CloudFront::Distribution", "EDFDVBD6EXAMPLE"));
    let by_arn =
        compliance("AWS::CloudFront::Distribution", "arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE");
    assert_eq!((&distribution.1, &distribution), (&vec!["cloudfront-without-waf"], &looked(&by_arn)));
    let service = "arn:aws:apprunner:eu-central-1:123456789012:service/shop/0123456789abcdef0123456789abcdef";
    assert_eq!(looked(&compliance("AWS::AppRunner::Service", service)).1, ["apprunner-without-waf"]);
    assert!(matches!(ignored(&compliance("AWS::Cognito::UserPool", "a/b")), Ignored::NoResource(_)));
    let finding = json!({"findings": [{"Resources": [{"Type": "AwsElbv2LoadBalancer", "Id": arn}]}]});
    let found = looked(&event("Security Hub Findings - Imported", "aws.securityhub", finding));
    assert_eq!((found.1, found.2), (vec!["alb-without-waf"], true));
}
