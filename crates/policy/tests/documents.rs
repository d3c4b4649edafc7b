//! Reading a document as AWS accepts it, and editing it without touching what stays.

use std::collections::BTreeSet;

use rectify_policy::{
    Effect, MAX_POLICY_BYTES, Policy, PolicyError, PrincipalKind, Service, TrustZone, assess, report_json,
};
use serde_json::json;

#[test]
fn strings_and_lists_are_the_same() {
    let policy = Policy::parse(
        r#"{"Version":"2012-10-17","Id":"id","Statement":{"Sid":"one","Effect":"Allow",
        "Principal":{"AWS":"111122223333","Service":["a.amazonaws.com","b.amazonaws.com"]},
        "Action":"s3:Get*","NotResource":["r"],"Condition":{"Bool":{"aws:SecureTransport":false},
        "NumericLessThan":{"s3:max-keys":10},"StringEquals":{"k":["a","b"]}}}}"#,
    )
    .unwrap();
    assert_eq!((policy.version.as_deref(), policy.id.as_deref()), (Some("2012-10-17"), Some("id")));
    let [statement] = policy.statements.as_slice() else { panic!("{policy:?}") };
    assert_eq!((statement.sid.as_deref(), &statement.effect), (Some("one"), &Effect::Allow));
    assert_eq!(statement.actions, ["s3:Get*"]);
    assert_eq!((&statement.resources, &statement.not_resources), (&vec![], &Some(vec!["r".to_owned()])));
    let kinds: Vec<_> = statement.principals.iter().map(|p| (&p.kind, p.value.as_str())).collect();
    assert_eq!(
        kinds,
        [
            (&PrincipalKind::Aws, "111122223333"),
            (&PrincipalKind::Service, "a.amazonaws.com"),
            (&PrincipalKind::Service, "b.amazonaws.com"),
        ]
    );
    let conditions: Vec<_> =
        statement.conditions.iter().map(|c| (c.operator.as_str(), c.key.as_str(), c.values.join("|"))).collect();
    assert_eq!(
        conditions,
        [
            ("Bool", "aws:SecureTransport", "false".to_owned()),
            ("NumericLessThan", "s3:max-keys", "10".to_owned()),
            ("StringEquals", "k", "a|b".to_owned()),
        ]
    );
}

