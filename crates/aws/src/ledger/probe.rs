//! Probe events that came through to a guard: the proof that its road is open.

use std::{fmt, time::Duration};

use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;

use super::{
    Ledger,
    expression::{Edit, number},
    types::ttl,
};
use crate::AwsFailure;

/// How long an arrival is kept: whoever sent the probe waits a minute.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// Longest id.
const LONGEST: usize = 64;

/// What tells one probe from another. Whoever may put events on the bus chooses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeId(String);

/// Not a probe's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a probe's id is 1 to {LONGEST} letters, digits and hyphens")]
pub struct ProbeIdError;

impl ProbeId {
    /// Checks an id.
    ///
    /// # Errors
    /// [`ProbeIdError`] for anything but 1 to 64 ASCII letters, digits and hyphens.
    pub fn new(id: impl Into<String>) -> Result<Self, ProbeIdError> {
        let id = id.into();
        let fits = !id.is_empty() && id.len() <= LONGEST;
        if fits && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            Ok(Self(id))
        } else {
            Err(ProbeIdError)
        }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn key(&self) -> String {
        format!("probe#{self}")
    }
}

/// As hexadecimal digits.
impl From<u64> for ProbeId {
    fn from(number: u64) -> Self {
        Self(format!("{number:x}"))
    }
}

impl fmt::Display for ProbeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ledger {
    /// Writes down that a probe came through to the guard of `kind`. Twice is the same as once.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn probe_arrived(&self, id: &ProbeId, kind: &str) -> Result<(), AwsFailure> {
        let now = self.now();
        let edit = Edit::default().set("at", number(now.as_millisecond())).set("ttl", number(ttl(now, KEPT)));
        self.write(&id.key(), kind, edit, ReturnValue::None).await?;
        Ok(())
    }

    /// When a probe came through to the guard of `kind`; `None` when it has not.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read.
    pub async fn probe(&self, id: &ProbeId, kind: &str) -> Result<Option<Timestamp>, AwsFailure> {
        self.get(&id.key(), kind).await?.map(|row| row.time("at")).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_nothing_but_letters_digits_and_hyphens() {
        for id in ["a", "0f9-AZ", &"x".repeat(64)] {
            assert_eq!(ProbeId::new(id).unwrap().as_str(), id);
        }
        assert_eq!(ProbeId::new(ProbeId::from(u64::MAX).as_str()), Ok(ProbeId::from(u64::MAX)));
        for id in ["", "a#b", "a b", "ä", "a\n", "../x", &"x".repeat(65)] {
            assert_eq!(ProbeId::new(id), Err(ProbeIdError), "{id:?}");
        }
    }
}
