//! The guard of APIs in the sandbox: breaches through the gateway, what becomes of them, and what is left alone.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use rectify_e2e::{
    ACCOUNT, ALL_CORRECTIVE, About, Stage,
    api::{BY_NAME, core_rules, last, managed_rules},
    doors::Config,
    granted, undo,
};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

const GUARD: &str = "ApiGuard";

async fn corrective() -> Stage {
    Stage::guarded_by("ApiGuard", &format!("{ALL_CORRECTIVE}{BY_NAME}")).await
}

/// The ends, messages and writes of one control on one resource.
#[track_caller]
fn assert_corrected(about: &About, control: &str, severity: &str, writes: &[&str]) {
    let expected = [(control.to_owned(), "corrected".to_owned())];
    assert_eq!(about.found, expected, "{control}: {:#?}", about.ends);
    assert_eq!(about.told, [(control.to_owned(), "corrected".to_owned(), severity.to_owned())], "{control}: told once");
    assert_eq!(about.writes, writes, "{control}: what was written");
    assert_eq!(about.corrections.len(), 1, "{control}");
    assert_eq!(about.corrections[0]["status"], "corrected", "{control}");
    assert_eq!(about.findings[0]["status"], "resolved", "{control}");
}

#[track_caller]
fn assert_told(about: &About, control: &str, severity: &str) {
    assert!(about.found.iter().all(|(id, outcome)| id == control && outcome == "notified"), "{:#?}", about.ends);
    assert_eq!(about.told, [(control.to_owned(), "notified".to_owned(), severity.to_owned())], "{control}: told once");
    assert_eq!(about.writes, [""; 0], "{control}: nothing is written");
}

/// Undoes the one correction of a resource.
async fn undone(stage: &Stage, arn: &str) -> Value {
    let about = stage.about(last(arn)).await;
    let id = about.corrections.last().unwrap()["correction"].as_str().unwrap().to_owned();
    let region = if arn.contains(":cloudfront:") { "us-east-1" } else { "eu-central-1" };
    let resource = json!({"account": ACCOUNT, "region": region, "arn": arn});
    let answer = stage.order_to(GUARD, &undo(&resource, &id)).await;
    stage.settle().await;
    answer
}

