//! What is known of a stack.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ManualChange, StackId};
use crate::{Fact, Place};

/// Everything the judge knows of one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which stack.
    pub stack: StackId,
    /// Where it is.
    pub place: Place,
    /// The stack itself (`DescribeStacks`).
    pub state: Fact<State>,
    /// What the latest drift detection found (`DescribeStackResourceDrifts`), and whether a new one could be started.
    pub check: Fact<Check>,
    /// What has just been changed outside CloudFormation, as the event says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news: Option<ManualChange>,
    /// What earlier looks left in the ledger.
    #[serde(default)]
    pub remembered: Remembered,
}

/// What is kept of a stack from look to look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// What the last detection that was whole and not older than the last deployment found. It stands until another one says
    /// otherwise.
    pub drifts: Vec<ResourceDrift>,
    /// Changes outside CloudFormation since the last deployment.
    pub changes: Vec<ManualChange>,
}

/// A stack as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// `StackStatus`, for example `UPDATE_COMPLETE`.
    pub status: String,
    /// `EnableTerminationProtection`. A nested stack has its root's.
    pub protected: bool,
    /// Name of the root stack, for a nested one.
    pub root: Option<String>,
    /// `RoleARN`: the role that CloudFormation acts as.
    pub role: Option<String>,
    /// When it was last created or updated: the beginning of that deployment.
    pub deployed_at: Option<Timestamp>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What the latest drift detection found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// `StackDriftStatus`.
    pub status: DriftStatus,
    /// When it was started (`LastCheckTimestamp`); `None` when there was none.
    pub at: Option<Timestamp>,
    /// Whether each result is of this detection: none is under way, and none looked at a single resource since.
    pub whole: bool,
    /// Resources that are not as the template says.
    pub drifts: Vec<ResourceDrift>,
    /// Names in the template of resources that are as it says.
    pub in_sync: Vec<String>,
    /// Resources that CloudFormation wanted to look at and could not.
    pub unchecked: Vec<Unchecked>,
}

/// `StackDriftStatus` (CloudFormation API reference, `StackDriftInformation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    /// At least one resource differs.
    Drifted,
    /// No resource that can be looked at differs.
    InSync,
    /// A resource could not be looked at.
    Unknown,
    /// Nobody has looked.
    NotChecked,
}

/// A resource that is not as its template says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceDrift {
    /// Its name in the template.
    pub logical: String,
    /// Its type, for example `AWS::SQS::Queue`.
    pub kind: String,
    /// Whether it is gone.
    pub deleted: bool,
    /// Properties that differ.
    pub differences: Vec<Difference>,
}

/// A property that is not as the template says. The values are fit to be shown: what may be a secret is not in them
/// ([`visible`](super::visible)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// Where, as CloudFormation has it: `/VisibilityTimeout`.
    pub path: String,
    /// What the template says; nothing where it says nothing.
    pub expected: Option<String>,
    /// What is there; nothing where nothing is.
    pub actual: Option<String>,
}

/// A resource whose state could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unchecked {
    /// Its name in the template.
    pub logical: String,
    /// Its type.
    pub kind: String,
    /// CloudFormation's words, without what changes from look to look.
    pub reason: Option<String>,
}

impl Facts {
    /// Facts that know nothing.
    #[must_use]
    pub fn unread(stack: StackId, place: Place) -> Self {
        let (state, check) = (Fact::NotRead, Fact::NotRead);
        Self { stack, place, state, check, news: None, remembered: Remembered::default() }
    }

    /// The latest detection, when it says how the stack stands: whole, and not older than the last deployment. Older results are of
    /// another template.
    #[must_use]
    pub fn current(&self) -> Option<&Check> {
        let (state, check) = (self.state.known()?, self.check.known()?);
        let newer = match (check.at, state.deployed_at) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(at), Some(deployed_at)) => at >= deployed_at,
        };
        (check.status != DriftStatus::NotChecked && check.whole && newer && !state.is_in_progress()).then_some(check)
    }

    /// What differs from the template, as far as is known: by the latest detection, or by what is remembered while there is none.
    #[must_use]
    pub fn drifts(&self) -> &[ResourceDrift] {
        self.current().map_or(self.remembered.drifts.as_slice(), |check| check.drifts.as_slice())
    }

    /// Changes outside CloudFormation that nothing has put right since: no deployment, and no detection that found the resource
    /// as its template says.
    #[must_use]
    pub fn changes(&self) -> Vec<ManualChange> {
        let mut changes: Vec<ManualChange> = Vec::new();
        for change in self.remembered.changes.iter().chain(&self.news) {
            // The same call by the same caller is one change, the last of them.
            let same = |other: &&mut ManualChange| {
                let (one, two) = (&other.caller, &change.caller);
                other.logical == change.logical && (&one.principal, &one.event) == (&two.principal, &two.event)
            };
            match changes.iter_mut().find(same) {
                Some(other) => *other = change.clone(),
                None => changes.push(change.clone()),
            }
        }
        changes.retain(|change| !self.is_over(change));
        let more = changes.len().saturating_sub(MOST_CHANGES);
        changes.drain(..more);
        changes
    }

    fn is_over(&self, change: &ManualChange) -> bool {
        let Some(at) = change.caller.latest() else { return false };
        let deployed_at = self.state.known().and_then(|state| state.deployed_at);
        // A resource whose type no detection looks at is in neither list.
        let in_sync = self.current().is_some_and(|check| {
            check.at.is_some_and(|checked| checked > at) && check.in_sync.contains(&change.logical)
        });
        in_sync || deployed_at.is_some_and(|deployed| deployed > at)
    }
}

/// Most changes that are remembered of one stack, the latest.
const MOST_CHANGES: usize = 20;

impl State {
    /// A deployment, or the way back from one, is under way.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS")
    }

    /// There is nothing in it: it was never deployed, or its first deployment was taken back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.status.as_str(), "REVIEW_IN_PROGRESS" | "ROLLBACK_COMPLETE" | "DELETE_COMPLETE")
    }

    /// CloudFormation detects drift of stacks in such a state (CloudFormation user guide, "Detect drift on an entire stack"; a
    /// stack into which resources were imported counts as updated).
    #[must_use]
    pub fn can_be_checked(&self) -> bool {
        const STATES: [&str; 6] = [
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_FAILED",
            "IMPORT_COMPLETE",
            "IMPORT_ROLLBACK_COMPLETE",
        ];
        STATES.contains(&self.status.as_str())
    }
}
