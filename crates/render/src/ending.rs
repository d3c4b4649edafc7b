//! The warning that an exemption ends soon. It is about no resource's state, so it is no [`crate::Message`].

use std::fmt::Write as _;

use rectify_controls::{Control, Exemption};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{SCHEMA_VERSION, Sns, escape, slack, wording};

/// Longest text from outside.
const TEXT: usize = 500;

/// The warning that an exemption ends soon: what travels to the notifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expiring {
    /// [`SCHEMA_VERSION`].
    pub version: String,
    /// Id of this message, `m-…`.
    pub id: String,
    /// Always `expiring`; what tells it from a [`Message`](crate::Message).
    pub outcome: String,
    /// Always false.
    pub alarm: bool,
    /// Its control; the title is empty when it is about every control.
    pub control: About,
    /// The exemption, with every text cut.
    pub exemption: Exemption,
    /// Where it stands, for people.
    pub stands: String,
}

/// The control of an exemption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its id, or `*`.
    pub id: String,
    /// Its title.
    pub title: String,
}

impl Expiring {
    /// The warning about `exemption`, which stands in `stands`; `control` is `None` when it is about every control.
    #[must_use]
    pub fn new(id: &str, exemption: &Exemption, control: Option<&Control>, stands: &str) -> Self {
        Self {
            version: SCHEMA_VERSION.to_owned(),
            id: escape::cut(id, 60),
            outcome: wording::EXPIRING.to_owned(),
            alarm: false,
            control: About {
                id: escape::cut(&exemption.control, 100),
                title: control.map_or_else(String::new, |control| control.title.to_owned()),
            },
            exemption: cut(exemption),
            stands: escape::cut(stands, TEXT),
        }
    }

    /// The JSON for machines: one line, no byte in it that could harm where it is shown.
    #[must_use]
    pub fn json(&self) -> String {
        escape::json(&serde_json::to_string(self).unwrap_or_default())
    }

    /// The subject: printable ASCII, fewer than 100 characters.
    #[must_use]
    pub fn subject(&self) -> String {
        let exemption = &self.exemption;
        format!(
            "{} - {} ({})",
            escape::ascii(&format!("Exemption ends on {}", exemption.until.strftime("%Y-%m-%d")), 40),
            escape::ascii(exemption.resource.rsplit(':').next().unwrap_or_default(), 30),
            escape::ascii(&exemption.owner, 20),
        )
    }

    /// The plain text for e-mail.
    #[must_use]
    pub fn text(&self) -> String {
        let exemption = &self.exemption;
        let day = exemption.until.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let control = if self.control.title.is_empty() { "every control" } else { &self.control.title };
        let value = |text: &str| escape::value(text, TEXT);
        let mut text = format!(
            "An exemption ends soon. From {day} on the control acts on the resource again.\n\n\
             Exemption\n  Control   {} ({})\n  Resource  {}\n",
            value(&exemption.control),
            value(control),
            value(&exemption.resource)
        );
        let places = [
            ("Account", exemption.account.as_ref().map(ToString::to_string)),
            ("Unit", exemption.organizational_unit.clone()),
            ("Region", exemption.region.as_ref().map(ToString::to_string)),
        ];
        for (name, place) in places {
            if let Some(place) = place {
                let _ = writeln!(text, "  {name:<9} {}", value(&place));
            }
        }
        for (key, tag) in &exemption.tags {
            let _ = writeln!(text, "  Tag       {} = {}", value(key), value(tag));
        }
        let _ = write!(
            text,
            "  Owner     {}\n  Reason    {}\n  Ticket    {}\n  Ends      {day}\n  Stands    in {}\n\n\
             What to do\n  If it is still needed, agree on a new end and change it where it stands; if not, put the resource right \
             before it ends.\n",
            value(&exemption.owner),
            value(&exemption.reason),
            value(&exemption.ticket),
            value(&self.stands)
        );
        text
    }

    /// The warning as a Slack post; see [`crate::Message::slack`].
    #[must_use]
    pub fn slack(&self) -> Value {
        let title = self.title();
        json!({
            "text": format!("⏳ {title}"),
            "blocks": [slack::header(&format!("⏳ {title}")), slack::section(&self.markdown())],
        })
    }

    /// The warning for Amazon Q Developer; see [`crate::Message::chat`].
    #[must_use]
    pub fn chat(&self) -> String {
        let body = json!({
            "version": "1.0",
            "source": "custom",
            "id": escape::value(&self.id, 60),
            "content": {
                "textType": "client-markdown",
                "title": format!("⏳ {}", self.title()),
                "description": self.markdown(),
            },
            "metadata": {
                "summary": self.title(),
                "eventType": "rectify exemption",
                "enableCustomActions": false,
            },
        });
        escape::json(&body.to_string())
    }

