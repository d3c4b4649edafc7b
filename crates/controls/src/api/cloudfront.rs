//! Distributions of CloudFront without a web ACL.

use super::{
    Change, Facts, Rules,
    firewall::{self, Front, Takes},
};
use crate::{Action, Control, Fact, Finding, Framework, Guidance, Severity, verdict::blind};

const READ: &str = "cloudfront:GetDistributionConfig";

/// CloudFront developer guide, "Quotas and other considerations for continuous deployment".
const DEPLOYS: &str = "AWS associates no first web ACL while the distribution has a continuous deployment policy";

pub(super) const WITHOUT_WAF: Control = Control {
    id: "cloudfront-without-waf",
    title: "CloudFront distribution has no firewall",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "A distribution that is enabled has no web ACL. A web ACL of WAF Classic is one. Staging distributions are left alone: \
             nobody calls them by a name of their own, and AWS gives them no first web ACL. Those of a flat-rate plan always have \
             one.",
    correction: "Associates the web ACL of the option `web-acl`, which is one for CloudFront. A web ACL that is there is never \
                 replaced, and nothing else of the distribution is written. Where Firewall Manager has web ACLs for CloudFront it is \
                 left to do it. A distribution with a continuous deployment policy takes no first web ACL: it is told. An undo takes \
                 the web ACL away again.",
    disruption: "Requests that the web ACL's rules stop get 403, at every edge within minutes. A baseline whose rules only count at \
                 first stops none.",
    guidance: Guidance {
        why: "A distribution stands before everything that is behind it, and without a web ACL it hands on every request that is \
              not in its cache. Make the web ACL part of the template that makes the distribution.",
        console: "1. Open CloudFront, choose Distributions, then the distribution.\n\
                  2. Choose Security, then Edit under Web Application Firewall.\n\
                  3. Choose Enable security protections, or Use existing WAF configuration and the web ACL, and save.\n",
        cli: "aws cloudfront get-distribution-config --id EDFDVBD6EXAMPLE --query ETag --output text\n\
              aws cloudfront associate-distribution-web-acl --id EDFDVBD6EXAMPLE --if-match ETAG \\\n  \
              --web-acl-arn arn:aws:wafv2:us-east-1:123456789012:global/webacl/rectify-baseline/EXAMPLE-ID\n",
        terraform: r#"# The web ACL has scope = "CLOUDFRONT" and a provider for us-east-1.
resource "aws_cloudfront_distribution" "example" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.baseline.arn

  origin {
    domain_name = "www.example.com"
    origin_id   = "www"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "www"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6" # CachingOptimized
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
"#,
        cloudformation: "# In a stack in us-east-1, or with the ARN of a web ACL from there.
Distribution:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      Enabled: true
      WebACLId: !GetAtt Baseline.Arn
      Origins:
        - Id: www
          DomainName: www.example.com
          CustomOriginConfig: { OriginProtocolPolicy: https-only }
      DefaultCacheBehavior:
        TargetOriginId: www
        ViewerProtocolPolicy: redirect-to-https
        CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
",
        cdk: "new cloudfront.Distribution(this, 'Distribution', {
  webAclId: baseline.attrArn, // scope CLOUDFRONT, in us-east-1
  defaultBehavior: {
    origin: new origins.HttpOrigin('www.example.com'),
    viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
  },
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "CloudFront.6" },
        Framework { name: "NIST 800-53 r5", ids: "AC-4(21)" },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 6.4.1, 6.4.2, A1.1.3" },
        Framework { name: "AWS Config", ids: "CLOUDFRONT_ASSOCIATED_WITH_WAF" },
    ],
    options: &[firewall::GLOBAL_OPTION],
};

pub(super) fn without_waf(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let Facts::Distribution(facts) = facts else { return None };
    let deploys = facts.distribution.known().is_some_and(|distribution| distribution.continuous_deployment);
    let front = Front {
        control: &WITHOUT_WAF,
        subject: format!("distribution {}", facts.id),
        place: &facts.place,
        web_acl: &facts.web_acl,
        read: READ,
        acls: &facts.acls,
        wanted: &rules.cloudfront_acl,
        takes: if deploys { Takes::Nothing(DEPLOYS) } else { Takes::Global },
    };
    match &facts.distribution {
        Fact::Known(distribution) if !distribution.enabled || distribution.staging => None,
        distribution => front.judge(|| match distribution {
            Fact::Known(_) => Ok(true),
            unknown => Err(blind(&WITHOUT_WAF, &front.subject, unknown, READ)),
        }),
    }
}
