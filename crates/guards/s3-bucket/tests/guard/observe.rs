use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    BucketName, Fact, Kind, Selection, Unreadable,
    s3_bucket::{
        AccessPointName, BucketFacts, Facts, Grantee, ObjectOwnership, Read, S3Bucket, Target, VersioningStatus, needs,
    },
};
use rectify_guard_s3_bucket::S3BucketGuard;
use rectify_runtime::{Guard, Observed};

use crate::fake::{Fake, control_refused, new_bucket, ok, refused};

fn data() -> Target {
    Target::Bucket(BucketName::new("data").unwrap())
}

/// Every control, so every read.
fn all() -> Selection {
    S3Bucket::CONTROLS.iter().map(|control| control.id).collect()
}

async fn observe(fake: &Fake, target: &Target, selection: &Selection) -> Result<Observed<Facts>, AwsFailure> {
    S3BucketGuard::default().observe(&fake.session(), target, selection).await
}

async fn bucket(fake: &Fake) -> BucketFacts {
    match observe(fake, &data(), &all()).await {
        Ok(Observed::Facts(Facts::Bucket(facts))) => *facts,
        other => panic!("{other:?}"),
    }
}

fn denied(operation: &str) -> Unreadable {
    Unreadable { operation: operation.into(), code: "AccessDenied".into(), request_id: Some("7BMJ".into()) }
}

#[tokio::test]
async fn a_new_bucket() {
    let fake = new_bucket();
    insta::assert_json_snapshot!(bucket(&fake).await);
    for call in fake.calls() {
        let ours = call.owner.as_deref().or(call.account.as_deref());
        assert_eq!(ours, Some("111122223333"), "{}", call.what);
    }
}

#[tokio::test]
async fn a_bucket_with_nothing_at_all() {
    let fake = new_bucket()
        .on("GET publicAccessBlock", [refused(404, "NoSuchPublicAccessBlockConfiguration")])
        .on("GET ownershipControls", [refused(404, "OwnershipControlsNotFoundError")])
        .on("GET encryption", [refused(404, "ServerSideEncryptionConfigurationNotFoundError")]);
    let facts = bucket(&fake).await;
    assert_eq!(facts.block, Fact::Known(None));
    assert_eq!(facts.account_block, Fact::Known(None));
    assert_eq!(facts.ownership, Fact::Known(None));
    assert_eq!(facts.policy, Fact::Known(None));
    assert_eq!(facts.policy_is_public, Fact::Known(None));
    assert_eq!(facts.encryption, Fact::Known(None));
    assert_eq!(facts.website, Fact::Known(None));
    assert_eq!(facts.logging, Fact::Known(None));
    assert_eq!(facts.versioning.known().unwrap().status, None);
    assert_eq!(facts.replication, Fact::Known(None));
    assert_eq!(facts.lifecycle, Fact::Known(Vec::new()));
}

/// Each read's own «not configured» and nobody else's: the code of one read says nothing when another gives it.
#[tokio::test]
async fn a_code_means_nothing_where_it_does_not_belong() {
    let fake = new_bucket()
        .on("GET acl", [refused(404, "NoSuchBucketPolicy")])
        .on("GET versioning", [refused(404, "NoSuchLifecycleConfiguration")])
        .on("GET website", [refused(404, "NoSuchBucketPolicy")]);
    let facts = bucket(&fake).await;
    for (name, unreadable) in [
        ("acl", facts.acl.known().is_none()),
        ("versioning", facts.versioning.known().is_none()),
        ("website", facts.website.known().is_none()),
    ] {
        assert!(unreadable, "{name}");
    }
}

