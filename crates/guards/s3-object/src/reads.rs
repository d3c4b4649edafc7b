//! One function per read, but for the object itself.

use std::collections::BTreeMap;

use rectify_aws::{AwsFailure, FailureKind, Reading, reading, refused};
use rectify_controls::{
    AccountId, Fact,
    s3_bucket::{Acl, BlockFlags, ObjectOwnership},
    s3_object::{AccessKeyId, ObjectId},
};

use crate::Clients;

const NO_BLOCK: &str = "NoSuchPublicAccessBlockConfiguration";

/// The id of the version, for the calls that take one.
pub(crate) fn version(id: &ObjectId) -> Option<String> {
    id.version.as_ref().map(|version| version.to_string())
}

/// `GetObjectTagging`.
pub(crate) async fn tags(at: &Clients, id: &ObjectId) -> Reading<BTreeMap<String, String>> {
    let call = at.s3.get_object_tagging().bucket(id.bucket.as_str()).key(id.key.as_str()).set_version_id(version(id));
    reading("s3", "GetObjectTagging", call.expected_bucket_owner(at.owner()).send().await, None, |answer| {
        Ok(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
    })
}

/// `GetBucketPolicy`.
pub(crate) async fn policy(at: &Clients, id: &ObjectId) -> Reading<Option<String>> {
    let call = at.s3.get_bucket_policy().bucket(id.bucket.as_str()).expected_bucket_owner(at.owner());
    reading("s3", "GetBucketPolicy", call.send().await, Some(("NoSuchBucketPolicy", None)), |answer| Ok(answer.policy))
}

/// `GetObjectAcl`.
pub(crate) async fn acl(at: &Clients, id: &ObjectId) -> Reading<Acl> {
    let call = at.s3.get_object_acl().bucket(id.bucket.as_str()).key(id.key.as_str()).set_version_id(version(id));
    reading("s3", "GetObjectAcl", call.expected_bucket_owner(at.owner()).send().await, None, |answer| {
        Ok(rectify_s3::acl(answer.owner.as_ref(), answer.grants()))
    })
}

/// `GetBucketOwnershipControls`.
pub(crate) async fn ownership(at: &Clients, id: &ObjectId) -> Reading<Option<ObjectOwnership>> {
    let call = at.s3.get_bucket_ownership_controls().bucket(id.bucket.as_str()).expected_bucket_owner(at.owner());
    let absent = Some(("OwnershipControlsNotFoundError", None));
    reading("s3", "GetBucketOwnershipControls", call.send().await, absent, |answer| rectify_s3::ownership(&answer))
}

/// `GetPublicAccessBlock` of the bucket.
pub(crate) async fn block(at: &Clients, id: &ObjectId) -> Reading<Option<BlockFlags>> {
    let call = at.s3.get_public_access_block().bucket(id.bucket.as_str()).expected_bucket_owner(at.owner());
    reading("s3", "GetPublicAccessBlock", call.send().await, Some((NO_BLOCK, None)), |answer| {
        Ok(answer.public_access_block_configuration.as_ref().map(rectify_s3::block))
    })
}

/// `GetPublicAccessBlock` of the account (S3 Control).
pub(crate) async fn account_block(at: &Clients) -> Reading<Option<BlockFlags>> {
    let call = at.control.get_public_access_block().account_id(at.owner());
    reading("s3control", "GetPublicAccessBlock", call.send().await, Some((NO_BLOCK, None)), |answer| {
        Ok(answer.public_access_block_configuration.as_ref().map(rectify_s3::control_block))
    })
}

/// So many keys of one object are asked about.
const MOST_KEYS: usize = 10;

/// `GetAccessKeyInfo` of each key of a user. AWS answers for any account, and reads the account from the id.
pub(crate) async fn owners(at: &Clients, keys: &[AccessKeyId]) -> Reading<BTreeMap<AccessKeyId, AccountId>> {
    const INFO: &str = "GetAccessKeyInfo";
    let ours = keys.iter().filter(|key| key.is_of_a_user()).take(MOST_KEYS);
    let asked = ours.map(async |key| (key, at.sts.get_access_key_info().access_key_id(key.as_str()).send().await));
    let mut owners = BTreeMap::new();
    for (key, answer) in futures::future::join_all(asked).await {
        match answer {
            Ok(answer) => {
                let account = answer.account.and_then(|account| AccountId::new(account).ok());
                owners.extend(account.map(|account| (key.clone(), account)));
            }
            Err(error) => match AwsFailure::new("sts", INFO, &error) {
                // An id that only looks like one is nobody's.
                failure if matches!(failure.kind, FailureKind::Invalid | FailureKind::Gone) => {}
                failure => return refused(failure, None),
            },
        }
    }
    Ok(Fact::Known(owners))
}
