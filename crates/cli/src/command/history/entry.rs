//! One thing that happened, whichever row of the ledger it stands in.

use std::fmt::Write as _;

use jiff::Timestamp;
use rectify_aws::{CorrectionId, CorrectionRow, FindingRow, Json, ResourceKey};
use rectify_controls::Severity;
use rectify_render::{Style, escape};
use serde::Deserialize;
use serde_json::{Value, json};

use super::actor::Background;
use crate::{
    kinds, moment,
    output::{Text, paint},
};

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Correction,
    Undo,
    Finding,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(super) what: What,
    pub(crate) at: Timestamp,
    pub(super) id: Option<CorrectionId>,
    pub(super) outcome: String,
    pub(crate) controls: Vec<String>,
    pub(super) key: ResourceKey,
    pub(super) kind: Option<String>,
    pub(super) findings: Vec<Found>,
    pub(super) by: Background,
    pub(super) did: Vec<String>,
    pub(super) why: Vec<(String, String)>,
    pub(super) proof: Option<Proof>,
    pub(super) ended_at: Option<Timestamp>,
    /// The undo that undid it.
    pub(super) undone: Option<(CorrectionId, Option<Timestamp>)>,
    /// What it undid, for an undo.
    pub(super) undoes: Option<CorrectionId>,
    pub(super) asked: Option<Asked>,
    /// For a finding: how often it was seen, from when on, and when it was last told.
    pub(super) seen: Option<(u64, Timestamp, Option<Timestamp>)>,
}

/// A finding, as a row keeps it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Found {
    pub(super) control: String,
    pub(super) severity: Severity,
    pub(super) summary: String,
    #[serde(default)]
    pub(super) evidence: Value,
}

/// Who asked for an undo, and why.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub(crate) struct Asked {
    pub(super) by: String,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) ticket: Option<String>,
    #[serde(default)]
    pub(super) until: Option<Timestamp>,
}

/// When what was wanted was read again.
#[derive(Debug, Clone, Copy, Deserialize, serde::Serialize)]
pub(crate) struct Proof {
    pub(super) at: Timestamp,
    pub(super) looks: u32,
}

/// A correction row's `actor`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Story {
    background: Background,
    findings: Vec<Found>,
    undo: Option<Asked>,
}

/// A correction row's `outcome`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct End {
    done: Vec<String>,
    why: Vec<(String, Option<String>)>,
}

impl Entry {
    /// A correction or an undo. What another release wrote in another form is left out, never made up.
    pub(crate) fn of_correction(key: ResourceKey, row: &CorrectionRow) -> Self {
        let story: Story = row.ahead.actor.parse().unwrap_or_default();
        let end: End = row.outcome.as_ref().and_then(|end| end.parse().ok()).unwrap_or_default();
        Self {
            what: if row.undoes().is_some() { What::Undo } else { What::Correction },
            at: row.claimed_at,
            id: Some(row.ahead.id.clone()),
            outcome: row.status.clone(),
            controls: row.ahead.controls.clone(),
            key,
            kind: Some(row.ahead.kind.clone()),
            findings: story.findings,
            by: story.background,
            did: end.done,
            why: end.why.into_iter().filter_map(|(control, why)| Some((control, why?))).collect(),
            proof: row.proof.as_ref().and_then(|proof| proof.parse().ok()),
            ended_at: row.closed_at,
            undone: row.undone_by.clone().map(|by| (by, row.undone_at)),
            undoes: row.undoes().cloned(),
            asked: story.undo,
            seen: None,
        }
    }

    /// A finding that was told and not put back.
    pub(crate) fn of_finding(row: &FindingRow) -> Self {
        let found = Found {
            control: row.control.clone(),
            severity: row.severity,
            summary: row.summary.clone(),
            evidence: row.evidence.parse().unwrap_or_default(),
        };
        Self {
            what: What::Finding,
            at: row.last_seen,
            id: None,
            outcome: row.outcome.clone(),
            controls: vec![row.control.clone()],
            key: row.key.clone(),
            kind: kinds::of_control(&row.control).map(|kind| kind.name.to_owned()),
            findings: vec![found],
            by: row.actor.as_ref().and_then(|actor| actor.parse().ok()).unwrap_or_default(),
            did: Vec::new(),
            why: Vec::new(),
            proof: None,
            ended_at: None,
            undone: None,
            undoes: None,
            asked: None,
            seen: Some((row.seen, row.first_seen, row.told_at)),
        }
    }

