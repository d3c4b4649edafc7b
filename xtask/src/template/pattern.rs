//! The event pattern of a guard's rule.

use std::fmt::Write as _;

use rectify_controls::Trigger;
use serde_json::{Value, json};

const DETAIL_TYPE: &str = "AWS API Call via CloudTrail";

/// What has to be on a bus to wake a guard with these `triggers`: a CloudTrail call of one of these names, of one of these
/// services, that did not fail. With several services the names are a union: the guard decides by service and name.
pub(super) fn json(triggers: &[Trigger]) -> Value {
    json!({
        "detail-type": [DETAIL_TYPE],
        "detail": {
            "eventSource": sources(triggers),
            "eventName": names(triggers),
            "errorCode": [{"exists": false}],
        },
    })
}

/// The same as [`json`], as YAML to read.
pub(super) fn yaml(triggers: &[Trigger]) -> String {
    let mut out = format!(
        "detail-type: [{DETAIL_TYPE}]\ndetail:\n  eventSource: [{}]\n  eventName:\n",
        sources(triggers).join(", ")
    );
    for name in names(triggers) {
        let _ = writeln!(out, "    - {name}");
    }
    out.push_str("  errorCode: [{exists: false}]\n");
    out
}

fn sources(triggers: &[Trigger]) -> Vec<&'static str> {
    unique(triggers.iter().map(|trigger| trigger.source))
}

fn names(triggers: &[Trigger]) -> Vec<&'static str> {
    unique(triggers.iter().map(|trigger| trigger.name))
}

/// In the rule book's order, each once.
fn unique(items: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    for item in items {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    seen
}
