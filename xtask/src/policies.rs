//! The IAM policies of the generated templates, as a policy linter reads them: each policy of a role or a managed policy by
//! itself, names filled in.
//!
//! The linter is parliament, which knows every action with its resources and condition keys from AWS's Service Authorization
//! Reference. What it says of a policy is either mended or stands in [`EXPLAINED`].

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value as Json, json};
use yaml_serde::Value;

use crate::{repo::Repo, run::command, tools};

/// What the linter says and is not mended: file and policy, the issue, part of the text it is about, and why.
const EXPLAINED: [(&str, &str, &str, &str); 24] = [
    // The linter says this of the first policy that it reads, whichever it is about.
    (
        "*-correct",
        "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
        "does allow s3:PutBucketPolicy",
        "taking the public statement out of a policy is writing the policy; SECURITY.md says what the role could do",
    ),
    (
        "*-correct",
        "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
        "does allow s3:PutBucketAcl",
        "taking the public grant out of an ACL is writing the ACL",
    ),
    ("template.yaml-AccessKeyGuardRole-observe", "RESOURCE_STAR", "iam:GetAccessKeyLastUsed", WHOSE_KEY),
    ("member.yaml-AccessKeyObserveRole-observe", "RESOURCE_STAR", "iam:GetAccessKeyLastUsed", WHOSE_KEY),
    ("member-correct.yaml-AccessKeyCorrectRole-observe", "RESOURCE_STAR", "iam:GetAccessKeyLastUsed", WHOSE_KEY),
    (
        "template.yaml-CloudformationStackGuardRole-observe",
        "RESOURCE_STAR",
        "cloudformation:DescribeStackResources",
        OWNER,
    ),
    (
        "member.yaml-CloudformationStackObserveRole-observe",
        "RESOURCE_STAR",
        "cloudformation:DescribeStackResources",
        OWNER,
    ),
    (
        "member-correct.yaml-CloudformationStackCorrectRole-observe",
        "RESOURCE_STAR",
        "cloudformation:DescribeStackResources",
        OWNER,
    ),
    ("template.yaml-SecurityGroupGuardRole-correct", "RESOURCE_MISMATCH", "ec2:AuthorizeSecurityGroupIngress", RULES),
    (
        "member-correct.yaml-SecurityGroupCorrectRole-correct",
        "RESOURCE_MISMATCH",
        "ec2:AuthorizeSecurityGroupIngress",
        RULES,
    ),
    ("template.yaml-ApiGuardRole-correct", "RESOURCE_MISMATCH", "wafv2:AssociateWebACL", BOTH_SIDES),
    ("member-correct.yaml-ApiCorrectRole-correct", "RESOURCE_MISMATCH", "wafv2:AssociateWebACL", BOTH_SIDES),
    ("template.yaml-ApiGuardRole-observe", "RESOURCE_MISMATCH", "wafv2:GetWebACLForResource", BOTH_SIDES),
    ("member.yaml-ApiObserveRole-observe", "RESOURCE_MISMATCH", "wafv2:GetWebACLForResource", BOTH_SIDES),
    ("member-correct.yaml-ApiCorrectRole-observe", "RESOURCE_MISMATCH", "wafv2:GetWebACLForResource", BOTH_SIDES),
    ("template.yaml-ApiGuardRole-observe", "UNKNOWN_ACTION", "elasticloadbalancing:GetLoadBalancerWebACL", NEWER),
    ("member.yaml-ApiObserveRole-observe", "UNKNOWN_ACTION", "elasticloadbalancing:GetLoadBalancerWebACL", NEWER),
    (
        "member-correct.yaml-ApiCorrectRole-observe",
        "UNKNOWN_ACTION",
        "elasticloadbalancing:GetLoadBalancerWebACL",
        NEWER,
    ),
    ("template.yaml-ApiGuardRole-correct", "RESOURCE_MISMATCH", "apprunner:AssociateWebAcl", BOTH_SIDES),
    ("template.yaml-ApiGuardRole-correct", "UNKNOWN_ACTION", "cloudfront:AssociateDistributionWebACL", NEWER),
    ("template.yaml-ApiGuardRole-correct", "UNKNOWN_ACTION", "cloudfront:DisassociateDistributionWebACL", NEWER),
    ("member-correct.yaml-ApiCorrectRole-correct", "RESOURCE_MISMATCH", "apprunner:AssociateWebAcl", BOTH_SIDES),
    ("member-correct.yaml-ApiCorrectRole-correct", "UNKNOWN_ACTION", "cloudfront:AssociateDistributionWebACL", NEWER),
    (
        "member-correct.yaml-ApiCorrectRole-correct",
        "UNKNOWN_ACTION",
        "cloudfront:DisassociateDistributionWebACL",
        NEWER,
    ),
];

const WHOSE_KEY: &str =
    "it is asked whose a key is: of a deleted one, or one of root, there is no user whose ARN could match";
