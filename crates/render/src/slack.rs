//! Slack messages of blocks, for an incoming webhook and for `chat.postMessage`.
//!
//! The limits are Slack's own («Block Kit» reference, docs.slack.dev/reference/block-kit: «Blocks», «Header block», «Section
//! block», «Context block», «Text object»; `chat.postMessage` for the text). A message that breaks one is refused as a whole
//! (`invalid_blocks`), so all of them hold whatever is in a [`Message`], also in one that somebody else made.

use serde_json::{Value, json};

use crate::{
    Message, Standing, Style, console,
    email::{capital, stop, times},
    escape,
    wording::{self, End},
};

/// Longest text of a header; plain text only.
pub(crate) const HEADER: usize = 150;
/// Longest text of a section or of an element of a context.
pub(crate) const SECTION: usize = 3_000;
/// Most fields of a section; a message has exactly as many.
const FIELDS: usize = 10;
/// Longest text of a field.
const FIELD: usize = 2_000;
/// Longest `text` of a message, which notifications show and clients without blocks.
const TEXT: usize = 40_000;

/// Longest sentence from outside here. A section holds four of them, with the names and our own words.
const SENTENCE: usize = 500;
/// Longest name from outside.
const NAME: usize = 300;
/// Most lines of evidence and difference, so that the message stays a message.
const LINES: usize = 24;
/// Most lines of a snippet.
const SNIPPET_LINES: usize = 16;

impl Message {
    /// The message as a post of its own: `text` and `blocks`, no more. What happened stands first, then what to do.
    ///
    /// The caller adds the channel. Mentions and links cannot be made by anything in the message; the links in it go to the
    /// AWS console and to the control's page. Webhooks know no threads, so the last line has the finding's id to search for.
    #[must_use]
    pub fn slack(&self) -> Value {
        let mut blocks = Vec::new();
        if let Some(paused) = &self.paused {
            blocks.push(section(&format!("⏸️ *{}.*", escape::mrkdwn(stop(&capital(paused)), SENTENCE))));
        }
        blocks.push(header(&format!("{} {}", icon(self), self.headline())));
        blocks.push(section(&self.slack_story()));
        let steps = self.slack_steps();
        if !steps.is_empty() {
            blocks.push(section(&format!("*What to do*\n{steps}")));
        }
        if let Some(proof) = self.slack_proof() {
            blocks.push(section(&proof));
        }
        blocks.push(json!({ "type": "section", "fields": self.slack_fields() }));
        // Where nothing is open there is nothing to fix, except after a correction: the next deployment could bring it back.
        let is_to_fix = wording::end(self) == End::Open || self.outcome.eq_ignore_ascii_case("corrected");
        if let Some(fix) = self.fixes.first().filter(|_| is_to_fix) {
            let lines: Vec<String> = fix.snippet.trim_end().lines().map(|line| line.replace('\t', "    ")).collect();
            let room = SECTION - 200;
            let snippet = escape::code_block(lines.iter().map(|line| ("", line.as_str())), true, SNIPPET_LINES, room);
            blocks.push(section(&format!("*How to fix it in {}*\n{snippet}", escape::mrkdwn(&fix.tool, 40))));
        }
        let mut about = Vec::new();
        if !self.control.guidance.is_empty() {
            let why = escape::mrkdwn(&self.control.guidance.replace('\n', " "), SENTENCE);
            let page = rectify_controls::Control::page_of(&self.control.id);
            let page = page.map(|page| format!(" <{page}|About this control>")).unwrap_or_default();
            about.push(format!("*Why:* {why}{page}"));
        }
        about.push(format!(
            "Sent by rectify, which watches the AWS rules of your organisation. Finding `{}`",
            escape::code(&self.finding, 60)
        ));
        blocks.extend(about.into_iter().map(|text| context(&text)));
        json!({ "text": self.slack_text(), "blocks": blocks })
    }

    /// The message as a reply inside the thread of its finding: only what is new.
    #[must_use]
    pub fn slack_reply(&self) -> Value {
        let wording = wording::of(self);
        let mut text =
            format!("{} *{}.* {}", icon(self), escape::mrkdwn(&wording.headline, 60), own(&wording.sentence));
        if let Some(paused) = &self.paused {
            text.push_str(&format!("\n⏸️ *{}.*", escape::mrkdwn(stop(&capital(paused)), SENTENCE)));
        }
        if let Some(undone) = self.slack_undone() {
            text.push_str(&undone);
        }
        for (name, value) in [(wording.why, &self.why), ("Proof", &self.proof)] {
            if let Some(value) = value {
                text.push_str(&format!("\n{name}: {}.", escape::mrkdwn(stop(value), SENTENCE)));
            }
        }
        if self.repeats > 0 {
            text.push_str(&format!("\nFound {} more since the last message.", times(self.repeats)));
        }
        let mut blocks = vec![section(&text)];
        if !self.closes || self.correction.is_some() {
            let steps = self.slack_steps();
            if !steps.is_empty() {
                blocks.push(section(&steps));
            }
        }
        if let Some(who) = self.slack_who().filter(|_| self.undone.is_none()) {
            let when = self.actor.event_time.as_deref().map(|at| format!(", {}", time(at))).unwrap_or_default();
            blocks.push(context(&format!("{who}{when}")));
        }
        json!({ "text": self.slack_text(), "blocks": blocks })
    }

