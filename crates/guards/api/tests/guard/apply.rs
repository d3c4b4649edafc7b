use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::api::{AccessLog, Change, Part, Scope, Target, WafLogging};
use rectify_guard_api::ApiGuard;
use rectify_runtime::Guard;
use serde_json::{Value, json};

use crate::fake::{Fake, ok, refused};

fn part(text: &str) -> Part {
    Part::new(text).unwrap()
}

fn stage() -> Target {
    Target::RestStage(part("a1"), part("prod"))
}

fn acl() -> Target {
    Target::WebAcl(Scope::Regional, part("team"), part("1-2"))
}

async fn apply(fake: &Fake, target: &Target, change: &Change) -> Result<(), AwsFailure> {
    ApiGuard::default().apply(&fake.session(), target, change).await
}

fn sent(fake: &Fake, what: &str) -> Value {
    let call = fake.calls().into_iter().find(|call| call.what == what);
    serde_json::from_str(&call.unwrap_or_else(|| panic!("no {what}: {:?}", fake.whats())).body).unwrap()
}

fn there(arn: &str) -> crate::fake::Answer {
    ok(&json!({"WebACL": {"Name": "x", "Id": "1", "ARN": arn}}))
}

#[tokio::test]
async fn a_web_acl_is_associated_where_there_is_none() {
    let change = Change::Associate("arn:baseline".to_owned());
    let fake = Fake::default()
        .on("wafv2 GetWebACLForResource", [ok(&json!({}))])
        .on("wafv2 AssociateWebACL", [ok(&json!({}))]);
    apply(&fake, &stage(), &change).await.unwrap();
    let expected =
        json!({"WebACLArn": "arn:baseline", "ResourceArn": "arn:aws:apigateway:eu-west-1::/restapis/a1/stages/prod"});
    assert_eq!(sent(&fake, "wafv2 AssociateWebACL"), expected);

    // A second time, and where somebody else was faster: nothing is sent.
    let fake = Fake::default().on("wafv2 GetWebACLForResource", [there("arn:baseline")]);
    apply(&fake, &stage(), &change).await.unwrap();
    let fake = Fake::default().on("wafv2 GetWebACLForResource", [there("arn:theirs")]);
    let failure = apply(&fake, &stage(), &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert_eq!(fake.whats(), ["wafv2 GetWebACLForResource"]);
}

#[tokio::test]
async fn what_aws_says_about_an_association() {
    let change = Change::Associate("arn:baseline".to_owned());
    for (code, kind) in [
        ("WAFUnavailableEntityException", FailureKind::NotYet),
        ("WAFNonexistentItemException", FailureKind::NotYet),
        ("WAFInvalidParameterException", FailureKind::Invalid),
        ("AccessDeniedException", FailureKind::Denied),
    ] {
        let fake = Fake::default()
            .on("wafv2 GetWebACLForResource", [refused(400, "AccessDeniedException")])
            .on("wafv2 AssociateWebACL", [refused(400, code)]);
        assert_eq!(apply(&fake, &stage(), &change).await.unwrap_err().kind, kind, "{code}");
    }
    let fake = Fake::default().on("wafv2 GetWebACLForResource", [refused(400, "ThrottlingException")]);
    assert_eq!(apply(&fake, &stage(), &change).await.unwrap_err().kind, FailureKind::Throttled, "no look, no change");
}

#[tokio::test]
async fn logs_are_written_as_each_service_takes_them() {
    let log = AccessLog { destination: "arn:logs".to_owned(), format: "$context.requestId".to_owned() };
    let fake = Fake::default().on("PATCH /restapis/a1/stages/prod", [ok(&json!({}))]);
    apply(&fake, &stage(), &Change::PutAccessLog(log.clone())).await.unwrap();
    let expected = json!({"patchOperations": [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": "arn:logs"},
        {"op": "replace", "path": "/accessLogSettings/format", "value": "$context.requestId"},
    ]});
    assert_eq!(sent(&fake, "PATCH /restapis/a1/stages/prod"), expected);
    let fake = Fake::default().on("PATCH /restapis/a1/stages/prod", [ok(&json!({}))]);
    apply(&fake, &stage(), &Change::DeleteAccessLog).await.unwrap();
    let expected = json!({"patchOperations": [{"op": "remove", "path": "/accessLogSettings"}]});
    assert_eq!(sent(&fake, "PATCH /restapis/a1/stages/prod"), expected);

    let http = Target::HttpStage(part("h1"), part("prod"));
    let fake = Fake::default()
        .on("PATCH /v2/apis/h1/stages/prod", [ok(&json!({}))])
        .on("DELETE /v2/apis/h1/stages/prod/accesslogsettings", [(204, String::new())]);
    apply(&fake, &http, &Change::PutAccessLog(log)).await.unwrap();
    let expected = json!({"accessLogSettings": {"destinationArn": "arn:logs", "format": "$context.requestId"}});
    assert_eq!(sent(&fake, "PATCH /v2/apis/h1/stages/prod"), expected);
    apply(&fake, &http, &Change::DeleteAccessLog).await.unwrap();
}

#[tokio::test]
async fn a_web_acls_log() {
    let logging = WafLogging { destination: "arn:logs".to_owned(), more: false };
    let fake = Fake::default().on("wafv2 PutLoggingConfiguration", [ok(&json!({}))]);
    apply(&fake, &acl(), &Change::PutWafLogging(logging.clone())).await.unwrap();
    let sent = sent(&fake, "wafv2 PutLoggingConfiguration");
    let arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/team/1-2";
    assert_eq!(sent.pointer("/LoggingConfiguration/ResourceArn"), Some(&json!(arn)));
    assert_eq!(sent.pointer("/LoggingConfiguration/LogDestinationConfigs"), Some(&json!(["arn:logs"])));
    // Deleting what is not there is done already.
    let fake = Fake::default().on("wafv2 DeleteLoggingConfiguration", [refused(400, "WAFNonexistentItemException")]);
    apply(&fake, &acl(), &Change::DeleteWafLogging).await.unwrap();
    let more = WafLogging { more: true, ..logging };
    assert_eq!(apply(&fake, &acl(), &Change::PutWafLogging(more)).await.unwrap_err().kind, FailureKind::Invalid);
}

/// A change of another kind of target is refused before anything is sent.
#[tokio::test]
async fn a_change_and_its_target_belong_together() {
    let fake = Fake::default();
    for (target, change) in [
        (acl(), Change::Associate("arn:x".to_owned())),
        (acl(), Change::Disassociate),
        (Target::RestApi(part("a1")), Change::DeleteAccessLog),
        (stage(), Change::DeleteWafLogging),
    ] {
        assert_eq!(apply(&fake, &target, &change).await.unwrap_err().kind, FailureKind::Invalid, "{target} {change}");
    }
    assert!(fake.calls().is_empty());
}
