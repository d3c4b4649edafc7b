//! Names of keys and of the users they belong to, checked: they come from objects and events, so from anybody.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Arn, Place, ids::checked};

/// One access key, and what is known of it beside its id. Two ids of one key are the same resource: only `key` is in its ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId {
    /// The key.
    pub key: AccessKeyId,
    /// Whose it is, where an event says so. AWS has no call that finds the user of a key that is deleted.
    #[serde(default)]
    pub user: Option<UserName>,
    /// Where it was found with its secret, when that is why it is looked at.
    #[serde(default)]
    pub exposed: Option<Exposure>,
}

/// The id of an AWS access key: `AKIA` or `ASIA` and sixteen more. Not a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessKeyId(String);

/// The name of an IAM user (IAM user guide, "IAM and AWS STS quotas": letters, digits and `_+=,.@-`, at most 64; CloudTrail
/// takes 128).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// Where a key stands with its secret, in words. Holds a name that anybody chose: whoever shows it escapes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Exposure(String);

checked!(AccessKeyId, "access key", |text| {
    text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
});
checked!(UserName, "IAM user", |text| {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
});
checked!(Exposure, "place of a key", |text| (1..=1024).contains(&text.len()));

impl AccessKeyId {
    /// Whether it is the key of a user (IAM user guide, "Unique identifiers"): those of sessions begin with `ASIA` and end by
    /// themselves.
    #[must_use]
    pub fn is_of_a_user(&self) -> bool {
        self.0.starts_with("AKIA")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// AWS has no ARN for a key. This one is made like those of IAM, without the user: who that is has to be asked.
pub(super) fn arn(id: &KeyId, place: &Place) -> Arn {
    let Place { account, region } = place;
    Arn::from_parts(format!("arn:{}:iam::{account}:access-key/{}", region.partition(), id.key))
}

pub(super) fn id(arn: &Arn, place: &Place) -> Option<KeyId> {
    let key = AccessKeyId::new(arn.as_str().rsplit_once(":access-key/")?.1).ok()?;
    let id = KeyId { key, user: None, exposed: None };
    (self::arn(&id, place) == *arn).then_some(id)
}
