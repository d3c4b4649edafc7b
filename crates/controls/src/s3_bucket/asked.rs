//! What requests to S3 ask for, as facts: `None` where a request does not say, or not in a form that is known.

use std::collections::BTreeMap;

use rectify_event::Params;
use serde_json::Value;

use super::{
    AccessPoint, Acl, BlockFlags, Encryption, Grant, Grantee, LifecycleRule, Logging, ObjectOwnership, RedirectAll,
    Replication, ReplicationRule, RoutingRule, Website, acl::public_group,
};
use crate::asked::{account, each, field, flag, is_empty, scalar, text, whole};

/// The four flags below `path`. One that is not there is off; one that is neither on nor off is unknown.
pub(super) fn flags(value: &Value) -> Option<BlockFlags> {
    let on = |name| match field(value, name) {
        None | Some(Value::Null) => Some(false),
        Some(value) => flag(value),
    };
    let is_one = match value {
        Value::Array(items) => items.len() == 1 && items.iter().all(Value::is_object),
        other => other.is_object(),
    };
    is_one.then_some(())?;
    Some(BlockFlags {
        block_public_acls: on("BlockPublicAcls")?,
        ignore_public_acls: on("IgnorePublicAcls")?,
        block_public_policy: on("BlockPublicPolicy")?,
        restrict_public_buckets: on("RestrictPublicBuckets")?,
    })
}

/// The block that is put on a bucket or an account.
pub(super) fn block(request: &Params) -> Option<BlockFlags> {
    flags(request.get("PublicAccessBlockConfiguration")?)
}

/// The policy that is put on a bucket.
pub(super) fn bucket_policy(request: &Params) -> Option<String> {
    policy(request.get("bucketPolicy")?)
}

/// The policy that is put on an access point.
pub(super) fn access_point_policy(request: &Params) -> Option<String> {
    policy(["policy", "PutAccessPointPolicyRequest/Policy"].into_iter().find_map(|path| request.get(path))?)
}

/// Records have a policy as text or as the document itself.
fn policy(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        document @ Value::Object(_) => Some(document.to_string()),
        _ => None,
    }
}

/// Object ownership.
pub(super) fn ownership(request: &Params) -> Option<ObjectOwnership> {
    match request.list("OwnershipControls/Rule").as_slice() {
        [rule] => ownership_called(text(rule, "ObjectOwnership")?),
        _ => None,
    }
}

fn ownership_called(name: &str) -> Option<ObjectOwnership> {
    match name {
        "BucketOwnerEnforced" => Some(ObjectOwnership::BucketOwnerEnforced),
        "BucketOwnerPreferred" => Some(ObjectOwnership::BucketOwnerPreferred),
        "ObjectWriter" => Some(ObjectOwnership::ObjectWriter),
        _ => None,
    }
}

/// The ownership that a new bucket is asked to have: the outer `None` when nothing is said, the inner when it is not understood.
pub(super) fn ownership_at_birth(request: &Params) -> Option<Option<ObjectOwnership>> {
    let header = request.get("x-amz-object-ownership").filter(|value| !is_empty(Some(value)))?;
    Some(request.str("x-amz-object-ownership").or_else(|| header.as_str()).and_then(ownership_called))
}

/// Whether a request that makes a bucket enables ACLs, or what it says of them is not understood.
pub(super) fn enables_acls(request: &Params) -> bool {
    ownership_at_birth(request).is_some_and(|asked| asked != Some(ObjectOwnership::BucketOwnerEnforced))
}

/// What a request does to an ACL.
pub(super) enum AskedAcl {
    /// It says nothing of one.
    Nothing,
    /// It writes this one. Whose the bucket is stands in no header.
    Written(Acl),
    /// It writes one that is not understood, and nobody can see that it lets everyone in.
    Unclear,
}

