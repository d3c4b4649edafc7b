//! Input nobody should send.

use std::borrow::Cow;

use proptest::prelude::*;
use rectify_event::{Detail, Event, Params, Record};
use serde_json::{Value, json};

use crate::corpus::envelope;

const RECORD: &str = r#"{"eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy", "FIELD": VALUE}"#;

fn with(field: &str, value: &str) -> String {
    RECORD.replace("FIELD", field).replace("VALUE", value)
}

#[test]
fn strings_are_borrowed_unless_something_in_them_is_escaped() {
    let text = with("userIdentity", r#"{"arn": "arn:aws:iam::1:user/a", "userName": "a\u0062c"}"#);
    let record = Record::parse(&text).unwrap();
    let identity = record.user_identity.as_ref().unwrap();
    assert!(matches!(record.event_name, Cow::Borrowed("PutBucketPolicy")));
    assert!(matches!(identity.arn, Some(Cow::Borrowed("arn:aws:iam::1:user/a"))));
    assert!(matches!(&identity.user_name, Some(Cow::Owned(name)) if name == "abc"));
}

#[test]
fn half_a_surrogate_pair_hides_neither_the_field_nor_the_request() {
    let text = with("userAgent", r#""a\ud83d b\\ud83d \ud83d\ude00 \udc00c""#);
    assert_eq!(Record::parse(&text).unwrap().user_agent.as_deref(), Some("a\u{fffd} b\\ud83d \u{1f600} \u{fffd}c"));

    let text = with("requestParameters", r#"{"bucketName": "logs", "tag": "\uDfff\ud800\ud800\udc00\ud800"}"#);
    let request = Record::parse(&text).unwrap().request();
    assert!(request.is_readable());
    assert_eq!(request.str("bucketName"), Some("logs"));
    assert_eq!(request.str("tag"), Some("\u{fffd}\u{fffd}\u{10000}\u{fffd}"));
}

#[test]
fn a_request_that_is_nested_too_deep_says_that_it_was_not_read() {
    let deep = format!("{{\"a\": {}1{}, \"bucketName\": \"logs\"}}", "[".repeat(100_000), "]".repeat(100_000));
    let text = with("requestParameters", &deep);
    let record = Record::parse(&text).unwrap();
    assert!(!record.request().is_readable());
    assert_eq!(record.request().get("bucketName"), None);
    assert!(record.response().is_readable());

    for field in ["userIdentity", "resources", "errorCode", "userAgent"] {
        let text = with(field, &deep);
        let record = Record::parse(&text).unwrap();
        assert_eq!(record.failed(), field == "errorCode");
    }
    let bottomless = "{\"detail\":".repeat(100_000);
    assert!(Event::parse(&bottomless).is_err());
}

#[test]
fn a_huge_string_is_only_borrowed() {
    let text = with("userAgent", &format!("\"{}\"", "a".repeat(20_000_000)));
    let record = Record::parse(&text).unwrap();
    assert!(matches!(&record.user_agent, Some(Cow::Borrowed(agent)) if agent.len() == 20_000_000));
}

#[test]
fn a_key_written_twice_never_hides_an_error() {
    let twice = with("errorCode", r#""AccessDenied", "errorCode": null"#);
    assert!(Record::parse(&twice).is_err());
    let twice = with("requestParameters", r#"{"bucketName": "first", "bucketName": "last"}"#);
    assert_eq!(Record::parse(&twice).unwrap().request().str("bucketName"), Some("last"));
}

#[test]
fn a_list_is_not_an_event() {
    for text in [r#"["aws.s3", "Object Created", {}]"#, "[]", "null", "7", "\"x\"", "", " ", "{", "\u{feff}", "{}"] {
        assert!(Event::parse(text).is_err(), "{text}");
        assert!(Record::parse(text).is_err(), "{text}");
    }
    let text = with("userIdentity", r#"["Root", "principal", "arn:aws:iam::1:root", "1"]"#);
    assert!(Record::parse(&text).unwrap().user_identity.is_none());
}

#[test]
fn a_byte_order_mark_is_stepped_over() {
    let text = format!("\u{feff}{}", with("readOnly", "false"));
    assert_eq!(Record::parse(&text).unwrap().read_only, Some(false));
}

#[test]
fn bytes_that_are_not_text_are_not_an_event() {
    let error = Event::parse_bytes(b"{\"source\": \"\xff\"}").unwrap_err();
    assert!(error.to_string().starts_with("not an EventBridge event: "), "{error}");
    let event = envelope("aws.events", "Scheduled Event", &json!({})).to_string();
    assert!(Event::parse_bytes(event.as_bytes()).is_ok());
}

#[test]
fn an_event_that_only_claims_to_be_from_aws_is_read_by_nobody() {
    let detail = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl"});
    for source in ["evil", "rectify", "AWS.s3", "aws", "x.aws.s3"] {
        let text = envelope(source, "AWS API Call via CloudTrail", &detail).to_string();
        assert!(matches!(Event::parse(&text).unwrap().detail, Detail::Other), "{source}");
    }
    for source in ["aws.s3", "rectify"] {
        let text = envelope(source, "Sweep", &json!({"kind": "s3-bucket"})).to_string();
        assert!(matches!(Event::parse(&text).unwrap().detail, Detail::Other), "{source}");
    }
}

#[test]
fn an_error_names_the_field_and_never_repeats_the_input() {
    let text =
        RECORD.replace("\"PutBucketPolicy\"", "[\"\\u001b[31m secret\"]").replace("\"FIELD\": VALUE", "\"a\": 1");
    let error = Record::parse(&text).unwrap_err().to_string();
    assert!(error.starts_with("not a CloudTrail record: eventName: expected a string"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let key = prop_oneof![
            Just("type".to_owned()),
            Just("arn".to_owned()),
            Just("sessionIssuer".to_owned()),
            Just("findings".to_owned()),
            Just("Id".to_owned()),
            ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const DETAIL_TYPES: &[(&str, &str)] = &[
    ("aws.s3", "AWS API Call via CloudTrail"),
    ("aws.organizations", "AWS Service Event via CloudTrail"),
    ("aws.signin", "AWS Console Sign In via CloudTrail"),
    ("aws.config", "Config Configuration Item Change"),
    ("aws.config", "Config Rules Compliance Change"),
    ("aws.guardduty", "GuardDuty Finding"),
    ("aws.macie", "Macie Finding"),
    ("aws.securityhub", "Security Hub Findings - Imported"),
    ("aws.cloudformation", "CloudFormation Drift Detection Status Change"),
    ("aws.s3", "Object Created"),
    ("aws.events", "Scheduled Event"),
    ("rectify", "Sweep"),
];

const FIELDS: &[&str] = &[
    "eventVersion",
    "eventType",
    "eventID",
    "eventTime",
    "awsRegion",
    "errorCode",
    "errorMessage",
    "readOnly",
    "userIdentity",
    "sourceIPAddress",
    "userAgent",
    "recipientAccountId",
    "resources",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "tlsDetails",
    "sharedEventID",
];

proptest! {
    #[test]
    fn any_bytes_are_an_event_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Event::parse_bytes(&bytes);
    }

    #[test]
    fn any_text_is_an_event_or_an_error(text in "[\\PC\"\\\\{}\\[\\]:,u0-9a-d]{0,120}") {
        let _ = Event::parse(&text);
        let _ = Record::parse(&text);
        let _ = Record::parse(&with("userAgent", &format!("\"{text}\""))).map(|record| record.tool().is_some());
    }

    #[test]
    fn any_json_is_an_event_or_an_error(json in any_json()) {
        let text = json.to_string();
        let _ = Event::parse(&text);
        let _ = Record::parse(&text);
    }

    #[test]
    fn any_object_is_a_detail_unless_it_must_name_a_call(detail in any_json(), kind in 0..DETAIL_TYPES.len()) {
        let (source, detail_type) = DETAIL_TYPES[kind];
        let text = envelope(source, detail_type, &detail).to_string();
        let read = Event::parse(&text);
        if detail.is_object() && !detail_type.contains("CloudTrail") {
            prop_assert!(read.is_ok(), "{:?}", read);
        }
    }

    #[test]
    fn any_value_in_an_optional_field_costs_at_most_that_field(value in any_json(), field in 0..FIELDS.len()) {
        let name = FIELDS[field];
        let text = with(name, &value.to_string());
        let record = Record::parse(&text);
        prop_assert!(record.is_ok(), "{}: {:?}", text, record);
        let record = record.unwrap();
        prop_assert_eq!(record.failed(), name == "errorCode" && !value.is_null() && value != "");
        prop_assert!(!record.actor().to_string().is_empty());
        let _ = record.tool();
        prop_assert!(record.request().is_readable());
    }

    #[test]
    fn any_escaped_text_reads_as_serde_reads_it(text in any::<String>()) {
        let json = with("userAgent", &serde_json::to_string(&text).unwrap());
        let record = Record::parse(&json).unwrap();
        prop_assert_eq!(record.user_agent.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn any_path_into_parameters_is_found_or_not(json in any_json(), path in "[a-zA-Z/]{0,12}") {
        let text = json.to_string();
        let raw: &serde_json::value::RawValue = serde_json::from_str(&text).unwrap();
        let params = Params::parse(Some(raw));
        prop_assert_eq!(params.str(&path).is_some(), params.get(&path).is_some_and(|value| {
            value.is_string() || value.as_array().is_some_and(|items| items.len() == 1 && items[0].is_string())
        }));
        prop_assert!(params.list(&path).len() < 10);
    }
}
