//! Generated buckets, and what AWS would refuse.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select};
use rectify_controls::{Fact, Place, Region, Unreadable, s3_bucket::*};
use rectify_policy::{AccountId, Policy, Service, TrustZone, Verdict, assess};
use serde_json::{Value, json};

pub(crate) const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
pub(crate) const TAG: &str = "rectify:log-store";

pub(crate) fn account() -> AccountId {
    AccountId::new("111122223333").unwrap()
}

pub(crate) fn place() -> Place {
    Place { account: account(), region: Region::new("eu-central-1").unwrap() }
}

pub(crate) fn flags() -> impl Strategy<Value = BlockFlags> {
    any::<[bool; 4]>().prop_map(|[acls, ignore, policy, restrict]| BlockFlags {
        block_public_acls: acls,
        ignore_public_acls: ignore,
        block_public_policy: policy,
        restrict_public_buckets: restrict,
    })
}

fn grant() -> impl Strategy<Value = Grant> {
    let group = |uri: &str| Grantee::Group { uri: uri.to_owned() };
    let grantees = vec![
        group(ALL_USERS),
        group(AUTHENTICATED),
        group(LOG_DELIVERY),
        Grantee::Canonical { id: OWNER.to_owned(), name: None },
        Grantee::Canonical { id: "b14d6a12".to_owned(), name: Some("partner".to_owned()) },
        Grantee::Email { address: "partner@example.com".to_owned() },
        Grantee::Unknown { kind: "Delegate".to_owned() },
    ];
    let permissions = vec!["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"];
    (select(grantees), select(permissions))
        .prop_map(|(grantee, permission)| Grant { grantee, permission: permission.to_owned() })
}

fn acl() -> impl Strategy<Value = Acl> {
    (prop::bool::weighted(0.9), vec(grant(), 0..5)).prop_map(|(owned, grants)| Acl {
        owner_id: owned.then(|| OWNER.to_owned()),
        owner_name: None,
        grants,
    })
}

/// Statements without a Sid: open ones, narrow ones, and ones that look like the other.
fn statement() -> impl Strategy<Value = Value> {
    let open = |condition: Value| json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Condition": condition});
    let to = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": ["s3:GetObject", "s3:PutObject"]});
    let deny = |condition: Value| json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": condition});
    let resources = vec![
        json!("arn:aws:s3:::example-data/*"),
        json!(["arn:aws:s3:::example-data", "arn:aws:s3:::example-data/*"]),
        json!("arn:aws:s3:::example-data"),
    ];
    let statements = vec![
        open(json!({})),
        open(json!({"StringLike": {"aws:Referer": "https://example.com/*"}})),
        open(json!({"StringLike": {"aws:SourceVpc": "vpc-*"}})),
        open(json!({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}})),
        open(json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1a2b3c4d"}})),
        open(json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        open(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        open(json!({"StringEquals": {"aws:PrincipalAccount": "999988887777"}})),
        open(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}})),
        open(json!({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}})),
        // Open to half the internet, and not public by S3's text, which takes each block by itself.
        open(
            json!({"IpAddress": {"aws:SourceIp": (0..128).map(|first| format!("{first}.0.0.0/8")).collect::<Vec<_>>()}}),
        ),
        to(json!({"AWS": "*"})),
        to(json!({"AWS": "arn:aws:iam::111122223333:role/app"})),
        to(json!({"AWS": ["arn:aws:iam::999988887777:root", "444455556666"]})),
        to(json!({"AWS": "AIDACKCEVSQ6C2EXAMPLE"})),
        to(json!({"Service": "logging.s3.amazonaws.com"})),
        to(json!({"Federated": "graph.facebook.com"})),
        deny(json!({"Bool": {"aws:SecureTransport": "false"}})),
        deny(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
    ];
    (select(statements), select(resources)).prop_map(|(mut statement, resource)| {
        statement["Resource"] = resource;
        statement
    })
}

/// A policy's text; every statement has a Sid of its own.
pub(crate) fn policy() -> impl Strategy<Value = String> {
    vec(statement(), 1..5).prop_map(|mut statements| {
        for (index, statement) in statements.iter_mut().enumerate() {
            statement["Sid"] = json!(format!("S{index}"));
        }
        json!({"Version": "2012-10-17", "Id": "kept", "Statement": statements}).to_string()
    })
}