/// Controls `api-rest-stage-without-waf`, `alb-without-waf` and `appsync-without-waf`.
#[tokio::test(flavor = "multi_thread")]
async fn a_front_door_without_a_firewall_gets_the_baseline_and_loses_it_by_an_undo() {
    let stage = corrective().await;
    let aws = &stage.aws;
    let baseline = aws.create_web_acl("rectify-baseline", &core_rules()).await;
    aws.put_waf_log(&baseline, "arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-team").await;
    aws.set_log_role().await;
    stage.settle().await;
    stage.world.clear_records();

    let api = aws.create_rest_api("shop", "REGIONAL", "AWS_IAM").await;
    let doors = [
        ("api-rest-stage-without-waf", aws.deploy(&api, "shop-prod").await),
        ("alb-without-waf", aws.create_load_balancer("shop", "application", "internet-facing").await),
        ("appsync-without-waf", aws.create_graphql_api("shop", "AWS_IAM", "GLOBAL").await),
    ];
    stage.settle().await;
    for (control, arn) in &doors {
        assert_eq!(aws.web_acl_of(arn).await.as_deref(), Some("rectify-baseline"), "{control}: {}", stage.story());
        let mut about = stage.about(last(arn)).await;
        // The new stage has no log either.
        about.found.retain(|(id, _)| id == control);
        about.told.retain(|(id, ..)| id == control);
        about.findings.retain(|row| row["sk"].as_str().is_some_and(|key| key.contains(control)));
        if *control == "api-rest-stage-without-waf" {
            assert_eq!(about.writes, ["AssociateWebACL", "UpdateStage"]);
            about.writes.truncate(1);
        }
        assert_corrected(&about, control, "medium", &["AssociateWebACL"]);
    }
    // The association may be taken away by hand: then it comes back.
    let (_, balancer) = &doors[1];
    aws.disassociate(balancer).await;
    stage.settle().await;
    assert_eq!(aws.web_acl_of(balancer).await.as_deref(), Some("rectify-baseline"));
    for (control, arn) in &doors {
        assert_eq!(undone(&stage, arn).await["outcome"], "restored", "{control}");
        assert_eq!(aws.web_acl_of(arn).await, None, "{control}: exactly as before");
    }
    assert_eq!(aws.rest_stage(&api, "shop-prod").await.get("accessLogSettings"), Some(&Value::Null));
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// Controls `cognito-pool-without-waf` and `apprunner-without-waf`.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_pool_and_a_service_get_the_baseline_and_lose_it_by_an_undo() {
    let stage = corrective().await;
    let aws = &stage.aws;
    aws.create_web_acl("rectify-baseline", &core_rules()).await;
    // A user pool takes none like it, and it is nobody's baseline.
    aws.create_web_acl("checkout", &managed_rules("AWSManagedRulesATPRuleSet")).await;
    let quiet = aws.create_service("quiet", false).await;
    stage.settle().await;
    assert!(stage.about(last(&quiet)).await.is_untouched(), "a private service: {}", stage.story());
    stage.world.clear_records();

    let doors = [
        ("cognito-pool-without-waf", aws.create_user_pool("customers").await),
        ("apprunner-without-waf", aws.create_service("shop", true).await),
    ];
    stage.settle().await;
    for (control, arn) in &doors {
        assert_eq!(aws.web_acl_of(arn).await.as_deref(), Some("rectify-baseline"), "{control}: {}", stage.story());
        assert_corrected(&stage.about(last(arn)).await, control, "low", &["AssociateWebACL"]);
    }
    // Taken away by hand it comes back, and what was private may become public.
    for (_, arn) in &doors {
        aws.disassociate(arn).await;
    }
    aws.open_service(&quiet, true).await;
    stage.settle().await;
    assert_eq!(aws.web_acl_of(&quiet).await.as_deref(), Some("rectify-baseline"));
    for (control, arn) in &doors {
        assert_eq!(aws.web_acl_of(arn).await.as_deref(), Some("rectify-baseline"), "{control}");
        assert_eq!(undone(&stage, arn).await["outcome"], "restored", "{control}");
        assert_eq!(aws.web_acl_of(arn).await, None, "{control}: exactly as before");
    }
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// Control `cloudfront-without-waf`: in us-east-1, whatever the hub's region is.
#[tokio::test(flavor = "multi_thread")]
async fn a_distribution_gets_the_global_baseline_and_loses_it_by_an_undo() {
    let stage = corrective().await;
    let aws = stage.aws.acting("test", "us-east-1");
    let team = aws.create_scoped_web_acl("CLOUDFRONT", "team", &core_rules()).await;
    // Of that name in the region, and not for CloudFront.
    aws.create_web_acl("rectify-baseline", &core_rules()).await;
    let lonely = aws.create_distribution("lonely", Config::BARE).await;
    stage.settle().await;
    let about = stage.about(&lonely).await;
    assert_told(&about, "cloudfront-without-waf", "medium");
    let told = about.messages[0].to_string();
    assert!(told.contains("there is no web ACL `rectify-baseline` for CloudFront"), "{told}");
    stage.world.clear_records();

    let baseline = aws.create_scoped_web_acl("CLOUDFRONT", "rectify-baseline", &core_rules()).await;
    let shop = aws.create_distribution("shop", Config::BARE).await;
    let near = [
        aws.create_distribution("off", Config { enabled: false, ..Config::BARE }).await,
        aws.create_distribution("staging", Config { staging: true, ..Config::BARE }).await,
        aws.create_distribution("team", Config { web_acl: &team, ..Config::BARE }).await,
        aws.create_distribution("old", Config { web_acl: "473e64fd-f30b-4765-81a0-62ad96dd167a", ..Config::BARE })
            .await,
    ];
    stage.settle().await;
    assert_eq!(aws.web_acl_of_distribution(&shop).await.as_ref(), Some(&baseline), "{}", stage.story());
    assert_corrected(&stage.about(&shop).await, "cloudfront-without-waf", "medium", &["AssociateDistributionWebACL"]);
    for id in &near {
        assert!(stage.about(id).await.is_untouched(), "{id}: {}", stage.story());
    }
    aws.disassociate_distribution(&shop).await;
    stage.settle().await;
    assert_eq!(aws.web_acl_of_distribution(&shop).await.as_ref(), Some(&baseline), "it comes back");
    let arn = format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{shop}");
    assert_eq!(undone(&stage, &arn).await["outcome"], "restored");
    assert_eq!(aws.web_acl_of_distribution(&shop).await, None, "exactly as before");

    // Somebody's own web ACL stays, also against an undo.
    let other = aws.create_distribution("other", Config::BARE).await;
    stage.settle().await;
    aws.associate_distribution(&other, &team).await;
    stage.settle().await;
    let answer = undone(&stage, &format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{other}")).await;
    assert_ne!(answer["outcome"], "restored", "{answer}");
    assert_eq!(aws.web_acl_of_distribution(&other).await.as_ref(), Some(&team));
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// A user pool takes no web ACL with a rule group of WAF Fraud Control: it is told why, and a paused service is nobody's door.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_no_such_web_acl_is_told_why() {
    let stage = corrective().await;
    let aws = &stage.aws;
    aws.create_web_acl("rectify-baseline", &managed_rules("AWSManagedRulesACFPRuleSet")).await;
    stage.settle().await;
    stage.world.clear_records();
    let pool = aws.create_user_pool("customers").await;
    stage.settle().await;
    let about = stage.about(last(&pool)).await;
    assert_told(&about, "cognito-pool-without-waf", "low");
    let told = about.messages[0].to_string();
    assert!(told.contains("has a rule group of WAF Fraud Control"), "{told}");

    let service = aws.create_service("shop", true).await;
    stage.settle().await;
    assert_eq!(aws.web_acl_of(&service).await.as_deref(), Some("rectify-baseline"), "a service takes any");
    aws.app_runner("PauseService", &json!({"ServiceArn": service})).await;
    aws.disassociate(&service).await;
    stage.settle().await;
    assert_eq!(aws.web_acl_of(&service).await, None, "paused: {}", stage.story());
    aws.app_runner("ResumeService", &json!({"ServiceArn": service})).await;
    stage.settle().await;
    assert_eq!(aws.web_acl_of(&service).await.as_deref(), Some("rectify-baseline"), "{}", stage.story());
    stage.close().await;
}

/// Without a web ACL of that name in the region the control is told, with that reason, and nothing is tried.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_baseline_it_is_told() {
    let stage = corrective().await;
    let arn = stage.aws.create_load_balancer("lonely", "application", "internet-facing").await;
    stage.settle().await;
    let about = stage.about(last(&arn)).await;
    assert_told(&about, "alb-without-waf", "medium");
    let told = about.messages[0].to_string();
    assert!(told.contains("there is no web ACL `rectify-baseline` in eu-central-1"), "{told}");
    stage.close().await;
}

/// AWS takes minutes to make a load balancer: the correction comes back by a schedule, and nobody is told of the wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ready_is_corrected_when_it_is() {
    let stage = corrective().await;
    stage.aws.create_web_acl("rectify-baseline", &core_rules()).await;
    stage.settle().await;
    stage.world.clear_records();
    stage.faults(vec![Fault {
        operation: Some("AssociateWebACL".to_owned()),
        effect: Effect::Error { status: 400, code: "WAFUnavailableEntityException".to_owned() },
        ..Fault::default()
    }]);
    let arn = stage.aws.create_load_balancer("slow", "application", "internet-facing").await;
    stage.settle().await;
    assert_eq!(stage.aws.web_acl_of(&arn).await, None);
    assert!(stage.told("alb-without-waf").is_empty(), "{:#?}", stage.told(""));
    assert_eq!(stage.about(last(&arn)).await.ends.last().unwrap().outcome, "deferred", "{}", stage.story());

    stage.faults(Vec::new());
    assert_eq!(stage.world.schedules().len(), 1, "a schedule, not a sleeping function");
    // The row says when; the time passes.
    let pk = format!("resource#{ACCOUNT}#eu-central-1#{arn}");
    let past = jiff::Timestamp::now().as_millisecond() - 1_000;
    stage
        .put_row(json!({"pk": {"S": pk}, "sk": {"S": "state#deferral#alb-without-waf"},
            "since": {"N": (past - 60_000).to_string()}, "due": {"N": past.to_string()}}))
        .await;
    stage.world.fire_schedules();
    stage.settle().await;
    assert_eq!(stage.aws.web_acl_of(&arn).await.as_deref(), Some("rectify-baseline"), "{}", stage.story());
    assert_eq!(stage.told("alb-without-waf").len(), 1);
    assert_eq!(stage.told("alb-without-waf")[0]["outcome"], "corrected");
    stage.close().await;
}