    fn title(&self) -> String {
        let exemption = &self.exemption;
        let name = exemption.resource.rsplit(':').next().unwrap_or_default();
        format!("Exemption ends on {}: {}", exemption.until.strftime("%Y-%m-%d"), escape::mrkdwn(name, 60))
    }

    /// What stands below the title in a chat. Seven short texts: no channel's limit is near.
    fn markdown(&self) -> String {
        let exemption = &self.exemption;
        let text = |text: &str| escape::mrkdwn(text, 250);
        let code = |text: &str| escape::code(text, 250);
        let control = if self.control.title.is_empty() { "every control" } else { &self.control.title };
        format!(
            "From then on the control acts on the resource again.\n*Control:* {} (`{}`)\n*Resource:* `{}`\n*Owner:* {}\n\
             *Reason:* {}\n*Ticket:* {}\n*Stands in:* {}\n*What to do:* If it is still needed, agree on a new end and change \
             it where it stands; if not, put the resource right before it ends.",
            text(control),
            code(&exemption.control),
            code(&exemption.resource),
            text(&exemption.owner),
            text(&exemption.reason),
            text(&exemption.ticket),
            text(&self.stands),
        )
    }

    /// The warning as one SNS publish: plain text for e-mail, JSON (`outcome` is `expiring`) for machines.
    #[must_use]
    pub fn sns(&self) -> Sns {
        self.publish("single")
    }

    /// The warning as one SNS publish in a flood; see [`crate::Message::sns_held`].
    #[must_use]
    pub fn sns_held(&self) -> Sns {
        self.publish("held")
    }

    fn publish(&self, digest: &str) -> Sns {
        let attributes = [
            ("outcome", wording::EXPIRING.to_owned()),
            ("control", escape::value(&self.exemption.control, 100)),
            ("owner", escape::value(&self.exemption.owner, 100)),
            ("alarm", "false".to_owned()),
            ("closes", "false".to_owned()),
            ("digest", digest.to_owned()),
        ];
        Sns::new(self.subject(), &self.text(), &self.json(), attributes)
    }
}

/// The exemption with every text short enough for one publish.
fn cut(exemption: &Exemption) -> Exemption {
    let short = |text: &String| escape::cut(text, TEXT);
    Exemption {
        control: short(&exemption.control),
        resource: escape::cut(&exemption.resource, 2_048),
        tags: exemption.tags.iter().take(50).map(|(key, value)| (short(key), short(value))).collect(),
        owner: short(&exemption.owner),
        reason: short(&exemption.reason),
        ticket: short(&exemption.ticket),
        ..exemption.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rectify_controls::{Origin, Tags};

    use super::*;

    fn exemption(text: &str) -> Exemption {
        Exemption {
            origin: Origin::Line(12),
            control: "s3-bucket-public-acl".to_owned(),
            resource: format!("arn:aws:s3:::{text}"),
            account: None,
            organizational_unit: None,
            region: None,
            tags: Tags::from([(text.to_owned(), text.to_owned())]),
            owner: text.to_owned(),
            reason: text.to_owned(),
            ticket: "SEC-1".to_owned(),
            until: "2027-07-01T00:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn it_says_what_ends_when_and_whose_it_is() {
        let sns = Expiring::new("m-1", &exemption("www"), None, "line 12 of the settings").sns();
        assert_eq!(sns.subject, "Exemption ends on 2027-07-01 - www (www)");
        for part in ["line 12 of the settings", "2027-07-01 00:00 UTC", "SEC-1", "\\\"outcome\\\":\\\"expiring\\\""] {
            assert!(sns.message.contains(part), "{part} in {}", sns.message);
        }
    }

    #[test]
    fn hostile_names_stay_harmless_and_short() {
        let hostile = format!("\u{1b}[31m\r\nBcc: x@example.com\u{202e}{}", "x".repeat(100_000));
        let sns = Expiring::new("m-1", &exemption(&hostile), None, "line 12").sns();
        assert!(sns.message.len() < 100_000, "{}", sns.message.len());
        assert!(sns.subject.len() < 100 && sns.subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", sns.subject);
        let bodies: BTreeMap<String, String> = serde_json::from_str(&sns.message).unwrap();
        assert!(bodies["email"].len() < 10_000 && !bodies["email"].contains(['\u{1b}', '\u{202e}', '\r']));
        assert!(!bodies["email"].contains("\nBcc"), "{}", bodies["email"]);
        assert!(!bodies["default"].contains(['\u{1b}', '\u{202e}', '\n']));
    }
}
