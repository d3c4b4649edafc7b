//! The same breach in the spellings that people and tools use, under the settings that ship.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use rectify_e2e::{
    Stage,
    breach::{self, STRANGER},
    shipped_settings,
};
use serde_json::{Value, json};

const HERE: &str = r#"<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>"#;

/// A canonical user that is not the owner.
const PARTNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// moto's id of every bucket's owner.
const OWNER: &str = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";

fn acl_body(grants: &[(&str, &str)]) -> String {
    let grants: String = grants
        .iter()
        .map(|(grantee, permission)| {
            let (kind, element) = if grantee.starts_with("http") { ("Group", "URI") } else { ("CanonicalUser", "ID") };
            format!(
                r#"<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{kind}"><{element}>{grantee}</{element}></Grantee><Permission>{permission}</Permission></Grant>"#
            )
        })
        .collect();
    format!(
        r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>{OWNER}</ID></Owner><AccessControlList>{grants}</AccessControlList></AccessControlPolicy>"#
    )
}

/// Bucket, headers, body, evidence.
type Spelling<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);

/// Control `s3-bucket-public-acl`.
#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_a_public_acl_is_put_back() {
    let everyone = "http://acs.amazonaws.com/groups/global/AllUsers";
    let any_account = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
    let log_delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";
    let body = acl_body(&[
        (OWNER, "FULL_CONTROL"),
        (everyone, "READ"),
        (PARTNER, "READ"),
        (any_account, "WRITE"),
        (log_delivery, "WRITE"),
        (everyone, "READ_ACP"),
    ]);
    let quoted = format!(r#"uri="{everyone}""#);
    let bare = format!("uri={everyone}");
    let owner = format!(r#"id="{OWNER}""#);
    let spellings: &[Spelling<'_>] = &[
        ("canned-read", &[("x-amz-acl", "public-read")], "", &["READ to AllUsers"]),
        // moto shows only the first permission of a grant; AWS shows READ and WRITE.
        ("canned-write", &[("x-amz-acl", "public-read-write")], "", &["READ to AllUsers"]),
        ("canned-accounts", &[("x-amz-acl", "authenticated-read")], "", &["READ to AuthenticatedUsers"]),
        ("grant-read", &[("x-amz-grant-read", &bare)], "", &["READ to AllUsers"]),
        ("grant-write", &[("x-amz-grant-write", &quoted)], "", &["WRITE to AllUsers"]),
        ("grant-acp", &[("x-amz-grant-write-acp", &quoted)], "", &["WRITE_ACP to AllUsers"]),
        (
            "grant-both",
            &[("x-amz-grant-full-control", &owner), ("x-amz-grant-read-acp", &quoted)],
            "",
            &["READ_ACP to AllUsers"],
        ),
        ("grants", &[], &body, &["READ to AllUsers", "READ_ACP to AllUsers", "WRITE to AuthenticatedUsers"]),
    ];
    let stage = Stage::with_settings(&shipped_settings()).await;
    let aws = &stage.aws;
    for (bucket, ..) in spellings {
        aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    for (bucket, headers, body, _) in spellings {
        aws.s3("PUT", &format!("/{bucket}?acl"), headers, body).await;
    }
    // At birth: the event is CreateBucket, and moto reads canned ACLs only.
    let born = [("x-amz-acl", "public-read"), ("x-amz-object-ownership", "ObjectWriter")];
    aws.s3("PUT", "/born-public", &born, HERE).await;
    stage.settle().await;

    let born: &Spelling<'_> = &("born-public", &born, "", &["READ to AllUsers"]);
    for (bucket, _, _, evidence) in spellings.iter().chain([born]) {
        let about = stage.about(bucket).await;
        let corrected = [("s3-bucket-public-acl".into(), "corrected".into(), "critical".into())];
        assert_eq!(about.told, corrected, "{bucket}: {:#?}", about.ends);
        assert_eq!(about.writes, ["PutPublicAccessBlock", "PutBucketAcl"], "{bucket}");
        let told: Vec<&str> =
            about.messages[0]["evidence"].as_array().unwrap().iter().map(|e| e["value"].as_str().unwrap()).collect();
        assert_eq!(&told, evidence, "{bucket}");
        let acl = aws.acl(bucket).await;
        assert!(!acl.contains("groups/global"), "{bucket}: {acl}");
        assert_eq!(aws.block(bucket).await, Some([true, true, false, false]), "{bucket}");
    }
    let left = aws.acl("grants").await;
    for (grantee, permission) in [(OWNER, "FULL_CONTROL"), (PARTNER, "READ"), (log_delivery, "WRITE")] {
        let grant = left.split("<Grant>").skip(1).find(|grant| grant.contains(grantee));
        assert!(grant.is_some_and(|grant| grant.contains(&format!("<Permission>{permission}<"))), "{grantee}: {left}");
    }
    assert_eq!(left.matches("<Grant>").count(), 3, "{left}");
    stage.close().await;
}

/// What has to become of a policy statement.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    /// Everyone is let in: the statement goes, everything else stays.
    Gone,
    /// An account or organisation outside is let in: told, nothing is changed.
    Foreign,
    /// Somebody of whom no account is known is let in: told as unverifiable.
    Unknown,
    /// Nothing to say.
    Fine,
}

fn statement(bucket: &str, principal: &Value, condition: &Value) -> Value {
    let mut statement = json!({"Sid": "Odd", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": format!("arn:aws:s3:::{bucket}/*")});
    let name = if principal.get("NotPrincipal").is_some() { "NotPrincipal" } else { "Principal" };
    statement[name] = principal.get("NotPrincipal").unwrap_or(principal).clone();
    if !condition.is_null() {
        statement["Condition"] = condition.clone();
    }
    statement
}

/// Controls `s3-bucket-public-policy` and `s3-bucket-policy-external-account`.
#[tokio::test(flavor = "multi_thread")]
async fn odd_policies_get_the_verdict_they_deserve() {
    let role = format!("arn:aws:iam::{STRANGER}:role/x");
    let none = Value::Null;
    let all = json!("*");
    let source = json!({"StringEquals": {"aws:SourceAccount": "123456789012"}});
    let cases = [
        ("star", all.clone(), none.clone(), Expected::Gone),
        ("aws-star", json!({"AWS": "*"}), none.clone(), Expected::Gone),
        ("aws-list-star", json!({"AWS": ["*"]}), none.clone(), Expected::Gone),
        ("star-among-others", json!({"AWS": [role, "*"]}), none.clone(), Expected::Gone),
        ("not-principal", json!({"NotPrincipal": {"AWS": role}}), none.clone(), Expected::Gone),
        ("referer", all.clone(), json!({"StringLike": {"aws:Referer": "https://www.example.com/*"}}), Expected::Gone),
        ("any-address", all.clone(), json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), Expected::Gone),
        (
            "any-address-among-others",
            all.clone(),
            json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"]}}),
            Expected::Gone,
        ),
        ("any-endpoint", all.clone(), json!({"StringLike": {"aws:SourceVpce": "vpce-*"}}), Expected::Gone),
        (
            "if-exists",
            all.clone(),
            json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1a2b3c4d"}}),
            Expected::Gone,
        ),
        ("not-ours", all.clone(), json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-otherorgid0"}}), Expected::Gone),
        (
            "two-conditions",
            all.clone(),
            json!({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"},
            "IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
            Expected::Fine,
        ),
        ("one-network", all.clone(), json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), Expected::Fine),
        ("one-endpoint", all.clone(), json!({"StringEquals": {"AWS:sourcevpce": ["vpce-1a2b3c4d"]}}), Expected::Fine),
        ("other-org", all.clone(), json!({"StringEquals": {"aws:PrincipalOrgID": "o-otherorgid0"}}), Expected::Foreign),
        ("other-account", json!({"AWS": STRANGER}), none.clone(), Expected::Foreign),
        ("service", json!({"Service": "cloudtrail.amazonaws.com"}), source.clone(), Expected::Fine),
        // The condition speaks of whom a service acts for and says nothing about the role.
        (
            "mixed",
            json!({"AWS": [role, "arn:aws:iam::123456789012:root"], "Service": "cloudtrail.amazonaws.com"}),
            source,
            Expected::Foreign,
        ),
        ("mixed-open", json!({"AWS": [role], "Service": "cloudtrail.amazonaws.com"}), none.clone(), Expected::Foreign),
        ("cognito", json!({"Federated": "cognito-identity.amazonaws.com"}), none.clone(), Expected::Gone),
        ("canonical", json!({"CanonicalUser": PARTNER}), none.clone(), Expected::Unknown),
        ("deleted", json!({"AWS": "AIDAEXAMPLEEXAMPLE12"}), none.clone(), Expected::Unknown),
    ];
    let stage = Stage::with_settings(&shipped_settings()).await;
    let aws = &stage.aws;
    for (bucket, ..) in &cases {
        aws.create_bucket(bucket).await;
    }
    stage.settle().await;
    stage.world.clear_records();
    for (bucket, principal, condition, _) in &cases {
        let own = breach::reader(bucket, "123456789012");
        let odd = statement(bucket, principal, condition);
        aws.put_policy(bucket, &breach::policy(bucket, &[own, odd])).await;
    }
    stage.settle().await;

    let mut wrong = Vec::new();
    for (bucket, principal, condition, expected) in &cases {
        let about = stage.about(bucket).await;
        let told: Vec<(&str, &str, &str)> = about
            .messages
            .iter()
            .map(|told| [&told["control"]["id"], &told["outcome"], &told["state"]].map(|text| text.as_str().unwrap()))
            .map(|[control, outcome, state]| (control, outcome, state))
            .collect();
        let foreign = "s3-bucket-policy-external-account";
        let verdict = match told.as_slice() {
            [] => Some(Expected::Fine),
            [("s3-bucket-public-policy", "corrected", "live")] => Some(Expected::Gone),
            [(control, "notified", "live")] if *control == foreign => Some(Expected::Foreign),
            [(control, "notified", "unverifiable")] if *control == foreign => Some(Expected::Unknown),
            _ => None,
        };
        let own = breach::reader(bucket, "123456789012");
        let odd = statement(bucket, principal, condition);
        let left = if *expected == Expected::Gone { vec![own] } else { vec![own, odd] };
        let stays = aws.policy(bucket).await == Some(breach::policy(bucket, &left));
        if verdict != Some(*expected) || !stays {
            wrong.push(format!("{bucket}: expected {expected:?}, told {told:?}, left {:?}", aws.policy(bucket).await));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stage.close().await;
}

/// Control `s3-bucket-public-policy`.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_was_nothing_but_the_public_statement_is_deleted() {
    let stage = Stage::with_settings(&shipped_settings()).await;
    stage.aws.create_bucket("site").await;
    // AWS takes a statement without a list around it.
    let policy = json!({"Version": "2012-10-17", "Statement": breach::open("site")});
    stage.aws.put_policy("site", &policy).await;
    stage.settle().await;
    assert_eq!(stage.aws.policy("site").await, None);
    assert_eq!(stage.writes(), ["PutPublicAccessBlock", "DeleteBucketPolicy"]);
    let about = stage.about("site").await;
    assert_eq!(about.told, [("s3-bucket-public-policy".into(), "corrected".into(), "critical".into())]);
    // TLS is only in the shadow in these settings: recorded, told to nobody.
    assert!(about.found.contains(&("s3-bucket-tls-not-required".into(), "shadowed".into())), "{:?}", about.found);
    stage.close().await;
}