/// Near misses of the controls about a missing web ACL, and a web ACL that is there.
#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_firewall_or_has_one_is_left_alone() {
    // Told only, so that somebody has the time to put it right.
    let stage = Stage::guarded_by("ApiGuard", ALL_CORRECTIVE).await;
    let aws = &stage.aws;
    aws.create_web_acl("rectify-baseline", &core_rules()).await;
    let team = aws.create_web_acl("FMManagedWebACLV2-team-1634567890123", &core_rules()).await;
    let api = aws.create_rest_api("team", "REGIONAL", "AWS_IAM").await;
    let stage_arn = aws.deploy(&api, "team-prod").await;
    stage.settle().await;
    assert_eq!(stage.about("team-prod").await.found.len(), 2, "{}", stage.story());
    aws.associate(&team, &stage_arn).await;
    stage.settle().await;
    stage.world.clear_records();

    // The stage again, with somebody's web ACL.
    aws.patch_stage(&api, "team-prod", &json!([{"op": "replace", "path": "/tracingEnabled", "value": "true"}])).await;
    let private = aws.create_rest_api("private", "PRIVATE", "NONE").await;
    aws.deploy(&private, "private-prod").await;
    let internal = aws.create_load_balancer("internal", "application", "internal").await;
    let network = aws.create_load_balancer("network", "network", "internet-facing").await;
    let graphql = aws.create_graphql_api("private", "API_KEY", "PRIVATE").await;
    stage.settle().await;
    for name in [private.as_str(), last(&internal), last(&network), last(&graphql)] {
        assert!(stage.about(name).await.is_untouched(), "{name}: {}", stage.story());
    }
    for name in ["team-prod", "private-prod"] {
        let found = stage.about(name).await.found;
        let over = |control: &str, outcome: &str| control == "api-rest-stage-without-waf" && outcome == "resolved";
        let about_logs = |control: &str| control == "api-stage-logging-off";
        assert!(
            found.iter().all(|(control, outcome)| about_logs(control) || over(control, outcome)),
            "{name}: {found:?}"
        );
    }
    assert_eq!(aws.web_acl_of(&stage_arn).await.as_deref(), Some("FMManagedWebACLV2-team-1634567890123"));
    assert_eq!(stage.writes(), [""; 0]);
    stage.close().await;
}

