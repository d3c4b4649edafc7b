//! Why some bytes are not an event.

use std::fmt;

use serde::Deserialize;

/// Why a text is not what it should be.
///
/// Never contains the text itself, only where in it the trouble is.
#[derive(Debug, thiserror::Error)]
#[error("not {what}: {reason}")]
pub struct ParseError {
    what: &'static str,
    reason: String,
}

impl ParseError {
    pub(crate) fn new(what: &'static str, reason: &dyn fmt::Display) -> Self {
        Self { what, reason: reason.to_string() }
    }
}

/// Reads an object; `what` is its name with an article.
pub(crate) fn read<'a, T: Deserialize<'a>>(what: &'static str, json: &'a str) -> Result<T, ParseError> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    // A derived structure would also take a list, field by field in our order.
    if !json.trim_start().starts_with('{') {
        return Err(ParseError::new(what, &"expected a JSON object"));
    }
    serde_json::from_str(json).map_err(|error| {
        // Reading again, with the path of the trouble, costs only the events that fail.
        let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(json)).err();
        match located.filter(|located| located.path().iter().len() > 0) {
            Some(located) => ParseError::new(what, &located),
            None => ParseError::new(what, &error),
        }
    })
}
