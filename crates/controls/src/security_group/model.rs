//! What a change does to the facts, and what undoes it: the model that the properties are stated on.

use super::{Change, Facts, Stand};

pub(super) fn slot(change: &Change) -> &'static str {
    match change {
        Change::Ingress(_) => "ingress",
        Change::Egress(_) => "egress",
    }
}

pub(super) fn inverse(before: &Facts, change: &Change) -> Option<Change> {
    let rules = before.rules.known()?;
    Some(match change {
        Change::Ingress(stands) => Change::Ingress(Stand::as_in(stands, &rules.ingress)),
        Change::Egress(stands) => Change::Egress(Stand::as_in(stands, &rules.egress)),
    })
}

pub(super) fn simulate(facts: &mut Facts, change: &Change) {
    let Some(rules) = facts.rules.known_mut() else { return };
    match change {
        Change::Ingress(stands) => Stand::set(stands, &mut rules.ingress),
        Change::Egress(stands) => Stand::set(stands, &mut rules.egress),
    }
}

/// See [`crate::Kind::merged`].
pub(super) fn merged(earlier: Change, later: Change) -> Change {
    match (earlier, later) {
        (Change::Ingress(earlier), Change::Ingress(later)) => Change::Ingress(Stand::both(earlier, later)),
        (Change::Egress(earlier), Change::Egress(later)) => Change::Egress(Stand::both(earlier, later)),
        (_, later) => later,
    }
}
