//! APIs, load balancers and web ACLs, as somebody with an `aws` command makes them.

use serde_json::{Value, json};

use crate::{Answer, Person};

/// Settings that, after [`ALL_CORRECTIVE`](crate::ALL_CORRECTIVE), switch every guarded correction of APIs on.
pub const BY_NAME: &str = r#"
[control.api-rest-stage-without-waf]
production = "corrective"

[control.alb-without-waf]
production = "corrective"

[control.appsync-without-waf]
production = "corrective"

[control.cloudfront-without-waf]
production = "corrective"

[control.cognito-pool-without-waf]
production = "corrective"

[control.apprunner-without-waf]
production = "corrective"

[control.api-stage-logging-off]
production = "corrective"
log-group = "apis"

[control.waf-logging-off]
production = "corrective"
log-group = "aws-waf-logs-{region}"
"#;

/// A rule that stops something: AWS's core rule set.
pub fn core_rules() -> Value {
    managed_rules("AWSManagedRulesCommonRuleSet")
}

/// A managed rule group of AWS's.
pub fn managed_rules(group: &str) -> Value {
    json!([{
        "Name": "core", "Priority": 0, "OverrideAction": {"None": {}}, "VisibilityConfig": visibility("core"),
        "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": group}},
    }])
}

fn visibility(metric: &str) -> Value {
    json!({"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": metric})
}

/// The last part of an ARN.
pub fn last(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or_default()
}

impl Person {
    /// One call of AWS WAF.
    pub async fn waf(&self, operation: &str, body: &Value) -> Value {
        let answer = self.json("wafv2", &format!("AWSWAF_20190729.{operation}"), body).await;
        assert!(answer.status < 300, "{operation}: {answer:?}");
        of(&answer)
    }

    /// `aws wafv2 create-web-acl`; the ARN.
    pub async fn create_web_acl(&self, name: &str, rules: &Value) -> String {
        self.create_scoped_web_acl("REGIONAL", name, rules).await
    }

    /// `aws wafv2 create-web-acl --scope`; the ARN.
    pub async fn create_scoped_web_acl(&self, scope: &str, name: &str, rules: &Value) -> String {
        let body = json!({"Name": name, "Scope": scope, "DefaultAction": {"Allow": {}}, "Rules": rules,
            "VisibilityConfig": visibility(name)});
        text(&self.waf("CreateWebACL", &body).await["Summary"]["ARN"])
    }

    /// `aws wafv2 update-web-acl`, to these rules.
    pub async fn update_web_acl(&self, name: &str, arn: &str, rules: &Value) {
        let which = json!({"Name": name, "Scope": "REGIONAL", "Id": last(arn)});
        let token = self.waf("GetWebACL", &which).await["LockToken"].clone();
        let mut body = which;
        body["LockToken"] = token;
        body["DefaultAction"] = json!({"Allow": {}});
        body["Rules"] = rules.clone();
        body["VisibilityConfig"] = visibility(name);
        self.waf("UpdateWebACL", &body).await;
    }

    /// `aws wafv2 associate-web-acl`.
    pub async fn associate(&self, acl: &str, resource: &str) {
        self.waf("AssociateWebACL", &json!({"WebACLArn": acl, "ResourceArn": resource})).await;
    }

    /// `aws wafv2 disassociate-web-acl`.
    pub async fn disassociate(&self, resource: &str) {
        self.waf("DisassociateWebACL", &json!({"ResourceArn": resource})).await;
    }

    /// `aws wafv2 get-web-acl-for-resource`: the web ACL's name.
    pub async fn web_acl_of(&self, resource: &str) -> Option<String> {
        let answer = self.waf("GetWebACLForResource", &json!({"ResourceArn": resource})).await;
        answer["WebACL"]["Name"].as_str().map(str::to_owned)
    }

    /// `aws wafv2 put-logging-configuration`.
    pub async fn put_waf_log(&self, acl: &str, destination: &str) {
        let logging = json!({"ResourceArn": acl, "LogDestinationConfigs": [destination]});
        self.waf("PutLoggingConfiguration", &json!({"LoggingConfiguration": logging})).await;
    }

    /// `aws wafv2 get-logging-configuration`: the destination.
    pub async fn waf_log(&self, acl: &str) -> Option<String> {
        let body = json!({"ResourceArn": acl});
        let answer = self.json("wafv2", "AWSWAF_20190729.GetLoggingConfiguration", &body).await;
        (answer.status == 200).then(|| text(&of(&answer)["LoggingConfiguration"]["LogDestinationConfigs"][0]))
    }

