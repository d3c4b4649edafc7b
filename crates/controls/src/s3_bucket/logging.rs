//! Server access logging.

use super::{
    BucketFacts, Change, Logging, Read, Rules,
    book::{Judge, Rule},
    verdict::{Found, blind, live},
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, OptionSpec, Severity};

pub(super) const OFF: Control = Control {
    id: "s3-bucket-logging-off",
    title: "Server access logging is off",
    severity: Severity::Low,
    action: Action::Guarded,
    breach: "The bucket has no server access logging and is not itself a log target: neither the bucket that \
             `target-bucket` names nor tagged as a log store.",
    correction: "Switches logging on, to the bucket of the option `target-bucket` under the prefix of `target-prefix`. The \
                 target must be in the same region and account, and its policy must let logging.s3.amazonaws.com write. \
                 Without the option the control is only told. An undo switches logging off.",
    disruption: "None for readers and writers. The logs cost storage in the target bucket.",
    guidance: Guidance {
        why: "Access logs show who read which object, which CloudTrail's management events do not. There is no call that \
              deletes the setting: PutBucketLogging with an empty body switches it off.",
        console: "1. Amazon S3 › the bucket › Properties › Server access logging › Edit.
2. Choose «Enable» and a log bucket in the same region and account; S3 offers to add the statement that its policy needs.
",
        cli: r#"aws s3api put-bucket-logging --bucket example-data --bucket-logging-status \
  '{"LoggingEnabled":{"TargetBucket":"example-logs","TargetPrefix":"example-data/"}}'
"#,
        terraform: r#"resource "aws_s3_bucket_logging" "example" {
  bucket        = aws_s3_bucket.example.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "example/"
}
"#,
        cloudformation: "Bucket:
  Type: AWS::S3::Bucket
  Properties:
    LoggingConfiguration:
      DestinationBucketName: !Ref LogBucket
      LogFilePrefix: example/
",
        cdk: "new s3.Bucket(this, 'Bucket', {
  serverAccessLogsBucket: logBucket,
  serverAccessLogsPrefix: 'example/',
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.9" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-2(4), AC-4(26), AC-6(9), AU-10, AU-12, AU-2, AU-3, AU-6(3), AU-6(4), CA-7, SC-7(9), SI-3(8), \
                  SI-4(20), SI-7(8)",
        },
        Framework {
            name: "PCI DSS v4.0",
            ids: "10.2.1.1, 10.2.1.2, 10.2.1.3, 10.2.1.4, 10.2.1.5, 10.2.1.6, 10.2.1.7, 10.2.2",
        },
        Framework { name: "AWS Config", ids: "S3_BUCKET_LOGGING_ENABLED" },
    ],
    options: &[
        OptionSpec {
            name: "target-bucket",
            default: r#""""#,
            doc: "The bucket a correction logs to, for example `logs-{account}-{region}`; without one the control is only \
                  told.",
        },
        OptionSpec {
            name: "target-prefix",
            default: r#""{bucket}/""#,
            doc: "The prefix a correction logs under; {bucket}, {account} and {region} are filled in.",
        },
        OptionSpec {
            name: "log-store-tag",
            default: r#""rectify:log-store=true""#,
            doc: "A bucket with this tag (`key` or `key=value`) receives logs and needs none of its own.",
        },
    ],
};

pub(super) const OFF_RULE: Rule =
    Rule { control: &OFF, needs: &[Read::Logging, Read::Tags], judge: Judge::Bucket(off) };

fn off(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let rules = &rules.logging;
    let target = rules.target_at(&facts.place);
    // A bucket that logs to itself grows with every log it writes.
    if target.as_ref() == Some(&facts.bucket) || facts.tags.known().is_some_and(|tags| rules.log_store.matches(tags)) {
        return None;
    }
    let subject = format!("access logging of bucket {}", facts.bucket);
    match &facts.logging {
        Fact::Known(Some(_)) => return None,
        Fact::Known(None) => {}
        unknown => return blind(&OFF, &subject, unknown, Read::Logging),
    }
    if let Some(found) = blind(&OFF, &subject, &facts.tags, Read::Tags) {
        return Some(found);
    }
    let mut summary = format!("{subject} is off");
    let change = target.map(|target| {
        let prefix = rules.prefix_of(&facts.bucket, &facts.place);
        let to = Logging { bucket: target.to_string(), prefix, key_format: None, grants: Vec::new() };
        Change::PutLogging(Some(to))
    });
    if change.is_none() {
        summary.push_str("; no bucket to log to is configured (option `target-bucket`)");
    }
    live(&OFF, summary, vec![Evidence::new("logging", "off")], change.into_iter().collect())
}
