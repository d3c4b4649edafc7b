//! What somebody does, and what it should look like when it is put back.

use std::fmt::Write as _;

use http::Method;
use serde_json::Value;

use super::person::{Answer, Command};

/// The bucket of the story.
const BUCKET: &str = "customer-reports";

/// One breach.
pub(super) struct Scene {
    pub(super) title: &'static str,
    /// What has to be there first. The last one's answer names what it made.
    pub(super) prepare: Vec<Command>,
    /// What AWS calls what was made; `{id}` in the other commands stands for it.
    pub(super) made: fn(&Answer) -> Option<String>,
    /// The call, as CloudTrail names it in the sandbox's record.
    pub(super) operation: &'static str,
    /// The control that it breaks.
    pub(super) control: &'static str,
    pub(super) breach: Command,
    /// How to see it.
    pub(super) look: Command,
    /// An answer to `look` in a few words.
    pub(super) words: fn(&Answer) -> String,
    /// These words, once it is put back.
    pub(super) put_back: &'static str,
}

/// The commands that make a bucket with data in it.
pub(super) fn bucket(region: &str) -> [Command; 2] {
    let create = Command::s3(format!("create-bucket --bucket {BUCKET}"), Method::PUT, format!("/{BUCKET}"));
    let create = if region == "us-east-1" {
        create
    } else {
        Command {
            typed: format!("{} --create-bucket-configuration LocationConstraint={region}", create.typed),
            ..create
        }
        .body(format!(
            r#"<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"#
        ))
    };
    let object = Command::s3(
        format!("put-object --bucket {BUCKET} --key 2026/november.csv --body november.csv"),
        Method::PUT,
        format!("/{BUCKET}/2026/november.csv"),
    );
    [create, object.body("customer,amount\nexample-1,1200\nexample-2,350\n")]
}

/// A policy with a statement that belongs there and one that does not.
fn policy(account: &str) -> String {
    format!(
        r#"{{
  "Version": "2012-10-17",
  "Statement": [
    {{"Sid": "Auditors", "Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::{account}:role/auditor"}},
     "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{BUCKET}/*"}},
    {{"Sid": "Everybody", "Effect": "Allow", "Principal": "*",
     "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{BUCKET}/*"}}]}}"#
    )
}

/// The breaches of the story. The third is played on what the first two left: a complete public access block.
pub(super) fn all(account: &str) -> Vec<Scene> {
    let on = |command: &str| format!("{command} --bucket {BUCKET}");
    let get = |command: &str, query: &str| Command::s3(on(command), Method::GET, format!("/{BUCKET}?{query}"));
    let policy = policy(account);
    vec![
        Scene {
            title: "Somebody opens the bucket with an ACL",
            prepare: Vec::new(),
            made: nothing_made,
            operation: "PutBucketAcl",
            control: "s3-bucket-public-acl",
            breach: Command::s3(
                format!("{} --acl public-read", on("put-bucket-acl")),
                Method::PUT,
                format!("/{BUCKET}?acl"),
            )
            .header("x-amz-acl", "public-read"),
            look: get("get-bucket-acl", "acl"),
            words: grants,
            put_back: "owner FULL_CONTROL",
        },
        Scene {
            title: "Somebody opens it with a bucket policy, beside a statement that belongs there",
            prepare: Vec::new(),
            made: nothing_made,
            operation: "PutBucketPolicy",
            control: "s3-bucket-public-policy",
            breach: Command::s3(
                format!("{} --policy '{policy}'", on("put-bucket-policy")),
                Method::PUT,
                format!("/{BUCKET}?policy"),
            )
            .body(policy),
            look: get("get-bucket-policy", "policy"),
            words: statements,
            put_back: "statement Auditors",
        },
        Scene {
            title: "Somebody takes the public access block away",
            prepare: Vec::new(),
            made: nothing_made,
            operation: "DeletePublicAccessBlock",
            control: "s3-bucket-block-public-access-off",
            breach: Command::s3(
                on("delete-public-access-block"),
                Method::DELETE,
                format!("/{BUCKET}?publicAccessBlock"),
            ),
            look: get("get-public-access-block", "publicAccessBlock"),
            words: flags,
            put_back: "all four flags on",
        },
        network(),
        trail(),
    ]
}

