//! Slack: the limits of Block Kit, checked block by block, and what a reader sees.

use rectify_render::Message;
use serde_json::Value;

use crate::{check_visible, sample};

/// Slack, «Block Kit» reference: blocks of a message, characters of a header, of a section's text, of a field, of an element
/// of a context; elements of a context; fields of a section.
const LIMITS: [(&str, usize); 7] = [
    ("blocks", 50),
    ("header", 150),
    ("section", 3_000),
    ("field", 2_000),
    ("context", 2_000),
    ("elements", 10),
    ("fields", 10),
];

fn limit(name: &str) -> usize {
    LIMITS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// Panics where Slack would refuse `post`, or where something in it could become more than text.
#[track_caller]
pub(crate) fn check(post: &Value) {
    check_visible(post);
    let fields: Vec<&String> = post.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 2, "{fields:?}");
    let fallback = post["text"].as_str().unwrap();
    assert!(!fallback.is_empty() && fallback.chars().count() <= 40_000);
    check_markup(fallback);
    let blocks = post["blocks"].as_array().unwrap();
    assert!((1..=limit("blocks")).contains(&blocks.len()));
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => {
                assert_eq!(block["text"]["type"], "plain_text");
                assert_eq!(block["text"]["emoji"], false);
                let text = check_length(&block["text"], limit("header"));
                assert!(!text.contains(['<', '>', '&']), "{text}");
            }
            "section" => {
                let texts = block.get("text").into_iter().map(|text| (text, limit("section")));
                let fields =
                    block.get("fields").map(|fields| fields.as_array().unwrap().as_slice()).unwrap_or_default();
                assert!(fields.len() <= limit("fields"));
                let fields = fields.iter().map(|text| (text, limit("field")));
                let texts: Vec<_> = texts.chain(fields).collect();
                assert!(!texts.is_empty(), "{block}");
                texts.into_iter().for_each(|(text, limit)| check_mrkdwn(text, limit));
            }
            "context" => {
                let elements = block["elements"].as_array().unwrap();
                assert!((1..=limit("elements")).contains(&elements.len()));
                elements.iter().for_each(|text| check_mrkdwn(text, limit("context")));
            }
            other => panic!("a block of type {other}"),
        }
    }
}

#[track_caller]
fn check_length(text: &Value, limit: usize) -> &str {
    let text = text["text"].as_str().unwrap();
    assert!((1..=limit).contains(&text.chars().count()), "{} characters, at most {limit}", text.chars().count());
    text
}

#[track_caller]
fn check_mrkdwn(text: &Value, limit: usize) {
    assert_eq!(text["type"], "mrkdwn");
    assert_eq!(text["verbatim"], true, "Slack must not make links of its own");
    check_markup(check_length(text, limit));
}

/// Everything between `<` and `>` is a link of ours; the rest makes no mention and leaves no code open.
#[track_caller]
pub(crate) fn check_markup(text: &str) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let (link, after) = after.split_once('>').unwrap_or_else(|| panic!("an open bracket: {text}"));
        let (address, label) = link.split_once('|').unwrap_or_else(|| panic!("no link of ours: {link}"));
        let ours = [
            "https://eu-central-1.console.aws.amazon.com/s3/",
            "https://github.com/rectify-aws/rectify/blob/main/docs/",
        ];
        assert!(ours.iter().any(|start| address.starts_with(start)), "{address}");
        assert!(["Open in the AWS console", "About this control", "Read all of them"].contains(&label), "{label}");
        rest = after;
    }
    assert!(!text.replace("```", "").contains("``"), "{text}");
    assert_eq!(text.matches("```").count() % 2, 0, "an open block of code: {text}");
    for (number, block) in text.split("```").enumerate() {
        if number % 2 == 1 {
            continue;
        }
        for line in block.lines() {
            assert_eq!(line.matches('`').count() % 2, 0, "open code: {line}");
            for prose in line.split('`').step_by(2) {
                check_prose(prose);
            }
        }
    }
}

