//! Bucket ACLs: open to everyone, or enabled at all.

use super::{
    Acl, BlockFlags, BucketFacts, Change, Grant, Grantee, ObjectOwnership, Read, Rules,
    book::{Judge, Rule},
    verdict::{BUCKET_BLOCK, Found, blind, live, neutralised, put_block, shield},
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, Severity};

pub(super) const PUBLIC: Control = Control {
    id: "s3-bucket-public-acl",
    title: "Bucket ACL grants access to everyone",
    severity: Severity::Critical,
    action: Action::Correct,
    breach: "The bucket ACL grants any permission (READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL) to the group AllUsers \
             or AuthenticatedUsers, ACLs are enabled (object ownership is not BucketOwnerEnforced) and neither the bucket \
             nor the account ignores public ACLs (IgnorePublicAcls). With IgnorePublicAcls on it is told as neutralised. \
             Not a breach: the group LogDelivery, grants to single accounts, and an ACL that has no effect because ACLs \
             are disabled. GetBucketAcl shows the ACL in effect, so while IgnorePublicAcls is on a public ACL can be \
             stored unseen and comes back when the flag is dropped.",
    correction: "Switches BlockPublicAcls and IgnorePublicAcls on in the bucket's public access block, keeping the flags \
                 that are on, and then writes the ACL without the public grants; every other grant stays. An ACL with nothing \
                 else in it becomes the canned ACL `private`. An undo brings \
                 the flags back first and then the ACL. When the bucket's own flags cannot be read, only the ACL is \
                 written.",
    disruption: "Anonymous readers and writers lose access, so a public web site or download area goes dark. The flags \
                 also cut public ACLs of single objects.",
    guidance: Guidance {
        why: "A grant to AllUsers opens the bucket to the whole internet, one to AuthenticatedUsers to every AWS account \
              there is. ACLs are rarely needed: leave them disabled and grant access in the bucket policy, or put \
              CloudFront with origin access control in front of content that has to be public.",
        console: "1. Amazon S3 › the bucket › Permissions › Object Ownership › Edit.
2. Choose «ACLs disabled (recommended)», and save.
3. Under «Block public access (bucket settings)» switch «Block all public access» on.
",
        cli: r#"aws s3api put-bucket-ownership-controls --bucket example-data \
  --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
aws s3api put-public-access-block --bucket example-data --public-access-block-configuration \
  BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
"#,
        terraform: r#"resource "aws_s3_bucket_ownership_controls" "example" {
  bucket = aws_s3_bucket.example.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "example" {
  bucket                  = aws_s3_bucket.example.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}
"#,
        cloudformation: "Bucket:
  Type: AWS::S3::Bucket
  Properties:
    OwnershipControls:
      Rules:
        - ObjectOwnership: BucketOwnerEnforced
    PublicAccessBlockConfiguration:
      BlockPublicAcls: true
      IgnorePublicAcls: true
      BlockPublicPolicy: true
      RestrictPublicBuckets: true
",
        cdk: "new s3.Bucket(this, 'Bucket', {
  objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.2, S3.3" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-21, AC-3, AC-3(7), AC-4, AC-4(21), AC-6, SC-7, SC-7(11), SC-7(16), SC-7(20), SC-7(21), SC-7(3), \
                  SC-7(4), SC-7(9)",
        },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 3.5.1.3, 7.2.6, 10.3.2" },
        Framework { name: "AWS Config", ids: "S3_BUCKET_PUBLIC_READ_PROHIBITED, S3_BUCKET_PUBLIC_WRITE_PROHIBITED" },
    ],
    options: &[],
};

pub(super) const PUBLIC_RULE: Rule = Rule {
    control: &PUBLIC,
    needs: &[Read::Acl, Read::Ownership, Read::Block, Read::AccountBlock],
    judge: Judge::Bucket(public),
};

/// What closes a public ACL at once.
const NEEDED: BlockFlags = BlockFlags {
    block_public_acls: true,
    ignore_public_acls: true,
    block_public_policy: false,
    restrict_public_buckets: false,
};

/// A grant that `GetBucketAcl` shows is a grant in force, so an unknown block or ownership never clears it.
fn public(facts: &BucketFacts, _: &Rules) -> Option<Found> {
    if facts.ownership == Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)) {
        return None;
    }
    let acl = match &facts.acl {
        Fact::Known(acl) => acl,
        unknown => return blind(&PUBLIC, &format!("the ACL of bucket {}", facts.bucket), unknown, Read::Acl),
    };
    let grants = public_grants(acl);
    if grants.is_empty() {
        return None;
    }
    let summary = format!("the ACL of bucket {} grants {}", facts.bucket, grants.join(" and "));
    let evidence = grants.into_iter().map(|grant| Evidence::new("grant", grant)).collect();
    if let Some(by) = shield((&facts.block, BUCKET_BLOCK), &facts.account_block, |flags| flags.ignore_public_acls) {
        return neutralised(&PUBLIC, by, summary, evidence);
    }
    let mut changes: Vec<Change> = put_block(&facts.block, NEEDED).into_iter().collect();
    changes.extend(without_public(acl).map(Change::PutAcl));
    live(&PUBLIC, summary, evidence, changes)
}

/// What the ACL grants to everyone, in words, sorted.
pub(crate) fn public_grants(acl: &Acl) -> Vec<String> {
    let mut grants: Vec<String> = acl
        .grants
        .iter()
        .filter_map(|grant| Some(format!("{} to {}", grant.permission, public_group(&grant.grantee)?)))
        .collect();
    grants.sort();
    grants.dedup();
    grants
}