const BOTH_SIDES: &str =
    "AWS WAF asks for the web ACL and for the resource it is in front of; each has a statement of its own";
const OWNER: &str = "which stack a resource belongs to is asked by the resource's name, and no stack is named";
const RULES: &str = "EC2 asks for the group and for its rules; each has a statement of its own";
const NEWER: &str = "newer than the linter's list of actions (Service Authorization Reference; WAF developer guide, \"Permissions for AssociateWebACL\")";

/// The files whose policies are read.
const FILES: [&str; 3] = ["template.yaml", "member.yaml", "member-correct.yaml"];

/// Lints every policy.
///
/// # Errors
/// When the linter cannot be run, says something that is not explained, or no longer says something that is.
pub(crate) fn lint(repo: &Repo, cache: &Path) -> Result<()> {
    let directory = repo.target().join("policies");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).with_context(|| format!("could not make `{}`", directory.display()))?;
    let mut count = 0;
    for file in FILES {
        for (name, policy) in policies(&repo.read(file)?)? {
            let path = directory.join(format!("{file}-{name}.json"));
            fs::write(&path, policy.to_string()).with_context(|| format!("could not write `{}`", path.display()))?;
            count += 1;
        }
    }
    if count == 0 {
        bail!("no policies in {FILES:?}: the reader or the templates are wrong");
    }
    let bin = tools::python(&tools::PARLIAMENT, cache)?;
    let output = command(bin.join("parliament"), &["--json", "--directory"], repo.root())
        .arg(&directory)
        .stdin(std::process::Stdio::null())
        .output()
        .context("could not start parliament")?;
    // 0: nothing found; 1: something found.
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("parliament failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    judge(&String::from_utf8_lossy(&output.stdout))?;
    eprintln!("{count} policies, {} remarks explained", EXPLAINED.len());
    Ok(())
}

/// Whether what the linter said is exactly what is explained.
fn judge(said: &str) -> Result<()> {
    let (mut problems, mut met) = (Vec::new(), BTreeSet::new());
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        let finding: Json = serde_json::from_str(line).with_context(|| format!("parliament said `{line}`"))?;
        let text =
            |path: &str| finding.pointer(path).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
        let path = text("/location/filepath").unwrap_or_default();
        let (issue, detail) = (text("/issue").unwrap_or_default(), text("/detail").unwrap_or_default());
        let known = EXPLAINED.iter().position(|(policy, known, part, _)| {
            let here = match policy.strip_prefix('*') {
                Some(end) => path.ends_with(&format!("{end}.json")),
                None => path.ends_with(&format!("/{policy}.json")),
            };
            here && issue == *known && detail.contains(part)
        });
        match known {
            Some(at) => _ = met.insert(at),
            None => problems.push(format!("{}: {issue}: {detail}", path.rsplit('/').next().unwrap_or_default())),
        }
    }
    let stale = EXPLAINED.iter().enumerate().filter(|(at, _)| !met.contains(at));
    problems
        .extend(stale.map(|(_, (policy, issue, ..))| format!("{policy}: {issue} is explained and not said any more")));
    if problems.is_empty() {
        return Ok(());
    }
    bail!("policies (explain in xtask/src/policies.rs what cannot be mended):\n  {}", problems.join("\n  "))
}

/// Every policy of a template, named after its resource.
fn policies(template: &str) -> Result<Vec<(String, Json)>> {
    let template: Value = yaml_serde::from_str(template).context("a generated template is not YAML")?;
    let resources = template.get("Resources").and_then(Value::as_mapping).context("a template has no resources")?;
    let kinds: Map<String, Json> = resources
        .iter()
        .filter_map(|(id, resource)| Some((id.as_str()?.to_owned(), Json::from(resource.get("Type")?.as_str()?))))
        .collect();
    let mut found = Vec::new();
    for (id, resource) in resources {
        let (Some(id), Some(properties)) = (id.as_str(), resource.get("Properties")) else { continue };
        for policy in properties.get("Policies").and_then(Value::as_sequence).into_iter().flatten() {
            let filled = filled(policy, &kinds);
            let name = filled.get("PolicyName").and_then(Json::as_str).context("a policy has no name")?;
            let document = filled.get("PolicyDocument").cloned().context("a policy has no document")?;
            found.push((format!("{id}-{name}"), document));
        }
        if resource.get("Type").and_then(Value::as_str) == Some("AWS::IAM::ManagedPolicy") {
            let document = properties.get("PolicyDocument").context("a managed policy has no document")?;
            found.push((id.to_owned(), filled(document, &kinds)));
        }
    }
    Ok(found)
}

