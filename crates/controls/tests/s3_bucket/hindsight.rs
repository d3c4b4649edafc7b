//! What logs tell of buckets.

use rectify_controls::{AccountId, BucketName, Fact, s3_bucket::*};
use serde_json::{Value, json};

use crate::past::Past;

const ACL: &str = "s3-bucket-public-acl";
const POLICY: &str = "s3-bucket-public-policy";
const BLOCK: &str = "s3-bucket-block-public-access-off";
const TLS: &str = "s3-bucket-tls-not-required";
const ENCRYPTION: &str = "s3-bucket-encryption-not-required-kms";
const WEBSITE: &str = "s3-bucket-website-enabled";
const LOGGING: &str = "s3-bucket-logging-off";
const ENABLED: &str = "s3-bucket-acl-enabled";
const VERSIONING: &str = "s3-bucket-versioning-off";
const LIFECYCLE: &str = "s3-bucket-lifecycle-short-expiry";
const REPLICATION: &str = "s3-bucket-replication-external";
const POINT: &str = "s3-access-point-public";

fn bucket_in(region: &str) -> Past<S3Bucket> {
    Past::of("s3.amazonaws.com", region, &Target::Bucket(BucketName::new("data").unwrap()))
}

fn bucket() -> Past<S3Bucket> {
    bucket_in("eu-central-1")
}

/// The request, with the bucket's name.
fn of(mut request: Value) -> Value {
    request["bucketName"] = "data".into();
    request
}

fn flags(on: bool) -> Value {
    of(json!({"PublicAccessBlockConfiguration": {
        "BlockPublicAcls": on, "IgnorePublicAcls": on, "BlockPublicPolicy": on, "RestrictPublicBuckets": on
    }}))
}

fn open_policy() -> Value {
    json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"
    }})
}

