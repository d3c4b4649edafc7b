//! Lifecycle rules that delete logs too soon.

use super::{
    BucketFacts, LifecycleRule, Read, Rules,
    book::{Judge, Rule},
    verdict::{Found, blind, live},
};
use crate::{Action, Control, Evidence, Fact, Guidance, OptionSpec, Severity};

pub(super) const SHORT_EXPIRY: Control = Control {
    id: "s3-bucket-lifecycle-short-expiry",
    title: "Lifecycle rule deletes logs too soon",
    severity: Severity::Medium,
    action: Action::Notify,
    breach: "The bucket is tagged as a log store (`log-store-tag`), and an enabled lifecycle rule expires current objects \
             sooner than `minimum-days`, or on a date: after that date S3 deletes each object as soon as it arrives. \
             Rules limited to a prefix, tag or size count too. Disabled rules and rules for noncurrent versions do not.",
    correction: "",
    disruption: "None: the control is only told. What a rule has deleted cannot be brought back without versioning.",
    guidance: Guidance {
        why: "A rule that expires audit logs after a day deletes the evidence of whatever comes next, without a single \
              delete call in CloudTrail. Keep logs for as long as your rules demand (PCI DSS: twelve months).",
        console: "1. Amazon S3 › the log bucket › Management › Lifecycle rules › the rule › Edit.
2. Set «Days after object creation» of «Expire current versions of objects» to 365 or more.
",
        cli: r#"aws s3api put-bucket-lifecycle-configuration --bucket example-logs --lifecycle-configuration \
  '{"Rules":[{"ID":"keep-a-year","Status":"Enabled","Filter":{},"Expiration":{"Days":400}}]}'
"#,
        terraform: r#"resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "expire-after-two-years"
    status = "Enabled"

    filter {}

    expiration {
      days = 730
    }
  }
}
"#,
        cloudformation: "LogBucket:
  Type: AWS::S3::Bucket
  Properties:
    LifecycleConfiguration:
      Rules:
        - Id: expire-after-two-years
          Status: Enabled
          ExpirationInDays: 730
    Tags:
      - Key: rectify:log-store
        Value: 'true'
",
        cdk: "const logs = new s3.Bucket(this, 'LogBucket', {
  lifecycleRules: [{ id: 'expire-after-two-years', expiration: cdk.Duration.days(730) }],
});
cdk.Tags.of(logs).add('rectify:log-store', 'true');
",
    },
    frameworks: &[],
    options: &[
        OptionSpec {
            name: "minimum-days",
            default: "365",
            doc: "Current objects of a log store must live at least this many days.",
        },
        OptionSpec {
            name: "log-store-tag",
            default: r#""rectify:log-store=true""#,
            doc: "The control is about buckets with this tag (`key` or `key=value`).",
        },
    ],
};

pub(super) const SHORT_EXPIRY_RULE: Rule =
    Rule { control: &SHORT_EXPIRY, needs: &[Read::Lifecycle, Read::Tags], judge: Judge::Bucket(short_expiry) };

fn short_expiry(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let rules = &rules.lifecycle;
    if facts.tags.known().is_some_and(|tags| !rules.log_store.matches(tags)) {
        return None;
    }
    let subject = format!("the lifecycle of bucket {}", facts.bucket);
    let lifecycle = match &facts.lifecycle {
        Fact::Known(lifecycle) => lifecycle,
        unknown => return blind(&SHORT_EXPIRY, &subject, unknown, Read::Lifecycle),
    };
    let short: Vec<String> = lifecycle
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.enabled)
        .filter_map(|(index, rule)| describe(index, rule, rules.minimum_days))
        .collect();
    if short.is_empty() {
        return None;
    }
    if let Some(found) = blind(&SHORT_EXPIRY, &subject, &facts.tags, Read::Tags) {
        return Some(found);
    }
    let days = rules.minimum_days;
    let summary = format!("log store {} deletes objects before {days} days: {}", facts.bucket, short.join(", "));
    live(&SHORT_EXPIRY, summary, short.into_iter().map(|rule| Evidence::new("rule", rule)).collect(), Vec::new())
}

fn describe(index: usize, rule: &LifecycleRule, minimum: i32) -> Option<String> {
    let when = match (rule.expire_days, &rule.expire_date) {
        (Some(days), _) if days < minimum => format!("after {days} days"),
        (_, Some(date)) => format!("from {date} on"),
        _ => return None,
    };
    let name = rule.id.as_ref().map_or_else(|| format!("rule {index}"), |id| format!("rule `{id}`"));
    let scope = if rule.scope.is_empty() { String::new() } else { format!(" ({})", rule.scope) };
    Some(format!("{name} {when}{scope}"))
}
