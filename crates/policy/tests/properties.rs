//! What holds for every policy, judged against an evaluator that was written apart from the crate.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod evaluator;
#[path = "common/zone.rs"]
mod zone;

use std::collections::{BTreeMap, BTreeSet};

use evaluator::{Request, allows, glob};
use proptest::prelude::*;
use rectify_policy::{Policy, Service, TrustZone, Verdict, assess, report_json};
use serde_json::{Value, json};
use zone::zone;

const OUTSIDE: &str = "999999999999";

/// Strangers, as different as they can be. None of them is of our account, of a trusted account or of our organisation.
fn strangers() -> Vec<Request> {
    let request = |name, account, arn, service, keys: &[(&'static str, &[&'static str])]| Request {
        name,
        account,
        arn,
        service,
        keys: keys
            .iter()
            .map(|(key, values)| (*key, values.to_vec()))
            .chain([("aws:resourceaccount", vec!["111122223333"]), ("aws:resourceorgid", vec!["o-ours123456"])])
            .collect::<BTreeMap<_, _>>(),
    };
    let user = Some("arn:aws:iam::999999999999:user/mallory");
    let of_user: &[(&str, &[&str])] = &[
        ("aws:principalaccount", &[OUTSIDE]),
        ("aws:principalarn", &["arn:aws:iam::999999999999:user/mallory"]),
        ("aws:userid", &["AIDA99999999999999999"]),
        ("aws:username", &["admin"]),
        ("kms:calleraccount", &[OUTSIDE]),
        ("aws:principalisawsservice", &["false"]),
        ("aws:securetransport", &["true"]),
        ("aws:referer", &["https://example.com/"]),
        ("sts:externalid", &["secret"]),
    ];
    let with = |more: &[(&'static str, &'static [&'static str])]| [of_user, more].concat();
    vec![
        request("anonymous", None, None, None, &[("aws:sourceip", &["9.9.9.9"]), ("aws:securetransport", &["false"])]),
        request("anonymous, IPv6", None, None, None, &[("aws:sourceip", &["2600:9::9"])]),
        request("user", Some(OUTSIDE), user, None, &with(&[("aws:sourceip", &["9.9.9.9"])])),
        request(
            "user of another organisation, by endpoint",
            Some(OUTSIDE),
            user,
            None,
            &with(&[
                ("aws:principalorgid", &["o-stranger99"]),
                ("aws:principalorgpaths", &["o-stranger99/r-ab12/"]),
                ("aws:sourcevpc", &["vpc-99"]),
                ("aws:sourcevpce", &["vpce-99"]),
                ("aws:vpcsourceip", &["10.1.2.3"]),
                ("aws:vpceaccount", &[OUTSIDE]),
            ]),
        ),
        request(
            "role session named like our account",
            Some(OUTSIDE),
            Some("arn:aws:sts::999999999999:assumed-role/deploy/111122223333"),
            None,
            &[
                ("aws:principalaccount", &[OUTSIDE]),
                ("aws:principalarn", &["arn:aws:iam::999999999999:role/111122223333"]),
                ("aws:userid", &["AROA99999999999999999:111122223333"]),
                ("aws:sourceip", &["9.9.9.9"]),
            ],
        ),
        request(
            "topic",
            None,
            None,
            Some("sns.amazonaws.com"),
            &[
                ("aws:principalisawsservice", &["true"]),
                ("aws:sourceaccount", &[OUTSIDE]),
                ("aws:sourceowner", &[OUTSIDE]),
                ("aws:sourcearn", &["arn:aws:sns:us-east-1:999999999999:111122223333"]),
            ],
        ),
        request(
            "bucket",
            None,
            None,
            Some("s3.amazonaws.com"),
            &[("aws:sourceaccount", &[OUTSIDE]), ("aws:sourcearn", &["arn:aws:s3:::strangers-bucket"])],
        ),
        request(
            "function whose ARN has our account in a wrong place",
            None,
            None,
            Some("lambda.amazonaws.com"),
            &[
                ("aws:sourceaccount", &[OUTSIDE]),
                ("aws:sourcearn", &["arn:aws:lambda:us-east-1:999999999999:function:111122223333:x"]),
                ("aws:sourceorgid", &["o-stranger99"]),
            ],
        ),
        request(
            "access point",
            Some(OUTSIDE),
            user,
            None,
            &with(&[
                ("s3:dataaccesspointaccount", &[OUTSIDE]),
                ("s3:dataaccesspointarn", &["arn:aws:s3:us-west-2:999999999999:accesspoint/111122223333"]),
            ]),
        ),
        request(
            "subscriber",
            Some(OUTSIDE),
            user,
            None,
            &with(&[("sns:endpoint", &["https://evil.example/x@example.com"]), ("sns:protocol", &["https"])]),
        ),
    ]
}

const ACCOUNTS: &[&str] = &[
    "111122223333",
    "222233334444",
    OUTSIDE,
    "*",
    "1111*",
    "99999999999?",
    "",
    "${aws:PrincipalAccount}",
    "${aws:ResourceAccount}",
    "ACCOUNT",
];
const ORGANIZATIONS: &[&str] =
    &["o-ours123456", "o-stranger99", "o-*", "*", "${aws:PrincipalOrgID}", "${aws:ResourceOrgID}", "o-ours123456*"];
const PATHS: &[&str] = &["o-ours123456/*", "o-ours123456/r-ab12/", "o-*/r-ab12/*", "*", "o-stranger99/*", "o-ours*/*"];
const ARNS: &[&str] = &[
    "*",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::*:role/111122223333",
    "arn:aws:iam::999999999999:*",
    "arn:*:111122223333:*",
    "arn:aws:*:*:111122223333:*",
    "arn:*111122223333*",
    "*:111122223333:*",
    "*111122223333*",
    "arn:aws:iam::111122223333*",
    "arn:aws:lambda:*:111122223333:*",
    "arn:aws:lambda:*:111122223333:function:*",
    "arn:aws:lambda:us-east-1:111122223333:function:x",
    "arn:aws:sns:*:111122223333:*",
    "arn:aws:sns:us-east-1:*:111122223333",
    "arn:aws:s3:::bucket",
    "arn:aws:s3:::*",
    "arn:aws:s3:::strangers-*",
    "arn:aws:s3:*:*:*",
    "arn:aws:s3:us-west-2:111122223333:accesspoint/*",
    "arn:aws:s3:us-west-2:*:accesspoint/*",
    "arn:aws:iam::${aws:PrincipalAccount}:user/*",
];
const NETWORKS: &[&str] = &["vpc-1", "vpce-1", "vpc-*", "vpce-*", "*", "vpce-?9"];
const ADDRESSES: &[&str] = &[
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "9.0.0.0/7",
    "203.0.113.0/24",
    "10.0.0.0/8",
    "::/0",
    "2600::/12",
    "2001:db8::/32",
    "8.0.0.0/8",
    "x",
    "1.2.3.4",
];
const USER_IDS: &[&str] = &[
    "AIDAIOSFODNN7EXAMPLE",
    "AROAIOSFODNN7EXAMPLE:*",
    "AIDA*",
    "AROA*:111122223333",
    "*:111122223333",
    "*",
    "111122223333",
    "AROA9999*",
];
const OTHERS: &[&str] = &[
    "true",
    "false",
    "admin",
    "secret",
    "https",
    "email",
    "*@example.com",
    "https://example.com/*",
    "*",
    "sns.amazonaws.com",
];

fn key_and_values() -> impl Strategy<Value = (String, Vec<String>)> {
    let family = |keys: &'static [&'static str], values: &'static [&'static str]| {
        (proptest::sample::select(keys), proptest::collection::vec(proptest::sample::select(values), 1..3))
    };
    let families = prop_oneof![
        4 => family(
            &["aws:PrincipalAccount", "kms:CallerAccount", "aws:SourceAccount", "AWS:SourceOwner", "s3:DataAccessPointAccount", "aws:VpceAccount", "aws:ResourceAccount"],
            ACCOUNTS
        ),
        2 => family(&["aws:PrincipalOrgID", "aws:SourceOrgID", "aws:ResourceOrgID"], ORGANIZATIONS),
        1 => family(&["aws:PrincipalOrgPaths"], PATHS),
        4 => family(&["aws:PrincipalArn", "aws:SourceArn", "AWS:SOURCEARN", "s3:DataAccessPointArn"], ARNS),
        2 => family(&["aws:SourceVpc", "aws:SourceVpce"], NETWORKS),
        2 => family(&["aws:SourceIp", "aws:VpcSourceIp"], ADDRESSES),
        1 => family(&["aws:userid"], USER_IDS),
        2 => family(
            &["aws:SecureTransport", "aws:PrincipalIsAWSService", "aws:username", "sts:ExternalId", "sns:Protocol", "sns:Endpoint", "aws:Referer"],
            OTHERS
        ),
    ];
    families.prop_map(|(key, values)| (key.to_owned(), values.into_iter().map(str::to_owned).collect()))
}

