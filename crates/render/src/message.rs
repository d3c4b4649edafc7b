//! A finding on its way to people and machines: bounded, complete, and the JSON that travels.

use std::fmt::Write as _;

use rectify_controls::{Evidence, Mode, Severity, State};
use serde::{Deserialize, Serialize};

use crate::{Notice, console, escape};

/// Version of the JSON of a [`Message`]. Fields are added without a new version; a field that goes or changes its meaning
/// makes a new one.
pub const SCHEMA_VERSION: &str = "1";

/// Longest word: what a piece of evidence is, an outcome; in characters, as all of these.
const WORD: usize = 60;
/// Most bytes of the JSON. With the plain text, which says the same and less, it goes into one publish as JSON strings, which
/// at most doubles both.
const JSON: usize = 64_000;
/// Most bytes of either side of a [`Difference`]; what is longer is cut at a line.
const SIDE: usize = 8_000;
/// Most links of a chain of roles.
const CHAIN: usize = 6;

/// How much of a notice a message keeps.
struct Bounds {
    /// Longest name (principal, session, ids).
    name: usize,
    /// Longest sentence.
    sentence: usize,
    /// Longest piece of evidence or change.
    item: usize,
    /// Most pieces of evidence, and most changes.
    items: usize,
    /// Most bytes of either side of a difference.
    side: usize,
    /// Longest ARN. AWS's own limit is 2,048 (IAM API reference, `arnType`).
    arn: usize,
}

/// The first that fits is taken. Ordinary text always fits the first; only text made of characters that need long escapes
/// gets to the second or the last, which everything fits.
const BOUNDS: [Bounds; 3] = [
    Bounds { name: 300, sentence: 1_000, item: 600, items: 20, side: SIDE, arn: 2_048 },
    Bounds { name: 150, sentence: 400, item: 200, items: 8, side: 2_000, arn: 1_024 },
    Bounds { name: 60, sentence: 200, item: 100, items: 3, side: 500, arn: 512 },
];

/// Everything that rectify tells about one finding. The texts are as they came from AWS and from callers: whoever shows them
/// escapes them. All of it fits one SNS publish (262,144 bytes), with an e-mail beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// Version of this JSON: `1`. Fields are added without a new version; a field that goes or changes its meaning makes one.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA_VERSION)))]
    pub version: String,
    /// Id of this message, `m-…`. The same message sent twice has the same.
    #[serde(default)]
    pub id: String,
    /// Id of the finding, `f-…`: the same control on the same resource is the same finding for ever. Messages of one finding
    /// belong into one thread.
    #[serde(default)]
    pub finding: String,
    /// When it was said, RFC 3339.
    #[serde(default)]
    pub at: String,
    /// The finding is over with this message: put right, undone on purpose, exempt or gone.
    #[serde(default)]
    pub closes: bool,
    /// How it ended, in the words of the ledger: `corrected`, `not-proven`, `notified`, `withheld`, `failed`, `unverifiable`,
    /// `deferred`, `shadowed`, `restored`, `not-restored`, `resolved`, `exempt`, `expiring`. Later releases may have more.
    pub outcome: String,
    /// Somebody has to look now.
    pub alarm: bool,
    /// That corrections are paused, by whom and why: one sentence without a final stop.
    pub paused: Option<String>,
    /// Of this finding.
    pub severity: Severity,
    /// Live, neutralised or unverifiable.
    pub state: Standing,
    /// What takes the effect away, when `state` is neutralised.
    pub neutralised_by: Option<String>,
    /// The broken control.
    pub control: Rule,
    /// One sentence, without a final stop.
    pub summary: String,
    /// What exactly offends.
    pub evidence: Vec<Evidence>,
    /// Pieces of evidence beyond the ones listed.
    pub evidence_omitted: usize,
    /// The resource.
    pub resource: Resource,
    /// Twelve digits.
    pub account: String,
    /// The account's name in the organisation.
    #[serde(default)]
    pub account_name: Option<String>,
    /// Who answers for the account: the value of its owner tag.
    #[serde(default)]
    pub owner: Option<String>,
    /// Region code.
    pub region: String,
    /// Name of the environment.
    pub environment: String,
    /// When what decides about the environment was last read from the organisation, as a timestamp with its age. Null when
    /// nothing hung on it.
    #[serde(default)]
    pub environment_read: Option<String>,
    /// What the environment allows.
    pub mode: Mode,
    /// Who caused it.
    pub actor: Actor,
    /// What rectify did, or tried, in order.
    pub changes: Vec<String>,
    /// Changes beyond the ones listed.
    pub changes_omitted: usize,
    /// What the changes made of the resource, or would make of it.
    #[serde(default)]
    pub difference: Option<Difference>,
    /// How the correction was proven.
    pub proof: Option<String>,
    /// From the arrival of the event to the outcome, in milliseconds.
    pub took_ms: Option<u64>,
    /// Id of the correction in the ledger, or of the undo.
    pub correction: Option<String>,
    /// Who undid a correction, when the message is about that.
    pub undone: Option<Undo>,
    /// Why nothing was changed, or what went wrong.
    pub why: Option<String>,
    /// What the reader can do now.
    pub next: Option<String>,
    /// How often the finding came again, untold, since the last message.
    pub repeats: u64,
    /// How to fix it at the source, one for each tool there is a snippet for; the tool that made the change first.
    #[serde(default)]
    pub fixes: Vec<Fix>,
}

