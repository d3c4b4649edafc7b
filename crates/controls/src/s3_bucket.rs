//! S3 buckets, the account's public access block, and access points (catalogue kind `s3-bucket`).
//!
//! Each control stands in one place, as a [`Control`] beside the function that judges it: `acl`, `policy`, `block`, `tls`,
//! `encryption`, `external`, `website`, `logging`, `versioning`, `lifecycle`, `access_point`. `book` lists them in the order
//! in which they are corrected, `events` says what wakes the guard, `screen` reads the events, `model` knows what each
//! change does and what undoes it, `access` what each call is allowed by.
//!
//! Three rules hold for all of them:
//! - An unknown public access block never clears an exposure and is never overwritten: a write replaces all four flags.
//! - What a block takes the effect from is told as [`State::Neutralised`](crate::State::Neutralised), not hidden.
//! - Evidence holds nothing that changes from look to look (no request ids, no times), so that the same breach keeps its
//!   [`Fingerprint`](crate::Fingerprint).

mod access;
mod access_point;
mod acl;
mod asked;
mod block;
mod book;
mod change;
mod encryption;
mod events;
mod external;
mod facts;
mod hindsight;
mod lifecycle;
mod logging;
mod model;
mod policy;
mod rules;
mod screen;
mod shown;
mod tls;
mod verdict;
mod versioning;
mod website;

pub use access::Read;
pub(crate) use acl::{public_grants, without_public};
pub use book::needs;
pub use change::Change;
pub use facts::*;
pub use model::undo;
pub use rules::{BlockProfile, EncryptionRules, LifecycleRules, LoggingRules, Rules};
pub(crate) use shown::acl as shown_acl;
pub(crate) use verdict::{BUCKET_BLOCK, shield};

use rectify_event::Event;

use crate::{Access, Arn, BucketName, Control, Finding, Kind, Place, ResourceKind, Screen, Selection, Trigger, Trust};

const KIND: ResourceKind = "s3-bucket";

/// The kind itself; it has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct S3Bucket;

impl Kind for S3Bucket {
    type Id = Target;
    type Facts = Facts;
    type Change = Change;
    type Rules = Rules;

    const KIND: ResourceKind = KIND;
    const CONTROLS: &'static [Control] = book::CONTROLS;
    const EVENTS: &'static [Trigger] = events::EVENTS;
    const ACCESS: &'static [Access] = access::ACCESS;

    fn rules(trust: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
        rules::rules(trust, lookup)
    }

    fn screen(event: &Event<'_>) -> Screen<Target> {
        screen::screen(event)
    }

    /// A control is judged only on its own kind of target: the account's block has no ACL, so a selection of
    /// `s3-bucket-public-acl` finds nothing there.
    fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
        book::judge(facts, rules, selection)
    }

    fn inverse(before: &Facts, change: &Change) -> Option<Change> {
        model::inverse(before, change)
    }

    fn undo(before: &Facts, plan: &[Change]) -> Option<Vec<Change>> {
        model::undo(before, plan)
    }

    fn simulate(facts: &mut Facts, change: &Change) {
        model::simulate(facts, change);
    }

    const HINTS: &'static [(&'static str, &'static str)] = hindsight::HINTS;
    const WIDE: &'static [(&'static str, &'static str)] = hindsight::WIDE;

    fn hinted(event: &Event<'_>) -> Vec<Target> {
        hindsight::hinted(event)
    }

    fn unseen(id: &Target, place: &Place) -> Option<Facts> {
        Some(hindsight::unseen(id, place))
    }

    fn learn(facts: &mut Facts, event: &Event<'_>) {
        hindsight::learn(facts, event);
    }

    fn presumed(facts: &Facts) -> Option<Facts> {
        hindsight::presumed(facts)
    }

    fn gone(id: &Target, event: &Event<'_>) -> bool {
        hindsight::gone(id, event)
    }

    fn slot(change: &Change) -> &'static str {
        model::slot(change)
    }

    fn shown(facts: &Facts, slot: &str) -> Option<serde_json::Value> {
        shown::shown(facts, slot)
    }

    /// The account's block is one for all regions. The partition's first region stands for it.
    fn home(id: &Target, place: &Place) -> Place {
        match id {
            Target::Account(_) => Place { region: place.region.partition().first_region(), ..place.clone() },
            Target::Bucket(_) | Target::AccessPoint(_) => place.clone(),
        }
    }

    fn arn(id: &Target, place: &Place) -> Arn {
        arn(id, place)
    }

    fn id(arn: &Arn, place: &Place) -> Option<Target> {
        let last = arn.as_str().rsplit(':').next()?;
        let id = match last.strip_prefix("accesspoint/") {
            Some(name) => Target::AccessPoint(AccessPointName::new(name).ok()?),
            None if arn.as_str().contains(":::") => Target::Bucket(BucketName::new(last).ok()?),
            None => Target::Account(place.account.clone()),
        };
        (self::arn(&id, place) == *arn).then_some(id)
    }
}

/// The resource part of [`S3Bucket::arn`] for an account's block, which has no ARN at AWS.
const ACCOUNT_RESOURCE: &str = "public-access-block";

fn arn(id: &Target, place: &Place) -> Arn {
    let partition = place.region.partition();
    let Place { account, region } = place;
    Arn::from_parts(match id {
        Target::Bucket(name) => tls::bucket_arn(name, place),
        Target::Account(account) => format!("arn:{partition}:s3::{account}:{ACCOUNT_RESOURCE}"),
        Target::AccessPoint(name) => format!("arn:{partition}:s3:{region}:{account}:accesspoint/{name}"),
    })
}
