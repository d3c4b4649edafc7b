//! GraphQL APIs: without a web ACL, or open with nothing but a key that stands in every client.

use super::{
    Change, Facts, Rules,
    firewall::{self, Front, Takes},
};
use crate::{
    Action, Control, Evidence, Fact, Finding, Framework, Guidance, Severity,
    verdict::{blind, live},
};

const READ: &str = "appsync:GetGraphqlApi";

pub(super) const WITHOUT_WAF: Control = Control {
    id: "appsync-without-waf",
    title: "GraphQL API has no firewall",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "A GraphQL API of AppSync, merged ones included, has no web ACL. One whose visibility is private is left alone.",
    correction: "Associates the web ACL of the option `web-acl` in the API's region. A web ACL that is there is never replaced. \
                 Where Firewall Manager has web ACLs in the region it is left to do it. While AWS is still making the API or the \
                 web ACL, rectify looks again some minutes later. An undo takes the web ACL away again.",
    disruption: "Requests that the web ACL's rules stop get 403. A baseline whose rules only count at first stops none.",
    guidance: Guidance {
        why: "One GraphQL endpoint takes every query from the internet, and a costly one is one request. A web ACL limits \
              rates, sizes and senders before AppSync works on it. Make the association part of the template.",
        console: "1. Open AWS WAF, choose Web ACLs and the region of the API.\n\
                  2. Open the web ACL, choose Associated AWS resources, then Add AWS resources.\n\
                  3. Choose AWS AppSync GraphQL API, select it, and choose Add.\n",
        cli: "aws wafv2 associate-web-acl \\\n  \
              --web-acl-arn arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/rectify-baseline/EXAMPLE-ID \\\n  \
              --resource-arn arn:aws:appsync:eu-central-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz\n",
        terraform: r#"resource "aws_wafv2_web_acl_association" "example" {
  resource_arn = aws_appsync_graphql_api.example.arn
  web_acl_arn  = aws_wafv2_web_acl.baseline.arn
}
"#,
        cloudformation: "Association:
  Type: AWS::WAFv2::WebACLAssociation
  Properties:
    ResourceArn: !GetAtt GraphqlApi.Arn
    WebACLArn: !GetAtt Baseline.Arn
",
        cdk: "new wafv2.CfnWebACLAssociation(this, 'Association', {
  resourceArn: graphqlApi.arn,
  webAclArn: baseline.attrArn,
});
",
    },
    frameworks: &[Framework { name: "AWS Config", ids: "APPSYNC_ASSOCIATED_WITH_WAF" }],
    options: &[firewall::OPTION],
};

pub(super) const API_KEY: Control = Control {
    id: "appsync-api-key-auth",
    title: "GraphQL API lets in whoever has the API key",
    severity: Severity::Medium,
    action: Action::Notify,
    breach: "`API_KEY` is the GraphQL API's authentication, or one of its additional ones. One whose visibility is private is \
             left alone.",
    correction: "",
    disruption: "None: the control is only told. Clients that hold the key would stop working.",
    guidance: Guidance {
        why: "An API key stands in every client that uses it, so it names nobody and soon is everybody's. Authenticate people \
              with a user pool or OpenID Connect and workloads with IAM. Clients have to change first, so rectify only tells.",
        console: "1. Open AWS AppSync, choose the API, then Settings.\n\
                  2. Under Default authorization mode choose IAM, Cognito user pool or OpenID Connect.\n\
                  3. Under Additional authorization providers delete API key. Under API keys delete the keys.\n",
        cli: "aws appsync update-graphql-api --api-id abcdefghijklmnopqrstuvwxyz --name example \\\n  \
              --authentication-type AWS_IAM\n\
              aws appsync delete-api-key --api-id abcdefghijklmnopqrstuvwxyz --id da2-example\n",
        terraform: r#"resource "aws_appsync_graphql_api" "example" {
  name                = "example"
  authentication_type = "AWS_IAM"
}
"#,
        cloudformation: "GraphqlApi:
  Type: AWS::AppSync::GraphQLApi
  Properties:
    Name: example
    AuthenticationType: AWS_IAM
",
        cdk: "new appsync.GraphqlApi(this, 'Api', {
  name: 'example',
  definition: appsync.Definition.fromFile('schema.graphql'),
  authorizationConfig: {
    defaultAuthorization: { authorizationType: appsync.AuthorizationType.IAM },
  },
});
",
    },
    frameworks: &[Framework { name: "Security Hub", ids: "AppSync.5" }],
    options: &[],
};

pub(super) fn without_waf(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let Facts::GraphqlApi(facts) = facts else { return None };
    let front = Front {
        control: &WITHOUT_WAF,
        subject: format!("GraphQL API {}", facts.api),
        place: &facts.place,
        web_acl: &facts.web_acl,
        read: READ,
        acls: &facts.acls,
        wanted: &rules.appsync_acl,
        takes: Takes::Regional,
    };
    front.judge(|| match &facts.graphql {
        Fact::Known(graphql) => Ok(!graphql.private),
        unknown => Err(blind(&WITHOUT_WAF, &front.subject, unknown, READ)),
    })
}

pub(super) fn api_key(facts: &Facts, _: &Rules) -> Option<Finding<Change>> {
    let Facts::GraphqlApi(facts) = facts else { return None };
    let subject = format!("GraphQL API {}", facts.api);
    let graphql = match &facts.graphql {
        Fact::Known(graphql) if graphql.private => return None,
        Fact::Known(graphql) => graphql,
        unknown => return blind(&API_KEY, &subject, unknown, READ),
    };
    let is_key = |kind: &str| kind == "API_KEY";
    let mut evidence = Vec::new();
    if is_key(&graphql.authentication) {
        evidence.push(Evidence::new("authentication", "API_KEY"));
    }
    if graphql.additional.iter().any(|kind| is_key(kind)) {
        evidence.push(Evidence::new("additional authentication", "API_KEY"));
    }
    if evidence.is_empty() {
        return None;
    }
    live(&API_KEY, format!("{subject} lets in whoever has its API key"), evidence, Vec::new())
}
