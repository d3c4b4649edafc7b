//! What looks like a breach and is none, and a breach that something else already takes the effect from.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use rectify_e2e::{
    ACCOUNT, ALL_CORRECTIVE, Stage,
    breach::{self, BY_NAME, Door, LOGS, STRANGER},
};
use serde_json::{Value, json};

/// A partner's account, which the settings trust.
const PARTNER: &str = "444455556666";

const TRUST: &str = r#"
[trust]
accounts = ["444455556666"]
organization = "o-exampleorgid"
"#;

/// Everything is switched on by name, so that whatever is left alone is left alone because it is no breach.
async fn everything_on() -> Stage {
    Stage::with_settings(&format!("{ALL_CORRECTIVE}{BY_NAME}{TRUST}")).await
}

async fn assert_untouched(stage: &Stage, names: &[&str]) {
    for name in names {
        let about = stage.about(name).await;
        let looks: Vec<&str> = about.ends.iter().map(|end| end.outcome.as_str()).collect();
        assert!(about.is_untouched(), "{name}: {about:#?}");
        assert_eq!(looks, ["compliant"], "{name}: looked at once");
    }
}

/// A policy that also refuses plain HTTP and lets everyone in under `condition`.
fn everyone_if(bucket: &str, condition: &Value) -> Value {
    let mut statement = breach::open(bucket);
    statement["Condition"] = condition.clone();
    breach::policy(bucket, &[statement])
}

/// Controls `s3-bucket-public-acl` and `s3-bucket-acl-enabled`.
#[tokio::test(flavor = "multi_thread")]
async fn acls_that_are_no_breach() {
    let stage = everything_on().await;
    let aws = &stage.aws;
    for bucket in ["log-delivery", "one-account", "enforced"] {
        aws.create_bucket(bucket).await;
    }
    let ownership = [("x-amz-object-ownership", "BucketOwnerEnforced")];
    let here = r#"<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>"#;
    aws.s3("PUT", "/no-acls", &ownership, here).await;
    stage.settle().await;
    stage.world.clear_records();

    aws.put_acl("log-delivery", "log-delivery-write").await;
    let grant = [("x-amz-grant-read", r#"id="79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be""#)];
    aws.s3("PUT", "/one-account?acl", &grant, "").await;
    // AWS refuses this with AccessControlListNotSupported. moto stores it, as AWS keeps the ACL that stood before ACLs were
    // disabled: it has no effect.
    aws.put_acl("no-acls", "public-read").await;
    aws.put_ownership("enforced", "BucketOwnerEnforced").await;
    stage.settle().await;

    assert_untouched(&stage, &["log-delivery", "one-account", "no-acls", "enforced"]).await;
    assert!(aws.acl("log-delivery").await.contains("http://acs.amazonaws.com/groups/s3/LogDelivery"));
    stage.close().await;
}

/// Controls `s3-bucket-public-policy`, `s3-bucket-policy-external-account` and `s3-bucket-tls-not-required`.
#[tokio::test(flavor = "multi_thread")]
async fn policies_that_are_no_breach() {
    let stage = everything_on().await;
    let policies = [
        ("one-endpoint", everyone_if("one-endpoint", &json!({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}))),
        ("one-network", everyone_if("one-network", &json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))),
        ("our-org", everyone_if("our-org", &json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}))),
        ("own-account", breach::policy("own-account", &[breach::reader("own-account", ACCOUNT)])),
        ("trusted-account", breach::policy("trusted-account", &[breach::reader("trusted-account", PARTNER)])),
        ("nobody", breach::policy("nobody", &[])),
        // ELB's account for eu-central-1 delivers access logs.
        ("elb-logs", {
            let elb = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::054676820928:root"},
                "Action": "s3:PutObject", "Resource": "arn:aws:s3:::elb-logs/*"});
            breach::policy("elb-logs", &[elb])
        }),
    ];
    for (bucket, _) in &policies {
        stage.aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    for (bucket, policy) in &policies {
        stage.aws.put_policy(bucket, policy).await;
    }
    stage.settle().await;
    let names: Vec<&str> = policies.iter().map(|(bucket, _)| *bucket).collect();
    assert_untouched(&stage, &names).await;
    for (bucket, policy) in policies {
        assert_eq!(stage.aws.policy(bucket).await, Some(policy), "{bucket}");
    }
    stage.close().await;
}

