//! Public access blocks of bucket and account.

use super::{
    AccountFacts, BlockFlags, BlockProfile, BucketFacts, Change, Read, Rules,
    book::{Judge, Rule},
    verdict::{Found, blind, live, off, put_block},
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, OptionSpec, Severity};

pub(super) const BUCKET: Control = Control {
    id: "s3-bucket-block-public-access-off",
    title: "Block Public Access is not fully on for the bucket",
    severity: Severity::High,
    action: Action::Correct,
    breach: "The bucket's public access block is absent or has one of its four flags off. With `profile = \"effective\"` a \
             flag that the account's block has on counts as on, as it does for S3; with `\"strict\"` only the \
             bucket's own flags count, as for Security Hub S3.8. An account block that cannot be read counts as off.",
    correction: "Switches all four flags of the bucket's public access block on. An undo brings the old flags back, or \
                 deletes the block when there was none.",
    disruption: "Public ACLs and public policies of the bucket lose their effect and new ones are refused. While a policy \
                 is public, every cross-account access it grants is cut too.",
    guidance: Guidance {
        why: "The block is the safety net under ACLs and policies: with it, one wrong grant does not open the bucket. \
              Every new bucket starts with all four flags on (since April 2023); leave them on.",
        console: "1. Amazon S3 › the bucket › Permissions › Block public access (bucket settings) › Edit.
2. Switch «Block all public access» on, save, and type `confirm`.
",
        cli: r#"aws s3api put-public-access-block --bucket example-data --public-access-block-configuration \
  BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
"#,
        terraform: r#"resource "aws_s3_bucket_public_access_block" "example" {
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
    PublicAccessBlockConfiguration:
      BlockPublicAcls: true
      IgnorePublicAcls: true
      BlockPublicPolicy: true
      RestrictPublicBuckets: true
",
        cdk: "new s3.Bucket(this, 'Bucket', {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.8" },
        Framework { name: "CIS AWS v3.0", ids: "2.1.4" },
        Framework { name: "CIS AWS v5.0", ids: "2.1.4" },
        Framework { name: "NIST 800-53 r5", ids: NIST },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 3.5.1.3, 10.3.2, 10.3.3" },
        Framework { name: "AWS Config", ids: "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED" },
    ],
    options: &[OptionSpec {
        name: "profile",
        default: r#""effective""#,
        doc: "`effective` accepts a flag that the account's block has on; `strict` wants all four on the bucket itself.",
    }],
};

const NIST: &str = "AC-21, AC-3, AC-3(7), AC-4, AC-4(21), AC-6, SC-7, SC-7(11), SC-7(16), SC-7(20), SC-7(21), SC-7(3), \
                    SC-7(4), SC-7(9)";

pub(super) const BUCKET_RULE: Rule =
    Rule { control: &BUCKET, needs: &[Read::Block, Read::AccountBlock], judge: Judge::Bucket(bucket) };

fn bucket(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let account = facts.account_block.known().copied().flatten().unwrap_or_default();
    let counted = match rules.profile {
        BlockProfile::Effective => account,
        BlockProfile::Strict => BlockFlags::default(),
    };
    let own = match &facts.block {
        Fact::Known(own) => own,
        // The bucket's flags cannot make worse what the account has on.
        _ if counted == BlockFlags::ALL => return None,
        unknown => {
            let subject = format!("the public access block of bucket {}", facts.bucket);
            return blind(&BUCKET, &subject, unknown, Read::Block);
        }
    };
    let missing = off(own.unwrap_or_default().or(counted));
    if missing.is_empty() {
        return None;
    }
    let summary = match own {
        None => format!("bucket {} has no public access block", facts.bucket),
        Some(_) => format!("the public access block of bucket {} has {} off", facts.bucket, missing.join(", ")),
    };
    let changes = put_block(&facts.block, BlockFlags::ALL).into_iter().collect();
    live(&BUCKET, summary, flags(own.is_none(), &missing), changes)
}

