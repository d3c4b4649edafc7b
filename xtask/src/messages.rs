//! `docs/messages/`: what people and machines get, for a few stories, in every channel.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Context as _, Result};
use rectify_controls::{AccountId, Arn, Control, Evidence, Mode, Place, Region, Severity, State};
use rectify_render::{
    Difference, Held, Message, Notice, Overview, Report, Summary, Undone, Who, asff::Product, escape,
};
use serde_json::Value;

use crate::{kinds::KindSummary, repo::Generated};

const BY: &str = "cargo xtask docs";
const AGENT: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.0 (+https://www.terraform.io) terraform-provider-aws/5.98.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3";
const OPEN_ACL: &str = r#"{
  "acl": [
    "FULL_CONTROL: the bucket's owner",
    "READ: AllUsers"
  ],
  "public-access-block": null
}"#;
const CLOSED_ACL: &str = r#"{
  "acl": [
    "FULL_CONTROL: the bucket's owner"
  ],
  "public-access-block": {
    "BlockPublicAcls": true,
    "BlockPublicPolicy": true,
    "IgnorePublicAcls": true,
    "RestrictPublicBuckets": true
  }
}"#;
const OPEN_BLOCK: &str = "{\n  \"public-access-block\": null\n}";
const CLOSED_BLOCK: &str = r#"{
  "public-access-block": {
    "BlockPublicAcls": true,
    "BlockPublicPolicy": true,
    "IgnorePublicAcls": true,
    "RestrictPublicBuckets": true
  }
}"#;
/// What somebody could put into names that are free to choose.
const HOSTILE: &str = "<!channel> <https://evil.example|click> *b* `c` @here \u{1b}[31mred\u{202e}gnp.exe =HYPERLINK(\"http://evil.example\") <script>alert(1)</script>";

/// The stories: the name of the folder, and what it is about.
const STORIES: &[(&str, &str)] = &[
    ("corrected", "A public ACL was put back, and that was proven."),
    ("told", "A public policy where rectify only tells, with what would put it right."),
    ("withheld", "The same came back again and again: rectify stops and asks for help."),
    ("resolved", "A finding that was told is over; it closes the thread."),
    ("undone", "A person undid the correction."),
    ("hostile", "Names, sessions and statements that try to be markup, links, mentions and escapes."),
];

/// Everything below `docs/messages/`.
///
/// # Errors
/// When the rule book has not the controls that the stories are about.
pub(crate) fn files(kinds: &[KindSummary]) -> Result<Vec<Generated>> {
    let mut files = vec![index()];
    for (name, _) in STORIES {
        files.extend(channels(name, &story(name, kinds)?)?);
    }
    files.extend(flood(kinds)?);
    files.extend(digest()?);
    Ok(files)
}

fn file(folder: &str, name: &str, text: String) -> Generated {
    Generated { path: format!("docs/messages/{folder}/{name}"), text, by: BY }
}

/// Pretty, harmless to look at, and in an order that does not depend on how serde_json was built.
fn json(mut value: Value) -> Result<String> {
    value.sort_all_objects();
    // Inside a string of pretty JSON there is no line feed, so what is hidden in a line is in a string.
    Ok(serde_json::to_string_pretty(&value)?.lines().map(|line| escape::json(line) + "\n").collect())
}

fn channels(name: &str, message: &Message) -> Result<Vec<Generated>> {
    let region = Region::new("eu-central-1")?;
    let product = Product {
        partition: region.partition(),
        account: AccountId::new("999999999999")?,
        region,
        first_seen: "2026-11-20T09:12:04Z".parse()?,
    };
    let email = format!("Subject: {}\n\n{}", message.subject(), message.text());
    Ok(vec![
        file(name, "message.json", json(serde_json::from_str(&message.json())?)?),
        file(name, "email.txt", email),
        file(name, "slack.json", json(message.slack())?),
        file(name, "slack-reply.json", json(message.slack_reply())?),
        file(name, "chat.json", json(serde_json::from_str(&message.chat())?)?),
        file(name, "asff.json", json(message.asff(&product))?),
        file(name, "asff-update.json", json(message.asff_update(&product))?),
        file(name, "ocsf.json", json(message.ocsf())?),
        file(name, "page.html", message.html()),
    ])
}

/// The digest and the report, of an invented organisation.
fn digest() -> Result<Vec<Generated>> {
    let report = Overview::sample();
    let digest = Overview { title: "Digest".to_owned(), ..report.clone() };
    Ok(vec![
        file("digest", "email.txt", format!("Subject: {}\n\n{}", digest.subject(), digest.text())),
        file("digest", "email.html", digest.email_html()),
        file("digest", "slack.json", json(digest.slack())?),
        file("digest", "report.html", report.page()),
    ])
}

