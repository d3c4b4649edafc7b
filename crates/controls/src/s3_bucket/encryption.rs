//! Default encryption that is weaker than required.

use super::{
    BucketFacts, Change, Encryption, EncryptionRules, Read, Rules,
    book::{Judge, Rule},
    verdict::{Found, blind, live},
};
use crate::{AccountId, Action, Control, Evidence, Fact, Framework, Guidance, OptionSpec, Place, Severity};

pub(super) const NOT_REQUIRED: Control = Control {
    id: "s3-bucket-encryption-not-required-kms",
    title: "Default encryption is not the required one",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "The bucket's default encryption algorithm is none of `required-algorithms`, or its KMS key is the AWS managed \
             key (aws/s3, also when no key is named) or none of `allowed-keys`. SSE-S3 (AES256) is the floor on every \
             bucket since January 2023, so «not encrypted» does not exist any more. Not a breach: a bucket tagged as a log \
             store, because ELB and S3 deliver their logs with SSE-S3 only, and a bucket without bucket keys, which is a \
             matter of cost.",
    correction: "Sets the default encryption to the required algorithm with the key of the option `key`; never to a weaker \
                 algorithm than the bucket has. Without the option the control is only told. Objects that exist stay as \
                 they are. An undo brings the old rule back.",
    disruption: "Writers without kms:GenerateDataKey and readers without kms:Decrypt on the key fail for new objects, and \
                 KMS requests cost money.",
    guidance: Guidance {
        why: "With a customer managed key, reading the data takes a second permission, every use is in CloudTrail, and \
              disabling the key locks the data at once. SSE-S3 has none of that: whoever may read the object can.",
        console: "1. Amazon S3 › the bucket › Properties › Default encryption › Edit.
2. Choose «Server-side encryption with AWS Key Management Service keys (SSE-KMS)» and the key of your team.
3. Leave «Bucket Key» on, and save.
",
        cli: r#"aws s3api put-bucket-encryption --bucket example-data --server-side-encryption-configuration \
  '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"alias/buckets"},"BucketKeyEnabled":true}]}'
"#,
        terraform: r#"resource "aws_s3_bucket_server_side_encryption_configuration" "example" {
  bucket = aws_s3_bucket.example.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.example.arn
    }
  }
}
"#,
        cloudformation: "Bucket:
  Type: AWS::S3::Bucket
  Properties:
    BucketEncryption:
      ServerSideEncryptionConfiguration:
        - BucketKeyEnabled: true
          ServerSideEncryptionByDefault:
            SSEAlgorithm: aws:kms
            KMSMasterKeyID: !GetAtt Key.Arn
",
        cdk: "new s3.Bucket(this, 'Bucket', {
  encryption: s3.BucketEncryption.KMS,
  encryptionKey: key,
  bucketKeyEnabled: true,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.17" },
        Framework { name: "PCI DSS v4.0", ids: "8.3.2" },
        Framework { name: "AWS Config", ids: "S3_DEFAULT_ENCRYPTION_KMS, S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED" },
    ],
    options: &[
        OptionSpec {
            name: "required-algorithms",
            default: r#"["aws:kms", "aws:kms:dsse"]"#,
            doc: "Algorithms that are good enough; with `AES256` among them every algorithm is.",
        },
        OptionSpec {
            name: "allowed-keys",
            default: "[]",
            doc: "KMS keys that are good enough (ARN, id or `alias/` name; `aws/s3` for the AWS managed key); an empty \
                  list accepts every customer managed key.",
        },
        OptionSpec {
            name: "key",
            default: r#""""#,
            doc: "The key a correction sets, an ARN or an `alias/` name that exists in each account and region; without \
                  one the control is only told.",
        },
        OptionSpec {
            name: "log-store-tag",
            default: r#""rectify:log-store=true""#,
            doc: "A bucket with this tag (`key` or `key=value`) receives logs and may use SSE-S3.",
        },
    ],
};

pub(super) const NOT_REQUIRED_RULE: Rule =
    Rule { control: &NOT_REQUIRED, needs: &[Read::Encryption, Read::Tags], judge: Judge::Bucket(not_required) };

/// Every algorithm of `PutBucketEncryption`, from weak to strong.
pub(super) const ALGORITHMS: &[&str] = &["AES256", "aws:kms", "aws:kms:dsse"];

