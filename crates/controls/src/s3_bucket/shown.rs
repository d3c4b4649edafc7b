//! The parts of a resource as messages show them: in the words of the S3 API, short, and complete for what a change writes.

use serde_json::{Value, json};

use super::{
    Acl, BlockFlags, Encryption, Facts, Grantee, Logging, ObjectOwnership, Versioning, VersioningStatus, Website,
};
use crate::Fact;

/// The part `slot` of `facts`; `None` when it was not read. What is not configured is `null`.
pub(super) fn shown(facts: &Facts, slot: &str) -> Option<Value> {
    match facts {
        Facts::Bucket(facts) => match slot {
            "public-access-block" => configured(&facts.block, block),
            "acl" => facts.acl.known().map(|list| acl(list, "the bucket's owner")),
            "policy" => configured(&facts.policy, |text| policy(text)),
            "ownership" => configured(&facts.ownership, ownership),
            "encryption" => configured(&facts.encryption, encryption),
            "website" => configured(&facts.website, website),
            "logging" => configured(&facts.logging, logging),
            "versioning" => facts.versioning.known().map(versioning),
            _ => None,
        },
        Facts::Account(facts) => match slot {
            "account-public-access-block" => configured(&facts.block, block),
            _ => None,
        },
        Facts::AccessPoint(facts) => match slot {
            "access-point-policy" => configured(&facts.policy, |text| policy(text)),
            _ => None,
        },
    }
}

fn configured<T>(fact: &Fact<Option<T>>, show: impl Fn(&T) -> Value) -> Option<Value> {
    fact.known().map(|value| value.as_ref().map_or(Value::Null, show))
}

fn block(flags: &BlockFlags) -> Value {
    json!({
        "BlockPublicAcls": flags.block_public_acls,
        "IgnorePublicAcls": flags.ignore_public_acls,
        "BlockPublicPolicy": flags.block_public_policy,
        "RestrictPublicBuckets": flags.restrict_public_buckets,
    })
}

/// `owner` is what the owner is called.
pub(crate) fn acl(acl: &Acl, owner: &str) -> Value {
    let grants = acl.grants.iter().map(|grant| {
        let grantee = match &grant.grantee {
            // The URI's last part is the group's name, which is what people know it by.
            Grantee::Group { uri } => uri.rsplit('/').next().unwrap_or(uri).to_owned(),
            Grantee::Canonical { id, .. } if acl.owner_id.as_ref() == Some(id) => owner.to_owned(),
            Grantee::Canonical { id, name } => {
                name.as_ref().map_or_else(|| id.clone(), |name| format!("{name} ({id})"))
            }
            Grantee::Email { address } => address.clone(),
            Grantee::Unknown { kind } => kind.clone(),
        };
        Value::String(format!("{}: {grantee}", grant.permission))
    });
    Value::Array(grants.collect())
}

/// The document, not its spelling. A text that is no JSON is shown as it is.
fn policy(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn ownership(ownership: &ObjectOwnership) -> Value {
    Value::String(format!("{ownership:?}"))
}

fn encryption(rule: &Encryption) -> Value {
    json!({ "SSEAlgorithm": rule.algorithm, "KMSMasterKeyID": rule.key, "BucketKeyEnabled": rule.bucket_key })
}

fn website(website: &Website) -> Value {
    json!({
        "IndexDocument": website.index,
        "ErrorDocument": website.error,
        "RedirectAllRequestsTo": website.redirect_all.as_ref().map(|to| &to.host),
        "RoutingRules": website.routing.len(),
    })
}

fn logging(logging: &Logging) -> Value {
    json!({ "TargetBucket": logging.bucket, "TargetPrefix": logging.prefix })
}

fn versioning(versioning: &Versioning) -> Value {
    let status = versioning.status.map(|status| match status {
        VersioningStatus::Enabled => "Enabled",
        VersioningStatus::Suspended => "Suspended",
    });
    json!({ "Status": status, "MFADelete": versioning.mfa_delete })
}