fn encryption() -> impl Strategy<Value = Encryption> {
    let keys = vec![
        None,
        Some("alias/buckets"),
        Some("arn:aws:kms:eu-central-1:111122223333:key/1234abcd"),
        Some("alias/aws/s3"),
    ];
    let algorithms = vec!["AES256", "aws:kms", "aws:kms:dsse", "aws:future"];
    (select(algorithms), select(keys), option::of(any::<bool>())).prop_map(|(algorithm, key, bucket_key)| Encryption {
        algorithm: algorithm.to_owned(),
        key: key.filter(|_| algorithm != "AES256").map(str::to_owned),
        bucket_key,
    })
}

fn website() -> impl Strategy<Value = Website> {
    (option::of(Just("index.html".to_owned())), any::<bool>()).prop_map(|(index, redirects)| Website {
        index,
        error: None,
        redirect_all: redirects.then(|| RedirectAll { host: "www.example.com".to_owned(), protocol: None }),
        routing: Vec::new(),
    })
}

fn logging() -> impl Strategy<Value = Logging> {
    Just(Logging { bucket: "example-logs".to_owned(), prefix: "p/".to_owned(), key_format: None, grants: Vec::new() })
}

fn replication() -> impl Strategy<Value = Replication> {
    let accounts = vec![None, Some("111122223333"), Some("999988887777")];
    let rule = (any::<bool>(), select(accounts)).prop_map(|(enabled, account)| ReplicationRule {
        id: None,
        enabled,
        destination: "arn:aws:s3:::example-backup".to_owned(),
        account: account.map(str::to_owned),
    });
    vec(rule, 0..3).prop_map(|rules| Replication { rules })
}

fn lifecycle() -> impl Strategy<Value = Vec<LifecycleRule>> {
    let date = option::weighted(0.2, Just("2027-01-01T00:00:00Z".to_owned()));
    let rule = (any::<bool>(), option::of(1..800_i32), date).prop_map(|(enabled, expire_days, expire_date)| {
        LifecycleRule { id: None, enabled, expire_days, expire_date, scope: String::new() }
    });
    vec(rule, 0..3)
}

fn tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    let sets = vec![vec![], vec![TAG], vec!["rectify:website"], vec!["team"]];
    select(sets).prop_map(|keys| keys.into_iter().map(|key| (key.to_owned(), "true".to_owned())).collect())
}

fn ownership() -> impl Strategy<Value = Option<ObjectOwnership>> {
    use ObjectOwnership::{BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter};
    select(vec![None, Some(BucketOwnerEnforced), Some(BucketOwnerPreferred), Some(ObjectWriter)])
}

/// A bucket of which everything is known. What AWS says of the policy is sometimes missing and sometimes not what we say.
pub(crate) fn bucket() -> impl Strategy<Value = BucketFacts> {
    let access =
        (option::of(flags()), option::of(flags()), acl(), ownership(), option::of(policy()), option::of(any::<bool>()));
    let rest = (
        option::of(encryption()),
        option::of(website()),
        option::of(logging()),
        (option::of(select(vec![VersioningStatus::Enabled, VersioningStatus::Suspended])), any::<bool>()),
        option::of(replication()),
        lifecycle(),
        tags(),
    );
    (access, rest).prop_map(
        |(
            (block, account_block, acl, ownership, policy, status),
            (encryption, website, logging, versioning, replication, lifecycle, tags),
        )| {
            BucketFacts {
                bucket: "example-data".to_owned().try_into().unwrap(),
                place: place(),
                block: Fact::Known(block),
                account_block: Fact::Known(account_block),
                acl: Fact::Known(acl),
                ownership: Fact::Known(ownership),
                policy: Fact::Known(policy),
                policy_is_public: Fact::Known(status),
                encryption: Fact::Known(encryption),
                website: Fact::Known(website),
                logging: Fact::Known(logging),
                versioning: Fact::Known(Versioning { status: versioning.0, mfa_delete: versioning.1 }),
                replication: Fact::Known(replication),
                lifecycle: Fact::Known(lifecycle),
                tags: Fact::Known(tags),
            }
        },
    )
}

pub(crate) fn access_point() -> impl Strategy<Value = AccessPointFacts> {
    (flags(), any::<bool>(), option::of(policy()), option::of(any::<bool>()), option::of(flags())).prop_map(
        |(block, vpc_origin, policy, status, account_block)| AccessPointFacts {
            name: AccessPointName::new("example-reports").unwrap(),
            place: place(),
            point: Fact::Known(AccessPoint { bucket: "example-data".to_owned(), vpc_origin, block }),
            policy: Fact::Known(policy),
            policy_is_public: Fact::Known(status),
            account_block: Fact::Known(account_block),
        },
    )
}

