//! Other people's buckets, ACLs and policies with known verdicts.

use std::collections::BTreeSet;

use rectify_controls::{Kind, State, s3_bucket::*};
use serde_json::{Value, json};

use super::{all, facts, fixture, one, read};

/// A grant as the S3 API gives it. A grantee with a URI is a group, whatever its `Type` says.
fn grant(grant: &Value) -> Value {
    let text = |name: &str| grant["Grantee"].get(name).and_then(Value::as_str);
    let grantee = match (text("URI"), text("ID")) {
        (Some(uri), _) => json!({"group": {"uri": uri}}),
        (None, id) => json!({"canonical": {"id": id.unwrap(), "name": text("DisplayName")}}),
    };
    json!({"grantee": grantee, "permission": grant["Permission"]})
}

fn acl(owner: &Value, grants: &Value) -> Value {
    let grants: Vec<Value> = grants.as_array().into_iter().flatten().map(grant).collect();
    json!({"known": {"owner_id": owner["ID"], "owner_name": owner["DisplayName"], "grants": grants}})
}

#[test]
fn acls_of_known_verdict() {
    let acls = read(&fixture("corpus/acls.json"));
    for entry in acls.as_array().unwrap() {
        let differs = json!({
            "acl": acl(&entry["owner"], &entry["grants"]), "block": {"known": null}, "ownership": {"known": null},
        });
        let findings = S3Bucket::judge(&facts("bucket", &differs), &Rules::default(), &one("s3-bucket-public-acl"));
        let live = findings.iter().any(|finding| finding.state == State::Live);
        assert_eq!(live, entry["expected"] == "public", "{}", entry["name"]);
    }
    assert_eq!(acls.as_array().unwrap().len(), 6);
}

#[test]
fn policies_of_known_verdict() {
    let policies = read(&fixture("corpus/policies.json"));
    for entry in policies.as_array().unwrap() {
        let differs = json!({"policy": {"known": entry["policy"]}, "block": {"known": null}});
        let findings = S3Bucket::judge(&facts("bucket", &differs), &Rules::default(), &one("s3-bucket-public-policy"));
        let live = findings.iter().any(|finding| finding.state == State::Live);
        // S3's text is silent about a Deny beside a public statement ("undetermined"); we never let one clear a grant.
        assert!(live && entry["expected"] != "not-public", "{}", entry["name"]);
    }
    assert_eq!(policies.as_array().unwrap().len(), 5);
}

/// A bucket snapshot of Panther as facts.
fn state(resource: &Value) -> Facts {
    let block = &resource["PublicAccessBlockConfiguration"];
    let block = block.is_object().then(|| {
        json!({
            "block_public_acls": block["BlockPublicAcls"], "ignore_public_acls": block["IgnorePublicAcls"],
            "block_public_policy": block["BlockPublicPolicy"], "restrict_public_buckets": block["RestrictPublicBuckets"],
        })
    });
    let encryption = resource["EncryptionRules"].get(0).map(|rule| {
        let rule = &rule["ApplyServerSideEncryptionByDefault"];
        json!({"algorithm": rule["SSEAlgorithm"], "key": rule["KMSMasterKeyID"], "bucket_key": null})
    });
    let lifecycle: Vec<Value> = resource["LifecycleRules"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|rule| {
            json!({
                "id": rule["ID"], "enabled": rule["Status"] == "Enabled", "expire_days": rule["Expiration"]["Days"],
                "expire_date": rule["Expiration"]["Date"], "scope": "",
            })
        })
        .collect();
    let versioning = match resource["Versioning"].as_str() {
        Some(status) => json!(status),
        None => Value::Null,
    };
    let differs = json!({
        "bucket": resource["Name"], "block": {"known": block},
        "acl": acl(&resource["Owner"], &resource["Grants"]), "ownership": {"known": null},
        "policy": {"known": resource["Policy"]}, "policy_is_public": {"known": null},
        "encryption": {"known": encryption}, "logging": {"known": null},
        "versioning": {"known": {"status": versioning, "mfa_delete": resource["MFADelete"] == "Enabled"}},
        "lifecycle": {"known": lifecycle}, "tags": {"known": {"rectify:log-store": "true"}},
    });
    facts("bucket", &differs)
}

#[test]
fn buckets_of_another_suite() {
    let mut text = String::new();
    let mut files: Vec<_> =
        std::fs::read_dir(fixture("corpus/states")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        for case in read(&file).as_array().unwrap() {
            let findings = S3Bucket::judge(&state(&case["resource"]), &Rules::default(), &all());
            text.push_str(&format!("{}: {}\n", case["policy"].as_str().unwrap(), case["test"].as_str().unwrap()));
            for finding in &findings {
                text.push_str(&format!("  {} {:?}: {}\n", finding.control.id, finding.state, finding.summary));
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_manifest_names_every_file() {
    let listed: BTreeSet<String> = read(&fixture("corpus/MANIFEST.json"))
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert_eq!(entry["licence"], "Apache-2.0");
            entry["file"].as_str().unwrap().to_owned()
        })
        .collect();
    let mut found = BTreeSet::new();
    for folder in ["", "states"] {
        for file in std::fs::read_dir(fixture("corpus").join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() && path.file_name().unwrap() != "MANIFEST.json" {
                let path = path.strip_prefix(fixture("corpus")).unwrap().to_str().unwrap().to_owned();
                found.insert(path);
            }
        }
    }
    assert_eq!(listed, found);
}
