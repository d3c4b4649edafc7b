//! What an object holds that it should not: access keys, private keys, tokens.

use super::{About, Change, Content, Facts, Found, LeftOut, Rules, change, quarantine};
use crate::{
    Action, Control, Evidence, Fact, Finding, Guidance, OptionSpec, Place, Referral, Severity,
    access_key::{AccessKey, AccessKeyId, Exposure, KeyId},
    verdict::{blind, live, missing},
};

const GET: &str = "s3:GetObject";
const GET_INFO: &str = "sts:GetAccessKeyInfo";

/// So many keys of one object are handed on. A file with more is a collection that a person should look at, or somebody's attempt to have
/// many switched off.
const MOST_KEYS: usize = 10;

/// Said on both pages: how the guard learns of an object, and how much of it it reads.
macro_rules! reach {
    () => {
        "An event says that there is a new object only where the bucket sends its events to EventBridge, where a trail records data \
         events of the bucket, or where Macie looks at it; objects that nobody tells of, and those that were there before, are not \
         looked at, and a sweep finds none. Read are the first 32 MiB of an object in at most ten seconds, and what comes out \
         of gzip and zip up to 128 MiB, three archives deep. UTF-16, base64 and the escapes of JSON, URLs, HTML, mail and terminals are \
         read too. Not read are other compressions (7-Zip, xz, what is inside a PDF), what is encoded twice, a secret that a program \
         puts together from pieces, and formats that put texts next to each other with nothing between them (SQLite, Avro, pickles). \
         What lies behind that is not told of one by one: `rectify explain` says how far an object was read. Left out are objects in an archive storage class and \
         those under a key that only the customer has (SSE-C), which nobody can read. An object that the guard may not read is told \
         as not verifiable."
    };
}

pub(super) const ACCESS_KEY: Control = Control {
    id: "s3-object-access-key",
    title: "An object holds an AWS access key with its secret",
    severity: Severity::Critical,
    action: Action::Guarded,
    breach: concat!(
        "The object holds the id of an access key (`AKIA…`, or `ASIA…` for a temporary one) and near it a secret of \
         forty characters that looks random: within 5 lines, 16 where something calls it a secret, 96 where both say what they are. \
         Not a breach: an id alone, which opens nothing; the keys of AWS's documentation; placeholders; an object in quarantine. The secret itself is never kept, logged or shown; the id is, because \
         somebody has to switch that key off. ",
        reach!()
    ),
    correction: "Puts the object into quarantine: a statement in the bucket's policy denies everyone reading the object while it has the \
                 tag `rectify-quarantine`, and the object gets the tag. Nobody reads it then, this guard and the account's \
                 administrators included; a clean object put under the same key can be read at once. An undo puts the tags back \
                 and takes the statement away. The key itself stays as it is: whoever read the object has it. Switch it off, or \
                 let `access-key-exposed` do it, which every key of the organisation's is handed to.",
    disruption: "Whatever reads the object fails with 403 until it is replaced or let out. Acts only when the settings switch the control \
                 on by name.",
    guidance: Guidance {
        why: "A key in a file is a key that every reader of the bucket, every backup and every copy of it has, and it works from \
              anywhere until somebody switches it off. Workloads in AWS need no keys: roles give them credentials that end by \
              themselves. What must be a secret belongs into Secrets Manager.",
        console: "1. IAM › Users › the user › Security credentials: deactivate the access key that the message names, see what fails, and delete it.
2. Give the workload a role instead (IAM › Roles), or keep the secret in Secrets Manager › Store a new secret.
3. Amazon S3 › the bucket › the object: delete it, and every version that has the key in it (Show versions).
4. Amazon S3 › the bucket › Properties › Amazon EventBridge › Edit: switch it on, so that the next one is seen.
",
        cli: r#"aws iam update-access-key --user-name ci --access-key-id AKIAIOSFODNN7EXAMPLE --status Inactive
aws s3api list-object-versions --bucket example-data --prefix config/app.env
aws s3api delete-object --bucket example-data --key config/app.env --version-id EXAMPLE-VERSION
aws s3api put-bucket-notification-configuration --bucket example-data \
  --notification-configuration '{"EventBridgeConfiguration": {}}'
"#,
        terraform: r#"# A role instead of a key, and a bucket that tells of new objects.
resource "aws_iam_role" "app" {
  name = "app"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_s3_bucket_notification" "example" {
  bucket      = aws_s3_bucket.example.id
  eventbridge = true
}
"#,
        cloudformation: "Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Version: '2012-10-17'
      Statement:
        - Effect: Allow
          Principal:
            Service: ecs-tasks.amazonaws.com
          Action: sts:AssumeRole
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    NotificationConfiguration:
      EventBridgeConfiguration:
        EventBridgeEnabled: true
",
        cdk: "new iam.Role(this, 'App', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
new s3.Bucket(this, 'Bucket', { eventBridgeEnabled: true });
",
    },
    frameworks: &[],
    options: &[OptionSpec {
        name: "quarantine-readers",
        default: "[]",
        doc: "ARNs of users or roles, `*` allowed in them, that may read objects in quarantine, for example the security team's role.",
    }],
};