pub(crate) fn target() -> impl Strategy<Value = Facts> {
    prop_oneof![
        8 => bucket().prop_map(|facts| Facts::Bucket(Box::new(facts))),
        1 => option::of(flags()).prop_map(|block| Facts::Account(AccountFacts { place: place(), block: Fact::Known(block) })),
        2 => access_point().prop_map(|facts| Facts::AccessPoint(Box::new(facts))),
    ]
}

/// The same facts without what `lost` reads; refused or not asked for.
pub(crate) fn without(facts: &Facts, lost: &[Read], refused: bool) -> Facts {
    fn lose<T>(fact: &mut Fact<T>, refused: bool) {
        *fact = if refused {
            let operation = "Get".to_owned();
            Fact::Unreadable(Unreadable { operation, code: "AccessDenied".to_owned(), request_id: None })
        } else {
            Fact::NotRead
        };
    }
    let mut facts = facts.clone();
    for read in lost {
        match (&mut facts, read) {
            (Facts::Bucket(facts), Read::Acl) => lose(&mut facts.acl, refused),
            (Facts::Bucket(facts), Read::Ownership) => lose(&mut facts.ownership, refused),
            (Facts::Bucket(facts), Read::Block) => lose(&mut facts.block, refused),
            (Facts::Bucket(facts), Read::AccountBlock) => lose(&mut facts.account_block, refused),
            (Facts::Bucket(facts), Read::Policy) => lose(&mut facts.policy, refused),
            (Facts::Bucket(facts), Read::PolicyStatus) => lose(&mut facts.policy_is_public, refused),
            (Facts::Bucket(facts), Read::Encryption) => lose(&mut facts.encryption, refused),
            (Facts::Bucket(facts), Read::Website) => lose(&mut facts.website, refused),
            (Facts::Bucket(facts), Read::Logging) => lose(&mut facts.logging, refused),
            (Facts::Bucket(facts), Read::Versioning) => lose(&mut facts.versioning, refused),
            (Facts::Bucket(facts), Read::Replication) => lose(&mut facts.replication, refused),
            (Facts::Bucket(facts), Read::Lifecycle) => lose(&mut facts.lifecycle, refused),
            (Facts::Bucket(facts), Read::Tags) => lose(&mut facts.tags, refused),
            (Facts::Account(facts), Read::AccountBlock) => lose(&mut facts.block, refused),
            (Facts::AccessPoint(facts), Read::AccountBlock) => lose(&mut facts.account_block, refused),
            (Facts::AccessPoint(facts), Read::AccessPoint) => lose(&mut facts.point, refused),
            (Facts::AccessPoint(facts), Read::AccessPointPolicy) => lose(&mut facts.policy, refused),
            (Facts::AccessPoint(facts), Read::AccessPointPolicyStatus) => lose(&mut facts.policy_is_public, refused),
            _ => {}
        }
    }
    facts
}

pub(crate) fn lost() -> impl Strategy<Value = Vec<Read>> {
    prop::sample::subsequence(Read::ALL.to_vec(), 0..=Read::ALL.len())
}

/// Settings under which every control that can be corrected has what a correction needs.
pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>()).prop_map(|(strict, equipped)| {
        let mut rules = Rules::default();
        if strict {
            rules.profile = BlockProfile::Strict;
        }
        if equipped {
            rules.encryption.key = Some("alias/buckets".to_owned());
            rules.logging.target = Some("logs-{account}".to_owned());
        }
        rules
    })
}

