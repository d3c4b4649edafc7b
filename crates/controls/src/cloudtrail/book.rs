//! The seven controls in one table: what each is, and what judges it.

use super::{
    AccountFacts, Change, CloudTrail, Facts, Settings, StoreFacts, Target, TrailFacts, bucket, coverage, deleted,
    encryption, logging, validation, weakened,
};
pub(super) use crate::verdict::{blind, live, neutralised, unverifiable};
use crate::{Control, Fact, Finding, Selection, book::Rule};

pub(super) type Found = Finding<Change>;

/// In the order in which they are corrected: what is not logged now first.
pub(super) const CONTROLS: &[Control] = &[
    deleted::DELETED,
    logging::STOPPED,
    coverage::NOT_MULTI_REGION,
    weakened::WEAKENED,
    validation::OFF,
    encryption::NOT_ENCRYPTED,
    bucket::PUBLIC_OR_MISSING,
];

/// In the order of [`CONTROLS`].
pub(super) const RULES: &[Rule<CloudTrail>] = &[
    Rule { control: &deleted::DELETED, judge: deleted::judge },
    Rule { control: &logging::STOPPED, judge: logging::judge },
    Rule { control: &coverage::NOT_MULTI_REGION, judge: coverage::judge },
    Rule { control: &weakened::WEAKENED, judge: weakened::judge },
    Rule { control: &validation::OFF, judge: validation::judge },
    Rule { control: &encryption::NOT_ENCRYPTED, judge: encryption::judge },
    Rule { control: &bucket::PUBLIC_OR_MISSING, judge: bucket::judge },
];

/// Judges a trail that is there. Unread settings are told; a trail that is gone is for [`deleted`] to judge.
pub(super) fn on_trail(
    control: &'static Control,
    facts: &Facts,
    judge: impl FnOnce(&TrailFacts, &Settings) -> Option<Found>,
) -> Option<Found> {
    let Facts::Trail(facts) = facts else { return None };
    match &facts.settings {
        Fact::Known(Some(settings)) => judge(facts, settings),
        Fact::Known(None) => None,
        unknown => blind(control, &format!("trail {}", facts.trail), unknown, "cloudtrail:GetTrail"),
    }
}

pub(super) fn on_store(facts: &Facts, judge: impl FnOnce(&StoreFacts) -> Option<Found>) -> Option<Found> {
    let Facts::Store(facts) = facts else { return None };
    judge(facts)
}

pub(super) fn on_account(facts: &Facts, judge: impl FnOnce(&AccountFacts) -> Option<Found>) -> Option<Found> {
    let Facts::Account(facts) = facts else { return None };
    judge(facts)
}

/// Whether `control` is about all trails of an account together.
pub(super) fn is_about_accounts(control: &str) -> bool {
    control == coverage::NOT_MULTI_REGION.id
}

/// Ids of the controls about one of `targets`, out of `wanted`. The account also leads to its trails, so asking it about them is
/// asking them.
pub(super) fn about(targets: &[Target], wanted: impl Fn(&str) -> bool) -> Selection {
    let on_stores = [deleted::DELETED.id, logging::STOPPED.id, weakened::WEAKENED.id];
    let is_about = |control: &str, target: &Target| match target {
        Target::Trail(_) => !is_about_accounts(control),
        Target::Store(_) => on_stores.contains(&control),
        Target::Account(_) => true,
    };
    let ids = CONTROLS.iter().map(|control| control.id).filter(|control| wanted(control));
    ids.filter(|control| targets.iter().any(|target| is_about(control, target))).collect()
}
