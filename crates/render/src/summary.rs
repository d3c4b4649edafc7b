//! One message for many: what a channel says when a flood was held back.

mod page;

use std::{collections::BTreeMap, fmt::Write as _};

use rectify_controls::Severity;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Expiring, Message, SCHEMA_VERSION, Sns, console,
    email::{capital, stop},
    escape, slack, wording,
};

/// Longest name that a held message keeps.
const NAME: usize = 120;
/// Longest sentence that a held message keeps.
const SENTENCE: usize = 200;
/// How many of each group are counted by name.
const TOP: usize = 5;
/// How many of the worst are named.
const WORST: usize = 10;
/// Longest subject, as an e-mail's.
const SUBJECT: usize = 99;

/// What is kept of a message that is held back: enough to count it and to name it. Small on purpose, a flood has thousands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// [`Message::finding`].
    pub finding: String,
    /// [`Message::at`].
    pub at: String,
    /// [`Message::outcome`].
    pub outcome: String,
    /// [`Message::alarm`].
    pub alarm: bool,
    /// Of the finding.
    pub severity: Severity,
    /// Id of the control.
    pub control: String,
    /// Title of the control.
    pub title: String,
    /// ARN of the resource.
    pub resource: String,
    /// What people call the resource.
    pub name: String,
    /// Twelve digits.
    pub account: String,
    /// The account's name in the organisation.
    pub account_name: Option<String>,
    /// Region code.
    #[serde(default)]
    pub region: String,
    /// Name of the environment.
    pub environment: String,
    /// Who answers for the account.
    pub owner: Option<String>,
    /// [`Message::summary`].
    pub summary: String,
}

impl Held {
    /// What is kept of `message`, with every text cut short.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let name = |text: &str| escape::cut(text, NAME);
        Self {
            finding: name(&message.finding),
            at: name(&message.at),
            outcome: name(&message.outcome),
            alarm: message.alarm,
            severity: message.severity,
            control: name(&message.control.id),
            title: name(&message.control.title),
            resource: escape::cut(&message.resource.arn, SENTENCE),
            name: name(&message.resource.name),
            account: name(&message.account),
            account_name: message.account_name.as_deref().map(name),
            region: name(&message.region),
            environment: name(&message.environment),
            owner: message.owner.as_deref().map(name),
            summary: escape::cut(&message.summary, SENTENCE),
        }
    }
}

impl Held {
    /// What is kept of the warning that an exemption ends. It has no severity of its own; it is the least.
    #[must_use]
    pub fn of_warning(warning: &Expiring) -> Self {
        let exemption = &warning.exemption;
        let name = |text: &str| escape::cut(text, NAME);
        let ends = exemption.until.strftime("%Y-%m-%d");
        Self {
            finding: name(&warning.id),
            at: String::new(),
            outcome: wording::EXPIRING.to_owned(),
            alarm: false,
            severity: Severity::Low,
            control: name(&exemption.control),
            title: name(&format!("Exemption ends on {ends}")),
            resource: escape::cut(&exemption.resource, SENTENCE),
            name: name(exemption.resource.rsplit(':').next().unwrap_or_default()),
            account: exemption.account.as_ref().map(ToString::to_string).unwrap_or_default(),
            account_name: None,
            region: String::new(),
            environment: String::new(),
            owner: Some(name(&exemption.owner)),
            summary: escape::cut(&exemption.reason, SENTENCE),
        }
    }
}

/// How often something is among the held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Count {
    /// What is counted. Text from outside.
    pub what: String,
    /// How often.
    pub count: usize,
}

/// The most frequent of a group, and how many are not named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Top {
    /// The most frequent, most first.
    pub named: Vec<Count>,
    /// How many further values there are.
    pub others: usize,
}

/// One of the worst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Worst {
    /// Somebody has to look now.
    pub alarm: bool,
    /// Of the finding.
    pub severity: Severity,
    /// Outcome, as the ledger calls it.
    pub outcome: String,
    /// What people call the resource.
    pub name: String,
    /// Twelve digits, and the account's name where it is known.
    pub account: String,
    /// Title of the control.
    pub title: String,
    /// Id of the finding.
    pub finding: String,
}

/// Where the report with everything lies: an object in the stack's own bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// The bucket.
    pub bucket: String,
    /// The key: lower-case letters, digits and `/._-`, or no link is made.
    pub key: String,
    /// Where the bucket is.
    pub region: String,
}

/// What was held back in a channel, in one message whose size does not depend on how much it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// [`SCHEMA_VERSION`].
    pub version: String,
    /// Always `summary`: tells it from a [`Message`].
    pub outcome: String,
    /// Name of the channel.
    pub channel: String,
    /// When the first was said, RFC 3339.
    pub from: String,
    /// When the last was said, RFC 3339.
    pub to: String,
    /// How many messages.
    pub count: usize,
    /// How many of them are alarms.
    pub alarms: usize,
    /// Counted by severity, the worst first.
    pub severities: Vec<Count>,
    /// Counted by outcome.
    pub outcomes: Top,
    /// Counted by control.
    pub controls: Top,
    /// Counted by account.
    pub accounts: Top,
    /// The worst by name: alarms first, then by severity, then what was not put right, then the latest.
    pub worst: Vec<Worst>,
    /// Where to read all of them ([`Summary::page`]). `None` when there is no report.
    pub report: Option<Report>,
}

