//! Data that leaves to accounts we do not trust: grants in the bucket policy, and replication.

use std::collections::BTreeSet;

use rectify_policy::{Policy, Reason, Service, StatementAssessment, Verdict, assess};

use super::{
    BucketFacts, Read, Replication, ReplicationRule, Rules,
    book::{Judge, Rule},
    policy::{name, unparseable, zone},
    tls::matches,
    verdict::{Found, blind, live, unverifiable},
};
use crate::{AccountId, Action, Control, Evidence, Fact, Framework, Guidance, OptionSpec, Severity};

pub(super) const POLICY: Control = Control {
    id: "s3-bucket-policy-external-account",
    title: "Bucket policy grants access to a foreign account",
    severity: Severity::High,
    action: Action::Notify,
    breach: "An Allow statement of the bucket policy grants access to an account, or a whole organisation, that is neither \
             this account nor in our organisation nor in the list of trusted accounts, and no condition with fixed, \
             trusted values (`aws:PrincipalOrgID`, `aws:PrincipalAccount`, `aws:SourceOrgID`, `aws:SourceAccount`) limits \
             it. Principals of which no account is known (canonical users, CloudFront identities, unique ids such as AIDA… \
             of deleted principals) are told as unverifiable. Not a breach: the accounts from which ELB and Redshift \
             deliver logs, as long as they may only write (s3:PutObject, s3:GetBucketAcl). Statements that let \
             everyone in belong to s3-bucket-public-policy.",
    correction: "",
    disruption: "None: the control is only told, because many such grants are meant.",
    guidance: Guidance {
        why: "A grant to a foreign account is the quietest way to take data out: no public flag, no alarm. Name foreign \
              accounts in the settings (`[trust] accounts`) after a review, or limit the statement to your organisation.",
        console: "1. Amazon S3 › the bucket › Permissions › Bucket policy › Edit.
2. Under `Principal` name only roles of your own organisation, or of accounts that the settings list as trusted.
3. For a grant to everybody in the organisation, add the condition `\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\"}`.
",
        cli: r#"aws s3api put-bucket-policy --bucket example-data --policy '{"Version":"2012-10-17","Statement":[{"Sid":"ReadFromOurOrganisation",
  "Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::example-data/shared/*",
  "Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}]}'
"#,
        terraform: r#"data "aws_iam_policy_document" "example" {
  statement {
    sid       = "ReadFromPartner"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.example.arn}/shared/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::444455556666:role/reader"] # listed as trusted in the settings
    }
  }
}
"#,
        cloudformation: "BucketPolicy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: !Ref Bucket
    PolicyDocument:
      Version: '2012-10-17'
      Statement:
        - Sid: ReadFromPartner
          Effect: Allow
          Principal:
            AWS: arn:aws:iam::444455556666:role/reader # listed as trusted in the settings
          Action: s3:GetObject
          Resource: !Sub '${Bucket.Arn}/shared/*'
",
        cdk: "bucket.addToResourcePolicy(new iam.PolicyStatement({
  sid: 'ReadFromPartner',
  principals: [new iam.ArnPrincipal('arn:aws:iam::444455556666:role/reader')], // listed as trusted in the settings
  actions: ['s3:GetObject'],
  resources: [bucket.arnForObjects('shared/*')],
}));
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.6" },
        Framework { name: "NIST 800-53 r5", ids: "CA-9(1), CM-2" },
        Framework { name: "PCI DSS v4.0", ids: "7.2.1, 7.2.2, 7.2.5, 7.2.6, 7.3.1, 7.3.2, 7.3.3, 8.2.7" },
        Framework {
            name: "AWS Config",
            ids: "S3_BUCKET_BLACKLISTED_ACTIONS_PROHIBITED, S3_BUCKET_POLICY_GRANTEE_CHECK",
        },
    ],
    options: &[],
};

pub(super) const POLICY_RULE: Rule = Rule { control: &POLICY, needs: &[Read::Policy], judge: Judge::Bucket(policy) };

