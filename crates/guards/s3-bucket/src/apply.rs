//! Making a change.

use std::{error::Error, fmt};

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types,
};
use rectify_aws::{AwsFailure, FailureKind, Session};
use rectify_controls::{
    BucketName,
    s3_bucket::{AccessPointName, Acl, Change, Encryption, Target, VersioningStatus},
};

use crate::{
    clients::{Clients, Pair},
    refusal::Refusal,
    write,
};

/// Makes `change`, and follows the bucket to its region once.
pub(crate) async fn apply(
    clients: &Clients,
    session: &Session,
    target: &Target,
    change: &Change,
) -> Result<(), AwsFailure> {
    let home = &session.place.region;
    let Err(refusal) = make(&clients.at(session, home), target, change).await else { return Ok(()) };
    match refusal.region.filter(|region| **region != *home) {
        Some(region) => make(&clients.at(session, &region), target, change).await.map_err(|refusal| refusal.failure),
        None => Err(refusal.failure),
    }
}

async fn make(at: &Pair, target: &Target, change: &Change) -> Result<(), Refusal> {
    match target {
        Target::Bucket(name) => on_bucket(at, name, change).await,
        Target::Account(_) => on_account(at, change).await,
        Target::AccessPoint(name) => on_access_point(at, name, change).await,
    }
}

async fn on_bucket(at: &Pair, name: &BucketName, change: &Change) -> Result<(), Refusal> {
    let (s3, bucket, owner) = (&at.s3, name.as_str(), at.owner());
    match change {
        Change::PutBlock(flags) => {
            let call = s3.put_public_access_block().public_access_block_configuration(write::block(*flags));
            done("PutPublicAccessBlock", call.bucket(bucket).expected_bucket_owner(owner).send().await)
        }
        Change::DeleteBlock => {
            let call = s3.delete_public_access_block().bucket(bucket).expected_bucket_owner(owner);
            deleted("DeletePublicAccessBlock", call.send().await, "NoSuchPublicAccessBlockConfiguration")
        }
        Change::PutAcl(acl) => put_acl(at, name, acl).await,
        Change::PutPolicy(text) => {
            let call = s3.put_bucket_policy().bucket(bucket).expected_bucket_owner(owner).policy(text);
            done("PutBucketPolicy", call.send().await)
        }
        Change::DeletePolicy => {
            let call = s3.delete_bucket_policy().bucket(bucket).expected_bucket_owner(owner);
            deleted("DeleteBucketPolicy", call.send().await, "NoSuchBucketPolicy")
        }
        Change::PutOwnership(ownership) => {
            let controls = built("PutBucketOwnershipControls", write::ownership(*ownership))?;
            let call = s3.put_bucket_ownership_controls().ownership_controls(controls);
            done("PutBucketOwnershipControls", call.bucket(bucket).expected_bucket_owner(owner).send().await)
        }
        Change::DeleteOwnership => {
            let call = s3.delete_bucket_ownership_controls().bucket(bucket).expected_bucket_owner(owner);
            deleted("DeleteBucketOwnershipControls", call.send().await, "OwnershipControlsNotFoundError")
        }
        Change::PutEncryption(rule) => put_encryption(at, name, rule).await,
        Change::DeleteEncryption => {
            let call = s3.delete_bucket_encryption().bucket(bucket).expected_bucket_owner(owner);
            deleted("DeleteBucketEncryption", call.send().await, "ServerSideEncryptionConfigurationNotFoundError")
        }
        Change::PutWebsite(website) => {
            let website = built("PutBucketWebsite", write::website(website))?;
            let call = s3.put_bucket_website().website_configuration(website);
            done("PutBucketWebsite", call.bucket(bucket).expected_bucket_owner(owner).send().await)
        }
        Change::DeleteWebsite => {
            let call = s3.delete_bucket_website().bucket(bucket).expected_bucket_owner(owner);
            deleted("DeleteBucketWebsite", call.send().await, "NoSuchWebsiteConfiguration")
        }
        Change::PutLogging(to) => {
            // Without the element, S3 switches logging off: there is no delete call.
            let enabled = to.as_ref().map(|to| built("PutBucketLogging", write::logging(to))).transpose()?;
            let status = types::BucketLoggingStatus::builder().set_logging_enabled(enabled).build();
            let call = s3.put_bucket_logging().bucket_logging_status(status);
            done("PutBucketLogging", call.bucket(bucket).expected_bucket_owner(owner).send().await)
        }
        Change::PutVersioning(status) => {
            let status = match status {
                VersioningStatus::Enabled => types::BucketVersioningStatus::Enabled,
                VersioningStatus::Suspended => types::BucketVersioningStatus::Suspended,
            };
            let configuration = types::VersioningConfiguration::builder().status(status).build();
            let call = s3.put_bucket_versioning().versioning_configuration(configuration);
            done("PutBucketVersioning", call.bucket(bucket).expected_bucket_owner(owner).send().await)
        }
        Change::PutAccountBlock(_)
        | Change::DeleteAccountBlock
        | Change::PutAccessPointPolicy(_)
        | Change::DeleteAccessPointPolicy => misfit(change, "a bucket"),
    }
}

