//! What a change does to the facts, and what undoes it: the model that the properties are stated on.

use rectify_policy::{Policy, Service, assess};

use super::{AccessPointFacts, AccountFacts, BucketFacts, Change, Facts, VersioningStatus, policy::zone};
use crate::{AccountId, Fact, Trust};

pub(super) fn slot(change: &Change) -> &'static str {
    match change {
        Change::PutBlock(_) | Change::DeleteBlock => "public-access-block",
        Change::PutAcl(_) => "acl",
        Change::PutPolicy(_) | Change::DeletePolicy => "policy",
        Change::PutOwnership(_) | Change::DeleteOwnership => "ownership",
        Change::PutEncryption(_) | Change::DeleteEncryption => "encryption",
        Change::PutWebsite(_) | Change::DeleteWebsite => "website",
        Change::PutLogging(_) => "logging",
        Change::PutVersioning(_) => "versioning",
        Change::PutAccountBlock(_) | Change::DeleteAccountBlock => "account-public-access-block",
        Change::PutAccessPointPolicy(_) | Change::DeleteAccessPointPolicy => "access-point-policy",
    }
}

/// The change that puts back what `change` overwrites. Versioning that was never enabled can only be suspended: AWS has
/// no way back to «never» (S3 user guide, "Using versioning in S3 buckets").
pub(super) fn inverse(before: &Facts, change: &Change) -> Option<Change> {
    match before {
        Facts::Bucket(facts) => inverse_on_bucket(facts, change),
        Facts::Account(facts) => match change {
            Change::PutAccountBlock(_) | Change::DeleteAccountBlock => {
                facts.block.known().map(|block| block.map_or(Change::DeleteAccountBlock, Change::PutAccountBlock))
            }
            _ => None,
        },
        Facts::AccessPoint(facts) => match change {
            Change::PutAccessPointPolicy(_) | Change::DeleteAccessPointPolicy => facts
                .policy
                .known()
                .map(|text| text.clone().map_or(Change::DeleteAccessPointPolicy, Change::PutAccessPointPolicy)),
            _ => None,
        },
    }
}

fn inverse_on_bucket(before: &BucketFacts, change: &Change) -> Option<Change> {
    Some(match change {
        Change::PutBlock(_) | Change::DeleteBlock => {
            before.block.known()?.map_or(Change::DeleteBlock, Change::PutBlock)
        }
        Change::PutAcl(_) => Change::PutAcl(before.acl.known()?.clone()),
        Change::PutPolicy(_) | Change::DeletePolicy => {
            before.policy.known()?.clone().map_or(Change::DeletePolicy, Change::PutPolicy)
        }
        Change::PutOwnership(_) | Change::DeleteOwnership => {
            before.ownership.known()?.map_or(Change::DeleteOwnership, Change::PutOwnership)
        }
        Change::PutEncryption(_) | Change::DeleteEncryption => {
            before.encryption.known()?.clone().map_or(Change::DeleteEncryption, Change::PutEncryption)
        }
        Change::PutWebsite(_) | Change::DeleteWebsite => {
            before.website.known()?.clone().map_or(Change::DeleteWebsite, Change::PutWebsite)
        }
        Change::PutLogging(_) => Change::PutLogging(before.logging.known()?.clone()),
        Change::PutVersioning(_) => {
            Change::PutVersioning(before.versioning.known()?.status.unwrap_or(VersioningStatus::Suspended))
        }
        Change::PutAccountBlock(_)
        | Change::DeleteAccountBlock
        | Change::PutAccessPointPolicy(_)
        | Change::DeleteAccessPointPolicy => return None,
    })
}

/// The changes that undo `plan` on a resource that stood as `before`, in an order in which AWS accepts each: ownership
/// first (an ACL cannot be written while ACLs are disabled), then the blocks (a public ACL or policy is refused while its
/// block is on), then the rest. `None` when one of the changes has no inverse.
///
/// A bucket may have stood with a public ACL or policy older than the flag that refuses new ones (S3 user guide, "Blocking
/// public access": existing ones are not changed). That flag is put back last.
#[must_use]
pub fn undo(before: &Facts, plan: &[Change]) -> Option<Vec<Change>> {
    let mut changes = plan.iter().map(|change| inverse(before, change)).collect::<Option<Vec<_>>>()?;
    changes.sort_by_key(|change| match slot(change) {
        "ownership" => 0,
        "public-access-block" | "account-public-access-block" => 1,
        _ => 2,
    });
    refusing_flags_last(&mut changes);
    Some(changes)
}

