//! Security Hub: against the model that AWS's own SDK for Python checks requests with, and the lengths of the API reference.

use rectify_controls::{AccountId, Partition, Region};
use rectify_render::{Message, asff::Product};
use serde_json::{Value, json};

use crate::{check_visible, sample};

fn product() -> Product {
    Product {
        partition: Partition::Aws,
        account: AccountId::new("999999999999").unwrap(),
        region: Region::new("eu-central-1").unwrap(),
        first_seen: "2026-11-20T08:00:00Z".parse().unwrap(),
    }
}

fn model() -> Value {
    serde_json::from_str(include_str!("../fixtures/securityhub.json")).unwrap()
}

/// Panics where `value` is not the `shape` of the model: types, required members, unknown members, enums, patterns, sizes.
#[track_caller]
fn check_shape(model: &Value, shape: &str, value: &Value, path: &str) {
    let known = &model["shapes"][shape];
    match known["type"].as_str().unwrap_or_else(|| panic!("no shape `{shape}`")) {
        "structure" => {
            let fields = value.as_object().unwrap_or_else(|| panic!("{path} is no object"));
            for name in known["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(name.as_str().unwrap()), "{path}: {name} is missing");
            }
            for (name, value) in fields {
                let member =
                    known["members"][name]["shape"].as_str().unwrap_or_else(|| panic!("{path}.{name} is unknown"));
                check_shape(model, member, value, &format!("{path}.{name}"));
            }
        }
        "list" => {
            let items = value.as_array().unwrap_or_else(|| panic!("{path} is no list"));
            let most = known["max"].as_u64().unwrap_or(u64::MAX);
            assert!((known["min"].as_u64().unwrap_or(0)..=most).contains(&(items.len() as u64)), "{path}");
            let member = known["member"]["shape"].as_str().unwrap();
            items.iter().for_each(|item| check_shape(model, member, item, &format!("{path}[]")));
        }
        "map" => {
            for (name, value) in value.as_object().unwrap_or_else(|| panic!("{path} is no map")) {
                check_shape(model, known["key"]["shape"].as_str().unwrap(), &json!(name), path);
                check_shape(model, known["value"]["shape"].as_str().unwrap(), value, &format!("{path}.{name}"));
            }
        }
        "string" => {
            let text = value.as_str().unwrap_or_else(|| panic!("{path} is no string: {value}"));
            if let Some(words) = known["enum"].as_array() {
                assert!(words.contains(value), "{path}: `{text}` is not among {words:?}");
            }
            match known["pattern"].as_str() {
                None => {}
                Some(r".*\S.*") => assert!(!text.trim().is_empty(), "{path} is empty"),
                Some(other) => panic!("a pattern that this test does not know: {other}"),
            }
        }
        "integer" | "long" => assert!(value.is_i64() || value.is_u64(), "{path}"),
        "boolean" => assert!(value.is_boolean(), "{path}"),
        other => panic!("{path}: a {other}, which rectify does not send"),
    }
}

/// Lengths of the API reference, which the model does not have; in characters.
#[track_caller]
fn check_lengths(finding: &Value) {
    for (pointer, most) in [
        ("/Id", 512),
        ("/GeneratorId", 512),
        ("/Title", 256),
        ("/Description", 1_024),
        ("/Remediation/Recommendation/Text", 512),
        ("/Severity/Original", 64),
        ("/Resources/0/Region", 16),
        ("/Resources/0/Type", 256),
        ("/ProductName", 128),
        ("/CompanyName", 128),
    ] {
        let length = finding.pointer(pointer).unwrap().as_str().unwrap().chars().count();
        assert!((1..=most).contains(&length), "{pointer}: {length}");
    }
    let fields = finding["ProductFields"].as_object().unwrap();
    assert!(fields.len() <= 50);
    for (name, value) in fields {
        assert!(name.len() <= 128 && value.as_str().unwrap().chars().count() <= 2_048, "{name}");
    }
    assert!(finding["Compliance"]["RelatedRequirements"].as_array().is_none_or(|all| all.len() <= 32));
    assert!(finding.to_string().len() <= rectify_render::asff::FINDING_BYTES);
}

#[track_caller]
pub(crate) fn check(message: &Message) {
    let model = model();
    let finding = message.asff(&product());
    check_visible(&finding);
    check_shape(&model, "BatchImportFindingsRequest", &json!({ "Findings": [finding] }), "request");
    check_lengths(&finding);
    for time in ["CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"] {
        finding[time].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    assert!(finding["UpdatedAt"].as_str() >= finding["CreatedAt"].as_str());
    let update = message.asff_update(&product());
    check_visible(&update);
    check_shape(&model, "BatchUpdateFindingsRequest", &update, "request");
    assert!(update["Note"]["Text"].as_str().unwrap().chars().count() <= 512);
    assert_eq!(update["FindingIdentifiers"][0]["Id"], finding["Id"]);
    assert_eq!(update["FindingIdentifiers"][0]["ProductArn"], finding["ProductArn"]);
    for link in [&finding["SourceUrl"], &finding["Remediation"]["Recommendation"]["Url"]] {
        let ours = [
            "https://eu-central-1.console.aws.amazon.com/s3/",
            "https://github.com/rectify-aws/rectify/blob/main/docs/",
        ];
        assert!(link.as_str().is_none_or(|link| ours.iter().any(|start| link.starts_with(start))), "{link}");
    }
}

#[test]
fn a_finding_stays_one_finding_and_its_end_is_told() {
    let ends: Vec<String> = sample::all()
        .into_iter()
        .map(|(name, message)| {
            let finding = message.asff(&product());
            assert_eq!(finding["Id"], "f-0123456789abcdef0123");
            assert_eq!(finding["AwsAccountId"], "999999999999");
            assert_eq!(finding["ProductFields"]["rectify/Account"], "123456789012");
            assert_eq!(finding["CreatedAt"], "2026-11-20T08:00:00Z");
            let update = message.asff_update(&product());
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            format!(
                "{name:<13} {:<8} {:<13} {:<10} {}",
                text(&finding["Compliance"]["Status"]),
                text(&finding["Severity"]["Label"]),
                text(&update["Workflow"]["Status"]),
                text(&update["Note"]["Text"])
            )
        })
        .collect();
    insta::assert_snapshot!("asff_ends", ends.join("\n"));
}

#[test]
fn a_finding_has_everything_a_reader_of_security_hub_needs() {
    let (_, message) = sample::all().remove(0);
    let mut finding = message.asff(&product());
    finding.sort_all_objects();
    insta::assert_json_snapshot!("asff_corrected", finding);
}

#[test]
fn a_message_before_the_first_or_without_a_time_is_not_older_than_its_finding() {
    let (_, mut message) = sample::all().remove(0);
    for at in ["2020-01-01T00:00:00Z", "", "yesterday"] {
        message.at = at.to_owned();
        message.finding = String::new();
        let finding = message.asff(&product());
        assert_eq!(finding["UpdatedAt"], "2026-11-20T08:00:00Z");
        assert_eq!(finding["Id"], "rectify/s3-bucket-public-acl/arn:aws:s3:::quarterly-reports");
    }
}
