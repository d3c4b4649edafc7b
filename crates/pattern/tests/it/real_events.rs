//! The patterns of the rule book's resource kinds on real CloudTrail records, compared with a reading by hand.

use std::collections::BTreeMap;

use rectify_pattern::{DEFAULT_LENGTH, Pattern, check_length};
use serde_json::Value;

use crate::{lines, matches};

const EVENTS: &str = "../event/tests/fixtures/wrapped.jsonl";

/// Whether the pattern's lists accept the event: enough for patterns of exact values, prefixes, and one absence.
fn accepts(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(key, pattern)| {
            let event = event.get(key).unwrap_or(&Value::Null);
            if pattern == &serde_json::json!([{"exists": false}]) { event.is_null() } else { accepts(pattern, event) }
        }),
        Value::Array(values) => values.iter().any(|value| match value.get("prefix") {
            Some(prefix) => event.as_str().is_some_and(|text| text.starts_with(prefix.as_str().unwrap())),
            None => value == event,
        }),
        _ => panic!("{pattern} is no pattern"),
    }
}

fn is_simple(pattern: &Value) -> bool {
    !["anything-but", "numeric", "wildcard"].iter().any(|operator| pattern.to_string().contains(operator))
}

#[test]
fn rules_fire_on_the_calls_they_name_and_on_no_failed_one() {
    let rules = lines("tests/fixtures/rules.jsonl");
    let events = lines(EVENTS);
    assert!(rules.len() > 30 && events.len() > 130, "{} {}", rules.len(), events.len());
    let mut fired = BTreeMap::<&str, usize>::new();
    for rule in &rules {
        let name = rule["name"].as_str().unwrap();
        check_length(&rule["pattern"].to_string(), DEFAULT_LENGTH).unwrap();
        let pattern = Pattern::from_value(&rule["pattern"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let for_calls = rule["pattern"]["detail"].get("errorCode").is_some();
        for case in &events {
            let (event, event_name) = (&case["event"], case["name"].as_str().unwrap());
            let hit = matches(&pattern, event);
            if is_simple(&rule["pattern"]) {
                assert_eq!(hit, accepts(&rule["pattern"], event), "{name} on {event_name}");
            }
            assert!(!(hit && for_calls && event_name.contains("-err-")), "{name} fired on {event_name}");
            *fired.entry(name).or_default() += usize::from(hit);
        }
    }
    for busy in ["s3-bucket", "security-group", "ec2-network", "cloudtrail", "ebs", "iam-role", "lambda-function"] {
        assert!(fired[busy] > 0, "{busy} never fired");
    }
    assert_eq!(fired["s3-object (native)"], 0);
    // Real records often lack `readOnly`; a rule that names it needs it.
    let with_flag = events.iter().filter(|case| case["event"]["detail"]["readOnly"] == false).count();
    let elsewhere = fired["organization: region-not-permitted"];
    assert!(0 < elsewhere && elsewhere < with_flag, "{elsewhere} of {with_flag}");
}

#[test]
fn a_failed_call_is_explained_by_its_error_code() {
    let rules = lines("tests/fixtures/rules.jsonl");
    let rule = rules.iter().find(|rule| rule["name"] == "s3-bucket").unwrap();
    let pattern = Pattern::from_value(&rule["pattern"]).unwrap();
    let mut failed = 0;
    for case in lines(EVENTS) {
        let detail = &case["event"]["detail"];
        if detail["eventSource"] == "s3.amazonaws.com" && detail.get("errorCode").is_some() {
            assert_eq!(pattern.explain(&case["event"]).unwrap().path, "detail.errorCode", "{}", case["name"]);
            failed += 1;
        }
    }
    assert!(failed > 0);
}
