//! Encryption of log files with a key of our own.

use super::{
    Change, Facts, Rules,
    book::{Found, live, on_trail},
};
use crate::{Action, Control, Evidence, Framework, Guidance, OptionSpec, Severity};

pub(super) const NOT_ENCRYPTED: Control = Control {
    id: "cloudtrail-not-kms-encrypted",
    title: "Log files of the trail are not encrypted with a KMS key",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "The trail names no KMS key (`KmsKeyId`). S3 still encrypts its files with keys of its own, which everybody can use who \
             may read the bucket.",
    correction: "Sets the key that the trail had when it was last well, or the one in `key`. Without either the control is only \
                 told. AWS refuses a key whose policy does not let `cloudtrail.amazonaws.com` use it. An undo takes the key away \
                 again. Log files that are there stay as they are.",
    disruption: "Who reads the log files needs `kms:Decrypt` on the key. Every use of it costs a request to KMS.",
    guidance: Guidance {
        why: "With a key of its own, reading the log takes two permissions instead of one, and every reading is itself on record. Make \
              the key in the account of the logs and let only CloudTrail encrypt with it.",
        console: "1. Open CloudTrail, Trails, and choose the trail.\n2. Under General details choose Edit.\n3. Tick Log file SSE-KMS \
                  encryption, choose the key, and save.\n",
        cli: "aws cloudtrail update-trail --name main --kms-key-id alias/trail\n",
        terraform: r#"resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = aws_s3_bucket.trail.id
  is_multi_region_trail      = true
  enable_log_file_validation = true
  kms_key_id                 = aws_kms_key.trail.arn # its policy lets cloudtrail.amazonaws.com use kms:GenerateDataKey*
}
"#,
        cloudformation: "Trail:
  Type: AWS::CloudTrail::Trail
  DependsOn: TrailBucketPolicy
  Properties:
    TrailName: main
    S3BucketName: !Ref TrailBucket
    IsLogging: true
    IsMultiRegionTrail: true
    IncludeGlobalServiceEvents: true
    EnableLogFileValidation: true
    KMSKeyId: !GetAtt TrailKey.Arn
",
        cdk: "const trailKey = new kms.Key(this, 'TrailKey', { enableKeyRotation: true });
trailKey.grantEncrypt(new iam.ServicePrincipal('cloudtrail.amazonaws.com'));
new cloudtrail.Trail(this, 'Trail', {
  trailName: 'main',
  isMultiRegionTrail: true,
  enableFileValidation: true,
  encryptionKey: trailKey,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "CloudTrail.2" },
        Framework { name: "CIS AWS v3.0", ids: "3.5" },
        Framework { name: "CIS AWS v5.0", ids: "3.5" },
        Framework { name: "NIST 800-53 r5", ids: "AU-9, CA-9(1), CM-3(6), SC-13, SC-28, SC-28(1), SC-7(10), SI-7(6)" },
        Framework { name: "PCI DSS v4.0", ids: "8.3.2, 10.3.2, 10.3.3, 10.3.4, A1.2.1" },
        Framework { name: "AWS Config", ids: "CLOUD_TRAIL_ENCRYPTION_ENABLED" },
    ],
    options: &[OptionSpec {
        name: "key",
        default: r#""""#,
        doc: "The key a correction sets where rectify has seen none: an ARN or an `alias/` name, with {account} and {region} filled \
              in.",
    }],
};

pub(super) fn judge(facts: &Facts, rules: &Rules) -> Option<Found> {
    on_trail(&NOT_ENCRYPTED, facts, |facts, settings| {
        if settings.key.is_some() {
            return None;
        }
        let mut summary = format!("log files of trail {} are not encrypted with a KMS key", facts.trail);
        let kept = facts.kept.as_ref().and_then(|kept| kept.settings.key.clone());
        let key = kept.or_else(|| rules.key_at(&facts.place));
        if key.is_none() {
            summary.push_str("; no key to use is configured (option `key`)");
        }
        let changes = key.map(|key| Change::Key(Some(key)));
        live(&NOT_ENCRYPTED, summary, vec![Evidence::new("key", "none")], changes.into_iter().collect())
    })
}