/// The parts of the resource that a correction writes, before and after, as AWS's own documents say it: JSON over several
/// lines, so that the difference can be shown line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// As it stood.
    pub before: String,
    /// As it stands now; as it would stand when `proposed`.
    pub after: String,
    /// True when nothing was changed: `after` is what rectify would make of it.
    pub proposed: bool,
}

/// How real the finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Broken now.
    Live,
    /// Broken without effect.
    Neutralised,
    /// Could not be decided.
    Unverifiable,
}

/// The control, as far as a reader needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// What is wrong when it is broken.
    pub title: String,
    /// Why it exists.
    pub guidance: String,
    /// Its page in the documentation.
    #[serde(default)]
    pub page: String,
    /// The same rule in published frameworks, for example `Security Hub S3.2`.
    #[serde(default)]
    pub frameworks: Vec<String>,
}

/// The resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resource {
    /// The whole ARN.
    pub arn: String,
    /// What people call it: the last part of the ARN.
    pub name: String,
    /// Its page in the AWS console. Null when it has none, or when any part of its name is not what AWS would call it.
    pub console: Option<String>,
}

/// Who made the call that caused the finding, as far as CloudTrail tells. All of it is the caller's own word, some of it chosen
/// freely.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Actor {
    /// ARN of the user or role.
    pub principal: Option<String>,
    /// Name of the role session.
    pub session: Option<String>,
    /// Address, or the name of an AWS service.
    pub source_ip: Option<String>,
    /// CloudTrail's `userAgent`, as sent.
    pub user_agent: Option<String>,
    /// The tool, as people call it, with the version where that says something: `Terraform 1.9.5`. Null for one that nobody
    /// knows.
    pub tool: Option<String>,
    /// The AWS service that called for somebody.
    pub invoked_by: Option<String>,
    /// Through whom the rights came, from the person to the session that called, as far as the event tells.
    #[serde(default)]
    pub chain: Vec<String>,
    /// CloudTrail's `eventName`, for example `PutBucketAcl`. Null for sweeps.
    pub event_name: Option<String>,
    /// CloudTrail's id of the call.
    pub event_id: Option<String>,
    /// When the call was made, RFC 3339.
    pub event_time: Option<String>,
}

/// Who undid a correction, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Undo {
    /// ARN of whoever did it.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// Until when the control does not act, RFC 3339.
    pub until: Option<String>,
    /// Id of what was undone.
    pub correction: String,
}

/// A compliant snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fix {
    /// The tool it is for.
    pub tool: String,
    /// The snippet.
    pub snippet: String,
}

/// Why some text is not a message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not the JSON of a message.
    #[error("not a rectify message: {0}")]
    Json(#[from] serde_json::Error),
    /// The JSON of a later release.
    #[error("a rectify message of schema version `{}`, this release reads `{SCHEMA_VERSION}`", escape::value(.0, 20))]
    Version(String),
}

impl Message {
    /// Bounds what `notice` says and adds what follows from it.
    #[must_use]
    pub fn new(notice: &Notice<'_>) -> Self {
        let [roomy, tight, least] = &BOUNDS;
        [roomy, tight]
            .into_iter()
            .map(|bounds| Self::within(notice, bounds))
            .find(|message| message.json().len() <= JSON)
            .unwrap_or_else(|| Self::within(notice, least))
    }