/// The ACL by its canned name, by its grant headers, or as a document.
pub(super) fn acl(request: &Params) -> AskedAcl {
    let mut read = Reading::default();
    for canned in request.list("x-amz-acl") {
        match canned.as_str().map(str::trim) {
            Some("") => {}
            Some(name) => read.canned(name),
            None => read.odd(),
        }
    }
    for (name, value) in request.value().as_object().into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        if let Some(permission) = name.strip_prefix("x-amz-grant-") {
            read.headers(&permission.to_ascii_uppercase().replace('-', "_"), value);
        }
    }
    if let Some(document) = request.get("AccessControlPolicy").filter(|value| !is_empty(Some(value))) {
        read.document(document);
    }
    let Reading { said, odd, owner_id, owner_name, grants } = read;
    let seen = grants.iter().any(|grant| public_group(&grant.grantee).is_some());
    match said {
        false => AskedAcl::Nothing,
        // What lets everyone in does so whatever else is in the list.
        true if odd && !seen => AskedAcl::Unclear,
        true => AskedAcl::Written(Acl { owner_id, owner_name, grants }),
    }
}

#[derive(Default)]
struct Reading {
    said: bool,
    odd: bool,
    owner_id: Option<String>,
    owner_name: Option<String>,
    grants: Vec<Grant>,
}

impl Reading {
    fn odd(&mut self) {
        (self.said, self.odd) = (true, true);
    }

    fn grant(&mut self, grantee: Grantee, permission: &str) {
        self.said = true;
        self.grants.push(Grant { grantee, permission: permission.to_owned() });
    }

    /// S3 user guide, "Canned ACL". What is for the owner alone is left out.
    fn canned(&mut self, name: &str) {
        let group = |path: &str| Grantee::Group { uri: format!("http://acs.amazonaws.com/groups/{path}") };
        self.said = true;
        match name.to_ascii_lowercase().as_str() {
            "private" | "bucket-owner-full-control" | "bucket-owner-read" => {}
            "public-read" => self.grant(group("global/AllUsers"), "READ"),
            "public-read-write" => {
                self.grant(group("global/AllUsers"), "READ");
                self.grant(group("global/AllUsers"), "WRITE");
            }
            "authenticated-read" => self.grant(group("global/AuthenticatedUsers"), "READ"),
            "log-delivery-write" => {
                self.grant(group("s3/LogDelivery"), "WRITE");
                self.grant(group("s3/LogDelivery"), "READ_ACP");
            }
            "aws-exec-read" => self.grant(Grantee::Unknown { kind: "aws-exec-read".to_owned() }, "READ"),
            _ => self.odd(),
        }
    }

    /// `uri="http://…/AllUsers", id="…"`, with or without quotes.
    fn headers(&mut self, permission: &str, value: &Value) {
        let headers: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if headers.is_empty() {
            self.odd();
        }
        for one in headers.iter().flat_map(|header| header.split(',')).map(str::trim).filter(|one| !one.is_empty()) {
            let (kind, value) = one.split_once('=').unwrap_or(("", one));
            let value = value.trim().trim_matches('"');
            match kind.trim().to_ascii_lowercase().as_str() {
                "uri" => self.grant(Grantee::Group { uri: value.to_owned() }, permission),
                "id" => self.grant(Grantee::Canonical { id: value.to_owned(), name: None }, permission),
                "emailaddress" => self.grant(Grantee::Email { address: value.to_owned() }, permission),
                // Wary of a form that nobody knows: a group is one whatever stands before it.
                _ if super::acl::public_uri(value).is_some() => {
                    self.grant(Grantee::Group { uri: value.to_owned() }, permission);
                }
                _ => self.odd(),
            }
        }
    }

    fn document(&mut self, document: &Value) {
        self.said = true;
        if let Some(owner) = field(document, "Owner") {
            self.owner_id = text(owner, "ID").map(str::to_owned);
            self.owner_name = text(owner, "DisplayName").map(str::to_owned);
        }
        let Some(list) = field(document, "AccessControlList") else { return self.odd() };
        if is_empty(Some(list)) {
            return;
        }
        let lists = match list {
            Value::Array(lists) => lists.iter().collect(),
            one => vec![one],
        };
        for list in lists {
            let grants = field(list, "Grant").map_or_else(|| vec![list], |grants| each(Some(grants)));
            for grant in grants {
                match (field(grant, "Grantee").and_then(grantee), text(grant, "Permission")) {
                    (Some(grantee), Some(permission)) => self.grant(grantee, permission),
                    _ => self.odd(),
                }
            }
        }
    }
}

