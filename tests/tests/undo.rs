//! What the ledger keeps to undo a correction: exactly what stood before, in an order in which AWS takes it back.

use rectify_e2e::{
    ACCOUNT, ALL_CORRECTIVE, Stage,
    breach::{self, BY_NAME, subject},
};
use serde_json::{Value, json};

/// moto's id of every bucket's owner.
const OWNER: &str = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";

fn flags(acls: bool, ignore: bool, policy: bool, restrict: bool) -> Value {
    json!({"block_public_acls": acls, "ignore_public_acls": ignore, "block_public_policy": policy,
        "restrict_public_buckets": restrict})
}

fn block_body(acls: bool, ignore: bool, policy: bool, restrict: bool) -> String {
    format!(
        r#"<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><BlockPublicAcls>{acls}</BlockPublicAcls><IgnorePublicAcls>{ignore}</IgnorePublicAcls><BlockPublicPolicy>{policy}</BlockPublicPolicy><RestrictPublicBuckets>{restrict}</RestrictPublicBuckets></PublicAccessBlockConfiguration>"#
    )
}

/// What stands before is what a person wrote: odd spellings, flags that are half on, a policy with its white space.
#[tokio::test(flavor = "multi_thread")]
async fn an_exposure_is_kept_as_it_stood() {
    // Without the TLS control a policy is written for one reason only; blocks that are half on stay so until something opens.
    let settings = format!(
        r#"{ALL_CORRECTIVE}
[control.s3-bucket-tls-not-required]
mode = "off"

[[exemption]]
control = "s3-bucket-block-public-access-off"
resource = "arn:aws:s3:::half-*"
owner = "team@example.com"
reason = "half on"
ticket = "SEC-1"
expires = 2999-12-31
"#
    );
    let stage = Stage::with_settings(&settings).await;
    let aws = &stage.aws;
    for bucket in ["half-acl", "half-policy", "only-policy", "block", "all-at-once"] {
        aws.create_bucket(bucket).await;
    }
    aws.put("half-acl", "publicAccessBlock", &block_body(true, false, true, false)).await;
    aws.put("half-policy", "publicAccessBlock", &block_body(false, true, false, false)).await;
    aws.put("block", "publicAccessBlock", &block_body(true, true, true, true)).await;
    aws.put_block("all-at-once", true).await;
    aws.put_acl("all-at-once", "public-read").await;
    aws.put_policy("all-at-once", &breach::policy("all-at-once", &[breach::open("all-at-once")])).await;
    stage.settle().await;
    stage.world.clear_records();

    let grants = [
        ("x-amz-grant-full-control", format!(r#"id="{OWNER}""#)),
        ("x-amz-grant-read", r#"uri="http://acs.amazonaws.com/groups/global/AllUsers""#.to_owned()),
        ("x-amz-grant-write", r#"uri="http://acs.amazonaws.com/groups/s3/LogDelivery""#.to_owned()),
    ];
    let grants: Vec<(&str, &str)> = grants.iter().map(|(name, value)| (*name, value.as_str())).collect();
    aws.s3("PUT", "/half-acl?acl", &grants, "").await;
    let text = "{ \"Statement\" : {\"Resource\":[\"arn:aws:s3:::half-policy/*\"], \"Action\" : \"s3:*\",\n\t\"Principal\" : \
                {\"AWS\":[\"*\"]},\"Effect\":\"Allow\"} , \"Id\":\"ünïcode\" }";
    aws.put("half-policy", "policy", text).await;
    let only = text.replace(":::half-policy", ":::only-policy");
    aws.put("only-policy", "policy", &only).await;
    aws.put("block", "publicAccessBlock", &block_body(true, false, true, true)).await;
    aws.s3("DELETE", "/all-at-once?publicAccessBlock", &[], "").await;
    stage.settle().await;

    let group = |uri: &str| json!({"group": {"uri": uri}});
    let owner = json!({"canonical": {"id": OWNER, "name": null}});
    let stood = json!({"owner_id": OWNER, "owner_name": "webfile", "grants": [
        {"grantee": owner, "permission": "FULL_CONTROL"},
        {"grantee": group("http://acs.amazonaws.com/groups/global/AllUsers"), "permission": "READ"},
        {"grantee": group("http://acs.amazonaws.com/groups/s3/LogDelivery"), "permission": "WRITE"},
    ]});
    let canned = json!({"owner_id": OWNER, "owner_name": "webfile", "grants": [
        {"grantee": owner, "permission": "FULL_CONTROL"},
        {"grantee": group("http://acs.amazonaws.com/groups/global/AllUsers"), "permission": "READ"},
    ]});
    let open = breach::policy("all-at-once", &[breach::open("all-at-once")]).to_string();
    for (bucket, plan, inverse) in [
        // A public ACL is refused while BlockPublicAcls is on, so that flag goes back last.
        (
            "half-acl",
            &["put_block", "put_acl"][..],
            json!([
                {"put_block": flags(false, false, true, false)}, {"put_acl": stood}, {"put_block": flags(true, false, true, false)}
            ]),
        ),
        // The one statement was the whole policy.
        (
            "half-policy",
            &["put_block", "delete_policy"],
            json!([{"put_block": flags(false, true, false, false)}, {"put_policy": text}]),
        ),
        ("only-policy", &["put_block", "delete_policy"], json!(["delete_block", {"put_policy": only}])),
        ("block", &["put_block"], json!([{"put_block": flags(true, false, true, true)}])),
        (
            "all-at-once",
            &["put_block", "put_acl", "put_policy"],
            json!(["delete_block", {"put_acl": canned}, {"put_policy": open}]),
        ),
    ] {
        let about = stage.about(bucket).await;
        assert_eq!(about.corrections.len(), 1, "{bucket}: {:#?}", about.ends);
        assert_eq!(kinds(&about.kept("plan")), plan, "{bucket}");
        assert_eq!(about.kept("inverse"), inverse, "{bucket}");
    }
    let all = stage.about("all-at-once").await;
    assert_eq!(all.found.len(), 3, "three controls in one correction: {:?}", all.found);
    assert_eq!(all.writes, ["PutPublicAccessBlock", "PutBucketAcl", "PutBucketPolicy"]);
    assert_eq!(all.told.len(), 3, "{:?}", all.told);
    stage.close().await;
}

/// The guarded corrections, each from a state that is not the plainest.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_kept_as_it_stood() {
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{BY_NAME}")).await;
    let aws = &stage.aws;
    for bucket in ["never-owned", "owned", "default-key", "managed-key", "website", "unlogged", "unversioned"] {
        aws.create_bucket(bucket).await;
    }
    aws.prepare("s3-bucket-tls-not-required").await;
    aws.create_logs().await;
    aws.put_ownership("never-owned", "BucketOwnerEnforced").await;
    stage.settle().await;
    stage.world.clear_records();

    aws.s3("DELETE", "/never-owned?ownershipControls", &[], "").await;
    aws.put_ownership("owned", "BucketOwnerPreferred").await;
    aws.s3("DELETE", "/default-key?encryption", &[], "").await;
    aws.put_encryption("managed-key", "aws:kms", Some("arn:aws:kms:eu-central-1:123456789012:alias/aws/s3")).await;
    aws.put("website", "website", breach::WEBSITE).await;
    aws.put("unlogged", "logging", r#"<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>"#).await;
    aws.put_versioning("unversioned", "Suspended").await;
    aws.breach("s3-bucket-tls-not-required").await;
    stage.settle().await;
    aws.s3(
        "PUT",
        "/v20180820/configuration/publicAccessBlock",
        &[("x-amz-account-id", ACCOUNT)],
        &block_body(true, true, false, true),
    )
    .await;
    stage.settle().await;

    let tls = &subject("s3-bucket-tls-not-required");
    let own = json!({"Version": "2012-10-17", "Statement": [breach::reader(tls, ACCOUNT)]}).to_string();
    let website = json!({"index": "index.html", "error": "error.html", "redirect_all": null, "routing": [
        {"when_error_code": null, "when_prefix": "docs/", "host": null, "code": null, "protocol": null,
         "replace_prefix": "documents/", "replace_key": null}]});
    let key = json!({"algorithm": "aws:kms", "key": "arn:aws:kms:eu-central-1:123456789012:alias/aws/s3",
        "bucket_key": false});
    for (name, inverse) in [
        ("never-owned", json!(["delete_ownership"])),
        ("owned", json!([{"put_ownership": "BucketOwnerPreferred"}])),
        ("default-key", json!(["delete_encryption"])),
        ("managed-key", json!([{"put_encryption": key}])),
        ("website", json!([{"put_website": website}])),
        ("unlogged", json!([{"put_logging": null}])),
        ("unversioned", json!([{"put_versioning": "Suspended"}])),
        (tls, json!([{"put_policy": own}])),
        ("public-access-block", json!([{"put_account_block": flags(true, true, false, true)}])),
    ] {
        let about = stage.about(name).await;
        assert_eq!(about.corrections.len(), 1, "{name}: {:#?}", about.ends);
        assert_eq!(about.kept("inverse"), inverse, "{name}");
    }
    stage.close().await;
}

/// The names of changes, without what they write.
fn kinds(changes: &Value) -> Vec<String> {
    let name = |change: &Value| match change {
        Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    changes.as_array().into_iter().flatten().map(name).collect()
}
