//! What travels from the guards to the notifier.

use rectify_controls::Routed;
use serde::Deserialize;
use serde_json::Value;

use crate::{Expiring, Held, Message, MessageError, SCHEMA_VERSION, Sns, wording};

/// The body of one message in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Post {
    /// About a finding.
    Finding(Box<Message>),
    /// About an exemption that ends soon.
    Expiring(Box<Expiring>),
}

impl Post {
    /// Reads what [`Message::json`] or [`Expiring::json`] wrote. Unknown fields of a later release are ignored.
    ///
    /// # Errors
    /// [`MessageError`] when the text is something else, or of another schema version.
    pub fn parse(json: &str) -> Result<Self, MessageError> {
        #[derive(Deserialize)]
        struct Head {
            version: String,
            outcome: String,
            #[serde(default)]
            exemption: Option<serde::de::IgnoredAny>,
        }
        let head: Head = serde_json::from_str(json)?;
        if head.version != SCHEMA_VERSION {
            return Err(MessageError::Version(head.version));
        }
        if head.outcome == wording::EXPIRING && head.exemption.is_some() {
            return Ok(Self::Expiring(Box::new(serde_json::from_str(json)?)));
        }
        Message::parse(json).map(Box::new).map(Self::Finding)
    }

    /// Its id, `m-…`.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Finding(message) => &message.id,
            Self::Expiring(warning) => &warning.id,
        }
    }

    /// The message about a finding; `None` for a warning.
    #[must_use]
    pub fn finding(&self) -> Option<&Message> {
        match self {
            Self::Finding(message) => Some(message),
            Self::Expiring(_) => None,
        }
    }

    /// What of it decides where it goes.
    #[must_use]
    pub fn routed(&self) -> Routed<'_> {
        match self {
            Self::Finding(message) => Routed {
                severity: Some(message.severity),
                environment: Some(&message.environment),
                control: &message.control.id,
                outcome: &message.outcome,
                owner: message.owner.as_deref(),
                alarm: message.alarm,
                closes: message.closes,
            },
            Self::Expiring(warning) => Routed {
                severity: None,
                environment: None,
                control: &warning.exemption.control,
                outcome: wording::EXPIRING,
                owner: Some(&warning.exemption.owner),
                alarm: false,
                closes: false,
            },
        }
    }

    /// As one SNS publish, for people and machines; see [`Message::sns`].
    #[must_use]
    pub fn sns(&self) -> Sns {
        match self {
            Self::Finding(message) => message.sns(),
            Self::Expiring(warning) => warning.sns(),
        }
    }

    /// As one SNS publish in a flood; see [`Message::sns_held`].
    #[must_use]
    pub fn sns_held(&self) -> Sns {
        match self {
            Self::Finding(message) => message.sns_held(),
            Self::Expiring(warning) => warning.sns_held(),
        }
    }

    /// As a Slack post of its own; see [`Message::slack`].
    #[must_use]
    pub fn slack(&self) -> Value {
        match self {
            Self::Finding(message) => message.slack(),
            Self::Expiring(warning) => warning.slack(),
        }
    }

    /// The subject: printable ASCII, fewer than 100 characters.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Finding(message) => message.subject(),
            Self::Expiring(warning) => warning.subject(),
        }
    }

    /// For Amazon Q Developer in chat applications; see [`Message::chat`].
    #[must_use]
    pub fn chat(&self) -> String {
        match self {
            Self::Finding(message) => message.chat(),
            Self::Expiring(warning) => warning.chat(),
        }
    }

    /// What is kept of it when it is held back.
    #[must_use]
    pub fn held(&self) -> Held {
        match self {
            Self::Finding(message) => Held::of(message),
            Self::Expiring(warning) => Held::of_warning(warning),
        }
    }
}

#[cfg(test)]
mod tests {
    use rectify_controls::{Exemption, Origin, Tags};

    use super::*;

    fn warning(text: &str) -> Expiring {
        let exemption = Exemption {
            origin: Origin::Line(12),
            control: "*".to_owned(),
            resource: format!("arn:aws:s3:::{text}"),
            account: None,
            organizational_unit: None,
            region: None,
            tags: Tags::new(),
            owner: text.to_owned(),
            reason: text.to_owned(),
            ticket: "SEC-1".to_owned(),
            until: "2027-07-01T00:00:00Z".parse().unwrap(),
        };
        Expiring::new("m-1", &exemption, None, "line 12")
    }

    #[test]
    fn a_warning_has_every_form_that_people_read() {
        let post = Post::Expiring(Box::new(warning("www")));
        let slack = post.slack().to_string();
        let chat: Value = serde_json::from_str(&post.chat()).unwrap();
        for part in ["Exemption ends on 2027-07-01", "www", "SEC-1", "line 12"] {
            assert!(slack.contains(part), "{part} in {slack}");
            assert!(chat.to_string().contains(part), "{part} in {chat}");
        }
        assert_eq!((&chat["version"], &chat["source"]), (&Value::from("1.0"), &Value::from("custom")));
        assert_eq!(post.sns_held().attributes["digest"], "held");
        let held = post.held();
        assert_eq!((&*held.outcome, &*held.control, held.owner.as_deref()), ("expiring", "*", Some("www")));
        let routed = post.routed();
        assert_eq!((routed.severity, routed.control, routed.owner), (None, "*", Some("www")));
    }

    #[test]
    fn a_hostile_warning_is_bounded_and_makes_no_markup() {
        let hostile = format!("<!channel> *x* \u{1b}[31m\u{202e}@here https://evil.example {}", "x".repeat(100_000));
        let post = Post::Expiring(Box::new(warning(&hostile)));
        for text in [post.slack().to_string(), post.chat()] {
            assert!(text.len() < 20_000, "{}", text.len());
            assert!(text.contains("[@]here"), "outside of code no mention: {text:.2000}");
            for part in ["<!channel>", "https://evil", "\u{1b}", "\u{202e}"] {
                assert!(!text.contains(part), "{part:?} in {text:.2000}");
            }
        }
        let slack = post.slack();
        for block in slack["blocks"].as_array().unwrap() {
            let text = block["text"]["text"].as_str().unwrap_or_default();
            assert!(text.chars().count() <= 3_000, "{block}");
        }
    }

    #[test]
    fn a_warning_comes_back_as_it_was_sent() {
        let warning = warning("www");
        assert_eq!(Post::parse(&warning.json()).unwrap(), Post::Expiring(Box::new(warning)));
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, error) in [
            ("", "not a rectify message"),
            ("{}", "not a rectify message"),
            (r#"{"version":"2","outcome":"corrected"}"#, "schema version `2`"),
            (r#"{"version":"1","outcome":"corrected"}"#, "missing field"),
            (r#"{"version":"1","outcome":"expiring"}"#, "missing field"),
            (r#"{"version":"1","outcome":"expiring","exemption":{}}"#, "missing field"),
        ] {
            let refused = Post::parse(text).unwrap_err().to_string();
            assert!(refused.contains(error), "{text}: {refused}");
        }
    }
}