#[test]
fn an_effect_that_aws_refuses_is_kept_as_written() {
    let effect = |text: &str| Policy::parse(text).unwrap().statements[0].effect.clone();
    assert_eq!(effect(r#"{"Statement":{"Effect":"allow"}}"#), Effect::Unrecognised("allow".to_owned()));
    assert_eq!(effect(r#"{"Statement":{}}"#), Effect::Unrecognised(String::new()));
    assert_eq!(effect(r#"{"Statement":{"Effect":"DENY"}}"#), Effect::Deny);
}

#[test]
fn of_two_equal_members_the_last_counts() {
    let policy = Policy::parse(
        r#"{"Version":"a","Statement":[],"Version":"b","Statement":[{"Effect":"Deny","Effect":"Allow","Principal":"x","Principal":"*"}]}"#,
    )
    .unwrap();
    assert_eq!(policy.version.as_deref(), Some("b"));
    assert_eq!(assess(&policy, Service::Sqs, &TrustZone::default()).verdict.as_str(), "public");
    assert_eq!(
        policy.with_statement(json!({"Effect":"Deny"})),
        r#"{"Version":"b","Statement":[{"Effect":"Deny","Effect":"Allow","Principal":"x","Principal":"*"},{"Effect":"Deny"}]}"#
    );
}

#[test]
fn what_cannot_be_read_is_an_error_and_says_what_to_do() {
    let deep = format!("{{\"Statement\":[{{\"Effect\":{}1{}}}]}}", "[".repeat(5000), "]".repeat(5000));
    let long = " ".repeat(MAX_POLICY_BYTES + 1);
    let table: Vec<(&str, &str)> = vec![
        ("", "policy is not JSON: EOF while parsing a value at line 1 column 0"),
        ("{", "policy is not JSON: EOF while parsing an object at line 1 column 1"),
        (r#"{"Statement":[]} x"#, "policy is not JSON: trailing characters at line 1 column 18"),
        ("[]", "policy is an array, not a JSON object"),
        ("null", "policy is null, not a JSON object"),
        ("{}", "policy has no `Statement`"),
        (r#"{"statement":[]}"#, "policy has no `Statement`; it has `statement`, and element names are case-sensitive"),
        (
            r#"{"Policy":"{}"}"#,
            "policy has no `Statement`; it has `Policy`: give the value of that member, for example with `--query Policy --output text`",
        ),
        (
            r#"{"Statement":[1]}"#,
            "statement 0 is a number, expected an object; resolve template functions and references first",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":{"Fn::Sub":"x"}}}]}"#,
            "`Principal` of statement 0 is an object, expected a string or a list of strings; resolve template functions and references first",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow"},{"Effect":"Allow","principal":"*"}]}"#,
            "statement 1 has `principal`, which is no policy element; did you mean `Principal`?",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Princpal":"*"}]}"#,
            "statement 0 has `Princpal`, which is no policy element; did you mean `Principal`?",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Condition":"x"}]}"#,
            "`Condition` of statement 0 is a string, expected an object; resolve template functions and references first",
        ),
        (&deep, "policy is not JSON: recursion limit exceeded at line 1 column 128"),
        (&long, "policy of 262145 bytes is longer than the 262144 bytes that are read; no AWS service stores one"),
    ];
    for (text, expected) in table {
        let error = Policy::parse(text).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert!(matches!(Policy::parse("{}"), Err(PolicyError::NoStatement { .. })));
}

#[test]
fn a_byte_order_mark_and_unknown_elements_do_not_matter() {
    let policy =
        Policy::parse("\u{feff} {\"Comment\":1,\"Statement\":[{\"Effect\":\"Deny\",\"Comment\":[{}]}]} ").unwrap();
    assert_eq!(policy.statements.len(), 1);
}

const THREE: &str = r#"{
  "Id": "x", "Future": {"a": 1e400},
  "Statement": [
    {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Condition": {"NumericEquals": {"k": 12345678901234567890123.10}}},
    {"Sid":"B","Effect":"Allow","Principal":"*","Action":"\u0073qs:*"},
    {"Effect": "Deny",   "Principal": "*"}
  ],
  "Version": "2012-10-17"
}"#;

#[test]
fn removing_a_statement_copies_the_text_of_everything_else() {
    let policy = Policy::parse(THREE).unwrap();
    assert_eq!(
        policy.without(&BTreeSet::from([1, 7])).unwrap(),
        concat!(
            r#"{"Id":"x","Future":{"a": 1e400},"Statement":["#,
            r#"{"Sid": "A", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Condition": {"NumericEquals": {"k": 12345678901234567890123.10}}},"#,
            r#"{"Effect": "Deny",   "Principal": "*"}],"Version":"2012-10-17"}"#
        )
    );
    assert_eq!(policy.without(&BTreeSet::from([0, 1, 2])), None);
    assert_eq!(Policy::parse(r#"{"Statement":[]}"#).unwrap().without(&BTreeSet::new()), None);
    let single = Policy::parse(r#"{"Statement":{"Effect":"Deny"}}"#).unwrap();
    assert_eq!(single.without(&BTreeSet::new()).unwrap(), r#"{"Statement":[{"Effect":"Deny"}]}"#);
    assert_eq!(single.without(&BTreeSet::from([0])), None);
}

#[test]
fn adding_a_statement_replaces_the_one_with_its_sid() {
    let policy = Policy::parse(r#"{"Statement":[{"Sid":"A","Effect":"Allow"},{"Effect":"Deny"}]}"#).unwrap();
    let with = |statement: serde_json::Value| -> serde_json::Value {
        serde_json::from_str(&policy.with_statement(statement)).unwrap()
    };
    assert_eq!(
        with(json!({"Sid":"Tls","Effect":"Deny"})),
        json!({"Statement":[{"Sid":"A","Effect":"Allow"},{"Effect":"Deny"},{"Effect":"Deny","Sid":"Tls"}]})
    );
    assert_eq!(
        with(json!({"Sid":"A","Effect":"Deny"})),
        json!({"Statement":[{"Effect":"Deny","Sid":"A"},{"Effect":"Deny"}]})
    );
    let once = Policy::parse(&policy.with_statement(json!({"Sid":"Tls","Effect":"Deny"}))).unwrap();
    assert_eq!(once.with_statement(json!({"Sid":"Tls","Effect":"Deny"})).matches("Tls").count(), 1);
    assert_eq!(policy.with_statement(json!({"Effect":"Deny"})).matches("Deny").count(), 2);
}

#[test]
fn services_have_names_and_suggestions() {
    for service in Service::ALL {
        assert_eq!(service.as_str().parse::<Service>().unwrap(), *service);
    }
    assert_eq!("S3_Access_Point".parse::<Service>().unwrap(), Service::S3AccessPoint);
    assert_eq!("secrets-manager".parse::<Service>().unwrap(), Service::SecretsManager);
    let error = "lamda".parse::<Service>().unwrap_err().to_string();
    assert!(error.starts_with("unknown service `lamda`, did you mean `lambda`?; known: s3, "), "{error}");
    let error = "toaster".parse::<Service>().unwrap_err().to_string();
    assert!(error.starts_with("unknown service `toaster`; known: s3, "), "{error}");
}

#[test]
fn the_report_has_stable_fields() {
    let policy = Policy::parse(
        r#"{"Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":"999999999999","CanonicalUser":"ab12"},"NotAction":["s3:Put*"]},
        {"Effect":"Deny","Principal":"*","Action":"s3:*"}]}"#,
    )
    .unwrap();
    assert_eq!(
        report_json(&assess(&policy, Service::S3, &TrustZone::default())),
        json!({
            "verdict": "foreign",
            "accounts": ["999999999999"],
            "statements": [
                {
                    "index": 0, "sid": "A", "verdict": "foreign", "accounts": ["999999999999"],
                    "reason": "`Principal` `999999999999` is in foreign account `999999999999`",
                    "actions": ["all but s3:Put*"], "unmappable": ["ab12"], "s3_public": false,
                },
                {
                    "index": 1, "sid": null, "verdict": "internal", "accounts": [],
                    "reason": "`Effect` is `Deny`, which grants nothing",
                    "actions": ["s3:*"], "unmappable": [], "s3_public": false,
                },
            ],
            "s3": { "public": false, "differs": [] },
        })
    );
    let general = report_json(&assess(&policy, Service::Sqs, &TrustZone::default()));
    assert_eq!((general.get("s3"), general["statements"][0].get("s3_public")), (None, None));
}
