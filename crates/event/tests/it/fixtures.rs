//! Every fixture parses, and what was read is what is written there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use rectify_event::{Detail, Event, Record};
use serde_json::Value;

use crate::corpus::{events, folder, manifest, records, rows};

#[test]
fn every_fixture_has_a_source_and_an_open_licence() {
    let listed: BTreeSet<String> = manifest()
        .iter()
        .inspect(|entry| {
            let sources = entry["sources"].as_array().unwrap();
            assert!(!sources.is_empty(), "{entry}");
            for source in sources {
                let licence = source["licence"].as_str().unwrap();
                assert!(["Apache-2.0", "MIT", "MIT-0", "CC-BY-4.0"].contains(&licence), "{source}");
                assert!(licence != "CC-BY-4.0" || source["attribution"].is_string(), "{source}");
            }
        })
        .map(|entry| entry["file"].as_str().unwrap().to_owned())
        .collect();
    let mut found = BTreeSet::new();
    for (prefix, directory) in [("", folder()), ("envelopes/", folder().join("envelopes"))] {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                found.insert(format!("{prefix}{}", entry.file_name().to_str().unwrap()));
            }
        }
    }
    found.remove("MANIFEST.json");
    assert_eq!(found, listed);
}

#[test]
fn every_record_reads_back_what_it_says() {
    let mut unread = BTreeMap::<String, usize>::new();
    let cases = records();
    assert!(cases.len() > 600, "{}", cases.len());
    for case in &cases {
        let text = case.value.to_string();
        let record = Record::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        compare(&case.name, "", &serde_json::to_value(&record).unwrap(), &case.value, &mut unread);
        assert_eq!(record.failed(), is_failed(&case.value), "{}", case.name);
    }
    // These are of another type than CloudTrail documents, so they read as absent, and nothing else does.
    let expected = [("/requestParameters is a string", 3), ("/responseElements is a string", 4)];
    assert_eq!(unread, expected.map(|(what, count)| (what.to_owned(), count)).into());
}

#[test]
fn every_event_becomes_the_detail_that_its_envelope_names() {
    let mut seen = BTreeMap::<&str, usize>::new();
    for case in events() {
        let text = case.value.to_string();
        let event = Event::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mut unread = BTreeMap::new();
        compare(&case.name, "", &serde_json::to_value(&event.envelope).unwrap(), &case.value, &mut unread);
        let (kind, detail) = read(&event.detail);
        if let Some(detail) = detail {
            compare(&case.name, "/detail", &detail, &case.value["detail"], &mut unread);
        }
        assert!(unread.is_empty(), "{}: {unread:?}", case.name);
        if case.name.contains("-err-") || case.name.contains("-ok-") {
            assert_eq!(event.record().unwrap().failed(), case.name.contains("-err-"), "{}", case.name);
        }
        *seen.entry(kind).or_default() += 1;
    }
    let named: Vec<&str> = seen.keys().copied().collect();
    assert_eq!(
        named,
        ["api call", "config item", "guard duty", "object changed", "object created", "other", "scheduled", "sign in"]
    );
}

#[test]
fn every_finding_reads_back_what_it_says() {
    for case in rows("findings.jsonl", "finding") {
        let guard_duty = case.name.contains("guardduty");
        let event = if guard_duty {
            crate::corpus::envelope("aws.guardduty", "GuardDuty Finding", &case.value)
        } else {
            let detail = serde_json::json!({ "findings": [case.value] });
            crate::corpus::envelope("aws.securityhub", "Security Hub Findings - Imported", &detail)
        };
        let text = event.to_string();
        let event = Event::parse(&text).unwrap();
        let (kind, detail) = read(&event.detail);
        assert_eq!(kind, if guard_duty { "guard duty" } else { "security hub" }, "{}", case.name);
        let mut unread = BTreeMap::new();
        compare(&case.name, "", &detail.unwrap(), &case.value, &mut unread);
        assert!(unread.is_empty(), "{}: {unread:?}", case.name);
    }
}

