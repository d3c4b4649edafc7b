//! What the guard reads, as values. Shapes follow the S3 and S3 Control API references; «not configured» is `None`.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{AccountId, BucketName, Fact, Place};

/// What an event or a sweep is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One bucket.
    Bucket(BucketName),
    /// The account-level public access block.
    Account(AccountId),
    /// One access point, by name (3 to 50 of lower-case letters, digits and hyphens).
    AccessPoint(AccessPointName),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(name) => write!(f, "bucket {name}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::AccessPoint(name) => write!(f, "access point {name}"),
        }
    }
}

/// An access point's name, checked (S3 user guide, "rules for naming access points").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessPointName(String);

impl AccessPointName {
    /// Checks the shape.
    ///
    /// # Errors
    /// A sentence naming the text otherwise.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let ok = (3..=50).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if ok { Ok(Self(text)) } else { Err(format!("`{text}` is not an access point name")) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessPointName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AccessPointName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(text)
    }
}

impl From<AccessPointName> for String {
    fn from(name: AccessPointName) -> String {
        name.0
    }
}

/// The facts about one [`Target`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facts {
    /// About a bucket.
    Bucket(Box<BucketFacts>),
    /// About the account's block.
    Account(AccountFacts),
    /// About an access point.
    AccessPoint(Box<AccessPointFacts>),
}

/// Everything about one bucket that a control can need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketFacts {
    /// The bucket.
    pub bucket: BucketName,
    /// Account and region.
    pub place: Place,
    /// `GetPublicAccessBlock`; `NoSuchPublicAccessBlockConfiguration` is `None`.
    pub block: Fact<Option<BlockFlags>>,
    /// S3 Control `GetPublicAccessBlock` of the account, an organisation's S3 policy included.
    pub account_block: Fact<Option<BlockFlags>>,
    /// `GetBucketAcl`: the effective ACL, not the stored one, while `IgnorePublicAcls` is on.
    pub acl: Fact<Acl>,
    /// `GetBucketOwnershipControls`; `OwnershipControlsNotFoundError` is `None`, which behaves as `ObjectWriter`.
    pub ownership: Fact<Option<ObjectOwnership>>,
    /// `GetBucketPolicy`, the text as stored; `NoSuchBucketPolicy` is `None`.
    pub policy: Fact<Option<String>>,
    /// `GetBucketPolicyStatus.IsPublic`, AWS's own verdict; `None` when AWS gave none (no policy, or an emulator).
    pub policy_is_public: Fact<Option<bool>>,
    /// `GetBucketEncryption`; `ServerSideEncryptionConfigurationNotFoundError` is `None`.
    pub encryption: Fact<Option<Encryption>>,
    /// `GetBucketWebsite`; `NoSuchWebsiteConfiguration` is `None`.
    pub website: Fact<Option<Website>>,
    /// `GetBucketLogging`; no `LoggingEnabled` is `None`.
    pub logging: Fact<Option<Logging>>,
    /// `GetBucketVersioning`.
    pub versioning: Fact<Versioning>,
    /// `GetBucketReplication`; `ReplicationConfigurationNotFoundError` is `None`.
    pub replication: Fact<Option<Replication>>,
    /// `GetBucketLifecycleConfiguration`; `NoSuchLifecycleConfiguration` is empty.
    pub lifecycle: Fact<Vec<LifecycleRule>>,
    /// `GetBucketTagging`; `NoSuchTagSet` is empty.
    pub tags: Fact<BTreeMap<String, String>>,
}

/// The account's block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Account, and the region of the endpoint that was called: the setting itself is global.
    pub place: Place,
    /// S3 Control `GetPublicAccessBlock`.
    pub block: Fact<Option<BlockFlags>>,
}

/// One access point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessPointFacts {
    /// Its name.
    pub name: AccessPointName,
    /// Account and region.
    pub place: Place,
    /// `GetAccessPoint`.
    pub point: Fact<AccessPoint>,
    /// `GetAccessPointPolicy`; `NoSuchAccessPointPolicy` is `None`.
    pub policy: Fact<Option<String>>,
    /// `GetAccessPointPolicyStatus.IsPublic`.
    pub policy_is_public: Fact<Option<bool>>,
    /// The account's block, which counts for access points too.
    pub account_block: Fact<Option<BlockFlags>>,
}

/// `GetAccessPoint`, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPoint {
    /// The bucket behind it.
    pub bucket: String,
    /// `NetworkOrigin` is `VPC`: never public.
    pub vpc_origin: bool,
    /// Fixed at creation.
    pub block: BlockFlags,
}

/// The four flags of a public access block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockFlags {
    /// New public ACLs are refused.
    pub block_public_acls: bool,
    /// Existing public ACLs have no effect.
    pub ignore_public_acls: bool,
    /// New public policies are refused.
    pub block_public_policy: bool,
    /// A public policy lets in nobody but AWS services and this account.
    pub restrict_public_buckets: bool,
}

