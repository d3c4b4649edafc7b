//! Bucket policies that let plain HTTP in.

use rectify_policy::{Effect, Policy, PrincipalKind, Service, Statement, assess};
use serde_json::json;

use super::{
    BucketFacts, Change, Read, Rules,
    book::{Judge, Rule},
    policy::{public_statements, unparseable, zone},
    verdict::{BUCKET_BLOCK, Found, blind, live, shield},
};
use crate::{Action, BucketName, Control, Evidence, Fact, Framework, Guidance, Place, Severity};

pub(super) const NOT_REQUIRED: Control = Control {
    id: "s3-bucket-tls-not-required",
    title: "Bucket policy does not require TLS",
    severity: Severity::Medium,
    action: Action::Correct,
    breach: "No statement of the bucket policy has Effect Deny, Principal `*` (or {\"AWS\": \"*\"}), an Action that covers \
             s3:*, a Resource that covers both the bucket and its objects, and `Bool` `aws:SecureTransport` `false` as \
             its only condition. A Deny on `s3:TlsVersion` does not replace it, because it says nothing about plain HTTP.",
    correction: "Adds one Deny statement with the Sid RectifyRequireTls to the bucket policy, or creates the policy; every \
                 other statement stays as it is. An undo brings the old text back, or deletes the policy. Only told, when \
                 AWS would refuse the new text: because it would be longer than 20 KB, because it names a deleted \
                 principal, or because it is public under a public access block.",
    disruption: "Clients that use plain HTTP get 403. S3 website endpoints speak plain HTTP only, so a bucket that is \
                 served through one needs an exemption.",
    guidance: Guidance {
        why: "Over plain HTTP anyone on the way reads the data and the signed request with it. Every AWS SDK uses HTTPS; \
              the statement makes sure that nothing else is accepted.",
        console: "1. Amazon S3 › the bucket › Permissions › Bucket policy › Edit.
2. Add a statement that denies `s3:*` to everybody on the bucket and its objects where `aws:SecureTransport` is `false`.
",
        cli: r#"aws s3api put-bucket-policy --bucket example-data --policy '{"Version":"2012-10-17","Statement":[{"Sid":"RequireTls",
  "Effect":"Deny","Principal":"*","Action":"s3:*",
  "Resource":["arn:aws:s3:::example-data","arn:aws:s3:::example-data/*"],
  "Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}'
"#,
        terraform: r#"data "aws_iam_policy_document" "example" {
  statement {
    sid       = "RequireTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.example.arn, "${aws_s3_bucket.example.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
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
        - Sid: RequireTls
          Effect: Deny
          Principal: '*'
          Action: s3:*
          Resource:
            - !GetAtt Bucket.Arn
            - !Sub '${Bucket.Arn}/*'
          Condition:
            Bool:
              aws:SecureTransport: 'false'
",
        cdk: "new s3.Bucket(this, 'Bucket', {
  enforceSSL: true,
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "S3.5" },
        Framework { name: "CIS AWS v3.0", ids: "2.1.1" },
        Framework { name: "CIS AWS v5.0", ids: "2.1.1" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-17(2), AC-4, IA-5(1), SC-12(3), SC-13, SC-23, SC-23(3), SC-7(4), SC-8, SC-8(1), SC-8(2), SI-7(6)",
        },
        Framework { name: "PCI DSS v4.0", ids: "1.2.5, 2.2.5, 2.2.7, 4.2.1, 4.2.1.1, 8.3.2" },
        Framework { name: "AWS Config", ids: "S3_BUCKET_SSL_REQUESTS_ONLY" },
    ],
    options: &[],
};

pub(super) const NOT_REQUIRED_RULE: Rule = Rule {
    control: &NOT_REQUIRED,
    needs: &[Read::Policy, Read::PolicyStatus, Read::Block, Read::AccountBlock],
    judge: Judge::Bucket(not_required),
};

/// The Sid of the statement that the correction adds; a statement that already has it is replaced.
pub(super) const SID: &str = "RectifyRequireTls";

/// The largest bucket policy (S3 user guide, "Policies and permissions": 20 KB).
const LARGEST_POLICY: usize = 20 * 1024;

fn not_required(facts: &BucketFacts, rules: &Rules) -> Option<Found> {
    let text = match &facts.policy {
        Fact::Known(text) => text.as_deref(),
        unknown => {
            let subject = format!("the policy of bucket {}", facts.bucket);
            return blind(&NOT_REQUIRED, &subject, unknown, Read::Policy);
        }
    };
    let arn = bucket_arn(&facts.bucket, &facts.place);
    let policy = match text.map(Policy::parse) {
        Some(Err(_)) => return unparseable(&NOT_REQUIRED, facts, text.unwrap_or_default()),
        Some(Ok(policy)) => Some(policy),
        None => None,
    };
    if policy.as_ref().is_some_and(|policy| requires_tls(policy, &arn)) {
        return None;
    }
    let (why, corrected) = match policy {
        None => ("there is no bucket policy", json!({"Version": "2012-10-17", "Statement": [deny(&arn)]}).to_string()),
        Some(ref policy) => ("no statement denies it", policy.with_statement(deny(&arn))),
    };
    let mut summary = format!("bucket {} accepts plain HTTP: {why}", facts.bucket);
    let mut changes = Vec::new();
    match refusal(facts, rules, policy.as_ref(), &corrected) {
        Some(why) => summary.push_str(&format!("; {why}")),
        None => changes.push(Change::PutPolicy(corrected)),
    }
    live(&NOT_REQUIRED, summary, vec![Evidence::new("policy", why)], changes)
}

/// Why AWS would refuse `corrected`, the policy with the statement added.
///
/// A public text is refused while BlockPublicPolicy is on. RestrictPublicBuckets counts as well: it leaves the public
/// statements where they are, and the flag that refuses them may be switched on before this change is made. When only AWS
/// calls the policy public, nobody corrects that, so every block that is switched on later would refuse the text.
fn refusal(facts: &BucketFacts, rules: &Rules, policy: Option<&Policy>, corrected: &str) -> Option<String> {
    if corrected.len() > LARGEST_POLICY {
        return Some("with the statement added the policy would be longer than AWS stores (20 KB)".to_owned());
    }
    let policy = policy?;
    if let Some(ghost) = deleted_principal(policy) {
        return Some(format!("the policy names the deleted principal {ghost}, so AWS refuses every new text of it"));
    }
    let assessment = assess(policy, Service::S3, &zone(&facts.place.account, &rules.trust));
    let aws_says_public = facts.policy_is_public == Fact::Known(Some(true));
    if aws_says_public && public_statements(&assessment).is_empty() {
        return Some(
            "AWS calls the policy public although no statement looks it, so a new text may be refused".to_owned(),
        );
    }
    let public = aws_says_public || assessment.s3.is_some_and(|s3| s3.public);
    let blocked = shield((&facts.block, BUCKET_BLOCK), &facts.account_block, |flags| {
        flags.block_public_policy || flags.restrict_public_buckets
    });
    blocked.filter(|_| public).map(|by| format!("the policy is public, so no new text of it can be written under {by}"))
}

/// The unique id that stands for a principal which no longer exists. S3 shows such a policy and refuses to store it again
/// (`MalformedPolicy`, invalid principal; IAM user guide, "AWS JSON policy elements: Principal").
fn deleted_principal(policy: &Policy) -> Option<String> {
    let named = |statement: &Statement| {
        statement.principals.iter().chain(statement.not_principals.iter().flatten()).cloned().collect::<Vec<_>>()
    };
    let is_unique_id = |value: &str| {
        ["AIDA", "AROA", "AGPA", "AIPA"].iter().any(|prefix| value.starts_with(prefix))
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let all = policy.statements.iter().flat_map(named);
    all.filter(|principal| principal.kind == PrincipalKind::Aws)
        .map(|principal| principal.value)
        .find(|v| is_unique_id(v))
}

fn deny(arn: &str) -> serde_json::Value {
    json!({
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

pub(super) fn bucket_arn(bucket: &BucketName, place: &Place) -> String {
    format!("arn:{}:s3:::{bucket}", place.region.partition())
}

/// Whether one statement denies plain HTTP on all of the bucket, to everyone, whatever is asked.
pub(super) fn requires_tls(policy: &Policy, bucket_arn: &str) -> bool {
    policy.statements.iter().any(|statement| denies_plain_http(statement, bucket_arn))
}

fn denies_plain_http(statement: &Statement, bucket_arn: &str) -> bool {
    let everyone = statement.not_principals.is_none()
        && statement.principals.iter().any(|p| p.kind == PrincipalKind::Aws && p.value == "*");
    let everything = statement.not_actions.is_none()
        && statement.actions.iter().any(|action| action == "*" || action.eq_ignore_ascii_case("s3:*"));
    // Two keys, a short one and one longer than any `?` pattern people write, stand for all of them.
    let keys = [format!("{bucket_arn}/k"), format!("{bucket_arn}/{}", "\u{1}".repeat(1024))];
    let covers = |name: &str| statement.resources.iter().any(|pattern| matches(pattern, name));
    let everywhere = statement.not_resources.is_none() && covers(bucket_arn) && keys.iter().all(|key| covers(key));
    let only_condition = match statement.conditions.as_slice() {
        [only] => {
            only.operator.eq_ignore_ascii_case("Bool")
                && only.key.eq_ignore_ascii_case("aws:SecureTransport")
                && !only.values.is_empty()
                && only.values.iter().all(|value| value.eq_ignore_ascii_case("false"))
        }
        _ => false,
    };
    statement.effect == Effect::Deny && everyone && everything && everywhere && only_condition
}

/// Wildcard match as in policies: `*` is any text, `?` one character. Linear in the text for each `*`.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(first) = pieces.next() else { return false };
    let Some(mut rest) = strip(first, text) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        let mut tails = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        let found = tails.find_map(|at| strip(piece, rest.get(at..)?).filter(|tail| !last || tail.is_empty()));
        match found {
            Some(tail) => rest = tail,
            None => return false,
        }
    }
    true
}

/// What follows `piece` at the start of `text`.
fn strip<'a>(piece: &str, text: &'a str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in piece.chars() {
        let found = rest.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Policy, matches, requires_tls};

    #[test]
    fn wildcards_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "anything at all", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*c", "abcd", false),
            ("*bc*", "abcd", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("*ab", "aab", true),
            ("*a*a", "a", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "ä", true),
            ("*?", "", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern:?} on {text:?}");
        }
    }

    /// AWS refuses both elements of a pair in one statement; if it ever did not, the narrower one would count.
    #[test]
    fn a_not_element_never_passes() {
        let with = |extra: &str| {
            let text = format!(
                r#"{{"Statement":{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",{extra}
                   "Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}}}"#
            );
            requires_tls(&Policy::parse(&text).unwrap(), "arn:aws:s3:::example-data")
        };
        assert!(with(""));
        assert!(!with(r#""NotAction":"s3:GetObject","#));
        assert!(!with(r#""NotResource":"arn:aws:s3:::example-data/a","#));
        assert!(!with(r#""NotPrincipal":{"AWS":"111122223333"},"#));
    }
}
