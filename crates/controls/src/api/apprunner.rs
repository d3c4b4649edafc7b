//! Services of App Runner without a web ACL.

use super::{
    Change, Facts, Rules,
    firewall::{self, Front, Takes},
};
use crate::{Action, Control, Fact, Finding, Guidance, Severity, verdict::blind};

pub(super) const WITHOUT_WAF: Control = Control {
    id: "apprunner-without-waf",
    title: "App Runner service on the internet has no firewall",
    severity: Severity::Low,
    action: Action::Guarded,
    breach: "A service of App Runner that is publicly accessible has no web ACL. Private ones are left alone, and so are paused \
             ones, which answer nobody, until they are resumed.",
    correction: "Associates the web ACL of the option `web-acl` in the service's region. A web ACL that is there is never replaced. \
                 Where Firewall Manager has web ACLs in the region it is left to do it. While AWS is still making the service or \
                 the web ACL, rectify looks again some minutes later. An undo takes the web ACL away again.",
    disruption: "Requests that the web ACL's rules stop get 403. A baseline whose rules only count at first stops none.",
    guidance: Guidance {
        why: "A public service takes every request from the internet, and pays for the instances that floods and scanners start. \
              Make the association part of the template that makes the service.",
        console: "1. Open AWS App Runner, choose Services, then the service.\n\
                  2. Choose Configuration, then Edit under Configure service, and open Security.\n\
                  3. Activate Web Application Firewall, choose the web ACL, and save.\n",
        cli: "aws wafv2 associate-web-acl \\\n  \
              --web-acl-arn arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/rectify-baseline/EXAMPLE-ID \\\n  \
              --resource-arn arn:aws:apprunner:eu-central-1:123456789012:service/shop/0123456789abcdef0123456789abcdef\n",
        terraform: r#"resource "aws_wafv2_web_acl_association" "example" {
  resource_arn = aws_apprunner_service.example.arn
  web_acl_arn  = aws_wafv2_web_acl.baseline.arn
}
"#,
        cloudformation: "Association:
  Type: AWS::WAFv2::WebACLAssociation
  Properties:
    ResourceArn: !GetAtt Service.ServiceArn
    WebACLArn: !GetAtt Baseline.Arn
",
        cdk: "new wafv2.CfnWebACLAssociation(this, 'Association', {
  resourceArn: service.serviceArn,
  webAclArn: baseline.attrArn,
});
",
    },
    frameworks: &[],
    options: &[firewall::OPTION],
};

pub(super) fn without_waf(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let Facts::AppRunner(facts) = facts else { return None };
    let front = Front {
        control: &WITHOUT_WAF,
        subject: format!("App Runner service {}", facts.name),
        place: &facts.place,
        web_acl: &facts.web_acl,
        read: "wafv2:GetWebACLForResource",
        acls: &facts.acls,
        wanted: &rules.apprunner_acl,
        takes: Takes::Regional,
    };
    match &facts.service {
        Fact::Known(service) if !service.public || !service.runs => None,
        service => front.judge(|| match service {
            Fact::Known(_) => Ok(true),
            unknown => Err(blind(&WITHOUT_WAF, &front.subject, unknown, "apprunner:DescribeService")),
        }),
    }
}
