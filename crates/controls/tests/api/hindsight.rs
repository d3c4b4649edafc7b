//! What logs tell of APIs, load balancers and web ACLs.

use rectify_controls::api::*;
use serde_json::{Value, json};

use crate::past::Past;

const REST: &str = "api-rest-stage-without-waf";
const ALB: &str = "alb-without-waf";
const APPSYNC: &str = "appsync-without-waf";
const KEY: &str = "appsync-api-key-auth";
const ROUTE: &str = "api-route-without-authorizer";
const DIRECT: &str = "api-http-api-direct-endpoint";
const LOG: &str = "api-stage-logging-off";
const EMPTY: &str = "waf-acl-empty-or-allow-all";
const WAF_LOG: &str = "waf-logging-off";

const POOLS: &str = "cognito-pool-without-waf";
const SERVICES: &str = "apprunner-without-waf";
const DISTRIBUTIONS: &str = "cloudfront-without-waf";

const GATEWAY: &str = "apigateway.amazonaws.com";
const WAF: &str = "wafv2.amazonaws.com";
const ALB_ARN: &str = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/0123";
const ACL_ARN: &str = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/example/1a2b";

fn part(text: &str) -> Part {
    Part::new(text).unwrap()
}

fn past(source: &'static str, id: &Target) -> Past<Api> {
    Past::of(source, "eu-central-1", id)
}

/// The calls that follow are of another service.
fn of(source: &'static str, past: Past<Api>) -> Past<Api> {
    Past { source, ..past }
}

#[test]
fn a_load_balancer_and_the_firewall_before_it() {
    let balancer = || past("elasticloadbalancing.amazonaws.com", &Target::LoadBalancer(part("web"), part("0123")));
    let made = |scheme: &str, zone: Value| {
        let mut past = balancer();
        let answer =
            json!({"loadBalancers": [{"loadBalancerArn": ALB_ARN, "scheme": scheme, "availabilityZones": [zone]}]});
        past.answered("CreateLoadBalancer", json!({"name": "web", "type": "application"}), answer);
        past
    };
    made("internal", json!({})).is(ALB, "nothing");
    made("internet-facing", json!({"outpostId": "op-1"})).is(ALB, "nothing");
    let associated = json!({"webACLArn": ACL_ARN, "resourceArn": ALB_ARN});
    let past = of(WAF, made("internet-facing", json!({})).is(ALB, "live"));
    let past = past.call("AssociateWebACL", associated.clone()).is(ALB, "nothing");
    let other = json!({"resourceArn": ALB_ARN.replace("0123", "4567")});
    let past = past.call("DisassociateWebACL", other).is(ALB, "nothing");
    let past = past.call("DisassociateWebACL", json!({"resourceArn": ALB_ARN})).is(ALB, "live");
    let past = of("elasticloadbalancing.amazonaws.com", past);
    past.call("DeleteLoadBalancer", json!({"loadBalancerArn": ALB_ARN})).is(ALB, "unknown");
    // Whether anybody outside reaches it is not said.
    let unseen = of(WAF, balancer()).call("DisassociateWebACL", json!({"resourceArn": ALB_ARN})).is(ALB, "unknown");
    unseen.call("AssociateWebACL", associated).is(ALB, "nothing");
}

