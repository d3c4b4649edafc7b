//! Every channel: what it says, within which limits, and that nobody can smuggle anything into it.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod hostile;
mod sample;

#[path = "channels/asff.rs"]
mod asff;
#[path = "channels/chat.rs"]
mod chat;
#[path = "channels/ocsf.rs"]
mod ocsf;
#[path = "channels/schema.rs"]
mod schema;
#[path = "channels/slack.rs"]
mod slack;
#[path = "channels/summary.rs"]
mod summary;

use proptest::prelude::*;
use rectify_render::escape;
use serde_json::Value;

/// Calls `check` with every text in `value`.
fn each_text(value: &Value, check: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, check)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            check(name);
            each_text(value, check);
        }),
        _ => {}
    }
}

/// No text of `value` has a character that a reader would not see.
#[track_caller]
fn check_visible(value: &Value) {
    each_text(value, &mut |text| assert!(!text.replace('\n', "").contains(escape::is_hidden), "{text:?}"));
}

/// Everything that holds for every message in every channel.
#[track_caller]
fn check(message: &rectify_render::Message) {
    for (publish, digest) in [(message.sns(), "single"), (message.sns_held(), "held")] {
        assert_eq!(publish.attributes.get("digest").map(String::as_str), Some(digest));
        // More, and a queue with raw delivery gets nothing.
        assert!(publish.attributes.len() <= 10 && publish.attributes.values().all(|value| !value.is_empty()));
    }
    slack::check(&message.slack());
    slack::check(&message.slack_reply());
    chat::check(&message.chat());
    asff::check(message);
    ocsf::check(&message.ocsf());
}

#[test]
fn every_message_is_well_formed_in_every_channel() {
    for (_, message) in sample::all() {
        check(&message);
    }
}

#[test]
fn hostile_text_is_harmless_in_every_channel() {
    for evil in sample::EVIL {
        check(&sample::hostile(evil));
        check(&sample::forged(evil));
    }
    for piece in ["x", "&", "`", "😀", "\u{202e}", "a\n", "\\", "`a` "] {
        let evil = piece.repeat(100_000 / piece.len());
        check(&sample::hostile(&evil));
        let shorter: String = evil.chars().take(3_000).collect();
        check(&sample::forged(&shorter));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_harmless_in_every_channel(
        evil in "(\u{1b}\\[[0-9]m|\u{202e}|\r\n|https://|www\\.|<!here>|<@U1>|<|>|&|@here|#x|:x:|```|`|\\*|_|~|\\]\\(|[a-z.:/\\\\\"<>@=| ]|\\PC|.){0,250}"
    ) {
        check(&sample::hostile(&evil));
        check(&sample::forged(&evil));
    }
}
