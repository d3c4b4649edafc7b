//! What travels from the guards to the notifier.

use serde::Deserialize;

use crate::{Expiring, Message, MessageError, SCHEMA_VERSION, wording};

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
}

#[cfg(test)]
mod tests {
    use rectify_controls::{Exemption, Origin, Tags};

    use super::*;

    #[test]
    fn a_warning_comes_back_as_it_was_sent() {
        let exemption = Exemption {
            origin: Origin::Line(12),
            control: "*".to_owned(),
            resource: "arn:aws:s3:::www".to_owned(),
            account: None,
            organizational_unit: None,
            region: None,
            tags: Tags::new(),
            owner: "web".to_owned(),
            reason: "site".to_owned(),
            ticket: "SEC-1".to_owned(),
            until: "2027-07-01T00:00:00Z".parse().unwrap(),
        };
        let warning = Expiring::new("m-1", &exemption, None, "line 12");
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
