//! What holds for every kind, whatever it is about. A kind's tests bring generated facts; the laws are the same for all.
//!
//! Included with `#[path]` by each kind's tests, because a test binary is a crate of its own.

use std::collections::BTreeSet;

use proptest::{prelude::*, test_runner::TestCaseError};
use rectify_controls::{Finding, Kind, Selection, State, plan};
use serde_json::Value;

/// What one case comes to.
pub(crate) type Lawful = Result<(), TestCaseError>;

/// `facts` after `changes`, by the kind's own model.
pub(crate) fn after<K: Kind>(facts: &K::Facts, changes: &[K::Change]) -> K::Facts {
    let mut facts = facts.clone();
    for change in changes {
        K::simulate(&mut facts, change);
    }
    facts
}

/// Every control of the kind.
pub(crate) fn every<K: Kind>() -> Selection {
    K::CONTROLS.iter().map(|control| control.id).collect()
}

/// Any controls of the kind, at least one.
pub(crate) fn selection<K: Kind>() -> impl Strategy<Value = Selection> {
    let controls: Vec<&'static str> = K::CONTROLS.iter().map(|control| control.id).collect();
    let most = controls.len();
    prop::sample::subsequence(controls, 1..=most).prop_map(|ids| ids.into_iter().collect())
}

fn live<C>(findings: &[Finding<C>], control: &str) -> bool {
    findings.iter().any(|finding| finding.control.id == control && finding.state == State::Live)
}

/// All laws for one resource: what a finding says it can put right is right after the plan; planning twice is planning once; the undo
/// restores the facts exactly; each part that is written can be shown; facts and changes survive the ledger; the law is a
/// function, control by control; evidence is there and the fingerprint stays.
pub(crate) fn hold<K: Kind>(facts: &K::Facts, rules: &K::Rules, correct: &Selection) -> Lawful {
    let before = K::judge(facts, rules, correct);
    let changes = plan::<K>(facts, rules, correct);
    let fixed = after::<K>(facts, &changes);
    let left = K::judge(&fixed, rules, correct);
    for finding in before.iter().filter(|finding| !finding.changes.is_empty()) {
        prop_assert!(finding.state == State::Live, "only what is live is put right: {:?}", finding);
        prop_assert!(!live(&left, finding.control.id), "{} is still live: {:?}", finding.control.id, left);
    }
    prop_assert!(left.iter().all(|finding| finding.changes.is_empty()), "more could be done: {:?}", left);
    prop_assert_eq!(plan::<K>(&fixed, rules, correct), vec![], "planning twice");
    if !changes.is_empty() {
        let undo = K::undo(facts, &changes);
        prop_assert!(undo.is_some(), "a plan that cannot be undone: {:?}", changes);
        prop_assert_eq!(&after::<K>(&fixed, &undo.unwrap_or_default()), facts, "the undo of {:?}", changes);
    }
    for change in &changes {
        prop_assert!(K::shown(facts, K::slot(change)).is_some(), "no part `{}` to show", K::slot(change));
        let text = serde_json::to_string(change).unwrap();
        prop_assert_eq!(&serde_json::from_str::<K::Change>(&text).unwrap(), change);
        prop_assert!(!change.to_string().is_empty());
    }
    let text = serde_json::to_string(facts).unwrap();
    prop_assert_eq!(&serde_json::from_str::<K::Facts>(&text).unwrap(), facts, "through the ledger");
    let singly = K::CONTROLS.iter().filter(|control| correct.contains(control.id));
    let singly = singly.flat_map(|control| K::judge(facts, rules, &Selection::from([control.id])));
    let view = |finding: &Finding<K::Change>| format!("{finding:?}");
    prop_assert_eq!(before.iter().map(view).collect::<Vec<_>>(), singly.map(|f| view(&f)).collect::<Vec<_>>());
    for finding in &before {
        prop_assert!(!finding.evidence.is_empty() && !finding.summary.is_empty(), "{:?}", finding);
        prop_assert!(!finding.summary.ends_with('.'), "{}", finding.summary);
    }
    Ok(())
}

/// A resource of which a fact is missing is silent only where every filling of the gap would be: each `known` of the facts is
/// replaced by «refused» and by «not read», one at a time, and no control that was broken goes silent. `opinions` are the names of
/// facts that only add to others.
pub(crate) fn ignorance_is_never_silence<K: Kind>(facts: &K::Facts, rules: &K::Rules, opinions: &[&str]) -> Lawful {
    let all = every::<K>();
    let broken = |facts: &K::Facts| -> BTreeSet<&'static str> {
        K::judge(facts, rules, &all).iter().map(|finding| finding.control.id).collect()
    };
    let seen = broken(facts);
    let whole = serde_json::to_value(facts).unwrap();
    for pointer in known(&whole, "") {
        if opinions.iter().any(|name| pointer.ends_with(&format!("/{name}"))) {
            continue;
        }
        let refused =
            serde_json::json!({"unreadable": {"operation": "Get", "code": "AccessDenied", "request_id": null}});
        for gap in [refused, Value::String("not_read".to_owned())] {
            let mut blind = whole.clone();
            *blind.pointer_mut(&pointer).unwrap() = gap;
            let blind: K::Facts = serde_json::from_value(blind).unwrap();
            let unseen = broken(&blind);
            prop_assert!(seen.is_subset(&unseen), "silent without {}: {:?} became {:?}", pointer, seen, unseen);
            for finding in K::judge(&blind, rules, &all) {
                prop_assert!(finding.state == State::Live || finding.changes.is_empty());
            }
        }
    }
    Ok(())
}

/// JSON pointers to everything that is `{"known": …}`.
fn known(value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            if fields.len() == 1 && fields.contains_key("known") {
                found.push(at.to_owned());
            }
            for (name, field) in fields {
                found.extend(known(field, &format!("{at}/{name}")));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(known(item, &format!("{at}/{index}")));
            }
        }
        _ => {}
    }
    found
}
