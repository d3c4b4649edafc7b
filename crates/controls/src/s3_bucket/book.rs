//! The fourteen controls in one table: what each is, which reads it needs, and what judges it.

use super::{
    AccessPointFacts, AccountFacts, BucketFacts, Change, Facts, Read, Rules, Target, access_point, acl, block,
    encryption, external, lifecycle, logging, policy, tls, verdict::Found, versioning, website,
};
use crate::{Control, Finding, Selection};

/// A control and its judge.
pub(super) struct Rule {
    pub(super) control: &'static Control,
    pub(super) needs: &'static [Read],
    pub(super) judge: Judge,
}

/// What a control is about. A control is never judged on another kind of target: an account's block has no ACL.
pub(super) enum Judge {
    Bucket(fn(&BucketFacts, &Rules) -> Option<Found>),
    Account(fn(&AccountFacts, &Rules) -> Option<Found>),
    AccessPoint(fn(&AccessPointFacts, &Rules) -> Option<Found>),
}

/// In the order in which they are corrected: exposures first.
pub(super) const CONTROLS: &[Control] = &[
    acl::PUBLIC,
    policy::PUBLIC,
    block::BUCKET,
    block::ACCOUNT,
    acl::ENABLED,
    tls::NOT_REQUIRED,
    encryption::NOT_REQUIRED,
    external::POLICY,
    website::ENABLED,
    logging::OFF,
    versioning::OFF,
    external::REPLICATION,
    lifecycle::SHORT_EXPIRY,
    access_point::PUBLIC,
];

/// In the order of [`CONTROLS`].
const RULES: &[Rule] = &[
    acl::PUBLIC_RULE,
    policy::PUBLIC_RULE,
    block::BUCKET_RULE,
    block::ACCOUNT_RULE,
    acl::ENABLED_RULE,
    tls::NOT_REQUIRED_RULE,
    encryption::NOT_REQUIRED_RULE,
    external::POLICY_RULE,
    website::ENABLED_RULE,
    logging::OFF_RULE,
    versioning::OFF_RULE,
    external::REPLICATION_RULE,
    lifecycle::SHORT_EXPIRY_RULE,
    access_point::PUBLIC_RULE,
];

pub(super) fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
    RULES
        .iter()
        .filter(|rule| selection.contains(rule.control.id))
        .filter_map(|rule| match (&rule.judge, facts) {
            (Judge::Bucket(judge), Facts::Bucket(facts)) => judge(facts, rules),
            (Judge::Account(judge), Facts::Account(facts)) => judge(facts, rules),
            (Judge::AccessPoint(judge), Facts::AccessPoint(facts)) => judge(facts, rules),
            _ => None,
        })
        .collect()
}

/// The reads that `control` needs; none for an unknown id.
///
/// A guard that leaves one out gets [`State::Unverifiable`](crate::State::Unverifiable) wherever that fact decides.
#[must_use]
pub fn needs(control: &str) -> &'static [Read] {
    RULES.iter().find(|rule| rule.control.id == control).map_or(&[], |rule| rule.needs)
}

/// Ids of the controls about `target`, out of `ids`.
pub(super) fn about(target: &Target, ids: impl Fn(&str) -> bool) -> Selection {
    RULES
        .iter()
        .filter(|rule| ids(rule.control.id))
        .filter(|rule| {
            matches!(
                (&rule.judge, target),
                (Judge::Bucket(_), Target::Bucket(_))
                    | (Judge::Account(_), Target::Account(_))
                    | (Judge::AccessPoint(_), Target::AccessPoint(_))
            )
        })
        .map(|rule| rule.control.id)
        .collect()
}
