//! What wakes the guard, and where each event says what it is about.

use super::{acl, alb, apprunner, appsync, cloudfront, cognito, endpoint, logging, rest, routes};
use crate::Trigger;

const GATEWAY: &str = "apigateway.amazonaws.com";
const WAF: &str = "wafv2.amazonaws.com";
const APP_RUNNER: &str = "apprunner.amazonaws.com";
const CLOUDFRONT: &str = "cloudfront.amazonaws.com";

const STAGE: &[&str] = &[rest::WITHOUT_WAF.id, logging::OFF.id];
const CLASSIC: &[&str] = &[rest::WITHOUT_WAF.id, alb::WITHOUT_WAF.id, appsync::WITHOUT_WAF.id];
const FRONTS: &[&str] = &[
    rest::WITHOUT_WAF.id,
    alb::WITHOUT_WAF.id,
    appsync::WITHOUT_WAF.id,
    cognito::WITHOUT_WAF.id,
    apprunner::WITHOUT_WAF.id,
];
const SERVICE: &[&str] = &[apprunner::WITHOUT_WAF.id];
const DISTRIBUTION: &[&str] = &[cloudfront::WITHOUT_WAF.id];
const HTTP: &[&str] = &[routes::WITHOUT_AUTHORIZER.id, endpoint::DIRECT.id];
const NEW_HTTP: &[&str] = &[routes::WITHOUT_AUTHORIZER.id, endpoint::DIRECT.id, logging::OFF.id];
const REST: &[&str] = &[routes::WITHOUT_AUTHORIZER.id, rest::WITHOUT_WAF.id];
const ROUTE: &[&str] = &[routes::WITHOUT_AUTHORIZER.id];
const GRAPHQL: &[&str] = &[appsync::WITHOUT_WAF.id, appsync::API_KEY.id];

const fn on(
    source: &'static str,
    name: &'static str,
    id: &'static str,
    controls: &'static [&'static str],
    example: &'static str,
) -> Trigger {
    Trigger { source, name, id, controls, example }
}

/// CloudFront's events are in us-east-1 only, and [`crate::pattern::DATED`]. REST and HTTP APIs share source and names: `restApiId` is a REST API, `apiId` another.
///
/// What breaks nothing wakes nobody. `DeleteWebACL` and `DeleteRuleGroup` are refused while anything uses them (WAF API reference,
/// `WAFAssociatedItemException`), and what is deleted needs no firewall. `UpdateRuleGroup` and
/// `UpdateIPSet` name no web ACL: what they do to one shows in the next sweep. So do replicas of user pools
/// (`CreateUserPoolReplica`), which live in another region than the call.
pub(super) const EVENTS: &[Trigger] = &[
    on(GATEWAY, "CreateStage", "restApiId", STAGE, "create-stage"),
    on(GATEWAY, "UpdateStage", "restApiId", STAGE, "update-stage-logging-off"),
    on(GATEWAY, "CreateDeployment", "restApiId", STAGE, "create-deployment"),
    on(GATEWAY, "DeleteAccessLogSettings", "apiId", &[logging::OFF.id], "delete-access-log-settings"),
    on(GATEWAY, "CreateRestApi", "", ROUTE, "create-rest-api-clone"),
    on(GATEWAY, "ImportRestApi", "", ROUTE, "import-rest-api"),
    on(GATEWAY, "PutRestApi", "restApiId", ROUTE, "put-rest-api"),
    on(GATEWAY, "UpdateRestApi", "restApiId", REST, "update-rest-api-regional"),
    on(GATEWAY, "PutMethod", "restApiId", ROUTE, "put-method-open"),
    on(GATEWAY, "UpdateMethod", "restApiId", ROUTE, "update-method-open"),
    on(GATEWAY, "CreateApi", "", NEW_HTTP, "create-api-with-target"),
    on(GATEWAY, "ImportApi", "", HTTP, "import-api"),
    on(GATEWAY, "ReimportApi", "apiId", HTTP, "reimport-api"),
    on(GATEWAY, "UpdateApi", "apiId", HTTP, "update-api-endpoint-enabled"),
    on(GATEWAY, "CreateRoute", "apiId", ROUTE, "create-route-open"),
    on(GATEWAY, "UpdateRoute", "apiId", ROUTE, "update-route-open"),
    on(GATEWAY, "DeleteRoute", "apiId", ROUTE, "delete-route-connect"),
    on("elasticloadbalancing.amazonaws.com", "CreateLoadBalancer", "", &[alb::WITHOUT_WAF.id], "create-load-balancer"),
    on("elasticloadbalancing.amazonaws.com", "SetSubnets", "loadBalancerArn", &[alb::WITHOUT_WAF.id], "set-subnets"),
    on("appsync.amazonaws.com", "CreateGraphqlApi", "", GRAPHQL, "create-graphql-api"),
    on("appsync.amazonaws.com", "UpdateGraphqlApi", "apiId", GRAPHQL, "update-graphql-api-key"),
    on("appsync.amazonaws.com", "CreateApiKey", "apiId", &[appsync::API_KEY.id], "create-api-key"),
    on("cognito-idp.amazonaws.com", "CreateUserPool", "", &[cognito::WITHOUT_WAF.id], "create-user-pool"),
    on(APP_RUNNER, "CreateService", "", SERVICE, "create-service"),
    on(APP_RUNNER, "UpdateService", "serviceArn", SERVICE, "update-service-public"),
    on(APP_RUNNER, "ResumeService", "serviceArn", SERVICE, "resume-service"),
    on(CLOUDFRONT, "CreateDistribution", "", DISTRIBUTION, "create-distribution"),
    on(CLOUDFRONT, "CreateDistributionWithTags", "", DISTRIBUTION, "create-distribution-with-tags"),
    on(CLOUDFRONT, "CopyDistribution", "", DISTRIBUTION, "copy-distribution"),
    on(CLOUDFRONT, "UpdateDistribution", "id", DISTRIBUTION, "update-distribution-no-web-acl"),
    on(
        CLOUDFRONT,
        "UpdateDistributionWithStagingConfig",
        "id",
        DISTRIBUTION,
        "update-distribution-with-staging-config",
    ),
    on(CLOUDFRONT, "DisassociateDistributionWebACL", "id", DISTRIBUTION, "disassociate-distribution-web-acl"),
    on(WAF, "DisassociateWebACL", "resourceArn", FRONTS, "disassociate-web-acl"),
    on("waf-regional.amazonaws.com", "DisassociateWebACL", "resourceArn", CLASSIC, "disassociate-web-acl-classic"),
    on(WAF, "CreateWebACL", "", &[acl::EMPTY.id, acl::LOGGING_OFF.id], "create-web-acl-empty"),
    on(WAF, "UpdateWebACL", "id", &[acl::EMPTY.id], "update-web-acl-count"),
    on(WAF, "DeleteFirewallManagerRuleGroups", "webACLArn", &[acl::EMPTY.id], "delete-firewall-manager-rule-groups"),
    on(WAF, "DeleteLoggingConfiguration", "resourceArn", &[acl::LOGGING_OFF.id], "delete-logging-configuration"),
];
