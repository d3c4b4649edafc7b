//! A control that the facts break, with its evidence.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Control, Severity};

/// A broken control. `C` is the kind's closed list of changes.
#[derive(Debug, Clone)]
pub struct Finding<C> {
    /// The broken control.
    pub control: &'static Control,
    /// The control's severity, or less when something else neutralises the breach.
    pub severity: Severity,
    /// Live, neutralised or unknown.
    pub state: State,
    /// One sentence for people, without a final stop. Contains names the attacker chose: `render` escapes it.
    pub summary: String,
    /// What exactly offends. Never empty; the same offending state always gives the same evidence in the same order.
    pub evidence: Vec<Evidence>,
    /// What would put it right, in order: the first change alone closes the exposure. Empty when nothing safe exists, and
    /// always empty unless `state` is [`State::Live`].
    pub changes: Vec<C>,
}

/// How real a finding is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The control is broken now.
    Live,
    /// Broken, but something else (a public access block) takes the effect away. Told with lower severity, never hidden,
    /// never corrected.
    Neutralised {
        /// What takes the effect away, for example `the account's public access block`.
        by: String,
    },
    /// A fact that decides could not be read: never compliant, never corrected.
    Unverifiable,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// What it is: `grant`, `statement`, `flag`, `unreadable`, …
    pub what: String,
    /// The thing itself, as short as it can be said in full.
    pub value: String,
}

/// Id of a finding, `f-` and twenty hexadecimal digits: the same control broken by the same resource is the same finding for
/// ever, however it is broken. What belongs into one thread, and Security Hub's finding id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(String);

impl FindingId {
    /// The id of `control` on the resource that the ledger keeps under `resource`.
    #[must_use]
    pub fn of(control: &str, resource: &str) -> Self {
        Self(format!("f-{}", digest(&[control, resource])))
    }

    /// The id of one message about this finding: the same for a message that is sent again, another for every other. `parts`
    /// are what tells messages apart: outcome, correction, Lambda request.
    #[must_use]
    pub fn message(&self, parts: &[&str]) -> String {
        let all: Vec<&str> = std::iter::once(self.0.as_str()).chain(parts.iter().copied()).collect();
        format!("m-{}", digest(&all))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Twenty hexadecimal digits over `parts`, in which no two lists meet by their seams.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

/// Hash of an offending state: the same breach seen twice has the same fingerprint, a different breach another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Evidence {
    /// Evidence from its two parts.
    #[must_use]
    pub fn new(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into() }
    }
}

impl<C> Finding<C> {
    /// Hash over control, state and evidence; sixteen hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        let state = match &self.state {
            State::Live => "live",
            State::Neutralised { by } => by,
            State::Unverifiable => "unverifiable",
        };
        for part in [self.control.id, state].into_iter().chain(self.evidence.iter().flat_map(|e| [&*e.what, &*e.value]))
        {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        Fingerprint(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}
