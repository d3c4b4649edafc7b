//! User pools, App Runner services and distributions: what is read, and what is written.

use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    Fact, Kind, Selection, Tags,
    api::{Api, AppRunner, Change, Facts, Part, Target},
};
use rectify_guard_api::ApiGuard;
use rectify_runtime::{Guard, Observed};
use serde_json::{Value, json};

use crate::fake::{Answer, Fake, config, ok, refused, refused_xml};

const CONFIG: &str = "GET /2020-05-31/distribution/E1/config";
const ASSOCIATE: &str = "PUT /2020-05-31/distribution/E1/associate-web-acl";
const DISASSOCIATE: &str = "PUT /2020-05-31/distribution/E1/disassociate-web-acl";

fn part(text: &str) -> Part {
    Part::new(text).unwrap()
}

fn pool() -> Target {
    Target::UserPool(part("eu-west-1_A"))
}

fn service() -> Target {
    Target::AppRunner(part("shop"), part("01"))
}

fn distribution() -> Target {
    Target::Distribution(part("E1"))
}

async fn observe(fake: &Fake, target: &Target) -> Result<Observed<Facts>, AwsFailure> {
    let all: Selection = Api::CONTROLS.iter().map(|control| control.id).collect();
    ApiGuard::default().observe(&fake.session(), target, &all).await
}