fn flags(absent: bool, missing: &[&str]) -> Vec<Evidence> {
    let absent = absent.then(|| Evidence::new("block", "absent"));
    absent.into_iter().chain(missing.iter().map(|flag| Evidence::new("flag", format!("{flag} is off")))).collect()
}

pub(super) const ACCOUNT: Control = Control {
    id: "s3-account-block-public-access-off",
    title: "Block Public Access is not fully on for the account",
    severity: Severity::High,
    action: Action::Guarded,
    breach: "The account's public access block is absent or has one of its four flags off. It covers all buckets and \
             access points of the account in all regions.",
    correction: "Switches all four flags of the account's block on. An undo brings the old flags back, or deletes the \
                 block when there was none. Where an S3 policy of the organisation manages the block, AWS refuses the call \
                 with 403: then the organisation already decides.",
    disruption: "Takes down every intentionally public bucket of the account at once. Acts only when the settings switch \
                 the control on by name.",
    guidance: Guidance {
        why: "With the block on the account nobody can open a bucket by mistake, whatever its own settings are. Keep \
              content that has to be public behind CloudFront with origin access control, or in an account of its own.",
        console: "1. Amazon S3 › Block Public Access settings for this account › Edit.
2. Switch «Block all public access» on, save, and type `confirm`.
",
        cli: r#"aws s3control put-public-access-block --account-id 111122223333 --public-access-block-configuration \
  BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
"#,
        terraform: r#"resource "aws_s3_account_public_access_block" "this" {
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}
"#,
        cloudformation: "# CloudFormation has no resource for the account's block. Set it once per account with
#   aws s3control put-public-access-block --account-id 111122223333 --public-access-block-configuration \\
#     BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
# or for the whole organisation with an S3 policy:
OrganizationS3Policy:
  Type: AWS::Organizations::Policy
  Properties:
    Name: block-public-access
    Type: S3_POLICY
    TargetIds:
      - r-ab12
    Content:
      s3_attributes:
        public_access_block_configuration:
          '@@assign': all
",
        cdk: "const flags = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};
const call = {
  service: 'S3Control',
  action: 'putPublicAccessBlock',
  parameters: { AccountId: this.account, PublicAccessBlockConfiguration: flags },
  physicalResourceId: cr.PhysicalResourceId.of('account-public-access-block'),
};
new cr.AwsCustomResource(this, 'AccountPublicAccessBlock', {
  onCreate: call,
  onUpdate: call,
  policy: cr.AwsCustomResourcePolicy.fromStatements([
    new iam.PolicyStatement({ actions: ['s3:PutAccountPublicAccessBlock'], resources: ['*'] }),
  ]),
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.1" },
        Framework { name: "CIS AWS v3.0", ids: "2.1.4" },
        Framework { name: "CIS AWS v5.0", ids: "2.1.4" },
        Framework { name: "NIST 800-53 r5", ids: NIST },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 3.5.1.3, 10.3.2, A1.1.2" },
        Framework {
            name: "AWS Config",
            ids: "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC, S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS",
        },
    ],
    options: &[],
};

pub(super) const ACCOUNT_RULE: Rule =
    Rule { control: &ACCOUNT, needs: &[Read::AccountBlock], judge: Judge::Account(account) };

fn account(facts: &AccountFacts, _: &Rules) -> Option<Found> {
    let subject = format!("the public access block of account {}", facts.place.account);
    let own = match &facts.block {
        Fact::Known(own) => own,
        unknown => return blind(&ACCOUNT, &subject, unknown, Read::AccountBlock),
    };
    let missing = off(own.unwrap_or_default());
    if missing.is_empty() {
        return None;
    }
    let summary = match own {
        None => format!("account {} has no public access block", facts.place.account),
        Some(_) => format!("{subject} has {} off", missing.join(", ")),
    };
    live(&ACCOUNT, summary, flags(own.is_none(), &missing), vec![Change::PutAccountBlock(BlockFlags::ALL)])
}
