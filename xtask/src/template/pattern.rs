//! The event pattern of a guard's rule, as YAML to read.

use std::fmt::Write as _;

use rectify_controls::{
    Trigger,
    pattern::{API_CALL, names, services, sources},
};

/// [`rectify_controls::pattern::event_pattern`] as YAML.
pub(super) fn yaml(triggers: &[Trigger]) -> String {
    let mut out = format!(
        "source: [{}]\ndetail-type: [{API_CALL}]\ndetail:\n  eventSource: [{}]\n  eventName:\n",
        sources(triggers).join(", "),
        services(triggers).join(", ")
    );
    for name in names(triggers) {
        let _ = writeln!(out, "    - {name}");
    }
    out.push_str("  errorCode: [{exists: false}]\n");
    out
}
