//! Whether a request already looks like a breach. When the live state is clean although the request was not, the guard
//! looks once more, because reads can be older than the event. So the answer here may be too wary, never too trusting.

use rectify_event::{Event, Params};
use rectify_policy::{Policy, Service, TrustZone, Verdict, assess};
use serde_json::Value;

use crate::{
    Place, Region,
    asked::{account, field, strings, text},
    s3_bucket::{
        BlockFlags, Target,
        acl::public_uri,
        asked::{self, at_birth},
        tls,
    },
};

pub(super) fn looks_like_a_breach(event_name: &str, request: &Params, target: &Target, event: &Event<'_>) -> bool {
    if !request.is_readable() {
        return true;
    }
    match event_name {
        "CreateBucket" | "PutBucketAcl" => opens_acl(request),
        "PutBucketOwnershipControls" => {
            let rules = request.list("OwnershipControls/Rule");
            rules.is_empty()
                || rules.into_iter().any(|rule| text(rule, "ObjectOwnership") != Some("BucketOwnerEnforced"))
        }
        "PutBucketPublicAccessBlock" | "PutAccountPublicAccessBlock" => asked::block(request) != Some(BlockFlags::ALL),
        "PutBucketPolicy" => opens_policy(asked::bucket_policy(request).as_deref(), target, event),
        "PutAccessPointPolicy" => opens_policy(asked::access_point_policy(request).as_deref(), target, event),
        "PutBucketEncryption" => {
            let rules = request.list("ServerSideEncryptionConfiguration/Rule");
            let algorithm = |rule| text(field(rule, "ApplyServerSideEncryptionByDefault")?, "SSEAlgorithm");
            rules.is_empty() || rules.into_iter().any(|rule| algorithm(rule).is_none_or(|name| name == "AES256"))
        }
        "PutBucketLogging" => !request.get("BucketLoggingStatus/LoggingEnabled").is_some_and(Value::is_object),
        "PutBucketVersioning" => request.str("VersioningConfiguration/Status") != Some("Enabled"),
        "PutBucketReplication" => {
            let own = event.envelope.account.as_deref();
            let rules = request.list("ReplicationConfiguration/Rule");
            let account = |rule| account(field(field(rule, "Destination")?, "Account")?);
            rules.is_empty() || rules.into_iter().any(|rule| account(rule).is_none_or(|id| Some(id.as_str()) != own))
        }
        "PutBucketLifecycle" => {
            let rules = request.list("LifecycleConfiguration/Rule");
            rules.is_empty() || rules.into_iter().any(|rule| field(rule, "Expiration").is_some())
        }
        "CreateAccessPoint" => {
            // Without a configuration a new access point has all four flags on.
            at_birth(request, "VpcConfiguration").is_none()
                && at_birth(request, "PublicAccessBlockConfiguration")
                    .is_some_and(|flags| asked::flags(flags) != Some(BlockFlags::ALL))
        }
        // PutBucketWebsite, and everything that deletes a protection.
        _ => true,
    }
}

const PUBLIC_CANNED: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];

/// A canned ACL, a grant header or a list of grants that reaches everyone.
fn opens_acl(request: &Params) -> bool {
    let canned = request.list("x-amz-acl").into_iter().any(|acl| {
        acl.as_str().is_some_and(|acl| PUBLIC_CANNED.iter().any(|public| acl.trim().eq_ignore_ascii_case(public)))
    });
    let headers = request.value().as_object().into_iter().flatten();
    let in_headers = headers
        .filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-amz-grant-"))
        .any(|(_, value)| strings(value).into_iter().any(header_is_public));
    let in_grants = request
        .get("AccessControlPolicy")
        .is_some_and(|policy| strings(policy).into_iter().any(|text| public_uri(text).is_some()));
    canned || in_headers || in_grants
}

/// A grant header: `uri="http://acs.amazonaws.com/groups/global/AllUsers", id="…"`, with or without quotes.
fn header_is_public(header: &str) -> bool {
    header.split(',').any(|grant| public_uri(grant.trim().trim_end_matches('"')).is_some())
}

/// A policy that is public, reaches a foreign account, or accepts plain HTTP. Whom the settings trust is not known here,
/// so a trusted account looks foreign.
fn opens_policy(policy: Option<&str>, target: &Target, event: &Event<'_>) -> bool {
    let Some(Ok(policy)) = policy.map(Policy::parse) else { return true };
    let account = super::account(event).ok();
    let zone = TrustZone { account: account.clone(), ..TrustZone::default() };
    match target {
        Target::Bucket(bucket) => {
            let region = event.envelope.region.as_deref().and_then(|region| Region::new(region).ok());
            let requires_tls = account.zip(region).is_some_and(|(account, region)| {
                tls::requires_tls(&policy, &tls::bucket_arn(bucket, &Place { account, region }))
            });
            let verdict = assess(&policy, Service::S3, &zone).verdict;
            !requires_tls || matches!(verdict, Verdict::Public | Verdict::ForeignAccounts(_))
        }
        _ => assess(&policy, Service::S3AccessPoint, &zone).verdict == Verdict::Public,
    }
}
