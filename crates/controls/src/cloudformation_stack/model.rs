//! What a change does to the facts, and what undoes it.

use super::{Change, DriftStatus, Facts, Remembered};
use crate::Fact;

pub(super) const DRIFT: &str = "drift";
pub(super) const PROTECTION: &str = "termination-protection";

pub(super) fn slot(change: &Change) -> &'static str {
    match change {
        Change::RevertDrift { .. } | Change::DriftAgain(_) => DRIFT,
        Change::Protect(_) => PROTECTION,
    }
}

/// Resources that are as the template says stand as [`Change::RevertDrift`] leaves them, and drift stands as
/// [`Change::DriftAgain`] would.
pub(super) fn inverse(before: &Facts, change: &Change) -> Option<Change> {
    match change {
        Change::Protect(_) => before.state.known().map(|state| Change::Protect(state.protected)),
        // Without a detection that counts, nobody knows how it stands unless it is remembered.
        _ if before.current().is_none() && before.remembered.drifts.is_empty() => None,
        _ if !before.drifts().is_empty() => Some(Change::DriftAgain(before.drifts().to_vec())),
        Change::RevertDrift { .. } => Some(change.clone()),
        Change::DriftAgain(drifts) => {
            let mut resources: Vec<String> = drifts.iter().map(|drift| drift.logical.clone()).collect();
            resources.sort();
            let deployed_at = before.state.known().and_then(|state| state.deployed_at);
            Some(Change::RevertDrift { resources, deployed_at })
        }
    }
}

pub(super) fn simulate(facts: &mut Facts, change: &Change) {
    let drifts = match change {
        Change::Protect(on) => {
            if let Some(state) = facts.state.known_mut() {
                state.protected = *on;
            }
            return;
        }
        Change::RevertDrift { .. } => Vec::new(),
        Change::DriftAgain(drifts) => drifts.clone(),
    };
    if facts.current().is_none() {
        facts.remembered.drifts = drifts;
    } else if let Fact::Known(check) = &mut facts.check {
        if check.status != DriftStatus::Unknown {
            check.status = if drifts.is_empty() { DriftStatus::InSync } else { DriftStatus::Drifted };
        }
        check.drifts = drifts;
    }
}

/// What is kept: what the latest detection that counts found, and who changed what since the last deployment.
pub(super) fn keep(facts: &Facts) -> Option<Facts> {
    let worth = Remembered { drifts: facts.drifts().to_vec(), changes: facts.changes() };
    // Nothing is kept of a stack of which nothing was: most of them, for ever.
    if worth == Remembered::default() && facts.remembered == worth {
        return None;
    }
    let mut kept = Facts::unread(facts.stack.clone(), facts.place.clone());
    kept.remembered = worth;
    Some(kept)
}

pub(super) fn recall(facts: &mut Facts, kept: &Facts) {
    facts.remembered = Remembered { drifts: kept.drifts().to_vec(), changes: kept.changes() };
}