#[test]
fn stages_of_rest_apis() {
    let stage = || past(GATEWAY, &Target::RestStage(part("a1b2"), part("prod")));
    let created = json!({"restApiId": "a1b2", "createStageInput": {"stageName": "prod"}});
    let made = stage().call("CreateStage", created).is(LOG, "live").is(REST, "unknown");
    let mut past = made;
    let named = json!({"restApiId": "a1b2", "stageName": "prod"});
    let log =
        json!({"destinationArn": "arn:aws:logs:eu-central-1:123456789012:log-group:x", "format": "$context.requestId"});
    past.answered("UpdateStage", named.clone(), json!({"stageName": "prod", "accessLogSettings": log}));
    let mut past = past.is(LOG, "nothing");
    past.answered(
        "UpdateStage",
        named.clone(),
        json!({"stageName": "prod", "methodSettings": {"*/*": {"loggingLevel": "INFO"}}}),
    );
    let mut past = past.is(LOG, "nothing");
    past.answered(
        "UpdateStage",
        named.clone(),
        json!({"stageName": "prod", "methodSettings": {"*/*": {"loggingLevel": "OFF"}}}),
    );
    let past = past.is(LOG, "live").call("UpdateStage", named.clone()).is(LOG, "unknown");
    let arn = "arn:aws:apigateway:eu-central-1::/restapis/a1b2/stages/prod";
    let past =
        of(WAF, past).call("AssociateWebACL", json!({"webACLArn": ACL_ARN, "resourceArn": arn})).is(REST, "nothing");
    let past = of("waf-regional.amazonaws.com", past);
    // Of the other generation.
    let past = past.call("DisassociateWebACL", json!({"resourceArn": arn})).is(REST, "unknown");
    let past = past.call("AssociateWebACL", json!({"webACLId": "abc", "resourceArn": arn}));
    of(GATEWAY, past).call("DeleteStage", named).is(LOG, "unknown");
}

#[test]
fn methods_of_rest_apis() {
    let api = || past(GATEWAY, &Target::RestApi(part("a1b2")));
    let made = |kind: &str| {
        let mut past = api();
        let answer = json!({"id": "a1b2", "endpointConfiguration": {"types": [kind]}});
        past.answered("CreateRestApi", json!({"createRestApiInput": {"name": "example"}}), answer);
        past.is(ROUTE, "nothing")
    };
    let method = |kind: &str| json!({"restApiId": "a1b2", "resourceId": "abc", "httpMethod": "GET", "putMethodInput": {"authorizationType": kind}});
    made("PRIVATE").call("PutMethod", method("NONE")).is(ROUTE, "nothing");
    let open = made("REGIONAL").call("PutMethod", method("NONE")).is(ROUTE, "live");
    let mut other = method("AWS_IAM");
    other["resourceId"] = "def".into();
    let open = open.call("PutMethod", other).is(ROUTE, "live");
    open.call("PutMethod", method("AWS_IAM")).is(ROUTE, "nothing");
    let open = made("EDGE").call("PutMethod", method("NONE")).is(ROUTE, "live");
    open.call("DeleteMethod", method("")).is(ROUTE, "nothing");
    made("REGIONAL").call("PutRestApi", json!({"restApiId": "a1b2"})).is(ROUTE, "unknown");
    // Of an API that was there before, neither the endpoint nor the policy is known.
    api().call("PutMethod", method("NONE")).is(ROUTE, "unknown");
}

#[test]
fn http_apis() {
    let api = || past(GATEWAY, &Target::HttpApi(part("f6g7")));
    let made = |protocol: &str, target: Option<&str>| {
        let mut past = api();
        let answer = json!({"apiId": "f6g7", "protocolType": protocol, "disableExecuteApiEndpoint": true});
        past.answered("CreateApi", json!({"name": "example", "protocolType": protocol, "target": target}), answer);
        past.is(DIRECT, "nothing")
    };
    let route = |key: &str, kind: Option<&str>| json!({"apiId": "f6g7", "routeKey": key, "authorizationType": kind});
    let past = made("HTTP", None)
        .is(ROUTE, "nothing")
        .call("CreateRoute", route("GET /pets", Some("JWT")))
        .is(ROUTE, "nothing");
    let past = past.call("CreateRoute", route("GET /open", None)).is(ROUTE, "live");
    past.call("DeleteRoute", json!({"apiId": "f6g7", "routeId": "x"})).is(ROUTE, "unknown");
    made("HTTP", Some("https://example.com")).is(ROUTE, "unknown");
    let past = made("WEBSOCKET", None).call("CreateRoute", route("$connect", Some("NONE"))).is(ROUTE, "live");
    past.call("UpdateApi", json!({"apiId": "f6g7", "disableExecuteApiEndpoint": "false"})).is(DIRECT, "live");
    // Routes that nobody saw may be open or not.
    api().call("CreateRoute", route("GET /pets", Some("NONE"))).is(ROUTE, "unknown");
    let stage = past_of_stage().call("CreateStage", json!({"apiId": "f6g7", "stageName": "$default"})).is(LOG, "live");
    let log = json!({"destinationArn": "arn:aws:logs:x", "format": "x"});
    let stage = stage
        .call("UpdateStage", json!({"apiId": "f6g7", "stageName": "$default", "accessLogSettings": log}))
        .is(LOG, "nothing");
    stage.call("DeleteAccessLogSettings", json!({"apiId": "f6g7", "stageName": "$default"})).is(LOG, "live");
}

