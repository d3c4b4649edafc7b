//! Every operator, case by case, and every refusal.

use rectify_pattern::{MAX_COMBINATIONS, Pattern, PatternError, check_length};
use serde_json::{Value, json};

use crate::{lines, matches, text};

#[test]
fn operators_do_what_the_documentation_says() {
    let cases: Vec<Value> = serde_json::from_str(&text("tests/fixtures/operators.json")).unwrap();
    assert!(cases.len() > 55, "{}", cases.len());
    for case in &cases {
        let name = &case["name"];
        let pattern = Pattern::from_value(&case["pattern"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (list, expected) in [("matches", true), ("misses", false)] {
            let events = case[list].as_array().unwrap();
            assert!(!events.is_empty(), "{name}: {list}");
            for event in events {
                assert_eq!(matches(&pattern, event), expected, "{name}: {event}");
            }
        }
    }
}

#[test]
fn what_aws_refuses_is_refused_with_a_reason() {
    let cases: Vec<Value> = serde_json::from_str(&text("tests/fixtures/refused.json")).unwrap();
    for case in &cases {
        let pattern = &case["pattern"];
        let error = match pattern {
            Value::String(text) => Pattern::parse(text),
            pattern => Pattern::from_value(pattern),
        };
        let message = error.expect_err(&pattern.to_string()).to_string();
        let expected = case["says"].as_str().unwrap();
        assert!(message.contains(expected), "{pattern}: {message}");
    }
}

/// Random patterns on random events, with the answers of `aws/event-ruler`; see the README of the fixtures.
#[test]
fn the_reference_engine_agrees() {
    let (mut hits, mut refusals) = (0, 0);
    for case in lines("tests/fixtures/reference.jsonl") {
        if case["refused"] == true {
            assert!(Pattern::from_value(&case["pattern"]).is_err(), "{case}");
            refusals += 1;
            continue;
        }
        let pattern = Pattern::from_value(&case["pattern"]).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(matches(&pattern, &case["event"]), case["matches"].as_bool().unwrap(), "{case}");
        hits += usize::from(case["matches"] == true);
    }
    assert_eq!((hits, refusals), (350, 150));
}

#[test]
fn of_a_key_written_twice_the_last_one_counts() {
    let pattern = Pattern::parse(r#"{"a": ["first"], "a": ["last"]}"#).unwrap();
    assert!(matches(&pattern, &json!({"a": "last"})));
    assert!(!matches(&pattern, &json!({"a": "first"})));
}

#[test]
fn combinations_are_counted_before_they_are_made() {
    let list = |field: &str, count: usize| Value::from((0..count).map(|n| json!({field: [n]})).collect::<Vec<_>>());
    let pattern = |a, b, c| json!({"$or": list("a", a), "x": {"$or": list("b", b)}, "y": {"$or": list("c", c)}});
    let most = Pattern::from_value(&pattern(10, 10, 10)).unwrap();
    assert!(matches(&most, &json!({"a": 9, "x": {"b": 9}, "y": {"c": 9}})));
    assert!(!matches(&most, &json!({"a": 9, "x": {"b": 9}, "y": {"c": 10}})));
    for over in [pattern(10, 10, 11), pattern(1001, 2, 2), pattern(900, 900, 900)] {
        let error = Pattern::from_value(&over).unwrap_err();
        assert!(matches!(error, PatternError::TooManyCombinations { limit: MAX_COMBINATIONS }), "{error}");
    }
}

#[test]
fn length_is_counted_in_characters() {
    assert!(check_length("ééé", 3).is_ok());
    let error = check_length("éééé", 3).unwrap_err();
    assert_eq!(error.to_string(), "the pattern has 4 characters, 3 are allowed");
}

#[test]
fn paths_are_listed_once() {
    let pattern = json!({"b": {"c": [1]}, "$or": [{"a": [1]}, {"a": [2], "d": [3]}]});
    assert_eq!(Pattern::from_value(&pattern).unwrap().paths(), ["a", "b.c", "d"]);
}
