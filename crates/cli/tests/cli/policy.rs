use std::fs;

use serde_json::{Value, json};

use crate::harness::{command, finish, rectify};

const OWN: &str = "111122223333";
const FOREIGN: &str = "999999999999";

fn document(statement: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statement })
}

fn grant(principal: &Value) -> Value {
    json!({ "Sid": "Read", "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::my.bucket/*" })
}

fn public() -> Value {
    document(&json!([
        grant(&json!("*")),
        { "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
        grant(&json!({ "AWS": format!("arn:aws:iam::{FOREIGN}:root") })),
    ]))
}

#[test]
fn the_exit_code_follows_the_verdict() {
    let account = |id: &str| document(&json!([grant(&json!({ "AWS": id }))]));
    let mut organisation = grant(&json!("*"));
    organisation["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
    for (policy, more, verdict, code) in [
        (public(), &[][..], "public", 3),
        (account(FOREIGN), &[], "foreign", 3),
        (account(FOREIGN), &["--trust", FOREIGN], "organisation", 0),
        (account(FOREIGN), &["--trust", "222222222222,999999999999"], "organisation", 0),
        (account(OWN), &[], "internal", 0),
        (document(&json!(organisation.clone())), &["--organization", "o-a1b2c3d4e5"], "organisation", 0),
        (document(&json!(organisation)), &["--organization", "o-zzzzzzzzzz"], "foreign", 3),
    ] {
        let args = [&["policy", "-", "--service", "s3", "--account", OWN], more].concat();
        let text = rectify(&args, policy.to_string().as_bytes());
        assert_eq!((text.code, text.out.split(':').next()), (Some(code), Some(verdict)), "{text}");
        let json = rectify(&[&args[..], &["--output", "json"]].concat(), policy.to_string().as_bytes());
        let report: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!((json.code, report["verdict"].as_str()), (Some(code), Some(verdict)), "{json}");
        assert_eq!(report["service"], "s3");
    }
}

#[test]
fn the_text_names_each_statement_and_what_decides() {
    let run = rectify(&["policy", "-", "--service", "s3", "--account", OWN], public().to_string().as_bytes());
    insta::assert_snapshot!(run);
}

#[test]
fn who_names_no_account_is_told_why_all_are_foreign() {
    let policy = document(&json!(grant(&json!({ "AWS": OWN })))).to_string();
    let run = rectify(&["policy", "-"], policy.as_bytes());
    assert_eq!(run.code, Some(3));
    assert!(run.err.contains("--account, --organization or --trust"), "{run}");
    let run = rectify(&["policy", "-", "--account", OWN], policy.as_bytes());
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

#[test]
fn a_policy_is_found_in_what_aws_answers() {
    let policy = public();
    let text = policy.to_string();
    let percent: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
    for (input, within) in [
        (text.clone(), None),
        (format!("\u{feff}{text}"), None),
        (format!("\n\n  {text}\n"), None),
        (json!({ "Policy": text }).to_string(), Some("`Policy`")),
        (json!({ "Policy": policy }).to_string(), Some("`Policy`")),
        (
            json!({ "Attributes": { "Policy": text, "VisibilityTimeout": "30" } }).to_string(),
            Some("`Attributes.Policy`"),
        ),
        (
            json!({ "Role": { "RoleName": "x", "AssumeRolePolicyDocument": percent } }).to_string(),
            Some("`Role.AssumeRolePolicyDocument`"),
        ),
        (
            json!({ "DomainConfig": { "AccessPolicies": { "Options": text } } }).to_string(),
            Some("`DomainConfig.AccessPolicies.Options`"),
        ),
        (
            json!({ "Type": "AWS::S3::BucketPolicy", "Properties": { "Bucket": "b", "PolicyDocument": policy } })
                .to_string(),
            Some("`Properties.PolicyDocument`"),
        ),
        (json!([policy]).to_string(), Some("`[0]`")),
        (json!(text).to_string(), Some("a JSON string")),
        (percent.clone(), Some("percent-encoded text")),
        (format!("{percent}\n").to_lowercase().replace("%7b", "%7B"), Some("percent-encoded text")),
    ] {
        let run = rectify(&["policy", "-", "--service", "s3", "--account", OWN], input.as_bytes());
        assert!(run.code == Some(3) && run.out.starts_with("public: "), "{input}\n{run}");
        match within {
            Some(within) => assert_eq!(run.err, format!("judging the policy in {within}\n")),
            None => assert_eq!(run.err, ""),
        }
    }
}

#[test]
fn what_cannot_be_read_is_one_clear_error() {
    let utf16: Vec<u8> = "{\"Statement\":[]}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let two = r#"{"a": {"Policy": "{\"Statement\": []}"}, "b": [{"Statement": []}]}"#;
    let runs: Vec<String> = [
        &b""[..],
        b" \n\t",
        b"\xff\xfe{\0}\0",
        &utf16,
        b"{\n  \"Version\": \"2012-\xff10-17\"}",
        b"{\n  \"Statement\": [\n",
        b"{'Statement': []}",
        b"Version: '2012-10-17'\nStatement: []\n",
        b"# a comment\ndata \"aws_iam_policy_document\" \"this\" {\n",
        b"<Policy/>",
        b"%7B%FF",
        b"null",
        b"42",
        b"[]",
        b"{}",
        b"{\"statement\": []}",
        b"{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Ref\": {}}, \"Action\": [{}]}]}",
        two.as_bytes(),
    ]
    .into_iter()
    .map(|input| {
        let run = rectify(&["policy", "-", "--service", "s3"], input);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run}");
        format!("{:?}\n{}", String::from_utf8_lossy(input).chars().take(60).collect::<String>(), run.err)
    })
    .collect();
    insta::assert_snapshot!(runs.join("\n"));
}

#[test]
fn files_are_read_and_missing_ones_named() {
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/policy files");
    fs::create_dir_all(folder).unwrap();
    let file = format!("{folder}/public policy.json");
    fs::write(&file, public().to_string()).unwrap();
    assert_eq!(rectify(&["policy", &file, "--service", "s3"], b"").code, Some(3));

    let missing = rectify(&["policy", "no/such/file.json"], b"");
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.starts_with("error: could not read `no/such/file.json`: "), "{missing}");
    assert_eq!(rectify(&["policy", folder], b"").code, Some(2));
}

#[test]
fn huge_input_is_refused_without_being_kept() {
    let mut large = vec![b' '; 5 * 1024 * 1024];
    let run = rectify(&["policy", "-"], &large);
    assert!(run.err.contains("is empty"), "{run}");
    large.push(b'{');
    let run = rectify(&["policy", "-"], &large);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("larger than 5 MiB"), "{run}");

    let deep = "[".repeat(200_000);
    assert_eq!(rectify(&["policy", "-"], deep.as_bytes()).code, Some(2));
    let mut nested = public().to_string();
    for _ in 0..8 {
        nested = json!(nested).to_string();
    }
    assert_eq!(rectify(&["policy", "-", "--service", "s3"], nested.as_bytes()).code, Some(3));
}

