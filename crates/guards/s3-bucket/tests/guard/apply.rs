use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    AccountId, BucketName,
    s3_bucket::{
        AccessPointName, Acl, BlockFlags, Change, Encryption, Grant, Grantee, Logging, ObjectOwnership, RedirectAll,
        RoutingRule, Target, VersioningStatus, Website,
    },
};
use rectify_guard_s3_bucket::S3BucketGuard;
use rectify_runtime::Guard;

use crate::fake::{Fake, control_refused, ok, refused};

fn data() -> Target {
    Target::Bucket(BucketName::new("data").unwrap())
}

fn account() -> Target {
    Target::Account(AccountId::new("111122223333").unwrap())
}

fn point() -> Target {
    Target::AccessPoint(AccessPointName::new("public-ap").unwrap())
}

async fn apply(fake: &Fake, target: &Target, change: &Change) -> Result<(), AwsFailure> {
    S3BucketGuard::default().apply(&fake.session(), target, change).await
}

fn flags() -> BlockFlags {
    BlockFlags { block_public_acls: true, ignore_public_acls: true, ..BlockFlags::default() }
}

fn canonical(id: &str, name: Option<&str>) -> Grantee {
    Grantee::Canonical { id: id.into(), name: name.map(str::to_owned) }
}

fn acl(name: Option<&str>) -> Acl {
    let grant = |grantee, permission: &str| Grant { grantee, permission: permission.into() };
    Acl {
        owner_id: Some("75aa57f0".into()),
        owner_name: name.map(str::to_owned),
        grants: vec![
            grant(canonical("75aa57f0", name), "FULL_CONTROL"),
            grant(Grantee::Group { uri: "http://acs.amazonaws.com/groups/s3/LogDelivery".into() }, "WRITE"),
            grant(Grantee::Email { address: "x@example.com".into() }, "READ_ACP"),
        ],
    }
}

fn logging(key_format: Option<&str>) -> Logging {
    Logging {
        bucket: "logs".into(),
        prefix: "data/".into(),
        key_format: key_format.map(str::to_owned),
        grants: vec![Grant { grantee: canonical("75aa57f0", None), permission: "READ".into() }],
    }
}

/// A fake that takes everything.
fn willing() -> Fake {
    let mut fake =
        Fake::default().on("GET encryption", [refused(404, "ServerSideEncryptionConfigurationNotFoundError")]);
    for subject in [
        "publicAccessBlock",
        "acl",
        "policy",
        "ownershipControls",
        "encryption",
        "website",
        "logging",
        "versioning",
        "configuration/publicAccessBlock",
        "accesspoint/public-ap/policy",
    ] {
        fake = fake
            .on(&format!("PUT {subject}"), [ok("")])
            .on(&format!("DELETE {subject}"), [(204, Vec::new(), String::new())]);
    }
    fake
}

