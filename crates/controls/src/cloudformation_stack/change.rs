//! Everything a correction can do to a stack.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ResourceDrift;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `CreateChangeSet` with `DeploymentMode` `REVERT_DRIFT` and the template and parameters as they are, and `ExecuteChangeSet`
    /// once it is seen to change nothing but these resources, in place.
    RevertDrift {
        /// The resources' names in the template, sorted.
        resources: Vec<String>,
        /// When the stack had been deployed last. Once it has been deployed again, nothing is created any more.
        deployed_at: Option<Timestamp>,
    },
    /// The way back, which no call of CloudFormation goes: only ever an inverse, and only for people.
    DriftAgain(Vec<ResourceDrift>),
    /// `UpdateTerminationProtection`. `false` is only ever an inverse.
    Protect(bool),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RevertDrift { resources, .. } => write!(f, "bring {} back to the template", resources.join(", ")),
            Self::DriftAgain(drifts) => {
                f.write_str("change by hand again: ")?;
                let steps: Vec<String> = drifts.iter().map(steps).collect();
                f.write_str(&steps.join("; "))
            }
            Self::Protect(true) => f.write_str("switch termination protection on"),
            Self::Protect(false) => f.write_str("switch termination protection off"),
        }
    }
}

/// What somebody does to `drift` so that it is there again.
fn steps(drift: &ResourceDrift) -> String {
    let ResourceDrift { logical, kind, deleted, differences } = drift;
    if *deleted {
        return format!("delete {logical} ({kind})");
    }
    let set: Vec<String> = differences
        .iter()
        .map(|difference| match &difference.actual {
            Some(actual) => format!("{} to {actual}", difference.path),
            None => format!("{} to nothing", difference.path),
        })
        .collect();
    format!("set of {logical} ({kind}) {}", set.join(", "))
}
