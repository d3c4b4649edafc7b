//! Each field dropped, nulled and replaced by something of another type, in turn.

use std::collections::BTreeSet;

use rectify_event::{Event, Record};
use serde_json::{Value, json};

use crate::corpus::{events, records};

/// What stands in for a field.
fn replacements() -> Vec<Value> {
    vec![
        Value::Null,
        json!(7),
        json!(-1.5e300),
        json!(true),
        json!("x"),
        json!(""),
        json!([]),
        json!(["x", 7]),
        json!([[{}]]),
        json!({}),
        json!({"type": 1, "items": [null]}),
    ]
}

/// One record of each shape: the set of its keys, its kind of caller, and whether it failed.
fn shapes() -> Vec<(String, Value)> {
    let mut seen = BTreeSet::new();
    let mut shapes: Vec<_> = records().into_iter().map(|case| (case.name, case.value)).collect();
    shapes.retain(|(_, record)| {
        let keys: Vec<&String> = record.as_object().unwrap().keys().filter(|key| !key.starts_with("p_")).collect();
        let caller: Vec<&String> =
            record["userIdentity"].as_object().into_iter().flat_map(|caller| caller.keys()).collect();
        seen.insert(format!("{keys:?} {caller:?} {}", record["userIdentity"]["type"]))
    });
    assert!(shapes.len() > 80, "{}", shapes.len());
    shapes
}

/// Pointers to every field down to the session's attributes.
fn pointers(value: &Value, pointer: &str, depth: usize, found: &mut Vec<String>) {
    let Some(fields) = value.as_object().filter(|_| depth > 0) else { return };
    for (key, value) in fields {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        // What is below these is kept as it stands, so a change there can only change what is kept.
        if !["requestParameters", "responseElements", "additionalEventData"].contains(&key.as_str()) {
            pointers(value, &pointer, depth - 1, found);
        }
        found.push(pointer);
    }
}

fn remove(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(&key);
    value
}

fn replace(value: &Value, pointer: &str, by: &Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = by.clone();
    value
}

/// Reads the record and uses everything that interprets it.
fn use_all(record: &Record<'_>) {
    let actor = record.actor();
    assert!(!actor.to_string().is_empty());
    assert!(actor.chain.iter().all(|link| !link.to_string().is_empty()));
    let _ = (record.tool(), record.issuer_arn(), record.failed());
    let _ = (record.request().get("bucketName/x"), record.response().list("items"));
}

#[test]
fn a_mutilated_record_still_reads_and_never_turns_a_failure_into_a_success() {
    for (name, original) in shapes() {
        let original_text = original.to_string();
        let original_record = Record::parse(&original_text).unwrap();
        let original_read = serde_json::to_value(&original_record).unwrap();
        let mut fields = Vec::new();
        pointers(&original, "", 4, &mut fields);
        for field in &fields {
            let mutants = replacements().into_iter().map(|by| (by.to_string(), replace(&original, field, &by)));
            let dropped = ("nothing".to_owned(), remove(&original, field));
            for (by, mutant) in mutants.chain([dropped]) {
                let what = format!("{name}: {field} replaced by {by}");
                let text = mutant.to_string();
                let required = field == "/eventSource" || field == "/eventName";
                if required && !by.starts_with('"') {
                    let error = Record::parse(&text).expect_err(&what).to_string();
                    assert!(error.contains(field.trim_start_matches('/')), "{what}: {error}");
                    continue;
                }
                let record = Record::parse(&text).unwrap_or_else(|error| panic!("{what}: {error}"));
                use_all(&record);

                // Nothing but the field itself is lost.
                let mut read = serde_json::to_value(&record).unwrap();
                let mut expected = original_read.clone();
                let top = field.split('/').nth(1).unwrap();
                for side in [&mut read, &mut expected] {
                    side.as_object_mut().unwrap().remove(top);
                }
                assert_eq!(read, expected, "{what}");

                let erased = field == "/errorCode" && ["nothing", "null", "\"\""].contains(&&*by);
                let sign_in =
                    required || (original["eventName"] == "ConsoleLogin" && field.starts_with("/responseElements"));
                if original_record.failed() && !erased && !sign_in {
                    assert!(record.failed(), "{what}");
                }
                if field == "/errorCode" && !erased {
                    assert!(record.failed(), "{what}");
                }
            }
        }
    }
}

#[test]
fn whatever_an_error_code_is_it_means_failed_unless_it_is_empty() {
    for by in replacements().iter().filter(|by| !by.is_null() && **by != json!("")) {
        let text = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "errorCode": by}).to_string();
        assert!(Record::parse(&text).unwrap().failed(), "{by}");
    }
    let odd = r#"{"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "errorCode": "\ud800"}"#;
    assert!(Record::parse(odd).unwrap().failed());
    for none in [json!(null), json!("")] {
        let text =
            json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "errorCode": none}).to_string();
        assert!(!Record::parse(&text).unwrap().failed(), "{none}");
    }
}

#[test]
fn a_sign_in_that_lost_its_answer_is_still_a_failure() {
    let sign_in = json!({
        "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "errorMessage": "Failed authentication",
        "responseElements": {"ConsoleLogin": "Failure"},
    });
    for field in ["/errorMessage", "/responseElements", "/responseElements/ConsoleLogin"] {
        let mutants =
            replacements().into_iter().map(|by| replace(&sign_in, field, &by)).chain([remove(&sign_in, field)]);
        for mutant in mutants {
            let text = mutant.to_string();
            assert!(Record::parse(&text).unwrap().failed(), "{text}");
        }
    }
    let success = json!({
        "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"},
    });
    let text = success.to_string();
    assert!(!Record::parse(&text).unwrap().failed());
}

#[test]
fn a_mutilated_envelope_reads_or_says_what_is_missing() {
    let mut seen = BTreeSet::new();
    for case in events() {
        if !seen.insert(case.value["detail-type"].to_string()) {
            continue;
        }
        for field in case.value.as_object().unwrap().keys() {
            let pointer = format!("/{field}");
            let mutants = replacements().into_iter().map(|by| (by.to_string(), replace(&case.value, &pointer, &by)));
            for (by, mutant) in mutants.chain([("nothing".to_owned(), remove(&case.value, &pointer))]) {
                let what = format!("{}: {field} replaced by {by}", case.name);
                let text = mutant.to_string();
                let read = Event::parse(&text);
                match field.as_str() {
                    "source" | "detail-type" if by.starts_with('"') => assert!(read.is_ok(), "{what}"),
                    "source" | "detail-type" => assert!(read.expect_err(&what).to_string().contains(field), "{what}"),
                    // A detail of a known type has to be an object; of a CloudTrail call, one that names the call.
                    "detail" => {
                        if let Err(error) = read {
                            let error = error.to_string();
                            assert!(error.contains("detail") || error.contains("expected"), "{what}: {error}");
                        } else {
                            assert!(by != "nothing", "{what}");
                        }
                    }
                    _ => assert!(read.is_ok(), "{what}"),
                }
            }
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
}
