//! What a reader is told about an event that does not match.

use rectify_pattern::{Pattern, Reason};
use serde_json::{Value, json};

#[track_caller]
fn check(pattern: &Value, event: &Value, expected: &str) {
    let mismatch = Pattern::from_value(pattern).unwrap().explain(event).unwrap();
    assert_eq!(mismatch.to_string(), expected);
}

#[test]
fn the_first_path_that_fails_is_named_with_what_stands_there() {
    let pattern = json!({
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["s3.amazonaws.com"], "eventName": [{"prefix": "Put"}], "errorCode": [{"exists": false}]},
    });
    let event = |name: Value, extra: Value| {
        let mut detail = json!({"eventSource": "s3.amazonaws.com", "eventName": name});
        detail.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"detail-type": "AWS API Call via CloudTrail", "detail": detail})
    };
    assert_eq!(Pattern::from_value(&pattern).unwrap().explain(&event(json!("PutBucketAcl"), json!({}))), None);
    check(
        &pattern,
        &event(json!("GetObject"), json!({})),
        "`detail.eventName` is \"GetObject\", which the pattern does not accept",
    );
    check(
        &pattern,
        &event(json!("PutBucketAcl"), json!({"errorCode": "AccessDenied"})),
        "`detail.errorCode` must be absent, but is \"AccessDenied\"",
    );
    check(&pattern, &event(json!({"x": 1}), json!({})), "`detail.eventName` has no value in the event");
    check(
        &pattern,
        &event(json!(["a", 2, null, "never shown"]), json!({})),
        "`detail.eventName` is \"a\", 2, null, which the pattern does not accept",
    );
}

#[test]
fn values_of_different_list_elements_are_explained() {
    let pattern = json!({"l": {"k": ["a"], "v": [1]}});
    let event = json!({"l": [{"k": "a", "v": 2}, {"k": "b", "v": 1}]});
    check(&pattern, &event, "`l.v` is accepted only in another list element than the paths before it");
}

#[test]
fn of_several_alternatives_the_one_that_got_furthest_is_explained() {
    let pattern = json!({"$or": [{"x": [1]}, {"a": [1], "b": [1], "c": [1]}, {"a": [1], "z": [1]}]});
    let mismatch = Pattern::from_value(&pattern).unwrap().explain(&json!({"a": 1, "b": 1})).unwrap();
    assert_eq!((mismatch.path.as_str(), mismatch.reason), ("c", Reason::Missing));
}

#[test]
fn something_that_is_no_object_matches_nothing() {
    let pattern = json!({"a": [{"exists": false}]});
    for event in [json!(null), json!([]), json!([{}]), json!("a"), json!(1)] {
        check(&pattern, &event, "the event is not a JSON object");
    }
}
