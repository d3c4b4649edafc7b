//! Versioning.

use super::{
    BucketFacts, Change, Read, Rules, VersioningStatus,
    book::{Judge, Rule},
    verdict::{Found, blind, live},
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, Severity};

pub(super) const OFF: Control = Control {
    id: "s3-bucket-versioning-off",
    title: "Versioning is off",
    severity: Severity::Low,
    action: Action::Guarded,
    breach: "Versioning is suspended, or was never enabled.",
    correction: "Enables versioning. An undo suspends it: AWS has no way back to «never enabled». With MFA delete on, the \
                 change needs the root user's MFA device, so the control is only told.",
    disruption: "Every overwrite and delete keeps the old version, so storage grows until a lifecycle rule expires \
                 noncurrent versions.",
    guidance: Guidance {
        why: "With versioning an overwritten or deleted object can be brought back, after a mistake as after ransomware. \
              Add a lifecycle rule for noncurrent versions to keep the cost down.",
        console: "1. Amazon S3 › the bucket › Properties › Bucket Versioning › Edit.
2. Choose «Enable», and save. Add a lifecycle rule that expires noncurrent versions.
",
        cli: r#"aws s3api put-bucket-versioning --bucket example-data --versioning-configuration Status=Enabled
"#,
        terraform: r#"resource "aws_s3_bucket_versioning" "example" {
  bucket = aws_s3_bucket.example.id

  versioning_configuration {
    status = "Enabled"
  }
}
"#,
        cloudformation: "Bucket:
  Type: AWS::S3::Bucket
  Properties:
    VersioningConfiguration:
      Status: Enabled
",
        cdk: "new s3.Bucket(this, 'Bucket', {
  versioned: true,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.14" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AU-9(2), CP-10, CP-6, CP-6(1), CP-6(2), CP-9, SC-5(2), SI-12, SI-13(5)",
        },
        Framework { name: "PCI DSS v4.0", ids: "10.3.4" },
        Framework { name: "AWS Config", ids: "S3_BUCKET_VERSIONING_ENABLED" },
    ],
    options: &[],
};

pub(super) const OFF_RULE: Rule = Rule { control: &OFF, needs: &[Read::Versioning], judge: Judge::Bucket(off) };

fn off(facts: &BucketFacts, _: &Rules) -> Option<Found> {
    let versioning = match &facts.versioning {
        Fact::Known(versioning) => versioning,
        unknown => {
            let subject = format!("versioning of bucket {}", facts.bucket);
            return blind(&OFF, &subject, unknown, Read::Versioning);
        }
    };
    let status = match versioning.status {
        Some(VersioningStatus::Enabled) => return None,
        Some(VersioningStatus::Suspended) => "suspended",
        None => "not enabled and never was",
    };
    let mut summary = format!("versioning of bucket {} is {status}", facts.bucket);
    let mut changes = Vec::new();
    if versioning.mfa_delete {
        summary.push_str("; MFA delete is on, so only the root user can change it");
    } else {
        changes.push(Change::PutVersioning(VersioningStatus::Enabled));
    }
    live(&OFF, summary, vec![Evidence::new("versioning", status)], changes)
}
