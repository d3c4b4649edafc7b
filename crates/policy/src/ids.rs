//! Account and organisation ids, checked once where they enter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A string that is not the id it was given as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct IdError {
    text: String,
    expected: &'static str,
}

/// A twelve-digit AWS account id, for example `111122223333`.
///
/// Shape only: whether the account exists, or is ours, is not known here. Leading zeros are kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// Checks that `text` is exactly twelve ASCII digits.
    ///
    /// # Errors
    /// [`IdError`] naming the text otherwise.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(IdError { text, expected: "a twelve-digit account id" })
        }
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An AWS Organizations id, for example `o-a1b2c3d4e5` (Organizations API reference: `o-` and 10 to 32 of `[a-z0-9]`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganizationId(String);

impl OrganizationId {
    /// Checks the shape `o-[a-z0-9]{10,32}`.
    ///
    /// # Errors
    /// [`IdError`] naming the text otherwise.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let ok = text.strip_prefix("o-").is_some_and(|rest| {
            (10..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        });
        if ok { Ok(Self(text)) } else { Err(IdError { text, expected: "an organisation id such as `o-a1b2c3d4e5`" }) }
    }

    /// The id with its `o-`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    };
}

text_newtype!(AccountId);
text_newtype!(OrganizationId);