impl Summary {
    /// Counts `held`, which was held back in `channel`.
    #[must_use]
    pub fn new(channel: &str, held: &[Held], report: Option<Report>) -> Self {
        let mut severities: Vec<Count> = Vec::new();
        for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
            let count = held.iter().filter(|one| one.severity == severity).count();
            if count > 0 {
                severities.push(Count { what: severity.to_string(), count });
            }
        }
        let times = || held.iter().map(|one| one.at.as_str()).filter(|at| !at.is_empty());
        Self {
            version: SCHEMA_VERSION.to_owned(),
            outcome: "summary".to_owned(),
            channel: escape::cut(channel, NAME),
            from: times().min().unwrap_or_default().to_owned(),
            to: times().max().unwrap_or_default().to_owned(),
            count: held.len(),
            alarms: held.iter().filter(|one| one.alarm).count(),
            severities,
            outcomes: top(held.iter().map(|one| one.outcome.clone())),
            controls: top(held.iter().map(|one| one.control.clone())),
            accounts: top(held.iter().map(account)),
            worst: worst_first(held).into_iter().take(WORST).map(Worst::of).collect(),
            report,
        }
    }

    /// The subject: printable ASCII, fewer than 100 characters.
    #[must_use]
    pub fn subject(&self) -> String {
        let alarm = if self.alarms > 0 { "ALARM " } else { "" };
        let worst =
            self.severities.first().map(|worst| format!(", {} {}", worst.count, worst.what)).unwrap_or_default();
        escape::ascii(&format!("{alarm}{}{worst} - rectify summary", self.findings()), SUBJECT)
    }

    /// The body of an e-mail: plain text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", self.sentence());
        let _ = writeln!(out, "They come in one message because they were many. None is lost.");
        if self.alarms > 0 {
            let _ = writeln!(out, "\nALARM: in {} of them somebody has to look now.", self.alarms);
        }
        let _ = writeln!(out, "\nThe worst");
        for worst in &self.worst {
            let _ = writeln!(
                out,
                "  {}{:<9}{}: {} in {}: {} ({})",
                if worst.alarm { "ALARM " } else { "" },
                worst.severity.to_string(),
                escape::value(&worst.outcome, 40),
                escape::value(&worst.name, NAME),
                escape::value(&worst.account, NAME),
                escape::value(stop(&worst.title), NAME),
                escape::value(&worst.finding, 60),
            );
        }
        if self.count > self.worst.len() {
            let _ = writeln!(out, "  … and {} more", self.count - self.worst.len());
        }
        for (title, top) in self.groups() {
            let _ = writeln!(out, "\n{title}");
            for count in &top.named {
                let _ = writeln!(out, "  {:>6}  {}", count.count, escape::value(&count.what, NAME));
            }
            if top.others > 0 {
                let _ = writeln!(out, "          … and {} others", top.others);
            }
        }
        let _ = writeln!(out, "\nWhere to read all of them");
        match self.link() {
            Some(link) => {
                let _ = writeln!(out, "  {link}");
            }
            None => out.push_str("  rectify history\n"),
        }
        let _ = writeln!(out, "\nSent by rectify, which watches the AWS rules of your organisation.");
        out
    }

    /// The JSON for machines; see [`Message::json`].
    #[must_use]
    pub fn json(&self) -> String {
        escape::json(&serde_json::to_string(self).unwrap_or_default())
    }

    /// The summary as one SNS publish, with `digest` = `summary`. Queues get the JSON.
    #[must_use]
    pub fn sns(&self) -> Sns {
        let worst = self.severities.first().map(|worst| worst.what.clone()).unwrap_or_default();
        let attributes = [
            ("outcome", self.outcome.clone()),
            ("severity", worst),
            ("alarm", (self.alarms > 0).to_string()),
            ("closes", "false".to_owned()),
            ("digest", "summary".to_owned()),
        ];
        Sns::new(self.subject(), &self.text(), &self.json(), attributes)
    }

    /// The summary as a Slack post; see [`Message::slack`].
    #[must_use]
    pub fn slack(&self) -> Value {
        let icon = if self.alarms > 0 { "🚨" } else { "📦" };
        let mut blocks = vec![slack::header(&format!("{icon} {}", self.findings()))];
        let link = self.link().map(|link| format!("\n<{link}|Read all of them>")).unwrap_or_default();
        blocks.push(slack::section(&format!(
            "*{}*\nThey come in one message because they were many. None is lost.{link}",
            escape::mrkdwn(&self.sentence(), 300)
        )));
        let worst: Vec<String> = self.worst.iter().map(Worst::chat).collect();
        if !worst.is_empty() {
            blocks.push(slack::section(&bounded(&format!("*The worst*\n{}", worst.join("\n")), slack::SECTION)));
        }
        for (title, top) in self.groups() {
            blocks.push(slack::context(&format!("*{title}:* {}", top.chat())));
        }
        json!({ "text": format!("{icon} {}", escape::mrkdwn(&self.subject(), 200)), "blocks": blocks })
    }

    /// The summary for Amazon Q Developer; see [`Message::chat`].
    #[must_use]
    pub fn chat(&self) -> String {
        let mut lines = vec![format!("*{}*", escape::mrkdwn(&self.sentence(), 300))];
        lines.extend(self.worst.iter().take(5).map(Worst::chat));
        lines.extend(self.groups().into_iter().map(|(title, top)| format!("*{title}:* {}", top.chat())));
        lines.extend(self.link());
        let steps = match self.link() {
            Some(_) => "Read all of them in the report",
            None => "Read all of them with `rectify history`",
        };
        let body = json!({
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": escape::mrkdwn(&self.subject(), crate::chat::TITLE),
                "description": bounded(&lines.join("\n"), crate::chat::DESCRIPTION),
                "nextSteps": [steps],
                "keywords": self.severities.iter().map(|count| count.what.clone()).collect::<Vec<_>>(),
            },
            "metadata": {
                "summary": escape::mrkdwn(&self.subject(), 150),
                "eventType": "rectify summary",
                "enableCustomActions": false,
            },
        });
        escape::json(&body.to_string())
    }

    /// The report's page in the AWS console, built from checked parts.
    fn link(&self) -> Option<String> {
        let report = self.report.as_ref()?;
        console::object_link(&report.bucket, &report.key, &report.region)
    }

    fn findings(&self) -> String {
        if self.count == 1 { "1 finding".to_owned() } else { format!("{} findings", self.count) }
    }

    fn sentence(&self) -> String {
        let severities: Vec<String> =
            self.severities.iter().map(|count| format!("{} {}", count.count, count.what)).collect();
        let between = match (self.from.is_empty(), self.from == self.to) {
            (true, _) => String::new(),
            (false, true) => format!(" at {}", wording::time(&self.from)),
            (false, false) => format!(" between {} and {}", wording::time(&self.from), wording::time(&self.to)),
        };
        let severities = if severities.is_empty() { String::new() } else { format!(" ({})", severities.join(", ")) };
        format!("{}{severities}{between}.", capital(&self.findings()))
    }

    fn groups(&self) -> [(&'static str, &Top); 3] {
        [("By outcome", &self.outcomes), ("By control", &self.controls), ("By account", &self.accounts)]
    }
}

