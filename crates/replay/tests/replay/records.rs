//! Records as nobody expects them.

use serde_json::{Value, json};

use crate::made::{CORRECTIVE, SSH, corrected, file, fine, log, named, names, of, open, read, run, with};

const TIME: &str = "2025-07-10T12:35:26Z";

fn keys(report: &rectify_replay::Report) -> Vec<(String, String)> {
    names(report).into_keys().collect()
}

#[test]
fn nothing_inside_a_record_is_taken_for_its_name() {
    let record = with(&open(TIME, "a"), |record| {
        record.insert(
            "additionalEventData".to_owned(),
            json!({"eventName": "PutBucketAcl", "eventSource": "s3.amazonaws.com",
            "Records": [{"eventName": "DeleteBucket", "eventSource": "s3.amazonaws.com"}],
            "text": "\"},{\"eventName\":\"DeleteTrail\",\"eventSource\":\"cloudtrail.amazonaws.com\"}]}"}),
        );
    });
    let report = of(log(&[record]));
    fine(&report, 1);
    assert_eq!(keys(&report), [("ec2.amazonaws.com".to_owned(), "AuthorizeSecurityGroupIngress".to_owned())]);
    assert_eq!(corrected(&report), 1);
}

#[test]
fn of_two_keys_of_one_name_the_last_counts() {
    let text = log(&[
        r#"{"eventSource":"a","eventName":"A","eventTime":"2025-07-10T12:00:00Z","eventSource":"b","eventName":"B"}"#,
        r#"{"eventName":"C","eventSource":"c","eventName":"D"}"#,
    ]);
    let report = of(&*text);
    fine(&report, 2);
    assert_eq!(keys(&report), [("b".to_owned(), "B".to_owned()), ("c".to_owned(), "D".to_owned())]);
}

#[test]
fn a_name_may_be_spelled_with_escapes() {
    let plain = open(TIME, "a");
    for (what, with) in [
        ("\"eventName\":\"AuthorizeSecurityGroupIngress\"", "\"event\\u004eame\":\"AuthorizeSecurityGroupIngress\""),
        ("\"eventName\":\"AuthorizeSecurityGroupIngress\"", "\"eventName\":\"\\u0041uthorizeSecurityGroupIngress\""),
        ("\"eventSource\":\"ec2.amazonaws.com\"", "\"eventSource\":\"ec2.amazonaws\\u002ecom\""),
        ("\"eventSource\":\"ec2.amazonaws.com\"", "\"event\\u0053ource\":\"ec2.amazonaws.com\""),
    ] {
        let report = of(log(&[plain.replacen(what, with, 1)]));
        fine(&report, 1);
        assert_eq!(keys(&report), [("ec2.amazonaws.com".to_owned(), "AuthorizeSecurityGroupIngress".to_owned())]);
        assert_eq!(corrected(&report), 1, "{with}");
    }
}

#[test]
fn a_record_without_a_service_still_has_a_name() {
    let report = of(log(&[
        r#"{"eventVersion":"1.0","eventName":"RunInstances"}"#,
        r#"{"eventVersion":"1.0","eventSource":"x"}"#,
        r#"{"eventName":7,"eventSource":"x"}"#,
    ]));
    named(&report, "log", "2 pieces are no records", 1);
    assert_eq!(keys(&report), [(String::new(), "RunInstances".to_owned())]);
}

/// Version 1.0 of 2013 has no `recipientAccountId`, no `eventID`, no `readOnly` and no `eventType`.
#[test]
fn records_of_every_vintage() {
    let old = with(&open("2013-12-01T10:00:00Z", "a"), |record| {
        record.insert("eventVersion".to_owned(), json!("1.0"));
        for key in ["recipientAccountId", "eventID", "requestID", "eventType"] {
            record.remove(key);
        }
    });
    let (report, rows) = run(CORRECTIVE, None, 1, [file("log", log(&[old]))].into_iter());
    fine(&report, 1);
    assert_eq!(corrected(&report), 1);
    let row = rows.iter().find(|row| row.control == SSH).unwrap();
    assert_eq!((row.account.as_str(), row.event_id.as_deref()), (crate::made::ACCOUNT, None));
    assert_eq!(report.period.unwrap().from.to_string(), "2013-12-01T10:00:00Z");
}

