//! One plan out of several findings.

use crate::{Kind, Selection};

/// The changes that put every control in `correct` right, in order, each slot written once.
///
/// Findings of one resource share slots (three controls write the public access block), and a change computed on the facts
/// as they stood would undo the one before it. So each finding is judged again on the facts as the plan so far would leave
/// them ([`Kind::simulate`]), and a slot that is written twice is written once: at the place of the first write, so that
/// the exposure is still closed first, with what both write ([`Kind::merged`]).
///
/// Controls that no longer break, or have no change, add nothing.
#[must_use]
pub fn plan<K: Kind>(facts: &K::Facts, rules: &K::Rules, correct: &Selection) -> Vec<K::Change> {
    let mut state = facts.clone();
    let mut plan: Vec<K::Change> = Vec::new();
    for control in K::CONTROLS.iter().map(|control| control.id).filter(|id| correct.contains(id)) {
        for finding in K::judge(&state, rules, &Selection::from([control])) {
            for change in finding.changes {
                K::simulate(&mut state, &change);
                match plan.iter_mut().find(|earlier| K::slot(earlier) == K::slot(&change)) {
                    Some(earlier) => *earlier = K::merged(earlier.clone(), change),
                    None => plan.push(change),
                }
            }
        }
    }
    plan
}
