//! The published JSON schema, as it is checked in, and every message of the tests.

use rectify_render::Message;
use serde_json::{Value, json};

use crate::sample;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/schema/message-1.json")).unwrap()
}

#[test]
fn every_message_is_what_the_published_schema_says() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut messages: Vec<Message> = sample::all().into_iter().map(|(_, message)| message).collect();
    messages.extend(sample::EVIL.iter().map(|evil| sample::hostile(evil)));
    for message in messages {
        let json: Value = serde_json::from_str(&message.json()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn other_json_is_not_what_the_schema_says() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good: Value = serde_json::from_str(&sample::all()[0].1.json()).unwrap();
    for (pointer, value) in [
        ("/version", json!("2")),
        ("/severity", json!("worst")),
        ("/mode", json!("loud")),
        ("/evidence", json!("none")),
        ("/control/id", json!(7)),
        ("/repeats", json!(-1)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{pointer}");
    }
    assert!(!validator.is_valid(&json!({})));
}

/// A reader of the schema finds out what every field means.
#[test]
fn every_field_is_described() {
    let schema = schema();
    let mut types: Vec<(&str, &Value)> = vec![("Message", &schema)];
    types.extend(schema["$defs"].as_object().unwrap().iter().map(|(name, object)| (name.as_str(), object)));
    assert!(types.len() >= 10, "{types:?}");
    for (name, object) in types {
        assert!(object["description"].is_string(), "{name}");
        for (field, spec) in object["properties"].as_object().into_iter().flatten() {
            let text = spec["description"].as_str().unwrap_or_else(|| panic!("{name}.{field}"));
            // Links inside the source's documentation lead nowhere here.
            assert!(!text.is_empty() && !text.contains("[`"), "{name}.{field}: {text}");
        }
    }
}