fn policy(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let text = match &facts.policy {
        Fact::Known(None) => return None,
        Fact::Known(Some(text)) => text,
        unknown => return blind(&POLICY, &format!("the policy of bucket {}", facts.bucket), unknown, Read::Policy),
    };
    let Ok(policy) = Policy::parse(text) else { return unparseable(&POLICY, facts, text) };
    let assessment = assess(&policy, Service::S3, &zone(&facts.place.account, &rules.trust));
    let mut foreign = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for statement in &assessment.statements {
        let Verdict::ForeignAccounts(accounts) = &statement.verdict else { continue };
        let name = name(statement);
        let actions = statement.actions.join(", ");
        let normal = |account: &AccountId| is_log_delivery(account) && only_delivers(statement);
        foreign.extend(
            accounts
                .iter()
                .filter(|account| !normal(account))
                .map(|account| format!("{name}: account {account}: {actions}")),
        );
        if let Some(organisations) = foreign_organisation(&statement.reason) {
            foreign.insert(format!("{name}: organisation {organisations}: {actions}"));
        }
        unknown.extend(statement.unmappable.iter().map(|principal| format!("{name}: {principal}: {actions}")));
    }
    let strangers = unknown.into_iter().map(|text| Evidence::new("principal of an unknown account", text));
    if foreign.is_empty() {
        let evidence: Vec<Evidence> = strangers.collect();
        let summary = format!("the policy of bucket {} grants access to principals of unknown accounts", facts.bucket);
        return if evidence.is_empty() { None } else { unverifiable(&POLICY, summary, evidence) };
    }
    let summary = format!("the policy of bucket {} grants access outside the organisation", facts.bucket);
    let evidence = foreign.into_iter().map(|text| Evidence::new("grant", text)).chain(strangers).collect();
    live(&POLICY, summary, evidence, Vec::new())
}

/// The organisations that a condition on an organisation key lets in. Grants that are limited by network, and AWS services
/// that act for anybody, name no account and are not this control's.
fn foreign_organisation(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Limited { key, values, reach: Verdict::ForeignAccounts(accounts), .. } if accounts.is_empty() => {
            let key = key.to_ascii_lowercase();
            let organisation = ["aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths"];
            organisation.contains(&key.as_str()).then(|| values.join(", "))
        }
        _ => None,
    }
}

fn only_delivers(statement: &StatementAssessment) -> bool {
    !statement.actions.is_empty()
        && statement
            .actions
            .iter()
            .all(|action| ["s3:PutObject", "s3:GetBucketAcl"].iter().any(|known| action.eq_ignore_ascii_case(known)))
}

fn is_log_delivery(account: &AccountId) -> bool {
    LOG_DELIVERY.binary_search(&account.as_str()).is_ok()
}

/// Accounts of AWS that write access logs of Elastic Load Balancing (user guide, "Enable access logs": "elb-account-id")
/// and audit logs of Redshift (management guide, "Database audit logging") in older regions; sorted.
const LOG_DELIVERY: &[&str] = &[
    "009996457667",
    "013126148197",
    "027434742980",
    "033677994240",
    "037604701340",
    "048591011584",
    "053454850223",
    "054676820928",
    "075028567923",
    "076674570225",
    "090321488786",
    "098369216593",
    "111890595117",
    "114774131450",
    "127311923021",
    "156460612806",
    "190560391635",
    "193672423079",
    "210876761215",
    "262260360010",
    "307160386991",
    "313564881002",
    "361669875840",
    "365689465814",
    "383597477331",
    "391106570357",
    "404641285394",
    "507241528517",
    "582318560864",
    "589379963580",
    "600734575887",
    "635631232127",
    "638102146993",
    "652711504416",
    "660998842044",
    "665727464434",
    "718504428378",
    "729911121831",
    "754344448648",
    "760740231472",
    "762762565011",
    "783225319266",
    "797873946194",
    "865932855811",
    "897822967062",
    "902366379725",
    "907379612154",
    "915173422425",
    "945612479654",
    "985666609251",
];

pub(super) const REPLICATION: Control = Control {
    id: "s3-bucket-replication-external",
    title: "Bucket replicates to a foreign account",
    severity: Severity::High,
    action: Action::Notify,
    breach: "An enabled replication rule names a destination account that is neither this account nor trusted. A rule that \
             names no account does not say whose the destination bucket is: told as unverifiable, unless \
             `allowed-destinations` names the bucket. Disabled rules are not a breach.",
    correction: "",
    disruption: "None: the control is only told. What has been replicated stays in the other account.",
    guidance: Guidance {
        why: "Replication copies every new object to the destination, silently and for good. Keep destinations inside the \
              organisation, name their account in the rule, and hand ownership of the replicas to it.",
        console: "1. Amazon S3 › the bucket › Management › Replication rules › Create replication rule.
2. As destination choose «a bucket in this account».
",
        cli: r#"aws s3api put-bucket-replication --bucket example-data --replication-configuration \
  '{"Role":"arn:aws:iam::111122223333:role/replication","Rules":[{"Status":"Enabled","Priority":1,"Filter":{},
  "DeleteMarkerReplication":{"Status":"Disabled"},
  "Destination":{"Bucket":"arn:aws:s3:::example-data-copy","Account":"111122223333"}}]}'