fn past_of_stage() -> Past<Api> {
    past(GATEWAY, &Target::HttpStage(part("f6g7"), part("$default")))
}

#[test]
fn graphql_apis() {
    let api = || past("appsync.amazonaws.com", &Target::GraphqlApi(part("abcd")));
    let made = |more: Value| {
        let mut past = api();
        let mut answer = json!({"apiId": "abcd", "authenticationType": "AWS_IAM", "visibility": "GLOBAL"});
        for (name, value) in more.as_object().unwrap() {
            answer[name] = value.clone();
        }
        past.answered("CreateGraphqlApi", json!({"name": "example"}), json!({"graphqlApi": answer}));
        past
    };
    let update = json!({"apiId": "abcd", "authenticationType": "AWS_IAM", "additionalAuthenticationProviders": [{"authenticationType": "API_KEY"}]});
    let past =
        made(json!({})).is(APPSYNC, "live").is(KEY, "nothing").call("UpdateGraphqlApi", update.clone()).is(KEY, "live");
    let arn = "arn:aws:appsync:eu-central-1:123456789012:apis/abcd";
    let past =
        of(WAF, past).call("AssociateWebACL", json!({"webACLArn": ACL_ARN, "resourceArn": arn})).is(APPSYNC, "nothing");
    past.call("DisassociateWebACL", json!({"resourceArn": arn})).is(APPSYNC, "live");
    made(json!({"visibility": "PRIVATE", "authenticationType": "API_KEY"})).is(APPSYNC, "nothing").is(KEY, "nothing");
    api().call("UpdateGraphqlApi", update.clone()).is(KEY, "unknown");
    // None was private then.
    Past { time: "2019-05-01T00:00:00Z".to_owned(), ..api() }.call("UpdateGraphqlApi", update).is(KEY, "live");
}

#[test]
fn web_acls() {
    let acl = || past(WAF, &Target::WebAcl(Scope::Regional, part("example"), part("1a2b")));
    let rules = |action: &str, rules: Value| json!({"name": "example", "id": "1a2b", "scope": "REGIONAL", "defaultAction": {action: {}}, "rules": rules});
    let made = |action: &str, all: Value| {
        let mut past = acl();
        past.answered("CreateWebACL", rules(action, all), json!({"summary": {"arn": ACL_ARN, "id": "1a2b"}}));
        past
    };
    let rule = |does: Value| {
        let mut rule = json!({"name": "one", "priority": 0, "statement": {"managedRuleGroupStatement": {"name": "x"}}});
        for (name, value) in does.as_object().unwrap() {
            rule[name] = value.clone();
        }
        json!([rule])
    };
    made("allow", json!([])).is(EMPTY, "live");
    made("block", json!([])).is(EMPTY, "neutralised");
    made("allow", rule(json!({"overrideAction": {"none": {}}}))).is(EMPTY, "nothing");
    made("allow", rule(json!({"overrideAction": {"count": {}}}))).is(EMPTY, "live");
    made("allow", rule(json!({"action": {"captcha": {}}}))).is(EMPTY, "nothing");
    made("allow", rule(json!({"action": {"allow": {}}}))).is(EMPTY, "live");
    made("allow", rule(json!({"statement": {"ruleGroupReferenceStatement": {"arn": "x"}}}))).is(EMPTY, "unknown");
    made("allow", rule(json!({"statement": "odd"}))).is(EMPTY, "unknown");
    let past = made("allow", rule(json!({"action": {"block": {}}})))
        .call("UpdateWebACL", rules("allow", json!([])))
        .is(EMPTY, "live");
    let past = past.call("UpdateWebACL", rules("allow", rule(json!({"action": {"block": {}}})))).is(EMPTY, "nothing");
    let logged = json!({"loggingConfiguration": {"resourceArn": ACL_ARN, "logDestinationConfigs": ["arn:aws:logs:x"]}});
    let past = past.is(WAF_LOG, "live").call("PutLoggingConfiguration", logged).is(WAF_LOG, "nothing");
    let past = past.call("DeleteLoggingConfiguration", json!({"resourceArn": ACL_ARN})).is(WAF_LOG, "live");
    past.call("DeleteWebACL", json!({"name": "example", "id": "1a2b", "scope": "REGIONAL"})).is(WAF_LOG, "unknown");
    // What Firewall Manager has put before the rules is not said.
    acl().call("UpdateWebACL", rules("allow", json!([]))).is(EMPTY, "unknown");
    acl().call("UpdateWebACL", rules("allow", rule(json!({"action": {"block": {}}})))).is(EMPTY, "nothing");
}

