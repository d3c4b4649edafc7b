//! Everything a correction may do to a bucket, its account's block or an access point.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::{Acl, BlockFlags, Encryption, Logging, ObjectOwnership, VersioningStatus, Website};

/// One step. Each writes one slot as a whole and carries everything it writes, so that a ledger row alone is enough to do
/// or undo it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `PutPublicAccessBlock` on the bucket with exactly these flags, already merged with the ones that were on.
    PutBlock(BlockFlags),
    /// `DeletePublicAccessBlock` on the bucket. Only ever an inverse.
    DeleteBlock,
    /// `PutBucketAcl` with exactly these grants. Needs ACLs to be enabled.
    PutAcl(Acl),
    /// `PutBucketPolicy` with this text.
    PutPolicy(String),
    /// `DeleteBucketPolicy`.
    DeletePolicy,
    /// `PutBucketOwnershipControls`. `BucketOwnerEnforced` needs an ACL that grants nobody but the owner.
    PutOwnership(ObjectOwnership),
    /// `DeleteBucketOwnershipControls`. Only ever an inverse.
    DeleteOwnership,
    /// `PutBucketEncryption`. Never lowers a KMS key to `AES256`.
    PutEncryption(Encryption),
    /// `DeleteBucketEncryption`, back to the default. Only ever an inverse.
    DeleteEncryption,
    /// `PutBucketWebsite`. Only ever an inverse.
    PutWebsite(Website),
    /// `DeleteBucketWebsite`.
    DeleteWebsite,
    /// `PutBucketLogging`; `None` switches it off, which is only ever an inverse.
    PutLogging(Option<Logging>),
    /// `PutBucketVersioning`. `Suspended` is only ever an inverse.
    PutVersioning(VersioningStatus),
    /// S3 Control `PutPublicAccessBlock` on the account.
    PutAccountBlock(BlockFlags),
    /// S3 Control `DeletePublicAccessBlock` on the account. Only ever an inverse.
    DeleteAccountBlock,
    /// S3 Control `PutAccessPointPolicy`.
    PutAccessPointPolicy(String),
    /// S3 Control `DeleteAccessPointPolicy`.
    DeleteAccessPointPolicy,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutBlock(flags) => write!(f, "set the bucket's public access block to {flags}"),
            Self::DeleteBlock => f.write_str("delete the bucket's public access block"),
            Self::PutAcl(acl) => match acl.grants.len() {
                1 => f.write_str("set the ACL to 1 grant"),
                grants => write!(f, "set the ACL to {grants} grants"),
            },
            Self::PutPolicy(text) => write!(f, "set the bucket policy ({} bytes)", text.len()),
            Self::DeletePolicy => f.write_str("delete the bucket policy"),
            Self::PutOwnership(ownership) => write!(f, "set object ownership to {ownership:?}"),
            Self::DeleteOwnership => f.write_str("delete the ownership controls"),
            Self::PutEncryption(rule) => write!(f, "set default encryption to {}", rule.algorithm),
            Self::DeleteEncryption => f.write_str("set default encryption back to AWS's default"),
            Self::PutWebsite(_) => f.write_str("put the static website back"),
            Self::DeleteWebsite => f.write_str("delete the static website"),
            Self::PutLogging(Some(to)) => write!(f, "log access to bucket {}", to.bucket),
            Self::PutLogging(None) => f.write_str("switch access logging off"),
            Self::PutVersioning(status) => write!(f, "set versioning to {status:?}"),
            Self::PutAccountBlock(flags) => write!(f, "set the account's public access block to {flags}"),
            Self::DeleteAccountBlock => f.write_str("delete the account's public access block"),
            Self::PutAccessPointPolicy(text) => write!(f, "set the access point policy ({} bytes)", text.len()),
            Self::DeleteAccessPointPolicy => f.write_str("delete the access point policy"),
        }
    }
}

impl fmt::Display for BlockFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on: Vec<&str> = [
            (self.block_public_acls, "BlockPublicAcls"),
            (self.ignore_public_acls, "IgnorePublicAcls"),
            (self.block_public_policy, "BlockPublicPolicy"),
            (self.restrict_public_buckets, "RestrictPublicBuckets"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
        match on.len() {
            0 => f.write_str("nothing"),
            4 => f.write_str("all four flags"),
            _ => f.write_str(&on.join(", ")),
        }
    }
}