/// Controls `s3-bucket-encryption-not-required-kms`, `s3-bucket-website-enabled`, `s3-bucket-logging-off`,
/// `s3-bucket-versioning-off`, `s3-bucket-replication-external` and `s3-bucket-lifecycle-short-expiry`.
#[tokio::test(flavor = "multi_thread")]
async fn configurations_that_are_no_breach() {
    let stage = everything_on().await;
    let aws = &stage.aws;
    let buckets = [
        "own-key",
        "log-store",
        "web-site",
        "logged",
        "versioned",
        "to-partner",
        "switched-off",
        "no-logs",
        "long-kept",
        "rule-off",
    ];
    for bucket in buckets {
        aws.create_bucket(bucket).await;
    }
    aws.create_logs().await;
    aws.tag("web-site", "rectify:website", "true").await;
    for bucket in ["log-store", "long-kept", "rule-off"] {
        aws.tag(bucket, "rectify:log-store", "true").await;
    }
    for bucket in ["to-partner", "switched-off"] {
        aws.put_versioning(bucket, "Enabled").await;
    }
    stage.settle().await;
    stage.world.clear_records();

    let key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    aws.put_encryption("own-key", "aws:kms", Some(key)).await;
    aws.put_encryption("log-store", "AES256", None).await;
    aws.put("web-site", "website", breach::WEBSITE).await;
    let to_logs = format!(
        r#"<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LoggingEnabled><TargetBucket>{LOGS}</TargetBucket><TargetPrefix>mine/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>"#
    );
    aws.put("logged", "logging", &to_logs).await;
    // The bucket that receives the logs has none of its own.
    aws.put(LOGS, "logging", r#"<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>"#).await;
    aws.put_versioning("versioned", "Enabled").await;
    aws.put_replication("to-partner", PARTNER, "Enabled").await;
    aws.put_replication("switched-off", STRANGER, "Disabled").await;
    aws.put_expiry("no-logs", 1, "Enabled").await;
    aws.put_expiry("long-kept", 400, "Enabled").await;
    aws.put_expiry("rule-off", 1, "Disabled").await;
    stage.settle().await;

    assert_untouched(&stage, &buckets).await;
    assert_untouched(&stage, &[LOGS]).await;
    assert!(aws.get("own-key", "encryption").await.unwrap().contains(key));
    stage.close().await;
}

/// Controls `s3-account-block-public-access-off`, `s3-bucket-block-public-access-off`, `s3-bucket-public-acl` and
/// `s3-bucket-public-policy`.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_block_takes_the_effect_from_is_told_and_left() {
    let stage = everything_on().await;
    let aws = &stage.aws;
    for bucket in ["covered", "acl-under-account", "policy-under-account", "acl-under-own", "policy-under-own"] {
        aws.create_bucket(bucket).await;
    }
    aws.put_block("covered", true).await;
    aws.put_block("acl-under-own", true).await;
    aws.put_block("policy-under-own", true).await;
    stage.settle().await;
    stage.world.clear_records();
    // AWS refuses a public ACL or policy while BlockPublicAcls or BlockPublicPolicy is on. moto stores it, which is what is
    // there when the block is switched on afterwards.
    aws.put_acl("acl-under-own", "public-read").await;
    aws.put_policy("policy-under-own", &breach::policy("policy-under-own", &[breach::open("policy-under-own")])).await;
    stage.settle().await;
    aws.put_account_block(ACCOUNT, true).await;
    stage.settle().await;
    assert_untouched(&stage, &["public-access-block"]).await;

    aws.s3("DELETE", "/covered?publicAccessBlock", &[], "").await;
    aws.put_acl("acl-under-account", "public-read").await;
    let open = breach::policy("policy-under-account", &[breach::open("policy-under-account")]);
    aws.put_policy("policy-under-account", &open).await;
    stage.settle().await;

    assert_untouched(&stage, &["covered"]).await;
    let by_account = "the account's public access block";
    let by_bucket = "the bucket's public access block";
    for (bucket, control, by) in [
        ("acl-under-account", "s3-bucket-public-acl", by_account),
        ("policy-under-account", "s3-bucket-public-policy", by_account),
        ("acl-under-own", "s3-bucket-public-acl", by_bucket),
        ("policy-under-own", "s3-bucket-public-policy", by_bucket),
    ] {
        let about = stage.about(bucket).await;
        assert_eq!(about.told, [(control.into(), "notified".into(), "medium".into())], "{bucket}: {:#?}", about.ends);
        assert_eq!(about.messages[0]["state"], "neutralised", "{bucket}");
        assert_eq!(about.messages[0]["neutralised_by"], by, "{bucket}");
        assert!(about.writes.is_empty() && about.corrections.is_empty(), "{bucket}: {:?}", about.writes);
    }
    assert!(aws.acl("acl-under-account").await.contains("AllUsers"));
    assert_eq!(aws.policy("policy-under-account").await, Some(open));
    stage.close().await;
}

/// Control `s3-access-point-public`.
#[tokio::test(flavor = "multi_thread")]
async fn access_points_that_are_no_breach() {
    let stage = everything_on().await;
    let everyone = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:eu-central-1:123456789012:accesspoint/in-vpc/object/*"}]});
    stage.aws.create_bucket("data").await;
    stage.aws.create_access_point("in-vpc", "data", Door::Vpc).await;
    stage.aws.create_access_point("blocked", "data", Door::Blocked).await;
    stage.settle().await;
    assert_untouched(&stage, &["in-vpc", "blocked"]).await;
    stage.world.clear_records();
    stage.aws.put_access_point_policy("in-vpc", &everyone).await;
    stage.settle().await;
    assert_untouched(&stage, &["in-vpc"]).await;
    // A public policy under a block that is on has no effect: told as that.
    stage.aws.put_access_point_policy("blocked", &everyone).await;
    stage.settle().await;
    let about = stage.about("blocked").await;
    assert_eq!(about.told, [("s3-access-point-public".into(), "notified".into(), "low".into())], "{:#?}", about.ends);
    assert_eq!(about.messages[0]["state"], "neutralised");
    stage.close().await;
}