/// The group's short name when it is one of the two that mean everyone (S3 user guide, "The meaning of public").
pub(super) fn public_group(grantee: &Grantee) -> Option<&'static str> {
    match grantee {
        Grantee::Group { uri } => public_uri(uri),
        _ => None,
    }
}

pub(super) fn public_uri(uri: &str) -> Option<&'static str> {
    let (_, path) = uri.trim().split_once("acs.amazonaws.com/groups/global/")?;
    ["AllUsers", "AuthenticatedUsers"].into_iter().find(|group| path.trim_end_matches('/').eq_ignore_ascii_case(group))
}

/// The ACL without its public grants. When nothing else is in it, AWS's canned `private`: not every reader of ACLs expects a
/// list without any grant, and the owner can do as much without one.
///
/// `None` when the ACL cannot be written back faithfully: `PutBucketAcl` needs the owner's id, and a grantee of a kind newer
/// than this release cannot be repeated.
pub(crate) fn without_public(acl: &Acl) -> Option<Acl> {
    let writable =
        acl.owner_id.is_some() && !acl.grants.iter().any(|grant| matches!(grant.grantee, Grantee::Unknown { .. }));
    writable.then(|| {
        let mut grants: Vec<Grant> =
            acl.grants.iter().filter(|grant| public_group(&grant.grantee).is_none()).cloned().collect();
        if let (true, Some(id)) = (grants.is_empty(), &acl.owner_id) {
            let grantee = Grantee::Canonical { id: id.clone(), name: acl.owner_name.clone() };
            grants.push(Grant { grantee, permission: "FULL_CONTROL".to_owned() });
        }
        Acl { grants, ..acl.clone() }
    })
}

pub(super) const ENABLED: Control = Control {
    id: "s3-bucket-acl-enabled",
    title: "ACLs are enabled on the bucket",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "Object ownership is ObjectWriter or BucketOwnerPreferred, or the bucket has no ownership controls, which is \
             the same as ObjectWriter.",
    correction: "Sets object ownership to BucketOwnerEnforced, which disables ACLs. AWS refuses that while the ACL grants \
                 anyone but the owner; then the control is only told, with the grants that have to move into the bucket \
                 policy first. An undo brings the old ownership back, and with it every ACL as it was.",
    disruption: "Writers that send ACL headers get `AccessControlListNotSupported`. Access that only an object's ACL \
                 granted is lost. CloudFront standard logs (legacy) need ACLs: exempt buckets that receive them.",
    guidance: Guidance {
        why: "With ACLs enabled, whoever writes an object owns it and can open it to everyone, past the bucket policy. \
              With ACLs disabled the bucket owner owns every object and only policies grant access, so there is one \
              place to look.",
        console: "1. Amazon S3 › the bucket › Permissions › Object Ownership › Edit.
2. Choose «ACLs disabled (recommended)», and save. S3 refuses it while the ACL grants access to others: take those grants away first.
",
        cli: r#"aws s3api put-bucket-acl --bucket example-data --acl private
aws s3api put-bucket-ownership-controls --bucket example-data \
  --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
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
        Framework { name: "Security Hub", ids: "S3.12" },
        Framework { name: "NIST 800-53 r5", ids: "AC-2(1), AC-3, AC-3(15), AC-3(7), AC-6" },
        Framework { name: "PCI DSS v4.0", ids: "7.2.1, 7.2.2, 7.2.5, 7.3.1, 7.3.2, 7.3.3, 8.2.7, 8.2.8" },
        Framework { name: "AWS Config", ids: "S3_BUCKET_ACL_PROHIBITED" },
    ],
    options: &[],
};

pub(super) const ENABLED_RULE: Rule =
    Rule { control: &ENABLED, needs: &[Read::Ownership, Read::Acl], judge: Judge::Bucket(enabled) };

fn enabled(facts: &BucketFacts, _: &Rules) -> Option<Found> {
    let ownership = match &facts.ownership {
        Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)) => return None,
        Fact::Known(Some(ownership)) => format!("{ownership:?}"),
        Fact::Known(None) => "not configured".to_owned(),
        unknown => {
            let subject = format!("object ownership of bucket {}", facts.bucket);
            return blind(&ENABLED, &subject, unknown, Read::Ownership);
        }
    };
    let mut summary = format!("ACLs are enabled on bucket {} (object ownership: {ownership})", facts.bucket);
    let mut evidence = vec![Evidence::new("ownership", ownership)];
    let mut changes = Vec::new();
    match &facts.acl {
        Fact::Known(acl) => {
            let others: Vec<&Grant> = acl.grants.iter().filter(|grant| !is_owner(acl, &grant.grantee)).collect();
            if others.is_empty() {
                changes.push(Change::PutOwnership(ObjectOwnership::BucketOwnerEnforced));
            } else {
                summary.push_str("; grants to others have to move into the bucket policy before ACLs can be disabled");
                evidence.extend(others.into_iter().map(|grant| Evidence::new("grant", describe(grant))));
            }
        }
        _ => summary.push_str("; the ACL could not be read, so it is not known whether they can be disabled"),
    }
    live(&ENABLED, summary, evidence, changes)
}

fn is_owner(acl: &Acl, grantee: &Grantee) -> bool {
    match (grantee, &acl.owner_id) {
        (Grantee::Canonical { id, .. }, Some(owner)) => id == owner,
        _ => false,
    }
}

fn describe(grant: &Grant) -> String {
    let grantee = match &grant.grantee {
        Grantee::Group { uri } => uri.rsplit('/').next().unwrap_or(uri),
        Grantee::Canonical { id, .. } => id,
        Grantee::Email { address } => address,
        Grantee::Unknown { kind } => kind,
    };
    format!("{} to {grantee}", grant.permission)
}