fn operator() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(vec![
        "StringEquals",
        "StringEquals",
        "StringLike",
        "StringLike",
        "StringLike",
        "StringEqualsIgnoreCase",
        "ArnLike",
        "ArnEquals",
        "IpAddress",
        "IpAddress",
        "Bool",
        "Null",
        "StringNotEquals",
        "StringNotLike",
        "ArnNotLike",
        "NotIpAddress",
        "NumericEquals",
        "Odd",
    ]);
    let prefix = prop_oneof![6 => Just(""), 1 => Just("ForAnyValue:"), 1 => Just("ForAllValues:")];
    let suffix = prop_oneof![6 => Just(""), 1 => Just("IfExists")];
    (prefix, name, suffix).prop_map(|(prefix, name, suffix)| match name {
        "Null" => "Null".to_owned(),
        name => format!("{prefix}{name}{suffix}"),
    })
}

fn condition() -> impl Strategy<Value = Value> {
    proptest::collection::vec((operator(), key_and_values()), 0..4).prop_map(|parts| {
        let mut operators = serde_json::Map::new();
        for (operator, (key, values)) in parts {
            let values =
                if operator == "Null" { json!(values.len().is_multiple_of(2).to_string()) } else { json!(values) };
            let keys = operators.entry(operator).or_insert_with(|| json!({}));
            keys.as_object_mut().unwrap().insert(key, values);
        }
        Value::Object(operators)
    })
}