/// A thousand findings in a minute, in one message.
fn flood(kinds: &[KindSummary]) -> Result<Vec<Generated>> {
    let base = [story("corrected", kinds)?, story("told", kinds)?, story("withheld", kinds)?];
    let held: Vec<Held> = (0..1_000_usize)
        .map(|number| {
            // One alarm among many that were put right.
            let which = if number == 500 { 2 } else { usize::from(number % 10 == 0) };
            let mut held = Held::of(base.get(which).unwrap_or(&base[0]));
            let account = number % 12;
            held.name = format!("reports-{number:04}");
            held.finding = format!("f-{number:020}");
            held.account = format!("{:012}", 111_122_220_000 + account);
            held.account_name = Some(format!("team-{account}"));
            held.at = format!("2026-11-20T09:12:{:02}Z", number * 60 / 1_000);
            held
        })
        .collect();
    let report = Report {
        bucket: "rectify-reports-999999999999".to_owned(),
        key: "floods/security/2026-11-20t09-13-00z.html".to_owned(),
        region: "eu-central-1".to_owned(),
    };
    let summary = Summary::new("security", &held, Some(report));
    // A page of a thousand rows would be two megabytes of repetition here: the first twenty show it.
    let (few, _) = held.split_at(20);
    Ok(vec![
        file("flood", "summary.json", json(serde_json::from_str(&summary.json())?)?),
        file("flood", "email.txt", format!("Subject: {}\n\n{}", summary.subject(), summary.text())),
        file("flood", "slack.json", json(summary.slack())?),
        file("flood", "page.html", Summary::new("security", few, None).page(few)),
        file("flood", "chat.json", json(serde_json::from_str(&summary.chat())?)?),
    ])
}

fn index() -> Generated {
    let mut text = String::from(
        "<!-- generated by cargo xtask docs; the stories are in xtask/src/messages.rs -->\n\n# Messages\n\n\
         What rectify tells, as each channel gets it. Made by `cargo xtask docs` with the code that sends them; the tests fail when \
         they are stale. Show any message of your own with `rectify render FILE --as CHANNEL`, for example\n\n\
         ```sh\nrectify render docs/messages/corrected/message.json --as email\n\
         rectify render events/s3-bucket/put-bucket-acl-public.json --as slack\n```\n\n\
         [`message-1.json`](../schema/message-1.json) is the JSON schema of what machines get.\n\n| story | |\n|---|---|\n",
    );
    let names = [
        ("message", "message.json"),
        ("e-mail", "email.txt"),
        ("Slack", "slack.json"),
        ("Slack, in the thread", "slack-reply.json"),
        ("Amazon Q Developer", "chat.json"),
        ("Security Hub", "asff.json"),
        ("its update", "asff-update.json"),
        ("OCSF", "ocsf.json"),
        ("page", "page.html"),
    ];
    for (story, what) in STORIES {
        let links: Vec<String> = names.iter().map(|(name, file)| format!("[{name}]({story}/{file})")).collect();
        let _ = writeln!(text, "| **{story}**: {what} | {} |", links.join(", "));
    }
    text.push_str(
        "| **flood**: A thousand findings in a minute: people get one summary, machines get all of them. | \
         [summary](flood/summary.json), [e-mail](flood/email.txt), [Slack](flood/slack.json), [Amazon Q Developer](flood/chat.json) |\n\
         | **digest**: How it stands, daily or weekly, for one owner or for all; as a page by `rectify report --html FILE`. | \
         [e-mail](digest/email.txt), [its HTML](digest/email.html), [Slack](digest/slack.json), [page](digest/report.html) |\n",
    );
    Generated { path: "docs/messages/README.md".to_owned(), text, by: BY }
}

fn control(id: &str, kinds: &[KindSummary]) -> Result<&'static Control> {
    let mut controls = kinds.iter().flat_map(|kind| kind.controls);
    controls.find(|control| control.id == id).with_context(|| format!("docs/messages: the rule book has no `{id}`"))
}

