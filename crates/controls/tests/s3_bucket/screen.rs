//! Events: what they make the guard look at.

use rectify_controls::{Ignored, Kind, Place, Region, Screen, s3_bucket::*};
use rectify_event::Event;
use serde_json::{Value, json};

use super::world::account;

fn screen(event: &Value) -> Screen<Target> {
    S3Bucket::screen(&Event::parse(&event.to_string()).unwrap())
}

/// A CloudTrail event as EventBridge delivers it.
fn call(name: &str, parameters: &Value) -> Value {
    json!({
        "version": "0", "id": "b3a1c2d4-0000-4000-8000-000000000001", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3", "account": "111122223333", "time": "2026-11-23T10:00:00Z", "region": "eu-central-1",
        "resources": [],
        "detail": {
            "eventSource": "s3.amazonaws.com", "eventName": name, "readOnly": false, "requestParameters": parameters,
            "recipientAccountId": "999988887777", "awsRegion": "eu-central-1",
        },
    })
}

#[track_caller]
fn looked(event: &Value) -> (Vec<Target>, Vec<&'static str>, bool) {
    match screen(event) {
        Screen::Look { targets, selection, suspicious } => (targets, selection.into_iter().collect(), suspicious),
        Screen::Ignore(why) => panic!("ignored: {why}"),
    }
}

#[track_caller]
fn ignored(event: &Value) -> Ignored {
    match screen(event) {
        Screen::Ignore(why) => why,
        Screen::Look { targets, .. } => panic!("looked at {targets:?}"),
    }
}

fn bucket() -> Target {
    Target::Bucket("example-data".to_owned().try_into().unwrap())
}

/// Every event under `events/s3-bucket/` and what becomes of it. Each trigger's example is there and wakes the guard.
#[test]
fn the_example_events() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/s3-bucket");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut text = String::new();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let answer = match screen(&super::read(path)) {
            Screen::Ignore(why) => format!("ignored: {why}"),
            Screen::Look { targets, selection, suspicious } => {
                let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
                let controls: Vec<&str> = selection.into_iter().collect();
                let suspicious = if suspicious { ", suspicious" } else { "" };
                format!("{}{suspicious}: {}", targets.join(", "), controls.join(" "))
            }
        };
        text.push_str(&format!("{name}\n  {}\n", answer.escape_debug()));
    }
    insta::assert_snapshot!(text);
    for trigger in S3Bucket::EVENTS {
        let event = super::read(&folder.join(format!("{}.json", trigger.example)));
        assert_eq!(event["detail"]["eventName"], trigger.name, "{}", trigger.example);
        let (_, _, suspicious) = looked(&event);
        assert!(suspicious, "{} shows a breach", trigger.example);
    }
}

