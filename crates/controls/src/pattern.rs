//! What has to be on a bus to wake a guard: the pattern of its rule, for the template that makes the rule and for whoever
//! looks at the rule afterwards.

use serde_json::{Value, json};

use crate::{Notice, Trigger};

/// The `detail-type` of the events that wake a guard.
pub const API_CALL: &str = "AWS API Call via CloudTrail";

/// The event pattern for these `triggers` and `notices`: a CloudTrail call of one of these names, of one of these services,
/// that did not fail, or one of these events of a service itself. With several services the names are a union: the guard decides
/// by service and name.
///
/// The services' own `source` is part of it, because nobody but AWS can put an event with one (EventBridge API reference,
/// `PutEventsRequestEntry`: a source must not begin with `aws.`).
#[must_use]
pub fn event_pattern(triggers: &[Trigger], notices: &[Notice]) -> Value {
    let calls = json!({
        "source": sources(triggers),
        "detail-type": [API_CALL],
        "detail": {
            "eventSource": services(triggers),
            "eventName": names(triggers).into_iter().map(Value::from).chain(dated(triggers).map(|begin| json!({"prefix": begin}))).collect::<Vec<_>>(),
            "errorCode": [{"exists": false}],
        },
    });
    if notices.is_empty() {
        return calls;
    }
    let notices = notices.iter().map(|notice| json!({"source": [notice.source], "detail-type": [notice.detail_type]}));
    json!({ "$or": std::iter::once(calls).chain(notices).collect::<Vec<_>>() })
}

/// EventBridge's `source` of each service: `aws.s3` of `s3.amazonaws.com` (EventBridge user guide, "AWS service events
/// delivered via AWS CloudTrail").
#[must_use]
pub fn sources(triggers: &[Trigger]) -> Vec<String> {
    unique(triggers.iter().map(|trigger| {
        let service = trigger.source.split('.').next().unwrap_or_default();
        format!("aws.{service}")
    }))
}

/// CloudTrail's `eventSource` of each service.
#[must_use]
pub fn services(triggers: &[Trigger]) -> Vec<&'static str> {
    unique(triggers.iter().map(|trigger| trigger.source))
}

/// The calls' names.
#[must_use]
pub fn names(triggers: &[Trigger]) -> Vec<&'static str> {
    unique(triggers.iter().map(|trigger| trigger.name))
}

/// Services whose calls CloudTrail names with the API's date behind them, some of them and some of the time: published records
/// have `UpdateDistribution` and `PublishFunction2020_05_31`.
pub const DATED: &[&str] = &["cloudfront.amazonaws.com"];

/// How the calls' names begin where a date is behind them. Dates are of this century.
pub fn dated(triggers: &[Trigger]) -> impl Iterator<Item = String> + '_ {
    triggers.iter().filter(|trigger| DATED.contains(&trigger.source)).map(|trigger| format!("{}20", trigger.name))
}

/// Whether CloudTrail's `name` is the trigger's, with the API's date behind it or without.
pub(crate) fn is_named(trigger: &Trigger, name: &str) -> bool {
    let is_date = |rest: &str| rest.starts_with("20") && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    match name.strip_prefix(trigger.name) {
        Some("") => true,
        Some(rest) => DATED.contains(&trigger.source) && is_date(rest),
        None => false,
    }
}

/// In the rule book's order, each once.
fn unique<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for item in items {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    seen
}