#[test]
fn bytes_that_are_no_text() {
    let broken = |text: String| -> Vec<u8> {
        text.into_bytes().into_iter().map(|byte| if byte == b'~' { 0xff } else { byte }).collect()
    };
    // In the name of a call: counted, and not taken for another.
    let report = of(broken(log(&[read(1).replace("DescribeInstances", "Describe~Instances"), read(2)])));
    assert_eq!(report.records.read, 2);
    assert_eq!(names(&report).values().sum::<u64>(), 2);
    // In a watched record, beside what decides: judged, and said.
    let report = of(broken(log(&[open(TIME, "a").replace("aws-cli/2.31.20", "aws~cli")])));
    named(&report, "log", "not UTF-8", 1);
    assert_eq!(corrected(&report), 1);
    // In the resource's name: there is no such resource.
    let report = of(broken(log(&[open(TIME, "a").replace(crate::made::GROUP, "sg-~")])));
    named(&report, "log", "not UTF-8", 1);
    assert_eq!((corrected(&report), report.verdicts.would_tell), (0, 0));
}

#[test]
fn a_record_that_closes_and_is_no_json() {
    let text = log(&[open(TIME, "a").replace("\"requestParameters\":", "\"requestParameters\" "), open(TIME, "b")]);
    let report = of(text);
    named(&report, "log", "1 record of a watched call is not JSON", 2);
    assert_eq!(corrected(&report), 1);
}

#[test]
fn deep_records() {
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for depth in [100, 10_000, 200_000] {
        let one = open(TIME, "a").replacen("\"requestID\":\"r\"", &format!("\"requestID\":{}", deep(depth)), 1);
        let report = of(log(&[one, read(1)]));
        assert_eq!(report.records.read, 2);
        assert!(corrected(&report) == 1 || report.records.unreadable == 1, "{depth}");
        // Containers in containers that are none by their first key.
        let nested = format!("{}{}{}", "{\"a\":1,\"Records\":[".repeat(depth), read(1), "]}".repeat(depth));
        assert_eq!(of(nested).files.unreadable.total, 1, "{depth}");
    }
    let containers = format!("{}{}{}", "{\"Records\":[".repeat(10_000), read(1), "]}".repeat(10_000));
    fine(&of(containers), 1);
    let messages = (0..8).fold(read(1), |text, _| json!({"message": text}).to_string());
    assert_eq!(of(messages).files.unreadable.total, 1);
}

#[test]
fn a_record_of_20_mb_costs_itself() {
    let large = with(&read(1), |record| {
        record.insert("requestParameters".to_owned(), Value::from("x".repeat(20 << 20)));
    });
    let text = log(&[read(2), large, open(TIME, "a")]);
    let streamed = [crate::made::gzip(text.as_bytes()), crate::made::gzip(b"")].concat();
    for bytes in [text.into_bytes(), streamed] {
        let report = of(bytes);
        named(&report, "log", "more than 16 MiB", 2);
        assert_eq!((report.records.unreadable, corrected(&report)), (1, 1));
    }
}

#[test]
fn an_empty_error_code_is_none() {
    for (code, failed) in [(json!(""), 0), (json!(null), 0), (json!("Client.DryRunOperation"), 1)] {
        let one = with(&open(TIME, "a"), |record| drop(record.insert("errorCode".to_owned(), code.clone())));
        let report = of(log(&[one]));
        fine(&report, 1);
        assert_eq!((report.records.failed, corrected(&report)), (failed, 1 - failed), "{code}");
    }
}
