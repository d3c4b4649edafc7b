//! What an object is that is no record by itself.

use std::{borrow::Cow, collections::BTreeMap};

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Forms in which records come, and forms that have none.
#[derive(Debug)]
pub(crate) enum Form<'a> {
    /// An event as EventBridge has it.
    Envelope,
    /// An object with records in it, as values.
    Records(Vec<&'a str>),
    /// An object with records in it, as texts.
    Texts(Vec<Cow<'a, str>>),
    /// Something that CloudTrail and others write too.
    Other(&'static str),
    /// Nothing that should be in a log.
    Broken,
}

/// Names that tell forms apart. Each is optional, and none is looked into.
#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    /// CloudTrail's files, where something stands before them.
    #[serde(borrow, rename = "Records")]
    records: Option<Vec<&'a RawValue>>,
    /// One event of `aws cloudtrail lookup-events`.
    #[serde(borrow, rename = "CloudTrailEvent")]
    lookup: Option<Cow<'a, str>>,
    /// What CloudWatch Logs sends to a subscriber.
    #[serde(borrow, rename = "logEvents")]
    log_events: Option<Vec<LogEvent<'a>>>,
    /// One line of `aws logs filter-log-events`, or of an SQS queue.
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    /// A row of CloudTrail Lake.
    #[serde(borrow, alias = "eventjson")]
    event_json: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "digestStartTime")]
    digest: Option<&'a RawValue>,
    #[serde(borrow, rename = "insightDetails")]
    insight: Option<&'a RawValue>,
    #[serde(borrow, rename = "configurationItems")]
    config: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct LogEvent<'a> {
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

/// What `text`, an object, is.
pub(crate) fn form(text: &str) -> Form<'_> {
    let Ok(names) = serde_json::from_str::<Names<'_>>(text) else {
        return if is_other_json(text) { Form::Other("JSON without records") } else { Form::Broken };
    };
    if names.detail_type.is_some() && names.detail.is_some() {
        Form::Envelope
    } else if let Some(records) = names.records {
        Form::Records(records.into_iter().map(RawValue::get).collect())
    } else if let Some(events) = names.log_events {
        Form::Texts(events.into_iter().filter_map(|event| event.message).collect())
    } else if let Some(one) = names.lookup.or(names.event_json) {
        Form::Texts(vec![one])
    } else if let Some(message) = names.message.filter(|message| message.trim_start().starts_with('{')) {
        Form::Texts(vec![message])
    } else if names.digest.is_some() {
        Form::Other("CloudTrail digests")
    } else if names.insight.is_some() {
        Form::Other("CloudTrail Insights")
    } else if names.config.is_some() {
        Form::Other("AWS Config history")
    } else if looks_like_a_record(text) {
        wrapped(text)
    } else {
        Form::Other("JSON without records")
    }
}

/// Records under names that other systems gave them (`_source`, `result`, `log`, …), as values or as texts. An object that is meant to
/// be a record itself has none.
fn wrapped(text: &str) -> Form<'_> {
    let Ok(fields) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(text) else { return Form::Broken };
    if ["eventVersion", "eventSource", "userIdentity"].iter().any(|own| fields.contains_key(*own)) {
        return Form::Broken;
    }
    let records = fields.into_values().map(RawValue::get).filter(|value| has_a_name(value));
    let texts: Vec<Cow<'_, str>> = records
        .filter_map(|value| match value.as_bytes().first() {
            Some(b'{' | b'[') => Some(Cow::Borrowed(value)),
            Some(b'"') => serde_json::from_str::<String>(value).ok().map(Cow::Owned),
            _ => None,
        })
        .collect();
    if texts.is_empty() { Form::Broken } else { Form::Texts(texts) }
}

fn has_a_name(value: &str) -> bool {
    memmem::find(value.as_bytes(), b"eventName").is_some()
}

fn is_other_json(text: &str) -> bool {
    !looks_like_a_record(text) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A record whose name is missing is a broken record and no other thing.
fn looks_like_a_record(text: &str) -> bool {
    // Without quotes: in a text inside the text they have backslashes.
    let has = |key: &str| memmem::find(text.as_bytes(), key.as_bytes()).is_some();
    ["eventVersion", "eventSource", "userIdentity"].iter().any(|key| has(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let envelope = r#"{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","detail":{"eventName":"A"}}"#;
        assert!(matches!(form(envelope), Form::Envelope));
        assert!(
            matches!(form(r#"{"a":1,"Records":[{"eventName":"A"},{}]}"#), Form::Records(records) if records.len() == 2)
        );
        assert!(
            matches!(form(r#"{"EventId":"1","CloudTrailEvent":"{\"eventName\":\"A\"}"}"#), Form::Texts(texts) if texts == [r#"{"eventName":"A"}"#])
        );
        assert!(matches!(form(r#"{"logEvents":[{"id":"1","message":"{}"}]}"#), Form::Texts(texts) if texts.len() == 1));
        assert!(matches!(form(r#"{"digestStartTime":"2025"}"#), Form::Other("CloudTrail digests")));
        assert!(matches!(
            form(r#"{"eventVersion":"1.07","insightDetails":{"eventName":"A"}}"#),
            Form::Other("CloudTrail Insights")
        ));
        assert!(matches!(form(r#"{"name":"left-pad"}"#), Form::Other("JSON without records")));
        assert!(matches!(form(r#"{"eventVersion":"1.08"}"#), Form::Broken));
        let elastic = r#"{"_index":"a","_source":{"eventSource":"s3.amazonaws.com","eventName":"A"}}"#;
        assert!(
            matches!(form(elastic), Form::Texts(texts) if texts == [r#"{"eventSource":"s3.amazonaws.com","eventName":"A"}"#])
        );
        let splunk = r#"{"preview":false,"_raw":"{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"A\"}"}"#;
        assert!(matches!(form(splunk), Form::Texts(texts) if texts.len() == 1));
        assert!(matches!(form("{nonsense}"), Form::Broken));
    }
}
