//! What a replay found, as one document. Everything in it is bounded: what there is more of than fits is counted, and says so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rectify_controls::Severity;
use serde::Serialize;

/// Version of the document: it changes when a field changes its meaning or goes, not when one is added.
pub const VERSION: u32 = 1;

/// The whole answer.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// The replay was stopped before the end: what follows is what had been read by then.
    pub stopped: bool,
    /// What was read.
    pub files: Files,
    /// How many records.
    pub records: Records,
    /// From the first record to the last; `None` when no record says when it was.
    pub period: Option<Period>,
    /// Records by the name of the call, most first.
    pub events: Listed<EventRow>,
    /// Verdicts of all controls together.
    pub verdicts: Counts,
    /// By control, in the order of the rule book; those that no event was about are left out.
    pub controls: Vec<ControlRow>,
    /// By account, most to correct or tell first.
    pub accounts: Listed<AccountRow>,
    /// By who did it, most to correct or tell first.
    pub actors: Listed<ActorRow>,
    /// By tool, most to correct or tell first.
    pub tools: Listed<ToolRow>,
    /// By day (UTC), oldest first.
    pub days: Listed<DayRow>,
    /// Account and control together: what a heat map shows. Most to correct or tell first.
    pub heat: Listed<HeatRow>,
    /// When what was open, the longest first.
    pub exposures: Listed<Exposure>,
    /// Where somebody breaks what would have been corrected, again and again.
    pub tug_of_war: Listed<TugRow>,
    /// Where there would have been more corrections than the settings allow within an hour.
    pub budgets: Budgets,
    /// What it would cost, by guard.
    pub cost: Cost,
    /// Calls that change something and that no guard watches, most first: the gaps.
    pub unwatched: Listed<EventRow>,
}

/// A list that may be longer than what is shown of it.
#[derive(Debug, Clone, Serialize)]
pub struct Listed<T> {
    /// How many there are.
    pub total: u64,
    /// The first of them.
    pub rows: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { total: 0, rows: Vec::new() }
    }
}

/// What was read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Files {
    /// Files with records in them, those inside archives counted one by one.
    pub read: u64,
    /// Files of other kinds, by kind: digests, Insights, notes, …
    pub other: BTreeMap<String, u64>,
    /// Files that could not be read, or not to their end.
    pub unreadable: Listed<Unreadable>,
    /// Bytes as they are stored.
    pub bytes: u64,
    /// Bytes after decompression.
    pub inflated: u64,
}

/// A file that could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unreadable {
    /// Its path; of a file inside an archive, both with `!` between.
    pub path: String,
    /// What is wrong.
    pub why: String,
    /// Records that were read before that.
    pub records: u64,
}

/// How many records there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    /// Records of calls and events.
    pub read: u64,
    /// Pieces that should have been records and could not be read.
    pub unreadable: u64,
    /// Of the records that a guard watches, those that came a second time and were left out.
    pub duplicates: u64,
    /// Of the records that a guard watches, those of calls that failed.
    pub failed: u64,
    /// Records that a guard watches: what was looked at.
    pub watched: u64,
}

/// A time and a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
}

/// What would have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Put back, and told.
    WouldCorrect,
    /// Told.
    WouldTell,
    /// Nothing, because of an exemption.
    Exempt,
    /// Nothing: compliant, failed, off, in shadow, over before its grace time was, put back before, told a short while ago.
    Ignored,
    /// What the log says does not decide: somebody has to look.
    NeedsLiveState,
}

impl Verdict {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::WouldCorrect, Self::WouldTell, Self::Exempt, Self::Ignored, Self::NeedsLiveState];

    /// Its words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::WouldCorrect => "would correct",
            Self::WouldTell => "would tell",
            Self::Exempt => "exempt",
            Self::Ignored => "ignored",
            Self::NeedsLiveState => "needs live state",
        }
    }
}

/// Verdicts, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// [`Verdict::WouldCorrect`].
    pub would_correct: u64,
    /// [`Verdict::WouldTell`].
    pub would_tell: u64,
    /// [`Verdict::Exempt`].
    pub exempt: u64,
    /// [`Verdict::Ignored`].
    pub ignored: u64,
    /// [`Verdict::NeedsLiveState`].
    pub needs_live_state: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, verdict: Verdict) {
        *self.slot(verdict) += 1;
    }

    fn slot(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::WouldCorrect => &mut self.would_correct,
            Verdict::WouldTell => &mut self.would_tell,
            Verdict::Exempt => &mut self.exempt,
            Verdict::Ignored => &mut self.ignored,
            Verdict::NeedsLiveState => &mut self.needs_live_state,
        }
    }

    /// How many of one verdict.
    #[must_use]
    pub fn of(mut self, verdict: Verdict) -> u64 {
        *self.slot(verdict)
    }

    /// What somebody would have heard of.
    #[must_use]
    pub const fn heard(&self) -> u64 {
        self.would_correct + self.would_tell
    }
}

/// Records of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// `eventSource`.
    pub source: String,
    /// `eventName`.
    pub name: String,
    /// How many.
    pub records: u64,
    /// The kinds that watch it; empty for none.
    pub watched_by: Vec<&'static str>,
}

