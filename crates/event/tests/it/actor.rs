//! Who did it and with what, on real callers.

use std::collections::BTreeSet;

use rectify_event::{Record, Tool};
use serde_json::json;

use crate::corpus::records;

/// One line per user agent of the fixtures: what is recognised can be reviewed in the snapshot.
#[test]
fn tools_of_real_user_agents() {
    let lines: BTreeSet<String> = records()
        .iter()
        .map(|case| {
            let text = case.value.to_string();
            let record = Record::parse(&text).unwrap();
            let agent: String = record.user_agent.as_deref().unwrap_or("(none)").chars().take(70).collect();
            let invoked_by = record.actor().invoked_by.map(|service| format!(" invoked by {service}"));
            format!("{:<14} {agent}{}", record.tool().as_str(), invoked_by.unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(lines.into_iter().collect::<Vec<_>>().join("\n"));
}

/// One line per caller of the smaller sources.
#[test]
fn actors_of_real_records() {
    let lines: BTreeSet<String> = records()
        .iter()
        .filter(|case| !case.name.contains("invictus") && !case.name.contains("traildiscover"))
        .map(|case| {
            let text = case.value.to_string();
            let record = Record::parse(&text).unwrap();
            let actor = record.actor();
            format!("{:<14} {actor}", actor.kind.unwrap_or("(none)"))
        })
        .collect();
    insta::assert_snapshot!(lines.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn an_assumed_role_is_its_session() {
    let text = json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "sourceIPAddress": "192.0.2.7", "userAgent": "x",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLE:alice@example.com", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@example.com",
            "sessionContext": {
                "attributes": {"mfaAuthenticated": "false"},
                "sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/aws-reserved/AWSReservedSSO_Admin_0123456789abcdef"},
            },
        },
    })
    .to_string();
    let record = Record::parse(&text).unwrap();
    let actor = record.actor();
    assert_eq!(actor.session, Some("alice@example.com"));
    assert_eq!(actor.name, Some("alice@example.com"));
    assert_eq!(actor.mfa, Some(false));
    assert_eq!(actor.user_agent, Some("x"));
    assert_eq!(
        actor.to_string(),
        "alice@example.com as AWSReservedSSO_Admin_0123456789abcdef of 111122223333 from 192.0.2.7"
    );
}

#[test]
fn nobody_known_is_still_printable() {
    let record = Record::parse(r#"{"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl"}"#).unwrap();
    assert_eq!(record.actor().to_string(), "somebody unknown");
    assert_eq!(record.tool(), Tool::Unknown);
}

#[test]
fn cdk_is_told_from_cloudformation_by_its_role() {
    let by = |role: &str| {
        json!({
            "eventSource": "s3.amazonaws.com", "eventName": "CreateBucket", "userAgent": "cloudformation.amazonaws.com",
            "userIdentity": {
                "type": "AssumedRole", "invokedBy": "cloudformation.amazonaws.com",
                "sessionContext": {"sessionIssuer": {"userName": role}},
            },
        })
        .to_string()
    };
    assert_eq!(Record::parse(&by("cdk-hnb659fds-cfn-exec-role-1-eu-west-1")).unwrap().tool(), Tool::Cdk);
    assert_eq!(Record::parse(&by("Deploy")).unwrap().tool(), Tool::CloudFormation);
}
