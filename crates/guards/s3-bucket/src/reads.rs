//! One function per read. Each says which error code means «not configured»; what every refusal means is in [`fact`].

use std::{collections::BTreeMap, error::Error};

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use rectify_aws::{Ended, unreadable};
use rectify_controls::{
    BucketName, Fact,
    s3_bucket::{
        AccessPoint, AccessPointName, Acl, BlockFlags, Encryption, LifecycleRule, Logging, ObjectOwnership,
        Replication, Versioning, Website,
    },
};

use crate::{
    clients::Pair,
    refusal::Refusal,
    shape::{self, Odd},
};

const NO_BLOCK: &str = "NoSuchPublicAccessBlockConfiguration";
const NO_POLICY: &str = "NoSuchBucketPolicy";
const NO_POINT_POLICY: &str = "NoSuchAccessPointPolicy";

type Reading<T> = rectify_aws::Reading<T, Refusal>;

/// `GetPublicAccessBlock` of the bucket.
pub(crate) async fn block(at: &Pair, bucket: &BucketName) -> Reading<Option<BlockFlags>> {
    let call = at.s3.get_public_access_block().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    fact("s3", "GetPublicAccessBlock", call.send().await, Some((NO_BLOCK, None)), |answer| {
        Ok(answer.public_access_block_configuration.as_ref().map(shape::block))
    })
}

/// `GetPublicAccessBlock` of the account (S3 Control).
pub(crate) async fn account_block(at: &Pair) -> Reading<Option<BlockFlags>> {
    let call = at.control.get_public_access_block().account_id(at.owner());
    fact("s3control", "GetPublicAccessBlock", call.send().await, Some((NO_BLOCK, None)), |answer| {
        Ok(answer.public_access_block_configuration.as_ref().map(shape::control_block))
    })
}

/// `GetBucketAcl`.
pub(crate) async fn acl(at: &Pair, bucket: &BucketName) -> Reading<Acl> {
    let call = at.s3.get_bucket_acl().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    fact("s3", "GetBucketAcl", call.send().await, None, |answer| {
        Ok(rectify_s3::acl(answer.owner.as_ref(), answer.grants()))
    })
}

/// `GetBucketOwnershipControls`.
pub(crate) async fn ownership(at: &Pair, bucket: &BucketName) -> Reading<Option<ObjectOwnership>> {
    let call = at.s3.get_bucket_ownership_controls().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    let absent = Some(("OwnershipControlsNotFoundError", None));
    fact("s3", "GetBucketOwnershipControls", call.send().await, absent, |answer| shape::ownership(&answer))
}

/// `GetBucketPolicy`.
pub(crate) async fn policy(at: &Pair, bucket: &BucketName) -> Reading<Option<String>> {
    let call = at.s3.get_bucket_policy().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    fact("s3", "GetBucketPolicy", call.send().await, Some((NO_POLICY, None)), |answer| Ok(answer.policy))
}

/// `GetBucketPolicyStatus`. A second opinion on a text that we read ourselves: when it cannot be had now, the first opinion
/// does not wait for it.
pub(crate) async fn policy_status(at: &Pair, bucket: &BucketName) -> Reading<Option<bool>> {
    let call = at.s3.get_bucket_policy_status().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    let read = fact("s3", "GetBucketPolicyStatus", call.send().await, Some((NO_POLICY, None)), |answer| {
        Ok(answer.policy_status.and_then(|status| status.is_public))
    });
    match read {
        Err(Ended::Refused(Refusal { failure, region: None })) => Ok(Fact::Unreadable(unreadable(failure))),
        read => read,
    }
}

/// `GetBucketEncryption`. AWS has always answered since 5 January 2023; the code is what older buckets and emulators give.
pub(crate) async fn encryption(at: &Pair, bucket: &BucketName) -> Reading<Option<Encryption>> {
    let call = at.s3.get_bucket_encryption().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    let absent = Some(("ServerSideEncryptionConfigurationNotFoundError", None));
    fact("s3", "GetBucketEncryption", call.send().await, absent, |answer| Ok(shape::encryption(&answer)))
}

/// `GetBucketWebsite`.
pub(crate) async fn website(at: &Pair, bucket: &BucketName) -> Reading<Option<Website>> {
    let call = at.s3.get_bucket_website().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    let absent = Some(("NoSuchWebsiteConfiguration", None));
    fact("s3", "GetBucketWebsite", call.send().await, absent, |answer| Ok(Some(shape::website(&answer))))
}

