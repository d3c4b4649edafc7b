//! Bucket policies that let everyone in.

use std::collections::BTreeSet;

use rectify_policy::{Assessment, Policy, Service, StatementAssessment, TrustZone, Verdict, assess};

use super::{
    BlockFlags, BucketFacts, Change, Read, Rules,
    book::{Judge, Rule},
    verdict::{BUCKET_BLOCK, Found, blind, live, neutralised, put_block, shield, unverifiable},
};
use crate::{AccountId, Action, Control, Evidence, Fact, Framework, Guidance, Severity, Trust};

pub(super) const PUBLIC: Control = Control {
    id: "s3-bucket-public-policy",
    title: "Bucket policy grants access to everyone",
    severity: Severity::Critical,
    action: Action::Correct,
    breach: "The bucket policy is public in S3's written meaning (S3 user guide, \"The meaning of public\"), or in fact open \
             to everyone although that text does not say so, and RestrictPublicBuckets is off for bucket and account. Under \
             RestrictPublicBuckets it is told as neutralised. Public although it looks narrowed: wildcards in the \
             value of a condition (`StringLike` `aws:SourceVpc` `vpc-*`), `aws:SourceIp` wider than /8 (IPv4) or /32 \
             (IPv6), federated principals, and `Principal` `*` with only `aws:Referer`, `aws:UserAgent` or \
             `aws:SecureTransport`. Not public: fixed accounts, roles and service principals, `aws:PrincipalOrgID`, \
             fixed VPCs and endpoints, CloudFront origin access control. The text of the policy decides. AWS's own \
             status (GetBucketPolicyStatus) is a second opinion: it never clears a policy, and when only AWS calls \
             the policy public, that is told as unverifiable and not corrected.",
    correction: "Switches BlockPublicPolicy and RestrictPublicBuckets on in the bucket's public access block, keeping the \
                 flags that are on, and then writes the policy without its public statements, or deletes it when none \
                 is left; every other statement stays as it is, so that its cross-account grants work again. When \
                 S3's written meaning does not call the policy public, the block would have no effect and only the \
                 policy is written. An undo brings the flags back first and then the policy's old text. When the \
                 bucket's own flags cannot be read, only the policy is written.",
    disruption: "Anonymous access ends, so a public web site or download area goes dark. Between the two steps \
                 RestrictPublicBuckets cuts every cross-account access that the policy grants.",
    guidance: Guidance {
        why: "A public bucket policy is readable or writable by anyone who guesses the bucket's name. Name the accounts \
              or roles that need access, or limit `Principal` `*` with `aws:PrincipalOrgID` or a fixed VPC endpoint. Put \
              CloudFront with origin access control in front of content that has to be public.",
        console: "1. Amazon S3 › the bucket › Permissions › Bucket policy › Edit.
2. Replace `\"Principal\": \"*\"` by the roles that need access, or serve the content through CloudFront with origin access control.
3. Under «Block public access (bucket settings)» switch «Block all public access» on: S3 then refuses public policies.
",
        cli: r#"aws s3api put-bucket-policy --bucket example-data --policy '{"Version":"2012-10-17","Statement":[{"Sid":"ReadFromApp",
  "Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"s3:GetObject",
  "Resource":"arn:aws:s3:::example-data/*"}]}'
"#,
        terraform: r#"data "aws_iam_policy_document" "example" {
  statement {
    sid       = "ReadFromOurOrganization"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.example.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = ["o-a1b2c3d4e5"]
    }
  }
}

resource "aws_s3_bucket_policy" "example" {
  bucket = aws_s3_bucket.example.id
  policy = data.aws_iam_policy_document.example.json
}
"#,
        cloudformation: "BucketPolicy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: !Ref Bucket
    PolicyDocument:
      Version: '2012-10-17'
      Statement:
        - Sid: ReadFromOurOrganization
          Effect: Allow
          Principal: '*'
          Action: s3:GetObject
          Resource: !Sub '${Bucket.Arn}/*'
          Condition:
            StringEquals:
              aws:PrincipalOrgID: o-a1b2c3d4e5
",
        cdk: "bucket.addToResourcePolicy(new iam.PolicyStatement({
  sid: 'ReadFromOurOrganization',
  principals: [new iam.OrganizationPrincipal('o-a1b2c3d4e5')],
  actions: ['s3:GetObject'],
  resources: [bucket.arnForObjects('*')],
}));
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
        Framework {
            name: "AWS Config",
            ids: "S3_BUCKET_PUBLIC_READ_PROHIBITED, S3_BUCKET_PUBLIC_WRITE_PROHIBITED, \
                  S3_BUCKET_POLICY_NOT_MORE_PERMISSIVE",
        },
    ],
    options: &[],
};

pub(super) const PUBLIC_RULE: Rule = Rule {
    control: &PUBLIC,
    needs: &[Read::Policy, Read::PolicyStatus, Read::Block, Read::AccountBlock],
    judge: Judge::Bucket(public),
};

/// What closes a public policy at once.
const NEEDED: BlockFlags = BlockFlags {
    block_public_acls: false,
    ignore_public_acls: false,
    block_public_policy: true,
    restrict_public_buckets: true,
};

