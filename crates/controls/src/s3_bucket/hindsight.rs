//! What calls tell of a resource without looking at it: what a replay of logs judges on.
//!
//! A new bucket is known as a whole, except in us-east-1: there the same call on a bucket that one has already succeeds too and only
//! sets the ACL anew (S3 API reference, `BucketAlreadyOwnedByYou`).
//!
//! The log and what is known of the bucket may contradict each other, because CloudTrail's times have no fractions and a log may be
//! incomplete. A call that succeeded is always right: what would have refused it is not known any more.

use rectify_event::{Event, Params};

use super::{
    AccessPointFacts, AccountFacts, BlockFlags, BucketFacts, Encryption, Facts, ObjectOwnership, Target, Versioning,
    VersioningStatus,
    asked::{self, AskedAcl},
    events::EVENTS,
    model::is_public,
    screen::{named, target},
};
use crate::{
    Fact, Place,
    asked::{day, done, hint, told},
    screen::account,
};

const SOURCE: &str = "s3.amazonaws.com";

/// See [`crate::Kind::HINTS`].
pub(super) const HINTS: &[(&str, &str)] = &[
    (SOURCE, "DeleteBucket"),
    (SOURCE, "DeleteBucketWebsite"),
    (SOURCE, "DeleteBucketReplication"),
    (SOURCE, "DeleteBucketLifecycle"),
    (SOURCE, "PutBucketTagging"),
    (SOURCE, "DeleteBucketTagging"),
    (SOURCE, "TagResource"),
    (SOURCE, "UntagResource"),
    (SOURCE, "DeleteAccessPoint"),
    (SOURCE, "DeleteAccessPointPolicy"),
];

/// See [`crate::Kind::WIDE`].
pub(super) const WIDE: &[(&str, &str)] =
    &[(SOURCE, "PutAccountPublicAccessBlock"), (SOURCE, "DeleteAccountPublicAccessBlock")];

/// The first day on which every region encrypted new objects, and so every bucket (Amazon S3 user guide, "Setting default server-side
/// encryption behavior for Amazon S3 buckets").
const ENCRYPTED: &str = "2023-01-05";

/// From the first of these days until the last, region by region, new buckets began to have all of the block on and ACLs off (AWS News
/// Blog, "Heads-Up: Amazon S3 Security Changes Are Coming in April of 2023").
const PRIVATE: (&str, &str) = ("2023-04-01", "2023-05-01");

/// See [`crate::Kind::hinted`].
pub(super) fn hinted(event: &Event<'_>) -> Vec<Target> {
    let Some(record) = hint(event, HINTS) else { return Vec::new() };
    let request = record.request();
    let target = match record.event_name.as_ref() {
        "TagResource" | "UntagResource" => account(event).and_then(|account| {
            let arn = crate::screen::named(&request, "resourceArn")?;
            named(arn, &account)
        }),
        "DeleteAccessPoint" | "DeleteAccessPointPolicy" => target(event, &request, "name"),
        _ => target(event, &request, "bucketName"),
    };
    target.into_iter().collect()
}

/// See [`crate::Kind::unseen`].
pub(super) fn unseen(id: &Target, place: &Place) -> Facts {
    let place = place.clone();
    match id {
        Target::Bucket(bucket) => Facts::Bucket(Box::new(BucketFacts {
            bucket: bucket.clone(),
            place,
            block: Fact::NotRead,
            account_block: Fact::NotRead,
            acl: Fact::NotRead,
            ownership: Fact::NotRead,
            policy: Fact::NotRead,
            policy_is_public: Fact::NotRead,
            encryption: Fact::NotRead,
            website: Fact::NotRead,
            logging: Fact::NotRead,
            versioning: Fact::NotRead,
            replication: Fact::NotRead,
            lifecycle: Fact::NotRead,
            tags: Fact::NotRead,
        })),
        Target::Account(_) => Facts::Account(AccountFacts { place, block: Fact::NotRead }),
        Target::AccessPoint(name) => Facts::AccessPoint(Box::new(AccessPointFacts {
            name: name.clone(),
            place,
            point: Fact::NotRead,
            policy: Fact::NotRead,
            policy_is_public: Fact::NotRead,
            account_block: Fact::NotRead,
        })),
    }
}

