//! User pools without a web ACL.

use super::{
    Change, Facts, Rules,
    firewall::{self, Front, Takes},
};
use crate::{Action, Control, Finding, Guidance, Severity};

pub(super) const WITHOUT_WAF: Control = Control {
    id: "cognito-pool-without-waf",
    title: "User pool has no firewall",
    severity: Severity::Low,
    action: Action::Guarded,
    breach: "A user pool of Cognito has no web ACL. Its sign-in and its API are on the internet, whether it has a domain or not.",
    correction: "Associates the web ACL of the option `web-acl` in the pool's region. A web ACL that is there is never replaced. \
                 One with a rule group of WAF Fraud Control (account takeover or account creation) is not associated, because AWS \
                 takes none of those for a user pool: then the control is told. Where Firewall Manager has web ACLs in the region \
                 it is left to do it. While AWS is still making the web ACL, rectify looks again some minutes later. An undo takes \
                 the web ACL away again.",
    disruption: "Sign-ins that the web ACL's rules stop get 403. A baseline whose rules only count at first stops none.",
    guidance: Guidance {
        why: "Whoever knows the id of an app client can try passwords and make accounts from anywhere. A web ACL limits rates and \
              senders before Cognito works on a sign-in. Make the association part of the template that makes the pool.",
        console: "1. Open Amazon Cognito, choose User pools, then the pool.\n\
                  2. Under Security choose AWS WAF, then Edit.\n\
                  3. Activate Use AWS WAF with your user pool, choose the web ACL, and save.\n",
        cli: "aws wafv2 associate-web-acl \\\n  \
              --web-acl-arn arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/rectify-baseline/EXAMPLE-ID \\\n  \
              --resource-arn arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Example\n",
        terraform: r#"resource "aws_wafv2_web_acl_association" "example" {
  resource_arn = aws_cognito_user_pool.example.arn
  web_acl_arn  = aws_wafv2_web_acl.baseline.arn
}
"#,
        cloudformation: "Association:
  Type: AWS::WAFv2::WebACLAssociation
  Properties:
    ResourceArn: !GetAtt UserPool.Arn
    WebACLArn: !GetAtt Baseline.Arn
",
        cdk: "new wafv2.CfnWebACLAssociation(this, 'Association', {
  resourceArn: userPool.userPoolArn,
  webAclArn: baseline.attrArn,
});
",
    },
    frameworks: &[],
    options: &[firewall::OPTION],
};

pub(super) fn without_waf(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let Facts::UserPool(facts) = facts else { return None };
    let front = Front {
        control: &WITHOUT_WAF,
        subject: format!("user pool {}", facts.pool),
        place: &facts.place,
        web_acl: &facts.web_acl,
        read: "wafv2:GetWebACLForResource",
        acls: &facts.acls,
        wanted: &rules.cognito_acl,
        takes: Takes::WithoutFraudControl,
    };
    front.judge(|| Ok(true))
}
