//! The AWS calls of the guard, and what each is allowed by.

use crate::{
    Access,
    Need::{self, Read as Reads, Write as Writes},
};

const BUCKETS: &str = "arn:${AWS::Partition}:s3:::*";
const OBJECTS: &str = "arn:${AWS::Partition}:s3:::*/*";
// Any region: the guard reads where the event came from.
const KEYS: &str = "arn:${AWS::Partition}:kms:*:${AWS::AccountId}:key/*";
const ANY: &str = "*";

const fn access(operation: &'static str, action: &'static str, resource: &'static str, need: Need) -> Access {
    Access { operation, action, resource, need }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3": a call that names a version takes an
/// action of its own. `kms:Decrypt` is S3's call in the guard's name, for objects under a key of the account; the key's policy has
/// to allow it too.
pub(super) const ACCESS: &[Access] = &[
    access("s3:GetObject", "s3:GetObject", OBJECTS, Reads),
    access("s3:GetObject", "s3:GetObjectVersion", OBJECTS, Reads),
    access("s3:GetObject", "kms:Decrypt", KEYS, Reads),
    // Without it, an object that is gone is refused instead of not found.
    access("s3:GetObject", "s3:ListBucket", BUCKETS, Reads),
    access("s3:GetObjectTagging", "s3:GetObjectTagging", OBJECTS, Reads),
    access("s3:GetObjectTagging", "s3:GetObjectVersionTagging", OBJECTS, Reads),
    access("s3:GetObjectAcl", "s3:GetObjectAcl", OBJECTS, Reads),
    access("s3:GetObjectAcl", "s3:GetObjectVersionAcl", OBJECTS, Reads),
    access("s3:GetBucketPolicy", "s3:GetBucketPolicy", BUCKETS, Reads),
    access("s3:GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", BUCKETS, Reads),
    access("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", BUCKETS, Reads),
    access("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", ANY, Reads),
    // Whose the keys are that were found; the secrets stay here.
    access("sts:GetAccessKeyInfo", "sts:GetAccessKeyInfo", ANY, Reads),
    // The policy is read again at the moment of the write, with the writing role.
    access("s3:GetBucketPolicy", "s3:GetBucketPolicy", BUCKETS, Writes),
    access("s3:PutBucketPolicy", "s3:PutBucketPolicy", BUCKETS, Writes),
    access("s3:DeleteBucketPolicy", "s3:DeleteBucketPolicy", BUCKETS, Writes),
    access("s3:PutObjectTagging", "s3:PutObjectTagging", OBJECTS, Writes),
    access("s3:PutObjectTagging", "s3:PutObjectVersionTagging", OBJECTS, Writes),
    access("s3:DeleteObjectTagging", "s3:DeleteObjectTagging", OBJECTS, Writes),
    access("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", OBJECTS, Writes),
    access("s3:PutObjectAcl", "s3:PutObjectAcl", OBJECTS, Writes),
    access("s3:PutObjectAcl", "s3:PutObjectVersionAcl", OBJECTS, Writes),
];
