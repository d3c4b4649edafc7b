//! The bucket that a trail logs to.

use super::{
    Bucket, Facts, Rules, Settings, TrailFacts,
    book::{Found, blind, live, on_trail, unverifiable},
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, OptionSpec, Severity, verdict::missing};

pub(super) const PUBLIC_OR_MISSING: Control = Control {
    id: "cloudtrail-bucket-public-or-missing",
    title: "The trail's bucket is public, missing or unknown",
    severity: Severity::Critical,
    action: Action::Notify,
    breach: "The bucket that the trail logs to is open to everyone (by its policy or its ACL, unless Block Public Access takes the \
             effect away), does not exist, or is another one than when the trail was last well and not the account's own. A bucket \
             of another account that `log-buckets` names is accepted; one that nobody named and that cannot be read is told as \
             unverifiable. Deleting a bucket wakes this control; opening one does not, because the controls of `s3-bucket` put that \
             right on the bucket itself: here it is told by sweeps and whenever the trail changes.",
    correction: "",
    disruption: "None: the control is only told.",
    guidance: Guidance {
        why: "The log says who did what and when: in a public bucket it is a map for attackers, and without a bucket there is none. \
              Keep the bucket in an account of its own, with Block Public Access on and nobody allowed to delete it.",
        console: "1. Open CloudTrail, Trails, and choose the trail; its bucket is under Trail log location.\n2. If it is missing, choose \
                  Edit and name another one.\n3. If it is public, open S3, the bucket, Permissions, and switch all four settings of \
                  Block Public Access on.\n",
        cli: "aws s3api put-public-access-block --bucket logs-123456789012 --public-access-block-configuration \
              BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true\n\
              aws cloudtrail update-trail --name main --s3-bucket-name logs-123456789012\n",
        terraform: r#"resource "aws_s3_bucket" "trail" {
  bucket = "logs-123456789012"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "trail" {
  bucket                  = aws_s3_bucket.trail.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}
"#,
        cloudformation: "TrailBucket:
  Type: AWS::S3::Bucket
  DeletionPolicy: Retain
  UpdateReplacePolicy: Retain
  Properties:
    PublicAccessBlockConfiguration:
      BlockPublicAcls: true
      IgnorePublicAcls: true
      BlockPublicPolicy: true
      RestrictPublicBuckets: true
",
        cdk: "new s3.Bucket(this, 'TrailBucket', {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  removalPolicy: cdk.RemovalPolicy.RETAIN,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "CloudTrail.6" },
        Framework { name: "AWS Config", ids: "CLOUDTRAIL_S3_BUCKET_PUBLIC_ACCESS_PROHIBITED" },
    ],
    options: &[OptionSpec {
        name: "log-buckets",
        default: "[]",
        doc: "Buckets of other accounts that trails may log to, for example `logs-{account}` or the bucket of the log archive; \
              {account} and {region} are the trail's.",
    }],
};

pub(super) fn judge(facts: &Facts, rules: &Rules) -> Option<Found> {
    match facts {
        // The account leads to the trails that are asked, where it is known which they are.
        Facts::Account(facts) => {
            let subject = format!("the buckets that trails of account {} log to", facts.place.account);
            blind(&PUBLIC_OR_MISSING, &subject, &facts.trails, "cloudtrail:DescribeTrails")
        }
        facts => on_trail(&PUBLIC_OR_MISSING, facts, |facts, settings| trail(facts, settings, rules)),
    }
}

fn trail(facts: &TrailFacts, settings: &Settings, rules: &Rules) -> Option<Found> {
    let control = &PUBLIC_OR_MISSING;
    let (trail, name) = (&facts.trail, settings.bucket.as_str());
    let evidence = |what: &str| vec![Evidence::new("bucket", name), Evidence::new("why", what)];
    let found = |what: &str| {
        let summary = format!("bucket {name}, to which trail {trail} logs, {what}");
        live(control, summary, evidence(what), Vec::new())
    };
    let bucket = match &facts.bucket {
        Fact::Known(bucket) => bucket,
        unknown => return blind(control, &format!("bucket {name} of trail {trail}"), unknown, "s3:HeadBucket"),
    };
    match bucket {
        Bucket::Missing => found("does not exist"),
        // S3 tells us nothing of it; whether it is there, CloudTrail knows.
        Bucket::Foreign if rules.names_bucket(name, &facts.place) => match &facts.status {
            Fact::Known(status) if status.delivery_error.as_deref() == Some("NoSuchBucket") => found("does not exist"),
            Fact::Known(_) => None,
            unknown => blind(control, &format!("bucket {name} of trail {trail}"), unknown, "cloudtrail:GetTrailStatus"),
        },
        Bucket::Foreign => match facts.kept.as_ref().map(|kept| kept.settings.bucket.as_str()) {
            Some(before) if before != name => found("is not this account's and not the one that stood before"),
            _ => {
                let summary = format!(
                    "bucket {name}, to which trail {trail} logs, is not this account's and cannot be judged here; name it in \
                     `log-buckets` if it is meant"
                );
                unverifiable(control, summary, evidence("is not this account's"))
            }
        },
        Bucket::Own { policy_public, acl_public, block, account_block } => {
            let on = |flag: fn(&crate::s3_bucket::BlockFlags) -> bool| {
                [block, account_block].iter().any(|block| block.known().and_then(Option::as_ref).is_some_and(flag))
            };
            let open = [
                (
                    policy_public,
                    on(|flags| flags.restrict_public_buckets),
                    "s3:GetBucketPolicyStatus",
                    "is public by its policy",
                ),
                (acl_public, on(|flags| flags.ignore_public_acls), "s3:GetBucketAcl", "is public by its ACL"),
            ];
            let open = open.into_iter().filter(|(_, blocked, ..)| !blocked);
            let mut unread = None;
            for (public, _, operation, what) in open {
                match public {
                    Fact::Known(true) => return found(what),
                    Fact::Known(false) => {}
                    unknown => unread = unread.or_else(|| missing(unknown, operation)),
                }
            }
            let unread = unread?;
            let summary = format!("bucket {name} of trail {trail} cannot be judged: {}", unread.value);
            unverifiable(control, summary, vec![unread])
        }
    }
}
