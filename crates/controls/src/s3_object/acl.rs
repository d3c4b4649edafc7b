//! An object's ACL that opens it to everyone, past the bucket's policy.

use super::{Change, Facts, Rules};
use crate::{
    Action, Control, Evidence, Fact, Finding, Framework, Guidance, Severity,
    s3_bucket::{BUCKET_BLOCK, ObjectOwnership, public_grants, shield, without_public},
    verdict::{blind, live, neutralised},
};

pub(super) const PUBLIC: Control = Control {
    id: "s3-object-public-acl",
    title: "Object ACL grants access to everyone",
    severity: Severity::High,
    action: Action::Correct,
    breach: "The object's ACL grants any permission to the group AllUsers or AuthenticatedUsers, ACLs are enabled in the bucket (object \
             ownership is not BucketOwnerEnforced) and neither the bucket nor the account ignores public ACLs (IgnorePublicAcls). With \
             IgnorePublicAcls on it is told as neutralised. An event says so only where the bucket sends its events to EventBridge or a \
             trail records data events of the bucket; a sweep looks at no objects.",
    correction: "Writes the object's ACL without the public grants; every other grant stays. An ACL with nothing else in it becomes the \
                 canned ACL `private`. An undo writes the old ACL.",
    disruption: "Anonymous readers of this object lose access.",
    guidance: Guidance {
        why: "A public ACL opens one object to the whole internet whatever the bucket's policy says, and nobody who looks at the bucket \
              sees it. Leave ACLs disabled; share a single object with a presigned URL, which ends by itself, and a web site through \
              CloudFront.",
        console: "1. Amazon S3 › the bucket › the object › Permissions › Access control list › Edit.
2. Take «Everyone (public access)» and «Authenticated users group» every permission, and save.
3. Amazon S3 › the bucket › Permissions › Object Ownership › Edit: choose «ACLs disabled (recommended)», and save.
",
        cli: r#"aws s3api put-object-acl --bucket example-data --key report.pdf --acl private
aws s3api put-bucket-ownership-controls --bucket example-data \
  --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
aws s3 presign s3://example-data/report.pdf --expires-in 3600
"#,
        terraform: r#"resource "aws_s3_bucket_ownership_controls" "example" {
  bucket = aws_s3_bucket.example.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}
"#,
        cloudformation: "Bucket:
  Type: AWS::S3::Bucket
  Properties:
    OwnershipControls:
      Rules:
        - ObjectOwnership: BucketOwnerEnforced
",
        cdk: "new s3.Bucket(this, 'Bucket', {
  objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.2" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-21, AC-3, AC-3(7), AC-4, AC-4(21), AC-6, SC-7, SC-7(11), SC-7(16), SC-7(20), SC-7(21), SC-7(3), SC-7(4), SC-7(9)",
        },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 3.5.1.3, 7.2.6, 10.3.2" },
    ],
    options: &[],
};

/// A grant that `GetObjectAcl` shows is a grant in force, so an unknown block or ownership never clears it.
pub(super) fn public(facts: &Facts, _: &Rules) -> Option<Finding<Change>> {
    if facts.ownership == Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)) {
        return None;
    }
    let acl = match &facts.acl {
        Fact::Known(acl) => acl,
        unknown => return blind(&PUBLIC, &format!("the ACL of {}", facts.object), unknown, "s3:GetObjectAcl"),
    };
    let grants = public_grants(acl);
    if grants.is_empty() {
        return None;
    }
    let summary = format!("the ACL of {} grants {}", facts.object, grants.join(" and "));
    let evidence = grants.into_iter().map(|grant| Evidence::new("grant", grant)).collect();
    if let Some(by) = shield((&facts.block, BUCKET_BLOCK), &facts.account_block, |flags| flags.ignore_public_acls) {
        return neutralised(&PUBLIC, by, summary, evidence);
    }
    live(&PUBLIC, summary, evidence, without_public(acl).map(Change::PutAcl).into_iter().collect())
}