#[tokio::test]
async fn a_bucket_with_everything() {
    let fake = new_bucket()
        .on("GET publicAccessBlock", [ok("<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>")])
        .on("GET configuration/publicAccessBlock", [ok("<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>")])
        .on("GET acl", [ok(r#"<AccessControlPolicy><Owner><ID>75aa57f0</ID><DisplayName>owner</DisplayName></Owner><AccessControlList>
            <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>75aa57f0</ID><DisplayName>owner</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>
            <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
            <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI></Grantee><Permission>WRITE</Permission></Grant>
            </AccessControlList></AccessControlPolicy>"#)])
        .on("GET ownershipControls", [ok("<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>")])
        .on("GET policy", [ok(r#"{"Version":"2012-10-17","Statement":[]}"#)])
        .on("GET policyStatus", [ok("<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>")])
        .on("GET encryption", [ok("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>arn:aws:kms:eu-west-1:111122223333:key/k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>")])
        .on("GET website", [ok("<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>404.html</Key></ErrorDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><HostName>example.com</HostName><HttpRedirectCode>302</HttpRedirectCode><Protocol>https</Protocol><ReplaceKeyPrefixWith>d/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>")])
        .on("GET logging", [ok(r#"<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>data/</TargetPrefix><TargetGrants><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="AmazonCustomerByEmail"><EmailAddress>x@example.com</EmailAddress></Grantee><Permission>READ</Permission></Grant></TargetGrants><TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat></LoggingEnabled></BucketLoggingStatus>"#)])
        .on("GET versioning", [ok("<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>")])
        .on("GET replication", [ok("<ReplicationConfiguration><Role>arn:aws:iam::111122223333:role/r</Role><Rule><ID>a</ID><Status>Enabled</Status><Priority>1</Priority><Filter/><Destination><Bucket>arn:aws:s3:::elsewhere</Bucket><Account>444455556666</Account></Destination></Rule><Rule><Status>Disabled</Status><Prefix/><Destination><Bucket>arn:aws:s3:::old</Bucket></Destination></Rule></ReplicationConfiguration>")])
        .on("GET lifecycle", [ok("<LifecycleConfiguration>
            <Rule><ID>short</ID><Status>Enabled</Status><Filter><And><Prefix>logs/</Prefix><Tag><Key>tier</Key><Value>hot</Value></Tag><ObjectSizeGreaterThan>500</ObjectSizeGreaterThan></And></Filter><Expiration><Days>7</Days></Expiration></Rule>
            <Rule><Status>Disabled</Status><Prefix></Prefix><Expiration><Date>2027-01-01T00:00:00.000Z</Date></Expiration></Rule>
            <Rule><Status>Enabled</Status><Filter><Prefix>tmp/</Prefix></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
            </LifecycleConfiguration>")])
        .on("GET tagging", [ok("<Tagging><TagSet><Tag><Key>website</Key><Value>true</Value></Tag></TagSet></Tagging>")]);
    insta::assert_json_snapshot!(bucket(&fake).await);
}

#[tokio::test]
async fn only_what_the_controls_need_is_read() {
    for control in all() {
        let fake = new_bucket();
        observe(&fake, &data(), &Selection::from([control])).await.unwrap();
        let wanted = needs(control).iter().filter(|read| {
            !matches!(read, Read::AccessPoint | Read::AccessPointPolicy | Read::AccessPointPolicyStatus)
        });
        assert_eq!(fake.calls().len(), wanted.count(), "{control}: {:?}", fake.whats());
    }
    let fake = new_bucket();
    let facts = observe(&fake, &data(), &Selection::from(["s3-bucket-versioning-off"])).await.unwrap();
    assert!(fake.whats().contains(&"GET versioning".to_owned()));
    assert!(!fake.whats().contains(&"GET acl".to_owned()));
    let Observed::Facts(Facts::Bucket(facts)) = facts else { panic!("{facts:?}") };
    assert_eq!(facts.acl, Fact::NotRead);
}

#[tokio::test]
async fn a_read_that_is_refused_is_unreadable_and_the_others_are_known() {
    let everything = [
        "GET publicAccessBlock",
        "GET acl",
        "GET ownershipControls",
        "GET policy",
        "GET policyStatus",
        "GET encryption",
        "GET website",
        "GET logging",
        "GET versioning",
        "GET replication",
        "GET lifecycle",
        "GET tagging",
    ];
    let clean = serde_json::to_value(bucket(&new_bucket()).await).unwrap();
    for what in everything {
        let fake = new_bucket().on(what, [refused(403, "AccessDenied")]);
        let facts = serde_json::to_value(bucket(&fake).await).unwrap();
        let changed: Vec<_> =
            clean.as_object().unwrap().iter().filter(|(name, value)| facts.get(name) != Some(value)).collect();
        assert_eq!(changed.len(), 1, "{what}: {changed:?}");
        let unreadable = &facts[changed[0].0]["unreadable"];
        assert_eq!(unreadable["code"], "AccessDenied", "{what}");
        assert_eq!(unreadable["request_id"], "7BMJ", "{what}");
    }
    let fake = new_bucket().on("GET configuration/publicAccessBlock", [control_refused(403, "AccessDenied")]);
    assert_eq!(bucket(&fake).await.account_block, Fact::Unreadable(denied("GetPublicAccessBlock")));
    assert_eq!(fake.calls().len(), everything.len() + 1, "a refusal is not tried again");
}

#[tokio::test]
async fn refusals_that_stay_are_unreadable_whatever_their_code() {
    for (status, code) in
        [(405, "MethodNotAllowed"), (501, "NotImplemented"), (400, "InvalidRequest"), (418, "BrandNew")]
    {
        let fake = new_bucket().on("GET acl", [refused(status, code)]);
        let facts = bucket(&fake).await;
        let Fact::Unreadable(unreadable) = facts.acl else { panic!("{code}: {:?}", facts.acl) };
        assert_eq!(unreadable.code, code);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_unreadable() {
    let fake = new_bucket().on("GET versioning", [ok("<GetBucketVersioningResponse/>")]);
    let facts = bucket(&fake).await;
    let Fact::Unreadable(unreadable) = facts.versioning else { panic!("{:?}", facts.versioning) };
    assert_eq!(unreadable.code, "answer not understood");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_gone_is_gone_whatever_else_fails() {
    let fake = new_bucket()
        .on("GET acl", [refused(503, "SlowDown")])
        .on("GET policy", [refused(404, "NoSuchBucket")])
        .on("GET website", [refused(403, "AccessDenied")]);
    assert_eq!(observe(&fake, &data(), &all()).await, Ok(Observed::Gone));
}

#[tokio::test(start_paused = true)]
async fn what_may_work_later_is_tried_again_and_then_ends_the_observation() {
    for (status, code, kind) in [
        (503, "SlowDown", FailureKind::Throttled),
        (500, "InternalError", FailureKind::Server),
        (429, "TooMany", FailureKind::Throttled),
        (409, "OperationAborted", FailureKind::Conflict),
    ] {
        let fake = new_bucket().on("GET acl", [refused(status, code)]);
        let failure = observe(&fake, &data(), &all()).await.unwrap_err();
        assert_eq!((failure.kind, failure.operation), (kind, "GetBucketAcl"), "{code}");
        assert_eq!(fake.whats().iter().filter(|what| *what == "GET acl").count(), 4, "{code}");

        let fake = new_bucket().on("GET acl", [refused(status, code), new_acl()]);
        assert!(bucket(&fake).await.acl.known().is_some(), "{code}");
    }
}

fn new_acl() -> crate::fake::Answer {
    ok("<AccessControlPolicy><Owner><ID>75aa57f0</ID></Owner><AccessControlList/></AccessControlPolicy>")
}

#[tokio::test(start_paused = true)]
async fn the_second_opinion_is_not_waited_for() {
    let fake = new_bucket().on("GET policyStatus", [refused(500, "InternalError")]);
    let facts = bucket(&fake).await;
    assert!(matches!(facts.policy_is_public, Fact::Unreadable(_)), "{:?}", facts.policy_is_public);
    assert_eq!(facts.policy, Fact::Known(None));
}

#[tokio::test]
async fn bad_credentials_are_no_fact_about_the_bucket() {
    let fake = new_bucket().on("GET acl", [refused(400, "ExpiredToken")]);
    let failure = observe(&fake, &data(), &all()).await.unwrap_err();
    assert!(failure.code_is("ExpiredToken"));
}

#[tokio::test]
async fn the_bucket_is_followed_to_its_region_once() {
    let header = vec![("x-amz-bucket-region", "us-east-2".to_owned())];
    let moved = (301, header, "<Error><Code>PermanentRedirect</Code></Error>".to_owned());
    let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-east-2</Region></Error>";
    for redirect in [moved, (400, Vec::new(), body.to_owned())] {
        let selection = Selection::from(["s3-bucket-versioning-off"]);
        let enabled = ok("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
        let fake = new_bucket().on("GET versioning", [redirect.clone(), enabled]);
        let Observed::Facts(Facts::Bucket(facts)) = observe(&fake, &data(), &selection).await.unwrap() else {
            panic!("no facts")
        };
        assert_eq!(facts.versioning.known().unwrap().status, Some(VersioningStatus::Enabled));
        assert_eq!(facts.place.region.as_str(), "us-east-2");
        let regions: Vec<String> =
            fake.calls().into_iter().filter(|call| call.what == "GET versioning").map(|call| call.region).collect();
        assert_eq!(regions, ["eu-west-1", "us-east-2"]);

        let fake = new_bucket().on("GET versioning", [redirect]);
        let failure = observe(&fake, &data(), &selection).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::WrongRegion);
        assert_eq!(fake.whats().iter().filter(|what| *what == "GET versioning").count(), 2);
    }
}

#[tokio::test]
async fn a_region_that_is_no_region_is_not_followed() {
    for region in ["evil.example.com/", "EU", ""] {
        let body = format!("<Error><Code>AuthorizationHeaderMalformed</Code><Region>{region}</Region></Error>");
        let fake = new_bucket().on("GET versioning", [(400, Vec::new(), body)]);
        let failure = observe(&fake, &data(), &Selection::from(["s3-bucket-versioning-off"])).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::WrongRegion, "{region}");
        assert_eq!(fake.whats().iter().filter(|what| *what == "GET versioning").count(), 1, "{region}");
    }
}

#[tokio::test]
async fn words_that_are_newer_than_this_release_are_kept_or_unreadable() {
    let acl = r#"<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Robot"><ID>r2</ID></Grantee><Permission>DREAM</Permission></Grant></AccessControlList></AccessControlPolicy>"#;
    let fake = new_bucket()
        .on("GET acl", [ok(acl)])
        .on("GET ownershipControls", [ok("<OwnershipControls><Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule></OwnershipControls>")])
        .on("GET versioning", [ok("<VersioningConfiguration><Status>Paused</Status></VersioningConfiguration>")])
        .on("GET encryption", [ok("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:quantum</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>")]);
    let facts = bucket(&fake).await;
    let grant = &facts.acl.known().unwrap().grants[0];
    assert_eq!(grant.grantee, Grantee::Unknown { kind: "Robot".into() });
    assert_eq!(grant.permission, "DREAM");
    assert_eq!(facts.encryption.known().unwrap().as_ref().unwrap().algorithm, "aws:quantum");
    let code = |fact: &dyn std::fmt::Debug| format!("{fact:?}");
    assert!(code(&facts.ownership).contains("unknown object ownership `Nobody`"), "{:?}", facts.ownership);
    assert!(code(&facts.versioning).contains("unknown versioning status `Paused`"), "{:?}", facts.versioning);
}

#[tokio::test]
async fn a_policy_status_without_an_answer_is_no_answer() {
    for body in ["<PolicyStatus/>", ""] {
        let fake = new_bucket().on("GET policyStatus", [ok(body)]);
        let fact = bucket(&fake).await.policy_is_public;
        assert!(fact.known().is_none_or(Option::is_none), "{body}: {fact:?}");
    }
}

#[tokio::test]
async fn an_account() {
    let target = Target::Account(rectify_controls::AccountId::new("111122223333").unwrap());
    let fake = Fake::default()
        .on("GET configuration/publicAccessBlock", [control_refused(404, "NoSuchPublicAccessBlockConfiguration")]);
    let Ok(Observed::Facts(Facts::Account(facts))) = observe(&fake, &target, &all()).await else { panic!("no facts") };
    assert_eq!(facts.block, Fact::Known(None));
    assert_eq!(fake.calls()[0].account.as_deref(), Some("111122223333"));
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn an_access_point() {
    let target = Target::AccessPoint(AccessPointName::new("public-ap").unwrap());
    let point = |origin: &str| {
        ok(&format!(
            "<GetAccessPointResult><Name>public-ap</Name><Bucket>data</Bucket><NetworkOrigin>{origin}</NetworkOrigin><PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration></GetAccessPointResult>"
        ))
    };
    let fake = Fake::default()
        .on("GET configuration/publicAccessBlock", [control_refused(403, "AccessDenied")])
        .on("GET accesspoint/public-ap", [point("Internet")])
        .on("GET accesspoint/public-ap/policy", [ok("<GetAccessPointPolicyResult><Policy>{}</Policy></GetAccessPointPolicyResult>")])
        .on("GET accesspoint/public-ap/policyStatus", [ok("<GetAccessPointPolicyStatusResult><PolicyStatus><IsPublic>true</IsPublic></PolicyStatus></GetAccessPointPolicyStatusResult>")]);
    let Ok(Observed::Facts(Facts::AccessPoint(facts))) = observe(&fake, &target, &all()).await else {
        panic!("no facts")
    };
    insta::assert_json_snapshot!(facts);

    let fake = fake
        .on("GET accesspoint/public-ap", [point("VPC")])
        .on("GET accesspoint/public-ap/policy", [control_refused(404, "NoSuchAccessPointPolicy")])
        .on("GET accesspoint/public-ap/policyStatus", [control_refused(404, "NoSuchAccessPointPolicy")]);
    let Ok(Observed::Facts(Facts::AccessPoint(facts))) = observe(&fake, &target, &all()).await else {
        panic!("no facts")
    };
    assert!(facts.point.known().unwrap().vpc_origin);
    assert_eq!((facts.policy, facts.policy_is_public), (Fact::Known(None), Fact::Known(None)));

    let fake = fake.on("GET accesspoint/public-ap", [control_refused(404, "NoSuchAccessPoint")]);
    assert_eq!(observe(&fake, &target, &all()).await, Ok(Observed::Gone));
}

#[tokio::test]
async fn one_guard_serves_regions_side_by_side() {
    let guard = S3BucketGuard::default();
    let fake = new_bucket();
    let mut session = fake.session();
    let selection = Selection::from(["s3-bucket-acl-enabled"]);
    for region in ["eu-west-1", "us-east-1", "eu-west-1"] {
        session.place.region = rectify_controls::Region::new(region).unwrap();
        let Ok(Observed::Facts(Facts::Bucket(facts))) = guard.observe(&session, &data(), &selection).await else {
            panic!("no facts")
        };
        assert_eq!(facts.ownership, Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)));
        assert_eq!(fake.calls().last().unwrap().region, region);
    }
}
