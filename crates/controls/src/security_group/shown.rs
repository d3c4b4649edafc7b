//! A group's rules as messages show them.

use serde_json::{Value, json};

use super::{
    Facts, Rule,
    facts::{Notes, said},
};

/// See [`crate::Kind::shown`].
pub(super) fn shown(facts: &Facts, slot: &str) -> Option<Value> {
    let rules = facts.rules.known()?;
    match slot {
        "ingress" => Some(rules.ingress.iter().map(|rule| shown_rule(rule, "from")).collect()),
        "egress" => Some(rules.egress.iter().map(|rule| shown_rule(rule, "to")).collect()),
        _ => None,
    }
}

fn shown_rule(rule: &Rule, word: &str) -> Value {
    let what = said(&rule.what, word);
    let Notes { description, tags } = &rule.notes;
    match (description, tags.is_empty()) {
        (None, true) => Value::String(what),
        (Some(description), true) => json!({ "Rule": what, "Description": description }),
        (description, false) => json!({ "Rule": what, "Description": description, "Tags": tags }),
    }
}
