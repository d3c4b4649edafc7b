//! What the guard reads, as values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AccessKeyId, ObjectId};
use crate::{
    AccountId, Fact, Place,
    s3_bucket::{Acl, BlockFlags, ObjectOwnership},
};

/// Everything about one object that a control can need. **No secret, and no part of the content.**
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The object.
    pub object: ObjectId,
    /// Account and region.
    pub place: Place,
    /// `GetObject`: what was found.
    pub content: Fact<Content>,
    /// `GetAccessKeyInfo` of each key of a user that was found: the account it is of. AWS reads that from the id, whether or not there
    /// is such a key.
    #[serde(default = "not_read")]
    pub owners: Fact<BTreeMap<AccessKeyId, AccountId>>,
    /// `GetObjectTagging`.
    pub tags: Fact<BTreeMap<String, String>>,
    /// `GetBucketPolicy`, the text as stored; `NoSuchBucketPolicy` is `None`.
    pub policy: Fact<Option<String>>,
    /// `GetObjectAcl`: the effective ACL.
    pub acl: Fact<Acl>,
    /// `GetBucketOwnershipControls`; `OwnershipControlsNotFoundError` is `None`, which behaves as `ObjectWriter`.
    pub ownership: Fact<Option<ObjectOwnership>>,
    /// `GetPublicAccessBlock` of the bucket.
    pub block: Fact<Option<BlockFlags>>,
    /// S3 Control `GetPublicAccessBlock` of the account.
    pub account_block: Fact<Option<BlockFlags>>,
}

/// Facts that an earlier release wrote.
fn not_read<T>() -> Fact<T> {
    Fact::NotRead
}

/// What a look at the content says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The entity tag: another content, another tag.
    pub etag: Option<String>,
    /// Bytes the object has.
    pub size: u64,
    /// Bytes of it that were looked at.
    pub read: u64,
    /// Why nothing was looked at, when nothing could be by design.
    pub left_out: Option<LeftOut>,
    /// What in it was not looked at: encrypted members of archives and the like.
    pub unread: Vec<String>,
    /// What was found, at most fifty entries.
    pub found: Vec<Found>,
    /// Ids of the access keys whose secrets were found, at most fifty.
    pub keys: Vec<AccessKeyId>,
}

/// What one rule found in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The rule, for example `github-pat`.
    pub rule: String,
    /// What it is about.
    pub about: About,
    /// How often.
    pub count: u32,
    /// The line of the first.
    pub line: u64,
    /// The archive's member it is in, when it is in one.
    pub member: Option<String>,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// An AWS access key with its secret.
    AccessKey,
    /// A private key.
    PrivateKey,
    /// A private key that a passphrase protects.
    EncryptedKey,
    /// A token of a well-known service.
    Token,
}

/// Why an object is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// In an archive storage class: nobody can read it before it is restored.
    Archived,
    /// Encrypted with a key that only the customer has (SSE-C): nobody can read it without that key.
    CustomerKey,
}
