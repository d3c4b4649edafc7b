//! Load balancers without a web ACL.

use super::{
    Change, Facts, Rules,
    firewall::{self, Front, Takes},
};
use crate::{Action, Control, Fact, Finding, Framework, Guidance, Severity, verdict::blind};

pub(super) const WITHOUT_WAF: Control = Control {
    id: "alb-without-waf",
    title: "Application Load Balancer on the internet has no firewall",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "An Application Load Balancer faces the internet and has no web ACL. Internal ones, and those on Outposts, where \
             AWS WAF cannot be, are left alone. Network, Gateway and Classic Load Balancers take no web ACL.",
    correction: "Associates the web ACL of the option `web-acl` in the load balancer's region. A web ACL that is there is never \
                 replaced. Where Firewall Manager has web ACLs in the region it is left to do it. A load balancer that is still \
                 being provisioned is looked at again some minutes later. An undo takes the web ACL away again.",
    disruption: "Requests that the web ACL's rules stop get 403. A baseline whose rules only count at first stops none.",
    guidance: Guidance {
        why: "A load balancer without a web ACL hands every request from the internet to the application, scanners and floods \
              included. Make the association part of the template that makes the load balancer.",
        console: "1. Open AWS WAF, choose Web ACLs and the region of the load balancer.\n\
                  2. Open the web ACL, choose Associated AWS resources, then Add AWS resources.\n\
                  3. Choose Application Load Balancer, select it, and choose Add.\n",
        cli: "aws wafv2 associate-web-acl \\\n  \
              --web-acl-arn arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/rectify-baseline/EXAMPLE-ID \\\n  \
              --resource-arn arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/0123456789abcdef\n",
        terraform: r#"resource "aws_wafv2_web_acl_association" "example" {
  resource_arn = aws_lb.example.arn
  web_acl_arn  = aws_wafv2_web_acl.baseline.arn
}
"#,
        cloudformation: "Association:
  Type: AWS::WAFv2::WebACLAssociation
  Properties:
    ResourceArn: !Ref LoadBalancer
    WebACLArn: !GetAtt Baseline.Arn
",
        cdk: "new wafv2.CfnWebACLAssociation(this, 'Association', {
  resourceArn: loadBalancer.loadBalancerArn,
  webAclArn: baseline.attrArn,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "ELB.16" },
        Framework { name: "PCI DSS v4.0", ids: "6.4.1, 6.4.2" },
        Framework { name: "AWS Config", ids: "ALB_WAF_ENABLED" },
    ],
    options: &[firewall::OPTION],
};

pub(super) fn without_waf(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let Facts::LoadBalancer(facts) = facts else { return None };
    let front = Front {
        control: &WITHOUT_WAF,
        subject: format!("load balancer {}", facts.name),
        place: &facts.place,
        web_acl: &facts.web_acl,
        read: "wafv2:GetWebACLForResource",
        acls: &facts.acls,
        wanted: &rules.alb_acl,
        takes: Takes::Regional,
    };
    let read = "elasticloadbalancingv2:DescribeLoadBalancers";
    match &facts.balancer {
        Fact::Known(balancer) if balancer.outpost || !balancer.internet_facing => None,
        balancer => front.judge(|| match balancer {
            Fact::Known(_) => Ok(true),
            unknown => Err(blind(&WITHOUT_WAF, &front.subject, unknown, read)),
        }),
    }
}
