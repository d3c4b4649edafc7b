//! Log file validation.

use super::{
    Change, Facts, Rules,
    book::{Found, live, on_trail},
};
use crate::{Action, Control, Evidence, Framework, Guidance, Severity};

pub(super) const OFF: Control = Control {
    id: "cloudtrail-log-validation-off",
    title: "Log files of the trail are not validated",
    severity: Severity::Low,
    action: Action::Correct,
    breach: "`LogFileValidationEnabled` is off: nobody can prove that a log file in the bucket is the one CloudTrail wrote.",
    correction: "Switches log file validation on. Files of the time without it stay unproven. An undo switches it off.",
    disruption: "None. Digest files are a few kilobytes an hour.",
    guidance: Guidance {
        why: "With validation on, CloudTrail signs a digest of its log files every hour. Who changes or deletes one to hide something \
              is found out with `aws cloudtrail validate-logs`.",
        console: "1. Open CloudTrail, Trails, and choose the trail.\n2. Under General details choose Edit.\n3. Under Additional settings \
                  tick Log file validation, and save.\n",
        cli: "aws cloudtrail update-trail --name main --enable-log-file-validation\n",
        terraform: r#"resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = aws_s3_bucket.trail.id
  is_multi_region_trail      = true
  kms_key_id                 = aws_kms_key.trail.arn
  enable_log_file_validation = true
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
    KMSKeyId: !GetAtt TrailKey.Arn
    EnableLogFileValidation: true
",
        cdk: "new cloudtrail.Trail(this, 'Trail', {
  trailName: 'main',
  isMultiRegionTrail: true,
  encryptionKey: trailKey,
  enableFileValidation: true,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "CloudTrail.4" },
        Framework { name: "CIS AWS v3.0", ids: "3.2" },
        Framework { name: "CIS AWS v5.0", ids: "3.2" },
        Framework { name: "NIST 800-53 r5", ids: "AU-9, SI-4, SI-7(1), SI-7(3), SI-7(7)" },
        Framework { name: "PCI DSS v4.0", ids: "10.3.2, 10.3.3, 10.3.4, A1.2.1" },
        Framework { name: "AWS Config", ids: "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED" },
    ],
    options: &[],
};

pub(super) fn judge(facts: &Facts, _: &Rules) -> Option<Found> {
    on_trail(&OFF, facts, |facts, settings| {
        if settings.validation {
            return None;
        }
        let summary = format!("log files of trail {} are not validated", facts.trail);
        live(&OFF, summary, vec![Evidence::new("validation", "off")], vec![Change::Validation(true)])
    })
}
