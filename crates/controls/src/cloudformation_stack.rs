//! Stacks of CloudFormation (catalogue kind `cloudformation-stack`): drift, changes outside CloudFormation, termination protection.
//!
//! CloudFormation compares a stack with its template only when it is asked to, and takes minutes (docs/adr/0015-drift.md). A look
//! starts a detection when one is due (`detection`), and CloudFormation's notice brings the next look. What a look judges is the
//! latest detection that is whole and not older than the last deployment; while there is none, what was found before stands
//! (`facts`). Who changed what comes from the calls that wake the guard and is remembered until a deployment or a detection puts it
//! right, so that drift is told with whoever made it.
//!
//! Each control stands in one place: `drift`, `manual`, `protection`.

mod access;
mod change;
mod detection;
mod drift;
mod events;
mod facts;
mod hindsight;
mod manual;
mod model;
mod protection;
mod rules;
mod screen;
mod shown;
mod target;
mod visible;

pub use change::Change;
pub use detection::{CHECK_EVERY, PlannedChange, is_due, objection};
pub use facts::{Check, Difference, DriftStatus, Facts, Remembered, ResourceDrift, State, Unchecked};
pub use rules::{Ignored, Rules};
pub use target::{Caller, ManualChange, PhysicalId, StackId, StackName, Target};
pub use visible::{HIDDEN, visible};

use rectify_event::Event;

use crate::{
    Access, Arn, Control, Finding, Kind, Notice, Place, ResourceKind, Screen, Selection, Trigger, Trust,
    book::{self, Rule},
};

const BOOK: &[Rule<CloudFormationStack>] = &[
    Rule { control: &drift::DRIFTED, judge: drift::drifted },
    Rule { control: &manual::MANUAL, judge: manual::manual },
    Rule { control: &protection::OFF, judge: protection::off },
];

const CONTROLS: &[Control] = &[drift::DRIFTED, manual::MANUAL, protection::OFF];

/// The kind itself; it has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CloudFormationStack;

impl Kind for CloudFormationStack {
    type Id = Target;
    type Facts = Facts;
    type Change = Change;
    type Rules = Rules;

    const KIND: ResourceKind = "cloudformation-stack";
    const CONTROLS: &'static [Control] = CONTROLS;
    const EVENTS: &'static [Trigger] = events::EVENTS;
    const NOTICES: &'static [Notice] = events::NOTICES;
    const ACCESS: &'static [Access] = access::ACCESS;
    const READ_POLICIES: &'static [&'static str] = access::READ_POLICIES;

    fn rules(_: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
        rules::rules(lookup)
    }

    fn screen(event: &Event<'_>) -> Screen<Target> {
        screen::screen(event)
    }

    /// A name that can be another stack's tomorrow, and what a stack may own, are no stacks.
    fn leads_on(id: &Target) -> bool {
        matches!(id, Target::Named(_) | Target::Owner(..))
    }

    fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
        book::judge(BOOK, facts, rules, selection)
    }

    fn inverse(before: &Facts, change: &Change) -> Option<Change> {
        model::inverse(before, change)
    }

    fn by_hand(change: &Change) -> bool {
        matches!(change, Change::DriftAgain(_))
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

    fn slot(change: &Change) -> &'static str {
        model::slot(change)
    }

    fn shown(facts: &Facts, slot: &str) -> Option<serde_json::Value> {
        shown::shown(facts, slot)
    }

    /// A stack's ARN. What has to be resolved first has none: the text only says what it is.
    fn arn(id: &Target, place: &Place) -> Arn {
        match id {
            Target::Stack(stack) | Target::Checked(stack) | Target::Changed(stack, _) => stack.arn(place),
            Target::Named(name) => Arn::from_parts(screen::short_arn(name, place)),
            Target::Owner(physical, _) => Arn::from_parts(format!("the stack of {}", physical.as_str())),
        }
    }

    fn id(arn: &Arn, place: &Place) -> Option<Target> {
        StackId::of_arn(arn.as_str(), place).map(Target::Stack)
    }
}
