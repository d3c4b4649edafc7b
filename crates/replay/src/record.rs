//! What a record is called and when it was, without parsing it.

use jiff::Timestamp;
use memchr::{memmem, memrchr};
use serde::Deserialize;

use crate::scan::Object;

const NAME: &[u8] = b"\"eventName\"";
const SOURCE: &[u8] = b"\"eventSource\":\"";
const TIME_KEY: &[u8] = b"\"eventTime\"";
const TIME: &[u8] = b"\"eventTime\":\"";

/// A record's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Called<'w> {
    /// Bytes that are the same for every record of this service and call in this form of file: a key for whoever counts.
    pub(crate) key: &'w [u8],
    /// `eventSource`, when it stands right before the name, as in every file that CloudTrail writes.
    pub(crate) source: Option<&'w [u8]>,
    /// `eventName`.
    pub(crate) name: &'w [u8],
}

/// Service and call of `object`, which has its name at `name`. `None` when the name is no plain string.
pub(crate) fn called<'w>(object: &Object<'w>, name: usize) -> Option<Called<'w>> {
    let text = object.text;
    let value = plain(text.get(name + NAME.len()..)?.trim_ascii_start().strip_prefix(b":")?)?;
    let end = offset(text, value) + value.len();
    let source = before(text, name).and_then(|end| {
        let begin = memrchr(b'"', text.get(..end)?)? + 1;
        let key = begin.checked_sub(SOURCE.len())?;
        (text.get(key..begin)? == SOURCE).then_some((begin, end))
    });
    match source {
        Some((begin, source)) => {
            Some(Called { key: text.get(begin..end)?, source: Some(text.get(begin..source)?), name: value })
        }
        None => Some(Called { key: &[], source: None, name: value }),
    }
}

/// Where the string ends that stands before the key at `at`, its closing quote not counted.
fn before(text: &[u8], at: usize) -> Option<usize> {
    let text = text.get(..at)?.strip_suffix(b",")?;
    text.strip_suffix(b"\"").map(<[u8]>::len)
}

/// The string that `text` begins with, when nothing in it is escaped.
fn plain(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_start().strip_prefix(b"\"")?;
    let value = text.get(..memchr::memchr(b'"', text)?)?;
    (!value.contains(&b'\\')).then_some(value)
}

/// Where `part` begins in `text`, of which it is a part.
pub(crate) fn offset(text: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// Service and call by a parser: for records in any other form. `None` when it is no JSON, or names no call. A record that somebody
/// took the service from has an empty one.
pub(crate) fn parsed(text: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Names {
        event_source: Option<String>,
        event_name: String,
    }
    // Bytes that are no text are replaced: the record still counts.
    let text = &*String::from_utf8_lossy(text);
    let names: Result<Names, _> = serde_json::from_str(text);
    if let Ok(names) = names {
        return Some((names.event_source.unwrap_or_default(), names.event_name));
    }
    // What the derived reader refuses and a parser does not: a key that is there twice, a service that is no text.
    let mut all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let mut text = |key| match all.remove(key) {
        Some(serde_json::Value::String(text)) => Some(text),
        _ => None,
    };
    let name = text("eventName")?;
    Some((text("eventSource").unwrap_or_default(), name))
}

/// When `object` was, `2025-07-10T12:35:26Z`. Looked for where CloudTrail has it, right before the service; a record that has it
/// elsewhere, or another thing of this name before it, gives what stands there.
pub(crate) fn time<'w>(object: &Object<'w>, called: &Called<'w>) -> Option<&'w [u8; 20]> {
    let text = object.text;
    let near = called.source.and_then(|source| {
        let end = offset(text, source).checked_sub(SOURCE.len())?;
        let begin = before(text, end)?.checked_sub(20)?;
        text.get(..begin)?.ends_with(TIME).then_some(begin)
    });
    let begin = near.or_else(|| spaced(text))?;
    text.get(begin..begin + 20)?.first_chunk().filter(|time| time.ends_with(b"Z"))
}

/// Where the value of the first key `eventTime` begins, whatever spaces are around it.
fn spaced(text: &[u8]) -> Option<usize> {
    memmem::find_iter(text, TIME_KEY).find_map(|at| {
        let rest = text.get(at + TIME_KEY.len()..)?.trim_ascii_start().strip_prefix(b":")?;
        Some(offset(text, rest.trim_ascii_start().strip_prefix(b"\"")?))
    })
}

/// When a record says it was. Other systems leave out the `Z` and write a space: times of CloudTrail are UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{}Z", text.trim().replacen(' ', "T", 1)).parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Scanner;

    fn of(text: &str) -> (Option<(Option<String>, String)>, Option<String>) {
        let mut found = Vec::new();
        Scanner::new().objects(text.as_bytes(), true, |object| {
            let called = object.name.and_then(|name| called(&object, name));
            let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let when = called.and_then(|called| time(&object, &called)).map(|time| string(time));
            found.push((called.map(|called| (called.source.map(string), string(called.name))), when));
        });
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn as_cloudtrail_writes_it() {
        let text = r#"{"eventVersion":"1.08","eventTime":"2025-07-10T12:35:26Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","x":1}"#;
        let (called, time) = of(text);
        assert_eq!(called, Some((Some("s3.amazonaws.com".to_owned()), "PutBucketAcl".to_owned())));
        assert_eq!(time.as_deref(), Some("2025-07-10T12:35:26Z"));
    }

    #[test]
    fn in_any_other_order_only_a_parser_knows_the_service() {
        let text = r#"{ "eventName" : "PutBucketAcl", "eventTime":"2025-07-10T12:35:26Z", "eventSource": "s3.amazonaws.com" }"#;
        let (called, time) = of(text);
        assert_eq!(called, Some((None, "PutBucketAcl".to_owned())));
        assert_eq!(time.as_deref(), Some("2025-07-10T12:35:26Z"));
        assert_eq!(parsed(text.as_bytes()), Some(("s3.amazonaws.com".to_owned(), "PutBucketAcl".to_owned())));
        let spaced = r#"{"x": "\"eventTime\"", "eventTime" :  "2025-07-10T12:35:26Z", "eventName": "A"}"#;
        assert_eq!(of(spaced).1.as_deref(), Some("2025-07-10T12:35:26Z"));
    }

    #[test]
    fn a_service_that_stands_elsewhere_is_not_taken_for_the_call_s_own() {
        let text = r#"{"a":"\"eventSource\":\"x","eventName":"A"}"#;
        assert_eq!(of(text).0, Some((None, "A".to_owned())));
    }

    #[test]
    fn moments() {
        let expected: Timestamp = "2022-11-21T18:06:52Z".parse().unwrap();
        for text in
            ["2022-11-21T18:06:52Z", "2022-11-21 18:06:52", "2022-11-21T18:06:52.000Z", "2022-11-21T20:06:52+02:00"]
        {
            assert_eq!(moment(text), Some(expected), "{text}");
        }
        for text in ["", "yesterday", "2022-13-41T00:00:00Z", "1669054012"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_that_is_no_plain_string_is_left_to_a_parser() {
        for text in [r#"{"eventName":1}"#, r#"{"eventName":"a\u0062"}"#, r#"{"eventName":null}"#] {
            assert_eq!(of(text).0, None, "{text}");
        }
    }
}