    /// Outcome and what is wrong: what a header or title says.
    pub(crate) fn headline(&self) -> String {
        let alarm = if self.alarm { "ALARM " } else { "" };
        let title = escape::value(stop(&self.control.title), 100);
        format!("{alarm}{}: {title}", wording::of(self).headline)
    }

    /// What a notification on a phone shows.
    fn slack_text(&self) -> String {
        let head = escape::mrkdwn(&self.headline(), 200);
        let name = escape::mrkdwn(&self.resource.name, 100);
        let environment = escape::mrkdwn(&self.environment, 60);
        let text = format!("{} {head} - {name} ({}, {environment})", icon(self), self.severity);
        debug_assert!(text.chars().count() <= TEXT, "all parts are bounded");
        text
    }

    /// What happened, and what rectify did about it.
    fn slack_story(&self) -> String {
        let wording = wording::of(self);
        let mut text =
            format!("*Found:* {}.\n*Now:* {}", escape::mrkdwn(stop(&self.summary), SENTENCE), own(&wording.sentence));
        if let (Some(took), false) = (self.took_ms, self.changes.is_empty()) {
            text.push_str(&format!(" It took {} from the event.", wording::duration(took)));
        }
        if self.state == Standing::Neutralised {
            let by = self.neutralised_by.as_deref().unwrap_or("another setting");
            text.push_str(&format!("\nIt has no effect at the moment because of {}.", escape::mrkdwn(stop(by), NAME)));
        }
        if let Some(why) = &self.why {
            text.push_str(&format!("\n{}: {}.", wording.why, escape::mrkdwn(stop(why), SENTENCE)));
        }
        if let Some(undone) = self.slack_undone() {
            text.push_str(&undone);
        }
        if self.repeats > 0 {
            text.push_str(&format!("\nThe same was found {} more since the last message.", times(self.repeats)));
        }
        text
    }

    fn slack_undone(&self) -> Option<String> {
        let undo = self.undone.as_ref()?;
        let until = undo.until.as_deref().map(|until| format!(" Held off until {}.", time(until)));
        Some(format!(
            "\nBy `{}`: {}.{}",
            escape::code(&undo.by, NAME),
            escape::mrkdwn(stop(&undo.reason), SENTENCE),
            until.unwrap_or_default()
        ))
    }

    fn slack_steps(&self) -> String {
        let steps = wording::steps(self);
        let lines: Vec<String> = steps.iter().map(|step| format!("• {}", chat_step(step))).collect();
        lines.join("\n")
    }

    /// Evidence, what was done and the difference, in one block of code.
    pub(crate) fn slack_proof(&self) -> Option<String> {
        let diff = self.diff(LINES);
        let mut lines: Vec<(String, String)> = Vec::new();
        for piece in self.evidence.iter().take(6) {
            let shown = escape::value(&format!("{}: {}", piece.what, piece.value), NAME);
            lines.push((String::new(), shown));
        }
        let omitted = self.evidence.len().saturating_sub(6) + self.evidence_omitted;
        if omitted > 0 {
            lines.push((String::new(), format!("… and {omitted} more")));
        }
        let proposed = self.difference.as_ref().is_some_and(|difference| difference.proposed);
        if !diff.is_empty() {
            lines.push((String::new(), String::new()));
            lines.extend(diff.into_iter().map(|line| (format!("{} ", line.sign.as_char()), line.text)));
        }
        if lines.is_empty() {
            return None;
        }
        let title = match (lines.iter().any(|(sign, _)| !sign.is_empty()), proposed) {
            (false, _) => "What exactly",
            (true, true) => "What exactly, and what would put it right",
            (true, false) => "What exactly, and what changed",
        };
        let content = lines.iter().map(|(sign, text)| (sign.as_str(), text.as_str()));
        let block = escape::code_block(content, false, LINES + 8, SECTION - 700);
        let proof = self.proof.as_deref().map(|proof| format!("\nProof: {}.", escape::mrkdwn(stop(proof), SENTENCE)));
        Some(format!("*{title}*\n{block}{}", proof.unwrap_or_default()))
    }

