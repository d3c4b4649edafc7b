//! Cases of each control: breaches, near misses, and what cannot be told.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use rectify_controls::{Fact, Finding, Kind, State as How, cloudformation_stack::*};

use super::world::*;

/// A table of cases as text.
fn table(control: &str, rules: &Rules, cases: &[(&str, Facts)]) -> String {
    let mut text = String::new();
    for (name, facts) in cases {
        let found = find(control, facts, rules);
        writeln!(text, "{name}\n{}", found.map_or("  nothing\n".to_owned(), |found| view(&found))).unwrap();
    }
    text
}

fn view(finding: &Finding<Change>) -> String {
    let mut text = format!("  {:?}, {}: {}\n", finding.state, finding.severity, finding.summary);
    for evidence in &finding.evidence {
        writeln!(text, "  - {}: {}", evidence.what, evidence.value).unwrap();
    }
    for change in &finding.changes {
        writeln!(text, "  > {change}").unwrap();
    }
    text
}

fn with_drift(drift: ResourceDrift) -> Facts {
    let mut facts = calm();
    facts.check = Fact::Known(check(vec![drift]));
    facts
}

fn gone(logical: &str, kind: &str) -> ResourceDrift {
    ResourceDrift { logical: logical.into(), kind: kind.into(), deleted: true, differences: Vec::new() }
}

fn differs(kind: &str, path: &str, expected: Option<&str>, actual: Option<&str>) -> ResourceDrift {
    let (path, expected, actual) = (path.into(), expected.map(str::to_owned), actual.map(str::to_owned));
    let differences = vec![Difference { path, expected, actual }];
    ResourceDrift { logical: "It".into(), kind: kind.into(), deleted: false, differences }
}

fn unread() -> Unchecked {
    let reason = Some("User is not authorized to perform the read".into());
    Unchecked { logical: "Secret".into(), kind: "AWS::SecretsManager::Secret".into(), reason }
}

