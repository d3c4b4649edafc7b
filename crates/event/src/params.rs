//! Request parameters, looked up tolerantly: services differ in the case of the first letter, and XML turned to JSON
//! loses the array around a single element.

use serde_json::{Value, value::RawValue};

use crate::lenient::with_whole_surrogates;

/// Parsed request parameters or response elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    value: Value,
    readable: bool,
}

impl Params {
    /// No parameters at all.
    #[must_use]
    pub fn none() -> Self {
        Self { value: Value::Null, readable: true }
    }

    /// Parses `raw`; anything unreadable has no parameters, and says so in [`Params::is_readable`].
    #[must_use]
    pub fn parse(raw: Option<&RawValue>) -> Self {
        let Some(json) = raw.map(RawValue::get) else { return Self::none() };
        match serde_json::from_str(json).or_else(|_| serde_json::from_str(&with_whole_surrogates(json))) {
            Ok(value) => Self { value, readable: true },
            Err(_) => Self { value: Value::Null, readable: false },
        }
    }

    /// False when there were parameters that could not be parsed (nested deeper than 128 levels). Then a missing one
    /// proves nothing.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// The value at `path` (keys separated by `/`), each key compared without case; the exact spelling goes first when
    /// both exist. A one-element array on the way is stepped through.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        path.split('/').try_fold(&self.value, |value, key| {
            let value = match value {
                Value::Array(items) if items.len() == 1 => items.first()?,
                other => other,
            };
            let fields = value.as_object()?;
            fields
                .get(key)
                .or_else(|| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))
        })
    }

    /// The string at `path`; a one-element array of a string counts as the string.
    #[must_use]
    pub fn str(&self, path: &str) -> Option<&str> {
        match self.get(path)? {
            Value::String(text) => Some(text),
            Value::Array(items) if items.len() == 1 => items.first()?.as_str(),
            _ => None,
        }
    }

    /// The values at `path` as a list: an array's elements, or the one value that is there.
    #[must_use]
    pub fn list(&self, path: &str) -> Vec<&Value> {
        match self.get(path) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(one) => vec![one],
        }
    }

    /// Everything, as parsed.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }
}