const EC2: &str = "Version=2016-11-15";

/// A security group with a rule that belongs there, and both halves of the internet beside it.
fn network() -> Scene {
    let allow = |typed: &str, ranges: &[&str]| {
        let mut form = format!(
            "Action=AuthorizeSecurityGroupIngress&{EC2}&GroupId={{id}}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22\
             &IpPermissions.1.ToPort=22"
        );
        for (at, range) in ranges.iter().enumerate() {
            let _ = write!(form, "&IpPermissions.1.IpRanges.{}.CidrIp={}", at + 1, range.replace('/', "%2F"));
        }
        Command::query("ec2", &format!("authorize-security-group-ingress --group-id {{id}} {typed}"), form)
    };
    let halves =
        "--ip-permissions 'IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=0.0.0.0/1},{CidrIp=128.0.0.0/1}]'";
    Scene {
        title: "Somebody opens SSH to the internet, in two halves that no rule for `0.0.0.0/0` sees",
        prepare: vec![
            Command::query(
                "ec2",
                "create-security-group --group-name bastion --description \"SSH from the office\"",
                format!(
                    "Action=CreateSecurityGroup&{EC2}&GroupName=bastion&GroupDescription=SSH%20from%20the%20office"
                ),
            ),
            allow("--protocol tcp --port 22 --cidr 203.0.113.0/24", &["203.0.113.0/24"]),
        ],
        made: |answer| between(&answer.body, "<groupId>", "</groupId>").map(str::to_owned),
        operation: "AuthorizeSecurityGroupIngress",
        control: "sg-ingress-any-admin-port",
        breach: allow(halves, &["0.0.0.0/1", "128.0.0.0/1"]),
        look: Command::query(
            "ec2",
            "describe-security-group-rules --filters Name=group-id,Values={id}",
            format!("Action=DescribeSecurityGroupRules&{EC2}&Filter.1.Name=group-id&Filter.1.Value.1={{id}}"),
        ),
        words: ways_in,
        put_back: "tcp 22 from 203.0.113.0/24",
    }
}

/// The trail that everything else is learnt from.
fn trail() -> Scene {
    const LOGS: &str = "audit-trail-logs";
    let trail = |typed: &str, operation: &str, body: &str| {
        let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
        Command::json("cloudtrail", typed, target, body)
    };
    let named = r#"{"Name":"audit"}"#;
    Scene {
        title: "Somebody stops the trail before doing something else",
        prepare: vec![
            Command::s3(format!("create-bucket --bucket {LOGS}"), Method::PUT, format!("/{LOGS}")).body(
                r#"<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>"#,
            ),
            trail(
                &format!("create-trail --name audit --s3-bucket-name {LOGS} --is-multi-region-trail --enable-log-file-validation"),
                "CreateTrail",
                &format!(
                    r#"{{"Name":"audit","S3BucketName":"{LOGS}","IsMultiRegionTrail":true,"IncludeGlobalServiceEvents":true,"EnableLogFileValidation":true}}"#
                ),
            ),
            trail("start-logging --name audit", "StartLogging", named),
        ],
        made: nothing_made,
        operation: "StopLogging",
        control: "cloudtrail-logging-stopped",
        breach: trail("stop-logging --name audit", "StopLogging", named),
        look: trail("get-trail-status --name audit", "GetTrailStatus", named),
        words: logs,
        put_back: "it logs",
    }
}

/// What may come in, in a few words.
fn ways_in(answer: &Answer) -> String {
    let rules = answer.body.split("<securityGroupRuleId>").skip(1);
    let words = rules.filter(|rule| between(rule, "<isEgress>", "<") == Some("false")).map(|rule| {
        let of = |name: &str| between(rule, &format!("<{name}>"), "<").unwrap_or("?").to_owned();
        format!("{} {} from {}", of("ipProtocol"), of("fromPort"), of("cidrIpv4"))
    });
    found("no way in", &words.collect::<Vec<_>>().join(", "), answer)
}

