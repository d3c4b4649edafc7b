//! Names of places and things, checked once where they enter.

use std::fmt;

pub use rectify_policy::{AccountId, OrganizationId};
use serde::{Deserialize, Serialize};

/// A string that is not the name it was given as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct IdError {
    text: String,
    expected: &'static str,
}

/// An AWS region code, for example `eu-central-1`. Shape only: new regions need no release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// Checks `text`: lower-case letters, digits and hyphens, 5 to 32 of them. Nothing else ever reaches an endpoint name.
    ///
    /// # Errors
    /// [`IdError`] naming the text otherwise.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let ok = (5..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if ok { Ok(Self(text)) } else { Err(IdError { text, expected: "a region code such as `eu-central-1`" }) }
    }

    /// The region code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition the region is in.
    #[must_use]
    pub fn partition(&self) -> Partition {
        match self.0.split('-').next() {
            Some("cn") => Partition::AwsCn,
            Some("us") if self.0.starts_with("us-gov-") => Partition::AwsUsGov,
            _ => Partition::Aws,
        }
    }
}

/// The second part of an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// China.
    AwsCn,
    /// GovCloud (US).
    AwsUsGov,
}

impl Partition {
    /// Where the partition's global services live.
    #[must_use]
    pub fn first_region(self) -> Region {
        Region(
            match self {
                Self::Aws => "us-east-1",
                Self::AwsCn => "cn-north-1",
                Self::AwsUsGov => "us-gov-west-1",
            }
            .to_owned(),
        )
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
        })
    }
}

/// A general purpose bucket name (S3 user guide, "bucket naming rules", and the looser rules of buckets made before
/// March 2018 in us-east-1: up to 255 of letters, digits, `.`, `-`, `_`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketName(String);

impl BucketName {
    /// Checks the shape. A name that passes can stand in a path or an ARN without escaping.
    ///
    /// # Errors
    /// [`IdError`] naming the text otherwise.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let ok = (3..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            && !text.starts_with('.');
        if ok { Ok(Self(text)) } else { Err(IdError { text, expected: "a bucket name" }) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Directory buckets (S3 Express One Zone) end in `--x-s3`. They have neither ACLs nor Block Public Access.
    #[must_use]
    pub fn is_directory_bucket(&self) -> bool {
        self.0.ends_with("--x-s3")
    }
}

/// An Amazon Resource Name, kept as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arn(String);

impl Arn {
    /// Takes `text` as an ARN without looking at it: build ARNs from checked parts.
    #[must_use]
    pub fn from_parts(text: String) -> Self {
        Self(text)
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a resource lives. The account is the envelope's, never the detail's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The account whose bus received the event.
    pub account: AccountId,
    /// The region of the event, which is the region of the resource.
    pub region: Region,
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
    };
}
macro_rules! checked_newtype {
    ($name:ident) => {
        text_newtype!($name);
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    };
}

checked_newtype!(Region);
checked_newtype!(BucketName);
text_newtype!(Arn);

/// A name that is checked when it is made, around a text: `checked!(Name, "what it is", |text| whether it is one)`.
macro_rules! checked {
    ($name:ident, $what:literal, $fits:expr) => {
        impl $name {
            /// Checks the shape.
            ///
            /// # Errors
            /// A sentence when it is none. Without the text: it is whatever somebody sent.
            pub fn new(text: impl Into<String>) -> Result<Self, String> {
                let text = text.into();
                let fits: fn(&str) -> bool = $fits;
                if fits(&text) { Ok(Self(text)) } else { Err(concat!("what is named is no ", $what).to_owned()) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use checked;