/// `value` with its intrinsics replaced by what they could be; of an `!If` the first value, which is the one with more in it.
fn filled(value: &Value, kinds: &Map<String, Json>) -> Json {
    match value {
        Value::Tagged(tagged) => match (tagged.tag.to_string().trim_start_matches('!'), &tagged.value) {
            ("If", Value::Sequence(parts)) => parts.get(1).map_or(Json::Null, |yes| filled(yes, kinds)),
            ("Sub", Value::Sequence(parts)) => {
                let own = parts.get(1).map(|own| filled(own, kinds)).unwrap_or_default();
                Json::from(substituted(parts.first().and_then(Value::as_str).unwrap_or_default(), &own, kinds))
            }
            ("Sub", Value::String(text)) => Json::from(substituted(text, &Json::Null, kinds)),
            // A list of ARNs of either sort.
            ("Ref", Value::String(name)) if name == "ChannelSecrets" => json!([
                "arn:aws:secretsmanager:eu-central-1:111122223333:secret:slack-AbCdEf",
                "arn:aws:ssm:eu-central-1:111122223333:parameter/slack"
            ]),
            ("Ref", Value::String(name)) if name == "ChannelTopics" => {
                json!(["arn:aws:sns:eu-central-1:111122223333:team"])
            }
            ("Ref" | "GetAtt", Value::String(name)) => Json::from(named(name, kinds)),
            (_, inner) => filled(inner, kinds),
        },
        Value::Mapping(fields) => fields
            .iter()
            .map(|(key, value)| (key.as_str().unwrap_or_default().to_owned(), filled(value, kinds)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Sequence(items) => items.iter().map(|item| filled(item, kinds)).collect(),
        Value::String(text) => Json::from(text.as_str()),
        other => json!(other),
    }
}

fn substituted(text: &str, own: &Json, kinds: &Map<String, Json>) -> String {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let value = own.get(name).and_then(Json::as_str).map_or_else(|| named(name, kinds), str::to_owned);
        out.push_str(&value);
        out.push_str(rest);
    }
    out
}

/// What a parameter, a pseudo parameter or a resource's name or attribute could be.
fn named(name: &str, kinds: &Map<String, Json>) -> String {
    let (id, attribute) = name.split_once('.').unwrap_or((name, ""));
    let here = "eu-central-1:111122223333";
    match name {
        "AWS::Partition" => return "aws".to_owned(),
        "AWS::Region" | "HubRegion" | "HomeRegion" => return "eu-central-1".to_owned(),
        "AWS::AccountId" | "HubAccount" => return "111122223333".to_owned(),
        "AWS::URLSuffix" => return "amazonaws.com".to_owned(),
        "AWS::StackName" | "HubStack" => return "rectify".to_owned(),
        "OrganizationId" => return "o-abcdefghij".to_owned(),
        _ => {}
    }
    match (kinds.get(id).and_then(Json::as_str).unwrap_or_default(), attribute) {
        ("AWS::DynamoDB::Table", "Arn") => format!("arn:aws:dynamodb:{here}:table/rectify-ledger"),
        ("AWS::SNS::Topic", _) => format!("arn:aws:sns:{here}:rectify-{id}"),
        ("AWS::SQS::Queue", "Arn") => format!("arn:aws:sqs:{here}:rectify-{id}"),
        ("AWS::S3::Bucket", "Arn") => "arn:aws:s3:::rectify-reports".to_owned(),
        ("AWS::IAM::Role", "Arn") => format!("arn:aws:iam::111122223333:role/rectify/rectify-{id}"),
        ("AWS::Logs::LogGroup", "Arn") => format!("arn:aws:logs:{here}:log-group:/aws/lambda/rectify:*"),
        ("AWS::Events::EventBus", "Arn") => format!("arn:aws:events:{here}:event-bus/rectify"),
        ("AWS::Serverless::Function", "Arn") => format!("arn:aws:lambda:{here}:function:rectify-{id}"),
        _ => id.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: read
          PolicyDocument:
            Statement:
              - Action: dynamodb:GetItem
                Resource: !GetAtt Table.Arn
        - !If
          - InOrganization
          - PolicyName: send
            PolicyDocument:
              Statement:
                - Action: events:PutEvents
                  Resource: !Sub
                    - arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${Bus}
                    - {Bus: !If [InOrganization, !Ref AWS::StackName, default]}
          - !Ref AWS::NoValue
"#;

    #[test]
    fn every_policy_is_found_with_its_names_filled_in() {
        let found = policies(TEMPLATE).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Role-read", "Role-send"]);
        let resource = |at: usize| found[at].1.pointer("/Statement/0/Resource").and_then(Json::as_str).unwrap();
        assert_eq!(resource(0), "arn:aws:dynamodb:eu-central-1:111122223333:table/rectify-ledger");
        assert_eq!(resource(1), "arn:aws:events:eu-central-1:111122223333:event-bus/rectify");
    }

    #[test]
    fn what_is_not_explained_fails() {
        let said =
            r#"{"issue": "UNKNOWN_ACTION", "detail": "Unknown action s3:Nope", "location": {"filepath": "/x/a.json"}}"#;
        let error = judge(said).unwrap_err().to_string();
        assert!(error.contains("a.json: UNKNOWN_ACTION: Unknown action s3:Nope"), "{error}");
        assert!(judge("not json").is_err());
    }
}