    /// `aws apigateway create-rest-api`, with one method of this authorization type; the id.
    pub async fn create_rest_api(&self, name: &str, endpoint: &str, authorization: &str) -> String {
        let body = json!({"name": name, "endpointConfiguration": {"types": [endpoint]}});
        let api = text(&of(&self.rest("apigateway", "POST", "/restapis", &body).await)["id"]);
        let resources = of(&self.rest("apigateway", "GET", &format!("/restapis/{api}/resources"), &Value::Null).await);
        let root = text(&resources["item"][0]["id"]);
        let method = format!("/restapis/{api}/resources/{root}/methods/GET");
        self.rest("apigateway", "PUT", &method, &json!({"authorizationType": authorization})).await;
        self.rest("apigateway", "PUT", &format!("{method}/integration"), &json!({"type": "MOCK"})).await;
        api
    }

    /// `aws apigateway create-deployment --stage-name`; the stage's ARN.
    pub async fn deploy(&self, api: &str, stage: &str) -> String {
        let path = format!("/restapis/{api}/deployments");
        self.rest("apigateway", "POST", &path, &json!({"stageName": stage})).await;
        format!("arn:aws:apigateway:eu-central-1::/restapis/{api}/stages/{stage}")
    }

    /// `aws apigateway update-stage --patch-operations`.
    pub async fn patch_stage(&self, api: &str, stage: &str, patches: &Value) {
        let path = format!("/restapis/{api}/stages/{stage}");
        self.rest("apigateway", "PATCH", &path, &json!({"patchOperations": patches})).await;
    }

    /// `aws apigateway get-stage`.
    pub async fn rest_stage(&self, api: &str, stage: &str) -> Value {
        of(&self.rest("apigateway", "GET", &format!("/restapis/{api}/stages/{stage}"), &Value::Null).await)
    }

    /// `aws apigateway update-account`: the role for logs.
    pub async fn set_log_role(&self) {
        let role = format!("arn:aws:iam::{}:role/logs", crate::ACCOUNT);
        let patch = json!({"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]});
        self.rest("apigateway", "PATCH", "/account", &patch).await;
    }

    /// `aws apigatewayv2 create-api`; the id.
    pub async fn create_http_api(&self, name: &str, protocol: &str, endpoint_disabled: bool) -> String {
        let body = json!({"name": name, "protocolType": protocol, "disableExecuteApiEndpoint": endpoint_disabled,
            "routeSelectionExpression": "$request.body.action"});
        text(&of(&self.rest("apigateway", "POST", "/v2/apis", &body).await)["apiId"])
    }

    /// `aws apigatewayv2 create-route`; the id.
    pub async fn create_route(&self, api: &str, key: &str, authorization: &str) -> String {
        let body = json!({"routeKey": key, "authorizationType": authorization});
        text(&of(&self.rest("apigateway", "POST", &format!("/v2/apis/{api}/routes"), &body).await)["routeId"])
    }

    /// `aws apigatewayv2 create-stage`.
    pub async fn create_http_stage(&self, api: &str, stage: &str) {
        let path = format!("/v2/apis/{api}/stages");
        self.rest("apigateway", "POST", &path, &json!({"stageName": stage})).await;
    }

    /// `aws apigatewayv2 get-stage`.
    pub async fn http_stage(&self, api: &str, stage: &str) -> Value {
        of(&self.rest("apigateway", "GET", &format!("/v2/apis/{api}/stages/{stage}"), &Value::Null).await)
    }

    /// `aws appsync create-graphql-api`; the ARN.
    pub async fn create_graphql_api(&self, name: &str, authentication: &str, visibility: &str) -> String {
        let body = json!({"name": name, "authenticationType": authentication, "visibility": visibility});
        text(&of(&self.rest("appsync", "POST", "/v1/apis", &body).await)["graphqlApi"]["arn"])
    }

    /// `aws elbv2 create-load-balancer`; the ARN.
    pub async fn create_load_balancer(&self, name: &str, kind: &str, scheme: &str) -> String {
        let subnets = self.query("ec2", "2016-11-15", "DescribeSubnets", &[]).await.body;
        let subnets: Vec<&str> =
            subnets.split("<subnetId>").skip(1).filter_map(|rest| rest.split('<').next()).take(2).collect();
        let parameters = [
            ("Name", name),
            ("Type", kind),
            ("Scheme", scheme),
            ("Subnets.member.1", subnets[0]),
            ("Subnets.member.2", subnets[1]),
        ];
        let answer = self.query("elasticloadbalancing", "2015-12-01", "CreateLoadBalancer", &parameters).await.body;
        let (_, arn) = answer.split_once("<LoadBalancerArn>").unwrap();
        arn.split('<').next().unwrap().to_owned()
    }
}

pub(crate) fn of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_default()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