fn facts(past: &Past<S3Bucket>) -> &BucketFacts {
    match &past.facts {
        Facts::Bucket(facts) => facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_one_call_opens_another_closes() {
    let past = bucket()
        .is(ACL, "unknown")
        .call("PutBucketAcl", of(json!({"x-amz-acl": "public-read"})))
        .is(ACL, "live")
        .call("PutBucketAcl", of(json!({"x-amz-acl": ["private"]})))
        .is(ACL, "nothing");
    let past = past
        .call("PutBucketPolicy", of(json!({"bucketPolicy": open_policy()})))
        .is(POLICY, "live")
        .call("PutBucketPublicAccessBlock", flags(true))
        .is(POLICY, "neutralised")
        .call("DeleteBucketPublicAccessBlock", of(json!({})))
        .is(POLICY, "live")
        .is(BLOCK, "live")
        .call("DeleteBucketPolicy", of(json!({})))
        .is(POLICY, "nothing")
        .is(TLS, "live");
    past.call("PutBucketPublicAccessBlock", flags(true)).is(BLOCK, "nothing");
}

/// What the settings exempt by tags needs the tags.
#[test]
fn tags_decide_what_they_exempt() {
    let website = json!({"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}});
    let tagged = |value: &str| of(json!({"Tagging": {"TagSet": {"Tag": {"Key": "rectify:website", "Value": value}}}}));
    bucket()
        .call("PutBucketWebsite", of(website.clone()))
        .is(WEBSITE, "unknown")
        .call("PutBucketTagging", tagged("false"))
        .is(WEBSITE, "live")
        .call("DeleteBucketWebsite", of(json!({})))
        .is(WEBSITE, "nothing")
        .call("PutBucketWebsite", of(website))
        .call(
            "PutBucketTagging",
            of(json!({"Tagging": {"TagSet": {"Tag": [{"Key": "rectify:website", "Value": true}]}}})),
        )
        .is(WEBSITE, "nothing")
        .call("DeleteBucketTagging", of(json!({"tagging": ""})))
        .is(WEBSITE, "live")
        .call("TagResource", json!({"resourceArn": "arn:aws:s3:::data", "Tags": []}))
        .is(WEBSITE, "unknown");
}

/// A new bucket is known as a whole, by what was the rule on that day.
#[test]
fn a_new_bucket_is_known() {
    let born = |day: &str| Past { time: format!("{day}T01:02:03Z"), ..bucket() }.call("CreateBucket", of(json!({})));
    let of_today =
        born("2026-11-20").is(ACL, "nothing").is(BLOCK, "nothing").is(ENABLED, "nothing").is(POLICY, "nothing");
    of_today.is(TLS, "live").is(ENCRYPTION, "live").is(LOGGING, "live").is(VERSIONING, "live").is(WEBSITE, "nothing");
    born("2023-04-12").is(BLOCK, "unknown").is(ENABLED, "unknown").is(ACL, "nothing");
    let old = born("2014-06-01").is(BLOCK, "live").is(ENABLED, "live").is(ACL, "nothing");
    assert_eq!(facts(&old).encryption, Fact::Known(None));
    assert!(matches!(&facts(&born("2023-01-05")).encryption, Fact::Known(Some(rule)) if rule.algorithm == "AES256"));
    let asked = json!({"x-amz-acl": "public-read", "x-amz-object-ownership": "ObjectWriter"});
    bucket().call("CreateBucket", of(asked)).is(ACL, "live").is(ENABLED, "live").is(BLOCK, "unknown");
    bucket().call("CreateBucket", of(json!({"x-amz-acl": "public-read"}))).is(ACL, "live").is(ENABLED, "unknown");
    let locked = json!({"x-amz-bucket-object-lock-enabled": "true"});
    bucket().call("CreateBucket", of(locked)).is(VERSIONING, "nothing");
}

/// In us-east-1 the same call succeeds on a bucket that is there, and sets its ACL anew.
#[test]
fn in_virginia_a_bucket_may_be_created_twice() {
    bucket_in("us-east-1")
        .call("PutBucketPolicy", of(json!({"bucketPolicy": open_policy()})))
        .call("PutBucketAcl", of(json!({"x-amz-acl": "public-read"})))
        .call("CreateBucket", of(json!({})))
        .is(POLICY, "live")
        .is(ACL, "nothing");
    bucket_in("us-east-1").call("CreateBucket", of(json!({}))).is(BLOCK, "unknown").is(LOGGING, "unknown");
}

#[test]
fn a_bucket_that_is_gone_is_not_known_any_more() {
    let mut past = bucket().call("PutBucketAcl", of(json!({"x-amz-acl": "public-read"})));
    let hinted = past.answered("DeleteBucket", of(json!({})), Value::Null);
    assert_eq!(hinted, [Target::Bucket(BucketName::new("data").unwrap())]);
    past.is(ACL, "unknown");
    let other = bucket().call("PutBucketAcl", of(json!({"x-amz-acl": "public-read"})));
    other.call("DeleteBucket", json!({"bucketName": "another"})).is(ACL, "live");
}

/// A call that succeeded is right, whatever was thought to be in its way.
#[test]
fn what_would_have_refused_a_call_was_not_there() {
    bucket()
        .call("PutBucketPublicAccessBlock", flags(true))
        .call("PutBucketPolicy", of(json!({"bucketPolicy": open_policy().to_string()})))
        .is(BLOCK, "unknown")
        .is(POLICY, "live");
    let private = json!({"Statement": {
        "Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "s3:*", "Resource": "*"
    }});
    bucket()
        .call("PutBucketPublicAccessBlock", flags(true))
        .call("PutBucketPolicy", of(json!({"bucketPolicy": private})))
        .is(BLOCK, "nothing");
    let enforced = json!({"OwnershipControls": {"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}});
    bucket()
        .call("PutBucketOwnershipControls", of(enforced))
        .is(ENABLED, "nothing")
        .call("PutBucketAcl", of(json!({"x-amz-acl": "public-read"})))
        .is(ENABLED, "unknown")
        .is(ACL, "live");
}

#[test]
fn acls_in_every_form() {
    let group = |name: &str| format!("http://acs.amazonaws.com/groups/global/{name}");
    let grant = |grantee: Value| json!({"Grantee": grantee, "Permission": "READ"});
    let document =
        |grants: Value| json!({"AccessControlPolicy": {"AccessControlList": {"Grant": grants}, "Owner": {"ID": "me"}}});
    let public = grant(json!({"xsi:type": "Group", "URI": group("AllUsers")}));
    let mine = grant(json!({"xsi:type": "CanonicalUser", "ID": "me"}));
    let logs = grant(json!({"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}));
    for (request, expected) in [
        (json!({"x-amz-acl": "public-read-write"}), "live"),
        (json!({"x-amz-acl": "authenticated-read"}), "live"),
        (json!({"x-amz-acl": "log-delivery-write"}), "nothing"),
        (json!({"x-amz-acl": "bucket-owner-full-control"}), "nothing"),
        (json!({"x-amz-acl": "a-word-of-next-year"}), "unknown"),
        (json!({"x-amz-acl": {"odd": 1}}), "unknown"),
        (json!({"x-amz-grant-read": format!("id=\"me\", uri=\"{}\"", group("AllUsers"))}), "live"),
        (json!({"x-amz-grant-write-acp": ["id=me", format!("uri={}", group("AuthenticatedUsers"))]}), "live"),
        (json!({"x-amz-grant-full-control": "emailAddress=\"me@example.com\""}), "nothing"),
        (json!({"x-amz-grant-read": "what is this"}), "unknown"),
        (json!({"x-amz-grant-read": null}), "unknown"),
        (document(public.clone()), "live"),
        (document(json!([mine, logs])), "nothing"),
        (document(json!([mine, public, {"Grantee": {}, "Permission": "READ"}])), "live"),
        (document(json!([mine, {"Grantee": {}, "Permission": "READ"}])), "unknown"),
        (json!({"AccessControlPolicy": {"Owner": {"ID": "me"}, "AccessControlList": ""}}), "nothing"),
        (json!({"AccessControlPolicy": {"Owner": {"ID": "me"}}}), "unknown"),
        (
            json!({"AccessControlPolicy": {"AccessControlList": [{"Grantee": {"URI": group("AllUsers")}, "Permission": "READ"}]}}),
            "live",
        ),
        (json!({"acl": ""}), "unknown"),
    ] {
        bucket().call("PutBucketAcl", of(request)).is(ACL, expected);
    }
}

/// What a record does not have, or not in a form that is known, is not known, whatever was before.
#[test]
fn what_is_not_said_is_not_known() {
    for (opens, request, control) in [
        ("PutBucketPolicy", json!({"bucketPolicy": open_policy()}), POLICY),
        ("PutBucketPublicAccessBlock", flags(false), BLOCK),
        ("PutBucketAcl", json!({"x-amz-acl": "public-read"}), ACL),
        (
            "PutBucketOwnershipControls",
            json!({"OwnershipControls": {"Rule": {"ObjectOwnership": "ObjectWriter"}}}),
            ENABLED,
        ),
        ("PutBucketVersioning", json!({"VersioningConfiguration": {"Status": "Suspended"}}), VERSIONING),
        (
            "PutBucketReplication",
            json!({"ReplicationConfiguration": {"Rule": {"Status": "Enabled", "Destination": {
                "Bucket": "arn:aws:s3:::copy", "Account": 99_988_887_777_u64
            }}}}),
            REPLICATION,
        ),
    ] {
        let past = bucket().call(opens, of(request)).is(control, "live");
        past.call(opens, of(json!({"Host": "data.s3.amazonaws.com"}))).is(control, "unknown");
    }
    let odd = json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": "perhaps"}});
    bucket().call("PutBucketPublicAccessBlock", of(odd)).is(BLOCK, "unknown");
    let text = json!({"PublicAccessBlockConfiguration": [{
        "blockPublicAcls": "TRUE", "ignorePublicAcls": "true", "blockPublicPolicy": true, "restrictPublicBuckets": true
    }]});
    bucket().call("PutBucketPublicAccessBlock", of(text)).is(BLOCK, "nothing");
    bucket()
        .call("PutBucketPolicy", of(json!({"bucketPolicy": "HIDDEN_DUE_TO_SECURITY_REASONS"})))
        .is(POLICY, "unknown");
}

#[test]
fn the_account_covers_its_buckets_when_it_is_told_so() {
    let on = json!({"PublicAccessBlockConfiguration": flags(true)["PublicAccessBlockConfiguration"]});
    bucket()
        .call("PutBucketPublicAccessBlock", flags(false))
        .is(BLOCK, "live")
        .call("PutAccountPublicAccessBlock", on.clone())
        .is(BLOCK, "nothing")
        .call("DeleteAccountPublicAccessBlock", json!({}))
        .is(BLOCK, "live");
    let account = Target::Account(AccountId::new("123456789012").unwrap());
    Past::<S3Bucket>::of("s3.amazonaws.com", "eu-central-1", &account)
        .is("s3-account-block-public-access-off", "unknown")
        .call("DeleteAccountPublicAccessBlock", json!({}))
        .is("s3-account-block-public-access-off", "live")
        .call("PutAccountPublicAccessBlock", on)
        .is("s3-account-block-public-access-off", "nothing");
}

/// A log store is known by its tags, and who deletes logs soon by the lifecycle.
#[test]
fn lifecycles_and_logging_of_a_log_store() {
    let expiry = json!({"LifecycleConfiguration": {"Rule": {"ID": 7, "Status": "Enabled", "Expiration": {"Days": "1"}, "Filter": ""}}});
    let long = json!({"LifecycleConfiguration": {"Rule": [{"Status": "Enabled", "Expiration": {"Days": 4000}, "Filter": ""}]}});
    let store = json!({"Tagging": {"TagSet": {"Tag": {"Key": "rectify:log-store", "Value": "true"}}}});
    bucket()
        .call("PutBucketLifecycle", of(expiry.clone()))
        .is(LIFECYCLE, "unknown")
        .call("PutBucketTagging", of(store))
        .is(LIFECYCLE, "live")
        .call("PutBucketLifecycle", of(long))
        .is(LIFECYCLE, "nothing")
        .call("PutBucketLifecycle", of(expiry))
        .call("DeleteBucketLifecycle", of(json!({})))
        .is(LIFECYCLE, "nothing")
        .call("PutBucketLogging", of(json!({"BucketLoggingStatus": ""})))
        .is(LOGGING, "nothing")
        .call("DeleteBucketTagging", of(json!({})))
        .is(LOGGING, "live")
        .call(
            "PutBucketLogging",
            of(json!({"BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}}})),
        )
        .is(LOGGING, "nothing");
}

#[test]
fn access_points() {
    let point = || {
        Past::<S3Bucket>::of(
            "s3.amazonaws.com",
            "eu-central-1",
            &Target::AccessPoint(AccessPointName::new("door").unwrap()),
        )
    };
    let create = |more: Value| {
        let mut request = json!({"name": "door", "CreateAccessPointRequest": {"Bucket": "data"}});
        for (name, value) in more.as_object().unwrap() {
            request["CreateAccessPointRequest"][name] = value.clone();
        }
        request
    };
    let policy = json!({"name": "door", "PutAccessPointPolicyRequest": {"Policy": open_policy().to_string()}});
    point().call("PutAccessPointPolicy", policy.clone()).is(POINT, "unknown");
    point().call("CreateAccessPoint", create(json!({}))).is(POINT, "nothing");
    point().call("CreateAccessPoint", create(json!({"PublicAccessBlockConfiguration": "?"}))).is(POINT, "unknown");
    let vpc = create(json!({"VpcConfiguration": {"VpcId": "vpc-1"}, "PublicAccessBlockConfiguration": {}}));
    point().call("CreateAccessPoint", vpc).call("PutAccessPointPolicy", policy.clone()).is(POINT, "nothing");
    let open = create(json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}}));
    let past = point().call("CreateAccessPoint", open).is(POINT, "live");
    past.call("PutAccessPointPolicy", policy)
        .is(POINT, "live")
        .call("DeleteAccessPoint", json!({"name": "door"}))
        .is(POINT, "unknown");
}
