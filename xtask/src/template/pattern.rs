//! The event pattern of a guard's rule, as YAML to read.

use std::fmt::Write as _;

use rectify_controls::{
    Notice, Trigger,
    pattern::{API_CALL, dated, names, services, sources},
};

/// [`rectify_controls::pattern::event_pattern`] as YAML.
pub(super) fn yaml(triggers: &[Trigger], notices: &[Notice]) -> String {
    let calls = calls(triggers);
    if notices.is_empty() {
        return calls;
    }
    let mut out = "$or:\n".to_owned();
    for (at, line) in calls.lines().enumerate() {
        let _ = writeln!(out, "  {} {line}", if at == 0 { "-" } else { " " });
    }
    for notice in notices {
        let _ = write!(out, "  - source: [{}]\n    detail-type: [{}]\n", notice.source, notice.detail_type);
    }
    out
}

fn calls(triggers: &[Trigger]) -> String {
    let mut out = format!(
        "source: [{}]\ndetail-type: [{API_CALL}]\ndetail:\n  eventSource: [{}]\n  eventName:\n",
        sources(triggers).join(", "),
        services(triggers).join(", ")
    );
    for name in names(triggers) {
        let _ = writeln!(out, "    - {name}");
    }
    for begin in dated(triggers) {
        let _ = writeln!(out, "    - {{prefix: {begin}}}");
    }
    out.push_str("  errorCode: [{exists: false}]\n");
    out
}

#[cfg(test)]
mod tests {
    use rectify_controls::{Notice, pattern::event_pattern};

    use super::yaml;
    use crate::kinds::sample::LAMP;

    #[test]
    fn the_text_says_what_the_pattern_says() {
        let notice = Notice { source: "aws.lamp", detail_type: "Lamp Broke", controls: &["lamp-loose"], example: "" };
        for notices in [&[][..], &[notice]] {
            let read: serde_json::Value = yaml_serde::from_str(&yaml(LAMP.triggers, notices)).unwrap();
            assert_eq!(read, event_pattern(LAMP.triggers, notices));
        }
    }
}