    fn slack_fields(&self) -> Vec<Value> {
        let code = |text: &str| format!("`{}`", escape::code(text, NAME));
        let prose = |text: &str| escape::mrkdwn(text, NAME);
        // Built again, never taken from the message: a message that somebody else made must not carry a link.
        let console = console::link(&self.resource.arn, &self.account, &self.region);
        let console = console.map(|link| format!("\n<{link}|Open in the AWS console>")).unwrap_or_default();
        let called = self.account_name.as_deref().map(|name| format!(" ({})", prose(name))).unwrap_or_default();
        let actor = &self.actor;
        let with = match (&actor.tool, &actor.user_agent) {
            (Some(tool), _) => Some(format!("{} (as far as the event tells)", prose(tool))),
            (None, agent) => agent.as_deref().map(code),
        };
        let call = actor.event_name.as_deref().map(|name| format!("{} at ", code(name))).unwrap_or_default();
        let when = actor.event_time.as_deref().unwrap_or(&self.at);
        let fields = [
            ("Resource", Some(format!("{}{console}", code(&self.resource.arn)))),
            ("Account", Some(format!("{}{called}, {}", code(&self.account), prose(&self.region)))),
            ("Who", Some(self.slack_who().unwrap_or_else(|| "Not known: found by a look, not by a call".to_owned()))),
            ("With", with),
            ("When", (!when.is_empty()).then(|| format!("{call}{}", time(when)))),
            ("From", actor.source_ip.as_deref().map(code)),
            ("Environment", Some(format!("{} ({})", prose(&self.environment), wording::mode(self.mode)))),
            ("Owner", self.owner.as_deref().map(prose)),
            ("Severity", Some(self.severity.to_string())),
            ("Control", Some(code(&self.control.id))),
        ];
        fields
            .into_iter()
            .take(FIELDS)
            .filter_map(|(name, value)| value.map(|value| (name, value)))
            .map(|(name, value)| {
                let text = format!("*{name}*\n{value}");
                debug_assert!(text.chars().count() <= FIELD, "all parts are bounded");
                mrkdwn(&text)
            })
            .collect()
    }

    /// Who made the call, and through whom. `None` when the event does not tell.
    fn slack_who(&self) -> Option<String> {
        let actor = &self.actor;
        let code = |text: &str| format!("`{}`", escape::code(text, 120));
        let mut who: Vec<String> = Vec::new();
        who.extend(actor.principal.as_deref().map(code));
        who.extend(actor.session.as_deref().map(|session| format!("session {}", code(session))));
        who.extend(actor.invoked_by.as_deref().map(|by| format!("through {}", code(by))));
        if !actor.chain.is_empty() {
            let chain: Vec<String> = actor.chain.iter().take(6).map(|link| code(link)).collect();
            who.push(format!("by way of {}", chain.join(" → ")));
        }
        (!who.is_empty()).then(|| who.join(", "))
    }
}

/// A step in a line of chat, with what to copy.
pub(crate) fn chat_step(step: &wording::Step) -> String {
    let text = escape::mrkdwn(&step.text, SENTENCE);
    match &step.code {
        Some(code) => format!("{text}: `{}`", escape::code(code, 120)),
        None => format!("{text}."),
    }
}

/// A point in time, which can be any text.
pub(crate) fn time(text: &str) -> String {
    escape::mrkdwn(&wording::time(text), 60)
}

/// What a reader sees before the first word.
pub(crate) fn icon(message: &Message) -> &'static str {
    match (message.alarm, wording::of(message).style) {
        (true, _) => "🚨",
        (false, Style::Good) => "✅",
        (false, Style::Warn) => "⚠️",
        (false, Style::Bad) => "⛔",
        (false, Style::Plain | Style::Strong | Style::Dim) => "ℹ️",
    }
}

/// A sentence of ours that can name an outcome this release does not know.
fn own(text: &str) -> String {
    escape::mrkdwn(text, SENTENCE)
}

pub(crate) fn header(text: &str) -> Value {
    let mut text: String = escape::line(text, HEADER);
    if text.chars().count() > HEADER {
        text = text.chars().take(HEADER).collect();
    }
    // Entities are Slack's own in any text.
    let text = text.replace('&', "+").replace(['<', '>'], "'");
    json!({ "type": "header", "text": { "type": "plain_text", "text": text, "emoji": false } })
}

pub(crate) fn section(text: &str) -> Value {
    debug_assert!(text.chars().count() <= SECTION, "all parts are bounded");
    json!({ "type": "section", "text": mrkdwn(text) })
}

pub(crate) fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [mrkdwn(text)] })
}

/// `verbatim`: Slack makes no links and mentions of its own out of the text.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}