/// The text decides. `policy_is_public` is AWS's opinion of it: `Some(true)` alone closes what can be closed without
/// knowing the text, `Some(false)` clears nothing (it can be older than the text, and emulators guess it), and a missing
/// one takes nothing away from what the text says.
fn public(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let aws_says_public = facts.policy_is_public == Fact::Known(Some(true));
    let restricted = shield((&facts.block, BUCKET_BLOCK), &facts.account_block, |flags| flags.restrict_public_buckets);
    let text = match &facts.policy {
        Fact::Known(Some(text)) => text,
        Fact::Known(None) if !aws_says_public => return None,
        Fact::Known(None) => return disagreement(facts, restricted, "no policy was found"),
        unknown if !aws_says_public => {
            return blind(&PUBLIC, &format!("the policy of bucket {}", facts.bucket), unknown, Read::Policy);
        }
        _ => return public_unseen(facts, restricted),
    };
    let Ok(policy) = Policy::parse(text) else {
        return if aws_says_public { public_unseen(facts, restricted) } else { unparseable(&PUBLIC, facts, text) };
    };
    let assessment = assess(&policy, Service::S3, &zone(&facts.place.account, &rules.trust));
    let offending = public_statements(&assessment);
    if offending.is_empty() {
        let seen = "no statement of the policy looks public";
        return if aws_says_public { disagreement(facts, restricted, seen) } else { None };
    }
    let names: Vec<String> = offending.iter().map(|statement| name(statement)).collect();
    let mut summary = format!("the policy of bucket {} lets everyone in through {}", facts.bucket, names.join(", "));
    if facts.policy_is_public == Fact::Known(Some(false)) {
        summary.push_str("; AWS's own status does not call it public");
    }
    let evidence = evidence(&policy, &offending);
    // The block acts on what S3 calls public, and only on that.
    let s3_says_public = aws_says_public || assessment.s3.as_ref().is_some_and(|s3| s3.public);
    if let Some(by) = restricted.filter(|_| s3_says_public) {
        return neutralised(&PUBLIC, by, summary, evidence);
    }
    let mut changes = Vec::new();
    if s3_says_public {
        changes.extend(put_block(&facts.block, NEEDED));
    }
    let indices = offending.iter().map(|statement| statement.index).collect();
    changes.push(policy.without(&indices).map_or(Change::DeletePolicy, Change::PutPolicy));
    live(&PUBLIC, summary, evidence, changes)
}

/// AWS calls a policy public that we could not read: the block closes it without touching the text.
fn public_unseen(facts: &BucketFacts, restricted: Option<&'static str>) -> Option<Found> {
    let summary = format!("AWS calls the policy of bucket {} public; its text could not be read", facts.bucket);
    let evidence = vec![Evidence::new("policy status", "IsPublic")];
    match restricted {
        Some(by) => neutralised(&PUBLIC, by, summary, evidence),
        None => live(&PUBLIC, summary, evidence, put_block(&facts.block, NEEDED).into_iter().collect()),
    }
}

fn disagreement(facts: &BucketFacts, restricted: Option<&'static str>, seen: &str) -> Option<Found> {
    let summary = format!("AWS calls the policy of bucket {} public, but {seen}", facts.bucket);
    let evidence = vec![Evidence::new("policy status", "IsPublic"), Evidence::new("policy", seen)];
    match restricted {
        Some(by) => neutralised(&PUBLIC, by, summary, evidence),
        None => unverifiable(&PUBLIC, summary, evidence),
    }
}

/// A policy text that AWS stores and we cannot read.
pub(super) fn unparseable(control: &'static Control, facts: &BucketFacts, text: &str) -> Option<Found> {
    let why = Policy::parse(text).err().map_or_else(String::new, |error| error.to_string());
    let summary = format!("the policy of bucket {} cannot be judged: {why}", facts.bucket);
    unverifiable(control, summary, vec![Evidence::new("unreadable", why)])
}

/// Whom a policy may let in.
pub(super) fn zone(account: &AccountId, trust: &Trust) -> TrustZone {
    TrustZone {
        account: Some(account.clone()),
        organization: trust.organization.clone(),
        accounts: trust.accounts.clone(),
        ..TrustZone::default()
    }
}

/// The statements that S3's text or the general answer calls public.
pub(super) fn public_statements(assessment: &Assessment) -> Vec<&StatementAssessment> {
    let is_public = |s: &&StatementAssessment| s.verdict == Verdict::Public || s.s3_public == Some(true);
    assessment.statements.iter().filter(is_public).collect()
}

/// One piece of evidence per statement, with what it opens and the reason; the same statement twice counts once.
pub(super) fn evidence(policy: &Policy, statements: &[&StatementAssessment]) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    let describe = |assessed: &&StatementAssessment| {
        let statement = policy.statements.get(assessed.index);
        let resources = statement.map_or(&[][..], |statement| &statement.resources).join(", ");
        format!("{}: {} on {resources}: {}", name(assessed), assessed.actions.join(", "), assessed.reason)
    };
    statements
        .iter()
        .map(describe)
        .filter(|value| seen.insert(value.clone()))
        .map(|value| Evidence::new("statement", value))
        .collect()
}

/// How a person finds the statement.
pub(super) fn name(statement: &StatementAssessment) -> String {
    match &statement.sid {
        Some(sid) => format!("statement `{sid}`"),
        None => format!("statement {}", statement.index),
    }
}