/// Controls `api-stage-logging-off` and `waf-logging-off`.
#[tokio::test(flavor = "multi_thread")]
async fn logs_are_switched_on_and_off_again_by_an_undo() {
    let stage = corrective().await;
    let aws = &stage.aws;
    let rest = aws.create_rest_api("logs", "PRIVATE", "AWS_IAM").await;
    let http = aws.create_http_api("logs", "HTTP", true).await;
    // Without a role for logs a REST API's stage is told.
    let told = aws.deploy(&rest, "no-role").await;
    stage.settle().await;
    assert_told(&stage.about(last(&told)).await, "api-stage-logging-off", "low");
    aws.set_log_role().await;
    stage.settle().await;
    stage.world.clear_records();

    let stage_arn = aws.deploy(&rest, "logs-rest").await;
    aws.create_http_stage(&http, "logs-http").await;
    let acl = aws.create_web_acl("logs", &core_rules()).await;
    stage.settle().await;
    let destination = "arn:aws:logs:eu-central-1:123456789012:log-group:apis";
    assert_eq!(aws.rest_stage(&rest, "logs-rest").await["accessLogSettings"]["destinationArn"], destination);
    assert_eq!(aws.http_stage(&http, "logs-http").await["accessLogSettings"]["destinationArn"], destination);
    let waf_logs = "arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-eu-central-1";
    assert_eq!(aws.waf_log(&acl).await.as_deref(), Some(waf_logs));
    let http_arn = format!("arn:aws:apigateway:eu-central-1::/apis/{http}/stages/logs-http");
    let changed = [
        (&stage_arn, "api-stage-logging-off", "UpdateStage"),
        (&http_arn, "api-stage-logging-off", "UpdateStage"),
        (&acl, "waf-logging-off", "PutLoggingConfiguration"),
    ];
    for (arn, control, write) in changed {
        assert_corrected(&stage.about(last(arn)).await, control, "low", &[write]);
    }
    for (arn, control, _) in changed {
        assert_eq!(undone(&stage, arn).await["outcome"], "restored", "{control}");
    }
    assert_eq!(aws.rest_stage(&rest, "logs-rest").await["accessLogSettings"], Value::Null);
    assert_eq!(aws.http_stage(&http, "logs-http").await.get("accessLogSettings"), None);
    assert_eq!(aws.waf_log(&acl).await, None);
    stage.close().await;
}

