//! Every call the guard makes, and what each is allowed by.

use super::Change;
use crate::{
    Access,
    Need::{self, Read as Reads, Write as Writes},
};

impl Change {
    /// Service and operation as the SDK names them, the same as [`Access::operation`]; of what two services do by two names, one
    /// of them: of an access log what a stage of an HTTP or WebSocket API takes, of a web ACL what all but CloudFront do.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Associate(_) => "wafv2:AssociateWebACL",
            Self::Disassociate => "wafv2:DisassociateWebACL",
            Self::PutAccessLog(_) => "apigatewayv2:UpdateStage",
            Self::DeleteAccessLog => "apigatewayv2:DeleteAccessLogSettings",
            Self::PutWafLogging(_) => "wafv2:PutLoggingConfiguration",
            Self::DeleteWafLogging => "wafv2:DeleteLoggingConfiguration",
        }
    }
}

// Any region: the guard reads where the event came from.
const REST_APIS: &str = "arn:${AWS::Partition}:apigateway:*::/restapis*";
const HTTP_APIS: &str = "arn:${AWS::Partition}:apigateway:*::/apis*";
const GATEWAY_ACCOUNT: &str = "arn:${AWS::Partition}:apigateway:*::/account";
const REST_STAGES: &str = "arn:${AWS::Partition}:apigateway:*::/restapis/*/stages/*";
const HTTP_STAGES: &str = "arn:${AWS::Partition}:apigateway:*::/apis/*/stages/*";
const BALANCERS: &str = "arn:${AWS::Partition}:elasticloadbalancing:*:${AWS::AccountId}:loadbalancer/app/*";
const GRAPHQL: &str = "arn:${AWS::Partition}:appsync:*:${AWS::AccountId}:apis/*";
const POOLS: &str = "arn:${AWS::Partition}:cognito-idp:*:${AWS::AccountId}:userpool/*";
const SERVICES: &str = "arn:${AWS::Partition}:apprunner:*:${AWS::AccountId}:service/*";
const DISTRIBUTIONS: &str = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*";
const VPC_ORIGINS: &str = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:vpcorigin/*";
const WEB_ACLS: &str = "arn:${AWS::Partition}:wafv2:*:${AWS::AccountId}:*/webacl/*";
const RULE_GROUPS: &str = "arn:${AWS::Partition}:wafv2:*:${AWS::AccountId}:*/rulegroup/*";
const ANY: &str = "*";

const fn access(operation: &'static str, action: &'static str, resource: &'static str, need: Need) -> Access {
    Access { operation, action, resource, need }
}

/// Service Authorization Reference of each service. API Gateway's actions are HTTP methods on its paths. A call of WAF's about a
/// resource takes an action of the resource's own service too (WAF developer guide, "Identity-based policies", permissions for
/// `AssociateWebACL`, and "Sending logs to CloudWatch Logs").
pub(super) const ACCESS: &[Access] = &[
    access("apigateway:GetRestApis", "apigateway:GET", REST_APIS, Reads),
    access("apigateway:GetRestApi", "apigateway:GET", REST_APIS, Reads),
    access("apigateway:GetResources", "apigateway:GET", REST_APIS, Reads),
    access("apigateway:GetStages", "apigateway:GET", REST_APIS, Reads),
    access("apigateway:GetStage", "apigateway:GET", REST_APIS, Reads),
    access("apigateway:GetAccount", "apigateway:GET", GATEWAY_ACCOUNT, Reads),
    access("apigatewayv2:GetApis", "apigateway:GET", HTTP_APIS, Reads),
    access("apigatewayv2:GetApi", "apigateway:GET", HTTP_APIS, Reads),
    access("apigatewayv2:GetRoutes", "apigateway:GET", HTTP_APIS, Reads),
    access("apigatewayv2:GetStages", "apigateway:GET", HTTP_APIS, Reads),
    access("apigatewayv2:GetStage", "apigateway:GET", HTTP_APIS, Reads),
    access("elasticloadbalancingv2:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers", ANY, Reads),
    access("elasticloadbalancingv2:DescribeTags", "elasticloadbalancing:DescribeTags", ANY, Reads),
    access("appsync:ListGraphqlApis", "appsync:ListGraphqlApis", ANY, Reads),
    access("appsync:GetGraphqlApi", "appsync:GetGraphqlApi", GRAPHQL, Reads),
    access("cognitoidentityprovider:ListUserPools", "cognito-idp:ListUserPools", ANY, Reads),
    access("cognitoidentityprovider:DescribeUserPool", "cognito-idp:DescribeUserPool", POOLS, Reads),
    access("apprunner:ListServices", "apprunner:ListServices", ANY, Reads),
    access("apprunner:DescribeService", "apprunner:DescribeService", SERVICES, Reads),
    access("apprunner:ListTagsForResource", "apprunner:ListTagsForResource", SERVICES, Reads),
    access("cloudfront:ListDistributions", "cloudfront:ListDistributions", ANY, Reads),
    access("cloudfront:GetDistributionConfig", "cloudfront:GetDistributionConfig", DISTRIBUTIONS, Reads),
    access("cloudfront:ListTagsForResource", "cloudfront:ListTagsForResource", DISTRIBUTIONS, Reads),
    access("wafv2:ListWebACLs", "wafv2:ListWebACLs", ANY, Reads),
    access("wafv2:GetWebACL", "wafv2:GetWebACL", WEB_ACLS, Reads),
    access("wafv2:GetRuleGroup", "wafv2:GetRuleGroup", RULE_GROUPS, Reads),
    access("wafv2:GetLoggingConfiguration", "wafv2:GetLoggingConfiguration", WEB_ACLS, Reads),
    access("wafv2:ListTagsForResource", "wafv2:ListTagsForResource", WEB_ACLS, Reads),
    access("wafv2:GetWebACLForResource", "wafv2:GetWebACLForResource", WEB_ACLS, Reads),
    access("wafv2:GetWebACLForResource", "wafv2:GetWebACLForResource", BALANCERS, Reads),
    access("wafv2:GetWebACLForResource", "wafv2:GetWebACLForResource", GRAPHQL, Reads),
    access("wafv2:GetWebACLForResource", "wafv2:GetWebACLForResource", REST_STAGES, Reads),
    access("wafv2:GetWebACLForResource", "elasticloadbalancing:GetLoadBalancerWebACL", BALANCERS, Reads),
    access("wafv2:GetWebACLForResource", "wafv2:GetWebACLForResource", POOLS, Reads),
    access("wafv2:GetWebACLForResource", "cognito-idp:GetWebACLForResource", POOLS, Reads),
    access("wafv2:GetWebACLForResource", "wafv2:GetWebACLForResource", SERVICES, Reads),
    access("wafv2:GetWebACLForResource", "apprunner:DescribeWebAclForService", SERVICES, Reads),
    access("wafv2:AssociateWebACL", "wafv2:AssociateWebACL", WEB_ACLS, Writes),
    access("wafv2:AssociateWebACL", "wafv2:AssociateWebACL", BALANCERS, Writes),
    access("wafv2:AssociateWebACL", "wafv2:AssociateWebACL", GRAPHQL, Writes),
    access("wafv2:AssociateWebACL", "wafv2:AssociateWebACL", REST_STAGES, Writes),
    access("wafv2:AssociateWebACL", "apigateway:SetWebACL", REST_STAGES, Writes),
    access("wafv2:AssociateWebACL", "elasticloadbalancing:SetWebAcl", ANY, Writes),
    access("wafv2:AssociateWebACL", "appsync:SetWebACL", ANY, Writes),
    access("wafv2:AssociateWebACL", "wafv2:AssociateWebACL", POOLS, Writes),
    access("wafv2:AssociateWebACL", "cognito-idp:AssociateWebACL", POOLS, Writes),
    access("wafv2:AssociateWebACL", "cognito-idp:AssociateWebACL", WEB_ACLS, Writes),
    access("wafv2:AssociateWebACL", "wafv2:AssociateWebACL", SERVICES, Writes),
    access("wafv2:AssociateWebACL", "apprunner:AssociateWebAcl", SERVICES, Writes),
    access("wafv2:AssociateWebACL", "apprunner:AssociateWebAcl", WEB_ACLS, Writes),
    access("wafv2:DisassociateWebACL", "wafv2:DisassociateWebACL", BALANCERS, Writes),
    access("wafv2:DisassociateWebACL", "wafv2:DisassociateWebACL", GRAPHQL, Writes),
    access("wafv2:DisassociateWebACL", "wafv2:DisassociateWebACL", REST_STAGES, Writes),
    access("wafv2:DisassociateWebACL", "wafv2:DisassociateWebACL", POOLS, Writes),
    access("wafv2:DisassociateWebACL", "cognito-idp:DisassociateWebACL", POOLS, Writes),
    access("wafv2:DisassociateWebACL", "wafv2:DisassociateWebACL", SERVICES, Writes),
    access("wafv2:DisassociateWebACL", "apprunner:DisassociateWebAcl", SERVICES, Writes),
    access("cloudfront:AssociateDistributionWebACL", "cloudfront:AssociateDistributionWebACL", DISTRIBUTIONS, Writes),
    access("cloudfront:AssociateDistributionWebACL", "cloudfront:GetVpcOrigin", VPC_ORIGINS, Writes),
    access("cloudfront:AssociateDistributionWebACL", "wafv2:GetWebACL", WEB_ACLS, Writes),
    access(
        "cloudfront:DisassociateDistributionWebACL",
        "cloudfront:DisassociateDistributionWebACL",
        DISTRIBUTIONS,
        Writes,
    ),
    access("apigateway:UpdateStage", "apigateway:PATCH", REST_STAGES, Writes),
    access("apigatewayv2:UpdateStage", "apigateway:PATCH", HTTP_STAGES, Writes),
    access("apigatewayv2:DeleteAccessLogSettings", "apigateway:DELETE", HTTP_STAGES, Writes),
    access("wafv2:PutLoggingConfiguration", "wafv2:PutLoggingConfiguration", WEB_ACLS, Writes),
    access("wafv2:DeleteLoggingConfiguration", "wafv2:DeleteLoggingConfiguration", WEB_ACLS, Writes),
    access("wafv2:PutLoggingConfiguration", "logs:CreateLogDelivery", ANY, Writes),
    access("wafv2:PutLoggingConfiguration", "logs:DescribeLogGroups", ANY, Writes),
    access("wafv2:PutLoggingConfiguration", "logs:DescribeResourcePolicies", ANY, Writes),
    access("wafv2:PutLoggingConfiguration", "logs:PutResourcePolicy", ANY, Writes),
    access("wafv2:DeleteLoggingConfiguration", "logs:DeleteLogDelivery", ANY, Writes),
];
