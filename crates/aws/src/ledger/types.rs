//! What the ledger's rows are made of.

use std::time::Duration;

use jiff::Timestamp;
use rectify_controls::{Fingerprint, Severity};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::ids::CorrectionId;

/// A payload: JSON that was checked when it came in, kept as the text it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// `value` as JSON.
    ///
    /// # Errors
    /// When the value has no JSON form (map keys that are not strings, numbers that are not finite).
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// JSON's `null`.
    #[must_use]
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }

    /// Takes text that is JSON already.
    ///
    /// # Errors
    /// When it is not.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The value it was made of.
    ///
    /// # Errors
    /// When it does not have the shape of `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// The right to change one resource, as last given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// The correction or undo it was given for.
    pub correction: CorrectionId,
    /// The controls that it puts right.
    pub controls: Vec<String>,
    /// The Lambda request that took it, or took it up again. A retry of the same asynchronous invocation has the same one.
    pub request: String,
    /// The event that led to it.
    pub event: String,
    /// When the correction was claimed. Taking it up again does not move it.
    pub started_at: Timestamp,
    /// Until when it holds unless it is renewed; 1970 once the correction is closed.
    pub until: Timestamp,
    /// When the correction was closed. `None` while it runs, or when it crashed.
    pub closed_at: Option<Timestamp>,
}

/// What is in the ledger before the first change: enough to finish, explain or undo it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteAhead {
    /// The correction or undo. Its row stands under the id's own time.
    pub id: CorrectionId,
    /// The kind of resource, for example `s3-bucket`.
    pub kind: String,
    /// The controls that are put right.
    pub controls: Vec<String>,
    /// The offending states, by their findings' fingerprints.
    pub fingerprints: Vec<Fingerprint>,
    /// The facts as they stood.
    pub facts_before: Json,
    /// The changes, in order.
    pub plan: Json,
    /// The changes that undo them, in the order in which they undo.
    pub inverse: Json,
    /// Who made the breach, as the event names them; for an undo, who asked for it and why.
    pub actor: Json,
    /// The event's id.
    pub event: String,
    /// The Lambda request.
    pub request: String,
    /// What it undoes, when it is an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<CorrectionId>,
}

/// One correction, or one undo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectionRow {
    /// What was written before the first change.
    pub ahead: WriteAhead,
    /// `claimed`, and after closing the outcome's name.
    pub status: String,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// How it ended, in full. `None` while it runs, or when it crashed.
    pub outcome: Option<Json>,
    /// The second observation that proves it.
    pub proof: Option<Json>,
    /// The facts as it left them: what an undo compares the resource with.
    pub facts_after: Option<Json>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The undo that was made of it, and was not undone itself.
    pub undone_by: Option<CorrectionId>,
    /// When that undo was claimed.
    pub undone_at: Option<Timestamp>,
}

impl CorrectionRow {
    /// The status of a correction that is not closed.
    pub const CLAIMED: &'static str = "claimed";

    /// What it undoes, when it is an undo.
    #[must_use]
    pub fn undoes(&self) -> Option<&CorrectionId> {
        self.ahead.undoes.as_ref()
    }
}

/// One finding, as far as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The broken control.
    pub control: String,
    /// The offending state.
    pub fingerprint: Fingerprint,
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// What exactly offends.
    pub evidence: Json,
    /// Who made it, as the event names them: the background of a message.
    pub actor: Json,
}

/// How long a closed row stays: a year of audits, and a month to be late.
pub(super) const KEEP: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How long something stays that has nothing to say any more: TTL deletes within a few days anyway.
pub(super) const KEEP_SHORT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// `at` plus `by`, in epoch milliseconds; the far end of time rather than an overflow.
pub(super) fn after(at: Timestamp, by: Duration) -> i64 {
    at.as_millisecond().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

/// A TTL: epoch seconds.
pub(super) fn ttl(at: Timestamp, keep: Duration) -> i64 {
    after(at, keep) / 1000
}

/// A time in epoch milliseconds; the far end of time rather than nothing.
pub(super) fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_json_in_json() {
        let payload = Json::from_text(r#"{"b": 1, "a": [2]}"#.into()).unwrap();
        assert_eq!(serde_json::to_string(&payload).unwrap(), r#"{"b": 1, "a": [2]}"#);
        assert!(Json::from_text("{".into()).is_err());
        let value: serde_json::Value = payload.parse().unwrap();
        assert_eq!(value["a"][0], 2);
    }
}
