//! Who did it and with what, on real callers.

use std::collections::BTreeSet;

use rectify_event::{Record, ToolClass};
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
            let tool = record.tool();
            let class = tool.map_or("(unknown)", |tool| tool.class.as_str());
            let tool = tool.map(|tool| tool.to_string()).unwrap_or_default();
            format!("{class:<14} {tool:<22} {agent}{}", invoked_by.unwrap_or_default())
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
    assert_eq!(record.tool(), None);
    assert_eq!(record.actor().chain, []);
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
    let class = |role: &str| Record::parse(&by(role)).unwrap().tool().unwrap().class;
    assert_eq!(class("cdk-hnb659fds-cfn-exec-role-1-eu-west-1"), ToolClass::Cdk);
    assert_eq!(class("cdk-like-name"), ToolClass::CloudFormation);
    assert_eq!(class("Deploy"), ToolClass::CloudFormation);
}

/// What decides beside the user agent, and what the table says in which order.
#[test]
fn a_tool_is_recognised_from_the_whole_record() {
    let cdk =
        json!({"sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/cdk-x-deploy-role-1-eu-west-1"}}});
    let person = json!({"sessionContext": {"sessionIssuer": {"arn":
        "arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef"}}});
    let pretender = json!({"sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/AWSReservedSSO_Admin_0"}}});
    for (record, tool) in [
        (json!({"userAgent": "APN/1.0 Pulumi/1.0 PulumiAws/6.1.0 terraform-provider-aws/dev"}), "Pulumi"),
        (json!({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.6.0 upbound-provider-aws/1.2"}), "Crossplane"),
        (json!({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.8.1 OpenTofu/1.8.1"}), "OpenTofu 1.8.1"),
        (json!({"userAgent": "[APN/1.0 HASHICORP/1.0 TERRAFORM/1.9.5.]"}), "Terraform 1.9.5"),
        (json!({"userAgent": "Terraform/\u{1b}[31m"}), "Terraform"),
        (json!({"userAgent": "Terraform/9999999999999999999999999"}), "Terraform"),
        (json!({"userAgent": "aws-cdk/2.150.0 aws-sdk-js/3.0"}), "CDK 2.150.0"),
        (json!({"userAgent": "aws-sdk-js/3.0", "userIdentity": cdk}), "CDK"),
        (json!({"userAgent": "aws-cli/2.17.32", "userIdentity": cdk}), "AWS CLI 2.17.32"),
        (json!({"userAgent": "x", "sourceIPAddress": "cloudformation.amazonaws.com"}), "CloudFormation"),
        (json!({"userAgent": "Boto3/1.26.2 Botocore/1.29 Ansible/2.16.1"}), "Ansible 2.16.1"),
        (
            json!({"userAgent": "aws-cli/2.13.5 exec-env/CloudShell", "sessionCredentialFromConsole": "true"}),
            "AWS CLI in CloudShell",
        ),
        (json!({"userAgent": "Boto3/1.26.2 exec-env/CloudShell"}), "CloudShell"),
        (json!({"userAgent": "x", "sessionCredentialFromConsole": "true"}), "AWS console"),
        (json!({"userAgent": "AWS Internal", "userIdentity": person}), "AWS console"),
        (json!({"userAgent": "AWS Internal", "userIdentity": pretender}), "an AWS service"),
        (json!({"userAgent": "x", "userIdentity": {"invokedBy": "config.amazonaws.com"}}), "an AWS service"),
        (json!({"userAgent": "aws-sdk-python/1.26.0"}), "an AWS SDK"),
        (json!({"userAgent": format!("{}terraform/1.9.5", "x".repeat(1_024))}), ""),
        (json!({"userAgent": "\u{130}\u{130}terraform/1.9.5"}), "Terraform 1.9.5"),
        (json!({"userAgent": ""}), ""),
        (json!({"userAgent": 7, "userIdentity": []}), ""),
    ] {
        let text = event(record);
        let recognised = Record::parse(&text).unwrap().tool().map(|tool| tool.to_string()).unwrap_or_default();
        assert_eq!(recognised, tool, "{text}");
    }
}

fn event(mut record: serde_json::Value) -> String {
    record["eventSource"] = json!("s3.amazonaws.com");
    record["eventName"] = json!("PutBucketAcl");
    record.to_string()
}

/// One line per chain of the fixtures.
#[test]
fn chains_of_real_records() {
    let lines: BTreeSet<String> = records()
        .iter()
        .map(|case| {
            let text = case.value.to_string();
            let record = Record::parse(&text).unwrap();
            record.actor().chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
        })
        .filter(|chain| !chain.is_empty())
        .collect();
    insta::assert_snapshot!(lines.into_iter().collect::<Vec<_>>().join("\n"));
}

fn chain(identity: &serde_json::Value) -> String {
    let text = event(json!({"userIdentity": identity}));
    let record = Record::parse(&text).unwrap();
    record.actor().chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}

/// A session of the role at `path`, as CloudTrail writes it.
fn assumed(path: &str, session: &str) -> serde_json::Value {
    let name = path.rsplit('/').next().unwrap();
    json!({
        "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{session}"), "accountId": "111122223333",
        "arn": format!("arn:aws:sts::111122223333:assumed-role/{name}/{session}"),
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "arn": format!("arn:aws:iam::111122223333:role/{path}"), "accountId": "111122223333", "userName": name,
        }},
    })
}

#[test]
fn a_chain_leads_from_the_person_to_the_session() {
    let with = |mut identity: serde_json::Value, pointer: &str, value: serde_json::Value| {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        identity.pointer_mut(parent).unwrap()[key] = value;
        identity
    };
    let deploy = || assumed("deploy", "run-7");
    let sso = || {
        assumed("aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef", "jane@example.com")
    };
    let web = |provider: &str, attributes: serde_json::Value| {
        with(
            deploy(),
            "/sessionContext/webIdFederationData",
            json!({"federatedProvider": provider, "attributes": attributes}),
        )
    };
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let on_behalf_of = json!({"userId": "94482488-3041-7055-2ce0-example", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"});
    for (identity, expected) in [
        (sso(), "jane@example.com (Identity Center) -> role AWSReservedSSO_Admin_0123456789abcdef in 111122223333"),
        (
            with(
                with(sso(), "/onBehalfOf", on_behalf_of.clone()),
                "/sessionContext/sourceIdentity",
                json!("jane@example.com"),
            ),
            "jane@example.com (Identity Center) -> role AWSReservedSSO_Admin_0123456789abcdef in 111122223333",
        ),
        (
            with(deploy(), "/onBehalfOf", on_behalf_of.clone()),
            "Identity Center user 94482488-3041-7055-2ce0-example -> role deploy in 111122223333 -> session run-7",
        ),
        (
            json!({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": on_behalf_of}),
            "Identity Center user 94482488-3041-7055-2ce0-example",
        ),
        // Only AWS makes roles below the path of Identity Center: a name alone says nothing about a person.
        (assumed("AWSReservedSSO_Admin_0123456789abcdef", "ceo@example.com"), ""),
        (assumed("x/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0", "ceo@example.com"), ""),
        (assumed("x:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0", "ceo@example.com"), ""),
        (deploy(), ""),
        (
            with(deploy(), "/sessionContext/sourceIdentity", json!("jane")),
            "jane (source identity) -> role deploy in 111122223333 -> session run-7",
        ),
        (with(deploy(), "/sessionContext/sourceIdentity", json!("run-7")), ""),
        (web(github, json!({})), "GitHub Actions (OIDC) -> role deploy in 111122223333 -> session run-7"),
        (
            web(
                github,
                json!({"token.actions.githubusercontent.com:sub": "repo:acme/site:ref:refs/heads/main", "aud": 7}),
            ),
            "repo:acme/site:ref:refs/heads/main (GitHub Actions) -> role deploy in 111122223333 -> session run-7",
        ),
        (
            web("arn:aws:iam::1:oidc-provider/evil.example/token.actions.githubusercontent.com", json!([])),
            "evil.example/token.actions.githubusercontent.com (OIDC) -> role deploy in 111122223333 -> session run-7",
        ),
        (
            web("www.amazon.com", json!({"sub": 7})),
            "www.amazon.com (web identity) -> role deploy in 111122223333 -> session run-7",
        ),
        (web("", json!({"sub": "x"})), ""),
        (
            with(deploy(), "/invokedBy", json!("cloudformation.amazonaws.com")),
            "role deploy in 111122223333 -> session run-7 -> cloudformation.amazonaws.com",
        ),
        (
            with(deploy(), "/inScopeOf", json!({"credentialsIssuedTo": "arn:aws:lambda:eu-west-1:1:function:publish"})),
            "arn:aws:lambda:eu-west-1:1:function:publish -> role deploy in 111122223333 -> session run-7",
        ),
        (with(deploy(), "/inScopeOf", json!({"credentialsIssuedTo": "arn:aws:lambda:eu-west-1:1:function:run-7"})), ""),
        (json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}), ""),
        (json!({"type": "IAMUser", "userName": "alice", "accountId": "1", "arn": "arn:aws:iam::1:user/alice"}), ""),
        (
            json!({"type": "IAMUser", "userName": "alice", "accountId": "1", "invokedBy": "cloudformation.amazonaws.com"}),
            "user alice in 1 -> cloudformation.amazonaws.com",
        ),
        (json!({"type": "Root", "accountId": "1", "invokedBy": "AWS Internal"}), "root in 1 -> AWS Internal"),
        (
            json!({
                "type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/bob", "accountId": "1",
                "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/alice", "accountId": "1"}},
            }),
            "user alice in 1 -> session bob",
        ),
        (json!({"type": 7, "sessionContext": [], "onBehalfOf": "x", "inScopeOf": {}}), ""),
        (json!("nobody"), ""),
    ] {
        assert_eq!(chain(&identity), expected, "{identity}");
    }
}