impl BlockFlags {
    /// All four.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// Each flag that is on in either: how AWS combines levels, and how a correction merges.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }
}

/// An access control list, complete enough to be written back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl {
    /// Canonical user id of the owner.
    pub owner_id: Option<String>,
    /// The owner's display name, where AWS still gives one.
    pub owner_name: Option<String>,
    /// In AWS's order.
    pub grants: Vec<Grant>,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// To whom.
    pub grantee: Grantee,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP`, `FULL_CONTROL`, or a word AWS adds later.
    pub permission: String,
}

/// To whom an ACL grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// `Group`, by URI.
    Group {
        /// For example `http://acs.amazonaws.com/groups/global/AllUsers`.
        uri: String,
    },
    /// `CanonicalUser`.
    Canonical {
        /// The canonical user id.
        id: String,
        /// Display name.
        name: Option<String>,
    },
    /// `AmazonCustomerByEmail`.
    Email {
        /// The address.
        address: String,
    },
    /// Something newer than this release.
    Unknown {
        /// What AWS called it.
        kind: String,
    },
}

/// Object ownership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObjectOwnership {
    /// ACLs are disabled.
    BucketOwnerEnforced,
    /// ACLs count; new objects belong to the bucket owner if the writer says so.
    BucketOwnerPreferred,
    /// ACLs count.
    ObjectWriter,
}

/// Default encryption: the first rule, which is the only one AWS accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// `AES256`, `aws:kms`, `aws:kms:dsse`, or a word AWS adds later.
    pub algorithm: String,
    /// `KMSMasterKeyID`; `None` with `aws:kms` is the AWS managed key.
    pub key: Option<String>,
    /// `BucketKeyEnabled`.
    pub bucket_key: Option<bool>,
}

/// A static website, complete enough to be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Website {
    /// `IndexDocument.Suffix`.
    pub index: Option<String>,
    /// `ErrorDocument.Key`.
    pub error: Option<String>,
    /// `RedirectAllRequestsTo`.
    pub redirect_all: Option<RedirectAll>,
    /// `RoutingRules`.
    pub routing: Vec<RoutingRule>,
}

/// `RedirectAllRequestsTo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectAll {
    /// `HostName`.
    pub host: String,
    /// `http` or `https`.
    pub protocol: Option<String>,
}

/// One routing rule of a website.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRule {
    /// `Condition.HttpErrorCodeReturnedEquals`.
    pub when_error_code: Option<String>,
    /// `Condition.KeyPrefixEquals`.
    pub when_prefix: Option<String>,
    /// `Redirect.HostName`.
    pub host: Option<String>,
    /// `Redirect.HttpRedirectCode`.
    pub code: Option<String>,
    /// `Redirect.Protocol`.
    pub protocol: Option<String>,
    /// `Redirect.ReplaceKeyPrefixWith`.
    pub replace_prefix: Option<String>,
    /// `Redirect.ReplaceKeyWith`.
    pub replace_key: Option<String>,
}

/// Server access logging, complete enough to be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// `TargetBucket`.
    pub bucket: String,
    /// `TargetPrefix`.
    pub prefix: String,
    /// `TargetObjectKeyFormat`: `simple`, `partitioned-event-time` or `partitioned-delivery-time`.
    pub key_format: Option<String>,
    /// `TargetGrants`, which only buckets with ACLs have.
    pub grants: Vec<Grant>,
}

/// Versioning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioning {
    /// `None` means never enabled; it cannot be made so again.
    pub status: Option<VersioningStatus>,
    /// `MFADelete=Enabled`: every change needs the root user's MFA device.
    pub mfa_delete: bool,
}

/// `Status` of versioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersioningStatus {
    /// On.
    Enabled,
    /// Was on.
    Suspended,
}

/// Replication, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// `Rules`, enabled ones and others.
    pub rules: Vec<ReplicationRule>,
}

/// One replication rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationRule {
    /// `ID`.
    pub id: Option<String>,
    /// `Status` is `Enabled`.
    pub enabled: bool,
    /// `Destination.Bucket`, an ARN.
    pub destination: String,
    /// `Destination.Account`.
    pub account: Option<String>,
}

/// One lifecycle rule, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleRule {
    /// `ID`.
    pub id: Option<String>,
    /// `Status` is `Enabled`.
    pub enabled: bool,
    /// `Expiration.Days` of current objects.
    pub expire_days: Option<i32>,
    /// `Expiration.Date`, RFC 3339.
    pub expire_date: Option<String>,
    /// What the rule is limited to, in words; empty for the whole bucket.
    pub scope: String,
}
