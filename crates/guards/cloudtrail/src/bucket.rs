//! The bucket that a trail logs to, as far as the trail's account may look.

use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use rectify_aws::{AwsFailure, Ended, Ends, FailureKind, Reading, Session, reading};
use rectify_controls::{Fact, Region, cloudtrail::Bucket, s3_bucket::BlockFlags};

use crate::{Clients, CloudTrailGuard};

const EVERYONE: [&str; 2] =
    ["http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"];

/// Finds the bucket and its region, and then what opens it. S3 is told whose bucket it must be: a name can be taken by a
/// stranger once it is free.
pub(crate) async fn bucket(guard: &CloudTrailGuard, session: &Session, at: &Clients, name: &str) -> Reading<Bucket> {
    let owner = at.place.account.as_str();
    let head = at.s3.head_bucket().bucket(name).expected_bucket_owner(owner).send().await;
    let region = match head {
        Ok(answer) => answer.bucket_region().map(str::to_owned),
        Err(error) => {
            let elsewhere = error.raw_response().and_then(|answer| answer.headers().get("x-amz-bucket-region"));
            let elsewhere = elsewhere.map(str::to_owned);
            if error.as_service_error().is_some_and(HeadBucketError::is_not_found) {
                return Ok(Fact::Known(Bucket::Missing));
            }
            let failure = AwsFailure::new("s3", "HeadBucket", &error);
            match failure.kind {
                FailureKind::Gone => return Ok(Fact::Known(Bucket::Missing)),
                FailureKind::Denied if !failure.expired() => return Ok(Fact::Known(Bucket::Foreign)),
                FailureKind::WrongRegion if elsewhere.is_some() => elsewhere,
                _ => return rectify_aws::refused(failure, None),
            }
        }
    };
    let region = region.and_then(|region| Region::new(region).ok()).filter(|region| *region != at.place.region);
    let there = region.map(|region| guard.at(session, &region));
    let there = there.as_ref().unwrap_or(at);
    let (policy, acl, block, account_block) =
        futures::join!(policy_public(there, name), acl_public(there, name), block(there, name), account_block(at),);
    let mut ends = Ends::default();
    let bucket = Bucket::Own {
        policy_public: ends.take(policy),
        acl_public: ends.take(acl),
        block: ends.take(block),
        account_block: ends.take(account_block),
    };
    match ends.or(bucket) {
        Ok(bucket) => Ok(Fact::Known(bucket.unwrap_or(Bucket::Missing))),
        // It moved on, or is another account's that said so late.
        Err(failure) if failure.kind == FailureKind::WrongRegion => Ok(Fact::Known(Bucket::Foreign)),
        Err(failure) => Err(Ended::Refused(failure)),
    }
}

async fn policy_public(at: &Clients, name: &str) -> Reading<bool> {
    let call = at.s3.get_bucket_policy_status().bucket(name).expected_bucket_owner(at.place.account.as_str());
    let none = Some(("NoSuchBucketPolicy", false));
    reading("s3", "GetBucketPolicyStatus", Box::pin(call.send()).await, none, |answer| {
        Ok(answer.policy_status().and_then(|status| status.is_public()).unwrap_or(false))
    })
}

async fn acl_public(at: &Clients, name: &str) -> Reading<bool> {
    let call = at.s3.get_bucket_acl().bucket(name).expected_bucket_owner(at.place.account.as_str());
    reading("s3", "GetBucketAcl", Box::pin(call.send()).await, None, |answer| {
        let mut uris = answer.grants().iter().filter_map(|grant| grant.grantee()?.uri());
        Ok(uris.any(|uri| EVERYONE.contains(&uri)))
    })
}

const NO_BLOCK: &str = "NoSuchPublicAccessBlockConfiguration";

async fn block(at: &Clients, name: &str) -> Reading<Option<BlockFlags>> {
    let call = at.s3.get_public_access_block().bucket(name).expected_bucket_owner(at.place.account.as_str());
    reading("s3", "GetPublicAccessBlock", Box::pin(call.send()).await, Some((NO_BLOCK, None)), |answer| {
        Ok(answer.public_access_block_configuration().map(|flags| BlockFlags {
            block_public_acls: flags.block_public_acls() == Some(true),
            ignore_public_acls: flags.ignore_public_acls() == Some(true),
            block_public_policy: flags.block_public_policy() == Some(true),
            restrict_public_buckets: flags.restrict_public_buckets() == Some(true),
        }))
    })
}

async fn account_block(at: &Clients) -> Reading<Option<BlockFlags>> {
    let call = at.control.get_public_access_block().account_id(at.place.account.as_str());
    reading("s3control", "GetPublicAccessBlock", Box::pin(call.send()).await, Some((NO_BLOCK, None)), |answer| {
        Ok(answer.public_access_block_configuration().map(|flags| BlockFlags {
            block_public_acls: flags.block_public_acls() == Some(true),
            ignore_public_acls: flags.ignore_public_acls() == Some(true),
            block_public_policy: flags.block_public_policy() == Some(true),
            restrict_public_buckets: flags.restrict_public_buckets() == Some(true),
        }))
    })
}
