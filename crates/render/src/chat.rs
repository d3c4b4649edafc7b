//! Custom notifications of Amazon Q Developer in chat applications, for Slack and Microsoft Teams without code.
//!
//! The schema is the one of the page «Custom notifications using Amazon Q Developer in chat applications»
//! (docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html): `version` is `1.0`, `source` is `custom`,
//! `client-markdown` is the only text type and means the markdown of the chat that shows it. No lengths are known to us from it; a
//! notification is one SNS message (262,144 bytes), and what is shown in Slack is shown in texts of 3,000 characters, so the
//! description stays below that.
//!
//! Mentions in it work by name (`@team`), which is why [`escape::mrkdwn`] takes the at sign out of text from outside. The two
//! chats write links differently, so links stand as they are: both make them clickable.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    Message, Standing, console,
    email::{capital, stop, times},
    escape,
    slack::{chat_step, icon, time},
    wording,
};

/// Longest title, of our own choice.
pub(crate) const TITLE: usize = 250;
/// Longest description; see above.
pub(crate) const DESCRIPTION: usize = 2_900;
/// Most steps, and the longest.
pub(crate) const STEPS: usize = 6;
/// Longest sentence from outside. What stands beside them is short.
const SENTENCE: usize = 450;
const NAME: usize = 150;

impl Message {
    /// The message as the body of an SNS publish to a topic that Amazon Q Developer reads: one JSON object, escaped as
    /// [`Message::json`]. Messages of one finding get the same `threadId`; the channel's preferences decide whether they
    /// become a thread.
    #[must_use]
    pub fn chat(&self) -> String {
        let title = format!("{} {}", icon(self), escape::mrkdwn(&self.headline(), TITLE - 3));
        let steps: Vec<String> = wording::steps(self).iter().take(STEPS).map(chat_step).collect();
        let keywords: Vec<String> =
            [Some(self.severity.to_string()), Some(self.environment.clone()), self.owner.clone()]
                .into_iter()
                .flatten()
                .filter(|word| !word.is_empty())
                .map(|word| escape::mrkdwn(&word, 60))
                .collect();
        let context: BTreeMap<&str, String> = [
            ("account", self.account.clone()),
            ("region", self.region.clone()),
            ("control", self.control.id.clone()),
            ("outcome", self.outcome.clone()),
            ("message", self.id.clone()),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, escape::mrkdwn(&value, 100)))
        .collect();
        let mut body = json!({
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": title,
                "description": self.chat_description(),
                "nextSteps": steps,
                "keywords": keywords,
            },
            "metadata": {
                "summary": escape::mrkdwn(&self.subject(), 150),
                "eventType": "rectify finding",
                "relatedResources": [format!("`{}`", escape::code(&self.resource.arn, 500))],
                "additionalContext": context,
                "enableCustomActions": false,
            },
        });
        if let Some(id) = identifier(&self.id)
            && let Some(body) = body.as_object_mut()
        {
            body.insert("id".to_owned(), json!(id));
        }
        if let Some(thread) = identifier(&self.finding)
            && let Some(metadata) = body.get_mut("metadata").and_then(|metadata| metadata.as_object_mut())
        {
            metadata.insert("threadId".to_owned(), json!(thread));
        }
        escape::json(&body.to_string())
    }

    fn chat_description(&self) -> String {
        let wording = wording::of(self);
        let prose = |text: &str| escape::mrkdwn(text, NAME);
        let code = |text: &str| format!("`{}`", escape::code(text, NAME));
        let mut lines = Vec::new();
        if let Some(paused) = &self.paused {
            lines.push(format!("*{}.*", escape::mrkdwn(stop(&capital(paused)), NAME)));
        }
        lines.push(format!("*Found:* {}.", escape::mrkdwn(stop(&self.summary), SENTENCE)));
        lines.push(format!("*Now:* {}", escape::mrkdwn(&wording.sentence, SENTENCE)));
        if let Some(why) = &self.why {
            lines.push(format!("{}: {}.", wording.why, escape::mrkdwn(stop(why), SENTENCE)));
        }
        if self.state == Standing::Neutralised {
            let by = self.neutralised_by.as_deref().unwrap_or("another setting");
            lines.push(format!("It has no effect at the moment because of {}.", prose(stop(by))));
        }
        if let Some(undo) = &self.undone {
            lines.push(format!("By {}: {}.", code(&undo.by), prose(stop(&undo.reason))));
        }
        for piece in self.evidence.iter().take(2) {
            lines.push(format!("• {}", code(&format!("{}: {}", piece.what, piece.value))));
        }
        if self.repeats > 0 {
            lines.push(format!("Found {} more since the last message.", times(self.repeats)));
        }
        let called = self.account_name.as_deref().map(|name| format!(" ({})", prose(name))).unwrap_or_default();
        lines.push(format!("*Where:* {} in account {}{called}", code(&self.resource.name), code(&self.account)));
        let actor = &self.actor;
        if let Some(principal) = &actor.principal {
            let tool =
                actor.tool.as_deref().map(|tool| format!(" with {}", escape::mrkdwn(tool, 60))).unwrap_or_default();
            let at = actor.event_time.as_deref().map(|at| format!(", {}", time(at))).unwrap_or_default();
            lines.push(format!("*Who:* {}{tool}{at}", code(principal)));
        }
        // Built from checked parts, never taken from the message.
        lines.extend(console::link(&self.resource.arn, &self.account, &self.region));
        lines.extend(rectify_controls::Control::page_of(&self.control.id));
        let mut text = String::new();
        for line in lines {
            if text.chars().count() + line.chars().count() < DESCRIPTION {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text.trim_end().to_owned()
    }
}

/// `id`, when it is one of ours: letters, digits and hyphens.
fn identifier(id: &str) -> Option<&str> {
    ((1..=60).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then_some(id)
}
