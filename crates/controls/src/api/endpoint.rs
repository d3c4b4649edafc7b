//! HTTP and WebSocket APIs that can be called beside any firewall.

use super::{Change, Facts, Rules};
use crate::{
    Action, Control, Evidence, Fact, Finding, Guidance, Severity,
    verdict::{blind, live},
};

pub(super) const DIRECT: Control = Control {
    id: "api-http-api-direct-endpoint",
    title: "HTTP API can be called past any firewall",
    severity: Severity::Medium,
    action: Action::Notify,
    breach: "The default endpoint (`execute-api`) of an HTTP or WebSocket API is enabled. AWS WAF cannot be associated with \
             these APIs, so whoever calls that endpoint passes every firewall in front of a custom domain. That a custom \
             domain behind a firewall is the only way in cannot be seen at the API and is not asked for.",
    correction: "",
    disruption: "None: the control is only told. Callers of the default endpoint would stop working.",
    guidance: Guidance {
        why: "An HTTP or WebSocket API takes no web ACL. There are three ways out: put CloudFront with a web ACL in front of a \
              custom domain and disable the default endpoint; put an Application Load Balancer with a web ACL in front of the \
              integration instead of the API; or, for HTTP, make it a REST API, whose stages take a web ACL. Callers of the \
              default endpoint have to move first, so rectify only tells.",
        console: "1. Open CloudFront and make a distribution with a web ACL whose origin is the API's custom domain.\n\
                  2. Point the DNS name at the distribution and move the callers.\n\
                  3. Open API Gateway, choose the API, and under API settings set Default endpoint to Inactive.\n",
        cli: "aws apigatewayv2 update-api --api-id a1b2c3d4e5 --disable-execute-api-endpoint\n",
        terraform: r#"resource "aws_apigatewayv2_api" "example" {
  name                         = "example"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = true
}

# The way in: CloudFront with a web ACL (web_acl_id), whose origin is this domain.
resource "aws_apigatewayv2_domain_name" "example" {
  domain_name = "origin.example.com"

  domain_name_configuration {
    certificate_arn = aws_acm_certificate.example.arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}
"#,
        cloudformation: "Api:
  Type: AWS::ApiGatewayV2::Api
  Properties:
    Name: example
    ProtocolType: HTTP
    DisableExecuteApiEndpoint: true
# The way in: AWS::CloudFront::Distribution with WebACLId, whose origin is the API's AWS::ApiGatewayV2::DomainName.
",
        cdk: "// The way in: cloudfront.Distribution with webAclId, whose origin is the domain name.
new apigwv2.HttpApi(this, 'Api', {
  disableExecuteApiEndpoint: true,
  defaultDomainMapping: { domainName },
});
",
    },
    frameworks: &[],
    options: &[],
};

pub(super) fn direct(facts: &Facts, _: &Rules) -> Option<Finding<Change>> {
    let Facts::HttpApi(facts) = facts else { return None };
    let http = match &facts.http {
        Fact::Known(http) if http.endpoint_disabled => return None,
        Fact::Known(http) => http,
        unknown => {
            return blind(&DIRECT, &format!("the endpoint of API {}", facts.api), unknown, "apigatewayv2:GetApi");
        }
    };
    let kind = if http.websocket { "WebSocket" } else { "HTTP" };
    let summary = format!("{kind} API {} can be called at its default endpoint, where no firewall can be", facts.api);
    live(&DIRECT, summary, vec![Evidence::new("default endpoint", "enabled")], Vec::new())
}