#[test]
fn unknown_words_are_usage_errors_with_a_suggestion() {
    for (args, said) in [
        (&["policy", "-", "--service", "s33"][..], "did you mean `s3`?"),
        (&["policy", "-", "--account", "12"], "`12` is not a twelve-digit account id"),
        (&["policy", "-", "--organization", "x"], "`x` is not an organisation id"),
        (&["policy", "-", "--output", "jsn"], "json"),
        (&["policy"], "FILE"),
    ] {
        let run = rectify(args, b"");
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.err.contains(said), "{run}");
    }
}

#[test]
fn hostile_policies_are_shown_harmless() {
    let evil = "\u{1b}[2J\u{202e}evil\r\n\u{7}";
    let mut statement = grant(&json!({ "AWS": evil, "CanonicalUser": evil }));
    statement["Sid"] = json!(evil);
    statement["Action"] = json!([evil]);
    let policy = json!({ evil: { "Policy": document(&json!([statement, grant(&json!("*"))])) } }).to_string();
    for output in ["text", "json"] {
        let run = rectify(&["policy", "-", "--service", "s3", "--output", output], policy.as_bytes());
        assert_eq!(run.code, Some(3), "{run}");
        let shown = format!("{}{}", run.out, run.err).replace('\n', "");
        assert!(!shown.contains(|c: char| c.is_control() || c == '\u{202e}'), "{shown:?}");
    }
    let broken = rectify(&["policy", evil], b"");
    assert!(!broken.err.replace('\n', "").contains(|c: char| c.is_control() || c == '\u{202e}'), "{broken}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let policy = public().to_string();
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = command(&["policy", "-", "--service", "s3"]);
        command.envs(variables.iter().copied());
        finish(command, policy.as_bytes()).out.contains('\u{1b}')
    };
    assert!(!coloured(&[]), "standard output is a pipe");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("NO_COLOR", "1"), ("CLICOLOR", "1")]));
}