#[test]
fn requests_that_look_like_a_breach() {
    let all = "http://acs.amazonaws.com/groups/global/AllUsers";
    let open = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}});
    let flags = |on: Value| json!({"BlockPublicAcls": true, "IgnorePublicAcls": on, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    let cases = [
        ("PutBucketAcl", json!({"x-amz-acl": "public-read"})),
        ("PutBucketAcl", json!({"x-amz-acl": ["public-read-write"]})),
        ("PutBucketAcl", json!({"X-Amz-Acl": "authenticated-read"})),
        ("PutBucketAcl", json!({"x-amz-grant-read": format!("uri=\"{all}\"")})),
        ("PutBucketAcl", json!({"x-amz-grant-write-acp": format!("id=\"abc\", uri={all}")})),
        (
            "PutBucketAcl",
            json!({"x-amz-grant-full-control": ["uri=http://acs.amazonaws.com/groups/global/AuthenticatedUsers"]}),
        ),
        ("PutBucketAcl", json!({"AccessControlPolicy": {"AccessControlList": {"Grant": {"Grantee": {"URI": all}}}}})),
        (
            "PutBucketAcl",
            json!({"accessControlPolicy": {"AccessControlList": {"Grant": [{"Grantee": {"ID": "a"}}, {"Grantee": {"URI": all}}]}}}),
        ),
        ("CreateBucket", json!({"x-amz-acl": "public-read"})),
        ("PutBucketPolicy", json!({"bucketPolicy": open})),
        ("PutBucketPolicy", json!({"bucketPolicy": open.to_string()})),
        ("PutBucketPolicy", json!({"bucketPolicy": "no json"})),
        ("PutBucketPolicy", json!({})),
        ("PutBucketPublicAccessBlock", json!({"PublicAccessBlockConfiguration": flags(json!(false))})),
        ("PutBucketPublicAccessBlock", json!({"PublicAccessBlockConfiguration": flags(json!("false"))})),
        ("PutBucketPublicAccessBlock", json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}})),
        ("PutBucketPublicAccessBlock", json!({})),
        ("DeleteBucketPublicAccessBlock", json!({})),
        ("PutBucketOwnershipControls", json!({"OwnershipControls": {"Rule": {"ObjectOwnership": "ObjectWriter"}}})),
        ("DeleteBucketOwnershipControls", json!({})),
        ("DeleteBucketPolicy", json!({})),
        ("DeleteBucketEncryption", json!({})),
        ("PutBucketLogging", json!({"BucketLoggingStatus": {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"}})),
        ("PutBucketVersioning", json!({"VersioningConfiguration": {"Status": "Suspended"}})),
        (
            "PutBucketReplication",
            json!({"ReplicationConfiguration": {"Rule": [{"Destination": {"Account": 999988887777_u64}}]}}),
        ),
        ("PutBucketLifecycle", json!({"LifecycleConfiguration": {"Rule": {"Expiration": {"Days": 1}}}})),
        ("PutBucketWebsite", json!({"WebsiteConfiguration": {}})),
    ];
    for (name, mut parameters) in cases {
        parameters["bucketName"] = json!("example-data");
        let (targets, _, suspicious) = looked(&call(name, &parameters));
        assert_eq!(targets, [bucket()]);
        assert!(suspicious, "{name} {parameters}");
    }
}

#[test]
fn requests_that_look_fine() {
    let tls = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::example-data", "arn:aws:s3:::example-data/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    });
    let on = json!({"BlockPublicAcls": true, "IgnorePublicAcls": "true", "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    let cases = [
        ("PutBucketAcl", json!({"x-amz-acl": "private"})),
        ("PutBucketAcl", json!({"x-amz-acl": "log-delivery-write"})),
        ("PutBucketAcl", json!({"x-amz-grant-write": "uri=http://acs.amazonaws.com/groups/s3/LogDelivery"})),
        ("CreateBucket", json!({"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}})),
        ("PutBucketPolicy", json!({"bucketPolicy": {"Version": "2012-10-17", "Statement": tls}})),
        ("PutBucketPublicAccessBlock", json!({"PublicAccessBlockConfiguration": on})),
        (
            "PutBucketOwnershipControls",
            json!({"OwnershipControls": {"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}}),
        ),
        (
            "PutBucketEncryption",
            json!({"ServerSideEncryptionConfiguration": {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}}}),
        ),
        ("PutBucketLogging", json!({"BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": "logs"}}})),
        ("PutBucketVersioning", json!({"VersioningConfiguration": {"Status": "Enabled"}})),
        (
            "PutBucketReplication",
            json!({"ReplicationConfiguration": {"Rule": {"Destination": {"Account": "111122223333"}}}}),
        ),
        ("PutBucketLifecycle", json!({"LifecycleConfiguration": {"Rule": {"Transition": {"Days": 1}}}})),
    ];
    for (name, mut parameters) in cases {
        parameters["bucketName"] = json!("example-data");
        let (targets, _, suspicious) = looked(&call(name, &parameters));
        assert_eq!(targets, [bucket()]);
        assert!(!suspicious, "{name} {parameters}");
    }
}

/// The account is the envelope's, whatever the record says.
#[test]
fn the_accounts_block_is_the_envelopes() {
    for name in ["PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock"] {
        let (targets, controls, suspicious) =
            looked(&call(name, &json!({"Host": "999988887777.s3-control.eu-central-1.amazonaws.com"})));
        assert_eq!(targets, [Target::Account(account())]);
        assert_eq!(controls, ["s3-account-block-public-access-off"]);
        assert!(suspicious);
    }
    let mut nowhere = call("DeleteAccountPublicAccessBlock", &json!({}));
    nowhere["account"] = json!("ours");
    assert!(matches!(ignored(&nowhere), Ignored::Elsewhere(_)));
}

#[test]
fn a_new_bucket_is_judged_on_its_acl_only() {
    let (_, controls, _) = looked(&call("CreateBucket", &json!({"bucketName": "example-data"})));
    assert_eq!(controls, ["s3-bucket-public-acl"]);
    // Or on whether it has ACLs, where the request says so.
    for (ownership, judged) in [
        (json!("BucketOwnerEnforced"), false),
        (json!(""), false),
        (json!("ObjectWriter"), true),
        (json!("BucketOwnerPreferred"), true),
        (json!(["ObjectWriter"]), true),
        (json!({"odd": 1}), true),
    ] {
        let request = json!({"bucketName": "example-data", "x-amz-object-ownership": ownership});
        let (_, controls, _) = looked(&call("CreateBucket", &request));
        assert_eq!(controls.contains(&"s3-bucket-acl-enabled"), judged, "{ownership}");
    }
}

#[test]
fn calls_that_are_left_alone() {
    let acl = json!({"bucketName": "example-data", "x-amz-acl": "public-read"});
    let with = |field: &str, value: Value| {
        let mut event = call("PutBucketAcl", &acl);
        event["detail"][field] = value;
        event
    };
    assert_eq!(ignored(&with("errorCode", json!("AccessDenied"))), Ignored::FailedCall("AccessDenied".to_owned()));
    assert!(matches!(ignored(&with("errorCode", json!({"odd": 1}))), Ignored::FailedCall(_)));
    assert_eq!(ignored(&with("readOnly", json!(true))), Ignored::ReadOnly);
    assert_eq!(ignored(&with("eventSource", json!("ec2.amazonaws.com"))), Ignored::NotOurs);
    assert!(matches!(ignored(&with("eventSource", json!("s3-outposts.amazonaws.com"))), Ignored::NotApplicable(_)));
    assert_eq!(ignored(&call("PutObject", &acl)), Ignored::NotOurs);
    for name in ["DeleteBucketWebsite", "DeleteBucketReplication", "DeleteBucketLifecycle", "DeleteAccessPointPolicy"] {
        assert_eq!(ignored(&call(name, &acl)), Ignored::NotOurs, "{name} breaks no control");
    }
}

#[test]
fn hostile_and_foreign_names() {
    let outpost = "arn:aws:s3-outposts:eu-central-1:111122223333:outpost/op-1/bucket/b";
    for (name, applicable) in [
        ("example--euc1-az1--x-s3", false),
        (outpost, false),
        ("../../etc/passwd", true),
        ("a b", true),
        ("bucket/../other", true),
        ("\u{202e}evil", true),
        ("", true),
    ] {
        let why = ignored(&call("PutBucketAcl", &json!({"bucketName": name})));
        assert_eq!(matches!(why, Ignored::NoResource(_)), applicable, "{name}: {why}");
        assert_eq!(matches!(why, Ignored::NotApplicable(_)), !applicable, "{name}: {why}");
    }
    let long = ignored(&call("PutBucketAcl", &json!({"bucketName": "x".repeat(100_000)})));
    assert_eq!(long.to_string(), "the event names no resource: a name of 100000 bytes");
    for odd in [json!(null), json!({}), json!({"bucketName": 7}), json!({"bucketName": ["a", "b"]}), json!("text")] {
        assert!(matches!(ignored(&call("PutBucketAcl", &odd)), Ignored::NoResource(_)), "{odd}");
    }
}

#[test]
fn access_points() {
    let point = Target::AccessPoint(AccessPointName::new("reports").unwrap());
    let open = json!({"BlockPublicAcls": false, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    for (request, suspicious) in [
        (json!({"name": "reports", "bucket": "example-data"}), false),
        (
            json!({"name": "reports", "CreateAccessPointRequest": {"Bucket": "example-data", "PublicAccessBlockConfiguration": open}}),
            true,
        ),
        (
            json!({"name": "reports", "CreateAccessPointRequest": {"PublicAccessBlockConfiguration": open, "VpcConfiguration": {"VpcId": "vpc-1"}}}),
            false,
        ),
        (json!({"name": "arn:aws:s3:eu-central-1:111122223333:accesspoint/reports"}), false),
    ] {
        let (targets, controls, found) = looked(&call("CreateAccessPoint", &request));
        assert_eq!((targets, controls), (vec![point.clone()], vec!["s3-access-point-public"]));
        assert_eq!(found, suspicious, "{request}");
    }
    for request in [
        json!({"name": "reports--euc1-az1--xa-s3"}),
        json!({"name": "reports", "CreateAccessPointRequest": {"Bucket": "example--euc1-az1--x-s3"}}),
        json!({"name": "arn:aws:s3-outposts:eu-central-1:111122223333:outpost/op-1/accesspoint/reports"}),
    ] {
        assert!(matches!(ignored(&call("CreateAccessPoint", &request)), Ignored::NotApplicable(_)), "{request}");
    }
    assert!(matches!(ignored(&call("CreateAccessPoint", &json!({"name": "No Name"}))), Ignored::NoResource(_)));
}

/// An envelope of another service.
fn envelope(source: &str, detail_type: &str, detail: &Value) -> Value {
    json!({"source": source, "detail-type": detail_type, "account": "111122223333", "region": "eu-central-1", "detail": detail})
}

#[test]
fn configuration_items_and_findings_of_other_services() {
    let item = |kind: &str, status: &str| {
        let item = json!({"resourceType": kind, "resourceId": "example-data", "resourceName": "example-data", "configurationItemStatus": status});
        envelope("aws.config", "Config Configuration Item Change", &json!({"configurationItem": item}))
    };
    let (targets, controls, _) = looked(&item("AWS::S3::Bucket", "OK"));
    assert_eq!((targets, controls.len()), (vec![bucket()], 12), "every control of a bucket");
    let (targets, _, _) = looked(&item("AWS::S3::AccountPublicAccessBlock", "OK"));
    assert_eq!(targets, [Target::Account(account())]);
    assert!(matches!(ignored(&item("AWS::S3::Bucket", "ResourceDeleted")), Ignored::NotApplicable(_)));
    assert_eq!(ignored(&item("AWS::EC2::Instance", "OK")), Ignored::NotOurs);

    let compliance = |verdict: &str| {
        let detail = json!({"resourceType": "AWS::S3::Bucket", "resourceId": "example-data", "newEvaluationResult": {"complianceType": verdict}});
        envelope("aws.config", "Config Rules Compliance Change", &detail)
    };
    assert_eq!(looked(&compliance("NON_COMPLIANT")).0, [bucket()]);
    assert_eq!(ignored(&compliance("COMPLIANT")), Ignored::NotOurs);

    let guard_duty = |kind: &str| {
        let detail = json!({"type": kind, "resource": {"s3BucketDetails": [{"name": "example-data"}]}});
        envelope("aws.guardduty", "GuardDuty Finding", &detail)
    };
    assert_eq!(looked(&guard_duty("Policy:S3/BucketAnonymousAccessGranted")).0, [bucket()]);
    assert_eq!(looked(&guard_duty("Policy:S3/AccountBlockPublicAccessDisabled")).0, [Target::Account(account())]);
    assert_eq!(ignored(&guard_duty("Discovery:S3/MaliciousIPCaller")), Ignored::NotOurs);

    let macie = |kind: &str, sample: bool| {
        let detail =
            json!({"type": kind, "sample": sample, "resourcesAffected": {"s3Bucket": {"name": "example-data"}}});
        envelope("aws.macie", "Macie Finding", &detail)
    };
    assert_eq!(looked(&macie("Policy:IAMUser/S3BucketPublic", false)).0, [bucket()]);
    assert_eq!(ignored(&macie("Policy:IAMUser/S3BucketPublic", true)), Ignored::NotOurs);
    assert_eq!(ignored(&macie("SensitiveData:S3Object/Credentials", false)), Ignored::NotOurs);

    let security_hub = |product: &str| {
        let finding =
            json!({"ProductName": product, "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::example-data"}]});
        envelope("aws.securityhub", "Security Hub Findings - Imported", &json!({"findings": [finding]}))
    };
    assert_eq!(looked(&security_hub("Security Hub")).0, [bucket()]);
    assert_eq!(ignored(&security_hub("rectify")), Ignored::NotOurs, "our own finding comes back");
}

/// Everybody may put an event with such a detail type on a bus; only AWS can use a source that begins with `aws.`.
#[test]
fn an_imitation_is_not_ours() {
    let mut event = call("PutBucketAcl", &json!({"bucketName": "example-data"}));
    event["source"] = json!("com.example");
    assert_eq!(ignored(&event), Ignored::NotOurs);
}

/// What `arn` writes, an order reads.
#[test]
fn arns_lead_back_to_their_resource() {
    let point = Target::AccessPoint(AccessPointName::new("reports").unwrap());
    for region in ["eu-central-1", "cn-north-1", "us-gov-west-1"] {
        let place = Place { account: account(), region: Region::new(region).unwrap() };
        for target in [bucket(), Target::Account(account()), point.clone()] {
            let arn = S3Bucket::arn(&target, &place);
            assert_eq!(S3Bucket::id(&arn, &place), Some(target), "{arn}");
        }
    }
    let place = Place { account: account(), region: Region::new("cn-north-1").unwrap() };
    assert_eq!(S3Bucket::arn(&bucket(), &place).as_str(), "arn:aws-cn:s3:::example-data");
}

proptest::proptest! {
    /// Whatever the parameters are, screening ends in an answer about the named bucket or none.
    #[test]
    fn no_parameters_panic(name in proptest::sample::select(S3Bucket::EVENTS.iter().map(|t| t.name).collect::<Vec<_>>()),
                           key in "[A-Za-z-]{0,20}", text in ".{0,60}", deep in proptest::bool::ANY) {
        let mut parameters = json!({"bucketName": text, "name": text, "bucketPolicy": text, "x-amz-acl": text});
        parameters[key] = if deep { json!([{"Rule": [text]}]) } else { json!({"Rule": {"Grant": text}}) };
        if let Screen::Look { targets, selection, .. } = screen(&call(name, &parameters)) {
            proptest::prop_assert!(!targets.is_empty() && !selection.is_empty());
        }
    }
}
