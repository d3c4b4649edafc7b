//! `rectify render`: every channel of the messages that are checked in, examples from events, and what is refused.

use std::fs;

use serde_json::Value;

use crate::harness::{Run, rectify};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn file(path: &str) -> String {
    format!("{ROOT}/{path}")
}

fn render(path: &str, channel: &str) -> Run {
    rectify(&["render", &file(path), "--as", channel], b"")
}

/// What `cargo xtask docs` wrote is what the command shows: the same code, from the message as it travels.
#[test]
fn the_messages_that_are_checked_in_look_alike_in_every_channel() {
    for story in ["corrected", "told", "withheld", "resolved", "undone", "hostile"] {
        let message = format!("docs/messages/{story}/message.json");
        for (channel, name) in [
            ("email", "email.txt"),
            ("slack", "slack.json"),
            ("slack-reply", "slack-reply.json"),
            ("chat", "chat.json"),
            ("ocsf", "ocsf.json"),
            ("html", "page.html"),
            ("json", "message.json"),
        ] {
            let run = render(&message, channel);
            let kept = fs::read_to_string(file(&format!("docs/messages/{story}/{name}"))).unwrap();
            assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{story} {channel}: {run}");
            if name.ends_with(".json") {
                let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
                assert_eq!(value(&run.out), value(&kept), "{story} {channel}");
            } else {
                assert_eq!(run.out, kept, "{story} {channel}");
            }
        }
        let finding: Value = serde_json::from_str(&render(&message, "asff").out).unwrap();
        assert_eq!(finding["AwsAccountId"], "111122223333", "the finding's own account stands for the hub");
        assert!(render(&message, "text").out.contains("quarterly-reports"));
    }
}

#[test]
fn an_event_gives_an_example_that_says_it_is_one() {
    let event = "events/s3-bucket/put-bucket-policy-public.json";
    for channel in ["text", "email", "slack", "chat", "asff", "ocsf", "html", "json"] {
        let run = render(event, channel);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(run.out.contains("this is an example made from the event alone"), "{channel}: {run}");
        assert!(run.err.contains("an example, made from the event alone"), "{channel}: {run}");
    }
    let other = rectify(&["render", &file(event), "--control", "s3-bucket-tls-not-required", "--as", "json"], b"");
    let message: Value = serde_json::from_str(&other.out).unwrap();
    assert_eq!(
        (&message["control"]["id"], &message["outcome"]),
        (&"s3-bucket-tls-not-required".into(), &"notified".into())
    );
    let wrong = rectify(&["render", &file(event), "--control", "s3-bucket-public-acl"], b"");
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""), "{wrong}");
    assert!(wrong.err.contains("cannot break `s3-bucket-public-acl`; it can break s3-bucket-"), "{wrong}");
}

/// Every example event is either shown or refused with a reason; none ends in a bug.
#[test]
fn every_example_event_is_shown_or_refused() {
    for entry in fs::read_dir(file("events/s3-bucket")).unwrap() {
        let path = entry.unwrap().path();
        let run = rectify(&["render", path.to_str().unwrap(), "--as", "slack"], b"");
        match run.code {
            Some(0) => assert!(serde_json::from_str::<Value>(&run.out).unwrap()["blocks"].is_array(), "{run}"),
            Some(2) => assert!(run.err.contains("is an event that no guard would look at: "), "{run}"),
            _ => panic!("{}: {run}", path.display()),
        }
        assert!(!format!("{}{}", run.out, run.err).contains(['\u{1b}', '\u{202e}']), "{run}");
    }
}

#[test]
fn what_is_no_message_is_one_clear_error() {
    let mut warning: Value = serde_json::from_str(
        r#"{"version":"1","id":"m-1","outcome":"expiring","alarm":false,"control":{"id":"*","title":""},"stands":"line 12"}"#,
    )
    .unwrap();
    warning["exemption"] = serde_json::json!({"control":"*"});
    let other_version = fs::read_to_string(file("docs/messages/corrected/message.json")).unwrap();
    let other_version = other_version.replace("\"version\": \"1\"", "\"version\": \"2\"");
    for (input, said) in [
        ("", "standard input is empty"),
        ("x", "standard input is not JSON: expected value at line 1 column 1"),
        ("[]", "neither a rectify message nor an event"),
        ("{\"a\":\"\\u001b[31m\"}", "neither a rectify message nor an event"),
        (r#"{"version":"1","outcome":"corrected"}"#, "not a rectify message: missing field `alarm`"),
        (&other_version, "schema version `2`, this release reads `1`"),
        (&warning.to_string(), "not a rectify message: missing field"),
        (r#"{"detail-type":7}"#, "standard input: not "),
        (r#"{"detail-type":"x","source":"y","detail":{}}"#, "the envelope names no account"),
    ] {
        let run = rectify(&["render", "-"], input.as_bytes());
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{input:.200}: {run}");
        assert!(run.err.contains(said) && run.err.contains("help: "), "{said}: {run}");
        assert!(run.err.starts_with("error: ") && run.err.lines().count() == 2, "{run}");
    }
    let channel = rectify(&["render", "-", "--as", "fax"], b"{}");
    assert!(channel.code == Some(2) && channel.err.contains("slack-reply"), "{channel}");
}
