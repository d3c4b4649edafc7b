//! The parts of a stack as messages show them.

use serde_json::{Map, Value, json};

use super::{Facts, model};

/// The part `slot` of `facts`; `None` when it was not read.
pub(super) fn shown(facts: &Facts, slot: &str) -> Option<Value> {
    match slot {
        model::PROTECTION => facts.state.known().map(|state| json!({ "EnableTerminationProtection": state.protected })),
        // What differs, as it stands. What the template says stands in the evidence.
        model::DRIFT if facts.current().is_some() || !facts.remembered.drifts.is_empty() => {
            let drifts = facts.drifts().iter().map(|drift| {
                let value = if drift.deleted {
                    Value::String("deleted".to_owned())
                } else {
                    let properties =
                        drift.differences.iter().map(|one| (one.path.clone(), json!(one.actual))).collect();
                    Value::Object(properties)
                };
                (drift.logical.clone(), value)
            });
            Some(Value::Object(drifts.collect::<Map<_, _>>()))
        }
        _ => None,
    }
}
