//! From the event to the object.

use std::{fs, path::PathBuf};

use rectify_controls::{Ignored, Kind, Screen, s3_object::*};
use rectify_event::Event;
use serde_json::Value;

use super::{ACL, KEY, TOKEN, selected};

const VERSION: &str = "4_fL3kcRtjNlNjL8sHdGq9dBHkrmlHB1";

fn read(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/s3-object/{name}.json"));
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

fn screen(event: &Value) -> Screen<ObjectId> {
    let text = event.to_string();
    match Event::parse(&text) {
        Ok(event) => S3Object::screen(&event),
        Err(_) => Screen::Ignore(Ignored::NotOurs),
    }
}

fn looked(event: &Value) -> (String, String, Option<String>, Vec<&'static str>) {
    match screen(event) {
        Screen::Look { targets, selection, suspicious } => {
            assert!(!suspicious);
            assert_eq!(targets.len(), 1);
            let ObjectId { bucket, key, version } = targets.into_iter().next().unwrap();
            (bucket.to_string(), key.to_string(), version.map(String::from), selection.into_iter().collect())
        }
        Screen::Ignore(why) => panic!("{why}: {event}"),
    }
}

#[test]
fn every_example_names_its_object() {
    let all = selected(&[KEY, TOKEN, ACL]).into_iter().collect::<Vec<_>>();
    let content = selected(&[KEY, TOKEN]).into_iter().collect::<Vec<_>>();
    for (name, key, version, controls) in [
        ("put-object-key", "config/app.env", Some(VERSION), &all),
        ("put-object-unversioned", "config/app.env", None, &all),
        ("put-object-public-acl", "site/index.html", None, &all),
        ("copy-object-key", "backup/app.env", Some(VERSION), &all),
        ("complete-multipart-upload-key", "dumps/home.tar.gz", Some(VERSION), &all),
        ("put-object-acl-public", "site/index.html", None, &vec![ACL]),
        ("put-object-acl-version", "site/index.html", Some(VERSION), &vec![ACL]),
        ("put-object-tagging", "config/app.env", Some(VERSION), &content),
        ("delete-object-tagging", "config/app.env", Some(VERSION), &content),
        ("object-created-key", "config/app.env", Some(VERSION), &all),
        ("object-created-unversioned", "Übersicht/2026 Q4+Plan.csv", None, &all),
        ("object-acl-updated-public", "site/index.html", None, &vec![ACL]),
        ("object-tags-added", "config/app.env", Some(VERSION), &content),
        ("object-tags-deleted", "config/app.env", Some(VERSION), &content),
        ("macie-credentials", "config/app.env", Some(VERSION), &content),
        ("macie-unversioned", "config/app.env", None, &content),
        ("hostile-key", "<script>alert(1)</script>\n`$(id)`/../../etc/passwd?versionId=null&x=%2e%2e", None, &all),
    ] {
        let (bucket, found, at, selection) = looked(&read(name));
        assert_eq!((bucket.as_str(), found.as_str(), at.as_deref()), ("example-reports", key, version), "{name}");
        assert_eq!(&selection, controls, "{name}");
    }
}

#[test]
fn what_is_left_alone() {
    for (name, why) in [
        ("put-object-failed", "FailedCall"),
        ("put-object-directory-bucket", "NotApplicable"),
        ("macie-credentials-sample", "NotOurs"),
        ("macie-personal", "NotOurs"),
    ] {
        match screen(&read(name)) {
            Screen::Ignore(ignored) => assert!(format!("{ignored:?}").starts_with(why), "{name}: {ignored:?}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Every field dropped, nulled and made something else, one at a time: never a panic, and never another object.
#[test]
fn mutilated_events() {
    for trigger in S3Object::EVENTS.iter().map(|one| one.example).chain(S3Object::NOTICES.iter().map(|one| one.example))
    {
        let whole = read(trigger);
        let (_, key, _, _) = looked(&whole);
        for pointer in pointers(&whole, "") {
            for wrong in
                [None, Some(Value::Null), Some(serde_json::json!({"a": [1]})), Some(Value::from("x".repeat(4000)))]
            {
                let mut event = whole.clone();
                let (parent, field) = pointer.rsplit_once('/').unwrap();
                let Some(parent) = event.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
                match wrong {
                    None => parent.remove(field),
                    Some(value) => parent.insert(field.to_owned(), value),
                };
                if let Screen::Look { targets, .. } = screen(&event) {
                    assert_eq!(targets[0].key.as_str(), key, "{trigger}: {pointer}");
                }
            }
        }
    }
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let Value::Object(fields) = value else { return Vec::new() };
    fields
        .iter()
        .filter(|(name, _)| !name.contains(['/', '~']))
        .flat_map(|(name, field)| {
            let here = format!("{at}/{name}");
            let mut all = vec![here.clone()];
            all.extend(pointers(field, &here));
            all
        })
        .collect()
}

/// Somebody else's event with our words in it.
#[test]
fn only_the_envelope_says_who_sent_it() {
    let mut event = read("object-created-key");
    for source in ["my.app", "aws.macie", "aws.ec2"] {
        event["source"] = source.into();
        assert!(matches!(screen(&event), Screen::Ignore(_)), "{source}");
    }
    let mut finding = read("macie-credentials");
    finding["source"] = "aws.s3".into();
    assert!(matches!(screen(&finding), Screen::Ignore(_)));
}

/// Records of other projects: panther-labs/panther-analysis (Apache-2.0) and aws-powertools/powertools-lambda-python (MIT-0).
#[test]
fn real_records() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/s3_object");
    let records: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(folder.join("cloudtrail.json")).unwrap()).unwrap();
    let mut seen = Vec::new();
    for record in records {
        let event = serde_json::json!({
            "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": "111111111111", "region": "us-west-2",
            "detail": record,
        });
        let (bucket, key, _, _) = looked(&event);
        seen.push(format!("{bucket}/{key}"));
    }
    assert_eq!(
        seen,
        ["production-data/documents/financial/HOW_TO_DECRYPT_FILES.txt", "victim-data-bucket/important-file.txt"]
    );
    let created: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("object-created.json")).unwrap()).unwrap();
    assert_eq!(looked(&created).1, "IMG_m7fzo3.jpg");
}
