//! Reading optional fields so that a surprise in one of them costs that field and not the event.
//!
//! Every function here is a serde `deserialize_with`. It takes the raw text of the field first, which fails only when the
//! event is not JSON at all, and then reads what it can: a field of the wrong type reads as absent.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

/// A string.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(string(<&RawValue>::deserialize(deserializer)?.get()))
}

/// A string that must be there.
pub(crate) fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    string(<&RawValue>::deserialize(deserializer)?.get()).ok_or_else(|| D::Error::custom("expected a string"))
}

/// A string; `null` is absent, and anything else is its own JSON text. For a field whose presence alone matters.
pub(crate) fn text_or_json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?.get();
    Ok(match json {
        "null" => None,
        json => Some(string(json).unwrap_or(Cow::Borrowed(json))),
    })
}

/// The strings of a list; other elements are left out.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Cow<'de, str>>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(elements(raw).map(|elements| elements.into_iter().filter_map(|element| string(element.get())).collect()))
}

/// `true` or `false`, also as a string: CloudTrail writes `mfaAuthenticated` so, and log pipelines do it to the rest.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match <&RawValue>::deserialize(deserializer)?.get() {
        "true" | "\"true\"" => Some(true),
        "false" | "\"false\"" => Some(false),
        _ => None,
    })
}

/// A number.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(serde_json::from_str(<&RawValue>::deserialize(deserializer)?.get()).ok())
}

/// An object, unparsed.
pub(crate) fn raw_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(is_object(raw).then_some(raw))
}

/// Anything but `null`, unparsed.
pub(crate) fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok((raw.get() != "null").then_some(raw))
}

/// A structure whose fields are lenient themselves.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(structure(<&RawValue>::deserialize(deserializer)?))
}

/// The structures of a list; other elements are left out, and anything but a list is an empty one.
pub(crate) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(elements(raw).unwrap_or_default().into_iter().filter_map(structure).collect())
}

/// A structure out of an object. A derived structure would also take a list, field by field in our order.
fn structure<'de, T: Deserialize<'de>>(raw: &'de RawValue) -> Option<T> {
    is_object(raw).then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// The string that `json` is, borrowed when nothing in it is escaped.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let text = serde_json::from_str(json).or_else(|_| serde_json::from_str(&with_whole_surrogates(json)));
    text.ok().map(Cow::Owned)
}

/// `json` with `\ufffd` for each half of a surrogate pair that lacks its other half.
///
/// Such halves are valid JSON but not text. Whoever may choose a tag or a user agent could otherwise make the request
/// that carries it unreadable.
pub(crate) fn with_whole_surrogates(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escape)) = rest.split_once('\\') {
        whole.push_str(before);
        whole.push('\\');
        rest = match code_unit(escape) {
            Some((0xD800..=0xDBFF, after)) => match after.strip_prefix('\\').and_then(code_unit) {
                Some((0xDC00..=0xDFFF, behind)) => {
                    whole.push_str(escape.strip_suffix(behind).unwrap_or_default());
                    behind
                }
                _ => replaced(&mut whole, after),
            },
            Some((0xDC00..=0xDFFF, after)) => replaced(&mut whole, after),
            _ => {
                // The character behind a backslash is copied with it, so that `\\` does not begin another escape.
                let mut characters = escape.chars();
                whole.extend(characters.next());
                characters.as_str()
            }
        };
    }
    whole.push_str(rest);
    whole
}

fn replaced<'t>(whole: &mut String, after: &'t str) -> &'t str {
    whole.push_str("ufffd");
    after
}

/// The UTF-16 unit of an escape (without its backslash), and what follows it.
fn code_unit(escape: &str) -> Option<(u16, &str)> {
    let digits = escape.strip_prefix('u')?;
    Some((u16::from_str_radix(digits.get(..4)?, 16).ok()?, digits.get(4..)?))
}
