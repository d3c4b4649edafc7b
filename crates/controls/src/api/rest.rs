//! Stages of REST APIs without a web ACL.

use super::{
    Change, Facts, RestApi, RestStageFacts, Rules,
    firewall::{self, Front, Takes},
};
use crate::{Action, Control, Fact, Finding, Framework, Guidance, OptionSpec, Severity, verdict::blind};

pub(super) const WITHOUT_WAF: Control = Control {
    id: "api-rest-stage-without-waf",
    title: "REST API stage has no firewall",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "A stage of a REST API has no web ACL. An API with a private endpoint is left alone. A web ACL of AWS WAF Classic \
             counts unless `classic-counts` is false, and one of Firewall Manager always does.",
    correction: "Associates the web ACL of the option `web-acl` in the stage's region. A web ACL that is there is never \
                 replaced. Where Firewall Manager has web ACLs in the region it is left to do it. While AWS is still making \
                 the stage or the web ACL, rectify looks again some minutes later. An undo takes the web ACL away again.",
    disruption: "Requests that the web ACL's rules stop get 403. A baseline whose rules only count at first stops none.",
    guidance: Guidance {
        why: "A stage without a web ACL takes every request from the internet, scanners and floods included. Make the \
              association part of the template that makes the stage, with a web ACL per region whose rules have run in count \
              mode first.",
        console: "1. Open AWS WAF, choose Web ACLs and the region of the API.\n\
                  2. Open the web ACL, choose Associated AWS resources, then Add AWS resources.\n\
                  3. Choose Amazon API Gateway REST API, select the stage, and choose Add.\n",
        cli: "aws wafv2 associate-web-acl \\\n  \
              --web-acl-arn arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/rectify-baseline/EXAMPLE-ID \\\n  \
              --resource-arn arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod\n",
        terraform: r#"resource "aws_wafv2_web_acl_association" "example" {
  resource_arn = aws_api_gateway_stage.example.arn
  web_acl_arn  = aws_wafv2_web_acl.baseline.arn
}
"#,
        cloudformation: "Association:
  Type: AWS::WAFv2::WebACLAssociation
  Properties:
    ResourceArn: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${Stage}
    WebACLArn: !GetAtt Baseline.Arn
",
        cdk: "new wafv2.CfnWebACLAssociation(this, 'Association', {
  resourceArn: api.deploymentStage.stageArn,
  webAclArn: baseline.attrArn,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "APIGateway.4" },
        Framework { name: "NIST 800-53 r5", ids: "AC-4(21)" },
        Framework { name: "PCI DSS v4.0", ids: "1.3.1, 1.3.2, 1.4.1, 1.4.2, 6.4.1, 6.4.2" },
        Framework { name: "AWS Config", ids: "API_GW_ASSOCIATED_WITH_WAF" },
    ],
    options: &[
        firewall::OPTION,
        OptionSpec {
            name: "classic-counts",
            default: "true",
            doc: "Whether a web ACL of AWS WAF Classic is a firewall. When not, the stage is told; nothing is replaced.",
        },
    ],
};

pub(super) fn without_waf(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let Facts::RestStage(facts) = facts else { return None };
    let front = Front {
        control: &WITHOUT_WAF,
        subject: subject(facts),
        place: &facts.place,
        web_acl: &facts.web_acl,
        read: "apigateway:GetStage",
        acls: &facts.acls,
        wanted: &rules.rest_acl,
        takes: Takes::Regional,
    };
    if let Fact::Known(Some(arn)) = &facts.web_acl
        && !rules.classic_counts
        && arn.contains(":waf-regional:")
    {
        return classic(facts, arn);
    }
    front.judge(|| open(&WITHOUT_WAF, &facts.rest, &front.subject))
}

/// Told only: associating a web ACL would replace the classic one.
fn classic(facts: &RestStageFacts, arn: &str) -> Option<Finding<Change>> {
    let summary = format!("{} has a web ACL of AWS WAF Classic only", subject(facts));
    crate::verdict::live(&WITHOUT_WAF, summary, vec![crate::Evidence::new("web ACL", arn)], Vec::new())
}

/// Whether the API is reached from outside, or what is in the way of knowing.
pub(super) fn open(
    control: &'static Control,
    rest: &Fact<RestApi>,
    subject: &str,
) -> Result<bool, Option<Finding<Change>>> {
    match rest {
        Fact::Known(rest) => Ok(!rest.private),
        unknown => Err(blind(control, &format!("the endpoint of {subject}"), unknown, "apigateway:GetRestApi")),
    }
}

pub(super) fn subject(facts: &RestStageFacts) -> String {
    format!("stage {} of REST API {}", facts.stage, facts.api)
}
