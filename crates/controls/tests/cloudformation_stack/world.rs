//! Stacks to judge.

use rectify_controls::{AccountId, Fact, Finding, Kind, Place, Region, Selection, Unreadable, cloudformation_stack::*};

pub(crate) fn place() -> Place {
    Place { account: AccountId::new("123456789012").unwrap(), region: Region::new("eu-central-1").unwrap() }
}

pub(crate) fn id() -> StackId {
    StackId::new("orders/0bd1a2e0-4a5b-11ee-be56-0242ac120002").unwrap()
}

/// A time of the day on which everything happens.
pub(crate) fn at(time: &str) -> jiff::Timestamp {
    format!("2026-11-20T{time}:00Z").parse().unwrap()
}

/// Deployed at nine by a role, protected.
pub(crate) fn state() -> State {
    State {
        status: "UPDATE_COMPLETE".into(),
        protected: true,
        root: None,
        role: Some("arn:aws:iam::123456789012:role/cloudformation".into()),
        deployed_at: Some(at("09:00")),
        tags: Default::default(),
    }
}

/// Checked at ten.
pub(crate) fn check(drifts: Vec<ResourceDrift>) -> Check {
    let status = if drifts.is_empty() { DriftStatus::InSync } else { DriftStatus::Drifted };
    Check { status, at: Some(at("10:00")), whole: true, drifts, in_sync: vec!["Topic".into()], unchecked: Vec::new() }
}

pub(crate) fn queue() -> ResourceDrift {
    let (path, expected, actual) = ("/VisibilityTimeout".into(), Some("30".into()), Some("600".into()));
    let differences = vec![Difference { path, expected, actual }];
    ResourceDrift { logical: "Queue".into(), kind: "AWS::SQS::Queue".into(), deleted: false, differences }
}

pub(crate) fn by_jane(logical: &str, time: &str) -> ManualChange {
    let caller = Caller {
        name: "jane.doe@example.com as Developer".into(),
        principal: "arn:aws:iam::123456789012:role/Developer".into(),
        event: "SetQueueAttributes".into(),
        at: Some(at(time)),
    };
    ManualChange { logical: logical.into(), kind: "AWS::SQS::Queue".into(), caller }
}

/// A stack that breaks nothing.
pub(crate) fn calm() -> Facts {
    let mut facts = Facts::unread(id(), place());
    facts.state = Fact::Known(state());
    facts.check = Fact::Known(check(Vec::new()));
    facts
}

/// A stack whose queue somebody changed at half past nine.
pub(crate) fn drifted() -> Facts {
    let mut facts = calm();
    facts.check = Fact::Known(check(vec![queue()]));
    facts.remembered.changes = vec![by_jane("Queue", "09:30")];
    facts
}

pub(crate) fn with(mut facts: Facts, change: impl FnOnce(&mut State)) -> Facts {
    change(facts.state.known_mut().unwrap());
    facts
}

pub(crate) fn checked(mut facts: Facts, change: impl FnOnce(&mut Check)) -> Facts {
    change(facts.check.known_mut().unwrap());
    facts
}

pub(crate) fn refused<T>(code: &str) -> Fact<T> {
    Fact::Unreadable(Unreadable { operation: "cloudformation".into(), code: code.into(), request_id: Some("r".into()) })
}

/// What `control` finds.
pub(crate) fn find(control: &str, facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let control = CloudFormationStack::CONTROLS.iter().find(|known| known.id == control).unwrap();
    CloudFormationStack::judge(facts, rules, &Selection::from([control.id])).pop()
}
