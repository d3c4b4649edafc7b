//! Security groups: what may come in from the internet, and the default group of a VPC (catalogue kind `security-group`).
//!
//! Each control is a [`Control`] in a file of its own: `admin_port`, `all_ports`, `high_risk_port`, `unauthorised_port`,
//! `default_group`. The first four are judged by `ingress` on what `reach` says of each port; `cidr` knows when ranges of addresses
//! are the whole internet.
//!
//! - Rules are judged together, and a correction takes away only those that have a part in the breach.
//! - A rule is known by what it allows. Its `sgr-` id is in no change and in no fact that is judged: a rule that is put back gets
//!   another. Only a replay of logs remembers ids, because later calls name rules by them.
//! - A prefix list that could not be read is never harmless.
//! - A group of another account, which one can see in a shared VPC, is for the guard's look at that account.

mod access;
mod admin_port;
mod all_ports;
mod book;
mod change;
mod cidr;
mod default_group;
mod events;
mod facts;
mod high_risk_port;
mod hindsight;
mod ids;
mod ingress;
mod model;
mod ports;
mod reach;
mod rules;
mod screen;
mod shown;
mod unauthorised_port;

pub use change::{Change, Stand};
pub use cidr::Cidr;
pub use facts::{About, Allowed, Called, Facts, GroupRef, Notes, Peer, Rule, RuleSet, Target};
pub use ids::{GroupId, GroupName, PrefixListId, VpcId};
pub use ports::Ports;
pub use rules::Rules;

use rectify_event::Event;

use crate::{Access, Arn, Control, Finding, Kind, Place, ResourceKind, Screen, Selection, Trigger, Trust};

/// The kind itself; it has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecurityGroup;

/// The control that is about the default group only, and the only one that has to know whether a group is used.
pub const DEFAULT_HAS_RULES: &str = default_group::HAS_RULES.id;

/// The name of every default group.
pub const DEFAULT_NAME: &str = default_group::NAME;

impl Facts {
    /// Whether the group is known to be another account's.
    fn is_foreign(&self) -> bool {
        let owner = self.about.known().and_then(|about| about.owner.as_ref());
        owner.is_some_and(|owner| *owner != self.place.account)
    }
}

impl Kind for SecurityGroup {
    type Id = Target;
    type Facts = Facts;
    type Change = Change;
    type Rules = Rules;

    const KIND: ResourceKind = "security-group";
    const CONTROLS: &'static [Control] = book::CONTROLS;
    const EVENTS: &'static [Trigger] = events::EVENTS;
    const ACCESS: &'static [Access] = access::ACCESS;

    fn rules(_: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
        rules::rules(lookup)
    }

    fn screen(event: &Event<'_>) -> Screen<Target> {
        screen::screen(event)
    }

    fn leads_on(id: &Target) -> bool {
        !matches!(id, Target::Group(_))
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

    const HINTS: &'static [(&'static str, &'static str)] = hindsight::HINTS;

    fn hinted(event: &Event<'_>) -> Vec<Target> {
        hindsight::hinted(event)
    }

    fn unseen(id: &Target, place: &Place) -> Option<Facts> {
        hindsight::unseen(id, place)
    }

    fn learn(facts: &mut Facts, event: &Event<'_>) {
        hindsight::learn(facts, event);
    }

    fn gone(id: &Target, event: &Event<'_>) -> bool {
        hindsight::gone(id, event)
    }

    fn slot(change: &Change) -> &'static str {
        model::slot(change)
    }

    fn merged(earlier: Change, later: Change) -> Change {
        model::merged(earlier, later)
    }

    fn shown(facts: &Facts, slot: &str) -> Option<serde_json::Value> {
        shown::shown(facts, slot)
    }

    fn arn(id: &Target, place: &Place) -> Arn {
        let Place { account, region } = place;
        let resource = match id {
            Target::Group(id) => format!("security-group/{id}"),
            Target::Named(name) => format!("security-group-name/{name}"),
            Target::DefaultOf(vpc) => format!("vpc/{vpc}"),
            Target::Referring(list) => format!("prefix-list/{list}"),
        };
        Arn::from_parts(format!("arn:{}:ec2:{region}:{account}:{resource}", region.partition()))
    }

    fn id(arn: &Arn, place: &Place) -> Option<Target> {
        let (_, id) = arn.as_str().split_once(":security-group/")?;
        let id = Target::Group(GroupId::new(id).ok()?);
        (Self::arn(&id, place) == *arn).then_some(id)
    }
}