fn not_required(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let rules = &rules.encryption;
    if facts.tags.known().is_some_and(|tags| rules.log_store.matches(tags)) {
        return None;
    }
    let subject = format!("default encryption of bucket {}", facts.bucket);
    let rule = match &facts.encryption {
        Fact::Known(rule) => rule.as_ref(),
        unknown => return blind(&NOT_REQUIRED, &subject, unknown, Read::Encryption),
    };
    let algorithm = rule.map_or("AES256", |rule| rule.algorithm.as_str());
    let key = rule.and_then(|rule| rule.key.as_deref());
    let mut evidence = Vec::new();
    if !algorithm_allowed(algorithm, rules) {
        evidence.push(Evidence::new("algorithm", algorithm));
    }
    if is_kms(algorithm) && !key_allowed(key, rules, Some(&facts.place.account)) {
        evidence.push(Evidence::new("key", key.unwrap_or(AWS_MANAGED)));
    }
    if evidence.is_empty() {
        return None;
    }
    if let Some(found) = blind(&NOT_REQUIRED, &subject, &facts.tags, Read::Tags) {
        return Some(found);
    }
    let mut summary = format!("{subject} is {algorithm}");
    if is_kms(algorithm) {
        summary.push_str(&format!(" with key {}", key.unwrap_or(AWS_MANAGED)));
    }
    let change = corrected(rule, rules, &facts.place);
    match (&change, &rules.key) {
        (Some(_), _) => {}
        (None, None) => summary.push_str("; no key to set is configured (option `key`)"),
        (None, Some(_)) => {
            summary.push_str("; the configured key is in another region, or setting it would weaken the encryption");
        }
    }
    live(&NOT_REQUIRED, summary, evidence, change.map(Change::PutEncryption).into_iter().collect())
}

fn is_kms(algorithm: &str) -> bool {
    algorithm.starts_with("aws:kms")
}

fn algorithm_allowed(algorithm: &str, rules: &EncryptionRules) -> bool {
    rules.required.iter().any(|required| required == algorithm || (required == "AES256" && is_kms(algorithm)))
}

const AWS_MANAGED: &str = "aws/s3";

/// Whether a KMS rule with `key` names a key that is good enough for a bucket of `account`.
pub(super) fn key_allowed(key: Option<&str>, rules: &EncryptionRules, account: Option<&AccountId>) -> bool {
    let key = match key {
        Some(key) if !key.ends_with("alias/aws/s3") => key,
        _ => AWS_MANAGED,
    };
    if rules.allowed_keys.is_empty() {
        key != AWS_MANAGED || rules.required.iter().any(|required| required == "AES256")
    } else {
        rules.allowed_keys.iter().any(|allowed| same_key(allowed, key, account))
    }
}

/// Whether two names mean one key. An id or alias without an account means the bucket's own account, so that a stranger's
/// alias of the same name is another key.
fn same_key(allowed: &str, key: &str, account: Option<&AccountId>) -> bool {
    match (split(allowed), split(key)) {
        ((Some(_), _), (Some(_), _)) | ((None, _), (None, _)) => allowed == key,
        ((Some(owner), left), (None, right)) | ((None, left), (Some(owner), right)) => {
            left == right && account.is_none_or(|account| account.as_str() == owner)
        }
    }
}

/// The account, when the key is an ARN, and the key's id or its alias with `alias/`.
fn split(key: &str) -> (Option<&str>, &str) {
    let mut parts = key.splitn(6, ':');
    match (parts.next(), parts.nth(3), parts.next()) {
        (Some("arn"), Some(account), Some(resource)) => {
            (Some(account), resource.strip_prefix("key/").unwrap_or(resource))
        }
        _ => (None, key),
    }
}

/// The rule that puts it right; `None` without a key to set, when the key is of another region, or when it would weaken
/// what the bucket has, including any algorithm that is newer than this release.
fn corrected(now: Option<&Encryption>, rules: &EncryptionRules, place: &Place) -> Option<Encryption> {
    let key = rules.key.as_ref()?;
    if key.starts_with("arn:") && key.split(':').nth(3) != Some(place.region.as_str()) {
        return None;
    }
    let strength = |name: &str| ALGORITHMS.iter().position(|known| *known == name);
    let algorithm = match now {
        Some(now) if is_kms(&now.algorithm) && algorithm_allowed(&now.algorithm, rules) => &now.algorithm,
        _ => rules.required.iter().find(|name| is_kms(name))?,
    };
    let current = now.map_or("AES256", |now| now.algorithm.as_str());
    if strength(algorithm)? < strength(current)? {
        return None;
    }
    let bucket_key = match now {
        // Bucket keys do not exist for dual-layer encryption (S3 user guide, "Using DSSE-KMS").
        _ if algorithm == "aws:kms:dsse" => None,
        Some(now) if is_kms(&now.algorithm) => now.bucket_key,
        _ => Some(true),
    };
    Some(Encryption { algorithm: algorithm.clone(), key: Some(key.clone()), bucket_key })
}