fn logs(answer: &Answer) -> String {
    let status: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match status.get("IsLogging").and_then(Value::as_bool) {
        Some(true) => "it logs".to_owned(),
        Some(false) => "it does not log".to_owned(),
        None => found("no answer", "", answer),
    }
}

fn nothing_made(_: &Answer) -> Option<String> {
    None
}

/// Who has which permission in an ACL.
fn grants(answer: &Answer) -> String {
    let who = |grant: &str| match between(grant, "<URI>", "</URI>") {
        Some(group) => group.rsplit('/').next().unwrap_or(group).to_owned(),
        None => "owner".to_owned(),
    };
    let grants = answer.body.split("<Grant>").skip(1);
    let words = grants.map(|grant| {
        let permission = between(grant, "<Permission>", "</Permission>").unwrap_or("an unknown permission");
        format!("{} {permission}", who(grant))
    });
    found("no grant", &words.collect::<Vec<_>>().join(", "), answer)
}

/// The names of a policy's statements.
fn statements(answer: &Answer) -> String {
    let policy: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let statements = policy.get("Statement").and_then(Value::as_array);
    let names: Vec<&str> =
        statements.into_iter().flatten().filter_map(|statement| statement.get("Sid")?.as_str()).collect();
    let word = if names.len() == 1 { "statement" } else { "statements" };
    if names.is_empty() { found("no statement", "", answer) } else { format!("{word} {}", names.join(" and ")) }
}

/// The flags of a public access block.
fn flags(answer: &Answer) -> String {
    const ALL: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let on = |name: &&str| {
        between(&answer.body, &format!("<{name}>"), "<").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    };
    let on: Vec<&str> = ALL.into_iter().filter(on).collect();
    if on.len() == ALL.len() { "all four flags on".to_owned() } else { found("no flag on", &on.join(", "), answer) }
}

/// `text`, or else what the answer was.
fn found(nothing: &str, text: &str, answer: &Answer) -> String {
    match between(&answer.body, "<Code>", "</Code>") {
        Some(code) if answer.status >= 300 => code.to_owned(),
        _ if text.is_empty() => nothing.to_owned(),
        _ => text.to_owned(),
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::{Answer, all, bucket, flags, grants, statements};

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.to_owned() }
    }

    #[test]
    fn what_is_seen_is_said_in_a_few_words() {
        let owner = "<Grant><Grantee><ID>75aa</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>";
        let everybody = "<Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>";
        assert_eq!(grants(&answer(200, &format!("<A>{owner}{everybody}</A>"))), "owner FULL_CONTROL, AllUsers READ");
        assert_eq!(grants(&answer(200, &format!("<A>{owner}</A>"))), "owner FULL_CONTROL");
        let gone = answer(404, "<Error><Code>NoSuchBucketPolicy</Code></Error>");
        assert_eq!(statements(&gone), "NoSuchBucketPolicy");
        assert_eq!(statements(&answer(200, r#"{"Statement":[{"Sid":"A"},{"Sid":"B"}]}"#)), "statements A and B");
        assert_eq!(statements(&answer(200, "not JSON")), "no statement");
        assert_eq!(
            flags(&answer(200, "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>")),
            "BlockPublicAcls"
        );
        assert_eq!(
            flags(&answer(404, "<Code>NoSuchPublicAccessBlockConfiguration</Code>")),
            "NoSuchPublicAccessBlockConfiguration"
        );
    }

    #[test]
    fn the_policy_is_one_and_regions_are_named_only_where_aws_wants_it() {
        let scenes = all("123456789012");
        let policy = &scenes[1];
        let body: serde_json::Value = serde_json::from_str(&policy.breach.body).unwrap();
        assert_eq!(body["Statement"].as_array().unwrap().len(), 2);
        assert!(policy.breach.typed.ends_with(&format!("--policy '{}'", policy.breach.body)));
        assert!(bucket("eu-central-1")[0].body.contains("eu-central-1"));
        assert!(bucket("us-east-1")[0].body.is_empty() && !bucket("us-east-1")[0].typed.contains("Location"));
    }
}
