//! What wakes the guard. The names are CloudTrail's, which differ from the API's where the catalogue says so.

use super::{access_point, acl, block, encryption, external, lifecycle, logging, policy, tls, versioning, website};
use crate::Trigger;

const SOURCE: &str = "s3.amazonaws.com";
const BUCKET: &str = "bucketName";
// The account is the envelope's: the request names it in the host at most.
const ACCOUNT: &str = "";
const ACCESS_POINT: &str = "name";

const BLOCK: &[&str] = &[acl::PUBLIC.id, policy::PUBLIC.id, block::BUCKET.id];
const ACCOUNT_BLOCK: &[&str] = &[acl::PUBLIC.id, policy::PUBLIC.id, block::ACCOUNT.id];
const OWNERSHIP: &[&str] = &[acl::PUBLIC.id, acl::ENABLED.id];
const POLICY: &[&str] = &[policy::PUBLIC.id, tls::NOT_REQUIRED.id, external::POLICY.id];
const ENCRYPTION: &[&str] = &[encryption::NOT_REQUIRED.id];

const fn on(name: &'static str, id: &'static str, controls: &'static [&'static str], example: &'static str) -> Trigger {
    Trigger { source: SOURCE, name, id, controls, example }
}

/// `CreateBucket` drives what its request says of ACLs at birth; `docs/adr/0003-birth-of-a-bucket.md` says why. The account's block can
/// expose every bucket of the account, but such an event names none: it is judged on the account, and the buckets by a
/// sweep. So is what an organisation's own S3 policy changes. Deleting a website, replication or lifecycle configuration breaks no
/// control, so it wakes nobody. Neither do tags, on which some controls hang: every tool tags a bucket right after it made it, before
/// it configures the rest.
pub(super) const EVENTS: &[Trigger] = &[
    on("CreateBucket", BUCKET, OWNERSHIP, "create-bucket-public-acl"),
    on("PutBucketAcl", BUCKET, &[acl::PUBLIC.id], "put-bucket-acl-public"),
    on("PutBucketOwnershipControls", BUCKET, OWNERSHIP, "put-bucket-ownership-controls-acls-enabled"),
    on("DeleteBucketOwnershipControls", BUCKET, OWNERSHIP, "delete-bucket-ownership-controls"),
    on("PutBucketPublicAccessBlock", BUCKET, BLOCK, "put-bucket-public-access-block-off"),
    on("DeleteBucketPublicAccessBlock", BUCKET, BLOCK, "delete-bucket-public-access-block"),
    on("PutAccountPublicAccessBlock", ACCOUNT, ACCOUNT_BLOCK, "put-account-public-access-block-off"),
    on("DeleteAccountPublicAccessBlock", ACCOUNT, ACCOUNT_BLOCK, "delete-account-public-access-block"),
    on("PutBucketPolicy", BUCKET, POLICY, "put-bucket-policy-public"),
    on("DeleteBucketPolicy", BUCKET, &[tls::NOT_REQUIRED.id], "delete-bucket-policy"),
    on("PutBucketEncryption", BUCKET, ENCRYPTION, "put-bucket-encryption-aes256"),
    on("DeleteBucketEncryption", BUCKET, ENCRYPTION, "delete-bucket-encryption"),
    on("PutBucketWebsite", BUCKET, &[website::ENABLED.id], "put-bucket-website"),
    on("PutBucketLogging", BUCKET, &[logging::OFF.id], "put-bucket-logging-off"),
    on("PutBucketVersioning", BUCKET, &[versioning::OFF.id], "put-bucket-versioning-suspended"),
    on("PutBucketReplication", BUCKET, &[external::REPLICATION.id], "put-bucket-replication-foreign-account"),
    on("PutBucketLifecycle", BUCKET, &[lifecycle::SHORT_EXPIRY.id], "put-bucket-lifecycle-short-expiry"),
    on("CreateAccessPoint", ACCESS_POINT, &[access_point::PUBLIC.id], "create-access-point-open"),
    on("PutAccessPointPolicy", ACCESS_POINT, &[access_point::PUBLIC.id], "put-access-point-policy-public"),
];
