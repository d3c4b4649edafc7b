//! What the ledger's rows are made of.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use rectify_controls::{Arn, Fingerprint, Place, Severity};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::jitter::random;

/// One resource, as the ledger names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// Account and region.
    pub place: Place,
    /// The ARN, which for some kinds (buckets) names neither.
    pub arn: Arn,
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resource#{}#{}#{}", self.place.account, self.place.region, self.arn)
    }
}

/// A correction's id, for example `c-06bq3s7k8x3v9q2m1p`: sorts by time, fits in a message.
///
/// `c-`, ten characters of milliseconds since 1970, eight characters that no other correction of that millisecond has; all
/// in Crockford's base 32 in lower case, which has no letters that look like digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CorrectionId(String);

/// A text that is not a correction's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a correction id such as `c-06bq3s7k8x3v9q2m1p`")]
pub struct CorrectionIdError(String);

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TIME: usize = 10;
const UNIQUE: usize = 8;

impl CorrectionId {
    /// A new id. Two calls never give the same one, not even at the same time for the same thing.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Self(format!("c-{}{}", base32::<TIME>(millis), base32::<UNIQUE>(random())))
    }

    /// The id with its `c-`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The lowest `N` digits of `number`.
pub(super) fn base32<const N: usize>(mut number: u64) -> String {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = BASE32.get(usize::try_from(number % 32).unwrap_or(0)).copied().unwrap_or(b'0');
        number /= 32;
    }
    digits.iter().map(|byte| char::from(*byte)).collect()
}

impl fmt::Display for CorrectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<CorrectionId> for String {
    fn from(id: CorrectionId) -> String {
        id.0
    }
}

impl TryFrom<String> for CorrectionId {
    type Error = CorrectionIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let ok = text
            .strip_prefix("c-")
            .is_some_and(|rest| rest.len() == TIME + UNIQUE && rest.bytes().all(|byte| BASE32.contains(&byte)));
        if ok { Ok(Self(text)) } else { Err(CorrectionIdError(text)) }
    }
}

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
    /// The correction it was given for.
    pub correction: CorrectionId,
    /// The controls that it puts right.
    pub controls: Vec<String>,
    /// The Lambda request that took it. A retry of the same asynchronous invocation has the same one.
    pub request: String,
    /// The event that led to it.
    pub event: String,
    /// Until when it holds; 1970 once the correction is closed.
    pub until: Timestamp,
    /// When the correction was closed. `None` while it runs, or when it crashed.
    pub closed_at: Option<Timestamp>,
}

/// What is in the ledger before the first change: enough to finish, explain or undo it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteAhead {
    /// The correction.
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
    /// Who made the breach, as the event names them.
    pub actor: Json,
    /// The event's id.
    pub event: String,
    /// The Lambda request.
    pub request: String,
}

/// One correction.
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
    /// When it ended.
    pub closed_at: Option<Timestamp>,
}

impl CorrectionRow {
    /// The status of a correction that is not closed.
    pub const CLAIMED: &'static str = "claimed";
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
}

/// How long a closed row stays: a year of audits, and a month to be late.
pub(super) const KEEP: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How long a budget's counter stays.
pub(super) const KEEP_BUDGET: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// `at` plus `by`, in epoch milliseconds; the far end of time rather than an overflow.
pub(super) fn after(at: Timestamp, by: Duration) -> i64 {
    at.as_millisecond().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

/// A TTL: epoch seconds.
pub(super) fn ttl(at: Timestamp, keep: Duration) -> i64 {
    after(at, keep) / 1000
}
