//! Every call the guard makes, and what each is allowed by.

use super::Change;
use crate::{
    Access,
    Need::{self, Read as Reads, Write as Writes},
};

/// One read of the guard. [`needs`](super::needs) says which a control cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Read {
    /// The bucket's ACL.
    Acl,
    /// The bucket's ownership controls.
    Ownership,
    /// The bucket's public access block.
    Block,
    /// The account's public access block, whatever the target.
    AccountBlock,
    /// The bucket policy.
    Policy,
    /// AWS's own verdict on the bucket policy.
    PolicyStatus,
    /// Default encryption.
    Encryption,
    /// The static website.
    Website,
    /// Server access logging.
    Logging,
    /// Versioning.
    Versioning,
    /// Replication.
    Replication,
    /// Lifecycle rules.
    Lifecycle,
    /// The bucket's tags.
    Tags,
    /// The access point itself.
    AccessPoint,
    /// The access point's policy.
    AccessPointPolicy,
    /// AWS's own verdict on the access point's policy.
    AccessPointPolicyStatus,
}

impl Read {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Acl,
        Self::Ownership,
        Self::Block,
        Self::AccountBlock,
        Self::Policy,
        Self::PolicyStatus,
        Self::Encryption,
        Self::Website,
        Self::Logging,
        Self::Versioning,
        Self::Replication,
        Self::Lifecycle,
        Self::Tags,
        Self::AccessPoint,
        Self::AccessPointPolicy,
        Self::AccessPointPolicyStatus,
    ];

    /// Service and operation as the SDK names them, the same as [`Access::operation`].
    #[must_use]
    pub fn operation(self) -> &'static str {
        match self {
            Self::Acl => "s3:GetBucketAcl",
            Self::Ownership => "s3:GetBucketOwnershipControls",
            Self::Block => "s3:GetPublicAccessBlock",
            Self::AccountBlock => "s3control:GetPublicAccessBlock",
            Self::Policy => "s3:GetBucketPolicy",
            Self::PolicyStatus => "s3:GetBucketPolicyStatus",
            Self::Encryption => "s3:GetBucketEncryption",
            Self::Website => "s3:GetBucketWebsite",
            Self::Logging => "s3:GetBucketLogging",
            Self::Versioning => "s3:GetBucketVersioning",
            Self::Replication => "s3:GetBucketReplication",
            Self::Lifecycle => "s3:GetBucketLifecycleConfiguration",
            Self::Tags => "s3:GetBucketTagging",
            Self::AccessPoint => "s3control:GetAccessPoint",
            Self::AccessPointPolicy => "s3control:GetAccessPointPolicy",
            Self::AccessPointPolicyStatus => "s3control:GetAccessPointPolicyStatus",
        }
    }
}

impl Change {
    /// Service and operation as the SDK names them, the same as [`Access::operation`].
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::PutBlock(_) => "s3:PutPublicAccessBlock",
            Self::DeleteBlock => "s3:DeletePublicAccessBlock",
            Self::PutAcl(_) => "s3:PutBucketAcl",
            Self::PutPolicy(_) => "s3:PutBucketPolicy",
            Self::DeletePolicy => "s3:DeleteBucketPolicy",
            Self::PutOwnership(_) => "s3:PutBucketOwnershipControls",
            Self::DeleteOwnership => "s3:DeleteBucketOwnershipControls",
            Self::PutEncryption(_) => "s3:PutBucketEncryption",
            Self::DeleteEncryption => "s3:DeleteBucketEncryption",
            Self::PutWebsite(_) => "s3:PutBucketWebsite",
            Self::DeleteWebsite => "s3:DeleteBucketWebsite",
            Self::PutLogging(_) => "s3:PutBucketLogging",
            Self::PutVersioning(_) => "s3:PutBucketVersioning",
            Self::PutAccountBlock(_) => "s3control:PutPublicAccessBlock",
            Self::DeleteAccountBlock => "s3control:DeletePublicAccessBlock",
            Self::PutAccessPointPolicy(_) => "s3control:PutAccessPointPolicy",
            Self::DeleteAccessPointPolicy => "s3control:DeleteAccessPointPolicy",
        }
    }
}

