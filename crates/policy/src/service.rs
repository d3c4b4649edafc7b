//! The service whose resource carries the policy.

use std::fmt;
use std::str::FromStr;

/// The kind of resource that a policy is attached to.
///
/// Most rules are the same everywhere. [`Service::S3`] and [`Service::S3AccessPoint`] add S3's own written meaning of
/// "public"; [`Service::IamTrust`] knows that a service principal can only be handed a role by the role's own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Service {
    /// A bucket policy.
    S3,
    /// An access point policy.
    S3AccessPoint,
    /// A queue policy.
    Sqs,
    /// A topic policy.
    Sns,
    /// A key policy.
    Kms,
    /// A function, version, alias or layer policy.
    Lambda,
    /// A secret's resource policy.
    SecretsManager,
    /// A repository policy.
    Ecr,
    /// A file system policy.
    Efs,
    /// A domain access policy.
    OpenSearch,
    /// A backup vault access policy.
    Backup,
    /// A table or stream policy.
    DynamoDb,
    /// An event bus policy.
    EventBridge,
    /// A role's trust policy.
    IamTrust,
    /// Any other resource policy.
    General,
}

impl Service {
    /// Every service, in the order in which help texts list them.
    pub const ALL: &'static [Self] = &[
        Self::S3,
        Self::S3AccessPoint,
        Self::Sqs,
        Self::Sns,
        Self::Kms,
        Self::Lambda,
        Self::SecretsManager,
        Self::Ecr,
        Self::Efs,
        Self::OpenSearch,
        Self::Backup,
        Self::DynamoDb,
        Self::EventBridge,
        Self::IamTrust,
        Self::General,
    ];

    /// The lower-case name, as [`Service::from_str`] reads it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::S3AccessPoint => "s3-access-point",
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::Kms => "kms",
            Self::Lambda => "lambda",
            Self::SecretsManager => "secretsmanager",
            Self::Ecr => "ecr",
            Self::Efs => "efs",
            Self::OpenSearch => "opensearch",
            Self::Backup => "backup",
            Self::DynamoDb => "dynamodb",
            Self::EventBridge => "eventbridge",
            Self::IamTrust => "iam-trust",
            Self::General => "general",
        }
    }

    pub(crate) fn has_s3_meaning(self) -> bool {
        matches!(self, Self::S3 | Self::S3AccessPoint)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no service has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown service `{name}`{}; known: {}",
    .suggestion.map(|known| format!(", did you mean `{known}`?")).unwrap_or_default(),
    Service::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", ")
)]
pub struct UnknownService {
    name: String,
    suggestion: Option<Service>,
}

impl FromStr for Service {
    type Err = UnknownService;

    /// Reads a name of [`Service::as_str`], in any case; `-` and `_` do not matter.
    fn from_str(text: &str) -> Result<Self, UnknownService> {
        let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_', ' '], "");
        let wanted = plain(text);
        if let Some(found) = Self::ALL.iter().find(|known| plain(known.as_str()) == wanted) {
            return Ok(*found);
        }
        let suggestion = Self::ALL
            .iter()
            .map(|known| (strsim::damerau_levenshtein(&plain(known.as_str()), &wanted), *known))
            .filter(|(distance, _)| *distance <= 2)
            .min()
            .map(|(_, known)| known);
        Err(UnknownService { name: text.to_owned(), suggestion })
    }
}