/// See [`crate::Kind::presumed`]. A block that nobody put is off, as it also counts for what is broken.
pub(super) fn presumed(facts: &Facts) -> Option<Facts> {
    let Facts::Bucket(facts) = facts else { return None };
    (facts.block == Fact::NotRead)
        .then(|| Facts::Bucket(Box::new(BucketFacts { block: Fact::Known(None), ..(**facts).clone() })))
}

/// See [`crate::Kind::gone`].
pub(super) fn gone(id: &Target, event: &Event<'_>) -> bool {
    done(event).is_some_and(|record| match (id, record.event_name.as_ref()) {
        (Target::Bucket(_), "DeleteBucket") | (Target::AccessPoint(_), "DeleteAccessPoint") => {
            hinted(event).contains(id)
        }
        _ => false,
    })
}

/// See [`crate::Kind::learn`]. A call on the account's block is told to its buckets and access points too.
pub(super) fn learn(facts: &mut Facts, event: &Event<'_>) {
    let Some(record) = done(event).filter(|record| record.event_source == SOURCE) else { return };
    let (name, request) = (record.event_name.as_ref(), record.request());
    let id = match &*facts {
        Facts::Bucket(facts) => Target::Bucket(facts.bucket.clone()),
        Facts::Account(facts) => Target::Account(facts.place.account.clone()),
        Facts::AccessPoint(facts) => Target::AccessPoint(facts.name.clone()),
    };
    let place = match &*facts {
        Facts::Bucket(facts) => &facts.place,
        Facts::Account(facts) => &facts.place,
        Facts::AccessPoint(facts) => &facts.place,
    };
    if account(event).ok().as_ref() != Some(&place.account) {
        return;
    }
    if gone(&id, event) {
        *facts = unseen(&id, &place.clone());
        return;
    }
    if let Some(block) = of_account(name, &request) {
        let known = match facts {
            Facts::Bucket(facts) => &mut facts.account_block,
            Facts::Account(facts) => &mut facts.block,
            Facts::AccessPoint(facts) => &mut facts.account_block,
        };
        *known = block;
        return;
    }
    let path = EVENTS.iter().find(|trigger| trigger.name == name).map(|trigger| trigger.id);
    let about = path.map_or_else(|| hinted(event).pop(), |path| target(event, &request, path).ok());
    if about != Some(id) {
        return;
    }
    match facts {
        Facts::Bucket(facts) => of_bucket(facts, name, &request, event),
        Facts::AccessPoint(facts) => of_access_point(facts, name, &request),
        Facts::Account(_) => {}
    }
}

fn of_account(name: &str, request: &Params) -> Option<Fact<Option<BlockFlags>>> {
    match name {
        "PutAccountPublicAccessBlock" => Some(told(asked::block(request).map(Some))),
        "DeleteAccountPublicAccessBlock" => Some(Fact::Known(None)),
        _ => None,
    }
}

