//! The front doors of APIs and the firewalls before them: REST, HTTP and WebSocket APIs of API Gateway, Application Load
//! Balancers, GraphQL APIs of AppSync, user pools of Cognito, services of App Runner, distributions of CloudFront, and web ACLs
//! (catalogue kind `api`).
//!
//! Each control stands in one place, as a [`Control`] beside the function that judges it: `rest`, `alb`, `appsync`, `cognito`,
//! `apprunner`, `cloudfront`, `routes`, `endpoint`, `logging`, `acl`; `firewall` has what the controls about a missing web ACL
//! share. `book` lists them, `events` says what wakes the guard, `screen` reads the events, `target` knows the ARNs, `model` what
//! each change does and what undoes it.
//!
//! Three rules hold for all of them:
//! - Any web ACL is a firewall, and none is ever replaced: `AssociateWebACL` would do that in one call.
//! - Web ACLs of Firewall Manager are its own: never judged, never changed, never chosen; where it has some, it associates.
//! - What shuts out callers (authorizers, endpoints, keys, rules that block) is told, never done.

mod access;
mod acl;
mod alb;
mod apprunner;
mod appsync;
mod book;
mod change;
mod cloudfront;
mod cognito;
mod endpoint;
mod events;
mod facts;
mod firewall;
mod hindsight;
mod logging;
mod model;
mod rest;
mod routes;
mod rules;
mod screen;
mod target;

pub use book::needs_acls;
pub use change::Change;
pub use facts::*;
pub use rules::Rules;
pub use target::{Part, Scope, Target};

use rectify_event::Event;

use crate::{Access, Arn, Control, Finding, Kind, Place, ResourceKind, Screen, Selection, Trigger, Trust};

/// The kind itself; it has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Api;

impl Kind for Api {
    type Id = Target;
    type Facts = Facts;
    type Change = Change;
    type Rules = Rules;

    const KIND: ResourceKind = "api";
    const CONTROLS: &'static [Control] = book::CONTROLS;
    const EVENTS: &'static [Trigger] = events::EVENTS;
    const ACCESS: &'static [Access] = access::ACCESS;

    fn rules(trust: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
        rules::rules(trust, lookup)
    }

    fn screen(event: &Event<'_>) -> Screen<Target> {
        screen::screen(event)
    }

    fn leads_on(id: &Target) -> bool {
        matches!(id, Target::RestStages(_))
    }

    fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
        book::judge(facts, rules, selection)
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

    fn shown(facts: &Facts, slot: &str) -> Option<serde_json::Value> {
        model::shown(facts, slot)
    }

    fn home(id: &Target, place: &Place) -> Place {
        target::home(id, place)
    }

    fn arn(id: &Target, place: &Place) -> Arn {
        target::arn(id, place)
    }

    fn id(arn: &Arn, place: &Place) -> Option<Target> {
        target::of_arn(arn.as_str(), place)
    }
}
