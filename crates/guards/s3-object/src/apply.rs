//! Making a change.

use std::collections::BTreeMap;

use aws_sdk_s3::{error::BuildError, types};
use rectify_aws::{AwsFailure, FailureKind, done, unless};
use rectify_controls::{
    s3_bucket::Acl,
    s3_object::{Change, ObjectId, with, without},
};

use crate::{Clients, reads::version};

/// Makes `change`.
pub(crate) async fn apply(at: &Clients, id: &ObjectId, change: &Change) -> Result<(), AwsFailure> {
    match change {
        // The statement first: it does nothing before the tag is there, and the tag alone does nothing.
        Change::Quarantine { tags, statement } => {
            let now = policy(at, id).await?;
            let text = with(now.as_deref(), statement).ok_or_else(|| odd("PutBucketPolicy", "no policy to add to"))?;
            if now.as_deref() != Some(&text) {
                put_policy(at, id, &text).await?;
            }
            put_tags(at, id, tags).await
        }
        Change::Release { tags, sid, policy: before } => {
            put_tags(at, id, tags).await?;
            let now = policy(at, id).await?;
            let then = without(now.as_deref(), sid, before.as_deref())
                .ok_or_else(|| odd("PutBucketPolicy", "no policy to take from"))?;
            match then {
                then if then == now => Ok(()),
                Some(text) => put_policy(at, id, &text).await,
                None => {
                    let call = at.s3.delete_bucket_policy().bucket(id.bucket.as_str());
                    let answer = call.expected_bucket_owner(at.owner()).send().await;
                    unless(done("s3", "DeleteBucketPolicy", answer), &["NoSuchBucketPolicy"])
                }
            }
        }
        Change::PutAcl(acl) => put_acl(at, id, acl).await,
    }
}

/// The bucket's policy at this moment: other objects' statements and other people's changes are in it.
async fn policy(at: &Clients, id: &ObjectId) -> Result<Option<String>, AwsFailure> {
    match at.s3.get_bucket_policy().bucket(id.bucket.as_str()).expected_bucket_owner(at.owner()).send().await {
        Ok(answer) => Ok(answer.policy),
        Err(error) => match AwsFailure::new("s3", "GetBucketPolicy", &error) {
            failure if failure.code_is("NoSuchBucketPolicy") => Ok(None),
            failure => Err(failure),
        },
    }
}

async fn put_policy(at: &Clients, id: &ObjectId, text: &str) -> Result<(), AwsFailure> {
    let call = at.s3.put_bucket_policy().bucket(id.bucket.as_str()).expected_bucket_owner(at.owner()).policy(text);
    done("s3", "PutBucketPolicy", call.send().await)
}

async fn put_tags(at: &Clients, id: &ObjectId, tags: &BTreeMap<String, String>) -> Result<(), AwsFailure> {
    let (bucket, key) = (id.bucket.as_str(), id.key.as_str());
    if tags.is_empty() {
        let call = at.s3.delete_object_tagging().bucket(bucket).key(key).set_version_id(version(id));
        return done("s3", "DeleteObjectTagging", call.expected_bucket_owner(at.owner()).send().await);
    }
    let built = |error: BuildError| odd("PutObjectTagging", &error.to_string());
    let tags = tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build());
    let tags: Vec<types::Tag> = tags.collect::<Result<_, _>>().map_err(built)?;
    let tagging = types::Tagging::builder().set_tag_set(Some(tags)).build().map_err(built)?;
    let call = at.s3.put_object_tagging().bucket(bucket).key(key).set_version_id(version(id)).tagging(tagging);
    done("s3", "PutObjectTagging", call.expected_bucket_owner(at.owner()).send().await)
}

/// With the display names that were read; without them when S3 takes offence.
async fn put_acl(at: &Clients, id: &ObjectId, acl: &Acl) -> Result<(), AwsFailure> {
    let put = async |acl: &Acl| {
        let policy = rectify_s3::write_acl(acl).map_err(|error| odd("PutObjectAcl", &error.to_string()))?;
        let call = at.s3.put_object_acl().bucket(id.bucket.as_str()).key(id.key.as_str()).set_version_id(version(id));
        let call = call.access_control_policy(policy).expected_bucket_owner(at.owner());
        done("s3", "PutObjectAcl", call.send().await)
    };
    match put(acl).await {
        Err(failure) if failure.kind == FailureKind::Invalid => match rectify_s3::without_names(acl) {
            Some(bare) => put(&bare).await,
            None => Err(failure),
        },
        done => done,
    }
}

/// A request that could not even be built.
fn odd(operation: &'static str, message: &str) -> AwsFailure {
    let message = Some(message.to_owned());
    AwsFailure { service: "s3", operation, kind: FailureKind::Invalid, code: None, message, request_id: None }
}
