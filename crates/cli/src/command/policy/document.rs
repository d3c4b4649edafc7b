//! Finding the one policy document in what a person has: the document itself, the answer of an AWS call, a template's
//! resource, a JSON string, percent-encoded text.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// How to get a document, for help texts.
pub(crate) const EXAMPLE: &str =
    "a policy document is JSON with `Statement`, as `aws s3api get-bucket-policy --bucket NAME` gives it";

/// Wrappings inside wrappings that are looked through.
const DEPTH: usize = 12;
/// Documents that are named when there are several.
const NAMED: usize = 5;

/// The text of a policy document, and where it was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) text: String,
    /// For example `` `Policy` ``; `None` when the input is the document.
    pub(crate) within: Option<String>,
}

/// Why there is no document to judge.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("this looks like {0}, not like JSON")]
    Other(&'static str),
    #[error("percent-encoded text that does not decode to UTF-8")]
    Encoding,
    #[error("{} policy documents in one file: {}", .0.len(), list(.0))]
    Several(Vec<String>),
}

impl DocumentError {
    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::NotJson(_) | Self::Encoding => Some(EXAMPLE.to_owned()),
            Self::Other("YAML") => Some("convert the policy document to JSON and give only that".to_owned()),
            Self::Other(_) => Some("let the tool print the finished policy document as JSON and give that".to_owned()),
            Self::Several(_) => Some("give one at a time, for example with `jq`".to_owned()),
        }
    }
}

fn list(places: &[String]) -> String {
    let more = places.len().saturating_sub(NAMED);
    let shown = places.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Finds the document in `text`.
///
/// JSON without any document in it is returned as it is: what is wrong with it is for the policy parser to say.
pub(crate) fn find(text: &str) -> Result<Document, DocumentError> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let Some(decoded) = decode(text)? else { return Err(other(text).unwrap_or(DocumentError::NotJson(error))) };
            let document = find(&decoded)?;
            let within = document.within.unwrap_or_else(|| "percent-encoded text".to_owned());
            return Ok(Document { within: Some(within), ..document });
        }
    };
    if is_document(&value) {
        return Ok(Document { text: text.to_owned(), within: None });
    }
    let mut found = Vec::new();
    collect(&value, "", DEPTH, &mut found);
    match found.len() {
        0 => Ok(Document { text: text.to_owned(), within: None }),
        1 => Ok(found.remove(0)),
        _ => Err(DocumentError::Several(found.into_iter().filter_map(|document| document.within).collect())),
    }
}

/// Whether `value` is a policy document. CloudFormation resources and API answers have no member `Statement`.
fn is_document(value: &Value) -> bool {
    value.get("Statement").is_some_and(|statement| statement.is_array() || statement.is_object())
}

fn collect(value: &Value, path: &str, depth: usize, found: &mut Vec<Document>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if is_document(value) {
        let within = if path.is_empty() { "a JSON string".to_owned() } else { format!("`{path}`") };
        found.push(Document { text: value.to_string(), within: Some(within) });
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(member, &path, depth, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{path}[{index}]"), depth, found);
            }
        }
        Value::String(text) => {
            let inner = match serde_json::from_str::<Value>(text) {
                Ok(inner) => Some(inner),
                Err(_) => decode(text).ok().flatten().and_then(|text| serde_json::from_str(&text).ok()),
            };
            if let Some(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = inner {
                collect(&inner, path, depth, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Percent-encoded JSON (IAM's API gives policy documents "URL-encoded compliant with RFC 3986"), decoded. `None` when the
/// text is not that.
fn decode(text: &str) -> Result<Option<String>, DocumentError> {
    let text = text.trim();
    if !text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%7b")) {
        return Ok(None);
    }
    percent_decode_str(text).decode_utf8().map(|text| Some(text.into_owned())).map_err(|_| DocumentError::Encoding)
}

/// What the text looks like instead of JSON, by its first words.
fn other(text: &str) -> Option<DocumentError> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next()?;
    if first.starts_with("resource \"") || first.starts_with("data \"") {
        return Some(DocumentError::Other("Terraform"));
    }
    if first.starts_with('<') {
        return Some(DocumentError::Other("XML"));
    }
    let key = first.split(':').next().unwrap_or_default();
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric());
    if first == "---" || (plain && first.contains(':')) {
        return Some(DocumentError::Other("YAML"));
    }
    None
}