#[test]
fn drift() {
    let mut remembered = drifted();
    remembered.remembered.drifts = vec![queue()];
    let during = |status: &str| {
        with(remembered.clone(), |state| {
            state.status = status.into();
            state.deployed_at = Some(at("11:00"));
        })
    };
    let both = {
        let mut facts = drifted();
        facts.check.known_mut().unwrap().drifts.push(differs(
            "AWS::ECS::Service",
            "/DesiredCount",
            Some("2"),
            Some("5"),
        ));
        facts
    };
    let cases = [
        ("changed by somebody who was seen", drifted()),
        ("changed by somebody who was not", checked(calm(), |check| *check = super::world::check(vec![queue()]))),
        ("deleted", with_drift(gone("Queue", "AWS::SQS::Queue"))),
        ("modified, and CloudFormation says no more", with_drift(ResourceDrift { differences: vec![], ..queue() })),
        ("no service role", with(drifted(), |state| state.role = None)),
        ("nested", with(drifted(), |state| state.root = Some("shop".into()))),
        (
            "a nested stack in it",
            with_drift(differs("AWS::CloudFormation::Stack", "/TemplateURL", Some("a"), Some("b"))),
        ),
        ("also what is ignored", both),
        ("rolled back badly", with(drifted(), |state| state.status = "UPDATE_ROLLBACK_FAILED".into())),
        ("a deployment under way, drift from before", during("UPDATE_IN_PROGRESS")),
        ("deployed since, and not detected again", during("UPDATE_COMPLETE")),
        ("a detection under way, drift from before", checked(remembered.clone(), |check| check.whole = false)),
        ("never detected, drift remembered", checked(remembered.clone(), |check| *check = Check::none(None))),
        ("also what could not be looked at", checked(drifted(), |check| check.unchecked.push(unread()))),
        ("near miss: in sync", calm()),
        ("near miss: drift is over, though remembered", {
            let mut facts = calm();
            facts.remembered = remembered.remembered.clone();
            facts
        }),
        ("near miss: a deployment under way", with(calm(), |state| state.status = "UPDATE_IN_PROGRESS".into())),
        ("near miss: drift of the template before", with(drifted(), |state| state.deployed_at = Some(at("10:30")))),
        ("near miss: never detected", checked(calm(), |check| *check = Check::none(None))),
        ("near miss: nothing in it", with(drifted(), |state| state.status = "ROLLBACK_COMPLETE".into())),
        (
            "near miss: scaled by its service",
            with_drift(differs("AWS::ECS::Service", "/DesiredCount", Some("2"), Some("5"))),
        ),
        (
            "near miss: a tag of AWS's own",
            with_drift(differs("AWS::S3::Bucket", "/Tags/3", None, Some(r#"{"Key":"aws:backup:source","Value":"x"}"#))),
        ),
        (
            "cannot be looked at",
            checked(calm(), |check| {
                check.status = DriftStatus::Unknown;
                check.unchecked.push(unread());
            }),
        ),
        ("in a state in which it cannot be checked", with(calm(), |state| state.status = "DELETE_FAILED".into())),
        ("the stack is not readable", Facts { state: refused("AccessDenied"), ..drifted() }),
        ("no detection may be started", Facts { check: refused("AccessDenied"), ..calm() }),
        ("nothing was asked", Facts { check: Fact::NotRead, ..calm() }),
    ];
    insta::assert_snapshot!(table("stack-drifted", &Rules::default(), &cases));
}

#[test]
fn changes_by_hand() {
    let news = |change: ManualChange| Facts { news: Some(change), ..calm() };
    let of_topic = || ManualChange { logical: "Topic".into(), kind: "AWS::SNS::Topic".into(), ..by_jane("", "09:30") };
    let mut two = news(by_jane("Queue", "10:10"));
    two.remembered.changes = vec![by_jane("Queue", "10:01"), by_jane("Other", "10:05")];
    let undated = || {
        let mut change = by_jane("Queue", "10:10");
        change.caller.at = None;
        change
    };
    let cases = [
        ("just now", news(by_jane("Queue", "10:10"))),
        ("again, and another", two),
        ("remembered, and no detection looks at such a resource", drifted()),
        ("no time in the event", news(undated())),
        (
            "while a deployment is under way",
            with(news(by_jane("Queue", "11:10")), |state| {
                state.status = "UPDATE_IN_PROGRESS".into();
                state.deployed_at = Some(at("11:00"));
            }),
        ),
        ("the stack is not readable", Facts { state: refused("AccessDenied"), ..news(by_jane("Queue", "10:10")) }),
        ("near miss: deployed since", news(by_jane("Queue", "08:59"))),
        ("near miss: found in sync since", news(of_topic())),
        ("near miss: nobody", calm()),
    ];
    let mut text = table("stack-manual-change", &Rules::default(), &cases);
    let rules = Rules { allowed_principals: vec!["arn:aws:iam::*:role/Dev*".into()], ..Rules::default() };
    text.push_str(&table("stack-manual-change", &rules, &[("near miss: allowed", news(by_jane("Queue", "10:10")))]));
    insta::assert_snapshot!(text);
}

#[test]
fn termination_protection() {
    let open = || with(calm(), |state| state.protected = false);
    let named = |name: &str| Facts { stack: StackId::new(format!("{name}/1")).unwrap(), ..open() };
    let cases = [
        ("off", open()),
        ("off, while it is created", with(open(), |state| state.status = "CREATE_IN_PROGRESS".into())),
        ("not readable", Facts { state: refused("AccessDenied"), ..calm() }),
        ("near miss: on", calm()),
        ("near miss: nested", with(open(), |state| state.root = Some("shop".into()))),
        ("near miss: tagged", with(open(), |state| _ = state.tags.insert("rectify:ephemeral".into(), "true".into()))),
        ("near miss: of a stack set", named("StackSet-baseline-1")),
        ("near miss: being deleted", with(open(), |state| state.status = "DELETE_IN_PROGRESS".into())),
        ("near miss: never deployed", with(open(), |state| state.status = "REVIEW_IN_PROGRESS".into())),
    ];
    insta::assert_snapshot!(table("stack-termination-protection-off", &Rules::default(), &cases));
}

/// What is told about a finding stays the same from look to look: times and request ids are in no evidence.
#[test]
fn a_later_look_at_the_same_drift_is_the_same_finding() {
    let before = find("stack-drifted", &drifted(), &Rules::default()).unwrap();
    let mut later = checked(drifted(), |check| check.at = Some(at("22:00")));
    later.remembered.changes.clear();
    assert_eq!(find("stack-drifted", &later, &Rules::default()).unwrap().fingerprint(), before.fingerprint());
    let other = checked(drifted(), |check| check.drifts[0].differences[0].actual = Some("900".into()));
    assert_ne!(find("stack-drifted", &other, &Rules::default()).unwrap().fingerprint(), before.fingerprint());
}

#[test]
fn a_detection_is_due_once_a_day_after_a_deployment_and_after_a_change() {
    let stack = Target::Stack(id());
    let changed = |time| Target::Changed(id(), Box::new(by_jane("Queue", time)));
    let now = at("12:00");
    let due = |target: &Target, state: &State, checked_at: Option<Timestamp>| is_due(target, state, checked_at, now);
    assert!(due(&stack, &state(), None), "never checked");
    assert!(!due(&stack, &state(), Some(at("10:00"))), "checked two hours ago");
    let old = now.checked_sub(CHECK_EVERY + SignedDuration::from_mins(1)).unwrap();
    let long_ago = State { deployed_at: Some("2026-01-01T00:00:00Z".parse().unwrap()), ..state() };
    assert!(due(&stack, &long_ago, Some(old)), "checked yesterday");
    assert!(due(&stack, &state(), Some(at("08:00"))), "deployed since");
    assert!(due(&changed("10:00"), &state(), Some(at("10:00"))), "changed after it began");
    let at_once = State { deployed_at: None, ..state() };
    let half_a_second_later = at("10:00").checked_add(SignedDuration::from_millis(500)).unwrap();
    assert!(due(&changed("10:00"), &at_once, Some(half_a_second_later)), "CloudTrail knows no half seconds");
    assert!(!due(&changed("09:59"), &state(), Some(at("10:00"))), "that change is in it");
    assert!(!due(&Target::Checked(id()), &state(), Some(at("08:00"))), "a notice starts none");
    for status in ["UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_FAILED", "REVIEW_IN_PROGRESS"] {
        assert!(!due(&stack, &State { status: status.into(), ..state() }, None), "{status}");
    }
}

#[test]
fn a_change_set_is_executed_only_for_what_drifted_and_in_place() {
    let planned = |logical: &str, action: &str, replacement: Option<&str>| PlannedChange {
        logical: logical.into(),
        action: action.into(),
        replacement: replacement.map(str::to_owned),
    };
    let queue = || planned("Queue", "Modify", Some("False"));
    let resources = ["Queue".to_owned()];
    assert_eq!(objection(&[queue()], &resources), None);
    assert_eq!(objection(&[queue(), planned("Topic", "SyncWithActual", None)], &resources), None);
    for (plan, why) in [
        (vec![], "change nothing"),
        (vec![planned("Queue", "Modify", Some("True"))], "replace Queue"),
        (vec![planned("Queue", "Modify", Some("Conditional"))], "replace Queue"),
        (vec![queue(), planned("Topic", "Modify", Some("False"))], "also change Topic"),
        (vec![queue(), planned("Topic", "Modify", Some("True"))], "also change Topic"),
        (vec![planned("Queue", "Remove", None)], "not change Queue in place"),
        (vec![planned("Queue", "Add", None)], "not change Queue in place"),
        (vec![planned("Queue", "Dynamic", None)], "not change Queue in place"),
    ] {
        let objection = objection(&plan, &resources).unwrap();
        assert!(objection.contains(why), "{objection}");
    }
}

/// From the first sight of a manual change to its end: what each look leaves for the next.
#[test]
fn what_is_remembered_from_look_to_look() {
    let rules = Rules::default();
    let look = |mut facts: Facts, kept: &Option<Facts>| {
        if let Some(kept) = kept {
            CloudFormationStack::recall(&mut facts, kept);
        }
        let kept = CloudFormationStack::keep(&facts).or_else(|| kept.clone());
        (facts, kept)
    };
    assert_eq!(CloudFormationStack::keep(&calm()), None, "nothing is kept of a stack that never broke anything");

    // The call, before any detection saw it.
    let (facts, kept) = look(Facts { news: Some(by_jane("Queue", "10:10")), ..calm() }, &None);
    assert!(find("stack-manual-change", &facts, &rules).is_some() && find("stack-drifted", &facts, &rules).is_none());

    // The notice of the detection that it started knows who it was.
    let found = |at_time: &str| checked(with_drift(queue()), |check| check.at = Some(at(at_time)));
    let (facts, kept) = look(found("10:11"), &kept);
    let summary = find("stack-drifted", &facts, &rules).unwrap().summary;
    assert!(summary.contains("jane.doe@example.com as Developer with SetQueueAttributes"), "{summary}");

    // Somebody deploys: what was found stands until it is detected again.
    let deploying = |status: &str| {
        with(found("10:11"), |state| {
            state.status = status.into();
            state.deployed_at = Some(at("11:00"));
        })
    };
    for status in ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] {
        let (facts, _) = look(deploying(status), &kept);
        let finding = find("stack-drifted", &facts, &rules).unwrap();
        assert!(finding.state == How::Live && finding.changes.is_empty(), "{status}: not on old news");
        assert_eq!(find("stack-manual-change", &facts, &rules).map(|found| found.summary), None, "deployed since");
    }
    let (_, kept) = look(deploying("UPDATE_COMPLETE"), &kept);

    // And then it is over, and nothing is left.
    let clean =
        with(checked(calm(), |check| check.at = Some(at("11:05"))), |state| state.deployed_at = Some(at("11:00")));
    let (facts, kept) = look(clean.clone(), &kept);
    assert_eq!(find("stack-drifted", &facts, &rules).map(|found| found.summary), None);
    let (facts, _) = look(clean, &kept);
    assert_eq!(facts.remembered, Remembered::default());
}
