//! Whether a request already looks like a breach. When the live state is clean although the request was not, the guard
//! looks once more, because reads can be older than the event. So the answer here may be too wary, never too trusting.

use rectify_event::{Event, Params};
use rectify_policy::{Policy, Service, TrustZone, Verdict, assess};
use serde_json::Value;

use crate::{
    Place, Region,
    s3_bucket::{Target, acl::public_uri, tls},
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
        "PutBucketPublicAccessBlock" | "PutAccountPublicAccessBlock" => {
            !all_on(request.get("PublicAccessBlockConfiguration"))
        }
        "PutBucketPolicy" => opens_policy(request.get("bucketPolicy"), target, event),
        "PutAccessPointPolicy" => {
            let policy =
                ["policy", "PutAccessPointPolicyRequest/Policy"].into_iter().find_map(|path| request.get(path));
            opens_policy(policy, target, event)
        }
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
            let account = |rule| scalar(field(field(rule, "Destination")?, "Account")?);
            rules.is_empty() || rules.into_iter().any(|rule| account(rule).is_none_or(|id| Some(id.as_str()) != own))
        }
        "PutBucketLifecycle" => {
            let rules = request.list("LifecycleConfiguration/Rule");
            rules.is_empty() || rules.into_iter().any(|rule| field(rule, "Expiration").is_some())
        }
        "CreateAccessPoint" => {
            let in_request = |name: &str| {
                [name.to_owned(), format!("CreateAccessPointRequest/{name}")].iter().find_map(|path| request.get(path))
            };
            // Without a configuration a new access point has all four flags on.
            in_request("VpcConfiguration").is_none()
                && in_request("PublicAccessBlockConfiguration").is_some_and(|flags| !all_on(Some(flags)))
        }
        // PutBucketWebsite, and everything that deletes a protection.
        _ => true,
    }
}

/// The bucket that a new access point is for.
pub(super) fn bucket_behind(request: &Params) -> Option<&str> {
    request.str("CreateAccessPointRequest/Bucket").or_else(|| request.str("bucket"))
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
fn opens_policy(policy: Option<&Value>, target: &Target, event: &Event<'_>) -> bool {
    let text = match policy {
        Some(Value::String(text)) => text.clone(),
        Some(document @ Value::Object(_)) => document.to_string(),
        _ => return true,
    };
    let Ok(policy) = Policy::parse(&text) else { return true };
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

/// Whether all four flags are there and true, as booleans or as text.
fn all_on(flags: Option<&Value>) -> bool {
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"].into_iter().all(|name| {
        match flags.and_then(|flags| field(flags, name)) {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    })
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let value = match value {
        Value::Array(items) if items.len() == 1 => items.first()?,
        other => other,
    };
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    field(value, name)?.as_str()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Every text in `value`, however deep; JSON that was parsed is at most 128 levels deep.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
