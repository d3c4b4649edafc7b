//! A bucket is made public and is put back: the main job, on the shipped template and settings.

use rectify_e2e::{Stage, shipped_settings};
use serde_json::json;

/// Control `s3-bucket-public-acl`.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_acl_is_corrected_proven_recorded_and_told_once() {
    let stage = Stage::with_settings(&shipped_settings()).await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;

    let corrected = stage.ended("corrected");
    assert_eq!(corrected.len(), 1, "{}", stage.story());
    assert_eq!(corrected[0].control, "s3-bucket-public-acl");
    assert_eq!(stage.writes(), ["PutPublicAccessBlock", "PutBucketAcl"]);
    assert!(!stage.aws.acl("data").await.contains("AllUsers"));
    assert_eq!(stage.aws.block("data").await, Some([true, true, false, false]));

    let told = stage.told("");
    assert_eq!(told.len(), 1, "{}", stage.story());
    assert_eq!(told[0]["outcome"], "corrected");

    let rows = stage.rows("correction#").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["status"], "corrected");
    let before: serde_json::Value = serde_json::from_str(rows[0]["facts_before"].as_str().unwrap()).unwrap();
    assert!(before.to_string().contains("AllUsers"), "what stood before is in the ledger: {before}");
    assert!(rows[0]["inverse"].as_str().unwrap().contains("put_acl"), "{}", rows[0]);

    // The correction's own two events came round and changed nothing. They may be done before the correction itself is.
    let mut own: Vec<String> =
        stage.ends().into_iter().filter(|end| end.event != "CreateBucket").map(|end| end.outcome).collect();
    own.sort();
    assert_eq!(own, ["compliant", "compliant", "corrected"]);
    stage.close().await;
}

/// Control `s3-bucket-public-policy`.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_public_statement_of_a_policy_goes() {
    let stage = Stage::with_settings(&shipped_settings()).await;
    stage.aws.create_bucket("data").await;
    let partner = json!({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"});
    let open = json!({"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*"});
    stage.aws.put_policy("data", &json!({"Version": "2012-10-17", "Statement": [open, partner]})).await;
    stage.settle().await;

    let left = stage.aws.policy("data").await.unwrap();
    assert_eq!(left, json!({"Version": "2012-10-17", "Statement": [partner]}));
    assert_eq!(stage.writes(), ["PutPublicAccessBlock", "PutBucketPolicy"]);
    assert_eq!(stage.aws.block("data").await, Some([false, false, true, true]));
    assert_eq!(stage.told("s3-bucket-public-policy").len(), 1);
    let foreign = stage.told("s3-bucket-policy-external-account");
    assert_eq!(foreign.len(), 1, "the foreign account is told, not removed");
    assert_eq!(foreign[0]["outcome"], "notified");
    stage.close().await;
}

/// Control `s3-bucket-block-public-access-off`.
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_public_access_block_comes_back() {
    let stage = Stage::with_settings(&shipped_settings()).await;
    stage.aws.create_bucket("data").await;
    stage.aws.put_block("data", true).await;
    stage.settle().await;
    stage.aws.s3("DELETE", "/data?publicAccessBlock", &[], "").await;
    stage.settle().await;
    assert_eq!(stage.aws.block("data").await, Some([true; 4]));
    assert_eq!(stage.ended("corrected").len(), 1, "{:#?}", stage.ends());
    assert_eq!(stage.told("").len(), 1);
    stage.close().await;
}
