//! A short post for Slack.

use serde_json::{Value, json};

use super::{
    Overview,
    words::{NAME, span},
};
use crate::escape;

/// Open findings that are named.
const ROWS: usize = 5;
/// Longest text of a section (Slack, "Section block": 3,000 characters).
const SECTION: usize = 2_900;
/// Longest header (Slack, "Header block": 150 characters).
const HEADER: usize = 140;

impl Overview {
    /// The body of `chat.postMessage` or an incoming webhook: how it stands and the worst that is open. All of it is
    /// `plain_text`, so nothing in it is markup, a mention or a link.
    #[must_use]
    pub fn slack(&self) -> Value {
        let head = escape::cut(&format!("{}, {}", escape::value(&self.title, 60), self.scope()), HEADER);
        let mut summary = self.warnings();
        summary.truncate(5);
        summary.extend(self.sentences());
        let mut blocks = vec![
            json!({ "type": "header", "text": plain(&head, 150) }),
            json!({ "type": "section", "text": plain(&summary.join("\n"), SECTION) }),
        ];
        let open = self.worst();
        if !open.is_empty() {
            let mut rows: Vec<String> = (open.iter().take(ROWS))
                .map(|finding| {
                    let age = span(finding.first_seen, self.made_at);
                    let (name, place) = (finding.resource.name(), escape::value(&finding.resource.account(), NAME));
                    format!("{}, {age}: {} - {name}, {place}", finding.severity, finding.control.shown())
                })
                .collect();
            if open.len() > ROWS {
                rows.push(format!("… and {} more", open.len() - ROWS));
            }
            blocks.push(json!({ "type": "section", "text": plain(&rows.join("\n"), SECTION) }));
        }
        blocks.push(json!({ "type": "context", "elements": [plain(&self.period(), 200)] }));
        // The notification's text is read as markup, so it has no text from outside.
        let text = self.sentences().into_iter().next().unwrap_or_default();
        json!({ "text": text, "blocks": blocks })
    }
}

/// A text object of at most `limit` characters in which nothing means anything, not even `:emoji:`.
fn plain(text: &str, limit: usize) -> Value {
    let short: String = text.chars().take(limit).collect();
    json!({ "type": "plain_text", "text": short, "emoji": false })
}