    /// What proves the end, in words.
    fn proof_words(&self) -> Option<String> {
        let Proof { at, looks } = self.proof?;
        let found = if self.what == What::Undo { "found as it stood before" } else { "found compliant" };
        Some(format!("read again at {} and {found} (look {looks})", moment::shown(at)))
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let place = &self.key.place;
        let mut json = json!({
            "type": self.what.name(),
            "time": self.at,
            "id": self.id,
            "outcome": self.outcome,
            "controls": self.controls,
            "kind": self.kind,
            "resource": { "account": place.account, "region": place.region, "arn": self.key.arn },
            "environment": self.by.environment,
            "by": self.by.json(),
            "findings": self.findings.iter().map(|found| json!({
                "control": found.control, "severity": found.severity, "summary": found.summary, "evidence": found.evidence,
            })).collect::<Vec<_>>(),
        });
        let more = match &self.seen {
            Some((seen, first, told)) => json!({ "seen": seen, "first_seen": first, "told_at": told }),
            None => json!({
                "did": self.did,
                "why": self.why.iter().map(|(control, why)| json!({ "control": control, "why": why })).collect::<Vec<_>>(),
                "proof": self.proof,
                "ended_at": self.ended_at,
                "undone": self.undone.as_ref().map(|(by, at)| json!({ "by": by, "at": at })),
                "undoes": self.undoes,
                "undo": self.asked,
            }),
        };
        if let (Some(members), Value::Object(more)) = (json.as_object_mut(), more) {
            members.extend(more);
        }
        json
    }

    /// For people: a few lines.
    pub(super) fn text(&self) -> Text {
        let mut text = Text::new();
        let severity = self.findings.iter().map(|found| found.severity).max();
        let id = self.id.as_ref().map(|id| format!("  {}", paint(Style::Strong, id.as_str()))).unwrap_or_default();
        let controls: Vec<String> = self.controls.iter().map(|control| escape::line(control, 100)).collect();
        let severity = severity.map(|severity| format!(" ({severity})")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{}  {}{id}  {}{severity}",
            moment::shown(self.at),
            paint(style(&self.outcome), &escape::line(&self.outcome, 40)),
            controls.join(", "),
        );
        let place = &self.key.place;
        let arn = escape::line(self.key.arn.as_str(), 500);
        let _ = writeln!(text, "  {} in account {}, {}", paint(Style::Strong, &arn), place.account, place.region);
        for found in &self.findings {
            line(&mut text, "found", &escape::value(&found.summary, 500));
        }
        if let Some(by) = self.by.line() {
            line(&mut text, "by", &by);
        }
        if let Some(undoes) = &self.undoes {
            line(&mut text, "undid", undoes.as_str());
        }
        if let Some(asked) = &self.asked {
            let ticket = asked.ticket.as_ref().map(|ticket| format!(" ({})", escape::line(ticket, 200)));
            let (by, reason) = (escape::line(&asked.by, 300), escape::line(&asked.reason, 500));
            line(&mut text, "for", &format!("{by}: {reason}{}", ticket.unwrap_or_default()));
            if let Some(until) = asked.until {
                line(&mut text, "holds off", &format!("until {}", moment::shown(until)));
            }
        }
        if !self.did.is_empty() {
            line(&mut text, "did", &escape::value(&self.did.join("; "), 1_000));
        }
        match self.proof_words() {
            Some(proof) => line(&mut text, "proof", &proof),
            None => {
                for (_, why) in &self.why {
                    line(&mut text, "why", &escape::value(why, 1_000));
                }
            }
        }
        if let Some((seen, first, told)) = self.seen {
            let told = told.map(|at| format!(", told at {}", moment::shown(at))).unwrap_or_default();
            line(&mut text, "seen", &format!("{} since {}{told}", times(seen), moment::shown(first)));
        }
        if let Some((by, at)) = &self.undone {
            let at = at.map(|at| format!(" at {}", moment::shown(at))).unwrap_or_default();
            line(&mut text, "undone", &format!("by {by}{at}"));
        }
        if self.outcome == CorrectionRow::CLAIMED {
            line(&mut text, "why", "it runs, or its function was ended; the next invocation finishes it");
        }
        text
    }
}

/// A line of an entry: a word and a text that is escaped already.
pub(super) fn line(text: &mut Text, word: &str, value: &str) {
    let _ = writeln!(text, "  {} {value}", paint(Style::Dim, &format!("{word:<9}")));
}

fn times(seen: u64) -> String {
    if seen == 1 { "once".to_owned() } else { format!("{seen} times") }
}

/// How an outcome looks.
pub(crate) fn style(outcome: &str) -> Style {
    match outcome {
        "corrected" | "restored" | "compliant" | "superseded" | "resolved" => Style::Good,
        "not-proven" | "not-restored" | "failed" => Style::Bad,
        "withheld" | "deferred" | "notified" | CorrectionRow::CLAIMED => Style::Warn,
        _ => Style::Plain,
    }
}

/// A payload as it is; `null` when it is nothing that can be read.
pub(super) fn payload(json: &Json) -> Value {
    json.parse().unwrap_or_default()
}