/// `GetBucketLogging`.
pub(crate) async fn logging(at: &Pair, bucket: &BucketName) -> Reading<Option<Logging>> {
    let call = at.s3.get_bucket_logging().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    fact("s3", "GetBucketLogging", call.send().await, None, |answer| {
        Ok(answer.logging_enabled.as_ref().map(shape::logging))
    })
}

/// `GetBucketVersioning`.
pub(crate) async fn versioning(at: &Pair, bucket: &BucketName) -> Reading<Versioning> {
    let call = at.s3.get_bucket_versioning().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    fact("s3", "GetBucketVersioning", call.send().await, None, |answer| shape::versioning(&answer))
}

/// `GetBucketReplication`.
pub(crate) async fn replication(at: &Pair, bucket: &BucketName) -> Reading<Option<Replication>> {
    let call = at.s3.get_bucket_replication().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    let absent = Some(("ReplicationConfigurationNotFoundError", None));
    fact("s3", "GetBucketReplication", call.send().await, absent, |answer| {
        Ok(answer.replication_configuration.as_ref().map(shape::replication))
    })
}

/// `GetBucketLifecycleConfiguration`.
pub(crate) async fn lifecycle(at: &Pair, bucket: &BucketName) -> Reading<Vec<LifecycleRule>> {
    let call = at.s3.get_bucket_lifecycle_configuration().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    let absent = Some(("NoSuchLifecycleConfiguration", Vec::new()));
    fact("s3", "GetBucketLifecycleConfiguration", call.send().await, absent, |answer| {
        Ok(answer.rules().iter().map(shape::lifecycle_rule).collect())
    })
}

/// `GetBucketTagging`.
pub(crate) async fn tags(at: &Pair, bucket: &BucketName) -> Reading<BTreeMap<String, String>> {
    let call = at.s3.get_bucket_tagging().bucket(bucket.as_str()).expected_bucket_owner(at.owner());
    let absent = Some(("NoSuchTagSet", BTreeMap::new()));
    fact("s3", "GetBucketTagging", call.send().await, absent, |answer| {
        Ok(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
    })
}

/// `GetAccessPoint` (S3 Control).
pub(crate) async fn access_point(at: &Pair, name: &AccessPointName) -> Reading<AccessPoint> {
    let call = at.control.get_access_point().account_id(at.owner()).name(name.as_str());
    fact("s3control", "GetAccessPoint", call.send().await, None, |answer| shape::access_point(&answer))
}

/// `GetAccessPointPolicy` (S3 Control).
pub(crate) async fn access_point_policy(at: &Pair, name: &AccessPointName) -> Reading<Option<String>> {
    let call = at.control.get_access_point_policy().account_id(at.owner()).name(name.as_str());
    fact("s3control", "GetAccessPointPolicy", call.send().await, Some((NO_POINT_POLICY, None)), |answer| {
        Ok(answer.policy)
    })
}

/// `GetAccessPointPolicyStatus` (S3 Control).
pub(crate) async fn access_point_policy_status(at: &Pair, name: &AccessPointName) -> Reading<Option<bool>> {
    let call = at.control.get_access_point_policy_status().account_id(at.owner()).name(name.as_str());
    let absent = Some((NO_POINT_POLICY, None));
    fact("s3control", "GetAccessPointPolicyStatus", call.send().await, absent, |answer| {
        Ok(answer.policy_status.map(|status| status.is_public))
    })
}

/// [`rectify_aws::reading`], with the region that a refusal may name.
fn fact<T, O, E>(
    service: &'static str,
    operation: &'static str,
    answer: Result<O, SdkError<E, HttpResponse>>,
    absent: Option<(&str, T)>,
    shape: impl FnOnce(O) -> Result<T, Odd>,
) -> Reading<T>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match answer {
        Ok(answer) => Ok(rectify_aws::shaped(operation, shape(answer).map_err(|Odd(what)| what))),
        Err(error) => {
            let Refusal { failure, region } = Refusal::new(service, operation, &error);
            rectify_aws::refused(failure, absent).map_err(|ended| match ended {
                Ended::Gone => Ended::Gone,
                Ended::Refused(failure) => Ended::Refused(Refusal { failure, region }),
            })
        }
    }
}
