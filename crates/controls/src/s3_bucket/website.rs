//! Static websites.

use super::{
    BucketFacts, Change, Read, Rules, Website,
    book::{Judge, Rule},
    verdict::{Found, blind, live},
};
use crate::{Action, Control, Evidence, Fact, Guidance, OptionSpec, Severity};

pub(super) const ENABLED: Control = Control {
    id: "s3-bucket-website-enabled",
    title: "Bucket is served as a static website",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "The bucket has a static website configuration and is not tagged as a website (`website-tag`).",
    correction: "Deletes the website configuration. Objects, policy and ACL stay. An undo puts the configuration back.",
    disruption: "The website endpoint answers 404, so the site goes down until the configuration is put back.",
    guidance: Guidance {
        why: "The website endpoint speaks plain HTTP only and works only for content that everyone may read. Serve \
              content through CloudFront with origin access control from a private bucket, and tag the buckets that may be \
              websites.",
        console: "1. Amazon S3 › the bucket › Properties › Static website hosting › Edit › Disable.
2. CloudFront › Create distribution: choose the bucket as origin and «Origin access control settings (recommended)».
",
        cli: r#"aws s3api delete-bucket-website --bucket example-data
# and serve it through CloudFront with origin access control:
aws cloudfront create-origin-access-control --origin-access-control-config \
  Name=example-data,OriginAccessControlOriginType=s3,SigningBehavior=always,SigningProtocol=sigv4
"#,
        terraform: r#"# No aws_s3_bucket_website_configuration: CloudFront reads the private bucket.
resource "aws_cloudfront_origin_access_control" "example" {
  name                              = "example"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}
"#,
        cloudformation: "# No WebsiteConfiguration on the bucket: CloudFront reads the private bucket.
OriginAccessControl:
  Type: AWS::CloudFront::OriginAccessControl
  Properties:
    OriginAccessControlConfig:
      Name: example
      OriginAccessControlOriginType: s3
      SigningBehavior: always
      SigningProtocol: sigv4
",
        cdk: "// No websiteIndexDocument on the bucket: CloudFront reads the private bucket.
new cloudfront.Distribution(this, 'Site', {
  defaultRootObject: 'index.html',
  defaultBehavior: {
    origin: origins.S3BucketOrigin.withOriginAccessControl(bucket),
    viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
  },
});
",
    },
    frameworks: &[],
    options: &[OptionSpec {
        name: "website-tag",
        default: r#""rectify:website=true""#,
        doc: "A bucket with this tag (`key` or `key=value`) may be a website.",
    }],
};

pub(super) const ENABLED_RULE: Rule =
    Rule { control: &ENABLED, needs: &[Read::Website, Read::Tags], judge: Judge::Bucket(enabled) };

fn enabled(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    if facts.tags.known().is_some_and(|tags| rules.website_tag.matches(tags)) {
        return None;
    }
    let subject = format!("the website of bucket {}", facts.bucket);
    let website = match &facts.website {
        Fact::Known(None) => return None,
        Fact::Known(Some(website)) => website,
        unknown => return blind(&ENABLED, &subject, unknown, Read::Website),
    };
    if let Some(found) = blind(&ENABLED, &subject, &facts.tags, Read::Tags) {
        return Some(found);
    }
    let summary = format!("bucket {} is served as a website and has no tag {}", facts.bucket, rules.website_tag);
    live(&ENABLED, summary, evidence(website), vec![Change::DeleteWebsite])
}

fn evidence(website: &Website) -> Vec<Evidence> {
    let index = website.index.iter().map(|index| Evidence::new("index document", index));
    let error = website.error.iter().map(|error| Evidence::new("error document", error));
    let redirect = website.redirect_all.iter().map(|to| Evidence::new("redirect of all requests", &to.host));
    let rules =
        (!website.routing.is_empty()).then(|| Evidence::new("routing rules", website.routing.len().to_string()));
    let mut evidence: Vec<Evidence> = index.chain(error).chain(redirect).chain(rules).collect();
    if evidence.is_empty() {
        evidence.push(Evidence::new("website", "configured"));
    }
    evidence
}
