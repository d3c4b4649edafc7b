//! Reading what a request asked for, out of JSON that differs from service to service and from year to year: keys in any case, a
//! list of one without its brackets, numbers and flags as text or as themselves.

use rectify_event::{Detail, Event, Record};
use serde_json::Value;

/// The record of an API call that succeeded and may have changed something. A failed call says nothing of how anything stands.
pub(crate) fn done<'e, 'a>(event: &'e Event<'a>) -> Option<&'e Record<'a>> {
    match &event.detail {
        Detail::ApiCall(record) if !record.failed() && record.read_only != Some(true) => Some(record),
        _ => None,
    }
}

/// The record of a call that [`done`] finds, when it is one of `hints`.
pub(crate) fn hint<'e, 'a>(event: &'e Event<'a>, hints: &[(&str, &str)]) -> Option<&'e Record<'a>> {
    let name = |record: &&Record<'_>| crate::pattern::undated(&record.event_source, &record.event_name).to_owned();
    done(event).filter(|record| hints.contains(&(record.event_source.as_ref(), name(record).as_str())))
}

/// The day of the event, `2023-04-01`, so that days compare as text.
pub(crate) fn day<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    let recorded = done(event).and_then(|record| record.event_time.as_deref());
    let is_day = |day: &&str| {
        day.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
    };
    [recorded, event.envelope.time.as_deref()].into_iter().flatten().find_map(|time| time.get(..10).filter(is_day))
}

/// The field of this name, its case not counting; a list of one object is stepped through.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let value = match value {
        Value::Array(items) if items.len() == 1 => items.first()?,
        other => other,
    };
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The text of a field.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    field(value, name)?.as_str()
}

/// A word, whatever CloudTrail made of it: XML has no numbers and no flags, and `true` in a tag becomes one.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// An account, whose leading noughts a number has lost.
pub(crate) fn account(value: &Value) -> Option<String> {
    scalar(value).map(|id| match value {
        Value::Number(_) => format!("{id:0>12}"),
        _ => id,
    })
}

/// A flag, as itself or as text.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(on) => Some(*on),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A whole number, as itself or as text.
pub(crate) fn whole(value: &Value) -> Option<i32> {
    match value {
        Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// What is not there: no field, nothing in it, or an XML element with nothing in it.
pub(crate) fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    }
}

/// What [`each`] finds in a list, or nothing where it is not there.
pub(crate) fn each(value: Option<&Value>) -> Vec<&Value> {
    match value {
        list if is_empty(list) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// Every text in `value`, however deep; JSON that was parsed is at most 128 levels deep.
pub(crate) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// `Known` when the request says it, `NotRead` when it does not.
pub(crate) fn told<T>(said: Option<T>) -> crate::Fact<T> {
    said.map_or(crate::Fact::NotRead, crate::Fact::Known)
}
