//! The summary of a flood.

use rectify_render::{Held, Message, Report, Summary};
use serde_json::Value;

use crate::{chat, check_visible, sample, slack};

fn report() -> Report {
    Report {
        bucket: "rectify-reports-123456789012".to_owned(),
        key: "floods/security/2026-11-23t10-15-32z.html".to_owned(),
        region: "eu-central-1".to_owned(),
    }
}

/// `count` messages, one second apart, over many accounts and resources.
fn flood(count: usize) -> Vec<Held> {
    let messages: Vec<Message> = sample::all().into_iter().map(|(_, message)| message).collect();
    (0..count)
        .map(|number| {
            let mut message = messages[number % messages.len()].clone();
            message.account = format!("{:012}", number % 40);
            message.resource.name = format!("bucket-{number}");
            message.at = format!("2026-11-23T10:{:02}:{:02}Z", number / 60 % 60, number % 60);
            Held::of(&message)
        })
        .collect()
}

#[track_caller]
fn check(summary: &Summary) {
    slack::check(&summary.slack());
    chat::check(&summary.chat());
    let subject = summary.subject();
    assert!(
        !subject.is_empty() && subject.len() < 100 && subject.bytes().all(|b| (b' '..=b'~').contains(&b)),
        "{subject}"
    );
    let sns = summary.sns();
    assert!(sns.message.len() < 60_000, "{}", sns.message.len());
    assert!(sns.attributes.values().all(|value| !value.is_empty()) && sns.attributes.len() <= 10);
    assert_eq!(sns.attributes["digest"], "summary");
    let json: Value = serde_json::from_str(&summary.json()).unwrap();
    assert!(!summary.json().contains(rectify_render::escape::is_hidden));
    assert_eq!(serde_json::from_value::<Summary>(json).unwrap(), *summary);
    let text = summary.text();
    assert!(text.lines().count() < 60 && !text.replace('\n', "").contains(rectify_render::escape::is_hidden), "{text}");
    for line in text.lines().filter(|line| line.contains("://")) {
        assert!(line.starts_with("  https://eu-central-1.console.aws.amazon.com/s3/object/"), "{line}");
    }
    check_visible(&summary.slack());
}

/// The page has what the message promises: all of them, by name and with the links that we make.
#[test]
fn the_page_of_a_flood_has_every_finding() {
    let held = flood(1_000);
    let page = Summary::new("security", &held, None).page(&held);
    assert_eq!(page.matches("<tr>").count(), 1_001, "a row each and the head");
    for one in &held {
        assert!(page.contains(&format!(">{}<", one.name)), "{}", one.name);
    }
    assert!(page.contains("/docs/controls/s3-bucket-public-acl.md\""), "{page:.3000}");
    let many = flood(10_003);
    assert!(Summary::new("security", &many, None).page(&many).contains("… and 3 more"));
    for evil in ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u{202e}\u{1b}[31m"] {
        let held = [Held::of(&sample::hostile(evil))];
        let page = Summary::new(evil, &held, None).page(&held);
        for part in ["<script", "<img", "\u{202e}", "\u{1b}"] {
            assert!(!page.contains(part), "{part:?} in {page}");
        }
    }
}

#[test]
fn a_thousand_findings_are_one_message() {
    let summary = Summary::new("security", &flood(1_000), Some(report()));
    check(&summary);
    assert_eq!(summary.count, 1_000);
    assert_eq!(summary.severities.iter().map(|count| count.count).sum::<usize>(), 1_000);
    assert_eq!((summary.accounts.named.len(), summary.accounts.others), (5, 35));
    let link = "https://eu-central-1.console.aws.amazon.com/s3/object/rectify-reports-123456789012?region=eu-central-1&prefix=floods/security/2026-11-23t10-15-32z.html";
    assert!(
        summary.text().contains(link) && summary.chat().contains(link) && summary.slack().to_string().contains(link)
    );
    insta::assert_snapshot!("summary_text", format!("{}\n\n{}", summary.subject(), summary.text()));
    let mut slack = summary.slack();
    slack.sort_all_objects();
    insta::assert_json_snapshot!("summary_slack", slack);
    let larger = Summary::new("security", &flood(100_000), Some(report()));
    assert!(larger.sns().message.len() < summary.sns().message.len() + 1_000);
}

#[test]
fn alarms_and_what_is_still_broken_are_named_first() {
    let summary = Summary::new("security", &flood(100), None);
    assert!(summary.worst.iter().take(5).all(|worst| worst.alarm));
    assert!(summary.subject().starts_with("ALARM 100 findings"), "{}", summary.subject());
    assert!(summary.text().contains("rectify history"));
}

#[test]
fn nothing_and_one_are_said_too() {
    check(&Summary::new("security", &[], None));
    let one = Summary::new("security", &flood(1), None);
    check(&one);
    assert!(one.text().starts_with("1 finding (1 critical) at 2026-11-23 10:00:00 UTC.\n"), "{}", one.text());
}

#[test]
fn hostile_names_are_harmless_and_short() {
    for evil in sample::EVIL {
        let held = [Held::of(&sample::forged(evil)), Held::of(&sample::hostile(evil))];
        check(&Summary::new(evil, &held, None));
        let report = Report { bucket: (*evil).to_owned(), key: (*evil).to_owned(), region: (*evil).to_owned() };
        check(&Summary::new(evil, &held, Some(report)));
    }
    let long = "<!channel>".repeat(10_000);
    let held: Vec<Held> = std::iter::repeat_with(|| Held::of(&sample::forged(&long))).take(100).collect();
    assert!(serde_json::to_string(&held[0]).unwrap().len() < 4_000);
    check(&Summary::new(&long, &held, Some(report())));
}
