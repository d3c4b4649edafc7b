//! S3's "The meaning of public", to the letter, and where the general answer differs.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{check, grant, judge, word, zone};
use rectify_policy::{Policy, Service, assess};

const ANYONE: &str = r#""*""#;

/// Rows of principal, condition, whether S3 calls it public.
fn check_s3(service: Service, rows: &[(&str, &str, bool)]) {
    let mut wrong = Vec::new();
    for (principal, condition, public) in rows {
        let assessment = judge(&grant(principal, condition), service);
        let s3 = assessment.s3.unwrap();
        if s3.public != *public || assessment.statements[0].s3_public != Some(*public) {
            wrong.push(format!("{principal} {condition}: expected {public}"));
        }
        let general_is_public = judge(&grant(principal, condition), Service::General).verdict.as_str() == "public";
        assert_eq!(s3.differs.is_empty(), general_is_public == s3.public, "{principal} {condition}: {:?}", s3.differs);
        assert!(!s3.public || assessment.verdict.as_str() == "public", "{principal} {condition}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_fixed_values_of_the_listed_keys_prove_the_contrary() {
    check_s3(
        Service::S3,
        &[
            (ANYONE, "", true),
            (r#"{"AWS":"999999999999"}"#, "", false),
            (r#"{"AWS":"arn:aws:iam::111122223333:role/*"}"#, "", true),
            (r#"{"Service":"logging.s3.amazonaws.com"}"#, "", false),
            (r#"{"Service":"*"}"#, "", true),
            (r#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#, "", false),
            (r#"{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}"#, "", false),
            (r#"{"Federated":"graph.facebook.com"}"#, "", true),
            (r#"{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"}"#, "", true),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-other12345"}}"#, false),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":"999999999999"}}"#, false),
            (ANYONE, r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::999999999999:role/x"}}"#, false),
            (ANYONE, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}"#, true),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}"#, true),
            (ANYONE, r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#, false),
            (ANYONE, r#"{"StringLike":{"aws:SourceVpc":"vpc-91237329"}}"#, false),
            (ANYONE, r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#, true),
            (ANYONE, r#"{"StringEquals":{"aws:SourceVpc":["vpc-1","vpc-*"]}}"#, true),
            (ANYONE, r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}"#, true),
            (ANYONE, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:111122223333:t"}}"#, false),
            (ANYONE, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}}"#, true),
            (ANYONE, r#"{"StringEquals":{"aws:SourceOwner":"111122223333"}}"#, false),
            (ANYONE, r#"{"StringEquals":{"aws:userid":"AIDAIOSFODNN7EXAMPLE"}}"#, false),
            (ANYONE, r#"{"StringLike":{"aws:userid":"AROAIOSFODNN7EXAMPLE:*"}}"#, true),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"8.0.0.0/8"}}"#, false),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"8.0.0.0/7"}}"#, true),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, false),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}"#, false),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"2001::/31"}}"#, true),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}"#, true),
            (
                ANYONE,
                r#"{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"NotIpAddress":{"aws:SourceIp":"192.0.2.188/32"}}"#,
                false,
            ),
            (ANYONE, r#"{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}"#, false),
            (
                ANYONE,
                r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/*"}}"#,
                false,
            ),
            (ANYONE, r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/x"}}"#, true),
            (
                ANYONE,
                r#"{"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:x:111122223333:key/1"}}"#,
                true,
            ),
            (ANYONE, r#"{"StringEquals":{"aws:SourceOrgID":"o-ours123456"}}"#, true),
            (ANYONE, r#"{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}"#, true),
            (ANYONE, r#"{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-ours123456"}}"#, true),
            (ANYONE, r#"{"Bool":{"aws:SecureTransport":"true"}}"#, true),
            (ANYONE, r#"{"StringLike":{"aws:Referer":"https://example.com/*"}}"#, true),
        ],
    );
}

#[test]
fn access_points_differ_in_two_ways() {
    check_s3(
        Service::S3AccessPoint,
        &[
            (ANYONE, "", true),
            (
                ANYONE,
                r#"{"StringEquals":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/x"}}"#,
                false,
            ),
        ],
    );
    let wildcard_name = r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/*"}}"#;
    assert!(judge(&grant(ANYONE, wildcard_name), Service::S3AccessPoint).s3.unwrap().public);

    let policy = Policy::parse(&grant(ANYONE, "")).unwrap();
    let mut vpc = zone();
    vpc.access_point_vpc_origin = true;
    let assessment = assess(&policy, Service::S3AccessPoint, &vpc);
    assert_eq!((word(&assessment.verdict).as_str(), assessment.s3.unwrap().public), ("foreign", false));
    // The origin says nothing about a bucket.
    assert_eq!(word(&assess(&policy, Service::S3, &vpc).verdict), "public");
}

/// S3's rule takes blocks one by one; together these are half the Internet.
#[test]
fn a_list_of_small_blocks_is_public_although_s3_does_not_say_so() {
    let blocks: Vec<String> = (1..128).map(|n| format!("\"{}.0.0.0/8\"", n * 2)).collect();
    let condition = format!(r#"{{"IpAddress":{{"aws:SourceIp":[{}]}}}}"#, blocks.join(","));
    let assessment = judge(&grant(ANYONE, &condition), Service::S3);
    let s3 = assessment.s3.unwrap();
    assert_eq!((word(&assessment.verdict).as_str(), s3.public, s3.differs.len()), ("public", false, 1));
}

#[test]
fn the_verdict_is_the_wider_of_both_answers() {
    check(
        Service::S3,
        &[
            (ANYONE, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-ours123456"}}"#, "organisation"),
            (r#"{"Service":"logging.s3.amazonaws.com"}"#, "", "foreign"),
            (r#"{"AWS":"999999999999"}"#, "", "foreign 999999999999"),
        ],
    );
    let assessment =
        judge(&grant(ANYONE, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}"#), Service::S3);
    insta::assert_snapshot!(assessment.s3.unwrap().differs[0].sentence, @"S3's written meaning calls it public (principal `*` is not a fixed value; `ArnLike` on `aws:PrincipalArn` does not limit it, `arn:aws:iam::111122223333:role/*` has a wildcard), but in general `ArnLike` on `aws:PrincipalArn` limits it to the resource's own account: `arn:aws:iam::111122223333:role/*`");
    insta::assert_snapshot!(assessment.statements[0].reason, @"S3 calls it public: principal `*` is not a fixed value; `ArnLike` on `aws:PrincipalArn` does not limit it, `arn:aws:iam::111122223333:role/*` has a wildcard");
}
