//! `fixtures/s3_bucket/cases/<control>/<case>.json`: the diff of a snapshot alone tells what a change of the rules does.

use std::collections::BTreeMap;

use rectify_controls::{Fingerprint, Kind, Trust, s3_bucket::*};
use serde_json::Value;

use super::{facts, one, read, view};

/// The settings of a case.
fn rules(case: &Value) -> Rules {
    let trust: Value = case.get("trust").cloned().unwrap_or_default();
    let accounts = trust.get("accounts").and_then(Value::as_array).cloned().unwrap_or_default();
    let trust = Trust {
        organization: trust.get("organization").map(|id| id.as_str().unwrap().parse().unwrap()),
        accounts: accounts.iter().map(|id| id.as_str().unwrap().parse().unwrap()).collect(),
    };
    let options: BTreeMap<String, BTreeMap<String, toml::Value>> =
        case.get("options").map(|options| serde_json::from_value(options.clone()).unwrap()).unwrap_or_default();
    S3Bucket::rules(&trust, &|control, option| options.get(control)?.get(option).cloned()).unwrap()
}

#[test]
fn each_case_gives_its_finding() {
    insta::glob!("../fixtures/s3_bucket/cases", "*/*.json", |path| {
        let case = read(&path.to_path_buf());
        let control = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let target = case.get("target").and_then(Value::as_str).unwrap_or("bucket");
        let findings = S3Bucket::judge(&facts(target, &case["facts"]), &rules(&case), &one(control));
        let text: String = findings.iter().map(view).collect();
        let why = case["why"].as_str().unwrap();
        insta::assert_snapshot!(format!("{why}\n\n{}", if text.is_empty() { "nothing\n" } else { &text }));

        let near_miss = path.file_stem().unwrap().to_str().unwrap().starts_with("near-miss-");
        assert!(!near_miss || findings.is_empty(), "a near miss is no finding: {}", path.display());
        for finding in &findings {
            assert!(!finding.evidence.is_empty(), "evidence is never empty");
            assert!(!finding.summary.ends_with('.'), "a summary has no final stop");
        }
    });
}

#[test]
fn the_facts_that_the_cases_start_from_break_nothing() {
    for target in ["bucket", "account", "access_point"] {
        let findings = S3Bucket::judge(&facts(target, &Value::Null), &Rules::default(), &super::all());
        assert!(findings.is_empty(), "{target}: {}", findings.iter().map(view).collect::<String>());
    }
}

/// A breach seen twice is one finding, although AWS gives each refusal another request id.
#[test]
fn a_fingerprint_does_not_change_from_look_to_look() {
    let look = |request: &str, code: &str| -> Fingerprint {
        let unreadable = serde_json::json!({
            "acl": {"unreadable": {"operation": "GetBucketAcl", "code": code, "request_id": request}},
            "ownership": {"known": null},
        });
        let findings = S3Bucket::judge(&facts("bucket", &unreadable), &Rules::default(), &one("s3-bucket-public-acl"));
        findings.first().unwrap().fingerprint()
    };
    assert_eq!(look("A1", "AccessDenied"), look("B2", "AccessDenied"));
    assert_ne!(look("A1", "AccessDenied"), look("A1", "InternalError"));
}
