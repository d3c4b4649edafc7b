//! The digest and the report: what is open, what was put back and what stands, in one period.
//!
//! [`Overview`] is plain data that somebody else read from the ledger. Every form of it is a pure function:
//! [`Overview::text`] and [`Overview::email_html`] are the two halves of an e-mail, [`Overview::page`] is a file for a
//! browser or a printer, [`Overview::slack`] a short post, and its JSON is for machines.

mod chart;
mod count;
mod email;
mod page;
mod publish;
mod sample;
mod slack;
mod text;
mod words;

use std::collections::BTreeMap;

pub(crate) use self::page::{table, tag};
use jiff::{Timestamp, civil::Date};
use rectify_controls::{Control, Severity};
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// Everything that a digest or a report says. The texts are as they came, however long: each form bounds and escapes them
/// where it writes them. Lists may be in any order.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// What this is, for example `Daily digest` or `Report`.
    pub title: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Beginning of the period that [`Overview::corrections`], [`Overview::undos`], [`Overview::shadow`] and
    /// [`Overview::days`] are about. What is open, paused or exempt is as of `made_at`.
    pub from: Timestamp,
    /// End of that period.
    pub to: Timestamp,
    /// Whose accounts it is about, by the owner tag; `None` for all.
    pub owner: Option<String>,
    /// What is missing here and why, one sentence each without a final stop, for example `only the newest 10000 open
    /// findings were read`. Never left out by any form: a report with a hole in it says so.
    pub gaps: Vec<String>,
    /// Pauses that hold, one sentence each without a final stop, as in [`crate::Notice::paused`].
    pub paused: Vec<String>,
    /// Findings that are open.
    pub open: Vec<OpenFinding>,
    /// Corrections that were begun in the period, whatever came of them.
    pub corrections: Vec<Correction>,
    /// Corrections that were undone in the period.
    pub undos: Vec<Undo>,
    /// Exemptions in force.
    pub exemptions: Vec<Exempt>,
    /// Resources that somebody and rectify change in turn.
    pub tugs: Vec<TugOfWar>,
    /// What shadow mode would have done in the period, per control.
    pub shadow: Vec<Shadowed>,
    /// What happened on each UTC day of the period. Days without anything may be missing.
    pub days: Vec<Day>,
}

/// A control by its id. Its title and the link to its page come from the rule book only, never from what was read.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The id, as the ledger has it.
    pub id: String,
    /// The control of this release with that id; `None` for one that only another release knows.
    pub known: Option<&'static Control>,
}

/// A resource and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// The whole ARN.
    pub arn: String,
    /// Twelve digits.
    pub account: String,
    /// The account's name in the organisation.
    pub account_name: Option<String>,
    /// Region code.
    pub region: String,
    /// Name of the environment, as far as it is known.
    pub environment: Option<String>,
    /// The value of the account's owner tag.
    pub owner: Option<String>,
}

/// A finding that is open.
#[derive(Debug, Clone, Serialize)]
pub struct OpenFinding {
    /// The broken control.
    pub control: Rule,
    /// Of this finding.
    pub severity: Severity,
    /// The resource.
    pub resource: Resource,
    /// One sentence, without a final stop.
    pub summary: String,
    /// The last outcome, in the ledger's word: `notified`, `withheld`, `failed`, …
    pub outcome: String,
    /// When it was first seen; its age counts from here.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often.
    pub seen: u64,
    /// Who last caused it, as the event named them.
    pub actor: Option<String>,
}

/// A correction.
#[derive(Debug, Clone, Serialize)]
pub struct Correction {
    /// Its id in the ledger, `c-…`.
    pub id: String,
    /// What it put right.
    pub controls: Vec<Rule>,
    /// The resource.
    pub resource: Resource,
    /// The worst of what it was about.
    pub severity: Option<Severity>,
    /// How it ended, in the ledger's word: `corrected`, `not-proven`, `failed`, …
    pub outcome: String,
    /// When it was begun.
    pub at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// Who had opened it, as the event named them.
    pub actor: Option<String>,
    /// It was undone later, by this id.
    pub undone_by: Option<String>,
    /// Why it ended as it did, when that was not well.
    pub why: Option<String>,
}

/// An undo: somebody brought back what a correction had replaced.
#[derive(Debug, Clone, Serialize)]
pub struct Undo {
    /// Its id in the ledger, `u-…`.
    pub id: String,
    /// Id of what it undid.
    pub correction: String,
    /// The controls of that.
    pub controls: Vec<Rule>,
    /// The resource.
    pub resource: Resource,
    /// How it ended: `restored`, `not-restored`, …
    pub outcome: String,
    /// When it was begun.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// Until when the control does not act on the resource.
    pub until: Option<Timestamp>,
}

/// An exemption in force.
#[derive(Debug, Clone, Serialize)]
pub struct Exempt {
    /// The control; `None` for every control.
    pub control: Option<Rule>,
    /// The resource or pattern, as it is written in the exemption.
    pub resource: String,
    /// The account, when it is about one only.
    pub account: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The ticket.
    pub ticket: String,
    /// When it ends.
    pub until: Timestamp,
    /// Where it stands, for people, for example `line 12 of the settings`.
    pub stands: String,
}

/// Somebody and rectify change the same thing in turn.
#[derive(Debug, Clone, Serialize)]
pub struct TugOfWar {
    /// The control.
    pub control: Rule,
    /// The resource.
    pub resource: Resource,
    /// Corrections of it in the period.
    pub times: u64,
    /// Who opened it, most often first.
    pub by: Vec<String>,
    /// When it was last corrected.
    pub last: Timestamp,
}

/// What shadow mode would have made of one control's findings.
#[derive(Debug, Clone, Serialize)]
pub struct Shadowed {
    /// The control.
    pub control: Rule,
    /// Findings by the outcome that they would have had.
    pub would: BTreeMap<String, u64>,
    /// Resources.
    pub resources: u64,
    /// Accounts.
    pub accounts: u64,
}

/// One UTC day.
#[derive(Debug, Clone, Serialize)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// How many of each outcome, in the ledger's words: corrections by their end, on the day they were begun; findings by
    /// their last outcome, on the day they were last seen.
    pub outcomes: BTreeMap<String, u64>,
}

impl Rule {
    /// The control `id`, which is looked up in `book`.
    #[must_use]
    pub fn find(id: &str, book: impl IntoIterator<Item = &'static Control>) -> Self {
        Self { id: id.to_owned(), known: book.into_iter().find(|control| control.id == id) }
    }

    /// What is wrong when it is broken; the id where this release does not know it.
    #[must_use]
    pub fn title(&self) -> &str {
        self.known.map_or(&self.id, |control| control.title)
    }
}

impl From<&'static Control> for Rule {
    fn from(control: &'static Control) -> Self {
        Self { id: control.id.to_owned(), known: Some(control) }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rule = serializer.serialize_struct("Rule", 3)?;
        rule.serialize_field("id", &self.id)?;
        rule.serialize_field("title", &self.known.map(|control| control.title))?;
        rule.serialize_field("page", &self.known.map(Control::page))?;
        rule.end()
    }
}
