//! Every control of the buckets' rule book: a breach through the gateway, and what has to become of it.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rectify_e2e::{
    ALL_CORRECTIVE, About, Stage,
    breach::{self, BY_NAME, CORRECTED, GUARDED, TOLD, subject},
};
use serde_json::json;

/// A world with these settings in which each of `controls` has just been broken, each on a resource of its own.
async fn broken(settings: &str, controls: &[(&str, &str)]) -> Stage {
    let stage = Stage::with_settings(settings).await;
    for (control, _) in controls {
        stage.aws.prepare(control).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    for (control, _) in controls {
        stage.aws.breach(control).await;
    }
    stage.settle().await;
    stage
}

fn found(control: &str, outcome: &str) -> Vec<(String, String)> {
    vec![(control.to_owned(), outcome.to_owned())]
}

fn told(control: &str, outcome: &str, severity: &str) -> Vec<(String, String, String)> {
    vec![(control.to_owned(), outcome.to_owned(), severity.to_owned())]
}

/// Corrected once, proven, recorded, told once, and left alone when its own events came round.
#[track_caller]
fn assert_corrected(about: &About, control: &str, severity: &str, writes: &[&str]) {
    assert_eq!(about.found, found(control, "corrected"), "{control}: {:#?}", about.ends);
    assert_eq!(about.told, told(control, "corrected", severity), "{control}: told once");
    assert_eq!(about.writes, writes, "{control}: what was written");
    assert_eq!(about.corrections.len(), 1, "{control}: one row");
    let row = &about.corrections[0];
    assert_eq!(row["status"], "corrected", "{control}");
    assert_eq!(about.kept("controls"), json!([control]));
    assert_eq!(about.kept("proof")["looks"], 1, "{control}: the first look after the change showed it");
    assert_eq!(about.kept("inverse").as_array().unwrap().len(), writes.len(), "{control}: one inverse per change");
    assert_eq!(about.messages[0]["correction"], row["correction"], "{control}: the message names the row");
    assert!(!about.messages[0]["changes"].as_array().unwrap().is_empty(), "{control}: the message says what was done");
    // Every write of the correction comes round as an event, save the one that wakes nobody.
    let events = writes.iter().filter(|write| **write != "DeleteBucketWebsite").count();
    let own: Vec<&str> =
        about.ends.iter().map(|end| end.outcome.as_str()).filter(|outcome| *outcome != "corrected").collect();
    assert_eq!(own, vec!["compliant"; events], "{control}: own events");
    assert_eq!(about.findings.len(), 1, "{control}");
    assert_eq!(about.findings[0]["status"], "resolved", "{control}");
}

/// Told once, and nothing was changed.
#[track_caller]
fn assert_told(about: &About, control: &str, severity: &str) {
    assert_eq!(about.found, found(control, "notified"), "{control}: {:#?}", about.ends);
    assert_eq!(about.told, told(control, "notified", severity), "{control}: told once");
    assert_eq!(about.writes, [""; 0], "{control}: nothing is written");
    assert_eq!(about.corrections.len(), 0, "{control}: nothing is claimed");
    assert_eq!(about.findings.len(), 1, "{control}");
    assert_eq!(about.findings[0]["status"], "open", "{control}");
}

/// Controls `s3-bucket-public-acl`, `s3-bucket-public-policy`, `s3-bucket-block-public-access-off` and
/// `s3-bucket-tls-not-required`.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_safe_to_put_back_is_put_back() {
    let stage = broken(ALL_CORRECTIVE, &CORRECTED).await;
    for (control, severity) in CORRECTED {
        let name = &subject(control);
        let about = stage.about(name).await;
        let before = about.kept("facts_before");
        let before = &before["bucket"];
        let writes: &[&str] = match control {
            "s3-bucket-public-acl" => {
                assert!(before["acl"].to_string().contains("AllUsers"), "{before}");
                assert_eq!(before["block"], json!({"known": null}));
                let acl = stage.aws.acl(name).await;
                assert!(!acl.contains("AllUsers") && acl.contains("FULL_CONTROL"), "the owner's grant stays: {acl}");
                assert_eq!(stage.aws.block(name).await, Some([true, true, false, false]));
                &["PutPublicAccessBlock", "PutBucketAcl"]
            }
            "s3-bucket-public-policy" => {
                assert!(before["policy"].to_string().contains("Open"), "{before}");
                assert_eq!(stage.aws.policy(name).await, Some(breach::policy(name, &[])), "the other statement stays");
                assert_eq!(stage.aws.block(name).await, Some([false, false, true, true]));
                &["PutPublicAccessBlock", "PutBucketPolicy"]
            }
            "s3-bucket-block-public-access-off" => {
                assert_eq!(before["block"], json!({"known": null}));
                assert_eq!(stage.aws.block(name).await, Some([true; 4]));
                &["PutPublicAccessBlock"]
            }
            _ => {
                let policy = stage.aws.policy(name).await.unwrap();
                let statements = policy["Statement"].as_array().unwrap();
                assert_eq!(statements[0], breach::reader(name, rectify_e2e::ACCOUNT), "the old statement stays");
                let mut added = breach::deny_http(name);
                added["Sid"] = "RectifyRequireTls".into();
                assert_eq!(statements[1..], [added]);
                &["PutBucketPolicy"]
            }
        };
        assert_corrected(&about, control, severity, writes);
    }
    stage.close().await;
}