#[test]
fn every_configuration_item_reads_back_what_it_says() {
    let mut items = 0;
    for case in rows("config-items.jsonl", "item") {
        // Some recorded items come as a list of one, and the documentation's messages are not items.
        let item = case.value.get(0).unwrap_or(&case.value);
        if item.get("resourceType").is_none() {
            continue;
        }
        let detail = serde_json::json!({
            "messageType": "ConfigurationItemChangeNotification", "configurationItem": item,
            "configurationItemDiff": {"changeType": "UPDATE", "changedProperties": {}},
        });
        let text = crate::corpus::envelope("aws.config", "Config Configuration Item Change", &detail).to_string();
        let event = Event::parse(&text).unwrap();
        let Detail::ConfigItem(change) = &event.detail else { panic!("{}", case.name) };
        let read = change.item().unwrap();
        assert_eq!(read.resource_type.as_deref(), item["resourceType"].as_str(), "{}", case.name);
        assert_eq!(read.resource_id.as_deref(), item["resourceId"].as_str(), "{}", case.name);
        assert_eq!(read.arn.as_deref(), item["ARN"].as_str().or(item["arn"].as_str()), "{}", case.name);
        assert_eq!(
            read.account.as_deref(),
            item["awsAccountId"].as_str().or(item["accountId"].as_str()),
            "{}",
            case.name
        );
        assert!(read.region.is_some() && read.status.is_some() && !change.is_oversized(), "{}", case.name);
        items += 1;
    }
    assert!(items > 20, "{items}");
}

/// What the record says, read without this crate.
fn is_failed(record: &Value) -> bool {
    record.get("errorCode").is_some_and(|code| !code.is_null())
        || record["responseElements"]["ConsoleLogin"] == "Failure"
}

fn read(detail: &Detail<'_>) -> (&'static str, Option<Value>) {
    let value = |detail| Some(serde_json::to_value(detail).unwrap());
    match detail {
        Detail::ApiCall(record) => ("api call", value(record)),
        Detail::SignIn(record) => ("sign in", value(record)),
        Detail::ConfigItem(item) => ("config item", Some(serde_json::to_value(item).unwrap())),
        Detail::GuardDuty(finding) => ("guard duty", Some(serde_json::to_value(finding).unwrap())),
        Detail::SecurityHub(finding) => ("security hub", Some(serde_json::to_value(finding).unwrap())),
        Detail::ObjectCreated(object) => ("object created", Some(serde_json::to_value(object).unwrap())),
        Detail::ObjectChanged(object) => ("object changed", Some(serde_json::to_value(object).unwrap())),
        Detail::Scheduled(_) => ("scheduled", None),
        Detail::Other => ("other", None),
        other => panic!("no fixture has {other:?}"),
    }
}

/// Checks that everything in `read` stands in `original`, and collects what stands there but was not read.
fn compare(name: &str, path: &str, read: &Value, original: &Value, unread: &mut BTreeMap<String, usize>) {
    match (read, original) {
        (Value::Null, Value::Null) => {}
        (Value::Null, wrong) => {
            let kind = match wrong {
                Value::Bool(_) => "a flag",
                Value::Number(_) => "a number",
                Value::String(_) => "a string",
                Value::Array(_) => "a list",
                _ => "an object",
            };
            *unread.entry(format!("{path} is {kind}")).or_default() += 1;
        }
        (Value::Object(fields), Value::Object(_)) => {
            for (key, value) in fields {
                // One name is written both ways, even in the same service.
                let original = original.get(key).or_else(|| original.get(key.to_lowercase())).unwrap_or(&Value::Null);
                compare(name, &format!("{path}/{key}"), value, original, unread);
            }
        }
        (Value::Array(items), Value::Array(originals)) => {
            assert_eq!(items.len(), originals.len(), "{name}: {path}");
            for (item, original) in items.iter().zip(originals) {
                compare(name, path, item, original, unread);
            }
        }
        (Value::Array(items), Value::Null) => assert!(items.is_empty(), "{name}: {path}"),
        (Value::Bool(flag), Value::String(text)) => assert_eq!(flag.to_string(), *text, "{name}: {path}"),
        (Value::Number(read), Value::Number(original)) => {
            assert_eq!(read.as_f64(), original.as_f64(), "{name}: {path}")
        }
        (read, original) => assert_eq!(read, original, "{name}: {path}"),
    }
}