    fn within(notice: &Notice<'_>, bounds: &Bounds) -> Self {
        let name = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| escape::cut(text, bounds.name));
        let sentence =
            |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| escape::cut(text, bounds.sentence));
        let who = &notice.actor;
        let arn = escape::cut(notice.arn.as_str(), bounds.arn);
        let (account, region) = (notice.place.account.as_str(), notice.place.region.as_str());
        Self {
            version: SCHEMA_VERSION.to_owned(),
            id: escape::cut(notice.id, WORD),
            finding: escape::cut(notice.finding, WORD),
            at: escape::cut(notice.at, WORD),
            closes: notice.closes,
            outcome: escape::cut(notice.outcome, WORD),
            alarm: notice.alarm,
            paused: sentence(notice.paused),
            severity: notice.severity,
            state: match notice.state {
                State::Live => Standing::Live,
                State::Neutralised { .. } => Standing::Neutralised,
                State::Unverifiable => Standing::Unverifiable,
            },
            neutralised_by: match notice.state {
                State::Neutralised { by } => Some(escape::cut(by, bounds.sentence)),
                State::Live | State::Unverifiable => None,
            },
            control: Rule {
                id: notice.control.id.to_owned(),
                title: notice.control.title.to_owned(),
                guidance: notice.control.guidance.why.to_owned(),
                page: notice.control.page(),
                frameworks: (notice.control.frameworks.iter())
                    .flat_map(|framework| framework.ids.split(", ").map(|id| format!("{} {id}", framework.name)))
                    .collect(),
            },
            summary: escape::cut(notice.summary, bounds.sentence),
            evidence: (notice.evidence.iter().take(bounds.items))
                .map(|piece| Evidence::new(escape::cut(&piece.what, WORD), escape::cut(&piece.value, bounds.item)))
                .collect(),
            evidence_omitted: notice.evidence.len().saturating_sub(bounds.items),
            resource: Resource { name: console::name(&arn), console: console::link(&arn, account, region), arn },
            account: account.to_owned(),
            account_name: name(notice.account_name),
            owner: name(notice.owner),
            region: region.to_owned(),
            environment: escape::cut(notice.environment, bounds.name),
            environment_read: name(notice.environment_read),
            mode: notice.mode,
            actor: Actor {
                principal: name(who.principal),
                session: name(who.session),
                source_ip: name(who.source_ip),
                user_agent: name(who.user_agent),
                tool: name(who.tool),
                invoked_by: name(who.invoked_by),
                chain: who.chain.iter().take(CHAIN).map(|link| escape::cut(link, bounds.name)).collect(),
                event_name: name(who.event_name),
                event_id: name(who.event_id),
                event_time: name(who.event_time),
            },
            changes: notice.changes.iter().take(bounds.items).map(|change| escape::cut(change, bounds.item)).collect(),
            changes_omitted: notice.changes.len().saturating_sub(bounds.items),
            difference: notice.difference.as_ref().map(|difference| Difference {
                before: lines_within(&difference.before, bounds.side),
                after: lines_within(&difference.after, bounds.side),
                proposed: difference.proposed,
            }),
            proof: sentence(notice.proof),
            took_ms: notice.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            correction: name(notice.correction),
            undone: notice.undone.as_ref().map(|undone| Undo {
                by: escape::cut(undone.by, bounds.name),
                reason: escape::cut(undone.reason, bounds.sentence),
                until: name(undone.until),
                correction: escape::cut(undone.correction, bounds.name),
            }),
            why: sentence(notice.why),
            next: sentence(notice.next),
            repeats: notice.repeats,
            fixes: fixes(notice),
        }
    }

    /// The JSON for machines: one line, exact values, and no byte in it that could harm where it is shown.
    #[must_use]
    pub fn json(&self) -> String {
        // A struct of strings, numbers and lists always serialises.
        escape::json(&serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads what [`Message::json`] wrote. Unknown fields of a later release are ignored.
    ///
    /// # Errors
    /// [`MessageError`] when the text is something else.
    pub fn parse(json: &str) -> Result<Self, MessageError> {
        let message: Self = serde_json::from_str(json)?;
        if message.version == SCHEMA_VERSION { Ok(message) } else { Err(MessageError::Version(message.version)) }
    }
}

/// The snippets there are, the one for the tool that made the change first.
fn fixes(notice: &Notice<'_>) -> Vec<Fix> {
    let guidance = &notice.control.guidance;
    let mut all = [
        ("terraform", "Terraform", guidance.terraform),
        ("cloudformation", "CloudFormation", guidance.cloudformation),
        ("cdk", "CDK", guidance.cdk),
    ];
    all.sort_by_key(|(class, ..)| notice.actor.tool_class != Some(*class));
    all.into_iter()
        .filter(|(.., snippet)| !snippet.trim().is_empty())
        .map(|(_, tool, snippet)| Fix { tool: tool.to_owned(), snippet: escape::cut(snippet, 4_000) })
        .collect()
}

/// The first whole lines of `text` that fit, and how many more there are.
fn lines_within(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut lines = text.lines();
    for line in lines.by_ref() {
        if kept.len() + line.len() + 1 > bytes {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    let _ = write!(kept, "… and {} more lines", lines.count() + 1);
    kept
}