fn story(name: &str, kinds: &[KindSummary]) -> Result<Message> {
    let acl = control("s3-bucket-public-acl", kinds)?;
    let policy = control("s3-bucket-public-policy", kinds)?;
    let place = Place { account: AccountId::new("111122223333")?, region: Region::new("eu-central-1")? };
    let arn = Arn::from_parts("arn:aws:s3:::quarterly-reports".to_owned());
    let evidence = [Evidence::new("grant", "READ to http://acs.amazonaws.com/groups/global/AllUsers")];
    let statement = r#"{"Sid":"PublicRead","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::quarterly-reports/*"}"#;
    let statements = [Evidence::new("statement", statement)];
    let evil = [Evidence::new("statement", format!(r#"{{"Sid":"{HOSTILE}","Effect":"Allow","Principal":"*"}}"#))];
    let corrected = Notice {
        id: "m-5b0c1f6f2a7d4e83b9c1",
        finding: "f-9d2e7c41a05b86f3e1d4",
        at: "2026-11-20T09:12:05.871Z",
        closes: true,
        outcome: "corrected",
        control: acl,
        severity: Severity::Critical,
        state: &State::Live,
        summary: "the ACL of bucket quarterly-reports grants READ to everyone",
        evidence: &evidence,
        arn: &arn,
        place: &place,
        account_name: Some("reporting-production"),
        owner: Some("web-team"),
        environment: "production",
        environment_read: Some("2026-11-20T03:00:00Z, 6h ago"),
        mode: Mode::Corrective,
        actor: Who {
            principal: Some("arn:aws:iam::111122223333:role/deploy"),
            session: Some("jane.doe@example.com"),
            source_ip: Some("203.0.113.17"),
            user_agent: Some(AGENT),
            tool: Some("Terraform 1.11.0"),
            tool_class: Some("terraform"),
            invoked_by: None,
            chain: Vec::new(),
            event_name: Some("PutBucketAcl"),
            event_id: Some("b4256286-680a-5242-a248-deb4b54fb24f"),
            event_time: Some("2026-11-20T09:12:02Z"),
        },
        changes: vec![
            "set the bucket's public access block to all four flags".to_owned(),
            "set the ACL to 1 grants".to_owned(),
        ],
        difference: Some(Difference { before: OPEN_ACL.to_owned(), after: CLOSED_ACL.to_owned(), proposed: false }),
        proof: Some("read again at 2026-11-20T09:12:05.790Z and found compliant (look 1)"),
        took: Some(Duration::from_millis(1_430)),
        correction: Some("c-06bq3s7k8x3v9q2m1p"),
        undone: None,
        why: None,
        next: None,
        paused: None,
        repeats: 0,
        alarm: false,
    };
    let told = Notice {
        closes: false,
        outcome: "notified",
        changes: Vec::new(),
        proof: None,
        took: None,
        correction: None,
        difference: Some(Difference { before: OPEN_ACL.to_owned(), after: CLOSED_ACL.to_owned(), proposed: true }),
        ..corrected.clone()
    };
    let notice = match name {
        "told" => Notice {
            finding: "f-27c0b4e9d8135fa60c72",
            control: policy,
            summary: "the policy of bucket quarterly-reports lets everyone in through statement `PublicRead`",
            evidence: &statements,
            environment: "development",
            mode: Mode::Detective,
            actor: Who { event_name: Some("PutBucketPolicy"), ..told.actor.clone() },
            difference: Some(Difference {
                before: OPEN_BLOCK.to_owned(),
                after: CLOSED_BLOCK.to_owned(),
                proposed: true,
            }),
            ..told
        },
        "withheld" => Notice {
            alarm: true,
            outcome: "withheld",
            why: Some("a tug of war: corrected 3 times within 1h, and each time it came back"),
            next: Some(
                "fix it where the change comes from, or exempt it; it is corrected again when nobody has opened it for 1h, or \
                 after `rectify resume --resource` with the ARN below",
            ),
            ..told
        },
        "resolved" => Notice { closes: true, outcome: "resolved", difference: None, actor: Who::default(), ..told },
        "undone" => Notice {
            outcome: "restored",
            at: "2026-11-20T11:00:01.204Z",
            correction: Some("u-06bq5t1m4c8r2w7n3k"),
            undone: Some(Undone {
                by: "arn:aws:iam::111122223333:role/on-call",
                reason: "the reports are public on purpose until the audit ends, SEC-412",
                until: Some("2026-11-21T11:00:00Z"),
                correction: "c-06bq3s7k8x3v9q2m1p",
            }),
            changes: vec!["set the ACL to 2 grants".to_owned(), "removed the bucket's public access block".to_owned()],
            difference: Some(Difference { before: CLOSED_ACL.to_owned(), after: OPEN_ACL.to_owned(), proposed: false }),
            proof: Some("read again at 2026-11-20T11:00:01.102Z and as before the correction (look 1)"),
            ..corrected
        },
        "hostile" => Notice {
            finding: "f-27c0b4e9d8135fa60c72",
            control: policy,
            summary: "the policy of bucket quarterly-reports lets everyone in through statement 1",
            evidence: &evil,
            account_name: Some(HOSTILE),
            owner: Some(HOSTILE),
            actor: Who {
                session: Some(HOSTILE),
                user_agent: Some(HOSTILE),
                tool: None,
                tool_class: None,
                event_name: Some("PutBucketPolicy"),
                ..told.actor.clone()
            },
            difference: None,
            why: Some(HOSTILE),
            outcome: "withheld",
            ..told
        },
        _ => corrected,
    };
    Ok(Message::new(&notice))
}

#[cfg(test)]
mod tests {
    use rectify_render::{Message, escape};

    use super::{STORIES, files};
    use crate::kinds;

    #[test]
    fn every_story_has_every_channel_and_nothing_hidden() {
        let files = files(&kinds::all()).unwrap();
        assert_eq!(
            files.len(),
            1 + STORIES.len() * 9 + 5 + 4,
            "an index, nine for each story, the flood and the digest"
        );
        for file in &files {
            assert!(!file.text.replace('\n', "").contains(escape::is_hidden), "{}", file.path);
            // Machines get exact values.
            let is_for_people = ["email.txt", "slack.json", "slack-reply.json", "chat.json", "page.html"]
                .iter()
                .any(|name| file.path.ends_with(name));
            assert!(!is_for_people || !file.text.contains("://evil"), "{}", file.path);
            if file.path.ends_with("/message.json") {
                Message::parse(&file.text).unwrap();
            }
        }
    }
}
