//! Drift detection takes minutes, and CloudFormation runs it only when somebody asks. When to ask, and what a change set that
//! reverts drift may do, is law like everything else: here, without a clock.

use jiff::{SignedDuration, Timestamp};

use super::{Check, State, Target};

/// How old the latest detection may be before a look starts another: with a sweep every six hours, each stack is checked about once
/// a day.
pub const CHECK_EVERY: SignedDuration = SignedDuration::from_hours(20);

/// Whether a look at `target`, at `now`, starts a detection: when there was none since the last deployment, the latest is older
/// than [`CHECK_EVERY`], or the event says that a resource was changed after it began. CloudFormation keeps when that was on the stack
/// itself, so no two looks need to know of each other, and one detection runs at a time.
///
/// Never on a stack that CloudFormation would refuse, and never on the notice that one has ended.
#[must_use]
pub fn is_due(target: &Target, state: &State, checked_at: Option<Timestamp>, now: Timestamp) -> bool {
    if !state.can_be_checked() || matches!(target, Target::Checked(_)) {
        return false;
    }
    let Some(checked_at) = checked_at else { return true };
    let changed = match target {
        Target::Changed(_, change) => change.caller.latest().is_none_or(|at| at >= checked_at),
        _ => false,
    };
    let deployed = state.deployed_at.is_some_and(|deployed_at| deployed_at > checked_at);
    changed || deployed || now.duration_since(checked_at) >= CHECK_EVERY
}

/// One entry of a change set, as much of it as decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// The resource's name in the template.
    pub logical: String,
    /// `Action`: `Modify`, `Add`, `Remove`, `SyncWithActual`, …
    pub action: String,
    /// `Replacement`: `True`, `False` or `Conditional`; nothing where it makes no sense.
    pub replacement: Option<String>,
}

/// Why a change set that was made to bring `resources` back to the template is not executed; `None` when it does that and nothing
/// else.
///
/// CloudFormation's own comparison is not the detection's: change sets that revert drift are known to replace resources that have not
/// drifted (aws-cloudformation/cloudformation-coverage-roadmap#2505, #2559). So each entry must be about one of the
/// resources, must change it in place, and there must be one at all.
#[must_use]
pub fn objection(planned: &[PlannedChange], resources: &[String]) -> Option<String> {
    if planned.is_empty() {
        return Some("the change set would change nothing".to_owned());
    }
    planned.iter().find_map(|change| {
        let PlannedChange { logical, action, replacement } = change;
        // Nothing is written to the resource: only what CloudFormation believes of it.
        if action == "SyncWithActual" {
            return None;
        }
        if !resources.contains(logical) {
            return Some(format!("the change set would also change {logical}, which has not drifted"));
        }
        if action != "Modify" {
            return Some(format!("the change set would not change {logical} in place: {action}"));
        }
        match replacement.as_deref() {
            Some("False") | None => None,
            Some(_) => Some(format!("the change set would replace {logical}")),
        }
    })
}

impl Check {
    /// What was read before any detection ended.
    #[must_use]
    pub fn none(at: Option<Timestamp>) -> Self {
        let status = super::DriftStatus::NotChecked;
        Self { status, at, whole: false, drifts: Vec::new(), in_sync: Vec::new(), unchecked: Vec::new() }
    }
}
