//! Names in the ledger.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use rectify_controls::{AccountId, Arn, Place, Region};
use serde::{Deserialize, Serialize};

use crate::jitter::random;

/// One resource, as the ledger names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// Account and region.
    pub place: Place,
    /// The ARN, which for some kinds (buckets) names neither.
    pub arn: Arn,
}

/// A text that is not a resource's partition key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a resource's key such as `resource#111122223333#eu-central-1#arn:aws:s3:::data`")]
pub struct ResourceKeyError(String);

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resource#{}#{}#{}", self.place.account, self.place.region, self.arn)
    }
}

impl FromStr for ResourceKey {
    type Err = ResourceKeyError;

    fn from_str(text: &str) -> Result<Self, ResourceKeyError> {
        let odd = || ResourceKeyError(text.to_owned());
        let mut parts = text.splitn(4, '#');
        let (Some("resource"), Some(account), Some(region), Some(arn)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(odd());
        };
        if arn.is_empty() {
            return Err(odd());
        }
        let account = AccountId::new(account).map_err(|_| odd())?;
        let region = Region::new(region).map_err(|_| odd())?;
        Ok(Self { place: Place { account, region }, arn: Arn::from_parts(arn.to_owned()) })
    }
}

/// The id of a correction, for example `c-06bq3s7k8x3v9q2m1p`, or of an undo, `u-…`: sorts by time among its own, fits in a
/// message.
///
/// Ten characters of milliseconds since 1970, eight characters that no other id of that millisecond has; all in Crockford's
/// base 32 in lower case, which has no letters that look like digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CorrectionId(String);

/// A text that is not a correction's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a correction id such as `c-06bq3s7k8x3v9q2m1p`, nor an undo's such as `u-06bq3s7k8x3v9q2m1p`")]
pub struct CorrectionIdError(String);

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TIME: usize = 10;
const UNIQUE: usize = 8;

impl CorrectionId {
    /// A new correction's id. Two calls never give the same one, not even at the same time for the same thing.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(format!("c-{}", unique(now)))
    }

    /// A new undo's id.
    #[must_use]
    pub fn undo(now: Timestamp) -> Self {
        Self(format!("u-{}", unique(now)))
    }

    /// Whether it is an undo's.
    #[must_use]
    pub fn is_undo(&self) -> bool {
        self.0.starts_with("u-")
    }

    /// The time it was made for, to the millisecond: when the correction was claimed.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        let digits = self.0.bytes().skip(2).take(TIME);
        let millis = digits.fold(0_i64, |sum, byte| {
            let digit = BASE32.iter().position(|other| *other == byte).unwrap_or(0);
            sum * 32 + i64::try_from(digit).unwrap_or(0)
        });
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// The id with its `c-` or `u-`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new id for an exemption, `e-…`.
#[must_use]
pub fn exemption_id(now: Timestamp) -> String {
    format!("e-{}", unique(now))
}

fn unique(now: Timestamp) -> String {
    format!("{}{}", digits::<TIME>(now.as_millisecond()), base32::<UNIQUE>(random()))
}

/// A token for one call, that no other call has: DynamoDB takes up to 36 characters (`ClientRequestToken`,
/// TransactWriteItems API reference).
pub(super) fn token(now: Timestamp) -> String {
    format!("t-{}", unique(now))
}

/// The lowest `N` base-32 digits of `number`, which is zero when it is below zero.
pub(super) fn digits<const N: usize>(number: i64) -> String {
    base32::<N>(u64::try_from(number).unwrap_or(0))
}

fn base32<const N: usize>(mut number: u64) -> String {
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
            .or_else(|| text.strip_prefix("u-"))
            .is_some_and(|rest| rest.len() == TIME + UNIQUE && rest.bytes().all(|byte| BASE32.contains(&byte)));
        if ok { Ok(Self(text)) } else { Err(CorrectionIdError(text)) }
    }
}

impl FromStr for CorrectionId {
    type Err = CorrectionIdError;

    fn from_str(text: &str) -> Result<Self, CorrectionIdError> {
        Self::try_from(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T06:00:00.123Z".parse().unwrap()
    }

    #[test]
    fn ids_sort_by_time_and_never_meet() {
        let first = CorrectionId::new(now());
        let again = CorrectionId::new(now());
        assert_ne!(first, again);
        assert_eq!(first.as_str().get(..12), again.as_str().get(..12));
        let next = CorrectionId::new("2026-11-23T06:00:00.124Z".parse().unwrap());
        assert!(first < next && again < next);
        assert_eq!(CorrectionId::try_from(first.to_string()), Ok(first));
        for odd in [
            "",
            "c-",
            "c-06BQ3S7K8X3V9Q2M1P",
            "x-06bq3s7k8x3v9q2m1p",
            "e-06bq3s7k8x3v9q2m1p",
            "c-06bq3s7k8x3v9q2m1p#lease",
            "c-06bq3s7k8x3v9q2m1ü",
        ] {
            assert!(CorrectionId::try_from(odd.to_owned()).is_err(), "{odd}");
        }
        assert!(serde_json::from_value::<CorrectionId>(json!("lease")).is_err());
    }

    #[test]
    fn an_id_knows_its_time_and_what_it_is_of() {
        let correction = CorrectionId::new(now());
        let undo = CorrectionId::undo(now());
        assert_eq!((correction.time(), undo.time()), (now(), now()));
        assert!(!correction.is_undo() && undo.is_undo());
        assert_eq!(undo.as_str().parse(), Ok(undo));
        assert!(exemption_id(now()).starts_with("e-"));
        let far: CorrectionId = "c-zzzzzzzzzz00000000".parse().unwrap();
        assert_eq!(far.time(), Timestamp::MAX, "any digits are a time");
        assert!(token(now()).len() <= 36);
    }

    #[test]
    fn a_key_comes_back_from_its_text() {
        let text = "resource#111122223333#eu-west-1#arn:aws:s3:eu-west-1:111122223333:accesspoint/a#b";
        let key: ResourceKey = text.parse().unwrap();
        assert_eq!(key.arn.as_str(), "arn:aws:s3:eu-west-1:111122223333:accesspoint/a#b");
        assert_eq!(key.to_string(), text);
        for odd in [
            "",
            "standing",
            "resource#1#eu-west-1#arn",
            "resource#111122223333#x#arn",
            "resource#111122223333#eu-west-1#",
        ] {
            assert!(odd.parse::<ResourceKey>().is_err(), "{odd}");
        }
    }
}
