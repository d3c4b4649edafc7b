//! One resource on its way through time.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use rectify_controls::{Arn, Finding, Fingerprint, Past, Place, Reopened, Selection, Severity};

use crate::{
    kinds::{Entry, Story},
    lead::Lead,
    report::{Exposure, Verdict},
};

/// One resource on its way through time.
pub(super) struct Resource<'k> {
    pub(super) number: usize,
    pub(super) kind: &'static Entry,
    pub(super) arn: Arn,
    pub(super) place: Place,
    pub(super) story: Option<Box<dyn Story<'k> + 'k>>,
    /// The story as it would have gone on after what would have been put right; `None` until something would have been.
    pub(super) mended: Option<Box<dyn Story<'k> + 'k>>,
    /// When each finding was told last, and with which outcome.
    pub(super) told: HashMap<(&'static str, Fingerprint), (&'static str, Timestamp)>,
    pub(super) open: BTreeMap<&'static str, Open>,
    pub(super) past: BTreeMap<&'static str, Past>,
    /// Breaches within their grace time.
    pub(super) waiting: BTreeMap<&'static str, Waiting>,
    /// Tugs of war that have been told of.
    pub(super) warring: BTreeMap<&'static str, Timestamp>,
    /// Ids of the events of this second.
    pub(super) ids: HashSet<String>,
    pub(super) time: i64,
    /// How many of the calls on its account it knows.
    pub(super) wide: usize,
}

/// Findings of one resource whose last message is remembered.
const MOST_TOLD: usize = 1_000;

impl<'k> Resource<'k> {
    /// The story that a guard would have seen.
    pub(super) fn seen(&self) -> Option<&(dyn Story<'k> + 'k)> {
        self.mended.as_deref().or(self.story.as_deref())
    }

    /// Goes on as if these controls had been put right.
    pub(super) fn mend(&mut self, selection: &Selection) {
        let mended = self.seen().map(|story| story.mended(selection));
        self.mended = mended;
        self.told.retain(|(control, _), _| !selection.contains(control));
    }

    /// Whether a guard would have kept silent about `finding`, because it told the same less than `reminder` before; else notes that it
    /// tells it now.
    pub(super) fn is_told(
        &mut self,
        finding: &Finding<String>,
        outcome: &'static str,
        now: Timestamp,
        reminder: jiff::SignedDuration,
    ) -> bool {
        let key = (finding.control.id, finding.fingerprint());
        if let Some((last, at)) = self.told.get(&key)
            && *last == outcome
            && now.duration_since(*at) < reminder
        {
            return true;
        }
        if self.told.len() >= MOST_TOLD {
            self.told.clear();
        }
        self.told.insert(key, (outcome, now));
        false
    }
}

pub(super) struct Open {
    pub(super) since: Timestamp,
    pub(super) by: String,
    pub(super) severity: Severity,
    pub(super) summary: String,
    pub(super) verdict: Verdict,
}

pub(super) struct Waiting {
    pub(super) due: Timestamp,
    pub(super) lead: Lead,
    pub(super) finding: Finding<String>,
}

/// Notes that a correction would have been made.
pub(super) fn remember(resource: &mut Resource<'_>, control: &str, lead: &Lead, at: Timestamp) {
    let Some(known) = resource.kind.controls.iter().find(|known| known.id == control) else { return };
    let past = resource.past.entry(known.id).or_default();
    past.corrections.push(Reopened { at, by: Some(lead.actor.clone()), tool: lead.tool.clone() });
    // More than a window can hold is never asked for.
    if past.corrections.len() > 64 {
        past.corrections.remove(0);
    }
}

pub(super) fn exposure(
    resource: &Resource<'_>,
    control: &'static str,
    open: Open,
    closed: Option<(Timestamp, String)>,
    end: Timestamp,
) -> Exposure {
    let until = closed.as_ref().map_or(end, |(at, _)| *at);
    let (closed, closed_by) = closed.unzip();
    Exposure {
        control,
        severity: open.severity,
        account: resource.place.account.to_string(),
        region: resource.place.region.to_string(),
        resource: resource.arn.as_str().to_owned(),
        verdict: open.verdict,
        summary: open.summary,
        opened: open.since,
        opened_by: open.by,
        closed,
        closed_by,
        seconds: until.duration_since(open.since).as_secs().max(0),
    }
}