/// Outside of code: no mention by name, no emoji by name, no markup but our own bold.
#[track_caller]
fn check_prose(prose: &str) {
    let words = prose.split(|c: char| !(c.is_alphanumeric() || "@#".contains(c)));
    for word in words {
        assert!(word.len() < 2 || !word.starts_with(['@', '#']), "a mention: {prose}");
    }
    assert!(!prose.contains('~') || prose.contains("[~]"), "{prose}");
    assert!(!prose.contains("]("), "{prose}");
}

#[test]
fn a_post_says_what_happened_first_and_then_what_to_do() {
    for (name, message) in sample::all() {
        insta::assert_snapshot!(format!("slack_{name}"), shown(&message.slack()));
    }
}

#[test]
fn a_reply_says_only_what_is_new() {
    for (name, message) in sample::all() {
        insta::assert_snapshot!(format!("slack_reply_{name}"), shown(&message.slack_reply()));
        assert!(message.slack_reply().to_string().len() < message.slack().to_string().len());
    }
}

/// A post as text, so that a reviewer reads what a reader would.
fn shown(post: &Value) -> String {
    let mut out = format!("({})\n", post["text"].as_str().unwrap());
    for block in post["blocks"].as_array().unwrap() {
        let kind = block["type"].as_str().unwrap();
        let mut texts = Vec::new();
        crate::each_text(block, &mut |text| texts.push(text.to_owned()));
        let words = [
            "type",
            "text",
            "fields",
            "elements",
            "emoji",
            "verbatim",
            "mrkdwn",
            "plain_text",
            "header",
            "section",
            "context",
        ];
        texts.retain(|text| !words.contains(&text.as_str()));
        out.push_str(&format!("--- {kind}\n{}\n", texts.join("\n")));
    }
    out
}

#[test]
fn only_links_that_rectify_made_stand_in_a_post() {
    let mut message: Message = sample::all().remove(0).1;
    message.resource.console = Some("https://evil.example".to_owned());
    message.control.page = "https://evil.example".to_owned();
    let post = message.slack().to_string();
    assert!(!post.contains("evil"), "{post}");
    assert!(post.contains("|Open in the AWS console>") && post.contains("/docs/controls/s3-bucket-public-acl.md|"));
    message.control.id = "x.md|<!channel>".to_owned();
    assert!(!message.slack().to_string().contains("|About this control>"));
}

#[test]
fn markup_in_a_sentence_is_taken_away_and_seen() {
    use rectify_render::escape::{code, code_block, mrkdwn};
    for (text, shown) in [
        ("bucket `a_b` lets *everyone* in", "bucket `a_b` lets [*]everyone[*] in"),
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;[@]U1&gt;"),
        ("@here me@example.com #general", "[@]here me@example[.]com [#]general"),
        ("my_role and _my role_", "my_role and [_]my role[_]"),
        (":fire: at 10:15:30", "[:]fire: at 10:15:30"),
        ("[x](//evil.example)", "[x][(]//evil[.]example)"),
        ("an open ` tick", "an open ' tick"),
        ("> a quote", "[&gt;] a quote"),
        ("` `", " "),
        ("", ""),
    ] {
        assert_eq!(mrkdwn(text, 500), shown, "{text}");
    }
    assert_eq!(mrkdwn("&&&&", 11), "&amp;&amp;…");
    assert_eq!(mrkdwn(&"ä".repeat(100), 10).chars().count(), 10);
    assert_eq!(code("a`b <c>", 500), "a'b &lt;c&gt;");
    assert_eq!(code("", 500), "-");
    let lines = [("", "a ``` b"), ("- ", "  c"), ("", "d"), ("", "e")];
    assert_eq!(code_block(lines, false, 2, 500), "```\na ''' b\n-   c\n… 2 more lines\n```");
}