fn principal() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => Just(json!("*")),
        2 => Just(json!({"AWS": "*"})),
        2 => proptest::sample::subsequence(
            vec!["111122223333", "arn:aws:iam::222233334444:root", "arn:aws:iam::999999999999:root", OUTSIDE, "arn:aws:iam::*:root", "AIDAIOSFODNN7EXAMPLE", "*"], 1..3
        ).prop_map(|list| json!({ "AWS": list })),
        2 => proptest::sample::subsequence(vec!["sns.amazonaws.com", "s3.amazonaws.com", "lambda.amazonaws.com"], 1..3)
            .prop_map(|list| json!({ "Service": list })),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    let element = prop_oneof![9 => Just("Principal"), 1 => Just("NotPrincipal")];
    let effect = prop_oneof![5 => Just("Allow"), 1 => Just("Deny")];
    (effect, element, principal(), condition()).prop_map(|(effect, element, principal, condition)| {
        let mut statement = json!({"Effect": effect, "Action": "x:Do", "Resource": "*", "Condition": condition});
        statement.as_object_mut().unwrap().insert(element.to_owned(), principal);
        statement
    })
}

fn document() -> impl Strategy<Value = Value> {
    let version = proptest::sample::select(vec!["2012-10-17", "2012-10-17", "2008-10-17"]);
    (version, proptest::collection::vec(statement(), 1..4))
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

fn service() -> impl Strategy<Value = Service> {
    proptest::sample::select(Service::ALL.to_vec())
}

/// A service principal in a trust policy gets the role from the role's own account only: no stranger can act there.
fn possible(request: &Request, service: Service) -> bool {
    request.service.is_none() || service != Service::IamTrust
}

/// Any JSON, nested a little, with the words of policies in it.
fn any_json() -> impl Strategy<Value = Value> {
    let words = proptest::sample::select(vec![
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Principal",
        "NotPrincipal",
        "AWS",
        "Service",
        "Federated",
        "*",
        "Condition",
        "StringLike",
        "IpAddress",
        "aws:SourceIp",
        "aws:PrincipalArn",
        "arn:aws:iam::1:x",
        "::/0",
        "Version",
        "2012-10-17",
        "Sid",
        "${",
        "ForAllValues:",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(5, 60, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(words.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop_oneof![tree.clone(), tree.prop_map(|tree| json!({ "Statement": tree }))]
}

fn look_at_everything(text: &str) {
    let Ok(policy) = Policy::parse(text) else { return };
    for service in Service::ALL {
        let report = report_json(&assess(&policy, *service, &zone()));
        assert_eq!(report["statements"].as_array().unwrap().len(), policy.statements.len());
    }
    let edited = policy.with_statement(json!({"Sid": "X", "Effect": "Deny"}));
    Policy::parse(&edited).unwrap();
    if let Some(text) = policy.without(&BTreeSet::from([0])) {
        assert_eq!(Policy::parse(&text).unwrap().statements, policy.statements[1..]);
    }
}

/// `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { failure_persistence: None, cases: default.cases * 4, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_stranger_gets_in_where_we_say_internal_or_organisation(document in document(), service in service()) {
        let policy = Policy::parse(&document.to_string()).unwrap();
        let verdict = assess(&policy, service, &zone()).verdict;
        for stranger in strangers().iter().filter(|stranger| possible(stranger, service)) {
            if allows(&document, stranger) {
                prop_assert!(verdict > Verdict::Organisation, "{} gets in, verdict {verdict}", stranger.name);
            }
        }
    }

    /// A stranger whom the policy does not mention gets in by his own request: then everybody does.
    #[test]
    fn an_unnamed_stranger_who_gets_in_makes_it_public(document in document(), service in service()) {
        let text = document.to_string();
        let named = ["99", "o-stranger", "strangers-", "8.0.0.0/8"];
        if named.iter().any(|name| text.contains(name)) {
            return Ok(());
        }
        let verdict = assess(&Policy::parse(&text).unwrap(), service, &zone()).verdict;
        for stranger in strangers().iter().filter(|stranger| stranger.service.is_none()) {
            if allows(&document, stranger) {
                prop_assert_eq!(&verdict, &Verdict::Public, "{} gets in", stranger.name);
            }
        }
    }

    #[test]
    fn a_grant_to_everybody_makes_any_policy_public(document in document(), service in service()) {
        let policy = Policy::parse(&document.to_string()).unwrap();
        let wider = policy.with_statement(json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}));
        let policy = Policy::parse(&wider).unwrap();
        prop_assert_eq!(assess(&policy, service, &zone()).verdict, Verdict::Public);
    }

    #[test]
    fn removing_the_public_statements_is_enough_and_removes_nothing_else(document in document(), service in service()) {
        let policy = Policy::parse(&document.to_string()).unwrap();
        let assessment = assess(&policy, service, &zone());
        let public: BTreeSet<usize> =
            assessment.statements.iter().filter(|s| s.verdict == Verdict::Public).map(|s| s.index).collect();
        prop_assert_eq!(public.is_empty(), assessment.verdict != Verdict::Public);
        let kept: Vec<&Value> = document["Statement"].as_array().unwrap().iter().enumerate()
            .filter(|(index, _)| !public.contains(index)).map(|(_, statement)| statement).collect();
        match policy.without(&public) {
            None => prop_assert!(kept.is_empty()),
            Some(text) => {
                let left: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(left["Statement"].as_array().unwrap().iter().collect::<Vec<_>>(), kept);
                prop_assert_eq!(&left["Version"], &document["Version"]);
                let again = assess(&Policy::parse(&text).unwrap(), service, &zone());
                prop_assert_ne!(again.verdict, Verdict::Public);
                prop_assert_ne!(again.s3.map(|s3| s3.public), Some(true));
            }
        }
    }

    /// Trusting more never makes an answer wider.
    #[test]
    fn a_larger_zone_never_widens_the_answer(document in document(), service in service()) {
        let policy = Policy::parse(&document.to_string()).unwrap();
        let words = ["internal", "organisation", "foreign", "public"];
        let breadth = |zone| words.iter().position(|word| *word == assess(&policy, service, &zone).verdict.as_str());
        prop_assert!(breadth(zone()) <= breadth(TrustZone::default()));
    }

    #[test]
    fn any_text_is_an_answer_or_an_error(text in ".{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        look_at_everything(&text);
        look_at_everything(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_json_is_an_answer_or_an_error(value in any_json()) {
        look_at_everything(&value.to_string());
    }

    /// Cut anywhere, or with one byte changed, a real document still only gives an answer or an error.
    #[test]
    fn a_damaged_document_is_an_answer_or_an_error(document in document(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let text = document.to_string();
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        look_at_everything(&String::from_utf8_lossy(&bytes[..at]));
        bytes[at] = byte;
        look_at_everything(&String::from_utf8_lossy(&bytes));
    }
}

/// The properties above would hold for an evaluator that lets nobody in, too.
#[test]
fn the_evaluator_lets_strangers_in() {
    let open = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]});
    let closed = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}}]});
    let like = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Condition": {"StringLike": {"aws:SourceArn": "arn:aws:lambda:*:111122223333:*"}}}});
    let entering = |document: &Value| {
        let names: Vec<_> = strangers().iter().filter(|s| allows(document, s)).map(|s| s.name).collect();
        names
    };
    assert_eq!(entering(&open).len(), strangers().len());
    assert_eq!(entering(&closed), Vec::<&str>::new());
    assert_eq!(entering(&like), ["function whose ARN has our account in a wrong place"]);
    assert!(glob("a*c?", "abbcd") && !glob("a*c?", "abbc") && glob("*", "") && !glob("?", ""));
}