/// User pools, services and distributions are described by each answer.
#[test]
fn other_doors() {
    const POOL: &str = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_AbC";
    const SERVICE: &str = "arn:aws:apprunner:eu-central-1:123456789012:service/shop/0123";
    let pool = || past("cognito-idp.amazonaws.com", &Target::UserPool(part("eu-central-1_AbC")));
    let mut made = pool();
    made.answered("CreateUserPool", json!({"poolName": "x"}), json!({"userPool": {"id": "eu-central-1_AbC"}}));
    let made =
        of(WAF, made.is(POOLS, "live")).call("AssociateWebACL", json!({"webACLArn": ACL_ARN, "resourceArn": POOL}));
    made.is(POOLS, "nothing").call("DisassociateWebACL", json!({"resourceArn": POOL})).is(POOLS, "live");

    let mut service = past("apprunner.amazonaws.com", &Target::AppRunner(part("shop"), part("0123")));
    let answer = |public: bool, status: &str| {
        json!({"service": {"serviceArn": SERVICE, "status": status,
            "networkConfiguration": {"ingressConfiguration": {"isPubliclyAccessible": public}}}})
    };
    service.answered("CreateService", json!({"serviceName": "shop"}), answer(true, "OPERATION_IN_PROGRESS"));
    let mut service = service.is(SERVICES, "live");
    service.answered("PauseService", json!({"serviceArn": SERVICE}), answer(true, "OPERATION_IN_PROGRESS"));
    let mut service = service.is(SERVICES, "nothing");
    service.answered("ResumeService", json!({"serviceArn": SERVICE}), answer(true, "OPERATION_IN_PROGRESS"));
    let mut service = service.is(SERVICES, "live");
    service.answered("UpdateService", json!({"serviceArn": SERVICE}), answer(false, "RUNNING"));
    service.is(SERVICES, "nothing").call("UpdateService", json!({"serviceArn": SERVICE})).is(SERVICES, "unknown");

    let mut all = past("cloudfront.amazonaws.com", &Target::Distribution(part("E123")));
    let config = |enabled: bool, acl: &str| json!({"distribution": {"id": "E123", "distributionConfig": {"enabled": enabled, "webACLId": acl}}});
    all.answered("UpdateDistribution", json!({"id": "E123"}), config(true, ""));
    let mut all = all.is(DISTRIBUTIONS, "live");
    all.answered("UpdateDistribution", json!({"id": "E123"}), config(false, ""));
    let mut all = all.is(DISTRIBUTIONS, "nothing");
    all.answered("UpdateDistribution", json!({"id": "E123"}), config(true, ACL_ARN));
    let all = all
        .is(DISTRIBUTIONS, "nothing")
        .call("DisassociateDistributionWebACL", json!({"id": "E123"}))
        .is(DISTRIBUTIONS, "live");
    let all = all
        .call("AssociateDistributionWebACL", json!({"id": "E123", "webACLArn": ACL_ARN}))
        .is(DISTRIBUTIONS, "nothing");
    all.call("DeleteDistribution", json!({"id": "E123"})).is(DISTRIBUTIONS, "unknown");
}
