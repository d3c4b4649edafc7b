//! A fact that was read, could not be read, or was not asked for.

use serde::{Deserialize, Serialize};

/// One fact about a resource.
///
/// There is no `Default` and no way to turn an unread fact into a harmless value: a rule has to say what it makes of
/// ignorance, and the only right answer is [`State::Unverifiable`](crate::State::Unverifiable).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// Read. «Not configured» is a known value, usually `None`.
    Known(T),
    /// Asked for and refused.
    Unreadable(Unreadable),
    /// Not asked for: no selected control needs it.
    NotRead,
}

/// Why a fact is unknown. Comes from AWS, except for documents we could not parse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The call, for example `GetBucketAcl`.
    pub operation: String,
    /// The AWS error code, for example `AccessDenied`.
    pub code: String,
    /// The AWS request id, when there is one.
    pub request_id: Option<String>,
}

impl<T> Fact<T> {
    /// The value, when it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unreadable(_) | Self::NotRead => None,
        }
    }

    /// The value, to change it; used by `simulate`.
    #[must_use]
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unreadable(_) | Self::NotRead => None,
        }
    }
}