/// Controls `s3-account-block-public-access-off`, `s3-bucket-acl-enabled`, `s3-bucket-encryption-not-required-kms`,
/// `s3-bucket-website-enabled`, `s3-bucket-logging-off` and `s3-bucket-versioning-off`.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_break_a_workload_is_told() {
    let stage = broken(ALL_CORRECTIVE, &GUARDED).await;
    for (control, severity) in GUARDED {
        assert_told(&stage.about(&subject(control)).await, control, severity);
    }
    // The same state again is no news.
    for (control, _) in GUARDED {
        stage.aws.breach(control).await;
    }
    stage.settle().await;
    for (control, severity) in GUARDED {
        let about = stage.about(&subject(control)).await;
        assert_eq!(about.found.len(), 2, "{control}: seen twice");
        assert_eq!(about.told, told(control, "notified", severity), "{control}: told once");
        assert_eq!(about.findings[0]["seen"], 2, "{control}: counted twice");
    }
    stage.close().await;
}

/// Controls `s3-account-block-public-access-off`, `s3-bucket-acl-enabled`, `s3-bucket-encryption-not-required-kms`,
/// `s3-bucket-website-enabled`, `s3-bucket-logging-off` and `s3-bucket-versioning-off`.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_break_a_workload_is_put_back_when_switched_on_by_name() {
    let stage = broken(&format!("{ALL_CORRECTIVE}{BY_NAME}"), &GUARDED).await;
    for (control, severity) in GUARDED {
        let name = &subject(control);
        let after = async |what: &str| stage.aws.get(name, what).await.unwrap_or_default();
        let write = match control {
            "s3-bucket-acl-enabled" => {
                let ownership = after("ownershipControls").await;
                assert!(ownership.contains("BucketOwnerEnforced"), "{ownership}");
                "PutBucketOwnershipControls"
            }
            "s3-bucket-encryption-not-required-kms" => {
                let encryption = after("encryption").await;
                assert!(encryption.contains("aws:kms") && encryption.contains("alias/buckets"), "{encryption}");
                "PutBucketEncryption"
            }
            "s3-bucket-website-enabled" => {
                assert_eq!(stage.aws.get(name, "website").await, None);
                "DeleteBucketWebsite"
            }
            "s3-bucket-logging-off" => {
                let logging = after("logging").await;
                assert!(logging.contains(&format!("<TargetPrefix>{name}/</TargetPrefix>")), "{logging}");
                assert!(logging.contains("<TargetBucket>e2e-logs</TargetBucket>"), "{logging}");
                "PutBucketLogging"
            }
            "s3-bucket-versioning-off" => {
                assert!(after("versioning").await.contains("Enabled"));
                "PutBucketVersioning"
            }
            _ => {
                assert_eq!(stage.aws.account_block(rectify_e2e::ACCOUNT).await, Some([true; 4]));
                "PutPublicAccessBlock"
            }
        };
        assert_corrected(&stage.about(name).await, control, severity, &[write]);
    }
    stage.close().await;
}

/// Controls `s3-bucket-policy-external-account`, `s3-bucket-replication-external`, `s3-bucket-lifecycle-short-expiry` and
/// `s3-access-point-public`.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_safe_way_back_is_told() {
    let stage = broken(&format!("{ALL_CORRECTIVE}{BY_NAME}"), &TOLD).await;
    for (control, severity) in TOLD {
        assert_told(&stage.about(&subject(control)).await, control, severity);
    }
    stage.close().await;
}