const BUCKETS: &str = "arn:${AWS::Partition}:s3:::*";
// Any region: the guard reads where the event came from.
const ACCESS_POINTS: &str = "arn:${AWS::Partition}:s3:*:${AWS::AccountId}:accesspoint/*";
const ANY: &str = "*";

const fn access(operation: &'static str, action: &'static str, resource: &'static str, need: Need) -> Access {
    Access { operation, action, resource, need }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3". Deleting a block, ownership
/// controls or encryption has no action of its own: the one that puts it allows it.
pub(super) const ACCESS: &[Access] = &[
    access("s3:ListBuckets", "s3:ListAllMyBuckets", ANY, Reads),
    access("s3:GetBucketLocation", "s3:GetBucketLocation", BUCKETS, Reads),
    access("s3control:ListAccessPoints", "s3:ListAccessPoints", ANY, Reads),
    access("s3:GetBucketAcl", "s3:GetBucketAcl", BUCKETS, Reads),
    access("s3:GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", BUCKETS, Reads),
    access("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", BUCKETS, Reads),
    access("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", ANY, Reads),
    access("s3:GetBucketPolicy", "s3:GetBucketPolicy", BUCKETS, Reads),
    access("s3:GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", BUCKETS, Reads),
    access("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration", BUCKETS, Reads),
    access("s3:GetBucketWebsite", "s3:GetBucketWebsite", BUCKETS, Reads),
    access("s3:GetBucketLogging", "s3:GetBucketLogging", BUCKETS, Reads),
    access("s3:GetBucketVersioning", "s3:GetBucketVersioning", BUCKETS, Reads),
    access("s3:GetBucketReplication", "s3:GetReplicationConfiguration", BUCKETS, Reads),
    access("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", BUCKETS, Reads),
    access("s3:GetBucketTagging", "s3:GetBucketTagging", BUCKETS, Reads),
    access("s3control:GetAccessPoint", "s3:GetAccessPoint", ANY, Reads),
    access("s3control:GetAccessPointPolicy", "s3:GetAccessPointPolicy", ACCESS_POINTS, Reads),
    access("s3control:GetAccessPointPolicyStatus", "s3:GetAccessPointPolicyStatus", ACCESS_POINTS, Reads),
    access("s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock", BUCKETS, Writes),
    access("s3:DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", BUCKETS, Writes),
    access("s3:PutBucketAcl", "s3:PutBucketAcl", BUCKETS, Writes),
    access("s3:PutBucketPolicy", "s3:PutBucketPolicy", BUCKETS, Writes),
    access("s3:DeleteBucketPolicy", "s3:DeleteBucketPolicy", BUCKETS, Writes),
    access("s3:PutBucketOwnershipControls", "s3:PutBucketOwnershipControls", BUCKETS, Writes),
    access("s3:DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls", BUCKETS, Writes),
    access("s3:PutBucketEncryption", "s3:PutEncryptionConfiguration", BUCKETS, Writes),
    access("s3:DeleteBucketEncryption", "s3:PutEncryptionConfiguration", BUCKETS, Writes),
    access("s3:PutBucketWebsite", "s3:PutBucketWebsite", BUCKETS, Writes),
    access("s3:DeleteBucketWebsite", "s3:DeleteBucketWebsite", BUCKETS, Writes),
    access("s3:PutBucketLogging", "s3:PutBucketLogging", BUCKETS, Writes),
    access("s3:PutBucketVersioning", "s3:PutBucketVersioning", BUCKETS, Writes),
    access("s3control:PutPublicAccessBlock", "s3:PutAccountPublicAccessBlock", ANY, Writes),
    access("s3control:DeletePublicAccessBlock", "s3:PutAccountPublicAccessBlock", ANY, Writes),
    access("s3control:PutAccessPointPolicy", "s3:PutAccessPointPolicy", ACCESS_POINTS, Writes),
    access("s3control:DeleteAccessPointPolicy", "s3:DeleteAccessPointPolicy", ACCESS_POINTS, Writes),
];