/// Controls `api-http-api-direct-endpoint`, `api-route-without-authorizer`, `appsync-api-key-auth` and
/// `waf-acl-empty-or-allow-all`.
#[tokio::test(flavor = "multi_thread")]
async fn what_would_shut_out_callers_is_told() {
    let stage = corrective().await;
    let aws = &stage.aws;
    let logs = "arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-team";
    let baseline = aws.create_web_acl("rectify-baseline", &core_rules()).await;
    let emptied = aws.create_web_acl("emptied", &core_rules()).await;
    for acl in [&baseline, &emptied] {
        aws.put_waf_log(acl, logs).await;
    }
    let quiet = aws.create_http_api("quiet", "HTTP", true).await;
    aws.create_route(&quiet, "GET /pets", "AWS_IAM").await;
    aws.create_route(&quiet, "OPTIONS /pets", "NONE").await;
    let socket = aws.create_http_api("socket", "WEBSOCKET", true).await;
    aws.create_route(&socket, "$connect", "AWS_IAM").await;
    aws.create_route(&socket, "send", "NONE").await;
    stage.settle().await;
    stage.world.clear_records();

    let direct = aws.create_http_api("direct", "HTTP", false).await;
    let open = aws.create_http_api("open", "HTTP", true).await;
    aws.create_route(&open, "GET /pets", "NONE").await;
    let rest = aws.create_rest_api("open", "REGIONAL", "NONE").await;
    let graphql = aws.create_graphql_api("keyed", "API_KEY", "GLOBAL").await;
    let mut counted = core_rules();
    counted[0]["OverrideAction"] = json!({"Count": {}});
    aws.update_web_acl("emptied", &emptied, &counted).await;
    stage.settle().await;
    assert_told(&stage.about(&direct).await, "api-http-api-direct-endpoint", "medium");
    assert_told(&stage.about(&open).await, "api-route-without-authorizer", "medium");
    assert_told(&stage.about(&rest).await, "api-route-without-authorizer", "medium");
    assert_told(&stage.about(last(&emptied)).await, "waf-acl-empty-or-allow-all", "medium");
    let told = stage.told("appsync-api-key-auth");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["resource"]["arn"], graphql.as_str());
    for name in [&quiet, &socket] {
        assert!(stage.about(name).await.is_untouched(), "{}", stage.story());
    }
    stage.close().await;
}

/// Actions of the role that no test of this page uses, and why it has them.
const UNUSED: [(&str, &str); 26] = [
    ("apigateway:SetWebACL", "asked by WAF for a stage, beside wafv2:AssociateWebACL"),
    ("apprunner:AssociateWebAcl", "asked by WAF for a service"),
    ("apprunner:DescribeWebAclForService", "asked by WAF for a service"),
    ("apprunner:DisassociateWebAcl", "asked by WAF for a service"),
    ("apprunner:ListTagsForResource", "an exemption by tags"),
    ("appsync:SetWebACL", "asked by WAF for a GraphQL API"),
    ("cloudfront:GetVpcOrigin", "asked by CloudFront for a distribution with such an origin"),
    ("cloudfront:ListTagsForResource", "an exemption by tags"),
    ("cognito-idp:AssociateWebACL", "asked by WAF for a user pool"),
    ("cognito-idp:DisassociateWebACL", "asked by WAF for a user pool"),
    ("cognito-idp:GetWebACLForResource", "asked by WAF for a user pool"),
    ("elasticloadbalancing:DescribeTags", "an exemption by tags"),
    ("elasticloadbalancing:GetLoadBalancerWebACL", "asked by WAF for a load balancer"),
    ("elasticloadbalancing:SetWebAcl", "asked by WAF for a load balancer"),
    ("events:DescribeRule", "the account's own forwarding rules, for the doctor, in an organisation"),
    ("events:PutEvents", "a sweep that goes on"),
    ("iam:PassRole", "checked by EventBridge Scheduler when a schedule is made, not a call"),
    ("logs:CreateLogDelivery", "asked by WAF for logs"),
    ("logs:DeleteLogDelivery", "asked by WAF for logs"),
    ("logs:DescribeLogGroups", "asked by WAF for logs"),
    ("logs:DescribeResourcePolicies", "asked by WAF for logs"),
    ("logs:PutResourcePolicy", "asked by WAF for logs"),
    ("scheduler:CreateSchedule", "a look that comes later: what is not ready yet has a test of its own"),
    ("sts:AssumeRole", "the way into members, in an organisation"),
    ("sts:TagSession", "the way into members, in an organisation"),
    ("wafv2:ListTagsForResource", "an exemption by tags"),
];

