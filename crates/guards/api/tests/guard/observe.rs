use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    Fact, Kind, Selection,
    api::{Api, Does, Facts, Part, Scope, Target, Verb},
};
use rectify_guard_api::ApiGuard;
use rectify_runtime::{Guard, Observed};
use serde_json::json;

use crate::fake::{Answer, Fake, ok, refused, xml};

fn part(text: &str) -> Part {
    Part::new(text).unwrap()
}

fn stage() -> Target {
    Target::RestStage(part("a1"), part("prod"))
}

fn all() -> Selection {
    Api::CONTROLS.iter().map(|control| control.id).collect()
}

async fn observe(fake: &Fake, target: &Target) -> Result<Observed<Facts>, AwsFailure> {
    ApiGuard::default().observe(&fake.session(), target, &all()).await
}

async fn facts(fake: &Fake, target: &Target) -> Facts {
    match observe(fake, target).await {
        Ok(Observed::Facts(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

fn acls(names: &[&str], marker: Option<&str>) -> Answer {
    let acls: Vec<_> = names.iter().map(|name| json!({"Name": name, "ARN": format!("arn:{name}")})).collect();
    ok(&json!({"WebACLs": acls, "NextMarker": marker}))
}

/// A stage with nothing on it, in a region with two pages of web ACLs.
fn bare() -> Fake {
    Fake::default()
        .on("GET /restapis/a1", [ok(&json!({"id": "a1", "endpointConfiguration": {"types": ["REGIONAL"]}}))])
        .on("GET /restapis/a1/stages/prod", [ok(&json!({"stageName": "prod"}))])
        .on("GET /account", [ok(&json!({}))])
        .on(
            "wafv2 ListWebACLs",
            [acls(&["one", "two"], Some("two")), acls(&["three"], Some("three")), acls(&[], Some("three"))],
        )
}

#[tokio::test]
async fn a_bare_stage_and_every_page_of_web_acls() {
    let fake = bare();
    let Facts::RestStage(facts) = facts(&fake, &stage()).await else { panic!() };
    assert_eq!(facts.web_acl, Fact::Known(None));
    assert_eq!(facts.access_log, Fact::Known(None));
    assert_eq!(facts.execution_log, Fact::Known(false));
    assert_eq!(facts.log_role, Fact::Known(false));
    let names: Vec<_> = facts.acls.known().unwrap().iter().map(|acl| acl.name.as_str()).collect();
    assert_eq!(names, ["one", "three", "two"], "sorted, so that they do not change from look to look");
    let markers: Vec<String> =
        fake.calls().into_iter().filter(|call| call.what.contains("List")).map(|call| call.body).collect();
    assert_eq!(markers.len(), 3);
    assert!(markers.last().unwrap().contains("\"three\""), "{markers:?}");
}

#[tokio::test]
async fn the_list_is_asked_for_only_where_a_web_acl_may_be_missing() {
    let fake = bare().on("GET /restapis/a1/stages/prod", [ok(&json!({"webAclArn": "arn:team"}))]);
    let Facts::RestStage(seen) = facts(&fake, &stage()).await else { panic!() };
    assert_eq!((seen.web_acl, seen.acls), (Fact::Known(Some("arn:team".to_owned())), Fact::NotRead));
    let fake = bare();
    let only = Selection::from(["api-stage-logging-off"]);
    ApiGuard::default().observe(&fake.session(), &stage(), &only).await.unwrap();
    assert!(fake.whats().iter().all(|what| !what.contains("List")), "{:?}", fake.whats());
}

#[tokio::test]
async fn a_stage_with_everything() {
    let body = json!({
        "stageName": "prod", "webAclArn": "arn:team",
        "accessLogSettings": {"destinationArn": "arn:logs", "format": "$context.requestId"},
        "methodSettings": {"*/*": {"loggingLevel": "INFO"}},
    });
    let fake = bare()
        .on("GET /restapis/a1/stages/prod", [ok(&body)])
        .on("GET /account", [ok(&json!({"cloudwatchRoleArn": "arn:role"}))])
        .on("GET /restapis/a1", [ok(&json!({"endpointConfiguration": {"types": ["PRIVATE"]}, "policy": "{}"}))]);
    let Facts::RestStage(facts) = facts(&fake, &stage()).await else { panic!() };
    assert_eq!(facts.access_log.known().unwrap().as_ref().unwrap().destination, "arn:logs");
    assert_eq!((facts.execution_log, facts.log_role), (Fact::Known(true), Fact::Known(true)));
    assert!(facts.rest.known().unwrap().private && facts.rest.known().unwrap().policy.is_some());
}

#[tokio::test]
async fn what_is_gone_is_gone_and_what_is_refused_is_a_fact() {
    let gone = bare().on("GET /restapis/a1/stages/prod", [refused(404, "NotFoundException")]);
    assert_eq!(observe(&gone, &stage()).await.unwrap(), Observed::Gone);
    let denied = bare()
        .on("GET /restapis/a1/stages/prod", [refused(403, "AccessDeniedException")])
        .on("GET /account", [refused(403, "AccessDeniedException")]);
    let Facts::RestStage(facts) = facts(&denied, &stage()).await else { panic!() };
    for fact in [format!("{:?}", facts.web_acl), format!("{:?}", facts.access_log), format!("{:?}", facts.log_role)] {
        assert!(fact.contains("AccessDeniedException"), "{fact}");
    }
    assert_eq!(facts.acls, Fact::NotRead, "nothing says that a web ACL is missing");
    let throttled = bare().on("GET /account", [refused(429, "TooManyRequestsException")]);
    assert_eq!(observe(&throttled, &stage()).await.unwrap_err().kind, FailureKind::Throttled);
}

#[tokio::test]
async fn methods_and_routes_come_from_every_page() {
    let resource = |path: &str, kind: &str| json!({"id": path, "path": path, "resourceMethods": {"GET": {"authorizationType": kind, "apiKeyRequired": false}}});
    let fake = bare().on(
        "GET /restapis/a1/resources",
        [
            ok(&json!({"item": [resource("/b", "AWS_IAM"), {"id": "r", "path": "/"}], "position": "p2"})),
            ok(&json!({"item": [resource("/a", "NONE")]})),
        ],
    );
    let Facts::RestApi(facts) = facts(&fake, &Target::RestApi(part("a1"))).await else { panic!() };
    let keys: Vec<_> = facts.methods.known().unwrap().iter().map(|route| route.key.clone()).collect();
    assert_eq!(keys, ["GET /a", "GET /b"]);
    let queries: Vec<_> = fake.calls().into_iter().filter(|call| call.what.ends_with("resources")).collect();
    assert!(queries.iter().all(|call| call.query.contains("embed=methods")), "{queries:?}");
    assert!(queries.last().unwrap().query.contains("position=p2"));

    let fake = Fake::default()
        .on(
            "GET /v2/apis/h1",
            [ok(&json!({"apiId": "h1", "protocolType": "WEBSOCKET", "disableExecuteApiEndpoint": true}))],
        )
        .on(
            "GET /v2/apis/h1/routes",
            [
                ok(&json!({"items": [{"routeKey": "send"}], "nextToken": "t2"})),
                ok(&json!({"items": [{"routeKey": "$connect", "authorizationType": "AWS_IAM"}]})),
            ],
        );
    let Facts::HttpApi(facts) = self::facts(&fake, &Target::HttpApi(part("h1"))).await else { panic!() };
    assert!(facts.http.known().unwrap().websocket && facts.http.known().unwrap().endpoint_disabled);
    let routes = facts.routes.known().unwrap();
    assert_eq!(routes.iter().map(|route| route.authorization.as_str()).collect::<Vec<_>>(), ["AWS_IAM", "NONE"]);
}

/// A service that hands out the same token for ever is asked so often and no more.
#[tokio::test]
async fn a_list_without_end_is_no_fact() {
    let fake = Fake::default()
        .on("GET /v2/apis/h1", [ok(&json!({"apiId": "h1", "protocolType": "HTTP"}))])
        .on("GET /v2/apis/h1/routes", [ok(&json!({"items": [{"routeKey": "GET /"}], "nextToken": "t"}))]);
    let Facts::HttpApi(facts) = facts(&fake, &Target::HttpApi(part("h1"))).await else { panic!() };
    assert!(matches!(facts.routes, Fact::Unreadable(_)));
}

#[tokio::test]
async fn a_load_balancer_and_the_firewall_before_it() {
    let target = Target::LoadBalancer(part("web"), part("0123456789abcdef"));
    let balancer = |body: &str| {
        xml(
            "DescribeLoadBalancers",
            &format!("<LoadBalancers><member><Type>application</Type>{body}</member></LoadBalancers>"),
        )
    };
    let fake = || {
        Fake::default()
            .on("elb DescribeLoadBalancers", [balancer("<Scheme>internet-facing</Scheme>")])
            .on("wafv2 GetWebACLForResource", [ok(&json!({}))])
            .on("wafv2 ListWebACLs", [acls(&["rectify-baseline"], None)])
    };
    let Facts::LoadBalancer(seen) = facts(&fake(), &target).await else { panic!() };
    assert!(seen.balancer.known().unwrap().internet_facing);
    assert_eq!((seen.web_acl, seen.acls.known().unwrap().len()), (Fact::Known(None), 1));

    let there =
        fake().on("wafv2 GetWebACLForResource", [ok(&json!({"WebACL": {"Name": "x", "Id": "1", "ARN": "arn:x"}}))]);
    let Facts::LoadBalancer(seen) = facts(&there, &target).await else { panic!() };
    assert_eq!(seen.web_acl, Fact::Known(Some("arn:x".to_owned())));

    // WAF learns of a new one later than its own service.
    let new = fake().on("wafv2 GetWebACLForResource", [refused(400, "WAFNonexistentItemException")]);
    let Facts::LoadBalancer(seen) = facts(&new, &target).await else { panic!() };
    assert_eq!(seen.web_acl, Fact::Known(None));
    let code = "<ErrorResponse><Error><Type>Sender</Type><Code>LoadBalancerNotFound</Code><Message>m</Message></Error></ErrorResponse>";
    let gone = fake().on("elb DescribeLoadBalancers", [(400, code.to_owned())]);
    assert_eq!(observe(&gone, &target).await.unwrap(), Observed::Gone);
}

#[tokio::test]
async fn a_web_acl_with_rules_of_every_kind() {
    let group = |name: &str, arn: &str, priority: i32| {
        json!({"Name": name, "Priority": priority, "OverrideAction": {"None": {}},
            "Statement": {"RuleGroupReferenceStatement": {"ARN": arn, "ExcludedRules": [{"Name": "b"}],
                "RuleActionOverrides": [{"Name": "c", "ActionToUse": {"Block": {}}}]}}})
    };
    let managed = json!({"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "Common"}});
    let rules = json!([
        {"Name": "counted", "Priority": 3, "OverrideAction": {"Count": {}}, "Statement": managed},
        {"Name": "managed", "Priority": 2, "OverrideAction": {"None": {}}, "Statement": managed},
        {"Name": "count", "Priority": 1, "Action": {"Count": {}}, "Statement": {}},
        {"Name": "captcha", "Priority": 0, "Action": {"Captcha": {}}, "Statement": {}},
        group("own", "arn:own", 4), group("lost", "arn:lost", 5),
    ]);
    let acl = json!({"WebACL": {"Name": "team", "Id": "1-2", "ARN": "arn:team", "DefaultAction": {"Allow": {}}, "Rules": rules,
        "ManagedByFirewallManager": false}, "LockToken": "t"});
    let own = json!({"RuleGroup": {"Name": "own", "Id": "1", "Rules": [
        {"Name": "a", "Priority": 0, "Action": {"Block": {}}}, {"Name": "b", "Priority": 1, "Action": {"Allow": {}}}]}});
    let fake = Fake::default()
        .on("wafv2 GetWebACL", [ok(&acl)])
        .on("wafv2 GetLoggingConfiguration", [refused(400, "WAFNonexistentItemException")])
        .on("wafv2 GetRuleGroup", [ok(&own), refused(400, "WAFNonexistentItemException")]);
    let target = Target::WebAcl(Scope::Regional, part("team"), part("1-2"));
    let Facts::WebAcl(facts) = facts(&fake, &target).await else { panic!() };
    assert_eq!(facts.logging, Fact::Known(None));
    let acl = facts.acl.known().unwrap();
    assert!(acl.default_allows && !acl.firewall_manager);
    let names: Vec<_> = acl.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["captcha", "count", "managed", "counted", "own", "lost"], "by priority");
    let does: Vec<_> = acl.rules.iter().map(|rule| &rule.does).collect();
    assert_eq!(does.first(), Some(&&Does::Action(Verb::Stop)));
    assert_eq!(does.get(2), Some(&&Does::ManagedGroup));
    assert_eq!(does.get(3), Some(&&Does::CountGroup));
    let Some(Does::OwnGroup { overrides, rules: Fact::Known(rules) }) = does.get(4) else { panic!("{does:?}") };
    assert_eq!(overrides.get("b"), Some(&Verb::Count));
    assert_eq!(overrides.get("c"), Some(&Verb::Stop));
    assert_eq!(rules.get("a"), Some(&Verb::Stop));
    // A group that is gone is not the web ACL's end.
    assert!(matches!(does.get(5), Some(Does::OwnGroup { rules: Fact::Unreadable(_), .. })));

    let gone = Fake::default()
        .on("wafv2 GetWebACL", [refused(400, "WAFNonexistentItemException")])
        .on("wafv2 GetLoggingConfiguration", [refused(400, "WAFNonexistentItemException")]);
    assert_eq!(observe(&gone, &target).await.unwrap(), Observed::Gone);
}

#[tokio::test]
async fn a_graphql_api_and_its_logs() {
    let body = json!({"graphqlApi": {"apiId": "g1", "authenticationType": "AWS_IAM", "visibility": "GLOBAL", "wafWebAclArn": "arn:x",
        "additionalAuthenticationProviders": [{"authenticationType": "OPENID_CONNECT"}, {"authenticationType": "API_KEY"}]}});
    let fake = Fake::default().on("GET /v1/apis/g1", [ok(&body)]);
    let Facts::GraphqlApi(facts) = facts(&fake, &Target::GraphqlApi(part("g1"))).await else { panic!() };
    assert_eq!(facts.web_acl, Fact::Known(Some("arn:x".to_owned())));
    assert_eq!(facts.graphql.known().unwrap().additional, ["API_KEY", "OPENID_CONNECT"]);
}

#[tokio::test]
async fn tags_of_every_kind_of_resource() {
    let tags = json!({"team": "web"});
    let fake = Fake::default()
        .on("GET /restapis/a1", [ok(&json!({"tags": tags}))])
        .on("GET /restapis/a1/stages/prod", [ok(&json!({"tags": tags}))])
        .on("GET /v2/apis/h1", [ok(&json!({"tags": tags}))])
        .on("GET /v2/apis/h1/stages/$default", [ok(&json!({"tags": tags}))])
        .on("GET /v2/apis/h1/stages/%24default", [ok(&json!({"tags": tags}))])
        .on("GET /v1/apis/g1", [ok(&json!({"graphqlApi": {"tags": tags}}))])
        .on("elb DescribeTags", [xml("DescribeTags", "<TagDescriptions><member><Tags><member><Key>team</Key><Value>web</Value></member></Tags></member></TagDescriptions>")])
        .on("wafv2 ListTagsForResource", [ok(&json!({"TagInfoForResource": {"TagList": [{"Key": "team", "Value": "web"}]}}))]);
    for target in [
        Target::RestApi(part("a1")),
        stage(),
        Target::HttpApi(part("h1")),
        Target::HttpStage(part("h1"), part("$default")),
        Target::LoadBalancer(part("web"), part("01")),
        Target::GraphqlApi(part("g1")),
        Target::WebAcl(Scope::Regional, part("team"), part("1")),
    ] {
        let read = ApiGuard::default().tags(&fake.session(), &target).await;
        assert_eq!(read.known().and_then(|tags| tags.get("team")).map(String::as_str), Some("web"), "{target}");
    }
}