/// One of every change there is. The match makes the compiler ask for the next one.
pub(crate) fn every_change() -> Vec<Change> {
    let acl = Acl { owner_id: Some(OWNER.to_owned()), owner_name: None, grants: Vec::new() };
    let encryption = Encryption { algorithm: "aws:kms".to_owned(), key: None, bucket_key: None };
    let website = Website { index: None, error: None, redirect_all: None, routing: Vec::new() };
    let mut all = vec![Change::PutBlock(BlockFlags::ALL)];
    while let Some(last) = all.last() {
        all.push(match last {
            Change::PutBlock(_) => Change::DeleteBlock,
            Change::DeleteBlock => Change::PutAcl(acl.clone()),
            Change::PutAcl(_) => Change::PutPolicy(String::new()),
            Change::PutPolicy(_) => Change::DeletePolicy,
            Change::DeletePolicy => Change::PutOwnership(ObjectOwnership::BucketOwnerEnforced),
            Change::PutOwnership(_) => Change::DeleteOwnership,
            Change::DeleteOwnership => Change::PutEncryption(encryption.clone()),
            Change::PutEncryption(_) => Change::DeleteEncryption,
            Change::DeleteEncryption => Change::PutWebsite(website.clone()),
            Change::PutWebsite(_) => Change::DeleteWebsite,
            Change::DeleteWebsite => Change::PutLogging(None),
            Change::PutLogging(_) => Change::PutVersioning(VersioningStatus::Enabled),
            Change::PutVersioning(_) => Change::PutAccountBlock(BlockFlags::ALL),
            Change::PutAccountBlock(_) => Change::DeleteAccountBlock,
            Change::DeleteAccountBlock => Change::PutAccessPointPolicy(String::new()),
            Change::PutAccessPointPolicy(_) => Change::DeleteAccessPointPolicy,
            Change::DeleteAccessPointPolicy => break,
        });
    }
    all
}

pub(crate) fn is_public_grant(grant: &Grant) -> bool {
    matches!(&grant.grantee, Grantee::Group { uri } if uri == ALL_USERS || uri == AUTHENTICATED)
}

pub(crate) fn zone() -> TrustZone {
    TrustZone { account: Some(account()), ..TrustZone::default() }
}

pub(crate) fn s3_public(text: &str) -> bool {
    assess(&Policy::parse(text).unwrap(), Service::S3, &zone()).s3.unwrap().public
}

/// The statements of a policy that let everyone in, by any reading, and the others.
pub(crate) fn split(text: &str) -> (Vec<Value>, Vec<Value>) {
    let assessment = assess(&Policy::parse(text).unwrap(), Service::S3, &zone());
    let document: Value = serde_json::from_str(text).unwrap();
    let statements = document["Statement"].as_array().unwrap();
    let with_index = statements.iter().cloned().enumerate();
    let (open, narrow): (Vec<_>, Vec<_>) =
        with_index.partition(|(i, _)| assessment.statements[*i].verdict == Verdict::Public);
    (open.into_iter().map(|(_, s)| s).collect(), narrow.into_iter().map(|(_, s)| s).collect())
}

/// What AWS would say to `change` on a bucket that stands as `facts` (S3 API reference: `InvalidBucketAclWithObjectOwnership`,
/// `AccessControlListNotSupported`, `AccessDenied` under Block Public Access). `None` when it accepts.
pub(crate) fn refusal(facts: &BucketFacts, change: &Change) -> Option<&'static str> {
    let block = facts.block.known().copied().flatten().unwrap_or_default();
    let block = block.or(facts.account_block.known().copied().flatten().unwrap_or_default());
    let others = |acl: &Acl| {
        let is_owner = |grant: &Grant| matches!(&grant.grantee, Grantee::Canonical { id, .. } if Some(id) == acl.owner_id.as_ref());
        acl.grants.iter().any(|grant| !is_owner(grant))
    };
    match change {
        Change::PutAcl(_) if facts.ownership == Fact::Known(Some(ObjectOwnership::BucketOwnerEnforced)) => {
            Some("AccessControlListNotSupported")
        }
        Change::PutAcl(acl) if acl.owner_id.is_none() => Some("MalformedACLError"),
        Change::PutAcl(acl) if block.block_public_acls && acl.grants.iter().any(is_public_grant) => {
            Some("AccessDenied")
        }
        Change::PutPolicy(text) if block.block_public_policy && s3_public(text) => Some("AccessDenied"),
        Change::PutPolicy(text) if text.len() > 20 * 1024 => Some("PolicyTooLarge"),
        Change::PutOwnership(ObjectOwnership::BucketOwnerEnforced) if facts.acl.known().is_none_or(others) => {
            Some("InvalidBucketAclWithObjectOwnership")
        }
        Change::PutVersioning(_) if facts.versioning.known().is_some_and(|versioning| versioning.mfa_delete) => {
            Some("AccessDenied")
        }
        Change::PutEncryption(rule) if rule.algorithm == "AES256" && rule.key.is_some() => Some("InvalidArgument"),
        _ => None,
    }
}