fn of_bucket(facts: &mut BucketFacts, name: &str, request: &Params, event: &Event<'_>) {
    match name {
        "CreateBucket" => created(facts, request, event),
        "PutBucketAcl" => acl(facts, request),
        "PutBucketOwnershipControls" => facts.ownership = told(asked::ownership(request).map(Some)),
        "DeleteBucketOwnershipControls" => facts.ownership = Fact::Known(None),
        "PutBucketPublicAccessBlock" => facts.block = told(asked::block(request).map(Some)),
        "DeleteBucketPublicAccessBlock" => facts.block = Fact::Known(None),
        "PutBucketPolicy" => policy(facts, request),
        "DeleteBucketPolicy" => {
            facts.policy = Fact::Known(None);
            facts.policy_is_public = Fact::Known(None);
        }
        "PutBucketEncryption" => facts.encryption = told(asked::encryption(request).map(Some)),
        "DeleteBucketEncryption" => facts.encryption = Fact::Known(encryption_of_old(event)),
        "PutBucketWebsite" => facts.website = Fact::Known(Some(asked::website(request))),
        "DeleteBucketWebsite" => facts.website = Fact::Known(None),
        "PutBucketLogging" => facts.logging = told(asked::logging(request)),
        "PutBucketVersioning" => facts.versioning = told(versioning(facts.versioning.known(), request)),
        "PutBucketReplication" => facts.replication = told(asked::replication(request).map(Some)),
        "DeleteBucketReplication" => facts.replication = Fact::Known(None),
        "PutBucketLifecycle" => facts.lifecycle = told(asked::lifecycle(request)),
        "DeleteBucketLifecycle" => facts.lifecycle = Fact::Known(Vec::new()),
        "PutBucketTagging" => {
            let tagging = request.get("Tagging").filter(|tagging| tagging.is_object());
            facts.tags = told(tagging.and_then(|_| asked::tags(request.get("Tagging/TagSet"))));
        }
        "DeleteBucketTagging" => facts.tags = Fact::Known(std::collections::BTreeMap::new()),
        // They change some of the tags.
        "TagResource" | "UntagResource" => facts.tags = Fact::NotRead,
        _ => {}
    }
}

/// What a bucket has that nobody gave any.
fn encryption_of_old(event: &Event<'_>) -> Option<Encryption> {
    let unset = || Encryption { algorithm: "AES256".to_owned(), key: None, bucket_key: Some(false) };
    day(event).is_none_or(|day| day >= ENCRYPTED).then(unset)
}

fn created(facts: &mut BucketFacts, request: &Params, event: &Event<'_>) {
    let written = asked::acl(request);
    let is_plain = match &written {
        AskedAcl::Nothing => true,
        AskedAcl::Written(acl) => acl.grants.is_empty(),
        AskedAcl::Unclear => false,
    };
    if facts.place.region.as_str() != "us-east-1" && request.is_readable() {
        born(facts, request, event);
        if !is_plain {
            refused_by_ownership(&mut facts.ownership);
        }
    }
    match written {
        AskedAcl::Nothing if request.is_readable() => facts.acl = Fact::Known(private()),
        AskedAcl::Written(written) => {
            refused_by_block(facts, &written);
            facts.acl = Fact::Known(written);
        }
        AskedAcl::Nothing | AskedAcl::Unclear => facts.acl = Fact::NotRead,
    }
}

fn private() -> super::Acl {
    super::Acl { owner_id: None, owner_name: None, grants: Vec::new() }
}

fn born(facts: &mut BucketFacts, request: &Params, event: &Event<'_>) {
    let (block, ownership) = match day(event) {
        Some(day) if day < PRIVATE.0 => (Fact::Known(None), Fact::Known(None)),
        Some(day) if day >= PRIVATE.1 => {
            (Fact::Known(Some(BlockFlags::ALL)), Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)))
        }
        _ => (Fact::NotRead, Fact::NotRead),
    };
    facts.block = block;
    facts.ownership = asked::ownership_at_birth(request).map_or(ownership, |asked| told(asked.map(Some)));
    facts.policy = Fact::Known(None);
    facts.policy_is_public = Fact::Known(None);
    facts.encryption = Fact::Known(encryption_of_old(event));
    facts.website = Fact::Known(None);
    facts.logging = Fact::Known(None);
    let locked = request.get("x-amz-bucket-object-lock-enabled").and_then(crate::asked::flag) == Some(true);
    let status = locked.then_some(VersioningStatus::Enabled);
    facts.versioning = Fact::Known(Versioning { status, mfa_delete: false });
    facts.replication = Fact::Known(None);
    facts.lifecycle = Fact::Known(Vec::new());
    facts.tags = told(asked::tags(request.get("CreateBucketConfiguration/Tags")));
}