/// Writes the block without the flags that would refuse what is written after it, and as it stood at the end.
fn refusing_flags_last(changes: &mut Vec<Change>) {
    let writes = |wanted: &str| changes.iter().any(|change| slot(change) == wanted);
    let (acl, policy) = (writes("acl"), writes("policy"));
    let block = changes.iter_mut().find_map(|change| match change {
        Change::PutBlock(flags) => Some(flags),
        _ => None,
    });
    let Some(flags) = block else { return };
    let stood = *flags;
    flags.block_public_acls &= !acl;
    flags.block_public_policy &= !policy;
    if *flags != stood {
        changes.push(Change::PutBlock(stood));
    }
}

pub(super) fn simulate(facts: &mut Facts, change: &Change) {
    match facts {
        Facts::Bucket(facts) => simulate_on_bucket(facts, change),
        Facts::Account(facts) => simulate_on_account(facts, change),
        Facts::AccessPoint(facts) => simulate_on_access_point(facts, change),
    }
}

fn simulate_on_bucket(facts: &mut BucketFacts, change: &Change) {
    match change {
        Change::PutBlock(flags) => facts.block = Fact::Known(Some(*flags)),
        Change::DeleteBlock => facts.block = Fact::Known(None),
        Change::PutAcl(acl) => facts.acl = Fact::Known(acl.clone()),
        Change::PutPolicy(text) => {
            facts.policy = Fact::Known(Some(text.clone()));
            let zone = zone(&facts.place.account, &Trust::default());
            refresh_status(&mut facts.policy_is_public, || s3_public(text, Service::S3, &zone));
        }
        Change::DeletePolicy => {
            facts.policy = Fact::Known(None);
            refresh_status(&mut facts.policy_is_public, || false);
        }
        Change::PutOwnership(ownership) => facts.ownership = Fact::Known(Some(*ownership)),
        Change::DeleteOwnership => facts.ownership = Fact::Known(None),
        Change::PutEncryption(rule) => facts.encryption = Fact::Known(Some(rule.clone())),
        Change::DeleteEncryption => facts.encryption = Fact::Known(None),
        Change::PutWebsite(website) => facts.website = Fact::Known(Some(website.clone())),
        Change::DeleteWebsite => facts.website = Fact::Known(None),
        Change::PutLogging(logging) => facts.logging = Fact::Known(logging.clone()),
        Change::PutVersioning(status) => {
            if let Some(versioning) = facts.versioning.known_mut() {
                versioning.status = Some(*status);
            }
        }
        Change::PutAccountBlock(_)
        | Change::DeleteAccountBlock
        | Change::PutAccessPointPolicy(_)
        | Change::DeleteAccessPointPolicy => {}
    }
}

fn simulate_on_account(facts: &mut AccountFacts, change: &Change) {
    match change {
        Change::PutAccountBlock(flags) => facts.block = Fact::Known(Some(*flags)),
        Change::DeleteAccountBlock => facts.block = Fact::Known(None),
        _ => {}
    }
}

fn simulate_on_access_point(facts: &mut AccessPointFacts, change: &Change) {
    match change {
        Change::PutAccessPointPolicy(text) => {
            facts.policy = Fact::Known(Some(text.clone()));
            let mut zone = zone(&facts.place.account, &Trust::default());
            zone.access_point_vpc_origin = facts.point.known().is_some_and(|point| point.vpc_origin);
            refresh_status(&mut facts.policy_is_public, || s3_public(text, Service::S3AccessPoint, &zone));
        }
        Change::DeleteAccessPointPolicy => {
            facts.policy = Fact::Known(None);
            refresh_status(&mut facts.policy_is_public, || false);
        }
        _ => {}
    }
}

/// AWS's verdict follows from the policy; no change writes it. Where AWS gave one, the model takes our reading of S3's
/// text for what AWS would say of the new policy.
fn refresh_status(status: &mut Fact<Option<bool>>, public: impl FnOnce() -> bool) {
    if let Fact::Known(Some(verdict)) = status {
        *verdict = public();
    }
}

/// Whether S3 calls the policy of a bucket of `account` public.
pub(super) fn is_public(text: &str, account: &AccountId) -> bool {
    s3_public(text, Service::S3, &zone(account, &Trust::default()))
}

fn s3_public(text: &str, service: Service, zone: &rectify_policy::TrustZone) -> bool {
    Policy::parse(text).is_ok_and(|policy| assess(&policy, service, zone).s3.is_some_and(|s3| s3.public))
}