pub(super) const PRIVATE_KEY: Control = Control {
    id: "s3-object-private-key",
    title: "An object holds a private key or a token",
    severity: Severity::High,
    action: Action::Notify,
    breach: concat!(
        "The object holds a private key with its body (PEM, OpenSSH, PGP, PuTTY, age), a token of a well-known service (GitHub, \
         GitLab, Slack, Stripe, Google, Azure, npm, PyPI and some thirty more, by the shapes of gitleaks), or an AWS secret that \
         says whose it is without an id near it. A key that a passphrase protects is told as medium. Not a breach: a header without \
         a body, a body that is cut short or typed to fill the place, a secret beside an id out of AWS's documentation or of another \
         service with AWS's interface (MinIO, Ceph), public keys and certificates, placeholders, test keys of Stripe, an object in quarantine. The secret itself is \
         never kept, logged or shown. ",
        reach!()
    ),
    correction: "",
    disruption: "None: it is told only.",
    guidance: Guidance {
        why: "Every reader of the bucket has the key or token, and so has every copy of the object. Take it out of use where it \
              was made, then delete the object; a new one belongs into Secrets Manager, or into Parameter Store as a secure string.",
        console: "1. Where the key or token was made: revoke it, and make a new one.
2. Secrets Manager › Store a new secret: keep the new one there, and let the workload read it with its role.
3. Amazon S3 › the bucket › the object: delete it, and every version that has the secret in it (Show versions).
",
        cli: r#"aws secretsmanager create-secret --name app/deploy-key --secret-string file://deploy-key.pem
aws s3api list-object-versions --bucket example-data --prefix keys/deploy.pem
aws s3api delete-object --bucket example-data --key keys/deploy.pem --version-id EXAMPLE-VERSION
"#,
        terraform: r#"resource "aws_secretsmanager_secret" "deploy_key" {
  name = "app/deploy-key"
}
"#,
        cloudformation: "DeployKey:
  Type: AWS::SecretsManager::Secret
  Properties:
    Name: app/deploy-key
",
        cdk: "new secretsmanager.Secret(this, 'DeployKey', { secretName: 'app/deploy-key' });
",
    },
    frameworks: &[],
    options: &[OptionSpec {
        name: "ignored-rules",
        default: "[]",
        doc: "Names of the detector's rules whose findings are not told, as messages show them, for example `gcp-api-key` where web sites carry one.",
    }],
};