/// The role in the template against the calls that are made, in a world with everything in it, swept page by page.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_is_enough_and_not_much_more() {
    let granted = granted(GUARD);
    assert!(granted.contains("wafv2:AssociateWebACL") && granted.contains("dynamodb:PutItem"), "{granted:?}");

    let stage = corrective().await;
    let aws = &stage.aws;
    aws.create_web_acl("rectify-baseline", &core_rules()).await;
    let group = json!({"Name": "own", "Scope": "REGIONAL", "Capacity": 10, "Rules": [],
        "VisibilityConfig": {"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "own"}});
    let group = aws.waf("CreateRuleGroup", &group).await["Summary"]["ARN"].clone();
    let rules = json!([{"Name": "own", "Priority": 0, "OverrideAction": {"None": {}},
        "Statement": {"RuleGroupReferenceStatement": {"ARN": group}},
        "VisibilityConfig": {"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "own"}}]);
    let acl = aws.create_web_acl("own", &rules).await;
    aws.set_log_role().await;
    let rest = aws.create_rest_api("all", "REGIONAL", "NONE").await;
    let rest = aws.deploy(&rest, "all-rest").await;
    let http = aws.create_http_api("all", "HTTP", false).await;
    aws.create_route(&http, "GET /pets", "NONE").await;
    aws.create_http_stage(&http, "all-http").await;
    aws.create_load_balancer("all", "application", "internet-facing").await;
    aws.create_graphql_api("all", "API_KEY", "GLOBAL").await;
    let pool = aws.create_user_pool("all").await;
    let service = aws.create_service("all", true).await;
    aws.acting("test", "us-east-1").create_scoped_web_acl("CLOUDFRONT", "rectify-baseline", &core_rules()).await;
    let distribution = aws.create_distribution("all", Config::BARE).await;
    let distribution = format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{distribution}");
    stage.settle().await;
    let http = format!("arn:aws:apigateway:eu-central-1::/apis/{http}/stages/all-http");
    for arn in [&rest, &http, &acl, &pool, &service, &distribution] {
        assert_eq!(undone(&stage, arn).await["outcome"], "restored", "{arn}");
    }
    let mut after = json!(null);
    let mut looked = 0;
    loop {
        let sweep =
            json!({"rectify": "sweep", "account": ACCOUNT, "region": "eu-central-1", "dry_run": true, "after": after});
        let answer = stage.order_to(GUARD, &sweep).await;
        looked += answer["looked"].as_u64().unwrap_or_else(|| panic!("{answer}"));
        match answer.get("next") {
            Some(next) if !next.is_null() => after = next.clone(),
            _ => break,
        }
    }
    assert_eq!(
        looked, 11,
        "a REST API and its stage, an HTTP API and its stage, a balancer, a GraphQL API, a pool, a service, a distribution, \
         two web ACLs"
    );

    let mut used = BTreeSet::new();
    let mut refused = BTreeSet::new();
    for call in stage.world.calls().into_iter().filter(|call| call.function.as_deref() == Some(GUARD)) {
        if call.status == 403 || call.error.as_deref().is_some_and(|code| code.starts_with("AccessDenied")) {
            refused.insert((call.action.clone(), call.resource.clone()));
        }
        used.extend(call.action.split(',').map(str::to_owned));
    }
    assert!(refused.is_empty(), "the role refuses what the guard does: {refused:?}");
    let unused: Vec<&str> = granted.iter().map(String::as_str).filter(|action| !used.contains(*action)).collect();
    let plumbing = ["logs:CreateLogStream", "logs:PutLogEvents"];
    let unused: Vec<&str> = unused.into_iter().filter(|action| !plumbing.contains(action)).collect();
    assert_eq!(unused, UNUSED.map(|(action, _)| action), "granted and not used: explain it in UNUSED or take it away");
    stage.close().await;
}
