//! A finding on its way: what is told and recorded of it.

use rectify_aws::{CorrectionRow, FindingClosing, Open, Sighting};
use rectify_controls::{Control, Evidence, Finding, Fingerprint, Kind, Outcome, Severity, State};
use rectify_render::Difference;
use serde::{Deserialize, Serialize};

use crate::{
    Ended,
    background::Background,
    correct::json,
    difference,
    way::{Case, Sight},
};

/// A finding without the changes of its kind: what is told and recorded.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Found {
    #[serde(serialize_with = "control_id")]
    pub(crate) control: &'static Control,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) severity: Severity,
    pub(crate) state: State,
    pub(crate) summary: String,
    pub(crate) evidence: Vec<Evidence>,
    /// The parts of the resource that putting it right writes.
    pub(crate) slots: Vec<String>,
    /// What putting it right would change.
    #[serde(skip)]
    pub(crate) proposed: Option<Difference>,
    /// The offending states of this control that somebody was told of before, and that have not ended.
    #[serde(skip)]
    pub(crate) told_before: Vec<Fingerprint>,
}

impl Found {
    pub(crate) fn new<K: Kind>(finding: &Finding<K::Change>) -> Self {
        Self {
            slots: difference::slots::<K>(finding),
            proposed: None,
            told_before: Vec::new(),
            control: finding.control,
            fingerprint: finding.fingerprint(),
            severity: finding.severity,
            state: finding.state.clone(),
            summary: finding.summary.clone(),
            evidence: finding.evidence.clone(),
        }
    }

    /// The findings a correction row was written for; `None` when another release wrote it in a way we do not know.
    pub(crate) fn of_row(row: &CorrectionRow, controls: &'static [Control]) -> Option<Vec<Self>> {
        #[derive(Deserialize)]
        struct Stored {
            findings: Vec<StoredFinding>,
        }
        #[derive(Deserialize)]
        struct StoredFinding {
            control: String,
            fingerprint: Fingerprint,
            severity: Severity,
            state: State,
            summary: String,
            evidence: Vec<Evidence>,
            /// Rows of earlier releases have none.
            #[serde(default)]
            slots: Vec<String>,
        }
        let stored: Stored = row.ahead.actor.parse().ok()?;
        stored
            .findings
            .into_iter()
            .map(|found| {
                Some(Self {
                    control: controls.iter().find(|control| control.id == found.control)?,
                    fingerprint: found.fingerprint,
                    severity: found.severity,
                    state: found.state,
                    summary: found.summary,
                    evidence: found.evidence,
                    slots: found.slots,
                    proposed: None,
                    told_before: Vec::new(),
                })
            })
            .collect()
    }

    /// The same, with what putting it right would change. For what is only told: it takes a copy of the facts.
    pub(crate) fn proposing<K: Kind>(mut self, facts: &K::Facts, findings: &[Finding<K::Change>]) -> Self {
        let same =
            |finding: &&Finding<_>| finding.control.id == self.control.id && finding.fingerprint() == self.fingerprint;
        self.proposed = findings.iter().find(same).and_then(|finding| difference::proposed::<K>(facts, finding));
        self
    }

    /// The same, knowing what was told of its control before.
    pub(crate) fn after<F>(mut self, sight: &Sight<F>) -> Self {
        self.told_before = sight.open(self.control.id).map(|open| open.fingerprints.clone()).unwrap_or_default();
        self
    }

    /// What was told last of a control, when it is over.
    pub(crate) fn of_open(control: &'static Control, open: &Open, fingerprint: Option<&Fingerprint>) -> Self {
        let evidence = open.evidence.parse().unwrap_or_default();
        let finding = Finding::<()> {
            control,
            severity: open.severity,
            state: State::Live,
            summary: open.summary.clone(),
            evidence,
            changes: Vec::new(),
        };
        let fingerprint = fingerprint.cloned().unwrap_or_else(|| finding.fingerprint());
        let Finding { severity, state, summary, evidence, .. } = finding;
        Self {
            control,
            fingerprint,
            severity,
            state,
            summary,
            evidence,
            slots: Vec::new(),
            proposed: None,
            told_before: Vec::new(),
        }
    }

    pub(crate) fn sighting(&self, background: &Background) -> Sighting {
        Sighting {
            control: self.control.id.to_owned(),
            fingerprint: self.fingerprint.clone(),
            severity: self.severity,
            summary: self.summary.clone(),
            evidence: json(&self.evidence),
            actor: json(background),
        }
    }

    pub(crate) fn closing(&self, outcome: &Outcome) -> FindingClosing {
        FindingClosing {
            control: self.control.id.to_owned(),
            fingerprint: self.fingerprint.clone(),
            outcome: outcome.name().to_owned(),
            resolved: matches!(outcome, Outcome::Corrected(_) | Outcome::Superseded),
        }
    }

    pub(crate) fn ended<K: Kind>(&self, case: &Case<'_, K>, outcome: Outcome) -> Ended {
        Ended {
            arn: Some(case.key.arn.clone()),
            control: Some(self.control.id),
            severity: Some(self.severity),
            outcome,
            summary: Some(self.summary.clone()),
            correction: None,
            told: false,
        }
    }
}

fn control_id<S: serde::Serializer>(control: &&'static Control, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(control.id)
}