"#,
        terraform: r#"resource "aws_s3_bucket_replication_configuration" "example" {
  bucket = aws_s3_bucket.example.id
  role   = aws_iam_role.replication.arn

  rule {
    id     = "to-backup-account"
    status = "Enabled"

    destination {
      account = "222233334444"
      bucket  = "arn:aws:s3:::example-backup"

      access_control_translation {
        owner = "Destination"
      }
    }
  }
}
"#,
        cloudformation: "Bucket:
  Type: AWS::S3::Bucket
  Properties:
    VersioningConfiguration:
      Status: Enabled
    ReplicationConfiguration:
      Role: !GetAtt ReplicationRole.Arn
      Rules:
        - Id: to-backup-account
          Status: Enabled
          Prefix: ''
          Destination:
            Account: '222233334444'
            Bucket: arn:aws:s3:::example-backup
            AccessControlTranslation:
              Owner: Destination
",
        cdk: "new s3.CfnBucket(this, 'Bucket', {
  versioningConfiguration: { status: 'Enabled' },
  replicationConfiguration: {
    role: replicationRole.roleArn,
    rules: [{
      id: 'to-backup-account',
      status: 'Enabled',
      prefix: '',
      destination: {
        account: '222233334444',
        bucket: 'arn:aws:s3:::example-backup',
        accessControlTranslation: { owner: 'Destination' },
      },
    }],
  },
});
",
    },
    frameworks: &[],
    options: &[OptionSpec {
        name: "allowed-destinations",
        default: "[]",
        doc: "Names of destination buckets that are ours although the rule names no account; `*` and `?` are wildcards.",
    }],
};

pub(super) const REPLICATION_RULE: Rule =
    Rule { control: &REPLICATION, needs: &[Read::Replication], judge: Judge::Bucket(replication) };

fn replication(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let rules_of_bucket = match &facts.replication {
        Fact::Known(None) => return None,
        Fact::Known(Some(Replication { rules })) => rules,
        unknown => {
            let subject = format!("replication of bucket {}", facts.bucket);
            return blind(&REPLICATION, &subject, unknown, Read::Replication);
        }
    };
    let trusted = |id: &str| {
        id == facts.place.account.as_str() || rules.trust.accounts.iter().any(|account| account.as_str() == id)
    };
    let mut foreign = Vec::new();
    let mut unknown = Vec::new();
    for (index, rule) in rules_of_bucket.iter().enumerate().filter(|(_, rule)| rule.enabled) {
        match &rule.account {
            Some(account) if trusted(account) => {}
            Some(account) => foreign.push(describe(index, rule, &format!("of account {account}"))),
            None if is_allowed(&rule.destination, &rules.replication_destinations) => {}
            None => unknown.push(describe(index, rule, "of an account the rule does not name")),
        }
    }
    let as_evidence = |rules: Vec<String>| rules.into_iter().map(|rule| Evidence::new("rule", rule));
    if !foreign.is_empty() {
        let summary = format!("bucket {} replicates to an account outside the organisation", facts.bucket);
        live(&REPLICATION, summary, as_evidence(foreign).chain(as_evidence(unknown)).collect(), Vec::new())
    } else if unknown.is_empty() {
        None
    } else {
        let summary = format!("bucket {} replicates to a bucket of an unknown account", facts.bucket);
        unverifiable(&REPLICATION, summary, as_evidence(unknown).collect())
    }
}

fn is_allowed(destination: &str, allowed: &[String]) -> bool {
    let bucket = destination.rsplit(':').next().unwrap_or(destination);
    allowed.iter().any(|pattern| matches(pattern, bucket))
}

fn describe(index: usize, rule: &ReplicationRule, owner: &str) -> String {
    let name = rule.id.as_ref().map_or_else(|| format!("rule {index}"), |id| format!("rule `{id}`"));
    format!("{name} to {} {owner}", rule.destination)
}
