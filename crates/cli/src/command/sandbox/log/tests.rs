use rectify_controls::{AccountId, Arn, Evidence, Kind, Mode, Place, Region, Severity, State, s3_bucket::S3Bucket};
use rectify_render::{Message, Notice, Who};
use serde_json::{Value, json};

use super::{End, Happened, Log, What};

const MS: u64 = 1_000_000;
const ARN: &str = "arn:aws:s3:::reports";

fn at(ms: u64, what: What) -> Happened {
    Happened { at_ns: ms * MS, what }
}

fn call(ms: u64, operation: &str, error: Option<&str>) -> Happened {
    let status = if error.is_some() { 403 } else { 200 };
    let (operation, resource, error) = (operation.to_owned(), ARN.to_owned(), error.map(str::to_owned));
    at(ms, What::Call { function: None, operation, resource, status, error })
}

fn invocation(start_ms: u64, end_ms: u64, end: End, response: Value) -> Happened {
    let (function, start_ns, init_ns) = ("S3BucketGuard".to_owned(), start_ms * MS, Some(6 * MS));
    at(end_ms, What::Invocation { function, start_ns, init_ns, attempt: 1, end, response })
}

fn answer(outcome: &str) -> Value {
    json!({
        "eventName": "PutBucketAcl",
        "outcomes": [{ "outcome": outcome, "control": "s3-bucket-public-acl", "resource": ARN, "why": "found compliant" }],
    })
}

fn message(ms: u64) -> Happened {
    let place =
        Place { account: AccountId::new("123456789012").unwrap(), region: Region::new("eu-central-1").unwrap() };
    let rendered = Message::new(&Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: false,
        outcome: "corrected",
        control: S3Bucket::CONTROLS.iter().find(|control| control.id == "s3-bucket-public-acl").unwrap(),
        severity: Severity::Critical,
        state: &State::Live,
        summary: "the ACL of bucket `reports` lets everyone list it",
        evidence: &[Evidence::new("grant", "READ to everyone")],
        arn: &Arn::from_parts(ARN.to_owned()),
        place: &place,
        account_name: None,
        owner: Some("web-team"),
        environment: "production",
        environment_read: None,
        mode: Mode::Corrective,
        actor: Who::default(),
        changes: vec!["set the ACL to 1 grants".to_owned()],
        difference: None,
        proof: Some("read again"),
        took: None,
        correction: Some("01JD-7QK2"),
        undone: None,
        why: None,
        next: None,
        paused: None,
        repeats: 0,
        alarm: false,
    });
    let sns = rendered.sns();
    let function = Some("S3BucketGuard".to_owned());
    at(ms, What::Message { function, subject: Some(sns.subject), body: sns.message })
}

fn shown(log: &mut Log, happened: Vec<Happened>, now_ms: u64) -> String {
    log.lines(happened, now_ms * MS).iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_correction_reads_from_call_to_message() {
    let happened = vec![
        call(1_204, "PutBucketAcl", None),
        message(1_260),
        invocation(1_210, 1_268, End::Answered, answer("corrected")),
        invocation(
            1_270,
            1_280,
            End::Answered,
            json!({ "eventName": "PutBucketPublicAccessBlock", "outcomes": [{ "outcome": "compliant", "resource": ARN }] }),
        ),
        call(2_000, "DeleteBucketPolicy", Some("AccessDenied")),
    ];
    insta::assert_snapshot!(shown(&mut Log::default(), happened, 2_000));
}

#[test]
fn a_message_waits_for_its_invocation_and_not_for_ever() {
    let mut log = Log::default();
    assert_eq!(shown(&mut log, vec![message(100)], 110), "");
    // Another invocation that overlaps did not send it.
    let other = json!({ "outcomes": [{ "outcome": "compliant", "resource": "arn:aws:s3:::other" }] });
    assert!(!shown(&mut log, vec![invocation(50, 120, End::Answered, other)], 130).contains("message"));
    let own = shown(&mut log, vec![invocation(60, 140, End::Answered, answer("corrected"))], 150);
    assert_eq!(own.matches("message").count(), 1);
    assert!(own.find("corrected s3-bucket-public-acl").unwrap() < own.find("message").unwrap());

    assert_eq!(shown(&mut log, vec![message(200)], 210), "");
    assert_eq!(shown(&mut log, Vec::new(), 4_000).matches("message").count(), 1, "its invocation never ended");
    assert_eq!(shown(&mut log, Vec::new(), 9_000), "");
}

#[test]
fn failures_say_what_happened() {
    let response = json!({ "errorType": "Runtime.ExitError", "errorMessage": "exit status: 101" });
    let happened = vec![
        invocation(0, 30_000, End::OutOfTime, json!({})),
        invocation(0, 5, End::Crashed, response),
        invocation(0, 5, End::NotStarted, json!(null)),
        invocation(0, 5, End::Failed, json!("a text")),
        invocation(0, 5, End::Answered, json!([1])),
    ];
    insta::assert_snapshot!(shown(&mut Log::default(), happened, 30_000));
}

#[test]
fn hostile_names_stay_on_their_line() {
    let evil = "\u{1b}[2Jevil\r\n\u{202e}https://evil.example".to_owned();
    let happened = vec![
        at(1, What::Call { function: None, operation: evil.clone(), resource: evil.clone(), status: 0, error: None }),
        at(2, What::Log { function: evil.clone(), line: evil.clone() }),
        at(3, What::Message { function: None, subject: Some(evil.clone()), body: evil.clone() }),
        invocation(3, 4, End::Failed, json!({ "errorType": evil, "errorMessage": evil, "eventName": evil })),
        invocation(
            3,
            5,
            End::Answered,
            json!({ "eventName": evil, "outcomes": [{ "outcome": evil, "control": evil, "resource": evil, "why": evil }] }),
        ),
    ];
    let lines = Log::default().lines(happened, 10 * MS);
    assert_eq!(lines.len(), 6);
    for line in lines {
        let line = line.to_string();
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}') && !line.contains("://"), "{line:?}");
    }
}