fn grantee(value: &Value) -> Option<Grantee> {
    let name = || text(value, "DisplayName").map(str::to_owned);
    if let Some(uri) = text(value, "URI") {
        Some(Grantee::Group { uri: uri.to_owned() })
    } else if let Some(id) = text(value, "ID") {
        Some(Grantee::Canonical { id: id.to_owned(), name: name() })
    } else {
        text(value, "EmailAddress").map(|address| Grantee::Email { address: address.to_owned() })
    }
}

/// Default encryption, by its only rule.
pub(super) fn encryption(request: &Params) -> Option<Encryption> {
    match request.list("ServerSideEncryptionConfiguration/Rule").as_slice() {
        [rule] => {
            let applied = field(rule, "ApplyServerSideEncryptionByDefault")?;
            Some(Encryption {
                algorithm: text(applied, "SSEAlgorithm").filter(|name| !name.is_empty())?.to_owned(),
                key: match field(applied, "KMSMasterKeyID") {
                    key if is_empty(key) => None,
                    key => Some(scalar(key?)?),
                },
                bucket_key: field(rule, "BucketKeyEnabled").and_then(flag),
            })
        }
        _ => None,
    }
}

/// The website. The call is only accepted with one, so there is one whatever the record says of it.
pub(super) fn website(request: &Params) -> Website {
    let whole = request.get("WebsiteConfiguration");
    let below = |outer: &str, inner: &str| {
        text(field(whole?, outer)?, inner).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let routes = whole.and_then(|whole| field(whole, "RoutingRules")).and_then(|rules| field(rules, "RoutingRule"));
    Website {
        index: below("IndexDocument", "Suffix"),
        error: below("ErrorDocument", "Key"),
        redirect_all: below("RedirectAllRequestsTo", "HostName")
            .map(|host| RedirectAll { host, protocol: below("RedirectAllRequestsTo", "Protocol") }),
        routing: each(routes).into_iter().map(routing).collect(),
    }
}

fn routing(rule: &Value) -> RoutingRule {
    let below = |outer: &str, inner: &str| scalar(field(field(rule, outer)?, inner)?);
    RoutingRule {
        when_error_code: below("Condition", "HttpErrorCodeReturnedEquals"),
        when_prefix: below("Condition", "KeyPrefixEquals"),
        host: below("Redirect", "HostName"),
        code: below("Redirect", "HttpRedirectCode"),
        protocol: below("Redirect", "Protocol"),
        replace_prefix: below("Redirect", "ReplaceKeyPrefixWith"),
        replace_key: below("Redirect", "ReplaceKeyWith"),
    }
}

/// Access logging: the inner `None` switches it off.
pub(super) fn logging(request: &Params) -> Option<Option<Logging>> {
    let status = request.get("BucketLoggingStatus")?;
    // An XML element with nothing in it is an empty text.
    (status.is_object() || status.as_str() == Some("")).then_some(())?;
    let Some(enabled) = field(status, "LoggingEnabled") else { return Some(None) };
    Some(Some(Logging {
        bucket: text(enabled, "TargetBucket").filter(|bucket| !bucket.is_empty())?.to_owned(),
        prefix: field(enabled, "TargetPrefix").and_then(scalar).unwrap_or_default(),
        key_format: None,
        grants: Vec::new(),
    }))
}

/// The rules of a replication.
pub(super) fn replication(request: &Params) -> Option<Replication> {
    let rules = request.list("ReplicationConfiguration/Rule").into_iter().map(replication_rule);
    let rules: Vec<ReplicationRule> = rules.collect::<Option<_>>()?;
    (!rules.is_empty()).then_some(Replication { rules })
}

fn replication_rule(rule: &Value) -> Option<ReplicationRule> {
    let destination = field(rule, "Destination")?;
    Some(ReplicationRule {
        id: field(rule, "ID").and_then(scalar),
        enabled: enabled(rule)?,
        destination: text(destination, "Bucket")?.to_owned(),
        account: match field(destination, "Account") {
            none if is_empty(none) => None,
            some => Some(account(some?)?),
        },
    })
}

fn enabled(rule: &Value) -> Option<bool> {
    match text(rule, "Status")? {
        "Enabled" => Some(true),
        "Disabled" => Some(false),
        _ => None,
    }
}

/// The rules of a lifecycle.
pub(super) fn lifecycle(request: &Params) -> Option<Vec<LifecycleRule>> {
    let rules = request.list("LifecycleConfiguration/Rule");
    let rules: Vec<LifecycleRule> = rules.into_iter().map(lifecycle_rule).collect::<Option<_>>()?;
    (!rules.is_empty()).then_some(rules)
}

fn lifecycle_rule(rule: &Value) -> Option<LifecycleRule> {
    let expiration = field(rule, "Expiration").filter(|value| !is_empty(Some(value)));
    let when = |name| expiration.and_then(|expiration| field(expiration, name)).filter(|value| !value.is_null());
    let filter = field(rule, "Filter");
    let and = filter.and_then(|filter| field(filter, "And"));
    let prefixes = [Some(rule), filter, and].into_iter().flatten().filter_map(|at| text(at, "Prefix"));
    let tags = [filter, and].into_iter().flatten().flat_map(|at| each(field(at, "Tag")));
    let tags = tags.filter_map(|tag| Some((scalar(field(tag, "Key")?)?, scalar(field(tag, "Value")?)?)));
    let words: Vec<String> = prefixes
        .filter(|prefix| !prefix.is_empty())
        .map(|prefix| format!("prefix `{prefix}`"))
        .chain(tags.map(|(key, value)| format!("tag `{key}`=`{value}`")))
        .collect();
    Some(LifecycleRule {
        id: field(rule, "ID").and_then(scalar),
        enabled: enabled(rule)?,
        expire_days: match when("Days") {
            None => None,
            Some(days) => Some(whole(days)?),
        },
        expire_date: match when("Date") {
            None => None,
            Some(date) => Some(scalar(date)?),
        },
        scope: words.join(", "),
    })
}

/// The tags in a list of `Key` and `Value`.
pub(super) fn tags(list: Option<&Value>) -> Option<BTreeMap<String, String>> {
    if is_empty(list) {
        return Some(BTreeMap::new());
    }
    let tags = field(list?, "Tag").map_or_else(|| each(list), |tags| each(Some(tags)));
    let word = |tag, name| match field(tag, name) {
        none if is_empty(none) => Some(String::new()),
        some => scalar(some?),
    };
    tags.into_iter().map(|tag| Some((word(tag, "Key").filter(|key| !key.is_empty())?, word(tag, "Value")?))).collect()
}

/// An access point at its birth. Without a configuration all four flags are on; a VPC as its origin is for ever.
pub(super) fn access_point(request: &Params) -> Option<AccessPoint> {
    Some(AccessPoint {
        bucket: bucket_behind(request)?.to_owned(),
        vpc_origin: match at_birth(request, "VpcConfiguration") {
            none if is_empty(none) => false,
            some => some?.is_object(),
        },
        block: match at_birth(request, "PublicAccessBlockConfiguration") {
            none if is_empty(none) => BlockFlags::ALL,
            some => flags(some?)?,
        },
    })
}

/// A member of `CreateAccessPoint`'s request, which is recorded with a wrapper around it or without.
pub(super) fn at_birth<'a>(request: &'a Params, name: &str) -> Option<&'a Value> {
    [name.to_owned(), format!("CreateAccessPointRequest/{name}")].iter().find_map(|path| request.get(path))
}

/// The bucket that a new access point is for.
pub(super) fn bucket_behind(request: &Params) -> Option<&str> {
    request.str("CreateAccessPointRequest/Bucket").or_else(|| request.str("bucket"))
}