#[tokio::test]
async fn every_change_is_exactly_its_request() {
    let website = Website {
        index: Some("index.html".into()),
        error: Some("404.html".into()),
        redirect_all: None,
        routing: vec![RoutingRule {
            when_error_code: None,
            when_prefix: Some("docs/".into()),
            host: Some("example.com".into()),
            code: Some("302".into()),
            protocol: Some("https".into()),
            replace_prefix: Some("d/".into()),
            replace_key: None,
        }],
    };
    let redirect = Website {
        index: None,
        error: None,
        redirect_all: Some(RedirectAll { host: "example.com".into(), protocol: None }),
        routing: Vec::new(),
    };
    let kms = Encryption {
        algorithm: "aws:kms".into(),
        key: Some("arn:aws:kms:eu-west-1:111122223333:key/k".into()),
        bucket_key: Some(true),
    };
    let policy = r#"{"Version":"2012-10-17", "Statement":[{"Sid":"ü & <b>"}]}"#;
    let changes = [
        (data(), Change::PutBlock(flags())),
        (data(), Change::DeleteBlock),
        (data(), Change::PutAcl(acl(Some("owner")))),
        (data(), Change::PutPolicy(policy.into())),
        (data(), Change::DeletePolicy),
        (data(), Change::PutOwnership(ObjectOwnership::BucketOwnerEnforced)),
        (data(), Change::DeleteOwnership),
        (data(), Change::PutEncryption(kms)),
        (data(), Change::DeleteEncryption),
        (data(), Change::PutWebsite(website)),
        (data(), Change::PutWebsite(redirect)),
        (data(), Change::DeleteWebsite),
        (data(), Change::PutLogging(Some(logging(None)))),
        (data(), Change::PutLogging(Some(logging(Some("simple"))))),
        (data(), Change::PutLogging(Some(logging(Some("partitioned-delivery-time"))))),
        (data(), Change::PutLogging(None)),
        (data(), Change::PutVersioning(VersioningStatus::Enabled)),
        (data(), Change::PutVersioning(VersioningStatus::Suspended)),
        (account(), Change::PutAccountBlock(flags())),
        (account(), Change::DeleteAccountBlock),
        (point(), Change::PutAccessPointPolicy(policy.into())),
        (point(), Change::DeleteAccessPointPolicy),
    ];
    let mut story = String::new();
    for (target, change) in changes {
        let fake = willing();
        apply(&fake, &target, &change).await.unwrap();
        story.push_str(&format!("# {change}\n"));
        for call in fake.calls() {
            story.push_str(&format!("{call}\n"));
        }
    }
    insta::assert_snapshot!(story);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_tried_again_for_a_while() {
    let aborted = || refused(409, "OperationAborted");
    let fake = willing().on("PUT publicAccessBlock", [aborted(), aborted(), ok("")]);
    apply(&fake, &data(), &Change::PutBlock(flags())).await.unwrap();
    assert_eq!(fake.calls().len(), 3);

    let fake = willing().on("PUT publicAccessBlock", [aborted()]);
    let failure = apply(&fake, &data(), &Change::PutBlock(flags())).await.unwrap_err();
    assert_eq!((failure.kind, fake.calls().len()), (FailureKind::Conflict, 4));

    let fake = willing().on("PUT versioning", [refused(409, "InvalidBucketState")]);
    let failure = apply(&fake, &data(), &Change::PutVersioning(VersioningStatus::Suspended)).await.unwrap_err();
    assert_eq!((failure.kind, fake.calls().len()), (FailureKind::Invalid, 1), "no other conflict ends by waiting");
}

#[tokio::test]
async fn a_refused_change_says_what_aws_said() {
    let fake = willing().on("PUT policy", [refused(403, "AccessDenied")]);
    let failure = apply(&fake, &data(), &Change::PutPolicy("{}".into())).await.unwrap_err();
    assert_eq!(failure.to_string(), "could not PutBucketPolicy: access denied (AccessDenied, request 7BMJ)");
}

#[tokio::test]
async fn deleting_what_is_not_there_is_done() {
    for (target, what, code, change) in [
        (data(), "DELETE publicAccessBlock", "NoSuchPublicAccessBlockConfiguration", Change::DeleteBlock),
        (data(), "DELETE policy", "NoSuchBucketPolicy", Change::DeletePolicy),
        (data(), "DELETE ownershipControls", "OwnershipControlsNotFoundError", Change::DeleteOwnership),
        (data(), "DELETE encryption", "ServerSideEncryptionConfigurationNotFoundError", Change::DeleteEncryption),
        (data(), "DELETE website", "NoSuchWebsiteConfiguration", Change::DeleteWebsite),
    ] {
        apply(&willing().on(what, [refused(404, code)]), &target, &change).await.unwrap();
        let gone = apply(&willing().on(what, [refused(404, "NoSuchBucket")]), &target, &change).await.unwrap_err();
        assert_eq!(gone.kind, FailureKind::Gone, "{what}");
    }
    for (target, what, code, change) in [
        (
            account(),
            "DELETE configuration/publicAccessBlock",
            "NoSuchPublicAccessBlockConfiguration",
            Change::DeleteAccountBlock,
        ),
        (point(), "DELETE accesspoint/public-ap/policy", "NoSuchAccessPointPolicy", Change::DeleteAccessPointPolicy),
    ] {
        apply(&willing().on(what, [control_refused(404, code)]), &target, &change).await.unwrap();
    }
}

#[tokio::test]
async fn display_names_are_dropped_when_they_are_refused() {
    let fake = willing().on("PUT acl", [refused(400, "MalformedACLError"), ok("")]);
    apply(&fake, &data(), &Change::PutAcl(acl(Some("owner")))).await.unwrap();
    let calls = fake.calls();
    assert!(calls[0].body.contains("<DisplayName>owner</DisplayName>"), "{}", calls[0].body);
    assert!(!calls[1].body.contains("DisplayName"), "{}", calls[1].body);
    assert_eq!(calls[1].body, calls[0].body.replace("<DisplayName>owner</DisplayName>", ""));

    let fake = willing().on("PUT acl", [refused(400, "MalformedACLError")]);
    apply(&fake, &data(), &Change::PutAcl(acl(None))).await.unwrap_err();
    assert_eq!(fake.calls().len(), 1, "without names there is nothing to drop");
}

#[tokio::test]
async fn an_encryption_change_keeps_what_is_blocked() {
    let before = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>";
    let kms = Change::PutEncryption(Encryption { algorithm: "aws:kms".into(), key: None, bucket_key: None });
    let fake = willing().on("GET encryption", [ok(before)]);
    apply(&fake, &data(), &kms).await.unwrap();
    let put = fake.calls().pop().unwrap().body;
    assert!(put.contains("<EncryptionType>SSE-C</EncryptionType>"), "{put}");
    assert!(put.contains("<SSEAlgorithm>aws:kms</SSEAlgorithm>"), "{put}");

    let fake = willing().on("GET encryption", [refused(403, "AccessDenied")]);
    let failure = apply(&fake, &data(), &kms).await.unwrap_err();
    assert_eq!(failure.operation, "GetBucketEncryption");
    assert_eq!(fake.calls().len(), 1, "nothing is written over what could not be read");
}

#[tokio::test]
async fn what_cannot_be_written_exactly_is_not_written() {
    let mut odd = acl(None);
    odd.grants.push(Grant { grantee: Grantee::Unknown { kind: "Robot".into() }, permission: "READ".into() });
    for change in [Change::PutAcl(odd), Change::PutLogging(Some(logging(Some("partitioned-by-moon"))))] {
        let fake = willing();
        let failure = apply(&fake, &data(), &change).await.unwrap_err();
        assert_eq!((failure.kind, fake.calls().len()), (FailureKind::Invalid, 0), "{failure}");
    }
}

#[tokio::test]
async fn a_change_of_another_kind_of_target_is_not_sent() {
    for (target, change) in [
        (data(), Change::DeleteAccountBlock),
        (data(), Change::DeleteAccessPointPolicy),
        (account(), Change::DeleteBlock),
        (point(), Change::DeletePolicy),
    ] {
        let fake = willing();
        let failure = apply(&fake, &target, &change).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid);
        assert!(fake.calls().is_empty(), "{change} on {target}");
    }
}

#[tokio::test]
async fn a_change_follows_the_bucket_to_its_region_once() {
    let header = vec![("x-amz-bucket-region", "us-east-2".to_owned())];
    let moved = || (301, header.clone(), "<Error><Code>PermanentRedirect</Code></Error>".to_owned());
    let fake = willing().on("PUT publicAccessBlock", [moved(), ok("")]);
    apply(&fake, &data(), &Change::PutBlock(flags())).await.unwrap();
    let regions: Vec<String> = fake.calls().into_iter().map(|call| call.region).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-2"]);

    let fake = willing().on("PUT publicAccessBlock", [moved()]);
    let failure = apply(&fake, &data(), &Change::PutBlock(flags())).await.unwrap_err();
    assert_eq!((failure.kind, fake.calls().len()), (FailureKind::WrongRegion, 2));
}
