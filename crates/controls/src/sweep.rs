//! What is asked of a sweep, and what it answers.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Region, Severity};

/// The detail of a `Sweep` event: judge every resource of a kind in one place (docs/adr/0011-hub-and-members.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRequest {
    /// The kind.
    pub kind: String,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// Controls to judge; every control of the kind when empty.
    #[serde(default)]
    pub controls: Vec<String>,
    /// Which sweep it is part of.
    pub sweep: String,
    /// Where to go on, for the guard that wrote it; the beginning when absent.
    #[serde(default)]
    pub after: Option<String>,
}

impl SweepRequest {
    /// The event's `detail-type`.
    pub const DETAIL_TYPE: &'static str = "Sweep";
}

/// What a sweep did with one page of a place's resources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Resources that were looked at, also those that are gone.
    pub looked: u32,
    /// Resources that break nothing, or are gone.
    pub fine: u32,
    /// Where to go on; `None` at the end of the place. Opaque: only the guard that made it can read it.
    pub next: Option<String>,
    /// How each finding ended. What a dry run says would be is the outcome's name.
    pub rows: Vec<SweptRow>,
    /// Resources that could not be judged, each tried twice.
    pub failed: Vec<Unswept>,
    /// Why the place holds nothing to sweep, for example because the region is not enabled in the account.
    #[serde(default)]
    pub skipped: Option<String>,
}

/// One finding of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweptRow {
    /// The resource's ARN.
    pub resource: String,
    /// The control; empty when the outcome is about none.
    pub control: String,
    /// How bad.
    pub severity: Option<Severity>,
    /// How it ended, or in a dry run would end.
    pub outcome: String,
    /// One sentence about the finding.
    pub summary: Option<String>,
    /// Why it ended so.
    pub why: Option<String>,
    /// Id of the correction.
    pub correction: Option<String>,
}

/// A resource that a sweep could not judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unswept {
    /// The resource's ARN.
    pub resource: String,
    /// Why.
    pub error: String,
}
