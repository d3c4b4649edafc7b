//! CloudTrail trails, event data stores, and an account's trails taken together (catalogue kind `cloudtrail`).
//!
//! Everything else hangs on these: EventBridge has no event of a call that no trail logs. Each control stands in one place, as a
//! [`Control`] beside the function that judges it: `logging`, `deleted`, `coverage`, `weakened`, `validation`, `encryption`,
//! `bucket`. `book` lists them, `events` says what wakes the guard, `screen` reads the events, `model` knows what each change does,
//! what undoes it and what is worth keeping, `selectors` compares what is logged.
//!
//! Three rules hold for all of them:
//! - A trail belongs to the account and region in its ARN. The organisation's trail, as a member sees it, and the shadow of a
//!   trail in another region are looked at as part of what covers an account, and never changed from there.
//! - What stood well is kept in the ledger ([`Kind::keep`]). A correction brings that back, and where nothing was kept, the least
//!   that is right.
//! - Evidence holds nothing that changes from look to look.

mod access;
mod book;
mod bucket;
mod change;
mod coverage;
mod deleted;
mod encryption;
mod events;
mod facts;
mod hindsight;
mod ids;
mod logging;
mod model;
mod rules;
mod screen;
mod selectors;
mod shown;
mod store;
mod validation;
mod weakened;

pub use change::Change;
pub use facts::*;
pub use ids::{StoreId, Target, TrailId, TrailName, trail_of_arn};
pub use rules::Rules;
pub use selectors::{AdvancedSelector, BasicSelector, DataResource, FieldSelector, Selectors};
pub use store::StoreSettings;

use rectify_event::Event;

use crate::{Access, Arn, Control, Finding, Kind, Place, ResourceKind, Screen, Selection, Trigger, Trust};

const KIND: ResourceKind = "cloudtrail";

/// The kind itself; it has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CloudTrail;

impl Kind for CloudTrail {
    type Id = Target;
    type Facts = Facts;
    type Change = Change;
    type Rules = Rules;

    const KIND: ResourceKind = KIND;
    const CONTROLS: &'static [Control] = book::CONTROLS;
    const EVENTS: &'static [Trigger] = events::EVENTS;
    const ACCESS: &'static [Access] = access::ACCESS;

    fn rules(_: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
        rules::rules(lookup)
    }

    fn screen(event: &Event<'_>) -> Screen<Target> {
        screen::screen(event)
    }

    fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
        crate::book::judge::<Self>(book::RULES, facts, rules, selection)
    }

    fn inverse(before: &Facts, change: &Change) -> Option<Change> {
        model::inverse(before, change)
    }

    fn simulate(facts: &mut Facts, change: &Change) {
        model::simulate(facts, change);
    }

    fn keep(facts: &Facts) -> Option<Facts> {
        model::keep(facts)
    }

    fn recall(facts: &mut Facts, kept: &Facts) {
        model::recall(facts, kept);
    }

    /// The account leads to its own trails that have stood and are gone, which no list names any more. When it is asked only
    /// about trails, by an event that names none, it leads to every trail of its own.
    fn leads(facts: &Facts, selection: &Selection) -> Vec<Target> {
        model::leads(facts, selection)
    }

    const HINTS: &'static [(&'static str, &'static str)] = hindsight::HINTS;

    fn hinted(event: &Event<'_>) -> Vec<Target> {
        hindsight::hinted(event)
    }

    fn unseen(id: &Target, place: &Place) -> Option<Facts> {
        Some(hindsight::unseen(id, place))
    }

    fn learn(facts: &mut Facts, event: &Event<'_>) {
        hindsight::learn(facts, event);
    }

    fn slot(change: &Change) -> &'static str {
        change.slot()
    }

    fn shown(facts: &Facts, slot: &str) -> Option<serde_json::Value> {
        shown::shown(facts, slot)
    }

    /// A trail and an event data store can be changed in their own region only, whichever region's event woke the guard. The
    /// account has none: the partition's first region stands for it.
    fn home(id: &Target, place: &Place) -> Place {
        let region = match id {
            Target::Trail(trail) => trail.region.clone(),
            Target::Store(store) => store.region.clone(),
            Target::Account(_) => place.region.partition().first_region(),
        };
        Place { region, ..place.clone() }
    }

    fn arn(id: &Target, place: &Place) -> Arn {
        ids::arn(id, &place.account, place.region.partition())
    }

    fn id(arn: &Arn, place: &Place) -> Option<Target> {
        ids::target(arn.as_str(), &place.account).ok().filter(|id| Self::arn(id, place) == *arn)
    }
}
