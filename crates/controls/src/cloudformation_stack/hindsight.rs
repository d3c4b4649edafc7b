//! What calls tell of a stack without looking at it: what a replay of logs judges on.
//!
//! A stack that the log saw being made is known by its ARN, with its protection and its tags. What drifted is in no event: a notice has
//! the number of resources, and neither their names nor what differs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rectify_event::{Event, Params};
use serde_json::Value;

use super::{
    Facts, State, Target,
    events::CLOUDFORMATION,
    screen::{of_text, screen},
};
use crate::{
    Fact, Place, Screen,
    asked::{done, each, field, flag, hint, is_empty, scalar, text, told},
    screen::named,
};

/// See [`crate::Kind::HINTS`].
pub(super) const HINTS: &[(&str, &str)] = &[(CLOUDFORMATION, "DeleteStack")];

/// See [`crate::Kind::hinted`].
pub(super) fn hinted(event: &Event<'_>) -> Vec<Target> {
    let target = hint(event, HINTS).and_then(|record| of_text(named(&record.request(), "stackName").ok()?, event).ok());
    target.into_iter().collect()
}

/// See [`crate::Kind::unseen`]. What leads to a stack is none.
pub(super) fn unseen(id: &Target, place: &Place) -> Option<Facts> {
    match id {
        Target::Stack(stack) | Target::Checked(stack) | Target::Changed(stack, _) => {
            Some(Facts::unread(stack.clone(), place.clone()))
        }
        Target::Named(_) | Target::Owner(..) => None,
    }
}

/// See [`crate::Kind::learn`].
pub(super) fn learn(facts: &mut Facts, event: &Event<'_>) {
    let Some(record) = done(event).filter(|record| record.event_source == CLOUDFORMATION) else { return };
    let about = match screen(event) {
        Screen::Look { targets, .. } => targets,
        Screen::Ignore(_) => hinted(event),
    };
    if !about.contains(&Target::Stack(facts.stack.clone())) {
        return;
    }
    let request = record.request();
    match record.event_name.as_ref() {
        "CreateStack" => {
            let time = record.event_time.as_deref().or(event.envelope.time.as_deref());
            facts.state = told(created(&request, time.and_then(|time| time.parse().ok())));
        }
        "UpdateTerminationProtection" => {
            let on = request.get("enableTerminationProtection").and_then(flag);
            match (on, facts.state.known_mut()) {
                (Some(on), Some(state)) => state.protected = on,
                _ => facts.state = Fact::NotRead,
            }
        }
        // It has only begun. A stack that is being deleted needs no protection, and one that fails to be is told by the next look.
        "DeleteStack" => {
            if let Some(state) = facts.state.known_mut() {
                "DELETE_IN_PROGRESS".clone_into(&mut state.status);
            }
        }
        _ => {}
    }
}

/// A stack at its birth. Whoever calls makes a root stack: nested ones are made by CloudFormation, whose calls have no such event.
fn created(request: &Params, deployed_at: Option<Timestamp>) -> Option<State> {
    let protected = match request.get("enableTerminationProtection") {
        none if is_empty(none) => request.is_readable().then_some(false)?,
        some => flag(some?)?,
    };
    let tag = |tag: &Value| {
        let value = match field(tag, "value") {
            none if is_empty(none) => String::new(),
            some => scalar(some?)?,
        };
        Some((text(tag, "key")?.to_owned(), value))
    };
    Some(State {
        status: "CREATE_IN_PROGRESS".to_owned(),
        protected,
        root: None,
        role: request.str("roleARN").filter(|role| !role.is_empty()).map(str::to_owned),
        deployed_at,
        tags: each(request.get("tags")).into_iter().map(tag).collect::<Option<BTreeMap<_, _>>>()?,
    })
}
