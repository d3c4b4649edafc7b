//! A digest on a topic: for e-mail and queues, and for Amazon Q Developer in chat applications.

use serde_json::json;

use super::Overview;
use crate::{SCHEMA_VERSION, Sns, escape};

/// Most lines of the text that a chat shows.
const LINES: usize = 40;
/// Most characters of them.
const ROOM: usize = 2_500;

impl Overview {
    /// The digest as one SNS publish: the text for e-mail; a short JSON (`outcome` is `digest`) for queues, which counts what
    /// the text lists.
    #[must_use]
    pub fn sns(&self) -> Sns {
        let json = json!({
            "version": SCHEMA_VERSION,
            "outcome": "digest",
            "title": escape::cut(&self.title, 100),
            "owner": self.owner.as_deref().map(|owner| escape::cut(owner, 300)),
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "open": self.open.len(),
            "corrections": self.corrections.len(),
            "undos": self.undos.len(),
            "exemptions": self.exemptions.len(),
            "tugs": self.tugs.len(),
        });
        let json = escape::json(&json.to_string());
        let attributes = [
            ("outcome", "digest".to_owned()),
            ("alarm", "false".to_owned()),
            ("closes", "false".to_owned()),
            ("digest", "summary".to_owned()),
            ("owner", self.owner.as_deref().map(|owner| escape::value(owner, 100)).unwrap_or_default()),
        ];
        Sns::new(self.subject(), &self.text(), &json, attributes)
    }

    /// The digest for Amazon Q Developer; see [`crate::Message::chat`]. The beginning of the text, as it is.
    #[must_use]
    pub fn chat(&self) -> String {
        let text = self.text();
        let shown = escape::code_block(text.lines().map(|line| ("", line)), false, LINES, ROOM);
        let body = json!({
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": escape::mrkdwn(&self.subject(), 150),
                "description": shown,
            },
            "metadata": {
                "summary": escape::mrkdwn(&self.subject(), 150),
                "eventType": "rectify digest",
                "enableCustomActions": false,
            },
        });
        escape::json(&body.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_digest_on_a_topic_is_text_for_people_and_counts_for_machines() {
        let sns = Overview::sample().sns();
        let bodies: BTreeMap<String, String> = serde_json::from_str(&sns.message).unwrap();
        assert_eq!(bodies["email"], Overview::sample().text());
        let json: Value = serde_json::from_str(&bodies["default"]).unwrap();
        assert_eq!((&json["outcome"], &json["open"]), (&json!("digest"), &json!(Overview::sample().open.len())));
        assert_eq!(sns.attributes["digest"], "summary", "e-mail subscribers take summaries");
        assert!(sns.message.len() < 262_144);
    }

    #[test]
    fn a_digest_in_a_chat_is_bounded_and_hostile_names_stay_inside_their_block() {
        let mut overview = Overview::sample();
        overview.owner = Some(format!("``` <!channel> @here {}", "x".repeat(100_000)));
        overview.gaps = vec!["``` [x](https://evil.example)".repeat(1_000)];
        let chat: Value = serde_json::from_str(&overview.chat()).unwrap();
        let shown = chat["content"]["description"].as_str().unwrap();
        assert!(shown.chars().count() < 3_000, "{}", shown.len());
        assert_eq!(shown.matches("```").count(), 2, "{shown}");
        assert!(!shown.contains("<!channel>"), "{shown}");
    }
}