impl Worst {
    fn of(held: &Held) -> Self {
        Self {
            alarm: held.alarm,
            severity: held.severity,
            outcome: held.outcome.clone(),
            name: held.name.clone(),
            account: account(held),
            title: held.title.clone(),
            finding: held.finding.clone(),
        }
    }

    fn chat(&self) -> String {
        format!(
            "• {}*{}* {}: `{}` in `{}`: {}",
            if self.alarm { "ALARM " } else { "" },
            self.severity,
            escape::mrkdwn(&self.outcome, 30),
            escape::code(&self.name, 60),
            escape::code(&self.account, 60),
            escape::mrkdwn(stop(&self.title), 80),
        )
    }
}

impl Top {
    fn chat(&self) -> String {
        let mut parts: Vec<String> =
            self.named.iter().map(|count| format!("{} × `{}`", count.count, escape::code(&count.what, 80))).collect();
        if self.others > 0 {
            parts.push(format!("and {} others", self.others));
        }
        parts.join(", ")
    }
}

/// Alarms first, then the worst, then what is still open, then the latest.
fn worst_first(held: &[Held]) -> Vec<&Held> {
    let mut worst: Vec<&Held> = held.iter().collect();
    worst.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| b.at.cmp(&a.at)).then_with(|| a.finding.cmp(&b.finding)));
    worst
}

fn rank(held: &Held) -> (bool, Severity, bool) {
    let right = matches!(held.outcome.as_str(), "corrected" | "resolved" | "restored" | "exempt" | "shadowed");
    (held.alarm, held.severity, !right)
}

fn account(held: &Held) -> String {
    match &held.account_name {
        Some(name) => format!("{} ({name})", held.account),
        None => held.account.clone(),
    }
}

fn top(values: impl Iterator<Item = String>) -> Top {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut named: Vec<Count> = counts.into_iter().map(|(what, count)| Count { what, count }).collect();
    named.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.what.cmp(&b.what)));
    let others = named.len().saturating_sub(TOP);
    named.truncate(TOP);
    Top { named, others }
}

/// The first whole lines of `text` that fit. Markup is never left open: no line's markup goes over its end.
fn bounded(text: &str, limit: usize) -> String {
    let (mut out, mut length) = (String::new(), 0);
    for line in text.lines() {
        length += line.chars().count() + 1;
        if length > limit {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    out.trim_end().to_owned()
}