/// One control.
#[derive(Debug, Clone, Serialize)]
pub struct ControlRow {
    /// Its id.
    pub control: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// Its kind.
    pub kind: &'static str,
    /// Verdicts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Why events were ignored or need to be looked at, most first.
    pub why: Listed<WhyRow>,
    /// Exposures that began.
    pub exposures: u64,
    /// Of them, those that nothing in the log ends.
    pub open: u64,
    /// Seconds that the longest one stood; of an open one to the last record.
    pub longest: i64,
    /// Seconds of all together.
    pub exposed: i64,
}

/// A reason, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhyRow {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason.
    pub why: String,
    /// How often.
    pub count: u64,
}

/// One account.
#[derive(Debug, Clone, Serialize)]
pub struct AccountRow {
    /// Its id.
    pub account: String,
    /// Its name, where the saved organisation has it.
    pub name: Option<String>,
    /// Its environment by the settings.
    pub environment: String,
    /// Verdicts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// One principal. A session counts to its role.
#[derive(Debug, Clone, Serialize)]
pub struct ActorRow {
    /// ARN of the role, user or root; the name of a service.
    pub actor: String,
    /// Verdicts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// One tool.
#[derive(Debug, Clone, Serialize)]
pub struct ToolRow {
    /// What people call it, without a version.
    pub tool: String,
    /// Verdicts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// One day.
#[derive(Debug, Clone, Serialize)]
pub struct DayRow {
    /// `2025-07-10`.
    pub day: String,
    /// Verdicts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// One control in one account.
#[derive(Debug, Clone, Serialize)]
pub struct HeatRow {
    /// The account.
    pub account: String,
    /// The control.
    pub control: &'static str,
    /// Verdicts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A time in which a resource broke a control.
#[derive(Debug, Clone, Serialize)]
pub struct Exposure {
    /// The control.
    pub control: &'static str,
    /// Its severity, or less where something else takes the effect away.
    pub severity: Severity,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// ARN.
    pub resource: String,
    /// What would have been done when it began.
    pub verdict: Verdict,
    /// What is open, in a sentence.
    pub summary: String,
    /// When it began.
    pub opened: Timestamp,
    /// Who began it.
    pub opened_by: String,
    /// When it ended; `None` when the log does not say that it did.
    pub closed: Option<Timestamp>,
    /// Who ended it.
    pub closed_by: Option<String>,
    /// Seconds that it stood, an open one to the last record.
    pub seconds: i64,
}

/// Breaches of one control on one resource that came back after each correction.
#[derive(Debug, Clone, Serialize)]
pub struct TugRow {
    /// The control.
    pub control: &'static str,
    /// Account.
    pub account: String,
    /// ARN.
    pub resource: String,
    /// How often it would have been put back within the window.
    pub times: u64,
    /// When it was first seen.
    pub since: Timestamp,
    /// Who, and with what.
    pub by: Vec<String>,
}

/// Corrections that the budgets of the settings (`corrections-per-hour`) would have held back. They are in the counts as «would correct»:
/// each would have been told instead.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Budgets {
    /// How many.
    pub beyond: u64,
    /// The hours in which that happened, those with most beyond the budget first.
    pub hours: Listed<BudgetRow>,
    /// Corrections of more hours than could be counted: whether a budget holds them back is not known.
    pub left_out: u64,
}

/// An hour whose budget would have been spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BudgetRow {
    /// The control.
    pub control: &'static str,
    /// The account; `None` for the budget of all accounts together.
    pub account: Option<String>,
    /// When the hour begins.
    pub hour: Timestamp,
    /// Corrections that would have been asked of it.
    pub corrections: u64,
    /// How many it allows.
    pub limit: u64,
}

impl BudgetRow {
    /// How many it holds back.
    #[must_use]
    pub const fn beyond(&self) -> u64 {
        self.corrections.saturating_sub(self.limit)
    }
}

/// What switching it on would cost, from the events of this log.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cost {
    /// Days that the log covers, at least one.
    pub days: f64,
    /// By guard.
    pub guards: Vec<GuardCost>,
    /// US dollars a month (30 days), all together.
    pub dollars_a_month: f64,
}

/// What one guard would cost.
#[derive(Debug, Clone, Serialize)]
pub struct GuardCost {
    /// The kind.
    pub kind: &'static str,
    /// Times that the function would have been invoked, in the whole log.
    pub invocations: u64,
    /// Calls to AWS that these make at most, in the whole log.
    pub calls: u64,
    /// US dollars a month (30 days).
    pub dollars_a_month: f64,
}

/// What one event means to one control on one resource: a line of `--output jsonl` or `csv`.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// When.
    pub time: Timestamp,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, where the verdict alone does not say.
    pub why: Option<String>,
    /// The control.
    pub control: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// The kind.
    pub kind: &'static str,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// ARN; `None` when the event names none.
    pub resource: Option<String>,
    /// `eventSource` and `eventName`.
    pub event: String,
    /// CloudTrail's id of it.
    pub event_id: Option<String>,
    /// Who.
    pub by: String,
    /// With what.
    pub tool: Option<String>,
    /// What is broken, in a sentence.
    pub summary: Option<String>,
    /// What would put it right, in words.
    pub changes: Vec<String>,
}

/// A verdict that other settings change.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    /// With the settings of before.
    pub before: Option<Row>,
    /// With the others.
    pub after: Option<Row>,
}
