//! The one control: a key that is known to stand somewhere with its secret, and works.

use super::{Change, Facts, Rules, Status};
use crate::{
    Action, Control, Evidence, Fact, Finding, Guidance, OptionSpec, Severity,
    options::Options,
    verdict::{blind, live},
};

pub(super) const EXPOSED: Control = Control {
    id: "access-key-exposed",
    title: "An access key that was found with its secret works",
    severity: Severity::Critical,
    action: Action::Guarded,
    breach: "An access key of an account of the organisation was found with its secret in an object (`s3-object-access-key`), and it is \
             active. It stays a breach wherever the object is by now: whoever read it has the key. Looked at are the keys that \
             were found, up to ten of one object, and what is done to them later: a key that somebody activates again is told again. \
             Not a breach: a key that is inactive or deleted. Not looked at: keys of sessions (`ASIA…`), which end by themselves, and \
             keys of accounts that are not written down as ones of the organisation; the object's own message names them all. \
             That the secret is the key's is not proven. It could only be proven by using it, and rectify does not use what \
             it finds. AWS answers a question about a deleted key like one about somebody else's, with a refusal: such a key is told as not \
             verifiable.",
    correction: "Deactivates the key, in the account it belongs to. An undo activates it again. Told and left alone are the keys of \
                 a root user, which no other account can touch, and the keys of the account that rectify runs in, unless `own-account` says \
                 otherwise: keep those who deploy and administer rectify out of reach of a file in a bucket. The mode is that of the \
                 key's account, not of the bucket's, and so are the budget and the exemptions. A key is exempted by its `resource`, \
                 `arn:aws:iam::111122223333:access-key/AKIA…`; all keys of a user by `tags`, which are the user's, with \
                 `arn:aws:iam::*:access-key/*`, where `resource-tag-alone` is true.",
    disruption: "Whatever uses the key fails at once. **Weigh this before you switch it on:** ids of keys are no secrets, so whoever \
                 may write into a bucket that is watched can put the id of a key there with a made-up secret, and have that key \
                 deactivated. Only ever as many keys of an account an hour as the settings allow corrections, each is told, and one command \
                 activates it again; still, switch this on only where a stop is better than a leak, and exempt users who must \
                 not stop. Acts only when the settings switch the control on by name.",
    guidance: Guidance {
        why: "A key that stood in a file is known to everybody who could read the file, and works from anywhere until it is \
              switched off. Deactivate it, see what fails, give that a role or a new key, and delete the old one. A deactivated key can \
              be activated again; a deleted one cannot.",
        console: "1. IAM › Users › the user › Security credentials › Access keys: the key › Actions › Deactivate.
2. See what fails, and give it a role (IAM › Roles › Create role), or a new key in Secrets Manager › Store a new secret.
3. CloudTrail › Event history, by AWS access key: see what was done with the key since it was exposed.
4. IAM › Users › the user › Security credentials › Access keys: the key › Actions › Delete.
5. For a key of the root user: sign in as root, account name › Security credentials › Access keys: deactivate and delete it.
",
        cli: "aws iam update-access-key --user-name ci --access-key-id AKIAIOSFODNN7EXAMPLE --status Inactive
aws cloudtrail lookup-events --lookup-attributes AttributeKey=AccessKeyId,AttributeValue=AKIAIOSFODNN7EXAMPLE
aws iam delete-access-key --user-name ci --access-key-id AKIAIOSFODNN7EXAMPLE
",
        terraform: r#"# No key at all: the workload has a role.
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

# Until it has: the key that was exposed does not work.
resource "aws_iam_access_key" "ci" {
  user   = "ci"
  status = "Inactive"
}
"#,
        cloudformation: "Key:
  Type: AWS::IAM::AccessKey
  Properties:
    UserName: ci
    Status: Inactive
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Version: '2012-10-17'
      Statement:
        - Effect: Allow
          Principal:
            Service: ecs-tasks.amazonaws.com
          Action: sts:AssumeRole
",
        cdk: "new iam.Role(this, 'App', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
new iam.AccessKey(this, 'Key', { user, status: iam.AccessKeyStatus.INACTIVE });
",
    },
    frameworks: &[],
    options: &[OptionSpec {
        name: "own-account",
        default: "false",
        doc: "Whether keys of the account that rectify runs in are deactivated too, those of its administrators among them.",
    }],
};

/// See [`crate::Kind::rules`].
pub(super) fn rules(lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
    let options = Options { control: &EXPOSED, lookup };
    Ok(Rules { own_account: options.flag("own-account")?.unwrap_or_default() })
}

pub(super) fn exposed(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let exposure = facts.exposed.as_ref()?;
    let key = &facts.key;
    let owner = match &facts.owner {
        Fact::Known(owner) => owner,
        unknown => return blind(&EXPOSED, &format!("the access key {key}"), unknown, "iam:ListAccessKeys"),
    };
    if owner.status != Status::Active {
        return None;
    }
    let user = owner.user.as_ref().map_or("root", |user| user.as_str());
    let evidence = vec![
        Evidence::new("access key", key.as_str()),
        Evidence::new("user", user),
        Evidence::new("found with its secret", exposure.as_str()),
    ];
    let summary = match &owner.user {
        None => format!(
            "the access key {key} of the root user was found with its secret in {exposure}; only the root user sees whether it works, and can deactivate it"
        ),
        Some(user) => {
            format!("the access key {key} of the user {user} works, and was found with its secret in {exposure}")
        }
    };
    match &owner.user {
        None => live(&EXPOSED, summary, evidence, Vec::new()),
        Some(_) if facts.own_account && !rules.own_account => {
            let summary = format!(
                "{summary}; keys of the account that rectify runs in are left alone unless `own-account` is true"
            );
            live(&EXPOSED, summary, evidence, Vec::new())
        }
        Some(user) => {
            let off = Change::SetStatus { user: user.clone(), status: Status::Inactive };
            live(&EXPOSED, summary, evidence, vec![off])
        }
    }
}