async fn facts(fake: &Fake, target: &Target) -> Facts {
    match observe(fake, target).await {
        Ok(Observed::Facts(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

async fn tags(fake: &Fake, target: &Target) -> Fact<Tags> {
    ApiGuard::default().tags(&fake.session(), target).await
}

async fn apply(fake: &Fake, target: &Target, change: &Change) -> Result<(), AwsFailure> {
    ApiGuard::default().apply(&fake.session(), target, change).await
}

fn team() -> Fact<Tags> {
    Fact::Known([("team".to_owned(), "shop".to_owned())].into())
}

fn acls(names: &[&str]) -> Answer {
    let acl = |name: &&str| json!({"Name": name, "ARN": format!("arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/{name}/1")});
    ok(&json!({"WebACLs": names.iter().map(acl).collect::<Vec<_>>()}))
}

/// A web ACL with one managed rule group.
fn with_group(vendor: &str, group: &str) -> Answer {
    let metric = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let statement = json!({"ManagedRuleGroupStatement": {"VendorName": vendor, "Name": group}});
    let rule = json!({"Name": "r", "Priority": 0, "Statement": statement, "VisibilityConfig": metric});
    ok(
        &json!({"WebACL": {"Name": "a", "Id": "1", "ARN": "arn:a", "DefaultAction": {"Allow": {}}, "VisibilityConfig": metric,
        "Rules": [rule]}}),
    )
}

fn bare_pool() -> Fake {
    Fake::default()
        .on(
            "cognito DescribeUserPool",
            [ok(&json!({"UserPool": {"Id": "eu-west-1_A", "UserPoolTags": {"team": "shop"}}}))],
        )
        .on("wafv2 GetWebACLForResource", [ok(&json!({}))])
        .on("wafv2 ListWebACLs", [acls(&["a"])])
        .on("wafv2 GetWebACL", [with_group("AWS", "AWSManagedRulesCommonRuleSet")])
}

#[tokio::test]
async fn a_pool_is_read_with_which_web_acls_it_takes() {
    let fraud = |facts: Facts| match facts {
        Facts::UserPool(pool) => pool.acls.known().unwrap()[0].fraud_control.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(fraud(facts(&bare_pool(), &pool()).await), Fact::Known(false));
    for (vendor, group, is) in [
        ("AWS", "AWSManagedRulesATPRuleSet", true),
        ("AWS", "AWSManagedRulesACFPRuleSet", true),
        ("AWS", "AWSManagedRulesBotControlRuleSet", false),
        ("Somebody", "AWSManagedRulesATPRuleSet", false),
    ] {
        let fake = bare_pool().on("wafv2 GetWebACL", [with_group(vendor, group)]);
        assert_eq!(fraud(facts(&fake, &pool()).await), Fact::Known(is), "{vendor} {group}");
    }
    // Refused, or gone since the list: not the pool's end.
    for code in ["AccessDeniedException", "WAFNonexistentItemException"] {
        let fake = bare_pool().on("wafv2 GetWebACL", [refused(400, code)]);
        assert!(matches!(fraud(facts(&fake, &pool()).await), Fact::Unreadable(_)), "{code}");
    }
    let fake = bare_pool().on("wafv2 GetWebACL", [refused(400, "ThrottlingException")]);
    assert_eq!(observe(&fake, &pool()).await.unwrap_err().kind, FailureKind::Throttled);
    // Rules are read of pools that have none only.
    let there = json!({"WebACL": {"Name": "a", "Id": "1", "ARN": "arn:a"}});
    let fake = bare_pool().on("wafv2 GetWebACLForResource", [ok(&there)]);
    let Facts::UserPool(seen) = facts(&fake, &pool()).await else { panic!() };
    assert_eq!((seen.web_acl, seen.acls), (Fact::Known(Some("arn:a".to_owned())), Fact::NotRead));
}

#[tokio::test]
async fn many_web_acls_are_read_and_not_all_of_them() {
    let names: Vec<String> = (0..120).map(|number| format!("a{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let fake = bare_pool().on("wafv2 ListWebACLs", [acls(&names)]);
    let Facts::UserPool(seen) = facts(&fake, &pool()).await else { panic!() };
    let list = seen.acls.known().unwrap();
    assert_eq!(list.len(), 120);
    assert_eq!(list.iter().filter(|acl| acl.fraud_control == Fact::Known(false)).count(), 100);
    assert_eq!(list.last().unwrap().fraud_control, Fact::NotRead);
    assert_eq!(fake.whats().iter().filter(|what| *what == "wafv2 GetWebACL").count(), 100);
}

#[tokio::test]
async fn a_pool_is_there_when_cognito_says_so() {
    let gone = bare_pool().on("cognito DescribeUserPool", [refused(400, "ResourceNotFoundException")]);
    assert_eq!(observe(&gone, &pool()).await.unwrap(), Observed::Gone);
    // WAF has not heard of a new one.
    let new = bare_pool().on("wafv2 GetWebACLForResource", [refused(400, "WAFNonexistentItemException")]);
    let Facts::UserPool(seen) = facts(&new, &pool()).await else { panic!() };
    assert_eq!(seen.web_acl, Fact::Known(None));
    // Who may not describe it may still judge it.
    let denied = bare_pool().on("cognito DescribeUserPool", [refused(400, "AccessDeniedException")]);
    let Facts::UserPool(seen) = facts(&denied, &pool()).await else { panic!() };
    assert_eq!(seen.web_acl, Fact::Known(None));
    assert!(matches!(tags(&denied, &pool()).await, Fact::Unreadable(_)));
    let busy = bare_pool().on("cognito DescribeUserPool", [refused(400, "TooManyRequestsException")]);
    assert_eq!(observe(&busy, &pool()).await.unwrap_err().kind, FailureKind::Throttled);
    assert_eq!(tags(&bare_pool(), &pool()).await, team());
}

fn described(status: &str, more: &Value) -> Fake {
    let mut service = json!({"ServiceName": "shop", "ServiceId": "01", "ServiceArn": "arn", "Status": status,
        "CreatedAt": 1.0, "UpdatedAt": 1.0, "SourceConfiguration": {}, "InstanceConfiguration": {},
        "AutoScalingConfigurationSummary": {}, "NetworkConfiguration": {}});
    service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Fake::default()
        .on("apprunner DescribeService", [ok(&json!({"Service": service}))])
        .on("apprunner ListTagsForResource", [ok(&json!({"Tags": [{"Key": "team", "Value": "shop"}]}))])
        .on("wafv2 GetWebACLForResource", [ok(&json!({}))])
        .on("wafv2 ListWebACLs", [acls(&["a"])])
}

#[tokio::test]
async fn a_service_is_public_and_runs_or_not() {
    let ingress =
        |public: bool| json!({"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": public}}});
    for (status, more, public, runs) in [
        ("RUNNING", json!({}), true, true),
        ("RUNNING", ingress(true), true, true),
        ("RUNNING", ingress(false), false, true),
        ("OPERATION_IN_PROGRESS", ingress(true), true, true),
        ("DELETE_FAILED", ingress(true), true, true),
        ("A_STATUS_OF_LATER", ingress(true), true, true),
        ("PAUSED", ingress(true), true, false),
        ("CREATE_FAILED", ingress(true), true, false),
    ] {
        let Facts::AppRunner(seen) = facts(&described(status, &more), &service()).await else { panic!() };
        assert_eq!(seen.service, Fact::Known(AppRunner { public, runs }), "{status} {more}");
        assert_eq!(seen.acls.known().unwrap()[0].fraud_control, Fact::NotRead);
    }
    assert_eq!(observe(&described("DELETED", &json!({})), &service()).await.unwrap(), Observed::Gone);
    let running = || described("RUNNING", &json!({}));
    let gone = running().on("apprunner DescribeService", [refused(400, "ResourceNotFoundException")]);
    assert_eq!(observe(&gone, &service()).await.unwrap(), Observed::Gone);
    let denied = running().on("apprunner DescribeService", [refused(400, "AccessDeniedException")]);
    let Facts::AppRunner(seen) = facts(&denied, &service()).await else { panic!() };
    assert!(matches!(seen.service, Fact::Unreadable(_)));
    let busy = running().on("apprunner DescribeService", [refused(400, "ThrottlingException")]);
    assert_eq!(observe(&busy, &service()).await.unwrap_err().kind, FailureKind::Throttled);
    assert_eq!(tags(&running(), &service()).await, team());
}

#[tokio::test]
async fn pools_and_services_get_a_web_acl_by_waf() {
    for (target, resource) in [
        (pool(), "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_A"),
        (service(), "arn:aws:apprunner:eu-west-1:111122223333:service/shop/01"),
    ] {
        let fake = Fake::default()
            .on("wafv2 GetWebACLForResource", [ok(&json!({}))])
            .on("wafv2 AssociateWebACL", [ok(&json!({}))])
            .on("wafv2 DisassociateWebACL", [ok(&json!({}))]);
        apply(&fake, &target, &Change::Associate("arn:baseline".to_owned())).await.unwrap();
        apply(&fake, &target, &Change::Disassociate).await.unwrap();
        let sent = |what: &str| -> Value {
            serde_json::from_str(&fake.calls().into_iter().find(|call| call.what == what).unwrap().body).unwrap()
        };
        assert_eq!(sent("wafv2 AssociateWebACL"), json!({"WebACLArn": "arn:baseline", "ResourceArn": resource}));
        assert_eq!(sent("wafv2 DisassociateWebACL"), json!({"ResourceArn": resource}));
    }
}

/// Whatever region told of it, everything about a distribution is asked in us-east-1.
#[tokio::test]
async fn a_distribution_is_read_where_cloudfront_is() {
    let fake = Fake::default().on(CONFIG, [config("", "")]).on("wafv2 ListWebACLs", [acls(&["a"])]).on(
        "GET /2020-05-31/tagging",
        [(200, "<Tags><Items><Tag><Key>team</Key><Value>shop</Value></Tag></Items></Tags>".to_owned())],
    );
    let Facts::Distribution(seen) = facts(&fake, &distribution()).await else { panic!() };
    assert_eq!(seen.place.region.as_str(), "us-east-1");
    let config = *seen.distribution.known().unwrap();
    assert!(config.enabled && !config.staging && !config.continuous_deployment);
    assert_eq!(seen.web_acl, Fact::Known(None));
    assert_eq!(seen.acls.known().unwrap().len(), 1);
    assert_eq!(tags(&fake, &distribution()).await, team());
    for call in fake.calls() {
        assert_eq!(call.region, "us-east-1", "{}", call.what);
        assert!(!call.what.contains("List") || call.body.contains(r#""Scope":"CLOUDFRONT""#), "{}", call.body);
    }
}

#[tokio::test]
async fn what_a_distribution_says_of_itself() {
    let read = |answer: Answer| async move {
        let fake = Fake::default().on(CONFIG, [answer]).on("wafv2 ListWebACLs", [acls(&["a"])]);
        facts(&fake, &distribution()).await
    };
    let more = "<Staging>true</Staging><ContinuousDeploymentPolicyId>p</ContinuousDeploymentPolicyId>";
    let Facts::Distribution(seen) = read(config("473e64fd-f30b-4765-81a0-62ad96dd167a", more)).await else { panic!() };
    let config = *seen.distribution.known().unwrap();
    assert!(config.staging && config.continuous_deployment);
    assert_eq!(seen.web_acl.known().unwrap().as_deref(), Some("473e64fd-f30b-4765-81a0-62ad96dd167a"));
    assert_eq!(seen.acls, Fact::NotRead);
    let Facts::Distribution(seen) = read(refused_xml(403, "AccessDenied")).await else { panic!() };
    assert!(matches!((seen.distribution, seen.web_acl), (Fact::Unreadable(_), Fact::Unreadable(_))));
    let fake = Fake::default().on(CONFIG, [refused_xml(404, "NoSuchDistribution")]);
    assert_eq!(observe(&fake, &distribution()).await.unwrap(), Observed::Gone);
    let fake = Fake::default().on(CONFIG, [refused_xml(400, "Throttling")]);
    assert_eq!(observe(&fake, &distribution()).await.unwrap_err().kind, FailureKind::Throttled);
}

/// Only the web ACL is written, of the version that was read, and never over another.
#[tokio::test]
async fn a_distribution_gets_a_web_acl_and_loses_it() {
    let arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/rectify-baseline/1";
    let associate = Change::Associate(arn.to_owned());
    let fake = Fake::default()
        .on(CONFIG, [config("", "")])
        .on(ASSOCIATE, [(200, "<AssociateDistributionWebACLResult/>".to_owned())]);
    apply(&fake, &distribution(), &associate).await.unwrap();
    let call = fake.calls().pop().unwrap();
    assert_eq!(
        (call.what.as_str(), call.if_match.as_deref(), call.region.as_str()),
        (ASSOCIATE, Some("E2QW"), "us-east-1")
    );
    assert!(call.body.contains(&format!("<WebACLArn>{arn}</WebACLArn>")), "{}", call.body);

    // A second time, and where somebody else was faster.
    let fake = Fake::default()
        .on(CONFIG, [config(arn, "")])
        .on(DISASSOCIATE, [(200, "<DisassociateDistributionWebACLResult/>".to_owned())]);
    apply(&fake, &distribution(), &associate).await.unwrap();
    assert_eq!(fake.whats(), [CONFIG]);
    apply(&fake, &distribution(), &Change::Disassociate).await.unwrap();
    assert_eq!(fake.calls().pop().unwrap().if_match.as_deref(), Some("E2QW"));
    let fake = Fake::default().on(CONFIG, [config("arn:theirs", "")]);
    assert_eq!(apply(&fake, &distribution(), &associate).await.unwrap_err().kind, FailureKind::Conflict);
    let fake = Fake::default().on(CONFIG, [config("", "")]);
    apply(&fake, &distribution(), &Change::Disassociate).await.unwrap();
    assert_eq!(fake.whats(), [CONFIG], "nothing is there to take away");
}

#[tokio::test]
async fn what_cloudfront_says_about_an_association() {
    let change = Change::Associate("arn:baseline".to_owned());
    for (status, code, kind) in [
        (404, "EntityNotFound", FailureKind::NotYet),
        (412, "PreconditionFailed", FailureKind::Conflict),
        (400, "InvalidIfMatchVersion", FailureKind::Conflict),
        (400, "InvalidArgument", FailureKind::Invalid),
        (403, "AccessDenied", FailureKind::Denied),
    ] {
        let fake = Fake::default().on(CONFIG, [config("", "")]).on(ASSOCIATE, [refused_xml(status, code)]);
        assert_eq!(apply(&fake, &distribution(), &change).await.unwrap_err().kind, kind, "{code}");
    }
    for (answer, kind) in [
        (refused_xml(404, "NoSuchDistribution"), FailureKind::Gone),
        (refused_xml(403, "AccessDenied"), FailureKind::Denied),
        (refused_xml(400, "Throttling"), FailureKind::Throttled),
    ] {
        let fake = Fake::default().on(CONFIG, [answer]);
        let failure = apply(&fake, &distribution(), &change).await.unwrap_err();
        assert_eq!((failure.kind, failure.service), (kind, "cloudfront"), "no look, no change");
    }
}