pub(super) fn access_key(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    if quarantine::holds(facts) {
        return None;
    }
    let content = match &facts.content {
        Fact::Known(content) => content,
        unknown => return blind(&ACCESS_KEY, &facts.object.to_string(), unknown, GET),
    };
    let found: Vec<&Found> = content.found.iter().filter(|found| found.about == About::AccessKey).collect();
    if found.is_empty() {
        return None;
    }
    let keys: Vec<&str> = content.keys.iter().map(AccessKeyId::as_str).collect();
    let whose = match keys.as_slice() {
        [key] => format!("the access key {key}"),
        [first, rest @ ..] => format!("the access key {first} and {} more", rest.len()),
        [] => "an access key".to_owned(),
    };
    let mut summary = format!("{} holds {whose} with its secret", facts.object);
    let mut evidence = evidence(content, &found);
    let owners = facts.owners.known();
    evidence.extend(content.keys.iter().map(|key| match owners.and_then(|owners| owners.get(key)) {
        Some(account) => Evidence::new("access key", format!("{key} of account {account}")),
        None => Evidence::new("access key", key.as_str()),
    }));
    if let Fact::Unreadable(_) = &facts.owners {
        evidence.extend(missing(&facts.owners, GET_INFO));
    }
    let changes: Vec<Change> = change::quarantine(facts, rules).into_iter().collect();
    if let Some(why) = quarantine::refusal(facts, rules) {
        summary.push_str(&format!("; it cannot be put into quarantine: {why}"));
    }
    live(&ACCESS_KEY, summary, evidence, changes)
}

/// The keys of users that were found, for their own guard.
pub(super) fn found_keys(facts: &Facts) -> Vec<Referral> {
    let (Some(content), Some(owners)) = (facts.content.known(), facts.owners.known()) else { return Vec::new() };
    let referral = |key: &AccessKeyId| {
        let place = Place { account: owners.get(key)?.clone(), ..facts.place.clone() };
        let exposed = Exposure::new(facts.object.to_string()).ok();
        Referral::to::<AccessKey>(&KeyId { key: key.clone(), user: None, exposed }, &place)
    };
    content.keys.iter().filter(|key| key.is_of_a_user()).take(MOST_KEYS).filter_map(referral).collect()
}

pub(super) fn private_key(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    if quarantine::holds(facts) {
        return None;
    }
    let content = match &facts.content {
        Fact::Known(content) => content,
        unknown => return blind(&PRIVATE_KEY, &facts.object.to_string(), unknown, GET),
    };
    let ours = |found: &&Found| found.about != About::AccessKey && !rules.ignored_rules.contains(&found.rule);
    let found: Vec<&Found> = content.found.iter().filter(ours).collect();
    if found.is_empty() {
        return None;
    }
    let mut names: Vec<&str> = found.iter().map(|found| found.rule.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let summary = format!("{} holds {}", facts.object, names.join(", "));
    let mut finding = live(&PRIVATE_KEY, summary, evidence(content, &found), Vec::new())?;
    if found.iter().all(|found| found.about == About::EncryptedKey) {
        finding.severity = Severity::Medium;
    }
    Some(finding)
}

/// Where each rule matched, and how much of the object is known. The same object gives the same evidence at every look.
fn evidence(content: &Content, found: &[&Found]) -> Vec<Evidence> {
    let place = |found: &&Found| {
        let member = found.member.as_ref().map(|member| format!(" of {member}")).unwrap_or_default();
        let times = if found.count == 1 { String::new() } else { format!("{} times, first ", found.count) };
        Evidence::new(&*found.rule, format!("{times}in line {}{member}", found.line))
    };
    let mut evidence: Vec<Evidence> = found.iter().map(place).collect();
    if content.read < content.size {
        evidence.push(Evidence::new("read", format!("{} of {} bytes", content.read, content.size)));
    }
    evidence.extend(content.unread.iter().map(|what| Evidence::new("not read", what)));
    evidence
}

impl LeftOut {
    /// Why nothing was read, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Archived => "it is archived",
            Self::CustomerKey => "only the customer has its key",
        }
    }
}