async fn on_account(at: &Pair, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::PutAccountBlock(flags) => {
            let call = at.control.put_public_access_block().account_id(at.owner());
            let call = call.public_access_block_configuration(write::control_block(*flags));
            control_done("PutPublicAccessBlock", call.send().await)
        }
        Change::DeleteAccountBlock => {
            let call = at.control.delete_public_access_block().account_id(at.owner());
            absent(control_done("DeletePublicAccessBlock", call.send().await), "NoSuchPublicAccessBlockConfiguration")
        }
        _ => misfit(change, "an account"),
    }
}

async fn on_access_point(at: &Pair, name: &AccessPointName, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::PutAccessPointPolicy(text) => {
            let call = at.control.put_access_point_policy().account_id(at.owner()).name(name.as_str()).policy(text);
            control_done("PutAccessPointPolicy", call.send().await)
        }
        Change::DeleteAccessPointPolicy => {
            let call = at.control.delete_access_point_policy().account_id(at.owner()).name(name.as_str());
            absent(control_done("DeleteAccessPointPolicy", call.send().await), "NoSuchAccessPointPolicy")
        }
        _ => misfit(change, "an access point"),
    }
}

/// With the display names that were read, so that what is put back is what was there; without them when S3 takes offence,
/// which it may since it stopped giving any (S3 user guide, ACL overview: ids alone count).
async fn put_acl(at: &Pair, name: &BucketName, acl: &Acl) -> Result<(), Refusal> {
    let put = async |acl: &Acl| {
        let policy = built("PutBucketAcl", write::acl(acl))?;
        let call = at.s3.put_bucket_acl().access_control_policy(policy);
        done("PutBucketAcl", call.bucket(name.as_str()).expected_bucket_owner(at.owner()).send().await)
    };
    match put(acl).await {
        Err(refusal) if refusal.failure.kind == FailureKind::Invalid => match write::without_names(acl) {
            Some(bare) => put(&bare).await,
            None => Err(refusal),
        },
        done => done,
    }
}

/// The rule as it is to be, and the blocked encryption types as they are: the write replaces the whole configuration, and
/// nothing but the default was asked for.
async fn put_encryption(at: &Pair, name: &BucketName, rule: &Encryption) -> Result<(), Refusal> {
    let call = at.s3.get_bucket_encryption().bucket(name.as_str()).expected_bucket_owner(at.owner());
    let before = match call.send().await {
        Ok(answer) => answer.server_side_encryption_configuration,
        Err(error) => {
            let refusal = Refusal::new("s3", "GetBucketEncryption", &error);
            absent(Err(refusal), "ServerSideEncryptionConfigurationNotFoundError").map(|()| None)?
        }
    };
    let blocked = before.and_then(|before| before.rules.into_iter().next()?.blocked_encryption_types);
    let configuration = built("PutBucketEncryption", write::encryption(rule, blocked))?;
    let call = at.s3.put_bucket_encryption().server_side_encryption_configuration(configuration);
    done("PutBucketEncryption", call.bucket(name.as_str()).expected_bucket_owner(at.owner()).send().await)
}

fn done<O, E>(operation: &'static str, answer: Result<O, SdkError<E, HttpResponse>>) -> Result<(), Refusal>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    answer.map(|_| ()).map_err(|error| Refusal::new("s3", operation, &error))
}

fn control_done<O, E>(operation: &'static str, answer: Result<O, SdkError<E, HttpResponse>>) -> Result<(), Refusal>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    answer.map(|_| ()).map_err(|error| Refusal::new("s3control", operation, &error))
}

/// Deleting what is not there is done already.
fn deleted<O, E>(
    operation: &'static str,
    answer: Result<O, SdkError<E, HttpResponse>>,
    nothing: &str,
) -> Result<(), Refusal>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    absent(done(operation, answer), nothing)
}

fn absent(result: Result<(), Refusal>, code: &str) -> Result<(), Refusal> {
    match result {
        Err(refusal) if refusal.failure.code_is(code) => Ok(()),
        result => result,
    }
}

/// A request that could not even be built is refused before it is sent.
fn built<T>(operation: &'static str, value: Result<T, impl fmt::Display>) -> Result<T, Refusal> {
    value.map_err(|odd| unsent(operation, odd.to_string()))
}

/// A change of another kind of target: a plan and its target have been mixed up.
fn misfit(change: &Change, target: &str) -> Result<(), Refusal> {
    Err(unsent("apply the change", format!("«{change}» is not a change of {target}")))
}

fn unsent(operation: &'static str, message: String) -> Refusal {
    Refusal { failure: AwsFailure::unsent("s3", operation, message), region: None }
}
