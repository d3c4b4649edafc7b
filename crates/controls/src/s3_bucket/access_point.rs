//! Access points that let everyone in.

use rectify_policy::{Policy, Service, assess};

use super::{
    AccessPointFacts, BlockFlags, Read, Rules,
    book::{Judge, Rule},
    policy::{evidence, public_statements, zone},
    verdict::{Found, blind, live, missing, neutralised, off, shield, unverifiable},
};
use crate::{Action, Control, Evidence, Fact, Framework, Guidance, Severity};

pub(super) const PUBLIC: Control = Control {
    id: "s3-access-point-public",
    title: "Access point is open to the internet",
    severity: Severity::High,
    action: Action::Notify,
    breach: "The access point can be reached from the internet, and its policy is public (as for buckets, except that \
             `s3:DataAccessPointArn` with a wildcard name does not help) or one of the four flags of its public access block \
             is off. An access point with a VPC as its network origin is never public. When the account's block has the \
             flag on it is told as neutralised.",
    correction: "",
    disruption: "None: the control is only told. The block of an access point is fixed when it is created, so it has to be \
                 made again.",
    guidance: Guidance {
        why: "An access point is a second door to the bucket with a policy of its own. Create it with all four flags on \
              (the default), and with a VPC as its origin when only your networks need it.",
        console: "1. Amazon S3 › Access points › Create access point.
2. Choose «Virtual private cloud (VPC)» as network origin and name the VPC.
3. Leave «Block all public access» on; it cannot be changed later.
",
        cli: r#"aws s3control create-access-point --account-id 111122223333 --name example-reports --bucket example-reports \
  --vpc-configuration VpcId=vpc-0a1b2c3d4e5f67890
"#,
        terraform: r#"resource "aws_s3_access_point" "example" {
  bucket = aws_s3_bucket.example.id
  name   = "example"

  vpc_configuration {
    vpc_id = aws_vpc.example.id
  }

  public_access_block_configuration {
    block_public_acls       = true
    ignore_public_acls      = true
    block_public_policy     = true
    restrict_public_buckets = true
  }
}
"#,
        cloudformation: "AccessPoint:
  Type: AWS::S3::AccessPoint
  Properties:
    Bucket: !Ref Bucket
    VpcConfiguration:
      VpcId: !Ref Vpc
    PublicAccessBlockConfiguration:
      BlockPublicAcls: true
      IgnorePublicAcls: true
      BlockPublicPolicy: true
      RestrictPublicBuckets: true
",
        cdk: "new s3.CfnAccessPoint(this, 'AccessPoint', {
  bucket: bucket.bucketName,
  vpcConfiguration: { vpcId: vpc.vpcId },
  publicAccessBlockConfiguration: {
    blockPublicAcls: true,
    ignorePublicAcls: true,
    blockPublicPolicy: true,
    restrictPublicBuckets: true,
  },
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.19" },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 3.5.1.3, 10.3.2, A1.1.2" },
        Framework { name: "AWS Config", ids: "S3_ACCESS_POINT_PUBLIC_ACCESS_BLOCKS" },
    ],
    options: &[],
};

pub(super) const PUBLIC_RULE: Rule = Rule {
    control: &PUBLIC,
    needs: &[Read::AccessPoint, Read::AccessPointPolicy, Read::AccessPointPolicyStatus, Read::AccountBlock],
    judge: Judge::AccessPoint(public),
};

/// What the policy is, as far as it can be known.
enum Openness {
    Public(Vec<Evidence>),
    Private,
    Unknown(Evidence),
}

fn public(facts: &AccessPointFacts, rules: &Rules) -> Option<Found> {
    let subject = format!("access point {}", facts.name);
    let point = match &facts.point {
        Fact::Known(point) if point.vpc_origin => return None,
        Fact::Known(point) => point,
        unknown => return blind(&PUBLIC, &subject, unknown, Read::AccessPoint),
    };
    let own: Fact<Option<BlockFlags>> = Fact::Known(Some(point.block));
    let account = facts.account_block.known().copied().flatten().unwrap_or_default();
    let mut evidence: Vec<Evidence> =
        off(point.block).into_iter().map(|flag| Evidence::new("flag", format!("{flag} is off"))).collect();
    let uncovered = !off(point.block.or(account)).is_empty();
    let restricted = shield((&own, "the access point's public access block"), &facts.account_block, |flags| {
        flags.restrict_public_buckets
    });
    match openness(facts, rules) {
        Openness::Public(statements) => {
            let bucket = &point.bucket;
            let summary = format!("the policy of {subject} lets everyone in to bucket {bucket}");
            evidence.splice(0..0, statements);
            match restricted {
                Some(by) => neutralised(&PUBLIC, by, summary, evidence),
                None => live(&PUBLIC, summary, evidence, Vec::new()),
            }
        }
        Openness::Private | Openness::Unknown(_) if uncovered => {
            let summary = format!("the public access block of {subject} is not fully on");
            live(&PUBLIC, summary, evidence, Vec::new())
        }
        Openness::Unknown(why) => {
            let summary = format!("the policy of {subject} cannot be judged: {}", why.value);
            evidence.insert(0, why);
            unverifiable(&PUBLIC, summary, evidence)
        }
        Openness::Private if evidence.is_empty() => None,
        Openness::Private => {
            let summary = format!("the public access block of {subject} is not fully on");
            neutralised(&PUBLIC, "the account's public access block", summary, evidence)
        }
    }
}

/// The text decides; AWS's own verdict only adds to it, as for buckets.
fn openness(facts: &AccessPointFacts, rules: &Rules) -> Openness {
    let aws_says_public = facts.policy_is_public == Fact::Known(Some(true));
    let by_aws = || Openness::Public(vec![Evidence::new("policy status", "IsPublic")]);
    let text = match &facts.policy {
        _ if aws_says_public && !matches!(facts.policy, Fact::Known(Some(_))) => return by_aws(),
        Fact::Known(None) => return Openness::Private,
        Fact::Known(Some(text)) => text,
        unknown => {
            let why = missing(unknown, Read::AccessPointPolicy);
            return Openness::Unknown(why.unwrap_or_else(|| Evidence::new("unreadable", "the policy")));
        }
    };
    let policy = match Policy::parse(text) {
        Ok(policy) => policy,
        Err(_) if aws_says_public => return by_aws(),
        Err(error) => return Openness::Unknown(Evidence::new("unreadable", error.to_string())),
    };
    let assessment = assess(&policy, Service::S3AccessPoint, &zone(&facts.place.account, &rules.trust));
    let statements = public_statements(&assessment);
    if !statements.is_empty() {
        Openness::Public(evidence(&policy, &statements))
    } else if aws_says_public {
        by_aws()
    } else {
        Openness::Private
    }
}