fn acl(facts: &mut BucketFacts, request: &Params) {
    facts.acl = match asked::acl(request) {
        AskedAcl::Written(written) => {
            if !written.grants.iter().all(|grant| is_owner(&written, &grant.grantee)) {
                refused_by_ownership(&mut facts.ownership);
            }
            refused_by_block(facts, &written);
            Fact::Known(written)
        }
        AskedAcl::Nothing | AskedAcl::Unclear => Fact::NotRead,
    };
}

fn is_owner(acl: &super::Acl, grantee: &super::Grantee) -> bool {
    matches!(grantee, super::Grantee::Canonical { id, .. } if acl.owner_id.as_ref() == Some(id))
}

/// An ACL that grants anything to others is refused while ACLs are disabled.
fn refused_by_ownership(ownership: &mut Fact<Option<ObjectOwnership>>) {
    if *ownership == Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)) {
        *ownership = Fact::NotRead;
    }
}

/// A public ACL is refused while BlockPublicAcls is on.
fn refused_by_block(facts: &mut BucketFacts, written: &super::Acl) {
    if !super::public_grants(written).is_empty() {
        forget(&mut facts.block, |flags| flags.block_public_acls);
        forget(&mut facts.account_block, |flags| flags.block_public_acls);
    }
}

fn forget(block: &mut Fact<Option<BlockFlags>>, refuses: fn(&BlockFlags) -> bool) {
    if block.known().and_then(Option::as_ref).is_some_and(refuses) {
        *block = Fact::NotRead;
    }
}

/// A public policy is refused while BlockPublicPolicy is on.
fn policy(facts: &mut BucketFacts, request: &Params) {
    let text = asked::bucket_policy(request);
    if text.as_deref().is_some_and(|text| is_public(text, &facts.place.account)) {
        forget(&mut facts.block, |flags| flags.block_public_policy);
        forget(&mut facts.account_block, |flags| flags.block_public_policy);
    }
    facts.policy = told(text.map(Some));
    facts.policy_is_public = Fact::NotRead;
}

/// Whoever changes versioning while MFA delete is on has to send a code of the device (S3 user guide, "Configuring MFA delete"): who
/// sent none found it off.
fn versioning(before: Option<&Versioning>, request: &Params) -> Option<Versioning> {
    request.get("VersioningConfiguration").filter(|asked| asked.is_object())?;
    let status = match request.get("VersioningConfiguration/Status") {
        None => before?.status,
        Some(_) => match request.str("VersioningConfiguration/Status")? {
            "Enabled" => Some(VersioningStatus::Enabled),
            "Suspended" => Some(VersioningStatus::Suspended),
            _ => return None,
        },
    };
    let mfa_delete = match request.get("VersioningConfiguration/MfaDelete") {
        Some(_) => request.str("VersioningConfiguration/MfaDelete")?.eq_ignore_ascii_case("Enabled"),
        None if request.get("x-amz-mfa").is_some() => before?.mfa_delete,
        None => false,
    };
    Some(Versioning { status, mfa_delete })
}

fn of_access_point(facts: &mut AccessPointFacts, name: &str, request: &Params) {
    match name {
        "CreateAccessPoint" => {
            facts.point = told(asked::access_point(request));
            facts.policy = Fact::Known(None);
            facts.policy_is_public = Fact::Known(None);
        }
        "PutAccessPointPolicy" => {
            facts.policy = told(asked::access_point_policy(request).map(Some));
            facts.policy_is_public = Fact::NotRead;
        }
        "DeleteAccessPointPolicy" => {
            facts.policy = Fact::Known(None);
            facts.policy_is_public = Fact::Known(None);
        }
        _ => {}
    }
}
