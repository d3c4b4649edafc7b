//! OCSF: against the schema's own files, flattened into a fixture.

use serde_json::Value;

use crate::{check_visible, sample};

fn schema() -> Value {
    serde_json::from_str(include_str!("../fixtures/ocsf.json")).unwrap()
}

/// Panics where `value` is not the object `name` of the schema: unknown, missing or deprecated attributes, types, enum ids and
/// their captions.
#[track_caller]
fn check_object(schema: &Value, name: &str, value: &Value, path: &str) {
    let object = &schema["objects"][name];
    let known = object["attributes"].as_object().unwrap_or_else(|| panic!("{path}: no object `{name}` in the fixture"));
    let fields = value.as_object().unwrap_or_else(|| panic!("{path} is no object"));
    for (attribute, spec) in known {
        assert!(spec["required"] != true || fields.contains_key(attribute), "{path}: `{attribute}` is missing");
        assert!(spec["deprecated"] != true || !fields.contains_key(attribute), "{path}: `{attribute}` is deprecated");
    }
    if let Some(any) = object["at_least_one"].as_array() {
        assert!(any.iter().any(|one| fields.contains_key(one.as_str().unwrap())), "{path}: none of {any:?}");
    }
    for (attribute, value) in fields {
        let path = format!("{path}.{attribute}");
        let spec = known.get(attribute).unwrap_or_else(|| panic!("{path} is unknown"));
        let items = if spec["array"] == true {
            value.as_array().unwrap_or_else(|| panic!("{path} is no list")).iter().collect()
        } else {
            vec![value]
        };
        for item in items {
            check_value(schema, spec, item, &path);
        }
        // `severity` says what `severity_id` means.
        if let Some(caption) = spec["enum"].get(value.to_string())
            && let Some(sibling) = attribute.strip_suffix("_id")
        {
            let said = fields.get(sibling).or_else(|| fields.get(&format!("{sibling}_name")));
            assert!(said.is_none_or(|said| said == caption), "{path}: {said:?} is not {caption}");
        }
    }
}

#[track_caller]
fn check_value(schema: &Value, spec: &Value, value: &Value, path: &str) {
    if spec["enum"].is_object() {
        assert!(spec["enum"].get(value.to_string()).is_some(), "{path}: {value} is not in the enum");
    }
    match spec["type"].as_str().unwrap() {
        "integer_t" | "long_t" | "timestamp_t" => assert!(value.is_i64() || value.is_u64(), "{path}: {value}"),
        "json_t" | "object" => {}
        kind if kind.ends_with("_t") => assert!(value.is_string(), "{path}: {value}"),
        object => check_object(schema, object, value, path),
    }
}

#[track_caller]
pub(crate) fn check(event: &Value) {
    check_visible(event);
    check_object(&schema(), "compliance_finding", event, "event");
    assert_eq!((event["category_uid"].as_u64(), event["class_uid"].as_u64()), (Some(2), Some(2003)));
    assert_eq!(event["type_uid"].as_u64(), event["activity_id"].as_u64().map(|activity| 2003 * 100 + activity));
    assert_eq!(event["metadata"]["version"], "1.4.0");
    assert!(event.to_string().len() < 240_000, "an EventBridge entry has 262,144 bytes: {}", event.to_string().len());
}

#[test]
fn a_finding_has_a_beginning_and_an_end() {
    let ends: Vec<String> = sample::all()
        .into_iter()
        .map(|(name, message)| {
            let event = message.ocsf();
            format!("{name:<13} {} {} {}", event["type_name"], event["status"], event["compliance"]["status"])
        })
        .collect();
    insta::assert_snapshot!("ocsf_ends", ends.join("\n"));
}

#[test]
fn an_event_has_everything_a_lake_needs() {
    let (_, message) = sample::all().remove(0);
    let mut event = message.ocsf();
    event["metadata"]["product"]["version"] = "VERSION".into();
    event.sort_all_objects();
    insta::assert_json_snapshot!("ocsf_corrected", event);
}
